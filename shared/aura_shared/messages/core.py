"""What every message is made of: the base classes, the envelope, and the register of types.

Readers on the bus ignore fields they do not know; HTTP and MCP refuse them (`strictly`). Adding an optional field is
a small change; renaming or removing one raises `CONTRACT_VERSION`.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

CONTRACT_VERSION: Final = 1

Durability = Literal["durable", "state", "ephemeral"]
"""`durable`: journalled and acknowledged. `state`: durable, and the last one per key is replayed to a new subscriber.
`ephemeral`: straight out, may be dropped, and is counted."""


class Message(BaseModel):
    """A body that travels on the bus."""

    # Schemas are built at the first use: a process knows hundreds of messages and uses a few of them.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    type: ClassVar[str]
    """The name on the wire; for events it is the topic as well."""


class Event(Message):
    """Something that happened. Sent by `Bus.publish`, received by `Bus.listen`."""

    durability: ClassVar[Durability] = "durable"

    def state_key(self) -> str:
        """Among `state` events of one type, the newest per key is kept for new subscribers."""
        return ""


class Reply(Message):
    """What a request is answered with."""

    type: ClassVar[str] = ""


ReplyT = TypeVar("ReplyT", bound=Reply)


class Request(Message, Generic[ReplyT]):
    """A question or a command to one service. Sent by `Bus.request`, answered by a handler of `Bus.serve`."""

    service: ClassVar[str]
    """Who answers: the service's name in the process table."""


class Done(Reply):
    """The command was carried out; there is nothing more to say."""


class Progress(Message):
    """How far a long request is. Sent to its caller only, any number of times before the reply."""

    type: ClassVar[str] = "progress"

    done: int = Field(ge=0)
    """How much is finished, in the unit of `total`."""
    total: int | None = Field(default=None, ge=0)
    """How much there is, when that is known."""
    note: str = ""
    """One line for a person."""
    text: str = ""
    """Text that arrived since the last one, where the request streams."""


class Failure(Message):
    """Why a request failed: the wire form of an `AuraError`."""

    type: ClassVar[str] = "failure"

    code: str
    """The stable code of `aura_shared.errors`."""
    message: str
    """What, what was expected, what was found."""
    hint: str = ""
    """What to try next."""


class Envelope(BaseModel):
    """What surrounds every message on the wire, as JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: int = CONTRACT_VERSION
    """Version of the contract."""
    type: str
    """Which message `data` is."""
    id: str
    """UUID version 7 of this message; a message sent twice has the same one."""
    ts: str
    """When it was made: ISO 8601 in UTC with microseconds."""
    src: str
    """Name of the sending service, or of the kind of client."""
    corr: str | None = None
    """Of an answer or progress: the request that it belongs to. Of others: the message or the client's call that all of
    it began with."""
    cause: str | None = None
    """The message that led to this one, so that a log can be read as a story."""
    project: str | None = None
    """Identifier of the project that it is about."""
    origin: str = ""
    """Who began it all: a kind of client such as `cli`, `panel` or `mcp:NAME`, a watch such as `git-watch`, or a
    service. Empty where this message is the beginning; then `src` says it."""
    key: str = ""
    """For `state` events: which earlier one it replaces."""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    """The message itself."""


def new_id() -> str:
    """A UUID version 7: the time in milliseconds first, so that ids sort by age. Source: RFC 9562, section 5.7."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    text = f"{value:032x}"  # by hand: every message needs one, and uuid.UUID takes three times as long
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def now_iso() -> str:
    """The time of day as the envelope writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def wrap(
    message: Message,
    *,
    src: str,
    project: str | None = None,
    cause: str | None = None,
    corr: str | None = None,
    origin: str = "",
    id: str | None = None,  # noqa: A002 - the field's name on the wire
) -> Envelope:
    """`message` in an envelope of its own."""
    return Envelope(
        type=type(message).type,
        id=id or new_id(),
        ts=now_iso(),
        src=src,
        corr=corr,
        cause=cause,
        project=project,
        origin=origin,
        key=message.state_key() if isinstance(message, Event) else "",
        data=cast("dict[str, JsonValue]", message.model_dump(mode="json")),
    )


def reply_type(request: type[Request[ReplyT]]) -> type[ReplyT]:
    """Which reply a kind of request is answered with.

    Raises:
        TypeError: The class was declared without naming its reply.
    """
    for base in request.__mro__:
        generic = cast("dict[str, Any]", getattr(base, "__pydantic_generic_metadata__", {}))
        if generic.get("origin") is Request:
            return cast("type[ReplyT]", generic["args"][0])
    raise TypeError(f"{request.__name__} must be declared as Request[SomeReply]")


def strictly(kind: type[Message], data: object) -> Message:
    """`data` as a message, refusing fields that it does not have; for HTTP and MCP, where a typo must not pass.

    Raises:
        pydantic.ValidationError: A field is unknown, missing or out of its range.
    """
    return kind.model_validate(data, extra="forbid")
