"""Pace, age, schedule and calibration on plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final

import pytest

from aura_planning.forecasting import forecasting
from aura_planning.forecasting.ageing import draw_rest
from aura_planning.forecasting.calibrating import (
    Lean,
    Trial,
    at_level,
    learn,
    scores,
    silence,
    walk,
)
from aura_planning.forecasting.forecasting import Asked, forecast_plan
from aura_planning.forecasting.lives import History, Life
from aura_planning.forecasting.pace import HORIZON, METHOD, Method, pace_of
from aura_planning.forecasting.simulating import BEYOND, MARKS, Simulated, Work, simulate
from aura_planning.items.ledger import Ledger
from aura_planning.items.reading import read_item
from aura_shared.errors import Cancelled
from aura_shared.settings import PlanSettings
from plan_forecast_rig import TODAY, even_history
from plan_items_rig import item_text

LAST: Final = TODAY.toordinal()
STEADY: Final = Method(spread=0.0, short=0.0, slower=0.0)


def bursts(seed: int, items: int = 120) -> History:
    """Work in weeks, with pauses between them."""
    random = Random(seed)
    days: list[int] = []
    day = 0
    while len(days) < items:
        day += 1 if random.random() < 0.8 else random.randrange(3, 15)
        days += [day] * random.choice((0, 1, 1, 2, 4))
    return History([Life(f"i{number:04}", one // 2, None, one) for number, one in enumerate(days)], days[-1])


def run(work: Work, **fields: object) -> Simulated:
    pace = pace_of(even_history(every=1), STEADY)
    options: dict[str, object] = {"runs": 20, "workers": 1, "usual": 1, **fields}
    return simulate(work, pace, Random(1), **options)  # pyright: ignore[reportArgumentType]


# -- silence ---------------------------------------------------------------------------------------


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("finished", "last", "begins"),
    [
        ([1] * 7, 1, "the history is too short: 7 finished items"),
        ([1], 1, "the history is too short: 1 finished item of"),
        ([1] * 20, 1, "the history is too short: all items were finished on 1 days"),
        (list(range(1, 20)), 70, "the history is too old: nothing was finished for 51 days"),
        (list(range(1, 20)), 64, ""),
    ],
    ids=["seven", "one", "one day", "old", "enough"],
)
def test_nothing_is_said_on_too_little(finished: Sequence[int], last: int, begins: str) -> None:
    reason = silence(History([Life(f"{n}", 0, None, one) for n, one in enumerate(finished)], last))
    assert reason.startswith(begins)
    assert bool(reason) == bool(begins)


# -- pace and age ----------------------------------------------------------------------------------


@pytest.mark.requirement("A4")
def test_an_even_pace_goes_on_evenly() -> None:
    path, longer = pace_of(even_history(every=2), STEADY).run(Random(3), 10)
    assert path[-1] == 10
    assert 17 <= len(path) <= 23
    assert longer == pytest.approx(1.0)


@pytest.mark.requirement("A4")
def test_a_run_ends_at_the_horizon_when_more_comes_than_is_done() -> None:
    lives = [Life(f"{n}", LAST - n, None, LAST - n if n % 3 else None) for n in range(60)]
    pace = pace_of(History(lives, LAST))
    assert len(pace.run(Random(1), 5, growth=1.0)[0]) == HORIZON
    assert len(pace.run(Random(1), 5)[0]) < 60
    assert not pace.still
    assert pace_of(History(lives[:1], LAST)).still


@pytest.mark.requirement("A4")
def test_old_work_is_forgotten_and_points_are_counted() -> None:
    old = [Life(f"o{n}", 0, None, n) for n in range(50)]
    new = [Life(f"n{n}", LAST - 30, None, LAST - n, points=3) for n in range(20)]
    history = History([*old, *new], LAST)
    pace = pace_of(history, METHOD, [3.0] * 70)
    assert sum(pace.done) == 60


@pytest.mark.requirement("A4")
def test_what_has_taken_long_takes_long_again() -> None:
    cycles = [(1, True)] * 20 + [(30, True)] * 3
    young = draw_rest(cycles, 0, Random(1), 500)
    old = draw_rest(cycles, 10, Random(1), 500)
    ancient = draw_rest(cycles, 100, Random(1), 500)
    assert at_level(young, 0.5) < at_level(old, 0.5) < at_level(ancient, 0.5)
    assert min(young) >= 1
    assert max(ancient) <= HORIZON


@pytest.mark.requirement("A4")
def test_what_is_not_done_counts_as_longer_than_it_took_so_far() -> None:
    done = [(2, True)] * 10
    stuck = sorted([*done, *[(40, False)] * 20])
    assert at_level(draw_rest(stuck, 0, Random(1), 500), 0.5) > at_level(draw_rest(done, 0, Random(1), 500), 0.5)


@pytest.mark.requirement("A4")
def test_the_past_is_known_only_up_to_its_day() -> None:
    life = Life("a", 1, 3, 5)
    history = History([life, Life("b", 4), Life("c", 1, None, None, 6)], 9, [2, 7])
    assert history.as_of(4) == History([Life("a", 1, 3), Life("b", 4), Life("c", 1)], 4, [2])
    assert history.as_of(2).open == [Life("a", 1), Life("c", 1)]
    assert [one.key for one in history.open] == ["b"]
    assert history.cycles() == [(2, True)]
    assert History([Life("c", 1, 2, None, 6), Life("d", 1, 4)], 9).cycles() == [(4, False), (5, False)]


# -- schedule --------------------------------------------------------------------------------------


@pytest.mark.requirement("A4")
def test_one_worker_does_everything_in_order_and_after_what_it_waits_for() -> None:
    found = run(Work([1.0] * 4, [[3], [], [], []], [0, 1, 2, 3]))
    medians = [sorted(days)[10] for days in found.days]
    assert medians == [4, 1, 2, 3]
    assert sorted(found.whole)[10] == 4
    assert [sorted(one)[10] for one in found.marks] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert len(found.marks) == MARKS


@pytest.mark.requirement("A4")
def test_workers_share_what_is_ready_and_a_chain_is_not_shared() -> None:
    free = run(Work([1.0] * 8, [[] for _ in range(8)], range(8)), workers=4)
    chain = run(Work([1.0] * 8, [[n - 1] if n else [] for n in range(8)], range(8)), workers=4)
    assert sorted(free.whole)[10] == 2
    assert sorted(chain.whole)[10] == 8
    assert chain.chained == [20] * 8
    usual = run(Work([1.0] * 8, [[] for _ in range(8)], range(8)), workers=4, usual=4)
    assert sorted(usual.whole)[10] == 8


@pytest.mark.requirement("A4")
def test_twice_as_many_keep_up_with_a_plan_that_grows_as_fast_as_it_is_done() -> None:
    lives = [Life(f"{n}", LAST - 60 + n, None, LAST - 59 + n) for n in range(60)]
    work = Work([1.0] * 10, [[] for _ in range(10)], range(10))
    pace = pace_of(History(lives, LAST), STEADY)
    one, two = (simulate(work, pace, Random(1), runs=20, workers=workers, usual=1).growing for workers in (1, 2))
    assert at_level(sorted(one), 0.5) > 100
    assert at_level(sorted(two), 0.5) == pytest.approx(10, abs=2)


@pytest.mark.requirement("A4")
def test_a_very_large_plan_is_done_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting, "_MOST_STEPS", 60_000)
    plan = ledger_of(*(item_text(f"t{n:05}", "task") for n in range(200)))
    found = forecast_plan(plan, PlanSettings(), even_history(), Asked(TODAY, runs=2000))
    assert found.runs == 300
    assert found.whole is not None
    assert found.whole.open == 200


@pytest.mark.requirement("A4")
def test_stops_take_no_time_and_hand_on() -> None:
    work = Work([1.0, 0.0, 0.0, 1.0], [[], [0], [1], [2]], [3, 2, 1, 0], frozenset({1, 2}))
    assert sorted(run(work).days[3])[10] == 2
    first = Work([0.0, 1.0], [[], [0]], [0, 1], frozenset({0}))
    assert sorted(run(first, workers=2).days[1])[10] == 1


@pytest.mark.requirement("A4")
def test_the_chain_leads_to_what_was_asked_for() -> None:
    work = Work([1.0, 5.0, 1.0, 1.0], [[], [], [0], [1]], range(4))
    assert run(work).chained == [0, 20, 0, 20]
    assert run(work, goals=[2]).chained == [20, 0, 20, 0]


@pytest.mark.requirement("A4")
def test_lengths_vary_as_they_did_and_their_sum_stays() -> None:
    work = Work([1.0] * 10, [[] for _ in range(10)], range(10))
    found = run(work, factors=(0.2, 1.8), runs=200)
    assert len(set(found.days[0])) > 1
    assert sorted(found.whole)[100] == 10


@pytest.mark.requirement("A4")
def test_what_lies_beyond_the_horizon_is_marked_and_nothing_takes_nothing() -> None:
    found = run(Work([5000.0], [[]], [0]))
    assert set(found.whole) == {BEYOND}
    assert run(Work([], [], [])).whole == [0] * 20
    assert run(Work([0.0], [[]], [0]), factors=(1.0,)).whole == [1] * 20


@pytest.mark.requirement("A4")
def test_a_simulation_can_be_stopped() -> None:
    calls = iter([False] * 20 + [True])
    with pytest.raises(Cancelled):
        run(Work([1.0], [[]], [0]), stopped=lambda: next(calls))
    with pytest.raises(Cancelled):
        walk(even_history(), stopped=lambda: True)


# -- calibration -----------------------------------------------------------------------------------


@pytest.mark.requirement("A4")
def test_forecasts_of_bursts_are_kept_about_as_often_as_they_say() -> None:
    counted, within = [0, 0], [0, 0]
    for seed in range(6):
        for one in scores(walk(bursts(seed), runs=150, moments=40)):
            for level in (0, 1):
                counted[level] += one.counted[level]
                within[level] += one.within[level]
    assert counted[1] > 400
    assert 0.45 <= within[0] / counted[0] <= 0.75
    assert 0.82 <= within[1] / counted[1] <= 0.99


@pytest.mark.requirement("A4")
def test_a_back_test_uses_nothing_that_came_later() -> None:
    whole = bursts(3)
    cut = whole.as_of(whole.finished[60])
    day = sorted({one.day for one in walk(cut, moments=20)})[5]
    early = [(one.what, one.draws) for one in walk(cut, moments=20) if one.day == day]
    changed = History([one for one in whole.lives if one.added <= day or one.added > cut.last], cut.last)
    late = [(one.what, one.draws) for one in walk(changed.as_of(cut.last), moments=20) if one.day == day]
    assert not late or early == late
    assert walk(History([Life("a", 0, None, 1)], 5)) == []


@pytest.mark.requirement("A4")
def test_items_in_work_are_tried_as_well() -> None:
    trials = walk(even_history(cycle=3), moments=30)
    begun = [one for one in trials if one.what == "begun"]
    assert begun
    assert all(one.actual in {1, 2, 3, None} for one in begun)
    assert [one.what for one in scores(trials)][-1] == "begun"


@pytest.mark.requirement("A4")
def test_where_forecasts_fell_short_later_ones_are_more_careful_and_never_bolder() -> None:
    draws = tuple(range(1, 101))
    short = [Trial(day, "next 5", draws, 99, 200) for day in range(50)]
    sure = [Trial(day, "next 5", draws, 50, 200) for day in range(50)]
    assert learn(short).level(0.85) > 0.95
    assert learn(sure) == Lean(0.0, 1.0)
    assert learn(sure).level(0.85) == pytest.approx(0.85)
    assert learn(short, 0) == Lean(0.0, 1.0)  # nothing was known then
    assert learn([Trial(0, "next 5", draws, None, 90)] * 40).level(0.85) > 0.85  # still open is known as well
    assert learn([Trial(0, "next 5", draws, None, 10)] * 40) == Lean(0.0, 1.0)


@pytest.mark.requirement("A4")
def test_a_forecast_counts_once_it_is_known_how_it_ended() -> None:
    draws = tuple(range(1, 101))
    found = scores([
        Trial(0, "next 5", draws, 40, 100),
        Trial(1, "next 5", draws, 70, 100),
        Trial(2, "next 5", draws, None, 90),
        Trial(3, "next 5", draws, None, 60),
        Trial(4, "next 5", draws, None, 10),
    ])  # fmt: skip
    assert [(one.what, one.counted, one.within) for one in found] == [("next 5", (4, 3), (1, 2))]


# -- a whole plan ----------------------------------------------------------------------------------


def ledger_of(*texts: str) -> Ledger:
    found = [read_item(f".ai/tasks/{text[8:14]}-x.md", text.encode()).item for text in texts]
    return Ledger(one for one in found if one is not None)


@pytest.mark.requirement("A4")
def test_points_are_counted_where_nearly_everything_has_some() -> None:
    lives = [Life(f"d{n}", LAST - 60, None, LAST - n * 2, points=2.0) for n in range(20)]
    history = History(lives, LAST)
    plan = ledger_of(item_text("t0aaaa", "task", estimate=8), item_text("t1aaaa", "task", estimate=2))
    found = forecast_plan(plan, PlanSettings(), history, Asked(TODAY, runs=200))
    assert found.points
    assert found.whole is not None
    assert found.whole.p50 is not None
    assert 6 <= found.whole.p50 <= 16  # ten points at two every second day
    without = forecast_plan(ledger_of(item_text("t0aaaa", "task")), PlanSettings(), history, Asked(TODAY, runs=200))
    assert not without.points


@pytest.mark.requirement("A4")
def test_what_is_in_work_is_forecast_from_its_age() -> None:
    history = even_history(cycle=2)
    lives = [*history.lives, Life("t0aaaa", LAST - 40, LAST - 30)]
    plan = ledger_of(item_text("t0aaaa", "task", status="in-progress"), item_text("t1aaaa", "task"))
    found = forecast_plan(plan, PlanSettings(), History(lives, LAST), Asked(TODAY, runs=200))
    aged = found.items[".ai/tasks/t0aaaa-x.md"]
    assert aged.by_age
    assert aged.p85 is not None
    assert aged.p85 > 30  # it has taken thirty days, where others took two
    assert not found.items[".ai/tasks/t1aaaa-x.md"].by_age


@pytest.mark.requirement("A4")
def test_a_plan_in_a_circle_is_forecast_without_the_edge_that_closes_it() -> None:
    plan = ledger_of(
        item_text("t0aaaa", "task", depends_on="[t1aaaa]"), item_text("t1aaaa", "task", depends_on="[t0aaaa]")
    )
    found = forecast_plan(plan, PlanSettings(), even_history(), Asked(TODAY, runs=200))
    assert found.whole is not None
    assert found.whole.open == 2


@pytest.mark.requirement("A4")
def test_the_same_input_gives_the_same_bytes() -> None:
    plan = ledger_of(item_text("t0aaaa", "task"), item_text("t1aaaa", "task", depends_on="[t0aaaa]"))
    history = bursts(1)
    day = TODAY - timedelta(0)
    made = [forecast_plan(plan, PlanSettings(), history, Asked(day, 2, 300)) for _ in range(2)]
    assert repr([made[0].items, made[0].whole, made[0].marks, made[0].scores]) == repr([
        made[1].items, made[1].whole, made[1].marks, made[1].scores
    ])  # fmt: skip
