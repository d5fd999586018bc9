"""Every kind of index, against the numbers of the places that NumPy takes."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest
from calls import rng_for
from hypothesis import given, settings

import adkit as ad

EXACT = ["reverse", "forward"]
SHAPE = (3, 4, 2)
NUMBERS = np.arange(24).reshape(SHAPE)
# A list of small numbers takes the short way through the sum, and one of wide rows the long one.
ROWS = rng_for("rows").standard_normal((3, 300, 20))


@st.composite
def indices(draw: Any) -> Any:
    """What slices, index arrays, lists, masks, integers, new axes and ellipses make together, as NumPy allows it."""
    size = draw(st.integers(1, 3))
    numbers = st.lists(st.integers(-2, 1), min_size=size, max_size=size)
    parts = st.one_of(
        st.slices(3),
        st.integers(-2, 1),
        st.integers(-2, 1).map(np.int32),
        st.integers(-2, 1).map(np.array),
        numbers,
        numbers.map(tuple),
        numbers.map(np.array),
        st.lists(numbers, min_size=2, max_size=2).map(np.array),
        st.sampled_from([None, ..., True, np.True_, np.False_]),
        st.booleans().map(lambda on: np.array([on, True])),
    )
    return tuple(draw(st.lists(parts, max_size=5)))


def agrees_with_numpy(index: Any) -> None:
    """Value and pullback of x[index], against the numbers of the places that NumPy takes."""
    x = rng_for("index").standard_normal(SHAPE)
    try:
        places = NUMBERS[index]
    except (IndexError, ValueError) as error:
        with pytest.raises(type(error)):
            ad.grad(lambda x: np.sum(x[index]))(x)
        return
    weights = rng_for("weights").standard_normal(places.shape)
    expected = np.bincount(places.ravel(), weights.ravel(), NUMBERS.size).reshape(SHAPE)
    for method in [*EXACT, ad.Forward(chunk=3)]:
        value, gradient = ad.value_and_grad(lambda x: np.sum(weights * x[index]), method=method)(x)
        assert value == np.sum(weights * x[index])
        np.testing.assert_allclose(gradient, expected, rtol=1e-14, atol=1e-14)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(indices())
def test_any_index(index):
    agrees_with_numpy(index)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(arrays.basic_indices(SHAPE, allow_newaxis=True) | arrays.integer_array_indices(SHAPE))
def test_basic_and_integer_indices(index):
    agrees_with_numpy(index)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("taken", [[0, 0, -1, 2, 0], [2, 1], [-1, 0], [-2, -1], [0, 1], [], [[0, 0], [-3, 1]]])
def test_rows_that_are_taken_again_accumulate(axis, taken):
    index = (*(slice(None),) * axis, taken)
    weights = rng_for("taken").standard_normal(np.take(ROWS, np.array(taken, int), axis).shape)
    expected = np.zeros(ROWS.shape)
    np.add.at(expected, (*index[:-1], np.array(taken, int)), weights)
    for f in (lambda x: x[index], lambda x: np.take(x, taken, axis)):
        gradient = ad.grad(lambda x, f=f: np.sum(weights * f(x)))(ROWS)
        np.testing.assert_allclose(gradient, expected, rtol=1e-13, atol=1e-13)


def test_an_index_that_f_changes_after_use_is_remembered_as_it_was():
    def f(x, index):
        taken = x[index]
        again = np.take(x, index)
        index[:] = 0
        return np.sum(taken * again)

    np.testing.assert_array_equal(ad.grad(lambda x: f(x, np.array([1, 2])))(np.arange(3.0)), [0.0, 2.0, 4.0])


TRACED_INDICES = {
    "a number": lambda x: x[x[0]],
    "an array": lambda x: x[x],
    "a list": lambda x: x[[x[0], 1]],
    "a tuple": lambda x: x[None, x[0]],
    "a slice": lambda x: x[: x[1]],
    "take": lambda x: np.take(x, x),
    "take of a list": lambda x: np.take(x, [x[0]], mode="wrap"),
    "take_along_axis": lambda x: np.take_along_axis(x, x, 0),
    "choose": lambda x: np.choose(x, [x, x]),
    "delete": lambda x: np.delete(x, x[0]),
    "insert": lambda x: np.insert(x, [x[0]], 1.0),
    "repeat": lambda x: np.repeat(x, x[1]),
    "tile": lambda x: np.tile(x, (2, x[1])),
    "roll": lambda x: np.roll(x, x[1]),
    "reshape": lambda x: np.reshape(x, (x[1], 3)),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", TRACED_INDICES)
def test_traced_values_are_no_indices(name, method):
    with pytest.raises(ad.LostDerivative, match=r"an index or a count at .*test_indexing\.py.* write int\(x\)"):
        ad.grad(lambda x: np.sum(TRACED_INDICES[name](x)), method=method)(np.arange(3.0))
