"""Operations as LLVM's assembly language: chunks of straight-line code, each a function.

A number that a later chunk needs is kept in memory: long functions of many live numbers compile slowly. The kernel runs
the chunks: `i1 kernel(ptr leaves, ptr out, ptr work)` reads the inputs where `leaves` points, writes the numbers
of the outputs in a row, and says whether everything that must be true is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from . import abi
from .operations import NOTHING, TEMPLATES, Operations

# Operations in one function. Compiling takes longer than linear in it, and running a little longer where it is small.
CHUNK = 256
_INTRINSICS = "".join(
    f"declare double @llvm.{name}.f64(double)\n" for name in ("sqrt", "fabs", "floor", "ceil", "trunc", "rint")
)


@cache
def _power() -> str:
    return f"inttoptr (i64 {abi.library('pow')} to ptr)"


class Writer:
    """The text of a kernel, written chunk by chunk."""

    def __init__(self, operations: Operations, outputs: Sequence[int], required: Sequence[int]) -> None:
        self.operations = operations
        self.required = frozenset(required)
        self.places: dict[int, list[int]] = {}
        for k, i in enumerate(outputs):
            self.places.setdefault(i, []).append(k)
        self.order = self._live([*outputs, *required])
        # In which chunk a number is computed, and where it is kept for later ones.
        self.home: dict[int, int] = {}
        self.slots: dict[int, int] = {}
        self.room = operations.room
        self.chunks = self._chunks()
        self._allot()

    def _live(self, wanted: Sequence[int]) -> list[int]:
        """What is computed, in order."""
        alive = bytearray(len(self.operations.keys))
        for i in wanted:
            alive[i] = True
        for i in range(len(alive) - 1, -1, -1):
            if alive[i]:
                for k in self.operations.arguments(i):
                    alive[k] = True
        return [i for i in range(len(alive)) if alive[i] and self.operations.keys[i][0] in _COMPUTED]

    def _chunks(self) -> list[list[int]]:
        chunks = [self.order[i : i + CHUNK] for i in range(0, len(self.order), CHUNK)] or [[]]
        self.home = {i: k for k, chunk in enumerate(chunks) for i in chunk}
        return chunks

    def _allot(self) -> None:
        """A place in memory for each number that a later chunk reads."""
        for k, chunk in enumerate(self.chunks):
            for i in chunk:
                for arg in self.operations.arguments(i):
                    if self.home.get(arg, k) != k and arg not in self.slots and self._is_single(arg):
                        self.slots[arg] = self.room
                        self.room += 1

    def _is_single(self, i: int) -> bool:
        return self.operations.keys[i][0] not in ("batch", "fetch")

    def text(self) -> str:
        """The whole module."""
        parts = [_INTRINSICS, *map(called, self.operations.ufuncs.items())]
        parts += [_Chunk(self, k).text() for k in range(len(self.chunks))]
        parts.append(self._kernel())
        return "".join(parts)

    def _kernel(self) -> str:
        lines = ["define internal i1 @kernel(ptr %leaves, ptr %out, ptr %work) nounwind {", "br label %run0"]
        for k in range(len(self.chunks)):
            after = f"label %run{k + 1}, label %stop"
            lines += [
                f"run{k}:",
                f"%ok{k} = call i1 @chunk{k}(ptr %leaves, ptr %out, ptr %work)",
                f"br i1 %ok{k}, {after}",
            ]
        lines += [f"run{len(self.chunks)}:", "ret i1 true", "stop:", "ret i1 false", "}", ""]
        return "\n".join(lines)


_COMPUTED = frozenset({*TEMPLATES, "loop", "batch", "fetch"})


class _Chunk:
    """One function being written."""

    def __init__(self, writer: Writer, number: int) -> None:
        self.writer = writer
        self.number = number
        self.keys = writer.operations.keys
        self.known: dict[int, str] = {}
        self.leaves: set[int] = set()
        self.lines: list[str] = []
        self.conditions: list[str] = []

    def text(self) -> str:
        for i in self.writer.chunks[self.number]:
            self._compute(i)
        if self.number == len(self.writer.chunks) - 1:
            self._finish()
        head = [
            f"define internal i1 @chunk{self.number}(ptr %leaves, ptr %out, ptr %work) nounwind {{",
            *(f"%p{k} = getelementptr ptr, ptr %leaves, i64 {k}\n%d{k} = load ptr, ptr %p{k}" for k in self.leaves),
        ]
        return "\n".join([*head, *self.lines, *self._answer(), "}", ""])

    def _finish(self) -> None:
        """Outputs and conditions that are no operations: inputs and constants."""
        for i in self.writer.places:
            if i not in self.writer.home:
                self._store(i)
        self.conditions += [self.operand(i) for i in self.writer.required if i not in self.writer.home]

    def _answer(self) -> Iterator[str]:
        ok = "true"
        for k, condition in enumerate(dict.fromkeys(self.conditions)):
            yield f"%ok{k} = and i1 {ok}, {condition}"
            ok = f"%ok{k}"
        yield f"ret i1 {ok}"

    # -- operations ----------------------------------------------------------------------------------
    def _compute(self, i: int) -> None:
        name, args = self.keys[i]
        if name == "batch":
            self._batch(*args)
            return
        if name == "fetch":
            self.operand(i)
        elif name == "loop":
            given = ", ".join(f"double {self.operand(k)}" for k in args[1:])
            self.lines.append(f'%v{i} = call double @"one.{args[0]}"({given})')
        else:
            operands = dict(zip("abc", map(self.operand, args), strict=False))
            self.lines.append(TEMPLATES[name].format(r=f"%v{i}", t=f"%t{i}.", power=_power(), **operands))
        self.known[i] = f"%v{i}"
        self._keep(i)

    def _keep(self, i: int) -> None:
        """What is to be done with a number once it is there."""
        if (slot := self.writer.slots.get(i)) is not None:
            self._at(f"%s{i}", "work", slot)
            kind = self._type(i)
            self.lines.append(f"store {kind} %v{i}, ptr %s{i}")
        if i in self.writer.places:
            self._store(i)
        if i in self.writer.required:
            self.conditions.append(f"%v{i}")

    def _store(self, i: int) -> None:
        """An output in its place, or in all of them."""
        for k in self.writer.places[i]:
            self._at(f"%o{k}", "out", k)
            self.lines.append(f"store double {self.operand(i)}, ptr %o{k}")

    def _batch(self, name: str, start: int, count: int, *args: int) -> None:
        """Arguments in columns, and a call that leaves the results behind them."""
        for k, i in enumerate(args):
            self._at(f"%b{start + k}", "work", start + k)
            self.lines.append(f"store double {self.operand(i)}, ptr %b{start + k}")
        self.lines.append(f'call void @"many.{name}"(ptr %b{start}, i64 {count})')

    def _at(self, pointer: str, base: str, place: int) -> None:
        self.lines.append(f"{pointer} = getelementptr double, ptr %{base}, i64 {place}")

    def _type(self, i: int) -> str:
        return "i1" if i in self.writer.operations.truths else "double"

    # -- operands ------------------------------------------------------------------------------------
    def operand(self, i: int) -> str:
        """How a number is written; it is fetched from memory where that is where it is."""
        found = self.known.get(i)
        if found is None:
            found = self.known[i] = self._fetched(i)
        return found

    def _fetched(self, i: int) -> str:
        name, args = self.keys[i]
        if name in ("constant", "truth"):
            return args[0]
        if name == "input":
            k, place = args
            self.leaves.add(k)
            self._at(f"%i{i}", f"d{k}", place)
        else:
            self._at(f"%f{i}", "work", args[1] if name == "fetch" else self.writer.slots[i])
        pointer = f"%i{i}" if name == "input" else f"%f{i}"
        self.lines.append(f"%v{i} = load {self._type(i)}, ptr {pointer}")
        return f"%v{i}"


def called(item: tuple[str, np.ufunc]) -> str:
    """Functions that run NumPy's own loop over one number, and over columns of them."""
    name, ufunc = item
    found = abi.loop(ufunc)
    assert found is not None
    n = ufunc.nargs
    loop, data = (f"inttoptr (i64 {address} to ptr)" for address in found)
    given = ", ".join(f"double %x{k}" for k in range(n - 1))
    stored = "\n".join(
        f"%c{k} = getelementptr double, ptr %columns, i64 {k}\nstore double %x{k}, ptr %c{k}" for k in range(n - 1)
    )
    pointers = "\n".join(
        f"%o{k} = mul i64 %n, {k}\n%q{k} = getelementptr double, ptr %columns, i64 %o{k}\n"
        f"%a{k} = getelementptr ptr, ptr %args, i64 {k}\nstore ptr %q{k}, ptr %a{k}\n"
        f"%s{k} = getelementptr i64, ptr %steps, i64 {k}\nstore i64 8, ptr %s{k}"
        for k in range(n)
    )
    return f"""define internal void @"many.{name}"(ptr %columns, i64 %n) nounwind {{
%args = alloca [{n} x ptr]
%steps = alloca [{n} x i64]
%count = alloca i64
store i64 %n, ptr %count
{pointers}
call void {loop}(ptr %args, ptr %count, ptr %steps, ptr {data})
ret void
}}
define internal double @"one.{name}"({given}) nounwind {{
%columns = alloca [{n} x double]
{stored}
call void @"many.{name}"(ptr %columns, i64 1)
%out = getelementptr double, ptr %columns, i64 {n - 1}
%found = load double, ptr %out
ret double %found
}}
"""


assert NOTHING == 0
