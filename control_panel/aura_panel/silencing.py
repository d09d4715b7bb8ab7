"""A comment that silences one finding, as an edit of its file. Nothing here writes."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from aura_shared.errors import Conflict, UsageProblem
from aura_shared.messages.changes import ProposedFile, TextEdit
from aura_shared.messages.findings import FindingInfo
from aura_shared.security import open_inside
from aura_shared.text_files import read_text

__all__ = ["Silencing", "comment_mark", "read_file", "silencing"]

MOST_BYTES: Final = 4_000_000
_MARK: Final = re.compile(r"(\S+) aura: ignore\[")


class Silencing(NamedTuple):
    """The edit and how it looks."""

    file: ProposedFile
    """What is proposed for the file."""
    diff: str
    """The same as a unified diff."""


def comment_mark(ways: Sequence[str]) -> str:
    """What a comment of the file begins with, as the ways to silence a finding tell it; empty when none does."""
    return next((found[1] for way in ways if (found := _MARK.search(way))), "")


def read_file(root: Path, path: str) -> bytes:
    """The bytes of a file of a project.

    Raises:
        AuraError: It lies outside, is gone, is too large or cannot be read.
    """
    with open_inside(root, path) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageProblem(f"{path} is larger than {MOST_BYTES:,} bytes", hint="Write the comment by hand.")
    return data


def silencing(data: bytes, finding: FindingInfo, mark: str, reason: str) -> Silencing:
    """A comment alone on the line before the finding, or at its end where the line before goes on in it.

    Args:
        data: The bytes of the file.
        finding: What is silenced.
        mark: What a comment begins with, such as `#`.
        reason: Why, in one line.

    Raises:
        UsageProblem: The file is no text that can be written again as it is.
        Conflict: The file is shorter than it was when the finding was made.
    """
    read = read_text(data)
    if read is None:
        raise UsageProblem(f"{finding.path} cannot be edited as text", hint="Silence the finding with the baseline.")
    text, _ = read
    lines = text.split(b"\n")
    at = finding.start_line - 1
    if at >= len(lines):
        raise Conflict(
            f"{finding.path} has no line {finding.start_line} any more", hint="Analyse again (a) and look anew."
        )
    comment = f"{mark} aura: ignore[{finding.rule}] {' '.join(reason.split())}".rstrip()
    start = sum(len(line) + 1 for line in lines[:at])
    line = lines[at].decode()
    if at and lines[at - 1].rstrip(b"\r").endswith(b"\\"):
        place = start + len(lines[at].rstrip(b"\r"))
        edit = TextEdit(start=place, end=place, text=f"  {comment}")
    else:
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        edit = TextEdit(start=start, end=start, text=f"{indent}{comment}\n")
    file = ProposedFile(path=finding.path, base=hashlib.sha256(data).hexdigest(), edits=[edit])
    new = text[: edit.start] + edit.text.encode() + text[edit.end :]
    return Silencing(file, _diff(text, new, finding.path))


def _diff(old: bytes, new: bytes, path: str) -> str:
    before, after = (text.decode().replace("\r\n", "\n").splitlines() for text in (old, new))
    lines = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines) + "\n"
