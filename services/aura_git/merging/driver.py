"""Aura as git's merge driver, and the recording of resolutions: settings that a person switches in a repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aura_git.repository import Repository

__all__ = ["set_driver", "set_recording"]

_SECTION: Final = "merge.aura"
_LINE: Final = "* merge=aura"
_COMMENT: Final = "# Aura resolves what git leaves in conflict; `aura resolve --driver uninstall` takes this away."
COMMAND: Final = "aura git merge-driver %O %A %B %L %P"


def set_driver(repository: Repository, *, install: bool) -> list[str]:
    """Make Aura the merge driver of a repository, or no longer; returns what was done.

    Only `.git/config` and `.git/info/attributes` are written: attributes that are committed say what they said, and win
    where they are about a path.
    """
    git = repository.git
    if install:
        git.write("config", f"{_SECTION}.name", "Aura resolves what is certain")
        git.write("config", f"{_SECTION}.driver", COMMAND)
    elif git.config(f"{_SECTION}.driver"):
        git.write("config", "--remove-section", _SECTION)
    file = repository.common_dir / "info" / "attributes"
    _set_line(file, present=install)
    return [
        "Aura is the merge driver of this repository" if install else "Aura is the merge driver no longer",
    ]


def _set_line(file: Path, *, present: bool) -> None:
    """Write or remove the line of the driver; other lines stay."""
    before = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    kept = [line for line in before.splitlines() if line not in {_LINE, _COMMENT}]
    # The first lines lose against later ones, so that what a person wrote for a path stays.
    lines = [_COMMENT, _LINE, *kept] if present else kept
    text = "".join(f"{line}\n" for line in lines)
    if text == before:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name("attributes.aura")
    aside.write_text(text, encoding="utf-8", errors="surrogateescape")
    aside.replace(file)


def set_recording(repository: Repository, *, on: bool) -> list[str]:
    """Switch `rerere.enabled` in the repository's configuration; returns what was done."""
    repository.git.write("config", "rerere.enabled", "true" if on else "false")
    return [f"resolutions are {'recorded and used again' if on else 'not recorded any more'} (rerere.enabled)"]
