"""What speaks against committing what is staged."""

from __future__ import annotations

from collections.abc import Collection

from aura_git.repository import Repository
from aura_git.safety.contract import Concern

__all__ = ["find_concerns"]


def find_concerns(repository: Repository, *, largest_bytes: int, allow: Collection[str] = ()) -> list[Concern]:
    """Concerns about what is staged; those of `allow` (`RULE:PATH`) do not block."""
    return []
