"""Records to text: the same numbers in every format."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from adkit.records import COLUMNS, Row
from adkit.report import Comparison, cells, terminal

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


def test_json_can_be_read_strictly_and_names_infinities(comparison: Comparison) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    read = json.loads(comparison.to_json(), parse_constant=refuse)
    assert read["question"] == "Which?"
    assert read["environment"] == ENVIRONMENT
    assert set(read["rows"][0]) >= CONTRACT
    assert read["rows"][0]["steady_s"] == 2e-5
    assert read["rows"][1]["max_abs_error"] == "inf"
    assert read["rows"][2]["value"] is None


def test_csv_has_the_same_names_and_all_digits(comparison: Comparison) -> None:
    import pandas as pd

    read = pd.read_csv(io.StringIO(comparison.to_csv()))
    assert set(read.columns) >= CONTRACT
    assert read.steady_s[0] == 2e-5


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
