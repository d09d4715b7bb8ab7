"""Holding a model's words to what it was given: citations that exist, names that occur."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["check_citations", "names_in", "sentences", "unsupported_names", "words_of"]

_CITED: Final = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?:\([^)\n]*\))?")
_CODE: Final = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)
_IDENTIFIER: Final = re.compile(r"[^\W\d]\w*")
# What can hardly be a plain word: a_b, aB, ABc, f(), a/b.py
_CODELIKE: Final = re.compile(
    r"(?<![\w/.])(?:[\w-]+(?:/[\w.-]+)*\.(?:py|pyi|js|jsx|ts|tsx|go|rs|java|c|h|cpp|toml|json|yaml|yml|md)|"
    r"[^\W\d]\w*_\w+|_\w+|[a-z]+[0-9]*[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*|[^\W\d]\w*(?=\(\)))(?!\w)"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\[*])|\n+")
_SHORTEST: Final = 3
_COMMON: Final = (  # Words of languages and of talk about code, which prove nothing.
    "and any array assert async await bool boolean break bytes case catch char class cls const continue def "
    "default del dict elif else enum err error except exception export extends false final finally float fmt for "
    "from func function git github http https impl import interface int integer integers javascript json lambda "
    "let list map match message method mod module mut new nil none not null number object option package panic "
    "pass private protected pub public python raise result return rust self set static str string struct super "
    "switch test tests this throw trait true try tuple type typescript undefined use utf var void while with yaml "
    "yield "
)


def check_citations(text: str, count: int) -> tuple[str, set[int]]:
    """The text without citations of places that were not given, and the numbers of those that it cites.

    Code is left as it is: `rows[1]` in it cites nothing.
    """
    used: set[int] = set()

    def keep(found: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", found[1])]
        real = [number for number in dict.fromkeys(numbers) if 1 <= number <= count]
        used.update(real)
        return f"[{', '.join(str(number) for number in real)}]" if real else ""

    pieces: list[str] = []
    at = 0
    for start, end in _code_spans(text):
        pieces += [_tidied(_CITED.sub(keep, text[at:start])), text[start:end]]
        at = end
    pieces.append(_tidied(_CITED.sub(keep, text[at:])))
    return "".join(pieces).strip(), used


def _tidied(text: str) -> str:
    """Without the space that a citation leaves before a full stop."""
    return re.sub(r"[ \t]+([.,;:!?])", r"\1", re.sub(r"(?<=\S)[ \t]{2,}(?=\S)", " ", text))


def _code_spans(text: str) -> list[tuple[int, int]]:
    fences = [(found.start(), found.end()) for found in _FENCE.finditer(text)]
    inline = [
        (found.start(), found.end())
        for found in _CODE.finditer(text)
        if not any(start <= found.start() < end for start, end in fences)
    ]
    return sorted(fences + inline)


def names_in(text: str) -> list[str]:
    """Names of code in a text, each once, in its order: what stands in backticks, and what looks like no plain word."""
    found: list[tuple[int, str]] = []
    plain: list[str] = []
    at = 0
    for start, end in _code_spans(text):
        found += [(start + one.start(), one[0]) for one in _IDENTIFIER.finditer(text[start:end].lstrip("`"))]
        plain.append(text[at:start])
        plain.append(" " * (end - start))
        at = end
    plain.append(text[at:])
    words = "".join(plain)
    found += [(one.start(), one[0]) for one in _CODELIKE.finditer(words)]
    names = [name for _, name in sorted(found)]
    return [name for name in dict.fromkeys(names) if len(name) >= _SHORTEST and name.lower() not in _EVERYBODY_KNOWS]


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Every identifier in some texts, in lower case."""
    return frozenset(found.lower() for text in texts for found in _IDENTIFIER.findall(text))


def unsupported_names(text: str, given: str, known: frozenset[str] | None = None) -> list[str]:
    """Names in a text that occur nowhere in what the model was given, in the order of the text.

    A path, or a name with dots, counts as known when every part of it is.
    """
    known = words_of([given]) if known is None else known
    return [name for name in names_in(text) if not all(part.lower() in known for part in _IDENTIFIER.findall(name))]


_EVERYBODY_KNOWS: Final = words_of([_COMMON])


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [one.strip() for one in _SENTENCE.split(text) if one.strip()]
