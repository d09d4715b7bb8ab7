"""Lists of checkboxes in Markdown: each box is a task, and the rest of the file is kept with a mark where it stood."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.exchanging.texts import cut_title, joined, tidy
from aura_planning.exchanging.tree import SourceText
from aura_planning.items.markdown import outside_code
from aura_planning.parsing.contract import Document
from aura_planning.parsing.parsing import parse_document

__all__ = [
    "Box",
    "box_of",
    "every_box",
    "fitting",
    "full_text",
    "head_of",
    "mark_of",
    "parsed_boxes",
    "put_back",
    "split_text",
    "titled",
    "written_box",
]

_BOX: Final = re.compile(r"(?P<head>\s*(?:[-*+]|\d+[.)])\s+\[)(?P<state>.)(?P<tail>\]\*?\s*)(?P<text>.*)\Z")
_BULLET: Final = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\S")
_MARK: Final = re.compile(r"\s*<!-- aura: (?P<key>\S+) -->\s*\Z")


@dataclass(frozen=True, slots=True)
class Box:
    """One box."""

    state: str
    """The character in it."""
    text: str
    """Its words and what stands below it, without the indentation."""
    first: int
    last: int
    """Lines, counted from 1."""
    margin: str = ""
    """The indentation."""
    above: int | None = None
    """Index among the boxes of the one that it stands under."""
    needs: tuple[int, ...] = ()
    """First lines of what has to be done before, because the document says so."""


def box_of(line: str) -> re.Match[str] | None:
    """A line that begins a box."""
    return _BOX.match(line)


def parsed_boxes(source: SourceText) -> list[Box]:
    """The boxes that are tasks: of criteria, metrics and the like are none, as the parser of documents sees it."""
    document = parse_document(source.text.encode(), source.path)
    tasks = {one.source.first for one in document.items if one.kind == "task"}
    return _boxes(source, document, tasks)


def every_box(source: SourceText) -> list[Box]:
    """Every box outside of code, for a file in which each one is a task whatever its heading says."""
    return _boxes(source, parse_document(source.text.encode(), source.path), None)


def _boxes(source: SourceText, document: Document, only: set[int] | None) -> list[Box]:
    lines = source.lines
    starts = [
        number + 1 for number, line in outside_code(lines) if _BOX.match(line) and (only is None or number + 1 in only)
    ]
    needs = {
        one.source.first: tuple(document.items[need.item].source.first for need in one.depends_on)
        for one in document.items
        if one.depends_on
    }
    found: list[Box] = []
    for at, first in enumerate(starts):
        line = lines[first - 1]
        match = _BOX.match(line)
        assert match is not None
        margin = line[: len(line) - len(line.lstrip())]
        last = _last(lines, first, len(margin), starts[at + 1] if at + 1 < len(starts) else len(lines) + 1)
        above = next((n for n in range(len(found) - 1, -1, -1) if len(found[n].margin) < len(margin)), None)
        if above is not None and not _joined(lines, found[above].first, first, len(found[above].margin)):
            above = None
        text = tidy("\n".join([match["text"], *_dedented(lines[first:last])]))
        found.append(Box(match["state"], text, first, last, margin, above, needs.get(first, ())))
    return found


def _last(lines: Sequence[str], first: int, margin: int, stop: int) -> int:
    """The last line that belongs to a box: what is indented deeper, before the next one."""
    last = first
    for number in range(first, min(stop - 1, len(lines))):
        line = lines[number]
        if not line.strip():
            continue
        if len(line) - len(line.lstrip()) <= margin:
            break
        last = number + 1
    return last


def _joined(lines: Sequence[str], above: int, first: int, margin: int) -> bool:
    """Whether everything between two boxes is indented deeper than the upper one."""
    between = (line for line in lines[above : first - 1] if line.strip())
    return all(len(line) - len(line.lstrip()) > margin for line in between)


def _dedented(lines: Sequence[str]) -> list[str]:
    margins = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    margin = min(margins, default=0)
    return [line[margin:].rstrip() for line in lines]


def mark_of(key: str) -> str:
    """A line that says where an item stood."""
    return f"<!-- aura: {key} -->"


def put_back(text: str, blocks: Mapping[str, str]) -> tuple[str, set[str]]:
    """A text whose marks are replaced by what stood there, and the keys that were found.

    Args:
        text: With marks.
        blocks: What stands at each.
    """
    out: list[str] = []
    seen: set[str] = set()
    for line in text.split("\n"):
        match = _MARK.match(line)
        if match is None:
            out.append(line)
        elif match["key"] in blocks:
            seen.add(match["key"])
            margin = line[: len(line) - len(line.lstrip())]
            out += [f"{margin}{one}".rstrip() for one in blocks[match["key"]].split("\n")]
    return "\n".join(out), seen


def split_text(text: str) -> tuple[str, str]:
    """Title and text of an item for the words of a box: its first paragraph is the title."""
    return titled(*head_of(text))


def head_of(text: str) -> tuple[str, str]:
    """The first paragraph of the words of a box, on one line, and the rest."""
    lines = tidy(text).split("\n")
    size = next((at for at, line in enumerate(lines) if at and (not line.strip() or _BULLET.match(line))), len(lines))
    return joined(" ".join(lines[:size])), tidy("\n".join(lines[size:]))


def titled(head: str, rest: str) -> tuple[str, str]:
    """Title and text for a first paragraph and the rest; one that is too long for a title is in the text as well."""
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
    found = every_box(SourceText("tasks.md", whole.split("\n")))
    same = len(found) == 2 and split_text(found[0].text.removeprefix("X1 ")) == (joined(title), body)
    return body if same else ""


def written_box(state: str, text: str) -> str:
    """A box with its words, what belongs to it indented."""
    first, *rest = text.split("\n")
    return "\n".join([f"- [{state}] {first}", *(f"  {line}" if line.strip() else "" for line in rest)])
