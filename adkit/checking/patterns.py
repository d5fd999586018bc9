"""What wrong gradients have in common: a factor, a sign, a transposition, an argument left out."""

from __future__ import annotations


def findings(inspection: object) -> list[str]:
    return []
