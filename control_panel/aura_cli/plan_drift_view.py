"""How merges of documents are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.plan_view import finding_line
from aura_cli.screen import coloured, cut, dim, plural, safe, width

__all__ = ["document_lines", "merge_lines"]

_MARKS: Final = {
    "added": ("+", "green"), "changed": ("~", "yellow"), "renamed": ("~", "yellow"), "moved": ("~", "yellow"),
    "conflict": ("!", "red"), "unclear": ("?", "red"), "removed": ("-", "red"),
}  # fmt: skip
_MOST_FINDINGS: Final = 10


def merge_lines(answer: JsonObject) -> list[str]:
    """What a merge does, by line of the document."""
    rows = objects_of(answer, "rows")
    lines = [line for row in rows for line in _row(row)]
    lines += [finding_line(one) for one in objects_of(answer, "findings")[:_MOST_FINDINGS]]
    counts = _counts(object_of(answer, "counts"))
    needs = count_of(answer, "requirements")
    facts = [counts or "nothing is an item", *([plural(needs, "requirement") + " in the document"] if needs else [])]
    if flag_of(answer, "done"):
        facts.append(f"aura plan undo {text_of(answer, 'operation')} takes it back")
    left = count_of(answer, "total") - len(rows)
    if left > 0:
        facts.append(f"{left} more rows: aura plan log {text_of(answer, 'operation')}")
    if not counts and needs:
        lines.append("Name its epics, stories or tasks, such as `### Epic 1: Pay by card`, and merge it again.")
    return [*lines, dim(" · ".join(facts))]


def _row(row: JsonObject) -> list[str]:
    mark, colour = _MARKS.get(text_of(row, "what"), ("·", ""))
    line = count_of(row, "line")
    name = " ".join(one for one in (text_of(row, "kind"), safe(text_of(row, "alias"))) if one)
    fields = [one for one in texts_of(row, "fields") if text_of(row, "what") != "added"]
    about = f"  {text_of(row, 'what')}{': ' + ', '.join(fields) if fields else ''}"
    head = f"{line or '':>5} {coloured(mark, colour) if colour else mark} {name}  "
    room = max(20, width() - len(f"{line or '':>5} {mark} {name}  {about}"))
    lines = [f"{head}{cut(safe(text_of(row, 'title')), room)}{dim(about)}"]
    if text_of(row, "note"):
        lines.append(dim(f"        {safe(text_of(row, 'note'))}"))
    return lines


def _counts(counts: Mapping[str, object]) -> str:
    return " · ".join(f"{number} {what if what != 'same' else 'unchanged'}" for what, number in counts.items())


def document_lines(one: JsonObject) -> str:
    """A document and how far it drifted."""
    if flag_of(one, "gone"):
        return (
            f"{safe(text_of(one, 'path'))}: it cannot be read any more; {plural(count_of(one, 'items'), 'item')} of it"
        )
    state = "drifted" if flag_of(one, "drifted") else "as it was merged"
    return f"{safe(text_of(one, 'path'))}: {state}  {dim(_counts(object_of(one, 'counts')))}"
