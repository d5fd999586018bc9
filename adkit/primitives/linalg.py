"""Linear algebra: solving, decompositions, norms."""

from __future__ import annotations
