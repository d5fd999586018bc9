"""Many components at once: f along random directions, and where those disagree, halving until one component is left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from ..numerical.adaptive import Slope, slopes
from ..records import LENIENT
from ..vectors import Vector
from .inspection import Inspection
from .judging import NARROW, NARROW_BESIDE_SCALE, ROUNDINGS, SAFETY

# Calls of f after which a check that has found nothing looks no further, and what one more component may cost.
_BUDGET = 300
_LADDER = 40
# How many components of a screened gradient are judged by themselves, besides the largest.
_SAMPLE, _LARGEST = 8, 2
# So many culprits are named; then it is "at least".
_CULPRITS = 12
# More groups of leaves than this are not looked at apart.
_GROUPS = 4

# An error that is smaller than this share of a usual component is looked for in parts, so many of them; and one that is
# larger than the other share and might still be there keeps a gradient from passing.
_COARSE, _PARTS, _HIDDEN = 0.01, 8, 0.1

# A step at which noise is so much smaller than what is looked for.
_ABOVE_NOISE = 64
_BENT = ("kink", "cusp", "jump", "edge")

State = Literal["agree", "noisy", "vague", "off"]
_WORSE: tuple[State, ...] = get_args(State)


@dataclass(frozen=True)
class Look:
    """What f says along one direction: of each output the slope, the claim and the bar; and in one word.

    `inward` directions lead from bounds into what they leave.
    """

    d: Vector
    inward: bool
    slopes: list[Slope]
    claimed: Vector
    bars: Vector
    state: State

    def clue(self) -> Clue:
        """What to look at in parts of the direction."""
        with np.errstate(all="ignore"):
            apart = np.abs(self.claimed - [slope.value for slope in self.slopes])
            bent = np.array([slope.status in _BENT for slope in self.slopes])
            j = int(np.argmax(np.where(bent | ~np.isfinite(apart), np.inf, apart / self.bars)))
            slope = self.slopes[j]
            # So short a step that f is straight along it, and so long that noise does not hide the disagreement.
            step = slope.step if bent[j] else _ABOVE_NOISE * slope.noise / apart[j]
        return Clue(j, step if 0 < step <= 0.5 else slope.step if slope.step > 0 else 1e-6, bool(bent[j]), self.inward)


@dataclass(frozen=True)
class Clue:
    """One output at one step: where a disagreement shows, as a difference of slopes or as a bend."""

    output: int
    step: float
    bent: bool
    inward: bool


class Screening:
    """The components that are too many to be judged one by one."""

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self.near = inspection.referee
        self.random = np.random.default_rng(inspection.settings.seed)
        self.covered = 0
        self.sensitivity = math.inf
        self.faults: list[str] = []
        self.doubts: list[str] = []
        self.notes: list[str] = []

    def run(self) -> None:
        """Screen everything, judge a sample, and find what the screening objects to."""
        fit = self._fit()
        self.inspection.look(np.flatnonzero(~fit)[:_CULPRITS].tolist())
        looks = [self._look(d) for d in self._directions(fit)]
        sample = self._sample(fit)
        failing = [k for k in sample if not self.inspection.holds(k)]
        if failing and 2 * len(failing) >= len(sample):
            self._judge_more(fit)
        else:
            looks = self._pursue(looks)
            if all(look.state != "off" for look in looks):
                looks += self._pursue(list(self._looks_at_parts(fit, looks)))
        self._conclude(fit, looks)

    def _looks_at_parts(self, fit: np.ndarray, looks: list[Look]) -> Iterator[Look]:
        """Directions through fewer components each, where an error in one of them could hide among so many."""
        unseen = np.flatnonzero(self._unseen(fit, looks, _COARSE))
        if unseen.size:
            for places in np.array_split(self.random.permutation(unseen), min(_PARTS, unseen.size)):
                part = np.zeros(fit.shape, bool)
                part[places] = True
                yield self._look(self._drawn(self._absolute(), part))

    def _unseen(self, fit: np.ndarray, looks: list[Look], share: float) -> np.ndarray:
        """The components in which an error of this share of what is usual in their leaf would not show."""
        usual = np.zeros(fit.shape)
        for i in range(len(self.near.leaves)):
            claims = np.nan_to_num(self.inspection.claim.matrix[:, self.near.span(i)])
            usual[self.near.span(i)] = math.sqrt(float(np.mean(claims**2))) if claims.size else 0.0
        rest = self._rest(fit)
        return rest & (usual > 0) & (_visible(looks, fit.size) > share * usual)

    def _rest(self, fit: np.ndarray) -> np.ndarray:
        """The components that nobody looked at by themselves."""
        rest = fit.copy()
        rest[list(self.inspection.found)] = False
        return rest

    # -- directions --------------------------------------------------------------------------------
    def _fit(self) -> np.ndarray:
        """Which components can take part in a direction: finite ones, with room to move."""
        near, claim = self.near, self.inspection.claim
        return (near.lower < near.upper) & np.isfinite(near.point) & np.isfinite(claim.matrix).all(axis=0)

    def _directions(self, fit: np.ndarray) -> Iterator[Vector]:
        """Random directions on two scales: that of each number, and that of its leaf; of unlike leaves apart."""
        inner = (self.near.lower < self.near.point) & (self.near.point < self.near.upper)
        groups = self._groups(fit & inner)
        for group in groups:
            for scale in (self._relative(), self._absolute())[: 2 if len(groups) <= 2 else 1]:
                yield self._drawn(scale, fit & inner & group)
        if (fit & ~inner).any():
            yield self._inward(fit & ~inner)

    def _inward(self, among: np.ndarray) -> Vector:
        """From the bounds that components are at, into what they leave."""
        near = self.near
        room = np.where(near.point < near.upper, near.upper - near.point, near.lower - near.point)
        weights = self._relative() * self.random.uniform(0.5, 1.5, near.point.shape)
        return np.where(among, np.sign(room) * np.minimum(weights, np.abs(room)), 0.0)

    def _drawn(self, scale: Vector, among: np.ndarray) -> Vector:
        """No two components weigh the same, so that errors do not cancel."""
        near = self.near
        sign = self.random.choice([-1.0, 1.0], near.point.shape)
        d = np.where(among, scale * sign * self.random.uniform(0.5, 1.5, near.point.shape), 0.0)
        room = np.minimum(near.upper - near.point, near.point - near.lower)
        return np.where(among, np.clip(d, -room, room), 0.0)

    def _relative(self) -> Vector:
        return np.where(self.near.point == 0, self._absolute(), np.abs(self.near.point))

    def _absolute(self) -> Vector:
        """The typical size of the numbers of each leaf, 1 where all are 0."""
        scale = np.ones(self.near.point.shape)
        for i in range(len(self.near.leaves)):
            x = self.near.point[self.near.span(i)]
            sizes = np.abs(x[np.isfinite(x) & (x != 0)])
            scale[self.near.span(i)] = np.sqrt(np.mean(sizes**2)) if sizes.size else 1.0
        return scale

    def _groups(self, fit: np.ndarray) -> list[np.ndarray]:
        """The leaves, those apart whose shares in a derivative along a direction are of very different size."""
        shares = np.where(fit, np.abs(np.nan_to_num(self.inspection.claim.matrix)).max(axis=0, initial=0), 0.0)
        shares = shares * self._relative()
        sizes = {i: float(np.max(shares[self.near.span(i)], initial=0)) for i in range(len(self.near.leaves))}
        groups: list[np.ndarray] = []
        last = math.inf
        for i in sorted(sizes, key=lambda i: -sizes[i]):
            if not groups or (sizes[i] < 1e-3 * last and len(groups) < _GROUPS):
                groups.append(np.zeros(fit.shape, bool))
                last = sizes[i]
            groups[-1][self.near.span(i)] = True
        return groups

    # -- one direction -----------------------------------------------------------------------------
    def _look(self, d: Vector) -> Look:
        low, high = self.near.reach(d)
        found = slopes(self.near.direction(d), 1.0, self.near.epsilon, lower=low, upper=high)
        claimed, bars = self._claimed(d)
        bars = bars + [SAFETY * s.error for s in found]
        inward = 0 in (low, high)
        found = [replace(s, status="ok") if inward and s.status == "edge" else s for s in found]
        states = [self._state(*each) for each in zip(found, claimed, bars, self._weights(d), strict=True)]
        return Look(d, inward, found, claimed, bars, _WORSE[max(map(_WORSE.index, states), default=0)])

    def _claimed(self, d: Vector) -> tuple[Vector, Vector]:
        """The claimed derivatives along a direction, and how far rounding and the person's tolerance may move them."""
        claim, settings = self.inspection.claim, self.inspection.settings
        used = np.flatnonzero(d)
        shares = claim.matrix[:, used] * d[used]
        excused = settings.atol * np.abs(d[used]).sum() + settings.rtol * np.abs(shares).sum(axis=1)
        rounding = ROUNDINGS * np.max(claim.epsilon, initial=0.0) * np.abs(shares).sum(axis=1)
        return shares.sum(axis=1), rounding + excused

    def _weights(self, d: Vector) -> Vector:
        """How large a derivative along the direction would be by chance."""
        used = np.flatnonzero(d)
        return np.sqrt(((self.inspection.claim.matrix[:, used] * d[used]) ** 2).sum(axis=1))

    def _state(self, slope: Slope, claimed: float, bar: float, weight: float) -> State:
        if slope.status in (*_BENT, "nonfinite") or abs(claimed - slope.value) > bar:
            return "off"
        if slope.status == "noisy":
            return "noisy"
        scale = max(weight, abs(slope.value), slope.scale if math.isfinite(slope.scale) else 0.0)
        narrow = max(NARROW * abs(slope.value), NARROW_BESIDE_SCALE * math.sqrt(self.near.epsilon) * scale)
        return "agree" if slope.status == "ok" and slope.error <= narrow else "vague"

    # -- components --------------------------------------------------------------------------------
    def _sample(self, fit: np.ndarray) -> list[int]:
        """Judge the largest components and some drawn at random, within the budget of a clean check."""
        sizes = np.abs(np.nan_to_num(self.inspection.claim.matrix)).max(axis=0, initial=0)
        largest = np.argsort(-sizes, kind="stable")[:_LARGEST].tolist()
        chosen: list[int] = []
        wanted = self.inspection.settings.components
        count = _SAMPLE if wanted is None else wanted
        for k in [*largest, *self.random.permutation(fit.size)[:count].tolist()]:
            if fit[k] and (count != _SAMPLE or self.near.calls < _BUDGET - _LADDER or len(chosen) < 3):
                self.inspection.look([k])
                chosen.append(k)
        return chosen

    def _judge_more(self, fit: np.ndarray) -> None:
        """Much is wrong: more components show the pattern sooner than halving would."""
        self.inspection.look(self.random.permutation(np.flatnonzero(fit))[: 2 * _CULPRITS].tolist())
        rest = int(fit.sum()) - len(self.inspection.found)
        self.notes.append(f"half of the components that were drawn do not pass: the other {rest:,} were not searched")

    def _pursue(self, looks: list[Look]) -> list[Look]:
        """Find the components behind each direction that is off; the directions without them."""
        culprits: list[int] = []
        cleared: list[Look] = []
        for look in looks:
            if look.state != "off":
                cleared.append(look)
                continue
            rest = look
            while rest.state == "off" and len(culprits) < _CULPRITS:
                k = self._culprit(rest)
                self.inspection.look([k])
                if self.inspection.holds(k):
                    break
                culprits.append(k)
                d = rest.d.copy()
                d[culprits] = 0.0
                rest = self._look(d)
            cleared.append(rest)
        if len(culprits) >= _CULPRITS and any(look.state == "off" for look in cleared):
            self.notes.append(f"{_CULPRITS} components were found out one by one; there are more like them")
        return cleared

    def _culprit(self, look: Look) -> int:
        """The component that most of a disagreement comes down to, by halving."""
        places, clue = np.flatnonzero(look.d), look.clue()
        while places.size > 1:
            places = max(np.array_split(places, 2), key=lambda part: self._oddity(look.d, part, clue))
        return int(places[0])

    def _oddity(self, d: Vector, places: np.ndarray, clue: Clue) -> float:
        """By how much f and the claim part along a part of a direction: two calls of f."""
        part = np.zeros(d.shape)
        part[places] = d[places]
        line, j, h = self.near.direction(part), clue.output, clue.step
        base = float(self.near.base[j])
        above = float(line(h)[j])
        below = 2 * base - above if clue.inward else float(line(-h)[j])
        apart = abs((above - below) / (2 * h) - self._claimed(part)[0][j])
        bend = abs(above + below - 2 * base) / h
        odd = max(apart, bend) if clue.bent else apart
        return odd if math.isfinite(odd) else math.inf

    # -- the whole ---------------------------------------------------------------------------------
    def _conclude(self, fit: np.ndarray, looks: list[Look]) -> None:
        """What the directions say of the components that were not looked at, and how finely."""
        near = self.near
        rest = self._rest(fit)
        visible = _visible(looks, fit.size)
        self.sensitivity = float(np.max(visible[rest], initial=0.0))
        certain = np.any([np.zeros(fit.size), *(look.d for look in looks if look.state == "agree")], axis=0)
        spans = [(name, near.span(i)) for i, name in enumerate(near.names)]
        open_leaves = [(name, span) for name, span in spans if fit[span].any() and not certain[span].any()]
        told = rest.copy()
        for _, span in open_leaves:
            told[span] = False
        self.covered = int(np.sum(told))
        self._complain(looks, [name for name, _ in open_leaves])
        hidden = int(np.sum(told & self._unseen(fit, looks, _HIDDEN)))
        if hidden:
            self.doubts.append(
                f"in {hidden:,} components an error of a tenth of what is usual there might not have shown: "
                "components='all' judges each by itself"
            )
        missed = int(np.sum(~fit)) - sum(1 for k in self.inspection.found if not fit[k])
        if missed:
            self.doubts.append(
                f"{missed:,} more components are not finite, or have no room to move, and were not looked at"
            )

    def _complain(self, looks: list[Look], open_leaves: list[str]) -> None:
        off = next((look for look in looks if look.state == "off"), None)
        seen = self.inspection.verdicts()
        failed = seen != {"AGREE"}
        if off is not None and seen <= set(LENIENT):
            self.faults.append(self._unexplained(off, sorted(seen - {"AGREE"})))
        elif open_leaves and not failed:
            noise = max((s.noise for look in looks for s in look.slopes), default=math.nan)
            self.doubts.append(f"the screening could not certify {', '.join(open_leaves)}: f scatters by {noise:.1e}")

    def _unexplained(self, off: Look, others: list[str]) -> str:
        """Of a direction that is off, though nothing that was judged is wrong."""
        j = int(np.argmax(np.abs(off.claimed - [s.value for s in off.slopes]) / off.bars))
        seen = f"{off.slopes[j].value:.10g} ± {off.bars[j]:.1e} ({off.slopes[j].status})"
        what = f"along a random direction the gradient gives {off.claimed[j]:.10g} and the differences {seen}, "
        if not others:
            return what + "though no component stands out"
        return what + f"and {' and '.join(others)} hide what else there is: components='all' judges each by itself"


def _visible(looks: list[Look], size: int) -> Vector:
    """Of each component the error that would have shown along one of the directions, under noise too."""
    visible = np.full(size, np.inf)
    for look in looks:
        if look.state in ("agree", "noisy"):
            used = np.flatnonzero(look.d)
            visible[used] = np.fmin(visible[used], np.max(look.bars) / np.abs(look.d[used]))
    return visible
