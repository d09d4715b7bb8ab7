"""Whether a text parses: the gate of everything that writes code."""

from __future__ import annotations

from typing import Final, NamedTuple

from aura_languages.grammars import grammar_of
from aura_languages.parsing import Deadline, parse
from aura_languages.registry import languages

__all__ = ["SyntaxProblem", "count_syntax_errors", "syntax_problems"]

_HEAD_BYTES: Final = 4096


class SyntaxProblem(NamedTuple):
    """A place that the grammar cannot make sense of."""

    line: int
    """From 1."""
    column: int
    """Bytes from 0."""
    missing: str
    """What is missing here, as the grammar names it; empty where something is out of place."""


def count_syntax_errors(path: str, text: bytes) -> int | None:
    """How many places of a text do not parse; None when its language has no grammar, or parsing takes too long.

    Args:
        path: Its path, which tells the language.
        text: UTF-8.

    Raises:
        GrammarError: The grammar of its language cannot be loaded.
    """
    problems = syntax_problems(path, text, most=1_000_000)
    return None if problems is None else len(problems)


def syntax_problems(path: str, text: bytes, *, most: int = 20, cpu_s: float = 3.0) -> list[SyntaxProblem] | None:
    """The places of a text that do not parse, in its order; None when that cannot be told.

    Args:
        path: Its path, which tells the language.
        text: UTF-8.
        most: Stop after so many.
        cpu_s: Bound on parsing, in seconds of CPU.

    Raises:
        GrammarError: The grammar of its language cannot be loaded.
    """
    spec = languages().of(path, text[:_HEAD_BYTES])
    if spec is None or (grammar := grammar_of(spec)) is None:
        return None
    tree = parse(grammar.parser, text, Deadline(cpu_s))
    if tree is None:
        return None
    found: list[SyntaxProblem] = []
    waiting = [tree.root_node]
    while waiting and len(found) < most:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            place = node.start_point
            found.append(SyntaxProblem(place.row + 1, place.column, node.type if node.is_missing else ""))
        if node.has_error:
            waiting.extend(reversed(node.children))
    return found
