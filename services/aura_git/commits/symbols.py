"""Definitions that a change adds, removes, renames, moves or edits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aura_git.commits.kinds import kind_of
from aura_git.commits.patches import FilePatch
from aura_git.repository import Repository
from aura_languages.definitions import Definition, Outline, outline_of
from aura_languages.grammars import GrammarError

__all__ = ["SymbolChange", "symbol_changes"]

_MOST_FILES: Final = 8
_MOST_BYTES: Final = 100_000
_MOST_TOGETHER: Final = 200_000
"""Of text that is parsed, the files with most changed lines first: 50 to 100 ms for 100 KB."""
_LONGEST_S: Final = 0.2
"""No further file is parsed after that; the subject then speaks of what was."""


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """What happened to one definition."""

    what: Literal["added", "removed", "renamed", "moved", "changed"]
    name: str
    """With the names around it."""
    kind: str
    """`function`, `method`, `class` and the like."""
    path: str
    old_name: str = ""
    """When it was renamed."""
    lines: int = 0
    """Lines of it, for those that are new or gone; lines that differ, for the others."""
    test: bool = False
    public: bool = True


@dataclass(slots=True)
class _Side:
    """The definitions of one version of a file."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    found: dict[str, Definition] = field(default_factory=dict[str, Definition])


def symbol_changes(repository: Repository, files: Sequence[FilePatch]) -> list[SymbolChange]:
    """What a change does to definitions, the weightiest first; files without a grammar say nothing.

    Args:
        repository: Where the blobs are.
        files: With the hashes of both versions (`--full-index`).
    """
    chosen = [one for one in files if not one.binary and kind_of(one.path) in {"source", "test", "example"}]
    chosen = sorted(chosen, key=lambda one: (kind_of(one.path) != "source", -len(one.added) - len(one.removed)))
    chosen = [one for one in chosen if one.old_blob.strip("0") or one.new_blob.strip("0")][:_MOST_FILES]
    texts = _read_blobs(repository, [blob for one in chosen for blob in (one.old_blob, one.new_blob)])
    found: list[SymbolChange] = []
    end = time.monotonic() + _LONGEST_S
    for one in chosen:
        if time.monotonic() > end:
            break
        if any(blob.strip("0") and blob not in texts for blob in (one.old_blob, one.new_blob)):
            continue  # One side alone says nothing.
        old = _side(one.old_path or one.path, texts.get(one.old_blob, ""))
        new = _side(one.path, texts.get(one.new_blob, ""))
        if old is not None and new is not None:
            found += _compared(one, old, new)
    return sorted(_moved(found), key=_order)


def _order(one: SymbolChange) -> tuple[bool, bool, int, int]:
    rank = {"added": 0, "renamed": 1, "removed": 2, "moved": 2, "changed": 1}[one.what]
    return one.test, not one.public, rank, -one.lines


def _read_blobs(repository: Repository, names: Sequence[str]) -> dict[str, str]:
    """Texts of blobs by hash; those that are missing, binary or long are left out."""
    wanted = [name for name in dict.fromkeys(names) if name.strip("0")]
    if not wanted:
        return {}
    asked = "".join(f"{name}\n" for name in wanted).encode()
    sizes = repository.git.read("cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", stdin=asked)
    room, small = _MOST_TOGETHER, list[str]()
    for line in sizes.lines:
        parts = line.split(" ")
        if len(parts) == 3 and parts[1] == "blob" and int(parts[2]) <= min(_MOST_BYTES, room):
            small.append(parts[0])
            room -= int(parts[2])
    data = repository.git.read("cat-file", "--batch", stdin="".join(f"{name}\n" for name in small).encode()).out
    texts: dict[str, str] = {}
    at = 0
    for _ in small:
        end = data.index(b"\n", at)
        name, _kind, size = data[at:end].decode().split(" ")
        content = data[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
        if b"\0" not in content:
            texts[name] = content.decode(errors="replace")
    return texts


def _side(path: str, text: str) -> _Side | None:
    """The definitions of a text; None where its language has no grammar."""
    side = _Side()
    if not text:
        return side
    try:
        outline = outline_of(path, text)
    except GrammarError:
        return None
    if outline is None:
        return None
    for one in _kept(outline):
        body = outline.text[one.start : one.end].decode(errors="replace")
        side.texts[one.qualified] = side.texts.get(one.qualified, "") + body
        side.found.setdefault(one.qualified, one)
    return side


def _kept(outline: Outline) -> list[Definition]:
    """Definitions that others may speak of: not those inside of functions."""
    inner: list[tuple[int, int]] = []
    kept: list[Definition] = []
    for one in outline.definitions:
        if any(start <= one.start and one.end <= end for start, end in inner):
            continue
        kept.append(one)
        if one.kind in {"function", "method", "constructor"}:
            inner.append((one.start + 1, one.end))
    return kept


def _compared(file: FilePatch, old: _Side, new: _Side) -> list[SymbolChange]:
    test = kind_of(file.path) == "test"
    gone = [name for name in old.texts if name not in new.texts]
    come = [name for name in new.texts if name not in old.texts]
    renamed = _renamed(old, new, gone, come)

    def told(what: Literal["added", "removed", "changed"], name: str, lines: int) -> SymbolChange:
        side = old if what == "removed" else new
        return SymbolChange(what, name, side.found[name].kind, file.path, "", lines, test, _is_public(name))

    found = [
        SymbolChange("renamed", after, new.found[after].kind, file.path, before, 1, test, _is_public(after))
        for before, after in renamed.items()
    ]
    found += [told("added", name, new.texts[name].count("\n") + 1) for name in come if name not in renamed.values()]
    found += [told("removed", name, old.texts[name].count("\n") + 1) for name in gone if name not in renamed]
    both = [name for name in new.texts if name in old.texts and new.texts[name] != old.texts[name]]
    found += [told("changed", name, _differing(old.texts[name], new.texts[name])) for name in both]
    return _innermost(found)


def _renamed(old: _Side, new: _Side, gone: Sequence[str], come: Sequence[str]) -> Mapping[str, str]:
    """Definitions whose text is the same but for their own name."""
    bodies = {_nameless(new, name): name for name in come}
    return {name: after for name in gone if (after := bodies.get(_nameless(old, name))) and _same(name, after)}


def _same(before: str, after: str) -> bool:
    """Whether only the last part differs: what is around it being renamed is told once."""
    return before.rpartition(".")[0] == after.rpartition(".")[0]


def _nameless(side: _Side, name: str) -> str:
    return f"{side.found[name].kind} {side.texts[name].replace(side.found[name].name, chr(0))}"


def _differing(old: str, new: str) -> int:
    before, after = Counter(old.split("\n")), Counter(new.split("\n"))
    return (before - after).total() + (after - before).total()


def _innermost(found: Sequence[SymbolChange]) -> list[SymbolChange]:
    """Without what holds, or is held by, something that says the same more exactly."""
    inside: Counter[str] = Counter()
    for one in found:
        for outer in _around(one.name):
            inside[outer] += one.lines
    told = {(one.what, one.name) for one in found if one.what in {"added", "removed"}}
    kept: list[SymbolChange] = []
    for one in found:
        if one.what == "changed" and one.name in inside and inside[one.name] >= one.lines - 1:
            continue
        if not any((one.what, outer) in told for outer in _around(one.name)):
            kept.append(one)
    return kept


def _around(name: str) -> Iterator[str]:
    """The names around a qualified one: `a.b` and `a` for `a.b.c`."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _moved(found: Sequence[SymbolChange]) -> list[SymbolChange]:
    """With one entry for what is gone from one file and new in another."""
    gone = {(one.name, one.kind): one for one in found if one.what == "removed"}
    kept: list[SymbolChange] = []
    moved: set[tuple[str, str]] = set()
    for one in found:
        before = gone.get((one.name, one.kind)) if one.what == "added" else None
        if before is not None and before.path != one.path:
            moved.add((one.name, one.kind))
            kept.append(
                SymbolChange("moved", one.name, one.kind, one.path, before.path, one.lines, one.test, one.public)
            )
        else:
            kept.append(one)
    return [one for one in kept if not (one.what == "removed" and (one.name, one.kind) in moved)]


def _is_public(name: str) -> bool:
    last = name.rpartition(".")[2]
    return not last.startswith("_") or last.startswith("__")
