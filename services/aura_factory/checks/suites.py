"""How the tests of a project are run: which runner, on which files, and which tests its output says failed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aura_factory.checks import toolchains
from aura_factory.checks.toolchains import Program

__all__ = ["Suite", "failures", "suites"]

_MOST_FILES: Final = 40
"""Test files of one run, the nearest first; more take longer than a person waits."""
_NODE_RUNNERS: Final = (
    ("vitest", "node_modules/vitest/vitest.mjs", ("run",)),
    ("jest", "node_modules/jest/bin/jest.js", ("--ci", "--colors=false")),
    ("mocha", "node_modules/mocha/bin/mocha.js", ()),
)
_FAILED: Final = re.compile(
    r"^(?:FAILED|ERROR) (?P<pytest>\S+)"
    r"|^(?:FAIL|ERROR): (?P<unittest>\S+ \(\S+\))"
    r"|^--- FAIL: (?P<go>\S+)"
    r"|^test (?P<cargo>\S+) \.\.\. FAILED"
    r"|^\s*(?:✕|\u00d7|✖|not ok \d+ -) (?P<node>.+?)(?: \(\d+(?:\.\d+)? ?m?s\))?$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Suite:
    """Some tests of a project, and how they are run."""

    name: str
    """The runner."""
    program: Program | None
    """None when it is not installed."""
    arguments: tuple[str, ...]
    """After the program."""
    files: tuple[str, ...]
    """The test files that are run."""
    left_out: int = 0
    """Test files that were left out."""
    nothing_ran: int = 5
    """Exit code that says that there was no test."""
    missing: str = ""
    """What is missing when there is no program."""


def suites(root: Path, tests: Sequence[str], *, interpreter: str = "", command: Sequence[str] = ()) -> list[Suite]:
    """The runs that try these test files; several where a project has several languages.

    Args:
        root: The project.
        tests: Test files, the nearest first.
        interpreter: Python of the settings; empty for the project's own.
        command: The project's own command of the settings; the test files are added to it.
    """
    chosen = list(dict.fromkeys(tests))
    if command:
        return [_own(root, chosen, command, interpreter)] if chosen else []
    by_ending: dict[str, list[str]] = {}
    for path in chosen:
        by_ending.setdefault(_family(path), []).append(path)
    makers = {"python": _python, "node": _node, "go": _go, "rust": _rust}
    return [makers[family](root, files, interpreter) for family, files in sorted(by_ending.items()) if family in makers]


def _family(path: str) -> str:
    ending = Path(path).suffix
    if ending == ".py":
        return "python"
    if ending in {".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"}:
        return "node"
    return {".go": "go", ".rs": "rust"}.get(ending, "")


def _cut(files: list[str]) -> tuple[tuple[str, ...], int]:
    return tuple(files[:_MOST_FILES]), max(0, len(files) - _MOST_FILES)


def _own(root: Path, files: list[str], command: Sequence[str], interpreter: str) -> Suite:
    kept, left = _cut(files)
    first = command[0]
    found = toolchains.python(root, interpreter) if first in {"python", "python3"} else toolchains.program(first)
    missing = "" if found else f"{first}, which the settings name, is not installed"
    return Suite(first, found, (*command[1:], *kept), kept, left, missing=missing)


def _python(root: Path, files: list[str], interpreter: str) -> Suite:
    kept, left = _cut(files)
    found = toolchains.python(root, interpreter)
    missing = "" if found else f"there is no interpreter {interpreter or 'in .venv or on PATH'}"
    if _uses_unittest(root, kept):
        modules = tuple(file.removesuffix(".py").replace("/", ".") for file in kept)
        return Suite("unittest", found, ("-m", "unittest", *modules), kept, left, missing=missing)
    options = ("-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=short", "-rfE", "--color=no")
    return Suite("pytest", found, (*options, "--", *kept), kept, left, missing=missing)


def _uses_unittest(root: Path, files: Sequence[str]) -> bool:
    """Whether the tests are made for unittest alone: they import it, and nothing speaks of pytest."""
    texts = [_text(root / name) for name in ("pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", "conftest.py")]
    if any("pytest" in text for text in texts) or list(root.glob("requirements*.txt")):
        return False
    return bool(files) and all(
        re.search(r"^\s*(?:import|from) unittest", _text(root / file), re.MULTILINE) for file in files
    )


def _node(root: Path, files: list[str], _interpreter: str) -> Suite:
    kept, left = _cut(files)
    found = toolchains.node(root) or toolchains.program("node")
    script = _test_script(root)
    for name, path, options in _NODE_RUNNERS:
        if name in script:
            there = (root / path).is_file()
            missing = "" if found and there else f"{name} is not installed in node_modules"
            return Suite(name, found if there else None, (path, *options, *kept), kept, left, missing=missing)
    missing = "" if found else "node is not installed"
    return Suite("node --test", found, ("--test", "--test-reporter=tap", *kept), kept, left, missing=missing)


def _test_script(root: Path) -> str:
    try:
        package = json.loads(_text(root / "package.json"))
    except ValueError:
        return ""
    scripts = cast("dict[str, object]", package).get("scripts") if isinstance(package, dict) else None
    return str(cast("dict[str, object]", scripts).get("test", "")) if isinstance(scripts, dict) else ""


def _go(root: Path, files: list[str], _interpreter: str) -> Suite:
    kept, left = _cut(files)
    found = toolchains.go(root)
    folders = sorted({f"./{Path(file).parent.as_posix()}" for file in kept})
    missing = "" if found else "go is not installed, or there is no go.mod"
    return Suite("go test", found, ("test", "-vet=off", *folders), kept, left, missing=missing)


def _rust(root: Path, files: list[str], _interpreter: str) -> Suite:
    kept, left = _cut(files)
    found = toolchains.cargo(root)
    names = [name for file in kept if (name := _integration_test(file))]
    chosen = [part for name in names for part in ("--test", name)] if len(names) == len(kept) else []
    missing = "" if found else "cargo is not installed, or there is no Cargo.toml"
    return Suite("cargo test", found, ("test", "--frozen", "--quiet", *chosen), kept, left, missing=missing)


def _integration_test(path: str) -> str:
    parts = Path(path).parts
    return Path(path).stem if len(parts) == 2 and parts[0] == "tests" else ""


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(1_000_000).decode("utf-8", "replace")
    except OSError:
        return ""


def failures(output: str) -> set[str]:
    """The tests that a run says failed, by the names that the runner gives them."""
    return {next(name for name in match.groups() if name) for match in _FAILED.finditer(output)}
