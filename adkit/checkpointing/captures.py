"""The traced values that a call can read: in its arguments, in what a function closes over, in attributes of objects.

What is run again later must be handed all of them anew. So they are found where they stand, and the call is built again
around other values: containers, closures and objects that hold a traced value are copied, all else stays as it is.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..containers import is_container, parts_of
from ..errors import LostDerivative, origin, place
from ..tracing import Box

Values = Sequence[Any]
# How to read the parts of something that has been built, and the parts that it was given.
Reader = Callable[[], list[Any]]
# What builds something again around other values; it notes what must not be changed.
Builder = Callable[[Values, "list[tuple[Reader, list[Any]]]"], Any]

_CLOSED = (types.ModuleType, type, np.generic, np.dtype, np.ufunc, types.BuiltinFunctionType)
_SIMPLE = frozenset({int, float, complex, bool, str, bytes, type(None), range, slice, type(...)})


class Captured:
    """The traced values below a tree of arguments, functions and objects, each once."""

    def __init__(self, tree: Any) -> None:
        self.boxes: list[Box] = []
        # Kept alive, so that no identity is used twice.
        self._seen: dict[int, tuple[Builder | None, Any]] = {}
        self._tree = tree
        try:
            self._build = self._look(tree)
        except RecursionError:
            # Of what is linked too deeply nothing is taken apart: then it is all done in the open.
            self.boxes, self._build = [], None

    def build(self, values: Values) -> tuple[Any, Callable[[str], None]]:
        """The tree around other values, and what refuses, in the name of who had it, if that was changed."""
        made: list[tuple[Reader, list[Any]]] = []
        tree = self._tree if self._build is None else self._build(values, made)
        return tree, functools.partial(_require_unchanged, made)

    def _look(self, x: Any) -> Builder | None:
        """What builds x around other values; None where nothing in it is traced."""
        if type(x) in _SIMPLE or isinstance(x, _CLOSED):
            return None
        if id(x) in self._seen:
            return self._seen[id(x)][0]
        if isinstance(x, Box):
            builder = _chosen(len(self.boxes))
            self.boxes.append(x)
        else:
            self._seen[id(x)] = None, x  # what refers to itself stays as it is
            builder = self._inside(x)
        self._seen[id(x)] = builder, x
        return builder

    def _inside(self, x: Any) -> Builder | None:
        if isinstance(x, types.FunctionType):
            return self._function(x)
        if isinstance(x, types.MethodType):
            return self._made(lambda parts: types.MethodType(*parts), [x.__func__, x.__self__])
        if type(x) is functools.partial:
            parts = [x.func, list(x.args), dict(x.keywords)]
            return self._made(lambda parts: functools.partial(parts[0], *parts[1], **parts[2]), parts)
        if isinstance(x, np.ndarray):
            return self._object_array(x) if x.dtype.hasobject else None
        if isinstance(x, (list, tuple, dict)) and is_container(x):
            return self._container(x)
        return self._object(x) if _is_open(x) else None

    def _made(
        self,
        make: Callable[[list[Any]], Any],
        parts: list[Any],
        read: Callable[[Any], list[Any]] | None = None,
        frozen: bool = False,
    ) -> Builder | None:
        """What makes something of its parts, which must still be there afterwards where `read` tells how to read them.

        Without traced values among them it is not made anew, unless it is to be `frozen` as it is now.
        """
        builders = list(map(self._look, parts))
        if not frozen and all(builder is None for builder in builders):
            return None

        def build(values: Values, made: list[tuple[Reader, list[Any]]]) -> Any:
            new = [x if b is None else b(values, made) for x, b in zip(parts, builders, strict=True)]
            result = make(new)
            if read is not None:
                made.append((functools.partial(read, result), read(result)))
            return result

        return build

    def _container(self, x: Any) -> Builder | None:
        keys = list(parts_of(x))
        if isinstance(x, dict):
            return self._made(lambda parts: dict(zip(keys, parts, strict=True)), list(x.values()), _dict_parts)
        make = list if isinstance(x, list) else getattr(type(x), "_make", tuple)
        return self._made(make, list(x), list)

    def _object_array(self, x: Any) -> Builder | None:
        def make(parts: list[Any]) -> Any:
            array = np.empty(x.size, object)
            array[:] = parts
            return array.reshape(x.shape)

        return self._made(make, list(x.flat), lambda array: list(array.flat))

    def _object(self, x: Any) -> Builder | None:
        """An object of the person's, as a copy with other attributes."""
        names = list(vars(x))

        def make(parts: list[Any]) -> Any:
            twin = object.__new__(type(x))
            twin.__dict__.update(zip(names, parts, strict=True))
            return twin

        return self._made(make, list(vars(x).values()), lambda twin: list(vars(twin).values()))

    def _function(self, x: types.FunctionType) -> Builder | None:
        """A function with the variables it closes over as they are now, but for those that it sets itself."""
        cells = x.__closure__ or ()
        set_here = _variables_set(x.__code__)
        shared = [name in set_here or _is_empty(cell) for name, cell in zip(x.__code__.co_freevars, cells, strict=True)]
        contents = [None if _is_empty(cell) else cell.cell_contents for cell in cells]

        def make(parts: list[Any]) -> Any:
            closure = [
                cell if shares and part is content else types.CellType(part)
                for cell, shares, part, content in zip(cells, shared, parts[2:], contents, strict=True)
            ]
            twin = types.FunctionType(x.__code__, x.__globals__, x.__name__, parts[0], tuple(closure) or None)
            twin.__kwdefaults__ = parts[1]
            twin.__dict__.update(x.__dict__)
            return twin

        def read(twin: Any) -> list[Any]:
            """What a person's code could have changed of what is not shared."""
            pairs = zip(cells, twin.__closure__ or (), contents, strict=True)
            return [content if cell is own else own.cell_contents for cell, own, content in pairs]

        parts = [x.__defaults__, x.__kwdefaults__, *contents]
        return self._made(make, parts, read, frozen=not all(shared))


@functools.lru_cache(maxsize=1024)
def _variables_set(code: types.CodeType) -> frozenset[str]:
    """The variables from outside that a function assigns to, itself or in the functions inside it."""
    own = {x.argval for x in dis.get_instructions(code) if x.opname in ("STORE_DEREF", "DELETE_DEREF")}
    inner = [_variables_set(const) for const in code.co_consts if isinstance(const, types.CodeType)]
    return frozenset(own).union(*inner)


class _Attributes:
    """What has attributes and nothing else."""


def _is_open(x: Any) -> bool:
    """Whether attributes are looked at: those of a person's own objects, and of what adkit has made of a function."""
    if not hasattr(x, "__dict__") or type(x).__basicsize__ > _Attributes.__basicsize__:
        return False  # there is more to it than its attributes, and a copy would lose that
    file = getattr(sys.modules.get(type(x).__module__), "__file__", None)
    return origin(file or "<interactive>") == "user" or "__wrapped__" in vars(x)


def _chosen(i: int) -> Builder:
    return lambda values, made: values[i]


def _dict_parts(x: Any) -> list[Any]:
    return list(x.values())


def _is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is cell
    except ValueError:
        return True


def _require_unchanged(made: list[tuple[Reader, list[Any]]], name: str) -> None:
    """Refuse where a copy of something was changed: the change would be lost."""
    for read, given in made:
        now = read()
        if len(now) != len(given) or any(a is not b for a, b in zip(now, given, strict=True)):
            raise LostDerivative(
                f"{name} changes a list, a dict, an object or a variable that holds traced values{place()}; since "
                "it is run again in the sweep, let it return what is new"
            )
