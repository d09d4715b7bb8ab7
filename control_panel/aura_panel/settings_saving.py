"""The way from collected edits to a file: which file, the difference, a yes, and back again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aura_panel.settings_book import SettingsBook
from aura_panel.settings_rows import edit_text
from aura_panel.widgets.dialogs import Choice, Choose
from aura_panel.widgets.review import Review
from aura_shared.errors import AuraError
from aura_shared.layers import project_settings
from aura_shared.settings_editing import Edit, EditedLayer, apply_edit, plan_edit, undo_of

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["Saving"]


class Saving:
    """Asks what has to be asked before a file is written; errors are told, and lose no edit.

    Args:
        panel: Where it asks.
        book: The edits.
        root: Folder of the chosen project, if any.
    """

    def __init__(self, panel: PanelApp, book: SettingsBook, root: Path | None) -> None:
        self._panel = panel
        self._book = book
        self._root = root
        self.made: Edit | None = None
        """What was written."""

    async def save(self) -> str:
        """Save the edits after a yes; what was done, empty when nothing was."""
        layer = await self._choose_layer()
        if layer is None:
            return ""
        pending = dict(self._book.pending)
        try:
            edit = await asyncio.to_thread(plan_edit, pending, layer=layer, project_root=self._root)
        except AuraError as error:
            self._panel.show_error(error)
            return ""
        if not edit.diff:
            self._panel.notify(f"{edit.path} says so already; nothing to save there.", markup=False)
            return ""
        if not await self._made("Save?", "Save", edit):
            return ""
        self._book.note_saved(edit, pending)
        return "Saved"

    async def undo(self) -> str:
        """Take the last save back after a yes; what was done, empty when nothing was."""
        if not await self._made("Take the last save back?", "Undo", undo_of(self._book.saved[-1])):
            return ""
        self._book.saved.pop()
        return "Taken back"

    async def _choose_layer(self) -> EditedLayer | None:
        """Whose file is meant; asked where there are two."""
        if self._root is None:
            return "user"
        forbidden = self._book.not_for_a_project()
        about = f"Has no effect there: {', '.join(forbidden)}." if forbidden else str(project_settings(self._root))
        choices = [
            Choice("user", "Your own file", "For all projects."),
            Choice("project", "The project's file", about),
        ]
        chosen = await self._panel.push_screen_wait(Choose("Save where?", choices, self._book.likely_layer()))
        return "project" if chosen == "project" else "user" if chosen == "user" else None

    async def _made(self, title: str, yes: str, edit: Edit) -> bool:
        """Whether the edit was agreed to and the file written."""
        text = edit_text(edit, self._panel.theme_variables)
        if not await self._panel.push_screen_wait(Review(title, text, yes)):
            return False
        try:
            await asyncio.to_thread(apply_edit, edit)
        except AuraError as error:
            self._panel.show_error(error)
            return False
        self.made = edit
        return True
