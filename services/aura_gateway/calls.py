"""What the gateway notes of one call while it is served; the guard makes it, and whoever serves it fills it in."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Final, cast

from starlette.types import Scope

__all__ = ["Call", "call_of", "origin_of"]

_KEY: Final = "aura.call"
_MOST_NAME: Final = 40
_OWN: Final = "aura-"


@dataclass(slots=True)
class Call:
    """One call."""

    request_id: str
    """Given to the client in `x-request-id`."""
    command: str
    """Method and route, or the name of an MCP tool."""
    client: str = ""
    """What the client calls itself."""
    origin: str = ""
    """What kind of client it is, for the messages that the call leads to: `cli`, `panel`, `mcp:NAME`, `http:NAME`."""
    project: str = ""
    """What the call named as its project."""
    outcome: str = "ok"
    """`ok`, or the code of the error."""
    status: int = 0
    """HTTP status; 0 when the client left before there was one, 101 for a WebSocket."""
    bytes_in: int = 0
    """Size of the body."""
    bytes_out: int = 0
    """Size of the answer."""
    started_ns: int = field(default_factory=time.time_ns)
    """Wall clock at its arrival."""
    started_s: float = field(default_factory=time.perf_counter)
    """Steady clock at its arrival."""

    took_ms: float = 0.0
    """From its arrival to its end; set when it ends."""

    def attach(self, scope: Scope) -> None:
        """Let whoever serves `scope` find this call."""
        scope[_KEY] = self


def call_of(scope: Scope) -> Call:
    """The call that a scope belongs to."""
    return cast("Call", scope[_KEY])


def origin_of(client: str, *, mcp: bool) -> str:
    """What kind of client calls, from what it calls itself: `cli`, `panel`, `mcp:cursor`, `http:curl`.

    Args:
        client: Its User-Agent, or the name in an MCP client's `clientInfo`.
        mcp: Whether it calls as an MCP client.
    """
    name = re.sub(r"[^a-z0-9._+]+", "-", client.partition("/")[0].lower()).strip("-")[:_MOST_NAME]
    if name.startswith(_OWN):  # Aura's own: the command line, the panel, and the bridge to MCP over standard input.
        return "mcp" if mcp else name.removeprefix(_OWN)
    kind = "mcp" if mcp else "http"
    return f"{kind}:{name}" if name else kind
