"""Figures of trivial MCP calls over HTTP: CPU per call of the gateway's process, and latency at 1 and 10 clients.

usage: python tests/bench/mcp_calls.py [--calls 2000] [--json OUT]

The gateway runs as a process of its own, with the guard, the audit trail and the whole MCP server; the code service is
a double in the same process that answers `read_span` from memory, so that the figure is the gateway's own work. The
clients are threads with raw keep-alive connections, 2026-07-28 wire. Targets: CPU <= 1.2 ms a call, p99 <= 50 ms at 10.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from aura_shared.discovery import Discovery, read_discovery
from aura_shared.errors import DaemonDown
from aura_shared.paths import find_paths

TESTS = Path(__file__).resolve().parent.parent
VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}
ARGUMENTS = {"project": "shop", "path": "src/app.py"}
BODY = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "read_span", "arguments": ARGUMENTS, "_meta": META},
    }
)


async def serve() -> None:
    """Be the gateway; ends with standard input."""
    from aura_shared.collecting import without_collection

    with without_collection():  # As the gateway's own process does.
        from aura_shared.settings import GatewaySettings
        from gateway_lab import running_gateway

    async with running_gateway(GatewaySettings(rate_per_second=1_000_000)):
        await asyncio.to_thread(sys.stdin.read)


def call_many(found: Discovery, calls: int, taken_ms: list[float]) -> None:
    """One client: so many calls over one connection."""
    connection = http.client.HTTPConnection(found.host, found.port)
    headers = {
        "Authorization": f"Bearer {found.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": VERSION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": "read_span",
    }
    for _ in range(calls):
        began = time.perf_counter()
        connection.request("POST", "/mcp", BODY, headers)
        response = connection.getresponse()
        content = response.read()
        taken_ms.append((time.perf_counter() - began) * 1000)
        if response.status != 200 or b"return Session" not in content:
            raise SystemExit(f"unexpected answer: {response.status} {content[:300]!r}")
    connection.close()


def measure(found: Discovery, clients: int, calls: int) -> dict[str, float]:
    """Latency and CPU with so many clients."""
    process = psutil.Process(found.pid)
    taken_ms: list[float] = []
    threads = [threading.Thread(target=call_many, args=(found, calls // clients, taken_ms)) for _ in range(clients)]
    before, began = process.cpu_times(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, after = time.perf_counter() - began, process.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    cuts = statistics.quantiles(taken_ms, n=100)
    return {
        "clients": clients,
        "calls": len(taken_ms),
        "cpu_ms_per_call": round(cpu_s * 1000 / len(taken_ms), 3),
        "p50_ms": round(cuts[49], 2),
        "p99_ms": round(cuts[98], 2),
        "calls_per_s": round(len(taken_ms) / seconds, 1),
        "rss_mb": round(process.memory_info().rss / 1e6, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        sys.path.insert(0, str(TESTS))
        asyncio.run(serve())
        return
    with tempfile.TemporaryDirectory(prefix="aura-") as home:
        os.environ["AURA_HOME"] = home
        server = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE)
        try:
            found = _wait_for_gateway()
            measure(found, 1, 200)  # Warm up.
            results = [measure(found, clients, options.calls) for clients in (1, 10)]
        finally:
            server.communicate()
    machine = f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    print(f"MCP tools/call over HTTP, {machine}")
    for result in results:
        print("  " + ", ".join(f"{name} {value:g}" for name, value in result.items()))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _wait_for_gateway() -> Discovery:
    deadline = time.monotonic() + 30
    while True:
        try:
            return read_discovery(find_paths())
        except DaemonDown:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
