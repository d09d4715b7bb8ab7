"""What is put into a prompt: one line, words of a person, a list, or code of a repository as fenced data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aura_shared.security import make_visible

__all__ = ["Block", "InputType", "Value", "estimate_tokens", "is_empty", "write_value"]

InputType = Literal["line", "text", "list", "code"]
"""`line`: folded to one line. `text`: several lines of prose. `list`: one line each. `code`: fenced, and data only."""
BYTES_PER_TOKEN: Final = 3.0
"""Code has about 3.2 to 3.6 bytes a token with the tokenizers of common local models; too few is the safe side."""
_LONGEST_LINE: Final = 2000
_TICKS: Final = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """Code or other text of a repository. It is fenced, so that nothing in it reads as part of the prompt."""

    title: str
    """What it is, in one line: `src/app.py:10-40`."""
    text: str
    """The lines."""
    language: str = ""
    """Identifier of its language."""

    def fenced(self) -> str:
        """The block as the model reads it: title, fence, text with hidden characters made visible, fence."""
        text = make_visible(self.text.replace("\r\n", "\n")).rstrip("\n")
        longest = max((len(run) for run in _TICKS.findall(text)), default=2)
        fence = "`" * (longest + 1)
        return f"{one_line(self.title)}\n{fence}{one_line(self.language)}\n{text}\n{fence}"


Value: TypeAlias = "str | Sequence[str] | Block | Sequence[Block]"
"""`str` for a line or a text, texts for a list, blocks for code."""


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes; on the safe side for code."""
    return int(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN) + 1


def one_line(text: str) -> str:
    """A text folded to one line, with hidden characters made visible, at most 2,000 characters."""
    return make_visible(" ".join(text.split()))[:_LONGEST_LINE]


def is_empty(value: Value | None) -> bool:
    """Whether there is nothing to show."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (not isinstance(value, Block) and not value)


def write_value(kind: InputType, value: Value) -> str:
    """A value as it stands in the prompt.

    Raises:
        TypeError: It is not what an input of this type takes.
    """
    if kind == "code":
        return _write_code(value)
    if kind == "list":
        if isinstance(value, str | Block) or not all(isinstance(item, str) for item in value):
            raise TypeError("a list of texts is expected")
        return "\n".join(f"- {one_line(item)}" for item in value if isinstance(item, str))
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return one_line(value) if kind == "line" else make_visible(value.replace("\r\n", "\n")).strip()


def _write_code(value: Value) -> str:
    if isinstance(value, Block):
        return value.fenced()
    if isinstance(value, str):
        raise TypeError("a block or a list of blocks is expected")
    blocks: list[str] = []
    for item in value:
        if not isinstance(item, Block):
            raise TypeError("a block or a list of blocks is expected")
        blocks.append(item.fenced())
    return "\n\n".join(blocks)
