"""Settings: what holds and why; edits are checked while they are typed, and shown as a difference before a save."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widgets import DataTable, Input, Static

from aura_panel.settings_book import SettingsBook
from aura_panel.settings_desk import text_of_value
from aura_panel.settings_reload import reload_services
from aura_panel.settings_rows import COLUMNS, setting_details, setting_rows
from aura_panel.settings_saving import Saving
from aura_panel.themes import THEMES
from aura_panel.views.view import View
from aura_panel.widgets.dialogs import Choice, Choose
from aura_panel.widgets.listing import Listing
from aura_shared.errors import SettingsError
from aura_shared.redaction import MASK
from aura_shared.settings_catalog import SettingInfo, check, describe

if TYPE_CHECKING:
    from aura_panel.world import Part
    from aura_shared.settings_editing import Edit

__all__ = ["SettingsView"]

_TOLD_S = 10.0


class _Rows(Listing):
    """The list; Enter edits a setting."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Edit")]


class _Value(Input):
    """Where a value is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Take it"),
        Binding("escape", "screen.back", "Leave it"),
    ]


class SettingsView(View):
    """All settings, the one under the cursor in full, and what was edited and is not saved yet."""

    NAME = "settings"
    HELP_TEXT = """
Later layers win: defaults, your own file, the project's .aura/config.toml, environment variables,
flags. ▸ marks what is not at its default, * what you edited. Edits are collected; s shows what they
change in the file, and saves after a yes. Lists are typed a,b or as JSON, tables as JSON.
Services take in what was saved at once; this view says what was restarted, or waits for later.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Save"),
        Binding("r", "reset", "Reset"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("c", "only_changed", "Only changed"),
        Binding("u", "undo", "Undo save"),
        Binding("d", "drop", "Drop the edit", show=False),
        Binding("escape", "back", "Leave the input, then the filter", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]  # noqa: RUF012 - as Textual declares it
    DEFAULT_CSS = """
    SettingsView #state {
        height: 1; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    SettingsView #filter { display: none; height: 1; padding: 0 1; }
    SettingsView #filter.-shown { display: block; }
    SettingsView #body { height: 1fr; layout: vertical; }
    SettingsView.-wide #body { layout: horizontal; }
    SettingsView #list-pane { height: 3fr; }
    SettingsView.-wide #list-pane { width: 3fr; height: 100%; }
    SettingsView #details-pane { height: 2fr; min-height: 9; }
    SettingsView.-wide #details-pane { width: 2fr; height: 100%; }
    SettingsView #details { height: 1fr; }
    SettingsView #editor { display: none; height: auto; border-top: solid $border; }
    SettingsView #editor.-shown { display: block; }
    SettingsView #problem { height: auto; max-height: 3; color: $muted; }
    SettingsView #problem.-wrong { color: $error; }
    SettingsView #none { display: none; color: $muted; padding: 0 1; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._book = SettingsBook()
        self._edited = ""
        self._known = False
        self._target = ""

    def compose_body(self) -> ComposeResult:
        """State, filter, list, details with the editor."""
        yield Static(id="state")
        yield _Value(placeholder="words of the name or the meaning", id="filter", compact=True)
        with Container(id="body"):
            with Vertical(id="list-pane", classes="pane"):
                yield _Rows(COLUMNS, id="list")
                yield Static(id="none")
            with Vertical(id="details-pane", classes="pane"):
                with VerticalScroll(id="details"):
                    yield Static()
                with Vertical(id="editor"):
                    yield _Value(id="value", compact=True)
                    yield Static(id="problem")

    def on_mount(self) -> None:
        """Show the settings; no daemon is needed for them."""
        self.query_one("#list-pane").border_title = "Settings"
        self._list.focus()
        self.query_one("#state", Static).update("Reading the settings …")
        self._get_ready()

    @work(exit_on_error=False)
    async def _get_ready(self) -> None:
        """Find out what can be set, which takes a moment the first time, then show it."""
        await asyncio.to_thread(describe)
        self._known = True
        self._read()
        if self._target:
            self.goto(self._target)

    @property
    def _list(self) -> Listing:
        return self.query_one("#list", Listing)

    @property
    def _root(self) -> Path | None:
        """Folder of the chosen project."""
        world = self.panel.world
        info = world.projects.get(self.project) if world is not None else None
        return Path(info.root) if info is not None else None

    # What holds

    def began(self) -> None:
        """Nothing: settings are read without the daemon."""

    def project_chosen(self) -> None:
        """Its file counts from now on."""
        self._read()

    def reconnected(self) -> None:
        """Files may have changed."""
        self._read()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Shown again, with all parts: files may have changed."""
        if {"presence", "projects"} <= parts:
            self._read()

    def _read(self) -> None:
        """Read all layers; what is wrong is said, and what was known stays."""
        if self._known:
            self._book.read(self._root)
            self._show()

    # What is shown

    def _show(self) -> None:
        if not self.query("#state"):  # The panel is being left.
            return
        infos = self._book.infos()
        self._list.show(setting_rows(infos, self._book.held, self._book.pending, self.panel.theme_variables))
        self._list.display = bool(infos)
        none = self.query_one("#none", Static)
        none.display = not infos
        none.update(
            "No setting matches. Esc shows all again." if self._book.words else "Every setting is at its default."
        )
        self._show_state(len(infos))
        self._show_details()

    def _show_state(self, shown: int) -> None:
        colours = self.panel.theme_variables
        changed = self._book.changed()
        text = Text(f"{shown} of {len(describe())} settings")
        text.append(f"  ·  {changed} not at their default", colours["muted"])
        if self._book.only_changed:
            text.append("  ·  only those", f"bold {colours['primary']}")
        if self._book.pending:
            count = len(self._book.pending)
            text.append(f"  ·  * {count} {'edit' if count == 1 else 'edits'} not saved", f"bold {colours['accent']}")
        if self._book.problem:
            text = Text(f"✗ {self._book.problem}", colours["error"])
        self.query_one("#state", Static).update(text)

    def _show_details(self) -> None:
        info = self._info()
        pane = self.query_one("#details-pane")
        pane.border_title = info.key if info is not None else ""
        text = Text()
        if info is not None:
            text = setting_details(info, self._book.held.get(info.key), self._book.pending, self.panel.theme_variables)
        self.query_one("#details > Static", Static).update(text)

    def _info(self, key: str = "") -> SettingInfo | None:
        wanted = key or self._edited or self._list.key
        return next((info for info in describe() if info.key == wanted), None)

    @on(DataTable.RowHighlighted)
    def row_highlighted(self) -> None:
        """Show the setting under the cursor."""
        if not self._edited:
            self.query_one("#details").scroll_home(animate=False)
        self._show_details()

    def goto(self, target: str) -> None:
        """Put the cursor on a setting, or on the first of a section."""
        self._target = "" if self._known else target
        if not self._known:
            return
        self._book.words, self._book.only_changed = "", False
        self._close_filter()
        self._show()
        for info in describe():
            if target in {info.key, info.section}:
                self._list.move_to(info.key)
                return

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would be typed are not offered while something is typed."""
        del parameters
        return not (action == "filter" and isinstance(self.focused, Input))

    # Filter

    def action_filter(self) -> None:
        """Type words."""
        entry = self.query_one("#filter", Input)
        entry.add_class("-shown")
        entry.focus()

    def _close_filter(self) -> None:
        entry = self.query_one("#filter", Input)
        entry.remove_class("-shown")
        entry.value = ""

    @on(Input.Changed, "#filter")
    def filter_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._book.words = event.value
        self._show()

    @on(Input.Submitted, "#filter")
    def filter_done(self) -> None:
        """Back to the list, narrowed."""
        self._list.focus()

    def action_only_changed(self) -> None:
        """Show only what is not at its default, or all."""
        self._book.only_changed = not self._book.only_changed
        self._show()

    def action_back(self) -> None:
        """Leave the editor, or the filter."""
        entry = self.query_one("#filter", Input)
        if self._edited:
            self._leave_editor()
        elif entry.has_class("-shown"):
            self._close_filter()
            self._list.focus()
        elif self._book.only_changed:
            self.action_only_changed()
        else:
            self._list.focus()

    # Edits

    @on(DataTable.RowSelected)
    def edit(self) -> None:
        """Edit the setting under the cursor."""
        info = self._info()
        if info is None:
            return
        if info.choices:
            self._choose(info)
            return
        entry = self.query_one("#value", Input)
        self._edited = info.key
        text = self._book.text_now(info)
        entry.value = "" if MASK in text else text
        entry.placeholder = f"{info.takes} {info.bounds}".strip()
        self.query_one("#editor").add_class("-shown")
        entry.focus()
        self._check_typed(entry.value)

    @work(name="action_choose", exit_on_error=False)
    async def _choose(self, info: SettingInfo) -> None:
        choices = [
            Choice(choice, choice, "default" if choice == text_of_value(info.default) else "")
            for choice in info.choices
        ]
        chosen = await self.panel.push_screen_wait(Choose(info.key, choices, self._book.text_now(info)))
        if chosen is not None:
            self._take(info, chosen)

    @on(Input.Changed, "#value")
    def value_typed(self, event: Input.Changed) -> None:
        """Say what is wrong, while it is typed."""
        if self._edited:
            self._check_typed(event.value)

    def _check_typed(self, text: str) -> bool:
        """Whether the text is a value; says why not."""
        try:
            check(self._edited, text)
            problem = ""
        except SettingsError as error:
            problem = error.message.removeprefix(f"{self._edited}: ")
        note = self.query_one("#problem", Static)
        note.set_class(bool(problem), "-wrong")
        note.update(Text(f"✗ {problem}" if problem else "Enter takes it, Esc leaves it as it was."))
        return not problem

    @on(Input.Submitted, "#value")
    def value_done(self, event: Input.Submitted) -> None:
        """Take the value, unless it is none."""
        info = self._info(self._edited)
        if info is not None and self._check_typed(event.value):
            self._leave_editor()
            self._take(info, event.value)

    def _leave_editor(self) -> None:
        self._edited = ""
        self.query_one("#editor").remove_class("-shown")
        self._list.focus()
        self._show_details()

    def _take(self, info: SettingInfo, text: str) -> None:
        self._book.take(info, text)
        self._show()

    def action_reset(self) -> None:
        """Take the setting under the cursor out of its file, so that a weaker layer or the default holds."""
        info = self._info()
        told = self._book.reset(info) if info is not None else ""
        if told:
            self.notify(told, markup=False)
        self._show()

    def action_drop(self) -> None:
        """Forget the edit of the setting under the cursor."""
        self._book.pending.pop(self._list.key, None)
        self._show()

    # Saving

    def _saving(self) -> Saving:
        return Saving(self.panel, self._book, self._root)

    @work(exclusive=True, exit_on_error=False, group="save")
    async def action_save(self) -> None:
        """Show what would change in the file; save after a yes."""
        if not self._book.pending:
            self.notify("Nothing was edited. Enter edits the setting under the cursor.")
            return
        saving = self._saving()
        self._after(await saving.save(), saving.made)

    @work(exclusive=True, exit_on_error=False, group="save")
    async def action_undo(self) -> None:
        """Take the last save back after a yes."""
        if not self._book.saved:
            self.notify("Nothing was saved since the panel was started.")
            return
        saving = self._saving()
        self._after(await saving.undo(), saving.made)

    def _after(self, done: str, made: Edit | None) -> None:
        """Show what holds now; have the services take it in when something was written."""
        self._read()
        if made is not None:
            self._show_theme()
            self._tell_daemon(done, made)

    @work(exclusive=True, exit_on_error=False, group="reload")
    async def _tell_daemon(self, done: str, made: Edit) -> None:
        """Have the services take in what was saved, and say what became of it."""
        told = await reload_services(self.panel.world, made)
        weight = "information" if told.done else "warning"
        self.notify(f"{done}; {told.text}.", severity=weight, timeout=_TOLD_S, markup=False)

    def _show_theme(self) -> None:
        """Take in another theme of the panel at once."""
        found = self._book.held.get("panel.theme")
        with suppress(KeyError):
            if found is not None and isinstance(found.value, str):
                self.panel.theme = THEMES[found.value].name
