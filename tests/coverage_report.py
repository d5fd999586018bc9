"""The coverage report, made of the table itself: `python tests/coverage_report.py > reports/coverage.md`.

Every public function of NumPy and every ufunc of SciPy's special functions stands in it once: differentiated, answered
without a derivative, or refused with the reason. What it says of a function is found out by calling it, as the tests
call it.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from calls import FAMILIES, PATTERNS, X
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
    "row_stack": "the old name of np.vstack",
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


_FUNCTIONS = ("builtin_function_or_method", "_ArrayFunctionDispatcher")


def public(module: types.ModuleType) -> Iterator[Any]:
    """The functions and ufuncs that a module offers."""
    for name in sorted(getattr(module, "__all__", dir(module))):
        function = getattr(module, name, None)
        if isinstance(function, (np.ufunc, types.FunctionType)) or type(function).__name__ in _FUNCTIONS:
            yield function


def in_family(function: Any) -> str:
    """What a function is about, as the family of calls or of rows that it belongs to says it."""
    for family in FAMILIES:
        if any(function in getattr(family, table, {}) for table in ("PATTERNS", "QUERIES")):
            return _heading(family)
    if public_name(function).startswith("scipy"):
        return "SciPy's special functions"
    module = inspect.getmodule(implementations[function])
    plain_row = isinstance(implementations[function], (Elementwise, Constant)) or module is None
    return "Elementwise functions and operators" if plain_row else _heading(module)


def _heading(module: types.ModuleType) -> str:
    """The first clause of what a module says of itself."""
    return str(module.__doc__).partition(".")[0].partition(":")[0].partition(",")[0]


# -- what a function can ---------------------------------------------------------------------------
def calls_of(function: Any) -> list[Callable[[Any], Any]]:
    """How the tests call a function, as functions of one array."""
    row = implementations[function]
    if isinstance(row, Elementwise) and function not in PATTERNS:
        return [_by_argument(row, i) for i in range(row.ufunc.nin)]
    return PATTERNS.get(function, [])


def _by_argument(row: Elementwise, i: int) -> Callable[[Any], Any]:
    """A row as a function of one of its arguments."""
    others = [0.5] * row.ufunc.nin
    return lambda x: row.ufunc(*others[:i], np.abs(x) * 0.1 + 0.5, *others[i + 1 :])


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
    """A line of the table: name, forward, reverse, symbolic, note."""
    name = f"`{public_name(function).removeprefix('numpy.')}`"
    if function in WRITERS or (isinstance(function, tuple) and function[1] == "at"):
        return name, "yes", "yes", "yes", "writes to a traced array; what shares its memory sees it"
    if function in CREATORS:
        return name, "yes", "yes", "yes", "a new traced array"
    if isinstance(function, tuple) and function[1] == "outer":
        function = function[0]
    calls, note = calls_of(function), ""
    if isinstance(implementations[function], Elementwise) and function not in PATTERNS:
        known = [i for i, call in enumerate(calls) if goes(call, "reverse")]
        note = (
            "" if len(known) == len(calls) else f"by argument {', '.join(str(i + 1) for i in known)}, others constant"
        )
        calls = [calls[i] for i in known]
    if calls:
        return (name, *[verdict(calls, method) for method in EXACT], verdict(calls, "symbolic"), note)
    return name, "0", "0", "0", "carries no derivative"


# -- the report ------------------------------------------------------------------------------------
HEAD = """# Coverage

Every public function of NumPy {numpy}, and of scipy.special in SciPy {scipy}, called on traced values.

- **yes**: it has a derivative, tested against differences and by the adjoint identity in every way of calling that the
  tests list, second derivatives too;
- **partly**: some of these ways; the symbolic method is about real numbers, and refuses by name what has no formula;
- **0**: the result carries no derivative and is NumPy's own.

Array methods (`x.sum()`) are the functions of their names. What is not listed is refused with `ad.NoRule`, which names
the line and what to write instead.

Made by `python tests/coverage_report.py > reports/coverage.md`; a test keeps it true.
"""


def implemented() -> list[Any]:
    """What adkit has an answer for, but for what only its own modules ask."""
    refused = {name for names in REFUSED for name in names.split()}
    own = {ad.value, *[f for f in implementations if public_name(f).removeprefix("numpy.") in refused]}
    return [f for f in implementations if f not in own]


def aliases() -> list[Any]:
    """One function of several names."""
    seen: dict[str, Any] = {}
    for function in implemented():
        seen.setdefault(public_name(function), function)
    return list(seen.values())


def report() -> str:
    """The whole report as Markdown."""
    import scipy

    sections: dict[str, list[tuple[str, ...]]] = {}
    for function in aliases():
        sections.setdefault(in_family(function), []).append(line(function))
    text = [HEAD.format(numpy=np.__version__, scipy=scipy.__version__)]
    for heading in sorted(sections):
        text += [f"## {heading}\n", "| function | forward | reverse | symbolic | note |", "|---|---|---|---|---|"]
        text += [f"| {' | '.join(cells)} |" for cells in sorted(sections[heading])] + [""]
    text += ["## Refused, and why\n", "| functions | reason |", "|---|---|"]
    text += [f"| {', '.join(f'`{name}`' for name in names.split())} | {reason} |" for names, reason in REFUSED.items()]
    names = ", ".join(f"`{name}`" for name in BESIDE_THE_POINT.split())
    text += ["\n## Not about numbers that carry a derivative\n", names, "\n## scipy.special without a rule\n"]
    text += [", ".join(f"`{name}`" for name in scipy_without_a_rule())]
    return "\n".join(text) + "\n"


def scipy_without_a_rule() -> list[str]:
    """The ufuncs of scipy.special that are refused on traced values."""
    special = importlib.import_module("scipy.special")
    return sorted({f.__name__ for f in public(special) if isinstance(f, np.ufunc) and f not in implementations})


def unaccounted() -> list[str]:
    """Public functions of NumPy that the report says nothing of."""
    told = {name for names in (*REFUSED, BESIDE_THE_POINT) for name in names.split()}
    functions = [f for module in (np, np.linalg, np.fft) for f in public(module)]
    return sorted({public_name(f) for f in functions if f not in implementations and f.__name__ not in told})


if __name__ == "__main__":
    print(report(), end="")
