"""Commits over the bus: drafts, commits, splits, hooks and checks of messages."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from aura_git.commits.breaking import BreakingChanges, find_breaking
from aura_git.commits.committing import MadeCommit
from aura_git.commits.committing_drafts import Committed, Consent, commit_draft, commit_split
from aura_git.commits.drafting import Draft, Wishes, make_draft, with_breaking
from aura_git.commits.drafting_replies import Wording, draft_reply, problems_of
from aura_git.commits.drafting_words import take_words, words_wanted
from aura_git.commits.hooks import HookState, install_hook, read_hook, uninstall_hook
from aura_git.commits.splitting import SplitDraft, WantedCommit, change_plan, plan_split
from aura_git.commits.splitting_replies import plan_reply
from aura_git.commits.staging import Taken, base_of, index_aside, take_in
from aura_git.commits.suggesting import Learned, learn, lint_message, lint_range
from aura_git.desk import GitDesk
from aura_git.repository import Repository, read_state
from aura_git.safety.contract import Concern
from aura_shared.bus import Context
from aura_shared.errors import AuraError, DraftOutdated, UsageProblem
from aura_shared.logging import get_logger
from aura_shared.messages.commits import (
    ChangeSplit,
    CommitAnswer,
    CommitDraft,
    CommitMade,
    CommitSplit,
    CommitWhat,
    DraftCommit,
    HooksAnswer,
    LintAnswer,
    LintedMessage,
    LintMessages,
    MakeCommit,
    ManageHooks,
    PlanSplit,
    SplitAnswer,
    SplitPlan,
)
from aura_shared.messages.commits import (
    MadeCommit as MadeOfSplit,
)
from aura_shared.messages.review import GatherReview, ReviewFacts

__all__ = ["CommitService"]

log = get_logger(__name__)
KeptT = TypeVar("KeptT")

_MOST_DRAFTS: Final = 50
_MOST_PLANS: Final = 12
_MOST_LEARNED: Final = 8
_MODEL_S: Final = 120.0
_COMPARE_S: Final = 2.0
_BASES: Final = ("develop", "main", "master", "trunk")
_MOST_SAID: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Plan:
    """A split that is kept for the next question."""

    plan: SplitDraft
    taken: Taken
    what: CommitWhat
    concerns: tuple[Concern, ...]
    branch: str


class _Kept(Generic[KeptT]):
    """The newest things of one kind, each for its repository."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], KeptT] = OrderedDict()

    def put(self, repository: Repository, name: str, value: KeptT) -> None:
        """Keep it; the oldest goes when there are too many."""
        self._kept[str(repository.git_dir), name] = value
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def find(self, repository: Repository, name: str) -> KeptT | None:
        """What is kept under a name for this work tree."""
        return self._kept.get((str(repository.git_dir), name))

    def drop(self, repository: Repository, name: str) -> None:
        """Keep it no longer."""
        self._kept.pop((str(repository.git_dir), name), None)


class CommitService:
    """Serves the requests of `aura_shared.messages.commits`. Drafts and plans live as long as the process."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk
        self._drafts: _Kept[Draft] = _Kept(_MOST_DRAFTS)
        self._plans: _Kept[_Plan] = _Kept(_MOST_PLANS)
        self._learned: OrderedDict[str, Learned] = OrderedDict()
        self._learning = threading.Lock()

    def register(self) -> None:
        """Serve."""
        serve = self._desk.bus.serve
        serve(DraftCommit, self._draft)
        serve(MakeCommit, self._make)
        serve(PlanSplit, self._plan)
        serve(ChangeSplit, self._change)
        serve(CommitSplit, self._commit_split)
        serve(ManageHooks, self._hooks)
        serve(LintMessages, self._lint)

    def learned(self, repository: Repository) -> Learned:
        """What the history of a repository says; only what is new since the last time is read."""
        key = str(repository.common_dir)
        with self._learning:
            found = learn(
                repository, commits=self._desk.settings.git.history_commits, known=self._learned.pop(key, None)
            )
            self._learned[key] = found
            while len(self._learned) > _MOST_LEARNED:
                self._learned.popitem(last=False)
        return found

    # -- drafts -----------------------------------------------------------------------------------------------------

    async def _draft(self, request: DraftCommit, _context: Context) -> CommitDraft:
        repository = await self._desk.repository(request.project)
        taken = Taken(request.what == "all", tuple(request.paths), request.tree)
        wishes = Wishes(request.kind, request.scope, request.breaking, request.task)

        def work() -> Draft:
            return make_draft(
                self._desk.safety, repository, self.learned(repository), taken, wishes, tuple(request.allow)
            )

        draft = await asyncio.to_thread(work)
        wording = Wording()
        if not (draft.empty or draft.concludes):
            draft = with_breaking(draft, await self._breaking(repository, draft))
            if request.model is not False:
                draft, wording = await self._word(repository, draft)
        if not draft.empty and not taken.tree:
            self._drafts.put(repository, draft.id, draft)
        return await asyncio.to_thread(
            draft_reply, repository, draft, request.what, wording, self._desk.settings.git.protected
        )

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
        consent = Consent(tuple(request.allow), request.protected_ok)
        message = request.message or draft.text
        safety, protected = self._desk.safety, self._desk.settings.git.protected

        def work() -> Committed:
            return commit_draft(
                safety, repository, draft, message, consent, protected=protected, dry_run=request.dry_run
            )

        done = await self._desk.write(work)
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

    # -- splits -----------------------------------------------------------------------------------------------------

    async def _plan(self, request: PlanSplit, _context: Context) -> SplitPlan:
        repository = await self._desk.repository(request.project)
        taken = Taken(everything=request.what == "all")
        kept = await asyncio.to_thread(self._plan_now, repository, taken, request.what)
        return await self._plan_reply(repository, kept, tests=request.tests)

    def _plan_now(self, repository: Repository, taken: Taken, what: CommitWhat) -> _Plan:
        learned = self.learned(repository)
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
        return _Plan(plan, taken, what, concerns, state.branch)

    async def _change(self, request: ChangeSplit, _context: Context) -> SplitPlan:
        repository = await self._desk.repository(request.project)
        kept = self._kept_plan(repository, request.plan)
        wanted = [
            WantedCommit(one.id, one.message, None if one.hunks is None else tuple(one.hunks))
            for one in request.commits
        ]

        def work() -> _Plan:
            learned = self.learned(repository)
            with index_aside(repository) as aside:
                if take_in(aside, kept.taken) != kept.plan.tree or base_of(aside) != kept.plan.base:
                    raise DraftOutdated("the change is not what it was when the split was planned")
                plan = change_plan(aside, learned, kept.plan, wanted)
            return _Plan(plan, kept.taken, kept.what, kept.concerns, kept.branch)

        changed = await asyncio.to_thread(work)
        return await self._plan_reply(repository, changed, tests=request.tests)

    async def _plan_reply(self, repository: Repository, kept: _Plan, *, tests: bool) -> SplitPlan:
        self._plans.put(repository, kept.plan.id, kept)
        return await asyncio.to_thread(
            plan_reply,
            repository,
            kept.plan,
            kept.what,
            kept.concerns,
            branch=kept.branch,
            protected=self._desk.settings.git.protected,
            tests=tests,
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
        consent = Consent(tuple(request.allow), request.protected_ok, request.unsound_ok)
        safety, protected = self._desk.safety, self._desk.settings.git.protected

        def work() -> Committed:
            return commit_split(
                safety, repository, kept.plan, kept.taken, consent, protected=protected, dry_run=request.dry_run
            )

        done = await self._desk.write(work)
        if done.made:
            self._plans.drop(repository, request.plan)
            await self._tell(repository, done, context)
        return SplitAnswer(
            commits=[MadeOfSplit(commit=one.commit, subject=one.subject) for one in done.made],
            branch=done.branch,
            operation=done.operation,
            hook_output=_said(done.made),
            warnings=list(done.warnings),
        )

    # -- hooks and checks -------------------------------------------------------------------------------------------

    async def _hooks(self, request: ManageHooks, _context: Context) -> HooksAnswer:
        repository = await self._desk.repository(request.project)

        def work() -> HookState:
            if request.action == "install":
                return install_hook(repository, command=request.command, force_path=request.force_path)
            return uninstall_hook(repository) if request.action == "uninstall" else read_hook(repository)

        before = await asyncio.to_thread(read_hook, repository)
        after = await self._desk.write(work)
        return _hooks_answer(request.action, before, after)

    async def _lint(self, request: LintMessages, _context: Context) -> LintAnswer:
        repository = await self._desk.repository(request.project)
        return await asyncio.to_thread(self._lint_now, repository, request)

    def _lint_now(self, repository: Repository, request: LintMessages) -> LintAnswer:
        habits = self.learned(repository).habits
        if request.text is not None:
            problems = lint_message(request.text, habits)
            commits = [
                LintedMessage(commit="", subject=request.text.strip().split("\n")[0], problems=problems_of(problems))
            ]
            wanted, source = "", ""
        else:
            wanted, source = (request.range, "") if request.range else _own_range(repository)
            commits = [
                LintedMessage(commit=one.hash, subject=one.subject, problems=problems_of(one.problems))
                for one in lint_range(repository, wanted, habits)
            ]
        levels = [problem.level for one in commits for problem in one.problems]
        return LintAnswer(
            range=wanted,
            range_from=source,
            commits=commits,
            errors=levels.count("error"),
            warnings=levels.count("warning"),
            source=habits.source,
        )


def _said(made: Sequence[MadeCommit]) -> str:
    return "\n".join(one.said for one in made if one.said)[:_MOST_SAID]


def _own_range(repository: Repository) -> tuple[str, str]:
    """What the branch adds: to what it follows, or to the branch that it most likely left."""
    state = read_state(repository, untracked=False)
    if not state.head:
        raise UsageProblem(f"the branch {state.branch!r} has no commit yet", hint="There is nothing to check.")
    if state.upstream and not state.upstream_gone:
        return f"{state.upstream}..HEAD", f"not on {state.upstream} yet"
    for base in _BASES:
        if base != state.branch and repository.git.find_commit(f"refs/heads/{base}") is not None:
            return f"{base}..HEAD", f"not on {base} yet"
    for remote in ("origin/HEAD", *(f"origin/{base}" for base in _BASES)):
        if repository.git.find_commit(f"refs/remotes/{remote}") is not None:
            return f"{remote}..HEAD", f"not on {remote} yet"
    return "HEAD", "all, since the branch follows nothing and there is no other one"


def _hooks_answer(action: str, before: HookState, after: HookState) -> HooksAnswer:
    notes: list[str] = []
    if after.configured:
        notes.append(f"core.hooksPath is {after.configured}: that folder counts, not .git/hooks")
    if after.managed_by:
        notes.append(f"the hooks here are managed by {after.managed_by}. {after.advice}")
    if after.chained and after.installed:
        notes.append("the hook that was there before is run first; when it refuses, so does the commit")
    return HooksAnswer(
        installed=after.installed,
        folder=str(after.folder),
        configured=after.configured,
        chained=after.chained,
        outdated=after.outdated,
        managed_by=after.managed_by,
        summary=_hooks_summary(action, before, after),
        notes=notes,
    )


def _hooks_summary(action: str, before: HookState, after: HookState) -> str:
    if action == "install":
        return "the hook was there already" if before.installed and not before.outdated else "the hook is in place"
    if action == "uninstall":
        if not before.installed:
            return "there is no hook of Aura here"
        return "the hook is gone" + (", and the one before it is back" if before.chained else "")
    if after.installed:
        return "the hook is in place" + (", in an older version" if after.outdated else "")
    return "a hook of somebody else is in place" if after.foreign else "there is no hook"
