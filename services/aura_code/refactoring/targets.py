"""What a question means: definitions that are one thing under one name, or a variable within a function."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aura_code.refactoring.scoping import Named, scoping_of
from aura_code.refactoring.workspace import OpenFile, Refusal, Workspace
from aura_code.structure.lookup import TYPES, Symbol, file_at, listed, meant_by, symbols_of, symbols_where
from aura_code.structure.store import BY_NAME

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader
    from aura_shared.messages.refactoring import PlanRefactoring

_NAME: Final = re.compile(rb"[#$A-Za-z_\x80-\xff][\w$\x80-\xff]*")
_MEMBERS: Final = frozenset({"method", "property", "field", "constructor"})
_SHOWN: Final = 8


class Located(NamedTuple):
    """A use, or the name of a definition, as the store knows it."""

    path: str
    line: int
    column: int
    kind: int
    confidence: int
    target: int


@dataclass(slots=True)
class Target:
    """What is meant."""

    name: str
    language: str
    symbols: list[Symbol] = field(default_factory=list[Symbol])
    """Definitions; empty for a variable of a function."""
    local: Named | None = None
    file: OpenFile | None = None
    """Of a local variable."""

    @property
    def is_member(self) -> bool:
        """Whether it is reached through something else: a method, a field."""
        return any(one.parent is not None or one.receiver for one in self.symbols)


def offset_at(text: bytes, line: int, column: int) -> int | None:
    """The offset of a place: line from 1, column in characters from 0; None when the text has no such place."""
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1
        if not start:
            return None
    end = text.find(b"\n", start)
    written = text[start : end if end >= 0 else len(text)].decode("utf-8", "surrogateescape")
    if column > len(written):
        return None
    return start + len(written[:column].encode("utf-8", "surrogateescape"))


class Offsets:
    """Offsets of places in one file; faster than asking for each."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._starts = [0]
        place = text.find(b"\n")
        while place >= 0:
            self._starts.append(place + 1)
            place = text.find(b"\n", place + 1)

    def at(self, line: int, column: int) -> int:
        """The offset of line (from 1) and column (characters from 0)."""
        start = self._starts[min(line, len(self._starts)) - 1]
        head = self._text[start : start + column]
        if head.isascii():
            return start + column
        written = self._text[start : start + 4 * column].decode("utf-8", "ignore")
        return start + len(written[:column].encode())

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """The line (from 1) and column (characters from 0) of an offset."""
        line = self._text.count(b"\n", 0, offset)
        return line + 1, len(self._text[self._starts[line] : offset].decode("utf-8", "replace"))


def name_around(text: bytes, offset: int) -> tuple[int, int] | None:
    """Where the name begins and ends that an offset stands in or right behind."""
    start = text.rfind(b"\n", 0, offset) + 1
    for match in _NAME.finditer(text, start):
        if match.start() > offset:
            return None
        if match.end() >= offset:
            return match.start(), match.end()
    return None


def find_target(reader: StructureReader, workspace: Workspace, request: PlanRefactoring) -> Target:
    """What a request means.

    Raises:
        Refusal: Nothing, several things, or something outside of the project.
    """
    if request.path and request.line:
        found = _at_place(reader, workspace, request)
        if found is not None:
            return found
    if not request.symbol and not request.path:
        raise Refusal("No symbol is given: name one, or give path, line and column of a name.")
    meant = meant_by(reader, _Asked(request.symbol, request.path, request.line or None))
    if not meant.symbols:
        raise Refusal(meant.reason or "Nothing of that name is defined here.")
    return _one_of(_likeliest(reader, meant.symbols, request.symbol))


def _likeliest(reader: StructureReader, symbols: list[Symbol], asked: str) -> list[Symbol]:
    """Without keys of objects, and members of other types, when what was asked for is the name of something else."""
    parents = symbols_of(reader, {one.parent for one in symbols if one.parent is not None})
    named = [one for one in symbols if one.parent is None or parents[one.parent].kind in TYPES]
    whole = [one for one in named if one.qualified == asked]
    return whole if "." in asked and whole else named or symbols


class _Asked(NamedTuple):
    symbol: str
    path: str
    line: int | None


def _one_of(symbols: Sequence[Symbol]) -> Target:
    groups: dict[tuple[str, str], list[Symbol]] = {}
    for one in symbols:
        groups.setdefault((one.path, one.qualified), []).append(one)
    if len(groups) > 1:
        places = [f"{group[0].qualified} ({group[0].path}:{group[0].line})" for group in groups.values()]
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        raise Refusal(
            f"{len(groups)} definitions fit: {', '.join(places[:_SHOWN])}{more}. Give path and line of the one meant."
        )
    return Target(symbols[0].name, symbols[0].language, list(symbols))


def _at_place(reader: StructureReader, workspace: Workspace, request: PlanRefactoring) -> Target | None:
    file = workspace.open(request.path)
    for start, end in _names_at(file.text, request):
        name = file.text[start:end].decode("utf-8", "replace")
        scoping = scoping_of(file.source)
        named = scoping.by_spot.get(start) if scoping is not None else None
        symbols = _symbols_at(reader, file, start)
        if symbols:
            symbols = [one for one in symbols if one.name == name] or symbols
            return _one_of(_twins(reader, symbols))
        if named is not None and named.taken:
            raise Refusal(f"{name} at {file.place(start)} is imported from outside the project.")
        if named is not None and named.kind not in {"module", "class"}:
            return Target(name, file.language, local=named, file=file)
        if named is not None:
            return Target(name, file.language, local=named, file=file)
        if request.column or request.symbol:
            _explain_unknown(reader, file, start, name)
    return None


def _explain_unknown(reader: StructureReader, file: OpenFile, start: int, name: str) -> None:
    line, column = Offsets(file.text).line_and_column(start)
    rows = reader.rows(
        "SELECT u.confidence FROM uses u JOIN files f ON f.id = u.file "
        "WHERE f.path = ? AND u.line = ? AND u.column = ?",
        (file.path, line, column),
    )
    if rows and all(row[0] == BY_NAME for row in rows):
        raise Refusal(f"It is not known what {name} at {file.place(start)} belongs to; name its definition instead.")
    if rows:
        raise Refusal(f"{name} at {file.place(start)} is defined outside the project.")


def _names_at(text: bytes, request: PlanRefactoring) -> Iterable[tuple[int, int]]:
    """The names that a place may mean: the one at its column, or on its line the one that is asked for."""
    symbol = re.split(r"::|\.", request.symbol.strip())[-1]
    offset = offset_at(text, request.line, request.column)
    if offset is None:
        raise Refusal(f"{request.path} has no line {request.line} with a column {request.column}.")
    here = name_around(text, offset)
    if here is not None and (not symbol or text[here[0] : here[1]].decode("utf-8", "replace") == symbol):
        return [here]
    if not symbol or request.column:
        return []
    end = text.find(b"\n", offset)
    word = re.compile(rb"(?<![\w$])" + re.escape(symbol.encode()) + rb"(?![\w$])")
    return [match.span() for match in word.finditer(text, offset, end if end >= 0 else len(text))]


def _symbols_at(reader: StructureReader, file: OpenFile, start: int) -> list[Symbol]:
    """The definitions whose name, or a use of which, stands at an offset."""
    line, column = Offsets(file.text).line_and_column(start)
    stored = file_at(reader, file.path)
    if stored is None:
        return []
    found = symbols_where(reader, "s.file = ? AND s.line = ? AND s.column = ?", (stored.id, line, column))
    rows = reader.rows(
        "SELECT DISTINCT target FROM uses WHERE file = ? AND line = ? AND column = ? AND target IS NOT NULL",
        (stored.id, line, column),
    )
    meant = list(symbols_of(reader, [cast("int", row[0]) for row in rows]).values())
    return meant or found


def _twins(reader: StructureReader, symbols: Sequence[Symbol]) -> list[Symbol]:
    """These definitions with others of the same name in the same place: overloads, setters, merged declarations."""
    found = {one.id: one for one in symbols}
    for one in symbols:
        for twin in symbols_where(reader, "s.file = ? AND s.qualified = ?", (one.file, one.qualified)):
            found[twin.id] = twin
    return list(found.values())


def with_twins(reader: StructureReader, symbols: Sequence[Symbol]) -> list[Symbol]:
    """These definitions with those that share file and qualified name."""
    return _twins(reader, symbols)


def places_of(reader: StructureReader, numbers: Iterable[int]) -> list[Located]:
    """Where some definitions have their names."""
    rows = reader.rows(
        "SELECT f.path, s.line, s.column, -1, 3, s.id FROM symbols s JOIN files f ON f.id = s.file "
        "WHERE s.id IN (SELECT value FROM json_each(?))",
        (listed(numbers),),
    )
    return [Located(*row) for row in cast("list[tuple[str, int, int, int, int, int]]", rows)]


def uses_with_targets(reader: StructureReader, numbers: Iterable[int]) -> list[Located]:
    """The uses that were linked to some definitions, with any confidence."""
    rows = reader.rows(
        "SELECT f.path, u.line, u.column, u.kind, u.confidence, u.target FROM uses u JOIN files f ON f.id = u.file "
        "WHERE u.target IN (SELECT value FROM json_each(?))",
        (listed(numbers),),
    )
    return [Located(*row) for row in cast("list[tuple[str, int, int, int, int, int]]", rows)]


def uses_by_name(reader: StructureReader, name: str) -> list[Located]:
    """The uses of a name whose receiver is not known."""
    rows = reader.rows(
        "SELECT f.path, u.line, u.column, u.kind, u.confidence, 0 FROM uses u JOIN files f ON f.id = u.file "
        "WHERE u.name = ? AND u.target IS NULL AND u.confidence = 1",
        (name,),
    )
    return [Located(*row) for row in cast("list[tuple[str, int, int, int, int, int]]", rows)]


def is_member(symbol: Symbol) -> bool:
    """Whether a definition is reached through a type."""
    return symbol.kind in _MEMBERS or bool(symbol.receiver)
