"""The harness: every row is checked before it is timed, counted exactly, and kept in bounds."""

from __future__ import annotations

import ctypes
import math
import os
import re
import subprocess
import sys
import time
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adkit as ad
from adkit import harness
from adkit.containers import flatten
from adkit.harness import Subject, memory, threads, timing
from adkit.harness.cell import Cell
from adkit.harness.contenders import Contender
from adkit.harness.counting import OutOfTimeError, Watched, peak_bytes
from adkit.harness.judging import errors, tolerance
from adkit.harness.reference import Reference, references_for
from adkit.harness.wanted import flat
from adkit.methods import External, Manual, Method
from adkit.records import Row

QUICK = harness.Settings(seconds=0.02)
EXACT = ["forward", "reverse", "symbolic", "manual"]


def rows_of(name: str, size: str = "", methods: list[str | Method] | None = None) -> dict[str, Row]:
    subject = Subject.of(ad.problems[name], size)
    chosen = None if methods is None else harness.contenders(methods)
    return {row.method: row for row in harness.run(subject, chosen, QUICK)}


# -- every method on every problem --------------------------------------------------------------------
SIZES = [
    ("bivariate", ""),
    ("logistic_map", "1"),
    ("logistic_map", "4"),
    ("logistic_map", "12"),
    ("logistic_map_closed", "3"),
    ("logistic_map_closed", "4"),
    ("logistic_regression", "5x1"),
    ("logistic_regression", "20x4"),
    ("mlp", "2-4-1x4"),
    ("mlp", "3-4-3-2x5"),
]


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_every_method_is_right_on_every_problem_against_the_hand_derived_gradient(name: str, size: str) -> None:
    rows = rows_of(name, size)
    assert set(rows) == {"forward", "reverse", "symbolic", "numerical", "manual"}
    condition = ad.problems[name].condition(*ad.problems[name].size(size))
    for method in EXACT:
        assert rows[method].status == "ok", rows[method]
        assert rows[method].max_rel_error <= 1e-12 * condition
        assert rows[method].reference.startswith("hand-derived gradient (SymPy in 50-digit mpmath agrees ")
    assert rows["numerical"].status == "ok", rows["numerical"]


def test_a_network_of_65545_parameters_is_done_by_reverse_and_says_so_where_it_cannot_be_done() -> None:
    subject = Subject.of(ad.problems["mlp"], "16384-4-1")
    settings = harness.Settings(timeout=0.2, seconds=0.02)
    rows = {row.method: row for row in harness.run(subject, None, settings)}
    assert rows["reverse"].status == "ok"
    assert rows["reverse"].max_rel_error < 1e-12
    assert rows["reverse"].inputs == 65_545
    assert rows["symbolic"].status == "too large"
    assert rows["numerical"].status == "timeout"
    assert "262,171 runs of f" in rows["numerical"].note
    assert rows["forward"].status == "timeout"
    assert rows["numerical"].steady_s is None


# -- what is wrong is shown as wrong ---------------------------------------------------------------------
class Planted(Method):
    """Reverse mode with a fault."""

    name = "planted"

    def __init__(self, fault):
        self.fault = fault
        self.calls = 0

    def value_and_gradient(self, call, cache):
        self.calls += 1
        out, leaves = ad.Reverse().value_and_gradient(call, {})
        return self.fault(out, [np.array(leaf, float) for leaf in leaves], self.calls)


def one_component_off(out, leaves, calls):
    leaves[0].flat[-1] *= 1.01
    return out, leaves


FAULTS = {
    "sign": lambda out, leaves, calls: (out, [-leaf for leaf in leaves]),
    "factor": lambda out, leaves, calls: (out, [2 * leaf for leaf in leaves]),
    "zero": lambda out, leaves, calls: (out, [0 * leaf for leaf in leaves]),
    "nan": lambda out, leaves, calls: (out, [np.nan * leaf for leaf in leaves]),
    "infinite": lambda out, leaves, calls: (out, [leaf / 0.0 for leaf in leaves]),
    "one component off by 1 %": one_component_off,
    "a tape that is not cleared": lambda out, leaves, calls: (out, [calls * leaf for leaf in leaves]),
    "another value": lambda out, leaves, calls: (out + 1e-3, leaves),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("name", "size"), [("logistic_regression", "20x4"), ("mlp", "2-4-1x4")])
def test_a_wrong_method_is_shown_as_wrong_and_never_ranked(name: str, size: str, fault: str) -> None:
    rows = rows_of(name, size, ["reverse", Planted(FAULTS[fault])])
    assert rows["planted"].status == "wrong"
    assert rows["planted"].note
    assert rows["planted"].steady_s is None
    assert not rows["planted"].fastest
    assert rows["reverse"].fastest


def test_a_method_that_raises_is_a_row_and_not_the_end() -> None:
    class Broken(Method):
        name = "broken"

        def value_and_gradient(self, call, cache):
            raise RuntimeError("out of order")

    rows = rows_of("bivariate", "", ["reverse", Broken()])
    assert rows["broken"].status == "error"
    assert rows["broken"].note == "RuntimeError: out of order"
    assert rows["reverse"].status == "ok"


CUBES = (np.array([1.0, 2.0]),)


def judged(gradient, f=lambda x: np.sum(x**3), args=CUBES) -> Row:
    subject = Subject(f, args)
    external = External("judged", lambda f, argnums: gradient)
    return Cell(subject, Contender("judged", external), QUICK).check(references_for(subject))


@pytest.mark.parametrize(
    ("gradient", "status", "words"),
    [
        (lambda x: 3 * x**2, "ok", ""),
        (lambda x: {"x": 3 * x**2}, "wrong", "the derivative by argument 0 is a dict where numbers are needed"),
        (lambda x: (3 * x**2).astype(np.float32), "wrong", "dtype float32 and shape .2,. where float64 is needed"),
        (lambda x: 3 * x**2 + 0j, "wrong", "is complex where a real one is needed"),
        (lambda x: (3 * x**2)[:1], "wrong", "shape .1,. where .2,. is needed"),
        (lambda x: None, "wrong", "None"),
        (lambda x: 3 * x**2 * np.array([1.0, np.nan]), "wrong", "nan where the reference has 12"),
        (lambda x: np.multiply(x, 0.5, out=x) * 6 * x * 2, "wrong", "changes its arguments"),
    ],
)
def test_what_another_tool_returns_is_looked_at_before_adkit_puts_it_in_order(gradient, status, words) -> None:
    row = judged(gradient)
    assert row.status == status, row
    assert re.search(words, row.note)
    assert CUBES[0].tolist() == [1.0, 2.0]


def test_the_precision_that_is_asked_for_is_that_of_the_argument_or_of_what_f_returns() -> None:
    single = (np.array([1.0, 2.0], np.float32),)
    assert judged(lambda x: np.float32(3) * x**2, args=single).status == "ok"
    assert judged(lambda x: 3 * x.astype(float) ** 2, args=single).status == "ok"
    assert judged(lambda x: (3 * x**2).astype(np.float16), args=single).status == "wrong"
    assert judged(lambda x: 3.0 * x**2, lambda x: x**3, (2.0,)).status == "ok"
    assert judged(lambda x: np.float32(3.0 * x**2), lambda x: x**3, (2.0,)).status == "wrong"
    shorter = lambda x: np.sum(np.astype(x, np.float32) ** 3)  # noqa: E731
    assert judged(lambda x: np.float32(3) * np.astype(x, np.float32) ** 2, shorter).status == "ok"


def test_a_call_that_gives_something_else_the_second_time_is_wrong() -> None:
    calls = iter(range(100))
    row = judged(lambda x: 3 * x**2 * (1 + 1e-3 * next(calls)))
    assert (row.status, row.note) == ("wrong", "a second call gave another derivative")


@pytest.mark.parametrize(
    ("error", "status", "note"),
    [
        (MemoryError(), "too large", "out of memory"),
        (MemoryError("1 GB"), "too large", "out of memory: 1 GB"),
        (RecursionError("too deep"), "error", "RecursionError: too deep"),
        (KeyError("w"), "error", "KeyError: 'w'"),
    ],
)
def test_whatever_a_method_raises_is_a_row(error: Exception, status: str, note: str) -> None:
    def gradient(x):
        raise error

    row = judged(gradient)
    assert (row.status, row.note) == (status, note)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_a_person_stops_is_stopped(stop: type[BaseException]) -> None:
    def gradient(x):
        raise stop

    with pytest.raises(stop):
        judged(gradient)


def test_a_missing_engine_is_a_row_that_says_how_to_install_it() -> None:
    class Absent(Method):
        name = "absent"

        def missing(self):
            return "pip install absent"

    row = rows_of("bivariate", "", [Absent()])["absent"]
    assert (row.status, row.note) == ("not installed", "pip install absent")


def test_the_callers_arrays_are_not_changed() -> None:
    args = ad.problems["mlp"].arguments("2-4-1x4")
    before = [leaf.copy() for leaf in flatten(args)[0]]
    ad.compare(ad.problems["mlp"].f, *args, seconds=0.02)
    assert all(np.array_equal(a, b) for a, b in zip(flatten(args)[0], before, strict=True))


# -- the reference --------------------------------------------------------------------------------------
def test_without_a_gradient_by_hand_the_reference_has_50_digits() -> None:
    rows = ad.compare(lambda x: np.sin(x) * np.exp(x), 0.7, seconds=0.02).table
    (reference,) = set(rows.reference)
    assert re.fullmatch(r"SymPy in 50-digit mpmath \(adaptive differences agree to \de-1\d\)", reference)
    assert rows.status.tolist() == ["ok"] * 4
    # Rounding of the true error, not agreement with another double.
    assert rows.max_rel_error[0] < 1e-15


def test_a_gradient_that_is_handed_in_is_judged_and_not_judged_by() -> None:
    def f(x):
        return x**3

    comparison = ad.compare(f, 2.0, gradient=lambda x: 3.01 * x**2, seconds=0.02)
    by_method = comparison.table.set_index("method")
    assert by_method.status["manual"] == "wrong"
    assert by_method.status["reverse"] == "ok"
    assert not comparison


def test_where_f_is_too_large_for_symbols_the_reference_is_a_complex_step_or_differences_and_says_so() -> None:
    def f(x):
        for _ in range(400):
            x = x + 0.001 * np.sin(x)
        return np.sum(np.abs(x)) if bent else np.sum(x)

    names = {}
    for bent in (False, True):
        (row,) = ad.compare(f, np.linspace(0.1, 1, 20), methods=["reverse"], seconds=0.02).rows
        assert row.status == "ok"
        names[bent] = row.reference
    assert re.match(r"complex step \(adaptive differences of \d components and 2 directions agree to", names[False])
    assert names[True] == "adaptive differences"


def test_differences_are_taken_in_the_precision_of_the_arguments() -> None:
    def f(x):
        for _ in range(300):
            x = x + np.float32(0.01) * np.sin(x)
        return np.sum(x)

    point = np.linspace(0, 1, 300, dtype=np.float32)
    table = ad.compare(f, point, methods=["reverse", "forward"], seconds=0.02, timeout=20).table
    assert re.fullmatch(r"adaptive differences of \d\d components", table.reference[0])
    assert table.status.tolist() == ["ok", "ok"]
    assert ad.compare(f, point, gradient=lambda x: 1.02 * ad.grad(f)(x), methods=["manual"], seconds=0.02).failed


def test_complex_arguments_are_judged_by_differences_of_their_real_and_imaginary_parts() -> None:
    z = np.array([1 + 2j, 0.5 - 1j])
    right, wrong = (lambda z: 2 * z), (lambda z: 2 * np.conj(z))  # of a real f: df/dx - i df/dy
    for gradient, status in [(right, "ok"), (wrong, "wrong")]:
        rows = ad.compare(
            lambda z: np.sum(np.real(z * z)), z, methods=["reverse", "manual"], gradient=gradient, seconds=0.02
        ).rows
        assert [row.status for row in rows] == ["ok", status]
        assert rows[0].reference == "adaptive differences"
    assert "argument 0[0].imag" in rows[1].note


def test_errors_are_relative_to_the_largest_component_and_nan_counts_as_infinite() -> None:
    def found(gradient, truth):
        off = errors(np.array(gradient), harness_reference(truth))
        return off.absolute, off.relative

    assert found([1.0, -202.0], [1.0, -200.0]) == (2.0, 0.01)
    assert found([1.0, np.nan], [1.0, -200.0]) == (np.inf, np.inf)
    assert found([1.0], [1.0, -200.0]) == (np.inf, np.inf)
    assert found([np.inf], [np.inf]) == (0.0, 0.0)
    assert found([1e-3], [0.0]) == (1e-3, 1e-3)
    # An infinite component is no scale for the others; nan is right where the truth is nan.
    assert found([np.inf, 999.0], [np.inf, 6.0]) == (993.0, 165.5)
    assert found([np.nan, 6.0], [np.nan, 6.0]) == (0.0, 0.0)


def test_a_wrong_row_says_which_component_is_wrong() -> None:
    def f(p):
        return np.sum(p["w"] ** 2) + p["b"]

    def hand(p):
        return {"w": 2 * p["w"] * np.array([1.0, -1.0, 1.0]), "b": 1.0}

    point = {"w": np.array([1.0, 2.0, 3.0]), "b": 0.5}
    table = ad.compare(f, point, gradient=hand, methods=["manual"], seconds=0.02).table
    assert "1 of 4 components differ, most argument 0['w'][1]: -4 where the reference has 4" in table.note[0]


def test_a_gradient_handed_in_is_not_the_reference_where_symbols_cannot_serve() -> None:
    def untraceable(x):
        return math.exp(float(x)) * x

    def large(x):
        for _ in range(300):
            x = x + 0.01 * np.sin(x)
        return np.sum(x)

    slope = 2 * math.e
    for f, x, wrong in [(untraceable, 1.0, lambda x: 1.001 * slope), (large, np.ones(300), lambda x: 2 * np.ones(300))]:
        table = ad.compare(f, x, gradient=wrong, methods=["manual", "numerical"], seconds=0.02, timeout=20).table
        assert table.status.tolist() == ["wrong", "ok"]
        assert table.reference[0].startswith("adaptive differences")
        assert not table.is_reference.any()


def test_where_there_is_no_value_there_is_nothing_to_compare() -> None:
    with pytest.raises(ad.BadRequest, match="f is nan at this point"):
        ad.compare(lambda x: np.nan * x, 1.0)


def harness_reference(gradient):
    return Reference("given", np.array(gradient))


def test_the_tolerance_follows_the_precision_and_the_condition() -> None:
    call = Subject(np.sum, (np.ones(2),)).call()
    single = Subject(np.sum, (np.ones(2, np.float32),)).call()
    reference = harness_reference([1.0, 1.0])
    assert tolerance(ad.Reverse(), reference, call, 1.0) == pytest.approx(1e-12, rel=1e-3)
    assert tolerance(ad.Reverse(), reference, call, 100.0) == pytest.approx(1e-10, rel=1e-3)
    assert 1e-4 < tolerance(ad.Reverse(), reference, single, 1.0) < 1e-3
    assert tolerance(ad.Numerical(), reference, call, 1.0) == pytest.approx(1e-5)
    half = Subject(np.sum, (np.ones(2, np.float16),)).call()
    assert tolerance(ad.Reverse(), reference, half, 1.0) == 0.005
    assert tolerance(ad.Numerical(), reference, half, 1.0) == 0.005


def test_where_rounding_decides_everything_a_row_says_that_it_cannot_be_checked() -> None:
    wrong = Planted(FAULTS["factor"])
    row = rows_of("logistic_map", "60", [wrong])["planted"]
    assert row.status == "skipped"
    assert "f amplifies rounding errors 1e+18 times here" in row.note


def test_the_50_digit_reference_of_the_logistic_map_is_the_published_value() -> None:
    problem = ad.problems["logistic_map"]

    def f(x):
        return problem.f(x, 4)

    reference = references_for(Subject(f, (0.2,))).first
    assert reference.name == "SymPy in 50-digit mpmath"
    assert reference.gradient[0] == pytest.approx(9.0660864, rel=1e-15)


# -- counts, which repeat exactly ------------------------------------------------------------------------
def test_counts_of_the_first_problem() -> None:
    rows = rows_of("bivariate")
    assert {name: row.f_calls for name, row in rows.items()} == {
        "forward": 1,
        "reverse": 1,
        "symbolic": 0,
        "numerical": 5,
        "manual": 0,
    }
    assert rows["numerical"].passes == 5
    assert rows["numerical"].primitive_ops == 5 * 3
    assert rows["reverse"].tape_bytes is not None
    assert rows["forward"].tape_bytes is None
    assert all(row.peak_bytes is not None and row.peak_bytes > 0 for row in rows.values())


def test_forward_needs_a_pass_for_each_chunk_and_reverse_one_for_any_number_of_inputs() -> None:
    methods = [ad.Forward(chunk=8), ad.Reverse(), ad.Numerical(scheme="forward")]
    rows = rows_of("logistic_regression", "30x20", methods)
    assert {name: row.f_calls for name, row in rows.items()} == {"forward": 3, "reverse": 1, "numerical": 21}
    assert {name: row.passes for name, row in rows.items()} == {"forward": 3, "reverse": 1, "numerical": 21}


def test_operations_repeat_exactly_and_grow_linearly_with_the_length_of_the_loop() -> None:
    counts = [rows_of("logistic_map", str(n), ["reverse"])["reverse"].primitive_ops for n in (4, 8, 12)]
    assert counts == [rows_of("logistic_map", str(n), ["reverse"])["reverse"].primitive_ops for n in (4, 8, 12)]
    assert counts[2] - counts[1] == counts[1] - counts[0] > 0


def test_a_row_has_its_flops_beside_those_of_f_and_the_bound_of_theory() -> None:
    rows = rows_of("bivariate")
    found = {name: (row.primitive_ops, row.f_ops, row.flops, row.f_flops, row.bound) for name, row in rows.items()}
    assert found == {
        "forward": (9, 3, 14, 3, 7),
        "reverse": (8, 3, 8, 3, 5),
        "symbolic": (5, 3, 5, 3, 5),
        "numerical": (15, 3, 15, 3, 5),
        "manual": (5, 3, 5, 3, None),
    }
    assert (rows["reverse"].tape_length, rows["forward"].tape_length) == (3, None)
    assert (rows["symbolic"].expression_nodes, rows["symbolic"].tree_nodes) == (5, 5)


def test_of_a_jacobian_everything_is_counted_too() -> None:
    rows = rows_of("sine_layer", "4x3", ["forward", "reverse", "symbolic", "numerical", "manual"])
    assert {row.status for row in rows.values()} == {"ok"}
    assert {name: row.passes for name, row in rows.items()} == {
        "forward": 1,
        "reverse": 3,
        "symbolic": 1,
        "numerical": 1
        + sum(2 * (1 if 0.1 <= abs(x) <= 10 else 2) for x in ad.problems["sine_layer"].arguments("4x3")[0]),
        "manual": 1,
    }
    assert rows["reverse"].bound == 1 + 4 * 3
    assert rows["forward"].bound == 1 + 3 * 4
    assert all(row.flops <= (row.bound or np.inf) * row.f_flops for row in rows.values())
    assert rows["symbolic"].expression_nodes < rows["symbolic"].tree_nodes
    assert rows["symbolic"].prepare_s > 0


def test_f_that_is_not_traceable_has_no_operations_and_its_calls_are_counted_still() -> None:
    table = ad.compare(lambda x: math.exp(float(x)), 1.0, methods=["numerical"], seconds=0.02).table
    assert table.status.tolist() == ["ok"]
    assert table.f_calls.tolist() == [3]
    assert table.flops.isna().all()


def test_a_method_is_stopped_when_it_calls_f_after_its_time() -> None:
    def slow(x):
        time.sleep(0.01)
        return np.sum(x**2)

    table = ad.compare(slow, np.ones(200), methods=["numerical", "reverse"], timeout=1.0, seconds=0.02).table
    assert table.status.tolist() == ["timeout", "ok"]


def test_f_is_not_called_again_after_the_deadline() -> None:
    clock = Clock()
    watched = Watched(lambda x: 2 * x, clock=lambda: clock() / 1e9)
    watched.stop_after(3.0)
    clock.now = 2_000_000_000
    assert watched(1.0) == 2.0
    clock.now = 4_000_000_000
    with pytest.raises(OutOfTimeError):
        watched(1.0)
    assert watched.calls == 1


def test_what_is_timed_is_f_itself_and_not_f_watched() -> None:
    pytest.importorskip("autograd")
    seen = []

    def f(x):
        seen.append(type(x).__name__)
        return np.sum(x**2)

    rows = harness.run(Subject(f, (np.ones(3),)), harness.contenders(["autograd", "reverse"]), QUICK)
    assert [row.status for row in rows] == ["ok", "ok"]
    cell = Cell(Subject(f, (np.ones(3),)), Contender("autograd", ad.methods["autograd"]), QUICK)
    cell.check(references_for(cell.subject))
    calls = cell.watched.calls
    cell.timed()()
    assert cell.watched.calls == calls


# -- the timer -------------------------------------------------------------------------------------------
class Clock:
    """Time that passes only when it is told to."""

    now = 0

    def __call__(self) -> int:
        return self.now

    def call_of(self, nanoseconds: int):
        def call():
            self.now += nanoseconds

        return call

    def batches(self, nanoseconds: int) -> timing.Batch:
        return timing.batched(self.call_of(nanoseconds), self)


def test_what_is_timed_is_called_in_batches_long_enough_for_the_clock() -> None:
    clock = Clock()
    calls = {"a": clock.batches(100), "b": clock.batches(250)}
    found = timing.interleaved(calls, seconds=0.05)
    for name, nanoseconds in [("a", 100), ("b", 250)]:
        assert found[name].median == pytest.approx(nanoseconds * 1e-9)
        assert timing.BATCH_SECONDS <= found[name].loops * nanoseconds * 1e-9 < 2 * timing.BATCH_SECONDS
        assert 15 <= len(found[name].samples) <= timing.ROUNDS


def test_more_time_is_used_for_longer_batches() -> None:
    clock = Clock()
    found = timing.interleaved({"a": clock.batches(1000)}, seconds=2.0)["a"]
    assert 1.5 < sum(found.samples) * found.loops <= 2.0


def test_a_slow_call_is_timed_once_and_does_not_use_up_the_time_of_others() -> None:
    clock = Clock()
    calls = {"slow": clock.batches(50_000_000), "quick": clock.batches(1000)}
    found = timing.interleaved(calls, seconds=0.04)
    assert (found["slow"].loops, len(found["slow"].samples)) == (1, 1)
    assert len(found["quick"].samples) > 10


def test_the_rounds_are_interleaved_in_an_order_that_the_seed_decides() -> None:
    def order(seed: int) -> list[str]:
        clock, seen = Clock(), []

        def counted(name: str):
            def call():
                clock.now += 2_000_000
                seen.append(name)

            return call

        batches = {name: timing.batched(counted(name), clock) for name in "abc"}
        timing.interleaved(batches, seconds=0.06, seed=seed)
        return seen[6:]  # after the two calls of each that calibrate

    assert order(1) == order(1) != order(2)
    rounds = [order(1)[i : i + 3] for i in range(0, 15, 3)]
    assert all(sorted(found) == ["a", "b", "c"] for found in rounds)
    assert len({tuple(found) for found in rounds}) > 1


def test_garbage_collection_is_off_inside_and_as_before_outside() -> None:
    import gc

    assert gc.isenabled()
    with timing.collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="inside"), timing.collector_off():
        raise ValueError("inside")
    assert gc.isenabled()


def test_peak_memory_is_that_of_the_call() -> None:
    megabyte = 2**20
    assert megabyte <= peak_bytes(lambda: np.zeros(megabyte, np.uint8)) < 1.1 * megabyte
    assert peak_bytes(lambda: None) < 10_000


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process takes up")


@linux
def test_resident_memory_is_seen_whoever_allocates_it() -> None:
    """The system's own allocator knows nothing of Python's accounts."""
    size = 2**24
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]

    def call() -> None:
        taken = libc.malloc(size)
        ctypes.memset(taken, 1, size)
        libc.free(taken)

    assert 0.95 * size <= memory.resident_peak(call) < 1.1 * size
    assert peak_bytes(call) < 10_000
    assert memory.resident_peak(lambda: None) < size / 10


@linux
def test_memory_that_has_been_used_before_counts_when_it_is_used_again() -> None:
    """What an allocator keeps for the next call is given back first."""

    def call() -> None:
        parts = [np.ones(10_000) for _ in range(100)]
        assert parts

    call()
    assert memory.resident_peak(call) > 0.9 * 8 * 10_000 * 100


def test_where_the_system_does_not_tell_nothing_is_known_of_resident_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "none" / "status")
    monkeypatch.setattr(memory, "_CLEAR", tmp_path / "none" / "clear_refs")
    assert memory.held() is None
    assert memory.resident_peak(lambda: None) is None


# -- threads -----------------------------------------------------------------------------------------------
def test_a_process_is_kept_to_its_processors_and_libraries_are_told() -> None:
    code = (
        "import os; from adkit.harness.threads import VARIABLES, confine; confine(1); "
        "kept = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else 1; "
        "print(kept, {os.environ[name] for name in VARIABLES}, os.environ['XLA_FLAGS'])"
    )
    environment = {**os.environ, "XLA_FLAGS": "--mine=1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "1 {'1'} --mine=1 --xla_cpu_multi_thread_eigen=false\n"


def test_without_a_number_of_threads_everything_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)
    threads.confine(None)
    assert dict(os.environ) == before
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    threads.tell_loaded(None)


def test_a_library_that_is_loaded_already_is_told_by_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    torch: Any = types.ModuleType("torch")
    torch.set_num_threads = told.append
    monkeypatch.setitem(sys.modules, "torch", torch)
    threads.tell_loaded(3)
    assert told == [3]


def test_the_environment_says_how_many_threads_there_were() -> None:
    assert harness.environment(2)["threads"] == "2"
    assert "threads" not in harness.environment()


# -- beside the derivative by hand -------------------------------------------------------------------------
def test_every_time_is_also_a_multiple_of_that_by_hand_in_the_same_rounds() -> None:
    rows = rows_of("bivariate")
    hand = rows["manual"]
    assert (hand.ratio_to_manual, hand.manual_low, hand.manual_high) == (1.0, 1.0, 1.0)
    for row in rows.values():
        assert row.ratio_to_manual == pytest.approx(row.steady_s / hand.steady_s)
        assert row.manual_low <= row.ratio_to_manual <= row.manual_high


def test_where_the_derivative_by_hand_is_not_asked_for_nothing_is_a_multiple_of_it() -> None:
    assert rows_of("bivariate", "", ["reverse"])["reverse"].ratio_to_manual is None


# -- ad.compare ---------------------------------------------------------------------------------------------
def test_compare_takes_a_problem_by_name_with_sizes() -> None:
    table = ad.compare("logistic_map", sizes=[2, "4"], methods="reverse", seconds=0.02).table
    assert table["size"].tolist() == ["2", "4"]
    assert table["value"].tolist() == pytest.approx([0.64, 0.28901376])


def test_compare_passes_keywords_and_containers_through() -> None:
    def f(params, scale=1.0):
        return scale * np.sum(params["w"] ** 2) + params["b"]

    table = ad.compare(f, {"w": np.arange(3.0), "b": 1.0}, kwargs={"scale": 2.0}, seconds=0.02).table
    assert table.status.tolist() == ["ok"] * 4
    assert table.value[0] == 11.0
    assert table.inputs[0] == 4


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("mpl",), {}, "Did you mean 'mlp'"),
        (("mlp",), {"methods": ["revers"]}, "Did you mean 'reverse'"),
        (("mlp",), {"sizes": ["0x3"]}, "sizes of mlp are LAYERSxBATCH"),
        (("mlp", 1.0), {}, "brings its own point"),
        ((np.sum, np.ones(2)), {"sizes": [1]}, "goes with a problem"),
        (("mlp",), {"timeout": 0}, "timeout must be a positive number of seconds, not 0"),
        (("mlp",), {"seconds": -1.0}, "seconds must be a positive number of seconds, not -1.0"),
    ],
)
def test_compare_refuses_what_makes_no_sense(arguments, options, message) -> None:
    with pytest.raises(ad.BadRequest, match=message):
        ad.compare(*arguments, **options)


def test_compare_passes_on_what_f_raises() -> None:
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ad.compare(f, 1.0)


def test_flat_takes_any_structure_of_numbers() -> None:
    assert flat([1.0, {"a": np.ones(2), "b": [2.0]}]).tolist() == [1.0, 1.0, 1.0, 2.0]
    assert flat([]).size == 0


def test_manual_stands_for_the_gradient_of_the_problem_or_of_the_person() -> None:
    bivariate = ad.problems["bivariate"]
    assert Subject.of(bivariate, ()).manual == Manual(value_and_gradient_of=bivariate.value_and_gradient)
    assert Subject(np.sum, (np.ones(2),), gradient=np.ones_like).manual == Manual(np.ones_like)
    assert Subject(np.sum, (np.ones(2),)).manual is None
    assert "manual" not in ad.compare(np.sum, np.ones(2), seconds=0.02).table.method.tolist()


def test_a_keyword_argument_of_f_is_told_where_it_goes() -> None:
    with pytest.raises(ad.BadRequest, match=r"unknown keyword of compare 's'.*kwargs=\{'s': \.\.\.\}"):
        ad.compare(lambda x, s: x * s, 2.0, s=3.0)


def test_what_cannot_be_compiled_is_in_the_note_and_no_warning_besides() -> None:
    seen: list[float] = []

    def counting(x):
        seen.append(1.0)
        return x * x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,) = ad.compare(counting, 2.0, methods=["reverse(compile=True)"], seconds=0.02).rows
    assert row.note.startswith("run as it is: it changes what it reads")
