"""A repository: where it is, and in which state. Everything is read from git, nothing is remembered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from aura_git.running import Git, Ran
from aura_shared.errors import NoRepository

__all__ = ["InProgress", "Repository", "RepositoryState", "in_progress_of", "open_repository", "read_state"]

InProgress = Literal["", "merge", "rebase", "am", "cherry-pick", "revert", "bisect"]
"""What git is in the middle of."""

_MARKS: Final[tuple[tuple[str, InProgress], ...]] = (
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
    ("BISECT_LOG", "bisect"),
)
_BRANCH: Final = "refs/heads/"
_ASKED: Final = (
    *("--is-bare-repository", "--absolute-git-dir", "--git-common-dir"),
    *("--is-inside-work-tree", "--show-prefix", "--show-toplevel"),
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository as a project sees it."""

    root: Path
    """Its work tree; the git folder itself when it is bare."""
    git_dir: Path
    """Of this work tree: `.git`, or a folder below `.git/worktrees`."""
    common_dir: Path
    """What all its work trees share."""
    bare: bool = False
    project: str = ""
    """Identifier of the project that it was opened for."""
    prefix: str = ""
    """Where the project lies in it, with a slash at the end; empty for the whole of it."""
    git: Git = field(repr=False, compare=False, kw_only=True)
    """Runs git in it."""

    def state(self) -> RepositoryState:
        """In which state it is now."""
        return read_state(self)


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """What an operation has to know before it begins."""

    head: str = ""
    """Hash of the commit that is checked out; empty while there is none."""
    branch: str = ""
    """Name of the branch that is checked out; empty when HEAD is detached."""
    detached: bool = False
    unborn: bool = False
    """Whether the branch has no commit yet."""
    bare: bool = False
    shallow: bool = False
    sparse: bool = False
    linked: bool = False
    """Whether this is a further work tree (`git worktree`)."""
    in_progress: InProgress = ""
    unmerged: tuple[str, ...] = ()
    """Paths with conflicts."""
    staged: int = 0
    """Paths whose index differs from HEAD."""
    unstaged: int = 0
    """Tracked paths whose file differs from the index."""
    untracked: int = 0
    """Files and folders that git does not know and does not ignore."""
    upstream: str = ""
    """Short name of the branch that it follows."""
    ahead: int = 0
    behind: int = 0
    upstream_gone: bool = False
    """Whether it follows a branch that is not there any more."""

    @property
    def clean(self) -> bool:
        """Whether no tracked file and nothing in the index is changed."""
        return not (self.staged or self.unstaged or self.unmerged)


def open_repository(folder: Path, *, project: str = "", timeout_s: float = 120.0) -> Repository:
    """The repository that a folder lies in.

    Raises:
        NoRepository: It lies in none, or git does not trust its owner; the message says which.
    """
    git = Git(folder, timeout_s=timeout_s)
    ran = git.read("rev-parse", *_ASKED, ok=(0, 128))  # 128 also outside of a work tree, once all but that is told
    bare, git_dir, common, inside, prefix, top = (*os.fsdecode(ran.out).split("\n"), *[""] * 6)[:6]
    if not common:
        if "dubious ownership" in ran.err:
            hint = "If you trust it: git config --global --add safe.directory FOLDER"
            raise NoRepository(f"git does not trust {folder}: another user owns it", hint=hint)
        raise NoRepository(f"{folder} is not in a git repository")
    common_dir = (folder / common).resolve()
    if bare == "true" or inside != "true":
        root = Path(git_dir)
        return Repository(root, root, common_dir, bare=True, project=project, git=git.at(root))
    return Repository(Path(top), Path(git_dir), common_dir, project=project, prefix=prefix, git=git.at(Path(top)))


def read_state(repository: Repository, *, untracked: bool = True, status: Ran | None = None) -> RepositoryState:
    """In which state a repository is; one call of `git status`, and a look at some files.

    Args:
        repository: Which.
        untracked: Whether to look for files that git does not know; without, that count is 0.
        status: What `git status --porcelain=v2 --branch -z` gave just now, to spare a call.
    """
    shallow = (repository.common_dir / "shallow").exists()
    if repository.bare:
        return RepositoryState(bare=True, shallow=shallow, head=repository.git.find_commit("HEAD") or "")
    how = "--untracked-files=normal" if untracked else "--untracked-files=no"
    status = status or repository.git.read("status", "--porcelain=v2", "--branch", "-z", how)
    facts: dict[str, object] = {"shallow": shallow, "in_progress": in_progress_of(repository)}
    counts = {"staged": 0, "unstaged": 0, "untracked": 0}
    unmerged: list[str] = []
    items = iter(status.items)
    for item in items:
        kind = item[:1]
        if kind == "#":
            facts.update(_header(item[2:]))
        elif kind == "u":
            unmerged.append(item.split(" ", 10)[10])
        elif kind == "?":
            counts["untracked"] += 1
        elif kind in "12":
            counts["staged"] += item[2] != "."
            counts["unstaged"] += item[3] != "."
            if kind == "2":
                next(items)  # the path that it was renamed from
    patterns = repository.git_dir / "info" / "sparse-checkout"  # without these, nothing is left out
    sparse = patterns.exists() and repository.git.config("core.sparseCheckout") == "true"
    linked = repository.git_dir != repository.common_dir
    return RepositoryState(**facts, **counts, unmerged=tuple(unmerged), sparse=sparse, linked=linked)  # pyright: ignore[reportArgumentType]


def in_progress_of(repository: Repository) -> InProgress:
    """What git is in the middle of; only looks for files."""
    for mark, what in _MARKS:
        if (repository.git_dir / mark).exists():
            return what
    return ""


def _header(text: str) -> dict[str, object]:
    name, _, value = text.partition(" ")
    if name == "branch.oid":
        return {"unborn": True} if value == "(initial)" else {"head": value}
    if name == "branch.head":
        return {"detached": True} if value == "(detached)" else {"branch": value}
    if name == "branch.upstream":
        return {"upstream": value, "upstream_gone": True}  # `branch.ab` follows when it is there
    if name == "branch.ab":
        ahead, behind = value.split(" ")
        return {"ahead": int(ahead), "behind": -int(behind), "upstream_gone": False}
    return {}
