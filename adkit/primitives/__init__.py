"""The table: a file per family, one row a primitive."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

from ..tracing import install_general_operators, on_demand
from . import (
    assembly,
    assignment,
    bessel,
    calculus,
    counting,
    creation,
    einsum,
    elementwise,
    emath,
    indexing,
    means,
    nans,
    numbers,
    order,
    polynomials,
    products,
    queries,
    reductions,
    scans,
    shape,
)
from .table import Choice, Constant, Elementwise, General, JointlyLinear, Linear, Primitive, primitives

install_general_operators()


def _family(*names: str) -> Callable[[], None]:
    def load() -> None:
        for name in names:
            importlib.import_module(f".{name}", __package__)

    return load


# Families that are read when one of their functions is first called on a traced value.
on_demand.update({"numpy.linalg": _family("linalg"), "numpy.fft": _family("fft")})
if importlib.util.find_spec("scipy") is not None:
    on_demand["scipy.special"] = _family("special", "special_integrals", "special_python")

__all__ = [
    "Choice",
    "Constant",
    "Elementwise",
    "General",
    "JointlyLinear",
    "Linear",
    "Primitive",
    "assembly",
    "assignment",
    "bessel",
    "calculus",
    "counting",
    "creation",
    "einsum",
    "elementwise",
    "emath",
    "indexing",
    "means",
    "nans",
    "numbers",
    "order",
    "polynomials",
    "primitives",
    "products",
    "queries",
    "reductions",
    "scans",
    "shape",
]
