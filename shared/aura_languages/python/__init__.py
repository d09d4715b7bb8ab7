"""Python."""

from __future__ import annotations

from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_python  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_python.language()


LANGUAGE = LanguageSpec(
    id="python",
    name="Python",
    aliases=("py", "python3"),
    suffixes=(".py", ".pyi", ".pyw"),
    file_names=("SConstruct", "SConscript", "wscript"),
    interpreters=("python", "python2", "python3"),
    grammar=_grammar,
    queries=(files(__name__) / "symbols.scm",),
    comments=(),
    docstrings=True,
    constructors=frozenset({"__init__"}),
    property_marks=(b"@property", b"cached_property", b".setter"),
    capitals_are_constants=True,
)
