"""Messages of approvals: what an agent wants to do, and what a person said to it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply

ApprovalDecision = Literal["open", "approved", "denied"]


class Approval(Message):
    """Something that an agent may do only after a person said yes."""

    type: ClassVar[str] = "gateway.approval"

    id: str
    """Eight characters."""
    tool: str
    """The tool that was called."""
    summary: str
    """What it would do, in one line."""
    project: str = ""
    """Identifier of the project."""
    client: str = ""
    """Who calls, as it says of itself."""
    asked_at: str
    """When: ISO 8601 in UTC."""
    decision: ApprovalDecision = "open"
    """What a person said."""


class ApprovalList(Reply):
    """What waits for a person."""

    approvals: list[Approval] = Field(default_factory=list[Approval])
    """The oldest first."""


class ApprovalAnswer(Reply):
    """What a person said."""

    approval: Approval
    """The question with its decision."""


class ApprovalChanged(Event):
    """Something waits for a person, or was decided. Topic: `gateway.approval.changed`. Sent by the gateway."""

    type: ClassVar[str] = "gateway.approval.changed"
    durability: ClassVar[Durability] = "durable"

    approval: Approval
    """As it is now."""
