"""The derivative of a black box along a line, with an error bar, from its values on a ladder of steps.

The ladder is climbed from steps that are tiny beside the point: what is near to the point (a kink, a pole, the edge of
the domain, another period) then ends the climb, and cannot be mistaken for the slope. Three questions are asked of the
values: how much they scatter (the least scatter that lets the shortest steps tell one story), which story it is (a
slope, two one-sided slopes, an infinite one, a jump), and which extrapolation of it has the narrowest bar.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from .ladder import MANY, Ladder, Line, Samples, finite
from .quotients import SIGMAS, WITNESSES, Quotients, Story
from .steps import DOUBLE

Status = Literal["ok", "kink", "cusp", "jump", "noisy", "edge", "nonfinite", "unresolved"]

RESOLVED = 0.1  # the widest bar, relative to the slopes that were seen, that a story may end with
SCATTER = 1e3  # how many roundings of f count as noise
RIPPLE = 1e-4  # of what f does, at most: a ripple
STAIR = 1e-2  # the same, of one that goes in stairs
CONVERGED = 1e-11  # a relative error that longer steps need not improve
CRAMPED = 1e-8  # a relative error that shorter steps may improve, where the estimate rests on the shortest
CLEAR = 10 * SIGMAS  # how many times the scatter a move of f is of which one can say with what power of h it goes
SLIGHT = 64  # a kink may be this much wider than a bar, and is passed over by it
CLEARER = 10  # by which another story has to be, to take the place of the first
FLAT = (0.02, 0.05, 0.3)  # the powers of h, at most, with which f moves beside a jump: rung by rung
VERTICAL = ((0.1, 0.9), (0.02, 0.98))  # how steady a power below 1 has to be, and how far below
DESCENTS = 2  # how many times shorter steps are asked for


@dataclass(frozen=True, slots=True)
class Slope:
    """What the values of f along a line say of one output's derivative at the point.

    Attributes:
        value: the derivative; between the two one-sided ones at a kink, nan where there is none.
        error: the true derivative lies within value ± error; inf where nothing can be said.
        noise: how far f's values scatter about a smooth function, rounding included.
        step: the shortest step that the value rests on.
        calls: evaluations of f, those of the line together.
        status: "ok"; "kink" (two one-sided derivatives), "cusp" (an infinite one), "jump" (f is not continuous),
            "noisy" (scatter far above rounding), "edge" (f has values on one side only; the value is one-sided),
            "nonfinite" (no values on either side, or none at the point), "unresolved" (no scale shows a slope).
        left: the one-sided derivative from below, nan if unknown.
        right: the one-sided derivative from above, nan if unknown.
        scale: the largest |f(x + t) - f(x)| / |t| that was seen: what counts as a steep slope here.
        alternative: where f has a ripple (rounding to a few digits is one), its slope over steps within the ripple is
            not that over longer ones: of the two, the one that is not `value`. Else nan.
        alternative_error: the bar of the alternative.
    """

    value: float
    error: float
    noise: float
    step: float
    calls: int
    status: Status
    left: float
    right: float
    scale: float
    alternative: float = math.nan
    alternative_error: float = math.nan


def slopes(
    line: Line, size: float, epsilon: float = DOUBLE, *, lower: float = -math.inf, upper: float = math.inf
) -> list[Slope]:
    """One `Slope` per output of a line through the point, which is at t = 0.

    Args:
        line: t -> the outputs at the point moved by t; nan where f has none.
        size: |x| of the component that moves (0 is allowed), or 1 for a direction scaled to the point.
        epsilon: the machine epsilon of the numbers that f computes with.
        lower: how far down t may go (at most 0).
        upper: how far up t may go (at least 0).
    """
    ladder = Ladder(line, size, epsilon, lower, upper)
    ladder.climb(_converged)
    if ladder.stepped():
        ladder.fill()
    found = _judged(ladder)
    for _ in range(DESCENTS):
        settled = [_settled(ladder, slope) for slope in found]
        if all(settled) or not ladder.descend():
            break
        found = [_better(*each) for each in zip(found, _judged(ladder), settled, strict=True)]
    return [replace(slope, calls=ladder.calls) for slope in found]


def _better(old: Slope, new: Slope, settled: bool) -> Slope:
    """What is known once shorter steps were taken too; a kink that is still one is seen best from further away."""
    return old if settled or old.status == new.status == "kink" else new


def _judged(ladder: Ladder) -> list[Slope]:
    return [judge(ladder.output(i)) for i in range(ladder.base.size)]


def _converged(ladder: Ladder) -> bool:
    """Whether the slopes are known well."""
    found = (judge(ladder.output(i)) for i in range(ladder.base.size))
    return all(slope.status == "ok" and slope.error <= CONVERGED * abs(slope.value) for slope in found)


def _settled(ladder: Ladder, slope: Slope) -> bool:
    """Whether shorter steps would tell nothing more."""
    if slope.status == "ok" and len(ladder.rungs) > WITNESSES:
        return slope.step > ladder.rungs[WITNESSES][0] or slope.error <= CRAMPED * abs(slope.value)
    return slope.status in ("ok", "edge", "nonfinite")


def judge(samples: Samples) -> Slope:
    """The story that the values tell with the least scatter."""
    if not math.isfinite(samples.base) or not samples.h:
        return _nothing(samples, "nonfinite")
    sides = [side for side, values in ((1, samples.above), (-1, samples.below)) if finite(values[:2]) == 2]
    if not sides:
        return _nothing(samples, "nonfinite")
    if len(sides) == 1:
        return _one_sided(samples, sides[0])
    return _two_sided(samples)


def _levels(samples: Samples) -> Iterator[float]:
    """Levels of scatter to try, from rounding up."""
    level = max(samples.floor, samples.quantum / 2)
    yield level
    if not level:
        return
    while level < samples.reach / 4:
        level *= 4
        yield level


def _two_sided(samples: Samples) -> Slope:
    central, right, left = (Quotients(samples, side) for side in (0, 1, -1))
    fallback: Story | None = None
    for noise in _levels(samples):
        story = central.story(noise, _smooth(samples, noise))
        sides = _sides(samples, right, left, noise)
        if story is not None and _believed(story, samples, noise):
            more = (_sides(samples, right, left, factor * noise) for factor in (4, 16))
            if (kink := _hidden_kink(story, itertools.chain([sides], more))) is not None:
                return kink
            story = _finer(samples, central, story, noise)
            return _rippled(samples, story) or _smooth_slope(samples, story)
        if story is not None and (fallback is None or story.error < fallback.error):
            fallback = story
        found = sides or _jump(samples, noise) or _cusp(samples, noise)
        if found is not None:
            return found
    if fallback is None:
        return _nothing(samples, "unresolved")
    found = _rippled(samples, fallback) or _smooth_slope(samples, fallback)
    return found if found.status == "noisy" and fallback.last >= MANY else replace(found, status="unresolved")


def _hidden_kink(story: Story, candidates: Iterable[Slope | None]) -> Slope | None:
    """A kink so small that a slope with a wide bar passes it over: its bends are what ended the story."""
    for sides in candidates:
        if sides is not None and sides.status == "kink" and SLIGHT * story.error > abs(sides.right - sides.left):
            return sides
    return None


def _finer(samples: Samples, central: Quotients, story: Story, noise: float) -> Story:
    """The same story, or one that a little more scatter (still no more than rounding) makes far clearer."""
    for more in (noise * 4**i for i in range(1, 6)):
        other = central.story(more, _smooth(samples, more))
        if other is None or not _believed(other, samples, more) or CLEARER * other.error >= story.error:
            continue
        if abs(other.value - story.value) <= other.error + story.error:
            return other
    return story


def _rippled(samples: Samples, story: Story) -> Slope | None:
    """What longer steps tell, where that is another slope and the ripple between the two is small beside what f does.

    The slope at the shortest steps is the one that is meant if many of them tell it, and f leaves it by and by.
    """
    tails = [samples.beyond(first) for first in range(story.last, len(samples.h) - MANY)]
    known_well = sum(h >= samples.first for h in samples.h[: story.last]) > MANY
    for tail in tails:
        wide = _wide(tail, story, STAIR if samples.still else RIPPLE)
        if wide is not None:
            stands = samples.still and abs(story.value) <= story.error
            if known_well and not stands and not samples.leaps(story.value, story.last):
                return None
            return _of_two(tail, wide, story)
    return None if known_well else _plateau(samples, story, tails)


def _plateau(samples: Samples, story: Story, tails: list[Samples]) -> Slope | None:
    """The same, of a slope that f leaves in leaps right after the shortest steps: a rounding inside f made it."""
    found = [(wide, tail) for tail in tails if (wide := _wide(tail, story, STAIR, abs(story.value))) is not None]
    if not found or not samples.leaps(story.value, story.last):
        return None
    wide, tail = min(found, key=lambda pair: pair[0].error)
    return _of_two(tail, wide, story)


def _of_two(tail: Samples, wide: Story, story: Story) -> Slope:
    """The slope over longer steps, with that over the shortest beside it."""
    return replace(_smooth_slope(tail, wide), alternative=story.value, alternative_error=story.error)


def _wide(tail: Samples, story: Story, highest: float, steep: float = 0.0) -> Story | None:
    """Another story that the longer steps agree on, with no more scatter than this fraction of what f does."""
    central = Quotients(tail, 0)
    for noise in _levels(tail):
        if noise > highest * tail.reach:
            return None
        wide = central.story(noise, _smooth(tail, noise))
        if wide is None or wide.last < MANY:
            continue
        if wide.error > RESOLVED * max(abs(wide.value), _steepness(tail, wide), steep):
            continue
        if abs(wide.value - story.value) > wide.error + story.error:
            return wide
    return None


def _smooth(samples: Samples, noise: float) -> int:
    """How many rungs from the shortest on bend as a smooth function does: second differences that vanish as h²."""
    bends, h = samples.bends[: finite(samples.bends)], samples.h
    for k in range(len(bends) - 1):
        allowed = 4 * SIGMAS * (noise + samples.rounding(k))
        longer = [abs(bends[i]) * (h[k] / h[i]) ** 1.8 for i in range(k + 1, min(k + 3, len(bends)))]
        if abs(bends[k]) > allowed + max(longer):
            return k
    return len(bends)


def _believed(story: Story, samples: Samples, noise: float) -> bool:
    """Whether enough steps tell the story, and it says something."""
    enough = story.last >= MANY or noise <= 4 * samples.floor
    witnessed = samples.h.index(story.step) >= WITNESSES
    steep = max(abs(story.value), _steepness(samples, story))
    allowed = max(RESOLVED * steep, 1e-6 * abs(samples.base) / max(samples.size, 1.0))
    return enough and witnessed and (story.error <= allowed or (samples.still and story.value == 0))


def _steepness(samples: Samples, story: Story) -> float:
    """The slopes seen about the step of a story and beyond."""
    first = samples.h.index(story.step)
    return _steepest(samples, first, min(story.last + 2, len(samples.h)))


def _steepest(samples: Samples, first: int, last: int) -> float:
    found = [abs(samples.slope(k, side)) for k in range(first, last) for side in (1, -1)]
    return max((x for x in found if math.isfinite(x)), default=0.0)


def _smooth_slope(samples: Samples, story: Story) -> Slope:
    moved = [abs(x - samples.base) for k in range(story.last) for x in (samples.above[k], samples.below[k])]
    reach = max([abs(samples.base), samples.size * abs(story.value), *(x for x in moved if math.isfinite(x))])
    noisy = story.noise > SCATTER * max(samples.epsilon * reach, 2 * samples.floor)
    status: Status = "noisy" if noisy else "ok"
    found = _slope(samples, story, status, story.value, story.value)
    return replace(found, alternative=0.0, alternative_error=0.0) if noisy and samples.quantum else found


def _slope(samples: Samples, story: Story, status: Status, left: float, right: float) -> Slope:
    steep = _steepness(samples, story)
    return Slope(story.value, story.error, story.noise, story.step, 0, status, left, right, steep)


def _nothing(samples: Samples, status: Status) -> Slope:
    steep = _steepest(samples, 0, len(samples.h))
    return Slope(math.nan, math.inf, math.nan, math.nan, 0, status, math.nan, math.nan, steep)


def _sides(samples: Samples, right: Quotients, left: Quotients, noise: float) -> Slope | None:
    """The slopes to both sides, where each is known: a kink if they differ, else a slope of an f that bends sharply."""
    above, below = (quotients.story(noise, len(samples.h)) for quotients in (right, left))
    if above is None or below is None or not all(_believed(side, samples, noise) for side in (above, below)):
        return None
    gap, bars = abs(above.value - below.value), above.error + below.error
    if bars > RESOLVED * max(abs(above.value), abs(below.value), gap, _steepness(samples, above)):
        return None
    is_kink = gap > 2 * bars and _bends_sharply(samples, noise)
    story = Story(
        (above.value + below.value) / 2,
        gap / 2 + max(above.error, below.error),
        max(above.step, below.step),
        min(above.last, below.last),
        max(above.noise, below.noise),
    )
    if not is_kink:
        return _smooth_slope(samples, story)
    return _slope(samples, story, "kink", below.value, above.value)


def _bends_sharply(samples: Samples, noise: float) -> bool:
    """Whether second differences vanish as h does, as they do at a kink, and not faster."""
    bends = [abs(bend) for bend in samples.bends]
    clear = [k for k, bend in enumerate(bends) if bend > 3 * CLEAR * max(noise, samples.rounding(k))]
    if not clear or clear[0] + 1 == len(bends) or not math.isfinite(bends[clear[0] + 1]):
        return True
    k = clear[0]
    return bends[k + 1] < bends[k] * (samples.h[k + 1] / samples.h[k]) ** 1.3


def _powers(samples: Samples, side: int, noise: float) -> list[float]:
    """With which power of h f moves away from its value at the point, rung by rung, where that is above the scatter."""
    values = samples.above if side > 0 else samples.below
    moves = [x - samples.base for x in values[: finite(values)]]
    found: list[float] = []
    for k in range(len(moves) - 1):
        clear = min(abs(moves[k]), abs(moves[k + 1])) > CLEAR * (noise + samples.rounding(k))
        if not clear or (moves[k] < 0) != (moves[k + 1] < 0):
            break
        grown = math.log(abs(moves[k + 1])) - math.log(abs(moves[k]))
        found.append(grown / math.log(samples.h[k + 1] / samples.h[k]))
    return found


def _jump(samples: Samples, noise: float) -> Slope | None:
    """Values that keep away from that at the point, however short the step."""
    for side in (1, -1):
        powers = _powers(samples, side, noise)[: 2 * MANY]
        if len(powers) >= MANY and _is_flat(powers):
            return replace(_nothing(samples, "jump"), noise=noise)
    return None


def _is_flat(powers: list[float]) -> bool:
    """Whether f stands still at first; the slope beside a jump adds its own part, which grows, or takes it away."""
    still = all(abs(p) < most for p, most in zip(powers, FLAT, strict=False))
    growing = all(abs(b) >= abs(a) - 0.02 and (a * b >= 0 or abs(a) < 0.01) for a, b in itertools.pairwise(powers))
    return still and growing


def _is_steep(samples: Samples, side: int, noise: float) -> bool:
    """Whether f moves with a power of h below 1."""
    powers = _powers(samples, side, noise)[: MANY + 1]
    if len(powers) <= MANY or powers[0] < 0.02:
        return False
    # x log x moves with the power 1 - 1/|log h|, all but 1, which its steadiness tells from a slope with scatter.
    return any(max(powers) - min(powers) < spread and powers[0] < most for spread, most in VERTICAL)


def _cusp(samples: Samples, noise: float) -> Slope | None:
    """An infinite slope to one side at least."""
    steep = [side for side in (1, -1) if _is_steep(samples, side, noise)]
    found = {side: math.copysign(math.inf, samples.slope(0, side)) for side in steep}
    if not found:
        return None
    left, right = found.get(-1, math.nan), found.get(1, math.nan)
    value = left if left == right else math.nan
    return replace(_nothing(samples, "cusp"), noise=noise, value=value, left=left, right=right)


def _one_sided(samples: Samples, side: int) -> Slope:
    """The slope to the one side on which f has values."""
    quotients = Quotients(samples, side)
    for noise in _levels(samples):
        story = quotients.story(noise, len(samples.h))
        if story is not None and _believed(story, samples, noise):
            found = _slope(samples, story, "edge", math.nan, math.nan)
            return replace(found, right=story.value) if side > 0 else replace(found, left=story.value)
        if _is_steep(samples, side, noise):
            value = math.copysign(math.inf, samples.slope(0, side))
            found = replace(_nothing(samples, "edge"), value=value, error=0.0, noise=noise, step=samples.h[0])
            return replace(found, right=value) if side > 0 else replace(found, left=value)
    return _nothing(samples, "unresolved")
