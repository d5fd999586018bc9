"""Fourier transforms: linear, each the transpose of another."""

from __future__ import annotations

from .common import Patterns, Rows

ROWS: Rows = {}

PATTERNS: Patterns = {}

QUERIES: Patterns = {}
