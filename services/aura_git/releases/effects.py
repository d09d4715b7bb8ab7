"""What commits mean for a release: entries by type, reverts taken out, and the effect that they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from aura_git.commits.grammar import BREAKING, parse_message, read_header
from aura_git.releases.versions import Effect, Version, strongest
from aura_git.repository import Repository

__all__ = [
    "Change",
    "Entry",
    "break_habit",
    "changes_since",
    "effect_of",
    "feature_habit",
    "left_over",
    "read_change",
]

_TYPES: Final[dict[str, Effect]] = {
    "feat": "minor", "feature": "minor", "fix": "patch", "bugfix": "patch", "hotfix": "patch", "perf": "patch",
    "revert": "patch", "deps": "patch", "security": "patch", "remove": "patch", "deprecate": "patch",
    "docs": "none", "doc": "none", "style": "none", "refactor": "none", "test": "none", "tests": "none",
    "build": "none", "ci": "none", "chore": "none", "types": "none", "typo": "none", "wip": "none", "release": "none",
    "examples": "none", "bench": "none", "improvement": "patch",
}  # fmt: skip
_REVERTED: Final = re.compile(r"(?:reverts commit|refs?:)\s+([0-9a-f]{7,40})", re.IGNORECASE)
_REVERT_SUBJECT: Final = re.compile(r'^(?:revert:?\s+)"?(.+?)"?(?:\s+\(#\d+\))?$', re.IGNORECASE)
_REFERENCE: Final = re.compile(r"(?<![\w/])(?:#\d+|[A-Z][A-Z0-9]+-\d+)\b")
_NUMBER_AT_END: Final = re.compile(r"\s*\(#\d+\)$")
_MOST_EARLY: Final = 10
_FORMAT: Final = "%H%x00%P%x00%B%x01"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a commit says it does; a squashed one says several."""

    type: str
    scope: str
    text: str
    breaking: bool = False
    note: str = ""
    """What a `BREAKING CHANGE` footer says."""
    references: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect:
        """What it asks for."""
        return "major" if self.breaking else _TYPES.get(self.type.lower(), "none")


@dataclass(frozen=True, slots=True)
class Change:
    """A commit with what it says."""

    hash: str
    subject: str
    message: str
    entries: tuple[Entry, ...]
    merge: bool = False

    @property
    def conventional(self) -> bool:
        """Whether its first line is conventional, with a type that is known."""
        return read_header(self.subject).type.lower() in _TYPES

    @property
    def effect(self) -> Effect:
        """What it asks for."""
        return strongest(entry.effect for entry in self.entries)


def read_change(commit: str, message: str, *, merge: bool = False) -> Change:
    """A commit with the entries of its first line and, for a squashed one, of its body."""
    message = message.strip("\n")
    parts = parse_message(message)
    subject = message.partition("\n")[0].strip()
    known = parts.type.lower() in _TYPES
    notes = [one.value for one in parts.footers if one.token in BREAKING]
    references = tuple(
        dict.fromkeys(
            [
                *_REFERENCE.findall(subject),
                *(r for one in parts.footers for r in _REFERENCE.findall(_footer(one.token, one.separator, one.value))),
            ]
        )
    )
    entries: list[Entry] = []
    if known:
        text = _NUMBER_AT_END.sub("", parts.description)
        note = " ".join(notes[0].split()) if notes else ""
        entries.append(Entry(parts.type.lower(), parts.scope, text, parts.breaking, note, references))
    seen = {entry.text.casefold() for entry in entries}
    for line in _points(parts.body):
        header = read_header(line[2:].strip())
        text = _NUMBER_AT_END.sub("", header.description)
        if header.type.lower() in _TYPES and text.casefold() not in seen:
            seen.add(text.casefold())
            entries.append(
                Entry(
                    header.type.lower(),
                    header.scope,
                    text,
                    header.bang,
                    "",
                    tuple(_REFERENCE.findall(header.description)) or references,
                )
            )
    if not known and parts.breaking and notes:
        entries.insert(0, Entry("", "", subject, breaking=True, note=" ".join(notes[0].split()), references=references))
    return Change(commit, subject, message, tuple(entries), merge)


def _points(body: str) -> Iterator[str]:
    """The points of a list as forges write one for squashed commits: at the line's begin, and not in quoted output."""
    fenced = False
    for line in body.split("\n"):
        if line.startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and line.startswith(("* ", "- ")):
            yield line


def _footer(token: str, separator: str, value: str) -> str:
    return "" if token in BREAKING else f"{token}{separator}{value}"


def changes_since(repository: Repository, tag: str, path: str = "", head: str = "HEAD") -> list[Change]:
    """Commits since a tag, newest first, merges left out unless they are conventional themselves.

    Args:
        repository: Which.
        tag: Commit or tag whose history is left out; empty for the whole history.
        path: Only commits that touch this folder.
        head: Where to begin.

    Raises:
        UnknownRef: The tag is not there.
    """
    git = repository.git
    begin = git.commit_of(head)
    stop = [f"^{git.commit_of(tag)}"] if tag else []
    ran = git.read("log", f"--format={_FORMAT}", "--end-of-options", begin, *stop, "--", *([path] if path else []))
    found: list[Change] = []
    for record in ran.out.decode(errors="replace").split("\x01"):
        if "\0" in record:
            name, parents, message = record.strip("\n").split("\0", 2)
            change = read_change(name, message, merge=" " in parents)
            if not change.merge or change.conventional:
                found.append(change)
    return found


def left_over(changes: Sequence[Change]) -> list[Change]:
    """The same without commits that were reverted, and without their reverts; a revert of a revert counts again.

    Args:
        changes: Newest first.
    """
    gone: set[str] = set()
    for at, change in enumerate(changes):
        if change.hash in gone:
            continue
        target = _reverted(change, changes[at + 1 :])
        if target is not None:
            gone |= {change.hash, target.hash}
    return [change for change in changes if change.hash not in gone]


def _reverted(change: Change, older: Sequence[Change]) -> Change | None:
    """The older commit that this one takes back; None when it is no revert, or of something released before."""
    if not change.subject.lower().startswith(("revert", "reapply")):
        return None
    for name in _REVERTED.findall(change.message):
        found = next((one for one in older if one.hash.startswith(name)), None)
        if found is not None:
            return found
    subject = _REVERT_SUBJECT.match(change.subject)
    return next((one for one in older if subject and one.subject in {subject[1], f"{subject[1]}"}), None)


def effect_of(changes: Sequence[Change]) -> Effect:
    """What the commits ask for together; a revert of something that was released before is a fix."""
    return strongest(
        "patch" if change.effect == "none" and change.subject.lower().startswith("revert ") else change.effect
        for change in changes
    )


def feature_habit(repository: Repository, finals: Sequence[tuple[str, Version]], path: str = "") -> tuple[int, int]:
    """Of the newest releases that brought a feature and broke nothing: how many raised the last number.

    SemVer leaves 0.y to the project, and later too some raise the middle number only for features that they announce.
    Releases before 1.0.0 tell nothing of those after it.

    Args:
        repository: Which.
        finals: Tags and versions of the final releases, by version.
        path: Folder of the package.

    Returns:
        How many raised the last number, and how many there are in all; at most the newest ten pairs are read.
    """
    early = bool(finals) and not finals[-1][1].major
    same = [one for one in finals if (not one[1].major) == early][-(_MOST_EARLY + 1) :]
    lower = every = 0
    for (old_tag, old), (tag, new) in pairwise(same):
        if new.major != old.major:
            continue
        changes = left_over(changes_since(repository, f"refs/tags/{old_tag}", path, f"refs/tags/{tag}"))
        if effect_of(changes) == "minor":
            every += 1
            lower += new.minor == old.minor
    return lower, every


def break_habit(repository: Repository, finals: Sequence[tuple[str, Version]], path: str = "") -> tuple[int, int]:
    """Of the newest releases from 1.0.0 on that broke callers: how many did not raise the first number, and all."""
    same = [one for one in finals if one[1].major][-(_MOST_EARLY + 1) :]
    lower = every = 0
    for (old_tag, old), (tag, new) in pairwise(same):
        changes = left_over(changes_since(repository, f"refs/tags/{old_tag}", path, f"refs/tags/{tag}"))
        if effect_of(changes) == "major":
            every += 1
            lower += new.major == old.major
    return lower, every
