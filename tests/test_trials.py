"""The difficult cases are what they say, the tools are tried fairly, and adkit keeps its promises on all of them."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest

import adkit as ad
from adkit import cli
from adkit.records import TRIAL_COLUMNS, Trial
from adkit.report.trials import TrialReport
from adkit.trials import checkers, conditions, derivatives, exact, run
from adkit.trials.case import Case, Family
from adkit.trials.cases import FAMILIES, cases
from adkit.trials.drawn import broken, drawn
from adkit.trials.noisy import scatter
from adkit.trials.planted import NO_DERIVATIVE, gradients, visible
from adkit.trials.tool import Tool

CASES = cases()
BY_FAMILY = {family.name: family for family in FAMILIES}
DIFFERENTIABLE = ("smooth", "rough", "noisy", "edge")
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


# -- the cases -----------------------------------------------------------------------------------------------
def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 250
    assert sum(len(derivatives.components(case)) for case in CASES) > 380
    counts = Counter(s for case in CASES for s in case.situations)
    assert all(counts[s] >= 4 for s in ("rough", "noisy", "kink", "cusp", "jump", "edge"))


@every_case
def test_what_is_true_is_finite_where_there_is_a_derivative_and_nan_where_there_is_none(case: Case) -> None:
    for i, situation in enumerate(case.situations):
        assert math.isfinite(case.truth[i]) == (situation in DIFFERENTIABLE)
        if situation == "kink":
            left, right = case.sides(i)
            assert math.isfinite(left)
            assert math.isfinite(right)
            assert left != right


@every_family
def test_true_derivatives_are_those_of_the_reverse_mode(family: Family) -> None:
    for case in family.cases:
        with np.errstate(all="ignore"):
            found = ad.grad(lambda x, f=case.formula: f(np, x))(case.x)
        for i, situation in enumerate(case.situations):
            # At an edge a product rule may multiply 0 by infinity.
            if situation in DIFFERENTIABLE and not (situation == "edge" and np.isnan(found[i])):
                # What rounds in f may round in its derivative; noise that is added to f does not.
                rounding = 10 * case.noise / case.width_of(i) if case.computed is None else 0.0
                tolerance = 1e-9 if situation != "rough" else 1e-7
                assert abs(found[i] - case.truth[i]) <= tolerance * max(abs(case.truth[i]), 1e-6) + rounding, case.name


@every_family
def test_one_sided_derivatives_are_those_of_differences(family: Family) -> None:
    for case in family.cases:
        for i in [i for i, s in enumerate(case.situations) if s == "kink"]:
            h = 1e-6 * case.width_of(i)
            unit = np.eye(len(case.point))[i] * h
            f0, below, above = (float(case.formula(np, x)) for x in (case.x, case.x - unit, case.x + unit))
            assert (f0 - below) / h == pytest.approx(case.sides(i)[0], rel=1e-3, abs=1e-4)
            assert (above - f0) / h == pytest.approx(case.sides(i)[1], rel=1e-3, abs=1e-4)


@every_case
def test_noise_is_as_large_as_it_is_said_to_be(case: Case) -> None:
    if not case.noise:
        return
    random = np.random.default_rng(0)
    off = []
    for _ in range(30):
        x = case.x
        x[0] += 1e-9 * case.width_of(0) * random.normal()
        off.append(abs(float(case(x)) - exact.value(case.formula, x)))
    f = abs(float(case(case.x)))
    assert max(off) <= 1.01 * case.noise + 4 * 2.0**-52 * f
    assert max(off) >= case.noise / 1000


def test_noise_scatters_evenly_and_repeats() -> None:
    x = 1 + 1e-9 * np.arange(2000)
    values = np.array([scatter(t) for t in x])
    assert np.array_equal(values, [scatter(t) for t in x])
    assert np.all(np.abs(values) <= 1)
    assert abs(values.mean()) < 0.05
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.07


def test_random_cases_are_drawn_again_by_the_same_seed_and_are_right() -> None:
    for draw in (drawn, broken):
        first, again, other = ([(c.point, float(c(c.x))) for c in draw(40, seed)] for seed in (0, 0, 1))
        assert first == again != other
    for case in drawn(40):
        found = ad.grad(lambda x, f=case.formula: f(np, x))(case.x)
        assert found[0] == pytest.approx(case.truth[0], rel=1e-9)


def test_a_hundred_digits_are_a_private_matter() -> None:
    before = mpmath.mp.dps
    assert exact.partial(lambda m, x: m.exp(x[0]), (1.0,), 0) == math.e
    assert mpmath.mp.dps == before


# -- the gradients -------------------------------------------------------------------------------------------
@every_case
def test_a_right_gradient_is_the_truth_and_a_wrong_one_differs_so_that_f_can_show_it(case: Case) -> None:
    given = gradients(case)
    assert len({gradient.name for gradient in given}) == len(given)
    for gradient in given:
        off = np.abs(gradient.values - np.array(case.truth))
        if gradient.kind == "right":
            assert not off.any()
        if gradient.kind == "wrong" and not set(case.situations) & {*NO_DERIVATIVE, "kink"}:
            assert np.isnan(off).any() or any(visible(case, i, float(d)) for i, d in enumerate(off) if d)


def test_at_a_kink_what_lies_between_is_allowed_and_what_lies_beyond_is_wrong() -> None:
    case = next(case for case in CASES if case.name == "relu(x) at 0")
    kinds = {gradient.name: (gradient.kind, float(gradient.values[0])) for gradient in gradients(case)}
    assert kinds["derivative from the left"] == ("allowed", 0.0)
    assert kinds["midway"] == ("allowed", 0.5)
    assert kinds["beyond the right"] == ("wrong", 3.0)


def test_every_function_that_has_a_derivative_gets_a_right_gradient_and_wrong_ones() -> None:
    for case in CASES:
        kinds = Counter(gradient.kind for gradient in gradients(case))
        assert kinds["wrong"] >= 1
        assert kinds["right"] == all(s in DIFFERENTIABLE for s in case.situations)


# -- the promises --------------------------------------------------------------------------------------------
@cache
def judged(family: str) -> list[Trial]:
    return list(checkers.trials(BY_FAMILY[family].cases, [checkers.CHECKERS["adkit check_grad"]]))


@cache
def found(family: str) -> list[Trial]:
    return list(derivatives.trials(BY_FAMILY[family].cases, [derivatives.DIFFERENTIATORS["adkit adaptive"]]))


@every_family
def test_no_wrong_gradient_passes(family: Family) -> None:
    assert [(r.case, r.gradient) for r in judged(family.name) if r.kind == "wrong" and r.outcome == "passed"] == []


@every_family
def test_no_right_gradient_is_called_wrong(family: Family) -> None:
    right = [r for r in judged(family.name) if r.kind == "right"]
    assert [(r.case, r.verdict, r.note) for r in right if r.outcome in ("failed", "raised")] == []


@every_family
def test_what_f_is_like_is_named_by_the_checker(family: Family) -> None:
    assert [(r.case, r.gradient, r.verdict) for r in judged(family.name) if r.named is False] == []


@every_family
def test_what_f_is_like_is_named_by_the_adaptive_scheme(family: Family) -> None:
    assert [(r.case, r.component, r.verdict) for r in found(family.name) if r.named is False] == []


def test_the_error_bar_holds_on_at_least_99_of_100_cases() -> None:
    rows = [r for family in FAMILIES for r in found(family.name) if r.situation in DIFFERENTIABLE]
    assert len(rows) > 300
    assert sum(r.held is True for r in rows) >= 0.99 * len(rows)


def test_the_error_bar_holds_on_at_least_99_of_100_random_functions() -> None:
    rows = list(derivatives.trials(drawn(300), [derivatives.DIFFERENTIATORS["adkit adaptive"]]))
    assert sum(r.held is True for r in rows) >= 0.99 * len(rows)


def test_random_breaks_and_noise_are_named() -> None:
    rows = list(derivatives.trials(broken(200), [derivatives.DIFFERENTIATORS["adkit adaptive"]]))
    assert sum(r.named is True for r in rows) >= 0.95 * len(rows)


def test_of_random_functions_no_wrong_gradient_passes_and_no_right_one_is_called_wrong() -> None:
    rows = list(checkers.trials([*drawn(30), *broken(30)], [checkers.CHECKERS["adkit check_grad"]]))
    assert [(r.case, r.gradient) for r in rows if r.kind == "wrong" and r.outcome == "passed"] == []
    assert [(r.case, r.verdict) for r in rows if r.kind == "right" and r.outcome in ("failed", "raised")] == []


# -- the tools -----------------------------------------------------------------------------------------------
SQUARE = Case("a square", "tests", lambda m, x: m.sum(x * x), (0.5, -1.5))


@pytest.mark.parametrize("name", checkers.CHECKERS)
def test_every_checker_passes_a_right_gradient_and_not_a_wrong_one(name: str) -> None:
    tool = checkers.CHECKERS[name]
    if tool.package:
        pytest.importorskip(tool.package)
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    outcomes = {row.gradient: row.outcome for row in checkers.trials([SQUARE], [tool])}
    assert outcomes["right"] == "passed"
    assert outcomes["twice as large"] == outcomes["one component nan"] == "failed"
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


@pytest.mark.parametrize("name", derivatives.DIFFERENTIATORS)
def test_every_tool_finds_an_ordinary_derivative(name: str) -> None:
    tool = derivatives.DIFFERENTIATORS[name]
    if tool.package:
        pytest.importorskip(tool.package)
    rows = list(derivatives.trials([SQUARE], [tool]))
    assert [row.component for row in rows] == [0, 1]
    assert all(row.outcome == "found" and row.rel_error < 1e-6 and row.calls for row in rows)


def test_a_tool_that_is_missing_is_a_row_that_says_so() -> None:
    absent = Tool("nobody's", "no_such_package", checkers.CHECKERS["adkit check_grad"].run)
    rows = list(checkers.trials([SQUARE], [absent]))
    assert {row.outcome for row in rows} == {"not installed"}
    assert "| nobody's | not installed" in " ".join(TrialReport(rows, ENVIRONMENT).to_markdown().split())


def test_a_tool_that_raises_is_a_row_with_what_it_said() -> None:
    def run(f, gradient, x):
        raise RuntimeError("a kink, perhaps")

    kink = next(case for case in CASES if case.name == "|x| at 0")
    rows = list(checkers.trials([kink], [Tool("a tool", "", run)]))
    assert {row.outcome for row in rows} == {"raised"}
    assert rows[0].note == "RuntimeError: a kink, perhaps"
    assert rows[0].named is True


# -- the report ----------------------------------------------------------------------------------------------
ENVIRONMENT = {
    "cpu": "a processor",
    "cores": "2",
    "system": "Linux",
    "python": "3.11",
    "command": "adkit compare x.toml",
}


def a_trial(**more) -> Trial:
    known = {"tool": "adkit check_grad", "case": "c", "family": "f", "situation": "smooth", "outcome": "passed"}
    return Trial(**{**known, "gradient": "right", "kind": "right", **more})


def test_a_report_is_true_when_nothing_wrong_passed_and_nothing_right_was_called_wrong() -> None:
    assert TrialReport([a_trial()], ENVIRONMENT)
    assert TrialReport([a_trial(outcome="undecided")], ENVIRONMENT)
    assert not TrialReport([a_trial(outcome="failed")], ENVIRONMENT)
    assert not TrialReport([a_trial(kind="wrong")], ENVIRONMENT)
    assert TrialReport([a_trial(), a_trial(kind="wrong", tool="a peer")], ENVIRONMENT)


def test_a_report_counts_and_lists_what_went_wrong() -> None:
    rows = [a_trial(), a_trial(kind="wrong", gradient="zero", case="a|b"), a_trial(kind="wrong", outcome="failed")]
    text = " ".join(TrialReport(rows, ENVIRONMENT, "Which?", conditions("checkers")).to_markdown().split())
    assert text.startswith("## Which? | checker |")
    assert "| adkit check_grad | 1 of 2 | 0 of 1 | 0 of 1 |" in text
    assert r"passed though wrong: a\|b (f), gradient: zero" in text
    assert "scipy check_grad: returns a distance, which passes below 1e-06" in text
    assert "Measured by `adkit compare x.toml` on a processor" in text


def test_all_numbers_are_there_as_json_and_csv() -> None:
    row = a_trial(gradient="", kind="", outcome="found", value=1.0, truth=math.nan, claimed=math.inf, rel_error=0.5)
    report = TrialReport([row], ENVIRONMENT)
    read = json.loads(report.to_json(), parse_constant=lambda name: pytest.fail(name))
    assert {"tool", "value", "claimed", "rel_error"} <= set(read["rows"][0]) <= set(TRIAL_COLUMNS)
    assert read["rows"][0]["truth"] == "nan"
    assert report.to_csv().splitlines()[0] == ",".join(TRIAL_COLUMNS)


# -- the command line ----------------------------------------------------------------------------------------
def adkit_(capsys, monkeypatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["adkit", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def test_a_comparison_file_asks_for_trials(capsys, monkeypatch, tmp_path: Path) -> None:
    file = tmp_path / "trial.toml"
    file.write_text('question = "How far?"\ntrial = "derivatives"\nmethods = ["adkit central"]\nrandom = 2\n')
    code, out, _ = adkit_(capsys, monkeypatch, "compare", str(file), "-f", "json")
    assert code == 0
    read = json.loads(out)
    assert read["question"] == "How far?"
    assert {row["tool"] for row in read["rows"]} == {"adkit central"}
    assert {"random function 0", "random kink 0", "|x| at 0"} <= {row["case"] for row in read["rows"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('trial = "derivative"', "'derivative'. Did you mean 'derivatives'?"),
        ('trial = "checkers"\nmethods = ["torch"]', "unknown tool 'torch'"),
        ('trial = "checkers"\nproblem = []', "unknown key"),
    ],
)
def test_bad_requests_for_trials(capsys, monkeypatch, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "trial.toml"
    file.write_text(text)
    code, _, err = adkit_(capsys, monkeypatch, "compare", str(file))
    assert code == 2
    assert message in " ".join(err.split())


def test_trials_run_tool_by_tool() -> None:
    rows = run("derivatives", ["adkit central", "adkit adaptive"], random=1)
    tools = [row.tool for row in rows]
    assert tools == sorted(tools, key=["adkit central", "adkit adaptive"].index)
