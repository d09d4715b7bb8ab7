"""The files of a source: of a project, or one that was handed over as bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from aura_planning.exchanging.contract import Bundle, problem
from aura_planning.items.model import Finding
from aura_planning.parsing.source import MOST_BYTES, read_source
from aura_shared.errors import AuraError
from aura_shared.security import confine, open_inside

__all__ = ["Given", "ProjectTree", "SourceText", "Tree", "base_name", "load", "load_into", "parent_of", "value_of"]

_MOST_FILES: Final = 20_000
_SKIPPED: Final = frozenset({".git", "node_modules", ".venv", "venv", "target", "dist", "build"})


class Tree(Protocol):
    """Where files are read from."""

    def read(self, path: str) -> bytes | None:
        """A file; None when there is none, or it leads out of the project."""
        ...

    def files(self, folder: str) -> list[str]:
        """Every file below a folder, sorted; links are not followed."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """Files that were handed over."""

    contents: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """One of them."""
        return self.contents.get(path)

    def files(self, folder: str) -> list[str]:
        """Those below a folder."""
        return sorted(one for one in self.contents if not folder or one.startswith(f"{folder}/"))


@dataclass(frozen=True, slots=True)
class ProjectTree:
    """Files of a project."""

    root: Path

    def read(self, path: str) -> bytes | None:
        """One of them; what is larger than a plan comes cut, so that it is noticed."""
        try:
            with open_inside(self.root, path) as file:
                return file.read(MOST_BYTES + 1)
        except AuraError:
            return None

    def files(self, folder: str) -> list[str]:
        """Those below a folder."""
        top = confine(self.root, folder) if folder else self.root
        found: list[str] = []
        for place, folders, names in os.walk(top):
            folders[:] = sorted(one for one in folders if one not in _SKIPPED and not Path(place, one).is_symlink())
            base = Path(place).relative_to(top).as_posix()
            for name in names:
                inner = name if base == "." else f"{base}/{name}"
                found.append(f"{folder}/{inner}" if folder else inner)
            if len(found) > _MOST_FILES:
                break
        return sorted(found)


@dataclass(slots=True)
class SourceText:
    """A file as lines."""

    path: str
    lines: list[str]
    findings: list[Finding] = field(default_factory=list[Finding])
    broken: bool = False
    """Whether nothing of it can be used."""

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)


def load(tree: Tree, path: str) -> SourceText | None:
    """The lines of a file, with what is wrong with its encoding or size; None when there is none."""
    data = tree.read(path)
    if data is None:
        return None
    found = read_source(data)
    findings = [
        Finding(one.code, f"{one.message}. {one.advice}", path, max(1, one.line), one.severity)
        for one in found.findings
        if one.code != "mojibake"  # kept as it is written
    ]
    conflict = any(one.rule == "merge-conflict" for one in findings)
    return SourceText(path, list(found.lines), findings, found.broken or conflict)


def load_into(bundle: Bundle, tree: Tree, path: str) -> SourceText | None:
    """The lines of a file, for a bundle that is told what is wrong with it; None when nothing of it can be read."""
    source = load(tree, path)
    if source is None:
        bundle.findings.append(problem("not-there", "there is no such file", path))
        return None
    bundle.findings += source.findings
    return None if source.broken else source


def value_of(
    bundle: Bundle, source: SourceText, pairs: Callable[[list[tuple[str, Any]]], object] | None = None
) -> tuple[object] | None:
    """The value of a JSON file, alone in a tuple; None, and a finding, when it is no JSON.

    Args:
        bundle: Is told what is wrong.
        source: The file.
        pairs: Makes objects of their keys and values.
    """
    try:
        return (json.loads(source.text, object_pairs_hook=pairs),)
    except json.JSONDecodeError as error:
        text = f"the JSON breaks off or is wrong here: {error.msg}"
        bundle.findings.append(problem("broken-json", text, source.path, error.lineno))
    except RecursionError:
        bundle.findings.append(problem("broken-json", "the JSON is nested too deeply", source.path))
    return None


def base_name(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def parent_of(path: str) -> str:
    """The folder of a path; empty for the project itself."""
    return path.rpartition("/")[0]
