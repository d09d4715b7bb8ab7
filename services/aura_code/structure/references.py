"""Where something is used, who calls it, and what it calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aura_code.answers import visible
from aura_code.filters import PathFilter
from aura_code.sources import Sources
from aura_code.structure.lookup import (
    CONFIDENCES,
    NUMBERS,
    Symbol,
    defined,
    family,
    files_of,
    listed,
    meant_by,
    symbols_of,
    symbols_where,
    top_of,
    with_members,
)
from aura_code.structure.store import BY_NAME, LIKELY, USE_KINDS
from aura_shared.messages.structure import (
    Call,
    CallsAnswer,
    FindCalls,
    FindReferences,
    Reference,
    ReferencesAnswer,
)

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_LONGEST_LINE: Final = 300
_MOST_USES: Final = 20_000  # Uses of one question; then the rest is only counted.
_MOST_CALLERS: Final = 3_000
_FEW: Final = 3  # Definitions of a name that a call by name may mean.
_CALL: Final = USE_KINDS.index("call")


class Use(NamedTuple):
    """A row of the uses."""

    file: int
    name: str
    kind: int
    line: int
    column: int
    scope: int | None
    target: int | None
    confidence: int


_COLUMNS: Final = "u.file, u.name, u.kind, u.line, u.column, u.scope, u.target, u.confidence"


def _uses(store: StructureReader, query: str, values: tuple[object, ...]) -> list[Use]:
    rows = store.rows(f"SELECT {_COLUMNS} FROM uses u {query} LIMIT {_MOST_USES}", values)  # noqa: S608 - ours
    return [Use(*row) for row in cast("list[tuple[int, str, int, int, int, int | None, int | None, int]]", rows)]


def uses_of(store: StructureReader, symbols: Collection[Symbol], least: int) -> list[Use]:
    """Uses of definitions; those of unknown receivers by name when `least` allows it."""
    found = _uses(
        store, "WHERE u.target IN (SELECT value FROM json_each(?))", (listed(symbol.id for symbol in symbols),)
    )
    found = [use for use in found if use.confidence >= least]
    owners = {one.parent: one for one in symbols if one.kind == "constructor" and one.parent is not None}
    if owners:
        made = _uses(store, "WHERE u.target IN (SELECT value FROM json_each(?)) AND u.kind = 0", (listed(owners),))
        found += [use for use in made if use.confidence >= least]
    if least <= BY_NAME:
        found += uses_by_name(store, symbols)
    return found


def uses_by_name(store: StructureReader, symbols: Iterable[Symbol]) -> list[Use]:
    """Uses that may mean one of these definitions, since their receiver is not known."""
    families = {(symbol.name, family(symbol.language)) for symbol in symbols if symbol.kind != "constructor"}
    found: list[Use] = []
    for name in sorted({name for name, _ in families}):
        uses = _uses(store, "WHERE u.name = ? AND u.target IS NULL AND u.confidence = 1", (name,))
        files = files_of(store, {use.file for use in uses})
        found += [use for use in uses if use.file in files and (name, family(files[use.file].language)) in families]
    return found


def references(store: StructureReader, root: Path, request: FindReferences) -> ReferencesAnswer:
    """Where a symbol is used, the surest uses first.

    Raises:
        EmptyQuery: No symbol is given.
        UsageProblem: A path is no glob.
    """
    meant = meant_by(store, request)
    if not meant.symbols:
        return ReferencesAnswer(reason=meant.reason)
    uses = uses_of(store, meant.symbols, NUMBERS[request.confidence])
    if request.kinds:
        kinds = {USE_KINDS.index(kind) for kind in request.kinds}
        uses = [use for use in uses if use.kind in kinds]
    files = files_of(store, {use.file for use in uses})
    passes = PathFilter(request.paths).passes
    uses = [use for use in uses if use.file in files and passes(files[use.file].path)]
    uses.sort(key=lambda use: (-use.confidence, files[use.file].path, use.line, use.column))
    shown = uses[: request.limit]
    around = symbols_of(store, {use.scope for use in shown if use.scope is not None})
    lines = _Lines(Sources(root))
    return ReferencesAnswer(
        definitions=[defined(symbol) for symbol in meant.symbols],
        references=[
            Reference(
                path=visible(files[use.file].path),
                line=max(1, use.line),
                column=use.column,
                kind=USE_KINDS[use.kind],
                enclosing=visible(around[use.scope].qualified) if use.scope in around else "",
                confidence=CONFIDENCES[use.confidence],
                text=lines.line(files[use.file].path, use.line),
            )
            for use in shown
        ],
        total=len(uses),
        more=len(uses) > len(shown),
        reason="" if uses else _why_unused(store, meant.symbols, request),
    )


def _why_unused(store: StructureReader, symbols: list[Symbol], request: FindReferences) -> str:
    if request.kinds or request.paths or request.confidence != "by name":
        every = len(uses_of(store, symbols, BY_NAME))
        if every:
            return f"The filters leave none of its {every} uses."
    entry = next((symbol.entry for symbol in symbols if symbol.entry), "")
    return f"Nothing in the project uses it ({entry})." if entry else "Nothing in the project uses it."


@dataclass(slots=True)
class _Lines:
    sources: Sources
    known: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def line(self, path: str, number: int) -> str:
        """A line as it is on disk now, without its indentation."""
        if path not in self.known:
            content = self.sources.read(path)
            self.known[path] = content.text.split("\n") if content else []
        lines = self.known[path]
        return visible(lines[number - 1].strip()[:_LONGEST_LINE]) if 0 < number <= len(lines) else ""


# -- calls ------------------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    caller: int | None
    """None for the top of a file."""
    file: int
    callee: int
    depth: int
    line: int
    calls: int
    confidence: int


def calls(store: StructureReader, request: FindCalls) -> CallsAnswer:
    """Who calls a symbol, or what it calls, step by step.

    Raises:
        EmptyQuery: No symbol is given.
    """
    meant = meant_by(store, request)
    if not meant.symbols:
        return CallsAnswer(reason=meant.reason)
    least = NUMBERS[request.confidence]
    walk = _callers if request.direction == "callers" else _callees
    steps = walk(store, meant.symbols, request.depth, least)
    steps.sort(key=lambda step: (step.depth, -step.confidence, step.file, step.line))
    shown = steps[: request.limit]
    symbols = symbols_of(store, {step.callee for step in shown} | {one.caller for one in shown if one.caller})
    files = files_of(store, {step.file for step in shown})
    reason = ""
    if not steps:
        reason = "Nothing in the project calls it." if request.direction == "callers" else "It calls nothing known."
    return CallsAnswer(
        definitions=[defined(symbol) for symbol in meant.symbols],
        calls=[
            Call(
                caller=defined(symbols[step.caller])
                if step.caller in symbols
                else top_of(files[step.file].path, is_test=bool(files[step.file].is_test)),
                callee=defined(symbols[step.callee]),
                depth=step.depth,
                line=max(1, step.line),
                calls=step.calls,
                confidence=CONFIDENCES[step.confidence],
            )
            for step in shown
            if step.callee in symbols
        ],
        more=len(steps) > len(shown),
        reason=reason,
    )


_CALLERS: Final = (
    "SELECT scope, file, target, min(line), count(*), max(confidence) FROM uses "
    "WHERE target IN (SELECT value FROM json_each(?)) AND kind = 0 AND confidence >= ? GROUP BY scope, file, target"
)


def _callers(store: StructureReader, symbols: list[Symbol], depth: int, least: int) -> list[_Step]:
    steps: list[_Step] = []
    asked = {symbol.id for symbol in symbols}
    made_by = {one.parent: one.id for one in symbols if one.kind == "constructor" and one.parent is not None}
    seen, frontier = set(asked), asked | made_by.keys()
    for distance in range(1, depth + 1):
        rows = store.rows(_CALLERS, (listed(frontier), max(least, LIKELY)))
        found = [
            _Step(scope, file, made_by.get(target, target), distance, line, count, confidence)
            for scope, file, target, line, count, confidence in cast(
                "list[tuple[int | None, int, int, int, int, int]]", rows
            )
        ]
        steps += found
        frontier = {step.caller for step in found if step.caller is not None} - seen
        seen |= frontier
        if not frontier or len(steps) > _MOST_CALLERS:
            break
    if least <= BY_NAME:
        steps += _callers_by_name(store, symbols)
    return steps


def _callers_by_name(store: StructureReader, symbols: list[Symbol]) -> list[_Step]:
    first = {symbol.name: symbol for symbol in reversed(symbols)}
    found: dict[tuple[int | None, int, str], _Step] = {}
    for use in uses_by_name(store, symbols):
        if use.kind == _CALL:
            key = (use.scope, use.file, use.name)
            known = found.get(key)
            count, line = (known.calls + 1, min(known.line, use.line)) if known else (1, use.line)
            found[key] = _Step(use.scope, use.file, first[use.name].id, 1, line, count, BY_NAME)
    return list(found.values())


_CALLEES: Final = (
    "SELECT scope, file, target, min(line), count(*), max(confidence) FROM uses "
    "WHERE scope IN (SELECT value FROM json_each(?)) AND kind = 0 AND target IS NOT NULL AND confidence >= ? "
    "GROUP BY scope, target"
)


def _callees(store: StructureReader, symbols: list[Symbol], depth: int, least: int) -> list[_Step]:
    steps: list[_Step] = []
    seen: set[int] = set()
    frontier = set(with_members(store, symbols))
    for distance in range(1, depth + 1):
        seen |= frontier
        rows = store.rows(_CALLEES, (listed(frontier), max(least, LIKELY)))
        found = [
            _Step(scope, file, target, distance, line, count, confidence)
            for scope, file, target, line, count, confidence in cast("list[tuple[int, int, int, int, int, int]]", rows)
        ]
        steps += found
        if distance == 1 and least <= BY_NAME:
            steps += _callees_by_name(store, frontier)
        frontier = {step.callee for step in found} - seen
        if not frontier or len(steps) > _MOST_CALLERS:
            break
    return steps


def _callees_by_name(store: StructureReader, scopes: Collection[int]) -> list[_Step]:
    """Calls of unknown receivers, when few definitions have the name."""
    uses = _uses(
        store,
        "WHERE u.scope IN (SELECT value FROM json_each(?)) AND u.kind = 0 AND u.target IS NULL AND u.confidence = 1",
        (listed(scopes),),
    )
    files = files_of(store, {use.file for use in uses})
    steps: list[_Step] = []
    seen: set[tuple[int | None, str]] = set()
    for use in uses:
        if (use.scope, use.name) in seen:
            continue
        seen.add((use.scope, use.name))
        candidates = symbols_where(store, "s.name = ? AND f.is_test <= ?", (use.name, files[use.file].is_test))
        spoken = family(files[use.file].language)
        candidates = [one for one in candidates if family(one.language) == spoken and one.kind != "variable"]
        if len(candidates) <= _FEW:
            steps += [_Step(use.scope, use.file, one.id, 1, use.line, 1, BY_NAME) for one in candidates]
    return steps
