"""What computations take, counted: exact numbers, the bounds of theory, and how costs grow. Nothing here is timed."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import adkit as ad
from adkit import costs
from adkit.calls import Call
from adkit.harness import Subject
from adkit.harness.counting import counts
from adkit.methods import Manual, Method

X = np.linspace(1.0, 2.0, 12).reshape(3, 4)
SQUARE = np.eye(6) + 0.1
ROW = np.arange(8.0)


def cost_of(fun, x):
    found = costs.of(lambda leaves: fun(leaves[0]), [x])
    assert found is not None
    return found


def found(method: str | Method, f, *args, derivative="gradient", argnums=0):
    return counts(ad.methods.resolve(method), Call(f, argnums, args), {}, derivative)


def of_problem(name: str, size: str, method: str) -> dict[str, float]:
    subject = Subject.of(ad.problems[name], size)
    chosen = subject.manual if method == "manual" else ad.methods.resolve(method)
    assert chosen is not None
    return counts(chosen, subject.call(), {}, subject.derivative)


# -- conventions -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fun", "x", "flops"),
    [
        (np.sin, X, 12),
        (lambda x: 2.0 * x + 1.0, X, 24),
        (lambda x: x[:, None] + x[None, :], ROW, 64),
        (np.sum, X, 12),
        (np.max, X, 12),
        (np.cumsum, ROW, 8),
        (np.mean, X, 12 + 1),
        (lambda x: x @ np.ones((4, 5)), X, 2 * 3 * 4 * 5),
        (lambda x: x @ np.ones(4), X, 2 * 3 * 4),
        (lambda x: x @ x, ROW, 2 * 8),
        (lambda x: np.dot(x, np.ones((4, 5))), X, 2 * 3 * 4 * 5),
        (lambda x: np.matmul(np.ones((7, 2, 3)), x), X, 7 * 2 * 2 * 3 * 4),
        (lambda x: np.einsum("ij,jk->ik", x, np.ones((4, 5))), X, 2 * 3 * 4 * 5),
        (lambda x: np.einsum("...i,i->...", x, np.ones(4)), X, 2 * 3 * 4),
        (lambda x: np.einsum("i,i,i->", x, x, x), ROW, 3 * 8),
        (np.linalg.det, SQUARE, 2 / 3 * 6**3),
        (np.linalg.inv, SQUARE, 2 * 6**3),
        (lambda x: np.linalg.solve(x, np.ones((6, 2))), SQUARE, 2 / 3 * 6**3 + 2 * 6 * 12),
        (np.linalg.cholesky, SQUARE, 6**3 / 3),
        (np.linalg.eigvalsh, SQUARE, 4 / 3 * 6**3),
        (lambda x: np.linalg.inv(np.stack([x, x, x])), SQUARE, 3 * 2 * 6**3),
        (np.fft.fft, ROW, 5 * 8 * 3),
        (lambda x: np.convolve(x, np.ones(3)), ROW, 2 * 8 * 3),
        (lambda x: np.hypot(x, 1.0), ROW, 8),
    ],
)
def test_flops_by_the_books(fun, x, flops):
    assert cost_of(fun, x).flops == math.ceil(flops)


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: x.T.reshape(-1)[::2],
        lambda x: np.concatenate([x, x]),
        lambda x: np.where(x > 1.5, x, 0.0),
        lambda x: np.floor(x),
        lambda x: np.argsort(x, axis=0),
        lambda x: np.broadcast_to(x, (2, 3, 4)),
        lambda x: x,
    ],
)
def test_what_only_moves_or_compares_takes_no_flops(fun):
    assert cost_of(fun, X).flops == 0


def test_operations_count_an_array_as_one_and_what_depends_on_no_input_as_none():
    assert cost_of(lambda x: np.sin(x) * np.exp(np.ones((3, 4))), X) == costs.Cost(operations=2, flops=24)
    assert cost_of(lambda x: 1.0, 2.0) == costs.Cost(0, 0)


def test_code_that_takes_no_traced_numbers_has_no_known_cost():
    assert costs.of(lambda leaves: math.sin(leaves[0]), [1.0]) is None
    row = found("numerical", math.sin, 1.0)
    assert (row["flops"], row["f_flops"], row["primitive_ops"], row["passes"]) == (None, None, None, 3)


def test_counting_leaves_no_trace_behind():
    kept = []
    costs.of(lambda leaves: kept.append(leaves[0]) or leaves[0], [1.0])
    with pytest.raises(ad.EscapedValue):
        2 * kept[0]


# -- exact numbers -----------------------------------------------------------------------------------
def test_the_counts_of_the_smallest_problem():
    # f = x1 x2 + sin(x1) takes 3; reverse adds cos, three products with a cotangent, one sum of two shares.
    names = ("passes", "primitive_ops", "f_ops", "flops", "f_flops", "bound", "tape_length")
    methods = ("reverse", "forward(chunk=1)", "symbolic", "numerical", "manual")
    rows = {method: of_problem("bivariate", "", method) for method in methods}
    assert {method: tuple(row[name] for name in names) for method, row in rows.items()} == {
        "reverse": (1, 8, 3, 8, 3, 5, 3),
        "forward(chunk=1)": (2, 11, 3, 11, 3, 8, None),
        "symbolic": (1, 5, 3, 5, 3, 5, None),
        "numerical": (5, 15, 3, 15, 3, 5, None),
        "manual": (1, 5, 3, 5, 3, None, None),
    }


@pytest.mark.parametrize("n", [2, 4, 12, 40])
def test_the_counts_of_the_logistic_map(n: int):
    # A step 4 x (1 - x) takes 3 operations, and 5 more for its derivative: 4 dx, -dx, two products, a sum.
    steps = n - 1
    for method, each in (("reverse", 8), ("forward", 8)):
        row = of_problem("logistic_map", str(n), method)
        assert (row["flops"], row["primitive_ops"], row["f_flops"]) == (each * steps, each * steps, 3 * steps)
    assert of_problem("logistic_map", str(n), "reverse")["tape_length"] == 3 * steps
    assert of_problem("logistic_map", str(n), "manual")["flops"] == 7 * steps


def test_shared_formulas_grow_linearly_and_written_out_they_double():
    rows = [of_problem("logistic_map", str(n), "symbolic") for n in range(4, 60)]
    nodes, trees = ([row[name] for row in rows] for name in ("expression_nodes", "tree_nodes"))
    assert set(np.diff(nodes)) == {8}
    ratios = [b / a for a, b in pairwise(trees)]
    assert min(ratios) > 2
    assert max(ratios) < 5
    assert trees[0] == 146
    assert of_problem("logistic_map", "4", "reverse")["expression_nodes"] is None


def test_a_formula_is_counted_as_far_as_numbers_can_be_drawn():
    assert of_problem("logistic_map", "1200", "symbolic")["tree_nodes"] == 10**300


def test_a_naive_formula_is_as_large_as_its_tree():
    row = of_problem("logistic_map", "4", "symbolic(cse=False)")
    assert row["expression_nodes"] == row["tree_nodes"] == row["flops"]
    assert row["flops"] > 4 * of_problem("logistic_map", "4", "symbolic")["flops"]
    assert row["bound"] is None


# -- theory ------------------------------------------------------------------------------------------
PLACES = [
    *(("bivariate", ""), ("logistic_map", "4"), ("logistic_map", "30"), ("logistic_map_closed", "6")),
    *(("logistic_regression", "100x10"), ("logistic_regression", "3x50"), ("mlp", "2-4-1x4"), ("mlp", "6-5-4-3x7")),
    *(("rosenbrock", "2"), ("rosenbrock", "40"), ("recurrent", "4x10"), ("recurrent", "9x30")),
    *(("sine_layer", "10x10"), ("sine_layer", "3x20"), ("sine_layer", "20x3")),
]


@pytest.mark.parametrize(
    "method", ["forward", "forward(chunk=1)", "forward(chunk=3)", "reverse", "numerical", "symbolic"]
)
@pytest.mark.parametrize(("name", "size"), PLACES)
def test_no_method_takes_more_than_theory_allows(name: str, size: str, method: str):
    row = of_problem(name, size, method)
    assert row["f_flops"] < row["flops"] <= row["bound"] * row["f_flops"]


@pytest.mark.parametrize("name", ["logistic_regression", "rosenbrock", "mlp"])
def test_the_gradient_backwards_is_cheap_whatever_the_number_of_inputs(name: str):
    sizes = {"logistic_regression": "100x{}", "rosenbrock": "{}", "mlp": "{}-4-1x4"}[name]
    for n in (10, 100, 1000):
        row = of_problem(name, sizes.format(n), "reverse")
        assert row["bound"] == 5
        assert row["flops"] <= 3 * row["f_flops"]


def test_forward_and_differences_grow_with_the_number_of_inputs_and_reverse_with_that_of_outputs():
    def multiples(method: str, sizes: list[str]) -> list[float]:
        rows = [of_problem("sine_layer", size, method) for size in sizes]
        return [row["flops"] / row["f_flops"] for row in rows]

    wide, tall = ["8x8", "16x8", "32x8"], ["8x8", "8x16", "8x32"]
    for method, grows, stays in (
        ("forward(chunk=1)", wide, tall),
        ("numerical(scheme='forward')", wide, tall),
        ("reverse", tall, wide),
    ):
        first, second, third = multiples(method, grows)
        assert third - second == pytest.approx(2 * (second - first), rel=0.1)
        assert max(multiples(method, stays)) < 1.2 * min(multiples(method, stays))


def test_a_loop_over_elements_takes_backwards_no_more_than_its_share():
    def f(x):
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))

    rows = [found("reverse", f, np.linspace(1.0, 2.0, n)) for n in (5, 9, 17)]
    assert [row["flops"] / row["f_flops"] < 3 for row in rows] == [True] * 3
    flops = [row["flops"] for row in rows]
    assert flops[2] - flops[1] == 2 * (flops[1] - flops[0])


def test_branches_are_not_counted_as_if_they_were_differentiated_twice():
    def f(x):
        return np.sum(np.where(x > 0, x * x, 0.0) * np.maximum(x, 0.5))

    row = found("reverse", f, np.linspace(-1.0, 2.0, 10))
    assert row["flops"] <= 3 * row["f_flops"]


# -- forward in passes -------------------------------------------------------------------------------
@pytest.mark.parametrize("chunk", [1, 2, 5, 7, 64])
def test_passes_that_are_alike_are_counted_once(chunk: int):
    from adkit.methods import traced

    subject = Subject.of(ad.problems["mlp"], "3-4-2x5")
    call, n = subject.call(), 3 * 4 + 4 + 4 * 2 + 2
    total = costs.Cost()
    for start in range(0, n, chunk):
        one = costs.tally(lambda counter, start=start: traced._one_pass(call, start, min(start + chunk, n), counter))
        assert one is not None
        total = total.plus(one)
    assert ad.Forward(chunk=chunk).cost(call, {}) == total
    assert ad.Forward(chunk=chunk).passes(call) == -(-n // chunk)


def test_a_sweep_of_each_output_takes_the_same():
    one = found("reverse", lambda x: (np.sin(x), np.sum(x)), np.ones(4), derivative="jacobian")
    assert (one["passes"], one["bound"]) == (5, 21)
    assert one["flops"] == 8 + 4 * (4 + 4) + 0  # sin and sum; cos and a product for each row of sin; sum spreads


# -- other methods -----------------------------------------------------------------------------------
def test_somebody_else_s_code_is_counted_where_it_takes_numbers_that_count():
    ad.methods.register("own", lambda f, argnums: lambda x: 2 * x)
    try:
        row = found("own", lambda x: np.sum(x * x), np.ones(3))
        assert (row["flops"], row["bound"], row["tape_bytes"]) == (3 + 6, None, None)
    finally:
        ad.methods.unregister("own")
    assert found(Manual(lambda x: math.cos(x)), np.sin, 1.0)["flops"] is None


def test_a_method_that_would_have_to_be_run_slowly_is_only_counted_with_patience():
    class Own(Method):
        name = "own"

        def value_and_gradient(self, call, cache):
            return ad.Reverse().value_and_gradient(call, cache)

    call = Call(np.sum, 0, (np.ones(3),))
    assert counts(Own(), call, {}, patient=False)["flops"] is None
    assert counts(Own(), call, {})["flops"] == 3
    assert counts(ad.Reverse(), call, {}, patient=False)["flops"] == 3


def test_another_engine_has_no_known_cost():
    pytest.importorskip("autograd")
    row = found("autograd", lambda x: np.sum(x * x), np.ones(3))
    assert (row["flops"], row["primitive_ops"], row["f_flops"]) == (None, None, 6)


@pytest.mark.parametrize("name", ["forward", "reverse", "symbolic", "numerical"])
def test_counts_repeat_exactly(name: str):
    assert of_problem("mlp", "2-4-1x4", name) == of_problem("mlp", "2-4-1x4", name)


def test_counting_changes_nothing():
    subject = Subject.of(ad.problems["recurrent"], "4x10")
    before = subject.args[0].copy()
    counts(ad.Reverse(), subject.call(), {})
    assert np.array_equal(subject.args[0], before)
