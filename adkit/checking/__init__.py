"""Is this gradient right, and if not, where: ad.check_grad."""

from .gradient import check_grad

__all__ = ["check_grad"]
