"""Where the programs of a project are: its interpreter, node, go, cargo; and what they have to read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_factory.sandbox.interpreters import interpreter_environment, interpreter_paths

__all__ = ["Program", "cargo", "go", "node", "program", "python"]

_ENVIRONMENTS: Final = (".venv", "venv", "env")
_ASK_S: Final = 10.0
_QUIET: Final = {"NO_COLOR": "1", "CI": "1", "TERM": "dumb"}


@dataclass(frozen=True, slots=True)
class Program:
    """A program, and what it needs."""

    path: Path
    """Where it is."""
    read: Sequence[Path] = ()
    """What it has to read besides the copy."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its environment has to say."""


def python(root: Path, named: str = "") -> Program | None:
    """The project's interpreter: the one of the settings, that of its environment, or the one on PATH."""
    if named:
        path = Path(named).expanduser()
        return _made(path) if path.is_file() else None
    own = next((root / name / "bin" / "python" for name in _ENVIRONMENTS if _is_there(root / name)), None)
    if own is not None:
        return _made(own)
    found = shutil.which("python3")
    real = _behind(Path(found), root) if found else None
    return _made(real) if real is not None else None


def _behind(path: Path, root: Path) -> Path | None:
    """The interpreter behind a script such as those of pyenv, which choose one by the folder; itself if it is none."""
    with path.open("rb") as file:
        if file.read(2) != b"#!":
            return path
    ask = [str(path), "-I", "-c", "import sys; print(sys.executable)"]
    try:
        told = subprocess.run(ask, cwd=root, capture_output=True, text=True, timeout=_ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    real = Path(told.stdout.strip())
    return real if told.returncode == 0 and real.is_file() else None


def _is_there(environment: Path) -> bool:
    return (environment / "bin" / "python").is_file()


def node(root: Path) -> Program | None:
    """Node, for projects with a `package.json`."""
    return program("node") if (root / "package.json").is_file() else None


def go(root: Path) -> Program | None:
    """Go, for projects with a `go.mod`; modules come from the cache that is there."""
    return program("go") if (root / "go.mod").is_file() else None


def cargo(root: Path) -> Program | None:
    """Cargo, for projects with a `Cargo.toml`; crates come from the cache that is there."""
    return program("cargo") if (root / "Cargo.toml").is_file() else None


def program(name: str, *, near: Path | None = None) -> Program | None:
    """A program beside `near`, or on PATH."""
    beside = near.parent / name if near is not None else None
    found = str(beside) if beside is not None and beside.is_file() else shutil.which(name)
    return _made(Path(found)) if found else None


def _made(path: Path) -> Program:
    """A program with what it has to read; a script brings its interpreter."""
    reads, environment = list(interpreter_paths(path)), {**interpreter_environment(path), **_QUIET}
    interpreter = _interpreter(path)
    if interpreter is not None:
        reads += interpreter_paths(interpreter)
        environment = {**interpreter_environment(interpreter), **environment}
    if "python" in path.name:
        environment["PYTHONHASHSEED"] = "0"
    return Program(path, list(dict.fromkeys(reads)), environment)


def _interpreter(path: Path) -> Path | None:
    """The interpreter of a script, where it names one with its whole path."""
    with path.open("rb") as file:
        first = file.readline(512)
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    named = Path(words[0]) if words else None
    return named if named is not None and named.is_file() else None
