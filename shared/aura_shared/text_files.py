"""Text files: from bytes to UTF-8 text, and back to bytes exactly as the file was written."""

from __future__ import annotations

import codecs
from typing import NamedTuple

__all__ = ["SAMPLE_BYTES", "Writing", "as_utf8", "is_binary", "read_text"]

SAMPLE_BYTES = 8000  # As much as git looks at to call a file binary.

_BINARY_MAGIC = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x7fELF",
)
_TEXT_CONTROLS = b"\t\n\r\f\v\x08\x1b"
_CONTROLS = bytes(byte for byte in range(32) if byte not in _TEXT_CONTROLS)
_UTF16_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

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


def is_binary(data: bytes) -> bool:
    """Whether this is not text: a NUL or many control characters in the first 8,000 bytes, or a known mark."""
    head = data[:SAMPLE_BYTES]
    if head[:2] in _UTF16_BOMS:
        return False
    if b"\0" in head or head.startswith(_BINARY_MAGIC):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 20 > len(head)


def as_utf8(data: bytes) -> bytes:
    """The same text in UTF-8, without a byte order mark; a lone carriage return becomes a line feed, CRLF stays.

    Text that is neither UTF-8 nor marked as UTF-16 is read as Latin-1, which never fails.
    """
    encoding = _UTF16_BOMS.get(data[:2])
    if encoding:
        text = data[2:].decode(encoding, "replace").encode("utf-8", "replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8)
        if not text.isascii():
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                text = text.decode("latin-1").encode("utf-8")
    if b"\r" in text and b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    return text


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
