"""Rules about two statements: contradictions, numbers that differ, duplicates, in and out of scope at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.documents.findings import Fault
from aura_planning.documents.statements import Statement, Written
from aura_planning.documents.vocabulary import Lexicon, content, in_order, stem

__all__ = ["compare"]

_NUMBER: Final = re.compile(
    r"(?P<bound>at most|no more than|not exceed|up to|maximum(?: of)?|max\.?|within|under|less than|below|"
    r"<=?|\u2264|höchstens|maximal|bis zu|"
    r"at least|no less than|minimum(?: of)?|min\.?|more than|above|>=?|\u2265|mindestens|every|after|for)?\s*"
    r"(?P<value>\d+(?:[.,]\d+)?)\s*-?\s*(?P<unit>%|ms\b|s\b|seconds?\b|sek\w*|min(?:utes?|uten?)?\b|hours?\b|h\b|stunden?\b|days?\b|tage?n?\b|weeks?\b|"
    r"months?\b|years?\b|[kmgt]i?b\b|characters?\b|chars?\b|zeichen\b|users?\b|requests?\b|items?\b|attempts?\b|retries\b|times\b|"
    r"pages?\b|px\b|entries\b|records?\b|rows?\b|files?\b|digits?\b)",
    re.IGNORECASE,
)
_UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("ms", r"ms"),
    ("s", r"s(?:econds?|ek\w*)?"),
    ("min", r"min(?:ute[sn]?)?"),
    ("h", r"h|hours?|stunden?"),
    ("day", r"days?|tage?n?"),
    ("char", r"char(?:acter)?s?|zeichen"),
)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0}
_UPPER: Final = re.compile(
    r"at most|no more|exceed|up to|max|within|under|less|below|<|\u2264|höchst|bis zu", re.IGNORECASE
)
_LOWER: Final = re.compile(r"at least|no less|min|more|above|>|\u2265|mindest", re.IGNORECASE)
_BOUND_WORDS: Final = frozenset(
    (
        "maximum",
        "max",
        "minimum",
        "min",
        "least",
        "most",
        "within",
        "under",
        "less",
        "more",
        "than",
        "up",
        "below",
        "above",
        "exceed",
    )
)
_ANY_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_CONDITION: Final = re.compile(
    r"\b(?:if|when|unless|until|while|except|only|before|after|otherwise|once|wenn|falls|außer|solange|bevor|nachdem|nur)\b",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"[^:.]{2,40}:\s*\S")
_LEAST_SENTENCE: Final = 4
"""Words of what is compared without an id; shorter entries stand for themselves in lists of several things."""
_LEAST_WORDS: Final = 3
"""Of what has an id."""
_WORDS_OF_ONE: Final = 6
_MOST_ORDER: Final = 40
_MOST_BEFORE: Final = 4
"""Signs that may stand before an id."""
_MOST: Final = 5000
_LEAST_SHARED: Final = 2


@dataclass(frozen=True, slots=True)
class _Said:
    statement: Statement
    text: str
    """Without its id."""
    words: frozenset[str]
    order: tuple[str, ...]
    """The same words as they follow one another."""
    negated: bool


def compare(written: Written, lexicon: Lexicon) -> Iterator[Fault]:
    """Faults between two statements, told at the later one."""
    said = [
        _Said(
            one,
            _bare(one),
            content(_bare(one), lexicon),
            in_order(_bare(one), lexicon),
            lexicon.negation.search(one.text) is not None,
        )
        for one in written.statements
        if one.part in {"requirement", "criterion", "detail", "scope", "out", "story"} and not one.text.endswith(":")
    ][:_MOST]
    demands = [one for one in said if one.statement.part == "requirement"]
    yield from _opposites(demands, lexicon)
    yield from _numbers([one for one in said if one.statement.part in {"requirement", "criterion", "detail"}])
    yield from _twice(demands, "requirement")
    yield from _twice([one for one in said if _opens_a_story(one, written)], "story")
    yield from _both_ways(said)


def _bare(one: Statement) -> str:
    """The words of a statement without its id."""
    at = one.text.find(one.name) if one.name else -1
    return one.text[at + len(one.name) :].lstrip(" :.)*-\u2013\u2014") if 0 <= at <= _MOST_BEFORE else one.text


def _opens_a_story(one: _Said, written: Written) -> bool:
    at = one.statement.item
    return (
        one.statement.part == "story"
        and at is not None
        and written.document.items[at].source.first == one.statement.line
    )


def _opposites(said: Sequence[_Said], lexicon: Lexicon) -> Iterator[Fault]:
    """Demands about the very same words, of which one is negated."""
    seen: dict[tuple[frozenset[str], bool], _Said] = {}
    for one in said:
        if len(one.words) < _LEAST_SHARED or _CONDITION.search(one.text) or not _demands(one.text, lexicon):
            continue
        other = seen.get((one.words, not one.negated))
        seen.setdefault((one.words, one.negated), one)
        if other is not None and other.statement.line != one.statement.line:
            yield _against(
                "contradiction",
                other,
                one,
                f"says the opposite of {_place(other)}",
                "Decide which of the two holds and take the other one out, or say under which condition each holds.",
            )


def _demands(text: str, lexicon: Lexicon) -> bool:
    return (
        lexicon.modal.search(text) is not None
        or re.search(r"\b(?:can(?:not|'t)?|may|kann|können|darf|dürfen)\b", text) is not None
    )


def _numbers(said: Sequence[_Said]) -> Iterator[Fault]:
    """Two numbers of the same kind about the very same words."""
    seen: dict[tuple[object, ...], tuple[_Said, float, str]] = {}
    for one in said:
        quantity = None if _is_a_value(one) else _quantity(one)
        words = one.words - _BOUND_WORDS - {stem(found["unit"]) for found in _NUMBER.finditer(one.text)}
        least = _LEAST_SHARED - bool(one.statement.name) if one.statement.part == "requirement" else _LEAST_SHARED + 1
        if quantity is None or len(words) < least:
            continue
        kind, value, told = quantity
        first, known, written = seen.setdefault((words, kind, *_other_numbers(one)), (one, value, told))
        if known != value and first.statement.line != one.statement.line:
            yield _against(
                "different-numbers",
                first,
                one,
                f"gives {told!r}, and line {first.statement.line} gives {written!r} for the same thing",
                "Keep the right number in one place and refer to it from the other.",
            )


def _quantity(one: _Said) -> tuple[tuple[str, str], float, str] | None:
    """Bound and unit, the value, and how it is written; None without exactly one number with a unit."""
    found = list(_NUMBER.finditer(one.text))
    if len(found) != 1:
        return None
    bound = found[0]["bound"] or ""
    side = "most" if _UPPER.search(bound) else "least" if _LOWER.search(bound) else ""
    unit = found[0]["unit"].lower()
    unit = next((name for name, pattern in _UNITS if re.fullmatch(pattern, unit)), unit.rstrip("s"))
    value = float(found[0]["value"].replace(",", "."))
    if unit in _SECONDS:
        value, unit = value * _SECONDS[unit], "time"
    return (side, unit), value, found[0].group().strip()


def _other_numbers(one: _Said) -> list[str]:
    return _ANY_NUMBER.findall(_NUMBER.sub(" ", one.text))


def _twice(said: Sequence[_Said], what: str) -> Iterator[Fault]:
    """Statements of which one says nothing that the other does not say, in the same order and with the same numbers."""
    whole: dict[tuple[object, ...], _Said] = {}
    shorter: dict[tuple[object, ...], _Said] = {}
    for one in said:
        least = _LEAST_WORDS if one.statement.name else _LEAST_SENTENCE
        if _is_a_value(one) or len(one.words) < least:
            continue
        rest = (one.negated, *_ANY_NUMBER.findall(one.text))
        keys = [(words, *rest) for words in _shortened(one.order)]
        own = (one.order, *rest)
        first = whole.get(own) or shorter.get(own) or next((whole[key] for key in keys if key in whole), None)
        whole.setdefault(own, one)
        for key in keys:
            shorter.setdefault(key, one)
        if first is not None and first.statement.item != one.statement.item:
            yield _against(
                "duplicate",
                first,
                one,
                f"says the same as the {what} in {_place(first)}",
                "Keep one of them, and let the other place refer to it: "
                f"\u201csee {first.statement.name or f'line {first.statement.line}'}\u201d.",
            )


def _shortened(order: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The same words with so few left out that it still says the same: one of six, two of twelve."""
    count = len(order)
    for at in range(count if count >= _WORDS_OF_ONE else 0):
        yield order[:at] + order[at + 1 :]
    for at in range(count if _WORDS_OF_ONE * 2 <= count <= _MOST_ORDER else 0):
        for other in range(at + 1, count):
            yield order[:at] + order[at + 1 : other] + order[other + 1 :]


def _is_a_value(one: _Said) -> bool:
    """`Protocol: REST`: a value, which may stand below several headings."""
    return not one.statement.name and _LABEL.match(one.statement.text) is not None


def _both_ways(said: Sequence[_Said]) -> Iterator[Fault]:
    out = [one for one in said if one.statement.part == "out" and len(one.words) >= _LEAST_SHARED]
    inside = [one for one in said if one.statement.part in {"scope", "requirement"} and not one.negated]
    for one in out:
        for other in inside:
            if one.words <= other.words and len(other.words) <= len(one.words) + 3:
                first, second = sorted((one, other), key=lambda it: it.statement.line)
                told = f"rules out what {_place(first)} asks for"
                if second is not one:
                    told = f"asks for what {_place(first)} rules out"
                yield _against(
                    "in-and-out-of-scope",
                    first,
                    second,
                    told,
                    "Take it out of one of the two lists, or say which part of it is meant in each.",
                )
                break


def _against(rule: str, first: _Said, second: _Said, told: str, suggestion: str) -> Fault:
    """A fault told at the later statement; `told` goes on after its name."""
    one = second.statement
    return Fault(
        rule,
        one.line,
        f"{one.name or 'this'} {told}",
        suggestion,
        one.name,
        one.text[:160],
        other=first.statement.line,
    )


def _place(one: _Said) -> str:
    return f"line {one.statement.line}, {one.statement.text[:80]!r}"
