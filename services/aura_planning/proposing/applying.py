"""Writes proposals into a plan: new files, lines of a list of tasks, fields; all as one change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_planning.items.changing import Planned, editable
from aura_planning.items.editing import add_to_section, parent_key, set_fields, set_section
from aura_planning.items.frontmatter import Value, read_front_matter
from aura_planning.items.ids import id_from
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import canonical_path
from aura_planning.items.ledger import Ledger
from aura_planning.items.markdown import headings
from aura_planning.items.model import KINDS, Item, Kind
from aura_planning.items.reading import read_item
from aura_planning.items.statuses import CLOSED, INITIAL
from aura_planning.items.store import PlanStore
from aura_planning.items.templates import new_item, template_of
from aura_planning.items.text import read_text
from aura_planning.parsing.lexicon import role_of
from aura_planning.proposing.contract import Proposal
from aura_planning.proposing.splitting import Split
from aura_planning.proposing.words import Weights
from aura_planning.workflow.gates import refusals_to_add
from aura_shared.errors import Conflict, GateClosed
from aura_shared.settings import PlanSettings

__all__ = ["Writing", "apply_boxes", "apply_changes", "apply_split", "no_circle"]

_SENTENCE: Final = re.compile(r"\*\*As a\*\* [^\n]*\n\*\*I want\*\* [^\n]*\n\*\*so that\*\* [^\n]*\n")
_NUMBERED: Final = re.compile(r"(?P<head>[A-Za-z]+[-_]?)(?P<digits>\d+)\Z")
_MOST_TITLE: Final = 300


@dataclass(slots=True)
class Writing:
    """One change in the making."""

    store: PlanStore
    settings: PlanSettings
    planned: Planned
    data: dict[str, tuple[bytes | None, bytes]] = field(default_factory=dict[str, tuple[bytes | None, bytes]])
    """By path: the file before and after."""
    taken: set[str] = field(default_factory=set[str])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Identifier of each `#number`."""

    def begin(self, proposals: Sequence[Proposal]) -> None:
        """Give new items their identifiers, the same for the same proposal, and check the gates.

        Raises:
            GateClosed: The workflow does not allow such items now.
        """
        self.taken |= set(self.store.ledger.ids)
        for number, one in enumerate(proposals, start=1):
            if one.what != "add":
                continue
            place = one.source.path if one.source else ""
            identifier = id_from(f"{place}:{one.parent}:{one.kind}:{one.role}:{one.title}", self.taken)
            self.taken.add(identifier)
            self.names[f"#{number}"] = identifier
        for kind in KINDS:
            if any(one.kind == kind for one in proposals if one.what == "add"):
                self._gate(kind)

    def _gate(self, kind: Kind) -> None:
        refusals = refusals_to_add(self.store.ledger, kind)
        if not refusals:
            return
        text = "; ".join(one.reason for one in refusals)
        if self.settings.gates == "enforce":
            raise GateClosed(text, hint="Nothing was changed. `aura plan show ITEM` says why.")
        self.planned.notices.append(f"a gate is closed, and only reported here: {text}")

    def read(self, reference: str) -> tuple[Item, bytes]:
        """An item that can be changed and its file, with what was changed so far."""
        item, data = editable(self.store, reference)
        return item, self.data[item.path][1] if item.path in self.data else data

    def write(self, path: str, before: bytes | None, after: bytes) -> None:
        """Change a file, again where it was changed before."""
        self.data[path] = (self.data[path][0] if path in self.data else before, after)

    def fields(self, reference: str, fields: Mapping[str, Value | None]) -> None:
        """Change fields of an item."""
        item, data = self.read(reference)
        after = set_fields(data, fields)
        if after != data:
            self.write(item.path, data, after)
            self.planned.items.append(item.id)

    def add(self, number: int, proposal: Proposal, alias: str = "") -> str:
        """A new item; gives its path."""
        identifier = self.names[f"#{number}"]
        title = proposal.title[:_MOST_TITLE]
        fields: dict[str, Value] = {"id": identifier, "kind": proposal.kind, "status": INITIAL[proposal.kind]}
        if alias:
            fields["alias"] = alias
        if parent := self.names.get(proposal.parent, proposal.parent):
            fields["epic" if proposal.kind == "story" else "parent"] = self._identifier(parent)
        if needs := list(dict.fromkeys(self.names.get(one, one) for one in proposal.depends_on)):
            fields["depends_on"] = needs
        if proposal.estimate is not None:
            fields |= _estimate(proposal)
        fields["proposed_by"] = proposal.by
        fields["source"] = _source(proposal)
        template = template_of(self.store.root, proposal.kind)
        about = proposal.about
        if proposal.role == "part" and about and _SENTENCE.search(template):
            template, about = _SENTENCE.sub(lambda _: f"{about}\n", template, count=1), ""
        data = new_item(template, fields, title)
        path = canonical_path(proposal.kind, identifier, title)
        self.write(path, None, _filled(data, proposal, about))
        self.planned.items.append(identifier)
        return path

    def _identifier(self, reference: str) -> str:
        item = self.store.ledger.lookup(reference)
        return item.id if item is not None and item.id else reference

    def finish(self) -> Planned:
        """The change, unless it would make a circle.

        Raises:
            Conflict: Items would wait for one another.
        """
        changes = [FileChange(path, before, after) for path, (before, after) in sorted(self.data.items())]
        no_circle(self.store.ledger, changes)
        self.planned.changes = [change for change in changes if change.before != change.after]
        self.planned.items = list(dict.fromkeys(self.planned.items))
        return self.planned


def apply_changes(store: PlanStore, settings: PlanSettings, proposals: Sequence[Proposal], title: str) -> Planned:
    """New items as files, and changes of items that are there."""
    writing = Writing(store, settings, Planned(title[:200]))
    writing.begin(proposals)
    aliases = _Aliases(store.ledger)
    for number, one in enumerate(proposals, start=1):
        if one.what == "add":
            writing.add(number, one, aliases.next(one))
        else:
            _change(writing, one)
    return writing.finish()


def _change(writing: Writing, one: Proposal) -> None:
    """A criterion, a dependency or an estimate of an item that is there."""
    item, data = writing.read(one.item)
    after = data
    for criterion in one.criteria:
        mark = "" if one.grounded else " <!-- proposed by a model, ungrounded -->"
        if one.grounded and one.by == "model":
            mark = f" <!-- proposed by a model: {_source(one)} -->"
        after = add_to_section(after, _section(after, "criteria", "Acceptance criteria"), f"- {criterion}{mark}")
    if one.depends_on:
        needs = [writing.names.get(need, need) for need in one.depends_on]
        after = set_fields(after, {"depends_on": list(dict.fromkeys([*item.depends_on, *needs]))})
    if one.estimate is not None:
        after = set_fields(after, _estimate(one))
    if after != data:
        writing.write(item.path, data, after)
        writing.planned.items.append(item.id)


def apply_boxes(store: PlanStore, settings: PlanSettings, item: Item, proposals: Sequence[Proposal]) -> Planned:
    """Tasks as checkboxes of their story, in the order in which they are to be done."""
    writing = Writing(store, settings, Planned(f"expand {_called(item)}: {len(proposals)} tasks"[:200], path=item.path))
    _, data = writing.read(item.path)
    after = data
    section = _section(data, "tasks", "Tasks")
    for one in proposals:
        line = f"- [ ] {one.title} <!-- proposed by {one.by}: {_source(one)} -->"
        after = add_to_section(after, section, line)
    writing.write(item.path, data, after)
    writing.planned.items.append(item.id)
    return writing.finish()


def apply_split(store: PlanStore, settings: PlanSettings, item: Item, found: Split) -> Planned:
    """Parts instead of an item: what waited for it waits for all parts, its tasks go to the part that they speak of.

    The item itself stays, cancelled, and names its parts.

    Raises:
        Conflict: It is finished.
    """
    if item.status in CLOSED:
        raise Conflict(f"{_called(item)} is {item.status}", hint="Only open items are split.")
    planned = Planned(f"split {_called(item)} into {len(found.parts)}: {found.pattern}"[:200])
    writing = Writing(store, settings, planned)
    writing.begin(found.parts)
    aliases = {one.alias.casefold() for one in store.ledger.items if one.alias}
    ids: list[str] = []
    for number, part in enumerate(found.parts, start=1):
        alias = f"{item.alias}{'abcdefghij'[number - 1]}" if item.alias else ""
        writing.add(number, part, "" if alias.casefold() in aliases else alias)
        ids.append(writing.names[f"#{number}"])
    _hand_over(writing, item, found, ids)
    writing.fields(item.path, {"status": "cancelled", "split_into": ids})
    planned.notices.append(f"{_called(item)} stays as it is, cancelled: its parts are {', '.join(ids)}")
    return writing.finish()


def _hand_over(writing: Writing, item: Item, found: Split, ids: Sequence[str]) -> None:
    """What depends on an item, and what belongs to it, names its parts."""
    ledger = writing.store.ledger
    texts = [" ".join((*part.criteria, *part.steps, part.title)) for part in found.parts]
    weights = Weights(texts)
    for one in ledger.referring(item):
        needs = [ref for ref in one.depends_on if (got := ledger.lookup(ref)) is None or got.path != item.path]
        if len(needs) < len(one.depends_on):
            writing.fields(one.path, {"depends_on": list(dict.fromkeys([*needs, *ids]))})
        parent = ledger.parent(one)
        if parent is not None and parent.path == item.path:
            _, data = writing.read(one.path)
            at, _ = weights.nearest(one.title, texts)
            writing.fields(one.path, {parent_key(data, one): ids[at]})


def no_circle(ledger: Ledger, changes: Sequence[FileChange]) -> None:
    """Refuse what would make items wait for one another that did not before.

    Raises:
        Conflict: It would.
    """
    after = {one.path: one for one in ledger.items}
    for change in changes:
        item = read_item(change.path, change.after).item if change.after is not None else None
        if item is not None:
            after[change.path] = item
    before = {(one.rule, one.message) for one in ledger.findings() if one.rule.endswith("-cycle")}
    for one in Ledger(after.values()).findings():
        circle = one.rule.endswith("-cycle") or one.rule == "depends-on-itself"
        if circle and (one.rule, one.message) not in before:
            raise Conflict(one.message, hint="Nothing was changed. Leave one of these out with --only.")


# -- files -----------------------------------------------------------------------------------------


def _filled(data: bytes, proposal: Proposal, about: str) -> bytes:
    """The file of a new item with its words."""
    words = [about] if about and about != proposal.title else []
    words += [f"- {step}" for step in proposal.steps] if proposal.role != "part" else []
    if words:
        data = set_section(data, "Context" if proposal.kind == "story" else "Description", "\n".join(words))
    if proposal.criteria:
        lines = "\n".join(f"- {one}" for one in proposal.criteria)
        data = set_section(data, _section(data, "criteria", "Acceptance criteria"), lines)
    if proposal.role == "part" and proposal.steps:
        boxes = [f"- [{'x' if step in proposal.done_steps else ' '}] {step}" for step in proposal.steps]
        data = set_section(data, _section(data, "tasks", "Tasks"), "\n".join(boxes))
    return data


def _section(data: bytes, role: str, usual: str) -> str:
    """What the section is called that holds criteria or tasks; its usual name where there is none, or several."""
    text = read_text(data)
    marks = headings(text.lines, read_front_matter(text).body)
    found = [mark.title for mark in marks if mark.level > 1 and role_of(mark.title) == role]
    return found[0] if found and found.count(found[0]) == 1 else usual


def _source(proposal: Proposal) -> str:
    source = proposal.source
    if source is None or not proposal.grounded:
        return "ungrounded"
    return f"{source.path}:{source.first}" + (f"-{source.last}" if source.last > source.first else "")


def _estimate(proposal: Proposal) -> dict[str, Value]:
    likely = proposal.estimate or 0.0
    low, high = (one if one is not None else likely for one in (proposal.low, proposal.high))
    return {"estimate": likely, "estimate_from": f"{proposal.by} {low:g}/{likely:g}/{high:g}"}


class _Aliases:
    """Names of new tasks in the style of the plan: the next number where all tasks carry such as `T012`."""

    def __init__(self, ledger: Ledger) -> None:
        self._head, self._width, self._last = "", 0, 0
        found = [_NUMBERED.match(one.alias) for one in ledger.of_kind("task") if one.alias]
        heads = {match["head"] for match in found if match}
        if found and all(found) and len(heads) == 1:
            self._head = heads.pop()
            self._last = max(int(match["digits"]) for match in found if match)
            self._width = max(len(match["digits"]) for match in found if match)

    def next(self, proposal: Proposal) -> str:
        if proposal.kind != "task" or not self._head:
            return ""
        self._last += 1
        return f"{self._head}{self._last:0{self._width}}"


def _called(item: Item) -> str:
    return item.alias or item.id or item.path
