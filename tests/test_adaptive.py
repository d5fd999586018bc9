"""Slopes along a line: the bar holds, and what is no smooth function is called by its name.

Derivatives are true ones, by mpmath with 50 digits or by hand; nothing here is differentiated by adkit's rules.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter

import mpmath
import numpy as np
import pytest

from adkit.numerical.adaptive import Slope, slopes

NAN, INF = math.nan, math.inf


def line(f, x):
    """t -> f(x + t), nan where f has no value."""

    def at(t):
        try:
            return float(f(x + t))
        except (ValueError, ZeroDivisionError, OverflowError):
            return NAN

    return at


def slope(f, x, **options) -> Slope:
    with np.errstate(all="ignore"):
        (found,) = slopes(line(f, x), abs(x), **options)
    return found


def scatter(x, level):
    """A number in ±level that belongs to x: noise, the same on each call."""
    digest = hashlib.md5(np.float64(x).tobytes()).digest()
    return level * (2 * int.from_bytes(digest[:8], "little") / 2**64 - 1)


def mp(f, x):
    """The derivative with 50 digits."""
    with mpmath.workdps(50):
        return float(mpmath.diff(f, mpmath.mpf(x)))


def expanded(x):
    return x * x - 2 * x + 1


SMOOTH = {
    "sine": (math.sin, 1.0, math.cos(1.0)),
    "large argument": (lambda x: x * x, 1e8, 2e8),
    "small argument": (lambda x: x**3, 1e-8, 3e-16),
    "scale far above the argument": (lambda x: (x - 1) ** 2, 1e-12, 2e-12 - 2),
    "scale far below the argument": (math.sin, 1e8, math.cos(1e8)),
    "fast oscillation": (lambda x: math.sin(1e8 * x), 5e-9, 1e8 * math.cos(0.5)),
    "fast oscillation about 0": (lambda x: math.sin(1e12 * x), 0.0, 1e12),
    "steps that are periods": (lambda x: math.sin(2 * math.pi * 1024 * x), 0.25, 2 * math.pi * 1024),
    "near the edge of the domain": (math.log, 1e-12, 1e12),
    "near a pole": (lambda x: 1 / (x - 1), 1 + 2.0**-24, -(2.0**48)),
    "a large offset": (lambda x: 1e10 + math.sin(x), 1.0, math.cos(1.0)),
    "cancellation": (expanded, 1 + 2.0**-20, 2.0**-19),
    "a narrow bell": (lambda x: math.exp(-(((x - 1) * 2**17) ** 2)), 1 + 2.0**-18, -(2.0**17) * math.exp(-0.25)),
    "tiny values": (lambda x: 1e-12 * math.sinh(x), 0.5, 1e-12 * math.cosh(0.5)),
    "huge values": (lambda x: 1e12 * math.cos(x), 0.5, -1e12 * math.sin(0.5)),
    "a huge argument": (math.log, 1e200, 1e-200),
    "a tiny argument": (lambda x: x * x + x, 1e-200, 1.0),
    "an argument of 0": (lambda x: math.sin(x) + 2, 0.0, 1.0),
    "saturated": (math.tanh, 20.0, mp(mpmath.tanh, 20)),
    "constant": (lambda x: 5.0, 1.0, 0.0),
    "zero": (lambda x: 0.0, 1.0, 0.0),
    "flat": (lambda x: 1 + x**4, 0.0, 0.0),
    "a kink at 1e-3": (lambda x: abs(x - 1.001) + x * x, 1.0, 1.0),
    "a kink at 1e-8": (lambda x: abs(x - 1.00000001) + x * x, 1.0, 1.0),
    "a jump at 1e-6": (lambda x: math.sin(x) + (x > 1.000001), 1.0, math.cos(1.0)),
    "a switch at 1e-6": (lambda x: max(x - 1.000001, 0.0), 1.0, 0.0),
    "between two steps": (math.floor, 0.5, 0.0),
    "bent sharply, once differentiable": (lambda x: 3 * x + abs(x) ** 1.5, 0.0, 3.0),
    "bent sharply, on an offset": (lambda x: 1 + (x - 1) * abs(x - 1), 1.0, 0.0),
    "bent sharply and odd": (lambda x: 2 * x + x * math.sqrt(abs(x)), 0.0, 2.0),
    "a rounded corner": (lambda x: math.sqrt(x * x + 1e-12), 1e-6, math.sqrt(0.5)),
    "essential singularity": (lambda x: x * math.sin(1 / x), 1e-4, math.sin(1e4) - math.cos(1e4) * 1e4),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_bar_holds_and_is_narrow(name):
    f, x, true = SMOOTH[name]
    found = slope(f, x)
    assert found.status == "ok"
    assert abs(found.value - true) <= found.error
    assert found.error <= max(2e-3 * abs(true), 1e-7)


def chaotic(n):
    def f(x):
        for _ in range(n):
            x = 4 * x * (1 - x)
        return x

    return f


@pytest.mark.parametrize("n", [4, 10, 20, 30])
def test_chaos_widens_the_bar_and_does_not_break_it(n):
    found = slope(chaotic(n), 0.2)
    true = mp(chaotic(n), 0.2)
    assert found.status == "ok"
    assert abs(found.value - true) <= found.error < 1e-3 * abs(true)


# -- what is not smooth ----------------------------------------------------------------------------
KINKS = {
    "abs": (abs, 0.0, -1.0, 1.0),
    "relu": (lambda x: max(x, 0.0), 0.0, 0.0, 1.0),
    "with a slope": (lambda x: abs(x - 1) + math.sin(x), 1.0, math.cos(1.0) - 1, math.cos(1.0) + 1),
    "downwards": (lambda x: math.exp(x) - abs(x - 1), 1.0, math.e + 1, math.e - 1),
    "slight": (lambda x: math.exp(x) + 1e-4 * abs(x - 1), 1.0, math.e - 1e-4, math.e + 1e-4),
    "small values": (lambda x: 1e-8 * abs(x - 1), 1.0, -1e-8, 1e-8),
    "under noise": (lambda x: abs(x - 1) + scatter(x, 1e-8), 1.0, -1.0, 1.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_has_two_slopes(name):
    f, x, left, right = KINKS[name]
    found = slope(f, x)
    assert found.status == "kink"
    gap = abs(right - left)
    assert abs(found.left - left) < 0.02 * gap
    assert abs(found.right - right) < 0.02 * gap
    assert found.error == pytest.approx(gap / 2, rel=0.05)


JUMPS = {
    "a step up": (lambda x: math.sin(x) + (x > 1), 1.0),
    "a small step down": (lambda x: math.sin(x) - 1e-3 * (x >= 1), 1.0),
    "floor": (math.floor, 3.0),
    "a value of its own": (lambda x: 5.0 if x == 1 else math.sin(x), 1.0),
}


@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_has_no_slope(name):
    found = slope(*JUMPS[name])
    assert found.status == "jump"
    assert math.isnan(found.value)
    assert found.error == INF


CUSPS = {
    "root of abs": (lambda x: math.sqrt(abs(x)), 0.0, -INF, INF),
    "cube root": (np.cbrt, 0.0, INF, INF),
    "falling cube root on a slope": (lambda x: x - float(np.cbrt(x - 1)), 1.0, -INF, -INF),
    "a cusp beside a slope": (lambda x: math.sqrt(max(x, 0.0)) + x, 0.0, NAN, INF),
}


@pytest.mark.parametrize("name", CUSPS)
def test_a_cusp_has_an_infinite_slope(name):
    f, x, left, right = CUSPS[name]
    found = slope(f, x)
    assert found.status == "cusp"
    np.testing.assert_equal((found.left, found.right), (left, right))
    np.testing.assert_equal(found.value, left if left == right else NAN)


EDGES = {
    "power": (lambda x: x**1.5 if x >= 0 else NAN, 0.0, 0.0),
    "exponential": (lambda x: math.exp(x) if x >= 0 else NAN, 0.0, 1.0),
    "from below": (lambda x: math.sin(x) if x <= 1 else NAN, 1.0, math.cos(1.0)),
    "root": (math.sqrt, 0.0, INF),
    "arc sine": (math.asin, 1.0, INF),
}


@pytest.mark.parametrize("name", EDGES)
def test_at_the_edge_of_its_domain_f_has_a_slope_to_one_side(name):
    f, x, true = EDGES[name]
    found = slope(f, x)
    assert found.status == "edge"
    assert found.value == true or abs(found.value - true) <= found.error < 1e-3
    assert math.isnan(found.left) != math.isnan(found.right)


def hiss(x, level):
    return level * math.sin(1e12 * x)


@pytest.mark.parametrize(
    ("noise", "level"), [(scatter, 1e-3), *((n, 10.0**-k) for n in (scatter, hiss) for k in (10, 8, 5))]
)
def test_noise_is_called_noise_and_its_level_is_told(noise, level):
    found = slope(lambda x: math.sin(x) + noise(x, level), 1.0)
    assert found.status == "noisy"
    assert level / 20 < found.noise < 20 * level
    assert abs(found.value - math.cos(1.0)) <= found.error < 0.9


STAIRS = {
    "6 digits": (lambda x: round(math.sin(x), 6), 1e-6, 0.0),
    "3 digits": (lambda x: round(math.sin(x), 3), 1e-3, 0.0),
    "single precision inside": (lambda x: float(np.float32(math.sin(x))), 6e-8, 0.0),
    "cancelled digits": (lambda x: (1 - math.cos(1e-4 * x)) / (1e-4 * x) ** 2 + math.sin(x), 1e-8, math.cos(1.0) - 1.0),
    "digits lost": (lambda x: (1e10 + math.sin(x)) - 1e10, 1.9e-6, 0.0),
}


@pytest.mark.parametrize("name", STAIRS)
def test_stairs_are_noise_of_the_height_of_a_step(name):
    f, height, on_a_stair = STAIRS[name]
    found = slope(f, 1.0)
    assert found.status == "noisy"
    assert height / 10 < found.noise < 10 * height
    assert abs(found.value - math.cos(1.0)) <= found.error < 0.2
    assert found.alternative == pytest.approx(on_a_stair, abs=1e-4)


@pytest.mark.parametrize("f", [lambda x: NAN, lambda x: INF, lambda x: 1.0 if x == 1 else NAN])
def test_without_values_there_is_no_slope(f):
    found = slope(f, 1.0)
    assert found.status == "nonfinite"
    assert math.isnan(found.value)
    assert found.error == INF


# -- how f is called -------------------------------------------------------------------------------
def calls_of(f, x, **options):
    seen = []

    def at(t):
        seen.append(t)
        return f(x + t)

    found = slopes(at, abs(x), **options)
    return seen, found


def test_a_smooth_function_takes_about_thirty_calls():
    for x in (1e-3, 0.7, 1.0, 42.0, 1e6):
        seen, (found,) = calls_of(math.atan, x)
        assert len(seen) == found.calls <= 35


def test_no_call_is_beyond_the_limits():
    seen, (found,) = calls_of(math.sin, 1.0, lower=-1e-3, upper=1e-5)
    assert min(seen) >= -1e-3
    assert max(seen) <= 1e-5
    assert abs(found.value - math.cos(1.0)) <= found.error < 1e-6


@pytest.mark.parametrize(("lower", "upper"), [(0.0, 1.0), (-1.0, 0.0)])
def test_at_a_limit_the_slope_is_one_sided(lower, upper):
    seen, (found,) = calls_of(math.sin, 1.0, lower=lower, upper=upper)
    assert lower <= min(seen) <= max(seen) <= upper
    assert found.status == "edge"
    assert abs(found.value - math.cos(1.0)) <= found.error < 1e-6


def test_several_outputs_share_the_calls_and_nothing_else():
    def at(t):
        return np.array([math.sin(1 + t), abs(t), NAN, math.log(t) if t > 0 else NAN, 7.0])

    found = slopes(at, 1.0)
    assert [s.status for s in found] == ["ok", "kink", "nonfinite", "nonfinite", "ok"]
    assert len({s.calls for s in found}) == 1
    assert abs(found[0].value - math.cos(1.0)) <= found[0].error


def test_an_output_with_more_rounding_than_the_others_is_known_as_well():
    a = np.random.default_rng(0).normal(size=(4, 4))

    def at(t):
        moved = a.copy()
        moved[0, 3] += t
        return np.linalg.eigvalsh(moved + moved.T)

    _, vectors = np.linalg.eigh(a + a.T)
    for found, v in zip(slopes(at, abs(a[0, 3])), vectors.T, strict=True):
        assert abs(found.value - 2 * v[0] * v[3]) <= found.error < 1e-9


@pytest.mark.parametrize("x", [1.8e-4, 2.2e-4, 2.8e-4])
def test_a_plateau_of_rounding_inside_f_is_not_taken_for_its_slope(x):
    found = slope(lambda x: (1 - math.cos(x)) / x**2, x)
    assert found.status == "noisy"
    assert abs(found.value + x / 12) <= found.error < 0.1


def test_a_term_next_to_rounding_is_not_taken_for_rounding_where_steps_show_it():
    f = lambda x: 1e6 + 1e-7 * math.sin(x / 1e-5 + 1)  # noqa: E731
    found = slope(f, 1.8)
    assert abs(found.value - 1e-2 * math.cos(1.8e5 + 1)) <= found.error


def test_steps_follow_the_precision_that_f_computes_in():
    def f(x):
        return float(np.sin(np.float32(x)))

    found = slope(f, 1.0, epsilon=2.0**-23)
    assert found.status == "ok"
    assert abs(found.value - math.cos(1.0)) <= found.error < 0.01


# -- at random -------------------------------------------------------------------------------------
def program(draw, depth):
    """A smooth function that runs on floats and on mpmath numbers: f(m, x), m being math or mpmath."""
    if depth == 0:
        return lambda m, x: x
    a = program(draw, depth - 1)
    b = program(draw, draw.randrange(depth))
    factor, shift = 10 ** draw.uniform(-3, 3), 10 ** draw.uniform(-2, 2)
    return draw.choice(
        [
            lambda m, x: m.sin(a(m, x)),
            lambda m, x: m.cos(a(m, x)),
            lambda m, x: m.exp(-(a(m, x) ** 2)),
            lambda m, x: m.tanh(a(m, x)),
            lambda m, x: m.sqrt(1 + a(m, x) ** 2),
            lambda m, x: m.log(1 + a(m, x) ** 2),
            lambda m, x: 1 / (1 + a(m, x) ** 2),
            lambda m, x: a(m, x) * b(m, x),
            lambda m, x: a(m, x) + b(m, x),
            lambda m, x: a(m, x) * factor,
            lambda m, x: a(m, x) - shift,
        ]
    )


def drawn(seed, depth=6, exponents=(-6, 5)):
    """A random function at a random point, its value there, and its derivative by mpmath; None where it overflows."""
    draw = random.Random(seed)
    f = program(draw, draw.randrange(1, depth))
    x = draw.choice([1, -1]) * 10 ** draw.uniform(*(exponents if draw.random() < 0.5 else (-2, 2)))
    try:
        with mpmath.workdps(50):
            h = mpmath.mpf(10) ** -20 * min(1, abs(x))
            true = float((f(mpmath, mpmath.mpf(x) + h) - f(mpmath, mpmath.mpf(x) - h)) / (2 * h))
        return draw, f, x, float(f(math, x)), true
    except (OverflowError, ValueError, ZeroDivisionError):
        return None


def test_bars_hold_for_random_functions_at_random_scales():
    broken, n = [], 0
    for seed in range(1000):
        if (case := drawn(seed)) is None:
            continue
        _, f, x, _, true = case
        found = slope(lambda x, f=f: f(math, x), x)
        n += 1
        other = abs(found.alternative - true) <= found.alternative_error
        if not (abs(found.value - true) <= found.error + 1e-300 or other):
            broken.append(seed)
    assert n > 900
    assert len(broken) <= 0.005 * n, broken


FAULTS = {
    "kink": lambda c, t: c * abs(t),
    "jump": lambda c, t: c * (t > 0),
    "cusp": lambda c, t: c * math.sqrt(abs(t)),
    "ok": lambda c, t: c * abs(t) ** 1.5,
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_in_random_functions_are_named(name):
    seen: Counter[str] = Counter()
    for seed in range(300):
        if (case := drawn(seed, depth=4, exponents=(-2, 2))) is None:
            continue
        draw, f, x, value, true = case
        scale = max(abs(true), abs(value) / max(abs(x), 1), 1e-3)
        c = draw.choice([1, -1]) * scale * 10 ** draw.uniform(-3, 2)
        (found,) = slopes(line(lambda t, f=f, x=x, c=c: f(math, x + t) + FAULTS[name](c, t), 0.0), abs(x))
        seen[found.status] += 1
    assert seen[name] >= 0.99 * seen.total()
    assert seen.total() > 250


def test_noise_in_random_functions_is_named():
    seen: Counter[str] = Counter()
    for seed in range(200):
        if (case := drawn(seed, depth=4, exponents=(-2, 2))) is None:
            continue
        draw, f, x, value, true = case
        level = max(abs(value), abs(true) * max(abs(x), 1), 1e-3) * 10 ** draw.uniform(-10, -3)
        found = slope(lambda x, f=f, level=level: f(math, x) + scatter(x, level), x)
        seen[found.status] += 1
        assert abs(found.value - true) <= found.error
    assert seen["noisy"] >= 0.99 * seen.total()
    assert seen.total() > 150
