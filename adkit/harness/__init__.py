"""Check, count, time: from methods and problems to flat frozen records."""

from .environment import environment
from .running import Settings, Subject, default_methods, named, run

__all__ = ["Settings", "Subject", "default_methods", "environment", "named", "run"]
