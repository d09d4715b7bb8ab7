"""How lines are compared and put right: trailing space, typographic characters, escapes, indentation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

__all__ = [
    "REPAIRS",
    "Repair",
    "compare_key",
    "consistent_repair",
    "fold",
    "has_typographic_quotes",
    "indent_of",
    "is_blank",
    "is_comment",
    "is_filler",
    "is_placeholder",
    "numbered",
    "positions",
    "runs",
]

_QUOTES: Final = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201b": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00a0": " ",
        "\u202f": " ",
        "\u200b": None,
        "\ufeff": None,
    }
)
_DASHES: Final = str.maketrans({"\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "..."})
"""Compared as plain, and never made so in what is written: a dash is as often meant as not."""
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))

Repair = Callable[[str], str]
"""Turns a line as a model wrote it into the line that was meant."""


def _plain(line: str) -> str:
    return line


def _straighten(line: str) -> str:
    return line.translate(_QUOTES)


def _unescape(line: str) -> str:
    return re.sub(r"\\([\"'`])", r"\1", line)


def _unescape_all(line: str) -> str:
    return re.sub(r"\\([\"'`\\])", r"\1", line)


def _decode_entities(line: str) -> str:
    for entity, character in _ENTITIES:
        line = line.replace(entity, character)
    return line


REPAIRS: Final[tuple[tuple[str, Repair], ...]] = (
    ("", _plain),
    ("typographic characters made plain", _straighten),
    ("escapes removed", _unescape),
    ("escapes removed", _unescape_all),
    ("entities decoded", _decode_entities),
    ("typographic characters made plain, escapes removed", lambda line: _unescape(_straighten(line))),
)
"""What may have happened to every line of a block alike, the most harmless first."""


def fold(line: str) -> str:
    """A line with everything typographic made plain, to compare it."""
    return line if line.isascii() else _straighten(line).translate(_DASHES)


def compare_key(line: str) -> str:
    """A line without what never matters: space at its end."""
    return line.rstrip()


def indent_of(line: str) -> str:
    """The space and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


_TYPOGRAPHIC: Final = re.compile("[\u2018-\u201e\u00a0]")
_BARE_QUOTE: Final = re.compile(r"(?<!\\)[\"']")
_ESCAPED_QUOTE: Final = re.compile(r"\\[\"']")
_ENTITY: Final = re.compile(r"&(?:lt|gt|quot|#39|amp);")
_BARE_MARK: Final = re.compile(r"[<>]|&(?!(?:lt|gt|quot|#39|amp);)")


def has_typographic_quotes(text: str) -> bool:
    """Whether a text holds quotes or spaces that no keyboard has."""
    return not text.isascii() and _TYPOGRAPHIC.search(text) is not None


def consistent_repair(written: str, known: str) -> int:
    """Which of `REPAIRS` a text needs by itself: 0 for none.

    A text all of whose quotes are typographic, or escaped, or all of whose signs are entities, was damaged as a whole;
    where some are and some are not, that is meant.

    Args:
        written: What a model wrote.
        known: Text of the file; what it holds itself is no damage.
    """
    if not _BARE_QUOTE.search(written):
        if _ESCAPED_QUOTE.search(written):
            return 2
        if has_typographic_quotes(written) and not has_typographic_quotes(known):
            return 1
    if _ENTITY.search(written) and not _BARE_MARK.search(written) and not _ENTITY.search(known):
        return 4
    return 0


def is_blank(line: str) -> bool:
    """Whether nothing is on a line."""
    return not line.strip()


_COMMENT: Final = re.compile(
    r"\s*(?://|/\*|\*/|\* |\*$|#(?!\[|!\[|include|define|if|ifdef|ifndef|else|endif|pragma|undef|error)|<!--|--\s)"
)


def is_comment(line: str) -> bool:
    """Whether a line holds nothing but a comment, in any of the languages that are parsed."""
    return _COMMENT.match(line) is not None


def is_filler(line: str) -> bool:
    """Whether a line is blank or a comment alone: what models leave out."""
    return is_blank(line) or is_comment(line)


_MARK: Final = r"(?://+|/\*+|#+|<!--|--|;+|\{/\*|\*)"
_DOTS: Final = r"(?:\.{3,}|\u2026)"
_WORDS: Final = (
    r"(?:(?:the\s+)?(?:rest|remainder)\s+of\b.*"
    r"|(?:the\s+)?(?:rest|remainder)\s+(?:is\s+|stays\s+|remains\s+)?(?:unchanged|the same|as (?:is|before))\b.*"
    r"|(?:the\s+)?(?:existing|previous|original|other|remaining|unchanged)\s+(?:\w+\s+){0,3}?"
    r"(?:code|implementation|functions?|methods?|lines?|content|body|logic|imports?|tests?|classes|definitions?|parts?)\b.*"
    r"|(?:code|everything|all|other|others|content|implementation|functions?|methods?|file|imports?)\s+(?:\w+\s+){0,3}?"
    r"(?:unchanged|omitted|as before|the same|remains?|here|goes here)\b.*"
    r"|(?:unchanged|same as before|as before|no changes?|omitted(?: for brevity)?|snip(?:ped)?"
    r"|keep (?:the )?(?:rest|existing)\b.*)"
    r"|your code here|implementation here|unchanged code)"
)
_PLACEHOLDER: Final = re.compile(
    rf"\s*(?:{_MARK}\s*(?:{_DOTS}.{{0,80}}|[\[(<]?\s*{_WORDS})|{_DOTS}(?:\s*{_WORDS})?\s*{_DOTS}?|\[{_DOTS}\]|\({_DOTS}\))"
    r"\s*(?:\*/|-->|\*/\})?\s*",
    re.IGNORECASE,
)


def is_placeholder(line: str) -> bool:
    """Whether a line stands for code that was left out, as in `# ... rest of the code unchanged ...`."""
    return _PLACEHOLDER.fullmatch(line) is not None


def positions(lines: Sequence[str]) -> dict[str, list[int]]:
    """Where each line stands, from 0."""
    found: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        found.setdefault(line, []).append(at)
    return found


def runs(lines: Sequence[str], sought: Sequence[str], index: dict[str, list[int]]) -> list[int]:
    """Where a run of lines stands, by its rarest line; every place, from 0."""
    if not sought:
        return []
    rarest = min(range(len(sought)), key=lambda at: len(index.get(sought[at], ())))
    starts = (place - rarest for place in index.get(sought[rarest], ()))
    size = len(sought)
    wanted = list(sought)
    return [at for at in starts if at >= 0 and list(lines[at : at + size]) == wanted]


def numbered(lines: Iterable[str], first: int) -> tuple[tuple[int, str], ...]:
    """Lines with their numbers.

    Args:
        lines: What to number.
        first: Number of the first one, from 1.
    """
    return tuple((first + at, line) for at, line in enumerate(lines))
