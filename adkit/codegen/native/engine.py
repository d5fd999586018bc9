"""Assembly language as machine code in memory."""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, Self

_numbers = itertools.count(1)
# By number of the machine: what LLVM holds its code by, and what else must live as long as the code.
_alive: dict[int, list[Any]] = {}


@cache
def _compiler(level: int) -> Any:
    """LLVM's compiler for this machine, which takes more care at a higher level."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
    )
    return llvm.create_lljit_compiler(target)


class Machine(int):
    """Machine code; it is gone when nobody holds it any more, and not before.

    The collector of circles must not know it: that would ask it to go while functions which run its code can still be
    called.
    """

    __slots__ = ()

    @classmethod
    def of(cls, text: str, level: int, names: Sequence[str]) -> Self:
        """The code of a module that defines functions of these names."""
        import llvmlite.binding as llvm

        machine = cls(next(_numbers))
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(machine))
        builder = llvm.JITLibraryBuilder().add_ir(text).add_current_process()
        for name in names:
            builder.export_symbol(name)
        _alive[int(machine)] = [builder.link(_compiler(level), f"adkit{int(machine)}")]
        return machine

    def address(self, name: str) -> int:
        """Where a function is."""
        return _alive[int(self)][0][name]

    def keep(self, x: Any) -> None:
        """Let something live as long as the code."""
        _alive[int(self)].append(x)

    def __del__(self) -> None:
        if not sys.is_finalizing():
            _alive.pop(int(self), None)


def count() -> int:
    """How many machines there are."""
    return len(_alive)
