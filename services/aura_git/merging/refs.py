"""Branches that move together: which do, which may not, and moving them all at once or none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.merging.tuning import hooks_of, in_place
from aura_git.repository import Repository
from aura_shared.errors import GateClosed, RepositoryBusy
from aura_shared.messages.merges import MovedRef

__all__ = ["Branch", "RefMove", "branches", "move_head", "published", "run_post_rewrite", "stacked"]

_REMOTES: Final = "refs/remotes/"
_FORMAT: Final = "%(refname)%00%(objectname)%00%(worktreepath)%00%(upstream)%00%(upstream:track,nobracket)%00%(HEAD)"


@dataclass(frozen=True, slots=True)
class Branch:
    """A local branch."""

    name: str
    """Short."""
    commit: str
    checked_out: str
    """Folder of the work tree that it is checked out in; empty for none."""
    upstream: str
    """Full name of the ref that it follows; empty for none."""
    track: str
    """As git says: `ahead 1, behind 2`, `gone`, or empty when both are the same."""
    current: bool
    """Whether it is checked out here."""

    def count(self, word: str) -> int:
        """How many commits it is `ahead` or `behind`."""
        for part in self.track.split(", "):
            name, _, number = part.partition(" ")
            if name == word and number.isdigit():
                return int(number)
        return 0


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref that moves."""

    ref: str
    """Full name, or `HEAD` when no branch is checked out."""
    old: str
    new: str

    def told(self, why: str = "") -> MovedRef:
        """For a person."""
        return MovedRef(name=self.ref.removeprefix("refs/heads/"), old=self.old[:10], new=self.new[:10], why=why)


def branches(repository: Repository) -> list[Branch]:
    """All local branches; one call of git."""
    out = repository.git.read("for-each-ref", f"--format={_FORMAT}", "refs/heads").lines
    found: list[Branch] = []
    for line in out:
        ref, commit, folder, upstream, track, head = line.split("\0")
        found.append(Branch(ref.removeprefix("refs/heads/"), commit, folder, upstream, track, head == "*"))
    return found


def stacked(repository: Repository, new: Mapping[str, str]) -> tuple[list[RefMove], list[MovedRef]]:
    """Other branches that point at replayed commits: those that move along, and those that may not, with the reason.

    Args:
        repository: Which.
        new: What each replayed commit became, by hash.
    """
    moves: list[RefMove] = []
    kept: list[MovedRef] = []
    for branch in branches(repository):
        if branch.current or branch.commit not in new or new[branch.commit] == branch.commit:
            continue
        move = RefMove(f"refs/heads/{branch.name}", branch.commit, new[branch.commit])
        if branch.checked_out:
            kept.append(
                MovedRef(name=branch.name, old=branch.commit[:10], why=f"checked out in {branch.checked_out}: it stays")
            )
        else:
            moves.append(move)
    return moves, kept


def published(repository: Repository, span: Sequence[str], *, but: str = "") -> int:
    """How many commits are on a remote already.

    Args:
        repository: Which.
        span: Arguments that name the commits, as hashes: `A`, `^B`.
        but: Full name of a remote-tracking ref that does not count.
    """
    git = repository.git
    every = int(git.text("rev-list", "--count", *span))
    # For `--remotes`, git takes the pattern without `refs/remotes/`.
    excluded = [f"--exclude={but.removeprefix(_REMOTES)}"] if but.startswith(_REMOTES) else []
    return every - int(git.text("rev-list", "--count", *span, "--not", *excluded, "--remotes"))


def move_head(repository: Repository, moves: Sequence[RefMove], why: str) -> None:
    """Move what is checked out, and other refs with it: work tree and index first, then all refs at once.

    Args:
        repository: Its work tree has to be clean.
        moves: The first is what is checked out.
        why: For the reflog.

    Raises:
        GateClosed: A ref moved meanwhile; nothing has changed.
    """
    git = in_place(repository.git)
    head = moves[0]
    git.write("update-index", "-q", "--refresh", ok=(0, 1))  # a file that was only touched is no change
    git.write("read-tree", "-m", "-u", head.old, head.new)
    try:
        update_refs(repository, moves, why)
    except GateClosed:
        git.write("read-tree", "-m", "-u", head.new, head.old)
        raise


def update_refs(repository: Repository, moves: Sequence[RefMove], why: str) -> None:
    """Move refs in one transaction, each only if it is still where it was; all move, or none.

    Raises:
        GateClosed: One moved meanwhile.
    """
    lines = ["start"]
    for move in moves:
        lines += ["option no-deref"] if move.ref == "HEAD" else []
        lines.append(f"update {move.ref} {move.new} {move.old}")
    lines += ["prepare", "commit", ""]
    ran = repository.git.write("update-ref", "-m", why, "--stdin", stdin="\n".join(lines).encode(), ok=(0, 128, 1))
    if ran.code == 0:
        return
    if "File exists" in ran.err:
        raise RepositoryBusy(f"refs could not be moved: {ran.err}")
    raise GateClosed(f"a branch moved meanwhile: {ran.err}", hint="Nothing was changed. Look at it again.")


def run_post_rewrite(repository: Repository, new: Mapping[str, str]) -> str:
    """Tell the hook `post-rewrite` which commits became which; returns what it said.

    git 2.39 has no way to run a hook with input, so it is called as git calls it.
    """
    hook = hooks_of(repository).get("post-rewrite")
    pairs = "".join(f"{old} {now}\n" for old, now in new.items() if old != now)
    if hook is None or not pairs:
        return ""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            [str(hook), "rebase"],
            cwd=repository.root,
            input=pairs.encode(),
            capture_output=True,
            timeout=repository.git.timeout_s,
            check=False,
            env={**environment, "GIT_DIR": str(repository.git_dir)},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the hook post-rewrite could not be run: {error}"
    return (done.stdout + done.stderr).decode(errors="replace").strip()[-4000:]
