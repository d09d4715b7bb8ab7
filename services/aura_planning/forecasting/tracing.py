"""The past of a plan: the versions of its files in git, and its journal for what is not committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from aura_planning.forecasting.lives import History, Life
from aura_planning.forecasting.versions import read_versions
from aura_planning.items.amounts import effort_of
from aura_planning.items.journal import Journal
from aura_planning.items.layout import FOLDER, place_of
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.items.statuses import WORKING
from aura_shared.errors import UnknownOperation

__all__ = ["Moment", "committed", "journalled", "trace"]

_WORK: Final = frozenset({"epic", "story", "task"})
_DONE: Final = frozenset({"complete", "done"})
_FINAL: Final = frozenset({*_DONE, "cancelled"})


@dataclass(frozen=True, slots=True)
class Moment:
    """What a file held from a moment on."""

    at_s: float
    path: str
    item: Item | None
    """None where it was removed, or holds no item."""


def committed(root: Path, commit: str, stopped: Callable[[], bool] = lambda: False) -> list[list[Moment]]:
    """What each commit did to the items of a plan, oldest first.

    Raises:
        Unavailable: git does not answer.
        Cancelled: It was stopped.
    """
    if not commit:
        return []
    versions = read_versions(root, commit, FOLDER, wanted=lambda path: place_of(path) is not None, stopped=stopped)
    return [
        [Moment(one.at_s, one.path, None if one.data is None else read_item(one.path, one.data).item) for one in group]
        for _, group in groupby(versions, key=lambda one: one.commit)
    ]


def journalled(journal: Journal) -> Iterator[list[Moment]]:
    """What each operation did, oldest first; what was taken back did not happen."""
    for operation in reversed(journal.operations()):
        if operation.state != "done" or operation.undoes:
            continue
        try:
            changes = journal.contents(operation)
            at_s = datetime.fromisoformat(operation.at).timestamp()
        except (UnknownOperation, ValueError):
            continue
        found: list[Moment] = []
        for change in changes:
            if place_of(change.path) is None:
                continue
            item = None if change.after is None else read_item(change.path, change.after).item
            found.append(Moment(at_s, change.path, item))
        if found:
            yield found


def trace(
    root: Path,
    commit: str,
    journal: Iterable[list[Moment]],
    items: Sequence[Item] | None,
    today: int = 0,
    stopped: Callable[[], bool] = lambda: False,
) -> History:
    """The past of a plan.

    Args:
        root: Folder of the project.
        commit: Hash of the newest commit; empty for none.
        journal: What was done, as `journalled` gives it.
        items: The leaves of the plan as it is now: only these, and what is gone, count; None for what the history says.
        today: The last day; 0 for the last one on which anything happened.
        stopped: Asked again and again; when it says yes, nothing more is done.

    Raises:
        Unavailable: git does not answer.
        Cancelled: It was stopped.
    """
    groups = [*committed(root, commit, stopped), *journal]
    groups.sort(key=lambda group: group[0].at_s)  # a sort keeps what was at the same time in order
    traces = _Traces()
    for group in groups:
        traces.take_in(group)
    return traces.history(items, today)


@dataclass(slots=True)
class _Trace:
    """One item while its past goes by."""

    kind: str
    added_s: float
    arrived: bool
    """Whether it was done already when it came: nobody knows when."""
    begun_s: float | None = None
    finished_s: float | None = None
    dropped_s: float | None = None
    points: float | None = None


class _Traces:
    """Items by key: their identifier, and the path of what has none."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}
        self._keys: dict[str, str] = {}
        self._titles: dict[str, tuple[str, str]] = {}
        self._last_s = 0.0

    def take_in(self, group: Sequence[Moment]) -> None:
        """What was done together; a file that goes and one with the same title that comes are one item that moved."""
        gone = [one.path for one in group if one.item is None and one.path in self._keys]
        left = {self._titles[path]: self._keys[path] for path in gone}
        for one in group:
            if one.item is not None and one.item.kind in _WORK and not one.item.broken:
                self._note(one.at_s, one.path, one.item, left)
        held = {key for path, key in self._keys.items() if path not in gone}
        for path in gone:
            key = self._keys.pop(path)
            found = self._traces[key]
            if key not in held and found.finished_s is None and found.dropped_s is None:
                found.dropped_s = group[0].at_s

    def _note(self, at_s: float, path: str, item: Item, left: dict[tuple[str, str], str]) -> None:
        self._last_s = max(self._last_s, at_s)
        named = (item.kind, item.title)
        key = item.id or path
        known = self._keys.get(path) or left.get(named, "")
        if key not in self._traces and known:
            self._traces[key] = self._traces.pop(known)
            self._keys = {where: key if one == known else one for where, one in self._keys.items()}
        self._keys[path], self._titles[path] = key, named
        found = self._traces.get(key)
        if found is None:
            found = self._traces[key] = _Trace(item.kind, at_s, item.status in _FINAL)
        found.added_s = min(found.added_s, at_s)
        found.points = _points(item, found.points)
        if item.status in _DONE:
            found.finished_s = at_s if found.finished_s is None else found.finished_s
        elif item.status == "cancelled":
            found.dropped_s = at_s if found.dropped_s is None else found.dropped_s
        elif item.status:
            found.dropped_s = None
            if item.status == WORKING.get(item.kind) and found.begun_s is None:
                found.begun_s = at_s

    def history(self, items: Sequence[Item] | None, today: int) -> History:
        """What is known now."""
        now = None if items is None else {item.id or item.path: item for item in items}
        kinds = _WORK if now is None else {item.kind for item in now.values()}
        lives: list[Life] = []
        arrived: list[int] = []
        for key, found in self._traces.items():
            item = None if now is None else now.get(key)
            if item is None and (found.kind not in kinds or (now is not None and _still(found))):
                continue
            if not found.arrived:
                lives.append(_life(key, found, item))
            elif found.finished_s is not None:
                arrived.append(_day(found.added_s))
        last = today or (_day(self._last_s) if self._last_s else 0)
        known = {one.key for one in lives}
        for key, item in (now or {}).items():
            if key not in self._traces and key not in known and item.status not in _FINAL:
                lives.append(Life(key, last, points=_points(item, None)))
        return History(lives, last, sorted(arrived)).as_of(last)


def _still(found: _Trace) -> bool:
    """Whether something that is in the plan no more as a leaf never ended: it has parts now."""
    return found.finished_s is None and found.dropped_s is None


def _life(key: str, found: _Trace, item: Item | None) -> Life:
    """What is known of an item; a later state of its file counts before what was in between."""
    finished, dropped = found.finished_s, found.dropped_s
    if item is not None and item.status not in _DONE:
        finished = None
    if item is not None and item.status != "cancelled":
        dropped = None
    if finished is not None:
        dropped = None
    return Life(
        key,
        _day(found.added_s),
        _day_or_none(found.begun_s),
        _day_or_none(finished),
        _day_or_none(dropped),
        found.points,
    )


def _points(item: Item, known: float | None) -> float | None:
    written = item.amounts.get("estimate", "") or item.amounts.get("effort", "")
    effort = effort_of(written) if written else None
    return known if effort is None or effort.hours else effort.points


def _day(seconds: float) -> int:
    return datetime.fromtimestamp(seconds, UTC).toordinal()


def _day_or_none(seconds: float | None) -> int | None:
    return None if seconds is None else _day(seconds)
