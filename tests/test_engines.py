"""Other engines on adkit's graph: every row that an engine has, against reverse mode; every problem, against its
author.

What is not installed is skipped. HIPS autograd, which takes f itself, is tested in `test_methods.py` too.
"""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest
from calls import ROWS, rng_for

import adkit as ad
from adkit.calls import Call
from adkit.containers import flatten
from adkit.methods.engine import LOWERED
from adkit.primitives import Elementwise, primitives
from adkit.tracing import load_all

load_all()
X = np.array([1.5, -2.0, 0.5])
NATIVE = ("bivariate", "logistic_map", "logistic_regression", "mlp")
SMALL = {"logistic_map": "64", "mlp": "5-4-3x6", "logistic_regression": "20x3"}
# What an engine cannot do of a row that it has otherwise, by a word of the case.
BEYOND = {"casadi": ("float32", "complex", "(0, 0)")}


def needs(name):
    """A parameter that is skipped where the engine is not installed."""
    absent = importlib.util.find_spec(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(absent, reason=f"{name} is not installed"))


every = pytest.mark.parametrize("engine", [needs(name) for name in ("autograd", *LOWERED)])
lowering = pytest.mark.parametrize("engine", [needs(name) for name in LOWERED])


def assert_alike(found, wanted, tolerance=1e-9):
    """The same containers of the same numbers, but for rounding."""
    (found, structure), (wanted, expected) = flatten(found), flatten(wanted)
    assert structure == expected
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# == problems ======================================================================================
@every
@pytest.mark.parametrize("name", sorted(set(ad.problems) - {"sine_layer"}))
def test_a_problem_has_the_gradient_of_its_author(engine, name):
    problem = ad.problems[name]
    args = problem.arguments(SMALL.get(name, problem.sizes[0]))
    by_hand = ad.value_and_grad(problem.f, problem.argnums, method="manual")(*args)
    found = ad.value_and_grad(problem.f, problem.argnums, method=engine)
    assert_alike(found(*args), by_hand)
    assert_alike(found(*args), by_hand)


@every
def test_a_problem_has_the_jacobian_of_its_author(engine):
    problem = ad.problems["sine_layer"]
    args = problem.arguments()
    assert_alike(ad.jacobian(problem.f, method=engine)(*args), ad.jacobian(problem.f, method="manual")(*args))


@every
@pytest.mark.parametrize("name", NATIVE)
def test_a_native_version_is_the_same_function(engine, name):
    problem, method = ad.problems[name], f"{engine}(native=True)"
    differentiate = ad.value_and_grad(problem.f, problem.argnums, method=method)
    for seed in (0, 1):
        args = problem.arguments(SMALL.get(name, problem.sizes[0]), seed)
        assert_alike(differentiate(*args), ad.value_and_grad(problem.f, problem.argnums, method="manual")(*args))


@every
def test_what_is_timed_gives_the_same_and_sees_new_numbers(engine):
    problem = ad.problems["logistic_regression"]
    w, X, y = problem.arguments("20x3")
    for method in (ad.Engine(engine), ad.Engine(engine, native=True)):
        thunk = method.bare(Call(problem.f, 0, (w, X, y)), {})
        assert thunk is not None
        for scale in (1.0, 0.5):
            w *= scale
            value, gradient = thunk()
            wanted = problem.value_and_gradient(w, X, y)
            gradient = gradient[0] if isinstance(gradient, (tuple, list)) else gradient
            assert_alike((value, gradient), wanted)


@every
def test_a_comparison_has_both_rows_and_says_where_there_is_no_native_version(engine):
    methods = ["reverse", engine, f"{engine}(native=True)"]
    table = ad.compare("rosenbrock", methods=methods, seconds=0.01).table
    assert list(table.status) == ["ok", "ok", "skipped"]
    assert "no native version" in table.note[2]


# == rows ==========================================================================================
def cases(name):
    """Arguments and parameters that a row is called with: few, since JAX compiles each."""
    row = primitives[name]
    if not isinstance(row, Elementwise):
        calls = ROWS.get(name, [])
        return calls if len(calls) < 5 else [*calls[:2], calls[len(calls) // 2], *calls[-2:]]
    n, rng = row.ufunc.nin, rng_for(f"engines {name}")
    domains = list(row.domain) if isinstance(row.domain[0], tuple) else [row.domain] * n
    shapes = [[()] * n, [(2, 3), (3,), (2, 1)][:n]]
    return [
        (tuple(np.asarray(rng.uniform(*d, s))[()] for d, s in zip(domains, some, strict=True)), {}) for some in shapes
    ]


def summed(row, params, weights):
    """A number that depends on every number of a row's result."""

    def f(*args):
        out = row(*args, **params)
        return np.sum(np.real(out) * weights) if np.iscomplexobj(ad.value(out)) else np.sum(out * weights)

    return f


def rows_of(engine):
    if importlib.util.find_spec(engine) is None:
        return [pytest.param(engine, "", marks=pytest.mark.skip(reason=f"{engine} is not installed"))]
    table = importlib.import_module(f"adkit.engines.{engine}").TABLE
    return [(engine, name) for name in table if name in primitives and not primitives[name].constant]


@pytest.mark.parametrize(("engine", "name"), [pair for engine in LOWERED for pair in rows_of(engine)])
def test_a_row_has_the_derivative_that_reverse_mode_has(engine, name):
    row, tried = primitives[name], 0
    for args, params in cases(name):
        is_complex = any(np.iscomplexobj(a) for a in args)
        if is_complex and engine != "jax":
            continue
        out = np.asarray(row.compute(args, params))
        f = summed(row, params, rng_for(name).standard_normal(out.shape))
        active = tuple(
            i
            for i, a in enumerate(args)
            if np.asarray(a).dtype.kind in "fc" and not (isinstance(row, Elementwise) and row.partials[i] is None)
        )
        described = f"{[np.shape(a) for a in args]} {params}"
        if any(word in described for word in BEYOND.get(engine, ())):
            continue
        try:
            wanted = ad.value_and_grad(f, active)(*args)
        except ValueError:
            continue  # nothing to multiply
        assert_alike(ad.value_and_grad(f, active, method=engine)(*args), wanted, 1e-8)
        tried += 1
    assert tried or all(any(map(np.iscomplexobj, args)) for args, _ in cases(name))


@lowering
def test_every_name_of_a_table_is_a_primitive(engine):
    table = importlib.import_module(f"adkit.engines.{engine}").TABLE
    assert set(table) - set(primitives) <= {"choose"}


# == what f may be =================================================================================
BRANCHING = {
    "a branch": lambda x: x[0] ** 2 * x[1] if x[0] > 0 else -3.0 * x[2],
    "a mask": lambda x: np.sum(np.where(x > 0, x**2, -x)),
    "two masks": lambda x: np.sum(np.where((x > 0) & (x < 1), np.sin(x), 3.0 * x)),
    "a product with a mask": lambda x: np.sum(x * (x > 0)),
    "an order": lambda x: np.sum(np.sort(x) * np.arange(3.0)),
    "a place": lambda x: x[np.argmax(x)] ** 2,
    "a median": lambda x: np.median(x) + np.max(x) * np.min(x),
    "a count of steps": lambda x: np.sum(x) ** (2 + int(np.floor(abs(x[0])))),
}


@lowering
@pytest.mark.parametrize("f", BRANCHING.values(), ids=BRANCHING)
def test_what_f_decides_is_decided_anew(engine, f):
    gradient = ad.grad(f, method=engine)
    for scale in (1.0, -1.0, 0.3, 1.0):
        assert_alike(gradient(scale * X), ad.grad(f)(scale * X))


@lowering
def test_masks_flow_on_and_branches_are_recorded_again(engine):
    masked, branching = (ad.grad(BRANCHING[name], method=engine) for name in ("a mask", "a branch"))
    for scale in (1.0, -1.0, 1.0, -1.0):
        masked(scale * X), branching(scale * X)
    assert len(masked.cache["lowered"]) == 1
    assert len(branching.cache["lowered"]) == 2


@lowering
def test_arguments_that_are_not_differentiated_are_inputs_and_not_constants(engine):
    gradient = ad.grad(lambda x, data, n: np.sum(x**n * data["a"]), method=engine)
    for factor in (1.0, 2.0):
        assert_alike(gradient(X, {"a": factor * X}, 2), 2 * factor * X * X)
    assert len(gradient.cache["lowered"]) == 1
    assert_alike(gradient(X, {"a": X}, 3), 3 * X**3)
    assert len(gradient.cache["lowered"]) == 2


@lowering
def test_data_that_f_must_see_as_numbers_is_a_constant(engine):
    gradient = ad.grad(lambda x, data: np.sum(x) * float(data[0]), method=engine)
    for factor in (1.0, 3.0):
        assert_alike(gradient(X, factor * X), np.full(3, 1.5 * factor))


@lowering
def test_what_f_reads_from_outside_is_read_again(engine):
    factors = [2.0]
    gradient = ad.grad(lambda x: factors[0] * x * x, method=engine)
    assert gradient(3.0) == 12.0
    factors[0] = 5.0
    assert gradient(3.0) == 30.0


@lowering
def test_containers_keywords_and_auxiliary_results(engine):
    def f(p, *, k):
        return np.sum(p["a"]) * k + p["b"][0] ** 2, {"seen": p["b"][0]}

    found = ad.value_and_grad(f, method=engine, has_aux=True)({"a": np.ones(2), "b": [2.0, 7.0]}, k=3.0)
    (value, aux), gradient = found
    assert (value, aux) == (10.0, {"seen": 2.0})
    assert_alike(gradient, {"a": np.array([3.0, 3.0]), "b": [4.0, 0.0]})


@lowering
def test_derivatives_keep_type_and_dtype(engine):
    def f(x, y, z):
        return np.sum(x * x) * y * z

    args = np.array([1.0, 2.0], np.float32), np.float32(2.0), np.float32(1.0)
    value, gradient = ad.value_and_grad(f, (0, 1), method=engine)(*args)
    assert type(value) is np.float32
    assert gradient[0].dtype == np.float32
    assert type(gradient[1]) is np.float32
    assert type(ad.grad(lambda x: x * x, method=engine)(2.0)) is float
    assert type(ad.grad(lambda x: x * x, method=engine)(2)) is float


@lowering
def test_jacobians_and_hessians_are_the_engines_own(engine):
    def f(x, y):
        return {"a": np.sin(x) * y, "b": x[0] * y}

    def g(x, y):
        return np.sum(x**3) * y**2

    assert_alike(ad.jacobian(f, (0, 1), method=engine)(X, 2.0), ad.jacobian(f, (0, 1))(X, 2.0))
    assert_alike(ad.hessian(g, (0, 1), method=engine)(X, 2.0), ad.hessian(g, (0, 1))(X, 2.0))


@lowering
def test_what_does_not_depend_on_the_argument_has_derivative_zero(engine):
    assert ad.value_and_grad(lambda x: 3.0, method=engine)(2.0) == (3.0, 0.0)
    assert_alike(ad.grad(lambda x, y: y * y, (0, 1), method=engine)(X, 2.0), (np.zeros(3), 4.0))


@lowering
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.abs(x), 0.0),
        (lambda x: np.maximum(x, 0.0) + np.minimum(x, 0.0) * 3, 0.0),
        (lambda x: np.linalg.norm(x), np.zeros(3)),
        (lambda x: np.hypot(x[0], x[1]), np.zeros(2)),
        (lambda x: np.max(x) + 3 * np.min(x), np.ones(4)),
        (lambda x: np.logaddexp(x[0], x[1]), np.ones(2)),
        (lambda x: np.median(x), np.array([1.0, 2.0, 2.0])),
        (lambda x: np.fmax(x, 1.0) + 3 * np.fmin(1.0, x), 1.0),
        (lambda x: np.sum(x ** np.array([0.0, 1.0, 2.0])), np.zeros(3)),
        (lambda x: np.hypot(x[0], x[1]), np.array([1e200, 2e200])),
    ],
)
def test_kinks_are_those_of_the_table(engine, f, x):
    assert_alike(ad.grad(f, method=engine)(x), ad.grad(f)(x))


@lowering
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.max(x),
        lambda x: np.min(x),
        lambda x: np.maximum(x[0], x[1]),
        lambda x: np.sum(np.minimum(x, 2.0)),
        lambda x: np.hypot(x[0], x[1]),
    ],
)
@pytest.mark.parametrize("x", [[np.nan, 0.0, 1.0], [0.0, np.nan, 1.0]])
def test_a_nan_is_passed_on(engine, f, x):
    assert np.isnan(ad.value_and_grad(f, method=engine)(np.array(x))[0])


@pytest.mark.parametrize("engine", [needs("jax"), needs("torch")])
def test_what_is_not_chosen_is_nan_where_it_is_singular_as_the_conventions_say(engine):
    gradient = ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), method=engine)(np.array([0.0, 4.0]))
    np.testing.assert_array_equal(gradient, [np.nan, 0.25])


@lowering
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.linalg.norm(x),
        lambda x: np.sum(np.hypot(x, 1.0)),
        lambda x: np.sum((1.5 + x) ** (2 * x)),
    ],
)
def test_second_derivatives_where_an_element_is_0(engine, f):
    x = np.array([0.0, 1.0, 2.0])
    assert_alike(ad.hessian(f, method=engine)(x), ad.hessian(f)(x))


@lowering
def test_derivatives_of_and_by_nothing_are_empty(engine):
    nothing = np.zeros(0)
    (by_x, mixed), (_, by_nothing) = ad.hessian(lambda x, y: np.sum(x**2) + np.sum(y), (0, 1), method=engine)(
        X, nothing
    )
    assert_alike(by_x, 2 * np.eye(3))
    assert mixed.shape == (3, 0)
    assert by_nothing.shape == (0, 0)
    assert ad.jacobian(lambda x: x[:0], method=engine)(X).shape == (0, 3)


@pytest.mark.parametrize("engine", [needs("torch")])
def test_torch_differentiates_where_its_caller_records_nothing(engine):
    torch = importlib.import_module(engine)
    problem = ad.problems["bivariate"]
    for off in (torch.no_grad, torch.inference_mode):
        with off():
            assert_alike(ad.grad(lambda x: np.sum(x**2), method=engine)(X), 2 * X)
            assert_alike(ad.hessian(lambda x: np.sum(x**2), method=engine)(X), 2 * np.eye(3))
            assert ad.grad(problem.f, (0, 1), method="torch(native=True)")(0.0, 2.0) == (3.0, 0.0)
            assert not torch.is_grad_enabled()


@lowering
def test_nothing_that_is_given_changes_and_nothing_is_shared(engine):
    x, data = X.copy(), X.copy()
    gradient = ad.grad(lambda x, data: np.sum(x * data), method=engine)
    first = gradient(x, data)
    first += 1.0
    assert_alike(gradient(x, data), X)
    assert_alike((x, data), (X, X))


# == refusals ======================================================================================
@lowering
def test_what_an_engine_cannot_express_is_named_with_its_place(engine):
    with pytest.raises(ad.NoRule, match=rf"{engine} cannot express svd at .*np\.linalg\.svd\(x\).*method='reverse'"):
        ad.grad(lambda x: np.sum(np.linalg.svd(x)[0]), method=engine)(np.eye(2) + 1)


@lowering
@pytest.mark.skipif(np.dtype(np.longdouble) == np.dtype(float), reason="long doubles are doubles here")
def test_more_than_double_precision_is_refused(engine):
    long, refusal = X.astype(np.longdouble), rf"{engine} has no numbers of dtype {np.dtype(np.longdouble)} at .*method="
    with pytest.raises(ad.NoRule, match=refusal):
        ad.grad(lambda x: np.sum(x * x), method=engine)(long)
    with pytest.raises(ad.NoRule, match=refusal):
        ad.grad(lambda x: np.sum(x * long), method=engine)(X)
    with pytest.raises(ad.NoRule, match=refusal):
        ad.grad(lambda x, data: np.sum(x * data), method=engine)(X, long)


@lowering
def test_an_operation_of_ones_own_is_refused_by_name(engine):
    own = ad.custom_derivative(np.sin, partials=lambda out, x: np.cos(x))
    with pytest.raises(ad.NoRule, match="cannot express custom sin at"):
        ad.grad(lambda x: own(x) * 2.0, method=engine)(0.5)


@lowering
def test_an_engine_inside_of_another_transformation_is_refused(engine):
    with pytest.raises(ad.LostDerivative, match="cannot be differentiated by adkit"):
        ad.grad(lambda x: ad.grad(lambda y: y**3, method=engine)(x))(2.0)
    with pytest.raises(ad.LostDerivative):
        ad.grad(lambda x: ad.grad(lambda y: x * y**3, method=engine)(3.0))(2.0)
    assert ad.grad(lambda x: ad.grad(lambda y: y**3)(x), method=engine)(2.0) == 12.0


def test_a_large_program_is_too_large_for_casadi():
    pytest.importorskip("casadi")
    with pytest.raises(ad.ExpressionTooLarge, match="method='jax'"):
        ad.grad(lambda x: np.sum(x @ x), method="casadi")(np.ones((200, 200)))


def test_jax_elsewhere_keeps_its_precision():
    jax = pytest.importorskip("jax")
    assert ad.grad(lambda x: x / 3.0, method="jax")(1.0) == 1 / 3
    assert jax.numpy.asarray(1.0).dtype == (np.float64 if jax.config.jax_enable_x64 else np.float32)


@pytest.mark.parametrize("engine", ["autograd", *LOWERED])
def test_an_engine_that_is_not_installed_is_a_row_and_not_an_error(engine, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for method in (engine, f"{engine}(native=True)"):
        extra = "peers" if engine == "torch" else "engines"
        assert f"pip install 'adkit[{extra}]' brings {engine}" in (ad.methods.resolve(method).missing() or "")
        with pytest.raises(ad.BadRequest, match="not installed"):
            ad.grad(lambda x: x, method=method)(1.0)
    assert list(ad.compare("bivariate", methods=[engine], seconds=0.01).table.status) == ["not installed"]


def test_a_native_version_is_asked_for_in_text():
    assert ad.methods.resolve("jax(native=True)") == ad.Engine("jax", native=True)
    with pytest.raises(ad.BadRequest, match="native must be True or False"):
        ad.Engine("jax", native=1)  # type: ignore[arg-type]


@every
def test_a_function_without_a_native_version_is_refused(engine):
    with pytest.raises(ad.BadRequest, match="has no native version for"):
        ad.grad(lambda x: x, method=ad.Engine(engine, native=True))(1.0)
