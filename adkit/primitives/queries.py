"""Questions about arrays: indices, counts and verdicts, which carry no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import bind, is_traced, normalize, plain, value
from .table import Constant, implements


def query(fun: Any, reached_by: Any = None) -> None:
    """Let a function, or a (ufunc, method), whose result carries no derivative see plain numbers."""
    primitive = Constant(".".join([f.__name__ if callable(f) else f for f in reached_by or (fun,)]), fun)

    @implements(reached_by or fun)
    def implementation(*args: Any, **kwargs: Any) -> Any:
        operands = tuple(normalize(x) if is_traced(x) else x for x in args)
        named = {key: value(normalize(x)) if is_traced(x) else x for key, x in kwargs.items()}
        return bind(primitive, operands, named)


for _fun in (np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort):
    query(_fun)
for _fun in (np.any, np.all, np.count_nonzero, np.nonzero, np.flatnonzero, np.argwhere):
    query(_fun)
for _fun in (np.searchsorted, np.digitize, np.isin):
    query(_fun)
for _fun in (np.allclose, np.array_equal, np.array_equiv, np.isclose):
    query(_fun)
for _ufunc in (np.logical_and, np.logical_or, np.logical_xor):
    for _method in ("reduce", "accumulate", "reduceat"):
        query(getattr(_ufunc, _method), (_ufunc, _method))


def _about(fun: Any) -> None:
    """A function of types, memory or spelling."""

    @implements(fun)
    def implementation(*args: Any, **kwargs: Any) -> Any:
        return fun(*map(plain, args), **kwargs)


_OF_SHAPE = (np.shape, np.ndim, np.size, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
_OF_DTYPE = (np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast, np.common_type, np.min_scalar_type)
_OF_MEMORY = (np.may_share_memory, np.shares_memory)
_TEXTS = (np.array_repr, np.array_str, np.array2string)
for _fun in (*_OF_SHAPE, *_OF_DTYPE, *_OF_MEMORY, *_TEXTS):
    _about(_fun)
