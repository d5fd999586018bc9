"""How much a comparison may take, and under what conditions it is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import BadRequest


@dataclass(frozen=True)
class Settings:
    """How much time a comparison may take: `timeout` seconds a cell until its first gradient, `seconds` a subject."""

    timeout: float = 2.0
    seconds: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("timeout", "seconds"):
            if not getattr(self, name) > 0:
                raise BadRequest(f"{name} must be a positive number of seconds, not {getattr(self, name)!r}")

    @classmethod
    def of(cls, **given: Any) -> Settings:
        """The settings that are given, and the default for what is None."""
        return cls(**{name: x for name, x in given.items() if x is not None})
