"""Compares versions with advisories in the OSV format, out of a folder or zip that the person has."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Protocol, Self, cast

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from aura_shared.messages.gaps import Ecosystem

_READ_S: Final = 30.0
_MOST_BYTES: Final = 2_000_000  # Of one advisory.
_NAMES: Final = re.compile(rb'"name"\s*:\s*"([^"]+)"')
_MODIFIED: Final = re.compile(rb'"modified"\s*:\s*"(\d{4}-\d\d-\d\d)')

Table = Mapping[str, object]


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory, as far as it concerns one package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    versions: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    """Each a row of events: `introduced`, `fixed` or `last_affected` with a version."""

    @property
    def fixed(self) -> list[str]:
        """Versions in which it is mended."""
        return sorted({version for events in self.ranges for kind, version in events if kind == "fixed"})


@dataclass(slots=True)
class Database:
    """Advisories about some packages."""

    source: str
    """What it is and how old."""
    packages: dict[tuple[str, str], list[Advisory]] = field(default_factory=dict[tuple[str, str], list[Advisory]])
    count: int = 0
    """Advisories in it, all packages together."""
    problem: str = ""
    """Why it was not read, or not whole."""


def plain_name(ecosystem: Ecosystem, name: str) -> str:
    """A name as it is compared."""
    return canonicalize_name(name) if ecosystem == "PyPI" else name


def read_database(path: Path, wanted: Iterable[tuple[Ecosystem, str]], *, budget_s: float = _READ_S) -> Database:
    """The advisories about the wanted packages.

    Args:
        path: A folder with JSON files at any depth, a zip of them, or a folder of such zips.
        wanted: Packages by ecosystem and name.
        budget_s: Bound; what was read until then is used, and `problem` says so.
    """
    packages: set[tuple[Ecosystem, str]] = {(ecosystem, plain_name(ecosystem, name)) for ecosystem, name in wanted}
    names = {name.encode() for _, name in packages}
    database = Database(path.name)
    deadline, newest = time.monotonic() + budget_s, b""
    try:
        for text in _files(path):
            if time.monotonic() > deadline:
                database.problem = f"only {database.count} advisories were read within {budget_s:.0f} s"
                break
            database.count += 1
            modified = _MODIFIED.search(text)
            newest = max(newest, modified[1] if modified else b"")
            if not names.isdisjoint(_plain_names(text)):
                _take(database, text, packages)
    except (OSError, zipfile.BadZipFile) as error:
        database.problem = f"the advisory database {path} cannot be read: {error}"
    if not database.count and not database.problem:
        database.problem = f"the advisory database {path} holds no advisory in the OSV format"
    database.source = f"{path.name}: {database.count} advisories, {_age(newest.decode())}"
    return database


def _plain_names(text: bytes) -> Iterator[bytes]:
    for name in _NAMES.findall(text):
        yield name
        yield canonicalize_name(name.decode("utf-8", "replace")).encode()


def _files(path: Path) -> Iterator[bytes]:
    if path.is_file():
        yield from _zipped(path)
        return
    if not path.is_dir():
        raise FileNotFoundError("there is no such folder or zip")
    for inner in sorted(path.rglob("*")):
        if inner.suffix == ".json" and inner.is_file() and inner.stat().st_size <= _MOST_BYTES:
            yield inner.read_bytes()
        elif inner.suffix == ".zip" and inner.is_file():
            yield from _zipped(inner)


def _zipped(path: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".json") and member.file_size <= _MOST_BYTES:
                yield archive.read(member)


def _take(database: Database, text: bytes, packages: set[tuple[Ecosystem, str]]) -> None:
    try:
        content = _table(json.loads(text))
    except ValueError:
        return
    if content.get("withdrawn"):
        return
    for affected in _list(content.get("affected")):
        package = _table(_table(affected).get("package"))
        ecosystem = cast("Ecosystem", str(package.get("ecosystem", "")).partition(":")[0])
        key = (ecosystem, plain_name(ecosystem, str(package.get("name", ""))))
        if key in packages:
            database.packages.setdefault(key, []).append(_advisory(content, _table(affected)))


def _advisory(content: Table, affected: Table) -> Advisory:
    ranges = [
        tuple(
            (kind, str(version))
            for event in _list(_table(item).get("events"))
            for kind, version in _table(event).items()
        )
        for item in _list(affected.get("ranges"))
        if _table(item).get("type") in {"SEMVER", "ECOSYSTEM"}
    ]
    words = str(_table(content.get("database_specific")).get("severity", ""))
    scores = [
        str(_table(item).get("score", ""))
        for item in [*_list(content.get("severity")), *_list(affected.get("severity"))]
    ]
    summary = str(content.get("summary") or content.get("details") or "").strip().split("\n")[0]
    return Advisory(
        str(content.get("id", "")),
        tuple(str(alias) for alias in _list(content.get("aliases"))),
        summary[:300],
        words.lower() or next(iter(scores), ""),
        frozenset(str(version) for version in _list(affected.get("versions"))),
        tuple(ranges),
    )


def matches(ecosystem: Ecosystem, version: str, advisory: Advisory) -> bool | None:
    """Whether a version is affected; None when it cannot be compared.

    Source:
        OSV schema 1.6, "Evaluation": events are sorted, and the last one at or below the version decides.
    """
    if version in advisory.versions:
        return True
    mine = version_key(ecosystem, version)
    if mine is None:
        return None
    return any(_in_range(ecosystem, mine, events) for events in advisory.ranges)


def _in_range(ecosystem: Ecosystem, mine: _Ordered, events: Sequence[tuple[str, str]]) -> bool:
    known = [(kind, version_key(ecosystem, text)) for kind, text in events if text != "0"]
    steps = [(kind, key) for kind, key in known if key is not None]
    steps.sort(key=lambda step: cast("Version", step[1]))
    affected = any(kind == "introduced" and text == "0" for kind, text in events)
    for kind, key in steps:
        if kind == "introduced" and not mine < key:
            affected = True
        elif (kind == "fixed" and not mine < key) or (kind == "last_affected" and key < mine):
            affected = False
    return affected


@cache
def version_key(ecosystem: Ecosystem, text: str) -> _Ordered | None:
    """Something by which versions of an ecosystem are ordered; None for what is no version there."""
    if ecosystem == "PyPI":
        try:
            return Version(text)
        except InvalidVersion:
            return None
    if ecosystem == "Maven":
        return _maven(text)
    return _semantic(text)


_SEMANTIC: Final = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def _semantic(text: str) -> _Ordered | None:
    """Semantic Versioning 2.0, section 11: numbers before words, and a release after its candidates."""
    match = _SEMANTIC.fullmatch(text.strip())
    if match is None:
        return None
    numbers = tuple(int(part or 0) for part in match.groups()[:3])
    before = match[4]
    if before is None:
        return numbers, 1, ()
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in before.split("."))
    return numbers, 0, parts


_QUALIFIERS: Final = {
    "alpha": -5,
    "a": -5,
    "beta": -4,
    "b": -4,
    "milestone": -3,
    "m": -3,
    "rc": -2,
    "cr": -2,
    "snapshot": -1,
}
_RELEASES: Final = frozenset({"", "ga", "final", "release"})


def _maven(text: str) -> _Ordered | None:
    """Maven's order as far as it is common: numbers, then known words for what comes before a release, others after."""
    parts = re.findall(r"\d+|[a-z]+", text.lower())
    if not parts or not parts[0].isdigit():
        return None
    keys: list[tuple[int, int, str]] = []
    for part in [*(part for part in parts if part not in _RELEASES), ""]:
        if not part.isdigit():
            while keys and keys[-1] == (1, 0, ""):
                keys.pop()  # 1.0 is 1, and 1.0-rc is 1-rc.
        if part:
            keys.append((1, int(part), "") if part.isdigit() else (0, _QUALIFIERS.get(part, 1), part))
    # The end of a version stands after words of candidates and before other words and numbers.
    return (*keys, (0, 0, ""))


def _age(day: str) -> str:
    if not day:
        return "of unknown age"
    days = (datetime.now(UTC) - datetime.fromisoformat(day).replace(tzinfo=UTC)).days
    return f"the newest of {day}, {max(0, days)} days ago"


def _table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
