"""What a question of the bus is, as REST and MCP offer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from aura_shared.messages.core import Reply, Request, reply_type

__all__ = ["LONG_S", "Question", "Toolset"]

LONG_S = 1800.0
"""Bound of what waits for models, tests or hooks: they take minutes, and the caller can leave at any time."""
Toolset = Literal[
    "structure",
    "findings",
    "similar",
    "overview",
    "changes",
    "assist",
    "models",
    "git",
    "git-write",
    "plan",
    "plan-more",
]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the bus as it is offered outside."""

    route: str
    """Address below `/v1/`."""
    kind: type[Request[Any]]
    """The message."""
    toolset: Toolset
    """The group of tools that it belongs to; agents opt in to groups."""
    tool: str
    """Name of the tool."""
    title: str
    """What the tool is called for a person."""
    description: str
    """When an agent should use it."""
    writes: bool = False
    """Whether it can change files of the project; such a tool is announced as destructive."""
    approval: bool = False
    """Whether a person has to say yes before an agent may call it."""
    always: bool = False
    """Whether the tool is listed for every agent."""
    shows: tuple[str, ...] = ()
    """Fields that the tool takes; empty for all."""
    hides: tuple[str, ...] = ()
    """Fields of the answer that are for editors: an agent would pay for them and has no use for them."""
    timeout_s: float = 0.0
    """Bound of a call that may take longer than others; 0 for the gateway's own."""

    @property
    def reply(self) -> type[Reply]:
        """What it is answered with."""
        return reply_type(self.kind)
