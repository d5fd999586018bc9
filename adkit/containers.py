"""Nested lists, tuples, dicts and dataclasses of numbers: taken apart into leaves, and put together again."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np


class Container(NamedTuple):
    """A list, tuple, named tuple, dict or dataclass without its leaves: comparable and hashable."""

    kind: type
    keys: tuple[Any, ...]
    parts: tuple[Structure, ...]

    def build(self, parts: list[Any]) -> Any:
        """The container that holds these parts."""
        if self.kind is dict:
            return dict(zip(self.keys, parts, strict=True))
        if is_dataclass(self.kind):
            return _instance(self.kind, dict(zip(self.keys, parts, strict=True)))
        make = getattr(self.kind, "_make", self.kind)
        return make(parts)

    def pick(self, tree: Any) -> list[Any] | None:
        """The parts of a container like this one, of a dict by its keys; None where it is not like this one."""
        if self.kind is dict:
            alike = isinstance(tree, dict) and tree.keys() == set(self.keys)
            return [tree[key] for key in self.keys] if alike else None
        if is_dataclass(self.kind):
            return [getattr(tree, key) for key in self.keys] if type(tree) is self.kind else None
        alike = isinstance(tree, (list, tuple)) and len(tree) == len(self.keys)
        return list(tree) if alike else None


def _instance(kind: type, values: dict[str, Any]) -> Any:
    """A dataclass that holds these values, whatever its own constructor makes of what it is given."""
    instance = object.__new__(kind)
    for name, part in values.items():
        object.__setattr__(instance, name, part)
    return instance


# What most leaves are.
_LEAVES = frozenset({float, int, np.ndarray, np.float64})
# The structure of a container; None for a leaf.
Structure = Container | None


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a container from left to right, and its structure.

    Subclasses of list and dict count as plain ones; named tuples and dataclasses keep their class, since f reads them
    by name.
    """
    leaves: list[Any] = []
    return leaves, _flatten_into(leaves, tree)


def _flatten_into(leaves: list[Any], tree: Any) -> Structure:
    """The structure of a container whose leaves are added to a list."""
    kind = type(tree)
    if kind in _LEAVES or not is_container(tree):
        leaves.append(tree)
        return None
    if kind is list or kind is tuple:
        parts: list[Structure] = []
        for part in tree:
            if type(part) in _LEAVES:
                leaves.append(part)
                parts.append(None)
            else:
                parts.append(_flatten_into(leaves, part))
        return Container(kind, _places(len(parts)), tuple(parts))
    named = parts_of(tree)
    return Container(_kind(tree), tuple(named), tuple([_flatten_into(leaves, part) for part in named.values()]))


@functools.lru_cache(maxsize=256)
def _places(count: int) -> tuple[int, ...]:
    """The keys of a list or tuple."""
    return tuple(range(count))


def is_container(tree: Any) -> bool:
    """Whether something is taken apart, and is not a leaf."""
    # As dataclasses.is_dataclass of an instance, in a fraction of the time: every leaf of every call is asked.
    return isinstance(tree, (list, tuple, dict)) or hasattr(type(tree), "__dataclass_fields__")


def parts_of(tree: Any) -> dict[Any, Any]:
    """The parts of a container by key, position or name."""
    if isinstance(tree, dict):
        return dict(tree)
    if isinstance(tree, (list, tuple)):
        return dict(enumerate(tree))
    return {field.name: getattr(tree, field.name) for field in fields(tree)}


def _kind(tree: Any) -> type:
    if is_dataclass(tree):
        return type(tree)
    if isinstance(tree, tuple):
        return type(tree) if hasattr(type(tree), "_make") else tuple
    return dict if isinstance(tree, dict) else list


def unflatten(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The container of this structure that holds these leaves."""
    return build(structure, iter(leaves))


def build(structure: Structure, leaves: Iterator[Any]) -> Any:
    """The container of this structure that holds the next leaves."""
    if structure is None:
        return next(leaves)
    parts = [next(leaves) if part is None else build(part, leaves) for part in structure.parts]
    kind = structure.kind
    return parts if kind is list else tuple(parts) if kind is tuple else structure.build(parts)


def flatten_like(structure: Structure, tree: Any) -> list[Any] | None:
    """The leaves of a container that has this structure, a dict's in the structure's order; None if it has another.

    Lists and tuples may stand for each other. Where the structure has a leaf, whatever is there is the leaf.
    """
    if structure is None:
        return [tree]
    parts = structure.pick(tree)
    if parts is None:
        return None
    leaves: list[Any] = []
    for part, inner in zip(parts, structure.parts, strict=True):
        found = flatten_like(inner, part)
        if found is None:
            return None
        leaves += found
    return leaves


def count(structure: Structure) -> int:
    """How many leaves a container of this structure has."""
    return 1 if structure is None else sum(map(count, structure.parts))


def paths(tree: Any, name: str = "x") -> list[str]:
    """How a person would write each leaf: x[0]['w'].bias."""
    if not is_container(tree):
        return [name]
    written = "{}[{!r}]" if isinstance(tree, (list, tuple, dict)) else "{}.{}"
    return [p for key, part in parts_of(tree).items() for p in paths(part, written.format(name, key))]
