"""Entries as files of the plan, and files of the plan as entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.exchanging.contract import Entry, Extra
from aura_planning.exchanging.texts import joined, shown_number, tidy
from aura_planning.items.editing import set_fields, set_title
from aura_planning.items.frontmatter import Value, read_front_matter, set_key
from aura_planning.items.markdown import headings
from aura_planning.items.model import FIELDS, Item
from aura_planning.items.reading import read_item
from aura_planning.items.text import read_text, without_end

__all__ = [
    "HASHED", "SOURCE", "SOURCE_HASH", "body_of", "digests", "entry_of", "links_of", "new_file", "packed", "unpacked",
    "with_body",    "with_links", "with_values",
]  # fmt: skip

SOURCE: Final = "source"
SOURCE_HASH: Final = "source_hash"
HASHED: Final = (
    "title", "status", "alias", "parent", "depends_on", "priority", "value", "estimate", "text", "extra",
)  # fmt: skip
"""What the hash of a source is made of, in this order: so it is known later what of it changed."""
_DIGITS: Final = 6
_OWN: Final = frozenset({*FIELDS, SOURCE, SOURCE_HASH})


def new_file(entry: Entry, identifier: str, parent: str, needs: Sequence[str], links: Mapping[str, str]) -> bytes:
    """The file of a new item.

    Args:
        entry: What it says.
        identifier: Of the item.
        parent: Identifier of what it belongs to; empty for nothing.
        needs: Identifiers of what has to be done before.
        links: Sources that it comes from, each with its hash.
    """
    values: dict[str, Value | None] = {"id": identifier, "kind": entry.kind}
    values |= {key: value for key, value in _values(entry, parent, needs).items() if value is not None}
    values |= _links(links)
    text = read_text(b"")
    for key, value in values.items():
        if value is not None:
            text = set_key(text, key, value, FIELDS)
    title = joined(entry.title)
    body = tidy(entry.text)
    parts = [f"# {title}\n", *([f"\n{body}\n"] if body else [])]
    data = text.data() + "".join(parts).encode("utf-8", "surrogateescape")
    found = read_item(f".ai/tasks/{identifier}-x.md", data).item
    if found is None or found.title != title[:500]:
        data = set_key(read_text(data), "title", title, FIELDS).data()
    return data


def _values(entry: Entry, parent: str, needs: Sequence[str]) -> dict[str, Value | None]:
    values: dict[str, Value | None] = {
        "alias": entry.alias or None,
        "status": entry.status or entry.status_text or None,
        "epic" if entry.kind == "story" else "parent": parent or None,
        "depends_on": list(needs) or None,
        "priority": entry.priority or None,
        "value": entry.value,
        "estimate": entry.estimate,
    }
    for key, value in sorted(entry.extra.items()):
        values[key] = value if isinstance(value, str) else list(value)
    return values


def with_values(data: bytes, old: Mapping[str, Extra], entry: Entry, wanted: Mapping[str, Value | None]) -> bytes:
    """A file with other fields; further keys that the source no longer has are taken out.

    Args:
        data: The file.
        old: Its further keys now.
        entry: What the source says.
        wanted: Fields to set; `extra` is not among them.
    """
    fields = dict(wanted)
    for key in old:
        if key not in entry.extra and key.partition(".")[2]:
            fields[key] = None
    for key, value in entry.extra.items():
        fields[key] = value if isinstance(value, str) else list(value)
    return set_fields(data, fields)


def with_links(data: bytes, links: Mapping[str, str]) -> bytes:
    """A file that names other sources."""
    return set_fields(data, _links(links))


def _links(links: Mapping[str, str]) -> dict[str, Value | None]:
    if not links:
        return {}
    if len(links) == 1:
        source, digest = next(iter(links.items()))
        return {SOURCE: source, SOURCE_HASH: digest}
    return {SOURCE: list(links), SOURCE_HASH: list(links.values())}


def links_of(data: bytes) -> dict[str, str]:
    """The sources that a file names, each with its hash."""
    front = read_front_matter(read_text(data))
    sources, hashes = front.texts(SOURCE) or (), front.texts(SOURCE_HASH) or ()
    return {one: hashes[at] if at < len(hashes) else "" for at, one in enumerate(sources)}


def body_of(data: bytes) -> str:
    """What stands below the title of a file."""
    text = read_text(data)
    return tidy("".join(text.lines[_body_start(data) :]))


def with_body(data: bytes, title: str | None, body: str) -> bytes:
    """A file with another text below its title, and another title if one is given."""
    text = read_text(data)
    end = text.end
    head = list(text.lines[: _body_start(data)])
    if head and not head[-1].endswith(("\n", "\r")):
        head[-1] += end
    words = tidy(body)
    lines = [end, *(f"{line}{end}" for line in words.split("\n"))] if words else []
    changed = text.with_lines([*head, *lines]).data()
    return changed if title is None else set_title(changed, joined(title))


def _body_start(data: bytes) -> int:
    """Index of the line after the title."""
    text = read_text(data)
    front = read_front_matter(text)
    marks = headings(text.lines, front.body)
    first = next((n for n in range(front.body, len(text.lines)) if without_end(text.lines[n]).strip()), -1)
    if marks and marks[0].level == 1 and marks[0].line == first:
        return marks[0].line + marks[0].lines
    return front.body


def entry_of(item: Item, data: bytes) -> Entry:
    """An item as an entry; parent and dependencies are as its file names them."""
    front = read_front_matter(read_text(data))
    extra: dict[str, Extra] = {}
    for one in front.entries:
        if one.key not in _OWN and one.value:
            extra[one.key] = one.value
    return Entry(
        key=item.id or item.path, kind=item.kind, title=item.title, path=item.path, alias=item.alias,
        status=item.status, status_text=item.status_text, parent=item.parent, depends_on=list(item.depends_on),
        priority=item.priority, value=item.value, estimate=item.estimate, text=body_of(data), extra=extra, id=item.id,
    )  # fmt: skip


def digests(entry: Entry) -> dict[str, str]:
    """A short hash of each field of an entry."""
    values: dict[str, object] = {
        "title": joined(entry.title), "status": entry.status or entry.status_text, "alias": entry.alias,
        "parent": entry.parent, "depends_on": sorted(entry.depends_on), "priority": entry.priority,
        "value": shown_number(entry.value), "estimate": shown_number(entry.estimate), "text": tidy(entry.text),
        "extra": sorted((key, value) for key, value in entry.extra.items()),
    }  # fmt: skip
    return {name: _digest(json.dumps(values[name], ensure_ascii=True)) for name in HASHED}


def packed(hashes: Mapping[str, str]) -> str:
    """Hashes of the fields as one word."""
    return "h" + "".join(hashes[name] for name in HASHED)


def unpacked(text: str) -> dict[str, str]:
    """The hashes again; none of a word that is none."""
    size = (len(text) - 1) // len(HASHED)
    return {name: text[1 + at * size : 1 + (at + 1) * size] for at, name in enumerate(HASHED)} if size > 0 else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
