"""Programs run to their end, within their bounds, and what came of it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aura_factory.sandbox.contract import Outcome, Policy, Probe
from aura_factory.sandbox.interpreters import interpreter_environment, interpreter_paths
from aura_factory.sandbox.launching import prepare_landlock
from aura_factory.sandbox.running import ConfinedRunner, make_runner, policy_for
from aura_shared.errors import SandboxUnavailable, UsageProblem
from aura_shared.settings import SandboxSettings
from sandbox_needs import runner_of

PYTHON = "/usr/bin/python3"


def python(source: str, *arguments: str) -> list[str]:
    return [PYTHON, "-c", source, *arguments]


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def processes_with(token: str) -> list[int]:
    """Host processes that bear a token on their command line."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if token.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


async def until_it_runs(token: str, running: asyncio.Task[Outcome]) -> None:
    async with asyncio.timeout(60):
        while not processes_with(token):
            assert not running.done(), running.result()
            await asyncio.sleep(0.01)


@pytest.mark.requirement("F7")
async def test_output_exit_code_and_results_come_back(runner: ConfinedRunner, workspace: Path) -> None:
    source = "import sys; print('out'); print('err', file=sys.stderr); open('made', 'w').write('1'); sys.exit(3)"
    outcome = await runner.run(python(source), Policy(workspace))
    assert (outcome.ended, outcome.code, outcome.stdout, outcome.stderr) == ("exit", 3, b"out\n", b"err\n")
    assert (outcome.cut, outcome.detail, outcome.tier) == (False, "", runner.probe.tier)
    assert (workspace / "made").read_text(encoding="utf-8") == "1"


async def test_the_environment_is_minimal_and_home_can_be_written(runner: ConfinedRunner, workspace: Path) -> None:
    source = (
        "import json, os, tempfile; open(os.path.expanduser('~/x'), 'w').write('1'); tempfile.mkstemp();"
        "print(json.dumps(dict(os.environ)))"
    )
    outcome = await runner.run(python(source), Policy(workspace, environment={"LANG": "C", "GREETING": "hello"}))
    assert outcome.code == 0, outcome.stderr
    seen: dict[str, str] = json.loads(outcome.stdout)
    seen.pop("LC_CTYPE", None)  # Python's own
    seen.pop("PWD", None)  # bubblewrap's own
    assert sorted(seen) == ["GREETING", "HOME", "LANG", "PATH", "TMPDIR"]
    assert (seen["GREETING"], seen["LANG"], seen["PATH"]) == ("hello", "C", "/usr/local/bin:/usr/bin:/bin")
    assert seen["HOME"] != str(Path.home())
    assert list(workspace.parent.iterdir()) == [workspace]


async def test_standard_input_is_empty(runner: ConfinedRunner, workspace: Path) -> None:
    outcome = await runner.run(["cat"], Policy(workspace))
    assert (outcome.ended, outcome.code, outcome.stdout) == ("exit", 0, b"")


@pytest.mark.parametrize("command", [["no-such-program"], ["./no-such-file"], ["/etc/hostname"]])
async def test_a_program_that_cannot_start_is_told_apart_from_one_that_fails(
    runner: ConfinedRunner, workspace: Path, command: list[str]
) -> None:
    outcome = await runner.run(command, Policy(workspace))
    assert (outcome.ended, outcome.code) == ("not-started", -1)
    assert command[0].removeprefix("./") in outcome.detail


async def test_a_command_line_that_is_too_long_is_not_started(runner: ConfinedRunner, workspace: Path) -> None:
    outcome = await runner.run(["true", "x" * 4_000_000], Policy(workspace))
    assert outcome.ended == "not-started"
    assert "Argument list too long" in outcome.detail


async def test_a_signal_is_told_by_its_name(runner: ConfinedRunner, workspace: Path) -> None:
    outcome = await runner.run(["sh", "-c", "kill -SEGV $$"], Policy(workspace))
    assert (outcome.ended, outcome.code, outcome.detail) == ("signal", -signal.SIGSEGV, "ended by SIGSEGV")


async def test_a_program_in_another_machines_numbering_is_killed(runner: ConfinedRunner, workspace: Path) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has a second numbering")
    source = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39))"  # getpid of x32
    outcome = await runner.run(python(source), Policy(workspace))
    assert (outcome.ended, outcome.code) == ("signal", -signal.SIGSYS)
    assert "another machine's numbering" in outcome.detail


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("while True: pass", "used more than 1 s of processor time"),
        ("open('big', 'wb').truncate(9_000_000)", ""),
        ("import signal; signal.signal(25, signal.SIG_DFL); open('x', 'wb').write(b'x' * 9_000_000)", "larger than"),
    ],
)
async def test_the_bound_that_was_met_is_named(
    runner: ConfinedRunner, workspace: Path, source: str, words: str
) -> None:
    outcome = await runner.run(python(source), Policy(workspace, cpu_s=1, file_bytes=1_000_000))
    assert outcome.code != 0
    assert words in outcome.detail
    assert all(path.stat().st_size <= 1_000_000 for path in files_in(workspace))


async def test_output_beyond_the_bound_is_thrown_away(runner: ConfinedRunner, workspace: Path) -> None:
    source = "import sys; sys.stdout.write('a' * 200_000); sys.stderr.write('b' * 10)"
    outcome = await runner.run(python(source), Policy(workspace, output_bytes=4096))
    assert (outcome.ended, outcome.code, outcome.cut) == ("exit", 0, True)
    assert (outcome.stdout, outcome.stderr) == (b"a" * 4096, b"b" * 10)


async def test_a_flood_of_output_ends_the_program(runner: ConfinedRunner, workspace: Path) -> None:
    outcome = await runner.run(["yes"], Policy(workspace, output_bytes=1024))
    assert (outcome.ended, outcome.cut) == ("output", True)
    assert "bytes of output" in outcome.detail


async def test_the_wall_clock_ends_everything(runner: ConfinedRunner, workspace: Path) -> None:
    script = (
        f"trap '' TERM HUP INT; (setsid sleep 61 {workspace} 2>/dev/null &); {PYTHON} -c 'import time;time.sleep(60)'"
    )
    outcome = await runner.run(["sh", "-c", script, str(workspace)], Policy(workspace, wall_s=1))
    assert (outcome.ended, outcome.detail) == ("time", "killed after 1 s")
    assert processes_with(str(workspace)) == []


@pytest.mark.requirement("F7")
async def test_cancelling_ends_everything(runner: ConfinedRunner, workspace: Path) -> None:
    token = f"token-of-{workspace.parent.name}"
    # The first process leads a session already: it could not begin another.
    source = "import os, time\nif not os.fork(): os.setsid(), os.fork()\ntime.sleep(60)"
    running = asyncio.create_task(runner.run(python(source, token), Policy(workspace)))
    await until_it_runs(token, running)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert processes_with(token) == []
    assert list(workspace.parent.iterdir()) == [workspace]


async def test_cancelling_at_any_moment_of_the_start_leaves_nothing(runner: ConfinedRunner, workspace: Path) -> None:
    descriptors = len(files_in(Path("/proc/self/fd")))
    token = f"token-of-{workspace.parent.name}"
    for delay in range(0, 40, 2):
        running = asyncio.create_task(runner.run(["sh", "-c", "sleep 60", token], Policy(workspace)))
        await asyncio.sleep(delay / 1000)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert processes_with(token) == []
    assert list(workspace.parent.iterdir()) == [workspace]
    assert len(files_in(Path("/proc/self/fd"))) <= descriptors + 3  # the loop's own


async def test_many_run_side_by_side(runner: ConfinedRunner, scratch: Path) -> None:
    def policy(number: int) -> Policy:
        folder = scratch / str(number)
        folder.mkdir()
        return Policy(folder)

    runs = [runner.run(["sh", "-c", f"echo {number}"], policy(number)) for number in range(6)]
    assert [outcome.stdout for outcome in await asyncio.gather(*runs)] == [f"{n}\n".encode() for n in range(6)]


async def test_a_workspace_can_be_used_twice(runner: ConfinedRunner, workspace: Path) -> None:
    for expected in (b"", b"made\n"):
        outcome = await runner.run(["sh", "-c", "ls; echo 1 > made"], Policy(workspace))
        assert (outcome.code, outcome.stdout) == (0, expected)


async def test_the_kernel_ends_confined_programs_first_when_memory_is_out(
    runner: ConfinedRunner, workspace: Path
) -> None:
    outcome = await runner.run(["cat", "/proc/self/oom_score_adj"], Policy(workspace))
    assert outcome.stdout == b"1000\n"


@pytest.mark.requirement("P9")
async def test_a_server_under_test_can_be_reached_on_the_sandboxs_own_loopback(workspace: Path) -> None:
    source = (
        "import socket, threading\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=lambda: server.accept()[0].send(b'hello')).start()\n"
        "print(socket.create_connection(server.getsockname()).recv(9))"
    )
    outcome = await runner_of("bwrap").run(python(source), Policy(workspace))
    assert outcome.stdout == b"b'hello'\n", outcome.stderr


async def test_landlock_says_where_a_user_without_rights_does_not_get_through(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("an ordinary user drops no rights")
    runner_of("landlock")
    closed = tmp_path / "closed"
    (closed / "workspace").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(SandboxUnavailable, match="does not get through"):
        prepare_landlock(["true"], Policy(closed / "workspace"))


@pytest.mark.requirement("T1")
async def test_a_projects_own_environment_runs_its_tests(scratch: Path) -> None:
    """Also when the environment lies below a folder that only root may enter."""
    (scratch / "workspace").mkdir()
    (scratch / "workspace" / "test_sum.py").write_text("def test_sum():\n    assert 1 + 1 == 2\n", encoding="utf-8")
    executable = Path(sys.executable)
    policy = Policy(
        scratch / "workspace",
        read=interpreter_paths(executable),
        environment=interpreter_environment(executable),
    )
    command = [str(executable), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_sum.py"]
    outcome = await runner_of("bwrap").run(command, policy)
    assert outcome.code == 0, outcome
    assert b"1 passed" in outcome.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": {"LD_PRELOAD": "x.so"}}, "LD_PRELOAD loads code"),
        ({"environment": {"LD_AUDIT": "x.so"}}, "LD_AUDIT loads code"),
        ({"environment": {"GCONV_PATH": "."}}, "GCONV_PATH loads code"),
        ({"environment": {"A=B": "c"}}, "cannot be passed on"),
        ({"environment": {"A": "b\0c"}}, "cannot be passed on"),
        ({"read": [Path("/")]}, "cannot be given /"),
        ({"read": [Path("/proc")]}, "cannot be given /proc"),
        ({"read": [Path("relative")]}, "cannot be given relative"),
        ({"read": [Path("/usr/..")]}, "cannot be given"),
        ({"workspace": Path("/tmp")}, "no workspace"),
        ({"workspace": Path("/no/such/folder")}, "must be a folder"),
        ({"mounts": {Path("/elsewhere/x"): Path("/usr")}}, "does not lie in the workspace"),
    ],
)
async def test_a_policy_that_weakens_the_sandbox_is_refused(
    runner: ConfinedRunner, workspace: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageProblem, match=words):
        await runner.run(["true"], replace(Policy(workspace), **change))


async def test_nothing_is_mounted_behind_a_link(runner: ConfinedRunner, workspace: Path, scratch: Path) -> None:
    (workspace / "link").symlink_to("/")
    policy = Policy(workspace, mounts={workspace / "link" / "tmp": scratch})
    with pytest.raises(UsageProblem, match="is a link"):
        await runner.run(["true"], policy)


@pytest.mark.parametrize("command", [[], [""], ["a\0b"]])
async def test_what_is_no_command_is_refused(runner: ConfinedRunner, workspace: Path, command: list[str]) -> None:
    with pytest.raises(UsageProblem, match="not a command"):
        await runner.run(command, Policy(workspace))


@pytest.mark.requirement("F7")
async def test_without_a_tier_nothing_runs_and_the_reason_is_told(workspace: Path) -> None:
    runner = ConfinedRunner(Probe("none", reasons=("bwrap: not installed", "landlock: too old")))
    with pytest.raises(SandboxUnavailable, match="bwrap: not installed; landlock: too old"):
        await runner.run(["sh", "-c", "echo 1 > made"], Policy(workspace))
    assert files_in(workspace) == []


def test_the_settings_decide_the_bounds_and_the_tier(workspace: Path) -> None:
    settings = SandboxSettings(wall_s=7, cpu_s=5, processes=9, disk_bytes=2_000_000, output_bytes=2048, tier="landlock")
    policy = policy_for(settings, workspace, read=[Path("/opt/x")], wall_s=3)
    assert policy == Policy(
        workspace,
        read=[Path("/opt/x")],
        wall_s=3,
        cpu_s=5,
        processes=9,
        file_bytes=2_000_000,
        disk_bytes=8_000_000,
        output_bytes=2048,
    )
    assert make_runner(settings).probe.tier in {"landlock", "none"}


async def test_a_run_costs_little_more_than_the_start(runner: ConfinedRunner, workspace: Path) -> None:
    """A figure of its own is in `tests/bench/sandbox.py`; this only finds a wait that should not be there."""
    fastest = 9.0
    for _ in range(5):
        begun = time.perf_counter()
        await runner.run(["true"], Policy(workspace))
        fastest = min(fastest, time.perf_counter() - begun)
    assert fastest < 0.5
