"""Java."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_java  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_java.language()


LANGUAGE = LanguageSpec(
    id="java",
    name="Java",
    suffixes=(".java",),
    grammar=_grammar,
    queries=(files(__name__) / "symbols.scm",),
)
