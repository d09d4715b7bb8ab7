"""What lies around a document: files that it links to, ids and stories of the plan, names in tests, the index."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from aura_planning.documents.checking import Surroundings
from aura_planning.documents.facts import Fact, list_files, one_line
from aura_planning.documents.structure import Tested
from aura_planning.items.ledger import Ledger
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.messages.code import SearchCode, SearchHit
from aura_shared.messages.structure import EntryPoint, FindEntryPoints
from aura_shared.projects import Project
from aura_shared.security import open_inside

__all__ = ["ask_code", "look_around", "tests_naming"]

_ID: Final = re.compile(r"(?<![\w-])[A-Z]{1,5}(?:-[A-Z]{1,5})?-?\d{1,4}(?:\.\d{1,3})?(?![\w-])")
_TEST: Final = re.compile(
    r"(?:^|/)(?:tests?|spec|__tests__|specs)/|(?:^|/)test_[^/]+\.py$|_test\.(?:py|go|rb)$|\.(?:test|spec)\.[jt]sx?$|Tests?\.(?:java|kt|cs)$"
)
_NAMES: Final = re.compile(r"(?<![A-Za-z])(?=((?:[A-Za-z]{1,5}[-_])?[A-Za-z]{1,5}[-_ ]?\d{1,4}))")
"""Every id and every end of one: `test_us_001` has `us_001`."""
_MOST_BYTES: Final = 500_000
_MOST_TESTS: Final = 3000
_CODE_S: Final = 5.0


def look_around(project: Project, path: str, ledger: Ledger, read: Callable[[str], bytes]) -> Surroundings:
    """What is known beside a document of a project.

    Args:
        project: The project.
        path: The document, relative to it.
        ledger: Items of its plan.
        read: The bytes of a file of the plan.
    """
    root = Path(project.root)
    folder = (root / path).parent
    known: set[str] = set()
    covered: set[str] = set()
    for item in ledger.items:
        if item.path == path or item.broken:
            continue
        if item.alias:
            known.add(item.alias)
        try:
            found = set(_ID.findall(read(item.path).decode("utf-8", "replace")))
        except AuraError:
            continue
        if item.kind in {"prd", "architecture"}:
            known |= found
        else:
            covered |= found

    def exists(link: str) -> bool:
        place = (root / link.lstrip("/")) if link.startswith("/") else folder / link
        return place.exists()

    return Surroundings(exists, known, covered, tests_naming(root))


def tests_naming(root: Path) -> Tested | None:
    """Which ids some test of a project belongs to, by its name, marks, comments or words; None without any test.

    Where git does not answer, only the ids that stand in files of tests count, in any spelling of their parts.
    """
    files = [path for path in list_files(root) if _TEST.search(path)][:_MOST_TESTS]
    if not files:
        return None

    def tested(criteria: Mapping[str, Sequence[str]]) -> Collection[str]:
        named = _named(root, files, criteria)
        rest = {one: texts for one, texts in criteria.items() if one not in named}
        return named | _linked(root, rest) if rest else named

    return tested


def _linked(root: Path, criteria: Mapping[str, Sequence[str]]) -> set[str]:
    """Ids with a test whose words are those of a criterion."""
    from aura_planning.evidence.collecting import Wanted, collect  # noqa: PLC0415 - reads the history: only where needed

    wanted = {one: Wanted(criteria=tuple(texts)) for one, texts in criteria.items()}
    try:
        found = collect(root, {one: [one] for one in criteria}, wanted=wanted).found
    except AuraError:
        return set()
    return {one for one, evidence in found.items() if evidence.tests}


def _named(root: Path, files: Sequence[str], wanted: Collection[str]) -> set[str]:
    names: set[str] = set()
    for path in files:
        try:
            with open_inside(root, path) as file:
                text = file.read(_MOST_BYTES).decode("utf-8", "replace")
        except (AuraError, OSError):
            continue
        names |= {_bare(found) for found in _NAMES.findall(text)}
    return {one for one in wanted if _bare(one) in names}


def _bare(name: str) -> str:
    """`FR-007`, `fr_7` and `FR7` are one."""
    found = re.search(r"(?P<letters>[A-Za-z][A-Za-z-_ ]*?)[-_ ]?0*(?P<number>\d+)", name)
    return f"{re.sub('[^a-z]', '', found['letters'].lower())}{found['number']}" if found else name.lower()


async def ask_code(bus: Bus, project: str, idea: str, cause: str) -> tuple[list[Fact], list[str]]:
    """Facts that the index of the code knows, and why there are none where it does not answer."""
    try:
        search = await bus.request(
            SearchCode(project=project, query=idea, limit=8, budget=0), timeout_s=_CODE_S, cause=cause
        )
        entries = await bus.request(FindEntryPoints(project=project, limit=8), timeout_s=_CODE_S, cause=cause)
    except AuraError as error:
        return [], [
            f"the index of the code did not answer ({error.message}); files were looked at by their names alone"
        ]
    return [*_hits(search.hits), *_entries(entries.entries)], []


def _hits(hits: Sequence[SearchHit]) -> list[Fact]:
    found: list[Fact] = []
    for one in hits:
        if (one.kind is None and not one.symbol) or _TEST.search(one.path):
            continue
        what = f"{one.kind or 'definition'} {one.symbol}".strip()
        found.append(
            Fact(
                "module",
                one_line(one.path),
                one.path,
                one.start_line,
                one_line(f"{what} comes near the words of the sentence"),
            )
        )
    return found


def _entries(entries: Sequence[EntryPoint]) -> list[Fact]:
    return [
        Fact(
            "entry",
            one_line(one.symbol.name or one.symbol.path),
            one.symbol.path,
            one.symbol.line,
            one_line(one.reason),
        )
        for one in entries
    ]
