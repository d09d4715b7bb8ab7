"""Runs git: every read and every write of this service goes through here.

git's own commands are the only engine: what others write into a repository skips hooks or signing. A caller gives
options and data apart, so that nothing that comes from a repository, a person or a model can become an option.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from aura_shared.errors import GitError, RepositoryBusy, Unavailable, UnknownRef

__all__ = ["Git", "Ran", "meanwhile"]

ResultT = TypeVar("ResultT")

_MOST_TOLD: Final = 4000
_ALWAYS: Final = (
    "--no-pager",
    *("-c", "core.quotePath=false"),
    *("-c", "color.ui=false"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "advice.detachedHead=false"),
)
_QUIET: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
    "GIT_MERGE_AUTOEDIT": "no",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "",
}
"""No question is asked, since nobody could answer it; messages are in English, since some are read."""
_NOT_INHERITED: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXTERNAL_DIFF", "GIT_TRACE"),
    *("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE", "GIT_REFLOG_ACTION", "GIT_CONFIG_PARAMETERS"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
    *("GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_INTERNAL_SUPER_PREFIX"),
)
_AT_ONCE: Final = ThreadPoolExecutor(4, thread_name_prefix="git")
_LOCKED: Final = (".lock': File exists", "Unable to create '", "cannot lock ref")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a call of git gave."""

    arguments: tuple[str, ...]
    """Without `git` itself and the settings that every call has."""
    code: int
    out: bytes
    err: str
    """What it said, hooks included, cut at 4,000 characters from the front."""

    @property
    def text(self) -> str:
        """Its output without the last line end; what is no UTF-8 is replaced."""
        return self.out.decode(errors="replace").rstrip("\n")

    @property
    def lines(self) -> list[str]:
        """Its output line by line."""
        return self.text.split("\n") if self.out else []

    @property
    def items(self) -> list[str]:
        """Its output where NUL ends each item (`-z`); names that are no UTF-8 keep their bytes as surrogates."""
        return [os.fsdecode(item) for item in self.out.split(b"\0") if item]


class Git:
    """git in one folder.

    Args:
        folder: Where it runs.
        timeout_s: Bound of one call, hooks included.
        environment: Further variables of each call, such as `GIT_INDEX_FILE`.
    """

    def __init__(self, folder: Path, *, timeout_s: float = 120.0, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.timeout_s = timeout_s
        self._environment = dict(environment or {})

    def at(self, folder: Path | None = None, **environment: str) -> Git:
        """The same in another folder or with further variables."""
        return Git(folder or self.folder, timeout_s=self.timeout_s, environment={**self._environment, **environment})

    def variable(self, name: str) -> str:
        """A further variable of each call; empty when it has none."""
        return self._environment.get(name, "")

    def read(self, *arguments: str, stdin: bytes | None = None, ok: Collection[int] = (0,)) -> Ran:
        """Run a command that only reads: it takes no lock, not even to refresh the index.

        Raises:
            GitError: It ended otherwise than with a code of `ok`.
            Unavailable: git is not there, or did not end in time.
        """
        return self._run(arguments, stdin, ok, {"GIT_OPTIONAL_LOCKS": "0"})

    def write(self, *arguments: str, stdin: bytes | None = None, ok: Collection[int] = (0,)) -> Ran:
        """Run a command that writes; only within an operation of the safety core.

        Raises:
            GitError: It ended otherwise than with a code of `ok`.
            RepositoryBusy: Another program holds one of git's locks.
            Unavailable: git is not there, or did not end in time.
        """
        return self._run(arguments, stdin, ok, {})

    def text(self, *arguments: str) -> str:
        """Output of a command that only reads; raises like `read`."""
        return self.read(*arguments).text

    def config(self, key: str) -> str:
        """A setting of git; empty when it is not set."""
        return self.read("config", "--get", key, ok=(0, 1)).text

    def find_commit(self, name: str) -> str | None:
        """Hash of the commit that a name stands for; None when it stands for none."""
        found = self.read("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128))
        # `^NAME` is understood as well, and answered with `^HASH`: what is left out is no commit that is meant.
        return found.text if found.code == 0 and found.text and not found.text.startswith("^") else None

    def commit_of(self, name: str) -> str:
        """Hash of the commit that a name stands for.

        Raises:
            UnknownRef: It stands for none.
        """
        found = self.find_commit(name)
        if found is None and name == "HEAD":
            raise UnknownRef("there is no commit yet", hint="Make a first commit: aura commit")
        if found is None:
            raise UnknownRef(f"{name!r} is no branch, tag or commit of {self.folder.name}")
        return found

    def _run(self, arguments: Sequence[str], stdin: bytes | None, ok: Collection[int], more: Mapping[str, str]) -> Ran:
        code, out, err = self._call(arguments, stdin, {**_inherited(), **_QUIET, **more, **self._environment})
        ran = Ran(tuple(arguments), code, out, err.decode(errors="replace").strip()[-_MOST_TOLD:])
        if code not in ok:
            raise _problem(ran)
        return ran

    def _program(self) -> str:
        """This process's own git, also where hooks get the search path of a person."""
        return (shutil.which("git") or "git") if "PATH" in self._environment else "git"

    def _call(
        self, arguments: Sequence[str], stdin: bytes | None, environment: Mapping[str, str]
    ) -> tuple[int, bytes, bytes]:
        try:
            process = _Process(
                [self._program(), *_ALWAYS, *arguments],
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that a hook that hangs is ended with all that it started
            )
        except FileNotFoundError as error:
            missing = "git" if self.folder.is_dir() else str(self.folder)
            raise Unavailable(f"{missing} is not there", hint="Install git, and see `aura doctor`.") from error
        try:
            out, err = process.communicate(stdin, timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            raise Unavailable(
                f"`git {arguments[0]}` did not end within {self.timeout_s:g} s",
                hint="A hook, a passphrase or a remote may be waiting: run it by hand, or raise git.command_s.",
            ) from None
        except BaseException:
            _end(process)
            raise
        return process.returncode, out, err


def meanwhile(work: Callable[[], ResultT]) -> Future[ResultT]:
    """Do something in another thread; never something that waits for another of these."""
    return _AT_ONCE.submit(work)


class _Process(subprocess.Popen[bytes]):
    """A process whose end is noticed at once: with a limit, `Popen` asks in growing pauses, 1 ms a call of git."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises like `Popen.wait`."""
        if timeout is not None and self.returncode is None and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                handle = os.pidfd_open(self.pid)
                try:
                    waiting = select.poll()
                    waiting.register(handle, select.POLLIN)
                    waiting.poll(max(0.0, timeout) * 1000)
                finally:
                    os.close(handle)
        return super().wait(timeout)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with its children; git removes its locks when it is asked to end."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
            return


def _inherited() -> dict[str, str]:
    """The environment without what git sets for its hooks: another repository, the author's time of another commit."""
    return {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}


def _problem(ran: Ran) -> GitError | RepositoryBusy:
    said = ran.err or ran.text[-_MOST_TOLD:] or f"it ended with code {ran.code}"
    text = f"`git {ran.arguments[0]}` failed: {said}"
    if any(sign in ran.err for sign in _LOCKED) and "File exists" in ran.err:
        return RepositoryBusy(text)
    return GitError(text)
