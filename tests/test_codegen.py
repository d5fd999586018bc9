"""Generated code says what eager evaluation says, with few operations, few arrays, and memory of its own."""

from __future__ import annotations

import math
import sys
import threading
import tracemalloc
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from programs.generator import alone, available, numbered

import adkit as ad
from adkit.codegen import MISS, Static
from adkit.codegen.chunks import LONGEST
from adkit.codegen.entry import entry
from adkit.codegen.generate import generate
from adkit.codegen.simplify import in_order, simplify
from adkit.containers import flatten, unflatten
from adkit.graph import Graph
from adkit.problems import mlp
from adkit.staging import stage


def is_traced(x):
    return isinstance(x, (float, complex, np.ndarray, np.generic))


class Compiled:
    """A function of arguments, recorded and compiled at some of them."""

    def __init__(self, fun, *args):
        self.fun, self.args = fun, args
        flat = [flatten(arg) for arg in args]
        self.leaves = [x for found, _ in flat for x in found]
        self.structures = [structure for _, structure in flat]
        self.traced = [x for x in self.leaves if is_traced(x)]
        self.graph = stage(self._rebuilt, self.traced)
        templates, self.output = flatten(fun(*args))
        self.program = generate(self.graph, templates, native=False)
        self.source = self.program.source

    def _rebuilt(self, boxes):
        given = iter(boxes)
        leaves = iter([next(given) if is_traced(x) else x for x in self.leaves])
        return self.fun(*[unflatten(s, [next(leaves) for _ in flatten_count(s)]) for s in self.structures])

    def link(self):
        leaves = [x if is_traced(x) else Static(x) for x in self.leaves]
        return entry(self.program, self.structures, leaves, self.output)

    def entry(self):
        return self.link()(lambda *args: MISS)

    def __call__(self, *args):
        return self.entry()(*args)


def flatten_count(structure):
    return range(1 if structure is None else sum(len(flatten_count(part)) for part in structure.parts))


def gradient(f, *args, argnums=0):
    """The value and gradient of f, compiled at these arguments."""
    return Compiled(ad.value_and_grad(f, argnums), *args)


def assert_same(found, expected, rtol=1e-12):
    """The same structure, types, dtypes, shapes and, up to rounding, numbers."""
    mine, structure = flatten(found)
    eager, wanted = flatten(expected)
    assert structure == wanted
    for x, y in zip(mine, eager, strict=True):
        assert type(x) is type(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-12 * max(1.0, np.max(np.abs(y), initial=0.0)))


def operations(fun, *leaves):
    """The names of the operations left of a function, in order."""
    return [node.primitive.name for node in in_order(simplify(stage(lambda boxes: fun(*boxes), list(leaves))))]


VECTOR = np.array([0.5, -1.25, 2.0])


# -- the problems ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(ad.problems))
def test_the_problems(name):
    problem = ad.problems[name]
    args = problem.arguments()
    derivative = ad.value_and_grad if np.size(problem.f(*args)) == 1 else ad.jacobian
    compiled = Compiled(derivative(problem.f, problem.argnums), *args)
    assert_same(compiled(*args), compiled.fun(*args), rtol=1e-9)


def test_the_hand_derived_gradients():
    for size in ("2-4-1x4", "16384-4-1x4", "9-8-7-6x5"):
        args = ad.problems["mlp"].arguments(size)
        compiled = gradient(ad.problems["mlp"].f, *args)
        assert_same(compiled(*args), ad.problems["mlp"].f.__hand_derived__(*args), rtol=1e-9)


# -- passes ----------------------------------------------------------------------------------------
def test_products_with_one_and_repeated_operations_go():
    assert operations(ad.value_and_grad(lambda x, y: x * y + np.sin(x), (0, 1)), 2.0, 5.0) == [
        "multiply",
        "sin",
        "add",
        "cos",
        "add",
    ]
    assert operations(lambda x: np.sin(x) * np.sin(x) + np.sin(x), VECTOR) == ["sin", "multiply", "add"]


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: x * 1,
        lambda x: 1.0 * x,
        lambda x: x / 1,
        lambda x: x - 0.0,
        lambda x: np.negative(-x),
        lambda x: x**1,
        lambda x: x.copy(),
        lambda x: np.real(x),
        lambda x: x.reshape(3, 1).reshape(3),
        lambda x: np.transpose(x.reshape(3, 1).T).reshape(3),
        lambda x: np.broadcast_to(x, (3,)),
        lambda x: np.sum(x, axis=()),
    ],
)
def test_what_changes_nothing_is_nothing(fun):
    assert operations(fun, VECTOR) == []


def test_a_zero_may_change_a_sign():
    compiled = Compiled(lambda x: x + 0.0, -0.0)
    assert math.copysign(1, compiled(-0.0)) == 1
    assert operations(lambda x: x - 0.0, 1.0) == []


def test_signs_and_constant_factors_meet():
    assert operations(lambda x, y: x + -y, VECTOR, VECTOR) == ["subtract"]
    assert operations(lambda x: 0.5 * np.sin(x) * np.cos(x) * 4.0, VECTOR) == ["sin", "cos", "multiply", "multiply"]
    assert operations(lambda x, y: 0.25 * np.sin(x) - 0.25 * y, VECTOR, VECTOR)[-2:] != ["multiply", "multiply"]
    assert operations(lambda x: -(3.0 * x), 2.0) == ["multiply"]
    assert operations(lambda x: x / 4, 2.0) == ["multiply"]
    assert operations(lambda x: x / 3, 2.0) == ["divide"]


def test_what_nobody_needs_is_not_computed():
    f = ad.problems["logistic_regression"].f
    both = operations(ad.value_and_grad(f), *ad.problems["logistic_regression"].arguments("8x3"))
    alone_ = operations(ad.grad(f), *ad.problems["logistic_regression"].arguments("8x3"))
    assert "logaddexp" in both
    assert "logaddexp" not in alone_
    assert len(alone_) < len(both)


def test_a_gradient_by_elements_is_built_as_one_array():
    def f(x):
        return sum(x[i] * x[i - 1] for i in range(len(x)))

    for n in (4, 40):
        names = operations(ad.grad(f), np.linspace(0.1, 1, n))
        assert names.count("assemble") == 1
        assert "scatter" not in names
        assert len(names) <= 5 * n
    x = np.linspace(0.1, 1, 40)
    compiled = gradient(f, x)
    assert compiled.source.count("array([") == 1
    assert_same(compiled(x), compiled.fun(x))


def test_parts_of_a_gradient_are_added_in_place():
    def f(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = np.linspace(-1, 1, 9)
    compiled = gradient(f, x)
    assert compiled.source.count("zeros(") == 1
    assert_same(compiled(x), compiled.fun(x))


def test_a_sum_of_elements_and_arrays():
    def f(x):
        return x[2] * np.sum(x * x) + x[-1] * x[0] + np.sum(x[[0, 0, 1]] ** 3)

    compiled = gradient(f, VECTOR)
    assert_same(compiled(VECTOR + 1), compiled.fun(VECTOR + 1))


# -- scalars ---------------------------------------------------------------------------------------
def test_a_program_of_scalars_has_no_numpy_in_it():
    compiled = gradient(ad.problems["logistic_map"].f, 0.2, 4)
    assert "errstate" not in compiled.source
    assert not [x for x in compiled.program.code.namespace.values() if isinstance(x, np.ufunc)]


@pytest.mark.parametrize(
    "fun",
    [np.sin, np.tanh, np.exp2, np.expm1, np.cbrt, np.arctan, np.square, np.sign, np.floor, np.rint, np.fabs]
    + [lambda x, f=f: f(x, 0.75) for f in (np.maximum, np.fmin, np.hypot, np.logaddexp, np.power, np.arctan2)]
    + [lambda x: np.where(x > 0.3, x, -x), lambda x: abs(x) % 0.2, lambda x: 1.0 if x > 0.5 else x, np.deg2rad],
)
def test_functions_of_one_number(fun):
    compiled = Compiled(fun, 0.6)
    for x in (0.6, 0.75, 0.9):
        assert_same(compiled(x), fun(x), rtol=1e-15)


@pytest.mark.parametrize(
    ("f", "here", "there"),
    [
        (lambda x: np.log(x), 2.0, 0.0),
        (lambda x: np.exp(x), 2.0, 1e4),
        (lambda x: 1 / x, 2.0, 0.0),
        (lambda x: x**0.5, 2.0, -1.0),
        (lambda x: np.sin(x), 2.0, np.inf),
    ],
)
def test_where_math_raises_the_program_gives_up(f, here, there):
    compiled = Compiled(f, here)
    assert compiled.program.run(here) is not None
    assert compiled.program.run(there) is None
    assert compiled(there) is MISS


def test_names_of_math_and_numpy_do_not_meet():
    def f(x, y):
        return np.sum(np.exp(x) * np.exp(y) + np.log(y) * np.sqrt(x))

    args = 0.5, np.array([1.0, 2.0])
    compiled = gradient(f, *args, argnums=(0, 1))
    assert_same(compiled(*args), compiled.fun(*args))


# -- what must hold --------------------------------------------------------------------------------
def test_a_decision_that_comes_out_otherwise_gives_up():
    compiled = gradient(lambda x: x * x if x > 1 else -x, 2.0)
    assert_same(compiled(3.0), (9.0, 6.0))
    assert compiled(0.5) is MISS
    assert compiled(math.nan) is MISS


def test_decisions_about_arrays():
    compiled = gradient(lambda x: np.sum(x[x > 0] ** 2), VECTOR)
    assert_same(compiled(VECTOR * 2), compiled.fun(VECTOR * 2))
    assert compiled(-VECTOR) is MISS


def test_a_nan_in_a_derivative_gives_up():
    compiled = gradient(lambda x: np.sum(np.where(x > 0, np.sqrt(x), x)), np.array([1.0, 4.0]))
    assert "isnan" in compiled.source
    assert_same(compiled(np.array([1.0, 9.0])), compiled.fun(np.array([1.0, 9.0])))
    assert compiled(np.array([0.0, 9.0])) is MISS


def test_elements_of_arrays_in_one_buffer_are_told_apart():
    def f(x):
        y = np.sin(x)
        early = [y[0], y[1], y[2]]
        z = np.cos(y)
        late = [z[0], z[1], z[2]]
        u = np.tanh(z)
        return early[0] * late[1] + early[2] * late[0] + u[0] * u[1] * u[2] * early[1] * late[2]

    compiled = Compiled(f, VECTOR)
    assert buffers(compiled) == 1
    assert_same(compiled(VECTOR), f(VECTOR))
    assert_same(gradient(f, VECTOR)(VECTOR), ad.value_and_grad(f)(VECTOR))


def test_elements_are_read_before_their_buffer_is_used_again():
    def f(x):
        y = np.sin(x)
        first = y[0]
        return np.sum(np.exp(np.cos(y) * y)) * first

    compiled = Compiled(f, VECTOR)
    assert_same(compiled(VECTOR), f(VECTOR))


# -- memory ----------------------------------------------------------------------------------------
def buffers(compiled):
    """How many arrays a program keeps between its calls."""
    first = next((line for line in compiled.source.splitlines() if "= w = take()" in line), "")
    return first.count("b")


def test_a_chain_of_operations_runs_in_one_buffer():
    def f(x):
        for _ in range(20):
            x = np.tanh(0.5 * x + 0.25)
        return np.sum(x)

    assert buffers(Compiled(f, VECTOR)) == 1


def test_the_buffers_of_a_deep_network_grow_with_its_layers_and_not_with_its_operations():
    args = ad.problems["mlp"].arguments("8-8-8-8x8")
    compiled = gradient(ad.problems["mlp"].f, *args)
    assert compiled.program.operations > 40
    assert buffers(compiled) <= 9


def test_an_output_is_computed_in_its_own_array():
    compiled = Compiled(lambda x: np.sin(x) * 2.0 + 1.0, VECTOR)
    assert buffers(compiled) == 0
    assert "array(" not in compiled.source


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: x,
        lambda x: (x, x),
        lambda x: x[1:],
        lambda x: x.T,
        lambda x: np.ones(3),
        lambda x: (np.sin(x), np.sin(x)),
        lambda x: np.broadcast_to(np.sum(x), (3,)),
        lambda x: (np.sin(x).reshape(3, 1), np.sin(x)[:2]),
        lambda x: [np.exp(x), np.exp(x) + 1, np.exp(x) * np.exp(x)],
        ad.grad(lambda x: np.sum(x)),
        ad.grad(lambda x: np.sum(x @ np.ones((3, 3)))),
    ],
)
def test_outputs_share_memory_with_nothing(fun):
    x = VECTOR.copy()
    compiled = Compiled(fun, x)
    run = compiled.entry()
    first, _ = flatten(run(x))
    expected = [np.array(out) for out in first]
    for out in first:
        assert out.flags.writeable
        out[...] = np.nan
    np.testing.assert_array_equal(x, VECTOR)
    for out, wanted in zip(flatten(run(x))[0], expected, strict=True):
        np.testing.assert_array_equal(out, wanted)
    for k, out in enumerate(flatten(run(x))[0]):
        assert not any(np.shares_memory(out, other) for other in flatten(run(x))[0][:k])


def test_a_tall_gradient_is_computed_as_a_wide_one():
    problem = ad.problems["mlp"]
    args = problem.arguments("16384-4-1x32")
    compiled = gradient(problem.f, *args)
    assert compiled.source.count("'F')") == 1
    assert_same(compiled(*args), problem.f.__hand_derived__(*args), rtol=1e-9)


def test_threads_share_a_program():
    args = ad.problems["mlp"].arguments("6-5-4x8")
    compiled = gradient(ad.problems["mlp"].f, *args)
    run = compiled.entry()
    points = [([(W * scale, b) for W, b in args[0]], *args[1:]) for scale in np.linspace(0.5, 2, 8)]
    expected = [run(*point) for point in points]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(200):
            if not all(map(np.array_equal, flatten(run(*points[k]))[0], flatten(expected[k])[0])):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(points))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- types -----------------------------------------------------------------------------------------
def f_of_types(x):
    return np.sum(np.abs(np.tanh(0.5 * x) * x + 1) ** 2) * 2


@pytest.mark.parametrize(
    "x",
    [
        VECTOR.astype(np.float32),
        VECTOR.astype(np.float16),
        VECTOR + 1j,
        np.array(0.5),
        np.float64(0.5),
        np.float32(0.5),
        np.zeros(0),
        np.zeros((0, 3)),
        np.ones((2, 1, 2)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(3, 4)[::2, ::-1],
    ],
    ids=lambda x: f"{x.dtype}{x.shape}",
)
def test_other_types_shapes_and_layouts(x):
    compiled = gradient(f_of_types, x)
    rtol = {np.dtype(np.float16): 1e-2, np.dtype(np.float32): 1e-5}.get(np.asarray(x).dtype, 1e-12)
    assert_same(compiled(x), compiled.fun(x), rtol)


def test_numbers_of_two_precisions():
    def f(x, y):
        return np.sum(x * y) * np.float32(0.1) + np.sum(np.float64(0.1) * x)

    args = VECTOR.astype(np.float32), VECTOR
    compiled = gradient(f, *args, argnums=(0, 1))
    assert_same(compiled(*args), compiled.fun(*args), rtol=1e-6)


def test_any_operation_runs_by_what_its_row_computes():
    def f(x):
        return np.sum(np.linalg.inv(np.outer(x, x) + np.eye(3)) @ np.cumsum(x)) + np.prod(np.sort(x))

    compiled = gradient(f, VECTOR)
    assert_same(compiled(VECTOR + 0.1), compiled.fun(VECTOR + 0.1), rtol=1e-9)


# -- long programs ---------------------------------------------------------------------------------
def logistic(x, n):
    for _ in range(n):
        x = 2.5 * x * (1 - x)
    return x


def test_the_length_of_a_program_is_linear_in_its_operations():
    lengths = [len(gradient(logistic, 0.3, n).program.code.lines) for n in (50, 100, 200)]
    assert lengths[2] - lengths[1] == 2 * (lengths[1] - lengths[0])


def test_a_long_program_is_functions_of_bounded_length():
    compiled = gradient(logistic, 0.3, 6000)
    functions = compiled.program.code.functions
    assert len(functions) > 3
    assert max(function.count("\n") for function in functions) < LONGEST
    assert_same(compiled(0.3, 6000), compiled.fun(0.3, 6000), rtol=1e-9)


def test_arrays_and_their_buffers_pass_from_function_to_function():
    def f(x):
        first = np.sin(x)
        for _ in range(LONGEST):
            x = 0.5 * np.sin(x) + 0.25
        return np.sum(x * first)

    compiled = Compiled(f, VECTOR)
    assert len(compiled.program.code.functions) > 1
    assert_same(compiled(VECTOR), f(VECTOR))


def test_a_hundred_thousand_operations():
    graph = stage(lambda leaves: logistic(leaves[0], 33_400), [0.3])
    assert len(graph.nodes) > 100_000
    (found,) = generate(graph, [0.5], native=False).run(0.3)
    assert math.isclose(found, logistic(0.3, 33_400))


# -- the entry -------------------------------------------------------------------------------------
class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


@pytest.mark.parametrize(
    "arg",
    [
        [1.0, 2.0],
        (1.0, [VECTOR, VECTOR]),
        {"w": VECTOR, "b": 2.0},
        Pair(1.5, VECTOR),
        Layer(VECTOR, 0.5),
        [[(VECTOR, 1.0)], {"a": [2.0]}],
    ],
)
def test_containers_are_taken_apart_and_built(arg):
    compiled = gradient(lambda c: sum(np.sum(x * x) for x in flatten(c)[0]), arg)
    assert_same(compiled(arg), compiled.fun(arg))
    assert compiled([arg]) is MISS
    assert compiled(arg, arg) is MISS
    assert compiled() is MISS


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (2.0, [2, np.float64(2.0), "2", None]),
        (VECTOR, [VECTOR[:2], VECTOR.astype(np.float32), VECTOR[None], list(VECTOR), 2.0]),
        (np.float64(2.0), [2.0, np.float32(2.0)]),
        ([1.0, 2.0], [(1.0, 2.0), [1.0], [1.0, 2], [1.0, 2.0, 3.0]]),
        ({"a": 1.0, "b": 2.0}, [{"a": 1.0}, {"a": 1.0, "c": 2.0}, [1.0, 2.0]]),
    ],
)
def test_arguments_of_another_kind_miss(good, bad):
    compiled = Compiled(lambda c: sum(np.sum(x * x) for x in flatten(c)[0]), good)
    assert compiled(good) is not MISS
    assert [compiled(x) for x in bad] == [MISS] * len(bad)


@pytest.mark.parametrize("static", [3, "text", None, True, math.sin, (), b"x"])
def test_static_arguments_must_be_equal_and_of_their_type(static):
    compiled = Compiled(lambda x, s: x * 2, 2.0, static)
    assert compiled(2.0, static) == 4.0
    assert compiled(2.0, object()) is MISS
    assert compiled(2.0, 3.0) is MISS


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1.0,), {}), ((1.0, 2, [3]), {}), ((1.0, 2.0), {"x1": 3}), ((-1.0, 2.0), {})]
)
def test_what_an_entry_misses_it_hands_on(args, kwargs):
    link = Compiled(lambda x, y: x * y if x > 0 else y, 2.0, 3.0).link()
    first = link(link(lambda *args, **kwargs: (args, kwargs)))
    assert first(*args, **kwargs) == (args, kwargs)
    assert first(4.0, 5.0) == 20.0


def test_what_is_called_behind_an_entry_runs_as_if_alone():
    def otherwise(x):
        assert np.geterr()["divide"] == "raise"
        assert sys.exc_info()[0] is None
        raise ZeroDivisionError("its own")

    enter = Compiled(lambda x: np.log(x) * np.sum(x), np.abs(VECTOR)).link()(otherwise)
    with np.errstate(divide="raise"), pytest.raises(ZeroDivisionError, match="its own") as error:
        enter(VECTOR[:1])
    assert error.value.__context__ is None


def test_the_source_reads_as_python():
    compiled = gradient(lambda x, y: x * y + np.sin(x), 2.0, 5.0, argnums=(0, 1))
    assert compiled.source == (
        "def run(x1, x2):\n"
        "    try:\n"
        "        return (float64(x1 * x2 + sin(x1)), cos(x1) + x2, x1)\n"
        "    except (ArithmeticError, ValueError):\n"
        "        return None"
    )


def test_generating_leaves_the_graph_as_it_was():
    graph: Graph = stage(lambda leaves: ad.grad(lambda x: np.sum(x[0] * x))(*leaves), [VECTOR])
    before = [(node.index, node.primitive, node.args) for node in graph.nodes]
    generate(graph, [VECTOR], native=False)
    assert [(node.index, node.primitive, node.args) for node in graph.nodes] == before


# -- programs that nobody wrote --------------------------------------------------------------------
def total_of(f):
    """The value and gradient of the sum of what f returns."""
    return lambda *args: sum(np.sum(np.real(x)) for x in flatten(f(*args))[0])


def copied(leaves):
    return [np.copy(x) if isinstance(x, np.ndarray) else x for x in leaves]


def at_another_point(program, seed):
    """Whether compiled code ran at another point than that of its recording, and was right."""
    f, args = program.compiled(), program.point()
    leaves, structure = flatten(tuple(args))
    if any(np.asarray(x).dtype != float for x in leaves):
        return None
    fun = ad.value_and_grad(total_of(lambda *xs: f(*unflatten(structure, xs))), tuple(range(len(leaves))))
    rng = np.random.default_rng(seed)
    there = [x + 0.05 * rng.standard_normal(np.shape(x)) for x in leaves]
    with np.errstate(all="ignore"):
        try:
            templates, expected = flatten(fun(*copied(leaves)))[0], flatten(fun(*copied(there)))[0]
            graph = stage(lambda boxes: fun(*boxes), leaves)
        except (ad.AdkitError, np.linalg.LinAlgError, ValueError, ZeroDivisionError):
            return None
    run = generate(graph, templates, native=False).run
    assert run(*leaves) is not None
    for found, template in zip(run(*leaves), templates, strict=True):
        np.testing.assert_allclose(found, template, rtol=1e-8, atol=1e-10)
    found = run(*there)
    if found is None:
        return False
    for mine, eager in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, eager, rtol=1e-8, atol=1e-10)
    return True


@pytest.mark.parametrize("row", [row for row in available() if "custom" not in row.text], ids=lambda row: row.text)
def test_every_operation_at_another_point(row):
    for program in alone(row, 3):
        at_another_point(program, 1)
        return


def test_random_programs_at_other_points():
    found = [at_another_point(numbered(seed), seed) for seed in range(8, 150)]
    assert found.count(True) > 60


# -- memory of the workspace -----------------------------------------------------------------------
def workspace_bytes(f, *args):
    """What the buffers of a compiled function take up."""
    compiled = ad.compile(f)
    compiled(*args)
    arrays = compiled.program.code.namespace["take"]()
    owners = {id(array.base): array.base for array in arrays}
    return sum(owner.nbytes for owner in owners.values())


@pytest.mark.parametrize(
    ("layers", "batch", "buffers"),
    # Two for each hidden layer, which the sweep writes over; four for the outputs of the last.
    [
        ((784, 128, 64, 10), 128, 2 * 128 * (128 + 64) + 4 * 128 * 10),
        ((64, 64, 64, 64, 64, 64, 64, 64, 1), 64, 2 * 7 * 64 * 64 + 4 * 64),
    ],
)
def test_products_that_are_outputs_come_early_and_let_buffers_go(layers, batch, buffers):
    args = mlp.point(layers, batch, rng=np.random.default_rng(0))
    assert workspace_bytes(ad.value_and_grad(mlp.mlp), *args) <= 8 * buffers


def test_outputs_that_are_read_again_come_in_order():
    """A product that is an output and an operand of a later one, and transposes of both."""

    def f(a, b):
        first = a @ b
        second = first.T @ np.tanh(b)
        third = second @ first.T
        return first, third, np.sin(second), second

    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 40, 40))
    compiled = ad.compile(f)
    for _ in range(3):
        for mine, wanted in zip(compiled(a, b), f(a, b), strict=True):
            np.testing.assert_allclose(mine, wanted, rtol=1e-12, atol=1e-12)
        a, b = b, a
    assert compiled.recordings == 1


def test_native_code_is_given_up_before_large_products_are_written_out():
    args = mlp.point((64, 64, 64, 64, 64, 64, 64, 64, 1), 64, rng=np.random.default_rng(0))
    compiled = ad.compile(ad.value_and_grad(mlp.mlp))
    ad.compile(ad.value_and_grad(mlp.mlp))(*args)  # what is imported when it is needed
    tracemalloc.start()
    try:
        compiled(*args)
        assert tracemalloc.get_traced_memory()[1] < 6e6  # ten times the arguments
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("x", [2.0, -2.0, 0.0, -0.0, np.inf, -np.inf])
def test_the_sign_of_a_number_is_that_of_numpy(x):
    graph = stage(lambda leaves: ad.grad(np.abs)(leaves[0]), [0.5])
    assert generate(graph, [1.0], native=False).run(x) == (np.sign(x),)
