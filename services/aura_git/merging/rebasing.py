"""Rebases: replayed in memory first; then branch, stacked branches, index and work tree move at once."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aura_git.merging.leftovers import rewritten, work_apart
from aura_git.merging.obstacles import refuse_obstacles, refuse_open
from aura_git.merging.refs import RefMove, branches, move_head, published, run_post_rewrite, stacked
from aura_git.merging.replay import Replay, new_commits, replay
from aura_git.merging.replaying import forecast_rebase
from aura_git.merging.settling import Accepted
from aura_git.merging.stops import Stop, left_of, parting_of, settle_stop
from aura_git.merging.tuning import hooks_of, judging_hooks, tuned_repository
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, Safety
from aura_shared.errors import AuraError, ConflictsLeft, GateClosed, GitError, ProtectedBranch
from aura_shared.messages.merges import (
    ConflictFile,
    DoRebase,
    MergeAnswer,
    MovedRef,
    OperationStanding,
    RebaseForecast,
)

__all__ = ["do_rebase", "needs_porcelain"]

_CONTINUE: Final = ("rebase", "--continue")


@dataclass(frozen=True, slots=True)
class _Rebase:
    """A rebase that is about to be done."""

    repository: Repository
    request: DoRebase
    plan: Replay
    forecast: RebaseForecast
    notes: list[str] = field(default_factory=list[str])

    @property
    def old(self) -> str:
        return self.plan.parting.ours

    @property
    def ref(self) -> str:
        """Full name of the branch, or `HEAD` when none is checked out."""
        return f"refs/heads/{self.forecast.branch}" if self.forecast.branch else "HEAD"

    @property
    def shown(self) -> str:
        return self.forecast.branch or self.old[:10]


def do_rebase(
    repository: Repository,
    safety: Safety,
    request: DoRebase,
    protected: Sequence[str] = (),
    *,
    unpublished_ok: bool = False,
) -> MergeAnswer:
    """Replay what is checked out onto another commit.

    Args:
        repository: Which.
        safety: What every write goes through.
        request: What is to be done.
        protected: Patterns of branches that are never rewritten.
        unpublished_ok: Whether commits that are on no remote may be replaced on a protected branch too, as
            `git pull --rebase` does.

    Raises:
        GateClosed: It cannot be done, something is in the way, or a branch moved since it was looked at.
        ProtectedBranch: The branch, or one that would move with it, is protected.
        ConflictsLeft: Conflicts are left, and it was to be done apart.
        GitError: A hook or git refused; nothing has changed.
    """
    refuse_open(repository, safety)
    accepted = Accepted.of(request.accept)
    seen, plan = forecast_rebase(
        repository, request.onto, accepted, update_refs=request.update_refs, explained=request.dry_run
    )
    work = _Rebase(repository, request, plan, seen)
    if plan.outcome == "refused":
        raise GateClosed(f"{work.shown} cannot be rebased: {plan.reason}", hint="Nothing was changed.")
    if request.expected and not seen.onto_commit.startswith(request.expected):
        raise GateClosed(f"{request.onto} moved since it was shown", hint="Nothing was changed. Look at it again.")
    if seen.outcome == "up-to-date":
        return _answer(work, "nothing", f"{work.shown} is on {request.onto} already")
    refuse_obstacles(seen.obstacles, f"rebasing {work.shown}")
    gates = _gates(work, protected, unpublished_ok=unpublished_ok)
    left = [path for step in seen.steps for path in left_of(step.conflicts)]
    if request.dry_run:
        return _answer(work, "planned", _planned(work), Stop((), tuple(dict.fromkeys(left))))
    if left and request.where == "apart" and not _records(repository):
        raise _left_over(work, left)
    title = f"rebase {work.shown} onto {request.onto}"
    with safety.begin(repository, "rebase", title, gates=gates) as operation:
        operation.remember(onto=request.onto, onto_commit=seen.onto_commit, old=work.old, branch=seen.branch)
        if repository.git.commit_of("HEAD") != work.old:
            raise GateClosed("another commit was checked out meanwhile", hint="Nothing was changed. Look at it again.")
        return _do(work, operation, accepted)


def _records(repository: Repository) -> bool:
    records = repository.common_dir / "rr-cache"
    return records.is_dir() and any(records.iterdir())


def _planned(work: _Rebase) -> str:
    stops = [step for step in work.forecast.steps if step.outcome == "conflicts"]
    if stops:
        return f"rebasing {work.shown} would stop at {stops[0].commit} ({stops[0].subject})"
    moved = sum(step.outcome == "clean" for step in work.forecast.steps)
    return f"{moved} of {len(work.forecast.steps)} commits would be replayed onto {work.request.onto}"


def _left_over(work: _Rebase, left: Sequence[str]) -> ConflictsLeft:
    return ConflictsLeft(
        f"rebasing {work.shown} leaves conflicts in {', '.join(dict.fromkeys(left))}",
        hint="Nothing was changed. Accept proposals (--accept propose), or resolve them in the work tree (--in-place).",
    )


def _gates(work: _Rebase, protected: Sequence[str], *, unpublished_ok: bool) -> Gates:
    """What has to hold; raises for branches that may not be rewritten although the person said yes."""
    start = work.plan.parting.theirs
    span = (work.old, f"^{start}")
    if work.plan.outcome == "fast-forward":
        return Gates(clean=True)
    if unpublished_ok and not published(work.repository, span):
        return Gates(clean=True)
    names = [ref.name for ref in work.forecast.refs if ref.name != "HEAD" and not ref.why]
    if not work.request.published_ok:
        if not work.forecast.branch and published(work.repository, span):
            raise GateClosed("commits that would be replaced are on a remote already", hint="Nothing was changed.")
        return Gates(clean=True, rewrites=tuple(f"{start}..{name}" for name in names))
    for name in names:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in protected):
            raise ProtectedBranch(f"{name} is protected, so its commits are not replaced")
    own = next((branch for branch in branches(work.repository) if branch.current), None)
    if published(work.repository, span, but=own.upstream if own else ""):
        raise GateClosed(
            "commits that would be replaced are on a remote under another name than the branch's own upstream",
            hint="Others may build on them: merge instead. Nothing was changed.",
        )
    return Gates(clean=True)


def _do(work: _Rebase, operation: Operation, accepted: Accepted) -> MergeAnswer:
    """Do it within an operation."""
    repository = work.repository
    repository.git.write("hook", "run", "--ignore-missing", "pre-rebase", "--", work.request.onto)
    conflicts = work.forecast.outcome == "conflicts"
    if conflicts and work.request.where == "in-place":
        return _in_place(work, operation, accepted)
    stop = Stop((), ())
    if conflicts or (work.plan.picks and needs_porcelain(repository)):
        operation.step("replay in a temporary work tree")
        new, stop = _apart(work, accepted)
    else:
        operation.step("replay in memory")
        done, _ = replay(repository, work.plan, committer=True)
        new = _Became(new_commits(done), {one.pick.commit: one.new for one in done if one.outcome == "clean"})
    head = new.places.get(work.plan.picks[-1].commit, "") if work.plan.picks else work.plan.parting.theirs
    moves = [RefMove(work.ref, work.old, head)]
    kept: list[MovedRef] = []
    if work.request.update_refs:
        more, kept = stacked(repository, new.places)
        moves += more
    operation.step("move the branch")
    move_head(repository, moves, f"rebase (finish): {work.ref} onto {work.plan.parting.theirs}")
    said = run_post_rewrite(repository, new.made)
    work.notes.extend([said] if said else [])
    how = "replayed" if work.plan.picks else "fast-forwarded"
    summary = f"{how} {work.shown} onto {work.request.onto}"
    return _answer(work, "done", summary, stop, operation.id, [*(move.told() for move in moves), *kept])


@dataclass(frozen=True, slots=True)
class _Became:
    """What replayed commits became."""

    places: dict[str, str]
    """By hash; one that was dropped stands where it would have been."""
    made: dict[str, str]
    """Only those that were made anew."""


def _apart(work: _Rebase, accepted: Accepted) -> tuple[_Became, Stop]:
    """Let git replay in a temporary work tree; nothing of the person's moves."""
    lock_files = any(file.command for step in work.forecast.steps for file in step.conflicts)
    full = lock_files or bool(judging_hooks(work.repository))
    with work_apart(work.repository, work.old, full=full) as apart:
        stop = _run(
            apart, ("rebase", "--merge", "--empty=drop", work.plan.parting.theirs), accepted, lock_files=lock_files
        )
        if stop.left:
            raise _left_over(work, stop.left)
        made = rewritten(apart)
        head = apart.git.commit_of("HEAD")
    places: dict[str, str] = {}
    place = work.plan.parting.theirs
    for pick in work.plan.picks:
        place = made.get(pick.commit, place)
        places[pick.commit] = place
    if work.plan.picks and place != head:
        raise GitError(f"`git rebase` ended at {head[:12]}, which is none of the commits that it told of")
    return _Became(places, made), stop


def _in_place(work: _Rebase, operation: Operation, accepted: Accepted) -> MergeAnswer:
    """Let git replay in the work tree; conflicts that are left wait for a person."""
    operation.step("replay in the work tree")
    where = tuned_repository(work.repository)
    more = ["--update-refs"] if work.request.update_refs else []
    try:
        command = ("rebase", "--merge", "--empty=drop", *more, work.plan.parting.theirs)
        stop = _run(where, command, accepted, who=True)
    except GitError:
        with suppress(AuraError):
            where.git.write("rebase", "--abort")
        raise
    if stop.left:
        operation.remember(accept=",".join(sorted(accepted.tiers)))
        operation.wait(f"resolve the conflicts in {', '.join(stop.left[:5])}, then `aura continue`")
        summary = f"rebasing {work.shown} stopped at {_stopped_at(where)}: {len(stop.left)} files wait"
        return _answer(work, "waiting", summary, stop, operation.id)
    summary = f"replayed {work.shown} onto {work.request.onto}"
    head = RefMove(work.ref, work.old, work.repository.git.commit_of("HEAD"))
    return _answer(work, "done", summary, stop, operation.id, [head.told()])


def _stopped_at(where: Repository) -> str:
    return where.git.read("log", "-n1", "--format=%h (%s)", "REBASE_HEAD", ok=(0, 128)).text


def _run(
    where: Repository, command: Sequence[str], accepted: Accepted, *, who: bool = False, lock_files: bool = False
) -> Stop:
    """Run git's rebase through all stops that what was accepted settles."""
    told: list[ConflictFile] = []
    recorded: list[str] = []
    while True:
        ran = where.git.write(*command, ok=(0, 1))
        if ran.code == 0:
            return Stop(tuple(told), (), tuple(recorded))
        if not where.git.read("ls-files", "-z", "--unmerged").out:
            raise GitError(f"`git rebase` failed: {ran.err or ran.text}", hint="A hook may have refused it.")
        stop = settle_stop(where, accepted, ran.err, parting=parting_of(where) if who else None, lock_files=lock_files)
        told += stop.conflicts
        recorded += stop.recorded
        if stop.left:
            return Stop(tuple(told), stop.left, tuple(recorded), stop.notes)
        command = _CONTINUE


def _answer(
    work: _Rebase,
    standing: OperationStanding,
    summary: str,
    stop: Stop | None = None,
    operation: str = "",
    refs: Sequence[MovedRef] = (),
) -> MergeAnswer:
    stop = stop or Stop((), ())
    return MergeAnswer(
        standing=standing,
        command="rebase",
        operation=operation,
        summary=summary,
        old=work.old,
        new=work.repository.git.commit_of("HEAD"),
        conflicts=list(stop.conflicts),
        left=list(stop.left),
        recorded=list(stop.recorded),
        refs=list(refs),
        notes=[*work.forecast.notes, *work.notes, *stop.notes],
    )


def needs_porcelain(repository: Repository) -> bool:
    """Whether commits have to be made by `git rebase` itself: they are signed, or a hook writes their messages."""
    signs = repository.git.read("config", "--type=bool", "--get", "commit.gpgSign", ok=(0, 1, 128)).text == "true"
    return signs or "prepare-commit-msg" in hooks_of(repository)
