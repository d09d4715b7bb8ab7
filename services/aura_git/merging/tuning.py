"""How git is set for a merge: settings of single calls, and the hooks that run where. No configuration is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git

__all__ = [
    "AFTERWARDS",
    "REWRITTEN",
    "comment_char",
    "hooks_of",
    "in_place",
    "judging_hooks",
    "told_by_git",
    "tuned",
    "tuned_repository",
    "write_hooks_apart",
]

MERGE_SETTINGS: Final = {
    "merge.conflictStyle": "diff3",
    "rerere.enabled": "true",
    "rerere.autoUpdate": "false",
    "advice.mergeConflict": "false",
    "rebase.backend": "merge",
    "rebase.autoStash": "false",
    "rebase.autoSquash": "false",
    "rebase.rebaseMerges": "false",
    "rebase.updateRefs": "false",
}
"""Blocks show what both sides came from; resolutions are recorded, and never staged unseen."""
AFTERWARDS: Final = ("post-merge", "post-commit", "post-checkout", "post-rewrite", "post-index-change")
"""Hooks that react to what has happened: they run where the person works, not in a temporary work tree."""
REWRITTEN: Final = "rewritten"
"""File beside these hooks with a line `OLD NEW` for each commit that a rebase made anew."""
_JUDGING: Final = ("pre-merge-commit", "pre-commit", "prepare-commit-msg", "commit-msg", "pre-rebase")
_OF_RECORDS: Final = ("Recorded preimage for ", "Recorded resolution for ", "Resolved '")
_COMMENT_CHARS: Final = "#;@!%^&|:~"


def tuned(git: Git, settings: Mapping[str, str] | None = None) -> Git:
    """Git with the settings of a merge, and further ones, for its calls alone."""
    wanted = {**MERGE_SETTINGS, **(settings or {})}
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(first + len(wanted))}
    for number, (key, value) in enumerate(wanted.items(), first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return git.at(None, **variables)


def in_place(git: Git, settings: Mapping[str, str] | None = None) -> Git:
    """Git for the work tree of the person: large files come out whole, as they would with plain git."""
    return tuned(git, settings).at(GIT_LFS_SKIP_SMUDGE="0")


def tuned_repository(repository: Repository, settings: Mapping[str, str] | None = None) -> Repository:
    """The same repository with git set for a merge in its work tree."""
    return replace(repository, git=in_place(repository.git, settings))


def comment_char(message: str) -> str:
    """A character that begins no line of a message, so that nothing of it is taken for a comment."""
    starts = {line[:1] for line in message.splitlines()}
    return next((char for char in _COMMENT_CHARS if char not in starts), "#")


def told_by_git(said: str) -> list[str]:
    """What git and hooks said that a person should know: without what it tells of recorded resolutions."""
    lines = [line for line in said.splitlines() if not line.startswith(_OF_RECORDS)]
    return ["\n".join(lines)] if any(line.strip() for line in lines) else []


def hooks_of(repository: Repository) -> dict[str, Path]:
    """The hooks that git would run, by name."""
    folder = repository.root / repository.git.text("rev-parse", "--git-path", "hooks")
    if not folder.is_dir():
        return {}
    return {
        file.name: file
        for file in sorted(folder.iterdir())
        if not file.suffix and file.is_file() and os.access(file, os.X_OK)
    }


def judging_hooks(repository: Repository) -> list[str]:
    """Hooks that look at a commit before it is made; they may need every file."""
    return [name for name in hooks_of(repository) if name in _JUDGING]


def write_hooks_apart(repository: Repository, folder: Path) -> None:
    """Write a folder of hooks that call those of the repository, except the ones that run afterwards.

    Each is called at its own path, so that one that looks for its neighbours finds them. `post-rewrite` only notes
    which commits became which.
    """
    folder.mkdir(parents=True)
    for name, file in hooks_of(repository).items():
        if name in AFTERWARDS:
            continue
        script = folder / name
        quoted = "'" + str(file).replace("'", "'\\''") + "'"
        script.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
        script.chmod(0o755)
    rewritten = folder / "post-rewrite"
    rewritten.write_text(f'#!/bin/sh\ncat >> "${{0%/*}}/{REWRITTEN}"\n')
    rewritten.chmod(0o755)
