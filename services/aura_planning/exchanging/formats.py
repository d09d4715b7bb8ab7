"""The formats by name, and which one a path is."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Final, Protocol, cast

from aura_planning.exchanging.contract import Bundle, Entry, FormatName, Written
from aura_planning.exchanging.tree import Tree

__all__ = ["reader_of", "writer_of"]

_MODULES: Final[Mapping[FormatName, tuple[str, str]]] = {
    "taskmaster": ("taskmaster", "taskmaster"),
    "speckit": ("speckit", "speckit"),
    "openspec": ("openspec", "openspec"),
    "bmad": ("bmad", "bmad"),
    "backlog": ("backlogmd", "backlog"),
    "csv": ("tables", "csv"),
    "gh-json": ("issues", "gh_json"),
    "task-list": ("tasklists", "task_list"),
}


class Reader(Protocol):
    """Reads a source."""

    def __call__(self, tree: Tree, path: str) -> Bundle:
        """What it says."""
        ...


class Writer(Protocol):
    """Writes items into a target."""

    def __call__(self, entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
        """What its files would hold."""
        ...


def reader_of(form: FormatName) -> Reader:
    """What reads a format; loaded when it is needed."""
    module, name = _MODULES[form]
    return cast("Reader", getattr(importlib.import_module(f"aura_planning.exchanging.{module}"), f"read_{name}"))


def writer_of(form: FormatName) -> Writer:
    """What writes a format."""
    module, name = _MODULES[form]
    return cast("Writer", getattr(importlib.import_module(f"aura_planning.exchanging.{module}"), f"write_{name}"))
