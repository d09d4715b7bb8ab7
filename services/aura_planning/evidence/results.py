"""What the last test runs said, from the reports that they left: JUnit XML and pytest's own cache. Nothing is run."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from aura_planning.evidence.tests import Case
from aura_shared.errors import AuraError
from aura_shared.security import open_inside

__all__ = ["Outcome", "Result", "Results", "read_results", "report_places"]

Outcome: TypeAlias = Literal["passed", "failed", "skipped"]
_PYTEST: Final = ".pytest_cache/v/cache"
_NAMES: Final = re.compile(
    r"(?:junit|report|tests?-results?|tests?-reports?|pytest|results?|TEST-).*\.xml\Z", re.IGNORECASE
)
_FOLDERS: Final = (
    "", "reports", "report", "test-results", "test-reports", "test_results", "junit", "target/surefire-reports",
    "build/test-results", "build/test-results/test", "build/reports", "coverage",
)  # fmt: skip
_MOST_REPORTS: Final = 200
_MOST_BYTES: Final = 20_000_000
_PARAMETERS: Final = re.compile(r"\[.*\]\Z")
_WORST: Final = {"failed": 2, "passed": 1, "skipped": 0}


@dataclass(frozen=True, slots=True)
class Result:
    """What a report says of a test."""

    outcome: Outcome
    at_s: int
    """When the report was written."""
    source: str
    """The report, relative to the project."""


class Results:
    """What all reports say."""

    def __init__(self) -> None:
        self._by_node: dict[tuple[str, str], Result] = {}
        self._by_name: dict[str, list[tuple[str, Result]]] = {}

    def add_node(self, path: str, name: str, result: Result) -> None:
        """Of a test in a file; the newest report counts, and in one report the worst of several runs."""
        known = self._by_node.get((path, name))
        if known is None or _counts(result, known):
            self._by_node[path, name] = result

    def add_name(self, place: str, name: str, result: Result) -> None:
        """Of a test of which the class, or the like, is known."""
        self._by_name.setdefault(name, []).append((place, result))

    def of(self, case: Case) -> Result | None:
        """What is known of a test."""
        found = self._by_node.get((case.path, case.name))
        names = {case.name, f"{case.group} {case.name}".strip()}
        stem = case.path.rpartition("/")[2].partition(".")[0].lower()
        for name in sorted(names):
            for place, result in self._by_name.get(name, ()):
                if stem not in place.lower() and not (case.group and case.group.lower() in place.lower()):
                    continue
                if found is None or _counts(result, found):
                    found = result
        return found


def _counts(new: Result, old: Result) -> bool:
    if new.source == old.source:
        return _WORST[new.outcome] > _WORST[old.outcome]
    return (new.at_s, new.source) > (old.at_s, old.source)


def report_places(root: Path) -> list[tuple[str, int]]:
    """Reports that are there, and when each was written, in nanoseconds."""
    found: list[tuple[str, int]] = []
    for name in (f"{_PYTEST}/lastfailed", f"{_PYTEST}/nodeids"):
        with suppress(OSError):
            found.append((name, (root / name).lstat().st_mtime_ns))
    for folder in _FOLDERS:
        with suppress(OSError), os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if _NAMES.match(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((path, entry.stat(follow_symlinks=False).st_mtime_ns))
    return sorted(found)[:_MOST_REPORTS]


def read_results(root: Path, places: Sequence[tuple[str, int]] | None = None) -> Results:
    """What the reports of a project say; one that cannot be read is passed over.

    Args:
        root: Folder of the project.
        places: What `report_places` gave.
    """
    results = Results()
    there = dict(report_places(root) if places is None else places)
    _of_pytest(root, there, results)
    for path, at_ns in sorted(there.items()):
        if path.endswith(".xml"):
            data = _read(root, path)
            for place, name, outcome in _of_junit(data) if data else ():
                result = Result(outcome, at_ns // 1_000_000_000, path)
                if "/" in place or place.endswith(".py"):
                    results.add_node(place, name, result)
                results.add_name(place, name, result)
    return results


def _read(root: Path, path: str) -> bytes:
    with suppress(OSError, AuraError), open_inside(root, path) as file:
        data = file.read(_MOST_BYTES + 1)
        return data if len(data) <= _MOST_BYTES else b""
    return b""


def _of_pytest(root: Path, there: dict[str, int], results: Results) -> None:
    names, failed = f"{_PYTEST}/nodeids", f"{_PYTEST}/lastfailed"
    if names not in there:
        return
    at_s = max(there[names], there.get(failed, 0)) // 1_000_000_000
    with suppress(ValueError):
        known: object = json.loads(_read(root, names) or b"[]")
        red: object = json.loads(_read(root, failed) or b"{}") if failed in there else {}
        if not isinstance(known, list) or not isinstance(red, dict):
            return
        bad = set(cast("dict[str, object]", red))
        for node in [*cast("list[object]", known), *sorted(bad)]:
            path, _, rest = str(node).partition("::")
            whole = path in bad or str(node) in bad
            outcome: Outcome = "failed" if whole else "passed"
            name = _PARAMETERS.sub("", rest.rpartition("::")[2])
            if name:
                results.add_node(path, name, Result(outcome, at_s, names if not whole else failed))


def _of_junit(data: bytes) -> Iterator[tuple[str, str, Outcome]]:
    """Place, name and outcome of each test. A document with declarations of its own is none that a test run wrote."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return
    try:
        tree = ET.fromstring(data)  # noqa: S314 - without declarations nothing can be expanded
    except (ET.ParseError, ValueError, LookupError):
        return
    for one in tree.iter("testcase"):
        tags = {child.tag for child in one}
        outcome: Outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        name = _PARAMETERS.sub("", one.get("name", ""))
        yield one.get("file", "") or one.get("classname", ""), name, outcome
