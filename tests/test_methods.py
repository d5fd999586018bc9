"""Methods are values; the registry names them; what a method keeps from call to call never goes stale."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib
import pickle
import types

import numpy as np
import pytest

import adkit as ad
from adkit import symbolic
from adkit.calls import Call
from adkit.methods import External

X = np.array([0.7, -1.3, 2.1])
VALUES = [
    ad.Forward(),
    ad.Forward(chunk=16),
    ad.Reverse(),
    ad.Symbolic(),
    ad.Symbolic(cse=False),
    ad.Symbolic(max_ops=50),
    ad.Numerical(),
    ad.Numerical(scheme="complex", step=1e-20),
    ad.Manual(),
    ad.Manual(np.cos),
]


# -- values ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", VALUES)
def test_a_method_is_a_value(method):
    if method.name != "manual":
        assert eval(repr(method), vars(ad)) == method
    for other in (pickle.loads(pickle.dumps(method)), copy.copy(method), copy.deepcopy(method)):
        assert other == method
        assert hash(other) == hash(method)
    field = dataclasses.fields(method)[0].name if dataclasses.fields(method) else "name"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(method, field, 1)


def test_a_name_that_may_be_unknown_is_asked_for_with_a_default() -> None:
    assert ad.methods.get("revers") is None
    assert ad.methods.get("reverse") == ad.Reverse()


def test_a_transform_is_asked_once_for_the_gradient_of_f_and_that_is_what_is_prepared() -> None:
    made: list[str] = []

    def tool(f, argnums):
        made.append("gradient")
        return lambda x: made.append("call") or 2 * x

    gradient = ad.grad(lambda x: x * x, method=External("tool", tool))
    gradient.prepare(3.0)
    assert [gradient(3.0), gradient(4.0), made] == [6.0, 8.0, ["gradient", "call", "call"]]


def test_methods_with_other_parameters_are_others():
    assert len(set(VALUES)) == len(VALUES)
    assert ad.Forward(chunk=16) != ad.Forward(chunk=17)


@pytest.mark.parametrize("method", [*VALUES[:8], ad.Forward, ad.Numerical])
def test_a_method_goes_wherever_a_name_goes(method):
    assert ad.grad(lambda x: x**3, method=method)(2.0) == pytest.approx(12.0, rel=1e-6)
    assert ad.jacobian(lambda x: x**3, method=method)(2.0) == pytest.approx(12.0, rel=1e-6)
    assert ad.hessian(lambda x: x**3, method=method)(2.0) == pytest.approx(12.0, rel=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ad.Forward(chunk=0),
        lambda: ad.Forward(chunk=-1),
        lambda: ad.Forward(chunk=2.5),
        lambda: ad.Forward(chunk="many"),
        lambda: ad.Forward(chunk=True),
        lambda: ad.Numerical(scheme="centrall"),
        lambda: ad.Numerical(scheme=None),
        lambda: ad.Numerical(step=0.0),
        lambda: ad.Numerical(step=-1e-3),
        lambda: ad.Numerical(step=np.nan),
        lambda: ad.Numerical(step=np.inf),
        lambda: ad.Numerical(step="small"),
        lambda: ad.Numerical(step=[1e-3]),
        lambda: ad.Symbolic(cse="yes"),
        lambda: ad.Symbolic(max_ops=0),
        lambda: ad.Symbolic(max_ops=1.5),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make):
    with pytest.raises(ad.BadRequest, match=r"must be|unknown scheme"):
        make()


def test_an_unknown_scheme_suggests_the_nearest():
    with pytest.raises(ad.BadRequest, match="Did you mean 'central'"):
        ad.Numerical(scheme="centrl")


# -- the registry ----------------------------------------------------------------------------------
@pytest.fixture
def registered():
    """Registers methods for one test."""
    names = set()

    def register(name, method):
        ad.methods.register(name, method)
        names.add(name)

    yield register
    for name in names:
        ad.methods.unregister(name)


def test_the_registry_is_a_mapping_of_names():
    assert list(ad.methods)[:5] == ["forward", "reverse", "symbolic", "numerical", "manual"]
    assert ad.methods["forward"] == ad.Forward()
    assert len(ad.methods) == len(list(ad.methods))
    assert "forward" in ad.methods
    assert "frward" not in ad.methods
    assert [] not in ad.methods
    assert ad.methods.get("forward") == ad.Forward()


@pytest.mark.parametrize("transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian])
@pytest.mark.parametrize("name", ["revers", "", None, 3, ["reverse"], float])
def test_an_unknown_method_lists_the_known(transform, name):
    with pytest.raises(
        ad.BadRequest, match=r"unknown method .*Known: .*forward, .*numerical, reverse, symbolic"
    ) as error:
        transform(abs, method=name)
    assert isinstance(error.value, ValueError)
    assert ("Did you mean 'reverse'" in str(error.value)) == (name in ("revers", ["reverse"]))


def test_auto_is_for_jacobians_and_hessians():
    with pytest.raises(ad.BadRequest, match="unknown method 'auto'"):
        ad.grad(abs, method="auto")


def test_a_method_of_ones_own_in_a_line(registered):
    registered("tripled", lambda f, argnums: lambda *args: tuple(3.0 * args[i] for i in argnums))
    assert ad.grad(lambda x, y: x * y, (0, 1), method="tripled")(1.0, 2.0) == (3.0, 6.0)


def test_a_transform_is_told_what_was_asked(registered):
    asked = []
    registered("asking", lambda f, argnums: lambda *args, **kwargs: asked.append((argnums, args, kwargs)) or 1.0)
    ad.grad(lambda x, y, *, k: x * y, 1, method="asking")(1, 2, k=3)
    ad.grad(lambda x, y, *, k: x * y, (1,), method="asking")(1, 2, k=3)
    assert asked == [(1, (1, 2.0), {"k": 3}), ((1,), (1, 2.0), {"k": 3})]


def test_a_registered_method_serves_every_transform(registered):
    registered("cubes", lambda f, argnums: lambda x: 3 * x**2)
    cube = lambda x: np.sum(x**3)  # noqa: E731
    np.testing.assert_allclose(ad.grad(cube, method="cubes")(X), 3 * X**2)
    assert ad.value_and_grad(cube, method="cubes")(X)[0] == cube(X)
    np.testing.assert_allclose(ad.jacobian(cube, method="cubes")(X), 3 * X**2)
    np.testing.assert_allclose(ad.hessian(cube, method="cubes")(X), np.diag(6 * X))


def test_a_registered_method_object_keeps_its_parameters(registered):
    registered("few", ad.Forward(chunk=2))
    assert ad.methods["few"] == ad.Forward(chunk=2)
    assert ad.grad(lambda x: x**2, method="few")(3.0) == 6.0


def test_a_method_class_of_ones_own(registered):
    class Doubled(ad.Method):
        name = "doubled"

        def value_and_gradient(self, call, cache):
            out, gradient = ad.Reverse().value_and_gradient(call, cache)
            return out, [2 * g for g in gradient]

    registered("doubled", Doubled())
    assert ad.grad(lambda x: x**2, method="doubled")(3.0) == 12.0
    assert ad.grad(lambda x: x**2, method=Doubled)(3.0) == 12.0


@pytest.mark.parametrize(
    "gradient",
    [
        lambda x: x[:2],
        lambda x: None,
        lambda x: "large",
        lambda x: (x, x),
        lambda x: [x],
        lambda x: 1j * x,
        lambda x: np.array([None, 1.0, 2.0]),
    ],
)
def test_a_gradient_from_elsewhere_that_does_not_fit_is_refused(gradient, registered):
    registered("misfit", lambda f, argnums: gradient)
    with pytest.raises(ad.ArgumentError, match=r"gradient of argument 0"):
        ad.grad(lambda x: np.sum(x), method="misfit")(X)
    registered("misfit", lambda f, argnums: lambda x, y: gradient(x))
    with pytest.raises(ad.ArgumentError, match=r"structure|gradient of argument"):
        ad.grad(lambda x, y: np.sum(x), (0, 1), method="misfit")(X, 1.0)


def test_a_gradient_from_elsewhere_comes_in_the_kind_of_the_argument(registered):
    registered("loose", lambda f, argnums: lambda p: {"b": [1, 2, 3], "a": np.float32(2.0)})
    found = ad.grad(lambda p: p["a"], method="loose")({"a": 1.0, "b": np.ones(3)})
    assert list(found) == ["a", "b"]
    assert type(found["a"]) is float
    assert found["b"].dtype == float


@pytest.mark.parametrize("name", ["", "two words", "a-b", 3, None])
def test_names_that_cannot_be_registered(name):
    with pytest.raises(ad.BadRequest, match="identifier"):
        ad.methods.register(name, ad.Forward())


@pytest.mark.parametrize("name", ["reverse", "forward", "symbolic", "numerical", "manual", "auto"])
def test_adkits_own_names_stay(name):
    with pytest.raises(ad.BadRequest, match="adkit's own"):
        ad.methods.register(name, ad.Forward())
    with pytest.raises(ad.BadRequest, match=r"adkit's own|unknown method"):
        ad.methods.unregister(name)


def test_what_is_no_method_is_not_registered():
    with pytest.raises(ad.BadRequest, match=r"must be an ad\.Method or a function"):
        ad.methods.register("three", 3)
    assert "three" not in ad.methods


# -- manual ----------------------------------------------------------------------------------------
def cube(x):
    return np.sum(x**3)


@pytest.mark.parametrize(
    "manual",
    [
        ad.Manual(lambda x: 3 * x**2),
        ad.Manual(value_and_gradient_of=lambda x: (cube(x), 3 * x**2)),
        ad.Manual(lambda x: (3 * x**2).tolist()),
    ],
)
def test_manual_is_the_gradient_given(manual):
    value, gradient = ad.value_and_grad(cube, method=manual)(X)
    assert value == cube(X)
    np.testing.assert_allclose(gradient, 3 * X**2)


def test_manual_serves_jacobians_and_hessians_too():
    manual = ad.Manual(lambda x: 3 * x**2)
    np.testing.assert_allclose(ad.jacobian(cube, method=manual)(X), 3 * X**2)
    np.testing.assert_allclose(ad.hessian(cube, method=manual)(X), np.diag(6 * X))
    with pytest.raises(ad.OutputError, match="one number only"):
        ad.jacobian(lambda x: x**3, method=manual)(X)


def test_manual_for_several_arguments():
    manual = ad.Manual(lambda x, y: (y, x))
    assert ad.grad(lambda x, y: x * y, (0, 1), method=manual)(2.0, 3.0) == (3.0, 2.0)
    assert ad.grad(lambda x: x * x, (0,), method=ad.Manual(lambda x: 2 * x))(3.0) == (6.0,)
    # Of a gradient by all arguments the entries that are asked for are taken; an array of numbers is one, too.
    assert ad.grad(lambda x, y: x * y, method=manual)(2.0, 3.0) == 3.0
    assert ad.grad(lambda x, y: x * y, (1,), method=manual)(2.0, 3.0) == (2.0,)
    assert ad.grad(lambda x, y: x * y, (1, 0), method=manual)(2.0, 3.0) == (2.0, 3.0)
    in_array = ad.Manual(lambda x, y: np.array([y, x]))
    assert ad.grad(lambda x, y: x * y, (0, 1), method=in_array)(2.0, 3.0) == (3.0, 2.0)
    with pytest.raises(ad.ArgumentError, match="gradient of argument 0"):
        ad.grad(lambda x, y: x * y, method=ad.Manual(lambda x, y: (y, x, y)))(2.0, 3.0)


def test_manual_without_a_gradient_says_where_one_would_come_from():
    with pytest.raises(ad.BadRequest, match=r"cube .*brings none.*ad\.Manual\(gradient\)"):
        ad.grad(cube, method="manual")(X)


def test_manual_is_differentiated_as_it_stands():
    inner = ad.grad(cube, method=ad.Manual(lambda x: 3 * x**2))
    np.testing.assert_allclose(ad.jacobian(inner)(X), np.diag(6 * X))


# -- forward and reverse ---------------------------------------------------------------------------
@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 64])
def test_the_chunk_changes_nothing_but_the_number_of_passes(chunk):
    method = ad.Forward(chunk=chunk)
    calls = []

    def f(x, y):
        calls.append(1)
        return np.sum(x**2) * y

    found = ad.grad(f, (0, 1), method=method)(np.arange(4.0), 3.0)
    np.testing.assert_allclose(found[0], 6 * np.arange(4.0))
    assert found[1] == 14.0
    assert len(calls) == method.passes(Call(f, (0, 1), (np.arange(4.0), 3.0))) == -(-5 // chunk)


def test_methods_know_how_often_they_run_f():
    call = Call(lambda x: np.sum(x), 0, (X,))
    passes = {name: ad.methods[name].passes(call) for name in ("forward", "reverse", "numerical")}
    assert passes == {"forward": 1, "reverse": 1, "numerical": 7}
    assert ad.Numerical(scheme="forward").passes(call) == 4


@pytest.mark.parametrize("scheme", ["central", "forward", "complex"])
def test_numerical_calls_f_as_often_as_it_says(scheme):
    calls = []
    method = ad.Numerical(scheme=scheme)
    ad.grad(lambda x: calls.append(1) or np.sum(x * x), method=method)(X)
    assert len(calls) == method.passes(Call(lambda x: x, 0, (X,)))


# -- symbolic: derived once, never stale -----------------------------------------------------------
@pytest.fixture
def derivations(monkeypatch):
    """The calls of `symbolic.derive`."""
    made = []
    derive = symbolic.derive
    monkeypatch.setattr(symbolic, "derive", lambda *args, **kwargs: made.append(args) or derive(*args, **kwargs))
    return made


K = 2.0


def scaled(x):
    return K * x


class Scale:
    k = 2.0

    def __init__(self):
        self.own = 2.0

    def by_class(self, x):
        return self.k * x

    def by_object(self, x):
        return self.own * x


def test_a_derivation_is_made_once(derivations):
    gradient = ad.grad(lambda x, n: x**n, method="symbolic")
    assert [gradient(x, 3) for x in (1.0, 2.0, 3.0)] == [3.0, 12.0, 27.0]
    assert len(derivations) == 1


def test_prepare_derives_beforehand(derivations):
    gradient = ad.grad(lambda x: x**3, method="symbolic")
    gradient.prepare(1.0)
    assert len(derivations) == 1
    assert gradient(2.0) == 12.0
    assert len(derivations) == 1


def changes():
    """Functions with slope k(), and what changes k from 2 to 3."""
    box, array, space, scale = [2.0], np.array([2.0]), types.SimpleNamespace(k=2.0), Scale()
    nested = {"k": [(np.array([2.0]),)]}
    k = 2.0

    def closure(x):
        return k * x

    def set_closure():
        nonlocal k
        k = 3.0

    yield closure, set_closure
    yield (lambda x: box[0] * x), lambda: box.__setitem__(0, 3.0)
    yield (lambda x: np.sum(array * x)), lambda: array.__setitem__(0, 3.0)
    yield (lambda x: space.k * x), lambda: setattr(space, "k", 3.0)
    yield scale.by_object, lambda: setattr(scale, "own", 3.0)
    yield scale.by_class, lambda: setattr(scale, "k", 3.0)
    yield (lambda x: np.sum(nested["k"][0][0] * x)), lambda: nested["k"][0][0].__setitem__(0, 3.0)
    yield scaled, lambda: globals().update(K=3.0)
    yield (lambda x: scaled(x)), lambda: globals().update(K=3.0)
    yield (lambda x: ad.grad(lambda y: scaled(y) * x)(x)), lambda: globals().update(K=3.0)
    yield functools.partial(lambda box, x: box[0] * x, box), lambda: box.__setitem__(0, 3.0)
    yield (lambda x, space=space: space.k * x), lambda: setattr(space, "k", 3.0)


@pytest.mark.parametrize("which", range(12))
def test_what_f_reads_may_change_between_calls(which, derivations, monkeypatch):
    for transform in (ad.grad, ad.jacobian):
        monkeypatch.setitem(globals(), "K", 2.0)
        f, change = list(changes())[which]
        derivations.clear()
        slope = transform(f, method="symbolic")
        assert [slope(1.5), slope(2.5)] == [2.0, 2.0]
        assert len(derivations) == 1
        change()
        assert [slope(1.5), slope(2.5)] == [3.0, 3.0]
        assert len(derivations) == 2


def test_other_arguments_may_change_between_calls(derivations):
    gradient = ad.grad(lambda x, w, *, n: np.sum(w * x**n), method="symbolic")
    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(gradient(X, w, n=2), 2 * w * X)
    np.testing.assert_allclose(gradient(X, w + 1, n=2), 2 * (w + 1) * X)
    np.testing.assert_allclose(gradient(X, w, n=3), 3 * w * X**2)
    w[0] = 10.0
    np.testing.assert_allclose(gradient(X, w, n=2), 2 * w * X)
    assert len(derivations) == 4
    np.testing.assert_allclose(gradient(X, w.copy(), n=2), 2 * w * X)
    assert len(derivations) == 4


def test_shapes_kinds_and_positions_may_change_between_calls():
    gradient = ad.grad(lambda x: np.sum(x**2), method="symbolic")
    for x in (X, X[:2], X[None], np.float32(2.0) * np.ones(2, np.float32), np.array(3.0)):
        found = gradient(x)
        assert (found.shape, found.dtype) == (x.shape, x.dtype)
        np.testing.assert_allclose(found, 2 * x)
    assert gradient(3.0) == 6.0


@pytest.mark.parametrize("branches", [(1.0, -1.0), (1.0, -1.0, 20.0)])
def test_branches_are_checked_again_on_each_call(branches, derivations):
    def f(x):
        if x > 10:
            return 5 * x
        return x**2 if x > 0 else -x

    slopes = {1.0: 2.0, -1.0: -1.0, 20.0: 5.0}
    gradient = ad.grad(f, method="symbolic")
    for _ in range(3):
        for x in branches:
            assert gradient(x) == slopes[x]
    assert len(derivations) == len(branches)


def test_a_branch_on_an_element_or_a_loop_count():
    def f(x):
        while np.sum(x) < 10:
            x = x * 2
        return np.max(x) + abs(x[0])

    gradient = ad.grad(f, method="symbolic")
    for x in (X, -X + 2, X * 20, X[::-1] + 0.5):
        np.testing.assert_allclose(gradient(x), ad.grad(f)(x), rtol=1e-12)


def test_only_so_many_derivations_are_kept(derivations):
    gradient = ad.grad(lambda x, n: x**n, method="symbolic")
    for n in range(1, 30):
        gradient(1.0, n)
    assert len(gradient.cache["derivations"]) == ad.Symbolic.KEPT
    gradient(1.0, 29)
    assert len(derivations) == 29


@pytest.mark.parametrize("source", ["generator", "iterator", "global generator"])
def test_a_function_that_is_never_the_same_is_derived_each_time(source):
    rng, values = np.random.default_rng(0), iter(np.arange(100.0))
    draw = {
        "generator": lambda: rng.normal(),
        "iterator": lambda: next(values),
        "global generator": lambda: np.random.normal(),  # noqa: NPY002 people write it
    }[source]
    gradient = ad.grad(lambda x: draw() * x, method="symbolic")
    assert len({gradient(1.0) for _ in range(4)}) == 4


def test_derivations_of_an_inner_function_are_not_kept_beyond_the_outer_call():
    inner = ad.grad(lambda x, y: x**2 * y, method="symbolic")
    outer = ad.grad(lambda y: inner(3.0, y))
    assert [outer(y) for y in (1.0, 2.0)] == [6.0, 6.0]
    assert inner(3.0, 5.0) == 30.0


def test_an_expression_beyond_its_limit_is_refused():
    with pytest.raises(ad.ExpressionTooLarge):
        ad.grad(lambda x: np.sum(x**2), method=ad.Symbolic(max_ops=100))(np.ones(1000))


def test_symbolic_forms_agree():
    f = lambda x: np.sin(x) * np.exp(x) / (1 + x**2)  # noqa: E731
    shared, naive = (ad.grad(f, method=ad.Symbolic(cse=cse))(0.7) for cse in (True, False))
    assert shared == pytest.approx(naive, rel=1e-13)
    assert shared == pytest.approx(ad.grad(f)(0.7), rel=1e-13)


# -- engines ---------------------------------------------------------------------------------------
def test_an_engine_serves_every_transform():
    pytest.importorskip("autograd")
    f = lambda x: x @ x * x[0]  # noqa: E731
    np.testing.assert_allclose(ad.grad(f, method="autograd")(X), ad.grad(f)(X))
    np.testing.assert_allclose(ad.hessian(f, method="autograd")(X), ad.hessian(f)(X), rtol=1e-6, atol=1e-6)
    found = ad.grad(lambda x, y: x @ y, (1, 0), method="autograd")(X, 2 * X)
    np.testing.assert_allclose(found, (X, 2 * X))


def test_an_engine_that_is_not_installed_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install" in (ad.methods["autograd"].missing() or "")
    with pytest.raises(ad.BadRequest, match="not installed"):
        ad.grad(lambda x: x, method="autograd")(1.0)


# -- methods in text -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("forward", ad.Forward()),
        ("forward()", ad.Forward()),
        ("forward(chunk=1)", ad.Forward(chunk=1)),
        (" forward( chunk = 1 ) ", ad.Forward(chunk=1)),
        ("numerical(scheme='complex', step=1e-20)", ad.Numerical(scheme="complex", step=1e-20)),
        ("numerical(bounds=(0.0, None))", ad.Numerical(bounds=(0.0, None))),
        ("symbolic(cse=False)", ad.Symbolic(cse=False)),
        ("symbolic(max_ops=None)", ad.Symbolic()),
        ("reverse()", ad.Reverse()),
    ],
)
def test_a_method_in_text(text, method):
    assert ad.methods.resolve(text) == method


def test_a_method_in_text_goes_wherever_a_name_goes():
    assert ad.grad(lambda x: x**3, method="forward(chunk=2)")(2.0) == 12.0
    assert ad.hessian(lambda x: x**3, method="numerical(order=4)")(2.0) == pytest.approx(12.0, rel=1e-4)


def test_parameters_change_what_was_registered(registered):
    registered("few", ad.Forward(chunk=2))
    assert ad.methods.resolve("few(chunk=3)") == ad.Forward(chunk=3)
    assert ad.methods.resolve("few()") == ad.Forward(chunk=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frward(chunk=1)", "unknown method 'frward'. Did you mean 'forward'"),
        ("forward(chnk=1)", "unknown parameter of method 'forward': 'chnk'. Did you mean 'chunk'"),
        ("forward(chunk=0)", "chunk must be a whole number of at least 1, not 0"),
        ("forward(chunk='a')", "chunk must be a whole number"),
        ("forward(1)", "a name and parameters by name, as in forward"),
        ("forward(chunk=1", "a name and parameters by name"),
        ("forward(chunk=1)(2)", "a name and parameters by name"),
        ("ad.forward(chunk=1)", "a name and parameters by name"),
        ("forward(**{'chunk': 1})", "a name and parameters by name"),
        ("forward(chunk=1, chunk=2)", "a name and parameters by name"),
        ("forward(chunk=print('x'))", "a name and parameters by name"),
        ("forward(chunk=__import__('os'))", "a name and parameters by name"),
        ("manual(gradient=None)", "method 'manual' takes no parameters in text"),
        ("autograd(name='jax')", "unknown parameter of method 'autograd': 'name'"),
        ("numerical(scheme='centrl')", "Did you mean 'central'"),
    ],
)
def test_a_method_in_text_that_makes_no_sense_is_refused_and_nothing_in_it_is_run(text, message, capsys):
    with pytest.raises(ad.BadRequest, match=message):
        ad.methods.resolve(text)
    assert capsys.readouterr().out == ""


def test_a_method_says_what_it_imports():
    assert ad.Reverse().imports == ad.Numerical().imports == ()
    for method in (ad.Symbolic(), ad.Numerical(scheme="adaptive")):
        for name in method.imports:
            assert importlib.import_module(name)
    assert ad.methods["autograd"].imports == ("adkit.engines.autograd", "autograd")


# -- Jacobians by hand and by other engines --------------------------------------------------------
def test_a_jacobian_by_hand():
    f, by_hand = (lambda x: np.sin(x)), ad.Manual(jacobian_of=lambda x: np.diag(np.cos(x)))
    assert np.array_equal(ad.jacobian(f, method=by_hand)(X), np.diag(np.cos(X)))

    def two(x, y):
        return {"sum": x + y, "product": (x * y,)}

    both = ad.Manual(jacobian_of=lambda x, y: {"sum": (1.0, 1.0), "product": ((y, x),)})
    assert ad.jacobian(two, (0, 1), method=both)(2.0, 3.0) == {"sum": (1.0, 1.0), "product": ((3.0, 2.0),)}


@pytest.mark.parametrize(
    ("by_hand", "message"),
    [
        (lambda x: np.cos(x), r"followed by that of the argument, \(3, 3\); got \(3,\)"),
        (lambda x: (np.eye(3), np.eye(3)), r"\(3, 3\); got"),
        (lambda x: None, r"\(3, 3\); got"),
    ],
)
def test_a_jacobian_by_hand_of_another_shape_is_refused(by_hand, message):
    with pytest.raises(ad.AdkitError, match=message):
        ad.jacobian(np.sin, method=ad.Manual(jacobian_of=by_hand))(X)


def test_a_gradient_by_hand_serves_as_the_jacobian_of_one_number():
    assert np.array_equal(ad.jacobian(np.sum, method=ad.Manual(np.ones_like))(X), np.ones(3))
    with pytest.raises(ad.AdkitError):
        ad.jacobian(np.sin, method=ad.Manual(np.cos))(X)


def test_jacobians_by_another_engine():
    pytest.importorskip("autograd")
    by_x, by_y = ad.jacobian(lambda x, y: np.sin(x) * np.sum(y), (0, 1), method="autograd")(X, X)
    assert np.allclose(by_x, np.diag(np.cos(X)) * X.sum())
    assert np.allclose(by_y, np.outer(np.sin(X), np.ones(3)))
    with pytest.raises(ad.OutputError):
        ad.jacobian(lambda x: (x, x), method="autograd")(X)


def test_what_a_jacobian_needs_is_prepared_apart(monkeypatch):
    derived, derive = [], symbolic.derive
    monkeypatch.setattr(symbolic, "derive", lambda *args, **options: derived.append(1) or derive(*args, **options))
    for transform in (ad.jacobian(np.sin, method="symbolic"), ad.hessian(np.sum, method="symbolic")):
        derived.clear()
        transform.prepare(X)
        transform(X)
        assert len(derived) == 1


# -- entry points ----------------------------------------------------------------------------------
@pytest.fixture
def installed(monkeypatch):
    """Pretends that a package with these entry points is installed."""
    import importlib.metadata as metadata

    def install(registry, group, **objects):
        class Dist:
            name = "somebody"

        class Entry:
            dist = Dist()

            def __init__(self, name, found):
                self.name, self.found = name, found

            def load(self):
                if isinstance(self.found, BaseException):
                    raise self.found
                return self.found

        def entry_points(group):
            return [Entry(name, found) for name, found in objects.items()] if group == wanted else []

        wanted = group
        monkeypatch.setattr(metadata, "entry_points", entry_points)
        monkeypatch.setattr(registry, "_known", dict(registry._known))
        monkeypatch.setattr(registry, "_broken", None)

    return install


def test_installed_packages_bring_methods(installed):
    installed(ad.methods, "adkit.methods", few=ad.Forward(chunk=2), theirs=lambda f, argnums: lambda x: 3 * x**2)
    assert ad.methods.resolve("few") == ad.Forward(chunk=2)
    assert ad.methods.resolve("few(chunk=5)") == ad.Forward(chunk=5)
    assert ad.grad(lambda x: x**3, method="theirs")(2.0) == 12.0
    assert {"few", "theirs", "reverse"} <= set(ad.methods)
    assert ad.methods.broken == ()


def test_a_package_that_is_broken_is_named_and_breaks_nothing(installed):
    installed(ad.methods, "adkit.methods", few=ImportError("no module\nnamed x"), reverse=ad.Forward(), ok=ad.Reverse())
    assert ad.methods["reverse"] == ad.Reverse()
    assert ad.methods.broken == (
        "adkit.methods 'few' of somebody cannot be used: ImportError: no module named x",
        "adkit.methods 'reverse' of somebody cannot be used: BadRequest: method 'reverse' is adkit's own and cannot be "
        "replaced; choose another name",
    )
    assert "ok" in ad.methods


def test_a_known_name_does_not_look_for_packages(installed):
    installed(ad.methods, "adkit.methods", broken=AssertionError("loaded"))
    assert ad.grad(lambda x: x * x, method="forward")(2.0) == 4.0
    assert ad.methods._broken is None


def test_installed_packages_bring_problems(installed):
    theirs = ad.Problem(np.sin, point=lambda: (0.5,), name="theirs")
    installed(ad.problems, "adkit.problems", theirs=theirs, module=types, broken=ValueError("out of order"))
    assert ad.problems["theirs"] is theirs
    assert "theirs" in list(ad.problems)
    assert ad.problems.broken == ("adkit.problems 'broken' of somebody cannot be used: ValueError: out of order",)
    with pytest.raises(ad.BadRequest, match=r"unknown problem 'thiers'\. Did you mean 'theirs'"):
        ad.problems["thiers"]
