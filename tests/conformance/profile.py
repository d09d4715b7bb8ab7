"""The gateway as the conformance suite needs it: the same app, the suite's fixtures added, no token.

Only started by `scripts/mcp_conformance.py` and by a test, on a loopback address, in an installation of its own; the
product has no setting that leads here. usage: PYTHONPATH=tests python tests/conformance/profile.py PORT
"""

from __future__ import annotations

import asyncio
import sys

import uvicorn

from aura_gateway.app import GatewayApp, Parts, create_app
from aura_gateway.guard import GuardRules
from aura_gateway.mcp_server import McpEndpoint
from aura_shared.bus.memory import MemoryHub
from aura_shared.paths import find_paths
from aura_shared.settings import GatewaySettings
from conformance.fixtures import add_fixtures
from gateway_lab import CodeDouble


def extend(endpoint: McpEndpoint) -> None:
    """Add the suite's fixtures to the gateway's own tools."""
    add_fixtures(endpoint.server)


def build(port: int) -> GatewayApp:
    """The app of the profile; the suite's own checks come from the origin that it runs at, so that one is listed."""
    hub = MemoryHub()
    CodeDouble(hub.connect("code")).serve()
    origins = (f"http://127.0.0.1:{port}", f"http://localhost:{port}")
    return create_app(
        Parts(
            bus=hub.connect("gateway"),
            paths=find_paths(),
            settings=GatewaySettings(rate_per_second=100_000),
            rules=GuardRules.on_port(port, token=None, origins=origins, max_body_bytes=4_194_304, body_timeout_s=30),
            instance="conformance",
            state_key=bytes(range(32)),
            note=lambda _: None,
            exposition=str,
            extend=extend,
        )
    )


async def serve(port: int) -> None:
    """Serve until told to stop."""
    await uvicorn.Server(uvicorn.Config(build(port).app, host="127.0.0.1", port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
