"""How the order of a plan and what waits for what are printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final, cast

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.plan_view import finding_line
from aura_cli.screen import bold, coloured, cut, dim, plural, safe, table, width

__all__ = ["graph_lines", "notice_lines", "order_lines", "order_table"]

_MARKS: Final = {
    "done": ("✓", "bright_black"), "working": ("▶", "yellow"), "ready": ("●", "green"), "blocked": ("○", ""),
    "circle": ("↻", "red"),
}  # fmt: skip
_MOST_ALSO: Final = 4
_MOST_NAME: Final = 28
"""Columns of a name in a table; files of other layouts have long ones."""


def _n(amount: float) -> str:
    """A number for a person."""
    if abs(amount) >= 1e7:
        return f"{amount:.3g}"
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def _name(row: Mapping[str, object]) -> str:
    return safe(text_of(row, "alias")) or text_of(row, "id") or safe(text_of(row, "path"))


def order_table(answer: JsonObject) -> list[str]:
    """Rows as a table: place, item, when, who, score, why not now."""
    several = count_of(answer, "workers") > 1
    heads = ["#", "ITEM", *(["WHO"] if several else []), "WHEN", "SCORE", "SLACK", "", "TITLE"]
    rows = [_cells(row, several=several) for row in objects_of(answer, "rows")]
    used = sum(max(len(row[i]) if i else 4 for row in [heads, *rows]) + 2 for i in range(len(heads) - 2)) + 3
    room = max(16, width() - used)
    for row in rows:
        row[-1] = cut(row[-1], room)
        if row[-2]:
            row[-2] = coloured(row[-2], _MARKS[_state(row[-2])][1]) if _MARKS[_state(row[-2])][1] else row[-2]
    return table(heads, rows, right=(0, len(heads) - 4, len(heads) - 3))


def _state(mark: str) -> str:
    return next(name for name, (found, _) in _MARKS.items() if found == mark)


def _cells(row: JsonObject, *, several: bool) -> list[str]:
    who = [f"w{count_of(row, 'worker')}"] if several else []
    when = f"{_n(number_of(row, 'begin'))}-{_n(number_of(row, 'end'))}"
    slack = "critical" if flag_of(row, "critical") else _n(number_of(row, "slack"))
    return [
        str(count_of(row, "position")), cut(_name(row), _MOST_NAME), *who, when, _n(number_of(row, "score")), slack,
        _MARKS[_state_of(row)][0], safe(text_of(row, "title")),
    ]  # fmt: skip


def _state_of(row: Mapping[str, object]) -> str:
    if count_of(row, "circle"):
        return "circle"
    if not flag_of(row, "ready"):
        return "blocked"
    return "working" if text_of(row, "status") in {"in-progress", "current"} else "ready"


def order_lines(answer: JsonObject, *, explain: bool) -> Iterator[str]:
    """Rows with their reasons, and what stands in the way."""
    several = count_of(answer, "workers") > 1
    for row in objects_of(answer, "rows"):
        yield from _row_lines(row, several=several, explain=explain)
    waiting = objects_of(answer, "waiting")
    if waiting:
        yield dim("The highest scores among what may not begin yet:")
        for row in waiting:
            yield f"  {_head(row, several=False)}"
            yield from (f"      {dim(safe(one))}" for one in texts_of(row, "blocked"))


def _head(row: JsonObject, *, several: bool) -> str:
    mark, colour = _MARKS[_state_of(row)]
    who = " " + dim(f"worker {count_of(row, 'worker')}") if several else ""
    shown = f"{mark} {bold(_name(row))} {safe(text_of(row, 'title'))}"
    return f"{count_of(row, 'position'):>3}. {coloured(shown, colour) if colour else shown}{who}"


def _row_lines(row: JsonObject, *, several: bool, explain: bool) -> Iterator[str]:
    yield _head(row, several=several)
    yield from _wrapped(safe(text_of(row, "reason")))
    when = f"from {_n(number_of(row, 'begin'))} to {_n(number_of(row, 'end'))}"
    slack = "on the critical path" if flag_of(row, "critical") else f"slack {_n(number_of(row, 'slack'))}"
    terms = object_of(row, "terms")
    span = f", earliest {_n(number_of(terms, 'earliest'))}, latest {_n(number_of(terms, 'latest'))}" if explain else ""
    yield f"     {dim(f'{when}{span}, {slack}')}"
    for one in texts_of(row, "blocked"):
        yield from _wrapped(safe(one), "not yet: ", "yellow")
    if explain:
        if due := text_of(terms, "due"):
            of = safe(text_of(terms, "due_of"))
            yield "     " + dim(f"due {due}{f' of {of}' if of else ''}")
        for one in texts_of(row, "changes"):
            yield from _wrapped(safe(one), "change: ", "bright_black")


def _wrapped(text: str, head: str = "", colour: str = "") -> Iterator[str]:
    """Text below an item, on as many lines as it needs."""
    room = max(30, width() - 5)
    lines = wrap(head + text, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        first = head.rstrip() if not number else ""
        yield f"     {coloured(first, colour)}{line[len(first) :]}" if first else f"     {line}"


def notice_lines(answer: JsonObject) -> Iterator[str]:
    """Circles, findings and assumptions, and the figures of the whole."""
    for circle in objects_of(answer, "circles"):
        yield from _circle_lines(circle)
    if (more := count_of(answer, "circles_total") - len(objects_of(answer, "circles"))) > 0:
        yield dim(f"and {plural(more, 'more circle')}")
    yield from (finding_line(one) for one in objects_of(answer, "problems"))
    if (more := count_of(answer, "problems_total") - len(objects_of(answer, "problems"))) > 0:
        yield dim(f"and {plural(more, 'more finding')}")
    yield from (dim(safe(one)) for one in texts_of(answer, "notices"))
    if critical := texts_of(answer, "critical"):
        shown = " → ".join(safe(one) for one in critical[:8])
        more = f" and {len(critical) - 8} more" if len(critical) > 8 else ""
        yield dim(f"critical path ({_n(number_of(answer, 'length'))}): {shown}{more}")
    facts = [
        f"{count_of(answer, 'open')} open, {count_of(answer, 'ready')} ready, {count_of(answer, 'done')} done",
        f"{_n(number_of(answer, 'effort'))} to do",
        f"done at {_n(number_of(answer, 'finish'))} with {plural(count_of(answer, 'workers', 1), 'worker')}",
        f"by {text_of(answer, 'preset')}",
    ]
    yield dim(" · ".join(facts))


def _circle_lines(circle: JsonObject) -> Iterator[str]:
    total = count_of(circle, "total")
    names = ", ".join(safe(one) for one in texts_of(circle, "items")[:6])
    more = f" and {total - 6} more" if total > 6 else ""
    yield f"{coloured('circle', 'red')} {count_of(circle, 'number')}: {names}{more} wait for one another"
    for wait in objects_of(circle, "waits"):
        yield f"  {_wait(wait)}"
    yield f"  cut: {_wait(object_of(circle, 'cut'))}"
    yield f"  {dim(safe(text_of(circle, 'reason')))}"


def _wait(wait: JsonObject) -> str:
    place = dim(f"{safe(text_of(wait, 'path'))}:{count_of(wait, 'line', 1)}")
    words = " (proposed)" if flag_of(wait, "proposed") else " (by number)" if flag_of(wait, "implied") else ""
    return f"{safe(text_of(wait, 'item'))} waits for {safe(text_of(wait, 'needs'))}{words}  {place}"


# -- what waits for what ---------------------------------------------------------------------------


def graph_lines(nodes: Sequence[JsonObject]) -> Iterator[str]:
    """Each item below the last thing that it waits for; other things that it waits for are named."""
    below: dict[int, list[int]] = {}
    roots: list[int] = []
    for number in range(len(nodes)):
        above = _above(nodes, number)
        if above < 0:
            roots.append(number)
        else:
            below.setdefault(above, []).append(number)
    trail: list[tuple[int, str, str]] = [(root, "", "") for root in reversed(roots)]
    while trail:
        number, lead, joint = trail.pop()
        yield _node_line(nodes, number, lead + joint)
        inner = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[joint]
        children = below.get(number, [])
        trail += [(one, inner, "├─ " if one != children[-1] else "└─ ") for one in reversed(children)]


def _node_line(nodes: Sequence[JsonObject], number: int, lead: str) -> str:
    node = nodes[number]
    most = width() // 2
    lead = lead if len(lead) <= most else f"…{lead[1 - most :]}"  # deep plans: the end says what it stands below
    state = text_of(node, "state")
    mark, colour = _MARKS.get(state, _MARKS["blocked"])
    name = safe(text_of(node, "alias")) or text_of(node, "id")
    parts = f" {count_of(node, 'parts_done')}/{count_of(node, 'parts')}" if count_of(node, "parts") else ""
    also = _also(nodes, number)
    if flag_of(node, "stop"):
        return cut(f"{lead}◇ {safe(text_of(node, 'title'))}{also}", width())
    critical = " ◆" if flag_of(node, "critical") else ""
    room = width() - len(f"{lead}{mark} {name}{parts}{critical} ")
    text = cut(f"{safe(text_of(node, 'title'))}{also}", max(10, room))
    shown = f"{mark} {name}{parts}"
    return f"{dim(lead)}{coloured(shown, colour) if colour else shown}{coloured(critical, 'magenta')} {text}"


def _also(nodes: Sequence[JsonObject], number: int) -> str:
    """What an item waits for besides what it stands below."""
    node = nodes[number]
    needs = _numbers(node, "needs", len(nodes))
    above = _above(nodes, number)
    names = [_called(nodes[one]) for one in needs if one != above]
    more = f" and {len(names) - _MOST_ALSO} more" if len(names) > _MOST_ALSO else ""
    words = f"  (also after {', '.join(names[:_MOST_ALSO])}{more})" if names else ""
    circles = [_called(nodes[one]) for one in _numbers(node, "cut", len(nodes))]
    return f"{words}  (circle: to cut is {', '.join(circles)})" if circles else words


def _above(nodes: Sequence[JsonObject], number: int) -> int:
    """What an item stands below: the last thing that it waits for; -1 for none."""
    own = count_of(nodes[number], "layer")
    needs = [one for one in _numbers(nodes[number], "needs", len(nodes)) if count_of(nodes[one], "layer") < own]
    return max(needs, key=lambda one: (count_of(nodes[one], "layer"), -one), default=-1)


def _called(node: JsonObject) -> str:
    return safe(text_of(node, "alias")) or text_of(node, "id")


def _numbers(node: Mapping[str, object], key: str, most: int) -> list[int]:
    value = node.get(key)
    found = cast("list[object]", value) if isinstance(value, list) else []
    return [one for one in found if isinstance(one, int) and 0 <= one < most]
