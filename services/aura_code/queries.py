"""How a query is read: words, an identifier, a path, an exact string or a regular expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aura_code.places import PLATFORMS, PlaceKind
from aura_code.terms import WORD, split_identifier, words
from aura_shared.errors import EmptyQuery, TooLarge, UsageProblem
from aura_shared.messages.code import QueryMode

MOST_BYTES: Final = 100_000
MOST_RANKED: Final = 2_000  # Characters; nobody's question is longer, and pasted files would cost seconds.
MOST_WORDS: Final = 64  # Distinct words that count; the first ones.

_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d"}
_REGEX: Final = re.compile(r"/(.+)/([imsx]*)", re.DOTALL)
_PATH: Final = re.compile(r"(?:\.{0,2}/)?[^\s/\\:*?\"<>|]+(?:[/\\][^\s/\\:*?\"<>|]+)*[/\\]?")
_FILE_NAME: Final = re.compile(r"[\w.@+-]*\w\.[A-Za-z][A-Za-z0-9]{0,9}")
_IDENTIFIER: Final = re.compile(
    r"[@#&*$]*(?P<name>~?[^\W\d][\w$]*(?:(?:::|\.|->|#|/)~?[^\W\d][\w$]*)*[!?=]?)(?:<[^<>]*>)?(?:\(\s*\)|\(\.\.\.\))?;?"
)
_SEPARATOR: Final = re.compile(r"::|\.|->|#|/")
_KEYWORDS: Final = frozenset(
    [
        "class",
        "struct",
        "interface",
        "trait",
        "enum",
        "type",
        "func",
        "function",
        "fn",
        "def",
        "method",
        "macro",
        "define",
        "impl",
        "module",
        "namespace",
        "object",
    ]
)
_STOP: Final = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "done",
        "each",
        "for",
        "from",
        "get",
        "gets",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "make",
        "makes",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "out",
        "over",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "up",
        "us",
        "use",
        "used",
        "uses",
        "using",
        "via",
        "was",
        "way",
        "we",
        "were",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "within",
        "would",
        "you",
        "your",
    ]
)
FAINT: Final = words(
    """
    across actual actually again against along another back because before behind between both come comes decide decided
    decides different during even every given go goes handle handled handles handling happen happens here implement
    implemented implements inside instead keep keeps kept less many more most much need needed needs only other outside
    same several still take taken takes through together toward towards turn turned turns until very without work
    working works
    """
)
"""Words of a question that say little of what it is about, though code may use them seldom."""
_TEST_WORDS: Final = words(
    """
    test tests testing tested unittest spec specs fixture fixtures mock mocks
    """
)
_DOC_WORDS: Final = frozenset(
    [
        "doc",
        "docs",
        "documentation",
        "readme",
        "changelog",
        "tutorial",
        "guide",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
    ]
)
_TYPE_WORDS: Final = words("type types typing typings interface interfaces inference")
_DATA_WORDS: Final = words("json yaml yml toml xml ini html css config workflow manifest")
_LEGACY_WORDS: Final = words("legacy deprecated compat compatibility old vendored")
_INTENTS: Final[dict[PlaceKind, frozenset[str]]] = {
    "tests": _TEST_WORDS,
    "docs": _DOC_WORDS,
    "legacy": _LEGACY_WORDS,
    "types": _TYPE_WORDS,
    "platform": PLATFORMS,
    "data": _DATA_WORDS,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was understood."""

    text: str
    mode: QueryMode
    words: tuple[str, ...] = ()
    """Distinct words that count for ranking, in order; of a sentence without the ones that every sentence has."""
    name: str = ""
    """The last part of an identifier."""
    container: tuple[str, ...] = ()
    """What an identifier was qualified with, outermost first."""
    path: str = ""
    """A path or the end of one, with forward slashes."""
    exact: str = ""
    """The exact string."""
    pattern: str = ""
    """The regular expression."""
    flags: str = ""
    """Letters of i, m, s, x."""
    intents: frozenset[PlaceKind] = frozenset()
    """Kinds of files that the words ask for, so that they do not count less."""


def read_query(text: str, mode: QueryMode = "auto") -> Query:
    """The query, understood by its form unless `mode` says how.

    A single word that could be a path stays an identifier here; the search looks whether such a file exists.

    Raises:
        EmptyQuery: There is nothing to search for.
        TooLarge: It has more than 100,000 bytes.
        UsageProblem: The mode does not fit.
    """
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise TooLarge(f"The query is longer than {MOST_BYTES:,} bytes.", hint="Ask for less at once.")
    stripped = text.strip()
    if not stripped:
        raise EmptyQuery("The query is empty.")
    if mode == "auto":
        mode = _recognise(stripped)
    query = _READERS[mode](stripped)
    if query is None:
        raise UsageProblem(
            f"This is not {_NAMES[mode]}: {stripped[:80]}", hint="Leave the mode out, or correct the query."
        )
    return query


def _recognise(text: str) -> QueryMode:
    if _quoted(text) is not None:
        return "exact"
    if len(text) > 2 and _REGEX.fullmatch(text):
        return "regex"
    if len(text) <= 300:
        if _read_identifier(text) is not None:
            return "identifier"
        if _PATH.fullmatch(text) and ("/" in text or "\\" in text or _FILE_NAME.fullmatch(text)):
            return "path"
    return "words"


def _quoted(text: str) -> str | None:
    """What stands in the quotes when the whole text is quoted."""
    closing = _QUOTES.get(text[0])
    if closing and len(text) > 2 and text.endswith(closing):
        inner = text[1:-1]
        if closing not in inner or inner.replace(f"\\{closing}", "").count(closing) == 0:
            return inner.replace(f"\\{closing}", closing)
    return None


def _read_words(text: str) -> Query | None:
    text = text[:MOST_RANKED]
    found = list(dict.fromkeys(WORD.findall(text) or re.findall(r"\d+", text)))
    # A sentence that consists of such words only is searched with them.
    telling = [word for word in found if word.lower() not in _STOP and (len(word) > 1 or not word.isascii())] or found
    return Query(text=text, mode="words", words=tuple(telling[:MOST_WORDS]), intents=_intents(found))


def _intents(named: list[str]) -> frozenset[PlaceKind]:
    parts = {part for word in named for part in (word.lower(), *split_identifier(word))}
    return frozenset(intent for intent, marks in _INTENTS.items() if parts & marks)


def _read_identifier(text: str) -> Query | None:
    keyword, _, rest = text.partition(" ")
    if keyword in _KEYWORDS and rest and " " not in rest.strip():
        text = rest.strip()
    match = _IDENTIFIER.fullmatch(text)
    if match is None or (_FILE_NAME.fullmatch(text) and "/" in text):
        return None
    parts = [part for part in _SEPARATOR.split(match["name"]) if part]
    if "/" in match["name"] and len(parts) > 1:
        return None
    named = tuple(dict.fromkeys(part for part in parts if WORD.search(part)))
    return Query(
        text=text,
        mode="identifier",
        words=named,
        name=parts[-1],
        container=tuple(parts[:-1]),
        path=text if _FILE_NAME.fullmatch(text) else "",
        intents=_intents(list(named)),
    )


def _read_path(text: str) -> Query | None:
    path = text.replace("\\", "/").removeprefix("./").strip("/")
    if not path:
        return None
    named = tuple(dict.fromkeys(WORD.findall(path)))
    return Query(text=text, mode="path", words=named[:MOST_WORDS], path=path, intents=_intents(list(named)))


def _read_exact(text: str) -> Query | None:
    inner = _quoted(text)
    exact = text if inner is None else inner
    named = tuple(dict.fromkeys(WORD.findall(exact[:MOST_RANKED])))
    return Query(text=text, mode="exact", exact=exact, words=named[:MOST_WORDS], intents=_intents(list(named)))


def _read_regex(text: str) -> Query | None:
    match = _REGEX.fullmatch(text)
    pattern, flags = (match[1], match[2]) if match else (text, "")
    return Query(text=text, mode="regex", pattern=pattern.replace("\\/", "/"), flags=flags)


_READERS: Final = {
    "words": _read_words,
    "identifier": _read_identifier,
    "path": _read_path,
    "exact": _read_exact,
    "regex": _read_regex,
}
_NAMES: Final = {
    "words": "a question",
    "identifier": "an identifier",
    "path": "a path",
    "exact": "an exact string",
    "regex": "a regular expression",
}


def as_words(query: Query) -> Query:
    """The same query read as words, for when its form misled."""
    return _read_words(query.text) or query
