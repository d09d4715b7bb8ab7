"""What a merge without conflicts breaks in meaning; loaded when it is needed."""

from __future__ import annotations

import re
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git
from aura_shared.messages.merges import MergeWarning

__all__ = ["semantic_problems"]

_MOST_FILES: Final = 200
_SOURCES: Final = (".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".go", ".rs")
_DEFINING: Final = "def|class|func|fn|function|struct|enum|trait|type|interface|const|let|var|import|use|from"


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
    mine, others = (
        {path: SideChange(path, _blob(git, base, path), _blob(git, side, path)) for path in _changed(git, base, side)}
        for side in (ours, theirs)
    )
    if not mine or not others:
        return []
    found = check_merge(mine, others, lambda path: _blob(git, merged, path), lambda name: _defined(git, merged, name))
    return [MergeWarning(rule=one.rule, path=one.path, line=one.line, message=one.message) for one in found]


def _changed(git: Git, base: str, side: str) -> list[str]:
    """Source files that a side changed; none when there are too many to read."""
    listed = git.read("diff-tree", "-r", "-z", "--no-renames", "--name-only", base, side).items
    paths = [path for path in listed if path.endswith(_SOURCES)]
    return paths if len(paths) <= _MOST_FILES else []


def _blob(git: Git, tree: str, path: str) -> bytes | None:
    found = git.read("cat-file", "blob", f"{tree}:{path}", ok=(0, 128))
    return found.out if found.code == 0 else None


def _defined(git: Git, tree: str, name: str) -> bool:
    """Whether some file of a tree seems to define a name, or to import it from outside."""
    word = re.escape(name)
    pattern = (
        rf"(def|class|func|fn|function|struct|enum|trait|type|interface|const|let|var|import|use|from)\b.*\b{word}\b"
    )
    return git.read("grep", "-q", "-E", "-e", pattern, tree, "--", ok=(0, 1)).code == 0
