"""adkit selfcheck: faults planted in a reverse sweep and in references, and whether each is caught."""

from .findings import Finding, SelfCheck
from .running import run

__all__ = ["Finding", "SelfCheck", "run"]
