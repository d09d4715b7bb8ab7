"""The files of a project as a tree, with sizes and languages, within a budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aura_code.answers import TOKEN_BYTES, visible
from aura_code.views import View
from aura_shared.messages.code import Freshness
from aura_shared.messages.insight import ShowTree, TreeAnswer

_TOP_LANGUAGES: Final = 3
_ROOT: Final = "."


@dataclass(slots=True)
class _Folder:
    files: int = 0
    lines: int = 0
    languages: Counter[str] = field(default_factory=Counter[str])
    folders: dict[str, _Folder] = field(default_factory=dict[str, "_Folder"])
    leaves: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])


def show_tree(view: View, request: ShowTree) -> TreeAnswer:
    """The tree below a folder: folders first, each with files, lines and languages; deep ones are left out first."""
    below = request.path.strip("/").removeprefix("./")
    top = _gather(view, below)
    freshness = Freshness(generation=view.generation)
    if not top.files:
        where = f"below {visible(below)!r}" if below else "in the index"
        return TreeAnswer(freshness=freshness, reason=f"There is no file {where}. Folders are named from the root.")
    most = request.budget * TOKEN_BYTES
    for depth in range(request.depth, -1, -1):
        for files in (True, False) if request.files else (False,):
            lines, hidden = _lines(top, below or _ROOT, depth, files=files)
            text = "\n".join(lines)
            if len(text.encode("utf-8", "replace")) <= most:
                more = hidden or depth < request.depth or files != request.files
                return TreeAnswer(text=text, files=top.files, lines=top.lines, more=more, freshness=freshness)
    text = _about(top).encode()[:most].decode("utf-8", "ignore")
    return TreeAnswer(text=text, files=top.files, lines=top.lines, more=True, freshness=freshness)


def _gather(view: View, below: str) -> _Folder:
    top = _Folder()
    for part in view.parts:
        segment = part.segment
        for file in np.flatnonzero(part.alive & (segment.file_skip == 0)).tolist():
            path = segment.path(file)
            if below and path != below and not path.startswith(f"{below}/"):
                continue
            *folders, name = path[len(below) :].strip("/").split("/")
            _add(top, folders, name or path, int(segment.file_lines[file]), segment.language(file))
    return top


def _add(top: _Folder, folders: list[str], name: str, lines: int, language: str) -> None:
    folder = top
    for step in (None, *folders):
        if step is not None:
            folder = folder.folders.setdefault(step, _Folder())
        folder.files += 1
        folder.lines += lines
        if language:
            folder.languages[language] += lines
    folder.leaves.append((name, lines, language))


def _lines(top: _Folder, name: str, depth: int, *, files: bool) -> tuple[list[str], bool]:
    """The lines of the tree, and whether something lies deeper than it shows."""
    lines = [f"{visible(name)}/  {_about(top)}"]
    hidden = False

    def walk(folder: _Folder, level: int) -> None:
        nonlocal hidden
        if level >= depth:
            hidden = hidden or bool(folder.folders)
            return
        for step, inner in sorted(folder.folders.items()):
            lines.append(f"{'  ' * (level + 1)}{visible(step)}/  {_about(inner)}")
            walk(inner, level + 1)
        if files:
            lines.extend(f"{'  ' * (level + 1)}{visible(leaf)}  {count}" for leaf, count, _ in sorted(folder.leaves))

    walk(top, 0)
    return lines, hidden


def _about(folder: _Folder) -> str:
    languages = ", ".join(language for language, _ in folder.languages.most_common(_TOP_LANGUAGES))
    plural = "file" if folder.files == 1 else "files"
    return f"{folder.files} {plural}, {folder.lines:,} lines" + (f"  {languages}" if languages else "")
