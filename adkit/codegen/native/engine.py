"""Assembly language as machine code in memory."""

from __future__ import annotations

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
        self.context = llvm.create_context()
        module = llvm.parse_assembly(text, self.context)
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=level, jit=True
        )
        self.engine = llvm.create_mcjit_compiler(module, target)
        self.engine.finalize_object()

    def address(self, name: str) -> int:
        """Where a function is."""
        return self.engine.get_function_address(name)
