"""Parsing with a bound on time, so that input made to hurt costs one file and not the index.

Two facts of py-tree-sitter 0.26 shape this: a progress callback given to a query crashes the process, and a tree that
was read through a callback has no text for predicates of queries (its issue 169), so queries must not use any.
"""

from __future__ import annotations

import time

from tree_sitter import Node, Parser, Query, QueryCursor, Tree

Matches = list[tuple[int, dict[str, list[Node]]]]

_MOST_MATCHES_IN_PROGRESS = 100_000  # Bounds the query's memory.
_READ_BYTES = 65_536
_MOST_LOOSE_PARTS = 10_000
"""Children of a node with a syntax error. A query needs time in the square of it: 0.1 s here, minutes at 400,000."""
_MOST_NODES_LOOKED_AT = 2_000


class Deadline:
    """A bound on the CPU time of this thread, so that a busy machine does not change what is read."""

    def __init__(self, seconds: float) -> None:
        self._end = time.thread_time() + seconds

    def passed(self) -> bool:
        """Whether the time is over."""
        return time.thread_time() > self._end


def parse(parser: Parser, text: bytes, deadline: Deadline) -> Tree | None:
    """The syntax tree of a text; None when the time is over first, or when querying it would take too long."""
    size = len(text)

    def read(offset: int, _point: object) -> bytes:
        return text[offset : offset + _READ_BYTES] if offset < size else b""

    def too_late(_offset: int, _has_error: bool) -> bool:
        return deadline.passed()

    try:
        tree = parser.parse(read, encoding="utf8", progress_callback=too_late)
    except ValueError:  # "Parsing failed": cancelled; without a reset the next call would go on with this text.
        parser.reset()
        return None
    return None if _is_rubble(tree.root_node) else tree


def matches(query: Query, tree: Tree) -> Matches:
    """What a query finds in a tree."""
    return QueryCursor(query, match_limit=_MOST_MATCHES_IN_PROGRESS).matches(tree.root_node)


def _is_rubble(root: Node) -> bool:
    """Whether some node is a very long heap of parts that fit nowhere."""
    if not root.has_error:
        return False
    waiting = [root]
    looked_at = 0
    while waiting and looked_at < _MOST_NODES_LOOKED_AT:
        node = waiting.pop()
        looked_at += 1
        if node.child_count > _MOST_LOOSE_PARTS and (node.is_error or node.parent is None):
            if node.is_error:
                return True
            waiting.extend(child for child in node.children if child.is_error)
            continue
        waiting.extend(child for child in node.children if child.has_error)
    return False
