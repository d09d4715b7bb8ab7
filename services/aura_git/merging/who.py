"""Who changed what on each side of a merge: the commits behind a file, and behind some of its lines."""

from __future__ import annotations

from typing import Final

from aura_git.running import Git
from aura_shared.messages.merges import SideCommit

__all__ = ["file_commits", "line_commits", "lines_at"]

_MOST: Final = 3
"""Commits that are told of one place; the newest say most."""
_FORMAT: Final = "--format=%h%x00%an%x00%aI%x00%s"


def file_commits(git: Git, base: str, side: str, path: str) -> list[SideCommit]:
    """Commits after `base` up to `side` that touched a file, newest first; at most three."""
    span = f"{base}..{side}" if base else side
    ran = git.at(GIT_LITERAL_PATHSPECS="1").read("log", f"-n{_MOST}", _FORMAT, span, "--", path, ok=(0, 128))
    return [_commit(line) for line in ran.lines if line.count("\0") == 3]


def _commit(line: str) -> SideCommit:
    commit, author, date, subject = line.split("\0")
    return SideCommit(commit=commit, author=author, date=date, subject=subject)


def line_commits(git: Git, base: str, side: str, path: str, first: int, count: int) -> list[SideCommit]:
    """Commits after `base` up to `side` that wrote some lines of a file; empty when none of them did.

    Args:
        git: In the repository.
        base: Commit where both sides part.
        side: Commit of the side.
        path: The file, as that side calls it.
        first: First line, from 1.
        count: How many lines.
    """
    if count < 1 or first < 1 or not base:
        return []
    ran = git.read(*("blame", "--line-porcelain", f"-L{first},+{count}", f"{base}..{side}", "--", path), ok=(0, 128))
    found: dict[str, dict[str, str]] = {}
    facts: dict[str, str] = {}
    for line in ran.out.decode(errors="replace").split("\n") if ran.code == 0 else ():
        if line.startswith("\t"):
            if "boundary" not in facts:
                found.setdefault(facts["commit"], facts)
            facts = {}
        elif not facts:
            facts = {"commit": line.split(" ")[0]}
        else:
            key, _, value = line.partition(" ")
            facts[key] = value
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
