"""Sifting a model's words: what names code that was not shown, claims what nobody did, or would read as a footer."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from aura_factory.assist.grounding import sentences, unsupported_names
from aura_shared.messages.wording import DroppedWords

__all__ = ["Sieve", "one_phrase", "paragraph"]

_FOOTER: Final = re.compile(
    r"^\s*(?:BREAKING[ -]CHANGE|[A-Za-z]+(?:-[A-Za-z]+)*-by|Change-Id|Refs?|Closes|Fixes|Resolves)\s*(?::|\s#)"
)
_CLAIM: Final = re.compile(
    r"\btests?\b[^.]*\b(?:pass(?:es|ed)?|succeed(?:s|ed)?|green)\b|\b(?:fully|been|was|were) tested\b", re.IGNORECASE
)
_TYPED: Final = re.compile(r"^[A-Za-z]{2,12}(?:\([^()\n]{0,60}\))?!?:\s+")
_HANGING: Final = frozenset(
    (
        *("a", "an", "the", "its", "this", "that", "which", "if", "so", "and", "or", "as", "than", "when", "where"),
        *("of", "to", "in", "on", "by", "for", "from", "with", "without", "at", "into", "via", "using", "per"),
        *("over", "under", "before", "after", "since", "instead", ""),
    )
)
_FEWEST_WORDS: Final = 2


class Sieve:
    """Takes out what cannot stand, and remembers it.

    Args:
        known: Every word that may be named as code, in lower case.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self.dropped: list[DroppedWords] = []
        """What was taken out."""
        self.faults: list[str] = []
        """What the model is told to mend."""

    def sentences(self, texts: Sequence[str], *, whole: bool = False) -> list[str]:
        """The sentences of some texts that can stand; with `whole`, a text stands or falls as one."""
        kept: list[str] = []
        for text in texts:
            for one in [" ".join(text.split())] if whole else sentences(text):
                clean = one.lstrip("#-*> ").strip()
                problem = self._problem(clean)
                if clean and not problem:
                    kept.append(clean)
                elif clean:
                    self._drop(one, problem)
        return kept

    def header(self, text: str, room: int, *, cut: bool) -> str:
        """A first line of at most `room` characters that names nothing unknown.

        With `cut` it is shortened until it holds, and empty when nothing of use is left.
        """
        unknown = unsupported_names(text, "", self._known)
        if not text:
            self.faults.append("The first line is empty.")
        if unknown:
            self.faults.append(f"The first line names {_listed(unknown)}, which the change does not show.")
        if len(text) > room:
            self.faults.append(f"The first line has {len(text)} characters; at most {room} are allowed.")
        if not cut or not (unknown or len(text) > room):
            return text
        short = _cut_before(text, unknown) if unknown else text
        short = _cut_to(short, room)
        if len(short.split()) < _FEWEST_WORDS:
            return ""
        self.dropped.append(DroppedWords(text=text, reason=f"shortened to {short!r}: {' '.join(self.faults)}"))
        return short

    def _problem(self, sentence: str) -> str:
        if _FOOTER.match(sentence):
            return "would read as a footer"
        if _CLAIM.search(sentence):
            return "claims what a model cannot know"
        unknown = unsupported_names(sentence, "", self._known)
        return f"names {_listed(unknown)}, which the change does not show" if unknown else ""

    def _drop(self, sentence: str, reason: str) -> None:
        self.dropped.append(DroppedWords(text=sentence, reason=reason))
        self.faults.append(f"This sentence {reason}: {sentence}")


def one_phrase(text: str, prefix: str, *, capitalised: bool | None) -> str:
    """A description as one line, without a type that the model repeated and without a full stop.

    Args:
        text: What the model wrote.
        prefix: What stands before it in the header; without one a type is left where it is.
        capitalised: How it begins; None to leave it. A first word that is code stays as it is.
    """
    line = " ".join(text.split()).lstrip("#-*> ")
    if prefix:
        line = line.removeprefix(prefix).lstrip()
        line = _TYPED.sub("", line, count=1)
    line = line.rstrip(".").strip()
    first = line.partition(" ")[0]
    if capitalised is None or not first or not (first.islower() or first.istitle()) or not first.isalpha():
        return line
    return (first[0].upper() if capitalised else first[0].lower()) + line[1:]


def paragraph(texts: Sequence[str], *, width: int) -> str:
    """Sentences as one paragraph, broken into lines of at most `width` characters; 0 for one line."""
    text = " ".join(texts)
    if not width:
        return text
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:4])


def _cut_before(text: str, names: Sequence[str]) -> str:
    at = min((text.find(name) for name in names if name in text), default=len(text))
    return _without_hanging(text[:at].rstrip("`'\"(. "))


def _cut_to(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    head = text[: room + 1]
    return _without_hanging(head[: head.rfind(" ")] if " " in head else "")


def _without_hanging(text: str) -> str:
    """Without words at the end that lead to something that is gone, and without half a piece of code."""
    if text.count("`") % 2:
        text = text[: text.rindex("`")]
    words = text.split()
    while words and words[-1].strip("`,;:-").lower() in _HANGING:
        words.pop()
    return " ".join(words).rstrip(",;:- ")
