"""What has to hold before an operation begins."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from aura_git.repository import Repository, RepositoryState
from aura_git.safety.contract import Gates
from aura_shared.errors import GateClosed, ProtectedBranch

__all__ = ["check_gates", "is_protected", "named"]

_MOST_NAMED: Final = 5
_END: Final = {
    "merge": "finish it with `git commit` or end it with `git merge --abort`",
    "rebase": "go on with `git rebase --continue` or end it with `git rebase --abort`",
    "am": "go on with `git am --continue` or end it with `git am --abort`",
    "cherry-pick": "go on with `git cherry-pick --continue` or end it with `git cherry-pick --abort`",
    "revert": "go on with `git revert --continue` or end it with `git revert --abort`",
    "bisect": "end it with `git bisect reset`",
}


def is_protected(branch: str, patterns: Iterable[str]) -> bool:
    """Whether a branch matches a protected pattern; case counts."""
    return any(fnmatchcase(branch, pattern) for pattern in patterns)


def check_gates(repository: Repository, state: RepositoryState, gates: Gates, protected: Iterable[str]) -> None:
    """Refuse what may not begin.

    Raises:
        GateClosed: The state of the repository is in the way.
        ProtectedBranch: A protected branch would be written.
    """
    _check_kind(state, gates)
    _check_rest(state, gates)
    _check_head(state, gates)
    _check_changes(state, gates)
    _check_protected(gates, tuple(protected))
    _check_rewrites(repository, gates)


def _check_kind(state: RepositoryState, gates: Gates) -> None:
    if gates.work_tree and state.bare:
        raise GateClosed("this repository is bare: it has no work tree", hint="Do it in a clone of it.")
    if gates.complete and state.shallow:
        raise GateClosed(
            "this clone is shallow: commits behind its border are not here, and cannot be compared or moved",
            hint="Fetch them first: git fetch --unshallow",
        )
    if gates.dense and state.sparse:
        raise GateClosed(
            "this checkout is sparse: files outside of it could not be looked at",
            hint="Check everything out first: git sparse-checkout disable",
        )


def _check_rest(state: RepositoryState, gates: Gates) -> None:
    if not gates.at_rest:
        return
    if state.in_progress:
        article = "an" if state.in_progress == "am" else "a"
        told = f"git is in the middle of {article} {state.in_progress}"
        raise GateClosed(told, hint=f"First {_END[state.in_progress]}.")
    if state.unmerged:
        raise GateClosed(
            f"conflicts are left in {named(state.unmerged)}", hint="Resolve them, and stage the files with `git add`."
        )


def _check_head(state: RepositoryState, gates: Gates) -> None:
    if gates.born and state.bare and not state.head:
        raise GateClosed("this repository has no commit yet", hint="Push a first commit to it.")
    if gates.born and state.unborn:
        raise GateClosed(f"the branch {state.branch!r} has no commit yet", hint="Make a first commit: aura commit")
    if gates.attached and state.detached:
        raise GateClosed(
            f"HEAD is detached at {state.head[:10]}: no branch is checked out",
            hint="Make a branch here with `git switch -c NAME`, or go to one with `git switch NAME`.",
        )


def _check_changes(state: RepositoryState, gates: Gates) -> None:
    if not gates.clean or state.clean:
        return
    counts = {"staged": state.staged, "not staged": state.unstaged, "in conflict": len(state.unmerged)}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    raise GateClosed(f"tracked files are changed: {told}", hint="Commit them first (aura commit), or undo the edits.")


def _check_protected(gates: Gates, patterns: tuple[str, ...]) -> None:
    whose = f"Protected are {', '.join(patterns)} (git.protected in the settings)."
    deleted = [(name, "deleted") for name in gates.deletes]
    rewritten = [(name.rpartition("..")[2], "rewritten") for name in gates.rewrites]
    for branch, what in (*deleted, *rewritten):
        if is_protected(branch, patterns):
            raise ProtectedBranch(f"{branch!r} is protected, and is never {what}", hint=whose)
    branch = gates.commits_to
    if branch and not gates.protected_ok and is_protected(branch, patterns):
        raise ProtectedBranch(
            f"{branch!r} is protected: a commit on it needs a yes",
            hint=f"Commit on a branch of your own (aura branch start), or confirm it. {whose}",
        )


def _check_rewrites(repository: Repository, gates: Gates) -> None:
    """Commits that are on a remote are not replaced: others may have them."""
    for wanted in gates.rewrites:
        start, _, branch = wanted.rpartition("..")
        where = _shared_of(repository, start, branch) if start else _counterparts_with(repository, branch)
        if where:
            raise GateClosed(
                f"commits of {branch!r} are on a remote ({named(where)}): replacing them would split it from others",
                hint="Merge instead, or commit on top of them.",
            )


def _shared_of(repository: Repository, start: str, branch: str) -> list[str]:
    """Remote-tracking refs that have a commit of `start..branch`."""
    git = repository.git
    span = (git.commit_of(f"refs/heads/{branch}"), f"^{git.commit_of(start)}")
    every = git.text("rev-list", "--count", *span)
    if every == git.text("rev-list", "--count", *span, "--not", "--remotes"):
        return []
    oldest = git.read("rev-list", "--reverse", *span).lines[0]
    listed = git.read("for-each-ref", "--format=%(refname:short)", f"--contains={oldest}", "refs/remotes").lines
    return [name for name in listed if name] or ["a remote-tracking branch"]


def _counterparts_with(repository: Repository, branch: str) -> list[str]:
    """Remote-tracking refs of the same branch that have commits which only this branch has here."""
    git = repository.git
    tip = git.find_commit(f"refs/heads/{branch}")
    if tip is None:
        return []
    listed = git.read("for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes").lines
    names = [name for name, _, link in (line.partition(" ") for line in listed if line) if not link]
    upstream = git.text("for-each-ref", "--format=%(upstream)", f"refs/heads/{branch}")
    same = [name for name in names if name == upstream or _below_remote(name) == branch]
    others = [f"^{name}" for name in names if name not in same and name != f"refs/heads/{branch}"]
    return [
        name.removeprefix("refs/remotes/")
        for name in same
        if any(
            shared and git.text("rev-list", "--max-count=1", shared, *others)
            for shared in git.read("merge-base", "--all", tip, name, ok=(0, 1)).lines
        )
    ]


def _below_remote(name: str) -> str:
    """The branch's name on its remote; empty for what is no remote-tracking ref."""
    below = name.removeprefix("refs/remotes/")
    return below.partition("/")[2] if below != name else ""


def named(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more
