"""What a commit would hold, or holds, read from git."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from aura_git.commits.contract import ChangedPath, StagedChange
from aura_git.commits.patches import cut_patch
from aura_git.repository import Repository

__all__ = ["read_blob", "read_commit", "read_staged"]

_MOST_CHARS: Final = 400_000
_MOST_OF_FILE: Final = 150_000
_MOST_LINES: Final = 10_000
"""Of one file: a longer change is counted, not read."""
_MOST_LEFT_OUT: Final = 200
_HOW: Final = ("-M", "--no-ext-diff", "--no-textconv", "--no-color")
_PATCH: Final = (
    "-p",
    "-U3",
    "--full-index",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--submodule=short",
    "--ignore-submodules=none",
)
_STATUS: Final = frozenset("AMDRCT")


def read_staged(
    repository: Repository, *, paths: Collection[str] = (), base: str = "", tree: str | None = None
) -> StagedChange:
    """What is staged, against HEAD or, while there is no commit, against nothing.

    Args:
        repository: Which.
        paths: Only these files; `tree` is that of the whole index all the same, and empty while it has conflicts.
        base: What HEAD is, when that was read just now.
        tree: Tree of the index, when it was written just now.
    """
    base = base or repository.git.find_commit("HEAD") or _empty_tree(repository)
    tree = _tree_of_index(repository) if tree is None else tree
    asked = ("diff-index", "--cached", base)
    author = repository.git.config("user.email").lower()
    return replace(_read(repository, asked, paths, tree), author=author)


def read_commit(repository: Repository, commit: str) -> StagedChange:
    """What a commit did, against its first parent.

    Raises:
        UnknownRef: There is no such commit.
    """
    named = repository.git.commit_of(commit)
    names, _, author = repository.git.text("rev-list", "--parents", "--max-count=1", "--format=%ae", named).partition(
        "\n"
    )
    _commit, _itself, *parents = names.split()
    base = parents[0] if parents else _empty_tree(repository)
    tree = repository.git.text("rev-parse", "--verify", f"{named}^{{tree}}")
    return replace(_read(repository, ("diff-tree", "-r", base, named), (), tree), author=author.strip().lower())


def read_blob(repository: Repository, where: str, path: str, *, most_bytes: int = 400_000) -> str | None:
    """Text of a file in a commit, or in the index when `where` is empty; None when it is absent, binary or long."""
    name = f"{where}:{path}"
    size = repository.git.read("cat-file", "-s", name, ok=(0, 1, 128))
    if size.code or int(size.text) > most_bytes:
        return None
    data = repository.git.read("cat-file", "blob", name, ok=(0, 1, 128))
    if data.code or b"\0" in data.out:
        return None
    return data.out.decode(errors="replace")


def _read(repository: Repository, asked: tuple[str, ...], paths: Collection[str], tree: str) -> StagedChange:
    command, *rest = asked
    limits = ["--", *(f":(top,literal){path}" for path in paths)]
    listed = repository.git.read(command, "--raw", "--numstat", "-z", *_HOW, *rest, *limits)
    changed = tuple(_paths(listed.items))
    long = [one for one in changed if one.added + one.removed > _MOST_LINES]
    if long and len(long) == len(changed):
        return StagedChange(changed, "", tree, cut=True)
    out = [f":(top,literal,exclude){one.path}" for one in long[:_MOST_LEFT_OUT]]
    patch = repository.git.read(command, *_PATCH, *_HOW, *rest, *limits, *out).out
    diff, cut = cut_patch(patch.decode(errors="replace"), _MOST_CHARS, most_of_file=_MOST_OF_FILE)
    return StagedChange(changed, diff, tree, cut=cut or bool(long))


def _paths(items: list[str]) -> Iterator[ChangedPath]:
    """The records of `--raw --numstat -z`: raw ones begin with a colon, and come first."""
    kinds: dict[str, tuple[str, str, str]] = {}
    words = iter(items)
    for word in words:
        if word.startswith(":"):
            _old, mode, _from, _to, status = word[1:].split(" ")
            first = next(words)
            path = next(words) if status[0] in "RC" else first
            kinds[path] = (status[0], first if path != first else "", mode)
            continue
        added, removed, path = word.split("\t", 2)
        if not path:  # renamed: both names follow
            next(words)
            path = next(words)
        status, old, mode = kinds.get(path, ("M", "", ""))
        if status in _STATUS:
            yield _changed(path, status, old, mode, added, removed)


def _changed(path: str, status: str, old: str, mode: str, added: str, removed: str) -> ChangedPath:
    binary = added == "-"
    counts = (0, 0) if binary else (int(added), int(removed))
    return ChangedPath(path, status, old, *counts, binary, mode)  # pyright: ignore[reportArgumentType]


def _empty_tree(repository: Repository) -> str:
    return repository.git.read("hash-object", "-t", "tree", "--stdin", stdin=b"").text


def _tree_of_index(repository: Repository) -> str:
    """Hash of the tree that the index would become; nothing is written into the repository for it."""
    index = Path(repository.git.text("rev-parse", "--path-format=absolute", "--git-path", "index"))
    objects = repository.git.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
    with tempfile.TemporaryDirectory(prefix="aura-index-") as folder:
        copy, made = Path(folder, "index"), Path(folder, "objects")
        made.mkdir()
        if index.exists():
            shutil.copyfile(index, copy)
        aside = repository.git.at(
            GIT_INDEX_FILE=str(copy),
            GIT_OBJECT_DIRECTORY=str(made),
            GIT_ALTERNATE_OBJECT_DIRECTORIES=_quoted(objects),
        )
        if aside.read("ls-files", "--unmerged").out:
            return ""
        return aside.read("write-tree", "--missing-ok").text


def _quoted(path: str) -> str:
    """As git reads lists of folders: quoted where it holds a colon."""
    if os.pathsep not in path and not path.startswith('"'):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
