"""Reads the past of plans that other tools keep in git: Backlog.md, beads, Task Master, and Aura's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from aura_planning.forecasting.lives import History, Life
from aura_planning.forecasting.tracing import trace
from aura_planning.forecasting.versions import Version, read_versions, tip_of

__all__ = ["read_history"]

_FIELD: Final = re.compile(rb"^(id|status|created_date):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_WORKING: Final = frozenset({"in progress", "in-progress", "doing", "review", "in review", "testing"})
_DONE: Final = frozenset({"done", "complete", "completed", "closed"})
_DROPPED: Final = frozenset({"cancelled", "canceled", "deferred", "wontfix", "won't do", "archived"})
_BEADS: Final = ".beads/issues.jsonl"
_TASKMASTER: Final = (".taskmaster/tasks/tasks.json", "tasks/tasks.json")


def read_history(clone: Path) -> tuple[str, History]:
    """Which tool's plan it is, and its past.

    Raises:
        ValueError: No such plan is there.
    """
    for name, read in (("backlog", _backlog), ("beads", _beads), ("taskmaster", _taskmaster), (".ai", _own)):
        found = read(clone)
        if found is not None and sum(one.finished is not None for one in found.lives) >= 20:
            return name, found
    raise ValueError(f"{clone} has no plan that is known, with 20 finished items")


class _Seen:
    """Items while their versions go by."""

    def __init__(self) -> None:
        self.added: dict[str, int] = {}
        self.begun: dict[str, int] = {}
        self.finished: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self.arrived_done: set[str] = set()
        self.last = 0

    def note(self, key: str, status: str, at: int) -> None:
        self.last = max(self.last, at)
        state = status.strip().strip("\"'").lower().replace("_", " ")
        done = state in _DONE
        if key not in self.added:
            self.added[key] = at
            if done:
                self.arrived_done.add(key)
        if state in _WORKING:
            self.begun.setdefault(key, at)
        if done:
            self.finished.setdefault(key, at)
        if state in _DROPPED:
            self.dropped.setdefault(key, at)
        else:
            self.dropped.pop(key, None)

    def gone(self, key: str, at: int) -> None:
        if key in self.added and key not in self.finished:
            self.dropped.setdefault(key, at)

    def history(self) -> History | None:
        if not self.added:
            return None
        lives: list[Life] = []
        for key, added in self.added.items():
            if key in self.arrived_done:
                continue
            begun, finished = self.begun.get(key), self.finished.get(key)
            dropped = self.dropped.get(key) if finished is None else None
            lives.append(Life(key, min([added, *([begun] if begun else [])]), begun, finished, dropped))
        return History(lives, self.last)


def _day(seconds: float) -> int:
    return datetime.fromtimestamp(seconds, UTC).toordinal()


def _backlog(clone: Path) -> History | None:
    seen = _Seen()
    keys: dict[str, str] = {}
    here: dict[str, str] = {}
    for version in _versions(clone, "backlog", lambda path: path.endswith(".md") and "/docs/" not in path):
        day = _day(version.at_s)
        if version.data is None:
            key = keys.get(version.path, "")
            if here.get(key) == version.path:
                seen.gone(key, day)
            continue
        head = version.data[:4000]
        fields = {name.decode(): value.decode("utf-8", "replace") for name, value in reversed(_FIELD.findall(head))}
        if "id" not in fields or "status" not in fields:
            continue
        key = re.sub(r"^[a-z]+-", "", fields["id"].strip("\"'").lower())
        keys[version.path] = here[key] = version.path and key
        here[key] = version.path
        seen.note(key, "archived" if "/archive/" in version.path else fields["status"], day)
    return seen.history()


def _beads(clone: Path) -> History | None:
    rows: dict[str, Mapping[str, Any]] = {}
    newest = b""
    for version in _versions(clone, _BEADS, lambda path: path == _BEADS):
        newest = version.data or newest
    for line in newest.splitlines():
        try:
            row = cast("Mapping[str, Any]", json.loads(line))
        except ValueError:
            continue
        rows[str(row.get("id"))] = row
    lives: list[Life] = []
    last = 0
    for key, row in rows.items():
        if row.get("issue_type") in {"epic", "molecule"} or "created_at" not in row:
            continue
        days = {name: _moment(row.get(name)) for name in ("created_at", "started_at", "closed_at", "updated_at")}
        last = max(last, *(day for day in days.values() if day is not None))
        added = days["created_at"]
        if added is None:
            continue
        done = row.get("status") in {"closed", "tombstone"}
        begun = days["started_at"]
        lives.append(Life(key, min(added, begun or added), begun, days["closed_at"] if done else None))
    return History(lives, last) if lives else None


def _moment(text: object) -> int | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).toordinal()
    except ValueError:
        return None


def _taskmaster(clone: Path) -> History | None:
    seen = _Seen()
    for version in _versions(clone, "", lambda path: path in _TASKMASTER):
        try:
            content = json.loads(version.data or b"")
        except ValueError:
            continue
        for key, status in _tasks(content):
            seen.note(key, status, _day(version.at_s))
    return seen.history()


def _tasks(content: object) -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict):
        return
    tags = cast("dict[str, Any]", content)
    lists = {"master": tags} if isinstance(tags.get("tasks"), list) else tags
    for tag, inner in lists.items():
        if not isinstance(inner, dict) or not isinstance(inner.get("tasks"), list):
            continue
        for task in inner["tasks"]:
            parts = task.get("subtasks") or []
            for part in parts:
                yield f"{tag}/{task.get('id')}.{part.get('id')}", str(part.get("status"))
            if not parts:
                yield f"{tag}/{task.get('id')}", str(task.get("status"))


def _own(clone: Path) -> History | None:
    return trace(clone, tip_of(clone), [], None)


def _versions(clone: Path, folder: str, wanted: Callable[[str], bool]) -> Iterator[Version]:
    tip = tip_of(clone)
    if tip:
        yield from read_versions(clone, tip, folder or ".", wanted=wanted, most_bytes=100_000_000)
