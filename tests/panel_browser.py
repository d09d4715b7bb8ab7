"""`aura panel --web`, and a headless browser that shows it.

The browser is driven by its own protocol over a socket. Every name but those of this machine resolves to nothing in it,
and what it asks for is noted.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Browser", "Served", "browser", "needs_browser", "served_panel"]

BOUND_S = 60.0
_BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_HERE_ONLY = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
needs_browser = pytest.mark.skipif(_BROWSER is None, reason="no browser to show the page in: install chromium")


class Served:
    """A server of the panel.

    Args:
        process: What was started.
        address: What it printed, with the token.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.url, _, self.token = address.partition("#")
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    def panels(self) -> list[psutil.Process]:
        """The processes of its tabs."""
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if child.status() != psutil.STATUS_ZOMBIE and "aura_panel" in child.cmdline()
        ]


@contextmanager
def served_panel(*options: str) -> Generator[Served]:
    """Serve the panel on a free port; nothing of it is left at the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "aura_panel", "--web", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/#\S+", line)
        assert found is not None, line
        yield Served(process, found[0])
    finally:
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(BOUND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        _, left = psutil.wait_procs(below, timeout=BOUND_S)
        for child in left:
            child.kill()
        assert not left


class Browser:
    """A browser with one tab.

    Args:
        socket: Its own protocol.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self.asked: list[str] = []
        """Addresses that its pages asked for."""
        self.troubles: list[str] = []
        """What a page did wrong, breaches of its policy included."""
        self._session: str | None = None

    async def _read(self) -> None:
        with suppress(ConnectionClosed):  # The browser closes it in whatever way when it ends.
            while True:
                self._take(json.loads(await self._socket.recv()))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._waiting.pop(message["id"]).set_result(message)
        else:
            self._note(message["method"], message["params"])

    def _note(self, method: str, told: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.asked.append(told["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.asked.append(told["url"])
        elif method == "Runtime.exceptionThrown":
            self.troubles.append(json.dumps(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.troubles.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """The answer to a command of the protocol."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        await self._socket.send(json.dumps(message))
        async with asyncio.timeout(BOUND_S):
            found = await answer
        assert "error" not in found, (method, found)
        return found["result"]

    async def open(self, address: str, width: int = 1300, height: int = 800) -> str:
        """Show a page in a new tab; its identifier."""
        self._session = None
        target: str = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")
        await self.resize(width, height)
        await self.call("Page.navigate", url=address)
        return target

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def close_tab(self, target: str) -> None:
        """Close the tab."""
        self._session = None
        await self.call("Target.closeTarget", targetId=target)

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page has
        """What an expression gives in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def screen(self) -> str:
        """The terminal in the page, as lines of text."""
        lines = await self.evaluate("[...document.querySelectorAll('#screen > div')].map((line) => line.textContent)")
        return "\n".join(lines)

    async def wait(self, *wanted: str, gone: str = "\0") -> str:
        """The first screen that shows all of `wanted`."""
        screen = ""

        async def shown() -> bool:
            nonlocal screen
            screen = await self.screen()
            return all(text in screen for text in wanted) and gone not in screen

        await holds(shown, lambda: f"shows {wanted}:\n{screen}\n{self.troubles}")
        return screen

    async def type(self, text: str) -> None:
        """Press keys."""
        for key in text:
            for kind in ("keyDown", "keyUp"):
                await self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" else "")

    async def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key by its name; modifiers are those of the protocol: 1 Alt, 2 Ctrl, 4 Cmd, 8 Shift."""
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers)

    async def picture(self) -> bytes:
        """The page as PNG, in base64."""
        return (await self.call("Page.captureScreenshot", format="png"))["data"].encode()

    async def close(self) -> None:
        """End it."""
        self._session = None
        await self.call("Browser.close")
        await self._socket.close()
        await self._reading


async def holds(condition: Callable[[], Coroutine[Any, Any, bool]], what: Callable[[], str]) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(BOUND_S):
            while not await condition():  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {BOUND_S} s: {what()}") from None


@asynccontextmanager
async def browser() -> AsyncGenerator[Browser]:
    """A headless browser that reaches nothing but this machine."""
    assert _BROWSER is not None
    folder = Path(tempfile.mkdtemp(prefix="aura-browser-"))
    process = await asyncio.create_subprocess_exec(
        _BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-dev-shm-usage", f"--host-resolver-rules={_HERE_ONLY}",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
        env={**os.environ, "HOME": str(folder)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    drained: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(BOUND_S):
            while (found := re.search(rb"listening on (ws://\S+)", await process.stderr.readline())) is None:
                assert process.returncode is None
        drained = asyncio.create_task(process.stderr.read())
        async with connect(found[1].decode(), max_size=None, proxy=None) as socket:
            shown = Browser(socket)
            yield shown
            await shown.close()
    finally:
        if process.returncode is None:
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if drained is not None:
            await drained
        shutil.rmtree(folder, ignore_errors=True)
