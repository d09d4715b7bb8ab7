"""Plan: items as a tree or a board, what is next and why, what waits for what, checks, history, and edits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType

from aura_panel.editors import open_in_editor
from aura_panel.plan_book import ITEM_LISTS, PlanBook
from aura_panel.plan_desk import PlanDesk
from aura_panel.plan_reading import details
from aura_panel.plan_rows import (
    COLUMNS,
    board_rows,
    check_rows,
    graph_rows,
    history_rows,
    order_rows,
    state_line,
    tree_rows,
)
from aura_panel.plan_tree import MOST_ROWS, chosen_of, tree_of
from aura_panel.views.books import BookView
from aura_panel.widgets.sections import Section
from aura_shared.errors import AuraError
from aura_shared.messages.plan_drift import PlanDriftChanged
from aura_shared.messages.plan_forecast import PlanForecastChanged
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.messages.plan_progress import PlanProgressChanged

if TYPE_CHECKING:
    from textual.content import Content

    from aura_panel.world import Part
    from aura_shared.bus import Delivery

__all__ = ["PlanView"]

_CHANGES: Final = (PlanItemsChanged, PlanProgressChanged, PlanForecastChanged, PlanDriftChanged)
_EMPTY: Final = {
    "next": "Nothing may begin now: everything is done, or waits for something. o shows the whole order.",
    "order": "Nothing is open.",
    "graph": "Nothing waits for anything: there are no items.",
    "check": "Nothing is wrong: no findings, no contradictions, no drifted documents, no unplanned commits.",
    "history": "Nothing was done to this plan yet. What is done is listed here, and can be taken back.",
}
_BEGIN: Final = (
    "{reason}\n\nBegin in one of these ways:\n"
    '  aura prd new "WHAT YOU WANT"       writes a requirements document with you\n'
    "  aura plan parse FILE               shows what a document holds\n"
    "  aura plan merge FILE               makes items of a document\n"
    "  +                                  adds the first item here"
)


class PlanView(BookView[PlanBook]):
    """The plan of the chosen project."""

    NAME = "plan"
    HELP_TEXT = """
The status is what an item's file says; "By evidence" is what commits, tests and symbols show, with how
sure that is. A ! marks where both differ. Edits here write the same files as an editor, the command
line and agents do; u takes the newest one back after showing what that changes.
The filter takes words of titles, a kind (story), a status (open, done), red, green, and ! for what does
not fit. Space folds what belongs to an item.
"""
    SECTIONS = (
        Section("tree", "t", "Tree"),
        Section("board", "b", "Board"),
        Section("next", "n", "Next"),
        Section("order", "o", "Order"),
        Section("graph", "g", "Graph"),
        Section("check", "c", "Check"),
        Section("history", "h", "History"),
    )
    COLUMNS = COLUMNS
    ASKS = "Asking for the plan …"
    AT_ONCE = ITEM_LISTS
    FILTERED = ITEM_LISTS
    FILTER_HINT = "words, a kind (story), a status (open, done), red, green, ! for what does not fit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "status", "Status"),
        Binding("a", "approve", "Approve"),
        Binding("e", "edit", "Edit"),
        Binding("plus,insert", "add", "Add", key_display="+"),
        Binding("x", "tick", "Tick"),
        Binding("u", "undo", "Undo"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("E", "editor", "Editor", key_display="E"),
        Binding("space", "fold", "Fold or unfold", show=False),
        Binding("r", "ask_again", "Ask again", show=False),
        *(Binding(section.key, f"section('{section.name}')", section.title, show=False) for section in SECTIONS),
    ]

    def __init__(self) -> None:
        super().__init__(PlanBook(""))
        self._folded: set[str] = set()
        self._known = False
        self._desk = PlanDesk(self, lambda: self.project)

    # What is asked

    def open_book(self, project: str) -> PlanBook:
        """Nothing is known of its plan yet."""
        self._known = False
        self._folded.clear()
        return PlanBook(project)

    @property
    def is_known(self) -> bool:
        """Whether its items are known."""
        return self._known

    def parts_changed(self, parts: frozenset[Part]) -> None:
        """Show the state of the index."""
        if "projects" in parts:
            self.show_state()

    def heard(self, delivery: Delivery) -> None:
        """The plan changed: ask again, now or when the view is shown."""
        event = delivery.event
        if isinstance(event, _CHANGES) and event.project == self.book.project:
            self.changed()

    async def ask_everything(self) -> None:
        """Ask for the items, the list that is shown, and what stands beside items."""
        book = self.book
        async for _ in book.ask_items(self.world.link):
            self.take()
        await self.ask_list(self.section)
        self.reach()
        if book.items:
            await book.ask_beside(self.world.link)
            self.take()

    def take(self) -> None:
        """Show what arrived."""
        self._known = True
        super().take()

    def row_reached(self, section: str, key: str) -> None:
        """Ask for an item with its text and evidence, or for what an operation changed."""
        book = self.book
        if section == "history":
            name = key.removeprefix("operation:")
            if name not in book.diffs:
                self.ask_row(book.ask_diff, name)
        elif section in ITEM_LISTS and not key.startswith("status:") and f"item:{key}" not in book.fresh:
            self.ask_row(book.ask_item, key)

    # What is shown

    def counts(self) -> Mapping[str, int]:
        """How many things the lists have that are known."""
        if not self._known:
            return {}
        book = self.book
        drifted = sum(document.drifted or document.gone for document in book.drift.documents)
        problems = len(book.contradictions()) + drifted + len(book.unplanned) + len(book.findings)
        found = {"tree": len(book.items), "check": problems}
        if "next" in book.orders:
            found["next"] = book.orders["next"].total
        return found

    def rows_of(self, section: str) -> dict[str, list[Text]]:
        """The rows of a list."""
        book, colours = self.book, self.colours
        if section in ITEM_LISTS:
            return self._item_rows(section)
        if section in {"next", "order"}:
            return self._order_rows(section)
        if section == "graph":
            return graph_rows(book.graph, colours)
        if section == "history":
            return history_rows(book.operations, colours)
        return check_rows(book.findings, book.contradictions(), book.drift, book.unplanned, colours)

    def _item_rows(self, section: str) -> dict[str, list[Text]]:
        book = self.book
        items = chosen_of(book.items, book.progress, self.filter_words)
        if section == "board":
            return board_rows(items, book.progress, self.colours)
        return tree_rows(tree_of(items, () if self.filter_words else self._folded), book.progress, self.colours)

    def _order_rows(self, section: str) -> dict[str, list[Text]]:
        order = self.book.orders.get(section)
        return order_rows(order, self.colours) if order is not None else {}

    def state_text(self) -> Text:
        """How far the plan is, and what the index lacks."""
        book = self.book
        if not book.items:
            return Text("No plan yet", self.colours["muted"])
        line = state_line(book.items, book.whole, book.forecast, book.drift, self.colours)
        info = self.world.projects.get(self.project)
        if info is not None and info.phase != "ready":
            line.append(f" · index {info.phase}: evidence may be missing", self.colours["warning"])
        return line

    def empty_text(self, section: str) -> str:
        """Why a list is empty, and what to do."""
        book = self.book
        if self.problem and not self._known:
            return "Nothing is known of the plan while it is not answered. r asks again."
        if not book.items and section != "history":
            return _BEGIN.format(reason=book.reason or "There is no plan yet.")
        if section in ITEM_LISTS:
            return "No item is like that. Esc takes the filter away."
        known = section in book.fresh or section == "check"
        return _EMPTY[section] if known else "Asking …"

    def note_text(self, section: str) -> str:
        """What a list leaves out."""
        if section in ITEM_LISTS and len(self.book.items) > MOST_ROWS and not self.filter_words:
            return f"The first {MOST_ROWS:,} rows of {len(self.book.items):,} items. / finds the others."
        order = self.book.orders.get("order") if section == "order" else None
        if order is not None and order.next:
            return f"{len(order.rows):,} of {order.total:,}. Enter on the last one shows more."
        return ""

    def details_of(self, section: str, key: str) -> tuple[str, Text, Content]:
        """All that is known of a row."""
        return details(self.book, section, key, self.colours)

    # Keys

    @property
    def item(self) -> str:
        """Identifier or path of the item that the cursor is on; empty where it is on none."""
        return self.book.item_of(self.section, self.key)

    def row_chosen(self, section: str, key: str) -> bool:
        """On the last row of a page, ask for the next one."""
        order = self.book.orders.get("order")
        if section == "order" and order is not None and order.next and key == self.rows.keys[-1]:
            self._more_order()
            return True
        return False

    @work(exclusive=True, exit_on_error=False, group="section")
    async def _more_order(self) -> None:
        try:
            await self.book.ask_more_order(self.world.link)
        except AuraError as error:
            self.told(error)
            return
        self.take()

    def action_fold(self) -> None:
        """Hide or show what belongs to the item under the cursor."""
        if self.section == "tree" and self.key:
            self._folded ^= {self.key}
            self.show()

    @work(exit_on_error=False, group="edit")
    async def action_status(self) -> None:
        """Give the item another status."""
        if item := self._wanted():
            await self._desk.set_status(item)

    @work(exit_on_error=False, group="edit")
    async def action_approve(self) -> None:
        """Approve the item as it is, or take that back."""
        if item := self._wanted():
            await self._desk.approve(item)

    @work(exit_on_error=False, group="edit")
    async def action_edit(self) -> None:
        """Give a field of the item another value."""
        if item := self._wanted():
            await self._desk.edit(item)

    @work(exit_on_error=False, group="edit")
    async def action_tick(self) -> None:
        """Tick a checkbox of the item."""
        if item := self._wanted():
            await self._desk.tick(item)

    @work(exit_on_error=False, group="edit")
    async def action_add(self) -> None:
        """Add an item."""
        if self.panel.world is not None and self.project:
            await self._desk.add(self.item)

    @work(exit_on_error=False, group="edit")
    async def action_undo(self) -> None:
        """Take the operation under the cursor back, else the newest."""
        if self.panel.world is not None and self.project:
            name = self.key.removeprefix("operation:") if self.section == "history" else ""
            await self._desk.undo(name)

    def _wanted(self) -> str:
        """The item that a key is about; when there is none, that is said."""
        if self.panel.world is None:
            return ""
        if not self.item:
            self.notify("Choose an item first: in the tree (t), the board (b) or what is next (n).")
        return self.item

    @work(exit_on_error=False, group="editor")
    async def action_editor(self) -> None:
        """Open the item's file in the editor."""
        info = self.world.projects.get(self.project) if self.panel.world is not None else None
        path, line = self.book.place_of(self.section, self.key)
        if info is None or not path:
            self._wanted()
            return
        await open_in_editor(self.panel, Path(info.root) / path, line)

    def goto(self, target: str) -> None:
        """Show a list or an item: `next`, or an identifier."""
        if target in COLUMNS:
            self.action_section(target)
            return
        self.action_section("tree")
        self._folded.clear()
        self.show()
        self.rows.move_to(target)
