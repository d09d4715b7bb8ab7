"""A rebase in memory, commit by commit: no work tree, no index and no ref is touched."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aura_git.merging.sides import read_blobs
from aura_git.merging.trees import MergedTrees, Parting, merge_trees, part
from aura_git.repository import Repository
from aura_git.running import Git
from aura_shared.messages.merges import MergeOutcome

__all__ = ["Picked", "Replay", "Replayed", "new_commits", "plan_replay", "read_commits", "replay"]

StepOutcome = Literal["same", "clean", "empty", "already-there", "conflicts", "unknown"]
_FORMAT: Final = "--format=%m%x00%H%x00%T%x00%P%x00%h%x00%s"


@dataclass(frozen=True, slots=True)
class Picked:
    """A commit that is to be replayed."""

    commit: str
    tree: str
    parents: tuple[str, ...]
    short: str
    subject: str
    there: bool
    """Whether the other side has the same change already."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be replayed, and onto what."""

    onto: str
    """As asked."""
    parting: Parting
    """Ours is the branch, theirs where it goes."""
    outcome: MergeOutcome
    """`clean` stands for "to be replayed"."""
    reason: str = ""
    picks: tuple[Picked, ...] = ()
    """The oldest first."""
    flattened: int = 0
    """Merge commits that are left out, as `git rebase` does."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a commit."""

    pick: Picked
    outcome: StepOutcome
    new: str
    """The commit that it becomes, or after which it would have come; empty behind a conflict."""
    merged: MergedTrees | None = None
    """With its conflicts."""
    parting: Parting | None = None
    """The commits of both sides of its conflict."""


def plan_replay(repository: Repository, onto: str) -> Replay:
    """What a rebase of what is checked out would replay.

    Raises:
        UnknownRef: There is no such ref, or nothing is checked out yet.
    """
    git = repository.git
    parting = part(git, onto)
    if not parting.bases:
        reason = "the histories have no commit in common"
        if (repository.common_dir / "shallow").exists():
            reason = "the clone is shallow and ends before the commit where both part: `git fetch --unshallow` first"
        return Replay(onto, parting, "refused", reason)
    if parting.theirs in parting.bases:
        return Replay(onto, parting, "up-to-date")
    if parting.ours in parting.bases:
        return Replay(onto, parting, "fast-forward")
    span = f"{parting.theirs}...{parting.ours}"
    order = ("--topo-order", "--reverse", "--cherry-mark", "--right-only")
    found = [_picked(line) for line in git.read("log", *order, _FORMAT, span).lines]
    picks = tuple(pick for pick in found if len(pick.parents) < 2)
    merges = len(found) - len(picks)
    border = _behind_border(repository, picks)
    if border:
        return Replay(onto, parting, "refused", border)
    return Replay(onto, parting, "clean", picks=picks, flattened=merges)


def _picked(line: str) -> Picked:
    mark, commit, tree, parents, short, subject = line.split("\0")
    return Picked(commit, tree, tuple(parents.split()), short, subject, mark == "=")


def _behind_border(repository: Repository, picks: Sequence[Picked]) -> str:
    """Why a commit cannot be replayed because a shallow clone ends at it; empty when none does."""
    try:
        border = set((repository.common_dir / "shallow").read_text().split())
    except FileNotFoundError:
        border = set[str]()
    for pick in picks:
        if pick.commit in border or not pick.parents:
            return f"what {pick.short} changed is not known: the history ends there (`git fetch --unshallow`)"
    return ""


@dataclass(slots=True)
class _Head:
    """The commit that comes next is put on this one."""

    commit: str
    tree: str


@dataclass(slots=True)
class _Memory:
    git: Git
    raw: Mapping[str, bytes]
    committer: bytes
    trees: dict[str, str] = field(default_factory=dict[str, str])

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        if commit not in self.trees:
            self.trees[commit] = self.git.text("rev-parse", "--verify", f"{commit}^{{tree}}")
        return self.trees[commit]

    def write(self, pick: Picked, tree: str, parent: str) -> str:
        """Write the commit of a pick with another tree and parent; author, dates, encoding and message stay."""
        head, _, message = self.raw[pick.commit].partition(b"\n\n")
        kept = [line for line in head.split(b"\n") if line.startswith((b"author ", b"encoding "))]
        own = next((line for line in head.split(b"\n") if line.startswith(b"committer ")), b"")
        lines = [f"tree {tree}".encode(), f"parent {parent}".encode(), kept[0]]
        lines += [b"committer " + self.committer if self.committer else own, *kept[1:]]
        made = b"\n".join(lines) + b"\n\n" + message
        return self.git.write("hash-object", "-t", "commit", "-w", "--stdin", stdin=made).text


def replay(repository: Repository, plan: Replay, *, committer: bool = False) -> tuple[list[Replayed], float]:
    """Replay commits in memory; what comes behind a conflict is `unknown`.

    Args:
        repository: Which.
        plan: What to replay.
        committer: Whether the commits get who runs git now and the time of now as committer, as in `git rebase`; else
            they keep theirs, so that a simulation writes the same objects every time.

    Returns:
        What became of each commit, and the seconds it took.
    """
    began = time.perf_counter()
    git = repository.git
    who = git.read("var", "GIT_COMMITTER_IDENT").out.strip() if committer else b""
    trees = {pick.commit: pick.tree for pick in plan.picks}
    memory = _Memory(git, read_commits(git, [pick.commit for pick in plan.picks]), who, trees)
    head = _Head(plan.parting.theirs, memory.tree(plan.parting.theirs))
    done: list[Replayed] = []
    for pick in plan.picks:
        if done and done[-1].outcome in {"conflicts", "unknown"}:
            done.append(Replayed(pick, "unknown", ""))
        else:
            done.append(_step(memory, pick, head))
    return done, time.perf_counter() - began


def read_commits(git: Git, commits: Sequence[str]) -> dict[str, bytes]:
    """The bytes of commits by hash; one call of git."""
    return read_blobs(git, commits)


def _step(memory: _Memory, pick: Picked, head: _Head) -> Replayed:
    if pick.there:
        return Replayed(pick, "already-there", head.commit)
    parent = pick.parents[0]
    if parent == head.commit:
        head.commit, head.tree = pick.commit, pick.tree
        return Replayed(pick, "same", pick.commit)
    tree = pick.tree
    if memory.tree(parent) != head.tree:
        ours = _with_parent(memory.git, head.tree, parent)
        merged = merge_trees(memory.git, ours, pick.commit)
        if not merged.clean:
            base = memory.git.text("merge-base", head.commit, pick.commit)
            return Replayed(pick, "conflicts", "", merged, Parting(head.commit, pick.commit, (base,)))
        tree = merged.tree
    if tree == head.tree and pick.tree != memory.tree(parent):
        return Replayed(pick, "empty", head.commit)
    head.commit, head.tree = memory.write(pick, tree, head.commit), tree
    memory.trees[head.commit] = tree
    return Replayed(pick, "clean", head.commit)


def _with_parent(git: Git, tree: str, parent: str) -> str:
    """A commit with a tree right behind another commit, so that git takes that one for the base of the merge.

    Newer gits have `merge-tree --merge-base`; this does the same with every one that has `--write-tree`.
    """
    nobody = b"Aura <aura@localhost> 0 +0000"
    made = f"tree {tree}\nparent {parent}\n".encode() + b"author " + nobody + b"\ncommitter " + nobody + b"\n\nbase\n"
    return git.write("hash-object", "-t", "commit", "-w", "--stdin", stdin=made).text


def new_commits(done: Sequence[Replayed]) -> dict[str, str]:
    """What each replayed commit became, by hash; those behind a conflict are left out."""
    return {one.pick.commit: one.new for one in done if one.new}
