"""Tests of a project: where each one stands, what it is called, and what its comments say. Nothing is run.

Files are read line by line, so that any language with one of the usual test libraries is understood a little.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_planning.documents.facts import list_files
from aura_planning.evidence.history import run_git
from aura_shared.errors import AuraError
from aura_shared.security import open_inside

__all__ = ["TEST_FILE", "Case", "list_project", "read_cases", "read_tests"]

TEST_FILE: Final = re.compile(
    r"(?:^|/)(?:tests?|spec|__tests__|specs|e2e)/.*\.(?:py|[cm]?[jt]sx?|go|rs|java|kt|cs|rb|php|swift|dart|exs?|feature)\Z"
    r"|(?:^|/)test_[^/]+\.py\Z|_test\.(?:py|go|rb|dart|exs)\Z|\.(?:test|spec|e2e|cy)\.[cm]?[jt]sx?\Z"
    r"|Tests?\.(?:java|kt|cs|php|swift)\Z"
)
_MOST_FILES: Final = 5000
_MOST_LISTED: Final = 100_000
_MOST_BYTES: Final = 600_000
_MOST_TEXT: Final = 800
_CASES: Final = (
    re.compile(r"^(?P<indent>\s*)(?:async\s+)?def\s+(?P<name>test\w*)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?P<group>class)\s+(?P<name>Test\w*|\w+Test(?:s|Case)?)\b"),
    re.compile(
        r"^(?P<indent>\s*)(?:(?P<group>describe|context|suite|feature)|it|test|scenario|specify)(?:\.\w+)*"
        r"(?:\([^\"'`()]*\))?\s*\(?\s*(?P<quote>[\"'`])(?P<name>(?:(?!(?P=quote)).)+)(?P=quote)"
    ),
    re.compile(r"^(?P<indent>)func\s+(?P<name>(?:Test|Example|Benchmark)\w+)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?:public|private|internal|protected)?\s*(?:static\s+)?(?:async\s+)?(?:void|Task)\s+(?P<name>\w+)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?:public\s+)?function\s+(?P<name>test\w+)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?:suspend\s+)?fun\s+(?P<name>`[^`]+`|\w+)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?:pub\s+)?(?:async\s+)?fn\s+(?P<name>\w+)\s*\("),
    re.compile(r"^(?P<indent>\s*)(?P<group>Feature|Rule):\s*(?P<name>.+)"),
    re.compile(r"^(?P<indent>\s*)Scenario(?: Outline)?:\s*(?P<name>.+)"),
)  # fmt: skip
_NOTE: Final = re.compile(r"\s*(?:#|//|/\*|\*|\"\"\"|'''|@|pytestmark\b)")
_DOC: Final = re.compile(r"\s*[rRbBuU]?(\"\"\"|''')")


@dataclass(frozen=True, slots=True)
class Case:
    """A test."""

    path: str
    line: int
    name: str
    """As it is written; empty for the head of a file, which holds for all of it."""
    group: str = ""
    """What it stands in, such as a class or `describe`."""
    notes: str = ""
    """Its comments, docstring and markers."""


def list_project(root: Path) -> list[str]:
    """The files of a project that git knows or does not ignore; without git, those that a walk meets."""
    with suppress(AuraError):
        out = run_git(root, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        if out is not None:
            return sorted(one.decode("utf-8", "replace") for one in out.split(b"\0") if one)[:_MOST_LISTED]
    return sorted(list_files(root))


def read_tests(root: Path, files: Sequence[str], cache: Path | None = None) -> list[Case]:
    """All tests of some files, by path and line.

    Args:
        root: Folder of the project.
        files: Paths relative to it; those that are no test files are passed over.
        cache: File in which tests are kept between looks; may be deleted at any time.
    """
    wanted = [one for one in files if TEST_FILE.search(one)][:_MOST_FILES]
    kept = _kept(cache)
    found: dict[str, tuple[str, list[Case]]] = {}
    fresh: list[str] = []
    for path in wanted:
        try:
            stat = (root / path).lstat()
        except OSError:
            continue
        stamp = f"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"
        known = kept.get(path)
        if known is None or known[0] != stamp:
            known = stamp, _read(root, path)
            fresh.append(path)
        found[path] = known
    if cache is not None and (fresh or found.keys() != kept.keys()):
        _keep(cache, {path: found[path] for path in fresh}, [one for one in kept if one not in found])
    return [case for path in sorted(found) for case in found[path][1]]


def _read(root: Path, path: str) -> list[Case]:
    with suppress(OSError, AuraError), open_inside(root, path) as file:
        data = file.read(_MOST_BYTES + 1)
        if len(data) <= _MOST_BYTES:
            return list(read_cases(path, data.decode("utf-8", "replace")))
    return []


def read_cases(path: str, text: str) -> Iterator[Case]:
    """The tests of one file, and its head first."""
    lines = text.splitlines()
    marks = [(number, match) for number, line in enumerate(lines) if (match := _case(line)) is not None]
    first = _begin(lines, marks[0][0]) if marks else len(lines)
    head = _notes(lines[: min(first, 60)])
    if head:
        yield Case(path, 1, "", notes=head)
    groups: list[tuple[int, str]] = []
    for at, (number, match) in enumerate(marks):
        indent = len(match["indent"].expandtabs(4))
        groups = [one for one in groups if one[0] < indent]
        name = match["name"].strip("`").strip()
        end = _begin(lines, marks[at + 1][0]) if at + 1 < len(marks) else len(lines)
        notes = _notes(lines[_begin(lines, number) : end])
        grouped = bool(match.groupdict().get("group"))
        yield Case(path, number + 1, name[:300], " ".join(one for _, one in groups)[:300], notes)
        if grouped:
            groups.append((indent, name))


def _case(line: str) -> re.Match[str] | None:
    return next((match for one in _CASES if (match := one.match(line))), None)


def _begin(lines: Sequence[str], number: int) -> int:
    """The first of the lines with comments and markers right above a line."""
    while number > 0 and _NOTE.match(lines[number - 1]) and not _DOC.match(lines[number - 1]):
        number -= 1
    return number


def _notes(lines: Sequence[str]) -> str:
    """Comments, docstrings and markers of some lines."""
    found: list[str] = []
    closing_mark = ""
    for line in lines:
        doc = _DOC.match(line)
        if closing_mark:
            found.append(line.strip())
            closing_mark = "" if closing_mark in line else closing_mark
        elif doc is not None:
            found.append(line.strip())
            closing_mark = "" if line.count(doc[1]) > 1 else doc[1]
        elif _NOTE.match(line):
            found.append(line.strip())
        elif (at := line.find("  # ")) >= 0 or (at := line.find(" // ")) >= 0:
            found.append(line[at:].strip())
    return " ".join(found)[:_MOST_TEXT]


# -- what is kept between looks --------------------------------------------------------------------------------


def _kept(cache: Path | None) -> Mapping[str, tuple[str, list[Case]]]:
    if cache is None or not cache.is_file():
        return {}
    found: dict[str, tuple[str, list[Case]]] = {}
    with suppress(sqlite3.DatabaseError, ValueError, TypeError), closing(sqlite3.connect(cache, timeout=10)) as base:
        for path, stamp, data in base.execute("select path, stamp, data from tests"):
            found[path] = stamp, [Case(path, *one) for one in json.loads(data)]
    return found


def _keep(cache: Path, fresh: Mapping[str, tuple[str, list[Case]]], gone: Sequence[str]) -> None:
    rows = [
        (path, stamp, json.dumps([[one.line, one.name, one.group, one.notes] for one in cases]))
        for path, (stamp, cases) in fresh.items()
    ]
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(cache, timeout=10)) as base, base:
        base.execute("create table if not exists tests (path text primary key, stamp text, data text)")
        base.executemany("delete from tests where path = ?", [(one,) for one in gone])
        base.executemany("insert or replace into tests values (?, ?, ?)", rows)
