"""What was found in a project, on disk: one process writes it, others read it.

The file can be thrown away at any time; the next analysis fills it again.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, cast

from aura_code.findings.fingerprints import LENGTH, SHORTEST, told_apart
from aura_code.findings.model import Category, Edit, Finding, Level
from aura_code.syntax import Span
from aura_shared.errors import NotFound, StorageError, UsageProblem
from aura_shared.storage import open_database, reading, storage_error, transaction

_TABLES: Final = """
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    source TEXT NOT NULL,
    rule TEXT NOT NULL,
    level TEXT NOT NULL,
    category TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    start_column INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    end_column INTEGER NOT NULL,
    message TEXT NOT NULL,
    symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    edits TEXT NOT NULL,
    suppressed TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_path ON findings (path, source);
CREATE INDEX findings_by_base ON findings (base, path);
CREATE INDEX findings_by_fingerprint ON findings (fingerprint);
CREATE TABLE totals (
    day TEXT NOT NULL,
    level TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, level)
) STRICT, WITHOUT ROWID;
CREATE TABLE facts (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_VERSION: Final = 1
_DAYS_KEPT: Final = 400
_COLUMNS: Final = (
    "rule, level, category, path, start_line, start_column, end_line, end_column, message, symbol, fingerprint, edits, "
    "source, suppressed, reason"
)
LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "hint")
"""Worst first."""


class Row(NamedTuple):
    """What of a finding counting and choosing need; read without its text."""

    id: int
    path: str
    line: int
    rule: str
    level: Level
    category: Category
    source: str
    fingerprint: str
    suppressed: str
    fixable: bool


@dataclass(slots=True)
class Changes:
    """What a change of files did to the findings that no comment silences."""

    new: dict[str, Finding] = field(default_factory=dict[str, Finding])
    """Findings by fingerprint that were not there before."""
    gone: dict[str, Level] = field(default_factory=dict[str, Level])
    """Fingerprints that are not there any more."""

    def then(self, later: Changes) -> None:
        """Take in a later change: what went away and came back, as with a renamed file, is neither."""
        for mark, level in later.gone.items():
            if self.new.pop(mark, None) is None:
                self.gone[mark] = level
        for mark, finding in later.new.items():
            if self.gone.pop(mark, None) is None:
                self.new[mark] = finding


class FindingReader:
    """Reads the findings of a project. Not for several threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Generator[FindingReader]:
        """The findings in a file, while the block runs.

        Raises:
            NotReady: Nothing was analysed yet, or another version of Aura wrote the file.
            StorageError: It cannot be read.
        """
        with reading(path, _VERSION) as connection:
            yield cls(connection)

    def rows(self) -> list[Row]:
        """Every finding, without its text; errors first, then by path and line."""
        found = self._all(
            "SELECT id, path, start_line, rule, level, category, source, fingerprint, suppressed, edits <> '' "
            "FROM findings ORDER BY CASE level WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, "
            "path, start_line, start_column, rule, id"
        )
        return [Row(*cast("tuple[int, str, int, str, Level, Category, str, str, str, bool]", row)) for row in found]

    def findings(self, ids: Sequence[int]) -> list[Finding]:
        """Findings by the `id` of their rows, in that order; those that are gone meanwhile are left out."""
        known: dict[int, Finding] = {}
        for first in range(0, len(ids), 500):
            some = ids[first : first + 500]
            marks = ",".join("?" * len(some))
            for number, *row in self._all(f"SELECT id, {_COLUMNS} FROM findings WHERE id IN ({marks})", some):  # noqa: S608 - only marks
                known[cast("int", number)] = _finding(row)
        return [known[number] for number in ids if number in known]

    def of_file(self, path: str) -> list[Finding]:
        """The findings of a file, in its order."""
        rows = self._all(f"SELECT {_COLUMNS} FROM findings WHERE path = ? ORDER BY start_line, start_column", (path,))  # noqa: S608 - constants
        return [_finding(row) for row in rows]

    def find(self, prefix: str) -> Finding:
        """The finding whose fingerprint begins with these digits.

        Raises:
            UsageProblem: They are no digits, or several begin so.
            NotFound: None does.
        """
        digits = prefix.strip().lower()
        if not digits or len(digits) > LENGTH or set(digits) - set("0123456789abcdef"):
            raise UsageProblem(
                f"an identifier of a finding has up to {LENGTH} hexadecimal digits; found {prefix!r:.60}"
            )
        rows = self._all(
            f"SELECT {_COLUMNS} FROM findings WHERE fingerprint >= ? AND fingerprint < ? ORDER BY fingerprint LIMIT 6",  # noqa: S608
            (digits, digits + "g"),
        )
        if not rows:
            raise NotFound(
                f"no finding has an identifier that begins with {digits}",
                hint="It may be mended already; `aura analyze` lists what is there now.",
            )
        if len({row[10] for row in rows}) > 1:
            found = [_finding(row) for row in rows]
            choices = "\n".join(
                f"  {item.fingerprint[:16]}  {item.path}:{item.span.start_line}  {item.rule}" for item in found
            )
            raise UsageProblem(f"several findings begin with {digits}:\n{choices}", hint="Give more digits.")
        return _finding(rows[0])

    def short_id(self, fingerprint: str) -> str:
        """The first digits of a fingerprint that tell it from all others, at least eight."""
        shared = 0
        for query in (
            "SELECT max(fingerprint) FROM findings WHERE fingerprint < ?",
            "SELECT min(fingerprint) FROM findings WHERE fingerprint > ?",
        ):
            other = self._all(query, (fingerprint,))[0][0]
            if isinstance(other, str):
                same = next((n for n in range(LENGTH) if fingerprint[n] != other[n]), LENGTH)
                shared = max(shared, same)
        return fingerprint[: max(SHORTEST, shared + 1)]

    def digests(self) -> dict[str, bytes]:
        """The content of each file when it was analysed."""
        return dict(cast("list[tuple[str, bytes]]", self._all("SELECT path, digest FROM files")))

    def digest(self, path: str) -> bytes | None:
        """The content of a file when it was analysed; None when it was not."""
        found = self._all("SELECT digest FROM files WHERE path = ?", (path,))
        return cast("bytes", found[0][0]) if found else None

    def files(self) -> int:
        """How many files were analysed."""
        return cast("int", self._all("SELECT count(*) FROM files")[0][0])

    def fact(self, key: str) -> str:
        """Something that the writer noted; empty when it did not."""
        found = self._all("SELECT value FROM facts WHERE key = ?", (key,))
        return cast("str", found[0][0]) if found else ""

    def trend(self, days: int) -> list[tuple[str, dict[str, int]]]:
        """The last days with their totals per level, oldest first."""
        found: dict[str, dict[str, int]] = {}
        newest = self._all("SELECT DISTINCT day FROM totals ORDER BY day DESC LIMIT ?", (days,))
        for (day,) in reversed(newest):
            rows = cast("list[tuple[str, int]]", self._all("SELECT level, count FROM totals WHERE day = ?", (day,)))
            found[cast("str", day)] = {level: count for level, count in rows if count}
        return list(found.items())

    def _all(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        try:
            return cast("list[tuple[object, ...]]", self._db.execute(query, values).fetchall())
        except sqlite3.Error as error:
            raise storage_error(error, "the findings") from error


class FindingStore(FindingReader):
    """Reads and writes the findings of a project; one per file of the store."""

    @classmethod
    def open(cls, path: Path) -> FindingStore:
        """The findings in a file; a file of another version is begun anew.

        Raises:
            StorageError: It cannot be written.
        """
        try:
            return cls(open_database(path, [_TABLES], check_same_thread=False))
        except StorageError:
            if not path.exists():
                raise
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            return cls(open_database(path, [_TABLES], check_same_thread=False))

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def replace_file(self, path: str, digest: bytes, findings: Iterable[Finding]) -> Changes:
        """Take in what Aura's own rules found in a file; what tools found there stays."""
        return self.replace_files([(path, digest, findings)])

    def replace_files(self, files: Iterable[tuple[str, bytes, Iterable[Finding]]]) -> Changes:
        """The same for many files, in one transaction. An analysed file without findings is noted too."""
        changes = _Work(self._db)
        with transaction(self._db) as db:
            for path, digest, findings in files:
                db.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (path, digest))
                changes.remove("path = ? AND source = 'aura'", (path,))
                changes.add(findings)
            return changes.done()

    def replace_tool(self, source: str, findings: Iterable[Finding], paths: Collection[str] | None = None) -> Changes:
        """Take in what a tool found.

        Args:
            source: The tool; all findings must have it as theirs.
            findings: Everything it found.
            paths: The files it looked at; without them all of the project.
        """
        changes = _Work(self._db)
        with transaction(self._db):
            if paths is None:
                changes.remove("source = ?", (source,))
            else:
                for path in paths:
                    changes.remove("path = ? AND source = ?", (path, source))
            changes.add(findings)
            return changes.done()

    def forget(self, paths: Iterable[str]) -> Changes:
        """Files that are gone."""
        changes = _Work(self._db)
        with transaction(self._db) as db:
            for path in paths:
                db.execute("DELETE FROM files WHERE path = ?", (path,))
                changes.remove("path = ?", (path,))
            return changes.done()

    def note(self, key: str, value: str) -> None:
        """Keep a fact beside the findings, such as which rules they were made with."""
        with transaction(self._db) as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))

    def note_totals(self, day: str, levels: Mapping[str, int]) -> None:
        """Keep the totals of a day; a later call on the same day replaces them."""
        with transaction(self._db) as db:
            db.executemany(
                "INSERT OR REPLACE INTO totals VALUES (?, ?, ?)",
                [(day, level, levels.get(level, 0)) for level in LEVELS],
            )
            db.execute(
                "DELETE FROM totals WHERE day NOT IN (SELECT DISTINCT day FROM totals ORDER BY day DESC LIMIT ?)",
                (_DAYS_KEPT,),
            )


class _Work:
    """One transaction: what it takes out and puts in, and what that means for fingerprints."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._before: dict[str, Level] = {}
        self._after: dict[str, Finding] = {}
        self._bases: set[str] = set()

    def remove(self, where: str, values: Sequence[object]) -> None:
        """Take out what a condition chooses."""
        rows = self._db.execute(f"SELECT DISTINCT base FROM findings WHERE {where}", values).fetchall()  # noqa: S608 - ours
        self._touch(cast("str", row[0]) for row in rows)
        self._db.execute(f"DELETE FROM findings WHERE {where}", values)  # noqa: S608 - conditions are ours

    def add(self, findings: Iterable[Finding]) -> None:
        """Put findings in."""
        rows = [_values(finding) for finding in findings]
        self._touch(cast("str", row[11]) for row in rows)
        self._db.executemany(
            "INSERT INTO findings (path, source, rule, level, category, start_line, start_column, end_line, "
            "end_column, message, symbol, base, fingerprint, edits, suppressed, reason) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )

    def _touch(self, bases: Iterable[str]) -> None:
        """Note what is there of fingerprints that may change."""
        for base in bases:
            if base not in self._bases:
                self._bases.add(base)
                for mark, level, suppressed in self._db.execute(
                    "SELECT fingerprint, level, suppressed FROM findings WHERE base = ?", (base,)
                ):
                    if not suppressed:
                        self._before[mark] = level

    def done(self) -> Changes:
        """Tell equal findings apart, and say what is new and what is gone."""
        for base in self._bases:
            rows = self._db.execute(
                "SELECT id, path FROM findings WHERE base = ? ORDER BY path, id", (base,)
            ).fetchall()
            if len(rows) > 1:
                marks = told_apart(base, [path for _, path in rows])
                self._db.executemany(
                    "UPDATE findings SET fingerprint = ? WHERE id = ?",
                    [(mark, number) for mark, (number, _) in zip(marks, rows, strict=True)],
                )
            elif rows:
                self._db.execute("UPDATE findings SET fingerprint = base WHERE id = ?", (rows[0][0],))
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM findings WHERE base = ? AND suppressed = ''", (base,)):  # noqa: S608
                self._after[cast("str", row[10])] = _finding(row)
        return Changes(
            new={mark: finding for mark, finding in self._after.items() if mark not in self._before},
            gone={mark: level for mark, level in self._before.items() if mark not in self._after},
        )


def _values(finding: Finding) -> tuple[object, ...]:
    edits = json.dumps(finding.edits) if finding.edits else ""
    span = finding.span
    return (
        finding.path,
        finding.source,
        finding.rule,
        finding.level,
        finding.category,
        *span,
        finding.message,
        finding.symbol,
        finding.fingerprint,
        finding.fingerprint,
        edits,
        finding.suppressed,
        finding.reason,
    )


def _finding(row: Sequence[object]) -> Finding:
    (rule, level, category, path, *place, message, symbol, mark, edits, source, suppressed, reason) = row
    return Finding(
        rule=cast("str", rule),
        level=cast("Level", level),
        category=cast("Category", category),
        path=cast("str", path),
        span=Span(*cast("list[int]", place)),
        message=cast("str", message),
        symbol=cast("str", symbol),
        fingerprint=cast("str", mark),
        edits=tuple(Edit(*edit) for edit in json.loads(cast("str", edits))) if edits else (),
        source=cast("str", source),
        suppressed=cast("str", suppressed),
        reason=cast("str", reason),
    )
