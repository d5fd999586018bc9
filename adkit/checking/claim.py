"""The gradient that is judged: handed in as a function or as numbers, or computed by one of adkit's methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..calls import Call, Leaves, kind_of
from ..containers import flatten_like
from ..errors import AdkitError, ArgumentError, BadRequest
from ..methods import Method
from ..numerical import DOUBLE, epsilon_of
from ..tracing import plain
from ..vectors import Vector, vector_of
from .copies import copied, same
from .referee import REPRODUCIBLE, Referee, described

Shape = tuple[int, ...]
# The roundings of a method that is not exact are as if it computed with such an epsilon.
APPROXIMATE = 1e-7


@dataclass
class Claim:
    """A gradient or Jacobian in numbers.

    Attributes:
        matrix: one row per output of f, one column per number of the point.
        epsilon: the machine epsilon of each column's dtype.
        source: whose it is: "given", or the name of a method.
        value: what f is by the run that gave the gradient, one number per output; None where it was not said.
        faults: what is wrong with it before any number is looked at.
    """

    matrix: Vector
    epsilon: Vector
    source: str = "given"
    value: Vector | None = None
    faults: list[str] = field(default_factory=list)


# -- adkit's own -----------------------------------------------------------------------------------
def computed(method: Method, call: Call, referee: Referee) -> Claim:
    """The gradient, or of an f that returns more than one number the Jacobian, by a method."""
    call = call.moved(referee.leaves)
    if referee.structure is None and referee.base.size == 1:
        value, leaves = method.value_and_gradient(call, {})
        values, rows = [value], [leaves]
    else:
        values, _, rows = method.jacobian(call, {})
    claim = _claim(rows, referee, method.name)
    if not method.exact:
        claim.epsilon = np.maximum(claim.epsilon, APPROXIMATE)
    claim.value = vector_of(values)
    return claim


def second(method: Method, call: Call, referee: Referee) -> Claim:
    """The Hessian by a method, as the Jacobian of the gradient that the referee calls."""
    return _claim(method.hessian(call.moved(referee.leaves), {}), referee, method.name)


def _claim(rows: list[Leaves], referee: Referee, source: str) -> Claim:
    """One matrix of the blocks [output leaf][input leaf]."""
    sizes = [int(np.prod(shape)) for shape in referee.shapes]
    bands = [
        np.concatenate([np.reshape(plain(block), (m, -1)).astype(float) for block in row], axis=1)
        for m, row in zip(sizes, rows, strict=True)
        if m and referee.point.size
    ]
    matrix = np.concatenate(bands) if bands else np.zeros((referee.base.size, referee.point.size))
    widths = [np.size(leaf) for leaf in referee.leaves]
    epsilon = [max(DOUBLE, epsilon_of(*(row[i] for row in rows))) for i in range(len(widths))]
    return Claim(matrix, np.repeat(epsilon, widths), source)


# -- somebody's ------------------------------------------------------------------------------------
def given(grad: Any, call: Call, referee: Referee, what: str = "gradient") -> Claim:
    """What somebody hands in: numbers, or a function of f's arguments that is called twice."""
    if not callable(grad):
        return _claim(_arranged(grad, call, referee, f"the {what} handed in"), referee, "given")
    runs = [_run(grad, call, referee, what) for _ in range(2)]
    claim, again = (_claim(_arranged(result, call, referee, f"the {what}"), referee, "given") for result, _ in runs)
    claim.faults = list(dict.fromkeys(fault for _, faults in runs for fault in faults))
    claim.faults += _irreproducible(claim, again, what)
    return claim


def _run(grad: Any, call: Call, referee: Referee, what: str) -> tuple[Any, list[str]]:
    """What the function returns, and whether it wrote into its arguments."""
    args: list[Any] = [copied(arg) for arg in call.args]
    for i, part in zip(call.positions, call.split(copied(referee.leaves)), strict=True):
        args[i] = part
    kwargs: Mapping[str, Any] = copied(dict(call.kwargs))
    before = copied(args)
    try:
        result = copied(grad(*args, **kwargs))
    except AdkitError:
        raise
    except Exception as error:
        raise BadRequest(f"the {what} ({_named(grad)}) raised {described(error)}") from error
    changed = [f"argument {i}" for i, (mine, old) in enumerate(zip(args, before, strict=True)) if not same(mine, old)]
    return result, [f"the {what} changes {', '.join(changed)}: it must not write into its arguments"] if changed else []


def _named(grad: Any) -> str:
    code = getattr(grad, "__code__", None)
    name = getattr(grad, "__name__", type(grad).__name__)
    return f"{name}, {code.co_filename}:{code.co_firstlineno}" if code else name


def _irreproducible(claim: Claim, again: Claim, what: str) -> list[str]:
    """Whether two calls gave different numbers, roundings apart."""
    if claim.matrix.size == 0:
        return []
    same_number = (claim.matrix == again.matrix) | (np.isnan(claim.matrix) & np.isnan(again.matrix))
    apart = float(np.max(np.where(same_number, 0, np.abs(claim.matrix - again.matrix))))
    finite = np.abs(claim.matrix[np.isfinite(claim.matrix)])
    if apart <= REPRODUCIBLE * float(np.max(claim.epsilon)) * float(np.max(finite, initial=0)):
        return []
    return [f"NONDETERMINISTIC: two calls of the {what} at the same point differ by {apart:.2g}"]


def _arranged(result: Any, call: Call, referee: Referee, source: str) -> list[Leaves]:
    """The blocks [output leaf][input leaf] of what was handed in, each in its shape; or a refusal."""
    if referee.structure is None:
        parts: list[Any] | None = [result]
    else:
        parts = flatten_like(referee.structure, result)
    if parts is None:
        raise ArgumentError(f"{source} is {kind_of(result)}, which has not the structure of what f returned")
    return [row(part, call, shape, source) for part, shape in zip(parts, referee.shapes, strict=True)]


def row(part: Any, call: Call, output: Shape, source: str) -> Leaves:
    """The derivatives of one output leaf with respect to each input leaf."""
    candidates = [found for found in (call.leaves_of(part), _entries(part, call)) if found is not None]
    if not candidates:
        lacks = "which has not the structure of the differentiated arguments"
        raise ArgumentError(f"{source} is {kind_of(part)}, {lacks}{_keys(part, call)}")
    for leaves in candidates:
        if all(_shape(d) in _fitting(output, np.shape(plain(x))) for d, x in zip(leaves, call.leaves, strict=True)):
            return [_numbers(d, f"{source} by {n}") for d, n in zip(leaves, call.names, strict=True)]
    _refuse_pair(part, call, output, source)
    several = isinstance(part, (tuple, list)) and len(call.args) > 1
    raise _misfit(candidates[-1 if several else 0], call, output, source)


def _keys(part: Any, call: Call) -> str:
    """Which keys of a dict are missing, and which nobody asked for."""
    wanted = call.structures[0]
    if len(call.structures) > 1 or wanted is None or wanted.kind is not dict or not isinstance(part, dict):
        return ""
    missing = [key for key in wanted.keys if key not in part]
    extra = [key for key in part if key not in wanted.keys]
    said = [
        f"{', '.join(map(repr, keys))} is {what}" for keys, what in ((missing, "missing"), (extra, "extra")) if keys
    ]
    return ": " + "; ".join(said) if said else ""


def _entries(part: Any, call: Call) -> Leaves | None:
    """Of a gradient by all arguments of f, as a tuple or an array of numbers, the leaves that are asked for."""
    vector = isinstance(part, np.ndarray) and part.ndim == 1
    if not (vector or isinstance(part, (tuple, list))) or len(part) != len(call.args):
        return None
    chosen = tuple(part[i] for i in call.positions)
    return call.leaves_of(chosen[0] if call.single else chosen)


def _fitting(output: Shape, leaf: Shape) -> list[Shape]:
    """The shapes that a block may have: an f that returns one number in an array has a gradient, too."""
    return [output + leaf, leaf] if int(np.prod(output)) == 1 else [output + leaf]


def _shape(x: Any) -> Shape | None:
    """None where the parts of a list do not fit together."""
    x = x.toarray() if hasattr(x, "toarray") else x
    try:
        return np.shape(x)
    except ValueError:
        return None


def _numbers(x: Any, name: str) -> Any:
    """Real numbers, or a refusal."""
    array = np.asarray(x.toarray() if hasattr(x, "toarray") else x)
    if array.dtype.hasobject:
        array = _unboxed(array)
    if array.dtype.kind == "c":
        raise ArgumentError(f"{name} is complex, where real numbers are needed")
    if array.dtype.kind not in "iuf":
        raise ArgumentError(f"{name} is {kind_of(array)}, where real numbers are needed")
    return array if array.dtype.kind == "f" else array.astype(float)


def _unboxed(array: Any) -> Any:
    """An array of objects that are plain numbers as an array of numbers."""
    try:
        found = np.array(array.tolist())
    except ValueError:
        return array
    return found if found.shape == array.shape else array


def _refuse_pair(part: Any, call: Call, output: Shape, source: str) -> None:
    """Say what is wrong with (value, gradient)."""
    if not isinstance(part, (tuple, list)) or len(part) != 2 or _shape(part[0]) not in ((), (1,), output):
        return
    leaves = call.leaves_of(part[1])
    if leaves and all(_shape(d) == np.shape(plain(x)) for d, x in zip(leaves, call.leaves, strict=True)):
        raise ArgumentError(
            f"{source} is a pair, it seems (value, gradient): hand in the gradient alone, "
            "grad=lambda *args: value_and_gradient(*args)[1]"
        )


def _misfit(leaves: Leaves, call: Call, output: Shape, source: str) -> ArgumentError:
    """The refusal of a gradient of the wrong shape, which names both shapes."""
    for d, x, name in zip(leaves, call.leaves, call.names, strict=True):
        wanted = output + np.shape(plain(x))
        found = _shape(d)
        if found not in _fitting(output, np.shape(plain(x))):
            if found is None:
                return ArgumentError(f"{source} by {name} is {kind_of(d)} of unequal parts; its shape must be {wanted}")
            if d is None or isinstance(d, (str, dict)):
                return ArgumentError(f"{source} by {name} is {kind_of(d)}, where numbers of shape {wanted} are needed")
            hint = ": it looks transposed" if found == wanted[::-1] else ""
            return ArgumentError(f"{source} by {name} has shape {found}, where {wanted} is needed{hint}")
    return ArgumentError(f"{source} has not the shapes of the differentiated arguments")
