"""The main job as a person does it: start, register, search, edit, ask through MCP, stop. Prints what it saw as JSON.

usage: python main_job.py REPOSITORY      (with AURA_HOME set)
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BOUND_S = 60.0


def aura(*arguments: str, cwd: Path) -> str:
    """What a command of Aura prints; its own words when it fails."""
    command = [sys.executable, "-P", "-m", "aura_cli", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=BOUND_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def found(query: str, cwd: Path) -> list[str]:
    """Paths that a search finds, best first."""
    return [hit["path"] for hit in json.loads(aura("search", "--json", query, cwd=cwd))["hits"]]


def ask_mcp(messages: list[dict[str, Any]], cwd: Path) -> list[dict[str, Any]]:
    """The answers of `aura mcp` to requests over stdin, in the order of their ids."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "aura_cli", "mcp"],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers: list[dict[str, Any]] = []
    try:
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            while "id" in message and (not answers or answers[-1].get("id") != message["id"]):
                answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        process.wait(BOUND_S)
    finally:
        process.kill()
        process.stdout.close()
    return [answer for answer in answers if "id" in answer]


def main(repository: Path) -> dict[str, Any]:
    """Do it; returns what was seen."""
    seen: dict[str, Any] = {"up": json.loads(aura("up", "--detach", "--yes", "--json", cwd=repository))}
    try:
        seen["before"] = found("parse_price", repository)
        (repository / "late.py").write_text("def arrived_while_running():\n    return 1\n", encoding="utf-8")
        deadline = time.monotonic() + BOUND_S
        while "late.py" not in found("arrived_while_running", repository):
            assert time.monotonic() < deadline, "the edit was not found"
        seen["symbol"] = json.loads(aura("symbol", "--json", "arrived_while_running", cwd=repository))
        seen["outline"] = json.loads(aura("outline", "--json", "late.py", cwd=repository))
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "main-job", "version": "1"},
        }
        call = {"name": "code_search", "arguments": {"query": "arrived_while_running"}}
        seen["mcp"] = ask_mcp(
            [
                {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
                {"jsonrpc": "2.0", "method": "notifications/initialized"},
                {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
                {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call},
            ],
            repository,
        )
        seen["status"] = json.loads(aura("status", "--json", cwd=repository))
    finally:
        aura("down", cwd=repository)
    return seen


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
