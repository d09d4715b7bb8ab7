"""The versions of a file in conflict, and what kind of conflict it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aura_git.conflicts.contract import ConflictSides
from aura_git.merging.trees import Said, Stage
from aura_git.running import Git
from aura_shared.errors import GitError
from aura_shared.messages.merges import ConflictKind

__all__ = ["is_binary", "kind_of", "marker_sizes", "mergeable", "read_blobs", "sides_of"]

_LINK: Final = "120000"
_SUBMODULE: Final = "160000"
_BY_WORD: Final[tuple[tuple[str, ConflictKind], ...]] = (
    ("submodule", "submodule"),
    ("file/directory", "directory"),
    ("distinct modes", "mode"),
    ("binary", "binary"),
    ("modify/delete", "deleted"),
    ("rename/delete", "deleted"),
    ("rename", "renamed"),
    ("file location", "renamed"),
)
_LOOKED_AT: Final = 8000
"""Bytes that git looks at to tell a binary file."""


def kind_of(versions: Mapping[int, Stage], words: Sequence[Said]) -> ConflictKind:
    """What is in the way of a merge of one path."""
    modes = {stage.mode for stage in versions.values()}
    if _SUBMODULE in modes:
        return "submodule"
    if _LINK in modes:
        return "link"
    told = " ".join(word.kind for word in words)
    for word, kind in _BY_WORD:
        if word in told:
            return kind
    if set(versions) == {2, 3}:
        return "both-added"
    return "content" if len(versions) == 3 else "deleted"


def mergeable(kind: ConflictKind) -> bool:
    """Whether a conflict of this kind is one of text that both sides have."""
    return kind in {"content", "both-added", "lock-file"}


def read_blobs(git: Git, hashes: Iterable[str]) -> dict[str, bytes]:
    """The contents of objects by hash; one call of git.

    Raises:
        GitError: One is not there.
    """
    wanted = list(dict.fromkeys(hashes))
    if not wanted:
        return {}
    out = git.read("cat-file", "--batch", stdin="".join(f"{one}\n" for one in wanted).encode()).out
    contents: dict[str, bytes] = {}
    at = 0
    for one in wanted:
        end = out.index(b"\n", at)
        header = out[at:end].split(b" ")
        if len(header) != 3:
            raise GitError(f"object {one} is missing: the clone is incomplete", hint="`git fetch` may bring it.")
        size = int(header[2])
        contents[one] = out[end + 1 : end + 1 + size]
        at = end + size + 2
    return contents


def is_binary(content: bytes | None) -> bool:
    """Whether git takes it for no text."""
    return content is not None and b"\0" in content[:_LOOKED_AT]


def sides_of(
    path: str,
    versions: Mapping[int, Stage],
    blobs: Mapping[str, bytes],
    labels: tuple[str, str, str],
    marker_size: int = 7,
) -> ConflictSides:
    """A file in three versions.

    Args:
        path: Where it lies.
        versions: By number: 1 base, 2 ours, 3 theirs.
        blobs: Contents by hash.
        labels: What stands at the markers: ours, base, theirs.
        marker_size: Characters of a marker.
    """

    def content(number: int) -> bytes | None:
        return blobs.get(versions[number].blob) if number in versions else None

    ours, base, theirs = labels
    return ConflictSides(path, content(1), content(2), content(3), ours, base, theirs, marker_size)


def marker_sizes(git: Git, paths: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """For each path the size of its markers, and whether its attributes allow to merge it as text."""
    if not paths:
        return {}
    asked = "".join(f"{path}\0" for path in paths)
    ran = git.read(
        *("check-attr", "-z", "--stdin", "conflict-marker-size", "merge", "binary"),
        stdin=asked.encode(errors="surrogateescape"),
    )
    sizes: dict[str, int] = {}
    kept: set[str] = set()
    items = ran.items
    for path, name, value in zip(items[::3], items[1::3], items[2::3], strict=True):
        if name == "conflict-marker-size" and value.isdigit():
            sizes[path] = int(value)
        if (name, value) in {("merge", "unset"), ("merge", "binary"), ("binary", "set")}:
            kept.add(path)
    return {path: (sizes.get(path, 7), path not in kept) for path in paths}
