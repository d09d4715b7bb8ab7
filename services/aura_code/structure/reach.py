"""What tests reach over the graph of uses, and definitions as they were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import cast

from aura_code.structure.facts import Definition, FileStructure
from aura_code.structure.store import StructureReader
from aura_shared.messages.code import SymbolKind


def reached_by_tests(reader: StructureReader) -> dict[str, frozenset[str]] | None:
    """By path the qualified names of the definitions that tests use, directly or through others.

    Where only a name is known, everything of that name counts as reached, so that what is left is surely not. None
    when the project has no tests.
    """
    tests = {cast("int", row[0]) for row in reader.rows("SELECT id FROM files WHERE is_test")}
    if not tests:
        return None
    uses, named = _edges(reader, tests)
    by_name: dict[str, list[int]] = defaultdict(list)
    places: dict[int, tuple[int, str, int | None]] = {}
    rows = reader.rows("SELECT id, file, name, qualified, parent FROM symbols")
    for number, file, name, qualified, parent in cast("list[tuple[int, int, str, str, int | None]]", rows):
        by_name[name].append(number)
        places[number] = (file, qualified, parent)
    reached: set[int] = set()
    waiting = [*uses[None], *(number for name in named[None] for number in by_name.get(name, ()))]
    while waiting:
        number = waiting.pop()
        if number in reached or number not in places:
            continue
        reached.add(number)
        waiting += uses.get(number, ())
        for name in named.get(number, ()):
            waiting += by_name.get(name, ())
    return _by_path(reader, reached, places)


def _edges(reader: StructureReader, tests: set[int]) -> tuple[dict[int | None, set[int]], dict[int | None, set[str]]]:
    """What each definition uses, by number and by name only; what tests use stands under None."""
    uses: dict[int | None, set[int]] = defaultdict(set)
    named: dict[int | None, set[str]] = defaultdict(set)
    rows = reader.rows("SELECT file, scope, target, name FROM uses WHERE confidence > 0 AND kind <> 3")
    for file, scope, target, name in cast("list[tuple[int, int | None, int | None, str]]", rows):
        source = None if file in tests else scope
        if source is None and file not in tests:
            continue  # At the top of a file: it runs when the file is imported, which proves nothing.
        if target is None:
            named[source].add(name)
        else:
            uses[source].add(target)
    return uses, named


def _by_path(
    reader: StructureReader, reached: set[int], places: dict[int, tuple[int, str, int | None]]
) -> dict[str, frozenset[str]]:
    paths = dict(cast("list[tuple[int, str]]", reader.rows("SELECT id, path FROM files")))
    found: dict[str, set[str]] = defaultdict(set)
    for number in reached:
        file, qualified, _ = places[number]
        if file in paths:
            found[paths[file]].add(qualified)
    return {path: frozenset(names) for path, names in found.items()}


def definitions(reader: StructureReader) -> Iterator[FileStructure]:
    """The files with their definitions; uses, imports and types are left out."""
    by_file: dict[int, list[tuple[object, ...]]] = defaultdict(list)
    query = (
        "SELECT file, id, parent, name, kind, receiver, line, column, start_line, end_line, public, entry, parameters, "
        "complexity, nesting, documented, typed FROM symbols ORDER BY file, position"
    )
    for row in reader.rows(query):
        by_file[cast("int", row[0])].append(row)
    heads = cast("list[tuple[int, str, str, str]]", reader.rows("SELECT id, path, language, package FROM files"))
    for number, path, language, package in heads:
        yield FileStructure(path, language, package, tuple(_definitions(by_file.get(number, []))), (), ())


def _definitions(rows: list[tuple[object, ...]]) -> Iterator[Definition]:
    places = {cast("int", row[1]): place for place, row in enumerate(rows)}
    for row in rows:
        parent, name, kind, receiver, line, column, first, last = row[2:10]
        public, entry, parameters, complexity, nesting, documented, typed = row[10:]
        yield Definition(
            name=cast("str", name),
            kind=cast("SymbolKind", kind),
            parent=places.get(cast("int", parent), -1),
            receiver=cast("str", receiver),
            line=cast("int", line),
            column=cast("int", column),
            start_line=cast("int", first),
            end_line=cast("int", last),
            public=bool(public),
            entry=cast("str", entry),
            bases=(),
            type=(),
            parameters=cast("int", parameters),
            complexity=cast("int", complexity),
            nesting=cast("int", nesting),
            documented=bool(documented),
            typed=bool(typed),
        )
