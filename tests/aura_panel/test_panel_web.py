"""The panel in a browser: who may open it, what each tab is, and that it looks and acts as in a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aura_cli.commands.panel import panel as panel_command
from aura_cli_running import StandIn
from aura_panel.main import main
from aura_panel.web.guard import Tickets
from aura_panel.web.server import MOST_TABS, WebPanel, odd_widths
from aura_panel.web.tabs import TabProcess, packet_of, told_of
from panel_browser import Served, browser, holds, needs_browser, served_panel
from panel_terminal import wait_for

DOWN = "Aura is not running"


@pytest.fixture
def served(aura_home: Path) -> Iterator[Served]:
    """A server of an installation without a daemon."""
    del aura_home
    with served_panel() as found:
        yield found


async def answer(
    panel: WebPanel, path: str = "/tabs", *, method: str = "POST", headers: dict[str, str] | None = None
) -> httpx.Response:
    """What the application answers on port 7000."""
    transport = httpx.ASGITransport(app=panel.guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7000") as client:
        return await client.request(method, path, headers=headers or {})


# Who may open it


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic {token}"}, 401),
        ({"authorization": "Bearer {token}"}, 200),
        ({"authorization": "Bearer {token}", "origin": "http://127.0.0.1:7000"}, 200),
        ({"authorization": "Bearer {token}", "origin": "http://127.0.0.1:7001"}, 403),
        ({"authorization": "Bearer {token}", "origin": "https://evil.example"}, 403),
        ({"authorization": "Bearer {token}", "origin": "null"}, 403),
        ({"authorization": "Bearer {token}", "sec-fetch-site": "cross-site"}, 403),
        ({"authorization": "Bearer {token}", "host": "evil.example:7000"}, 421),
        ({"authorization": "Bearer {token}", "host": "127.0.0.1"}, 421),
        ({"authorization": "Bearer {token}", "host": "LOCALHOST:7000"}, 200),
    ],
)
async def test_a_panel_is_opened_from_its_page_with_the_token_only(
    aura_home: Path, headers: dict[str, str], status: int
) -> None:
    panel = WebPanel([], 7000)
    given = {key: value.format(token=panel.guard.token) for key, value in headers.items()}
    found = await answer(panel, headers=given)
    assert found.status_code == status
    assert set(found.json()) == ({"ticket"} if status == 200 else {"message", "hint"})


async def test_the_token_of_the_gateway_opens_it_too(aura_home: Path) -> None:
    panel = WebPanel([], 7000)
    assert (await answer(panel, headers={"authorization": "Bearer a-token"})).status_code == 401
    StandIn(1).announce("a-token")
    assert (await answer(panel, headers={"authorization": "Bearer a-token"})).status_code == 200


async def test_the_page_holds_no_secret_and_nothing_from_elsewhere(aura_home: Path) -> None:
    panel = WebPanel([], 7000)
    for name in ("", "panel.css", "start.js", "terminal.js", "input.js", "widths.json"):
        found = await answer(panel, f"/{name}", method="GET")
        assert found.status_code == 200
        assert panel.guard.token not in found.text
        assert "https:" not in found.text
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["x-frame-options"] == "DENY"
    assert "script-src 'self'" in policy
    for name in ("guard.py", "../guard.py", "%2e%2e/guard.py", "index.html.py"):
        assert (await answer(panel, f"/{name}", method="GET")).status_code == 404


def test_a_ticket_is_good_once_and_for_a_moment() -> None:
    now = 100.0
    tickets = Tickets(lambda: now)
    first, second = tickets.give(), tickets.give()
    assert first != second
    assert [tickets.take(first), tickets.take(first), tickets.take("other")] == [True, False, False]
    now = 131.0
    assert not tickets.take(second)
    many = [tickets.give() for _ in range(20)]
    assert [tickets.take(ticket) for ticket in many] == [False] * 4 + [True] * 16


async def test_a_socket_without_a_ticket_or_from_elsewhere_is_refused(served: Served) -> None:
    await holds(lambda: no_panel(served), lambda: "panels of an earlier test have ended")
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://127.0.0.1:{served.port}/tabs/none", proxy=None)
    assert caught.value.response.status_code == 403
    for headers in ({"origin": "http://evil.example"}, {"origin": f"http://127.0.0.1:{served.port + 1}"}):
        with pytest.raises(InvalidStatus):
            await connect(
                f"ws://127.0.0.1:{served.port}/tabs/{await ticket_of(served)}", proxy=None, additional_headers=headers
            )
    assert served.panels() == []


async def no_panel(served: Served) -> bool:
    """Whether no panel runs."""
    return served.panels() == []


# A tab


async def ticket_of(served: Served) -> str:
    """A ticket for one tab."""
    async with httpx.AsyncClient(trust_env=False) as client:
        found = await client.post(f"{served.url}tabs", headers={"authorization": f"Bearer {served.token}"})
        assert found.status_code == 200, found.text
        return str(found.json()["ticket"])


async def painted(socket: Any, wanted: bytes) -> bytes:  # noqa: ANN401 - any connection
    """What the panel painted until `wanted` was there."""
    seen = b""
    async with asyncio.timeout(60):
        while wanted not in seen:
            data = await socket.recv()
            assert isinstance(data, bytes), data
            seen += data
    return seen


async def test_each_tab_is_a_process_that_ends_with_it(served: Served) -> None:
    address = f"ws://127.0.0.1:{served.port}/tabs/"
    async with connect(f"{address}{await ticket_of(served)}?width=90&height=abc", proxy=None) as one:
        await painted(one, b"not running")
        async with connect(address + await ticket_of(served), proxy=None) as two:
            await painted(two, b"not running")
            assert len(served.panels()) == 2
            for strange in ("no json", "[1]", '{"type": "input"}', '{"type": "resize", "width": "x"}', '{"type": 1}'):
                await two.send(strange)
            await two.send(b"bytes")
            await two.send(json.dumps({"type": "resize", "width": 100, "height": 30}))
            await two.send(json.dumps({"type": "input", "data": "2"}))
            await painted(two, b"following")
        await holds(lambda: asyncio.sleep(0, len(served.panels()) == 1), lambda: str(served.panels()))
        await one.send(json.dumps({"type": "input", "data": "q"}))
        async with asyncio.timeout(60):
            while not isinstance(said := await one.recv(), str):
                pass
            assert json.loads(said) == {"type": "left", "message": "The panel was left."}
            with pytest.raises(ConnectionClosed):
                await one.recv()
    assert served.panels() == []


async def test_there_is_a_bound_to_open_tabs(aura_home: Path, monkeypatch: pytest.MonkeyPatch, served: Served) -> None:
    panel = WebPanel([], 7000)
    monkeypatch.setattr(panel, "_open", MOST_TABS)
    found = await answer(panel, headers={"authorization": f"Bearer {panel.guard.token}"})
    assert found.status_code == 429
    assert found.json() == {"message": "8 panels are open already", "hint": "Close the tab of one of them."}


async def test_a_panel_ends_when_the_server_is_killed(aura_home: Path) -> None:
    with served_panel() as served:
        async with connect(f"ws://127.0.0.1:{served.port}/tabs/{await ticket_of(served)}", proxy=None) as socket:
            await painted(socket, b"not running")
            (panel,) = served.panels()
            os.kill(served.process.pid, signal.SIGKILL)
            wait_for(lambda: not panel.is_running(), "the panel has ended")
            await socket.wait_closed()


async def test_a_panel_that_does_not_end_is_killed(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_panel.web.tabs._END_S", 0.05)
    monkeypatch.setattr("sys.executable", "/bin/sh")
    tab = TabProcess([], 80, 24)
    monkeypatch.setattr(
        asyncio, "create_subprocess_exec", _instead(asyncio.create_subprocess_exec, "echo oh >&2; exec sleep 1000")
    )
    await tab.start()
    await holds(lambda: asyncio.sleep(0, tab.errors == "oh\n"), lambda: tab.errors)
    assert await tab.close() == -signal.SIGKILL


def _instead(start: Any, script: str) -> Any:  # noqa: ANN401 - the function of asyncio
    async def started(*_command: str, **options: Any) -> Any:  # noqa: ANN401 - its options
        return await start("/bin/sh", "-c", script, **options)

    return started


def test_the_packets_of_a_page() -> None:
    assert packet_of({"type": "input", "data": "é"}) == b"D\0\0\0\2\xc3\xa9"
    assert packet_of({"type": "focus"}) == b'M\0\0\0\x11{"type": "focus"}'
    assert json.loads(packet_of({"type": "resize", "width": 10**6, "height": -1})[5:]) == {
        "type": "resize",
        "width": 500,
        "height": 5,
    }
    assert packet_of({"type": "quit"}) == b""


@pytest.mark.parametrize(
    ("told", "page"),
    [
        ({"type": "open_url", "url": "https://host/a"}, {"type": "open", "url": "https://host/a"}),
        ({"type": "open_url", "url": "javascript:alert(1)"}, None),
        ({"type": "open_url", "url": "file:///etc/passwd"}, None),
        ({"type": "exit"}, None),
        ([], None),
    ],
)
def test_a_page_is_told_of_addresses_of_the_web_only(told: object, page: object) -> None:
    found = told_of(json.dumps(told).encode())
    assert (json.loads(found) if found else None) == page
    assert told_of(b"no json") is None


def test_the_page_measures_characters_as_the_panel_does() -> None:
    ranges = json.loads(odd_widths())
    for character in "日\u0301🙂한ｗ":
        width = next(width for first, last, width in ranges if first <= ord(character) <= last)
        assert width == cell_len(character)
    assert not any(first <= ord("─") <= last for first, last, _ in ranges)


def test_a_port_in_use_is_said(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--web", "--port", str(served.port)]) == 5
    assert f"cannot listen on port {served.port}" in capsys.readouterr().err


# In a browser


@needs_browser
@pytest.mark.requirement("U1")
async def test_a_browser_shows_the_panel_and_asks_nothing_of_others(served: Served) -> None:
    async with browser() as shown:
        tab = await shown.open(served.address)
        await shown.wait(DOWN, "What happened", "Help")
        assert await shown.evaluate("location.href") == served.url, "the token does not stay in the address"
        await shown.type("2")
        await shown.wait("following")
        await shown.type("/a[b]")
        await shown.wait("“a[b]”")
        await shown.press("Escape")
        await shown.wait("following", gone="“a[b]”")
        await shown.press("F1")
        await shown.wait("Help: Log")
        await shown.press("Escape")
        await shown.wait("following", gone="Help: Log")
        await shown.resize(700, 500)
        await shown.wait("1Home", DOWN)
        x, y = await shown.evaluate(
            "(() => { const at = [...document.querySelectorAll('#screen span')].find((one) => one.textContent"
            ".includes('Home')).getBoundingClientRect(); return [at.left + 9, at.top + 5]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await shown.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        await shown.wait("What happened")

        await shown.call("Page.reload")
        await shown.wait(DOWN, "What happened")
        await shown.type("q")

        async def left() -> bool:
            return await shown.evaluate("document.querySelector('dialog').open")

        await holds(left, lambda: "the page says that the panel was left")
        assert await shown.evaluate("document.getElementById('text').textContent") == "The panel was left."
        await shown.evaluate("document.getElementById('again').click()")
        await shown.wait(DOWN, "What happened")
        await holds(lambda: asyncio.sleep(0, len(served.panels()) == 1), lambda: str(served.panels()))
        await shown.close_tab(tab)
        await holds(lambda: asyncio.sleep(0, not served.panels()), lambda: str(served.panels()))

        hosts = {address.split("/")[2] for address in shown.asked if not address.startswith("data:")}
        assert hosts == {f"127.0.0.1:{served.port}"}
        assert shown.troubles == []


@needs_browser
async def test_a_page_without_the_token_says_what_to_do(served: Served) -> None:
    async with browser() as shown:
        await shown.open(served.url)

        async def said() -> bool:
            text = await shown.evaluate("document.getElementById('text')?.textContent ?? ''")
            return "Open the address that `aura panel --web` printed" in text

        await holds(said, lambda: "what to do")
        assert served.panels() == []


def test_the_command_hands_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []

    def instead(_path: str, arguments: list[str]) -> None:
        called.append(arguments)

    monkeypatch.setattr(os, "execv", instead)
    ran = CliRunner().invoke(panel_command, ["--web", "--port", "7001", "--view", "log"])
    assert ran.exit_code == 0, ran.output
    assert called[0][1:] == ["-P", "-m", "aura_panel", "--view", "log", "--web", "--port", "7001"]
