"""Two runs of the same comparison: what counts as worse, what as noise, and what cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from adkit import BadRequest
from adkit.cli import app
from adkit.records import Row
from adkit.report import Comparison
from adkit.report.diff import COUNTS, DEFAULT, PLAIN, TIMES, Difference, Rule, rules

HERE = {"cpu": "a processor", "cores": "2", "python": "3.11", "numpy": "2"}


def row(seed: int = 0, slower: float = 1.0, **given: Any) -> Row:
    """A row as a run leaves it: another run, other samples."""
    rng = np.random.default_rng(seed)
    f, samples = 1e-6 * rng.lognormal(0, 0.03, 25), slower * 2e-5 * rng.lognormal(0, 0.03, 25)
    times = {"steady_s": float(np.median(samples)), "f_s": float(np.median(f)), "inputs_hash": "abc"}
    raw = {"samples": tuple(samples), "f_samples": tuple(f), "loops": 100}
    right = Row("p", "4", "reverse", "ok", f_calls=1, primitive_ops=7, ratio_to_f=20.0, peak_bytes=4000)
    return replace(right, **{**times, **raw, **given})


def compared(before: Row, after: Row, text: str = DEFAULT, there: dict[str, str] | None = None) -> Difference:
    return Difference(Comparison([before], HERE), Comparison([after], there or HERE), rules(text))


def verdicts(found: Difference) -> dict[str, str]:
    return {change.quantity: change.verdict for change in found.changes}


# -- counts and times ------------------------------------------------------------------------------
def test_a_run_beside_itself_has_not_changed() -> None:
    found = compared(row(), row())
    assert found
    assert set(verdicts(found).values()) == {"same"}
    assert found.summary == "nothing changed, of 1 row"


def test_another_run_of_the_same_code_has_not_either() -> None:
    assert all(compared(row(seed), row(seed + 1)) for seed in range(30))


def test_one_operation_more_is_worse_and_one_less_is_better() -> None:
    assert verdicts(compared(row(), row(1, primitive_ops=8)))["primitive_ops"] == "worse"
    assert verdicts(compared(row(), row(1, primitive_ops=6)))["primitive_ops"] == "better"
    assert not compared(row(), row(1, primitive_ops=8))
    assert compared(row(), row(1, primitive_ops=8), "primitive_ops:20%")
    assert verdicts(compared(row(f_calls=0), row(1, f_calls=1)))["f_calls"] == "worse"


def test_a_time_is_worse_where_its_whole_interval_is_beyond_what_is_allowed() -> None:
    assert verdicts(compared(row(), row(1, 1.1)))["steady_s"] == "same"
    assert verdicts(compared(row(), row(1, 1.1), "steady_s:2%"))["steady_s"] == "worse"
    assert verdicts(compared(row(), row(1, 1.5)))["steady_s"] == "worse"
    assert verdicts(compared(row(), row(1, 0.5)))["steady_s"] == "better"


def test_a_time_of_a_single_round_has_to_be_more_than_a_few_times_as_long() -> None:
    once = {"samples": (2e-5,), "steady_s": 2e-5}
    assert verdicts(compared(row(), row(1, samples=(3e-5,), steady_s=3e-5)))["steady_s"] == "same"
    assert verdicts(compared(row(**once), row(samples=(2e-4,), steady_s=2e-4)))["steady_s"] == "worse"


def test_on_another_machine_the_ratio_to_f_stands_for_the_time() -> None:
    there = {**HERE, "cpu": "a slower one"}
    slow = row(1, 3.0)
    found = compared(row(), replace(slow, f_samples=tuple(3 * x for x in slow.f_samples)), there=there)
    assert found
    assert "steady_s" not in verdicts(found)
    assert verdicts(found)["ratio_to_f"] == "same"
    assert "cpu: a processor, then a slower one" in found.remarks[0]
    assert verdicts(compared(row(), row(1, 3.0), there=there))["ratio_to_f"] == "worse"


def test_what_was_not_measured_is_not_compared() -> None:
    assert "peak_bytes" not in verdicts(compared(row(peak_bytes=None), row(1)))


@pytest.mark.parametrize("quantity", ["f_calls", "primitive_ops", "steady_s"])
@pytest.mark.parametrize("lost", [None, float("nan")])
def test_a_count_or_a_time_that_is_gone_is_worse(quantity: str, lost: float | None) -> None:
    found = compared(row(), row(**{quantity: lost}))
    assert [(c.quantity, c.note) for c in found.of("worse")] == [(quantity, "not measured any more")]
    assert "not measured any more" in found.to_markdown()


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (1e-14, 2e-14, ""),
        (0.0, 1e-15, ""),
        (0.0, 1e-13, "more than 100 times as large"),
        (1e-14, 2e-12, "beyond what is allowed (1.0e-12)"),
        (1e-14, float("nan"), "not a number any more"),
    ],
)
def test_an_error_that_jumps_up_is_worse(before: float, after: float, note: str) -> None:
    found = compared(row(max_rel_error=before, tolerance=1e-12), row(max_rel_error=after, tolerance=1e-12))
    assert [c.note for c in found.of("worse")] == ([note] if note else [])


def test_a_check_that_sees_nothing_any_more_is_worse() -> None:
    assert [c.note for c in compared(row(), row(vacuous="zeros")).of("worse")] == ["zeros would pass now"]
    assert verdicts(compared(row(vacuous="zeros"), row()))["vacuous"] == "better"
    assert compared(row(vacuous="zeros"), row(vacuous="zeros"))


def test_a_time_that_got_worse_has_the_doubts_beside_it() -> None:
    before, after = row(stability="only 2 rounds"), row(1, 2.0, stability="load average 3.0 per core")
    loaded = {**HERE, "load": "6.1"}
    found = Difference(Comparison([before], HERE), Comparison([after], loaded))
    [change] = found.of("worse")
    assert change.note == "unstable before: only 2 rounds; unstable after: load average 3.0 per core"
    assert found.remarks == ["load average before each run: not known then 6.1"]
    assert Difference(Comparison([before], HERE), Comparison([row(1)], loaded)).remarks == []


# -- statuses --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("ok", "wrong", "worse"),
        ("ok", "timeout", "worse"),
        ("timeout", "wrong", "worse"),
        ("timeout", "ok", "better"),
        ("timeout", "too large", "same"),
        ("wrong", "wrong", "same"),
        ("ok", "not installed", "not comparable"),
    ],
)
def test_statuses(before: Any, after: Any, verdict: str) -> None:
    rows = [row(), row(method="other")], [row(status=before), row(method="other")]
    found = Difference(Comparison(rows[1], HERE), Comparison([row(status=after), rows[0][1]], HERE))
    assert next(c.verdict for c in found.changes if c.quantity == "status" and c.method == "reverse") == verdict
    assert bool(found) == (verdict != "worse")


# -- which rows ------------------------------------------------------------------------------------
def test_rows_with_other_inputs_are_not_compared() -> None:
    before, after = [row(), row(method="other")], [row(1, 9.0, inputs_hash="xyz"), row(1, method="other")]
    found = Difference(Comparison(before, HERE), Comparison(after, HERE))
    [change] = found.of("not comparable")
    assert (change.method, change.note) == ("reverse", "the inputs differ")
    assert found


def test_rows_that_only_one_run_has_are_told() -> None:
    before, after = [row(), row(method="gone")], [row(1), row(1, size="8")]
    found = Difference(Comparison(before, HERE), Comparison(after, HERE))
    assert [(c.method, c.size, c.note) for c in found.of("not comparable")] == [("reverse", "8", "only after")]
    assert [(c.method, c.size, c.note) for c in found.of("worse")] == [("gone", "4", "only before")]
    assert not found


def test_a_row_that_was_not_right_may_go() -> None:
    found = Difference(Comparison([row(), row(method="gone", status="timeout")], HERE), Comparison([row(1)], HERE))
    assert found
    assert [c.note for c in found.of("not comparable")] == ["only before"]


def test_another_value_of_f_is_said_first_and_nothing_else_is_compared() -> None:
    before, after = [row(value=1.5), row(method="b")], [row(value=1.6, primitive_ops=9), row(method="b", f_calls=2)]
    found = Difference(Comparison(before, HERE), Comparison(after, HERE))
    assert (found.changes[0].quantity, found.changes[0].verdict) == ("value", "another f")
    assert "primitive_ops" not in {c.quantity for c in found.changes if c.method == "reverse"}
    assert found.summary.startswith("1 another f, 1 worse")
    assert not compared(row(value=1.5), row(value=1.6))
    assert compared(row(value=1.5), row(value=1.5 + 1e-12))
    assert compared(row(value=1.5), row(value=1.5 + 1e-5, tolerance=1e-4))
    assert compared(row(value=float("nan")), row(value=float("nan")))


def test_a_gradient_is_not_compared_with_a_jacobian_and_what_repeats_is_taken_in_order() -> None:
    with pytest.raises(BadRequest, match="only before; only after"):
        compared(row(), row(1, derivative="jacobian"))
    twice = Difference(Comparison([row(), row()], HERE), Comparison([row(1), row(1, primitive_ops=9)], HERE))
    assert len(twice.of("worse")) == 1


def test_runs_with_nothing_in_common_are_refused() -> None:
    with pytest.raises(BadRequest, match="nothing in common that could be compared: the inputs differ"):
        compared(row(), row(1, inputs_hash="xyz"))
    with pytest.raises(BadRequest, match="neither has a row"):
        Difference(Comparison([], HERE), Comparison([], HERE))


# -- rules -----------------------------------------------------------------------------------------
def test_rules_are_percentages_of_quantities() -> None:
    assert rules(" primitive_ops:0%, steady_s: 12.5% ") == [Rule("primitive_ops", 0), Rule("steady_s", 0.125)]
    assert all(hasattr(row(), name) for name in COUNTS + TIMES + PLAIN)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names nothing"),
        ("steady:1%", "Did you mean 'steady_s'"),
        ("steady_s", "as in steady_s:20%"),
        ("steady_s:0.2", "needs a percentage"),
        ("steady_s:-1%", "needs a percentage"),
        ("steady_s:nan%", "needs a percentage"),
    ],
)
def test_rules_that_make_no_sense_are_refused(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        rules(text)


# -- the command -----------------------------------------------------------------------------------
@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., str]:
    def store(name: str, *rows: Row) -> str:
        path = tmp_path / name
        path.write_text(Comparison(rows, HERE).to_json())
        return str(path)

    return store


def test_the_exit_code_says_whether_something_got_worse(stored: Callable[..., str]) -> None:
    before, same, worse = stored("a.json", row()), stored("b.json", row(1)), stored("c.json", row(1, primitive_ops=9))
    run = CliRunner().invoke
    assert run(app, ["diff", before, same]).exit_code == 0
    found = run(app, ["diff", before, worse])
    assert found.exit_code == 1
    assert "primitive_ops" in found.stdout
    assert "1 worse, of 1 row" in found.stdout
    assert run(app, ["diff", before, worse, "--fail-on", "f_calls:0%"]).exit_code == 0


def test_every_format_says_the_same(stored: Callable[..., str]) -> None:
    before, after = stored("a.json", row()), stored("b.json", row(1, primitive_ops=9))
    said = {form: CliRunner().invoke(app, ["diff", before, after, "-f", form]).stdout for form in ("markdown", "csv")}
    assert "| p 4" in said["markdown"]
    assert "p,4,gradient,reverse,primitive_ops,worse,7,9," in said["csv"]
    document = json.loads(CliRunner().invoke(app, ["diff", before, after, "-f", "json"]).stdout)
    assert document["kind"] == "difference"
    assert document["changes"][0]["quantity"] == "primitive_ops"


def test_files_that_are_not_results_are_refused(stored: Callable[..., str], tmp_path: Path) -> None:
    good, bad = stored("a.json", row()), tmp_path / "bad.json"
    bad.write_text("{")
    for name, words in ((str(bad), "bad.json is not JSON"), (str(tmp_path / "no.json"), "cannot read .*no.json")):
        with pytest.raises(BadRequest, match=words):
            CliRunner().invoke(app, ["diff", good, name], catch_exceptions=False)
