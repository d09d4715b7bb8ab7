"""Imports that both sides added, in one list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aura_git.conflicts.blocks import Block
from aura_git.conflicts.edits import edits_of

__all__ = ["union_of_imports"]

_FORMS: Final = {
    "python": re.compile(
        r"(?:import\s+[\w.]+(?:\s+as\s+\w+)?|from\s+[\w.]+\s+import\s+[\w*, ]+?(?:\s+as\s+\w+)?)\s*(?:#.*)?$"
    ),
    "go": re.compile(r"\s*(?:import\s+)?(?:[\w.]+\s+)?\"[^\"]+\"\s*$"),
    "rust": re.compile(r"\s*(?:pub(?:\([^)]*\))?\s+)?use\s+[\w:{}*, ]+;\s*$"),
    "javascript": re.compile(r"import\s+(?:type\s+)?[^;'\"]*?(?:from\s+)?['\"][^'\"]+['\"];?\s*$"),
    "java": re.compile(r"import\s+(?:static\s+)?[\w.*]+;\s*$"),
    "c": re.compile(r"#include\s+[<\"][^>\"]+[>\"]\s*$"),
}
_SAME: Final = {"typescript": "javascript", "tsx": "javascript", "jsx": "javascript", "cpp": "c"}
_WORD: Final = re.compile(r"\w+")


def union_of_imports(block: Block, language: str) -> list[str] | None:
    """All imports of both sides; None unless both only added whole statements, which bind different names.

    Sorted when each side is; else ours, then theirs.
    """
    form = _FORMS.get(_SAME.get(language, language))
    lines = (*block.ours, *block.base, *block.theirs)
    if form is None or not all(form.match(line.rstrip("\r\n")) for line in lines if line.strip()):
        return None
    ours, theirs = _added(block.base, block.ours), _added(block.base, block.theirs)
    if not ours or not theirs or any(line in block.ours for line in theirs):
        return None
    if {_bound(line) for line in ours} & {_bound(line) for line in theirs}:
        return None
    if block.base:
        return None  # Where among the old ones each belongs is what `adjacent` tells.
    if _is_sorted(block.ours) and _is_sorted(block.theirs):
        return sorted((*block.ours, *block.theirs), key=_key)
    return [*block.ours, *block.theirs]


def _added(base: Sequence[str], side: Sequence[str]) -> list[str]:
    """Lines that a side added; empty when it changed or deleted any."""
    edits = edits_of(base, side)
    if any(edit.start != edit.end for edit in edits):
        return []
    return [line for edit in edits for line in edit.new if line.strip()]


def _bound(line: str) -> str:
    """The last name in a statement, which is what it binds in most."""
    words = _WORD.findall(line.split("#", maxsplit=1)[0].split("//", maxsplit=1)[0] if "://" not in line else line)
    return words[-1] if words else ""


def _key(line: str) -> str:
    return line.strip().lower()


def _is_sorted(lines: Sequence[str]) -> bool:
    keys = [_key(line) for line in lines if line.strip()]
    return keys == sorted(keys)
