"""Commits over the bus: drafts, commits, splits, hooks and checks of messages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from aura_git.commits.breaking import BreakingChanges, find_breaking
from aura_git.commits.committing_drafts import Committed, Consent, commit_draft
from aura_git.commits.drafting import Draft, Wishes, fitted, make_draft, reword, with_breaking
from aura_git.commits.drafting_replies import Wording, draft_reply
from aura_git.commits.drafting_words import take_words, words_wanted
from aura_git.commits.service_checks import MessageChecks
from aura_git.commits.service_environment import with_environment
from aura_git.commits.service_memory import Kept, Lessons
from aura_git.commits.service_outdated import OutdatedDrafts, Standing
from aura_git.commits.service_splits import SplitParts
from aura_git.commits.staging import Taken
from aura_git.desk import GitDesk
from aura_git.plan_items import linked_items, with_item_footers
from aura_git.repository import Repository
from aura_shared.bus import Context
from aura_shared.errors import AuraError, DraftOutdated
from aura_shared.messages.commits import CommitAnswer, CommitDraft, CommitMade, DraftCommit, MakeCommit
from aura_shared.messages.review import GatherReview, ReviewFacts

__all__ = ["CommitService"]

_MOST_DRAFTS: Final = 50
_MODEL_S: Final = 120.0
_COMPARE_S: Final = 2.0
_MOST_SAID: Final = 20_000


class CommitService:
    """Serves the requests of `aura_shared.messages.commits`. Drafts and plans live as long as the process."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk
        self._lessons = Lessons(desk.settings.git.history_commits)
        self._drafts: Kept[Draft] = Kept(_MOST_DRAFTS)
        self._outdated = OutdatedDrafts(desk)
        self._splits = SplitParts(desk, self._lessons, self._outdated, self._tell)
        self._checks = MessageChecks(desk, self._lessons)

    def register(self) -> None:
        """Serve."""
        serve = self._desk.bus.serve
        serve(DraftCommit, self._draft)
        serve(MakeCommit, self._make)
        self._splits.register()
        self._checks.register()

    def start(self) -> None:
        """Tell when drafts are outdated, from now on."""
        self._outdated.start()

    async def stop(self) -> None:
        """Tell no more."""
        await self._outdated.stop()

    def index_moved(self, project: str) -> None:
        """The index of a project's repository was written."""
        self._outdated.touch(project)

    # -- drafts -----------------------------------------------------------------------------------------------------

    async def _draft(self, request: DraftCommit, _context: Context) -> CommitDraft:
        repository = await self._desk.repository(request.project)
        taken = Taken(request.what == "all", tuple(request.paths), request.tree)
        wishes = Wishes(request.kind, request.scope, request.breaking, request.task)

        def work() -> Draft:
            return make_draft(
                self._desk.safety, repository, self._lessons.of(repository), taken, wishes, tuple(request.allow)
            )

        draft = await asyncio.to_thread(work)
        wording = Wording()
        if not (draft.empty or draft.concludes):
            draft = await self._linked(repository, draft, request.task)
            draft = with_breaking(draft, await self._breaking(repository, draft))
            if request.model is not False:
                draft, wording = await self._word(repository, draft)
        if not draft.empty and not taken.tree:
            # Without its diff, which may be long: a commit needs the tree alone.
            self._drafts.put(repository, draft.id, replace(draft, change=replace(draft.change, diff="")))
            self._outdated.keep(Standing(draft.id, repository, taken, draft.change.tree, draft.head))
        return await asyncio.to_thread(
            draft_reply, repository, draft, request.what, wording, self._desk.settings.git.protected
        )

    async def _linked(self, repository: Repository, draft: Draft, task: str) -> Draft:
        """The draft with trailers for the items of the plan that its branch or its files name."""
        if not self._desk.settings.git.link_items:
            return draft
        paths = [one.path for one in draft.change.paths]
        found = await linked_items(self._desk.bus, repository, branch=draft.branch, paths=paths)
        message = with_item_footers(draft.message, found.items, task)
        return draft if message is draft.message else reword(draft, fitted(message, draft.habits))

    async def _breaking(self, repository: Repository, draft: Draft) -> BreakingChanges:
        paths = [one.path for one in draft.change.paths]
        if draft.taken.tree:
            return BreakingChanges(reason="public interfaces are not compared for a hook")
        if not draft.taken.everything:
            return await find_breaking(self._desk.bus, repository.project, paths=paths if draft.taken.paths else ())
        request = GatherReview(
            project=repository.project,
            what="work-tree",
            paths=paths if draft.taken.paths else [],
            only=["api"],
            diff_bytes=0,
        )
        try:
            facts: ReviewFacts = await self._desk.bus.request(request, timeout_s=_COMPARE_S, project=repository.project)
        except AuraError as error:
            return BreakingChanges(reason=f"interfaces were not compared: {error.message}")
        return BreakingChanges(tuple(one for one in facts.api if one.breaking))

    async def _word(self, repository: Repository, draft: Draft) -> tuple[Draft, Wording]:
        question = await asyncio.to_thread(words_wanted, draft, repository.project)
        try:
            worded = await self._desk.bus.request(question, timeout_s=_MODEL_S, project=repository.project)
        except AuraError as error:
            return draft, Wording(model=f"no model worded it: {error.message}")
        draft, dropped = take_words(draft, worded, self._desk.settings.git.co_author)
        return draft, Wording(worded.model, by_model=True, dropped=tuple(dropped), notes=tuple(worded.notes))

    # -- commits ----------------------------------------------------------------------------------------------------

    async def _make(self, request: MakeCommit, context: Context) -> CommitAnswer:
        repository = await self._desk.repository(request.project)
        draft = self._drafts.find(repository, request.draft)
        if draft is None:
            raise DraftOutdated(f"there is no draft {request.draft!r} any more")
        # A branch without a commit has nothing to protect.
        consent = Consent(tuple(request.allow), request.protected_ok or not draft.head)
        message = request.message or draft.text
        safety, protected = self._desk.safety, self._desk.settings.git.protected
        shell = with_environment(repository, request.environment)

        def work() -> Committed:
            return commit_draft(safety, shell, draft, message, consent, protected=protected, dry_run=request.dry_run)

        with self._outdated.resting(draft.id) as resting:
            done = await self._desk.write(work)
            resting.over = bool(done.made)
        if not done.made:
            return CommitAnswer(
                commit="", subject=message.strip().split("\n")[0], branch=done.branch, files=len(draft.change.paths)
            )
        self._drafts.drop(repository, request.draft)
        await self._tell(repository, done, context)
        made = done.made[0]
        counts = [(one.added, one.removed) for one in draft.change.paths]
        return CommitAnswer(
            commit=made.commit,
            subject=made.subject,
            branch=done.branch,
            operation=done.operation,
            files=len(draft.change.paths),
            added=sum(added for added, _ in counts),
            removed=sum(removed for _, removed in counts),
            hooks=[f"{one.name} {one.seconds:.1f} s" for one in made.hooks],
            hook_output=made.said[:_MOST_SAID],
            changed_by_hooks=list(made.changed),
            warnings=list(done.warnings),
        )

    async def _tell(self, repository: Repository, done: Committed, context: Context) -> None:
        for made in done.made:
            event = CommitMade(
                project=repository.project,
                commit=made.commit,
                subject=made.subject,
                branch=done.branch,
                operation=done.operation,
            )
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
