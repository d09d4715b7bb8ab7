"""Takes snapshots: HEAD, refs, the bytes of the index, and the work tree with its untracked files.

A snapshot is kept by one commit, `refs/aura/backup/OPERATION/WHICH`. Its tree holds the index and the small files of a
merge or rebase under way; its parents are a commit with the work tree and every tip that a deleted branch would lose.
Files are stored as they are, byte by byte, unless a filter of the repository (such as LFS) is at home there.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git, Ran
from aura_git.safety.contract import Snapshot
from aura_git.safety.keeping import keep_all, keep_parts
from aura_git.safety.locking import aura_folder
from aura_git.safety.remembered import Stamp, forget, remembered_of, stamp_of
from aura_git.safety.storing import (
    FILE,
    INDEX_PART,
    LINK,
    PROGRAM,
    STAGED_PART,
    SUBMODULE,
    Changed,
    commits_in_state,
    filtered_of,
    read_settings,
    settings_part,
    store,
    store_all,
    store_index,
    write_trees,
)
from aura_shared.errors import GitError, RepositoryBusy

__all__ = ["BACKUPS", "keep", "read_status", "scratch_folder", "take_snapshot"]

BACKUPS: Final = "refs/aura/backup/"
STATUS: Final = (
    *("-c", "status.renames=false", "-c", "core.quotePath=false", "status", "--porcelain=v2", "--branch", "-z"),
    *("--no-renames", "--untracked-files=all", "--ignore-submodules=none"),
)
_HIDDEN: Final = re.compile(rb"(?:^|(?<=\0))[a-zS] ([^\0]+)")
"""Among what `ls-files -v -z` prints, the few that git does not look at; a pattern, since there may be 100,000."""
_ATTEMPTS: Final = 3
_LARGE_INDEX: Final = 500_000
_MOST_TIPS: Final = 400
"""Tips of tags and remote-tracking branches beyond so many are not kept by each snapshot; local branches always are."""


def read_status(repository: Repository) -> Ran:
    """What `git status` says, each untracked file by itself and no renames."""
    return repository.git.read(*STATUS)


@contextmanager
def scratch_folder(repository: Repository, name: str) -> Generator[Path]:
    """A folder of Aura's own in the repository, removed at the end; what a killed process leaves is removed later."""
    folder = aura_folder(repository) / "scratch" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take_snapshot(repository: Repository, operation: str, which: str, *, status: Ran | None = None) -> Snapshot:
    """Store what the repository is like now, and keep it by `refs/aura/backup/OPERATION/WHICH`.

    Index and work tree are only read.

    Args:
        repository: Which.
        operation: Identifier of the operation.
        which: Such as `before`; without an operation nothing keeps it but the grace of `git gc`.
        status: What `read_status` gave just now, to spare a call.

    Raises:
        RepositoryBusy: The index or files go on changing meanwhile.
    """
    with scratch_folder(repository, f"{operation or os.getpid()}-{which}") as folder:
        for attempt in range(_ATTEMPTS):
            try:
                taken = _take(repository, folder, status if attempt == 0 else None)
            except GitError:
                forget(repository.git_dir)
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue  # a file went away between the look at it and its reading, or an object that was stored
            if taken is not None:
                break
        else:
            raise RepositoryBusy("the index changes while it is looked at: another program stages files")
    if operation:
        keep(repository.git, {f"{BACKUPS}{operation}/{which}": taken.kept})
    return taken


def keep(git: Git, refs: dict[str, str]) -> None:
    """Point Aura's own refs somewhere; an empty hash deletes one."""
    lines = [f"update {name} {value}" if value else f"delete {name}" for name, value in refs.items()]
    git.write("update-ref", "--no-deref", "--stdin", stdin="".join(f"{line}\n" for line in lines).encode())


def _take(repository: Repository, folder: Path, status: Ran | None) -> Snapshot | None:
    """A snapshot; None when the index changed meanwhile."""
    git = repository.git
    head = _read_head(repository)
    refs, tips, backups = _read_refs(git)
    if repository.bare:
        parts = store(git, settings_part(read_settings(repository), folder))
        return Snapshot(head, refs, "", "", keep_parts(git, folder, parts, tips))
    index = repository.git_dir / "index"
    was = _copy_index(index, folder / "index")
    changed = _changed(repository, status or _read_beside(repository, folder / "index", was), was)
    settings = read_settings(repository)
    parts, hashes = store_all(repository, folder, changed, settings, filtered_of(git, changed, settings))
    parts.update((f"stage:{number}", hash_) for number, hash_ in enumerate(changed.stages))
    if stamp_of(index) != was:
        return None
    made_of = (head, refs, tips, changed, dict(parts), hashes)
    remembered = remembered_of(repository.git_dir)
    if remembered.last is not None and remembered.last[0] == made_of and remembered.last[1].kept in backups:
        return remembered.last[1]
    staged, tree = write_trees(git, folder / "index", changed, hashes)
    if staged:
        parts[STAGED_PART] = staged
    parents = [*tips, *commits_in_state(repository)]
    work, kept = keep_all(git, folder, parts, tree=tree, head=changed.head, parents=parents)
    taken = Snapshot(head, refs, parts.get(INDEX_PART, ""), work, kept)
    remembered.last = made_of, taken
    return taken


def _read_beside(repository: Repository, copy: Path, index: Stamp | None) -> Ran:
    """What `git status` says; a large index is stored meanwhile."""
    if index is None or index[1] < _LARGE_INDEX:
        return read_status(repository)
    with ThreadPoolExecutor(1) as beside:
        storing = beside.submit(store_index, repository, copy, index)
        status = read_status(repository)
        storing.result()
    return status


def _read_head(repository: Repository) -> str:
    text = (repository.git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    if text == "ref: refs/heads/.invalid":  # the place of HEAD where refs are in tables
        return f"ref: {repository.git.text('symbolic-ref', 'HEAD')}"
    return text


def _read_refs(git: Git) -> tuple[dict[str, str], list[str], set[str]]:
    """Refs with their hashes, the commits that have to be kept, and the snapshots that are."""
    format_ = "%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)%00%(symref)"
    refs: dict[str, str] = {}
    tips: dict[str, None] = {}
    others: dict[str, None] = {}
    backups: set[str] = set()
    for line in git.read("for-each-ref", f"--format={format_}").out.splitlines():
        name, value, kind, peeled, peeled_kind, link = os.fsdecode(line).split("\0")
        if name.startswith(BACKUPS):
            backups.add(value)
        if link or name.startswith("refs/aura/"):
            continue
        refs[name] = value
        commit = value if kind == "commit" else peeled if peeled_kind == "commit" else ""
        if commit:
            (tips if name.startswith(("refs/heads/", "refs/stash")) else others)[commit] = None
    return refs, [*tips, *(commit for commit in list(others)[:_MOST_TIPS] if commit not in tips)], backups


def _copy_index(index: Path, copy: Path) -> Stamp | None:
    """Copy the index with its time, which git needs to tell what may have changed in the same moment."""
    was = stamp_of(index)
    if was is not None:
        shutil.copy2(index, copy)
    return was


def _changed(repository: Repository, status: Ran, index: Stamp | None) -> Changed:
    changed = Changed(index=index)
    for item in status.out.split(b"\0"):
        kind = item[:1]
        if kind == b"#":
            if item.startswith(b"# branch.oid ") and not item.endswith(b"(initial)"):
                changed.head = item.rpartition(b" ")[2].decode()
        elif kind == b"1":
            _, xy, sub, _, _, mode, _, _, path = item.split(b" ", 8)
            changed.staged |= xy[:1] != b"."
            if xy[1:] != b".":
                _note(changed, path, mode.decode(), sub)
        elif kind == b"u":
            _, _, _, *modes, mode, ours, base, theirs, path = item.split(b" ", 10)
            changed.unmerged.append(path)
            changed.stages.update(
                (hash_.decode(), None)
                for kind_, hash_ in zip(modes, (ours, base, theirs), strict=True)
                if kind_ not in {b"000000", SUBMODULE.encode()}
            )
            _note(changed, path, mode.decode(), b"N...")
        elif kind == b"?":
            _note_untracked(repository.root, changed, item[2:])
    _note_hidden(repository, changed)
    return changed


def _note(changed: Changed, path: bytes, mode: str, sub: bytes) -> None:
    if mode == "000000":
        changed.gone.append(path)
    elif mode != SUBMODULE or sub[1:2] == b"C":
        changed.files[path] = mode


def _note_untracked(root: Path, changed: Changed, path: bytes) -> None:
    if path.endswith(b"/"):
        changed.skipped.append(path)
        return
    mode = _mode_of(os.fsencode(root) + b"/" + path)
    if mode:
        changed.files[path] = mode
    else:
        changed.skipped.append(path)


def _mode_of(path: bytes) -> str:
    """The mode that git would give a file; empty when it cannot be stored."""
    try:
        found = os.lstat(path)
    except OSError:
        return ""
    if stat.S_ISLNK(found.st_mode):
        return LINK
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        return ""
    return PROGRAM if found.st_mode & stat.S_IXUSR else FILE


def _note_hidden(repository: Repository, changed: Changed) -> None:
    """Files whose changes git does not look for (`assume-unchanged`, `skip-worktree`), where they are there."""
    root = os.fsencode(repository.root)
    remembered = remembered_of(repository.git_dir).about(changed.index)
    if remembered.hidden is None:
        listed = _HIDDEN.finditer(repository.git.read("ls-files", "-v", "-z").out)
        remembered.hidden = tuple(found.group(1) for found in listed)
    for path in remembered.hidden:
        mode = "" if path in changed.files else _mode_of(root + b"/" + path)
        if mode:
            changed.files[path] = mode
