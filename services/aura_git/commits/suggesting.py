"""Messages without a model: learned from the history of the repository, made from what changed.

All that others need of this package is here: what a commit holds, what was learned, a suggestion, the grammar, the
checks, and whether a text is grounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aura_git.commits.changes import read_commit, read_staged
from aura_git.commits.contract import CommitMessage, Guess, Habits, StagedChange, Suggestion
from aura_git.commits.expecting import expected_types
from aura_git.commits.features import Features, features_of
from aura_git.commits.grammar import format_message, header_of, parse_message
from aura_git.commits.grounding import ungrounded
from aura_git.commits.habits import spelled
from aura_git.commits.learning import Learned, learn
from aura_git.commits.linting import LintedCommit, lint_message, lint_range
from aura_git.commits.patches import FilePatch, read_patch
from aura_git.commits.recent import email_of, lean_on_recent
from aura_git.commits.subjects import Material, subjects
from aura_git.commits.symbols import SymbolChange, symbol_changes
from aura_git.repository import Repository

__all__ = [
    "ASK_BELOW",
    "PRESELECT_ABOVE",
    "Learned",
    "LintedCommit",
    "files_of",
    "fit_subject",
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

PRESELECT_ABOVE: Final = 0.8
"""Confidence from which a type needs no question; right for 84 % on 20 repositories that nothing was tuned on."""
ASK_BELOW: Final = 0.5
"""Confidence below which a person has to choose."""
_MOST_GUESSES: Final = 5
_LEAST: Final = 0.01


def suggest(
    learned: Learned,
    change: StagedChange,
    *,
    repository: Repository | None = None,
    symbols: Sequence[SymbolChange] | None = None,
) -> Suggestion:
    """A message for a change.

    Args:
        learned: What `learn` gave.
        change: What is to be committed.
        repository: Where the files of the change are, when not in the one that was learned from.
        symbols: What the change does to symbols, when that is known.

    Returns:
        Types and scopes with their confidence, and a message of the best ones: its header is never longer than the
        repository allows, and each identifier in it occurs in the change.
    """
    habits = learned.habits
    files = files_of(change)
    features = features_of(files)
    prior = expected_types(features)
    rates = learned.classifier.guess(features, prior) if learned.classifier else prior
    past = [(one.commit.header.type.lower(), email_of(one.commit.author)) for one in learned.lessons]
    rates = lean_on_recent(rates, past, change.author)
    types = _types(rates, habits)
    scopes = _scopes(learned, features, rates)
    if symbols is None:
        symbols = symbol_changes(repository or learned.repository, files)
    best = types[0].value if habits.style == "conventional" else ""
    emoji = habits.emojis.get(best.lower(), "")
    draft = CommitMessage(best, scopes[0].value, "", emoji=emoji)
    material = Material(change, files, symbols, features, best.lower())
    message = fit_subject(draft, list(subjects(material)), habits)
    reasons = _reasons(learned, types, scopes, symbols, features)
    trained = learned.classifier.examples if learned.classifier else 0
    return Suggestion(types, scopes, message, reasons, trained)


def files_of(change: StagedChange) -> list[FilePatch]:
    """The files of a change with their lines; those that are cut from the diff without."""
    read = {one.path: one for one in read_patch(change.diff)}
    return [
        read.get(one.path) or FilePatch(one.path, one.status, one.old_path, binary=one.binary, mode=one.mode)
        for one in change.paths
    ]


def fit_subject(draft: CommitMessage, descriptions: Sequence[str], habits: Habits) -> CommitMessage:
    """The draft with the first description that fits its header, in the case and with the stop of the repository.

    Where the last one is too long as well, the scope is left out, and at last the description is cut at a word.
    """
    for scope in dict.fromkeys((draft.scope, "")):
        for text in descriptions:
            made = _with(draft, scope, _dressed(text, habits))
            if len(header_of(made, habits)) <= habits.max_header:
                return made
    text = _dressed(descriptions[-1] if descriptions else "update files", habits)
    made = _with(draft, "", text)
    room = habits.max_header - (len(header_of(made, habits)) - len(text))
    return _with(draft, "", text[: max(room, 1)].rsplit(" ", 1)[0] or text[: max(room, 1)])


def _with(draft: CommitMessage, scope: str, text: str) -> CommitMessage:
    return CommitMessage(draft.type, scope, text, draft.breaking, draft.body, draft.footers, draft.emoji)


def _dressed(text: str, habits: Habits) -> str:
    if habits.capitalised:
        text = text[:1].upper() + text[1:]
    return f"{text}." if habits.full_stop else text


def _types(rates: Mapping[str, float], habits: Habits) -> tuple[Guess, ...]:
    """The likeliest types as the repository writes them, those that it allows only."""
    allowed = {name.lower() for name in habits.allowed_types}
    kept = {name: rate for name, rate in rates.items() if not allowed or name in allowed} or {
        name: 1 / len(allowed) for name in sorted(allowed)
    }
    total = sum(kept.values()) or 1.0
    ranked = sorted(kept, key=lambda name: (-kept[name], name))[:_MOST_GUESSES]
    guesses = [Guess(spelled(name, habits), kept[name] / total) for name in ranked]
    return tuple(one for at, one in enumerate(guesses) if at == 0 or one.confidence >= _LEAST)


def _scopes(learned: Learned, features: Features, types: Mapping[str, float]) -> tuple[Guess, ...]:
    if learned.votes is None or (learned.habits.style == "plain"):
        return (Guess("", 1.0),)
    rates = learned.votes.guess(features, types if learned.habits.style == "conventional" else {"": 1.0})
    ranked = sorted(rates, key=lambda name: (-rates[name], name))
    kept = [name for at, name in enumerate(ranked) if at < _MOST_GUESSES or not name]
    return tuple(Guess(name, rates[name]) for name in kept if rates[name] >= _LEAST or not name or name == ranked[0])


def _reasons(
    learned: Learned,
    types: Sequence[Guess],
    scopes: Sequence[Guess],
    symbols: Sequence[SymbolChange],
    features: Features,
) -> tuple[str, ...]:
    habits = learned.habits
    told: list[str] = []
    if habits.style == "conventional":
        best = types[0]
        second = f", then {types[1].value} {types[1].confidence:.0%}" if len(types) > 1 else ""
        source = (
            f"{learned.classifier.examples} commits of this repository"
            if learned.classifier
            else "the habits of many repositories"
        )
        told.append(f"type {best.value} {best.confidence:.0%}{second}, by {source}")
        only = next((name[5:] for name in features["kind"] if name.startswith("only ")), "")
        if only and "+" not in only:
            told.append(f"only {only} files change")
        told += [name for name in features["sign"] if name.endswith(" only")]
    else:
        told.append(f"this repository does not write types: headers are of the form `{_FORMS[habits.style]}`")
    if scopes[0].value:
        told.append(f"scope {scopes[0].value} {scopes[0].confidence:.0%}, as in past changes of these files")
    elif learned.votes is not None:
        told.append("no scope, as in past changes of these files")
    if symbols:
        first = symbols[0]
        told.append(f"{first.kind} {first.name} of {first.path} is {_WHAT[first.what]}")
    return tuple(told)


_FORMS: Final = {"area": "area: text", "tag": "[area] text", "plain": "text"}
_WHAT: Final = {"added": "new", "removed": "gone", "renamed": "renamed", "moved": "moved", "changed": "changed"}
