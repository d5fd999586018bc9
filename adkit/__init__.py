"""adkit: one NumPy function, every way to its derivative, compared.

>>> import numpy as np
>>> import adkit as ad
>>> ad.grad(lambda x: np.sin(x) * x)(0.0)
0.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .checkpointing import checkpoint
from .compiling import Compiled, compile
from .custom import custom_derivative
from .errors import (
    AdkitError,
    ArgumentError,
    BadRequest,
    CannotCompile,
    CompileWarning,
    EscapedValue,
    ExpressionTooLarge,
    LostDerivative,
    NoRule,
    OutputError,
    WrongGradient,
)
from .methods import Engine, Forward, Manual, Method, Numerical, NumericalResult, Reverse, Symbolic, methods
from .problems import Problem, problem, problems
from .tracing import value
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from . import testing
    from .checking import check_grad
    from .comparing import compare
    from .explain import NanReport, explain_nan
    from .report import Comparison, GradientReport

__version__ = "0.1.0"

__all__ = [
    "AdkitError",
    "ArgumentError",
    "BadRequest",
    "CannotCompile",
    "Comparison",
    "CompileWarning",
    "Compiled",
    "Engine",
    "EscapedValue",
    "ExpressionTooLarge",
    "Forward",
    "GradientReport",
    "LostDerivative",
    "Manual",
    "Method",
    "NanReport",
    "NoRule",
    "Numerical",
    "NumericalResult",
    "OutputError",
    "Problem",
    "Reverse",
    "Symbolic",
    "WrongGradient",
    "check_grad",
    "checkpoint",
    "compare",
    "compile",
    "custom_derivative",
    "explain_nan",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "methods",
    "problem",
    "problems",
    "testing",
    "value",
    "value_and_grad",
    "vjp",
]


_LATER = ("Comparison", "GradientReport", "NanReport", "check_grad", "compare", "explain_nan", "testing")


def __getattr__(name: str) -> Any:
    """Comparing, checking and explaining need more than differentiating, which does not wait for it."""
    if name == "check_grad":
        from .checking import check_grad

        return check_grad
    if name == "testing":
        import importlib

        return importlib.import_module(".testing", __name__)
    if name == "compare":
        from .comparing import compare

        return compare
    if name in ("Comparison", "GradientReport"):
        from . import report

        return getattr(report, name)
    if name in ("NanReport", "explain_nan"):
        from . import explain

        return getattr(explain, name)
    raise AttributeError(f"module 'adkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
