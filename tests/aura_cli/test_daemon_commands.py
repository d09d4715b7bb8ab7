"""`aura up`, `down`, `restart`, `status` and `logs` against a control socket that answers like the supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_cli import daemon
from aura_cli.commands import lifecycle, logs
from aura_cli_running import Aura, StandIn, StandInSupervisor, service
from aura_shared.errors import Unavailable
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.projects import ProjectRegistry


@pytest.fixture
def other_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process whose pid can stand for the daemon's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def write_log(paths: AuraPaths, name: str, *lines: dict[str, object]) -> None:
    paths.prepare()
    with (paths.logs / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"service": name, **line}) + "\n" for line in lines)


def test_up_says_that_aura_runs_already(aura: Aura, folder: Path, supervisor: StandInSupervisor) -> None:
    ran = aura("up", "--detach", "--no-init")
    assert ran.code == 0
    assert "Aura runs already" in ran.out
    assert "3 services" in ran.out
    assert "No project is registered yet" in ran.out
    assert "shop" not in ran.out


def test_up_registers_the_repository_with_a_notice(
    aura: Aura, folder: Path, supervisor: StandInSupervisor, gateway: StandIn
) -> None:
    project, _ = ProjectRegistry(find_paths().projects).add(folder)
    ProjectRegistry(find_paths().projects).remove(project.id)
    find_paths().discovery.unlink()
    supervisor.status = {**supervisor.status, "ready": False}
    ran = aura("up", "--detach", "--timeout", "1")
    assert ran.code == 3
    assert "not ready after 1 s" in ran.err


def test_up_as_json_tells_the_status(aura: Aura, folder: Path, supervisor: StandInSupervisor) -> None:
    answer = aura("up", "--json", "--no-init").json()
    assert answer["started"] is False
    assert answer["project"] is None
    assert answer["ready"] is True


def test_up_refuses_a_folder_that_is_not_there(aura: Aura, folder: Path, supervisor: StandInSupervisor) -> None:
    assert aura("up", "nowhere", "--detach").code == 4


@pytest.mark.parametrize("where", ["home", "plain", "git", "given", "yes"])
def test_what_up_registers_depends_on_where_it_is_run(
    where: str, aura: Aura, aura_home: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[AuraPaths] = []

    def ready(*_: object) -> daemon.Status:
        return {"pid": 1, "ready": True, "services": []}

    monkeypatch.setattr(lifecycle, "start_daemon", started.append)
    monkeypatch.setattr(lifecycle, "wait_ready", ready)
    plain = tmp_path / "plain"
    plain.mkdir()
    home = aura_home / "user"
    arguments = {"home": ["--detach"], "plain": ["--detach"], "git": ["--detach"], "given": ["--detach", str(plain)]}
    monkeypatch.chdir({"home": home, "plain": plain, "git": folder / "src", "given": home, "yes": plain}[where])
    ran = aura("up", *arguments.get(where, ["--detach", "--yes"]))
    assert ran.code == 0, ran.err
    assert len(started) == 1
    expected = {"home": [], "plain": [], "git": [folder], "given": [plain], "yes": [plain]}[where]
    assert [project.root for project in ProjectRegistry(find_paths().projects).list()] == list(map(str, expected))
    assert ("Registered" in ran.err) == bool(expected)
    assert ("`aura init` registers it" in ran.err) == (not expected)
    assert aura("up", "--detach", str(home)).code == 2


def test_up_asks_a_person(
    aura: Aura, folder: Path, supervisor: StandInSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def no(question: str, *, default: bool = True) -> bool:
        asked.append((question, default))
        return False

    monkeypatch.setattr(lifecycle, "asks", lambda: True)
    monkeypatch.setattr(lifecycle, "ask", no)
    assert aura("up", "--detach").code == 0
    assert asked == [(f"{folder} is not registered. Index it?", True)]
    assert ProjectRegistry(find_paths().projects).list() == []


def test_up_without_detach_shows_the_log_until_the_daemon_ends(
    aura: Aura, folder: Path, supervisor: StandInSupervisor, other_process: subprocess.Popen[bytes]
) -> None:
    supervisor.status = {**supervisor.status, "pid": other_process.pid}
    paths = find_paths()

    def work() -> None:
        write_log(
            paths, "code", {"event": "index_built", "level": "info", "ts": "2026-01-01T00:00:00+00:00", "files": 7}
        )
        write_log(paths, "code", {"event": "details", "level": "debug", "ts": "2026-01-01T00:00:01+00:00"})
        other_process.terminate()

    timer = threading.Timer(0.3, work)
    timer.start()
    ran = aura("up", "--no-init")
    timer.join()
    assert "index_built  files=7" in ran.out
    assert "details" not in ran.out
    assert ran.code == 3
    assert "Aura has ended" in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("started", [True, False])
def test_leaving_the_log_stops_only_what_this_command_started(
    started: bool,
    number: int,
    aura: Aura,
    folder: Path,
    supervisor: StandInSupervisor,
    other_process: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supervisor.status = {**supervisor.status, "pid": other_process.pid}
    if started:
        first = iter([None])

        def not_yet(paths: AuraPaths, timeout_s: float) -> None:
            next(first)

        monkeypatch.setattr(lifecycle, "wait_stopped", not_yet)
        monkeypatch.setattr(lifecycle, "start_daemon", lambda paths: None)  # pyright: ignore[reportUnknownLambdaType]

    def leave(_line: object, _level: str) -> bool:
        os.kill(os.getpid(), number)
        return False

    def end(request: dict[str, object]) -> dict[str, object]:
        if request["do"] == "down":
            other_process.kill()
        return supervisor.status if request["do"] == "status" else {"ok": True}

    monkeypatch.setattr(supervisor, "answer", end)
    monkeypatch.setattr(lifecycle, "at_least", leave)
    original = lifecycle.Follower

    def follow(folder: Path) -> lifecycle.Follower:
        follower = original(folder)
        write_log(find_paths(), "code", {"event": "x", "ts": "2026-01-01T00:00:00+00:00"})
        return follower

    monkeypatch.setattr(lifecycle, "Follower", follow)
    ran = aura("up", "--no-init")
    assert ran.code == 0
    assert ("Aura has stopped" in ran.out) == started
    assert (other_process.poll() is None) != started


def test_down_stops_and_waits(
    aura: Aura, supervisor: StandInSupervisor, other_process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.status = {**supervisor.status, "pid": other_process.pid}
    monkeypatch.setattr(lifecycle, "STOP_TIMEOUT_S", 0.2)
    ran = aura("down")
    assert ran.code == 3
    assert f"kill -9 {other_process.pid}" in ran.err
    other_process.kill()
    assert aura("down", "--json").json() == {"stopped": True}


def test_down_without_a_daemon_is_no_error(aura: Aura) -> None:
    assert (aura("down").code, aura("down").out) == (0, "Aura is not running.\n")
    assert aura("down", "--json").json() == {"stopped": False}


def test_restart_waits_for_another_process(aura: Aura, supervisor: StandInSupervisor) -> None:
    supervisor.on_restart = {**supervisor.status, "services": [service("code", pid=4343)]}
    ran = aura("restart", "code")
    assert ran.code == 0
    assert "code is ready (pid 4343" in ran.out
    assert {"do": "restart", "service": "code"} in supervisor.asked


def test_restart_tells_when_it_does_not_come_back(aura: Aura, supervisor: StandInSupervisor) -> None:
    supervisor.on_restart = {**supervisor.status, "services": [service("code", "backing-off", None)]}
    ran = aura("restart", "code", "--timeout", "1", "--json")
    assert ran.code == 3
    assert "backing-off" in ran.out
    supervisor.refuses = {"code": "conflict", "message": "it is stopping", "hint": ""}
    assert aura("restart", "code").code == 5


@pytest.mark.parametrize(
    ("do", "after", "words"),
    [
        ("stop", service("code", "stopped", None, reason="stopped by request"), "code is stopped ("),
        ("start", service("code", pid=4343), "code is ready (pid 4343, "),
    ],
    ids=["stop", "start"],
)
def test_single_services_are_stopped_and_started(
    aura: Aura, supervisor: StandInSupervisor, do: str, after: dict[str, object], words: str
) -> None:
    supervisor.on_restart = {**supervisor.status, "services": [after]}
    ran = aura(do, "code")
    assert ran.code == 0
    assert ran.out.startswith(words)
    assert {"do": do, "service": "code"} in supervisor.asked
    assert aura(do, "code", "--json").json() == after
    assert aura(do, "everything").code == 2
    supervisor.refuses = {"code": "conflict", "message": "code cannot be stopped alone", "hint": ""}
    ran = aura(do, "code")
    assert (ran.code, "cannot be stopped alone" in ran.err) == (5, True)


@pytest.mark.parametrize("do", ["stop", "start"])
def test_without_a_daemon_no_service_is_stopped_or_started(aura: Aura, do: str) -> None:
    assert aura(do, "code").code == 3


def test_up_starts_what_was_stopped_by_request(aura: Aura, folder: Path, supervisor: StandInSupervisor) -> None:
    everything = supervisor.status
    supervisor.status = {**everything, "services": [service("bus"), service("code", "stopped", None)]}
    assert "`aura start code` starts it again" in aura("status").out
    supervisor.on_restart = everything
    ran = aura("up", "--detach", "--no-init")
    assert ran.code == 0
    assert {"do": "start", "service": "code"} in supervisor.asked


def test_restart_refuses_what_is_no_service(aura: Aura, supervisor: StandInSupervisor) -> None:
    ran = aura("restart", "everything")
    assert ran.code == 2
    assert "bus, code, models, factory, git, planning, gateway" in ran.err
    assert aura("restart", "code", "--timeout", "0").code == 2


def test_restart_without_a_daemon_names_the_next_step(aura: Aura) -> None:
    assert aura("restart", "code").code == 3


@pytest.mark.requirement("P1")
def test_status_shows_services_and_projects(
    aura: Aura, supervisor: StandInSupervisor, gateway: StandIn, aura_home: Path
) -> None:
    info = {
        "id": "shop-1",
        "name": "shop",
        "root": "/src/shop",
        "phase": "ready",
        "files": 12,
        "lines": 345,
        "problem": "one file is odd",
        "skipped": [{"reason": "binary", "files": 3}, {"reason": "too-large", "files": 1}],
    }
    gateway.reply("GET /v1/projects", {"projects": [info]})
    ran = aura("status")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith("Aura is ready")
    assert lines[2].split() == ["SERVICE", "STATE", "PID", "UP", "RESTARTS", "MEMORY", "CPU"]
    assert lines[3].split() == ["bus", "ready", "4242", "1", "min", "0", "40", "MB", "1.2", "s"]
    assert "shop: one file is odd" in lines
    assert "shop leaves out: 3 binary, 1 too-large" in lines
    answer = aura("status", "--json").json()
    assert (answer["running"], answer["ready"]) == (True, True)
    assert answer["projects"] == [info]


def test_status_shows_why_a_service_stopped(
    aura: Aura, supervisor: StandInSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aura_cli import gateway as client

    monkeypatch.setattr(client, "RECOVERY_S", 0.05)
    lines = [f"line {n}" for n in range(30)]
    broken = service("code", "crash-loop", None, reason="exit code 1", last_lines=lines, restarts=4)
    supervisor.status = {**supervisor.status, "ready": False, "services": [service("bus"), broken]}
    ran = aura("status")
    assert ran.code == 6
    assert "code is crash-loop: exit code 1" in ran.out
    assert "  line 29" in ran.out
    assert "  line 19\n" not in ran.out
    assert "`aura restart code` tries" in ran.out
    assert "The projects are not known now" in ran.out
    with pytest.raises(Unavailable, match="keeps crashing"):
        daemon.wait_ready(find_paths(), 1)


@pytest.mark.requirement("P7")
def test_status_tells_of_wrong_settings(aura: Aura, supervisor: StandInSupervisor, gateway: StandIn) -> None:
    supervisor.status = {**supervisor.status, "settings_problem": "config.toml:3: log.level: must be"}
    assert "so the former ones hold: config.toml:3: log.level: must be" in aura("status").out


def test_status_without_a_daemon(aura: Aura, folder: Path) -> None:
    ProjectRegistry(find_paths().projects).add(folder)
    ran = aura("status")
    assert ran.code == 3
    assert ran.out == "Aura is not running; 1 project registered.\n"
    answer = aura("status", "--json").json()
    assert answer["running"] is False


@pytest.mark.requirement("P4")
def test_logs_are_merged_by_time_and_filtered(aura: Aura) -> None:
    paths = find_paths()
    write_log(
        paths,
        "bus",
        {"event": "started", "level": "info", "ts": "2026-01-01T00:00:01+00:00", "pid": 7},
        {"event": "output", "level": "info", "ts": "2026-01-01T00:00:04+00:00", "line": "plain \x1b[31mtext"},
    )
    write_log(
        paths,
        "code",
        {"event": "file_skipped", "level": "warning", "ts": "2026-01-01T00:00:02+00:00", "path": "a b.py"},
        {"event": "odd", "level": "notice", "ts": "nonsense", "note": "two\nlines"},
    )
    shown = [line[13:] for line in aura("logs").out.splitlines()]
    assert shown == [
        "bus        started  pid=7",
        'code       WARNING file_skipped  path="a b.py"',
        "bus        │  plain \\x1b[31mtext",
        "code       odd  note=two⏎lines",
    ]
    assert len(aura("logs", "-n", "1").out.splitlines()) == 1
    assert aura("logs", "code", "--level", "warning").out.count("\n") == 1
    assert json.loads(aura("logs", "bus", "--json", "-n", "2").out.splitlines()[0])["pid"] == 7
    assert "no such log lines" in aura("logs", "gateway").err
    ran = aura("logs", "nonsense")
    assert ran.code == 4
    assert "supervisor, bus, code, models, factory, git, planning, gateway" in ran.err


def test_followed_logs_go_on_until_interrupted(aura: Aura, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths().prepare()
    rounds = iter(range(3))

    def wait(_seconds: float) -> None:
        number = next(rounds)
        if number == 2:
            raise KeyboardInterrupt
        write_log(paths, "code", {"event": f"round_{number}", "ts": "2026-01-01T00:00:00+00:00", "level": "info"})

    monkeypatch.setattr(logs.time, "sleep", wait)
    ran = aura("logs", "-f", "--level", "info")
    assert ran.code == 130
    assert "round_0" in ran.out
    assert "round_1" in ran.out


def test_a_daemon_that_ends_at_once_is_told_with_its_last_words(
    aura: Aura, folder: Path, aura_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho out of luck >&2\nexit 9\n")
    fake.chmod(0o755)
    monkeypatch.setattr(daemon.sys, "executable", str(fake))
    ran = aura("up", "--detach", "--no-init")
    assert ran.code == 3
    assert "stopped while starting (exit code 9)\n  out of luck" in ran.err
    assert str(aura_home / "logs" / "daemon.out") in ran.err


def test_a_daemon_that_says_nothing_is_told(
    aura: Aura, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexit 5\n")  # As one that found the lock taken.
    fake.chmod(0o755)
    monkeypatch.setattr(daemon.sys, "executable", str(fake))
    ran = aura("up", "--detach", "--no-init", "--timeout", "1")
    assert ran.code == 3
    assert "does not answer after 1 s" in ran.err


def test_a_python_that_is_gone_is_told(aura: Aura, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon.sys, "executable", "/nowhere/python")
    ran = aura("up", "--detach", "--no-init")
    assert ran.code == 3
    assert "cannot start /nowhere/python" in ran.err


def test_an_output_file_that_cannot_be_written_is_told(aura: Aura, folder: Path) -> None:
    daemon.output_file(find_paths().prepare()).mkdir()
    ran = aura("up", "--detach", "--no-init")
    assert ran.code == 10
    assert "daemon.out" in ran.err


def test_the_output_file_does_not_grow_without_end(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths().prepare()
    daemon.output_file(paths).write_text("x" * 100)
    monkeypatch.setattr(daemon, "_OUTPUT_MAX_BYTES", 10)
    started: list[daemon._Started] = []
    monkeypatch.setattr(daemon, "_started", started)
    monkeypatch.setattr(daemon.sys, "executable", "/bin/true")
    daemon.start_daemon(paths)
    assert started[0].process.wait(10) == 0
    assert daemon.output_file(paths).stat().st_size == 0


def test_a_stopping_daemon_is_waited_for(aura_home: Path, supervisor: StandInSupervisor) -> None:
    paths = find_paths()
    supervisor.status = {**supervisor.status, "stopping": True}
    with pytest.raises(Unavailable, match="still stopping"):
        daemon.wait_stopped(paths, 0.1)
    with pytest.raises(Unavailable, match="not ready"):
        daemon.wait_ready(paths, 0.1)
    supervisor.status = {**supervisor.status, "stopping": False}
    assert daemon.wait_stopped(paths, 0.1) == supervisor.status
    assert daemon.ensure_daemon(paths, 1) is False
