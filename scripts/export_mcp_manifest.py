"""Writes what the stdio shim answers by itself, as the gateway answers it: `control_panel/aura_cli/mcp_manifest.json`.

usage: python scripts/export_mcp_manifest.py [--check]
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

import httpx
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from aura_gateway.audit import AuditTrail
from aura_gateway.service import GatewayService
from aura_shared.bus.memory import MemoryHub
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import find_paths
from aura_shared.settings import GatewaySettings

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "control_panel" / "aura_cli" / "mcp_manifest.json"
CLIENT = {"name": "manifest", "version": "1"}
ACCEPT = {"accept": "application/json, text/event-stream"}


async def manifest(http: httpx.AsyncClient) -> dict[str, object]:
    """The first answers of a running gateway, in both protocol eras."""
    newest, newest_legacy = MODERN_PROTOCOL_VERSIONS[-1], HANDSHAKE_PROTOCOL_VERSIONS[-1]
    opening = {"protocolVersion": newest_legacy, "capabilities": {}, "clientInfo": CLIENT}
    initialized, session = await _ask(http, "initialize", opening, {})
    headers = {"mcp-session-id": session, "mcp-protocol-version": newest_legacy}
    await http.post(
        "/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers={**ACCEPT, **headers}
    )
    tools_legacy, _ = await _ask(http, "tools/list", {}, headers)
    meta = {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": newest,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": CLIENT,
        }
    }
    modern = {"mcp-protocol-version": newest}
    discover, _ = await _ask(http, "server/discover", meta, {**modern, "mcp-method": "server/discover"})
    tools_modern, _ = await _ask(http, "tools/list", meta, {**modern, "mcp-method": "tools/list"})
    return {
        "legacy_versions": list(HANDSHAKE_PROTOCOL_VERSIONS),
        "modern_versions": list(MODERN_PROTOCOL_VERSIONS),
        "initialize": initialized,
        "discover": discover,
        "tools_legacy": tools_legacy,
        "tools_modern": tools_modern,
    }


def rendered(content: dict[str, object]) -> str:
    """The file's text."""
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


async def _ask(
    http: httpx.AsyncClient, method: str, params: object, headers: dict[str, str]
) -> tuple[dict[str, object], str]:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = await http.post("/mcp", json=request, headers={**ACCEPT, **headers})
    answer.raise_for_status()
    text = next(
        (line[5:] for line in answer.text.splitlines() if line.startswith("data:") and "{" in line), answer.text
    )
    return json.loads(text)["result"], answer.headers.get("mcp-session-id", "")


async def _from_gateway() -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="aura-") as home:
        os.environ["AURA_HOME"] = home
        paths = find_paths().prepare()
        bus = MemoryHub().connect("gateway")
        trail = AuditTrail(paths.data / "audit.db")
        gateway = GatewayService(bus, paths, GatewaySettings(), ServiceMetricsRegistry("gateway"), trail)
        await gateway.start()
        try:
            assert gateway.discovery is not None
            headers = {"authorization": f"Bearer {gateway.discovery.token}"}
            async with httpx.AsyncClient(base_url=gateway.discovery.url, headers=headers, trust_env=False) as http:
                return await manifest(http)
        finally:
            await gateway.stop()
            await bus.close()


def main(arguments: list[str]) -> int:
    """Write the file, or check that it is current; returns the exit code."""
    text = rendered(asyncio.run(_from_gateway()))
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
