"""Assembly language as machine code in memory."""

from __future__ import annotations

from functools import cache
from typing import Any

from .loader import Loaded


@cache
def _target(level: int) -> Any:
    """What makes code for this machine, with more care at a higher level."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=level,
        reloc="pic",
        codemodel="small",
    )


def assembled(text: str, level: int) -> Loaded:
    """The code of a module. Nothing of LLVM's is left when it is there."""
    import llvmlite.binding as llvm

    # A context of its own: what it makes unique, constants for one, goes with it.
    context = llvm.create_context()
    try:
        with llvm.parse_assembly(text, context) as module:
            return Loaded(_target(level).emit_object(module))
    finally:
        context.close()
