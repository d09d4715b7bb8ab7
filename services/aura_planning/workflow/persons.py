"""Who is at work here."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path
from typing import Final

__all__ = ["person"]

_GIT_S: Final = 5.0


def person(root: Path) -> str:
    """The name that git knows, else that of the account."""
    try:
        ran = subprocess.run(
            ["git", "config", "--get", "user.name"], cwd=root, capture_output=True, timeout=_GIT_S, check=False
        )
        name = " ".join(ran.stdout.decode("utf-8", "replace").split())
    except (OSError, subprocess.TimeoutExpired):
        name = ""
    return name or getpass.getuser()
