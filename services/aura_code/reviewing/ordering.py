"""The order in which a person reads the files of a change: what others depend on comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from aura_code.places import read_place
from aura_code.reviewing.changes import Change, FileChange
from aura_code.structure.store import StructureReader


def reading_order(change: Change, store: StructureReader | None) -> list[FileChange]:
    """Code before tests, settings, documents and what nobody reads; among code what others import first."""
    needs = _needs(change, store)
    depths: dict[str, int] = {}
    for file in change.files:
        _depth(file.path, needs, depths)
    needed = _counted(needs)
    return sorted(
        change.files,
        key=lambda file: (_group(file), depths[file.path], -needed.get(file.path, 0), -file.added, file.path),
    )


def _group(file: FileChange) -> int:
    kinds = read_place(file.path).kinds
    if file.generated or file.kind == "binary":
        return 5
    if "docs" in kinds:
        return 4
    if file.is_test:
        return 2
    return 0 if file.new.source is not None or file.old.source is not None else 3


def _needs(change: Change, store: StructureReader | None) -> dict[str, set[str]]:
    """Which files of the change each of them imports."""
    needs: dict[str, set[str]] = defaultdict(set)
    if store is None:
        return needs
    paths = set(change.by_path)
    for path in paths:
        rows = store.rows(
            "SELECT DISTINCT g.path FROM imports i JOIN files f ON f.id = i.file JOIN files g ON g.id = i.target_file "
            "WHERE f.path = ?",
            (path,),
        )
        needs[path] = {target for (target,) in cast("list[tuple[str]]", rows)} & paths - {path}
    return needs


def _depth(path: str, needs: Mapping[str, set[str]], known: dict[str, int]) -> None:
    """Set the length of the longest way from a file to what it needs; in a circle the first one met counts as 0."""
    waiting = [path]
    opened: set[str] = set()
    while waiting:
        top = waiting[-1]
        if top in known:
            waiting.pop()
            continue
        missing = [one for one in needs.get(top, ()) if one not in known and one not in opened]
        opened.add(top)
        if missing:
            waiting += missing
            continue
        known[top] = max((known[one] + 1 for one in needs.get(top, ()) if one in known), default=0)
        waiting.pop()


def _counted(needs: Mapping[str, set[str]]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for targets in needs.values():
        for target in targets:
            counts[target] += 1
    return counts
