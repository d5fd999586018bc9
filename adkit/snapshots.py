"""What a function depends on besides its arguments, as far as Python lets one see it.

A derivation made once holds as long as everything that f read is what it was: other arguments, closure variables,
globals, defaults, attributes of objects, functions that it calls. A snapshot is all of that as a flat list of values
that can be compared. What cannot be looked into (an iterator, a random generator, an object of some library) makes a
snapshot impossible.
"""

from __future__ import annotations

import dis
import functools
import importlib
import importlib.util
import operator
import sys
import types
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from .errors import origin
from .lending import same_bits

Snapshot = list[Any]
# By identity, arrays that were read, and what they held then.
Arrays = dict[int, tuple[Any, Any]]
Names = tuple[str, ...]

# Whose functions give the same for the same arguments; those of any other library may not.
_PURE = frozenset(
    {
        *("numpy", "scipy", "adkit", "math", "cmath", "builtins", "operator", "functools", "itertools", "types"),
        *("dataclasses", "reprlib", "collections", "abc", "typing", "enum", "copy", "numbers", "fractions", "decimal"),
    }
)
_IMPURE = frozenset({"numpy.random", "scipy.stats", "scipy.io", "numpy.lib._npyio_impl", "_io"})
# By these, code reads what its names do not show.
_REFLECTIVE = frozenset(
    {
        *("open", "eval", "exec", "globals", "locals", "vars", "getattr", "input", "__import__", "id"),
        *("attrgetter", "methodcaller", "__globals__", "__builtins__"),
    }
)
_FILES = frozenset(
    {
        *("load", "loadtxt", "genfromtxt", "fromfile", "memmap", "fromregex"),
        *("save", "savez", "savez_compressed", "savetxt", "tofile"),
    }
)
# What is all there is to know of itself.
_VALUES = (
    *(int, str, bytes, type(None), range, slice, type(...), Enum),
    *(np.dtype, np.ufunc, type(np.sum)),
    type(vars(NamedTuple("_Pair", [("x", int)]))["x"]),
    *(types.MemberDescriptorType, types.GetSetDescriptorType, types.MethodDescriptorType, types.WrapperDescriptorType),
)
# Numbers that need not be imported to be known.
_VALUE_MODULES = frozenset({"fractions", "decimal", "_decimal"})


class OpaqueError(Exception):
    """Something whose state cannot be seen: `thing`, or code by what it is called."""

    def __init__(self, thing: Any) -> None:
        super().__init__(thing)
        self.thing = thing

    @property
    def what(self) -> str:
        """What cannot be looked into, in words."""
        x = self.thing
        if isinstance(x, str):
            return x
        name = getattr(x, "__qualname__", None) or getattr(x, "__name__", None)
        if name is None:
            return f"an object of {type(x).__module__}.{type(x).__qualname__}"
        home = getattr(x, "__module__", None)
        return f"{home}.{name}" if home and not isinstance(x, types.ModuleType) else name


def snapshot(*roots: Any) -> Snapshot | None:
    """Everything that these objects, functions above all, depend on; None where that cannot be known.

    Two snapshots are equal if, as far as can be seen, nothing has changed in between.
    """
    try:
        return surroundings(*roots).content
    except OpaqueError:
        return None


class Surroundings(NamedTuple):
    """What some objects depend on: a snapshot, the places where it was read, the globals that code mentions, and the
    arrays, each with the one copy that all of this shares."""

    content: Snapshot
    places: list[Place]
    mentions: frozenset[str]
    arrays: Arrays

    def guard(self) -> Guard:
        """A quick answer to whether nothing has changed; where it says no, only a new snapshot can tell."""
        return Guard(self.places)


def surroundings(*roots: Any, known: Arrays | None = None) -> Surroundings:
    """Everything that these objects depend on.

    Args:
        roots: functions and other objects.
        known: arrays of earlier surroundings: of those that still hold the same, their copies are taken over.

    Raises:
        OpaqueError: that cannot be known.

    Example:
        >>> from adkit.snapshots import surroundings
        >>> factors = [2.0, 3.0]
        >>> guard = surroundings(lambda x: factors[0] * x).guard()
        >>> guard.holds()
        True
        >>> factors[0] = 4.0
        >>> guard.holds()
        False
    """
    loaded = len(sys.modules)
    walk = _Walk(known or {})
    walk.all(roots, ())
    if len(sys.modules) != loaded:  # what has been imported on the way may stand where the walk has been
        walk = _Walk(known or {})
        walk.all(roots, ())
    return Surroundings(walk.found, walk.places, frozenset(walk.mentions), walk.arrays)


class Place(NamedTuple):
    """Where something was read: an expression with {0}, {1}, ... for objects, that is true as long as it is there."""

    test: str
    objects: tuple[Any, ...]


class Guard:
    """Whether the same objects still stand where they were read, and lists, dicts and arrays hold what they held.

    `source` is one expression in the names of `namespace`, which generated code can take up; it may raise where
    something is gone altogether.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self.namespace: dict[str, Any] = {"_alike": _alike, "_same_bits": same_bits}
        named: dict[int, str] = {}
        tests: dict[str, None] = {}
        for test, objects in places:
            for x in objects:
                if id(x) not in named:
                    named[id(x)] = f"_g{len(named)}"
                    self.namespace[named[id(x)]] = x
            tests[test.format(*(named[id(x)] for x in objects))] = None
        self.source = " and ".join(tests)
        self._run = eval(f"lambda: {self.source}", self.namespace) if self.source else None

    def holds(self) -> bool:
        """Whether nothing has changed, as far as that can be said quickly."""
        if self._run is None:
            return True
        try:
            return bool(self._run())
        except (LookupError, AttributeError, ValueError):
            return False


def _bytes_of(copy: Any) -> bytes:
    """The bytes that an array was made of."""
    while not isinstance(copy, bytes):
        copy = copy.base
    return copy


def _alike(found: Iterable[Any], known: tuple[Any, ...]) -> bool:
    """Whether these are the very same objects."""
    return all(map(operator.is_, found, known))


class _Walk:
    """A walk from object to object. `names` are always those that the code at hand mentions."""

    def __init__(self, known: Arrays) -> None:
        self.known = known
        self.arrays: Arrays = {}
        self.found: Snapshot = []
        # In the order of meeting; kept alive, so that no identity is used twice.
        self.seen: dict[int, tuple[int, Any]] = {}
        self.places: list[Place] = []
        self.mentions: set[str] = set()

    def place(self, test: str, *objects: Any) -> None:
        self.places.append(Place(test, objects))

    def all(self, parts: Iterable[Any], names: Names) -> None:
        for part in parts:
            self.one(part, names)

    def one(self, x: Any, names: Names) -> None:
        """Note x as values that are equal exactly if nothing has changed."""
        if type(x) in (bool, float, complex):
            # 0.0 and -0.0 are not the same, nan and nan are; True is not 1.
            self.found.append((type(x), repr(x)))
        elif isinstance(x, _VALUES):
            self.found.append(x)
            self._kind(x, names)
        elif type(x) in (np.ndarray, np.memmap) or isinstance(x, np.generic):
            self._array(x, names)
        elif isinstance(x, (np.ndarray, float, complex)):
            raise OpaqueError(x)  # a subclass, which may hold more than its numbers
        elif isinstance(x, types.ModuleType):
            self._module(x, names)  # as often as code mentions it: other code may mention other attributes
        elif id(x) in self.seen:
            self.found.append(("seen", self.seen[id(x)][0]))
        else:
            self.seen[id(x)] = len(self.seen), x
            look = _looker(type(x))
            look(self, x, names)
            if look is not _Walk._object:  # which looks at the class itself
                self._kind(x, names)

    def _kind(self, x: Any, names: Names) -> None:
        """The methods of a list, number or text of the person's own may compute from more than what it holds."""
        if _is_own(sys.modules.get(type(x).__module__)):
            self.one(type(x), names)

    def _array(self, x: Any, names: Names) -> None:
        if not x.dtype.hasobject and isinstance(x, np.ndarray):
            self._numbers(x)
            return
        numbers = b"" if x.dtype.hasobject else x.tobytes()
        self.found.append((x.dtype, x.shape, numbers))
        if x.dtype.hasobject:
            self.place("_alike({0}.flat, {1})", x, tuple(x.flat))
            self.all(x.flat, names)

    def _numbers(self, x: Any) -> None:
        """An array of numbers, which may be large: all that is kept of it is one copy."""
        used, copy = self.arrays.get(id(x)) or self.known.get(id(x), (None, None))
        if used is not x or not same_bits(x, copy):
            # In the order in which it lies, so that it can stand in for the array.
            by_columns = x.flags.f_contiguous and not x.flags.c_contiguous
            copy = np.frombuffer(x.tobytes("A"), x.dtype).reshape(x.shape, order="F" if by_columns else "C")
        self.arrays[id(x)] = x, copy
        self.found.append((x.dtype, x.shape, copy.flags.c_contiguous, _bytes_of(copy)))
        self.place("_same_bits({0}, {1})", x, copy)

    # -- containers --------------------------------------------------------------------------------
    def _sequence(self, x: Any, names: Names) -> None:
        self.found.append((type(x), len(x)))
        if not isinstance(x, tuple):
            self.place(f"len({{0}}) == {len(x)} and _alike({{0}}, {{1}})", x, tuple(x))
        self.all((*x, getattr(x, "__dict__", None)), names)

    def _dict(self, x: Any, names: Names) -> None:
        self.found.append((type(x), len(x)))
        self.place(f"len({{0}}) == {len(x)} and _alike({{0}}, {{1}})", x, tuple(x))
        self.place("_alike({0}.values(), {1})", x, tuple(x.values()))
        for item in x.items():
            self.all(item, names)
        self.one(getattr(x, "__dict__", None), names)

    def _set(self, x: Any, names: Names) -> None:
        if not all(isinstance(part, _VALUES) for part in x):
            raise OpaqueError(x)
        if isinstance(x, set):
            self.place("{0} == {1}", x, frozenset(x))
        self.found.append(frozenset((type(part), part) for part in x))

    # -- code --------------------------------------------------------------------------------------
    def _function(self, x: types.FunctionType, names: Names) -> None:
        """A function of the person's own depends on its code, defaults, closure, and the globals that it mentions."""
        self.found.append(x.__code__)
        if origin(x.__code__.co_filename) != "user":
            _require_pure(x)
            return
        names = _names_in(x.__code__)
        if not _REFLECTIVE.isdisjoint(names):
            raise OpaqueError(f"{sorted(_REFLECTIVE & set(names))[0]}()")
        self.place("{0}.__code__ is {1}", x, x.__code__)
        # A function without defaults was given all its arguments; new defaults change nothing.
        for name in ("__defaults__", "__kwdefaults__"):
            if getattr(x, name) is not None:
                self.place(f"{{0}}.{name} is {{1}}", x, getattr(x, name))
        self.all((x.__defaults__, x.__kwdefaults__), names)
        self._imports(x, names)
        if vars(x) or _asks(names):
            self.one(vars(x), names)
        for cell in x.__closure__ or ():
            if (content := _content(cell)) is not _NOTHING_YET:
                self.place("{0}.cell_contents is {1}", cell, content)
            self.one(content, names)
        self._globals(x, names)

    def _imports(self, x: types.FunctionType, names: Names) -> None:
        """The modules that code imports when it runs."""
        for imported in _imports_in(x.__code__):
            parts = (x.__globals__.get("__package__") or "" if imported.startswith(".") else "", imported)
            for name, module in _modules_on_the_way(*parts):
                self.found.append(name)
                self.place(f"{{0}}.get({name!r}) is {{1}}", sys.modules, module)
                self.one(module, names)

    def _globals(self, x: types.FunctionType, names: Names) -> None:
        """What stands in the globals under the names that code mentions, and that nothing hides a builtin."""
        loaded = _globals_in(x.__code__)
        self.mentions |= loaded
        for name in names:
            if name in x.__globals__:
                found = x.__globals__[name]
                if name in loaded:
                    self.place(f"{{0}}[{name!r}] is {{1}}", x.__globals__, found)
                self.found.append(name)
                self.one(found, names)
            elif name in loaded:
                self.place(f"{name!r} not in {{0}}", x.__globals__)

    def _method(self, x: types.MethodType, names: Names) -> None:
        self.all((x.__func__, x.__self__), names)

    def _partial(self, x: functools.partial[Any], names: Names) -> None:
        for name in ("func", "args", "keywords"):
            self.place(f"{{0}}.{name} is {{1}}", x, getattr(x, name))
        self.all((x.func, x.args, x.keywords), names)

    def _builtin(self, x: types.BuiltinFunctionType, names: Names) -> None:
        """math.sin depends on nothing; the `append` of a list depends on the list."""
        self.found.append(x.__name__)
        if isinstance(x.__self__, types.ModuleType):
            _require_pure(x)
        else:
            self.one(x.__self__, names)

    def _property(self, x: property, names: Names) -> None:
        self.one(x.fget, names)

    def _wrapped(self, x: Any, names: Names) -> None:
        self.one(x.__func__, names)

    def _module(self, x: types.ModuleType, names: Names) -> None:
        """A module of the person's own depends on the attributes that are mentioned; a library's does not change."""
        self.found.append(x.__name__)
        mentioned = [vars(x)[name] for name in names if name in vars(x)]
        if _is_own(x):
            if "__dict__" in names:
                raise OpaqueError(x)
            for name in names:
                if name in vars(x):
                    self.place(f"{{0}}[{name!r}] is {{1}}", vars(x), vars(x)[name])
                elif _asks(names):
                    self.place(f"{name!r} not in {{0}}", vars(x))
            self.all((*mentioned, vars(x).get("__getattr__")), names)
            return
        if not _is_pure(x.__name__) or not _FILES.isdisjoint(names):
            raise OpaqueError(x)
        # Of a library's module only what lies below it may be something else than it was, or something impure.
        self.all([part for part in mentioned if isinstance(part, types.ModuleType) and part is not x], names)

    # -- objects -----------------------------------------------------------------------------------
    def _class(self, x: type, names: Names) -> None:
        """A class of the person's own: what its body and those of its bases define."""
        self.found.append(x)
        if not _is_own(sys.modules.get(x.__module__)):
            _require_pure(x)
        self.place("{0}.__mro__ is {1}", x, x.__mro__)
        self._kind(x, names)
        for base in x.__mro__:
            if _is_own(sys.modules.get(base.__module__)):
                written = {name: part for name, part in vars(base).items() if not _is_plumbing(name, part)}
                # What is added may hide what a base has.
                self.found.append(tuple(written))
                self.place(f"len({{0}}) == {len(vars(base))}", vars(base))
                for name, part in written.items():
                    self.place(f"{{0}}[{name!r}] is {{1}}", vars(base), part)
                self.all(written.values(), names)

    def _namespace(self, x: types.SimpleNamespace, names: Names) -> None:
        self.one(vars(x), names)

    def _object(self, x: Any, names: Names) -> None:
        """An object: its class and its attributes; of adkit's own objects those that matter."""
        kind = type(x)
        module = sys.modules.get(kind.__module__)
        self.found.append(kind)
        if hasattr(kind, "depends_on"):
            self.all((getattr(x, name) for name in kind.depends_on), names)
        elif origin(getattr(module, "__file__", None) or "") == "adkit":
            # A wrapper of f counts as what it wraps; a traced value is another one each time.
            attributes = getattr(x, "__dict__", None)
            if attributes is None:
                raise OpaqueError(x)
            # Its attributes are not places to be watched: adkit's objects stay as they are.
            known = (attributes["__wrapped__"],) if "__wrapped__" in attributes else attributes.items()
            for part in known:
                self.one(part, names)
        elif kind.__module__ in _VALUE_MODULES:
            self.found.append(repr(x))
        elif _is_own(module):
            self.place("type({0}) is {1}", x, kind)
            self.one(kind, names)
            slots = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ()) if hasattr(x, name)]
            for name in slots:
                self.place(f"{{0}}.{name} is {{1}}", x, getattr(x, name))
            if hasattr(x, "__dict__"):
                self.place("{0}.__dict__ is {1}", x, vars(x))
            self.all((getattr(x, "__dict__", None), *(getattr(x, name) for name in slots)), names)
        else:
            raise OpaqueError(x)


_LOOKERS: dict[type, Callable[[_Walk, Any, Names], None]] = {
    list: _Walk._sequence,
    tuple: _Walk._sequence,
    dict: _Walk._dict,
    set: _Walk._set,
    frozenset: _Walk._set,
    types.FunctionType: _Walk._function,
    types.MethodType: _Walk._method,
    functools.partial: _Walk._partial,
    types.BuiltinFunctionType: _Walk._builtin,
    property: _Walk._property,
    classmethod: _Walk._wrapped,
    staticmethod: _Walk._wrapped,
    types.ModuleType: _Walk._module,
    types.SimpleNamespace: _Walk._namespace,
    type: _Walk._class,
}


@functools.lru_cache(maxsize=1024)
def _looker(kind: type) -> Callable[[_Walk, Any, Names], None]:
    """How to look into objects of a class."""
    return next((_LOOKERS[base] for base in kind.__mro__ if base in _LOOKERS), _Walk._object)


@functools.lru_cache(maxsize=1024)
def _names_in(code: types.CodeType) -> Names:
    """The globals and attributes that code mentions, also in the functions inside it; and "except" where it has one."""
    inner = [name for const in code.co_consts if isinstance(const, types.CodeType) for name in _names_in(const)]
    asked = [x for x in code.co_consts if isinstance(x, str) and x.isidentifier()] if "hasattr" in code.co_names else []
    caught = ["except"] if code.co_exceptiontable and "except" in _globals_in(code) else []
    return tuple(dict.fromkeys((*code.co_names, *asked, *caught, *inner)))


def _asks(names: Names) -> bool:
    """Whether code may go on where a name is not there."""
    return "hasattr" in names or "except" in names


@functools.lru_cache(maxsize=1024)
def _imports_in(code: types.CodeType) -> Names:
    """The modules that code imports, also in the functions inside it; with a dot for each package up."""
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    found: list[str] = []
    for i, step in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            # Before the import stand how many packages up, and the names that are wanted, which may be modules too.
            up, wanted = "." * steps[i - 2].argval, steps[i - 1].argval or ()
            home = up + step.argval
            found += [home, *((f"{home}." if step.argval else up) + name for name in wanted)]
    inner = [name for const in code.co_consts if isinstance(const, types.CodeType) for name in _imports_in(const)]
    return tuple(dict.fromkeys((*found, *inner)))


def _modules_on_the_way(package: str, name: str) -> list[tuple[str, Any]]:
    """The module that an import finds, after the packages around it; None for what has not been imported."""
    try:
        name = importlib.util.resolve_name(name, package)
        home, _, last = name.rpartition(".")
        known = name in sys.modules or hasattr(sys.modules.get(home), last)
        if not known and (_is_pure(name) or _is_own_name(name.partition(".")[0])):
            importlib.import_module(name)  # as the call of f will
    except Exception:  # f says it, if it comes there
        return [(name, None)]
    parts = name.split(".")
    names = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return [(each, sys.modules.get(each)) for each in names]


def _is_own_name(name: str) -> bool:
    """Whether a module that has not been imported is the person's own."""
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None and origin(spec.origin) == "user"


@functools.lru_cache(maxsize=1024)
def _globals_in(code: types.CodeType) -> frozenset[str]:
    """The globals and builtins that code mentions, also in the functions inside it; and "except" where it has one."""
    inner = [_globals_in(const) for const in code.co_consts if isinstance(const, types.CodeType)]
    steps = list(dis.get_instructions(code))
    loaded = {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    catches = {"except" for step in steps if step.opname in ("CHECK_EXC_MATCH", "POP_EXCEPT")}
    return frozenset(loaded | catches).union(*inner)


def _is_pure(module: str) -> bool:
    """Whether the functions of a library's module give the same for the same arguments."""
    parts = module.split(".")
    below = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return parts[0] in _PURE and _IMPURE.isdisjoint(below)


def _require_pure(x: Any) -> None:
    if not _is_pure(getattr(x, "__module__", None) or "builtins"):
        raise OpaqueError(x)


_NOTHING_YET = "nothing yet"


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _NOTHING_YET


def _is_plumbing(name: str, part: Any) -> bool:
    """Whether Python, and not the person, put an attribute into a class: __doc__, what dataclass generates."""
    code = getattr(part, "__code__", None)
    is_written = code is not None and code.co_filename != "<string>" and origin(code.co_filename) == "user"
    return name.startswith("__") and name.endswith("__") and not is_written


def _is_own(module: Any) -> bool:
    """Whether a module is the person's own: it and what it defines are looked into."""
    spec = getattr(module, "__spec__", None)
    file = getattr(module, "__file__", None) or getattr(spec, "origin", None)
    # Cython puts the types of its functions into a module that it makes up.
    if module is None or getattr(module, "__name__", "").startswith("_cython"):
        return False
    return file not in ("built-in", "frozen") and origin(file or "<interactive>") == "user"
