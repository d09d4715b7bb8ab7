"""Reads which lines tests ran, from whatever coverage data a project has left behind."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

_MOST_BYTES: Final = 100_000_000
_PLACES: Final = (
    *(".coverage", "coverage.xml", "cobertura.xml", "lcov.info", "coverage/lcov.info", "coverage/coverage-final.json"),
    *("coverage-final.json", "coverage/cobertura-coverage.xml", "coverage.out", "cover.out", "coverage.txt", "c.out"),
    *(".coverage/lcov.info", "build/coverage.xml", "target/lcov.info"),
)


@dataclass(slots=True)
class Lines:
    """Lines of a file."""

    run: set[int] = field(default_factory=set[int])
    """That tests ran."""
    missed: set[int] = field(default_factory=set[int])
    """That tests did not run; empty where the data names only those that were."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What tests ran."""

    files: Mapping[str, Lines]
    """By path relative to the project."""
    source: str
    """The files it was read from, with their age."""

    def reaches(self, path: str, first: int, last: int) -> bool | None:
        """Whether tests ran any of these lines; None when nothing is known of them."""
        lines = self.files.get(path)
        if lines is None:
            return None
        return any(first <= line <= last for line in lines.run)


def read_coverage(root: Path) -> Coverage | None:
    """All coverage data of a project together; None without any.

    Files that were written after the data are left out, since their lines may have moved.
    """
    files: dict[str, Lines] = {}
    sources: list[str] = []
    for place in _PLACES:
        path = root / place
        try:
            status = path.stat()
            if not path.is_file() or status.st_size > _MOST_BYTES:
                continue
            found = list(_read(root, path))
        except (OSError, ValueError, sqlite3.Error):
            continue
        fresh = [(name, run, line) for name, run, line in found if name and _older(root / name, status.st_mtime)]
        for name, run, line in fresh:
            lines = files.setdefault(name, Lines())
            (lines.run if run else lines.missed).add(line)
        if fresh:
            sources.append(f"{place} ({_age(status.st_mtime)})")
    for lines in files.values():
        lines.missed -= lines.run
    return Coverage(files, ", ".join(sources)) if files else None


Entry = tuple[str, bool, int]


def _read(root: Path, path: Path) -> Iterator[Entry]:
    if path.name == ".coverage":
        yield from _sqlite(root, path)
        return
    text = path.read_bytes()
    for fits, reader in _READERS:
        if fits(text[:2000]):
            yield from reader(root, text.decode("utf-8", "replace"))
            return


def _sqlite(root: Path, path: Path) -> Iterator[Entry]:
    """The database of coverage.py: bits of lines, or pairs of lines where branches are measured."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        names = {key: _relative(root, name) for key, name in database.execute("SELECT id, path FROM file")}
        for key, bits in database.execute("SELECT file_id, numbits FROM line_bits"):
            for place, byte in enumerate(cast("bytes", bits)):
                for bit in range(8):
                    if byte >> bit & 1:
                        yield names.get(key, ""), True, place * 8 + bit
        for key, first, last in database.execute("SELECT file_id, fromno, tono FROM arc"):
            for line in (first, last):
                if line > 0:
                    yield names.get(key, ""), True, line


_XML_PART: Final = re.compile(
    r"<source>(?P<source>[^<]*)</source>|<class\b[^>]*?\bfilename=\"(?P<file>[^\"]*)\"|</class>"
    r"|<line\b(?=[^>]*?\bnumber=\"(?P<line>\d+)\")(?=[^>]*?\bhits=\"(?P<hits>\d+)\")"
)


def _cobertura(root: Path, text: str) -> Iterator[Entry]:
    sources: list[str] = [""]
    name = ""
    for part in _XML_PART.finditer(text):
        if part["source"] is not None:
            sources.append(part["source"])
        elif part["file"] is not None:
            names = (_relative(root, os.path.join(source, part["file"])) for source in sources)  # noqa: PTH118 - a source may be relative or empty
            name = next((name for name in names if name and (root / name).is_file()), "")
        elif part["line"] is not None:
            yield name, part["hits"] != "0", int(part["line"])


def _lcov(root: Path, text: str) -> Iterator[Entry]:
    name = ""
    for line in text.splitlines():
        if line.startswith("SF:"):
            name = _relative(root, line[3:])
        elif match := re.match(r"DA:(\d+),(\d+)", line):
            yield name, match[2] != "0", int(match[1])


def _istanbul(root: Path, text: str) -> Iterator[Entry]:
    for path, value in cast("dict[str, dict[str, object]]", json.loads(text)).items():
        name = _relative(root, path)
        counts = cast("dict[str, int]", value.get("s", {}))
        statements = cast("dict[str, dict[str, dict[str, int]]]", value.get("statementMap", {}))
        for key, place in statements.items():
            yield name, counts.get(key, 0) > 0, place["start"]["line"]


_GO_BLOCK: Final = re.compile(r"^(?P<file>.+?):(?P<first>\d+)\.\d+,(?P<last>\d+)\.\d+ \d+ (?P<count>\d+)$")


def _go(root: Path, text: str) -> Iterator[Entry]:
    module = ""
    manifest = root / "go.mod"
    if manifest.is_file():
        named = re.search(r"^module\s+(\S+)", manifest.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        module = f"{named[1]}/" if named else ""
    for line in text.splitlines():
        block = _GO_BLOCK.match(line)
        if block:
            name = _relative(root, block["file"].removeprefix(module))
            for number in range(int(block["first"]), min(int(block["last"]), int(block["first"]) + 10_000) + 1):
                yield name, block["count"] != "0", number


_READERS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[Path, str], Iterator[Entry]]], ...]] = (
    (lambda head: b"<coverage" in head or b"<!DOCTYPE coverage" in head, _cobertura),
    (lambda head: head.startswith(b"mode: "), _go),
    (lambda head: head.lstrip().startswith(b"{"), _istanbul),
    (lambda head: head.startswith((b"TN:", b"SF:")), _lcov),
)


def _relative(root: Path, name: str) -> str:
    """A path relative to the project; empty when it lies outside."""
    path = Path(os.path.normpath(root / name))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime <= moment + 1
    except OSError:
        return False


def _age(moment: float) -> str:
    hours = max(0.0, time.time() - moment) / 3600
    return f"{hours / 24:.0f} days old" if hours >= 48 else f"{hours:.0f} hours old"
