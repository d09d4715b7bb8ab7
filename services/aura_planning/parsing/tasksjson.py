"""The `tasks.json` of Task Master: tasks and subtasks with their dependencies, and the lines that they stand in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from aura_planning.parsing.contract import Finding, Source
from aura_planning.parsing.drafts import Draft, GroupDraft, Reading, Wish
from aura_planning.parsing.lexicon import status_of

__all__ = ["is_tasks_json", "read_tasks_json"]

_OBJECT: Final = re.compile(r"\s*\{\s*\Z")
_ID_LINE: Final = re.compile(r'\s*(?:\{\s*)?"id"\s*:\s*("?[^",}]+"?)')


def is_tasks_json(lines: Sequence[str]) -> bool:
    """Whether a document looks like JSON."""
    first = next((line.strip() for line in lines if line.strip()), "")
    return first[:1] in "{[" and (len(first) == 1 or first[1:].lstrip()[:1] in '"{}[]')


def read_tasks_json(lines: Sequence[str]) -> Reading:
    """The tasks of a `tasks.json`, with or without tags."""
    reading = Reading(title="tasks")
    reading.saw("tasks-json")
    try:
        value: object = json.loads("\n".join(lines))
    except json.JSONDecodeError as error:
        reading.findings.append(
            Finding("broken-json", "error", error.lineno, f"the JSON breaks off or is wrong here: {error.msg}",
                    "Repair the file, or take its last version from git.")
        )  # fmt: skip
        return reading
    lists = list(_lists(value))
    if not lists:
        reading.findings.append(
            Finding("unknown-json", "warning", 1, "the JSON holds no list of tasks",
                    "Expected an object with a list `tasks`, as Task Master writes it.")
        )  # fmt: skip
    finder = _Lines(lines)
    for tag, tasks in lists:
        group = None
        if len(lists) > 1 or tag not in {"master", ""}:
            reading.groups.append(GroupDraft("module", tag, 1, len(lines)))
            group = len(reading.groups) - 1
        for task in tasks:
            _take(reading, finder, task, None, "", group)
    return reading


def _lists(value: object) -> list[tuple[str, list[Mapping[str, Any]]]]:
    if isinstance(value, list):
        return [("", _objects(cast("list[object]", value)))]
    if not isinstance(value, dict):
        return []
    fields = cast("dict[str, object]", value)
    own = fields.get("tasks")
    if isinstance(own, list):
        return [("", _objects(cast("list[object]", own)))]
    return [
        (name, inner[0][1])
        for name, part in fields.items()
        if isinstance(part, dict) and (inner := _lists(cast("object", part)))
    ]


def _objects(values: Sequence[object]) -> list[Mapping[str, Any]]:
    return [cast("Mapping[str, Any]", one) for one in values if isinstance(one, dict)]


class _Lines:
    """Finds the lines of each object by its id, in the order in which they are written."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0

    def next(self, identity: object) -> int:
        """The line that the next object with this id begins in."""
        wanted = json.dumps(identity)
        for number in range(self.at, len(self.lines)):
            found = _ID_LINE.match(self.lines[number])
            if found is not None and found[1].strip() == wanted:
                self.at = number + 1
                opens = number > 0 and _OBJECT.match(self.lines[number - 1])
                return number if opens else number + 1
        return 1


def _take(
    reading: Reading, finder: _Lines, task: Mapping[str, Any], up: int | None, before: str, group: int | None
) -> None:
    identity = task.get("id", "")
    alias = f"{before}{identity}"
    line = finder.next(identity)
    title = _words(task, "title") or _words(task, "description")[:80]
    draft = Draft(
        kind="task", alias=alias, title=title, first=line, last=line,
        strength="named", up=up, priority=_words(task, "priority"), status_text=_words(task, "status"), group=group,
        text=[words for key in ("description", "details") if (words := _words(task, key))],
    )  # fmt: skip
    draft.status = status_of(draft.status_text)
    if draft.status_text and not draft.status:
        reading.findings.append(
            Finding(
                "unknown-status",
                "warning",
                line,
                f"{draft.status_text!r} is no status that is known",
                "Use pending, in-progress, done, deferred or cancelled.",
            )
        )
    reading.drafts.append(draft)
    at = len(reading.drafts) - 1
    needed = [_absolute(one, before) for one in cast("Sequence[object]", task.get("dependencies") or [])]
    if needed:
        draft.needs.append(Wish(", ".join(needed), line))
    for one in _objects(cast("Sequence[object]", task.get("subtasks") or [])):
        _take(reading, finder, one, at, f"{alias}.", group)
    draft.last = _last(finder, draft.first)


def _absolute(needed: object, before: str) -> str:
    """Subtasks name their siblings by the last number alone."""
    text = str(needed)
    return f"{before}{text}" if before and "." not in text else text


def _words(task: Mapping[str, Any], key: str) -> str:
    value: object = task.get(key)
    return value if isinstance(value, str) else ""


def _last(finder: _Lines, first: int) -> int:
    """The line that closes the object that begins in a line."""
    opening = finder.lines[first - 1]
    margin = opening[: len(opening) - len(opening.lstrip())]
    for number in range(max(first, finder.at), len(finder.lines)):
        if finder.lines[number].startswith(f"{margin}}}"):
            return number + 1
    return max(first, finder.at)


def source_of(draft: Draft, lines: Sequence[str]) -> Source:
    """The lines of a task, with its title quoted."""
    return Source(draft.first, draft.last, lines[draft.first - 1].strip())
