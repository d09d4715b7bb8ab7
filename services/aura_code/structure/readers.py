"""Which languages have a reader of structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast

from aura_code.structure.facts import FileStructure
from aura_code.syntax import SourceFile

Reader = Callable[[SourceFile], FileStructure]

READERS: Final[Mapping[str, str]] = {
    "python": "aura_code.structure.python:read_python",
    "javascript": "aura_code.structure.javascript:read_javascript",
    "typescript": "aura_code.structure.javascript:read_javascript",
    "tsx": "aura_code.structure.javascript:read_javascript",
    "go": "aura_code.structure.golang:read_go",
    "rust": "aura_code.structure.rust:read_rust",
    "java": "aura_code.structure.java:read_java",
}
"""Each is imported when the first file of its language is read."""


def reader_of(language: str) -> Reader | None:
    """The reader of a language; None when it has none."""
    place = READERS.get(language)
    if place is None:
        return None
    module, _, name = place.partition(":")
    return cast("Reader", getattr(import_module(module), name))
