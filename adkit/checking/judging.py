"""One claimed number against one slope: the verdict, the bar, and what there is to say."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..numerical.adaptive import Slope
from ..records import Verdict

# Numbers that rounding may be out by, in units of the claim's machine epsilon.
ROUNDINGS = 8
# Where hundreds of slopes are looked at, the bar of each must hold with some room.
SAFETY = 1.5
# A bar certifies if it is narrow beside the numbers that it compares, or beside what counts as large here.
NARROW = 2e-3
NARROW_BESIDE_SCALE = 10
# Two numbers that are apart by less than this part of them are apart by more than roundings of a tame f, and by less
# than a mistake makes: a gradient that is solved for with an ill-conditioned matrix may be.
SLIP = 1e-7
_SLIPPED = "apart by more than rounding, less than a mistake makes: f is ill-conditioned, or a constant has few digits"
# A mistake is seldom this small; what a solver leaves of its tolerance often is.
_NEAR = 5e-3
# Hints that tell no more than a pattern does which the component is part of.
RELATIONS = ("times the true one", "the gradient is 0 where f has a slope")
# A one-sided derivative is known to this part of the kink, at least.
_BESIDE_KINK = 1e-6


# Noise that is as large as this part of f leaves nothing of f.
ROUGH = 0.1


@dataclass(frozen=True)
class Measure:
    """What a comparison of one derivative goes by.

    Attributes:
        epsilon: the machine epsilon of the numbers that f computes with.
        claim_epsilon: that of the claimed number.
        scale: what counts as a large derivative here.
        size: the claim's largest number nearby, which its roundings go by.
        rtol, atol: what the person allows on top.
        resolution: the distance of x to the next number.
        level: |f| at the point, or by how much f changes about it.
        at_bound: the person's bounds, not f, leave one side only.
    """

    epsilon: float
    claim_epsilon: float
    scale: float
    size: float
    rtol: float = 0.0
    atol: float = 0.0
    resolution: float = 0.0
    level: float = math.inf
    at_bound: bool = False

    def rounding(self, a: float) -> float:
        """By how much the claimed number may be out through rounding alone."""
        return ROUNDINGS * self.claim_epsilon * (abs(a) + self.size)

    def excused(self, a: float) -> float:
        """What the person allows: it may excuse a difference, and certifies nothing."""
        return self.atol + self.rtol * abs(a)


@dataclass(frozen=True)
class Judgement:
    """The outcome for one derivative."""

    verdict: Verdict
    bar: float
    hint: str = ""


def judge(a: float, slope: Slope, measure: Measure) -> Judgement:
    """The verdict on the claimed derivative a."""
    certain = SAFETY * slope.error + measure.rounding(a)
    bar = certain + measure.excused(a)
    if slope.status == "nonfinite":
        return Judgement("NONFINITE", bar, "f has no finite values about this point")
    if slope.status == "jump":
        return Judgement("JUMP", bar, "f jumps here: it has no derivative")
    if slope.status == "cusp":
        return Judgement("CUSP", bar, f"f is infinitely steep here ({_sides(slope)}): no finite number is its slope")
    if slope.status == "edge" and math.isinf(slope.value):
        return _at_steep_edge(a, slope, bar)
    if not math.isfinite(a):
        return Judgement("NONFINITE", bar, _not_finite(a, slope))
    if slope.status == "kink":
        return _at_kink(a, slope, bar)
    if not math.isfinite(slope.value):
        return Judgement("UNRESOLVED", bar, "no step shows a slope")
    if abs(a - slope.alternative) <= bar + SAFETY * slope.alternative_error and abs(a - slope.value) > bar:
        return Judgement("NOISY", bar, _rippled(slope))
    if abs(a) * measure.resolution > slope.noise > ROUGH * measure.level > 0:
        return Judgement("UNRESOLVED", bar, "f is rougher than the numbers next to x are apart")
    if bar < abs(a - slope.value) <= bar + SLIP * max(abs(a), abs(slope.value)):
        return Judgement("UNRESOLVED", bar, _SLIPPED)
    if abs(a - slope.value) > bar:
        return Judgement("WRONG", bar, _ratio(a, slope.value))
    if slope.status == "noisy":
        return Judgement("NOISY", bar, "f scatters: nothing smaller than the bar can be seen")
    if slope.status == "edge" and not measure.at_bound:
        return Judgement("DOMAIN_EDGE", bar, "f has values on one side only; the gradient is the one-sided derivative")
    if a == slope.value == slope.scale == 0:
        return Judgement("AGREE", bar)  # f does not move at all
    if slope.status == "unresolved" or not _certifies(certain, a, slope, measure):
        return Judgement("UNRESOLVED", bar, "no step shows the slope well enough to certify the gradient")
    return Judgement("AGREE", bar)


def _at_steep_edge(a: float, slope: Slope, bar: float) -> Judgement:
    if a == slope.value:
        return Judgement("DOMAIN_EDGE", bar, "f has values on one side only, and is infinitely steep there")
    if not math.isfinite(a):
        return Judgement("NONFINITE", bar, _not_finite(a, slope))
    return Judgement("CUSP", bar, "at this edge of its domain f is infinitely steep: no finite number is its slope")


def _at_kink(a: float, slope: Slope, bar: float) -> Judgement:
    low, high = sorted((slope.left, slope.right))
    sides = f"f has a kink here: {_sides(slope)}"
    # The bar of a kink spans both sides: what it has beyond them is their own uncertainty.
    margin = max(bar - SAFETY * (high - low) / 2, _BESIDE_KINK * (high - low))
    if low - margin <= a <= high + margin:
        return Judgement("KINK", margin, f"{sides}; the gradient lies between (a valid subgradient)")
    return Judgement("WRONG", margin, f"{sides}; the gradient does not lie between")


def _rippled(slope: Slope) -> str:
    """An f that is rough has two slopes: that of the roughness, and that of what lies below."""
    return f"f has a ripple here: slope {slope.alternative:.6g}, as the gradient, or {slope.value:.6g} on another scale"


def _ratio(a: float, n: float) -> str:
    """How a wrong number relates to the right one, where that can be said in a few words."""
    if a == 0:
        return "the gradient is 0 where f has a slope"
    ratio = a / n if n else math.nan
    for nice in (-1.0, 2.0, -2.0, 0.5, -0.5):
        if abs(ratio - nice) < 1e-6:
            return f"{'1/2' if nice == 0.5 else '-1/2' if nice == -0.5 else f'{nice:g}'} times the true one"
    if abs(ratio - 1) < _NEAR:
        allowed = 10.0 ** math.ceil(math.log10(abs(a - n) / max(abs(a), abs(n))))
        return f"near the true one: if a solver with a tolerance is at work, rtol={allowed:.0e} allows for it"
    return f"{ratio:.5g} times the true one" if abs(ratio - 1) < 0.2 else ""


def _sides(slope: Slope) -> str:
    return f"slope {slope.left:.6g} from below, {slope.right:.6g} from above"


def _not_finite(a: float, slope: Slope) -> str:
    if not math.isfinite(slope.value):
        return f"the gradient is {a}"
    return f"the gradient is {a} where f has the slope {slope.value:.6g}"


def _certifies(bar: float, a: float, slope: Slope, measure: Measure) -> bool:
    """Whether agreement within a bar says anything."""
    largest = max(abs(a), abs(slope.value))
    scale = max(measure.scale, slope.scale if math.isfinite(slope.scale) else 0.0)
    return bar <= NARROW * largest or bar <= NARROW_BESIDE_SCALE * math.sqrt(measure.epsilon) * scale
