"""Keeps what a snapshot is made of by one commit of Aura's own; it has nothing to do with who commits here."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from aura_git.running import Git
from aura_git.safety.storing import STAGED_PART, quoted
from aura_shared.errors import GitError

__all__ = ["keep_all", "keep_parts"]

_WHO: Final = "Aura <aura@localhost>"


def keep_parts(git: Git, folder: Path, parts: Mapping[str, str], parents: Sequence[str]) -> str:
    """Hash of a commit that keeps parts by their names, and other commits as its parents.

    Args:
        git: In the repository.
        folder: For files while it is made.
        parts: Hashes by name.
        parents: Any number of commits.
    """
    return _write(git, folder, [_keeper(git, parts, parents)])[0]


def keep_all(
    git: Git, folder: Path, parts: Mapping[str, str], *, tree: str, head: str, parents: Sequence[str]
) -> tuple[str, str]:
    """Hashes of the commit with a work tree, and of the one that keeps it and everything else.

    Args:
        git: In the repository.
        folder: For files while they are made.
        parts: Hashes by name.
        tree: Of the work tree.
        head: Its parent; empty for none.
        parents: Further commits to keep.

    Raises:
        GitError: Something of it is not in the repository any more.
    """
    work = _text(tree, [head] if head else [], "Work tree")
    expected = _hash(work, len(tree))
    made, kept = _write(git, folder, [work, _keeper(git, parts, [expected, *parents])])
    if made != expected:
        raise GitError(f"git stored a commit as {made}, where {expected} was expected")
    return made, kept


def _keeper(git: Git, parts: Mapping[str, str], parents: Sequence[str]) -> bytes:
    kinds = {name: "040000 tree" if name == STAGED_PART else "100644 blob" for name in parts}
    entries = b"".join(f"{kinds[name]} {hash_}\t{name}".encode() + b"\0" for name, hash_ in parts.items())
    return _text(git.write("mktree", "-z", stdin=entries).text, parents, "Snapshot", at_s=int(time.time()))


def _text(tree: str, parents: Iterable[str], title: str, *, at_s: int = 0) -> bytes:
    """A commit; without a time, the same content is the same commit."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in dict.fromkeys(parents))]
    when = f"{_WHO} {at_s} +0000"
    lines += [f"author {when}", f"committer {when}", "", f"{title} before or after an operation of Aura", ""]
    return "\n".join(lines).encode()


def _hash(text: bytes, digits: int) -> str:
    """The name of a commit, in the repository's kind of hash."""
    content = f"commit {len(text)}\0".encode() + text
    if digits == 64:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _write(git: Git, folder: Path, texts: Sequence[bytes]) -> list[str]:
    """Store commits in one call; their hashes."""
    names: list[bytes] = []
    for number, text in enumerate(texts):
        place = folder / f"commit-{number}"
        place.write_bytes(text)
        names.append(os.fsencode(place))
    stored = git.write("hash-object", "-w", "-t", "commit", "--no-filters", "--stdin-paths", stdin=quoted(names))
    return stored.lines
