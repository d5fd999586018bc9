"""What a derivative is judged against: statements that share no code with the methods judged, and that agree."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from ..calls import Leaves
from ..errors import BadRequest
from .precision import LOOSEST, rounding
from .subjects import Subject
from .timing import once
from .wanted import Vector, Wanted, fingerprint, largest, quiet
from .witnesses import BY_HAND, CALLS, DIFFERENCES, DIGITS, Reference, Witnesses, counted

__all__ = ["BY_HAND", "DIFFERENCES", "Elsewhere", "Reference", "References", "references_for"]


@dataclass(frozen=True)
class Elsewhere:
    """Another point, and what is true there: a method that repeats itself is found out."""

    leaves: Leaves
    value: Vector
    reference: Reference
    condition: float = 1.0


@dataclass(frozen=True)
class References:
    """All that a cell has to know of the truth; it can be pickled.

    Attributes:
        value: the outputs of f in one vector.
        first: what is judged by.
        second: what bears it out, where something could be had.
        gap: how far the two are apart, relative to the largest component.
        condition: by how much f was seen to amplify rounding errors, at least 1.
        elsewhere: what is true at a second point, where that could be had.
        inputs_hash: of all the arguments, with their dtypes and shapes.
        trouble: why there is nothing to judge by; "" where there is.
        odd: which one does not agree with the two that do.
    """

    value: Vector
    first: Reference
    second: Reference | None = None
    gap: float | None = None
    condition: float = 1.0
    elsewhere: Elsewhere | None = None
    inputs_hash: str = ""
    trouble: str = ""
    odd: str = ""

    @property
    def name(self) -> str:
        """What a table says of the reference: what it is, and what agrees with it."""
        if self.second is None:
            return self.first.name
        agree = "agree" if self.second.name.startswith(DIFFERENCES) else "agrees"
        how = f"to {self.gap:.0e}" if self.gap else "exactly"
        return f"{self.first.name} ({self.second.name} {agree} {how}{self.odd})"


def references_for(subject: Subject, patience: float = 10.0) -> References:
    """What to judge by: the derivative by hand of a problem, else 50 digits, else a complex step, else differences.

    Two of them must agree; where they do not, a third decides. A gradient that a person hands in with a function of
    their own is there to be judged, not to judge by. Of an f that is slow, as much is asked as `patience` (seconds)
    allows.
    """
    began = time.monotonic()
    wanted = Wanted(subject.call(), subject.derivative)
    known = References(
        wanted.value, Reference("none", np.zeros(0)), inputs_hash=fingerprint(subject.args, subject.kwargs)
    )
    if not np.all(np.isfinite(wanted.value)):
        value = wanted.value[0] if wanted.size == 1 else "not finite"
        raise BadRequest(f"{subject.problem} is {value} at this point, so there is nothing to compare: choose another")
    trouble, call_s = once(lambda: _trouble(wanted))
    if trouble:
        return replace(known, trouble=trouble)
    with quiet():
        return _decided(Witnesses(subject, wanted, call_s, began + patience), known)


def _trouble(wanted: Wanted) -> str:
    """What no f should do: then there is nothing that a method could be compared with."""
    if wanted.writes:
        return "f changes its argument, so that it is another function with every call: let it work on a copy"
    again = wanted.outputs()
    if again.shape != wanted.value.shape or not np.array_equal(again, wanted.value, equal_nan=True):
        close = again.shape == wanted.value.shape and np.allclose(again, wanted.value, rtol=1e3 * np.finfo(float).eps)
        if not close:
            return "f gave another value when it was called again: without its randomness fixed it has no derivative"
    return ""


def _decided(witnesses: Witnesses, known: References) -> References:
    """The first two witnesses that agree; the odd one out of three is named."""
    heard: list[Reference] = []
    for witness in witnesses:
        for earlier in heard:
            gap, allowed = apart(earlier, witness, witnesses)
            if gap <= min(allowed, LOOSEST):
                rival = next((one for one in heard if one is not earlier and _agree(one, witness, witnesses)), None)
                if rival is not None:
                    # Where the two differ, the third has nothing to say: at a kink, say.
                    return _undisputed(witnesses, known, earlier, rival)
                return _agreed(witnesses, known, earlier, witness, gap, heard)
            if gap <= allowed and witness.name == DIGITS:
                # In double precision no digit is left that could disagree.
                return _with_elsewhere(witnesses, replace(known, first=witness, condition=witnesses.condition))
        heard.append(witness)
        if len(heard) == 3:
            break
    if len(heard) == 1:
        return _with_elsewhere(witnesses, replace(known, first=heard[0], condition=witnesses.condition))
    if not heard:
        return replace(known, trouble=witnesses.failure or "nothing could be found that would serve as a reference")
    gap, _ = apart(heard[0], heard[1], witnesses)
    third = f", and {heard[2].name} with neither" if len(heard) == 3 else ""
    return replace(known, trouble=f"{heard[0].name} and {heard[1].name} do not agree ({gap:.0e} apart){third}")


def _agreed(
    witnesses: Witnesses, known: References, a: Reference, b: Reference, gap: float, heard: list[Reference]
) -> References:
    odd = [one.name for one in heard if one is not a]
    words = f", unlike {odd[0]}" if odd else ""
    # Of two that agree, that with 50 digits says best how far off a method is.
    numbers = b.gradient if b.name == DIGITS else a.gradient
    first = replace(a, gradient=numbers)
    found = replace(known, first=first, second=b, gap=gap, condition=witnesses.condition, odd=words)
    return _with_elsewhere(witnesses, found)


def _agree(a: Reference, b: Reference, witnesses: Witnesses) -> bool:
    gap, allowed = apart(a, b, witnesses)
    return gap <= min(allowed, LOOSEST)


def _undisputed(witnesses: Witnesses, known: References, a: Reference, b: Reference) -> References:
    """What two references say alike, where nothing decides between them for the rest."""
    places = _common(a, b)
    mine, theirs = a.at(places), b.at(places)
    allowed = rounding(witnesses.wanted.call) * witnesses.condition * (largest(a.gradient) or 1.0)
    alike = (mine == theirs) | (np.abs(mine - theirs) <= a.bars_at(places) + b.bars_at(places) + allowed)
    if not alike.any():
        return replace(known, trouble=f"{a.name} and {b.name} do not agree, and nothing decides between them")
    name = f"{a.name}, but for {counted(int(np.sum(~alike)), 'component')} in which {b.name} differs"
    first = Reference(name, mine[alike], components=places[alike])
    return _with_elsewhere(witnesses, replace(known, first=first, condition=witnesses.condition))


def _with_elsewhere(witnesses: Witnesses, found: References) -> References:
    """The same with what is true at a second point."""
    for leaves in witnesses.wanted.nearby():
        if not witnesses.has_time(2 * CALLS):
            break
        try:
            wanted = witnesses.wanted.moved(leaves)
            reference = witnesses.at(wanted, found.first) if np.all(np.isfinite(wanted.value)) else None
        except Exception:  # f may refuse other points for whatever reason it has
            continue
        if reference is not None and wanted.size == witnesses.wanted.size:
            condition = witnesses.condition_at(wanted, reference)
            return replace(found, elsewhere=Elsewhere(leaves, wanted.value, reference, condition))
    return found


def apart(a: Reference, b: Reference, witnesses: Witnesses) -> tuple[float, float]:
    """How far two references are apart, relative to the largest component, and how far they may be.

    Each of the components, and each of the slopes along the directions of `b`, counts against its own bar.
    """
    places = _common(a, b)
    mine, theirs = a.at(places), b.at(places)
    scale = largest(a.gradient) or 1.0
    noise = rounding(witnesses.wanted.call) * witnesses.condition
    bars = a.bars_at(places) + b.bars_at(places) + noise * scale
    off, most = _excess(mine, theirs, bars, scale, noise)
    if b.slopes.size and a.components is None:
        along = b.weights(witnesses.wanted.leaves) * a.gradient
        further = _excess(along.sum(axis=1), b.slopes, b.slope_bars + noise * np.abs(along).sum(axis=1), scale, noise)
        if further[0] > further[1]:
            off, most = max((off, most), further, key=lambda pair: pair[0] / pair[1])
    return off, most


def _common(a: Reference, b: Reference) -> Vector:
    """The components that both speak of."""
    if a.components is None and b.components is None:
        return np.arange(a.gradient.size)
    if a.components is None or b.components is None:
        chosen = b.components if a.components is None else a.components
        assert chosen is not None
        return chosen
    return np.intersect1d(a.components, b.components)


def _excess(mine: Vector, theirs: Vector, bars: Vector, scale: float, noise: float) -> tuple[float, float]:
    """The largest difference and what is allowed, relative; of several that exceed their bars the worst."""
    if not mine.size:
        return 0.0, noise
    same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
    off = np.where(same, 0.0, np.nan_to_num(np.abs(mine - theirs), nan=np.inf, posinf=np.inf))
    k = int(np.argmax(off / bars)) if np.any(off > bars) else int(np.argmax(off))
    return float(off[k] / scale), float(max(bars[k] / scale, off[k] / scale if off[k] <= bars[k] else 0.0))
