"""Polynomials, and convolutions, which multiply them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tracing import normalize, plain, value
from .table import General, dtype_of, implements, shape_of

_MODES = {"full": "full", "same": "same", "valid": "valid", 2: "full", 1: "same", 0: "valid"}


# -- convolution -----------------------------------------------------------------------------------
def _widened(cotangent: Any, n: int, m: int, start: int) -> Any:
    """A cotangent of the part of a convolution from `start`, as one of the whole."""
    after = n + m - 1 - start - len(cotangent)
    zeros = np.zeros(max(start, after), dtype_of(cotangent))
    return np.concatenate([zeros[:start], cotangent, zeros[:after]])


def _start_of_convolution(a: Any, v: Any, mode: str) -> int:
    """Where a convolution of this mode starts within the whole one."""
    shorter = min(len(a), len(v))
    return {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]


def _start_of_correlation(a: Any, v: Any, mode: str) -> int:
    return len(a) // 2 if mode == "same" and len(a) < len(v) else _start_of_convolution(a, v, mode)


def _by_first(cotangent: Any, a: Any, v: Any, start: int) -> Any:
    """The cotangent of a in a part of the convolution of a and v; v's is that of the first in that of v and a."""
    return np.convolve(_widened(cotangent, len(a), len(v), start), np.flip(v), mode="valid")


def _reflected(v: Any) -> Any:
    """What a correlation with v convolves with."""
    return np.conj(np.flip(v))


convolve_p = General(
    "convolve",
    lambda a, v, *, mode: np.convolve(a, v, mode=mode),
    jvps=[
        lambda tangent, out, a, v, *, mode: np.convolve(tangent, v, mode=mode),
        lambda tangent, out, a, v, *, mode: np.convolve(a, tangent, mode=mode),
    ],
    vjps=[
        lambda cotangent, out, a, v, *, mode: _by_first(cotangent, a, v, _start_of_convolution(a, v, mode)),
        lambda cotangent, out, a, v, *, mode: _by_first(cotangent, v, a, _start_of_convolution(a, v, mode)),
    ],
    multilinear=True,
    flow="adds",
)
correlate_p = General(
    "correlate",
    lambda a, v, *, mode: np.correlate(a, v, mode=mode),
    jvps=[
        lambda tangent, out, a, v, *, mode: np.correlate(tangent, v, mode=mode),
        lambda tangent, out, a, v, *, mode: np.correlate(a, tangent, mode=mode),
    ],
    vjps=[
        lambda cotangent, out, a, v, *, mode: _by_first(cotangent, a, _reflected(v), _start_of_correlation(a, v, mode)),
        lambda cotangent, out, a, v, *, mode: _reflected(_by_first(cotangent, v, a, _start_of_correlation(a, v, mode))),
    ],
    multilinear=True,
    flow="adds",
)


def _sequences(row: General, numpys: Any, a: Any, v: Any, mode: Any) -> Any:
    """A row on two sequences, or NumPy's own error where they are none."""
    a, v = (np.reshape(x, -1) if shape_of(x) == () else x for x in (normalize(a), normalize(v)))
    if mode not in _MODES or len(shape_of(a)) != 1 or len(shape_of(v)) != 1 or not (len(a) and len(v)):
        return numpys(plain(a), plain(v), mode=mode)
    return row(a, v, mode=_MODES[mode])


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    return _sequences(convolve_p, np.convolve, a, v, mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    return _sequences(correlate_p, np.correlate, a, v, mode)


# -- polynomials, by their coefficients from the highest power -------------------------------------
@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    p, x = normalize(p), normalize(x)
    y = np.zeros_like(plain(x))
    for coefficient in p:
        y = y * x + coefficient
    return y


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    return np.add(*_of_one_length(a1, a2))


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    return np.subtract(*_of_one_length(a1, a2))


def _of_one_length(a1: Any, a2: Any) -> list[Any]:
    """Two polynomials with zeros before the shorter one."""
    parts = [np.atleast_1d(normalize(a)) for a in (a1, a2)]
    longest = max(map(len, parts))
    return [np.concatenate([np.zeros(longest - len(a), dtype_of(a)), a]) for a in parts]


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_without_leading_zeros(a1), _without_leading_zeros(a2))


def _without_leading_zeros(p: Any) -> Any:
    p = np.atleast_1d(normalize(p))
    found = np.nonzero(p)[0]
    return p[int(found[0]) :] if len(found) else np.zeros(1)


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")  # NumPy's words
    p = normalize(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    if int(m) < 0:
        raise ValueError("Order of integral must be positive (see polyder)")  # NumPy's words
    p, m = normalize(p), int(m)
    constants = np.zeros(m) if k is None else np.atleast_1d(normalize(k))
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m)
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these zeros, or the characteristic polynomial of a matrix."""
    zeros = np.atleast_1d(normalize(seq_of_zeros))
    shape = shape_of(zeros)
    if len(shape) == 2 and shape[0] == shape[1] != 0:
        zeros = np.linalg.eigvals(zeros)
    elif len(shape) != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    out: Any = np.ones(1, dtype_of(zeros))
    for zero in zeros:
        out = np.convolve(out, np.stack([np.ones((), dtype_of(zeros)), -zero]))
    numbers = value(zeros)
    in_pairs = np.iscomplexobj(numbers) and np.all(np.sort(numbers) == np.sort(numbers.conjugate()))
    return np.real(out) if in_pairs else out


@implements(np.roots)
def roots(p: Any) -> Any:
    """The eigenvalues of the companion matrix."""
    p = np.atleast_1d(normalize(p))
    if len(shape_of(p)) != 1:
        raise ValueError("Input must be a rank-1 array.")
    found = np.nonzero(p)[0]
    if not len(found):
        return np.array([])
    first, last, length = int(found[0]), int(found[-1]), len(p)
    p = p[first : last + 1]
    if len(p) == 1:
        return np.zeros(length - last - 1)
    below = np.eye(len(p) - 1, dtype=dtype_of(p))[:-1]
    eigenvalues = np.linalg.eigvals(np.concatenate([(-p[1:] / p[0])[None], below]))
    out = np.concatenate([eigenvalues, np.zeros(length - last - 1, dtype_of(eigenvalues))])
    # Newer NumPy has complex eigenvalues and yet real roots.
    return out if dtype_of(np.roots(plain(p))).kind == "c" else np.real(out)


# -- powers ----------------------------------------------------------------------------------------
def _slopes(out: Any, increasing: bool) -> Any:
    """k x^(k-1) for every x^k."""
    count = shape_of(out)[-1]
    nothing = np.zeros((*shape_of(out)[:-1], 1), dtype_of(out))
    lower = [nothing, out[..., :-1]] if increasing else [out[..., 1:], nothing]
    return np.concatenate(lower, axis=-1) * np.arange(count)[:: 1 if increasing else -1].astype(dtype_of(out))


def _vander_push(tangent: Any, out: Any, x: Any, *, count: int, increasing: bool) -> Any:
    return tangent[..., None] * _slopes(out, increasing)


vander_p = General(
    "vander",
    lambda x, *, count, increasing: np.vander(x, count, increasing),
    jvps=[_vander_push],
    vjps=[lambda cotangent, out, x, *, count, increasing: np.sum(cotangent * _slopes(out, increasing), axis=-1)],
    batched=[_vander_push],
    flow="adds",
)


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = normalize(x)
    if len(shape_of(x)) != 1 or N == 0:
        return np.vander(plain(x), N, increasing)
    return vander_p(x, count=len(x) if N is None else int(N), increasing=bool(increasing))
