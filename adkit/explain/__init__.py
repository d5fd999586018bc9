"""What a computation did, shown: where a nan comes from."""

from .nan import NanReport, explain_nan

__all__ = ["NanReport", "explain_nan"]
