"""Names of items: `Epic 1.1: Title`, `US-004`, `T012 [P]`, `### Requirement: Title`, `1.2.3: Title`."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.parsing.contract import KINDS, Kind
from aura_planning.parsing.lexicon import WORDS, Role

__all__ = ["Name", "code_in_role", "is_story_sentence", "key_of", "read_name", "story_sentence"]

_SEPARATOR: Final = r"(?:\s*[:：.)）\]|·—–]|\s+[-–—|·]\s|\s*\Z)"
_WORDS: Final[Sequence[tuple[Kind, str]]] = tuple((kind, "|".join(WORDS["names"][kind])) for kind in KINDS)
_NUMBER: Final = r"(?:[A-Z]{1,4}[-.]?)?\d+(?:[.\-]\d+)*[a-z]?"
_LETTER: Final = r"|(?-i:[A-Z])(?=\s*[\u2014\u2013:.)-]\s)"
"""`Epic A: Title`; other kinds are not numbered so."""
_NAMED: Final[Sequence[tuple[Kind, re.Pattern[str]]]] = tuple(
    (
        kind,
        re.compile(
            rf"(?P<alias>(?:{words})(?:\s*[#№nN°º]*\s*|\s*[-_]\s*)"
            rf"(?P<number>{_NUMBER}{_LETTER if kind == 'epic' else ''}))"
            rf"(?P<after>{_SEPARATOR}|\s+(?=\S))",
            re.IGNORECASE,
        ),
    )
    for kind, words in _WORDS
)
_TWO_WORDS: Final = r"(?P<extra>\s+[^\s:：]{1,24}(?: [^\s:：]{1,24})?)?"
_UNNUMBERED: Final[Sequence[tuple[Kind, re.Pattern[str]]]] = tuple(
    (kind, re.compile(rf"(?:{words}){_TWO_WORDS}\s*[:：]\s*(?=\S)", re.IGNORECASE)) for kind, words in _WORDS
)
_CODES: Final[Mapping[str, Kind]] = {code: kind for kind in KINDS for code in WORDS["codes"][kind]}
_NO_ITEM: Final = frozenset[str](WORDS["codes"]["none"])
_CODE: Final = re.compile(
    r"(?P<alias>(?P<prefix>[A-Z][A-Z]{0,9})(?P<mid>(?:[-_][A-Z][A-Z0-9]{0,12}){0,3})[-_.#]?(?P<number>\d{1,5}(?:[.\-_]\d{1,4})*(?:[a-z]|[A-Z](?=[:\s]))?))(?![\w/])"
)
_LOOSE_CODE: Final = re.compile(
    r"(?P<alias>[A-Za-z][A-Za-z0-9]{0,11}(?:[-_.][A-Za-z][A-Za-z0-9]{0,12}){0,3}[-_.]?\d{1,5}(?:[.\-]\d{1,4})*[a-z]?|"
    r"#\d{1,6})(?![\w/])"
)
_DOTTED: Final = re.compile(r"(?P<alias>\d{1,3}(?:\.\d{1,3}){1,4})(?:[.:)]|(?=\s))\s*")
_OPENING: Final = re.compile(r"[\s>]*(?:\[(?=[A-Z]{1,6}[-_]?\d)|[*_`~(（\[]{1,3}(?=[A-Za-z#\d]))?")
_CLOSING: Final = re.compile(r"[*_`~\])）]{0,4}\s*(?:[:：.)|·—–-]+(?=\s|\Z|\*)|(?<=\s)[-–—](?=\s))?[*_`~]{0,3}\s*")
_NOT_A_NAME: Final = re.compile(
    r"(?:,|/|&|\+|and\b|or\b|to\b|through\b|und\b|oder\b|bis\b|y\b|e\b|et\b|depends\b|depend\b|is\b|are\b|was\b|"
    r"must\b|requires?\b|blocks?\b|blocked\b|has\b|can\b|needs?\b|establish|"
    r"[-–—]\s*(?-i:(?:[A-Z]{1,5}-?)?\d)|→|->|extends?\b|edits?\b|tests? MUST|complete[ds]?\b(?!\s*\S+\s*[:\-]))",
    re.IGNORECASE,
)  # fmt: skip
_ASIDE: Final = re.compile(r"\A\s*\([^()]{0,60}\)")
_PERSON: Final = r"[^,，、.;:!?\n]{1,90}?"
_SENTENCES: Final = re.compile(
    rf"\b(?:as (?:an?|the|any) {_PERSON},?\s+(?:(?:and|or) {_PERSON},?\s+)?i(?:'d| would)? (?:want|need|would|like|"
    rf"wish|can|should|must|expect|am able|have)\b"
    rf"|as [A-Z][\w-]+(?: [A-Z]?[\w-]+)?,\s+i (?:want|need|would|can|must)\b"
    rf"|als {_PERSON},?\s+(?:möchte|will|kann|muss|brauche|wünsche|wil|soll)\b(?: ich| ik)?"
    rf"|como {_PERSON},?\s+(?:yo )?(?:quiero|necesito|deseo|puedo|quisiera|me gustaría|(?:eu )?(?:quero|preciso|"
    rf"desejo|gostaria|posso))\b"
    rf"|en tant qu(?:e |['’]){_PERSON},?\s+je (?:veux|souhaite|voudrais|peux|dois|désire)\b"
    rf"|jako {_PERSON},?\s+(?:chcę|chciałbym|chciał(?:a)?bym|mogę|potrzebuję)\b"
    rf"|come {_PERSON},?\s+(?:voglio|vorrei|desidero|posso)\b"
    rf"|как {_PERSON},?\s+я (?:хочу|могу|должен|хотел)\b"
    r"|作为.{1,60}?我?(?:希望|想要|想|要|需要|能够|可以)|作為.{1,60}?我?(?:希望|想要|想)|.{1,40}?として[、,].{2,}(?:たい|ほしい|できる)"
    r"|로서.{2,}(?:싶다|원한다|수 있다))",
    re.IGNORECASE,
)  # fmt: skip
_BRACKETS: Final = re.compile(r"\([^()\n]{0,80}\)")
_SENTENCE_HEAD: Final = 60
_EMPHASIS: Final = re.compile(r"[*_]{1,3}|`")


@dataclass(frozen=True, slots=True)
class Name:
    """The name at the beginning of a heading, item or line."""

    kind: Kind
    alias: str
    """As it is written; empty for `Requirement: Title`."""
    title: str
    sure: bool = True
    """Whether the name alone makes an item, wherever it stands."""
    loose: bool = False
    """Whether nothing stands between id and title."""


def read_name(text: str, *, heading: bool = False) -> Name | None:
    """The name of an item at the beginning of a text.

    Args:
        text: A heading, or the text of an item or line.
        heading: Whether words may follow the number without a sign between.
    """
    start = _OPENING.match(text)
    at = start.end() if start else 0
    return _worded(text, at, heading=heading) or _coded(text, at, heading=heading) or _unnumbered(text, at)


def _worded(text: str, at: int, *, heading: bool) -> Name | None:
    for kind, pattern in _NAMED:
        found = pattern.match(text, at)
        if found is None:
            continue
        end = found.end("number")
        rest = text[end:]
        close = _CLOSING.match(rest)
        title = rest[close.end() :] if close else rest
        separated = (
            bool(found["after"].strip())
            or not found["after"]
            or (close is not None and close.end() > 0 and rest[:1] in "*_`)]")
        )
        if _NOT_A_NAME.match(rest.lstrip(" *_`")) or not (separated or heading or not title):
            return None
        return Name(kind, _tidy(found["alias"]), title.strip(), loose=not separated and bool(title))
    return None


def _coded(text: str, at: int, *, heading: bool) -> Name | None:
    found = _CODE.match(text, at)
    if found is None or found["prefix"] in _NO_ITEM:
        return None
    kind = _CODES.get(found["prefix"])
    if kind is None or (len(found["prefix"]) == 1 and not _single(found)):
        return None
    rest = text[found.end() :]
    beyond = _ASIDE.sub("", rest)
    if _NOT_A_NAME.match(beyond.lstrip(" *_`])")) and not rest.lstrip(" *_`])").startswith((" -", " –")):
        return None
    close = _CLOSING.match(rest)
    title = rest[close.end() :] if close else rest
    bare = close is None or not rest[: close.end()].strip(" ")
    if bare and title[:1].islower() and not heading and kind != "task":
        return None
    return Name(kind, found["alias"], title.strip())


def _single(found: re.Match[str]) -> bool:
    """Whether a code of one letter is one: `T012`, `R-01`; `E2E` and `R2` are words."""
    return (found["prefix"] == "T" and len(found["number"]) >= 2) or "-" in found["alias"]


def _unnumbered(text: str, at: int) -> Name | None:
    for kind, pattern in _UNNUMBERED:
        found = pattern.match(text, at)
        if found is not None and not (found["extra"] and kind != "requirement"):
            title = text[found.end() :].strip(" *_`")
            extra = (found["extra"] or "").strip()
            return Name(kind, "", f"{extra}: {title}" if extra else title, sure=False)
    return None


def code_in_role(text: str, role: Role) -> Name | None:
    """The code at the beginning of a line in a section that lists items: there any code is one."""
    kind = _KIND_OF_ROLE.get(role)
    start = _OPENING.match(text)
    at = start.end() if start else 0
    found = _LOOSE_CODE.match(text, at) or (_DOTTED.match(text, at) if kind else None)
    if kind is None or found is None or found["alias"].split("-")[0].upper() in {"SC", "AC", "CA"}:
        return None
    rest = text[found.end("alias") :]
    close = _CLOSING.match(rest)
    if (
        close is None
        or (not rest[: close.end()].strip() and not found["alias"][0].isdigit())
        or _NOT_A_NAME.match(rest.lstrip(" *_`])"))
    ):
        return None
    if (
        re.match(r"[A-Za-z]+\d+\Z", found["alias"])
        and not found["alias"][:-1].isupper()
        and not found["alias"][0].isupper()
    ):
        return None
    return Name(kind, found["alias"], rest[close.end() :].strip())


_KIND_OF_ROLE: Final[Mapping[str, Kind]] = {
    "epics": "epic", "stories": "story", "tasks": "task", "requirements": "requirement", "features": "requirement",
    "specs": "requirement",
}  # fmt: skip


def _tidy(alias: str) -> str:
    return re.sub(r"\s+", " ", alias).strip(" *_`")


def key_of(alias: str) -> str:
    """What two spellings of an id have in common: `Story 1.2`, `story-1.2` and `1.2` are `1.2`; `FR-003` is `FR3`."""
    number = re.search(r"\d+(?:[.\-_]\d+)*[a-z]?\Z", alias.strip(" *_`#"))
    if number is None:
        return alias.lower()
    prefix = re.sub(r"[^A-Za-z]", "", alias[: number.start()]).upper()
    coded = re.match(r"[A-Z]{1,6}[-_][A-Z]", alias.strip(" *_`#")) is not None  # such as `NFR-SCALE-002`
    worded = prefix.lower() in _PREFIXES or (len(prefix) > 6 and not coded)
    digits = ".".join(str(int(one)) if one.isdigit() else one for one in re.split(r"[.\-_]", number[0]))
    return digits if worded or not prefix else f"{prefix}{digits}"


_PREFIXES: Final = frozenset(
    (
        "epic",
        "story",
        "task",
        "userstory",
        "subtask",
        "requirement",
        "tarea",
        "tarefa",
        "aufgabe",
        "historia",
        "anforderung",
    )
)


def is_story_sentence(text: str) -> bool:
    """Whether a text says who wants what: `As a reader, I want ...`."""
    return story_sentence(text) is not None


def story_sentence(text: str) -> str | None:
    """The sentence that says who wants what, without quotes and emphasis; None without one at the beginning."""
    bare = _EMPHASIS.sub("", text).strip(" \"'“”„«»「」>")
    found = _SENTENCES.search(_BRACKETS.sub(lambda inner: "x" * len(inner[0]), bare[:400]))
    if found is None or found.start() > _SENTENCE_HEAD or (found.start() and not _introduced(bare[: found.start()])):
        return None
    return bare[found.start() :].strip(" \"'“”„«»「」")


def _introduced(before: str) -> bool:
    """Whether what stands before a story's sentence only names it."""
    return before.rstrip(" \"'“”„«»「」(")[-1:] in ":：-–—.)］」|" or len(before.split()) <= 2
