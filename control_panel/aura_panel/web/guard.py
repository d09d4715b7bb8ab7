"""Who may open a panel: this machine, from this page, with the token.

A page of another origin must not reach the panel through the browser of the person. So the name of the host has to be
a loopback one (no other name that leads here), a web origin has to be that of the page itself, and nothing but the
page's files is given without the token, which no other page knows.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from aura_shared.security import new_token, same_token

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard", "Refused", "Tickets", "headers_of", "problem_body"]

_TICKET_S: Final = 30.0
_MOST_TICKETS: Final = 16


class Refused(NamedTuple):
    """Why a call is turned away."""

    status: int
    message: str
    hint: str


class Tickets:
    """Each is good for one tab, and for a moment: addresses of sockets end up in more places than headers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def give(self) -> str:
        """A new ticket."""
        now = self._clock()
        kept = [(ticket, until) for ticket, until in self._until.items() if until > now]
        self._until = dict(kept[1 - _MOST_TICKETS :])
        ticket = secrets.token_urlsafe(32)
        self._until[ticket] = now + _TICKET_S
        return ticket

    def take(self, ticket: str) -> bool:
        """Whether it was good; it is no more."""
        until = self._until.pop(ticket, None)
        return until is not None and until > self._clock()


class Guard:
    """Wraps the application.

    Args:
        app: The application.
        port: Where it listens.
        other_token: The token of the gateway, which opens the panel too; None while there is none.
    """

    def __init__(self, app: ASGIApp, port: int, other_token: Callable[[], str | None]) -> None:
        self._app = app
        self._other_token = other_token
        self.token = new_token()
        """What the printed address carries."""
        self._hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self._headers = tuple((key.encode(), value.encode()) for key, value in headers_of(port).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call, or turn it away."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)

        async def guarded(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        if refused is None:
            await self._app(scope, receive, guarded)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await guarded(
                {
                    "type": "http.response.start",
                    "status": refused.status,
                    "headers": [(b"content-type", b"application/json")],
                }
            )
            await send({"type": "http.response.body", "body": problem_body(refused)})

    def _refused(self, scope: Scope) -> Refused | None:
        values: dict[str, list[str]] = {}
        for key, value in scope["headers"]:
            values.setdefault(key.decode("latin-1"), []).append(value.decode("latin-1").strip())
        hosts = values.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return Refused(421, "this host name is not answered", "Use the address that `aura panel --web` printed.")
        if any(origin != f"http://{hosts[0].lower()}" for origin in values.get("origin", [])):
            return Refused(403, "web pages of another origin may not open the panel", "Use its own page.")
        if values.get("sec-fetch-site", ["none"])[0] == "cross-site" and scope["path"] != "/":
            return Refused(403, "web pages of another site may not use this", "Use the panel's own page.")
        if scope["type"] == "http" and scope["method"] == "POST":
            return self._without_token(values.get("authorization", []))
        return None

    def _without_token(self, given: list[str]) -> Refused | None:
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        known = (self.token, self._other_token() or "")
        if scheme.lower() == "bearer" and any(same_token(token.strip(), one) for one in known):
            return None
        return Refused(
            401, "the token is missing or wrong", "Open the address that `aura panel --web` printed, all of it."
        )


def problem_body(refused: Refused) -> bytes:
    """The refusal as the page reads it."""
    return json.dumps({"message": refused.message, "hint": refused.hint}).encode()


def headers_of(port: int) -> Mapping[str, str]:
    """What every answer says to the browser: nothing from elsewhere, nowhere else, nothing kept."""
    sockets = " ".join(f"ws://{name}:{port}" for name in ("127.0.0.1", "localhost"))
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {sockets}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
