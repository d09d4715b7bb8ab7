"""Settings take effect while Aura runs, with real processes; what is wrong changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from aura_shared.errors import AuraError, SettingsError, StorageError, UsageProblem
from aura_shared.layers import read_layers
from aura_shared.paths import find_paths
from aura_supervisor import settings_in_force
from aura_supervisor.settings_in_force import SettingsInForce, hand_down
from aura_supervisor_toys import PATIENCE_S, StartSupervisor, Supervisor, row, until

pytestmark = pytest.mark.requirement("P7")

NEVER = 3600.0
"""Seconds between two looks at the file, where only a request is to be seen."""


def good(name: str, **more: object) -> dict[str, Any]:
    """A well-behaved service with the name of a real one."""
    return row(name, module="toys.good", **more)


def write(supervisor: Supervisor, text: str) -> None:
    """Replace the user's settings file, as editors do it."""
    new = supervisor.paths.user_settings.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(supervisor.paths.user_settings)


def pids(supervisor: Supervisor) -> dict[str, int]:
    """The process of each service."""
    return {service["name"]: service["pid"] for service in supervisor.ask("status")["services"]}


def logged(supervisor: Supervisor, event: str) -> list[dict[str, Any]]:
    """Lines of the supervisor's own log."""
    lines = (supervisor.paths.logs / "supervisor.jsonl").read_text(encoding="utf-8").splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == event]


def test_only_the_services_that_have_to_take_it_in_are_started_anew(supervise: StartSupervisor) -> None:
    supervisor = supervise(good("bus"), good("code", after=["bus"]), good("git", after=["bus"]), watch_s=NEVER)
    supervisor.ready()
    before = pids(supervisor)
    assert supervisor.ask("reload") == {"changed": [], "restarted": [], "later": []}

    write(supervisor, "[code]\nworkers = 5\n")
    answer = supervisor.ask("reload")
    assert answer == {"changed": ["code.workers"], "restarted": ["code"], "later": []}
    after = pids(supervisor)
    assert {name for name in before if before[name] != after[name]} == {"code"}
    assert json.loads((supervisor.paths.run / "settings.json").read_text(encoding="utf-8")) == {"code": {"workers": 5}}

    write(
        supervisor, "[code]\nworkers = 5\n[network]\nallow = ['a.example']\n[bus]\nout_hwm = 200\n[log]\nbackups = 1\n"
    )
    answer = supervisor.ask("reload")
    assert answer["changed"] == ["log.backups", "bus.out_hwm", "network.allow"]
    assert answer["restarted"] == ["code", "git"]
    assert [(item["key"], item["why"]) for item in answer["later"]] == [
        ("log.backups", "the bus keeps the former value until `aura restart bus`"),
        ("bus.out_hwm", "every process has it from its start: run `aura down`, then `aura up`"),
    ]
    assert pids(supervisor)["bus"] == before["bus"]
    assert logged(supervisor, "settings_taken_in")[-1]["restarted"] == ["code", "git"]


def test_a_changed_file_is_taken_in_without_being_asked(supervise: StartSupervisor) -> None:
    supervisor = supervise(good("code"))
    supervisor.ready()
    before = pids(supervisor)["code"]
    write(supervisor, "[code]\nworkers = 6\n")
    supervisor.replaced("code", before)
    until(lambda: logged(supervisor, "settings_taken_in"), "the log tells of it")
    supervisor.paths.user_settings.unlink()
    until(lambda: len(logged(supervisor, "settings_taken_in")) == 2, "the default is taken in")


def test_what_is_wrong_leaves_the_former_settings_in_force(supervise: StartSupervisor) -> None:
    supervisor = supervise(good("code"))
    supervisor.ready()
    before = pids(supervisor)
    file = supervisor.paths.user_settings
    write(supervisor, "[code]\n\nworkers = 'many'\n")
    with pytest.raises(SettingsError) as caught:
        supervisor.ask("reload")
    assert caught.value.message.startswith(f"{file}:3: code.workers: must be a valid integer")
    line = logged(supervisor, "settings_refused")[0]
    assert (line["level"], line["problem"]) == ("warning", caught.value.message)
    assert supervisor.ask("status")["settings_problem"] == caught.value.message
    assert pids(supervisor) == before
    write(supervisor, "[log]\nlevel = debug\n")
    until(lambda: ":2: not valid TOML" in supervisor.ask("status")["settings_problem"], "the file is looked at again")
    write(supervisor, "")
    until(lambda: not supervisor.ask("status")["settings_problem"], "it is mended")
    assert pids(supervisor) == before


def test_the_supervisor_takes_in_its_own_settings_at_once(supervise: StartSupervisor) -> None:
    supervisor = supervise(row("chatty"), watch_s=NEVER)
    supervisor.ready()
    until(lambda: len(supervisor.service("chatty")["last_lines"]) == 50, "its lines are read")
    pid = pids(supervisor)["chatty"]
    write(supervisor, "[supervisor]\nkept_lines = 7\n")
    answer = supervisor.ask("reload")
    assert answer == {"changed": ["supervisor.kept_lines"], "restarted": [], "later": []}
    assert len(supervisor.service("chatty")["last_lines"]) == 7
    assert pids(supervisor)["chatty"] == pid


def test_a_stopped_service_stays_stopped_and_a_crash_loop_is_tried_again(supervise: StartSupervisor) -> None:
    supervisor = supervise(
        good("git"),
        row("code", module="toys.crasher"),
        watch_s=NEVER,
        backoff_first_s=0.01,
        backoff_max_s=0.02,
        crash_loop_exits=2,
    )
    supervisor.reaches("code", "crash-loop")
    supervisor.reaches("git", "ready")
    supervisor.ask("stop", service="git")
    write(supervisor, "[network]\nallow = ['a.example']\n")
    answer = supervisor.ask("reload")
    assert answer["restarted"] == []
    assert answer["later"] == [
        {"key": "network.allow", "why": "code ended while it started: exit code 1; see `aura logs code`"}
    ]
    assert supervisor.service("git")["state"] == "stopped"


def test_changes_of_a_projects_file_reach_the_services_that_heed_them(supervise: StartSupervisor) -> None:
    supervisor = supervise(good("code"), good("planning"), good("git"), watch_s=NEVER)
    supervisor.ready()
    keys = ["code.exclude", "plan.workers", "checks.python", "git.keep_days"]
    answer = supervisor.ask("reload", project_keys=keys)
    assert answer == {
        "changed": keys,
        "restarted": ["code", "planning"],
        "later": [{"key": "git.keep_days", "why": "a project's file has no effect on it: set it in your own"}],
    }
    for wrong in ("code.exclude", [1]):
        with pytest.raises(UsageProblem, match="`project_keys` must be a list of settings"):
            supervisor.ask("reload", project_keys=wrong)


def test_a_reload_right_after_the_start_waits_for_it(supervise: StartSupervisor) -> None:
    supervisor = supervise(good("code"), good("git"), watch_s=NEVER)
    until(lambda: supervisor.service("code"), "the supervisor answers")
    for number in range(1, 4):
        write(supervisor, f"[code]\nworkers = {number}\n")
        supervisor.ask("reload")
    supervisor.ready()
    assert json.loads((supervisor.paths.run / "settings.json").read_text(encoding="utf-8")) == {"code": {"workers": 3}}


async def test_settings_that_cannot_be_handed_down_are_told(aura_home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = find_paths().prepare()
    told = asyncio.Event()

    def log(_level: str, event: str, **_facts: object) -> None:
        if event == "settings_not_taken_in":
            told.set()

    def forget(_policy: object) -> None:
        pass

    held = SettingsInForce(paths, [], read=read_layers, keepers={}, policy_changed=forget, log=log)
    await held.begin()
    monkeypatch.setenv("AURA_LOG__LEVEL", "debug")
    paths.run.chmod(0o500)
    if os.access(paths.run, os.W_OK):  # The superuser may write everywhere.
        (paths.run / "settings.new").mkdir()
    try:
        with pytest.raises(StorageError, match=r"cannot write .*settings\.json"):
            hand_down(paths, read_layers())
        with pytest.raises(AuraError):
            await held.reload()
        monkeypatch.setattr(settings_in_force, "WATCH_INTERVAL_S", 0.001)
        following = asyncio.create_task(held.follow())
        async with asyncio.timeout(PATIENCE_S):
            await told.wait()
        following.cancel()
    finally:
        paths.run.chmod(0o700)
