"""Splits over the bus: planned, changed by a person, committed as one operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from aura_git.commits.committing_drafts import Committed, Consent, commit_split
from aura_git.commits.service_environment import with_environment
from aura_git.commits.service_memory import Kept, Lessons
from aura_git.commits.service_outdated import OutdatedDrafts, Standing
from aura_git.commits.splitting import SplitDraft, WantedCommit, change_plan, plan_split
from aura_git.commits.splitting_replies import plan_reply
from aura_git.commits.splitting_tests import SplitTests
from aura_git.commits.staging import Taken, base_of, index_aside, take_in
from aura_git.desk import GitDesk
from aura_git.repository import Repository, read_state
from aura_git.safety.contract import Concern
from aura_shared.bus import Context
from aura_shared.errors import DraftOutdated, UsageProblem
from aura_shared.messages.commits import (
    ChangeSplit,
    CommitSplit,
    CommitWhat,
    MadeCommit,
    PlanSplit,
    SplitAnswer,
    SplitPlan,
)

__all__ = ["SplitParts", "Tell"]

_MOST_PLANS: Final = 5
_MOST_SAID: Final = 20_000
Tell = Callable[[Repository, Committed, Context], Awaitable[None]]
"""Publishes what was committed."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A split that is kept for the next question."""

    plan: SplitDraft
    taken: Taken
    what: CommitWhat
    concerns: tuple[Concern, ...]
    branch: str
    unborn: bool
    """Whether the branch has no commit yet."""


class SplitParts:
    """Serves `PlanSplit`, `ChangeSplit` and `CommitSplit`."""

    def __init__(self, desk: GitDesk, lessons: Lessons, outdated: OutdatedDrafts, tell: Tell) -> None:
        self._desk = desk
        self._lessons = lessons
        self._outdated = outdated
        self._tell = tell
        self._plans: Kept[_Plan] = Kept(_MOST_PLANS)
        self._tests = SplitTests(desk)

    def register(self) -> None:
        """Serve."""
        self._tests.sweep()
        serve = self._desk.bus.serve
        serve(PlanSplit, self._plan)
        serve(ChangeSplit, self._change)
        serve(CommitSplit, self._commit_split)

    async def _plan(self, request: PlanSplit, context: Context) -> SplitPlan:
        repository = await self._desk.repository(request.project)
        taken = Taken(everything=request.what == "all")
        kept = await asyncio.to_thread(self._plan_now, repository, taken, request.what)
        if request.tests:
            await self._tests.run(repository, kept.plan, taken, context)
        return await self._plan_reply(repository, kept)

    def _plan_now(self, repository: Repository, taken: Taken, what: CommitWhat) -> _Plan:
        learned = self._lessons.of(repository)
        state = read_state(repository, untracked=False)
        if state.in_progress:
            raise UsageProblem(
                f"git is in the middle of a {state.in_progress}: its commit is not split",
                hint="Conclude it first (aura continue), then split what is left.",
            )
        with index_aside(repository) as aside:
            tree = take_in(aside, taken)
            concerns = tuple(self._desk.safety.concerns(aside))
            plan = plan_split(aside, learned, base=base_of(aside), tree=tree)
        return _Plan(plan, taken, what, concerns, state.branch, state.unborn)

    async def _change(self, request: ChangeSplit, context: Context) -> SplitPlan:
        repository = await self._desk.repository(request.project)
        kept = self._kept_plan(repository, request.plan)
        wanted = [
            WantedCommit(one.id, one.message, None if one.hunks is None else tuple(one.hunks))
            for one in request.commits
        ]

        def work() -> _Plan:
            learned = self._lessons.of(repository)
            with index_aside(repository) as aside:
                if take_in(aside, kept.taken) != kept.plan.tree or base_of(aside) != kept.plan.base:
                    raise DraftOutdated("the change is not what it was when the split was planned")
                plan = change_plan(aside, learned, kept.plan, wanted)
            return replace(kept, plan=plan)

        changed = await asyncio.to_thread(work)
        if request.tests:
            await self._tests.run(repository, changed.plan, kept.taken, context, known=kept.plan)
        return await self._plan_reply(repository, changed)

    async def _plan_reply(self, repository: Repository, kept: _Plan) -> SplitPlan:
        self._plans.put(repository, kept.plan.id, kept)
        if len(kept.plan.commits) > 1:
            head = "" if kept.unborn else kept.plan.base
            self._outdated.keep(Standing(kept.plan.id, repository, kept.taken, kept.plan.tree, head, split=True))
        return await asyncio.to_thread(
            plan_reply,
            repository,
            kept.plan,
            kept.what,
            kept.concerns,
            branch=kept.branch,
            protected=self._desk.settings.git.protected,
            unborn=kept.unborn,
        )

    def _kept_plan(self, repository: Repository, name: str) -> _Plan:
        kept = self._plans.find(repository, name)
        if kept is None:
            raise DraftOutdated(
                f"there is no plan {name!r} any more", hint="Nothing was committed. Plan the split again."
            )
        return kept

    async def _commit_split(self, request: CommitSplit, context: Context) -> SplitAnswer:
        repository = await self._desk.repository(request.project)
        kept = self._kept_plan(repository, request.plan)
        consent = Consent(
            tuple(request.allow), request.protected_ok or kept.unborn, request.unsound_ok, request.failing_ok
        )
        safety, protected = self._desk.safety, self._desk.settings.git.protected

        shell = with_environment(repository, request.environment)

        def work() -> Committed:
            return commit_split(
                safety, shell, kept.plan, kept.taken, consent, protected=protected, dry_run=request.dry_run
            )

        with self._outdated.resting(kept.plan.id) as resting:
            done = await self._desk.write(work)
            resting.over = bool(done.made)
        if done.made:
            self._plans.drop(repository, request.plan)
            await self._tell(repository, done, context)
        return SplitAnswer(
            commits=[MadeCommit(commit=one.commit, subject=one.subject) for one in done.made],
            branch=done.branch,
            operation=done.operation,
            hook_output="\n".join(one.said for one in done.made if one.said)[:_MOST_SAID],
            warnings=list(done.warnings),
        )
