"""Start and stop: the socket, the discovery file, the audit trail."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from aura_gateway.audit import AuditTrail, check_chain
from aura_gateway.calls import Call
from aura_gateway.exposition import join_expositions
from aura_gateway.listening import listen
from aura_gateway.state_key import state_key
from aura_shared.discovery import Discovery, process_started_at, read_discovery
from aura_shared.errors import Conflict, DaemonDown, SettingsError, StorageError
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.settings import GatewaySettings
from gateway_lab import Lab, running_gateway, until


@pytest.fixture
def paths(aura_home: Path) -> AuraPaths:
    """The folders of the installation."""
    return find_paths().prepare()


@pytest.fixture
def trail(paths: AuraPaths) -> Iterator[AuditTrail]:
    """An audit trail."""
    made = AuditTrail(paths.data / "audit.db")
    yield made
    made.close()


async def test_the_discovery_file_leads_to_the_gateway_and_goes_with_it(aura_home: Path) -> None:
    async with running_gateway() as lab:
        found = read_discovery(lab.paths)
        assert found == lab.found
        assert (found.protocol_min, found.protocol_max) == (1, 1)
        assert len(found.token) >= 43
        assert found.url == f"http://127.0.0.1:{found.port}"
    assert not lab.paths.discovery.exists()
    with pytest.raises(DaemonDown):
        read_discovery(lab.paths)


def open_connections(lab: Lab) -> int:
    """How many sockets of the gateway are open beside the one that listens."""
    found = psutil.Process().net_connections("tcp")
    return sum(one.laddr[1:] == (lab.found.port,) and one.status != psutil.CONN_LISTEN for one in found)


async def test_a_call_that_outlives_the_stop_is_answered_and_its_connection_closed(aura_home: Path) -> None:
    async with running_gateway() as lab, lab.client() as client:
        lab.code.hold = asyncio.Event()
        asked = asyncio.create_task(client.post("/v1/search", json={"project": "shop", "query": "x"}))
        await until(lambda: bool(lab.code.asked))
        await lab.service.stop()
        assert open_connections(lab) == 0
        answer = await asked
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "the gateway stops")


async def test_a_connection_that_comes_with_the_stop_is_closed(aura_home: Path) -> None:
    async with running_gateway() as lab:
        with socket.create_connection((lab.found.host, lab.found.port)) as late:
            for _ in range(2):  # until the gateway has accepted it, and not begun with it
                await asyncio.sleep(0)
            await lab.service.stop()
            assert open_connections(lab) == 0
            assert await asyncio.to_thread(late.recv, 1) == b""


async def test_a_standing_stream_is_closed_by_the_stop(aura_home: Path) -> None:
    version = "2025-06-18"
    opening = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
    }
    accepted = {"accept": "application/json, text/event-stream"}
    async with running_gateway() as lab, lab.client(**accepted) as client:
        session = (await client.post("/mcp", json=opening)).headers["mcp-session-id"]
        names = {"mcp-session-id": session, "mcp-protocol-version": version}
        async with client.stream("GET", "/mcp", headers=names) as standing:
            assert standing.status_code == 200
            await lab.service.stop()
            assert open_connections(lab) == 0


async def test_each_start_has_a_new_token_and_instance(aura_home: Path) -> None:
    seen: set[str] = set()
    for _ in range(2):
        async with running_gateway() as lab:
            seen |= {lab.found.token, lab.found.instance}
    assert len(seen) == 4


async def test_a_second_gateway_takes_over_and_the_first_leaves_its_file_alone(aura_home: Path) -> None:
    async with running_gateway() as first, running_gateway() as second:
        assert first.found.port != second.found.port
        assert read_discovery(first.paths) == second.found
        await first.service.stop()
        assert read_discovery(first.paths) == second.found


def _discovery(**fields: object) -> Discovery:
    pid = os.getpid()
    started = process_started_at(pid) or ""
    return replace(Discovery(pid, started, "i", "127.0.0.1", 1, "t", 1, 1, "0"), **fields)  # type: ignore[arg-type]  # a test's table


def test_a_file_of_a_process_that_is_gone_is_stale(paths: AuraPaths) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _discovery(pid=gone.pid).write(paths.discovery)
    with pytest.raises(DaemonDown, match="left behind"):
        read_discovery(paths)


def test_a_file_of_a_process_that_had_the_pid_before_is_stale(paths: AuraPaths) -> None:
    _discovery(pid_started_at="another boot:1").write(paths.discovery)
    with pytest.raises(DaemonDown, match="left behind"):
        read_discovery(paths)


def test_a_process_that_ended_but_was_not_waited_for_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        child.stdout.read()  # Its end of the pipe closes when it ends.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_started_at(child.pid) is None
    child.wait()


DAMAGED = [
    "",
    "{",
    "[]",
    "{}",
    '{"pid": true}',
    '{"pid": 1, "pid_started_at": ""}',
    '{"pid": 1, "pid_started_at": "x", "token": 3}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_discovery_file_means_that_aura_is_down(paths: AuraPaths, content: str) -> None:
    paths.discovery.write_text(content, encoding="utf-8")
    with pytest.raises(DaemonDown):
        read_discovery(paths)
    _discovery().remove(paths.discovery)
    assert paths.discovery.exists()


def test_a_discovery_file_that_cannot_be_read_means_that_aura_is_down(paths: AuraPaths) -> None:
    paths.discovery.mkdir()
    with pytest.raises(DaemonDown, match="cannot read"):
        read_discovery(paths)


def test_an_address_of_the_other_kind_has_brackets_in_its_url() -> None:
    assert _discovery(host="::1", port=80).url == "http://[::1]:80"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "", "127.0.0.1.evil.example"])
def test_an_address_that_others_could_reach_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="loopback"):
        listen(GatewaySettings.model_construct(host=host, port=0))  # Past the check of the settings themselves.


def test_localhost_and_any_free_port_work() -> None:
    with listen(GatewaySettings(host="localhost")) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"
        assert bound.getsockname()[1] > 0


async def test_a_port_in_use_is_named_with_a_way_out(aura_home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"port {port} of 127.0.0.1 is in use") as refused:
            async with running_gateway(GatewaySettings(port=port)):
                pass
    assert "gateway.port" in refused.value.hint


async def test_a_discovery_file_that_cannot_be_written_stops_the_start(aura_home: Path) -> None:
    paths = find_paths().prepare()
    paths.discovery.mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        async with running_gateway():
            pass


async def test_health_tells_whether_it_listens(lab: Lab) -> None:
    assert lab.service.health().ok
    await lab.service.stop()
    lab.service._server = None
    assert not lab.service.health().ok


def test_the_key_of_an_installation_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"short")
    made = state_key(path)
    assert len(made) == 32
    assert state_key(path) == made
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError):
        state_key(path)


def call(number: int = 1) -> Call:
    """A finished call."""
    return Call(request_id=f"request-{number}", command="POST /v1/search", client="test", project="shop", status=200)


def test_every_call_is_a_line_bound_to_the_one_before(paths: AuraPaths, trail: AuditTrail) -> None:
    for number in range(50):
        trail.note(call(number))
    trail.close()
    assert check_chain(paths.data / "audit.db") == 50


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE calls SET line = replace(line, 'shop', 'shed') WHERE seq = 2",
        "DELETE FROM calls WHERE seq = 2",
        "UPDATE calls SET hash = 'x' WHERE seq = 3",
    ],
)
def test_a_changed_trail_is_noticed(paths: AuraPaths, trail: AuditTrail, tamper: str) -> None:
    for number in range(4):
        trail.note(call(number))
    trail.close()
    with sqlite3.connect(paths.data / "audit.db") as connection:
        connection.execute(tamper)
    connection.close()
    with pytest.raises(ValueError, match="audit trail"):
        check_chain(paths.data / "audit.db")


def test_a_corrupt_trail_is_set_aside_and_a_new_one_begun(paths: AuraPaths) -> None:
    file = paths.data / "audit.db"
    file.write_bytes(b"this is no database" * 100)
    trail = AuditTrail(file)
    trail.note(call())
    trail.close()
    assert check_chain(file) == 1
    assert list(paths.data.glob("audit.db.corrupt-*"))


async def test_a_trail_that_cannot_be_written_waits_until_it_can(paths: AuraPaths) -> None:
    file = paths.data / "audit.db"
    file.mkdir()
    trail = AuditTrail(file)
    trail.note(call(1))
    await until(lambda: trail.failures > 0)
    file.rmdir()
    trail.note(call(2))
    trail.close()
    assert check_chain(file) == 2


async def test_the_trail_of_a_call_names_no_query_and_no_token(lab: Lab) -> None:
    async with lab.client() as http:
        await http.post("/v1/search", json={"project": "shop", "query": "very secret words"})
        await http.get("/v1/projects", headers={"authorization": "Bearer wrong-token-here"})
    await lab.service.stop()
    with sqlite3.connect(lab.paths.data / "audit.db") as connection:
        lines = [json.loads(line) for (line,) in connection.execute("SELECT line FROM calls ORDER BY seq")]
    connection.close()
    assert [(line["command"], line["outcome"], line["status"]) for line in lines] == [
        ("POST /v1/search", "ok", 200),
        ("GET /v1/projects", "not_allowed", 401),
    ]
    assert lines[0]["project"] == "shop"
    assert lines[0]["ms"] > 0
    content = (lab.paths.data / "audit.db").read_bytes()
    assert b"secret" not in content
    assert b"wrong-token" not in content
    assert lab.found.token.encode() not in content


def test_expositions_are_joined_by_family() -> None:
    first = '# HELP a About.\n# TYPE a gauge\na{service="x"} 1\n'
    second = '# HELP a About.\n# TYPE a gauge\na{service="y"} 2\n\nb 3\n'
    assert join_expositions([first, second]).splitlines() == [
        "# HELP a About.", "# TYPE a gauge", 'a{service="x"} 1', 'a{service="y"} 2', "b 3",
    ]  # fmt: skip
