"""The coverage report, made of the table itself: `python tests/coverage_report.py > reports/coverage.md`.

Every public function of NumPy and every ufunc of SciPy's special functions stands in it once: differentiated, answered
without a derivative, or refused with the reason. What it says of a function is found out by calling it, as the tests
call it.
"""

from __future__ import annotations

import contextlib
import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from calls import FAMILIES, PATTERNS, QUERIES, X
from calls.assignment import CREATORS, WRITERS

import adkit as ad
from adkit import graph
from adkit.primitives import Constant, Elementwise
from adkit.refusals import public_name
from adkit.symbolic.translate import translate, with_choices
from adkit.tracing import implementations, load_all, normalize

load_all()
EXACT = ("forward", "reverse")

# What people may look for and not find, by the reason.
REFUSED: dict[str, str] = {
    "bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_invert bitwise_left_shift bitwise_right_shift invert "
    "left_shift right_shift bitwise_count gcd lcm packbits unpackbits": "meant for whole numbers",
    "isnat busday_count busday_offset is_busday datetime_as_string datetime_data": "meant for dates",
    "polyfit polydiv": "no rule: np.linalg.lstsq(np.vander(x, n + 1), y) fits a polynomial",
    "intersect1d setdiff1d setxor1d union1d unique_all unique_counts unique_inverse unique_values": "sets of numbers: "
    "which element a member comes from is not defined; np.unique and np.isin have rules",
    "unravel_index ravel_multi_index": "indices are whole numbers",
    "frompyfunc": "a Python function on objects: np.vectorize, or call it on the elements",
    "asarray_chkfinite asmatrix bmat from_dlpack frombuffer fromstring": "ask no protocol: np.stack and np.block do",
}
# Not about numbers that carry a derivative.
BESIDE_THE_POINT = (
    "base_repr binary_repr format_float_positional format_float_scientific get_include get_printoptions "
    "set_printoptions printoptions getbufsize setbufsize geterr seterr geterrcall seterrcall info isdtype isfortran "
    "isscalar issubdtype iterable mintypecode promote_types typename show_config show_runtime test broadcast_shapes "
    "nested_iters fromfile fromregex genfromtxt load loadtxt save savetxt savez savez_compressed bartlett blackman "
    "hamming hanning kaiser diag_indices indices mask_indices tril_indices triu_indices fftfreq rfftfreq"
)


def public(module: types.ModuleType) -> Iterator[Any]:
    """The functions and ufuncs that a module offers."""
    for name in sorted(getattr(module, "__all__", dir(module))):
        function = getattr(module, name, None)
        if callable(function) and not isinstance(function, type) and not name.startswith("_"):
            yield function


def in_family(function: Any) -> str:
    """The first sentence of the family of calls that a function stands in."""
    for family in FAMILIES:
        if any(function in getattr(family, table, {}) for table in ("PATTERNS", "QUERIES")):
            return str(family.__doc__).partition(".")[0].partition(",")[0]
    module = inspect.getmodule(implementations[function])
    if isinstance(implementations[function], (Elementwise, Constant)) or module is None:
        return "Elementwise functions and operators"
    return str(module.__doc__).partition(".")[0].partition(":")[0].partition(",")[0]


# -- what a function can ---------------------------------------------------------------------------
def calls_of(function: Any) -> list[Callable[[Any], Any]]:
    """How the tests call a function, as functions of one array."""
    row = implementations[function]
    if function in PATTERNS:
        return PATTERNS[function]
    if isinstance(row, Elementwise):
        return [lambda x: row.ufunc(*[np.abs(x) * 0.1 + 0.5] * row.ufunc.nin)]
    return []


def leaves(out: Any) -> list[Any]:
    return list(out) if isinstance(out, (list, tuple)) else [out]


def goes(call: Callable[[Any], Any], method: str) -> bool:
    """Whether a call has a derivative by a method."""

    def f(x: Any) -> Any:
        return sum(np.sum(np.real(normalize(part))) for part in leaves(call(x)) if np.size(part))

    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.suppress(ad.NoRule, ad.ExpressionTooLarge):
        warnings.simplefilter("ignore")
        if method == "symbolic":
            recorded = graph.record(lambda xs: f(xs[0]), [X])
            translate(with_choices(recorded), 100_000)
        else:
            ad.grad(f, method=method)(X)
        return True
    return False


def verdict(calls: list[Callable[[Any], Any]], method: str) -> str:
    """Whether all, some or none of the calls have a derivative by a method."""
    found = [goes(call, method) for call in calls]
    return "yes" if all(found) else "partly" if any(found) else "no"


def line(function: Any) -> tuple[str, ...]:
    """A line of the table."""
    name = f"`{public_name(function).removeprefix('numpy.')}`"
    if function in WRITERS:
        return name, "yes", "yes", "yes", "writes to a traced array; views see it as NumPy's do"
    if function in CREATORS:
        return name, "yes", "yes", "yes", "a new traced array: `like=x`, `np.zeros_like(x)`"
    if function in QUERIES and function not in PATTERNS:
        return name, "0", "0", "0", "carries no derivative"
    row = implementations[function]
    if isinstance(row, Constant):
        return name, "0", "0", "0", "piecewise constant"
    calls = calls_of(function)
    if not calls:
        return name, "0", "0", "0", "carries no derivative" if not _refuses(function) else "meant for whole numbers"
    return (name, *[verdict(calls, method) for method in EXACT], verdict(calls, "symbolic"), "")


def _refuses(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.__name__ in " ".join(REFUSED)
