"""Writes `docs/requirements.md`: which test proves which requirement, from the `requirement` marks of the tests.

usage: python scripts/requirement_map.py [--check]

With `--check` nothing is written: the page must be current, every requirement that is said to be built must have a
test, and no test may name a requirement that does not exist.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "requirements.md"

# What is built, in one line each. A requirement enters here with its first test.
BUILT = {
    "P1": "Independent processes under one supervisor: order, readiness, heartbeats, restarts, one daemon.",
    "P2": "The ZeroMQ bus: typed, versioned messages; events and requests; late and restarted readers catch up.",
    "P3": "The contract between processes as pydantic models in one place, documented.",
    "P4": "Structured logs to the bus and to rotating files; metrics; health.",
    "P5": "Dependency injection: one container per process; a service base.",
    "P6": "Plugins: languages and rules come from other packages through entry points.",
    "P7": "Layered, validated configuration with its origin explained, edited from panel and command line, live.",
    "P8": "State: persistence, migrations, caches on disk, file access that keeps to the workspace.",
    "P9": "Local only: no route out is needed, and nothing listens beyond loopback and user-only sockets.",
    "P10": "The command line: start, register, search, view, helpful help.",
    "P11": "Error taxonomy with codes, exit codes and hints; retries; graceful degradation.",
    "C1": "The file watcher: edits, renames, deletes, branch switches; ignore files.",
    "C2": "Structure from syntax trees, linked over the project; tolerant of errors; new languages by plugin.",
    "C3": "The index: ranked search, incremental; references, callers, impact, map of symbols, similar code.",
    "C4": "Findings by rules and by the project's own tools, each explained; fixes, baseline, suppressions, SARIF.",
    "C5": "Refactoring: opportunities, checked changes to review by hunk, applied on approval, undone at any time.",
    "C6": "Gaps: what a project lacks, each with an offer.",
    "C7": "Generation in the style of the code base, from conventions that are measured, as a checked change.",
    "C8": "Review of an incoming change: risk, findings on changed lines, interfaces, missing tests, questions.",
    "C9": "Report, context for a model, tree, hotspots.",
    "F7": "The sandbox: code of others runs without network, with its own files only, within bounds, or not at all.",
    "G1": "Commit messages by the habits of the repository, from the diff; mixed changes split.",
    "G2": "Branches by a strategy: start, finish, publish, drift, clean-up.",
    "G3": "Merge and rebase: simulated first, resolved where certain, explained where not, always undoable.",
    "G4": "Pull requests: their text from what is known, over each forge's way or as a file.",
    "G5": "Releases: the next version, the changelog, the tag; upkeep of repositories.",
    "A1": "A PRD from a sentence, complete without a model; what is wrong with one.",
    "A2": "A plan from a document, without a model; a model only proposes.",
    "A3": "The order of work by dependencies and value, each position with its reason; cycles reported.",
    "A4": "Progress as evidence, told as it happens; a forecast.",
    "A5": "The `.ai/` workflow: gates, approvals, memory between chats.",
    "L1": "Model providers: Ollama, LM Studio, llama.cpp, compatible servers, the client's own; by configuration.",
    "L2": "Errors, retries, bounds, queue, kept answers, streaming, answers that satisfy a schema.",
    "L3": "Credentials from the environment, the keyring or a file agreed to; rotated; masked in every log.",
    "L4": "Roles with fallback and cool-down, trials of two models, figures by role and task.",
    "L5": "Without a model everything deterministic works, and says what one would add.",
    "M1": "MCP over stdio and streamable HTTP: initialisation, negotiation, errors.",
    "M3": "MCP tools with schemas, structured results, errors, progress, cancellation, timeouts.",
    "M5": "The MCP client's model as the last resort, where the settings allow it.",
    "M6": "Approvals: what an agent wants to write waits for a person (command routing comes later).",
    "M9": "REST and WebSocket API with an OpenAPI document.",
    "T1": "Tests that a proposal brings run in the sandbox (their generation comes later).",
    "W3": "Dependencies, lock files, and known vulnerabilities as far as the settings allow.",
    "U1": "The control panel: dashboard, live log, search, review and editing of changes, configuration, controls.",
    "U4": "MCP clients configured by one command.",
    "Q1": "Strict types, documented API, complexity of at most 10, coverage of at least 90 %.",
    "Q2": "ruff, basedpyright, pre-commit, towncrier, make, GitHub Actions.",
    "Q4": "Figures for speed and memory, each printed by a script in `tests/bench/`.",
}


def marked_tests(path: Path) -> Iterator[tuple[str, str]]:
    """Pairs of requirement and test name in one test file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module_ids = [
        name
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets)
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Call)
        for name in requirement_ids(node)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = [name for mark in node.decorator_list if isinstance(mark, ast.Call) for name in requirement_ids(mark)]
            for name in dict.fromkeys([*module_ids, *own]):
                yield name, node.name


def requirement_ids(call: ast.Call) -> list[str]:
    """The ids in `pytest.mark.requirement("P1", ...)`; empty for any other call."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "requirement"):
        return []
    return [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]


def collect() -> dict[str, dict[str, list[str]]]:
    """Requirement -> test file -> tests."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for requirement, test in marked_tests(path):
            found.setdefault(requirement, {}).setdefault(path.relative_to(ROOT).as_posix(), []).append(test)
    return found


def page(found: dict[str, dict[str, list[str]]]) -> str:
    """The page as Markdown."""
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "Generated by `make docs` from the `requirement` marks of the tests; `make map` fails when it is out of date.",
    ]
    for requirement, meaning in BUILT.items():
        lines += ["", f"## {requirement}", "", meaning, ""]
        for path, tests in found.get(requirement, {}).items():
            lines.append(f"- `{path}`")
            lines += [f"  - {test.removeprefix('test_').replace('_', ' ')}" for test in tests]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it; returns the exit code."""
    found = collect()
    problems = [
        f"{name}: a test names this requirement, and it is not in BUILT" for name in sorted(set(found) - set(BUILT))
    ]
    problems += [f"{name}: no test names this requirement" for name in BUILT if name not in found]
    text = page(found)
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is out of date: run `make docs`")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(BUILT)} requirements, {sum(len(t) for f in found.values() for t in f.values())} marks")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
