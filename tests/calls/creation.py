"""Numbers between two numbers. What makes new arrays like a traced one is proved in test_assignment."""

from __future__ import annotations

import numpy as np

from .common import C, Patterns

PATTERNS: Patterns = {
    np.linspace: [
        lambda x: np.linspace(x[0, 0], 2.0, 5),
        lambda x: np.linspace(0, x[0, 1], 4, endpoint=False),
        lambda x: np.linspace(x[0], x[1], 3),
        lambda x: np.linspace(x, C, 4, axis=-1),
        lambda x: np.linspace(x[0], 1.0, 3, axis=1),
        lambda x: np.linspace(x[0, 0], x[1, 1], 3, retstep=True),
        lambda x: np.linspace(x[0, 0], 1.0, 1),
        lambda x: np.linspace(x[0, 0], 1.0, 0),
        lambda x: np.linspace(x[0, 0], x[0, 0], 3),
        lambda x: np.linspace(x[0, 0], 1.0, 3, dtype=np.float32),
    ],
    np.logspace: [
        lambda x: np.logspace(x[0, 0], 1.0, 4),
        lambda x: np.logspace(x[0], x[1], 3, base=2.0, axis=1),
        lambda x: np.logspace(0.5, 1.5, 3, base=np.exp(x[0, 0])),
        lambda x: np.logspace(x[0, 0], 1.0, 3, base=[2.0, 3.0]),
        lambda x: np.logspace(x[0, 0], 1.0, 3, endpoint=False, dtype=np.float32),
    ],
    np.geomspace: [
        lambda x: np.geomspace(np.exp(x[0, 0]), 9.0, 4),
        lambda x: np.geomspace(-np.exp(x[0]), -np.exp(x[1]), 3, axis=1),
        lambda x: np.geomspace(1.0, np.exp(x[0, 0]), 3, endpoint=False),
        lambda x: np.geomspace(np.exp(x[0, 0]), 2.0, 1),
    ],
}
