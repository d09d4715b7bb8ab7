"""Talk to the running supervisor: one JSON line there, one or more back. Only the standard library is imported."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import closing
from io import BufferedReader
from typing import Final, cast

from aura_shared.errors import DaemonDown, RequestTimeout, Unavailable, error_from
from aura_shared.paths import AuraPaths

__all__ = ["PROTOCOL", "call", "stream"]

PROTOCOL: Final = 1
"""Version of what is spoken over the control socket; `hello` tells it."""


def call(paths: AuraPaths, request: Mapping[str, object], *, timeout_s: float = 5.0) -> dict[str, object]:
    """The supervisor's answer to one request, such as `{"do": "status"}`.

    Raises:
        DaemonDown: No supervisor runs.
        RequestTimeout: It did not answer in time.
        AuraError: What the supervisor reported.
    """
    with closing(_connect(paths, timeout_s)) as connection, connection.makefile("rb") as file:
        _send(connection, request)
        line = _read(file, timeout_s)
        if line is None:
            raise DaemonDown("Aura ended before it answered")
        return line


def stream(
    paths: AuraPaths, request: Mapping[str, object], *, timeout_s: float | None = None
) -> Generator[dict[str, object]]:
    """The supervisor's answers to one request, until it ends them or the generator is closed.

    Args:
        paths: The installation.
        request: Such as `{"do": "logs", "follow": true}`.
        timeout_s: Bound of the wait for each answer; none without it.

    Raises:
        DaemonDown: No supervisor runs.
        RequestTimeout: Nothing came in time.
        AuraError: What the supervisor reported.
    """
    with closing(_connect(paths, timeout_s)) as connection, connection.makefile("rb") as file:
        _send(connection, request)
        while (line := _read(file, timeout_s)) is not None:
            yield line


def _connect(paths: AuraPaths, timeout_s: float | None) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(str(paths.control_socket))
    except TimeoutError as error:
        connection.close()
        raise RequestTimeout("Aura did not take the call in time") from error
    except OSError as error:  # The socket is missing, or left over from a supervisor that was killed.
        connection.close()
        raise DaemonDown("Aura is not running") from error
    return connection


def _send(connection: socket.socket, request: Mapping[str, object]) -> None:
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
    except OSError as error:
        raise DaemonDown(f"Aura does not take the call: {error.strerror or error}") from error


def _read(file: BufferedReader, timeout_s: float | None) -> dict[str, object] | None:
    try:
        raw = file.readline()
    except TimeoutError as error:
        raise RequestTimeout(f"Aura did not answer within {timeout_s} s") from error
    except OSError as error:
        raise DaemonDown(f"Aura went away: {error.strerror or error}") from error
    if not raw:
        return None
    try:
        answer = cast("dict[str, object]", json.loads(raw))
    except ValueError as error:
        raise Unavailable("Aura's answer is not JSON") from error
    problem = answer.get("error")
    if isinstance(problem, dict):
        words = cast("dict[str, str]", problem)
        raise error_from(words.get("code", ""), words.get("message", ""), words.get("hint"))
    return answer
