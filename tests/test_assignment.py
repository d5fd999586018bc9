"""Assignment to items and in-place operators: what a person's plain NumPy statements do, traced arrays do."""

from __future__ import annotations

import copy
import gc
import itertools
import operator

import numpy as np
import pytest
from calls import PATTERNS, X

import adkit as ad
from adkit import graph, reverse
from adkit.refusals import public_name
from adkit.tracing import Box, normalize, plain

A = np.array
EXACT = ["reverse", "forward"]
POINT = A([0.5, -1.2, 2.0, 0.7])
PLANE = np.arange(6.0).reshape(2, 3) / 3 - 0.7


# == programs ======================================================================================
def filled_in_a_loop(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 2
    return y


def recurrence(x):
    y = np.zeros(6, like=x)
    y[0] = x[0]
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * x[1]
    return y


def overwritten(x):
    y = x * 2
    z = y * y
    y[1] = x[0]
    return y * z


def argument_overwritten(x):
    x[0] = 3 * x[1]
    x[2:] *= x[0]
    return x


def argument_added_to(x):
    x += 1
    x *= x
    return x


def argument_overwritten_by_numbers(x):
    x[:2] = 5.0
    return x * x


def views_see_writes(x):
    y = x * 1
    v = y[1:]
    w = v[::-1]
    y[2] = 7 * x[0]
    return np.sum(v * [1, 2, 3]) + w


def writes_through_views(x):
    y = x * 1
    v = y[1:]
    w = v[::-1]
    w[0] = x[0] ** 2
    v[1] *= 3
    return y * [1, 2, 3, 4]


def two_views(x):
    y = x * 1
    a, b = y[:3], y[1:]
    a += b
    b *= 2
    return a * y[:3] + b


def views_of_every_kind(x):
    y = x * 1
    m = y.reshape(2, 2)
    t = m.T
    f = np.flip(t)
    r = y.ravel()
    s = np.swapaxes(m[None], 0, 2)
    q = np.squeeze(s[..., 0])
    t[0] = x[:2] * x[2]
    m[1, 1] += x[0]
    f *= 2
    r[0] -= 1
    q[0] = q[1] * x[3]
    return y * y


def copies_stay(x):
    y = x * 1
    kept = [y.copy(), y[[0, 1]], +y, y.flatten(), np.copy(y), copy.copy(y), copy.deepcopy(y), np.conj(y), y[y > 0]]
    y[...] = 0.0
    return sum(np.sum(np.sin(part)) for part in kept) + y


def masked(x):
    y = x * x
    y[x > 0.6] *= 3
    y[y < 0.3] = x[0]
    return y


def fancy(x):
    y = x * 1
    y[[0, 2]] = x[[1, 1]] * [2, 3]
    y[A([3, 3])] = x[:2]
    y[[1, 1]] += x[2]
    return y


def matrix_rows(x):
    m = np.zeros((3, 2), like=x)
    m[0] = x[:2]
    m[1] = m[0] @ A([[1.0, 2.0], [3.0, 4.0]])
    m[2] = m[1] * x[2]
    m[:, 1] -= m[:, 0]
    m[0, 0], m[2, 1] = m[2, 1], m[0, 0]
    m[..., None][1] = x[3]
    return m


def broadcast_items(x):
    m = np.ones((2, 3), like=x)
    m[:] = x[:3]
    m[1] = x[3]
    m[:, 1:] = x[:2, None]
    m[0] = x[None, None, :3]
    m[1, :2] *= m[0, 1:]
    return m


def swapped(x):
    x[0], x[1] = x[1], x[0]
    return x * [1, 2, 3, 4]


def swapped_by_a_list(x):
    x[[0, 1]] = x[[1, 0]]
    return x * [1, 2, 3, 4]


def every_operator(x):
    y = x * x + 1
    y += x
    y -= 0.5 * x[::-1]
    y *= y
    y /= x[0] + 3
    y **= 2
    y %= 50.0
    y //= 1.0
    y = y + x
    m = np.ones((2, 4)) * x
    m @= np.diag([1.0, 2.0, 3.0, 4.0])
    return np.sum(m) * y


def numbers_are_rebound(x):
    a = b = x[0]
    a += 1
    a *= 2
    b -= a
    return a * b * x


def aliases(x):
    y = x * 1
    z = y
    z += x[0]
    return y * z


def in_a_list(x):
    parts = [x * 1, x * 2]
    for part in parts:
        part[0] = 0.0
        part *= x
    return parts[0] * parts[1]


def nested_functions(x):
    y = np.empty_like(x)

    def put(i, item):
        y[i] = item

    for i in range(len(x)):
        put(-i - 1, x[i] * i)
    return y


def copyto(x):
    y, z = np.zeros_like(x), np.ones_like(x)
    np.copyto(y, x * x)
    np.copyto(z, y, where=x > 0)
    return y * z


def writers(x):
    y = x * 1
    np.put(y, [0, -1], x[1] * 2)
    np.put(y, [1, 5], [x[0], 3.0], mode="wrap")
    np.place(y, plain(y) > 1, [x[2], x[3]])
    np.putmask(y, A([True, False, False, True]), x * x)
    y.put(2, x[3])
    m = np.outer(y, x)
    np.fill_diagonal(m, x * 5)
    np.put_along_axis(m, A([[0], [1], [2], [1]]), x[:, None] ** 2, axis=1)
    m.flat[5] = x[0]
    m.T.flat[[1, 2]] = 2 * x[0]
    return m


def methods_that_write(x):
    y = x * 1
    y.sort()
    z = x[::-1] * 2
    z.partition(2)
    w = np.empty_like(x)
    w.fill(x[1])
    w[1:].sort()
    return y * [1, 2, 3, 4] + np.sort(z[:2])[0] + w


def at(x):
    y = np.zeros(5, like=x)
    np.add.at(y, [0, 0, 3, 4], x)
    np.add.at(y, slice(1, 3), x[0])
    np.multiply.at(y, [0, 0, 1], x[:3])
    np.subtract.at(y, [4, 4], 2 * x[:2])
    np.maximum.at(y, [2, 2], x[2:])
    np.negative.at(y, [0])
    return y


def results_in_out(x):
    y, total = np.empty_like(x), np.zeros(2, like=x)
    np.multiply(x, x, out=y)
    np.add(y, 1.0, y, where=x > 0)
    np.sum(y.reshape(2, 2), axis=0, out=total)
    np.exp(total, out=total[::-1])
    q, r = np.empty_like(x), np.empty_like(x)
    np.divmod(x, 0.57, out=(q, r))
    return np.sum(total) * y + r


def written_on_one_branch(x):
    y = x * 1
    for i in range(4):
        if y[i] > 0.6:
            y[i] = np.log(y[i])
        else:
            y[i] += 1
    return y


def real_and_imaginary_parts(x):
    z = x + 1j * x[::-1]
    z.real += x
    z.imag[0] = x[3]
    z.real[1:] *= 2
    z.imag = z.imag * 3
    return np.abs(z) ** 2


def an_array_of_numbers_like_x(x):
    y = np.array([x[0], 2.0, x[1]], like=x)
    y[1] += x[2]
    z = np.full(3, x[0], like=x)
    z[0] = 1.0
    w = np.full_like(x, x[1])
    w[1:] *= x[1:]
    v = np.asarray([1.0, 2.0], like=x)
    v[0] = x[3]
    return np.concatenate([y * z, w, v])


PROGRAMS = [
    filled_in_a_loop,
    recurrence,
    overwritten,
    argument_overwritten,
    argument_added_to,
    argument_overwritten_by_numbers,
    views_see_writes,
    writes_through_views,
    two_views,
    views_of_every_kind,
    copies_stay,
    masked,
    fancy,
    matrix_rows,
    broadcast_items,
    swapped,
    swapped_by_a_list,
    every_operator,
    numbers_are_rebound,
    aliases,
    in_a_list,
    nested_functions,
    copyto,
    writers,
    methods_that_write,
    at,
    results_in_out,
    written_on_one_branch,
    real_and_imaginary_parts,
    an_array_of_numbers_like_x,
]


def each_program(programs=PROGRAMS):
    return pytest.mark.parametrize("program", programs, ids=lambda f: f.__name__)


def summed(program):
    """One number of all elements, each with a weight of its own."""

    def f(x):
        out = program(x)
        return np.sum(out * np.cos(np.arange(np.size(plain(out)))).reshape(np.shape(plain(out))))

    return f


def slope_by_differences(f, x, step=1e-6):
    """Central differences of f on plain arrays, a fresh one for every call."""
    steps = step * np.eye(x.size).reshape(x.size, *x.shape)
    return A([(f(x + s) - f(x - s)) / (2 * step) for s in steps]).reshape(x.shape)


@pytest.mark.parametrize("method", [*EXACT, ad.Forward(chunk=1)])
@each_program()
def test_programs_do_what_they_do_in_numpy(program, method):
    f, x = summed(program), POINT.copy()
    value, gradient = ad.value_and_grad(f, method=method)(x)
    assert value == f(POINT.copy())
    np.testing.assert_array_equal(x, POINT)
    np.testing.assert_allclose(gradient, slope_by_differences(f, POINT), rtol=1e-7, atol=1e-7)


@each_program()
def test_programs_are_differentiated_twice(program):
    f = summed(program)
    expected = slope_by_differences(lambda x: ad.grad(f)(x) @ A([1.0, -0.5, 0.3, 2.0]), POINT)
    for outer, inner in itertools.product(EXACT, EXACT):
        along = ad.grad(lambda x, inner=inner: ad.grad(f, method=inner)(x) @ A([1.0, -0.5, 0.3, 2.0]), method=outer)
        np.testing.assert_allclose(along(POINT), expected, rtol=1e-6, atol=1e-6, err_msg=f"{outer} {inner}")


@each_program([p for p in PROGRAMS if p not in (real_and_imaginary_parts, methods_that_write)])
def test_programs_are_differentiated_symbolically(program):
    f = summed(program)
    np.testing.assert_allclose(ad.grad(f, method="symbolic")(POINT), ad.grad(f)(POINT), rtol=1e-12)


@each_program()
def test_recorded_programs_run_again_elsewhere(program):
    """The graph of a program that writes gives its value at another point, where it decides alike."""
    recorded = graph.record(lambda leaves: summed(program)(leaves[0]), [POINT])
    nearby = POINT * (1 + 1e-9)
    (value,), alike = recorded.evaluate([nearby])
    assert alike
    assert value == pytest.approx(summed(program)(nearby.copy()), rel=1e-12)


def test_float32_stays_float32():
    def f(x):
        y = np.zeros_like(x)
        y[:2] = x[:2] * np.float64(2)
        y += 1
        return np.sum(y * y)

    for method in EXACT:
        value, gradient = ad.value_and_grad(f, method=method)(POINT.astype(np.float32))
        assert value.dtype == gradient.dtype == np.float32


# == views =========================================================================================
def shares_memory(part, x):
    return isinstance(part, np.ndarray) and np.shares_memory(part, x)


def parts_of(out):
    return list(out) if isinstance(out, (list, tuple)) else [out]


@pytest.mark.parametrize("function", PATTERNS, ids=public_name)
def test_results_are_views_where_numpys_are(function):
    """After a write to the argument a result shows the new elements if NumPy's does, and the old ones if not."""
    for number, call in enumerate(PATTERNS[function]):
        x = X.copy()
        expected = parts_of(call(x))
        x[...] = 7.0

        def f(x, call=call, seen=(seen := [])):
            x = x * 1.0
            parts = parts_of(call(x))
            x[...] = 7.0
            seen += [plain(normalize(part)) for part in parts]
            return np.sum(x)

        ad.grad(f)(X)
        for part, wanted in zip(seen, expected, strict=True):
            np.testing.assert_array_equal(part, wanted, err_msg=f"call {number}")


def test_views_that_are_gone_are_forgotten():
    def f(x):
        y = x * 1.0
        for _ in range(1000):
            y[1:] *= 1.0
        assert len(y.link.views) < 40
        return np.sum(y)

    ad.grad(f)(POINT)


def test_a_long_chain_of_views_is_written_through():
    def f(x):
        views = [x * 2.0]
        for _ in range(3000):
            views.append(views[-1][:])
        views[0][1] = x[0]
        return np.sum(views[-1])

    np.testing.assert_array_equal(ad.grad(f)(POINT), [3.0, 0.0, 2.0, 2.0])


@pytest.mark.parametrize("method", EXACT)
def test_the_flat_elements_of_one_array_go_into_another(method):
    def f(x):
        y, z = np.zeros_like(x), np.zeros_like(x, shape=6)
        y.flat = (x * x).flat
        z[:] = y.flat
        return np.sum(z * np.arange(6.0))

    np.testing.assert_array_equal(ad.grad(f, method=method)(PLANE), 2 * PLANE * np.arange(6.0).reshape(2, 3))


def test_a_shape_is_not_assigned_to():
    def f(x):
        x.shape = (3, 2)
        return np.sum(x)

    with pytest.raises(ad.LostDerivative, match=r"\.shape .*test_assignment"):
        ad.grad(f)(PLANE)


def test_a_row_of_a_matrix_is_written_through():
    def f(x):
        m = np.zeros((2, 3), like=x)
        for row in m:
            row[0] = x[0]
            row[1:] += x[1]
        return m

    np.testing.assert_array_equal(ad.jacobian(f)(POINT)[..., :2], [[[1, 0], [0, 1], [0, 1]]] * 2)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("view", [lambda x: np.broadcast_to(x, (2, 4))], ids=["broadcast_to"])
def test_read_only_views_are_read_only(view, method):
    def f(x):
        y = view(x * 1.0)
        y[...] = 1.0
        return np.sum(y)

    with pytest.raises(ValueError, match="read-only"):
        ad.grad(f, method=method)(POINT)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda y, x: operator.setitem(y, 9, x[0]), IndexError),
        (lambda y, x: operator.setitem(y, slice(0, 3), x), ValueError),
        (lambda y, x: operator.iadd(y, np.ones((2, 4)) * x), ValueError),
        (lambda y, x: operator.iadd(y, 1j * x), TypeError),
        (lambda y, x: operator.setitem(x[0], (), 1.0), TypeError),
        (lambda y, x: np.put(y, [9], x[0]), IndexError),
        (lambda y, x: np.copyto(y, 1j * x), TypeError),
        (lambda y, x: np.place(y, plain(y) > 0, []), ValueError),
        (lambda y, x: y.partition(7), ValueError),
    ],
)
def test_errors_are_numpys(write, error, method):
    with pytest.raises(error):
        write(POINT.copy(), POINT.copy())

    def f(x):
        write(x * 1.0, x)
        return np.sum(x)

    with pytest.raises(error) as caught:
        ad.grad(f, method=method)(POINT)
    assert not isinstance(caught.value, ad.AdkitError)


# == levels ========================================================================================
@pytest.mark.parametrize("outer", EXACT)
@pytest.mark.parametrize("inner", EXACT)
def test_an_array_of_the_outer_level_takes_numbers_of_the_inner_one(inner, outer):
    def f(x):
        def g(t):
            y = np.zeros_like(x)
            y[0] = t * x[1]
            y[1:] = y[0] * x[1:]
            return np.sum(y * y)

        return ad.grad(g, method=inner)(x[0])

    def exact(x):
        return 2 * x[0] * x[1] ** 2 * (1 + np.sum(x[1:] ** 2))

    np.testing.assert_allclose(ad.grad(f, method=outer)(POINT), slope_by_differences(exact, POINT), rtol=1e-8)


@pytest.mark.parametrize(
    "write",
    [
        lambda y, x: np.put(y, x[0], 1.0),
        lambda y, x: np.put_along_axis(y, np.array([x[0]]), 1.0, 0),
        lambda y, x: np.add.at(y, x[0], 1.0),
        lambda y, x: operator.setitem(y, x[0], 1.0),
    ],
)
def test_a_traced_value_names_no_place_to_write_to(write):
    with pytest.raises(
        ad.LostDerivative, match=r"used as an index or a count at .*test_assignment.py:\d+.*write int\(x\)"
    ):
        ad.grad(lambda x: write(x * 1.0, x))(np.array([1.0, 2.0]))


@pytest.mark.parametrize("inner", EXACT)
def test_an_inner_number_that_outlives_its_gradient_in_an_outer_array_is_refused(inner):
    def f(x):
        y = np.zeros_like(x)

        def g(t):
            y[0] = t * x[0]
            return y[0]

        return ad.grad(g, method=inner)(2.0) + np.sum(y)

    with pytest.raises(ad.EscapedValue, match="test_assignment"):
        ad.grad(f)(POINT)


@pytest.mark.parametrize("inner", EXACT)
@pytest.mark.parametrize("outer", EXACT)
def test_writes_to_outer_arrays_do_not_reach_what_the_inner_level_has_recorded(inner, outer):
    def f(x):
        y = x * 1.0

        def g(t):
            product = t * y  # with y as it is now
            y[...] = 100.0
            return np.sum(product * product)

        return np.sum(ad.grad(g, method=inner)(y))

    # d/dt (t y)^2 = 2 t y^2 = 2 x^3 at t = y = x
    np.testing.assert_allclose(ad.grad(f, method=outer)(POINT), 6 * POINT**2, rtol=1e-12)


@pytest.mark.parametrize("inner", ["reverse", "forward", "numerical"])
@pytest.mark.parametrize("outer", EXACT)
def test_what_is_traced_outside_stays_as_it_is_when_the_inner_function_writes_to_its_arguments(inner, outer):
    def g(x, y, z=None):
        x *= x
        y *= 2.0
        z += 1.0
        return np.sum(x) * y[0] * z[1]

    def f(x):
        return np.sum(ad.grad(g, method=inner)(x, x, z=x) * x)

    def exact(x):
        return np.sum(2 * x * x) * 2 * x[0] * (x[1] + 1)

    np.testing.assert_allclose(ad.grad(f, method=outer)(POINT), slope_by_differences(exact, POINT), rtol=1e-6)


@pytest.mark.parametrize("inner", [ad.jacobian, ad.hessian])
def test_differences_of_a_function_that_writes_to_a_traced_argument(inner):
    def g(x):
        x -= 1.0
        x *= x
        return np.sum(x)

    def f(x):
        return np.sum(inner(g, method="numerical")(x) * x[0])

    def exact(x):
        return np.sum(inner(g)(x) * x[0])

    np.testing.assert_allclose(ad.grad(f)(POINT), ad.grad(exact)(POINT), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("outer", EXACT)
def test_results_of_inner_transforms_may_be_written_to(outer):
    def f(x):
        value, pullback = ad.vjp(lambda t: t * t, x)
        value[...] = 0.0
        (pulled,) = pullback(np.ones(4))
        a, b = ad.grad(lambda s, t: np.sum(s + t) * x[0], (0, 1))(x, x)
        a[...] = 0.0
        return np.sum(pulled) + np.sum(value) + np.sum(b)

    np.testing.assert_allclose(ad.grad(f, method=outer)(POINT), [6.0, 2.0, 2.0, 2.0], rtol=1e-12)


def test_aux_is_as_it_was_returned():
    def f(x):
        y = x * 2.0
        y[0] = 1.0
        return np.sum(y), {"y": y, "x": x}

    gradient, aux = ad.grad(f, has_aux=True)(POINT)
    np.testing.assert_array_equal(gradient, [0.0, 2.0, 2.0, 2.0])
    np.testing.assert_array_equal(aux["y"], [1.0, -2.4, 4.0, 1.4])


def test_a_closed_trace_takes_no_writes():
    kept = []
    ad.grad(lambda x: kept.append(x) or np.sum(x))(POINT)
    with pytest.raises(ad.EscapedValue):
        kept[0][0] = 1.0


# == plain arrays ==================================================================================
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(
    "write",
    [
        lambda a, x: operator.setitem(a, 0, x[0]),
        lambda a, x: operator.setitem(a, slice(None), x),
        lambda a, x: operator.iadd(a, x),
        lambda a, x: np.add(x, 1.0, out=a),
        lambda a, x: np.sum(x[None], axis=0, out=a),
        lambda a, x: np.copyto(a, x),
        lambda a, x: np.put(a, [0], x[0]),
        lambda a, x: np.place(a, a == 0, x),
        lambda a, x: np.putmask(a, a == 0, x),
        lambda a, x: np.put_along_axis(a, A([0]), x[:1], 0),
        lambda a, x: np.fill_diagonal(a[:, None], x[0]),
        lambda a, x: np.add.at(a, [0], x[0]),
        lambda a, x: np.multiply.at(a, [0], x[0]),
        lambda a, x: operator.setitem(a.flat, 0, x[0]),
        lambda a, x: a.fill(x[0]),
    ],
)
def test_a_plain_array_takes_no_traced_numbers(write, method):
    a = np.zeros(4)

    def f(x):
        write(a, x)
        return np.sum(x)

    with pytest.raises(ad.LostDerivative, match="test_assignment"):
        ad.grad(f, method=method)(POINT)
    np.testing.assert_array_equal(a, np.zeros(4))


@pytest.mark.parametrize("create", [np.zeros_like, np.ones_like, np.empty_like])
def test_arrays_of_integers_and_truth_values_stay_plain(create):
    def f(x):
        counts, mask = create(x, dtype=int), create(x, dtype=bool)
        assert type(counts) is type(mask) is np.ndarray
        counts[0] = 3
        mask[...] = True
        return np.sum(x[mask]) * counts[0]

    np.testing.assert_array_equal(ad.grad(f)(POINT), [3.0] * 4)


def test_a_new_array_has_numpys_shape_dtype_and_elements():
    def f(x):
        for made, expected in [
            (np.zeros(3, like=x), np.zeros(3)),
            (np.zeros((2, 2), np.float32, like=x), np.zeros((2, 2), np.float32)),
            (np.ones_like(x, shape=(2,)), np.ones(2)),
            (np.full((2, 2), 3.0, like=x), np.full((2, 2), 3.0)),
            (np.arange(3.0, like=x), np.arange(3.0)),
            (np.eye(2, like=x), np.eye(2)),
            (np.identity(2, like=x), np.identity(2)),
            (np.array([1.0, 2.0], like=x), A([1.0, 2.0])),
            (np.full_like(x, 2), np.full(4, 2.0)),
            (np.zeros_like(x, dtype=complex), np.zeros(4, complex)),
        ]:
            assert isinstance(made, Box)
            assert made.dtype == expected.dtype
            np.testing.assert_array_equal(plain(made), expected, strict=True)
        return np.sum(x)

    for method in EXACT:
        ad.grad(f, method=method)(POINT)


# == cost ==========================================================================================
def test_constants_written_to_new_arrays_are_not_recorded():
    def f(leaves):
        y = np.zeros_like(leaves[0])
        y[0] = 1.0
        y *= 2.0
        return np.sum(y)

    _, _, tape = reverse.record(f, [POINT])
    assert len(tape.entries) == 0


def test_handles_leave_nothing_behind():
    def f(x):
        y = x * 1.0
        v = y[1:]
        v += x[0]
        return np.sum(y)

    ad.grad(f)(POINT)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        ad.grad(f)(POINT)
    assert len(gc.get_objects()) - before < 50


# == arrays of objects =============================================================================
P = A([2.0, 0.5, 3.0])

# What np.array, np.asarray and lists make of traced numbers is taken for the array that it stands for.
OF_OBJECTS = {
    "det": lambda p: np.linalg.det(np.array([[p[0], p[1]], [p[1], p[2]]])),
    "inv": lambda p: np.sum(np.linalg.inv(np.array([[p[0], 1.0], [0, p[2]]]))),
    "solve of lists": lambda p: np.sum(np.linalg.solve([[p[0], 1.0], [0, p[2]]], [p[1], 1.0])),
    "cholesky": lambda p: np.sum(np.linalg.cholesky(np.asarray([[p[0], p[1]], [p[1], p[2]]]))),
    "norm": lambda p: np.linalg.norm(np.array([p[0], p[1]])),
    "fft": lambda p: np.sum(np.abs(np.fft.fft(np.asarray(p))) ** 2),
    "nan_to_num": lambda p: np.sum(np.nan_to_num(np.array([p[0], np.inf * p[1], p[1]]), posinf=1.0)),
    "imag": lambda p: np.sum(np.imag(np.array([p[0] * 1j + p[1], p[1] * (1 + 1j)])) ** 2),
    "real": lambda p: np.sum(np.real([p[0] * 1j + p[1], p[1] * (1 + 1j)]) ** 2),
    "quantile": lambda p: np.quantile(np.array([p[0], p[1], p[2]]), 0.3),
    "iscomplexobj": lambda p: np.sum(p) * np.iscomplexobj(np.array([p[0] * 1j, p[1]])),
    "mean": lambda p: np.mean([p[0], 2 * p[1]]),
    "interp": lambda p: np.interp(np.array([p[0], p[1]]), [0, 1.1, 2.2, 3.3], [0, 1, 4, 9]).sum(),
    "multi_dot": lambda p: np.sum(np.linalg.multi_dot([np.outer(p, p), np.eye(3), p])),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", OF_OBJECTS)
def test_arrays_of_objects_are_taken_for_arrays(name, method):
    f = OF_OBJECTS[name]
    value, gradient = ad.value_and_grad(f, method=method)(P)
    assert value == pytest.approx(f(P), rel=1e-14)
    np.testing.assert_allclose(gradient, slope_by_differences(f, P), rtol=1e-7, atol=1e-7)


def test_ties_in_arrays_of_objects_are_shared():
    for f in (lambda p: np.max(np.array([p[0], p[1]])), lambda p: np.max([p[0], p[1]])):
        np.testing.assert_array_equal(ad.grad(f)(A([1.0, 1.0])), [0.5, 0.5])
