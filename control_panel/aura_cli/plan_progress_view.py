"""How the progress of a plan is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from aura_cli.answers import JsonObject, count_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bar, bold, coloured, cut, dim, plural, safe, table, width

__all__ = ["progress_lines", "progress_table", "summary_lines", "unplanned_lines"]

_MARKS: Final = {
    "done": ("✓", "green"), "probably-done": ("◐", "green"), "in-progress": ("▶", "yellow"), "not-started": ("○", ""),
    "regressed": ("↺", "red"), "unknown": ("?", ""),
}  # fmt: skip
_ORDER: Final = ("done", "probably-done", "in-progress", "not-started", "regressed", "unknown")


def progress_table(answer: JsonObject) -> list[str]:
    """Rows as a table: item, claim, evidence; contradictions below their row."""
    rows = objects_of(answer, "rows")
    heads = ["ITEM", "CLAIM", "EVIDENCE", "SURE", "DONE", "TITLE"]
    cells = [_cells(row) for row in rows]
    used = sum(max(len(row[i]) for row in [heads, *cells]) + 2 for i in range(5))
    room = max(14, width() - used)
    for row, one in zip(cells, rows, strict=True):
        colour = _MARKS[text_of(one, "state")][1]
        row[5] = cut(row[5], room)
        row[2] = coloured(row[2], colour) if colour else row[2]
    lines = table(heads, cells, right=(3, 4))
    shown = lines[:1]
    for line, one in zip(lines[1:], rows, strict=True):
        shown.append(line)
        for text in texts_of(one, "contradictions"):
            shown.append(coloured(cut(f"    ! {safe(text.partition(': ')[2])}", width()), "red"))
    return shown


def _cells(row: JsonObject) -> list[str]:
    state = text_of(row, "state")
    indent = {"epic": "", "story": " ", "task": "  "}.get(text_of(row, "kind"), "")
    share = f"{number_of(row, 'share'):.0%}" if text_of(row, "kind") != "task" else ""
    sure = f"{number_of(row, 'confidence'):.2f}" if state != "unknown" else ""
    return [
        f"{indent}{_name(row)}", text_of(row, "status") or "?", f"{_MARKS[state][0]} {state}", sure, share,
        safe(text_of(row, "title")),
    ]  # fmt: skip


def _name(row: Mapping[str, object]) -> str:
    name = safe(text_of(row, "alias")) or text_of(row, "id") or safe(text_of(row, "path"))
    return cut(name, 28)


def progress_lines(answer: JsonObject) -> Iterator[str]:
    """One item with its evidence."""
    row = objects_of(answer, "rows")[0]
    state = text_of(row, "state")
    colour = _MARKS[state][1]
    shown = f"{_MARKS[state][0]} {state}"
    yield f"{bold(safe(text_of(row, 'title')))}  {dim(safe(text_of(row, 'path')))}"
    sure = f"  {number_of(row, 'confidence'):.2f} sure" if state != "unknown" else ""
    yield (
        f"claims {text_of(row, 'status') or 'nothing'}; evidence says "
        f"{coloured(shown, colour) if colour else shown}{sure}: {safe(text_of(row, 'why'))}"
    )
    for text in texts_of(row, "contradictions"):
        yield coloured(f"! {safe(text.partition(': ')[2])}", "red")
    for one in objects_of(answer, "evidence"):
        yield cut(_evidence(one), width())


def _evidence(one: JsonObject) -> str:
    trust = f"{number_of(one, 'trust'):.2f}"
    how, note, text = text_of(one, "how"), safe(text_of(one, "note")), safe(text_of(one, "text"))
    what = text_of(one, "what")
    place = safe(text_of(one, "path"))
    place = f"{place}:{count_of(one, 'line')}" if place and count_of(one, "line") else place
    if what == "commit":
        head = f"{text_of(one, 'commit')[:8]} {text_of(one, 'at')[:10]} {text}"
    elif what == "test":
        head = f"{place} {text}"
    else:
        head = f"{text} {place}".strip()
    note += f" {text_of(one, 'at')[:10]}" if what == "test" and text_of(one, "at") else ""
    return f"  {what:<7}{how:<8}{trust}  {head}{f'  ({note})' if note else ''}"


def unplanned_lines(answer: JsonObject) -> Iterator[str]:
    """Groups of commits that belong to no item."""
    for one in objects_of(answer, "unplanned"):
        near = text_of(one, "nearest")
        yield f"{bold(safe(text_of(one, 'name')))}  {plural(count_of(one, 'total'), 'commit')}"
        if near:
            yield cut(
                f"  nearest: {safe(near)} {safe(text_of(one, 'title'))} ({number_of(one, 'likeness'):.0%} alike)",
                width(),
            )
        for text in texts_of(one, "commits"):
            yield cut(f"  {safe(text)}", width())


def summary_lines(answer: JsonObject) -> Iterator[str]:
    """What holds for the whole plan."""
    states = object_of(answer, "states")
    total = sum(count_of(states, name) for name in _ORDER)
    if total:
        share = number_of(answer, "share")
        counts = ", ".join(f"{count_of(states, name)} {name}" for name in _ORDER if count_of(states, name))
        yield f"{bar(round(share * 100), 100, 20)} of the effort has evidence of done · {counts}"
    found = count_of(answer, "contradictions")
    if found:
        yield f"{plural(found, 'contradiction')}: aura plan progress --contradictions"
    loose = count_of(answer, "unplanned_commits")
    if loose:
        yield f"{plural(loose, 'commit')} without an item: aura plan progress --unplanned"
    for text in texts_of(answer, "notices"):
        yield dim(safe(text))
