"""Commits and branches of a repository. Only reads, holds no lock, and reads each commit once.

What is known is kept in a file that may be deleted at any time; a look reads only what came since the last one.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_shared.errors import Unavailable
from aura_shared.logging import get_logger

__all__ = ["Branch", "Change", "Commit", "Repository", "read_repository", "run_git"]

log = get_logger(__name__)

MOST_COMMITS: Final = 20_000
"""The newest commits that are read."""
_MOST_BRANCHES: Final = 200
_MOST_FILES: Final = 300
_MOST_BODY: Final = 4000
_TIMEOUT_S: Final = 60.0
_FORM: Final = "%x00%H%x00%P%x00%ct%x00%an%x00%ae%x00%B"
_HASH: Final = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_MAIN: Final = ("refs/heads/main", "refs/heads/master", "refs/heads/trunk", "refs/heads/develop")
_VERSION: Final = "1"
_GIT: Final = (
    "git", "--no-pager", "--no-optional-locks", "--literal-pathspecs", "-c", "core.quotePath=false",
    "-c", "log.showSignature=false", "-c", "color.ui=false", "-c", "core.fsmonitor=false",
)  # fmt: skip
_NOT_INHERITED: Final = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_TRACE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXTERNAL_DIFF", "GIT_CONFIG_PARAMETERS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A file of a commit."""

    what: str
    """`A`, `M`, `D` or `T`, as git says."""
    path: str
    """Relative to the project."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as git tells it."""

    hash: str
    parents: tuple[str, ...]
    at_s: int
    """When it was committed, in seconds since 1970."""
    author: str
    """Name of its author."""
    bot: bool
    """Whether a program made it, as its name says."""
    subject: str
    body: str
    """What follows the first line, cut at 4,000 characters."""
    files: tuple[Change, ...]
    """The first 300; none for a merge."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A local branch."""

    name: str
    tip: str


@dataclass(frozen=True, slots=True)
class Repository:
    """What git knows."""

    present: bool = False
    """False where there is no repository, no commit, or no git."""
    shallow: bool = False
    """Whether a part of the history is missing here."""
    cut: bool = False
    """Whether older commits were left out."""
    head: str = ""
    branch: str = ""
    """Full name of the branch that is checked out."""
    branches: tuple[Branch, ...] = ()
    commits: tuple[Commit, ...] = ()
    """The newest first: those that HEAD or a local branch reaches."""
    merged: frozenset[str] = field(default_factory=frozenset[str])
    """Hashes of those that a main branch reaches; without one, HEAD."""
    notices: tuple[str, ...] = ()
    """What cannot be concluded, and why."""


def run_git(
    root: Path, arguments: Sequence[str], *, stdin: bytes | None = None, ok: Collection[int] = (0,)
) -> bytes | None:
    """Output of a command that only reads; None when it ended with another code.

    Raises:
        Unavailable: git is not there, or does not answer.
    """
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_INHERITED}
    environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C.UTF-8"}
    try:
        ran = subprocess.run(
            [*_GIT, *arguments],
            cwd=root, env=environment, input=stdin or b"", capture_output=True, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise Unavailable("git is not there", hint="Install git, and see `aura doctor`.") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"`git {arguments[0]}` did not end within {_TIMEOUT_S:g} s") from error
    return ran.stdout if ran.returncode in ok else None


def read_repository(root: Path, cache: Path | None = None, *, most: int = MOST_COMMITS) -> Repository:
    """Commits and branches of the repository that a folder is in.

    Args:
        root: The folder; paths are relative to it, and what lies outside does not count.
        cache: File in which commits are kept between looks.
        most: How many commits are read.

    Raises:
        Unavailable: git does not answer.
    """
    if not root.is_dir():
        return _absent()
    try:
        told = run_git(root, ["rev-parse", "--is-shallow-repository", "HEAD^{commit}", "--symbolic-full-name", "HEAD"])
        listed = run_git(root, [
            "for-each-ref", "--sort=-committerdate", f"--count={_MOST_BRANCHES}", "--format=%(objectname) %(refname)",
            "refs/heads",
        ])  # fmt: skip
    except Unavailable as error:
        return _absent(error.message)
    if told is None or listed is None:
        return _absent()
    shallow, head, branch = [*told.decode("utf-8", "replace").split("\n"), "", ""][:3]
    branches = [Branch(name, tip) for tip, _, name in (one.partition(" ") for one in _lines(listed)) if name]
    heads = sorted({head, *(one.tip for one in branches)})
    known, cut = _commits(root, heads, cache, most)
    reached = _reach(known, heads)
    commits = sorted((known[one] for one in reached), key=lambda one: (-one.at_s, one.hash))
    mains = [one.tip for one in branches if one.name in _MAIN] or [head]
    notices: list[str] = []
    if shallow == "true":
        notices.append("The repository is shallow: commits that are missing here may hold evidence.")
    if cut:
        notices.append(f"Only the newest {most:,} commits were read: older ones may hold evidence.")
    return Repository(
        True, shallow == "true", cut, head, branch, tuple(branches), tuple(commits), frozenset(_reach(known, mains)),
        tuple(notices),
    )  # fmt: skip


def _absent(why: str = "There is no git repository, or no commit in it") -> Repository:
    return Repository(notices=(f"{why}: nothing can be concluded from commits that are not there.",))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").splitlines()


def _reach(known: dict[str, Commit], heads: Collection[str]) -> set[str]:
    reached: set[str] = set()
    waiting = [one for one in heads if one in known]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += [parent for parent in known[one].parents if parent in known and parent not in reached]
    return reached


# -- what is kept between looks --------------------------------------------------------------------------------


def _commits(root: Path, heads: Sequence[str], cache: Path | None, most: int) -> tuple[dict[str, Commit], bool]:
    """All commits that heads reach, and perhaps more; and whether some were left out."""
    if cache is None:
        return _read(root, heads, (), most)
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _through(root, heads, cache, most)
    except (sqlite3.DatabaseError, ValueError, TypeError):
        log.warning("progress_cache_rebuilt", exc_info=True)
        with suppress(OSError):
            cache.unlink()
        with suppress(sqlite3.DatabaseError, ValueError, TypeError):
            return _through(root, heads, cache, most)
    return _read(root, heads, (), most)


def _through(root: Path, heads: Sequence[str], cache: Path, most: int) -> tuple[dict[str, Commit], bool]:
    with closing(sqlite3.connect(cache, timeout=10)) as base, base:
        base.execute("create table if not exists facts (name text primary key, value text)")
        base.execute("create table if not exists commits (hash text primary key, data text)")
        facts = dict(base.execute("select name, value from facts"))
        kind = f"{_VERSION} {most} {root}"
        if facts.get("kind") != kind:
            base.execute("delete from commits")
            facts = {}
        old = json.loads(facts.get("heads", "[]"))
        known = {one.hash: one for (data,) in base.execute("select data from commits") if (one := _thawed(data))}
        cut = facts.get("cut") == "1"
        if set(heads) <= set(known):
            return known, cut
        fresh, more = _read(root, heads, [one for one in old if one in known], most)
        if len(known) + len(fresh) > 2 * most:
            base.execute("delete from commits")
            known = {}
            fresh, more = _read(root, heads, (), most)
        base.executemany(
            "insert or replace into commits values (?, ?)", ((one.hash, _frozen(one)) for one in fresh.values())
        )
        base.executemany(
            "insert or replace into facts values (?, ?)",
            [("kind", kind), ("heads", json.dumps(list(heads))), ("cut", "1" if cut or more else "0")],
        )
        return {**known, **fresh}, cut or more


def _frozen(one: Commit) -> str:
    files = [f"{change.what}{change.path}" for change in one.files]
    return json.dumps([one.hash, one.parents, one.at_s, one.author, one.bot, one.subject, one.body, files])


def _thawed(data: str) -> Commit:
    hash_, parents, at_s, author, bot, subject, body, files = json.loads(data)
    changes = tuple(Change(one[:1], one[1:]) for one in files)
    return Commit(hash_, tuple(parents), int(at_s), author, bool(bot), subject, body, changes)


# -- git's own words ------------------------------------------------------------------------------------------------


def _read(root: Path, heads: Sequence[str], without: Sequence[str], most: int) -> tuple[dict[str, Commit], bool]:
    arguments = [
        "log", "--stdin", "-z", f"--format={_FORM}", "--name-status", "--no-renames", "--diff-merges=off",
        "--no-ext-diff", "--no-textconv", "--encoding=UTF-8", "--date-order", f"--max-count={most + 1}", "--relative",
        "--ignore-missing",
    ]  # fmt: skip
    asked = "".join([*(f"{one}\n" for one in heads), *(f"^{one}\n" for one in without)])
    out = run_git(root, arguments, stdin=asked.encode("ascii"))
    if out is None and without:
        out = run_git(root, arguments, stdin="".join(f"{one}\n" for one in heads).encode("ascii"))
    if out is None:
        raise Unavailable("`git log` failed", hint="Check the repository: aura git health")
    found = list(_parsed(out))
    return {one.hash: one for one in found[:most]}, len(found) > most


def _parsed(out: bytes) -> Iterator[Commit]:
    """The commits of a log. Neither a message nor a path has a NUL in it, and no path is empty."""
    fields = out.split(b"\0")
    at = 0
    while at + 7 <= len(fields):
        if fields[at].strip(b"\n") or not _HASH.match(fields[at + 1]):
            at += 1
            continue
        head = [one.decode("utf-8", "replace") for one in fields[at + 1 : at + 7]]
        at += 7
        files: list[Change] = []
        while at + 1 < len(fields) and fields[at].strip(b"\n") and len(fields[at].strip(b"\n")) == 1:
            if len(files) < _MOST_FILES:
                path = fields[at + 1].decode("utf-8", "replace")
                files.append(Change(fields[at].strip(b"\n").decode("ascii", "replace"), path))
            at += 2
        subject, _, body = head[5].strip().partition("\n")
        yield Commit(
            head[0], tuple(head[1].split()), int(head[2] or 0), head[3][:100], _bot(head[3], head[4]),
            subject.strip()[:500], body.strip()[:_MOST_BODY], tuple(files),
        )  # fmt: skip


def _bot(name: str, mail: str) -> bool:
    text = f"{name} {mail}".lower()
    return any(sign in text for sign in ("[bot]", "dependabot", "renovate", "github-actions", "semantic-release"))
