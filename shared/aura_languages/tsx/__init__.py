"""TSX."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_typescript  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_typescript.language_tsx()


LANGUAGE = LanguageSpec(
    id="tsx",
    name="TSX",
    aliases=("typescriptreact",),
    suffixes=(".tsx",),
    grammar=_grammar,
    queries=(
        files("aura_languages.javascript") / "shared.scm",
        files("aura_languages.javascript") / "jsx.scm",
        files("aura_languages.typescript") / "symbols.scm",
    ),
    constructors=frozenset({"constructor"}),
    attributes=(b"@",),
)
