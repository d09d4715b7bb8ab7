"""Edits of proposals that were not saved yet, in files: neither a lost daemon nor a closed panel loses them.

The text of a file is the person's; drafts lie in Aura's private folder and are removed once they are saved.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from aura_shared.messages.core import now_iso
from aura_shared.paths import private_folder
from aura_shared.storage import atomic_write

__all__ = ["Draft", "Drafts"]


@dataclass(frozen=True, slots=True)
class Draft:
    """An edit that was not saved."""

    change: str
    """Identifier of the change."""
    path: str
    """File of it."""
    base: str
    """Digest of the text that was edited."""
    text: str
    """What it became."""
    at: str
    """When: ISO 8601 in UTC."""

    def is_of(self, text: str) -> bool:
        """Whether this was made from a text."""
        return self.base == _digest(text)


class Drafts:
    """The drafts of this installation.

    Args:
        folder: Aura's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drafts"

    def find(self, change: str, path: str) -> Draft | None:
        """The draft of a file of a change; None when there is none that can be read."""
        try:
            found = cast("dict[str, object]", json.loads(self._file(change, path).read_bytes()))
            draft = Draft(**{name: str(found[name]) for name in ("change", "path", "base", "text", "at")})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return draft if (draft.change, draft.path) == (change, path) else None

    def keep(self, change: str, path: str, base: str, text: str) -> None:
        """Keep an edit.

        Args:
            change: Identifier of the change.
            path: File of it.
            base: The text that was edited.
            text: What it became.

        Raises:
            StorageError: It cannot be written.
        """
        private_folder(self._folder)
        draft = Draft(change, path, _digest(base), text, now_iso())
        data = json.dumps(asdict(draft), ensure_ascii=True).encode()
        atomic_write(self._file(change, path), data)

    def forget(self, change: str, path: str) -> None:
        """The edit was saved, or is not wanted."""
        with suppress(OSError):
            self._file(change, path).unlink()

    def _file(self, change: str, path: str) -> Path:
        return self._folder / f"{_digest(f'{change} {path}')[:24]}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
