"""The problems: each one entry in its own file, of f, its points and sizes, and its hand-derived gradient."""

from . import bivariate as bivariate
from . import logistic_map as logistic_map
from . import logistic_map_closed as logistic_map_closed
from . import logistic_regression as logistic_regression
from . import mlp as mlp
from . import recurrent as recurrent
from . import rosenbrock as rosenbrock
from . import sine_layer as sine_layer
from .registry import Problem, Registry, problem, problems

__all__ = ["Problem", "Registry", "problem", "problems"]
