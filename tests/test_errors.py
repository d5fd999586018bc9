"""Refusals name the operation, the person's own file and line, and a rewrite that works."""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas
import pytest

import adkit as ad
from adkit.errors import Spot, origin, unknown, user_spot
from adkit.tracing import refusal_behind

X = np.array([0.7, 1.3, 2.1])
METHODS = ["forward", "reverse", "symbolic"]


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Imports source text as a module from a file of the person's own, outside the repository."""

    def load(source):
        path = tmp_path / "mine.py"
        if "scipy." in source:
            pytest.importorskip("scipy")
            source = "import scipy.linalg, scipy.special, scipy.stats\n" + textwrap.dedent(source)
        path.write_text(
            "import cmath, copy, decimal, fractions, functools, math, operator, pickle, statistics\n"
            "from math import sqrt as root\n"
            "import numpy as np\nimport adkit as ad\n\n" + textwrap.dedent(source)
        )
        spec = importlib.util.spec_from_file_location("mine", path)
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "mine", loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load


def refusal(module, source, x=0.5, method="reverse", kind=ad.AdkitError):
    """The message of the refusal of the module's f, after checking that it names the line marked with `# here`."""
    loaded = module(source)
    with pytest.raises(kind) as caught:
        ad.grad(loaded.f, method=method)(x)
    message = str(caught.value)
    lines = Path(loaded.__file__).read_text().splitlines()
    expected = [i for i, line in enumerate(lines, 1) if "# here" in line]
    if expected:
        assert f"{loaded.__file__}:{expected[0]}," in message, message
    return message


# -- becoming a plain number -----------------------------------------------------------------------
LOST = [
    ("math.sin(x)", "math.sin", "write `np.sin(x)` instead"),
    ("math.sin(2 * x) + 1", "math.sin", "write `np.sin(2 * x)` instead"),
    ("root(x)", "math.sqrt", "write `np.sqrt(x)` instead"),
    ("math.asin(x)", "math.asin", "write `np.arcsin(x)` instead"),
    ("math.atan2(x, 2.0)", "math.atan2", "write `np.arctan2(x, 2.0)` instead"),
    ("math.pow(x, 2)", "math.pow", "write `np.power(x, 2)` instead"),
    ("math.log(x)", "math.log", "write `np.log(x)` instead"),
    ("math.log(x, 10)", "math.log", "write `np.log(x) / np.log(10)` instead"),
    ("math.hypot(x, 1.0)", "math.hypot", "write `np.hypot(x, 1.0)` instead"),
    ("math.hypot(x, 1.0, 2 * x)", "math.hypot", "write `np.sqrt((x) ** 2 + (1.0) ** 2 + (2 * x) ** 2)` instead"),
    ("math.dist([x, 1.0], [0.0, 2.0])", "math.dist", "write `np.sqrt("),
    ("math.fsum([x, 2 * x])", "math.fsum", "write `sum([x, 2 * x])` instead"),
    ("math.fabs(x)", "math.fabs", "write `np.fabs(x)` instead"),
    ("math.degrees(x)", "math.degrees", "write `np.degrees(x)` instead"),
    ("cmath.exp(x)", "cmath.exp", "write `np.exp(x)` instead"),
    ("math.gamma(x)", "math.gamma", "write `scipy.special.gamma(x)` instead"),
    ("math.lgamma(x)", "math.lgamma", "write `scipy.special.gammaln(x)` instead"),
    ("math.ulp(x)", "math.ulp", "method='numerical'"),
    ("np.array([x, x]).astype(float)[0]", "astype on an array of objects", "np.array(..., like=x)"),
    ("math.remainder(x, 2.0)", "math.remainder", "method='numerical'"),
    ("float(x)", "a conversion to float", "ad.value(x)"),
    ("float(x) * x", "a conversion to float", "ad.value(x)"),
    ("complex(x)", "a conversion to complex", "ad.value(x)"),
    ("np.float64(x)", "np.float64(...)", "leave np.float64(...) away"),
    ("np.float32(x)", "np.float32(...)", "leave np.float32(...) away"),
    ("np.array(x, dtype=float)", "a dtype given to np.array", "like=x"),
    ("np.array([x, x], dtype=float)[0]", "a dtype given to np.array", "like=x"),
    ("np.asarray(x, dtype=np.float64)", "a dtype given to np.asarray", "like=x"),
    ("'%f' % x", "a conversion to float", "ad.value(x)"),
    ("[math.sin(t) for t in [x]][0]", "math.sin", "write `np.sin(t)` instead"),
    ("(lambda y: math.exp(y))(x)", "math.exp", "write `np.exp(y)` instead"),
    ("list(map(math.sin, [x]))[0]", "a conversion to float", "np.sin for math.sin"),
    ("range(3)[x]", "an index or a count", "write int(x)"),
    ("sum(x for _ in range(x))", "an index or a count", "write int(x)"),
    ("[1.0, 2.0][x]", "an index or a count", "write int(x)"),
    ("math.comb(x, 2)", "an index or a count", "write int(x)"),
    ("{x: 1.0}[x]", "a dictionary key", "ad.value(x)"),
    ("len({x})", "a dictionary key", "ad.value(x)"),
    ("functools.lru_cache(lambda y: y)(x)", "a dictionary key", "ad.value(x)"),
    ("len(pickle.dumps(x))", "pickled", "ad.value(x)"),
]


@pytest.mark.parametrize(("expression", "operation", "rewrite"), LOST)
def test_what_would_lose_the_derivative_is_refused(module, expression, operation, rewrite):
    message = refusal(module, f"def f(x):\n    return {expression}  # here\n", kind=ad.LostDerivative)
    assert operation in message
    assert rewrite in message


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "expression",
    [
        *[case[0] for case in LOST if "write `np." in case[2] or "write `sum" in case[2]],
    ],
)
def test_the_rewrite_works(module, expression, method):
    """The expression suggested has the value that the refused one had, and a gradient."""
    message = refusal(module, f"def f(x):\n    return {expression}\n", method=method)
    (rewrite,) = re.findall(r"write `(.*)` instead", message)
    called = re.search(r"in `(.*)`; write", message).group(1)
    assert called in expression
    if "lambda" in expression or " for " in expression:
        return
    changed = module(
        f"def f(x):\n    return {expression.replace(called, rewrite)}\ndef g(x):\n    return {expression}\n"
    )
    value, gradient = ad.value_and_grad(changed.f, method=method)(0.5)
    plain = changed.g(0.5)
    assert value == pytest.approx(plain.real if isinstance(plain, complex) else plain, rel=1e-12)
    assert gradient == pytest.approx(ad.grad(changed.f, method="numerical")(0.5), rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("start", "target", "x"),
    [
        ("np.zeros(1)", "o[0]", 0.5),
        ("np.zeros(1)", "o[:]", 0.5),
        ("np.zeros(3)", "o[:]", X),
        ("np.zeros(3)", "o[1:]", X[1:]),
        ("np.empty((3, 3))", "o[0]", X),
        ("np.empty((1, 1))", "o[..., 0]", 0.5),
        ("np.empty(3)", "o[np.array([True, False, False])]", 0.5),
    ],
)
def test_assignment_into_a_plain_array_is_refused(module, start, target, x, method):
    """NumPy wraps the refusal of `float(x)` into "setting an array element with a sequence"."""
    source = f"""
    def f(x):
        o = {start}
        {target} = x  # here
        return np.sum(o)
    """
    message = refusal(module, source, x=x, method=method, kind=ad.LostDerivative)
    assert f"in `{target} = x # here`" in message
    assert "assignment into a plain array" in message
    assert "np.stack(parts)" in message


@pytest.mark.parametrize("method", METHODS)
def test_the_rewrite_of_an_assignment_works(method):
    def f(x):
        parts = []
        for i in range(3):
            parts.append(np.sin(x[i]) * i)
        return np.sum(np.stack(parts) + np.array(parts))

    np.testing.assert_allclose(ad.grad(f, method=method)(X), 2 * np.arange(3) * np.cos(X), rtol=1e-12)


IN_PLACE = [
    ("x.resize(2)", ".resize(...)"),
    ("x.byteswap(True)", ".byteswap(...)"),
    ("o = np.ones(3); o += x", "numpy.add"),
    ("o = np.ones(3); o *= x[0]", "numpy.multiply"),
    ("o = np.array(1.0); o += x[0]", "numpy.add"),
    ("o = np.eye(3); o @= np.stack([x, x, x])", "numpy.matmul"),
    ("np.add(x, 1, out=np.ones(3))", "numpy.add"),
    ("np.sin(x, np.ones(3))", "numpy.sin"),
    ("np.sum(x, out=np.ones(()))", "numpy.sum"),
    ("np.full_like(np.ones(3), x)", "numpy.copyto"),
    ("np.full(3, x[0], dtype=float)", "numpy.copyto"),
    ("np.copyto(np.ones(3), x)", "numpy.copyto"),
    ("np.put(np.ones(3), [0], x[0])", "numpy.put"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("statement", "operation"), IN_PLACE)
def test_changes_in_place_are_refused(module, statement, operation, method):
    source = f"def f(x):\n    {statement}  # here\n    return np.sum(x)\n"
    x = X.copy()
    message = refusal(module, source, x=x, method=method, kind=ad.LostDerivative)
    assert operation in message
    assert "np.zeros_like(x)" in message or "make a new array" in message
    np.testing.assert_array_equal(x, X)


# -- no rule ---------------------------------------------------------------------------------------
NO_RULE = [
    ("np.polyfit(x, x, 1)", "numpy.polyfit"),
    ("scipy.special.kolmogorov(x)", "scipy.special.kolmogorov"),
    ("np.isnat(x)", "numpy.isnat"),
    ("np.arctan2.accumulate(x)", "numpy.arctan2.accumulate"),
    ("np.subtract.reduce(x)", "numpy.subtract.reduce"),
    ("np.divide.reduceat(x, [0, 1])", "numpy.divide.reduceat"),
    ("np.frompyfunc(lambda t: t, 1, 1)(x)", "<lambda> (vectorized)"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("expression", "name"), NO_RULE)
def test_a_function_without_a_rule_is_named_as_it_is_called(module, expression, name, method):
    source = f"def f(x):\n    return np.sum({expression})  # here\n"
    message = refusal(module, source, x=X, method=method, kind=ad.NoRule)
    assert message.startswith(f"{name} has no derivative rule")
    assert "method='numerical'" in message


def test_the_nearest_functions_with_a_rule_are_named():
    with pytest.raises(ad.NoRule, match=r"similar name: .*numpy\.isnan\b"):
        ad.grad(np.isnat)(0.5)


@pytest.mark.parametrize(
    ("expression", "keyword"),
    [
        ("np.sin(x, where=[True, False, True])", "where="),
        ("np.sin(x, where=x > 1)", "where="),
        ("np.quantile(x, 0.5, weights=[1, 2, 3], method='inverted_cdf')", "weights="),
        ("np.nanpercentile(x, 50, weights=[1, 2, 3], method='inverted_cdf')", "weights="),
    ],
)
def test_keywords_without_a_rule_are_named(module, expression, keyword):
    message = refusal(module, f"def f(x):\n    return np.sum({expression})  # here\n", x=X, kind=ad.NoRule)
    assert keyword in message


@pytest.mark.parametrize(
    "expression",
    ["np.add(x, 1.0, where=True)", "np.sin(x, casting='same_kind')", "np.sin(x, out=None)", "np.exp(x, order='K')"],
)
def test_keywords_that_say_nothing_are_fine(module, expression):
    f = module(f"def f(x):\n    return np.sum({expression})\n").f
    assert np.isfinite(ad.grad(f)(X)).all()


@pytest.mark.parametrize("expression", ["np.sum(x, bogus=1)", "x.reshape(bogus=1)", "np.sum()"])
def test_arguments_that_numpy_does_not_take_are_numpys_own_error(module, expression):
    loaded = module(f"def f(x):\n    return {expression}\n")
    with pytest.raises(TypeError) as found:
        ad.grad(loaded.f)(X)
    assert not isinstance(found.value, ad.AdkitError)


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("scipy.linalg.inv(np.outer(x, x))", "scipy.linalg.inv"),
        ("scipy.linalg.svdvals(np.outer(x, x))", "scipy.linalg.svdvals"),
        ("scipy.special.diric(x, 3)", "scipy.special.diric"),
        ("statistics.mean([x[0], x[1]])", "statistics.mean"),
        ("decimal.Decimal(x[0])", "decimal.Decimal"),
        ("np.exp(np.array([x[0], 1.0]))", "np.exp"),
        ("np.isnan(np.array([x[0], 1.0]))", "np.isnan"),
        ("np.zeros(x[0])", "np.zeros"),
        ("scipy.stats.norm.pdf(x)", "scipy.stats.norm.pdf"),
    ],
)
def test_libraries_that_do_not_know_traced_values(module, expression, name):
    message = refusal(module, f"def f(x):\n    return np.sum({expression})  # here\n", x=X)
    assert name in message
    assert "method='numerical'" in message


@pytest.mark.parametrize(
    "error",
    [
        SystemError("<function> returned a result with an exception set"),  # scipy.optimize.brentq
        ValueError("setting an array element with a sequence."),  # NumPy
    ],
)
def test_a_refusal_that_c_code_wraps_surfaces(error):
    error.__cause__ = ad.LostDerivative("float(x)")
    assert refusal_behind(error) is error.__cause__
    assert refusal_behind(ValueError("another")) is None


def test_mixed_object_arrays_have_a_rewrite_that_works():
    for f in (
        lambda x: np.sum(np.exp(np.array([x, 1.0]))),
        lambda x: np.sum(np.arctan2(np.array([x, 1]), np.array([x, 2.0]))),
    ):
        with pytest.raises(ad.NoRule, match=r"np\.stack, or with np\.array\(\.\.\., like=x\)"):
            ad.grad(f)(0.5)
    assert ad.grad(lambda x: np.sum(np.exp(np.array([x, 1.0], like=x))))(0.5) == pytest.approx(np.exp(0.5))
    assert ad.grad(lambda x: np.sum(np.exp(np.stack([x, 1.0]))))(0.5) == pytest.approx(np.exp(0.5))


@pytest.mark.parametrize("name", ["tobytes", "ctypes", "data"])
def test_attributes_that_an_array_has_and_a_traced_value_has_not(module, name):
    message = refusal(module, f"def f(x):\n    return x.{name}  # here\n", x=X, kind=ad.NoRule)
    assert f"ad.value(x).{name}" in message
    ad.grad(lambda x: np.sum(x) if not hasattr(x, name) else 1 / 0)(X)


def test_an_attribute_that_no_array_has_is_pythons_own_error():
    with pytest.raises(AttributeError, match="no attribute 'shpae'") as found:
        ad.grad(lambda x: x.shpae)(X)
    assert not isinstance(found.value, ad.AdkitError)


# -- what f returns --------------------------------------------------------------------------------
@pytest.mark.parametrize("method", [*METHODS, "numerical"])
@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("x * np.ones(3)", "an array of shape (3,)"),
        ("np.ones((2, 2))", "an array of shape (2, 2)"),
        ("np.zeros(0)", "an array of shape (0,)"),
        ("None", "None"),
        ("'text'", "a str 'text'"),
        ("[x, x]", "a list"),
        ("(x,)", "a tuple"),
        ("{'a': x}", "a dict"),
        ("{1.0}", "a set"),
        ("object()", "an object"),
        ("lambda: x", "a function"),
        ("(x for _ in [1])", "a generator"),
        ("1j * x", "a complex one"),
        ("np.array([x, None])", "an array of dtype object"),
        ("np.datetime64('2020-01-01')", "a datetime64"),
    ],
)
def test_what_a_gradient_cannot_be_taken_of(module, out, said, method):
    message = refusal(module, f"def f(x):\n    return {out}\n", method=method, kind=ad.OutputError)
    assert said in message
    assert "f (" in message
    assert "mine.py:" in message


def test_an_array_output_suggests_jacobian_and_vjp():
    with pytest.raises(ad.OutputError, match=r"ad\.jacobian\(f\).*ad\.vjp\(f, x\)"):
        ad.grad(lambda x: x)(X)


@pytest.mark.parametrize(
    "transform", [ad.jacobian, lambda f: lambda x: ad.vjp(f, x), lambda f: lambda x: ad.jvp(f, (x,), (x,))]
)
@pytest.mark.parametrize("out", [None, "text", [1.0, None], {"a": "text"}, object()])
def test_outputs_that_are_no_numbers(transform, out):
    with pytest.raises(ad.OutputError, match="returned"):
        transform(lambda x: out)(X)


# -- what f is given -------------------------------------------------------------------------------
class Money:
    def __float__(self):
        return 1.0


@pytest.mark.parametrize("method", [*METHODS, "numerical"])
@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("text", "argument 0 is a str 'text'"),
        (b"text", "argument 0 is a bytes"),
        (None, "argument 0 is None"),
        (True, "argument 0 is a bool True"),
        (np.True_, "argument 0 is a bool"),
        (object(), "argument 0 is an object"),
        (Money(), r"float\(x\)"),
        ({1.0, 2.0}, "argument 0 is a set"),
        (range(3), "argument 0 is a range"),
        (np.array([True]), "an array of dtype bool"),
        (np.array(["a"]), "an array of dtype <U1"),
        (np.array([1.0, None]), "an array of dtype object"),
        (np.array([1.0, "2"], object), r"x\.astype\(float\)"),
        (np.datetime64("2020-01-01"), "a datetime64"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), r"a MaskedArray .*x\.filled"),
        (np.rec.array([(1.0,)]), r"a recarray .*np\.asarray\(x\)"),
        (10**400, "too large for a float"),
        ([1.0, "a"], r"argument 0\[1\] is a str 'a'"),
        ({"w": [1.0, None]}, r"argument 0\['w'\]\[1\] is None"),
    ],
)
def test_arguments_that_cannot_be_differentiated(argument, said, method):
    with pytest.raises(ad.ArgumentError, match=said) as caught:
        ad.grad(lambda x: x, method=method)(argument)
    assert "test_errors.py:" in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_pandas_objects_are_told_how_to_become_arrays():
    for argument in (pandas.Series([1.0, 2.0]), pandas.DataFrame({"a": [1.0]})):
        with pytest.raises(ad.ArgumentError, match=r"x\.to_numpy\(\)"):
            ad.grad(lambda x: np.sum(x))(argument)
        assert (ad.grad(lambda x: np.sum(x**2))(argument.to_numpy()) == 2 * argument.to_numpy()).all()


# -- where -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "source",
    [
        """
        def helper(y):
            z = y * 2
            return math.sqrt(z)  # here

        def f(x):
            return helper(x) + 1
        """,
        """
        def f(x):
            return sum([
                x,
                math.exp(x),  # here
                x,
            ])
        """,
        """
        def f(x):
            y = (x
                 + x * math.exp(  # here
                     2 * x
                 ))
            return y
        """,
        """
        def f(x):
            return [math.exp(t) for t in [x]][0]  # here
        """,
        """
        f = lambda x: x + math.exp(x)  # here
        """,
        """
        def f(x):
            return np.vectorize(lambda t: math.exp(t))(x)  # here
        """,
        """
        def f(x):
            return np.apply_along_axis(lambda t: math.exp(t[0]), 0, np.outer(x, x))  # here
        """,
        """
        class Model:
            def __call__(self, x):
                return self.forward(x)

            def forward(self, x):
                return float(x)  # here

        f = Model()
        """,
        """
        def f(x):
            return functools.reduce(lambda a, b: math.fmod(a, b), [x, x])  # here
        """,
        """
        def f(x):
            return ad.grad(lambda y: math.exp(y))(x)  # here
        """,
        """
        def f(x):
            return sorted([x], key=lambda t: math.exp(t))[0]  # here
        """,
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_the_persons_own_line_is_named(module, source, method):
    refusal(module, source, x=0.5, method=method)


def test_lines_with_wide_characters_are_cut_where_they_should_be(module):
    message = refusal(module, "def f(θ):\n    return θ * math.sin(θ) + len('äöü')  # here\n")
    assert "in `math.sin(θ)`" in message


def test_a_traced_value_used_in_a_library_is_reported_at_the_call_of_the_library(module):
    message = refusal(module, "def f(x):\n    return scipy.linalg.svdvals(np.outer(x, x))  # here\n", x=X)
    assert "scipy.linalg.svdvals(np.outer(x, x))" in message


def test_a_function_of_a_library_is_reported_at_the_call_of_the_transform():
    import math

    with pytest.raises(ad.LostDerivative, match=r"test_errors\.py:\d+, in `ad\.grad\(math\.sin\)\(0\.5\)`"):
        ad.grad(math.sin)(0.5)
    with pytest.raises(ad.LostDerivative, match=r"test_errors\.py"):
        ad.grad(functools.lru_cache(np.sin))(0.5)


def test_where_f_belongs_to_a_library_its_innermost_line_is_named(tmp_path):
    path = tmp_path / "site-packages" / "theirs.py"
    path.parent.mkdir()
    path.write_text("def helper(y):\n    return float(y)\n\ndef f(x):\n    return helper(2 * x)\n")
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    with pytest.raises(ad.LostDerivative, match=re.escape(f"{path}:2, in `float(y)`")):
        ad.grad(space["f"])(1.0)
    with pytest.raises(ad.LostDerivative, match=r"test_errors\.py:\d+, in `space\[.f.\]\(x\)`"):
        ad.grad(lambda x: space["f"](x))(1.0)


@pytest.mark.parametrize(
    ("filename", "whose"),
    [
        (ad.__file__, "adkit"),
        (np.__file__, "numpy"),
        (functools.__file__, "library"),
        (pytest.__file__, "library"),
        (__file__, "user"),
        ("<stdin>", "user"),
        ("<doctest readme.md[0]>", "user"),
        ("<frozen importlib._bootstrap>", "library"),
        ("<__array_function__ internals>", "numpy"),
    ],
)
def test_whose_code_a_file_is(filename, whose):
    assert origin(filename) == whose


def test_a_spot_without_source_still_has_a_line():
    space = {"ad": ad}
    exec(compile("def f(x):\n    return float(x)\n", "<typed in>", "exec"), space)
    with pytest.raises(ad.LostDerivative, match=r" at <typed in>:2; "):
        ad.grad(space["f"])(1.0)


def test_a_long_expression_is_cut():
    spot = user_spot()
    assert isinstance(spot, Spot)
    assert spot.expression == "user_spot()"
    with pytest.raises(ad.LostDerivative) as caught:
        ad.grad(
            lambda x: float(
                x + 111111111 + 111111111 + 111111111 + 111111111 + 111111111 + 111111111 + 111111111 + 11111
            )
        )(1.0)
    assert len(str(caught.value)) < 400 + len(__file__)
    assert "..." in str(caught.value)


# -- escaped values --------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["forward", "reverse", "symbolic"])
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x * 2,
        lambda x: np.sin(x),
        lambda x: x > 0,
        lambda x: bool(x),
        lambda x: ad.grad(lambda y: y * x)(1.0),
        lambda x: ad.grad(lambda y: x)(1.0),
        lambda x: ad.grad(lambda y: y)(x),
        lambda x: ad.jacobian(lambda y: [y, x])(1.0),
        lambda x: ad.vjp(lambda y: x, 1.0),
        lambda x: ad.jvp(lambda y: x, (1.0,), (1.0,)),
    ],
)
def test_a_value_that_escaped_its_transformation_is_refused(use, method):
    kept = []

    def f(x):
        kept.append(x * 1.0)
        return x

    ad.grad(f, method=method)(1.0)
    with pytest.raises(ad.EscapedValue, match=r"test_errors\.py:.*has_aux=True"):
        use(kept[0])
    assert str(kept[0]) == "1.0"


# -- the classes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ad.LostDerivative, TypeError),
        (ad.NoRule, NotImplementedError),
        (ad.OutputError, TypeError),
        (ad.ArgumentError, TypeError),
        (ad.BadRequest, ValueError),
        (ad.ExpressionTooLarge, ValueError),
        (ad.EscapedValue, TypeError),
    ],
)
def test_every_refusal_is_also_the_builtin_that_people_expect(error, builtin):
    assert issubclass(error, ad.AdkitError)
    assert issubclass(error, builtin)


def test_unknown_names_suggest_the_nearest_of_the_known():
    assert str(unknown("colour", "gren", ["red", "green"])) == (
        "unknown colour 'gren'. Did you mean 'green'? Known: green, red."
    )
    assert str(unknown("colour", "xyz", ["red", "green"])) == "unknown colour 'xyz'. Known: green, red."


def test_of_many_known_names_the_nearest_are_listed_and_of_none_nothing_is_said():
    sentence = str(unknown("file", "b39.py", [f"a{i}.py" for i in range(40)]))
    assert "Did you mean 'a39.py'? Known: " in sentence
    assert sentence.count(".py,") == 11
    assert sentence.endswith(" and 28 more.")
    assert str(unknown("file", "x", [])) == "unknown file 'x'."
