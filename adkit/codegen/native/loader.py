"""An object file put into memory: sections side by side, and the distances between them written where they belong.

What is read is ELF for x86-64, as LLVM writes it for code that calls functions outside by their addresses only. The
memory belongs to one Python object, so that code goes as any object does, and leaves nothing behind.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ALLOCATED, _NOBITS, _SYMBOLS, _RELOCATIONS = 2, 8, 2, 4
# An address; a distance of four bytes, to a place or to a function.
_ADDRESS, _DISTANCES = 1, frozenset({2, 4})


class LoadError(Exception):
    """What an object file has that this does not read."""


@dataclass(frozen=True)
class Section:
    """A part of an object file: of its header, what is read."""

    kind: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int


class Loaded:
    """The code of an object file in memory.

    Memory that is written and memory that is run are one after the other: some systems want it so.
    """

    def __init__(self, image: bytes) -> None:
        self.image = image
        self.sections = list(_sections(image))
        self.places: dict[int, int] = {}
        size = self._place()
        self.memory = mmap.mmap(-1, max(size, 1))
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for k, place in self.places.items():
            section = self.sections[k]
            if section.kind != _NOBITS:
                self.memory[place : place + section.size] = image[section.offset : section.offset + section.size]
        for section in self.sections:
            if section.kind == _RELOCATIONS and section.info in self.places:
                self._relocate(section)
        self._let_run(size)

    def address(self, name: str) -> int:
        """Where a function is."""
        for table in self.sections:
            if table.kind == _SYMBOLS:
                names = self.sections[table.link].offset
                for k in range(table.size // 24):
                    start = names + struct.unpack_from("<I", self.image, table.offset + 24 * k)[0]
                    if self.image[start : self.image.index(b"\0", start)] == name.encode():
                        return self._symbol(table, k)
        raise LoadError(f"no {name}")

    def _place(self) -> int:
        """Where each section that is loaded begins; the size of all."""
        end = 0
        for k, section in enumerate(self.sections):
            if section.flags & _ALLOCATED and section.size:
                end += -end % max(section.alignment, 1)
                self.places[k] = end
                end += section.size
        return end

    def _symbol(self, table: Section, k: int) -> int:
        """The address of symbol k."""
        _, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", self.image, table.offset + 24 * k)
        if section not in self.places:
            raise LoadError(f"symbol {k} in section {section}")
        return self.base + self.places[section] + value

    def _relocate(self, section: Section) -> None:
        """Write down distances and addresses in one section."""
        table, begin = self.sections[section.link], self.places[section.info]
        for at in range(section.offset, section.offset + section.size, 24):
            offset, info, addend = struct.unpack_from("<QQq", self.image, at)
            target, kind = self._symbol(table, info >> 32) + addend, info & 0xFFFFFFFF
            if kind in _DISTANCES:
                struct.pack_into("<i", self.memory, begin + offset, target - (self.base + begin + offset))
            elif kind == _ADDRESS:
                struct.pack_into("<Q", self.memory, begin + offset, target)
            else:
                raise LoadError(f"relocation {kind}")

    def _let_run(self, size: int) -> None:
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        if protect(self.base, size, mmap.PROT_READ | mmap.PROT_EXEC):
            raise LoadError("this system runs no code that was not in a file")


def _sections(image: bytes) -> Iterator[Section]:
    if image[:6] != b"\x7fELF\x02\x01":
        raise LoadError("no ELF")
    (start,) = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    for k in range(count):
        _, kind, flags, _, offset, length, link, info, alignment, _ = struct.unpack_from(
            "<IIQQQQIIQQ", image, start + k * size
        )
        yield Section(kind, flags, offset, length, link, info, alignment)
