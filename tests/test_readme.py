"""What the README shows is true. (Its Python session runs as a doctest, its two set-up commands in CI.)"""

from __future__ import annotations

import csv
import re
import shlex
import sys
import tomllib
import types
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import adkit as ad
from adkit import cli

ROOT = Path(ad.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# How a command begins that compares the methods on the function of the file that it shows.
MINE = '.venv/bin/adkit compare model.py:loss --at "[1.0, 2.0, 3.0], 0.5"'


def test_it_shows_two_commands_that_set_everything_up() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/adkit compare")
    assert commands[1].endswith(".venv/bin/pytest -q -n 2")


def test_its_table_is_one_that_adkit_prints_today(monkeypatch, capsys) -> None:
    shown = re.search(r"<!-- as it came out -->\n\n(.*?)\n\n<!-- end -->", README, re.S)
    assert shown is not None
    assert run(".venv/bin/adkit compare logistic_regression", monkeypatch, "--seconds", "0.02") == 0

    def skeleton(text: str) -> list[list[str]]:
        """Headings, method names, counts and the legend: everything but what differs from run to run."""
        lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|:")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        names = [row[0] for row in rows if "time" not in rows[0]]
        counts = rows[[row[1] for row in rows].index("f calls") :]
        legend = next(line for line in text.splitlines() if line.startswith("*error: "))
        return [rows[0], names, *(row[:5] for row in counts), [legend.replace(" (~ unstable)", "")]]

    assert skeleton(shown[1]) == skeleton(capsys.readouterr().out)


def test_what_it_says_of_the_peers_is_what_the_report_says() -> None:
    said = re.search(r"<!-- peers.*?-->\n(.*?)<!-- end of peers -->", README, re.S)
    found = re.search(r"adkit on (\d+) of (\d+) rows", (ROOT / "reports" / "peers.md").read_text(encoding="utf-8"))
    assert said is not None
    assert found is not None
    assert f"on {found[1]} of {found[2]} problems" in said[1].replace("\n", " ")


def test_it_says_of_every_extra_what_it_brings() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert sorted(re.findall(r"^\| `(\w+)` \|", README, re.M)) == sorted(extras)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that it shows, with the mistake in it."""
    (block,) = re.findall(r"```python\n(import numpy as np\n\ndef loss.*?)```", README, re.S)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(block)
    return tmp_path / "model.py"


def run(command: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """The exit code of the one command that begins like this."""
    (line,) = (line for line in README.splitlines() if line.startswith(command))
    monkeypatch.setattr(sys, "argv", ["adkit", *shlex.split(line)[1:], *more])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    return int(stop.value.code or 0)


def corrected(source: str) -> str:
    """The file with its sign put right."""
    assert source.count("* w) + np.exp(-b)") == 1
    return source.replace("* w) + np.exp(-b)", "* w) - np.exp(-b)")


def defined(block: str, source: str) -> dict[str, Any]:
    """What a block of the README defines beside a model.py with this source."""
    module = types.ModuleType("model")
    exec(source, vars(module))
    names: dict[str, Any] = {}
    with mock.patch.dict(sys.modules, model=module):
        exec(block, names)
    return names


def test_its_report_of_a_wrong_gradient_is_what_adkit_prints_today(model, monkeypatch, capsys) -> None:
    assert run(".venv/bin/adkit check", monkeypatch) == 1
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.S)

    def skeleton(text: str) -> list[str]:
        """Every word; numbers that differ from machine to machine, and what is as wide as they are, left out."""
        return re.sub(r"[-+]?\d+\.\d+(e[-+]?\d+)?|─+|(?<=called )\d+", "#", text).split()

    assert skeleton(shown) == skeleton(capsys.readouterr().out)


def test_its_test_of_the_gradient_fails_until_the_sign_is_right(model) -> None:
    (block,) = re.findall(r"```python\n(import adkit as ad\n.*?def test_loss_grad.*?)```", README, re.S)
    with pytest.raises(ad.WrongGradient, match="argument 1"):
        defined(block, model.read_text())["test_loss_grad"]()
    defined(block, corrected(model.read_text()))["test_loss_grad"]()


def test_its_comparison_of_the_methods_on_a_function_of_ones_own_runs(model, monkeypatch, capsys) -> None:
    model.write_text(corrected(model.read_text()))
    assert run(f"{MINE} --grad", monkeypatch, "--seconds", "0.02") == 0
    assert "SymPy in 50-digit mpmath" in capsys.readouterr().out


def test_compiled_and_by_other_engines_it_runs_whether_they_are_installed_or_not(model, monkeypatch, capsys) -> None:
    assert run(f"{MINE} --methods", monkeypatch, "--seconds", "0.02", "--format", "csv") == 0
    _, *rows = csv.DictReader(capsys.readouterr().out.splitlines())
    assert [row["method"] for row in rows] == ["reverse(compile=True)", "jax", "casadi"]
    assert rows[0]["status"] == "ok"
    assert {row["status"] for row in rows[1:]} <= {"ok", "not installed"}


def test_the_files_that_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


# -- comparisons -------------------------------------------------------------------------------------------
@pytest.fixture
def quartic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file with a problem that it shows."""
    (block,) = re.findall(r"```python\n(import numpy as np\nimport adkit as ad\n\ndef point.*?)```", README, re.S)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quartic.py").write_text(block)
    yield tmp_path / "quartic.py"
    ad.problems.pop("quartic", None)


def test_its_problem_is_swept_over_and_what_got_worse_is_told(quartic, monkeypatch, capsys) -> None:
    sweep = ".venv/bin/adkit compare quartic.py"
    assert run(sweep, monkeypatch, "--seconds", "0.02") == 0
    found = ad.Comparison.from_json((quartic.parent / "quartic.json").read_text())
    assert [row.size for row in found.rows[::3]] == ["4", "16", "64", "256"]
    (quartic.parent / "quartic_new.json").write_text((quartic.parent / "quartic.json").read_text())
    assert run(".venv/bin/adkit diff", monkeypatch) == 0
    capsys.readouterr()
