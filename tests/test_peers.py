"""The page that holds adkit against other engines: who is first, by what factor, and for how much memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from adkit.harness.running import against_manual, ranked
from adkit.records import Row
from adkit.report import Comparison, page, peers
from adkit.report.answers import answer
from adkit.report.page import Origin

LINES = {
    "manual": "hand-written",
    "reverse": "adkit reverse",
    "reverse(compile=True)": "adkit reverse, compiled",
    "jax": "jax",
    "jax(native=True)": "jax",
    "torch": "torch",
}
ENVIRONMENT = {"python": "3.11", "threads": "1", "jax": "0.10.2", "torch": "2.13.0", "adkit": "0.1.0"}


def row(method: str, micros: float | None, problem: str = "p", size: str = "4", **more: Any) -> Row:
    status = more.pop("status", "ok")
    samples = () if micros is None else tuple(micros * 1e-6 * (1 + 1e-4 * (i % 5)) for i in range(25))
    known: dict[str, Any] = {
        "reference": "hand-derived gradient",
        "max_rel_error": 1e-16,
        "ranked": method != "manual",
        "steady_s": None if micros is None else micros * 1e-6,
    }
    return Row(problem, size, method, status, samples=samples, **(known | more))


def table(times: Mapping[str, float | None], **more: Any) -> list[Row]:
    """Rows of one problem with these times in microseconds, as a run leaves them behind."""
    rows = [row(method, micros, **more) for method, micros in times.items()]
    return ranked(against_manual(rows, [method == "manual" for method in times]))


FAST = {
    "manual": 2.0,
    "reverse": 20.0,
    "reverse(compile=True)": 1.0,
    "jax": 30.0,
    "jax(native=True)": 10.0,
    "torch": 90.0,
}
SLOW = FAST | {"reverse(compile=True)": 12.0}


def markdown(rows: list[Row]) -> str:
    return "\n\n".join(peers.markdown(rows, LINES, ENVIRONMENT))


def cells_of(rows: list[Row], beginning: str = "| p 4 ") -> list[str]:
    """The cells of the first line that begins so."""
    line = next(line for line in markdown(rows).splitlines() if line.startswith(beginning))
    return [cell.strip() for cell in line.strip("|").split("|")]


# -- the first table -------------------------------------------------------------------------------
def test_the_unit_is_the_hand_written_gradient_whose_own_time_stands_before_the_ratios() -> None:
    assert cells_of(table(FAST)) == ["p 4", "2 µs", "10", "◆ <b>0.5</b>", "5 †", "45", "1st of 3"]


def test_bold_is_the_fastest_and_the_mark_is_on_the_quickest_of_adkit_wherever_that_is() -> None:
    assert cells_of(table(SLOW)) == ["p 4", "2 µs", "10", "◆ 6", "<b>5</b> †", "45", "2nd of 3"]


def test_what_cannot_be_told_from_the_fastest_is_bold_and_first_too() -> None:
    rows = table(FAST | {"jax": 1.0})
    assert cells_of(rows)[2:] == ["10", "◆ <b>0.5</b>", "<b>0.5</b>", "45", "1st of 3"]


def test_of_lowered_and_native_the_better_one_stands_in_the_table_and_both_below() -> None:
    lowered = table(FAST | {"jax": 4.0})
    assert cells_of(lowered)[4] == "2"
    assert cells_of(table(FAST))[4] == "5 †"
    for method in ("jax", "jax(native=True)"):
        assert f" {method} " in markdown(lowered).partition("### Preparing")[2]


@pytest.mark.parametrize("status", ["timeout", "not installed", "too large", "error", "skipped", "wrong"])
def test_what_did_not_run_stands_in_the_table_as_what_became_of_it(status: Any) -> None:
    rows = [replace(r, status=status, steady_s=None, samples=()) if r.method == "torch" else r for r in table(FAST)]
    assert cells_of(rows)[5:] == [status, "1st of 2"]


def test_without_a_hand_written_gradient_there_are_seconds() -> None:
    assert cells_of(table({"reverse": 20.0, "torch": 90.0})) == ["p 4", "", "◆ <b>20 µs</b>", "90 µs", "1st of 2"]


def test_where_nothing_of_adkit_ran_it_has_no_place() -> None:
    rows = table({"manual": 2.0, "reverse": None, "torch": 90.0})
    rows[1] = replace(rows[1], status="timeout")
    assert cells_of(rows)[-1] == ""
    assert "Elsewhere adkit is not there on p 4." in answer("peers", rows, LINES)


# -- the answer ------------------------------------------------------------------------------------
def test_the_answer_counts_who_is_first_and_says_where_adkit_is_not() -> None:
    rows = [*table(FAST), *table(FAST, size="8"), *table(SLOW, problem="q")]
    assert answer("peers", rows, LINES) == (
        "The fastest, or not to be told from it: adkit on 2 of 3 rows; jax on 1 of 3 rows (q 4). Elsewhere adkit is "
        "2nd on q 4 (1.2 times jax(native=True)). adkit's quickest gradient takes 0.5 (p 4) to 6 (q 4) times as long "
        "as the hand-written one."
    )


def test_where_adkit_is_first_everywhere_nothing_is_elsewhere() -> None:
    assert "Elsewhere" not in answer("peers", table(FAST), LINES)


def test_a_wrong_row_wins_nothing() -> None:
    rows = table(FAST)
    rows[2] = replace(rows[2], status="wrong", steady_s=None, samples=(), fastest=False)
    rows = ranked(rows)
    assert answer("peers", rows, LINES).startswith("The fastest, or not to be told from it: jax on 1 of 1 row.")


@pytest.mark.parametrize(("n", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (9, "9th")])
def test_places_have_their_endings(n: int, word: str) -> None:
    assert peers.ordinal(n) == word


# -- how it was checked ----------------------------------------------------------------------------
def test_the_page_says_of_how_many_gradients_it_was_checked_that_they_are_right_and_how_far_off_the_worst_is() -> None:
    rows = table(FAST)
    rows[3] = replace(rows[3], max_rel_error=3e-13)
    rows[5] = replace(rows[5], status="wrong")
    assert (
        "**Checked.** Every gradient was computed and compared before it was timed, 5 of 5 right ones with the "
        "hand-written one: of 6 rows, 5 ok; 1 wrong. The largest relative error of a right one is 3.0e-13 (jax, p 4)."
    ) in markdown(rows)


def test_the_page_names_the_engines_with_their_versions_and_the_threads_of_all() -> None:
    said = markdown(table(FAST))
    assert "**Engines.** adkit 0.1.0, jax 0.10.2, torch 2.13.0." in said
    assert "kept to 1 processor and told to use 1 thread" in said
    free = "\n".join(peers.markdown(table(FAST), LINES, {"python": "3.11"}))
    assert "Each engine had as many threads as it wanted." in free


# -- where the time goes ---------------------------------------------------------------------------
def test_preparing_the_first_call_and_each_call_stand_apart_with_when_that_pays() -> None:
    rows = table(FAST)
    rows[1] = replace(rows[1], prepare_s=0.0, first_s=1e-4)
    rows[2] = replace(rows[2], prepare_s=1e-3, first_s=1e-4)
    below = markdown(rows).partition("### Preparing")[2].splitlines()
    lines = {line.split("|")[2].strip(): [c.strip() for c in line.split("|")[5:-1]] for line in below if "|" in line}
    # A call is 19 µs shorter than the eager one: 1 ms is made up for in 53 of them.
    assert lines["reverse(compile=True)"] == ["1 ms", "100 µs", "1 µs", "0.5", "0.5 to 0.5", "53"]
    assert lines["reverse"] == ["", "100 µs", "20 µs", "10", "10 to 10", ""]


def test_what_prepares_and_is_no_quicker_never_pays() -> None:
    rows = table(FAST)
    rows[5] = replace(rows[5], prepare_s=1e-3)
    line = next(text for text in markdown(rows).splitlines() if "| torch " in text)
    assert line.split("|")[-2].strip() == ""


# -- memory ----------------------------------------------------------------------------------------
def test_memory_is_what_the_process_takes_up_and_what_a_method_keeps() -> None:
    rows = table(FAST)
    rows[1] = replace(rows[1], resident_bytes=4_000_000, kept_bytes=0)
    rows[2] = replace(rows[2], resident_bytes=4096, kept_bytes=1_500_000)
    memory = markdown(rows).partition("### Memory")[2].splitlines()
    line = next(text for text in memory if text.startswith("| p 4 "))
    assert [cell.strip() for cell in line.split("|")[2:5]] == ["", "4 MB", "< 250 kB + 1.5 MB"]


def test_a_tape_is_told_by_the_operation() -> None:
    rows = table(FAST)
    rows[1] = replace(rows[1], tape_length=1000, tape_bytes=180_000)
    line = next(text for text in markdown(rows).partition("### The tape")[2].splitlines() if "reverse" in text)
    assert [cell.strip() for cell in line.split("|")[1:-1]] == ["p 4", "reverse", "1,000", "180 kB", "180 B"]
    assert "### The tape" not in markdown(table(FAST))


# -- the page --------------------------------------------------------------------------------------
def test_the_page_has_the_answer_the_tables_and_how_each_row_was_checked() -> None:
    comparison = Comparison(table(FAST), ENVIRONMENT, "How close?", plan="peers")
    origin = Origin("p.toml", "p.json", "adkit compare p.toml", "adkit report p.toml")
    said = page.page("Peers", comparison, [], origin, answer("peers", comparison.rows, LINES), LINES, "peers")
    assert said.startswith(
        "# Peers\n\n**How close?**\n\n**Answer.** The fastest, or not to be told from it: adkit on 1"
    )
    headings = [line for line in said.splitlines() if line.startswith("#")]
    assert [heading.strip("# ") for heading in headings] == [
        "Peers",
        "One value and gradient, the hand-written one = 1",
        "Preparing, the first call, and each call from then on",
        "Memory",
        "Row by row",
    ]
    assert "- reference: hand-derived gradient" in said
    assert "limited to 1 thread" in said
    assert "Recommendation" not in said
