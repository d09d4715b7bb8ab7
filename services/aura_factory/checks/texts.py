"""What the files of a project would be with a proposal in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aura_shared.errors import EditRefused, FileMovedOn, StorageError, UnknownFile, UsageProblem
from aura_shared.messages.changes import ProposedFile, TextEdit
from aura_shared.security import open_inside
from aura_shared.text_files import Writing, read_text

__all__ = ["Version", "edited", "versions"]

_MOST_BYTES: Final = 20_000_000
_PLAIN: Final = Writing(b"", "utf-8", "\n")


class Version:
    """One file before and after."""

    __slots__ = ("after", "before", "path")

    def __init__(self, path: str, before: bytes | None, after: bytes | None) -> None:
        self.path = path
        """Relative to the project."""
        self.before = before
        """Its bytes now; None when there is no such file."""
        self.after = after
        """Its bytes then; None when it goes."""


def versions(root: Path, files: Sequence[ProposedFile]) -> list[Version]:
    """The files that a proposal changes, with their bytes before and after; a move is a deletion and a new file.

    Raises:
        FileMovedOn: A file is not what the proposal was made from.
        EditRefused: Edits overlap, lie outside the text, or cannot be written in the file's encoding.
        UnsafePath: A path leads outside the project.
        UsageProblem: A file has both a text and edits.
        StorageError: A file is too large, or cannot be read.
    """
    found: list[Version] = []
    for file in files:
        source = file.moved_from or file.path
        before = _bytes(root, source)
        if file.base and (before is None or hashlib.sha256(before).hexdigest() != file.base):
            raise FileMovedOn(f"{source} has changed since the proposal was made", hint="Make it again.")
        after = _after(file, before)
        if file.moved_from:
            found.append(Version(file.moved_from, before, None))
            before = _bytes(root, file.path)
        found.append(Version(file.path, before, after))
    return found


def _bytes(root: Path, path: str) -> bytes | None:
    try:
        with open_inside(root, path) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except UnknownFile:
        return None
    if len(data) > _MOST_BYTES:
        raise StorageError(f"{path} is over {_MOST_BYTES // 1_000_000} MB")
    return data


def _after(file: ProposedFile, before: bytes | None) -> bytes | None:
    if file.content is not None and file.edits is not None:
        raise UsageProblem(f"{file.path}: give its whole text or edits, not both")
    if file.content is None and file.edits is None:
        return before if file.moved_from else None
    read = read_text(before) if before else (b"", _PLAIN)
    if read is None:
        raise EditRefused(f"{file.path}: it is binary, or its encoding cannot be written back exactly")
    text, writing = read
    if file.content is not None:
        new = writing.inserted(file.content.replace("\r\n", "\n")).encode()
    else:
        new = edited(file.path, text, file.edits or (), writing)
    try:
        return writing.encode(new)
    except UnicodeError as error:
        raise EditRefused(
            f"{file.path}: its encoding, {writing.encoding}, lacks a character of the new text"
        ) from error


def edited(path: str, text: bytes, edits: Sequence[TextEdit], writing: Writing = _PLAIN) -> bytes:
    """A text with edits made.

    Raises:
        EditRefused: They overlap, or lie outside the text.
    """
    parts: list[bytes] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < done or edit.end < edit.start or edit.end > len(text):
            raise EditRefused(f"{path}: the edit at byte {edit.start} overlaps another one, or lies outside the text")
        parts += [text[done : edit.start], writing.inserted(edit.text).encode()]
        done = edit.end
    return b"".join([*parts, text[done:]])
