"""Counting how often something is written which way, and the habits that come out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from aura_shared.messages.refactoring import Habit

Topic = Literal[
    "naming", "quotes", "indent", "line-length", "typing", "errors", "tests", "imports", "docstrings", "comments",
    "semicolons", "exports", "async", "logging", "header",
]  # fmt: skip

LEAST_SHARE: Final = 0.8
"""Below it a code base is mixed: a model that is told one of two ways is wrong as often as not told at all."""
LEAST_SEEN: Final = 5


class Question(NamedTuple):
    """Something that can be written in several ways."""

    topic: Topic
    id: str
    rules: tuple[tuple[str, str], ...]
    """For each way that is worth telling its instruction; other ways are counted only."""


class Place(NamedTuple):
    """One place that was counted."""

    question: Question
    way: str
    line: int


@dataclass(slots=True)
class Tally:
    """What was counted, by question."""

    counts: dict[Question, Counter[str]] = field(default_factory=dict[Question, "Counter[str]"])
    examples: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def take(self, path: str, places: Iterable[Place]) -> None:
        """Count the places of a file."""
        for question, way, line in places:
            self.counts.setdefault(question, Counter())[way] += 1
            self.examples.setdefault((question.id, way), f"{path}:{line}")

    def habit(self, question: Question) -> Habit | None:
        """The way that most places follow; None when that is mixed, seldom seen, or not worth telling."""
        counts = self.counts.get(question, Counter[str]())
        seen = counts.total()
        if seen < LEAST_SEEN:
            return None
        way, most = counts.most_common(1)[0]
        rule = dict(question.rules).get(way, "")
        if not rule or most / seen < LEAST_SHARE:
            return None
        return Habit(
            topic=question.topic,
            rule=rule,
            share=round(most / seen, 3),
            seen=seen,
            example=self.examples[question.id, way],
        )


def habits(near: Tally, every: Tally) -> list[Habit]:
    """The habits of a folder where it has enough to tell, else those of all files, by topic."""
    found: list[Habit] = []
    for question in every.counts:
        local = near.counts.get(question, Counter[str]())
        enough = local.total() >= LEAST_SEEN
        habit = near.habit(question) if enough else every.habit(question)
        if habit is not None:
            found.append(habit)
    return found
