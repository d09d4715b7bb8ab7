"""Rules about two statements: contradictions, numbers that differ, duplicates, in and out of scope at once."""

from __future__ import annotations

import re
from collections import defaultdict
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
_MOST: Final = 1500
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
    return re.sub(rf"^\W*{re.escape(one.name)}\W*", "", one.text) if one.name else one.text


def _opens_a_story(one: _Said, written: Written) -> bool:
    at = one.statement.item
    return (
        one.statement.part == "story"
        and at is not None
        and written.document.items[at].source.first == one.statement.line
    )


def _pairs(said: Sequence[_Said]) -> Iterator[tuple[_Said, _Said, int]]:
    """Statements that share at least two words, in the order of the document, with how many they share."""
    holding: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(said):
        shared: dict[int, int] = defaultdict(int)
        for word in one.words:
            for other in holding[word]:
                shared[other] += 1
            holding[word].append(at)
        for other, count in sorted(shared.items()):
            if count >= _LEAST_SHARED and said[other].statement.line != one.statement.line:
                yield said[other], one, count


def _opposites(said: Sequence[_Said], lexicon: Lexicon) -> Iterator[Fault]:
    for first, second, shared in _pairs(said):
        if first.negated == second.negated or shared < max(len(first.words), len(second.words)):
            continue
        texts = (first.text, second.text)
        if any(_CONDITION.search(text) for text in texts) or not all(_demands(text, lexicon) for text in texts):
            continue
        yield _against(
            "contradiction",
            first,
            second,
            f"says the opposite of {_place(first)}",
            "Decide which of the two holds and take the other one out, or say under which condition each holds.",
        )


def _demands(text: str, lexicon: Lexicon) -> bool:
    return (
        lexicon.modal.search(text) is not None
        or re.search(r"\b(?:can(?:not|'t)?|may|kann|können|darf|dürfen)\b", text) is not None
    )


def _numbers(said: Sequence[_Said]) -> Iterator[Fault]:
    for first, second in _same_subject(said):
        one, other = _quantity(first), _quantity(second)
        if one is None or other is None or one[0] != other[0] or one[1] == other[1]:
            continue
        if _other_numbers(first) != _other_numbers(second):
            continue
        told = f"gives {other[2]!r}, and line {first.statement.line} gives {one[2]!r} for the same thing"
        yield _against(
            "different-numbers",
            first,
            second,
            told,
            "Keep the right number in one place and refer to it from the other.",
        )


def _same_subject(said: Sequence[_Said]) -> Iterator[tuple[_Said, _Said]]:
    """Statements with a number about the same words."""
    seen: dict[frozenset[str], list[_Said]] = defaultdict(list)
    for one in said:
        if not _NUMBER.search(one.text) or _is_a_value(one):
            continue
        key = one.words - _BOUND_WORDS - {stem(found["unit"]) for found in _NUMBER.finditer(one.text)}
        least = _LEAST_SHARED - bool(one.statement.name) if one.statement.part == "requirement" else _LEAST_SHARED + 1
        for first in seen[key]:
            if first.statement.line != one.statement.line and len(key) >= least:
                yield first, one
        seen[key].append(one)


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
    told: set[int] = set()
    for first, second, shared in _pairs(said):
        if second.statement.line in told or first.statement.item == second.statement.item:
            continue
        if not _as_many(first, second, shared) or not _same_words(first, second):
            continue
        told.add(second.statement.line)
        yield _against(
            "duplicate",
            first,
            second,
            f"says the same as the {what} in {_place(first)}",
            "Keep one of them, and let the other place refer to it: "
            f"\u201csee {first.statement.name or f'line {first.statement.line}'}\u201d.",
        )


def _as_many(first: _Said, second: _Said, shared: int) -> bool:
    """Whether nearly all words are shared, and there are enough to compare."""
    small, large = sorted((len(first.words), len(second.words)))
    least = 3 if first.statement.name or second.statement.name else _LEAST_SENTENCE
    return small >= least and shared >= small and large - small <= large // 6


def _same_words(first: _Said, second: _Said) -> bool:
    """Whether one says nothing that the other does not say, in the same order and with the same numbers."""
    if first.negated != second.negated or _is_a_value(first) or _is_a_value(second):
        return False
    if not _within(first.order, second.order) and not _within(second.order, first.order):
        return False
    return _ANY_NUMBER.findall(first.text) == _ANY_NUMBER.findall(second.text)


def _is_a_value(one: _Said) -> bool:
    """`Protocol: REST`: a value, which may stand below several headings."""
    return not one.statement.name and _LABEL.match(one.statement.text) is not None


def _within(few: Sequence[str], many: Sequence[str]) -> bool:
    """Whether all of the first stand in the second, in the same order."""
    rest = iter(many)
    return all(one in rest for one in few)


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
