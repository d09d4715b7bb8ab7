"""A draft of a commit: what it would hold, its message, and what speaks against it. Nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Final

from aura_git.commits.breaking import BreakingChanges, mark_breaking
from aura_git.commits.contract import (
    ChangedPath,
    CommitMessage,
    Guess,
    Habits,
    LintProblem,
    LintRule,
    StagedChange,
    Suggestion,
)
from aura_git.commits.drafting_tasks import TaskLink, task_footer, task_of
from aura_git.commits.grammar import clean_message, header_of
from aura_git.commits.kinds import kind_of
from aura_git.commits.linting import kept_rules
from aura_git.commits.splitting import count_groups
from aura_git.commits.staging import Taken, empty_tree, index_aside, intended, take_in
from aura_git.commits.suggesting import Learned, files_of, format_message, lint_message, parse_message, suggest
from aura_git.commits.suggesting import read_staged as read_index
from aura_git.commits.symbols import symbol_changes
from aura_git.repository import Repository, RepositoryState, read_state
from aura_git.safety.contract import Concern, Safety
from aura_shared.errors import GateClosed

__all__ = ["Draft", "Wishes", "alternatives", "comment_sign", "fitted", "make_draft", "reword", "with_breaking"]

_MOST_ALTERNATIVES: Final = 4
_GIT_WORDS: Final = frozenset({"merge"})
"""What git is in the middle of, and a commit concludes."""
_FIRST_IS_FEAT: Final = 0.8
"""How sure it is that the first code of a repository is a feature; `chore` is what else people write."""
_HOW_TO_END: Final = "Go on with `aura continue`, or take it back with `aura abort`."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about a message."""

    kind: str = ""
    scope: str | None = None
    breaking: bool = False
    task: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit that is not made yet."""

    id: str
    taken: Taken
    head: str
    """Commit that it follows; empty for the first."""
    branch: str
    change: StagedChange
    habits: Habits
    message: CommitMessage
    text: str
    suggestion: Suggestion | None
    """None for a commit that concludes a merge."""
    symbols: tuple[str, ...] = ()
    """Such as `added Cart.total`."""
    examples: tuple[str, ...] = ()
    """Recent first lines of the repository."""
    task: TaskLink = field(default_factory=TaskLink)
    concerns: tuple[Concern, ...] = ()
    concludes: str = ""
    parts: int = 1
    """Commits that it might be split into."""
    breaking: BreakingChanges = field(default_factory=BreakingChanges)
    warnings: tuple[str, ...] = ()
    rules: Mapping[str, LintRule] | None = None
    """What its message is checked against."""
    notes: dict[str, str] = field(default_factory=dict[str, str])
    """What is special about a file, by its path."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.change.paths and not self.concludes

    def lint(self) -> list[LintProblem]:
        """What is wrong with its message."""
        return [] if self.concludes else lint_message(self.text, self.habits, comment="", rules=self.rules)


def make_draft(
    safety: Safety,
    repository: Repository,
    learned: Learned,
    taken: Taken,
    wishes: Wishes,
    allow: Collection[str] = (),
) -> Draft:
    """Draft a commit without a model.

    Args:
        safety: Says what speaks against it.
        repository: Which; nothing in it is changed.
        learned: What `learn` gave.
        taken: What the commit takes in.
        wishes: What the person says about the message.
        allow: Concerns that are right as they are.

    Raises:
        GateClosed: Nothing can be committed in this state.
        ConflictsLeft: Conflicts are left.
        UsageProblem: A path is not known.
    """
    state = read_state(repository, untracked=False)
    concludes = "" if taken.tree else _concluded(state, taken)
    with index_aside(repository) as aside:
        base = state.head or empty_tree(aside.git)
        tree = take_in(aside, taken)
        change = _really_staged(aside, read_index(aside, base=base, tree=tree))
        concerns = tuple(safety.concerns(aside, allow=allow)) if change.paths else ()
        draft = Draft(
            token_hex(8), taken, state.head, state.branch, change, learned.habits, CommitMessage("", "", ""), "", None,
            concerns=concerns, concludes=concludes, warnings=tuple(_warnings(state, change, taken)),
            notes=_notes(change.paths), rules=kept_rules(learned.habits, learned.listed),
        )  # fmt: skip
        if concludes:
            return _conclusion(repository, draft)
        if not change.paths:
            return draft
        changed = symbol_changes(aside, files_of(change))
        suggestion = suggest(learned, change, repository=aside, symbols=changed)
        suggestion = suggestion if state.head else _first_of_all(suggestion, learned.habits, change)
        symbols = tuple(f"{one.what} {one.name}" for one in changed)
        parts = 1 if taken.tree else count_groups(aside, base, tree)
    message, task = _compose(suggestion, learned.habits, wishes, state.branch)
    return replace(
        draft, message=message, text=format_message(message, learned.habits), suggestion=suggestion, symbols=symbols,
        task=task, parts=parts, examples=tuple(one.subject for one in learned.listed[:6]),
    )  # fmt: skip


def _really_staged(repository: Repository, change: StagedChange) -> StagedChange:
    """A change without names that are only meant to be added: git shows them as empty files, and no commit has them."""
    if not any(one.status == "A" and not one.added and not one.binary for one in change.paths):
        return change
    meant = set(intended(repository))
    return replace(change, paths=tuple(one for one in change.paths if one.path not in meant))


def _concluded(state: RepositoryState, taken: Taken) -> str:
    """What the commit concludes; refuses states in which none can be made."""
    if state.bare:
        raise GateClosed("this repository is bare: it has no work tree to commit from", hint="Do it in a clone of it.")
    if not state.in_progress:
        return ""
    if state.in_progress not in _GIT_WORDS:
        raise GateClosed(f"git is in the middle of a {state.in_progress}", hint=_HOW_TO_END)
    if taken.paths:
        raise GateClosed(
            "a commit that concludes a merge holds all of it; some paths alone cannot be committed now",
            hint="Leave the paths out.",
        )
    return state.in_progress


def _conclusion(repository: Repository, draft: Draft) -> Draft:
    """The draft with git's own message of the merge."""
    prepared = repository.git_dir / "MERGE_MSG"
    written = prepared.read_text(encoding="utf-8", errors="replace") if prepared.exists() else ""
    text = clean_message(written, comment_sign(repository)) or "Merge"
    return replace(draft, text=text, message=parse_message(text))


def comment_sign(repository: Repository) -> str:
    """What comments begin with in an editor of messages."""
    sign = repository.git.config("core.commentChar")
    return "#" if sign in {"", "auto"} else sign


def _first_of_all(suggestion: Suggestion, habits: Habits, change: StagedChange) -> Suggestion:
    """For the first commit of a repository: its code is new, and there is nothing yet that it could fix or change."""
    message = suggestion.message
    allowed = not habits.allowed_types or "feat" in habits.allowed_types
    if not (message.type and allowed and any(kind_of(one.path) == "source" for one in change.paths)):
        return suggestion
    others = [one for one in suggestion.types if one.value.lower() != "feat"]
    rest = sum(one.confidence for one in others) or 1.0
    less = [replace(one, confidence=one.confidence / rest * (1 - _FIRST_IS_FEAT)) for one in others]
    types = (Guess("feat", _FIRST_IS_FEAT), *less)
    return replace(suggestion, types=types, message=replace(message, type="feat"))


def _compose(suggestion: Suggestion, habits: Habits, wishes: Wishes, branch: str) -> tuple[CommitMessage, TaskLink]:
    task = task_of(branch, habits, wishes.task)
    found = suggestion.message
    footers = (*found.footers, task_footer(task.task, habits)) if task.task else found.footers
    message = replace(
        found,
        type=wishes.kind or found.type,
        scope=found.scope if wishes.scope is None else wishes.scope,
        breaking=wishes.breaking or found.breaking,
        emoji=habits.emojis.get(wishes.kind.lower(), "") if wishes.kind else found.emoji,
        footers=footers,
    )
    return fitted(message, habits), task


def fitted(message: CommitMessage, habits: Habits) -> CommitMessage:
    """The message with a first line that is short enough: words at its end are left out."""
    while len(header_of(message, habits)) > habits.max_header and " " in message.description:
        message = replace(message, description=message.description.rsplit(" ", 1)[0].rstrip(",;:"))
    return message


def reword(draft: Draft, message: CommitMessage) -> Draft:
    """The draft with another message."""
    return replace(draft, message=message, text=format_message(message, draft.habits))


def with_breaking(draft: Draft, breaking: BreakingChanges) -> Draft:
    """The draft with what breaks callers; its message says so where types are written."""
    told = replace(draft, breaking=breaking)
    if not breaking.changes or draft.concludes or not draft.message.type:
        return told
    return reword(told, fitted(mark_breaking(draft.message, breaking), draft.habits))


def alternatives(draft: Draft) -> list[str]:
    """Other first lines: the next types and scopes with the same words."""
    if draft.suggestion is None:
        return []
    guesses: list[tuple[Sequence[Guess], str]] = [(draft.suggestion.types, "type"), (draft.suggestion.scopes, "scope")]
    found = [
        header_of(fitted(replace(draft.message, **{name: guess.value}), draft.habits), draft.habits)
        for values, name in guesses
        for guess in values[:3]
        if (draft.message.type or name == "scope")
    ]
    mine = header_of(draft.message, draft.habits)
    return [one for one in dict.fromkeys(found) if one != mine][:_MOST_ALTERNATIVES]


def _warnings(state: RepositoryState, change: StagedChange, taken: Taken) -> list[str]:
    told: list[str] = []
    if state.detached and not taken.tree:
        told.append("HEAD is detached: this cannot be committed before a branch is made (git switch -c NAME)")
    if change.cut:
        told.append("the change is too long to be read as a whole: the message speaks of a part of it")
    return told


def _notes(paths: Sequence[ChangedPath]) -> dict[str, str]:
    kinds = {"120000": "link", "160000": "sub-module", "100755": "executable"}
    return {
        one.path: kinds[one.mode] for one in paths if one.mode in kinds and (one.mode != "100755" or one.status == "A")
    }
