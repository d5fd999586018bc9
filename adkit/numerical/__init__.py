"""Finite differences: f is a black box, called at moved points, one component at a time."""

from .curvature import hessian
from .limits import Limits
from .schemes import Found, Options, differences
from .steps import COMPLEX_STEP, DOUBLE, check, epsilon_of, step_size, step_sizes
from .surroundings import own

__all__ = [
    "COMPLEX_STEP",
    "DOUBLE",
    "Found",
    "Limits",
    "Options",
    "check",
    "differences",
    "epsilon_of",
    "hessian",
    "own",
    "step_size",
    "step_sizes",
]
