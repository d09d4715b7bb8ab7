"""Paths and symbols that an item names in backticks: whether they are there now, and were before the work."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from aura_planning.evidence.history import run_git
from aura_planning.evidence.tests import TEST_FILE
from aura_shared.errors import AuraError
from aura_shared.security import open_inside

__all__ = ["Defined", "Definitions", "Mention", "SymbolLink", "find_symbols", "mentions_of"]

Defined: TypeAlias = Callable[[Sequence[str]], Mapping[str, tuple[str, int]] | None]
"""Where names are defined, by path and line."""
_TICKED: Final = re.compile(r"(?<!`)`([^`\n]{2,120})`(?!`)")
_PATH: Final = re.compile(
    r"(?:\./)?(?P<path>(?:[\w.@()\[\]-]+/)+[\w.@()\[\]-]*|[\w-]+\.[A-Za-z]{1,5})(?::\d+(?:-\d+)?)?\Z"
)
_SYMBOL: Final = re.compile(r"(?P<name>[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*)(?P<call>\([^()]*\))?\Z")
_CAMEL: Final = re.compile(r"[a-z][A-Z]|[A-Z][a-z]+[A-Z]")
_BEFORE: Final = (
    r"(?:(?:export|default|public|private|protected|internal|static|async|abstract|final|override|readonly|declare|virtual|"
    r"pub(?:\([a-z]+\))?|unsafe|suspend|data|sealed|open|get|set)[ \t]+)"
)
_KINDS: Final = (
    r"(?:def|class|func|function\*?|fn|struct|enum|trait|interface|type|const|let|var|val|fun|record|module|namespace|mod|"
    r"object|protocol|macro_rules!|create[ \t]+table(?:[ \t]+if[ \t]+not[ \t]+exists)?)"
)
_DEFINED: Final = re.compile(
    rf"^[ \t]*{_BEFORE}*{_KINDS}[ \t]+(?:\([^()\n]*\)[ \t]*)?[\"`]?([A-Za-z_$][\w$]*)"
    rf"|^[ \t]+{_BEFORE}*([A-Za-z_$][\w$]*)\??"
    r"(?:[ \t]*(?:<[^<>\n]*>)?\([^;{}]{0,300}\)[ \t]*(?::[^=;{]{1,200})?\{|:[ \t]*[A-Za-z\"'\[{(|])"
    r"|^([A-Z_][A-Z0-9_]+)[ \t]*(?::[^=\n]{1,200})?=[^=]"
    rf"|^[ \t]*{_BEFORE}+[\w<>\[\],.?]+[ \t]+([A-Za-z_]\w*)[ \t]*[({{=;]",
    re.MULTILINE,
)
"""Where a name is defined, in any of the usual languages."""
_MOST: Final = 40
_MOST_NAMES: Final = 2000
_MOST_BEFORE: Final = 3000
_MOST_SOURCES: Final = 20_000
_MOST_BYTES: Final = 1_000_000
_WORDS: Final = frozenset(
    {"if", "for", "while", "switch", "catch", "return", "else", "do", "try", "new", "constructor", "case"}
)
_CODE: Final = re.compile(
    r"\.(?:py|pyi|[cm]?[jt]sx?|go|rs|java|kt|cs|cpp|cc|hpp|c|h|rb|php|swift|dart|vue|svelte|sql|scala|ex|exs|sh|lua)\Z"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A path or symbol as an item names it."""

    text: str
    """Without what may follow, such as parentheses or a line; of `Cart.total` the last part."""
    path: bool


@dataclass(frozen=True, slots=True)
class SymbolLink:
    """Something that an item names."""

    name: str
    path: str = ""
    """Where it is; empty while it is not there."""
    line: int = 0
    new: bool | None = None
    """Whether it came since the work began; None where that is not known."""


def mentions_of(text: str) -> list[Mention]:
    """What a text names in backticks and looks like a path or a symbol."""
    found: dict[str, Mention] = {}
    for ticked in _TICKED.findall(text):
        words = ticked.strip()
        path = _PATH.match(words)
        if path is not None and ("/" in words or _CODE.search(path["path"])):
            place = path["path"].removeprefix("./").rstrip("/")
            found.setdefault(place, Mention(place, path=True))
            continue
        symbol = _SYMBOL.match(words)
        if symbol is None:
            continue
        name = re.split(r"\.|::|#", symbol["name"])[-1]
        coded = symbol["call"] or "_" in name.strip("_") or "." in words or _CAMEL.search(name)
        if coded and len(name) > 2:
            found.setdefault(name, Mention(name, path=False))
    return list(found.values())[:_MOST]


def find_symbols(
    root: Path,
    mentions: Mapping[str, Sequence[Mention]],
    before: Mapping[str, str],
    files: set[str],
    cache: Path | None = None,
    defined: Defined | None = None,
) -> dict[str, list[SymbolLink]]:
    """Where things that items name are, and whether they came since the work on the item began.

    Args:
        root: Folder of the project.
        mentions: What each item names.
        before: Hash of the commit before the work on each item began; empty where it is not known.
        files: All files of the project.
        cache: File in which definitions and answers about old commits are kept.
        defined: Asked first where names are defined, such as the code index; when it answers None, files are read.
    """
    wanted = sorted({one.text for all_of in mentions.values() for one in all_of if not one.path})[:_MOST_NAMES]
    folders = {path[:at] for path in files for at in _slashes(path)}
    base = Definitions(root, cache)
    try:
        now = defined(wanted) if defined is not None and wanted else None
        if now is None:
            base.refresh(sorted(files))
            now = base.find(wanted)
        places = {
            key: {one.text: place for one in all_of if (place := _place(one, now, files, folders))}
            for key, all_of in mentions.items()
        }
        asked: dict[str, dict[str, str]] = {}
        for key, one in places.items():
            if before.get(key):
                asked.setdefault(before[key], {}).update({name: place[0] for name, place in one.items()})
        known = base.before(asked)
    finally:
        base.close()
    found: dict[str, list[SymbolLink]] = {}
    for key, all_of in sorted(mentions.items()):
        found[key] = []
        for one in all_of:
            place = places[key].get(one.text)
            was = known.get((before.get(key, ""), one.text))
            found[key].append(
                SymbolLink(one.text, *(place or ("", 0)), None if place is None or was is None else not was)
            )
    return found


def _place(
    one: Mention, now: Mapping[str, tuple[str, int]], files: AbstractSet[str], folders: AbstractSet[str]
) -> tuple[str, int] | None:
    if one.path:
        return (one.text, 1) if one.text in files or one.text in folders else None
    return now.get(one.text)


def _slashes(path: str) -> list[int]:
    return [at for at, letter in enumerate(path) if letter == "/"]


# -- where names are defined --------------------------------------------------------------------------------------


def _names_in(text: str) -> Iterator[tuple[str, int]]:
    """Names that a source defines, with the line of each."""
    line, at = 1, 0
    for match in _DEFINED.finditer(text):
        name = next(one for one in match.groups() if one)
        start = match.start()
        line += text.count("\n", at, start)
        at = start
        if name not in _WORDS:
            yield name, line


class Definitions:
    """Names that the files of a project define, read once for each version of a file.

    Args:
        root: Folder of the project.
        cache: File in which they are kept between looks; without it everything is read each time.
    """

    def __init__(self, root: Path, cache: Path | None) -> None:
        self._root = root
        self._base = sqlite3.connect(":memory:" if cache is None else cache, timeout=10)
        self._base.execute("create table if not exists sources (path text primary key, stamp text)")
        self._base.execute("create table if not exists names (name text, path text, line integer)")
        self._base.execute("create index if not exists names_name on names (name)")
        self._base.execute("create index if not exists names_path on names (path)")
        self._base.execute(
            "create table if not exists befores (hash text, name text, there integer, primary key (hash, name))"
        )

    def close(self) -> None:
        """Keep what was found."""
        self._base.commit()
        self._base.close()

    def refresh(self, files: Iterable[str]) -> None:
        """Read what changed since the last look."""
        known = dict(self._base.execute("select path, stamp from sources"))
        there: set[str] = set()
        for path in [one for one in files if _CODE.search(one)][:_MOST_SOURCES]:
            try:
                stat = (self._root / path).lstat()
            except OSError:
                continue
            there.add(path)
            stamp = f"{stat.st_mtime_ns}-{stat.st_size}-{stat.st_ino}"
            if known.get(path) != stamp:
                self._take_in(path, stamp)
        for path in known.keys() - there:
            self._base.execute("delete from names where path = ?", (path,))
            self._base.execute("delete from sources where path = ?", (path,))

    def _take_in(self, path: str, stamp: str) -> None:
        rows: list[tuple[str, str, int]] = []
        with suppress(OSError, AuraError), open_inside(self._root, path) as file:
            data = file.read(_MOST_BYTES + 1)
            if len(data) <= _MOST_BYTES:
                rows = [(name, path, line) for name, line in _names_in(data.decode("utf-8", "replace"))]
        self._base.execute("delete from names where path = ?", (path,))
        self._base.executemany("insert into names values (?, ?, ?)", rows)
        self._base.execute("insert or replace into sources values (?, ?)", (path, stamp))

    def find(self, names: Iterable[str]) -> dict[str, tuple[str, int]]:
        """The first definition of each name; one in a test counts where there is no other."""
        found: dict[str, tuple[str, int]] = {}
        for name in names:
            rows = self._base.execute("select path, line from names where name = ? limit 500", (name,)).fetchall()
            rows.sort(key=lambda row: (TEST_FILE.search(row[0]) is not None, row))
            if rows:
                found[name] = str(rows[0][0]), int(rows[0][1])
        return found

    def before(self, wanted: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], bool]:
        """Whether things were there in old commits.

        Args:
            wanted: By hash: where each name is defined now; for a path, itself.
        """
        known: dict[tuple[str, str], bool] = {}
        missing: list[tuple[str, str, str]] = []
        for commit, names in sorted(wanted.items()):
            kept = dict(self._base.execute("select name, there from befores where hash = ?", (commit,)))
            for name, path in names.items():
                if name in kept:
                    known[commit, name] = bool(kept[name])
                elif len(missing) < _MOST_BEFORE:
                    missing.append((commit, name, path))
        for commit, name, there in _look_before(self._root, missing):
            known[commit, name] = there
            self._base.execute("insert or replace into befores values (?, ?, ?)", (commit, name, int(there)))
        return known


def _look_before(root: Path, missing: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, bool]]:
    """Look into old versions of files, all in one call of git."""
    asked = [one for one in missing if "\n" not in one[2]]
    if not asked:
        return
    lines = "".join(f"{commit}:./{path}\n" for commit, _, path in asked)
    with suppress(AuraError):
        out = run_git(root, ["cat-file", "--batch"], stdin=lines.encode("utf-8", "surrogateescape"))
        if out is not None:
            yield from _answers(out, asked)


def _answers(out: bytes, asked: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, bool]]:
    at = 0
    for commit, name, path in asked:
        end = out.index(b"\n", at)
        parts = out[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(parts) != 3 or not parts[2].isdigit():
            yield commit, name, False
            continue
        size = int(parts[2])
        data = out[at : at + size]
        at += size + 1
        if name == path:
            yield commit, name, True
        elif size <= _MOST_BYTES:
            yield commit, name, any(one == name for one, _ in _names_in(data.decode("utf-8", "replace")))
