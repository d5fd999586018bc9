"""Check, count, time: from methods and problems to flat frozen records."""

from .environment import environment
from .running import default_methods, named, run
from .settings import Settings
from .subjects import ProblemSource, Source, Subject

__all__ = ["ProblemSource", "Settings", "Source", "Subject", "default_methods", "environment", "named", "run"]
