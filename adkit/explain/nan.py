"""Where a nan or an infinity comes from: the first operation that made one of finite numbers, and the person's line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..calls import Argnums, Call, ones_like
from ..errors import place
from ..primitives import Elementwise, Primitive, guard
from ..reverse import Entry, Tape, Variable, record, walk_guarded
from ..tracing import plain

HINTS = {
    "sqrt": "sqrt has slope inf at 0: guard it inside, np.sqrt(np.where(ok, x, 1.0)), or add a small number",
    "log": "guard its argument inside, np.log(np.where(ok, x, 1.0)), or use np.log1p, np.logaddexp",
    "divide": "guard the divisor inside, a / np.where(ok, b, 1.0)",
    "power": "a negative base has no real power that is not whole; at base 0 the slope of a power below 1 is inf",
    "exp": "subtract the largest exponent first, or use np.logaddexp, np.expm1",
}


@dataclass(frozen=True)
class NanReport:
    """The operation at which a value or a derivative stops being finite.

    Attributes:
        kind: "value" where the result of the operation is not finite, "derivative" where only its derivative is not,
            and "argument" where f was given such a number.
        operation: the name of the operation in the table, or of the argument.
        place: file, line and expression of the person's code.
        inputs: the numbers that the operation took, at the first element that is not finite.
        outcome: the number that came of them: a value, or a cotangent.
        index: where that element stands in the result of the operation; () of a number.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> report = ad.explain_nan(lambda x: np.sum(np.log(x)), np.array([1.0, 0.0]))
        >>> report.kind, report.operation, report.inputs, report.outcome, report.index
        ('value', 'log', (0.0,), -inf, (1,))
    """

    kind: str
    operation: str
    place: str
    inputs: tuple[Any, ...]
    outcome: Any
    index: tuple[int, ...]

    def __str__(self) -> str:
        element = f", element {list(self.index)}" if self.index else ""
        if self.kind == "argument":
            return f"{self.operation} is {self.outcome}{element}"
        taken = ", ".join(map(str, self.inputs))
        what = f"{self.operation}({taken})" if self.kind == "value" else f"the derivative of {self.operation}({taken})"
        hint = f"; {HINTS[self.operation]}" if self.operation in HINTS else ""
        return f"{what} is {self.outcome}{element}{self.place}{hint}"


class _NotingTape(Tape):
    """A tape that keeps every number, and notes the person's line of every operation."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, str] = {}
        self.append = self._noting(self.append)

    def _noting(self, append: Callable[[Entry], None]) -> Callable[[Entry], None]:
        def note(entry: Entry) -> None:
            self.places[entry[0]] = place()
            append(entry)

        return note

    def _kept(self, primitive: Primitive, out: Any, values: Any, parents: Any) -> tuple[Any, tuple[Any, ...]]:
        return out, tuple(self.hold(x, parent) for x, parent in zip(values, parents, strict=True))

    def _kept_elementwise(self, row: Any, out: Any, x: Any, y: Any, p: Any, q: Any) -> Any:
        return out, self.hold(x, p), self.hold(y, q)


def explain_nan(f: Callable[..., Any], *args: Any, argnums: Argnums = 0, **kwargs: Any) -> NanReport | None:
    """Where a nan or an infinity in f's value or gradient comes from.

    Args:
        f: a function in plain NumPy, of any output shape.
        *args: its arguments, at which the value or the gradient is not finite.
        argnums: the arguments that the derivative is taken by.
        **kwargs: keyword arguments for f.

    Returns:
        The first operation that made a nan or an infinity of finite numbers on the way to the output, with its inputs
        and the line of your code; or the first whose derivative did, where the value is finite. None where all is
        finite.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def length(x):
        ...     return np.sqrt(np.sum(x * x))
        >>> print(str(ad.explain_nan(length, np.zeros(3))).partition(" at ")[0])
        the derivative of sqrt(0.0) is inf
    """
    call = Call(f, argnums, args, kwargs)
    for name, leaf in zip(call.names, call.leaves, strict=True):
        if (index := _not_finite(leaf)) is not None:
            return NanReport("argument", name, "", (), _at(leaf, index), index)
    with np.errstate(all="ignore"):
        (outputs, _), _, tape = record(lambda leaves: call.output_leaves(call(leaves)), call.leaves, _NotingTape)
        outputs = [x for x in outputs if tape.owns(x) and x.index is not None]
        return _first_value(tape, outputs) or _first_derivative(tape, outputs)


def _first_value(tape: _NotingTape, outputs: list[Variable]) -> NanReport | None:
    """The first operation with a result that is not finite, among those that such an output comes from."""
    wanted = {x.index for x in outputs if _not_finite(x.value) is not None}
    found: NanReport | None = None
    for index, primitive, out, args, parents, _ in reversed(tape.operations()):
        if index not in wanted or (element := _not_finite(out)) is None:
            continue
        pairs = zip(parents, args, strict=True)
        culprits = [parent for parent, x in pairs if parent is not None and _not_finite(x) is not None]
        if culprits:
            wanted.update(culprits)
        else:
            found = _report("value", primitive, tape.places[index], args, out, out, element)
    return found


def _first_derivative(tape: _NotingTape, outputs: list[Variable]) -> NanReport | None:
    """The first operation that made a cotangent that is not finite of one that is."""
    operations = tape.operations()
    numbers = {id(operation.args): operation.number for operation in operations}
    found: dict[int, NanReport] = {}

    def pull(primitive: Primitive, i: int, cotangent: Any, out: Any, args: Any, params: Any) -> Any:
        share = guard.pull(primitive, i, cotangent, out, args, params)
        element = _not_finite(share.derivative)
        if element is not None and _not_finite(cotangent.derivative) is None:
            index = numbers[id(args)]
            found[index] = _report("derivative", primitive, tape.places[index], args, share.derivative, out, element)
        return share

    walk_guarded(tape, [(x, ones_like(x.value)) for x in outputs], pull, operations)
    return found[min(found)] if found else None


def _report(
    kind: str, primitive: Primitive, where: str, args: Any, numbers: Any, out: Any, element: tuple[int, ...]
) -> NanReport:
    """The report of one operation at one element."""
    if isinstance(primitive, Elementwise):
        taken = tuple(_broadcast_at(x, out, element) for x in args)
    else:
        taken = tuple(_summary(x) for x in args)
    return NanReport(kind, primitive.name, where, taken, _at(numbers, element), element)


def _not_finite(x: Any) -> tuple[int, ...] | None:
    """Where the first element that is not finite stands; None where all are."""
    array = np.asarray(plain(x))
    if array.dtype.kind not in "fc" or (finite := np.isfinite(array)).all():
        return None
    return tuple(int(i) for i in np.argwhere(~finite)[0])


def _at(x: Any, index: tuple[int, ...]) -> Any:
    return np.asarray(plain(x))[index].item()


def _broadcast_at(x: Any, out: Any, element: tuple[int, ...]) -> Any:
    """The number that an argument of an elementwise operation has at an element of its result."""
    array, shape = np.asarray(plain(x)), np.shape(plain(out))
    if len(element) != len(shape):
        return _summary(x)
    return np.broadcast_to(array, shape)[element].item()


def _summary(x: Any) -> Any:
    """A number as it is; an array by its shape."""
    array = np.asarray(plain(x))
    return array.item() if array.ndim == 0 else _Shape(array.shape)


class _Shape(tuple[int, ...]):
    """An array in the place of an input, shown by its shape."""

    def __str__(self) -> str:
        return f"array of shape {tuple.__repr__(self)}"
