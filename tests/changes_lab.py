"""What the tests of changes share: projects of a few files, and proposals for them."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aura_factory.changes.desk import ChangeDesk
from aura_factory.changes.places import digest_of
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangeInfo,
    DecideHunks,
    ProposeChange,
    ProposedFile,
    ShowChange,
    TextEdit,
    UndoChange,
)

PROJECT = "shop-123456"


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files of a project."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder except those of git: bytes and permission bits."""
    found: dict[str, tuple[bytes, int]] = {}
    for folder, folders, names in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        for name in names:
            file = Path(folder) / name
            found[file.relative_to(root).as_posix()] = (file.read_bytes(), stat.S_IMODE(file.stat().st_mode))
    return found


def git(root: Path, *arguments: str) -> str:
    """What git says in a repository; the settings of the user are out of reach."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


@dataclass
class Lab:
    """A project and a desk."""

    root: Path
    desk: ChangeDesk

    def base(self, path: str) -> str:
        """The digest of a file as it is."""
        return digest_of((self.root / path).read_bytes())

    def whole(self, path: str, content: str) -> ProposedFile:
        """A new text for a file that is there."""
        return ProposedFile(path=path, base=self.base(path), content=content)

    def edit(self, path: str, *edits: tuple[int, int, str]) -> ProposedFile:
        """Edits of a file that is there."""
        made = [TextEdit(start=start, end=end, text=text) for start, end, text in edits]
        return ProposedFile(path=path, base=self.base(path), edits=made)

    def delete(self, path: str) -> ProposedFile:
        """The end of a file."""
        return ProposedFile(path=path, base=self.base(path))

    def move(self, old: str, new: str, content: str | None = None) -> ProposedFile:
        """A file at another path."""
        return ProposedFile(path=new, moved_from=old, base=self.base(old), content=content)

    def propose(self, *files: ProposedFile, title: str = "Do something", replaces: str = "") -> ChangeInfo:
        """A change of these files."""
        return self.propose_whole(*files, title=title, replaces=replaces).change

    def propose_whole(self, *files: ProposedFile, title: str = "Do something", replaces: str = "") -> ChangeAnswer:
        """The whole answer to a proposal."""
        request = ProposeChange(project=PROJECT, title=title, files=list(files), replaces=replaces)
        return self.desk.propose(self.root, PROJECT, request)

    def show(self, change: ChangeInfo | str) -> ChangeInfo:
        """A change as it is now."""
        return self.desk.show("", ShowChange(change=change if isinstance(change, str) else change.id)).change

    def accept(self, change: ChangeInfo, *names: str) -> ChangeInfo:
        """Accept hunks, or all."""
        return self.desk.decide("", DecideHunks(change=change.id, hunks=list(names), decision="accepted")).change

    def reject(self, change: ChangeInfo, *names: str) -> ChangeInfo:
        """Reject hunks, or all."""
        return self.desk.decide("", DecideHunks(change=change.id, hunks=list(names), decision="rejected")).change

    def apply(self, change: ChangeInfo, *, everything: bool = False, merge: bool = False) -> ChangeAnswer:
        """Apply accepted hunks, or everything."""
        return self.desk.apply("", ApplyChange(change=change.id, accept_open=everything, merge=merge))

    def undo(self, change: ChangeInfo, *, merge: bool = False) -> ChangeAnswer:
        """Take a change back."""
        return self.desk.undo("", UndoChange(change=change.id, merge=merge))

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return (self.root / path).read_bytes()
