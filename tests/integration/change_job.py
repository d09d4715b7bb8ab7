"""A change from its finding to its undo, as a person does it: start, analyse, refactor, look, accept two hunks, reject
one, apply, take it back, stop. Prints what it saw as JSON.

usage: python change_job.py REPOSITORY RULE      (with AURA_HOME set)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from main_job import aura


def main(repository: Path, rule: str) -> dict[str, Any]:
    """Do it; returns what was seen."""

    def ask(*arguments: str) -> dict[str, Any]:
        return json.loads(aura(*arguments, "--json", cwd=repository))

    aura("up", "--detach", "--yes", cwd=repository)
    try:
        seen: dict[str, Any] = {"found": ask("analyze")}
        change = ask("refactor", "--kind", "fix-findings", "--rule", rule, "--no-model")["change"]
        name = change["id"]
        hunks = [hunk["id"] for file in change["files"] for hunk in file["hunks"]]
        aura("changes", "accept", name, *hunks[:2], cwd=repository)
        aura("changes", "reject", name, hunks[2], "--comment", "meant so", cwd=repository)
        seen["shown"] = ask("changes", "show", name)["change"]
        before = texts(repository)
        seen["applied"] = ask("changes", "apply", name, "--yes")
        seen["after"] = texts(repository)
        seen["undone"] = ask("changes", "undo", name, "--yes")
        seen["restored"] = texts(repository) == before
        seen["models"] = ask("models")
        seen["sandbox"] = [check for check in ask("doctor")["checks"] if check["name"] == "sandbox"]
    finally:
        aura("down", cwd=repository)
    return seen


def texts(repository: Path) -> dict[str, str]:
    """Every Python file of the project, by its path."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(repository.rglob("*.py"))}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
