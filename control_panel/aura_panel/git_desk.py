"""What keys do with a repository: each shows what would happen first, asks, does it, and says what came of it."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from aura_cli.screen import plural, safe
from aura_panel.desk import Desk
from aura_panel.git_details import mend_text, operation_details, undo_text
from aura_panel.plan_rows import one_line
from aura_panel.widgets.dialogs import Choice, Choose, Confirm
from aura_shared.errors import AuraError
from aura_shared.messages.git import AbandonOperation, GitOperation, ShowOperation, UndoOperation
from aura_shared.messages.git_health import HealthFinding, MendGit, SetWatch, WatchMode, WatchState
from aura_shared.messages.merges import AbortOperation, ContinueOperation, MergeAnswer

__all__ = ["GitDesk"]

LONG_S: Final = 900.0
"""An undo may write many files."""
_MODES: Final[tuple[tuple[WatchMode, str], ...]] = (
    ("off", "does nothing"),
    ("propose", "proposes commits and pushes, and does nothing by itself"),
    ("commit", "commits by itself once files are at rest"),
    ("push", "commits and pushes by itself"),
)


class GitDesk(Desk):
    """Carries out what a key asks for."""

    async def undo(self, operation: str) -> None:
        """Show what taking an operation back would do, then do it; without one, the newest."""
        asked = UndoOperation(project=self._project(), operation=operation, dry_run=True)
        planned = await self._view.tried(self._link.ask(asked, timeout_s=LONG_S))
        if planned is None:
            return
        if not await self._sure("Undo", undo_text(planned, self._colours), "Take back"):
            return
        wanted = UndoOperation(project=self._project(), operation=planned.operation.id)
        done = await self._view.tried(self._link.ask(wanted, timeout_s=LONG_S))
        if done is not None:
            notice = f"\n{safe(done.notice)}" if done.notice else ""
            self._say(f"Taken back: {one_line(done.operation.title)}.{notice}")

    async def go_on(self, operation: GitOperation) -> None:
        """Go on with what waits, after a yes."""
        text = await self._about(operation)
        text.append("\nFiles that you resolved are staged, and it goes on where it stopped. One with markers left is ")
        text.append("refused by name and line.\n")
        if await self._sure("Go on", text, "Go on"):
            self._tell(await self._step(ContinueOperation(project=self._project())))

    async def abort(self, operation: GitOperation) -> None:
        """Take back what waits, or what was interrupted, after a yes."""
        text = await self._about(operation)
        text.append("\nBranches, index and work tree become what they were before it began. ")
        waits = operation.state == "waiting"
        text.append("What you resolved so far goes with it.\n" if waits else "Edits since are kept in a snapshot.\n")
        if not await self._sure("Abort", text, "Take back"):
            return
        if waits:
            self._tell(await self._step(AbortOperation(project=self._project())))
            return
        asked = AbandonOperation(project=self._project(), operation=operation.id)
        done = await self._view.tried(self._link.ask(asked, timeout_s=LONG_S))
        if done is not None:
            notice = f"\n{safe(done.notice)}" if done.notice else ""
            self._say(f"Taken back: {one_line(done.operation.title)}.{notice}")

    async def _about(self, operation: GitOperation) -> Text:
        """What is known of an operation, as far as the service tells."""
        try:
            shown = await self._link.ask(ShowOperation(project=self._project(), operation=operation.id))
        except AuraError:
            shown = None  # What is known of it is enough to decide.
        quiet = operation.model_copy(update={"choices": []})
        text = Text.assemble((f"{one_line(operation.title)}\n", "bold"))
        return text.append_text(operation_details(quiet, shown, self._colours))

    async def _step(self, asked: ContinueOperation | AbortOperation) -> MergeAnswer | None:
        return await self._view.tried(self._link.ask(asked, timeout_s=LONG_S))

    def _tell(self, answer: MergeAnswer | None) -> None:
        if answer is None:
            return
        lines = [one_line(answer.summary) or answer.standing]
        if answer.left:
            lines.append(f"{plural(len(answer.left), 'file')} left to you: {safe(', '.join(answer.left[:5]))}")
        self._say("\n".join([*lines, *map(safe, answer.notes)]))

    async def mend(self, finding: HealthFinding) -> None:
        """Show what mending would change, then do it."""
        if not finding.fix:
            how = f"By hand: {safe(finding.command)}" if finding.command else "Nothing has to be done."
            self._say(f"Aura does not mend this by itself. {how}")
            return
        asked = MendGit(project=self._project(), rule=finding.rule, dry_run=True)
        planned = await self._view.tried(self._link.ask(asked, timeout_s=LONG_S))
        if planned is None:
            return
        if not planned.items and not planned.diff:
            self._say(safe(planned.notice) or "There is nothing to mend any more.")
            return
        text = mend_text(finding, planned, self._colours)
        if await self._sure("Mend", text, "Mend"):
            done = await self._view.tried(self._link.ask(asked.model_copy(update={"dry_run": False}), timeout_s=LONG_S))
            if done is not None:
                self._say(f"Mended: {plural(len(done.items), 'thing')}. u takes it back.")

    async def watch(self, now: WatchState | None) -> None:
        """Choose what the watch may do; what acts by itself asks once more."""
        choices = [Choice(mode, mode, about) for mode, about in _MODES]
        before = now.mode if now is not None else "off"
        chosen = await self._view.panel.push_screen_wait(Choose("Watch of this repository", choices, before))
        if not chosen or chosen == before:
            return
        mode: WatchMode = next(known for known, _ in _MODES if known == chosen)
        about = dict(_MODES)[mode]
        if mode in {"commit", "push"} and not await self._view.panel.push_screen_wait(
            Confirm("Watch", f"From now on the watch {about}, in this repository. Each can be undone.", "Switch it on")
        ):
            return
        found = await self._view.tried(self._link.ask(SetWatch(project=self._project(), mode=mode)))
        if found is not None:
            self._say(f"The watch {about} from now on. {safe(found.notice)}".strip())
