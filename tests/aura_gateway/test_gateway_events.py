"""The event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from aura_gateway.events import TOO_SLOW, chosen_kinds, chosen_place
from aura_shared.errors import UsageProblem
from aura_shared.messages.bus import JournalReplaced
from aura_shared.messages.code import IndexUpdated, ProjectStateChanged
from aura_shared.messages.core import Event
from aura_shared.messages.registry import MODULES
from aura_shared.messages.services import LogLine
from aura_shared.settings import GatewaySettings
from gateway_lab import Lab, project, running_gateway, until

pytestmark = pytest.mark.requirement("M9")


@asynccontextmanager
async def stream(lab: Lab, query: str = "") -> AsyncGenerator[ClientConnection]:
    """An open stream."""
    address = lab.url.replace("http", "ws") + "/v1/events" + query
    async with connect(address, additional_headers=lab.headers, proxy=None) as socket:
        yield socket


async def frame(socket: ClientConnection) -> dict[str, object]:
    """The next event."""
    return json.loads(await asyncio.wait_for(socket.recv(), 5))


async def test_events_arrive_as_they_happen(lab: Lab) -> None:
    async with stream(lab) as socket:
        await lab.code_bus.publish(
            IndexUpdated(project="shop-abc123", generation=8, changed=["a.py"]), project="shop-abc123"
        )
        event = await frame(socket)
    assert (event["type"], event["seq"], event["src"], event["project"]) == (
        "code.index.updated",
        1,
        "code",
        "shop-abc123",
    )
    assert event["data"] == {
        "project": "shop-abc123", "generation": 8, "changed": ["a.py"], "removed": [],
        "changed_total": 0, "removed_total": 0, "seconds": 0.0,
    }  # fmt: skip


async def test_a_client_that_was_away_catches_up_from_the_journal(lab: Lab) -> None:
    for generation in range(5):
        await lab.code_bus.publish(IndexUpdated(project="shop-abc123", generation=generation))
    async with stream(lab, "?since=2") as socket:
        assert [(await frame(socket))["seq"] for _ in range(3)] == [3, 4, 5]


async def test_only_the_wanted_types_come(lab: Lab) -> None:
    async with stream(lab, "?types=log.line,code.project.state") as socket:
        await lab.code_bus.publish(IndexUpdated(project="x", generation=1))
        await lab.code_bus.publish(LogLine(service="code", level="info", event="hello", ts="now"))
        await lab.code_bus.publish(ProjectStateChanged(project=project()))
        assert [(await frame(socket))["type"] for _ in range(2)] == ["log.line", "code.project.state"]


async def test_a_browser_gives_its_token_as_a_subprotocol(lab: Lab) -> None:
    address = lab.url.replace("http", "ws") + "/v1/events"
    offered = [Subprotocol("aura.events.1"), Subprotocol(f"aura.token.{lab.found.token}")]
    async with connect(address, subprotocols=offered, proxy=None) as socket:
        assert socket.subprotocol == "aura.events.1"
    with pytest.raises(InvalidStatus):
        async with connect(address, subprotocols=[Subprotocol("aura.token.wrong")], proxy=None):
            pass


@pytest.mark.parametrize("query", ["?types=nope", "?since=-1", "?since=x", "?since=99999999999999999999"])
async def test_a_wrong_question_is_refused_with_a_reason(lab: Lab, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with stream(lab, query):
            pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body or b"")["error"]["code"] == "invalid_request"


async def test_a_client_that_does_not_read_is_sent_away(lab: Lab) -> None:
    streams = lab.service._built.streams  # type: ignore[union-attr]  # it runs
    streams._max_waiting = 20
    big = ["x" * 2000] * 50
    async with stream(lab) as socket:
        socket.transport.pause_reading()
        for generation in range(200):
            await lab.code_bus.publish(IndexUpdated(project="x", generation=generation, changed=big))
            await asyncio.sleep(0)
        await until(_gathering_ended)
        socket.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(_read_on(socket), 20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == TOO_SLOW


def _gathering_ended() -> bool:
    """Whether the stream has given up on its client."""
    return "gather events" not in {task.get_name() for task in asyncio.all_tasks()}


async def _read_on(socket: ClientConnection) -> None:
    """Read until the connection is closed."""
    while True:
        await socket.recv()


async def test_stopping_the_gateway_ends_the_streams(aura_home: Path) -> None:
    async with running_gateway(GatewaySettings()) as lab, stream(lab) as socket:
        await lab.service.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def _is_kept(kind: type[Event]) -> bool:
    return kind.durability != "ephemeral"


def test_without_a_choice_the_kept_events_come() -> None:
    known = {message for module in MODULES for message in vars(module).values() if isinstance(message, type)}
    kept = {kind.type for kind in known if issubclass(kind, Event) and kind is not Event and _is_kept(kind)}
    assert {kind.type for kind in chosen_kinds(None)} == kept - {JournalReplaced.type}
    assert {"code.index.updated", "git.changed", "git.commit.outdated", "gateway.approval.changed"} <= kept
    assert chosen_place(None) is None
    assert chosen_place("7") == 7
    with pytest.raises(UsageProblem):
        chosen_place("\u0663")
