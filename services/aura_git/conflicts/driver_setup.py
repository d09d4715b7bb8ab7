"""How the merge driver is made known to git; what is written is up to the caller, with the person's consent."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

__all__ = ["driver_config"]


def driver_config() -> Sequence[tuple[str, str]]:
    """Settings of git's, as pairs of key and value."""
    command = f"{shlex.quote(sys.executable)} -P -m aura_git.conflicts.driver %O %A %B %L %P"
    return (("merge.aura.name", "Aura: what is certain, and no more"), ("merge.aura.driver", command))
