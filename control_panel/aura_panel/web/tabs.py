"""One tab of a browser: a process of the panel, and the packets that Textual's driver speaks with it.

A packet is a letter for its kind, four bytes for the size of what follows, and that. `D` is what a terminal would read
or paint, `M` is JSON about it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit

__all__ = ["DRIVER", "Packet", "TabProcess", "packet_of", "told_of"]

DRIVER: Final = "aura_panel.web.driver:BrowserDriver"
_GREETING: Final = b"__GANGLION__\n"
_MOST_GREETINGS: Final = 10
_MOST_PACKET: Final = 64 << 20
_END_S: Final = 5.0
_LIMITS: Final = {"width": (20, 500), "height": (5, 200)}
_KEPT_ERRORS: Final = 4096


class Packet(NamedTuple):
    """What the panel sends."""

    kind: Literal["paint", "tell"]
    """Bytes for the terminal, or JSON for the page."""
    data: bytes


class TabProcess:
    """The panel of one tab.

    Args:
        options: Of the panel.
        width: Columns at the start.
        height: Rows at the start.
    """

    def __init__(self, options: Sequence[str], width: int, height: int) -> None:
        self._options = options
        self._size = {"COLUMNS": str(bounded("width", width)), "ROWS": str(bounded("height", height))}
        self._process: asyncio.subprocess.Process | None = None
        self._errors = b""
        self._reading_errors: asyncio.Task[None] | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The process; only after `start`."""
        assert self._process is not None
        return self._process

    @property
    def errors(self) -> str:
        """The end of what the panel wrote beside its picture."""
        return self._errors.decode("utf-8", "replace")

    async def start(self) -> None:
        """Start the panel."""
        environ = {
            **os.environ,
            **self._size,
            "TEXTUAL_DRIVER": DRIVER,
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM_PROGRAM": "aura-browser",
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "aura_panel", *self._options,
            env=environ, start_new_session=True, limit=1 << 20,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading_errors = asyncio.create_task(self._read_errors())

    async def _read_errors(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        while data := await stream.read(_KEPT_ERRORS):
            self._errors = (self._errors + data)[-_KEPT_ERRORS:]

    async def packets(self) -> AsyncGenerator[Packet]:
        """What the panel sends, until it ends."""
        stream = self.process.stdout
        assert stream is not None
        with suppress(asyncio.IncompleteReadError, ValueError):  # It ended, in the middle of a packet perhaps.
            for _ in range(_MOST_GREETINGS):
                if await stream.readuntil() == _GREETING:
                    break
            while True:
                head = await stream.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > _MOST_PACKET:
                    return
                data = await stream.readexactly(size)
                if head[:1] == b"D":
                    yield Packet("paint", data)
                elif (told := told_of(data)) is not None:
                    yield Packet("tell", told)

    async def send(self, message: Mapping[str, object]) -> None:
        """Give the panel what the page sent; what makes no sense is left out."""
        packet = packet_of(message)
        stream = self.process.stdin
        assert stream is not None
        if packet:
            with suppress(ConnectionError):
                stream.write(packet)
                await stream.drain()

    async def close(self) -> int:
        """End the panel, kindly at first; its exit code."""
        process = self.process
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_END_S):
                await self._drained()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await self._drained()
        if self._reading_errors is not None:
            await self._reading_errors
        return process.returncode or 0

    async def _drained(self) -> None:
        """Wait for the end; a pipe that nobody reads would hold it up."""
        stream = self.process.stdout
        assert stream is not None
        while await stream.read(1 << 16):
            pass
        await self.process.wait()


def packet_of(message: Mapping[str, object]) -> bytes:
    """What a message of the page is to the driver; empty when it is none that is known."""
    kind = message.get("type")
    data = message.get("data")
    if kind == "input" and isinstance(data, str):
        return _packet(b"D", data.encode("utf-8", "replace"))
    if kind == "resize":
        sizes = {name: message.get(name) for name in _LIMITS}
        if all(isinstance(size, int) for size in sizes.values()):
            bounds = {name: bounded(name, cast("int", size)) for name, size in sizes.items()}
            return _packet(b"M", json.dumps({"type": "resize", **bounds}).encode())
    if kind in {"focus", "blur"}:
        return _packet(b"M", json.dumps({"type": kind}).encode())
    return b""


def _packet(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "big") + data


def told_of(data: bytes) -> bytes | None:
    """What the page is told of what the driver tells; None for what is no business of a page."""
    try:
        told = cast("object", json.loads(data))
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    known = cast("dict[str, object]", told)
    url = known.get("url")
    if known.get("type") == "open_url" and isinstance(url, str) and urlsplit(url).scheme in {"http", "https"}:
        return json.dumps({"type": "open", "url": url}).encode()
    return None


def bounded(name: str, size: int) -> int:
    """A size that a terminal can have."""
    least, most = _LIMITS[name]
    return max(least, min(most, size))
