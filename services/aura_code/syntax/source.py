"""One parsed file: its text, its tree, and the few questions that every rule asks of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Node, Tree

from aura_code.chunks import line_starts
from aura_code.places import read_place
from aura_languages import languages
from aura_languages.grammars import grammar_of
from aura_languages.parsing import Deadline, parse


class Span(NamedTuple):
    """A place in a file."""

    start_line: int
    """From 1."""
    start_column: int
    """Characters from 0."""
    end_line: int
    """From 1, included."""
    end_column: int
    """Characters from 0, not included."""


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A file and its syntax tree. Offsets are bytes of `text`, which is UTF-8."""

    path: str
    """Relative to the project's root, with forward slashes."""
    language: str
    """Identifier of its language: python, javascript, typescript, tsx, go, rust, java, c, cpp, …"""
    text: bytes
    """Its content."""
    tree: Tree
    """Its syntax tree; broken parts are ERROR nodes in it."""

    @property
    def root(self) -> Node:
        """The top of the tree."""
        return self.tree.root_node

    @cached_property
    def starts(self) -> list[int]:
        """Where the lines begin, and the end of the text."""
        return line_starts(self.text)

    @cached_property
    def is_test(self) -> bool:
        """Whether its path says that it holds tests."""
        return "tests" in read_place(self.path).kinds

    def text_of(self, node: Node) -> str:
        """The text of a node."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line_of(self, offset: int) -> int:
        """The line, from 1, of an offset."""
        return min(bisect_right(self.starts, offset), max(1, len(self.starts) - 1))

    def line(self, number: int) -> str:
        """The text of a line, from 1, without its end."""
        begin = self.starts[number - 1]
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[begin:end].decode("utf-8", "replace").rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        """The place between two offsets."""
        first, last = self.line_of(start), self.line_of(max(start, end))
        return Span(first, self._column(first, start), last, self._column(last, end))

    def span_of(self, node: Node) -> Span:
        """The place of a node."""
        return self.span(node.start_byte, node.end_byte)

    def _column(self, line: int, offset: int) -> int:
        return len(self.text[self.starts[line - 1] : offset].decode("utf-8", "replace"))

    def ancestors(self, node: Node) -> Iterator[Node]:
        """What surrounds a node, innermost first."""
        around = node.parent
        while around is not None:
            yield around
            around = around.parent


def parse_source(path: str, text: bytes, *, language: str | None = None, cpu_s: float = 3.0) -> SourceFile | None:
    """A file parsed; None when it has no grammar, or parsing takes more than `cpu_s` seconds of CPU.

    Args:
        path: Its path in the project, which tells the language when `language` does not.
        text: UTF-8, as `aura_shared.text_files.as_utf8` gives it.
        language: Identifier of its language.
        cpu_s: Bound on parsing.

    Raises:
        GrammarError: The grammar of its language cannot be loaded.
    """
    known = languages()
    spec = known.get(language) if language else known.of(path, text[:4096])
    if spec is None or (grammar := grammar_of(spec)) is None:
        return None
    tree = parse(grammar.parser, text, Deadline(cpu_s))
    return SourceFile(path, spec.id, text, tree) if tree is not None else None
