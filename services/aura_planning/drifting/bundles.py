"""A document as something that can be merged: its epics, stories and tasks as entries, each with a key that lasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast

from aura_planning.exchanging.contract import Bundle, Entry, FormatName, kind_named, problem
from aura_planning.exchanging.texts import cut_title, tidy
from aura_planning.items.amounts import effort_of
from aura_planning.items.layout import slug
from aura_planning.items.model import Kind, Severity
from aura_planning.items.statuses import INITIAL
from aura_planning.parsing.contract import Document, Item
from aura_planning.parsing.names import key_of

__all__ = ["COVERS", "CRITERIA", "FORM", "LINK", "STATUSES", "bundle_of", "natural_key"]

FORM: Final = cast("FormatName", "document")
LINK: Final = "document:"
"""How the source of an item that a document gave begins."""
CRITERIA: Final = "Acceptance criteria"
COVERS: Final = "covers"
STATUSES: Final[Mapping[Kind, Mapping[str, str]]] = {
    "epic": {"in-progress": "current", "done": "complete", "cancelled": "cancelled"},
    "story": {"in-progress": "in-progress", "done": "complete", "cancelled": "cancelled"},
    "task": {"in-progress": "in-progress", "done": "done", "cancelled": "cancelled"},
}
"""What the claims of a document are called here; `blocked` and `deferred` are no statuses of the plan."""
_CODE: Final = re.compile(r"`[^`\n]+`")
_MOST_ALIAS: Final = 100


def natural_key(item: Item) -> str:
    """What an item of a document is called: its id, else the words of its title."""
    name = key_of(item.alias) if item.alias else slug(item.title)
    return f"{item.kind}:{name or 'untitled'}"


def bundle_of(document: Document, path: str, *, claims: bool) -> tuple[Bundle, list[str]]:
    """A document as entries; what is claimed and not taken over is told.

    Args:
        document: As the parser read it.
        path: Of the document.
        claims: Whether what it says of states counts for stories, epics and what belongs to them.
    """
    bundle = Bundle(FORM, path)
    keys: dict[int, str] = {}
    seen: dict[str, int] = {}
    for at, item in enumerate(document.items):
        if kind_named(item.kind) is None:
            continue
        key = natural_key(item)
        seen[key] = seen.get(key, 0) + 1
        keys[at] = key if seen[key] == 1 else f"{key}~{seen[key]}"
    held = 0
    for at, item in enumerate(document.items):
        kind = kind_named(item.kind)
        if kind is None:
            continue
        entry = _entry(document.items, item, kind, keys, at, path)
        wanted = STATUSES[kind].get(item.status, INITIAL[kind])
        free = claims or wanted == INITIAL[kind] or (kind == "task" and not _in_story(document.items, item))
        entry.status = wanted if free else INITIAL[kind]
        held += not free
        bundle.entries.append(entry)
    for one in document.findings:
        bundle.findings.append(problem(one.code, f"{one.message}", path, one.line, _severity(one.severity)))
    told = f"{held} things are said to be begun, finished or cancelled; gates hold that back until it is recorded"
    return bundle, [told] if held else []


def _severity(written: Severity) -> Severity:
    """Errors of a document do not stop the merge of what could be read."""
    return "warning" if written == "error" else written


def _entry(items: Sequence[Item], item: Item, kind: Kind, keys: Mapping[int, str], at: int, path: str) -> Entry:
    title, cut = cut_title(item.title or item.alias)
    parent = item.parent
    while parent is not None and parent not in keys:
        parent = items[parent].parent
    entry = Entry(
        keys[at], kind, title, path, item.source.first, alias=item.alias[:_MOST_ALIAS],
        parent=keys[parent] if parent is not None else "",
        depends_on=list(dict.fromkeys(keys[need.item] for need in item.depends_on if need.item in keys)),
        priority=item.priority[:40], text=_words(item, whole=cut),
    )  # fmt: skip
    amount = effort_of(item.estimate) if item.estimate else None
    entry.estimate = amount.points if amount is not None and not amount.hours else None
    covered = tuple(dict.fromkeys(one.written for one in item.requirements))
    if covered:
        entry.extra[COVERS] = covered
    return entry


def _words(item: Item, *, whole: bool) -> str:
    """The text of an item: what the document says, and its criteria."""
    parts = [item.title] if whole else []
    named = dict.fromkeys(one for one in _CODE.findall(item.source.quote) if one not in item.text)
    if named:  # a title has no marks, and what is marked as code in it is what the item is about
        parts.append(f"Names {', '.join(named)}.")
    if tidy(item.text):
        parts.append("\n".join(_plain(line) for line in tidy(item.text).split("\n")))
    if item.criteria:
        lines = "\n".join(f"- {' '.join(one.text.split())}" for one in item.criteria)
        parts.append(f"## {CRITERIA}\n\n{lines}")
    return "\n\n".join(parts)


def _plain(line: str) -> str:
    """A line that cannot be taken for a heading of the item."""
    return f"\\{line}" if line.startswith("#") else line


def _in_story(items: Sequence[Item], item: Item) -> bool:
    at = item.parent
    while at is not None:
        if items[at].kind == "story":
            return True
        at = items[at].parent
    return False
