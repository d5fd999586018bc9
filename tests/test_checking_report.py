"""A checked gradient as text, Markdown, table and JSON: what fails comes first, and every number has its label."""

from __future__ import annotations

import io
import json
import math
import pickle

import numpy as np
import pytest
from rich.console import Console

import adkit as ad
from adkit.records import COMPONENT_COLUMNS, Component
from adkit.report import GradientReport

# The columns that other code reads.
CONTRACT = [
    "argument",
    "index",
    "x",
    "analytic",
    "numerical",
    "bar",
    "abs_error",
    "rel_error",
    "step",
    "verdict",
    "hint",
]


def component(verdict="AGREE", index=(0,), **changes):
    values = {
        "argument": "argument 0",
        "index": index,
        "output": None,
        "x": 1.5,
        "analytic": 2.02,
        "numerical": 2.0,
        "bar": 1e-9,
        "abs_error": 0.02,
        "rel_error": 0.0099,
        "step": 1e-4,
        "verdict": verdict,
        "hint": "",
    }
    return Component(**{**values, **changes})


MANY = [component(index=(i,)) for i in range(260)] + [component("WRONG", (i,), hint="a hint") for i in range(300, 340)]


def test_the_table_has_the_columns_of_the_contract():
    table = GradientReport(MANY).table
    assert list(table.columns) == list(COMPONENT_COLUMNS)
    assert list(table.columns)[: len(CONTRACT)] == CONTRACT
    assert len(table) == 300


def test_what_fails_comes_first():
    report = GradientReport([component(), component("NOISY"), component("WRONG"), component("KINK")])
    assert [c.verdict for c in report.components] == ["WRONG", "KINK", "NOISY", "AGREE"]
    assert list(report.counts) == ["WRONG", "KINK", "NOISY", "AGREE"]


def test_among_equals_the_furthest_off_comes_first():
    report = GradientReport([component("WRONG", abs_error=1e-3), component("WRONG", (1,), abs_error=1.0)])
    assert report.components[0].index == (1,)


@pytest.mark.parametrize("verdict", ["WRONG", "NONFINITE", "NONDETERMINISTIC", "JUMP", "CUSP"])
def test_some_verdicts_never_pass(verdict):
    assert not GradientReport([component(verdict)], strict=True)
    assert not GradientReport([component(verdict)], strict=False)


@pytest.mark.parametrize("verdict", ["KINK", "DOMAIN_EDGE", "NOISY", "UNRESOLVED"])
def test_others_pass_leniently(verdict):
    assert not GradientReport([component(verdict)], strict=True)
    assert GradientReport([component(verdict)], strict=False)


def test_faults_fail_doubts_fail_strictly_notes_never():
    assert not GradientReport([], faults=["f changes its argument"], strict=False)
    assert not GradientReport([], doubts=["too noisy to say"])
    assert GradientReport([], doubts=["too noisy to say"], strict=False)
    assert GradientReport([], notes=["f computes in float32"])


def test_the_text_shows_a_few_and_counts_the_rest():
    text = str(GradientReport(MANY, f_calls=9000, sensitivity=4e-9))
    assert text.startswith("40 of the 300 components of the gradient of f are wrong")
    assert text.count("WRONG") == 11
    assert "and 30 more" in text
    assert "gradient (given)" in text
    assert "differences" in text
    assert "An error above 4.0e-09 in any component would have been reported." in text
    assert "f was called 9,000 times." in text
    assert GradientReport(MANY).to_text(all=True).count("argument 0[") >= 300


def test_numbers_show_where_they_part():
    text = str(GradientReport([component("WRONG", analytic=1.0000001, numerical=1.0, rel_error=1e-7)]))
    assert "1.0000001 where differences give 1" in text


def test_what_is_known_of_several_is_said_once():
    assert str(GradientReport(MANY)).count("a hint") == 1


def test_a_right_gradient_says_so_in_a_sentence():
    assert str(GradientReport([component()], function="loss")).startswith("The gradient of loss holds.")
    lenient = GradientReport([component("KINK", hint="a kink")], strict=False)
    assert "holds, leniently: 1 KINK" in str(lenient)


def test_markdown_has_a_table_that_a_cell_cannot_break():
    markdown = GradientReport([component("WRONG", argument="argument 0['a|b']", hint="x|y")]).to_markdown()
    assert "| gradient (given) |" in markdown.replace("   ", " ").replace("  ", " ")
    assert "a\\|b" in markdown
    assert GradientReport([component()])._repr_markdown_() == GradientReport([component()]).to_markdown()


def test_json_is_for_every_reader():
    report = GradientReport([component("NONFINITE", analytic=math.nan, bar=math.inf)])
    content = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert content["holds"] is False
    assert content["components"][0]["analytic"] == "nan"
    assert set(CONTRACT) <= set(content["components"][0])
    assert content["counts"] == {"NONFINITE": 1}


def test_narrow_terminals_get_fewer_columns():
    narrow = GradientReport(MANY).to_text(width=80)
    assert "relative" not in narrow
    assert "gradient (given)" in narrow
    assert max(map(len, narrow.splitlines())) <= 80


def test_a_progress_bar_goes_to_stderr(capsys):
    ad.check_grad(lambda x: x**2, 3.0, grad=6.0, progress=True)
    assert capsys.readouterr().out == ""


def test_colours_are_for_terminals():
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=120, color_system="standard").print(GradientReport(MANY))
    assert "\x1b[" in out.getvalue()
    assert "\x1b[" not in str(GradientReport(MANY))


def test_raising_brings_the_report_along():
    report = ad.check_grad(lambda x: x**2, 3.0, grad=3.0)
    with pytest.raises(ad.WrongGradient) as caught:
        report.raise_if_failed()
    assert caught.value.report is report
    assert str(caught.value) == str(report)
    assert isinstance(caught.value, AssertionError)
    ad.check_grad(lambda x: x**2, 3.0, grad=6.0).raise_if_failed()


def test_a_report_can_be_sent_elsewhere():
    report = ad.check_grad(lambda x: x**2, 3.0, grad=3.0)
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report)


def test_outputs_and_arguments_are_named():
    text = str(ad.check_grad(lambda p: p["w"] ** 2, {"w": np.array([1.0, 2.0])}, grad={"w": np.eye(2)}))
    assert "argument 0['w'][0] → output[0]" in text


def test_the_function_and_the_method_are_named():
    def loss(x):
        return np.sum(np.abs(x))

    text = str(ad.check_grad(loss, np.zeros(2), method="forward"))
    assert "gradient of loss" in text
    assert "gradient (forward)" in text


def test_numbers_are_plain():
    report = ad.check_grad(lambda x: np.sum(np.cos(x)), np.array([0.3, 1.2]))
    numbers = [value for c in report.components for value in (c.x, c.analytic, c.numerical, c.bar, c.rel_error, c.step)]
    assert {type(x) for x in (*numbers, report.sensitivity)} == {float}


def test_digits_within_the_bar_are_not_shown():
    text = str(
        GradientReport([component("KINK", analytic=1.079354944636066, rel_error=1e-13, abs_error=1e-13, bar=1e-6)])
    )
    assert " 1.07935 " in text
    assert "1.079354" not in text


def test_a_negative_zero_is_a_zero():
    assert "-0 " not in str(GradientReport([component("WRONG", analytic=-0.0)]))


def test_no_sentence_is_said_twice():
    report = GradientReport([component()], faults=["f changes argument 0"])
    assert str(report).count("f changes argument 0") == 1


@pytest.mark.parametrize("verdict", ["AGREE", "KINK"])
def test_no_two_empty_lines_follow_one_another(verdict):
    assert "\n\n\n" not in GradientReport([component(verdict)]).to_text(all=True)
