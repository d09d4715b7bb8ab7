"""What a repository is like, byte by byte, and what has to be true of it after a crash."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from aura_git.repository import Repository

Work = Callable[[Repository], object]
"""Something that writes to a repository."""
Operate = Callable[[Work], str]
"""Carries it out as an operation; returns its identifier."""


@dataclass(frozen=True)
class Whole:
    """Everything of a repository that a person can lose."""

    head: str
    refs: tuple[tuple[str, str], ...]
    index: bytes | None
    staged: str
    """What the index holds: mode, hash, stage and path of each entry."""
    files: tuple[tuple[bytes, str], ...]
    """Path, and kind with content of every file, ignored ones too."""
    state: tuple[str, ...]
    """Files of a merge or rebase under way."""


STATE = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "sequencer")


def whole(root: Path, git_dir: Path | None = None) -> Whole:
    """What a repository is like now."""
    git_dir = git_dir or root / ".git"
    listed = run(root, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    refs = tuple((name, value) for name, value in map(str.split, listed) if not name.startswith("refs/aura/"))
    index = git_dir / "index"
    return Whole(
        (git_dir / "HEAD").read_text(),
        refs,
        index.read_bytes() if index.exists() else None,
        run(root, "ls-files", "--stage") if (root / ".git").exists() else "",
        tuple(sorted(_files(os.fsencode(root)))),
        tuple(name for name in STATE if (git_dir / name).exists()),
    )


def staged_alike(one: Whole, other: Whole) -> bool:
    """Whether everything but the bytes of the index is the same: any `git status` refreshes these."""
    return replace(one, index=None) == replace(other, index=None)


def _files(root: bytes) -> list[tuple[bytes, str]]:
    found: list[tuple[bytes, str]] = []
    for top, folders, names in os.walk(root):
        if b".git" in folders:
            folders.remove(b".git")
        for name in (*names, *folders):
            path = Path(os.fsdecode(top + b"/" + name))
            if name != b".git" and (name in names or path.is_symlink()):
                found.append((os.fsencode(path)[len(root) + 1 :], _content(path)))
    return found


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"link {path.readlink()}"
    mode = "program" if path.stat().st_mode & 0o100 else "file"
    return f"{mode} {hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()}"


def run(root: Path, *arguments: str, stdin: str | None = None) -> str:
    """What git prints."""
    code, out, err = _run(root, arguments, stdin)
    assert code == 0, f"git {arguments}: {code}\n{out}{err}"
    return out


def _run(root: Path, arguments: tuple[str, ...], stdin: str | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def blobs_at_hand(root: Path) -> set[str]:
    """Blobs that are staged or in the work tree, as git would store the bytes as they are."""
    found = {line.split()[1] for line in run(root, "ls-files", "--stage").splitlines()}
    listed = run(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    plain = [name for name in listed if name and (root / name).is_file() and not (root / name).is_symlink()]
    plain = [name for name in plain if not set(name) & set('\n\r"')]
    stdin = "".join(f"{name}\n" for name in plain)
    return found | set(run(root, "hash-object", "--no-filters", "--stdin-paths", stdin=stdin).split())


def blobs_within_reach(root: Path) -> set[str]:
    """Blobs that a ref, the index, a reflog or a backup of Aura's still leads to."""
    lines = run(root, "rev-list", "--objects", "--all", "--reflog", "--indexed-objects").splitlines()
    return {line.split(" ")[0] for line in lines}


def problems(root: Path) -> list[str]:
    """What git finds wrong with a repository; nothing when all is well."""
    code, out, err = _run(root, ("fsck", "--full", "--strict", "--no-dangling", "--no-progress"))
    found = [line for line in (out + err).splitlines() if "notice" not in line]
    if code:
        found.append(f"fsck ended with {code}")
    code, out, err = _run(root, ("status", "--porcelain=v2", "--branch"))
    return [*found, f"status: {err.strip()}"] if code else found
