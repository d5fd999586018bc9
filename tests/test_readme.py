"""What the README shows is true. (Its Python session runs as a doctest, its two set-up commands in CI.)"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

import adkit as ad
from adkit import cli
from adkit.report import cells

ROOT = Path(ad.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_shows_two_commands_that_set_everything_up() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[0].endswith(".venv/bin/adkit compare")
    assert commands[1].endswith(".venv/bin/pytest -q -n 2")


def test_its_table_is_one_that_adkit_prints_today() -> None:
    shown = re.search(r"<!-- as it came out -->\n\n(.*?)\n\n<!-- end -->", README, re.S)
    assert shown is not None
    ours = ad.compare("logistic_regression", seconds=0.02).to_markdown()

    def skeleton(text: str) -> list[list[str]]:
        """Headings, method names and verdict-free words: everything but what differs from run to run."""
        lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|:")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        counted = [rows[0].index(name) for name in ("method", "value", "f calls", "passes", "ops")]
        return [rows[0], *([row[i] for i in counted] for row in rows[1:])]

    assert skeleton(shown[1]) == skeleton(ours)
    assert cells.LEGEND in shown[1]


def test_its_command_on_a_function_of_ones_own_runs(tmp_path, monkeypatch, capsys) -> None:
    (block,) = re.findall(r"```python\n(import numpy as np\n\ndef loss.*?)```", README, re.S)
    (tmp_path / "model.py").write_text(block)
    (command,) = (line for line in README.splitlines() if "model.py:loss --at" in line)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["adkit", *shlex.split(command)[1:], "--seconds", "0.02"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    assert "SymPy derivative in 50-digit mpmath" in capsys.readouterr().out


def test_the_files_that_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
