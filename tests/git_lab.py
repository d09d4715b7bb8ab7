"""Repositories for the tests of git: real ones, with a known identity, known times and no settings of the machine."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aura_git.repository import Repository, open_repository

CONFIG = """\
[user]
\tname = Ada Tester
\temail = ada@localhost
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[protocol "file"]
\tallow = always
"""
START = 1_700_000_000


@dataclass
class GitLab:
    """A folder for repositories; commits are a minute apart."""

    root: Path
    clock: int = START
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def git(self, *arguments: str, stdin: str | None = None, ok: int | None = 0, where: Path | None = None) -> str:
        """What git prints; it has to end with the code `ok`, None for any."""
        self.clock += 60
        dates = {"GIT_AUTHOR_DATE": f"{self.clock} +0000", "GIT_COMMITTER_DATE": f"{self.clock} +0000"}
        done = subprocess.run(
            ["git", *arguments],
            check=False,
            cwd=where or self.root,
            env={**os.environ, **dates, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            errors="surrogateescape",
        )
        assert ok is None or done.returncode == ok, f"git {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files; None deletes one."""
        for path, text in files.items():
            file = self.root / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str, files: Mapping[str, str | bytes | None] | None = None) -> str:
        """Write files and commit everything; returns the hash."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
        return self.head()

    def head(self, name: str = "HEAD") -> str:
        """Hash of a commit."""
        return (self._checked_out() if name == "HEAD" else "") or self.git("rev-parse", "--verify", name).strip()

    def _checked_out(self) -> str:
        """Hash of the commit that is checked out, read from its file; empty where that is not enough."""
        git_dir = self.root / ".git"
        try:
            text = (git_dir / "HEAD").read_text().strip()
            return (git_dir / text.removeprefix("ref: ")).read_text().strip() if text.startswith("ref: ") else text
        except OSError:
            return ""

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch and go there."""
        self.git("switch", "--quiet", "--create", name, start)

    def switch(self, name: str) -> None:
        """Go to a branch."""
        self.git("switch", "--quiet", name)

    def refs(self) -> dict[str, str]:
        """Every ref with its hash, Aura's own left out."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {name: hash_ for name, hash_ in map(str.split, lines) if not name.startswith("refs/aura/")}

    def log(self, *arguments: str) -> list[str]:
        """Subjects, newest first."""
        return self.git("log", "--format=%s", *arguments).splitlines()

    def repository(self) -> Repository:
        """As the service sees it."""
        return open_repository(self.root)


def make_lab(folder: Path, *, bare: bool = False) -> GitLab:
    """A new repository in a folder, or the one that is there; the fixture `git_settings` has to be in use."""
    if not (folder / ".git").exists():
        shutil.copytree(_new(bare=bare), folder, dirs_exist_ok=True)
    return GitLab(folder)


def copy_of(name: str, make: Callable[[Path], GitLab], folder: Path) -> GitLab:
    """A copy of repositories that are made once.

    Args:
        name: Of what is copied.
        make: Makes the repositories in a folder, and returns the one that is meant.
        folder: Where the copy goes.
    """
    made = Path(_templates().name) / name
    if name not in _MADE:
        _MADE[name] = make(made)
    original = _MADE[name]
    shutil.copytree(made, folder, symlinks=True, dirs_exist_ok=True)
    for config in folder.rglob("config"):
        config.write_text(config.read_text().replace(str(made), str(folder)))  # addresses of remotes
    lab = GitLab(folder / original.root.relative_to(made), original.clock, dict(original.environment))
    lab.git("update-index", "-q", "--refresh", ok=None)
    return lab


_MADE: dict[str, GitLab] = {}


@functools.cache
def _templates() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="aura-git-lab-")


@functools.cache
def _new(*, bare: bool) -> Path:
    """What `git init` makes, without its samples of hooks."""
    folder = Path(_templates().name) / f"new-{bare}"
    folder.mkdir()
    GitLab(folder).git("init", "--quiet", *(["--bare"] if bare else []))
    for sample in folder.rglob("*.sample"):
        sample.unlink()
    return folder
