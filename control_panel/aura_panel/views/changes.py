"""Changes: what agents ask for and what was proposed; reviewed hunk by hunk, edited, applied and undone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widgets import DataTable, Static

from aura_panel.changes_book import APPROVAL, MOST_CHANGES, ChangesBook, name_of
from aura_panel.changes_desk import ChangesDesk
from aura_panel.changes_rows import (
    FILTERS,
    approval_head,
    change_head,
    empty_reason,
    place_line,
    trouble_lines,
)
from aura_panel.diff_document import DiffDocument, document_of_change
from aura_panel.views.view import View
from aura_panel.widgets.diff import LEAST_FOR_TWO, DiffView
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.sections import Section, SectionBar
from aura_shared.errors import AuraError, NotFound
from aura_shared.messages.approvals import Approval, ApprovalChanged
from aura_shared.messages.changes import ChangeAnswer, ChangeInfo, ChangeUpdated, ShowChange
from aura_shared.security import make_visible

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.bus import Delivery

__all__ = ["ChangesView"]

SETTLE_S: Final = 0.2
"""Events of a burst lead to one question."""
WIDE: Final = 120
_OF_CHANGES: Final = frozenset({"hunk", "decide", "decide_file", "reject_all", "do", "write", "beside", "full"})


class _Waiting(Listing):
    """The list; Enter reads a row."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Review")]


class ChangesView(View):
    """The list of what waits and what was changed, and the diff of the one under the cursor."""

    NAME = "changes"
    HELP_TEXT = """
At the top: what agents ask leave for; y and n answer, and it lapses after ten minutes. Below: changes,
the newest first. Nothing is written to a project before w; accept (a) or reject (x) hunks before
that, in any order; the same key takes it back. Where a file changed since, the merge is shown first.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Approve"),
        Binding("n", "answer(False)", "Deny"),
        Binding("a", "decide('accepted')", "Accept"),
        Binding("x", "decide('rejected')", "Reject"),
        Binding("c", "do('comment')", "Comment"),
        Binding("w", "write('apply')", "Apply"),
        Binding("u", "write('undo')", "Undo"),
        Binding("d", "beside", "Side by side"),
        Binding("e", "do('edit')", "Edit"),
        Binding("f", "filter(1)", "Filter"),
        Binding("l", "everywhere", "All projects"),
        Binding("n", "hunk(1)", "Next hunk", show=False),
        Binding("N", "hunk(-1)", "Hunk before", show=False),
        Binding("A", "decide_file('accepted')", "Accept all of the file", show=False),
        Binding("X", "decide_file('rejected')", "Reject all of the file", show=False),
        Binding("R", "reject_all", "Reject all of the change", show=False),
        Binding("E", "do('edit_outside')", "Edit in $EDITOR", show=False),
        Binding("o", "do('open_file')", "Open the file in an editor", show=False),
        Binding("z", "full", "Diff in full width", show=False),
        Binding("F", "filter(-1)", "Filter before", show=False),
        Binding("r", "ask_again", "Ask again", show=False),
        Binding("escape", "back", "Back to the list", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (180, "-roomy")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    ChangesView #body { height: 1fr; layout: vertical; }
    ChangesView.-wide #body, ChangesView.-roomy #body { layout: horizontal; }
    ChangesView #list-pane { height: 2fr; max-height: 12; }
    ChangesView.-wide #list-pane { width: 44; height: 100%; max-height: 100%; }
    ChangesView.-roomy #list-pane { width: 66; height: 100%; max-height: 100%; }
    ChangesView #diff-pane { height: 3fr; }
    ChangesView.-wide #diff-pane, ChangesView.-roomy #diff-pane { width: 1fr; height: 100%; }
    ChangesView.-narrow.-reading #list-pane, ChangesView.-full #list-pane { display: none; }
    ChangesView.-empty #diff-pane { display: none; }
    ChangesView #note { height: auto; padding: 0 2; color: $foreground; }
    ChangesView.-empty #note { padding: 1 2; color: $muted; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, str] = {}
        self.shown: ChangeInfo | None = None
        """The change whose hunks are shown."""
        self.book = ChangesBook()
        """What the list shows."""
        self._notice = ""
        self._trouble: AuraError | None = None
        self._waiting = "Connecting …"
        self._timer: Timer | None = None
        self._desk = ChangesDesk(self)

    def compose_body(self) -> ComposeResult:
        """Filter, list, diff."""
        yield SectionBar([Section(name, "", title) for name, (title, _) in FILTERS.items()])
        yield Static(id="note")
        with Container(id="body"):
            with Vertical(id="list-pane", classes="pane"):
                yield _Waiting(self.book.columns, id="list")
            with Vertical(id="diff-pane", classes="pane"):
                yield DiffView(id="diff")

    def on_mount(self) -> None:
        """Keys go to the list."""
        self._list.focus()
        self._show_list()

    @property
    def _list(self) -> Listing:
        return self.query_one("#list", Listing)

    @property
    def diff(self) -> DiffView:
        """What shows the hunks."""
        return self.query_one("#diff", DiffView)

    @property
    def approval(self) -> Approval | None:
        """The question under the cursor, while it waits."""
        world = self.panel.world
        waiting = world.approvals if world is not None else []
        return next((one for one in waiting if f"{APPROVAL}{one.id}" == self.book.key), None)

    def project_name(self, project: str) -> str:
        """What a project is called."""
        return name_of(self.panel.world, project)

    # What is asked

    def began(self) -> None:
        """Ask for changes of all projects until one is chosen."""
        self._ask_soon()

    def project_chosen(self) -> None:
        """Ask for its changes."""
        self._ask_soon()

    def reconnected(self) -> None:
        """What is shown may be old."""
        self._ask_soon()
        self._show_again()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Approvals came or went, or the daemon did."""
        if not parts.isdisjoint({"approvals", "presence", "projects"}):
            self.book.take_approvals(self.world.approvals)
            self._show_list()
            names = {info.id: info.name for info in self.world.projects.values()}
            renamed, self._names = names != self._names, names
            if self.book.key.startswith(APPROVAL) or (renamed and self.book.key):
                self._show_details()

    def heard(self, delivery: Delivery) -> None:
        """A change moved on: ask again, once for a burst."""
        event = delivery.event
        if isinstance(event, ApprovalChanged):
            self.book.take_approvals([event.approval])
        elif isinstance(event, ChangeUpdated):
            self._ask_soon()
            if event.change == self.book.key:
                self._show_again()

    def _ask_soon(self) -> None:
        """Ask for the list, once for a burst of reasons."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_S, self._ask)

    @work(exclusive=True, exit_on_error=False, group="changes")
    async def _ask(self) -> None:
        if self.panel.world is None:
            return
        self._waiting = "" if self.book.changes else "Asking for changes …"
        self._show_list()
        try:
            found = await self.world.link.ask(self.book.question(self.project))
        except AuraError as error:
            self._trouble = error
        else:
            self._trouble = None
            self.book.take_list(found)
            self._tidy()
        self._waiting = ""
        self._show_list()

    @work(exit_on_error=False, group="tidy")
    async def _tidy(self) -> None:
        await self._desk.edits.tidy()

    def _show_again(self) -> None:
        if self.book.key in self.book.changes and not self._desk.deciding:
            self._ask_change(self.book.key)

    @work(exclusive=True, exit_on_error=False, group="change")
    async def _ask_change(self, name: str) -> None:
        try:
            answer = await self.world.link.ask(ShowChange(change=name))
        except AuraError as error:
            self._failed(name, error)
        else:
            if not self._desk.deciding:  # Else what is being decided would be shown as open for a moment.
                self.take(answer)

    def _failed(self, name: str, error: AuraError) -> None:
        if name == self.book.wanted:
            self.book.wanted = ""
            self.panel.show_error(error)
        elif name == self.book.key and (self.shown is None or isinstance(error, NotFound)):
            self.shown = None
            head = partial(trouble_lines, error, colours=self.panel.theme_variables)
            self.diff.show(DiffDocument(name=f"trouble:{name}", head=head))
            self.refresh_bindings()

    def take(self, answer: ChangeAnswer) -> None:
        """Show a change as an answer tells it; the place stays."""
        change, book = answer.change, self.book
        book.changes[change.id] = change
        if change.id in (book.wanted, book.key):
            self.shown, self._notice = change, answer.notice
        here = change.id == book.key
        self._show_list()
        if here:
            self._show_details()

    def decided(self, approval: Approval) -> None:
        """A question was answered here; it stays under the cursor until the cursor leaves it."""
        self.book.take_approvals([approval])
        self.world.approvals = [one for one in self.world.approvals if one.id != approval.id]
        self._show_list()
        self._show_details()

    # What is shown

    def _show_list(self) -> None:
        if not self.query("#list"):
            return  # Answers may arrive while the panel is being left.
        book = self.book
        rows = book.rows(self.panel.world, self.panel.theme_variables)
        self.set_class(not rows, "-empty")
        self._list.show_header = bool(rows)  # The list stays, so that it keeps the focus.
        self._list.show(rows, book.columns)
        if book.wanted in rows:
            self._list.move_to(book.wanted)
            book.wanted = ""
        self.query_one(SectionBar).active = book.filter
        pane = self.query_one("#list-pane")
        pane.set_class(bool(rows), "pane")
        pane.border_title = "All projects" if book.everywhere or not self.project else "Changes"
        pane.border_subtitle = f"the newest {MOST_CHANGES}" if book.more else ""
        self._show_note(empty=not rows)
        self._row_is_shown()

    def _show_note(self, *, empty: bool) -> None:
        note = self.query_one("#note", Static)
        text = ""
        if self._trouble is not None:
            text = f"✗ {make_visible(self._trouble.message)}. {make_visible(self._trouble.hint or '')}".strip()
        elif empty:
            project = "" if self.book.everywhere else self.project
            text = self._waiting or empty_reason(self.book.filter, self.panel.world, project)
        note.display = bool(text)
        note.update(Text(text))

    @on(DataTable.RowHighlighted)
    def _row_is_shown(self) -> None:
        """Show the row under the cursor, when it is another one than before."""
        key = self._list.key
        if key == self.book.key:
            return
        before, self.book.key = self.book.key, key
        if before.startswith(APPROVAL):
            self.call_later(self._show_list)  # One that is answered was there only for the cursor.
        if self.shown is None or self.shown.id != key:
            self.shown, self._notice = None, ""
        self._show_details()
        if key in self.book.changes and self.shown is None and self.panel.world is not None:
            self._ask_change(key)

    def _show_details(self) -> None:
        self.diff.show(self._document())
        self._show_place()
        self.refresh_bindings()

    def _document(self) -> DiffDocument:
        colours, key = self.panel.theme_variables, self.book.key
        if key.startswith(APPROVAL):
            approval = self.book.approvals[key.removeprefix(APPROVAL)]
            waits = self.approval is not None
            project = self.project_name(approval.project)
            return DiffDocument(name=key, head=partial(approval_head, approval, project, colours=colours, waits=waits))
        if key not in self.book.changes:
            return DiffDocument()
        change = self.shown or self.book.changes[key]
        head = partial(change_head, change, self.project_name(change.project), self._notice, colours=colours)
        if self.shown is not None:
            return document_of_change(self.shown, head, self.diff.document)
        asking = [Text(""), Text("Asking for its files …", colours["muted"])]
        return DiffDocument(name=f"asked:{key}", head=lambda width: [*head(width), *asking])

    @on(DiffView.Moved)
    def _show_place(self) -> None:
        """Say where in the change one is, and what was decided."""
        pane = self.query_one("#diff-pane")
        pane.border_title = "Question" if self.book.key.startswith(APPROVAL) else "Change"
        pane.border_subtitle = place_line(self.diff.document, self.diff.number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Only what makes sense for the row under the cursor has a key."""
        if action == "answer":
            return self.approval is not None
        return self.shown is not None if action in _OF_CHANGES else True

    # Where one is

    @on(DataTable.RowSelected)
    def action_read(self) -> None:
        """Go to the diff; where there is little room it takes all of it."""
        if self.book.key:
            self.add_class("-reading")
            self.set_class(self.diff.beside and self._needs_all, "-full")
            self.diff.focus()

    def action_back(self) -> None:
        """Back to the list."""
        self.remove_class("-reading", "-full")
        self._list.focus()

    def action_full(self) -> None:
        """Give the diff all of the screen, or the list its part again."""
        self.toggle_class("-full")
        if self.has_class("-full"):
            self.diff.focus()

    def action_beside(self) -> None:
        """Old and new lines beside each other, or one below the other."""
        if self.diff.beside:
            self.diff.set_beside(False)
            self.remove_class("-full")
        elif self.size.width < WIDE:
            self.notify(f"Side by side needs {WIDE} columns, and this terminal has {self.size.width}.")
        else:
            self.diff.set_beside(True)
            self.action_read()

    @property
    def _needs_all(self) -> bool:
        """Whether two columns fit only without the list."""
        return self.size.width >= WIDE and self.diff.scrollable_content_region.width < LEAST_FOR_TWO

    def action_filter(self, by: int) -> None:
        """Show changes of other states."""
        self.book.step_filter(by)
        self._ask_anew()

    @on(SectionBar.Chosen)
    def filter_clicked(self, event: SectionBar.Chosen) -> None:
        """Show the states that were clicked."""
        self.book.filter = event.name
        self._ask_anew()

    def action_everywhere(self) -> None:
        """Show changes of all projects, or of the chosen one."""
        self.book.everywhere = not self.book.everywhere
        self._ask_anew()

    def _ask_anew(self) -> None:
        self.book.start_anew()
        self.shown = None
        self._ask()

    def action_ask_again(self) -> None:
        """Ask for the list and the change again."""
        self._ask()
        self._show_again()

    def action_hunk(self, by: int) -> None:
        """Go to the next hunk or the one before."""
        self.diff.action_step(by)

    def goto(self, target: str) -> None:
        """Show a change, or a question of an agent: `approval:ID`."""
        self.book.wanted = target
        self.action_back()
        if not target.startswith(APPROVAL) and target not in self.book.changes:
            self._ask_change(target)
        self._show_list()

    # What the keys do

    def action_answer(self, approve: bool) -> None:
        """Let the agent do it, or not."""
        self._desk.answer(approve=approve)

    def action_decide(self, decision: str) -> None:
        """Accept or reject the hunk under the cursor; again takes it back."""
        self._desk.decide("accepted" if decision == "accepted" else "rejected")

    def action_decide_file(self, decision: str) -> None:
        """Accept or reject all of the file under the cursor."""
        self._desk.decide_file("accepted" if decision == "accepted" else "rejected")

    def action_reject_all(self) -> None:
        """Reject all of the change."""
        self._desk.reject_all()

    @work(exit_on_error=False)
    async def action_do(self, deed: str) -> None:
        """Comment on the hunk under the cursor, edit what is proposed for its file, or open the file."""
        await self._desk.deeds[deed]()

    @work(exit_on_error=False)
    async def action_write(self, deed: str) -> None:
        """Write the accepted hunks to the project, or take the change back."""
        await self._desk.deeds[deed]()
