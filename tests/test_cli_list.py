"""adkit list: what there is, and what is known of it beforehand."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import adkit
from adkit import cli


@pytest.fixture
def listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Exit code, standard output (words separated by one space) and standard error of `adkit list WORDS`."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["adkit", "list", *words])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), re.sub(r"\s+", " ", out), err

    return run


def test_problems_with_their_sizes_and_what_is_expected_of_them(listed):
    code, out, err = listed("problems")
    assert (code, err) == (0, "")
    assert all(name in out for name in adkit.problems)
    assert "--sizes NxD, by default 100x10" in out
    assert "expected at 16384-4-1x4: symbolic* too large, forward* timeout or ok" in out
    assert "sine_layer --sizes nxm, by default 10x10 f(x) = sin(W x)" in out
    assert out.count("asked for: its Jacobian") == 1


def test_methods_with_their_parameters_and_what_theory_says(listed):
    code, out, _ = listed("methods")
    assert code == 0
    assert "forward forward(chunk=64, compile=False)" in out
    assert "symbolic symbolic(cse=True, max_ops=None)" in out
    assert "cost: at most 5 times f for a gradient; 1 + 4 m times for the Jacobian of m outputs" in out
    assert "reverse reverse(compile=False)" in out
    assert out.count("compile=True: that once, and straight-line code from then on") == 2
    assert "logistic_map" not in out


def test_engines_with_what_they_do_and_how_they_are_had(listed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    _, out, _ = listed("methods")
    assert "jax not installed: pip install 'adkit[engines]' brings jax JAX: f's recorded graph in operations" in out
    assert "torch not installed: pip install 'adkit[peers]' brings torch PyTorch: f's recorded graph" in out
    assert out.count("native=True: a problem of adkit's") == 4


def test_comparisons_with_their_questions(listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('question = "Which is right?"\n[[problem]]\nname = "mlp"\n')
    code, out, _ = listed(".")
    assert code == 0
    assert out == "mine.toml Which is right? "
    (tmp_path / "other.toml").write_text("question = 3\n")
    code, _, err = listed(".")
    assert code == 2
    assert "other.toml" in err


def test_what_a_file_declares(listed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(adkit.problems, "_known", dict(adkit.problems._known))
    path = tmp_path / "declaring.py"
    path.write_text(
        "import adkit as ad\n@ad.problem(point=lambda n=3: (2.0, n), sizes=[3, 30])\ndef monomial(x, n):\n"
        '    "f(x) = x^n"\n    return x**n\n'
    )
    assert listed(str(path)) == (0, "monomial --sizes n, by default 3,30 f(x) = x^n ", "")
    path = tmp_path / "plain.py"
    path.write_text("def f(x):\n    return x\n")
    code, _, err = listed(str(path))
    assert code == 2
    assert "plain.py declares no problem: put @ad.problem(point=...) before a function" in err


def test_a_package_that_is_broken_is_named_on_the_side(listed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(adkit.methods, "_broken", ["adkit.methods 'x' of somebody cannot be used: ImportError: y"])
    code, out, err = listed("methods")
    assert code == 0
    assert "reverse" in out
    assert err == "adkit: adkit.methods 'x' of somebody cannot be used: ImportError: y\n"


def test_what_there_is_not(listed):
    code, _, err = listed("problms")
    assert code == 2
    assert err == (
        "adkit: unknown kind of entry 'problms'. Did you mean 'problems'? Known: comparisons, methods, problems.\n"
    )
