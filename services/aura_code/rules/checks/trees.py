"""What checks of every language ask of a tree: queries compiled once, facts kept per file, walks that stay inside."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from tree_sitter import Language, Node, Query, QueryCursor

from aura_code.syntax import SourceFile
from aura_languages import languages

T = TypeVar("T")

_MOST_MATCHES_IN_PROGRESS: Final = 100_000
_MOST_NODES: Final = 20_000  # Of one walk; a function with more is not looked through to its end.


def per_file(ask: Callable[[SourceFile], T]) -> Callable[[SourceFile], T]:
    """Remember the answer about a file for as long as the file is held."""
    known: WeakKeyDictionary[SourceFile, T] = WeakKeyDictionary()

    @functools.wraps(ask)
    def asked(file: SourceFile) -> T:
        if file not in known:
            known[file] = ask(file)
        return known[file]

    return asked


@functools.cache
def compiled(language: str, query: str) -> Query:
    """A query of a language, compiled when it is first used."""
    spec = languages().get(language)
    if spec is None or spec.grammar is None:
        raise ValueError(f"{language!r} has no grammar to write queries for")
    return Query(Language(spec.grammar()), query)


def found(file: SourceFile, query: str, within: Node | None = None) -> list[dict[str, list[Node]]]:
    """What a query finds in a file, or below one of its nodes."""
    cursor = QueryCursor(compiled(file.language, query), match_limit=_MOST_MATCHES_IN_PROGRESS)
    return [caught for _, caught in cursor.matches(within or file.root)]


def inside(node: Node, *, stop: frozenset[str] = frozenset()) -> Iterator[Node]:
    """What is below a node in the order of the text, without what is below nodes of the kinds in `stop`."""
    cursor = node.walk()
    looked_at = 0
    deeper = cursor.goto_first_child()
    if not deeper:
        return
    while looked_at < _MOST_NODES:
        current = cursor.node
        assert current is not None
        looked_at += 1
        yield current
        if current.type not in stop and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent() or cursor.node == node:
                return


def around(node: Node, kinds: frozenset[str]) -> Node | None:
    """The innermost node of some kinds around a node."""
    parent = node.parent
    while parent is not None and parent.type not in kinds:
        parent = parent.parent
    return parent


def holds(outer: Node, inner: Node) -> bool:
    """Whether a node lies within another, or is the same."""
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def named(node: Node) -> list[Node]:
    """The named children of a node, comments left out."""
    return [child for child in node.named_children if child.type != "comment"]


def field(node: Node, *names: str) -> Node | None:
    """The child behind a path of field names; None when one is missing."""
    reached: Node | None = node
    for name in names:
        reached = reached.child_by_field_name(name) if reached is not None else None
    return reached


def comments_in(file: SourceFile, node: Node) -> str:
    """The comments directly or deeper in a node, and the one that ends its last line."""
    inner = " ".join(file.text_of(part) for part in inside(node) if part.type in _COMMENTS)
    after = node.next_sibling
    if after is not None and after.type in _COMMENTS and after.start_point.row == node.end_point.row:
        inner += " " + file.text_of(after)
    return inner


_COMMENTS: Final = frozenset({"comment", "line_comment", "block_comment"})
