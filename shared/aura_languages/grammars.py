"""Parsers and compiled queries, made when the first file of a language is read and kept for the process."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from tree_sitter import Language, Parser, Query

from aura_languages.spec import LanguageSpec


class GrammarError(Exception):
    """A grammar cannot be loaded, or its query does not fit it."""


_PREDICATE = re.compile(rb"\(#[a-z-]+[?!]")  # See aura_languages.parsing for the reason.


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
    if spec.grammar is None or not spec.queries:
        return None
    try:
        language = Language(spec.grammar())
        text = "\n".join(file.read_text(encoding="utf-8") for file in spec.queries)
        query = Query(language, text)
    except Exception as error:  # a grammar is code of others: whatever it raises, the file is read line by line
        raise GrammarError(f"{spec.id}: {type(error).__name__}: {error}") from error
    for pattern in range(query.pattern_count):
        if _PREDICATE.search(text.encode(), query.start_byte_for_pattern(pattern), query.end_byte_for_pattern(pattern)):
            raise GrammarError(f"{spec.id}: pattern {pattern} of its query has a predicate, which is not supported")
    return Grammar(Parser(language), query)
