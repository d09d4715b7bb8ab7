"""Models: the servers of this machine, who plays which role and why, how models did, and Aura's prompts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import DataTable, Static
from textual.worker import Worker

from aura_panel.models_book import ModelsBook
from aura_panel.models_rows import COLUMNS, no_model_text, state_line, title_of
from aura_panel.models_testing import how_far, until_tested
from aura_panel.views.view import View
from aura_panel.widgets.dialogs import Confirm
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.sections import Section, SectionBar
from aura_shared.errors import AuraError
from aura_shared.messages.assist import ListPrompts
from aura_shared.messages.models import ClearModelCache

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.messages.core import Progress

__all__ = ["ModelsView"]

SECTIONS: Final = (
    Section("models", "m", "Models"),
    Section("roles", "o", "Roles"),
    Section("figures", "f", "Figures"),
    Section("prompts", "w", "Prompts"),
)
_EMPTY: Final = {
    "models": "",
    "roles": "Roles are known once a model server was looked for. r asks again.",
    "figures": "No model was asked in the last 30 days. Figures appear here with the first explanation or review.",
    "prompts": "No prompts are known; the service factory has them. r asks again.",
}


class _Rows(Listing):
    """The list; Enter shows all of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Read")]


class ModelsView(View):
    """Four lists, one at a time, with all that is known of the row under the cursor beside or below."""

    NAME = "models"
    HELP_TEXT = """
Models: the programs of this machine that serve models, and what each model can do. t tests a model.
Roles: which models Aura asks first for what, and why. Figures: how they did over 30 days; Good is
the share of judged answers that passed. Prompts: all that Aura says to a model, word for word.
x forgets kept answers: those of the model under the cursor, else all.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "test", "Test model"),
        Binding("r", "ask_again", "Ask again"),
        Binding("x", "clear_cache", "Clear cache"),
        Binding("s", "settings", "Settings"),
        Binding("left", "step(-1)", "List before", show=False, priority=True),
        Binding("right", "step(1)", "Next list", show=False, priority=True),
        *(Binding(section.key, f"section('{section.name}')", section.title, show=False) for section in SECTIONS),
        Binding("escape", "back", "Back to the list, or end the test", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    ModelsView #state {
        height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    ModelsView #body { height: 1fr; layout: vertical; }
    ModelsView.-wide #body { layout: horizontal; }
    ModelsView #list-pane { height: 1fr; }
    ModelsView.-wide #list-pane { width: 3fr; height: 100%; }
    ModelsView #details { height: 1fr; }
    ModelsView.-wide #details { width: 2fr; height: 100%; }
    ModelsView.-narrow.-reading #list-pane { display: none; }
    ModelsView #note { display: none; height: auto; padding: 0 1; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._book = ModelsBook()
        self._section = "models"
        self._problem = ""
        self._waiting = "Connecting …"
        self._test_work: Worker[None] | None = None
        self._places: dict[str, str] = {}

    def compose_body(self) -> ComposeResult:
        """State, parts, list, details."""
        yield Static(id="state")
        yield SectionBar(SECTIONS)
        with Container(id="body"):
            with Vertical(id="list-pane", classes="pane"):
                yield _Rows(COLUMNS["models"], id="list")
                yield Static(id="note")
            with VerticalScroll(id="details", classes="pane"):
                yield Static()

    def on_mount(self) -> None:
        """Keys go to the list."""
        self._list.focus()
        self._show()

    @property
    def _list(self) -> Listing:
        return self.query_one("#list", Listing)

    # What is asked

    def began(self) -> None:
        """Ask for everything."""
        self._ask()
        self._ask_prompts()

    def reconnected(self) -> None:
        """Ask again."""
        self._ask()
        self._ask_prompts()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Servers came or went."""
        if "models" in parts and self._book.known:
            self._ask()

    @work(exclusive=True, exit_on_error=False, group="models")
    async def _ask(self, *, probe: bool = False) -> None:
        self._waiting = "Asking the model servers …" if probe or not self._book.known else ""
        self._show_state()
        try:
            await self._book.ask(self.world.link, probe=probe)
            self._problem = ""
        except AuraError as error:
            self._problem = error.message
        self._waiting = ""
        self._show()

    @work(exclusive=True, exit_on_error=False, group="prompts")
    async def _ask_prompts(self) -> None:
        try:
            await self._book.ask_prompts(self.world.link)
        except AuraError:
            return  # The empty list says who has them.
        self._show()

    @work(exclusive=True, exit_on_error=False, group="prompt")
    async def _ask_prompt(self, name: str) -> None:
        found = await self.tried(self.world.link.ask(ListPrompts(name=name)))
        if found is not None and found.prompts:
            self._book.prompts[name] = found.prompts[0]
            self._show()

    # What is shown

    def _show(self) -> None:
        if not self._is_there:
            return
        rows = self._book.rows(self._section, self.panel.theme_variables)
        self._list.show(rows, COLUMNS[self._section])
        self._list.display = bool(rows)
        self._show_state()
        self._show_note(empty=not rows)
        bar = self.query_one(SectionBar)
        bar.active = self._section
        bar.counts = self._book.counts()
        pane = self.query_one("#list-pane")
        pane.border_title = next(section.title for section in SECTIONS if section.name == self._section)
        self._show_details()

    @property
    def _is_there(self) -> bool:
        """Whether there is still something to show it in: answers may arrive while the panel is being left."""
        return bool(self.query("#state"))

    def _show_state(self) -> None:
        if not self._is_there:
            return
        colours = self.panel.theme_variables
        if self._waiting:
            text = Text(self._waiting, colours["muted"])
        elif self._problem:
            text = Text(f"✗ {self._problem}", colours["error"])
        else:
            text = state_line(self._book.answer, self._book.stats, colours)
        self.query_one("#state", Static).update(text)

    def _show_note(self, *, empty: bool) -> None:
        """Why the list is empty, or why no model can be asked."""
        note = self.query_one("#note", Static)
        text: Text | None = None
        if self._section == "models" and self._book.known and self._book.answer.reason:
            text = no_model_text(self._book.answer, self.panel.theme_variables)
        elif empty and self._book.known:
            text = Text(_EMPTY[self._section])
        elif empty and self._problem:
            text = Text("Nothing is known of models while their service does not answer. r asks again.")
        note.display = text is not None
        note.update(text or "")
        self.query_one("#details").display = not empty

    def _show_details(self) -> None:
        key = self._list.key
        pane = self.query_one("#details", VerticalScroll)
        if not key:
            return
        if self._section == "prompts" and not self._book.prompts[key].text and self.panel.world is not None:
            self._ask_prompt(key)
        before, pane.border_title = pane.border_title, title_of(key)
        pane.query_one(Static).update(self._book.details(self._section, key, self.panel.theme_variables))
        if before != pane.border_title:
            pane.scroll_home(animate=False)

    @on(DataTable.RowHighlighted)
    def row_highlighted(self) -> None:
        """Show the row under the cursor."""
        self._show_details()

    # Keys

    @on(SectionBar.Chosen)
    def section_clicked(self, event: SectionBar.Chosen) -> None:
        """Show the list that was clicked."""
        self.action_section(event.name)

    def action_section(self, name: str) -> None:
        """Show one of the lists, where it was left."""
        self._places[self._section] = self._list.key
        self._section = name
        self._show()
        self._list.move_to(self._places.get(name, ""))
        self.action_back()

    def action_step(self, by: int) -> None:
        """Show the list before or after this one."""
        names = [section.name for section in SECTIONS]
        self.action_section(names[(names.index(self._section) + by) % len(names)])

    @on(DataTable.RowSelected)
    def action_read(self) -> None:
        """Go to the details; where there is little room they take all of it."""
        if self._list.key:
            self.add_class("-reading")
            self.query_one("#details").focus()

    def action_back(self) -> None:
        """Back to the list; there, end the test that runs."""
        if self.has_class("-reading") or not self._list.has_focus:
            self.remove_class("-reading")
            self._list.focus()
        elif self._test_work is not None:
            self._test_work.cancel()

    def action_ask_again(self) -> None:
        """Ask the servers anew."""
        if self.panel.world is not None:
            self._ask(probe=True)
            self._ask_prompts()

    def action_settings(self) -> None:
        """Show the settings of models."""
        key = self._list.key
        self.panel.open_view("settings", "models.roles" if self._section == "roles" and key else "models")

    def action_test(self) -> None:
        """Test the model under the cursor."""
        kind, _, name = self._list.key.partition(":")
        if self._section != "models" or kind != "model":
            self.notify("Choose a model in the list of models (m), then press t.")
        elif self._book.testing:
            self.notify(f"{self._book.testing} is being tested; Esc ends that.", markup=False)
        elif self.panel.world is not None:
            self._book.testing, self._book.progress = name, "Testing …"
            self._show()
            self._test_work = self._test(name)

    @work(exit_on_error=False, group="test")
    async def _test(self, name: str) -> None:
        try:
            await until_tested(self.world.link, name, partial(self._progressed, name))
            self.notify(f"{name} was tested.", markup=False)
        except AuraError as error:
            self.panel.show_error(error)
        finally:
            self._book.testing, self._test_work = "", None
            self._show()
        self._ask()

    def _progressed(self, name: str, progress: Progress) -> None:
        if name == self._book.testing:
            self._book.progress = how_far(progress)
            self._show_details()

    @work(exit_on_error=False)
    async def action_clear_cache(self) -> None:
        """Forget kept answers after a yes."""
        kind, _, name = self._list.key.partition(":")
        model = name if kind == "model" else ""
        entries = self._book.stats.cache_entries
        what = f"the kept answers of {model}" if model else f"all {entries:,} kept answers"
        text = f"Forget {what}? The same questions are put to a model again, which takes longer."
        if self.panel.world is None or not await self.panel.push_screen_wait(Confirm("Clear the cache", text, "Clear")):
            return
        cleared = await self.tried(self.world.link.ask(ClearModelCache(model=model)))
        if cleared is not None:
            self.notify(f"{cleared.entries:,} kept answers forgotten.")
            self._ask()

    def goto(self, target: str) -> None:
        """Show a list, a model or a server: `roles`, `model:NAME`, `server:NAME`."""
        if target in COLUMNS:
            self.action_section(target)
        else:
            self.action_section("models")
            self._list.move_to(target)
