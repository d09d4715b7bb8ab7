"""Opinions about size, shape, documentation, types and names, from the facts that the readers of structure give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from aura_code.findings.model import Captures, Hit
from aura_code.structure.facts import Definition, FileStructure
from aura_code.structure.readers import reader_of
from aura_code.syntax import SourceFile

_FUNCTIONS: Final = frozenset({"function", "method", "constructor"})
_TYPES: Final = frozenset({"class", "interface", "trait", "struct", "enum", "type"})

_SNAKE: Final = re.compile(r"_*[a-z0-9_]*")
_CAMEL: Final = re.compile(r"[_$#]*[a-zA-Z0-9$]*_?")
_LOWER_CAMEL: Final = re.compile(r"[_$]*[a-z][a-zA-Z0-9$]*")
_PASCAL: Final = re.compile(r"[_$]*[A-Z][A-Za-z0-9]*_{0,2}")
_NAMES: Final[Mapping[str, tuple[re.Pattern[str], str, re.Pattern[str], str]]] = {
    "python": (_SNAKE, "words_with_underscores", _PASCAL, "WordsWithCapitals"),
    "javascript": (_CAMEL, "wordsWithCapitals", _PASCAL, "WordsWithCapitals"),
    "typescript": (_CAMEL, "wordsWithCapitals", _PASCAL, "WordsWithCapitals"),
    "tsx": (_CAMEL, "wordsWithCapitals", _PASCAL, "WordsWithCapitals"),
    "go": (_CAMEL, "wordsWithCapitals", _CAMEL, "WordsWithCapitals"),
    "rust": (_SNAKE, "words_with_underscores", _PASCAL, "WordsWithCapitals"),
    "java": (_LOWER_CAMEL, "wordsWithCapitals", _PASCAL, "WordsWithCapitals"),
}
_GIVEN: Final = re.compile(
    r"setUp\w*|tearDown\w*|setUpClass|addCleanup|assert[A-Z]\w*|(?:visit|depart|leave|do|handle|on|test)_\w+|\w*__\w*"
    r"|runTest|maxDiff|log_\w+"
)
"""Names of Python methods that a base class of others prescribes."""
_TESTS_OF_GO: Final = re.compile(r"(?:Test|Benchmark|Example|Fuzz)\w*")


@lru_cache(maxsize=1)
def _structure(file: SourceFile) -> FileStructure | None:
    """The structure of a file; kept for the next rule that looks at the same file."""
    reader = reader_of(file.language)
    return reader(file) if reader is not None else None


def _definitions(file: SourceFile, kinds: frozenset[str]) -> Iterator[tuple[Definition, Hit]]:
    """Definitions of some kinds, and a hit that points at the name of each."""
    structure = _structure(file)
    for definition in structure.definitions if structure is not None else ():
        if definition.kind in kinds:
            line = file.line(definition.line)
            start = file.starts[definition.line - 1] + len(line[: definition.column].encode())
            yield definition, Hit((start, min(len(file.text), start + len(definition.name.encode()))))


def long_function(file: SourceFile, _captures: Captures, options: Mapping[str, int]) -> Iterator[Hit]:
    """Functions with more lines than a team wants."""
    most = options["lines"]
    for definition, hit in _definitions(file, _FUNCTIONS):
        lines = definition.end_line - definition.start_line + 1
        if lines > most:
            yield hit._replace(message=f"`{definition.name}` has {lines} lines; at most {most} are wanted.")


def deep_nesting(file: SourceFile, _captures: Captures, options: Mapping[str, int]) -> Iterator[Hit]:
    """Functions whose blocks lie deeper in each other than a team wants."""
    most = options["depth"]
    for definition, hit in _definitions(file, _FUNCTIONS):
        if definition.nesting > most:
            found = definition.nesting
            yield hit._replace(
                message=f"Blocks of `{definition.name}` are nested {found} deep; at most {most} are wanted."
            )


def high_complexity(file: SourceFile, _captures: Captures, options: Mapping[str, int]) -> Iterator[Hit]:
    """Functions with more ways through them than a team wants."""
    most = options["complexity"]
    for definition, hit in _definitions(file, _FUNCTIONS):
        if definition.complexity > most:
            found = definition.complexity
            yield hit._replace(message=f"`{definition.name}` has a complexity of {found}; at most {most} is wanted.")


def many_parameters(file: SourceFile, _captures: Captures, options: Mapping[str, int]) -> Iterator[Hit]:
    """Functions with more parameters than a team wants."""
    most = options["parameters"]
    for definition, hit in _definitions(file, _FUNCTIONS):
        if definition.parameters > most:
            found = definition.parameters
            yield hit._replace(message=f"`{definition.name}` takes {found} parameters; at most {most} are wanted.")


def long_file(file: SourceFile, _captures: Captures, options: Mapping[str, int]) -> Iterator[Hit]:
    """Files with more lines than a team wants."""
    lines = len(file.starts) - 1
    if lines > options["lines"]:
        yield Hit((0, 0), f"The file has {lines} lines; at most {options['lines']} are wanted.")


def missing_docs(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """What others may use and what no text explains."""
    structure = _structure(file)
    if structure is None:
        return
    for definition, hit in _definitions(file, (_FUNCTIONS | _TYPES) - {"constructor"}):
        if definition.documented or not _is_public(structure, definition) or "overrides" in definition.entry:
            continue
        yield hit._replace(message=f"`{definition.name}` may be used by others, and no text says what it is for.")


def missing_types(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Functions that others may use whose parameters or result have no types."""
    structure = _structure(file)
    if structure is None:
        return
    for definition, hit in _definitions(file, _FUNCTIONS):
        if not definition.typed and _is_public(structure, definition):
            yield hit._replace(
                message=f"`{definition.name}` may be used by others, and its types are not all written down."
            )


def _is_public(structure: FileStructure, definition: Definition) -> bool:
    """Whether it and all around it is public, and it does not live within a function."""
    while definition.public and not definition.name.startswith("_"):
        if definition.parent < 0:
            return True
        definition = structure.definitions[definition.parent]
        if definition.kind in _FUNCTIONS:
            return False
    return False


def naming(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Names that are not written as the language's own style guide asks."""
    known = _NAMES.get(file.language)
    if known is None:
        return
    functions, like, types, like_types = known
    for definition, hit in _definitions(file, (_FUNCTIONS | _TYPES) - {"constructor"}):
        name = definition.name
        is_type = definition.kind in _TYPES
        if (types if is_type else functions).fullmatch(name) or _is_given(file.language, name):
            continue
        wanted = like_types if is_type else like
        yield hit._replace(message=f"`{name}` is not written like `{wanted}`, as others are in this language.")


def _is_given(language: str, name: str) -> bool:
    """Whether a framework prescribes the name, or no style guide speaks of it: `"a-b"`, `r#in`, `E`, `MAX`."""
    if not name.replace("$", "_").isidentifier() or name.isupper():
        return True
    if language == "python":
        return _GIVEN.fullmatch(name) is not None
    return language == "go" and _TESTS_OF_GO.fullmatch(name) is not None
