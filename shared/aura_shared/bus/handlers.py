"""Answering requests: from a question in its envelope to the answer in its envelope, whatever the handler does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from aura_shared.bus import Context, Handler, ProgressHandler, RequestT
from aura_shared.causes import because
from aura_shared.errors import AuraError, BusError, Cancelled, UsageProblem, error_from
from aura_shared.messages.core import Envelope, Failure, Message, Progress, ReplyT, Request, reply_type, wrap

SendProgress = Callable[[Envelope], None]
MessageT = TypeVar("MessageT", bound=Message)


@dataclass(slots=True)
class Call:
    """A request that is being answered here; what its handler gets as `Context`."""

    envelope: Envelope
    """The question."""
    name: str
    """Who answers."""
    send: SendProgress
    """Takes progress to the caller."""
    cancelled: bool = False
    """Whether the caller has gone or took the request back."""

    async def progress(self, progress: Progress) -> None:
        """Tell the caller how far the work is."""
        self.send(wrap(progress, src=self.name, corr=self.envelope.id, project=self.envelope.project))


@dataclass(slots=True)
class Handlers:
    """What one connection answers."""

    name: str
    """Name of the connection."""
    _known: dict[str, tuple[type[Request[Any]], Handler[Any]]] = field(
        default_factory=dict[str, tuple[type[Request[Any]], Handler[Any]]]
    )

    def __bool__(self) -> bool:
        return bool(self._known)

    def add(self, kind: type[RequestT], handler: Handler[RequestT]) -> None:
        """Answer one more kind of request; a second handler of a kind replaces the first."""
        self._known[kind.type] = (kind, handler)

    async def answer(self, call: Call) -> Envelope:
        """The reply, or the failure, to a request. Raises nothing but `CancelledError`."""
        with because(call.envelope):
            return await self._answer(call, call.envelope)

    async def _answer(self, call: Call, asked: Envelope) -> Envelope:
        known = self._known.get(asked.type)
        if known is None:
            return failure(asked, self.name, BusError(f"the service {self.name} does not answer {asked.type}"))
        kind, handler = known
        try:
            request = kind.model_validate(asked.data)
        except ValidationError as error:
            return failure(asked, self.name, UsageProblem(f"{asked.type}: {first_problem(error)}"))
        try:
            reply = await handler(request, cast("Context", call))
            return reply_to(asked, self.name, reply)
        except AuraError as error:
            return failure(asked, self.name, error)
        except asyncio.CancelledError:
            if not call.cancelled:
                raise
            return failure(asked, self.name, Cancelled("the request was taken back"))
        except Exception:  # noqa: BLE001 - one failing handler must not end the service; the caller gets no details
            report("handler_failed", type=asked.type, id=asked.id, service=self.name)
            return failure(asked, self.name, AuraError(f"{self.name} failed to answer {asked.type} ({asked.id})"))


def reply_to(asked: Envelope, name: str, reply: Message) -> Envelope:
    """`reply` in an envelope that belongs to the request `asked`."""
    wrapped = wrap(reply, src=name, corr=asked.id, cause=asked.id, project=asked.project)
    return wrapped if wrapped.type else wrapped.model_copy(update={"type": f"{asked.type}.reply"})


def failure(asked: Envelope, name: str, error: AuraError) -> Envelope:
    """`error` as the answer to the request `asked`."""
    return reply_to(asked, name, Failure(code=error.code, message=error.message, hint=error.hint))


def read_reply(request: Request[ReplyT], answer: Envelope) -> ReplyT:
    """What the service answered.

    Raises:
        AuraError: What the service reported.
        BusError: The answer does not have the form of the contract.
    """
    if answer.type == Failure.type:
        failed = _read(Failure, answer)
        raise error_from(failed.code, failed.message, failed.hint)
    return _read(reply_type(type(request)), answer)


def hand_progress(take: ProgressHandler | None, envelope: Envelope) -> None:
    """Give progress to the caller's callback; a callback that fails is logged and does no harm to the request."""
    if take is None:
        return
    try:
        take(_read(Progress, envelope))
    except Exception:  # noqa: BLE001 - it belongs to the caller and may raise anything
        report("progress_callback_failed", id=envelope.corr)


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with a message, in one line and without its contents."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else found["msg"]


def report(event: str, *, exception: bool = True, **facts: object) -> None:
    """Log something that went wrong, with the traceback of the error that is being handled."""
    from aura_shared.logging import get_logger  # noqa: PLC0415 - heavy, it imports the bus, and is seldom needed here

    logger = get_logger("bus")
    if exception:
        logger.exception(event, **facts)
    else:
        logger.warning(event, **facts)


def _read(kind: type[MessageT], answer: Envelope) -> MessageT:
    try:
        return kind.model_validate(answer.data)
    except ValidationError as error:
        raise BusError(f"the answer {answer.type} of {answer.src} is malformed: {first_problem(error)}") from error
