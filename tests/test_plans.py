"""Comparison files: what they say, and what is said of those that make no sense."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adkit.errors import BadRequest
from adkit.loading import Plan, plan, planned

SHIPPED = sorted((Path(__file__).parent.parent / "comparisons").glob("*.toml"))
WHOLE = """
title = "A title"
question = "Why?"
methods = ["reverse", "numerical(step={h})", "numerical(scheme='central', step={h})"]
timeout = 3
seconds = 0.5
budget = 60
threads = 1
seed = 7
expect = { "numerical(*" = "ok or wrong" }

[sweep]
h = "1e-1..1e-3*0.1"

[labels]
"numerical(step={h})" = "a difference"

[[problem]]
name = "logistic_map"
sizes = [4, "n=8..16+4"]
expect = { reverse = "too large" }

[[problem]]
file = "own.py"
name = "f"
at = "2.0, 5.0"
argnums = [0, 1]
grad = "g"
methods = ["forward"]

[[draw]]
title = "The error"
x = "h"
y = ["max_rel_error", "steady_s"]
over = "logistic_map"
where = { n = 8 }
label = "step h (relative)"
"""


@pytest.fixture
def read(tmp_path: Path):
    def of(text: str) -> Plan:
        path = tmp_path / "why.toml"
        path.write_text(text)
        return plan(path)

    return of


def test_a_plan_says_what_is_asked_of_what_and_how_long_it_may_take(read) -> None:
    found = read(WHOLE)
    assert (found.name, found.title, found.question) == ("why", "A title", "Why?")
    assert (found.timeout, found.seconds, found.budget, found.threads, found.seed) == (3, 0.5, 60, 1, 7)
    assert found.results == found.path.parent / "results" / "why.json"


def test_a_plan_without_a_title_is_called_after_its_file(read) -> None:
    assert read('[[problem]]\nname = "mlp"').title == "why"


def test_each_method_of_a_sweep_knows_its_numbers_and_its_line(read) -> None:
    methods = read(WHOLE).methods
    assert [method.spelling for method in methods[:4]] == [
        "reverse",
        "numerical(step=0.1)",
        "numerical(step=0.01)",
        "numerical(step=0.001)",
    ]
    assert [dict(method.parameters) for method in methods[:3]] == [{}, {"h": 0.1}, {"h": 0.01}]
    lines = read(WHOLE).lines
    assert lines["numerical(step=0.01)"] == lines["numerical(step=0.1)"] == "a difference"
    assert lines["numerical(scheme='central', step=0.1)"] == "numerical(scheme='central', step={h})"
    assert lines["forward"] == "forward"


def test_problems_are_named_or_lie_in_files_beside_the_plan(read) -> None:
    named, own = read(WHOLE).problems
    assert (named.name, named.sizes, named.target) == ("logistic_map", ("4", "n=8..16+4"), "logistic_map")
    assert own.target == str(read(WHOLE).path.parent / "own.py") + ":f"
    assert (own.at, own.argnums, own.grad) == ("2.0, 5.0", "0,1", "g")
    assert [method.spelling for method in own.methods] == ["forward"]


def test_what_is_expected_of_one_problem_goes_with_what_is_expected_of_all(read) -> None:
    named, own = read(WHOLE).problems
    assert named.expect == {"reverse": "too large", "numerical(*": "ok or wrong"}
    assert own.expect == {"numerical(*": "ok or wrong"}


def test_what_is_expected_of_one_problem_goes_before_what_is_expected_of_all(read) -> None:
    text = 'expect = { reverse = "timeout", "n*" = "wrong" }\n' + PROBLEM + 'expect = { reverse = "ok" }'
    assert list(read(text).problems[0].expect.items()) == [("reverse", "ok"), ("n*", "wrong")]


def test_every_file_that_is_named_lies_beside_the_plan(read) -> None:
    text = 'methods = ["reverse", "mine.py:fast"]\n[labels]\n"mine.py:fast" = "mine"\n' + (
        '[[problem]]\nfile = "own.py"\nname = "f"\nat = "point.npz"\ngrad = "hand.py:g"'
    )
    found = read(text)
    (problem,), folder = found.problems, found.path.parent
    assert (problem.at, problem.grad) == (str(folder / "point.npz"), str(folder / "hand.py:g"))
    assert [method.spelling for method in found.methods] == ["reverse", str(folder / "mine.py:fast")]
    assert found.lines == {"reverse": "reverse", "fast": "mine"}
    assert read(text.replace("point.npz", "[1.5, 2.5]")).problems[0].at == "[1.5, 2.5]"


def test_what_is_drawn(read) -> None:
    (drawing,) = read(WHOLE).draw
    assert (drawing.kind, drawing.x, drawing.y) == ("line", "h", ("max_rel_error", "steady_s"))
    assert (drawing.over, drawing.where, drawing.label) == ("logistic_map", {"n": 8}, "step h (relative)")


PROBLEM = '[[problem]]\nname = "mlp"\n'
DRAW = PROBLEM + '[[draw]]\ntitle = "t"\nx = "n"\n'


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('question = "x"', "problem", "lacks the key problem"),
        ("problem = []", "problem", "names no [[problem]]"),
        ("question = 3\n" + PROBLEM, "question", "must be a text; got 3"),
        ('timeot = 3\n[[problem]]\nname = "mlp"', "timeot", "Did you mean 'timeout'?"),
        ("timeout = true\n" + PROBLEM, "timeout", "must be a number; got True"),
        ("seconds = -1\n" + PROBLEM, "seconds", "must be positive; got -1"),
        ("threads = 0\n" + PROBLEM, "threads", "must be positive; got 0"),
        ("methods = []\n" + PROBLEM, "methods", "names none"),
        ("methods = [3]\n" + PROBLEM, "methods", "must be text; got 3"),
        ('methods = ["numerical(step={h})"]\n' + PROBLEM, "{h}", "which [sweep] does not have"),
        ('sweep = { h = "1..3" }\n' + PROBLEM, "sweep.h", "is of no method"),
        ('sweep = { h = "3..1" }\nmethods = ["numerical(step={h})"]\n' + PROBLEM, "h", "3..1"),
        ("sweep = { h = 3 }\n" + PROBLEM, "sweep.h", "must be text"),
        ('labels = { revers = "tape" }\nmethods = ["reverse"]\n' + PROBLEM, "labels", "Did you mean 'reverse'?"),
        ('expect = { symbolic = "to large" }\n' + PROBLEM, "expect", "Did you mean 'too large'?"),
        ('derivative = "hessian"\n' + PROBLEM, "derivative", "Known: gradient, jacobian"),
        ("[[problem]]\nsizes = [1]", "name", "[[problem]] 1"),
        (PROBLEM + '[[problem]]\nnam = "mlp"', "nam", "[[problem]] 2"),
        (PROBLEM + "sizes = []", "sizes", "names none"),
        (PROBLEM + "sizes = [1.5]", "sizes", "must be text; got 1.5"),
        (PROBLEM + 'at = "2.0"', "at", "go with a function of a file"),
        ('[[problem]]\nfile = "x.py"\nat = "1"\nsizes = [2]', "at", "both at and sizes"),
        ('[[problem]]\nfile = "x.py"\nargnums = ["a"]', "argnums", "must be positions"),
        (DRAW, "y", "lacks the key y"),
        (DRAW + 'y = "steady"', "steady", "Did you mean 'steady_s'?"),
        (DRAW + "y = []", "y", "one to three"),
        ('layout = "pears"\n[[problem]]\nname = "mlp"', "layout", "Did you mean 'peers'?"),
        (DRAW + 'y = "flops"\nkind = "pie"', "kind", "Known: dots, line, points"),
        (DRAW + 'y = "flops"\nkind = "points"', "x", "must be size or problem"),
        (DRAW + 'y = "flops"\nwhere = { n = "4" }', "where.n", "must be a number"),
        (DRAW + 'y = "flops"\ncolour = "red"', "colour", "unknown key"),
        ('trial = "checkers"\nrandom = -1', "random", "must not be negative"),
        ('trial = "checkers"\nproblem = []', "problem", "unknown key"),
        ('trial = "chekers"', "trial", "Did you mean 'checkers'?"),
        ('[problem]\nname = "mlp"', "problem", "write [[problem]]"),
        (PROBLEM + '[draw]\nx = "n"', "draw", "write [[draw]]"),
        (DRAW + 'y = "flops"\nover = "mpl"', "over", "Did you mean 'mlp'?"),
        (
            'methods = ["reverse"]\n' + DRAW + 'y = "flops"\nmethods = ["revers"]',
            "[[draw]] 1",
            "Did you mean 'reverse'?",
        ),
        (
            'methods = ["reverse"]\n' + DRAW + 'y = "flops"\ncrossing = ["reverse", "forward"]',
            "crossing",
            "unknown method",
        ),
        ("not toml", "why.toml", "is not TOML"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_with_file_and_key(read, text: str, key: str, said: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        read(text)
    sentence = str(refusal.value)
    assert key in sentence
    assert said in sentence
    assert "why.toml" in sentence or key == "h"
    assert "\n" not in sentence.strip() or "not TOML" in sentence


def test_a_place_is_named_once(read) -> None:
    with pytest.raises(BadRequest) as refusal:
        read("sweep = { h = 3 }\n" + PROBLEM)
    assert str(refusal.value).count("sweep.h in") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PROBLEM + '[[problem]]\nname = "mpl"', "unknown problem 'mpl'"),
        (PROBLEM + '[[problem]]\nname = "mlp"\nmethods = ["revers"]', "unknown method 'revers'"),
    ],
)
def test_what_is_not_known_is_named_with_its_entry(read, text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(said)) as refusal:
        planned(read(text))
    assert str(refusal.value).startswith("[[problem]] 2 of ")


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "growth.toml").write_text("")
    with pytest.raises(BadRequest, match=r"unknown file '.*growht.toml'. Did you mean '.*growth.toml'"):
        plan(tmp_path / "growht.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_plans_ask_a_question_and_draw_with_units(path: Path) -> None:
    found = plan(path)
    assert found.question.endswith("?")
    assert found.title != found.name
    for drawing in found.draw:
        assert drawing.title
        assert drawing.kind != "line" or drawing.label.endswith(")")


def test_the_shipped_plans_answer_what_people_ask() -> None:
    asked = {"methods", "inputs", "outputs", "growth", "accuracy", "swell", "reverse", "peers"}
    assert asked <= {p.stem for p in SHIPPED}


def test_every_plan_is_itself(read) -> None:
    """Nothing that a plan states is shared with the next one."""
    first: Any = read(WHOLE)
    assert first == read(WHOLE)
    assert first != read(WHOLE.replace("seed = 7", "seed = 8"))
