"""Whether what is staged breaks code that uses it: the code service compares the public interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_git.commits.contract import CommitMessage, Footer
from aura_git.commits.grammar import BREAKING
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.messages.review import ApiChange, GatherReview, ReviewFacts

__all__ = ["BreakingChanges", "find_breaking", "mark_breaking", "tell_breaking"]

_BOUND_S: Final = 2.0
_MOST_TOLD: Final = 3
_LONGEST: Final = 98
"""Characters of a footer line; config-conventional allows 100."""


@dataclass(frozen=True, slots=True)
class BreakingChanges:
    """What of a public interface stops working."""

    changes: tuple[ApiChange, ...] = ()
    """Those that users outside of the project notice, the ones with most users first."""
    reason: str = ""
    """Why nothing could be said; empty when the interfaces were compared."""

    @property
    def known(self) -> bool:
        """Whether the interfaces were compared."""
        return not self.reason


async def find_breaking(
    bus: Bus, project: str, *, revision: str = "", paths: Sequence[str] = (), timeout_s: float = _BOUND_S
) -> BreakingChanges:
    """What breaks in what is staged, or in a range of commits: Python, TypeScript, JavaScript, Go, Rust and Java.

    Args:
        bus: To ask the code service.
        project: Identifier of a registered project.
        revision: `A..B` for commits instead of what is staged.
        paths: Only these files.
        timeout_s: Bound of the wait; a commit does not wait longer for it.

    Returns:
        The changes; or, where the code service is not there or does not know the project yet, the reason. No error
        is raised: a message can be written without it.
    """
    request = GatherReview(
        project=project,
        what="range" if revision else "staged",
        revision=revision,
        paths=list(paths),
        only=["api"],
        diff_bytes=0,
    )
    try:
        facts: ReviewFacts = await bus.request(request, timeout_s=timeout_s, project=project)
    except AuraError as error:
        return BreakingChanges(reason=f"interfaces were not compared: {error.message}")
    return BreakingChanges(tuple(one for one in facts.api if one.breaking))


def tell_breaking(changes: Sequence[ApiChange]) -> str:
    """A sentence for the footer: what is gone or different, by name; empty when nothing is."""
    told: list[str] = []
    for one in changes:
        words = {
            "removed": f"`{one.symbol}` was removed",
            "renamed": f"`{one.symbol}` was renamed or moved",
            "visibility": f"`{one.symbol}` is not public any more",
        }
        text = words.get(one.kind, f"`{one.symbol}` has another {'type' if one.kind == 'type' else 'signature'}")
        told.append(text)
    told = list(dict.fromkeys(told))
    more = f"and {len(told) - _MOST_TOLD} more changes" if len(told) > _MOST_TOLD else ""
    return "; ".join([*told[:_MOST_TOLD], *([more] if more else [])])


def mark_breaking(message: CommitMessage, breaking: BreakingChanges) -> CommitMessage:
    """The message with `!` and a footer that says what breaks; as it was when nothing does, or it says so already."""
    if not breaking.changes or any(one.token in BREAKING for one in message.footers):
        return message
    text = _wrapped(tell_breaking(breaking.changes))
    footer = Footer(BREAKING[0], ": ", text)
    return replace(message, breaking=True, footers=(*message.footers, footer))


def _wrapped(text: str) -> str:
    """In lines that a footer may have; further lines are indented, so that they belong to it."""
    lines: list[str] = []
    line = ""
    room = _LONGEST - len(f"{BREAKING[0]}: ")
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = f"  {word}", _LONGEST
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])
