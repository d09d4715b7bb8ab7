"""Pausing background work over HTTP and over the bus."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aura_gateway.pausing import Pausing
from aura_shared.bus.memory import MemoryHub
from aura_shared.errors import UsageProblem
from aura_shared.messages.services import PauseWork, ResumeWork, ShowWork, WorkPaused
from gateway_lab import Lab

pytestmark = pytest.mark.requirement("U1", "M9")
GOES_ON = {"paused": False, "until": "", "by": ""}


async def test_a_pause_is_said_to_everybody_and_shown(lab: Lab) -> None:
    async with lab.client(**{"user-agent": "aura-cli"}) as client:
        assert (await client.get("/v1/work")).json() == {"work": GOES_ON}
        answer = await client.post("/v1/work/pause", json={})
        assert answer.json() == {"work": {"paused": True, "until": "", "by": "cli"}}
        assert (await client.get("/v1/work")).json() == answer.json()
        assert (await client.get("/v1/status")).json()["work"]["paused"] is True
        resumed = await client.post("/v1/work/resume")
        assert resumed.json() == {"work": {"paused": False, "until": "", "by": "cli"}}
        assert (await client.get("/v1/status")).json()["work"]["paused"] is False
    said = [envelope for _, envelope in lab.hub.journal if envelope.type == WorkPaused.type]
    assert [(one.data["paused"], one.origin) for one in said] == [(True, "cli"), (False, "cli")]


async def test_a_pause_may_have_an_end(client: httpx.AsyncClient) -> None:
    before = datetime.now(UTC)
    answer = await client.post("/v1/work/pause", json={"for_s": 7200})
    end = datetime.fromisoformat(answer.json()["work"]["until"])
    assert before + timedelta(hours=2) <= end <= datetime.now(UTC) + timedelta(hours=2)


@pytest.mark.parametrize("body", [{"for_s": 0}, {"for_s": 1e9}, {"for_s": "soon"}, {"until": "later"}])
async def test_what_is_no_time_is_refused(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    answer = await client.post("/v1/work/pause", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_a_pause_outlives_the_gateway_and_one_that_is_over_is_none() -> None:
    hub = MemoryHub()
    panel = hub.connect("panel")
    first = Pausing(hub.connect("gateway"))
    first.register()
    await first.start()
    assert (await panel.request(PauseWork())).work.by == "panel"
    await first.stop()
    second = Pausing(hub.connect("gateway"))
    second.register()
    await second.start()
    assert (await panel.request(ShowWork())).work == WorkPaused(paused=True, by="panel")
    await panel.publish(WorkPaused(paused=True, until="2020-01-01T00:00:00Z"))
    await second.stop()
    await second.start()
    assert not (await panel.request(ShowWork())).work.paused
    assert not (await panel.request(ResumeWork())).work.paused
    with pytest.raises(UsageProblem):
        await panel.request(PauseWork.model_construct(for_s=-1.0))
    await second.stop()
