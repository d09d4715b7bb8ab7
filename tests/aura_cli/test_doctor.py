"""`aura doctor`: each check says ok, warn or fail, what it found, and what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from aura_cli import checks
from aura_cli.checks import Check
from aura_cli_running import Aura, StandIn, StandInSupervisor, service
from aura_shared.errors import DiskFull
from aura_shared.paths import find_paths
from aura_shared.projects import ProjectRegistry


class Usage(NamedTuple):
    """What `shutil.disk_usage` answers with."""

    total: float
    used: float
    free: float


def verdicts(ran_checks: list[Check]) -> dict[str, str]:
    return {check.name: check.verdict for check in ran_checks}


def test_a_sound_installation_is_in_order(aura: Aura, folder: Path, supervisor: StandInSupervisor) -> None:
    ran = aura("doctor")
    assert ran.code == 0
    assert ran.out.endswith("Everything is in order.\n") or "warning" in ran.out
    answer = aura("doctor", "--json").json()
    assert answer["ok"] is True
    found = answer["checks"]
    assert isinstance(found, list)
    assert [entry["name"] for entry in found] == [
        "python", "sqlite", "git", "folders", "sockets", "disk", "file watches", "sandbox", "settings", "projects",
        "left behind", "daemon", "clients",
    ]  # fmt: skip
    assert {entry["verdict"] for entry in found} <= {"ok", "warn"}


@pytest.mark.requirement("F7")
@pytest.mark.parametrize(
    ("printed", "verdict", "words", "todo"),
    [
        pytest.param('{"tier":"bwrap","lacks":["x"],"reasons":[]}', "ok", "bubblewrap; lacks: x", "", id="strong"),
        pytest.param('{"tier":"landlock","lacks":["x"],"reasons":["y"]}', "warn", "Landlock; lacks: x", "y", id="weak"),
        pytest.param('{"tier":"none","lacks":[],"reasons":["install it"]}', "warn", "not run", "install it", id="none"),
        pytest.param("no json", "fail", "exit code 0", "", id="broken"),
    ],
)
def test_the_sandbox_is_tried_and_its_gaps_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aura_home: Path, printed: str, verdict: str, words: str, todo: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nprintf '%s' '{printed}'\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(checks.sys, "executable", str(python))
    check = checks.check_sandbox()
    assert (check.verdict, words in check.found, check.todo) == (verdict, True, todo)


def test_a_failure_is_the_exit_code(aura: Aura, folder: Path, aura_home: Path) -> None:
    (aura_home / "config").mkdir(mode=0o700)
    (aura_home / "config" / "config.toml").write_text("[code]\nworkers = 'many'\n")
    ran = aura("doctor")
    assert ran.code == 1
    assert "fail  settings" in ran.out
    assert "config.toml:2" in ran.out
    assert "→" in ran.out
    assert "1 failure" in ran.out
    assert aura("doctor", "--json").code == 1


def test_old_tools_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert checks.check_python().verdict == "fail"
    monkeypatch.undo()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 30, 0))
    assert checks.check_sqlite().verdict == "fail"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks.check_git().verdict == "warn"
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho git version 2.9.1\n")
    git.chmod(0o755)
    assert checks.check_git().todo == "Update git to 2.20 or newer."
    git.write_text("#!/bin/sh\nexit 1\n")
    assert checks.check_git().verdict == "warn"


@pytest.mark.parametrize(("free", "verdict"), [(5e10, "ok"), (5e8, "warn"), (5e6, "fail")])
def test_a_full_disk_is_told(free: float, verdict: str, aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def usage(_place: Path) -> Usage:
        return Usage(1e12, 0, free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert checks.check_disk(find_paths()).verdict == verdict


@pytest.mark.parametrize(
    ("watches", "instances", "verdict"),
    [("524288", "128", "ok"), ("8192", "128", "warn"), ("524288", "4", "warn"), ("many", "1", "ok")],
)
def test_few_file_watches_are_told(watches: str, instances: str, verdict: str, tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text(watches)
    (tmp_path / "max_user_instances").write_text(instances)
    assert checks.check_watches(tmp_path).verdict == verdict
    assert checks.check_watches(tmp_path / "none").verdict == "ok"


def test_a_folder_of_somebody_else_or_read_only_is_told(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths().prepare()

    def no(_path: object, _mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", no)
    assert checks.check_folders(paths).verdict == "fail"
    monkeypatch.undo()


def test_a_run_folder_without_sockets_is_told(tmp_path: Path) -> None:
    from aura_shared.paths import AuraPaths

    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    assert checks.check_sockets(AuraPaths(deep, deep, deep, deep)).verdict == "fail"


def test_a_check_that_breaks_does_not_stop_the_next() -> None:
    def full() -> Check:
        raise DiskFull("no room")

    def denied() -> Check:
        raise PermissionError(13, "Permission denied", "/x")

    assert checks._guarded("a", full) == Check("a", "fail", "no room", DiskFull.default_hint)
    assert checks._guarded("b", denied).found == "/x Permission denied"


def test_projects_that_are_gone_are_told(aura_home: Path, tmp_path: Path) -> None:
    paths = find_paths().prepare()
    gone = tmp_path / "gone"
    gone.mkdir()
    project, _ = ProjectRegistry(paths.projects).add(gone)
    assert checks.check_projects(paths).verdict == "ok"
    gone.rmdir()
    assert project.id in checks.check_projects(paths).todo
    paths.projects.write_text("{")
    assert "damaged" in checks.check_projects(paths).found


def test_what_a_killed_daemon_left_is_told(aura_home: Path, gateway: StandIn) -> None:
    paths = find_paths()
    assert "without its supervisor" in checks.check_left_behind(paths).found
    text = paths.discovery.read_text()
    paths.discovery.write_text(text.replace(f'"pid": {os.getpid()}', '"pid": 4194305'))
    paths.bus_in.write_text("")
    assert checks.check_left_behind(paths).found == "bus-in.sock, gateway.json of a killed daemon"
    paths.discovery.unlink()
    paths.bus_in.unlink()
    assert checks.check_left_behind(paths).verdict == "ok"


def test_the_state_of_the_daemon_is_told(aura_home: Path, supervisor: StandInSupervisor) -> None:
    paths = find_paths()
    assert checks.check_daemon(paths).verdict == "ok"
    assert checks.check_left_behind(paths).verdict == "ok"
    supervisor.status = {**supervisor.status, "ready": False, "services": [service("code", "starting")]}
    assert checks.check_daemon(paths) == Check("daemon", "warn", "code is starting", "See `aura status`.")
    supervisor.status = {**supervisor.status, "services": [service("code", "crash-loop")]}
    assert checks.check_daemon(paths).verdict == "fail"


def test_a_daemon_that_is_down_is_a_warning(aura_home: Path) -> None:
    assert checks.check_daemon(find_paths()).verdict == "warn"


def test_clients_are_told(aura: Aura, folder: Path, aura_home: Path) -> None:
    assert "none set up" in checks.check_clients(folder).found
    aura("mcp", "install", "--client", "cursor", "--yes")
    assert checks.check_clients(folder) == Check("clients", "ok", "cursor")
    (folder / ".mcp.json").write_text("{")
    assert checks.check_clients(folder).verdict == "warn"
