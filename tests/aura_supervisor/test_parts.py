"""The parts of the supervisor that need no process."""

from __future__ import annotations

import asyncio
import json
import os
import plistlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_shared import control, processes
from aura_shared.bus import Delivery
from aura_shared.bus.memory import MemoryHub
from aura_shared.errors import Conflict, DaemonDown, RequestTimeout, StorageError, Unavailable
from aura_shared.messages.services import ServiceStateChanged
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.processes import PROCESSES, ProcessSpec, procfile, start_levels
from aura_shared.settings import SupervisorSettings, settings_of_this_process
from aura_supervisor import announcing, publishing, reaping, usage
from aura_supervisor.__main__ import main
from aura_supervisor.__main__ import main as supervise
from aura_supervisor.announcing import Announcer
from aura_supervisor.control_server import ControlServer
from aura_supervisor.keeping import StateChange
from aura_supervisor.restarts import Exit, Policy, pause_before_restart
from aura_supervisor.single import SingleInstance
from aura_supervisor.units import launchd_agent, systemd_unit
from aura_supervisor.usage import usage_of

pytestmark = pytest.mark.requirement("P1")

ROOT = Path(__file__).parents[2]
QUICK = Policy(crash_loop_exits=1000)


def exits(*ups: float) -> list[Exit]:
    """Exits one after the other, each after so many seconds up."""
    found: list[Exit] = []
    for up_s in ups:
        found.append(Exit((found[-1].at_s if found else 0) + up_s, up_s))
    return found


@pytest.mark.parametrize(
    ("ups", "bound"),
    [
        ([0.1], 0.25),
        ([0.1, 0.1], 0.5),
        ([0.1] * 4, 2.0),
        ([0.1] * 50, 30.0),
        ([0.1] * 3 + [31], 0.25),
        ([0.1] * 3 + [31, 0.1], 0.25),
        ([0.1] * 3 + [31, 0.1, 0.1], 0.5),
    ],
)
def test_the_pause_doubles_until_a_service_stays_up(ups: list[float], bound: float) -> None:
    assert pause_before_restart(exits(*ups), QUICK, 1.0) == bound


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.floats(0, 1, exclude_max=True))
def test_the_pause_is_a_random_part_of_its_bound(ups: list[float], chance: float) -> None:
    pause = pause_before_restart(exits(*ups), QUICK, chance)
    assert pause is not None
    assert 0 <= pause <= 30
    assert pause_before_restart(exits(*ups), QUICK, 0.0) == 0


def test_five_exits_within_a_minute_are_a_crash_loop() -> None:
    assert pause_before_restart(exits(1, 1, 1, 1), Policy(), 0.5) is not None
    assert pause_before_restart(exits(1, 1, 1, 1, 1), Policy(), 0.5) is None
    assert pause_before_restart(exits(20, 20, 20, 20, 20), Policy(), 0.5) is not None


def test_the_policy_is_the_settings() -> None:
    assert Policy(**SupervisorSettings().model_dump()) == Policy()


def test_the_procfile_is_the_process_table() -> None:
    assert (ROOT / "Procfile").read_text(encoding="utf-8") == procfile()


def test_services_start_after_what_they_need() -> None:
    names = [[spec.name for spec in level] for level in start_levels(PROCESSES)]
    assert names == [["bus"], ["code", "models", "factory", "git", "planning", "gateway"]]
    with pytest.raises(ValueError, match="nothing can start among: a, b"):
        start_levels([ProcessSpec("a", "a", after=("b",)), ProcessSpec("b", "b", after=("a",))])


def test_every_process_has_a_module() -> None:
    for spec in processes.PROCESSES:
        assert (ROOT / "services" / spec.module / "__main__.py").exists()


def test_the_lock_is_given_to_one_only(aura_home: Path) -> None:
    paths = find_paths().prepare()
    first = SingleInstance(paths.lock, paths.control_socket)
    paths.control_socket.touch()
    with pytest.raises(Conflict, match=f"with pid {os.getpid()}"):
        SingleInstance(paths.lock, paths.control_socket)
    paths.lock.write_text("not json", encoding="utf-8")
    with pytest.raises(Conflict, match=r"^Aura is running already$"):
        SingleInstance(paths.lock, paths.control_socket)
    paths.control_socket.unlink()
    waiting = threading.Timer(0.1, first.release)
    waiting.start()
    second = SingleInstance(paths.lock, paths.control_socket)
    waiting.join()
    second.release()
    second.release()


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot open"):
        SingleInstance(tmp_path / "gone" / "lock", tmp_path / "socket")


def test_the_systemd_unit_quotes_what_means_something_there() -> None:
    unit = systemd_unit("/opt/my $home/100%/python", {"AURA_HOME": '/srv/"x"'})
    assert 'ExecStart="/opt/my $$home/100%%/python" "-P" "-m" "aura_supervisor"\n' in unit
    assert 'Environment="AURA_HOME=/srv/\\"x\\""\n' in unit
    assert "KillMode=mixed\n" in unit


def test_the_launchd_agent_is_a_property_list() -> None:
    agent = plistlib.loads(launchd_agent("/opt/a & b/python", {"AURA_HOME": "/srv/<x>"}).encode())
    assert agent["ProgramArguments"] == ["/opt/a & b/python", "-P", "-m", "aura_supervisor"]
    assert agent["EnvironmentVariables"] == {"AURA_HOME": "/srv/<x>"}
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


@pytest.mark.parametrize("system", ["systemd", "launchd"])
def test_the_unit_is_printed_with_the_installation_it_belongs_to(
    system: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AURA_HOME", "/srv/aura")
    assert supervise(["--print-unit", system]) == 0
    printed = capsys.readouterr().out
    assert sys.executable in printed
    assert "/srv/aura" in printed


def test_usage_is_the_same_with_and_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    with_proc = usage_of(os.getpid())

    def without_proc(path: str) -> Path:
        return Path("/nonexistent") / path.lstrip("/")

    monkeypatch.setattr(usage, "Path", without_proc)
    without = usage_of(os.getpid())
    assert with_proc.rss_bytes == pytest.approx(without.rss_bytes, rel=0.1)
    assert with_proc.cpu_s == pytest.approx(without.cpu_s, abs=0.5)
    assert usage_of(2**22 - 1).rss_bytes == 0
    monkeypatch.undo()
    assert usage_of(2**22 - 1).rss_bytes == 0


@pytest.mark.parametrize("waitid", [True, False], ids=["waitid", "one by one"])
def test_an_ended_child_is_collected_and_others_are_let_be(waitid: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not waitid:
        monkeypatch.delattr(os, "waitid")
    running = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    ended = subprocess.Popen(["true"])
    codes: list[int] = []
    calls: dict[int, Callable[[], None]] = {
        running.pid: lambda: codes.append(-999),
        ended.pid: lambda: codes.append(ended.wait()),
    }
    while not codes:
        reaping.collect_ended(calls)
    assert codes == [0]
    del calls[ended.pid]
    reaping.collect_ended(calls)
    running.communicate(b"\n")
    assert codes == [0]


def test_adopting_is_tried_on_linux_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert reaping.adopt_orphans() is False


class Listener:
    """A control socket that answers in its own way."""

    def __init__(self, paths: AuraPaths, answer: bytes | None) -> None:
        paths.prepare()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(paths.control_socket))
        self._socket.listen()
        self._answer = answer
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        for connection in [*self._open, self._socket]:
            connection.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        self._open.append(connection)
        connection.recv(1000)
        if self._answer is not None:
            connection.sendall(self._answer)
            connection.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"", DaemonDown), (b"not json\n", Unavailable), (None, RequestTimeout), (b'{"error": {}}\n', Exception)],
)
@pytest.mark.requirement("P11")
def test_odd_answers_of_the_supervisor_are_errors(
    aura_home: Path, answer: bytes | None, error: type[Exception]
) -> None:
    paths = find_paths()
    listener = Listener(paths, answer)
    with pytest.raises(error):
        control.call(paths, {"do": "hello"}, timeout_s=0.3)
    listener.close()


def test_without_a_supervisor_calls_say_so(aura_home: Path) -> None:
    with pytest.raises(DaemonDown, match="Aura is not running"):
        control.call(find_paths(), {"do": "hello"})
    with pytest.raises(DaemonDown):
        next(control.stream(find_paths(), {"do": "logs"}))


async def raw(paths: AuraPaths, data: bytes) -> dict[str, dict[str, str]]:
    reader, writer = await asyncio.open_unix_connection(paths.control_socket)
    writer.write(data)
    await writer.drain()
    answer = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()
    return json.loads(answer)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{\n", "one line of JSON"),
        (b"[1]\n", "is a JSON object"),
        (b'{"do": "tea"}\n', "must be one of nothing; found 'tea'"),
        (b"x" * 70_000 + b"\n", "at most 65536 bytes"),
        (b"[" * 50_000 + b"\n", "one line of JSON"),
    ],
    ids=["cut", "list", "unknown", "long", "deep"],
)
@pytest.mark.requirement("P11")
async def test_odd_requests_to_the_supervisor_are_refused(aura_home: Path, data: bytes, words: str) -> None:
    paths = find_paths().prepare()

    async def nothing(request: dict[str, object]) -> dict[str, object]:
        return request

    server = ControlServer(paths.control_socket, {"nothing": nothing})
    await server.start()
    answer = await raw(paths, data)
    assert words in answer["error"]["message"]
    assert answer["error"]["code"] == "invalid_request"
    server.hide()
    await server.close()


async def test_another_user_gets_no_answer(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths().prepare()
    server = ControlServer(paths.control_socket, {})
    await server.start()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    reader, writer = await asyncio.open_unix_connection(paths.control_socket)
    try:
        writer.write(b"{}\n")
        assert await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionError:
        pass  # It hung up before it read what was written.
    writer.close()
    server.hide()
    await server.close()


async def test_a_socket_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot listen"):
        await ControlServer(tmp_path / "gone" / "socket", {}).start()


async def test_states_are_published_and_tried_again(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, logged = MemoryHub(), list[str]()
    events = hub.connect("panel").listen(ServiceStateChanged)
    settings_of_this_process.cache_clear()
    attempts = iter([False, True, True, True])

    def connect(name: str, *_: object) -> object:
        if not next(attempts):
            raise DaemonDown("no bus")
        return hub.connect(name)

    monkeypatch.setattr(publishing, "connect", connect)
    monkeypatch.setattr(announcing, "RETRY_S", 0.01)

    def log(level: str, event: str, **facts: object) -> None:
        logged.append(event)

    announcer = Announcer(find_paths(), log)
    ready = asyncio.Event()
    publishing_task = asyncio.create_task(announcer.publish_changes(after=ready))
    announcer.note(StateChange("bus", "starting", 1, 0, ""))
    announcer.note(StateChange("bus", "ready", 1, 0, ""))
    ready.set()
    delivery: Delivery = await asyncio.wait_for(anext(events), 10)
    publishing_task.cancel()
    assert isinstance(delivery.event, ServiceStateChanged)
    assert (delivery.event.service, delivery.event.state, delivery.event.pid) == ("bus", "ready", 1)
    assert logged == ["state_not_published"]


@pytest.mark.requirement("P7")
def test_the_daemon_refuses_wrong_options(aura_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--set", "nonsense"]) == 2
    (tmp_path / ".aura").mkdir()
    (tmp_path / ".aura" / "config.toml").write_text("[", encoding="utf-8")
    assert main(["--project-root", str(tmp_path)]) == 7
    shown = capsys.readouterr().err
    assert "KEY=VALUE" in shown
    assert "config.toml:1: not valid TOML" in shown
    assert "Correct that line." in shown


def test_the_daemon_refuses_a_home_that_is_a_file(
    aura_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (aura_home / "run").touch()
    assert main([]) == 10
    assert "cannot create the folder" in capsys.readouterr().err
    monkeypatch.setattr("aura_supervisor.__main__.Daemon", None)
    assert main(["--set", "log.level=debug"]) == 1
    assert "TypeError" in capsys.readouterr().err
