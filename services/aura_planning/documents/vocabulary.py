"""Words: which language a document is written in, what of a sentence counts, and what cannot be tested."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from aura_planning.endings import endings, without_ending

__all__ = [
    "NAMES",
    "Language",
    "Lexicon",
    "content",
    "in_order",
    "language_of",
    "lexicon_of",
    "plain_text",
    "section_role",
    "stem",
]

Language: TypeAlias = Literal["en", "de", "es", "fr", "pt", "pl", "cjk", "cyrillic", ""]
"""`""`: too little text to tell."""

NAMES: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "German",
    "es": "Spanish",
    "fr": "French",
    "pt": "Portuguese",
    "pl": "Polish",
    "cjk": "Chinese, Japanese or Korean",
    "cyrillic": "a language in Cyrillic letters",
    "": "an unknown language",
}
_MARKS: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset(("the", "and", "of", "to", "is", "with", "for", "that", "as", "are", "must", "shall", "when")),
    "de": frozenset(
        ("der", "die", "das", "und", "ist", "mit", "für", "nicht", "werden", "ein", "eine", "muss", "wird")
    ),
    "es": frozenset(("el", "los", "las", "del", "y", "para", "con", "una", "debe", "como", "quiero", "por", "que")),
    "fr": frozenset(("le", "les", "des", "et", "pour", "avec", "une", "doit", "dans", "est", "du", "que", "je")),
    "pt": frozenset(("o", "os", "da", "do", "e", "para", "com", "uma", "deve", "não", "que", "como", "quero")),
    "pl": frozenset(("i", "w", "z", "na", "jest", "dla", "oraz", "nie", "się", "że", "musi", "jako", "chcę")),
}
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_MARKUP: Final = re.compile(r"\*\*|__|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|<!--.*?-->|<[^>\n]{1,80}>")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_WORD_OR_CODE: Final = re.compile(rf"`[^`\n]*`|{_WORD.pattern}")
_LIST: Final = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
_ENDINGS: Final = endings("ied", "en")
_LEAST: Final = 12


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word lists of one language."""

    common: frozenset[str]
    modal: re.Pattern[str]
    negation: re.Pattern[str]
    by: re.Pattern[str]
    passive: re.Pattern[str]
    not_passive: re.Pattern[str]
    quality_nouns: re.Pattern[str]
    vague: re.Pattern[str]
    """With a named group for each sort of vagueness."""
    escape: re.Pattern[str]
    open: re.Pattern[str]


@cache
def lexicon_of(language: Language) -> Lexicon | None:
    """The word lists of a language; None where there are none."""
    if language not in _LIST:
        return None
    words = cast("dict[str, Any]", _LIST[language])
    vague = "|".join(f"(?P<{name}>{'|'.join(found)})" for name, found in words["vague"].items())
    return Lexicon(
        common=frozenset(words["common"]),
        modal=_words(words["modal"]),
        negation=_words(words["negation"]),
        by=_words(words["by"]),
        passive=_words(words["passive"]),
        not_passive=re.compile(words["not_passive"]),
        quality_nouns=_words(words["quality_nouns"]),
        vague=_words(vague),
        escape=_words("|".join(words["escape"]["words"])),
        open=_words("|".join(words["open"]["words"])),
    )


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)


@cache
def _headings() -> Sequence[tuple[str, re.Pattern[str]]]:
    return tuple((name, re.compile(pattern)) for name, pattern in _LIST["headings"].items())


def section_role(heading: str) -> str:
    """What a section is for, such as `goals` or `out`; empty where its heading does not say."""
    words = re.sub(r"^[\W\d]+|[\W_]+$", "", plain_text(heading).lower())
    return next((name for name, pattern in _headings() if pattern.search(words)), "")


def plain_text(text: str) -> str:
    """A line without the signs of Markdown; code stays as it is, in backticks."""
    return _MARKUP.sub("", _LINK.sub(r"\1", text)).strip()


def language_of(texts: Sequence[str]) -> Language:
    """The language that most of the words belong to."""
    joined = _CODE.sub(" ", " ".join(texts))
    letters = sum(one.isalpha() for one in joined) or 1
    if (
        sum("\u3040" <= one <= "\u30ff" or "\u4e00" <= one <= "\u9fff" or "\uac00" <= one <= "\ud7af" for one in joined)
        * 5
        > letters
    ):
        return "cjk"
    if sum("\u0400" <= one <= "\u04ff" for one in joined) * 3 > letters:
        return "cyrillic"
    words = [one.lower() for one in _WORD.findall(joined)]
    counts = {name: sum(word in marks for word in words) for name, marks in _MARKS.items()}
    best = max(counts, key=lambda name: counts[name])
    return cast("Language", best) if counts[best] >= min(_LEAST, max(2, len(words) // 20)) else ""


def stem(word: str) -> str:
    """A word without its ending, so that `passwords` and `password` are one."""
    low = word.lower().replace("\u2019", "'").removesuffix("'s")
    return without_ending(low, _ENDINGS)


def content(text: str, lexicon: Lexicon) -> frozenset[str]:
    """The stems of the words of a sentence that say what it is about; code counts as one word each."""
    return frozenset(in_order(text, lexicon))


def in_order(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The same as they follow one another."""
    rest = lexicon.negation.sub(" ", lexicon.modal.sub(" ", text))
    found: list[str] = []
    for one in _WORD_OR_CODE.finditer(rest):
        word = one.group()
        if word.startswith("`"):
            found.append(word.strip("`").lower())
        elif word.lower() not in lexicon.common:
            found.append(stem(word))
    return tuple(found)
