"""Puts back what a model left out behind a line such as `# ... rest of the code ...`, where that is certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_factory.editing.lines import is_blank, is_placeholder, positions, runs
from aura_factory.editing.outcomes import Refusal, RefusedError

__all__ = ["expand"]

_CONTEXT: Final = 2
"""Lines beside a placeholder that have to stand in the old text, once and in this order."""
_LEAST_CHARS: Final = 12
"""Characters that these lines hold together at least; `}` alone says nothing."""


def expand(path: str, old: Sequence[str], new: Sequence[str]) -> tuple[list[str], bool]:
    """The new text with the old lines in place of its placeholders, and whether there were any.

    A placeholder between two known runs of lines stands for all that is between them. The lines beside it have to be
    unchanged and unique; the beginning and the end of the text count as known.

    Raises:
        RefusedError: It is not certain what a placeholder stands for.
    """
    known = {text.strip() for text in old}
    marks = [at for at in range(len(new)) if _is_new(new, at, known)]
    if not marks:
        return list(new), False
    old_keys, new_keys = [line.rstrip() for line in old], [line.rstrip() for line in new]
    index = positions(old_keys)
    pieces = _pieces(new, marks)
    if any(start >= end for start, end in pieces[1:-1]) or all(start >= end for start, end in pieces):
        raise _uncertain(path, new[marks[0]])
    result: list[str] = []
    last = 0  # First old line that is not accounted for.
    for number, (start, end) in enumerate(pieces):
        if number > 0 and start < end:
            begin = _anchor(old_keys, new_keys[start:end], index, at_end=False)
            if begin is None or begin <= last:
                raise _uncertain(path, new[marks[number - 1]])
            _check_lost(path, old_keys[last:begin], new_keys, new[marks[number - 1]])
            result.extend(old[last:begin])
        elif number > 0:
            if last >= len(old):
                raise _uncertain(path, new[marks[number - 1]])
            result.extend(old[last:])
            break
        result.extend(new[start:end])
        if number < len(marks) and start < end:
            finish = _anchor(old_keys, new_keys[start:end], index, at_end=True)
            if finish is None or finish < last:
                raise _uncertain(path, new[marks[number]])
            last = finish
    return result, True


def _is_new(lines: Sequence[str], at: int, known: set[str]) -> bool:
    line = lines[at]
    if not is_placeholder(line) or line.strip() in known:
        return False
    if line.strip() != "...":
        return True
    before = next((one for one in reversed(lines[:at]) if one.strip()), "")
    return not before.rstrip().endswith(":")  # The body of a stub in Python.


def _pieces(new: Sequence[str], marks: Sequence[int]) -> list[tuple[int, int]]:
    """What stands between the placeholders, without the blank lines around them."""
    edges = [-1, *marks, len(new)]
    pieces: list[tuple[int, int]] = []
    for number in range(len(edges) - 1):
        start, end = edges[number] + 1, edges[number + 1]
        while number > 0 and start < end and is_blank(new[start]):
            start += 1
        while number < len(marks) and start < end and is_blank(new[end - 1]):
            end -= 1
        pieces.append((start, end))
    return pieces


def _anchor(old: Sequence[str], piece: Sequence[str], index: dict[str, list[int]], *, at_end: bool) -> int | None:
    """The old line at which a piece begins, or after which it ends; None when that is not certain."""
    solid = [at for at, line in enumerate(piece) if line.strip()]
    size = _CONTEXT
    while size <= len(solid):
        part = solid[-size:] if at_end else solid[:size]
        run = list(piece[part[0] : part[-1] + 1])
        found = runs(old, run, index)
        if not found:
            return None
        if len(found) == 1 and sum(len(line.strip()) for line in run) >= _LEAST_CHARS:
            return found[0] + len(run) if at_end else found[0]
        size += 1
    return None


def _check_lost(path: str, gap: Sequence[str], new: Sequence[str], mark: str) -> None:
    """Refuse when what a placeholder would bring back stands in the new text already.

    Raises:
        RefusedError: It does.
    """
    telling = [line for line in gap if len(line.strip()) >= _LEAST_CHARS]
    there = set(new)
    if telling and sum(line in there for line in telling) > len(telling) // 2:
        raise _uncertain(path, mark)


def _uncertain(path: str, line: str) -> RefusedError:
    detail = f"{line.strip()!r} stands for code that was left out, and it is not certain which"
    return RefusedError(Refusal("placeholder", path, detail))
