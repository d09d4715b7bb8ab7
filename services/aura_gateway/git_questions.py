"""Questions to the git service. What writes is in a toolset of its own, and a person has to say yes to each call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import merges

__all__ = ["GIT_QUESTIONS"]

GIT_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "git/merge/simulate", merges.SimulateMerge, "git", "simulate_merge", "Simulate a merge",
        "What merging a branch would do, without touching anything: clean or conflicts by file and symbol, who changed "
        "what, how each could be resolved. Use before any merge.", always=True, timeout_s=LONG_S,
    ),
)  # fmt: skip
"""All of them."""
