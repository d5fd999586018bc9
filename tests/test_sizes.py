"""Sizes in text: labels, sweeps over parameters by name, chains with a part repeated; and what makes no sense."""

from __future__ import annotations

import pytest

from adkit.errors import BadRequest
from adkit.harness import Subject
from adkit.problems import Problem, problems
from adkit.problems.sizes import MOST, Sized, numbers, sizes


def sizes_of(text, name: str) -> list[tuple]:
    return [sized.size for sized in sizes(text, problems[name])]


# -- numbers -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4", [4]),
        ("4..8", [4, 5, 6, 7, 8]),
        ("4..40+12", [4, 16, 28, 40]),
        ("4..41+12", [4, 16, 28, 40]),
        ("40..4+-12", [40, 28, 16, 4]),
        ("2..1024*4", [2, 8, 32, 128, 512]),
        ("1000..1*0.1", [1000, 100, 10, 1]),
        ("10|100|1000", [10, 100, 1000]),
        ("1|4..8*2|100", [1, 4, 8, 100]),
        ("0..1+0.25", [0, 0.25, 0.5, 0.75, 1]),
        ("1e-1..1e-3*0.1", [0.1, 0.01, 0.001]),
        ("-2..2+2", [-2, 0, 2]),
        ("3..3", [3]),
    ],
)
def test_numbers_of_a_sweep(text: str, expected: list[float]):
    assert numbers(text) == expected


def test_steps_of_a_tenth_are_decimal_numbers():
    assert numbers("1e-1..1e-14*0.1") == [float(f"1e-{k}") for k in range(1, 15)]
    assert numbers("0..1+0.1") == [k / 10 for k in range(11)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no sweep"),
        ("4..", "is no sweep"),
        ("..4", "is no sweep"),
        ("4...8", "is no sweep"),
        ("a..b", "is no sweep"),
        ("4..8-1", "is no sweep"),
        ("4||8", "is no sweep"),
        ("8..4", "never gets from its first number to its last"),
        ("4..8+0", "never gets"),
        ("4..8*1", "never gets"),
        ("4..8*0.5", "never gets"),
        ("0..8*2", "never gets"),
        ("-4..8*2", "never gets"),
        ("4..8*0", "never gets"),
        ("4..8*-2", "never gets"),
        ("0..1e9", "more than 10,000 numbers"),
    ],
)
def test_sweeps_that_make_no_sense_are_refused(text: str, message: str):
    with pytest.raises(BadRequest, match=message):
        numbers(text)


# -- sizes -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("4,8, 16", "logistic_map", [(4,), (8,), (16,)]),
        ("4,4", "logistic_map", [(4,)]),
        ("100x10", "logistic_regression", [(100, 10)]),
        ("7", "logistic_regression", [(7, 10)]),
        ([4, "8", "n=16..32*2"], "logistic_map", [(4,), (8,), (16,), (32,)]),
        ("n=4..12+4", "logistic_map", [(4,), (8,), (12,)]),
        ("n=4..8*2,n=100", "logistic_map", [(4,), (8,), (100,)]),
        ("D=2..8*2", "logistic_regression", [(100, 2), (100, 4), (100, 8)]),
        ("N=10|20 D=1..2", "logistic_regression", [(10, 1), (10, 2), (20, 1), (20, 2)]),
        ("n=2..8*2 m=n", "sine_layer", [(2, 2), (4, 4), (8, 8)]),
        ("n=2..8*2 m=3*n", "sine_layer", [(2, 6), (4, 12), (8, 24)]),
        ("n=k m=k k=5", "sine_layer", [(5, 5)]),
        ("n=1..10*1.5", "logistic_map", [(1,), (2,), (3,), (5,), (8,)]),
        ("n=1e1", "logistic_map", [(10,)]),
        ("layers=9-5*d-1 d=1..2 batch=3", "mlp", [((9, 5, 1), 3), ((9, 5, 5, 1), 3)]),
        ("layers=2-w-1 w=4|8", "mlp", [((2, 4, 1), 4), ((2, 8, 1), 4)]),
        ("layers=2-w*d-1 w=3 d=2", "mlp", [((2, 3, 3, 1), 4)]),
        ("layers=2-4-1|3-1", "mlp", [((2, 4, 1), 4), ((3, 1), 4)]),
    ],
)
def test_sizes_in_text(text, name: str, expected: list[tuple]):
    assert sizes_of(text, name) == expected


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("100x10", "logistic_regression", {"N": 100, "D": 10}),
        ("D=2", "logistic_regression", {"N": 100, "D": 2}),
        ("2-4-1", "mlp", {"layers": 3, "batch": 4}),
        ("layers=2-4*d-1 d=2", "mlp", {"batch": 4, "d": 2}),
        ("n=k m=2*k k=5", "sine_layer", {"n": 5, "m": 10, "k": 5}),
    ],
)
def test_the_numbers_that_a_sweep_is_drawn_over(text: str, name: str, parameters: dict[str, float]):
    (sized,) = sizes(text, problems[name])
    assert sized.parameters == parameters
    subject = Subject.of(problems[name], sized)
    assert subject.parameters == parameters
    assert subject.source.subject().parameters == parameters


def test_sizes_that_are_complete_are_taken_as_they_are():
    sized = Sized((7,), {"n": 7})
    assert sizes([sized], problems["logistic_map"]) == [sized]


def test_real_parameters_are_swept_as_they_are():
    gaussian = Problem(abs, point=lambda width=1.0: (width,))
    assert [s.size for s in sizes("width=0.25..1*2", gaussian)] == [(0.25,), (0.5,), (1.0,)]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "logistic_map", "none is given"),
        (" , ", "logistic_map", "none is given"),
        ([], "logistic_map", "none is given"),
        ("n=", "logistic_map", "got 'n='"),
        ("=4", "logistic_map", "got '=4'"),
        ("n=4 n=5", "logistic_map", "got 'n=4 n=5'"),
        ("n=4 8", "logistic_map", "got 'n=4 8'"),
        ("n=2.5", "logistic_map", "sizes of logistic_map are N, as in 4"),
        ("n=0..4", "logistic_map", "sizes of logistic_map are N, as in 4"),
        ("n=-4", "logistic_map", "sizes of logistic_map are N"),
        ("k=3", "logistic_map", "unknown parameter of logistic_map in 'k=3': 'k'. Known: n."),
        ("d=3", "logistic_regression", "Did you mean 'D'|Known: D, N"),
        ("n=k", "logistic_map", "k in 'n=k' stands for no numbers"),
        ("n=nan", "logistic_map", "nan in 'n=nan' stands for no numbers"),
        ("n=1..100000", "logistic_map", "more than 10,000"),
        ("N=1..200 D=1..200", "logistic_regression", "are more than 10,000"),
        ("x=3", "bivariate", "bivariate has no sizes"),
        ("layers=2-4*d-1 d=0.5", "mlp", "is no chain"),
        ("layers=2-4*d-1 d=1000000000", "mlp", "is no chain of at most 10,000 whole numbers"),
        ("layers=2-0-1", "mlp", "sizes of mlp are LAYERSxBATCH"),
        ("layers=2--1", "mlp", "is no number"),
        ("layers=5", "mlp", "sizes of mlp are LAYERSxBATCH"),
    ],
)
def test_sizes_that_make_no_sense_are_refused_in_one_sentence(text, name: str, message: str):
    with pytest.raises(BadRequest, match=message) as refusal:
        sizes(text, problems[name])
    assert "\n" not in str(refusal.value)


def test_no_sweep_is_endless():
    assert len(sizes(f"n=1..{MOST}", problems["logistic_map"])) == MOST


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("9" * 20, "rosenbrock", "no plausible size of rosenbrock"),
        ("9" * 5000, "rosenbrock", "sizes of rosenbrock are N, as in 10"),
        ("n=2..1e300*10", "rosenbrock", "'2000000000000' is no plausible size of rosenbrock"),
        ("n=" + "9" * 5000, "rosenbrock", "too large for a number"),
        ("n=" + "9" * 400 + "..1", "rosenbrock", "too large for a number"),
        ("layers=1e999-2", "mlp", "too large for a number"),
        ("layers=9999999999999999-2", "mlp", "no plausible size of mlp"),
    ],
)
def test_sizes_beyond_all_bounds_are_refused_before_anything_is_made(text, name: str, message: str):
    with pytest.raises(BadRequest, match=message) as refusal:
        sizes(text, problems[name])
    assert len(str(refusal.value)) < 300


def test_a_point_that_cannot_be_made_is_said_with_its_problem_and_size():
    with pytest.raises(BadRequest, match="the point of rosenbrock at size 1000000000000 cannot be made: Unable"):
        problems["rosenbrock"].arguments(10**12)
