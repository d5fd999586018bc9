"""How every row and every implemented NumPy function is called in the tests: a file per family, as in the table.

ROWS     arguments and parameters of the linear and general rows (elementwise rows are called at points of their domain)
PATTERNS calls on an array x of shape (2, 3) whose result has a derivative, by function
QUERIES  calls whose result carries none and must be NumPy's own, by function
"""

from __future__ import annotations

import importlib
import pkgutil

from .common import MASK, SHAPES, C, Pattern, Patterns, Rows, X, rng_for

NAMES = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "common"]
FAMILIES = [importlib.import_module(f".{name}", __name__) for name in NAMES]


def _all(name: str) -> dict:
    """The entries of all families, no function in two of them."""
    merged: dict = {}
    for family in FAMILIES:
        entries = getattr(family, name, {})
        assert not merged.keys() & entries.keys(), f"{family.__name__} repeats {merged.keys() & entries.keys()}"
        merged |= entries
    return merged


ROWS: Rows = _all("ROWS")
PATTERNS: Patterns = _all("PATTERNS")
QUERIES: Patterns = _all("QUERIES")

__all__ = ["MASK", "PATTERNS", "QUERIES", "ROWS", "SHAPES", "C", "Pattern", "X", "rng_for"]
