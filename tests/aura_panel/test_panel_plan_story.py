"""A person plans in the panel: every edit gives the file that the command line and REST give. The daemon is real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from aura_cli.gateway import Gateway
from aura_panel.app import PanelApp
from aura_panel.main import open_link
from aura_panel.plan_tree import boxes_of, section_with
from aura_panel.views.plan import PlanView
from aura_panel.widgets.listing import Listing
from aura_shared.messages.plan_items import ListPlanOperations, UndoPlan
from panel_lab import told, until
from panel_running import START_S, Running

EPIC, CART = "epics/e1chk0-checkout.md", "stories/s1cart-fill-the-cart.md"
STORY, TASK = "stories/s2pay0-pay-by-card.md", "tasks/t1bank-talk-to-the-bank.md"
FILES = {
    EPIC: "---\nid: e1chk0\nkind: epic\nstatus: current\nalias: E-1\n---\n# Checkout\n",
    CART: "---\nid: s1cart\nkind: story\nstatus: draft\nalias: US-1\nepic: e1chk0\n---\n# Fill the cart\n",
    STORY: (
        "---\n# Mine, to be kept.\nid: s2pay0\nkind: story\nstatus: draft\nalias: US-2\nepic: e1chk0\nteam: blue\n---\n"
        "# Pay by card [beta]\n\nAs a customer I pay.\n\n## Tasks\n\n- [x] Read the card\n- [ ] Ask the bank\n\n"
        "## Log\n"
    ),
    TASK: "---\nid: t1bank\nkind: task\nstatus: todo\n---\n# Talk to the bank\n",
}


def view_of(pilot: Pilot[None]) -> PlanView:
    view = pilot.app.screen_stack[0]
    assert isinstance(view, PlanView)
    return view


async def over(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait for what they put over the view."""
    before = pilot.app.screen
    await pilot.press(*keys)
    await until(pilot, lambda: pilot.app.screen is not before and pilot.app.screen is not view_of(pilot))


async def filled_in(pilot: Pilot[None], downs: int, value: str) -> None:
    """Edit the field so many rows down."""
    await over(pilot, "e")
    await over(pilot, *["down"] * downs, "enter")
    pilot.app.screen.query_one(Input).value = value
    await pilot.press("enter")


async def status(pilot: Pilot[None], name: str) -> None:
    await over(pilot, "s")
    await told(pilot, name)
    await pilot.press("enter")


def named(running: Running, name: str) -> None:
    """Tell git who the person is."""
    subprocess.run(["git", "config", "user.name", name], cwd=running.repository, check=True)


def aura(running: Running, *arguments: str, text: str | None = None) -> None:
    """Run a command of the command line."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aura_cli", *arguments],
        cwd=running.repository, env=dict(os.environ), input=text, capture_output=True, text=True, timeout=START_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


def without_time(data: bytes) -> bytes:
    return re.sub(rb"\d{4}-\d\d-\d\dT[0-9:.+Z-]*", b"TIME", data)


@pytest.mark.requirement("U1", "P4", "P7")
async def test_every_edit_gives_the_file_that_the_command_line_and_rest_give(running: Running) -> None:
    plan = running.repository / ".ai"
    named(running, "Tester [of all]")
    app = PanelApp(open_link, view="plan", project=str(running.repository))
    async with app.run_test(size=(110, 40)) as pilot:
        await told(pilot, "aura plan merge FILE")
        await over(pilot, "plus", "enter")
        await pilot.press(*"First", "enter")
        await until(pilot, lambda: view_of(pilot).query_one(Listing).row_count == 1)
        made = next(path for path in plan.rglob("*.md") if b"# First" in path.read_bytes())
        assert b"kind: epic" in made.read_bytes()
        for name, text in FILES.items():
            (plan / name).parent.mkdir(parents=True, exist_ok=True)
            (plan / name).write_text(text, encoding="utf-8")
        await until(pilot, lambda: "t1bank" in view_of(pilot).query_one(Listing).keys)

        ticked = section_with(FILES[STORY], boxes_of(FILES[STORY])[1])
        edits: list[tuple[str, Callable[[], Any], list[str], dict[str, object], str | None]] = [
            (TASK, lambda: status(pilot, "in-progress"), ["--status", "in-progress"], {"status": "in-progress"}, None),
            (STORY, lambda: filled_in(pilot, 0, "Pay [now]"), ["--title", "Pay [now]"], {"title": "Pay [now]"}, None),
            (STORY, lambda: filled_in(pilot, 1, "must"), ["--priority", "must"], {"priority": "must"}, None),
            (STORY, lambda: filled_in(pilot, 3, "2.5"), ["--estimate", "2.5"], {"estimate": 2.5}, None),
            (STORY, lambda: filled_in(pilot, 4, "US-1, t1bank"), ["--after", "US-1", "--after", "t1bank"],
             {"depends_on": ["US-1", "t1bank"]}, None),
            (STORY, lambda: filled_in(pilot, 6, ""), ["--alias", ""], {"alias": ""}, None),
            (STORY, lambda: over_and_enter(pilot, "x"), ["--section", "Tasks", "--text", "-"],
             {"section": "Tasks", "text": ticked}, ticked),
        ]  # fmt: skip
        for path, by_panel, options, fields, text in edits:
            await same_file(pilot, running, plan / path, by_panel, options, fields, text)

        before = (plan / STORY).read_bytes()
        view_of(pilot).query_one(Listing).move_to("s2pay0")
        await over(pilot, "a")
        await told(pilot, "Tester [of all]")
        await pilot.press("y")
        await until(pilot, lambda: (plan / STORY).read_bytes() != before)
        by_panel_bytes = (plan / STORY).read_bytes()
        await taken_back(pilot, plan / STORY, before)
        aura(running, "plan", "approve", "s2pay0")
        assert without_time((plan / STORY).read_bytes()) == without_time(by_panel_bytes)


async def over_and_enter(pilot: Pilot[None], key: str) -> None:
    await over(pilot, key)
    await pilot.press("enter")


async def same_file(
    pilot: Pilot[None], running: Running, file: Path, by_panel: Callable[[], Any], options: list[str],
    fields: dict[str, object], text: str | None,
) -> None:  # fmt: skip
    """Make an edit in the panel, on the command line, and over REST; each begins with the same file."""
    before = bytes_of(file)
    identifier = re.search(rb"id: (\w+)", before)
    assert identifier is not None
    item = identifier[1].decode()
    view_of(pilot).query_one(Listing).move_to(item)
    await by_panel()
    await until(pilot, lambda: bytes_of(file) != before)
    found = bytes_of(file)
    await taken_back(pilot, file, before)
    aura(running, "plan", "set", item, *options, text=text)
    assert bytes_of(file) == found, options
    await taken_back(pilot, file, before)
    asked = {"project": str(running.repository), "action": "set", "item": item, **fields}
    Gateway(running.paths).post("/v1/plan/change", asked)
    assert bytes_of(file) == found, fields
    await taken_back(pilot, file, before)


async def taken_back(pilot: Pilot[None], file: Path, before: bytes) -> None:
    """Take the newest operation back."""
    view = view_of(pilot)
    listed = await view.world.link.ask(ListPlanOperations(project=view.project, limit=1))
    await view.world.link.ask(UndoPlan(project=view.project, operation=listed.operations[0].id))
    assert bytes_of(file) == before
