"""Reads some lines of a file inside a project, within a budget, as they are on disk now."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aura_shared.errors import TooLarge, UsageProblem
from aura_shared.messages.code import ReadSpan, SpanAnswer
from aura_shared.security import make_visible, open_inside
from aura_shared.text_files import as_utf8, is_binary

BYTES_PER_TOKEN: Final = 4  # The estimate that every budget of ours uses; code averages 3 to 4 with usual tokenizers.
MAX_BYTES: Final = 20_000_000  # Larger files are for other tools; reading one would hold up everybody else.


def read_span(root: Path, request: ReadSpan) -> SpanAnswer:
    """The lines that `request` asks for.

    Raises:
        UnsafePath: The path leads outside the project.
        UnknownFile: There is no such file.
        StorageError: It cannot be read.
        TooLarge: It is over 20 MB.
        UsageProblem: It is not text, or the span is upside down or begins after the end.
    """
    if request.end_line is not None and request.end_line < request.start_line:
        raise UsageProblem(f"end_line must not be before start_line {request.start_line}; found {request.end_line}")
    lines = _lines(root, request.path)
    if request.start_line > max(len(lines), 1):
        raise UsageProblem(f"{request.path} has {len(lines)} lines; start_line is {request.start_line}")
    last = min(request.end_line or len(lines), len(lines))
    taken: list[str] = []
    room = request.budget * BYTES_PER_TOKEN
    for line in lines[request.start_line - 1 : last]:
        text = make_visible(line)
        room -= len(text.encode()) + 1
        if room < 0 and taken:
            break
        taken.append(text if room >= 0 else text.encode()[: request.budget * BYTES_PER_TOKEN].decode(errors="ignore"))
        if room < 0:
            break
    end = request.start_line + len(taken) - 1
    return SpanAnswer(
        path=request.path,
        start_line=request.start_line if taken else 0,
        end_line=end if taken else 0,
        lines=len(lines),
        text="\n".join(taken),
        truncated=room < 0 or bool(taken and end < last),
    )


def _lines(root: Path, path: str) -> list[str]:
    with open_inside(root, path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooLarge(f"{path} is over {MAX_BYTES // 1_000_000} MB", hint="Use another tool for files of this size.")
    if is_binary(content):
        raise UsageProblem(f"{path} is not a text file", hint="Only text can be shown as lines.")
    lines = as_utf8(content).decode().split("\n")  # Not `splitlines`, which also cuts at form feeds and the like.
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
