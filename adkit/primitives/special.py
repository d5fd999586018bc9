"""SciPy's special functions."""

from __future__ import annotations
