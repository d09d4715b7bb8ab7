"""Parsers and compiled queries, made when the first file of a language is read and kept for the process."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from tree_sitter import Language, Parser, Query

from aura_code.languages.spec import LanguageSpec


class GrammarError(Exception):
    """A grammar cannot be loaded, or its query does not fit it."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What reads the files of one language."""

    parser: Parser
    query: Query


@functools.cache
def grammar_of(spec: LanguageSpec) -> Grammar | None:
    """The grammar of a language; None for one that is read line by line.

    Raises:
        GrammarError: It cannot be loaded, or its query does not fit it.
    """
    if spec.grammar is None or spec.queries is None:
        return None
    try:
        language = Language(spec.grammar())
        text = (spec.queries / "symbols.scm").read_text(encoding="utf-8")
        return Grammar(Parser(language), Query(language, text))
    except Exception as error:  # a grammar is code of others: whatever it raises, the file is read line by line
        raise GrammarError(f"{spec.id}: {type(error).__name__}: {error}") from error
