"""Frames between the broker and its clients. Both sides use this module; nobody else needs it.

Clients talk to the broker through a DEALER (to its ROUTER) and listen through a SUB (to its XPUB).

```text
client -> broker (DEALER -> ROUTER)
  EVENTS    events                        durable ones, packed (Posted); each has a number for its acknowledgement
  PASSING   count envelope                ephemeral; count runs per connection and type, so that readers see losses
  PAGE      token query                   asks for part of the journal; query is JSON (PageQuery)
  ASK       flags service id envelope     a request
  CANCEL    service id                    takes it back
  REPLY     asker id envelope             by a service
  PROGRESS  asker id envelope             by a service
  HELLO     service                       registers a service; again every HELLO_EVERY_S as its heartbeat
  BYE       service                       the service ends
  UNREADABLE reason envelope              a consumer could not read this event

broker -> client (ROUTER -> DEALER)
  ACK       number seq number seq ...     packed; these events are on disk
  REFUSED   number code message           this event will never be taken
  PAGE      token page envelope ...       page is JSON (Page)
  ASK       asker id envelope             for a service
  CANCEL    asker id                      for a service
  REPLY     id envelope                   for the asker
  PROGRESS  id envelope                   for the asker
  WELCOME                                 the service is registered
  PING                                    to find out whether the connection is still there; not answered

broker -> listeners (XPUB -> SUB)
  d events                                journalled ones in one frame: the seq of the first, then each packed
  e.<type>  count sender envelope         an ephemeral one
  z         head                          every BEAT_EVERY_S, and when somebody subscribes
```

Durable events travel in groups: every frame costs a hand-over of the interpreter lock on each side, which at 256 events
a group is the difference between 3,000 and 10,000 events a second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

EVENTS: Final = b"E"
PASSING: Final = b"T"
PAGE: Final = b"G"
ASK: Final = b"Q"
CANCEL: Final = b"C"
REPLY: Final = b"R"
PROGRESS: Final = b"P"
HELLO: Final = b"H"
WELCOME: Final = b"W"
BYE: Final = b"X"
UNREADABLE: Final = b"U"
ACK: Final = b"A"
REFUSED: Final = b"K"
PING: Final = b"B"

FIRST: Final = 1
"""Flag of an event: the oldest one that this connection has not seen acknowledged."""
AGAIN: Final = 2
"""Flag of an event or a request: it was sent before."""
STATE: Final = 4
"""Flag of an event: the newest per type and key is kept for new listeners."""

DURABLE_TOPIC: Final = b"d"
PASSING_TOPIC: Final = b"e."
BEAT_TOPIC: Final = b"z"
"""Sorts behind the others: after a reconnect the subscriptions arrive sorted, and the beat that answers this one tells
the listener that all of them are in place."""

BEAT_EVERY_S: Final = 1.0
"""How late a listener notices the loss of the very last event, at most."""
HELLO_EVERY_S: Final = 2.0
MAX_EVENT_BYTES: Final = 1 << 20
"""Events are news, not data: what is larger belongs into an answer."""
MAX_MESSAGE_BYTES: Final = 8 << 20
"""Requests and answers; twice the largest body that the gateway takes."""
MAX_FRAME_BYTES: Final = 16 << 20
"""What libzmq lets in at all. A connection that sends more is cut by it, so it lies above our own limits."""

GROUP_EVENTS: Final = 256
GROUP_BYTES: Final = 1 << 20
"""A group ends with the event that reaches one of these."""

_NUMBER: Final = struct.Struct(">Q")
_POSTED: Final = struct.Struct(">QBI")
_PLACED: Final = struct.Struct(">HI")


class Posted(NamedTuple):
    """A durable event on its way to the broker."""

    number: int
    """Counts the connection's events."""
    flags: int
    """FIRST, AGAIN, STATE."""
    raw: bytes
    """Its envelope."""


class Placed(NamedTuple):
    """A journalled event on its way to the listeners."""

    seq: int
    """Its place."""
    kind: str
    """Name of the event."""
    raw: bytes
    """Its envelope."""


class PageQuery(BaseModel):
    """Which part of the journal a client asks for."""

    model_config = ConfigDict(frozen=True)

    since: int | None = Field(default=None, ge=0)
    """After this seq; without it, only the last values of `state` events."""
    types: list[str]
    """Only these types."""


class Page(BaseModel):
    """What precedes the events of a page."""

    model_config = ConfigDict(frozen=True)

    seqs: list[int]
    """The seq of each event that follows."""
    upto: int = Field(ge=0)
    """The page covers everything up to here."""
    head: int = Field(ge=0)
    """The newest seq of the journal."""
    lost: bool = False
    """Some of what was asked for is no longer in the journal."""


def pack_number(number: int) -> bytes:
    """An unsigned 64-bit number."""
    return _NUMBER.pack(number)


def read_number(frame: bytes) -> int:
    """The number of a frame.

    Raises:
        ValueError: The frame does not hold one.
    """
    try:
        return int(_NUMBER.unpack(frame)[0])
    except struct.error as error:
        raise ValueError(f"a number takes 8 bytes, and these are {len(frame)}") from error


def pack_acks(acks: Iterable[tuple[int, int]]) -> bytes:
    """Pairs of an event's number and its seq."""
    numbers = [number for pair in acks for number in pair]
    return struct.pack(f">{len(numbers)}Q", *numbers)


def read_acks(frame: bytes) -> list[tuple[int, int]]:
    """Pairs of an event's number and its seq.

    Raises:
        ValueError: The frame is not made of pairs.
    """
    if len(frame) % 16:
        raise ValueError(f"acknowledgements take 16 bytes each, and these are {len(frame)}")
    numbers: Sequence[int] = struct.unpack(f">{len(frame) // 8}Q", frame)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def pack_posted(events: Iterable[Posted]) -> bytes:
    """Events for the broker in one frame."""
    return b"".join(part for number, flags, raw in events for part in (_POSTED.pack(number, flags, len(raw)), raw))


def read_posted(frame: bytes) -> list[Posted]:
    """The events of a frame for the broker.

    Raises:
        ValueError: The frame is cut off.
    """
    found: list[Posted] = []
    at = 0
    while at < len(frame):
        number, flags, size = _unpack(_POSTED, frame, at)
        start = at + _POSTED.size
        at = start + size
        found.append(Posted(number, flags, _part(frame, start, at)))
    return found


def pack_placed(events: Sequence[Placed]) -> bytes:
    """Journalled events with consecutive places in one frame, the topic in front."""
    parts = [DURABLE_TOPIC, _NUMBER.pack(events[0].seq)]
    for _, kind, raw in events:
        name = kind.encode()
        parts += (_PLACED.pack(len(name), len(raw)), name, raw)
    return b"".join(parts)


def read_placed(frame: bytes) -> list[Placed]:
    """The events of a frame for listeners.

    Raises:
        ValueError: The frame is cut off.
    """
    found: list[Placed] = []
    at = len(DURABLE_TOPIC) + _NUMBER.size
    seq = read_number(frame[len(DURABLE_TOPIC) : at])
    while at < len(frame):
        name_size, size = _unpack(_PLACED, frame, at)
        name = at + _PLACED.size
        start = name + name_size
        at = start + size
        found.append(Placed(seq, frame[name:start].decode(), _part(frame, start, at)))
        seq += 1
    return found


def _unpack(form: struct.Struct, frame: bytes, at: int) -> tuple[int, ...]:
    try:
        return form.unpack_from(frame, at)
    except struct.error as error:
        raise ValueError(f"a group of events is cut off at byte {at} of {len(frame)}") from error


def _part(frame: bytes, start: int, end: int) -> bytes:
    if end > len(frame):
        raise ValueError(f"a group of events is cut off: it has {len(frame)} bytes, and {end} are announced")
    return frame[start:end]
