"""Fourier transforms: linear, each the transpose of another."""

from __future__ import annotations
