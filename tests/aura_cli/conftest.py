"""Run `aura` in this process or in one of its own; a real HTTP server that answers like the gateway."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aura_cli import daemon
from aura_cli.main import main
from aura_cli_running import Aura, JsonObject, Ran, StandIn, StandInSupervisor, service
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


@pytest.fixture
def supervisor(aura_home: Path) -> Iterator[StandInSupervisor]:
    """A running stand-in for the supervisor, all of whose services are ready."""
    stand_in = StandInSupervisor(
        {
            "pid": 2**22 + 1,  # Above the largest pid, so that no such process is there.
            "version": "0.1.0",
            "ready": True,
            "services": [service("bus"), service("code"), service("gateway")],
        }
    )

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline()
            if line:
                self.wfile.write(json.dumps(stand_in.answer(json.loads(line))).encode() + b"\n")

    paths = find_paths().prepare()
    with socketserver.ThreadingUnixStreamServer(str(paths.control_socket), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield stand_in
        server.shutdown()
        thread.join(5)
