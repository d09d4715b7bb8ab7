"""Carries out requests in children, each of which kills itself at a chosen step."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

At: TypeAlias = Callable[[str], None]


def serve(run: Callable[[Mapping[str, Any], At], None]) -> None:
    """Answer one JSON object a line on standard input with one a line, until it ends.

    The imports are done once; a child is forked for each request, and dies before its step number `kill_at`.

    Args:
        run: Carries a request out, and calls what it is given before each step, with the step's name.
    """
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                run(request, _killing(request["kill_at"], writing))
            except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
                os.write(2, f"{error!r}\n".encode())
                os._exit(1)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            name = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {"killed": killed, "code": None if killed else os.waitstatus_to_exitcode(status), "step": name}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _killing(kill_at: int, report: int) -> At:
    steps = 0

    def at(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.write(report, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    return at
