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
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git, Ran
from aura_git.safety.contract import Snapshot
from aura_git.safety.locking import aura_folder
from aura_shared.errors import GitError, RepositoryBusy

__all__ = [
    "BACKUPS",
    "INDEX_PART",
    "RAW_PART",
    "SETTINGS_PART",
    "STATE_FOLDERS",
    "STATE_PART",
    "STATUS",
    "keep",
    "parts_of",
    "read_status",
    "scratch_folder",
    "state_files",
    "take_snapshot",
]

BACKUPS: Final = "refs/aura/backup/"
STATUS: Final = (
    *("-c", "status.renames=false", "-c", "core.quotePath=false", "status", "--porcelain=v2", "--branch", "-z"),
    *("--no-renames", "--untracked-files=all", "--ignore-submodules=none"),
)
STATE_PART: Final = "state:"
SETTINGS_PART: Final = "branches"
INDEX_PART: Final = "index"
RAW_PART: Final = "raw"
_SKIPPED_PART: Final = "skipped"
_STAGED_PART: Final = "staged"
"""The tree of what is staged: the bytes of the index alone would keep none of it."""
_STATE_FILES: Final = (
    *("MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "MERGE_AUTOSTASH", "MERGE_RR", "AUTO_MERGE", "SQUASH_MSG"),
    *("CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "BISECT_LOG", "BISECT_START", "BISECT_TERMS", "BISECT_NAMES"),
)
_HASH: Final = re.compile(rb"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
_PLAIN: Final = re.compile(rb"[^\x00-\x20\"\\\x7f][^\x00-\x1f\"\\\x7f]*")
STATE_FOLDERS: Final = ("rebase-merge", "rebase-apply", "sequencer")
_ATTEMPTS: Final = 3
_MOST_TIPS: Final = 400
"""Tips of tags and remote-tracking branches beyond so many are not kept by each snapshot; local branches always are."""
_GONE: Final = "0" * 40
_LINK, _SUBMODULE, _PROGRAM, _FILE = "120000", "160000", "100755", "100644"
_WHO: Final = "Aura <aura@localhost>"


@dataclass(slots=True)
class _Changed:
    """What of the work tree differs from the index."""

    files: dict[bytes, str] = field(default_factory=dict[bytes, str])
    """Path and mode of what has to be stored."""
    gone: list[bytes] = field(default_factory=list[bytes])
    unmerged: list[bytes] = field(default_factory=list[bytes])
    skipped: list[bytes] = field(default_factory=list[bytes])
    """What cannot be stored: repositories within this one, files that cannot be read."""
    stages: dict[str, None] = field(default_factory=dict[str, None])
    """Blobs of files in conflict."""
    staged: bool = False
    head: str = ""

    @property
    def nothing(self) -> bool:
        return not (self.files or self.gone or self.unmerged or self.staged)


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
                if attempt + 1 == _ATTEMPTS:
                    raise
                continue  # a file went away between the look at it and its reading
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
    refs, tips = _read_refs(git)
    if repository.bare:
        parts = _store(git, _settings_part(git, folder))
        return Snapshot(head, refs, "", "", _keeper(git, parts, tips))
    index = repository.git_dir / "index"
    was = _copy_index(index, folder / "index")
    changed = _changed(repository, status or read_status(repository))
    filtered = _filtered(git, changed)
    parts, hashes = _store_all(repository, folder, changed, filtered)
    staged, tree = _write_trees(git, folder / "index", changed, hashes)
    if staged:
        parts[_STAGED_PART] = staged
    parts.update((f"stage:{number}", hash_) for number, hash_ in enumerate(changed.stages))
    work = _commit(git, tree, [changed.head] if changed.head else [], "Work tree")
    if _stamp(index) != was:
        return None
    kept = _keeper(git, parts, [work, *tips, *_commits_in_state(repository)])
    return Snapshot(head, refs, parts.get(INDEX_PART, ""), work, kept)


def _read_head(repository: Repository) -> str:
    text = (repository.git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    if text == "ref: refs/heads/.invalid":  # the place of HEAD where refs are in tables
        return f"ref: {repository.git.text('symbolic-ref', 'HEAD')}"
    return text


def _read_refs(git: Git) -> tuple[dict[str, str], list[str]]:
    """Refs with their hashes, and the commits that have to be kept."""
    format_ = "%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)%00%(symref)"
    refs: dict[str, str] = {}
    tips: dict[str, None] = {}
    others: dict[str, None] = {}
    for line in git.read("for-each-ref", f"--format={format_}").out.splitlines():
        name, value, kind, peeled, peeled_kind, link = os.fsdecode(line).split("\0")
        if link or name.startswith("refs/aura/"):
            continue
        refs[name] = value
        commit = value if kind == "commit" else peeled if peeled_kind == "commit" else ""
        if commit:
            (tips if name.startswith(("refs/heads/", "refs/stash")) else others)[commit] = None
    return refs, [*tips, *(commit for commit in list(others)[:_MOST_TIPS] if commit not in tips)]


def _copy_index(index: Path, copy: Path) -> tuple[int, int, int] | None:
    """Copy the index with its time, which git needs to tell what may have changed in the same moment."""
    was = _stamp(index)
    if was is not None:
        shutil.copy2(index, copy)
    return was


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _changed(repository: Repository, status: Ran) -> _Changed:
    changed = _Changed()
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
                if kind_ not in {b"000000", _SUBMODULE.encode()}
            )
            _note(changed, path, mode.decode(), b"N...")
        elif kind == b"?":
            _note_untracked(repository.root, changed, item[2:])
    _note_hidden(repository, changed)
    return changed


def _note(changed: _Changed, path: bytes, mode: str, sub: bytes) -> None:
    if mode == "000000":
        changed.gone.append(path)
    elif mode != _SUBMODULE or sub[1:2] == b"C":
        changed.files[path] = mode


def _note_untracked(root: Path, changed: _Changed, path: bytes) -> None:
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
        return _LINK
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        return ""
    return _PROGRAM if found.st_mode & stat.S_IXUSR else _FILE


def _note_hidden(repository: Repository, changed: _Changed) -> None:
    """Files whose changes git does not look for (`assume-unchanged`, `skip-worktree`), where they are there."""
    root = os.fsencode(repository.root)
    for item in repository.git.read("ls-files", "-v", "-z").out.split(b"\0"):
        if item[:1].islower() or item[:1] == b"S":
            path = item[2:]
            mode = "" if path in changed.files else _mode_of(root + b"/" + path)
            if mode:
                changed.files[path] = mode


def _filtered(git: Git, changed: _Changed) -> set[bytes]:
    """Files that a filter of the repository is set for; all others are stored byte by byte."""
    files = [path for path, mode in changed.files.items() if mode in {_FILE, _PROGRAM}]
    if not files or not git.read("config", "--get-regexp", r"^filter\..*\.(clean|process)$", ok=(0, 1)).out:
        return set()
    told = git.read("check-attr", "-z", "--stdin", "filter", stdin=b"\0".join(files) + b"\0").out.split(b"\0")
    unset = {b"unspecified", b"unset", b"set"}
    return {path for path, value in zip(told[0::3], told[2::3], strict=False) if value not in unset}


def _store_all(
    repository: Repository, folder: Path, changed: _Changed, filtered: set[bytes]
) -> tuple[dict[str, str], dict[bytes, str]]:
    """Store what the snapshot is made of; hashes of its parts, and of the changed files by path."""
    git = repository.git
    sources = _settings_part(git, folder)
    if (folder / "index").exists():
        sources[INDEX_PART] = os.fsencode(folder / "index")
    sources.update(_shared_indexes(repository.git_dir, folder / "index"))
    raw = [path for path, mode in changed.files.items() if mode != _SUBMODULE and path not in filtered]
    for name, paths in ((RAW_PART, raw), (_SKIPPED_PART, changed.skipped)):
        if paths:
            (folder / name).write_bytes(b"".join(path + b"\0" for path in paths))
            sources[name] = os.fsencode(folder / name)
    for path in state_files(repository.git_dir):
        sources[STATE_PART + path.replace("/", "|")] = os.fsencode(repository.git_dir / path)
    files = {path: _readable(repository.root, folder, number, path, changed) for number, path in enumerate(raw)}
    stored = _store(git, {**sources, **{f"/{os.fsdecode(path)}": place for path, place in files.items()}})
    hashes = {path: stored.pop(f"/{os.fsdecode(path)}") for path in raw}
    if filtered:
        names = sorted(filtered)
        answer = git.write("hash-object", "-w", "--stdin-paths", stdin=_quoted(names)).lines
        hashes.update(zip(names, answer, strict=True))
    for path, mode in changed.files.items():
        if mode == _SUBMODULE:
            hashes[path] = git.at(repository.root / os.fsdecode(path)).text("rev-parse", "HEAD")
    return stored, hashes


def _readable(root: Path, folder: Path, number: int, path: bytes, changed: _Changed) -> bytes:
    """Where the bytes of a file can be read; what a link holds is written to a file first."""
    if changed.files[path] != _LINK:
        return path
    place = folder / f"link-{number}"
    place.write_bytes(os.fsencode((root / os.fsdecode(path)).readlink()))
    return os.fsencode(place)


def _settings_part(git: Git, folder: Path) -> dict[str, bytes]:
    """Settings of branches, which go when a branch is deleted."""
    settings = git.read("config", "--local", "-z", "--get-regexp", r"^branch\.", ok=(0, 1)).out
    if not settings:
        return {}
    (folder / SETTINGS_PART).write_bytes(settings)
    return {SETTINGS_PART: os.fsencode(folder / SETTINGS_PART)}


def _shared_indexes(git_dir: Path, index: Path) -> dict[str, bytes]:
    """Files that a split index refers to."""
    shared = list(git_dir.glob("sharedindex.*"))
    if not shared or not index.exists():
        return {}
    content = index.read_bytes()
    return {
        path.name: os.fsencode(path)
        for path in shared
        if bytes.fromhex(path.name.removeprefix("sharedindex.")) in content
    }


def state_files(git_dir: Path) -> list[str]:
    """Files of git's about a merge, rebase and the like under way, relative to its folder."""
    found = [name for name in _STATE_FILES if (git_dir / name).is_file()]
    for folder in STATE_FOLDERS:
        for top, _, names in os.walk(git_dir / folder):
            found += [os.path.relpath(f"{top}/{name}", git_dir) for name in names]
    return found


def _commits_in_state(repository: Repository) -> list[str]:
    """Commits that only a merge or rebase under way knows, such as what it stashed away."""
    named: dict[str, None] = {}
    for path in state_files(repository.git_dir):
        text = (repository.git_dir / path).read_bytes()
        named.update(dict.fromkeys(found.decode() for found in _HASH.findall(text)))
    if not named:
        return []
    asked = "".join(f"{hash_}\n" for hash_ in named).encode()
    lines = repository.git.read("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).lines
    return [line.split(" ")[0] for line in lines if line.endswith(" commit")]


def _store(git: Git, sources: Mapping[str, bytes]) -> dict[str, str]:
    """Store files as they are; their hashes by name."""
    if not sources:
        return {}
    run = git.write(
        "-c",
        "core.looseCompression=1",
        "hash-object",
        "-w",
        "--no-filters",
        "--stdin-paths",
        stdin=_quoted(sources.values()),
    )
    return dict(zip(sources, run.lines, strict=True))


def _quoted(paths: Iterable[bytes]) -> bytes:
    """Paths a line each, in quotes where a line could not hold them."""
    return b"".join(_quoted_one(path) + b"\n" for path in paths)


def _quoted_one(path: bytes) -> bytes:
    if _PLAIN.fullmatch(path):
        return path
    return b'"' + b"".join(b"\\%03o" % byte if byte < 33 or byte in b'"\\' else bytes((byte,)) for byte in path) + b'"'


def _write_trees(git: Git, index: Path, changed: _Changed, hashes: Mapping[bytes, str]) -> tuple[str, str]:
    """The trees of what is staged (empty where HEAD has all of it) and of what the work tree holds."""
    if changed.nothing:
        return "", git.text("rev-parse", f"{changed.head}^{{tree}}") if changed.head else git.write("mktree").text
    copied = git.at(GIT_INDEX_FILE=str(index))
    none = "0" * len(next(iter(hashes.values()), changed.head or _GONE))
    _update(copied, [f"0 {none}\t".encode() + path for path in changed.unmerged])
    staged = copied.write("write-tree").text if changed.staged or changed.unmerged else ""
    lines = [f"0 {none}\t".encode() + path for path in changed.gone]
    lines += [f"{mode} {hashes[path]} 0\t".encode() + path for path, mode in changed.files.items()]
    _update(copied, lines)
    return staged, copied.write("write-tree").text if lines or not staged else staged


def _update(git: Git, lines: Sequence[bytes]) -> None:
    if lines:
        stdin = b"".join(line + b"\0" for line in lines)
        git.write("update-index", "-z", "--add", "--replace", "--index-info", stdin=stdin)


def _keeper(git: Git, parts: Mapping[str, str], parents: Sequence[str]) -> str:
    """The commit that keeps everything."""
    kinds = {name: "040000 tree" if name == _STAGED_PART else "100644 blob" for name in parts}
    entries = b"".join(f"{kinds[name]} {hash_}\t{name}".encode() + b"\0" for name, hash_ in parts.items())
    return _commit(git, git.write("mktree", "-z", stdin=entries).text, parents, "Snapshot", at_s=int(time.time()))


def _commit(git: Git, tree: str, parents: Iterable[str], title: str, *, at_s: int = 0) -> str:
    """A commit of Aura's own, with any number of parents; it has nothing to do with who commits here.

    Without a time, the same content is the same commit.
    """
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in dict.fromkeys(parents))]
    when = f"{_WHO} {at_s} +0000"
    text = "\n".join(
        [*lines, f"author {when}", f"committer {when}", "", f"{title} before or after an operation of Aura", ""]
    )
    return git.write("hash-object", "-w", "-t", "commit", "--stdin", stdin=text.encode()).text


def parts_of(git: Git, kept: str) -> dict[str, str]:
    """Parts of a snapshot by name with their hashes."""
    parts: dict[str, str] = {}
    for item in git.read("ls-tree", "-z", kept).items:
        about, _, name = item.partition("\t")
        parts[name] = about.split(" ")[2]
    return parts
