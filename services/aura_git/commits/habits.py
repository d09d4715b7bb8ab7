"""How messages are written in a repository, as its history and its configuration say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from aura_git.commits.configuration import Configuration
from aura_git.commits.contract import CommitMessage, Habits, Style
from aura_git.commits.grammar import Header, parse_message, split_area
from aura_git.commits.history import PastCommit

__all__ = ["KNOWN_TYPES", "habits_of", "is_conventional", "spelled"]

_ItemT = TypeVar("_ItemT")

KNOWN_TYPES: Final = frozenset(
    {
        *("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"),
        *("doc", "tests", "feature", "bugfix", "hotfix", "types", "wip", "dx", "deps", "security", "sec", "i18n"),
        *("release", "lint", "cleanup", "dep", "deprecate", "misc", "minor", "bug", "enh", "enhancement", "ui", "typo"),
    }
)
"""Types that are taken for one wherever they stand; others only where the history follows the convention."""
_MOST: Final = 400
_MOSTLY: Final = 0.5
_ALWAYS: Final = 0.85
"""Share from which a habit is followed that config-conventional would call wrong, such as a capital letter."""
_SEEN: Final = 3
_ISSUE: Final = re.compile(r"(?<![\w/])(?:#\d+|GH-\d+|[A-Z][A-Z\d]{1,9}-\d+)\b")
_SQUASHED: Final = re.compile(r"\s*\((?:#|!)\d+\)$")
_LONG: Final = 72


def is_conventional(header: Header) -> bool:
    """Whether a first line has a type that is known everywhere."""
    return header.type.lower() in KNOWN_TYPES


def habits_of(commits: Sequence[PastCommit], configuration: Configuration, *, signed_off: bool = False) -> Habits:
    """The habits of a history.

    Args:
        commits: Ordinary ones (`is_ordinary`), newest first.
        configuration: What the files of the repository say; it comes before the history.
        signed_off: Whether git is set to sign off every commit.
    """
    some = commits[:_MOST]
    headers = [one.header for one in some]
    known = [one for one in headers if is_conventional(one)]
    share = len(known) / len(headers) if headers else 0.0
    style = _style(some, share, configuration)
    typed = [one for one in headers if one.type] if style == "conventional" else []
    told = [parse_message(one.message, style=style) for one in some]
    descriptions = [text for one in told if (text := _SQUASHED.sub("", one.description).strip())]
    emojis = _emojis(typed)
    return Habits(
        commits=len(some),
        conventional=share,
        types=Counter(one.type for one in typed),
        allowed_types=configuration.types,
        scopes=Counter(one.scope for one in typed if one.scope) if typed else _areas(some, style),
        allowed_scopes=configuration.scopes,
        max_header=configuration.max_header or _LONG,
        capitalised=_share(descriptions, lambda text: text[0].isupper()) >= _capital_share(style),
        full_stop=_share(descriptions, lambda text: text.endswith(".")) >= _ALWAYS,
        with_body=_share(told, lambda one: bool(one.body)),
        emoji=bool(emojis) or _share(told, lambda one: bool(one.emoji)) > _MOSTLY,
        footers=_footers(told),
        issue_form=_issue_form(some),
        source=_source(some, configuration),
        style=style,
        scoped=_share(typed, lambda one: bool(one.scope)),
        signed_off=signed_off or _share(some, lambda one: "\nSigned-off-by: " in one.message) >= _ALWAYS,
        emojis=emojis,
        emoji_first=_share([one for one in typed if one.emoji], lambda one: one.emoji_first) > _MOSTLY,
        rules=configuration.rules,
        ignores=configuration.ignores,
        template=configuration.template,
    )


def spelled(type_: str, habits: Habits) -> str:
    """A type as this repository writes it: `Fix` or `tests` where that is its habit."""
    forms = [name for name in habits.types if name.lower() == type_.lower()]
    if habits.allowed_types:
        return next((name for name in habits.allowed_types if name.lower() == type_.lower()), type_)
    return max(forms, key=lambda name: habits.types[name], default=type_)


def _style(commits: Sequence[PastCommit], conventional: float, configuration: Configuration) -> Style:
    if configuration.conventional or not commits:
        return "conventional"
    if conventional >= 0.4:
        return "conventional"
    newest = commits[:40]
    if sum(is_conventional(one.header) for one in newest) > len(newest) / 2:
        return "conventional"
    styles = Counter(split_area(one.subject)[0] for one in commits)
    for style in ("tag", "area"):
        if styles[style] >= _MOSTLY * len(commits):
            return style
    return "plain"


def _capital_share(style: Style) -> float:
    return _ALWAYS if style == "conventional" else _MOSTLY


def _areas(commits: Sequence[PastCommit], style: Style) -> Counter[str]:
    if style not in {"tag", "area"}:
        return Counter()
    told = (split_area(one.subject) for one in commits)
    return Counter(area for form, area, _text in told if form == style and area)


def _share(some: Sequence[_ItemT], holds: Callable[[_ItemT], bool]) -> float:
    return sum(map(holds, some)) / len(some) if some else 0.0


def _emojis(headers: Iterable[Header]) -> dict[str, str]:
    """The emoji of each type, where most headers of the type have one."""
    by_type: dict[str, Counter[str]] = {}
    for one in headers:
        by_type.setdefault(one.type.lower(), Counter())[one.emoji] += 1
    found: dict[str, str] = {}
    for type_, counts in by_type.items():
        emoji, count = counts.most_common(1)[0]
        if emoji and count >= _MOSTLY * counts.total():
            found[type_] = emoji
    return found


def _footers(messages: Iterable[CommitMessage]) -> Mapping[str, int]:
    return Counter(one.token for message in messages for one in message.footers)


def _issue_form(commits: Sequence[PastCommit]) -> str:
    """How most messages that name a task name it: `#12`, `GH-12`, `PROJ-12`."""
    forms: Counter[str] = Counter()
    for one in commits:
        if found := _ISSUE.search(_SQUASHED.sub("", one.subject) + "\n" + one.body):
            forms[re.sub(r"\d+$", "12", found[0])] += 1
    if not forms:
        return ""
    form, count = forms.most_common(1)[0]
    return form if count >= _SEEN else ""


def _source(commits: Sequence[PastCommit], configuration: Configuration) -> str:
    parts = [f"history of {len(commits)} commits"] if commits else []
    parts += configuration.sources
    return "; ".join(parts) or "defaults, since there is no history"
