"""Rust."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_rust  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_rust.language()


LANGUAGE = LanguageSpec(
    id="rust",
    name="Rust",
    aliases=("rs",),
    suffixes=(".rs",),
    grammar=_grammar,
    queries=(files(__name__) / "symbols.scm",),
    attributes=(b"#[",),
)
