"""What a person names: problems and methods in files of theirs, functions at points; made again in other processes."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adkit as ad
from adkit import loading

MINE = """
import numpy as np
import adkit as ad

def loss(w, b):
    return np.sum(w**2) * b

def slope(w, b):
    return 2 * w * b, np.sum(w**2)

def waves(x):
    return np.sin(x) * x[0]

def slopes(x):
    return np.diag(np.cos(x)) * x[0] + np.outer(np.sin(x), np.eye(len(x))[0])

@ad.problem(point=lambda n=3: (np.arange(1.0, n + 1),), gradient=lambda x: 2 * x, sizes=[3, 5], name="mine_square")
def square(x):
    "f(x) = sum of squares"
    return np.sum(x**2)

@ad.problem(point=lambda: (0.5,), expect={"symbolic": "too large"}, name="mine_sine")
def sine(x):
    return np.sin(x)

fast = ad.Forward(chunk=3)
number = 7

def theirs(f, argnums):
    return ad.grad(f, argnums)
"""


@pytest.fixture
def mine(tmp_path: Path):
    before = dict(ad.problems)
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    yield str(path)
    ad.problems.clear()
    ad.problems.update(before)


def subjects(*args, **options):
    return [source.subject() for source in loading.sources(*args, **options)]


# -- problems ----------------------------------------------------------------------------------------
def test_a_file_stands_for_the_problems_that_it_declares(mine: str):
    found = subjects(mine)
    assert [(s.problem, s.size, s.parameters) for s in found] == [
        ("mine_square", "3", {"n": 3}),
        ("mine_square", "5", {"n": 5}),
        ("mine_sine", "", {}),
    ]
    assert found[2].expect == {"symbolic": "too large"}


def test_one_of_them_needs_no_point_and_takes_sizes(mine: str):
    assert [s.size for s in subjects(f"{mine}:square")] == ["3", "5"]
    assert [s.parameters for s in subjects(f"{mine}:square", sizes="n=2..8*2")] == [{"n": 2}, {"n": 4}, {"n": 8}]


def test_a_problem_at_another_point_is_a_function(mine: str):
    (found,) = subjects(f"{mine}:square", at="[1.0, 2.0]")
    assert (found.problem, found.size, found.point) == ("square", "", "[1.0, 2.0]")
    assert ad.grad(found.f, method="manual")(np.ones(2)).tolist() == [2.0, 2.0]


def test_a_problem_by_name():
    assert [s.size for s in subjects("logistic_map", sizes="4,8")] == ["4", "8"]
    assert [s.size for s in subjects("mlp")] == ["2-4-1x4", "16384-4-1x4"]


def test_another_process_makes_the_same(mine: str, tmp_path: Path):
    sources = [
        *loading.sources(f"{mine}:square", sizes="n=4"),
        *loading.sources(f"{mine}:loss", at="[1.0, 2.0], 3.0", gradient="slope"),
        *loading.sources("mlp", sizes="layers=2-3*d-1 d=2"),
    ]
    (tmp_path / "sources").write_bytes(pickle.dumps(sources))
    code = (
        "import pickle, sys\n"
        "for source in pickle.load(open(sys.argv[1], 'rb')):\n"
        "    s = source.subject()\n"
        "    print(s.problem, s.size, dict(s.parameters), float(s.f(*s.args)), s.source == source)\n"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "sources")]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    here = [source.subject() for source in sources]
    assert printed == [f"{s.problem} {s.size} {dict(s.parameters)} {float(s.f(*s.args))} True" for s in here]


# -- functions ---------------------------------------------------------------------------------------
def test_a_function_at_a_point_with_a_gradient_to_judge(mine: str):
    (found,) = subjects(f"{mine}:loss", at="[1.0, 2.0], 3.0", gradient="slope")
    assert (found.derivative, found.argnums) == ("gradient", (0, 1))
    assert found.manual is not None


def test_of_a_function_of_many_outputs_the_jacobian_is_asked_for(mine: str):
    (found,) = subjects(f"{mine}:waves", at="[1.0, 2.0]", gradient="slopes")
    assert found.derivative == "jacobian"
    by_hand = ad.jacobian(found.f, method=found.manual)(*found.args)
    assert np.allclose(by_hand, ad.jacobian(found.f)(*found.args))


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("{}:loss", {}, "needs a point"),
        ("{}:loss", {"at": "[1.0], 2.0", "sizes": "3"}, "--sizes goes with problems"),
        ("{}:square", {"argnums": "0"}, "brings its own|its own"),
        ("{}:squre", {}, "Did you mean 'square'"),
        ("{}:square", {"sizes": "m=3"}, "unknown parameter of mine_square"),
        ("nothing.py", {}, "unknown file 'nothing.py'"),
        ("mpl", {}, "Did you mean 'mlp'"),
        ("mlp", {"at": "1.0"}, "--at, --argnums and --grad go with a function of your own"),
    ],
)
def test_what_does_not_go_together_is_refused(mine: str, target: str, options: dict[str, str], message: str):
    with pytest.raises(ad.BadRequest, match=message):
        loading.sources(target.format(mine), **options)


def test_a_file_without_problems_says_what_to_write(tmp_path: Path):
    path = tmp_path / "plain.py"
    path.write_text("def f(x):\n    return x\n")
    with pytest.raises(ad.BadRequest, match=r"plain\.py:NAME\. In it: f"):
        loading.sources(str(path))


# -- methods -----------------------------------------------------------------------------------------
def test_methods_in_a_file(mine: str):
    assert loading.method(f"{mine}:fast") == ad.Forward(chunk=3)
    assert ad.grad(lambda x: x**3, method=loading.method(f"{mine}:theirs"))(2.0) == 12.0
    assert loading.method("forward(chunk=2)") == ad.Forward(chunk=2)
    with pytest.raises(ad.BadRequest, match=r"must be an ad\.Method or a function"):
        loading.method(f"{mine}:number")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("forward,reverse", ["forward", "reverse"]),
        (" forward , , forward ", ["forward"]),
        (
            "forward(chunk=1),numerical(scheme='complex', step=1e-20)",
            ["forward(chunk=1)", "numerical(scheme='complex', step=1e-20)"],
        ),
        ("numerical(bounds=(0, 1)),reverse", ["numerical(bounds=(0, 1))", "reverse"]),
        ("mine.py:fast,reverse", ["mine.py:fast", "reverse"]),
        ("", []),
    ],
)
def test_a_list_of_methods(text: str, items: list[str]):
    assert loading.listed(text) == items


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def fast(x):\n    return 2 * x\n", "does not take those two arguments: expected is transform(f, argnums)"),
        ("def fast(x, y):\n    return 2.0\n", "returned a float: expected is transform(f, argnums)"),
        ("def fast(f, argnums):\n    return lambda x: (f(x), 2 * x)\n", "where the gradient alone"),
        ("def fast(f, argnums):\n    return lambda x: (2 * x,)\n", "where the gradient alone"),
    ],
)
def test_what_is_no_transform_is_told_what_one_is(tmp_path: Path, source: str, said: str):
    (tmp_path / "tools.py").write_text(source)
    method = loading.method(f"{tmp_path / 'tools.py'}:fast")
    with pytest.raises(ad.AdkitError) as refusal:
        ad.grad(lambda x: np.sum(x**2), method=method)(np.arange(3.0))
    assert said in str(refusal.value)
    assert "tools.py:1" in str(refusal.value)


@pytest.mark.parametrize("text", ["forward(", "reverse,numerical(step=1", "['a'"])
def test_a_list_whose_parentheses_do_not_match_is_refused(text: str):
    with pytest.raises(ad.BadRequest, match="never closed"):
        loading.listed(text)


def test_what_a_file_merely_imports_is_not_among_its_functions(tmp_path: Path):
    (tmp_path / "importing.py").write_text(
        "from dataclasses import dataclass\nfrom functools import partial as p\nfrom numpy import sin\n"
        "def f(x): return x\ng = p(f, 1.0)\nclass C: pass\n"
    )
    with pytest.raises(ad.BadRequest, match=r"Known: C, f, g\.$"):
        loading.function(f"{tmp_path / 'importing.py'}:nothing")


def test_a_file_that_changes_the_folder_moves_nobody_elses_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moving.py").write_text("import os\nos.chdir('/')\ndef f(x): return x\n")
    loading.function("moving.py:f")
    assert Path.cwd() == tmp_path
    assert loading.function("moving.py:f")(1.0) == 1.0
