"""The methods: values that say how a derivative is computed, and the registry that gives them their names."""

from __future__ import annotations

from .base import Cache, Jacobian, Method
from .engine import Engine
from .given import External, Manual
from .numerical import Numerical, NumericalResult
from .registry import AUTO, BUILT_IN, Methods, as_method, methods
from .symbolic import Symbolic
from .traced import Auto, Forward, Reverse

__all__ = [
    "AUTO",
    "BUILT_IN",
    "Auto",
    "Cache",
    "Engine",
    "External",
    "Forward",
    "Jacobian",
    "Manual",
    "Method",
    "Methods",
    "Numerical",
    "NumericalResult",
    "Reverse",
    "Symbolic",
    "as_method",
    "methods",
]
