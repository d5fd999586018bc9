"""Two products with one large matrix are one pass over it, and the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import adkit as ad
from adkit.codegen import streaming
from adkit.codegen.generate import generate
from adkit.staging import stage


@pytest.fixture(autouse=True)
def _blocks_of_three_rows(monkeypatch):
    monkeypatch.setattr(streaming, "LARGE", 0)
    monkeypatch.setattr(streaming, "BLOCK", 3 * 7 * 8)


def logistic(w, X, y):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def squares(W, X, y):
    return np.sum((X @ W + 0.5 - y) ** 2)


def centred(w, X, y):
    z = X @ w
    return np.sum((z - np.mean(z)) ** 2 * y)


def program_of(f, args):
    def run(leaves):
        value, gradient = ad.value_and_grad(f)(*leaves)
        return [value, gradient]

    return generate(stage(run, args), run(args), native=False)


def arguments(columns):
    rng = np.random.default_rng(5)
    return [rng.standard_normal((7, *columns)), rng.standard_normal((10, 7)), rng.standard_normal((10, *columns))]


@pytest.mark.parametrize(("f", "columns", "order"), [(logistic, (), "C"), (squares, (2,), "C"), (logistic, (), "F")])
def test_the_data_is_read_once(f, columns, order):
    w, X, y = arguments(columns)
    args = [w, np.asarray(X, order=order), y]
    program = program_of(f, args)
    assert program.source.count("streamed(") == 1
    assert "x2.T" not in program.source
    value, gradient = ad.value_and_grad(f)(*args)
    found = program.run(*args)
    assert found is not None
    np.testing.assert_allclose(found[0], value, rtol=1e-13)
    np.testing.assert_allclose(found[1], gradient, rtol=1e-12)


def test_what_needs_all_rows_before_it_goes_back_is_left_as_it_is():
    args = arguments(())
    program = program_of(centred, args)
    assert "streamed(" not in program.source
    np.testing.assert_allclose(program.run(*args)[1], ad.grad(centred)(*args), rtol=1e-11)


def test_small_data_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(streaming, "LARGE", 2**20)
    assert "streamed(" not in program_of(logistic, arguments(())).source
