"""From records to text: pure, without a clock."""

from .comparison import Comparison
from .gradient import GradientReport

__all__ = ["Comparison", "GradientReport"]
