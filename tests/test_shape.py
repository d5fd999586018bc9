"""Views and copies, indices, warnings and errors of shape, indexing and assembly, beyond what every function proves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calls import assembly, indexing, rng_for, shape

import adkit as ad
from adkit.refusals import public_name
from adkit.tracing import plain

EXACT = ["reverse", "forward"]
X = rng_for("test_shape").standard_normal((2, 3))
CALLS = {**shape.PATTERNS, **indexing.PATTERNS, **assembly.PATTERNS}
# Elsewhere than in this family.
CALLS = {function: calls for function, calls in CALLS.items() if function is not np.full_like}


def arrays_in(out: Any) -> list[Any]:
    return [np.asarray(plain(part)) for part in (out if isinstance(out, (list, tuple)) else [out])]


def normalized(out: Any) -> Any:
    """An output without arrays of objects, which NumPy makes of lists of traced numbers."""
    return np.zeros(0) if isinstance(out, np.ndarray) and out.dtype.hasobject else out


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("function", CALLS, ids=public_name)
def test_views_are_views_and_copies_are_copies(function, method):
    for number, call in enumerate(CALLS[function]):
        expected = [np.shares_memory(part, X) for part in arrays_in(call(X))]
        found: list[Any] = []

        def f(x, call=call, found=found):
            found += [np.shares_memory(part, plain(x)) for part in arrays_in(normalized(call(x)))]
            return np.sum(x)

        ad.grad(f, method=method)(X)
        assert found == expected, number


def layout(x: Any) -> Any:
    """How an array lies in memory: what steps its axes take."""
    return [(size, step) for size, step in zip(x.shape, x.strides, strict=True) if size > 1 and x.size]


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("function", CALLS, ids=public_name)
def test_values_lie_in_memory_as_numpys_do(function, method):
    """On it depends what is a view of the value later on."""
    for number, call in enumerate(CALLS[function]):
        expected = list(map(layout, arrays_in(call(X))))
        found: list[Any] = []

        def f(x, call=call, found=found):
            found += map(layout, arrays_in(call(x)))
            return np.sum(x)

        ad.grad(f, method=method)(X)
        assert found == expected, number
