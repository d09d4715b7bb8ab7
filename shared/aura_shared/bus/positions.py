"""How far a consumer came, in a small file, so that its next process goes on from there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from aura_shared.bus.handlers import report

SAVE_EVERY_S: Final = 1.0
_FORM: Final = TypeAdapter(dict[str, int])


class Positions:
    """The seq of the last event dealt with, per set of kinds.

    Args:
        path: The file. One that cannot be read counts as empty: its consumer starts like a new one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        self._saved_at = time.monotonic()
        self._changed = False
        try:
            self._places = _FORM.validate_json(path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValidationError):
            report("position_unreadable", exception=False, path=str(path))

    def get(self, place: str) -> int | None:
        """How far it came."""
        return self._places.get(place)

    def put(self, place: str, seq: int) -> None:
        """Note how far it came; written at most once a second."""
        self._places[place] = seq
        self._changed = True
        if time.monotonic() >= self._saved_at + SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Write the file, whole or not at all; a failure is logged, and the next save tries again."""
        if not self._changed:
            return
        self._saved_at = time.monotonic()
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(_FORM.dump_json(self._places))
            draft.replace(self._path)
        except OSError as error:
            report("position_not_saved", exception=False, path=str(self._path), problem=str(error.strerror))
            with suppress(OSError):
                draft.unlink()
            return
        self._changed = False
