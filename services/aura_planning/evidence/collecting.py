"""What a repository holds about items or requirements: commits, tests and symbols that belong to them.

`collect` is the way in. It only reads; each link says how it was found and how far that can be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from aura_planning.evidence.history import Repository, read_repository
from aura_planning.evidence.linking import TRUST, CommitLink, How, Linker, reverts_of
from aura_planning.evidence.names import Names
from aura_planning.evidence.symbols import Defined, SymbolLink, find_symbols, mentions_of
from aura_planning.evidence.tests import TEST_FILE, Case, list_project, read_tests
from aura_planning.evidence.wording import Wording

__all__ = ["PLAN", "TRUST", "Collected", "CommitLink", "Evidence", "How", "TestLink", "TestsBy", "Wanted", "collect"]

TestsBy: TypeAlias = Literal["name", "note", "head", "words"]
"""`name`: its name, or that of its file; `note`: its comments or markers; `head`: those of the file; `words`: it shares
most words with a criterion."""
PLAN: Final = (".ai/",)
_MOST_LINKS: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for beside names."""

    text: str = ""
    """Text of the item: paths and symbols that it names in backticks."""
    criteria: tuple[str, ...] = ()
    """Its acceptance criteria."""
    file: str = ""
    """Its own file, relative to the project."""


@dataclass(frozen=True, slots=True)
class TestLink:
    """A test that belongs to something."""

    case: Case
    how: TestsBy
    trust: float
    criterion: int = 0
    """Which criterion it is about, counted from 1; 0 for none in particular."""


@dataclass(slots=True)
class Evidence:
    """What belongs to one thing."""

    commits: list[CommitLink] = field(default_factory=list[CommitLink])
    """The newest first; at most 200."""
    tests: list[TestLink] = field(default_factory=list[TestLink])
    """By path and line; at most 200."""
    symbols: list[SymbolLink] = field(default_factory=list[SymbolLink])
    """Paths and symbols that it names, in the order of its text."""
    branches: list[str] = field(default_factory=list[str])
    """Local branches that name it and are not merged."""


@dataclass(slots=True)
class Collected:
    """What was found."""

    repository: Repository
    files: list[str]
    """Files of the project."""
    cases: list[Case]
    """All tests."""
    found: dict[str, Evidence]
    """By key; every key is there."""
    reverted: frozenset[str]
    """Hashes of commits that were taken back."""
    reverts: frozenset[str]
    """Hashes of commits that take others back."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What cannot be concluded, and why."""
        return self.repository.notices


def collect(
    root: Path,
    names: Mapping[str, Sequence[str]],
    *,
    wanted: Mapping[str, Wanted] | None = None,
    cache: Path | None = None,
    plan: Sequence[str] = PLAN,
    defined: Defined | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Collected:
    """Find commits, tests and symbols that belong to things with names, such as items and requirements.

    Args:
        root: Folder of the project.
        names: Identifiers and aliases by a key of the caller's, such as `{"FR-001": ["FR-001"]}`.
        wanted: More to look for, by the same keys; without it only names are.
        cache: File in which commits and tests are kept between calls; may be deleted at any time.
        plan: Beginnings of paths that are the plan itself: a commit that touches nothing else is no work.
        defined: Says where symbols are defined, such as the code index; else the files are read.
        stopped: Asked now and then; when it says yes, nothing more is looked for.

    Raises:
        Unavailable: git does not answer.
    """
    more = wanted or {}
    repository = read_repository(root, cache)
    finder = Names(names)
    found = {key: Evidence() for key in names}
    reverts = reverts_of(repository.commits)
    mentions = {key: mentions_of(more[key].text) for key in names if key in more and more[key].text}
    linker = Linker(repository, finder, reverts, plan, mentions, {one.file: key for key, one in more.items()})
    for key, links in linker.links().items():
        found[key].commits = sorted(links, key=lambda one: (-one.commit.at_s, one.commit.hash))[:_MOST_LINKS]
    for branch in repository.branches:
        if branch.tip not in repository.merged:
            for key in finder.find(branch.name.removeprefix("refs/heads/"), loose=True):
                found[key].branches.append(branch.name.removeprefix("refs/heads/"))
    files = list_project(root)
    cases = [] if stopped() else read_tests(root, files, cache)
    criteria = {key: more[key].criteria for key in names if key in more and more[key].criteria}
    for key, link in _tests(cases, finder, criteria):
        found[key].tests.append(link)
    for one in found.values():
        one.tests = sorted(one.tests, key=lambda link: (link.case.path, link.case.line))[:_MOST_LINKS]
    if mentions and not stopped():
        before = {key: linker.begun(key) for key in mentions}
        for key, links in find_symbols(root, mentions, before, set(files), cache, defined).items():
            found[key].symbols = links
    return Collected(repository, files, cases, found, frozenset(reverts.values()), frozenset(reverts))


def _tests(
    cases: Sequence[Case], names: Names, criteria: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, TestLink]]:
    seen: set[tuple[str, str, int]] = set()
    wording = Wording(criteria) if criteria else None
    for case in cases:
        for key, how in _named_by(case, names):
            place = key, case.path, case.line
            if place not in seen:
                seen.add(place)
                yield key, TestLink(case, how, TRUST[how])
    if wording is None:
        return
    for case in cases:
        if case.name:
            for key, number in wording.about(f"{case.group} {case.name} {case.notes[:200]}"):
                if (key, case.path, case.line) not in seen:
                    yield key, TestLink(case, "words", TRUST["words"], number)


def _named_by(case: Case, names: Names) -> Iterator[tuple[str, TestsBy]]:
    if not case.name:
        file = case.path.rpartition("/")[2].partition(".")[0]
        if TEST_FILE.search(case.path):
            for key in names.find(file, loose=True):
                yield key, "name"
        for key in names.find(case.notes):
            yield key, "head"
        return
    for text in (case.name, case.group):
        for key in [*names.find(text, loose="_" in text or " " not in text), *names.find(_words(text), loose=True)]:
            yield key, "name"
    for key in names.find(case.notes):
        yield key, "note"


def _words(text: str) -> str:
    """A name such as `TestUs004SignsIn` as words."""
    if "_" in text or " " in text or "-" in text:
        return ""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=\d)", "-", text)
