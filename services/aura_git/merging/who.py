"""Who changed what on each side of a merge: the commits behind a file, and behind some of its lines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_git.running import Git
from aura_shared.messages.merges import SideCommit

__all__ = ["FileCommits", "file_commits", "line_commits", "lines_at"]

_MOST: Final = 3
"""Commits that are told of one place; the newest say most."""
_FORMAT: Final = "--format=%x00%m%x00%h%x00%an%x00%aI%x00%s"
_OURS: Final = "<"


@dataclass(slots=True)
class FileCommits:
    """Commits of each side that touched a file, newest first; at most three of each."""

    ours: list[SideCommit] = field(default_factory=list[SideCommit])
    theirs: list[SideCommit] = field(default_factory=list[SideCommit])


def file_commits(git: Git, base: str, ours: str, theirs: str, paths: Sequence[str]) -> dict[str, FileCommits]:
    """Commits of two sides that touched some files, since both parted; one call of git for all of them.

    Args:
        git: In the repository.
        base: What this commit has is left out.
        ours: Commit of our side.
        theirs: Commit of the other.
        paths: Which files.
    """
    found = {path: FileCommits() for path in paths}
    if not found:
        return found
    how = ("-z", "-c", "--no-renames", "--left-right", "--name-only", _FORMAT)
    span = (f"{ours}...{theirs}", f"^{base}")
    ran = git.at(GIT_LITERAL_PATHSPECS="1").read("log", *how, *span, "--", *found, ok=(0, 128))
    words = iter(os.fsdecode(word) for word in ran.out.split(b"\0")) if ran.code == 0 else iter(())
    for mark in words:
        if not mark:
            continue
        commit, author, date, subject = (_told(next(words, "")) for _ in range(4))
        for name in words:
            if not name:
                break
            told = found.get(name.removeprefix("\n"))
            side = (told.ours if mark == _OURS else told.theirs) if told else []
            if len(side) < _MOST:
                side.append(SideCommit(commit=commit, author=author, date=date, subject=subject))
    return found


def _told(word: str) -> str:
    return os.fsencode(word).decode(errors="replace")


def line_commits(git: Git, base: str, side: str, path: str, spans: Sequence[tuple[int, int]]) -> list[list[SideCommit]]:
    """For each span of lines the commits after `base` up to `side` that wrote some of them; one call of git for all.

    Args:
        git: In the repository.
        base: Commit where both sides part.
        side: Commit of the side.
        path: The file, as that side calls it.
        spans: First line, from 1, and how many.
    """
    wanted = [f"-L{first},+{count}" for first, count in spans if first > 0 and count > 0]
    if not wanted or not base:
        return [[] for _ in spans]
    ran = git.read("blame", "--line-porcelain", *wanted, f"{base}..{side}", "--", path, ok=(0, 128))
    if ran.code and len(wanted) > 1:  # a span that ends behind the file fails for all
        return [line_commits(git, base, side, path, [span])[0] for span in spans]
    written = _lines(ran.out.decode(errors="replace")) if ran.code == 0 else {}
    return [
        _newest([written[line] for line in range(first, first + count) if line in written]) for first, count in spans
    ]


def _lines(text: str) -> dict[int, dict[str, str]]:
    """What `blame --line-porcelain` says of each line; those from before the base are left out."""
    written: dict[int, dict[str, str]] = {}
    facts: dict[str, str] = {}
    for line in text.split("\n"):
        if line.startswith("\t"):
            if "boundary" not in facts:
                written[int(facts["line"])] = facts
            facts = {}
        elif not facts:
            commit, _, number, *_ = [*line.split(" "), "0", "0"]
            facts = {"commit": commit, "line": number}
        else:
            key, _, value = line.partition(" ")
            facts[key] = value
    return written


def _newest(lines: Sequence[dict[str, str]]) -> list[SideCommit]:
    found: dict[str, dict[str, str]] = {}
    for facts in lines:
        found.setdefault(facts["commit"], facts)
    newest = sorted(found.values(), key=lambda one: -int(one.get("author-time", "0")))
    return [_blamed(one) for one in newest[:_MOST]]


def _blamed(facts: dict[str, str]) -> SideCommit:
    from datetime import UTC, datetime  # noqa: PLC0415 - only when a conflict is explained

    date = datetime.fromtimestamp(int(facts.get("author-time", "0")), UTC).isoformat()
    author, subject = facts.get("author", ""), facts.get("summary", "")
    return SideCommit(commit=facts["commit"][:10], author=author, date=date, subject=subject)


def lines_at(text: bytes | None, wanted: str, after: int = 0) -> int:
    """Where some lines stand in a file: the first of them, from 1; 0 when they do not stand there.

    Args:
        text: The file.
        wanted: The lines.
        after: Only behind this line.
    """
    if not text or not wanted:
        return 0
    lines = text.decode(errors="replace").splitlines()
    sought = wanted.splitlines()
    for at in range(after, len(lines) - len(sought) + 1):
        if lines[at : at + len(sought)] == sought:
            return at + 1
    return 0
