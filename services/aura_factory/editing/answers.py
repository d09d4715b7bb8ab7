"""What a model's answer holds: whole texts, or blocks of search and replace, each with the path it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_factory.editing.fences import Fence, fences_of, without_thinking
from aura_factory.editing.outcomes import Refusal, RefusedError
from aura_factory.editing.replacing import Block

__all__ = ["Code", "Replacement", "read_code", "read_replacements"]

_OPENS: Final = re.compile(
    r"(?P<indent>\s*)(?:<{4,9}|-{5,9}(?=\s*SEARCH))\s*(?P<word>SEARCH|ORIGINAL|HEAD|OLD|BEFORE|FIND)?\b[:\s]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_DIVIDES: Final = re.compile(r"\s*={5,9}\s*$")
_CLOSES: Final = re.compile(
    r"\s*(?:>{4,9}\s*(?:REPLACE|UPDATED|NEW|AFTER|MODIFIED|HEAD)?|\+{5,9}\s*REPLACE)\s*$", re.IGNORECASE
)
_LINE: Final = re.compile(r":?\s*(?:start_)?line[:\s]*(\d{1,6})\b|@@\s*-?(\d{1,6})", re.IGNORECASE)
_PATH: Final = re.compile(
    r"[^\s`*\"'<>|:;,()\[\]{}=]+\.[A-Za-z0-9]{1,8}\b|[^\s`*\"'<>|:;,()\[\]{}=]*/[^\s`*\"'<>|:;,()\[\]{}=]+"
)
_LABEL: Final = re.compile(
    r"\s*(?:#+|//|/\*|--|<!--|;)?\s*(?:(?:file(?:name|path)?|path)\s*[:=]\s*)?(?P<path>\S+?)\s*:?\s*(?:\*/|-->)?\s*$",
    re.IGNORECASE,
)
_SHELLS: Final = frozenset(
    {"bash", "sh", "shell", "console", "zsh", "powershell", "diff", "text", "output", "plaintext"}
)


@dataclass(frozen=True, slots=True)
class Code:
    """A text that a model wrote into a fence."""

    path: str
    """Path that it named, as it wrote it; empty when it named none."""
    lines: tuple[str, ...]
    closed: bool
    """Whether the end of the fence was written."""
    language: str
    """As it stands behind the fence, in lower case."""
    first_line: str = ""
    """The comment with the path that was taken off as the label; empty when there was none."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A block of search and replace."""

    path: str
    """Path that it named, as it wrote it; empty when it named none."""
    block: Block


def _prepared(answer: str, files: Mapping[str, str]) -> tuple[list[Fence], list[str]]:
    """The fences and the prose of an answer.

    Raises:
        RefusedError: Nothing is left of it without what the model thought.
    """
    text = without_thinking(answer.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff"))
    if text is None:
        raise RefusedError(Refusal("truncated", detail="the model was still thinking when its answer ended"))
    if not text.strip():
        raise RefusedError(Refusal("empty", detail="the answer is empty"))
    known = {
        line.strip() for one in files.values() for line in one.split("\n") if line.lstrip().startswith(("```", "~~~"))
    }
    return fences_of(text, known)


def read_code(answer: str, files: Mapping[str, str], is_known: Callable[[str], bool]) -> list[Code]:
    """The texts that an answer holds in fences, in its order; those of a shell are left out.

    Args:
        answer: What the model wrote.
        files: The files at hand, by path.
        is_known: Whether a path, as the model wrote it, names a file that it may write.

    Raises:
        RefusedError: The answer is empty, or holds no code.
    """
    fences, prose = _prepared(answer, files)
    codes = [_code(fence, is_known) for fence in fences if fence.language not in _SHELLS]
    codes = [code for code in codes if any(line.strip() for line in code.lines)]
    if not codes:
        found = "only prose" if any(line.strip() for line in prose) else "nothing"
        raise RefusedError(Refusal("no-edit", detail=f"expected code in a fence (```), found {found}"))
    return codes


def _code(fence: Fence, is_known: Callable[[str], bool]) -> Code:
    path = _label_of_fence(fence, is_known)
    lines, first = fence.lines, ""
    if lines:
        named = _labelled(lines[0], is_known, comment=True)
        if named and (not path or path == named):
            path, first, lines = named, lines[0], lines[1:]
            if lines and not lines[0].strip():
                lines = lines[1:]
    return Code(path, tuple(lines), fence.closed, fence.language, first)


def _label_of_fence(fence: Fence, is_known: Callable[[str], bool]) -> str:
    """The path in the line of the fence, or in the line above it."""
    for word in _PATH.findall(fence.info):
        return word
    named = _labelled(fence.before.strip("*#` :"), is_known, comment=False)
    if named:
        return named
    paths = {word for word in re.findall(r"`([^`\s]+)`", fence.before) if _PATH.fullmatch(word)}
    known = {word for word in paths if is_known(word)}
    return known.pop() if len(known) == 1 else ""


def _labelled(line: str, is_known: Callable[[str], bool], *, comment: bool) -> str:
    """The path that a line consists of; empty when it is something else."""
    match = _LABEL.fullmatch(line)
    if match is None or (comment and not re.match(r"\s*(?:#|//|/\*|--|<!--|;)", line)):
        return ""
    path = match["path"].strip("`*\"'")
    if not _PATH.fullmatch(path):
        return ""
    return path if not comment or is_known(path) else ""


def read_replacements(answer: str, files: Mapping[str, str], is_known: Callable[[str], bool]) -> list[Replacement]:
    """The blocks of search and replace that an answer holds, in its order.

    Args:
        answer: What the model wrote.
        files: The files at hand, by path.
        is_known: Whether a path, as the model wrote it, names a file that it may write.

    Raises:
        RefusedError: The answer is empty, holds no block, or one that is not complete.
    """
    fences, prose = _prepared(answer, files)
    found: list[Replacement] = []
    path = ""
    for fence in fences:
        if any(_OPENS.match(line) for line in fence.lines):
            path = _label_of_fence(fence, is_known) or path
            found.extend(_Reader(fence.lines, path, is_known, closed=fence.closed).blocks())
    if not found and any(_OPENS.match(line) for line in prose):
        found.extend(_Reader(prose, "", is_known, closed=False).blocks())
    if not found:
        raise RefusedError(
            Refusal("no-edit", detail="expected blocks from <<<<<<< SEARCH to >>>>>>> REPLACE, found none")
        )
    return found


class _Reader:
    """Reads the blocks of one fence."""

    def __init__(self, lines: Sequence[str], path: str, is_known: Callable[[str], bool], *, closed: bool) -> None:
        self._lines = lines
        self._path = path
        self._is_known = is_known
        self._closed = closed

    def blocks(self) -> list[Replacement]:
        """The blocks.

        Raises:
            RefusedError: One is not complete.
        """
        found: list[Replacement] = []
        last = ""
        at = 0
        while at < len(self._lines):
            opened = _OPENS.match(self._lines[at])
            if opened is None:
                last = self._lines[at] if self._lines[at].strip() else last
                at += 1
                continue
            self._path = self._label(last) or self._path
            end = self._end(at)
            found.append(Replacement(self._path, self._block(at, end, opened)))
            last = ""
            at = end + 1
        return found

    def _label(self, line: str) -> str:
        bare = line.strip().strip("*`# ")
        return _labelled(bare, self._is_known, comment=False) or _labelled(line, self._is_known, comment=True)

    def _end(self, at: int) -> int:
        """The line that ends a block: its own mark, or the end of the fence where the mark was forgotten.

        Raises:
            RefusedError: It never ends, or another begins inside.
        """
        for number in range(at + 1, len(self._lines)):
            if _CLOSES.match(self._lines[number]):
                bare = not any(map(str.isalpha, self._lines[number]))
                if bare and not self._closed and number == len(self._lines) - 1:
                    break  # Cut in the middle of its mark.
                return number
            if _OPENS.match(self._lines[number]) and _DIVIDES.match(self._lines[number]) is None:
                break
        else:
            if self._closed:
                return len(self._lines)
        raise RefusedError(Refusal("malformed", self._path, "a block has no end: >>>>>>> REPLACE is missing"))

    def _block(self, at: int, end: int, opened: re.Match[str]) -> Block:
        lines = list(self._lines[at + 1 : end])
        dividers = [number for number, line in enumerate(lines) if _DIVIDES.match(line)]
        if len(dividers) > 1:
            dividers = [number for number in dividers if lines[number].strip() == "======="]
        if len(dividers) != 1:
            raise RefusedError(
                Refusal("malformed", self._path, f"a block needs one line ======= in the middle, found {len(dividers)}")
            )
        sought, wanted = lines[: dividers[0]], lines[dividers[0] + 1 :]
        hint = _LINE.search(opened["rest"])
        if hint is None and sought and sought[0].startswith(":start_line"):
            hint = _LINE.search(sought[0])
            sought = sought[1:]
            if sought and re.match(r"-{3,}\s*$", sought[0]):
                sought = sought[1:]
        indent = opened["indent"]
        if indent and all(line.startswith(indent) or not line.strip() for line in [*sought, *wanted]):
            sought, wanted = ([line[len(indent) :] for line in part] for part in (sought, wanted))
        line = int(hint[1] or hint[2]) if hint else 0
        return Block(tuple(sought), tuple(wanted), line)
