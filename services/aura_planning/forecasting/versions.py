"""Every version that the files below a folder had in git, oldest first. Only reads, and holds no lock."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from aura_planning.items.reading import MOST_BYTES
from aura_shared.errors import Cancelled, Unavailable
from aura_shared.logging import get_logger

__all__ = ["Version", "read_versions", "tip_of"]

log = get_logger(__name__)

MOST_VERSIONS: Final = 40_000
"""The newest versions that are read; older ones tell little of how work goes now."""
_TIMEOUT_S: Final = 60.0
_AT_ONCE: Final = 1_000_000
_GIT: Final = (
    "git", "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "core.quotePath=false",
    "-c", "log.showSignature=false", "-c", "diff.renames=false", "-c", "log.follow=false",
)  # fmt: skip
_GONE: Final = "000000"
_REGULAR: Final = frozenset({"100644", "100755"})
_NOT_INHERITED: Final = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_TRACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_PARAMETERS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """A file after one commit."""

    at_s: int
    """When its author made the commit, in seconds since 1970."""
    commit: int
    """Number of the commit in the list, so that what was changed together is known."""
    path: str
    """Relative to the folder that was asked for."""
    data: bytes | None
    """None where the commit removed it."""


def tip_of(root: Path) -> str:
    """Hash of the commit that is checked out; empty where there is none, or no repository."""
    with suppress(OSError, subprocess.TimeoutExpired):
        ran = subprocess.run(
            [*_GIT, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
            cwd=root, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False,
        )  # fmt: skip
        if ran.returncode == 0:
            return ran.stdout.decode("ascii", "replace").strip()
    return ""


def read_versions(
    root: Path,
    commit: str,
    folder: str,
    *,
    wanted: Callable[[str], bool],
    most_bytes: int = MOST_BYTES,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Version]:
    """Versions of the files below a folder, oldest first.

    Args:
        root: A folder in a repository; paths are relative to it.
        commit: Hash of the newest commit.
        folder: Below `root`.
        wanted: Which paths matter.
        most_bytes: Larger contents are empty: they are not read.
        stopped: Asked again and again; when it says yes, nothing more is read.

    Raises:
        Unavailable: git is not there, or does not answer.
        Cancelled: It was stopped.
    """
    rows = _rows(root, commit, folder, wanted)[-MOST_VERSIONS:]
    reader = _Blobs(root)
    try:
        for at_s, number, path, blob in rows:
            if stopped():
                raise Cancelled("reading the history was stopped")
            yield Version(at_s, number, path, reader.read(blob, most_bytes) if blob else None)
    finally:
        reader.close()


def _rows(root: Path, commit: str, folder: str, wanted: Callable[[str], bool]) -> list[tuple[int, int, str, str]]:
    """Author's time, number of the commit, path, blob (empty when removed)."""
    ran = _run(root, [
        "log", "--format=%x00%x00%at", "--raw", "-z", "--no-abbrev", "--no-renames", "--date-order", "--reverse",
        "--no-show-signature", "--no-ext-diff", "-O/dev/null", "--relative", "--end-of-options", commit, "--", folder,
    ])  # fmt: skip
    found: list[tuple[int, int, str, str]] = []
    at_s = number = 0
    fields = iter(ran.split(b"\0"))
    for field in fields:
        text = field.strip(b"\n")
        if text.isdigit():
            at_s, number = int(text), number + 1
        elif text.startswith(b":"):
            path = next(fields, b"").decode("utf-8", "surrogateescape")
            parts = text.decode("ascii", "replace").split(" ")
            if len(parts) == 5 and wanted(path) and (parts[1] in _REGULAR or parts[1] == _GONE):
                found.append((at_s, number, path, "" if parts[1] == _GONE else parts[3]))
    return found


def _run(root: Path, arguments: Sequence[str]) -> bytes:
    try:
        ran = subprocess.run(
            [*_GIT, *arguments],
            cwd=root, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S,
            check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unavailable("git is not there", hint="Install git, and see `aura doctor`.") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"`git {arguments[0]}` did not end within {_TIMEOUT_S:g} s") from error
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip()[-500:]
        raise Unavailable(f"`git {arguments[0]}` failed: {said}")
    return ran.stdout


class _Blobs:
    """Reads contents from one `git cat-file`."""

    def __init__(self, root: Path) -> None:
        try:
            self._process = subprocess.Popen(
                [*_GIT, "cat-file", "--batch"],
                cwd=root, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise Unavailable("git is not there", hint="Install git, and see `aura doctor`.") from error

    def read(self, blob: str, most_bytes: int) -> bytes:
        """One content; empty when it is too large, or not there, as in a partial clone."""
        stdin, stdout = self._pipes()
        try:
            stdin.write(f"{blob}\n".encode())
            stdin.flush()
            head = stdout.readline().decode("ascii", "replace").split()
            if len(head) != 3:
                return b""
            data, left = b"", int(head[2])
            if left <= most_bytes:
                data, left = stdout.read(left), 0
            while left > 0 and (passed := stdout.read(min(left, _AT_ONCE))):
                left -= len(passed)
            stdout.read(1)
        except (OSError, ValueError) as error:
            raise Unavailable("git stopped while the history was read") from error
        return data

    def close(self) -> None:
        """End it."""
        for pipe in self._pipes():
            with suppress(OSError):
                pipe.close()
        self._process.kill()
        self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # both are pipes
        assert stdout is not None
        return stdin, stdout


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C.UTF-8"}
