"""The answers at the head of a report, from rows."""

from __future__ import annotations

import pytest

import adkit as ad
from adkit.loading import plan
from adkit.records import Row
from adkit.report import growth
from adkit.report.answers import ANSWERS, answer


def row(method: str, size: str = "", seconds: float | None = 1e-6, status="ok", **fields) -> Row:
    samples = () if seconds is None else tuple(seconds * (1 + 1e-4 * (i % 5)) for i in range(25))
    return Row("p", size, method, status, steady_s=seconds, f_s=1e-7, samples=samples, f_samples=(1e-7,) * 25, **fields)


def swept(name: str, slope: float, start: float, values=(2, 4, 8, 16, 32, 64), **more) -> list[Row]:
    return [row(name, str(x), start * x**slope, parameters={"n": float(x)}, **more) for x in values]


def test_an_answer_of_growth_has_the_powers_that_were_measured() -> None:
    said = answer("growth", [*swept("forward", 2.0, 1e-6), *swept("reverse", 1.0, 1e-5)], {})
    assert "p over n: time as n^0.0 (f itself), n^2.0 (forward), n^1.0 (reverse)" in said


def test_an_answer_of_crossovers_says_where() -> None:
    said = answer("crossovers", [*swept("forward", 2.0, 1e-6), *swept("reverse", 1.0, 1e-5)], {})
    assert said.startswith("p over n: reverse overtakes forward at n = 10 (95 %: ")


def test_an_answer_of_errors_has_the_best_of_a_sweep_of_a_methods_own() -> None:
    rows = [row(f"numerical(step={h:g})", max_rel_error=e, parameters={"h": h}) for h, e in [(0.1, 1e-2), (1e-5, 1e-9)]]
    lines = {r.method: "central difference" for r in rows}
    assert answer("errors", rows, lines) == "p: central difference is off by 1.0e-09 at best (at h = 1e-05)."
    ends = [row("reverse", size, max_rel_error=e) for size, e in [("2", 1e-16), ("40", 1e-5)]]
    assert answer("errors", ends, {}) == "p: reverse is off by 1.0e-16 at 2 and 1.0e-05 at 40."


def test_an_answer_of_swell_has_the_nodes_and_the_end() -> None:
    known = [row("symbolic", str(n), expression_nodes=8 * n, tree_nodes=8**n) for n in (2, 4, 12)]
    ended = [row("written out", "2"), row("written out", "4"), row("written out", "12", None, "too large")]
    said = answer("swell", [*known, *ended], {})
    assert said == (
        "p: at 12 the derivative has 6.9e+10 nodes written out and 96 with its parts shared. "
        "written out comes to an end after 4."
    )


def test_sizes_that_are_swept_in_two_ways_are_two_sweeps() -> None:
    depth = [row("reverse", f"d{d}", 1e-6 * d, parameters={"batch": 4.0, "d": float(d)}) for d in (2, 4, 8)]
    batch = [row("reverse", f"b{b}", 1e-6 * b, parameters={"batch": float(b), "layers": 3.0}) for b in (8, 16, 32)]
    assert [sweep.title for sweep in growth.sweeps([*depth, *batch])] == [
        "p over d at batch = 4",
        "p over batch at layers = 3",
    ]


@pytest.mark.parametrize("kind", ANSWERS)
def test_where_nothing_ran_an_answer_says_so(kind: str) -> None:
    assert answer(kind, [], {}) == "Nothing ran."


def test_an_unknown_sort_of_answer_is_refused_by_file_and_key(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('question = "?"\nanswer = "crossover"\n\n[[problem]]\nname = "mlp"\n')
    with pytest.raises(ad.BadRequest, match=r"unknown answer in .*mine.toml: 'crossover'. Did you mean 'crossovers'"):
        plan(path)
