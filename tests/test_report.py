"""Records to text: the same numbers in every format."""

from __future__ import annotations

import io
import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from adkit import BadRequest
from adkit.records import COLUMNS, Row
from adkit.report import Comparison, cells, remarks, terminal

# The columns that other code reads.
CONTRACT = {
    *("problem", "size", "method", "status", "value", "reference", "max_abs_error", "max_rel_error", "prepare_s"),
    *("first_s", "steady_s", "ratio_to_f", "f_calls", "passes", "primitive_ops", "tape_bytes", "peak_bytes", "note"),
}

ENVIRONMENT = {
    "cpu": "a processor",
    "cores": "2",
    "system": "Linux",
    "python": "3.11",
    "adkit": "0",
    "numpy": "2",
    "sympy": "1",
}
ROWS = [
    Row(
        problem="p",
        size="4",
        method="reverse",
        status="ok",
        value=1.5,
        reference="hand-derived gradient",
        max_abs_error=0.0,
        max_rel_error=0.0,
        prepare_s=2e-3,
        first_s=3e-5,
        steady_s=2e-5,
        f_s=1e-6,
        ratio_to_f=20.0,
        f_calls=1,
        passes=1,
        primitive_ops=7,
        tape_bytes=900,
        peak_bytes=4_000,
        inputs=3,
        fastest=True,
    ),
    Row("p", "4", "bad|one", "wrong", 1.5, "hand-derived gradient", float("inf"), float("nan"), note="off | by 1"),
    Row("p", "8", "symbolic", "too large", reference="hand-derived gradient", note="[too] large"),
    Row("q", "", "reverse", "ok", 2.0, "adaptive differences", 1e-8, 1e-8, inputs=1),
]


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(ROWS, ENVIRONMENT, "Which?")


def test_the_table_has_the_columns_of_the_contract_and_a_row_for_each_record(comparison: Comparison) -> None:
    table = comparison.table
    assert set(table.columns) >= CONTRACT
    assert list(table.columns) == list(COLUMNS)
    assert table.method.tolist() == ["reverse", "bad|one", "symbolic", "reverse"]
    assert len(comparison) == 4


def test_a_comparison_is_true_when_no_method_was_wrong_or_failed(comparison: Comparison) -> None:
    assert not comparison
    assert comparison.failed == (ROWS[1],)
    assert not Comparison([replace(ROWS[0], status="error")], ENVIRONMENT)
    assert Comparison(ROWS[2:], ENVIRONMENT)


# -- how it went -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (["ok", "not installed", "skipped"], "ok"),
        (["ok", "timeout", "error", "wrong"], "wrong"),
        (["ok", "timeout", "error"], "unexpected"),
        (["ok", "too large"], "unexpected"),
        (["ok", "timeout"], "timeout"),
        (["timeout"], "timeout"),
        (["skipped", "not installed"], "nothing ran"),
        ([], "nothing ran"),
    ],
)
def test_the_outcome_is_the_worst_that_was_not_declared(statuses: list[Any], outcome: str) -> None:
    rows = [replace(ROWS[0], status=status) for status in statuses]
    assert Comparison(rows, {}).outcome == outcome
    declared = [replace(row, expected=f"ok or {row.status}") for row in rows]
    assert Comparison(declared, {}).outcome == ("ok" if set(statuses) - {"skipped"} else "nothing ran")


def test_a_surprise_is_unexpected_in_either_direction() -> None:
    assert Comparison([replace(ROWS[0], expected="timeout", surprise=True)], {}).outcome == "unexpected"
    assert Comparison([replace(ROWS[0], status="wrong", expected="wrong"), ROWS[0]], {}).outcome == "ok"
    assert Comparison([replace(ROWS[0], status="wrong", expected="wrong"), ROWS[0]], {})


# -- JSON ------------------------------------------------------------------------------------------
def test_json_can_be_read_strictly_and_names_infinities(comparison: Comparison) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    read = json.loads(comparison.to_json(), parse_constant=refuse)
    assert (read["schema"], read["kind"], read["question"]) == (2, "comparison", "Which?")
    assert read["environment"] == ENVIRONMENT
    assert set(read["rows"][0]) == {field.name for field in fields(Row)}
    assert read["rows"][0]["steady_s"] == 2e-5
    assert read["rows"][1]["max_abs_error"] == "inf"
    assert read["rows"][2]["value"] is None


def everything_set() -> Row:
    """A row none of whose fields is at its default."""
    special = {"Status": "timeout", "Derivative": "jacobian", "Mapping[str, float]": {"n": 4, "h": 1e-6}}
    values = {
        "str": "text",
        "bool": True,
        "int": 7,
        "int | None": 7,
        "float | None": 0.1,
        "tuple[float, ...]": (1e-300, 0.1, math.inf),
        **special,
    }
    found = Row(**{f.name: values[str(f.type)] for f in fields(Row)})
    return replace(found, exact=False, ranked=False)


def test_every_field_comes_back_as_it_was() -> None:
    settings = {"timeout": 2.0, "memory": None, "seed": 0, "isolate": True, "budget": math.inf}
    before = Comparison([everything_set(), *ROWS], ENVIRONMENT, "Which?", settings, "methods")
    after = Comparison.from_json(before.to_json())
    assert repr(after.rows) == repr(before.rows)  # nan is not equal to itself
    assert after.rows[0] == before.rows[0]
    assert [type(x) for x in vars(after.rows[0]).values()] == [type(x) for x in vars(before.rows[0]).values()]
    assert (after.environment, after.question, after.settings, after.plan) == (
        (before.environment, before.question, before.settings, before.plan)
    )
    assert after.to_json() == before.to_json()
    assert after.to_markdown() == before.to_markdown()


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    row = replace(ROWS[0], value=np.float64(1.5), condition=np.float64("nan"), f_calls=np.int64(3), tied=np.bool_(True))
    [back] = Comparison.from_json(Comparison([row], {}).to_json()).rows
    assert (back.value, back.f_calls, back.tied) == (1.5, 3, True)
    assert back.condition is not None
    assert math.isnan(back.condition)


@given(
    st.lists(st.floats(0, exclude_min=True), max_size=5),
    st.text(),
    st.dictionaries(st.text(), st.floats(allow_nan=False)),
)
def test_any_samples_texts_and_parameters_come_back(samples: list[float], text: str, parameters: Any) -> None:
    row = replace(ROWS[0], samples=tuple(samples), note=text, parameters=parameters)
    [back] = Comparison.from_json(Comparison([row], {}).to_json()).rows
    assert repr(back) == repr(row)


def test_fields_that_came_later_may_be_missing() -> None:
    document = json.loads(Comparison(ROWS[:1], {}).to_json())
    for name in ("loops", "samples", "tied"):
        del document["rows"][0][name]
    assert Comparison.from_json(json.dumps(document)).rows == tuple(ROWS[:1])


def broken(**changes: Any) -> str:
    document = json.loads(Comparison(ROWS[:1], ENVIRONMENT).to_json())
    row = changes.pop("row", {})
    document["rows"][0] |= row
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "r.json is not JSON"),
        ("[1]", "r.json is not a results file of adkit"),
        ("{}", "r.json is not a results file of adkit"),
        (broken(schema=1), "r.json has schema 1, this adkit reads schema 2"),
        (broken(schema=3), "r.json has schema 3, this adkit reads schema 2"),
        (broken(kind="trials"), "r.json has results of kind 'trials', expected was 'comparison'"),
        (broken(rows=3), "r.json: 'rows' must be a list, not 3"),
        (broken(environment=None), "r.json: 'environment' must be an object, not None"),
        (broken(rows=[3]), "r.json, row 0: a row must be an object, not 3"),
        (broken(rows=[{"problem": "p", "size": "4"}]), "r.json, row 0: 'method' is missing"),
        (broken(row={"stedy_s": 1}), "r.json, row 0.*'stedy_s'. Did you mean 'steady_s'"),
        (broken(row={"steady_s": "fast"}), "r.json, row 0: 'steady_s' must be a number above 0 or null, not 'fast'"),
        (broken(row={"steady_s": "1.5"}), "'steady_s' must be a number above 0 or null"),
        (broken(row={"status": "fine"}), "'status' must be one of ok, wrong"),
        (broken(row={"f_calls": 1.5}), "'f_calls' must be a whole number or null, not 1.5"),
        (broken(row={"f_calls": True}), "'f_calls' must be a whole number or null, not True"),
        (broken(row={"fastest": 1}), "'fastest' must be true or false, not 1"),
        (broken(row={"samples": 1.0}), "'samples' must be a list of numbers"),
        (broken(row={"samples": [None]}), "'samples' must be a list of numbers"),
        (broken(row={"parameters": [1]}), "'parameters' must be numbers by name"),
        (broken(row={"parameters": {"n": "nan"}}), "r.json, row 0: 'parameters' must be numbers by name, none of"),
        (broken(row={"steady_s": 0}), "r.json, row 0: 'steady_s' must be a number above 0 or null, not 0"),
        (broken(row={"steady_s": "nan"}), "'steady_s' must be a number above 0 or null"),
        (broken(row={"f_s": -1.0}), "'f_s' must be a number above 0 or null, not -1.0"),
        (broken(row={"prepare_s": -1.0}), "'prepare_s' must be a number from 0 on or null, not -1.0"),
        (broken(row={"samples": [1e-6, 0.0]}), "r.json, row 0: 'samples' must be a list of numbers above 0"),
        (broken(row={"f_samples": [-1e-6]}), "'f_samples' must be a list of numbers above 0"),
        ("[" * 100_000, "r.json is nested too deeply"),
    ],
)
def test_what_is_not_a_results_file_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        Comparison.from_json(text, "r.json")


def test_csv_has_the_same_names_and_all_digits(comparison: Comparison) -> None:
    import pandas as pd

    read = pd.read_csv(io.StringIO(comparison.to_csv()))
    assert set(read.columns) >= CONTRACT
    assert read.steady_s[0] == 2e-5


def test_in_csv_parameters_are_text() -> None:
    row = replace(ROWS[0], parameters={"n": 4, "h": 1e-6})
    assert ",n=4 h=1e-06," in Comparison([row], {}).to_csv()
    assert Comparison([row], {}).table.parameters[0] == {"n": 4, "h": 1e-6}


# -- tables ----------------------------------------------------------------------------------------
def test_markdown_has_a_table_per_problem_and_its_cells_stay_cells(comparison: Comparison) -> None:
    text = comparison.to_markdown()
    assert text.startswith("## Which?\n\n### p\n")
    assert "### q" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for lines in tables:
        assert len({line.replace(r"\|", "").count("|") for line in lines}) == 1
    assert "a processor (2 cores, Linux)" in text
    assert text == comparison._repr_markdown_()


def test_a_row_that_agrees_with_itself_says_that_it_is_the_reference() -> None:
    row = Row("p", "", "manual", "ok", is_reference=True)
    assert cells.verdict(row) == "reference"
    assert cells.verdict(replace(row, is_reference=False)) == "ok"
    assert cells.verdict(replace(row, status="wrong")) == "wrong"


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_table_fits_its_terminal_and_keeps_its_notes(comparison: Comparison, width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    for renderable in terminal.renderables(comparison.rows, width):
        console.print(renderable)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "symbolic 8 (too large): [too] large" in text
    assert "fastest" in text
    assert ("too wide for this terminal" in text) == (width == 80)
    assert " ".join(text.split()).count("reference: hand-derived gradient") == 1


def text_of(*rows: Row, width: int = 200) -> str:
    """As a terminal shows it, without line breaks."""
    console = Console(file=io.StringIO(), width=width)
    for renderable in terminal.renderables(rows, width):
        console.print(renderable)
    return " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_verdicts() -> None:
    assert cells.verdict(replace(ROWS[0], fastest=False, tied=True)) == "no difference"
    assert cells.verdict(replace(ROWS[2], expected="too large")) == "too large, expected"
    assert cells.verdict(replace(ROWS[2], expected="ok", surprise=True)) == "too large (!)"
    assert cells.verdict(replace(ROWS[3], expected="timeout", surprise=True)) == "ok (!)"


def test_a_time_has_its_scatter_and_its_interval_and_a_mark_where_it_is_unstable() -> None:
    row = replace(ROWS[0], spread_s=2e-6, ratio_low=18.0, ratio_high=22.5, stability="only 2 rounds")
    text = text_of(row)
    assert "~20 µs 5 % 20 18 to 22.5" in text
    assert "~ 1 of 1 timings are unstable: reverse (only 2 rounds)" in text


def test_flops_stand_beside_the_bound_of_theory() -> None:
    text = text_of(replace(ROWS[0], flops=35, f_flops=10, bound=5.0))
    assert "flops × f theory ≤" in text
    assert " 3.5 5 " in text


def test_columns_without_anything_to_say_are_hidden_and_so_is_a_value_that_all_agree_on() -> None:
    headings = [column.heading for column in cells.shown([ROWS[0], replace(ROWS[0], method="forward")])]
    assert "value" not in headings
    assert "nodes" not in headings
    assert "f is 1.5" in text_of(ROWS[0])
    assert "value" in [c.heading for c in cells.shown([ROWS[0], replace(ROWS[0], value=2.5)])]


def test_the_legend_explains_the_columns_that_are_shown() -> None:
    assert "f calls: evaluations of f" in text_of(ROWS[0])
    assert "theory" not in text_of(ROWS[0])
    explained = [column for column in cells.COLUMNS if column.meaning]
    assert all(f"{column.heading}: {column.meaning}" in cells.LEGEND for column in explained)


def test_columns_without_a_meaning_have_no_legend() -> None:
    assert cells.legend([cells.SIZE]) == ""
    bare = Row("p", "", "reverse", "skipped")
    assert "\n." not in Comparison([bare], {}).to_markdown()
    assert "**" not in Comparison([bare], {}).to_markdown().replace("**Recommendation.**", "")
    assert not any(line.strip() == "." for line in text_of(bare).splitlines())


@pytest.mark.parametrize(
    ("x", "text"),
    [(None, ""), (0, "0"), (999_999_999, "999,999,999"), (2_147_483_648_000_000, "2.1e+15"), (10**300, "> 1e+300")],
)
def test_counts_beyond_reading_are_powers_of_ten(x: int | None, text: str) -> None:
    assert cells.count(x) == text


def test_the_same_note_is_said_once() -> None:
    lost = [replace(ROWS[2], method=name, status="error", size=size, note="lost") for name in "ab" for size in "48"]
    assert remarks.notes(lost) == ["a 4, 8 (error), b 4, 8 (error): lost"]
    assert remarks.notes(lost[:1]) == ["a 4 (error): lost"]


def test_surprises_say_what_was_expected() -> None:
    assert remarks.notes([replace(ROWS[3], expected="timeout", surprise=True)]) == ["(!) reverse: timeout was expected"]


def test_how_sharp_the_check_is() -> None:
    text = text_of(replace(ROWS[0], vacuous="zeros", condition=1e9))
    assert "weak check of reverse 4: zeros would pass" in text
    assert "an error of 1 % would pass in 2 of 3 components" in text_of(replace(ROWS[0], blind=2))
    assert "f amplifies relative errors 1.00e+09 times" in text
    assert "amplifies" not in text_of(ROWS[0])


def test_several_references_each_say_for_which_sizes() -> None:
    rows = [ROWS[0], replace(ROWS[0], size="8"), replace(ROWS[0], size="16", reference="differences")]
    assert [line for line in remarks.footing(rows) if "reference" in line] == [
        "reference at 4, 8: hand-derived gradient",
        "reference at 16: differences",
    ]


def test_references_that_agree_more_or_less_are_told_by_the_first_and_the_last() -> None:
    rows = [replace(ROWS[0], size=str(n), reference=f"hand (mpmath agrees to {n}e-16)") for n in range(1, 9)]
    assert [line for line in remarks.footing(rows) if "reference" in line] == [
        "reference at 1: hand (mpmath agrees to 1e-16) ... at 8: hand (mpmath agrees to 8e-16)"
    ]


def test_what_all_unstable_timings_share_is_said_once() -> None:
    rows = [replace(ROWS[0], method=name, stability="load average 2.0 per core") for name in "abcde"]
    rows[0] = replace(rows[0], stability="only 2 rounds; load average 2.0 per core")
    [line] = [line for line in remarks.footing(rows) if line.startswith("~")]
    assert line == "~ 5 of 5 timings are unstable: all with load average 2.0 per core; a (only 2 rounds)"


def test_of_many_remarks_on_what_is_right_a_few_are_shown_and_of_what_failed_all() -> None:
    rows = [replace(ROWS[0], method=name, note=f"note {name}") for name in "abcdef"]
    assert remarks.notes(rows)[2:] == ["c 4: note c", "and 3 more like these (--format csv has all)"]
    failed = [replace(row, status="error") for row in rows]
    assert len(remarks.notes(failed)) == 6


def test_of_many_sizes_the_first_and_the_last_say_what_f_takes() -> None:
    rows = [replace(ROWS[0], size=str(n), inputs=n) for n in (1, 2, 3, 4)]
    assert remarks.footing(rows)[0] == "1: 1 input; f itself takes 1 µs ... 4: 4 inputs; f itself takes 1 µs"


def test_the_overhead_of_the_loop_is_shown() -> None:
    assert "every time includes up to 25 ns of the loop that calls" in text_of(replace(ROWS[0], overhead_s=25e-9))


def test_a_gradient_and_a_jacobian_are_two_tables() -> None:
    tables = cells.by_problem([ROWS[0], replace(ROWS[0], derivative="jacobian"), ROWS[0]])
    assert [len(rows) for rows in tables] == [2, 1]
    assert cells.heading(tables[1]) == "p 4 (Jacobian)"


def test_every_comparison_ends_with_a_recommendation(comparison: Comparison) -> None:
    assert text_of(*ROWS).partition("Recommendation ")[2].startswith("- p: use reverse at 4; at 4 it takes 20 times")
    assert "**Recommendation.**" in comparison.to_markdown()


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_the_essential_columns_stay_however_narrow(width: int) -> None:
    full = everything_set()
    row = replace(full, status="ok", method="forward(chunk=1)", steady_s=1.23e-4, ratio_to_f=12345.6, size="4")
    console = Console(file=io.StringIO(), width=width)
    for renderable in terminal.renderables([row, replace(row, value=2.0)], width):
        console.print(renderable)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    heading = next(line for line in lines if "verdict" in line)
    assert all(word in heading for word in ("method", "verdict", "error", "time", "× f", "peak"))


def test_the_machine_is_described_by_what_is_known_of_it() -> None:
    more = {"memory": "8 GiB", "date": "2026-01-01", "load": "0.5", "git": "abc", "command": "adkit compare"}
    assert cells.machine({**ENVIRONMENT, **more}) == (
        "Measured by `adkit compare` on a processor (2 cores, 8 GiB, Linux), 2026-01-01, load average 0.5 before: "
        "python 3.11, adkit 0, numpy 2, sympy 1 (git abc)."
    )


@pytest.mark.parametrize(
    ("x", "text"),
    [(None, ""), (1.5e-9, "1.5 ns"), (2.34567e-6, "2.35 µs"), (0.1234, "123 ms"), (0.0, "0 ns"), (61.0, "61 s")],
)
def test_times_are_between_1_and_1000_of_a_unit(x: float | None, text: str) -> None:
    assert cells.seconds(x) == text


@pytest.mark.parametrize(("x", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2e6, "2 MB"), (3.21e9, "3.21 GB")])
def test_sizes_of_memory(x: float, text: str) -> None:
    assert cells.byte_count(x) == text


@pytest.mark.parametrize(("x", "text"), [(0.0, "0"), (12.345, "12.3"), (1234.5, "1,234"), (1e-5, "1.00e-05")])
def test_three_digits(x: float, text: str) -> None:
    assert cells.three_digits(x) == text
