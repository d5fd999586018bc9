"""adkit: one NumPy function, every way to its derivative, compared.

>>> import numpy as np
>>> import adkit as ad
>>> ad.grad(lambda x: np.sin(x) * x)(0.0)
0.0
"""

from __future__ import annotations

import numpy as np

from .errors import (
    AdkitError,
    ArgumentError,
    BadRequest,
    EscapedValue,
    ExpressionTooLarge,
    LostDerivative,
    NoRule,
    OutputError,
)
from .methods import Forward, Manual, Method, Numerical, Reverse, Symbolic, methods
from .problems import Problem, problem, problems
from .tracing import value
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__version__ = "0.1.0"
