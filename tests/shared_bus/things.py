"""Messages that only tests send, and small helpers around them."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from aura_shared.bus import Delivery, Events
from aura_shared.messages.core import Durability, Event, Reply, Request


class Happened(Event):
    """A durable event."""

    type: ClassVar[str] = "test.happened"

    number: int
    text: str = ""


class Level(Event):
    """A `state` event with a key."""

    type: ClassVar[str] = "test.level"
    durability: ClassVar[Durability] = "state"

    tank: str
    height: int

    def state_key(self) -> str:
        return self.tank


class Ticked(Event):
    """An ephemeral event."""

    type: ClassVar[str] = "test.ticked"
    durability: ClassVar[Durability] = "ephemeral"

    number: int
    text: str = ""


class Answer(Reply):
    """What `Ask` is answered with."""

    text: str


class Ask(Request[Answer]):
    """A question to the service `answers`."""

    type: ClassVar[str] = "test.ask"
    service: ClassVar[str] = "answers"

    text: str = ""


class AskNobody(Request[Answer]):
    """A question to a service that does not exist."""

    type: ClassVar[str] = "test.ask_nobody"
    service: ClassVar[str] = "nobody"


class AskElse(Request[Answer]):
    """A question that the service `answers` has no handler for."""

    type: ClassVar[str] = "test.ask_else"
    service: ClassVar[str] = "answers"


async def next_of(events: Events, count: int, within_s: float = 20.0) -> list[Delivery]:
    """The next `count` events, or a TimeoutError."""
    async with asyncio.timeout(within_s):
        return [await anext(events) for _ in range(count)]
