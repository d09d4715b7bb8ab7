"""C++."""

from __future__ import annotations

import re
from importlib.resources import files

from aura_languages.spec import LanguageSpec


def _grammar() -> object:
    import tree_sitter_cpp  # noqa: PLC0415 - a grammar is loaded when the first such file is read

    return tree_sitter_cpp.language()


LANGUAGE = LanguageSpec(
    id="cpp",
    name="C++",
    aliases=("c++", "cxx", "cc", "hpp"),
    suffixes=(
        ".cpp",
        ".cc",
        ".cxx",
        ".c++",
        ".hpp",
        ".hh",
        ".hxx",
        ".h++",
        ".ipp",
        ".tpp",
        ".inl",
        ".cu",
        ".cuh",
        ".h",
    ),
    content=re.compile(
        rb"^[ \t]*(?:class\s+\w+[^;\n]*(?:\{|$)|namespace\s+[\w:]+\s*\{|template\s*<|using\s+(?:namespace|\w+\s*=)"
        rb"|(?:public|private|protected)\s*:|#\s*include\s*<(?:string|vector|memory|map|iostream|cstd\w+|type_traits"
        rb"|utility|functional|algorithm|array|optional|atomic|mutex|thread|chrono)>)|\bstd::|\bconstexpr\b",
        re.MULTILINE,
    ),
    grammar=_grammar,
    queries=(files(__name__) / "symbols.scm",),
)
