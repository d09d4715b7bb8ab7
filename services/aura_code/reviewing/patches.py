"""Unified diffs as git and `diff -u` write them: reading them, and applying them to texts where they fit exactly."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from aura_shared.errors import UsageProblem

_HUNK: Final = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPES: Final = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_GIT: Final = b"diff --git "
_NULL: Final = "/dev/null"
_CONTEXT: Final = 3


class DiffLine(NamedTuple):
    """One line of a hunk."""

    mark: str
    """Space, `+` or `-`."""
    text: bytes
    """The line as it stands in the file, its end included when it has one."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One run of changed lines with what stands around it."""

    old_start: int
    """First line of the old file, from 1; the line before when it takes none."""
    new_start: int
    """The same in the new file."""
    lines: tuple[DiffLine, ...]

    def old_lines(self) -> list[bytes]:
        """What the old file has there."""
        return [line.text for line in self.lines if line.mark != "+"]

    def new_lines(self) -> list[bytes]:
        """What the new file has there."""
        return [line.text for line in self.lines if line.mark != "-"]

    def numbered(self) -> Iterator[tuple[DiffLine, int, int]]:
        """Each line with its number in the old and in the new file; the next number where it is not in one."""
        old = self.old_start if any(line.mark != "+" for line in self.lines) else self.old_start + 1
        new = self.new_start if any(line.mark != "-" for line in self.lines) else self.new_start + 1
        for line in self.lines:
            yield line, old, new
            old += line.mark != "+"
            new += line.mark != "-"


@dataclass(slots=True)
class FilePatch:
    """What a diff says of one file."""

    old_path: str = ""
    """Empty for a new file."""
    new_path: str = ""
    """Empty for a deleted file."""
    old_mode: str = ""
    new_mode: str = ""
    binary: bool = False
    renamed: bool = False
    copied: bool = False
    by_git: bool = True
    """Whether git wrote it; then its paths had `a/` and `b/` before them."""
    hunks: list[Hunk] = field(default_factory=list[Hunk])
    raw: bytes = b""
    """The lines that say so."""

    @property
    def path(self) -> str:
        """The path afterwards; before, for a deleted file."""
        return self.new_path or self.old_path


class _Lines:
    """The lines of a diff, each with its end."""

    def __init__(self, text: bytes) -> None:
        self.all = text.splitlines(keepends=True) if b"\r" not in text else _split(text)
        self.at = 0

    def __bool__(self) -> bool:
        return self.at < len(self.all)

    def peek(self) -> bytes:
        return self.all[self.at].rstrip(b"\r\n")

    def next(self) -> bytes:
        self.at += 1
        return self.all[self.at - 1]


def _split(text: bytes) -> list[bytes]:
    """Lines by line feeds only: a carriage return inside a line is a part of it."""
    lines = text.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def split_lines(text: bytes) -> list[bytes]:
    """The lines of a text, each with its end."""
    return _split(text)


def parse_patch(text: bytes) -> list[FilePatch]:
    """The files of a diff, in its order; what stands between them, such as the message of a mail, is passed over.

    Raises:
        UsageProblem: A hunk is cut or malformed.
    """
    if _sent_with_crlf(text):
        text = text.replace(b"\r\n", b"\n")
    lines = _Lines(text)
    lines.all = _split(text)
    found: list[FilePatch] = []
    while lines:
        line = lines.peek()
        if line.startswith(_GIT):
            found.append(_git_file(lines))
        elif line.startswith(b"--- ") and _has_target(lines):
            found.append(_plain_file(lines))
        else:
            lines.next()
    return found


def _sent_with_crlf(text: bytes) -> bool:
    """Whether the headers end in a carriage return too, which then is the way it was sent and not a part of lines."""
    heads = re.findall(rb"^(?:\+\+\+ |@@ -)[^\n]*\n", text, re.MULTILINE)
    return bool(heads) and all(head.endswith(b"\r\n") for head in heads)


def _has_target(lines: _Lines) -> bool:
    return lines.at + 1 < len(lines.all) and lines.all[lines.at + 1].startswith(b"+++ ")


def _plain_file(lines: _Lines) -> FilePatch:
    begin = lines.at
    patch = FilePatch(by_git=False)
    patch.old_path = _plain_name(lines.next()[4:])
    patch.new_path = _plain_name(lines.next()[4:])
    _hunks(lines, patch)
    patch.raw = b"".join(lines.all[begin : lines.at])
    if patch.old_path and _is_creation(patch):
        patch.old_path = ""
    elif patch.new_path and _is_deletion(patch):
        patch.new_path = ""
    return patch


def _is_creation(patch: FilePatch) -> bool:
    """`diff -uN` names a file that is not there, with a moment at the epoch; its one hunk begins at line 0."""
    return len(patch.hunks) == 1 and patch.hunks[0].old_start == 0 and b"1970-01-01" in patch.raw.split(b"\n", 1)[0]


def _is_deletion(patch: FilePatch) -> bool:
    second = patch.raw.split(b"\n", 2)[1]
    return len(patch.hunks) == 1 and patch.hunks[0].new_start == 0 and b"1970-01-01" in second


def _plain_name(raw: bytes) -> str:
    """A path without the moment after it."""
    name = os.fsdecode(raw.rstrip(b"\r\n"))
    is_quoted = name.startswith('"') and name.count('"') > 1
    name = _unquoted(name[1 : name.rindex('"')]) if is_quoted else name.split("\t")[0]
    return "" if name == _NULL else name


def _git_file(lines: _Lines) -> FilePatch:
    begin = lines.at
    patch = FilePatch()
    patch.old_path, patch.new_path = _names_of_header(os.fsdecode(lines.next()[len(_GIT) :].rstrip(b"\r\n")))
    while lines:
        line = lines.peek()
        if line.startswith(_GIT):
            break
        if line.startswith(b"@@ -"):
            _hunks(lines, patch)
            break
        if line.startswith(b"GIT binary patch"):
            patch.binary = True
            _skip_binary(lines)
            break
        if not _take_header(patch, line):
            break
        lines.next()
    patch.raw = b"".join(lines.all[begin : lines.at])
    return patch


def _take_header(patch: FilePatch, line: bytes) -> bool:
    """Take in one extended header; False when it is none."""
    for head, take in _HEADERS:
        if line.startswith(head):
            take(patch, os.fsdecode(line[len(head) :]))
            return True
    return False


def _take_old(patch: FilePatch, rest: str) -> None:
    patch.old_path = _without_prefix(_plain_name(os.fsencode(rest)))


def _take_new(patch: FilePatch, rest: str) -> None:
    patch.new_path = _without_prefix(_plain_name(os.fsencode(rest)))


def _take_new_file(patch: FilePatch, rest: str) -> None:
    patch.old_path, patch.new_mode = "", rest


def _take_deleted(patch: FilePatch, rest: str) -> None:
    patch.new_path, patch.old_mode = "", rest


def _take_from(patch: FilePatch, rest: str) -> None:
    patch.old_path, patch.renamed = _name(rest), True


def _take_to(patch: FilePatch, rest: str) -> None:
    patch.new_path = _name(rest)


def _take_copy(patch: FilePatch, rest: str) -> None:
    patch.old_path, patch.copied = _name(rest), True


def _take_modes(patch: FilePatch, rest: str) -> None:
    mode = rest.partition(" ")[2]
    if mode:
        patch.old_mode = patch.new_mode = mode


def _take_old_mode(patch: FilePatch, rest: str) -> None:
    patch.old_mode = rest


def _take_new_mode(patch: FilePatch, rest: str) -> None:
    patch.new_mode = rest


def _take_binary(patch: FilePatch, _rest: str) -> None:
    patch.binary = True


def _take_nothing(_patch: FilePatch, _rest: str) -> None:
    return


_HEADERS: Final = (
    (b"--- ", _take_old),
    (b"+++ ", _take_new),
    (b"new file mode ", _take_new_file),
    (b"deleted file mode ", _take_deleted),
    (b"old mode ", _take_old_mode),
    (b"new mode ", _take_new_mode),
    (b"rename from ", _take_from),
    (b"rename to ", _take_to),
    (b"copy from ", _take_copy),
    (b"copy to ", _take_to),
    (b"index ", _take_modes),
    (b"Binary files ", _take_binary),
    (b"similarity index ", _take_nothing),
    (b"dissimilarity index ", _take_nothing),
)


def _skip_binary(lines: _Lines) -> None:
    while lines and not lines.peek().startswith((_GIT, b"--- ")):
        lines.next()


def _names_of_header(text: str) -> tuple[str, str]:
    """Both paths of `a/PATH b/PATH`; only needed where no other line names them, and then they are equal."""
    if text.startswith('"') or text.endswith('"'):
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', text)
        if len(parts) == 2:
            return _without_prefix(_name(parts[0])), _without_prefix(_name(parts[1]))
    middle = len(text) // 2
    first, second = text[:middle], text[middle + 1 :]
    return _without_prefix(first), _without_prefix(second)


def _name(text: str) -> str:
    return _unquoted(text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _without_prefix(name: str) -> str:
    """A path without the letter that git puts before it."""
    return name[2:] if name[:2] in {"a/", "b/", "i/", "w/", "c/", "o/"} else name


def _unquoted(text: str) -> str:
    parts = re.split(r"\\([0-7]{3}|.)", text)
    content = b"".join(
        os.fsencode(part) if index % 2 == 0 else bytes([int(part, 8) if len(part) == 3 else _ESCAPES.get(part, 63)])
        for index, part in enumerate(parts)
    )
    return os.fsdecode(content)


def _hunks(lines: _Lines, patch: FilePatch) -> None:
    while lines and (head := _HUNK.match(lines.peek())):
        lines.next()
        old_start, new_start = int(head[1]), int(head[3])
        old_left, new_left = (int(count) if count is not None else 1 for count in (head[2], head[4]))
        patch.hunks.append(_hunk(lines, patch, old_start, new_start, (old_left, new_left)))


def _hunk(lines: _Lines, patch: FilePatch, old_start: int, new_start: int, left: tuple[int, int]) -> Hunk:
    old_left, new_left = left
    taken: list[DiffLine] = []
    while old_left > 0 or new_left > 0:
        line = lines.next() if lines else b""
        mark = chr(line[0]) if line and line[:1] not in b"\r\n" else " "  # Some mailers strip the one space of a line.
        if not line or mark not in " +-\\":
            raise UsageProblem(
                f"The patch is cut or malformed in hunk {len(patch.hunks) + 1} of {patch.path}: {old_left} old and "
                f"{new_left} new lines are missing.",
                hint="Give the diff as git or `diff -u` wrote it.",
            )
        if mark == "\\":
            _without_end(taken)
            continue
        taken.append(DiffLine(mark, line[1:] if line[:1] not in b"\r\n" else line))
        old_left -= mark != "+"
        new_left -= mark != "-"
    if lines and lines.peek().startswith(b"\\"):
        lines.next()
        _without_end(taken)
    return Hunk(old_start, new_start, tuple(taken))


def _without_end(taken: list[DiffLine]) -> None:
    if taken:
        last = taken[-1]
        taken[-1] = last._replace(text=last.text.removesuffix(b"\n").removesuffix(b"\r"))


def apply_hunks(text: bytes, hunks: Sequence[Hunk], path: str) -> tuple[bytes, list[Hunk]]:
    """The text after the hunks, and the hunks at the lines where they fit.

    A hunk fits where all of its old lines stand, exactly; when they do not stand at the line that it names, but at one
    other place of the file only, it goes there. Only the way that lines end may differ.

    Raises:
        UsageProblem: A hunk does not fit; names file and hunk.
    """
    lines = split_lines(text)
    ending = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    done: list[bytes] = []
    placed: list[Hunk] = []
    at = 0
    for number, stated_hunk in enumerate(hunks, 1):
        hunk = _with_ends(stated_hunk, lines, ending)
        old = hunk.old_lines()
        stated = max(0, hunk.old_start - 1) if old else hunk.old_start
        place = _place_of(lines, old, stated, at)
        if place is None:
            raise UsageProblem(
                f"The patch does not fit {path}: hunk {number} expects {_shown(old)} at line {stated + 1}; "
                f"found {_shown(lines[stated : stated + len(old)], old)}.",
                hint="Make the diff against the files as they are now.",
            )
        done += lines[at:place]
        new = hunk.new_lines()
        placed.append(replace(hunk, old_start=place + (1 if old else 0), new_start=len(done) + (1 if new else 0)))
        done += new
        at = place + len(old)
    return b"".join([*done, *lines[at:]]), placed


def _with_ends(hunk: Hunk, lines: Sequence[bytes], ending: bytes) -> Hunk:
    """The hunk with the ends of lines that the file has, when those are all that differ."""
    if not lines or all(not line.text.endswith(b"\n") or line.text.endswith(ending) for line in hunk.lines):
        return hunk
    windows = ending == b"\r\n"
    if windows == any(line.text.endswith(b"\r\n") for line in hunk.lines if line.mark != "+"):
        return hunk  # Mixed in the file itself: then each line has to fit as it is.
    changed = (
        DiffLine(line.mark, line.text.removesuffix(b"\n").removesuffix(b"\r") + ending)
        if line.text.endswith(b"\n")
        else line
        for line in hunk.lines
    )
    return replace(hunk, lines=tuple(changed))


def _place_of(lines: Sequence[bytes], old: Sequence[bytes], stated: int, least: int) -> int | None:
    size = len(old)
    if stated >= least and list(lines[stated : stated + size]) == list(old) and stated <= len(lines):
        return stated
    if not old:
        return None
    first = old[0]
    places = [
        place
        for place in range(least, len(lines) - size + 1)
        if lines[place] == first and list(lines[place : place + size]) == list(old)
    ]
    return places[0] if len(places) == 1 else None


def _shown(lines: Sequence[bytes], other: Sequence[bytes] = ()) -> str:
    """The first line, or the first that differs from another run of lines."""
    if not lines:
        return "nothing"
    place = next((i for i, line in enumerate(lines) if i < len(other) and line != other[i]), 0)
    return repr(lines[place].decode("utf-8", "replace").rstrip("\r\n")[:80])


def hunks_between(old: bytes, new: bytes) -> list[Hunk]:
    """The hunks that lead from one text to another, with three lines around each."""
    before, after = split_lines(old), split_lines(new)
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > 2000)
    found: list[Hunk] = []
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines: list[DiffLine] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [DiffLine(" ", line) for line in before[i1:i2]]
                continue
            lines += [DiffLine("-", line) for line in before[i1:i2]]
            lines += [DiffLine("+", line) for line in after[j1:j2]]
        i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
        found.append(Hunk(i1 + (i2 > i1), j1 + (j2 > j1), tuple(lines)))
    return found


def written(path: str, hunks: Iterable[Hunk], *, created: bool) -> bytes:
    """A file's part of a diff as git writes it."""
    name = path.encode("utf-8", "surrogateescape")
    head = [b"diff --git a/%s b/%s\n" % (name, name)]
    if created:
        head.append(b"new file mode 100644\n")
    head += [b"--- /dev/null\n" if created else b"--- a/%s\n" % name, b"+++ b/%s\n" % name]
    return b"".join([*head, *(_written_hunk(hunk) for hunk in hunks)])


def _written_hunk(hunk: Hunk) -> bytes:
    counts = len(hunk.old_lines()), len(hunk.new_lines())
    head = b"@@ -%d,%d +%d,%d @@\n" % (hunk.old_start, counts[0], hunk.new_start, counts[1])
    pieces = [head]
    for line in hunk.lines:
        end = b"" if line.text.endswith(b"\n") else b"\n\\ No newline at end of file\n"
        pieces.append(line.mark.encode() + line.text + end)
    return b"".join(pieces)
