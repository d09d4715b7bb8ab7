"""Commits what a draft stands for, or all commits of a split: as one operation that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from aura_git.commits.committing import MadeCommit, run_commit
from aura_git.commits.drafting import Draft
from aura_git.commits.splitting import SplitDraft
from aura_git.commits.splitting_order import entries_after
from aura_git.commits.staging import (
    Taken,
    changed_entries,
    empty_tree,
    entries_of,
    index_aside,
    index_bytes,
    index_for_commit,
    put_entries,
    settle_index,
    take_in,
    tree_of,
)
from aura_git.repository import Repository, read_state
from aura_git.safety.contract import Concern, Gates, Operation, Safety
from aura_git.safety.gates import check_gates
from aura_shared.errors import CommitBlocked, DraftOutdated, GateClosed, GitError, HookRefused, UsageProblem

__all__ = ["Committed", "Consent", "commit_draft", "commit_split", "refuse_concerns"]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person said yes to."""

    allow: tuple[str, ...] = ()
    """Concerns that are right as they are: `RULE:PATH`."""
    protected_ok: bool = False
    unsound_ok: bool = False
    failing_ok: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """Commits that were made, oldest first."""

    made: tuple[MadeCommit, ...]
    operation: str
    branch: str
    old: str
    """Commit that they follow; empty for the first one."""
    warnings: tuple[str, ...] = ()


def commit_draft(
    safety: Safety,
    repository: Repository,
    draft: Draft,
    message: str,
    consent: Consent,
    *,
    protected: Sequence[str] = (),
    dry_run: bool = False,
) -> Committed:
    """Commit exactly what a draft stands for.

    Args:
        safety: Every write goes through it.
        repository: Which.
        draft: What is committed.
        message: The whole message.
        consent: What the person said yes to.
        protected: Patterns of protected branches, for a dry run.
        dry_run: Check everything, and change nothing.

    Raises:
        DraftOutdated: What the draft stands for changed since.
        CommitBlocked: A secret, or a file that nobody commits on purpose.
        GateClosed, ProtectedBranch: It cannot be committed now, or here.
        HookRefused: A hook said no; nothing is lost.
        UsageProblem: There is no message.
    """
    if not message.strip():
        raise UsageProblem("a commit needs a message", hint="Write one, or take the draft's.")
    state = read_state(repository, untracked=False)
    _refuse_moved(state.head, draft)
    _refuse_changed(safety, repository, draft, consent.allow)
    gates = _gates(state.branch, consent, concludes=bool(draft.concludes))
    _refuse_waiting(safety, repository, draft)
    if dry_run:
        check_gates(repository, state, gates, protected)
        return Committed((), "", state.branch, draft.head)
    title = message.strip().split("\n", 1)[0][:120]
    with safety.begin(repository, "commit", title, gates=gates) as operation:
        made, warnings = _commit(repository, draft, message, operation)
    return Committed((made,), operation.id, state.branch, draft.head, tuple(warnings))


def _gates(branch: str, consent: Consent, *, concludes: bool) -> Gates:
    return Gates(born=False, attached=True, at_rest=not concludes, commits_to=branch, protected_ok=consent.protected_ok)


def _refuse_waiting(safety: Safety, repository: Repository, draft: Draft) -> None:
    waiting = safety.open_operation(repository) if draft.concludes else None
    if waiting is not None:
        raise GateClosed(
            f"{waiting.command!r} waits for a person: {waiting.waiting_for or waiting.title}",
            hint="`aura continue` concludes it, with its commit; `aura abort` takes it back.",
        )


def _refuse_moved(head: str, draft: Draft) -> None:
    if head != draft.head:
        raise DraftOutdated("another commit is checked out than when the draft was made")


def _refuse_changed(safety: Safety, repository: Repository, draft: Draft, allow: Collection[str]) -> None:
    """Refuse a draft that stands for something else than what would be committed now, or that is held back."""
    with index_aside(repository) as aside:
        _refuse_other_tree(take_in(aside, draft.taken), draft)
        refuse_concerns(safety.concerns(aside, allow=allow))


def _refuse_other_tree(tree: str, draft: Draft) -> None:
    if tree != draft.change.tree:
        what = "what is staged" if draft.taken.index_itself else "the files"
        raise DraftOutdated(f"{what} changed since the draft was made")


def refuse_concerns(concerns: Collection[Concern]) -> None:
    """Refuse a commit that something holds back.

    Raises:
        CommitBlocked: Names each rule and place.
    """
    blocking = [one for one in concerns if one.blocks]
    if not blocking:
        return
    told = [f"{one.rule} in {one.path}{f':{one.line}' if one.line else ''}: {one.message}" for one in blocking]
    allowed = " ".join(dict.fromkeys(f"--allow {one.rule}:{one.path}" for one in blocking[:3]))
    raise CommitBlocked(
        "\n".join(told), hint=f"Take it out of the commit; if it is right as it is, allow it once: {allowed}"
    )


def _commit(repository: Repository, draft: Draft, message: str, operation: Operation) -> tuple[MadeCommit, list[str]]:
    sign_off = draft.habits.signed_off and not draft.concludes
    _refuse_moved(repository.git.find_commit("HEAD") or "", draft)  # others may have committed before the lock
    if draft.taken.index_itself:
        operation.step("commit what is staged")
        _refuse_other_tree(tree_of(repository), draft)
        made = run_commit(repository, message, tree=draft.change.tree, sign_off=sign_off)
        return made, _told(made)
    operation.step("stage apart")
    before = index_bytes(repository)
    with index_for_commit(repository) as apart:
        _refuse_other_tree(take_in(apart, draft.taken), draft)
        operation.step("commit")
        made = run_commit(apart, message, tree=draft.change.tree, sign_off=sign_off)
    operation.step("bring the index up to the commit")
    moved = settle_index(repository, entries_of(repository, _base(repository, draft.head), made.tree), before)
    return made, _told(made, moved)


def _base(repository: Repository, head: str) -> str:
    return head or empty_tree(repository.git)


def _told(made: MadeCommit, moved: Sequence[str] = ()) -> list[str]:
    failed = [one for one in made.hooks if one.code]
    told = [f"the hook {one.name} ended with code {one.code}; the commit is made all the same" for one in failed]
    if made.changed:
        told.append(f"a hook changed {', '.join(made.changed[:5])}")
    if moved:
        told.append(f"staged otherwise meanwhile, and left so: {', '.join(moved[:5])}")
    return told


def commit_split(
    safety: Safety,
    repository: Repository,
    plan: SplitDraft,
    taken: Taken,
    consent: Consent,
    *,
    protected: Sequence[str] = (),
    dry_run: bool = False,
    said: Callable[[MadeCommit], None] | None = None,
) -> Committed:
    """Make all commits of a plan, as one operation; the work tree is not touched, the index only at the end.

    When a hook refuses one of them, the branch goes back to where it was: what was staged is staged as before.

    Args:
        safety: Every write goes through it.
        repository: Which.
        plan: The commits.
        taken: What was split.
        consent: What the person said yes to.
        protected: Patterns of protected branches, for a dry run.
        dry_run: Check everything, and change nothing.
        said: Told of each commit that was made.

    Raises:
        DraftOutdated: What the plan splits changed since.
        CommitBlocked: A secret, or a file that nobody commits on purpose.
        GateClosed, ProtectedBranch: It cannot be committed now, or here; or a commit of the plan is not sound,
            or fails its tests.
        HookRefused: A hook said no; nothing is committed.
    """
    state = read_state(repository, untracked=False)
    head = state.head
    if (head or empty_tree(repository.git)) != plan.base:
        raise DraftOutdated("another commit is checked out than when the split was planned")
    if not plan.sound and not consent.unsound_ok:
        problems = [f"{one.id}: {problem}" for one in plan.commits for problem in one.problems]
        raise GateClosed(
            "commits of this plan do not stand on their own:\n" + "\n".join(problems),
            hint="Order them otherwise, move hunks, or say yes to it.",
        )
    _refuse_failing(plan, consent)
    with index_aside(repository) as aside:
        if take_in(aside, taken) != plan.tree:
            raise DraftOutdated("the change is not what it was when the split was planned")
        refuse_concerns(safety.concerns(aside, allow=consent.allow))
    gates = _gates(state.branch, consent, concludes=False)
    if dry_run:
        check_gates(repository, state, gates, protected)
        return Committed((), "", state.branch, head)
    title = f"split into {len(plan.commits)} commits"
    with safety.begin(repository, "commit", title, gates=gates) as operation:
        made, moved = _make_all(repository, plan, taken, operation, head, said)
    warnings = [told for one in made for told in _told(one)] + _told_moved(moved)
    return Committed(tuple(made), operation.id, state.branch, head, tuple(dict.fromkeys(warnings)))


def _refuse_failing(plan: SplitDraft, consent: Consent) -> None:
    if plan.failing and not consent.failing_ok:
        told = [f"{one.id}: {one.tests_detail}" for one in plan.failing]
        raise GateClosed(
            "tests fail at commits of this plan:\n" + "\n".join(told),
            hint="Order them otherwise, move hunks, or say yes to it.",
        )


def _told_moved(moved: Sequence[str]) -> list[str]:
    return [f"staged otherwise meanwhile, and left so: {', '.join(moved[:5])}"] if moved else []


def _make_all(
    repository: Repository,
    plan: SplitDraft,
    taken: Taken,
    operation: Operation,
    head: str,
    said: Callable[[MadeCommit], None] | None,
) -> tuple[list[MadeCommit], list[str]]:
    before = index_bytes(repository)
    made: list[MadeCommit] = []
    done: set[str] = set()
    with index_for_commit(repository) as apart:
        operation.step("stage apart")
        if take_in(apart, taken) != plan.tree:
            raise DraftOutdated("the change is not what it was when the split was planned")
        put_entries(apart.git, {path: old for path, (old, _new) in changed_entries(apart, plan.base).items()})
        for number, one in enumerate(plan.commits, start=1):
            done |= set(one.pieces)
            operation.step(f"commit {number} of {len(plan.commits)}")
            try:
                put_entries(apart.git, entries_after(apart.git, plan.files, done, one.pieces))
                _refuse_unequal_tree(tree_of(apart), one.tree, made)
                made.append(run_commit(apart, one.message, tree=one.tree, sign_off=plan.sign_off))
            except GitError as error:
                _go_back(repository, head, made)
                raise _refused(error, number, one.message) from error
            if said is not None:
                said(made[-1])
    operation.step("bring the index up to the commits")
    moved = settle_index(repository, entries_of(repository, plan.base, made[-1].tree), before)
    return made, moved


def _refuse_unequal_tree(tree: str, planned: str, made: Sequence[MadeCommit]) -> None:
    changed = sorted({path for one in made for path in one.changed})
    if tree != planned and not changed:
        raise GitError("a commit of the split would not hold what was planned")


def _refused(error: GitError, number: int, message: str) -> GitError:
    subject = message.split("\n", 1)[0]
    hint = f"The commits before it were taken back; the change is as it was. {error.hint}"
    kind = HookRefused if isinstance(error, HookRefused) else GitError
    return kind(f"commit {number} ({subject}) was not made: {error.message}", hint=hint)


def _go_back(repository: Repository, head: str, made: Sequence[MadeCommit]) -> None:
    """Point the branch at where it was; its index and files were never touched."""
    if not made:
        return
    last = made[-1].commit
    reason = ("-m", "aura: a commit of a split was refused")
    if head:
        repository.git.write("update-ref", *reason, "HEAD", head, last)
    else:
        repository.git.write("update-ref", *reason, "-d", "HEAD", last)
