"""TypeScript."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_typescript  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_typescript.language_typescript()


LANGUAGE = LanguageSpec(
    id="typescript",
    name="TypeScript",
    aliases=("ts",),
    suffixes=(".ts", ".mts", ".cts"),
    interpreters=("ts-node", "tsx"),
    grammar=_grammar,
    queries=(files("aura_languages.javascript") / "shared.scm", files(__name__) / "symbols.scm"),
    constructors=frozenset({"constructor"}),
    attributes=(b"@",),
)
