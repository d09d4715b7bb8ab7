"""The panel as plain lines, and the command that opens it."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner

from aura_cli.commands.panel import panel
from aura_panel import main as panel_main
from aura_panel.plain import PlainPanel, run_plain
from aura_shared.errors import Conflict
from aura_shared.messages.approvals import Approval
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangedFile,
    ChangeUpdated,
    DecideHunks,
    Hunk,
    ShowChange,
    UndoChange,
)
from aura_shared.messages.code import Freshness, SearchAnswer, SearchCode, SearchHit
from aura_shared.messages.findings import FindingInfo, FindingsAnswer, ListFindings
from panel_lab import ATLAS, SHOP, PanelLab, proposed, two_projects

HUNK = Hunk(
    id="h1", path="shop/cart.py", old_start=1, old_lines=1, new_start=1, new_lines=1, diff="@@ -1 +1 @@\n-old\n+new\n"
)


async def holds(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the panel tells nobody of it
            await asyncio.sleep(0.005)


class Said:
    """Lines that were said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    async def until(self, part: str) -> str:
        """The line with this part, as soon as it was said."""
        await holds(lambda: any(part in line for line in self.lines))
        return next(line for line in self.lines if part in line)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)


@asynccontextmanager
async def plain_of(lab: PanelLab) -> AsyncGenerator[tuple[PlainPanel, Said]]:
    said = Said()
    plain = PlainPanel(lab.link(), said)
    following = asyncio.create_task(plain.world.run())
    try:
        if lab.status is not None:
            await said.until("Aura is running.")
            await two_projects(lab)
            await holds(lambda: all(plain.world.facts_of(known.id).tests is not None for known in (SHOP, ATLAS)))
        yield plain, said
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await plain.world.link.close()
        await lab.close()


@pytest.mark.requirement("U1")
async def test_status_needs_and_events_are_told_as_sentences(lab: PanelLab) -> None:
    lab.gateway.waiting.append(
        Approval(id="3f2a91c0", tool="apply_change", summary="Apply it", client="cursor", asked_at="", project=SHOP.id)
    )
    async with plain_of(lab) as (plain, said):
        await holds(lambda: bool(plain.world.approvals))
        for line in ("status", "needs", "recent", "project shop", "project", "help", "", "re", "nonsense", "search"):
            await plain.obey(line)
        assert "Service code: ready, up 2h 03m, 0 restarts." in said.lines
        assert (
            "Project shop: ready, 812 files. Findings: 2 error, 14 warning, 20 hint. Plan 42% done. Branch main."
            in said.lines
        )
        assert "cursor waits to run apply_change: Apply it (3f2a91c0)" in said.lines
        assert "Nothing happened yet." in said.lines
        assert "search needs WORDS." in said.lines
        assert said.text.count("There is no command") == 2, "one unknown, one that could be several"
        await lab.tell(
            ChangeUpdated(change="5c1f22aa", project=SHOP.id, title="Rename", what="proposed", state="proposed"),
            service="factory",
        )
        assert "Warning: change 5c1f22aa proposed: Rename" in await said.until("5c1f22aa")
        await plain.obey("quiet")
        await plain.obey("recent 1")
        assert said.text.count("5c1f22aa") == 2


@pytest.mark.requirement("U1")
async def test_changes_are_read_decided_and_undone(lab: PanelLab) -> None:
    change = proposed(files=[ChangedFile(path="shop/cart.py", kind="modified", hunks=[HUNK])])
    lab.answer(ShowChange, ChangeAnswer(change=change))
    lab.answer(
        ApplyChange, ChangeAnswer(change=change.model_copy(update={"state": "applied"}), written=["shop/cart.py"])
    )
    lab.answer(UndoChange, Conflict("the file moved on", hint="Show the merge first."))
    lab.answer(DecideHunks, ChangeAnswer(change=change))
    hit = SearchHit(path="a.py", start_line=3, end_line=9, symbol="A.b", score=1)
    lab.answer(SearchCode, SearchAnswer(hits=[hit], freshness=Freshness(generation=1)))
    finding = FindingInfo(
        id="f1",
        fingerprint="f" * 32,
        rule="r",
        level="error",
        category="correctness",
        path="a.py",
        start_line=1,
        end_line=1,
        message="bad",
    )
    lab.answer(ListFindings, FindingsAnswer(findings=[finding], total=1))
    lab.gateway.waiting += [Approval(id=name, tool="t", summary="s", asked_at="") for name in ("yes", "no")]
    async with plain_of(lab) as (plain, said):
        for line in ("change 5c", "apply 5c", "undo 5c", "reject 5c", "search x", "findings", "approve yes", "deny no"):
            await plain.obey(line)
        answers = (
            *("removed old", "added new", "applied: shop/cart.py.", "Approved.", "Denied."),
            "Error: the file moved on Show the merge first.",
            "1. a.py line 3, A.b",
            "error: a.py line 1: bad (r, f1)",
        )
        for line in answers:
            assert line in said.lines, said.text
        assert lab.gateway.decided == [("yes", True), ("no", False)]
        await plain.obey("approve gone")
        assert "nothing waits for approval as 'gone'" in said.lines[-1]
        await plain.obey("project nowhere")
        assert "there is no project 'nowhere' Registered: shop, atlas." in said.lines[-1]


async def test_it_runs_on_streams_and_without_a_daemon(lab: PanelLab) -> None:
    lab.status = None
    target = io.StringIO()
    assert await run_plain(lab.link(), io.StringIO("status\nfindings\nquit\n"), target) == 0
    assert "Type help for the commands." in target.getvalue()
    assert await run_plain(lab.link(), io.StringIO(""), io.StringIO()) == 0, "the end of the input ends it"


def test_the_command_opens_the_panel_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def execv(_path: str, command: list[str]) -> None:
        started.append(command)

    monkeypatch.setattr(os, "execv", execv)
    done = CliRunner().invoke(panel, ["--view", "log", "--theme", "light", "--plain"])
    assert done.exit_code == 0, done.output
    assert started == [
        [sys.executable, "-P", "-m", "aura_panel", "--view", "log", "--theme", "light", "--plain"],
    ]
    known = {action.dest for action in panel_main.parser()._actions}
    assert {parameter.name for parameter in panel.params} <= known
    for action in panel_main.parser()._actions:
        if action.choices is not None:
            choices = next(p.type.choices for p in panel.params if p.name == action.dest)  # type: ignore[attr-defined]
            assert list(choices) == list(action.choices)


def test_without_a_terminal_it_says_what_works_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert panel_main.main([]) != 0
    assert "the panel needs a terminal" in capsys.readouterr().err
