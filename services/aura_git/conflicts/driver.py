"""A merge driver for git: `python -P -m aura_git.conflicts.driver %O %A %B %L %P`. Works without the daemon.

Only what is certain is resolved; the rest stands in `%A` as blocks. Whatever goes wrong here, git merges by itself.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

__all__ = ["main"]

_USAGE: Final = "usage: python -P -m aura_git.conflicts.driver BASE OURS THEIRS MARKER_SIZE PATH"
_ARGUMENTS: Final = 5
_MOST: Final = 127


def main(arguments: Sequence[str]) -> int:
    """Merge; returns 0 when nothing is left, 1 when blocks are, and 129 for a wrong call."""
    if len(arguments) != _ARGUMENTS:
        print(_USAGE, file=sys.stderr)
        return 129
    base, ours, theirs = (Path(name) for name in arguments[:3])
    try:
        return _resolve(base, ours, theirs, int(arguments[3]), arguments[4])
    except Exception as error:  # noqa: BLE001 - git's own merge is always there
        print(f"aura: {type(error).__name__}: {error}; git's own merge is used", file=sys.stderr)
    done = subprocess.run(
        ["git", "merge-file", "-q", "--diff3", f"--marker-size={arguments[3]}", str(ours), str(base), str(theirs)],
        check=False,
    )
    return min(done.returncode, 1) if 0 <= done.returncode <= _MOST else done.returncode


def _resolve(base: Path, ours: Path, theirs: Path, size: int, path: str) -> int:
    from aura_git.conflicts.contract import ConflictSides  # noqa: PLC0415 - a wrong call should not load it
    from aura_git.conflicts.resolving import resolve_file  # noqa: PLC0415 - loads the grammars

    sides = ConflictSides(
        path, base.read_bytes(), ours.read_bytes(), theirs.read_bytes(), marker_size=size
    )  # fmt: skip
    resolution = resolve_file(sides)
    if resolution.problem:
        raise ValueError(resolution.problem)
    ours.write_bytes(resolution.text)
    for hunk in resolution.hunks:
        if hunk.tier == "auto":
            print(f"aura: {path}:{hunk.ours_line}: {hunk.rule}: {hunk.reason}", file=sys.stderr)
    return 1 if resolution.remaining else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
