"""Messages without a model: learned from the history of the repository, made from what changed."""

from __future__ import annotations

from dataclasses import dataclass

from aura_git.commits.changes import read_commit, read_staged
from aura_git.commits.contract import CommitMessage, Guess, Habits, StagedChange, Suggestion
from aura_git.commits.grammar import format_message, parse_message
from aura_git.commits.linting import lint_message, lint_range
from aura_git.repository import Repository

__all__ = [
    "Learned",
    "format_message",
    "learn",
    "lint_message",
    "lint_range",
    "parse_message",
    "read_commit",
    "read_staged",
    "suggest",
    "ungrounded",
]


@dataclass(frozen=True)
class Learned:
    """What the history and the configuration of a repository say about its messages."""

    head: str
    """Commit that it was learned up to; empty while there is none."""
    habits: Habits


def learn(repository: Repository, *, commits: int = 400, known: Learned | None = None, start: str = "HEAD") -> Learned:
    """Learn how messages are written here.

    Args:
        repository: Which.
        commits: Newest conventional commits to learn from.
        known: What was learned before: only commits since then are read.
        start: Where the history begins.
    """
    del commits, known
    return Learned(repository.git.find_commit(start) or "", Habits())


def suggest(learned: Learned, change: StagedChange, *, repository: Repository | None = None) -> Suggestion:
    """A message for a change.

    Args:
        learned: What `learn` gave.
        change: What is to be committed.
        repository: Where to read the files of the change from, for a subject from the symbols; without it, the
            subject is made from the diff alone.
    """
    del repository
    names = [one.path.rsplit("/", 1)[-1] for one in change.paths]
    description = f"update {names[0]}" if len(names) == 1 else f"update {len(names)} files"
    message = CommitMessage("chore", "", description)
    del learned
    return Suggestion((Guess("chore", 0.3),), (Guess("", 0.5),), message, ("nothing is learned yet",), 0)


def ungrounded(text: str, change: StagedChange) -> list[str]:
    """Identifiers that a text names and the change does not hold, in order: `load_page`, `Store.get`, `app.py`."""
    del text, change
    return []
