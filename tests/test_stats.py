"""What samples say: intervals that hold as often as they claim, on the skewed noise that timings have."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import t as student

from adkit import stats

QUIET = 0.03


def noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Timings of the same call: a few per cent of scatter, one round in ten held up, never quicker than it is."""
    held_up = (rng.random(shape) < 0.1) * rng.exponential(0.5, shape)
    return rng.lognormal(0, QUIET, shape) * (1 + held_up)


def share(found: list[bool]) -> float:
    return sum(found) / len(found)


# -- ratios ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("rounds", [2, 3, 5, 10, 25])
def test_the_interval_of_a_ratio_holds_about_as_often_as_it_claims(rounds: int) -> None:
    rng = np.random.default_rng(rounds)
    held = []
    for _ in range(200):
        # A slow moment of the machine holds up both.
        together = noise(rng, rounds)
        found = stats.ratio(3 * together * noise(rng, rounds), together * noise(rng, rounds))
        held.append(found.low <= 3 <= found.high)
    assert share(held) > 0.88


def test_without_widening_three_rounds_would_claim_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "_WIDER", {})
    rng = np.random.default_rng(0)
    found = [stats.ratio(noise(rng, 3), noise(rng, 3)) for _ in range(200)]
    assert share([interval.straddles_one for interval in found]) < 0.85


def test_a_difference_of_a_tenth_is_seen_in_25_rounds_and_none_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    assert share([stats.ratio(1.15 * noise(rng, 25), noise(rng, 25)).straddles_one for _ in range(100)]) < 0.05
    assert share([stats.ratio(noise(rng, 25), noise(rng, 25)).straddles_one for _ in range(100)]) > 0.9


def test_what_holds_up_a_whole_round_cancels() -> None:
    rounds = np.linspace(1, 2, 25)
    found = stats.ratio(2 * rounds, rounds)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))


def test_what_is_slow_has_fewer_rounds_and_they_are_the_first_of_the_others() -> None:
    rounds = np.array([1.0, 3.0, 1.0, 3.0, 2.0])
    quick = np.concatenate([rounds, np.full(20, 2.0)])
    paired, apart = stats.ratio(10 * rounds, rounds), stats.ratio(10 * rounds, quick)
    assert paired.low == pytest.approx(paired.high)
    assert apart.low < 10 < apart.high
    mirrored = stats.ratio(quick, 10 * rounds)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 / apart.high, 1 / apart.low), rel=1e-9)


def test_a_single_round_is_believed_within_a_factor_of_two() -> None:
    assert stats.ratio([1.5], [1.0]).straddles_one
    assert not stats.ratio([4.0], [1.0]).straddles_one
    assert not stats.ratio([4.0], [1.0] * 25).straddles_one
    found = stats.ratio([1.0], [1.0] * 25)
    assert 1.8 < found.high < 2.2


def test_the_same_samples_give_the_same_interval() -> None:
    samples = noise(np.random.default_rng(2), 25)
    assert stats.ratio(samples, samples[::-1]) == stats.ratio(samples, samples[::-1])
    assert stats.ratio(samples, samples[::-1], seed=1) != stats.ratio(samples, samples[::-1], seed=2)


def test_the_spread_is_the_distance_of_the_quartiles() -> None:
    assert stats.spread([1, 2, 3, 4, 100]) == 2
    assert stats.spread([1]) == 0


# -- differences of runs ---------------------------------------------------------------------------
def runs(rng: np.random.Generator, slower: float = 1.0, shift: float = 0.04) -> tuple[np.ndarray, np.ndarray]:
    """Two runs of the same code, each with its luck: where memory lies, how fast the clock is."""
    first, second = rng.lognormal(0, shift, 2)
    return first * noise(rng, 25), slower * second * noise(rng, 25)


def test_identical_code_is_no_regression_at_twenty_per_cent_and_half_as_slow_again_is() -> None:
    rng = np.random.default_rng(3)
    assert share([stats.difference(*runs(rng)).low > 1.2 for _ in range(150)]) == 0
    assert share([stats.difference(*runs(rng, 1.5)).low > 1.2 for _ in range(150)]) > 0.95


def test_without_a_threshold_the_false_alarms_are_those_of_the_interval() -> None:
    rng = np.random.default_rng(4)
    assert share([stats.difference(*runs(rng, shift=0)).low > 1 for _ in range(150)]) < 0.05


def test_a_slower_machine_is_no_regression_where_f_is_slower_too() -> None:
    rng = np.random.default_rng(5)
    f, g = runs(rng)
    before, after = (5 * noise(rng, 25), f), (15 * noise(rng, 25), 3 * g)
    assert stats.difference(before[0], after[0]).low > 2
    assert stats.relative_difference(before, after).straddles_one
    assert stats.relative_difference(before, (2 * after[0], after[1])).low > 1.5


# -- stability -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("samples", "loops", "load", "words"),
    [
        ([1.0, 1.01, 0.99, 1.0, 1.0], 1, 0.5, ""),
        ([1.0, 1.3, 0.8, 1.2, 0.9], 1, None, "standard deviation 20% of the mean"),
        ([1.0] * 99 + [1.8], 1, None, "slowest round 1.8 × the median"),
        ([1.0] * 99 + [0.4], 1, None, "fastest round 0.4 × the median"),
        ([2e-6] * 5, 100, None, "rounds of only 200 µs"),
        ([1.0] * 2, 1, None, "only 2 rounds"),
        ([1.0], 1, None, "only 1 round"),
        ([1.0] * 5, 1, 2.5, "load average 2.5 per core"),
        ([1.0] * 2, 1, 2.5, "only 2 rounds; load average 2.5 per core"),
    ],
)
def test_what_makes_timings_unstable_is_said(samples: list[float], loops: int, load: float | None, words: str) -> None:
    assert stats.stability(samples, loops, load) == words


# -- growth ----------------------------------------------------------------------------------------
SIZES = 2.0 ** np.arange(1, 12)


@pytest.mark.parametrize("y", [1.0, 5.0, 35.7, 1e-6])
def test_what_does_not_grow_has_slope_0(y: float) -> None:
    found = stats.growth(SIZES, [y] * len(SIZES))
    assert found is not None
    assert (found.slope, found.error) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("power", [0, 0.5, 1, 2, 3])
def test_an_exact_power_is_found_exactly(power: float) -> None:
    found = stats.growth(SIZES, 7 * SIZES**power)
    assert found is not None
    assert (found.slope, found.error, found.n, found.start) == pytest.approx((power, 0, 11, 2), abs=1e-9)


@pytest.mark.parametrize(("sizes", "power"), [*itertools.product([4, 6, 11], [1, 2])])
def test_a_count_with_a_fixed_part_grows_as_its_other_part(sizes: int, power: int) -> None:
    found = stats.growth(SIZES[:sizes], 35 + 13 * SIZES[:sizes] ** power)
    assert found is not None
    assert (found.slope, found.overhead) == pytest.approx((power, 35), rel=1e-6)


@pytest.mark.parametrize(("overhead", "power"), [(0, 0), (0, 1), (0, 2), (20, 1), (100, 1), (300, 2)])
def test_a_slope_is_within_its_error_about_as_often_as_that_claims(overhead: float, power: float) -> None:
    rng = np.random.default_rng(6)
    held = []
    for _ in range(200):
        found = stats.growth(SIZES, (overhead + SIZES**power) * np.median(noise(rng, 15, len(SIZES)), axis=0))
        assert found is not None
        held.append(abs(found.slope - power) <= found.error < 0.2)
    assert share(held) > 0.9


def test_a_jump_at_the_last_size_is_no_power() -> None:
    found = stats.growth(SIZES, [10, 10.01, 9.99, 10, 10, 10.01, 9.99, 10, 10, 10.1, 14])
    assert found is not None
    assert abs(found.slope) < 0.1


def test_where_the_overhead_cannot_be_told_the_slope_is_that_of_the_largest_sizes() -> None:
    bent = np.concatenate([np.full(5, 30.0), 30 * 2.0 ** np.arange(6)])
    found = stats.growth(SIZES, bent * (1 + 0.02 * np.sin(np.arange(11))))
    assert found is not None
    assert found.slope == pytest.approx(1, abs=0.15)


def test_too_few_sizes_have_no_slope_or_no_error() -> None:
    assert stats.growth([], []) is None
    assert stats.growth([4, 4], [1, 2]) is None
    assert stats.growth([0, 1, 2], [1, 0, 1]) is None
    two = stats.growth([2, 4], [1, 2])
    assert two is not None
    assert (two.slope, two.error) == (pytest.approx(1), math.inf)


@pytest.mark.parametrize("free", [1, 2, 3, 5, 10, 40])
def test_student(free: int) -> None:
    assert stats._student(free) == pytest.approx(student.ppf(0.975, free), rel=2e-3)


# -- crossovers ------------------------------------------------------------------------------------
def samples(rng: np.random.Generator, medians: np.ndarray, rounds: int = 10) -> list[np.ndarray]:
    return [median * noise(rng, rounds) for median in medians]


@pytest.mark.parametrize(("rounds", "widest"), [(3, 3.0), (10, 1.3), (25, 1.2)])
def test_a_crossover_is_found_within_its_interval(rounds: int, widest: float) -> None:
    rng = np.random.default_rng(rounds)
    true, held, widths = 45 / 0.8, [], []
    for seed in range(50):
        found = stats.crossover(SIZES, samples(rng, 5 + SIZES, rounds), samples(rng, 50 + 0.2 * SIZES, rounds), seed)
        assert (found.first, found.last, found.times) == ("a", "b", 1)
        assert found.low is not None
        assert found.high is not None
        held.append(found.low <= true <= found.high)
        widths.append(found.high / found.low)
    assert share(held) > 0.88
    assert np.median(widths) < widest


def test_the_order_of_the_two_and_of_the_sizes_does_not_matter() -> None:
    rng = np.random.default_rng(7)
    a, b = samples(rng, 5 + SIZES), samples(rng, 50 + 0.2 * SIZES)
    found, swapped, reversed_ = (
        stats.crossover(SIZES, a, b),
        stats.crossover(SIZES, b, a),
        stats.crossover(SIZES[::-1], a[::-1], b[::-1]),
    )
    assert (swapped.first, swapped.last) == ("b", "a")
    assert swapped.estimate == pytest.approx(found.estimate)
    assert reversed_.estimate == pytest.approx(found.estimate)


def test_without_a_crossover_the_cheaper_one_is_named() -> None:
    rng = np.random.default_rng(8)
    assert stats.crossover(SIZES, samples(rng, 2 * SIZES), samples(rng, SIZES)) == stats.Crossing("b", "b")
    assert stats.crossover(SIZES, samples(rng, SIZES), samples(rng, 2 * SIZES)) == stats.Crossing("a", "a")


def test_what_cannot_be_told_apart_does_not_cross() -> None:
    x = SIZES[:3]
    equal = [np.array([1.0, 1.1, 0.9, 1.05, 0.95])] * 3
    assert stats.crossover(x, equal, [part[::-1] for part in equal]) == stats.Crossing("", "")
    assert stats.crossover([1.0], [[1.0] * 5], [[2.0] * 5]) == stats.Crossing("a", "a")


def test_of_several_crossovers_the_last_is_told_and_how_many_there_are() -> None:
    rng = np.random.default_rng(9)
    wave = np.array([1, 1, 2, 2, 2, 0.5, 0.5, 0.5, 0.5, 3, 3])
    found = stats.crossover(SIZES, samples(rng, wave * SIZES), samples(rng, 1.4 * SIZES))
    assert (found.first, found.last, found.times) == ("a", "b", 3)
    assert found.estimate is not None
    assert SIZES[8] < found.estimate < SIZES[9]


def test_what_grows_by_hundreds_of_decades_has_a_slope_too() -> None:
    found = stats.growth([4, 16, 64, 256], [1e6, 1e21, 1e79, 1e200])
    assert found is not None
    assert found.slope > 20
