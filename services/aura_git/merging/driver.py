"""Aura as git's merge driver, and the recording of resolutions: settings that a person switches in a repository."""

from __future__ import annotations

from typing import Final

from aura_git.conflicts.driver_setup import driver_config
from aura_git.repository import Repository
from aura_shared.errors import GateClosed

__all__ = ["set_driver", "set_recording"]

_SECTION: Final = "merge.aura"
_DEFAULT: Final = "merge.default"
_NAME: Final = "aura"


def set_driver(repository: Repository, *, install: bool) -> list[str]:
    """Make Aura the merge driver of a repository, or no longer; returns what was done.

    Only `.git/config` is written: `merge.default` is for paths whose attributes say nothing of merging, so that
    `-merge`, `binary` and other drivers keep their word.

    Raises:
        GateClosed: Another driver is the default already.
    """
    git = repository.git
    current = git.config(_DEFAULT)
    if install:
        if current not in {"", _NAME}:
            raise GateClosed(
                f"{current!r} is the merge driver already (merge.default)",
                hint="`git config --unset merge.default` takes it away. Nothing was changed.",
            )
        for key, value in driver_config():
            git.write("config", key, value)
        git.write("config", _DEFAULT, _NAME)
        return ["Aura is the merge driver of this repository, where attributes say nothing else"]
    if current == _NAME:
        git.write("config", "--unset", _DEFAULT)
    if git.config(f"{_SECTION}.driver"):
        git.write("config", "--remove-section", _SECTION)
    return ["Aura is the merge driver no longer"]


def set_recording(repository: Repository, *, on: bool) -> list[str]:
    """Switch `rerere.enabled` in the repository's configuration; returns what was done."""
    repository.git.write("config", "rerere.enabled", "true" if on else "false")
    return [f"resolutions are {'recorded and used again' if on else 'not recorded any more'} (rerere.enabled)"]
