"""`adkit report`: pages, figures and the index, from stored results and without a clock."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adkit import cli
from adkit.errors import BadRequest
from adkit.records import Row, Trial
from adkit.report import Comparison, figures
from adkit.report.trials import TrialReport

ENVIRONMENT = {
    "cpu": "a processor",
    "cores": "2",
    "system": "Linux",
    "python": "3.11",
    "command": "adkit compare why.toml",
}
PLAN = """
title = "Over n"
question = "Which is cheaper over n?"
methods = ["forward", "reverse"]
[[problem]]
name = "valley"
[[draw]]
title = "Time over n"
x = "n"
y = "steady_s"
label = "n (numbers)"
"""
TRIAL = 'title = "Trials"\nquestion = "Which finds it?"\ntrial = "checkers"\n'
FORWARD = {"steady_s": 1e-5, "samples": (1e-5, 1.2e-5, 0.9e-5), "max_rel_error": 1e-16, "reference": "by hand"}


def comparison(**more: object) -> Comparison:
    rows = [
        Row("valley", str(n), method, "ok", inputs=n, parameters={"n": n}, **FORWARD)  # type: ignore[arg-type]
        for n in (2, 8, 32)
        for method in ("forward", "reverse")
    ]
    rows[-1] = Row("valley", "32", "reverse", "timeout", inputs=32, parameters={"n": 32}, note="stopped at 2 s")
    return Comparison([replace(row, **more) for row in rows], ENVIRONMENT, "Which is cheaper over n?", plan="why")


def trial() -> TrialReport:
    common = {"family": "ordinary", "situation": "smooth", "calls": 3, "truth": 2.0, "rel_error": float("inf")}
    rows = [
        Trial(tool, "x^2 at 1", outcome=outcome, gradient=gradient, kind=kind, **common)  # type: ignore[arg-type]
        for tool, of_right in (("adkit check_grad", "passed"), ("peer", "failed"))
        for gradient, kind, outcome in (("right", "right", of_right), ("twice", "wrong", "failed"))
    ]
    return TrialReport(rows, ENVIRONMENT, "Which finds it?", ["as they come"])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a comparison and a trial, both with results."""
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "comparisons" / "results"
    results.mkdir(parents=True)
    (tmp_path / "comparisons" / "why.toml").write_text(PLAN)
    (tmp_path / "comparisons" / "tried.toml").write_text(TRIAL)
    (results / "why.json").write_text(comparison().to_json())
    (results / "tried.json").write_text(trial().to_json())
    return tmp_path


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output and standard error of `adkit report WORDS`."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["adkit", "report", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return int(stop.value.code or 0), *capsys.readouterr()

    return run


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_all_comparisons_become_pages_with_figures_and_an_index(house: Path, report) -> None:
    code, out, err = report()
    assert (code, err) == (0, "")
    assert out.split() == ["reports/tried.md", "reports/why.md"]
    assert set(everything(house / "reports")) == {"README.md", "why.md", "tried.md", "figures/why-1.svg"}


def test_the_same_results_give_the_same_bytes(house: Path, report) -> None:
    report()
    once = everything(house / "reports")
    report("--to", "again")
    assert everything(house / "again") == once


def test_a_page_says_what_was_asked_what_came_out_and_how_it_was_made(house: Path, report) -> None:
    report("comparisons/why.toml")
    page = (house / "reports" / "why.md").read_text()
    assert page.startswith("# Over n\n\n**Which is cheaper over n?**\n")
    assert page.count("Which is cheaper over n?") == 1
    assert "stopped at 2 s" in page
    assert "reference: by hand" in page
    assert "a processor" in page
    assert "[the stored results](../comparisons/results/why.json)" in page
    assert "[its comparison file](../comparisons/why.toml)" in page
    assert "`adkit compare comparisons/why.toml`" in page
    assert "`adkit report comparisons/why.toml`" in page


def test_every_picture_of_a_page_exists_and_has_a_text_that_stands_for_it(house: Path, report) -> None:
    report("comparisons/why.toml")
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", (house / "reports" / "why.md").read_text())
    assert [path for _, path in pictures] == ["figures/why-1.svg"]
    assert all((house / "reports" / path).is_file() for _, path in pictures)
    assert pictures[0][0] == "Time over n: time per call (s) over n (numbers); forward, reverse"


def test_the_index_has_every_comparison_beside_those_that_are_drawn(house: Path, report) -> None:
    (house / "comparisons" / "later.toml").write_text(PLAN.replace("Over n", "Later"))
    (house / "reports").mkdir()
    (house / "reports" / "conventions.md").write_text("# Conventions at kinks\n")
    report("comparisons/why.toml")
    index = " ".join((house / "reports" / "README.md").read_text().split())
    assert "## [Over n](why.md) *Which is cheaper over n?* valley: use forward" in index
    assert "## [Trials](tried.md)" in index
    assert "## Later *Which is cheaper over n?* no results yet: `adkit compare comparisons/later.toml`" in index
    assert "[Conventions at kinks](conventions.md)" in index


def test_the_answer_comes_first_and_once_and_its_first_sentence_is_in_the_index(house: Path, report) -> None:
    report()
    page, index = ((house / "reports" / name).read_text() for name in ("why.md", "README.md"))
    assert page.count("**Recommendation.**") == 1
    assert page.index("**Recommendation.**") < page.index("![")
    sentence = comparison().recommendation.partition(". ")[0]
    assert sentence.startswith("valley: use forward")
    assert sentence.rstrip(".") in index


def test_a_figure_that_is_not_drawn_any_more_goes(house: Path, report) -> None:
    (house / "reports" / "figures").mkdir(parents=True)
    for name in ("why-1.svg", "why-2.svg", "why-not-2.svg", "other-2.svg"):
        (house / "reports" / "figures" / name).write_text("old")
    report("comparisons/why.toml")
    left = {path.name for path in (house / "reports" / "figures").iterdir()}
    assert left == {"why-1.svg", "why-not-2.svg", "other-2.svg"}


# -- results without a comparison file -------------------------------------------------------------
def test_a_results_file_is_rendered_without_a_comparison_file(house: Path, report) -> None:
    (house / "x.json").write_text(comparison().to_json())
    assert report("x.json") == (0, comparison().to_markdown() + "\n", "")
    assert report("x.json", "-o", "x.md") == (0, "", "")
    assert (house / "x.md").read_text() == comparison().to_markdown() + "\n"
    report("x.json", "-o", "x.csv")
    assert (house / "x.csv").read_text() == comparison().to_csv()
    assert not (house / "reports").exists()


def test_results_of_trials_are_rendered_too(house: Path, report) -> None:
    assert report("comparisons/results/tried.json")[1] == trial().to_markdown() + "\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no.json"], "cannot read no.json: No such file"),
        (["bad.json"], "bad.json is not JSON"),
        (["list.json"], "list.json is not a results file of adkit"),
        (["comparisons/results/why.json", "comparisons/why.toml"], "is rendered by itself"),
        (["comparisons/results/why.json", "-o", "x.json"], "rendered to a file .md or .csv"),
        (["comparisons/results/why.json", "-o", "no/x.md"], "there is no folder no"),
        (["comparisons/why.toml", "-o", "x.md"], "-o takes the rendering of one results file"),
    ],
)
def test_what_cannot_be_rendered_is_refused_in_a_sentence(house: Path, report, words: list[str], said: str) -> None:
    (house / "bad.json").write_text("{")
    (house / "list.json").write_text("[]")
    code, out, err = report(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


# -- results of another state of the comparison file -----------------------------------------------
def test_a_page_is_up_to_date_where_nothing_shows(house: Path, report) -> None:
    report()
    assert "Not up to date" not in (house / "reports" / "why.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"reverse"]', '"reverse", "symbolic"]', "without the method symbolic that the comparison file asks for"),
        ('["forward", "reverse"]', '["forward"]', "of the method reverse that it does not ask for"),
        ('name = "valley"', 'name = "mlp"', "without the problem mlp that the comparison file asks for"),
    ],
)
def test_results_of_another_state_of_the_comparison_file_are_told(
    house: Path, report, old: str, new: str, said: str
) -> None:
    (house / "comparisons" / "why.toml").write_text(PLAN.replace(old, new))
    report("comparisons/why.toml")
    [line] = [x for x in (house / "reports" / "why.md").read_text().splitlines() if x.startswith("**Not up to date.**")]
    assert said in line
    assert line.endswith("`adkit compare comparisons/why.toml` measures them anew.")


def test_results_of_another_comparison_file_are_told(house: Path, report) -> None:
    (house / "comparisons" / "why.toml").rename(house / "comparisons" / "else.toml")
    (house / "comparisons" / "results" / "why.json").rename(house / "comparisons" / "results" / "else.json")
    report("comparisons/else.toml")
    assert "**Not up to date.** The results are of why.toml: " in (house / "reports" / "else.md").read_text()


# -- what goes wrong -------------------------------------------------------------------------------
def _missing(path: Path) -> None:
    path.unlink()


def _of_another_schema(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 1}))


def _of_another_kind(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kind": "recipe"}))


def _half(path: Path) -> None:
    path.write_text(path.read_text()[:200])


def _with_an_unknown_field(path: Path) -> None:
    document = json.loads(path.read_text())
    document["rows"][0]["colour"] = "red"
    path.write_text(json.dumps(document))


def _with_a_wrong_value(path: Path) -> None:
    document = json.loads(path.read_text())
    document["rows"][0]["note"] = 3
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("name", ["why", "tried"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_missing, "adkit compare comparisons/{name}.toml makes them"),
        (_of_another_schema, "has schema 1"),
        (_of_another_kind, "kind 'recipe'"),
        (_half, "is not JSON"),
        (_with_an_unknown_field, "'colour'"),
        (_with_a_wrong_value, "'note' must be text"),
    ],
)
def test_results_that_cannot_be_read_are_named_and_nothing_is_written(
    house: Path, report, name: str, spoil: Callable[[Path], None], said: str
) -> None:
    report()
    before = everything(house / "reports")
    spoil(house / "comparisons" / "results" / f"{name}.json")
    code, out, err = report()
    assert (code, out) == (2, "")
    assert said.format(name=name) in err
    assert f"comparisons/results/{name}.json" in err
    assert err.count("\n") == 1
    assert everything(house / "reports") == before


def test_a_figure_that_cannot_be_drawn_is_named_and_nothing_is_written(house: Path, report) -> None:
    (house / "comparisons" / "why.toml").write_text(PLAN.replace('x = "n"', 'x = "m"'))
    code, _, err = report()
    assert code == 2
    assert "[[draw]] 1 of comparisons/why.toml has x = 'm', which no result has" in err
    assert not (house / "reports").exists()


def test_where_there_are_no_comparisons_that_is_said(tmp_path: Path, monkeypatch, report) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = report()
    assert code == 2
    assert "no comparison files in comparisons/" in err


def test_two_comparisons_of_one_name_do_not_overwrite_each_other(house: Path, report) -> None:
    (house / "why.toml").write_text(PLAN)
    code, _, err = report("comparisons/why.toml", "why.toml")
    assert code == 2
    assert "would be written to why.md" in err
    assert not (house / "reports").exists()


def test_a_folder_that_cannot_be_made_is_named(house: Path, report) -> None:
    (house / "taken").write_text("a file")
    code, _, err = report("comparisons/tried.toml", "--to", "taken")
    assert code == 2
    assert "cannot write to taken" in err
    assert (house / "taken").read_text() == "a file"


def test_without_matplotlib_nothing_is_written(house: Path, report, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise BadRequest("figures need matplotlib: pip install 'adkit[report]'")

    monkeypatch.setattr(figures, "require", refuse)
    code, _, err = report()
    assert code == 2
    assert "pip install 'adkit[report]'" in err
    assert not (house / "reports").exists()


def test_reports_load_no_method_and_no_sympy(house: Path, report) -> None:
    """Nothing is timed because nothing is there that could be."""
    import subprocess

    code = "import sys; sys.argv = ['adkit', 'report', 'comparisons/tried.toml']\n"
    code += "from adkit import cli\ntry: cli.main()\nexcept SystemExit: pass\n"
    code += "assert not {'sympy', 'scipy', 'jax', 'torch', 'matplotlib'} & set(sys.modules), 'loaded'"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=house, capture_output=True)


# -- trials ----------------------------------------------------------------------------------------
def test_trials_are_read_back_as_they_were_written() -> None:
    whole = trial()
    again = TrialReport.from_json(whole.to_json())
    assert again.rows == whole.rows
    assert again.to_markdown() == whole.to_markdown()
    assert json.loads(whole.to_json())["rows"][2]["rel_error"] == "inf"


def test_a_tool_that_is_not_installed_leaves_no_hole_in_a_report() -> None:
    whole = trial()
    absent = Trial("absent", "x^2 at 1", "ordinary", "smooth", "not installed")
    assert "| absent" in TrialReport([*whole.rows, absent], ENVIRONMENT).to_markdown()


def test_results_of_trials_have_a_line_for_each_and_leave_out_what_is_not_said() -> None:
    text = trial().to_json()
    lines = [line for line in text.splitlines() if '"tool"' in line]
    assert len(lines) == len(trial().rows)
    assert "note" not in lines[0]
