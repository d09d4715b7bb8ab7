"""The one guard: nothing gets past it, on any route."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
import psutil
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from aura_gateway.app import GatewayApp
from aura_gateway.guard import OPEN_PATHS
from aura_gateway.limits import RateLimits, TooOften
from aura_shared.settings import GatewaySettings
from gateway_lab import Lab, running_gateway, until

pytestmark = pytest.mark.requirement("P9", "M9")

WS = "/v1/events"


def _built(lab: Lab) -> GatewayApp:
    built = lab.service._built
    assert built is not None
    return built


def _routes(lab: Lab) -> Iterator[tuple[str, str]]:
    """Method and path of every route that the app has, MCP and WebSocket among them."""
    for route in _flat(_built(lab).inner.routes):
        assert isinstance(route, APIRoute | Route | WebSocketRoute), (
            f"a kind of route that this test does not know: {route}"
        )
        path = route.path.replace("{project}", "shop")
        methods = ("WS",) if isinstance(route, WebSocketRoute) else sorted(route.methods or {"GET", "POST", "DELETE"})
        yield from ((method, path) for method in methods)


def _flat(routes: Sequence[object]) -> Iterator[object]:
    """Routes, those of included routers too."""
    for route in routes:
        inner: APIRouter | None = getattr(route, "original_router", None)
        yield from [route] if inner is None else _flat(inner.routes)


async def _status(lab: Lab, method: str, path: str, headers: dict[str, str]) -> int:
    """The status that a bare call gets."""
    if method == "WS":
        try:
            async with connect(lab.url.replace("http", "ws") + path, additional_headers=headers, proxy=None):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
    async with httpx.AsyncClient(base_url=lab.url, trust_env=False) as http:
        return (await http.request(method, path, headers=headers)).status_code


@pytest.mark.requirement("P5")
async def test_every_route_but_health_needs_the_token(lab: Lab) -> None:
    routes = list(_routes(lab))
    assert {"/mcp", WS, "/metrics", "/v1/search", "/v1/openapi.json"} <= {path for _, path in routes}
    for method, path in routes:
        expected = 200 if path in OPEN_PATHS else 401
        assert await _status(lab, method, path, {}) == expected, (method, path)
        wrong = {"authorization": f"Bearer {lab.found.token}x"}
        assert await _status(lab, method, path, wrong) == expected, (method, path)


@pytest.mark.parametrize("value", ["Basic abc", "Bearer", "Bearer a b", "", "bearer \xff"], ids=repr)
async def test_odd_authorization_headers_are_refused(lab: Lab, value: str) -> None:
    headers = [(b"Authorization", value.encode("latin-1"))]
    async with httpx.AsyncClient(base_url=lab.url, trust_env=False) as http:
        answer = await http.get("/v1/projects", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    error = answer.json()["error"]
    assert error["code"] == "not_allowed"
    assert error["request_id"] == answer.headers["x-request-id"]


EVIL_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost:{port}.evil.example",
]


@pytest.mark.parametrize("host", EVIL_HOSTS)
async def test_a_forged_host_is_refused_on_every_route(lab: Lab, host: str) -> None:
    headers = {**lab.headers, "host": host.format(port=lab.found.port)}
    for method, path in _routes(lab):
        if method == "WS":
            continue
        assert await _status(lab, method, path, headers) == 421, (method, path)


async def test_a_forged_host_is_refused_by_the_websocket(lab: Lab) -> None:
    assert b"421" in await _raw(lab, f"GET {WS} HTTP/1.1\r\nHost: evil.example\r\n{_upgrade(lab)}\r\n\r\n".encode())
    accepted = f"GET {WS} HTTP/1.1\r\nHost: localhost:{lab.found.port}\r\n{_upgrade(lab)}\r\n\r\n".encode()
    assert b"101" in await _raw(lab, accepted)


async def test_two_host_headers_are_refused(lab: Lab) -> None:
    port = lab.found.port
    head = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert b" 200 " not in await _raw(lab, head.encode())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:{port}", "file://"])
async def test_an_origin_that_is_not_listed_is_refused_on_every_route(lab: Lab, origin: str) -> None:
    headers = {**lab.headers, "origin": origin.format(port=lab.found.port)}
    for method, path in _routes(lab):
        assert await _status(lab, method, path, headers) == 403, (method, path)


async def test_a_listed_origin_may_call_and_reads_the_answer(aura_home: Path) -> None:
    origin = "http://panel.localhost:3000"
    async with running_gateway(GatewaySettings(allowed_origins=(origin,))) as lab, lab.client(origin=origin) as http:
        asked = {"access-control-request-method": "POST"}
        preflight = await http.options("/v1/search", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == origin
        answer = await http.get("/v1/projects")
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert (await http.options("/v1/search", headers={**asked, "origin": "http://evil.example"})).status_code == 403


@pytest.mark.parametrize("path", ["/v1/search", "/mcp"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
)
async def test_a_body_that_is_not_declared_json_is_refused(lab: Lab, path: str, kind: str) -> None:
    async with lab.client() as http:
        answer = await http.post(path, content=b'{"project": "shop"}', headers={"content-type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/v1/search", "/mcp"])
async def test_a_body_over_the_cap_is_refused_however_it_is_sent(aura_home: Path, path: str) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100

    async with running_gateway(GatewaySettings(max_body_bytes=2000)) as lab:
        async with lab.client(**{"content-type": "application/json"}) as http:
            declared = await http.post(path, content=b" " * 2001)
            assert declared.status_code == 413
            assert (await http.post(path, content=streamed())).status_code == 413
            body = json.dumps({"project": "shop", "query": "q" * 1800})
            assert (await http.post("/v1/search", content=body)).status_code == 200
        lying = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{lab.found.port}\r\nContent-Type: application/json\r\n"
        lying += f"Authorization: Bearer {lab.found.token}\r\nContent-Length: 99999999999999999999\r\n\r\n"
        assert b" 200 " not in await _raw(lab, lying.encode())


async def test_a_body_that_never_ends_is_given_up(aura_home: Path) -> None:
    async with running_gateway(GatewaySettings(request_timeout_s=0.2)) as lab:
        head = f"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1:{lab.found.port}\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {lab.found.token}\r\nContent-Length: 100\r\n\r\n{{"
        assert b" 408 " in await _raw(lab, head.encode())


async def test_a_flood_is_told_to_wait(aura_home: Path) -> None:
    async with running_gateway(GatewaySettings(rate_per_second=5)) as lab, lab.client() as http:
        answers = [await http.get("/v1/projects") for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert int(refused[0].headers["retry-after"]) >= 1
        assert refused[0].json()["error"]["code"] == "rate_limited"
        assert (await http.get("/v1/openapi.json")).status_code == 200  # Another command has a bucket of its own.


def test_a_bucket_fills_again_and_the_table_stays_small() -> None:
    now = [0.0]
    limits = RateLimits(2, clock=lambda: now[0])
    limits.take("a")
    limits.take("a")
    with pytest.raises(TooOften) as refused:
        limits.take("a")
    assert refused.value.retry_after_s == pytest.approx(0.5)
    now[0] += 0.5
    limits.take("a")
    for number in range(3000):
        limits.take(f"made up {number}")
    assert len(limits._buckets) <= 1024


async def test_a_clients_own_request_id_is_kept_when_it_is_a_usable_one(client: httpx.AsyncClient) -> None:
    kept = await client.get("/v1/projects", headers={"x-request-id": "my-call-0001"})
    assert kept.headers["x-request-id"] == "my-call-0001"
    made = await client.get("/v1/projects", headers={"x-request-id": "a b"})
    assert made.headers["x-request-id"] != "a b"


async def test_a_crash_shows_no_traceback(lab: Lab, client: httpx.AsyncClient) -> None:
    async def crash(*_: object) -> None:
        raise RuntimeError("secret detail")

    lab.service._built.inner.router.routes.insert(0, Route("/v1/crash", crash))  # type: ignore[union-attr]  # it runs
    answer = await client.get("/v1/crash")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret detail" not in answer.text


@pytest.mark.requirement("P5")
async def test_it_listens_on_loopback_only_and_its_files_are_private(lab: Lab) -> None:
    listening = [c.laddr.ip for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}
    async with lab.client() as http:
        await http.get("/v1/projects")
    await until((lab.paths.data / "audit.db").exists)
    for name in ("gateway.json", "mcp-state.key", "audit.db"):
        assert stat.S_IMODE((lab.paths.data / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(lab.paths.data.stat().st_mode) == 0o700


def _upgrade(lab: Lab) -> str:
    return (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {lab.found.token}"
    )


async def _raw(lab: Lab, data: bytes) -> bytes:
    """The beginning of the answer to some bytes; empty when the gateway hangs up."""
    reader, writer = await asyncio.open_connection(lab.found.host, lab.found.port)
    try:
        writer.write(data)
        await writer.drain()
        return await asyncio.wait_for(reader.read(400), 5)
    finally:
        writer.close()
