"""What a diff shows: a head, files, hunks with what was decided, and the rows of the screen that they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple

from rich.text import Text

from aura_panel.diff_lines import (
    DiffLine,
    changed_words,
    expanded,
    files_of_diff,
    lines_of_hunk,
    pairs_of,
    wrapped_at,
)
from aura_shared.messages.changes import ChangedFile, ChangeInfo, Decision, Hunk
from aura_shared.security import make_visible

__all__ = ["DiffDocument", "DiffHunk", "DiffRow", "Layout", "document_of_change", "document_of_merge", "lay_out"]

REMARK_INDENT: Final = 5
_WORKED_OUT: Final = frozenset({"lines", "pairs", "words", "first_changed"})
RowKind = Literal["head", "file", "note", "hunk", "comment", "line", "gap"]


@dataclass(slots=True, kw_only=True)
class DiffFile:
    """A file of a diff."""

    path: str
    """As it is named in the change."""
    title: str
    """What is said of it: what happens, how many lines."""
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Remarks, each with the name of its colour."""


@dataclass(kw_only=True)
class DiffHunk:
    """A hunk of a diff, and what was decided on it."""

    id: str
    path: str
    diff: str
    title: str
    """Its number and where it is."""
    file: DiffFile
    decision: Decision | None = None
    """None where there is nothing to decide."""
    comment: str = ""
    applied: bool = False

    @cached_property
    def lines(self) -> list[DiffLine]:
        """Its lines."""
        return lines_of_hunk(self.diff)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """Its lines beside each other."""
        return pairs_of(self.lines)

    @cached_property
    def words(self) -> dict[int, list[tuple[int, int]]]:
        """Which parts of its lines changed."""
        return changed_words(self.lines)

    @cached_property
    def first_changed(self) -> int:
        """Number of its first changed line in the new file."""
        at = next((number for number, line in enumerate(self.lines) if line.mark in "+-"), -1)
        if at < 0:
            return 1
        later = (line.new for line in self.lines[at:] if line.new)
        return next(later, max((line.new for line in self.lines), default=1)) or 1


@dataclass(kw_only=True)
class DiffDocument:
    """Everything that is shown of a change, or of a merge."""

    name: str = ""
    """Identifier; the place is kept while it stays the same."""
    head: Callable[[int], list[Text]] = lambda _width: []
    """The lines above the files, for so many columns."""
    hunks: list[DiffHunk] = field(default_factory=list[DiffHunk])
    files: list[DiffFile] = field(default_factory=list[DiffFile])
    """All of them; also those without a hunk."""

    @cached_property
    def digits(self) -> int:
        """Columns of the highest line number."""
        numbers = (max(line.old, line.new) for hunk in self.hunks for line in hunk.lines[-2:])
        return max(2, len(str(max(numbers, default=0))))


class DiffRow(NamedTuple):
    """A row of the screen."""

    kind: RowKind
    hunk: int = -1
    """Number of its hunk in the document; that of a file's first one for the file itself."""
    left: int = -1
    """Number of the line: of the head, the notes or comments, the hunk; in two columns the left one."""
    right: int = -1
    """Number of the right line; -1 for none."""
    part: int = 0
    """Which row of a line that takes several."""
    file: int = -1


class Layout(NamedTuple):
    """The rows of a document for a width."""

    rows: list[DiffRow]
    head: list[Text]
    room: int
    """Columns that a line has for its text."""

    def place_of(self, row: DiffRow) -> int:
        """Where a row of another layout of the same document is in this one, or the nearest before it."""
        best = 0
        for number, here in enumerate(self.rows):
            if here.file > row.file >= 0:
                break
            if here.hunk == row.hunk and here.kind == row.kind:
                lines = {here.left, here.right} - {-1}
                if row.left in lines or row.right in lines or here.left == row.left:
                    return number
            if here.hunk == row.hunk and here.kind in {"hunk", "file"} and row.kind != "head":
                best = number
        return best


def lay_out(document: DiffDocument, width: int, *, beside: bool) -> Layout:
    """The rows that a document takes.

    Args:
        document: What is shown.
        width: Columns of the screen.
        beside: Whether the old and the new lines stand beside each other.
    """
    room = room_for_text(document, width, beside=beside)
    head = document.head(width)
    rows = [DiffRow("head", left=number) for number in range(len(head))]
    by_file: dict[int, list[int]] = {}
    places = {id(file): number for number, file in enumerate(document.files)}
    for number, hunk in enumerate(document.hunks):
        by_file.setdefault(places[id(hunk.file)], []).append(number)
    for place, file in enumerate(document.files):
        hunks = by_file.get(place, [])
        first = hunks[0] if hunks else -1
        if rows:
            rows.append(DiffRow("gap", file=place))
        rows.append(DiffRow("file", first, file=place))
        for number, (text, _) in enumerate(file.notes):
            rows.extend(DiffRow("note", first, number, part=part, file=place) for part in _parts(text, width))
        for number in hunks:
            hunk = document.hunks[number]
            rows.append(DiffRow("hunk", number, file=place))
            for said, text in enumerate(comment_lines(hunk)):
                rows.extend(DiffRow("comment", number, said, part=part, file=place) for part in _parts(text, width))
            rows.extend(_rows_of(hunk, number, place, room, beside=beside))
    return Layout(rows, head, room)


def room_for_text(document: DiffDocument, width: int, *, beside: bool) -> int:
    """Columns that a line has for its text: what the bar at the left, the line numbers and the sign leave."""
    if beside:
        return max(8, (width - 2) // 2 - document.digits - 3)
    return max(8, width - 2 * document.digits - 5)


def _rows_of(hunk: DiffHunk, number: int, file: int, room: int, *, beside: bool) -> Iterator[DiffRow]:
    lines = hunk.lines
    if not lines:
        yield DiffRow("line", number, -1, -1, file=file)
    pairs = hunk.pairs if beside else [(place, place) for place in range(len(lines))]
    for left, right in pairs:
        longest = max(len(lines[left].text) if left >= 0 else 0, len(lines[right].text) if right >= 0 else 0)
        if longest * 2 <= room:  # Fits also when every character takes two columns.
            yield DiffRow("line", number, left, right, 0, file)
            continue
        sides = {left, right} - {-1}
        for part in range(max(len(wrapped_at(lines[side].text, room)) for side in sides)):
            yield DiffRow("line", number, left, right, part, file)


def remark_part(text: str, part: int, width: int) -> str:
    """A row of a remark, which may take several."""
    starts = [*wrapped_at(text, width - REMARK_INDENT), len(text)]
    return text[starts[part] : starts[part + 1]]


def _parts(text: str, width: int) -> range:
    return range(len(wrapped_at(text, width - REMARK_INDENT)))


def comment_lines(hunk: DiffHunk) -> list[str]:
    """What a person said about a hunk, line by line."""
    return [expanded(make_visible(line)) for line in hunk.comment.split("\n")] if hunk.comment else []


def document_of_change(
    change: ChangeInfo, head: Callable[[int], list[Text]], before: DiffDocument | None = None
) -> DiffDocument:
    """A change as a document.

    Args:
        change: The change.
        head: What stands above its files, for so many columns.
        before: The same change as it was shown; what was worked out of its hunks is taken from there.
    """
    document = DiffDocument(name=change.id, head=head)
    known = {hunk.id: hunk for hunk in before.hunks} if before is not None else {}
    total = sum(len(file.hunks) for file in change.files)
    number = 0
    for file in change.files:
        shown = DiffFile(path=file.path, title=_file_title(file), notes=_notes(file))
        document.files.append(shown)
        for hunk in file.hunks:
            number += 1
            made = _hunk(hunk, shown, f"hunk {number} of {total}")
            old = known.get(hunk.id)
            if old is not None and old.diff == hunk.diff:
                made.__dict__.update({name: value for name, value in old.__dict__.items() if name in _WORKED_OUT})
            document.hunks.append(made)
    return document


def _hunk(hunk: Hunk, file: DiffFile, title: str) -> DiffHunk:
    where = f" in {make_visible(hunk.symbol)}" if hunk.symbol else ""
    return DiffHunk(
        id=hunk.id, path=hunk.path, diff=hunk.diff, title=f"{title}{where}", file=file, decision=hunk.decision,
        comment=hunk.comment, applied=hunk.applied,
    )  # fmt: skip


def _file_title(file: ChangedFile) -> str:
    added, removed = sum(hunk.new_lines for hunk in file.hunks), sum(hunk.old_lines for hunk in file.hunks)
    moved = f"moved from {make_visible(file.moved_from)}" if file.kind == "moved" else str(file.kind)
    return f"{moved}  +{added:,} -{removed:,}"


def _notes(file: ChangedFile) -> list[tuple[str, str]]:
    told = {
        "current": "",
        "moved-on": "! changed since this was proposed; it can be merged, and the merge is shown first",
        "conflict": "✗ changed since in the same places; the open hunks do not fit any more",
        "gone": "✗ the file is not there any more",
    }
    notes: list[tuple[str, str]] = []
    if told[file.standing]:
        notes.append((told[file.standing], "warning" if file.standing == "moved-on" else "error"))
    if file.problem:
        notes += [(f"  {make_visible(line)}", "error") for line in file.problem.split("\n")]
    return notes


def document_of_merge(merge: str, head: Callable[[int], list[Text]]) -> DiffDocument:
    """What an application or an undo would write, as a document without anything to decide."""
    document = DiffDocument(name="merge", head=head)
    parts = files_of_diff(merge)
    for number, part in enumerate(parts, 1):
        if not document.files or document.files[-1].path != part.path:
            document.files.append(DiffFile(path=part.path, title="as it would be written"))
        document.hunks.append(
            DiffHunk(
                id=str(number), path=part.path, diff=part.diff, title=f"part {number} of {len(parts)}",
                file=document.files[-1],
            )
        )  # fmt: skip
    return document
