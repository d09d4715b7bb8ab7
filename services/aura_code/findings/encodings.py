"""A file's text for editing, and back to bytes exactly as the file was written."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from aura_code.decoding import as_utf8, is_binary

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Writing(NamedTuple):
    """How a file writes its text."""

    mark: bytes
    """Byte order mark; empty without one."""
    encoding: str
    line_end: str
    """`\\n`, `\\r\\n` or `\\r`: the one that most of its lines end in."""

    def encode(self, text: bytes) -> bytes:
        """The bytes of a text that `read_text` gave.

        Raises:
            UnicodeError: The file's encoding has no such character.
        """
        if self.line_end == "\r":
            text = text.replace(b"\n", b"\r")
        return self.mark + text.decode().encode(self.encoding)

    def inserted(self, text: str) -> str:
        """Text to insert, whose lines end in line feeds, with the ends of this file."""
        return text.replace("\n", "\r\n") if self.line_end == "\r\n" else text


def read_text(data: bytes) -> tuple[bytes, Writing] | None:
    """A file's text in UTF-8, and how to write it again; None when writing it would change more than was edited."""
    if is_binary(data):
        return None
    text = as_utf8(data)
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    if not mark and not _is_utf8(data):
        encoding = "latin-1"
    writing = Writing(mark, encoding, _line_end(data, text))
    try:
        same = writing.encode(text) == data
    except UnicodeError:
        return None
    return (text, writing) if same else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _line_end(data: bytes, text: bytes) -> str:
    windows = text.count(b"\r\n")
    if windows * 2 > text.count(b"\n"):
        return "\r\n"
    return "\r" if b"\r" in data and b"\r" not in text else "\n"
