"""Lists of checkboxes in Markdown: each box is a task, and the rest of the file is kept with a mark where it stood."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.exchanging.texts import cut_title, joined, tidy
from aura_planning.parsing.contract import Item
from aura_planning.parsing.parsing import parse_document

__all__ = [
    "Box",
    "Marked",
    "box_of",
    "fitting",
    "full_text",
    "mark_of",
    "parsed_boxes",
    "put_back",
    "split_text",
    "written_box",
]

_BOX: Final = re.compile(r"(?P<head>\s*(?:[-*+]|\d+[.)])\s+\[)(?P<state>.)(?P<tail>\]\*?\s*)(?P<text>.*)\Z")
_BULLET: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\S")
_MARK: Final = re.compile(r"\s*<!-- aura: (?P<key>\S+) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Box:
    """One box."""

    item: Item
    """As it was understood."""
    state: str
    """The character in it."""
    text: str
    """Its words and what stands below it, without the indentation."""
    first: int
    last: int
    """Lines, counted from 1."""
    above: int | None = None
    """Index among the boxes of the one that it stands under."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A file whose boxes are items."""

    boxes: tuple[Box, ...]
    needs: Mapping[int, int]
    """First line of every item of the document by its index, for dependencies."""


def box_of(line: str) -> re.Match[str] | None:
    """A line that begins a box."""
    return _BOX.match(line)


def parsed_boxes(data: bytes, path: str, lines: Sequence[str]) -> Marked:
    """The boxes that are tasks, as the parser of documents understands them."""
    document = parse_document(data, path)
    found: list[Box] = []
    number: dict[int, int] = {}
    for at, item in enumerate(document.items):
        first = item.source.first
        match = _BOX.match(lines[first - 1]) if item.kind == "task" and first <= len(lines) else None
        if match is None:
            continue
        inner = [one.source.first for one in document.items[at + 1 :] if one.parent == at and one.kind == "task"]
        last = min([item.source.last, *(line - 1 for line in inner)])
        above = number.get(item.parent) if item.parent is not None else None
        number[at] = len(found)
        below = _dedented(lines[first:last])
        found.append(Box(item, match["state"], tidy("\n".join([match["text"], *below])), first, last, above))
    return Marked(tuple(found), {at: item.source.first for at, item in enumerate(document.items)})


def _dedented(lines: Sequence[str]) -> list[str]:
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return [line[margin:].rstrip() for line in lines]


def mark_of(key: str) -> str:
    """A line that says where an item stood."""
    return f"<!-- aura: {key} -->"


def put_back(
    text: str, blocks: Mapping[str, str], *, before: Callable[[str], str] = lambda _key: ""
) -> tuple[str, set[str]]:
    """A text whose marks are replaced by what stood there, and the keys that were found.

    Args:
        text: With marks.
        blocks: What stands at each.
        before: The indentation of a block.
    """
    out: list[str] = []
    seen: set[str] = set()
    for line in text.split("\n"):
        match = _MARK.match(line)
        if match is None:
            out.append(line)
        elif match["key"] in blocks:
            seen.add(match["key"])
            out += [f"{before(match['key'])}{one}".rstrip() for one in blocks[match["key"]].split("\n")]
    return "\n".join(out), seen


def split_text(text: str) -> tuple[str, str]:
    """Title and text of an item for the words of a box: its first paragraph is the title."""
    lines = tidy(text).split("\n")
    size = next((at for at, line in enumerate(lines) if at and (not line.strip() or _BULLET.match(line))), len(lines))
    head, rest = joined(" ".join(lines[:size])), tidy("\n".join(lines[size:]))
    title, cut = cut_title(head)
    return title, "\n\n".join(part for part in (head if cut else "", rest) if part)


def full_text(title: str, text: str) -> str:
    """The words of a box again."""
    head, _, rest = text.partition("\n\n")
    if cut_title(head) == (title, True):
        return "\n".join(part for part in (head, rest) if part)
    return "\n".join(part for part in (title, text) if part)


def fitting(title: str, text: str) -> str:
    """The text as far as a box can hold it, so that it is read again as it was; empty where it cannot."""
    body = tidy(text)
    if not body:
        return ""
    block = written_box(" ", f"X1 {full_text(title, body)}")
    lines = ["# Tasks", "", block, "- [ ] X2 end"]
    whole = "\n".join(lines)
    found = parsed_boxes(whole.encode(), "tasks.md", whole.split("\n")).boxes
    same = len(found) == 2 and split_text(found[0].text.removeprefix("X1 ")) == (joined(title), body)
    return body if same else ""


def written_box(state: str, text: str) -> str:
    """A box with its words, what belongs to it indented."""
    first, *rest = text.split("\n")
    return "\n".join([f"- [{state}] {first}", *(f"  {line}" if line.strip() else "" for line in rest)])
