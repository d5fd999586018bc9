"""JAX: the recorded graph in jax.numpy, differentiated by jax.value_and_grad and compiled by jax.jit.

Double precision is switched on for adkit's own calls only, by `jax.enable_x64`; what a person does with JAX elsewhere
is computed as they have it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..graph import Graph
from . import rows
from .lowering import Engine, lower

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")
special: Any = import_module("jax.scipy.special")
Leaves = list[Any]
# The number of operations from which a program is long.
LONG = 200


def x64() -> Any:
    """Double precision inside of this context, in this thread; older releases have it elsewhere."""
    return (jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")).enable_x64(True)


class _Namespace:
    """jax.numpy, and what it has elsewhere or under another name."""

    linalg = jnp.linalg
    logsumexp = staticmethod(special.logsumexp)
    stopped = staticmethod(jax.lax.stop_gradient)
    is_complex = staticmethod(jnp.iscomplexobj)

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp, name)

    def segment_sum(self, x: Any, places: Any, count: int) -> Any:
        return jnp.zeros(count, x.dtype).at[places].add(x)

    def arrays(self, x: Any, y: Any) -> tuple[Any, Any]:
        dtype = jnp.result_type(x, y)
        return jnp.asarray(x, dtype), jnp.asarray(y, dtype)

    def svdvals(self, a: Any) -> Any:
        return jnp.linalg.svd(a, compute_uv=False)


def _absolute(x: Any) -> Any:
    """|x| with derivative 0 at 0, where JAX has 1."""
    return x * jax.lax.stop_gradient(jnp.sign(x))


def _power(x: Any, y: Any) -> Any:
    """x**y. By x, where both are 0, JAX has nan and not 0."""
    if not isinstance(y, jax.core.Tracer) and np.all(np.asarray(y) != 0):
        return jnp.power(x, y)
    both = (x == 0) & (y == 0)
    return jnp.where(both, 1.0, jnp.power(jnp.where(both, 1.0, x), y))


def _ignoring_nan(extreme: Any) -> Any:
    """fmax or fmin by maximum or minimum, which share a tie as the table does."""
    return lambda x, y: extreme(jnp.where(jnp.isnan(x), y, x), jnp.where(jnp.isnan(y), x, y))


def _transform(x: Any, *, inverse: bool, n: int, axis: int, norm: Any) -> Any:
    return (jnp.fft.ifft if inverse else jnp.fft.fft)(x, n, axis, norm)


def _softmax_sum(a: Any, b: Any = None, *, axis: Any, signed: bool) -> Any:
    found = special.logsumexp(a, axis=axis, b=b, keepdims=True, return_sign=signed)
    return found[0] if signed else found


SPECIAL = (
    "expit",
    "logit",
    "xlogy",
    "xlog1py",
    "entr",
    "rel_entr",
    "kl_div",
    "erf",
    "erfc",
    "erfinv",
    "ndtr",
    "log_ndtr",
)
SPECIAL += ("ndtri", "gammaln", "zeta", "betaln", "beta", "gamma", "i0", "i1", "i0e", "i1e", "exp1", "expi", "spence")
SPECIAL += ("boxcox", "boxcox1p", "dawsn")

TABLE = {
    **rows.common(_Namespace()),
    **{name: getattr(jnp, name) for name in rows.ELEMENTWISE},
    **{f"scipy.special.{name}": getattr(special, name) for name in SPECIAL if hasattr(special, name)},
    "scipy.special.psi": special.digamma,
    "scipy.special.log_expit": jax.nn.log_sigmoid,
    "scipy.special.exp2": jnp.exp2,
    "scipy.special.expm1": jnp.expm1,
    "scipy.special.log1p": jnp.log1p,
    "scipy.special.cbrt": jnp.cbrt,
    "scipy.special.logsumexp": _softmax_sum,
    "power": _power,
    "float_power": _power,
    "fmax": _ignoring_nan(jnp.maximum),
    "fmin": _ignoring_nan(jnp.minimum),
    "absolute": _absolute,
    "fabs": _absolute,
    "sinc": jnp.sinc,
    "i0": jnp.i0,
    "interp": jnp.interp,
    "convolve": jnp.convolve,
    "correlate": jnp.correlate,
    "logical_not": jnp.logical_not,
    "real": jnp.real,
    "imag": jnp.imag,
    "conjugate": jnp.conjugate,
    "complex_absolute": jnp.absolute,
    "fft": _transform,
    "rfft": lambda x, *, n, axis, norm: jnp.fft.rfft(x, n, axis, norm),
    "irfft": lambda x, *, n, axis, norm: jnp.fft.irfft(x, n, axis, norm),
}
ENGINE = Engine("jax", TABLE, lambda x: x, lambda x, dtype: x if x.dtype == dtype else jnp.asarray(x, dtype))


def differentiated(graph: Graph, count: int, what: str) -> Callable[[Sequence[Any]], Any]:
    """A function of all inputs of a graph that returns what is asked for by the first `count` of them.

    Args:
        what: "gradient" gives (value, [by each input]); "jacobian" (outputs, [[by each input] of each output]);
            "hessian" [[by each pair]]. Everything comes back as NumPy arrays and floats.
    """
    run = lower(graph, ENGINE)

    def outputs(active: Leaves, others: Leaves) -> Leaves:
        return [jnp.asarray(out) for out in run([*active, *others])]

    compiled = Compiled(_DERIVATIVES[what](outputs), together=len(graph.nodes) <= LONG)
    return lambda leaves: compiled(list(leaves[:count]), list(leaves[count:]))


def held(x: Any) -> Any:
    """An array of data that JAX keeps; anything else as it is."""
    with x64():
        return jnp.array(x) if isinstance(x, np.ndarray) else x


class Compiled:
    """A function under jax.jit that hands back NumPy arrays and floats, in double precision.

    Numbers come back `together` in one array, since to fetch one takes as long as to fetch many; XLA compiles long
    programs that end so several times longer.
    """

    def __init__(self, fun: Callable[..., Any], together: bool = True, **options: Any) -> None:
        self.fun = fun
        self.together = together
        self.run = jax.jit(self._packed, **options)
        # What is a number among the results, and their tree: known when JAX has traced the function.
        self.numbers: list[bool] = []
        self.tree: Any = None

    def __call__(self, *args: Any) -> Any:
        with x64():
            packed, arrays = self.run(*args)
            numbers = iter(np.asarray(packed).tolist() if self.together else [x.item() for x in packed])
        rest = iter(arrays)
        found = [next(numbers) if number else np.asarray(next(rest)) for number in self.numbers]
        return jax.tree.unflatten(self.tree, found)

    def _packed(self, *args: Any) -> Any:
        leaves, self.tree = jax.tree.flatten(self.fun(*args))
        self.numbers = [jnp.ndim(x) == 0 and jnp.issubdtype(x.dtype, jnp.floating) for x in leaves]
        numbers = [jnp.asarray(x, float) for x, number in zip(leaves, self.numbers, strict=True) if number]
        arrays = [x for x, number in zip(leaves, self.numbers, strict=True) if not number]
        return (jnp.array(numbers) if self.together else numbers), arrays


def _scalar(outputs: Any) -> Any:
    """The only output, as one real number."""

    def scalar(active: Leaves, others: Leaves) -> Any:
        (out,) = outputs(active, others)
        return jnp.reshape(out if jnp.issubdtype(out.dtype, jnp.floating) else out.astype(float), ())

    return scalar


def _jacobian(outputs: Any) -> Any:
    def jacobian(active: Leaves, others: Leaves) -> Any:
        found = outputs(active, others)
        reverse = sum(x.size for x in found) <= sum(np.size(x) for x in active)
        return found, (jax.jacrev if reverse else jax.jacfwd)(outputs)(active, others)

    return jacobian


_DERIVATIVES = {
    "gradient": lambda outputs: jax.value_and_grad(_scalar(outputs)),
    "jacobian": _jacobian,
    "hessian": lambda outputs: jax.hessian(_scalar(outputs)),
}
