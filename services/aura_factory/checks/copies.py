"""A copy of a project, and what runs in it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_factory.checks.texts import Version
from aura_factory.checks.toolchains import Program
from aura_factory.sandbox.contract import Outcome, Runner
from aura_factory.sandbox.identity import is_root
from aura_factory.sandbox.running import policy_for
from aura_factory.sandbox.trees import open_folder
from aura_factory.sandbox.workspace import Workspace
from aura_shared.errors import UnsafePath
from aura_shared.settings import SandboxSettings

__all__ = ["Copy"]

_NOT_THERE: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EPERM})
"""What the kernel says of a link or folder where a file, or of a file where a folder, is expected."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the project, and what runs in it."""

    root: Path
    """The project itself."""
    workspace: Workspace
    """The copy."""
    runner: Runner
    bounds: SandboxSettings
    interpreter: str
    """Python of the project's settings; empty for its own."""

    async def run(self, program: Program, arguments: Sequence[str]) -> Outcome:
        """Run a program in the copy."""
        environment = dict(program.environment)
        if self.runner.probe.tier == "landlock":  # It shows the copy where it is, and not where the project is.
            environment["PYTHONPATH"] = f"{self.workspace.root}:{self.workspace.root / 'src'}"
        policy = policy_for(
            self.bounds,
            self.workspace.root,
            read=program.read,
            environment=environment,
            mounts=self.workspace.mounts,
            seen_as=self.root,
        )
        return await self.runner.run([str(program.path), *arguments], policy)

    def write(self, files: Sequence[Version], *, after: bool) -> None:
        """Put the files into the copy as they would be, or as they are.

        Programs that ran may have put anything in their place: a file is made anew, and no link is followed.

        Raises:
            UnsafePath: There is a link or something else on the way to a file, or a folder in its place.
        """
        top = os.open(self.workspace.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            for file in files:
                try:
                    _write_one(top, file.path, file.after if after else file.before)
                except OSError as error:
                    if error.errno not in _NOT_THERE:
                        raise
                    why = "a program that ran put something else in its place, or on the way to it"
                    raise UnsafePath(f"{file.path} cannot be written into the copy: {why}") from error
        finally:
            os.close(top)


def _write_one(top: int, path: str, data: bytes | None) -> None:
    *folders, name = path.split("/")
    if data is None:
        with suppress(FileNotFoundError), open_folder(top, folders) as folder:
            os.unlink(name, dir_fd=folder)
        return
    with open_folder(top, folders, make=True) as folder:
        mode = 0o644
        with suppress(FileNotFoundError):
            found = os.lstat(name, dir_fd=folder)
            mode = 0o600 | (found.st_mode & 0o777) if stat.S_ISREG(found.st_mode) else mode
            os.unlink(name, dir_fd=folder)
        writing = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder
        )
        with os.fdopen(writing, "wb") as file:
            file.write(data)
            if is_root():  # The user that programs run as has to be able to change it.
                owner = os.fstat(top)
                os.fchown(writing, owner.st_uid, owner.st_gid)
