"""Beginning a branch by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.branching.names import check_name, make_name
from aura_git.branching.refs import BASE_KEY, HEADS, base_of, compare, is_in, local_branches, need_branch
from aura_git.branching.remotes import tracked
from aura_git.branching.strategy import Branching, Kind
from aura_git.merging.tuning import tuned_repository
from aura_git.repository import Repository, RepositoryState
from aura_git.safety.contract import Gates, Safety
from aura_shared.errors import Conflict, GateClosed, GitError, UnknownRef, UsageProblem
from aura_shared.messages.branches import BranchStarted, StartBranch

__all__ = ["start"]

_COMMAND: Final = "branch start"


@dataclass(frozen=True, slots=True)
class _Start:
    kind: Kind
    branch: str
    base: str
    """As it was named: a branch, or a commit for `support`."""
    ref: str
    """For git: the full name of the branch, or a hash."""
    commit: str
    notices: tuple[str, ...]


def start(repository: Repository, safety: Safety, branching: Branching, request: StartBranch) -> BranchStarted:
    """Begin a branch and check it out.

    Raises:
        UsageProblem: No such kind, or no name can be made.
        Conflict: The branch, the tag or another one of a kind of which there is only one exists.
        UnknownRef: What it begins at does not exist.
        GateClosed: The work tree or the base is not in a state for it.
    """
    kind = branching.kind(request.kind)
    wanted = _prepare(repository, branching, kind, request)
    told = BranchStarted(
        branch=wanted.branch, kind=kind.name, base=wanted.base, commit=wanted.commit, notices=list(wanted.notices)
    )
    if request.dry_run:
        return told
    gates = Gates(clean=kind.clean)
    with safety.begin(repository, _COMMAND, f"begin {wanted.branch} at {wanted.base}", gates=gates) as operation:
        operation.remember(branch=wanted.branch, base=wanted.base, kind=kind.name)
        operation.step(f"create {wanted.branch}")
        _create(tuned_repository(repository), wanted)
        if wanted.base and not kind.from_tag and base_of(repository, kind, wanted.branch) != wanted.base:
            operation.step("remember where it began")
            repository.git.write("config", "--local", f"branch.{wanted.branch}.{BASE_KEY}", wanted.base)
        return told.model_copy(update={"operation": operation.id})


def _prepare(repository: Repository, branching: Branching, kind: Kind, request: StartBranch) -> _Start:
    state = repository.state()
    if state.unborn or not state.head:
        raise GateClosed("this repository has no commit yet", hint="Make a first commit: aura commit")
    branch = check_name(repository.git, make_name(kind, branching.pattern, name=request.name, task=request.task))
    base = request.base or kind.start
    if not base:
        hint = f"Name a tag or commit of {branching.main}: aura branch start {kind.name} NAME --base v1.0.0"
        raise UsageProblem(f"a {kind.name} branch needs a base", hint=hint)
    _refuse_existing(repository, branching, kind, branch)
    ref, commit = _base(repository, branching, kind, base)
    notices = _standing(repository, base) if ref.startswith(HEADS) else []
    notices += _carried(state, commit)
    return _Start(kind, branch, base, ref, commit, tuple(notices))


def _refuse_existing(repository: Repository, branching: Branching, kind: Kind, branch: str) -> None:
    known = [one.name for one in local_branches(repository)]
    if branch in known:
        raise Conflict(f"there is a branch {branch!r} already", hint=f"Go to it: git switch {branch}")
    inside = next((one for one in known if one.startswith(f"{branch}/") or branch.startswith(f"{one}/")), None)
    if inside:
        raise Conflict(f"{branch!r} cannot be there beside the branch {inside!r}", hint="Choose another name.")
    found = tracked(repository, branch)
    if found is not None and found.known:
        hint = f"Go on with it: git switch --track {found.name}/{branch}"
        raise Conflict(f"the remote {found.name!r} has a branch {branch!r} already", hint=hint)
    open_ = [one for one in known if branching.kind_of(one) is kind]
    if kind.single and open_:
        hint = f"Finish that one first: aura branch finish {open_[0]}"
        raise Conflict(f"there is a {kind.name} branch {open_[0]!r} already", hint=hint)
    tag = branching.tag_prefix + branch.removeprefix(kind.prefix)
    if kind.tagged and repository.git.find_commit(f"refs/tags/{tag}"):
        raise Conflict(f"there is a tag {tag!r} already", hint="Choose the next version.")


def _base(repository: Repository, branching: Branching, kind: Kind, base: str) -> tuple[str, str]:
    """What a branch begins at: for git, and its hash."""
    git = repository.git
    if not kind.from_tag:
        return f"{HEADS}{base}", _base_branch(repository, base)
    commit = git.commit_of(base)
    if not is_in(git, commit, need_branch(repository, branching.main)):
        raise GateClosed(
            f"{base!r} is not on {branching.main}, where a {kind.name} branch begins",
            hint="Choose a tag of a release: `git tag --merged " + branching.main + "` lists them.",
        )
    return commit, commit


def _base_branch(repository: Repository, base: str) -> str:
    found = repository.git.find_commit(f"{HEADS}{base}")
    if found is not None:
        return found
    there = tracked(repository, base)
    hint = "`aura branch init` makes base branches that are missing; `aura branch list` shows what is there."
    if there is not None and there.known:
        hint = f"It is at the remote: git branch --track {base} {there.name}/{base}"
    raise UnknownRef(f"there is no local branch {base!r} to begin at", hint=hint)


def _standing(repository: Repository, base: str) -> list[str]:
    """Raises GateClosed for a base that lacks commits of its remote; a notice for one that has more."""
    there = tracked(repository, base)
    if there is None or not there.known:
        return []
    how = compare(repository.git, need_branch(repository, base), there.known)
    if how in ("behind", "diverged"):
        what = "lacks commits of" if how == "behind" else "has parted from"
        raise GateClosed(f"{base!r} {what} {there.name}/{base}", hint="Bring it up to date first: aura sync")
    return [f"{base} has commits that {there.name} does not have yet"] if how == "ahead" else []


def _carried(state: RepositoryState, commit: str) -> Sequence[str]:
    if state.clean:
        return []
    if state.head == commit:
        return [f"{state.staged + state.unstaged} changed files come along, as they are"]
    return ["changed files come along where the base has the same text; git refuses otherwise"]


def _create(repository: Repository, wanted: _Start) -> None:
    try:
        repository.git.write("switch", "--quiet", "--no-track", "--create", wanted.branch, wanted.ref)
    except GitError as error:
        if "would be overwritten" in error.message:
            hint = "Commit them first (aura commit), or begin at the commit that is checked out."
            raise GateClosed(f"changed files are in the way: {error.message}", hint=hint) from error
        raise
