"""Finite differences: f is a black box, called at moved points, one component at a time."""

from .schemes import SCHEMES, check, hessian, jacobian, step_size
from .surroundings import Surroundings, component, components

__all__ = ["SCHEMES", "Surroundings", "check", "component", "components", "hessian", "jacobian", "step_size"]
