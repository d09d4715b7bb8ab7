"""Lists the files of a project that are worth reading."""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from aura_code.facts import SkipReason
from aura_code.ignores import IgnoreRules
from aura_code.repository import Repository


class ListedFile(NamedTuple):
    """A file as the listing found it."""

    path: str
    """Relative to the project's root, with forward slashes."""
    size: int
    """Bytes."""
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a project, and what was left out for another reason than being ignored."""

    files: list[ListedFile] = field(default_factory=list[ListedFile])
    """In the order of their paths."""
    skipped: dict[SkipReason, list[str]] = field(default_factory=dict[SkipReason, list[str]])
    """Paths by reason; a name that is not UTF-8 is shown with escapes."""

    def skip(self, reason: SkipReason, path: str) -> None:
        """Note that something was left out."""
        self.skipped.setdefault(reason, []).append(shown(path))


def shown(path: str) -> str:
    """A path that can be printed and sent: bytes that are not UTF-8 become escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def list_files(root: Path, ignores: IgnoreRules | None = None) -> Listing:
    """The files of a project.

    Inside a git work tree git itself lists them, so that its rules hold exactly; elsewhere the folder is walked.
    Links are not followed: one that leads out of the project is reported, another is listed where its target lies.

    Args:
        root: The project's folder.
        ignores: Its ignore rules; loaded when they are missing.

    Raises:
        FileNotFoundError: The folder does not exist.
        NotADirectoryError: It is no folder.
    """
    with os.scandir(root):  # Raises for a folder that is missing or closed.
        pass
    rules = ignores or IgnoreRules.load(root)
    listing = Listing()
    paths = _paths_of_git(rules.repository, rules, listing) if rules.repository else None
    if paths is None:
        _walk(root, rules, listing)
    else:
        _look_at(root, paths, listing)
    listing.files.sort()
    return listing


def _paths_of_git(repository: Repository, rules: IgnoreRules, listing: Listing) -> list[str] | None:
    raw = repository.listed()
    if raw is None:
        return None
    paths: list[str] = []
    for name in dict.fromkeys(raw):  # A file with a merge conflict stands there three times.
        path = os.fsdecode(name)
        if path.startswith(("../", "/")) or rules.excluded_here(path.rstrip("/")):
            continue
        if path.endswith("/"):
            listing.skip("submodule", path.rstrip("/"))
        else:
            paths.append(path)
    return paths


def _look_at(root: Path, paths: list[str], listing: Listing) -> None:
    base = f"{os.fspath(root).rstrip('/')}/"
    for path in paths:
        try:
            status = os.lstat(base + path)
        except OSError:
            continue  # Deleted, not yet in git's index.
        _take(root, path, status, listing)


def _walk(root: Path, rules: IgnoreRules, listing: Listing) -> None:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry, path in _entries(root, folder, listing):
            if entry.is_dir(follow_symlinks=False):
                if not rules.ignored(path, True):
                    if folder_is_repository(entry.path):
                        listing.skip("submodule", path)
                    else:
                        waiting.append(path)
                continue
            if rules.ignored(path, False):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            _take(root, path, status, listing)


def _entries(root: Path, folder: str, listing: Listing) -> Iterator[tuple[os.DirEntry[str], str]]:
    where = f"{root}/{folder}" if folder else os.fspath(root)
    try:
        with os.scandir(where) as entries:
            for entry in entries:
                yield entry, f"{folder}/{entry.name}" if folder else entry.name
    except OSError:
        if folder and os.path.lexists(where):
            listing.skip("unreadable", folder)


def folder_is_repository(folder: str) -> bool:
    """Whether a folder inside the project is a repository of its own."""
    return os.path.lexists(f"{folder}/.git")


def _take(root: Path, path: str, status: os.stat_result, listing: Listing) -> None:
    if not _is_utf8(path):
        listing.skip("not-utf8-name", path)
    elif modes.S_ISREG(status.st_mode):
        listing.files.append(ListedFile(path, status.st_size, status.st_mtime_ns))
    elif modes.S_ISDIR(status.st_mode):
        listing.skip("submodule", path)
    elif modes.S_ISLNK(status.st_mode) and leads_out(root, path):
        listing.skip("link", path)


def leads_out(root: Path, path: str) -> bool:
    """Whether a link leads out of the project, or nowhere."""
    real_root = os.path.realpath(root)
    try:
        target = os.path.realpath(f"{real_root}/{path}", strict=True)
    except OSError:
        return True
    return target != real_root and not target.startswith(real_root.rstrip("/") + "/")


def _is_utf8(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
