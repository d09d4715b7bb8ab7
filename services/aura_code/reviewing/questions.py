"""What a reviewer would ask the author: each question has a place in the change that gave rise to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from aura_code.answers import visible
from aura_code.reviewing.asking import Ask, Asked
from aura_code.reviewing.asking_code import (
    caught_differently,
    commented_out,
    left_markers,
    marks,
    other_values,
    removed_checks,
)
from aura_code.reviewing.asking_files import lax_checks, migrations, odd_files
from aura_code.reviewing.asking_tests import removed_tests, skipped_tests, weaker_tests
from aura_code.reviewing.changes import Change
from aura_code.reviewing.manifests import added_dependencies, unlocked
from aura_shared.messages.review import ApiChange

MOST: Final = 30
_MOST_OF_A_KIND: Final = 6
_NAMED: Final = 3  # Users that a question names.
_CHANGELOG: Final = re.compile(
    r"(?:^|/)(?:changelog|changes|history|news|release[-_]?notes?)(?:\.(?:md|rst|txt|adoc))?$"
    r"|(?:^|/)(?:changelog\.d|changes|news|\.changeset)/",
    re.IGNORECASE,
)
_KINDS: Final[tuple[Ask, ...]] = (
    left_markers,
    removed_checks,
    caught_differently,
    removed_tests,
    skipped_tests,
    weaker_tests,
    migrations,
    other_values,
    lax_checks,
    odd_files,
    marks,
    commented_out,
)


def questions(change: Change, api: Sequence[ApiChange], files: Sequence[str]) -> list[str]:
    """What a reviewer would ask, the weightiest first.

    Args:
        change: The change.
        api: What it does to what others may use.
        files: Files of the project.
    """
    found = [f"{note}: is the change complete?" for note in change.notes]
    found += _about_api(change, api, files)
    asked = Asked(change)
    for ask in _KINDS:
        found += [question for file in change.files for question in ask(file, asked)][:_MOST_OF_A_KIND]
    found += _about_manifests(change)
    return list(dict.fromkeys(visible(one) for one in found))[:MOST]


def _about_api(change: Change, api: Sequence[ApiChange], files: Sequence[str]) -> Iterator[str]:
    breaking = [one for one in api if one.breaking]
    for one in [one for one in breaking if one.users_left][:_MOST_OF_A_KIND]:
        shown = ", ".join(one.users_left[:_NAMED])
        yield f"{one.path}:{one.line}: who changes the code that still uses `{one.symbol}` ({shown})?"
    logs = [path for path in files if _CHANGELOG.search(path) and breaking and _speaks_of(path, breaking[0].path)]
    if logs and not any(_CHANGELOG.search(file.path) for file in change.files):
        first, log = breaking[0], min(logs, key=lambda path: (path.count("/"), len(path)))
        more = f" and {len(breaking) - 1} more" if len(breaking) > 1 else ""
        yield f"{first.path}:{first.line}: `{first.symbol}`{more} breaks its users; should {log} say so?"


def _speaks_of(log: str, path: str) -> bool:
    """Whether a changelog, or a folder of its fragments, lies at the root or in a folder around a file."""
    folders = log.split("/")[:-1]
    if folders and _CHANGELOG.search(f"{folders[-1]}/"):
        folders.pop()
    return path.split("/")[: len(folders)] == folders


def _about_manifests(change: Change) -> Iterator[str]:
    for one in added_dependencies(change)[:_MOST_OF_A_KIND]:
        yield f"{one.path}:{one.line}: `{one.name}` is a new dependency; what does it bring that is not there already?"
    for manifest, lock in unlocked(change):
        yield f"{manifest}:1: the dependencies change, and {lock} does not; was it left out?"
