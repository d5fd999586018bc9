"""Histograms and distinct values: counts carry no derivative, weights are added up, values and edges keep theirs."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..tracing import bind, holds_boxes, is_traced, normalize, value
from .table import Constant, JointlyLinear, Linear, implements, like, shape_of

bincount_p = Linear(
    "bincount",
    lambda weights, *, places, minlength: np.bincount(places, weights, minlength),
    transpose=lambda cotangent, weights, *, places, minlength: cotangent[places],
    flow="adds",
)


def plainly(x: Any) -> Any:
    """Numbers without their derivatives, also those in a list; anything else as it is."""
    if isinstance(x, (list, tuple)) and holds_boxes(x):
        return type(x)(map(plainly, x))
    return value(x) if is_traced(x) else x


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    places = plainly(x)
    if not is_traced(weights):
        return np.bincount(places, weights, minlength)
    return bincount_p(normalize(weights), places=np.array(places), minlength=minlength)


# -- histograms ------------------------------------------------------------------------------------
def _bin_of(sample: Any, edges: Any) -> Any:
    """The bin that each number falls into, and whether into any; the last bin has both its ends."""
    found = np.where(sample == edges[-1], len(edges) - 2, np.searchsorted(edges, sample, "right") - 1)
    inside = (sample >= edges[0]) & (sample <= edges[-1])
    return np.where(inside, found, 0), inside


def _of_samples(samples: Any, bins: Any, ranges: Any, weights: Any) -> Any:
    """Weights of points of any dimension added up in bins."""
    if np.ndim(samples) == 1:
        return np.histogram(samples, bins, ranges, weights=weights)[0]
    return np.histogramdd(samples, bins, ranges, weights=weights)[0]


def _of_weights_transpose(cotangent: Any, weights: Any, *, samples: Any, bins: Any, ranges: Any, edges: Any) -> Any:
    columns = [samples] if np.ndim(samples) == 1 else samples.T
    places, inside = zip(*map(_bin_of, columns, edges), strict=True)
    return np.where(np.all(inside, axis=0), cotangent[places], 0.0)


histogram_p = Linear(
    "histogram",
    lambda weights, *, samples, bins, ranges, edges: _of_samples(samples, bins, ranges, weights),
    transpose=_of_weights_transpose,
    selects=True,
    flow="adds",
)
# Counts of points; a constant, so that a recorder sees that they were read.
_counts_p = Constant("histogram_counts", _of_samples)


def _spaced(i: int, cotangent: Any, first: Any, last: Any, *, bins: int) -> Any:
    share = np.arange(bins + 1) / bins
    return np.sum(cotangent * (share if i else share[::-1]))


# The edges of bins of equal width: they move with the smallest and the largest number.
bin_edges_p = JointlyLinear(
    "bin_edges",
    lambda first, last, *, bins: np.linspace(first, last, bins + 1),
    transpose=_spaced,
    batched=lambda tangents, args, out, *, bins: np.linspace(tangents[0], tangents[1], bins + 1, axis=-1),
)


def _edges(sample: Any, bins: Any, between: Any, count: int) -> Any:
    """The edges of `count` bins in one dimension; those of f's own, or such as cover the sample."""
    if np.ndim(bins) or is_traced(bins):
        return normalize(bins)
    if between is not None or not shape_of(sample)[0]:
        first, last = (0.0, 1.0) if between is None else between
    else:
        first, last = np.min(sample), np.max(sample)
    if first == last:
        first, last = first - 0.5, last + 0.5
    return like(bin_edges_p(first, last, bins=count), sample)


@implements(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    a = np.ravel(normalize(a))
    counts = _added_up(a, bins, range, None if weights is None else np.ravel(normalize(weights)))
    edges = _edges(a, bins, range, shape_of(counts)[0])
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    return counts, edges


def _added_up(samples: Any, bins: Any, ranges: Any, weights: Any) -> Any:
    plain_bins, plain_ranges = plainly(bins), plainly(ranges)
    if not is_traced(weights):
        return bind(_counts_p, (samples, plain_bins, plain_ranges, weights))
    # Copies: f may change the arrays that it used.
    found, bins, ranges = copy.deepcopy((plainly(samples), plain_bins, plain_ranges))
    histogram_of = np.histogram if np.ndim(found) == 1 else np.histogramdd
    edges = histogram_of(found, bins, ranges)[1]
    edges = (edges,) if np.ndim(found) == 1 else tuple(edges)
    return histogram_p(weights, samples=found, bins=bins, ranges=ranges, edges=edges)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return np.histogram(a, bins, range)[1]


@implements(np.histogramdd)
def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    points = normalize(sample)
    # As NumPy has it: an array holds a point per row, a sequence the coordinates of all points.
    if isinstance(sample, (list, tuple)) or len(shape_of(points)) != 2:
        points = np.transpose(np.atleast_2d(points))
    dimensions = shape_of(points)[1]
    bins = list(bins) if hasattr(bins, "__len__") else [bins] * dimensions
    counts = _added_up(points, bins, range, None if weights is None else normalize(weights))
    ranges = [None] * dimensions if range is None else range
    edges = [_edges(points[:, i], bins[i], ranges[i], n) for i, n in enumerate(shape_of(counts))]
    if not density:
        return counts, edges
    for i, edge in enumerate(edges):
        counts = counts / np.reshape(np.diff(edge), [-1 if k == i else 1 for k, _ in enumerate(edges)])
    return counts / _total(points, bins, range, weights), edges


def _total(points: Any, bins: Any, ranges: Any, weights: Any) -> Any:
    return np.sum(_added_up(points, bins, ranges, None if weights is None else normalize(weights)))


@implements(np.histogram2d)
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = np.histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]


# -- distinct values -------------------------------------------------------------------------------
def _about_unique(name: str, **which: Any) -> Constant:
    """One of the arrays that np.unique returns on the side."""
    return Constant(
        f"unique_{name}", lambda x, axis, equal_nan: np.unique(x, axis=axis, equal_nan=equal_nan, **which)[1]
    )


_index_p = _about_unique("index", return_index=True)
_inverse_p = _about_unique("inverse", return_inverse=True)
_counts_of_p = _about_unique("counts", return_counts=True)


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Distinct values are moved: each is the first of those that equal it."""
    ar = normalize(ar)
    index = bind(_index_p, (ar, axis, equal_nan))
    values = np.ravel(ar)[index] if axis is None else np.moveaxis(np.moveaxis(ar, axis, 0)[index], 0, axis)
    asked = [(return_inverse, _inverse_p), (return_counts, _counts_of_p)]
    others = [bind(primitive, (ar, axis, equal_nan)) for wanted, primitive in asked if wanted]
    found = (values, *([index] if return_index else []), *others)
    return found if len(found) > 1 else values
