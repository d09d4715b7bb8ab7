"""Who began it: the kind of client is on the messages that a call leads to."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from aura_gateway.calls import origin_of
from aura_shared.bus import Context
from aura_shared.causes import Cause, because
from aura_shared.messages import code
from aura_shared.messages.core import Envelope
from gateway_clients import LEGACY, MODERN, mcp_client
from gateway_lab import Lab, project


@pytest.mark.parametrize(
    ("client", "mcp", "origin"),
    [
        ("aura-cli", False, "cli"),
        ("aura-panel/0.1", False, "panel"),
        ("curl/8.5.0", False, "http:curl"),
        ("Mozilla/5.0 (X11)", False, "http:mozilla"),
        ("", False, "http"),
        ("///", False, "http"),
        ("Cursor", True, "mcp:cursor"),
        ("Visual Studio Code", True, "mcp:visual-studio-code"),
        ("aura-mcp-stdio", True, "mcp"),
        ("", True, "mcp"),
        ("x" * 100, True, "mcp:" + "x" * 40),
    ],
)
def test_a_client_is_known_by_what_it_calls_itself(client: str, mcp: bool, origin: str) -> None:
    assert origin_of(client, mcp=mcp) == origin


@pytest.fixture
def asked(lab: Lab) -> list[Envelope]:
    """The envelopes of the searches that reach the code service."""
    found: list[Envelope] = []

    async def search(request: code.SearchCode, context: Context) -> code.SearchAnswer:
        found.append(context.envelope)
        return await lab.code.search(request, context)

    lab.code_bus.serve(code.SearchCode, search)
    return found


async def test_a_call_over_http_names_its_client(lab: Lab, asked: list[Envelope]) -> None:
    body = {"project": "shop", "query": "sessions"}
    async with lab.client(**{"user-agent": "aura-cli", "x-request-id": "call-0001"}) as client:
        assert (await client.post("/v1/search", json=body)).status_code == 200
        lines = await client.post("/v1/search", json=body, headers={"accept": "application/x-ndjson"})
        assert lines.status_code == 200
    assert [(one.origin, one.cause) for one in asked] == [("cli", "call-0001")] * 2


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_a_tool_call_names_the_mcp_client(lab: Lab, asked: list[Envelope], era: str) -> None:
    async with mcp_client(lab, era, headers={"user-agent": "sdk/2"}) as client:
        await client.call_tool("code_search", {"project": "shop", "query": "sessions"})
    assert [one.origin for one in asked] == ["mcp:mcp"]  # what the SDK's client calls itself


async def test_the_event_stream_tells_who_began_it(lab: Lab) -> None:
    url = lab.url.replace("http:", "ws:") + "/v1/events"
    async with connect(url, additional_headers=lab.headers, proxy=None) as socket:
        with because(Cause("request", "call", "cli")):
            await lab.code_bus.publish(code.ProjectStateChanged(project=project()), project="shop-abc123")
        frame = json.loads(await asyncio.wait_for(socket.recv(), 5))
    assert [frame[name] for name in ("cause", "corr", "origin")] == ["request", "call", "cli"]
