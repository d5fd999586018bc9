"""A recorded computation as straight-line code: simplified, written as Python, and compiled."""

from .entry import entry
from .generate import generate
from .program import MISS, Code, Link, Program, Static

__all__ = ["MISS", "Code", "Link", "Program", "Static", "entry", "generate"]
