"""The sentences of adkit's refusals: what was done, where, and the rewrite that fits the caller's own expression."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import LostDerivative, NoRule, Spot, place, spots_of, user_spot

ELSE = "state its derivative with ad.custom_derivative, or differentiate f with method='numerical'"
_NUMPY_FOR_MATH = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "pow": "power",
}
# What NumPy has no function for, by name and number of arguments.
_FORMULAS_FOR_MATH = {
    ("log", 2): "np.log({0}) / np.log({1})",
    ("hypot", 3): "np.sqrt(({0}) ** 2 + ({1}) ** 2 + ({2}) ** 2)",
    ("dist", 2): "np.sqrt(np.sum((np.array({0}) - np.array({1})) ** 2))",
    ("fsum", 1): "sum({0})",
    ("sumprod", 2): "np.dot({0}, {1})",
    ("fma", 3): "{0} * {1} + {2}",
}
_SCIPY_FOR_MATH = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "gammaln"}
# What means something else in NumPy.
_FALSE_FRIENDS = frozenset({"remainder"})


_LIKE = "where x is a traced argument of f"
_INSTEAD_OF_PLAIN_ARRAY = (
    "make the array a traced one (np.zeros_like(x), np.zeros(n, like=x), np.array(a, like=x)), or collect the parts in "
    "a list and join them with np.stack(parts) or np.array(parts)"
)


def lost(operation: str, known: Collection[Any]) -> LostDerivative:
    """A traced value cannot become a plain number; `known` are the functions that have a rule."""
    spot = user_spot()
    operation, rewrite = _instead(operation, spot, known)
    return LostDerivative(f"{operation} would lose the derivative of a traced value{spot or ''}; {rewrite}")


def _instead(operation: str, spot: Spot | None, known: Collection[Any]) -> tuple[str, str]:
    """What the caller did, as precisely as it can be seen, and what to write instead."""
    if spot is not None and spot.is_assignment:
        return "assignment into a plain array", _INSTEAD_OF_PLAIN_ARRAY
    called = None if spot is None else spot.call()
    function, args = (None, []) if called is None else (called.function, called.args)
    name = getattr(function, "__name__", "")
    if (module := getattr(function, "__module__", None)) in ("math", "cmath"):
        return f"{module}.{name}", _instead_of_math(name, args, known)
    if function in (np.array, np.asarray, np.asanyarray, np.require):
        return f"a dtype given to np.{name}", f"add like=: np.{name}(..., dtype=float, like=x), {_LIKE}"
    if called is not None and called.name.endswith(".astype"):
        return "astype on an array of objects", f"make the array with np.array(..., like=x), {_LIKE}"
    if isinstance(function, type) and issubclass(function, np.generic):
        return f"np.{name}(...)", f"leave np.{name}(...) away; for an array, x.astype(np.{name}) keeps the derivative"
    rewrite = (
        "keep the value as it is (NumPy's functions do: np.sin for math.sin), state its derivative with "
        "ad.custom_derivative, or call ad.value(x) if the derivative is meant to be dropped"
    )
    return operation, rewrite


def _instead_of_math(name: str, args: list[str], known: Collection[Any]) -> str:
    if (name, len(args)) in _FORMULAS_FOR_MATH and not any(arg.startswith("*") for arg in args):
        return f"write `{_FORMULAS_FOR_MATH[name, len(args)].format(*args)}` instead"
    if name in _SCIPY_FOR_MATH:
        return f"write `scipy.special.{_SCIPY_FOR_MATH[name]}({', '.join(args)})` instead"
    other = _NUMPY_FOR_MATH.get(name, name)
    if name in _FALSE_FRIENDS or getattr(np, other, None) not in known:
        return f"adkit has no rule for it: write it in terms of NumPy functions, {ELSE}"
    return f"write `np.{other}({', '.join(args)})` instead"


def assigned_to_plain(spots: Sequence[Spot]) -> LostDerivative:
    """A traced value was assigned to an element of a plain array, at the user's innermost of these spots."""
    users = [spot for spot in spots if spot.origin == "user"]
    where = users[-1] if users else ""
    return LostDerivative(
        f"assignment into a plain array would lose the derivative of a traced value{where}; {_INSTEAD_OF_PLAIN_ARRAY}"
    )


def in_place(operation: str) -> LostDerivative:
    """The memory of a traced array cannot be reinterpreted."""
    return LostDerivative(
        f"{operation} on a traced array{place()} would have to change its memory; make a new array instead: "
        "np.resize(x, shape), x.astype(...), x.reshape(...)"
    )


def written_into(name: str) -> LostDerivative:
    """A plain array cannot hold a traced value."""
    return LostDerivative(
        f"{name} was asked to write a traced value into a plain array (out= or an in-place operator){place()}; "
        "the array cannot hold the derivative: make it a traced one (np.zeros_like(x), np.array(a, like=x)), write "
        "`y = y + x` instead of `y += x`, or leave out= away"
    )


def written_to_argument(error: BaseException) -> LostDerivative | None:
    """What NumPy says of a write to an array that f may only read, as a refusal; None of any other error."""
    if not isinstance(error, ValueError) or "read-only" not in str(error):
        return None
    spots = spots_of(error)
    if spots[-1].operation == "RAISE_VARARGS":  # somebody's own words about something else
        return None
    users = [spot for spot in spots if spot.origin == "user"]
    return LostDerivative(
        f"f changes an array that it was given{users[-1] if users else ''} ({error}): the derivative needs the numbers "
        "it had, and so may the caller; let f work on a copy (x = x.copy())"
    )


def foreign(x: Any) -> NoRule:
    """An operand with rules of its own for arithmetic."""
    kind = f"{type(x).__module__.partition('.')[0]}.{type(x).__name__}"
    rewrites = {"to_numpy": "x.to_numpy()", "toarray": "x.toarray()", "filled": "x.filled(...)"}
    rewrite = next((text for name, text in rewrites.items() if hasattr(x, name)), "np.asarray(x), or float(x)")
    return NoRule(
        f"a {kind} meets a traced value{place()}; its arithmetic has no derivative rules: write {rewrite} in its place"
    )


def no_rule(name: str, known: Collection[Any]) -> NoRule:
    """The table has no row for a NumPy function; those of a similar name that have one are named."""
    import difflib

    names = {full.rpartition(".")[2]: full for full in sorted(map(public_name, known), reverse=True)}
    nearest = difflib.get_close_matches(name.rpartition(".")[2], names, n=3, cutoff=0.65)
    hint = f" (with a rule and a similar name: {', '.join(names[near] for near in nearest)})" if nearest else ""
    return NoRule(
        f"{name} has no derivative rule{place()}; write it in terms of functions that have one{hint}, call it on "
        f"ad.value(x) if its derivative is meant to be dropped, {ELSE}"
    )


def public_name(function: Any) -> str:
    """A function as the caller writes it: numpy.linalg.inv, scipy.special.expit, numpy.add.reduce."""
    if isinstance(function, tuple):
        return f"{public_name(function[0])}.{function[1]}"
    name = getattr(function, "__name__", str(function))
    if isinstance(function, np.ufunc):
        # A ufunc does not know its module.
        homes = [m for m in ("numpy", "scipy.special") if getattr(sys.modules.get(m), name, None) is function]
        return f"{homes[0]}.{name}" if homes else name
    module = getattr(function, "__module__", None) or "numpy"
    if "._" in module:
        # NumPy's functions are called by the name of the package, whatever file they are in.
        module = "numpy" if module.startswith("numpy") else module.partition("._")[0]
    return f"{module}.{name}"


def unsupported(function: Any, implementation: Any, kwargs: Mapping[str, Any]) -> NoRule | None:
    """Keywords that NumPy's function takes and adkit's implementation does not, if that is the trouble."""
    import inspect

    parameters = inspect.signature(implementation).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    foreign = [f"{name}=" for name in kwargs if name not in parameters]
    if not foreign:
        return None
    return NoRule(
        f"{public_name(function)} with {', '.join(foreign)} has no derivative rule{place()}; leave the argument out "
        f"and write the same in steps, {ELSE}"
    )


# -- what a library says when it is handed a traced value ------------------------------------------
_UFUNCS = "|".join(sorted(name for name, x in vars(np).items() if isinstance(x, np.ufunc)))
_UFUNC_OF_OBJECTS = rf"has no callable|not supported for the input types|object has no attribute '(?:{_UFUNCS})'"
_SIGNS = (
    _UFUNC_OF_OBJECTS + r"|object arrays?\b|dtype\('O'\)|dtype object|holds references|\btraced\("
    r"|\b(?:{})\b(?!' object is not)"
)


def misunderstanding(
    error: BaseException, classes: Sequence[str], holds_traced: Callable[[Iterable[Any]], bool]
) -> NoRule | None:
    """The refusal of a function that complains of objects it does not know; None where f itself complains.

    `classes` are the names of the traced values' classes, `holds_traced` tells whether they are among some objects.
    """
    if re.search(_SIGNS.format("|".join(classes)), str(error)) is None:
        return None
    spots = spots_of(error)
    users = [spot for spot in spots if spot.origin == "user"]
    # What adkit raised, and what the person's own `raise` did, is no call.
    if not users or spots[-1].origin == "adkit" or (called := users[-1].call()) is None:
        return None
    if not any(holds_traced(spot.frame.f_locals.values()) for spot in spots[spots.index(users[-1]) :]):
        return None
    rewrite = "write it in terms of NumPy functions that have a derivative rule"
    if users[-1] == spots[-1] and re.search(_UFUNC_OF_OBJECTS, str(error)):
        # np.sin of an object array asks each element for .sin(), which a plain number beside traced ones has not.
        rewrite = f"join traced and plain numbers with np.stack, or with np.array(..., like=x), {_LIKE}"
    return NoRule(f"{called.name} does not take traced values{users[-1]} ({error}); {rewrite}, {ELSE}")
