"""Stores what a snapshot is made of in git's object store, a few processes for any number of files."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.remembered import Remembered, Stamp, remembered_of, stamp_of
from aura_shared.errors import GitError

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
    "Settings",
    "commits_in_state",
    "filtered_of",
    "parts_of",
    "quoted",
    "read_settings",
    "settings_part",
    "state_files",
    "store",
    "store_all",
    "store_index",
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
LINK, SUBMODULE, PROGRAM, FILE = "120000", "160000", "100755", "100644"
_SETTINGS: Final = r"^(branch\.|filter\..*\.(clean|process)$)"


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


@dataclass(frozen=True, slots=True)
class Settings:
    """What a snapshot has to know of git's settings."""

    branches: bytes
    """Those of branches in the repository's own file, which go when a branch is deleted: key, line end, value, NUL."""
    filters: bool
    """Whether a filter is set anywhere."""


def read_settings(repository: Repository) -> Settings:
    """Settings, by one call of git."""
    shown = ("config", "--show-origin", "-z", "--get-regexp", _SETTINGS)
    told = iter(repository.git.read(*shown, ok=(0, 1)).out.split(b"\0")[:-1])
    own = repository.common_dir / "config"
    branches, filters = b"", False
    for origin, setting in zip(told, told, strict=True):
        if setting.startswith(b"filter."):
            filters = True
        elif os.path.realpath(repository.root / os.fsdecode(origin.removeprefix(b"file:"))) == os.path.realpath(own):
            branches += setting + b"\0"
    return Settings(branches, filters)


def filtered_of(git: Git, changed: Changed, settings: Settings) -> set[bytes]:
    """Files that a filter of the repository is set for; all others are stored byte by byte."""
    files = [path for path, mode in changed.files.items() if mode in {FILE, PROGRAM}]
    if not files or not settings.filters:
        return set()
    told = git.read("check-attr", "-z", "--stdin", "filter", stdin=b"\0".join(files) + b"\0").out.split(b"\0")
    unset = {b"unspecified", b"unset", b"set"}
    return {path for path, value in zip(told[0::3], told[2::3], strict=False) if value not in unset}


def store_all(
    repository: Repository, folder: Path, changed: Changed, settings: Settings, filtered: set[bytes]
) -> tuple[dict[str, str], dict[bytes, str]]:
    """Store what the snapshot is made of; hashes of its parts, and of the changed files by path."""
    git = repository.git
    remembered = remembered_of(repository.git_dir).about(changed.index)
    through = _through_filters(git, filtered)
    sources = settings_part(settings, folder)
    index = folder / "index"
    if index.exists() and not remembered.hash:  # a large one is stored already
        sources[INDEX_PART] = os.fsencode(index)
    sources.update(_shared_indexes(repository.git_dir, folder / "index"))
    raw = [path for path, mode in changed.files.items() if mode != SUBMODULE and path not in through]
    for name, paths in ((RAW_PART, raw), (_SKIPPED_PART, changed.skipped)):
        if paths:
            (folder / name).write_bytes(b"".join(path + b"\0" for path in paths))
            sources[name] = os.fsencode(folder / name)
    for path in state_files(repository.git_dir):
        sources[STATE_PART + path.replace("/", "|")] = os.fsencode(repository.git_dir / path)
    began_ns = time.time_ns()
    stamps = {path: stamp_of(os.fsencode(repository.root) + b"/" + path) for path in raw}
    hashes, files = _files_of(repository.root, folder, changed, raw, remembered)
    stored = store(git, {**sources, **{f"/{os.fsdecode(path)}": place for path, place in files.items()}})
    if remembered.hash:
        stored[INDEX_PART] = remembered.hash
    remembered.hash = stored.get(INDEX_PART, "")
    hashes.update({path: stored.pop(f"/{os.fsdecode(path)}") for path in files})
    remembered.note(stamps, hashes, began_ns)
    hashes.update(through)
    for path, mode in changed.files.items():
        if mode == SUBMODULE:
            hashes[path] = git.at(repository.root / os.fsdecode(path)).text("rev-parse", "HEAD")
    return stored, hashes


def _through_filters(git: Git, filtered: Collection[bytes]) -> dict[bytes, str]:
    """Store files where their filters put them; none where a program of theirs does not run.

    Where git-lfs is not installed, the snapshot has the bytes themselves: nothing is lost for want of a program.
    """
    names = sorted(filtered)
    try:
        stored = git.write("hash-object", "-w", "--stdin-paths", stdin=quoted(names)).lines if names else []
    except GitError:
        return {}
    return dict(zip(names, stored, strict=True))


def store_index(repository: Repository, index: Path, stamp: Stamp | None) -> None:
    """Store the copy of an index, unless it is the one of the last snapshot."""
    remembered = remembered_of(repository.git_dir).about(stamp)
    if stamp is not None and not remembered.hash:
        remembered.hash = store(repository.git, {INDEX_PART: os.fsencode(index)})[INDEX_PART]


def _files_of(
    root: Path, folder: Path, changed: Changed, raw: list[bytes], remembered: Remembered
) -> tuple[dict[bytes, str], dict[bytes, bytes]]:
    """Hashes of the files that are stored already, and where the bytes of the others can be read."""
    hashes = remembered.stored(root, dict.fromkeys(raw, ""))
    new = [path for path in raw if path not in hashes]
    return hashes, {path: _readable(root, folder, number, path, changed) for number, path in enumerate(new)}


def _readable(root: Path, folder: Path, number: int, path: bytes, changed: Changed) -> bytes:
    """Where the bytes of a file can be read; what a link holds is written to a file first."""
    if changed.files[path] != LINK:
        return path
    place = folder / f"link-{number}"
    place.write_bytes(os.fsencode((root / os.fsdecode(path)).readlink()))
    return os.fsencode(place)


def settings_part(settings: Settings, folder: Path) -> dict[str, bytes]:
    """Settings of branches as a file to store; none when there are none."""
    if not settings.branches:
        return {}
    (folder / SETTINGS_PART).write_bytes(settings.branches)
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
        stdin=quoted(sources.values()),
    )
    return dict(zip(sources, run.lines, strict=True))


def quoted(paths: Iterable[bytes]) -> bytes:
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


def parts_of(git: Git, kept: str) -> dict[str, str]:
    """Parts of a snapshot by name with their hashes."""
    parts: dict[str, str] = {}
    for item in git.read("ls-tree", "-z", kept).items:
        about, _, name = item.partition("\t")
        parts[name] = about.split(" ")[2]
    return parts
