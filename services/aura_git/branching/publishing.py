"""Pushing a branch to its remote; never by force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_git.branching.refs import HEADS, is_in, need_branch, resolve
from aura_git.branching.remotes import find_remote, hash_there, problem_of, without_secrets
from aura_git.branching.strategy import Branching
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Safety
from aura_shared.errors import GateClosed, GitError, NotFound, ProtectedBranch, Unavailable
from aura_shared.messages.branches import BranchPublished, PublishBranch

__all__ = ["publish"]

_COMMAND: Final = "branch publish"
_MOST_TOLD: Final = 2000


def publish(
    repository: Repository, safety: Safety, branching: Branching, request: PublishBranch, protected: Sequence[str] = ()
) -> BranchPublished:
    """Push a branch and follow it at its remote.

    Raises:
        NotFound: There is no remote.
        GateClosed: The remote has commits that are not here.
        ProtectedBranch: `replace` was asked for a protected branch.
        ForgeUnreachable, ForgeRefused, HookRefused: The push did not go through; with the words that were said.
    """
    git = repository.git
    branch = resolve(repository, branching, request.branch)
    tip = need_branch(repository, branch)
    remote = find_remote(repository, branch, request.remote)
    if not remote:
        raise NotFound("there is no remote to publish to", hint="Add one: git remote add origin URL")
    there = hash_there(git, remote, branch)
    forced = _replaces(repository, remote, branch, tip, there, asked=request.replace)
    if forced and branching.is_protected(branch, protected):
        raise ProtectedBranch(f"{branch!r} is protected: it is never replaced at {remote}")
    upstream = f"{remote}/{branch}"
    told = BranchPublished(branch=branch, remote=remote, upstream=upstream, commit=tip, pushed=there != tip)
    if there == tip and git.read("rev-parse", "--verify", "--quiet", f"{branch}@{{u}}", ok=(0, 1, 128)).code == 0:
        return told
    with safety.begin(repository, _COMMAND, f"publish {branch} to {remote}", gates=Gates(work_tree=False)) as operation:
        operation.remember(branch=branch, remote=remote, old=there, new=tip)
        operation.step(f"push {branch} to {remote}")
        said = _push(repository, remote, branch, replace=forced)
        return told.model_copy(update={"said": said, "operation": operation.id})


def _replaces(repository: Repository, remote: str, branch: str, tip: str, there: str, *, asked: bool) -> bool:
    """Whether the push replaces commits at the remote; raises GateClosed where it may not."""
    git = repository.git
    known = git.find_commit(there) if there else tip
    if not there or (known is not None and is_in(git, there, tip)):
        return False
    if known is None or git.find_commit(f"refs/remotes/{remote}/{branch}") != there:
        raise GateClosed(
            f"{branch!r} at {remote} has commits that were never seen here",
            hint="Fetch them and look: aura sync. Nothing was pushed.",
        )
    if not asked:
        how = "is ahead of the one here" if is_in(git, tip, there) else "has parted from the one here"
        hint = "Bring it up to date first (aura sync); after a rebase of your own branch, add --replace."
        raise GateClosed(f"{branch!r} at {remote} {how}", hint=hint)
    _refuse_others(repository, branch, tip, there)
    return True


def _refuse_others(repository: Repository, branch: str, tip: str, there: str) -> None:
    """Raises GateClosed when commits of somebody else would be replaced."""
    mine = repository.git.config("user.email")
    authors = set(repository.git.read("log", "--format=%ae", f"{tip}..{there}", "--").lines) - {""}
    others = sorted(authors - {mine})
    if others:
        raise GateClosed(
            f"commits of {', '.join(others[:5])} on {branch!r} would be replaced: it is not yours alone",
            hint="Bring theirs in first: aura sync. Nothing was pushed.",
        )


def _push(repository: Repository, remote: str, branch: str, *, replace: bool) -> str:
    """Push; returns what the remote said."""
    ref = f"{HEADS}{branch}"
    # Without a hash after the name of the ref, since `--force-if-includes` is ignored with one.
    force = (f"--force-with-lease={ref}", "--force-if-includes") if replace else ()
    try:
        ran = repository.git.write("push", "--quiet", "--set-upstream", *force, "--", remote, f"{ref}:{ref}")
    except (GitError, Unavailable) as error:
        raise problem_of(error, remote) from error
    lines = [line.removeprefix("remote:").strip() for line in without_secrets(ran.err).splitlines()]
    return "\n".join(line for line in lines if line)[-_MOST_TOLD:]
