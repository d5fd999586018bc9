"""A recorded computation as straight-line code: simplified, written as Python, and compiled.

What generates it, `generate.generate` and `entry.entry`, is loaded when a function is first compiled.
"""

from .program import MISS, Code, Link, Program, Static

__all__ = ["MISS", "Code", "Link", "Program", "Static"]
