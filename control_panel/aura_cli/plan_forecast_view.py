"""How a forecast and the burn-up are printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from textwrap import wrap
from typing import Final

from aura_cli.answers import JsonObject, count_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, coloured, cut, dim, plural, safe, table, width

__all__ = ["backtest_lines", "burnup_lines", "forecast_lines"]

_LATER: Final = "not in 3 years"
_HIGH: Final = 14
"""Lines of the picture."""
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_MOST_DRIVERS: Final = 5
_BEHIND: Final = 2
"""The future takes at most this part of the past's room."""


def forecast_lines(answer: JsonObject) -> Iterator[str]:
    """A forecast for a person: the days, what decides, the pace, and how far to trust it."""
    if reason := text_of(answer, "reason"):
        yield f"No forecast: {safe(reason)}."
        yield from _pace_lines(answer)
        return
    rows = [*_given(answer, "whole"), *_given(answer, "growing"), *objects_of(answer, "rows")]
    room = max(18, width() - 38)
    cells = [
        [
            cut(_name(one), room),
            f"{count_of(one, 'open')}",
            *_days(one),
            "by age" if text_of(one, "by") == "age" else "",
        ]
        for one in rows
    ]
    yield from table(("WHAT", "OPEN", "P50", "P85", ""), cells, right=(1,))
    yield ""
    drivers = objects_of(answer, "drivers")[:_MOST_DRIVERS]
    if drivers:
        yield bold("What decides") + dim(" (how often it is on the longest chain of work that waits)")
        for one in drivers:
            yield f"  {100 * number_of(one, 'share'):3.0f} %  {cut(_name(one), width() - 10)}"
    yield from _pace_lines(answer)
    yield from _trust_lines(answer)
    yield bold("Taken for granted")
    for one in texts_of(answer, "assumptions"):
        yield from _wrapped(safe(one), "  - ")


def _given(answer: JsonObject, name: str) -> list[JsonObject]:
    one = object_of(answer, name)
    return [one] if one else []


def _name(row: Mapping[str, object]) -> str:
    name = safe(text_of(row, "alias")) or text_of(row, "id")
    return " ".join(one for one in (text_of(row, "kind"), name, safe(text_of(row, "title"))) if one)


def _days(row: Mapping[str, object]) -> list[str]:
    return [text_of(row, name) or _LATER for name in ("p50", "p85")]


def _pace_lines(answer: JsonObject) -> Iterator[str]:
    finished = count_of(answer, "finished")
    if not finished:
        return
    words = [
        f"{number_of(answer, 'per_week'):g} items finished and {number_of(answer, 'added_per_week'):g} added a week "
        "in the last weeks",
        f"{plural(finished, 'item')} finished on {plural(count_of(answer, 'days'), 'day')} since "
        f"{text_of(answer, 'since')}",
    ]
    if answer.get("cycle50") is not None:
        half, most = (_taken(count_of(answer, name)) for name in ("cycle50", "cycle85"))
        words.append(f"from beginning to end half took {half} at most, 85 of 100 {most}")
    yield bold("Pace")
    for one in words:
        yield from _wrapped(one, "  - ")


def _taken(days: int) -> str:
    return plural(days, "day") if days else "less than a day"


def _trust_lines(answer: JsonObject) -> Iterator[str]:
    if trust := text_of(answer, "trust"):
        yield bold("Trust")
        yield from _wrapped(safe(trust), "  ")


def _wrapped(text: str, lead: str) -> list[str]:
    return wrap(text, width=max(30, width() - 1), initial_indent=lead, subsequent_indent=" " * len(lead))


def backtest_lines(answer: JsonObject) -> Iterator[str]:
    """How forecasts of the past went."""
    scores = objects_of(answer, "scores")
    if not scores:
        yield "Nothing could be forecast in the past."
        return
    words = {"begun": "an item in work"}
    rows = [
        [words.get(text_of(one, "what"), f"the {text_of(one, 'what')} items"), _share(one, "50"), _share(one, "85")]
        for one in scores
    ]
    yield from table(("FORECAST OF", "WITHIN P50", "WITHIN P85"), rows)
    yield ""
    yield from _trust_lines(answer)
    trials = objects_of(answer, "trials")
    if trials:
        yield ""
        yield from table(("MADE ON", "FORECAST OF", "P50", "P85", "CAME TRUE", ""), [_trial(one) for one in trials])


def _share(score: Mapping[str, object], level: str) -> str:
    counted = count_of(score, f"counted{level}")
    within = count_of(score, f"within{level}")
    return f"{100 * within / counted:3.0f} %  ({within} of {counted})" if counted else "-"


def _trial(one: Mapping[str, object]) -> list[str]:
    actual, p50, p85 = text_of(one, "actual"), text_of(one, "p50"), text_of(one, "p85")
    mark = (
        coloured("within P50", "green")
        if actual and actual <= p50
        else "within P85"
        if actual and actual <= p85
        else ""
    )
    mark = mark or (coloured("later", "red") if actual else dim("open"))
    return [text_of(one, "day"), text_of(one, "what"), p50, p85, actual or "-", mark]


# -- burn-up ---------------------------------------------------------------------------------------


def burnup_lines(answer: JsonObject) -> Iterator[str]:
    """Done and scope over time as a picture of blocks, with the forecast behind today."""
    points = objects_of(answer, "points")
    if not points:
        yield f"Nothing to show: {safe(text_of(answer, 'reason'))}."
        return
    marks = objects_of(answer, "marks")
    today = date.fromisoformat(text_of(answer, "today"))
    first = date.fromisoformat(text_of(points[0], "day"))
    last = _last(today, first, marks)
    most = max([1, *(count_of(one, "scope") for one in points), *(count_of(one, "done") for one in marks)])
    gutter = len(str(most)) + 1
    columns = max(20, min(width(), 160) - gutter - 3)
    days = [first + (last - first) * place / max(1, columns - 1) for place in range(columns)]
    labels = {_HIGH: str(most), 1: "0"} | ({_HIGH // 2 + 1: str(most // 2)} if most % 2 == 0 else {})
    picture = [_column(day, today, points, marks, most) for day in days]
    for line in range(_HIGH, 0, -1):
        label = labels.get(line, "")
        row = "".join(
            coloured(text, colour) if colour else text
            for (colour, text) in _joined([column[line - 1] for column in picture])
        )
        yield f"{label:>{gutter}} {dim('│')}{row}".rstrip()
    yield f"{'':>{gutter}} {dim('└' + '─' * columns)}"
    yield f"{'':>{gutter}}  {_ruler(first, today, last, columns)}".rstrip()
    newest = points[-1]
    yield (
        f"{coloured('█', 'green')} done {count_of(newest, 'done')}   {coloured('─', 'blue')} in the plan "
        f"{count_of(newest, 'scope')}"
        + (f"   {coloured('▓', 'yellow')} P85   {coloured('░', 'yellow')} P50" if marks else "")
    )
    if marks:
        p50, p85 = _days(marks[-1])
        yield f"All done: P50 {p50}, P85 {p85}"
    else:
        yield f"No forecast: {safe(text_of(answer, 'reason'))}."


def _last(today: date, first: date, marks: Sequence[JsonObject]) -> date:
    """The last day that is shown."""
    if not marks:
        return max(today, first + timedelta(1))
    far = today + timedelta(max(30, (today - first).days * _BEHIND))
    return max(today + timedelta(1), min(far, date.fromisoformat(text_of(marks[-1], "p85") or "9999-12-31")))


def _column(
    day: date, today: date, points: Sequence[JsonObject], marks: Sequence[JsonObject], most: int
) -> list[tuple[str, str]]:
    """Signs of one column with their colours, from the bottom up."""
    if day <= today:
        point = next((one for one in reversed(points) if date.fromisoformat(text_of(one, "day")) <= day), points[0])
        bars = [(_level(count_of(point, "done"), most), "█", "green")]
        scope = count_of(point, "scope")
    else:
        begin = today, count_of(points[-1], "done")
        sure, even = (
            _reached(day, begin, [(text_of(m, n), count_of(m, "done")) for m in marks]) for n in ("p85", "p50")
        )
        bars = [(_level(sure, most), "▓", "yellow"), (_level(even, most), "░", "yellow")]
        scope = count_of(points[-1], "scope")
    signs = [(" ", "")] * _HIGH
    at = min(_HIGH - 1, max(0, -(-_level(scope, most) // 8) - 1))
    signs[at] = "─", "blue"
    filled = 0
    for level, sign, colour in bars:
        whole, rest = divmod(level, 8)
        for line in range(filled, min(_HIGH, whole)):
            signs[line] = sign, colour
        if sign == "█" and rest and whole < _HIGH:
            signs[whole] = _EIGHTHS[rest], colour
        filled = max(filled, whole)
    return signs


def _joined(signs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Runs of one colour."""
    for colour, group in groupby(signs, key=lambda one: one[1]):
        yield colour, "".join(sign for sign, _ in group)


def _level(count: float, most: int) -> int:
    """Eighths of a line."""
    return round(count / most * _HIGH * 8)


def _reached(day: date, begin: tuple[date, int], marks: Sequence[tuple[str, int]]) -> float:
    """What is done on a day of the future."""
    way = [begin, *((date.fromisoformat(written), count) for written, count in marks if written)]
    for (before, low), (after, high) in pairwise(way):
        if day <= after:
            return low + (high - low) * (day - before).days / max(1, (after - before).days)
    return way[-1][1]


def _ruler(first: date, today: date, last: date, columns: int) -> str:
    """The first day, today and the last one below the picture."""
    line = [" "] * columns
    place = round((today - first).days / max(1, (last - first).days) * (columns - 1))

    def put(text: str, at: int) -> None:
        for number, sign in enumerate(text):
            line[at + number] = sign

    put(first.isoformat(), 0)
    if last > today:
        put(last.isoformat(), columns - 10)
    at = min(max(place - 5, 0), columns - 10)
    if last <= today or (at >= 11 and at + 21 <= columns):
        put(today.isoformat(), at)
    return "".join(line)
