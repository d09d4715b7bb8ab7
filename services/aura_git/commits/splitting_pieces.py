"""A change in pieces: runs of lines of one file, or files as a whole; and any set of pieces put into files again.

Pieces are cut from the bytes of the old and the new file, so that all pieces together give the new file byte for byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_git.commits.staging import Entry, entries_of
from aura_git.merging.sides import read_blobs
from aura_git.repository import Repository

__all__ = ["FileChange", "Piece", "build_file", "read_pieces", "short_diff"]

_HUNK: Final = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_MOST_FILES: Final = 300
"""Files that are cut into runs of lines; in a larger change, the others are taken as a whole."""
_MOST_BYTES: Final = 2_000_000
_MOST_TOGETHER: Final = 50_000_000
_REGULAR: Final = frozenset({"100644", "100755"})
_BINARY_HEAD: Final = 8000
_MOST_CHARS: Final = 4000


@dataclass(frozen=True, slots=True)
class Piece:
    """The smallest part that is moved between commits."""

    id: str
    path: str
    """As the file is called afterwards."""
    old_start: int = 0
    """First line that goes, from 1; where lines only come, the line before them."""
    old_lines: int = 0
    new_start: int = 0
    new_lines: int = 0
    whole: bool = False
    """Whether it is the file as a whole."""
    old: str = field(default="", repr=False)
    """Lines that go."""
    new: str = field(default="", repr=False)
    """Lines that come."""


@dataclass(slots=True)
class FileChange:
    """A file of a change, and the pieces that it is cut into."""

    path: str
    before: Entry
    after: Entry
    old_path: str = ""
    """What it was called before, when it was renamed."""
    old_before: Entry | None = None
    """Its entry under the old name."""
    old: bytes | None = None
    """Bytes before; None where they were not read: long, a link, a sub-module."""
    new: bytes | None = None
    pieces: list[Piece] = field(default_factory=list[Piece])

    @property
    def binary(self) -> bool:
        """Whether it has no lines that could be compared."""
        return any(data is not None and b"\0" in data[:_BINARY_HEAD] for data in (self.old, self.new))


def read_pieces(repository: Repository, base: str, tree: str) -> list[FileChange]:
    """What differs between a commit or tree and a tree, in pieces, by path."""
    entries = entries_of(repository, base, tree)
    renamed = _renames(repository, base, tree)
    gone = set(renamed.values())
    files: list[FileChange] = []
    for path in sorted(entries):
        if path in gone:
            continue
        before, after = entries[path]
        change = FileChange(path, before, after)
        if path in renamed:
            change.old_path, change.old_before = renamed[path], entries[renamed[path]][0]
        files.append(change)
    _read_contents(repository, files)
    for number, change in enumerate(files):
        change.pieces = _cut(repository, change, lines=number < _MOST_FILES)
    return files


def _renames(repository: Repository, base: str, tree: str) -> dict[str, str]:
    """New path and old path of files that were renamed."""
    words = iter(
        repository.git.read("diff-tree", "-r", "-M", "-z", "--name-status", "--diff-filter=R", base, tree).items
    )
    return {new: old for _status, old, new in zip(words, words, words, strict=False)}


def _read_contents(repository: Repository, changes: Iterable[FileChange]) -> None:
    """Read all files before and after; two calls of git, and one more for each 50 MB."""
    changes = list(changes)
    pairs = [(one.old_before or one.before, one.after) for one in changes]
    wanted = dict.fromkeys(entry.hash for pair in pairs for entry in pair if entry.mode in _REGULAR)
    blobs: dict[str, bytes] = {}
    together: list[str] = []
    room = _MOST_TOGETHER
    for name, size in _sizes(repository, wanted):
        if together and size > room:
            blobs |= read_blobs(repository.git, together)
            together, room = [], _MOST_TOGETHER
        together.append(name)
        room -= size
    blobs |= read_blobs(repository.git, together)
    for change, (old, new) in zip(changes, pairs, strict=True):
        change.old = blobs.get(old.hash) if old.mode in _REGULAR else None
        change.new = blobs.get(new.hash) if new.mode in _REGULAR else None


def _sizes(repository: Repository, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Blobs that are not too long, with their size; a partial clone may not have all."""
    asked = "".join(f"{name}\n" for name in names).encode()
    if not asked:
        return
    for line in repository.git.read("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).lines:
        name, _, size = line.partition(" ")
        if size.isdigit() and int(size) <= _MOST_BYTES:
            yield name, int(size)


def _cut(repository: Repository, change: FileChange, *, lines: bool) -> list[Piece]:
    whole = [_whole(change)]
    cuttable = change.old is not None and change.new is not None and not change.binary and not change.old_path
    if not (lines and cuttable) or change.before.mode != change.after.mode:
        return whole
    pieces = _runs(repository, change)
    everything = {piece.id for piece in pieces}
    return pieces if everything and build_file(change, pieces, everything) == change.new else whole


def _whole(change: FileChange) -> Piece:
    old, new = (_text(data) if not change.binary else "" for data in (change.old, change.new))
    facts = f"{change.old_path}\0{change.before}\0{change.after}"
    return Piece(
        _name(change.path, facts),
        change.path,
        1 if old else 0,
        len(old.splitlines()),
        1 if new else 0,
        len(new.splitlines()),
        whole=True,
        old=old,
        new=new,
    )


def _runs(repository: Repository, change: FileChange) -> list[Piece]:
    """The runs of lines that differ, as git finds them."""
    how = ("--no-ext-diff", "--no-textconv", "--no-color", "--histogram", "--indent-heuristic", "-U0", "--text")
    shown = repository.git.read("diff", *how, change.before.hash, change.after.hash, ok=(0, 1)).out
    old_lines, new_lines = split_lines(change.old or b""), split_lines(change.new or b"")
    pieces: list[Piece] = []
    seen: dict[str, int] = {}
    for found in _HUNK.finditer(shown):
        old_start, old_count, new_start, new_count = (1 if part is None else int(part) for part in found.groups())
        old = _text(b"".join(_run(old_lines, old_start, old_count)))
        new = _text(b"".join(_run(new_lines, new_start, new_count)))
        facts = f"{old}\0{new}"
        seen[facts] = seen.get(facts, 0) + 1
        name = _name(change.path, f"{facts}\0{seen[facts]}")
        pieces.append(Piece(name, change.path, old_start, old_count, new_start, new_count, old=old, new=new))
    return pieces


def _run(lines: Sequence[bytes], start: int, count: int) -> Sequence[bytes]:
    return lines[start - 1 : start - 1 + count] if count else ()


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their ends, by line feeds only, as git counts them."""
    return data.splitlines(keepends=True) if b"\r" not in data else re.findall(rb"[^\n]*\n|[^\n]+", data)


def _name(path: str, facts: str) -> str:
    return hashlib.sha256(f"{path}\0{facts}".encode(errors="surrogatepass")).hexdigest()[:8]


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


def build_file(change: FileChange, pieces: Iterable[Piece], taken: Collection[str]) -> bytes | None:
    """Bytes of a file with some of its pieces put in; None where it is a file as a whole, or not there."""
    chosen = sorted((piece for piece in pieces if piece.id in taken), key=lambda piece: piece.new_start)
    if any(piece.whole for piece in chosen):
        return change.new
    old_lines, new_lines = split_lines(change.old or b""), split_lines(change.new or b"")
    built: list[bytes] = []
    at = 0
    for piece in chosen:
        # Where lines only come, `old_start` is the line before them.
        start = piece.old_start - 1 if piece.old_lines else piece.old_start
        built += old_lines[at:start]
        built += _run(new_lines, piece.new_start, piece.new_lines)
        at = start + piece.old_lines
    built += old_lines[at:]
    if any(not line.endswith(b"\n") for line in built[:-1]):  # A last line without an end came into the middle.
        built = [line if line.endswith(b"\n") else line + b"\n" for line in built[:-1]] + built[-1:]
    return b"".join(built)


def short_diff(piece: Piece, masked: Mapping[str, str] | None = None) -> str:
    """A piece as in a unified diff without context, cut at 4,000 characters."""
    head = f"@@ -{piece.old_start},{piece.old_lines} +{piece.new_start},{piece.new_lines} @@"
    lines = [f"-{line}" for line in piece.old.splitlines()] + [f"+{line}" for line in piece.new.splitlines()]
    shown = "\n".join([head, *((masked or {}).get(line, line) for line in lines)])
    return shown if len(shown) <= _MOST_CHARS else shown[:_MOST_CHARS] + "\n…"
