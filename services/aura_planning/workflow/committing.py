"""The commit hook of the gate: `python -P -m aura_planning.workflow.committing MESSAGE_FILE` in a repository.

It reads the files itself, so it works while Aura is not running. A merge passes: what it brings was committed before.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from aura_planning.items.layout import FOLDER, list_plan
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.reading import MOST_BYTES, read_item
from aura_planning.workflow.commit_gate import Work, reasons_against
from aura_shared.errors import AuraError
from aura_shared.settings import load_settings

__all__ = ["check_commit", "main"]

_GIT_S: Final = 30.0
_REFUSED: Final = 1


def check_commit(top: Path, message: str) -> list[str]:
    """Why the commit that is about to be made in a repository is refused; empty when nothing stands against it.

    Raises:
        SettingsError: A settings file is wrong.
        OSError: Git cannot be run, or a file of the plan cannot be read.
    """
    if _git(top, "rev-parse", "-q", "--verify", "MERGE_HEAD"):
        return []
    paths = [path for path in _git(top, "diff", "--cached", "--name-only", "--no-renames", "-z").split("\0") if path]
    found: list[str] = []
    for folder, inside in _plans(top, paths).items():
        if not load_settings(folder).plan.commit_gate:
            continue
        branch = _git(top, "symbolic-ref", "-q", "--short", "HEAD").strip()
        found += reasons_against(_ledger(folder), Work(message, branch, inside))
    return found


def _plans(top: Path, paths: Iterable[str]) -> dict[Path, list[str]]:
    """The folders with a plan that the changed files lie in, each with these files relative to it."""
    found: dict[Path, list[str]] = {}
    for path in paths:
        for parent in Path(path).parents:
            if (top / parent / FOLDER).is_dir():
                found.setdefault(top / parent, []).append(Path(path).relative_to(parent).as_posix())
                break
    return found


def _ledger(root: Path) -> Ledger:
    items: list[Item] = []
    for one in list_plan(root):
        with (root / one.path).open("rb") as file:
            item = read_item(one.path, file.read(MOST_BYTES + 1)).item
        if item is not None:
            items.append(item)
    return Ledger(items)


def _git(top: Path, *arguments: str) -> str:
    """What git prints; empty when it fails."""
    ran = subprocess.run(["git", *arguments], cwd=top, capture_output=True, timeout=_GIT_S, check=False)
    return ran.stdout.decode("utf-8", "surrogateescape") if ran.returncode == 0 else ""


def main(arguments: list[str]) -> int:
    """What the hook does; 0 lets the commit be made."""
    top = _git(Path.cwd(), "rev-parse", "--show-toplevel").strip("\n")
    if len(arguments) != 1 or not top:
        sys.stderr.write("aura plan gate: needs the file of a commit message, inside of a repository\n")
        return 2
    try:
        message = Path(arguments[0]).read_text(encoding="utf-8", errors="surrogateescape")
        reasons = check_commit(Path(top), message)
    except (AuraError, OSError, subprocess.TimeoutExpired) as error:
        text = error.message if isinstance(error, AuraError) else str(error)
        sys.stderr.write(f"aura: the gate of the plan cannot be checked, so nothing is committed: {text}\n")
        return _REFUSED
    for one in reasons:
        sys.stderr.write(f"aura: refused: {one}\n")
    if reasons:
        sys.stderr.write("aura: `commit_gate` in [plan] switches this on and off.\n")
    return _REFUSED if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
