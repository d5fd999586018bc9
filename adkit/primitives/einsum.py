"""Sums of products by subscripts: linear in each operand, so that each direction is a sum of products again."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tracing import implementations, plain
from .indexing import scatter_p
from .shape import model
from .table import General, fit, implements, refuse_out, shape_of, sum_to, zeros_like


class Terms:
    """Subscripts written out: the labels of the axes of each operand and of the result, and one that is free."""

    def __init__(self, subscripts: str, operands: Sequence[Any]) -> None:
        free = "".join(c for c in string.ascii_letters if c not in subscripts)
        inputs, arrow, output = subscripts.replace(" ", "").partition("->")
        terms = inputs.split(",")
        # How many axes the ellipsis of each operand stands for; they are counted from the end.
        stands_for = [len(shape_of(x)) - len(t) + 3 if "..." in t else 0 for t, x in zip(terms, operands, strict=True)]
        hidden = free[: max(stands_for)]
        self.inputs = [t.replace("...", hidden[len(hidden) - n :]) for t, n in zip(terms, stands_for, strict=True)]
        if not arrow:
            letters = inputs.replace(",", "").replace(".", "")
            output = "..." + "".join(c for c in sorted(set(letters)) if letters.count(c) == 1)
        self.output = output.replace("...", hidden)
        self.free = free[len(hidden)]


class Einsum(General):
    """The row of any number of operands."""

    def __init__(self) -> None:
        super().__init__("einsum", _compute, [], [], multilinear=True, flow="adds")

    def _push(self, i: int, tangent: Any, out: Any, args: Any, params: Any, batched: bool) -> Any:
        terms = Terms(params["subscripts"], args)
        lead = terms.free if batched else ""
        inputs = ",".join(lead + t if k == i else t for k, t in enumerate(terms.inputs))
        operands = [tangent if k == i else x for k, x in enumerate(args)]
        return np.einsum(f"{inputs}->{lead}{terms.output}", *operands, optimize=params["optimize"])

    def vjp(self, i: int, cotangent: Any, out: Any, args: Any, params: Any) -> Any:
        if any(0 in shape_of(x) for x in args):
            return zeros_like(args[i])  # nothing was summed
        return fit(_share(i, cotangent, args, Terms(params["subscripts"], args), params["optimize"]), args[i])


def _compute(*operands: Any, subscripts: str, optimize: Any) -> Any:
    return np.einsum(subscripts, *operands, optimize=optimize)


def _share(i: int, cotangent: Any, args: Sequence[Any], terms: Terms, optimize: Any) -> Any:
    """The cotangent times the other operands, by the axes of operand i."""
    shape, own = shape_of(args[i]), terms.inputs[i]
    sizes: dict[str, int] = {}
    for label, size in zip(own, shape, strict=True):
        sizes[label] = max(size, sizes.get(label, 1)) if size else 0
    inputs = [t for k, t in enumerate(terms.inputs) if k != i]
    # What is summed in this operand alone has the same share along the whole axis.
    met = "".join(label for label in sizes if label in terms.output or any(label in t for t in inputs))
    others = [x for k, x in enumerate(args) if k != i]
    share = np.einsum(f"{','.join([terms.output, *inputs])}->{met}", cotangent, *others, optimize=optimize)
    lengths = dict(zip(met, shape_of(share), strict=True))
    if len(met) < len(sizes):
        share = np.reshape(share, tuple(lengths.get(label, 1) for label in sizes))
    if any(lengths.get(label, 1) < size for label, size in sizes.items()):
        share = np.broadcast_to(share, tuple(max(lengths.get(label, 1), size) for label, size in sizes.items()))
    if len(sizes) == len(own):
        return share
    share = sum_to(share, tuple(sizes.values())) if shape_of(share) != tuple(sizes.values()) else share
    return scatter_p(share, index=_diagonal(own, shape, sizes), shape=shape)


def _diagonal(own: str, shape: tuple[int, ...], sizes: dict[str, int]) -> tuple[Any, ...]:
    """The places at which the axes of the same label have the same index."""
    mesh = dict(zip(sizes, np.ix_(*map(np.arange, sizes.values())), strict=True))
    return tuple(
        mesh[label] if size == sizes[label] else 0 * mesh[label] for label, size in zip(own, shape, strict=True)
    )


einsum_p = Einsum()


@implements(np.einsum)
def einsum(*operands: Any, out: None = None, optimize: Any = False) -> Any:
    """A sum of products by subscripts, in a string or in a list after each operand."""
    refuse_out(out)
    if not isinstance(operands[0], str):
        operands = _with_a_string(operands)
    subscripts, *arrays = operands
    if len(arrays) == 1:
        np.einsum(subscripts, model(arrays[0]))  # NumPy says what is wrong with subscripts
        terms = Terms(subscripts, arrays)
        if set(terms.inputs[0]) == set(terms.output):
            return _view(arrays[0], terms.inputs[0], terms.output)
    return einsum_p(*arrays, subscripts=subscripts, optimize=optimize)


def _view(x: Any, own: str, output: str) -> Any:
    """Axes in another order, and diagonals where two have the same label: nothing is summed."""
    for label in output:
        while own.count(label) > 1:
            i, j = own.index(label), own.rindex(label)
            x = np.diagonal(x, 0, i, j)
            own = own[:i] + own[i + 1 : j] + own[j + 1 :] + label
    return np.transpose(x, [own.index(label) for label in output])


def _with_a_string(operands: Sequence[Any]) -> tuple[Any, ...]:
    """The form with a list of axes after each operand, and perhaps one more, as the form with a string."""
    count = len(operands) // 2
    subscripts = ",".join(map(_letters, operands[1 : 2 * count : 2]))
    if len(operands) % 2:
        subscripts += "->" + _letters(operands[-1])
    return (subscripts, *operands[0 : 2 * count : 2])


def _letters(axes: Sequence[Any]) -> str:
    # In this order NumPy numbers letters too, as the sorted axes of a result that is not given demand.
    letters = string.ascii_uppercase + string.ascii_lowercase
    return "".join("..." if axis is Ellipsis else letters[axis] for axis in axes)


implementations[np.einsum_path] = lambda *operands, **options: np.einsum_path(*map(plain, operands), **options)
