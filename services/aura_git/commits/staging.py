"""What a commit takes in: an index beside the real one, entries of indexes, and the real index brought up to a commit.

A commit of everything, or of some paths only, is made from an index of its own, as git does for `commit -a` and
`commit PATH`: until the commit is there, the real index stays as it is.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.gates import named
from aura_shared.errors import ConflictsLeft, GateClosed, GitError, UsageProblem

__all__ = [
    "GONE",
    "Entry",
    "Taken",
    "base_of",
    "changed_entries",
    "empty_tree",
    "entries_of",
    "index_aside",
    "index_bytes",
    "index_for_commit",
    "intended",
    "put_entries",
    "settle_index",
    "take_in",
    "tree_of",
    "unknown_paths",
]

_PREFIX: Final = "aura-index-"
_FILTER_FAILED: Final = ("filter", "hung up unexpectedly")
"""What git says when a filter's program does not run, or ends too early."""
GONE: Final = "000000"
"""Mode of a path that is not there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A path in an index or tree."""

    mode: str
    """Six digits; `000000` for one that is not there."""
    hash: str

    @property
    def there(self) -> bool:
        """Whether there is such a path."""
        return self.mode != GONE


@dataclass(frozen=True, slots=True)
class Taken:
    """Which of the changes a commit takes in."""

    everything: bool = False
    """Whether changed and new files of the work tree are taken in, besides what is staged."""
    paths: tuple[str, ...] = ()
    """Only these files and folders; empty for all."""
    tree: str = ""
    """This tree instead."""

    @property
    def index_itself(self) -> bool:
        """Whether it is exactly what the index holds."""
        return not (self.everything or self.paths or self.tree)


@contextmanager
def index_aside(repository: Repository, within: Path | None = None) -> Generator[Repository]:
    """The repository with a copy of its index; nothing that is staged or written there reaches the real one.

    Args:
        repository: Which.
        within: Where index and new objects lie meanwhile; by default where temporary files do.
    """
    objects = repository.git.variable("GIT_OBJECT_DIRECTORY") or repository.common_dir / "objects"
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=within) as folder:
        store = Path(folder, "objects")
        (store / "info").mkdir(parents=True)
        (store / "info" / "alternates").write_bytes(os.fsencode(objects) + b"\n")
        index = Path(folder, "index")
        _copy_index(repository, index)
        git = repository.git.at(GIT_INDEX_FILE=str(index), GIT_OBJECT_DIRECTORY=str(store))
        yield replace(repository, git=git)


@contextmanager
def index_for_commit(repository: Repository) -> Generator[Repository]:
    """The repository with a copy of its index to commit from; only within an operation of the safety core.

    What an earlier process that died has left behind is removed: one operation at a time is at work.
    """
    for old in repository.git_dir.glob(f"{_PREFIX}*"):
        old.unlink(missing_ok=True)
    index = repository.git_dir / f"{_PREFIX}{secrets.token_hex(4)}"
    try:
        _copy_index(repository, index)
        yield replace(repository, git=repository.git.at(GIT_INDEX_FILE=str(index)))
    finally:
        for left in repository.git_dir.glob(f"{index.name}*"):
            with suppress(OSError):
                left.unlink()


def take_in(repository: Repository, taken: Taken) -> str:
    """Stage what a commit takes in, in an index of its own; returns the hash of its tree.

    Args:
        repository: From `index_aside` or `index_for_commit`.
        taken: What to take in.

    Raises:
        ConflictsLeft: Conflicts are left.
        UsageProblem: A path is not known.
        GateClosed: The program of a filter, such as git-lfs, does not run.
    """
    _refuse_conflicts(repository)
    limits = [f":(top,literal){path}" for path in taken.paths]
    try:
        return _take_in(repository, taken, limits)
    except GitError as error:
        problem = _filter_problem(repository.git, limits, error)
        if problem is None:
            raise
        raise problem from error


def _take_in(repository: Repository, taken: Taken, limits: Sequence[str]) -> str:
    git = repository.git
    if taken.tree:
        git.write("read-tree", taken.tree)
        return taken.tree
    if taken.paths:
        _refuse_unknown(repository, taken)
    if taken.everything:
        git.write("add", "--all", "--", *(limits or [":/"]))
    if taken.paths:
        base = base_of(repository)
        everything = changed_entries(repository, base)
        picked = changed_entries(repository, base, limits)
        put_entries(git, {path: old for path, (old, _new) in everything.items() if path not in picked})
    return tree_of(repository)


def _filter_problem(git: Git, limits: Sequence[str], error: GitError) -> GateClosed | None:
    """That a filter's program does not run, and for which files; None where something else failed."""
    if not any(sign in error.message for sign in _FILTER_FAILED):
        return None
    keys = git.read("config", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process)$", ok=(0, 1)).lines
    names = git.read("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *limits).items
    asked = b"".join(os.fsencode(name) + b"\0" for name in names)
    told = git.read("check-attr", "-z", "--stdin", "filter", stdin=asked).items if keys and names else []
    through = [path for path, value in zip(told[0::3], told[2::3], strict=False) if _is_filter(value, keys)]
    if not through:
        return None
    return GateClosed(
        f"files go through a filter whose program does not run here: {named(through)}\n{error.message}",
        hint="Install it (such as git-lfs), or commit other files by their names: aura commit PATH...",
    )


def _is_filter(value: str, keys: Collection[str]) -> bool:
    return any(key.startswith(f"filter.{value}.") for key in keys)


def unknown_paths(repository: Repository, paths: Collection[str]) -> list[str]:
    """Those that name neither a file that git tracks, nor one that is there."""
    how = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--")
    git = repository.git
    limits = [f":(top,literal){path}" for path in paths]
    found = git.read(*how, *limits).items if paths else []
    unknown: list[str] = []
    base = ""
    for path in (path for path in paths if not _within(path, found)):
        base = base or base_of(repository)
        in_head = git.read("ls-tree", "-z", base, "--", path, ok=(0, 128))
        if not in_head.out and not git.read(*how, f":(top,literal){path}").out:
            unknown.append(path)
    return unknown


def _within(path: str, found: Iterable[str]) -> bool:
    """Whether some files are what a path names, or lie in it; false where only git can say it."""
    folder = path.rstrip("/")
    return any(one == folder or one.startswith(f"{folder}/") for one in found)


def base_of(repository: Repository) -> str:
    """What the next commit is compared with: the commit that is checked out, or the empty tree."""
    return repository.git.find_commit("HEAD") or empty_tree(repository.git)


def empty_tree(git: Git) -> str:
    """Hash of the tree without entries, in the repository's own kind of hash."""
    return git.read("hash-object", "-t", "tree", "--stdin", stdin=b"").text


def tree_of(repository: Repository) -> str:
    """Hash of the tree that the index would become; the tree is written.

    Raises:
        ConflictsLeft: Conflicts are left.
    """
    try:
        return repository.git.write("write-tree", "--missing-ok").text
    except GitError as error:
        if "unmerged" in error.message:
            raise ConflictsLeft("conflicts are left in the index") from error
        raise


def changed_entries(repository: Repository, base: str, limits: Iterable[str] = ()) -> dict[str, tuple[Entry, Entry]]:
    """What the index changes against a commit or tree: path, and its entries before and after. Renames are two."""
    raw = repository.git.read(
        *("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none"),
        *(base, "--", *limits),
    )
    return _raw_entries(raw.items)


def entries_of(repository: Repository, old: str, new: str) -> dict[str, tuple[Entry, Entry]]:
    """What differs between two trees: path, and its entries before and after. Renames are two."""
    raw = repository.git.read("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", old, new)
    return _raw_entries(raw.items)


def _raw_entries(items: list[str]) -> dict[str, tuple[Entry, Entry]]:
    found: dict[str, tuple[Entry, Entry]] = {}
    words = iter(items)
    for word in words:
        if not word.startswith(":"):
            continue  # The commit that a comparison of one begins with.
        old_mode, new_mode, old, new, _status = word[1:].split(" ")
        found[next(words)] = (Entry(old_mode, old), Entry(new_mode, new))
    return found


def put_entries(git: Git, entries: Mapping[str, Entry]) -> None:
    """Set paths of an index; one that is not there is taken out."""
    gone = {path for path, entry in entries.items() if not entry.there}
    ordered = sorted(entries, key=lambda path: (path not in gone, path))  # A file makes room for a folder first.
    lines = b"".join(
        os.fsencode(f"{entries[path].mode} {entries[path].hash if path not in gone else '0' * 40}\t{path}\0")
        for path in ordered
    )
    if lines:
        git.write("update-index", "-z", "--index-info", stdin=lines)


def settle_index(repository: Repository, committed: Mapping[str, tuple[Entry, Entry]], before: bytes) -> list[str]:
    """Bring the real index up to what was committed beside it.

    Args:
        repository: With its real index.
        committed: What the commits changed.
        before: Bytes of the index file when they began.

    Returns:
        Paths that somebody staged otherwise meanwhile: they are left as they are now.
    """
    moved: list[str] = []
    wanted = {path: new for path, (_old, new) in committed.items()}
    if index_bytes(repository) != before:
        moved = _staged_since(repository, before, wanted)
        wanted = {path: entry for path, entry in wanted.items() if path not in moved}
    put_entries(repository.git, wanted)
    repository.git.write("update-index", "-q", "--refresh", ok=(0, 1))
    return moved


def _staged_since(repository: Repository, before: bytes, paths: Collection[str]) -> list[str]:
    with index_aside(repository) as aside:
        _index_file(aside).write_bytes(before)
        old = _listed(aside) if before else {}
    now = _listed(repository)
    return sorted(path for path in paths if old.get(path) != now.get(path))


def _listed(repository: Repository) -> dict[str, str]:
    items = repository.git.read("ls-files", "--stage", "-z").items
    return {path: facts for facts, _, path in (item.partition("\t") for item in items)}


def intended(repository: Repository) -> list[str]:
    """Files that are only meant to be added (`git add --intent-to-add`): no commit takes them in yet."""
    raw = repository.git.read("diff-files", "--raw", "-z", "--no-renames", "--diff-filter=A")
    return [item for item in raw.items if not item.startswith(":")]


def index_bytes(repository: Repository) -> bytes:
    """What the index file holds now; empty when there is none."""
    try:
        return _index_file(repository).read_bytes()
    except FileNotFoundError:
        return b""


def _index_file(repository: Repository) -> Path:
    """Where the index is: git keeps one in the folder of each work tree, unless a variable says otherwise."""
    return Path(repository.git.variable("GIT_INDEX_FILE") or repository.git_dir / "index")


def _copy_index(repository: Repository, to: Path) -> None:
    with suppress(FileNotFoundError):
        # With its time: git takes entries that are as old as the index for ones that may have changed since.
        shutil.copy2(_index_file(repository), to)


def _refuse_conflicts(repository: Repository) -> None:
    left = sorted({item.partition("\t")[2] for item in repository.git.read("ls-files", "--unmerged", "-z").items})
    if left:
        named = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        raise ConflictsLeft(
            f"conflicts are left in {named}", hint="Resolve them (aura resolve), and stage the files with `git add`."
        )


def _refuse_unknown(repository: Repository, taken: Taken) -> None:
    unknown = unknown_paths(repository, taken.paths)
    if unknown:
        raise UsageProblem(
            f"{unknown[0]!r} is no file that git tracks, and none that is there",
            hint="Paths are relative to the root of the repository; ignored files are not committed.",
        )
