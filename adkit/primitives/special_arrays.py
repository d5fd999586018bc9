"""Functions of scipy.special that are written in Python."""

from __future__ import annotations
