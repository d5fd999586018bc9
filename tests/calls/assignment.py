"""Assignment to items. The statements and functions that write are proved as programs, in test_assignment."""

from __future__ import annotations

import operator

import numpy as np

from .common import INDICES, Rows, draws

V = draws("assignment")

TARGET = np.zeros((2, 3))

ROWS: Rows = {
    "add.at": [((V((2, 3)), V(TARGET[i].shape)), {"index": i}) for i in INDICES]
    + [((V((2, 3)), V(s)), {"index": np.array([1, 1])}) for s in [(), (3,), (1, 3), (2, 1)]]
    + [((V((2, 3)), V((3,))), {"index": (np.array([1, 1, 1]), np.array([2, 0, 2]))})],
    "assign": [((V((2, 3)), V(TARGET[i].shape)), {"index": i}) for i in INDICES]
    + [((V((2, 3)), V(s)), {"index": i}) for i in (slice(None), np.array([1, 0])) for s in [(), (3,), (1, 3), (2, 1)]]
    + [((V((2, 3)), V((1, 1, 3))), {"index": 1})]
    + [((V((2, 3, 4)), V((2, 3))), {"index": (np.array([0, 1]), slice(None), np.array([3, 0]))})]
    + [((V((2, 3)), V((3,))), {"index": (np.array([1, 1, 1]), np.array([2, 0, 2]))}), ((V(()), V(())), {"index": ()})]
    + [((V((2, 3)) * (1 + 1j), V((3,))), {"index": 0})],
}

WRITERS = {operator.setitem, np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
CREATORS = {
    *(np.zeros_like, np.ones_like, np.empty_like, np.zeros, np.ones, np.empty, np.full, np.arange, np.eye, np.identity),
    *(np.tri, np.fromiter, np.fromfunction),
    *(np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require),
}
