"""What merging asks of the resolution of conflicts; loaded when it is needed."""

from __future__ import annotations

from aura_git.repository import Repository
from aura_shared.messages.merges import MergeWarning

__all__ = ["lock_file_command", "regenerate_lock_file", "semantic_problems"]


def lock_file_command(path: str) -> str:
    return ""


def regenerate_lock_file(where: Repository, path: str) -> str:
    return "x"


def semantic_problems(repository: Repository, base: str, ours: str, theirs: str, merged: str) -> list[MergeWarning]:
    return []
