"""Long programs in functions of bounded length, so that Python compiles them in linear time."""

from __future__ import annotations

from collections.abc import Sequence

from .program import Code
from .writer import Statement, Writer

# Statements in one function.
LONGEST = 3000


def chunked(writer: Writer, outputs: tuple[str, ...]) -> Code:
    """The lines of a writer as code."""
    lines = tuple([statement.text for statement in writer.statements])
    return Code(writer.inputs, lines, outputs, writer.namespace, quiet=writer.quiet, raises=writer.raises)


__all__ = ["LONGEST", "Sequence", "Statement", "chunked"]
