"""All difficult cases, in order."""

from __future__ import annotations

from . import broken, losses, noisy, published, smooth
from .case import Case

FAMILIES = (*smooth.FAMILIES, *published.FAMILIES, *losses.FAMILIES, *broken.FAMILIES, *noisy.FAMILIES)


def cases() -> list[Case]:
    """Every case, by family."""
    return [case for family in FAMILIES for case in family.cases]
