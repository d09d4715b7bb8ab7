"""The prose and the fenced blocks of a model's answer, without what it thought aloud."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_factory.editing.texts import split_lines

__all__ = ["Fence", "fences_of", "without_thinking"]

_OPEN: Final = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_THOUGHT: Final = r"(?:think|thinking|thought|thoughts|reasoning)"
_THOUGHT_OPENS: Final = re.compile(rf"\s*<{_THOUGHT}>", re.IGNORECASE)
_THOUGHT_ENDS: Final = re.compile(rf"</{_THOUGHT}>", re.IGNORECASE)


@dataclass(slots=True)
class Fence:
    """A fenced block."""

    info: str
    """What stands behind the fence."""
    before: str
    """The last line of prose above it that is not blank."""
    lines: list[str] = field(default_factory=list[str])
    closed: bool = False
    """Whether its end was written."""

    @property
    def language(self) -> str:
        """The first word behind the fence, in lower case; empty when it is a path or nothing."""
        word = re.split(r"[\s:{,]", self.info.strip(), maxsplit=1)[0]
        return "" if "/" in word or "." in word or "=" in word else word.lower()


def without_thinking(text: str) -> str | None:
    """The answer without what was thought aloud before it; None when the thinking never ends.

    Thoughts between later prose are left to `fences_of`.
    """
    opened = _THOUGHT_OPENS.match(text)
    if opened:
        ended = _THOUGHT_ENDS.search(text, opened.end())
        return None if ended is None else without_thinking(text[ended.end() :])
    # Templates that open the thought in the prompt leave only its end in the answer.
    for line in re.finditer(rf"^[ \t]*</{_THOUGHT}>[ \t]*\n?", text, re.IGNORECASE | re.MULTILINE):
        head = text[: line.start()]
        if not re.search(rf"^\s*<{_THOUGHT}>", head, re.IGNORECASE | re.MULTILINE) and head.count("```") % 2 == 0:
            return text[line.end() :]
        break
    return text


def fences_of(text: str, known_fences: Collection[str] = ()) -> tuple[list[Fence], list[str]]:
    """The fenced blocks of an answer, and its lines of prose.

    Args:
        text: The answer without what was thought before it.
        known_fences: Lines of the files at hand that look like a fence, stripped. Where there are any, a fence inside a
            block may belong to the file, and the block ends at the first that the files do not hold, else at the last
            that can be its end.
    """
    lines = split_lines(text)
    found: list[Fence] = []
    prose: list[str] = []
    at = 0
    while at < len(lines):
        if _THOUGHT_OPENS.match(lines[at]):
            at = _after_thought(lines, at)
            continue
        opened = _OPEN.match(lines[at])
        if opened is None:
            prose.append(lines[at])
            at += 1
            continue
        end = _end_of(lines, at, opened, known_fences)
        before = next((line for line in reversed(prose) if line.strip()), "")
        content = lines[at + 1 : end]
        indent = opened["indent"]
        if indent and all(line.startswith(indent) or not line.strip() for line in content):
            content = [line[len(indent) :] for line in content]
        found.append(Fence(opened["info"].strip(), before, content, closed=end < len(lines)))
        prose.append("")
        at = end + 1
    return found, prose


def _after_thought(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not _THOUGHT_ENDS.search(lines[at]):
        at += 1
    return at + 1


def _end_of(lines: Sequence[str], at: int, opened: re.Match[str], known_fences: Collection[str]) -> int:
    """The line of the fence that ends a block; the number of lines when there is none."""
    fence, indent = opened["fence"], opened["indent"]
    nested = 0
    ends: list[int] = []
    for number in range(at + 1, len(lines)):
        line = _OPEN.match(lines[number])
        if line is None or line["fence"][0] != fence[0] or len(line["fence"]) < len(fence):
            continue
        if len(line["indent"]) > len(indent) + 1:
            continue  # A fence that is indented further belongs to the text inside.
        if line["info"].strip():
            if ends and not nested:
                break  # Another block begins.
            nested += 1
        elif nested:
            nested -= 1
        else:
            if lines[number].strip() not in known_fences:
                return number
            ends.append(number)
    if not ends:
        return len(lines)
    return ends[-1] if len(ends) % 2 else ends[0]
