"""How large the errors of a right method may be, in the precision of its arguments."""

from __future__ import annotations

from .. import numerical
from ..calls import Call
from ..numerical import DOUBLE

# The largest relative error of a method whose only error is rounding, in units of the machine epsilon: 1e-12 in double.
ROUNDING = 1e-12 / DOUBLE
# Of finite differences, for an f whose scale of variation is that of its arguments.
TRUNCATION = 1e-5
# Beyond this nothing counts as agreement, however ill-conditioned f is, or however short its numbers.
LOOSEST = 0.01


def rounding(call: Call) -> float:
    """The relative error of a method whose only error is rounding."""
    return min(ROUNDING * epsilon(call), LOOSEST / 2)


def truncation(call: Call) -> float:
    """The relative error of differences in the precision of the arguments."""
    return min(TRUNCATION * (epsilon(call) / DOUBLE) ** (2 / 3), LOOSEST / 2)


def epsilon(call: Call) -> float:
    """The machine epsilon of the shortest numbers among the arguments."""
    return numerical.epsilon_of(*call.leaves) or DOUBLE
