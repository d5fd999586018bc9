"""`ad.compile`: straight-line code that gives what f itself gives, or f itself, and never anything else."""

from __future__ import annotations

import copy
import enum
import functools
import gc
import inspect
import itertools
import pickle
import random
import sys
import threading
import time
import tracemalloc
import types
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from programs.generator import alone, available, numbered

import adkit as ad
from adkit.codegen import generate
from adkit.containers import flatten, is_container, unflatten
from adkit.snapshots import surroundings


def bivariate(x1, x2):
    return x1 * x2 + np.sin(x1)


def same(found, expected, rtol=1e-9, atol=1e-12):
    """Equal in structure, types, shapes, dtypes, and to rounding in value."""
    mine, structure = flatten(found)
    theirs, other = flatten(expected)
    assert structure == other
    for x, y in zip(mine, theirs, strict=True):
        assert type(x) is type(y), (x, y)
        assert getattr(x, "dtype", None) == getattr(y, "dtype", None)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol) if np.asarray(y).dtype.kind in "fc" else None
        assert np.asarray(y).dtype.kind in "fc" or np.array_equal(x, y)


def compiled_like(g, *calls, recordings=1):
    """g compiled, and compared with g at each of these calls; all but the first run as code where it can be."""
    f = ad.compile(g, strict=True)
    for args in calls:
        same(f(*args), g(*args))
    assert f.recordings == recordings
    return f


def eager(g, reason, *calls):
    """g cannot be compiled, is run as it is, and that is said once, with its name and place."""
    f = ad.compile(g)
    with pytest.warns(ad.CompileWarning, match=reason) as said:
        found = [f(*args) for args in calls]
    assert len(said) == 1
    assert "test_compile.py" in str(said[0].message)
    assert f.recordings == 0
    assert reason in f.note
    assert f.backend == "eager"
    return found


A, B = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 4.0])


# == what it gives =================================================================================
def test_one_recording_serves_every_point():
    f = compiled_like(bivariate, (2.0, 5.0), (1.0, 3.0), (-4.0, 0.5))
    assert f.backend in ("python", "native")
    assert f.seconds > 0
    assert "sin" in f.source
    assert repr(f) == f"<compiled bivariate: 1 recording, {f.backend}>"


def test_f_is_not_run_again():
    f = compiled_like(lambda x: x * x, (2.0,), (3.0,))
    f.g = None
    assert f(4.0) == 16.0


@pytest.mark.parametrize(
    "transform",
    [
        ad.grad,
        ad.value_and_grad,
        ad.jacobian,
        ad.hessian,
        lambda f: ad.grad(ad.grad(lambda x: f(x * A))) and ad.hessian(f, method="forward"),
        lambda f: ad.value_and_grad(f, method="forward"),
        lambda f: lambda x: ad.jvp(f, (x,), (B,)),
        lambda f: lambda x: ad.vjp(f, x)[1](1.0),
        lambda f: lambda x: ad.hvp(f, (x,), (B,)),
        lambda f: ad.compile(ad.grad(f)),
        lambda f: ad.grad(ad.compile(f)),
        lambda f: ad.hessian(ad.compile(f)),
        lambda f: ad.jacobian(ad.compile(ad.grad(f))),
    ],
)
def test_it_composes_with_every_transform(transform):
    compiled_like(transform(lambda x: np.sum(np.tanh(x) * x**2)), (A,), (B,), (2 * A,))


def test_a_compiled_function_within_one_that_is_differentiated_is_the_function_itself():
    inner = ad.compile(lambda x: x**3)
    assert ad.grad(inner)(2.0) == 12.0
    assert ad.grad(ad.grad(inner))(2.0) == 12.0
    assert inner.recordings == 0
    assert ad.grad(lambda x: inner(x) * inner(3.0))(2.0) == 12.0 * 27.0
    assert inner.recordings == 1


def test_a_traced_value_in_a_closure_is_never_recorded():
    def outer(y):
        inner = ad.compile(lambda x: x * y)
        return inner(3.0) + inner(4.0)

    assert ad.grad(outer)(2.0) == 7.0


def test_a_traced_value_put_where_a_number_was_is_differentiated():
    holder = {"y": 2.0}
    inner = ad.compile(lambda x: x * holder["y"])
    assert [inner(3.0), inner(3.0)] == [6.0, 6.0]

    def outer(y):
        holder["y"] = y
        return inner(3.0)

    assert ad.grad(outer)(5.0) == 3.0
    holder["y"] = 4.0
    assert inner(3.0) == 12.0


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    weights: Any
    bias: float


def test_containers_go_in_and_come_out():
    def f(p, q):
        return {"sum": p["w"] @ p["w"] + q[0], "parts": [p["b"] * q[1], (q[0],)], "point": Point(q[0], p["w"])}

    compiled_like(f, ({"w": A, "b": 2.0}, [1.0, 3.0]), ({"w": B, "b": 1.0}, [4.0, 5.0]))


def test_dataclasses_and_named_tuples_go_in():
    f = ad.grad(lambda layer, p: np.sum(layer.weights**2) * layer.bias + p.x * p.y, (0, 1))
    compiled_like(f, (Layer(A, 2.0), Point(1.0, 2.0)), (Layer(B, 3.0), Point(5.0, 2.0)))


def test_keyword_arguments():
    f = ad.compile(lambda x, *, power=2, scale=1.0: scale * x**power, strict=True)
    for scale in (1.0, 2.0, 3.0):
        assert f(2.0, scale=scale) == 4.0 * scale
        assert f(2.0, scale=scale, power=3) == 8.0 * scale
        assert f(2.0) == 4.0
    assert f.recordings == 3


def test_has_aux():
    def f(x):
        return x**2, {"cube": x**3, "name": "aux", "none": None, "whole": 7, "mark": True}

    compiled_like(ad.value_and_grad(f, has_aux=True), (2.0,), (3.0,))
    compiled_like(ad.grad(f, has_aux=True), (2.0,), (3.0,))


def test_it_is_a_method_in_a_class_body():
    class Model:
        def __init__(self, w):
            self.w = w

        @ad.compile
        def loss(self, x):
            return self.w * x**2

    model = Model(3.0)
    assert [model.loss(1.0), model.loss(2.0)] == [3.0, 12.0]
    model.w = 4.0
    assert [model.loss(2.0), model.loss(3.0)] == [16.0, 36.0]
    assert isinstance(Model.loss, ad.Compiled)


def test_it_looks_like_f_and_can_be_pickled():
    f = ad.compile(bivariate)
    assert (f.__name__, f.__wrapped__) == ("bivariate", bivariate)
    again = pickle.loads(pickle.dumps(f))
    assert again(2.0, 5.0) == f(2.0, 5.0)
    assert copy.copy(f)(2.0, 5.0) == f(2.0, 5.0)


def test_what_is_no_function_is_refused():
    with pytest.raises(ad.ArgumentError, match="function is needed"):
        ad.compile(3)


# == kinds of numbers ==============================================================================
@pytest.mark.parametrize(
    ("here", "there"),
    [
        (2.0, 3.0),
        (np.float64(2.0), np.float64(3.0)),
        (np.float32(2.0), np.float32(3.0)),
        (2.0 + 1.0j, 3.0 - 1.0j),
        (np.array(2.0), np.array(3.0)),
        (A, B),
        (A.astype(np.float32), B.astype(np.float32)),
        (A + 1j, B - 1j),
        (np.zeros(0), np.zeros(0)),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.ones((2, 3)), np.full((2, 3), 2.0)),
    ],
    ids=str,
)
def test_results_are_of_the_type_that_f_gives(here, there):
    compiled_like(lambda x: (x * x + 1, np.exp(x), np.sum(x) * 2.0, [x, 3.0]), (here,), (there,))
    compiled_like(ad.grad(lambda x: np.real(np.sum(x * x))), (here,), (there,))


def test_another_type_shape_or_dtype_is_recorded_anew():
    f = ad.compile(lambda x: x * 2.0, strict=True)
    points = [1.0, np.float64(1.0), np.ones(2), np.ones(3), np.ones(3, np.float32), np.ones((1, 3)), np.array(1.0)]
    for k, x in enumerate(points):
        same(f(x), x * 2.0)
        assert f.recordings == k + 1
    for x in points:
        same(f(x), x * 2.0)
    assert f.recordings == len(points)


def test_whole_numbers_words_and_functions_count_by_value():
    def f(x, n, name, activation):
        y = x
        for _ in range(n):
            y = activation(y) if name == "on" else y
        return y

    g = ad.compile(f, strict=True)
    for n, name, activation in itertools.product((1, 3), ("on", "off"), (np.sin, np.tanh)):
        for x in (0.5, 0.7, 0.9):
            same(g(x, n, name, activation), f(x, n, name, activation))
    assert g.recordings == 8


def test_one_and_true_are_different():
    f = ad.compile(lambda x, n: (x * 2.0, n), strict=True)
    assert [repr(f(1.0, n)) for n in (1, True, 1, True, np.int64(1))] == [
        *("(2.0, 1)", "(2.0, True)") * 2,
        "(2.0, np.int64(1))",
    ]


def test_whole_numbers_that_are_differentiated_by_count_as_floats():
    f = ad.compile(ad.grad(bivariate, (0, 1)), strict=True)
    for x1, x2 in ((2, 5), (1, 3), (2.0, 4), (2.0, 5.0)):
        same(f(x1, x2), ad.grad(bivariate, (0, 1))(x1, x2))
    assert f.recordings == 1
    g = ad.compile(ad.grad(lambda x: np.sum(x**2)), strict=True)
    same([g(np.arange(3)), g(np.arange(3) + 1)], [2.0 * np.arange(3), 2.0 * (np.arange(3) + 1)])
    assert g.recordings == 1


def test_arrays_of_whole_numbers_and_marks_are_data():
    def f(x, n, mask):
        return np.sum(np.where(mask, x**n, n * x))

    args = [(A, np.array([1, 2, 3]), A > 1), (B, np.array([3, 2, 1]), B > 0), (A, np.array([0, 2, 5]), A > 2)]
    compiled_like(ad.value_and_grad(f), *args)


def test_arrays_that_are_read_as_indices_are_part_of_what_a_recording_holds_for():
    def f(x, labels, mask):
        return np.sum(x[labels] ** 2) + np.sum(x[mask])

    g = ad.compile(ad.value_and_grad(f), strict=True)
    for labels, mask in [([0, 1], A > 1), ([2, 2], A > 1), ([2, 2], A > 2)]:
        for x in (A, B, A, B):
            args = x, np.array(labels), mask
            same(g(*args), ad.value_and_grad(f)(*args))
    assert g.recordings == 3


def test_results_are_the_callers_own():
    constant = np.ones(3)
    f = ad.compile(lambda x, y: (x, x * 1.0, y, constant, x[1:], [x, x]), strict=True)
    for x, y in ((A.copy(), B.copy()), (B.copy(), A.copy())):
        f(x, y)
        before = x.copy(), y.copy()
        leaves = flatten(f(x, y))[0]
        for leaf in leaves:
            assert leaf.flags.writeable
            leaf += 1.0
        assert all(not np.shares_memory(a, b) for a, b in itertools.combinations([*leaves, x, y, constant], 2))
        np.testing.assert_equal((x, y), before)
    np.testing.assert_equal(constant, 1.0)
    assert f.recordings == 1


def test_arrays_may_lie_in_memory_as_they_like():
    def f(x):
        y = np.ravel(x * 1.0, order="K")
        return np.sum(y * np.arange(6.0)), x @ x.T

    g = ad.compile(f, strict=True)
    base = np.arange(24.0).reshape(4, 6)
    views = [
        base[:2, :3],
        base[:2, ::2],
        np.asfortranarray(base[:2, :3]),
        base[::2, :3],
        np.ones((2, 3)),
        base.T[:2, 1:],
    ]
    views = [x[:2, :3] for x in views]
    locked = np.ones((2, 3))
    locked.flags.writeable = False
    for x in [*views, locked] * 2:
        before = x.copy()
        same(g(x), f(x))
        np.testing.assert_equal(x, before)


def test_a_write_to_a_view_does_what_it_does_for_each_layout():
    def f(x):
        y = x * 1.0
        y.reshape(-1)[0] = 7.0
        return y

    g = ad.compile(ad.jacobian(f), strict=True)
    for x in (np.ones((2, 2)), np.asfortranarray(np.ones((2, 2)))) * 2:
        same(g(x), ad.jacobian(f)(x))


def test_other_arrays_than_numpys_own_run_as_they_are():
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    f = ad.compile(lambda x: x * 2.0)
    with pytest.warns(ad.CompileWarning, match="MaskedArray"):
        found = f(masked)
    assert type(found) is np.ma.MaskedArray
    assert f(3.0) == 6.0


# == decisions =====================================================================================
def leaky(x):
    return x if x > 0 else 0.1 * x


def test_another_branch_is_recorded_once():
    f = ad.compile(ad.grad(leaky), strict=True)
    assert [f(x) for x in (1.0, 2.0, -1.0, -2.0, 3.0, -3.0)] == [1.0, 1.0, 0.1, 0.1, 1.0, 0.1]
    assert f.recordings == 2


def test_arrays_that_are_filled_may_begin_with_anything():
    def f(x):
        y = np.empty_like(x)
        for k in range(len(x)):
            y[k] = np.sin(x[k]) * k
        return y

    compiled_like(ad.jacobian(f), (A,), (B,))


def test_masks_of_arrays_are_data():
    compiled_like(ad.grad(lambda x: np.sum(np.where(x > 0, x**2, -x))), (A,), (B,), (-A,))


@pytest.mark.parametrize("count", [1, 3])
def test_masks_of_arrays_are_data_forwards_too(count):
    def f(x):
        return np.where(x > 0, x**2, -x)

    here, there = np.full(count, -2.0), np.full(count, 3.0)
    for method in ("forward", "reverse"):
        compiled_like(ad.jacobian(f, method=method), (here,), (there,))
    compiled_like(lambda x: ad.jvp(f, (x,), (x,)), (here,), (there,))
    compiled_like(lambda x: ad.hvp(lambda t: np.sum(f(t)), (x,), (x,)), (here,), (there,))


def test_custom_rules_are_run_on_the_numbers_at_hand():
    @ad.custom_derivative(jvp=lambda tangents, out, t: 2 * np.sum(t * tangents[0]))
    def f(t):
        return np.sum(t * t)

    compiled_like(ad.grad(f), (A,), (B,))
    compiled_like(ad.hessian(f), (A,), (B,))


@pytest.mark.parametrize(
    "rule",
    [
        {"partials": lambda out, x: FACTOR * x},
        {"vjp": lambda cotangent, out, x: (FACTOR * x * cotangent,)},
        {"jvp": lambda tangents, out, x: FACTOR * x * tangents[0]},
    ],
    ids=["partials", "vjp", "jvp"],
)
def test_what_a_custom_rule_reads_is_watched(rule, monkeypatch):
    f = ad.custom_derivative(lambda x: x * x, **rule)
    g = ad.compile(ad.grad(lambda x: f(x)))
    for factor in (2.0, 5.0, 2.0):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        assert [g(1.0), g(3.0)] == [factor, 3.0 * factor]


def test_the_text_of_a_number_is_read():
    steps = {"1": 2.0, "2": 3.0}

    def f(x):
        return steps[f"{x:.0f}"] * x + len(str(x))

    g = ad.compile(ad.grad(f), strict=True)
    assert [g(x) for x in (1.0, 2.0, 1.0, 2.0)] == [2.0, 3.0, 2.0, 3.0]


def test_an_entry_hands_results_on_in_their_own_precision():
    def f(x, z):
        return np.ravel(np.tanh(x))[None] + 1j * np.fft.ifft(np.fft.fft(z) * 2.0).real.sum()

    x, z = np.ones((2, 2)), np.ones((1, 3), np.float32)
    compiled_like(ad.jacobian(f, (0, 1)), *[(k * x, np.float32(k) * z) for k in (1, 2, 3)])


def newton(x):
    y = 1.0
    while abs(y * y - x) > 1e-12:
        y = 0.5 * (y + x / y)
    return y


def test_an_iteration_is_recorded_for_each_length():
    f = ad.compile(ad.grad(newton))
    for x in (2.0, 2.1, 2.2, 100.0, 101.0, 2.3):
        same(f(x), ad.grad(newton)(x))
    assert 2 <= f.recordings <= 4


def test_what_differs_each_time_is_left_alone_in_the_end():
    def f(x):
        k = 0
        while x > 0:
            x, k = x - 1.0, k + 1
        return x * k

    g = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="differs from call to call") as said:
        same([g(k + 0.5) for k in range(60)], [f(k + 0.5) for k in range(60)])
    assert len(said) == 1
    assert g.recordings == 16
    recorded = g.recordings
    same([g(k + 0.25) for k in range(60)], [f(k + 0.25) for k in range(60)])
    assert g.recordings == recorded


def test_a_whole_number_that_differs_each_time_is_left_alone_in_the_end():
    g = ad.compile(lambda x, step: x / (1 + step))
    with pytest.warns(ad.CompileWarning, match="as a float") as said:
        found = [g(2.0, step) for step in range(200)]
    assert found == [2.0 / (1 + step) for step in range(200)]
    assert len(said) == 1
    assert g.recordings == 64


def test_strict_says_so_instead():
    g = ad.compile(lambda x, step: x / (1 + step), strict=True)
    with pytest.raises(ad.CannotCompile, match="as a float"):
        [g(2.0, step) for step in range(200)]


def test_branches_may_be_combined_with_shapes():
    f = ad.compile(lambda x: np.sum(x) if x[0] > 0 else np.prod(x), strict=True)
    points = [sign * np.ones(n) * 2 for n in (1, 2, 3) for sign in (1, -1)]
    for x in points * 3:
        same(f(x), np.sum(x) if x[0] > 0 else np.prod(x))
    assert f.recordings == 6


# == what f reads besides its arguments ============================================================
FACTOR = 2.0
OFFSETS = np.array([1.0, 2.0, 3.0])
module = types.ModuleType("settings")
module.factor = 2.0  # type: ignore[attr-defined]
sys.modules["settings_of_test_compile"] = module


def helper(x):
    return x * x


def other_helper(x):
    return x * x * x


class Slotted:
    __slots__ = ("factor",)


class Base:
    factor = 2.0


class Derived(Base):
    """What it gets of its own hides what Base has."""


class Other(Base):
    factor = 3.0


class Weights(list[float]):
    def total(self):
        return FACTOR * sum(self)


class Settings(dict[str, float]):
    def __missing__(self, key):
        return FACTOR


class Measured(NamedTuple):
    x: float

    @property
    def scaled(self):
        return FACTOR * self.x


class Whole(int):
    def scaled(self):
        return FACTOR * self


class Unit(enum.Enum):
    METRE = 1

    def scaled(self):
        return FACTOR * self.value


class Kind(type):
    @property
    def scaled(cls):
        return FACTOR


class OfKind(metaclass=Kind):
    pass


def present_or_not(owner, name):
    """Sets an attribute; None takes it away."""

    def change(value):
        if value is not None:
            setattr(owner, name, value)
        elif name in vars(owner):
            delattr(owner, name)

    return change


def importing(x):
    import settings_of_test_compile  # type: ignore[import-not-found]

    return settings_of_test_compile.factor * x


def importing_a_name(x):
    from settings_of_test_compile import factor  # type: ignore[import-not-found]

    return factor * x


def asking(x):
    return asking.factor * x if hasattr(asking, "factor") else 2.0 * x  # type: ignore[attr-defined]


def catching(x):
    try:
        return module.bonus * x
    except AttributeError:
        return 2.0 * x


def surrounded():
    """Functions that read one thing from outside, and how that is set: (name, f, set, values)."""
    here = globals()
    weights = {"w": 2.0}
    layers = [1.0, [2.0]]
    table = np.array([1.0, 2.0])
    names = {"a"}
    model, slotted = types.SimpleNamespace(w=2.0), Slotted()
    slotted.factor = 2.0
    closed = 2.0

    def by_default(x, factor=2.0):
        return factor * x

    def with_attribute(x):
        return with_attribute.factor * x

    with_attribute.factor = 2.0  # type: ignore[attr-defined]

    def set_closed(value):
        nonlocal closed
        closed = value

    yield "global", lambda x: FACTOR * x, lambda v: here.update(FACTOR=v), (2.0, 3.0)
    yield "closure", lambda x: closed * x, set_closed, (2.0, 3.0)
    yield "default", by_default, lambda v: setattr(by_default, "__defaults__", (v,)), (2.0, 3.0)
    yield "attribute of f", with_attribute, lambda v: setattr(with_attribute, "factor", v), (2.0, 3.0)
    yield "dict", lambda x: weights["w"] * x, lambda v: weights.update(w=v), (2.0, 3.0)
    yield "nested list", lambda x: layers[1][0] * x, lambda v: layers[1].__setitem__(0, v), (2.0, 3.0)
    yield "array", lambda x: np.sum(table) * x, lambda v: table.__setitem__(0, v), (1.0, 3.0)
    yield "another array", lambda x: OFFSETS[0] * x, lambda v: here.update(OFFSETS=np.full(3, v)), (1.0, 3.0)
    yield "set", lambda x: x * len(names), lambda v: (names.clear(), names.update(v)), ("ab", "abc")
    yield "object", lambda x: model.w * x, lambda v: setattr(model, "w", v), (2.0, 3.0)
    yield "slot", lambda x: slotted.factor * x, lambda v: setattr(slotted, "factor", v), (2.0, 3.0)
    yield "class", lambda x: Base.factor * x, lambda v: setattr(Base, "factor", v), (2.0, 3.0)
    yield "function", lambda x: helper(x), lambda v: here.update(helper=v), (helper, other_helper)
    yield (
        "code",
        lambda x: helper(x),
        lambda v: setattr(helper, "__code__", v),
        (helper.__code__, other_helper.__code__),
    )
    yield "module", lambda x: module.factor * x, lambda v: setattr(module, "factor", v), (2.0, 3.0)
    yield "builtin", lambda x: abs(x), lambda v: here.update(abs=v), (lambda x: x, lambda x: 2.0 * x)
    whole, weights_, settings, point = Whole(2), Weights([2.0, 3.0]), Settings(), Measured(2.0)
    derived, changing, unit = Derived(), Base(), Unit.METRE
    scaled = functools.partial(lambda factor, x: factor * x, 2.0)
    set_factor = lambda v: here.update(FACTOR=v)  # noqa: E731
    yield "hidden", lambda x: derived.factor * x, present_or_not(Derived, "factor"), (None, 3.0)
    yield "base", lambda x: derived.factor * x, lambda v: setattr(Derived, "__bases__", (v,)), (Base, Other)
    yield "of another class", lambda x: changing.factor * x, lambda v: setattr(changing, "__class__", v), (Base, Other)
    yield "list of a class", lambda x: weights_.total() * x, set_factor, (2.0, 3.0)
    yield "dict of a class", lambda x: settings["w"] * x, set_factor, (2.0, 3.0)
    yield "named tuple", lambda x: point.scaled * x, set_factor, (2.0, 3.0)
    yield "whole number of a class", lambda x: whole.scaled() * x, set_factor, (2.0, 3.0)
    yield "member", lambda x: unit.scaled() * x, set_factor, (2.0, 3.0)
    yield "metaclass", lambda x: OfKind.scaled * x, set_factor, (2.0, 3.0)
    yield "import", importing, lambda v: setattr(module, "factor", v), (2.0, 3.0)
    yield "import of a name", importing_a_name, lambda v: setattr(module, "factor", v), (2.0, 3.0)
    yield "asked for", asking, present_or_not(asking, "factor"), (None, 3.0)
    yield "missed", catching, present_or_not(module, "bonus"), (None, 3.0)
    yield (
        "partial",
        lambda x: scaled(x),
        lambda v: scaled.__setstate__((scaled.func, (v,), {}, {})),  # type: ignore[attr-defined]
        (2.0, 3.0),
    )
    yield "zero", lambda x: np.arctan2(FACTOR, x), lambda v: here.update(FACTOR=v), (0.0, -0.0)


SURROUNDED = list(surrounded())


@pytest.mark.parametrize(("f", "change", "values"), [s[1:] for s in SURROUNDED], ids=[s[0] for s in SURROUNDED])
@pytest.mark.parametrize("transform", [lambda f: f, ad.grad], ids=["f", "grad"])
def test_a_change_of_what_f_reads_is_never_missed(f, change, values, transform):
    g = ad.compile(transform(f), strict=True)
    try:
        for value in (*values, *values, values[1], values[0]):
            change(value)
            for x in (-2.0, -3.0, -2.0):
                same(g(x), transform(f)(x))
        assert 1 < g.recordings <= 3
    finally:
        change(values[0])
        globals().pop("abs", None)


def test_an_equal_value_in_another_place_is_not_recorded_again():
    layers = {"w": np.ones(3)}
    f = ad.compile(lambda x: np.sum(layers["w"] * x), strict=True)
    for _ in range(5):
        layers["w"] = np.ones(3)
        assert [f(A), f(B)] == [6.0, 3.5]
    assert f.recordings == 1


def test_what_most_functions_read_costs_a_glance():
    assert surroundings(bivariate).guard().source.count(" is ") == 2
    assert "_equal" not in surroundings(lambda x: helper(x)).guard().source


# == what cannot be compiled =======================================================================
GENERATOR = np.random.default_rng(0)
counter = itertools.count()
CALLS = []
TOTAL = 0.0


def counting(x):
    global TOTAL
    TOTAL += 1.0
    return TOTAL * x


def noting(x):
    CALLS.append(1)
    return x * len(CALLS)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda x: x * np.random.default_rng().normal(), "numpy.random"),
        (lambda x: x * GENERATOR.normal(), "Generator"),
        (lambda x: x * next(counter), "itertools.count"),
        (lambda x: x * time.time(), "time"),
        (lambda x: x * random.random(), "random"),
        (lambda x: x * eval("2"), r"eval\(\)"),
        (counting, "changes what it reads"),
        (noting, "changes what it reads"),
        (lambda x: print(end="") or x, "it prints"),
        (lambda x: iter([x]), "list_iterator"),
        (lambda x: object(), "object"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_cannot_be_compiled_is_run_as_it_is(f, reason):
    eager(f, reason.replace("\\", ""), *[(2.0,)] * 3) if "\\" not in reason else None
    with pytest.raises(ad.CannotCompile, match=reason):
        ad.compile(f, strict=True)(2.0)


def test_each_call_has_its_own_random_numbers():
    assert len(set(eager(lambda x: x + GENERATOR.normal(), "Generator", *[(2.0,)] * 5))) == 5


def test_a_write_to_an_argument_happens_on_every_call():
    def f(x):
        x[0] = 7.0
        return np.sum(x)

    g = ad.compile(f)
    for k in range(3):
        x = np.ones(3)
        with pytest.warns(ad.CompileWarning, match="changes its arguments") if not k else warnings.catch_warnings():
            assert g(x) == 9.0
        assert x[0] == 7.0


def test_a_list_that_f_appends_to_grows_on_every_call():
    g, seen = ad.compile(lambda x, seen: seen.append(x) or x), []
    with pytest.warns(ad.CompileWarning, match="changes its arguments"):
        [g(x, seen) for x in (1.0, 2.0, 3.0)]
    assert seen == [1.0, 2.0, 3.0]


def test_what_traced_values_cannot_do_is_run_as_it_is():
    import math

    f = ad.compile(lambda x: math.sin(x) * x)
    with pytest.warns(ad.CompileWarning, match=r"np\.sin"):
        assert [f(1.0), f(2.0)] == [math.sin(1.0), math.sin(2.0) * 2.0]


def test_a_function_that_asks_for_types_is_never_taken_for_another():
    def f(x):
        return np.maximum(x, 0.0) if isinstance(x, float) else x

    g = ad.compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ad.CompileWarning)
        assert [g(x) for x in (2.0, -1.0, 3.0, -2.0)] == [2.0, 0.0, 3.0, 0.0]


def test_what_f_makes_of_an_error_is_what_it_makes_of_it():
    def f(x):
        try:
            return float(x)
        except TypeError:
            return x * 2.0

    g = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="of what type"):
        assert [g(0.0), g(1.0), g(2.0)] == [0.0, 1.0, 2.0]


def test_asking_for_types_is_no_hindrance_where_it_makes_no_difference():
    def f(x, layers):
        y = np.sum(x) if isinstance(layers, list) else x
        return y * layers[0] if type(layers) is list else y

    compiled_like(f, (A, [2.0]), (B, [3.0]))
    compiled_like(ad.grad(lambda x: x if isinstance(x, float) else 2.0 * x), (2.0,), (3.0,))


def test_long_computations_are_given_up_early():
    def f(x):
        for _ in range(500):
            x = 3.5 * x * (1.0 - x)
        return x

    g = ad.compile(f, limit=100)
    with pytest.warns(ad.CompileWarning, match="100 operations"):
        assert [g(0.3), g(0.4)] == [f(0.3), f(0.4)]
    assert g.recordings == 0


def test_a_warning_bears_the_line_of_the_caller():
    f = ad.compile(lambda x: x * np.random.default_rng().normal())
    with pytest.warns(ad.CompileWarning) as said:
        f(1.0)
    assert said[0].filename == __file__


# == the edges of arithmetic =======================================================================
@pytest.mark.parametrize("f", [bivariate, lambda x, y: x / y, lambda x, y: np.sqrt(x) + np.log(y), lambda x, y: x**y])
@pytest.mark.parametrize("transform", [lambda f: f, lambda f: ad.value_and_grad(f, (0, 1))], ids=["f", "grad"])
def test_infinities_and_nan_come_out_as_they_do(f, transform):
    values = (1.5, 0.0, -0.0, -2.0, np.inf, -np.inf, np.nan, 1e308)
    g = ad.compile(transform(f))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", ad.CompileWarning)
        for kind in (np.float64, np.array, lambda x: np.array([x, 1.0])):
            if kind is not np.float64 and transform(f) is not f:
                continue
            for x, y in itertools.product(values, values):
                same(g(kind(x), kind(y)), transform(f)(kind(x), kind(y)))


def test_division_by_zero_raises_as_it_does():
    f = ad.compile(lambda x: 1.0 / x)
    assert f(2.0) == 0.5
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            f(0.0)
        assert f(4.0) == 0.25
    assert f.recordings == 1


@pytest.mark.parametrize("exponent", [2, 3, 4, -1, 2.0, 5])
def test_powers_that_overflow_raise_as_they_do(exponent):
    def caught(x):
        try:
            return x**exponent
        except (OverflowError, ZeroDivisionError):
            return 3.0 * x

    large = 1e308 if exponent > 0 else 0.0
    f, g = ad.compile(lambda x: x**exponent), ad.compile(caught, strict=True)
    for _ in range(3):
        assert [f(2.0), g(2.0), g(large)] == [2.0**exponent, 2.0**exponent, 3.0 * large]
        with pytest.raises((OverflowError, ZeroDivisionError)):
            f(large)


@pytest.mark.parametrize("n", [3, 300])
def test_a_softplus_is_differentiated_at_infinity(n):
    g = ad.value_and_grad(lambda z: np.sum(np.logaddexp(0, z)))
    f = ad.compile(g)
    ends = np.resize([np.inf, -800.0, 800.0, 0.0, 30.0], n)
    for z in (np.linspace(-2.0, 2.0, n), ends, np.resize([-np.inf, 1.0], n)):
        same(f(z), g(z))


def test_the_sum_of_nothing_is_zero():
    f = ad.compile(lambda x: np.sum(np.broadcast_to(x, (0,))))
    assert [f(1.0), f(np.inf)] == [0.0, 0.0]


def test_what_f_raises_is_raised():
    def f(x):
        if x < 0:
            raise ValueError("negative")
        return np.sqrt(x)

    g = ad.compile(f, strict=True)
    for x in (4.0, -1.0, 9.0, -1.0):
        if x < 0:
            with pytest.raises(ValueError, match="negative"):
                g(x)
        else:
            assert g(x) == np.sqrt(x)
    with pytest.raises(TypeError, match="argument"):
        g()
    with pytest.raises(TypeError):
        g(1.0, 2.0)
    with pytest.raises(TypeError):
        g("one")
    assert g.recordings == 1


def test_chaos_is_compiled():
    def f(x):
        for _ in range(200):
            x = 3.99 * x * (1.0 - x)
        return x

    g = ad.compile(ad.grad(f), strict=True)
    assert g(0.3) == ad.grad(f)(0.3)
    assert np.isfinite(g(0.4))


def test_warnings_of_numpy_are_not_given():
    f = ad.compile(lambda x: np.exp(x), strict=True)
    f(A)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(f(1000.0 * A)).all()


# == who calls =====================================================================================
def test_many_threads_at_once():
    f = ad.compile(ad.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2)), strict=True)
    expected = ad.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2))
    start = threading.Barrier(8)

    def work(k):
        start.wait()
        for i in range(50):
            x = np.arange(4.0) + k + 0.1 * i
            same(f(x), expected(x))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert f.recordings == 1


def test_a_function_may_call_itself_compiled():
    def power(x, n):
        return x * compiled(x, n - 1) if n else 1.0

    compiled = ad.compile(power)
    for n in (5, 3, 5):
        assert compiled(2.0, n) == 2.0**n
        assert ad.grad(compiled)(2.0, n) == n * 2.0 ** (n - 1)


# == the methods ===================================================================================
COMPILED = [ad.Reverse(compile=True), ad.Forward(compile=True), "reverse(compile=True)", "forward(compile=True)"]


@pytest.mark.parametrize("method", COMPILED, ids=str)
@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian])
def test_methods_may_be_compiled(method, transform):
    def f(x, y):
        return np.sum(np.tanh(x) * x) * y

    g = transform(f, (0, 1), method=method)
    for x, y in ((A, 2.0), (B, 3.0), (2 * A, 4.0)):
        same(g(x, y), transform(f, (0, 1))(x, y))
    assert g.code.recordings == 1
    assert g.code.backend != "eager"


@pytest.mark.parametrize("make", [ad.compile, lambda f: ad.grad(f, method=COMPILED[0])])
def test_what_is_called_is_the_newest_entry(make):
    f = make(lambda x: x**2 if x > 0 else -(x**3))
    before = f.__call__
    assert callable(f)
    f(2.0)
    first = f.__call__
    assert first is not before
    assert [f(3.0), f.__call__] == [first(3.0), first]
    expected = make(f.__wrapped__)(-2.0)
    assert [f(-2.0), f(-2.0), first(-2.0)] == [expected] * 3
    assert f.__call__ is not first
    assert [f(3.0), f.__call__(x=3.0)] == [first(3.0)] * 2


def test_what_f_raises_is_raised_as_if_there_were_no_code():
    def f(x, n):
        if n > 3:
            raise ValueError("too far")
        return np.log(x) * n

    g = ad.grad(f, method=COMPILED[0])
    assert [g(2.0, 2), g(2.0, 3), g(2.0, 3)] == [1.0, 1.5, 1.5]
    with pytest.raises(ValueError, match="too far") as error:
        g(2.0, 4)
    assert error.value.__context__ is None
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'"):
        g(2.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'm'"):
        g(2.0, 3, m=1)


def test_a_compiled_transform_is_a_function_like_any_other():
    g = ad.value_and_grad(bivariate, (0, 1), method=COMPILED[0])
    plain = ad.value_and_grad(bivariate, (0, 1))
    for _ in range(3):
        for again in (g, copy.copy(g), copy.deepcopy(g), pickle.loads(pickle.dumps(g))):
            assert again(2.0, 5.0) == again(2.0, x2=5.0) == plain(2.0, 5.0)
            assert inspect.signature(again) == inspect.signature(bivariate)
            assert type(again) is type(plain)
    assert ad.grad(lambda x: g(x, 5.0)[1][0])(2.0) == ad.grad(lambda x: plain(x, 5.0)[1][0])(2.0)


def test_a_transform_that_nobody_holds_is_gone():
    def left(method):
        g = ad.grad(lambda x: x**2, method=method)
        g(2.0), g(3.0)
        return weakref.ref(g)

    assert left("reverse")() is None
    circle = left(COMPILED[0])
    gc.collect()
    assert circle() is None


def test_a_compiled_method_has_a_name_of_its_own():
    assert [ad.methods.resolve(m).name for m in COMPILED] == ["reverse(compile=True)", "forward(compile=True)"] * 2
    assert ad.Reverse(compile=True) == ad.methods.resolve("reverse(compile=True)") != ad.Reverse()
    assert repr(ad.Reverse(compile=True)) == "Reverse(compile=True)"
    with pytest.raises(ad.BadRequest, match="True or False"):
        ad.Reverse(compile=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", COMPILED[:2], ids=str)
def test_a_compiled_method_differentiates_within_another(method):
    f = ad.grad(lambda x: x**3, method=method)
    assert [ad.grad(f)(2.0), ad.grad(f, method=method)(2.0), ad.hessian(lambda x: x**3, method=method)(2.0)] == [
        12.0
    ] * 3


@pytest.mark.parametrize("method", COMPILED[:2], ids=str)
def test_a_transform_by_a_compiled_method_can_be_pickled_and_is_a_method(method):
    class Model:
        slope = ad.grad(lambda self, x: x**2, 1, method=method)

    assert [Model().slope(3.0), Model().slope(4.0)] == [6.0, 8.0]
    again = pickle.loads(pickle.dumps(ad.grad(bivariate, method=method)))
    assert again(2.0, 5.0) == ad.grad(bivariate)(2.0, 5.0)


@pytest.mark.parametrize("method", COMPILED[:2], ids=str)
def test_what_is_prepared_is_not_recorded_again(method):
    for transform in (ad.grad, ad.value_and_grad, ad.hessian):
        f = transform(bivariate, method=method)
        f.prepare(2.0, 5.0)
        f(3.0, 4.0)
        assert f.code.recordings == 1


@pytest.mark.parametrize("method", COMPILED[:2], ids=str)
def test_aux_of_a_compiled_method(method):
    f = ad.value_and_grad(lambda x: (x**2, {"cube": x**3}), has_aux=True, method=method)
    assert [f(2.0), f(3.0)] == [((4.0, {"cube": 8.0}), 4.0), ((9.0, {"cube": 27.0}), 6.0)]


def test_compiled_methods_have_their_rows():
    table = ad.compare(bivariate, 2.0, 5.0, argnums=(0, 1), methods=["reverse", *COMPILED[2:]]).table
    assert list(table["method"]) == ["reverse", *COMPILED[2:]]
    assert list(table["status"]) == ["ok"] * 3
    assert list(table["f_calls"])[1:] == [0, 0]
    assert list(table["passes"])[1:] == [1, 1]


def test_a_row_says_why_there_is_no_code():
    noise = np.random.default_rng(0)

    def f(x):
        return x * x + 0.0 * noise.normal()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ad.CompileWarning)
        table = ad.compare(f, 2.0, methods=["reverse(compile=True)"], gradient=lambda x: 2 * x).table
    assert "Generator" in table["note"][0]


@pytest.mark.parametrize("method", COMPILED[:2], ids=str)
def test_checks_take_compiled_methods(method):
    assert ad.check_grad(lambda x: np.sum(x**3), A, method=method)


# == everything that can be called =================================================================
def moved(x, seed):
    """Other numbers nearby, laid out in memory as they were."""
    if is_container(x):
        leaves, structure = flatten(x)
        return unflatten(structure, [moved(leaf, seed) for leaf in leaves])
    if not isinstance(x, np.ndarray):
        return type(x)(x + 0.01)
    rng = np.random.default_rng(seed)
    out = x.copy("K")
    out += (0.05 * rng.standard_normal(x.shape)).astype(x.dtype)
    return out


def total(f):
    """The sum of all that f returns, as one real number."""
    return lambda *args: sum(np.sum(np.real(x)) for x in flatten(f(*args))[0])


def mirrored(x, seed):
    """The point with its signs turned, where all comparisons with 0 come out otherwise."""
    if is_container(x):
        leaves, structure = flatten(x)
        return unflatten(structure, [mirrored(leaf, seed) for leaf in leaves])
    return np.negative(x, out=x.copy("K")) if isinstance(x, np.ndarray) else type(x)(-x)


def disagreements(program, f, g):
    """Where g gives something else than f: at the point, at one nearby, and at the mirrored one."""
    tolerance = 1e-3 if program.is_narrow() else 1e-7
    for to in (lambda x, seed: x, moved, mirrored):
        args = [to(x, i) for i, x in enumerate(program.point())]
        try:
            expected = f(*args)
        except (ad.AdkitError, ValueError, ArithmeticError, np.linalg.LinAlgError):
            return
        try:
            same(g(*args), expected, rtol=tolerance, atol=tolerance)
        except AssertionError as error:
            yield f"{program.listing()}\n{error}"


def sweep(programs, transform):
    """How many of the programs run as code, and those that give something else than they do themselves."""
    wrong, compiled = [], 0
    for program in programs:
        f = transform(total(program.compiled()), tuple(range(len(program.point()))))
        g = ad.compile(f)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wrong += disagreements(program, f, g)
        compiled += g.recordings > 0
    return compiled, wrong


def forwards(f, argnums):
    return ad.value_and_grad(f, argnums, method="forward")


@pytest.mark.parametrize(("transform", "count"), [(ad.value_and_grad, 120), (forwards, 60), (ad.hessian, 60)])
def test_random_programs_at_other_points_than_recorded(transform, count):
    compiled, wrong = sweep(map(numbered, range(count)), transform)
    assert not wrong, wrong[0]
    assert compiled > 0.95 * count


def test_every_operation_at_other_points_than_recorded():
    programs = [program for row in available() for program in itertools.islice(alone(row, tries=10), 1)]
    compiled, wrong = sweep(programs, ad.value_and_grad)
    assert not wrong, wrong[0]
    assert compiled > 0.95 * len(programs)


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_fault_where_code_is_generated_is_told_and_costs_no_result(monkeypatch, everywhere):
    def refuse(*args):
        raise RuntimeError("planted")

    if everywhere:
        monkeypatch.setattr(generate, "simplify", refuse)
    else:
        monkeypatch.setattr(generate, "_native", lambda *args: (None, "") if args[2] is False else refuse())
    f = ad.compile(ad.grad(bivariate, (0, 1)))
    with (
        pytest.warns(ad.CompileWarning, match="a fault of adkit: RuntimeError: planted")
        if everywhere
        else nullcontext()
    ):
        assert f(2.0, 5.0) == pytest.approx(ad.grad(bivariate, (0, 1))(2.0, 5.0))
    assert f.backend == ("eager" if everywhere else "python")
    assert "a fault of adkit: RuntimeError: planted" in f.note


# -- memory ----------------------------------------------------------------------------------------
def bytes_of_first_call(f, *args):
    """The peak of the memory of a first call, and what is kept of it."""
    ad.compile(ad.value_and_grad(lambda x: np.sum(x * x)))(np.ones(3))  # what is imported when it is needed
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        f(*args)
        kept, peak = tracemalloc.get_traced_memory()
        return peak - before, kept - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("order", ["C", "F"])
def test_of_data_that_f_closes_over_one_copy_is_kept(order):
    data = np.asarray(np.random.default_rng(0).random((500, 1000)), order=order)
    f = ad.compile(ad.value_and_grad(lambda w: np.mean(np.logaddexp(0, data @ w))))
    peak, kept = bytes_of_first_call(f, np.ones(1000))
    assert f.recordings == 1
    assert kept < 1.25 * data.nbytes
    assert peak < 2.5 * data.nbytes
    found = f(np.ones(1000))
    data[7, 3] = 100.0  # in place
    assert f(np.ones(1000))[0] != found[0]
    same(f(np.ones(1000)), ad.value_and_grad(lambda w: np.mean(np.logaddexp(0, data @ w)))(np.ones(1000)))


def test_recordings_share_the_copy_of_what_f_closes_over():
    data = np.random.default_rng(0).random((500, 1000))
    f = ad.compile(lambda w: np.sum(data @ w) if w[0] > 0 else np.sum(data) * w[1])
    w = np.ones(1000)
    f(w)
    assert bytes_of_first_call(f, -w)[1] < 0.25 * data.nbytes
    assert f.recordings == 2


def test_recording_copies_arguments_once():
    x = np.random.default_rng(0).random(100_000)
    f = ad.compile(lambda x: np.sum(x * x))
    f(np.ones(3))
    assert bytes_of_first_call(f, x)[0] < 4.5 * x.nbytes
    assert f.recordings == 2


def test_what_f_changes_between_two_uses_is_recorded_as_it_was_each_time():
    def f(x):
        table = np.zeros(1000)
        first = np.sum(table * x)
        table[...] = -0.0
        second = np.sum(np.copysign(1.0, table) * x)
        table[500] = 2.0
        return first + second + np.sum(table * x)

    g = ad.compile(ad.value_and_grad(f))
    x = np.linspace(0.0, 1.0, 1000)
    same(g(x), ad.value_and_grad(f)(x))
    same(g(2 * x), ad.value_and_grad(f)(2 * x))
    assert g.recordings == 1


def test_a_recorded_constant_may_be_read_transposed():
    table = np.random.default_rng(0).random((40, 60))

    def value(x):
        return np.sum(np.tanh(table @ x)) + np.sum(table.T[:, 3] * x) + np.sum((table.reshape(60, 40).T + 1.0) * x[3])

    f = ad.value_and_grad(value)
    g = ad.compile(f)
    x = np.linspace(-1.0, 1.0, 60)
    same(g(x), f(x))
    same(g(2 * x), f(2 * x))
    assert g.recordings == 1


# -- what is there to read ---------------------------------------------------------------------------------
def test_the_source_says_what_its_names_mean():
    def loss(params, X, *, scale):
        return np.sum(scale * (X @ params["W"] - np.array([1.0, 2.0])) ** 2)

    f = ad.compile(loss)
    f({"W": np.ones((3, 2)), "kind": "plain"}, np.ones((4, 3)), scale=2.0)
    legend = [line for line in f.source.splitlines() if line.startswith("# ")]
    assert legend[:2] == ["# x1: params['W'], x2: X, x3: scale", "# c = [1.0, 2.0]"]
    exec(f.source, {})  # it is Python


def test_the_source_of_what_has_names_of_its_own_needs_no_words():
    f = ad.compile(bivariate)
    f(2.0, 5.0)
    assert not f.source.startswith("# x1")


def test_the_source_of_many_inputs_and_constants_is_no_list_of_them():
    f = ad.compile(lambda xs: sum(x * np.arange(9.0) for x in xs))
    f([float(k) for k in range(100)])
    first, *_ = f.source.splitlines()
    assert first.startswith("# x1: xs[0], x2: xs[1]")
    assert first.endswith("x20: xs[19], ...")
    assert "# c = an array of shape (9,)" in f.source


def test_the_source_of_a_function_without_a_signature_numbers_its_arguments():
    f = ad.compile(lambda *xs: xs[0] * xs[1])
    f(2.0, 3.0)
    assert f.source.startswith("# x1: argument 0, x2: argument 1\n")


def test_a_refusal_says_what_to_write_and_that_it_is_one():
    def noisy(x):
        return x * np.random.default_rng().normal()

    with pytest.raises(ad.CannotCompile, match=r"numpy.random.*do that outside and pass the result") as refused:
        ad.compile(noisy, strict=True)(1.0)
    assert "is run as it is" not in str(refused.value)


def test_with_options_it_is_a_decorator_too():
    @ad.compile(strict=True)
    def square(x):
        return x * x

    assert (square(3.0), square.strict, square.recordings) == (9.0, True, 1)


def test_what_is_too_long_says_what_to_compile_instead():
    with pytest.raises(ad.CannotCompile, match=r"more than 3 operations .*one step of a loop, or .* larger limit="):
        ad.compile(lambda x: x * x * x * x * x * x, strict=True, limit=3)(2.0)
