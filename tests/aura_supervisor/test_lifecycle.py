"""The supervisor with real processes: order, restarts, kills, deadlines, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from aura_shared import control
from aura_shared.bus.zmq_bus import connect
from aura_shared.errors import DaemonDown, NotFound, UsageProblem
from aura_shared.messages.services import ServiceStateChanged
from aura_shared.settings import BusSettings
from aura_supervisor_toys import PATIENCE_S, StartSupervisor, alive, row, until

pytestmark = pytest.mark.requirement("P1")


def test_services_start_in_order_and_stop_in_reverse(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"), row("other", after=["good"]))
    supervisor.ready()
    pids = {service["name"]: str(service["pid"]) for service in supervisor.ask("status")["services"]}
    assert supervisor.ask("down")["ok"] is True
    assert supervisor.process.wait(PATIENCE_S) == 0
    assert supervisor.diary() == [
        ["start", "good", pids["good"]],
        ["start", "other", pids["other"]],
        ["stop", "other", pids["other"]],
        ["stop", "good", pids["good"]],
    ]
    assert not supervisor.paths.control_socket.exists()


def test_a_killed_service_is_ready_again_within_two_seconds(
    supervise: StartSupervisor, record_property: Callable[[str, object], None]
) -> None:
    supervisor = supervise(row("good"), row("other", after=["good"]))
    supervisor.ready()
    before = supervisor.service("good")
    other = supervisor.service("other")
    began = time.monotonic()
    os.kill(before["pid"], signal.SIGKILL)
    after = supervisor.replaced("good", before["pid"])
    record_property("kill_to_ready_s", round(time.monotonic() - began, 3))
    assert after["restarts"] == 1
    assert after["reason"] == "killed by SIGKILL"
    assert supervisor.service("other")["pid"] == other["pid"]


def test_nothing_outlives_a_killed_supervisor_by_more_than_a_second(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"), row("stubborn"), row("family"))
    supervisor.ready()
    services = {service["name"]: service["pid"] for service in supervisor.ask("status")["services"]}
    grandchildren = [int(words[1]) for words in supervisor.diary() if words[0] == "grandchild"]
    os.kill(services["good"], signal.SIGSTOP)  # One that cannot act by itself.
    supervisor.process.kill()
    supervisor.process.wait()
    until(lambda: not any(alive(pid) for pid in [*services.values(), *grandchildren]), "all are gone", timeout_s=1.0)


def test_a_crash_loop_stops_with_its_last_lines_shown(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("crasher"), row("good"), backoff_first_s=0.01, backoff_max_s=0.02)
    found = supervisor.reaches("crasher", "crash-loop")
    assert found["restarts"] == 4
    assert found["last_lines"][-2:] == ["about to give up", "no more tea"]
    assert found["reason"] == "ended 5 times within 60 s, last: exit code 1"
    assert supervisor.reaches("good", "ready")["restarts"] == 0
    assert supervisor.ask("hello")["ready"] is False


def test_a_service_in_a_crash_loop_can_be_started_again_by_hand(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("crasher"), backoff_first_s=0.01, backoff_max_s=0.02)
    supervisor.reaches("crasher", "crash-loop")
    with pytest.raises(Exception, match="crasher ended while it started: exit code 1"):
        supervisor.ask("restart", service="crasher")
    assert supervisor.reaches("crasher", "crash-loop")["restarts"] >= 9


def test_a_service_that_ignores_sigterm_dies_at_its_deadline(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("stubborn", stop_timeout_s=0.5))
    supervisor.ready()
    pid = supervisor.service("stubborn")["pid"]
    began = time.monotonic()
    supervisor.ask("down")
    assert 0.5 <= time.monotonic() - began < 5
    assert not alive(pid)


def test_a_hung_service_is_killed_and_started_again(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("hanger"), heartbeat_timeout_s=1.0, backoff_first_s=0.01)
    supervisor.ready()
    first = int(supervisor.diary()[0][2])
    after = supervisor.replaced("hanger", first)
    assert (after["restarts"], after["reason"]) == (1, "no sign of life for 1 s")
    assert not alive(first)


def test_a_service_that_never_gets_ready_is_started_again(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("never_ready", ready_timeout_s=0.3), crash_loop_exits=2, backoff_first_s=0.01)
    found = supervisor.reaches("never_ready", "crash-loop")
    assert found["reason"] == "ended 2 times within 60 s, last: not ready within 0.3 s"


def test_what_a_service_starts_itself_ends_with_it(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("family", stop_timeout_s=2))
    supervisor.ready()
    grandchild = int(supervisor.diary()[0][1])
    assert alive(grandchild)
    os.kill(supervisor.service("family")["pid"], signal.SIGKILL)
    until(lambda: not alive(grandchild), "the grandchild is gone")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the supervisor")
def test_a_process_that_escaped_from_its_group_ends_with_the_supervisor(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("runaway"))
    supervisor.ready()
    runaway = int(supervisor.diary()[0][1])
    supervisor.ask("restart", service="runaway")
    until(lambda: psutil.Process(runaway).ppid() == supervisor.process.pid, "the supervisor has adopted it")
    supervisor.ask("down")
    until(lambda: not alive(runaway), "it is gone")


def test_two_starts_at_once_give_one_supervisor(supervise: StartSupervisor) -> None:
    both = [supervise(row("good")), supervise(row("good"))]
    until(lambda: any(one.process.poll() is not None for one in both), "one of them leaves")
    loser, winner = sorted(both, key=lambda one: one.process.poll() is None)
    assert loser.process.returncode == 5
    assert winner.process.poll() is None
    winner.ready()
    assert winner.ask("hello")["pid"] == winner.process.pid
    assert loser.process.stderr is not None
    assert loser.process.stderr.read() == f"Aura is running already, with pid {winner.process.pid}\n"


def test_a_start_right_after_down_succeeds(supervise: StartSupervisor) -> None:
    first = supervise(row("good"))
    first.ready()
    first.ask("down")
    supervise(row("good")).ready()


def test_what_a_killed_supervisor_left_behind_is_in_nobodys_way(supervise: StartSupervisor) -> None:
    first = supervise(row("good"))
    first.ready()
    first.process.kill()
    first.process.wait()
    assert first.paths.control_socket.exists()
    with pytest.raises(DaemonDown):
        first.ask("status")
    first.paths.lock.write_bytes(b"\x00 not json")
    supervise(row("good")).ready()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_everything_in_order(supervise: StartSupervisor, number: signal.Signals) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    supervisor.process.send_signal(number)
    assert supervisor.process.wait(PATIENCE_S) == 0
    assert [words[0] for words in supervisor.diary()] == ["start", "stop"]


def test_a_second_signal_does_not_wait_for_the_deadline(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("stubborn", stop_timeout_s=60))
    supervisor.ready()
    supervisor.process.send_signal(signal.SIGTERM)
    supervisor.reaches("stubborn", "stopping")
    supervisor.process.send_signal(signal.SIGTERM)
    assert supervisor.process.wait(PATIENCE_S) == 0


def test_a_flood_of_output_blocks_nobody(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("flood"), row("good"))
    supervisor.ready()
    found = supervisor.service("flood")
    assert found["last_lines"][-1].endswith("the last line")
    assert len(found["last_lines"]) == 50
    assert max(len(line) for line in found["last_lines"]) <= 8192
    size = sum(path.stat().st_size for path in supervisor.paths.logs.glob("flood.out.jsonl*"))
    assert size < 4 * 5_100_000


def test_restart_gives_a_service_another_process(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    before = supervisor.service("good")["pid"]
    answer = supervisor.ask("restart", service="good")
    assert answer["ok"] is True
    assert answer["pid"] == supervisor.service("good")["pid"] != before
    assert ["stop", "good", str(before)] in supervisor.diary()


def test_status_tells_memory_time_and_trouble(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("real"))
    supervisor.ready()
    assert until(lambda: supervisor.service("real")["trouble"], "the first heartbeat") == "a little tired"
    found = supervisor.service("real")
    assert found["rss_bytes"] > 5_000_000
    assert found["cpu_s"] > 0
    assert found["uptime_s"] > 0
    status = supervisor.ask("status")
    assert status["pid"] == supervisor.process.pid
    assert status["ready"] is True
    assert status["started_at"].endswith("+00:00")


def test_services_do_not_inherit_safe_path_or_our_pipes(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("family"))
    supervisor.ready()
    service = psutil.Process(supervisor.service("family")["pid"])
    assert "PYTHONSAFEPATH" not in service.environ()
    assert service.cmdline()[1:3] == ["-P", "-m"]
    grandchild = psutil.Process(int(supervisor.diary()[0][1]))
    assert "AURA_READY_FD" not in grandchild.environ()
    assert "AURA_DEATH_FD" not in grandchild.environ()
    assert os.getpgid(service.pid) == service.pid


def test_the_control_socket_is_private_to_the_user(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    assert supervisor.paths.control_socket.stat().st_mode & 0o777 == 0o600
    assert supervisor.paths.run.stat().st_mode & 0o777 == 0o700


def test_unknown_services_and_commands_are_refused(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    with pytest.raises(NotFound, match="one of good; found 'tea'"):
        supervisor.ask("restart", service="tea")
    with pytest.raises(UsageProblem, match="found 'dance'"):
        supervisor.ask("dance")
    with pytest.raises(UsageProblem, match="found -1"):
        supervisor.ask("logs", lines=-1)
    assert supervisor.ask("hello")["ready"] is True


def test_logs_show_and_follow_what_services_print(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    request = {"do": "logs", "service": "good", "lines": 1, "follow": True}
    lines = control.stream(supervisor.paths, request, timeout_s=PATIENCE_S)
    assert next(lines)["line"] == "good service speaking"
    supervisor.ask("restart", service="good")
    assert next(lines)["line"] == "good service speaking"
    lines.close()
    everything = list(control.stream(supervisor.paths, {"do": "logs", "lines": 500}, timeout_s=PATIENCE_S))
    states = [line["state"] for line in everything if line["event"] == "service_state"]
    assert states[:3] == ["waiting", "starting", "ready"]


def test_following_ends_with_the_supervisor(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    lines = control.stream(supervisor.paths, {"do": "logs", "lines": 1, "follow": True}, timeout_s=PATIENCE_S)
    next(lines)
    supervisor.process.terminate()
    assert [line["event"] for line in lines][-1] == "supervisor_stopped"


@pytest.mark.requirement("P2")
async def test_states_are_seen_on_the_real_bus(supervise: StartSupervisor) -> None:
    supervisor = supervise({"name": "bus", "module": "aura_bus"}, row("good", after=["bus"]), announce=True)
    supervisor.ready()
    bus = connect("panel", supervisor.paths, BusSettings())
    seen: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        async for delivery in bus.listen(ServiceStateChanged):
            assert isinstance(delivery.event, ServiceStateChanged)
            seen[delivery.event.service] = delivery.event.state
            if seen == {"bus": "ready", "good": "ready"}:
                break
    await bus.close()
    supervisor.ask("down")


@pytest.mark.requirement("P7")
def test_wrong_settings_end_the_start_and_name_file_and_line(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"))
    supervisor.ready()
    supervisor.ask("down")
    file = supervisor.paths.user_settings
    file.write_text("[log]\n\nlevel = 'loud'\n", encoding="utf-8")
    again = supervise(row("good"))
    assert again.process.wait(PATIENCE_S) == 7
    assert again.process.stderr is not None
    assert again.process.stderr.read().startswith(f"{file}:3: log.level: must be 'debug'")


def test_the_real_module_explains_its_options() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aura_supervisor", "--set", "nonsense"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "KEY=VALUE; found 'nonsense'" in done.stderr
