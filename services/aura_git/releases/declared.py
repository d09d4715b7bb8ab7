"""What people wrote of the next release: a version in the changelog or the version files, kinds of changes, fragments.

Where messages of commits do not say what they mean for callers, this does, and it is no guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from aura_git.releases.changelog import pending_version, unreleased_of
from aura_git.releases.fragments import waiting_kinds
from aura_git.releases.packages import Package
from aura_git.releases.version_files import Place
from aura_git.releases.versions import Effect, Version, parse_version, strongest
from aura_git.repository import Repository

__all__ = ["Declared", "calendar_choices", "find_declared"]

_HEADING: Final = re.compile(
    r"^(?:#{2,4}\s+(.+?)\s*#*|\*\*(.+?):?\*\*|([A-Z][^\n]{2,60})\n[-~^\"=]{3,})$", re.MULTILINE
)
_KINDS: Final[tuple[tuple[Effect, re.Pattern[str]], ...]] = (
    ("major", re.compile(r"break|remov|incompat", re.IGNORECASE)),
    ("minor", re.compile(r"feature|\badd|\bnew\b|enhanc|deprecat|^change[ds]?$|^minor$", re.IGNORECASE)),
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What people wrote: a version, or what the release does."""

    reason: str
    version: Version | None = None
    effect: Effect = "none"


def find_declared(
    repository: Repository, package: Package, changelog: str, places: Sequence[Place], current: Version
) -> Declared | None:
    """What people wrote of the release that follows `current`; None where they wrote nothing that decides.

    Args:
        repository: Which.
        package: The package.
        changelog: Text of its changelog; empty when there is none.
        places: Where its version stands.
        current: The last version.
    """
    named = pending_version(changelog)
    if named is not None and named > current:
        return Declared(f"the changelog has an unreleased section of {named}", named.core)
    for place in places:
        held = parse_version(place.text)
        if held is not None and held.pre[:1] == ("dev",) and held.core > current:
            return Declared(f"{place.path} has {place.text}: {held.core} is under way", held.core)
    tool, kinds = waiting_kinds(repository, package)
    if kinds:
        return _by_kinds(kinds, f"fragments of {tool} wait")
    found = [next(filter(None, one.groups())) for one in _HEADING.finditer(unreleased_of(changelog))]
    return _by_kinds(found, "the changelog's unreleased part has") if found else None


def _by_kinds(kinds: Iterable[str], where: str) -> Declared:
    names = list(dict.fromkeys(kinds))
    effect = strongest(_effect(one) for one in names)
    deciding = [one for one in names if _effect(one) == effect]
    return Declared(f"{where}: {', '.join(deciding[:5])}", effect=effect)


def _effect(kind: str) -> Effect:
    for effect, form in _KINDS:
        if form.search(kind):
            return effect
    return "patch"


def calendar_choices(finals: Sequence[tuple[str, Version]], years: Sequence[int], day: str) -> list[Version]:
    """The versions that may follow where the newest three follow the calendar; empty where they do not.

    Args:
        finals: Tags and versions, by version.
        years: In which year each of the newest three was tagged, in the same order.
        day: Of the release, ISO 8601.
    """
    newest = [version for _, version in finals[-3:]]
    if len(newest) < 3 or len(years) != len(newest):
        return []
    if not all(one.major in {year, year % 100} for one, year in zip(newest, years, strict=True)):
        return []
    last, year = newest[-1], date.fromisoformat(day).year
    this = year if last.major >= 1000 else year % 100
    if this > last.major:
        first = min(one.minor for one in newest)
        return [Version(this, first, 0)]
    return [Version(last.major, last.minor, last.patch + 1), Version(last.major, last.minor + 1, 0)]
