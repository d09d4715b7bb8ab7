"""The tokens of a text as numbers: what each is, and the line that it stands on.

One regular expression reads a language, 2 us a line; walking the leaves of the syntax tree from Python costs far more.
 Names and literals keep their own numbers and are told apart by their kind, so that they can be left out later.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np

Hashes: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint32]]
Kinds: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Lines: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int32]]

OTHER, NAME, LITERAL, DROPPED = 0, 1, 2, 3
REMEMBERED: Final = 200_000  # Distinct tokens; the memory is emptied when it is full.
_MOST_NEWLINES: Final = 0xFFFF
_PYTHON: Final = (
    rb"#[^\n]*|[rRbBuUfF]{0,2}(?:"
    rb'"""[\s\S]*?"""|"(?:[^"\\\n]|\\[\s\S])*"'
    rb"|'''[\s\S]*?'''|'(?:[^'\\\n]|\\[\s\S])*')"
)
_C_LIKE: Final = (
    rb"//[^\n]*|/\*[\s\S]*?\*/"
    rb'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`'
    rb"|'(?:[^'\\\n]|\\[^\n])[^'\n]{0,6}'"  # A character; a lifetime of Rust has no second quote near.
)
_SCRIPT: Final = (
    rb"//[^\n]*|/\*[\s\S]*?\*/"
    rb'|"(?:[^"\\\n]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|\'(?:[^\'\\\n]|\\[\s\S])*\''
)
_REST: Final = rb"|\n|[0-9][\w.]*|[^\W\d]\w*|[\x80-\xff]+|[^\s\w]"
_KEYWORDS: Final = frozenset(
    b"""False None True and as assert async await break case catch class const continue def defer del do elif else enum
    except extends false final finally fn for from func function global go if impl import in interface instanceof is
    lambda let loop match mod mut new nil nonlocal not null or package pass pub raise range return select self static
    struct super switch this throw throws trait true try type typeof undefined unsafe use var void where while with
    yield""".split()
)
SCRIPTS: Final = frozenset({"javascript", "typescript", "tsx"})


class Tokens(NamedTuple):
    """Tokens in their order, without comments."""

    hashes: Hashes
    """What each token is."""
    kinds: Kinds
    """OTHER, NAME or LITERAL."""
    lines: Lines
    """The line of each, from 1."""

    def part(self, start_line: int, end_line: int) -> Tokens:
        """Those of some lines."""
        begin, end = np.searchsorted(self.lines, [start_line, end_line + 1]).tolist()
        return Tokens(self.hashes[begin:end], self.kinds[begin:end], self.lines[begin:end])

    def shape(self) -> Hashes:
        """The tokens with every name and every literal alike."""
        return np.where(self.kinds == OTHER, self.hashes, self.kinds.astype(np.uint32))


def family(language: str) -> str:
    """Languages whose code is compared share a family."""
    return "javascript" if language in SCRIPTS else language


@cache
def _scanner(language: str) -> re.Pattern[bytes]:
    if language == "python":
        return re.compile(_PYTHON + _REST)
    return re.compile((_SCRIPT if language in SCRIPTS else _C_LIKE) + _REST)


_seen: dict[bytes, int] = {}


def read_tokens(text: bytes, language: str) -> Tokens:
    """The tokens of a text."""
    if len(_seen) > REMEMBERED:
        _seen.clear()
    seen, python = _seen, language == "python"
    codes = np.array(
        [seen[token] if token in seen else _learn(token, python) for token in _scanner(language).findall(text)],
        dtype=np.int64,
    )
    kinds = (codes & 0xFF).astype(np.uint8)
    newlines = (codes >> 8) & _MOST_NEWLINES
    lines = 1 + np.cumsum(newlines) - newlines
    kept = kinds != DROPPED
    return Tokens((codes[kept] >> 24).astype(np.uint32), kinds[kept], lines[kept].astype(np.int32))


def _learn(token: bytes, python: bool) -> int:
    """The number of a token: its hash, how many lines it ends, and its kind."""
    newlines = min(token.count(b"\n"), _MOST_NEWLINES)
    code = (crc32(token) << 24) | (newlines << 8) | _kind(token, python)
    if token[:1] not in {b"#", b"/"} and len(token) < 200:  # `#` and `//` mean other things in other languages.
        _seen[token] = code
    return code


def _kind(token: bytes, python: bool) -> int:
    first = token[:1]
    if first == b"\n" or (token[:1] == b"#" and python) or token[:2] in {b"//", b"/*"}:
        return DROPPED
    if token[-1:] in {b'"', b"'", b"`"} and len(token) > 1:
        return LITERAL
    if first.isdigit():
        return LITERAL
    if first.isalpha() or first == b"_" or first >= b"\x80":
        return OTHER if token in _KEYWORDS else NAME
    return OTHER
