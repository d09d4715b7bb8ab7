"""MCP clients of a gateway under test, made with the SDK, in both protocol eras."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from mcp import Client
from mcp.client.session import MessageHandlerFnT
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from gateway_lab import Lab

MODERN, LEGACY = "2026-07-28", "legacy"


@asynccontextmanager
async def mcp_client(
    lab: Lab, era: str, headers: dict[str, str] | None = None, take: MessageHandlerFnT | None = None
) -> AsyncGenerator[Client]:
    """A connected client."""
    async with httpx2.AsyncClient(headers={**lab.headers, **(headers or {})}, trust_env=False) as http:
        transport = streamable_http_client(f"{lab.url}/mcp", http_client=http)
        async with Client(transport, mode=era, message_handler=take) as client:
            yield client


def text(result: object) -> str:
    """The readable part of a tool's answer."""
    assert isinstance(result, CallToolResult)
    return "".join(getattr(part, "text", "") for part in result.content)
