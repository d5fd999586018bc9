"""np.emath: functions whose results turn complex where the real function ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import normalize
from .table import Constant, cast, dtype_of, implements, is_complex

_is_below_0 = Constant("is_below_0", lambda x: np.any(np.isreal(x) & (x < 0)))
_is_beyond_1 = Constant("is_beyond_1", lambda x: np.any(np.isreal(x) & (np.abs(x) > 1)))


def _extended(x: Any, leaves: Any) -> Any:
    """x as complex numbers if one of them leaves the domain of the real function."""
    x = normalize(x)
    if is_complex(x) or not leaves(x):
        return x
    return cast(x, np.complex64 if dtype_of(x) == np.float32 else np.complex128)


def _emath(function: Any, ufunc: np.ufunc, leaves: Any) -> None:
    implements(function)(lambda x: ufunc(_extended(x, leaves)))


for _ufunc in (np.sqrt, np.log, np.log2, np.log10):
    _emath(getattr(np.emath, _ufunc.__name__), _ufunc, _is_below_0)
for _ufunc in (np.arcsin, np.arccos, np.arctanh):
    _emath(getattr(np.emath, _ufunc.__name__), _ufunc, _is_beyond_1)


@implements(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    return np.log(_extended(x, _is_below_0)) / np.log(_extended(n, _is_below_0))


@implements(np.emath.power)
def power(x: Any, p: Any) -> Any:
    p = normalize(p)
    # NumPy makes negative whole exponents real numbers.
    p = p * 1.0 if dtype_of(p).kind in "iu" and _is_below_0(p) else p
    return np.power(_extended(x, _is_below_0), p)
