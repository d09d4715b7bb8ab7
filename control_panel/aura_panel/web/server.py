"""Serves the page and the panels of its tabs, on the loopback address only."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, cast

import uvicorn
from rich.cells import cell_len
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from aura_panel.web.guard import Guard, Refused, Tickets, problem_body
from aura_panel.web.tabs import TabProcess
from aura_shared.discovery import read_discovery
from aura_shared.errors import Conflict, DaemonDown
from aura_shared.paths import find_paths

__all__ = ["MOST_TABS", "WebPanel", "serve"]

MOST_TABS: Final = 8
"""Each is a process of some 60 MB."""
_PAGE: Final = Path(__file__).parent / "page"
_KINDS: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_FILES: Final = frozenset({"panel.css", "start.js", "terminal.js", "input.js"})
_MOST_MESSAGE: Final = 1 << 20
_LAST_CODE_POINT: Final = 0x20000
_FIRST_ODD_CODE_POINT: Final = 0x300


class WebPanel:
    """The application.

    Args:
        options: Of the panels.
        port: Where it listens.
    """

    def __init__(self, options: Sequence[str], port: int) -> None:
        self._options = options
        self._tickets = Tickets()
        self._open = 0
        routes = [
            Route("/", self._page),
            Route("/widths.json", self._widths),
            Route("/tabs", self._ticket, methods=["POST"]),
            Route("/{name}", self._page),
            WebSocketRoute("/tabs/{ticket}", self._tab),
        ]
        self.guard = Guard(Starlette(routes=routes), port, _gateway_token)
        """What a server runs."""

    async def _page(self, request: Request) -> Response:
        name = cast("str", request.path_params.get("name", "index.html"))
        if name != "index.html" and name not in _FILES:
            return Response(status_code=404)
        file = _PAGE / name
        return Response(await asyncio.to_thread(file.read_bytes), media_type=_KINDS[file.suffix])

    async def _widths(self, _request: Request) -> Response:
        return Response(await asyncio.to_thread(odd_widths), media_type="application/json")

    async def _ticket(self, _request: Request) -> Response:
        if self._open >= MOST_TABS:
            refused = Refused(429, f"{MOST_TABS} panels are open already", "Close the tab of one of them.")
            return Response(problem_body(refused), refused.status, media_type="application/json")
        return Response(json.dumps({"ticket": self._tickets.give()}), media_type="application/json")

    async def _tab(self, websocket: WebSocket) -> None:
        if not self._tickets.take(cast("str", websocket.path_params["ticket"])) or self._open >= MOST_TABS:
            await websocket.close(1008)
            return
        query = websocket.query_params
        tab = TabProcess(self._options, _number(query.get("width"), 80), _number(query.get("height"), 24))
        self._open += 1
        try:
            await websocket.accept()
            await tab.start()
            try:
                await _join(websocket, tab)
            finally:
                code = await asyncio.shield(tab.close())
            if code not in {0, 128 + signal.SIGTERM, 128 + signal.SIGHUP}:
                print(f"error: a panel ended with {code}:\n{tab.errors}", file=sys.stderr)
            await _say_goodbye(websocket, code)
        finally:
            self._open -= 1


async def _join(websocket: WebSocket, tab: TabProcess) -> None:
    """Carry what the page and the panel send to the other, until one of them is gone."""
    ways = {asyncio.create_task(_from_panel(websocket, tab)), asyncio.create_task(_to_panel(websocket, tab))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _from_panel(websocket: WebSocket, tab: TabProcess) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # The page is gone; starlette says so in either way.
        async for packet in tab.packets():
            if packet.kind == "paint":
                await websocket.send_bytes(packet.data)
            else:
                await websocket.send_text(packet.data.decode())


async def _to_panel(websocket: WebSocket, tab: TabProcess) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            try:
                message = cast("object", json.loads(await websocket.receive_text()))
            except (ValueError, KeyError):  # No JSON, or no text: not from our page.
                continue
            if isinstance(message, dict):
                await tab.send(cast("Mapping[str, object]", message))


async def _say_goodbye(websocket: WebSocket, code: int) -> None:
    words = "The panel was left." if not code else f"The panel has ended with an error ({code})."
    with suppress(WebSocketDisconnect, RuntimeError):
        await websocket.send_text(json.dumps({"type": "left", "message": words}))
        await websocket.close(1000)


@cache
def odd_widths() -> bytes:
    """Ranges of characters that are not one cell wide, as Textual counts: first, last, cells."""
    ranges: list[list[int]] = []
    for code in range(_FIRST_ODD_CODE_POINT, _LAST_CODE_POINT):
        width = cell_len(chr(code))
        if width == 1:
            continue
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == width:
            ranges[-1][1] = code
        else:
            ranges.append([code, code, width])
    return json.dumps(ranges).encode()


def _gateway_token() -> str | None:
    try:
        return read_discovery(find_paths()).token
    except DaemonDown:
        return None


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def serve(options: Sequence[str], port: int) -> int:
    """Serve until interrupted; returns the exit code.

    Args:
        options: Of the panels.
        port: Where to listen; 0 for any that is free.

    Raises:
        Conflict: The port is in use.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen(64)
        except OSError as error:
            raise Conflict(
                f"cannot listen on port {port}: {error.strerror or error}",
                hint="Leave --port out for one that is free.",
            ) from error
        bound = int(listening.getsockname()[1])
        panel = WebPanel(options, bound)
        config = uvicorn.Config(
            panel.guard,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=10,
            ws_max_size=_MOST_MESSAGE,
            ws_max_queue=8,
            ws_per_message_deflate=False,
        )
        print(f"The panel is at http://127.0.0.1:{bound}/#{panel.guard.token}\nCtrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    return 0
