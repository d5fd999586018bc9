"""What a person names on the command line: a function, problem or method in a file, a point, a comparison file."""

from ..problems.sizes import Sized, numbers, sizes
from .code import blaming, declared, function, listed, method, stamps
from .plans import Plan, plan
from .points import Point, inline, point
from .subjects import (
    DeclaredSource,
    FunctionSource,
    beside,
    bounds,
    components,
    is_file,
    positions,
    sources,
    subject,
)
from .tasks import contenders_of as contenders
from .tasks import named, planned

__all__ = [
    "DeclaredSource",
    "FunctionSource",
    "Plan",
    "Point",
    "Sized",
    "beside",
    "blaming",
    "bounds",
    "components",
    "contenders",
    "declared",
    "function",
    "inline",
    "is_file",
    "listed",
    "method",
    "named",
    "numbers",
    "plan",
    "planned",
    "point",
    "positions",
    "sizes",
    "sources",
    "stamps",
    "subject",
]
