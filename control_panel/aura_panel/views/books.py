"""Lists of the chosen project that are kept in a book: asked for when something changed, or when they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Protocol, TypeVar

from textual import work

from aura_panel.views.lists import ListsView
from aura_shared.errors import AuraError

if TYPE_CHECKING:
    from aura_panel.link import Link
    from aura_panel.world import Part

__all__ = ["Book", "BookView"]

SETTLE_S: Final = 0.15
"""Events of a burst lead to one question; a row is asked about once the cursor rests on it."""


class Book(Protocol):
    """What is known of one project."""

    project: str
    fresh: set[str]

    def outdated(self) -> None:
        """Something changed: what is kept is asked for again when it is shown."""
        ...

    def forget(self) -> None:
        """The person wants everything to be asked for again."""
        ...

    async def ask_section(self, link: Link, section: str) -> None:
        """Ask for one of the lists."""
        ...


BookT = TypeVar("BookT", bound=Book)


class BookView(ListsView, Generic[BookT]):
    """Lists of one project. A subclass opens the book, and says what is asked first.

    Args:
        book: Knows nothing yet.
    """

    ASKS: ClassVar[str]
    """What is said while a project is asked about for the first time."""
    AT_ONCE: ClassVar[frozenset[str]]
    """Lists that come with the first answers; the others are asked for when they are shown."""

    def __init__(self, book: BookT) -> None:
        super().__init__()
        self.book = book
        """What is known of the chosen project."""
        self._stale = False

    # What a subclass gives

    def open_book(self, project: str) -> BookT:
        """Hook: the book of another project, and nothing else of the one before."""
        raise NotImplementedError

    @property
    def is_known(self) -> bool:
        """Hook: whether anything was answered for this project."""
        raise NotImplementedError

    async def ask_everything(self) -> None:
        """Hook: ask for what is shown, and `take` it.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        raise NotImplementedError

    def parts_changed(self, parts: frozenset[Part]) -> None:
        """Hook: these parts of the world changed, a project is chosen, and nothing has to be asked for that."""

    # What is asked

    def project_chosen(self) -> None:
        """Show what is known of this project."""
        if self.book.project != self.project:
            self.book, self.problem, self.waiting = self.open_book(self.project), "", self.ASKS
            self.show()
            self.ask()

    def reconnected(self) -> None:
        """Ask again."""
        self.action_ask_again()

    def action_ask_again(self) -> None:
        """Ask for everything again."""
        if self.panel.world is not None and self.project:
            self.book.forget()
            self.ask()

    def world_changed(self, parts: frozenset[Part]) -> None:
        """Ask for what changed while another view was shown; say that there is no project."""
        if self._stale and self.project:
            self._stale = False
            self.ask()
        elif self.project:
            self.parts_changed(parts)
        elif "projects" in parts:
            self.waiting = "No project is registered. In the command palette (Ctrl-P): Register project."
            self.show_state()

    def changed(self) -> None:
        """Something of this project changed: ask again, now or when the view is shown."""
        self.book.outdated()
        if self.is_current:
            self.ask()
        else:
            self._stale = True

    @work(exclusive=True, exit_on_error=False, group="everything")
    async def ask(self) -> None:
        """Ask for what is shown, once for a burst of reasons."""
        await asyncio.sleep(SETTLE_S if self.is_known else 0)
        try:
            await self.ask_everything()
        except AuraError as error:
            self.told(error)

    def take(self) -> None:
        """Show what arrived."""
        self.problem, self.waiting = "", ""
        self.show()

    def section_shown(self, section: str) -> None:
        """Ask for a list that is not known, or old."""
        if section not in self.AT_ONCE and section not in self.book.fresh and self.book.project:
            self._ask_shown(section)

    @work(exclusive=True, exit_on_error=False, group="section")
    async def _ask_shown(self, section: str) -> None:
        try:
            await self.ask_list(section)
        except AuraError as error:
            self.told(error)

    async def ask_list(self, section: str) -> None:
        """Ask for a list that does not come with the first answers.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        if section not in self.AT_ONCE:
            await self.book.ask_section(self.world.link, section)
            self.take()
            self.reach()

    def reach(self) -> None:
        """The row under the cursor may be another one now."""
        if self.is_there and self.key:
            self.row_reached(self.section, self.key)

    @work(exclusive=True, exit_on_error=False, group="row")
    async def ask_row(self, question: Callable[[Link, str], Awaitable[None]], name: str) -> None:
        """Ask for what is not known of a row, once the cursor rests on it."""
        await asyncio.sleep(SETTLE_S)
        try:
            await question(self.world.link, name)
        except AuraError:
            return  # What the list knows of it is shown.
        if self.is_there:
            self.show_details()
