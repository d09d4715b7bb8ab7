"""The stdio shim: the process that editors start, in front of a gateway that comes and goes."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from aura_cli import mcp_shim
from aura_shared.messages.code import IndexUpdated, SearchCode
from gateway_lab import Lab, project, running_gateway, until

MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
# What `aura mcp` runs, without the start of a daemon that these tests do not want.
PROGRAM = """
import sys
from aura_cli import daemon, mcp_shim
started = sys.argv[1]
def start_daemon(paths):
    open(started, "a").write("start\\n")
daemon.start_daemon = start_daemon
mcp_shim.WAIT_S = float(sys.argv[2])
sys.exit(mcp_shim.main())
"""


@dataclass
class Shim:
    """A running shim, seen from its client."""

    process: asyncio.subprocess.Process
    started: Path
    """Has a line per start of the daemon."""
    waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def send(self, message: object) -> None:
        """One message to the shim."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def ask(self, identity: int, method: str, *, modern: bool = True, **params: object) -> None:
        """One request."""
        full = {**params, "_meta": META} if modern else params
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": full})

    async def next(self) -> dict[str, Any]:
        """The next line; every line must be JSON-RPC."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    async def answer(self, identity: int) -> dict[str, Any]:
        """The answer to a request; what comes before it is kept in `waiting`."""
        while (message := await self.next()).get("id") != identity:
            self.waiting.append(message)
        return message

    async def until_said(self, method: str) -> dict[str, Any]:
        """The next notification of a kind."""
        while (message := await self.next()).get("method") != method:
            self.waiting.append(message)
        return message

    async def initialize(self, version: str = "2025-11-25") -> dict[str, Any]:
        """Open it as an older client does."""
        opening = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        self.ask(0, "initialize", modern=False, **opening)
        answer = await self.answer(0)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]

    async def leave(self) -> int:
        """Close its input; returns its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await asyncio.wait_for(self.process.wait(), 10)


@asynccontextmanager
async def running_shim(
    tmp_path: Path, wait_s: float = 20, environment: dict[str, str] | None = None
) -> AsyncGenerator[Shim]:
    """A shim for the installation in AURA_HOME."""
    started = tmp_path / "started"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", PROGRAM, str(started), str(wait_s),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}, cwd=tmp_path,
    )  # fmt: skip
    shim = Shim(process, started)
    try:
        yield shim
        assert await shim.leave() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def text(answer: dict[str, Any]) -> str:
    """The readable part of a tool's answer."""
    return "".join(part["text"] for part in answer["result"]["content"])


async def test_the_manifest_is_what_the_gateway_answers(lab: Lab) -> None:
    script = Path(__file__).parents[2] / "scripts" / "export_mcp_manifest.py"
    spec = importlib.util.spec_from_file_location("export_mcp_manifest", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with lab.client() as http:
        current = module.rendered(await module.manifest(http))
    assert mcp_shim.manifest_file().read_text(encoding="utf-8") == current, "run `make docs`"


@pytest.mark.requirement("P5")
@pytest.mark.parametrize("era", [MODERN, "legacy", "auto"])
async def test_a_real_client_lists_and_calls_tools_over_it(lab: Lab, tmp_path: Path, era: str) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-P", "-c", PROGRAM, str(tmp_path / "started"), "20"], env=dict(os.environ)
    )
    async with Client(server, mode=era) as client:
        assert len((await client.list_tools()).tools) == 8
        found = await client.call_tool("code_search", {"query": "sessions"})
        assert "src/app.py" in getattr(found.content[0], "text", "")
        refused = await client.call_tool("read_span", {"path": "../x"})
        assert refused.is_error
        assert len((await client.list_resources()).resources) == 1
    assert not (tmp_path / "started").exists()


async def test_first_questions_are_answered_while_the_daemon_is_down(aura_home: Path, tmp_path: Path) -> None:
    async with running_shim(tmp_path, wait_s=0.1) as shim:
        assert (await shim.initialize("2025-06-18"))["protocolVersion"] == "2025-06-18"
        assert (await shim.initialize("1999-01-01"))["protocolVersion"] == "2025-11-25"
        shim.ask(1, "tools/list", modern=False)
        assert len((await shim.answer(1))["result"]["tools"]) == 8
        shim.ask(2, "ping", modern=False)
        assert (await shim.answer(2))["result"] == {}
        shim.ask(3, "server/discover")
        assert (await shim.answer(3))["result"]["supportedVersions"] == [MODERN]
        shim.ask(4, "tools/list")
        assert (await shim.answer(4))["result"]["ttlMs"] == 0
        await until(shim.started.exists)


async def test_without_a_daemon_a_tool_says_what_to_do(aura_home: Path, tmp_path: Path) -> None:
    async with running_shim(tmp_path, wait_s=0.1) as shim:
        shim.ask(1, "tools/call", name="code_search", arguments={"query": "x"})
        answer = await shim.answer(1)
        assert answer["result"]["isError"] is True
        assert answer["result"]["resultType"] == "complete"
        assert text(answer).startswith("daemon_down: ")
        assert answer["result"]["structuredContent"]["error"]["hint"]
        shim.ask(2, "resources/list")
        assert (await shim.answer(2))["error"]["code"] == -32000


async def test_a_call_waits_for_the_daemon_that_it_starts(aura_home: Path, tmp_path: Path) -> None:
    async with running_shim(tmp_path) as shim:
        shim.ask(1, "tools/call", name="code_search", arguments={"query": "x"})
        await until(shim.started.exists)
        async with running_gateway():
            assert "src/app.py" in text(await shim.answer(1))
    assert shim.started.read_text(encoding="utf-8") == "start\n"


@pytest.mark.parametrize("modern", [True, False], ids=["2026", "2025"])
async def test_a_restarted_gateway_is_found_again(aura_home: Path, tmp_path: Path, modern: bool) -> None:
    async with running_shim(tmp_path) as shim:
        if not modern:
            await shim.initialize()
        for identity in (1, 2):
            async with running_gateway():
                shim.ask(identity, "tools/call", modern=modern, name="code_search", arguments={"query": "x"})
                assert "src/app.py" in text(await shim.answer(identity))


async def test_a_call_that_broke_off_is_carried_again(aura_home: Path, tmp_path: Path) -> None:
    async with running_shim(tmp_path) as shim:
        async with running_gateway() as lab:
            lab.code.hold = asyncio.Event()
            shim.ask(1, "tools/call", name="code_search", arguments={"query": "x"})
            await until(lambda: any(isinstance(asked, SearchCode) for asked in lab.code.asked))
        async with running_gateway():
            assert "src/app.py" in text(await shim.answer(1))


@pytest.mark.parametrize("modern", [True, False], ids=["2026", "2025"])
async def test_cancelling_reaches_the_service_and_nothing_is_answered(lab: Lab, tmp_path: Path, modern: bool) -> None:
    lab.code.hold = asyncio.Event()
    async with running_shim(tmp_path) as shim:
        if not modern:
            await shim.initialize()
        token = {"progressToken": "p"}
        arguments = {
            "name": "code_search",
            "arguments": {"query": "x"},
            "_meta": {**META, **token} if modern else token,
        }
        shim.send({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": arguments})
        progress = await shim.until_said("notifications/progress")
        assert progress["params"]["message"] == "reading"
        shim.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}})
        async with asyncio.timeout(10):
            await lab.code.cancelled.wait()
        shim.ask(6, "tools/call", modern=modern, name="project_map", arguments={})
        await shim.answer(6)
        assert not [message for message in shim.waiting if message.get("id") == 5]


async def test_a_follower_goes_on_over_a_restart(aura_home: Path, tmp_path: Path) -> None:
    uri = "aura://project/shop-abc123/status"
    async with running_shim(tmp_path) as shim:
        async with running_gateway() as lab:
            shim.ask(1, "subscriptions/listen", notifications={"resourceSubscriptions": [uri]})
            await shim.until_said("notifications/subscriptions/acknowledged")
            await lab.code_bus.publish(IndexUpdated(project="shop-abc123", generation=2))
            assert (await shim.until_said("notifications/resources/updated"))["params"]["uri"] == uri
            shim.started.unlink(missing_ok=True)  # It may have been faster than the gateway of this test.
        async with running_gateway() as lab:
            caught_up = await shim.until_said("notifications/resources/updated")
            assert caught_up["params"] == {"uri": uri, "_meta": {"io.modelcontextprotocol/subscriptionId": 1}}
    assert not [one for one in shim.waiting if one.get("method") == "notifications/subscriptions/acknowledged"]
    assert not shim.started.exists()


async def test_an_older_follower_goes_on_over_a_restart(aura_home: Path, tmp_path: Path) -> None:
    uri = "aura://project/shop-abc123/status"
    async with running_shim(tmp_path) as shim:
        await shim.initialize()
        async with running_gateway():
            shim.ask(1, "resources/subscribe", modern=False, uri=uri)
            assert (await shim.answer(1))["result"] == {}
        async with running_gateway():
            assert (await shim.until_said("notifications/resources/updated"))["params"]["uri"] == uri
            shim.ask(2, "resources/unsubscribe", modern=False, uri=uri)
            assert (await shim.answer(2))["result"] == {}


async def test_the_folder_of_the_client_names_the_project(lab: Lab, tmp_path: Path) -> None:
    lab.code.projects.append(project("here", str(tmp_path)))
    for environment, expected in (({}, "here-abc123"), ({"AURA_PROJECT": "shop"}, "shop-abc123")):
        async with running_shim(tmp_path, environment=environment) as shim:
            shim.ask(1, "tools/call", name="code_search", arguments={"query": "x"})
            assert expected in text(await shim.answer(1))


async def test_several_shims_share_one_gateway(lab: Lab, tmp_path: Path) -> None:
    async with running_shim(tmp_path) as first, running_shim(tmp_path) as second:
        for shim in (first, second):
            shim.ask(1, "tools/call", name="aura_status", arguments={})
        for shim in (first, second):
            assert "shop-abc123" in text(await shim.answer(1))
    assert not first.started.exists()


BAD_LINES = [
    (b"{\n", -32700),
    (b"[]\n", -32700),
    (b'{"jsonrpc":"2.0","id":9}\n', -32600),
    (b"\xff\xfe\n", -32700),
    (b"[" * 100_000 + b"\n", -32700),
]


@pytest.mark.parametrize(("line", "code"), BAD_LINES, ids=["open", "list", "no method", "bytes", "deep"])
async def test_a_line_that_is_no_message_is_answered(aura_home: Path, tmp_path: Path, line: bytes, code: int) -> None:
    async with running_shim(tmp_path) as shim:
        assert shim.process.stdin is not None
        shim.process.stdin.write(b"\n" + line)
        assert (await shim.next())["error"]["code"] == code


async def test_errors_of_the_gateway_are_passed_on(lab: Lab, tmp_path: Path) -> None:
    async with running_shim(tmp_path) as shim:
        shim.ask(1, "nope/nope")
        assert (await shim.answer(1))["error"]["code"] == -32601
        shim.ask(2, "tools/call", name="é", arguments={})
        assert (await shim.answer(2))["result"]["isError"] is True
        shim.ask(3, "tools/call", name="code_search", arguments={"query": "q" * 5_000_000})
        assert (await shim.answer(3))["error"]["data"]["code"] == "too_large"


async def test_a_session_that_the_gateway_forgot_is_opened_again(lab: Lab, tmp_path: Path) -> None:
    async with running_shim(tmp_path) as shim:
        await shim.initialize()
        shim.ask(1, "tools/call", modern=False, name="project_map", arguments={})
        await shim.answer(1)
        manager = lab.service._built.mcp.server.session_manager  # type: ignore[union-attr]  # it runs
        for identity, transport in list(manager._server_instances.items()):
            await manager._discard_session(identity, transport)
        shim.ask(2, "tools/call", modern=False, name="project_map", arguments={})
        assert "src/" in text(await shim.answer(2))


def test_it_starts_without_anything_heavy() -> None:
    heavy = "mcp", "pydantic", "zmq", "rich", "ssl", "http.client"
    code = f"import sys, aura_cli.mcp_shim; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
