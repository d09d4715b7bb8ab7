"""What git says about a folder: where its work tree and its exclude files are, and which files it lists.

The repository is not trusted: no hook, no file system monitor and no lock, and every call is bounded.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 30
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=keep")


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder inside the work tree of a git repository."""

    root: Path
    """The folder asked about."""
    top: Path
    """Top of the work tree."""
    prefix: str
    """The folder seen from the top, with a slash at its end; empty for the top itself."""
    common_dir: Path
    """Where `info/exclude` lies; work trees of one repository share it."""

    def listed(self) -> list[bytes] | None:
        """Tracked files, and others that no ignore rule excludes, relative to the folder; None when git fails."""
        return _lines(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")

    def tracked_but_ignored(self) -> list[bytes]:
        """Tracked files that an ignore rule would exclude; rules do not apply to them."""
        return _lines(self.root, "ls-files", "-z", "--cached", "--ignored", "--exclude-standard") or []

    def global_excludes(self) -> Path:
        """The user's own exclude file, whether it exists or not."""
        configured = _lines(self.root, "config", "-z", "--type=path", "--get", "core.excludesFile")
        if configured and configured[0]:
            return Path(os.fsdecode(configured[0]))
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - may have no home
        return Path(home) / "git" / "ignore"


def find_repository(root: Path) -> Repository | None:
    """The repository whose work tree holds a folder.

    None without git or repository, in a bare one, where git refuses (another owner), and for a folder that an outer
    repository ignores: it is a project of its own.
    """
    said = _git(root, "rev-parse", "--show-toplevel", "--show-prefix", "--git-common-dir")
    if said is None:
        return None
    lines = os.fsdecode(said).split("\n")
    if len(lines) < 3 or not lines[0]:
        return None
    top, prefix, common = lines[:3]
    if Path(os.path.realpath(root)) != Path(os.path.realpath(top)) / prefix:  # core.worktree points elsewhere
        return None
    if prefix and _git(root, "check-ignore", "-q", ".") is not None:
        return None
    return Repository(root, Path(top), prefix, (root / common).resolve())


def _lines(root: Path, *arguments: str) -> list[bytes] | None:
    said = _git(root, *arguments)
    return None if said is None else [line for line in said.split(b"\0") if line]


def _git(root: Path, *arguments: str) -> bytes | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for kept in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *_SAFE, *arguments],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
