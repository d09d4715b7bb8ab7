"""Rules about the wording of one sentence: words that cannot be tested, open ends, two demands in one, no actor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_planning.documents.findings import Fault
from aura_planning.documents.statements import Statement, Written
from aura_planning.documents.vocabulary import Lexicon, content

__all__ = ["judge_wording"]

_DEMANDS: Final = frozenset({"requirement", "detail", "criterion"})
_MEASURE: Final = re.compile(
    r"(?:[<>\u2264\u2265\u2248~]\s*\$?\d|\d+(?:[.,]\d+)?\s*(?:%|\u00d7|x\b|ms\b|s\b|sec|min\b|minutes?|hours?|days?|weeks?|"
    r"seconds?|sekunden?|minuten?|stunden?|tage?n?|[kmgt]i?b\b|px\b|fps\b|rps\b|users?\b|requests?|items?|clicks?|taps?|"
    r"characters?|zeichen|pages?|rows?|columns?|times?\b|attempts?))",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(
    "`[^`]*`|\"[^\"]{1,80}\"|\u201c[^\u201d]{1,80}\u201d|\u201e[^\u201c\u201d]{1,80}[\u201c\u201d]|'[A-Z][^']{1,60}'"
)
_AND_OR: Final = re.compile(r"(?<![\w/])(?:[Aa]nd/or|[Uu]nd/oder|y/o|e/ou|et/ou)(?![\w/])")
_UNDECIDED: Final = re.compile(
    r"(?<![\w-])(?:TBD|TBC|TBA|T\.B\.D\.|FIXME|\?\?\?+)(?![\w-])|\[(?:NEEDS CLARIFICATION|TODO|TO BE [A-Z]+)[^\]]*\]|"
    r"(?i:\bto be (?:determined|decided|defined|clarified|specified|agreed)\b|\blorem ipsum\b|"
    r"\bnoch (?:offen|zu klären|festzulegen|zu definieren)\b|\bwird noch (?:geklärt|festgelegt|definiert)\b)|TODO:"
)
_PLACE: Final = re.compile(r"<(?:insert|your|fill)[^>]*>|\[(?:insert|your|fill in|describe)[^\]]*\]", re.IGNORECASE)
_ASIDE: Final = re.compile(
    r"^(?:notes?|examples?|rationale|why|purpose|benefits?|user story|value|reasons?|background|"
    r"motivation|hinweis|beispiele?|"
    r"begründung|zweck|nutzen)\b[^:.]{0,30}[:\u2013\u2014]|"
    r"^(?:as an? .{2,80}?,? i (?:want|need|can|would)|als .{2,60} möchte ich)\b",
    re.IGNORECASE,
)
"""A sentence that explains, and demands nothing."""
_EXPLAINS: Final = re.compile(r"\b(?:why|rationale|purpose|benefit|nutzen|zweck)\s*:", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"\s*[(:\u2013\u2014]|\s+-\s|(?:\s+[\w-]+){1,2}\s*\((?!e\.g|z\.\s?b)|"
    r"\s*,?\s*(?:i\.e\.|e\.g\.|such as|including|like|by|via|to\b|for\b|z\.\s?b\.)",
    re.IGNORECASE,
)
"""What follows a word says what is meant by it."""
_BENEFIT: Final = re.compile(
    r"(?:\b(?:for|so that|so|to enable|enabling|für|damit)|\bto (?:make|keep|be))"
    r"(?:\s+(?:a|an|the|more|it|them))?\s*\Z",
    re.IGNORECASE,
)
_MAY: Final = re.compile(r"\b(?:may|MAY|optionally|optional|darf|dürfen|kann)\b")
_DEFINED: Final = re.compile(
    r"\b(?:based on|according to|as (?:defined|described|listed) in|associated with|"
    r"defined (?:in|by)|nach|gemäß|laut|entsprechend)\b",
    re.IGNORECASE,
)
_RIGHTS: Final = re.compile(
    r"\s+(?:permissions?|rights?|privileges?|role|funds?|stock|balance|berechtigung\w*|rechte?)\b", re.IGNORECASE
)
_BRACKETS: Final = re.compile(r"\([^()]*\)")
_SENTENCE: Final = re.compile(r"(?<=[.!?;])\s+(?=\S)")
_ASKS: Final[dict[str, str]] = {
    "speed": "<how long at most, for how much, measured where>",
    "ease": "<what a new user does, in how many steps or seconds, without help>",
    "quality": "<the property that can be observed, and its bound>",
    "fit": "<which exactly, or the rule that decides>",
    "amount": "<how many, or how often>",
}
_MOST_QUOTE: Final = 160


def judge_wording(written: Written, lexicon: Lexicon | None) -> Iterator[Fault]:
    """Faults of single sentences; without a word list only those that need none."""
    with_criteria = {at for at, item in enumerate(written.document.items) if item.criteria}
    detailed = {one.item for one in written.statements if one.part in {"detail", "criterion"}}
    questions = {one.line for one in written.sections if one.role == "questions"}
    for one in written.statements:
        if one.line not in questions:
            yield from _undecided(one)
        if one.part not in _DEMANDS or _ASIDE.match(one.text):
            continue
        text = _EXPLAINS.split(_QUOTED.sub(" \u25a1 ", one.text), maxsplit=1)[0]
        yield from _and_or(one, text)
        if lexicon is None:
            continue
        yield from _vague(one, text, lexicon, one.item in with_criteria or one.item in detailed)
        yield from _by_list(one, text, lexicon)
        if one.part != "criterion":
            yield from _compound(one, text, lexicon)
            yield from _passive(one, text, lexicon)


def _undecided(one: Statement) -> Iterator[Fault]:
    bare = re.sub(r"`[^`]*`", " ", one.text)
    found = _UNDECIDED.search(bare) or _PLACE.search(bare)
    if found:
        yield _fault(
            "undecided",
            one,
            f"{found.group()[:60]!r}: this is not decided yet",
            "Decide it, or move it to the open questions with the name of whoever decides.",
        )


def _and_or(one: Statement, text: str) -> Iterator[Fault]:
    found = _AND_OR.search(text)
    if found:
        left = " ".join(text[: found.start()].split()[-3:])
        right = " ".join(text[found.end() :].split()[:3])
        yield _fault(
            "and-or",
            one,
            f"{found.group()!r} leaves open which of the two is meant",
            f"Say which: \u201c{left} and {right}\u201d, \u201c{left} or {right}\u201d, "
            "or \u201cat least one of\u201d.",
        )


def _vague(one: Statement, text: str, lexicon: Lexicon, explained: bool) -> Iterator[Fault]:
    if _only_a_quality(text, lexicon) and not explained and one.part == "requirement":
        yield _fault(
            "untestable",
            one,
            f"{one.text[:60]!r} names a quality and nothing that can be observed or measured",
            f"Say it as something to measure: {_ASKS['quality']}.",
        )
        return
    found = [match for match in lexicon.vague.finditer(text) if not _excused(match, text)]
    if not found:
        return
    sort = found[0].lastgroup or "quality"
    words = ", ".join(f"{match.group()!r}" for match in {match.group().lower(): match for match in found}.values())
    left = content(lexicon.vague.sub(" ", text), lexicon)
    if len(left) <= 2 and not explained and one.part == "requirement" and "\u25a1" not in text:
        yield _fault(
            "untestable",
            one,
            f"apart from {words} it says nothing that can be observed or measured",
            f"Say it as something to measure: {_ASKS[sort]}.",
        )
        return
    plural = "are" if "," in words else "is"
    yield _fault(
        "vague-word",
        one,
        f"{words} {plural} not something that a test can tell",
        _rewritten(one.text, found[0].group(), _ASKS[sort]),
    )


def _only_a_quality(text: str, lexicon: Lexicon) -> bool:
    """`High performance`, `Security`: a name of a quality and nothing else."""
    if _MEASURE.search(text) or ":" in text.rstrip(": "):
        return False
    rest = lexicon.quality_nouns.sub(" ", text)
    if rest == text or len(text.split()) > 5:
        return False
    return len(content(rest, lexicon) - {"high", "good", "best", "great", "ensur", "improv", "hohe", "gute"}) == 0


def _excused(match: re.Match[str], text: str) -> bool:
    """Whether the word is explained by a number in its sentence, part of a name, or ruled out."""
    start = max((found.end() for found in _SENTENCE.finditer(text[: match.start()])), default=0)
    stop = next((found.start() for found in _SENTENCE.finditer(text, match.end())), len(text))
    sentence = text[start:stop]
    if match.lastgroup in {"speed", "amount", "quality", "ease"} and _MEASURE.search(sentence):
        return True
    if _NAMED.match(text, match.end()):
        return True
    if match.lastgroup == "fit" and (_DEFINED.search(sentence) or _RIGHTS.match(text, match.end())):
        return True
    before = text[start : match.start()].rstrip()
    capital = match.group()[0].isupper() and bool(before) and before[-1:] not in ".:\u2013\u2014-|"
    return capital or before.lower().endswith((" not", "non-", "\u25a1")) or _BENEFIT.search(before) is not None


def _by_list(one: Statement, text: str, lexicon: Lexicon) -> Iterator[Fault]:
    found = lexicon.open.search(text)
    if found and not _only_examples(text[: found.start()]):
        yield _fault(
            "open-ended",
            one,
            f"{found.group()!r} leaves the list open",
            "Name all that belong to it, or the rule that says what does.",
        )
    found = lexicon.escape.search(text)
    if found and not _MAY.search(text):
        yield _fault(
            "escape-clause",
            one,
            f"{found.group()!r} leaves open whether it has to be done",
            _rewritten(one.text, found.group(), "<the condition under which it must be done>"),
        )


def _only_examples(before: str) -> bool:
    """Whether what stands before `etc.` are examples of something named, or the beginning of a sequence."""
    inside = before.rpartition("(")[2]
    return (
        re.search(r"(?i)\b(?:e\.g|for example|such as|z\.\s?b|like)\b", inside) is not None
        or re.search(r"\d\D{0,12}\d\s*,\s*\Z", inside) is not None
    )


def _compound(one: Statement, text: str, lexicon: Lexicon) -> Iterator[Fault]:
    if one.part != "requirement":
        return
    sentences = [part for part in _SENTENCE.split(text) if lexicon.modal.search(part)]
    if len(sentences) >= 2:
        yield _fault(
            "compound",
            one,
            f"{len(sentences)} demands stand in one requirement",
            "Give each an id of its own: " + " | ".join(part.strip()[:70] for part in sentences[:3]),
        )
        return
    found = list(lexicon.modal.finditer(text))
    if len(found) < 2:
        return
    between = text[found[0].end() : found[1].start()]
    joined = re.search(r"(?:,|\b(?:and|und|as well as|sowie)\b|;)\s*(?:\w+\s+){0,3}\Z", between)
    if joined and not re.search(
        r"\b(?:that|which|who|if|when|because|so|unless|until|dass|wenn|die|der|das|where|what|how)\b[^,;]*\Z", between
    ):
        yield _fault(
            "compound",
            one,
            f"two demands stand in one sentence: {found[0].group()!r} and {found[1].group()!r}",
            f"Give each an id of its own: {text[: found[0].end() + joined.start()].strip()[:90]} | "
            f"{between[joined.start() :].strip(' ,;')} {text[found[1].start() :].strip()[:90]}",
        )


def _passive(one: Statement, text: str, lexicon: Lexicon) -> Iterator[Fault]:
    if one.part != "requirement":
        return
    text = _BRACKETS.sub(" ", text)
    modal = lexicon.modal.search(text)
    if modal is None:
        return
    found = lexicon.passive.search(text, modal.start())
    if found is None or lexicon.not_passive.fullmatch(found["verb"].lower()):
        return
    if lexicon.negation.search(text, modal.start(), found.end()):
        return  # what nobody may do has no actor
    if found.start() - modal.end() > 60 or lexicon.by.search(text, found.end()):
        return
    yield _fault(
        "passive-without-actor",
        one,
        f"{found.group()!r} does not say by whom or what",
        f"Name who does it: \u201c<the part of the system> {modal.group()} \u2026 {found['verb']} \u2026\u201d.",
    )


def _rewritten(text: str, word: str, instead: str) -> str:
    at = text.lower().find(word.lower())
    if at < 0:
        return instead
    start, stop = max(0, at - 50), at + len(word) + 60
    before = ("\u2026" if start else "") + text[start:at]
    after = text[at + len(word) : stop] + ("\u2026" if stop < len(text) else "")
    return f"{before}{instead}{after}"


def _fault(rule: str, one: Statement, message: str, suggestion: str) -> Fault:
    return Fault(rule, one.line, message, suggestion, one.name, one.text[:_MOST_QUOTE])
