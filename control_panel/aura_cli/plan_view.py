"""How items of a plan, findings and changes are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.screen import bold, coloured, cut, dim, note, out, safe, table, width

__all__ = ["finding_line", "item_lines", "item_table", "operation_table", "show_done"]

_COLOURS: Final = {
    "approved": "green", "complete": "green", "done": "green", "current": "yellow", "in-progress": "yellow",
    "cancelled": "bright_black", "undone": "bright_black", "failed": "red", "running": "yellow",
}  # fmt: skip
_SEVERITIES: Final = {"error": "red", "warning": "yellow"}
_MOST_SHOWN: Final = 12


def item_table(items: list[JsonObject]) -> list[str]:
    """Lines of a table of items."""
    room = max(20, width() - 62)
    rows = [
        [text_of(one, "id") or "-", text_of(one, "kind"), safe(text_of(one, "alias")), status_of(one), _done_of(one),
         cut(safe(text_of(one, "title")) or safe(text_of(one, "path")), room)]
        for one in items
    ]  # fmt: skip
    return table(("ID", "KIND", "ALIAS", "STATUS", "TASKS", "TITLE"), rows)


def status_of(item: Mapping[str, object]) -> str:
    """The status of an item, with its approval."""
    status = text_of(item, "status") or "?"
    shown = coloured(status, _COLOURS[status]) if status in _COLOURS else status
    mark = {"valid": " ✓", "outdated": " (approval outdated)"}.get(text_of(item, "approval"), "")
    return f"{shown}{mark}"


def _done_of(item: Mapping[str, object]) -> str:
    boxes = count_of(item, "boxes")
    return f"{count_of(item, 'boxes_done')}/{boxes}" if boxes else ""


def item_lines(answer: JsonObject) -> list[str]:
    """One item for a person: what it is, its place, what is wrong, its file."""
    item = object_of(answer, "item")
    lines = [f"{bold(safe(text_of(item, 'title')))}  {dim(safe(text_of(item, 'path')))}"]
    facts = [text_of(item, "kind"), text_of(item, "id"), safe(text_of(item, "alias")), status_of(item), _done_of(item)]
    lines.append(" · ".join(fact for fact in facts if fact))
    for name in ("priority", "value", "estimate"):
        value = text_of(item, name) or (f"{number_of(item, name):g}" if item.get(name) is not None else "")
        if value and item.get(name) != "":
            lines.append(f"{name}: {safe(value)}")
    if by := text_of(answer, "approved_by"):
        lines.append(f"approved by {safe(by)} at {safe(text_of(answer, 'approved_at'))[:16].replace('T', ' ')}")
    parent = object_of(answer, "parent")
    if parent:
        lines.append(f"belongs to {_short(parent)}")
    lines += [f"waits for {_short(one)}" for one in objects_of(answer, "waits_for")]
    lines += [f"  {_short(one)}  {status_of(one)}" for one in objects_of(answer, "children")]
    if texts_of(answer, "steps"):
        lines.append(f"may become: {', '.join(texts_of(answer, 'steps'))}")
    lines += [f"not {safe(one)}" for one in texts_of(answer, "refusals")]
    lines += [finding_line(one) for one in objects_of(answer, "findings")]
    if diff := text_of(answer, "approval_diff"):
        lines += ["", dim("since the approval:"), *map(safe, diff.rstrip().splitlines())]
    if content := text_of(answer, "file"):
        lines += ["", *map(safe, content.rstrip().splitlines())]
    if flag_of(answer, "cut"):
        lines.append(dim("[cut: --budget shows more]"))
    return lines


def _short(item: Mapping[str, object]) -> str:
    name = safe(text_of(item, "alias")) or text_of(item, "id")
    return f"{text_of(item, 'kind')} {name} {safe(text_of(item, 'title'))}".strip()


def finding_line(one: Mapping[str, object]) -> str:
    """A finding as `path:line: severity: text (rule)`."""
    severity = text_of(one, "severity")
    shown = coloured(severity, _SEVERITIES[severity]) if severity in _SEVERITIES else severity
    place = f"{safe(text_of(one, 'path'))}:{count_of(one, 'line', 1)}"
    return f"{place}: {shown}: {safe(text_of(one, 'message'))} {dim('(' + text_of(one, 'rule') + ')')}"


def operation_table(operations: list[JsonObject]) -> list[str]:
    """Lines of a table of operations."""
    room = max(20, width() - 60)
    rows = [
        [text_of(one, "id"), text_of(one, "at")[:16].replace("T", " "), _state(one), text_of(one, "command"),
         cut(safe(text_of(one, "title")), room) + (coloured(" !", "red") if text_of(one, "problem") else "")]
        for one in operations
    ]  # fmt: skip
    return table(("ID", "WHEN", "STATE", "COMMAND", "WHAT"), rows)


def _state(operation: Mapping[str, object]) -> str:
    state = text_of(operation, "state")
    return coloured(state, _COLOURS[state]) if state in _COLOURS else state


def show_done(answer: JsonObject) -> None:
    """Print what a change did, or would do."""
    item = object_of(answer, "item")
    if diff := text_of(answer, "diff"):
        for line in diff.rstrip().splitlines():
            out(safe(line))
    files = texts_of(answer, "files")
    if flag_of(answer, "done") and item:
        out(f"{_short(item)}  {status_of(item)}  {dim(safe(text_of(item, 'path')))}")
    elif flag_of(answer, "done"):
        shown = [
            *map(safe, files[:_MOST_SHOWN]),
            *([f"and {len(files) - _MOST_SHOWN} more"] * (len(files) > _MOST_SHOWN)),
        ]
        for line in shown:
            out(line)
    elif not files:
        out("Nothing to change.")
    for line in texts_of(answer, "notices"):
        note(safe(line))
    if flag_of(answer, "done"):
        note(dim(f"aura plan undo {text_of(answer, 'operation')} takes it back"))
