"""What a person names on the command line: a function in a file of theirs, a point, a comparison file."""

from .code import blaming, function
from .plans import Drawing, Plan, plan
from .points import Point, inline, point
from .subjects import beside, bounds, components, positions, subject
from .tasks import contenders_of as contenders
from .tasks import listed, named, planned

__all__ = [
    "Drawing",
    "Plan",
    "Point",
    "beside",
    "blaming",
    "bounds",
    "components",
    "contenders",
    "function",
    "inline",
    "listed",
    "named",
    "plan",
    "planned",
    "point",
    "positions",
    "subject",
]
