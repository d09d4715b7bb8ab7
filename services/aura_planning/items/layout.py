"""Where items lie: the canonical layout, and the names of other layouts that are recognised."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_planning.items.ids import ID
from aura_planning.items.model import Kind

__all__ = ["FOLDER", "TEMPLATES", "Listed", "Place", "canonical_path", "list_plan", "place_of", "slug"]

FOLDER: Final = ".ai"
TEMPLATES: Final = f"{FOLDER}/templates"
_FOLDERS: Final[Mapping[str, Kind]] = {"epics": "epic", "stories": "story", "tasks": "task"}
_DOCUMENTS: Final[Mapping[str, Kind]] = {"prd.md": "prd", "arch.md": "architecture"}
_FOLDER_OF: Final[Mapping[Kind, str]] = {
    "prd": "documents", "architecture": "documents", "epic": "epics", "story": "stories", "task": "tasks",
}  # fmt: skip
_MOST_SLUG: Final = 48
_MOST_DEPTH: Final = 8
_CANONICAL: Final = re.compile(r"(?P<id>[a-z][0-9a-z]{5,11})-[a-z0-9-]+\.md\Z")
_NUMBER: Final = r"(?P<number>\d+(?:[-.]\d+)*[a-z]?)"
_EPIC_FOLDER: Final = re.compile(rf"epic[-_ ]?{_NUMBER}(?:[-_ ].*)?\Z", re.IGNORECASE)
_STORY_FOLDER: Final = re.compile(rf"story[-_ ]?{_NUMBER}\Z", re.IGNORECASE)
_OTHER: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("prd", re.compile(r"(?:[\w-]+[-.])?prd(?:[-.][\w-]+)?\.md\Z", re.IGNORECASE)),
    ("architecture", re.compile(r"(?:[\w-]+\.)?arch(?:itecture)?(?:[-.][\w-]+)?\.md\Z", re.IGNORECASE)),
    ("epic", re.compile(rf"epic[-_ ]?{_NUMBER}(?:[-_. ][^/]*)?\.md\Z", re.IGNORECASE)),
    ("task", re.compile(rf"task[-_ ]?{_NUMBER}(?:[-_. ][^/]*)?\.md\Z", re.IGNORECASE)),
    ("story", re.compile(rf"story[-_ ]?{_NUMBER}(?:[-_. ][^/]*)?\.md\Z", re.IGNORECASE)),
    ("task", re.compile(r"task[-_ ](?P<word>[^/]+?)\.(?:story|task)\.md\Z", re.IGNORECASE)),
    ("story", re.compile(r"(?:story[-_ ])?(?P<word>[^/]+?)\.story\.md\Z", re.IGNORECASE)),
)
_EPIC_FILES: Final = frozenset({"epic.md", "readme.md", "index.md"})


@dataclass(frozen=True, slots=True)
class Place:
    """What the name of a file says."""

    kind: Kind
    id: str = ""
    """Of the canonical layout."""
    epic: str = ""
    """Number of the epic whose folder it lies in, such as `1`."""
    number: str = ""
    """Its own number, or the word that stands for it."""
    sure: bool = True
    """False where only the heading can tell whether the file is an item at all."""

    @property
    def alias(self) -> str:
        """What such a file is called in its documents."""
        if self.kind == "epic":
            return f"epic-{self.number or self.epic}"
        if not self.number:
            return ""
        own = f"{self.kind}-{self.number}"
        return f"epic-{self.epic}-{own}" if self.epic else own


@dataclass(frozen=True, slots=True)
class Listed:
    """A file below `.ai/`."""

    path: str
    """Relative to the project."""
    stamp: str
    """Changes whenever the file was written or replaced."""
    changed_ns: int
    """When that was."""
    size: int


def place_of(path: str) -> Place | None:
    """What a path relative to the project says; None when nothing there is an item."""
    parts = path.split("/")
    if parts[0] != FOLDER or not parts[-1].lower().endswith(".md") or any(part.startswith(".") for part in parts[1:]):
        return None
    inner = parts[1:]
    if inner[0] in {"templates", "log"} and len(inner) > 1:
        return None
    if len(inner) == 1 and inner[0] in _DOCUMENTS:
        return Place(_DOCUMENTS[inner[0]])
    found = _CANONICAL.match(inner[-1])
    if len(inner) > 1 and found and ID.match(found["id"]):
        kind = _FOLDERS.get(inner[0])
        if kind is not None:
            return Place(kind, found["id"])
        if inner[0] == "documents":
            return Place("prd", found["id"], sure=False)
    return _other(inner)


def _other(parts: list[str]) -> Place | None:
    """The same for the layouts of others."""
    epic = story = ""
    for folder in parts[:-1]:
        if match := _EPIC_FOLDER.match(folder):
            epic = match["number"]
        elif match := _STORY_FOLDER.match(folder):
            story = match["number"]
    for kind, pattern in _OTHER:
        match = pattern.match(parts[-1])
        if match is None:
            continue
        if kind in {"prd", "architecture"} and len(parts) > 2:
            continue
        number = str(match.groupdict().get("number") or match.groupdict().get("word") or "")
        if kind == "epic":
            return Place("epic", number=number)
        return Place(kind, epic=epic, number=number.lower())
    if parts[-1].lower() in _EPIC_FILES and len(parts) > 1 and _EPIC_FOLDER.match(parts[-2]):
        return Place("epic", number=epic, sure=parts[-1].lower() == "epic.md")
    return Place("story", epic=epic, number=story, sure=False) if story and parts[-1].lower() == "readme.md" else None


def canonical_path(kind: Kind, id: str, title: str, *, first: bool = False) -> str:  # noqa: A002 - the field's name
    """Where an item belongs.

    Args:
        kind: What it is.
        id: Its identifier.
        title: Words for the name of the file; a later title does not rename it.
        first: Whether it is the first document of its kind, which has a name of its own.
    """
    if first and kind in {"prd", "architecture"}:
        return f"{FOLDER}/{next(name for name, found in _DOCUMENTS.items() if found == kind)}"
    return f"{FOLDER}/{_FOLDER_OF[kind]}/{id}-{slug(title) or kind}.md"


def slug(title: str) -> str:
    """Words of a title as a name of a file: lower case, without accents; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(text) <= _MOST_SLUG:
        return text
    head, _, _ = text[: _MOST_SLUG + 1].rpartition("-")
    return (head or text[:_MOST_SLUG]).strip("-")


def list_plan(root: Path, unread: list[str] | None = None) -> Iterator[Listed]:
    """Every Markdown file below `.ai/` that can be an item; links to folders are not followed.

    Args:
        root: Folder of the project.
        unread: Takes the paths of files that lie among items and are none by their names.

    Raises:
        OSError: The folder is there and cannot be read.
    """
    if (root / FOLDER).is_symlink():
        return
    waiting = [(FOLDER, 0)]
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = list(os.scandir(root / folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if depth < _MOST_DEPTH and path != TEMPLATES:
                    waiting.append((path, depth + 1))
            elif place_of(path) is not None:
                listed = _listed(entry, path)
                if listed is not None:
                    yield listed
            else:
                _pass_over(path, unread)


def _pass_over(path: str, unread: list[str] | None) -> None:
    if unread is not None and _looks_meant(path):
        unread.append(path)


def _looks_meant(path: str) -> bool:
    """Whether a file lies where only items are expected."""
    _, folder, *names = path.split("/")
    return folder in _FOLDERS and len(names) == 1 and names[0].endswith(".md") and names[0].lower() not in _EPIC_FILES


def _listed(entry: os.DirEntry[str], path: str) -> Listed | None:
    try:
        path.encode()
        found = entry.stat(follow_symlinks=False)
    except (OSError, UnicodeEncodeError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    stamp = f"{found.st_mtime_ns}-{found.st_ctime_ns}-{found.st_size}-{found.st_ino}"
    return Listed(path, stamp, max(found.st_mtime_ns, found.st_ctime_ns), found.st_size)
