"""The forecast over the bus: from a repository's own past to days, pictures, and the event when they move."""

from __future__ import annotations

import asyncio
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aura_planning.forecasting import forecasting
from aura_planning.forecasting import service as forecast_module
from aura_planning.forecasting.forecasting import Forecast
from aura_planning.forecasting.service import ForecastService
from aura_shared.errors import Cancelled, UnknownItem, UsageProblem
from aura_shared.messages.plan_forecast import AskBurnup, AskForecast, PlanForecast, PlanForecastChanged
from aura_shared.messages.plan_items import ChangePlan, PlanItemsChanged
from aura_shared.messages.services import WorkPaused
from aura_shared.projects import ProjectRegistry
from plan_forecast_rig import TODAY, commit, lived_plan
from plan_items_rig import ItemRig, item_text, put

BOUND_S = 30.0
DAY = TODAY.isoformat()


class Rig(ItemRig):
    """The item service with forecasts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.forecasts = ForecastService(self.desk, self.service, quiet_s=0.01, least_s=0.01)
        self.forecasts.register()

    async def forecast(self, **fields: object) -> PlanForecast:
        asked = {"project": self.project.id, "today": DAY, "runs": 400, **fields}
        return await self.ask(AskForecast.model_validate(asked))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lived_plan(tmp_path / "shop")


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[Rig]:
    found = Rig(root)
    yield found
    await found.forecasts.stop()
    await found.service.stop()


def days(written: str) -> int:
    return (date.fromisoformat(written) - TODAY).days


@pytest.mark.requirement("A4")
async def test_a_plan_is_forecast_from_the_versions_of_its_files_in_git(rig: Rig) -> None:
    found = await rig.forecast()
    assert (found.reason, found.finished, found.days, found.unit) == ("", 20, 20, "items")
    assert found.per_week == pytest.approx(3.4, abs=0.2)
    assert (found.cycle50, found.cycle85) == (1, 1)
    assert found.whole is not None
    assert found.growing is not None
    assert found.whole.open == 6
    assert 6 <= days(found.whole.p50) <= 30  # six items at one every second day
    assert days(found.whole.p50) <= days(found.whole.p85)
    kinds = [(one.kind, one.alias) for one in found.rows[:2]]
    assert kinds == [("epic", "epic-1"), ("epic", "epic-2")]
    leaves = [one for one in found.rows if one.kind == "task"]
    assert len(leaves) == 6
    assert [days(one.p85) for one in leaves] == sorted(days(one.p85) for one in leaves)
    assert [one.id for one in found.drivers][:3] == ["t0020a", "t0021a", "t0022a"]  # the chain
    assert any("weekend" in one for one in found.assumptions)
    assert (await rig.forecast()).model_dump_json() == found.model_dump_json()


@pytest.mark.requirement("A4")
async def test_a_forecast_says_how_often_such_forecasts_were_kept(rig: Rig) -> None:
    found = await rig.forecast(backtest=True)
    scores = {one.what: one for one in found.scores}
    assert scores["next 5"].counted85 > 0
    assert scores["next 5"].within85 <= scores["next 5"].counted85
    assert "P85 was kept in" in found.trust
    assert found.trials
    assert all(one.p50 <= one.p85 for one in found.trials)
    assert (await rig.forecast()).trials == []


@pytest.mark.requirement("A4", "M3")
async def test_one_item_is_forecast_with_what_belongs_to_it_in_pages(rig: Rig) -> None:
    found = await rig.forecast(item="epic-1", limit=2)
    assert found.rows[0].alias == "epic-1"
    assert (found.total, found.next) == (5, 2)
    rest = await rig.forecast(item="epic-1", start=2)
    assert (len(rest.rows), rest.next) == (3, 0)
    one = await rig.forecast(item="t0025a")
    assert [row.id for row in one.rows] == ["t0025a"]
    assert one.whole is not None
    assert one.rows[0].p85 == one.whole.p85  # the end of the chain is the end of everything
    closed = await rig.forecast(item="t0003a")
    assert (closed.rows, closed.reason) == ([], "nothing of task t0003a is open")
    with pytest.raises(UnknownItem):
        await rig.forecast(item="nobody")
    with pytest.raises(UsageProblem):
        await rig.forecast(today="soon")


@pytest.mark.requirement("A4")
async def test_more_workers_are_faster_only_where_nothing_waits(rig: Rig, root: Path) -> None:
    chained = await rig.forecast()
    many = await rig.forecast(workers=4)
    assert chained.whole is not None
    assert many.whole is not None
    assert days(many.whole.p50) <= days(chained.whole.p50)
    assert days(many.whole.p50) > days(chained.whole.p50) / 3  # they wait for one another
    for number in range(20, 26):
        name = f"t{number:04}a"
        put(root, f"tasks/{name}-x.md", item_text(name, "task", f"Task {number}", parent="e1aaaa"))
    free = await rig.forecast(workers=4)
    assert free.whole is not None
    assert days(free.whole.p50) < days(many.whole.p50)
    assert free.drivers == []


@pytest.mark.requirement("A4")
async def test_what_is_not_committed_counts_from_the_journal(tmp_path: Path, aura_home: Path) -> None:
    today = datetime.now(UTC).date()
    rig = Rig(lived_plan(tmp_path / "shop", today=today - timedelta(1)))
    before = await rig.forecast(today=today.isoformat())
    assert before.finished == 20
    for status in ("in-progress", "done"):
        await rig.ask(ChangePlan(project=rig.project.id, action="set", item="t0020a", status=status))
    after = await rig.forecast(today=today.isoformat())
    assert after.finished == 21
    await rig.service.stop()


@pytest.mark.requirement("A4")
async def test_nothing_is_said_without_a_past(tmp_path: Path, aura_home: Path) -> None:
    root = tmp_path / "new"
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "X"))
    rig = Rig(root)
    found = await rig.forecast(today=datetime.now(UTC).date().isoformat())
    assert found.reason.startswith("the history is too short: 0 finished items")
    assert (found.whole, found.rows, found.runs) == (None, [], 0)
    burnup = await rig.ask(AskBurnup(project=rig.project.id, form="svg"))
    assert burnup.reason == found.reason
    assert "no forecast" in burnup.picture
    await rig.service.stop()


@pytest.mark.requirement("A4")
async def test_what_is_assumed_names_what_came_done_and_a_plan_that_is_too_large(
    rig: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "tasks/t9aaaa-x.md", item_text("t9aaaa", "task", status="done"))
    commit(root, TODAY)
    monkeypatch.setattr(forecasting, "_MOST_STEPS", 600)
    found = await rig.forecast()
    assert found.runs == 100
    assert "The plan is so large that it is done only 100 times." in found.assumptions
    assert found.assumptions[-1].startswith("1 items were done when they came")
    burnup = await rig.ask(AskBurnup(project=rig.project.id, today=DAY))
    assert (burnup.points[-1].done, burnup.points[-1].scope) == (21, 27)


@pytest.mark.requirement("A4")
async def test_nothing_is_said_when_the_past_is_old(rig: Rig) -> None:
    found = await rig.forecast(today=(TODAY + timedelta(50)).isoformat())
    assert found.reason == "the history is too old: nothing was finished for 51 days, and 45 are the most"
    assert found.whole is None


@pytest.mark.requirement("A4")
async def test_the_burn_up_is_data_and_a_picture_that_needs_nothing_else(rig: Rig) -> None:
    data = await rig.ask(AskBurnup(project=rig.project.id, today=DAY))
    assert data.picture == ""
    assert (data.points[0].done, data.points[0].scope) == (0, 26)
    assert (data.points[-1].day, data.points[-1].done, data.points[-1].scope) == (DAY, 20, 26)
    assert [one.done for one in data.marks][-1] == 26
    assert [one.p50 for one in data.marks] == sorted(one.p50 for one in data.marks)
    svg = (await rig.ask(AskBurnup(project=rig.project.id, today=DAY, form="svg"))).picture
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    page = (await rig.ask(AskBurnup(project=rig.project.id, today=DAY, form="html"))).picture
    for text in (svg, page):
        assert "script" not in text
        assert text.count("://") == text.count("http://www.w3.org/2000/svg")
        assert "prefers-color-scheme: dark" in text
    assert "<td>26</td>" in page


@pytest.mark.requirement("A4")
async def test_an_event_tells_when_the_forecast_of_the_plan_moves(
    rig: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_module, "_today", lambda: TODAY)
    await rig.forecasts.start()

    def events() -> list[PlanForecastChanged]:
        return [one for one in rig.bus.published if isinstance(one, PlanForecastChanged)]

    note = rig.paths.data / "plan" / rig.project.id / "forecast.json"
    add = ChangePlan(project=rig.project.id, action="add", kind="task", title="One more")
    await rig.ask(add)
    await until(note.exists)
    assert events() == []  # the first one is only remembered
    for number in range(12):
        await rig.ask(add.model_copy(update={"title": f"More {number}"}))
    await until(lambda: bool(events()))
    told = events()[-1]
    assert (told.project, told.reason) == (rig.project.id, "")
    assert told.p85 > told.old_p85
    assert told.open > 6


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, with a bound."""
    async with asyncio.timeout(BOUND_S):
        while not holds():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.005)


@pytest.mark.requirement("A4")
async def test_a_folder_below_a_repository_has_its_own_past(tmp_path: Path, aura_home: Path) -> None:
    whole = lived_plan(tmp_path / "mono")
    inner = whole / "apps" / "shop"
    put(inner, "tasks/t1zzzz-x.md", item_text("t1zzzz", "task", "X"))
    commit(whole, TODAY)
    rig = Rig(inner)
    found = await rig.forecast()
    assert found.finished == 0
    await rig.service.stop()


@pytest.mark.requirement("A4")
async def test_work_ends_when_the_caller_leaves(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(*_: object, stopped: Callable[[], bool], **__: object) -> Forecast:
        begun.set()
        while not stopped():
            time.sleep(0.001)
        ended.set()
        raise Cancelled("the forecast was stopped")

    monkeypatch.setattr(forecasting, "forecast_plan", endless)
    asking = asyncio.create_task(rig.forecast())
    await until(begun.is_set)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await until(ended.is_set)


@pytest.mark.requirement("A4", "P11")
async def test_a_note_that_cannot_be_read_is_written_anew(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(forecast_module, "_today", lambda: TODAY)
    note = rig.paths.data / "plan" / rig.project.id / "forecast.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text('{"p50": "soon"}', encoding="utf-8")
    await rig.forecasts.start()
    await rig.ask(ChangePlan(project=rig.project.id, action="add", kind="task", title="One more"))
    await until(lambda: '"open": "7"' in note.read_text(encoding="utf-8"))


@pytest.mark.requirement("A4")
async def test_an_event_tells_that_nothing_is_left(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "_today", lambda: TODAY)
    await rig.forecasts.start()
    note = rig.paths.data / "plan" / rig.project.id / "forecast.json"
    cancel = ChangePlan(project=rig.project.id, action="set", status="cancelled", item="t0025a")
    await rig.ask(cancel)
    await until(note.exists)
    for number in range(20, 25):
        await rig.ask(cancel.model_copy(update={"item": f"t{number:04}a"}))

    def last() -> PlanForecastChanged | None:
        return next((one for one in reversed(rig.bus.published) if isinstance(one, PlanForecastChanged)), None)

    await until(lambda: (told := last()) is not None and not told.open)
    told = last()
    assert told is not None
    assert (told.p50, told.reason) == ("", "nothing is open")
    assert (await rig.forecast()).reason == "nothing is open"


@pytest.mark.requirement("A4")
async def test_a_project_that_goes_is_not_forecast_and_the_next_one_is(rig: Rig, root: Path) -> None:
    await rig.forecasts.start()
    await rig.desk.tell(PlanItemsChanged(project="nobody", by="edit"), project="nobody")
    add = ChangePlan(project=rig.project.id, action="add", kind="task", title="One more")
    await rig.ask(add)
    await until((rig.paths.data / "plan" / rig.project.id / "forecast.json").exists)


@pytest.mark.requirement("A4")
async def test_five_projects_have_a_past_and_the_first_is_read_again(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_module, "_MOST_KEPT", 1)
    other = ProjectRegistry(rig.paths.projects).add(lived_plan(tmp_path / "other", 9, 2))[0]
    first = await rig.forecast()
    second = await rig.forecast(project=other.id)
    assert (first.finished, second.finished) == (20, 9)
    assert (await rig.forecast()).model_dump_json() == first.model_dump_json()


@pytest.mark.requirement("U1", "A4")
async def test_while_work_is_paused_a_forecast_waits(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_module, "_today", lambda: TODAY)
    await rig.forecasts.start()
    rig.desk.background.take(WorkPaused(paused=True))
    note = rig.paths.data / "plan" / rig.project.id / "forecast.json"
    await rig.ask(ChangePlan(project=rig.project.id, action="add", kind="task", title="One more"))
    await until(lambda: rig.desk.background.waiting == 1)
    assert not note.exists()
    rig.desk.background.take(WorkPaused(paused=False))
    await until(note.exists)
