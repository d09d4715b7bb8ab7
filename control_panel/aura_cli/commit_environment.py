"""What of this shell the hooks of a commit are to see: they run in the daemon, whose search path is another one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["for_hooks"]

_NAME: Final = re.compile(r"VIRTUAL_ENV|(?:NVM|PYENV)_[A-Z][A-Z_]{0,40}")
_LONGEST: Final = 4096
_MOST_CHARS: Final = 60_000
_MOST_FOLDERS: Final = 500
_MOST_OTHERS: Final = 30


def for_hooks(environment: Mapping[str, str]) -> dict[str, str]:
    """The search path and where versions of languages lie; only folders that are absolute, and nothing else."""
    found = {name: value for name, value in sorted(environment.items()) if _NAME.fullmatch(name) and _is_folder(value)}
    found = dict(list(found.items())[:_MOST_OTHERS])
    folders: list[str] = []
    room = _MOST_CHARS
    for folder in dict.fromkeys(environment.get("PATH", "").split(os.pathsep)):
        room -= len(folder) + 1
        if room < 0 or len(folders) == _MOST_FOLDERS:
            break
        folders += [folder] if _is_folder(folder) else []
    return {**found, **({"PATH": os.pathsep.join(folders)} if folders else {})}


def _is_folder(text: str) -> bool:
    """Whether it can be sent as the name of an absolute folder."""
    return Path(text).is_absolute() and len(text) <= _LONGEST and text.isprintable()
