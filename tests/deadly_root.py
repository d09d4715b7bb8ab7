"""A folder whose files can kill the process that reads them; importable by worker processes."""

from __future__ import annotations

import os
from pathlib import Path, PosixPath


class DeadlyRoot(PosixPath):
    """A path that ends the process when the file `killer.py` below it is opened."""

    def __truediv__(self, key: str | os.PathLike[str]) -> Path:  # type: ignore[override]  # a plain path comes back
        if os.fspath(key) == "killer.py":
            os._exit(9)
        return Path(os.fspath(self)) / key
