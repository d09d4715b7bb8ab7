"""What of a person's shell the hooks of their commit see: the search path, and where versions of languages lie."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_shared.errors import UsageProblem

__all__ = ["with_environment"]

_NAME: Final = re.compile(r"PATH|VIRTUAL_ENV|(?:NVM|PYENV)_[A-Z][A-Z_]{0,40}")
_LONGEST: Final = 4096
_LONGEST_PATH: Final = 65_536
_MOST_FOLDERS: Final = 500


def with_environment(repository: Repository, given: Mapping[str, str]) -> Repository:
    """The repository with git, and so its hooks, run as in the shell of the person.

    Args:
        repository: Which.
        given: Of the person's shell. Folders that are not absolute are left out: a hook runs at the top of the
            repository, where `bin` or an empty part would mean something else. Folders of this process follow those of
            the person.

    Raises:
        UsageProblem: A variable is not one of those, or holds what no folder holds.
    """
    wanted = {name: text for name, value in given.items() if (text := _checked(name, value))}
    return replace(repository, git=repository.git.at(None, **wanted)) if wanted else repository


def _checked(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"{name[:60]!r} of the environment is not passed to hooks",
            hint="PATH, VIRTUAL_ENV, NVM_* and PYENV_* are.",
        )
    most = _LONGEST_PATH if name == "PATH" else _LONGEST
    if len(value) > most or not value.isprintable():
        raise UsageProblem(f"{name} has over {most:,} characters, or some that no folder has")
    if name != "PATH":
        return value if Path(value).is_absolute() else ""
    folders = [folder for folder in value.split(os.pathsep) if Path(folder).is_absolute()]
    own = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(list(dict.fromkeys([*folders[:_MOST_FOLDERS], *own]))) if folders else ""
