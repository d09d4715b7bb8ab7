"""Which definitions a question means, and the rows that every answer needs."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from aura_code.answers import visible
from aura_code.places import read_place
from aura_shared.errors import EmptyQuery
from aura_shared.messages.code import SymbolKind
from aura_shared.messages.structure import Confidence, Defined

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

CONFIDENCES: Final[dict[int, Confidence]] = {3: "exact", 2: "likely", 1: "by name"}
"""Words for the numbers of the store."""
NUMBERS: Final[dict[str, int]] = {word: number for number, word in CONFIDENCES.items()}
MOST_MEANT: Final = 40  # Definitions that one question may mean; more say that the name is too common.
FAMILIES: Final = {"javascript": "script", "typescript": "script", "tsx": "script"}
"""Languages whose code meets in one program."""
TYPES: Final = frozenset({"class", "interface", "trait", "struct", "enum", "type", "namespace", "module"})
FUNCTIONS: Final = frozenset({"function", "method", "constructor", "property", "macro"})
_PLACE: Final = re.compile(r"(.+):(\d+)$", re.DOTALL)
_SEPARATOR: Final = re.compile(r"::|\.|->|#|/|\\")
_COLUMNS: Final = (
    "s.id, s.file, f.path, f.language, s.name, s.qualified, s.kind, s.parent, s.receiver, s.line, s.start_line, "
    "s.end_line, s.public, s.entry, f.is_test"
)
_ASIDE: Final = frozenset({"tests", "docs", "legacy"})


class Symbol(NamedTuple):
    """A definition as the store knows it."""

    id: int
    file: int
    path: str
    language: str
    name: str
    qualified: str
    kind: str
    parent: int | None
    receiver: str
    line: int
    start_line: int
    end_line: int
    public: bool
    entry: str
    is_test: bool


class Asked(Protocol):
    """The part of a question that says which definitions are meant."""

    @property
    def symbol(self) -> str: ...  # noqa: D102 - documented by the messages
    @property
    def path(self) -> str: ...  # noqa: D102 - documented by the messages
    @property
    def line(self) -> int | None: ...  # noqa: D102 - documented by the messages


@dataclass(frozen=True, slots=True)
class Meant:
    """What a question means."""

    symbols: list[Symbol]
    """Definitions, those outside of tests first; empty when nothing fits."""
    file: int | None = None
    """The file, when all of it is meant."""
    reason: str = ""
    """Why nothing fits, and what to try."""


def listed(numbers: Iterable[int]) -> str:
    """Numbers as the one value of a query with `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(numbers))


def symbols_where(store: StructureReader, condition: str, values: Sequence[object] = ()) -> list[Symbol]:
    """Definitions that fulfil a condition over `symbols s` and `files f`."""
    query = f"SELECT {_COLUMNS} FROM symbols s JOIN files f ON f.id = s.file WHERE {condition}"  # noqa: S608 - ours
    return [_symbol(row) for row in store.rows(query, values)]


def symbols_of(store: StructureReader, numbers: Collection[int]) -> dict[int, Symbol]:
    """Definitions by number."""
    if not numbers:
        return {}
    found = symbols_where(store, "s.id IN (SELECT value FROM json_each(?))", (listed(numbers),))
    return {symbol.id: symbol for symbol in found}


def _symbol(row: tuple[object, ...]) -> Symbol:
    values = list(row)
    values[12], values[14] = bool(values[12]), bool(values[14])
    return Symbol(*values)  # type: ignore[arg-type] - a row of a STRICT table


def defined(symbol: Symbol) -> Defined:
    """A definition as it is sent."""
    return Defined(
        name=visible(symbol.qualified),
        kind=cast("SymbolKind", symbol.kind),
        path=visible(symbol.path),
        line=max(1, symbol.line),
        end_line=max(1, symbol.end_line),
        public=symbol.public,
        test=symbol.is_test,
        entry=visible(symbol.entry),
    )


def top_of(path: str, *, is_test: bool) -> Defined:
    """The top of a file, where no definition is around the code."""
    return Defined(name="", kind="module", path=visible(path), line=1, end_line=1, test=is_test)


class File(NamedTuple):
    """A file."""

    id: int
    path: str
    language: str
    is_test: bool


def file_at(store: StructureReader, path: str) -> File | None:
    """The file with a path."""
    plain = path.removeprefix("./").strip("/")
    rows = store.rows("SELECT id, path, language, is_test FROM files WHERE path = ?", (plain,))
    return File(*cast("tuple[int, str, str, bool]", rows[0])) if rows else None


def files_of(store: StructureReader, numbers: Collection[int]) -> dict[int, File]:
    """Files by number."""
    rows = store.rows(
        "SELECT id, path, language, is_test FROM files WHERE id IN (SELECT value FROM json_each(?))", (listed(numbers),)
    )
    return {file.id: file for file in (File(*cast("tuple[int, str, str, bool]", row)) for row in rows)}


def meant_by(store: StructureReader, asked: Asked, *, whole_files: bool = False) -> Meant:
    """The definitions that a question means.

    Args:
        store: The structure.
        asked: Its `symbol`, `path` and `line`.
        whole_files: Whether a path alone stands for everything in the file.

    Raises:
        EmptyQuery: Neither is given.
    """
    symbol, path, line = asked.symbol.strip().removesuffix("()"), asked.path.strip(), asked.line
    if not path and symbol:
        symbol, path, line = _taken_apart(store, symbol, line)
    if not symbol and not path:
        raise EmptyQuery("No symbol is given.", hint="Give `name`, `Container.name`, or `path:line`.")
    file = file_at(store, path) if path else None
    if path and file is None:
        return Meant([], reason=f"The analysis knows no file {visible(path)!r}. {_nearest_path(store, path)}".strip())
    if symbol:
        return _named(store, symbol, file, line)
    assert file is not None
    if line is not None:
        return _standing_at(store, file, line)
    if whole_files:
        return Meant(symbols_where(store, "s.file = ? ORDER BY s.position", (file.id,)), file.id)
    return Meant([], reason="Only a file is given: name a symbol of it, or a line.")


def _taken_apart(store: StructureReader, symbol: str, line: int | None) -> tuple[str, str, int | None]:
    """Symbol, path and line of `path:line`, `path::name` or a path alone."""
    place = _PLACE.fullmatch(symbol)
    if place and file_at(store, place[1]):
        return "", place[1], int(place[2])
    path, colons, name = symbol.partition("::")
    if colons and name and file_at(store, path):
        return name, path, line
    if ("/" in symbol or "." in symbol) and file_at(store, symbol):
        return "", symbol, line
    return symbol, "", line


def _standing_at(store: StructureReader, file: File, line: int) -> Meant:
    found = symbols_where(store, "s.file = ? AND s.start_line <= ? AND s.end_line >= ?", (file.id, line, line))
    if not found:
        return Meant([], reason=f"No definition stands at line {line} of {visible(file.path)}.")
    exactly = [symbol for symbol in found if symbol.line == line]
    best = min(exactly or found, key=lambda one: (one.end_line - one.start_line, one.kind not in FUNCTIONS))
    return Meant([best])


def _named(store: StructureReader, symbol: str, file: File | None, line: int | None) -> Meant:
    *around, name = [part for part in _SEPARATOR.split(symbol) if part] or [symbol]
    found = symbols_where(store, "s.name = ?", (name,))
    if not found:
        return Meant([], reason=_why_none(store, name))
    within = [one for one in found if (file is None or one.file == file.id)]
    passing = [one for one in within if _is_inside(one, around)]
    if line is not None and passing:
        passing = [min(passing, key=lambda one: abs(one.line - line))]
    if not passing and around:
        passing = _inherited(store, around, name, file)
    if not passing:
        places = ", ".join(f"{visible(one.qualified)} ({visible(one.path)}:{one.line})" for one in found[:3])
        return Meant([], reason=f"There is no {visible(symbol)!r} there. Definitions of that name: {places}.")
    passing.sort(key=_order)
    aside = [one for one in passing if not _ASIDE.isdisjoint(read_place(one.path).kinds)]
    kept = passing if len(aside) == len(passing) or file is not None else [one for one in passing if one not in aside]
    if around:
        exact = [one for one in kept if _ends_with(one, around)]
        kept = exact or kept
    return Meant(kept[:MOST_MEANT])


def _inherited(store: StructureReader, around: list[str], name: str, file: File | None) -> list[Symbol]:
    """What a type has from the nearest of its supertypes."""
    owners = [one for one in symbols_where(store, "s.name = ?", (around[-1],)) if one.kind in TYPES]
    owners = [one for one in owners if _is_inside(one, around[:-1]) and (file is None or one.file == file.id)]
    frontier = {one.id for one in owners}
    seen: set[int] = set()
    while frontier:
        found = symbols_where(
            store, "s.parent IN (SELECT value FROM json_each(?)) AND s.name = ?", (listed(frontier), name)
        )
        if found:
            return found
        seen |= frontier
        rows = store.rows(
            "SELECT target FROM bases WHERE symbol IN (SELECT value FROM json_each(?)) AND target IS NOT NULL",
            (listed(frontier),),
        )
        frontier = {cast("int", row[0]) for row in rows} - seen
    return []


def _order(one: Symbol) -> tuple[object, ...]:
    return one.is_test, not one.public, one.kind not in TYPES | FUNCTIONS, one.path, one.line


def _full(one: Symbol) -> list[str]:
    return [*one.path.rpartition(".")[0].split("/"), *one.qualified.split(".")]


def _ends_with(one: Symbol, around: list[str]) -> bool:
    return one.qualified.split(".")[-1 - len(around) : -1] == around


def _is_inside(one: Symbol, around: list[str]) -> bool:
    """Whether these names stand in this order in its path and its qualified name."""
    rest = iter(_full(one)[:-1])
    return all(any(part == name for part in rest) for name in around)


def _why_none(store: StructureReader, name: str) -> str:
    similar = store.rows(
        "SELECT DISTINCT name FROM symbols WHERE name LIKE ? ESCAPE '\\' LIMIT 200",
        (f"%{name[:3].replace('%', '').replace('_', chr(92) + '_')}%",),
    )
    close = difflib.get_close_matches(name, [str(row[0]) for row in similar], n=3, cutoff=0.6)
    hint = f" Similar names: {', '.join(visible(one) for one in close)}." if close else " Search finds text as well."
    return f"Nothing named {visible(name[:80])!r} is defined in the analysed files.{hint}"


def _nearest_path(store: StructureReader, path: str) -> str:
    name = path.rpartition("/")[2]
    ending = "%/" + name.replace("%", "").replace("_", "\\_")
    rows = store.rows("SELECT path FROM files WHERE path LIKE ? ESCAPE '\\' ORDER BY length(path) LIMIT 3", (ending,))
    return f"Did you mean {' or '.join(visible(str(row[0])) for row in rows)}?" if rows else ""


def family(language: str) -> str:
    """What languages have in common whose code meets in one program."""
    return FAMILIES.get(language, language)


def with_members(store: StructureReader, symbols: Collection[Symbol]) -> list[int]:
    """Numbers of definitions and of everything inside of them."""
    rows = store.rows(
        "WITH RECURSIVE inside(id) AS (SELECT value FROM json_each(?) UNION "
        "SELECT s.id FROM symbols s JOIN inside ON s.parent = inside.id) SELECT id FROM inside",
        (listed(symbol.id for symbol in symbols),),
    )
    received = [symbol for symbol in symbols if symbol.kind in TYPES and symbol.language in {"go", "rust"}]
    found = [cast("int", row[0]) for row in rows]
    for symbol in received:
        others = store.rows(
            "SELECT s.id, f.path FROM symbols s JOIN files f ON f.id = s.file "
            "WHERE s.receiver = ? AND s.parent IS NULL AND f.language = ?",
            (symbol.name, symbol.language),
        )
        folder = symbol.path.rpartition("/")[0]
        found += [
            cast("int", number)
            for number, path in others
            if symbol.language == "rust" or str(path).rpartition("/")[0] == folder
        ]
    return list(dict.fromkeys(found))


def overridden_by_these(store: StructureReader, numbers: Collection[int]) -> list[tuple[int, int]]:
    """Pairs: a method, and one of a base type that it overrides."""
    rows = store.rows(
        "WITH RECURSIVE up(symbol, base) AS ("
        "SELECT s.id, b.target FROM symbols s JOIN bases b ON b.symbol = s.parent "
        "WHERE s.id IN (SELECT value FROM json_each(?)) AND s.kind IN ('method', 'property') AND b.target IS NOT NULL "
        "UNION SELECT up.symbol, b.target FROM up JOIN bases b ON b.symbol = up.base WHERE b.target IS NOT NULL) "
        "SELECT up.symbol, m.id FROM up JOIN symbols s ON s.id = up.symbol "
        "JOIN symbols m ON m.parent = up.base AND m.name = s.name",
        (listed(numbers),),
    )
    return cast("list[tuple[int, int]]", rows)


def overriding_these(store: StructureReader, numbers: Collection[int]) -> list[tuple[int, int]]:
    """Pairs: a method, and one of a subtype that overrides it."""
    rows = store.rows(
        "WITH RECURSIVE down(symbol, type) AS ("
        "SELECT s.id, b.symbol FROM symbols s JOIN bases b ON b.target = s.parent "
        "WHERE s.id IN (SELECT value FROM json_each(?)) AND s.kind IN ('method', 'property') "
        "UNION SELECT down.symbol, b.symbol FROM down JOIN bases b ON b.target = down.type) "
        "SELECT down.symbol, m.id FROM down JOIN symbols s ON s.id = down.symbol "
        "JOIN symbols m ON m.parent = down.type AND m.name = s.name",
        (listed(numbers),),
    )
    return cast("list[tuple[int, int]]", rows)
