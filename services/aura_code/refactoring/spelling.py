"""Which places of one file change when something gets another name, and how each is spelled then."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.scoping import Named, Scoping, Spot
from aura_code.refactoring.workspace import OpenFile, Piece

_SHORTHANDS = frozenset({"shorthand_field_initializer", "field_pattern"})


@dataclass(slots=True)
class Places:
    """What the analysis knows of one file: offsets of names that are meant."""

    definitions: set[int] = field(default_factory=set[int])
    """Names of the definitions themselves."""
    uses: dict[int, int] = field(default_factory=dict[int, int])
    """Uses with their confidence."""


def respelled(
    file: OpenFile, scoping: Scoping, named: Named, old: str, new: str, kept: Collection[int]
) -> Iterator[Piece]:
    """The edits that give a variable of a file another name.

    Args:
        file: The file.
        scoping: Its names.
        named: The variable.
        old: Its name.
        new: The one that it gets.
        kept: Offsets of imports whose name is that of another module's and has to stay, with `as` behind it.
    """
    for spot in named.spots:
        if file.text[spot.start : spot.end] != old.encode():
            continue
        if spot.start in kept:
            yield Piece(spot.start, spot.end, f"{old} as {new}", len(f"{old} as ".encode()))
        else:
            yield spelled(spot, old, new)
    if named.kind == "module":
        size = len(old.encode())
        for text, start in scoping.exports:
            if text == old:
                yield Piece(start, start + size, new)


def spelled(spot: Spot, old: str, new: str) -> Piece:
    """The edit that gives a variable another name at one place, while keys of objects keep theirs."""
    if spot.role in {"shorthand", "pattern"}:
        return Piece(spot.start, spot.end, f"{old}: {new}", len(f"{old}: ".encode()))
    return Piece(spot.start, spot.end, new)


@dataclass(slots=True)
class Spelling:
    """The edits of one file."""

    pieces: dict[int, Piece] = field(default_factory=dict[int, Piece])
    """By the offset of what is replaced."""
    keys: set[int] = field(default_factory=set[int])
    """Of those the ones that are keys or members, no variables."""
    variables: list[Named] = field(default_factory=list[Named])
    kept: list[int] = field(default_factory=list[int])
    """Uses of an export that keeps its name."""


def spell(file: OpenFile, scoping: Scoping | None, places: Places, old: str, new: str, *, lexical: bool) -> Spelling:
    """The edits of one file.

    Args:
        file: The file.
        scoping: Its names; None when the scopes of its language are not known.
        places: Where the analysis sees the definitions that are meant.
        old: Their name.
        new: The one that they get.
        lexical: Whether what is meant is a variable, function or class at the top of a file, and no member.
    """
    found = Spelling()
    wanted = old.encode()
    starts = {start for start in (*places.definitions, *places.uses) if file.text.startswith(wanted, start)}
    if scoping is not None:
        found.variables = list(_variables(scoping, places, old))
        for named in found.variables:
            kept = {one.spot for one in named.taken if one.at not in places.uses and not one.aliased and one.imported}
            for piece in respelled(file, scoping, named, old, new, kept):
                found.pieces[piece.start] = piece
    for start in sorted(starts - found.pieces.keys()):
        piece = _key(file, scoping, start, old, new, lexical=lexical)
        if piece is None:
            if lexical and file.language in SCRIPTS:
                found.kept.append(start)
            continue
        found.pieces[start] = piece
        found.keys.add(start)
    return found


def _variables(scoping: Scoping, places: Places, old: str) -> Iterator[Named]:
    for named in scoping.named:
        if named.name != old:
            continue
        bounds = {spot.start for spot in named.bounds}
        taken = any(one.at in places.uses and one.imported == old for one in named.taken)
        fixture = named.parameter and not bounds.isdisjoint(places.uses)
        if (
            taken
            or (fixture and scoping.roles.get(min(bounds)) == "plain")
            or not bounds.isdisjoint(places.definitions)
        ):
            yield named


def _key(file: OpenFile, scoping: Scoping | None, start: int, old: str, new: str, *, lexical: bool) -> Piece | None:
    """The edit of a place that is no variable which changes its name."""
    end = start + len(old.encode())
    named = scoping.by_spot.get(start) if scoping is not None else None
    if named is not None:
        role = scoping.roles[start] if scoping is not None else "plain"
        if role in {"shorthand", "pattern"} and not lexical:  # The key changes, the variable stays.
            return Piece(start, end, f"{new}: {old}", len(f"{new}: ".encode()))
        return None
    node = _node_at(file, start)
    if lexical and file.language in SCRIPTS and scoping is not None and not _of_namespace(node, scoping):
        return None
    if file.language == "rust" and node is not None and _is_shorthand(node):
        return Piece(start, end, f"{new}: {old}", len(f"{new}: ".encode()))
    return Piece(start, end, new)


def _is_shorthand(node: Node) -> bool:
    around = node.parent
    if node.type == "shorthand_field_identifier":
        return True
    return around is not None and around.type == "shorthand_field_initializer"


def _node_at(file: OpenFile, start: int) -> Node | None:
    return file.source.root.named_descendant_for_byte_range(start, start + 1) if file.source is not None else None


def _of_namespace(node: Node | None, scoping: Scoping) -> bool:
    """Whether a name follows the ES import of a whole module, or stands in an import or export, or alone."""
    around = node.parent if node is not None else None
    if around is None or around.type not in {
        "member_expression",
        "nested_type_identifier",
        "nested_identifier",
        "pair_pattern",
    }:
        return True
    base = around.child_by_field_name("object") or around.child_by_field_name("module")
    if base is None or base.type not in {"identifier", "type_identifier"}:
        return base is not None
    named = scoping.by_spot.get(base.start_byte)
    return named is not None and (bool(named.taken) or _is_namespace(named))


def _is_namespace(named: Named) -> bool:
    return named.kind == "namespace"
