"""JavaScript."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_javascript  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_javascript.language()


LANGUAGE = LanguageSpec(
    id="javascript",
    name="JavaScript",
    aliases=("js", "node", "jsx", "ecmascript"),
    suffixes=(".js", ".mjs", ".cjs", ".jsx", ".es6"),
    interpreters=("node", "nodejs", "deno", "bun"),
    grammar=_grammar,
    queries=tuple(files(__name__) / name for name in ("shared.scm", "symbols.scm", "jsx.scm")),
    constructors=frozenset({"constructor"}),
    attributes=(b"@",),
)
