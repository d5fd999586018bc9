"""Components judged one by one: the slopes of f, what is claimed of them, and the records that come of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ..numerical.adaptive import Slope, slopes
from ..records import Component
from .claim import Claim
from .judging import Judgement, Measure, judge
from .referee import Referee

# Of each output by each leaf.
Scales = tuple[np.ndarray, np.ndarray]
_NOTHING = Slope(math.nan, math.inf, math.nan, math.nan, 0, "unresolved", math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Settings:
    """What the person asked for; of `components`, None is for adkit to choose."""

    rtol: float = 0.0
    atol: float = 0.0
    seed: int = 0
    components: int | None = None
    label: str = ""


class Inspection:
    """A claim, the referee, and the slopes found so far by the place of their component in the point."""

    def __init__(
        self, referee: Referee, claim: Claim, settings: Settings, tick: Callable[[int, int], None] = lambda i, n: None
    ) -> None:
        self.referee = referee
        self.claim = claim
        self.settings = settings
        self.tick = tick
        self.found: dict[int, list[Slope]] = {}
        self.size: float = float(np.max(np.abs(claim.matrix), where=np.isfinite(claim.matrix), initial=0.0))

    def look(self, places: Iterable[int]) -> None:
        """Find the slopes along these components."""
        for k in places:
            if k not in self.found:
                self.found[k] = self._slopes(k)
                self.tick(len(self.found), self.referee.point.size)

    def _slopes(self, k: int) -> list[Slope]:
        near, x = self.referee, float(self.referee.point[k])
        if not math.isfinite(x) or near.random:
            return [_NOTHING] * near.base.size
        low, high = float(near.lower[k]) - x, float(near.upper[k]) - x
        if low >= high or not np.isfinite(near.base).any():
            return [_NOTHING] * near.base.size
        return slopes(near.component(k), abs(x), near.epsilon, lower=low, upper=high)

    # -- judging -----------------------------------------------------------------------------------
    def components(self) -> list[Component]:
        """A record of each derivative that was looked at."""
        scales = self._scales()
        return [self._record(k, j, slope, scales) for k, found in self.found.items() for j, slope in enumerate(found)]

    def holds(self, k: int) -> bool:
        """Whether the derivatives by one component agree."""
        scales = self._scales()
        return all(self._judged(k, j, slope, scales).verdict == "AGREE" for j, slope in enumerate(self.found[k]))

    def verdicts(self) -> set[str]:
        """Those on the components that were looked at."""
        return {judgement.verdict for found in self.outcomes().values() for judgement in found}

    def outcomes(self) -> dict[int, list[Judgement]]:
        """The judgement of each derivative by the components that were looked at."""
        scales = self._scales()
        return {k: [self._judged(k, j, s, scales) for j, s in enumerate(found)] for k, found in self.found.items()}

    def _scales(self) -> Scales:
        """The largest slope seen of each output by each leaf, and the largest share of one in what f does."""
        near = self.referee
        slopes, shares = np.zeros((2, len(near.leaves), near.base.size))
        for k, found in self.found.items():
            values = np.array([slope.value for slope in found])
            sizes = np.where(np.isfinite(values), np.abs(values), 0.0)
            i = near.where(k)[0]
            slopes[i] = np.maximum(slopes[i], sizes)
            shares[i] = np.maximum(shares[i], sizes * self._extent(k))
        return slopes, shares

    def _extent(self, k: int) -> float:
        """How far a number of the point may be expected to move: by its own size, or by that of the largest beside."""
        near, x = self.referee, abs(float(self.referee.point[k]))
        if x:
            return x
        beside = np.abs(near.point[near.span(near.where(k)[0])])
        return float(np.max(beside, where=np.isfinite(beside), initial=0.0)) or 1.0

    def _judged(self, k: int, j: int, slope: Slope, scales: Scales) -> Judgement:
        near, a = self.referee, float(self.claim.matrix[j, k])
        if near.random:
            return Judgement("NONDETERMINISTIC", math.inf, f"f gives values {near.scatter:.2g} apart at the same point")
        if not math.isfinite(near.point[k]):
            return Judgement("NONFINITE", math.inf, f"x itself is {near.point[k]}")
        if not math.isfinite(near.base[j]):
            return Judgement("NONFINITE", math.inf, f"f itself is {near.base[j]} at this point")
        # The one call there was is that at the point.
        if slope.calls <= 1:
            return Judgement("UNRESOLVED", math.inf, "the bounds leave it no room to move")
        return judge(a, slope, self._measure(k, j, scales))

    def _measure(self, k: int, j: int, scales: Scales) -> Measure:
        near, x, i = self.referee, abs(float(self.referee.point[k])), self.referee.where(k)[0]
        # A slope by a number that is tiny beside this one is as large as it may be, and says nothing of this one.
        size = min(float(found[i, j]) for found in (scales[0], scales[1] / self._extent(k)))
        return Measure(
            epsilon=near.epsilon,
            claim_epsilon=float(self.claim.epsilon[k]),
            scale=size,
            size=size,
            rtol=self.settings.rtol,
            atol=self.settings.atol,
            resolution=near.epsilon * x,
            level=max(abs(float(near.base[j])), float(near.change[j])),
            at_bound=near.point[k] in (near.lower[k], near.upper[k]),
        )

    def _record(self, k: int, j: int, slope: Slope, scales: Scales) -> Component:
        near, a = self.referee, float(self.claim.matrix[j, k])
        i, index = near.where(k)
        judgement = self._judged(k, j, slope, scales)
        return Component(
            argument=self.settings.label + near.names[i],
            index=index,
            output=near.output(j),
            x=float(near.point[k]),
            analytic=a,
            numerical=float(slope.value),
            bar=float(judgement.bar),
            abs_error=float(abs(a - slope.value)),
            rel_error=_relative(a, float(slope.value)),
            step=float(slope.step),
            verdict=judgement.verdict,
            hint=judgement.hint,
            left=float(slope.left),
            right=float(slope.right),
            noise=float(slope.noise),
        )


def _relative(a: float, n: float) -> float:
    """The difference of two numbers relative to the larger one."""
    if a == n:
        return 0.0
    return abs(a - n) / max(abs(a), abs(n)) if math.isfinite(a) and math.isfinite(n) else math.nan
