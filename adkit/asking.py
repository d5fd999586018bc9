"""Functions that ask no protocol, taught to ask adkit first.

A ufunc or a NumPy function asks its arguments whether one of them wants to take over. A function written in Python,
such as scipy.special.logsumexp, calls np.asarray on them and goes on; and NumPy's own functions do not look into lists,
nor into the arrays of objects that np.array makes of traced numbers, whose matrices have no determinant and whose
maxima share no ties. Whoever has imported a function holds the object itself, so the object must learn: its code is
replaced by a few instructions that look at the arguments, call adkit's implementation if one of them is, or holds, a
traced value, and else the function as it was. All else about it (name, signature, docstring, defaults, how it is
pickled) stays.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from .tracing import holds_boxes, implementation_of, is_traced, normalize

# Module -> names of its functions that have an implementation.
ASKING: dict[str, tuple[str, ...]] = {
    # Of NumPy's, those that an array of objects leads astray; what only moves, adds or multiplies does it justice.
    "numpy": (
        *("max", "min", "amax", "amin", "ptp", "sort", "partition", "median", "percentile", "quantile", "average"),
        *("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian", "nanpercentile"),
        *("nanquantile", "nancumsum", "nancumprod", "nan_to_num", "interp", "gradient", "clip", "round", "around"),
        *("real", "imag", "angle", "isreal", "iscomplex", "iscomplexobj", "isrealobj", "real_if_close", "unwrap"),
        *("sinc", "i0", "cov", "corrcoef", "convolve", "correlate", "histogram", "unique", "einsum", "cross", "std"),
        *("allclose", "isclose", "array_equal", "var", "mean", "trapezoid", "roots", "poly"),
    ),
    "numpy.linalg": (
        *("det", "slogdet", "inv", "pinv", "solve", "lstsq", "tensorsolve", "tensorinv", "matrix_power", "multi_dot"),
        *("cholesky", "qr", "eigh", "eigvalsh", "eig", "eigvals", "svd", "svdvals", "cond", "matrix_rank"),
        *("norm", "vector_norm", "matrix_norm"),
    ),
    "numpy.fft": (
        *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2"),
        *("fftn", "ifftn", "rfftn", "irfftn"),
    ),
    "scipy.special": ("logsumexp", "softmax", "log_softmax", "polygamma", "zeta", "multigammaln", "comb", "perm"),
}
_lock = threading.Lock()
_taught: set[FunctionType] = set()


def teach_loaded() -> bool:
    """Teach the functions of modules that have been imported by now; whether there were any. A module is done once."""
    # Every call asks: first in the quickest way.
    if sys.modules.keys().isdisjoint(ASKING):
        return False
    loaded = [module for module in tuple(ASKING) if module in sys.modules]
    for module in loaded:
        with _lock:
            _teach_module(module)
    return bool(loaded)


def _teach_module(module: str) -> None:
    found = sys.modules[module]
    for function in [getattr(found, name, None) for name in ASKING.get(module, ())]:
        # What another library has put around a function is not a plain one, and asks for itself or not at all.
        code = function if type(function) is FunctionType else getattr(function, "__wrapped__", None)
        if type(code) is FunctionType and code not in _taught:
            _teach(code, function)
    if not getattr(found.__spec__, "_initializing", False):
        ASKING.pop(module, None)


def _teach(function: FunctionType, known_as: Any = None) -> None:
    """Let a function ask; it is found in the table under the name that NumPy's dispatcher or the module gives it."""
    original = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__
    taught: Any = function
    taught.__signature__ = inspect.signature(function)
    function.__code__ = _code(function, functools.partial(_ask, known_as or function, original))
    _taught.add(function)


def _ask(function: Callable[..., Any], original: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    if not any(map(_may_be_traced, args)) and not any(map(_may_be_traced, kwargs.values())):
        return original(*args, **kwargs)
    if not holds_boxes((*args, *kwargs.values())):
        return original(*args, **kwargs)
    implementation = implementation_of(function)
    assert implementation is not None, "a function that was taught has an implementation"
    if getattr(function, "__name__", "") in _OF_SEVERAL:
        return implementation(*args, **kwargs)
    named = {key: _as_array(arg) for key, arg in kwargs.items()}
    return implementation(*map(_as_array, args), **named)


_PLAIN = frozenset({float, int, bool, str, tuple, type(None), np.float64, np.bool_})


def _may_be_traced(x: Any) -> bool:
    """A quick look: false of the usual numbers, empty tuples and arrays of numbers."""
    kind = type(x)
    if kind is np.ndarray:
        return x.dtype.hasobject
    return kind not in _PLAIN or (kind is tuple and bool(x))


# What takes a list of arrays, each of a shape of its own.
_OF_SEVERAL = frozenset({"multi_dot"})


def _as_array(x: Any) -> Any:
    """One traced array where an argument is a list, or an array of objects, of traced numbers."""
    return normalize(x) if is_traced(x) else x


def _template(*args: Any, **kwargs: Any) -> Any:
    ask: Any = "what is called"
    return ask(*args, **kwargs)


def _code(function: FunctionType, ask: Callable[..., Any]) -> CodeType:
    """The instructions of `_template` calling `ask`, in place of those of a function with its name and line."""
    old = function.__code__
    return _template.__code__.replace(
        co_consts=tuple(ask if c == "what is called" else c for c in _template.__code__.co_consts),
        co_name=old.co_name,
        co_qualname=old.co_qualname,
        co_filename=old.co_filename,
        co_firstlineno=old.co_firstlineno,
        co_freevars=old.co_freevars,
    )
