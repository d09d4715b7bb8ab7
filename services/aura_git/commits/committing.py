"""Runs `git commit`, and tells what its hooks did: which ran, what they said, what they changed, why it failed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Ran
from aura_shared.errors import GitError, HookRefused, RepositoryBusy, Unavailable

__all__ = ["HookRun", "MadeCommit", "run_commit"]

_SIGNING: Final = ("gpg failed to sign", "failed to write commit object", "Couldn't load public key", "ssh-keygen")
_NO_IDENTITY: Final = ("Please tell me who you are", "empty ident name", "unable to auto-detect email address")
_BEFORE: Final = frozenset({"pre-commit", "prepare-commit-msg", "commit-msg", "pre-merge-commit"})
"""Hooks that can refuse; what a later one says changes nothing any more."""
_MOST_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class HookRun:
    """A hook that git ran."""

    name: str
    code: int | None
    """What it ended with; None when it did not end."""
    seconds: float


@dataclass(frozen=True, slots=True)
class MadeCommit:
    """A commit that is made."""

    commit: str
    tree: str
    subject: str
    hooks: tuple[HookRun, ...]
    said: str
    """What hooks printed."""
    changed: tuple[str, ...]
    """Files that a hook changed: in the commit or in the work tree."""


def run_commit(repository: Repository, message: str, *, tree: str, sign_off: bool = False) -> MadeCommit:
    """Commit an index with `git commit`, so that hooks, signing and settings count; only within an operation.

    Args:
        repository: With the index to commit.
        message: The whole message; it reaches git by its standard input.
        tree: What the commit is to hold; a hook may change it, which is told.
        sign_off: Whether to add `Signed-off-by`, as the messages here have.

    Raises:
        HookRefused: A hook said no; the message holds its name and what it printed.
        Unavailable: A hook, or a passphrase, was waited for in vain.
        GitError: git said no: it could not be signed, nobody is named as the author, and the like.
        RepositoryBusy: Another program holds one of git's locks.
    """
    before = git_files(repository)
    with tempfile.TemporaryDirectory(prefix="aura-commit-") as folder:
        trace = Path(folder, "trace")
        git = repository.git.at(GIT_TRACE2_EVENT=str(trace))
        arguments = ("commit", "--file=-", *(["--signoff"] if sign_off else []))
        try:
            ran = git.write(*arguments, stdin=message.encode(errors="surrogateescape"), ok=(0, 1, 128))
        except Unavailable as error:
            raise _waited(error, list(_hooks(trace))) from error
        hooks = tuple(_hooks(trace))
    if ran.code:
        raise _refused(ran, hooks, _changed(before, git_files(repository)))
    commit, made, subject = repository.git.text("show", "--no-patch", "--format=%H%n%T%n%s", "HEAD").split("\n", 2)
    changed = set(_changed(before, git_files(repository)))
    if made != tree:
        changed |= set(repository.git.read("diff-tree", "-r", "-z", "--name-only", tree, made).items)
    return MadeCommit(commit, made, subject.strip(), hooks, ran.err.strip(), tuple(sorted(changed)))


def git_files(repository: Repository) -> dict[str, tuple[int, int]]:
    """Time and size of the files that differ from the index or from HEAD: a hook that changes one is noticed by it."""
    how = ("--porcelain=v2", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=none")
    names = [item.split(" ", 10 if item[0] == "u" else 8)[-1] for item in repository.git.read("status", *how).items]
    found: dict[str, tuple[int, int]] = {}
    for name in names:
        try:
            facts = (repository.root / name).lstat()
        except OSError:
            found[name] = (0, -1)
            continue
        found[name] = (facts.st_mtime_ns, facts.st_size)
    return found


def _changed(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]]) -> list[str]:
    """Files whose time or size is another one now, or that differ only now; those that are committed are gone."""
    return sorted(path for path, facts in after.items() if before.get(path) != facts)


def _hooks(trace: Path) -> Iterator[HookRun]:
    """The hooks that git itself ran, in order, from what it traced; not those of git commands inside hooks."""
    started: dict[object, str] = {}
    for event in _events(trace):
        if "/" in str(event.get("sid", "")):
            continue
        if event.get("event") == "child_start" and event.get("child_class") == "hook":
            started[event.get("child_id")] = str(event.get("hook_name", ""))
        elif event.get("event") == "child_exit" and event.get("child_id") in started:
            code, seconds = event.get("code"), event.get("t_rel")
            name = started.pop(event.get("child_id"))
            yield HookRun(
                name, code if isinstance(code, int) else 1, seconds if isinstance(seconds, (int, float)) else 0.0
            )
    for name in started.values():
        yield HookRun(name, None, 0.0)


def _events(trace: Path) -> Iterator[Mapping[str, object]]:
    try:
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            event: object = json.loads(line)
        except ValueError:
            continue  # The line that was being written when git was ended.
        if isinstance(event, dict):
            yield event


def _waited(error: Unavailable, hooks: Collection[HookRun]) -> Unavailable:
    hanging = next((one.name for one in hooks if one.code is None), "")
    if not hanging:
        return error
    bound = error.message.rpartition("within ")[2]
    return Unavailable(
        f"the hook {hanging} did not end within {bound}, and was ended; nothing was committed",
        hint=f"Run `git commit` by hand to see what it waits for, or raise git.command_s. It is in {hanging}.",
    )


def _refused(ran: Ran, hooks: Collection[HookRun], changed: Collection[str]) -> GitError | RepositoryBusy:
    said = ran.err or ran.text
    refused = next((one for one in hooks if one.code and one.name in _BEFORE), None)
    if refused is not None:
        also = f"\nIt also changed files: {_named(changed)}." if changed else ""
        hint = "Look at what it changed, stage it, and commit again." if changed else None
        told = said or f"it printed nothing, and ended with code {refused.code}"
        return HookRefused(f"the hook {refused.name} refused the commit:\n{told}{also}", hint=hint)
    if ".lock': File exists" in ran.err:
        return RepositoryBusy(f"`git commit` failed: {said}")
    if any(sign in ran.err for sign in _SIGNING):
        return GitError(
            f"the commit could not be signed: {said}",
            hint="Nothing was committed. Unlock the key first (such as `gpg --sign` once by hand), or see "
            "`git config user.signingKey`; signing is never switched off.",
        )
    if any(sign in ran.err for sign in _NO_IDENTITY):
        return GitError(
            "git does not know who commits here: user.name and user.email are not set",
            hint='Nothing was committed. Set them: git config user.name "NAME", git config user.email ADDRESS.',
        )
    return GitError(f"`git commit` failed: {said}", hint="Nothing was committed.")


def _named(paths: Collection[str]) -> str:
    listed = sorted(paths)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more
