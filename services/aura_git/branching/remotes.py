"""What is said to remotes and what they answer: refusals and silence are told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git
from aura_shared.errors import (
    AuraError,
    ForgeRefused,
    ForgeUnreachable,
    GateClosed,
    GitError,
    HookRefused,
    NotFound,
    Unavailable,
)

__all__ = ["Remote", "delete_there", "find_remote", "hash_there", "problem_of", "tracked", "without_secrets"]

_SILENT: Final = re.compile(
    r"Could not resolve (?:host|hostname)|Connection (?:refused|timed out|reset|closed)|Network is unreachable"
    r"|No route to host|Failed to connect|unable to connect|timed out|does not appear to be a git repository"
    r"|repository .* (?:not found|does not exist)|early EOF|unexpected disconnect|requested URL returned error: 5",
    re.IGNORECASE,
)
_STALE: Final = re.compile(r"\[rejected\]|non-fast-forward|stale info|fetch first|remote ref updated since checkout")
_REFUSED: Final = re.compile(
    r"\[remote rejected\]|hook declined|protected branch|Permission denied|Authentication failed|access denied"
    r"|not allowed|could not read (?:Username|Password)|returned error: 4|remote: (?:error|fatal)|denied to",
    re.IGNORECASE,
)
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote and what is known of one of its branches."""

    name: str
    ref: str
    """Its remote-tracking ref."""
    known: str
    """Hash of that ref; empty when there is none."""


def without_secrets(text: str) -> str:
    """What git said, without names and passwords in addresses."""
    return _SECRET.sub("***@", text)


def find_remote(repository: Repository, branch: str, wanted: str = "") -> str:
    """The remote of a branch: the one named, the one it follows, the only one, or `origin`; empty for none.

    Raises:
        NotFound: The one that was named is not configured.
    """
    git = repository.git
    names = [name for name in git.read("remote").lines if name]
    if wanted:
        if wanted not in names:
            raise NotFound(
                f"there is no remote {wanted!r}; there are {', '.join(names) or 'none'}",
                hint="`git remote add NAME URL` adds one.",
            )
        return wanted
    own = git.config(f"branch.{branch}.pushRemote") or git.config(f"branch.{branch}.remote")
    if own in names:
        return own
    if len(names) == 1:
        return names[0]
    return "origin" if "origin" in names else ""


def tracked(repository: Repository, branch: str, remote: str = "") -> Remote | None:
    """What is known of a branch at its remote; None without a remote."""
    name = remote or find_remote(repository, branch)
    if not name:
        return None
    ref = f"refs/remotes/{name}/{branch}"
    return Remote(name, ref, repository.git.find_commit(ref) or "")


def hash_there(git: Git, remote: str, branch: str) -> str:
    """Where a branch stands at its remote now; empty when it is not there.

    Raises:
        ForgeUnreachable, ForgeRefused: The remote does not answer, or says no.
    """
    try:
        ran = git.read("ls-remote", "--heads", "--", remote, f"refs/heads/{branch}")
    except (GitError, Unavailable) as error:
        raise problem_of(error, remote) from error
    for line in ran.lines:
        commit, _, ref = line.partition("\t")
        if ref == f"refs/heads/{branch}":
            return commit
    return ""


def delete_there(git: Git, remote: str, branch: str, known: str) -> None:
    """Delete a branch at its remote, if it still stands where it was seen.

    Raises:
        ForgeUnreachable, ForgeRefused, GateClosed: The remote does not answer, says no, or has more by now.
    """
    ref = f"refs/heads/{branch}"
    try:
        git.write("push", "--quiet", f"--force-with-lease={ref}:{known}", "--", remote, f":{ref}")
    except (GitError, Unavailable) as error:
        if "remote ref does not exist" not in error.message:
            raise problem_of(error, remote) from error
    git.write("update-ref", "--no-deref", "-d", f"refs/remotes/{remote}/{branch}")


def problem_of(error: AuraError, remote: str) -> AuraError:
    """What a failed call to a remote means."""
    said = without_secrets(error.message)
    if isinstance(error, Unavailable) or _SILENT.search(said):
        return ForgeUnreachable(f"the remote {remote!r} does not answer: {said}")
    if _REFUSED.search(said):
        return ForgeRefused(f"the remote {remote!r} refused: {said}", hint="Its own words say why; nothing was forced.")
    if _STALE.search(said):
        hint = "Bring it up to date with `aura sync`, then try again; nothing was forced."
        return GateClosed(f"the remote {remote!r} has commits that are not here: {said}", hint=hint)
    if "failed to push some refs" in said:
        return HookRefused(f"the push was stopped before it left: {said}")
    return ForgeUnreachable(f"the remote {remote!r} cannot be asked: {said}")
