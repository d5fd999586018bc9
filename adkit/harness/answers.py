"""What a method answers: its numbers as they come from it, before adkit puts them into the shapes of the arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..calls import Call, Leaves, kind_of
from ..errors import ArgumentError
from ..methods import Cache, Manual, Method
from ..numerical import epsilon_of
from ..primitives.table import dtype_of, shape_of
from ..records import Row
from ..tracing import plain
from .wanted import Vector, flat, matrix


class FaultyError(Exception):
    """What a method gave is wrong, in words."""


@dataclass(frozen=True)
class Answer:
    """The outputs of f and its derivative, each in one vector."""

    value: Vector
    derivative: Vector


class Listening(Call):
    """A call that keeps the leaves of a gradient as somebody else's code returned them."""

    returned: Leaves | None = None

    @classmethod
    def to(cls, call: Call) -> Listening:
        """The same call, with an ear."""
        found = cls.__new__(cls)
        found.__dict__.update(vars(call))
        return found

    def rearranged(self, gradient: Any, source: str) -> Leaves:
        self.returned = self.leaves_of(gradient)
        _require_numbers(self.returned or [], self)
        try:
            return super().rearranged(gradient, source)
        except ArgumentError as error:
            raise FaultyError(str(error)) from None


@dataclass(frozen=True)
class Given:
    """What a method returned to a call: the outputs, and for each the parts of its derivative."""

    call: Listening
    outputs: Leaves
    rows: list[Leaves]
    scalar: bool


def asked(method: Method, call: Call, cache: Cache, row: Row) -> Given:
    """One value and derivative by a method."""
    call = Listening.to(call)
    if row.derivative == "gradient":
        out, leaves = method.value_and_gradient(call, cache)
        return Given(call, [out], [leaves], scalar=True)
    try:
        outputs, _, rows = method.jacobian(call, cache)
    except ArgumentError as error:
        # A method refuses arguments that it does not take; by hand it is the result that is refused.
        raise FaultyError(str(error)) if isinstance(method, Manual) else error from None
    return Given(call, outputs, rows, scalar=False)


def answered(given: Given) -> Answer:
    """The same in vectors, its shapes and dtypes looked at."""
    call, outputs, rows = given.call, given.outputs, given.rows
    if len(outputs) != len(rows):
        raise FaultyError(f"the Jacobian has {len(rows)} rows of blocks for {len(outputs)} outputs")
    for out, leaves in zip(outputs, rows, strict=True):
        _require_shapes(leaves, call, () if given.scalar else shape_of(out))
        _require_dtypes(call.returned or leaves if given.scalar else leaves, call, out)
    if given.scalar:
        call.gradient(rows[0])
    values = [np.atleast_1d(np.asarray(plain(out), float)).ravel() for out in outputs]
    derivative = flat(rows[0]) if given.scalar else matrix(rows, call.leaves)
    return Answer(np.concatenate([np.zeros(0), *values]), derivative)


def _require_numbers(leaves: Leaves, call: Call) -> None:
    for d, name in zip(leaves, call.names, strict=True):
        if isinstance(d, dict) or np.asarray(plain(d)).dtype.kind not in "fciu":
            raise FaultyError(f"the derivative by {name} is {kind_of(d)} where numbers are needed")


def _require_shapes(leaves: Leaves, call: Call, lead: tuple[int, ...]) -> None:
    """Each part must have the shape of its argument, behind that of the output."""
    if len(leaves) != len(call.leaves):
        raise FaultyError(f"the derivative has {len(leaves)} parts where the arguments have {len(call.leaves)}")
    for d, x, name in zip(leaves, call.leaves, call.names, strict=True):
        if shape_of(plain(d)) != (*lead, *shape_of(x)):
            raise FaultyError(
                f"the derivative by {name} has shape {shape_of(d)} where {(*lead, *shape_of(x))} is needed"
            )


def _require_dtypes(leaves: Leaves, call: Call, out: Any) -> None:
    """Each part must be numbers of the kind of its argument, and no shorter ones than it and the output are."""
    for d, x, name in zip(leaves, call.leaves, call.names, strict=True):
        if isinstance(plain(d), (int, float)) and not isinstance(plain(d), bool):
            continue
        given, wanted = dtype_of(d), dtype_of(x)
        kinds = "fciu" if wanted.kind == "c" else "fiu"
        short = epsilon_of(plain(d)) > max(epsilon_of(plain(x)), epsilon_of(plain(out)))
        if given.kind not in kinds or short:
            raise FaultyError(f"the derivative by {name} is {kind_of(plain(d))} where {wanted} is needed")
