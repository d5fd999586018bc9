"""Cells in processes of their own, budgets, what is skipped, and what is expected."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from away import Hoarding, Named

import adkit as ad
from adkit import harness
from adkit.harness import Campaign, ProblemSource, Settings, Subject, Task, contenders
from adkit.harness.contenders import Contender, blank
from adkit.records import Row

AWAY = Settings(timeout=2.0, seconds=0.02, isolate=True)
HERE = Settings(timeout=2.0, seconds=0.02)


def rows_of(
    name: str, methods: tuple[str, ...] = ("forward", "numerical"), settings: Settings = AWAY
) -> dict[str, Row]:
    rows = harness.run(Named(name).subject(), contenders(methods), settings)
    return {row.method: row for row in rows}


# -- a process for each cell ---------------------------------------------------------------------------
def test_a_cell_in_a_process_of_its_own_has_the_same_counts_and_errors_as_here() -> None:
    def told(row: Row) -> Row:
        times = ("prepare_s", "first_s", "steady_s", "spread_s", "f_s", "overhead_s", "ratio_to_f", "ratio_low")
        times += ("ratio_high", "samples", "f_samples", "loops", "peak_bytes", "stability", "fastest", "tied")
        times += ("ratio_to_manual", "manual_low", "manual_high", "resident_bytes", "kept_bytes")
        return replace(row, **dict.fromkeys(times))

    subject = Subject.of(ad.problems["logistic_regression"], "20x4")
    here, away = (harness.run(subject, None, settings) for settings in (HERE, AWAY))
    assert [told(row) for row in away] == [told(row) for row in here]
    assert all(row.status == "ok" and row.samples for row in away)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process takes up")
def test_only_a_cell_in_a_process_of_its_own_says_what_that_takes_up() -> None:
    subject = Subject.of(ad.problems["mlp"], "784-128-64-10x32")
    here, away = (harness.run(subject, contenders(["reverse"]), settings)[0] for settings in (HERE, AWAY))
    assert (here.resident_bytes, here.kept_bytes) == (None, None)
    # The gradient alone, of 109,386 numbers.
    assert 8 * 109_386 <= away.resident_bytes <= 2 * away.peak_bytes
    assert away.kept_bytes == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process takes up")
def test_what_a_method_keeps_from_call_to_call_is_weighed_and_there_again_afterwards() -> None:
    (row,) = harness.run(Named("well").subject(), [Contender("hoards", Hoarding().method(), Hoarding())], AWAY)
    assert (row.status, row.note) == ("ok", "")
    assert 2**24 <= row.kept_bytes < 2**25
    assert row.resident_bytes < 2**22


@pytest.mark.parametrize(
    ("name", "words"),
    [("dies", "ended by itself with exit code 7"), ("is_killed", "was ended by SIGKILL")],
)
def test_a_process_that_ends_is_a_row_and_the_others_go_on(name: str, words: str) -> None:
    rows = rows_of(name)
    assert rows["forward"].status == "error"
    assert words in rows["forward"].note
    assert rows["numerical"].status == "ok"


@pytest.mark.parametrize(
    ("name", "words"),
    [("tires", "it raised RuntimeError: tired"), ("dies_late", "it ended by itself with exit code 7")],
)
def test_what_fails_only_while_it_is_timed_is_a_row_and_the_others_are_timed(name: str, words: str) -> None:
    rows = rows_of(name)
    assert rows["forward"].status == "error"
    assert f"right at first, but {words} when" in rows["forward"].note
    assert rows["numerical"].status == "ok"
    assert rows["numerical"].samples


def test_what_raises_only_while_it_is_timed_is_a_row_in_this_process_too() -> None:
    calls = iter(range(100))
    tired = ad.Manual(lambda x: 2 * x + 0 * next(calls))
    rows = harness.run(Subject(lambda x: x * x, (3.0,)), contenders([tired, "reverse"]), HERE)
    assert [row.status for row in rows] == ["error", "ok"]
    assert "raised StopIteration" in rows[0].note


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')")
def test_what_forks_answers_once() -> None:
    rows = rows_of("forks")
    assert [row.status for row in rows.values()] == ["ok", "ok"]


def test_what_hangs_is_stopped_and_the_others_go_on() -> None:
    rows = rows_of("hangs", settings=replace(AWAY, timeout=0.3))
    assert rows["forward"].status == "timeout"
    assert "its process was stopped" in rows["forward"].note
    assert rows["numerical"].status == "ok"


@pytest.mark.skipif("sys.platform != 'linux'")
def test_a_limit_of_memory_is_kept() -> None:
    rows = rows_of("eats_memory", settings=replace(AWAY, memory=10**9))
    assert rows["forward"].status == "too large"
    assert "memory" in rows["forward"].note
    assert rows["numerical"].status == "ok"
    assert rows_of("well", settings=replace(AWAY, memory=10**9))["forward"].status == "ok"


def test_what_f_prints_does_not_mix_with_results(capfd) -> None:
    assert rows_of("talks")["forward"].status == "ok"
    assert "f talks" not in capfd.readouterr().out


def test_a_method_that_only_this_process_has_is_worked_on_here() -> None:
    class Mine(ad.Method):
        name = "mine"

        def value_and_gradient(self, call, cache):
            return ad.Reverse().value_and_gradient(call, cache)

    (row,) = harness.run(Named("well").subject(), contenders([Mine()]), AWAY)
    assert (row.method, row.status) == ("mine", "ok")


# -- many subjects ---------------------------------------------------------------------------------------
class Slow(ad.Method):
    """A method whose time is up from some size on."""

    name = "slow"

    def value_and_gradient(self, call, cache):
        return ad.Reverse().value_and_gradient(call, cache)


def campaign_of(
    statuses: dict[float, str], sizes: list[float], known: dict[str, str] | None = None, **more
) -> list[Row]:
    """Rows of a campaign whose subjects come out as they are told to."""
    tasks = [Task(_Sized(x, known), contenders(["reverse"]), **more) for x in sizes]
    campaign = Campaign(tasks, HERE)
    seen: list[float] = []

    def run(subject, chosen, settings, report):
        x = subject.parameters["n"]
        seen.append(x)
        return [replace(blank(subject, c), status=statuses.get(x, "ok")) for c in chosen]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adkit.harness.campaign.run", run)
        return [row for _, rows in campaign.run() for row in rows]


class _Sized:
    def __init__(self, n: float, expect: dict[str, str] | None = None) -> None:
        self.n, self.expect = n, expect or {}

    def subject(self) -> Subject:
        return Subject(np.square, (1.0,), problem="p", size=str(self.n), parameters={"n": self.n}, expect=self.expect)


def test_after_a_timeout_larger_sizes_are_not_run_and_say_so() -> None:
    rows = campaign_of({8: "timeout"}, [4, 8, 16, 2, 32])
    assert [row.status for row in rows] == ["ok", "timeout", "skipped", "ok", "skipped"]
    assert rows[2].note == "not run: it timed out at 8 already"


def test_what_a_task_expects_goes_before_what_its_problem_does() -> None:
    (row,) = campaign_of({4: "wrong"}, [4], known={"reverse": "timeout"}, expect={"rev*": "wrong"})
    assert (row.expected, row.surprise) == ("wrong", False)


def test_what_was_expected_is_on_the_row_and_a_surprise_in_either_direction() -> None:
    rows = campaign_of({4: "timeout"}, [2, 4], expect={"rev*": "timeout"})
    assert [(row.status, row.expected, row.surprise) for row in rows] == [
        ("ok", "timeout", True),
        ("timeout", "timeout", False),
    ]
    rows = campaign_of({4: "wrong"}, [2, 4], expect={"reverse": "ok or wrong"})
    assert not any(row.surprise for row in rows)


def test_a_campaign_goes_on_from_what_is_done() -> None:
    tasks = [Task(ProblemSource("logistic_map", str(n), 0), contenders(["reverse"])) for n in (2, 3)]
    (_, first), (_, second) = Campaign(tasks, HERE).run()
    kept = [replace(first[0], note="kept")]
    again = dict(Campaign(tasks, HERE).run(done={0: kept}))
    assert again[0] == kept
    assert again[1][0].value == second[0].value


def test_among_several_a_subject_without_a_value_is_a_row_and_alone_it_is_refused() -> None:
    class Nan:
        def subject(self) -> Subject:
            return Subject(lambda x: np.nan * x, (1.0,), problem="nan")

    bad, good = Task(Nan(), contenders(["reverse"])), Task(ProblemSource("bivariate", "", 0), contenders(["reverse"]))
    rows = [row for _, rows in Campaign([bad, good], HERE).run() for row in rows]
    assert [row.status for row in rows] == ["error", "ok"]
    with pytest.raises(ad.BadRequest, match="is nan at this point"):
        list(Campaign([bad], HERE).run())


class Clock:
    """Time that passes only when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_budget_is_shared_among_the_subjects_that_are_left() -> None:
    clock, shares = Clock(), []

    def run(subject, chosen, settings, report):
        shares.append(settings.seconds)
        clock.now += {2: 5.0, 3: 1.0, 4: 4.0}[subject.parameters["n"]]
        return [blank(subject, c) for c in chosen]

    tasks = [Task(_Sized(n), contenders(["reverse"])) for n in (2, 3, 4, 5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adkit.harness.campaign.run", run)
        found = dict(Campaign(tasks, replace(HERE, budget=10.0)).run(clock=clock))
    assert shares == [2.5, pytest.approx(5 / 3), 2.0]
    assert found[3][0].status == "skipped"
    assert "budget of 10 s was used up" in found[3][0].note


# -- what f and methods do to others ---------------------------------------------------------------------
def test_an_f_that_hangs_is_stopped_before_anything_waits_for_it() -> None:
    campaign = Campaign([Task(Named("hangs_always"), contenders(["reverse"]))], replace(AWAY, timeout=0.2))
    rows = [row for _, rows in campaign.run() for row in rows]
    assert [row.status for row in rows] == ["timeout"]
    assert rows[0].note.startswith("without a reference: f did not answer within ")


class Tiring(ad.Method):
    """Reverse mode that gives zeros from some call on."""

    name = "tiring"

    def __init__(self) -> None:
        self.calls = 0

    def value_and_gradient(self, call, cache):
        self.calls += 1
        out, leaves = ad.Reverse().value_and_gradient(call, cache)
        return out, [0.0 * leaf for leaf in leaves] if self.calls > 40 else leaves


def test_a_method_that_answers_otherwise_after_many_calls_is_wrong_and_has_no_time() -> None:
    tiring, reverse = harness.run(Named("well").subject(), contenders([Tiring(), "reverse"]), HERE)
    assert (tiring.status, tiring.note) == ("wrong", "after many calls it gives another derivative")
    assert tiring.steady_s is None
    assert reverse.fastest


def test_a_derivative_by_hand_that_two_others_contradict_is_a_surprise_on_every_row() -> None:
    subject = Subject(lambda x: x**3, (2.0,), problem="cubed", joint=lambda x: (x**3, 3.1 * x**2))
    rows = harness.run(subject, contenders(["reverse", "forward"]), HERE)
    assert [(row.status, row.surprise) for row in rows] == [("ok", True), ("ok", True)]
    assert rows[0].note == "the hand-derived gradient that the problem brings is not what SymPy in 50-digit mpmath says"


def test_what_f_does_to_numpy_and_to_random_states_ends_with_the_comparison() -> None:
    def rude(x):
        np.seterr(all="raise")
        np.random.seed(3)  # noqa: NPY002
        return x * x

    before = np.geterr(), np.random.get_state()[1].tolist()  # noqa: NPY002
    harness.run(Subject(rude, (2.0,)), contenders(["reverse"]), HERE)
    assert (np.geterr(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_of_a_slow_f_as_much_is_asked_as_there_is_time_for() -> None:
    from adkit.harness.reference import references_for

    calls = []

    def slow(x):
        calls.append(time.sleep(0.01))
        return float(x[0]) * math.exp(float(x[1]))

    found = references_for(Subject(slow, (np.ones(2),)), patience=0.05)
    assert found.first.name.startswith("adaptive differences")
    few = len(calls)
    calls.clear()
    references_for(Subject(slow, (np.ones(2),)), patience=60.0)
    assert few < len(calls)
