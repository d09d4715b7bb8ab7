"""Go."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_go  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_go.language()


LANGUAGE = LanguageSpec(
    id="go",
    name="Go",
    aliases=("golang",),
    suffixes=(".go",),
    grammar=_grammar,
    queries=(files(__name__) / "symbols.scm",),
)
