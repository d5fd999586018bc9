"""Programs nobody thought of: drawn operation by operation, and every method compared on each.

`pytest tests/test_programs.py --programs 20000 --seed-start 0 -n 2` compares as many as one likes; the program of a
number is always the same, so that `--programs 1 --seed-start 4711` is one of them again.
"""

from __future__ import annotations

import inspect
import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs.comparison import Disagreement, Outcome, compare
from programs.generator import NOT_YET, TABLE, TRIED, alone, available, drawn, numbered
from programs.program import Program, reduced

import adkit as ad
from adkit import reverse
from adkit.primitives import primitives, table
from adkit.symbolic import rules
from adkit.tracing import plain


def compare_numbered(seed: int, program: Program | None = None) -> Outcome:
    """All comparisons that are due for this number: second derivatives and SymPy take turns."""
    return compare(program or numbered(seed), second=seed % 2 == 0, symbolic=seed % 2 == 1)


def complaint(seed: int, program: Program) -> str:
    """What is wrong with a program; nothing if all is well, or if it does not even run in plain NumPy."""
    try:
        compare_numbered(seed, program)
    except Disagreement as error:
        return str(error)
    except Exception:
        return ""
    return ""


def smallest(seed: int) -> str:
    """The program of this number, made small as long as the same is wrong with it, and what that is."""

    def subject(text: str) -> str:
        return text.partition(":")[0]

    program = numbered(seed)
    same = subject(complaint(seed, program))
    program = reduced(program, lambda smaller: subject(complaint(seed, smaller)) == same)
    return f"program {seed}: {complaint(seed, program)}\n\n{program.listing()}"


# == the comparison ================================================================================
@settings(max_examples=300, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 1))
def test_the_methods_agree_on_programs_of_hypothesis(rng: random.Random, seed: int) -> None:
    program = drawn(rng)
    try:
        compare_numbered(seed, program)
    except Disagreement as error:
        pytest.fail(f"{error}\n\n{program.listing()}")


def test_the_methods_agree_on_numbered_programs(seeds: range) -> None:
    outcomes = []
    for seed in seeds:
        try:
            outcomes.append(compare_numbered(seed))
        except Disagreement:
            pytest.fail(smallest(seed))
    # What differences cannot judge the generator should not draw, and values are NumPy's to the bit.
    assert sum(outcome.rough for outcome in outcomes) <= 1 + len(seeds) // 50
    assert sum(outcome.rounded for outcome in outcomes) <= 1 + len(seeds) // 50


# What lies in memory otherwise than NumPy's, though it should not: of views of it the wrong elements are written to.
LIES_OTHERWISE = (
    *("eig(", "slogdet", "multigammaln"),
    *("dot(", "where(", "median("),
)


def lies_as_numpys(program: Program) -> bool:
    """Whether the result is flat in memory where NumPy's is: that decides between views and copies of it."""
    f, seen = program.compiled(), []
    ad.vjp(lambda *args: seen.append(f(*args)) or args, *program.point())
    expected, found = f(*program.point()), plain(seen[0])
    if not isinstance(expected, np.ndarray) or not isinstance(found, np.ndarray) or found.dtype.hasobject:
        return True
    return expected.flags.c_contiguous == found.flags.c_contiguous


def test_values_lie_in_memory_as_numpys_do() -> None:
    rows = [row for row in available() if not any(name in row.text for name in LIES_OTHERWISE)]
    programs = [program for row in rows for program in alone(row, tries=15)]
    assert not [program.source() for program in programs if not lies_as_numpys(program)]


# == the programs ==================================================================================
def test_a_number_names_one_program() -> None:
    programs = [numbered(seed) for seed in range(50)]
    assert programs == [numbered(seed) for seed in range(50)]
    assert len({program.listing() for program in programs}) == 50


def test_a_listing_can_be_pasted_into_a_session() -> None:
    for seed in range(50):
        program = numbered(seed)
        names: dict[str, Any] = {}
        exec(f"{program.listing()}\nfound = f({', '.join(program.arguments)})", names)
        np.testing.assert_equal(names["found"], program.compiled()(*program.point()))


@pytest.mark.parametrize("text", NOT_YET)
@pytest.mark.xfail(strict=True, reason="listed as wrong; take it off the list when this passes")
def test_what_is_known_to_be_wrong_still_is(text: str) -> None:
    row = next(row for row in TABLE + TRIED if row.text == text)
    assert not [found for seed, program in enumerate(alone(row)) if (found := complaint(seed, program))]


def test_every_row_is_drawn() -> None:
    counts = Counter(step.row for seed in range(6000) for step in numbered(seed).steps)
    assert not [row.text for row in available() if row not in counts]


def test_a_row_is_listed_once() -> None:
    counts = Counter((row.text, row.on) for row in TABLE + TRIED)
    assert [text for (text, _), count in counts.items() if count > 1] == []


def test_a_failure_is_made_small() -> None:
    seed = next(k for k in range(500) if len(numbered(k).steps) == 8 and "np.tanh" in numbered(k).source())
    program = reduced(numbered(seed), lambda smaller: "np.tanh" in smaller.source())
    assert len(program.steps) == len(program.results) == len(program.arguments) == 1


# == wrong rules are found =========================================================================
Plant = Callable[[pytest.MonkeyPatch], None]


def row(name: str, **changes: Any) -> Plant:
    """A row of adkit's table with other attributes."""
    return lambda patch: [patch.setattr(primitives[name], key, x) for key, x in changes.items()] and None


def rewritten(module: Any, name: str, old: str, new: str) -> Plant:
    """A function of a module with other source text."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        source = inspect.getsource(getattr(module, name))
        assert old in source, f"{name} is no longer written so"
        names: dict[str, Any] = {}
        exec(f"from __future__ import annotations\n{source.replace(old, new)}", vars(module) | {}, names)
        function = names[name]
        # It has to see the module as it is, and not as it was.
        patch.setattr(module, name, type(function)(function.__code__, vars(module), name, function.__defaults__))

    return plant


def _overwrite(out: Any, cotangent: Any, *, index: Any) -> None:
    out[index] = cotangent


def _put_over(cotangent: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape, np.asarray(cotangent).dtype)
    out[index] = cotangent
    return out


def _first_of(cotangent: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(np.ravel(cotangent)[: math.prod(shape)], shape)


def stale_views(patch: pytest.MonkeyPatch) -> None:
    """What a view shows is not brought up to date when its array is written to."""
    views = pytest.importorskip("adkit.views")
    patch.setattr(views, "_refresh", lambda base, done: None)


WRONG: dict[str, Plant] = {
    "a wrong sign": row("cos", partials=(lambda out, x: np.sin(x),)),
    "a missing factor": row("tanh", partials=(lambda out, x: 1 - out,)),
    "a missing term": row("divide", partials=(lambda out, x, y: 1 / y, 0)),
    "a small error": row("sin", partials=(lambda out, x: np.cos(x) + 1e-4,)),
    "a second derivative lost": row("sin", partials=(lambda out, x: np.cos(plain(x)),)),
    "a branch mixed up": row("where", transpose=lambda i, cotangent, x, y, *, mask: np.where(mask, cotangent, 0.0)),
    "a part conjugated": row("imag", transpose=lambda cotangent, x: 1j * cotangent),
    "axes put back in the wrong order": row(
        "transpose", transpose=lambda cotangent, x, *, axes: np.transpose(cotangent, axes)
    ),
    "a sum not undone along axes": row(
        "sum", transpose=lambda cotangent, x, *, axis, keepdims: np.full(np.shape(x), np.mean(cotangent))
    ),
    "repeated places written over": row("scatter", fun=_put_over),
    "a share written over in place": row("getitem", add_to=_overwrite),
    "one direction of a product": row(
        "matmul", jvps=[lambda tangent, out, x, y: np.matmul(tangent, y), lambda tangent, out, x, y: 0 * out]
    ),
    "stacked tangents turned": row(
        "cumsum", batched=lambda tangents, x, *, axis: np.flip(np.cumsum(np.flip(tangents, axis), axis), axis)
    ),
    "double precision throughout": row(
        "sum",
        fun=lambda x, *, axis, keepdims: np.add.reduce(x, axis=axis, keepdims=keepdims, dtype=np.result_type(x, float)),
    ),
    "an argument written into": row("negative", fun=lambda x: np.multiply(x, -1, out=x) if np.ndim(x) else -x),
    "another formula for SymPy": row("tanh", formula="sin(x)"),
    "fan-out not added up": rewritten(reverse, "walk", "share if held is None else held + share", "share"),
    "views that stay as they were": stale_views,
    "broadcasting not undone": lambda patch: patch.setattr(table, "sum_to", _first_of),
}


def forget() -> None:
    """What adkit once derived from its table."""
    for derived in (reverse._read_by_vjps, table.kind_of, rules.row_rule):
        derived.cache_clear()


@pytest.mark.parametrize("plant", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_found_within_a_few_hundred_programs(plant: Plant) -> None:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        forget()
        seed = next(seed for seed in range(400) if complaint(seed, numbered(seed)))
    forget()
    assert not complaint(seed, numbered(seed))
