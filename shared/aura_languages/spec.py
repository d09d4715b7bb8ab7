"""What Aura knows about one language: how its files are recognised and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageSpec:
    """One language; data only, so that a further one is a folder with this and a query file.

    With `grammar` and `queries` a file is parsed; without them `definitions` finds symbols line by line; without
    those too, a file is plain text that is only cut into passages.
    """

    id: str
    """Stable identifier, as it stands in answers and filters."""
    name: str
    """What a person calls it."""
    aliases: tuple[str, ...] = ()
    """Other names that a filter may use, in lower case."""
    suffixes: tuple[str, ...] = ()
    """File endings with their dot, in lower case."""
    file_names: tuple[str, ...] = ()
    """Whole file names."""
    interpreters: tuple[str, ...] = ()
    """Programs whose `#!` line marks a file without a known ending."""
    content: re.Pattern[bytes] | None = None
    """Needed when a suffix belongs to several languages: the one whose pattern is found in the file's head wins over
    one without a pattern."""
    grammar: Callable[[], object] | None = None
    """Gives the tree-sitter language; called when the first such file is read."""
    queries: tuple[Traversable, ...] = ()
    """Query files, read one after the other as one query; see docs/languages.md for the capture names."""
    definitions: tuple[tuple[str, str], ...] = ()
    """For reading without a grammar: kind of symbol, and a regular expression whose group `name` is its name."""
    comments: tuple[bytes, ...] = (b"//",)
    """What a comment of one line begins with; comments above a definition document it."""
    attributes: tuple[bytes, ...] = ()
    """What a line of attributes above a definition begins with; such lines belong to the definition."""
    docstrings: bool = False
    """Whether the first string of a body documents the definition."""
    constructors: frozenset[str] = frozenset()
    """Names of methods that construct."""
    property_marks: tuple[bytes, ...] = ()
    """Decorators that make a method a property."""
    capitals_are_constants: bool = False
    """Whether a variable in capital letters is a constant."""
    prose: bool = False
    """Whether long lines are normal, so that they do not tell of minified code."""
