"""The whole of Aura with real processes, and proof that it is local only."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
BOUND_S = 100


def run_script(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=BOUND_S, check=False)


def as_seen(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(seen: dict[str, Any]) -> None:
    """What every way of doing the main job must have shown."""
    assert seen["before"][0] == "shop/prices.py"
    assert [symbol["path"] for symbol in seen["symbol"]["symbols"]] == ["late.py"]
    assert [symbol["name"] for symbol in seen["outline"]["symbols"]] == ["arrived_while_running"]
    initialized, tools, called = seen["mcp"]
    assert initialized["result"]["serverInfo"]["name"] == "aura"
    assert {"code_search", "code_symbol", "code_outline", "read_span", "project_map", "aura_status"} <= {
        tool["name"] for tool in tools["result"]["tools"]
    }
    assert not called["result"].get("isError")
    assert called["result"]["structuredContent"]["hits"][0]["path"] == "late.py"


@pytest.mark.requirement("P1", "P10", "C1", "C3", "M1", "M3")
def test_the_main_job_works_from_the_terminal_and_from_an_mcp_client(aura_home: Path, repository: Path) -> None:
    check(as_seen(run_script(str(HERE / "main_job.py"), str(repository))))
    assert not (aura_home / "data" / "gateway.json").exists()


@pytest.mark.requirement("P9")
def test_the_main_job_works_without_a_route_out(aura_home: Path, repository: Path) -> None:
    assert aura_home
    main_job = [sys.executable, str(HERE / "main_job.py"), str(repository)]
    done = run_script(str(HERE / "no_network.py"), *main_job)
    if done.returncode == 97:
        pytest.skip("this system does not allow network namespaces; the audit of connections below still runs")
    check(as_seen(done))


LEGACY = """def first(value):
    if value == None:
        return 0
    return value


def second(value):
    if value == None:
        return 1
    return value


def third(value):
    if value != None:
        return value
    return 2
"""
TESTS = """import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from legacy import first, second, third


def test_all():
    assert (first(None), second(None), third(None)) == (0, 1, 2)
"""


@pytest.fixture
def legacy(repository: Path) -> Path:
    """A project with three findings that have a fix, and a test that reaches them."""
    (repository / "legacy.py").write_text(LEGACY, encoding="utf-8")
    (repository / "tests").mkdir(exist_ok=True)
    (repository / "tests" / "test_legacy.py").write_text(TESTS, encoding="utf-8")
    (repository / ".aura").mkdir()
    (repository / ".aura" / "config.toml").write_text(f'[checks]\npython = "{sys.executable}"\n', encoding="utf-8")
    return repository


@pytest.mark.requirement("C5", "F7", "L5", "P9")
def test_a_change_goes_from_its_finding_to_its_undo_without_a_route_out(aura_home: Path, legacy: Path) -> None:
    assert aura_home
    job = [str(HERE / "change_job.py"), str(legacy), "none-comparison"]
    done = run_script(str(HERE / "no_network.py"), sys.executable, *job)
    if done.returncode == 97:
        done = run_script(*job)  # No namespaces here; the audit of connections below still runs.
    seen = as_seen(done)
    assert {check["name"]: check["outcome"] for check in seen["shown"]["checks"]} == {
        "parse": "passed",
        "tests": "passed",
    }
    assert [hunk["decision"] for file in seen["shown"]["files"] for hunk in file["hunks"]] == [
        "accepted", "accepted", "rejected",
    ]  # fmt: skip
    assert seen["applied"]["written"] == ["legacy.py"]
    assert seen["after"]["legacy.py"] == LEGACY.replace("value == None", "value is None")
    assert seen["undone"]["change"]["state"] == "undone"
    assert seen["restored"]
    assert seen["models"]["servers"] == []
    assert seen["sandbox"][0]["verdict"] == "ok"


@pytest.fixture
def daemon(aura_home: Path, repository: Path) -> Iterator[psutil.Process]:
    """A running daemon with one project: its supervisor."""
    assert aura_home
    command = [sys.executable, "-P", "-m", "aura_cli"]
    up = subprocess.run(
        [*command, "up", "--detach", "--yes", "--json"],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=True,
    )
    supervisor = psutil.Process(json.loads(up.stdout)["pid"])
    yield supervisor
    family = [supervisor, *supervisor.children(recursive=True)]
    subprocess.run([*command, "down"], cwd=repository, capture_output=True, timeout=BOUND_S, check=True)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.mark.requirement("P9", "P2")
def test_every_socket_is_loopback_or_for_this_user_only(daemon: psutil.Process, repository: Path) -> None:
    """Also while a search is answered; connections count as well as listeners."""
    search = [sys.executable, "-P", "-m", "aura_cli", "search", "price"]
    with subprocess.Popen(search, cwd=repository, stdout=subprocess.DEVNULL) as asking:
        family = [daemon, *daemon.children(recursive=True)]
        connections = [(process, found) for process in family for found in process.net_connections(kind="all")]
        asking.wait(BOUND_S)
    ports = [found for _, found in connections if found.family in (socket.AF_INET, socket.AF_INET6) and found.laddr]
    assert ports, "the gateway listens somewhere"
    for found in ports:
        for address in (found.laddr, found.raddr):
            assert not address or ipaddress.ip_address(address[0]).is_loopback, found
    local = [str(found.laddr) for _, found in connections if found.family == socket.AF_UNIX]
    named = {name for name in local if name.startswith("/")}
    assert len(named) >= 3, "control, bus in, bus out"
    for name in named:
        file = Path(name)
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
        assert file.stat().st_uid == os.getuid()


@pytest.mark.requirement("P9")
def test_nothing_in_the_code_names_another_host() -> None:
    """Addresses in the packages are loopback, or documentation of a standard."""
    root = HERE.parent.parent
    ours = ("127.0.0.1", "localhost", "[::1]", "{", "%", '"', "'")
    foreign = [
        f"{file.relative_to(root)}:{number}: {line.strip()}"
        for folder in ("services", "shared", "control_panel")
        for file in (root / folder).rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        for rest in re.findall(r"(?:https?|wss?)://(.*)", line)
        if not any(
            mark in line for mark in ("DOCTYPE", "sarif-2.1.0", "git-lfs.github.com/spec", "www.w3.org/2000/svg")
        )
        and not rest.startswith(ours)
    ]
    assert not foreign, "\n".join(foreign)
