"""A computation with its derivatives as one graph: recorded at one point, true at another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs.generator import alone, available, numbered

import adkit as ad
from adkit.containers import flatten, unflatten
from adkit.staging import Opaque, stage


def gradient_of(f):
    """The gradient of the sum of what f returns, of a list of leaves."""

    def total(*args: Any) -> Any:
        return sum(np.sum(np.real(x)) for x in flatten(f(*args))[0])

    return lambda leaves: ad.grad(total, tuple(range(len(leaves))))(*leaves)


def holds_elsewhere(run, here, there):
    """Whether the graph recorded here is valid there; then it must say what eager evaluation says."""
    graph = stage(run, here)
    with np.errstate(all="ignore"):
        found, valid = graph.evaluate(there)
    if not valid:
        return False
    expected = flatten(run(there))[0]
    for mine, eager in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, eager, rtol=1e-9, atol=1e-12)
    return True


def moved(leaves, seed):
    """Other numbers in arrays laid out in memory as they were: whether a reshape is a view depends on that."""
    rng = np.random.default_rng(seed)

    def nearby(x: Any) -> Any:
        if not np.ndim(x):
            return x + 0.01
        out = x.copy("K")
        out += 0.05 * rng.standard_normal(x.shape)
        return out

    return [nearby(x) for x in leaves]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.maximum(x, 0.0) * x),
        lambda x: np.sum(np.where(x > 0, x**2, -x)),
        lambda x: np.sum(np.where((x > -1) & ~(x > 1), x, 0.5)),
        lambda x: np.sum(np.abs(x)),
        lambda x: np.sum(np.sign(x) * x**2),
        lambda x: np.sum(x * (x > 0)),
        lambda x: np.max(x) + np.min(x),
        lambda x: np.logaddexp.reduce(x),
        lambda x: np.linalg.norm(x),
        lambda x: np.sum(np.logaddexp(0, x)),
        lambda x: np.sum(np.clip(x, -0.5, 0.5) ** 2),
        lambda x: np.sum(np.floor(x) * x),
        lambda x: np.sum(np.select([x > 1, x > 0], [x, x**2], -x)),
    ],
)
def test_masks_flow_on_as_data(f):
    here, there = [np.array([1.5, -0.5, 0.25, -2.0])], [np.array([-1.5, 0.7, 2.25, -0.1])]
    assert holds_elsewhere(lambda leaves: ad.grad(f)(*leaves), here, there)
    assert not stage(lambda leaves: ad.grad(f)(*leaves), here).decisions


def test_what_f_reads_is_a_decision():
    def f(x):
        return np.sum(x**2) if x[0] > 0 else np.sum(x)

    def run(leaves):
        return ad.grad(f)(*leaves)

    here = [np.array([1.0, 2.0])]
    assert holds_elsewhere(run, here, [np.array([3.0, -2.0])])
    assert not holds_elsewhere(run, here, [np.array([-3.0, -2.0])])


@pytest.mark.parametrize("read", [lambda x: x[x > 0], lambda x: x[np.argsort(x)], lambda x: x[int(np.sum(x > 0))]])
def test_an_index_is_a_decision(read):
    def run(leaves):
        return ad.grad(lambda x: np.sum(read(x) ** 2))(*leaves)

    here = [np.array([1.0, -2.0, 3.0])]
    assert holds_elsewhere(run, here, [np.array([2.0, -2.5, 4.0])])
    assert not holds_elsewhere(run, here, [np.array([2.5, 2.6, 1.0])])


def test_a_rule_that_looks_at_numbers_is_one_opaque_node():
    def slope(out, x):
        return np.cos(x) if np.all(x > 0) else -np.cos(x)

    sine = ad.custom_derivative(np.sin, partials=slope)
    run = lambda leaves: ad.grad(lambda x: np.sum(sine(x)))(*leaves)  # noqa: E731
    here, there = [np.array([1.0, 2.0])], [np.array([-1.0, 2.0])]
    assert sum(isinstance(node.primitive, Opaque) for node in stage(run, here).nodes) == 1
    assert holds_elsewhere(run, here, there)


@pytest.mark.parametrize("derivative", [ad.hessian, lambda f: ad.grad(lambda x: np.sum(ad.grad(f)(x) ** 2))])
@pytest.mark.parametrize("f", [lambda x: np.sum(np.maximum(x, 0.5) ** 3), lambda x: np.linalg.norm(x) ** 3])
def test_derivatives_of_derivatives(f, derivative):
    here, there = [np.array([1.0, 0.25])], [np.array([0.125, 2.0])]
    assert holds_elsewhere(lambda leaves: derivative(f)(*leaves), here, there)


def test_a_nan_in_a_derivative_is_no_graph():
    with pytest.raises(ad.CannotCompile, match="nan") as error:
        stage(lambda leaves: ad.grad(lambda x: np.sum(np.sqrt(x)[:1] ** 2))(*leaves), [np.zeros(2)])
    assert error.value.passing


def test_recording_ends_at_its_limit():
    def f(x):
        while True:
            x = x * 0.5

    with pytest.raises(ad.CannotCompile, match="more than 1000 operations"):
        stage(lambda leaves: f(*leaves), [1.0], limit=1000)


def at_another_point(program, seed):
    """Whether the gradient of a program was compared at another point than that of its recording."""
    f, args = program.compiled(), program.point()
    leaves, structure = flatten(tuple(args))
    if any(np.asarray(x).dtype != float for x in leaves):
        return None
    run = gradient_of(lambda *leaves: f(*unflatten(structure, leaves)))
    there = moved(leaves, seed)
    try:
        with np.errstate(all="raise"):
            run(there)
    except (FloatingPointError, ad.AdkitError, np.linalg.LinAlgError, ValueError, ZeroDivisionError):
        return None
    return holds_elsewhere(run, leaves, there)


@pytest.mark.parametrize("row", available(), ids=lambda row: row.text)
def test_every_operation_at_another_point(row):
    for program in alone(row, 3):
        # None of a program that is not smooth where it was moved to.
        assert at_another_point(program, 1) is not False
        return


@pytest.mark.parametrize(
    "step",
    [
        *(np.round, lambda x: np.round(x, 1), np.around, np.fix, np.floor, np.sign, np.trunc),
        *(lambda x: np.copysign(2.0, x), lambda x: np.heaviside(x, 0.5)),
        lambda x: np.where(np.isposinf(x) | np.isneginf(x), 0.0, 1.0),
    ],
)
def test_steps_flow_on_as_data(step):
    f, here, there = lambda x: np.sum((x - step(x)) ** 2), np.array([0.7, -1.2, 2.6]), np.array([3.2, 1.7, -0.4])
    assert holds_elsewhere(lambda leaves: ad.grad(f)(*leaves), [here], [there])
    compiled = ad.compile(ad.grad(f), strict=True)
    np.testing.assert_allclose(compiled(here), ad.grad(f)(here), rtol=1e-13)
    np.testing.assert_allclose(compiled(there), ad.grad(f)(there), rtol=1e-13)
    assert compiled.recordings == 1


@pytest.mark.parametrize("step", [np.round, np.floor, np.fix, np.rint])
def test_whole_numbers_made_of_steps_are_a_decision(step):
    table = np.array([1.0, 3.0, 7.0])
    run = lambda leaves: ad.grad(lambda x: np.sum(table[step(x).astype(int)] * x))(*leaves)  # noqa: E731
    here = [np.array([0.2, 2.1])]
    assert holds_elsewhere(run, here, [np.array([0.4, 2.3])])
    assert not holds_elsewhere(run, here, [np.array([1.2, 2.1])])


def test_random_programs_at_other_points():
    found = [at_another_point(numbered(seed), seed) for seed in range(150)]
    assert found.count(True) > 40
