"""From records to text: pure, without a clock."""

from .comparison import Comparison

__all__ = ["Comparison"]
