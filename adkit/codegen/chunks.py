"""Long programs in functions of bounded length, so that Python compiles them in linear time.

What a chunk defines for a later one it returns in a tuple, which that one takes apart: every name travels once from
where it is defined to where it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .program import Code
from .scalars import Expression
from .text import tupled
from .writer import Statement, Writer

# Up to so many statements are one function; more are functions of half as many.
LONGEST = 6000


def code_of(writer: Writer, outputs: Sequence[Expression]) -> Code:
    """What a writer has written, in chunks where it is long."""
    statements = writer.statements
    if len(statements) <= LONGEST:
        lines, functions = [statement.text for statement in statements], []
    else:
        lines, functions = _chunked(writer.inputs, statements, outputs)
    texts = tuple([x.text for x in outputs])
    return Code(
        writer.inputs, tuple(lines), texts, writer.namespace, writer.quiet, writer.raises, functions=tuple(functions)
    )


@dataclass
class _Chunk:
    """Statements, the inputs they read, and by number of an earlier chunk what they read of it."""

    statements: Sequence[Statement]
    inputs: dict[str, None] = field(default_factory=dict[str, None])
    reads: dict[int, dict[str, None]] = field(default_factory=dict[int, dict[str, None]])


def _chunked(
    inputs: Sequence[str], statements: Sequence[Statement], outputs: Sequence[Expression]
) -> tuple[list[str], list[str]]:
    """The lines that call the chunks, and the chunks as functions."""
    chunks = [_Chunk(statements[k : k + LONGEST // 2]) for k in range(0, len(statements), LONGEST // 2)]
    # The last one is what is left to the lines that call the others.
    chunks.append(_Chunk([Statement("", (), x.names) for x in outputs]))
    home: dict[str, int] = {}
    for number, chunk in enumerate(chunks):
        for statement in chunk.statements:
            for name in statement.uses:
                if (found := home.get(name)) is None:
                    chunk.inputs[name] = None
                elif found != number:
                    chunk.reads.setdefault(found, {})[name] = None
            home.update(dict.fromkeys(statement.defines, number))
    packs: list[list[int]] = [[] for _ in chunks]
    for number, chunk in enumerate(chunks):
        for found in chunk.reads:
            packs[found].append(number)
    functions = [_function(number, chunks, packs[number]) for number in range(len(chunks) - 1)]
    lines = [line for number in range(len(chunks) - 1) for line in _call(number, chunks, packs[number])]
    return [*lines, *_unpacked(len(chunks) - 1, chunks)], functions


def _parameters(number: int, chunks: Sequence[_Chunk]) -> str:
    chunk = chunks[number]
    return ", ".join([*chunk.inputs, *[f"p{found}_{number}" for found in sorted(chunk.reads)]])


def _unpacked(number: int, chunks: Sequence[_Chunk]) -> list[str]:
    """The lines that take apart what earlier chunks have left for one."""
    return [f"{tupled(names)} = p{found}_{number}" for found, names in sorted(chunks[number].reads.items())]


def _function(number: int, chunks: Sequence[_Chunk], readers: Sequence[int]) -> str:
    left = tupled([tupled(chunks[reader].reads[number]) for reader in readers])
    lines = [*_unpacked(number, chunks), *[statement.text for statement in chunks[number].statements]]
    body = "\n".join(["    " + line.replace("\n", "\n    ") for line in [*lines, f"return {left}"]])
    return f"def chunk{number}({_parameters(number, chunks)}):\n{body}"


def _call(number: int, chunks: Sequence[_Chunk], readers: Sequence[int]) -> list[str]:
    """The lines that run a chunk and name what it leaves."""
    lines = [f"left = chunk{number}({_parameters(number, chunks)})", "if left is None: return None"]
    return [*lines, *([f"{tupled([f'p{number}_{reader}' for reader in readers])} = left"] if readers else [])]
