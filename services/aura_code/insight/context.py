"""The best context about a file, a symbol or a question for a model, within a budget of tokens.

First the code itself, then what it calls and the types it uses (as signatures), who calls it, and the tests that reach
it: what one has to know to change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_code.answers import TOKEN_BYTES, visible
from aura_code.index import CodeIndex
from aura_code.insight.mapping import Signatures
from aura_code.sources import Sources
from aura_code.structure.impact import tests_for
from aura_code.structure.lookup import Symbol, meant_by
from aura_code.structure.references import calls
from aura_code.structure.store import StructureReader
from aura_shared.errors import EmptyQuery
from aura_shared.messages.code import Freshness, SearchCode
from aura_shared.messages.insight import ContextAnswer, ContextPart, PackContext
from aura_shared.messages.structure import Defined, FindCalls, FindReferences, FindTests

_OWN_SHARE: Final = 0.6  # Of the budget for the code itself, when there are neighbours to show as well.
_MOST_MEANT: Final = 3
_MOST_NEIGHBOURS: Final = 25
_MOST_HITS: Final = 8
_MOST_TESTS: Final = 8


@dataclass(slots=True)
class _Pack:
    """Parts that are put in until the budget is used up."""

    left: int
    """Bytes."""
    parts: list[ContextPart] = field(default_factory=list[ContextPart])
    cut: bool = False
    seen: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])

    def put(self, part: ContextPart, *, most: int | None = None) -> None:
        """Add a part, cut at a line when it does not fit whole."""
        if (part.path, part.start_line) in self.seen:
            return
        room = min(self.left, most if most is not None else self.left)
        lines = part.text.split("\n")
        size = len(_shown(part).encode("utf-8", "replace")) + 2
        while lines and size > room:
            size -= len(lines.pop().encode("utf-8", "replace")) + 1
            self.cut = True
        if not lines:
            return
        self.seen.add((part.path, part.start_line))
        whole = len(lines) == part.text.count("\n") + 1
        kept = (
            part
            if whole
            else part.model_copy(update={"text": "\n".join(lines), "end_line": part.start_line + len(lines) - 1})
        )
        self.parts.append(kept)
        self.left -= size


def pack_context(reader: StructureReader, index: CodeIndex, root: Path, request: PackContext) -> ContextAnswer:
    """What one has to know about something.

    Args:
        reader: The structure.
        index: The index, for signatures and questions.
        root: The project's folder.
        request: What it is about, and the budget.

    Raises:
        EmptyQuery: It is about nothing.
    """
    about = request.about.strip()
    if not about:
        raise EmptyQuery("Nothing is named.", hint="Name a file, a symbol, FILE:LINE, or ask a question.")
    packing = _Packing(reader, index, root, request)
    symbols, path = packing.meant(about)
    if symbols or path:
        packing.pack_definitions(symbols, path)
    else:
        packing.pack_hits(about)
    return packing.answer()


class _Packing:
    """One packing."""

    def __init__(self, reader: StructureReader, index: CodeIndex, root: Path, request: PackContext) -> None:
        self._reader = reader
        self._index = index
        self._root = root
        self._request = request
        self._sources = Sources(root)
        self._signatures = Signatures(index.view)
        self._pack = _Pack(request.budget * TOKEN_BYTES)

    def meant(self, about: str) -> tuple[list[Symbol], str]:
        """The definitions, or the file, that are meant; neither for a question."""
        if self._index.stamp(about.removeprefix("./")) is not None:
            return [], about.removeprefix("./")
        if " " in about:
            return [], ""
        found = meant_by(self._reader, FindReferences(project="", symbol=about))
        return found.symbols[:_MOST_MEANT], ""

    def pack_definitions(self, symbols: Sequence[Symbol], path: str) -> None:
        """The code of a file or of some definitions, and what is around it."""
        own = int(self._pack.left * _OWN_SHARE)
        if path:
            text = self._lines(path, 1, 1 << 30)
            part = ContextPart(
                path=visible(path), start_line=1, end_line=text.count("\n") + 1, why="asked for", text=text
            )
            self._pack.put(part, most=own)
            symbols = self._of_file(path)
        else:
            for symbol in symbols:
                self._pack.put(self._code(symbol), most=own // len(symbols))
        for part in self._neighbours(symbols, bool(path)):
            if self._pack.left < 40:
                self._pack.cut = True
                return
            self._pack.put(part)

    def pack_hits(self, question: str) -> None:
        """The passages that answer a question, and the tests of what they define."""
        search = SearchCode(project="", query=question, limit=_MOST_HITS, budget=min(100_000, self._request.budget))
        for hit in self._index.search(search, self._root).hits:
            self._pack.put(
                ContextPart(
                    path=hit.path,
                    start_line=hit.start_line,
                    end_line=hit.end_line,
                    symbol=hit.symbol,
                    why="answers the query",
                    text=hit.text,
                )
            )

    def answer(self) -> ContextAnswer:
        """All parts together."""
        text = "\n\n".join(_shown(part) for part in self._pack.parts)
        return ContextAnswer(
            parts=self._pack.parts,
            text=text,
            tokens=-(-len(text.encode("utf-8", "replace")) // TOKEN_BYTES),
            more=self._pack.cut,
            freshness=Freshness(generation=self._index.generation),
            reason="" if self._pack.parts else "Nothing in the project answers to that.",
        )

    def _of_file(self, path: str) -> list[Symbol]:
        found = meant_by(self._reader, FindTests(project="", path=path), whole_files=True)
        return [symbol for symbol in found.symbols if symbol.parent is None][:_MOST_NEIGHBOURS]

    def _code(self, symbol: Symbol) -> ContextPart:
        return ContextPart(
            path=visible(symbol.path),
            start_line=symbol.start_line,
            end_line=symbol.end_line,
            symbol=visible(symbol.qualified),
            why="asked for",
            text=self._lines(symbol.path, symbol.start_line, symbol.end_line),
        )

    def _lines(self, path: str, first: int, last: int) -> str:
        content = self._sources.read(path)
        if content is None:
            return ""
        return visible("\n".join(content.text.split("\n")[first - 1 : last]).rstrip("\n"))

    def _neighbours(self, symbols: Sequence[Symbol], whole_file: bool) -> Iterator[ContextPart]:
        """What the definitions call, who calls them, and their tests; the nearest first."""
        for direction, why in (("callees", "called by it"), ("callers", "calls it")):
            for symbol in symbols:
                question = FindCalls(
                    project="", symbol=symbol.qualified, path=symbol.path, line=symbol.line, confidence="likely",
                    direction="callees" if direction == "callees" else "callers", limit=_MOST_NEIGHBOURS,
                )  # fmt: skip
                for call in calls(self._reader, question).calls:
                    other = call.callee if direction == "callees" else call.caller
                    if not other.test and not (whole_file and other.path == symbol.path):
                        yield self._signature(other, why)
        yield from self._types(symbols)
        for symbol in symbols[:_MOST_MEANT]:
            question = FindTests(
                project="", symbol=symbol.qualified, path=symbol.path, line=symbol.line, limit=_MOST_TESTS
            )
            for test in tests_for(self._reader, question).tests:
                yield self._signature(test.symbol, "tests it")

    def _types(self, symbols: Iterable[Symbol]) -> Iterator[ContextPart]:
        for symbol in symbols:
            rows = self._reader.rows(
                "SELECT DISTINCT f.path, t.line, t.qualified, t.kind, t.end_line FROM uses u JOIN symbols t "
                "ON t.id = u.target JOIN files f ON f.id = t.file WHERE u.scope = ? AND u.kind = 1 LIMIT ?",
                (symbol.id, _MOST_NEIGHBOURS),
            )
            for path, line, name, kind, last in rows:
                place = Defined.model_validate(
                    {"path": path, "line": line, "name": name, "kind": kind, "end_line": last}
                )
                yield self._signature(place, "type used by it")

    def _signature(self, other: Defined, why: str) -> ContextPart:
        text = self._signatures.at(other.path, other.line, other.name, other.kind) if other.name else other.path
        return ContextPart(
            path=other.path, start_line=other.line, end_line=other.line, symbol=other.name, why=why, text=text
        )


def _shown(part: ContextPart) -> str:
    lines = f"{part.start_line}-{part.end_line}" if part.end_line > part.start_line else f"{part.start_line}"
    name = f"  {part.symbol}" if part.symbol else ""
    return f"# {part.path}:{lines}{name}  ({part.why})\n{part.text}"
