"""What the work of this moment belongs to: which message led to it, who began it, which project it is about.

The bus sets it around every handler. Messages that are sent meanwhile, and log lines, carry it on without being told,
so that what happened can be followed from a person's call to the last event. Tasks that are begun inside inherit it;
one that outlives the work it was begun for is begun `with nothing_led_here()`.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Final

from aura_shared.messages.core import Envelope, Message, wrap

__all__ = ["Cause", "because", "begun_by", "cause_now", "nothing_led_here", "wrap_with_cause"]

MOST_TEXT: Final = 200
"""Characters of a project's name; what is longer is none."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to something. Every part may be empty."""

    id: str = ""
    """The message that led to it directly: its `cause`."""
    corr: str = ""
    """The message or the client's call that everything began with: its `corr`."""
    origin: str = ""
    """The kind of client or the service that began it."""
    project: str = ""
    """Which project the work is about, as the message names it."""


_now: ContextVar[Cause | None] = ContextVar("aura_cause", default=None)


def cause_now() -> Cause | None:
    """What led to the work of this moment, where that is known."""
    return _now.get()


class because:  # noqa: N801 - reads as a statement: `with because(delivery.envelope):`
    """Work inside the block is done because of a message."""

    __slots__ = ("_cause", "_token")

    def __init__(self, of: Envelope | Cause | None) -> None:
        self._cause = _cause_of(of) if isinstance(of, Envelope) else of
        self._token: Token[Cause | None] | None = None

    def __enter__(self) -> None:
        self._token = _now.set(self._cause)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _now.reset(self._token)


def nothing_led_here() -> because:
    """Work inside the block goes on for its own sake: loops and watches that are begun by the first who needs them."""
    return because(None)


def begun_by(origin: str) -> because:
    """Work inside the block was begun by something outside of Aura, such as `git-watch`, unless a message led to it."""
    return because(_now.get() or Cause(origin=origin))


def wrap_with_cause(message: Message, *, src: str, project: str | None, cause: str | None) -> Envelope:
    """`message` in an envelope that says what led to it; a `cause` that is given counts more than the known one."""
    now = _now.get()
    if now is None:
        return wrap(message, src=src, project=project, cause=cause or None)
    return wrap(
        message,
        src=src,
        project=project,
        cause=cause or now.id or None,
        corr=now.corr or None,
        origin=now.origin,
    )


def _cause_of(envelope: Envelope) -> Cause:
    project = envelope.project or envelope.data.get("project")
    return Cause(
        id=envelope.id,
        corr=envelope.corr or envelope.cause or envelope.id,
        origin=envelope.origin or envelope.src,
        project=project if isinstance(project, str) and len(project) <= MOST_TEXT else "",
    )
