"""Definitions by name, the outline of a file, and the map of a project."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aura_code.answers import TOKEN_BYTES, nearest_names, symbol_message, visible
from aura_code.filters import PathFilter, language_ids
from aura_code.places import read_place
from aura_code.segments import KINDS
from aura_code.tables import decode
from aura_code.terms import fold
from aura_code.views import SymbolRef, View
from aura_shared.errors import EmptyQuery
from aura_shared.messages.code import (
    FindSymbols,
    FolderInfo,
    Freshness,
    ImportedName,
    MapAnswer,
    MapProject,
    OutlineAnswer,
    SymbolAnswer,
)

MOST_NAMES: Final = 2_000  # Distinct names that a prefix or part may lead to; they are sorted before the limit cuts.
_SEPARATOR: Final = re.compile(r"::|\.|->|#|/|\\")
_LOCAL: Final = frozenset({KINDS.index(kind) for kind in ("variable", "field", "property", "constant")})


def find_symbols(view: View, request: FindSymbols) -> SymbolAnswer:
    """Definitions by name: exact ones first, then other case, then prefixes, then parts.

    Raises:
        EmptyQuery: There is no name.
    """
    asked = request.name.strip().removesuffix("()")
    *container, name = [part for part in _SEPARATOR.split(asked) if part] or [""]
    if not name:
        raise EmptyQuery("The name is empty.")
    chosen = _Choice(view, request, [fold(part) for part in container])
    for symbols in _steps(view, name, exact=request.exact):
        chosen.take(symbols)
        if len(chosen.symbols) > request.limit:
            break
    kept = chosen.symbols[: request.limit]
    return SymbolAnswer(
        symbols=[symbol_message(view.parts[ref.part].segment, ref.symbol) for ref in kept],
        more=len(chosen.symbols) > request.limit,
        freshness=Freshness(generation=view.generation),
        reason="" if kept else _why_none(view, request, name, chosen),
    )


def _steps(view: View, name: str, *, exact: bool) -> Iterator[list[SymbolRef]]:
    yield view.symbols_named(name)
    if not exact:
        yield view.symbols_like(name)
        yield view.symbols_with_prefix(name, MOST_NAMES)
        yield view.symbols_containing(name, MOST_NAMES)


@dataclass(slots=True)
class _Choice:
    """The definitions that pass the filters, in the order in which they should be shown."""

    view: View
    request: FindSymbols
    container: list[str]
    symbols: list[SymbolRef] = field(default_factory=list[SymbolRef])
    seen: set[SymbolRef] = field(default_factory=set[SymbolRef])
    dropped: int = 0
    """How many the filters left out."""

    def take(self, symbols: Iterable[SymbolRef]) -> None:
        """Add what is new and passes, best first, until there are more than asked for."""
        languages = language_ids(self.request.languages)
        paths = PathFilter(self.request.paths)
        new: dict[int, list[SymbolRef]] = {}
        for ref in symbols:
            if ref in self.seen:
                continue
            self.seen.add(ref)
            if self._passes(ref, languages, paths):
                name = self.view.parts[ref.part].segment.symbol_name_of(ref.symbol)
                new.setdefault(len(name), []).append(ref)
            else:
                self.dropped += 1
        for _, alike in sorted(new.items()):  # A letter leads to thousands; the rest of their order takes 20 µs each.
            self.symbols += sorted(alike, key=self._order)
            if len(self.symbols) > self.request.limit:
                break

    def _passes(self, ref: SymbolRef, languages: frozenset[str], paths: PathFilter) -> bool:
        segment = self.view.parts[ref.part].segment
        if self.request.kinds and KINDS[int(segment.symbol_kind[ref.symbol])] not in self.request.kinds:
            return False
        file = int(segment.symbol_file[ref.symbol])
        if languages and segment.language(file) not in languages:
            return False
        if self.request.paths and not paths.passes(segment.path(file)):
            return False
        return not self.container or self._is_inside(ref)

    def _is_inside(self, ref: SymbolRef) -> bool:
        """Whether the last of the containers asked for surrounds it, or is its file or folder (a module)."""
        segment = self.view.parts[ref.part].segment
        around = [fold(part) for part in re.split(r"[.:]+", segment.symbol(ref.symbol).container)]
        if self.container[-1] in around:
            return True
        path = segment.path(int(segment.symbol_file[ref.symbol]))
        return self.container[-1] in {read_place(path).stem, *(fold(folder) for folder in path.split("/")[:-1])}

    def _order(self, ref: SymbolRef) -> tuple[object, ...]:
        """Among names of one length: what is no test, then types and functions before variables, then by place."""
        segment = self.view.parts[ref.part].segment
        path = segment.path(int(segment.symbol_file[ref.symbol]))
        start = int(segment.symbol_start[ref.symbol])
        declared = start == int(segment.symbol_end[ref.symbol])
        return (
            bool(read_place(path).kinds & {"tests", "docs", "legacy"}),
            int(segment.symbol_kind[ref.symbol]) in _LOCAL,
            declared,
            path,
            start,
        )


def _why_none(view: View, request: FindSymbols, name: str, chosen: _Choice) -> str:
    if chosen.dropped and (request.kinds or request.languages or request.paths):
        return f"The filters leave none of the {chosen.dropped} definitions with such a name."
    if chosen.dropped:
        asked = visible(request.name)
        return f"There are {chosen.dropped} definitions like {visible(name)!r}, but none of them is {asked!r}."
    names = nearest_names(view, name)
    hint = f" Similar names: {', '.join(names)}." if names else " Search by words finds uses and text as well."
    return f"Nothing named {visible(name[:80])!r} is defined in the project.{hint}"


def outline(view: View, path: str) -> OutlineAnswer | None:
    """What a file defines and imports; None when the index has no such file."""
    found = view.find_file(path)
    if found is None:
        return None
    segment = view.parts[found.part].segment
    skipped = segment.skipped(found.file)
    symbols = [symbol_message(segment, number) for number in segment.symbols_of(found.file)]
    reason = ""
    if skipped:
        reason = f"The file is not read: {skipped}."
    elif not symbols:
        reason = "Nothing is defined in it, as far as Aura can tell."
    return OutlineAnswer(
        path=visible(path),
        language=segment.language(found.file),
        lines=int(segment.file_lines[found.file]),
        symbols=sorted(symbols, key=lambda symbol: (symbol.start_line, -symbol.end_line)),
        imports=[
            ImportedName(
                module=visible(item.module), names=[visible(name) for name in item.names], line=max(1, item.line)
            )
            for item in segment.imports_of(found.file)
        ],
        broken=segment.broken(found.file),
        freshness=Freshness(generation=view.generation),
        reason=reason,
    )


@dataclass(slots=True)
class _Folder:
    files: int = 0
    lines: int = 0
    languages: Counter[str] = field(default_factory=Counter[str])
    names: Counter[str] = field(default_factory=Counter[str])


MOST_SYMBOLS: Final = 8  # Names per folder.
_SHOWN_KINDS: Final = np.array(
    [KINDS.index(kind) for kind in ("class", "interface", "trait", "struct", "enum", "type", "function", "macro")]
)


def map_project(view: View, request: MapProject) -> MapAnswer:
    """The folders of a project with their best known names, within the budget; deep folders are left out first."""
    below = request.path.strip("/")
    folders: dict[str, _Folder] = {"": _Folder()} if not below else {below: _Folder()}
    total_files = total_lines = 0
    for place, part in enumerate(view.parts):
        segment = part.segment
        uses = np.diff(segment.used_at)
        for file in np.flatnonzero(part.alive & (segment.file_skip == 0)).tolist():
            path = segment.path(file)
            lines = int(segment.file_lines[file])
            total_files, total_lines = total_files + 1, total_lines + lines
            around = _folders_of(path, below, request.depth)
            if not around:
                continue
            names = _names_of(view, place, file, uses)
            for folder in around:
                _count(folders.setdefault(folder, _Folder()), lines, segment.language(file), names)
    infos, more = _within(folders, request.budget)
    freshness = Freshness(generation=view.generation)
    return MapAnswer(folders=infos, files=total_files, lines=total_lines, freshness=freshness, more=more)


def _folders_of(path: str, below: str, depth: int) -> list[str]:
    """The folders shown that contain a file."""
    folder = path.rpartition("/")[0]
    if below and folder != below and not folder.startswith(f"{below}/"):
        return []
    rest = folder[len(below) :].strip("/")
    parts = rest.split("/")[:depth] if rest else []
    return [below, *("/".join([*([below] if below else []), *parts[: count + 1]]) for count in range(len(parts)))]


def _names_of(
    view: View, place: int, file: int, uses: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> dict[str, int]:
    """The names at the top of a file with how often they are used."""
    segment = view.parts[place].segment
    if read_place(segment.path(file)).kinds & {"tests"}:
        return {}
    symbols = segment.symbols_of(file)
    kinds = segment.symbol_kind[symbols.start : symbols.stop]
    numbers = segment.symbol_name[symbols.start : symbols.stop][np.isin(kinds, _SHOWN_KINDS)]
    if len(numbers) > MOST_SYMBOLS:
        numbers = numbers[np.argsort(-uses[numbers], kind="stable")[:MOST_SYMBOLS]]
    return {decode(segment.names[int(number)]): int(uses[number]) for number in numbers.tolist()}


def _count(folder: _Folder, lines: int, language: str, names: dict[str, int]) -> None:
    folder.files += 1
    folder.lines += lines
    if language:
        folder.languages[language] += 1
    for name, uses in names.items():
        folder.names[name] = max(folder.names[name], uses)


def _within(folders: dict[str, _Folder], budget: int) -> tuple[list[FolderInfo], bool]:
    """As many folders as the budget allows, those near the root first, in the order of their paths."""
    chosen: list[FolderInfo] = []
    left = budget * TOKEN_BYTES
    more = False
    for path in sorted(folders, key=lambda path: (path.count("/") + bool(path), -folders[path].lines, path)):
        folder = folders[path]
        best = sorted(folder.names.items(), key=lambda item: (-item[1], item[0]))[:MOST_SYMBOLS]
        info = FolderInfo(
            path=visible(path),
            files=folder.files,
            lines=folder.lines,
            languages=[language for language, _ in folder.languages.most_common(3)],
            symbols=[visible(name) for name, _ in best],
        )
        size = len(info.model_dump_json())
        if size > left:
            more = True
            continue
        left -= size
        chosen.append(info)
    return sorted(chosen, key=lambda info: info.path), more
