"""What the tests of the command line share with their fixtures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from aura_shared.discovery import Discovery, process_started_at
from aura_shared.paths import find_paths

JsonObject = dict[str, object]


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> JsonObject:
        """The answer of a command that was run with `--json`."""
        value: object = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Aura = Callable[..., Ran]


Reply = tuple[int, JsonObject] | JsonObject


@dataclass
class StandIn:
    """A gateway whose answers a test writes down."""

    port: int
    token: str = "a-token"
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    """By method and path; the last one stays."""
    asked: list[tuple[str, JsonObject]] = field(default_factory=list)
    """What was asked."""

    def reply(self, what: str, *replies: Reply) -> None:
        """Answer `POST /v1/search` and the like so, one after the other."""
        self.replies[what] = list(replies)

    def announce(self, token: str | None = None) -> None:
        """Write the discovery file."""
        paths = find_paths().prepare()
        started = process_started_at(os.getpid())
        assert started is not None
        Discovery(
            pid=os.getpid(),
            pid_started_at=started,
            instance="one",
            host="127.0.0.1",
            port=self.port,
            token=token or self.token,
            protocol_min=1,
            protocol_max=1,
            version="0",
        ).write(paths.discovery)

    def answer(self, method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
        """What to answer to a request."""
        if token != f"Bearer {self.token}":
            return 401, {
                "error": {"code": "not_allowed", "message": "the token is wrong", "hint": "", "request_id": "1"}
            }
        self.asked.append((f"{method} {path}", body))
        replies = self.replies.get(f"{method} {path}")
        if not replies:
            return 404, {"error": {"code": "not_found", "message": f"nothing at {path}", "hint": "look elsewhere"}}
        found = replies.pop(0) if len(replies) > 1 else replies[0]
        return found if isinstance(found, tuple) else (200, found)


@dataclass
class StandInSupervisor:
    """A control socket whose status a test writes down."""

    status: JsonObject
    asked: list[JsonObject] = field(default_factory=list)
    on_restart: JsonObject | None = None
    """The status after a restart was asked for."""
    refuses: JsonObject | None = None
    """An error to answer everything but `status` with."""

    def answer(self, request: JsonObject) -> JsonObject:
        """What to answer to a request."""
        self.asked.append(request)
        if request["do"] == "status":
            return self.status
        if self.refuses is not None:
            return {"error": self.refuses}
        if self.on_restart is not None:
            self.status = self.on_restart
        return {"ok": True}


def service(name: str, state: str = "ready", pid: int | None = 4242, **more: object) -> JsonObject:
    """A service as the supervisor describes it."""
    return {
        "name": name,
        "state": state,
        "pid": pid,
        "uptime_s": 65.0,
        "restarts": 0,
        "rss_bytes": 40_000_000,
        "cpu_s": 1.25,
        "reason": "",
        "last_lines": [],
        **more,
    }
