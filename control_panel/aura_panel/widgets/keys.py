"""The last row: the keys that work now, as many as fit; help and commands are always there."""

from __future__ import annotations

from typing import Final, NamedTuple, cast

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen
from textual.signal import Signal
from textual.widget import Widget

__all__ = ["KeyBar", "key_name"]

_LAST: Final = ("help", "command_palette")
"""Actions whose keys stand at the right end."""


_NAMES: Final = {"space": "Space", "⏎": "Enter", "esc": "Esc", "tab": "Tab", "shift+tab": "Shift-Tab"}


class _Key(NamedTuple):
    key: str
    what: str
    action: str


class KeyBar(Widget):
    """The keys of the view; a click on one does what it does."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Follow what has the focus: other widgets have other keys."""
        changed = cast("Signal[Screen[object]]", self.screen.bindings_updated_signal)
        changed.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Text:
        """The keys as one line."""
        colours = cast("App[None]", self.app).theme_variables
        keys = self._keys()
        last = [key for key in keys if key.action in _LAST]
        first = [key for key in keys if key.action not in _LAST]
        room = self.size.width - sum(_columns(key) for key in last)
        line, self._spans = Text(no_wrap=True), []
        for key in first:
            if line.cell_len + _columns(key) > room:
                break
            self._append(line, key, colours)
        line.append(" " * max(0, room - line.cell_len))
        for key in last:
            self._append(line, key, colours)
        return line

    def _append(self, line: Text, key: _Key, colours: dict[str, str]) -> None:
        start = line.cell_len
        line.append(f" {key.key}", f"bold {colours['accent']}").append(f" {key.what} ", colours["muted"])
        self._spans.append((start, line.cell_len, key.action))

    def _keys(self) -> list[_Key]:
        rows: dict[str, _Key] = {}
        for active in self.screen.active_bindings.values():
            binding: Binding = active.binding
            what = "Commands" if binding.action == "command_palette" else binding.description
            if active.enabled and what and (binding.show or binding.action in _LAST):
                rows.setdefault(
                    binding.action, _Key(key_name(cast("App[None]", self.app), binding), what, binding.action)
                )
        return list(rows.values())

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                await self._run(action)

    async def _run(self, action: str) -> None:
        """Run an action where it is defined: at the focus, the view or the application."""
        for active in self.screen.active_bindings.values():
            if active.binding.action == action:
                await cast("App[None]", self.app).run_action(action, active.node)
                return


def key_name(app: App[None], binding: Binding) -> str:
    """The name of a key as the panel writes it."""
    shown = app.get_key_display(binding)
    return _NAMES.get(shown, shown)


def _columns(key: _Key) -> int:
    return Text(f" {key.key} {key.what} ").cell_len
