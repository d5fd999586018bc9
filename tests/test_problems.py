"""The problems: the registry, sizes and labels, points, and hand gradients against other witnesses."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

from adkit.errors import AdkitError, BadRequest
from adkit.problems import Problem, Registry, problem, problems

bivariate = problems["bivariate"]
logistic_map = problems["logistic_map"]
closed_form = problems["logistic_map_closed"]
logistic_regression = problems["logistic_regression"]
mlp = problems["mlp"]
rosenbrock = problems["rosenbrock"]
recurrent = problems["recurrent"]
sine_layer = problems["sine_layer"]

MAP_SIZES = [1, 2, 3, 4, 5, 8, 13, 20]
REGRESSION_SIZES = ["100x10", "1x1", "1x7", "7x1", "3x50"]
MLP_SIZES = ["2-4-1x4", "2-4-1x1", "3-5-4-2x6", "1-1x1", "4-3x5", "2-1-1x3", "6-5-4-3-2-1x2", "16384-4-1x4"]
ROSENBROCK_SIZES = [2, 3, 10, 101]
RECURRENT_SIZES = ["4x10", "1x3", "5x1", "3x40", "16x100"]
LAYER_SIZES = ["10x10", "1x1", "1x7", "7x1", "3x20"]


@pytest.fixture
def registry() -> Iterator[Registry]:
    """The registry, put back as it was after the test."""
    before = dict(problems)
    yield problems
    problems.clear()
    problems.update(before)


# The registry


def test_the_five_problems_are_registered_in_order():
    names = ["bivariate", "logistic_map", "logistic_map_closed", "logistic_regression", "mlp"]
    assert [name for name in problems if name in names] == names


def test_four_of_them_run_by_default():
    default = {problem.name for problem in problems.values() if problem.default}
    assert default == {"bivariate", "logistic_map", "logistic_regression", "mlp"}


@pytest.mark.parametrize("entry", problems.values(), ids=lambda entry: entry.name)
def test_every_problem_says_what_it_is_and_where_it_comes_from(entry: Problem):
    assert entry.title.startswith("f(")
    assert "\n" not in entry.title
    assert entry.source
    if entry.derivative == "jacobian":
        assert entry.jacobian is not None
    else:
        assert entry.gradient is not None
        assert entry.value_and_gradient is not None


def test_an_unknown_name_lists_the_known_and_suggests_the_nearest():
    with pytest.raises(BadRequest, match=r"unknown problem 'mpl'. Did you mean 'mlp'\? Known: bivariate, .*mlp"):
        problems["mpl"]


def test_membership_and_get_do_not_raise():
    assert "mlp" in problems
    assert "mpl" not in problems
    assert problems.get("mpl") is None


def test_the_package_needs_numpy_alone():
    code = "import sys, adkit.problems; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"scipy", "sympy", "pandas", "matplotlib", "autograd", "jax"} & set(run.stdout.split())


# Declaring a problem


def test_the_decorator_registers_f_and_returns_it_unchanged(registry: Registry):
    def square(x: float) -> float:
        """f(x) = x^2

        The second paragraph is not part of the title.
        """
        return x * x

    assert problem(point=lambda: (3.0,), gradient=lambda x: 2 * x, source="school")(square) is square
    entry = registry["square"]
    assert (entry.f, entry.title, entry.source, entry.sizes) == (square, "f(x) = x^2", "school", ((),))
    assert (entry.argnums, entry.default, entry.condition()) == (0, False, 1.0)


def test_a_direct_call_registers_too(registry: Registry):
    assert problem(np.sin, point=lambda: (0.5,), name="sine", title="f(x) = sin(x)") is np.sin
    assert (registry["sine"].f, registry["sine"].title) == (np.sin, "f(x) = sin(x)")


def test_the_gradient_alone_gives_the_joint_evaluation(registry: Registry):
    problem(math.exp, point=lambda: (0.0,), gradient=math.exp, name="exp")
    assert registry["exp"].value_and_gradient(2.0) == (math.exp(2.0), math.exp(2.0))


def test_the_joint_evaluation_alone_gives_the_gradient(registry: Registry):
    problem(math.sin, point=lambda: (0.0,), value_and_gradient=lambda x: (math.sin(x), math.cos(x)), name="sine")
    assert registry["sine"].gradient(2.0) == math.cos(2.0)


def test_a_problem_may_come_without_a_gradient(registry: Registry):
    problem(math.gamma, point=lambda: (2.5,))
    assert (registry["gamma"].gradient, registry["gamma"].value_and_gradient) == (None, None)


@pytest.mark.parametrize(("sizes", "complete"), [([3, 30], ((3,), (30,))), (["5"], ((5,),)), ([], ((2,),))])
def test_sizes_may_be_declared_as_is_easiest(registry: Registry, sizes: list[Any], complete: tuple[Any, ...]):
    problem(math.pow, point=lambda n=2: (1.5, n), sizes=sizes)
    assert registry["pow"].sizes == complete


def test_declaring_again_replaces_but_another_module_s_problem_is_kept(registry: Registry):
    def mlp(x: float) -> float:
        return x

    with pytest.raises(BadRequest, match=r"'mlp' exists already, from adkit\.problems\.mlp: pass another name"):
        problem(mlp, point=lambda: (1.0,))
    assert registry["mlp"] is not None
    problem(mlp, point=lambda: (1.0,), name="mine", title="first")
    problem(mlp, point=lambda: (1.0,), name="mine", title="second")
    assert registry["mine"].title == "second"


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"f": lambda x: x, "point": lambda: (1.0,)}, "needs a name"),
        ({"f": math.sin, "point": lambda n: (1.0, n)}, "size parameter 'n' of point needs a default"),
        ({"f": math.sin, "point": lambda n="4": (1.0, n)}, "size parameter 'n' of point needs a default"),
        (
            {"f": math.sin, "point": lambda n=4: (1.0, n), "sizes": ["4x4"]},
            "sizes of sin are N, as in 4; got '4x4'",
        ),
    ],
)
def test_an_incomplete_declaration_is_refused(registry: Registry, declaration: dict[str, Any], message: str):
    before = dict(registry)
    with pytest.raises(BadRequest, match=message):
        problem(**declaration)
    assert registry == before


def test_a_point_that_is_no_tuple_is_refused():
    with pytest.raises(BadRequest, match=r"point of sin must return the tuple of all arguments of f; got 0\.5"):
        Problem(math.sin, point=lambda: 0.5).arguments()


# Sizes and their labels


@pytest.mark.parametrize(
    ("name", "label", "size"),
    [
        ("bivariate", "", ()),
        ("logistic_map", "4", (4,)),
        ("logistic_regression", "100x10", (100, 10)),
        ("mlp", "2-4-1x4", ((2, 4, 1), 4)),
        ("mlp", "16384-4-1x32", ((16384, 4, 1), 32)),
    ],
)
def test_label_and_size_are_each_other_s_inverse(name: str, label: str, size: tuple[Any, ...]):
    assert problems[name].size(label) == size
    assert problems[name].label(size) == label
    assert problems[name].size(size) == size
    assert problems[name].label(label) == label


@pytest.mark.parametrize(
    ("name", "short", "size"),
    [
        ("logistic_map", "", (4,)),
        ("logistic_map", 7, (7,)),
        ("logistic_regression", "1000", (1000, 10)),
        ("logistic_regression", (), (100, 10)),
        ("mlp", "3-2", ((3, 2), 4)),
        ("mlp", ((3, 2),), ((3, 2), 4)),
    ],
)
def test_missing_last_values_take_the_defaults(name: str, short: Any, size: tuple[Any, ...]):
    assert problems[name].size(short) == size


@pytest.mark.parametrize(
    ("name", "sense", "nonsense"),
    [
        ("bivariate", "bivariate has no sizes", ["4", (4,), "x"]),
        (
            "logistic_map",
            "sizes of logistic_map are N, as in 4",
            ["0", "-1", "2.5", 2.5, "four", "4x4", "nan", True],
        ),
        (
            "logistic_regression",
            "sizes of logistic_regression are NxD, as in 100x10",
            ["abc", "100x", "x10", "0x10", "100x-10", "100x10x1", "100,10", "1e2x10", (100, 0), "10-10x3"],
        ),
        (
            "mlp",
            "sizes of mlp are LAYERSxBATCH, as in 2-4-1x4",
            ["2", "2x4", "2-x4", "2-0-1", "2--1", "2-4-1x0", (2, 4, 1), ((2,), 4), "2-4-1x4x4", "2-4.5-1"],
        ),
    ],
)
def test_a_size_that_makes_no_sense_is_refused_in_one_sentence(name: str, sense: str, nonsense: list[Any]):
    for size in nonsense:
        with pytest.raises(BadRequest) as refusal:
            problems[name].size(size)
        assert str(refusal.value) == f"{sense}; got {size!r}"


@pytest.mark.parametrize("width", ["0.5", "1e-05"])
def test_sizes_may_be_real_numbers(width: str):
    gaussian = Problem(math.exp, point=lambda width=1.0: (width,))
    assert gaussian.size(width) == (float(width),)
    assert gaussian.label(width) == width
    assert gaussian.parameters == ("width",)


@pytest.mark.parametrize("width", ["inf", "nan", "-0.5", "0", "0.0"])
def test_a_real_size_is_positive_and_finite(width: str):
    with pytest.raises(BadRequest, match=r"sizes of exp are WIDTH, as in 1\.0; got"):
        Problem(math.exp, point=lambda width=1.0: (width,)).size(width)


def test_the_parameters_of_the_sizes():
    assert bivariate.parameters == ()
    assert logistic_map.parameters == ("n",)
    assert logistic_regression.parameters == ("N", "D")
    assert mlp.parameters == ("layers", "batch")


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("bivariate", [""]),
        ("logistic_map", ["4"]),
        ("logistic_map_closed", ["4"]),
        ("logistic_regression", ["100x10"]),
        ("mlp", ["2-4-1x4", "16384-4-1x4"]),
    ],
)
def test_the_sizes_that_run_by_default(name: str, labels: list[str]):
    assert [problems[name].label(size) for size in problems[name].sizes] == labels


# Points


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(left, right) for left, right in zip(leaves(a), leaves(b), strict=True))


def leaves(tree: Any) -> list[Any]:
    """The numbers and arrays of nested lists and tuples, in order."""
    return [leaf for branch in tree for leaf in leaves(branch)] if isinstance(tree, list | tuple) else [tree]


def test_fixed_points():
    assert bivariate.arguments() == (2.0, 5.0)
    assert logistic_map.arguments("7") == (0.2, 7)
    assert closed_form.arguments() == (0.2, 4)


@pytest.mark.parametrize(("name", "size"), [("logistic_regression", "20x3"), ("mlp", "3-2-1x5")])
def test_a_point_depends_on_its_size_and_seed_and_on_nothing_else(name: str, size: str):
    first = problems[name].arguments(size)
    problems[name].arguments(seed=5)
    assert same(first, problems[name].arguments(size))
    assert not same(first, problems[name].arguments(size, seed=1))


def test_points_of_different_sizes_share_no_random_numbers():
    small, large = (logistic_regression.arguments(size)[1] for size in ["20x3", "21x3"])
    assert not np.intersect1d(small, large).size


def test_a_point_is_the_same_in_every_process():
    code = "from adkit.problems import problems; print(problems['mlp'].arguments('3-2-1x5')[1].tobytes().hex())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == mlp.arguments("3-2-1x5")[1].tobytes().hex()


def test_arguments_are_made_afresh():
    mlp.arguments()[0][0][0][:] = np.nan
    assert np.isfinite(mlp.arguments()[0][0][0]).all()


def test_logistic_regression_has_labels_of_both_kinds_that_follow_the_features():
    w, X, y = logistic_regression.arguments("10000x5")
    assert (w.shape, X.shape, y.shape) == ((5,), (10000, 5), (10000,))
    assert set(y) == {0.0, 1.0}
    # Labels that ignored X would give about sqrt(5 / 4 / 10000) = 0.011.
    assert np.linalg.norm(X.T @ (y - y.mean())) / 10000 > 0.05


@pytest.mark.parametrize(("layers", "weights", "parameters"), [("16384-4-1", 65_540, 65_545), ("2-4-1", 12, 17)])
def test_the_published_parameter_counts(layers: str, weights: int, parameters: int):
    params, _, _ = mlp.arguments(layers)
    assert sum(W.size for W, _ in params) == weights
    assert sum(leaf.size for leaf in leaves(params)) == parameters


def test_the_small_perceptron_is_shown_exclusive_or():
    _, X, y = mlp.arguments("2-4-1x4")
    assert {tuple(corner) for corner in X} == {(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)}
    assert np.array_equal(y[:, 0], np.logical_xor(*X.T.astype(bool)))


@pytest.mark.parametrize("size", ["2-4-1x5", "3-4-1x4", "2-4-2x4"])
def test_other_perceptrons_have_samples_of_the_shape_asked(size: str):
    layers, batch = mlp.size(size)
    params, X, y = mlp.arguments(size)
    assert [W.shape for W, _ in params] == list(pairwise(layers))
    assert [b.shape for _, b in params] == [(n,) for n in layers[1:]]
    assert (X.shape, y.shape) == ((batch, layers[0]), (batch, layers[-1]))


@pytest.mark.parametrize("size", MLP_SIZES)
def test_no_layer_starts_saturated(size: str):
    params, X, _ = mlp.arguments(size)
    a = X
    for W, b in params:
        z = a @ W + b
        assert np.abs(z).max() < 6
        a = 1 / (1 + np.exp(-z))


# Gradients against other witnesses


def complex_step(f: Any, x: float) -> float:
    return f(x + 1e-30j).imag / 1e-30


def relative_error(actual: Any, expected: Any) -> float:
    actual, expected = (np.concatenate([np.ravel(leaf) for leaf in leaves(tree)]) for tree in (actual, expected))
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def log_likelihood(z: Any, y: Any) -> Any:
    """The mean negative log-likelihood as the textbook has it; complex numbers pass through."""
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def textbook_mlp(theta: Any, params: Any, X: Any, y: Any) -> Any:
    """The perceptron of the parameter vector `theta`, laid out like `params`, from the definition."""
    a, z = X, None
    for W, b in params:
        W, theta = theta[: W.size].reshape(W.shape), theta[W.size :]
        b, theta = theta[: b.size], theta[b.size :]
        z = a @ W + b
        a = 1 / (1 + np.exp(-z))
    return log_likelihood(z, y)


def flat(tree: Any) -> Any:
    return np.concatenate([np.ravel(leaf) for leaf in leaves(tree)])


def directions(n: int) -> Any:
    """All n unit vectors where that is quick, otherwise some of them and some random directions."""
    if n <= 100:
        return np.eye(n)
    rng = np.random.default_rng(0)
    ends = np.zeros((2, n))
    ends[0, 0] = ends[1, -1] = 1
    return np.concatenate([ends, rng.standard_normal((5, n))])


@pytest.mark.parametrize(("x1", "x2"), [(2.0, 5.0), (0.0, 0.0), (-1.5, 3.25), (math.pi, 1.0)])
def test_bivariate_by_complex_step(x1: float, x2: float):
    expected = complex_step(lambda x: bivariate.f(x, x2), x1), complex_step(lambda x: bivariate.f(x1, x), x2)
    assert bivariate.gradient(x1, x2) == pytest.approx(expected, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("n", MAP_SIZES)
@pytest.mark.parametrize("entry", [logistic_map, closed_form], ids=["loop", "closed"])
def test_logistic_map_by_the_sine_identity_in_60_digits(entry: Problem, n: int):
    """l_n(sin(t)^2) = sin(2^(n-1) t)^2, differentiated by x = sin(t)^2."""
    for x in [0.2, 0.3, 0.77]:
        with mpmath.workdps(60):
            t = mpmath.asin(mpmath.sqrt(mpmath.mpf(x)))
            value = float(mpmath.sin(2 ** (n - 1) * t) ** 2)
            slope = float(2 ** (n - 1) * mpmath.sin(2**n * t) / mpmath.sin(2 * t))
        tolerance = 1e-14 * entry.condition(n)
        assert entry.f(x, n) == pytest.approx(value, rel=tolerance, abs=tolerance)
        assert entry.gradient(x, n) == pytest.approx(slope, rel=tolerance, abs=tolerance * 2**n)


@pytest.mark.parametrize("n", MAP_SIZES)
@pytest.mark.parametrize("entry", [logistic_map, closed_form], ids=["loop", "closed"])
def test_logistic_map_by_complex_step(entry: Problem, n: int):
    expected = complex_step(lambda x: entry.f(x, n), 0.2)
    assert entry.gradient(0.2, n) == pytest.approx(expected, rel=1e-14 * entry.condition(n))


@pytest.mark.parametrize("size", REGRESSION_SIZES)
def test_logistic_regression_by_complex_step_on_the_textbook_form(size: str):
    w, X, y = logistic_regression.arguments(size)
    expected = [log_likelihood(X @ (w + 1e-30j * e), y).imag / 1e-30 for e in np.eye(len(w))]
    assert logistic_regression.f(w, X, y) == pytest.approx(log_likelihood(X @ w, y), rel=1e-13)
    assert relative_error(logistic_regression.gradient(w, X, y), expected) < 1e-13


@pytest.mark.parametrize("size", MLP_SIZES)
def test_mlp_by_complex_step_on_the_textbook_form(size: str):
    params, X, y = mlp.arguments(size)
    theta, gradient = flat(params), flat(mlp.gradient(params, X, y))
    along = directions(theta.size)
    expected = [textbook_mlp(theta + 1e-30j * u, params, X, y).imag / 1e-30 for u in along]
    assert mlp.f(params, X, y) == pytest.approx(textbook_mlp(theta, params, X, y), rel=1e-13)
    assert relative_error(along @ gradient, expected) < 1e-13


@pytest.mark.parametrize("n", ROSENBROCK_SIZES)
def test_rosenbrock_by_complex_step(n: int):
    (x,) = rosenbrock.arguments(n)
    expected = [rosenbrock.f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(n)]
    assert relative_error(rosenbrock.gradient(x), expected) < 1e-14


@pytest.mark.parametrize("size", RECURRENT_SIZES)
def test_recurrent_by_complex_step(size: str):
    W, h, steps = recurrent.arguments(size)
    along = directions(W.size)
    expected = [recurrent.f(W + 1e-30j * u.reshape(W.shape), h, steps).imag / 1e-30 for u in along]
    assert relative_error(along @ recurrent.gradient(W, h, steps).ravel(), expected) < 1e-10


@pytest.mark.parametrize("size", LAYER_SIZES)
def test_the_jacobian_of_the_sine_layer_by_complex_step(size: str):
    x, W = sine_layer.arguments(size)
    expected = np.stack([sine_layer.f(x + 1e-30j * e, W).imag / 1e-30 for e in np.eye(len(x))], axis=1)
    assert sine_layer.jacobian(x, W).shape == W.shape
    assert relative_error(sine_layer.jacobian(x, W), expected) < 1e-14


@pytest.mark.parametrize(("name", "size"), [("logistic_regression", "20x3"), ("mlp", "3-5-4-2x6")])
def test_the_loss_itself_by_central_differences(name: str, size: str):
    first, *rest = problems[name].arguments(size)
    gradient = problems[name].gradient(first, *rest)
    difference = []
    for leaf in leaves(first):  # views of the arguments, moved in place
        for index in np.ndindex(leaf.shape):
            leaf[index] += 1e-5
            above = problems[name].f(first, *rest)
            leaf[index] -= 2e-5
            difference.append((above - problems[name].f(first, *rest)) / 2e-5)
            leaf[index] += 1e-5
    assert relative_error(gradient, difference) < 1e-8


# What every problem promises


def run_of(entry: Problem, size: Any) -> Any:
    return pytest.param(entry, size, id=f"{entry.name}-{entry.label(size)}")


EVERY_RUN = [
    run_of(bivariate, ""),
    *[run_of(entry, n) for entry in (logistic_map, closed_form) for n in MAP_SIZES],
    *[run_of(logistic_regression, size) for size in REGRESSION_SIZES],
    *[run_of(mlp, size) for size in MLP_SIZES],
    *[run_of(rosenbrock, size) for size in ROSENBROCK_SIZES],
    *[run_of(recurrent, size) for size in RECURRENT_SIZES],
]


@pytest.mark.parametrize(("entry", "size"), EVERY_RUN)
def test_the_joint_evaluation_agrees_with_f_and_gradient(entry: Problem, size: Any):
    arguments = entry.arguments(size)
    value, gradient = entry.value_and_gradient(*arguments)
    assert value == pytest.approx(entry.f(*arguments), rel=1e-15)
    assert same(gradient, entry.gradient(*arguments))


@pytest.mark.parametrize(("entry", "size"), EVERY_RUN)
def test_the_gradient_has_the_structure_of_the_argument(entry: Problem, size: Any):
    arguments = entry.arguments(size)
    gradient = entry.gradient(*arguments)
    argnums = entry.argnums
    wanted = tuple(arguments[i] for i in argnums) if isinstance(argnums, tuple) else arguments[argnums]
    assert structure(gradient) == structure(wanted)


def structure(tree: Any) -> Any:
    """Containers by type, leaves by shape."""
    if isinstance(tree, list | tuple):
        return type(tree)(structure(branch) for branch in tree)
    return np.shape(tree), np.result_type(tree)


@pytest.mark.parametrize(("entry", "size"), EVERY_RUN)
def test_arguments_are_never_changed(entry: Problem, size: Any):
    arguments = entry.arguments(size)
    before = copy.deepcopy(arguments)
    entry.f(*arguments)
    entry.gradient(*arguments)
    entry.value_and_gradient(*arguments)
    assert same(arguments, before)


# Published values


def test_bivariate_at_two_and_five():
    assert bivariate.f(2.0, 5.0) == 10.909297426825681
    assert bivariate.gradient(2.0, 5.0) == (4.583853163452858, 2.0)


@pytest.mark.parametrize("entry", [logistic_map, closed_form], ids=["loop", "closed"])
@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (0.2, 112896 / 390625, 708288 / 78125),
        (0.25, 0.75, 8.0),
        (0.3, 388416 / 390625, 102272 / 78125),
        (0.5, 0.0, 0.0),
    ],
)
def test_the_fourth_iterate(entry: Problem, x: float, value: float, slope: float):
    assert entry.f(x, 4) == pytest.approx(value, rel=1e-14, abs=1e-14)
    assert entry.gradient(x, 4) == pytest.approx(slope, rel=1e-14, abs=1e-13)


@pytest.mark.parametrize("x", [0.2, 0.3, 0.123, -1.5, 2.0])
def test_the_closed_form_computes_the_published_expressions(x: float):
    """Baydin et al. (2018), Table 1: not merely equal, the same operations in the same order."""
    assert closed_form.f(x, 1) == x
    assert closed_form.f(x, 2) == 4 * x * (1 - x)
    assert closed_form.f(x, 3) == 16 * x * (1 - x) * (1 - 2 * x) ** 2
    assert closed_form.f(x, 4) == 64 * x * (1 - x) * (1 - 2 * x) ** 2 * (1 - 8 * x + 8 * x**2) ** 2


@pytest.mark.parametrize("x", [0.2, 0.3, 0.123])
def test_the_closed_gradient_is_the_published_polynomial(x: float):
    published = {
        1: 1,
        2: 4 - 8 * x,
        3: 16 * (1 - 10 * x + 24 * x**2 - 16 * x**3),
        4: 64 * np.polyval([-2048, 7168, -9984, 7040, -2640, 504, -42, 1], x),
    }
    for n, slope in published.items():
        assert closed_form.gradient(x, n) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("n", MAP_SIZES)
def test_the_closed_form_agrees_with_the_loop(n: int):
    x, _ = logistic_map.arguments(n)
    tolerance = 1e-14 * logistic_map.condition(n)
    assert closed_form.f(x, n) == pytest.approx(logistic_map.f(x, n), rel=tolerance)
    assert closed_form.gradient(x, n) == pytest.approx(logistic_map.gradient(x, n), rel=tolerance)


def test_the_condition_of_the_map_doubles_at_each_step_and_stays_a_number():
    assert [logistic_map.condition(n) for n in (1, 4, 10)] == [2.0, 16.0, 1024.0]
    assert math.isfinite(logistic_map.condition(100_000))
    assert logistic_regression.condition(100, 10) == mlp.condition((2, 4, 1), 4) == 1.0


def test_the_closed_form_ends_before_its_factor_overflows():
    assert 0 <= closed_form.f(*closed_form.arguments(500)) <= 1 + 1e-9
    with pytest.raises(AdkitError, match=r"sizes of logistic_map_closed end at 500, before .* overflows; got 501"):
        closed_form.arguments(501)


def test_rosenbrock_where_minimizers_start_and_where_they_end():
    (start,) = rosenbrock.arguments(2)
    assert rosenbrock.f(start) == pytest.approx(24.2, rel=1e-14)
    assert rosenbrock.gradient(start) == pytest.approx([-215.6, -88.0], rel=1e-14)
    assert rosenbrock.f(np.ones(7)) == 0
    assert not rosenbrock.gradient(np.ones(7)).any()
    with pytest.raises(BadRequest, match=r"sizes of rosenbrock begin at 2, .* got 1"):
        rosenbrock.arguments(1)


def test_a_recurrent_state_neither_dies_nor_explodes():
    for size in ("4x10", "4x1000", "64x100"):
        arguments = recurrent.arguments(size)
        assert 0.1 < recurrent.f(*arguments) < recurrent.size(size)[0]
        assert 1e-2 < np.abs(recurrent.gradient(*arguments)).max() < 1e3


# What is known beforehand, and Jacobians by hand


def test_what_is_expected_depends_on_the_size():
    assert mlp.expected("2-4-1x4") == {}
    assert mlp.expected("16384-4-1x4") == {
        "symbolic*": "too large",
        "forward*": "timeout or ok",
        "numerical*": "timeout or ok",
    }
    assert bivariate.expected() == {}


def test_an_expectation_may_be_one_for_all_sizes(registry: Registry):
    problem(math.pow, point=lambda n=2: (1.5, n), expect={"symbolic": "too large or error"})
    assert registry["pow"].expected(7) == {"symbolic": "too large or error"}


def test_an_unknown_outcome_is_refused():
    entry = Problem(math.pow, point=lambda n=2: (1.5, n), expect=lambda n: {"symbolic": "too-large"})
    with pytest.raises(
        BadRequest, match=r"status of symbolic in expect of pow: 'too-large'\. Did you mean 'too large'"
    ):
        entry.expected()


def test_the_derivative_that_is_asked_for_is_the_one_derived_by_hand():
    assert (sine_layer.derivative, mlp.derivative) == ("jacobian", "gradient")
    assert Problem(np.sin, point=lambda: (np.ones(2),), derivative="jacobian").derivative == "jacobian"
    with pytest.raises(BadRequest, match="derivative of sin must be 'gradient' or 'jacobian', not 'hessian'"):
        Problem(np.sin, point=lambda: (0.5,), derivative="hessian")


def test_the_numbers_of_a_size():
    assert bivariate.numbers() == {}
    assert logistic_regression.numbers("20") == {"N": 20, "D": 10}
    assert mlp.numbers("2-4-4-1") == {"layers": 4, "batch": 4}


# Extremes: no overflow, no warning, the exact limit


@pytest.fixture
def strict() -> Iterator[None]:
    """Overflow, division by zero and invalid operations raise; to underflow to 0 is what we want."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


@pytest.mark.usefixtures("strict")
@pytest.mark.filterwarnings("error")
def test_logistic_regression_far_out_is_piecewise_linear():
    X, y = np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([1.0, 0.0, 1.0, 0.0])
    w = np.array([1e4])
    assert logistic_regression.f(w, X, y) == 5e3
    value, gradient = logistic_regression.value_and_gradient(w, X, y)
    assert (value, gradient) == (5e3, [0.5])
    assert logistic_regression.f(1e300 * w, X, y) == pytest.approx(5e303)


@pytest.mark.usefixtures("strict")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_saturated_mlp_has_the_gradient_of_its_output_layer_alone(sign: float):
    params, X, y = mlp.arguments("3-5-4-2x6")
    params = [(1e4 * sign * W, 1e4 * sign * b) for W, b in params]
    value, gradient = mlp.value_and_gradient(params, X, y)
    assert value == mlp.f(params, X, y)
    assert 1.0 < value < 1e5
    (dW1, db1), _, (_, db3) = gradient
    assert not dW1.any()
    assert not db1.any()
    hidden = X
    for W, b in params[:-1]:
        hidden = np.heaviside(hidden @ W + b, 0.5)
    output = np.heaviside(hidden @ params[-1][0] + params[-1][1], 0.5)
    assert db3 == pytest.approx((output - y).sum(axis=0) / y.size, rel=1e-14)


@pytest.mark.usefixtures("strict")
@pytest.mark.filterwarnings("error")
def test_small_probabilities_keep_their_digits():
    """The gradient at z = -50 is e^-50, not the 0 or 1e-16 that tanh would leave."""
    gradient = logistic_regression.gradient(np.array([-50.0]), np.array([[1.0]]), np.array([0.0]))
    assert gradient == pytest.approx([math.exp(-50)], rel=1e-14)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"wrt": 0}, "unknown keyword of a problem 'wrt'"),
        ({"point": lambda: (1.0,), "gradeint": abs}, "Did you mean 'gradient'?"),
        ({}, "a problem needs a point"),
        ({"argnums": 0}, "a problem needs a point"),
    ],
)
def test_a_declaration_with_unknown_keywords_or_without_a_point_is_refused(fields: dict[str, Any], message: str):
    for declare in (lambda: problem(**fields), lambda: problem(abs, **fields)):
        with pytest.raises(BadRequest, match=message):
            declare()


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"symbolic": "to large"}, "Did you mean 'too large'"),
        ({"symbolic": "ok or never"}, "unknown status of symbolic in expect of f: 'never'"),
        ({"symbolic": 3}, "texts such as 'timeout or ok'; got 3 for symbolic"),
        ("wrong", "outcomes by method"),
    ],
)
def test_outcomes_that_there_are_not_are_refused_when_they_are_declared(expect: Any, message: str):
    with pytest.raises(BadRequest, match=message):
        Problem(abs, lambda: (1.0,), name="f", expect=expect)
