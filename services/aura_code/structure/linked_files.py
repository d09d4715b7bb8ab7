"""The files of a project as the linker sees them, read from the store when they are first needed."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from aura_code.structure.facts import Binding

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader


class Sym(NamedTuple):
    """A definition."""

    id: int
    file: int
    name: str
    kind: str
    parent: int | None
    receiver: str
    type: Binding
    """As `Definition.type`, a binding of its file."""


class Import(NamedTuple):
    """An import."""

    id: int
    module: str
    name: str
    alias: str
    exported: bool


@dataclass(slots=True)
class LinkedFile:
    """One file."""

    id: int
    path: str
    language: str
    package: str
    symbols: list[Sym]
    """By position in the file."""
    imports: list[Import]
    bindings: dict[int, Binding]
    tops: dict[str, list[Sym]] = field(default_factory=dict[str, list[Sym]])
    """Definitions at the top of the file by name."""
    children: dict[int, dict[str, list[Sym]]] = field(default_factory=dict[int, dict[str, list[Sym]]])
    """Definitions inside others by the one around and by name."""
    received: dict[str, dict[str, list[Sym]]] = field(default_factory=dict[str, dict[str, list[Sym]]])
    """Methods whose type is in another file, by the type's name and by their own."""
    bases: dict[int, list[tuple[Binding, int]]] = field(default_factory=dict[int, list[tuple[Binding, int]]])
    """What a type inherits from, with the number of the row."""
    by_alias: dict[str, list[Import]] = field(default_factory=dict[str, list[Import]])
    stars: list[Import] = field(default_factory=list[Import])
    memo: dict[Binding, object] = field(default_factory=dict[Binding, object])
    """What bindings were found to mean."""


class Files:
    """All files of a store."""

    def __init__(self, store: StructureReader) -> None:
        self._store = store
        self._loaded: dict[int, LinkedFile] = {}
        self.ids: dict[str, int] = {}
        """Numbers of files by path."""
        self.heads: dict[int, tuple[str, str, str]] = {}
        """Path, language and package of files by number."""

    def refresh(self) -> bool:
        """Read again which files there are; returns whether that changed. What bindings mean is found out anew."""
        rows = cast(
            "list[tuple[int, str, str, str]]", self._store.rows("SELECT id, path, language, package FROM files")
        )
        heads = {number: (path, language, package) for number, path, language, package in rows}
        changed = heads != self.heads
        self.heads = heads
        self.ids = {path: number for number, (path, _, _) in heads.items()}
        for gone in self._loaded.keys() - heads.keys():
            del self._loaded[gone]
        for file in self._loaded.values():
            file.memo.clear()
        return changed

    def forget(self, path: str) -> None:
        """A file has changed."""
        number = self.ids.get(path)
        if number is not None:
            self._loaded.pop(number, None)

    def drop(self) -> None:
        """Let go of everything that can be read again."""
        self._loaded.clear()

    def of(self, number: int) -> LinkedFile:
        """A file."""
        known = self._loaded.get(number)
        if known is None:
            known = self._loaded[number] = self._load(number)
        return known

    def at(self, path: str) -> LinkedFile | None:
        """The file with a path."""
        number = self.ids.get(path)
        return None if number is None else self.of(number)

    def _load(self, number: int) -> LinkedFile:
        rows = self._store.rows
        path, language, package = self.heads[number]
        texts = cast("list[tuple[int, str]]", rows("SELECT id, text FROM bindings WHERE file = ?", (number,)))
        bindings = {one: _tuples(json.loads(text)) for one, text in texts}
        symbols = [
            Sym(*cast("tuple[int, int, str, str, int | None, str]", row[:6]), bindings.get(cast("int", row[6]), ()))
            for row in rows(
                "SELECT id, file, name, kind, parent, receiver, type FROM symbols WHERE file = ? ORDER BY position",
                (number,),
            )
        ]
        imports = [
            Import(*cast("tuple[int, str, str, str]", row[:4]), bool(row[4]))
            for row in rows(
                "SELECT id, module, name, alias, exported FROM imports WHERE file = ? ORDER BY id", (number,)
            )
        ]
        file = LinkedFile(number, path, language, package, symbols, imports, bindings)
        for sym in symbols:
            if sym.parent is not None:
                names = file.children.setdefault(sym.parent, {})
            elif sym.receiver:
                names = file.received.setdefault(sym.receiver, {})
            else:
                names = file.tops
            names.setdefault(sym.name, []).append(sym)
        found = rows("SELECT symbol, binding, rowid FROM bases WHERE file = ? ORDER BY position", (number,))
        bases: dict[int, list[tuple[Binding, int]]] = defaultdict(list)
        for symbol, binding, row in cast("list[tuple[int, int | None, int]]", found):
            bases[symbol].append((bindings.get(binding or 0, ()), row))
        file.bases = dict(bases)
        for one in imports:
            if one.name == "*" and not one.alias:
                file.stars.append(one)
            else:
                file.by_alias.setdefault(one.alias or one.name, []).append(one)
        return file


def _tuples(value: object) -> Binding:
    return tuple(
        _tuples(cast("object", item)) if isinstance(item, list) else item for item in cast("list[object]", value)
    )
