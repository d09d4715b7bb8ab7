"""Lock files: what a tool wrote is written by that tool again, never merged line by line.

Only commands that keep to what is on this machine are run; where that is not enough, the person is told the command.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shutil import which
from typing import Final

__all__ = ["Regenerated", "Regeneration", "how_to_regenerate", "is_lock_file", "merged_sums", "run_regeneration"]

_MOST_SAID: Final = 2000


@dataclass(frozen=True, slots=True)
class Regeneration:
    """How a lock file is written again."""

    path: str
    tool: str
    command: tuple[str, ...]
    """Without a way to the network; run in the folder of the file."""
    by_hand: str
    """What a person would run, with the network."""
    why: str = ""
    """Why it cannot be run here; empty when it can."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """What came of it."""

    done: bool
    said: str
    """The end of what the tool printed, or why it was not run."""


_TOOLS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "package-lock.json": (
        ("npm", "install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"),
        "npm install --package-lock-only",
    ),
    "npm-shrinkwrap.json": (
        ("npm", "install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"),
        "npm install --package-lock-only",
    ),
    "pnpm-lock.yaml": (("pnpm", "install", "--lockfile-only", "--offline", "--ignore-scripts"), "pnpm install"),
    "yarn.lock": (("yarn", "install", "--mode", "update-lockfile", "--offline"), "yarn install"),
    "Cargo.lock": (("cargo", "generate-lockfile", "--offline"), "cargo generate-lockfile"),
    "uv.lock": (("uv", "lock", "--offline"), "uv lock"),
    "poetry.lock": ((), "poetry lock"),
    "Pipfile.lock": ((), "pipenv lock"),
    "pdm.lock": ((), "pdm lock"),
    "composer.lock": ((), "composer update --lock"),
    "Gemfile.lock": (("bundle", "lock", "--local"), "bundle lock"),
    "go.sum": (("go", "mod", "tidy"), "go mod tidy"),
}
_OFFLINE: Final = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "CARGO_NET_OFFLINE": "true", "PIP_NO_INDEX": "1"}
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOCACHE")


def is_lock_file(path: str) -> bool:
    """Whether a tool writes this file, and people do not."""
    return PurePosixPath(path).name in _TOOLS


def how_to_regenerate(path: str) -> Regeneration | None:
    """How a lock file is written again; None when it is none."""
    found = _TOOLS.get(PurePosixPath(path).name)
    if found is None:
        return None
    command, by_hand = found
    tool = by_hand.split(" ", 1)[0]
    why = ""
    if not command:
        why = f"{tool} cannot do it without the network"
    elif which(command[0]) is None:
        why = f"{tool} is not installed"
    return Regeneration(path, tool, command, by_hand, why)


def run_regeneration(regeneration: Regeneration, root: Path, timeout_s: float) -> Regenerated:
    """Write a lock file again, in a work tree whose other conflicts are resolved.

    Without a shell, with a bound, and with no more of the environment than the tool needs.
    """
    if regeneration.why:
        return Regenerated(done=False, said=regeneration.why)
    folder = (root / regeneration.path).parent
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _OFFLINE
    try:
        process = subprocess.Popen(
            regeneration.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Regenerated(done=False, said=f"{regeneration.tool} cannot be started: {error.strerror}")
    try:
        out, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Regenerated(done=False, said=f"{regeneration.tool} did not end within {timeout_s:g} s")
    said = out.decode(errors="replace").strip()[-_MOST_SAID:]
    return Regenerated(done=process.returncode == 0, said=said)


def merged_sums(ours: bytes, theirs: bytes) -> bytes | None:
    """Both sides of a `go.sum` in one; None when they say different things of one module.

    Its lines are independent facts, `module version hash`, in order; a line too many does no harm.
    """
    sums: dict[bytes, bytes] = {}
    for line in (*ours.splitlines(), *theirs.splitlines()):
        key, space, value = line.rpartition(b" ")
        if not space:
            return None
        if sums.setdefault(key, value) != value:
            return None
    return b"".join(key + b" " + sums[key] + b"\n" for key in sorted(sums))
