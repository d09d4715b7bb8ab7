"""The one guard over the whole app: REST, WebSocket, MCP, metrics and documents alike.

It is plain ASGI around everything else, because a library guards only its own routes: measured, routes beside the MCP
endpoint answered a forged Host header. What it lets through has a known host, no foreign origin, the token, a body of
JSON within its bound, and a place in the rate; what it turns away gets a status and a reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aura_gateway.calls import Call, origin_of
from aura_gateway.limits import RateLimits, TooOften
from aura_gateway.problems import problem_of
from aura_shared.errors import AuraError, NotAllowed, RequestTimeout, ServiceDown, TooLarge, UsageProblem
from aura_shared.logging import get_logger
from aura_shared.messages.core import new_id
from aura_shared.security import same_token

__all__ = ["MCP_PATH", "OPEN_PATHS", "TOKEN_PROTOCOL", "Guard", "GuardRules"]

MCP_PATH: Final = "/mcp"
OPEN_PATHS: Final = frozenset({"/healthz"})
"""Answered without a token."""
TOKEN_PROTOCOL: Final = "aura.token."  # noqa: S105 - a prefix, no secret
"""Prefix of the WebSocket subprotocol that carries the token where a header cannot be set, as in a browser."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CLIENT: Final = re.compile(r"[^ -~]")
_MCP_TIMES: Final = 4
_DRAIN_S: Final = 1.0
_DRAIN_CHUNKS: Final = 64  # Of up to 64 kB each.
_NO_CONTENT: Final = frozenset({"GET", "HEAD", "OPTIONS"})

log = get_logger("guard")


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What the guard holds calls to."""

    token: str | None
    """The bearer token; None only in the conformance profile of the tests."""
    hosts: frozenset[str]
    """Values of the Host header that are answered."""
    origins: frozenset[str]
    """Web origins that may call; a call without an Origin header comes from no web page."""
    max_body_bytes: int
    """Larger bodies are refused."""
    body_timeout_s: float
    """Within which a body has to arrive."""

    @classmethod
    def on_port(
        cls, port: int, *, token: str | None, origins: Sequence[str], max_body_bytes: int, body_timeout_s: float
    ) -> GuardRules:
        """Rules for a gateway that listens on `port` of the loopback addresses."""
        hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        return cls(token, hosts, frozenset(origins), max_body_bytes, body_timeout_s)


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A call that the guard turns away."""

    status: int
    error: AuraError
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Guard:
    """Wraps the app; see the module."""

    def __init__(self, app: ASGIApp, rules: GuardRules, limits: RateLimits, note: Callable[[Call], None]) -> None:
        self._app = app
        self._rules = rules
        self._limits = limits
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call, or turn it away."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _Headers(scope)
        call = _call(scope, headers)
        call.attach(scope)
        answer = _Answer(send, call, self._cors(headers))
        try:
            await self._serve(scope, headers, receive, answer)
        except Refusal as refusal:
            await answer.refuse(scope, refusal)
        except asyncio.CancelledError:
            # Only a stop of the gateway cancels a call here. Its task ends with this answer, so nothing is lost by
            # not passing the cancellation on; the server would log it as a crash.
            await answer.end(
                scope, Refusal(503, ServiceDown("the gateway stops", hint="Try again in a moment."), _CLOSE)
            )
        except Exception:  # the outermost loop of a call: nothing of the error leaves the logs
            log.exception("call_failed", request_id=call.request_id, command=call.command)
            await answer.refuse(scope, Refusal(500, AuraError(f"the gateway failed to answer ({call.request_id})")))
        finally:
            call.took_ms = round((time.perf_counter() - call.started_s) * 1000, 2)
            self._note(call)

    async def _serve(self, scope: Scope, headers: _Headers, receive: Receive, answer: _Answer) -> None:
        self._check_host(headers)
        self._check_origin(headers)
        if _is_preflight(scope, headers):
            await answer.allow_preflight()
            return
        if scope["path"] not in OPEN_PATHS:
            self._check_token(scope, headers)
        self._check_rate(scope, answer.call.command)
        if scope["type"] == "http" and scope["method"] not in _NO_CONTENT:
            receive = await self._take_body(headers, receive, answer.call)
        await self._app(scope, receive, answer.send)

    def _check_host(self, headers: _Headers) -> None:
        found = headers.all(b"host")
        if len(found) != 1 or found[0].lower() not in self._rules.hosts:
            raise Refusal(421, NotAllowed("this host name is not answered", hint="Use http://127.0.0.1 with the port."))

    def _check_origin(self, headers: _Headers) -> None:
        if any(origin not in self._rules.origins for origin in headers.all(b"origin")):
            raise Refusal(
                403,
                NotAllowed(
                    "web pages of this origin may not call", hint="List it in gateway.allowed_origins if they should."
                ),
            )

    def _check_token(self, scope: Scope, headers: _Headers) -> None:
        if self._rules.token is None:
            return
        given = _given_token(scope, headers)
        if given is None or not same_token(given, self._rules.token):
            what = "a token is needed" if given is None else "the token is wrong"
            raise Refusal(
                401,
                NotAllowed(
                    what, hint="Send `Authorization: Bearer TOKEN`; the discovery file gateway.json has the token."
                ),
                ((b"www-authenticate", b"Bearer"),),
            )

    def _check_rate(self, scope: Scope, command: str) -> None:
        try:
            # Each tool has its own bound behind the one address of MCP.
            self._limits.take(command, times=_MCP_TIMES if scope["path"] == MCP_PATH else 1)
        except TooOften as error:
            seconds = str(max(1, math.ceil(error.retry_after_s))).encode()
            raise Refusal(429, error, ((b"retry-after", seconds),)) from error

    async def _take_body(self, headers: _Headers, receive: Receive, call: Call) -> Receive:
        """Read the whole body, within its bounds; what comes back gives it to the app in one piece."""
        declared = headers.first(b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared) > self._rules.max_body_bytes):
            raise await self._too_large(receive)
        try:
            async with asyncio.timeout(self._rules.body_timeout_s):
                body = await self._read(receive)
        except TimeoutError as error:
            raise Refusal(408, RequestTimeout("the body did not arrive in time"), _CLOSE) from error
        call.bytes_in = len(body)
        if body and not _is_json(headers.first(b"content-type")):
            raise Refusal(
                415, UsageProblem("the body must be JSON", hint="Send `Content-Type: application/json`."), _CLOSE
            )
        return _replay(body, receive)

    async def _read(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, UsageProblem("the body ended early"), _CLOSE)
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._rules.max_body_bytes:
                raise await self._too_large(receive)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def _too_large(self, receive: Receive) -> Refusal:
        """Why a body is refused.

        A little more of it is read first: a client that still writes to a closed connection never sees the answer.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                for _ in range(_DRAIN_CHUNKS):
                    message = await receive()
                    if not message.get("more_body", False):
                        break
        return Refusal(413, TooLarge(f"a body may have {self._rules.max_body_bytes} bytes"), _CLOSE)

    def _cors(self, headers: _Headers) -> tuple[tuple[bytes, bytes], ...]:
        """What lets a page of a listed origin read the answer."""
        origin = headers.first(b"origin")
        if origin is None or origin not in self._rules.origins:
            return ()
        return ((b"access-control-allow-origin", origin.encode()), (b"vary", b"origin"))


class _Headers:
    """The headers of a scope, as text.

    Blanks around the values are taken off for everybody behind the guard too: the HTTP parser leaves those at the end,
    and what the guard and the app read must be the same (RFC 9110, section 5.5).
    """

    def __init__(self, scope: Scope) -> None:
        raw: list[tuple[bytes, bytes]] = scope["headers"]
        scope["headers"] = [(key, value.strip(b" \t")) for key, value in raw]
        self._values: dict[bytes, list[str]] = {}
        for key, value in scope["headers"]:
            self._values.setdefault(key, []).append(value.decode("latin-1"))

    def all(self, name: bytes) -> list[str]:
        """Every value of a header."""
        return self._values.get(name, [])

    def first(self, name: bytes) -> str | None:
        """Its first value."""
        values = self._values.get(name)
        return values[0] if values else None


class _Answer:
    """The way back to the client: adds headers, counts, and knows whether the answer has begun."""

    def __init__(self, send: Send, call: Call, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self.call = call
        self._begun = False
        self._headers = ((b"x-request-id", call.request_id.encode()), (b"x-content-type-options", b"nosniff"), *headers)

    async def send(self, message: Message) -> None:
        """Pass on a message of the app."""
        kind = message["type"]
        if kind in {"http.response.start", "websocket.http.response.start"}:
            self._begun = True
            self.call.status = message["status"]
            if message["status"] >= 400 and self.call.outcome == "ok":
                self.call.outcome = f"http_{message['status']}"
            message["headers"] = [*message.get("headers", ()), *self._headers]
        elif kind == "http.response.body":
            self.call.bytes_out += len(message.get("body", b""))
        elif kind == "websocket.accept":
            self._begun = True
            self.call.status = 101
            message["headers"] = [*message.get("headers", ()), *self._headers]
        elif kind == "websocket.send":
            self.call.bytes_out += len(message.get("text") or message.get("bytes") or b"")
        await self._send(message)

    async def allow_preflight(self) -> None:
        """Tell a page of a listed origin what it may send."""
        headers = [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (
                b"access-control-allow-headers",
                b"authorization, content-type, mcp-protocol-version, mcp-method, mcp-name",
            ),
            (b"access-control-max-age", b"600"),
        ]
        await self.send({"type": "http.response.start", "status": 204, "headers": headers})
        await self.send({"type": "http.response.body", "body": b""})

    async def refuse(self, scope: Scope, refusal: Refusal) -> None:
        """Answer with an error, unless an answer has begun: then nothing but hanging up is left."""
        self.call.outcome = refusal.error.code
        self.call.status = refusal.status
        if scope["type"] == "websocket":
            await self._refuse_websocket(scope, refusal)
        elif not self._begun:
            body = _mcp_body(refusal) if scope["path"] == MCP_PATH else problem_of(refusal.error, self.call.request_id)
            await self.send({"type": "http.response.start", **_start(refusal, body)})
            await self.send({"type": "http.response.body", "body": body})

    async def end(self, scope: Scope, refusal: Refusal) -> None:
        """Refuse, or complete an answer that has begun as it is."""
        if self._begun and scope["type"] == "http":
            self.call.outcome = refusal.error.code
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self.refuse(scope, refusal)

    async def _refuse_websocket(self, scope: Scope, refusal: Refusal) -> None:
        if self._begun:
            await self._send({"type": "websocket.close", "code": 1011})
        elif "websocket.http.response" in scope.get("extensions", {}):
            body = problem_of(refusal.error, self.call.request_id)
            await self.send({"type": "websocket.http.response.start", **_start(refusal, body)})
            await self._send({"type": "websocket.http.response.body", "body": body})
        else:
            await self._send({"type": "websocket.close", "code": 1008})


_CLOSE: Final = ((b"connection", b"close"),)


def _start(refusal: Refusal, body: bytes) -> dict[str, object]:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *refusal.headers,
    ]
    return {"status": refusal.status, "headers": headers}


def _mcp_body(refusal: Refusal) -> bytes:
    """The refusal as MCP clients read it: a JSON-RPC error without the id of a request."""
    data: dict[str, object] = {"code": refusal.error.code, "hint": refusal.error.hint}
    if isinstance(refusal.error, TooOften):
        data["retryAfter"] = round(refusal.error.retry_after_s, 3)
    error = {"code": -32000, "message": refusal.error.message, "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()


def _call(scope: Scope, headers: _Headers) -> Call:
    """A new call; its id is the client's own where that is a usable one."""
    wanted = headers.first(b"x-request-id") or ""
    method: str = scope.get("method", "WS")
    path: str = scope["path"]
    client = _CLIENT.sub("?", headers.first(b"user-agent") or "")[:64]
    return Call(
        request_id=wanted if _REQUEST_ID.fullmatch(wanted) else new_id(),
        command=f"{method} {'/'.join(path.split('/', 3)[:3])[:64]}",
        client=client,
        origin=origin_of(client, mcp=path == MCP_PATH),
    )


def _given_token(scope: Scope, headers: _Headers) -> str | None:
    """The token of a call: from the Authorization header, or from a WebSocket's subprotocols."""
    given = headers.first(b"authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    offered: Sequence[str] = scope.get("subprotocols", ())
    return next((name.removeprefix(TOKEN_PROTOCOL) for name in offered if name.startswith(TOKEN_PROTOCOL)), None)


def _is_preflight(scope: Scope, headers: _Headers) -> bool:
    return (
        scope.get("method") == "OPTIONS"
        and headers.first(b"origin") is not None
        and headers.first(b"access-control-request-method") is not None
    )


def _is_json(content_type: str | None) -> bool:
    kind, _, rest = (content_type or "").partition(";")
    charset = rest.strip().lower()
    return kind.strip().lower() == "application/json" and charset in {"", "charset=utf-8", 'charset="utf-8"'}


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives `body` once, then whatever the client still sends: only that it leaves."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
