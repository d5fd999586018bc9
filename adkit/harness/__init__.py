"""Check, count, time: from methods and problems to flat frozen records."""

from .campaign import Campaign, Task
from .contenders import Contender, contenders, default_contenders
from .environment import environment
from .running import run
from .settings import QUICK, RIGOROUS, Settings, bytes_of
from .subjects import ProblemSource, Source, Subject

__all__ = [
    "QUICK",
    "RIGOROUS",
    "Campaign",
    "Contender",
    "ProblemSource",
    "Settings",
    "Source",
    "Subject",
    "Task",
    "bytes_of",
    "contenders",
    "default_contenders",
    "environment",
    "run",
]
