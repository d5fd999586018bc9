"""Fourier transforms: three linear rows along one axis, each the transpose of another; all else is made of them.

The matrix of a complex transform is symmetric, so that it is its own transpose. Those from real numbers to the half of
the spectrum that determines it, and back, are each other's, but for the frequencies that stand for two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tracing import normalize, value
from .table import Linear, axis_from_end, dtype_of, implements, refuse_out, shape_of

# The norm under which the opposite transform has the factor that this one has.
_OPPOSITE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _resized(x: Any, n: int, axis: int) -> Any:
    """x cut off or filled with zeros along an axis, as a transform of n points treats it."""
    shape = list(shape_of(x))
    if shape[axis] >= n:
        return x[(..., slice(n), *(slice(None),) * (-1 - axis))]
    shape[axis] = n - shape[axis]
    return np.concatenate([x, np.zeros(shape, dtype_of(x))], axis)


def _shared(c: Any, n: int, axis: int, inner: float) -> Any:
    """Half a spectrum times a factor, except at the frequencies that are their own mirror images."""
    factors = np.full(n // 2 + 1, inner)
    factors[0] = 1.0
    if n % 2 == 0:
        factors[-1] = 1.0
    return c * factors.reshape(-1, *(1,) * (-1 - axis))


def _complex_transpose(cotangent: Any, x: Any, *, inverse: bool, n: int, axis: int, norm: Any) -> Any:
    return _resized(complex_p(cotangent, inverse=inverse, n=n, axis=axis, norm=norm), shape_of(x)[axis], axis)


def _to_half_transpose(cotangent: Any, x: Any, *, n: int, axis: int, norm: Any) -> Any:
    halved = np.conj(_shared(cotangent, n, axis, 0.5))
    return _resized(from_half_p(halved, n=n, axis=axis, norm=_OPPOSITE[norm]), shape_of(x)[axis], axis)


def _from_half_transpose(cotangent: Any, x: Any, *, n: int, axis: int, norm: Any) -> Any:
    half = to_half_p(cotangent, n=n, axis=axis, norm=_OPPOSITE[norm])
    return _resized(np.conj(_shared(half, n, axis, 2.0)), shape_of(x)[axis], axis)


def _complex(x: Any, *, inverse: bool, n: int, axis: int, norm: Any) -> Any:
    return (np.fft.ifft if inverse else np.fft.fft)(x, n, axis, norm)


complex_p = Linear(
    "fft",
    _complex,
    transpose=_complex_transpose,
    batched=lambda tangents, x, **params: complex_p(tangents, **params),
)
to_half_p = Linear(
    "rfft",
    lambda x, *, n, axis, norm: np.fft.rfft(x, n, axis, norm),
    transpose=_to_half_transpose,
    batched=lambda tangents, x, **params: to_half_p(tangents, **params),
)
from_half_p = Linear(
    "irfft",
    lambda x, *, n, axis, norm: np.fft.irfft(x, n, axis, norm),
    transpose=_from_half_transpose,
    batched=lambda tangents, x, **params: from_half_p(tangents, **params),
)


# -- along one axis --------------------------------------------------------------------------------
def _points(a: Any, n: Any, axis: int) -> int:
    return shape_of(a)[axis] if n is None else n


def _complex_transform(function: Any, inverse: bool) -> None:
    @implements(function)
    def implementation(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
        refuse_out(out)
        a = normalize(a)
        axis = axis_from_end(a, axis)
        return complex_p(a, inverse=inverse, n=_points(a, n, axis), axis=axis, norm=norm)


_complex_transform(np.fft.fft, inverse=False)
_complex_transform(np.fft.ifft, inverse=True)


@implements(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    refuse_out(out)
    a = normalize(a)
    axis = axis_from_end(a, axis)
    return to_half_p(a, n=_points(a, n, axis), axis=axis, norm=norm)


@implements(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    refuse_out(out)
    a = normalize(a)
    axis = axis_from_end(a, axis)
    return from_half_p(a, n=2 * (shape_of(a)[axis] - 1) if n is None else n, axis=axis, norm=norm)


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    return np.fft.irfft(np.conj(normalize(a)), n, axis, _opposite(norm), out)


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    return np.conj(np.fft.rfft(a, n, axis, _opposite(norm), out))


def _opposite(norm: Any) -> Any:
    if norm not in _OPPOSITE:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return _OPPOSITE[norm]


# -- along several, one after the other in the order in which NumPy takes them ---------------------
Steps = list[tuple[Any, int]]


def _steps(a: Any, s: Sequence[Any] | None, axes: Sequence[int] | None) -> Steps:
    """How many points along which axis; None where the one-dimensional transform knows."""
    if axes is None:
        axes = range(-len(shape_of(a) if s is None else s), 0)
    points = [None] * len(axes) if s is None else list(s)
    if len(points) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [(None if n == -1 else n, axis) for n, axis in zip(points, axes, strict=True)]


def _several(transform: Callable[[Any, Steps, Any], Any], name: str) -> None:
    def implementation(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: None = None) -> Any:
        refuse_out(out)
        a = normalize(a)
        return transform(a, _steps(a, value(s), axes), norm)

    def of_two(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: None = None) -> Any:
        return implementation(a, s, axes, norm, out)

    implements(getattr(np.fft, f"{name}n"))(implementation)
    implements(getattr(np.fft, f"{name}2"))(of_two)


def _each(function: Any) -> Callable[[Any, Steps, Any], Any]:
    def transform(a: Any, steps: Steps, norm: Any) -> Any:
        for n, axis in reversed(steps):
            a = function(a, n, axis, norm)
        return a

    return transform


def _real_first(a: Any, steps: Steps, norm: Any) -> Any:
    *others, (n, axis) = steps
    return _each(np.fft.fft)(np.fft.rfft(a, n, axis, norm), others, norm)


def _real_last(a: Any, steps: Steps, norm: Any) -> Any:
    *others, (n, axis) = steps
    return np.fft.irfft(_each(np.fft.ifft)(a, others[::-1], norm), n, axis, norm)


_several(_each(np.fft.fft), "fft")
_several(_each(np.fft.ifft), "ifft")
_several(_real_first, "rfft")
_several(_real_last, "irfft")


# -- the zero frequency in the middle --------------------------------------------------------------
def _shift(function: Any, sign: int) -> None:
    @implements(function)
    def implementation(x: Any, axes: Any = None) -> Any:
        x = normalize(x)
        shape = shape_of(x)
        moved = range(len(shape)) if axes is None else (axes,) if isinstance(axes, int) else axes
        # Half the points, rounded down, forward; the same backward.
        return np.roll(x, [sign * (shape[axis] // 2) for axis in moved], tuple(moved))


_shift(np.fft.fftshift, 1)
_shift(np.fft.ifftshift, -1)
