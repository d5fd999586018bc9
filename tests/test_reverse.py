"""Reverse mode: the tape is flat, is walked once, belongs to one gradient, and is gone when that is done."""

from __future__ import annotations

import gc
import operator
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from counts import calls_of
from scipy import special

import adkit as ad
from adkit import reverse
from adkit.lending import lend
from adkit.primitives import Elementwise, primitives
from adkit.reverse import Tape, Variable
from adkit.tracing import Box

A = np.array


def recorded(f: Any, *inputs: Any, **options: Any) -> tuple[Variable, list[Variable], Tape]:
    """f recorded on a tape."""
    return reverse.record(lambda leaves: f(*leaves), inputs, **options)


# -- the tape --------------------------------------------------------------------------------------
def test_a_long_chain_is_recorded_swept_and_dropped_without_recursion():
    def chain(x):
        y = x
        for _ in range(150_000):
            y = y * 0.5 + x
        return y

    assert ad.value_and_grad(chain)(3.0) == (6.0, 2.0)


def test_a_long_chain_of_arrays_and_of_functions():
    def chain(x):
        for _ in range(10_000):
            x = np.sin(x)
        return np.sum(x)

    assert ad.grad(chain)(np.ones(3)).shape == (3,)


def test_the_tape_holds_no_traced_value_of_its_own():
    def f(x, y):
        return np.sum(np.stack([x[0] * y, np.where(x[1] > 0, x[1], y)])) + np.dot(x, x) ** 2

    _, _, tape = recorded(f, A([1.0, 2.0]), 3.0)
    held = [x for operation in tape.operations() for x in (operation.out, *operation.args)]
    assert held
    assert not any(isinstance(x, Box) for x in held)


def test_the_tape_of_a_nested_gradient_holds_only_values_of_the_outer_one():
    tapes: list[Tape] = []

    def inner(x):
        out, variables, tape = recorded(lambda y: np.sum(y * y * x[0]), x)
        tapes.append(tape)
        return np.sum(reverse.sweep(tape, [(out, 1.0)], variables)[0])

    np.testing.assert_allclose(ad.grad(inner)(A([1.0, 2.0])), [8.0, 2.0])
    held = [x for operation in tapes[0].operations() for x in (operation.out, *operation.args)]
    owners = {x.owner for x in held if isinstance(x, Box)}
    assert len(owners) == 1
    assert tapes[0] not in owners


def test_the_tape_is_freed_as_soon_as_the_gradient_is_done():
    def alive():
        return {id(x) for x in gc.get_objects() if isinstance(x, (Tape, Variable))}

    gc.collect()
    before = alive()
    gc.disable()
    try:
        ad.grad(lambda x: np.sum(x**2))(np.ones(3))
        ad.grad(lambda x: ad.grad(lambda y: y**3)(x))(2.0)
        with pytest.raises(ZeroDivisionError):
            ad.grad(lambda x: x * (1 / 0))(2.0)
        assert alive() <= before
    finally:
        gc.enable()


def test_the_tape_knows_its_size():
    assert 0 < recorded(np.sum, np.ones(10))[2].nbytes() < 1_000
    assert 2 * 80_000 < recorded(lambda x: np.sum(x * x * x), np.ones(10_000))[2].nbytes() < 2 * 80_000 + 2_000


@pytest.mark.parametrize(
    ("f", "arrays"),
    [
        (lambda x: np.sum(x + 1.0), 0),
        (lambda x: np.sum(np.reshape(x, (100, -1))[:50] - 3), 0),
        (lambda x: np.sum(0.5 * x), 0),
        (lambda x: np.sum(np.tanh(0.5 * x + 1)), 1),
        (lambda x: np.sum(np.sin(x)), 1),
        (lambda x: np.sum(np.exp(x + 1) / 3), 1),
        (lambda x: np.max(x + 1.0), 1),
        (lambda x: np.sum((x + 1.0) * (x + 2.0)), 2),
        (lambda x: (x + 1.0) @ np.ones(10_000), 1),
    ],
)
def test_the_tape_keeps_the_arrays_that_a_rule_reads_and_no_others(f, arrays):
    assert arrays * 80_000 <= recorded(f, np.ones(10_000))[2].nbytes() < arrays * 80_000 + 5_000


def test_a_constant_is_copied_once_as_long_as_it_stays_to_the_bit():
    weights = np.ones(1000)
    weights[0] = np.nan

    def f(x):
        y = weights * x + weights * x
        weights[1] = 0.0
        y = y + weights * x
        weights[1] = -0.0
        return y + weights * x

    operations = recorded(f, np.ones(1000))[2].operations()
    used = [operation.args[0] for operation in operations if operation.primitive.name == "multiply"]
    assert used[0] is used[1]
    assert [x[1] for x in used] == [1.0, 1.0, 0.0, 0.0]
    assert [bool(np.signbit(x[1])) for x in used] == [False, False, False, True]


def test_constants_are_not_recorded():
    _, _, tape = recorded(lambda x: x * float(np.sin(2.0)) + np.floor(x), 1.5)
    assert [operation.primitive.name for operation in tape.operations()] == ["multiply", "add"]


# -- the sweep -------------------------------------------------------------------------------------
def test_cotangents_of_shared_values_add_up():
    def f(x):
        y = x * x
        return y * y + 3 * y + x

    assert ad.grad(f)(2.0) == 4 * 8.0 + 12.0 + 1.0


def test_both_arguments_may_be_the_same_value():
    assert ad.grad(lambda x: x * x)(3.0) == 6.0
    assert ad.grad(lambda x: x - x)(3.0) == 0.0
    np.testing.assert_array_equal(ad.grad(lambda x: x @ x)(A([1.0, 2.0])), [2.0, 4.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x, z: np.sum(x + z) + x[0],
        lambda x, z: x[0] + np.sum(x + z),
        lambda x, z: x[0] + np.sum(x + z) + x[0] * 0,
        lambda x, z: np.sum(x[[0, 0, 1]]) - x[0] + np.sum((x + z)[:]) - x[1],
        lambda x, z: np.sum(x[:1]) + np.sum(x + z),
        lambda x, z: np.sum((x + z) + (x[0] - x[0])) + sum(x[i] * 0 for i in range(3)) + x[0],
    ],
)
def test_elements_add_up_in_the_cotangent_of_their_array_and_nowhere_else(f):
    by_x, by_z = ad.grad(f, (0, 1))(np.ones(3), np.ones(3))
    np.testing.assert_array_equal(by_x, [2.0, 1.0, 1.0])
    np.testing.assert_array_equal(by_z, [1.0, 1.0, 1.0])


def test_a_loop_over_elements_makes_no_array_per_element():
    n = 20_000
    x = np.linspace(0.0, 1.0, n)
    gradient = ad.grad(lambda x: sum(x[i] * x[i] for i in range(n)))(x)
    np.testing.assert_array_equal(gradient, 2 * x)


def test_elements_of_complex_arrays_and_of_nested_gradients_add_up():
    z = A([1.0 + 1j, 2.0])
    np.testing.assert_array_equal(ad.grad(lambda z: np.real(z[0] * z[0] + z[1] + z[0]))(z), 2 * A([1 + 1j, 0.0]) + 1)

    def f(x):
        return x[0] ** 3 + x[0] * x[1] + x[1]

    np.testing.assert_array_equal(ad.hessian(f, method="reverse")(A([2.0, 5.0])), [[12.0, 1.0], [1.0, 0.0]])


def test_gradients_are_arrays_of_their_own():
    x, y = np.ones(3), np.ones(3)
    by_x, by_y = ad.grad(lambda x, y: np.sum(x + y), (0, 1))(x, y)
    by_x += 1
    np.testing.assert_array_equal(by_y, np.ones(3))
    np.testing.assert_array_equal(x, np.ones(3))


def test_a_pullback_can_be_called_again():
    _, pullback = ad.vjp(lambda x: x[0] * x + x[1], A([1.0, 2.0]))
    first = pullback(A([1.0, 0.0]))[0]
    np.testing.assert_array_equal(pullback(A([0.0, 1.0]))[0], [2.0, 2.0])
    np.testing.assert_array_equal(pullback(A([1.0, 0.0]))[0], first)


def test_an_output_that_is_the_input_or_no_traced_value():
    assert ad.grad(lambda x: x)(3.0) == 1.0
    assert ad.grad(lambda x: 5.0)(3.0) == 0.0
    np.testing.assert_array_equal(ad.grad(lambda x: 5.0)(np.ones(2)), np.zeros(2))


# -- one level and the next ------------------------------------------------------------------------
def test_perturbations_are_not_confused():
    grad = ad.grad
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x) * x)(3.0) == 3 * 2 * 9.0
    assert grad(lambda x: grad(lambda x: x * x)(x) + x)(3.0) == 3.0


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_derivatives_nest_to_any_depth(depth):
    f = np.exp
    for _ in range(depth):
        f = ad.grad(f)
    assert f(0.5) == pytest.approx(np.exp(0.5), rel=1e-14)


def test_a_closure_that_the_inner_function_changes():
    def f(x):
        kept = 0.0

        def inner(y):
            nonlocal kept
            kept = 2 * x
            return x * y

        return ad.grad(inner)(3.0) * kept

    assert ad.grad(f)(5.0) == 4 * 5.0


def test_a_closure_that_keeps_a_value_of_the_inner_gradient_is_refused():
    def f(x):
        kept = []

        def inner(y):
            kept.append(x * y)
            return kept[0]

        return ad.grad(inner)(3.0) * kept[0]

    with pytest.raises(ad.EscapedValue, match=r"test_reverse\.py"):
        ad.grad(f)(5.0)


def test_the_inner_function_may_ignore_its_own_argument():
    assert ad.grad(lambda x: ad.grad(lambda y: x * x)(1.0))(3.0) == 0.0
    assert ad.grad(lambda x: x * ad.grad(lambda y: x)(1.0))(3.0) == 0.0


# -- values that outlive their gradient ------------------------------------------------------------
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        lambda x: 1 + x,
        lambda x: -x,
        lambda x: x * x,
        lambda x: x**2.0,
        lambda x: np.sin(x),
        lambda x: np.sum(x),
        lambda x: np.stack([x, x]),
        lambda x: x > 0,
        lambda x: bool(x),
        lambda x: np.where(True, x, 0.0) + 0,
        lambda x: np.ones(3) @ (x * np.ones(3)),
        lambda x: ad.value(x),
    ],
)
def test_escaped_values_are_refused(use):
    escaped = []

    def f(x):
        escaped.append(x * 2.0)
        return x * 3.0

    assert ad.grad(f)(1.0) == 3.0
    with pytest.raises(ad.EscapedValue, match=r"test_reverse\.py"):
        use(escaped[0])


def test_an_escaped_value_is_refused_in_another_gradient():
    escaped = []
    ad.grad(lambda x: escaped.append(x) or x * 1.0)(1.0)
    for f in (lambda y: y * escaped[0], lambda y: escaped[0] * y, lambda y: y + np.sin(escaped[0])):
        with pytest.raises(ad.EscapedValue):
            ad.grad(f)(2.0)


# -- f that raises ---------------------------------------------------------------------------------
def test_an_exception_in_f_leaves_no_trace():
    def fails(x):
        if x > 0:
            raise KeyError("mine")
        return x

    for _ in range(3):
        with pytest.raises(KeyError, match="mine"):
            ad.grad(fails)(1.0)
        with pytest.raises(KeyError, match="mine"):
            ad.grad(lambda x: x * ad.grad(fails)(x))(1.0)
    assert ad.grad(fails)(-1.0) == 1.0
    assert ad.grad(lambda x: ad.grad(lambda y: y**3)(x))(2.0) == 12.0


def test_f_may_catch_what_an_inner_gradient_raises():
    def f(x):
        try:
            return ad.grad(lambda y: x * y / 0)(1.0) * x
        except TypeError:
            return x
        finally:
            with pytest.raises(ad.NoRule):
                ad.grad(lambda y: np.isnat(y))(x * np.ones(2))

    with np.errstate(divide="ignore"):
        assert ad.grad(f)(3.0) == np.inf


# -- threads ---------------------------------------------------------------------------------------
def all_at_once(work: Any, count: int = 8) -> list[Any]:
    """What work(k) gives in as many threads, which start together."""
    start = threading.Barrier(count)

    def run(k: int) -> Any:
        start.wait()
        return work(k)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_threads_share_nothing():
    def work(k):
        x = float(k + 1)
        nested = ad.grad(lambda x: x * ad.grad(lambda y: x * y**3)(x))
        return [(nested(x), ad.hessian(lambda v: v[0] ** 2 * v[1])(A([x, 2.0]))[0, 0]) for _ in range(50)]

    for k, found in enumerate(all_at_once(work)):
        assert set(found) == {(12 * (k + 1.0) ** 3, 4.0)}


def test_a_traced_value_may_be_used_in_several_threads():
    def f(x):
        def work(k):
            y = x
            for _ in range(200):
                y = y * 1.0 + 0.0
            return y * k

        return sum(all_at_once(work))

    for _ in range(5):
        assert ad.value_and_grad(f)(2.0) == (2.0 * 28, 28.0)


def test_gradients_inside_threads_inside_a_gradient():
    def f(x):
        return sum(all_at_once(lambda k: ad.grad(lambda y: x * y**2)(float(k))))

    assert ad.grad(f)(3.0) == 2.0 * 28


# -- arrays that f changes after it has used them --------------------------------------------------
def buffer_reused(x, n):
    """sum of (i + 1) * x_i, by way of one buffer"""
    weights, total = np.zeros(n), 0.0
    for i in range(3):
        weights[:] = 0
        weights[i] = i + 1
        total = total + np.sum(x * weights)
    return total


def test_a_small_array_may_change_after_its_use():
    np.testing.assert_array_equal(ad.grad(buffer_reused)(np.ones(3), 3), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("size", [3, 1000])
def test_an_array_may_change_after_its_use_under_any_name(size: int):
    buffer = np.zeros(size)
    column = buffer.reshape(-1, 1)

    def f(x):
        total = 0.0
        for k in (1.0, 2.0, 3.0):
            column[:] = k
            total = total + np.sum(x * buffer)
        return total

    np.testing.assert_array_equal(ad.grad(f)(np.ones(size)), np.full(size, 6.0))


def test_an_argument_that_is_not_differentiated_is_lent_without_a_copy_and_cannot_be_changed():
    weights = np.full(1000, 2.0)

    def scaled(x, w):
        w *= 3
        return np.sum(x * w)

    for method in ("forward", "reverse", "numerical", "symbolic"):
        with pytest.raises(ad.LostDerivative, match=r"f changes an array that it was given at .*test_reverse\.py:\d+"):
            ad.grad(scaled, method=method)(np.ones(1000), weights)
    assert np.all(weights == 2.0)
    assert weights.flags.writeable
    _, _, tape = reverse.record(lambda ls: np.sum(ls[0] * lend(weights)), [np.ones(1000)])
    assert np.shares_memory(tape.operations()[0].args[1], weights)


def test_what_only_its_shape_matters_of_may_change():
    def f(x):
        noise, total = np.zeros(1000), 0.0
        for i in range(3):
            noise[:] = i
            total = total + np.sum((x + noise) ** 2)
        return total

    np.testing.assert_array_equal(ad.grad(f)(np.ones(1000)), np.full(1000, 12.0))


def test_masks_and_indices_may_change_after_their_use():
    def f(x):
        mask, index, both, total = np.zeros(3, bool), A([0, 0]), (A([0]), slice(None)), 0.0
        for i in range(3):
            mask[:] = False
            mask[i] = True
            index[:] = i
            both[0][:] = 0
            total = total + np.sum(np.where(mask, x * i, 0.0)) + np.sum(x[mask]) + np.sum(x[index]) * 10
            total = total + np.sum(x[None][both]) * 100 + np.sum(np.take(x, index)) * 0
            both[0][:] = 7
        return total

    for method in ("reverse", "forward"):
        np.testing.assert_array_equal(ad.grad(f, method=method)(np.ones(3)), [321.0, 322.0, 323.0])


def test_a_constant_that_stays_is_copied_once():
    data = np.ones((100, 100))
    _, _, tape = reverse.record(lambda ls: np.sum(ls[0] * data + ls[0] * data), [np.ones((100, 100))])
    first, second = (operation.args[1] for operation in tape.operations()[:2])
    assert first is second
    assert not np.shares_memory(first, data)


def test_views_of_one_array_are_unlocked_after_it():
    data = np.ones((4, 1000))
    views = [data[0], data[1:], data.T, data[1:][0]]

    def f(x):
        return sum(np.sum(x * view[..., :1000]) for view in views[:2]) + np.sum(x[:4] * data.T) + np.sum(x * views[3])

    ad.grad(lambda x: np.sum(ad.grad(f)(x) * data) + f(x))(np.ones(1000))
    assert data.flags.writeable
    assert all(view.flags.writeable for view in views)


def test_memory_that_is_not_numpys_is_copied():
    weights = np.frombuffer(bytearray(8000))

    def f(x):
        y = np.sum(x * weights)
        weights[:] = 5.0
        return y

    np.testing.assert_array_equal(ad.grad(f)(np.ones(1000)), np.zeros(1000))
    assert weights.flags.writeable


@pytest.mark.parametrize("size", [3, 1000])
def test_a_tape_that_outlives_f_has_numbers_of_its_own(size):
    weights = np.full(size, 2.0)
    out, variables, tape = recorded(lambda x: np.sum(x * weights), np.ones(size))
    weights[:] = 0
    np.testing.assert_array_equal(reverse.sweep(tape, [(out, 1.0)], variables)[0], np.full(size, 2.0))


def test_errors_about_read_only_arrays_of_f_are_its_own():
    shut = np.ones(3)
    shut.flags.writeable = False

    def f(x):
        shut[0] = 2.0
        return x

    with pytest.raises(ValueError, match="read-only") as caught:
        ad.grad(f)(1.0)
    assert not isinstance(caught.value, ad.AdkitError)


# -- warnings --------------------------------------------------------------------------------------
def test_infinite_derivatives_come_without_warnings():
    assert ad.grad(np.sqrt)(0.0) == np.inf
    assert ad.grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2)).tolist() == [np.inf, np.inf]


def test_warnings_of_f_are_shown_once():
    with pytest.warns(RuntimeWarning, match="divide by zero") as caught:
        ad.grad(lambda x: np.sum(np.log(x)))(np.zeros(2))
    assert len(caught) == 1


PARAMETERS = {
    "ldexp": (np.ldexp, [1, 3]),
    "add.reduceat": (np.add.reduceat, [0, 1]),
    "roll": (lambda x, p: np.roll(x * [1, 2], p[:1], (0,)), [1, 0]),
    "bincount": (lambda x, p: np.bincount(p, x) * [1, 2], [0, 1]),
    "histogram": (lambda x, p: np.histogram([0.1, 0.7], p, weights=x)[0] * [1, 2], [0.0, 0.5, 1.0]),
    "sum where": (lambda x, p: np.sum(x * x, where=p), [True, False]),
    "where": (lambda x, p: np.where(p, x, x**3), [True, False]),
    "putmask": (lambda x, p: (y := x * 1.0, np.putmask(y, p, x**3))[0], [True, False]),
    "copyto": (lambda x, p: (y := x * 1.0, np.copyto(y, x**3, where=p))[0], [True, False]),
    "put": (lambda x, p: (y := x * 1.0, np.put(y, p, x * [1, 2]))[0] * [1, 3], [0, 1]),
    "setitem": (lambda x, p: (y := x * 1.0, operator.setitem(y, p, x * [1, 2]))[0] * [1, 3], [0, 1]),
    "take_along_axis": (lambda x, p: np.take_along_axis(x * [1, 2], p, 0), [0, 1]),
    "repeat": (lambda x, p: np.repeat(x, p), [1, 3]),
    "pad": (lambda x, p: np.pad(x, p, "reflect", reflect_type="odd"), [1, 2]),
    "fftn": (lambda x, p: np.real(np.fft.fftn(x, s=p[:1])), [2, 3]),
    "ellipj": (lambda x, p: special.ellipj(x, p)[2], [0.1, 0.8]),
    "lambertw": (lambda x, p: np.real(special.lambertw(x, p)), [0, 1]),
    "polygamma": (lambda x, p: special.polygamma(p, x), [1, 2]),
    "logsumexp": (lambda x, p: special.logsumexp(x, b=p), [0.1, 0.9]),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_that_f_changes_after_use_is_remembered_as_it_was(name):
    f, numbers = PARAMETERS[name]

    def loss(x, changes):
        p = np.array(numbers)
        y = f(x, p)
        if changes:
            p[...] = p[::-1].copy()
        return np.sum(y * y)

    x = np.array([0.3, 0.6])
    assert np.array_equal(ad.grad(loss)(x, True), ad.grad(loss)(x, False))


# -- how much a tape takes, and when it lets go of it ------------------------------------------------
def logistic(x):
    for _ in range(2_000):
        x = 3 * x * (1 - x)
    return x


def rooted(x):
    for _ in range(2_000):
        x = (x + 2 / x) / 2 - x**2 * 0.001
    return x


def waved(x):
    for _ in range(2_000):
        x = np.maximum(np.sin(x), 0.1) * 1.1 + abs(x) / 4
    return x


def valley(x):
    total = 0.0
    for i in range(len(x) - 1):
        d = x[i + 1] - x[i] * x[i]
        total = total + 100 * d * d + (1 - x[i]) ** 2
    return total


NUMBERS = {
    "products and differences": (logistic, 0.2),
    "quotients and powers": (rooted, 1.5),
    "functions": (waved, 0.3),
    "NumPy's numbers": (rooted, np.float64(1.5)),
    "elements of an array": (valley, np.linspace(0.0, 1.0, 500)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_an_operation_on_numbers_takes_at_most_200_bytes(name: str):
    f, x = NUMBERS[name]
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _, _, tape = recorded(f, x)
    gc.collect()
    seen = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    count = len(tape.entries)
    assert seen <= 200 * count
    # What the tape says of itself is what Python's allocator says of it.
    assert 0.9 * seen <= tape.nbytes() <= 1.1 * seen


@pytest.mark.parametrize("name", NUMBERS)
def test_what_has_an_entry_of_its_own_is_read_as_any_operation(name: str):
    f, x = NUMBERS[name]
    _, _, tape = recorded(f, x)
    for operation in tape.operations():
        assert len(operation.args) == len(operation.parents)
        again = operation.primitive.compute(operation.args, operation.params)
        np.testing.assert_array_equal(again, operation.out)


def test_the_last_sweep_lets_go_of_the_tape():
    out, variables, tape = recorded(logistic, 0.2)
    first = reverse.sweep(tape, [(out, 1.0)], variables)
    assert len(tape.entries) == 6_000
    assert reverse.sweep(tape, [(out, 1.0)], variables, final=True) == first
    assert len(tape.entries) == 0


def test_a_gradient_sweeps_for_the_last_time_and_a_pullback_does_not():
    finals: list[bool] = []

    def noted(*args: Any, final: bool = False) -> Any:
        finals.append(final)
        return swept(*args, final=final)

    swept = reverse.sweep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reverse, "sweep", noted)
        ad.value_and_grad(lambda x: x * x)(2.0)
        ad.jacobian(lambda x: x * x, method="reverse")(np.ones(2))
        ad.vjp(lambda x: x * x, 2.0)[1](1.0)
    assert finals == [True, False, False, False]


def test_arrays_go_one_by_one_as_a_sweep_passes_them():
    """At its end a gradient holds no more than at its beginning; without that it would hold all that it recorded."""
    n, steps = 50_000, 20

    def f(x):
        for _ in range(steps):
            x = np.sin(x)
        return np.sum(x)

    x = np.ones(n)
    tracemalloc.start()
    ad.grad(f)(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    array = 8 * n
    # Every step keeps its argument; two cotangents and a partial are at work.
    assert peak < (steps + 5) * array
    out, variables, tape = recorded(f, x)
    held: list[int] = []
    sin = primitives["sin"]
    assert isinstance(sin, Elementwise)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sin, "partials", (lambda out, x: held.append(len(tape.entries)) or np.cos(x),))
        reverse.sweep(tape, [(out, np.float64(1.0))], variables, final=True)
    assert held == list(range(steps))[::-1]


def test_what_may_have_to_be_swept_again_is_kept_until_it_need_not():
    """Where a branch was not taken, nan may call for a second, guarded sweep."""
    f = lambda x: np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 0.0)), 0.0))  # noqa: E731
    out, variables, tape = recorded(f, A([0.0, 4.0]))
    (found,) = reverse.sweep(tape, [(out, np.float64(1.0))], variables, final=True)
    np.testing.assert_array_equal(found, [0.0, 0.25])


def test_numbers_whose_derivative_overflows_make_no_warning():
    """Python's numbers need no silence from NumPy, but the guarded sweep that nan calls for does."""

    def chaotic(x):
        for _ in range(2_000):
            x = 4 * x * (1 - x)
        return x

    assert np.isnan(ad.vjp(chaotic, 0.2)[1](1.0)[0])
    assert np.isnan(ad.grad(chaotic)(0.2))
    assert np.isnan(ad.grad(lambda x: (1 / x) * (0.0 * x))(1e-320))
    assert ad.grad(lambda y: 1e308 * (1e308 * 2.0**y))(1.0) == np.inf


def test_sweeping_again_and_again_takes_no_more_memory():
    out, variables, tape = recorded(logistic, 0.2)
    sizes: list[int] = []
    walk = reverse.walk
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reverse, "walk", lambda *args: sizes.append(len(found := walk(*args))) or found)
        for _ in range(3):
            reverse.sweep(tape, [(out, 1.0)], variables)
    assert sizes == [6_001] * 3


# -- how little an operation does --------------------------------------------------------------------
def test_an_operation_on_numbers_is_one_call_of_python():
    def steps(n: int) -> Any:
        def f(x):
            for _ in range(n):
                x = 4 * x * (1 - x)
            return x

        return ad.value_and_grad(f)

    few, many = steps(10), steps(110)
    few(0.2), many(0.2)
    assert calls_of(lambda: many(0.2)) - calls_of(lambda: few(0.2)) == 3 * 100


@pytest.mark.parametrize(
    ("f", "most"),
    [(lambda x: np.tanh(x), 12), (lambda x: 0.5 * x, 9), (lambda x: x * x, 9), (lambda x: x @ x, 25)],
    ids=["tanh", "times a number", "times itself", "matrices"],
)
def test_an_operation_on_arrays_is_a_handful(f, most):
    def repeated(n: int) -> Any:
        def g(x):
            for _ in range(n):
                x = f(x)
            return np.sum(x)

        return ad.value_and_grad(g)

    x = 0.01 * np.ones((3, 3))
    few, many = repeated(1), repeated(11)
    few(x), many(x)
    assert (calls_of(lambda: many(x)) - calls_of(lambda: few(x))) / 10 <= most
