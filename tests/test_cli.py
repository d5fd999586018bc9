"""The command line, as a person uses it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import adkit
from adkit import cli
from adkit.loading import inline, plan, planned, positions

MODEL = """
import math
import numpy as np

def loss(w, b):
    return np.sum(np.tanh(w * b) ** 2) + np.exp(-b)

def loss_grad(w, b):
    t = np.tanh(w * b)
    return 2 * t * (1 - t**2) * b, np.sum(2 * t * (1 - t**2) * w) - np.exp(-b)

def wrong_grad(w, b):
    dw, db = loss_grad(w, b)
    return dw, -db

def lost(x):
    return math.sin(x) * x

def power(x, n):
    out = 1.0
    for _ in range(n):
        out = out * x
    return out
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return str(path)


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `adkit WORDS`."""
    monkeypatch.setattr(sys, "argv", ["adkit", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def adkit_(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    return lambda *words: run(capsys, monkeypatch, *words)


QUICK = ("--seconds", "0.02")


def test_without_a_target_the_four_problems_are_compared(adkit_) -> None:
    code, out, err = adkit_("compare", "--timeout", "0.2", *QUICK)
    assert code == 0
    assert err == ""
    for title in ("bivariate", "logistic_map 4", "logistic_regression 100x10", "mlp"):
        assert f"\n{title}\n" in f"\n{out}"
    for method in ("forward", "reverse", "symbolic", "numerical", "manual"):
        assert out.count(f"\n {method} ") >= 4
    assert "symbolic 16384-4-1x4 (too large)" in out
    assert "reference: hand-derived gradient" in out


def test_a_function_in_a_file_is_compared_at_a_point(adkit_, model: str) -> None:
    point = ("--at", "[1, 2, 3.0], 0.5")
    code, out, _ = adkit_("compare", f"{model}:loss", *point, "--format", "json", *QUICK)
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [row["method"] for row in rows] == ["forward", "reverse", "symbolic", "numerical"]
    assert {row["status"] for row in rows} == {"ok"}
    assert rows[0]["inputs"] == 4
    assert rows[0]["reference"].startswith("SymPy in 50-digit mpmath (adaptive differences agree")


@pytest.mark.parametrize(("name", "code", "status"), [("loss_grad", 0, "ok"), ("wrong_grad", 1, "wrong")])
def test_a_gradient_of_ones_own_is_judged_and_the_exit_code_tells(adkit_, model, name, code, status) -> None:
    words = (f"{model}:loss", "--at", "[1, 2, 3.0], 0.5", "--grad", f"{model}:{name}", "--format", "json", *QUICK)
    got, out, _ = adkit_("compare", *words)
    assert got == code
    assert {row["method"]: row["status"] for row in json.loads(out)["rows"]}["manual"] == status


def test_whole_numbers_are_held_fixed_beside_others(adkit_, model: str) -> None:
    code, out, _ = adkit_("compare", f"{model}:power", "--at", "2.0, 3", "-f", "json", *QUICK)
    assert code == 0
    assert json.loads(out)["rows"][0]["value"] == 8.0


def test_a_function_that_loses_its_derivative_is_named_with_its_line(adkit_, model: str) -> None:
    code, out, _ = adkit_("compare", f"{model}:lost", "--at", "1.0", "-f", "json", *QUICK)
    assert code == 4
    rows = {row["method"]: row for row in json.loads(out)["rows"]}
    assert rows["numerical"]["status"] == "ok"
    for method in ("forward", "reverse", "symbolic"):
        assert rows[method]["status"] == "error"
        assert f"{model}:17" in rows[method]["note"]
        assert "np.sin(x)" in rows[method]["note"]


@pytest.mark.parametrize(("format", "start"), [("markdown", "### bivariate"), ("csv", "problem,size,method,status")])
def test_formats(adkit_, tmp_path: Path, format: str, start: str) -> None:
    code, out, _ = adkit_("compare", "bivariate", "--format", format, *QUICK)
    assert code == 0
    assert out.startswith(start)
    file = tmp_path / "out.txt"
    code, out, err = adkit_("compare", "bivariate", "--format", format, "-o", str(file), *QUICK)
    assert (code, "Recommendation" in out, f"written to {file}" in err) == (0, True, True)
    assert file.read_text().startswith(start)


def test_the_suffix_of_the_output_file_decides_where_no_format_is_given(adkit_, tmp_path: Path) -> None:
    for suffix, start in [(".md", "### bivariate"), (".json", "{"), (".csv", "problem,"), (".txt", "bivariate\n")]:
        file = tmp_path / f"out{suffix}"
        assert adkit_("compare", "bivariate", "-o", str(file), *QUICK)[0] == 0
        assert file.read_text().startswith(start)
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_methods_and_sizes_are_chosen(adkit_) -> None:
    code, out, _ = adkit_(
        "compare", "logistic_map", "--methods", "reverse, forward", "--sizes", "2,3", "-f", "json", *QUICK
    )
    assert code == 0
    rows = [(row["size"], row["method"]) for row in json.loads(out)["rows"]]
    assert rows == [("2", "reverse"), ("2", "forward"), ("3", "reverse"), ("3", "forward")]


def test_a_comparison_file_states_question_problems_methods_and_sizes(adkit_, tmp_path: Path) -> None:
    file = tmp_path / "why.toml"
    file.write_text(
        'question = "Why?"\nmethods = ["reverse"]\nseconds = 0.02\n[[problem]]\nname = "logistic_map"\nsizes = [4]\n'
    )
    code, out, _ = adkit_("compare", str(file), "-f", "markdown")
    assert code == 0
    assert out.startswith("## Why?\n\n### logistic_map 4\n")


def test_the_shipped_comparisons_can_be_read() -> None:
    files = sorted((Path(adkit.__file__).parents[1] / "comparisons").glob("*.toml"))
    assert files
    for file in files:
        stated = plan(file)
        assert stated.question
        assert stated.trial or planned(stated)


def test_lists(adkit_) -> None:
    code, out, _ = adkit_("list")
    assert code == 0
    assert all(name in out for name in [*adkit.problems, *adkit.methods])
    assert "logistic_map" not in adkit_("list", "methods")[1]


def test_version_and_help(adkit_) -> None:
    assert adkit_("--version")[1].strip() == f"adkit {adkit.__version__}"
    assert "compare" in adkit_("--help")[1]


def test_python_m_adkit_serves_too() -> None:
    done = subprocess.run([sys.executable, "-m", "adkit", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"adkit {adkit.__version__}"


# -- bad input: a sentence, exit code 2 ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mpl"], "unknown problem 'mpl'. Did you mean 'mlp'? Known: bivariate"),
        (["--methods", "revers"], "unknown method 'revers'. Did you mean 'reverse'?"),
        (["--methods", ""], "--methods names nothing"),
        (["bivariate", "-o", "table.xlsx"], "unknown suffix '.xlsx'"),
        (["logistic_map", "--sizes", "zero"], "sizes of logistic_map are N, as in 4; got 'zero'"),
        (["nowhere.py:f", "--at", "1"], "unknown file 'nowhere.py'"),
        (["MODEL:lss", "--at", "1"], "Did you mean 'loss'? Known: loss, loss_grad, lost, power, wrong_grad"),
        (["MODEL", "--at", "1"], "names a file but no function"),
        (["MODEL:loss"], "needs a point"),
        (["MODEL:loss", "--at", "one, two"], "--at takes numbers"),
        (["MODEL:loss", "--at", "1.0"], "missing 1 required positional argument"),
        (["MODEL:loss", "--at", "1.0, 2.0", "--argnums", "x"], "--argnums takes positions"),
        (["MODEL:loss", "--at", "1.0, 2.0", "--argnums", "7"], "--argnums 7 asks for an argument that is not there"),
        (["MODEL:loss", "--at", "1.0, 2.0", "--sizes", "4"], "--sizes goes with problems"),
        (["mlp", "--at", "1.0"], "go with a function of your own"),
        (["missing.toml"], "unknown file 'missing.toml'"),
        (["missing.toml", "mlp"], "missing.toml states a whole comparison"),
        (["mlp", "--timeout", "0"], "timeout must be a positive number of seconds"),
        (["bivariate", "-o", "no/such/folder/x.md"], "cannot write"),
    ],
)
def test_bad_requests(adkit_, model: str, words: list[str], message: str) -> None:
    code, out, err = adkit_("compare", *(word.replace("MODEL", model) for word in words), *QUICK)
    assert code == 2
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problem = 3", "problem in"),
        ('question = "x"', "lacks the key problem"),
        ('[[problem]]\nname = "mlp"\nsize = ["2"]', "unknown key"),
        ("[[problem]]\nsizes = [1]", "lacks the key name"),
        ("not toml", "is not TOML"),
        ('problem = ["mlp"]', "must be a table"),
    ],
)
def test_bad_comparison_files(adkit_, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    code, _, err = adkit_("compare", str(file))
    assert code == 2
    assert message in err
    assert "bad.toml" in err


def test_a_file_that_does_not_run_is_named_with_its_error(adkit_, tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import nothing_of_that_name")
    code, _, err = adkit_("compare", f"{file}:f", "--at", "1")
    assert code == 2
    assert "broken.py does not run: ModuleNotFoundError" in err


def test_f_that_raises_is_named_with_its_error(adkit_, tmp_path: Path) -> None:
    file = tmp_path / "raising.py"
    file.write_text("def f(x):\n    raise ValueError('not today')\n")
    code, _, err = adkit_("compare", f"{file}:f", "--at", "1")
    assert code == 2
    assert "f raised ValueError: not today" in err
    assert f"{file}:2" in err


# -- points ---------------------------------------------------------------------------------------------------
def test_points_are_python_literals_in_which_lists_of_numbers_are_arrays() -> None:
    x, a, b, c = inline("2, [1, 2], {'w': [[1.0]]}, (3.0, [4])")[0]
    assert x == 2
    assert a.tolist() == [1.0, 2.0]
    assert b["w"].shape == (1, 1)
    assert c[0] == 3.0
    assert inline("") == ((), {})
    assert [part.tolist() for part in inline("([1, 2], [3])")[0][0]] == [[1.0, 2.0], [3.0]]


def test_the_arguments_that_are_meant() -> None:
    assert positions(None, (2.0, 3)) == (0,)
    assert positions(None, (2, 3)) == (0, 1)
    assert positions(None, ("a", 3.0)) == (1,)
    assert positions("1, 0", (2.0, 3)) == (1, 0)


# -- comparisons: exit codes, results, runs that go on ---------------------------------------------------
OWN = """
import time
import numpy as np
import adkit as ad

@ad.problem(point=lambda n=3: (np.arange(1.0, n + 1),), gradient=lambda x: 2 * x, sizes=[3, 6])
def squares(x):
    "f(x) = x . x"
    return x @ x

@ad.problem(point=lambda: (2.0,), expect={"forward": "wrong"})
def surprising(x):
    return x * x

@ad.problem(point=lambda n=2: (float(n),), sizes=[2, 3, 4, 5, 6])
def slow(x):
    time.sleep(0.02)
    return x * x

@ad.problem(point=lambda n=2: (float(n),))
def paused(x):
    time.sleep(0.001)
    return x * x

def cube(x):
    return x**3

def cube_grad(f, argnums):
    return lambda x: 3 * x**2

def off(f, argnums):
    return lambda x: 3.03 * x**2
"""


@pytest.fixture
def own(tmp_path: Path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    yield str(path)
    for name in ("squares", "surprising", "slow", "paused"):
        adkit.problems.pop(name, None)


def test_the_exit_code_tells_a_wrong_gradient_from_a_surprise_a_timeout_and_nothing(adkit_, own: str) -> None:
    at = ("--at", "2.0", *QUICK)
    assert adkit_("compare", f"{own}:cube", *at)[0] == 0
    assert adkit_("compare", f"{own}:cube", "--methods", f"reverse,{own}:off", *at)[0] == 1
    slow = ("compare", f"{own}:slow", "--sizes", "2", "--methods", "numerical")
    assert adkit_(*slow, "--timeout", "0.03", *QUICK)[0] == 3
    assert adkit_("compare", f"{own}:surprising", "--methods", "forward", *QUICK)[0] == 4
    assert adkit_("compare", "mlp", "--sizes", "16384-4-1", "--methods", "symbolic", *QUICK)[0] == 0
    assert adkit_("compare", f"{own}:cube", "--methods", "reverse", "--quick", "--rigorous", *at)[0] == 2


def test_a_method_in_a_file_is_judged_as_any_other(adkit_, own: str) -> None:
    words = ("compare", f"{own}:cube", "--at", "2.0", "--methods", f"{own}:cube_grad,forward(chunk=1)", "-f", "json")
    code, out, _ = adkit_(*words, *QUICK)
    assert code == 0
    assert [(row["method"], row["status"]) for row in json.loads(out)["rows"]] == [
        ("cube_grad", "ok"),
        ("forward(chunk=1)", "ok"),
    ]


def test_problems_that_a_file_declares_are_compared_at_sizes_in_every_notation(adkit_, own: str) -> None:
    code, out, _ = adkit_(
        "compare", f"{own}:squares", "--sizes", "n=2..8*2", "--methods", "reverse", "-f", "json", *QUICK
    )
    rows = json.loads(out)["rows"]
    assert code == 0
    assert [(row["size"], row["parameters"]) for row in rows] == [("2", {"n": 2}), ("4", {"n": 4}), ("8", {"n": 8})]
    assert {row["reference"].partition(" (")[0] for row in rows} == {"hand-derived gradient"}


def test_a_dry_run_says_what_would_be_run(adkit_, own: str) -> None:
    code, out, _ = adkit_("compare", f"{own}:squares", "--methods", "reverse,forward", "--dry-run")
    assert (code, out.splitlines()) == (0, ["squares 3: reverse, forward", "squares 6: reverse, forward"])


def test_results_are_read_back_and_the_settings_are_in_them(adkit_, own: str, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    words = ("compare", f"{own}:squares", "--methods", "reverse", "--threads", "1", "--seed", "3", "-o", str(path))
    assert adkit_(*words, *QUICK)[0] == 0
    found = adkit.Comparison.from_json(path.read_text())
    assert [row.seed for row in found.rows] == [3, 3]
    assert all(row.samples and row.inputs_hash for row in found.rows)
    assert found.settings["threads"] == 1
    assert found.environment["command"].startswith("adkit compare ")
    assert not list(tmp_path.glob("*.part"))


PLAN = """
question = "How long does it take?"
methods = ["reverse", "forward"]
timeout = 5
seconds = 0.05

[[problem]]
file = "own.py"
name = "paused"
sizes = "n=2..9"
"""


def begun(path: Path, lines: int, *more: str) -> subprocess.Popen[str]:
    """A run of the plan in a process of its own, as far as so many lines of its journal."""
    words = [sys.executable, "-m", "adkit", "compare", str(path), *more]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = path.parent / "results" / "plan.json.part"
    for _ in range(600):
        if journal.is_file() and journal.read_text().count("\n") >= lines:
            return process
        time.sleep(0.05)
    raise AssertionError(process.communicate(timeout=5))


def killed(folder: Path) -> Path:
    """The plan, of which a run has been killed after a few subjects."""
    path = folder / "plan.toml"
    path.write_text(PLAN)
    process = begun(path, 3)
    process.kill()
    process.communicate()
    return path


def test_a_killed_run_leaves_no_results_and_goes_on_where_it_was(adkit_, own: str, tmp_path: Path) -> None:
    path = killed(tmp_path)
    results, journal = tmp_path / "results" / "plan.json", tmp_path / "results" / "plan.json.part"
    assert not results.exists()
    # The last line is torn, as a kill in the middle of writing leaves it.
    journal.write_text(journal.read_text() + '[5,[{"prob')
    done = journal.read_text().count("\n") - 1
    code, _, err = adkit_("compare", str(path))
    assert code == 0
    assert f"going on from {journal}: {done} of 8 subjects are done" in err
    assert len(adkit.Comparison.from_json(results.read_text()).rows) == 16
    assert not journal.exists()


def test_a_run_does_not_go_on_from_rows_of_code_that_has_changed(adkit_, own: str, tmp_path: Path) -> None:
    path = killed(tmp_path)
    (tmp_path / "own.py").write_text((tmp_path / "own.py").read_text() + "\n# changed\n")
    code, _, err = adkit_("compare", str(path))
    assert code == 0
    assert "going on" not in err


@pytest.mark.skipif("sys.platform == 'win32'")
def test_an_interrupted_run_shows_and_keeps_what_is_done(own: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    process = begun(path, 3)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "paused" in out
    assert re.search(r"stopped after \d of 8 subjects; what is done is kept in .*plan\.json\.part", err)
    assert "Traceback" not in err
    assert not (tmp_path / "results" / "plan.json").exists()


@pytest.mark.skipif("sys.platform == 'win32'")
def test_an_interruption_ends_all_the_comparisons_that_were_named(own: str, tmp_path: Path) -> None:
    path, after = tmp_path / "plan.toml", tmp_path / "after.toml"
    path.write_text(PLAN)
    after.write_text(PLAN)
    process = begun(path, 3, str(after))
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert [file.name for file in (tmp_path / "results").iterdir()] == ["plan.json.part"]


def test_a_journal_of_another_run_is_not_taken_over(adkit_, own: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace("2..9", "2..3"))
    (tmp_path / "results").mkdir()
    journal = tmp_path / "results" / "plan.json.part"
    journal.write_text('{"where":"elsewhere"}\n[0,[]]\n')
    code, _, err = adkit_("compare", str(path))
    assert code == 0
    assert "going on" not in err
    assert len(adkit.Comparison.from_json((tmp_path / "results" / "plan.json").read_text()).rows) == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--memory", "much"], "a limit of memory is a size of at least 1 MB, as in 500MB or 2GiB; got 'much'"),
        (["--memory", "1GB", "--in-process"], "a limit of memory needs each method in a process of its own"),
        (["--memory", "1e999GB"], "a limit of memory is a size of at least 1 MB"),
        (["--seed", "-1"], "seed must be a whole number of at least 0, not -1"),
        (["--budget", "0"], "budget must be a positive number of seconds"),
        (["--threads", "0"], "threads must be a whole number of at least 1, not 0"),
        (["--methods", "forward(chunks=1)"], "Did you mean 'chunk'?"),
        (["--sizes", "q=1..4"], "logistic_map"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(adkit_, words: list[str], message: str) -> None:
    code, _, err = adkit_("compare", "logistic_map", *words)
    assert (code, message in err) == (2, True), err
    assert "Traceback" not in err


@pytest.mark.parametrize("line", ["5", "null", '{"a":1,"b":2}', "[1,2,3]", "[0,5]", '["a",[]]', "[true,[]]"])
def test_a_line_of_a_journal_that_is_no_part_of_a_run_is_not_there(line: str, tmp_path: Path) -> None:
    from adkit.journal import Journal

    journal = Journal(tmp_path / "results.json", {"work": 1})
    journal.keep(2, [3])
    journal.path.write_text(f"{journal.path.read_text()}{line}\n")
    assert Journal(tmp_path / "results.json", {"work": 1}).done() == {2: [3]}
