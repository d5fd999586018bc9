"""Sizes in text: labels, and sweeps over the parameters of a problem by name. One grammar, wherever sizes are given.

4,8,16    100x10           labels, as a problem reads them
n=4..40+4                  4, 8, ... 40; n=4..40 goes in ones
N=100 D=2..1024*2          2, 4, 8, ... 1024, at N = 100; what is not named has its default
D=10|100|1000              listed; several names that sweep give every combination
n=4..64*2 m=n              the same as n, or a multiple of it, as in m=2*n
layers=784-64*d-10 d=1..8  a chain in which 64 is repeated d times; d may have any name of its own
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadRequest, unknown
from .registry import Problem, Size, SizeValue

# Sweeps are run: more is a slip of the finger.
MOST = 10_000
_LONGEST = 40
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?:([*+])({_NUMBER}))?")
_NAME = re.compile(r"[A-Za-z_]\w*")
_FORMS = 'labels, as in "4,8,16", or numbers by name, as in "n=4..64*2" (doubling), "n=4..40+4", "n=4|40|400"'


@dataclass(frozen=True)
class Sized:
    """A size of a problem, and the numbers by name that a sweep over such sizes is drawn over."""

    size: Size
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])


def sizes(text: str | Iterable[Any], problem: Problem) -> list[Sized]:
    """The sizes that a text names, or a list of labels and such texts.

    Raises:
        BadRequest: an unknown parameter, a range without end, a size that the problem does not have, ...

    Example:
        >>> import adkit as ad
        >>> [sized.size for sized in sizes("N=100 D=2..8*2", ad.problems["logistic_regression"])]
        [(100, 2), (100, 4), (100, 8)]
        >>> deep = sizes("layers=784-64*d-10 d=1..2", ad.problems["mlp"])
        >>> [(problem_size.size, problem_size.parameters) for problem_size in deep]
        [(((784, 64, 10), 4), {'batch': 4, 'd': 1}), (((784, 64, 64, 10), 4), {'batch': 4, 'd': 2})]
    """
    items: list[Any] = (
        [item.strip() for item in text.split(",") if item.strip()] if isinstance(text, str) else list(text)
    )
    if not items:
        raise BadRequest(f"sizes of {problem.name} are {_FORMS}; none is given")
    found = [sized for item in items for sized in _sized(item, problem)]
    # Each once, in the order given.
    return list({(sized.size, tuple(sized.parameters.items())): sized for sized in found}.values())


def numbers(text: str) -> list[float]:
    """The numbers of a sweep: 1e-1..1e-14*0.1, 4..40+4, 10|100.

    Raises:
        BadRequest: no such sweep, or one without end.

    Example:
        >>> numbers("4..32*2"), numbers("10|100"), numbers("1..0.01*0.1")
        ([4, 8, 16, 32], [10, 100], [1.0, 0.1, 0.01])
    """
    return [number for part in text.split("|") for number in _numbers(part.strip(), text)]


# -- numbers ---------------------------------------------------------------------------------------
def _numbers(part: str, text: str) -> list[float]:
    """The numbers of one alternative."""
    if re.fullmatch(_NUMBER, part):
        return [_number(part)]
    match = _RANGE.fullmatch(part)
    if match is None:
        raise BadRequest(f"{text!r} is no sweep: write numbers, as in 4..64*2 (doubling), 4..40+4 or 4|40|400")
    first, last, sign, by = match.groups()
    start, stop, step = _number(first), _number(last), _number(by or "1")
    return _multiplied(start, stop, step, text) if sign == "*" else _added(start, stop, step, text)


def _added(start: float, stop: float, step: float, text: str) -> list[float]:
    steps = (stop - start) / step if step else -1.0
    return [_clean(start + i * step) for i in range(_count(steps, text))]


def _multiplied(start: float, stop: float, factor: float, text: str) -> list[float]:
    leads = start * stop > 0 and factor > 0 and factor != 1
    steps = math.log(stop / start) / math.log(factor) if leads else -1.0
    return [_clean(start * factor**i) for i in range(_count(steps, text))]


def _count(steps: float, text: str) -> int:
    """How many numbers so many steps make, the end included if it is met."""
    if not steps >= 0:
        raise BadRequest(f"the sweep {text!r} never gets from its first number to its last")
    if steps > MOST:
        raise BadRequest(f"the sweep {text!r} has more than {MOST:,} numbers")
    return int(steps * (1 + 1e-12) + 1e-9) + 1


def _number(text: str) -> float:
    if not math.isfinite(float(text)):
        raise BadRequest(f"{text[:_LONGEST]!r} is too large for a number")
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _clean(x: float) -> float:
    """Without the rounding errors of the way to it."""
    return x if isinstance(x, int) else float(f"{x:.12g}")


# -- one expression --------------------------------------------------------------------------------
def _sized(item: Any, problem: Problem) -> Iterator[Sized]:
    """The sizes of one item."""
    if isinstance(item, Sized):
        yield item
    elif isinstance(item, str) and "=" in item:
        yield from _swept(item, problem)
    else:
        size = problem.size(item)
        yield Sized(size, problem.numbers(size))


def _swept(text: str, problem: Problem) -> Iterator[Sized]:
    """The sizes of assignments to parameters, every combination of those that sweep."""
    given = _assignments(text, problem)
    like = dict(zip(problem.parameters, problem.size(()), strict=True))
    chains = {name for name in given if isinstance(like.get(name), tuple)}
    derived = {name for name in given if name in chains or _NAME.search(_without_exponents(given[name]))}
    swept = {name: _swept_over(spec, like.get(name)) for name, spec in given.items() if name not in derived}
    choices = {name: given[name].split("|") for name in derived}
    _require_known(text, problem, {name: choices[name] for name in derived}, swept)
    if math.prod(len(x) for x in (*swept.values(), *choices.values())) > MOST:
        raise BadRequest(f"the sizes {text!r} are more than {MOST:,}")
    for values in itertools.product(*swept.values()):
        env = dict(zip(swept, values, strict=True))
        for written in itertools.product(*choices.values()):
            forms = dict(zip(choices, written, strict=True))
            yield _complete(text, problem, like, env, forms)


def _swept_over(spec: str, like: SizeValue | None) -> list[float]:
    """The numbers of a sweep; those of a range are rounded where whole ones are wanted."""
    found = numbers(spec)
    return list(dict.fromkeys(map(round, found))) if isinstance(like, int) and ".." in spec else found


def _assignments(text: str, problem: Problem) -> dict[str, str]:
    """What is given for each name."""
    if not problem.parameters:
        raise BadRequest(f"{problem.name} has no sizes; got {text!r}")
    given: dict[str, str] = {}
    for piece in text.split():
        name, sign, spec = piece.partition("=")
        if not sign or not spec or not _NAME.fullmatch(name) or name in given:
            raise BadRequest(f"sizes of {problem.name} are {_FORMS}; got {text!r}")
        given[name] = spec
    return given


def _without_exponents(spec: str) -> str:
    """A specification in which the e of 1e-3 is no name."""
    return re.sub(r"(?<=\d)[eE](?=[+-]?\d)|(?<=\.)[eE](?=[+-]?\d)", "", spec)


def _require_known(text: str, problem: Problem, forms: Mapping[str, list[str]], swept: Mapping[str, object]) -> None:
    """Refuse names that are neither parameters nor used by one, and names that stand for nothing."""
    used = {name for choices in forms.values() for form in choices for name in _NAME.findall(_without_exponents(form))}
    for name in (*swept, *forms):
        if name not in problem.parameters and name not in used:
            raise unknown(f"parameter of {problem.name} in {text!r}:", name, problem.parameters)
    for name in used - set(swept):
        raise BadRequest(f"{name} in {text!r} stands for no numbers: add them, as in {name}=1..8")


def _complete(
    text: str,
    problem: Problem,
    like: Mapping[str, SizeValue],
    env: Mapping[str, float],
    forms: Mapping[str, str],
) -> Sized:
    """One size: the parameters that are given, and the defaults of the others."""
    values = dict(like)
    for name, form in forms.items():
        values[name] = _chain(form, env) if isinstance(like[name], tuple) else _product(form.split("*"), env)
    values |= {name: x for name, x in env.items() if name in like}
    size = problem.size(tuple(_whole(x, like[name]) for name, x in values.items()))
    named = {name for form in forms.values() for name in _NAME.findall(form)}
    parameters = {
        name: x
        for name, x in problem.numbers(size).items()
        # A chain that a name is used in is known by that name.
        if not (isinstance(like[name], tuple) and named & set(_NAME.findall(forms.get(name, ""))))
    }
    return Sized(size, parameters | {name: x for name, x in env.items() if name not in like})


def _whole(x: SizeValue, like: SizeValue) -> SizeValue:
    """A number where a whole one is wanted, if it is one."""
    return int(x) if isinstance(like, int) and isinstance(x, float) and x.is_integer() else x


def _product(factors: Iterable[str], env: Mapping[str, float]) -> float:
    return math.prod(env[factor] if factor in env else _number_in(factor) for factor in factors)


def _chain(form: str, env: Mapping[str, float]) -> tuple[int, ...]:
    """A chain such as 784-64*d-10, in which 64 is repeated d times."""
    links: list[int] = []
    for piece in form.split("-"):
        link, *times = piece.split("*")
        width, count = _product([link], env), _product(times, env)
        if not (width == int(width) and count == int(count) and 0 <= count <= MOST):
            raise BadRequest(f"{form!r} is no chain of at most {MOST:,} whole numbers")
        links += [int(width)] * int(count)
    return tuple(links)


def _number_in(text: str) -> float:
    if not re.fullmatch(_NUMBER, text):
        raise BadRequest(f"{text!r} is no number: sizes are {_FORMS}")
    return _number(text)
