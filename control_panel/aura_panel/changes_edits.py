"""Edits of what a change proposes: in the panel, in $EDITOR, and what becomes of drafts that were not saved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from aura_panel.editors import open_in_editor
from aura_shared.errors import AuraError, Conflict, NotFound, UnknownChange, UsageProblem
from aura_shared.messages.changes import ChangeInfo, EditProposal, ShowChange
from aura_shared.security import make_visible

if TYPE_CHECKING:
    from aura_panel.drafts import Drafts
    from aura_panel.views.changes import ChangesView

__all__ = ["ChangeEdits", "may_be_edited"]

LEFT_ALONE: Final = timedelta(days=1)
"""A younger draft may be open in another panel, or be what somebody looks for whose change is gone."""


class ChangeEdits:
    """The edits of the changes view.

    Args:
        view: Its view.
    """

    def __init__(self, view: ChangesView) -> None:
        self._view = view
        self._tidied = False

    def path(self) -> str:
        """The file under the cursor; the only one where the cursor is above them."""
        diff = self._view.diff
        files = diff.document.files
        if diff.path or len(files) == 1:
            return diff.path or files[0].path
        self._view.notify("Go to a file first: j, or ] for the next file.")
        return ""

    def _root(self, change: ChangeInfo) -> Path | None:
        info = self._view.world.projects.get(change.project)
        if info is None:
            self._view.notify(f"The project {change.project} is not known now.", severity="error", markup=False)
            return None
        return Path(info.root)

    async def _text(self) -> tuple[ChangeInfo, str, str] | None:
        """The change, a file of it, and what is proposed for it; None, and said, where that cannot be edited."""
        view = self._view
        change, path = view.shown, self.path()
        root = self._root(change) if change is not None and path else None
        if change is None or root is None:
            return None
        from aura_cli.change_view import proposed_text  # noqa: PLC0415 - only to edit

        try:
            text = await asyncio.to_thread(proposed_text, change.model_dump(mode="json"), path, root)
        except Conflict as error:
            hint = "Undo or apply first, or have the change made anew." if change.can_undo else "Have it made anew."
            view.panel.show_error(Conflict(error.message, hint=hint))
            return None
        except (UsageProblem, NotFound) as error:
            view.panel.show_error(error)
            return None
        return change, path, text

    def _drafts(self) -> Drafts:
        from aura_panel.drafts import Drafts  # noqa: PLC0415 - only to edit

        return Drafts(self._view.world.link.paths.data / "panel")

    async def edit(self) -> None:
        """Edit what is proposed for the file under the cursor, in the panel."""
        found = await self._text()
        if found is None:
            return
        from aura_panel.widgets.editor import TextEditor, fits_editor  # noqa: PLC0415 - only to edit

        view = self._view
        change, path, text = found
        if not fits_editor(text):
            view.notify(
                f"{path} has characters that hide or end lines, which this editor would change. E opens it in $EDITOR.",
                severity="warning", markup=False,
            )  # fmt: skip
            return
        drafts = self._drafts()
        draft = drafts.find(change.id, path)
        note = ""
        if draft is not None:
            made = "" if draft.is_of(text) else " What is proposed has changed since."
            note = f"This is your draft, which was not saved.{made} Ctrl-R takes what is proposed now."
        await view.panel.push_screen_wait(
            TextEditor(
                f"{make_visible(path)}  ·  what {change.id} proposes", text, partial(self._save, change.id, path),
                path=path, draft=None if draft is None else draft.text, note=note, line=view.diff.line,
                keep=_keeper(drafts, change.id, path, text), start=view.world.link.start,
            )
        )  # fmt: skip

    async def edit_outside(self) -> None:
        """Edit it in $EDITOR."""
        found = await self._text()
        if found is None:
            return
        from aura_panel.outside import edit_text  # noqa: PLC0415 - only to edit

        change, path, text = found
        edited = await edit_text(self._view.panel, text, PurePosixPath(path).suffix or ".txt")
        if edited is None or edited == text:
            if edited is not None:
                self._view.notify("Nothing was changed.")
            return
        drafts = self._drafts()
        try:
            await self._save(change.id, path, edited)
        except AuraError as error:
            drafts.keep(change.id, path, text, edited)
            self._view.panel.show_error(error)
            self._view.notify("What you wrote is kept as a draft; e opens it.")
        else:
            drafts.forget(change.id, path)

    async def _save(self, change: str, path: str, text: str) -> None:
        view = self._view
        answer = await view.world.link.ask(EditProposal(change=change, path=path, content=text))
        view.take(answer)
        view.notify(answer.notice or "Saved; hunks that changed are open again.", markup=False)

    async def open_file(self) -> None:
        """Open the file in the project in an editor, at the line under the cursor."""
        view = self._view
        change, path = view.shown, self.path()
        root = self._root(change) if change is not None and path else None
        if change is None or root is None:
            return
        file = next(file for file in change.files if file.path == path)
        names = [name for name in (file.path, file.moved_from) if name and (root / name).is_file()]
        if not names:
            view.notify(f"{path} is not in the project now; e shows what is proposed.", markup=False)
            return
        await open_in_editor(view.panel, root / names[0], view.diff.line)

    # Drafts

    async def tidy(self) -> None:
        """Remove drafts of changes that are gone or can no longer be edited; once, as far as the service answers."""
        if self._tidied:
            return
        self._tidied = True
        drafts = self._drafts()
        for draft in await asyncio.to_thread(drafts.of_changes, LEFT_ALONE):
            change: ChangeInfo | None = None
            try:
                change = (await self._view.world.link.ask(ShowChange(change=draft.change))).change
            except UnknownChange:
                pass
            except AuraError:
                continue  # Nobody knows; it is asked again by the next panel.
            if change is None or not may_be_edited(change, draft.path):
                drafts.forget(draft.change, draft.path)


def may_be_edited(change: ChangeInfo, path: str) -> bool:
    """Whether what a change proposes for a file can be edited, now or after it was taken back."""
    file = next((file for file in change.files if file.path == path), None)
    if file is None or file.kind == "deleted":
        return False
    return change.can_undo or not any(hunk.applied for hunk in file.hunks)


def _keeper(drafts: Drafts, change: str, path: str, base: str) -> Callable[[str | None], None]:
    def keep(text: str | None) -> None:
        if text is None:
            drafts.forget(change, path)
        else:
            drafts.keep(change, path, base, text)

    return keep
