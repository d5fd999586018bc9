"""A comparison file: a question, the problems, sizes and methods that answer it, and what is drawn of the answer."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

from ..errors import BadRequest, unknown
from ..problems.registry import require_outcomes
from ..problems.sizes import numbers
from ..records import TRIALS
from ..report.answers import ANSWERS
from ..report.page import LAYOUTS
from ..report.quantities import quantity
from ..report.scenes import CATEGORIES, Drawing, Kind

# A text that names a file, or something in one.
_FILE = re.compile(r"[^\[\](){},]+\.(py:\w*|py|json|npy|npz)")


@dataclass(frozen=True)
class PlannedMethod:
    """A method as a plan spells it.

    `template` is the spelling as the file has it, with the parameters of the sweep in braces: the methods that share
    one are a line of a figure.
    """

    spelling: str
    template: str
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def name(self) -> str:
        """That of its rows: of a method in a file, the name alone."""
        return self.spelling.rpartition(":")[2] if _FILE.fullmatch(self.spelling) else self.spelling


@dataclass(frozen=True)
class PlannedProblem:
    """A problem by name, or a function or problem of a file that lies beside the plan.

    `sizes` are labels or size expressions, None the problem's own; `methods` are those of the plan where None.
    `expect` are outcomes that are known beforehand, by patterns of method names.
    """

    name: str = ""
    file: str = ""
    at: str | None = None
    argnums: str | None = None
    grad: str | None = None
    sizes: tuple[str, ...] | None = None
    derivative: str = ""
    methods: tuple[PlannedMethod, ...] | None = None
    expect: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def target(self) -> str:
        """What a person would write on the command line: NAME, FILE.py or FILE.py:NAME."""
        return f"{self.file}:{self.name}" if self.file and self.name else self.file or self.name


@dataclass(frozen=True)
class Plan:
    """A comparison as a TOML file states it.

    Or, where it names a kind of `trial`, the difficult cases that adkit brings: `tools` are then those that are tried
    on them, and `random` is the number of random cases besides.
    """

    name: str
    path: Path
    question: str
    title: str = ""
    problems: tuple[PlannedProblem, ...] = ()
    methods: tuple[PlannedMethod, ...] | None = None
    timeout: float | None = None
    seconds: float | None = None
    budget: float | None = None
    threads: int | None = None
    seed: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    draw: tuple[Drawing, ...] = ()
    answer: str = "recommendation"
    layout: str = "tables"
    trial: str = ""
    random: int = 0
    tools: tuple[str, ...] | None = None

    @property
    def results(self) -> Path:
        """Where the results of the plan are kept."""
        return self.path.parent / "results" / f"{self.name}.json"

    @property
    def command(self) -> str:
        """What runs it."""
        return f"adkit compare {self.path}"

    @property
    def lines(self) -> dict[str, str]:
        """The line of a figure that a method's row belongs to, by the name of the row."""
        own = [method for problem in self.problems for method in problem.methods or ()]
        return {m.name: self.labels.get(m.template, m.template) for m in [*(self.methods or ()), *own]}


# -- the keys ------------------------------------------------------------------------------------
_NUMBER = (int, float)
_PLAN_KEYS: dict[str, Any] = {
    "question": str,
    "title": str,
    "answer": str,
    "layout": str,
    "methods": list,
    "derivative": str,
    "timeout": _NUMBER,
    "seconds": _NUMBER,
    "budget": _NUMBER,
    "threads": int,
    "seed": int,
    "expect": dict,
    "labels": dict,
    "sweep": dict,
    "problem": list,
    "draw": list,
}
_TRIAL_KEYS: dict[str, Any] = {"question": str, "title": str, "trial": str, "methods": list, "random": int}
_PROBLEM_KEYS: dict[str, Any] = {
    "name": str,
    "file": str,
    "at": str,
    "argnums": (str, int, list),
    "grad": str,
    "sizes": (str, list),
    "derivative": str,
    "methods": list,
    "expect": dict,
}
_DRAW_KEYS: dict[str, Any] = {
    "kind": str,
    "x": str,
    "y": (str, list),
    "title": str,
    "over": str,
    "where": dict,
    "sizes": list,
    "methods": list,
    "label": str,
    "crossing": list,
}
_WORDS = {
    str: "a text",
    int: "a whole number",
    _NUMBER: "a number",
    list: "a list",
    dict: "a table",
    (str, list): "a text or a list of texts",
    (str, int, list): "a position or a list of positions",
}


def plan(path: Path) -> Plan:
    """Read a comparison file.

    Raises:
        BadRequest: no such file, no TOML, an unknown or missing key, a value that makes no sense.
    """
    if not path.is_file():
        near = path.parent.glob("*.toml") if path.parent.is_dir() else ()
        raise unknown("file", str(path), [str(p) for p in near])
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror or error}") from None
    return _trial(content, path) if "trial" in content else _comparison(content, path)


def _comparison(content: dict[str, Any], path: Path) -> Plan:
    where = str(path)
    _check_keys(content, _PLAN_KEYS, ("problem",), where)
    _positive(content, ("timeout", "seconds", "budget", "threads"), where)
    sweep = {name: _numbers(x, f"sweep.{name} in {where}") for name, x in content.get("sweep", {}).items()}
    methods = _methods(content, sweep, path, where)
    expect = _expect(content, where)
    derivative = _derivative(content, where)
    problems = tuple(
        _problem(entry, sweep, expect, derivative, path, f"[[problem]] {i} of {where}")
        for i, entry in enumerate(content["problem"], 1)
    )
    _require(bool(problems), f"{where} names no [[problem]]")
    own = [method for problem in problems for method in problem.methods or ()]
    templates = list(dict.fromkeys(m.template for m in [*(methods or ()), *own]))
    _all_used(sweep, templates, where)
    draw = tuple(_drawing(entry, f"[[draw]] {i} of {where}") for i, entry in enumerate(content.get("draw", []), 1))
    found = Plan(
        path.stem,
        path,
        content.get("question", ""),
        title=content.get("title", path.stem),
        problems=problems,
        methods=methods,
        timeout=content.get("timeout"),
        seconds=content.get("seconds"),
        budget=content.get("budget"),
        threads=content.get("threads"),
        seed=content.get("seed"),
        labels=_labels(content, templates, where),
        draw=draw,
        answer=_answer(content, where),
        layout=_layout(content, where),
    )
    for i, drawing in enumerate(draw, 1):
        _check_drawn(drawing, found, f"[[draw]] {i} of {where}")
    return found


def _answer(content: Mapping[str, Any], where: str) -> str:
    """Which sort of sentences answer the question."""
    kind = content.get("answer", "recommendation")
    if kind not in ANSWERS:
        raise unknown(f"answer in {where}:", kind, ANSWERS)
    return kind


def _layout(content: Mapping[str, Any], where: str) -> str:
    """What stands on the page."""
    layout = content.get("layout", "tables")
    if layout not in LAYOUTS:
        raise unknown(f"layout in {where}:", layout, LAYOUTS)
    return layout


def _numbers(text: Any, where: str) -> tuple[float, ...]:
    """The numbers of a range or a list."""
    written = _text(text, where)
    try:
        return tuple(numbers(written))
    except BadRequest as error:
        raise BadRequest(f"{where}: {error}") from None


def _trial(content: dict[str, Any], path: Path) -> Plan:
    """A file that asks for trials on difficult cases."""
    where = str(path)
    _check_keys(content, _TRIAL_KEYS, ("trial",), where)
    if content["trial"] not in TRIALS:
        raise unknown(f"trial in {where}:", content["trial"], TRIALS)
    tools = tuple(_texts(content["methods"], f"methods in {where}")) if "methods" in content else None
    random, title = content.get("random", 0), content.get("title", path.stem)
    _require(random >= 0, f"random in {where} must not be negative; got {random}")
    return Plan(path.stem, path, content.get("question", ""), title, trial=content["trial"], random=random, tools=tools)


# -- methods -------------------------------------------------------------------------------------
def _methods(
    content: Mapping[str, Any], sweep: Mapping[str, tuple[float, ...]], path: Path, where: str
) -> tuple[PlannedMethod, ...] | None:
    """The methods that are spelled, each template once for every number of the sweep."""
    if "methods" not in content:
        return None
    templates = _texts(content["methods"], f"methods in {where}")
    _require(bool(templates), f"methods in {where} names none; leave it out for the default")
    return tuple(method for template in templates for method in _spelled(template, sweep, path, where))


def _spelled(template: str, sweep: Mapping[str, tuple[float, ...]], path: Path, where: str) -> list[PlannedMethod]:
    names = list(dict.fromkeys(re.findall(r"{(\w*)}", template)))
    for name in names:
        if name not in sweep:
            raise BadRequest(f"the method {template!r} in {where} speaks of {{{name}}}, which [sweep] does not have")
    found = []
    for values in itertools.product(*(sweep[name] for name in names)):
        parameters = dict(zip(names, values, strict=True))
        spelling = re.sub(r"{(\w*)}", lambda m, at=parameters: f"{at[m[1]]:.12g}", template)
        found.append(PlannedMethod(_beside(spelling, path), template, parameters))
    return found


def _all_used(sweep: Mapping[str, Any], templates: Sequence[str], where: str) -> None:
    for name in sweep:
        if not any(f"{{{name}}}" in template for template in templates):
            raise BadRequest(f"sweep.{name} in {where} is of no method: one of them must have {{{name}}} in it")


def _labels(content: Mapping[str, Any], templates: Sequence[str], where: str) -> dict[str, str]:
    """Names of lines in figures, by the method's text."""
    labels: dict[str, str] = content.get("labels", {})
    for template, label in labels.items():
        if template not in templates:
            raise unknown(f"method in labels of {where}:", template, templates)
        _text(label, f"labels.{template} in {where}")
    return labels


# -- problems ------------------------------------------------------------------------------------
def _problem(
    entry: Any,
    sweep: Mapping[str, tuple[float, ...]],
    expect: Mapping[str, str],
    derivative: str,
    path: Path,
    where: str,
) -> PlannedProblem:
    _check_keys(entry, _PROBLEM_KEYS, (), where)
    _require("name" in entry or "file" in entry, f"{where} lacks the key name (or file)")
    own = [key for key in ("at", "argnums", "grad") if key in entry]
    _require("file" in entry or not own, f"{where} has {', '.join(own)}, which go with a function of a file")
    _require("at" not in entry or "sizes" not in entry, f"{where} has both at and sizes, where one makes the point")
    sizes = entry.get("sizes")
    return PlannedProblem(
        name=entry.get("name", ""),
        file=str(path.parent / entry["file"]) if "file" in entry else "",
        at=_beside(entry["at"], path) if "at" in entry else None,
        argnums=_argnums(entry.get("argnums"), where),
        grad=_beside(entry["grad"], path) if "grad" in entry else None,
        sizes=None if sizes is None else _sizes(sizes, f"sizes in {where}"),
        derivative=_derivative(entry, where) or derivative,
        methods=_methods(entry, sweep, path, where),
        expect=_nearest(_expect(entry, where), expect),
    )


def _beside(text: str, path: Path) -> str:
    """A file that a text names lies beside the plan, from wherever that is run."""
    return str(path.parent / text) if _FILE.fullmatch(text) else text


def _sizes(sizes: Any, where: str) -> tuple[str, ...]:
    """Labels or size expressions as texts; a whole number is a label too."""
    listed = sizes if isinstance(sizes, list) else [sizes]
    found = tuple(str(size) if type(size) is int else _text(size, where) for size in listed)
    _require(bool(found), f"{where} names none; leave it out for the default")
    return found


def _argnums(argnums: Any, where: str) -> str | None:
    """As on the command line: positions separated by commas."""
    if isinstance(argnums, list):
        _require(all(type(i) is int for i in argnums), f"argnums in {where} must be positions; got {argnums!r}")
        return ",".join(map(str, argnums))
    return None if argnums is None else str(argnums)


def _derivative(content: Mapping[str, Any], where: str) -> str:
    derivative = content.get("derivative", "")
    if derivative not in ("", "gradient", "jacobian"):
        raise unknown(f"derivative in {where}:", derivative, ("gradient", "jacobian"))
    return derivative


def _expect(content: Mapping[str, Any], where: str) -> dict[str, str]:
    """Outcomes by pattern of a method's name."""
    expect: dict[str, str] = content.get("expect", {})
    texts = {pattern: _text(words, f"expect.{pattern} in {where}") for pattern, words in expect.items()}
    return require_outcomes(texts, f"expect of {where}")


def _nearest(own: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """What is said of the problem goes before what is said of all, also where both speak of one pattern."""
    return {**own, **{pattern: words for pattern, words in others.items() if pattern not in own}}


# -- figures -------------------------------------------------------------------------------------
def _drawing(entry: Any, where: str) -> Drawing:
    _check_keys(entry, _DRAW_KEYS, ("x", "y", "title"), where)
    kind = entry.get("kind", "line")
    if kind not in get_args(Kind):
        raise unknown(f"kind in {where}:", kind, get_args(Kind))
    _require(kind == "line" or entry["x"] in CATEGORIES, f"x in {where} must be size or problem, over which points are")
    fixed = entry.get("where", {})
    for name, x in fixed.items():
        _require(_is_a(x, _NUMBER), f"where.{name} in {where} must be a number; got {x!r}")
    y = entry["y"] if isinstance(entry["y"], list) else [entry["y"]]
    _require(0 < len(y) <= 3, f"y in {where} must name one to three quantities; got {len(y)}")
    crossing = tuple(_texts(entry.get("crossing", []), f"crossing in {where}"))
    _require(len(crossing) in (0, 2), f"crossing in {where} must name two methods; got {len(crossing)}")
    return Drawing(
        kind,
        entry["x"],
        tuple(quantity(name, where).name for name in _texts(y, f"y in {where}")),
        title=entry["title"],
        over=entry.get("over", ""),
        where=fixed,
        sizes=tuple(_texts(entry.get("sizes", []), f"sizes in {where}")),
        methods=tuple(_texts(entry.get("methods", []), f"methods in {where}")),
        label=entry.get("label", ""),
        crossing=crossing,
    )


def _check_drawn(drawing: Drawing, found: Plan, where: str) -> None:
    """Refuse a drawing of what the plan does not have, as far as that is known before anything is run."""
    names = {problem.name for problem in found.problems}
    if drawing.over not in ("", *names) and not any(problem.file for problem in found.problems):
        raise unknown(f"problem in over of {where}:", drawing.over, names)
    if found.methods is None and any(problem.methods is None for problem in found.problems):
        return  # the default methods, whichever those are
    rows = {*found.lines, "manual"}
    for name in drawing.crossing:
        if name not in rows:
            raise unknown(f"method in crossing of {where}:", name, found.lines)
    for pattern in drawing.methods:
        if not any(fnmatchcase(name, pattern) for name in (*rows, *found.lines.values())):
            raise unknown(f"method in methods of {where}:", pattern, found.lines)


# -- values --------------------------------------------------------------------------------------
def _check_keys(content: Any, known: Mapping[str, Any], needed: tuple[str, ...], where: str) -> None:
    """Refuse unknown keys, missing ones, and values of the wrong type."""
    _require(isinstance(content, dict), f"{where} must be a table with the keys {', '.join(known)}")
    for key, x in content.items():
        if key not in known:
            raise unknown(f"key in {where}:", key, known)
        _require(not (known[key] is list and isinstance(x, dict)), f"{key} in {where} is a list: write [[{key}]]")
        _require(_is_a(x, known[key]), f"{key} in {where} must be {_WORDS[known[key]]}; got {x!r}")
    for key in needed:
        _require(key in content, f"{where} lacks the key {key}")


def _is_a(x: Any, kind: Any) -> bool:
    """Whether a value is of a kind; true is not 1 here."""
    return isinstance(x, kind) and not isinstance(x, bool)


def _positive(content: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in keys:
        _require(content.get(key, 1) > 0, f"{key} in {where} must be positive; got {content.get(key)!r}")


def _texts(values: Sequence[Any], where: str) -> list[str]:
    """Each text once."""
    return list(dict.fromkeys(_text(x, where) for x in values))


def _text(x: Any, where: str) -> str:
    _require(isinstance(x, str) and x.strip() != "", f"{where} must be text; got {x!r}")
    return x.strip()


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise BadRequest(sentence)
