"""What the service keeps between two questions: drafts, plans, and what it learned of repositories."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Generic, TypeVar

from aura_git.commits.suggesting import Learned, learn
from aura_git.repository import Repository

__all__ = ["Kept", "Lessons"]

KeptT = TypeVar("KeptT")
_MOST_LEARNED: Final = 8


class Kept(Generic[KeptT]):
    """The newest things of one kind, each for its repository."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], KeptT] = OrderedDict()

    def put(self, repository: Repository, name: str, value: KeptT) -> None:
        """Keep it; the oldest goes when there are too many."""
        self._kept[str(repository.git_dir), name] = value
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def find(self, repository: Repository, name: str) -> KeptT | None:
        """What is kept under a name for this work tree."""
        return self._kept.get((str(repository.git_dir), name))

    def drop(self, repository: Repository, name: str) -> None:
        """Keep it no longer."""
        self._kept.pop((str(repository.git_dir), name), None)


class Lessons:
    """What the histories of repositories say; only what is new since the last time is read."""

    def __init__(self, commits: int) -> None:
        self._commits = commits
        self._learned: OrderedDict[str, Learned] = OrderedDict()
        self._learning = threading.Lock()

    def of(self, repository: Repository) -> Learned:
        """What its newest commits say."""
        key = str(repository.common_dir)
        with self._learning:
            found = learn(repository, commits=self._commits, known=self._learned.pop(key, None))
            self._learned[key] = found
            while len(self._learned) > _MOST_LEARNED:
                self._learned.popitem(last=False)
        return found
