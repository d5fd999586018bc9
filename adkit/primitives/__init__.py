"""The table: a file per family, one row a primitive."""

from __future__ import annotations

from ..tracing import install_general_operators
from . import elementwise, products, reductions, shape
from .table import Choice, Constant, Elementwise, General, JointlyLinear, Linear, Primitive, primitives

install_general_operators()

__all__ = [
    "Choice",
    "Constant",
    "Elementwise",
    "General",
    "JointlyLinear",
    "Linear",
    "Primitive",
    "elementwise",
    "primitives",
    "products",
    "reductions",
    "shape",
]
