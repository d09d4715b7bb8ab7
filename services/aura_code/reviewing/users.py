"""Who uses what a change touches, as the analysis of the work tree knows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from aura_code.answers import visible
from aura_code.reviewing.changes import Change
from aura_code.structure.lookup import Symbol, files_of, symbols_where
from aura_code.structure.references import uses_of
from aura_code.structure.store import LIKELY, StructureReader

MOST_LEFT: Final = 10
_NEAR: Final = 3  # Lines below a call over which its arguments may be spread.
_CALL: Final = 0


class Users(NamedTuple):
    """Uses of a definition."""

    total: int
    left: tuple[str, ...]
    """`path:line` of those that the change does not touch."""
    calls_left: int
    """How many of all that the change does not touch are calls."""


NOBODY: Final = Users(0, (), 0)


@dataclass(eq=False)
class UserBook:
    """Looks up users of definitions of a change."""

    change: Change
    store: StructureReader | None
    _symbols: dict[tuple[str, str], list[Symbol]] = field(default_factory=dict[tuple[str, str], list[Symbol]])

    def symbols(self, paths: Iterable[str], name: str) -> list[Symbol]:
        """The definitions of a name in some files, as the analysis knows them."""
        if self.store is None:
            return []
        found: list[Symbol] = []
        for path in dict.fromkeys(paths):
            key = (path, name)
            if key not in self._symbols:
                self._symbols[key] = symbols_where(self.store, "f.path = ? AND s.qualified = ?", key)
            found += self._symbols[key]
        return found

    def knows(self, name: str) -> bool:
        """Whether the analysis has a definition with a qualified name in any file that the change leaves alone."""
        if self.store is None:
            return False
        found = symbols_where(self.store, "s.name = ? AND s.qualified = ?", (name.rpartition(".")[2], name))
        return any(symbol.path not in self.change.by_any_path for symbol in found)

    def of(self, paths: Iterable[str], name: str) -> Users:
        """Who uses a definition; where the analysis has it no more, who still imports it by name."""
        if self.store is None:
            return NOBODY
        listed = list(paths)
        symbols = self.symbols(listed, name)
        places = self._uses(symbols) if symbols else self._importers(listed, name)
        left = [place for place in places if not self.touched(place[0], place[1])]
        shown = tuple(dict.fromkeys(f"{visible(path)}:{line}" for path, line, _ in left))
        return Users(len(places), shown[:MOST_LEFT], sum(1 for place in left if place[2]))

    def _uses(self, symbols: list[Symbol]) -> list[tuple[str, int, bool]]:
        assert self.store is not None
        uses = uses_of(self.store, symbols, LIKELY)
        own = {symbol.id for symbol in symbols}
        files = files_of(self.store, {use.file for use in uses})
        return sorted(
            {
                (files[use.file].path, use.line, use.kind == _CALL)
                for use in uses
                if use.file in files and use.scope not in own
            }
        )

    def _importers(self, paths: list[str], name: str) -> list[tuple[str, int, bool]]:
        """Files that import a name which its file does not define."""
        assert self.store is not None
        if "." in name:
            return []
        found: set[tuple[str, int, bool]] = set()
        for path in paths:
            rows = self.store.rows(
                "SELECT g.path, i.line FROM imports i JOIN files f ON f.id = i.target_file "
                "JOIN files g ON g.id = i.file WHERE f.path = ? AND i.name = ? AND i.target_symbol IS NULL LIMIT 500",
                (path, name),
            )
            found |= {(user, line, False) for user, line in cast("list[tuple[str, int]]", rows)}
        return sorted(found)

    def touched(self, path: str, line: int) -> bool:
        """Whether the change edits a line of the work tree, or one just below it."""
        file = self.change.by_any_path.get(path)
        if file is None:
            return False
        if self.change.head == "patch":
            return file.touches_old(line, line + _NEAR)
        return file.touches(line, line + _NEAR)
