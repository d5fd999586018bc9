"""Nested lists, tuples and dicts of numbers: taken apart into leaves, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# The structure of a container: None for a leaf, else how to rebuild it and the structures of its parts.
Structure = tuple[Callable[[list[Any]], Any], tuple[Any, ...], Any] | None


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of a container from left to right, and its structure."""
    parts = _parts(tree)
    if parts is None:
        return [tree], None
    leaves: list[Any] = []
    structures: list[Structure] = []
    for part in parts:
        found, structure = flatten(part)
        leaves += found
        structures.append(structure)
    return leaves, (_builder(tree), tuple(structures), _kind(tree))


def unflatten(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The container of this structure that holds these leaves."""
    return _build(structure, iter(leaves))


def _build(structure: Structure, leaves: Iterator[Any]) -> Any:
    if structure is None:
        return next(leaves)
    builder, structures, _ = structure
    return builder([_build(part, leaves) for part in structures])


def _parts(tree: Any) -> list[Any] | None:
    """What a container holds, in order; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.values())
    return list(tree) if isinstance(tree, (list, tuple)) else None


def _builder(tree: Any) -> Callable[[list[Any]], Any]:
    """How to make a container like this one from its parts."""
    if isinstance(tree, dict):
        keys = list(tree)
        return lambda parts: dict(zip(keys, parts, strict=True))
    if isinstance(tree, tuple):
        named = getattr(type(tree), "_make", None)
        return named if named is not None else tuple
    return list


def _kind(tree: Any) -> Any:
    """What makes two containers alike apart from their leaves: comparable and hashable."""
    return ("dict", *tree) if isinstance(tree, dict) else (type(tree).__name__, len(tree))


def same_structure(a: Structure, b: Structure) -> bool:
    """Whether two structures have the same containers, keys and leaf positions."""
    return signature(a) == signature(b)


def signature(structure: Structure) -> Any:
    """The structure as something that can be compared and hashed."""
    return None if structure is None else (structure[2], tuple(map(signature, structure[1])))


def paths(tree: Any, name: str = "x") -> list[str]:
    """How a person would write each leaf: x[0]['w']."""
    if isinstance(tree, dict):
        return [p for key, part in tree.items() for p in paths(part, f"{name}[{key!r}]")]
    if isinstance(tree, (list, tuple)):
        return [p for i, part in enumerate(tree) for p in paths(part, f"{name}[{i}]")]
    return [name]
