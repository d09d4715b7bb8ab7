"""A screen to edit a text: small changes to what is proposed, and comments of several lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import ClassVar, Final, cast

from rich.style import Style
from rich.text import Text
from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static, TextArea
from textual.widgets.text_area import TextAreaTheme

from aura_panel.widgets.dialogs import Choice, Choose, Confirm
from aura_panel.widgets.keys import KeyBar
from aura_shared.errors import AuraError, DaemonDown, StorageError
from aura_shared.security import make_visible

__all__ = ["MOST_COLOURED_LINES", "TextEditor", "fits_editor"]

MOST_COLOURED_LINES: Final = 600
"""Longer texts have no colours: finding them again takes 15 ms a key at 600 lines, and 173 ms at 6,000."""
KEEP_AFTER_S: Final = 1.0
"""Pause in typing after which what was typed is kept as a draft."""
_LANGUAGES: Final = {".py": "python", ".js": "javascript", ".mjs": "javascript", ".jsx": "javascript", ".rs": "rust",
                     ".go": "go", ".java": "java"}  # fmt: skip
_SYNTAX: Final = {
    "comment": "muted", "string": "success", "string.documentation": "success", "number": "warning",
    "float": "warning", "boolean": "warning", "keyword": "primary", "keyword.function": "primary",
    "keyword.operator": "primary", "keyword.return": "primary", "keyword.import": "primary", "conditional": "primary",
    "repeat": "primary", "exception": "primary", "include": "primary", "function": "accent", "function.call": "accent",
    "method": "accent", "method.call": "accent", "class": "accent", "type": "secondary", "type.class": "secondary",
    "type.builtin": "secondary", "constant.builtin": "warning", "constructor": "secondary",
}  # fmt: skip


def fits_editor(text: str) -> bool:
    """Whether the editor shows a text as it is and gives it back: not so with characters that hide or steer."""
    return make_visible(text) == text


class _Area(TextArea):
    """The text. Escape is the screen's: it must come after what was typed before it."""

    def __init__(self, text: str, *, is_code: bool, language: str | None) -> None:
        super().__init__(
            text, language=language, soft_wrap=not is_code, show_line_numbers=is_code, tab_behavior="indent",
            highlight_cursor_line=True, compact=True,
        )  # fmt: skip
        self.indent_type = "tabs" if "\n\t" in f"\n{text}" else "spaces"

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.prevent_default()  # The text area would give the focus away.


class TextEditor(ModalScreen[bool]):
    """Edit a text; answers whether it was saved.

    Args:
        title: What is edited.
        text: The text as it is.
        save: Called with the new text; raises AuraError when it cannot be saved.
        path: Its file, which tells the language; empty for prose.
        draft: An edit of it that was not saved.
        note: What should be known of it.
        keep: Keeps an edit as a draft, or forgets the draft when it is given None.
        start: Starts Aura, for when it does not run.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save"),
        Binding("escape", "leave", "Back"),
        Binding("ctrl+r", "begin_anew", "Begin anew"),
    ]
    DEFAULT_CSS = """
    TextEditor { background: $background; layout: vertical; }
    TextEditor #editor-title { height: 1; background: $surface; padding: 0 1; }
    TextEditor TextArea { height: 1fr; }
    TextEditor #editor-note { height: auto; max-height: 6; background: $surface; padding: 0 1; }
    """

    def __init__(
        self,
        title: str,
        text: str,
        save: Callable[[str], Awaitable[None]],
        *,
        path: str = "",
        draft: str | None = None,
        note: str = "",
        line: int = 1,
        keep: Callable[[str | None], None] | None = None,
        start: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._path = path
        self._draft = draft
        self._save = save
        self._note = note
        self._line = line
        self._keep = keep
        self._start = start
        self._timer: Timer | None = None
        self._typed = text if draft is None else draft
        self._ended = False
        self._saving = False

    def compose(self) -> ComposeResult:
        """Title, text, what to know, keys."""
        yield Static(Text(f"{self._title}  ·  Ctrl-Z undoes", no_wrap=True, overflow="ellipsis"), id="editor-title")
        text = self._text if self._draft is None else self._draft
        yield _Area(text, is_code=bool(self._path), language=self._language(text))
        yield Static(id="editor-note")
        yield KeyBar()

    def on_mount(self) -> None:
        """Type at once, where the diff was."""
        area = self._area
        area.register_theme(_theme_of(self._app.theme_variables))
        area.theme = "aura"
        area.indent_width = 4
        area.cursor_blink = False
        area.move_cursor((max(0, self._line - 1), 0))
        area.scroll_cursor_visible(center=True, animate=False)
        area.focus()
        notes = [self._note] if self._note else []
        lines = area.document.line_count
        if self._path and lines > MOST_COLOURED_LINES:
            notes.append(
                f"{lines:,} lines: shown without colours, so that typing stays fast. E opens such a file in $EDITOR."
            )
        self._tell("\n".join(notes), "muted")

    def _language(self, text: str) -> str | None:
        name = _LANGUAGES.get(PurePosixPath(self._path).suffix.lower())
        if name is None or text.count("\n") >= MOST_COLOURED_LINES or find_spec(f"tree_sitter_{name}") is None:
            return None
        return name

    @property
    def _app(self) -> App[None]:
        return cast("App[None]", self.app)

    @property
    def _area(self) -> TextArea:
        return self.query_one(TextArea)

    @property
    def _changed(self) -> bool:
        return self._area.text != self._text

    def _tell(self, text: str, colour: str) -> None:
        note = self.query_one("#editor-note", Static)
        note.display = bool(text)
        note.update(Text(text, self._app.theme_variables[colour]))

    # What was typed is never lost

    @on(TextArea.Changed)
    def typed(self) -> None:
        """Keep it as a draft once the person pauses."""
        self._typed = self._area.text
        if self._timer is not None:
            self._timer.stop()
        if self._keep is not None and not self._ended:
            self._timer = self.set_timer(KEEP_AFTER_S, self._keep_draft)

    def _keep_draft(self) -> None:
        try:
            self._keep_typed()
        except StorageError as error:
            self._tell(f"✗ The draft cannot be kept: {error.message}", "error")

    def on_unmount(self) -> None:
        """The panel is left: what was typed is kept."""
        with suppress(StorageError):
            self._keep_typed()

    def _keep_typed(self) -> None:
        if self._keep is not None and not self._ended:
            self._keep(self._typed if self._typed != self._text else None)

    # Keys

    @work(exclusive=True, exit_on_error=False)
    async def action_save(self) -> None:
        """Save and go back; what is wrong is told here."""
        if self._saving:
            return
        if not self._changed and self._draft is None:
            self._end(saved=False)
            return
        self._saving = True
        self._tell("Saving …", "muted")
        try:
            await self._try_to_save()
        finally:
            self._saving = False

    async def _try_to_save(self) -> None:
        try:
            self._typed = self._area.text
            await self._save(self._typed)
        except DaemonDown as error:
            self._keep_draft()
            kept = "What you wrote is kept as a draft." if self._keep is not None else ""
            self._tell(f"✗ {error.message}. {kept}", "error")
            if self._start is not None and await self._app.push_screen_wait(
                Confirm("Aura is not running", f"{kept} Start Aura and save?", "Start")
            ):
                await self._start_and_save()
        except AuraError as error:
            self._keep_draft()
            hint = f"\n{make_visible(error.hint)}" if error.hint else ""
            self._tell(f"✗ {make_visible(error.message)}{hint}", "error")
        else:
            self._end(saved=True)

    async def _start_and_save(self) -> None:
        assert self._start is not None
        self._tell("Starting Aura …", "muted")
        try:
            await self._start()
            await self._save(self._area.text)
        except AuraError as error:
            self._tell(f"✗ {make_visible(error.message)}", "error")
        else:
            self._end(saved=True)

    @work(exclusive=True, exit_on_error=False)
    async def action_leave(self) -> None:
        """Go back; unsaved edits only after a question."""
        if not self._changed:
            self._end(saved=False)
            return
        choices = [Choice("stay", "Go on editing")]
        if self._keep is not None:
            choices.append(Choice("keep", "Keep as a draft", "e opens it again, also after a restart"))
        choices.append(Choice("drop", "Throw the edits away"))
        chosen = await self._app.push_screen_wait(Choose("Not saved", choices))
        if chosen == "keep":
            self._typed = self._area.text
            self._keep_draft()
            self._ended = True
            self.dismiss(False)
        elif chosen == "drop":
            self._end(saved=False)

    def action_begin_anew(self) -> None:
        """Take the text as it was; one undo brings the edits back."""
        area = self._area
        area.replace(self._text, area.document.start, area.document.end)
        self._draft = None

    def _end(self, *, saved: bool) -> None:
        self._ended = True
        if self._timer is not None:
            self._timer.stop()
        if self._keep is not None:
            self._keep(None)
        self.dismiss(saved)


def _theme_of(colours: dict[str, str]) -> TextAreaTheme:
    """The panel's colours for the text area."""
    return TextAreaTheme(
        name="aura",
        base_style=Style(color=colours["foreground"], bgcolor=colours["background"]),
        gutter_style=Style(color=colours["muted"], bgcolor=colours["background"]),
        cursor_style=Style(color=colours["background"], bgcolor=colours["foreground"]),
        cursor_line_style=Style(bgcolor=colours["surface"]),
        cursor_line_gutter_style=Style(color=colours["accent"], bgcolor=colours["surface"], bold=True),
        selection_style=Style(bgcolor=colours["block-cursor-background"]),
        syntax_styles={name: Style(color=colours[colour]) for name, colour in _SYNTAX.items()},
    )
