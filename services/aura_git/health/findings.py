"""What a check of a repository gives, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.repository import Repository, RepositoryState
from aura_shared.messages.git_health import HealthFinding, HealthItem, HealthLevel

__all__ = ["MOST_ITEMS", "Look", "finding"]

MOST_ITEMS: Final = 50


@dataclass(frozen=True, slots=True)
class Look:
    """What every check is given."""

    repository: Repository
    state: RepositoryState
    now: int
    """Seconds since 1970."""
    protected: tuple[str, ...] = ()
    largest: int = 10


def finding(
    rule: str, level: HealthLevel, what: str, why: str, items: Sequence[tuple[str, str]], command: str, *,
    fix: bool = False, count: int | None = None,
) -> HealthFinding:  # fmt: skip
    """A finding with at most 50 items as evidence."""
    told = [HealthItem(name=name, detail=detail) for name, detail in items[:MOST_ITEMS]]
    number = len(items) if count is None else count
    return HealthFinding(rule=rule, level=level, what=what, why=why, items=told, count=number, command=command, fix=fix)
