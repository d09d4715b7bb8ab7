"""Edits of proposals that were not saved yet, in files: neither a lost daemon nor a closed panel loses them.

The text of a file is the person's; drafts lie in Aura's private folder and are removed once they are saved, or once
their change is gone or can no longer be edited.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
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

    def is_older_than(self, age: timedelta) -> bool:
        """Whether it was typed so long ago; not when nobody can tell."""
        try:
            return datetime.now(UTC) - datetime.fromisoformat(self.at) > age
        except (ValueError, TypeError):
            return False


class Drafts:
    """The drafts of this installation.

    Args:
        folder: Aura's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "drafts"

    def find(self, change: str, path: str) -> Draft | None:
        """The draft of a file of a change; None when there is none that can be read."""
        draft = _read(self._file(change, path))
        return draft if draft is not None and (draft.change, draft.path) == (change, path) else None

    def of_changes(self, age: timedelta) -> list[Draft]:
        """Drafts of files of changes that are older; no messages of commits."""
        found = [_read(file) for file in sorted(self._folder.glob("*.json"))]
        return [one for one in found if one is not None and one.change.isalnum() and one.is_older_than(age)]

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


def _read(file: Path) -> Draft | None:
    """The draft in a file; None when it is none."""
    try:
        found = cast("dict[str, object]", json.loads(file.read_bytes()))
        return Draft(**{name: str(found[name]) for name in ("change", "path", "base", "text", "at")})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
