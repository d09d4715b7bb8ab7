"""What a merge without conflicts breaks in meaning; loaded when it is needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git, meanwhile
from aura_shared.messages.merges import MergeWarning

__all__ = ["semantic_problems"]

_MOST_FILES: Final = 200
_SOURCES: Final = (".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".go", ".rs")
_DEFINING: Final = "def|class|func|fn|function|struct|enum|trait|type|interface|const|let|var"
_IMPORTING: Final = "import|use|from"


def semantic_problems(repository: Repository, base: str, ours: str, theirs: str, merged: str) -> list[MergeWarning]:
    """What a merge without conflicts breaks.

    Args:
        repository: Where.
        base: Commit that both sides began with.
        ours: Commit of our side.
        theirs: Commit of the other.
        merged: Tree of the result.
    """
    from aura_git.conflicts.semantic import SideChange, check_merge  # noqa: PLC0415 - loads the grammars

    git = repository.git
    looking = meanwhile(lambda: _changed(git, base, ours))
    paths = {theirs: _changed(git, base, theirs), ours: looking.result()}
    if not paths[ours] or not paths[theirs]:
        return []
    wanted = [(tree, path) for side in (ours, theirs) for path in paths[side] for tree in (base, side, merged)]
    blobs = _read(git, wanted)
    mine, others = (
        {path: SideChange(path, blobs[base, path], blobs[side, path]) for path in paths[side]}
        for side in (ours, theirs)
    )

    def result(path: str) -> bytes | None:
        return blobs[merged, path] if (merged, path) in blobs else _read(git, [(merged, path)])[merged, path]

    found = check_merge(mine, others, result, lambda name: _defined(git, merged, (ours, theirs), name))
    return [MergeWarning(rule=one.rule, path=one.path, line=one.line, message=one.message) for one in found]


def _changed(git: Git, base: str, side: str) -> list[str]:
    """Source files that a side changed; none when there are too many to read."""
    listed = git.read("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, side).items
    paths = [path for path in listed if path.endswith(_SOURCES)]
    return paths if len(paths) <= _MOST_FILES else []


def _read(git: Git, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes | None]:
    """Files of trees, as pairs of tree and path; None for one that is not there. One call of git."""
    asked = [one for one in dict.fromkeys(wanted) if "\n" not in one[1]]
    found: dict[tuple[str, str], bytes | None] = dict.fromkeys(wanted)
    lines = "".join(f"{tree}:{path}\n" for tree, path in asked).encode(errors="surrogateescape")
    out = git.read("cat-file", "--batch", stdin=lines).out
    at = 0
    for one in asked:
        end = out.index(b"\n", at)
        header = out[at:end]
        at = end + 1
        if header.endswith(b" missing"):
            continue
        size = int(header.rpartition(b" ")[2])
        found[one] = out[at : at + size]
        at += size + 1
    return found


def _defined(git: Git, merged: str, sides: tuple[str, str], name: str) -> bool:
    """Whether a name seems to be defined in the result, or comes from outside on both sides.

    An import on one side alone is none: it is what breaks when the other side took the definition away.
    """
    return _has(git, merged, _DEFINING, name) or all(_has(git, side, _IMPORTING, name) for side in sides)


def _has(git: Git, tree: str, words: str, name: str) -> bool:
    pattern = rf"\b({words})\b.*\b{re.escape(name)}\b"
    return git.read("grep", "-q", "-E", "-e", pattern, tree, "--", ok=(0, 1)).code == 0
