"""A person reviews a proposal, edits it over a restart, applies and undoes it, and answers an agent; all is real."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from textual.pilot import Pilot
from textual.widgets import OptionList, TextArea

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from aura_panel.views.changes import ChangesView
from aura_panel.widgets.dialogs import Choose, Confirm
from aura_panel.widgets.editor import TextEditor
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.merge import MergeQuestion
from aura_shared import control
from aura_shared.discovery import read_discovery
from aura_shared.messages.changes import ProposeChange, ProposedFile
from gateway_clients import text
from panel_lab import screen_text, until
from panel_running import START_S, Running

OLD_HEAD, NEW_HEAD = '"""Carts of customers."""', '"""Carts of customers [b]and guests[/b]."""'
OLD_SUM, NEW_SUM = "return sum(price.cents for price in self.lines)", "return sum(line.cents for line in self.lines)"


def view_of(pilot: Pilot[None]) -> ChangesView:
    view = pilot.app.screen_stack[0]
    assert isinstance(view, ChangesView)
    return view


def shows(pilot: Pilot[None], kind: type[object]) -> bool:
    return isinstance(pilot.app.screen, kind)


async def proposed_to(pilot: Pilot[None], running: Running, title: str) -> tuple[Path, str]:
    """Have two hunks of a file proposed, and wait until they are shown; returns the file and its identifier."""
    view = view_of(pilot)
    file = running.repository / "shop/cart.py"
    before = file.read_bytes()
    after = before.decode().replace(OLD_HEAD, NEW_HEAD).replace(OLD_SUM, NEW_SUM)
    answer = await view.world.link.ask(
        ProposeChange(
            project=str(running.repository), title=title, why="Because **guests** buy too.",
            files=[ProposedFile(path="shop/cart.py", base=hashlib.sha256(before).hexdigest(), content=after)],
        )
    )  # fmt: skip
    view.goto(answer.change.id)
    await until(pilot, lambda: view.shown is not None and view.shown.id == answer.change.id)
    view.diff.go_to_hunk(0)
    return file, answer.change.id


@pytest.mark.requirement("U1", "C5")
async def test_from_proposal_to_files_and_back(running: Running) -> None:
    app = PanelApp(open_link, view="changes", project=str(running.repository))
    async with app.run_test(size=(120, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.world is not None and app.world.presence == "up" and app.project != "")
        file, _ = await proposed_to(pilot, running, "Guests have carts")
        before = file.read_text(encoding="utf-8")
        await until(pilot, lambda: "+ " + NEW_HEAD in screen_text(pilot))
        await pilot.press("a", "x")
        await until(pilot, lambda: "1 accepted, 1 rejected" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, lambda: shows(pilot, Confirm))
        assert file.read_text(encoding="utf-8") == before
        await pilot.press("y")
        await until(pilot, lambda: file.read_text(encoding="utf-8") == before.replace(OLD_HEAD, NEW_HEAD))
        await until(pilot, lambda: "u takes it back" in screen_text(pilot))
        edited = file.read_text(encoding="utf-8") + "\n\nGUESTS = True\n"
        file.write_text(edited, encoding="utf-8")
        await pilot.press("u")
        await until(pilot, lambda: shows(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: shows(pilot, MergeQuestion))
        await until(pilot, lambda: "- " + NEW_HEAD in screen_text(pilot))
        assert file.read_text(encoding="utf-8") == edited
        await pilot.press("y")
        await until(pilot, lambda: file.read_text(encoding="utf-8") == before + "\n\nGUESTS = True\n")


@pytest.mark.requirement("U1", "C5")
async def test_an_agent_is_answered(running: Running) -> None:
    app = PanelApp(open_link, view="changes", project=str(running.repository))
    async with app.run_test(size=(120, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.world is not None and app.world.presence == "up" and app.project != "")
        file, name = await proposed_to(pilot, running, "What an agent applies")
        before = file.read_text(encoding="utf-8")
        await pilot.press("A")
        await until(pilot, lambda: "2 accepted" in screen_text(pilot))
        found = read_discovery(running.paths)
        headers = {"Authorization": f"Bearer {found.token}"}
        url = f"http://{found.host}:{found.port}/mcp"
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(url, http_client=http)) as agent,
        ):
            refused = text(await agent.call_tool("apply_change", {"change": name}))
            assert "approv" in refused
            await until(pilot, lambda: len(view_of(pilot).world.approvals) == 1)
            await pilot.press("exclamation_mark")
            await until(pilot, lambda: "waits for you; lapses at" in screen_text(pilot))
            assert file.read_text(encoding="utf-8") == before
            await pilot.press("y")
            await until(pilot, lambda: "✓ approved" in screen_text(pilot))
            said = text(await agent.call_tool("apply_change", {"change": name}))
            assert "applied" in said
        await until(pilot, lambda: NEW_SUM in file.read_text(encoding="utf-8"))


@pytest.mark.requirement("U1", "P4")
async def test_an_edit_survives_a_restart_of_the_daemon(running: Running) -> None:
    app = PanelApp(open_link, view="changes", project=str(running.repository))
    async with app.run_test(size=(120, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.world is not None and app.world.presence == "up" and app.project != "")
        file = running.repository / "shop/cart.py"
        file.write_text(f"{OLD_HEAD}\n\n\ndef total() -> int:\n    {OLD_SUM.replace('self.', '')}\n", encoding="utf-8")
        await proposed_to(pilot, running, "Edited over a restart")
        await pilot.press("e")
        await until(pilot, lambda: shows(pilot, TextEditor))
        area = pilot.app.screen.query_one(TextArea)
        await pilot.press(*"# Mine", "enter")
        control.call(running.paths, {"do": "down"}, timeout_s=START_S)
        world = view_of(pilot).world
        world.look_again()
        await until(pilot, lambda: world.presence == "down")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: shows(pilot, Confirm))
        await pilot.press("n", "escape")
        await until(pilot, lambda: shows(pilot, Choose))
        options = pilot.app.screen.query_one(OptionList)
        options.highlighted = options.get_option_index("keep")
        await pilot.press("enter")
        assert area.text.startswith("# Mine\n")
        await until(pilot, lambda: shows(pilot, ChangesView))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: world.presence == "up")
        await pilot.press("e")
        await until(pilot, lambda: shows(pilot, TextEditor))
        assert pilot.app.screen.query_one(TextArea).text == area.text
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "+ # Mine" in screen_text(pilot))
        assert pilot.app.screen.query_one(Listing).row_count >= 1
