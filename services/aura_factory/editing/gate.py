"""Whether a new text may replace the old one: it has to parse when the old one did."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Final

from tree_sitter import Node

from aura_factory.editing.lines import has_typographic_quotes
from aura_languages import language_of, languages
from aura_languages.errors import syntax_problems
from aura_languages.grammars import grammar_of

__all__ = ["fault_of"]

_MOST: Final = 1_000
_TYPOGRAPHIC: Final = re.compile("[\u2018-\u201e\u00a0]")
_TEXTS: Final = ("string", "comment", "template", "char", "text", "regex", "rune")
"""Parts of the names of nodes that hold text."""


def fault_of(path: str, old: str | None, new: str) -> str:
    """What is wrong with the syntax of a new text, in a sentence; empty when nothing is, or nobody can tell.

    A text that did not parse before may have as many faults as it had.

    Args:
        path: Path of the file, which tells the language.
        old: Text before; None for a new file.
        new: Text after.

    Raises:
        GrammarError: The grammar of its language cannot be loaded.
    """
    problems = syntax_problems(path, new.encode(), most=_MOST)
    if problems is None:
        return ""
    if problems:
        before = [] if old is None else syntax_problems(path, old.encode(), most=_MOST)
        if before is None or len(problems) > len(before):
            first = problems[0]
            missing = f", {first.missing} is missing" if first.missing else ""
            return f"the text would not parse any more: line {first.line}{missing}"
    strange = _typographic_code(path, old or "", new)
    if strange:
        return strange
    if language_of(path) == "python":
        return _python_fault(old, new)
    return ""


def _typographic_code(path: str, old: str, new: str) -> str:
    """Typographic quotes outside strings and comments: some grammars take them for names."""
    if not has_typographic_quotes(new):
        return ""
    spec = languages().of(path, new[:4096].encode())
    grammar = None if spec is None else grammar_of(spec)
    if grammar is None:
        return ""
    text = new.encode()
    root = grammar.parser.parse(text).root_node
    known = set(old.split("\n"))
    at = 0
    for number, line in enumerate(new.split("\n"), 1):
        size = len(line.encode())
        if has_typographic_quotes(line) and line not in known:
            for match in _TYPOGRAPHIC.finditer(line):
                start = at + len(line[: match.start()].encode())
                if not _is_text(root.descendant_for_byte_range(start, start + 1)):
                    return f"line {number} holds a typographic quote or space outside strings and comments"
        at += size + 1
    return ""


def _is_text(node: Node | None) -> bool:
    while node is not None:
        if any(word in node.type for word in _TEXTS):
            return True
        node = node.parent
    return False


def _python_fault(old: str | None, new: str) -> str:
    """What Python's own parser says; the grammar lets wrong indentation pass."""
    fault = _parsed(new)
    if fault is None or (old is not None and _parsed(old) is not None):
        return ""
    return f"the text would not parse any more: {fault}"


def _parsed(text: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Escapes that Python warns of are the file's own affair.
        try:
            ast.parse(text)
        except SyntaxError as error:
            return f"line {error.lineno}, {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            return str(error)
    return None
