"""PyTorch, eagerly: the recorded graph in torch's functions, differentiated by torch.autograd."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Graph
from . import rows
from .lowering import Engine, lower

torch: Any = import_module("torch")
special: Any = torch.special
Leaves = list[Any]


def recording(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function in which torch records, also where its caller has switched that off, as by `torch.no_grad()`: every
    gradient would be 0."""

    @functools.wraps(function)
    def run(*args: Any) -> Any:
        if torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
            return function(*args)
        with torch.inference_mode(False), torch.enable_grad():
            return function(*args)

    return run


class _Namespace:
    """torch under NumPy's names and parameters."""

    linalg = torch.linalg
    astype = staticmethod(lambda x, dtype: x.to(_dtype(dtype)))
    reshape = staticmethod(torch.reshape)
    transpose = staticmethod(torch.permute)
    broadcast_to = staticmethod(torch.broadcast_to)
    stack = staticmethod(torch.stack)
    matmul = staticmethod(torch.matmul)
    tensordot = staticmethod(torch.tensordot)
    einsum = staticmethod(torch.einsum)
    conj = staticmethod(torch.conj)
    absolute = staticmethod(torch.abs)
    sqrt = staticmethod(torch.sqrt)
    ones_like = staticmethod(torch.ones_like)
    diagonal = staticmethod(torch.diagonal)
    svdvals = staticmethod(torch.linalg.svdvals)
    stopped = staticmethod(torch.detach)
    is_complex = staticmethod(torch.is_complex)

    def concatenate(self, arrays: Any, axis: int) -> Any:
        return torch.cat(arrays, axis)

    def where(self, mask: Any, x: Any, y: Any) -> Any:
        return torch.where(tensor(mask), *_paired(x, y))

    def array(self, x: Any) -> Any:
        return tensor(x)

    def take(self, x: Any, indices: Any, axis: int) -> Any:
        numbers = np.asarray(indices)
        shape, axis = tuple(x.shape), axis % x.ndim
        rows_ = torch.index_select(x, axis, tensor(numbers.reshape(-1) % max(shape[axis], 1)))
        return torch.reshape(rows_, (*shape[:axis], *numbers.shape, *shape[axis + 1 :]))

    def take_along_axis(self, x: Any, order: Any, axis: int) -> Any:
        return torch.take_along_dim(x, tensor(order), axis)

    def roll(self, x: Any, shift: Any, axis: Any) -> Any:
        return torch.roll(x, shift, axis)

    def arrays(self, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = _paired(x, y)
        dtype = torch.promote_types(x.dtype, y.dtype)
        return x.to(dtype), y.to(dtype)

    def segment_sum(self, x: Any, places: Any, count: int) -> Any:
        return torch.zeros(count, dtype=x.dtype).index_add(0, tensor(places), x)

    def unwrap(self, p: Any, discont: Any, axis: int, period: Any) -> Any:
        return tensor(np.unwrap(p.detach().numpy(), discont, axis, period=period))

    def sum(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return torch.sum(x, axis, keepdim=keepdims) if axis else x

    def max(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return torch.amax(x, axis, keepdim=keepdims) if axis else x

    def min(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return torch.amin(x, axis, keepdim=keepdims) if axis else x

    def logsumexp(self, x: Any, axis: Any, keepdims: bool) -> Any:
        return torch.logsumexp(x, axis, keepdim=keepdims) if axis else x

    def prod(self, x: Any, axis: Any, keepdims: bool) -> Any:
        for i in axis:
            x = torch.prod(x, i, keepdim=True)
        return x if keepdims else torch.reshape(x, [n for i, n in enumerate(x.shape) if i - x.ndim not in axis])

    def cumsum(self, x: Any, axis: int) -> Any:
        return torch.cumsum(x, axis)

    def cumprod(self, x: Any, axis: int) -> Any:
        return torch.cumprod(x, axis)


def _dtype(dtype: Any) -> Any:
    return torch.from_numpy(np.zeros(0, dtype)).dtype


def tensor(x: Any) -> Any:
    """An array or number as a tensor; an array that may be written to shares its memory, as torch has it."""
    if isinstance(x, torch.Tensor):
        return x
    if type(x) is float:
        return torch.tensor(x, dtype=torch.float64)
    array = np.asarray(x)
    if not array.flags.writeable or any(step < 0 for step in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def held(x: Any) -> Any:
    """An array of data as torch keeps it; anything else as it is."""
    return tensor(x) if isinstance(x, np.ndarray) else x


def _constant(x: Any) -> Any:
    """A constant of the graph: numbers stay Python's, which torch is quickest with."""
    if isinstance(x, (bool, int, float, tuple, str, type(None))) and not isinstance(x, np.generic):
        return x
    return x.item() if isinstance(x, np.generic) and x.dtype.kind in "iuf" else tensor(x)


def _of_tensors(function: Any) -> Any:
    """A function of two tensors that takes no Python numbers."""
    return lambda x, y: function(*_paired(x, y))


def _paired(x: Any, y: Any) -> tuple[Any, Any]:
    if not isinstance(x, torch.Tensor):
        x = torch.tensor(x, dtype=y.dtype if isinstance(y, torch.Tensor) else torch.float64)
    return x, y if isinstance(y, torch.Tensor) else torch.tensor(y, dtype=x.dtype)


def _power(x: Any, y: Any) -> Any:
    """x**y. Where y is 0 torch takes the derivative by x to be constantly 0, though that by x and y is 1 / x."""
    if not isinstance(y, torch.Tensor) or not y.requires_grad:
        return operator.pow(x, y)
    x, y = _paired(x, y)
    flat = (y == 0) & (torch.abs(x) > 0 if torch.is_complex(x) else x > 0)
    if not bool(flat.any()):
        return operator.pow(x, y)
    base = torch.where(flat, x, 1.0)
    return torch.where(flat, torch.exp(y * torch.log(base)), operator.pow(torch.where(flat, 1.0, x), y))


def _remainder(x: Any, y: Any) -> Any:
    x, y = _paired(x, y)
    return x - torch.floor(x.detach() / y.detach()) * y


def _fmod(x: Any, y: Any) -> Any:
    x, y = _paired(x, y)
    return x - torch.trunc(x.detach() / y.detach()) * y


def _ignoring_nan(extreme: Any) -> Any:
    """fmax or fmin by maximum or minimum, which share a tie as the table does."""

    def of_numbers(x: Any, y: Any) -> Any:
        x, y = _paired(x, y)
        return extreme(torch.where(torch.isnan(x), y, x), torch.where(torch.isnan(y), x, y))

    return of_numbers


def _cbrt(x: Any) -> Any:
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


def _transform(x: Any, *, inverse: bool, n: int, axis: int, norm: Any) -> Any:
    return (torch.fft.ifft if inverse else torch.fft.fft)(x, n, axis, norm)


def _solve(a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return torch.linalg.solve(a, b[:, None])[..., 0]
    return torch.linalg.solve(a, b)


def _logsumexp(a: Any, b: Any = None, *, axis: Any, signed: bool) -> Any:
    if b is None:
        return torch.logsumexp(a, axis, keepdim=True)
    largest = torch.amax(a.detach(), axis, keepdim=True)
    total = torch.sum(tensor(b) * torch.exp(a - largest), axis, keepdim=True)
    return torch.log(torch.abs(total) if signed else total) + largest


def _det(a: Any) -> Any:
    """The determinant; torch's own derivative of it is wrong where a matrix is singular."""
    regular = a.shape[-1] == 0 or bool((torch.linalg.cond(a.detach()) < 1e7).all())
    return torch.linalg.det(a) if regular else _det_of_singular(a)


def _det_of_singular(a: Any) -> Any:
    """By Faddeev and LeVerrier, who divide by counts only."""
    n = a.shape[-1]
    one = torch.eye(n, dtype=a.dtype)
    found = one.expand(a.shape)
    for k in range(1, n):
        product = a @ found
        found = one * (torch.diagonal(product, dim1=-2, dim2=-1).sum(-1) / k)[..., None, None] - product
    return torch.diagonal(a @ found, dim1=-2, dim2=-1).sum(-1) / n


DIRECT = ("square", "reciprocal", "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan")
DIRECT += ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "deg2rad", "rad2deg")
DIRECT += ("absolute", "negative", "positive", "isnan", "isinf", "isfinite", "logical_not", "sign", "floor", "ceil")
DIRECT += ("trunc",)
PAIRED = ("logaddexp", "logaddexp2", "arctan2", "maximum", "minimum", "less")
PAIRED += ("less_equal", "greater", "greater_equal", "not_equal", "logical_and", "logical_or", "logical_xor")
SPECIAL = ("expit", "logit", "entr", "erf", "erfc", "erfcx", "erfinv", "ndtr", "log_ndtr", "ndtri", "gammaln", "psi")
SPECIAL += ("i0", "i0e", "i1", "i1e", "exp2", "expm1", "log1p")

TABLE = {
    **rows.common(_Namespace()),
    **{name: getattr(torch, name) for name in DIRECT},
    **{name: _of_tensors(getattr(torch, name)) for name in PAIRED},
    **{f"scipy.special.{name}": getattr(special, name) for name in SPECIAL},
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": _power,
    "float_power": _power,
    "fmax": _ignoring_nan(torch.maximum),
    "fmin": _ignoring_nan(torch.minimum),
    "equal": _of_tensors(torch.eq),
    "rint": torch.round,
    "cbrt": _cbrt,
    "fabs": torch.abs,
    "radians": torch.deg2rad,
    "degrees": torch.rad2deg,
    "remainder": _remainder,
    "fmod": _fmod,
    "scipy.special.xlogy": _of_tensors(special.xlogy),
    "scipy.special.xlog1py": _of_tensors(special.xlog1py),
    "scipy.special.log_expit": torch.nn.functional.logsigmoid,
    "scipy.special.logsumexp": _logsumexp,
    "sinc": torch.sinc,
    "i0": special.i0,
    "solve": _solve,
    "real": torch.real,
    "imag": torch.imag,
    "conjugate": torch.conj,
    "complex_absolute": torch.abs,
    "det": _det,
    "fft": _transform,
    "rfft": lambda x, *, n, axis, norm: torch.fft.rfft(x, n, axis, norm),
    "irfft": lambda x, *, n, axis, norm: torch.fft.irfft(x, n, axis, norm),
}
ENGINE = Engine("torch", TABLE, _constant, lambda x, dtype: _cast(x, dtype))


def _cast(x: Any, dtype: Any) -> Any:
    return tensor(x).to(_dtype(dtype))


def differentiated(graph: Graph, count: int, what: str) -> Callable[[Sequence[Any]], Any]:
    """A function of all inputs of a graph that returns what is asked for by the first `count` of them, as in `jax`."""
    run = lower(graph, ENGINE)
    derivative = _DERIVATIVES[what]

    @recording
    def call(leaves: Sequence[Any]) -> Any:
        tensors = [tensor(leaf) for leaf in leaves]
        active = [leaf.detach().requires_grad_() for leaf in tensors[:count]]
        return derivative(run, active, tensors[count:])

    return call


def handed_back(x: Any) -> Any:
    """A tensor as a float or an array that shares its memory."""
    return x.item() if x.ndim == 0 and x.dtype is torch.float64 else x.detach().resolve_conj().numpy()


def _scalar(outputs: Leaves) -> Any:
    """The only output, as one real number."""
    (out,) = outputs
    return torch.reshape(tensor(out), ())


def _slopes(out: Any, active: Leaves, keep: bool = False, twice: bool = False) -> Leaves:
    """The gradient of one number, with zeros where it does not depend on an input."""
    if not out.requires_grad:
        return [torch.zeros_like(x) for x in active]
    found = torch.autograd.grad(out, active, retain_graph=keep or None, create_graph=twice, materialize_grads=True)
    # torch's gradient by a complex number is the conjugate of JAX's and adkit's.
    return [torch.conj(x) if x.is_complex() else x for x in found]


def _gradient(run: Any, active: Leaves, others: Leaves) -> Any:
    out = _scalar(run([*active, *others]))
    return handed_back(out), [handed_back(x) for x in _slopes(out, active)]


def _jacobian(run: Any, active: Leaves, others: Leaves) -> Any:
    outputs = [tensor(out) for out in run([*active, *others])]
    return [handed_back(out) for out in outputs], [_rows(out, active) for out in outputs]


def _hessian(run: Any, active: Leaves, others: Leaves) -> Any:
    first = _slopes(_scalar(run([*active, *others])), active, keep=True, twice=True)
    return [_rows(slope, active) for slope in first]


def _rows(out: Any, active: Leaves) -> Leaves:
    """The derivative of every element by every input, one backward pass after the other."""
    each = [_slopes(number, active, keep=True) for number in torch.reshape(out, (-1,))]
    if not each:
        return [np.zeros((*out.shape, *x.shape), x.detach().numpy().dtype) for x in active]
    blocks = [torch.stack(column) for column in zip(*each, strict=True)]
    return [block.reshape((*out.shape, *x.shape)).detach().numpy() for block, x in zip(blocks, active, strict=True)]


_DERIVATIVES: dict[str, Any] = {"gradient": _gradient, "jacobian": _jacobian, "hessian": _hessian}
