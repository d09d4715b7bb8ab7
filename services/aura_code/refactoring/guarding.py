"""Proofs that a new name takes nothing over and is taken over by nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from aura_code.refactoring.scoping import Named, Scoping, changed_meanings, scoping_of
from aura_code.refactoring.spelling import Spelling
from aura_code.refactoring.workspace import OpenFile, Piece, Refusal
from aura_code.structure.lookup import Symbol, symbols_where
from aura_code.syntax import parse_source

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "method_declaration",
        "func_literal",
        "function_item",
        "closure_expression",
        "constructor_declaration",
    }
)


def check_collisions(file: OpenFile, spelling: Spelling, new: str) -> None:
    """Make sure that no scope in which a name changes has the new one already.

    Raises:
        Refusal: One has.
    """
    scoping = scoping_of(file.source)
    assert scoping is not None
    for named in spelling.variables:
        if new in named.siblings:
            other = _place_of(scoping, named, new)
            where = file.place(other) if other is not None else file.path
            raise Refusal(f"{new} is defined already where {named.name} is: {where}.")


def _place_of(scoping: Scoping, named: Named, new: str) -> int | None:
    places = [
        spot.start
        for other in scoping.named
        if other.name == new and other.scope is named.scope
        for spot in other.bounds
    ]
    return min(places, default=None)


def check_meanings(
    file: OpenFile,
    before: Scoping,
    pieces: Sequence[Piece],
    after: bytes,
    new: str,
    *,
    gone: Iterable[int] = (),
) -> None:
    """Make sure that every name of a file means after the edits what it meant before; `gone` are left out.

    Raises:
        Refusal: One would not.
    """
    source = parse_source(file.path, after, language=file.language)
    now = scoping_of(source)
    if now is None:
        raise Refusal(f"{file.path} could not be read again after the edits; nothing is proposed.")
    for old_place, _ in changed_meanings(before, now, pieces, gone=gone):
        raise Refusal(f"With {new}, the name at {file.place(old_place)} would mean something else than now.")


def check_unscoped(
    reader: StructureReader, file: OpenFile, spelling: Spelling, new: str, symbols: Sequence[Symbol]
) -> None:
    """Make sure, where the scopes of a language are not known, that the new name stands nowhere near.

    Raises:
        Refusal: It does.
    """
    root = file.source.root if file.source is not None else None
    folder = file.path.rpartition("/")[0]
    taken = symbols_where(reader, "s.name = ? AND s.parent IS NULL AND s.receiver = ''", (new,))
    if any(one.parent is None and not one.receiver for one in symbols):
        for one in taken:
            if one.path == file.path or (one.language == "go" and one.path.rpartition("/")[0] == folder):
                raise Refusal(f"{new} is defined already: {one.path}:{one.line}.")
    word = re.compile(rb"(?<![\w$.])" + re.escape(new.encode()) + rb"(?!\w)")
    for start in spelling.pieces:
        if file.text[start - 1 : start] == b"." or root is None:
            continue
        begin, end = _around(root, start)
        for match in word.finditer(file.text, begin, end):
            node = root.named_descendant_for_byte_range(match.start(), match.end())
            if node is not None and node.type.endswith("identifier"):
                raise Refusal(
                    f"{new} at {file.place(match.start())} may be another thing where {file.place(start)} changes."
                )


def _around(root: Node, start: int) -> tuple[int, int]:
    """The outermost function around an offset; the offset alone at the top of a file."""
    node = root.named_descendant_for_byte_range(start, start + 1)
    found = (start, start + 1)
    while node is not None:
        if node.type in _FUNCTIONS:
            found = (node.start_byte, node.end_byte)
        node = node.parent
    return found
