"""The project's own linters, as far as they only read: what they say after a change and did not say before it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from aura_factory.checks import toolchains
from aura_factory.checks.toolchains import Program

__all__ = ["LINTERS", "Complaint", "Linter", "news", "wanted"]

_PYTHON: Final = frozenset({".py", ".pyi"})
_SCRIPT: Final = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"})
_MOST_CONFIG_BYTES: Final = 1_000_000
_PLACED: Final = re.compile(r"^(?P<path>[^\s:][^:\n]*?)[:(](?P<line>\d+)(?:[:,]\d+)?\)?:?\s*(?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a linter says, but for the line, which moves."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Linter:
    """A linter."""

    name: str
    endings: frozenset[str]
    """Of the files that it looks at."""
    signs: tuple[tuple[str, str], ...]
    """File names and what a line of them has to match: that the project wants it."""
    find: Callable[[Path, str], Program | None]
    """Where it is, for a project and the interpreter of its settings."""
    arguments: Callable[[Program, Sequence[str]], list[str]]
    """Its command line for some files."""
    whole: bool = False
    """Whether it always looks at the whole project."""
    fine: frozenset[int] = frozenset({0, 1})
    """Exit codes of a run that came to its end."""


def wanted(root: Path, paths: Sequence[str]) -> list[tuple[Linter, list[str]]]:
    """The linters that the project asks for, each with those of the paths that it looks at."""
    found: list[tuple[Linter, list[str]]] = []
    for linter in LINTERS:
        own = [path for path in paths if Path(path).suffix in linter.endings]
        if own and any(_says(root / name, mark) for name, mark in linter.signs):
            found.append((linter, own))
    return found


def _says(file: Path, mark: str) -> bool:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MOST_CONFIG_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    return re.search(mark, text, re.MULTILINE) is not None


def news(before: str, after: str, root: Path) -> list[Complaint]:
    """What is said after a change and was not said before it, as often as it is new."""
    return sorted(
        (_complaints(after, root) - _complaints(before, root)).elements(), key=lambda one: (one.path, one.text)
    )


def _complaints(output: str, root: Path) -> Counter[Complaint]:
    if output.lstrip().startswith("["):
        return _from_json(output, root)
    found: Counter[Complaint] = Counter()
    for line in output.splitlines():
        match = _PLACED.match(line.strip())
        if match:
            found[Complaint(_relative(match["path"], root), match["text"])] += 1
    return found


def _from_json(output: str, root: Path) -> Counter[Complaint]:
    """The form of eslint: a list of files with messages."""
    found: Counter[Complaint] = Counter()
    try:
        files = cast("list[dict[str, object]]", json.loads(output))
    except ValueError:
        return found
    for file in files:
        for message in cast("list[dict[str, object]]", file.get("messages", [])):
            text = f"{message.get('ruleId') or 'error'} {message.get('message')}"
            found[Complaint(_relative(str(file.get("filePath", "")), root), text)] += 1
    return found


def _relative(path: str, root: Path) -> str:
    given = Path(path)
    return given.relative_to(root).as_posix() if given.is_relative_to(root) else path.removeprefix("./")


def _near_python(name: str) -> Callable[[Path, str], Program | None]:
    def find(root: Path, interpreter: str) -> Program | None:
        python = toolchains.python(root, interpreter)
        return toolchains.program(name, near=python.path if python else None)

    return find


def _installed(script: str) -> Callable[[Path, str], Program | None]:
    def find(root: Path, _interpreter: str) -> Program | None:
        return toolchains.node(root) if (root / "node_modules" / script).is_file() else None

    return find


def _go(root: Path, _interpreter: str) -> Program | None:
    return toolchains.go(root)


def _rust(root: Path, _interpreter: str) -> Program | None:
    return toolchains.cargo(root)


def _ruff(program: Program, files: Sequence[str]) -> list[str]:
    return [str(program.path), "check", "--no-cache", "--quiet", "--output-format=concise", "--", *files]


def _eslint(program: Program, files: Sequence[str]) -> list[str]:
    return [str(program.path), "node_modules/eslint/bin/eslint.js", "-f", "json", "--", *files]


def _tsc(program: Program, _files: Sequence[str]) -> list[str]:
    return [str(program.path), "node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false", "-p", "."]


def _vet(program: Program, files: Sequence[str]) -> list[str]:
    folders = sorted({f"./{Path(file).parent.as_posix()}" for file in files})
    return [str(program.path), "vet", *folders]


def _cargo(program: Program, _files: Sequence[str]) -> list[str]:
    return [str(program.path), "check", "--frozen", "--quiet", "--message-format=short"]


LINTERS: Final[tuple[Linter, ...]] = (
    Linter(
        "ruff", _PYTHON, (("pyproject.toml", r"^\s*\[tool\.ruff"), ("ruff.toml", ""), (".ruff.toml", "")),
        _near_python("ruff"), _ruff,
    ),
    Linter(
        "eslint", _SCRIPT,
        tuple((name, "") for name in (
            "eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", ".eslintrc", ".eslintrc.json", ".eslintrc.js",
            ".eslintrc.cjs", ".eslintrc.yml",
        )),
        _installed("eslint/bin/eslint.js"), _eslint,
    ),
    Linter(
        "tsc", frozenset({".ts", ".tsx", ".mts", ".cts"}), (("tsconfig.json", ""),),
        _installed("typescript/bin/tsc"), _tsc, whole=True, fine=frozenset({0, 1, 2}),
    ),
    Linter("go vet", frozenset({".go"}), (("go.mod", ""),), _go, _vet, fine=frozenset({0, 1, 2})),
    Linter(
        "cargo check", frozenset({".rs"}), (("Cargo.lock", ""),), _rust, _cargo, whole=True,
        fine=frozenset({0, 101}),
    ),
)  # fmt: skip
"""Those that are known; all of them only read."""
