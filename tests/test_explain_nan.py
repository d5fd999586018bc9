"""Where a nan comes from."""

from __future__ import annotations

import numpy as np
import pytest

import adkit as ad

A = np.array


def guarded(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def distance(x, y):
    difference = x - y
    squares = difference * difference
    return np.sum(np.sqrt(np.sum(squares, axis=1)))  # the root


def odds(p):
    q = 1.0 - p
    ratio = p / q  # the ratio
    return np.sum(np.log1p(ratio) * 2.0)


def several(x):
    a = np.exp(x)
    b = np.log(x[1] - x[1])  # the log
    return np.sum(a) + b * x[0]


def large(x):
    y = np.tile(x, 1000) * 1.0
    return np.sum(np.sqrt(y))  # the root of a large array


def written(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 0.5  # the power
    return y


def line_of(f, mark):
    import inspect

    lines, start = inspect.getsourcelines(f)
    return start + next(k for k, line in enumerate(lines) if mark in line)


@pytest.mark.parametrize(
    ("f", "args", "kind", "operation", "inputs", "outcome", "index", "mark"),
    [
        (distance, (np.eye(2), A([[0.0, 1.0], [0.0, 1.0]])), "derivative", "sqrt", (0.0,), np.inf, (1,), "root"),
        (odds, (A([0.5, 1.0, 0.2]),), "value", "divide", (1.0, 0.0), np.inf, (1,), "# the ratio"),
        (several, (A([1.0, 2.0]),), "value", "log", (0.0,), -np.inf, (), "# the log"),
        (large, (A([1.0, 0.0]),), "derivative", "sqrt", (0.0,), np.inf, (1,), "# the root of"),
        (written, (A([1.0, 0.0]),), "derivative", "power", (0.0, 0.5), np.inf, (), "# the power"),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_the_first_operation_its_inputs_and_the_line(f, args, kind, operation, inputs, outcome, index, mark):
    report = ad.explain_nan(f, *args)
    assert report is not None
    assert (report.kind, report.operation, report.index) == (kind, operation, index)
    assert report.inputs == inputs
    assert report.outcome == outcome
    assert f"test_explain_nan.py:{line_of(f, mark)}, in `" in report.place
    assert report.place in str(report)


def test_what_is_finite_has_no_report():
    assert ad.explain_nan(np.sin, 1.0) is None
    assert ad.explain_nan(guarded, A([0.0, 4.0])) is None
    assert ad.explain_nan(lambda x: 3.0, 1.0) is None


def test_an_argument_that_is_not_finite_is_named():
    report = ad.explain_nan(lambda p: np.sum(p["w"]), {"w": A([[1.0, np.nan]])})
    assert str(report) == "argument 0['w'] is nan, element [0, 1]"


def test_an_operation_on_whole_arrays_shows_their_shapes():
    report = ad.explain_nan(lambda x: np.sum(x @ A([[np.inf], [1.0]])), A([[1.0, 0.0]]))
    assert str(report).startswith("matmul(array of shape (1, 2), array of shape (2, 1)) is inf, element [0, 0] at ")


def test_the_sentence_says_what_to_do():
    assert "np.sqrt(np.where(ok, x, 1.0))" in str(ad.explain_nan(np.sqrt, 0.0))


def test_keywords_and_argnums():
    def f(x, y, power):
        return x * y**power

    assert ad.explain_nan(f, 1.0, 0.0, power=0.5) is None
    report = ad.explain_nan(f, 1.0, 0.0, argnums=1, power=0.5)
    assert report.operation == "power"
