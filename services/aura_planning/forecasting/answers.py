"""Forecasts and the burn-up as messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

from aura_planning.forecasting.calibrating import LEVELS, Lean, Trial, at_level, learn
from aura_planning.forecasting.drawing import draw_page, draw_svg
from aura_planning.forecasting.forecasting import Forecast, Outlook
from aura_planning.forecasting.lives import History
from aura_planning.forecasting.pace import METHOD
from aura_planning.forecasting.simulating import MARKS
from aura_planning.items.model import Item
from aura_planning.workflow.resuming import tokens_of
from aura_shared.messages.plan_forecast import (
    AskForecast,
    BurnMark,
    BurnPoint,
    ForecastDriver,
    ForecastRow,
    ForecastScore,
    ForecastTrial,
    PlanBurnup,
    PlanForecast,
)

__all__ = ["burnup_answer", "day_text", "forecast_answer"]

_RECENT: Final = 56
"""Days over which the pace is told: eight weeks."""
_MOST_TRIALS: Final = 20
_MOST_POINTS: Final = 120
_FEW: Final = 15
"""Moments below which nothing is said about trust."""


def day_text(today: date, days: int | None) -> str:
    """A day from now as a date; empty for none."""
    return "" if days is None else (today + timedelta(days)).isoformat()


def forecast_answer(project: str, found: Forecast, request: AskForecast, goal: Item | None) -> PlanForecast:
    """A forecast with a page of its rows.

    Args:
        project: Identifier of the project.
        found: The forecast.
        request: What was asked for.
        goal: The item that was asked for; None for everything.
    """
    rows = [_row(found, item, outlook) for item, outlook in _chosen(found, goal)]
    page = _page(rows, request)
    end = request.start + len(page)
    history = found.history
    cycles = [days for days, done in history.cycles() if done]
    return PlanForecast(
        project=project,
        today=found.today.isoformat(),
        reason=found.reason or _why_nothing(found, goal),
        finished=len(history.finished),
        days=len(set(history.finished)),
        since=_date(history.first) if history.lives else "",
        per_week=_rate(history, history.finished),
        added_per_week=_rate(history, [one.added for one in history.lives if one.added > history.first]),
        cycle50=at_level(cycles, LEVELS[0]) if cycles else None,
        cycle85=at_level(cycles, LEVELS[1]) if cycles else None,
        unit="points" if found.points else "items",
        workers=found.workers,
        runs=found.runs,
        whole=None if found.whole is None else _plain_row(found, found.whole, "Everything that is in the plan now"),
        growing=None if found.growing is None else _plain_row(found, found.growing, "Everything, as the plan grows"),
        rows=page,
        total=len(rows),
        next=end if end < len(rows) else 0,
        drivers=[
            ForecastDriver(
                id=one.id, alias=_plain(one.alias), title=_plain(one.title), path=_plain(one.path), share=share
            )
            for one, share in found.drivers
        ],
        scores=_scores(found),
        trust=_trust(found),
        trials=_trials(found) if request.backtest else [],
        assumptions=_assumptions(found, request.runs) if found.runs else [],
    )


def _chosen(found: Forecast, goal: Item | None) -> list[tuple[Item, Outlook]]:
    """The item and what belongs to it; else what has parts, and leaves by when they are done."""
    facts = found.facts
    if facts is None:
        return []
    items = {item.path: item for item in facts.tree.items}
    rows = [(items[path], outlook) for path, outlook in found.items.items() if path in items]
    if goal is not None:
        rows = [row for row in rows if row[0].path == goal.path or goal in facts.tree.above(row[0])]
    place = {item.path: number for number, item in enumerate(facts.tree.items)}

    def order(row: tuple[Item, Outlook]) -> tuple[object, ...]:
        item, outlook = row
        leaf = facts.tree.is_leaf(item)
        far = 10_000
        days = (outlook.p85 or far, outlook.p50 or far) if leaf else (0, 0)
        return (goal is None or item.path != goal.path, leaf, days, place[item.path])

    return sorted(rows, key=order)


def _page(rows: Sequence[ForecastRow], request: AskForecast) -> list[ForecastRow]:
    page: list[ForecastRow] = []
    size = 0
    for row in rows[request.start : request.start + request.limit]:
        size += tokens_of(row.model_dump_json())
        if page and size > request.budget:
            break
        page.append(row)
    return page


def _row(found: Forecast, item: Item, outlook: Outlook) -> ForecastRow:
    return ForecastRow(
        id=item.id,
        kind=item.kind,
        alias=_plain(item.alias),
        title=_plain(item.title),
        status=item.status,
        path=_plain(item.path),
        open=outlook.open,
        p50=day_text(found.today, outlook.p50),
        p85=day_text(found.today, outlook.p85),
        by="age" if outlook.by_age else "pace",
    )


def _plain_row(found: Forecast, outlook: Outlook, title: str) -> ForecastRow:
    return ForecastRow(
        title=title,
        open=outlook.open,
        p50=day_text(found.today, outlook.p50),
        p85=day_text(found.today, outlook.p85),
    )


def _why_nothing(found: Forecast, goal: Item | None) -> str:
    facts = found.facts
    if facts is None or (not facts.work and not facts.done):
        return "there is no plan below .ai/ yet: `aura plan add epic TITLE` begins one"
    if not facts.work:
        return "nothing is open"
    if goal is not None and not facts.tree.open_leaves(goal):
        return f"nothing of {goal.kind} {_plain(goal.alias or goal.id or goal.path)} is open"
    return ""


# -- how far it can be trusted ---------------------------------------------------------------------


def _scores(found: Forecast) -> list[ForecastScore]:
    return [
        ForecastScore(
            what=one.what,
            counted50=one.counted[0],
            within50=one.within[0],
            counted85=one.counted[1],
            within85=one.within[1],
        )
        for one in found.scores
    ]


def _trust(found: Forecast) -> str:
    pace = [one for one in found.scores if one.what != "begun"]
    counted = [sum(one.counted[place] for one in pace) for place in (0, 1)]
    within = [sum(one.within[place] for one in pace) for place in (0, 1)]
    if min(counted) < _FEW:
        return "Too few forecasts of the past are known to have ended, so nobody knows how far this can be trusted."
    shares = [round(100 * one / of) for one, of in zip(within, counted, strict=True)]
    words = f"Of {counted[1]} forecasts as of past days, P85 was kept in {shares[1]} % and P50 in {shares[0]} %."
    level = found.lean.level(LEVELS[1])
    if level >= 0.87:
        words += f" Earlier ones fell short, so P85 is read where {100 * level:.0f} % of the runs end."
    return words


def _trials(found: Forecast) -> list[ForecastTrial]:
    shown = found.trials[-_MOST_TRIALS:]
    leans: dict[tuple[int, bool], Lean] = {}
    rows: list[ForecastTrial] = []
    for one in shown:
        begun = one.what == "begun"
        key = one.day, begun
        if key not in leans:
            leans[key] = learn([other for other in found.trials if (other.what == "begun") == begun], one.day)
        rows.append(_trial(one, leans[key]))
    return rows


def _trial(trial: Trial, lean: Lean) -> ForecastTrial:
    made = date.fromordinal(trial.day)
    p50, p85 = (day_text(made, at_level(trial.draws, lean.level(level))) for level in LEVELS)
    return ForecastTrial(day=made.isoformat(), what=trial.what, p50=p50, p85=p85, actual=day_text(made, trial.actual))


def _assumptions(found: Forecast, runs: int) -> list[str]:
    history = found.history
    finished = history.finished
    weekend = round(100 * sum(date.fromordinal(day).weekday() >= 5 for day in finished) / max(1, len(finished)))
    sized = sum(done for _, done in history.cycles()) >= 8
    words = [
        f"Work goes on as in the last {min(METHOD.window, history.last - history.first + 1)} days, the last month "
        f"above all, with its bursts, pauses and weekends: {weekend} % of the items were finished on one. Holidays "
        "that the past does not have are not known.",
        f"{found.workers} at a time take what is ready in the order of `aura plan order`; the past was made by "
        f"{found.usual} (plan.workers).",
        "Points of estimates are counted."
        if found.points
        else "Each open item counts as one: too few items have an estimate for points.",
        "Items differ in length as finished ones did."
        if sized
        else "Items are alike in length: too few say when work on them began.",
        "The plan stays as it is now, but for `growing`, where it grows as it did.",
    ]
    if found.runs < runs:
        words.append(f"The plan is so large that it is done only {found.runs} times.")
    if history.arrived:
        words.append(f"{len(history.arrived)} items were done when they came, so they say nothing about the pace.")
    return words


# -- burn-up ---------------------------------------------------------------------------------------


def burnup_answer(project: str, name: str, found: Forecast, form: str) -> PlanBurnup:
    """Done and scope over time, with the forecast.

    Args:
        project: Identifier of the project.
        name: What it is called.
        found: The forecast.
        form: `data`, `svg` or `html`.
    """
    points = _points(found.history)
    marks = _marks(found, points[-1].done if points else 0)
    answer = PlanBurnup(
        project=project,
        today=found.today.isoformat(),
        points=points,
        marks=marks,
        reason=found.reason or _why_nothing(found, None),
    )
    drawn = {"svg": draw_svg, "html": draw_page}.get(form)
    return answer if drawn is None else answer.model_copy(update={"picture": drawn(answer, f"Burn-up: {name}")})


def _points(history: History) -> list[BurnPoint]:
    if not history.lives and not history.arrived:
        return []
    first = min([history.first, *history.arrived])
    count = history.last - first + 1
    done, scope = [0] * count, [0] * count
    for day in history.arrived:
        done[day - first] += 1
        scope[day - first] += 1
    for life in history.lives:
        scope[life.added - first] += 1
        if life.finished is not None:
            done[life.finished - first] += 1
        elif life.dropped is not None:
            scope[life.dropped - first] -= 1
    totals = list(zip(accumulate(done), accumulate(scope), strict=True))
    step = max(1, (count - 1) / (_MOST_POINTS - 1))
    places = sorted({min(count - 1, round(number * step)) for number in range(min(count, _MOST_POINTS))} | {count - 1})
    return [BurnPoint(day=_date(first + one), done=totals[one][0], scope=totals[one][1]) for one in places]


def _marks(found: Forecast, done: int) -> list[BurnMark]:
    if found.whole is None:
        return []
    marks: dict[int, Outlook] = {}
    for number, outlook in enumerate(found.marks, 1):
        marks[done + round(found.whole.open * number / MARKS)] = outlook
    return [
        BurnMark(done=at, p50=day_text(found.today, one.p50), p85=day_text(found.today, one.p85))
        for at, one in marks.items()
        if at > done
    ]


def _rate(history: History, days: Sequence[int]) -> float:
    """How many a week, over the last weeks; of a younger plan, over its own."""
    length = max(7, min(_RECENT, history.last - history.first + 1))
    return round(sum(day > history.last - length for day in days) * 7 / length, 1)


def _date(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _plain(text: str) -> str:
    """Text that can be written as UTF-8, whatever bytes the file has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
