"""From one version of files to another over what the files are now: exactly, by a three-way merge, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from aura_factory.changes.diffs import file_diff
from aura_factory.changes.merging import Merge, Region, merge_texts
from aura_factory.changes.places import Found, new_file_mode, read_file
from aura_shared.errors import AuraError
from aura_shared.text_files import Writing, as_utf8, read_text

Standing = Literal["current", "moved-on", "conflict", "gone"]


class Side(NamedTuple):
    """A file in one version."""

    path: str
    data: bytes | None
    """Its bytes; None where it does not exist."""
    mode: int | None = None
    """Permission bits to make it with, where they are known."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a transition of one file goes."""

    path: str
    standing: Standing = "current"
    problem: str = ""
    """Why it cannot be done."""
    regions: Sequence[Region] = ()
    """Where both sides changed the same lines."""
    merged: bool = False
    """Whether it is a merge, which is to be looked at first."""

    @property
    def fails(self) -> bool:
        """Whether it cannot be done."""
        return bool(self.problem)


class Write(NamedTuple):
    """A file that is to be written or deleted."""

    path: str
    pre: bytes | None
    """Its bytes now; None when it is not there."""
    post: bytes | None
    """Its bytes then; None to delete it."""
    pre_mode: int
    post_mode: int


@dataclass(slots=True)
class View:
    """The files of a project with changes laid over them that are not written yet."""

    root: Path
    _found: dict[str, Found | None] = field(default_factory=dict[str, Found | None])
    _laid: dict[str, Found | None] = field(default_factory=dict[str, Found | None])

    def read(self, path: str) -> Found | None:
        """A file as it would be; None when there is none.

        Raises:
            UnsafePath: It is a link or lies behind one, or is no regular file.
            StorageError: It cannot be read.
        """
        if path in self._laid:
            return self._laid[path]
        if path not in self._found:
            self._found[path] = read_file(self.root, path)
        return self._found[path]

    def lay(self, path: str, data: bytes | None, mode: int | None = None) -> None:
        """Let a file be so; the bits of one that exists stay."""
        now = self.read(path)
        if data is None:
            self._laid[path] = None
            return
        if now is not None:
            mode = now.mode
        elif mode is None:
            mode = new_file_mode(self.root, path)
        self._laid[path] = Found(data, mode)

    def writes(self) -> list[Write]:
        """What has to be written, new files and changes first, deletions last."""
        found: list[Write] = []
        for path, post in self._laid.items():
            pre = self._found[path]
            if pre != post:
                found.append(
                    Write(path, pre and pre.data, post and post.data, pre.mode if pre else 0, post.mode if post else 0)
                )
        return sorted(found, key=lambda write: (write.post is None, write.path))

    def diff(self) -> str:
        """Everything that would be written, as one unified diff."""
        return "".join(file_diff(write.path, _shown(write.pre), _shown(write.post)) for write in self.writes())


def _shown(data: bytes | None) -> bytes | None:
    return None if data is None else as_utf8(data)


def move_on(view: View, old: Side, new: Side) -> Fit:
    """Lay the step from one version of a file to another over a view, unless it does not fit.

    Args:
        view: The files; only changed when the step fits.
        old: The file as the change knows it.
        new: The file as it is to be; at another path when it is moved.
    """
    path = new.path
    try:
        now = view.read(old.path)
        target = now if old.path == new.path else view.read(new.path)
    except AuraError as error:
        return Fit(path, "conflict", error.message)
    if old.path != new.path and target is not None:
        return Fit(path, "conflict", f"there is a file {new.path} now")
    data = now.data if now else None
    if old.path == new.path and data == new.data:
        return Fit(path, "current" if data == old.data else "moved-on")
    if data == old.data:
        return _lay(view, old, new, new.data, now)
    return _reconcile(view, old, new, now)


def _reconcile(view: View, old: Side, new: Side, now: Found | None) -> Fit:
    """The same where the file is not as the change knows it."""
    if now is None:
        return Fit(new.path, "gone", f"{old.path} is gone")
    if old.data is None:
        return Fit(new.path, "conflict", f"there is a file {old.path} now that this change would make")
    if new.data is None:
        return Fit(new.path, "conflict", f"{old.path} changed since, and deleting it would lose that")
    merged = merge_bytes(old.data, new.data, now.data)
    if isinstance(merged, str):
        return Fit(new.path, "conflict", f"{old.path} changed since, and {merged}")
    if merged.conflicts:
        lines = ", ".join(str(region.line) for region in merged.conflicts[:10])
        return Fit(
            new.path, "conflict", f"{old.path} changed since in the same places (line {lines})", tuple(merged.conflicts)
        )
    return _lay(view, old, new, merged.text, now, "moved-on")


def _lay(
    view: View, old: Side, new: Side, data: bytes | None, now: Found | None, standing: Standing = "current"
) -> Fit:
    if old.path != new.path:
        view.lay(old.path, None)
    view.lay(new.path, data, now.mode if now else new.mode)
    return Fit(new.path, standing, merged=standing == "moved-on")


def merge_bytes(base: bytes, ours: bytes, theirs: bytes) -> Merge | str:
    """Merge files with the encoding and line ends of `theirs`, the file as it is now; a text says why it cannot be."""
    read = [read_text(data) for data in (base, ours, theirs)]
    if read[0] is None or read[1] is None or read[2] is None:
        return "it is not text that can be merged"
    (base_text, _), (our_text, _), (their_text, writing) = read[0], read[1], read[2]
    if read[0][1].line_end != writing.line_end:
        base_text, our_text = _ends(base_text, writing), _ends(our_text, writing)
    merge = merge_texts(base_text, our_text, their_text)
    try:
        return Merge(writing.encode(merge.text), merge.conflicts)
    except UnicodeError:
        return f"its encoding, now {writing.encoding}, lacks a character of the change"


def _ends(text: bytes, writing: Writing) -> bytes:
    plain = text.replace(b"\r\n", b"\n")
    return plain.replace(b"\n", b"\r\n") if writing.line_end == "\r\n" else plain
