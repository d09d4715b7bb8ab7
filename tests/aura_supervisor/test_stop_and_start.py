"""Single services are stopped and started by request, with real processes."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from aura_shared.errors import AuraError, Conflict, NotFound, ServiceDown
from aura_supervisor_toys import StartSupervisor, Supervisor, alive, row, until

pytestmark = pytest.mark.requirement("P1")


def told_by(supervisor: Supervisor, do: str, service: str) -> tuple[threading.Thread, list[AuraError]]:
    """Ask for something in a thread; gives the thread, and what it was refused with."""
    errors: list[AuraError] = []

    def ask() -> None:
        try:
            supervisor.ask(do, service=service)
        except AuraError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, errors


@pytest.mark.requirement("U1")
def test_a_stopped_service_stays_stopped_until_it_is_started(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"), row("other"))
    supervisor.ready()
    pid = supervisor.service("good")["pid"]
    assert supervisor.ask("stop", service="good") == {"ok": True, "service": "good", "pid": None}
    assert not alive(pid)
    found = supervisor.service("good")
    assert (found["state"], found["reason"], found["pid"]) == ("stopped", "stopped by request", None)
    assert supervisor.ask("hello")["ready"] is True
    assert supervisor.service("other")["state"] == "ready"
    assert supervisor.ask("stop", service="good")["ok"] is True

    answer = supervisor.ask("start", service="good")
    found = supervisor.service("good")
    assert (found["state"], found["reason"], found["pid"]) == ("ready", "", answer["pid"])
    assert supervisor.ask("start", service="good") == answer
    supervisor.ask("down")
    states = [words[:2] for words in supervisor.diary() if words[1] == "good"]
    assert states == [["start", "good"], ["stop", "good"], ["start", "good"], ["stop", "good"]]


def test_restart_starts_a_stopped_service_and_down_ends_with_one(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"), row("other"))
    supervisor.ready()
    supervisor.ask("stop", service="good")
    assert supervisor.ask("restart", service="good")["pid"] == supervisor.service("good")["pid"]
    supervisor.ask("stop", service="good")
    supervisor.ask("down")
    assert supervisor.process.wait(30) == 0


def test_what_others_need_cannot_be_stopped_alone(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("good"), row("other", after=["good"]))
    supervisor.ready()
    with pytest.raises(Conflict, match="good cannot be stopped alone: other can do nothing without it") as caught:
        supervisor.ask("stop", service="good")
    assert "`aura down` stops everything" in caught.value.hint
    with pytest.raises(NotFound, match="found 'tea'"):
        supervisor.ask("stop", service="tea")
    assert supervisor.service("good")["state"] == "ready"


def test_a_crash_loop_and_a_pause_can_be_stopped(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("crasher"), backoff_first_s=0.01, backoff_max_s=0.02)
    supervisor.reaches("crasher", "crash-loop")
    supervisor.ask("stop", service="crasher")
    assert supervisor.service("crasher")["reason"] == "stopped by request"
    assert supervisor.ask("hello")["ready"] is True
    with pytest.raises(ServiceDown, match="crasher ended while it started: exit code 1"):
        supervisor.ask("start", service="crasher")
    supervisor.reaches("crasher", "crash-loop")


def test_a_service_that_waits_for_another_can_be_stopped(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("never_ready"), row("other", after=["never_ready"]))
    supervisor.reaches("other", "waiting")
    supervisor.ask("stop", service="other")
    assert supervisor.service("other")["state"] == "stopped"
    assert supervisor.ask("hello")["ready"] is False
    supervisor.process.terminate()
    assert supervisor.process.wait(30) == 0


def test_a_service_that_is_just_starting_is_waited_for_and_can_be_stopped(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("never_ready"))
    supervisor.reaches("never_ready", "starting")
    starting, errors = told_by(supervisor, "start", "never_ready")

    def start_was_answered() -> bool:
        """Stop it, whichever of the two requests comes first."""
        with suppress(Conflict):
            supervisor.ask("stop", service="never_ready")
        starting.join(0.05)
        return not starting.is_alive()

    until(start_was_answered, "the start is told that it was in vain")
    assert [error.message for error in errors] == ["never_ready was stopped by request while it started"]
    assert supervisor.service("never_ready")["state"] == "stopped"
    supervisor.ask("down")


def test_a_start_overtakes_a_stop_that_is_under_way(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("stubborn", stop_timeout_s=1.5))
    supervisor.ready()
    before = supervisor.service("stubborn")["pid"]
    stopping, errors = told_by(supervisor, "stop", "stubborn")
    supervisor.reaches("stubborn", "stopping")
    assert supervisor.ask("start", service="stubborn")["pid"] != before
    stopping.join(30)
    assert [error.message for error in errors] == ["stubborn was started again while it stopped"]
    assert supervisor.service("stubborn")["state"] == "ready"


def test_while_everything_stops_nothing_is_started_or_stopped_by_request(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("stubborn", stop_timeout_s=60), row("other", after=["stubborn"]))
    supervisor.ready()
    going, _ = told_by(supervisor, "down", "")
    supervisor.reaches("stubborn", "stopping")
    for do in ("stop", "start", "restart"):
        with pytest.raises(ServiceDown, match="is being stopped, with all of Aura"):
            supervisor.ask(do, service="other")
    supervisor.process.terminate()
    supervisor.process.terminate()
    assert supervisor.process.wait(30) == 0
    going.join(30)
