"""The launcher starts lean, tells how a program ended, and leaves nothing behind."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aura_factory.sandbox import launcher
from aura_factory.sandbox.contract import Policy
from aura_factory.sandbox.launching import prepare_landlock
from sandbox_needs import runner_of


def started(command: list[str], policy: Policy, **changes: object) -> str:
    """What the launcher says of a program. Run by the interpreter of the tests, so that its lines are counted."""
    prepared = prepare_landlock(command, policy)
    order_fd = int(prepared.argv[-1])
    order: dict[str, Any] = marshal.loads(os.pread(order_fd, 1_000_000, 0))
    changed = prepared.in_memory(marshal.dumps({**order, **changes}))
    arguments = [sys.executable, "-c", prepared.argv[4], prepared.argv[5], str(changed)]
    try:
        subprocess.run(arguments, pass_fds=prepared.pass_fds, check=True, timeout=60, capture_output=True)
        prepared.close_passed()
        return os.read(prepared.status_fd, 10_000).decode()
    finally:
        prepared.close()


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 3", '{"exit": 3}\n'),
        ("kill -KILL $$", '{"signal": 9}\n'),
        ("(setsid sleep 60 &); (setsid sleep 60 &); exit 0", '{"exit": 0}\n'),
    ],
)
def test_how_a_program_ended_is_told(workspace: Path, script: str, status: str) -> None:
    runner_of("landlock")
    assert started(["sh", "-c", script], Policy(workspace)) == status


def test_a_program_that_cannot_start_is_told(workspace: Path) -> None:
    runner_of("landlock")
    assert "no program nowhere" in started(["nowhere"], Policy(workspace))
    (workspace / 'na"me').write_text("", encoding="utf-8")
    assert "Permission denied" in started(['./na"me'], Policy(workspace))


def test_nothing_starts_once_aura_is_gone(workspace: Path) -> None:
    runner_of("landlock")
    assert started(["touch", "made"], Policy(workspace), parent=1) == ""
    assert list(workspace.iterdir()) == []


def test_the_launcher_imports_next_to_nothing(workspace: Path) -> None:
    """Its start is the cost of the tier, and what it imports later would lie outside the confinement."""
    services = Path(launcher.__file__).parents[2]
    code = "import sys; sys.path.insert(0, sys.argv[1]); import aura_factory.sandbox.launcher; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(services)], capture_output=True, text=True, check=True
    )
    heavy = {"asyncio", "json", "logging", "pathlib", "pydantic", "re", "subprocess", "typing"}
    assert heavy & set(done.stdout.split()) == set()
