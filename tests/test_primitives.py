"""The table, row by row: a new row is tested by existing, and a row that no test here can call fails.

Forward and reverse share the rows, so their agreement proves nothing about one. The witnesses are SymPy's own
`diff` at 50 digits (elementwise rows), the adjoint identity <u, J v> = <J^T u, v> (linear and general rows) and central
differences (general rows, and every NumPy function that is implemented in terms of rows).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sympy
from calls import MASK, PATTERNS, QUERIES, ROWS, SHAPES, C, Pattern, X, rng_for
from calls.assignment import CREATORS, WRITERS

import adkit as ad
from adkit import refusals, reverse
from adkit.containers import flatten, unflatten
from adkit.primitives import Constant, Elementwise, General, JointlyLinear, Linear, Primitive, guard, primitives, table
from adkit.primitives.numbers import WHOLE
from adkit.tracing import implementations, load_all

load_all()
EPS = np.finfo(float).eps
EXACT = ["reverse", "forward"]
nan, inf, A = np.nan, np.inf, np.array
ELEMENTWISE = [row for row in primitives.values() if isinstance(row, Elementwise)]
# An inverse without a formula is proved in the tests of its family.
FORMULAS = [row for row in ELEMENTWISE if row.formula]
STRUCTURAL = [row for row in primitives.values() if isinstance(row, (Linear, JointlyLinear, General))]
CONSTANT = [row for row in primitives.values() if isinstance(row, Constant)]


def test_every_row_is_of_a_kind_that_is_proved_below():
    known = {row.name for row in ELEMENTWISE + STRUCTURAL + CONSTANT}
    assert known == set(primitives)


# == elementwise rows: SymPy is the witness ========================================================
SYMBOLS = sympy.symbols("x y z w", real=True)


def exact(expr: Any, point: tuple[float, ...]) -> float:
    """A SymPy expression at a point of floats, evaluated with 50 digits."""
    values = {symbol: sympy.Float(value, 60) for symbol, value in zip(SYMBOLS, point, strict=False)}
    return float(expr.evalf(50, subs=values))


def formula(row: Elementwise) -> Any:
    return sympy.sympify(row.formula, locals=dict(zip("xyzw", SYMBOLS, strict=True)))


def slope(expr: Any, i: int) -> Any:
    """SymPy's derivative off the jumps, where sign and floor are flat."""
    jumps = (sympy.DiracDelta, sympy.Derivative, sympy.Subs)
    return expr.diff(SYMBOLS[i]).replace(lambda e: isinstance(e, jumps), lambda e: sympy.Integer(0))


def points(row: Elementwise, count: int = 3) -> list[tuple[float, ...]]:
    """Random points of the domain of a row, one number per argument."""
    low, high = zip(*domains(row), strict=True)
    draws = rng_for(row.name).uniform(low, high, (count, row.ufunc.nin))
    return [tuple(map(float, draw)) for draw in draws]


def domains(row: Elementwise) -> list[tuple[float, float]]:
    """The interval of each argument."""
    return list(row.domain) if isinstance(row.domain[0], tuple) else [row.domain] * row.ufunc.nin


def arrays(row: Elementwise, shapes: Any, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Random arguments of these shapes."""
    return tuple(np.asarray(rng.uniform(*d, shape)) for d, shape in zip(domains(row), shapes, strict=True))


def arguments(row: Elementwise) -> tuple[int, ...]:
    """The arguments that have a derivative."""
    return tuple(i for i, partial in enumerate(row.partials) if partial is not None)


def inexactness(row: Elementwise) -> int:
    """How many times less exactly than NumPy's functions this one is computed."""
    return getattr(row, "ulps", 1)


def close(found: float, expected: float, ulps: float) -> bool:
    return abs(found - expected) <= ulps * EPS * max(abs(expected), 1e-3)


def each(rows: list[Any]) -> Any:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


@each(FORMULAS)
def test_formula_is_the_ufunc(row):
    for point in points(row):
        expected = exact(formula(row), point)
        assert close(row.ufunc(*point), expected, 8 * inexactness(row))
        assert close(row.fun(*point), expected, 8 * inexactness(row))


@each(ELEMENTWISE)
def test_row_has_one_partial_per_argument(row):
    assert len(row.partials) == row.ufunc.nin


@each(FORMULAS)
def test_first_derivatives_are_sympys(row):
    for point, i in itertools.product(points(row), arguments(row)):
        expected = exact(slope(formula(row), i), point)
        for method in EXACT:
            found = ad.grad(row.ufunc, i, method=method)(*point)
            assert close(found, expected, 16 * inexactness(row)), (point, i, method)


@each(FORMULAS)
def test_second_derivatives_are_sympys_in_every_nesting(row):
    for point, i, j in itertools.product(points(row, 2), arguments(row), arguments(row)):
        expected = exact(slope(slope(formula(row), i), j), point)
        for outer, inner in itertools.product(EXACT, EXACT):
            found = ad.grad(ad.grad(row.ufunc, i, method=inner), j, method=outer)(*point)
            assert close(found, expected, 64 * inexactness(row)), (point, i, j, outer, inner)


def shape_pairs(row: Elementwise) -> list[tuple[tuple[int, ...], ...]]:
    if row.ufunc.nin <= 2:
        return list(itertools.product(SHAPES, repeat=row.ufunc.nin))
    return [tuple(SHAPES[(k + 2 * i) % len(SHAPES)] for i in range(row.ufunc.nin)) for k in range(len(SHAPES))]


def summed_to(shape: tuple[int, ...], array: np.ndarray) -> np.ndarray:
    """Broadcasting undone, written with nothing but loops."""
    total = np.zeros(shape)
    for place in np.ndindex(array.shape):
        own = place[array.ndim - len(shape) :]
        total[tuple(i if n > 1 else 0 for i, n in zip(own, shape, strict=True))] += array[place]
    return total


@each(ELEMENTWISE)
def test_broadcasting_is_undone_by_sums(row):
    rng = rng_for(row.name)
    for shapes in shape_pairs(row):
        args = arrays(row, shapes, rng)
        wide = np.broadcast_arrays(*args)
        weights = rng.standard_normal(wide[0].shape)
        every = arguments(row)
        expected = [summed_to(args[i].shape, weights * np.vectorize(ad.grad(row.ufunc, i))(*wide)) for i in every]
        for method in EXACT:
            found = ad.grad(lambda *xs, weights=weights: np.sum(weights * row.ufunc(*xs)), every, method=method)(*args)
            for gradient, wanted, i in zip(found, expected, every, strict=True):
                assert gradient.shape == args[i].shape
                np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-12)


KINDS: dict[str, Callable[[Any], Any]] = {
    "Python float": float,
    "np.float64": np.float64,
    "np.float32": np.float32,
    "float64 0-d": np.array,
    "float32 0-d": lambda x: np.array(x, np.float32),
    "float32 array": lambda x: np.array([x, x], np.float32),
    "float16 array": lambda x: np.array([x, x], np.float16),
}


@pytest.mark.parametrize("kind", KINDS)
@each(ELEMENTWISE)
def test_derivatives_have_the_type_of_the_argument(row, kind):
    args = tuple(map(KINDS[kind], points(row, 1)[0]))
    for method, i in itertools.product(EXACT, arguments(row)):
        value, gradient = ad.value_and_grad(lambda *xs: np.sum(row.ufunc(*xs)), i, method=method)(*args)
        assert type(gradient) is type(args[i])
        assert np.shape(gradient) == np.shape(args[i])
        assert np.asarray(gradient).dtype == np.asarray(args[i]).dtype
        assert np.asarray(value).dtype == np.asarray(np.sum(row.ufunc(*args))).dtype


@each(ELEMENTWISE)
def test_tangents_have_the_dtype_of_the_output_at_every_step(row):
    args = tuple(np.array([x, x], np.float32) for x in points(row, 1)[0])
    out = row.compute(args, {})
    for batch in ((), (4,)):
        tangents = [np.ones((*batch, 2), np.float32) if i in arguments(row) else None for i in range(len(args))]
        assert row.jvp(tangents, out, args, {}, bool(batch)).dtype == out.dtype


@each(ELEMENTWISE)
def test_stacked_tangents_are_pushed_as_single_ones(row):
    rng = rng_for(row.name)
    for shapes in shape_pairs(row):
        assert_stacked_as_single(row, arrays(row, shapes, rng), {}, rng, arguments(row))


# == linear and general rows: the adjoint identity and differences =================================
def calls(row: Primitive) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The calls of a row. A new row has none: write them into its family in tests/calls."""
    return ROWS[row.name]


def direction(x: Any, rng: np.random.Generator) -> Any:
    """A random array of the shape and dtype of x."""
    x = np.asarray(x)
    noise = rng.standard_normal(x.shape)
    return (noise + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else noise).astype(x.dtype)


def tolerance(*arrays: Any) -> float:
    return 1e-5 if any(is_single(a) for a in arrays) else 1e-12


def is_single(x: Any) -> bool:
    return np.asarray(x).dtype in (np.float32, np.complex64)


def pairing(a: Any, b: Any) -> float:
    """Re sum(a b): under it the transpose of a real-linear map is what adkit calls its vjp."""
    return float(np.real(np.sum(np.asarray(a) * np.asarray(b))))


def assert_stacked_as_single(
    row: Primitive, args: Any, params: Any, rng: np.random.Generator, differentiable: Any = None
) -> None:
    """Pushing a stack of tangents gives the stack of single pushes, whichever of the arguments are active."""
    out = row.compute(args, params)
    stacks = [np.stack([direction(x, rng) for _ in range(4)]) for x in args]
    choices = [[True, False] if differentiable is None or i in differentiable else [False] for i in range(len(args))]
    for active in itertools.product(*choices):
        if not any(active):
            continue
        stacked = [t if on else None for t, on in zip(stacks, active, strict=True)]
        found = row.jvp(stacked, out, args, params, True)
        single = [row.jvp([None if t is None else t[k] for t in stacked], out, args, params, False) for k in range(4)]
        assert np.shape(found) == (4, *np.shape(out))
        np.testing.assert_allclose(found, np.stack(single), rtol=1e-12, atol=1e-12)


@each(STRUCTURAL)
def test_adjoint_identity(row):
    rng = rng_for(row.name)
    for args, params in calls(row):
        out = row.compute(args, params)
        for i, x in enumerate(args):
            tangent, cotangent = direction(x, rng), direction(out, rng)
            pushed = row.jvp([tangent if k == i else None for k in range(len(args))], out, args, params, False)
            pulled = row.vjp(i, cotangent, out, args, params)
            assert np.shape(pushed) == np.shape(out)
            assert np.shape(pulled) == np.shape(x)
            assert np.asarray(pulled).dtype == np.asarray(x).dtype
            np.testing.assert_allclose(
                pairing(cotangent, pushed), pairing(pulled, tangent), rtol=tolerance(x, out), atol=tolerance(x, out)
            )


@each([row for row in STRUCTURAL if not isinstance(row, General)])
def test_linear_rows_are_linear(row):
    rng = rng_for(row.name)
    for args, params in calls(row):
        other = tuple(direction(x, rng) for x in args)
        combined = row.compute(tuple(2.0 * x - 3.0 * y for x, y in zip(args, other, strict=True)), params)
        expected = 2.0 * row.compute(args, params) - 3.0 * row.compute(other, params)
        np.testing.assert_allclose(combined, expected, rtol=tolerance(combined), atol=tolerance(combined))


@each(STRUCTURAL)
def test_stacked_tangents_are_pushed_as_single_ones_too(row):
    for args, params in calls(row):
        assert_stacked_as_single(row, args, params, rng_for(row.name))


def half(x: Any, rng: np.random.Generator) -> guard.Guarded:
    """A random direction in which about half the elements are dead, and its mask."""
    live = rng.random(np.shape(x)) < 0.5
    return guard.Guarded(np.where(live, direction(x, rng), 0).astype(np.asarray(x).dtype), live)


@each(STRUCTURAL)
def test_masks_take_nothing_from_finite_derivatives(row):
    rng = rng_for(row.name)
    for args, params in calls(row):
        out = row.compute(args, params)
        cotangent, tangents = half(out, rng), [half(x, rng) for x in args]
        for i in range(len(args)):
            expected = row.vjp(i, cotangent.derivative, out, args, params)
            np.testing.assert_array_equal(guard.pull(row, i, cotangent, out, args, params).derivative, expected)
        expected = row.jvp([t.derivative for t in tangents], out, args, params, False)
        np.testing.assert_array_equal(guard.push(row, tangents, out, args, params, False).derivative, expected)


def central(f: Callable[..., Any], args: tuple[Any, ...], directions: tuple[Any, ...], step: float = 1e-5) -> Any:
    """The derivative of f along a direction by central differences."""
    ahead, behind = (tuple(x + s * d for x, d in zip(args, directions, strict=True)) for s in (step, -step))
    return (np.asarray(f(*ahead)) - np.asarray(f(*behind))) / (2 * step)


@each([row for row in STRUCTURAL if isinstance(row, General)])
def test_general_rows_have_the_slope_of_differences(row):
    rng = rng_for(row.name)
    for args, params in calls(row):
        out = row.compute(args, params)
        directions = tuple(direction(x, rng) for x in args)
        pushed = row.jvp(list(directions), out, args, params, False)
        differences = central(lambda *xs, params=params: row.compute(xs, params), args, directions)
        np.testing.assert_allclose(pushed, differences, rtol=1e-7, atol=1e-7)


# == NumPy's functions, most of them in terms of rows ==============================================


CONSTANT_UFUNCS = {f for f, to in implementations.items() if isinstance(f, np.ufunc) and isinstance(to, Constant)}


AT = [f for f in implementations if isinstance(f, tuple) and f[1] == "at"]
OUTERS = [f for f in implementations if isinstance(f, tuple) and f[1] == "outer"]


def name_of(function: Any) -> str:
    return refusals.public_name(function)


def as_real(x: Any) -> Any:
    """Both parts of complex numbers in real ones."""
    return np.real(x) + 2 * np.imag(x) if np.iscomplexobj(x) else x


def leaves(out: Any) -> list[Any]:
    """The numbers and arrays of an output that may be a tuple."""
    return list(out) if isinstance(out, (list, tuple)) else [out]


def test_every_implemented_function_is_called_below():
    covered = {*PATTERNS, *QUERIES, *CONSTANT_UFUNCS, *(row.ufunc for row in ELEMENTWISE), *OUTERS, *AT}
    covered |= WRITERS | CREATORS  # proved in test_assignment
    aliases = {np.amax, np.amin, np.conj, np.concat, np.permute_dims, np.fix}
    assert {name_of(f) for f in set(implementations) - covered - aliases - {*WHOLE}} == set()


@pytest.mark.parametrize("ufunc", WHOLE, ids=name_of)
def test_functions_of_whole_numbers_are_refused(ufunc):
    for method in EXACT:
        with pytest.raises(ad.NoRule, match=rf"{name_of(ufunc)} is meant for whole numbers.*test_primitives\.py"):
            ad.grad(lambda x: np.sum(ufunc(*[x] * ufunc.nin)), method=method)(X)


@pytest.mark.parametrize("function", PATTERNS, ids=name_of)
def test_functions_on_traced_arrays_are_numpys(function):
    for number, call in enumerate(PATTERNS[function]):
        expected = call(X)
        rng = rng_for(f"{name_of(function)} {number}")
        tangent = rng.standard_normal(X.shape)
        value, pushed = ad.jvp(call, (X,), (tangent,))
        traced, pullback = ad.vjp(call, X)
        assert type(value) is type(traced) is type(expected) or not isinstance(expected, (tuple, list))
        for wanted, *found in zip(leaves(expected), leaves(value), leaves(traced), strict=True):
            for out in found:
                assert np.asarray(out).dtype == np.asarray(wanted).dtype, number
                np.testing.assert_array_equal(out, wanted, strict=isinstance(wanted, np.ndarray), err_msg=str(number))
        assert_derivative(call, expected, tangent, pushed, pullback, rng, number)


def test_trace_is_a_method_too():
    np.testing.assert_array_equal(ad.grad(lambda x: x.trace())(np.ones((3, 3))), np.eye(3))


def assert_derivative(call: Pattern, out: Any, tangent: Any, pushed: Any, pullback: Any, rng: Any, number: int) -> None:
    """The pushforward is the slope of differences, and the pullback is its adjoint."""
    single = any(map(is_single, leaves(out)))
    cotangents = [direction(part, rng) for part in leaves(out)]
    (pulled,) = pullback(unflatten(flatten(out)[1], cotangents))
    rtol = 1e-4 if single else 1e-9
    identity = sum(pairing(c, p) for c, p in zip(cotangents, leaves(pushed), strict=True))
    np.testing.assert_allclose(pairing(pulled, tangent), identity, rtol=rtol, atol=rtol, err_msg=str(number))
    for k, part in enumerate(leaves(pushed)):
        differences = central(lambda x, k=k: leaves(call(x))[k], (X,), (tangent,), 1e-2 if single else 1e-6)
        bar = 1e-3 if single else 1e-7
        np.testing.assert_allclose(part, differences, rtol=bar, atol=bar, err_msg=str(number))


@pytest.mark.parametrize("function", PATTERNS, ids=name_of)
def test_second_derivatives_of_functions_agree_in_every_nesting(function):
    for number, call in enumerate(PATTERNS[function]):
        if any(map(is_single, leaves(call(X)))):
            continue  # differences of single precision say nothing about second derivatives

        def f(x, call=call):
            return sum(np.sum(np.sin(as_real(part))) for part in leaves(call(x)))

        expected = central(ad.grad(f), (X,), (C,), 1e-6)
        bar = 1e-6 * max(1.0, np.max(np.abs(expected)))
        for outer, inner in itertools.product(EXACT, EXACT):
            along = ad.grad(lambda x, f=f, inner=inner: np.sum(C * ad.grad(f, method=inner)(x)), method=outer)(X)
            np.testing.assert_allclose(along, expected, rtol=1e-6, atol=bar, err_msg=f"{number} {outer} {inner}")


def second_gradient(f: Callable[..., Any], *args: Any) -> Any:
    """The gradient of a sum of the gradient, reverse over reverse, in all arguments."""
    every = tuple(range(len(args)))
    return ad.grad(lambda *xs: sum(np.sum(np.sin(g)) for g in ad.grad(f, every)(*xs)), every)(*args)


@pytest.mark.parametrize("function", PATTERNS, ids=name_of)
def test_the_tape_keeps_all_that_the_rules_of_functions_read(function, monkeypatch):
    """Of large arrays the tape keeps only what rules read; here every array counts as large."""
    for call in PATTERNS[function]:

        def f(x, call=call):
            return sum(np.sum(np.sin(as_real(part))) for part in leaves(call(x)))

        expected = ad.grad(f)(X), second_gradient(f, X)
        with monkeypatch.context() as patch:
            patch.setattr(reverse, "SMALL", 0)
            np.testing.assert_array_equal(ad.grad(f)(X), expected[0])
            np.testing.assert_array_equal(second_gradient(f, X), expected[1])


@each(ELEMENTWISE)
def test_the_tape_keeps_all_that_the_rules_of_rows_read(row, monkeypatch):
    args = tuple(np.array(numbers) for numbers in zip(*points(row), strict=True))
    for active in arguments(row):

        def f(x, active=active):
            return np.sum(np.sin(row.ufunc(*args[:active], x, *args[active + 1 :])))

        expected = ad.grad(f)(args[active]), second_gradient(f, args[active])
        with monkeypatch.context() as patch:
            patch.setattr(reverse, "SMALL", 0)
            np.testing.assert_array_equal(ad.grad(f)(args[active]), expected[0])
            np.testing.assert_array_equal(second_gradient(f, args[active]), expected[1])


@pytest.mark.parametrize("function", QUERIES, ids=name_of)
def test_queries_are_answered_as_by_numpy(function):
    for call in QUERIES[function]:
        seen: list[Any] = []

        def f(x, call=call, seen=seen):
            seen.append(call(x))
            return np.sum(x)

        expected = call(X)
        for method in EXACT:
            np.testing.assert_array_equal(ad.grad(f, method=method)(X), np.ones((2, 3)))
        for answer in seen:
            assert type(answer) is type(expected)
            assert repr(answer) == repr(expected)


@pytest.mark.parametrize("ufunc", sorted(CONSTANT_UFUNCS, key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_piecewise_constant_ufuncs_have_no_derivative(ufunc):
    args = (X, C)[: ufunc.nin]
    expected = ufunc(*args)
    for method in EXACT:
        value, gradient = ad.value_and_grad(lambda *xs: np.sum(xs[0] * ufunc(*xs)), method=method)(*args)
        np.testing.assert_array_equal(value, np.sum(X * expected))
        np.testing.assert_array_equal(gradient, 1.0 * expected)


@pytest.mark.parametrize("outer", OUTERS, ids=name_of)
def test_outer_is_the_ufunc_of_every_pair(outer):
    ufunc = outer[0]
    x, y, c = A([0.4, 1.3]), A([[0.7], [1.2], [1.9]]), rng_for(name_of(outer)).standard_normal((2, 3, 1))
    expected = ad.grad(lambda x, y: np.sum(c * ufunc(x[:, None, None], y)), (0, 1))(x, y)
    for method in EXACT:
        value, found = ad.value_and_grad(lambda x, y: np.sum(c * ufunc.outer(x, y)), (0, 1), method=method)(x, y)
        assert value == np.sum(c * ufunc.outer(x, y))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-14)


# Constant rows that functions ask on the way to their result.
ON_THE_WAY = {
    "sign",
    "fix",
    "value",
    "partition_order",
    "unique_index",
    "unique_inverse",
    "unique_counts",
    "histogram_counts",
}
ON_THE_WAY |= {
    "copysign",
    "heaviside",
    "frexp",
    "modf",
    "nextafter",
    "angle",
    "real_if_close",
    "is_below_0",
    "is_beyond_1",
}
ON_THE_WAY |= {"scipy.special.logsumexp sign"}


@each(CONSTANT)
def test_constant_rows_are_reached_by_a_numpy_function(row):
    methods = {getattr(*f) for f in QUERIES if isinstance(f, tuple)}
    assert row.fun in {*QUERIES, *CONSTANT_UFUNCS, *methods, ad.value} or row.name in ON_THE_WAY


# == conventions at kinks ==========================================================================


def relu(x):
    return np.maximum(x, 0.0)


def divided(x):
    return np.where(x == 0, 1.0, np.sin(x) / x)


# name: (f, x, gradient at x, second derivative along the ones at x or None where there is none worth fixing)
KINKS: dict[str, tuple[Callable[[Any], Any], Any, Any, Any]] = {
    "abs at 0 is 0": (np.abs, 0.0, 0.0, 0.0),
    "abs(x) at 0 is 0": (abs, 0.0, 0.0, 0.0),
    "fabs at 0 is 0": (np.fabs, 0.0, 0.0, 0.0),
    "abs of an array": (lambda x: np.sum(np.abs(x)), A([-1.0, 0.0, 2.0]), [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
    "sign at 0 is 0": (lambda x: np.sign(x) * 3.0, 0.0, 0.0, 0.0),
    "relu at 0 is 1/2": (relu, 0.0, 0.5, 0.0),
    "minimum shares a tie": (lambda x: np.minimum(x, 1.0), 1.0, 0.5, 0.0),
    "fmax shares a tie": (lambda x: np.fmax(x, 1.0), 1.0, 0.5, 0.0),
    "fmin shares a tie": (lambda x: np.fmin(1.0, x), 1.0, 0.5, 0.0),
    "maximum of x and x is x": (lambda x: np.maximum(x, x), 3.0, 1.0, 0.0),
    "fmax ignores nan": (lambda x: np.fmax(x, nan), 3.0, 1.0, 0.0),
    "maximum passes nan on": (lambda x: np.maximum(x, nan), 3.0, nan, None),
    "0 and -0 tie": (lambda x: np.maximum(x, 0.0), -0.0, 0.5, 0.0),
    "max shares among two": (np.max, A([2.0, 1.0, 2.0]), [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]),
    "max shares among all": (np.max, np.ones((2, 2)), np.full((2, 2), 0.25), np.zeros((2, 2))),
    "min shares among three": (np.min, A([1.0, 1.0, 3.0, 1.0]), [1 / 3, 1 / 3, 0.0, 1 / 3], np.zeros(4)),
    "max shares along an axis": (
        lambda x: np.sum(np.max(x, axis=1) * A([1.0, 2.0])),
        A([[1.0, 1.0], [3.0, 0.0]]),
        [[0.5, 0.5], [2.0, 0.0]],
        np.zeros((2, 2)),
    ),
    "clip at the lower bound": (lambda x: np.clip(x, 0.0, 1.0), 0.0, 0.5, 0.0),
    "clip at the upper bound": (lambda x: np.clip(x, 0.0, 1.0), 1.0, 0.5, 0.0),
    "clip inside and outside": (
        lambda x: np.sum(np.clip(x, 0.0, 1.0)),
        A([-1.0, 0.5, 2.0]),
        [0.0, 1.0, 0.0],
        np.zeros(3),
    ),
    "hypot at the origin is 0": (lambda x: np.hypot(x[0], x[1]), np.zeros(2), [0.0, 0.0], [nan, nan]),
    "hypot on an axis": (lambda x: np.hypot(x, 0.0), -2.0, -1.0, 0.0),
    "copysign at 0 is 0": (lambda x: np.copysign(x, -1.0), 0.0, 0.0, 0.0),
    "copysign follows its second argument": (lambda x: np.copysign(x, -0.0), 3.0, -1.0, 0.0),
    "heaviside at 0 is 0": (lambda x: np.heaviside(x, 0.5) * 3.0, 0.0, 0.0, 0.0),
    "modf of a whole number": (lambda x: np.modf(x)[0], 3.0, 1.0, 0.0),
    "sinc at 0": (np.sinc, 0.0, 0.0, -(np.pi**2) / 3),
    "sinc near 0": (np.sinc, 1e-9, -(np.pi**2) / 3 * 1e-9, -(np.pi**2) / 3),
    "i0 at 0": (np.i0, 0.0, 0.0, 0.5),
    "nan replaced": (lambda x: np.sum(np.nan_to_num(x / A([0.0, 1.0]))), A([0.0, 2.0]), [0.0, 1.0], [0.0, 0.0]),
    "arctan2 infinitely far out": (lambda x: np.arctan2(x[0], x[1]), A([-inf, inf]), [0.0, 0.0], None),
    "logaddexp of equal infinities": (lambda x: np.sum(np.logaddexp(x, x[::-1])), A([-inf, -inf]), [1.0, 1.0], None),
    "logaddexp of unequal infinities": (lambda x: np.logaddexp(x[0], x[1]), A([inf, -inf]), [1.0, 0.0], None),
    "logaddexp2 of inf and a number": (lambda x: np.logaddexp2(x[0], x[1]), A([3.0, inf]), [0.0, 1.0], None),
    "norm at 0 is 0": (np.linalg.norm, np.zeros(3), np.zeros(3), None),
    "norm squared at 0 is 0": (lambda x: np.linalg.norm(x) ** 2, np.zeros(3), np.zeros(3), None),
    "norm of one row that is 0": (
        lambda x: np.sum(np.linalg.norm(x, axis=1)),
        A([[0.0, 0.0], [3.0, 4.0]]),
        [[0.0, 0.0], [0.6, 0.8]],
        None,
    ),
    "3-norm with a 0": (lambda x: np.linalg.norm(x, 3), A([0.0, 2.0]), [0.0, 1.0], [0.0, 0.0]),
    "1-norm with a 0": (lambda x: np.linalg.norm(x, 1), A([0.0, -2.0]), [0.0, -1.0], [0.0, 0.0]),
    "maximum norm shares among two": (lambda x: np.linalg.norm(x, inf), A([1.0, -1.0, 0.0]), [0.5, -0.5, 0.0], None),
    "0-norm is flat": (lambda x: np.linalg.norm(x, 0) + x[0], A([1.0, 0.0]), [1.0, 0.0], [0.0, 0.0]),
    "spectral norm shares among two": (lambda x: np.linalg.norm(x, 2), np.eye(2), np.eye(2) / 2, None),
    "nuclear norm of a matrix of rank 1": (
        lambda x: np.linalg.norm(x, "nuc"),
        A([[3.0, 0.0], [4.0, 0.0]]),
        [[0.6, 0.0], [0.8, 0.0]],
        None,
    ),
    "equal eigenvalues share": (lambda x: np.linalg.eigvalsh(x)[1], np.eye(2), np.eye(2) / 2, None),
    "determinant of a singular matrix": (
        np.linalg.det,
        A([[1.0, 2.0], [2.0, 4.0]]),
        [[4.0, -2.0], [-2.0, 1.0]],
        [[1.0, -1.0], [-1.0, 1.0]],
    ),
    "length of a complex number at 0": (lambda x: np.abs(x * (1 + 1j)), 0.0, 0.0, nan),
    "sqrt at 0 is infinite": (np.sqrt, 0.0, inf, None),
    "sqrt squared at 0 is not known": (lambda x: np.sqrt(x) ** 2, 0.0, nan, None),
    "x**0": (lambda x: x**0, 0.0, 0.0, 0.0),
    "x**0.0": (lambda x: x**0.0, 0.0, 0.0, 0.0),
    "x**1 at 0": (lambda x: x**1, 0.0, 1.0, 0.0),
    "x**2 at 0": (lambda x: x**2, 0.0, 0.0, 2.0),
    "x**3 at a negative base": (lambda x: x**3, -2.0, 12.0, -12.0),
    "x**3.0 at a negative base": (lambda x: x**3.0, -2.0, 12.0, -12.0),
    "x**-2 at a negative base": (lambda x: x**-2, -2.0, 0.25, 0.375),
    "x**n by an array of exponents": (
        lambda x: np.sum(x ** A([0, 1, 2, 3])),
        np.zeros(4),
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 2.0, 0.0],
    ),
    "x**0.5 at a negative base is nan": (lambda x: np.sum((x + 0.0) ** 0.5), A([4.0, -4.0]), [0.25, nan], None),
    "0**y is flat for y > 0": (lambda y: 0.0**y, 2.0, 0.0, 0.0),
    "x**x at 1": (lambda x: x**x, 1.0, 1.0, 2.0),
    # a branch not taken contributes exactly 0
    "where guards sqrt": (
        lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "where guards sqrt of a number": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), 0.0, 0.0, 0.0),
    "where guards division": (lambda x: np.sum(np.where(x != 0, 1 / x, x)), A([0.0, 2.0]), [1.0, -0.25], [0.0, 0.25]),
    "where guards log": (lambda x: np.sum(np.where(x > 0, np.log(x), -x)), A([0.0, 2.0]), [-1.0, 0.5], [0.0, -0.25]),
    "where guards log below 0": (
        lambda x: np.sum(np.where(x > 0, np.log(x), x)),
        A([-1.0, 2.0]),
        [1.0, 0.5],
        [0.0, -0.25],
    ),
    "where guards sin(x)/x": (lambda x: np.sum(divided(x)), A([0.0, np.pi]), [0.0, -1 / np.pi], [0.0, 2 / np.pi**2]),
    "where guards sin(x)/x of a number": (divided, 0.0, 0.0, 0.0),
    "where guards a later singularity": (
        lambda x: np.sum(np.where(x > 0, x**1.5, 0.0)),
        A([0.0, 4.0]),
        [0.0, 3.0],
        [0.0, 0.375],
    ),
    "where inside the singular function": (
        lambda x: np.sum(np.sqrt(np.where(x > 1, x, 1.0) - 1.0) * np.where(x > 1, x, 0.0)),
        A([5.0]),
        [3.25],
        [0.34375],
    ),
    "where guards a product of both branches": (
        lambda x: np.sum(np.where(x > 0, np.sqrt(x) * x[::-1], x)),
        A([0.0, 4.0]),
        [3.0, 0.0],
        None,
    ),
    "where keeps rows of nan out of a product": (
        lambda w: np.sum(np.where([True, False], A([[1.0, 2.0], [nan, inf]]) @ w, 0.0) ** 2),
        A([1.0, 1.0]),
        [6.0, 12.0],
        [6.0, 12.0],
    ),
    "two guards": (lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 0.0)), 0.0), 0.0, 0.0, 0.0),
    "indexing leaves a singularity out": (
        lambda x: np.sum(np.sqrt(x)[1:]),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "indexing leaves a later singularity out": (lambda x: (x**1.5)[1], A([0.0, 4.0]), [0.0, 3.0], [0.0, 0.375]),
    "a mask leaves a singularity out": (lambda x: np.sum(np.log(x)[x > 0]), A([0.0, 4.0]), [0.0, 0.25], [0.0, -0.0625]),
    "take leaves a singularity out": (
        lambda x: np.sum(np.take(np.sqrt(x), [1, 1])),
        A([0.0, 4.0]),
        [0.0, 0.5],
        [0.0, -0.0625],
    ),
    "take_along_axis leaves a later singularity out": (
        lambda x: np.sum(np.take_along_axis(x**1.5, A([1]), 0)),
        A([0.0, 4.0]),
        [0.0, 3.0],
        [0.0, 0.375],
    ),
    "compress leaves a singularity out": (
        lambda x: np.sum(np.compress(x > 0, np.log(x))),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.0625],
    ),
    "delete leaves a singularity out": (
        lambda x: np.sum(np.delete(np.sqrt(x), 0)),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "split leaves a singularity out": (
        lambda x: np.split(np.sqrt(x), 2)[1][0],
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "unstack leaves a singularity out": (
        lambda x: np.unstack(np.sqrt(x))[1],
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "trim_zeros leaves zeros out": (
        lambda x: np.sum(np.trim_zeros(np.sqrt(x))),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "the trace leaves a singularity out": (
        lambda x: np.trace(np.sqrt(x)),
        A([[1.0, 0.0], [0.0, 4.0]]),
        [[0.5, 0.0], [0.0, 0.25]],
        [[-0.25, 0.0], [0.0, -0.03125]],
    ),
    "diag leaves a later singularity out": (
        lambda x: np.sum(np.diag(x**1.5, 1)),
        A([[0.0, 4.0], [0.0, 0.0]]),
        [[0.0, 3.0], [0.0, 0.0]],
        [[0.0, 0.375], [0.0, 0.0]],
    ),
    "tril leaves a singularity out": (
        lambda x: np.sum(np.tril(np.sqrt(x))),
        A([[1.0, 0.0], [4.0, 4.0]]),
        [[0.5, 0.0], [0.25, 0.25]],
        [[-0.25, 0.0], [-0.03125, -0.03125]],
    ),
    "triu leaves a singularity out": (
        lambda x: np.sum(np.triu(np.sqrt(x), 1)),
        A([[0.0, 4.0], [0.0, 0.0]]),
        [[0.0, 0.25], [0.0, 0.0]],
        [[0.0, -0.03125], [0.0, 0.0]],
    ),
    "select guards log": (
        lambda x: np.sum(np.select([x > 1, x > 0], [x, np.log(x)], -x)),
        A([0.0, 0.5, 4.0]),
        [-1.0, 2.0, 1.0],
        [0.0, -4.0, 0.0],
    ),
    "choose guards sqrt": (
        lambda x: np.sum(np.choose(x > 0, [x, np.sqrt(x)])),
        A([0.0, 4.0]),
        [1.0, 0.25],
        [0.0, -0.03125],
    ),
    "piecewise guards sqrt": (
        lambda x: np.sum(np.piecewise(x, [x > 0], [np.sqrt, lambda v: 3.0 * v])),
        A([0.0, 4.0]),
        [3.0, 0.25],
        [0.0, -0.03125],
    ),
    "piecewise takes what its callers computed": (
        lambda x: np.sum(np.piecewise(np.sqrt(x), [x > 0], [lambda v: v, 1.0])),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "resize leaves a singularity out": (
        lambda x: np.sum(np.resize(np.sqrt(x), 1)),
        A([4.0, 0.0]),
        [0.25, 0.0],
        [-0.03125, 0.0],
    ),
    "pad in reflection leaves nothing out": (
        lambda x: np.sum(np.pad(np.sqrt(x), (0, 1), "reflect")),
        A([4.0, 1.0]),
        [0.5, 0.5],
        [-0.0625, -0.25],
    ),
    "pad shares the extreme as max does": (
        lambda x: np.sum(np.pad(x, 1, "maximum")),
        A([2.0, 2.0]),
        [2.0, 2.0],
        [0.0, 0.0],
    ),
    "maximum passes nothing to what lost": (lambda x: np.sqrt(relu(x)), -1.0, 0.0, 0.0),
    "what lost was singular": (lambda x: np.maximum(np.sqrt(x), 1.0), 0.0, 0.0, 0.0),
    "what lost was singular later": (lambda x: np.maximum(x**1.5, 1.0), 0.0, 0.0, 0.0),
    # reductions, scans and order statistics
    "std of a constant array is 0": (np.std, np.ones(3), np.zeros(3), [nan] * 3),
    "std of one element is 0": (np.std, A([2.0]), [0.0], None),
    "std of constant rows": (
        lambda x: np.sum(np.std(x, axis=1)),
        A([[1.0, 1.0], [1.0, 3.0]]),
        [[0.0, 0.0], [-0.5, 0.5]],
        [[nan, nan], [0.0, 0.0]],
    ),
    "nanstd of a constant array is 0": (np.nanstd, A([1.0, nan, 1.0]), np.zeros(3), [nan, 0.0, nan]),
    "hypot.reduce at the origin is 0": (np.hypot.reduce, np.zeros(3), np.zeros(3), [nan] * 3),
    "ptp of a constant array is 0": (np.ptp, np.ones(4), np.zeros(4), np.zeros(4)),
    "max shares with initial": (lambda x: np.max(x, initial=2.0), A([2.0, 1.0]), [0.5, 0.0], [0.0, 0.0]),
    "max of nothing is initial": (lambda x: np.max(np.zeros(0) * x, initial=x), 3.0, 1.0, 0.0),
    "nanmax shares among numbers": (np.nanmax, A([1.0, nan, 1.0]), [0.5, 0.0, 0.5], np.zeros(3)),
    "fmin.reduce shares among numbers": (np.fmin.reduce, A([1.0, nan, 1.0]), [0.5, 0.0, 0.5], np.zeros(3)),
    "median shares among ties": (np.median, A([2.0, 2.0, 1.0, 2.0, 5.0]), A([1, 1, 0, 1, 0]) / 3, np.zeros(5)),
    "median of two shares each": (np.median, A([2.0, 2.0, 5.0, 5.0]), np.full(4, 0.25), np.zeros(4)),
    "nanmedian leaves nan out": (np.nanmedian, A([3.0, nan, 1.0, 3.0]), [0.5, 0.0, 0.0, 0.5], np.zeros(4)),
    "quantile shares among ties": (
        lambda x: np.quantile(x, 0.3),
        A([1.0, 2.0, 2.0, 2.0, 3.0]),
        A([0, 1, 1, 1, 0]) / 3,
        np.zeros(5),
    ),
    "quantile between ties": (
        lambda x: np.percentile(x, 10, axis=0)[0] * 5,
        A([[1.0], [1.0], [3.0]]),
        A([[2.5], [2.5], [0.0]]),
        np.zeros((3, 1)),
    ),
    "quantile by its rank on an element": (lambda q: np.quantile(A([1.0, 2, 4, 8, 16]), q), 0.25, 6.0, 0.0),
    "quantile by its rank at the end": (lambda q: np.quantile(A([1.0, 2, 4, 8, 16]), q), 1.0, 32.0, 0.0),
    "sort moves, the first first": (
        lambda x: np.sum(np.sort(x) * A([1.0, 10.0, 100.0])),
        A([2.0, 1.0, 2.0]),
        [10.0, 1.0, 100.0],
        np.zeros(3),
    ),
    "unique takes the first": (
        lambda x: np.sum(np.unique(x) ** 2),
        A([2.0, 1.0, 2.0]),
        [4.0, 2.0, 0.0],
        [2.0, 2.0, 0.0],
    ),
    "running maximum shares among those so far": (
        lambda x: np.sum(np.maximum.accumulate(x) * A([1.0, 10.0, 100.0, 1000.0])),
        A([2.0, 2.0, 1.0, 2.0]),
        [56 + 1000 / 3, 55 + 1000 / 3, 0.0, 1000 / 3],
        np.zeros(4),
    ),
    "running fmax leaves nan out": (
        lambda x: np.sum(np.fmax.accumulate(x)[1:] * A([10.0, 100.0, 1000.0])),
        A([nan, 2.0, 1.0, 2.0]),
        [0.0, 610.0, 0.0, 500.0],
        np.zeros(4),
    ),
    "softmax at a tie": (
        lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x)))),
        A([0.0, 0.0]),
        [0.5, 0.5],
        [0.0, 0.0],
    ),
    "logsumexp leaves -inf out": (np.logaddexp.reduce, A([-inf, 1.0, 1.0]), [0.0, 0.5, 0.5], np.zeros(3)),
    "logsumexp of nothing but -inf": (np.logaddexp.reduce, A([-inf, -inf]), [0.5, 0.5], [0.0, 0.0]),
    "logsumexp of inf": (np.logaddexp.reduce, A([inf, 1.0, inf]), [0.5, 0.0, 0.5], np.zeros(3)),
    "logsumexp of huge numbers": (np.logaddexp.reduce, A([1e300, -1e300, 1e300]), [0.5, 0.0, 0.5], np.zeros(3)),
    "running logsumexp from -inf": (
        lambda x: np.sum(np.logaddexp.accumulate(x)),
        A([-inf, 0.0, 0.0]),
        [1.0, 1.5, 0.5],
        np.zeros(3),
    ),
    "prod of two zeros": (np.prod, A([0.0, 2.0, 0.0]), np.zeros(3), [2.0, 0.0, 2.0]),
    "cumprod through a zero": (
        lambda x: np.sum(np.cumprod(x)),
        A([2.0, 0.0, 3.0]),
        [1.0, 8.0, 0.0],
        [4.0, 6.0, 2.0],
    ),
    "interp on a knot": (lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]), 1.0, 1.25, 0.0),
    "interp on the first knot": (lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]), 0.0, 1.0, 0.0),
    "interp beyond the knots": (lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]), 4.0, 0.0, 0.0),
    "interp by a value on its knot": (
        lambda y: np.interp(1.0, [0.0, 1.0, 3.0], y),
        A([0.0, 2.0, 3.0]),
        [0.0, 1.0, 0.0],
        np.zeros(3),
    ),
    "where= leaves a singularity out of a sum": (
        lambda x: np.sum(np.sqrt(x), where=x > 0),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "where= leaves a singularity out of a product": (
        lambda x: np.prod(np.log(x), where=x > 0),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.0625],
    ),
    "where= leaves a singularity out of a mean": (
        lambda x: np.mean(np.log(x), where=x > 0),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.0625],
    ),
    "where= leaves a singularity out of a maximum": (
        lambda x: np.max(np.sqrt(x), where=x > 0, initial=0.0),
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "nansum leaves out what is nan": (
        lambda x: np.nansum(np.sqrt(x)),
        A([1.0, -1.0, 4.0]),
        [0.5, 0.0, 0.25],
        [-0.25, 0.0, -0.03125],
    ),
    "sort keeps singularities apart": (
        lambda x: np.sort(np.sqrt(x))[1],
        A([4.0, 0.0, 1.0]),
        [0.0, 0.0, 0.5],
        [0.0, 0.0, -0.25],
    ),
    "median keeps singularities out": (
        lambda x: np.median(np.sqrt(x)),
        A([0.0, 4.0, 9.0]),
        [0.0, 0.25, 0.0],
        [0.0, -0.03125, 0.0],
    ),
    "quantile on an element keeps its neighbour out": (
        lambda x: np.quantile(-np.sqrt(x), 0.5),
        A([0.0, 4.0, 9.0]),
        [0.0, -0.25, 0.0],
        [0.0, 0.03125, 0.0],
    ),
    "interp keeps values of other knots out": (
        lambda x: np.interp(1.5, [0.0, 1.0, 2.0], np.sqrt(x)),
        A([0.0, 4.0, 1.0]),
        [0.0, 0.125, 0.25],
        [0.0, -0.015625, -0.125],
    ),
    "a histogram keeps weights outside of it out": (
        lambda x: np.histogram([0.5, 3.0], [0.0, 1.0], weights=np.sqrt(x))[0][0],
        A([4.0, 0.0]),
        [0.25, 0.0],
        [-0.03125, 0.0],
    ),
    "reduceat keeps what comes before out": (
        lambda x: np.add.reduceat(np.sqrt(x), [1])[0],
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "running maximum keeps singularities out": (
        lambda x: np.maximum.accumulate(np.sqrt(x))[1],
        A([0.0, 4.0]),
        [0.0, 0.25],
        [0.0, -0.03125],
    ),
    "max passes nothing to what lost": (lambda x: np.max(np.sqrt(x)), A([0.0, 4.0]), [0.0, 0.25], [0.0, -0.03125]),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("kink", KINKS)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")  # f's own, as in NumPy
def test_convention_at_a_kink(kink, method):
    f, x, expected, _ = KINKS[kink]
    np.testing.assert_allclose(ad.grad(f, method=method)(x), expected, rtol=1e-14)


@pytest.fixture
def new_rows() -> Iterator[None]:
    """Rows that a test adds to the table are gone after it."""
    before = dict(primitives)
    yield
    primitives.clear()
    primitives.update(before)


SIGNED = A([[-1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [5.0, 5.0, 5.0]])


def nan_slope(x: Any) -> Any:
    """x again, with an honest nan as its derivative at 0."""
    return np.sqrt(x) ** 2


@pytest.mark.usefixtures("new_rows")
def test_masks_of_a_row_with_signs_do_not_cancel():
    signed = Linear("test_signed", lambda x: SIGNED @ x, transpose=lambda cotangent, x: SIGNED.T @ cotangent)

    def f(x):
        return np.sum(np.where([True, True, False], A([1.0, 2.0, 1.0]) * signed(x), 0.0)) + nan_slope(x[2])

    def g(x):
        return np.stack([*signed(x)[:2], nan_slope(x[2])])

    x = A([1.0, 2.0, 0.0])
    for method in EXACT:
        np.testing.assert_array_equal(ad.grad(f, method=method)(x), [1.0, -1.0, nan])
    np.testing.assert_array_equal(ad.jvp(g, (x,), (A([1.0, 2.0, 1.0]),))[1], [1.0, -1.0, nan])


@pytest.mark.usefixtures("new_rows")
@pytest.mark.parametrize("chunk", [1, 8])
def test_stacked_masks_of_a_dense_row_are_kept_apart(chunk):
    signed = Linear("test_signed", lambda x: SIGNED @ x, transpose=lambda cotangent, x: SIGNED.T @ cotangent)
    f = lambda x: np.sum(np.sqrt(signed(np.where([True, True, False], x, 0.0))[:2] - A([1.0, -1.0])))  # noqa: E731
    found = ad.grad(f, method=ad.Forward(chunk=chunk))(A([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(found, [nan, nan, 0.0])


def minors(x: Any) -> Any:
    """The derivative of the determinant by its inverse, as a determinant row would have it."""
    return np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2)


@pytest.mark.usefixtures("new_rows")
@pytest.mark.parametrize("method", [*EXACT, ad.Forward(chunk=1)])
def test_masks_need_no_rule_on_singular_numbers(method):
    det = General(
        "test_det",
        np.linalg.det,
        jvps=[lambda tangent, out, x: np.sum(minors(x) * tangent, axis=(-1, -2))],
        vjps=[lambda cotangent, out, x: cotangent[..., None, None] * minors(x)],
    )

    def f(x, y):
        return np.sum(np.where([True, False], det(x), 0.0)) + nan_slope(y)

    x = A([[[1.0, 2.0], [3.0, 5.0]], [[2.0, 0.0], [0.0, 4.0]]])
    slope_x, slope_y = ad.grad(f, (0, 1), method=method)(x, 0.0)
    np.testing.assert_allclose(slope_x, [[[5.0, -3.0], [-2.0, 1.0]], np.zeros((2, 2))], rtol=1e-12)
    assert np.isnan(slope_y)


@pytest.mark.parametrize("method", EXACT)
def test_masks_reach_the_imaginary_part(method):
    def f(x):
        root = np.sqrt(np.where(x > 0, x, 0.0))
        return np.sum(np.imag(root * 3j))

    np.testing.assert_array_equal(ad.grad(f, method=method)(A([0.0, 4.0])), [0.0, 0.75])


@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("kink", [name for name, (_, _, _, second) in KINKS.items() if second is not None])
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_second_derivative_at_a_kink(kink, outer, inner):
    f, x, _, expected = KINKS[kink]
    found = ad.grad(lambda x: np.sum(ad.grad(f, method=inner)(x)), method=outer)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("kind", [float, lambda x: A([x])], ids=["float", "array"])
def test_mixed_second_derivative_of_a_power_at_exponent_0_is_1_over_x(outer, inner, kind):
    x, y = kind(4.0), kind(0.0)
    by_x = ad.grad(lambda x, y: np.sum(x**y), 0, method=inner)
    by_y = ad.grad(lambda x, y: np.sum(x**y), 1, method=inner)
    assert ad.grad(lambda x, y: np.sum(by_x(x, y)), 1, method=outer)(x, y) == 0.25
    assert ad.grad(lambda x, y: np.sum(by_y(x, y)), 0, method=outer)(x, y) == 0.25


@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("kind", [float, lambda x: A([x])], ids=["float", "array"])
@pytest.mark.parametrize(("y", "expected"), [(1.0, -inf), (2.0, 0.0), (3.5, 0.0)])
def test_mixed_second_derivative_of_a_power_at_base_0(y, expected, outer, inner, kind):
    by_x = ad.grad(lambda x, y: np.sum(x**y), 0, method=inner)
    by_y = ad.grad(lambda x, y: np.sum(x**y), 1, method=inner)
    assert ad.grad(lambda x, y: np.sum(by_x(x, y)), 1, method=outer)(kind(0.0), kind(y)) == expected
    assert ad.grad(lambda x, y: np.sum(by_y(x, y)), 0, method=outer)(kind(0.0), kind(y)) == expected


@pytest.mark.parametrize("method", EXACT)
def test_powers_by_their_exponent(method):
    by_exponent = ad.grad(lambda y, x: np.sum(x**y), method=method)
    assert by_exponent(2.0, np.e) == pytest.approx(np.e**2)
    assert by_exponent(2.0, 0.0) == 0.0
    assert np.isnan(by_exponent(2.0, -1.0))
    np.testing.assert_array_equal(by_exponent(A([2.0, 3.0]), A([0.0, 1.0])), [0.0, 0.0])


@pytest.mark.parametrize("method", EXACT)
def test_remainder_counts_as_pythons_does(method):
    # 1.0 / 0.1 rounds to 10, and yet 1.0 % 0.1 is 0.09999999999999995 = 1.0 - 9 * 0.1.
    assert ad.grad(lambda y: 1.0 % y, method=method)(0.1) == -9.0
    assert ad.grad(lambda y: np.fmod(1.0, y), method=method)(0.1) == -9.0
    assert ad.grad(lambda y: np.fmod(-7.5, y), method=method)(2.0) == 3.0
    assert ad.grad(lambda y: -7.5 % y, method=method)(2.0) == 4.0


# == extremes ======================================================================================
BIG = A([-1e300, -800.0, -30.0, 0.0, 30.0, 800.0, 1e300])


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2),
        (lambda x: np.logaddexp(0, x), lambda x: np.where(x > 0, 1.0, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))),
        (lambda x: np.logaddexp(x, -x), np.tanh),
        (lambda x: np.exp(np.minimum(x, 5.0)), lambda x: np.where(x < 5.0, np.exp(np.minimum(x, 5.0)), 0.0)),
        (lambda x: np.arctan2(x, 1e300), lambda x: 1e300 / np.hypot(x, 1e300) / np.hypot(x, 1e300)),
        (np.arctan, lambda x: 1 / np.hypot(1, x) / np.hypot(1, x)),
        (np.arcsinh, lambda x: 1 / np.hypot(1, x)),
        (lambda x: np.hypot(x, 1e300), lambda x: x / np.hypot(x, 1e300)),
        (lambda x: np.expm1(-np.abs(x)), lambda x: -np.sign(x) * np.exp(-np.abs(x))),
    ],
)  # fmt: skip
def test_large_arguments_neither_warn_nor_overflow(f, expected, method):
    found = ad.grad(lambda x: np.sum(f(x)), method=method)(BIG)
    np.testing.assert_allclose(found, expected(BIG), rtol=1e-12, atol=1e-25)
    for x, wanted in zip(BIG, expected(BIG), strict=True):
        np.testing.assert_allclose(ad.grad(f, method=method)(float(x)), wanted, rtol=1e-12, atol=1e-25)


@pytest.mark.parametrize("method", EXACT)
def test_tiny_arguments_do_not_underflow(method):
    assert ad.grad(np.arctan2, method=method)(1e-200, 1e-200) == pytest.approx(0.5e200)
    assert ad.grad(np.hypot, method=method)(3e-200, 4e-200) == pytest.approx(0.6)
    assert ad.grad(np.log1p, method=method)(1e-200) == 1.0
    assert ad.grad(np.expm1, method=method)(1e-200) == 1.0
    assert ad.grad(np.logaddexp, method=method)(1e17, 1e17) == 0.5  # though log 2 is lost in the sum


# Both sides of the cuts of functions of complex numbers, which the sign of a zero tells apart.
SIDES = [complex(re, im) for re in (-3.0, 3.0) for im in (0.0, -0.0)] + [
    complex(re, im) for re in (0.0, -0.0) for im in (-3.0, 3.0)
]


@pytest.mark.parametrize(
    "f",
    [np.sqrt, np.log, np.log1p, np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh, lambda z: z**0.3],
    ids=lambda f: f.__name__,
)
def test_derivatives_on_cuts_are_those_of_the_side(f):
    for z in SIDES:
        along_real = z.imag == 0
        step = 1e-6 if along_real else 1e-6j
        ahead, behind = (
            complex(z.real + s * 1e-6, z.imag) if along_real else complex(z.real, z.imag + s * 1e-6) for s in (1, -1)
        )
        slope = (f(np.complex128(ahead)) - f(np.complex128(behind))) / (2 * step)
        _, pushed = ad.jvp(f, (z,), (1.0,))
        assert pushed == pytest.approx(slope, rel=1e-6), z


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("x", [inf, -inf, nan])
@each(ELEMENTWISE)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow):RuntimeWarning")
def test_values_at_inf_and_nan_are_numpys(row, x, method):
    i = arguments(row)[0]
    if row.name == "scipy.special.hyp1f1" and x == inf:
        pytest.skip("SciPy's function itself does not come back")
    args = list(points(row, 1)[0])
    args[i] = x
    for kind in (float, np.float64, lambda v: A([v])):
        call = tuple(map(kind, args))
        value, gradient = ad.value_and_grad(lambda *xs: np.sum(row.ufunc(*xs)), i, method=method)(*call)
        np.testing.assert_array_equal(value, np.sum(row.ufunc(*call)))
        assert np.shape(gradient) == np.shape(call[i])


@pytest.mark.parametrize("method", EXACT)
@each(ELEMENTWISE)
def test_warnings_are_those_of_f(row, method):
    """Where NumPy computes f without a warning its derivative comes without one, be it infinite or nan."""
    for args in itertools.product([-1.0, 0.0, 1.0, 2.0], repeat=row.ufunc.nin):
        for kind in (float, np.float64, lambda v: A([v])):
            call = tuple(map(kind, args))
            try:
                row.ufunc(*call)
            except RuntimeWarning:
                continue
            ad.grad(lambda *xs: np.sum(row.ufunc(*xs)), arguments(row), method=method)(*call)


@pytest.mark.parametrize("method", EXACT)
def test_python_floats_follow_numpys_arithmetic_at_poles(method):
    with np.errstate(all="ignore"):
        assert ad.value_and_grad(lambda x: 1.0 / x, method=method)(0.0) == (inf, -inf)
        assert ad.value_and_grad(lambda x: x**-1, method=method)(0.0) == (inf, -inf)
        assert ad.value_and_grad(lambda x: x**400.0, method=method)(1e3) == (inf, inf)
        value, gradient = ad.value_and_grad(lambda x: x**0.5, method=method)(-4.0)
    assert np.isnan(value)
    assert np.isnan(gradient)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays_have_empty_gradients(shape, method):
    empty = np.zeros(shape)
    for f in (
        np.sum,
        np.prod,
        lambda x: np.sum(np.exp(x) * x + 1),
        lambda x: np.sum(np.where(x > 0, x, 1 / x)),
        lambda x: np.sum(np.cumsum(x) ** 2),
        lambda x: np.sum(np.concatenate([x, x])),
        lambda x: np.sum(np.tensordot(x, np.zeros((shape[-1], 2)), 1)),
        lambda x: np.sum(np.diff(x, axis=0)) if shape[0] else np.sum(x),
        lambda x: np.sum(np.sum(x, axis=0)),
        lambda x: np.sum(x @ x.T),
    ):
        gradient = ad.grad(f, method=method)(empty)
        assert gradient.shape == shape
        assert gradient.dtype == float


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_small_floats_stay_small(dtype, method):
    x = A([0.5, 1.0, 2.0], dtype)
    for f in (
        lambda x: np.mean(x * x),
        lambda x: np.sum(np.maximum(x, 1) * 2.0),
        lambda x: np.max(x) + np.min(x),
        np.prod,
        lambda x: np.std(x),
        lambda x: np.sum(np.where(x > 1, x, 0) ** 2),
        lambda x: np.sum(np.concatenate([x, np.zeros(2, dtype)])),
        lambda x: np.dot(x, x[::-1]),
        lambda x: np.clip(x, 0, 1)[1],
    ):
        value, gradient = ad.value_and_grad(f, method=method)(x)
        assert value.dtype == f(x).dtype == gradient.dtype == dtype
        assert value == f(x)
        wide = ad.grad(f, method=method)(x.astype(float))
        np.testing.assert_allclose(gradient, wide, rtol=20 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("method", EXACT)
def test_mean_of_float16_does_not_overflow(method):
    value, gradient = ad.value_and_grad(np.mean, method=method)(np.full(1000, 100, np.float16))
    assert value == 100
    np.testing.assert_array_equal(gradient, np.full(1000, 0.001, np.float16))


@pytest.mark.parametrize("method", EXACT)
def test_a_product_of_many_factors_takes_few_steps(method):
    x = rng_for("product").uniform(0.9, 1.1, 5000)
    np.testing.assert_allclose(ad.grad(np.prod, method="reverse")(x), np.prod(x) / x, rtol=1e-12)


# == complex numbers ===============================================================================
Z = 0.6 - 0.8j

# Real functions of a real x through complex numbers, and their derivatives.
THROUGH_THE_PLANE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "abs(x + 2i)": (lambda x: np.abs(x + 2j), lambda x: x / np.hypot(x, 2.0)),
    "real(exp(ix))": (lambda x: np.real(np.exp(1j * x)), lambda x: -np.sin(x)),
    "imag(exp(ix))": (lambda x: np.imag(np.exp(1j * x)), np.cos),
    "z conj(z)": (lambda x: np.real((x + 1j) * np.conj(x + 1j)), lambda x: 2 * x),
    "abs(z)**2": (lambda x: np.abs(x * Z) ** 2, lambda x: 2 * x),
    "real(log(z))": (lambda x: np.real(np.log(x + 1j)), lambda x: x / (x * x + 1)),
    "imag(sqrt(z))": (lambda x: np.imag(np.sqrt(x + 1j)), lambda x: np.imag(0.5 / np.sqrt(x + 1j))),
    "real(1/z)": (lambda x: np.real(1 / (x + 1j)), lambda x: np.real(-1 / (x + 1j) ** 2)),
    "real(z**3)": (lambda x: np.real((x + 1j) ** 3), lambda x: np.real(3 * (x + 1j) ** 2)),
    "real(sign(z))": (lambda x: np.real(np.sign(x + 2j)), lambda x: 4 / np.hypot(x, 2.0) ** 3),
    "where": (
        lambda x: np.real(np.where(x > 0, (1 + 1j) * x, 3j * x) * Z),
        lambda x: np.where(x > 0, np.real((1 + 1j) * Z), np.real(3j * Z)),
    ),
    "real(arccosh(z)) left of the cut": (
        lambda x: np.real(np.arccosh(x - 5 + 1j)),
        lambda x: np.real(1 / (np.sqrt(x - 6 + 1j) * np.sqrt(x - 4 + 1j))),
    ),
    "real(arcsinh(z))": (lambda x: np.real(np.arcsinh(x + 1j)), lambda x: np.real(1 / np.sqrt(1 + (x + 1j) ** 2))),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", THROUGH_THE_PLANE)
def test_complex_intermediate_values_of_a_real_function(name, method):
    f, derivative = THROUGH_THE_PLANE[name]
    for x in (0.7, A([0.7, 1.3])):
        value, gradient = ad.value_and_grad(lambda x: np.sum(f(x)), method=method)(x)
        assert type(gradient) is type(x)
        np.testing.assert_allclose(value, np.sum(f(x)), rtol=4 * EPS)
        np.testing.assert_allclose(gradient, derivative(x), rtol=1e-13)


# Real functions u(x, y) of z = x + iy, and their gradients du/dx - i du/dy.
OF_THE_PLANE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "real": (np.real, lambda z: 1 + 0 * z),
    "imag": (np.imag, lambda z: -1j + 0 * z),
    "abs": (np.abs, lambda z: np.conj(z) / np.abs(z)),
    "abs squared": (lambda z: np.abs(z) ** 2, lambda z: 2 * np.conj(z)),
    "z conj(z)": (lambda z: np.real(z * np.conj(z)), lambda z: 2 * np.conj(z)),
    "real of an analytic function": (lambda z: np.real(np.exp(z) * z**2), lambda z: np.exp(z) * (z**2 + 2 * z)),
    "imag of an analytic function": (lambda z: np.imag(np.sin(z)), lambda z: -1j * np.cos(z)),
    "real part of a conjugate": (lambda z: np.real(np.conj(z) * Z), lambda z: np.conj(Z) + 0 * z),
    "norm": (lambda z: np.sum(np.linalg.norm(np.reshape(z, (-1, 1)), axis=1)), lambda z: np.conj(z) / np.abs(z)),
    "3-norm": (lambda z: np.sum(np.linalg.norm(np.reshape(z, (-1, 1)), 3, 1)), lambda z: np.conj(z) / np.abs(z)),
    "vdot with itself": (lambda z: np.real(np.vdot(z, z)), lambda z: 2 * np.conj(z)),
    "vecdot with a constant": (lambda z: np.real(np.vecdot(np.reshape(z, (-1, 1)), [Z])), lambda z: np.conj(Z) + 0 * z),
    "einsum": (lambda z: np.imag(np.einsum("...,...->...", z, z)), lambda z: -2j * z),
    "correlate": (lambda z: np.real(np.correlate([1.0], np.ravel(z), "full")), lambda z: 1 + 0 * z),
    "tanh of the length": (lambda z: np.tanh(np.abs(z)), lambda z: np.conj(z) / np.abs(z) / np.cosh(np.abs(z)) ** 2),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", OF_THE_PLANE)
def test_gradient_of_a_real_function_of_a_complex_number(name, method):
    f, gradient = OF_THE_PLANE[name]
    for z in (0.3 + 0.4j, np.complex128(0.3 - 0.4j), A([0.3 + 0.4j, -1.2 + 0.1j])):
        found = ad.grad(lambda z: np.sum(f(z)), method=method)(z)
        assert type(found) is type(z)
        np.testing.assert_allclose(found, gradient(z), rtol=1e-13)


@pytest.mark.parametrize("method", EXACT)
def test_complex_single_precision_stays_single(method):
    z = A([0.3 + 0.4j], np.complex64)
    assert ad.grad(lambda z: np.sum(np.abs(z)), method=method)(z).dtype == np.complex64


def test_products_of_complex_matrices_are_not_conjugated():
    rng = rng_for("complex matmul")
    a, b, u = (rng.standard_normal((2, 2)) + 1j * rng.standard_normal((2, 2)) for _ in range(3))
    _, pullback = ad.vjp(np.matmul, a, b)
    by_a, by_b = pullback(u)
    np.testing.assert_allclose(by_a, u @ b.T)
    np.testing.assert_allclose(by_b, a.T @ u)


# == what is refused ===============================================================================
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda x, out: np.sum(x, axis=0, out=out),
        lambda x, out: x.sum(0, None, out),
        lambda x, out: np.mean(x, axis=0, out=out),
        lambda x, out: np.max(x, axis=0, out=out),
        lambda x, out: np.cumsum(x[0], out=out),
        lambda x, out: np.dot(np.ones(2), x, out),
        lambda x, out: np.concatenate([x[0, :1], x[1, :2]], out=out),
        lambda x, out: np.stack([x[0, 0], x[0, 1], x[0, 2]], out=out),
        lambda x, out: np.take(x[0], [0, 1, 2], out=out),
        lambda x, out: np.exp(x[0], out=out),
        lambda x, out: np.var(x, axis=0, out=out),
        lambda x, out: np.std(x, axis=0, out=out),
        lambda x, out: np.outer(x[0, :1], x[1], out[None]),
    ],
)
def test_results_are_not_written_into_plain_arrays(f, method):
    out = np.zeros(3)
    with pytest.raises(ad.LostDerivative, match=r"test_primitives\.py"):
        ad.grad(lambda x: np.sum(f(x, out)), method=method)(X)
    np.testing.assert_array_equal(out, np.zeros(3))


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.pad(x, 1, lambda *args: None),
        lambda x: np.quantile(x, 0.5, weights=C, method="inverted_cdf"),
        lambda x: np.subtract.reduce(x),
        lambda x: np.exp(x, where=MASK),
        lambda x: np.divide.accumulate(x),
    ],
)
def test_what_has_no_rule_is_refused_by_name(f, method):
    with pytest.raises(ad.NoRule, match=r"test_primitives\.py"):
        ad.grad(lambda x: np.sum(f(x)), method=method)(X)


@pytest.mark.parametrize("method", EXACT)
def test_integers_made_of_traced_numbers_are_refused(method):
    with pytest.raises(ad.LostDerivative, match=r"ad\.value\(x\)\.astype\(int64\)"):
        ad.grad(lambda x: np.sum(x.astype(int)), method=method)(X)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_numpy_is_silent_within_a_rule_and_not_after_it(monkeypatch, elsewhere):
    if elsewhere:  # another NumPy, which keeps its settings in no variable of this name
        monkeypatch.setattr(table.contextvars, "copy_context", dict)
        variable, state = table._settings()
        monkeypatch.setattr(table, "_WARNINGS", variable)
        monkeypatch.setattr(table, "_NONE", state)
    assert table.quietly(np.log, 0.0) == -np.inf
    with pytest.raises(TypeError):
        table.quietly(np.log, None)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        np.log(0.0)
