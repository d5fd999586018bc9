"""Linear algebra beyond single calls: identities, singular points, repeated eigenvalues, phases, cost.

The witnesses are identities that hold at every matrix (their derivative is known), SymPy on small matrices, first-order
perturbation theory, and differences of NumPy's own results.
"""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
import sympy
from calls import rng_for

import adkit as ad
from adkit.primitives import primitives
from adkit.tracing import load_all

load_all()
LA, A, nan = np.linalg, np.array, np.nan
EXACT = ["reverse", "forward"]
NESTINGS = list(itertools.product(EXACT, EXACT))


def numbers(name: str, shape: tuple[int, ...], kind: Any) -> Any:
    rng = rng_for(f"linalg {name}")
    real = rng.standard_normal(shape)
    return real + 1j * rng.standard_normal(shape) if kind is complex else real


def slopes(f: Any, x: Any, method: str) -> tuple[Any, Any]:
    """The derivative of a real f along a random direction, by a method and by differences."""
    along = numbers("direction", x.shape, complex if np.iscomplexobj(x) else float)
    found = ad.jvp(f, (x,), (along,))[1] if method == "forward" else np.real(np.sum(ad.grad(f)(x) * along))
    step = 1e-6
    return found, (f(x + step * along) - f(x - step * along)) / (2 * step)


# == identities ====================================================================================
def adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def rebuilt_from_eigh(a: Any) -> Any:
    w, v = LA.eigh(a + adjoint(a))
    return (v * w) @ adjoint(v) - a - adjoint(a)


def rebuilt_from_eig(a: Any) -> Any:
    w, v = LA.eig(a)
    return (v * w) @ LA.inv(v) - a


def rebuilt_from_svd(a: Any) -> Any:
    u, s, vh = LA.svd(a, full_matrices=False)
    return (u * s) @ vh - a


def rebuilt_from_qr(a: Any) -> Any:
    q, r = LA.qr(a)
    return q @ r - a


def rebuilt_from_cholesky(a: Any) -> Any:
    definite = a @ adjoint(a) + np.eye(len(a))
    lower = LA.cholesky(definite)
    return lower @ adjoint(lower) - definite


# name: a function that is constant, and the shapes of its argument
CONSTANTS: dict[str, tuple[Any, list[tuple[int, int]]]] = {
    "A inv(A) = I": (lambda a: a @ LA.inv(a), [(3, 3)]),
    "A solve(A, B) = B": (lambda a: a @ LA.solve(a, np.ones((3, 2))), [(3, 3)]),
    "A pinv(A) A = A": (lambda a: a @ LA.pinv(a) @ a - a, [(3, 3), (4, 2), (2, 4)]),
    "A is eigh's V w V^H": (rebuilt_from_eigh, [(3, 3)]),
    "V^H V = I of eigh": (lambda a: adjoint(LA.eigh(a)[1]) @ LA.eigh(a)[1], [(3, 3)]),
    "A is eig's V w V^-1": (rebuilt_from_eig, [(3, 3)]),
    "eigenvectors have length 1": (lambda a: LA.norm(LA.eig(a)[1], axis=0), [(3, 3)]),
    "A is svd's U s V^H": (rebuilt_from_svd, [(3, 3), (4, 2), (2, 4)]),
    "U^H U = I of svd": (lambda a: adjoint(LA.svd(a, full_matrices=False)[0]) @ LA.svd(a)[0][:, :2], [(3, 3), (4, 2)]),
    "A is Q R": (rebuilt_from_qr, [(3, 3), (4, 2), (2, 4)]),
    "Q^H Q = I, complete": (lambda a: adjoint(LA.qr(a, "complete")[0]) @ LA.qr(a, "complete")[0], [(3, 3), (5, 2)]),
    "A is L L^H": (rebuilt_from_cholesky, [(3, 3)]),
    "det(A) det(inv(A)) = 1": (lambda a: LA.det(a) * LA.det(LA.inv(a)), [(3, 3)]),
    "slogdet is det": (lambda a: LA.slogdet(a)[0] * np.exp(LA.slogdet(a)[1]) - LA.det(a), [(3, 3)]),
    "det is the product of eigenvalues": (lambda a: LA.det(a) - np.prod(LA.eigvals(a)), [(3, 3)]),
    "trace is the sum of eigenvalues": (lambda a: np.trace(a) - np.sum(LA.eigvals(a)), [(3, 3)]),
    "fro^2 is the sum of s^2": (lambda a: LA.norm(a) ** 2 - np.sum(LA.svdvals(a) ** 2), [(3, 3), (4, 2)]),
    "A^-2 A^2 = I": (lambda a: LA.matrix_power(a, -2) @ LA.matrix_power(a, 2), [(3, 3)]),
    "normal equations": (lambda a: adjoint(a) @ (a @ LA.lstsq(a, np.ones(4))[0] - 1), [(4, 2)]),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("name", CONSTANTS)
def test_identities_have_derivative_zero(name, kind, method):
    f, shapes = CONSTANTS[name]
    for shape in shapes:
        a = numbers(name, shape, kind) + 3 * np.diag(np.arange(1, max(shape) + 1.0))[: shape[0], : shape[1]]
        for part in (np.real, np.imag):
            found = ad.grad(lambda a, part=part: np.sum(np.cos(1 + part(f(a)))), method=method)(a)
            np.testing.assert_allclose(found, np.zeros(shape), atol=1e-11)


def test_eigenvalues_follow_hellmann_and_feynman():
    h0, h1 = numbers("h0", (4, 4), complex), numbers("h1", (4, 4), complex)
    h0, h1 = h0 + adjoint(h0), h1 + adjoint(h1)
    t = 0.3
    vectors = LA.eigh(h0 + t * h1)[1]
    expected = np.real(np.sum(np.conj(vectors) * (h1 @ vectors), axis=0))
    for f in (lambda t: LA.eigvalsh(h0 + t * h1), lambda t: LA.eigh(h0 + t * h1)[0]):
        for method in EXACT:
            np.testing.assert_allclose(ad.jacobian(f, method=method)(t), expected, rtol=1e-12)


def ordered_eigvals(a: Any) -> Any:
    w = np.real(LA.eigvals(a))
    return w[np.argsort(w)]


def second_order(h0: Any, h1: Any) -> Any:
    """The second derivative of eigenvalues by perturbation theory: 2 sum |<j|h1|i>|^2 / (w_i - w_j)."""
    w, v = LA.eigh(h0)
    between = np.abs(adjoint(v) @ h1 @ v) ** 2
    gaps = w[None, :] - w[:, None] + np.diag(np.full(len(w), np.inf))
    return 2 * np.sum(between / gaps, axis=0)


@pytest.mark.parametrize(("outer", "inner"), NESTINGS)
@pytest.mark.parametrize("eigenvalues", [LA.eigvalsh, lambda a: LA.eigh(a)[0], ordered_eigvals])
def test_second_derivatives_of_eigenvalues_are_those_of_perturbation_theory(eigenvalues, outer, inner):
    h0, h1 = numbers("p0", (3, 3), float), numbers("p1", (3, 3), float)
    h0, h1 = h0 + h0.T + np.diag([0.0, 4.0, 8.0]), h1 + h1.T
    for i in range(3):
        slope = ad.grad(lambda t, i=i: eigenvalues(h0 + t * h1)[i], method=inner)
        np.testing.assert_allclose(ad.grad(slope, method=outer)(0.0), second_order(h0, h1)[i], rtol=1e-10)


# == SymPy on small matrices =======================================================================
ENTRIES = sympy.symbols("a b c d", real=True)
SMALL = sympy.Matrix(2, 2, ENTRIES)
(_a, _b, _c, _d) = ENTRIES
IN_CLOSED_FORM: dict[str, tuple[Any, Any]] = {
    "det": (LA.det, SMALL.det()),
    "logdet": (lambda x: LA.slogdet(x)[1], sympy.log(sympy.Abs(SMALL.det()))),
    "inv": (lambda x: LA.inv(x)[0, 1], SMALL.inv()[0, 1]),
    "solve": (lambda x: LA.solve(x, [1.0, 2.0])[0], (SMALL.inv() * sympy.Matrix([1, 2]))[0]),
    "upper eigenvalue of the lower triangle": (
        lambda x: LA.eigvalsh(x)[1],
        (_a + _d) / 2 + sympy.sqrt((_a - _d) ** 2 / 4 + _c**2),
    ),
    "upper eigenvalue": (
        lambda x: np.max(np.real(LA.eigvals(x))),
        (_a + _d) / 2 + sympy.sqrt((_a - _d) ** 2 / 4 + _b * _c),
    ),
    "nuclear norm": (
        lambda x: LA.norm(x, "nuc"),
        sympy.sqrt(_a**2 + _b**2 + _c**2 + _d**2 + 2 * sympy.Abs(SMALL.det())),
    ),
    "Cholesky": (lambda x: LA.cholesky(x)[1, 1], sympy.sqrt(_d - _c**2 / _a)),
    "R of QR": (lambda x: np.abs(LA.qr(x)[1][1, 1]), sympy.Abs(SMALL.det()) / sympy.sqrt(_a**2 + _c**2)),
    "condition number": (lambda x: LA.cond(x, "fro"), (_a**2 + _b**2 + _c**2 + _d**2) / sympy.Abs(SMALL.det())),
}


@pytest.mark.parametrize("name", IN_CLOSED_FORM)
def test_closed_forms_of_two_by_two_matrices(name):
    f, formula = IN_CLOSED_FORM[name]
    x = A([[1.7, 0.4], [0.6, 1.1]])
    at = dict(zip(ENTRIES, map(sympy.Float, x.ravel().tolist()), strict=True))

    def exact(expr: Any) -> float:
        flat = expr.replace(lambda e: isinstance(e, (sympy.Derivative, sympy.DiracDelta)), lambda e: sympy.Integer(0))
        return float(flat.evalf(30, subs=at))

    first = np.reshape([exact(formula.diff(s)) for s in ENTRIES], (2, 2))
    second = np.reshape([exact(formula.diff(s, t)) for s in ENTRIES for t in ENTRIES], (2, 2, 2, 2))
    np.testing.assert_allclose(f(x), exact(formula), rtol=1e-13)
    for method in EXACT:
        np.testing.assert_allclose(ad.grad(f, method=method)(x), first, rtol=1e-11, atol=1e-12)
    for outer, inner in NESTINGS:
        found = ad.jacobian(ad.grad(f, method=inner), method=outer)(x)
        np.testing.assert_allclose(found, second, rtol=1e-10, atol=1e-11)


# == determinants of singular matrices =============================================================
SINGULAR = [
    np.zeros((1, 1)),
    np.zeros((2, 2)),
    np.zeros((3, 3)),
    np.ones((3, 3)),
    np.diag([2.0, 0.0, 3.0]),
    np.diag([2.0, 0.0, 0.0]),
    np.outer([1.0, 2.0, 3.0], [1.0, 0.0, -1.0]) + np.outer([1.0, 0.0, 1.0], [0.0, 2.0, 1.0]),
    np.arange(16.0).reshape(4, 4),
    np.diag([1.0, 1e-9, 1e-14, 2.0]),
]


def minor(x: Any, rows: tuple[int, ...], columns: tuple[int, ...]) -> float:
    """The determinant that is left without these rows and columns, with its sign."""
    kept = np.delete(np.delete(x, rows, 0), columns, 1)
    exact = sympy.Matrix(kept.tolist()).applyfunc(sympy.Rational).det(method="berkowitz") if kept.size else 1
    swaps = (rows[0] > rows[1]) + (columns[0] > columns[1]) if len(rows) == 2 else 0
    return float(exact) * (-1) ** (sum(rows) + sum(columns) + swaps)


@pytest.mark.parametrize("x", SINGULAR, ids=lambda x: f"{len(x)}, rank {LA.matrix_rank(x)}")
def test_determinants_of_singular_matrices_have_derivatives_of_any_order(x):
    n = range(len(x))
    cofactors = [[minor(x, (i,), (j,)) for j in n] for i in n]
    of_second_order = np.zeros((len(x),) * 4)
    for i, j, k, m in itertools.product(n, repeat=4):
        if i != k and j != m:
            of_second_order[i, j, k, m] = minor(x, (i, k), (j, m))
    scale = np.max(np.abs(x)) ** len(x) + 1
    for method in EXACT:
        np.testing.assert_allclose(ad.grad(LA.det, method=method)(x), cofactors, rtol=1e-10, atol=1e-13 * scale)
    for outer, inner in NESTINGS:
        found = ad.jacobian(ad.grad(LA.det, method=inner), method=outer)(x)
        np.testing.assert_allclose(found, of_second_order, rtol=1e-10, atol=1e-13 * scale)


def test_the_third_derivative_of_a_determinant_at_zero_is_a_product_of_permutation_symbols():
    symbol = np.reshape([float(sympy.LeviCivita(*p)) for p in itertools.product(range(3), repeat=3)], (3, 3, 3))
    found = ad.jacobian(ad.jacobian(ad.grad(LA.det)))(np.zeros((3, 3)))
    np.testing.assert_allclose(found, np.einsum("ikm,jln->ijklmn", symbol, symbol), atol=1e-14)


@pytest.mark.parametrize("method", EXACT)
def test_a_singular_matrix_in_a_stack_leaves_the_others_alone(method):
    stack = A([[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]]])
    np.testing.assert_allclose(
        ad.grad(lambda x: np.sum(LA.det(x)), method=method)(stack),
        [[[4.0, -3.0], [-2.0, 1.0]], [[4.0, -2.0], [-2.0, 1.0]]],
        rtol=1e-12,
    )
    with np.errstate(divide="ignore"):
        found = ad.grad(lambda x: np.sum(LA.slogdet(x)[1]), method=method)(stack)
    np.testing.assert_allclose(found[0], LA.inv(stack[0]).T, rtol=1e-12)
    assert not np.isfinite(found[1]).any()


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("bad", [nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_is_not_finite_stays_in_its_matrix(bad, method):
    stack = A([[[1.0, 2.0], [3.0, 4.0]], [[bad, 2.0], [2.0, 4.0]]])
    for f in (lambda x: np.sum(LA.det(x)), lambda x: np.sum(LA.slogdet(x)[1])):
        found = ad.grad(f, method=method)(stack)
        np.testing.assert_allclose(found[0], ad.grad(f, method=method)(stack[:1])[0], rtol=1e-12)
    assert np.isnan(ad.grad(LA.det, method=method)(stack[1])).any()
    np.testing.assert_allclose(
        ad.grad(lambda x: np.sum(np.where([True, False], LA.det(x), 0.0)), method=method)(stack),
        [[[4.0, -3.0], [-2.0, 1.0]], np.zeros((2, 2))],
        rtol=1e-12,
    )


# == one triangle ==================================================================================
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("f", "read"),
    [
        (lambda a: LA.eigvalsh(a)[0], np.tril),
        (lambda a: LA.eigvalsh(a, "U")[0], np.triu),
        (lambda a: LA.eigh(a)[1][0, 0] ** 2, np.tril),
        (lambda a: LA.eigh(a, UPLO="U")[0][1], np.triu),
        (lambda a: np.sum(LA.cholesky(a)), np.tril),
        (lambda a: np.sum(LA.cholesky(a, upper=True)), np.triu),
        (lambda a: np.sum(LA.pinv(a, hermitian=True)), np.tril),
        (lambda a: np.sum(LA.svd(a, hermitian=True)[1]), np.tril),
    ],
)
def test_the_gradient_is_that_of_the_entries_that_numpy_reads(f, read, method):
    a = numbers("triangle", (3, 3), float)
    a = a @ a.T + np.diag([1.0, 2.0, 3.0])
    found = ad.grad(f, method=method)(a)
    np.testing.assert_array_equal(found, read(found))
    np.testing.assert_allclose(found, ad.grad(f, method="numerical")(a), rtol=1e-6, atol=1e-7)
    # What is made symmetric has a symmetric gradient.
    found = ad.grad(lambda a: f((a + a.T) / 2), method=method)(a)
    np.testing.assert_allclose(found, found.T, rtol=1e-12)


# == repeated eigenvalues and singular values ======================================================
ROTATED = LA.qr(rng_for("rotation").standard_normal((3, 3)))[0]
TWICE = (ROTATED * [2.0, 1.0, 1.0]) @ ROTATED.T  # eigenvalues 1, 1, 2


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("eigenvalues", [LA.eigvalsh, lambda a: LA.eigh(a)[0], LA.svdvals, lambda a: LA.svd(a)[1]])
@pytest.mark.parametrize("a", [np.eye(3), TWICE, np.zeros((3, 3)) + 1e-300 * np.eye(3)], ids=["I", "1, 1, 2", "tiny"])
def test_symmetric_functions_of_repeated_eigenvalues(a, eigenvalues, method):
    def f(a):
        return np.sum(np.exp(eigenvalues((a + a.T) / 2)) - eigenvalues(a @ a.T))

    w, v = LA.eigh(a)
    expected = (v * np.exp(w)) @ v.T - 2 * a
    np.testing.assert_allclose(ad.grad(f, method=method)(a), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", EXACT)
def test_equal_eigenvalues_share_equally(method):
    top = ROTATED[:, :1]
    others = np.eye(3) - top @ top.T
    for k, expected in enumerate([others / 2, others / 2, top @ top.T]):
        for f in (LA.eigvalsh, lambda a: LA.eigh(a)[0]):
            found = ad.grad(lambda a, k=k, f=f: f((a + a.T) / 2)[k], method=method)(TWICE)
            np.testing.assert_allclose(found, expected, atol=1e-14)
        for f in (LA.svdvals, lambda a: LA.svd(a)[1]):
            found = ad.grad(lambda a, k=k, f=f: f(a)[2 - k], method=method)(TWICE)
            np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.parametrize("method", EXACT)
def test_vectors_of_a_simple_eigenvalue_do_not_mind_that_others_are_equal(method):
    def f(a):
        v = LA.eigh((a + a.T) / 2)[1][:, 2]
        return v[0] * v[1]

    def g(a):
        u, _, vh = LA.svd(a)
        return u[0, 0] * vh[0, 1]

    for function in (f, g):
        found, differences = slopes(function, TWICE, method)
        np.testing.assert_allclose(found, differences, rtol=1e-6)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda a: LA.eigh(a)[1][0, 0],
        lambda a: np.sum((LA.eigh(a)[1] * np.exp(LA.eigh(a)[0])) @ LA.eigh(a)[1].T * ROTATED),
        lambda a: LA.svd(a)[0][0, 1],
        lambda a: LA.svd(a)[2][2, 0],
    ],
)
def test_vectors_of_equal_eigenvalues_have_no_derivative(f, method):
    assert np.isnan(ad.grad(f, method=method)(TWICE)).any()


@pytest.mark.parametrize(("outer", "inner"), NESTINGS)
@pytest.mark.parametrize(
    "largest", [lambda a: LA.eigvalsh(a)[-1], lambda a: LA.eigh(a)[0][-1], lambda a: LA.norm(a, 2)]
)
def test_second_derivatives_of_a_simple_eigenvalue_do_not_mind_that_others_are_equal(largest, outer, inner):
    h1 = numbers("p1", (3, 3), float)
    h1 = h1 + h1.T
    found = ad.grad(ad.grad(lambda t: largest(TWICE + t * h1), method=inner), method=outer)(0.0)
    v = ROTATED[:, 0]
    expected = 2 * (np.sum((h1 @ v) ** 2) - (v @ h1 @ v) ** 2)  # the gap is 1
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum((LA.eigvalsh((a + a.T) / 2) - 1) ** 2),
        lambda a: np.sum((LA.eigh((a + a.T) / 2)[0] - 1) ** 2),
        lambda a: np.sum(LA.eigvalsh((a + a.T) / 2) ** 3),
        lambda a: np.sum((LA.svdvals(a) - 1) ** 2),
        lambda a: np.sum(LA.svd(a)[1] ** 3),
    ],
)
def test_hessians_of_repeated_eigenvalues_are_right_or_nan(f):
    assert np.isnan(ad.hessian(f)(np.eye(2))).any()


@pytest.mark.parametrize("method", EXACT)
def test_singular_value_zero_has_derivative_zero(method):
    rank_one = np.outer([3.0, 4.0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(
        ad.grad(lambda a: LA.norm(a, "nuc"), method=method)(rank_one), np.outer([0.6, 0.8], [1.0, 0.0, 0.0]), atol=1e-15
    )
    for f in (LA.svdvals, lambda a: LA.svd(a)[1]):
        np.testing.assert_array_equal(ad.grad(lambda a, f=f: f(a)[1], method=method)(rank_one), np.zeros((2, 3)))
    for order in ("nuc", "fro", 2, 1, np.inf):
        np.testing.assert_array_equal(
            ad.grad(lambda a, order=order: LA.norm(a, order), method=method)(np.zeros((2, 2))), np.zeros((2, 2))
        )


@pytest.mark.parametrize("method", EXACT)
def test_full_matrices_give_the_first_vectors_a_derivative(method):
    """What they add could be other vectors, unless it is one real vector."""
    for shape in [(5, 2), (2, 5)]:
        a = numbers("full", shape, float)
        wanted = ad.grad(lambda a: np.sum(np.sin(LA.svd(a, full_matrices=False)[0])), method=method)(a)
        found = ad.grad(lambda a: np.sum(np.sin(LA.svd(a)[0][:, :2])), method=method)(a)
        np.testing.assert_allclose(found, wanted, rtol=1e-9)
        added = (lambda a: LA.svd(a)[0][0, 3]) if shape[0] > 2 else (lambda a: LA.svd(a)[2][4, 0])
        assert np.isnan(ad.grad(added, method=method)(a)).any()
    found, differences = slopes(lambda a: LA.svd(a)[0][0, 2], numbers("one more", (3, 2), float), method)
    np.testing.assert_allclose(found, differences, rtol=1e-6)


@pytest.mark.parametrize(("outer", "inner"), NESTINGS)
@pytest.mark.parametrize("power", [1, 2])
def test_a_norm_at_zero_claims_no_second_derivative(power, outer, inner):
    """It is infinite; that of the square exists, and cannot be told from that of the norm. Other rows keep theirs."""
    x = A([[0.0, 0.0], [3.0, 4.0]])

    def f(x):
        return np.sum(LA.norm(x, axis=1) ** power)

    found = ad.grad(lambda x: np.sum(A([1.0, 2.0]) * ad.grad(f, method=inner)(x)), method=outer)(x)
    assert np.isnan(found[0]).all()
    across = 0.6 * 2 - 0.8
    expected = A([-0.8, 0.6]) * across / 5 if power == 1 else A([2.0, 4.0])
    np.testing.assert_allclose(found[1], expected, rtol=1e-12)


# == phases ========================================================================================
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(np.sin(LA.eig(a)[1].real) + np.cos(LA.eig(a)[1].imag)),
        lambda a: np.sum(np.sin(LA.eigh(a)[1].real) + np.cos(LA.eigh(a)[1].imag)),
        lambda a: np.sum(np.sin(LA.eigh(a, "U")[1].real) + np.cos(LA.eigh(a, "U")[1].imag)),
        lambda a: np.sum(np.sin(LA.svd(a)[0].real) + np.cos(LA.svd(a)[2].imag)),
        lambda a: np.sum(np.sin(LA.svd(a[:2], False)[0].real)) + np.sum(np.cos(LA.svd(a[:2], False)[2].imag)),
        lambda a: np.sum(np.sin(LA.svd(a[:, :2], False)[0].real)) + np.sum(np.cos(LA.svd(a[:, :2], False)[2].imag)),
        lambda a: np.sum(np.sin(LA.qr(a)[0].real) + np.cos(LA.qr(a)[1].imag)),
        lambda a: np.sum(np.sin(LA.qr(a[:, :2], "complete")[0].real)),
        lambda a: np.real(LA.slogdet(a)[0]) + LA.slogdet(a)[1],
    ],
)
def test_phases_are_lapacks(f, method):
    found, differences = slopes(f, numbers("phases", (4, 4), complex), method)
    np.testing.assert_allclose(found, differences, rtol=1e-6, atol=1e-7)


def embedded(z: Any) -> Any:
    """A complex matrix as a real one of twice the order."""
    return np.concatenate([np.concatenate([z.real, -z.imag], 1), np.concatenate([z.imag, z.real], 1)])


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("of_complex", "of_real"),
    [
        (lambda z: LA.slogdet(z)[1], lambda x: LA.slogdet(x)[1] / 2),
        (lambda z: np.sum(LA.svdvals(z) ** 3), lambda x: np.sum(LA.svdvals(x) ** 3) / 2),
        (lambda z: np.sum(np.real(LA.inv(z))), lambda x: np.sum(LA.inv(x)[:3, :3])),
        (
            lambda z: np.sum(np.imag(LA.solve(z, z[0]))),
            lambda x: np.sum(LA.solve(x, np.hstack([x[0, :3], x[3, :3]]))[3:]),
        ),
        (lambda z: np.sum(np.real(LA.pinv(z[:, :2]))), lambda x: np.sum(LA.pinv(x[:, [0, 1, 3, 4]])[:2, :3])),
        (lambda z: np.sum(np.log(LA.eigvalsh(z @ adjoint(z)))), lambda x: np.sum(np.log(LA.eigvalsh(x @ x.T))) / 2),
    ],
)
def test_complex_matrices_are_real_ones_of_twice_the_order(of_complex, of_real, method):
    z = numbers("embedded", (3, 3), complex)
    found = ad.grad(of_complex, method=method)(z)
    by_parts = ad.grad(lambda x, y: of_real(embedded(x + 1j * y)), (0, 1), method=method)(z.real, z.imag)
    np.testing.assert_allclose(found, by_parts[0] - 1j * by_parts[1], rtol=1e-9, atol=1e-12)


# == dtypes, empties, warnings, errors =============================================================
FUNCTIONS = {
    "inv": LA.inv,
    "det": LA.det,
    "slogdet": LA.slogdet,
    "eigh": LA.eigh,
    "eigvalsh": LA.eigvalsh,
    "eig": LA.eig,
    "eigvals": LA.eigvals,
    "svd": LA.svd,
    "svdvals": LA.svdvals,
    "qr": LA.qr,
    "cholesky": LA.cholesky,
    "pinv": LA.pinv,
    "norm": LA.norm,
    "cond": LA.cond,
    "lstsq": lambda a: LA.lstsq(a, a)[0],
    "solve": lambda a: LA.solve(a, a[0]),
    "einsum": lambda a: np.einsum("ij,jk->ik", a, a),
    "corrcoef": lambda a: np.corrcoef(a)[0],
}


def total(f: Any, a: Any) -> Any:
    out = f(a)
    parts = out if isinstance(out, tuple) else [out]
    return sum(np.sum(np.real(part)) for part in parts)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_precision_stays_single(name, method):
    a = A([[4.0, 1.0], [1.0, 3.0]], np.float32)
    value, gradient = ad.value_and_grad(lambda a: total(FUNCTIONS[name], a), method=method)(a)
    assert value.dtype == total(FUNCTIONS[name], a).dtype
    assert value == total(FUNCTIONS[name], a)
    assert gradient.dtype == np.float32
    wide = ad.grad(lambda a: total(FUNCTIONS[name], a), method=method)(a.astype(float))
    np.testing.assert_allclose(gradient, wide, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"cond", "corrcoef", "lstsq", "solve", "einsum"}))
def test_empty_matrices_have_empty_gradients(name, method):
    shapes = [(0, 0)] if name == "norm" else [(0, 0), (0, 2, 2)]
    for shape in shapes:
        gradient = ad.grad(lambda a: total(FUNCTIONS[name], a), method=method)(np.zeros(shape))
        assert gradient.shape == shape


@pytest.mark.parametrize("method", EXACT)
def test_numpys_errors_come_out(method):
    for f, message in [
        (lambda a: LA.inv(a * 0), "Singular matrix"),
        (lambda a: LA.solve(a * 0, a), "Singular matrix"),
        (lambda a: LA.cholesky(-a), "not positive definite"),
        (lambda a: LA.det(a[0]), "at least two-dimensional"),
        (lambda a: LA.inv(a[:1]), "must be square"),
        (lambda a: LA.eigh(a, "X"), "UPLO"),
        (lambda a: LA.norm(a, "max"), "Invalid norm order"),
        (lambda a: LA.qr(a, "no mode"), "Unrecognized mode"),
        (lambda a: LA.multi_dot([a]), "at least two"),
        (lambda a: LA.outer(a, a), "one-dimensional"),
        (lambda a: LA.cross(a, a), "3-dimensional"),
        (lambda a: np.convolve(a, a[0]), "too deep"),
        (lambda a: np.einsum("ij,k", a), "(?i)operand"),
    ]:
        with pytest.raises((LA.LinAlgError, ValueError), match=message):
            ad.grad(lambda a, f=f: total(f, a), method=method)(np.eye(2))


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("f", "named"),
    [
        (lambda a: LA.qr(a, "raw")[0], "raw"),
        (lambda a: np.einsum("ij->i", a, dtype=np.float32, casting="unsafe"), "dtype=, casting="),
        (lambda a: np.matmul(a, a, axes=[(0, 1), (0, 1), (0, 1)]), "axes="),
        (lambda a: np.polyfit(a[0], a[1], 1), "polyfit"),
        (lambda a: LA.lstsq(a * [1.0, 0.5], a[0], rcond=0.7)[0], "leaves out singular values"),
    ],
)
def test_what_has_no_rule_is_refused_by_name(f, named, method):
    with pytest.raises(ad.NoRule, match=rf"{named}.*test_linalg\.py"):
        ad.grad(lambda a: np.sum(f(a)), method=method)(np.eye(2))


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) >= "2.5.0", reason="NumPy has none any more")
@pytest.mark.parametrize("method", EXACT)
def test_cross_products_in_the_plane_warn_as_numpys_do(method):
    with pytest.warns(DeprecationWarning, match="2-dimensional"):
        gradient = ad.grad(lambda a: np.sum(np.cross(a[0], a[1])), method=method)(A([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(gradient, [[4.0, -3.0], [-2.0, 1.0]])


def test_results_come_in_numpys_containers():
    for f in (LA.eigh, LA.eig, LA.svd, LA.qr, LA.slogdet):
        seen = []
        ad.grad(lambda a, f=f, seen=seen: seen.append(f(a)) or np.sum(a))(np.diag([1.0, 2.0]))
        assert type(seen[0]) is type(f(np.eye(2)))
    seen = []
    ad.grad(lambda a: seen.append(LA.lstsq(a, a)) or np.sum(a))(np.diag([1.0, 0.0]))
    assert type(seen[0][2]) is type(LA.lstsq(np.eye(2), np.eye(2))[2])
    assert seen[0][2] == 1


# == symbolic ======================================================================================
@pytest.mark.parametrize(
    "f",
    [
        lambda a: LA.det(a) + LA.det(np.stack([a, a @ a]))[1],
        lambda a: np.sum(np.sin(LA.inv(a))),
        lambda a: np.sum(np.sin(LA.solve(a, a[0]))) + np.sum(LA.solve(a, a.T) ** 2),
        lambda a: LA.slogdet(a)[1] * LA.slogdet(a)[0],
        lambda a: LA.norm(a) + np.sum(LA.norm(a, axis=0) ** 3) + LA.norm(a[0], np.inf),
        lambda a: np.sum(LA.matrix_power(a, -3)),
        lambda a: np.sum(np.einsum("ij,kj->ik", a, a) ** 2) + np.sum(np.vecdot(a, a) ** 2),
        lambda a: np.sum(np.convolve(a[0], a[1]) ** 2) + np.polyval(a[0], 2.0) + np.sum(np.vander(a[1]) ** 2),
        lambda a: np.sum(np.cov(a) ** 2) + np.sum(np.kron(a, a) ** 2),
    ],
)
def test_the_symbolic_method_takes_small_matrices_apart(f):
    a = A([[2.0, 0.3], [-0.4, 1.1]])
    np.testing.assert_allclose(ad.grad(f, method="symbolic")(a), ad.grad(f)(a), rtol=1e-10)


def test_the_symbolic_method_refuses_large_determinants_at_once():
    with pytest.raises(ad.ExpressionTooLarge, match="f takes"):
        ad.grad(LA.det, method="symbolic")(np.eye(40))


def test_the_symbolic_method_names_what_it_cannot_take_apart():
    with pytest.raises(ad.NoRule, match="eigvalsh"):
        ad.grad(lambda a: LA.eigvalsh(a)[0], method="symbolic")(np.eye(2))


# == every derivative in one pass ==================================================================
@pytest.mark.parametrize(
    "f",
    [
        lambda a: LA.inv(a),
        lambda a: LA.solve(a, np.stack([a, a + 1, a * 2])),
        lambda a: LA.solve(np.stack([a, a + 1, a * 2]), a[0]),
        lambda a: LA.eigh(a)[1],
        lambda a: LA.svd(a)[2],
        lambda a: LA.qr(a)[1],
        lambda a: LA.lstsq(a[:, :2], a[:, 2])[0],
        lambda a: np.einsum("ij,jk,ki->i", a, a, a, optimize=True),
        lambda a: np.kron(a, a[0]),
        lambda a: LA.norm(a, axis=0),
        lambda a: LA.norm(a, "nuc", axis=(0, 1)),
        lambda a: np.vecdot(a, np.stack([a, a])),
    ],
)
def test_jacobians_by_rows_and_by_columns_agree(f):
    a = numbers("jacobian", (3, 3), float) + np.diag([2.0, 4.0, 6.0])
    by_columns, by_rows = (ad.jacobian(f, method=method)(a) for method in ("forward", "reverse"))
    np.testing.assert_allclose(by_columns, by_rows, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(by_columns, ad.jacobian(f, method="numerical")(a), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_gradient_takes_the_memory_of_a_few_matrices(name):
    a = rng_for("memory").standard_normal((60, 60))
    a = a @ a.T + np.diag(np.arange(60.0))
    ad.grad(lambda a: total(FUNCTIONS[name], a))(a)
    tracemalloc.start()
    try:
        ad.grad(lambda a: total(FUNCTIONS[name], a))(a)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 * a.nbytes


def test_a_tape_holds_one_factorization():
    calls = []
    original = primitives["eigh"].fun

    def counted(a: Any, **params: Any) -> Any:
        calls.append(a.shape)
        return original(a, **params)

    primitives["eigh"].fun = counted
    try:
        ad.grad(lambda a: np.sum(LA.eigh(a)[0]) + np.sum(np.sin(LA.eigh(a)[1])))(np.diag([1.0, 2.0, 3.0]))
        ad.jacobian(lambda a: LA.eigh(a)[0], method="forward")(np.diag([1.0, 2.0, 3.0]))
    finally:
        primitives["eigh"].fun = original
    assert len(calls) == 3
