"""Stores what a snapshot is made of in git's object store, a few processes for any number of files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git

__all__ = [
    "FILE",
    "INDEX_PART",
    "LINK",
    "PROGRAM",
    "RAW_PART",
    "SETTINGS_PART",
    "STAGED_PART",
    "STATE_FOLDERS",
    "STATE_PART",
    "SUBMODULE",
    "Changed",
    "Stamp",
    "commit",
    "commits_in_state",
    "filtered_of",
    "keeper",
    "parts_of",
    "settings_part",
    "state_files",
    "store",
    "store_all",
    "write_trees",
]

STATE_PART: Final = "state:"
SETTINGS_PART: Final = "branches"
INDEX_PART: Final = "index"
RAW_PART: Final = "raw"
_SKIPPED_PART: Final = "skipped"
STAGED_PART: Final = "staged"
"""The tree of what is staged: the bytes of the index alone would keep none of it."""
_STATE_FILES: Final = (
    *("MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "MERGE_AUTOSTASH", "MERGE_RR", "AUTO_MERGE", "SQUASH_MSG"),
    *("CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "BISECT_LOG", "BISECT_START", "BISECT_TERMS", "BISECT_NAMES"),
)
_HASH: Final = re.compile(rb"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b")
_PLAIN: Final = re.compile(rb"[^\x00-\x20\"\\\x7f][^\x00-\x1f\"\\\x7f]*")
STATE_FOLDERS: Final = ("rebase-merge", "rebase-apply", "sequencer")
_GONE: Final = "0" * 40
Stamp = tuple[int, int, int]
"""Inode, size and time of a file in nanoseconds."""
LINK, SUBMODULE, PROGRAM, FILE = "120000", "160000", "100755", "100644"
_WHO: Final = "Aura <aura@localhost>"
_INDEXES: Final[dict[str, tuple[Stamp | None, str]]] = {}
"""The last index that was stored, by git folder: its inode, size and time, and its hash. At 40,000 files, storing it
costs as much as half a `git status`."""


@dataclass(slots=True)
class Changed:
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
    index: Stamp | None = None
    """Which index file was looked at."""

    @property
    def nothing(self) -> bool:
        """Whether work tree and index are as HEAD has them."""
        return not (self.files or self.gone or self.unmerged or self.staged)


def filtered_of(git: Git, changed: Changed) -> set[bytes]:
    """Files that a filter of the repository is set for; all others are stored byte by byte."""
    files = [path for path, mode in changed.files.items() if mode in {FILE, PROGRAM}]
    if not files or not git.read("config", "--get-regexp", r"^filter\..*\.(clean|process)$", ok=(0, 1)).out:
        return set()
    told = git.read("check-attr", "-z", "--stdin", "filter", stdin=b"\0".join(files) + b"\0").out.split(b"\0")
    unset = {b"unspecified", b"unset", b"set"}
    return {path for path, value in zip(told[0::3], told[2::3], strict=False) if value not in unset}


def store_all(
    repository: Repository, folder: Path, changed: Changed, filtered: set[bytes]
) -> tuple[dict[str, str], dict[bytes, str]]:
    """Store what the snapshot is made of; hashes of its parts, and of the changed files by path."""
    git = repository.git
    sources = settings_part(git, folder)
    index = folder / "index"
    known = _known_index(repository, changed)
    if index.exists() and not known:
        sources[INDEX_PART] = os.fsencode(index)
    sources.update(_shared_indexes(repository.git_dir, folder / "index"))
    raw = [path for path, mode in changed.files.items() if mode != SUBMODULE and path not in filtered]
    for name, paths in ((RAW_PART, raw), (_SKIPPED_PART, changed.skipped)):
        if paths:
            (folder / name).write_bytes(b"".join(path + b"\0" for path in paths))
            sources[name] = os.fsencode(folder / name)
    for path in state_files(repository.git_dir):
        sources[STATE_PART + path.replace("/", "|")] = os.fsencode(repository.git_dir / path)
    files = {path: _readable(repository.root, folder, number, path, changed) for number, path in enumerate(raw)}
    stored = store(git, {**sources, **{f"/{os.fsdecode(path)}": place for path, place in files.items()}})
    if known:
        stored[INDEX_PART] = known
    elif INDEX_PART in stored:
        _INDEXES[str(repository.git_dir)] = changed.index, stored[INDEX_PART]
    hashes = {path: stored.pop(f"/{os.fsdecode(path)}") for path in raw}
    if filtered:
        names = sorted(filtered)
        answer = git.write("hash-object", "-w", "--stdin-paths", stdin=_quoted(names)).lines
        hashes.update(zip(names, answer, strict=True))
    for path, mode in changed.files.items():
        if mode == SUBMODULE:
            hashes[path] = git.at(repository.root / os.fsdecode(path)).text("rev-parse", "HEAD")
    return stored, hashes


def _known_index(repository: Repository, changed: Changed) -> str:
    """Hash of the index where it is the one of the last snapshot, as it is after most operations."""
    stamp, known = _INDEXES.get(str(repository.git_dir), (None, ""))
    same = stamp is not None and stamp == changed.index
    return known if same and repository.git.read("cat-file", "-e", known, ok=(0, 1, 128)).code == 0 else ""


def _readable(root: Path, folder: Path, number: int, path: bytes, changed: Changed) -> bytes:
    """Where the bytes of a file can be read; what a link holds is written to a file first."""
    if changed.files[path] != LINK:
        return path
    place = folder / f"link-{number}"
    place.write_bytes(os.fsencode((root / os.fsdecode(path)).readlink()))
    return os.fsencode(place)


def settings_part(git: Git, folder: Path) -> dict[str, bytes]:
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


def commits_in_state(repository: Repository) -> list[str]:
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


def store(git: Git, sources: Mapping[str, bytes]) -> dict[str, str]:
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


def write_trees(git: Git, index: Path, changed: Changed, hashes: Mapping[bytes, str]) -> tuple[str, str]:
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


def keeper(git: Git, parts: Mapping[str, str], parents: Sequence[str]) -> str:
    """The commit that keeps everything."""
    kinds = {name: "040000 tree" if name == STAGED_PART else "100644 blob" for name in parts}
    entries = b"".join(f"{kinds[name]} {hash_}\t{name}".encode() + b"\0" for name, hash_ in parts.items())
    return commit(git, git.write("mktree", "-z", stdin=entries).text, parents, "Snapshot", at_s=int(time.time()))


def commit(git: Git, tree: str, parents: Iterable[str], title: str, *, at_s: int = 0) -> str:
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
