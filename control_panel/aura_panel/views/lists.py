"""A view of several lists, one at a time, with all that is known of the row under the cursor beside or below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from aura_panel.views.view import View, set_text
from aura_panel.widgets.listing import ListColumn, Listing
from aura_panel.widgets.sections import Section, SectionBar
from aura_shared.errors import AuraError

__all__ = ["ListsView", "Rows"]


class Rows(Listing):
    """The list; Enter chooses a row, arrows to the side show another list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Read"),
        Binding("left", "screen.step(-1)", "List before", show=False),
        Binding("right", "screen.step(1)", "Next list", show=False),
    ]


class ListsView(View):
    """Lists, one at a time. A subclass gives the rows, the text of a row, and what a key does with it."""

    SECTIONS: ClassVar[tuple[Section, ...]]
    """The lists, the first one is shown first."""
    COLUMNS: ClassVar[Mapping[str, tuple[ListColumn, ...]]]
    """Columns of each list."""
    FILTERED: ClassVar[frozenset[str]] = frozenset()
    """Lists that a filter narrows."""
    FILTER_HINT: ClassVar[str] = "Words"
    """What can be typed into the filter."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back to the list", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    ListsView #state {
        height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    ListsView #filter { display: none; margin: 0 1; width: 1fr; }
    ListsView #body { height: 1fr; layout: vertical; }
    ListsView.-wide #body { layout: horizontal; }
    ListsView #list-pane { height: 1fr; padding: 0; }
    ListsView.-wide #list-pane { width: 3fr; height: 100%; }
    ListsView #details { height: 1fr; }
    ListsView.-wide #details { width: 2fr; height: 100%; }
    ListsView.-narrow.-reading #list-pane { display: none; }
    ListsView #list.-empty { height: 0; min-height: 0; }
    ListsView #note { display: none; height: auto; padding: 0 1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.section = self.SECTIONS[0].name
        """The list that is shown."""
        self.problem = ""
        """Why the newest question was not answered."""
        self.waiting = "Connecting …"
        """What is waited for."""
        self._places: dict[str, str] = {}

    def compose_body(self) -> ComposeResult:
        """State, lists, filter, list, details."""
        yield Static(id="state")
        yield from self.compose_top()
        yield SectionBar(self.SECTIONS)
        yield Input(placeholder=self.FILTER_HINT, compact=True, id="filter")
        with Container(id="body"):
            with Vertical(id="list-pane", classes="pane"):
                yield Rows(self.COLUMNS[self.section], id="list")
                yield Static(id="note", markup=False)
            with VerticalScroll(id="details", classes="pane"):
                yield Static(id="head", markup=False)
                yield Static(id="text", markup=False)

    def compose_top(self) -> ComposeResult:
        """Hook: widgets between the state and the names of the lists."""
        yield from ()

    def on_mount(self) -> None:
        """Keys go to the list."""
        self.rows.focus()
        self.show()

    # What a subclass gives

    def rows_of(self, section: str) -> dict[str, list[Text]]:
        """Hook: the rows of a list by key."""
        raise NotImplementedError

    def state_text(self) -> Text:
        """Hook: the line above the lists."""
        raise NotImplementedError

    def empty_text(self, section: str) -> str:
        """Hook: why a list is empty, and what to do."""
        raise NotImplementedError

    def details_of(self, section: str, key: str) -> tuple[str, Text, Content]:
        """Hook: title, facts and text of a row."""
        raise NotImplementedError

    def counts(self) -> Mapping[str, int]:
        """Hook: how many things each list has."""
        return {}

    def note_text(self, section: str) -> str:
        """Hook: what to know of a list that has rows."""
        del section
        return ""

    def row_reached(self, section: str, key: str) -> None:
        """Hook: the cursor is on a row; what is not known of it can be asked for."""

    def section_shown(self, section: str) -> None:
        """Hook: a list is shown; what is not known of it can be asked for."""

    def row_chosen(self, section: str, key: str) -> bool:
        """Hook: Enter; False to read the row."""
        del section, key
        return False

    # What is shown

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one("#list", Rows)

    @property
    def key(self) -> str:
        """Key of the row under the cursor."""
        return self.rows.key

    @property
    def colours(self) -> dict[str, str]:
        """Colours of the theme by name."""
        return self.panel.theme_variables

    @property
    def filter_words(self) -> str:
        """What the filter says."""
        return self.query_one("#filter", Input).value

    @property
    def is_there(self) -> bool:
        """Whether there is still something to show it in: answers may arrive while the panel is being left."""
        return bool(self.query("#state"))

    def show(self) -> None:
        """Show what is known now; cursor and scroll position stay."""
        if not self.is_there:
            return
        rows = self.rows_of(self.section)
        self.rows.show(rows, self.COLUMNS[self.section])
        self.rows.set_class(not rows, "-empty")
        bar = self.query_one(SectionBar)
        bar.active, bar.counts = self.section, self.counts()
        self.query_one("#list-pane").border_title = _title_of(self.SECTIONS, self.section)
        self._show_note(empty=not rows)
        self.show_state()
        self.show_details()

    def show_state(self) -> None:
        """Show the line above the lists."""
        if not self.is_there:
            return
        if self.problem:
            text = Text(f"✗ {self.problem}", self.colours["error"])
        else:
            text = Text(self.waiting, self.colours["muted"]) if self.waiting else self.state_text()
        set_text(self.query_one("#state", Static), text)

    def _show_note(self, *, empty: bool) -> None:
        note = self.query_one("#note", Static)
        text = self.empty_text(self.section) if empty and not self.waiting else self.note_text(self.section)
        note.display = bool(text)
        set_text(note, text)
        self.query_one("#details").display = not empty

    def show_details(self) -> None:
        """Show what is known of the row under the cursor."""
        key = self.key
        if not key:
            return
        pane = self.query_one("#details", VerticalScroll)
        title, head, text = self.details_of(self.section, key)
        before, pane.border_title = pane.border_title, Text(title).markup
        set_text(self.query_one("#head", Static), head)
        body = self.query_one("#text", Static)
        body.display = bool(text)
        body.update(text)
        if before != pane.border_title:
            pane.scroll_home(animate=False)

    @on(DataTable.RowHighlighted)
    def row_highlighted(self) -> None:
        """Show the row under the cursor."""
        self.show_details()
        if self.key and self.panel.world is not None:
            self.row_reached(self.section, self.key)

    def told(self, error: AuraError) -> None:
        """A question was not answered: say so, and keep what is shown."""
        self.problem, self.waiting = error.message, ""
        self.show()

    # Keys

    @on(SectionBar.Chosen)
    def section_clicked(self, event: SectionBar.Chosen) -> None:
        """Show the list that was clicked."""
        self.action_section(event.name)

    def action_section(self, name: str) -> None:
        """Show one of the lists, where it was left."""
        self._places[self.section] = self.key
        self.section = name
        self.query_one("#filter").display = bool(self.filter_words) and name in self.FILTERED
        self.show()
        self.rows.move_to(self._places.get(name, ""))
        self.remove_class("-reading")
        self.rows.focus()
        if self.panel.world is not None:
            self.section_shown(name)
            if self.key:
                self.row_reached(name, self.key)

    def action_step(self, by: int) -> None:
        """Show the list before or after this one."""
        names = [section.name for section in self.SECTIONS]
        self.action_section(names[(names.index(self.section) + by) % len(names)])

    @on(DataTable.RowSelected)
    def row_selected(self) -> None:
        """Do the obvious with a row; else read it, where there is little room on all of the screen."""
        if self.key and not self.row_chosen(self.section, self.key):
            self.action_read()

    def action_read(self) -> None:
        """Go to the details."""
        if self.key:
            self.add_class("-reading")
            self.query_one("#details").focus()

    def action_back(self) -> None:
        """Back to the list; from the filter, take it away."""
        filter_input = self.query_one("#filter", Input)
        if filter_input.has_focus or (self.rows.has_focus and filter_input.value):
            filter_input.value = ""
            filter_input.display = False
        self.remove_class("-reading")
        self.rows.focus()

    def action_filter(self) -> None:
        """Narrow the list."""
        if self.section not in self.FILTERED:
            self.action_section(next(section.name for section in self.SECTIONS if section.name in self.FILTERED))
        filter_input = self.query_one("#filter", Input)
        filter_input.display = True
        filter_input.focus()

    @on(Input.Changed, "#filter")
    def filter_changed(self) -> None:
        """Show what fits."""
        self.show()

    @on(Input.Submitted, "#filter")
    def filter_done(self) -> None:
        """Go to the list."""
        self.query_one("#filter").display = bool(self.filter_words)
        self.rows.focus()


def _title_of(sections: tuple[Section, ...], name: str) -> str:
    return next(section.title for section in sections if section.name == name)
