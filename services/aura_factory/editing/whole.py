"""A whole file that a model wrote anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from aura_factory.editing.answers import Code
from aura_factory.editing.carrying import carry_over
from aura_factory.editing.lines import is_placeholder
from aura_factory.editing.outcomes import Refusal, RefusedError
from aura_factory.editing.texts import FileLines
from aura_languages.definitions import outline_of, plain_name

__all__ = ["Rewritten", "new_file", "rewrite_file"]

_MOST_LOST: Final = 0.3
"""Share of the definitions at the top level that may be gone without being named."""
_MOST_DEFINITIONS_LOST: Final = 2
"""How many of all may be gone, those inside others included; more than that is no slip of a request."""
_MOST_LINES_LOST: Final = 0.6
"""The same for the lines of a text without definitions."""


class Rewritten(NamedTuple):
    """New lines of a file."""

    lines: list[str]
    notes: list[str]


def rewrite_file(file: FileLines, code: Code, *, named: Collection[str], keep_comments: bool) -> Rewritten:
    """The new lines of a file that exists.

    Args:
        file: The file as it is.
        code: What the model wrote.
        named: Definitions that the request is about; they may be gone.
        keep_comments: See `carry_over`.

    Raises:
        RefusedError: Too much is missing in it, or it is not certain what was meant.
    """
    lines = list(code.lines)
    if code.first_line and file.lines and file.lines[0].strip() == code.first_line.strip():
        lines = [code.first_line, *lines]
    lines = _without_outer_blanks(lines, file.lines)
    if not code.closed and not _same_end(file.lines, lines):
        raise RefusedError(Refusal("truncated", file.path, "the fence is not closed, and the text ends otherwise"))
    carried = carry_over(file.path, file.lines, lines, file_unit=file.unit, keep_comments=keep_comments)
    _check_lost(file, carried.lines, named)
    return Rewritten(carried.lines, carried.notes)


def new_file(path: str, code: Code) -> Rewritten:
    """The lines of a file that does not exist yet.

    Raises:
        RefusedError: Something is left out in it, or its end was not written.
    """
    if not code.closed:
        raise RefusedError(Refusal("truncated", path, "the fence is not closed, so the end of the file may be missing"))
    for line in code.lines:
        if is_placeholder(line) and line.strip() != "...":
            raise RefusedError(Refusal("placeholder", path, f"{line.strip()!r} stands for code that was left out"))
    return Rewritten(_without_outer_blanks(list(code.lines), ()), [])


def _without_outer_blanks(lines: list[str], old: Sequence[str]) -> list[str]:
    while lines and not lines[-1].strip() and not (old and not old[-1].strip()):
        lines.pop()
    while lines and not lines[0].strip() and not (old and not old[0].strip()):
        del lines[0]
    return lines


def _same_end(old: Sequence[str], new: Sequence[str]) -> bool:
    last = [next((line.strip() for line in reversed(one) if line.strip()), "") for one in (old, new)]
    return last[0] == last[1]


def _check_lost(file: FileLines, lines: Sequence[str], named: Collection[str]) -> None:
    """Refuse a text that lost more than the request can explain.

    Raises:
        RefusedError: It did.
    """
    kept = {line.strip() for line in lines}
    solid = [line.strip() for line in file.lines if line.strip()]
    gone = [line for line in solid if line not in kept]
    allowed = {plain_name(name).rpartition(".")[2] for name in named}
    old, new = outline_of(file.path, file.text), outline_of(file.path, "\n".join(lines) + "\n")
    if old is not None and new is not None:
        lost = _gone(old.top_names(), new.top_names(), allowed)
        gone_code = old.code_names() - new.code_names()
        lost_code = [name for name in gone_code.elements() if name.rpartition(".")[2] not in allowed]
        came = (new.code_names() - old.code_names()).total()
        if len(lost) > _MOST_LOST * len(old.top_names()) or len(lost_code) - came > _MOST_DEFINITIONS_LOST:
            names = sorted({*lost, *lost_code})
            count = max(len(lost), len(lost_code))
            detail = f"{count} definitions are gone that nobody asked to remove: {', '.join(names[:6])}"
            raise RefusedError(Refusal("lost", file.path, detail))
    if solid and len(gone) > _MOST_LINES_LOST * len(solid) and not allowed:
        detail = f"{len(gone)} of {len(solid)} lines are gone; the whole file was expected"
        raise RefusedError(Refusal("lost", file.path, detail))


def _gone(before: set[str], after: set[str], allowed: set[str]) -> set[str]:
    """Names that are gone and were not to go; what became a name of as many others was renamed."""
    lost = {name for name in before - after if name.rpartition(".")[2] not in allowed}
    return lost if len(lost) > len(after - before) else set()
