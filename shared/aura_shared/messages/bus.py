"""Messages about the bus itself; the broker sends and answers them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from aura_shared.messages.core import Event, Reply, Request


class JournalReplaced(Event):
    """The journal was damaged, and a new one was begun. Topic: `bus.journal.replaced`. Sent by the broker at start."""

    type: ClassVar[str] = "bus.journal.replaced"

    aside: str
    """Name of the damaged file, which is kept beside the new one."""


class BusStatusAnswer(Reply):
    """How the broker is."""

    head: int = Field(ge=0)
    """The newest place in the journal."""
    oldest: int = Field(ge=0)
    """The oldest place that is still there; `head` + 1 when there is none."""
    journal_bytes: int = Field(ge=0)
    """Size of the journal on disk."""
    storing: bool
    """False while the journal cannot be written, for example because the disk is full."""
    waiting: int = Field(default=0, ge=0)
    """Durable events that are not on disk yet."""
    dead_letters: int = Field(default=0, ge=0)
    """Messages kept because they could not be read."""
    services: list[str] = Field(default_factory=list)
    """Who answers requests."""
    durable: int = Field(default=0, ge=0)
    """Events journalled since the broker started."""
    repeated: int = Field(default=0, ge=0)
    """Events that were sent again although they were in the journal."""
    ephemeral: int = Field(default=0, ge=0)
    """Ephemeral events passed on since the broker started."""
    requests: int = Field(default=0, ge=0)
    """Requests since the broker started."""
    undelivered: int = Field(default=0, ge=0)
    """Answers and acknowledgements whose receiver had gone or did not read."""


class BusStatus(Request[BusStatusAnswer]):
    """How is the broker?"""

    type: ClassVar[str] = "bus.status"
    service: ClassVar[str] = "bus"
