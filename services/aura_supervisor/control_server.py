"""The control socket: JSON lines from `aura status`, `down`, `restart` and `logs`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from aura_shared.errors import AuraError, StorageError, UsageProblem

__all__ = ["Answer", "Commands", "ControlServer"]

MAX_REQUEST_BYTES: Final = 65_536
READ_TIMEOUT_S: Final = 10.0

Answer = dict[str, object]
Commands = Mapping[str, Callable[[Answer], "Awaitable[Answer] | AsyncIterator[Answer]"]]
"""What each `do` calls: one answer, or a stream of them."""


class ControlServer:
    """Answers on a socket that only this user can reach."""

    def __init__(self, path: Path, commands: Commands) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a socket that a killed supervisor left is replaced. To be called under the single-instance lock.

        Raises:
            StorageError: The socket cannot be made.
        """
        try:
            self._path.unlink(missing_ok=True)
            mask = os.umask(0o077)
            try:
                self._server = await asyncio.start_unix_server(self._take, self._path, limit=MAX_REQUEST_BYTES)
            finally:
                os.umask(mask)
            self._path.chmod(0o600)
        except OSError as error:
            raise StorageError(f"cannot listen on {self._path}: {error.strerror or error}") from error

    def hide(self) -> None:
        """Take no new connections; those that are open go on."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def close(self, grace_s: float = 1.0) -> None:
        """End the open connections, after a moment for those that are just being answered."""
        running = list(self._running)
        if running:
            await asyncio.wait(running, timeout=grace_s)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            if _is_this_user(writer):
                await self._converse(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # The client has gone; that is its right.
        finally:
            self._running.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            command = self._commands.get(str(request.get("do")))
            if command is None:
                known = ", ".join(sorted(self._commands))
                raise UsageProblem(f"`do` must be one of {known}; found {request.get('do')!r}")
            answer = command(request)
            if isinstance(answer, AsyncIterator):
                await _pour(answer, reader, writer)
            else:
                await _write(writer, await answer)
        except AuraError as error:
            problem = {"code": error.code, "message": error.message, "hint": error.hint}
            await _write(writer, {"error": problem})


async def _pour(answers: AsyncIterator[Answer], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a stream until it ends or the client hangs up."""

    async def send() -> None:
        async for answer in answers:
            await _write(writer, answer)

    sending, hung_up = asyncio.ensure_future(send()), asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait((sending, hung_up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, hung_up):
            task.cancel()
        results = await asyncio.gather(sending, hung_up, return_exceptions=True)
    if isinstance(results[0], AuraError):
        raise results[0]


async def _read(reader: asyncio.StreamReader) -> Answer:
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            raw = await reader.readline()
    except ValueError as error:
        raise UsageProblem(f"a request has at most {MAX_REQUEST_BYTES} bytes") from error
    try:
        request: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"a request is one line of JSON; {error}") from error
    if not isinstance(request, dict):
        raise UsageProblem("a request is a JSON object")
    return cast("Answer", request)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(json.dumps(answer, default=str).encode() + b"\n")
    await writer.drain()


def _is_this_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the process at the other end belongs to this user; elsewhere than on Linux the folder's mode must do."""
    if sys.platform != "linux":
        return True
    connection = cast("socket.socket", writer.get_extra_info("socket"))
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    uid: int = struct.unpack("3i", credentials)[1]
    return uid == os.getuid()
