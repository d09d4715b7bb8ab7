"""What all views share: the bars around them, and how they are told of the world."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from aura_panel.compositor import RowCompositor
from aura_panel.widgets.keys import KeyBar
from aura_panel.widgets.nav import NavBar
from aura_shared.errors import AuraError

if TYPE_CHECKING:
    from aura_panel.app import PanelApp
    from aura_panel.world import Part, World
    from aura_shared.bus import Delivery

__all__ = ["View", "set_text"]

AnswerT = TypeVar("AnswerT")


def set_text(widget: Static, text: str | Text) -> None:
    """Show a text; one that is there already costs no new layout."""
    shown = text if isinstance(text, Text) else Text(text)
    if widget.content != shown:
        widget.update(shown)


class View(Screen[None]):
    """One screen of the panel. A subclass gives its body and overrides the hooks that it needs.

    Hooks are called in this order: `began` once when the daemon's world is known, then `project_chosen` for the project
    that is chosen, then `world_changed` and `heard` as things happen. None of them may move the focus.

    Textual calls `on_mount` and `on_screen_resume` of this class after those of a subclass, which calls neither.
    """

    NAME: ClassVar[str]
    """Of the view in the catalogue."""
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""
    HELP_TEXT: ClassVar[str] = ""
    """What a person should know of this view beside its keys; Markdown."""

    _has_begun = False

    def __init__(self) -> None:
        super().__init__()
        self._compositor = RowCompositor()
        self._styled_with_focus: bool | None = None

    def compose(self) -> ComposeResult:
        """Bars and body."""
        yield NavBar()
        yield Static(id="banner")
        yield from self.compose_body()
        yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """The widgets between the bars."""
        raise NotImplementedError

    @property
    def panel(self) -> PanelApp:
        """The application."""
        return cast("PanelApp", self.app)

    @property
    def world(self) -> World:
        """What is known; only after `began`."""
        world = self.panel.world
        assert world is not None
        return world

    @property
    def project(self) -> str:
        """Identifier of the chosen project; empty when there is none."""
        return self.panel.project

    def on_mount(self) -> None:
        """Take in what is known already."""
        self.panel.show_bars(self)
        if self.panel.world is not None:
            self.begin()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """It is in front, for the first time or again.

        Styles, and what was drawn with them, are kept when nothing can have changed them while another view was shown:
        themes are looked after where views are switched, so what is left is whether the terminal has the focus.
        """
        event.refresh_styles = self._styled_with_focus is not self.panel.app_focus
        self._styled_with_focus = self.panel.app_focus
        if self.panel.world is not None:
            self.begin()
        self.panel.shown_again(self)

    def _screen_resized(self, size: Size) -> None:
        """Lay it out for another size only; Textual does it, and draws it for nothing, with each switch of views.

        `size` of a screen is that of the terminal, whatever the screen was laid out for.
        """
        if size != self._size:
            super()._screen_resized(size)

    def begin(self) -> None:
        """The world is there, or was when this was made; only the first call counts."""
        if self._has_begun:
            return
        self._has_begun = True
        self.began()
        if self.project:
            self.project_chosen()

    def began(self) -> None:
        """Hook: the world is known from now on."""

    def project_chosen(self) -> None:
        """Hook: another project was chosen."""

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Hook: these parts of the world changed. Called while the view is shown, with all when it is shown again."""

    def heard(self, delivery: Delivery) -> None:
        """Hook: an event arrived; called whether the view is shown or not."""

    def reconnected(self) -> None:
        """Hook: the daemon is there again after it was away; what is shown may be old."""

    def goto(self, target: str) -> None:
        """Hook: show the thing with this identifier."""

    async def tried(self, work: Awaitable[AnswerT]) -> AnswerT | None:
        """The outcome of `work`; an error is shown as a notice and gives None."""
        try:
            return await work
        except AuraError as error:
            self.panel.show_error(error)
            return None
