"""A person commits in the panel, looks at what was done, and takes it back; daemon and repository are real."""

from __future__ import annotations

import subprocess

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from aura_panel.views.git import GitView
from aura_panel.widgets.commit import CommitScreen
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.review import Review
from panel_lab import screen_text, told, until
from panel_running import Running


def git(running: Running, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "--no-optional-locks", *arguments], cwd=running.repository, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def shows(pilot: Pilot[None], kind: type[object]) -> bool:
    return isinstance(pilot.app.screen, kind)


@pytest.mark.requirement("U1", "P7")
async def test_a_commit_is_made_shown_and_taken_back(running: Running) -> None:
    for name, value in (("user.name", "Tester"), ("user.email", "tester@localhost")):
        git(running, "config", name, value)
    head = git(running, "rev-parse", "HEAD")
    file = running.repository / "shop" / "prices.py"
    text = file.read_text(encoding="utf-8") + "\n\ndef free() -> Price:\n    return Price(0)\n"
    file.write_text(text, encoding="utf-8")
    app = PanelApp(open_link, view="git", project=str(running.repository))
    async with app.run_test(size=(110, 40)) as pilot:
        await told(pilot, "1 unstaged")
        await pilot.press("c")
        await until(pilot, lambda: shows(pilot, CommitScreen))
        assert "shop/prices.py  +4 -0" in screen_text(pilot)
        pilot.app.screen.query_one(TextArea).text = "feat(prices): what is [free]\n"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not shows(pilot, CommitScreen))
        if "is a protected branch" in screen_text(pilot):
            await pilot.press("y")
        await until(pilot, lambda: git(running, "log", "-1", "--format=%s") == "feat(prices): what is [free]")
        await until(pilot, lambda: not git(running, "status", "--porcelain"))

        await until(pilot, lambda: shows(pilot, GitView))
        await pilot.press("o")
        rows = pilot.app.screen.query_one(Listing)
        await until(pilot, lambda: rows.row_count == 1)
        await told(pilot, "refs/heads/main")
        await pilot.press("u")
        await until(pilot, lambda: shows(pilot, Review))
        await told(pilot, head[:10])
        assert git(running, "rev-parse", "HEAD") != head, "it was only shown"
        await pilot.press("y")
        await until(pilot, lambda: git(running, "rev-parse", "HEAD") == head)
        assert file.read_text(encoding="utf-8") == text
        await told(pilot, "undone")
        await pilot.press("b")
        await told(pilot, "● main")
