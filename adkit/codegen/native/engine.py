"""Assembly language as machine code in memory."""

from __future__ import annotations

import weakref
from functools import cache
from typing import Any


@cache
def _binding() -> Any:
    """LLVM, ready to make code for this machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


class Machine:
    """Machine code; it is gone when nobody holds it any more."""

    def __init__(self, text: str, level: int) -> None:
        llvm = _binding()
        # A context of its own: what it makes unique, constants for one, goes with it.
        context = llvm.create_context()
        module = llvm.parse_assembly(text, context)
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
        )
        self.engine = llvm.create_mcjit_compiler(module, target)
        self.engine.finalize_object()
        # A collector that finds them all in one circle would let go of the context before what lives in it.
        weakref.finalize(self, _dispose, self.engine, context)

    def address(self, name: str) -> int:
        """Where a function is."""
        return self.engine.get_function_address(name)


def _dispose(engine: Any, context: Any) -> None:
    engine.close()
    context.close()
