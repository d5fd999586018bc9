"""Functions whose inside is computed again in the sweep, and chains of steps with few states kept."""

from __future__ import annotations

import functools
import itertools
import math
import pickle
import tracemalloc
import types
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

import adkit as ad
from adkit.calls import Call
from adkit.checkpointing.schedules import Schedule, advances, beta, schedule

EXACT = ["reverse", "forward"]
X = np.array([0.5, -1.2, 2.0])


def tape_of(f, *args, argnums=0):
    """How many operations the tape of f has."""
    return ad.Reverse().tape(Call(f, argnums, args))[0]


class Counted:
    """A function that counts its calls."""

    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.f(*args, **kwargs)


# == the derivatives are those of f ==================================================================
def layer(x, w):
    return np.tanh(w * x) + np.where(x > 0, x, 0.1 * x) * np.max(x)


def as_container(x, w):
    return {"sum": np.sum(x * w), "both": (x * w, x[0] - w), "name": "parts", "count": 3}


def of_container(parts):
    return parts["sum"] * np.sum(np.sin(parts["both"][0]) * parts["both"][1]) * parts["count"]


def build(wrap):
    """Programs that use functions as they are, or wrapped."""
    inside, container, scalar = wrap(layer), wrap(as_container), wrap(lambda x: np.sin(x) * x)
    return {
        "one": lambda x, w: np.sum(inside(x, w) ** 2),
        "a chain": lambda x, w: np.sum(inside(inside(inside(x, w), w), x[0])),
        "containers": lambda x, w: of_container(container(x, w)),
        "numbers": lambda x, w: scalar(x[0]) * scalar(w) + scalar(scalar(x[1])),
        "by keyword": lambda x, w: np.sum(inside(x=x, w=np.sin(w))),
        "nested": lambda x, w: np.sum(wrap(lambda x: wrap(lambda y: inside(y, w) * x[1])(x * x))(x)),
        "reshaped": lambda x, w: np.sum(wrap(lambda m: m @ m.T)(np.reshape(np.concatenate([x, x * w]), (2, 3)))),
        "complex": lambda x, w: np.abs(wrap(lambda z: z * z + np.exp(1j * z))(x[0] + 1j * w)) ** 2,
        "mixed outputs": lambda x, w: sum(map(np.sum, map(np.abs, wrap(lambda x: (x, x[0], x * 1j * w))(x)))),
    }


PROGRAMS, CHECKPOINTED = build(lambda f: f), build(ad.checkpoint)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_the_same(name):
    f, g = PROGRAMS[name], CHECKPOINTED[name]
    assert g(X, 0.7) == f(X, 0.7)
    for method in (*EXACT, ad.Forward(chunk=1), ad.Forward(chunk=2)):
        value, expected = ad.value_and_grad(f, (0, 1), method=method)(X, 0.7)
        found, gradient = ad.value_and_grad(g, (0, 1), method=method)(X, 0.7)
        assert found == value
        assert type(gradient[1]) is type(expected[1])
        for a, b in zip(gradient, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)
    np.testing.assert_allclose(ad.grad(g)(X, 0.7), ad.grad(f, method="numerical")(X, 0.7), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(("outer", "inner"), list(itertools.product(EXACT, EXACT)))
def test_second_derivatives_are_the_same(name, outer, inner):
    def second(f):
        return ad.jacobian(ad.grad(f, (0, 1), method=inner), (0, 1), method=outer)(X, 0.7)

    for a, b in zip(second(CHECKPOINTED[name]), second(PROGRAMS[name]), strict=True):
        for c, d in zip(a, b, strict=True):
            np.testing.assert_allclose(c, d, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("methods", list(itertools.product(EXACT, repeat=3)))
def test_third_derivatives_are_the_same(methods):
    def third(f):
        for method in methods:
            f = ad.grad(f, method=method)
        return f(0.8)

    def f(x):
        return np.sin(x * x) * x

    np.testing.assert_allclose(third(ad.checkpoint(f)), third(f), rtol=1e-12)
    np.testing.assert_allclose(third(lambda x: ad.checkpoint(f)(x) * x), third(lambda x: f(x) * x), rtol=1e-12)


def test_every_transform_goes_through():
    f, g = layer, ad.checkpoint(layer)
    np.testing.assert_allclose(ad.jacobian(g, (0, 1))(X, 0.7)[0], ad.jacobian(f, (0, 1))(X, 0.7)[0], rtol=1e-14)
    for a, b in zip(ad.jvp(g, (X, 0.7), (X, 1.0)), ad.jvp(f, (X, 0.7), (X, 1.0)), strict=True):
        np.testing.assert_array_equal(a, b)
    value, pullback = ad.vjp(g, X, 0.7)
    expected, wanted = ad.vjp(f, X, 0.7)
    np.testing.assert_array_equal(value, expected)
    for seed in (X, 2 * X, X):  # a pullback may be called any number of times
        for a, b in zip(pullback(seed), wanted(seed), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-14)
    found, expected = (ad.hvp(h, (X, 0.7), (X, 1.0)) for h in (CHECKPOINTED["a chain"], PROGRAMS["a chain"]))
    np.testing.assert_allclose(found[1][0], expected[1][0], rtol=1e-12)


def test_methods_that_look_into_f_see_it():
    f, g = (h["numbers"] for h in (PROGRAMS, CHECKPOINTED))
    x = X[:2].copy()
    for method in ("symbolic", "numerical"):
        np.testing.assert_array_equal(ad.grad(g, method=method)(x, 0.7), ad.grad(f, method=method)(x, 0.7))
    report = ad.explain_nan(lambda x: ad.checkpoint(np.log)(x * x), 0.0)
    assert report.operation == "log"


def test_an_aux_output_comes_out_plain():
    g = ad.checkpoint(lambda x: (np.sum(x * x), {"x": x, "words": "as they are"}))
    gradient, aux = ad.grad(g, has_aux=True)(X)
    np.testing.assert_array_equal(gradient, 2 * X)
    assert aux["words"] == "as they are"
    assert type(aux["x"]) is np.ndarray
    np.testing.assert_array_equal(aux["x"], X)


def test_single_precision_stays():
    x = X.astype(np.float32)
    gradient = ad.grad(lambda x: np.sum(ad.checkpoint(lambda x: (np.sin(x), x[0]))(x)[0]))(x)
    assert gradient.dtype == np.float32


def test_what_does_not_depend_on_the_input_has_derivative_zero():
    g = ad.checkpoint(lambda x, y: (y * 2, x * 0.0 + 1.0))
    assert ad.grad(lambda x: g(x, 3.0)[0] * 1.0)(2.0) == 0.0
    assert ad.grad(lambda x: g(x, x)[0] * 1.0)(2.0) == 2.0
    assert ad.grad(lambda x: ad.checkpoint(lambda: 3.0)() * x)(2.0) == 3.0


def test_on_plain_numbers_it_is_f():
    counted = Counted(layer)
    g = ad.checkpoint(counted)
    np.testing.assert_array_equal(g(X, 0.7), layer(X, 0.7))
    assert counted.calls == 1
    out = object()
    assert ad.checkpoint(lambda: out)() is out


# == what is kept, and what is run ===================================================================
def test_the_tape_keeps_one_operation_and_f_is_run_once_more():
    counted = Counted(lambda x: np.sum(np.sin(np.cos(np.exp(x)))))
    g = ad.checkpoint(counted)
    assert tape_of(g, X) == 1
    counted.calls = 0
    ad.grad(g)(X)
    assert counted.calls == 2
    ad.grad(g, method="forward")(X)
    assert counted.calls == 3


def test_the_tape_holds_arguments_and_results_only():
    x = np.ones(10_000)

    def f(x):
        for _ in range(20):
            x = np.sin(x)
        return x

    _, held = ad.Reverse().tape(Call(lambda x: np.sum(ad.checkpoint(f)(x)), 0, (x,)))
    _, without = ad.Reverse().tape(Call(lambda x: np.sum(f(x)), 0, (x,)))
    assert held < 3 * x.nbytes < 20 * x.nbytes <= without


def test_nested_checkpoints_keep_less_and_run_more():
    counted = Counted(lambda x: np.sin(x) * x)
    inner = ad.checkpoint(lambda x: counted(counted(x)))
    outer = ad.checkpoint(lambda x: inner(inner(x)))
    value, slope = ad.value_and_grad(outer)(0.5)
    calls = counted.calls
    assert calls == 12  # forwards, recorded with the inner ones kept apart, and these in turn
    assert (value, slope) == ad.value_and_grad(lambda x: counted(counted(counted(counted(x)))))(0.5)


def test_the_arithmetic_of_the_second_run_is_counted():
    f = lambda x: np.sin(np.sin(np.sin(x)))  # noqa: E731
    once = ad.Reverse().cost(Call(f, 0, (0.5,)), {})
    again = ad.Reverse().cost(Call(ad.checkpoint(f), 0, (0.5,)), {})
    assert again.flops == once.flops + 3
    chains = [ad.checkpoint(np.sin, steps=9, schedule=kind) for kind in ("all", "sqrt")]
    taped, kept = (ad.Reverse().cost(Call(chain, 0, (0.5,)), {}) for chain in chains)
    assert kept.flops == taped.flops + 9


# == what f reads from outside =======================================================================
def check_closed(f, *args):
    """A function of one number whose checkpoints close over it."""
    for method in EXACT:
        np.testing.assert_allclose(ad.grad(f, method=method)(*args), ad.grad(f, method="numerical")(*args), rtol=1e-7)
    for outer, inner in itertools.product(EXACT, EXACT):
        second = ad.grad(ad.grad(f, method=inner), method=outer)(*args)
        np.testing.assert_allclose(second, ad.grad(ad.grad(f), method="numerical")(*args), rtol=1e-6)


def test_a_variable_that_f_closes_over():
    def f(w):
        @ad.checkpoint
        def block(x):
            return np.tanh(w * x) + w

        return block(block(block(1.0)))

    check_closed(f, 0.7)
    assert tape_of(f, 0.7) == 3


def test_a_function_that_f_calls_closes_over_it():
    def f(w):
        def inner(x, scale=w * w):
            return np.sin(w * x) * scale

        return ad.checkpoint(lambda x: inner(x) + inner(2 * x))(w + 1)

    check_closed(f, 0.7)


def test_partials_methods_containers_and_objects():
    class Model:
        def __init__(self, w):
            self.weights = {"w": w, "b": [w * w]}

        @ad.checkpoint
        def __call__(self, x):
            return np.tanh(self.weights["w"] * x) + self.weights["b"][0]

        def other(self, x):
            return x * self.weights["w"]

    def f(w):
        model, pairs = Model(w), [(w, w * 2)]
        x = model(1.5) + ad.checkpoint(model.other)(w)
        x = ad.checkpoint(functools.partial(np.multiply, w))(x)
        return ad.checkpoint(lambda x, model=model: x * pairs[0][1] + model.other(x))(x)

    check_closed(f, 0.7)


def test_a_value_of_a_level_outside():
    def f(w):
        return ad.grad(lambda x: ad.checkpoint(lambda x: np.sin(w * x) * x)(x))(w * w)

    check_closed(f, 0.7)
    check_closed(lambda w: ad.grad(lambda x: ad.checkpoint(lambda y: y * np.sin(x * y))(w))(w * 0.5), 0.7)


def test_variables_are_those_of_the_call_and_not_of_the_sweep():
    def f(x):
        for k in (1.0, 2.0, 3.0):
            x = ad.checkpoint(lambda x: np.sin(k * x))(x)  # noqa: B023
        return x

    expected = ad.grad(lambda x: np.sin(3.0 * np.sin(2.0 * np.sin(x))))(0.4)
    assert ad.grad(f)(0.4) == expected


def test_a_function_may_count_and_call_itself():
    calls = 0

    @ad.checkpoint
    def power(x, n):
        nonlocal calls
        calls += 1
        return x if n == 1 else x * power(x, n - 1)

    assert ad.grad(power)(2.0, 3) == 12.0
    assert calls == 9  # 3 forwards; in the sweep the outermost again, then what it calls, and so on


STORE: dict = {}


def from_a_global(x):
    return x * STORE["y"]


def test_what_cannot_be_found_is_refused_by_name():
    def f(y):
        STORE["y"] = y
        return ad.checkpoint(from_a_global)(y * 2)

    with pytest.raises(ad.LostDerivative, match=r"from_a_global .*not given.*test_checkpoint.py.*argument"):
        ad.grad(f)(3.0)
    assert ad.grad(f, method="forward")(3.0) == 12.0
    with pytest.raises(ad.LostDerivative, match="from_a_global"):
        ad.grad(ad.grad(f, method="forward"))(3.0)


# == what f does beside returning ====================================================================
@pytest.mark.parametrize("size", [(), (3,)])
def test_randomness_is_refused(size):
    rng = np.random.default_rng(0)

    def noisy(x):
        return np.sum(x * rng.normal(size=size))

    with pytest.raises(ad.LostDerivative, match=r"noisy \(.*test_checkpoint.py.*something else.*random numbers"):
        ad.grad(ad.checkpoint(noisy))(1.0 if size == () else X)


def test_a_counter_is_refused_where_it_matters():
    counter = itertools.count(1)
    with pytest.raises(ad.LostDerivative, match="something else"):
        ad.grad(ad.checkpoint(lambda x: x * next(counter)))(2.0)
    more = ad.checkpoint(lambda x: (x,) * next(counter))
    with pytest.raises(ad.LostDerivative, match="something else"):
        ad.grad(lambda x: more(x)[0])(2.0)
    calls = Counted(lambda x: x * x)
    assert ad.grad(ad.checkpoint(calls))(2.0) == 4.0


def test_an_array_that_changes_in_between_is_refused_or_remembered():
    w = np.ones(3)
    closing = ad.checkpoint(lambda x: x * w)

    def f(x, g):
        w[:] = 1.0
        out = np.sum(g(x))
        w[:] = 2.0
        return out

    with pytest.raises(ad.LostDerivative, match="something else"):
        ad.grad(f)(X, closing)
    given = ad.checkpoint(np.multiply)
    np.testing.assert_array_equal(ad.grad(f)(X, lambda x: given(x, w)), np.ones(3))


def test_what_leaks_out_of_f_is_refused_where_it_is_used():
    def f(x):
        kept = []
        y = ad.checkpoint(lambda x: kept.append(x * x) or x)(x)
        return y * kept[0]

    with pytest.raises(ad.EscapedValue, match="kept"):
        ad.grad(f)(3.0)


def into_its_argument(x):
    x[0] = 5.0
    return np.sum(x * x)


def into_a_constant(x, a):
    a[0] = 5.0
    return np.sum(x * a)


def test_writes_that_would_be_lost_are_refused():
    with pytest.raises(ad.LostDerivative, match=r"into_its_argument .*changes an array.*copy"):
        ad.grad(ad.checkpoint(into_its_argument))(X)
    with pytest.raises(ad.LostDerivative, match=r"changes an array.*a\[0\] = 5"):
        ad.grad(lambda x: ad.checkpoint(into_a_constant)(x, np.ones(3)))(X)

    def f(x):
        found = {"x": x}
        y = ad.checkpoint(lambda x: found.update(x=2 * x) or found["x"])(x)
        return y * found["x"]

    with pytest.raises(ad.LostDerivative, match=r"changes a list, a dict"):
        ad.grad(f)(3.0)

    def g(x):
        last = x

        def inside(x):
            nonlocal last
            last = last * x
            return last

        return ad.checkpoint(inside)(x) * last

    with pytest.raises(ad.LostDerivative, match=r"a variable that holds traced values"):
        ad.grad(g)(3.0)
    assert ad.grad(ad.checkpoint(lambda x: into_its_argument(x.copy())))(X)[0] == 0.0


def test_an_exception_passes_and_leaves_nothing_behind():
    def f(x):
        if x > 1:
            raise KeyError("too large")
        return x * x

    g = ad.checkpoint(f)
    with pytest.raises(KeyError, match="too large"):
        ad.grad(g)(2.0)
    assert ad.grad(g)(0.5) == 1.0
    with pytest.raises(ad.LostDerivative, match=r"math\.sin"):
        ad.grad(ad.checkpoint(lambda x: math.sin(x)))(0.5)


# == nan and zero ====================================================================================
@pytest.mark.parametrize("method", EXACT)
def test_a_branch_not_taken_has_derivative_zero(method):
    def outside(wrap):
        root = wrap(np.sqrt)
        return lambda x: np.sum(np.where(x > 0, root(x), 0.0) + x)

    def inside(wrap):
        return lambda x: np.sum(wrap(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(x))

    def elements(wrap):
        return lambda x: wrap(lambda x: (np.sqrt(x), x * x))(x)[1][0] + wrap(np.sqrt)(x)[1]

    x = np.array([0.0, 4.0])
    for program in (outside, inside, elements):
        expected = ad.grad(program(lambda f: f), method=method)(x)
        assert np.isfinite(expected).all()
        np.testing.assert_array_equal(ad.grad(program(ad.checkpoint), method=method)(x), expected)
        np.testing.assert_array_equal(
            ad.hessian(program(ad.checkpoint), method=method)(x), ad.hessian(program(lambda f: f), method=method)(x)
        )


@pytest.mark.parametrize("method", EXACT)
def test_an_honest_nan_stays(method):
    # The derivative of sqrt(x)**2 at 0 is 0 * inf: nobody can say from these numbers that it is 1.
    f = ad.checkpoint(np.sqrt)
    assert np.isnan(ad.grad(lambda x: f(x) ** 2, method=method)(0.0))
    assert np.isnan(ad.grad(ad.checkpoint(lambda x: np.sqrt(x) ** 2), method=method)(0.0))


# == what it is ======================================================================================
@ad.checkpoint
def documented(x):
    """Twice x."""
    return 2 * x


def test_it_looks_like_f():
    assert documented.__name__ == "documented"
    assert documented.__doc__ == "Twice x."
    assert pickle.loads(pickle.dumps(documented)) is documented
    again = pickle.loads(pickle.dumps(ad.checkpoint(np.sin)))
    assert ad.grad(again)(0.0) == 1.0
    chain = pickle.loads(pickle.dumps(ad.checkpoint(np.sin, steps=3, schedule="binomial", snapshots=2)))
    assert ad.grad(chain)(0.0) == 1.0
    assert chain.schedule.snapshots == 2


def test_it_can_be_a_method():
    @dataclass
    class Line:
        slope: float

        @ad.checkpoint
        def at(self, x):
            return self.slope * x

    assert ad.grad(lambda s, x: Line(s).at(x), (0, 1))(2.0, 3.0) == (3.0, 2.0)
    assert isinstance(Line(2.0).at, types.MethodType)


def test_requests_that_make_no_sense_are_refused():
    with pytest.raises(ad.ArgumentError, match="needs a function"):
        ad.checkpoint(3)
    with pytest.raises(ad.BadRequest, match="go with steps="):
        ad.checkpoint(np.sin, snapshots=3)
    with pytest.raises(ad.BadRequest, match="steps must be a whole number"):
        ad.checkpoint(np.sin, steps=1.5)
    with pytest.raises(ad.BadRequest, match="snapshots must be a whole number from 1 on"):
        ad.checkpoint(np.sin, steps=10, schedule="binomial", snapshots=0)
    with pytest.raises(ad.BadRequest, match="snapshots= goes with schedule='binomial'"):
        ad.checkpoint(np.sin, steps=10, snapshots=3)
    with pytest.raises(ad.BadRequest, match="Did you mean 'binomial'"):
        ad.checkpoint(np.sin, steps=10, schedule="binomal")


# == schedules =======================================================================================
@functools.cache
def fewest(length, snapshots):
    """Runs in advance of the best of all schedules, by trying every place for the next snapshot."""
    if length <= 1:
        return 0
    if snapshots == 1:
        return length * (length - 1) // 2
    return min(k + fewest(length - k, snapshots - 1) + fewest(k, snapshots) for k in range(1, length))


@pytest.mark.parametrize("snapshots", range(1, 8))
def test_the_formula_agrees_with_dynamic_programming(snapshots):
    assert [advances(n, snapshots) for n in range(80)] == [fewest(n, snapshots) for n in range(80)]


def test_beta_is_the_longest_chain_for_so_many_repetitions():
    assert [beta(3, r) for r in range(5)] == [1, 4, 10, 20, 35]
    # One step more and some step is run once more in advance: the count is convex with kinks there.
    for c, r in itertools.product(range(1, 6), range(1, 4)):
        n = beta(c, r)
        assert fewest(n + 1, c) - fewest(n, c) == r + 1 > fewest(n, c) - fewest(n - 1, c)


def step(x, h):
    return x + h * np.sin(x)


def evaluations(n, kind, snapshots=None):
    counted = Counted(step)
    chain = ad.checkpoint(counted, steps=n, schedule=kind, snapshots=snapshots)
    gradient = ad.grad(chain, (0, 1))(0.5, 0.1)
    return counted.calls, chain.schedule, gradient


@pytest.mark.parametrize("n", [1, 2, 3, 10, 37, 100])
def test_the_step_is_run_as_often_as_the_schedule_says(n):
    expected = evaluations(n, "all")
    assert expected[0] == n
    runs = {"sqrt": (None,), "binomial": (1, 2, 3, 7, n, n + 5, None)}
    for kind, snapshots in ((kind, s) for kind, all_of in runs.items() for s in all_of):
        calls, schedule, gradient = evaluations(n, kind, snapshots)
        # The rehearsal of the first step is one of those for the value.
        assert calls == schedule.evaluations
        np.testing.assert_allclose(gradient, expected[2], rtol=1e-13)
        if kind == "sqrt":
            assert calls == 2 * n
        else:
            assert calls == n + 1 + fewest(n, schedule.snapshots)


@pytest.mark.parametrize("n", [1, 5, 17, 64, 200])
@pytest.mark.parametrize(("kind", "snapshots"), [("sqrt", None), ("binomial", 1), ("binomial", 4), ("binomial", None)])
def test_no_more_states_are_held_than_the_schedule_says(n, kind, snapshots):
    places = Places()
    chain = ad.checkpoint(places.counting(lambda x: np.sin(x) + x), steps=n, schedule=kind, snapshots=snapshots)
    ad.grad(lambda x: np.sum(chain(x)))(X)
    # Beside the snapshots there are the state at hand, the one it is computed from, and the one of the last block.
    assert places.most <= chain.schedule.snapshots + 4


class Places:
    """How many of the states that a step returned are alive at most, while it is run on plain arrays."""

    def __init__(self):
        self.states = []
        self.most = 0

    def counting(self, f):
        def counted(x):
            out = f(x)
            if type(out) is np.ndarray:
                self.states = [ref for ref in self.states if ref() is not None] + [weakref.ref(out)]
                self.most = max(self.most, len(self.states))
            return out

        return counted


def test_the_default_schedules_are_small():
    assert schedule("sqrt", 10**7, None) == Schedule(10**7, 3163, 3162)
    found = schedule("binomial", 10**7, None)
    assert found.snapshots == 13
    assert found.evaluations < 14 * 10**7


def test_a_long_chain_is_one_operation_and_needs_little_memory():
    n = 4000
    peaks = {}
    for kind in ("all", "sqrt", "binomial"):
        chain = ad.checkpoint(step, steps=n, schedule=kind)
        tracemalloc.start()
        peaks[kind] = ad.grad(chain)(0.5, 1 / n), tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert tape_of(ad.checkpoint(step, steps=n), 0.5, 1 / n) == 1
    slopes = [slope for slope, _ in peaks.values()]
    np.testing.assert_allclose(slopes, slopes[0], rtol=1e-12)
    assert peaks["binomial"][1] < peaks["sqrt"][1] < peaks["all"][1] / 10


# == chains ==========================================================================================
KINDS = [("sqrt", None), ("binomial", 3), ("binomial", None), ("all", None)]


def repeated(f, n, numbered=False):
    """The chain without adkit."""

    def chain(state, *args, **kwargs):
        for k in range(n):
            state = f(state, k, *args, **kwargs) if numbered else f(state, *args, **kwargs)
        return state

    return chain


def pendulum(state, k, p, *, scale):
    """A state of containers with a count among them, the number of the step, and parameters, one by keyword."""
    x, v = state["x"], state["v"]
    v = v - p["h"] * np.sin(x) * scale - 0.01 * k * v
    return {"x": x + p["h"] * v, "v": v, "count": state["count"] + 1}


@pytest.mark.parametrize(("kind", "snapshots"), KINDS)
def test_a_chain_of_containers_with_parameters(kind, snapshots):
    def program(chain):
        def f(x, p, scale):
            out = chain({"x": x, "v": np.zeros(3), "count": 0}, p, scale=scale)
            assert out["count"] == 11
            return np.sum(out["x"] * out["v"]) + scale

        return f

    chain = ad.checkpoint(pendulum, steps=11, schedule=kind, snapshots=snapshots, numbered=True)
    f, g = program(repeated(pendulum, 11, True)), program(chain)
    args = X, {"h": 0.1, "unused": 1.0}, 1.3
    assert f(*args) == g(*args)
    for method in EXACT:
        expected, found = (ad.grad(h, (0, 1, 2), method=method)(*args) for h in (f, g))
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
        assert found[1]["unused"] == 0.0
        np.testing.assert_allclose((found[1]["h"], found[2]), (expected[1]["h"], expected[2]), rtol=1e-12)
    for outer, inner in itertools.product(EXACT, EXACT):
        second = [ad.jacobian(ad.grad(h, 2, method=inner), 0, method=outer)(*args) for h in (f, g)]
        np.testing.assert_allclose(second[1], second[0], rtol=1e-11)


@pytest.mark.parametrize(("kind", "snapshots"), KINDS)
def test_a_chain_goes_through_every_transform(kind, snapshots):
    def by(x, a):
        return np.sin(a * x) + np.roll(x, 1) * x

    f, g = repeated(by, 10), ad.checkpoint(by, steps=10, schedule=kind, snapshots=snapshots)
    for transform in (ad.jacobian(g, method="reverse"), ad.jacobian(g, method="forward")):
        np.testing.assert_allclose(transform(X, 0.3), ad.jacobian(f)(X, 0.3), rtol=1e-10)
    value, pullback = ad.vjp(g, X, 0.3)
    np.testing.assert_array_equal(value, f(X, 0.3))
    for _ in range(2):  # the first sweep uses up the snapshots
        np.testing.assert_allclose(pullback(X)[0], ad.vjp(f, X, 0.3)[1](X)[0], rtol=1e-10)
    hessians = [ad.hessian(lambda x, h=h: np.sum(h(x, 0.3)))(X) for h in (f, g)]
    np.testing.assert_allclose(hessians[1], hessians[0], rtol=1e-9)
    assert ad.grad(lambda a: ad.checkpoint(by, steps=0, schedule=kind)(X, a)[0] * a)(2.0) == X[0]


def test_a_chain_may_close_over_traced_values():
    def f(w):
        return ad.checkpoint(lambda x: np.sin(w * x), steps=9)(0.5)

    check_closed(f, 1.2)
    assert tape_of(f, 1.2) == 1


def test_forward_over_reverse_keeps_the_schedule():
    counted = Counted(step)
    chain = ad.checkpoint(counted, steps=16)
    products = ad.hvp(chain, (0.5, 0.1), (1.0, 0.0))[1]
    expected = ad.hvp(repeated(step, 16), (0.5, 0.1), (1.0, 0.0))[1]
    np.testing.assert_allclose(products, expected, rtol=1e-12)
    assert counted.calls <= 5 * 16


def test_a_step_may_work_in_place():
    def euler(x, h):
        x += h * np.sin(x)
        return x

    x = X.copy()
    chain = ad.checkpoint(euler, steps=20, schedule="binomial", snapshots=3)
    pure = repeated(step, 20)
    np.testing.assert_array_equal(chain(x, 0.1), pure(X, 0.1))
    for found, expected in zip(
        ad.grad(lambda x, h: np.sum(chain(x, h)), (0, 1))(x, 0.1),
        ad.grad(lambda x, h: np.sum(pure(x, h)), (0, 1))(X, 0.1),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(x, X)


def test_the_state_may_change_its_shape():
    def grow(x):
        return np.concatenate([np.sin(x), x[:1]])

    f, g = (lambda x, h=h: np.sum(h(x) ** 2) for h in (repeated(grow, 7), ad.checkpoint(grow, steps=7)))
    np.testing.assert_allclose(ad.grad(g)(X), ad.grad(f)(X), rtol=1e-13)


def test_a_chain_that_cannot_be_repeated_is_refused():
    rng = np.random.default_rng(0)
    for kind, snapshots in KINDS[:3]:
        chain = ad.checkpoint(lambda x: x * rng.normal(), steps=10, schedule=kind, snapshots=snapshots)
        with pytest.raises(ad.LostDerivative, match=r"<lambda> .*something else.*random numbers"):
            ad.grad(chain)(1.0)

    def drifting(x, a):
        a += 1.0
        return x * a

    chain = ad.checkpoint(drifting, steps=10)
    with pytest.raises(ad.LostDerivative, match=r"drifting .*changes an array"):
        ad.grad(lambda x, a: np.sum(chain(x, a)), (0, 1))(1.0, np.ones(3))
    with pytest.raises(ad.LostDerivative, match=r"changes an array.*a \+= 1"):
        ad.grad(lambda x: np.sum(chain(x, np.ones(3))))(1.0)
    STORE["y"] = 2.0

    def hidden(y):
        STORE["y"] = y
        return ad.checkpoint(from_a_global, steps=5)(y)

    with pytest.raises(ad.LostDerivative, match="from_a_global"):
        ad.grad(hidden)(3.0)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(("kind", "snapshots"), KINDS)
def test_branches_and_nans_in_a_chain(method, kind, snapshots):
    def branch(x, w):
        return np.where(x > 0, np.sqrt(x) * w, 0.0) + 0.5 * x

    x = np.array([0.0, 0.7])
    f, g = (lambda x, w, h=h: np.sum(h(x, w)) for h in (repeated(branch, 6), ad.checkpoint(branch, steps=6)))
    expected, found = (ad.grad(h, (0, 1), method=method)(x, 1.1) for h in (f, g))
    assert np.isfinite(expected[0]).all()
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-13)
    honest = ad.checkpoint(np.sqrt, steps=3, schedule=kind, snapshots=snapshots)
    assert np.isnan(ad.grad(lambda x: honest(x) ** 8, method=method)(0.0))


class Opaque:
    def __init__(self, x):
        self.x = x


def test_a_state_that_adkit_does_not_look_into_is_refused():
    chain = ad.checkpoint(lambda state, w: Opaque(state.x * w), steps=3)
    assert chain(Opaque(2.0), 3.0).x == 54.0
    with pytest.raises(ad.ArgumentError, match=r"state of <lambda> .*holds a Opaque.*dataclass"):
        ad.grad(lambda w: chain(Opaque(w), w).x)(3.0)
    chain = ad.checkpoint(lambda state, w: Opaque(w * 2), steps=3)
    with pytest.raises(ad.ArgumentError, match="holds a Opaque"):
        ad.grad(lambda w: chain(w, w).x)(3.0)


def test_what_is_derived_once_holds_for_as_many_steps():
    chain = ad.checkpoint(lambda x: x * x, steps=2)
    slope = ad.grad(lambda x: chain(x), method="symbolic")
    assert slope(2.0) == 32.0
    chain = ad.checkpoint(lambda x: x * x, steps=3)
    assert slope(2.0) == 1024.0


def test_what_is_linked_too_deeply_is_done_in_the_open():
    f = np.sin
    for _ in range(3000):
        f = functools.partial(lambda f, x: x + 1.0, f)
    assert ad.grad(ad.checkpoint(f))(2.0) == 1.0


# == compiled ========================================================================================
def test_compiled_gradients_of_checkpointed_functions_are_those_of_f():
    chain = ad.checkpoint(step, steps=30, schedule="binomial", snapshots=3)
    gradient = ad.compile(ad.grad(lambda x, h: ad.checkpoint(lambda x: np.sin(x) * h)(chain(x, h)), (0, 1)))
    expected = ad.grad(lambda x, h: np.sin(repeated(step, 30)(x, h)) * h, (0, 1))
    for x in (0.5, 0.6):
        np.testing.assert_allclose(gradient(x, 0.1), expected(x, 0.1), rtol=1e-12)
    assert gradient.recordings == 1
    compiled = ad.checkpoint(ad.compile(step), steps=30)
    np.testing.assert_allclose(ad.grad(compiled)(0.5, 0.1), ad.grad(chain)(0.5, 0.1), rtol=1e-12)


@pytest.mark.parametrize("shown", [lambda x: x, lambda x: x[1:], lambda x: x.reshape(3, 1)])
def test_a_write_to_what_shows_memory_of_an_argument_is_refused(shown):
    def f(x, write):
        x = 1.0 * x
        y = ad.checkpoint(shown)(x)
        write(x, y)
        return np.sum(x**2) + np.sum(y)

    def add(x):
        x += 10.0

    x = np.array([1.0, 2.0, 3.0])
    for write in (lambda x, y: add(x), lambda x, y: add(y)):
        with pytest.raises(ad.LostDerivative, match=r"returned memory of its argument.* in `x \+= 10.0`.*x\.copy"):
            ad.grad(f)(x, write)
    np.testing.assert_array_equal(
        ad.grad(f)(x, lambda x, y: add(1 * y)), 2 * x + ad.grad(lambda x: np.sum(shown(x)))(x)
    )


def test_results_beside_one_that_shows_memory_can_be_changed():
    def f(x):
        y, z = ad.checkpoint(lambda x: (x[1:], 2 * x))(1.0 * x)
        z += 1.0
        return np.sum(y) + np.sum(z**2)

    np.testing.assert_array_equal(ad.grad(f)(np.array([1.0, 2.0])), [12.0, 21.0])


def test_objects_that_are_more_than_their_attributes_are_left_as_they_are():
    class Slotted:
        __slots__ = ("factor",)

    class Scale(Slotted):
        def __init__(self, factor, x):
            self.factor, self.x = factor, x

    def cached(x):
        @functools.lru_cache
        def factor(k):
            return 1.0 * k

        return np.sum(ad.checkpoint(lambda y: y * factor(2) * x)(x))

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(ad.grad(cached)(x), 4 * x)
    with pytest.raises(ad.LostDerivative, match="stands where it cannot be found"):
        ad.grad(lambda x: (lambda s: np.sum(ad.checkpoint(lambda y: y * s.factor * s.x)(x)))(Scale(2.0, x)))(x)
