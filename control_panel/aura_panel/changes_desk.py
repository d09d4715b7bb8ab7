"""What is done with changes and approvals: questions to the person, then requests to the services."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from aura_cli.answers import object_of
from aura_panel.changes_edits import ChangeEdits
from aura_panel.changes_rows import counts_of, files_line, merge_lines
from aura_panel.diff_document import DiffHunk, document_of_merge
from aura_panel.widgets.dialogs import Choice, Choose, Confirm, Prompt
from aura_shared.errors import AuraError, NotFound
from aura_shared.messages.approvals import Approval
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangeInfo,
    DecideHunks,
    Decision,
    Hunk,
    ShowChange,
    UndoChange,
)
from aura_shared.security import make_visible

if TYPE_CHECKING:
    from aura_panel.views.changes import ChangesView

__all__ = ["ChangesDesk"]

Chosen = Literal["accepted", "rejected"]


class ChangesDesk:
    """The deeds of the changes view.

    Args:
        view: Its view.
    """

    def __init__(self, view: ChangesView) -> None:
        self._view = view
        self._one_at_a_time = asyncio.Lock()
        self.deciding = 0
        """Decisions that are on their way; what a service says meanwhile is older."""
        self.edits = ChangeEdits(view)
        """Edits of what is proposed."""
        self.deeds: Mapping[str, Callable[[], Awaitable[None]]] = {
            "comment": self.comment,
            "edit": self.edits.edit,
            "edit_outside": self.edits.edit_outside,
            "open_file": self.edits.open_file,
            "apply": self.apply,
            "undo": self.undo,
        }
        """What is done one step after the other, by name."""

    # Approvals

    def answer(self, *, approve: bool) -> None:
        """Answer the question under the cursor."""
        approval = self._view.approval
        if approval is not None:
            self._view.run_worker(self._answer(approval, approve=approve), exit_on_error=False)

    async def _answer(self, approval: Approval, *, approve: bool) -> None:
        view = self._view
        try:
            found = await view.world.link.post(f"/v1/approvals/{approval.id}", {"approve": approve})
        except NotFound as error:
            view.panel.show_error(NotFound(error.message, hint="It lapsed or was decided elsewhere."))
        except AuraError as error:
            view.panel.show_error(error)
        else:
            view.decided(Approval.model_validate(object_of(found, "approval")))
        view.world.refresh("approvals")

    # Decisions

    def decide(self, decision: Chosen) -> None:
        """Decide on the hunk under the cursor and go to the next open one; the same decision again opens it."""
        diff = self._view.diff
        hunk = diff.hunk
        if hunk is None:
            diff.action_step(1)
            self._view.notify("Now on a hunk; press again to decide on it.")
        elif hunk.applied:
            self._view.notify("This hunk is in the file already; u takes the change back.")
        elif hunk.decision == decision:
            self._decide([hunk], "open")
        else:
            self._decide([hunk], decision)
            self._next_open(diff.number)

    def _next_open(self, number: int) -> None:
        diff = self._view.diff
        hunks = diff.document.hunks
        after = [n for n in range(number + 1, len(hunks)) if hunks[n].decision == "open" and not hunks[n].applied]
        if after:
            diff.go_to_hunk(after[0])
        elif not any(hunk.decision == "open" for hunk in hunks):
            self._view.notify("Every hunk is decided; w applies what was accepted.")

    def decide_file(self, decision: Chosen) -> None:
        """Decide on all hunks of the file under the cursor."""
        diff = self._view.diff
        path = self.edits.path()
        if path:
            self._decide([hunk for hunk in diff.document.hunks if hunk.path == path], decision)

    def reject_all(self) -> None:
        """Reject every hunk that is not applied."""
        self._decide(self._view.diff.document.hunks, "rejected")
        self._view.notify("All of it is rejected; a or A takes that back for a hunk or a file.")

    def _decide(self, hunks: Sequence[DiffHunk], decision: Decision) -> None:
        change = self._view.shown
        chosen = [hunk for hunk in hunks if not hunk.applied]
        if change is None or not chosen:
            self._view.notify("These hunks are in the files already; u takes the change back.")
            return
        for hunk in chosen:
            hunk.decision = decision
        self._view.diff.decided()
        self._send(DecideHunks(change=change.id, hunks=[hunk.id for hunk in chosen], decision=decision))

    def _send(self, request: DecideHunks) -> None:
        self.deciding += 1
        self._view.run_worker(self._sent(request), exit_on_error=False, group="decide")

    async def _sent(self, request: DecideHunks) -> None:
        """Decisions arrive in the order in which they were made."""
        view = self._view
        answer: ChangeAnswer | None = None
        try:
            async with self._one_at_a_time:
                answer = await view.tried(view.world.link.ask(request))
        finally:
            self.deciding -= 1
        if self.deciding:
            return
        if answer is None:  # What is shown was not taken: show what is.
            answer = await view.tried(view.world.link.ask(ShowChange(change=request.change)))
        if answer is not None:
            view.take(answer)

    async def comment(self) -> None:
        """Ask for a comment on the hunk under the cursor; an empty one takes it away."""
        view = self._view
        change, hunk = view.shown, view.diff.hunk
        if change is None or hunk is None:
            view.notify("Go to a hunk first (j), then comment on it.")
            return
        if "\n" in hunk.comment:
            from aura_panel.widgets.editor import TextEditor  # noqa: PLC0415 - only to edit

            await view.panel.push_screen_wait(
                TextEditor(
                    f"Comment on {hunk.title}", hunk.comment, partial(self._say, change.id, hunk.id),
                    start=view.world.link.start,
                )
            )  # fmt: skip
            return
        said = await view.panel.push_screen_wait(
            Prompt("Comment", f"On {hunk.title} of {make_visible(hunk.path)}", hunk.comment, "empty takes it away")
        )
        if said is not None and said != hunk.comment:
            hunk.comment = said
            view.diff.decided()
            self._send(DecideHunks(change=change.id, hunks=[hunk.id], comment=said))

    async def _say(self, change: str, hunk: str, text: str) -> None:
        answer = await self._view.world.link.ask(DecideHunks(change=change, hunks=[hunk], comment=text.strip()))
        self._view.take(answer)

    # Writing

    async def apply(self) -> None:
        """Write the accepted hunks after a question that names the files."""
        view, change = self._view, self._view.shown
        if change is None or not self._may_write():
            return
        hunks = [hunk for file in change.files for hunk in file.hunks]
        counts = counts_of(hunks)
        if not counts["accepted"] and not counts["open"]:
            view.notify("There is nothing to apply: every hunk is applied or rejected.")
            return
        accept_open = await self._asked_for_open(change, counts)
        if accept_open is not None:
            request = ApplyChange(change=change.id, accept_open=accept_open)
            await self._write(request, lambda: request.model_copy(update={"merge": True}), "Apply", "applied")

    def _may_write(self) -> bool:
        if self.deciding:
            self._view.notify("Your decisions are still on their way; press again in a moment.")
        return not self.deciding

    async def _asked_for_open(self, change: ChangeInfo, counts: dict[str, int]) -> bool | None:
        """Whether open hunks count as accepted; None when nothing is to be written."""
        view = self._view
        accepted, left = counts["accepted"], counts["open"]
        if accepted and left:
            choices = [
                Choice("accepted", f"Only what you accepted: {_hunks(accepted)}", f"{_hunks(left)} stay open"),
                Choice("all", f"All but what you rejected: {_hunks(accepted + left)}"),
            ]
            chosen = await view.panel.push_screen_wait(Choose("Apply", choices))
            if chosen is None:
                return None
            accept_open = chosen == "all"
        else:
            accept_open = not accepted
        wanted = {"accepted", "open"} if accept_open else {"accepted"}
        paths = [file.path for file in change.files if _any(file.hunks, wanted)]
        number = accepted + left if accept_open else accepted
        text = f"Write {_hunks(number)} to {_files(len(paths))} of {view.project_name(change.project)}?"
        if accept_open:
            text += f"\n{_hunks(left)} of them {'is' if left == 1 else 'are'} open: nobody decided yet."
        asked = Confirm("Apply", f"{text}\n\n{files_line(change, paths)}", "Apply")
        return accept_open if await view.panel.push_screen_wait(asked) else None

    async def undo(self) -> None:
        """Take the change back after a question that names the files."""
        view, change = self._view, self._view.shown
        if change is None or not self._may_write():
            return
        if not change.can_undo:
            view.notify("There is nothing to undo: this change is not applied, or its files are no longer kept.")
            return
        paths = [file.path for file in change.files if any(hunk.applied for hunk in file.hunks)]
        text = f"Take the change back in {_files(len(paths))} of {view.project_name(change.project)}?"
        if await view.panel.push_screen_wait(Confirm("Undo", f"{text}\n\n{files_line(change, paths)}", "Undo")):
            request = UndoChange(change=change.id)
            await self._write(request, lambda: request.model_copy(update={"merge": True}), "Undo", "undone")

    async def _write(
        self,
        request: ApplyChange | UndoChange,
        merging: Callable[[], ApplyChange | UndoChange],
        title: str,
        done: str,
    ) -> None:
        view = self._view
        answer = await view.tried(view.world.link.ask(request))
        if answer is not None and answer.merge:
            view.take(answer.model_copy(update={"notice": ""}))
            from aura_panel.widgets.merge import MergeQuestion  # noqa: PLC0415 - rarely needed

            head = partial(merge_lines, answer.notice)
            question = MergeQuestion(f"{title}: merge", document_of_merge(answer.merge, head), title)
            if not await view.panel.push_screen_wait(question):
                view.notify("Nothing was written.")
                return
            answer = await view.tried(view.world.link.ask(merging()))
        if answer is None:
            view.action_ask_again()  # Files may stand otherwise than shown.
            return
        view.take(answer)
        notice = f"\n{make_visible(answer.notice)}" if answer.notice else ""
        back = " u takes it back." if answer.change.can_undo else ""
        view.notify(f"{_files(len(answer.written))} written: the change is {done}.{back}{notice}", markup=False)


def _any(hunks: Sequence[Hunk], wanted: set[str]) -> bool:
    return any(not hunk.applied and hunk.decision in wanted for hunk in hunks)


def _hunks(number: int) -> str:
    return f"{number:,} {'hunk' if number == 1 else 'hunks'}"


def _files(number: int) -> str:
    return f"{number:,} {'file' if number == 1 else 'files'}"
