"""Branches as git has them: their facts, how two compare, and moving between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aura_git.branching.strategy import Branching, Kind
from aura_git.repository import Repository
from aura_git.running import Git
from aura_shared.errors import GateClosed, UnknownRef

__all__ = [
    "BASE_KEY",
    "Branch",
    "Comparison",
    "base_of",
    "bases_set",
    "compare",
    "count",
    "current_branch",
    "delete_branch",
    "is_in",
    "local_branches",
    "need_branch",
    "resolve",
    "switch",
]

HEADS: Final = "refs/heads/"
BASE_KEY: Final = "aurabase"
"""Setting `branch.NAME.aurabase`: what a branch began at, where the strategy says something else."""
Comparison = Literal["equal", "ahead", "behind", "diverged"]
_FIELDS: Final = (
    "refname",
    "objectname",
    "HEAD",
    "worktreepath",
    "upstream:short",
    "upstream:track",
    "committerdate:iso-strict",
    "authorname",
    "subject",
)


@dataclass(frozen=True, slots=True)
class Branch:
    """A local branch."""

    name: str
    commit: str
    current: bool
    worktree: str
    """Folder of the work tree that has it checked out; empty for none."""
    upstream: str
    """Short name of what it follows; empty for nothing."""
    ahead: int
    """Commits that its upstream does not have."""
    behind: int
    gone: bool
    """Whether it follows what is not there any more."""
    date: str
    """Of its newest commit, ISO 8601."""
    author: str
    subject: str

    @property
    def elsewhere(self) -> str:
        """Folder of another work tree that has it checked out; empty for none."""
        return "" if self.current else self.worktree


def local_branches(repository: Repository) -> list[Branch]:
    """All local branches, newest commit first; one call of git."""
    form = "%00".join(f"%({one})" for one in _FIELDS)
    ran = repository.git.read("for-each-ref", "--sort=-committerdate", f"--format={form}", HEADS)
    return [_branch(line) for line in ran.lines if line]


def _branch(line: str) -> Branch:
    ref, commit, head, folder, upstream, track, date, author, subject = line.split("\0")
    counts = dict(part.split(" ") for part in track.strip("[]").split(", ") if " " in part)
    ahead, behind = int(counts.get("ahead", 0)), int(counts.get("behind", 0))
    name = ref.removeprefix(HEADS)
    return Branch(name, commit, head == "*", folder, upstream, ahead, behind, track == "[gone]", date, author, subject)


def current_branch(repository: Repository) -> str:
    """Name of the branch that is checked out; empty when HEAD is detached."""
    # Not `--short`, which writes `heads/NAME` where a tag has the same name.
    return repository.git.read("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text.removeprefix(HEADS)


def need_branch(repository: Repository, name: str) -> str:
    """Hash of a local branch.

    Raises:
        UnknownRef: There is none of this name.
    """
    found = repository.git.find_commit(f"{HEADS}{name}")
    if found is None:
        raise UnknownRef(f"there is no local branch {name!r}", hint="`aura branch list` shows those that are there.")
    return found


def resolve(repository: Repository, branching: Branching, name: str) -> str:
    """The branch that a person means: by its name, by its name without the prefix, or the one checked out.

    Raises:
        UnknownRef: There is none, or more than one.
        GateClosed: None is named, and none is checked out.
    """
    if not name:
        current = current_branch(repository)
        if not current:
            raise GateClosed("no branch is checked out", hint="Name one, or go to one with `git switch NAME`.")
        return current
    known = [branch.name for branch in local_branches(repository)]
    if name in known:
        return name
    fitting = [kind.prefix + name for kind in branching.kinds if kind.prefix + name in known]
    if len(fitting) == 1:
        return fitting[0]
    what = f"may mean {' or '.join(fitting)}" if fitting else "is no local branch"
    raise UnknownRef(f"{name!r} {what}", hint="`aura branch list` shows those that are there.")


def base_of(repository: Repository, kind: Kind, branch: str, known: Mapping[str, str] | None = None) -> str:
    """The branch that a branch belongs on: what was set when it began, or what its kind says.

    Args:
        repository: Which.
        kind: Kind of the branch.
        branch: Its name.
        known: What `bases_set` gave, to ask once for many branches.
    """
    return (bases_set(repository) if known is None else known).get(branch) or kind.start


def bases_set(repository: Repository) -> dict[str, str]:
    """By branch, what was set when it began: by Aura, or else by git-flow."""
    wanted = rf"^(branch\..*\.{BASE_KEY}|gitflow\.branch\..*\.base)$"
    ran = repository.git.read("config", "-z", "--get-regexp", wanted, ok=(0, 1))
    theirs: dict[str, str] = {}
    own: dict[str, str] = {}
    for item in ran.items:
        key, _, value = item.partition("\n")
        if key.startswith("gitflow."):
            theirs[key.removeprefix("gitflow.branch.").removesuffix(".base")] = value
        else:
            own[key.removeprefix("branch.").removesuffix(f".{BASE_KEY}")] = value
    return theirs | own


def is_in(git: Git, commit: str, target: str) -> bool:
    """Whether a commit is an ancestor of another, or the same."""
    return git.read("merge-base", "--is-ancestor", commit, target, ok=(0, 1)).code == 0


def compare(git: Git, one: str, other: str) -> Comparison:
    """How one commit stands to another: `behind` when the other has more."""
    if one == other:
        return "equal"
    if is_in(git, one, other):
        return "behind"
    return "ahead" if is_in(git, other, one) else "diverged"


def count(git: Git, *span: str) -> int:
    """How many commits a span has."""
    return int(git.text("rev-list", "--count", *span, "--"))


def switch(repository: Repository, branch: str) -> None:
    """Go to a branch, when it is not checked out already.

    Raises:
        GitError: Files would be overwritten.
    """
    if current_branch(repository) != branch:
        repository.git.write("switch", "--quiet", "--no-guess", branch)


def delete_branch(git: Git, name: str, commit: str) -> None:
    """Delete a branch that still stands where it was seen, with what git knows of it.

    Raises:
        GitError: It moved meanwhile; it is left then.
    """
    if git.find_commit(f"{HEADS}{name}") is not None:
        git.write("update-ref", "--no-deref", "-d", f"{HEADS}{name}", commit)
    git.write("config", "--local", "--remove-section", f"branch.{name}", ok=(0, 1, 2, 5, 128))
