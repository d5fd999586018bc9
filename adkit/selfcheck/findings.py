"""What a self-check finds, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..report import documents


@dataclass(frozen=True)
class Finding:
    """One fault in one place: whether the harness caught it, and whether `ad.check_grad` did.

    `by_checker` is None where differences of f at the point have nothing to see. A finding without a fault is the
    sweep as it should be, and must pass. `words` are those of the row.
    """

    planted: str
    where: str
    by_harness: bool
    by_checker: bool | None
    words: str
    control: bool = False

    @property
    def right(self) -> bool:
        """Whether what is planted was caught, and what is not was let pass."""
        seen = [x for x in (self.by_harness, self.by_checker) if x is not None]
        return not any(seen) if self.control else all(seen)


class SelfCheck:
    """All findings; true where every fault was caught and nothing right was called wrong.

    Example:
        >>> from adkit import selfcheck
        >>> found = selfcheck.run(["bivariate"])
        >>> bool(found), found.missed
        (True, [])
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)

    def __bool__(self) -> bool:
        return bool(self.findings) and not self.missed

    @property
    def missed(self) -> list[Finding]:
        """Faults that were let pass, and what is right and was called wrong."""
        return [finding for finding in self.findings if not finding.right]

    @property
    def verdict(self) -> str:
        """All of it in a sentence."""
        planted = [f for f in self.findings if not f.control]
        passed = sum(f.right for f in self.findings if f.control)
        caught = sum(f.right for f in planted)
        words = f"{caught} of {len(planted)} planted faults caught; {passed} of {len(self.findings) - len(planted)}"
        return f"{words} that are right were let pass"

    def lines(self, everything: bool = True) -> list[list[str]]:
        """The cells of the table: a line for each finding, or one for what is planted in several places alike."""
        groups: dict[Any, list[Finding]] = {}
        for i, found in enumerate(self.findings):
            alike = (found.planted, found.right, *_caught(found))
            groups.setdefault(i if everything else alike, []).append(found)
        return [[f[0].planted, _where(f), *_caught(f[0]), f[0].words] for f in groups.values()]

    def to_markdown(self) -> str:
        """A table of Markdown, and the verdict."""
        return f"{documents.table(HEADINGS, self.lines(), [False] * len(HEADINGS))}\n\n{self.verdict}."

    def to_json(self) -> str:
        """Every finding by name."""
        findings: list[dict[str, Any]] = [{**asdict(f), "right": f.right} for f in self.findings]
        return documents.to_json({"schema": 1, "kind": "selfcheck", "ok": bool(self), "findings": findings})


HEADINGS = ("planted", "where", "harness", "check_grad", "in the row's words")


def _where(found: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.where for finding in found))


def _caught(finding: Finding) -> tuple[str, str]:
    """What each of the two says."""
    yes, no = ("called wrong", "passed") if finding.control else ("caught", "MISSED")
    return yes if finding.by_harness else no, "" if finding.by_checker is None else yes if finding.by_checker else no
