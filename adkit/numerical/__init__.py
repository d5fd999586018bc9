"""Finite differences: f is a black box, called at moved points, one component at a time."""

from .adaptive import Slope, slopes
from .curvature import hessian
from .limits import Limits
from .schemes import Found, Options, component_slopes, differences, jacobian
from .steps import COMPLEX_STEP, DOUBLE, SCHEMES, check, epsilon_of, step_size, step_sizes
from .surroundings import NO_VALUE, Axis, Surroundings, component, components, number, own

__all__ = [
    "COMPLEX_STEP",
    "DOUBLE",
    "NO_VALUE",
    "SCHEMES",
    "Axis",
    "Found",
    "Limits",
    "Options",
    "Slope",
    "Surroundings",
    "check",
    "component",
    "component_slopes",
    "components",
    "differences",
    "epsilon_of",
    "hessian",
    "jacobian",
    "number",
    "own",
    "slopes",
    "step_size",
    "step_sizes",
]
