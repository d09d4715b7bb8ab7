"""What merging asks of the resolution of conflicts: lock files."""

from __future__ import annotations

from typing import Final

from aura_git.conflicts.lock_files import how_to_regenerate, merged_sums, run_regeneration
from aura_git.merging.settling import has_markers
from aura_git.repository import Repository
from aura_shared.errors import GitError

__all__ = ["can_regenerate", "lock_file_command", "regenerate_lock_file"]

_TOOL_S: Final = 120.0
_SUMS: Final = "go.sum"


def lock_file_command(path: str) -> str:
    """The command that writes a lock file; empty for any other file."""
    found = how_to_regenerate(path)
    return "" if found is None else found.by_hand


def can_regenerate(path: str) -> bool:
    """Whether a lock file can be written again here, as far as that is known before."""
    found = how_to_regenerate(path)
    return found is not None and (not found.why or path.rpartition("/")[2] == _SUMS)


def regenerate_lock_file(where: Repository, path: str) -> str:
    """Have its tool write a lock file again, without the network; returns why it could not, empty when it is done.

    The tool begins with our version, since most of them cannot read a file with blocks.
    """
    found = how_to_regenerate(path)
    if found is None:
        return "it is no lock file"
    file = where.root / path
    try:
        where.git.at(GIT_LITERAL_PATHSPECS="1").write("checkout", "--ours", "--", path)
        ours, theirs = (where.git.read("cat-file", "blob", f":{number}:{path}").out for number in (2, 3))
    except GitError:
        return "one side has no such file"
    sums = merged_sums(ours, theirs) if file.name == _SUMS else None
    if sums is not None:
        file.write_bytes(sums)
        return ""
    done = run_regeneration(found, where.root, _TOOL_S)
    if not done.done:
        return f"{done.said}; run `{found.by_hand}`, then `git add {path}`"
    return "it still has markers" if not file.is_file() or has_markers(file.read_bytes()) else ""
