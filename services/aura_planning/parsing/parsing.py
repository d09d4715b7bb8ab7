"""From the bytes of a document to its items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from aura_planning.parsing.blocks import Scan, scan
from aura_planning.parsing.checks import check
from aura_planning.parsing.contract import Dependency, Document, Finding, Group, Item, Proposal, Reference, Source
from aura_planning.parsing.drafts import Draft, Reading
from aura_planning.parsing.families import family_of
from aura_planning.parsing.gherkin import is_gherkin, read_gherkin
from aura_planning.parsing.joining import choose, join_doubles, set_parents
from aura_planning.parsing.outline import as_outline
from aura_planning.parsing.reader import read_blocks
from aura_planning.parsing.relations import Links, link
from aura_planning.parsing.source import SourceText, read_source, shorten
from aura_planning.parsing.tasksjson import is_tasks_json, read_tasks_json

__all__ = ["parse_document"]

_MOST_TEXT: Final = 4000
_MOST_TITLE: Final = 300


def parse_document(data: bytes, path: str) -> Document:
    """Read a requirements document or plan. Nothing but its bytes decides, so the same bytes give the same result.

    Args:
        data: The file, of any encoding and quality.
        path: What it is called in the result.

    Returns:
        Its items in the order of the document, with everything that was not clear as findings; never an exception.
    """
    source = read_source(data)
    if source.broken:
        return Document(path, "none", "", findings=source.findings)
    if is_tasks_json(source.read):
        scanned, reading = Scan([], {}, [], markdown=False), read_tasks_json(source.read)
    elif is_gherkin(source.read, PurePosixPath(path).name):
        scanned, reading = Scan([], {}, [], markdown=False), read_gherkin(source.read)
    else:
        lines, cut = shorten(source)
        scanned = scan(lines)
        scanned.findings.extend(cut)
        if not scanned.markdown:
            as_outline(scanned.blocks)
        reading = read_blocks(scanned, PurePosixPath(path).name)
    return _document(path, source, scanned, reading)


def _document(path: str, source: SourceText, scanned: Scan, reading: Reading) -> Document:
    choose(reading)
    join_doubles(reading)
    parents = set_parents(reading.drafts)
    links = link(reading, parents)
    order = sorted(
        (at for at, one in enumerate(reading.drafts) if not one.dropped), key=lambda at: (reading.drafts[at].first, at)
    )
    place = {at: number for number, at in enumerate(order)}
    items = tuple(_item(reading, at, parents, place, links, source) for at in order)
    family = family_of(scanned, reading, [reading.drafts[at] for at in order])
    findings = [*source.findings, *scanned.findings, *reading.findings, *check(items, family, reading.title)]
    return Document(
        path=path, family=family, title=reading.title or scanned.front.get("title", ("", 0))[0], items=items,
        proposals=tuple(one for raw in links.proposals if (one := _proposal(raw, place)) is not None),
        findings=_sorted(findings), out_of_scope=tuple(reading.out), groups=_groups(reading, place),
    )  # fmt: skip


def _item(
    reading: Reading, at: int, parents: Sequence[int | None], place: dict[int, int], links: Links, source: SourceText
) -> Item:
    one = reading.drafts[at]
    parent = parents[at]
    quote = source.lines[one.first - 1].strip() if one.first <= len(source.lines) else ""
    return Item(
        kind=one.kind, alias=one.alias, title=one.title[:_MOST_TITLE], text="\n".join(one.text)[:_MOST_TEXT],
        source=Source(one.first, max(one.last, one.first), quote[:500]),
        parent=place.get(parent) if parent is not None else None, status=one.status, status_text=one.status_text,
        priority=one.priority, estimate=one.estimate, optional=one.optional,
        labels=_labels(reading, one), criteria=tuple(one.criteria),
        depends_on=tuple(_moved(need, place) for need in links.needs.get(at, []) if need.item in place),
        requirements=tuple(_ref(ref, place) for ref in links.covers.get(at, [])),
    )  # fmt: skip


def _labels(reading: Reading, one: Draft) -> tuple[str, ...]:
    labels = list(one.labels)
    if one.story_mark:
        labels.append(one.story_mark)
    if one.group is not None and not (one.reason == "phase" and one.kind == "epic"):
        labels.append(reading.groups[one.group].title[:80])
    return tuple(dict.fromkeys(labels))


def _moved(need: Dependency, place: dict[int, int]) -> Dependency:
    return Dependency(place[need.item], need.source)


def _ref(ref: Reference, place: dict[int, int]) -> Reference:
    return Reference(ref.written, place.get(ref.item) if ref.item is not None else None, ref.line)


def _proposal(raw: Proposal, place: dict[int, int]) -> Proposal | None:
    if raw.item not in place or raw.needs not in place:
        return None
    return Proposal(place[raw.item], place[raw.needs], raw.reason, raw.source)


def _groups(reading: Reading, place: dict[int, int]) -> tuple[Group, ...]:
    inside: dict[int, list[int]] = {}
    for at, number in place.items():
        if (group := reading.drafts[at].group) is not None:
            inside.setdefault(group, []).append(number)
    return tuple(
        Group(
            one.kind,
            one.title,
            Source(one.first, one.last, one.title),
            tuple(sorted(inside.get(at, []))),
            tuple(one.lines),
        )
        for at, one in enumerate(reading.groups)
    )


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: (one.line, one.code, one.message)))
