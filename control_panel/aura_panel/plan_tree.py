"""The items of a plan as a tree, as a board, and narrowed by a filter. Nothing here draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from aura_shared.messages.plan_items import ItemRow
from aura_shared.messages.plan_progress import ProgressRow

__all__ = [
    "CLOSED",
    "MOST_ROWS",
    "Box",
    "Branch",
    "board_of",
    "boxes_of",
    "chosen_of",
    "key_of",
    "section_with",
    "tree_of",
]

MOST_ROWS: Final = 1000
"""More rows make a table slow; the filter finds the others."""
CLOSED: Final = frozenset({"approved", "complete", "done", "cancelled"})
_STATUSES: Final = (
    "in-progress", "current", "draft", "todo", "future", "", "approved", "done", "complete", "cancelled",
)  # fmt: skip
_KINDS: Final = frozenset({"prd", "architecture", "epic", "story", "task"})
_BOX_SIGNS: Final = {"[ ]": False, "[x]": True, "[X]": True}


class Branch(NamedTuple):
    """An item in the tree."""

    item: ItemRow
    """The item."""
    depth: int
    """How many items it lies in."""
    parts: int
    """How many items lie in it."""
    folded: bool
    """Whether these are hidden."""


class Box(NamedTuple):
    """A checkbox in the text of an item."""

    section: str
    """Title of the section that it stands in."""
    number: int
    """Its line within that section, from 0."""
    text: str
    """What it says."""
    ticked: bool
    """Whether it is ticked."""


def key_of(item: ItemRow | ProgressRow) -> str:
    """What a row of an item is called; a file of another layout has no identifier."""
    return item.id or item.path


def tree_of(items: Sequence[ItemRow], folded: Collection[str] = ()) -> list[Branch]:
    """Items below what they belong to, in the order of the plan; what belongs to nothing that is here is at the top."""
    names = {name: key_of(item) for item in items for name in (item.alias, item.id, item.path) if name}
    below: dict[str, list[ItemRow]] = {}
    for item in items:
        parent = names.get(item.parent, "")
        below.setdefault("" if parent == key_of(item) else parent, []).append(item)
    found: list[Branch] = []
    seen: set[str] = set()
    for top in _tops(items, below):
        _grow(top, below, folded, found, seen)
    return found


def _tops(items: Sequence[ItemRow], below: Mapping[str, list[ItemRow]]) -> list[ItemRow]:
    """Where the tree begins; items that lie in one another in a circle begin at the first of them."""
    tops = list(below.get("", []))
    reached: set[str] = set()
    waiting = list(tops)
    while waiting:
        key = key_of(waiting.pop())
        if key not in reached:
            reached.add(key)
            waiting += below.get(key, [])
    return [*tops, *(item for item in items if key_of(item) not in reached)]


def _grow(
    top: ItemRow, below: Mapping[str, list[ItemRow]], folded: Collection[str], found: list[Branch], seen: set[str]
) -> None:
    waiting = [(top, 0)]
    while waiting:
        item, depth = waiting.pop()
        key = key_of(item)
        if key in seen:
            continue
        seen.add(key)
        parts = below.get(key, [])
        is_folded = key in folded and bool(parts)
        found.append(Branch(item, depth, len(parts), is_folded))
        if is_folded:
            seen.update(_inside(key, below))
        else:
            waiting += [(part, depth + 1) for part in reversed(parts)]


def _inside(key: str, below: Mapping[str, list[ItemRow]]) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        for part in below.get(waiting.pop(), []):
            if key_of(part) not in found:
                found.add(key_of(part))
                waiting.append(key_of(part))
    return found


def board_of(items: Sequence[ItemRow]) -> list[tuple[str, list[ItemRow]]]:
    """Epics, stories and tasks by status, what is worked on first."""
    groups: dict[str, list[ItemRow]] = {}
    for item in items:
        groups.setdefault(item.status, []).append(item)
    return [(status, groups[status]) for status in sorted(groups, key=_rank)]


def _rank(status: str) -> int:
    return _STATUSES.index(status) if status in _STATUSES else len(_STATUSES)


def chosen_of(items: Sequence[ItemRow], progress: Mapping[str, ProgressRow], words: str) -> list[ItemRow]:
    """Items that fit every word: a kind, a status, `open`, `red`, `green`, `!` for a contradiction, or part of a name.

    What the found items belong to is found as well, so that they stay in their place.
    """
    wanted = words.casefold().split()
    if not wanted:
        return list(items)
    known = {item.status for item in items}
    fitting = [item for item in items if all(_fits(item, progress.get(key_of(item)), word, known) for word in wanted)]
    return _with_parents(items, fitting)


def _with_parents(items: Sequence[ItemRow], fitting: Sequence[ItemRow]) -> list[ItemRow]:
    names = {name: item for item in items for name in (item.alias, item.id, item.path) if name}
    kept: set[str] = set()
    for item in fitting:
        at: ItemRow | None = item
        while at is not None and key_of(at) not in kept:
            kept.add(key_of(at))
            at = names.get(at.parent)
    return [item for item in items if key_of(item) in kept]


def _fits(item: ItemRow, progress: ProgressRow | None, word: str, statuses: Collection[str]) -> bool:
    if word in _KINDS:
        return item.kind == word
    if word == "open":
        return item.status not in CLOSED
    if word in statuses or word in _STATUSES:
        return item.status == word
    if word in {"red", "green"}:
        return item.tests == word
    if word == "!":
        return item.findings > 0 or (progress is not None and bool(progress.contradictions))
    return word in f"{item.id} {item.alias} {item.title} {item.path}".casefold()


def boxes_of(text: str) -> list[Box]:
    """The checkboxes of an item's text that can be ticked: those below a heading of the second level."""
    found: list[Box] = []
    for title, lines in _sections(text):
        for number, line in enumerate(lines):
            words = line.lstrip()
            if words[:2] in {"- ", "* "} and words[2:5] in _BOX_SIGNS:
                found.append(Box(title, number, words[6:].strip(), _BOX_SIGNS[words[2:5]]))
    return found


def section_with(text: str, box: Box) -> str:
    """The words of a section in which a box is ticked, or is not any more."""
    lines = next(lines for title, lines in _sections(text) if title == box.section)
    line = lines[box.number]
    at = line.index("[")
    lines[box.number] = f"{line[: at + 1]}{' ' if box.ticked else 'x'}{line[at + 2 :]}"
    return "\n".join(lines)


def _sections(text: str) -> list[tuple[str, list[str]]]:
    """Titles of the second level, each with the lines below it; what stands before the first is left out."""
    found: list[tuple[str, list[str]]] = []
    fence = ""
    for line in text.splitlines():
        mark = line.lstrip()[:3]
        if mark in {"```", "~~~"}:
            fence = "" if mark == fence else fence or mark
        if line.startswith("## ") and not fence:
            found.append((line[3:].strip(), []))
        elif found:
            found[-1][1].append(line)
    return found
