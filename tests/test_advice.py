"""What follows from the rows: the recommendation, the growth of costs, and where one method overtakes another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adkit.records import Row
from adkit.report import Comparison, advice, growth

NOISE = np.random.default_rng(0).lognormal(0, 0.02, 25)


def row(method: str, micros: float, size: str = "4", **given: Any) -> Row:
    """A method that is right, and takes so long; f takes one microsecond."""
    samples = tuple(micros * 1e-6 * NOISE)
    parameters = {"n": int(size)} if size.isdigit() else {}
    right = Row("p", size, method, "ok", steady_s=micros * 1e-6, ratio_to_f=micros, f_s=1e-6, samples=samples)
    return replace(right, parameters=parameters, **given)


def failed(method: str, status: Any, size: str = "4", **given: Any) -> Row:
    return Row("p", size, method, status, parameters={"n": int(size)}, **given)


def advised(*rows: Row) -> str:
    """The recommendation, the fastest marked as the harness does."""
    marked = []
    for one in rows:
        rivals = [x for x in rows if x.size == one.size and x.status == "ok" and x.exact and x.ranked and x.steady_s]
        best = min(rivals, key=lambda x: x.steady_s or 0.0, default=None)
        marked.append(replace(one, fastest=one is best))
    [(_, text)] = advice.recommendations(marked)
    return text


# -- at one size -----------------------------------------------------------------------------------
def test_the_quickest_is_recommended_with_its_figures() -> None:
    text = advised(
        row("forward", 40, peak_bytes=9_000),
        row("reverse", 20, ratio_low=19.0, ratio_high=21.0, max_rel_error=2e-16, peak_bytes=1_000),
    )
    assert text == (
        "use reverse: it takes 20 times as long as f (19 to 21), is 2 times as fast as forward (2 to 2), is right to "
        "2.0e-16 and needs 1 kB of memory (forward 9 kB)."
    )


def test_what_is_wrong_is_never_recommended_however_quick() -> None:
    text = advised(row("reverse", 20), replace(row("symbolic", 1), status="wrong"))
    assert text.startswith("use reverse")
    assert text.endswith("Wrong: symbolic.")


def test_neither_a_gradient_by_hand_nor_differences_are_contenders() -> None:
    text = advised(row("reverse", 20), row("manual", 1, ranked=False), row("numerical", 2, exact=False))
    assert "use reverse: it takes 20 times as long as f" in text


def test_where_nothing_exact_works_differences_are_what_is_left() -> None:
    text = advised(
        failed("reverse", "error"),
        row("numerical", 9, exact=False, max_rel_error=1e-9, f_calls=9),
        failed("x", "wrong"),
    )
    assert text == "nothing exact works here; numerical is right to 1.0e-09 with 9 evaluations of f. Wrong: x."


def test_what_is_exact_is_not_said_to_fail_where_it_was_not_tried() -> None:
    tried = row("numerical", 9, exact=False, max_rel_error=1e-9), row("manual", 1, ranked=False)
    assert advised(*tried) == "nothing exact was tried; numerical is right to 1.0e-09."


def test_where_nothing_is_right_nothing_is_recommended() -> None:
    assert advised(failed("reverse", "wrong"), failed("forward", "timeout")) == (
        "nothing can be recommended, since nothing came out right (wrong, timeout). Wrong: reverse."
    )
    assert advised(row("manual", 1, ranked=False)) == "only manual came out right: nothing to choose."
    untimed = replace(row("reverse", 1), steady_s=None)
    assert advised(untimed) == "reverse came out right, but nothing was timed."


def test_a_tie_is_no_victory() -> None:
    text = advised(row("forward", 20.1, tied=True), row("reverse", 20), row("symbolic", 80))
    assert text.startswith("use reverse or forward: no difference in time was found; reverse takes 20 times")
    assert "is 4 times as fast as symbolic" in text


def test_a_long_preparation_has_to_pay() -> None:
    text = advised(row("symbolic", 10, prepare_s=0.1, first_s=1e-5), row("reverse", 20, first_s=1e-5))
    assert text.endswith("Preparing it takes 100 ms, which pays from 10,000 calls on; for fewer, use reverse.")
    assert "Preparing" not in advised(row("symbolic", 10, prepare_s=1e-6), row("reverse", 20))


def test_a_quicker_gradient_by_hand_is_told_of() -> None:
    by_hand = row("manual", 2, ranked=False)
    assert advised(row("reverse", 20), by_hand) == (
        "of the automatic methods use reverse: it takes 20 times as long as f; what is written by hand is 10 times as "
        "fast."
    )
    assert "by hand" not in advised(row("reverse", 20), replace(by_hand, status="wrong"))
    assert "by hand" not in advised(row("reverse", 20), row("manual", 30, ranked=False))
    assert advised(*crossing(), row("manual", 3, "256", ranked=False)).startswith(
        "of the automatic methods use forward"
    )


def test_a_ratio_that_could_be_anything_is_not_told() -> None:
    text = advised(row("reverse", 20, ratio_low=2.4, ratio_high=73.0), row("forward", 40))
    assert text.startswith("use reverse: it was timed too unsteadily to tell how many times as long as f it takes")
    assert "2.4" not in text
    wild = tuple(4e-5 * 4.0 ** np.arange(-3.0, 3.0))
    text = advised(row("reverse", 20), row("forward", 40, samples=wild))
    assert "was timed too unsteadily to tell how much faster than forward it is" in text


def test_what_was_timed_once_has_won_nothing() -> None:
    text = advised(row("reverse", 20, samples=(2e-5,)), row("forward", 40))
    assert "times as fast" not in text
    assert "was timed in a single round, too few to tell how much faster than forward it is" in text


def test_a_long_preparation_is_told_along_sizes_too() -> None:
    prepared = [
        replace(x, prepare_s=0.063 if x.method == "symbolic" else 1e-5)
        for x in sweep(("symbolic", lambda n: 10), ("reverse", lambda n: 11.4))
    ]
    text = advised(*prepared)
    assert text.startswith("use symbolic at every size")
    assert "At 256 preparing symbolic takes 63 ms, which pays from 45,000 calls on; for fewer, use reverse." in text


def test_a_long_preparation_has_to_pay_against_the_best_of_the_others() -> None:
    text = advised(
        row("symbolic", 10, prepare_s=0.1), row("reverse", 20, prepare_s=1e-5), row("forward", 1000, prepare_s=0.0)
    )
    assert text.endswith("pays from 10,000 calls on; for fewer, use reverse.")


def test_what_is_no_quicker_is_not_worth_a_long_preparation() -> None:
    text = advised(row("symbolic", 20, prepare_s=0.1), row("reverse", 20.1, tied=True))
    assert text.endswith("Preparing symbolic takes 100 ms, which reverse does without.")


def test_what_takes_no_time_to_prepare_is_not_said_to() -> None:
    text = advised(row("reverse", 20, prepare_s=2e-5, first_s=0.2), row("forward", 20.1, first_s=0.1, tied=True))
    assert "reparing" not in text


def test_each_sweep_of_a_problem_has_its_own_answer() -> None:
    over_n = [replace(x, size=f"{x.size}x9", parameters={"n": int(x.size), "m": 9}) for x in crossing()]
    over_m = [
        replace(x, size=f"9x{x.size}", parameters={"n": 9, "m": int(x.size)})
        for x in sweep(("forward", lambda n: n), ("reverse", lambda n: 2 * n))
    ]
    text = advised(*over_n, *over_m)
    assert text.startswith(
        "over n at m = 9 use forward up to n = 16; reverse from n = 32 on (reverse overtakes forward"
    )
    assert "Over m at n = 9 use forward at every size; at m = 256 it takes 256 times as long as f" in text


def test_the_headline_of_several_sweeps_is_a_sentence_of_each() -> None:
    over_n = [replace(x, size=f"{x.size}x9", parameters={"n": int(x.size), "m": 9}) for x in crossing()]
    over_m = [replace(x, size=f"9x{x.size}", parameters={"n": 9, "m": int(x.size)}) for x in crossing()]
    [(_, text)] = advice.headlines([*over_n, *over_m])
    assert text.startswith("over n at m = 9 use forward up to n = 16; reverse from n = 32 on")
    assert ". Over m at n = 9 use forward up to m = 16; reverse from m = 32 on" in text
    assert "times as long" not in text


def test_doubts_are_said() -> None:
    assert "The machine was not quiet" in advised(row("reverse", 20, stability="only 2 rounds"), row("forward", 40))
    assert "The check is weak: zeros would pass." in advised(row("reverse", 20, vacuous="zeros"))


# -- over sizes ------------------------------------------------------------------------------------
SIZES = [2**k for k in range(1, 9)]


def sweep(*methods: tuple[str, Callable[[int], float]]) -> list[Row]:
    return [row(name, cost(n), str(n)) for n in SIZES for name, cost in methods]


def crossing() -> list[Row]:
    """Forward takes n, reverse thirty however many there are: they meet at n = 30."""
    return sweep(("forward", lambda n: n), ("reverse", lambda n: 30))


def test_one_method_at_every_size() -> None:
    text = advised(*sweep(("forward", lambda n: 2 * n), ("reverse", lambda n: n)))
    assert text.startswith("use reverse at every size; at 256 it takes 256 times as long as f and is 2 times as fast")


def test_where_the_answer_changes_it_says_at_what_size() -> None:
    text = advised(*crossing())
    assert text.startswith("use forward up to 16; reverse from 32 on (reverse overtakes forward at n = ")
    assert "At 256 reverse takes 30 times as long as f and is 8.53 times as fast as forward" in text


def test_sizes_are_told_from_small_to_large_in_whatever_order_they_came() -> None:
    assert advised(*crossing()[::-1]) == advised(*crossing())


def test_what_gave_nothing_at_the_largest_size_is_named() -> None:
    text = advised(row("forward", 1), row("reverse", 2), failed("forward", "timeout", "8"), row("reverse", 3, "8"))
    assert text.startswith("use forward at 4; reverse at 8. At 8 reverse takes 3 times as long as f")
    assert text.endswith("and leaves behind forward (timeout).")


def test_sizes_at_which_nothing_came_out_right_are_named() -> None:
    assert "At 8 nothing exact came out right." in advised(row("reverse", 2), failed("reverse", "timeout", "8"))


def test_a_tie_goes_to_the_method_that_wins_the_other_sizes() -> None:
    rows = [
        row("forward", 9, "2"),
        row("reverse", 9.1, "2", tied=True),
        row("forward", 20, "4"),
        row("reverse", 9, "4"),
    ]
    assert advised(*rows).startswith("use reverse at every size (at 2 no quicker than forward); at 4 it takes 9 times")


def test_where_the_winner_keeps_changing_the_wins_are_counted() -> None:
    text = advised(*sweep(("forward", lambda n: 10), ("reverse", lambda n: 5 if n in (2, 8, 32, 64) else 20)))
    assert text == "it depends on the size: of 8 sizes reverse at 4, forward at 4; see the table."


# -- growth ----------------------------------------------------------------------------------------
def test_a_sweep_is_along_one_parameter_with_the_others_fixed() -> None:
    rows = [replace(row("reverse", n + m), parameters={"n": n, "m": m}) for n in (1, 2, 3) for m in (5, 6)]
    found = growth.sweeps(rows)
    assert [(s.title, s.values) for s in found] == [("p over n at m = 5", [1, 2, 3]), ("p over n at m = 6", [1, 2, 3])]


def test_what_only_a_method_has_is_no_parameter_of_the_problem() -> None:
    steps = [replace(row("numerical", 5), parameters={"h": 10.0**-k}) for k in range(4)]
    assert growth.sweeps([row("reverse", 1), *steps]) == []


def test_slopes_and_crossovers_of_a_sweep() -> None:
    [found] = growth.sweeps(crossing())
    slopes = growth.slopes(found)
    assert slopes["forward"]["time"].slope == pytest.approx(1)
    assert slopes["reverse"]["time"].slope == pytest.approx(0)
    [meeting] = growth.meetings(found)
    assert meeting.crossing.estimate == pytest.approx(30, rel=0.05)
    assert growth.told(found) == ["reverse overtakes forward at n = 30 (95 %: 30 to 30)"]


def test_a_wrong_row_is_in_no_slope() -> None:
    rows = [replace(x, status="wrong") if x.method == "forward" else x for x in crossing()]
    [found] = growth.sweeps(rows)
    assert set(growth.slopes(found)) == {growth.F, "reverse"}
    assert growth.told(found) == []


def test_forward_and_reverse_are_told_of_even_where_they_do_not_meet() -> None:
    [found] = growth.sweeps(sweep(("forward", lambda n: 2 * n), ("reverse", lambda n: n), ("other", lambda n: 9 * n)))
    assert growth.told(found) == ["reverse is quicker than forward wherever a difference shows, from n = 2 to 256"]


def test_slopes_are_in_every_rendering() -> None:
    text = Comparison(crossing(), {}).to_markdown()
    assert "### p over n" in text
    assert "| forward | 1.00 |" in " ".join(text.split())
    assert "**Recommendation.** For p, use forward up to 16" in text
    assert Comparison(crossing(), {}).recommendation.startswith("p: use ")
