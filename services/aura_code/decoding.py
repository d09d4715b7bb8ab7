"""From bytes to UTF-8 text with line feeds between lines, or the reason why a file is not worth reading."""

from __future__ import annotations

import codecs
import re

from aura_code.facts import SkipReason

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

_GENERATED = re.compile(
    rb"^[ \t]*(?:\.\.|//+|#+|/?\*+|--+|;+|<!--|%+|\"\"\"|'''|\(\*)[^\n]*?"
    rb"(?:@generated\b|\bCode generated\b[^\n]*\bDO NOT EDIT\b|<auto-?generated\b"
    rb"|\b(?:auto-?generated|automatically generated|generated (?:by|from|with))\b[^\n]*\bdo not (?:edit|modify)\b)",
    re.MULTILINE | re.IGNORECASE,
)
_LOCK_FILES = frozenset(
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "deno.lock",
        "Cargo.lock", "poetry.lock", "pdm.lock", "uv.lock", "Pipfile.lock", "composer.lock", "Gemfile.lock", "go.sum",
        "flake.lock", "mix.lock", "Podfile.lock", "pubspec.lock", "packages.lock.json", "gradle.lockfile",
    }
)  # fmt: skip
_MINIFIED_ENDINGS = (".min.js", ".min.mjs", ".min.css", ".bundle.js", "-min.js", ".js.map", ".css.map", ".mjs.map")

_MEAN_LINE_BYTES = 400  # Code written by people stays below 60; bundles have thousands.
_LONGEST_LINE_BYTES = 5_000


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


def why_skip(path: str, text: bytes, lines: int, *, prose: bool) -> SkipReason | None:
    """Why a text file is not worth reading: generated, or minified.

    Args:
        path: Its path; lock files and `.min.js` are known by name.
        text: Its content in UTF-8.
        lines: Its number of lines.
        prose: Whether long lines are normal in it.
    """
    name = path.rpartition("/")[2]
    if name in _LOCK_FILES or _GENERATED.search(text, 0, 2000):
        return "generated"
    if name.endswith(_MINIFIED_ENDINGS):
        return "minified"
    if not prose and len(text) > _LONGEST_LINE_BYTES and _has_endless_lines(text, lines):
        return "minified"
    return None


def _has_endless_lines(text: bytes, lines: int) -> bool:
    if len(text) > lines * _MEAN_LINE_BYTES:
        return True
    if len(text) > lines * 100:  # Only then can one line hold most of the file.
        longest = max(map(len, text.split(b"\n")))
        return longest > _LONGEST_LINE_BYTES and longest * 2 > len(text)
    return False
