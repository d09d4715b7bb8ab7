"""Git: the state of the repository, what waits, operations and their undo, branches, health, the watch, commits."""

from __future__ import annotations

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
from aura_panel.views.books import BookView
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


class GitView(BookView[GitBook]):
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
    ASKS = "Asking for the repository …"
    AT_ONCE = frozenset({"state"})
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
        super().__init__(GitBook(""))
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

    def open_book(self, project: str) -> GitBook:
        """Nothing is known of its repository yet."""
        self._no_repository = False
        return GitBook(project)

    @property
    def is_known(self) -> bool:
        """Whether its state is known."""
        return self.book.status is not None

    def parts_changed(self, parts: frozenset[Part]) -> None:
        """Take the state in that the panel keeps."""
        found = self.world.facts_of(self.project).git if "git" in parts else None
        if found is not None and found != self.book.status:
            self.book.status = found
            self.show()

    def heard(self, delivery: Delivery) -> None:
        """Something happened in the repository: ask again, now or when the view is shown."""
        event = delivery.event
        if isinstance(event, GitProposal) and event.project == self.book.project:
            self.book.take_proposal(Proposed(delivery.envelope.ts, delivery.envelope.id, event))
            self.show()
        elif isinstance(event, _CHANGES) and event.project == self.book.project:
            self.changed()

    async def ask_everything(self) -> None:
        """Ask for the state, the list that is shown, and the watch."""
        book = self.book
        await book.ask_status(self.world.link)
        self.take()
        await self.ask_list(self.section)
        if "watch" not in book.fresh:
            await book.ask_section(self.world.link, "watch")
            self.take()

    def take(self) -> None:
        """Show what arrived."""
        self._no_repository = False
        super().take()

    def told(self, error: AuraError) -> None:
        """A question was not answered; where there is no repository, nothing of it is shown."""
        self._no_repository = isinstance(error, NoRepository)
        if self._no_repository:
            self.book.status = None
        super().told(error)

    def row_reached(self, section: str, key: str) -> None:
        """Ask for what an operation moved."""
        del section
        book, (kind, _, name) = self.book, key.partition(":")
        if kind in {"operation", "last"} and name not in book.shown:
            self.ask_row(book.ask_operation, name)

    # What is shown

    def _say(self, text: str) -> None:
        self.waiting = text
        self.show_state()

    def show(self) -> None:
        """Show what is known now, and what waits."""
        super().show()
        if not self.is_there:
            return
        operation = self.book.waiting
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
        operation = self.book.waiting
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
        book = self.book
        known = {
            "operations": len(book.operations) if "operations" in book.fresh else 0,
            "branches": len(book.branches.branches) if book.branches is not None else 0,
            "health": len(book.health.findings) if book.health is not None else 0,
            "watch": len(book.proposals),
        }
        return {name: count for name, count in known.items() if count}

    def rows_of(self, section: str) -> dict[str, list[Text]]:
        """The rows of a list."""
        book, colours = self.book, self.colours
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
        if self.book.status is None:
            return Text("No repository", self.colours["muted"])
        return state_line(self.book.status, self.colours)

    def empty_text(self, section: str) -> str:
        """Why a list is empty, and what to do."""
        if self._no_repository:
            return _NO_REPOSITORY
        if self.problem:
            return "Nothing is known of the repository while it is not answered. r asks again."
        known = section == "state" or section in self.book.fresh
        return _EMPTY[section] if known else _ASKING.get(section, "Asking …")

    def note_text(self, section: str) -> str:
        """What was not looked at."""
        health = self.book.health if section == "health" else None
        return "\n".join(f"Not checked: {line}" for line in health.skipped) if health is not None else ""

    def details_of(self, section: str, key: str) -> tuple[str, Text, Content]:
        """All that is known of a row."""
        title, text = details(self.book, section, key, self._simulating, self.colours)
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
        elif event.button.id == "undo" and self.book.waiting is not None:
            self._undo(self.book.waiting.id)

    @work(exit_on_error=False, group="edit")
    async def action_go_on(self) -> None:
        """Go on with what waits."""
        if self.book.waiting is not None:
            await self._desk.go_on(self.book.waiting)

    @work(exit_on_error=False, group="edit")
    async def action_abort(self) -> None:
        """Take back what waits."""
        if self.book.waiting is not None:
            await self._desk.abort(self.book.waiting)

    def action_undo(self) -> None:
        """Take the operation under the cursor back, else the newest."""
        kind, _, name = self.key.partition(":")
        if kind == "proposal":
            name = next((one.proposal.operation for one in self.book.proposals if one.id == name), "")
        elif kind not in {"operation", "last"}:
            name = self.book.waiting.id if self.book.waiting is not None else ""
        if self.panel.world is not None and self.book.status is not None:
            self._undo(name)

    @work(name="action_undo", exit_on_error=False, group="edit")
    async def _undo(self, operation: str) -> None:
        await self._desk.undo(operation)

    @work(exit_on_error=False, group="edit")
    async def action_commit(self) -> None:
        """Draft a commit, show it, and make it."""
        if self.panel.world is None or self.book.status is None:
            return
        await self._committing.commit(self.book.status)
        self.changed()

    @work(name="simulation", exclusive=True, exit_on_error=False, group="merge")
    async def action_simulate(self) -> None:
        """Say what merging the branch under the cursor would do."""
        kind, _, name = self.key.partition(":")
        if kind != "branch":
            return
        self._simulating = name
        self.show_details()
        try:
            await self.book.ask_forecast(self.world.link, name)
        except AuraError as error:
            self.panel.show_error(error)
        finally:
            self._simulating = ""
        if self.is_there:
            self.show_details()

    @work(exit_on_error=False, group="edit")
    async def action_mend(self) -> None:
        """Mend the finding under the cursor."""
        finding = self.book.finding(self.key.partition(":")[2])
        if finding is not None:
            await self._desk.mend(finding)
            self.changed()

    @work(name="action_watch", exit_on_error=False, group="edit")
    async def _set_watch(self) -> None:
        await self._desk.watch(self.book.watch)
        self.changed()

    @work(exit_on_error=False, group="editor")
    async def action_editor(self) -> None:
        """Open the file with a conflict in the editor."""
        kind, _, path = self.key.partition(":")
        status = self.book.status
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
        elif self.book.waiting is not None and self.book.waiting.id == target:
            self.action_section("state")
            self.rows.move_to("waiting")
        elif self.book.branch(target) is not None:
            self.action_section("branches")
            self.rows.move_to(f"branch:{target}")
        else:
            self.action_section("operations")
            self.rows.move_to(f"operation:{target}")
