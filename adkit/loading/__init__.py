"""What a person names on the command line: a function in a file of theirs, a point, a comparison file."""

from .code import blaming, function
from .plans import Plan, plan
from .points import Point, inline, point
from .subjects import beside, bounds, components, positions, subject
from .tasks import Task, tasks

__all__ = [
    "Plan",
    "Point",
    "Task",
    "beside",
    "blaming",
    "bounds",
    "components",
    "function",
    "inline",
    "plan",
    "point",
    "positions",
    "subject",
    "tasks",
]
