"""Servers that misbehave on purpose, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """What a raw server was sent."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client closed its connection."""


@asynccontextmanager
async def raw_server(answer: Answer | bytes) -> AsyncGenerator[RawServer, None]:
    """A server that reads a request and then writes what it is told to, byte for byte."""
    state = RawServer()
    busy: set[asyncio.Task[None]] = set()

    async def leave(reader: asyncio.StreamReader, serving: asyncio.Task[None]) -> None:
        await reader.read()
        state.gone.set()
        serving.cancel()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            state.heads.append(head)
            length = next(
                (int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")), 0
            )
            state.bodies.append(await reader.readexactly(length))
            async with asyncio.TaskGroup() as group:
                leaving = group.create_task(leave(reader, task))
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
                leaving.cancel()
        except* (ConnectionError, asyncio.IncompleteReadError):
            state.gone.set()
        finally:
            writer.close()
            busy.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
        for task in list(busy):
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


def http(body: bytes, kind: str = "application/json", status: str = "200 OK", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


def streamed(*parts: bytes, kind: str, ends: bool = True) -> Answer:
    """An answer in chunks; without `ends` the connection is closed before the last one."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for part in parts:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
        if ends:
            writer.write(b"0\r\n\r\n")
        await writer.drain()

    return answer


def hanging(*before: bytes) -> Answer:
    """Write this and then nothing more, until the client goes."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for part in before:
            writer.write(part)
        await writer.drain()
        await asyncio.Event().wait()

    return answer


def endless(head: bytes, part: bytes) -> Answer:
    """Go on and on, until the client goes."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(part)
            await writer.drain()

    return answer
