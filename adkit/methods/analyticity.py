"""Whether a complex step is valid for f: shown by what f does, as recorded at real numbers and at complex ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import graph
from ..errors import AdkitError, OutputError, place_of
from ..numerical import own
from ..primitives import Primitive
from ..tracing import plain

INSTEAD = "use scheme='central' or scheme='adaptive'"
# Beyond it NumPy computes x**n by logarithm and exponential, which round the small imaginary part away at x < 0.
LARGEST_EXPONENT = 99


class Continuation:
    """f as a composition of analytic functions, recorded at a point: what a complex step may be compared with.

    f is recorded twice, at the point and at complex numbers beside it, since NumPy's functions may do other things to
    those (`np.var` takes a conjugate). Every operation that the outputs come from must be analytic.
    """

    def __init__(self, f: Callable[[list[Any]], Any], leaves: Sequence[Any], step: float) -> None:
        self.leaves = [plain(leaf) for leaf in leaves]
        self.step = step
        random = np.random.default_rng(0)
        self.directions = [random.choice([-1.0, 1.0], np.shape(x)) * _size(x) for x in self.leaves]
        self.graph = _analytic(self._recorded(f, self.leaves))
        _analytic(self._recorded(f, self._beside(step)))

    def _recorded(self, f: Callable[[list[Any]], Any], leaves: Sequence[Any]) -> graph.Graph:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return graph.record(f, leaves, noted=_suspect)
        except Exception as error:  # f may be code that is not adkit's, and refuse traced values in its own way
            f([own(x) for x in self.leaves])  # where f fails at the point itself, that is its own matter
            what = str(error) if isinstance(error, AdkitError) else f"{type(error).__name__}: {error}{place_of(error)}"
            raise OutputError(
                f"scheme='complex' cannot be shown valid, since f cannot be recorded: {what}; {INSTEAD}"
            ) from error

    def _beside(self, step: float) -> list[Any]:
        return [np.asarray(x + 1j * step * d)[()] for x, d in zip(self.leaves, self.directions, strict=True)]

    def confirm(self, base: Any, blocks: Sequence[Any]) -> None:
        """Refuse derivatives that are not those of the recorded operations.

        Those are followed to complex numbers as they were chosen at the real ones: where f makes another choice at
        complex numbers (x == 1.0, np.iscomplexobj(x)), or is not smooth, the two differ.
        """
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            (again,) = self.graph.outputs_at(self.leaves)
            # With another step: the root of an imaginary number is not proportional to it.
            (moved,) = self.graph.outputs_at(self._beside(self.step / 1024), _continued)
        followed = np.imag(moved) / (self.step / 1024)
        value, blocks = np.asarray(plain(base), float), [np.asarray(plain(block), float) for block in blocks]
        terms = [(b * d).reshape(*value.shape, np.size(d)) for b, d in zip(blocks, self.directions, strict=True)]
        claimed = np.sum([term.sum(axis=-1) for term in terms], axis=0)
        scale = np.sum([np.abs(term).sum(axis=-1) for term in terms], axis=0) + np.abs(followed)
        loose = 1e-3 if any(np.asarray(x).dtype.itemsize < 8 for x in [*self.leaves, plain(base)]) else 1e-7
        known = np.isfinite(value)
        other = np.abs(followed - claimed) > loose * scale
        if np.any(known & (other | (np.abs(np.real(again) - value) > loose * np.abs(value)))):
            raise OutputError(
                "scheme='complex' is not valid for f here: at complex numbers f is not the continuation of what it is "
                "at real ones (a comparison decides otherwise, f has no derivative at this point, or it "
                f"cancels most digits); {INSTEAD}"
            )


def _size(x: Any) -> Any:
    """|x|, and 1 where that is next to nothing: every component is to count."""
    size = np.abs(x)
    return np.where(size < 1e-200, 1.0, size)


def _continued(primitive: Primitive, args: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """An operation recorded at real numbers, at complex ones: a change of precision keeps them complex."""
    if np.iscomplexobj(args[0]) and "dtype" in params:
        if primitive.name == "astype":
            return args[0]
        params = {**params, "dtype": None}
    return primitive.compute(args, params)


def _analytic(recorded: graph.Graph) -> graph.Graph:
    """A recorded computation in which all is analytic, or a refusal that names what is not."""
    for node in recorded.leading_to_outputs():
        if reason := _reason(node):
            name, where = node.primitive.name if node.primitive else "", recorded.places.get(node.index, "")
            raise OutputError(f"scheme='complex' is not valid for f: {name}{where} {reason}; {INSTEAD}")
    return recorded


def _suspect(primitive: Primitive) -> bool:
    return not primitive.analytic or primitive.name in ("power", "float_power")


def _reason(node: graph.Node) -> str:
    """Why an operation takes no complex step; nothing where it does."""
    if node.primitive is None or node.primitive.constant:
        return ""
    if node.primitive.name == "astype" and (np.iscomplexobj(node.value) or not np.iscomplexobj(_value(node.args[0]))):
        return ""
    if not node.primitive.analytic:
        return "is not analytic in the complex plane"
    if node.primitive.name in ("power", "float_power"):
        base, exponent = map(_value, node.args)
        whole = (np.imag(exponent) == 0) & (np.real(exponent) % 1 == 0) & (np.abs(exponent) <= LARGEST_EXPONENT)
        if np.any((np.real(base) < 0) & ~whole):
            return "of a negative base loses a small imaginary part"
    return ""


def _value(x: Any) -> Any:
    return plain(x.value if isinstance(x, graph.Node) else x)
