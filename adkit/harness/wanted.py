"""What is asked of a method at a point: the gradient or the Jacobian of f, its numbers in flat vectors."""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..calls import Call, Leaves
from ..containers import flatten
from ..errors import BadRequest
from ..numerical import own
from ..records import Derivative
from ..tracing import plain

Vector = np.ndarray[Any, np.dtype[Any]]
# So many binary digits are kept of the step to the second point: floats reach it exactly.
SECOND = 2.0**-6


@contextmanager
def quiet() -> Iterator[None]:
    """f is called beside its point: what it warns of there concerns nobody."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# -- numbers in vectors ----------------------------------------------------------------------------
def flat(leaves: Any) -> Vector:
    """All numbers of a container in one vector of doubles; a complex one counts as two."""
    found = [_doubles(leaf) for leaf in flatten(leaves)[0]]
    return np.concatenate(found) if found else np.zeros(0)


def _doubles(leaf: Any) -> Vector:
    leaf = np.atleast_1d(plain(leaf))
    return leaf.astype(complex).ravel().view(float) if leaf.dtype.kind == "c" else leaf.astype(float).ravel()


def width(leaf: Any) -> int:
    """How many real numbers a leaf holds."""
    return np.size(leaf) * (2 if np.iscomplexobj(leaf) else 1)


def largest(vector: Vector) -> float:
    """The largest finite component."""
    return float(np.max(np.abs(vector), where=np.isfinite(vector), initial=0.0))


def unflat(vector: Vector, leaves: Sequence[Any]) -> Leaves:
    """A vector as new leaves of the shapes and types of these."""
    ends = np.cumsum([width(leaf) for leaf in leaves])[:-1]
    pieces = np.split(vector, ends) if leaves else []
    return [_leaf(np.array(piece), leaf) for piece, leaf in zip(pieces, leaves, strict=True)]


def _leaf(piece: Vector, leaf: Any) -> Any:
    piece = piece.view(complex) if np.iscomplexobj(leaf) else piece
    if isinstance(leaf, np.ndarray):
        return piece.reshape(leaf.shape).astype(leaf.dtype)
    return type(leaf)(piece[0])


def matrix(rows: Sequence[Leaves], leaves: Sequence[Any]) -> Vector:
    """The blocks [output leaf][input leaf] of a Jacobian in one vector, output by output."""
    return np.concatenate([np.zeros(0), *(_band(row, leaves) for row in rows)])


def _band(row: Leaves, leaves: Sequence[Any]) -> Vector:
    """The blocks of one output leaf, side by side."""
    pairs = list(zip(row, leaves, strict=True))
    height = math.prod(np.shape(row[0])[: np.ndim(row[0]) - np.ndim(leaves[0])]) if pairs else 0
    parts = [flat([block]).reshape(height, width(leaf)) for block, leaf in pairs]
    return np.concatenate(parts, axis=1).ravel() if parts else np.zeros(0)


def turn(leaves: Sequence[Any]) -> Vector:
    """By what the slope along each number is multiplied: of a real f by z = x + iy the gradient is df/dx - i df/dy."""
    signs = [np.tile([1.0, -1.0], np.size(x)) if np.iscomplexobj(x) else np.ones(np.size(x)) for x in leaves]
    return np.concatenate([np.zeros(0), *signs])


# -- what is asked ---------------------------------------------------------------------------------
class Wanted:
    """f at a point, called as a black box: each call gets arrays of its own.

    Attributes:
        numbers: the real numbers of the point.
        value: the outputs at the point; `size` is how many.
        writes: whether f changes its argument.
    """

    def __init__(self, call: Call, derivative: Derivative) -> None:
        self.call = call
        self.derivative: Derivative = derivative
        self.leaves: Leaves = [own(x) for x in call.leaves]
        self.numbers = flat(self.leaves)
        mine = self.copies()
        self.value = self._real(mine)
        self.writes = fingerprint(mine) != fingerprint(self.leaves)
        self.size = self.value.size

    @property
    def complex(self) -> bool:
        return any(np.iscomplexobj(leaf) for leaf in self.leaves)

    def copies(self) -> Leaves:
        """The point, for somebody who may write into it."""
        return [own(x) for x in self.leaves]

    def outputs(self, leaves: Leaves | None = None) -> Vector:
        """The outputs of f in one vector."""
        return self._real([own(x) for x in (self.leaves if leaves is None else leaves)])

    def _real(self, leaves: Leaves) -> Vector:
        found = self._outputs(leaves)
        if np.iscomplexobj(found):
            raise BadRequest("a comparison needs f to return real numbers: return np.real(...) or np.imag(...) of them")
        return found

    def _outputs(self, leaves: Leaves) -> Vector:
        found = [self.call.scalar(leaves)] if self.derivative == "gradient" else self.each_output(leaves)[0]
        parts = [np.atleast_1d(plain(out)).ravel() for out in found]
        return np.concatenate([np.zeros(0), *parts])

    def each_output(self, leaves: Leaves) -> Any:
        """The output leaves, which may be traced, and their structure."""
        return self.call.output_leaves(self.call(leaves))

    def at(self, numbers: Vector) -> Vector:
        """The outputs at other numbers; nan where f has none."""
        try:
            found = self.outputs(unflat(numbers, self.leaves))
        except (ValueError, ArithmeticError):
            return np.full(self.size, np.nan)
        return found if found.size == self.size else np.full(self.size, np.nan)

    def moved(self, leaves: Leaves) -> Wanted:
        """The same question at another point."""
        return Wanted(self.call.moved(leaves), self.derivative)

    def nearby(self) -> Iterator[Leaves]:
        """Points beside this one, none of whose numbers is the same."""
        for share in (SECOND, -SECOND, SECOND / 64, -SECOND / 64):
            steps = share * np.where(self.numbers == 0, 1.0, self.numbers)
            steps *= np.random.default_rng(0).choice([1.0, 0.5], steps.shape)
            yield unflat(self.numbers + steps, self.leaves)


# -- what must stay as it is -----------------------------------------------------------------------
def fingerprint(*trees: Any) -> str:
    """A text that tells whether numbers, their types or their shapes have changed: the same on every machine."""
    digest = hashlib.sha256()
    for leaf in flatten(trees)[0]:
        digest.update(_bytes(leaf))
    return digest.hexdigest()[:16]


def _bytes(leaf: Any) -> bytes:
    """A leaf's type and contents; of what holds no numbers only what kind of thing it is."""
    if isinstance(leaf, (np.ndarray, np.generic)) and not leaf.dtype.hasobject:
        array = np.ascontiguousarray(leaf)
        return f"{array.dtype.str}{np.shape(leaf)}".encode() + array.tobytes()
    plain_kinds = (bool, int, float, complex, str, bytes, type(None))
    return (repr(leaf) if isinstance(leaf, plain_kinds) else type(leaf).__qualname__).encode()


class Kept:
    """Arguments as they were: whether somebody has written into them, and how to undo it."""

    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.trees = (tuple(args), dict(kwargs))
        self.arrays = [(x, x.copy("K")) for x in self._leaves() if isinstance(x, np.ndarray)]
        self.before = self._others()

    def _leaves(self) -> list[Any]:
        return flatten(self.trees)[0]

    def _others(self) -> str:
        """What is no array: numbers in a list, say."""
        return fingerprint([x for x in self._leaves() if not isinstance(x, np.ndarray)])

    def changed(self) -> bool:
        """Whether they are not what they were; arrays are again after the call."""
        written = [(x, copy) for x, copy in self.arrays if not _same(x, copy)]
        for x, copy in written:
            x[...] = copy
        return bool(written) or self._others() != self.before


def _same(x: Any, copy: Any) -> bool:
    return x.shape == copy.shape and np.array_equal(x, copy, equal_nan=x.dtype.kind in "fc")
