"""The forecast over the bus. What calculates is imported with the first question: a service at rest is small."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.causes import because
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.logging import get_logger
from aura_shared.messages.core import Envelope, Progress
from aura_shared.messages.plan_forecast import (
    AskBurnup,
    AskForecast,
    PlanBurnup,
    PlanForecast,
    PlanForecastChanged,
)
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.storage import atomic_write

if TYPE_CHECKING:
    from aura_planning.forecasting.calibrating import Trial
    from aura_planning.forecasting.forecasting import Forecast
    from aura_planning.forecasting.lives import History
    from aura_planning.items.ledger import Ledger
    from aura_planning.items.model import Item

__all__ = ["ForecastService"]

log = get_logger(__name__)
ResultT = TypeVar("ResultT")

_MOST_KEPT: Final = 4
"""Projects whose past is kept: some hundred bytes an item."""
_QUIET_RUNS: Final = 500
_MOST_S: Final = 30.0
"""Bound of a forecast that nobody asked for."""


@dataclass(slots=True)
class _Past:
    """The past of a plan as it was read last."""

    key: tuple[object, ...]
    ledger: Ledger
    history: History
    trials: list[Trial]


@dataclass(frozen=True, slots=True)
class _Change:
    """What led to a forecast that nobody asked for."""

    envelope: Envelope
    cancelled: bool = False

    async def progress(self, progress: Progress) -> None:
        """Nobody waits for it."""


@dataclass(slots=True)
class _Watch:
    """One project whose items change."""

    task: asyncio.Task[None]
    change: _Change
    again: bool = False


@dataclass(slots=True)
class _Stop:
    """Ends work in a thread: when somebody says so, or when its time is over."""

    asked: threading.Event = field(default_factory=threading.Event)
    until_s: float = float("inf")

    def __call__(self) -> bool:
        return self.asked.is_set() or time.monotonic() > self.until_s


class ForecastService:
    """Serves the requests of `aura_shared.messages.plan_forecast`, and tells when the forecast of a plan moves.

    Args:
        desk: What the parts share.
        items: Reads the plans.
        quiet_s: How long items have to be quiet before a plan is forecast that nobody asked about.
        least_s: Least time between two such forecasts of one plan.
    """

    def __init__(self, desk: PlanDesk, items: ItemService, *, quiet_s: float = 2.0, least_s: float = 60.0) -> None:
        self._desk = desk
        self._items = items
        self._quiet_s = quiet_s
        self._least_s = least_s
        self._past: dict[str, _Past] = {}
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        self._follower: asyncio.Task[None] | None = None

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(AskForecast, self._forecast)
        self._desk.bus.serve(AskBurnup, self._burnup)

    async def start(self) -> None:
        """Follow what happens to items; nothing is calculated before something does."""
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        tasks = [watch.task for watch in self._watches.values()]
        if self._follower is not None:
            tasks.append(self._follower)
        self._follower = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watches.clear()

    # -- questions ---------------------------------------------------------------------------------------------

    async def _forecast(self, request: AskForecast, context: Context) -> PlanForecast:
        today = _day(request.today)

        def work(plan: Plan, stop: _Stop) -> PlanForecast:
            from aura_planning.forecasting.answers import forecast_answer  # noqa: PLC0415 - see above

            goal = plan.store.ledger.find(request.item) if request.item else None
            found = self._made(plan, today, request.workers, request.runs, goal, stop)
            return forecast_answer(plan.project.id, found, request, goal)

        return await self._read(request.project, context, work)

    async def _burnup(self, request: AskBurnup, context: Context) -> PlanBurnup:
        today = _day(request.today)

        def work(plan: Plan, stop: _Stop) -> PlanBurnup:
            from aura_planning.forecasting.answers import burnup_answer  # noqa: PLC0415 - see above

            found = self._made(plan, today, request.workers, 2000, None, stop)
            return burnup_answer(plan.project.id, plan.project.name, found, request.form)

        return await self._read(request.project, context, work)

    async def _read(self, project: str, context: Context, work: Callable[[Plan, _Stop], ResultT]) -> ResultT:
        """Work in a thread; when the caller leaves, it ends soon."""
        stop = _Stop()
        try:
            return await self._items.read(project, context, lambda plan: work(plan, stop))
        finally:
            stop.asked.set()

    def _made(self, plan: Plan, today: date, workers: int, runs: int, goal: Item | None, stop: _Stop) -> Forecast:
        from aura_planning.forecasting.forecasting import Asked, forecast_plan  # noqa: PLC0415 - see above

        past = self._past_of(plan, today, stop)
        asked = Asked(today, workers, runs, goal)
        return forecast_plan(past.ledger, plan.settings, past.history, asked, trials=past.trials, stopped=stop)

    def _past_of(self, plan: Plan, today: date, stop: _Stop) -> _Past:
        """The past of a plan, read anew when a commit, an operation or a day came."""
        from aura_planning.forecasting.calibrating import walk  # noqa: PLC0415 - see above
        from aura_planning.forecasting.forecasting import leaves_of  # noqa: PLC0415 - see above
        from aura_planning.forecasting.tracing import journalled, trace  # noqa: PLC0415 - see above
        from aura_planning.forecasting.versions import tip_of  # noqa: PLC0415 - see above

        root, ledger = Path(plan.project.root), plan.store.ledger
        tip = tip_of(root)
        newest = [one.id for one in plan.store.journal.operations(1)]
        key = (tip, tuple(newest), today)
        with self._lock:
            known = self._past.get(plan.project.id)
        if known is not None and known.key == key and known.ledger is ledger:
            return known
        history = trace(root, tip, journalled(plan.store.journal), leaves_of(ledger), today.toordinal(), stop)
        past = _Past(key, ledger, history, walk(history, stopped=stop))
        with self._lock:
            self._past.pop(plan.project.id, None)
            self._past[plan.project.id] = past
            while len(self._past) > _MOST_KEPT:
                self._past.pop(next(iter(self._past)))
        return past

    # -- when a forecast moves ---------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(PlanItemsChanged):
            event = delivery.event
            watch = self._watches.get(event.project) if isinstance(event, PlanItemsChanged) else None
            if watch is not None and not watch.task.done():
                watch.again, watch.change = True, _Change(delivery.envelope)
            elif isinstance(event, PlanItemsChanged):
                task = asyncio.create_task(self._look(event.project))
                self._watches[event.project] = _Watch(task, _Change(delivery.envelope))

    async def _look(self, project: str) -> None:
        """Forecast once it is quiet, and again as long as things change."""
        while True:
            await asyncio.sleep(self._quiet_s)
            await self._desk.background.may_go_on()
            watch = self._watches[project]
            watch.again = False
            try:
                with because(watch.change.envelope):
                    await self._compare(project, watch.change)
            except (AuraError, OSError):
                log.warning("plan_not_forecast", project=project, exc_info=True)
            if not watch.again:
                return
            await asyncio.sleep(self._least_s)

    async def _compare(self, project: str, change: _Change) -> None:
        today = _today()
        until_s = time.monotonic() + _MOST_S

        def work(plan: Plan, stop: _Stop) -> dict[str, str]:
            stop.until_s = until_s
            return _noted(self._made(plan, today, 0, _QUIET_RUNS, None, stop))

        new = await self._read(project, change, work)
        file = self._desk.paths.data / "plan" / project / "forecast.json"
        old = await asyncio.to_thread(_read_note, file)
        if old is not None and not _moved(old, new):
            return
        await asyncio.to_thread(_write_note, file, new)
        if old is not None:
            event = PlanForecastChanged(
                project=project,
                p50=new["p50"],
                p85=new["p85"],
                old_p50=old["p50"],
                old_p85=old["p85"],
                open=int(new["open"]),
                reason=new["reason"],
            )
            await self._desk.tell(event, project=project, cause=change.envelope.id)


_KEYS: Final = ("p50", "p85", "open", "reason")


def _noted(found: Forecast) -> dict[str, str]:
    """What is remembered of a forecast."""
    from aura_planning.forecasting.answers import day_text  # noqa: PLC0415 - see above

    whole = found.whole
    if whole is None:
        done = found.facts is not None and not found.facts.work
        return {"p50": "", "p85": "", "open": "0", "reason": found.reason or ("nothing is open" if done else "")}
    days = day_text(found.today, whole.p50), day_text(found.today, whole.p85)
    return {"p50": days[0], "p85": days[1], "open": str(whole.open), "reason": ""}


def _moved(old: dict[str, str], new: dict[str, str]) -> bool:
    """Whether a day moved by more than one, or came, or went."""
    for name in ("p50", "p85"):
        if bool(old[name]) != bool(new[name]):
            return True
        if old[name] and abs((date.fromisoformat(old[name]) - date.fromisoformat(new[name])).days) > 1:
            return True
    return False


def _read_note(file: Path) -> dict[str, str] | None:
    with suppress(OSError, ValueError, TypeError, AttributeError):
        read = json.loads(file.read_bytes())
        found = {key: str(read.get(key, "")) for key in _KEYS}
        for key in ("p50", "p85"):
            if found[key]:
                date.fromisoformat(found[key])
        return found
    return None


def _write_note(file: Path, note: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomic_write(file, json.dumps(note).encode())


def _today() -> date:
    return datetime.now(UTC).date()


def _day(written: str) -> date:
    """A day as it was asked for, or today.

    Raises:
        UsageProblem: There is no such day.
    """
    if not written:
        return _today()
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise UsageProblem(f"{written!r} is no day", hint="Write it as in 2027-03-31.") from error
