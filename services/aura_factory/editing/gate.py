"""Whether a new text may replace the old one: it has to parse when the old one did."""

from __future__ import annotations

import ast
import warnings
from typing import Final

from aura_languages import language_of
from aura_languages.errors import syntax_problems

__all__ = ["fault_of"]

_MOST: Final = 1_000


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
    if language_of(path) == "python":
        return _python_fault(old, new)
    return ""


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
