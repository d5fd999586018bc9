"""Histograms, as people call them."""

from __future__ import annotations

import numpy as np

from .common import C, Patterns, Rows, draws

V = draws("counting")

PLACES = np.array([0, 2, 2, 1, 4, 2])
SAMPLE = np.array([0.1, 0.9, 0.5, 0.5, 1.0, 2.0])
POINTS = np.stack([SAMPLE, SAMPLE[::-1]], axis=1)
SPACED = {"samples": SAMPLE, "bins": 4, "ranges": (0.0, 1.0), "edges": (np.linspace(0, 1, 5),)}
GIVEN = {"samples": SAMPLE, "bins": np.array([0.1, 0.5, 1.5]), "ranges": None, "edges": (np.array([0.1, 0.5, 1.5]),)}
PLANE = {
    "samples": POINTS,
    "bins": (2, 3),
    "ranges": [(0.0, 1.0), (0.0, 2.0)],
    "edges": (np.linspace(0, 1, 3), np.linspace(0, 2, 4)),
}

ROWS: Rows = {
    "bincount": [((V(6),), {"places": PLACES, "minlength": n}) for n in (0, 7)],
    "histogram": [((V(6),), p) for p in (SPACED, GIVEN, PLANE)],
    "bin_edges": [((V(()), V(())), {"bins": n}) for n in (1, 4)],
}

PATTERNS: Patterns = {
    np.bincount: [
        lambda x: np.bincount(PLACES, np.ravel(x)),
        lambda x: np.bincount([0, 3, 3], weights=x[0], minlength=5),
    ],
    np.histogram: [
        lambda x: np.histogram(SAMPLE, 4, weights=np.ravel(x))[0],
        lambda x: np.histogram(SAMPLE, [0.1, 0.5, 1.5], weights=np.ravel(x))[0],
        lambda x: np.histogram(SAMPLE, 4, (0.0, 1.0), weights=np.ravel(x))[0],
        lambda x: np.histogram(SAMPLE, 4, density=True, weights=np.ravel(x))[0],
        lambda x: np.histogram(x, 4)[1],
        lambda x: np.histogram(x, 4, density=True),
        lambda x: np.histogram(x, "auto", density=True)[0],
        lambda x: np.histogram(C, np.sort(np.append(x[0], 5.0)), density=True),
    ],
    np.histogram_bin_edges: [lambda x: np.histogram_bin_edges(x, 3), lambda x: np.histogram_bin_edges(x, "sturges")],
    np.histogram2d: [
        lambda x: np.histogram2d(SAMPLE, SAMPLE[::-1], (2, 3), weights=np.ravel(x))[0],
        lambda x: np.histogram2d(x[0], x[1], 3, density=True),
        lambda x: np.histogram2d(SAMPLE, SAMPLE[::-1], [0.0, 0.5, 2.0], density=True, weights=np.ravel(x) ** 2)[0],
    ],
    np.histogramdd: [
        lambda x: np.histogramdd(POINTS, 2, weights=np.ravel(x))[0],
        lambda x: np.histogramdd([x[0], x[1]], (2, 3), density=True)[0],
        lambda x: np.histogramdd(x, [2, 2, np.array([-9.0, 0.0, 9.0])])[1][0],
        lambda x: np.histogramdd(POINTS, 2, [(0.0, 1.0), (0.0, 2.0)], weights=np.ravel(x))[0],
    ],
}

QUERIES: Patterns = {}
