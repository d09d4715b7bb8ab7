"""The one ASGI app: REST, events, MCP and documents, with the guard around all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from aura_gateway.approvals import Approvals
from aura_gateway.asking import Asking
from aura_gateway.calls import Call, call_of
from aura_gateway.events import EventStreams, event_routes
from aura_gateway.guard import MCP_PATH, Guard, GuardRules
from aura_gateway.hearing import Hearing
from aura_gateway.limits import RateLimits
from aura_gateway.mcp_server import McpEndpoint, build_mcp
from aura_gateway.mcp_tools import Desks, McpTools
from aura_gateway.openapi import describe
from aura_gateway.pausing import Pausing
from aura_gateway.problems import problem_of, status_of, told
from aura_gateway.rest import ProtocolMismatch, Rest, routes
from aura_gateway.sampling import Sampling
from aura_gateway.status import StatusBoard
from aura_shared.bus import Bus
from aura_shared.errors import AuraError, NotAllowed, NotFound, UsageProblem
from aura_shared.messages.models import SampleFromClient
from aura_shared.paths import AuraPaths
from aura_shared.settings import GatewaySettings

__all__ = ["GatewayApp", "Parts", "create_app"]

INTERFACE_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an app is made of."""

    bus: Bus
    """Connection to the services."""
    paths: AuraPaths
    """The installation."""
    settings: GatewaySettings
    """Bounds and origins."""
    rules: GuardRules
    """What the guard holds calls to."""
    instance: str
    """Another one at each start."""
    state_key: bytes
    """Seals what MCP clients hand back; at least 32 bytes."""
    note: Callable[[Call], None]
    """Takes every finished call, for the audit trail."""
    exposition: Callable[[], str]
    """The gateway's own metrics."""
    extend: Callable[[McpEndpoint], None] | None = None
    """Adds to the MCP server before it serves; only the conformance profile of the tests does."""


@dataclass(frozen=True, slots=True)
class GatewayApp:
    """The app, and what its owner needs of it."""

    app: ASGIApp
    """To be served; guarded."""
    inner: FastAPI
    """The same without the guard: for its routes and its OpenAPI document."""
    hearing: Hearing
    """What is heard on the bus."""
    streams: EventStreams
    """Open event streams."""
    mcp: McpEndpoint
    """The MCP server."""


def create_app(parts: Parts) -> GatewayApp:
    """Put the app together; its lifespan runs the MCP server and the listening on the bus."""
    calls = _Counted(parts.note)
    asking = Asking(parts.bus, parts.settings.request_timeout_s)
    hearing = Hearing(parts.bus)
    limits = RateLimits(parts.settings.rate_per_second)
    streams = EventStreams(parts.bus)
    desks = Desks(Approvals(), Sampling())
    parts.bus.serve(SampleFromClient, desks.sampling.answer)
    pausing = Pausing(parts.bus)
    pausing.register()
    board = StatusBoard(asking, parts.paths, parts.instance, lambda: calls.count, pausing.now)
    mcp = build_mcp(McpTools(asking, hearing, board, desks), hearing, limits, parts.state_key)
    if parts.extend is not None:
        parts.extend(mcp)
    mcp_app = mcp.asgi_app(parts.settings.max_body_bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        listening = asyncio.create_task(hearing.run(), name="hearing")
        await pausing.start()
        async with mcp.running():
            try:
                yield
            finally:
                await pausing.stop()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    inner = FastAPI(
        title="Aura",
        version=INTERFACE_VERSION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    inner.router.routes.append(Route(MCP_PATH, mcp_app, include_in_schema=False))
    inner.include_router(routes(Rest(asking, board, hearing, parts.exposition, desks.approvals)))
    inner.include_router(event_routes(streams))
    describe(inner)
    _translate_errors(inner)
    return GatewayApp(Guard(_short_way(mcp_app, inner), parts.rules, limits, calls.note), inner, hearing, streams, mcp)


def _short_way(mcp_app: ASGIApp, inner: FastAPI) -> ASGIApp:
    """MCP calls go straight to their endpoint.

    The layers that FastAPI puts around its routes give them nothing, and cost each call a tenth of its CPU time.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (mcp_app if scope["type"] == "http" and scope["path"] == MCP_PATH else inner)(scope, receive, send)

    return app


class _Counted:
    """Counts calls on their way to the audit trail."""

    def __init__(self, note: Callable[[Call], None]) -> None:
        self.count = 0
        self._note = note

    def note(self, call: Call) -> None:
        self.count += 1
        self._note(call)


def _translate_errors(app: FastAPI) -> None:
    """Give every error the same form."""

    @app.exception_handler(AuraError)
    async def aura_error(http: Request | WebSocket, error: AuraError) -> Response:
        return await _refusal(http, error, 426 if isinstance(error, ProtocolMismatch) else status_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(http: Request, error: RequestValidationError) -> Response:
        problem = UsageProblem("; ".join(told(found) for found in error.errors()[:5]))
        return await _refusal(http, problem, 400)

    @app.exception_handler(Exception)
    async def crash(http: Request, error: Exception) -> Response:
        del error  # Starlette raises it on to the guard, which logs it; nothing of it leaves the machine's logs.
        problem = AuraError(f"the gateway failed to answer ({call_of(http.scope).request_id})")
        return await _refusal(http, problem, 500)

    @app.exception_handler(HTTPException)
    async def http_error(http: Request, error: HTTPException) -> Response:
        kind = {404: NotFound, 403: NotAllowed}.get(error.status_code, UsageProblem)
        what = {404: "there is nothing at this address", 405: "this address does not take this method"}
        problem = kind(what.get(error.status_code, error.detail), hint="GET /v1/openapi.json lists what there is.")
        return await _refusal(http, problem, error.status_code)


async def _refusal(http: Request | WebSocket, error: AuraError, status: int) -> Response:
    call = call_of(http.scope)
    call.outcome = error.code
    headers = {"retry-after": "1"} if status == 503 else None
    answer = Response(problem_of(error, call.request_id), status, headers, "application/json")
    if isinstance(http, WebSocket):
        await http.send_denial_response(answer)
    return answer
