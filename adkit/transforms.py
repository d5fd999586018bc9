"""grad and its relatives: functions from functions to functions."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from . import forward, reverse
from .calls import Argnums, Call, Leaves, check_argnums, finished, kind_of, matched, matching, ones_like, own
from .compiling import Compiled
from .containers import Structure, flatten_like, unflatten
from .errors import ArgumentError, place
from .methods import AUTO, Cache, Method, methods
from .methods.compiled import OWN
from .primitives.table import dtype_of, like, zeros_like
from .tracing import Box, plain


class Transform:
    """A function made from f. It can be pickled where f can; what a method derived once is kept with it."""

    # What its results depend on, for whoever has to know whether they may have changed.
    depends_on: ClassVar[tuple[str, ...]] = ("f", "argnums", "method", "has_aux")
    # What a method prepares, where it is not the gradient.
    asks: ClassVar[tuple[str, ...]] = ()

    def __init__(self, f: Callable[..., Any], argnums: Argnums, method: str | Method, has_aux: bool = False) -> None:
        if not callable(f):
            raise ArgumentError(f"a function is needed to differentiate, not {kind_of(f)}{place()}")
        check_argnums(argnums)
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self.argnums = argnums
        self.method = self._resolve(method)
        self.has_aux = has_aux
        self.cache: Cache = {}
        self.code = self._code()
        if self.code is not None:
            self.code.lead(self)

    def _code(self) -> Compiled | None:
        """Code for all of this, where the method has its results run as code."""
        return self.method.compiled(lambda method: type(self)(self.f, self.argnums, method, self.has_aux))

    def _resolve(self, method: str | Method) -> Method:
        return methods.resolve(method)

    def __reduce__(self) -> Any:
        return type(self), (self.f, self.argnums, self.method, self.has_aux)

    def __repr__(self) -> str:
        name = getattr(self.f, "__name__", None) or repr(self.f)
        return f"<{type(self).__name__.lower()} of {name} by {self.method.name}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """In a class body it is a method, as a function would be."""
        return self if instance is None else types.MethodType(self, instance)

    # What is called is what the instance holds as `run`, where its method has code, without a frame of Python's own.
    __call__: Any = property(operator.attrgetter("run"))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """What is made of f at these arguments."""
        raise NotImplementedError

    def call(self, *args: Any, **kwargs: Any) -> Call:
        """The arguments as the methods take them."""
        return Call(self.f, self.argnums, args, kwargs, self.has_aux)

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Do now what the method does once per signature: record, differentiate, generate code."""
        self.method.prepare(self.call(*args, **kwargs), self.cache, *self.asks)
        if self.code is not None:
            self.code(*args, **kwargs)


class ValueAndGradient(Transform):
    """See `value_and_grad`."""

    def _code(self) -> Compiled | None:
        code = super()._code()
        if code is not None and type(self) is ValueAndGradient:
            self.cache[OWN] = code
        return code

    def run(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(self.f, self.argnums, args, kwargs, self.has_aux)
        out, leaves = self.method.value_and_gradient(call, self.cache)
        gradient = call.gradient(leaves)
        out = own(out)
        return ((out, call.finish_aux()), gradient) if self.has_aux else (out, gradient)


class Gradient(ValueAndGradient):
    """See `grad`."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        out, gradient = super().run(*args, **kwargs)
        return (gradient, out[1]) if self.has_aux else gradient


class _AutoTransform(Transform):
    """A transform whose method may be "auto"."""

    def _resolve(self, method: str | Method) -> Method:
        return AUTO if isinstance(method, str) and method == "auto" else methods.resolve(method)


class JacobianFunction(_AutoTransform):
    """See `jacobian`."""

    asks = ("jacobian",)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        call = self.call(*args, **kwargs)
        _, structure, rows = self.method.jacobian(call, self.cache)
        return unflatten(structure, [call.arrange(_own(row, call.leaves)) for row in rows])


class HessianFunction(_AutoTransform):
    """See `hessian`."""

    asks = ("hessian",)

    def run(self, *args: Any, **kwargs: Any) -> Any:
        call = self.call(*args, **kwargs)
        rows = self.method.hessian(call, self.cache)
        return call.arrange([call.arrange(_own(row, call.leaves)) for row in rows])


def _own(row: Leaves, leaves: Leaves) -> Leaves:
    """Blocks of a Jacobian, each a number or an array of its own."""
    return [_block(block, plain(leaf)) for block, leaf in zip(row, leaves, strict=True)]


def _block(block: Any, leaf: Any) -> Any:
    """A block in the dtype of its leaf, or the complex one next to it; a number where it has no axes."""
    if dtype_of(block).kind != "c" or dtype_of(leaf).kind == "c":
        block = like(block, leaf)
    if isinstance(block, Box):
        return block
    block = own(np.asarray(block))
    return block.item() if not np.ndim(block) and type(leaf) in (float, complex) else block


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, method: str | Method = "reverse", has_aux: bool = False
) -> Gradient:
    """The gradient of a function that returns one number.

    Args:
        f: a function in plain NumPy. Its arguments may be numbers, arrays, and nested lists, tuples and dicts of them.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        method: a method's name or a method: "forward", "reverse", "symbolic", "numerical", "manual", ...
        has_aux: f returns (output, aux), and the gradient function (gradient, aux).

    Returns:
        A function with f's signature. Its result has the structure, shapes and float dtypes of the argument (integers
        count as float64); for a tuple of argnums it is a tuple.

    Raises:
        BadRequest: no such method or argument.
        OutputError: f returns anything but one real number.
        LostDerivative: f turns a traced value into a plain number (float(x), math.sin(x)).
        NoRule: f uses a NumPy function that has no derivative rule.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def f(x1, x2):
        ...     return x1 * x2 + np.sin(x1)
        >>> ad.grad(f, argnums=(0, 1), method="forward")(2.0, 5.0)
        (4.583853163452858, 2.0)
    """
    return Gradient(f, argnums, method, has_aux)


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, method: str | Method = "reverse", has_aux: bool = False
) -> ValueAndGradient:
    """Like `grad`, returning (value, gradient); with has_aux ((value, aux), gradient).

    Example:
        >>> import adkit as ad
        >>> ad.value_and_grad(lambda x: x**2)(3.0)
        (9.0, 6.0)
    """
    return ValueAndGradient(f, argnums, method, has_aux)


def jacobian(f: Callable[..., Any], argnums: Argnums = 0, *, method: str | Method = "auto") -> JacobianFunction:
    """All first derivatives of a function of any output shape.

    Args:
        f: a function in plain NumPy returning a number, an array, or a container of them.
        argnums: the position of the argument to differentiate, or a tuple of positions.
        method: a method; "auto" takes forward or reverse, whichever needs fewer passes for these shapes.

    Returns:
        A function whose result has shape output.shape + input.shape; for containers, the output's container of the
        input's container of such blocks.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.jacobian(lambda x: np.array([x[0] * x[1], x[0] + x[1]]))(np.array([2.0, 3.0]))
        array([[3., 2.],
               [1., 1.]])
    """
    return JacobianFunction(f, argnums, method)


def hessian(f: Callable[..., Any], argnums: Argnums = 0, *, method: str | Method = "auto") -> HessianFunction:
    """All second derivatives of a function that returns one number; forward over reverse by default.

    Returns:
        A function whose result has shape input.shape + input.shape; for containers and tuples of argnums, a container
        of containers of such blocks.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> ad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
        array([[6., 4.],
               [4., 0.]])
    """
    return HessianFunction(f, argnums, method)


# -- one direction ---------------------------------------------------------------------------------
def _whole(f: Callable[..., Any], primals: Any) -> Call:
    """A call in which every argument is differentiated."""
    if not isinstance(primals, (tuple, list)):
        raise ArgumentError(f"primals must be a tuple with one entry per argument of f{place()}: (x,) for one")
    if not primals:
        raise ArgumentError(f"there is nothing to differentiate with respect to: no primals{place()}")
    return Call(f, tuple(range(len(primals))), tuple(primals))


def _directions(call: Call, tangents: Any) -> Leaves:
    if not isinstance(tangents, (tuple, list)) or len(tangents) != len(call.args):
        raise ArgumentError(f"tangents must be a tuple with one entry per primal, here {len(call.args)}{place()}")
    return matching(tangents, call, "tangent")


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The pushforward: f's value and its derivative along one direction, in one forward pass.

    Args:
        f: a function in plain NumPy.
        primals: a tuple with one entry per argument.
        tangents: a tuple of the same structure and shapes: the direction.

    Returns:
        (value, tangent), both in the structure and shapes of f's output.

    Example:
        >>> import adkit as ad
        >>> ad.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
        (6.0, 3.0)
    """
    call = _whole(f, primals)
    directions = _directions(call, tangents)
    structures: list[Structure] = []

    def run(leaves: Leaves) -> Leaves:
        found, structure = call.output_leaves(call(leaves))
        structures[:] = [structure]
        return found

    outputs, found = forward.push(run, call.leaves, directions)
    filled = [zeros_like(out) if t is None else t for t, out in zip(found, outputs, strict=True)]
    values, tangents_out = map(own, outputs), map(own, finished(filled, [_as_leaf(o) for o in outputs]))
    return unflatten(structures[0], values), unflatten(structures[0], tangents_out)


def _as_leaf(out: Any) -> Any:
    """An output as something that a tangent takes its dtype from: integers have float64 tangents."""
    return out if isinstance(out, Box) else zeros_like(out)


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The pullback: f's value, and a function from cotangents of the output to cotangents of the inputs.

    Args:
        f: a function in plain NumPy.
        *primals: its arguments.

    Returns:
        (value, pullback). The pullback takes a cotangent in the structure and shapes of f's output and returns a tuple
        with one entry per primal. It may be called any number of times.

    Example:
        >>> import adkit as ad
        >>> value, pullback = ad.vjp(lambda x, y: x * y, 2.0, 3.0)
        >>> value, pullback(1.0)
        (6.0, (3.0, 2.0))
    """
    call = _whole(f, primals)
    # The pullback may be called when the caller has long changed the arrays.
    leaves = [leaf.copy("K") if isinstance(leaf, np.ndarray) else leaf for leaf in call.leaves]
    (outputs, structure), variables, tape = reverse.record(lambda ls: call.output_leaves(call(ls)), leaves)
    values = [tape.value(out) for out in outputs]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given = flatten_like(structure, cotangent)
        if given is None:
            raise ArgumentError(f"the cotangent must have the structure of f's output{place()}")
        seeds = [matched(c, _as_leaf(v), "cotangent of the output") for c, v in zip(given, values, strict=True)]
        found = reverse.sweep(tape, list(zip(outputs, seeds, strict=True)), variables)
        return tuple(call.split(finished(found, leaves, given=seeds)))

    return unflatten(structure, map(own, values)), pullback


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The gradient, and the Hessian times a direction, without forming the Hessian: forward over reverse.

    Args:
        f: a function in plain NumPy that returns one number.
        primals: a tuple with one entry per argument.
        tangents: a tuple of the same structure and shapes: the direction.

    Returns:
        (gradients, products), tuples with one entry per primal.

    Example:
        >>> import adkit as ad
        >>> ad.hvp(lambda x: x**3, (2.0,), (1.0,))
        ((12.0,), (12.0,))
    """
    call = _whole(f, primals)
    directions = _directions(call, tangents)

    def gradient(leaves: Leaves) -> Leaves:
        out, variables, tape = reverse.record(call.scalar, leaves)
        return reverse.sweep(tape, [(out, ones_like(out))], variables, final=True)

    gradients, found = forward.push(gradient, call.leaves, directions)
    filled = [zeros_like(leaf) if t is None else t for t, leaf in zip(found, call.leaves, strict=True)]
    products = finished(filled, call.leaves, given=directions)
    return tuple(call.split(finished(gradients, call.leaves))), tuple(call.split(products))
