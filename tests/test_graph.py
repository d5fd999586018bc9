"""A recorded computation as data: it computes what f computes, and knows where f would decide otherwise."""

from __future__ import annotations

import numpy as np
import pytest

import adkit as ad
from adkit.graph import Node, record
from adkit.tracing import Box

X = np.array([0.3, -1.2, 2.0])


def vector(leaves):
    (x,) = leaves
    return np.sum(np.sin(x) * x) / (1 + x[0])


@pytest.mark.parametrize(
    "fun",
    [
        vector,
        lambda leaves: leaves[0] @ np.arange(9.0).reshape(3, 3),
        lambda leaves: {"a": leaves[0] + 1, "b": [leaves[0][1:], 3.0]},
        lambda leaves: np.concatenate([leaves[0], np.ones(2)]),
        lambda leaves: np.array([leaves[0][0], 2.0 * leaves[0][1]]),
    ],
)
def test_a_graph_computes_what_f_computes(fun):
    graph = record(fun, [X])
    for x in (X, X + 0.25):
        outputs, holds = graph.evaluate([x])
        expected = fun([x])
        leaves = [expected["a"], *expected["b"]] if isinstance(expected, dict) else [expected]
        assert holds
        for found, wanted in zip(outputs, leaves, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_nodes_come_in_the_order_of_evaluation_and_name_their_arguments():
    graph = record(lambda leaves: np.exp(leaves[0]) * leaves[0] + 2.0, [0.5])
    assert [node.primitive.name for node in graph.nodes] == ["exp", "multiply", "add"]
    exp, product, total = graph.nodes
    assert exp.args == (graph.inputs[0],)
    assert product.args == (exp, graph.inputs[0])
    assert total.args == (product, 2.0)
    assert graph.outputs == [total]
    assert [node.index for node in graph.nodes] == [1, 2, 3]


def test_values_are_kept_with_their_nodes():
    graph = record(vector, [X])
    assert graph.outputs[0].value == vector([X])
    assert graph.inputs[0].shape == (3,)


def test_a_branch_is_a_decision():
    graph = record(lambda leaves: leaves[0] ** 2 if leaves[0] > 0 else -leaves[0], [1.0])
    assert [node.primitive.name for node in graph.decisions] == ["greater"]
    assert graph.evaluate([3.0]) == ([9.0], True)
    assert graph.evaluate([-3.0]) == ([], False)
    assert graph.decides_alike([3.0])
    assert not graph.decides_alike([-3.0])


@pytest.mark.parametrize(
    ("fun", "there", "elsewhere"),
    [
        (lambda x: x * np.floor(x), 1.5, 2.5),
        (lambda x: x * int(x), 1.5, 2.5),
        (lambda x: x * round(x), 1.2, 1.7),
        (lambda x: x * round(x, 1), 1.21, 1.27),
        (lambda x: x if bool(x) else x + 1, 1.0, 0.0),
        (lambda x: max(x, 1.0), 2.0, 0.5),
        (lambda x: x * ad.value(x), 2.0, 3.0),
        (lambda x: x * np.sign(x), 2.0, -2.0),
    ],
)
def test_whatever_f_reads_of_a_number_is_a_decision(fun, there, elsewhere):
    graph = record(lambda leaves: fun(leaves[0]), [there])
    assert graph.decisions
    assert graph.decides_alike([there])
    assert not graph.decides_alike([elsewhere])


def test_a_decision_about_nan_can_be_made_again():
    graph = record(lambda leaves: leaves[0] * np.floor(leaves[0]), [np.nan])
    assert graph.decides_alike([np.nan])
    assert not graph.decides_alike([1.0])


def test_what_no_decision_depends_on_is_not_computed_for_it():
    calls = []

    def f(leaves):
        x, y = leaves
        return np.exp(y) if x > 0 else y

    graph = record(f, [1.0, 2.0])
    exp = graph.nodes[0].primitive
    compute = exp.compute
    exp.compute = lambda args, params: calls.append(args) or compute(args, params)
    try:
        assert graph.decides_alike([2.0, 3.0])
        assert not calls
        graph.evaluate([2.0, 3.0])
        assert len(calls) == 1
    finally:
        del exp.compute


def test_constants_are_kept_as_they_were_when_they_were_used():
    buffer = np.zeros(3)

    def f(leaves):
        total = 0.0
        for i in range(3):
            buffer[:] = i
            total = total + np.sum(leaves[0] * buffer)
        return total

    graph = record(f, [X])
    buffer[:] = 100.0
    assert graph.evaluate([X])[0] == [pytest.approx(3 * X.sum())]


def test_a_mask_that_f_changes_is_decided_alike_all_the_same():
    def f(leaves):
        mask = leaves[0] > 0
        mask[0] = False
        return np.sum(leaves[0][mask])

    graph = record(f, [X])
    assert graph.evaluate([X]) == ([2.0], True)


def test_an_output_without_influence_is_a_constant():
    graph = record(lambda leaves: [3.0, leaves[0]], [1.0])
    assert graph.outputs[0] == 3.0
    assert isinstance(graph.outputs[1], Node)


def test_the_recorder_is_closed_when_f_has_run_or_raised():
    escaped = []

    def f(leaves):
        escaped.append(leaves[0])
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        record(f, [1.0])
    with pytest.raises(ad.EscapedValue):
        escaped[0] + 1


def test_graphs_of_gradients_can_be_recorded():
    graph = record(lambda leaves: ad.grad(lambda x: x**3)(leaves[0]), [2.0])
    assert graph.evaluate([3.0])[0] == [pytest.approx(27.0)]


def test_numbers_of_an_outer_transformation_stay_traced():
    seen = []

    def f(y):
        graph = record(lambda leaves: leaves[0] * y, [2.0])
        seen.append(graph.nodes[0].args[1])
        return graph.evaluate([3.0])[0][0]

    assert ad.grad(f)(5.0) == 3.0
    assert isinstance(seen[0], Box)
