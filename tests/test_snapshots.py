"""What a function depends on, as far as it can be seen: equal exactly if nothing has changed."""

from __future__ import annotations

import copy
import functools
import math
import operator
import random
import time
import types
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from time import perf_counter as now

import numpy as np
import pytest
from numpy.random import default_rng as generator

import adkit as ad
from adkit.snapshots import snapshot

FACTOR = 1.0
settings = types.SimpleNamespace(factor=1.0)
config = types.ModuleType("config")
config.factor = 1.0  # type: ignore[attr-defined]


class Table:
    factor = 1.0

    def scaled(self, x):
        return self.factor * x


@dataclass
class Parameters:
    factor: float = 1.0


class Slotted:
    __slots__ = ("factor",)

    def __init__(self, factor):
        self.factor = factor


class Weights(list):
    pass


def helper(x):
    return FACTOR * x


def change(owner, name, value):
    """Set an attribute or item; returns how to undo it."""
    if isinstance(owner, (dict, np.ndarray)) or isinstance(name, int):
        before = owner[name]
        owner[name] = value
        return lambda: owner.__setitem__(name, before)
    before = getattr(owner, name)
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)


ARRAY = np.ones(3)
OBJECTS = np.array([1.0, "a"], dtype=object)
NESTED = {"layers": [1.0, {"w": np.ones(2)}]}
TABLE, PARAMETERS, SLOTTED, WEIGHTS = Table(), Parameters(), Slotted(1.0), Weights([1.0])
WEIGHTS.scale = 1.0  # type: ignore[attr-defined]
GENERATOR = np.random.default_rng(0)
ITERATOR = iter([1.0])
HERE = globals()


def with_attribute(x):
    return with_attribute.factor * x


with_attribute.factor = 1.0  # type: ignore[attr-defined]

CASES = [
    (lambda x: FACTOR * x, HERE, "FACTOR", 2.0),
    (lambda x: helper(x), HERE, "FACTOR", 2.0),
    (lambda x: [helper(y) for y in x], HERE, "FACTOR", 2.0),
    (lambda x: (lambda y: FACTOR * y)(x), HERE, "FACTOR", 2.0),
    (functools.partial(lambda k, x: FACTOR * x, 1), HERE, "FACTOR", 2.0),
    (lambda x: helper(x), HERE, "helper", lambda x: x),
    (lambda x: ARRAY * x, ARRAY, 0, 2.0),
    (lambda x: OBJECTS[0] * x, OBJECTS, 0, 2.0),
    (lambda x: NESTED["layers"][0] * x, NESTED["layers"], 0, 2.0),
    (lambda x: NESTED["layers"][1]["w"] * x, NESTED["layers"][1]["w"], 1, 2.0),
    (lambda x: settings.factor * x, settings, "factor", 2.0),
    (lambda x: config.factor * x, config, "factor", 2.0),
    (lambda x: Table.factor * x, Table, "factor", 2.0),
    (lambda x: TABLE.scaled(x), Table, "factor", 2.0),
    (TABLE.scaled, Table, "factor", 2.0),
    (lambda x: TABLE.scaled(x), Table, "scaled", lambda self, x: x),
    (lambda x: PARAMETERS.factor * x, PARAMETERS, "factor", 2.0),
    (lambda x: SLOTTED.factor * x, SLOTTED, "factor", 2.0),
    (lambda x: WEIGHTS[0] * x, WEIGHTS, 0, 2.0),
    (lambda x: WEIGHTS.scale * x, WEIGHTS, "scale", 2.0),
    (with_attribute, with_attribute, "factor", 2.0),
    (ad.grad(lambda x: FACTOR * x), HERE, "FACTOR", 2.0),
    (lambda x: ad.grad(helper)(x), HERE, "FACTOR", 2.0),
    (lambda x: FACTOR * x, HERE, "FACTOR", 1),
    (lambda x: FACTOR * x, HERE, "FACTOR", np.float32(1.0)),
    (lambda x: FACTOR * x, HERE, "FACTOR", True),
]


@pytest.mark.parametrize(("f", "owner", "name", "value"), CASES)
def test_a_change_of_what_f_reads_is_seen(f, owner, name, value):
    before = snapshot(f)
    assert before is not None
    assert snapshot(f) == before
    undo = change(owner, name, value)
    try:
        assert snapshot(f) != before
    finally:
        undo()
    assert snapshot(f) == before


def test_closure_variables_and_defaults_are_seen():
    k = 1.0
    seen = [snapshot(lambda x: k * x)]
    k = 2.0
    seen.append(snapshot(lambda x: k * x))

    def f(x, a=[1.0]):  # noqa: B006 the point of this test
        return a[0] * x

    seen.append(snapshot(f))
    f.__defaults__[0][0] = 2.0
    seen.append(snapshot(f))
    assert seen[0] != seen[1]
    assert seen[2] != seen[3]


def test_a_variable_without_a_value_yet_is_no_obstacle():
    def f(x):
        return later * x

    before = snapshot(f)
    later = 2.0
    assert before is not None
    assert snapshot(f) != before


@pytest.mark.parametrize("number", [Fraction(1, 3), Decimal("0.1"), 1j, np.float32(0.1), b"1"])
def test_numbers_of_any_kind_are_equal_to_themselves(number):
    assert snapshot(number) == snapshot(copy.deepcopy(number)) is not None
    assert snapshot(number) != snapshot(2 * number)


@pytest.mark.parametrize(("a", "b"), [(0.0, -0.0), (1.0, 1), (1, True), (1.0, 1.0 + 2**-52), ("1", 1), (None, 0)])
def test_numbers_that_compute_differently_are_different(a, b):
    assert snapshot(a) != snapshot(b)
    assert snapshot(np.array([a])) != snapshot(np.array([b]))


def test_nan_is_what_it_was():
    assert snapshot(np.nan) == snapshot(float("nan"))
    assert snapshot(np.array([np.nan])) == snapshot(np.array([np.nan]))


def test_arrays_that_look_alike_are_told_apart():
    assert snapshot(np.zeros((2, 3))) != snapshot(np.zeros((3, 2)))
    assert snapshot(np.zeros(2)) != snapshot(np.zeros(2, int))


def test_unrelated_globals_do_not_matter():
    f = lambda x: np.sin(x)  # noqa: E731
    before = snapshot(f)
    undo = change(HERE, "FACTOR", 2.0)
    try:
        assert snapshot(f) == before
    finally:
        undo()


def test_circles_end():
    circle: list = [1.0]
    circle.append(circle)
    assert snapshot(lambda x: circle[0] * x) is not None


@pytest.mark.parametrize(
    "f",
    [
        lambda x: GENERATOR.normal() * x,
        lambda x: np.random.normal() * x,  # noqa: NPY002 people write it
        lambda x: random.random() * x,
        lambda x: next(ITERATOR) * x,
        lambda x: time.time() * x,
        lambda x: now() * x,
        lambda x, values=(i for i in range(3)): next(values) * x,
        functools.partial(lambda rng, x: x, random.Random(0)),
        GENERATOR.normal,
    ],
)
def test_what_cannot_be_looked_into_has_no_snapshot(f):
    assert snapshot(f) is None


def test_a_traced_value_has_no_snapshot():
    seen = []
    ad.grad(lambda y: seen.append(snapshot(lambda x: x * y)) or y)(1.0)
    assert seen == [None]


@pytest.mark.parametrize("f", [np.sin, math.sin, sum, np.sum, abs, lambda x: math.pi * np.exp(x), str.upper])
def test_library_functions_are_what_they_are(f):
    assert snapshot(f) == snapshot(f) is not None


# -- what cannot be seen makes a snapshot impossible ---------------------------------------------------
def reading_one_attribute(x):
    return x * config.factor


def test_functions_that_mention_different_attributes_of_a_module_are_told_apart(monkeypatch):
    monkeypatch.setattr(config, "other", 1.0, raising=False)

    def f(x):
        return reading_one_attribute(x) * config.other

    before = snapshot(f)
    assert before == snapshot(f)
    monkeypatch.setattr(config, "other", 2.0)
    assert before != snapshot(f)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.random.normal() * x,  # noqa: NPY002
        lambda x: np.random.default_rng().normal() * x,
        lambda x: generator().normal() * x,
        lambda x: getattr(config, "factor") * x,  # noqa: B009
        lambda x: globals()["FACTOR"] * x,
        lambda x: helper.__globals__["FACTOR"] * x,
        lambda x: operator.attrgetter("factor")(config) * x,
        lambda x: config.__dict__["factor"] * x,
        lambda x: np.save("last.npy", x),
        lambda x: np.load("weights.npy") * x,
        lambda x: float(open("factor.txt").read()) * x,  # noqa: SIM115
        lambda x: HOLDER.factor * x,
    ],
)
def test_code_that_reads_what_its_names_do_not_show_has_no_snapshot(f):
    assert snapshot(f) is None


class Holder(np.ndarray):
    pass


HOLDER = np.ones(2).view(Holder)
