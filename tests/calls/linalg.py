"""Linear algebra: solving, decompositions, norms."""

from __future__ import annotations

from .common import Patterns, Rows

ROWS: Rows = {}

PATTERNS: Patterns = {}

QUERIES: Patterns = {}
