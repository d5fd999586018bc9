"""The self-check: every planted fault is caught, nothing right is called wrong, and it can itself fail."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

import adkit as ad
from adkit import cli, selfcheck
from adkit.harness import cell, judging
from adkit.harness.judging import Errors
from adkit.selfcheck.faults import FAULTS, OTHERS, WRONG_GRADIENTS
from adkit.selfcheck.running import SIZES
from adkit.selfcheck.sweep import Sweep


@pytest.fixture(scope="module")
def found() -> selfcheck.SelfCheck:
    return selfcheck.run()


def test_every_planted_fault_is_caught_and_nothing_right_is_called_wrong(found: selfcheck.SelfCheck) -> None:
    assert found
    assert found.missed == []
    assert found.verdict == "81 of 81 planted faults caught; 6 of 6 that are right were let pass"


def test_every_fault_has_something_to_be_wrong_about_somewhere(found: selfcheck.SelfCheck) -> None:
    where = {fault.planted: {f.where for f in found.findings if f.planted == fault.planted} for fault in FAULTS}
    assert all(where.values()), where
    several = [fault for fault, places in where.items() if len(places) > 1]
    assert set(where) - set(several) == {"the rule of a matrix product forgets a transpose"}
    assert {f.where for f in found.findings if f.control} >= {f"{n} {size}".strip() for n, size in SIZES.items()}


def test_a_wrong_gradient_is_caught_by_differences_of_f_as_well(found: selfcheck.SelfCheck) -> None:
    for finding in found.findings:
        if finding.planted in {fault.planted for fault in WRONG_GRADIENTS}:
            assert (finding.by_harness, finding.by_checker) == (True, True), finding
        if finding.planted in {fault.planted for fault in OTHERS}:
            assert (finding.by_harness, finding.by_checker) == (True, None), finding
    assert {f.by_checker for f in found.findings if f.control and f.planted == "nothing"} == {False}


def test_the_words_of_a_row_say_what_is_wrong(found: selfcheck.SelfCheck) -> None:
    words = {f.planted: f.words for f in found.findings if f.where.startswith("logistic_regression")}
    assert words["the gradient has an axis too many"] == (
        "the derivative by argument 0 has shape (1, 4) where (4,) is needed"
    )
    assert "dtype float32" in words["the gradient is float32 where the argument is float64"]
    assert "changes its arguments" in words["the argument is overwritten"]
    assert words["cotangents are not cleared between calls"] == "a second call gave another derivative"
    assert words["the tape of the first call is used for ever, under a value that is fresh"].startswith(
        "right at the first point, wrong at a second one: relative error"
    )
    assert "nan where the reference has" in words["one component is nan"]
    assert words["nothing, beside that gradient"].endswith("unlike hand-derived gradient)")


def test_one_component_of_thousands_that_was_not_drawn_is_caught_along_a_direction(found: selfcheck.SelfCheck) -> None:
    (finding,) = [f for f in found.findings if f.planted == "one component off by 1 %" and "without" in f.where]
    assert finding.words.startswith("along a random direction through all 3,241 components the slope is")


# -- the sweep itself ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SIZES)
def test_without_a_fault_the_sweep_is_reverse_mode(name: str) -> None:
    problem = ad.problems[name]
    args = problem.arguments(SIZES[name])
    swept = ad.grad(problem.f, problem.argnums, method=Sweep())(*args)
    reverse = ad.grad(problem.f, problem.argnums)(*args)
    np.testing.assert_allclose(*[np.concatenate([np.ravel(x) for x in _flat(g)]) for g in (swept, reverse)], rtol=1e-14)


def _flat(tree):
    from adkit.containers import flatten

    return flatten(tree)[0]


# -- the self-check can fail -----------------------------------------------------------------------
def test_a_harness_that_takes_any_gradient_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "errors", lambda *args: Errors(0.0, 0.0, 0.0, 0.0))
    found = selfcheck.run(["bivariate"])
    assert not found
    missed = {finding.planted for finding in found.missed}
    assert {"zeros", "one component is nan", "one rule has the wrong sign"} <= missed
    assert "MISSED" in found.to_markdown()


def test_a_comparison_that_lets_nan_pass_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    right = judging.errors

    def careless(*args):
        found = right(*args)
        return replace(found, relative=0.0) if np.isinf(found.relative) else found

    monkeypatch.setattr(judging, "errors", careless)
    assert {f.planted for f in selfcheck.run(["bivariate"]).missed} == {
        "one component is nan",
        "one component is infinite",
    }


def test_a_harness_that_never_looks_a_second_time_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell.Cell, "_require_same", lambda *args: None)
    monkeypatch.setattr(cell.Cell, "_judge_elsewhere", lambda *args: None)
    assert {f.planted for f in selfcheck.run(["bivariate"]).missed} == {
        "cotangents are not cleared between calls",
        "the tape of the first call is used for ever, under a value that is fresh",
    }


def test_a_harness_that_calls_right_gradients_wrong_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "tolerance", lambda *args: 0.0)
    found = selfcheck.run(["logistic_regression"])
    assert [f.planted for f in found.missed] == ["nothing"]
    assert found.verdict.endswith("0 of 1 that are right were let pass")


def test_an_unknown_problem_is_refused() -> None:
    with pytest.raises(ad.BadRequest, match=r"unknown problem of the self-check 'mpl'\. Did you mean 'mlp'"):
        selfcheck.run(["mpl"])


# -- adkit selfcheck -------------------------------------------------------------------------------
def _adkit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["adkit", "selfcheck", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def test_the_command_prints_what_was_planted_and_who_caught_it(
    found: selfcheck.SelfCheck, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selfcheck, "run", lambda report: found)
    code, out, _ = _adkit(capsys, monkeypatch)
    assert code == 0
    assert "at a fan-out the last share replaces the others" in out
    assert out.rstrip().endswith("81 of 81 planted faults caught; 6 of 6 that are right were let pass.")
    assert len(_adkit(capsys, monkeypatch, "--all")[1].splitlines()) > len(out.splitlines())
    code, out, _ = _adkit(capsys, monkeypatch, "-f", "json")
    document = json.loads(out)
    assert (code, document["ok"], len(document["findings"])) == (0, True, 87)
    assert _adkit(capsys, monkeypatch, "-f", "markdown")[1].startswith("| planted")
    code, _, err = _adkit(capsys, monkeypatch, "-f", "csv")
    assert (code, err) == (2, "adkit: a self-check is written as table, markdown or json\n")


def test_a_missed_fault_is_exit_code_1(
    found: selfcheck.SelfCheck, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = selfcheck.SelfCheck([replace(found.findings[1], by_harness=False)])
    monkeypatch.setattr(selfcheck, "run", lambda report: missed)
    code, out, _ = _adkit(capsys, monkeypatch)
    assert code == 1
    assert "MISSED" in out
    assert "0 of 1 planted faults caught" in out
