"""Past commits: which ones say how people write here, and what each of them did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.commits.grammar import Header, read_header
from aura_git.commits.patches import FilePatch, read_patch, unquote
from aura_git.repository import Repository
from aura_shared.errors import GitError

__all__ = ["PastCommit", "is_ordinary", "list_commits", "read_patches"]

_BOT: Final = re.compile(
    r"\[bot\]|\bbot\b|dependabot|renovate|greenkeeper|snyk|pre-commit-ci|github-actions", re.IGNORECASE
)
_RELEASE: Final = re.compile(
    r"^(?:(?:chore|build|ci)?(?:\([\w./@ -]*\))?!?:?\s*)?"
    r"(?:(?:release|publish|prepare release|bump version|version)\b|v?\d+\.\d+)",
    re.IGNORECASE,
)
_MERGE: Final = re.compile(r"^(?:Merge (?:branch|pull request|tag|remote)|Merged? |Auto-merged|Automatic merge)")
_REVERT: Final = re.compile(r"^(?:Revert|Reapply) \"")
_FIXUP: Final = re.compile(r"^(?:fixup|squash|amend)! ")
_DEPENDENCY: Final = re.compile(
    r"\((?:\w+-)?deps?(?:-dev|-\w+)?\)|\b(?:bump|update|upgrade)s? (?:\S+ ){1,6}(?:from|to) v?\d"
    r"|update dependency |lock ?file maintenance",
    re.IGNORECASE,
)
_FORMAT: Final = "%H%x00%P%x00%an <%ae>%x00%at%x00%B%x01"
_HASH: Final = re.compile(rb"^(?=[0-9a-f]{40}(?:[0-9a-f]{24})?$)", re.MULTILINE)
_LINES: Final = (
    *("-p", "-U0", "-M", "-l200", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
_BATCH: Final = 40
_MOST_BYTES_OF_COMMIT: Final = 300_000


@dataclass(frozen=True, slots=True)
class PastCommit:
    """One commit of the history."""

    hash: str
    author: str
    written_at: int
    """Seconds since 1970."""
    message: str
    merge: bool = False

    @property
    def subject(self) -> str:
        """First line."""
        return self.message.partition("\n")[0].strip()

    @property
    def body(self) -> str:
        """What follows the first line."""
        return self.message.partition("\n")[2].strip("\n")

    @property
    def header(self) -> Header:
        """First line, read by Conventional Commits."""
        return read_header(self.subject)


def list_commits(repository: Repository, start: str = "HEAD", *, most: int, stop: str = "") -> list[PastCommit]:
    """Commits with their messages, newest first, merges included.

    Args:
        repository: Which.
        start: Where to begin; empty when there is none.
        most: How many at most.
        stop: Commit whose history is left out.
    """
    begin = repository.git.find_commit(start)
    if begin is None:
        return []
    limits = [f"^{stop}"] if stop else []
    ran = repository.git.read("log", f"--format={_FORMAT}", f"--max-count={most}", "--end-of-options", begin, *limits)
    return [_commit(record) for record in ran.out.decode(errors="replace").split("\x01\n") if record.strip("\x01\n")]


def _commit(record: str) -> PastCommit:
    name, parents, author, written, message = record.strip("\x01").split("\0", 4)
    return PastCommit(name, author, int(written or 0), message.strip("\n"), merge=" " in parents)


def is_ordinary(commit: PastCommit) -> bool:
    """Whether a person wrote it for a change of their own: no merge, revert, fixup, bot, release or dependency bump."""
    subject = commit.subject
    if commit.merge or not subject or _BOT.search(commit.author):
        return False
    return not any(form.search(subject) for form in (_MERGE, _REVERT, _FIXUP, _RELEASE, _DEPENDENCY))


def read_patches(repository: Repository, commits: Sequence[str]) -> Iterator[tuple[str, list[FilePatch]]]:
    """What each of these commits did against its parent, without context; long ones are cut between files.

    Where files of the past are not there (a partial clone), only paths are read: nothing is fetched.
    """
    partial = bool(repository.git.config("extensions.partialClone"))
    for start in range(0, len(commits), _BATCH):
        batch = commits[start : start + _BATCH]
        if not partial:
            try:
                yield from _read_batch(repository, batch, _LINES)
                continue
            except GitError:  # A blob is missing: the others of the batch can be read.
                pass
        for one in batch:
            yield from _read_one(repository, one, partial=partial)


def _read_one(repository: Repository, commit: str, *, partial: bool) -> Iterator[tuple[str, list[FilePatch]]]:
    if not partial:
        try:
            yield from _read_batch(repository, [commit], _LINES)
            return
        except GitError:
            pass
    for name, text in _run(repository, [commit], ("--name-status", "--no-renames")):
        yield name, [_named(line) for line in text.decode(errors="replace").splitlines() if "\t" in line]


def _named(line: str) -> FilePatch:
    status, _, path = line.partition("\t")
    return FilePatch(unquote(path), "A" if status == "A" else "D" if status == "D" else "M")


def _read_batch(
    repository: Repository, commits: Sequence[str], how: tuple[str, ...]
) -> list[tuple[str, list[FilePatch]]]:
    return [(name, read_patch(_whole_files(patch))) for name, patch in _run(repository, commits, how)]


def _run(repository: Repository, commits: Sequence[str], how: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    names = "".join(f"{one}\n" for one in commits).encode()
    out = repository.git.read("diff-tree", "--stdin", "-r", "--root", *how, stdin=names).out
    for part in _HASH.split(out):
        name, _, text = part.partition(b"\n")
        if name:
            yield name.decode(), text


def _whole_files(patch: bytes) -> str:
    if len(patch) > _MOST_BYTES_OF_COMMIT:
        patch = patch[: patch.rfind(b"\ndiff --git ", 0, _MOST_BYTES_OF_COMMIT) + 1] or patch[:_MOST_BYTES_OF_COMMIT]
    return patch.decode(errors="replace")
