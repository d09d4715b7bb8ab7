"""JSON in what a model wrote."""

from __future__ import annotations

import json
import math
import re
from typing import Final

from pydantic import JsonValue

from aura_shared.errors import BadAnswer
from aura_shared.security import make_visible

__all__ = ["read_json_answer", "shown"]

_FENCE: Final = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_THOUGHT: Final = re.compile(r"\A\s*(?:<think(?:ing)?>)?.*?</think(?:ing)?>", re.DOTALL)
_OPENING: Final = re.compile(r"[{\[]")
_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|"', re.DOTALL)


def read_json_answer(text: str) -> JsonValue:
    """The one JSON value in an answer, with fences, thoughts and words around it taken away.

    Nothing is guessed: what is cut, ambiguous or broken is refused.

    Raises:
        BadAnswer: There is no such value.
    """
    said = text.removeprefix("\ufeff")
    without_thought = _THOUGHT.sub("", said, count=1) if "</think" in said else said
    problem = ""
    for candidate in dict.fromkeys((said, without_thought)):
        try:
            return _parsed(candidate.strip())
        except ValueError as error:
            problem = _reason(error)
    values = _fenced(without_thought) or _among_words(without_thought)
    if len(values) == 1:
        return values[0]
    if not values:
        raise BadAnswer(f"expected JSON, found {shown(text)} ({problem})")
    raise BadAnswer(f"expected one JSON value, found {len(values)} different ones in {shown(text)}")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos:,}"
    return str(error)


def _parsed(text: str) -> JsonValue:
    """One JSON value and nothing else.

    Raises:
        ValueError: It is something else; also where Python would be more lenient than the standard.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_twice)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value


def _no_twice(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in an object twice")
    return found


def _fenced(text: str) -> list[JsonValue]:
    """Different values in fences."""
    found: list[JsonValue] = []
    for match in _FENCE.finditer(text):
        try:
            value = _parsed(match[2].strip())
        except ValueError:
            continue
        if value not in found:
            found.append(value)
    return found


def _among_words(text: str) -> list[JsonValue]:
    """Different objects and lists that stand in a text.

    A bracket that does not close means that the answer was cut. What is inside it is no answer, so the search ends.
    """
    found: list[JsonValue] = []
    place = 0
    while (opened := _OPENING.search(text, place)) is not None:
        place = _end_of(text, opened.start())
        if place < 0:
            return []
        try:
            value = _parsed(text[opened.start() : place])
        except ValueError:
            continue
        if value not in found:
            found.append(value)
    return found


def _end_of(text: str, start: int) -> int:
    """Behind the bracket that closes the one at `start`; -1 if there is none."""
    depth = 0
    for match in _PART.finditer(text, start):
        if match[0] == '"':
            return -1
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
            if not depth:
                return match.end()
    return -1


def shown(text: str) -> str:
    """Beginning and end of a text, in quotes."""
    cut = text if len(text) <= 160 else f"{text[:100]}...{text[-40:]}"
    return repr(make_visible(" ".join(cut.split())))
