"""A traced value behaves as the ndarray (or number) that it stands for."""

from __future__ import annotations

import copy
import math
import operator
import threading

import numpy as np
import pandas
import pytest

import adkit as ad
from adkit.tracing import Box, is_traced, normalize

METHODS = ["forward", "reverse", "symbolic"]
X = np.array([[0.7, 1.3, -2.1], [0.4, -0.9, 1.6]])
S = 1.7


def seen_by_f(read, x, method):
    """What `read` returns for the traced argument of a function."""
    found = []

    def f(x):
        found.append(read(x))
        return np.sum(x)

    ad.grad(f, method=method)(x)
    return found[-1]


def agree(f, x, method):
    """f has the value it has on plain numbers, and the derivative that differences see."""
    value = ad.jacobian(lambda x: f(x), method=method)(x)
    wanted = ad.jacobian(lambda x: f(x), method=ad.Numerical())(x)
    np.testing.assert_allclose(value, wanted, rtol=1e-6, atol=1e-6)
    found = seen_by_f(lambda x: ad.value(normalize(f(x))), x, method)
    wanted = np.asarray(f(x))
    np.testing.assert_allclose(found, wanted.astype(float) if wanted.dtype == object else wanted, rtol=1e-14)
    assert np.shape(found) == wanted.shape


# -- attributes ------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("x", [X, X.astype(np.float32), X[0], np.array(1.5), np.zeros((0, 2))])
@pytest.mark.parametrize("name", ["shape", "ndim", "size", "dtype", "nbytes", "itemsize"])
def test_attributes(name, x, method):
    assert seen_by_f(lambda x: getattr(x, name), x, method) == getattr(x, name)


@pytest.mark.parametrize("method", METHODS)
def test_a_python_float_has_the_attributes_of_a_float64(method):
    assert seen_by_f(lambda x: (x.shape, x.ndim, x.size, x.dtype), 1.5, method) == ((), 0, 1, np.dtype(float))


@pytest.mark.parametrize("method", METHODS)
def test_what_a_traced_value_is_and_is_not(method):
    assert not seen_by_f(lambda x: isinstance(x, (np.ndarray, float)), X, method)
    assert seen_by_f(lambda x: hasattr(x, "shape") and hasattr(x, "sum") and not hasattr(x, "tobytes"), X, method)
    assert seen_by_f(callable, X, method) is False


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.real,
        lambda x: x.sum(),
        lambda x: x.sum(axis=0),
        lambda x: x.sum(1, keepdims=True),
        lambda x: x.mean(axis=-1),
        lambda x: x.max(axis=1),
        lambda x: x.min(),
        lambda x: x.prod(axis=0),
        lambda x: x.std(),
        lambda x: x.var(axis=0),
        lambda x: x.cumsum(axis=1),
        lambda x: x.dot(np.ones(3)),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape((3, 2)),
        lambda x: x.reshape(-1),
        lambda x: x.reshape(3, -1, order="F"),
        lambda x: x.transpose(),
        lambda x: x.transpose(1, 0),
        lambda x: x.transpose((1, 0)),
        lambda x: x.ravel(),
        lambda x: x.flatten(),
        lambda x: x.flatten("F"),
        lambda x: x.squeeze(),
        lambda x: x.swapaxes(0, 1),
        lambda x: x.clip(-1.0, 1.0),
        lambda x: x.copy(),
        lambda x: x.astype(float),
        lambda x: x.conj(),
        lambda x: x.diagonal(),
        lambda x: x.trace(),
        lambda x: x.take([1, 0], axis=1),
        lambda x: x.repeat(2, axis=0),
        lambda x: x[0].item(1) * np.ones(2),
        lambda x: x[:1, 0].item() * np.ones(2),
        lambda x: x.item(1, 2) * np.ones(2),
        lambda x: np.array(x.tolist()),
        lambda x: np.array(x[0].tolist()),
    ],
)
def test_methods(f, method):
    agree(f, X, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["argmax", "argmin", "any", "all", "argsort", "nonzero"])
def test_methods_without_a_derivative_give_plain_results(name, method):
    found = seen_by_f(lambda x: getattr(x, name)(), X, method)
    assert not is_traced(found)
    np.testing.assert_array_equal(found, getattr(X, name)())


# -- the protocol of a sequence --------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: sum(row[0] * row[1] for row in x),
        lambda x: np.stack([b for a, b, c in x]),
        lambda x: operator.itemgetter(0)(x) * 2,
        lambda x: x[0][1] * x[-1][2],
        lambda x: x[1, ::-1] + x[..., 0, None].sum(),
        lambda x: x[[0, 1], [2, 0]],
        lambda x: x[x > 0],
        lambda x: x[np.array([True, False])],
        lambda x: np.stack(list(x.flat)),
        lambda x: np.stack([a * b for a, b in zip(x[0], x[1], strict=True)]),
        lambda x: np.stack([i * row for i, row in enumerate(x)]),
        lambda x: np.stack(list(reversed(x))),
        lambda x: next(iter(x)),
        lambda x: x[len(x) - 1],
    ],
)
def test_indexing_iterating_and_unpacking(f, method):
    agree(f, X, method)


@pytest.mark.parametrize("method", METHODS)
def test_len_and_in(method):
    assert seen_by_f(len, X, method) == 2
    assert seen_by_f(lambda x: 1.3 in x, X, method) is True
    assert seen_by_f(lambda x: 1.4 in x, X, method) is False


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda x: len(x[0, 0]), TypeError),
        (lambda x: list(x[0, 0]), TypeError),
        (lambda x: x[7], IndexError),
        (lambda x: x[0, 0, 0], IndexError),
        (lambda x: x + np.ones(5), ValueError),
        (lambda x: x @ np.ones(5), ValueError),
        (lambda x: x.reshape(7), ValueError),
        (lambda x: np.sum(x, axis=5), ValueError),
        (lambda x: 1.0 if x else 0.0, ValueError),
        (lambda x: int(x), TypeError),
        (lambda x: x + "text", TypeError),
        (lambda x: x + None, TypeError),
        (lambda x: x < None, TypeError),
        (lambda x: x(1), TypeError),
        (lambda x: pow(x, 2, 3), TypeError),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_mistakes_are_the_errors_that_an_array_gives(use, error, method):
    with pytest.raises(error) as expected:
        use(X)
    with pytest.raises(error) as found:
        ad.grad(lambda x: np.sum(use(x)), method=method)(X)
    assert not isinstance(found.value, ad.AdkitError)
    assert not isinstance(expected.value, AssertionError)


# -- operators -------------------------------------------------------------------------------------
OTHERS = [
    2,
    2.5,
    np.float64(2.5),
    np.float32(2.5),
    np.int64(3),
    np.array([1.0, 2.0, 3.0]),
    np.array(2.0),
    [1.0, 2.0, 3.0],
]
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
@pytest.mark.parametrize("op", BINARY)
def test_operators_with_anything_on_either_side(op, other, method):
    x = np.abs(X) + 0.33
    agree(lambda x: op(x, other), x, method)
    agree(lambda x: op(other, x), x, method)
    if isinstance(other, np.float32):  # a Python float gives way to it
        assert seen_by_f(lambda x: ad.value(op(x, other)), S, method) == op(S, other)
    elif not isinstance(other, list):
        agree(lambda x: op(x, other), S, method)
        agree(lambda x: op(other, x), S, method)


@pytest.mark.parametrize("method", METHODS)
def test_matmul_on_either_side(method):
    A, v = np.arange(6.0).reshape(3, 2), np.arange(3.0)
    agree(lambda x: x @ A, X, method)
    agree(lambda x: A @ x, X, method)
    agree(lambda x: x @ v, X, method)
    agree(lambda x: v @ x.T, X, method)
    agree(lambda x: x @ x.T, X, method)
    agree(lambda x: v.tolist() @ x.T, X, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("f", [operator.neg, operator.pos, operator.abs, lambda x: -x + +x * abs(x)])
def test_unary_operators(f, method):
    agree(f, X, method)
    agree(f, S, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: divmod(x, 0.4)[1],
        lambda x: divmod(3.9, x)[1],
        lambda x: divmod(np.float64(3.9), x)[1],
        lambda x: divmod(np.array([3.9, 5.0]), x)[1],
        lambda x: np.divmod(x, 0.4)[1],
        lambda x: divmod(x, 0.4)[0] * x,
        lambda x: x // 0.4 * x,
        lambda x: pow(x, 3),
        lambda x: round(x) * x,
        lambda x: round(x, 1) * x,
        lambda x: int(x) * x,
        lambda x: math.floor(x) * x,
        lambda x: math.ceil(x) * x,
        lambda x: math.trunc(x) * x,
        lambda x: math.prod([x, x, 2.0]),
        lambda x: sum([x, 1.0, x]),
        lambda x: max(x, 1.0) * min(x, 1.0, 2.0),
        lambda x: sorted([x, 3.0, 1.0, x / 2])[1],
        lambda x: x if x else 0.0,
        lambda x: x**2 if 1 < x <= 2 else -x,
        lambda x: [1.0, x, x**2][int(x)],
    ],
)
def test_pythons_own_functions_of_numbers(f, method):
    agree(f, S, method)


@pytest.mark.parametrize("number", [2.675, 0.125, 12.5, 11.5, -2.5, 1e-9])
@pytest.mark.parametrize("digits", [None, 0, 1, 2, -1])
def test_rounding_is_that_of_the_number(number, digits):
    for x in (number, np.float64(number)):
        found = seen_by_f(lambda x: round(x, digits), x, "reverse")
        assert found == round(x, digits)
        assert type(found) is type(round(x, digits))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_give_plain_booleans(op, method):
    found = seen_by_f(lambda x: op(x, 0.7), X, method)
    assert type(found) is np.ndarray
    assert found.dtype == bool
    np.testing.assert_array_equal(found, op(X, 0.7))
    np.testing.assert_array_equal(seen_by_f(lambda x: op(0.7, x), X, method), op(0.7, X))
    for found in (seen_by_f(lambda x: op(x, S), S, method), seen_by_f(lambda x: op(np.float64(S), x), S, method)):
        assert isinstance(found, (bool, np.bool_))
        assert found == op(S, S)


@pytest.mark.parametrize("method", METHODS)
def test_comparisons_with_what_is_no_number(method):
    assert seen_by_f(lambda x: x == None, S, method) is False  # noqa: E711 people write it
    assert seen_by_f(lambda x: x != None, S, method) is True  # noqa: E711
    assert seen_by_f(lambda x: x == "text", S, method) is False
    assert seen_by_f(lambda x: x in [1.0, S], S, method) is True


@pytest.mark.parametrize("method", METHODS)
def test_in_place_operators_on_numbers_rebind_them(method):
    def f(x):
        y = x
        y += 1
        y *= x
        y -= 2
        y /= 3
        y **= 2
        y //= 100.0
        y += x % 1
        z = 1.0
        z += x
        z *= x
        w = np.float64(2.0)
        w -= x
        return x + y + z + w

    agree(f, S, method)


# -- text, copies, and what would keep it ----------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
def test_texts_show_the_number(method):
    texts = seen_by_f(lambda x: (f"{x}", f"{x:.3f}", f"{x:8.2e}", str(x), repr(x), f"{x!r}", f"{x:5}"), S, method)
    assert texts == ("1.7", "1.700", "1.70e+00", "1.7", "traced(1.7)", "traced(1.7)", "  1.7")
    assert seen_by_f(str, X, method) == str(X)
    assert seen_by_f(lambda x: f"{x}", X, method) == f"{X}"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0], np.copy])
def test_copies_are_differentiable(duplicate, method):
    agree(lambda x: duplicate(x) ** 2, S, method)
    agree(lambda x: duplicate(x) * x, X, method)


# -- object arrays ---------------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.array([x[0], 2 * x[1]]),
        lambda x: np.array([x[0], 2 * x[1]]) * x[:2],
        lambda x: x[:2] / np.array([x[0], 2 * x[1]]),
        lambda x: np.array([x[0], 1.0]) + 1,
        lambda x: np.array([[x[0], x[1]], [x[1], 3.0]]),
        lambda x: np.array([x, 2 * x]),
        lambda x: np.array([x, np.ones(3)]),
        lambda x: np.asarray(x),
        lambda x: np.asarray(x) * 2,
        lambda x: np.asarray([x[0], x[2]]),
        lambda x: np.array(x),
        lambda x: np.array(x, copy=False) if False else np.array(x, ndmin=2),
        lambda x: np.atleast_1d(x[0]),
        lambda x: np.sin(np.array([x[0], x[1]])),
        lambda x: np.exp(-np.abs(np.array([x[0], x[1]]))),
        lambda x: np.array([x[0], x[1]]) ** 2,
        lambda x: -np.array([x[0], x[1]]),
        lambda x: np.array([x[0], x[1]]) @ np.array([[1.0, 2.0], [3.0, 4.0]]),
        lambda x: np.ones((2, 2)) @ np.array([x[0], x[1]]),
        lambda x: np.array([[x[0], x[1]], [x[2], 1.0]]) @ x[:2],
        lambda x: np.array([x[0], x[1]]) @ np.array([x[1], x[2]]),
        lambda x: np.dot(np.array([x[0], x[1]]), x[1:]),
        lambda x: np.sum(np.array([x[0], x[1], 2.0])),
        lambda x: np.array([x[0], x[1]]).sum(),
        lambda x: np.prod(np.array([x[0], x[1]])),
        lambda x: np.mean(np.array([x[0], x[1]])),
        lambda x: np.mean([x[0], x[1], 3.0]),
        lambda x: np.std([x[0], x[1]]),
        lambda x: np.var(np.array([x[0], x[1], x[2]])),
        lambda x: np.max(np.array([x[0], x[1]])),
        lambda x: np.cumsum(np.array([x[0], x[1]])),
        lambda x: np.array([x[0], x[1]])[::-1],
        lambda x: np.array([[x[0], x[1]], [x[2], 1.0]]).T,
        lambda x: np.array([x[0], x[1]]).reshape(2, 1),
        lambda x: np.where(np.array([x[0], x[1]]) > 1, np.array([x[0], x[1]]), 0.0),
        lambda x: np.where(x[:2] > 1, np.array([x[0], x[1]]), 0.0),
        lambda x: np.concatenate([np.array([x[0], x[1]]), x]),
        lambda x: np.stack([np.array([x[0], x[1]]), x[1:]]),
        lambda x: np.r_[x[0], x[1], 1.0],
        lambda x: np.r_[x, x],
        lambda x: np.c_[x, 2 * x],
        lambda x: np.full(2, x[0]),
        lambda x: np.outer(np.array([x[0], x[1]]), x),
        lambda x: np.vectorize(lambda t: t * t)(x),
        lambda x: np.multiply.outer(x, x),
        lambda x: np.add.reduce(x),
        lambda x: np.maximum(np.array([x[0], x[1]]), 1.0),
        lambda x: np.ones(3).clip(0.0, x),
        lambda x: [np.array([x[0], x[1]])[0]][0],
    ],
)
def test_arrays_made_of_traced_numbers_are_arrays(f, method):
    agree(f, np.array([0.7, 1.3, 2.1]), method)


@pytest.mark.parametrize("method", METHODS)
def test_arrays_filled_with_traced_numbers_one_by_one(method):
    def f(x):
        o = np.empty(3, dtype=object)
        for i in range(3):
            o[i] = x[i] * i
        return o

    agree(f, np.array([0.7, 1.3, 2.1]), method)


@pytest.mark.parametrize("method", METHODS)
def test_pandas_and_other_holders_of_objects(method):
    agree(lambda x: pandas.Series([x[0], 2 * x[1]]).sum(), np.array([0.7, 1.3]), method)


@pytest.mark.parametrize("parts", [["a"], [None], [[1.0]], [np.ones(2)], [{}]])
def test_object_arrays_of_other_things_are_refused(parts):
    def f(x):
        o = np.empty(2, dtype=object)
        o[0], o[1] = x, parts[0]
        return np.sum(x * o)

    with pytest.raises(ad.LostDerivative, match="beside a"):
        ad.grad(f)(1.0)


# -- NumPy's protocols -----------------------------------------------------------------------------
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.add(x, np.ones(3)),
        lambda x: np.multiply(np.ones((4, 3)), x),
        lambda x: np.add.outer(x, x),
        lambda x: np.subtract.outer(np.ones(2), x),
        lambda x: np.multiply.reduce(x),
        lambda x: np.maximum.reduce(x),
        lambda x: np.minimum.reduce(np.stack([x, x + 1]), axis=0),
        lambda x: np.add.reduce(np.stack([x, x]), axis=1, keepdims=True),
    ],
)
def test_the_other_ways_to_call_a_ufunc(f, method):
    agree(f, np.array([0.7, 1.3, 2.1]), method)


def test_plain_arguments_never_reach_adkit():
    assert type(np.sin(1.0)) is np.float64
    assert normalize([1.0, 2.0]).dtype == float


def test_normalize_joins_what_holds_traced_numbers():
    def f(x):
        for held in ([x, 1.0], (x, [x]), np.array([x, 1.0])):
            assert is_traced(held)
        assert not is_traced([1.0, (2.0, np.ones(2))])
        assert isinstance(normalize([x, 1.0]), Box)
        assert normalize([[x, 1.0], [2.0, x]]).shape == (2, 2)
        return x

    assert ad.grad(f)(1.0) == 1.0


# -- traces ----------------------------------------------------------------------------------------
def test_a_trace_may_be_used_by_several_threads():
    """f may hand its parts to a pool: every operation finds its own place on the tape."""

    def f(x):
        parts = [None] * 4

        def work(i):
            y = x
            for _ in range(50):
                y = y * 1.01 + i
            parts[i] = y

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(parts)

    assert ad.grad(f)(1.0) == pytest.approx(4 * 1.01**50)
    assert ad.grad(f, method="forward")(1.0) == pytest.approx(4 * 1.01**50)


def test_the_younger_of_two_levels_is_the_inner_one():
    seen = []

    def outer(x):
        def inner(y):
            product = x * y
            seen.append((product.owner is y.owner, isinstance(product.value, Box)))
            return product

        return ad.grad(inner)(2.0)

    assert ad.grad(outer)(3.0) == 1.0
    assert seen == [(True, True)]
