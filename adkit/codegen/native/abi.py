"""Where the interpreter and NumPy keep their numbers and functions: addresses and offsets, each tried out before use.

The offsets are those of `PyFloatObject`, `PyArrayObject_fields` and `PyUFuncObject`, structures that CPython 3.11 to
3.13 and NumPy 2 promise to extensions compiled against them.
"""

from __future__ import annotations

import ctypes
import importlib
import platform
import sys
import sysconfig
from functools import cache
from typing import Any

import numpy as np

# The type of an object; the number in a float; the length, and what is in a tuple.
TYPE, NUMBER, LENGTH, ITEMS = 8, 16, 16, 24
# Of an array: its memory, number of axes, lengths, strides, dtype and flags.
DATA, NDIM, SHAPE, STRIDES, DESCR, FLAGS = 16, 24, 32, 40, 56, 64
CONTIGUOUS = 1
# Of a ufunc: its numbers of arguments, its loops, what they are given besides, how many there are, and their types.
_COUNTS, _LOOPS, _DATA, _LOOP_COUNT, _TYPES = 16, 32, 40, 48, 64
# Where NumPy's table of functions for extensions has the type of arrays and the function that makes one.
_ARRAY_TYPE, _NEW_ARRAY = 2, 93
_ALLOC_SLOT = 47
FLOAT64 = np.dtype(np.float64)


@cache
def refusal() -> str:
    """Why native code cannot be made here; empty where it can."""
    if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return "native code is made for CPython 3.11 to 3.13: Python code"
    if sys.platform != "linux" or platform.machine() != "x86_64" or sys.maxsize != 2**63 - 1:
        return "native code is made for Linux on x86-64: Python code"
    if (
        sysconfig.get_config_var("Py_GIL_DISABLED")
        or sysconfig.get_config_var("Py_DEBUG")
        or hasattr(sys, "getobjects")
    ):
        return "native code is made for the ordinary build of CPython: Python code"
    try:
        importlib.import_module("llvmlite.binding")
    except ImportError:
        return "llvmlite is not installed: Python code"
    except OSError as error:  # its library is not to be loaded here
        return f"llvmlite cannot be loaded ({str(error).strip().splitlines()[0]}): Python code"
    return "" if _layout_holds() else "this NumPy keeps its arrays otherwise: Python code"


def word(address: int) -> int:
    """The eight bytes in memory at an address."""
    return ctypes.c_uint64.from_address(address).value


def _half(address: int) -> int:
    return ctypes.c_int32.from_address(address).value


def _layout_holds() -> bool:
    """Whether a float, a tuple and an array have everything where it is looked for; each ufunc is asked by itself."""
    # Before anything is followed that might be no address.
    if np.lib.NumpyVersion(np.__version__).major != 2:
        return False
    return _floats_hold() and _tuples_hold() and _arrays_hold() and _table_holds()


def _floats_hold() -> bool:
    return all(
        word(id(x) + TYPE) == id(type(x)) and ctypes.c_double.from_address(id(x) + NUMBER).value == 0.1
        for x in (float("0.1"), np.float64(0.1))
    )


def _tuples_hold() -> bool:
    pair, items = (object(), object()), [object()]
    return (
        word(id(pair) + LENGTH) == 2
        and word(id(pair) + ITEMS + 8) == id(pair[1])
        and word(id(items) + LENGTH) == 1
        and word(word(id(items) + ITEMS)) == id(items[0])
    )


def _arrays_hold() -> bool:
    x = np.arange(24.0).reshape(4, 6)[:, ::2]
    at = id(x)
    return (
        word(at + DATA) == x.__array_interface__["data"][0]
        and _half(at + NDIM) == 2
        and (word(word(at + SHAPE)), word(word(at + SHAPE) + 8)) == x.shape
        and (word(word(at + STRIDES)), word(word(at + STRIDES) + 8)) == x.strides
        and word(at + DESCR) == id(x.dtype) == id(FLOAT64)
        and not _half(at + FLAGS) & CONTIGUOUS
        and bool(_half(id(x.copy()) + FLAGS) & CONTIGUOUS)
    )


def _table_holds() -> bool:
    try:
        return _numpy_table()[_ARRAY_TYPE] == id(np.ndarray)
    except (ImportError, KeyError, ValueError):  # it is kept elsewhere, or under another name
        return False


@cache
def _numpy_table() -> Any:
    """The functions and types that NumPy offers to extensions."""
    module = importlib.import_module("numpy._core._multiarray_umath")
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule: Any = vars(module)["_ARRAY_API"]
    return (ctypes.c_void_p * (_NEW_ARRAY + 1)).from_address(pointer(capsule, None))


@cache
def function(name: str) -> int:
    """The address of a function of the interpreter."""
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


@cache
def library(name: str) -> int:
    """The address of a function of the C library."""
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0


@cache
def new_array() -> int:
    """The address of PyArray_New."""
    return _numpy_table()[_NEW_ARRAY]


@cache
def new_float64() -> int:
    """The address of the function that makes room for a np.float64."""
    slot = ctypes.pythonapi.PyType_GetSlot
    slot.restype, slot.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    return slot(np.float64, _ALLOC_SLOT)


@cache
def loop(ufunc: np.ufunc) -> tuple[int, int] | None:
    """The address of a ufunc's loop over doubles, and of what that is given besides; None without such a loop."""
    at, signature = id(ufunc), "d" * ufunc.nin + "->d"
    counts = tuple((ctypes.c_int32 * 3).from_address(at + _COUNTS))
    if (
        signature not in ufunc.types
        or counts != (ufunc.nin, 1, ufunc.nin + 1)
        or _half(at + _LOOP_COUNT) != ufunc.ntypes
    ):
        return None
    k = ufunc.types.index(signature)
    characters = ctypes.string_at(word(at + _TYPES) + k * ufunc.nargs, ufunc.nargs)
    if characters != bytes([FLOAT64.num]) * ufunc.nargs:
        return None
    data = word(at + _DATA)
    return word(word(at + _LOOPS) + 8 * k), word(data + 8 * k) if data else 0
