"""Changes of one item's file: its fields, its title, a section, a line of its log. Everything else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.items.frontmatter import Value, read_front_matter, remove_key, set_key
from aura_planning.items.markdown import Heading, headings, section_end
from aura_planning.items.model import FIELDS, Item
from aura_planning.items.text import Text, ending, read_text, without_end
from aura_shared.errors import EditRefused

__all__ = ["add_to_section", "parent_key", "set_fields", "set_section", "set_title", "write_section"]

_BARE: Final = re.compile(r"[^a-z0-9]+")


def set_fields(data: bytes, fields: Mapping[str, Value | None]) -> bytes:
    """A file with other fields in its front matter.

    Args:
        data: The file.
        fields: Keys and what they shall say; None takes a key out.

    Raises:
        EditRefused: The front matter is written in a way that is not edited.
    """
    text = read_text(data)
    for key, value in fields.items():
        text = remove_key(text, key) if value is None else set_key(text, key, value, FIELDS)
    return text.data()


def parent_key(data: bytes, item: Item) -> str:
    """The key that a file names its parent with, or would."""
    front = read_front_matter(read_text(data))
    return next(
        (key for key in ("epic", "parent") if any(entry.key == key for entry in front.entries)),
        "epic" if item.kind == "story" else "parent",
    )


def set_title(data: bytes, title: str) -> bytes:
    """A file with another title, where the old one stands: in the front matter, else in its first heading.

    Raises:
        EditRefused: The title has line ends, or the front matter is not edited.
    """
    if len(title.splitlines()) != 1 or not title.strip():
        raise EditRefused("a title is one line of text")
    text = read_text(data)
    front = read_front_matter(text)
    marks = headings(text.lines, front.body)
    if front.text("title") or not any(mark.level == 1 for mark in marks):
        return set_key(text, "title", title, FIELDS).data()
    mark = next(mark for mark in marks if mark.level == 1)
    line = text.lines[mark.line]
    begin = line.find(mark.title) if mark.title else -1
    changed = f"# {title}{ending(line)}" if begin < 0 else f"{line[:begin]}{title}{line[begin + len(mark.title) :]}"
    return text.with_lines([*text.lines[: mark.line], changed, *text.lines[mark.line + 1 :]]).data()


def write_section(data: bytes, title: str) -> str:
    """What a section says now; empty when there is none."""
    text = read_text(data)
    place = _find(text, title)
    return "" if place is None else "".join(text.lines[place[0].line + place[0].lines : place[1]]).strip("\r\n")


def set_section(data: bytes, title: str, words: str) -> bytes:
    """A file whose section says something else; a section that is not there is added at the end."""
    text = read_text(data)
    end = text.end
    lines = [f"{line}{end}" for line in words.strip("\r\n").splitlines()]
    place = _find(text, title)
    if place is None:
        return _with_new_section(text, title, lines).data()
    mark, stop = place
    body = list(text.lines[mark.line + mark.lines : stop])
    blank = end if stop < len(text.lines) and (not body or not body[-1].strip()) else ""
    head = text.lines[mark.line + mark.lines - 1]
    first = [head if ending(head) else head + end]
    new = [*text.lines[: mark.line + mark.lines - 1], *first, end, *lines, *([blank] if blank else [])]
    return text.with_lines([*new, *text.lines[stop:]]).data()


def add_to_section(data: bytes, title: str, line: str) -> bytes:
    """A file with one more line at the end of a section; one that is not there is added at the end of the file."""
    text = read_text(data)
    end = text.end
    place = _find(text, title)
    if place is None:
        return _with_new_section(text, title, [f"{line}{end}"]).data()
    mark, stop = place
    last = stop
    while last > mark.line + mark.lines and not text.lines[last - 1].strip():
        last -= 1
    before = list(text.lines[:last])
    if not ending(before[-1]):
        before[-1] += end
    gap = [end] if last == mark.line + mark.lines else []
    return text.with_lines([*before, *gap, f"{line}{end}", *text.lines[last:]]).data()


def _find(text: Text, title: str) -> tuple[Heading, int] | None:
    """A section by its title, and the index after it.

    Raises:
        EditRefused: Several have this title.
    """
    marks = headings(text.lines, read_front_matter(text).body)
    found = [n for n, mark in enumerate(marks) if mark.level > 1 and _bare(mark.title) == _bare(title)]
    if len(found) > 1:
        lines = ", ".join(str(marks[n].line + 1) for n in found)
        raise EditRefused(f"several sections are called {title!r}: lines {lines}")
    return (marks[found[0]], section_end(marks, found[0], text.lines)) if found else None


def _with_new_section(text: Text, title: str, lines: Sequence[str]) -> Text:
    end = text.end
    before = list(text.lines)
    if before and not ending(before[-1]):
        before[-1] += end
    if before and without_end(before[-1]).strip():
        before.append(end)
    return text.with_lines([*before, f"## {title}{end}", end, *lines])


def _bare(title: str) -> str:
    return _BARE.sub("", title.casefold())
