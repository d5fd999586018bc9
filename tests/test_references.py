"""What a derivative is judged by: independent statements that agree, at one point and at another."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace

import numpy as np
import pytest

import adkit as ad
from adkit.harness import Contender, Settings, Subject
from adkit.harness.cell import Cell
from adkit.harness.reference import References, references_for
from adkit.harness.wanted import Wanted, fingerprint, flat, unflat
from adkit.methods import External, Method
from adkit.records import Row

SETTINGS = Settings(timeout=20.0)
EXACT = ("forward", "reverse", "symbolic")


def row_of(subject: Subject, method: str | Method, references: References | None = None, **settings) -> Row:
    contender = Contender("judged", ad.methods.resolve(method))
    return Cell(subject, contender, replace(SETTINGS, **settings)).check(references or references_for(subject))


def statuses(subject: Subject, methods=EXACT) -> list[str]:
    references = references_for(subject)
    return [row_of(subject, method, references).status for method in methods]


# -- which there are -------------------------------------------------------------------------------
def steps(count: int, bent: bool = False):
    """An f of many operations, analytic unless it is bent."""

    def f(x):
        for _ in range(count):
            x = x + 0.001 * np.sin(x)
        return np.sum(np.abs(x)) if bent else np.sum(x)

    return f


def untraceable(x):
    return float(x[0]) ** 2 + float(x[1])


FEW, MANY = np.linspace(0.1, 1.0, 20), np.linspace(0.1, 1.0, 300)
REFERENCES = [
    (Subject.of(ad.problems["mlp"], "2-4-1x4"), r"hand-derived gradient \(SymPy in 50-digit mpmath agrees to .*\)"),
    (
        Subject.of(ad.problems["mlp"], "16384-4-1x4"),
        r"hand-derived gradient \(adaptive differences of 6 components and 2 directions agree to .*\)",
    ),
    (Subject(lambda x: np.sin(x) * x, (2.0,)), r"SymPy in 50-digit mpmath \(adaptive differences agree to .*\)"),
    (Subject(steps(400), (FEW,)), r"complex step \(adaptive differences of \d components and 2 directions agree .*\)"),
    (Subject(steps(400, bent=True), (FEW,)), "adaptive differences"),
    (Subject(steps(30, bent=True), (MANY,)), "adaptive differences of 32 components and 4 directions"),
    (Subject(untraceable, (np.array([2.0, 3.0]),)), "adaptive differences"),
]


@pytest.mark.parametrize(
    ("subject", "name"), REFERENCES, ids=[f"{s.problem}-{i}" for i, (s, _) in enumerate(REFERENCES)]
)
def test_the_best_reference_that_can_be_had_is_named_with_what_bears_it_out(subject: Subject, name: str) -> None:
    references = references_for(subject)
    assert re.fullmatch(name, references.name), references.name
    assert not references.trouble
    assert references.gap is None or references.gap < 1e-9
    assert row_of(subject, "numerical" if subject.f is untraceable else "reverse", references).status == "ok"
    assert pickle.loads(pickle.dumps(references)).name == references.name


@pytest.mark.parametrize(("size", "least", "most"), [(10, 0, 10), (10**5, 50, 300), (10**6, 20, 150), (10**7, 0, 10)])
def test_a_second_reference_calls_f_no_more_often_than_its_size_affords(size: int, least: int, most: int) -> None:
    calls = 0
    ones = np.broadcast_to(1.0, size)

    def f(x):
        nonlocal calls
        calls += 1
        return np.sum(x[0] ** 2 * ones)

    subject = Subject(f, (np.ones(8),), joint=lambda x: (f(x), 2 * x[0] * size * np.eye(8)[0]))
    assert references_for(subject).name.startswith("hand-derived gradient")
    assert least <= calls <= most


# -- where they disagree ---------------------------------------------------------------------------
def by_hand(factor: float, f=lambda x: np.sum(x**3), scale=lambda x: 3 * x**2) -> Subject:
    return Subject(f, (np.array([1.0, 2.0]),), joint=lambda x: (f(x), factor * scale(x)))


def test_a_third_decides_between_two_that_disagree_and_the_odd_one_out_is_judged_like_any_other() -> None:
    subject = by_hand(1.001)
    references = references_for(subject)
    assert references.name.startswith("SymPy in 50-digit mpmath (adaptive differences agree")
    assert references.name.endswith(", unlike hand-derived gradient)")
    assert row_of(subject, "manual", references).status == "wrong"
    assert row_of(subject, "reverse", references).status == "ok"


def test_where_no_third_can_be_had_every_row_says_that_there_is_nothing_to_judge_by() -> None:
    def f(x):
        return float(x[0]) ** 3 + float(x[1]) ** 3

    references = references_for(by_hand(1.001, f))
    rows = [row_of(by_hand(1.001, f), method, references) for method in ("manual", "numerical")]
    assert [row.status for row in rows] == ["error", "error"]
    assert re.search("hand-derived gradient and adaptive differences do not agree .1e-03 apart", rows[0].note)
    assert references_for(by_hand(1.0, f)).name.startswith("hand-derived gradient (adaptive differences agree")


def test_at_a_kink_no_convention_is_wrong_and_the_rest_is_judged() -> None:
    def relu(x):
        return np.sum(np.maximum(x, 0.0) ** 1.0 + x**2)

    def joint(factor):
        return lambda x: (relu(x), factor * ((x >= 0) + 2 * x))  # 1 at 0, where adkit says 1/2

    right, wrong = (Subject(relu, (np.array([0.0, 1.0, -2.0]),), joint=joint(factor)) for factor in (1.0, 1.01))
    references = references_for(right)
    assert references.name == ("hand-derived gradient, but for 1 component in which SymPy in 50-digit mpmath differs")
    assert references.first.components.tolist() == [1, 2]
    assert statuses(right, ["manual", *EXACT]) == ["ok"] * 4
    assert statuses(wrong, ["manual", *EXACT]) == ["wrong", "ok", "ok", "ok"]


def test_a_hand_derived_gradient_that_raises_is_no_reference() -> None:
    subject = Subject(lambda x: x**2, (3.0,), joint=lambda x: 1 / 0)
    references = references_for(subject)
    assert references.name.startswith("SymPy")
    assert row_of(subject, "manual", references).note == "ZeroDivisionError: division by zero"


def test_a_complex_step_decides_where_f_is_too_rough_for_differences() -> None:
    subject = Subject(lambda x: (1e8 + x) ** 2 - 1e16 - 2e8 * x, (1.234,))
    references = references_for(subject)
    assert re.fullmatch(r".*mpmath \(complex step agrees to .*, unlike adaptive differences\)", references.name)
    assert references.first.gradient == pytest.approx([2.468], rel=1e-15)
    assert statuses(subject) == ["ok"] * 3


# -- f does as it likes ----------------------------------------------------------------------------
def test_what_has_no_derivative_to_speak_of_is_named() -> None:
    random = np.random.default_rng(0)

    def writing(x):
        x += 1.0
        return np.sum(x**2)

    for f, words in [
        (lambda x: np.sum(x**2) + random.normal(), "f gave another value when it was called again"),
        (writing, "f changes its argument"),
    ]:
        point = np.array([1.0, 2.0])
        row = row_of(Subject(f, (point,)), "reverse")
        assert row.status == "error"
        assert words in row.note
        assert point.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_an_f_that_has_values_at_its_point_only_is_still_differentiated_with_digits(error: type[Exception]) -> None:
    def f(x):
        if np.any(ad.value(x) != 1.5):
            raise error
        return np.sum(x**2)

    references = references_for(Subject(f, (np.array([1.5, 1.5]),)))
    assert references.name == "SymPy in 50-digit mpmath"
    assert references.elsewhere is None


def test_at_a_kink_the_components_that_have_a_slope_bear_out_the_reference() -> None:
    subject = Subject(lambda x: np.sum(np.abs(x)), (np.array([0.0, 1.0, -2.0]),))
    assert (
        references_for(subject).name == "SymPy in 50-digit mpmath (adaptive differences of 2 components agree exactly)"
    )
    assert statuses(subject) == ["ok"] * 3


@pytest.mark.parametrize(
    "subject",
    [
        Subject(lambda x: np.sum(x) + 1.0, (np.zeros(0),)),
        Subject(lambda x, y: np.sum(x) + y**2, (np.zeros(0), 2.0), argnums=(0, 1)),
        Subject(lambda x: x * np.ones(0), (np.ones(2)[0],), derivative="jacobian"),
        Subject(lambda x: np.sum(np.sin(x)), (np.linspace(0.1, 2, 5, dtype=np.float32),)),
        Subject(lambda x: np.sum(np.sin(x)), (np.linspace(0.1, 2, 400, dtype=np.float32),)),
        Subject(lambda x: np.sum(np.astype(x, np.float32) ** 2), (np.linspace(0.1, 2, 5),)),
        Subject(lambda p: p["w"] @ p["w"] * p["b"][0] + p["b"][1], ({"w": np.ones(3), "b": (1.5, 2.0)},)),
        Subject(lambda x: x**2 if x > 1 else 3 * x, (1.0001,)),
        Subject(lambda x, y: x * y, (2, 3), argnums=(0, 1)),
        Subject(lambda x: 1e250 * np.sum(x**2), (np.array([1.0, 2.0]),)),
        Subject(lambda x: 1e-250 * np.sum(x**2), (np.array([1.0, 2.0]),)),
        Subject(lambda x, *, k: np.sum(x**k), (np.array([1.0, 2.0]),), {"k": 3}),
        Subject(lambda x: np.sum(np.sqrt(x)), (np.array([0.0, 1.0]),)),
        Subject(lambda x: {"a": np.outer(x, x), "b": x[0]}, (np.array([1.0, 2.0]),), derivative="jacobian"),
        Subject(lambda x: np.sin(np.outer(x, x)), (np.linspace(0, 1, 9),), derivative="jacobian"),
    ],
    ids=range(15),
)
def test_right_methods_are_right_whatever_f_takes_and_gives(subject: Subject) -> None:
    assert statuses(subject) == ["ok"] * 3


def test_complex_arguments_are_judged_in_real_and_imaginary_parts() -> None:
    z, x = np.array([[1 + 2j, 0.5j], [2.0, 1 - 1j]]).T, np.array([0.1, 0.2])
    subject = Subject(lambda z, x: np.sum(np.real(z * np.exp(1j * x))), (z, x), argnums=(0, 1))
    references = references_for(subject)
    assert references.name == "adaptive differences"
    assert references.first.gradient == pytest.approx(flat(ad.grad(subject.f, (0, 1))(z, x)), abs=1e-9)
    assert statuses(subject, ["reverse", "forward"]) == ["ok", "ok"]


def test_a_jacobian_of_complex_outputs_is_refused() -> None:
    with pytest.raises(ad.BadRequest, match="needs f to return real numbers"):
        references_for(Subject(lambda z: z**2, (np.array([1j]),), derivative="jacobian"))


# -- Jacobians -------------------------------------------------------------------------------------
def test_a_jacobian_by_hand_is_borne_out_and_transposed_it_is_the_odd_one_out() -> None:
    W = np.random.default_rng(0).standard_normal((4, 4))
    right = Subject(
        lambda x: np.sin(W @ x), (np.ones(4),), derivative="jacobian", jacobian=lambda x: np.cos(W @ x)[:, None] * W
    )
    wrong = replace(right, jacobian=lambda x: (np.cos(W @ x)[:, None] * W).T)
    assert references_for(right).name.startswith("hand-derived Jacobian (SymPy in 50-digit mpmath agrees")
    assert references_for(wrong).name.endswith("unlike hand-derived Jacobian)")
    assert statuses(right, ["manual", *EXACT]) == ["ok"] * 4
    assert statuses(wrong, ["manual", "reverse"]) == ["wrong", "ok"]
    row = row_of(wrong, "manual")
    assert re.search(r"of output \d by argument 0\[\d\]", row.note)
    assert row_of(replace(right, jacobian=lambda x: np.ones(4)), "manual").status == "wrong"


def test_of_a_large_jacobian_inputs_and_outputs_are_sampled_and_the_rest_is_seen_along_directions() -> None:
    W = np.random.default_rng(0).standard_normal((60, 50))

    def f(x):
        for _ in range(60):
            x = np.abs(x) * 1.001
        return np.sin(W @ x)

    subject = Subject(f, (np.linspace(0.1, 1, 50),), derivative="jacobian")
    references = references_for(subject)
    assert references.name == "adaptive differences of 192 components and 4 directions"

    class OneOff(ad.Reverse):
        def jacobian(self, call, cache):
            outputs, structure, rows = super().jacobian(call, cache)
            rows[0][0][59, 49] *= 1.01
            return outputs, structure, rows

    assert row_of(subject, "reverse", references).status == "ok"
    row = row_of(subject, OneOff(), references)
    assert row.status == "wrong"


# -- how far one may be off ------------------------------------------------------------------------
def test_at_30_steps_a_right_method_is_off_by_1e_7_and_the_row_says_why() -> None:
    subject = Subject.of(ad.problems["logistic_map"], "30")
    for method in ("reverse", "manual"):
        row = row_of(subject, method)
        assert row.status == "ok"
        assert 1e-9 < row.max_rel_error < 1e-6
        assert row.condition == 2.0**30
        assert row.note.startswith(
            "f amplifies rounding errors 1e+09 times here, so that a right method may be 1e-03 off"
        )


def test_where_no_digit_is_left_the_50_digits_alone_are_the_reference() -> None:
    assert references_for(Subject.of(ad.problems["logistic_map"], "60")).name == "SymPy in 50-digit mpmath"


@pytest.mark.parametrize("size", ["60", "1024"])
def test_where_no_digit_is_left_a_method_is_held_against_the_hand_derived_gradient_of_the_same_numbers(size) -> None:
    subject = Subject.of(ad.problems["logistic_map"], size)
    for method in ("reverse", "forward", "manual"):
        row = row_of(subject, method)
        assert (row.status, row.reference) == ("ok", "hand-derived gradient")
        assert row.max_rel_error < 1e-12
        assert not row.vacuous
        assert row.is_reference == (method == "manual")
        assert row.note.endswith("the derivative is that of the numbers that f comes to in floating point, as by hand")


def test_what_agrees_with_neither_cannot_be_checked() -> None:
    assert row_of(Subject.of(ad.problems["logistic_map"], "60"), "numerical").status == "skipped"


def test_what_f_of_ones_own_amplifies_is_found_out_and_still_nothing_passes_that_is_wrong() -> None:
    def f(x):
        for _ in range(25):
            x = 4 * x * (1 - x)
        return x

    references = references_for(Subject(f, (0.2,)))
    assert 1e4 < references.condition < 1e7
    assert statuses(Subject(f, (0.2,))) == ["ok"] * 3
    off = External("off", lambda f, argnums: lambda x: ad.grad(f)(x) * (1 + 1e-4))
    assert row_of(Subject(f, (0.2,)), off, references).status == "wrong"


def test_the_condition_of_a_matrix_is_that_of_what_is_solved_with_it() -> None:
    hilbert = 1 / (np.arange(8)[:, None] + np.arange(8) + 1)
    subject = Subject(lambda b: np.sum(np.linalg.solve(hilbert, b) ** 2), (np.ones(8),))
    references = references_for(subject)
    assert 1e6 < references.condition < 1e10
    assert statuses(subject, ["forward", "reverse"]) == ["ok", "ok"]
    assert references_for(Subject(lambda b: np.sum(np.linalg.solve(np.eye(3), b)), (np.ones(3),))).condition == 1.0


# -- what a check is worth -------------------------------------------------------------------------
def test_a_reference_that_anything_would_pass_is_vacuous_and_with_strict_an_error() -> None:
    subject = Subject(lambda x: np.sum((x - 1) ** 4), (np.ones(3),))
    row = row_of(subject, "reverse")
    assert (row.status, row.vacuous) == ("ok", "zeros, a flipped sign, an error of 1 %")
    assert row.note == ""
    row = row_of(subject, "reverse", strict=True)
    assert row.status == "error"
    assert row.note == (
        "this check says little, since the true derivative is 0: zeros, a flipped sign, an error of 1 % would pass too"
    )
    assert row_of(Subject(lambda x: x**2, (1.0,)), "reverse", strict=True).status == "ok"
    assert row_of(Subject(lambda x: x**2, (1.0,)), "reverse").vacuous == ""


def test_components_too_small_to_be_seen_are_counted() -> None:
    subject = Subject(lambda x: np.sum(x**2 * np.array([1e12, 1.0, 1e-6, 0.0])), (np.ones(4),))
    assert row_of(subject, "reverse").blind == 2
    assert row_of(subject, "numerical").blind == 2
    assert row_of(Subject(lambda x: np.sum(x**2), (np.arange(4.0),)), "reverse").blind == 0


def test_errors_are_said_in_the_norm_and_in_last_places_too() -> None:
    subject = Subject(lambda x: np.sum(x**2), (np.array([1.5, 2.0]),))
    off = External("off", lambda f, argnums: lambda x: 2 * x + np.array([0.0, 3e-15]))
    row = row_of(subject, off)
    assert row.status == "ok"
    assert row.max_ulps == pytest.approx(3e-15 / np.spacing(4.0), abs=1.0)
    assert row.norm_rel_error == pytest.approx(3e-15 / 5, rel=0.3)


# -- the point, and another ------------------------------------------------------------------------
def test_a_second_point_shows_what_a_method_has_kept_of_the_first() -> None:
    kept: list[object] = []

    def stale(f, argnums):
        def gradient(x):
            kept.append(kept[0] if kept else ad.grad(f)(x))
            return kept[-1]

        return gradient

    row = row_of(Subject(lambda x: np.sum(np.sin(x)), (np.array([1.0, 2.0]),)), External("stale", stale))
    assert row.status == "wrong"
    assert row.note.startswith("right at the first point, wrong at a second one: relative error")


def test_the_second_point_has_every_number_moved_in_its_own_type() -> None:
    subject = Subject(lambda p: p["a"] @ p["a"] + p["b"], ({"a": np.array([0.0, 2.0], np.float32), "b": 3},))
    there = references_for(subject).elsewhere
    assert there is not None
    assert [type(x) for x in there.leaves] == [np.ndarray, float]
    assert there.leaves[0].dtype == np.float32
    assert np.all(flat(there.leaves) != [0.0, 2.0, 3.0])


def test_inputs_are_told_apart_by_values_dtypes_and_shapes() -> None:
    x = np.arange(6.0)
    different = [x, x + 1e-15, x.astype(np.float32), x.reshape(2, 3), [x], (x, 1), (x, 1.0), {"x": x, "k": "a"}]
    prints = [fingerprint(item) for item in different]
    assert len(set(prints)) == len(different) - 1  # a list of one is its leaf
    assert prints[4] == prints[0]
    assert fingerprint(x) == fingerprint(x.copy()) == fingerprint(np.arange(12.0)[::2] / 2)
    assert re.fullmatch("[0-9a-f]{16}", prints[0])
    assert row_of(Subject(np.sum, (x,)), "reverse").inputs_hash == references_for(Subject(np.sum, (x,))).inputs_hash


def test_numbers_go_into_a_vector_and_back() -> None:
    leaves = [2.0, np.float32(3), np.arange(4.0).reshape(2, 2).T, np.array([1 + 2j])]
    back = unflat(flat(leaves), leaves)
    assert [type(a) for a in back] == [type(a) for a in leaves]
    assert all(np.array_equal(a, b) for a, b in zip(back, leaves, strict=True))
    assert Wanted(Subject(np.sum, (np.ones(3),)).call(), "gradient").value.tolist() == [3.0]


def test_a_gradient_by_hand_that_is_right_at_the_point_alone_is_wrong_and_the_others_are_not() -> None:
    only_here = Subject(
        lambda x: np.sum(x**3), (np.ones(3),), joint=lambda x: (np.sum(x**3), 3 * x), problem="cubes", size="3"
    )
    assert statuses(only_here, ("manual", *EXACT)) == ["wrong", "ok", "ok", "ok"]
