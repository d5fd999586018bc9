"""What is done of a long run, beside a results file that is whole or not there: how a killed run goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .errors import BadRequest


class Journal:
    """The parts of a run that are done, in `NAME.json.part` beside the results file `NAME.json`.

    `identity` is everything that the parts depend on; parts of another run are not taken over.
    """

    def __init__(self, results: Path, identity: Any) -> None:
        self.path = results.with_name(f"{results.name}.part")
        self.identity = _text(identity)
        self.begun = False

    def done(self) -> dict[int, Any]:
        """What an earlier run of the same identity left behind, by its place; a torn last line is not there."""
        try:
            first, *lines = self.path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError, ValueError):
            return {}
        if first != self.identity:
            return {}
        self.begun = True
        # What does not end in a line break was being written when the run was killed.
        found = [_part(line) for line in lines[:-1]]
        self._cut("\n".join([first, *lines[:-1]]) + "\n")
        return dict(part for part in found if part is not None)

    def keep(self, place: int, part: Any) -> None:
        """Add what is done."""
        self._write("" if self.begun else self.identity + "\n", mode="a" if self.begun else "w")
        self.begun = True
        self._write(_text([place, part]) + "\n")

    def remove(self) -> None:
        """The results are whole."""
        self.path.unlink(missing_ok=True)

    def _cut(self, text: str) -> None:
        """Take away a torn last line, which another one would be joined to."""
        if text != self.path.read_text(encoding="utf-8"):
            self._write(text, mode="w")

    def _write(self, text: str, mode: str = "a") -> None:
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BadRequest(f"cannot write {self.path}: {error.strerror or error}") from None


def _text(document: Any) -> str:
    """A document in one line."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _part(line: str) -> tuple[int, Any] | None:
    """A place and what is done there; None where the line is damaged."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, list) and [type(x) for x in found] == [int, list]
    return (found[0], found[1]) if whole else None
