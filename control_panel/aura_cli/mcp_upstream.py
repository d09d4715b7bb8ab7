"""The shim's way to the running gateway: finds it, starts it when it is down, and carries one message there.

A gateway that was restarted has another address and token; both are read again for each exchange.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from aura_cli.answers import JsonObject, as_object, object_of, parse_object, text_of
from aura_shared.discovery import Discovery, read_discovery
from aura_shared.errors import AuraError, DaemonDown
from aura_shared.paths import AuraPaths

__all__ = ["Exchange", "Finder", "LostGateway", "Refused", "modern_headers"]

READ_TIMEOUT_S: Final = 60.0  # The gateway sends a sign of life on an open stream every 15 s.
START_AGAIN_S: Final = 10.0
_POLL_FIRST_S: Final = 0.03
_POLL_MAX_S: Final = 0.5
_NAMED: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_PLAIN: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_GONE_STATUSES: Final = frozenset({401, 421, 503})  # Another gateway took the port or got a new token, or it stops.


class LostGateway(Exception):
    """The connection could not be made, or broke before the answer was complete."""


class Refused(Exception):
    """The gateway answered with an HTTP error."""

    def __init__(self, status: int, body: JsonObject) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        """HTTP status."""
        self.body = body
        """What it said; empty when that was no JSON object."""


class Finder:
    """Finds the gateway, and starts the daemon when there is none."""

    def __init__(self, paths: AuraPaths) -> None:
        self._paths = paths
        self._lock = threading.Lock()
        self._started_s = -START_AGAIN_S

    def wake(self) -> None:
        """Start the daemon if it is down; returns at once."""
        with suppress(AuraError):
            self.find(time.monotonic(), start=True)

    def find(self, until_s: float, *, start: bool) -> Discovery:
        """The running gateway; waits for one until `until_s` of the steady clock.

        Raises:
            DaemonDown: There is none by then.
        """
        pause_s = _POLL_FIRST_S
        while True:
            try:
                return read_discovery(self._paths)
            except DaemonDown:
                if start:
                    self._start()
                if time.monotonic() + pause_s > until_s:
                    raise
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _POLL_MAX_S)

    def _start(self) -> None:
        """Start the daemon, unless one is there or was just started."""
        with self._lock:
            now = time.monotonic()
            if now - self._started_s < START_AGAIN_S:
                return
            from aura_cli.daemon import daemon_status, start_daemon  # noqa: PLC0415 - 30 ms that a running daemon saves

            if daemon_status(self._paths, timeout_s=2) is None:
                start_daemon(self._paths)
            self._started_s = now


@dataclass
class Exchange:
    """One message to the gateway, and what comes back."""

    body: bytes
    """The message."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Beside those that every exchange has."""
    method: str = "POST"
    """HTTP method."""
    answer_headers: JsonObject = field(default_factory=dict[str, object])
    """Headers of the answer, in lower case."""
    cancelled: bool = False
    """Whether `cancel` was called."""
    _connection: http.client.HTTPConnection | None = None

    def run(self, found: Discovery) -> Generator[JsonObject]:
        """Send it; gives every message of the answer as it arrives.

        Raises:
            LostGateway: The gateway went away.
            Refused: The gateway answered with an error that is no JSON-RPC answer.
        """
        connection = http.client.HTTPConnection(found.host, found.port, timeout=READ_TIMEOUT_S)
        self._connection = connection
        try:
            connection.request(self.method, "/mcp", self.body or None, {**_common(found), **self.headers})
            response = connection.getresponse()
            self.answer_headers = {name.lower(): value for name, value in response.getheaders()}
            yield from _messages(response)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # AttributeError: http.client's own, when `cancel` closes the socket in the middle of a read.
            raise LostGateway(str(error)) from error
        finally:
            connection.close()

    def cancel(self) -> None:
        """Break the exchange off: the gateway takes a closed connection for a cancelled request."""
        self.cancelled = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)


def modern_headers(message: JsonObject, version: str) -> dict[str, str]:
    """What the 2026-07-28 revision wants in the headers: the parts of the body that a proxy would route by."""
    method = text_of(message, "method")
    headers = {"MCP-Protocol-Version": version, "Mcp-Method": _field(method)}
    name = object_of(message, "params").get(_NAMED.get(method, ""))
    if isinstance(name, str):
        headers["Mcp-Name"] = _field(name)
    return headers


def _field(value: str) -> str:
    """`value` as a header can carry it."""
    if _PLAIN.fullmatch(value) and not value.startswith("=?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode('ascii')}?="


def _common(found: Discovery) -> dict[str, str]:
    place = os.environ.get("AURA_PROJECT") or _folder()
    return {
        "Authorization": f"Bearer {found.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "User-Agent": "aura-mcp-stdio",
        "X-Aura-Project": quote(os.fsencode(place)),
        "X-Aura-Toolsets": _field(os.environ.get("AURA_TOOLSETS", "")),
    }


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib would cost the start 10 ms
    except OSError:
        return ""


def _messages(response: http.client.HTTPResponse) -> Generator[JsonObject]:
    """The JSON-RPC messages of an answer."""
    kind = (response.getheader("content-type") or "").partition(";")[0].strip()
    if response.status in _GONE_STATUSES:
        raise LostGateway(f"HTTP {response.status}")
    if kind == "text/event-stream" and response.status < 400:
        yield from _events(response)
        return
    content = response.read()
    try:
        body = parse_object(content) if content.strip() else {}
    except ValueError:
        body = {}
    if response.status >= 400 and body.get("id") is None:
        raise Refused(response.status, body)
    if body:
        yield body


def _events(response: http.client.HTTPResponse) -> Generator[JsonObject]:
    """The messages of an event stream."""
    data: list[str] = []
    while line := response.readline():
        text = line.decode("utf-8").rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text[5:].removeprefix(" "))
        elif not text and data:
            content, data = "\n".join(data), []
            if content.strip():
                yield as_object(json.loads(content))


Write = Callable[[JsonObject], None]
"""Gives a message to the client."""
