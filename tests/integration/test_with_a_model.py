"""The whole of Aura with a model server beside it: real processes, real sockets, streaming, a change, cancellation."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CreateMessageRequestParams, CreateMessageResult, TextContent

from aura_shared.discovery import read_discovery
from aura_shared.paths import find_paths
from gateway_clients import LEGACY, MODERN, text
from ollama_standin import OllamaStandIn, Reply, StandInModel, ollama_standin

BOUND_S = 100
AURA = [sys.executable, "-P", "-m", "aura_cli"]
GENERATED = '''Here is the function:

```python
def halved(price):
    """Half of a price."""
    return price / 2
```
'''


def aura(root: Path, *arguments: str) -> str:
    done = subprocess.run([*AURA, *arguments], cwd=root, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answer(root: Path, *arguments: str) -> dict[str, Any]:
    return json.loads(aura(root, *arguments, "--json"))


@pytest.fixture
def server() -> Iterator[OllamaStandIn]:
    with ollama_standin(OllamaStandIn(models={"coder:7b": StandInModel()})) as running:
        yield running


@pytest.fixture
def project(aura_home: Path, repository: Path, server: OllamaStandIn) -> Iterator[Path]:
    """A running daemon whose settings name the server."""
    settings = aura_home / "config" / "config.toml"
    settings.parent.mkdir(mode=0o700, exist_ok=True)
    settings.write_text(
        f'[models]\ndiscover = false\n[models.servers.local]\nkind = "ollama"\nurl = "{server.url}"\n',
        encoding="utf-8",
    )
    (repository / ".aura").mkdir()
    (repository / ".aura" / "config.toml").write_text(f'[checks]\npython = "{sys.executable}"\n')
    aura(repository, "up", "--detach", "--yes")
    yield repository
    subprocess.run([*AURA, "down"], cwd=repository, capture_output=True, timeout=BOUND_S, check=True)


@pytest.mark.requirement("L1", "L2", "C7")
def test_a_model_is_found_asked_and_counted(project: Path, server: OllamaStandIn) -> None:
    listed = answer(project, "models")
    assert [model["name"] for model in listed["servers"][0]["models"]] == ["local/coder:7b"]

    server.reply = lambda _body, _prompt: Reply(pieces=("Prices are parsed ", "in parse_price [1]."))
    told = answer(project, "ask", "where are prices parsed")
    assert told["text"].startswith("Prices are parsed in parse_price [1]")
    assert told["citations"][0]["path"]
    assert told["use"]["model"] == "local/coder:7b"
    sent = server.chats()[-1]
    assert sent["options"]["num_ctx"] > 0
    assert sent["stream"] is True
    assert "where are prices parsed" in sent["messages"][-1]["content"]

    figures = answer(project, "models", "stats")["figures"]
    assert [(one["task"], one["calls"]) for one in figures] == [("ask", 1)]


@pytest.mark.requirement("C7", "F7")
def test_generated_code_is_a_checked_change_and_nothing_is_written(project: Path, server: OllamaStandIn) -> None:
    server.reply = lambda _body, _prompt: Reply(pieces=(GENERATED,))
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    made = answer(project, "generate", "a function that halves a price", "--file", "shop/halves.py")
    change = made["change"]
    assert change is not None, made["text"]
    assert [(file["path"], file["kind"]) for file in change["files"]] == [("shop/halves.py", "added")]
    assert "+def halved(price):" in change["files"][0]["hunks"][0]["diff"]
    assert {check["name"]: check["outcome"] for check in change["checks"]}["parse"] == "passed"
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


@pytest.mark.requirement("L2")
def test_leaving_ends_the_work_at_the_server(project: Path, server: OllamaStandIn) -> None:
    held, begun = threading.Event(), threading.Event()

    def reply(_body: object, _prompt: str) -> Reply:
        begun.set()
        return Reply(pieces=("Well, ", held, "never said"))

    server.reply = reply
    asking = subprocess.Popen([*AURA, "ask", "what"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert begun.wait(BOUND_S)
        asking.send_signal(signal.SIGINT)
        code = asking.wait(BOUND_S)
        assert code == 130
        held.set()
        assert server.broken_off.wait(BOUND_S), "the connection to the server was closed"
    finally:
        held.set()
        asking.kill()


@pytest.mark.requirement("P9")
def test_only_the_models_process_loads_clients(project: Path, server: OllamaStandIn) -> None:
    server.reply = lambda _body, _prompt: Reply(pieces=("It is so.",))
    answer(project, "ask", "what")
    supervisor = psutil.Process(answer(project, "status")["pid"])
    talking = {
        process.cmdline()[-1]
        for process in supervisor.children(recursive=True)
        for found in process.net_connections(kind="tcp")
        if found.raddr and f":{found.raddr.port}" in server.url
    }
    assert talking <= {"aura_models"}
    assert [entry for entry in server.requests if entry[0] == "/api/chat"]


@pytest.mark.requirement("L1", "M5", "L4")
@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_the_clients_model_answers_when_the_settings_allow_it(
    aura_home: Path, repository: Path, era: str
) -> None:
    settings = aura_home / "config" / "config.toml"
    settings.parent.mkdir(mode=0o700, exist_ok=True)
    settings.write_text("[models]\ndiscover = false\nsampling = true\n", encoding="utf-8")
    asked: list[str] = []

    async def sample(context: object, params: CreateMessageRequestParams) -> CreateMessageResult:
        assert context
        content = params.messages[-1].content
        assert isinstance(content, TextContent)
        asked.append(content.text)
        told = TextContent(type="text", text="Prices are parsed in parse_price [1].")
        return CreateMessageResult(role="assistant", content=told, model="big")

    await asyncio.to_thread(aura, repository, "up", "--detach", "--yes")
    try:
        found = read_discovery(find_paths())
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {found.token}"}, trust_env=False) as http:
            transport = streamable_http_client(f"{found.url}/mcp", http_client=http)
            async with Client(transport, mode=era, sampling_callback=sample) as client:
                result = await client.call_tool("ask_code", {"question": "where are prices parsed"})
    finally:
        await asyncio.to_thread(aura, repository, "down")
    assert "Prices are parsed in parse_price [1]." in text(result)
    assert len(asked) == 1
    assert "where are prices parsed" in asked[0]
