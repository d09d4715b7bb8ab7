"""Git: the state of the repository, what waits, operations and their undo, branches, health, the watch, commits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from aura_panel.editors import open_in_editor
from aura_panel.git_book import GitBook, Proposed
from aura_panel.git_commit import CommitDesk
from aura_panel.git_desk import GitDesk
from aura_panel.git_details import details
from aura_panel.git_rows import (
    COLUMNS,
    branch_rows,
    health_rows,
    operation_cell,
    operation_rows,
    state_line,
    state_rows,
    watch_rows,
)
from aura_panel.plan_rows import one_line
from aura_panel.views.lists import ListsView
from aura_panel.widgets.sections import Section
from aura_shared.errors import AuraError, NoRepository
from aura_shared.messages.branches import BranchUpdated
from aura_shared.messages.commits import CommitMade
from aura_shared.messages.git import GitChanged, GitOperationUpdated
from aura_shared.messages.git_health import GitProposal
from aura_shared.messages.merges import MergeUpdated

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.bus import Delivery

__all__ = ["GitView"]

SETTLE_S: Final = 0.15
"""Events of a burst lead to one question; a row is asked about once the cursor rests on it."""
_CHANGES: Final = (GitChanged, GitOperationUpdated, BranchUpdated, MergeUpdated, CommitMade)
_EMPTY: Final = {
    "state": "Nothing is known of the repository. r asks again.",
    "operations": "Aura did nothing in this repository yet. What it does is listed here, and can be taken back.",
    "branches": "There are no branches yet: the first commit makes one. c drafts it.",
    "health": "Nothing is wrong: no large files, no lost work, nothing to clean up.",
    "watch": "Nothing is known of the watch. r asks again.",
}
_ASKING: Final = {"health": "Looking through the repository …"}
_NO_REPOSITORY: Final = (
    "This project is in no git repository, so there is nothing to show here.\ngit init makes one; r looks again."
)


class GitView(ListsView):
    """The repository of the chosen project."""

    NAME = "git"
    HELP_TEXT = """
Operations are what Aura did; each can be taken back, and u shows first what that would move and write.
Branches: "Apart" counts commits that the parent lacks (+) and that are missing here (-); m says what
merging a branch would do, without doing it. Health looks for what may get lost or is in the way; f mends
where Aura can. Watch: what Aura may do by itself once files are at rest, and what it proposes.
Nothing is written before it is shown and said yes to.
"""
    SECTIONS = (
        Section("state", "s", "State"),
        Section("operations", "o", "Operations"),
        Section("branches", "b", "Branches"),
        Section("health", "h", "Health"),
        Section("watch", "w", "Watch"),
    )
    COLUMNS = COLUMNS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "go_on", "Go on"),
        Binding("x", "abort", "Abort"),
        Binding("c", "commit", "Commit"),
        Binding("u", "undo", "Undo"),
        Binding("m", "simulate", "Try merge"),
        Binding("f", "mend", "Mend"),
        Binding("E", "editor", "Editor", key_display="E"),
        Binding("r", "ask_again", "Ask again"),
        *(Binding(section.key, f"section('{section.name}')", section.title, show=False) for section in SECTIONS),
    ]
    DEFAULT_CSS = """
    GitView #waiting { display: none; height: auto; border-left: thick $warning; padding: 0 1; }
    GitView #waiting Horizontal { height: 1; }
    GitView #waiting Button { margin-right: 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._book = GitBook("")
        self._stale = False
        self._no_repository = False
        self._simulating = ""
        self._desk = GitDesk(self, lambda: self.project)
        self._committing = CommitDesk(self, lambda: self.project, self._say)

    def compose_top(self) -> ComposeResult:
        """What waits for the person, with its choices."""
        with Vertical(id="waiting"):
            yield Static(id="waiting-text", markup=False)
            with Horizontal():
                yield Button("Go on (g)", id="continue", compact=True)
                yield Button("Abort (x)", id="abort", compact=True)
                yield Button("Undo (u)", id="undo", compact=True)

    # What is asked

    def project_chosen(self) -> None:
        """Show the repository of this project."""
        if self._book.project != self.project:
            self._book, self.problem, self._no_repository = GitBook(self.project), "", False
            self.waiting = "Asking for the repository …"
            self.show()
            self._ask()

    def reconnected(self) -> None:
        """Ask again."""
        self.action_ask_again()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Take the state in that the panel keeps, and what changed while another view was shown."""
        if self._stale and self.project:
            self._stale = False
            self._ask()
        elif "git" in parts and self.project:
            found = self.world.facts_of(self.project).git
            if found is not None and found != self._book.status:
                self._book.status = found
                self.show()
        elif "projects" in parts and not self.project:
            self.waiting = "No project is registered. In the command palette (Ctrl-P): Register project."
            self.show_state()

    def heard(self, delivery: Delivery) -> None:
        """Something happened in the repository: ask again, now or when the view is shown."""
        event = delivery.event
        if isinstance(event, GitProposal) and event.project == self._book.project:
            self._book.take_proposal(Proposed(delivery.envelope.ts, delivery.envelope.id, event))
            self.show()
        elif isinstance(event, _CHANGES) and event.project == self._book.project:
            self._changed()

    def _changed(self) -> None:
        self._book.outdated()
        if self.is_current:
            self._ask()
        else:
            self._stale = True

    @work(exclusive=True, exit_on_error=False, group="git")
    async def _ask(self) -> None:
        book = self._book
        await asyncio.sleep(SETTLE_S if book.status is not None else 0)
        try:
            await book.ask_status(self.world.link)
            self._take()
            if self.section != "state":
                await self._ask_for_section(self.section)
            if "watch" not in book.fresh:
                await book.ask_section(self.world.link, "watch")
                self._take()
        except AuraError as error:
            self._told(error)

    def _take(self) -> None:
        """Show what arrived."""
        self.problem, self.waiting, self._no_repository = "", "", False
        self.show()

    def _told(self, error: AuraError) -> None:
        self._no_repository = isinstance(error, NoRepository)
        if self._no_repository:
            self._book.status = None
        self.told(error)

    @work(exclusive=True, exit_on_error=False, group="section")
    async def _ask_section(self, section: str) -> None:
        try:
            await self._ask_for_section(section)
        except AuraError as error:
            self._told(error)

    async def _ask_for_section(self, section: str) -> None:
        await self._book.ask_section(self.world.link, section)
        self._take()
        if self.is_there and self.key:
            self.row_reached(self.section, self.key)

    def section_shown(self, section: str) -> None:
        """Ask for a list that is not known, or old."""
        if section != "state" and section not in self._book.fresh and self._book.project:
            self._ask_section(section)

    def row_reached(self, section: str, key: str) -> None:
        """Ask for what an operation moved."""
        kind, _, name = key.partition(":")
        if kind in {"operation", "last"} and name not in self._book.shown:
            del section
            self._ask_operation(name)

    @work(exclusive=True, exit_on_error=False, group="operation")
    async def _ask_operation(self, name: str) -> None:
        await asyncio.sleep(SETTLE_S)
        try:
            await self._book.ask_operation(self.world.link, name)
        except AuraError:
            return  # What the list knows of it is shown.
        if self.is_there:
            self.show_details()

    # What is shown

    def _say(self, text: str) -> None:
        self.waiting = text
        self.show_state()

    def show(self) -> None:
        """Show what is known now, and what waits."""
        super().show()
        if not self.is_there:
            return
        operation = self._book.waiting
        pane = self.query_one("#waiting")
        pane.display = operation is not None
        self.refresh_bindings()
        if operation is None:
            return
        text = Text.assemble(("Waits for you  ", f"bold {self.colours['warning']}"), one_line(operation.title))
        text.append("  ").append_text(operation_cell(operation, self.colours))
        what = operation.waiting_for or "its process died in the middle"
        text.append(f"\n{one_line(what)}", self.colours["foreground"])
        self.query_one("#waiting-text", Static).update(text)
        for choice in ("continue", "abort", "undo"):
            self.query_one(f"#{choice}", Button).display = choice in operation.choices

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of what waits are only there while something does."""
        operation = self._book.waiting
        if action == "go_on":
            return operation is not None and "continue" in operation.choices
        if action == "abort":
            return operation is not None and "abort" in operation.choices
        if action == "simulate":
            return self.section == "branches"
        if action == "mend":
            return self.section == "health"
        return super().check_action(action, parameters)

    def counts(self) -> Mapping[str, int]:
        """How many things the lists have that are known."""
        book = self._book
        known = {
            "operations": len(book.operations) if "operations" in book.fresh else 0,
            "branches": len(book.branches.branches) if book.branches is not None else 0,
            "health": len(book.health.findings) if book.health is not None else 0,
            "watch": len(book.proposals),
        }
        return {name: count for name, count in known.items() if count}

    def rows_of(self, section: str) -> dict[str, list[Text]]:
        """The rows of a list."""
        book, colours = self._book, self.colours
        if section == "state":
            return state_rows(book.status, book.watch, colours) if book.status is not None else {}
        if section == "operations":
            return operation_rows(book.operations, colours)
        if section == "branches":
            return branch_rows(book.branches, colours)
        return (
            health_rows(book.health, colours)
            if section == "health"
            else watch_rows(book.watch, book.proposals, colours)
        )

    def state_text(self) -> Text:
        """Branch, upstream, changes."""
        if self._book.status is None:
            return Text("No repository", self.colours["muted"])
        return state_line(self._book.status, self.colours)

    def empty_text(self, section: str) -> str:
        """Why a list is empty, and what to do."""
        if self._no_repository:
            return _NO_REPOSITORY
        if self.problem:
            return "Nothing is known of the repository while it is not answered. r asks again."
        known = section == "state" or section in self._book.fresh
        return _EMPTY[section] if known else _ASKING.get(section, "Asking …")

    def note_text(self, section: str) -> str:
        """What was not looked at."""
        health = self._book.health if section == "health" else None
        return "\n".join(f"Not checked: {line}" for line in health.skipped) if health is not None else ""

    def details_of(self, section: str, key: str) -> tuple[str, Text, Content]:
        """All that is known of a row."""
        title, text = details(self._book, section, key, self._simulating, self.colours)
        return title, text, Content("")

    # Keys

    def row_chosen(self, section: str, key: str) -> bool:
        """Set the watch, open a conflict, show branches; else the row is read."""
        kind = key.partition(":")[0]
        if kind == "mode" or key == "watch":
            self._set_watch()
        elif kind == "conflict":
            self.action_editor()
        elif section == "state" and kind == "changes":
            self.action_commit()
        else:
            return False
        return True

    @on(Button.Pressed)
    def choice_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says about what waits."""
        if event.button.id == "continue":
            self.action_go_on()
        elif event.button.id == "abort":
            self.action_abort()
        elif event.button.id == "undo" and self._book.waiting is not None:
            self._undo(self._book.waiting.id)

    def action_ask_again(self) -> None:
        """Ask for everything again."""
        if self.panel.world is not None and self.project:
            self._book.outdated()
            self._book.shown.clear()
            self._ask()

    @work(exit_on_error=False, group="edit")
    async def action_go_on(self) -> None:
        """Go on with what waits."""
        if self._book.waiting is not None:
            await self._desk.go_on(self._book.waiting)

    @work(exit_on_error=False, group="edit")
    async def action_abort(self) -> None:
        """Take back what waits."""
        if self._book.waiting is not None:
            await self._desk.abort(self._book.waiting)

    def action_undo(self) -> None:
        """Take the operation under the cursor back, else the newest."""
        kind, _, name = self.key.partition(":")
        if kind == "proposal":
            name = next((one.proposal.operation for one in self._book.proposals if one.id == name), "")
        elif kind not in {"operation", "last"}:
            name = self._book.waiting.id if self._book.waiting is not None else ""
        if self.panel.world is not None and self._book.status is not None:
            self._undo(name)

    @work(exit_on_error=False, group="edit")
    async def _undo(self, operation: str) -> None:
        await self._desk.undo(operation)

    @work(exit_on_error=False, group="edit")
    async def action_commit(self) -> None:
        """Draft a commit, show it, and make it."""
        if self.panel.world is None or self._book.status is None:
            return
        await self._committing.commit(self._book.status)
        self._changed()

    @work(exclusive=True, exit_on_error=False, group="merge")
    async def action_simulate(self) -> None:
        """Say what merging the branch under the cursor would do."""
        kind, _, name = self.key.partition(":")
        if kind != "branch":
            return
        self._simulating = name
        self.show_details()
        try:
            await self._book.ask_forecast(self.world.link, name)
        except AuraError as error:
            self.panel.show_error(error)
        finally:
            self._simulating = ""
        if self.is_there:
            self.show_details()

    @work(exit_on_error=False, group="edit")
    async def action_mend(self) -> None:
        """Mend the finding under the cursor."""
        finding = self._book.finding(self.key.partition(":")[2])
        if finding is not None:
            await self._desk.mend(finding)
            self._changed()

    @work(exit_on_error=False, group="edit")
    async def _set_watch(self) -> None:
        await self._desk.watch(self._book.watch)
        self._changed()

    @work(exit_on_error=False, group="editor")
    async def action_editor(self) -> None:
        """Open the file with a conflict in the editor."""
        kind, _, path = self.key.partition(":")
        status = self._book.status
        if kind != "conflict" and status is not None and status.unmerged:
            kind, path = "conflict", status.unmerged[0]
        if kind != "conflict" or status is None:
            self.notify("E opens a file with a conflict; there is none here.")
            return
        await open_in_editor(self.panel, Path(status.root) / path, 1)

    def goto(self, target: str) -> None:
        """Show a list, an operation or a branch: `branches`, or an identifier."""
        if target in COLUMNS:
            self.action_section(target)
        elif self._book.waiting is not None and self._book.waiting.id == target:
            self.action_section("state")
            self.rows.move_to("waiting")
        elif self._book.branch(target) is not None:
            self.action_section("branches")
            self.rows.move_to(f"branch:{target}")
        else:
            self.action_section("operations")
            self.rows.move_to(f"operation:{target}")
