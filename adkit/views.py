"""Which traced arrays share memory, as the NumPy arrays that they stand for do: what is written to one all of them see.

A traced number never changes. What a person holds is a handle to it, and a write lets the handle stand for another
number: the array with the new elements in it. The handles that NumPy's memory would change along with it follow: those
it is a view of, and their views.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import LostDerivative, place
from .tracing import Box, bind, plain


class Link:
    """What ties a handle to others: the array it is a view of, by which row of the table, and its own views."""

    __slots__ = ("base", "limit", "params", "row", "views")

    def __init__(self, base: Box | None = None, row: Any = None, params: Mapping[str, Any] | None = None) -> None:
        self.base = base
        self.row = row
        self.params: Mapping[str, Any] = params or {}
        self.views: list[weakref.ref[Box]] = []
        self.limit = 16

    def add(self, view: Box) -> None:
        """Remember a view; now and then forget those that are gone."""
        if len(self.views) >= self.limit:
            self.views = [ref for ref in self.views if ref() is not None]
            self.limit = 2 * len(self.views) + 16
        self.views.append(weakref.ref(view))


def link_of(box: Box) -> Link:
    """What ties a handle to others; nothing yet where it has not been asked for."""
    try:
        return _LINK(box)
    except AttributeError:
        box.link = Link()
        return box.link


_LINK: Any = vars(Box)["link"].__get__


def tie(view: Box, base: Any, row: Any, params: Mapping[str, Any]) -> None:
    """Note that a row's output is a view of its argument, where in NumPy's memory it is one."""
    if view is not base and _is_view(plain(view), plain(base)):
        view.link = Link(base, row, params)
        link_of(base).add(view)


def tie_unseen(view: Any, base: Box, name: str) -> None:
    """Note that a result shows memory of an argument in a way that only its function knows: no write to either can be
    followed."""
    if isinstance(view, Box) and view is not base:
        if (packed := link_of(view).base) is not None:
            others = link_of(packed)
            others.views = [ref for ref in others.views if ref() is not view]
        view.link = Link(base, None, {"name": name})
        link_of(base).add(view)


def _refusal(link: Link) -> LostDerivative:
    return LostDerivative(
        f"{link.params['name']} returned memory of its argument, and one of the two is changed in place{place()}: let "
        "it return a copy (x.copy())"
    )


def _is_view(x: Any, base: Any) -> bool:
    """Whether an array that was made of another shows its memory, whose owner NumPy names as a view's base."""
    if type(x) is not np.ndarray or x.base is None or not isinstance(base, np.ndarray):
        return False
    return x.base is base or x.base is base.base


def rewrite(box: Box, new: Any) -> None:
    """Let a handle stand for `new`, and with it every handle that shares its memory."""
    changed = [(box, new)]
    while (link := link_of(box)).base is not None:
        if link.row is None:
            raise _refusal(link)
        new = link.row.put(link.base, new, **link.params)
        box = link.base
        changed.append((box, new))
    for handle, number in changed:
        handle.become(number)
    done = {id(handle) for handle, _ in changed}
    for handle, _ in changed:
        _refresh(handle, done)


def _refresh(base: Box, done: set[int]) -> None:
    """Let the views of a rewritten array show what is there now, and their views."""
    bases = [base]
    while bases:
        base = bases.pop()
        for ref in link_of(base).views:
            view = ref()
            if view is not None and id(view) not in done:
                if view.link.row is None:
                    raise _refusal(view.link)
                view.become(bind(view.link.row, (base,), view.link.params))
                bases.append(view)


def read_only(base: Any, new: Any, **params: Any) -> Any:
    """What becomes of an array when a view that cannot be written to is written to."""
    raise ValueError("assignment destination is read-only")  # NumPy's words
