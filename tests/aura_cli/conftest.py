"""Run `aura` in this process or in one of its own; a real HTTP server that answers like the gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aura_cli import daemon
from aura_cli.main import main
from aura_cli_running import Aura, JsonObject, Ran
from aura_shared.discovery import Discovery, process_started_at
from aura_shared.paths import find_paths


@pytest.fixture
def aura(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, aura_home: Path) -> Aura:
    """Runs `aura` in this process, with an installation of its own."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(daemon, "_started", [])

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def aura_process(aura_home: Path) -> Callable[..., Ran]:
    """Runs `aura` in a process of its own."""

    def run(*arguments: str, cwd: Path | None = None, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "aura_cli", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository (its bare sign, at least) that is the working directory."""
    root = tmp_path / "shop"
    (root / ".git").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "cart.py").write_text("class Cart:\n    pass\n", encoding="utf-8")
    monkeypatch.chdir(root)
    return root


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


@pytest.fixture
def gateway(aura_home: Path) -> Iterator[StandIn]:
    """A running stand-in for the gateway, announced in the discovery file."""
    stand_in = StandIn(0)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body: JsonObject = json.loads(self.rfile.read(length)) if length else {}
            status, answer = stand_in.answer(self.command, self.path, self.headers.get("Authorization") or "", body)
            content = str(answer["raw"]).encode() if "raw" in answer else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.port = server.server_port
    stand_in.announce()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join(5)
