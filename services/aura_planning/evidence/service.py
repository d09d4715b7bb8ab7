"""Progress over the bus: questions, and telling everybody when evidence moves an item to another state.

What reads and judges is imported with the first question or change: a service at rest is small.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.causes import because as cause_is
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.code import FindSymbols
from aura_shared.messages.core import Envelope, Progress, wrap
from aura_shared.messages.git import GitChanged
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.messages.plan_progress import (
    AskProgress,
    PlanProgress,
    PlanProgressChanged,
    ProgressChange,
)
from aura_shared.storage import atomic_write

if TYPE_CHECKING:  # loaded with the first question
    from aura_planning.evidence.board import Board, Gathered

__all__ = ["ProgressService"]

log = get_logger(__name__)
Because: TypeAlias = Literal["edit", "commit", "tests", "question"]

_KEEP_S: Final = 120.0
"""How long what was read is kept after its last use."""
_MOST_KEPT: Final = 2
_MOST_TOLD: Final = 100
_MOST_NAMES: Final = 100
"""Symbols that are asked for in the code index; where there are more, files are read."""
_INDEX_S: Final = 2.0
_INDEX_PAUSE_S: Final = 60.0
"""How long the code index is not asked again once it did not answer."""
_RANK: Final[Mapping[str, int]] = {"question": 0, "tests": 1, "edit": 2, "commit": 3}


@dataclass(frozen=True, slots=True)
class _Change:
    """What led to a look that nobody asked for."""

    envelope: Envelope
    cancelled: bool = False

    async def progress(self, progress: Progress) -> None:
        """Nobody waits for it."""


@dataclass(slots=True)
class _Kept:
    """What was read of a plan."""

    gathered: Gathered
    used_s: float


@dataclass(slots=True)
class _Watch:
    """A project about which something happened."""

    because: Because
    change: Context
    edits: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """By path: statuses before and now."""
    task: asyncio.Task[None] | None = None
    again: bool = False


class ProgressService:
    """Serves `aura_shared.messages.plan_progress`, and tells when the state of an item changes.

    Args:
        desk: What the parts share.
        items: Reads the plans.
        reports_s: How often reports of test runs are looked at; one look is a few `stat`.
        keep_s: How long what was read is kept after its last use.
    """

    def __init__(self, desk: PlanDesk, items: ItemService, *, reports_s: float = 2.0, keep_s: float = _KEEP_S) -> None:
        self._desk = desk
        self._items = items
        self._reports_s = reports_s
        self._keep_s = keep_s
        self._kept: dict[str, _Kept] = {}
        self._reports: dict[str, tuple[Path, list[tuple[str, int]]]] = {}
        self._index_from_s = 0.0
        self._locks: dict[str, threading.Lock] = {}
        self._watches: dict[str, _Watch] = {}
        self._followers: list[asyncio.Task[None]] = []

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(AskProgress, self._ask)

    async def start(self) -> None:
        """Follow items, commits and test reports; nothing is read before something happens."""
        self._followers = [asyncio.create_task(self._follow()), asyncio.create_task(self._look_at_reports())]

    async def stop(self) -> None:
        """Follow no more."""
        tasks = [*self._followers, *(watch.task for watch in self._watches.values() if watch.task is not None)]
        self._followers = []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watches.clear()
        self._kept.clear()

    # -- questions ---------------------------------------------------------------------------------------------

    async def _ask(self, request: AskProgress, context: Context) -> PlanProgress:
        loop = asyncio.get_running_loop()

        def work(plan: Plan) -> tuple[PlanProgress, PlanProgressChanged | None]:
            from aura_planning.evidence.answers import progress_answer  # noqa: PLC0415 - see above

            board, event = self._board(plan, "question", {}, loop)
            return progress_answer(plan.project.id, plan.store.ledger, board, request), event

        answer, event = await self._items.read(request.project, context, work)
        if event is not None:
            await self._desk.tell(event, project=event.project, cause=context.envelope.id)
        return answer

    def _board(
        self,
        plan: Plan,
        because: Because,
        edits: Mapping[str, tuple[str, str]],
        loop: asyncio.AbstractEventLoop,
    ) -> tuple[Board, PlanProgressChanged | None]:
        """The progress of a plan as it is now, and what is to be told of it; in a thread."""
        from aura_planning.evidence.board import board, gather  # noqa: PLC0415 - see above

        name = plan.project.id
        with self._locks.setdefault(name, threading.Lock()):
            folder = self._desk.paths.data / "plan" / name
            kept = self._kept.get(name)
            gathered = gather(
                plan.store,
                folder / "evidence.sqlite",
                kept.gathered if kept is not None else None,
                again=because != "edit",
                defined=lambda names: self._defined(name, names, loop),
            )
            file = folder / "progress.json"
            was = _read_note(file)
            made = board(plan.store.ledger, plan.settings, gathered, {path: one[0] for path, one in was.items()})
            event = _event(name, because, was, made, edits, known=file.is_file())
            _write_note(file, was, made)
            self._keep(name, gathered, plan)
            return made, event

    def _keep(self, name: str, gathered: Gathered, plan: Plan) -> None:
        self._kept.pop(name, None)
        self._kept[name] = _Kept(gathered, time.monotonic())
        self._reports[name] = Path(plan.project.root), gathered.places
        while len(self._kept) > _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))

    def _defined(
        self, project: str, names: Sequence[str], loop: asyncio.AbstractEventLoop
    ) -> Mapping[str, tuple[str, int]] | None:
        """Where symbols are defined, as the code index says; None where it does not answer for all of them."""
        if len(names) > _MOST_NAMES or time.monotonic() < self._index_from_s:
            return None
        asked = asyncio.run_coroutine_threadsafe(self._ask_index(project, names), loop)
        try:
            return asked.result(_INDEX_S + 1.0)
        except (AuraError, TimeoutError):
            asked.cancel()
            self._index_from_s = time.monotonic() + _INDEX_PAUSE_S
            return None

    async def _ask_index(self, project: str, names: Sequence[str]) -> dict[str, tuple[str, int]] | None:
        found: dict[str, tuple[str, int]] = {}
        async with asyncio.timeout(_INDEX_S):
            for name in names:
                request = FindSymbols(project=project, name=name, exact=True, limit=20)
                answer = await self._desk.bus.request(request, timeout_s=_INDEX_S, project=project)
                if not answer.freshness.generation:  # it was not built yet
                    return None
                places = sorted(("test" in one.path.lower(), one.path, one.start_line) for one in answer.symbols)
                if places:
                    found[name] = places[0][1], places[0][2]
        return found

    # -- when evidence moves -------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(PlanItemsChanged, GitChanged):
            event = delivery.event
            if isinstance(event, PlanItemsChanged):
                edits = {one.path: (one.old_status, one.status) for one in event.changes}
                self._noted(event.project, "edit", _Change(delivery.envelope), edits)
            elif isinstance(event, GitChanged) and self._is_followed(event.project):
                self._noted(event.project, "commit", _Change(delivery.envelope), {})

    def _is_followed(self, project: str) -> bool:
        """Whether there is a plan whose progress was told once; else a commit moves nothing that anybody knows."""
        return (self._desk.paths.data / "plan" / project / "progress.json").is_file()

    def _noted(self, project: str, because: Because, change: Context, edits: Mapping[str, tuple[str, str]]) -> None:
        watch = self._watches.get(project)
        if watch is None or watch.task is None or watch.task.done():
            watch = self._watches[project] = _Watch(because, change, dict(edits))
            watch.task = asyncio.create_task(self._look(project, watch))
            return
        if _RANK[because] > _RANK[watch.because] or not watch.again:
            watch.because = because
        watch.change, watch.again = change, True
        for path, (old, new) in edits.items():
            watch.edits[path] = watch.edits.get(path, (old, new))[0], new

    async def _look(self, project: str, watch: _Watch) -> None:
        while True:
            await self._desk.background.may_go_on()
            because, edits = watch.because, dict(watch.edits)
            watch.again, watch.edits = False, {}
            try:
                with cause_is(watch.change.envelope):
                    await self._tell_change(project, watch.change, because, edits)
            except (AuraError, OSError):
                log.warning("plan_progress_not_told", project=project, exc_info=True)
            if not watch.again:
                return

    async def _tell_change(
        self, project: str, change: Context, because: Because, edits: Mapping[str, tuple[str, str]]
    ) -> None:
        loop = asyncio.get_running_loop()
        _, event = await self._items.read(project, change, lambda plan: self._board(plan, because, edits, loop))
        if event is not None:
            await self._desk.tell(event, project=project, cause=change.envelope.id)

    async def _look_at_reports(self) -> None:
        """Notice new reports of test runs, and let go of what nobody used for a while."""
        while True:
            await asyncio.sleep(self._reports_s)
            now = time.monotonic()
            for name in [one for one, kept in self._kept.items() if now - kept.used_s > self._keep_s]:
                self._kept.pop(name, None)
            for name, (root, places) in list(self._reports.items()):
                from aura_planning.evidence.results import report_places  # noqa: PLC0415 - see above

                if await asyncio.to_thread(report_places, root) != places:
                    self._reports.pop(name, None)
                    self._noted(name, "tests", _Change(_no_cause(name)), {})


def _no_cause(project: str) -> Envelope:
    """Of a look that no message led to."""
    return wrap(GitChanged(project=project, what="refs"), src="planning", project=project)


def _event(
    project: str,
    because: Because,
    was: Mapping[str, tuple[str, str]],
    made: Board,
    edits: Mapping[str, tuple[str, str]],
    *,
    known: bool,
) -> PlanProgressChanged | None:
    """What is told: items whose state or status differs. The first look tells only of what was edited."""
    changes: list[ProgressChange] = []
    for path, row in made.rows.items():
        state, status = was.get(path, ("", edits.get(path, ("", ""))[0]))
        if (state, status) == (row.judged.state, row.item.status) or not (known or path in edits):
            continue
        changes.append(
            ProgressChange(
                id=row.item.id,
                kind=row.item.kind,
                title=row.item.title,
                path=path,
                old_state=state,
                state=row.judged.state,
                confidence=row.judged.confidence,
                old_status=status,
                status=row.item.status,
            )
        )
    changes += [
        ProgressChange(kind="item", path=path, old_state=state, old_status=status)
        for path, (state, status) in sorted(was.items())
        if path not in made.rows
    ]
    if not changes:
        return None
    return PlanProgressChanged(project=project, because=because, changes=changes[:_MOST_TOLD], total=len(changes))


def _read_note(file: Path) -> dict[str, tuple[str, str]]:
    """State and status of each item when it was told last, by path."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        read = cast("dict[str, list[object]]", json.loads(file.read_bytes()))
        return {path: (str(one[0]), str(one[1])) for path, one in read.items() if len(one) == 2}
    return {}


def _write_note(file: Path, was: Mapping[str, tuple[str, str]], made: Board) -> None:
    note = {path: (row.judged.state, row.item.status) for path, row in made.rows.items()}
    if note != was or not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic_write(file, json.dumps(note).encode())
