"""Difficult functions, whose derivatives are known, and how adkit and its peers fare with them."""

from .running import KINDS, conditions, run, versions

__all__ = ["KINDS", "conditions", "run", "versions"]
