"""What models answered about a document, kept section by section, so that nothing is asked twice and work goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pydantic import ValidationError

from aura_planning.proposing.grounding import Wish
from aura_shared.storage import atomic_write

__all__ = ["Keeper", "Kept"]

_FORM: Final = 1
_MOST_SECTIONS: Final = 500


@dataclass(slots=True)
class Kept:
    """What one section got."""

    wishes: list[Wish] = field(default_factory=list[Wish])
    model: str = ""
    problem: str = ""
    """What was wrong with parts of the answer."""


class Keeper:
    """Answers about one document of a project; a section that is written anew is asked about anew.

    Args:
        folder: Where they are.
        path: The document, relative to the project.
    """

    def __init__(self, folder: Path, path: str) -> None:
        name = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        self._file = folder / f"{name}.json"
        self.sections: dict[str, Kept] = {}
        self._load()

    def keep(self, digest: str, kept: Kept) -> None:
        """Keep an answer, on disk when this returns."""
        self.sections[digest] = kept
        self._write()

    def forget(self) -> None:
        """Forget everything about this document."""
        self.sections.clear()
        self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        rows = {
            digest: {"model": one.model, "problem": one.problem, "wishes": [wish.model_dump() for wish in one.wishes]}
            for digest, one in list(self.sections.items())[-_MOST_SECTIONS:]
        }
        atomic_write(self._file, json.dumps({"form": _FORM, "sections": rows}, ensure_ascii=True).encode())

    def _load(self) -> None:
        """What is there; a file that cannot be read is as good as none."""
        try:
            found = cast("dict[str, Any]", json.loads(self._file.read_bytes()))
            if found.get("form") != _FORM:
                return
            for digest, row in found["sections"].items():
                wishes = [Wish.model_validate(one) for one in row["wishes"]]
                self.sections[str(digest)] = Kept(wishes, str(row["model"]), str(row["problem"]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ValidationError):
            self.sections = {}
