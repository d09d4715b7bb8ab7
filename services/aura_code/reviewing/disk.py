"""Files of the work tree, read so that no link is followed and nothing outside the project is reached."""

from __future__ import annotations

import stat as modes
from pathlib import Path
from typing import Final

from aura_shared.errors import AuraError
from aura_shared.security import open_inside
from aura_shared.text_files import as_utf8, is_binary

MOST_BYTES: Final = 4_000_000
"""Of one file; larger ones are named, not read."""


class Disk:
    """Files of the work tree; links are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def is_link(self, path: str) -> bool:
        """Whether it is a symbolic link."""
        try:
            return modes.S_ISLNK((self._root / path).lstat().st_mode)
        except OSError:
            return False

    def data(self, path: str) -> bytes | None:
        """The bytes of a file; None when it is gone, a link, no regular file, too large, or outside."""
        try:
            if self.is_link(path):
                return None
            with open_inside(self._root, path) as stream:
                data = stream.read(MOST_BYTES + 1)
        except (AuraError, OSError, ValueError):
            return None
        return data if len(data) <= MOST_BYTES else None

    def text(self, path: str) -> bytes | None:
        """A file in UTF-8; None as above, or when it is no text."""
        data = self.data(path)
        return None if data is None or is_binary(data) else as_utf8(data)

    def why(self, path: str) -> str:
        """Why a file has no text."""
        try:
            size = (self._root / path).lstat().st_size
        except OSError:
            return "it cannot be read"
        return f"too large to be read ({size} bytes)" if size > MOST_BYTES else ""
