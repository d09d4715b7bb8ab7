"""Two branches that part, and what merging, rebasing and going on make of them; with the real safety core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aura_git.merging.concluding import abort, continue_, skip
from aura_git.merging.merging import do_merge
from aura_git.merging.rebasing import do_rebase
from aura_git.merging.resolving import resolve
from aura_git.merging.syncing import sync
from aura_git.repository import Repository
from aura_git.safety.core import SafetyCore
from aura_shared.messages.merges import DoMerge, DoRebase, MergeAnswer, ResolveConflicts, SyncAnswer, SyncBranches
from aura_shared.settings import GitSettings
from git_lab import GitLab

LINES = "".join(f"line {number}\n" for number in range(1, 21))
Files = Mapping[str, str | bytes | None]


def line(number: int, text: str, before: str = LINES) -> str:
    """The text with another line."""
    lines = before.splitlines(keepends=True)
    lines[number - 1] = f"{text}\n"
    return "".join(lines)


@dataclass
class MergeLab:
    """A repository with two branches; `main` is checked out."""

    lab: GitLab
    safety: SafetyCore
    settings: GitSettings

    @property
    def repository(self) -> Repository:
        """As the service sees it."""
        return self.lab.repository()

    def part(self, base: Files, ours: Files, theirs: Files, name: str = "topic") -> None:
        """Make a base, one commit on a branch, and one on `main`."""
        self.lab.commit("base", base)
        self.lab.branch(name)
        self.lab.commit("theirs", theirs)
        self.lab.switch("main")
        self.lab.commit("ours", ours)

    def merge(self, ref: str = "topic", **how: object) -> MergeAnswer:
        """Merge."""
        return do_merge(self.repository, self.safety, DoMerge.model_validate({"project": "p", "ref": ref, **how}))

    def rebase(self, onto: str = "main", **how: object) -> MergeAnswer:
        """Rebase."""
        request = DoRebase.model_validate({"project": "p", "onto": onto, **how})
        return do_rebase(self.repository, self.safety, request, self.settings.protected)

    def sync(self, **how: object) -> SyncAnswer:
        """Sync."""
        request = SyncBranches.model_validate({"project": "p", **how})
        return sync(self.repository, self.safety, request, self.settings.protected)

    def resolve(self, **how: object) -> MergeAnswer:
        """Resolve what is in conflict."""
        return resolve(self.repository, self.safety, ResolveConflicts.model_validate({"project": "p", **how}))

    def go_on(self) -> MergeAnswer:
        """`aura continue`."""
        return continue_(self.repository, self.safety)

    def skip(self) -> MergeAnswer:
        """`aura skip`."""
        return skip(self.repository, self.safety)

    def abort(self) -> MergeAnswer:
        """`aura abort`."""
        return abort(self.repository, self.safety)

    def read(self, path: str) -> str:
        """A file of the work tree."""
        return (self.lab.root / path).read_text(encoding="utf-8")

    def status(self) -> str:
        """What git says of the work tree."""
        return self.lab.git("status", "--porcelain")

    def whole(self) -> tuple[dict[str, str], str, str, dict[str, bytes]]:
        """Refs, HEAD, index and files: what an abort has to bring back to the byte."""
        files = {
            str(file.relative_to(self.lab.root)): file.read_bytes()
            for file in sorted(self.lab.root.rglob("*"))
            if file.is_file() and ".git" not in file.relative_to(self.lab.root).parts
        }
        head = (self.lab.root / ".git" / "HEAD").read_text()
        return self.lab.refs(), head, self.lab.git("ls-files", "--stage"), files

    def hook(self, name: str, script: str) -> Path:
        """Write a hook; returns the file that it may write to."""
        hooks = Path(self.lab.git("rev-parse", "--git-path", "hooks").strip())
        file = self.lab.root / hooks / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def worktrees(self) -> int:
        """How many work trees git knows."""
        return len(self.lab.git("worktree", "list").splitlines())

    def sound(self) -> None:
        """git understands the repository, and nothing temporary is left."""
        self.lab.git("fsck", "--strict", "--no-dangling")
        assert self.worktrees() == 1
        apart = self.lab.root / ".git" / "aura" / "worktrees"
        assert not apart.exists() or not list(apart.iterdir())
