"""Reads a change from where it is: commits, the index, the work tree, or a patch."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.filters import PathFilter
from aura_code.reviewing.changes import Change, FileChange, Kind, Side, note_of
from aura_code.reviewing.disk import MOST_BYTES, Disk
from aura_code.reviewing.git import Git
from aura_code.reviewing.patched import read_patch
from aura_code.reviewing.patches import FilePatch, hunks_between, parse_patch, written
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.messages.review import GatherReview
from aura_shared.security import open_inside
from aura_shared.text_files import as_utf8, is_binary

MOST_COMMITS: Final = 50
MOST_FILES: Final = 3_000
"""Files whose texts are read; of a larger change only the list is known."""
_MOST_DIFF_BYTES: Final = 24_000_000
_MOST_BLOBS_BYTES: Final = 96_000_000
_MOST_UNTRACKED: Final = 2_000
_HASHED_BYTES: Final = 256_000_000
_RENAMES: Final = "-M"
_DIFF: Final = (
    *("--no-ext-diff", "--no-textconv", "--no-color", "--full-index", "--src-prefix=a/", "--dst-prefix=b/"),
    *("--ignore-submodules=dirty", "--relative", _RENAMES),
)
_ZEROS: Final = re.compile(r"^0+$")
_STATES: Final = (
    ("MERGE_HEAD", "A merge"),
    ("rebase-merge", "A rebase"),
    ("rebase-apply", "A rebase"),
    ("CHERRY_PICK_HEAD", "A cherry-pick"),
    ("REVERT_HEAD", "A revert"),
)


class _Listed(NamedTuple):
    """One file as `--raw` lists it."""

    status: str
    old_path: str
    path: str
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str


@dataclass
class _Diffed:
    """What git says of the difference of two trees."""

    listed: list[_Listed] = field(default_factory=list[_Listed])
    patches: dict[str, FilePatch] = field(default_factory=dict[str, FilePatch])
    counts: dict[str, tuple[int, int, bool]] = field(default_factory=dict[str, tuple[int, int, bool]])
    """Lines added, lines removed, and whether it is binary, by path."""
    cut: bool = False
    unmerged: frozenset[str] = frozenset()
    """Paths with a conflict that is not resolved."""


def read_change(root: Path, request: GatherReview) -> Change:
    """The change that a request means; its files pass the globs.

    Raises:
        UsageProblem: A revision does not exist, the project is in no repository, or a patch does not fit.
        UnsafePath: A patch leads outside the project.
    """
    passes = PathFilter(request.paths).passes
    if request.what == "patch":
        return read_patch(root, request.patch, passes)
    git = Git(root)
    if request.what == "range":
        return _of_range(git, request.revision.strip(), passes)
    return _of_index(git, passes) if request.what == "staged" else _of_work_tree(git, passes)


# -- commits ----------------------------------------------------------------------------------------------------


def _of_range(git: Git, revision: str, passes: Callable[[str], bool]) -> Change:
    base, head = _ends(git, revision)
    change = Change(base, head, read=_Tree(git, head).text)
    said = git.run("rev-list", f"--max-count={MOST_COMMITS}", "--encoding=UTF-8", "--format=%s", head, f"^{base}", "--")
    subjects = [line.decode("utf-8", "replace") for line in said.text.split(b"\n")[1::2] if said.ok]
    change.commits = subjects[::-1]
    change.title = subjects[0] if subjects else ""
    diffed = _diffed(git, ("diff-tree", "-r"), (base, head))
    texts = _Blobs(git, diffed.listed)
    _fill(change, diffed, texts.text, texts.text, passes)
    return change


def _ends(git: Git, revision: str) -> tuple[str, str]:
    """Both commits of a range.

    Raises:
        UsageProblem: It is empty, names no commits, or the commits have nothing in common.
    """
    if not revision:
        raise UsageProblem("No range is given.", hint="Give `A..B`, `A...B`, or a branch to compare with.")
    if not git.head and ".." not in revision:
        raise UsageProblem("The repository has no commit yet.", hint="Review what is staged, or the work tree.")
    first, dots, second = revision.partition("...")
    if dots:
        start, end = git.commit(first or "HEAD"), git.commit(second or "HEAD")
        return git.merge_base(start, end), end
    first, dots, second = revision.partition("..")
    if dots:
        return git.commit(first or "HEAD"), git.commit(second or "HEAD")
    return git.merge_base(git.commit(revision), git.head), git.head


# -- index and work tree ----------------------------------------------------------------------------------------


def _of_index(git: Git, passes: Callable[[str], bool]) -> Change:
    base = git.head
    change = Change(base, "index", notes=_state(git), read=_Tree(git, "").text)
    diffed = _diffed(git, ("diff-index", "--cached"), (base or git.empty_tree(), "--", "."))
    diffed.unmerged = _unmerged(git)
    texts = _Blobs(git, diffed.listed)
    _fill(change, diffed, texts.text, texts.text, passes)
    return change


def _of_work_tree(git: Git, passes: Callable[[str], bool]) -> Change:
    base = git.head
    disk = Disk(git.root)
    change = Change(base, "work tree", notes=_state(git), read=disk.text)
    diffed = _diffed(git, ("diff-index",), (base or git.empty_tree(), "--", "."))
    diffed.unmerged = _unmerged(git)
    blobs = _Blobs(git, diffed.listed, new_too=False)

    def old_text(_path: str, identifier: str) -> bytes | None:
        return blobs.text(_path, identifier)

    _fill(change, diffed, old_text, lambda path, _id: disk.text(path), passes)
    change.files = [file for file in change.files if not _same_large_file(git.root, file, blobs)]
    change.files += _untracked(git, change, disk, passes)
    return change


def _state(git: Git) -> list[str]:
    """What is under way in the repository."""
    found: list[str] = []
    for name, what in _STATES:
        place = git.word("rev-parse", "--git-path", name)
        if place and (git.root / place).exists() and f"{what} is in progress" not in found:
            found.append(f"{what} is in progress")
    return found


def _unmerged(git: Git) -> frozenset[str]:
    said = git.run("ls-files", "-z", "--unmerged", "--", ".")
    return frozenset(os.fsdecode(entry.partition(b"\t")[2]) for entry in said.text.split(b"\0") if entry)


def _same_large_file(root: Path, file: FileChange, blobs: _Blobs) -> bool:
    """Whether a file of Git LFS has the content that its pointer names: git compares it with its filters off."""
    pointer = blobs.raw.get(file.old_id, b"")
    name = re.search(rb"^oid sha256:([0-9a-f]{64})$", pointer, re.MULTILINE)
    size = re.search(rb"^size (\d+)$", pointer, re.MULTILINE)
    if not name or not size or int(size[1]) > _HASHED_BYTES:
        return False
    try:
        with open_inside(root, file.path) as stream:
            if os.fstat(stream.fileno()).st_size != int(size[1]):
                return False
            digest = hashlib.sha256()
            while piece := stream.read(1 << 20):
                digest.update(piece)
            return digest.hexdigest().encode() == name[1]
    except (AuraError, OSError):
        return False


def _untracked(git: Git, change: Change, disk: Disk, passes: Callable[[str], bool]) -> Iterator[FileChange]:
    said = git.run("ls-files", "-z", "--others", "--exclude-standard", "--", ".")
    paths = [os.fsdecode(path) for path in said.text.split(b"\0") if path]
    wanted = [path for path in paths if passes(path)]
    if len(wanted) > _MOST_UNTRACKED:
        change.cut = True
        change.notes.append(f"{len(wanted)} files are not known to git; the first {_MOST_UNTRACKED} are looked at")
    for path in wanted[:_MOST_UNTRACKED]:
        if path.endswith("/"):
            change.notes.append(f"{path} is a repository of its own that is not a submodule")
            continue
        yield _new_file(disk, path)


def _new_file(disk: Disk, path: str) -> FileChange:
    text = disk.text(path)
    mode = "120000" if disk.is_link(path) else "100644"
    note = note_of([mode], None, text)
    file = FileChange(path, "added", Side(path, None), Side(path, None), new_mode=mode, note=note)
    if text is None:
        if not note:
            file.kind, file.note = "binary", disk.why(path)
        return file
    file.new = Side(path, text)
    file.hunks = hunks_between(b"", text) if text else []
    file.added = text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
    file.raw = written(path, file.hunks, created=True)
    return file


# -- what git says of a difference ------------------------------------------------------------------------------


def _diffed(git: Git, command: Sequence[str], ends: Sequence[str]) -> _Diffed:
    """Files, figures and hunks.

    Raises:
        UsageProblem: Git cannot compare.
    """
    off = git.without_filters
    said = git.run(*command, "-z", "--raw", "--numstat", *_DIFF, *ends, switched_off=off)
    if not said.ok and not said.cut:
        raise UsageProblem(f"Git cannot compare: {said.problem}.", hint="`git fsck` tells whether objects are missing.")
    found = _Diffed(cut=said.cut)
    _take_list(found, said.text)
    if len(found.listed) > MOST_FILES:
        found.cut = True
        return found
    said = git.run(*command, "-p", *_DIFF, *ends, switched_off=off, most_bytes=_MOST_DIFF_BYTES)
    text = said.text
    if said.cut:
        found.cut = True
        text = text[: max(0, text.rfind(b"\ndiff --git ") + 1)]
    found.patches = {patch.path: patch for patch in parse_patch(text)}
    return found


def _take_list(found: _Diffed, text: bytes) -> None:
    fields = iter([os.fsdecode(part) for part in text.split(b"\0")])
    for entry in fields:
        if entry.startswith(":"):
            old_mode, new_mode, old_id, new_id, status = entry[1:].split(" ")
            first = next(fields, "")
            second = next(fields, "") if status[0] in "RC" else first
            found.listed.append(_Listed(status[0], first, second, old_mode, new_mode, old_id, new_id))
            continue
        added, _, rest = entry.partition("\t")
        removed, tab, path = rest.partition("\t")
        if not tab:
            continue
        if not path:
            path = (next(fields, ""), next(fields, ""))[1]
        found.counts[path] = (_number(added), _number(removed), added == "-")


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


class _Blobs:
    """The contents of the files of a difference, read with two calls of git."""

    def __init__(self, git: Git, listed: Sequence[_Listed], *, new_too: bool = True) -> None:
        wanted = {one.old_id for one in listed if one.old_mode != "160000"}
        wanted |= {one.new_id for one in listed if new_too and one.new_mode != "160000"}
        names = sorted(name for name in wanted if not _ZEROS.match(name))[: 2 * MOST_FILES]
        self.sizes: dict[str, int] = {}
        said = git.run("cat-file", "--batch-check", stdin="".join(f"{name}\n" for name in names).encode())
        for line in said.text.split(b"\n"):
            name, kind, size = [*line.split(b" "), b"", b""][:3]
            if kind == b"blob":
                self.sizes[name.decode()] = int(size)
        self.raw = dict(self._contents(git))

    def _contents(self, git: Git) -> Iterator[tuple[str, bytes]]:
        left = _MOST_BLOBS_BYTES
        chosen: list[str] = []
        for name, size in self.sizes.items():
            if size <= min(MOST_BYTES, left):
                chosen.append(name)
                left -= size
        asked = "".join(f"{name}\n" for name in chosen).encode()
        said = git.run("cat-file", "--batch", stdin=asked, most_bytes=2 * _MOST_BLOBS_BYTES)
        place = 0
        for name in chosen:
            end = said.text.find(b"\n", place)
            size = self.sizes[name]
            if end < 0 or end + 1 + size > len(said.text):
                return
            yield name, said.text[end + 1 : end + 1 + size]
            place = end + 2 + size

    def text(self, _path: str, identifier: str) -> bytes | None:
        """A content in UTF-8; None when it is missing, too large or no text."""
        data = self.raw.get(identifier)
        return None if data is None or is_binary(data) else as_utf8(data)


class _Tree:
    """Files of a commit, or of the index, that the change leaves alone."""

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit

    @cached_property
    def _names(self) -> frozenset[str]:
        if self._commit:
            said = self._git.run("ls-tree", "-r", "-z", "--name-only", self._commit)
        else:
            said = self._git.run("ls-files", "-z", "--cached", "--", ".")
        return frozenset(os.fsdecode(name) for name in said.text.split(b"\0"))

    def text(self, path: str) -> bytes | None:
        """A file in UTF-8; None when there is none, it is too large, or no text."""
        if path not in self._names:
            return None
        said = self._git.run("cat-file", "blob", f"{self._commit}:./{path}", most_bytes=MOST_BYTES)
        return as_utf8(said.text) if said.ok and not is_binary(said.text) else None


_TextOf = Callable[[str, str], bytes | None]


def _fill(change: Change, diffed: _Diffed, old_of: _TextOf, new_of: _TextOf, passes: Callable[[str], bool]) -> None:
    """Take in the files of a difference."""
    change.cut |= diffed.cut
    unmerged = diffed.unmerged | {one.path for one in diffed.listed if one.status == "U"}
    change.notes += [f"{path} has a conflict that is not resolved" for path in sorted(unmerged) if passes(path)]
    done: set[str] = set()
    for one in diffed.listed:
        is_marker = one.status == "U" and any(other.path == one.path and other.status != "U" for other in diffed.listed)
        if one.path in done or is_marker or not passes(one.path):
            continue
        done.add(one.path)
        file = _file(one, diffed, old_of, new_of)
        if one.path in unmerged:
            file.note = "a conflict that is not resolved"
        if _says_something(one, file):
            change.files.append(file)


def _says_something(one: _Listed, file: FileChange) -> bool:
    """False for what only looks changed, such as a file that was touched."""
    return bool(file.hunks or file.note or file.kind != "modified" or one.old_mode != one.new_mode or file.added)


def _file(one: _Listed, diffed: _Diffed, old_of: _TextOf, new_of: _TextOf) -> FileChange:
    patch = diffed.patches.get(one.path, FilePatch(one.old_path, one.path))
    added, removed, binary = diffed.counts.get(one.path, (0, 0, False))
    plain = one.old_mode != "160000" and one.new_mode != "160000"
    old = old_of(one.old_path, one.old_id) if one.status != "A" and plain else None
    new = new_of(one.path, one.new_id) if one.status != "D" and plain else None
    note = note_of((one.old_mode, one.new_mode), old, new)
    file = FileChange(
        path=one.path,
        kind="binary" if binary else _KINDS.get(one.status, "modified"),
        old=Side(one.old_path, None if note else old),
        new=Side(one.path, None if note else new),
        hunks=[] if note else patch.hunks,
        old_path=one.old_path if one.old_path != one.path else "",
        added=added,
        removed=removed,
        old_mode=one.old_mode,
        new_mode=one.new_mode,
        note=note,
        raw=patch.raw,
        old_id=one.old_id,
    )
    if not note and not binary and (added or removed) and old is None and new is None:
        file.note = "too large, or missing here; its text is not compared"
    return file


_KINDS: Final[Mapping[str, Kind]] = {"A": "added", "D": "deleted", "R": "renamed", "C": "added"}
