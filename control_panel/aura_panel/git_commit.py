"""The way of a commit in the panel: what to take in, a draft, the message, what has to be said yes to, the commit."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rich.text import Text

from aura_cli.commit_environment import for_hooks
from aura_cli.screen import plural, safe
from aura_panel.desk import Desk
from aura_panel.drafts import Drafts
from aura_panel.plan_rows import one_line
from aura_panel.widgets.commit import CommitScreen
from aura_panel.widgets.dialogs import Choice
from aura_shared.errors import AuraError
from aura_shared.messages.commits import (
    CommitAnswer,
    CommitDraft,
    CommitWhat,
    DraftCommit,
    LintMessages,
    MakeCommit,
    MessageProblem,
)
from aura_shared.messages.git import GitStatus

if TYPE_CHECKING:
    from aura_panel.views.view import View

__all__ = ["CommitDesk"]

DRAFT_S: Final = 180.0
"""A model may word the draft."""
COMMIT_S: Final = 900.0
"""Hooks run as long as they want."""
MOST_CHECKED: Final = 100_000
"""Letters of a message that a service takes."""
_NAME: Final = "message"


class CommitDesk(Desk):
    """Carries a commit through. A message that was not committed is kept for the next time.

    Args:
        view: The view; its questions are shown over it.
        project: Tells the project.
        waits: Shows what is waited for; empty when nothing is.
    """

    def __init__(self, view: View, project: Callable[[], str], waits: Callable[[str], None]) -> None:
        super().__init__(view, project)
        self._waits = waits

    async def commit(self, status: GitStatus) -> None:
        """Draft a commit, and make it when the person wants it."""
        what = await self._what(status)
        if what is None:
            return
        message, problem, agreed = self._kept(), "", ""
        while True:
            draft = await self._draft(what)
            if draft is None or draft.message is None:
                return
            screen = CommitScreen(
                draft, message or draft.message.text, self._problems_of, problem=problem, agreed=agreed
            )
            message, wanted = await self._view.panel.push_screen_wait(screen)
            self._keep(message, draft.message.text)
            if not wanted:
                return
            agreed = message
            allow = await self._allowed(draft)
            if allow is None:
                continue
            problem = await self._make(draft, message, allow)
            if not problem:
                self._forget()
                return

    async def _what(self, status: GitStatus) -> CommitWhat | None:
        others = status.unstaged + status.untracked
        if status.staged and others:
            choices = [
                Choice("staged", "What is staged", plural(status.staged, "path")),
                Choice("all", "Everything", f"{plural(status.staged + others, 'path')}, new files as well"),
            ]
            chosen = await self._choose("Commit", choices, "staged")
            return None if not chosen else "all" if chosen == "all" else "staged"
        if not status.staged and not others and not status.in_progress:
            self._say("There is nothing to commit: no file changed.")
            return None
        return "staged" if not others else "all"

    async def _draft(self, what: CommitWhat) -> CommitDraft | None:
        self._waits("Drafting a commit …")
        asked = DraftCommit(project=self._project(), what=what)
        draft = await self._view.tried(self._link.ask(asked, timeout_s=DRAFT_S))
        self._waits("")
        if draft is not None and draft.message is None:
            self._say("There is nothing to commit.")
        return draft

    async def _problems_of(self, message: str) -> list[MessageProblem]:
        """What is wrong with an edited message.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        asked = LintMessages(project=self._project(), text=message[:MOST_CHECKED])
        checked = await self._link.ask(asked)
        return [problem for one in checked.commits for problem in one.problems]

    async def _allowed(self, draft: CommitDraft) -> list[str] | None:
        """What holds the commit back and is right as it is; None when the person goes back."""
        blocking = [one for one in draft.concerns if one.blocks]
        text = Text()
        for one in blocking:
            text.append(f"✗ {safe(one.path)}{f':{one.line}' if one.line else ''}  {safe(one.message)}\n")
        if draft.protected:
            text.append(f"! {one_line(draft.branch)} is a protected branch.\n")
        if not text:
            return []
        text.append("\nCommit all the same? This counts once, for this commit.\n")
        sure = await self._sure("This holds the commit back", text, "Commit")
        return list(dict.fromkeys(f"{one.rule}:{one.path}" for one in blocking)) if sure else None

    async def _make(self, draft: CommitDraft, message: str, allow: list[str]) -> str:
        """Commit; why it was not done, or nothing."""
        self._waits("Committing; hooks may take a while …")
        asked = MakeCommit(
            project=self._project(), draft=draft.id, message=message, allow=allow, protected_ok=draft.protected,
            environment=for_hooks(os.environ),
        )  # fmt: skip
        try:
            made = await self._link.ask(asked, timeout_s=COMMIT_S)
        except AuraError as error:
            return f"✗ {error.message} {error.hint}".strip()
        finally:
            self._waits("")
        self._tell(made)
        return ""

    def _tell(self, made: CommitAnswer) -> None:
        lines = [f"{made.commit[:10]} {one_line(made.subject)}", f"{plural(made.files, 'file')}. u takes it back."]
        lines += [f"A hook changed {safe(path)}" for path in made.changed_by_hooks[:5]]
        self._say("\n".join([*lines, *map(safe, made.warnings)]))

    # The message that was not committed

    @property
    def _drafts(self) -> Drafts:
        return Drafts(self._link.paths.data / "panel")

    def _kept(self) -> str:
        found = self._drafts.find(f"commit {self._project()}", _NAME)
        return found.text if found is not None else ""

    def _keep(self, message: str, proposed: str) -> None:
        """Keep a message that the person changed."""
        if message.strip() and message != proposed:
            self._drafts.keep(f"commit {self._project()}", _NAME, proposed, message)
        else:
            self._forget()

    def _forget(self) -> None:
        self._drafts.forget(f"commit {self._project()}", _NAME)
