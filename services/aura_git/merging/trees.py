"""What `git merge-tree` says: the merge of two commits in memory, parsed strictly.

Neither index nor work tree is touched; git writes the merged blobs and trees as objects that nothing refers to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aura_git.running import Git
from aura_shared.errors import GateClosed, GitError

__all__ = [
    "MergedTrees",
    "Named",
    "Parting",
    "Said",
    "Stage",
    "is_plain",
    "merge_trees",
    "names_of",
    "parse_merged",
    "part",
    "part_counted",
]

_HASH_LENGTHS: Final = (40, 64)
_SUBMODULE_ADVICE: Final = b"Recursive merging with submodules currently only supports trivial cases."
_REFUSED: Final = "refusing to merge unrelated histories"


@dataclass(frozen=True, slots=True)
class Stage:
    """One version of a path that is in conflict."""

    mode: str
    """Six digits: `120000` is a link, `160000` a sub-module."""
    blob: str
    """Hash of its object."""
    number: int
    """1 is the base, 2 ours, 3 theirs."""
    path: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something that git says of a merge."""

    paths: tuple[str, ...]
    """What it is about; the first is where it ends up."""
    kind: str
    """Fixed words, such as `Auto-merging` or `CONFLICT (modify/delete)`."""
    text: str
    """For a person."""

    @property
    def conflict(self) -> bool:
        """Whether it is a conflict."""
        return self.kind.startswith("CONFLICT")


@dataclass(frozen=True, slots=True)
class MergedTrees:
    """The merge of two commits."""

    tree: str
    """Hash of the merged tree; files in conflict have git's markers in it."""
    clean: bool
    stages: tuple[Stage, ...] = ()
    said: tuple[Said, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths in conflict, in git's order; also one that only a message names."""
        named = [stage.path for stage in self.stages]
        told = [said.paths[0] for said in self.said if said.conflict and said.paths]
        if not self.clean:
            named += [path for path in told if path not in set(named)]
        return tuple(dict.fromkeys(named))

    def versions(self, path: str) -> dict[int, Stage]:
        """The versions of a path by number."""
        return {stage.number: stage for stage in self.stages if stage.path == path}

    def words(self, path: str) -> list[Said]:
        """What git says of a path as conflicts."""
        return [said for said in self.said if said.conflict and path in said.paths]


@dataclass(frozen=True, slots=True)
class Parting:
    """Two commits, and where they part."""

    ours: str
    theirs: str
    bases: tuple[str, ...]
    """More than one after a criss-cross; none when their histories have nothing in common."""


def part(git: Git, ref: str, ours: str = "HEAD") -> Parting:
    """The commits behind two names, and where they part; one call of git.

    Raises:
        UnknownRef: A name stands for no commit.
    """
    theirs = ref if is_plain(ref) else git.commit_of(ref)
    start = ours if is_plain(ours) else git.commit_of(ours)
    # A name that begins with neither `-` nor `^` and holds `...` can be no option of git.
    found = git.read("rev-parse", f"{start}^{{commit}}...{theirs}^{{commit}}", "--", ok=(0, 128))
    named = [line for line in found.lines if line and not line.startswith(("^", "-"))]
    if found.code != 0 or len(named) != 2:
        git.commit_of(ours)
        git.commit_of(ref)
        raise GitError(f"`git rev-parse` failed: {found.err}")
    return Parting(named[1], named[0], tuple(line[1:] for line in found.lines if line.startswith("^")))


@dataclass(frozen=True, slots=True)
class Named:
    """What is checked out and what is merged, by their hashes."""

    ours: str
    ours_tree: str
    theirs: str
    theirs_tree: str
    branch: str
    """Short name of what is checked out; empty when HEAD is detached."""


def names_of(git: Git, ref: str) -> Named:
    """The commits and trees behind HEAD and another name, and the branch; one call of git.

    Raises:
        UnknownRef: A name stands for no commit.
    """
    theirs = ref if is_plain(ref) else git.commit_of(ref)
    asked = [f"{name}^{{{kind}}}" for name in ("HEAD", theirs) for kind in ("commit", "tree")]
    found = git.read("rev-parse", *asked, "--symbolic-full-name", "HEAD", "--", ok=(0, 128))
    if found.code or len(found.lines) != len(asked) + 2:  # and `--`, which is printed too
        git.commit_of("HEAD")
        git.commit_of(ref)
        raise GitError(f"`git rev-parse` failed: {found.err}")
    ours, ours_tree, named, tree, head, _ = found.lines
    return Named(ours, ours_tree, named, tree, head.removeprefix("refs/heads/") if head != "HEAD" else "")


def part_counted(git: Git, ours: str, theirs: str) -> tuple[Parting, int]:
    """Where two commits part, and how many commits the second has that the first has not.

    Every merge base has a child on one side only, so it is among the borders of what only one side has; a single border
    is the base.
    """
    lines = git.read("rev-list", "--left-right", "--boundary", f"{ours}...{theirs}", "--").lines
    borders = [line[1:] for line in lines if line.startswith("-")]
    parting = Parting(ours, theirs, tuple(borders)) if len(borders) == 1 else part(git, theirs, ours)
    return parting, sum(line.startswith(">") for line in lines)


def is_plain(name: str) -> bool:
    """Whether a name can stand in `A...B`, and can be no option of git."""
    return bool(name) and not name.startswith(("-", "^", ".")) and ".." not in name and not name.endswith(".")


def merge_trees(git: Git, ours: str, theirs: str) -> MergedTrees:
    """Merge two commits in memory.

    Args:
        git: In the repository.
        ours: A commit; what it is called stands at the markers.
        theirs: Another one; a name has to be plain.

    Raises:
        GateClosed: Their histories have nothing in common.
        GitError: git failed, or said something that this does not understand.
    """
    ran = git.read("merge-tree", "--write-tree", "-z", "--messages", ours, theirs, ok=(0, 1, 128))
    if ran.code == 128:
        if _REFUSED in ran.err:
            raise unrelated(ours, theirs)
        raise GitError(f"`git merge-tree` failed: {ran.err}")
    return parse_merged(ran.out, clean=ran.code == 0)


def unrelated(ours: str, theirs: str) -> GateClosed:
    """Why histories without a common commit are not merged."""
    return GateClosed(
        f"{ours[:12]} and {theirs[:12]} have no commit in common, so there is nothing to merge from",
        hint="In a shallow clone, `git fetch --unshallow` may bring what is missing. Nothing was changed.",
    )


def parse_merged(out: bytes, *, clean: bool) -> MergedTrees:
    """What `git merge-tree --write-tree -z --messages` printed.

    First the tree; then `MODE HASH STAGE<tab>PATH` for each version in conflict; after an empty item the messages:
    a count, so many paths, the kind, the text.

    Raises:
        GitError: It has another form.
    """
    out, advised, _ = out.partition(_SUBMODULE_ADVICE)  # printed behind the last item, without a NUL at its end
    if not out.endswith(b"\0") or (advised and b"160000 " not in out):
        raise _odd(out)
    items = iter([os.fsdecode(item) for item in out[:-1].split(b"\0")])
    tree = next(items).strip()
    if len(tree) not in _HASH_LENGTHS:
        raise _odd(out)
    stages: list[Stage] = []
    for item in items:
        if not item:
            break
        stages.append(_stage(item, out))
    return MergedTrees(tree, clean, tuple(stages), tuple(_messages(items, out)))


def _stage(item: str, out: bytes) -> Stage:
    facts, tab, path = item.partition("\t")
    parts = facts.split(" ")
    if not tab or not path or len(parts) != 3 or parts[2] not in {"1", "2", "3"}:
        raise _odd(out)
    return Stage(parts[0], parts[1], int(parts[2]), path)


def _messages(items: Iterator[str], out: bytes) -> Iterator[Said]:
    for item in items:
        if not item:  # some versions end the section with one more NUL
            continue
        if not item.isdigit():
            raise _odd(out)
        taken = [next(items, None) for _ in range(int(item) + 2)]
        if None in taken:
            raise _odd(out)
        *paths, kind, text = [str(one) for one in taken]
        yield Said(tuple(paths), kind, text.strip())


def _odd(out: bytes) -> GitError:
    return GitError(
        f"`git merge-tree` answered in an unknown form: {out[:200]!r}",
        hint="Nothing was changed. git 2.38 or newer is needed; `aura doctor` tells which one is used.",
    )
