"""Local branches brought up to what they follow, where nothing can be lost; what cannot is told with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aura_git.merging.merging import do_merge
from aura_git.merging.obstacles import find_obstacles, tree_changes
from aura_git.merging.rebasing import do_rebase
from aura_git.merging.refs import Branch, RefMove, branches, update_refs
from aura_git.merging.tuning import in_place
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, Safety
from aura_shared.errors import AuraError, ConflictsLeft, GitError, NotFound, Unavailable
from aura_shared.messages.merges import DoMerge, DoRebase, MergeAnswer, SyncAnswer, SyncBranches, SyncedBranch

__all__ = ["habit", "sync"]

Way = Literal["", "merge", "rebase", "fast-forward"]
_REBASES: Final = {"true", "yes", "on", "1", "merges", "interactive", "i", "m"}


@dataclass(slots=True)
class _Sync:
    repository: Repository
    safety: Safety
    request: SyncBranches
    protected: Sequence[str]
    done: list[SyncedBranch] = field(default_factory=list[SyncedBranch])
    operations: list[str] = field(default_factory=list[str])
    fetched: list[str] = field(default_factory=list[str])
    unreachable: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])


def sync(repository: Repository, safety: Safety, request: SyncBranches, protected: Sequence[str] = ()) -> SyncAnswer:
    """Fetch, then move every local branch that can be moved without losing or guessing anything.

    A remote that does not answer is told, and what is known of it already is used.

    Raises:
        NotFound: A remote is not configured.
        GateClosed: The repository is in the middle of something.
    """
    work = _Sync(repository, safety, request, protected)
    remotes = _remotes(repository, request.remotes) if request.fetch and not request.dry_run else []
    if request.dry_run:
        for branch in _ordered(repository):
            work.done.append(_look(work, branch)[0])
        return _answer(work)
    with safety.begin(repository, "sync", "sync local branches", gates=Gates(born=False)) as operation:
        work.operations.append(operation.id)
        for remote in remotes:
            operation.step(f"fetch {remote}")
            _fetch(work, remote)
        parted = _move_all(work, operation)
    for branch, way in parted:
        work.done = [_join(work, branch, way) if one.branch == branch.name else one for one in work.done]
    return _answer(work)


def _answer(work: _Sync) -> SyncAnswer:
    return SyncAnswer(
        branches=work.done,
        fetched=work.fetched,
        unreachable=work.unreachable,
        operations=work.operations,
        notes=work.notes,
        dry_run=work.request.dry_run,
    )


def _ordered(repository: Repository) -> list[Branch]:
    """Branches, the current one first; those that follow nothing are left out unless checked out."""
    found = [branch for branch in branches(repository) if branch.current or branch.upstream]
    return sorted(found, key=lambda branch: (not branch.current, branch.name))


def _remotes(repository: Repository, wanted: Sequence[str]) -> list[str]:
    """The remotes to ask: those that were named, or else those that local branches follow."""
    known = [name for name in repository.git.read("remote").lines if name]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise NotFound(
            f"no remote is called {', '.join(missing)}; there are: {', '.join(known) or 'none'}",
            hint="`git remote add NAME URL` adds one.",
        )
    if wanted:
        return list(wanted)
    followed = repository.git.read("for-each-ref", "--format=%(upstream:remotename)", "refs/heads").lines
    return [name for name in known if name in followed]


def _fetch(work: _Sync, remote: str) -> None:
    try:
        work.repository.git.write("fetch", "--quiet", "--", remote)
    except (GitError, Unavailable) as error:
        work.unreachable[remote] = error.message
    else:
        work.fetched.append(remote)


def _move_all(work: _Sync, operation: Operation) -> list[tuple[Branch, Way]]:
    """Fast-forward what can be; returns what parted from its upstream, and how to join it."""
    parted: list[tuple[Branch, Way]] = []
    moves: list[RefMove] = []
    for branch in _ordered(work.repository):
        told, way = _look(work, branch)
        if way == "fast-forward" and branch.current:
            operation.step(f"fast-forward {branch.name}")
            told = _forward_current(work, branch, told)
        elif way == "fast-forward":
            moves.append(RefMove(f"refs/heads/{branch.name}", branch.commit, _tip(work, branch)))
        elif way:
            parted.append((branch, way))
        work.done.append(told)
    if moves:
        operation.step("fast-forward other branches")
        update_refs(work.repository, moves, "sync: fast-forward")
    return parted


def _tip(work: _Sync, branch: Branch) -> str:
    return work.repository.git.commit_of(branch.upstream)


def _look(work: _Sync, branch: Branch) -> tuple[SyncedBranch, Way]:
    """What can be done with a branch, told as if it were done already."""
    upstream = branch.upstream.removeprefix("refs/remotes/").removeprefix("refs/heads/")
    told = SyncedBranch(
        branch=branch.name, upstream=upstream, what="up-to-date", old=branch.commit[:10], current=branch.current
    )
    if not branch.upstream:
        reason = "it follows no branch: `git push --set-upstream REMOTE BRANCH` publishes it"
        return told.model_copy(update={"what": "left-alone", "reason": reason}), ""
    if branch.track == "gone":
        reason = "what it followed is gone: `aura branch cleanup` looks at it"
        return told.model_copy(update={"what": "left-alone", "reason": reason}), ""
    ahead, behind = branch.count("ahead"), branch.count("behind")
    told = told.model_copy(update={"ahead": ahead, "behind": behind})
    if not behind:
        return told.model_copy(update={"what": "ahead" if ahead else "up-to-date"}), ""
    return _look_behind(work, branch, told)


def _look_behind(work: _Sync, branch: Branch, told: SyncedBranch) -> tuple[SyncedBranch, Way]:
    if branch.checked_out and not branch.current:
        reason = f"it is checked out in {branch.checked_out}: run `aura sync` there"
        return told.model_copy(update={"what": "left-alone", "reason": reason}), ""
    if not told.ahead:
        new = _tip(work, branch)[:10]
        return told.model_copy(update={"what": "fast-forwarded", "new": new}), "fast-forward"
    if not branch.current:
        reason = f"both sides have commits: `git switch {branch.name}`, then `aura sync`"
        return told.model_copy(update={"what": "diverged", "reason": reason}), ""
    way = work.request.how or habit(work.repository, branch.name)
    if not way:
        reason = "both sides have commits, and pull.rebase is not set: `aura sync --rebase` or `aura sync --merge`"
        return told.model_copy(update={"what": "diverged", "reason": reason}), ""
    return told.model_copy(update={"what": "rebased" if way == "rebase" else "merged"}), way


def habit(repository: Repository, branch: str) -> Literal["", "merge", "rebase"]:
    """How a branch that parted from its upstream is joined here, by `branch.NAME.rebase` or `pull.rebase`."""
    for key in (f"branch.{branch}.rebase", "pull.rebase"):
        value = repository.git.config(key).lower()
        if value:
            return "rebase" if value in _REBASES else "merge"
    return ""


def _forward_current(work: _Sync, branch: Branch, told: SyncedBranch) -> SyncedBranch:
    """Fast-forward what is checked out, unless something in the work tree is in the way."""
    new = _tip(work, branch)
    changes = tree_changes(work.repository.git, branch.commit, new)
    obstacles = find_obstacles(work.repository, changes)
    if obstacles:
        reason = f"{'; '.join(obstacles[:5])}: commit or move it away first"
        return told.model_copy(update={"what": "left-alone", "reason": reason, "new": ""})
    git = in_place(work.repository.git).at(GIT_REFLOG_ACTION="sync")
    try:
        said = git.write("merge", "--ff-only", "--quiet", new).err
    except GitError as error:
        return told.model_copy(update={"what": "left-alone", "reason": error.message, "new": ""})
    work.notes.extend([said] if said else [])
    return told


def _join(work: _Sync, branch: Branch, way: Way) -> SyncedBranch:
    """Merge or rebase the current branch with what it follows; a conflict is told, and nothing is changed then."""
    told, _ = _look(work, branch)
    try:
        answer = _run(work, told.upstream, way)
    except ConflictsLeft as error:
        command = f"aura {'rebase' if way == 'rebase' else 'merge'} {told.upstream} --in-place"
        return told.model_copy(update={"what": "conflicts", "reason": f"{error.message}: `{command}`"})
    except AuraError as error:
        return told.model_copy(update={"what": "left-alone", "reason": error.message})
    work.operations.append(answer.operation)
    work.notes.extend(answer.notes)
    moved = [f"{ref.name} moved along" for ref in answer.refs if ref.name != branch.name and ref.new]
    work.notes.extend(moved)
    return told.model_copy(update={"new": answer.new[:10]})


def _run(work: _Sync, upstream: str, way: Way) -> MergeAnswer:
    project = work.request.project
    if way == "rebase":
        asked = DoRebase(project=project, onto=upstream, update_refs=True)
        return do_rebase(work.repository, work.safety, asked, work.protected, unpublished_ok=True)
    return do_merge(work.repository, work.safety, DoMerge(project=project, ref=upstream))
