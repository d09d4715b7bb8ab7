"""Learns from the history of a repository how its messages are written; only new commits are read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_git.commits.classifying import Classifier, Example, train
from aura_git.commits.configuration import read_configuration
from aura_git.commits.contract import Habits
from aura_git.commits.expecting import expected_types
from aura_git.commits.features import Features, features_of
from aura_git.commits.grammar import split_area
from aura_git.commits.habits import KNOWN_TYPES, habits_of
from aura_git.commits.history import PastCommit, is_ordinary, list_commits, read_patches
from aura_git.commits.rules import TYPES
from aura_git.commits.scopes import PastScope, ScopeVotes
from aura_git.repository import Repository

__all__ = ["Learned", "Lesson", "learn"]

_LISTED: Final = 6
"""Commits that are listed for each one that is wanted: merges, bots and releases are left out."""
_RARE: Final = 5
_SHARE: Final = 0.02
"""How often a type has to be used that is known nowhere else: what stands before the colon may be an area."""
_MOST_TIMES: Final = 3
_FEW: Final = 100
"""Below so many examples, a type that was never used here may still be guessed."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A past commit, and what is seen of its change."""

    commit: PastCommit
    features: Features
    prior: dict[str, float]


@dataclass(frozen=True)
class Learned:
    """What the history and the configuration of a repository say about its messages."""

    head: str
    """Commit that it was learned up to; empty while there is none."""
    habits: Habits
    repository: Repository = field(repr=False)
    classifier: Classifier | None = field(default=None, repr=False)
    """None while there is no conventional commit."""
    votes: ScopeVotes | None = field(default=None, repr=False)
    lessons: tuple[Lesson, ...] = field(default=(), repr=False)
    """Newest first."""
    listed: tuple[PastCommit, ...] = field(default=(), repr=False)
    """Ordinary commits, newest first, for the habits."""


def learn(repository: Repository, *, commits: int = 400, known: Learned | None = None, start: str = "HEAD") -> Learned:
    """Learn how messages are written here; 0.5 to 2 s for 400 commits, and some milliseconds for a few new ones.

    Args:
        repository: Which; nothing is written.
        commits: Newest conventional commits to learn from.
        known: What was learned before: only commits since then are read.
        start: Where the history begins.
    """
    head = repository.git.find_commit(start) or ""
    base = _usable(repository, known, head)
    new = list_commits(repository, head, most=commits * _LISTED, stop=base.head if base else "") if head else []
    ordinary = [one for one in new if is_ordinary(one)]
    listed = _newest([*ordinary, *(base.listed if base else ())], commits)
    named = "" if start == "HEAD" else head
    signs = repository.git.config("format.signOff") == "true"
    habits = habits_of(listed, read_configuration(repository, named), signed_off=signs)
    lessons = _lessons(repository, listed, base, habits)
    if base is not None and not ordinary and habits == base.habits:
        return Learned(head, habits, repository, base.classifier, base.votes, base.lessons, base.listed)
    return Learned(head, habits, repository, _classifier(lessons, habits), _votes(lessons, habits), lessons, listed)


def _newest(ordinary: Sequence[PastCommit], commits: int) -> tuple[PastCommit, ...]:
    """So many conventional ones with the others between them; at most three times as many together."""
    typed = 0
    for at, one in enumerate(ordinary[: _MOST_TIMES * commits]):
        typed += bool(one.header.type)
        if typed == commits:
            return tuple(ordinary[: at + 1])
    return tuple(ordinary[: _MOST_TIMES * commits])


def _usable(repository: Repository, known: Learned | None, head: str) -> Learned | None:
    """What is known, when the history only grew since."""
    if known is None or not known.head or not head:
        return None
    grew = repository.git.read("merge-base", "--is-ancestor", known.head, head, ok=(0, 1, 128))
    return known if grew.code == 0 else None


def _lessons(
    repository: Repository, listed: Sequence[PastCommit], base: Learned | None, habits: Habits
) -> tuple[Lesson, ...]:
    """The commits with what they did; those that say nothing of types or scopes are not read."""
    useful = [one for one in listed if habits.style in {"area", "tag"} or one.header.type]
    seen = {one.commit.hash: one for one in base.lessons} if base else {}
    missing = [one.hash for one in useful if one.hash not in seen]
    patches = dict(read_patches(repository, missing)) if missing else {}
    lessons: list[Lesson] = []
    for one in useful:
        if one.hash in seen:
            lessons.append(seen[one.hash])
        elif patch := patches.get(one.hash):
            features = features_of(patch)
            lessons.append(Lesson(one, features, expected_types(features)))
    return tuple(lessons)


def _classifier(lessons: Sequence[Lesson], habits: Habits) -> Classifier | None:
    if habits.style != "conventional":
        return None
    counts = Counter(one.commit.header.type.lower() for one in lessons)
    kept = {name for name, count in counts.items() if name in KNOWN_TYPES or count >= max(_RARE, _SHARE * len(lessons))}
    kept |= {name.lower() for name in habits.allowed_types}
    examples = [
        Example(one.features, name, one.prior) for one in lessons if (name := one.commit.header.type.lower()) in kept
    ]
    if not examples:
        return None
    return train(examples, further=TYPES if len(examples) < _FEW else ())


def _votes(lessons: Sequence[Lesson], habits: Habits) -> ScopeVotes | None:
    if not lessons:
        return None
    if habits.style == "conventional":
        past = [PastScope(one.features, one.commit.header.type.lower(), one.commit.header.scope) for one in lessons]
    else:
        areas = [(one, split_area(one.commit.subject)) for one in lessons]
        past = [PastScope(one.features, "", area if form == habits.style else "") for one, (form, area, _) in areas]
    return ScopeVotes(past, habits.allowed_scopes)
