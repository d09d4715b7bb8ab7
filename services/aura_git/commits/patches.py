"""A unified diff of git, file by file: which lines came and went, and around which functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["FilePatch", "cut_patch", "read_patch", "split_files", "unquote"]

_HEADER: Final = "diff --git "
_FILE: Final = re.compile(r"^(?=diff --git )", re.MULTILINE)
_HUNK: Final = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@ ?(.*)$")
_ESCAPES: Final = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "v": 11, "f": 12, '"': 34, "\\": 92}


@dataclass(slots=True)
class FilePatch:
    """What a patch does to one file."""

    path: str
    """As it is called afterwards."""
    status: Literal["A", "M", "D", "R", "C", "T"] = "M"
    old_path: str = ""
    """As it was called before, when it was renamed or copied."""
    added: list[str] = field(default_factory=list[str])
    removed: list[str] = field(default_factory=list[str])
    functions: list[str] = field(default_factory=list[str])
    """What git shows after `@@`: the line that begins the definition around a hunk."""
    runs: int = 0
    """Places that change: lines in a row count once."""
    binary: bool = False
    mode: str = ""
    """New mode where it is new or changes."""
    old_blob: str = ""
    """Hash of the file before, whole only in patches with `--full-index`."""
    new_blob: str = ""


def split_files(diff: str) -> list[str]:
    """The parts of a diff, one for each file."""
    return [part for part in _FILE.split(diff) if part.startswith(_HEADER)]


def cut_patch(diff: str, most: int, *, most_of_file: int) -> tuple[str, bool]:
    """A diff of at most that many characters, whole files only; and whether something was left out."""
    kept: list[str] = []
    room = most
    parts = split_files(diff)
    for part in parts:
        if len(part) <= min(room, most_of_file):
            kept.append(part)
            room -= len(part)
    return "".join(kept), len(kept) < len(parts)


def read_patch(diff: str) -> list[FilePatch]:
    """What a diff does, in its order."""
    return [_read_file(part) for part in split_files(diff)]


def _read_file(part: str) -> FilePatch:
    lines = part.split("\n")
    patch = FilePatch(_path_of(lines[0][len(_HEADER) :]))
    number = 1
    while number < len(lines) and not lines[number].startswith("@@"):
        _read_header(patch, lines[number])
        number += 1
    if not patch.binary:
        _read_hunks(patch, lines[number:])
    return patch


def _read_header(patch: FilePatch, line: str) -> None:
    name, _, value = line.partition(" ")
    if name in {"new", "deleted"} and value.startswith("file mode "):
        patch.status = "A" if name == "new" else "D"
        patch.mode = value[len("file mode ") :] if name == "new" else ""
    elif name == "new" and value.startswith("mode "):
        patch.mode = value[len("mode ") :]
    elif name in {"rename", "copy"}:
        way, _, path = value.partition(" ")
        patch.status = "R" if name == "rename" else "C"
        if way == "from":
            patch.old_path = unquote(path)
        else:
            patch.path = unquote(path)
    elif name == "index":
        patch.old_blob, _, patch.new_blob = value.partition(" ")[0].partition("..")
    elif name == "+++" and not value.startswith("/dev/null"):
        patch.path = unquote(value.removesuffix("\t"))[2:]
    elif line.startswith(("Binary files ", "GIT binary patch")):
        patch.binary = True


def _read_hunks(patch: FilePatch, lines: list[str]) -> None:
    changing = False
    for line in lines:
        sign = line[:1]
        if sign == "@" and (found := _HUNK.match(line)):
            if found[1]:
                patch.functions.append(found[1].strip())
            changing = False
        elif sign in {"+", "-"}:
            (patch.added if sign == "+" else patch.removed).append(line[1:])
            patch.runs += not changing
            changing = True
        elif sign == " ":
            changing = False


def _path_of(names: str) -> str:
    """The new path of `a/x b/x`; without `+++`, both names are equal."""
    if names.startswith('"'):
        return unquote(names[: _closing(names) + 1])[2:]
    return names[len(names) // 2 + 1 :][2:]


def _closing(text: str) -> int:
    return next((at for at in range(1, len(text)) if text[at] == '"' and not _escaped(text, at)), len(text) - 1)


def _escaped(text: str, at: int) -> bool:
    before = text[:at]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def unquote(name: str) -> str:
    """A path as it is, where git wrote it between quotes."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    return bytes(_bytes_of(name[1:-1])).decode(errors="surrogateescape")


def _bytes_of(text: str) -> Iterator[int]:
    at = 0
    while at < len(text):
        if text[at] != "\\":
            yield from text[at].encode(errors="surrogateescape")
            at += 1
        elif (octal := text[at + 1 : at + 4]).isdigit() and len(octal) == 3:
            yield int(octal, 8) & 255
            at += 4
        else:
            yield _ESCAPES.get(text[at + 1 : at + 2], 63)
            at += 2
