"""Numbers of versions that both sides raised: the higher one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from aura_git.conflicts.blocks import Block

__all__ = ["higher_version"]

_NUMBER: Final = re.compile(
    r"(?<![\w.])(?:v(?=\d))?(?P<parts>\d+(?:\.\d+)+)"
    r"(?P<stage>[-.+]?(?:dev|rc|alpha|beta|a|b|pre|post|next|canary|snapshot)[-.]?\d*(?:\.\d+)*)?(?!\w)",
    re.IGNORECASE,
)
_SURE_PARTS: Final = 3
"""A number of two parts may be any number, unless the lines speak of a version."""
_WORD: Final = re.compile(r"version|release", re.IGNORECASE)


class _Version(NamedTuple):
    parts: tuple[int, ...]
    rank: int
    """A release comes after its previews, and before what is marked as later."""
    stage: tuple[str, tuple[int, ...]]


def higher_version(block: Block) -> Sequence[str] | None:
    """The side with the higher version; None unless versions are all that the three differ in."""
    texts = ["".join(lines) for lines in (block.ours, block.base, block.theirs)]
    shapes = {"".join(_NUMBER.sub("\0", text).split()) for text in texts}
    ours, base, theirs = (_versions(text) for text in texts)
    if len(shapes) != 1 or not base or ours == theirs:
        return None
    if not _WORD.search(texts[1]) and any(len(version.parts) < _SURE_PARTS for version in base):
        return None
    pairs = list(zip(ours, theirs, strict=True))
    if all(mine >= other for mine, other in pairs):
        return block.ours
    return block.theirs if all(mine <= other for mine, other in pairs) else None


def _versions(text: str) -> list[_Version]:
    return [_version(found["parts"], found["stage"] or "") for found in _NUMBER.finditer(text)]


def _version(parts: str, stage: str) -> _Version:
    word = "".join(letter for letter in stage.lower() if letter.isalpha())
    rank = 1 if not word else 2 if word == "post" else 0
    numbers = tuple(int(number) for number in re.findall(r"\d+", stage))
    return _Version(tuple(map(int, parts.split("."))), rank, (word, numbers))
