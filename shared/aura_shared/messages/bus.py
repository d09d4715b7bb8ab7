"""Messages about the bus itself; the broker sends and answers them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from aura_shared.messages.core import Envelope, Event, Reply, Request

MOST_EVENTS: Final = 500
Milliseconds = Annotated[int, Field(ge=0, le=1 << 53)]


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


class JournalledEvent(BaseModel):
    """A durable event of the past."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    seq: int = Field(ge=1)
    """Its place in the journal."""
    at_ms: int
    """When it was journalled: milliseconds since 1970 UTC. `envelope.ts` tells when it was made; an event that waited
    for the broker is older."""
    envelope: Envelope
    """The event as it was sent."""


class BusJournalAnswer(Reply):
    """Events of the past, oldest first."""

    from_seq: int = Field(ge=0)
    """The first place that this answer covers."""
    upto_seq: int = Field(ge=0)
    """The last place that it covers; `from_seq` - 1 when it covers none."""
    earlier: bool
    """The span goes on before `from_seq`: ask again with it as `before_seq`. There may be no match among the rest."""
    later: bool
    """The span goes on behind `upto_seq`: ask again with it as `after_seq`. There may be no match among the rest."""
    oldest: str = ""
    """When the oldest event that is still there was journalled: ISO 8601 in UTC; empty when there is none."""
    newest: str = ""
    """When the newest one was journalled."""
    events: list[JournalledEvent] = Field(default_factory=list[JournalledEvent])
    """At most `limit`, and about 1 MB."""


class BusJournal(Request[BusJournalAnswer]):
    """What happened before? Durable events of a span of time, some of them at once.

    One answer looks at 8,192 places at most, so it may hold few events or none although `earlier` or `later` is true.
    """

    type: ClassVar[str] = "bus.journal"
    service: ClassVar[str] = "bus"

    after: str | Milliseconds = ""
    """Journalled at this instant or later: ISO 8601 (UTC when it names no zone) or milliseconds since 1970; empty for
    the beginning."""
    before: str | Milliseconds = ""
    """Journalled before this instant; empty for the end."""
    after_seq: int | None = Field(default=None, ge=0, le=1 << 53)
    """Only behind this place."""
    before_seq: int | None = Field(default=None, ge=0, le=1 << 53)
    """Only before this place."""
    backwards: bool = False
    """Begin with the newest events of the span instead of its oldest. Either way an answer is sorted oldest first."""
    types: list[str] = Field(default_factory=list, max_length=200)
    """Only these events; empty for all."""
    project: str = ""
    """Only those about this project."""
    related: str = ""
    """Only what has to do with this id: the event itself, those whose `cause` or `corr` it is, and what led to it,
    cause by cause, up to 64 of them."""
    limit: int = Field(default=MOST_EVENTS, ge=1, le=MOST_EVENTS)
    """Events of one answer, at most."""
