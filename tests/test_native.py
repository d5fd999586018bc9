"""Native code: NumPy's numbers bit by bit, what is refused, and builtins that count references as they should."""

from __future__ import annotations

import gc
import itertools
import platform
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from programs.generator import alone, available, numbered

import adkit as ad
from adkit.codegen import MISS, Static, native
from adkit.codegen.generate import generate
from adkit.codegen.native import abi, engine, loader, lowering, text
from adkit.containers import flatten, unflatten
from adkit.graph import Graph, Node, record
from adkit.primitives.table import Choice, primitives
from adkit.problems import problems
from adkit.staging import stage
from adkit.tracing import load_all

pytest.importorskip("llvmlite")
if native.missing():
    pytest.skip(native.missing(), allow_module_level=True)

load_all()
RNG = np.random.default_rng(20)
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1e-160, 1e160, -1e308]
POINTS = [*SPECIAL, 709.0, 710.0, -745.0, 1e22, *RNG.normal(size=8).tolist(), *(100 * RNG.normal(size=4)).tolist()]


def graph_of(f, *args):
    """What f does with its arguments."""
    return record(lambda leaves: f(*leaves), list(args))


def compiled(f, *args):
    """A native program for f; None where there is none."""
    graph = graph_of(f, *args)
    return native.emit(graph, [x.value if isinstance(x, Node) else x for x in graph.outputs])


def run(f, *args):
    """f by native code made for arguments of this kind."""
    program = compiled(f, *args)
    assert program is not None
    (found,) = program.run(*args)
    return found


def same_bits(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    return x.shape == y.shape and bool(np.all((x.view(np.int64) == y.view(np.int64)) | (np.isnan(x) & np.isnan(y))))


# -- numbers ---------------------------------------------------------------------------------------
def ufuncs():
    """Every row that is a function of doubles, by name."""
    for name, row in sorted(primitives.items()):
        ufunc = lowering.ufunc_of(row)
        if ufunc is not None and ufunc.nout == 1 and ufunc.signature is None and not name.startswith("scipy"):
            yield name


def program_of(row):
    """A program for one row of the table, its result as a float."""
    inputs = [Node(i, 0.5) for i in range(lowering.ufunc_of(row).nin)]
    with np.errstate(all="ignore"):
        value = row.compute((np.float64(0.5),) * len(inputs), {})
    nodes = [Node(8, value, row, tuple(inputs))]
    if lowering.kind_of(nodes[0].value) == "b":
        nodes.append(Node(9, 1.0, primitives["astype"], (nodes[0],), {"dtype": np.dtype(float)}))
    return native.emit(Graph(inputs, nodes, [], [nodes[-1]], None), [1.0])


@pytest.mark.parametrize("name", list(ufuncs()))
def test_a_function_of_numbers_is_numpys_bit_by_bit(name):
    row = primitives[name]
    program = program_of(row)
    for args in itertools.product(POINTS, repeat=lowering.ufunc_of(row).nin):
        with np.errstate(all="ignore"):
            wanted = float(row.compute(args, {}))
        found = program.run(*args)[0]
        # Which of two zeros is the larger one depends on the version.
        assert same_bits(found, wanted) or (found == wanted == 0 and isinstance(row, Choice)), args


@pytest.mark.parametrize("exponent", [-1.0, 1, 2, 2.0, 3, 4.0, 0.5, -2.5, 7])
def test_powers_are_those_of_python_within_the_last_bits(exponent):
    program = compiled(lambda x: x**exponent, 2.0)
    for x in POINTS:
        with np.errstate(all="ignore"):
            wanted = float(primitives["power"].compute((x, exponent), {}))
        found = program.run(x)
        if found is None:
            assert x == 0 or not np.isfinite(wanted)
            continue
        (found,) = found
        assert same_bits(found, wanted) or abs(found - wanted) <= 3 * np.spacing(abs(wanted)), x


@pytest.mark.parametrize(
    ("f", "fine", "raising"),
    [
        (lambda x: 1.0 / x, 3.0, 0.0),
        (lambda x: 7.0 % x, 3.0, -0.0),
        (lambda x: x**-1, 3.0, 0.0),
        (lambda x: x**2.5, 3.0, -1.0),
        (lambda x: x**2.5, np.inf, 1e300),
        (lambda x: 2.0**x, -np.inf, 1e300),
    ],
)
def test_what_raises_in_python_is_left_to_it(f, fine, raising):
    program = compiled(f, 2.0)
    assert program.run(fine) == (f(fine),)
    assert program.run(raising) is None


def test_functions_of_scipy_run_too_and_what_they_raise_is_left_to_them():
    special = pytest.importorskip("scipy.special")
    program = compiled(lambda x: special.erf(x) * special.gammaln(x), 2.0)
    assert same_bits(program.run(0.3)[0], special.erf(0.3) * special.gammaln(0.3))
    with special.errstate(all="raise"):
        assert program.run(0.0) is None
    assert program.run(0.3) is not None


# -- arrays ----------------------------------------------------------------------------------------
X, Y, V = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 5)), RNG.normal(size=4)
ROWS = {
    "elements": lambda x, y, v: x[1, 2] * v[-1] + y[0, 0],
    "broadcast": lambda x, y, v: np.exp(x) * v - x[:, :1] / v,
    "one operation on many": lambda x, y, v: np.tanh(x * x),
    "sum of all": lambda x, y, v: np.sum(x),
    "sum of an axis": lambda x, y, v: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x, y, v: np.mean(x, axis=1),
    "extremes": lambda x, y, v: np.max(x, axis=1) - np.min(x),
    "moved": lambda x, y, v: np.concatenate([x.T[::-1].reshape(-1), v])[[3, 1, 1]],
    "stacked": lambda x, y, v: np.stack([v, x[0]], axis=1),
    "rolled": lambda x, y, v: np.roll(x, 2),
    "triangle": lambda x, y, v: np.tril(x),
    "diagonal": lambda x, y, v: np.diag(v) + np.diagonal(x[:, :3])[0],
    "where": lambda x, y, v: np.where(np.eye(3, 4) > 0, x, v),
    "power": lambda x, y, v: np.abs(x) ** 2.5 + v**2 + np.abs(v) ** 0.5,
    "no axes": lambda x, y, v: np.reshape(v[0], ()) * 2,
}


@pytest.mark.parametrize("name", ROWS)
def test_small_arrays_are_numpys_bit_by_bit(name):
    f = ROWS[name]
    program = compiled(f, X, Y, V)
    other = RNG.normal(size=X.shape)
    assert same_bits(program.run(other, Y * 3, V - 1)[0], f(other, Y * 3, V - 1))


@pytest.mark.parametrize("n", [1, 7, 8, 9, 16, 100, 128, 129, 300, 1000])
def test_sums_are_added_in_the_order_of_numpy(n):
    x = RNG.normal(size=n)
    assert same_bits(run(np.sum, x), np.sum(x))


@pytest.mark.parametrize(("x", "y"), [(X, Y), (V, Y), (X, V), (V, V)])
def test_products_of_matrices_and_vectors(x, y):
    np.testing.assert_allclose(run(np.matmul, x, y), x @ y, rtol=1e-14)


def test_numbers_of_one_place_are_added():
    scatter = primitives["scatter"]
    index = np.array([0, 2, 0])
    assert run(lambda v: scatter(v, index=index, shape=(4,)), V[:3]).tolist() == [V[0] + V[2], 0.0, V[1], 0.0]


def test_arrays_may_lie_in_memory_in_any_way():
    big = RNG.normal(size=(6, 8))
    program = compiled(lambda x, v: np.sum(x, axis=0) * v, X, V)
    for x, v in (
        (big[::2, ::2], big[0, 4::-1][:4]),
        (np.asfortranarray(X), V),
        (big[5:2:-1, :4], np.broadcast_to(2.0, 4)),
    ):
        assert same_bits(program.run(x, v)[0], np.sum(np.ascontiguousarray(x), axis=0) * v)


def test_a_result_is_new_memory_of_its_own():
    program = compiled(lambda v: (v, np.ones(2), v * 2), V)
    v, ones, twice = program.run(V)
    ones[:] = 7.0
    assert v is not V
    assert [x.base for x in (v, ones, twice)] == [None] * 3
    assert all(x.flags.writeable and x.flags.c_contiguous for x in (v, ones, twice))
    assert program.run(V)[1].tolist() == [1.0, 1.0]


def test_what_numpy_does_more_quickly_is_left_to_it():
    assert compiled(np.matmul, np.ones((40, 40)), np.ones((40, 40))) is None
    assert compiled(lambda x: x[0], np.ones(100_000)) is None


# -- types of results ------------------------------------------------------------------------------
def test_results_have_the_types_of_the_templates():
    graph = graph_of(lambda x, v: (x * 2, np.sin(x), np.reshape(x, ()) + 0.0, v, 3, "word"), 2.0, V)
    templates = [4.0, np.float64(1.0), np.array(2.0), V, 3, "word"]
    found = native.emit(graph, templates).run(2.0, V)
    assert [type(x) for x in found] == [type(x) for x in templates]
    assert (found[0], found[1], found[2].shape, found[4:]) == (4.0, np.sin(2.0), (), (3, "word"))


@pytest.mark.parametrize(
    "args",
    [
        (2.0 + 1j,),
        (np.float32(2.0),),
        (np.ones(3, np.float32),),
        (np.ones(3, complex),),
    ],
)
def test_other_numbers_than_doubles_are_refused(args):
    assert compiled(lambda x: x * x, *args) is None


@pytest.mark.parametrize("f", [lambda v: np.sort(v), lambda v: np.linalg.inv(v.reshape(2, 2)), lambda v: np.fft.fft(v)])
def test_other_operations_than_on_single_numbers_are_refused(f):
    assert compiled(f, V) is None


# -- what must hold --------------------------------------------------------------------------------
@pytest.mark.parametrize("args", [(2, V), (np.float64(2.0), V), (2.0, V[:3]), (2.0, [1.0] * 4), (2.0,), (2.0, V, V)])
def test_arguments_of_another_kind_give_none(args):
    program = compiled(lambda x, v: x * v, 2.0, V)
    assert program.run(2.0, V) is not None
    assert program.run(*args) is None


@pytest.mark.parametrize("v", [V.astype(np.float32), V.astype(">f8"), V.reshape(2, 2), V.astype(int)])
def test_arrays_of_another_dtype_or_shape_give_none(v):
    assert compiled(lambda v: v * 2, V).run(v) is None


def test_a_decision_that_comes_out_otherwise_gives_none():
    program = compiled(lambda x, y: x * y if x > y else x + np.floor(y), 1.0, 2.5)
    assert program.run(2.0, 2.75) == (4.0,)
    assert program.run(3.0, 2.5) is None
    assert program.run(1.0, 3.5) is None
    assert program.run(np.nan, 2.5) is not None


def test_a_decision_about_an_array_is_one_about_each_element():
    program = compiled(lambda v: v * 2 if np.all(np.sign(v) == 1.0) else v, V * V)
    assert program.run(V * V) is not None
    assert program.run(np.array([1.0, 2.0, 3.0, -1.0])) is None


def test_a_nan_among_the_checks_gives_none():
    graph = graph_of(lambda x, v: x * v, 2.0, V[:3])
    graph.checks = [graph.nodes[0]]
    program = native.emit(graph, [V[:3]])
    assert program.run(2.0, V[:3]) is not None
    for i in range(3):
        assert program.run(2.0, np.where(np.arange(3) == i, np.nan, 1.0)) is None


def test_a_mask_is_data():
    graph = stage(lambda leaves: np.where(leaves[0] > 0, leaves[0], 2 * leaves[0]), [V])
    assert native.emit(graph, [V]).run(-V)[0].tolist() == np.where(-V > 0, -V, -2 * V).tolist()


# -- long programs ---------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [4, 64, 300])
def test_long_programs_are_python_code_bit_by_bit(n):
    f = problems["logistic_map"].f
    graph = stage(lambda leaves: list(ad.value_and_grad(f)(*leaves, n)), [0.2])
    assert (n < 300) == (len(graph.nodes) < text.CHUNK + native.CAREFUL)
    python, machine = (generate(graph, [0.2, 0.2], native=wanted) for wanted in (False, True))
    assert (python.backend, machine.backend) == ("python", "native")
    assert machine.source == python.source
    assert [machine.run(x) for x in (0.2, 0.7)] == [python.run(x) for x in (0.2, 0.7)]


def test_truths_and_batches_are_kept_from_chunk_to_chunk(monkeypatch):
    monkeypatch.setattr(text, "CHUNK", 2)

    def f(x, v):
        positive = np.astype(np.logical_not(v > 0), float)
        return np.sin(v) * positive + np.cos(x) * np.sum(v)

    graph = stage(lambda leaves: f(*leaves), [0.2, V])
    assert native.emit(graph, [V]).run(0.3, -V)[0] == pytest.approx(f(0.3, -V), rel=1e-15)


def test_many_numbers_need_memory_of_their_own():
    x = RNG.normal(size=3000)
    program = compiled(lambda x: x * 2 if x[0] < 5 else x, x)
    assert same_bits(program.run(x)[0], x * 2)
    assert same_bits(program.run(x[::-1])[0], x[::-1] * 2)
    assert program.run(x + 10) is None


# -- every operation ------------------------------------------------------------------------------
def natively(program):
    """Whether a program's value and gradient run as native code, at its own point and near it; then they are right."""
    f, args = program.compiled(), program.point()
    leaves, structure = flatten(tuple(args))
    fun = ad.value_and_grad(lambda *xs: total(f(*unflatten(structure, xs))), tuple(range(len(leaves))))
    try:
        with np.errstate(all="ignore"):
            templates, graph = flatten(fun(*leaves))[0], stage(lambda boxes: fun(*boxes), leaves)
    except (ad.AdkitError, np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return False
    machine = generate(graph, templates)
    if machine.backend != "native":
        return False
    for points in (leaves, [x * 1.01 for x in leaves]):
        found, (wanted, holds) = machine.run(*points), graph.evaluate(points)
        assert holds or found is None
        for mine, numpys in zip(found or (), wanted, strict=found is not None):
            np.testing.assert_allclose(mine, numpys, rtol=1e-9, atol=1e-12)
    return True


def total(out):
    """The sum of all real numbers in an output."""
    return sum(np.sum(np.real(leaf)) for leaf in flatten(out)[0])


def of_doubles(row):
    """The first programs of a row whose arguments are all float64."""
    programs = [program for program in alone(row, 6) if "custom" not in row.text]
    return [x for x in programs if all(np.asarray(leaf).dtype == float for leaf in flatten(tuple(x.point()))[0])][:1]


def test_every_operation_that_is_native_is_numpys():
    found = [natively(program) for row in available() for program in of_doubles(row)]
    assert sum(found) > 0.5 * len(found)


def test_random_programs_that_are_native_are_numpys():
    assert sum(natively(numbered(seed)) for seed in range(120)) > 12


# -- entries ---------------------------------------------------------------------------------------
def missed(*args, **kwargs):
    """What an entry calls that does not apply."""
    return MISS


def entry_of(f, args, statics=()):
    """A native entry of the arguments, those at some positions static, with `missed` behind it."""
    traced = [x for i, x in enumerate(args) if i not in statics]
    parts = [flatten(x) for x in traced]

    def run_on(leaves):
        left = iter(leaves)
        return f(*(x if i in statics else [next(left) for _ in flatten(x)[0]] for i, x in enumerate(args)))

    graph = stage(run_on, [leaf for leaves, _ in parts for leaf in leaves])
    program = native.emit(graph, [x.value if isinstance(x, Node) else x for x in graph.outputs])
    leaves = [leaf for i, x in enumerate(args) for leaf in ([Static(x)] if i in statics else flatten(x)[0])]
    structures = [None if i in statics else flatten(x)[1] for i, x in enumerate(args)]
    return native.entry(program, structures, leaves, graph.output_structure)(missed)


def test_an_entry_takes_containers_apart_and_builds_the_result():
    enter = entry_of(lambda a, b: (a[0] * b[0], [a[1], (b[0], 1.5)], ()), ((2.0, V), 3.0))
    value, (second, pair), empty = enter((4.0, V), 5.0)
    assert (value, second.tolist(), pair, empty) == (20.0, V.tolist(), (5.0, 1.5), ())


@pytest.mark.parametrize(
    "args",
    [
        ([4.0, V], 5.0),
        ((4.0, V, V), 5.0),
        ((4, V), 5.0),
        ((4.0, V), "5"),
        ((4.0, V),),
        ((4.0, V), 5.0, 6.0),
        ((4.0, V[:2]), 5.0),
        (None, None),
    ],
)
def test_an_entry_misses_what_it_was_not_made_for(args):
    enter = entry_of(lambda a, b: a[0] * b[0] * a[1], ((2.0, V), 3.0))
    assert enter((2.0, V), 3.0) is not MISS
    assert enter(*args) is MISS
    assert enter((2.0, V), b=3.0) is MISS


@pytest.mark.parametrize(
    ("static", "equal", "others"),
    [
        (1000, 10**3, [1001, 1000.0, True, "1000"]),
        ("mode", "".join(["mo", "de"]), ["mod", b"mode", 1]),
        (None, None, [0, False]),
        (True, True, [1, False]),
        (np.sin, np.sin, [np.cos, "sin"]),
    ],
)
def test_static_arguments_must_be_the_same(static, equal, others):
    enter = entry_of(lambda a, n: a[0] * 2, (2.0, static), statics=(1,))
    assert enter(3.0, equal) == 6.0
    assert [enter(3.0, other) for other in others] == [MISS] * len(others)


def test_an_entry_leaves_dicts_and_what_may_be_equal_to_others_to_python():
    program = compiled(lambda x: x * 2, 2.0)
    assert native.entry(program, [flatten({"x": 2.0})[1]], [2.0], None) is None
    assert native.entry(program, [None, None], [2.0, Static(V)], None) is None
    assert native.entry(generate(graph_of(lambda x: x * 2, 2.0), [4.0], native=False), [None], [2.0], None) is None


def test_an_entry_asks_its_guard():
    told = []

    def guard():
        told.append(True)
        if said == "stop":
            raise KeyboardInterrupt
        return said == "yes"

    enter = native.entry(compiled(lambda x: x * 2, 2.0), [None], [2.0], None, guard)(missed)
    said = "yes"
    assert enter(4.0) == 8.0
    said = "no"
    assert enter(4.0) is MISS
    said = "stop"
    with pytest.raises(KeyboardInterrupt):
        enter(4.0)
    assert len(told) == 3


@pytest.mark.parametrize("order", "CF")
def test_an_entry_takes_arrays_that_lie_in_memory_as_its_example(order):
    x = np.asarray(RNG.normal(size=(2, 3)), order=order)
    enter = native.entry(compiled(lambda x: x * 2, x), [None], [x], None)(missed)
    assert np.array_equal(enter(x + 1), x * 2 + 2)
    other = np.asarray(x, order="F" if order == "C" else "C")
    assert [enter(y) for y in (other, np.repeat(x, 2, 1)[:, ::2])] == [MISS] * 2


def test_what_an_entry_misses_it_hands_on():
    program = compiled(lambda x: x * 2 if x > 0 else x, 2.0)
    link = native.entry(program, [None], [2.0], None)
    first = link(link(lambda *args, **kwargs: (args, kwargs)))
    for args, kwargs in (((-3.0,), {}), ((), {}), ((1.0, [2.0]), {}), ((1.0,), {"n": 2, "x": None}), ((), {"x": 1.0})):
        assert first(*args, **kwargs) == (args, kwargs)
    assert first(3.0) == 6.0


def test_what_raises_behind_an_entry_raises():
    def otherwise(x):
        raise ValueError(x)

    enter = native.entry(compiled(lambda x: x * 2, 2.0), [None], [2.0], None)(otherwise)
    with pytest.raises(ValueError, match="four"):
        enter("four")
    with pytest.raises(TypeError, match="unexpected keyword"):
        enter(y="four")


def test_an_entry_is_not_there_when_what_it_hands_on_to_runs():
    program = compiled(lambda v: v * 2, np.ones(1000))
    link = native.entry(program, [None], [np.ones(1000)], None)
    depths = []

    def deeper(n):
        depths.append(n)
        return enter(n - 1) if n else "ground"

    enter = deeper
    for _ in range(16):
        enter = link(enter)
    # 45 levels of 16 entries, each with room for 2000 numbers, would not fit on the stack.
    assert enter(45) == "ground"
    assert len(depths) == 46


def test_a_decision_that_comes_out_otherwise_is_a_miss():
    enter = entry_of(lambda a: a[0] * 2 if a[0] > 0 else a[0], (2.0,))
    assert enter(3.0) == 6.0
    assert enter(-3.0) is MISS


# -- references ------------------------------------------------------------------------------------
def test_calls_count_references_as_they_should():
    enter = entry_of(lambda a, b, n: (a[0] * b[0], [b[0] * 2, np.sin(a[0])]), (2.5, V, "word"), statics=(2,))
    program = compiled(lambda x, v: (x * 2, v * x), 2.5, V)
    word = "".join(["wo", "rd"])
    watched = [2.5, V, word, MISS, V.dtype, float, np.float64, np.ndarray, tuple]
    before = [sys.getrefcount(x) for x in watched]
    for _ in range(1000):
        enter(2.5, V, word)
        enter(2.5, V, "other")
        program.run(2.5, V)
        program.run(2.5, word)
    assert max(abs(sys.getrefcount(x) - k) for x, k in zip(watched, before, strict=True)) < 10


def test_calls_leave_no_memory_behind():
    enter = entry_of(lambda a, b: (a[0] * b[0], [b[0] * 2]), (2.5, V))
    big = compiled(lambda x: x * 2 if x[0] < 5 else x, np.ones(3000))
    x, y = np.ones(3000), np.full(6000, 9.0)[::2]

    def calls(n):
        for _ in range(n):
            enter(2.5, V)
            enter(2.5, None)
        for _ in range(n // 100):
            big.run(x)
            big.run(y)

    calls(1000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        calls(100_000)
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


def test_code_goes_with_the_last_that_runs_it():
    program = compiled(lambda x: x * 2, 2.0)
    memory = weakref.ref(program.run.__self__.memory)
    enter = native.entry(program, [None], [2.0], None)(missed)
    del program
    assert enter(4.0) == 8.0
    del enter
    assert memory() is None


def test_code_in_a_circle_goes_last():
    said = []

    class Owner:
        def __del__(self):
            said.append(self.run(4.0))
            said.append(self)

    owner = Owner()
    owner.circle = owner
    owner.run = compiled(lambda x: x * 2, 2.0).run
    memory = weakref.ref(owner.run.__self__.memory)
    del owner
    gc.collect()
    answer, back = said
    assert answer == back.run(4.0) == (8.0,)
    said.clear()
    del back
    gc.collect()
    assert memory() is None


def test_an_entry_in_a_circle_goes_with_it():
    class Owner:
        def otherwise(self, *args):
            return args

    owner = Owner()
    program = compiled(lambda x: x * 2, 2.0)
    owner.run = native.entry(program, [None], [2.0], None)(owner.otherwise)
    memory = weakref.ref(owner.run.__self__.memory)
    assert [owner.run(4.0), owner.run("four")] == [8.0, ("four",)]
    del owner, program
    gc.collect()
    assert memory() is None


def test_threads_do_not_meet():
    program = compiled(lambda x, v: np.sum(np.sin(v) * x), 2.0, RNG.normal(size=2500))
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(200):
            x, v = float(rng.normal()), rng.normal(size=5000)[::2]
            if not same_bits(program.run(x, v)[0], np.sum(np.sin(v) * x)):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# -- where there is none ---------------------------------------------------------------------------
@pytest.fixture
def afresh():
    """Ask again whether there is native code, and once more afterwards."""
    caches = (abi.refusal, abi._numpy_table, native.missing)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def note():
    program = generate(graph_of(lambda x: x * 2, 2.0), [4.0])
    assert program.backend == "python"
    assert program.run(3.0) == (6.0,)
    return program.note


@pytest.mark.usefixtures("afresh")
def test_without_llvmlite_there_is_python_code(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert note() == "llvmlite is not installed: Python code"


@pytest.mark.usefixtures("afresh")
def test_with_an_llvmlite_that_does_not_load_there_is_python_code(monkeypatch):
    def refuse(name, *args):
        raise OSError("libLLVM.so: no such file")

    monkeypatch.setattr(abi.importlib, "import_module", refuse)
    assert note() == "llvmlite cannot be loaded (libLLVM.so: no such file): Python code"


@pytest.mark.usefixtures("afresh")
def test_without_numpys_table_of_functions_there_is_python_code(monkeypatch):
    monkeypatch.delitem(vars(np._core._multiarray_umath), "_ARRAY_API")
    assert "keeps its arrays otherwise" in note()


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize(
    ("where", "name", "value", "part"),
    [
        (platform, "machine", lambda: "aarch64", "x86-64"),
        (sys, "platform", "darwin", "Linux"),
        (sys, "version_info", (3, 14, 0), "CPython 3.11 to 3.13"),
        (sys, "getobjects", list, "ordinary build"),
        (abi, "DATA", 24, "keeps its arrays otherwise"),
        (np, "__version__", "3.0.0", "keeps its arrays otherwise"),
    ],
)
def test_elsewhere_there_is_python_code(monkeypatch, where, name, value, part):
    monkeypatch.setattr(where, name, value, raising=False)
    assert part in note()


@pytest.mark.usefixtures("afresh")
def test_where_memory_may_not_be_run_there_is_python_code(monkeypatch):
    def refuse(self, size):
        raise loader.LoadError("no")

    monkeypatch.setattr(loader.Loaded, "_let_run", refuse)
    assert note() == "llvmlite makes no code here (no): Python code"


def test_code_that_calls_others_by_name_is_not_loaded():
    with pytest.raises(loader.LoadError, match="symbol"):
        engine.assembled("declare void @nobody()\ndefine void @f() {\ncall void @nobody()\nret void\n}\n", 0)
    with pytest.raises(loader.LoadError, match="no ELF"):
        loader.Loaded(b"MZ")
    with pytest.raises(loader.LoadError, match="no g"):
        engine.assembled("define void @f() {\nret void\n}\n", 0).address("g")
