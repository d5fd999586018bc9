"""A kernel as a function that Python calls as quickly as its own: arguments checked and results built in machine code.

`ptr function(ptr self, ptr args, i64 count, ptr names)` is what CPython calls. Arguments are borrowed, so nothing is
counted on the way in; on the way out a new object goes into its container at once, and letting the outermost container
go is all that there is to do when memory is short.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from . import abi
from .engine import assembled

# Numbers that are kept on the stack; more of them are asked for.
STACK = 2048
_FASTCALL_KEYWORDS = 0x82
_NAME = b"native"
# Where the bytes of a bytes object are.
_BYTES = bytes.__basicsize__ - 1


@dataclass(frozen=True)
class Number:
    """A result that is one number of the outputs: its place, and whether it is NumPy's."""

    place: int
    numpy: bool = False


@dataclass(frozen=True)
class Array:
    """A result that is an array of numbers in a row."""

    place: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Object:
    """A result or argument that is always the same object."""

    value: Any


@dataclass(frozen=True)
class Parts:
    """A tuple or list."""

    parts: tuple[Any, ...]
    kind: type = tuple


@dataclass(frozen=True)
class Leaf:
    """An argument that is a float64 of this type, or an array of this shape."""

    example: Any


class _Method(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@dataclass(frozen=True)
class Kernel:
    """A kernel in the same module, or at an address: its inputs, what its outputs are made of, how many numbers these
    are and how many it needs room for besides, and whether something that it calls may raise."""

    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    numbers: int
    room: int
    raises: bool = False
    address: int = 0


class Home(NamedTuple):
    """What a builtin needs to live, its `__self__`; and what it calls where it does not apply, if it calls anything.

    The collector of circles cannot empty a tuple, so code and definition are there for as long as they can be called.
    """

    memory: mmap.mmap
    definition: bytes
    kernel: Kernel
    kept: tuple[Any, ...]
    otherwise: Callable[..., Any] | None = None

    def __repr__(self) -> str:
        return "native code"


def make(
    text: str,
    level: int,
    kernel: Kernel,
    arguments: Sequence[Any],
    result: Any,
    *kept: Any,
    calls: bool = False,
    guard: Callable[[], bool] | None = None,
) -> Home:
    """The code of a builtin: `text` is the kernel's, or empty if it is elsewhere. Where it does not apply, or the guard
    says no, the builtin returns None, or calls what its home says."""
    function = Function(kernel, arguments, result, calls, guard)
    code = assembled(text + _PROLOGUE + function.text(), level)
    if not kernel.address:
        kernel = replace(kernel, address=code.address("entry"))
    definition = bytes(_Method(_NAME, code.address("function"), _FASTCALL_KEYWORDS, None))
    return Home(code.memory, definition, kernel, (*function.kept, *kept))


def builtin(home: Home) -> Any:
    """A function of the interpreter's own kind."""
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    return new(id(home.definition) + _BYTES, home, __name__)


# An array that has gaps, or another order, is copied: recursion along its axes.
_PROLOGUE = """
define internal ptr @gather(ptr %from, ptr %to, i64 %axes, ptr %shape, ptr %strides) nounwind {
%end = icmp eq i64 %axes, 0
br i1 %end, label %one, label %many
one:
%x = load double, ptr %from
store double %x, ptr %to
%next = getelementptr double, ptr %to, i64 1
ret ptr %next
many:
%length = load i64, ptr %shape
%stride = load i64, ptr %strides
%inner = sub i64 %axes, 1
%shapes = getelementptr i64, ptr %shape, i64 1
%stridess = getelementptr i64, ptr %strides, i64 1
br label %head
head:
%i = phi i64 [0, %many], [%j, %body]
%at = phi ptr [%from, %many], [%after, %body]
%put = phi ptr [%to, %many], [%rest, %body]
%more = icmp slt i64 %i, %length
br i1 %more, label %body, label %done
body:
%rest = call ptr @gather(ptr %at, ptr %put, i64 %inner, ptr %shapes, ptr %stridess)
%after = getelementptr i8, ptr %at, i64 %stride
%j = add i64 %i, 1
br label %head
done:
ret ptr %put
}
"""


class Function:
    """The text of a function that Python calls, being written."""

    def __init__(
        self,
        kernel: Kernel,
        arguments: Sequence[Any],
        result: Any,
        calls: bool,
        guard: Callable[[], bool] | None = None,
    ) -> None:
        self.kernel = kernel
        self.arguments = arguments
        self.result = result
        self.calls = calls
        self.guard = guard
        self.lines: list[str] = []
        self.constants: list[str] = []
        self.kept: list[Any] = []
        # Where the arguments that are numbers and arrays are.
        self.leaves: list[tuple[str, Any]] = []
        gathered = sum(x.size for x in kernel.inputs if isinstance(x, np.ndarray))
        self.size = kernel.numbers + kernel.room + gathered
        self._names = itertools.count()

    def text(self) -> str:
        self._emit("define ptr @function(ptr %self, ptr %args, i64 %count, ptr %names) nounwind {")
        self._emit(f"%root = alloca ptr\n%leaves = alloca [{max(len(self.kernel.inputs), 1)} x ptr]")
        if self.size <= STACK:
            self._emit(f"%numbers = alloca [{max(self.size, 1)} x double]")
        self._emit("store ptr null, ptr %root")
        self._require_equal("i64", "%count", len(self.arguments))
        self._require_equal("ptr", "%names", "null")
        if self.guard is not None:
            self._ask(self.guard)
        for k, pattern in enumerate(self.arguments):
            self._check(self._load("ptr", "%args", 8 * k), pattern)
        self._make_room()
        self._run()
        found = self._build(self.result)
        self._free()
        self._emit(f"ret ptr {found}")
        self._end()
        return "\n".join([*self.constants, *self.lines, "}", "" if self.kernel.address else _ENTRY])

    # -- writing -------------------------------------------------------------------------------------
    def _emit(self, line: str) -> None:
        self.lines.append(line)

    def _new(self, expression: str) -> str:
        name = f"%x{next(self._names)}"
        self._emit(f"{name} = {expression}")
        return name

    def _label(self) -> str:
        return f"b{next(self._names)}"

    def _at(self, pointer: str, offset: int) -> str:
        return self._new(f"getelementptr i8, ptr {pointer}, i64 {offset}") if offset else pointer

    def _load(self, kind: str, pointer: str, offset: int) -> str:
        return self._new(f"load {kind}, ptr {self._at(pointer, offset)}")

    def _store(self, value: str, pointer: str, offset: int) -> None:
        self._emit(f"store {value}, ptr {self._at(pointer, offset)}")

    def _require(self, condition: str, otherwise: str = "miss") -> None:
        """Go on if a condition holds."""
        label = self._label()
        self._emit(f"br i1 {condition}, label %{label}, label %{otherwise}\n{label}:")

    def _require_equal(self, kind: str, x: str, wanted: object) -> None:
        self._require(self._new(f"icmp eq {kind} {x}, {wanted}"))

    def _made(self, function: int, *args: str) -> str:
        """A new object, or the end."""
        found = self._new(f"call ptr {_address(function)}({', '.join(args)})")
        self._require(self._new(f"icmp ne ptr {found}, null"), "broken")
        return found

    def _object(self, x: Any) -> str:
        """An object that lives as long as the function does."""
        self.kept.append(x)
        return _address(id(x))

    def _count_up(self, pointer: str) -> None:
        self._emit(f"call void {_address(abi.function('Py_IncRef'))}(ptr {pointer})")

    # -- the way in ----------------------------------------------------------------------------------
    def _ask(self, guard: Callable[[], bool]) -> None:
        """Go on if it says yes. It may do anything: nothing has been taken out of an argument yet."""
        answer = self._new(f"call ptr {_address(abi.function('PyObject_CallNoArgs'))}(ptr {self._object(guard)})")
        self._require(self._new(f"icmp ne ptr {answer}, null"), "raised")
        # True and False outlive that.
        self._emit(f"call void {_address(abi.function('Py_DecRef'))}(ptr {answer})")
        self._require_equal("ptr", answer, _address(id(True)))

    def _check(self, x: str, pattern: Any) -> None:
        """Go on if an argument is what it was when the graph was recorded."""
        if isinstance(pattern, Object):
            self._check_same(x, pattern.value)
            return
        kind = pattern.kind if isinstance(pattern, Parts) else type(pattern.example)
        self._require_equal("ptr", self._load("ptr", x, abi.TYPE), _address(id(kind)))
        if isinstance(pattern, Parts):
            self._require_equal("i64", self._load("i64", x, abi.LENGTH), len(pattern.parts))
            for k, part in enumerate(pattern.parts):
                self._check(self._load("ptr", self._items(x, pattern), 8 * k), part)
            return
        self.leaves.append((x, pattern.example))
        if kind is np.ndarray:
            self._check_array(x, pattern.example)

    def _items(self, x: str, pattern: Parts) -> str:
        return self._at(x, abi.ITEMS) if pattern.kind is tuple else self._load("ptr", x, abi.ITEMS)

    def _check_array(self, x: str, example: Any) -> None:
        self._require_equal("ptr", self._load("ptr", x, abi.DESCR), _address(id(abi.FLOAT64)))
        self._require_equal("i32", self._load("i32", x, abi.NDIM), example.ndim)
        shape = self._load("ptr", x, abi.SHAPE)
        for k, length in enumerate(example.shape):
            self._require_equal("i64", self._load("i64", shape, 8 * k), length)
        if self.calls and example.ndim > 1:
            self._check_layout(x, example)

    def _check_layout(self, x: str, example: Any) -> None:
        """Go on if an array lies in memory as one did: what `ravel` does depends on that."""
        if example.flags.c_contiguous:
            self._require_equal("i32", self._flag(x), abi.CONTIGUOUS)
            return
        strides = self._load("ptr", x, abi.STRIDES)
        for k, stride in enumerate(example.strides):
            self._require_equal("i64", self._load("i64", strides, 8 * k), stride)

    def _flag(self, x: str) -> str:
        """Whether the numbers of an array are in C order without gaps."""
        return self._new(f"and i32 {self._load('i32', x, abi.FLAGS)}, {abi.CONTIGUOUS}")

    def _check_same(self, x: str, value: Any) -> None:
        """The same object, or one of the same type that is equal, where asking cannot run a person's code."""
        wanted = self._object(value)
        is_same = self._new(f"icmp eq ptr {x}, {wanted}")
        if type(value) not in (int, float, str, bytes):
            self._require(is_same)
            return
        ask, after = self._label(), self._label()
        self._emit(f"br i1 {is_same}, label %{after}, label %{ask}\n{ask}:")
        self._require_equal("ptr", self._load("ptr", x, abi.TYPE), _address(id(type(value))))
        ask = _address(abi.function("PyObject_RichCompareBool"))
        answer = self._new(f"call i32 {ask}(ptr {x}, ptr {wanted}, i32 2)")
        equal = self._new(f"icmp eq i32 {answer}, 1")
        self._emit(f"br i1 {equal}, label %{after}, label %miss\n{after}:")

    # -- the kernel ----------------------------------------------------------------------------------
    def _make_room(self) -> None:
        if self.size <= STACK:
            return
        self._emit(f"%numbers = call ptr {_address(abi.function('PyMem_RawMalloc'))}(i64 {8 * self.size})")
        self._require(self._new("icmp ne ptr %numbers, null"), "short")

    def _free(self) -> None:
        if self.size > STACK:
            self._emit(f"call void {_address(abi.function('PyMem_RawFree'))}(ptr %numbers)")

    def _run(self) -> None:
        free = self.kernel.numbers + self.kernel.room
        for k, (x, example) in enumerate(self.leaves):
            if isinstance(example, np.ndarray):
                data = self._gathered(x, example, self._at("%numbers", 8 * free))
                free += example.size
            else:
                data = self._at(x, abi.NUMBER)
            self._store(f"ptr {data}", "%leaves", 8 * k)
        work = self._at("%numbers", 8 * self.kernel.numbers)
        target = _address(self.kernel.address) if self.kernel.address else "@kernel"
        self._require(self._new(f"call i1 {target}(ptr %leaves, ptr %numbers, ptr {work})"), "failed")
        if self.kernel.raises:
            raised = self._new(f"call ptr {_address(abi.function('PyErr_Occurred'))}()")
            self._require(self._new(f"icmp eq ptr {raised}, null"), "failed")

    def _gathered(self, x: str, example: Any, room: str) -> str:
        """The numbers of an array in C order: where they are, or copied."""
        in_order = self._new(f"icmp ne i32 {self._flag(x)}, 0")
        data, shape, strides = (self._load("ptr", x, offset) for offset in (abi.DATA, abi.SHAPE, abi.STRIDES))
        here, gather, after = self._label(), self._label(), self._label()
        self._emit(f"br label %{here}\n{here}:\nbr i1 {in_order}, label %{after}, label %{gather}\n{gather}:")
        self._new(f"call ptr @gather(ptr {data}, ptr {room}, i64 {example.ndim}, ptr {shape}, ptr {strides})")
        self._emit(f"br label %{after}\n{after}:")
        return self._new(f"phi ptr [{data}, %{here}], [{room}, %{gather}]")

    # -- the way out ---------------------------------------------------------------------------------
    def _build(self, pattern: Any, put: Callable[[str], None] | None = None) -> str:
        """A new object. A container goes where it belongs before it is filled."""
        put = put or (lambda x: self._store(f"ptr {x}", "%root", 0))
        if not isinstance(pattern, Parts):
            found = self._leaf(pattern)
            put(found)
            return found
        new = abi.function("PyTuple_New" if pattern.kind is tuple else "PyList_New")
        found = self._made(new, f"i64 {len(pattern.parts)}")
        put(found)
        if pattern.parts:
            items = self._items(found, pattern)
            for k, part in enumerate(pattern.parts):
                self._build(part, lambda x, k=k: self._store(f"ptr {x}", items, 8 * k))
        return found

    def _leaf(self, pattern: Any) -> str:
        if isinstance(pattern, Object):
            found = self._object(pattern.value)
            self._count_up(found)
            return found
        if isinstance(pattern, Array):
            return self._new_array(pattern)
        number = f"double {self._load('double', '%numbers', 8 * pattern.place)}"
        if not pattern.numpy:
            return self._made(abi.function("PyFloat_FromDouble"), number)
        found = self._made(abi.new_float64(), f"ptr {_address(id(np.float64))}", "i64 0")
        self._store(number, found, abi.NUMBER)
        return found

    def _new_array(self, pattern: Array) -> str:
        name = f"@shape{next(self._names)}"
        sizes = ", ".join(f"i64 {n}" for n in pattern.shape) or "i64 0"
        self.constants.append(f"{name} = internal constant [{max(len(pattern.shape), 1)} x i64] [{sizes}]")
        given = f"i32 {len(pattern.shape)}", f"ptr {name}", f"i32 {abi.FLOAT64.num}", "ptr null", "ptr null"
        found = self._made(abi.new_array(), f"ptr {_address(id(np.ndarray))}", *given, "i32 0", "i32 0", "ptr null")
        source, size = self._at("%numbers", 8 * pattern.place), 8 * int(np.prod(pattern.shape))
        data = self._load("ptr", found, abi.DATA)
        self._new(f"call ptr {_address(abi.library('memcpy'))}(ptr {data}, ptr {source}, i64 {size})")
        return found

    def _end(self) -> None:
        """The ways out where something does not hold, and where there is no memory."""
        self._emit("failed:")
        self._free()
        if self.kernel.raises:
            self._emit(f"call void {_address(abi.function('PyErr_Clear'))}()")
        self._emit("br label %miss\nmiss:")
        self._pass_on()
        self._emit("broken:")
        root = self._load("ptr", "%root", 0)
        self._free()
        # Also of nothing: that is what Py_DecRef allows.
        self._emit(f"call void {_address(abi.function('Py_DecRef'))}(ptr {root})\nret ptr null")
        if self.guard is not None:
            self._emit("raised:\nret ptr null")
        if self.size > STACK:
            self._emit("short:")
            self._new(f"call ptr {_address(abi.function('PyErr_NoMemory'))}()")
            self._emit("ret ptr null")

    def _pass_on(self) -> None:
        """The same call of another function, in whose place this frame is not there; or None."""
        if self.calls:
            other = self._load("ptr", "%self", abi.ITEMS + 8 * Home._fields.index("otherwise"))
            call = _address(abi.function("PyObject_Vectorcall"))
            found = self._new(f"musttail call ptr {call}(ptr {other}, ptr %args, i64 %count, ptr %names)")
        else:
            found = _address(id(None))
            self._count_up(found)
        self._emit(f"ret ptr {found}")


def _address(address: int) -> str:
    return f"inttoptr (i64 {address} to ptr)"


_ENTRY = """
define i1 @entry(ptr %leaves, ptr %out, ptr %work) nounwind {
%ok = call i1 @kernel(ptr %leaves, ptr %out, ptr %work)
ret i1 %ok
}
"""
