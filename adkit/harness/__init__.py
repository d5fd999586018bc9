"""Check, count, time: from methods and problems to flat frozen records."""

from .campaign import Campaign, Task, outlined
from .contenders import Contender, MethodSource, Spelled, contenders, default_contenders
from .environment import environment
from .running import run
from .settings import QUICK, RIGOROUS, Settings, bytes_of
from .subjects import Asked, ProblemSource, Source, Subject

__all__ = [
    "QUICK",
    "RIGOROUS",
    "Asked",
    "Campaign",
    "Contender",
    "MethodSource",
    "ProblemSource",
    "Settings",
    "Source",
    "Spelled",
    "Subject",
    "Task",
    "bytes_of",
    "contenders",
    "default_contenders",
    "environment",
    "outlined",
    "run",
]
