"""The symbolic method: programs from graphs, SymPy's derivatives, kinks, digits, budgets and swell."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

import adkit as ad
from adkit.containers import flatten, unflatten
from adkit.errors import ExpressionTooLarge, NoRule, OutputError
from adkit.primitives import Elementwise, General, primitives
from adkit.problems import problems
from adkit.symbolic import MAX_OPS, derive
from adkit.symbolic.derivation import Derivation
from adkit.symbolic.functions import expression
from adkit.tracing import Box

# Those of a library's functions are tested where they are.
ROWS = [row for row in primitives.values() if isinstance(row, Elementwise) and "." not in row.name]
SMOOTH = [row for row in ROWS if row.name not in ("maximum", "minimum", "fmax", "fmin")]


def logistic_map(n: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        for _ in range(n - 1):
            x = 4 * x * (1 - x)
        return x

    return f


def derived(f: Callable[..., Any], *leaves: Any, **options: Any) -> Derivation:
    """The derivation of f at these arguments; f may warn there, its derivative may not."""
    with np.errstate(all="ignore"):
        return derive(lambda ls: f(*ls), leaves, **options)


def gradient(f: Callable[..., Any], *leaves: Any, **options: Any) -> Any:
    """The derivatives of f by each argument; the only one, if there is one argument."""
    found = derived(f, *leaves, **options).gradient(leaves)
    assert found is not None
    return found[1] if len(leaves) > 1 else found[1][0]


def points(row: Elementwise, count: int) -> np.ndarray:
    """Arguments of a row in its domain, where it is smooth."""
    rng = np.random.default_rng(0)
    return rng.uniform(*row.domain, (count, len(row.partials)))


def formula(row: Elementwise) -> Callable[..., Any]:
    """The formula of a row in mpmath: neither the table's partials nor the symbolic method's code."""
    names = sympy.symbols("x y", real=True)[: len(row.partials)]
    return sympy.lambdify(names, sympy.parse_expr(row.formula, dict(zip("xy", names, strict=False))), "mpmath")


# The table


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_formula_is_the_function_that_numpy_computes(row: Elementwise):
    for args in points(row, 5):
        found = derived(row, *args.tolist()).gradient(args.tolist())
        assert found is not None
        np.testing.assert_allclose(found[0], row.ufunc(*args), rtol=2e-14)


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.name)
def test_first_derivatives_are_those_of_the_formula_to_30_digits(row: Elementwise):
    for args in points(row, 2).tolist():
        found = derived(row, *args).reference(args, 40)
        assert found is not None
        with mpmath.workdps(80):
            for i, slope in enumerate(found[1]):
                order = tuple(int(i == j) for j in range(len(args)))
                expected = mpmath.diff(formula(row), tuple(args), order)
                assert abs(slope - expected) <= 1e-30 * (1 + abs(expected))


@pytest.mark.parametrize("row", SMOOTH, ids=lambda row: row.name)
def test_second_derivatives_are_those_of_the_formula(row: Elementwise):
    (args,) = points(row, 1).tolist()
    found = derived(row, *args, order=2).hessian(args)
    assert found is not None
    with mpmath.workdps(80):
        for i in range(len(args)):
            for j in range(len(args)):
                order = tuple(int(i == k) + int(j == k) for k in range(len(args)))
                expected = float(mpmath.diff(formula(row), tuple(args), order))
                assert found[i][j] == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_functions_that_go_by_a_name_of_their_own_have_the_formula_of_the_table(row: Elementwise):
    x, y = sympy.symbols("{0} {1}", real=True)
    difference = sympy.expand_func(expression(row.name, row.formula)) - sympy.parse_expr(row.formula, {"x": x, "y": y})
    assert difference == 0


# The problems, against their hand-derived gradients


@pytest.mark.parametrize("cse", [True, False])
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("bivariate", ()),
        ("logistic_map", 4),
        ("logistic_map", 7),
        ("logistic_map_closed", 5),
        ("logistic_regression", "8x3"),
        ("mlp", "2-4-1x4"),
    ],
)
def test_the_problems_have_their_hand_derived_gradients(name: str, size: Any, cse: bool):
    problem = problems[name]
    args = problem.arguments(size)
    assert problem.value_and_gradient is not None
    positions = problem.argnums if isinstance(problem.argnums, tuple) else (problem.argnums,)
    leaves, structure = flatten([args[i] for i in positions])

    def f(*leaves: Any) -> Any:
        parts = dict(zip(positions, unflatten(structure, leaves), strict=True))
        return problem.f(*(parts.get(i, arg) for i, arg in enumerate(args)))

    found = derived(f, *leaves, cse=cse).gradient(leaves)
    value, by_hand = problem.value_and_gradient(*args)
    assert found is not None
    assert found[0] == pytest.approx(value, rel=1e-13)
    for slope, expected in zip(found[1], flatten(by_hand)[0], strict=True):
        np.testing.assert_allclose(slope, expected, rtol=1e-11, atol=1e-14)


# Arrays


LINEAR: dict[str, Callable[[Any], Any]] = {
    "index": lambda x: x[1],
    "index array": lambda x: x[[0, 0, 1], [2, 2, 0]],
    "slice": lambda x: x[::-1, 1:],
    "sum": np.sum,
    "sum along an axis": lambda x: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x: np.mean(x, axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "reshape and transpose": lambda x: np.reshape(x.T, (1, 6)),
    "broadcast": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "concatenate": lambda x: np.concatenate([x, 2 * x], axis=1),
    "stack": lambda x: np.stack([x[0], np.zeros(3), x[1]]),
    "array of scalars": lambda x: np.array([x[0, 0], 3 * x[1, 2]]),
    "where": lambda x: np.where(np.eye(2, 3) > 0, x, -x),
    "matrix times": lambda x: np.array([[0.1, 2.0], [3.0, 0.3]]) @ x,
    "times matrix": lambda x: x @ np.array([0.1, 0.0, 1.0]),
    "astype": lambda x: x.astype(float),
    "container": lambda x: {"a": x[0], "b": [x, (x[1, 1],)]},
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_function_is_its_own_derivative(name: str):
    f = LINEAR[name]
    x = np.random.default_rng(0).normal(size=(2, 3))
    derivation = derived(f, x)
    found = derivation.jacobian([x])
    assert found is not None
    expected, structure = flatten(f(x))
    assert derivation.output_structure == structure
    for out, (block,), y in zip(*found, expected, strict=True):
        np.testing.assert_allclose(out, y, rtol=1e-14)
        assert np.shape(block) == (*np.shape(y), 2, 3)
        np.testing.assert_allclose(np.tensordot(block, x, 2), y, rtol=1e-13)


def test_a_matrix_product_is_linear_in_each_factor():
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(2, 3)), rng.normal(size=(4, 3, 2))
    found = derived(np.matmul, A, x).jacobian([A, x])
    assert found is not None
    (out,), ((by_first, by_second),) = found
    np.testing.assert_allclose(out, A @ x, rtol=1e-13)
    np.testing.assert_allclose(np.tensordot(by_first, A, 2), A @ x, rtol=1e-13)
    np.testing.assert_allclose(np.tensordot(by_second, x, 3), A @ x, rtol=1e-13)


def test_a_product_of_all_elements_is_differentiated_through_zeros():
    np.testing.assert_array_equal(gradient(np.prod, np.array([2.0, 0.0, 3.0])), [0.0, 6.0, 0.0])


def test_the_hessian_of_a_quadratic_form():
    A = np.random.default_rng(0).normal(size=(3, 3))
    x, y = np.ones(3), np.full(3, 2.0)
    found = derived(lambda x, y: x @ A @ y + y @ y, x, y, order=2).hessian([x, y])
    assert found is not None
    for block, expected in zip([b for row in found for b in row], [0 * A, A, A.T, 2 * np.eye(3)], strict=True):
        np.testing.assert_allclose(block, expected, atol=1e-15)


def test_the_hessian_of_a_chain_is_that_of_the_published_polynomial():
    # Baydin et al. (2018), Table 1: l4' = 64 (1 - 42x + 504x^2 - 2640x^3 + 7040x^4 - 9984x^5 + 7168x^6 - 2048x^7)
    slope = 64 * np.polynomial.Polynomial([1, -42, 504, -2640, 7040, -9984, 7168, -2048])
    found = derived(logistic_map(4), 0.2, order=2).hessian([0.3])
    assert found == [[pytest.approx(slope.deriv()(0.3), rel=1e-12)]]


def test_what_f_does_not_use_has_derivative_zero_in_its_shape():
    found = derived(lambda x, y: 3 * x, 2.0, np.ones((2, 2))).gradient([2.0, np.ones((2, 2))])
    assert found is not None
    assert found[1][0] == 3.0
    np.testing.assert_array_equal(found[1][1], np.zeros((2, 2)))


def test_a_constant_function_has_derivative_zero():
    assert derived(lambda x: 7, 2.0).gradient([2.0]) == (7.0, [0.0])


def test_numbers_come_back_as_floats():
    found = derived(lambda x: np.maximum(x, 0), -1.0).gradient([-1.0])
    assert found == (0.0, [0.0])
    assert type(found[0]) is type(found[1][0]) is float


# Kinks and poles


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.abs, 0.0, 0.0),
        (lambda x: np.maximum(x, 0), 0.0, 0.5),
        (lambda x: np.minimum(x, x**2), 1.0, 1.5),
        (lambda x: np.max(np.stack([x, 2 * x, 3 * x])), 0.0, 2.0),
        (lambda x: np.min(np.stack([x, x, 3 + x])), 0.0, 1.0),
        (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
        (lambda x: np.hypot(x, 2 * x), 0.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**1, 0.0, 1.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x**2.5, 0.0, 0.0),
        (lambda x: x**np.pi, 0.0, 0.0),
        (lambda x: 0.0**x, 1.0, 0.0),
        (lambda x: x % 0.75, 1.0, 1.0),
        (lambda x: np.fmod(x, 0.75), 0.0, 1.0),
        (lambda x: np.sign(x) * x, 0.0, 0.0),
        (lambda x: np.floor(x) * x, 2.5, 2.0),
        (lambda x: np.sum(np.where(np.stack([x, x]) > 0, np.sqrt(x), 0.0)), 0.0, 0.0),
        (np.sqrt, 0.0, math.inf),
        (np.cbrt, 0.0, math.inf),
        (lambda x: 1 / x, 0.0, -math.inf),
        (np.sqrt, -1.0, math.nan),
        (lambda x: np.exp(x) * 1e-300, 800.0, math.inf),
        (lambda x: np.logaddexp(0, x), 800.0, 1.0),
        (lambda x: np.log1p(np.expm1(x)), 1e-20, 1.0),
    ],
)
@pytest.mark.parametrize("cse", [True, False])
def test_the_conventions_at_kinks_and_poles(f: Callable[[Any], Any], x: float, slope: float, cse: bool):
    assert gradient(f, x, cse=cse) == pytest.approx(slope, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sqrt(np.maximum(x, 0.0)), -1.0),
        (lambda x: np.maximum(np.sqrt(x), 1.0), 0.0),
        (lambda x: np.maximum(np.sin(np.sqrt(x)) + 1, 2.0), 0.0),
    ],
)
def test_what_a_maximum_did_not_choose_contributes_exactly_0(f: Callable[[Any], Any], x: float):
    assert gradient(f, x) == 0.0


def test_a_number_that_merely_computes_to_zero_hides_no_pole():
    assert math.isnan(gradient(lambda x: np.sqrt(x) ** 2, 0.0))
    assert math.isnan(gradient(lambda x: np.maximum(np.sqrt(x), -1.0) ** 2, 0.0))


@pytest.mark.parametrize("y", [0.0, 1.0, 2.0])
def test_a_power_with_both_arguments_free_has_the_derivatives_of_one_with_a_fixed_exponent(y: float):
    free = derived(lambda x, y: x**y, 0.0, y, order=2)
    fixed = derived(lambda x: x**y, 0.0, order=2)
    assert gradient(lambda x, y: x**y, 0.0, y)[0] == gradient(lambda x: x**y, 0.0)
    assert free.hessian([0.0, y])[0][0] == fixed.hessian([0.0])[0][0]  # type: ignore[index]


def test_the_mixed_second_derivative_of_a_power_at_exponent_zero():
    found = derived(lambda x, y: x**y, 2.0, 0.0, order=2).hessian([2.0, 0.0])
    assert found is not None
    assert found[0][1] == found[1][0] == 0.5


def test_second_derivatives_at_jumps_are_zero():
    found = derived(lambda x: np.abs(x) + np.maximum(x, 0) + x % 1.0, 0.0, order=2).hessian([0.0])
    assert found == [[0.0]]


# Decisions


def relu(x: Any) -> Any:
    return 2 * x if x > 0 else -x


def test_a_derivation_holds_for_the_branch_that_was_taken():
    derivation = derived(relu, 1.0)
    assert derivation.gradient([3.0]) == (6.0, [2.0])
    assert derivation.gradient([-3.0]) is None
    assert derivation.jacobian([-3.0]) is None
    assert derivation.hessian([-3.0]) is None
    assert derivation.reference([-3.0]) is None


def test_which_element_is_the_largest_is_a_decision_and_so_are_ties():
    derivation = derived(np.max, np.array([1.0, 3.0, 2.0]))
    found = derivation.gradient([np.array([5.0, 7.0, 6.0])])
    assert found is not None
    np.testing.assert_array_equal(found[1][0], [0.0, 1.0, 0.0])
    assert derivation.gradient([np.array([9.0, 7.0, 6.0])]) is None
    assert derivation.gradient([np.array([7.0, 7.0, 6.0])]) is None
    np.testing.assert_array_equal(gradient(np.max, np.array([7.0, 7.0, 6.0])), [0.5, 0.5, 0.0])


def test_an_elementwise_maximum_is_no_decision():
    derivation = derived(lambda x: np.maximum(x, 1 - x), 1.0)
    assert derivation.gradient([-3.0]) == (4.0, [-1.0])


# Digits


def test_published_values_of_the_logistic_map():
    value, slopes = derived(logistic_map(4), 0.2).gradient([0.2])  # type: ignore[misc]
    assert value == pytest.approx(112896 / 390625, rel=1e-15)
    assert slopes == pytest.approx([708288 / 78125], rel=1e-15)


def test_the_reference_has_50_digits_and_takes_the_float_as_it_is():
    x = Fraction(0.2)
    exact = 64 * (1 - 2 * x) * (1 - 8 * x + 8 * x**2) * (2 * (1 - 8 * x + 8 * x**2) ** 2 - 1)
    _, (slope,) = derived(logistic_map(4), 0.2).reference([0.2], 50)  # type: ignore[misc]
    with mpmath.workdps(60):
        error = abs(slope - mpmath.mpf(exact.numerator) / exact.denominator)
        assert error < mpmath.mpf(10) ** -47


def test_no_constant_is_rounded_on_the_way_to_the_digits():
    def f(x: Any) -> Any:
        return 0.1 * x + np.cbrt(x) / 3 + np.deg2rad(x)

    value, (slope,) = derived(f, 8.0).reference([8.0], 60)  # type: ignore[misc]
    with mpmath.workdps(60):
        tenth = mpmath.mpf(0.1)
        assert abs(slope - (tenth + mpmath.mpf(1) / 36 + mpmath.pi / 180)) < mpmath.mpf(10) ** -58
        assert abs(value - (8 * tenth + mpmath.mpf(2) / 3 + 8 * mpmath.pi / 180)) < mpmath.mpf(10) ** -57


def test_the_reference_of_an_array_is_an_array_of_mpmath_numbers():
    x = np.array([[1.0, 2.0]])
    found = derived(lambda x: np.sum(x**3), x).reference([x])
    assert found is not None
    assert found[1][0].shape == (1, 2)
    assert found[1][0].tolist() == [[mpmath.mpf(3), mpmath.mpf(12)]]


# Size


def test_long_chains_stay_flat():
    def f(x: Any) -> Any:
        for _ in range(2500):
            x = x + 0.001 * np.sin(x)
        return x

    x, slope = 0.5, 1.0
    for _ in range(2500):
        x, slope = x + 0.001 * math.sin(x), slope * (1 + 0.001 * math.cos(x))
    derivation = derived(f, 0.5)
    assert len(derivation.program.steps) > 5000
    value, slopes = derivation.gradient([0.5])  # type: ignore[misc]
    assert value == pytest.approx(x, rel=1e-12)
    assert slopes == pytest.approx([slope], rel=1e-12)


def fail(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("the refusal came too late")


def test_what_is_too_large_is_refused_before_a_step_is_made_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adkit.symbolic.program.Builder._step", fail)
    image = problems["mlp"]
    (W, b), last = (params := image.arguments("16384-4-1x4")[0])
    _, X, y = image.arguments("16384-4-1x4")
    with pytest.raises(ExpressionTooLarge) as refusal:
        derive(lambda leaves: image.f([(leaves[0], leaves[1]), last], X, y), [W, b])
    message = str(refusal.value)
    assert "530,9" in message
    assert f"max_ops={MAX_OPS:,}" in message
    assert "ad.Symbolic(max_ops=600_000)" in message
    assert len(params) == 2


def test_neither_importing_nor_refusing_loads_sympy():
    code = (
        "import sys, numpy as np, adkit.symbolic as s\n"
        "try: s.derive(lambda l: np.sum(np.sin(l[0])), [np.ones(10**6)])\n"
        "except s.ExpressionTooLarge: print('sympy' in sys.modules)"
    ).replace("s.ExpressionTooLarge", "ValueError")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.outer(x, x)),
        lambda x: x @ np.ones((20, 20)) @ x,
        lambda x: np.broadcast_to(x, (300, 20)),
        lambda x: np.concatenate([x] * 200),
    ],
)
def test_every_kind_of_operation_counts(f: Callable[[Any], Any]):
    with pytest.raises(ExpressionTooLarge):
        derived(f, np.ones(20), max_ops=300)


def test_derivatives_that_grow_beyond_bounds_are_stopped():
    derivation = derived(np.prod, np.ones(30), max_ops=100)
    with pytest.raises(ExpressionTooLarge, match=r"take over 1,000 .*10 times max_ops=100.*Symbolic\(max_ops=400\)"):
        derivation.prepare(2)


def test_the_work_on_many_terms_is_proportional_to_their_number():
    A = np.random.default_rng(0).random(MAX_OPS // 10)
    derivation = derived(lambda x: np.sum(np.sin(x) * np.exp(x) * A), A)
    assert derivation.operations <= 12 * A.size
    slopes = derivation.gradient([A])[1][0]  # type: ignore[index]
    np.testing.assert_allclose(slopes, A * np.exp(A) * (np.sin(A) + np.cos(A)), rtol=1e-13)


def test_a_jacobian_of_too_many_entries_is_refused():
    with pytest.raises(ExpressionTooLarge, match="are 1,000,000 numbers"):
        derived(np.sin, np.ones(1000))


def test_many_outputs_of_one_input_cost_no_more_than_they_need():
    derivation = derived(lambda x: np.sin(x * np.arange(10_000)), 1.0)
    (_, ((block,),)) = derivation.jacobian([1.0])  # type: ignore[misc]
    assert derivation.operations <= 4 * 10_000
    np.testing.assert_allclose(block, np.arange(10_000) * np.cos(np.arange(10_000)), rtol=1e-12)


# Swell


def test_expressions_swell_and_programs_do_not():
    swells = [derived(logistic_map(n), 0.2).swell() for n in range(1, 9)]
    assert [swell.tree for swell in swells] == [0, 3, 8, 18, 38, 78, 158, 318]
    assert [swell.tree_derivative for swell in swells] == [0, 2, 21, 82, 264, 768, 2096, 5472]
    assert [swell.shared for swell in swells] == [3 * n for n in range(8)]
    assert set(np.diff([swell.shared_derivative for swell in swells[1:]])) == {8}


def test_expressions_for_people_to_read():
    derivation = derived(lambda x, y: x * y[1] + np.log1p(y[0]) ** x, 2.0, np.array([3.0, 5.0]))
    assert str(derivation.expression(["a", "b"])) == "a*b[1] + log(b[0] + 1)**a"
    by_a, by_b = derivation.derivative(["a", "b"])
    assert str(by_a) == "b[1] + log(b[0] + 1)**a*log(log(b[0] + 1))"
    assert [str(slope) for slope in by_b] == ["a*log(b[0] + 1)**(a - 1)/(b[0] + 1)", "a"]
    assert str(derived(lambda x: 0.3 * x**2, 1.0).derivative()) == "[0.6*x]"


def test_the_naive_code_is_one_expression_per_derivative():
    derivation = derived(logistic_map(5), 0.2, cse=False)
    assert derivation.operations == 38 + 264
    assert derivation.source.count("=") == 2
    assert derivation.gradient([0.3])[1][0] == pytest.approx(gradient(logistic_map(5), 0.3), rel=1e-13)  # type: ignore[index]
    assert derivation.hessian([0.3])[0][0] == pytest.approx(  # type: ignore[index]
        derived(logistic_map(5), 0.3).hessian([0.3])[0][0],  # type: ignore[index]
        rel=1e-12,
    )


@pytest.mark.parametrize("n", [11, 40, 6000])
def test_trees_that_are_too_large_are_refused_before_they_are_differentiated(n: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sympy, "diff", fail)
    monkeypatch.setattr(sympy.Expr, "diff", fail)
    with pytest.raises(ExpressionTooLarge, match=r"one expression, takes about .*use method='symbolic'"):
        derived(logistic_map(n), 0.2, cse=False)


@pytest.mark.parametrize("n", [100, 1000])
def test_what_is_nested_too_deeply_for_one_expression_is_refused(n: int):
    def f(x: Any) -> Any:
        for _ in range(n):
            x = np.sin(x)
        return x

    with pytest.raises(ExpressionTooLarge, match="nested too deeply"):
        derived(f, 0.5, cse=False)
    assert gradient(f, 0.5) == pytest.approx(math.prod(math.cos(x) for x in sines(0.5, n)), rel=1e-12)


def sines(x: float, n: int) -> list[float]:
    """x, sin(x), sin(sin(x)), ..."""
    found = [x]
    for _ in range(n - 1):
        found.append(math.sin(found[-1]))
    return found


def test_subexpressions_are_shared():
    once = derived(lambda x: np.sin(x), 1.0).operations
    assert derived(lambda x: np.sin(x) + np.sin(x), 1.0).operations <= once + 3


# Values of an outer transformation


@pytest.mark.parametrize("method", ["forward", "reverse", "symbolic"])
def test_other_methods_differentiate_symbolic_derivatives(method: str):
    def slope(x: Any) -> Any:
        return gradient(lambda x: np.sin(x) ** 3 + np.abs(x) * np.maximum(x, 0.5), x)

    assert ad.grad(slope, method=method)(1.2) == pytest.approx(
        6 * math.sin(1.2) * math.cos(1.2) ** 2 - 3 * math.sin(1.2) ** 3 + 2, rel=1e-13
    )


@pytest.mark.parametrize("method", ["forward", "reverse", "symbolic"])
def test_other_methods_differentiate_symbolic_gradients_of_arrays(method: str):
    x = np.random.default_rng(0).normal(size=(2, 2))
    found = ad.jacobian(lambda x: gradient(lambda x: np.sum(np.exp(x) * x.T), x), method=method)(x)
    hessian = derived(lambda x: np.sum(np.exp(x) * x.T), x).hessian([x])
    assert hessian is not None
    np.testing.assert_allclose(found, hessian[0][0], rtol=1e-13)


@pytest.mark.parametrize("method", ["forward", "reverse", "symbolic"])
def test_traced_values_that_f_reads_from_outside_are_constants_for_one_use(method: str):
    def slope(t: Any) -> Any:
        derivation = derived(lambda x: np.sum(x**2 * t), np.array([3.0, 1.0]))
        assert derivation.single_use == isinstance(t, Box)
        return derivation.gradient([np.array([3.0, 1.0])])[1][0][0]  # type: ignore[index]

    assert slope(2.0) == 12.0
    assert ad.grad(slope, method=method)(2.0) == 6.0


# Refusals


def test_a_gradient_takes_one_number():
    derivation = derived(lambda x: x, np.ones(2))
    with pytest.raises(OutputError, match="returned 2"):
        derivation.gradient([np.ones(2)])


def test_complex_numbers_are_refused():
    with pytest.raises(NoRule, match="real numbers"):
        derived(lambda x: np.abs(x * 1j), 2.0)


def test_an_operation_without_a_scalar_formula_is_refused_by_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("adkit.primitives.table.primitives", dict(primitives))
    solve = General("solve", lambda x: np.linalg.inv(x), [lambda t, out, x: t], [lambda t, out, x: t])
    with pytest.raises(NoRule, match=r"cannot take solve apart .*method='reverse'"):
        derived(lambda x: np.sum(solve(x)), np.eye(2))


def test_a_remainder_is_that_of_the_floats_also_where_their_quotient_rounds_up() -> None:
    derivation = derive(lambda leaves: leaves[0] % leaves[1], [1.0, 0.1])
    assert derivation.gradient([1.0, 0.1]) == (1.0 % 0.1, [1.0, -9.0])


def test_a_norm_has_no_second_derivative_at_the_origin() -> None:
    derivation = derive(lambda leaves: np.hypot(*leaves), [0.0, 0.0], order=2)
    assert derivation.gradient([0.0, 0.0])[1] == [0.0, 0.0]
    assert np.isnan(np.ravel(derivation.hessian([0.0, 0.0]))).all()


def test_a_function_that_generated_code_has_no_name_for_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adkit.primitives.table.primitives", dict(primitives))
    row = Elementwise(np.frompyfunc(float, 1, 1), "airyai(x)", 1)
    with pytest.raises(NoRule, match="no code for airyai"):
        derive(lambda leaves: row(leaves[0]), [1.0])
