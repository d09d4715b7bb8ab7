"""Carries a plan out: refs in one transaction, then the index, then files, each replaced as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.contract import Snapshot
from aura_git.safety.index_file import recorded_sizes, time_of_index
from aura_git.safety.locking import aura_folder, wait_for_git
from aura_git.safety.planning import Plan, TreeEntry
from aura_git.safety.replacing import move_into_place, replace_file
from aura_git.safety.snapshots import scratch_folder
from aura_git.safety.storing import SETTINGS_PART, STATE_FOLDERS, STATE_PART, state_files
from aura_shared.errors import GitError, RepositoryBusy, StorageError

__all__ = ["INDEX_LOCK", "apply_plan"]

INDEX_LOCK: Final = "index_lock"
"""Fact of an operation while it holds git's `index.lock` itself: its inode."""
_MOST_BYTES: Final = 32_000_000
_LINK, _PROGRAM = "120000", "100755"
_STATE_MODE: Final = 0o644


class Steps(Protocol):
    """An operation, as far as it is needed here."""

    @property
    def id(self) -> str:
        """Its identifier."""
        ...

    def step(self, name: str) -> None:
        """Journal what is done next."""
        ...

    def remember(self, **facts: str) -> None:
        """Journal facts."""
        ...


def apply_plan(repository: Repository, operation: Steps, plan: Plan) -> None:
    """Do what a plan says; the content of every file is on the disk before anything moves.

    Raises:
        GitError: A ref moved in this very moment; nothing was changed then.
        RepositoryBusy: Another program holds the index.
        StorageError: A file cannot be written.
    """
    with scratch_folder(repository, f"{operation.id}-files") as folder:
        operation.step("prepare files")
        ready = _prepare(repository, folder, plan)
        _move_refs(repository, operation, plan)
        if plan.state:
            operation.step("state of merge or rebase")
            _replace_state(repository, operation.id, plan)
        if plan.index:
            operation.step("index")
            _replace_index(repository, operation, folder, plan.target)
        if plan.writes or plan.deletes:
            operation.step("files")
            _replace_files(repository, plan, ready)


def _move_refs(repository: Repository, operation: Steps, plan: Plan) -> None:
    """HEAD goes first when its branch is there, so that it never names one that is not."""
    head_first = plan.head is not None and _is_there(repository.git, plan.head[1])
    if plan.head and head_first:
        operation.step("HEAD")
        _move_head(repository.git, operation.id, plan.head[1])
    if plan.refs:
        operation.step("refs")
        _move_all(repository.git, operation.id, plan.refs)
        _restore_settings(repository.git, plan)
    if plan.head and not head_first:
        operation.step("HEAD")
        _move_head(repository.git, operation.id, plan.head[1])


def _is_there(git: Git, head: str) -> bool:
    return git.find_commit(head.removeprefix("ref: ")) is not None


def _move_head(git: Git, operation: str, head: str) -> None:
    why = f"aura: {operation}"
    if head.startswith("ref: "):
        git.write("symbolic-ref", "-m", why, "HEAD", head.removeprefix("ref: "))
    else:
        git.write("update-ref", "--no-deref", "-m", why, "HEAD", head)


def _move_all(git: Git, operation: str, refs: Mapping[str, tuple[str, str]]) -> None:
    gone = {name for name, (_, new) in refs.items() if not new}
    made = {name for name, (old, _) in refs.items() if not old}
    # `a` and `a/b` cannot be there at once, not even within one transaction.
    clash = any(one.startswith(f"{other}/") or other.startswith(f"{one}/") for one in gone for other in made)
    groups = [gone, set(refs) - gone] if clash else [set(refs)]
    for names in groups:
        lines = [_line(name, *refs[name]) for name in sorted(names)]
        stdin = b"".join(os.fsencode(line) for line in ["start\0", *lines, "prepare\0", "commit\0"])
        git.write("update-ref", "--no-deref", "-m", f"aura: {operation}", "--stdin", "-z", stdin=stdin)


def _line(name: str, old: str, new: str) -> str:
    if not new:
        return f"delete {name}\0{old}\0"
    return f"update {name}\0{new}\0{old}\0" if old else f"create {name}\0{new}\0"


def _restore_settings(git: Git, plan: Plan) -> None:
    """Which branch a branch follows is forgotten by git when it is deleted."""
    wanted = _settings(git, plan)
    have = _parsed(git.read("config", "--local", "-z", "--get-regexp", r"^branch\.", ok=(0, 1)).out)
    for name, (old, new) in plan.refs.items():
        branch = name.removeprefix("refs/heads/")
        section = f"branch.{branch}."
        if branch == name or (old and new):
            continue
        if new:
            for key, value in wanted:
                if key.startswith(section) and (key, value) not in have:
                    git.write("config", "--local", "--add", key, value)
        elif any(key.startswith(section) for key, _ in have) and not any(key.startswith(section) for key, _ in wanted):
            git.write("config", "--local", "--remove-section", f"branch.{branch}")


def _settings(git: Git, plan: Plan) -> list[tuple[str, str]]:
    stored = plan.parts.get(SETTINGS_PART)
    return _parsed(git.read("cat-file", "blob", stored).out) if stored else []


def _parsed(settings: bytes) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for item in settings.split(b"\0"):
        key, _, value = os.fsdecode(item).partition("\n")
        if key:
            pairs.append((key, value))
    return pairs


def _replace_state(repository: Repository, operation: str, plan: Plan) -> None:
    """Move git's files about what is under way aside, and put those of the snapshot in their place."""
    aside = aura_folder(repository) / "aside" / operation
    for path in state_files(repository.git_dir):
        (aside / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (repository.git_dir / path).replace(aside / path)
    for folder in STATE_FOLDERS:
        shutil.rmtree(repository.git_dir / folder, ignore_errors=True)  # only empty folders are left in it
    for name, hash_ in plan.parts.items():
        if name.startswith(STATE_PART):
            place = repository.git_dir / name.removeprefix(STATE_PART).replace("|", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            content = repository.git.read("cat-file", "blob", hash_).out
            replace_file(repository, place, content, mode=_STATE_MODE)


def _replace_index(repository: Repository, operation: Steps, folder: Path, target: Snapshot) -> None:
    """Replace the index under git's own lock."""
    index = target.index
    place, lock = repository.git_dir / "index", repository.git_dir / "index.lock"
    content = repository.git.read("cat-file", "blob", index).out if index else b""
    ready = folder / "index"
    with ready.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    changed_s = time_of_index(content, len(target.tree) // 2)
    if changed_s:
        os.utime(ready, (changed_s, changed_s))
    wait_for_git(repository, 0)
    operation.remember(**{INDEX_LOCK: str(ready.stat().st_ino)})
    try:
        os.link(ready, lock)  # fails when it is there, and is whole from its first moment
    except FileExistsError:
        raise RepositoryBusy("another program has just taken git's index.lock") from None
    if index:
        lock.replace(place)
    else:
        place.unlink(missing_ok=True)
        lock.unlink()
    operation.remember(**{INDEX_LOCK: ""})


def _prepare(repository: Repository, folder: Path, plan: Plan) -> dict[str, Path]:
    """The new content of every file, ready to be moved to its place."""
    mask = os.umask(0)
    os.umask(mask)
    ready: dict[str, Path] = {}
    raw = {path: entry for path, entry in plan.writes.items() if path in plan.raw or entry.mode == _LINK}
    for number, (path, entry, content) in enumerate(_contents(repository.git, raw)):
        place = folder / f"raw-{number}"
        if entry.mode == _LINK:
            place.symlink_to(os.fsdecode(content))
        else:
            place.write_bytes(content)
            place.chmod((0o777 if entry.mode == _PROGRAM else 0o666) & ~mask)
        ready[path] = place
    rest = [path for path in plan.writes if path not in ready]
    if rest:
        ready.update(_checked_out(repository, folder, plan, rest))
    return ready


def _contents(git: Git, entries: Mapping[str, TreeEntry]) -> Iterator[tuple[str, TreeEntry, bytes]]:
    """Files with their stored bytes, a moderate number of bytes at a time."""
    names = list(entries)
    if not names:
        return
    asked = "".join(f"{entries[name].hash}\n" for name in names).encode()
    sizes = [int(line) for line in git.read("cat-file", "--batch-check=%(objectsize)", stdin=asked).lines]
    start = 0
    while start < len(names):
        end, total = start + 1, sizes[start]
        while end < len(names) and total + sizes[end] <= _MOST_BYTES:
            total += sizes[end]
            end += 1
        yield from _batch(git, names[start:end], entries)
        start = end


def _batch(git: Git, names: list[str], entries: Mapping[str, TreeEntry]) -> Iterator[tuple[str, TreeEntry, bytes]]:
    asked = "".join(f"{entries[name].hash}\n" for name in names).encode()
    out, place = git.read("cat-file", "--batch", stdin=asked).out, 0
    for name in names:
        end = out.index(b"\n", place)
        size = int(out[place:end].rpartition(b" ")[2])
        yield name, entries[name], out[end + 1 : end + 1 + size]
        place = end + size + 2


def _checked_out(repository: Repository, folder: Path, plan: Plan, paths: list[str]) -> dict[str, Path]:
    """Let git write files, with line ends and filters as the repository wants them."""
    git = repository.git.at(GIT_INDEX_FILE=str(folder / "tree"), GIT_LFS_SKIP_SMUDGE="0")
    git.write("read-tree", plan.target.tree)
    place = folder / "out"
    place.mkdir()
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    git.write("checkout-index", "--force", "-z", "--stdin", f"--prefix={place}/", stdin=stdin)
    missing = [path for path in paths if not os.path.lexists(place / path)]
    if missing:
        raise GitError(f"git did not write {missing[0]!r} from the snapshot")
    _mend_line_ends(repository.git, plan, paths, place)
    return {path: place / path for path in paths}


def _mend_line_ends(git: Git, plan: Plan, paths: list[str], place: Path) -> None:
    """Give files the bytes that they had where git would write other line ends than those that were there.

    The index of the snapshot knows how long each file was.
    """
    index = git.read("cat-file", "blob", plan.target.index).out if plan.target.index else b""
    sizes = recorded_sizes(index, len(plan.target.tree) // 2)
    for path in paths:
        wanted = sizes.get(os.fsencode(path), 0)
        if not wanted or (place / path).stat().st_size % 2**32 == wanted:
            continue
        stored = git.read("cat-file", "blob", plan.writes[path].hash).out
        for content in (stored, stored.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            if len(content) == wanted:
                (place / path).write_bytes(content)
                break


def _replace_files(repository: Repository, plan: Plan, ready: Mapping[str, Path]) -> None:
    root = repository.root
    try:
        for path in sorted(plan.deletes, reverse=True):
            (root / path).unlink(missing_ok=True)
            _remove_empty(root, (root / path).parent)
        for path, content in ready.items():
            _put(repository, root / path, content)
    except OSError as error:
        raise StorageError(f"cannot write {error.filename}: {error.strerror}") from error


def _remove_empty(root: Path, folder: Path) -> None:
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _put(repository: Repository, place: Path, content: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        for top, _, _ in os.walk(place, topdown=False):
            Path(top).rmdir()  # only empty folders are left here
    place.parent.mkdir(parents=True, exist_ok=True)
    move_into_place(repository, content, place)
