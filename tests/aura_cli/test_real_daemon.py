"""The commands against the real daemon: started by `aura up`, asked, changed under, stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aura_cli_running import Ran

BOUND_S = 60  # Ten times what it takes on a quiet machine.


@pytest.mark.requirement("P1", "P10", "C3")
def test_the_main_job_from_the_terminal(aura_process: Callable[..., Ran], repository: Path, aura_home: Path) -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "aura_cli", "up", "--json", "--timeout", str(BOUND_S)],
            cwd=repository,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        answers = [json.loads(start.communicate(timeout=BOUND_S * 2)[0]) for start in starts]
        assert [start.returncode for start in starts] == [0, 0], answers
        assert len({answer["pid"] for answer in answers}) == 1, "two at once must give one daemon"

        found = aura_process("search", "def", "--json", cwd=repository)
        assert found.code == 0, found.err
        assert found.json()["hits"]

        (repository / "fresh_idea.py").write_text("def brand_new_thing():\n    return 1\n", encoding="utf-8")
        deadline = time.monotonic() + BOUND_S
        while not (ran := aura_process("symbol", "brand_new_thing", "--json", cwd=repository)).json()["symbols"]:
            assert time.monotonic() < deadline, ran
        assert "def brand_new_thing" in aura_process("outline", "fresh_idea.py", cwd=repository).out

        status = aura_process("status", "--json", cwd=repository).json()
        assert status["ready"] is True
        assert "service_ready" in aura_process("logs", "--json", "-n", "500").out
        assert aura_process("restart", "code").code == 0
        assert aura_process("search", "brand_new_thing", cwd=repository).out.startswith("fresh_idea.py:1")
        assert aura_process("doctor", cwd=repository).code == 0
        assert aura_process("projects", "reindex", cwd=repository).code == 0
        assert aura_process("projects", "remove", cwd=repository).code == 0
        assert aura_process("projects", "--json").json()["projects"] == []
    finally:
        stopped = aura_process("down")
        for start in starts:
            start.kill()
    assert stopped.code == 0, stopped.err
    assert aura_process("status").code == 3
    pid = answers[0]["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
