"""Check, count, time: from methods and problems to flat frozen records."""

from .environment import environment
from .records import COLUMNS, STATUSES, Row, Status, as_dict
from .running import Settings, Subject, default_methods, named, run

__all__ = [
    "COLUMNS",
    "STATUSES",
    "Row",
    "Settings",
    "Status",
    "Subject",
    "as_dict",
    "default_methods",
    "environment",
    "named",
    "run",
]
