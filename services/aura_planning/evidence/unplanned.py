"""Work that belongs to no item: commits that touch code and name nothing of the plan, in groups."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.evidence.collecting import PLAN, Collected
from aura_planning.evidence.history import Commit
from aura_planning.items.model import Item
from aura_planning.proposing.words import stems

__all__ = ["Group", "unplanned"]

_RELEASE: Final = re.compile(
    r"(?:chore|build|ci)\((?:release|deps)[^)]*\)|(?:chore: )?(?:release|bump|prepare release|version)\b|"
    r"v?\d+\.\d+\.\d+|Initial commit\b|Merge\b",
    re.IGNORECASE,
)
_SCOPE: Final = re.compile(r"[a-z]+\((?P<scope>[^)]+)\)!?:")
_PROSE: Final = re.compile(r"(?:\.(?:md|rst|txt|adoc)|(?:^|/)(?:LICENSE|NOTICE|\.gitignore))\Z", re.IGNORECASE)
_LEAST: Final = 0.35
_LEAST_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Commits that seem to be about the same."""

    name: str
    """The scope that they say, or the folder that they touch most."""
    commits: tuple[Commit, ...]
    """The newest first."""
    nearest: str = ""
    """Path of the item that is most like them; a proposal."""
    likeness: float = 0.0
    """In [0, 1]."""


def unplanned(collected: Collected, items: Sequence[Item], plan: Sequence[str] = PLAN) -> list[Group]:
    """Groups of commits that belong to no item, since the plan came into git; the largest first."""
    commits = collected.repository.commits
    first = min((one.at_s for one in commits if _touches(one, plan)), default=None)
    if first is None:
        return []
    linked = {link.commit.hash for one in collected.found.values() for link in one.commits}
    groups: dict[str, list[Commit]] = {}
    for one in commits:
        if one.at_s >= first and _counts(one, linked, collected, plan):
            groups.setdefault(_about(one, plan), []).append(one)
    nearest = _Nearest(items)
    made = [Group(name, tuple(found), *nearest.to(found)) for name, found in groups.items()]
    return sorted(made, key=lambda one: (-len(one.commits), one.name))


def _touches(one: Commit, plan: Sequence[str]) -> bool:
    return any(change.path.startswith(tuple(plan)) for change in one.files)


def _counts(one: Commit, linked: Collection[str], collected: Collected, plan: Sequence[str]) -> bool:
    if one.hash in linked or one.bot or len(one.parents) > 1 or _RELEASE.match(one.subject):
        return False
    if one.hash in collected.reverted or one.hash in collected.reverts:
        return False
    return any(not change.path.startswith(tuple(plan)) and not _PROSE.search(change.path) for change in one.files)


def _about(one: Commit, plan: Sequence[str]) -> str:
    scope = _SCOPE.match(one.subject)
    if scope is not None:
        return scope["scope"].strip().lower()
    code = [change.path for change in one.files if not change.path.startswith(tuple(plan))]
    folders = Counter("/".join(path.split("/")[:-1][:2]) or "." for path in code)
    return min(folders, key=lambda folder: (-folders[folder], folder))


class _Nearest:
    """Finds the item that commits are most like, by the words of titles that are rare in the plan."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._rows = [(one.path, stems(one.title)) for one in items if one.kind in {"epic", "story", "task"}]
        counts = Counter(word for _, words in self._rows for word in words)
        most = max(1, len(self._rows))
        self._weights: Mapping[str, float] = {word: 1 + math.log(most / count) for word, count in counts.items()}

    def to(self, commits: Sequence[Commit]) -> tuple[str, float]:
        words: set[str] = set()
        for one in commits[:20]:
            words |= stems(one.subject)
        best, found = "", 0.0
        for path, own in self._rows:
            common = own & words
            if len(common) < _LEAST_WORDS:
                continue
            whole = sum(sorted(self._weights[word] for word in own))
            likeness = sum(sorted(self._weights[word] for word in common)) / whole
            if likeness >= _LEAST and likeness > found:
                best, found = path, likeness
        return best, round(found, 2)
