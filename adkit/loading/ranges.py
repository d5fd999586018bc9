"""Numbers written as a range: "4..40+4" adds, "2..1024*2" multiplies, "10|100|1000" lists."""

from __future__ import annotations

import math
import re

from ..errors import BadRequest

LONGEST = 10_000
_RANGE = re.compile(r"(?P<first>[^*|]+?)\.\.(?P<last>[^*|]+?)(?:\*(?P<factor>.+)|(?<![eE])\+(?P<step>.+))?")
_FORMS = '"4..40+4" (steps of 4), "2..1024*2" (times 2), "1e-1..1e-9*0.1" or "10|100|1000"'


def numbers(text: str, where: str) -> tuple[float, ...]:
    """The numbers of a range or a list, in order; `where` says whose they are.

    Raises:
        BadRequest: no range, one that is empty or never arrives, or one of more than 10,000 numbers.
    """
    try:
        found = _listed(text) if ".." not in text else _range(text.strip())
    except (ValueError, OverflowError):
        raise BadRequest(f"{where} takes numbers as in {_FORMS}; got {text!r}") from None
    if len(found) > LONGEST:
        raise BadRequest(f"{where} = {text!r} stands for more than {LONGEST:,} numbers")
    return found


def _listed(text: str) -> tuple[float, ...]:
    return tuple(_finite(part) for part in text.split("|"))


def _range(text: str) -> tuple[float, ...]:
    """Both ends are in it, the last one where a step arrives there."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError
    first, last = _finite(match["first"]), _finite(match["last"])
    if match["factor"] is not None:
        factor = _finite(match["factor"])
        if first * last <= 0 or factor <= 0:
            raise ValueError
        count = _steps(math.log(last / first), math.log(factor))
        return tuple(_tidy(first * factor**k) for k in range(count))
    step = _finite(match["step"] or "1")
    return tuple(_tidy(first + step * k) for k in range(_steps(last - first, step)))


def _steps(way: float, step: float) -> int:
    """How many numbers there are from one end to the other; ValueError where a step does not lead there."""
    if step == 0 or way / step < 0:
        raise ValueError
    return min(int(way / step + 1e-9), LONGEST) + 1


def _finite(text: str) -> float:
    x = float(text)
    if not math.isfinite(x):
        raise ValueError
    return x


def _tidy(x: float) -> float:
    """0.1 times 0.1 is 0.01 to the reader of a table."""
    return float(f"{x:.12g}")
