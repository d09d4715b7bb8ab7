"""The log of an item: where it stands, and how it is kept short without losing a word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from aura_planning.items.editing import set_section, write_section
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import FOLDER
from aura_planning.items.writing import current, safe_place

__all__ = ["archive_path", "fold_log", "log_entries", "log_section"]

_LOGS: Final = ("Log", "Work log", "Chat command log")
_ENTRY: Final = re.compile(r"[-*+] ")
_FOLDED: Final = re.compile(r"- (\d+) older (?:entry|entries) in \S+\Z")


def log_section(data: bytes) -> str:
    """The section that a file keeps its log in."""
    return next((name for name in _LOGS if write_section(data, name)), _LOGS[0])


def log_entries(data: bytes) -> int:
    """How many entries the log has, without the line that says where older ones are."""
    return len(_split(write_section(data, log_section(data)))[1])


def archive_path(identifier: str) -> str:
    """Where the older entries of an item are."""
    return f"{FOLDER}/log/{identifier}.md"


def fold_log(root: Path, identifier: str, data: bytes, keep: int) -> tuple[bytes, FileChange]:
    """Move all entries but the newest to the archive of the item, as they are.

    Args:
        root: Folder of the project.
        identifier: Of the item.
        data: Its file.
        keep: How many entries stay.

    Returns:
        The file, and the change of the archive.

    Raises:
        UnsafePath: The archive leads out of the project.
    """
    section = log_section(data)
    head, entries, folded = _split(write_section(data, section))
    cut = max(0, len(entries) - keep)
    path = archive_path(identifier)
    before = current(safe_place(root, path))
    words = "entry" if folded + cut == 1 else "entries"
    lines = [*head, f"- {folded + cut} older {words} in {path}", *(line for entry in entries[cut:] for line in entry)]
    after = set_section(data, section, "\n".join(lines))
    start = before if before is not None else f"# Older entries of the log of {identifier}\n\n".encode()
    if not start.endswith(b"\n"):
        start += b"\n"
    moved = "".join(f"{line}\n" for entry in entries[:cut] for line in entry)
    return after, FileChange(path, before, start + moved.encode("utf-8", "surrogateescape"))


def _split(words: str) -> tuple[list[str], list[list[str]], int]:
    """What stands before the first entry, the entries with the lines that belong to them, and how many were folded."""
    head: list[str] = []
    entries: list[list[str]] = []
    folded = 0
    for line in words.splitlines():
        found = _FOLDED.match(line.strip())
        if found and not entries:
            folded += int(found[1])
        elif _ENTRY.match(line):
            entries.append([line])
        else:
            (entries[-1] if entries else head).append(line)
    return head, entries, folded
