"""Merges a document into the items that were made of it: what changed there comes over, what was edited here stays.

An item that a document gave carries a hash of each field as the document had it. So both clones of a repository agree
on what was merged, and nothing but the files is needed. Sections that people and tools add to an item, such as its log,
are no part of what is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from aura_planning.drifting.bundles import CRITERIA, LINK, bundle_of
from aura_planning.drifting.matching import Known, Matches, match
from aura_planning.exchanging.contract import Entry
from aura_planning.exchanging.files import body_of, digests, links_of, packed, unpacked, with_links
from aura_planning.exchanging.importing import Import, Row, links_in, plan_import
from aura_planning.items.editing import set_fields
from aura_planning.items.frontmatter import read_front_matter
from aura_planning.items.journal import FileChange
from aura_planning.items.ledger import Ledger
from aura_planning.items.markdown import headings
from aura_planning.items.model import Finding, Item
from aura_planning.items.statuses import CLOSED
from aura_planning.items.text import read_text
from aura_planning.parsing.contract import Document
from aura_shared.errors import EditRefused, UsageProblem
from aura_shared.messages.plan_drift import MergeDocument, MergeRow, MergeWhat

__all__ = ["Merge", "documents_in", "merge"]

_ORDER: Final[Sequence[MergeWhat]] = ("conflict", "unclear", "added", "renamed", "moved", "changed", "removed", "same")


@dataclass(slots=True)
class Merge:
    """What a merge would do."""

    changes: list[FileChange] = field(default_factory=list[FileChange])
    rows: list[MergeRow] = field(default_factory=list[MergeRow])
    findings: list[Finding] = field(default_factory=list[Finding])
    notices: list[str] = field(default_factory=list)
    requirements: int = 0
    items: list[str] = field(default_factory=list)
    """Identifiers of what changes."""

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        found = Counter(row.what for row in self.rows)
        return {what: found[what] for what in _ORDER if found[what]}

    @property
    def drifted(self) -> bool:
        """Whether there is anything but unchanged things."""
        return any(row.what != "same" for row in self.rows)


def documents_in(ledger: Ledger, read: Callable[[str], bytes]) -> dict[str, list[Item]]:
    """The documents that items were made of, with these items."""
    found: dict[str, list[Item]] = {}
    for link, (item, _) in links_in(ledger, read).items():
        if link.startswith(LINK):
            found.setdefault(link.removeprefix(LINK).rpartition("#")[0], []).append(item)
    return dict(sorted(found.items()))


def merge(
    document: Document, ledger: Ledger, read: Callable[[str], bytes], request: MergeDocument, *, claims: bool
) -> Merge:
    """What a merge would do.

    Args:
        document: As it is now.
        ledger: The plan.
        read: Gives the file of an item.
        request: Whose word counts, what is meant where it is unclear.
        claims: Whether what the document says of states counts.

    Raises:
        UsageProblem: A pair names no item or no line.
    """
    return _Merging(document, ledger, read, request, claims=claims).run()


class _Merging:
    def __init__(
        self,
        document: Document,
        ledger: Ledger,
        read: Callable[[str], bytes],
        request: MergeDocument,
        *,
        claims: bool,
    ) -> None:
        self._document = document
        self._ledger = ledger
        self._read = cache(read)
        """Each file is read once, so that an edit in the same moment is noticed when the change is written."""
        self._request = request
        self._bundle, told = bundle_of(document, request.path, claims=claims)
        self._merge = Merge(notices=told, requirements=sum(one.kind == "requirement" for one in document.items))
        self._tails: dict[str, bytes] = {}
        self._cores: dict[str, bytes] = {}
        self._items: dict[str, Item] = {}
        self._adopted: dict[str, bytes] = {}
        """Files of items that are taken for something of the document, with the link to it."""

    def run(self) -> Merge:
        """Match, then merge field by field."""
        known = self._known()
        found = match(self._bundle.entries, known, self._given(known))
        self._rename(found)
        self._adopt(found)
        unclear = self._take_out(found)
        done = plan_import(self._bundle, self._ledger, self._core, prefer=self._prefer(), lenient=True)
        self._take_over(done, unclear)
        return self._merge

    def _prefer(self) -> Literal["plan", "source"]:
        return "source" if self._request.prefer == "document" else "plan"

    def _known(self) -> list[Known]:
        begin = f"{LINK}{self._request.path}#"
        found: list[Known] = []
        for link, (item, links) in links_in(self._ledger, self._read).items():
            if link.startswith(begin):
                self._items[link.removeprefix(begin)] = item
                then = unpacked(links[link])
                text = body_of(self._core(item.path))
                found.append(Known(link.removeprefix(begin), item.kind, item.id, item.title, item.alias, text, then))
        return sorted(found, key=lambda one: one.key)

    def _given(self, known: Sequence[Known]) -> dict[int, str]:
        """What a person said is meant."""
        lines = {entry.line: at for at, entry in enumerate(self._bundle.entries)}
        given: dict[int, str] = {}
        for pair in self._request.pairs:
            name, equals, line = pair.rpartition("=")
            at = lines.get(int(line)) if equals and line.isdigit() else None
            if at is None:
                text = f"{pair!r}: {self._request.path} has nothing that begins on that line"
                raise UsageProblem(text, hint="Write ITEM=LINE, with a line that `aura plan merge --dry-run` shows.")
            item = self._ledger.find(name)
            key = next((one.key for one in known if one.id == item.id), None)
            if key is None:
                raise UsageProblem(f"{pair!r}: {name} was not made of {self._request.path}")
            given[at] = key
        return given

    def _adopt(self, found: Matches) -> None:
        """An item of the plan that is called the same, and was made of no document, becomes the one that is meant."""
        taken = {item.id for item in self._items.values()}
        for at, entry in enumerate(self._bundle.entries):
            if at in found.keys or at in found.unclear or not entry.alias:
                continue
            item = self._ledger.lookup(entry.alias)
            if item is None or item.kind != entry.kind or item.id in taken or not item.canonical or item.broken:
                continue
            if item.title.strip().lower() == entry.title.strip().lower():
                link = f"{LINK}{self._request.path}#{entry.key}"
                data = self._read(item.path)
                linked = with_links(data, {**links_of(data), link: packed(digests(entry))})
                self._adopted[item.path] = linked
                taken.add(item.id)

    def _rename(self, found: Matches) -> None:
        """Give entries the keys by which their items are remembered, and new ones a key that is free."""
        renamed: dict[str, str] = {}
        used = {*found.keys.values()}
        for at, entry in enumerate(self._bundle.entries):
            key = found.keys.get(at)
            if key is None:
                key = entry.key
                while key in used or key in self._items:
                    key = f"{key}+"
            used.add(key)
            renamed[entry.key] = key
        for entry in self._bundle.entries:
            entry.key = renamed[entry.key]
            entry.parent = renamed.get(entry.parent, entry.parent)
            entry.depends_on = [renamed.get(one, one) for one in entry.depends_on]

    def _take_out(self, found: Matches) -> dict[str, list[Known]]:
        """What is unclear is not merged; returns the items that could be meant, by key of the entry."""
        unclear = {self._bundle.entries[at].key: items for at, items in found.unclear.items()}
        for at, items in found.unclear.items():
            entry = self._bundle.entries[at]
            names = " or ".join(one.alias or one.id for one in items)
            self._merge.rows.append(
                _row("unclear", entry, note=f"it could be {names}; say which with --same ITEM={entry.line}")
            )
        self._bundle.entries = [one for one in self._bundle.entries if one.key not in unclear]
        for entry in self._bundle.entries:
            entry.parent = "" if entry.parent in unclear else entry.parent
            entry.depends_on = [one for one in entry.depends_on if one not in unclear]
        return unclear

    # -- files -----------------------------------------------------------------------------------------

    def _core(self, path: str) -> bytes:
        """A file without the sections that people and tools added below what the document gave."""
        if path not in self._cores:
            self._cores[path], self._tails[path] = _split(self._adopted.get(path) or self._read(path))
        return self._cores[path]

    def _take_over(self, done: Import, unclear: Mapping[str, list[Known]]) -> None:
        self._merge.findings = [one for one in done.findings if one.rule not in {"gone", "both-changed"}]
        files = {change.path: change for change in done.changes}
        for change in done.changes:
            before = None if change.before is None else self._read(change.path)
            after = change.after if change.after is None else _joined(change.after, self._tails.get(change.path, b""))
            files[change.path] = FileChange(change.path, before, after)
        for path, linked in self._adopted.items():
            files.setdefault(path, FileChange(path, self._read(path), linked))
        if self._request.prefer == "plan":
            self._settle(done, files)
        conflicts = {(one.line, one.message) for one in done.findings if one.rule == "both-changed"}
        for row in done.rows:
            self._merge.rows.append(self._told(row, conflicts))
        maybe = {one.key for items in unclear.values() for one in items}
        there = {one.entry.key for one in done.rows}
        for key, item in self._items.items():
            if key not in there and key not in maybe:
                self._gone(item, files)
        self._merge.changes = [one for one in files.values() if one.before != one.after]
        by_path = {item.path: item.id for item in self._ledger.items}
        ids = {row.path: row.id for row in self._merge.rows}
        self._merge.items = [ids.get(one.path) or by_path.get(one.path, "") for one in self._merge.changes]
        self._merge.rows.sort(key=lambda row: (row.line == 0, row.line, row.path))

    def _settle(self, done: Import, files: dict[str, FileChange]) -> None:
        """What both changed stays as the plan has it, and counts as merged from now on."""
        for row in done.rows:
            if row.what not in {"kept", "changed"}:
                continue
            data = self._read(row.path)
            change = files.get(row.path, FileChange(row.path, data, data))
            link = f"{LINK}{self._request.path}#{row.entry.key}"
            after = change.after or data
            files[row.path] = FileChange(
                row.path, data, with_links(after, {**links_of(after), link: packed(digests(row.entry))})
            )

    def _told(self, row: Row, conflicts: set[tuple[int, str]]) -> MergeRow:
        fields = [one for one in row.fields if one != "extra"] + ["covers"] * ("extra" in row.fields)
        told = sorted(text for line, text in conflicts if line == row.entry.line)
        note = "; ".join(told)
        fields += [name for text in told if (name := text.partition(" ")[0]) not in fields]
        what: MergeWhat = {
            "new": "added",
            "same": "same",
            "kept": "changed" if self._request.prefer else "conflict",
            "changed": "changed",
        }[row.what]  # pyright: ignore[reportAssignmentType]
        item = self._items.get(row.entry.key)
        if what == "changed":
            what = "renamed" if "title" in fields else "moved" if "parent" in fields else "changed"
            what = "conflict" if note and not self._request.prefer else what
        if what == "renamed" and item is not None and not note:
            note = f"was {item.title!r}"
        return _row(what, row.entry, row.id, row.path, fields, note)

    def _gone(self, item: Item, files: dict[str, FileChange]) -> None:
        """What the document no longer has: its item stays, or becomes cancelled when that is asked for."""
        if item.status in CLOSED:
            return
        note = "it stays as it is; --cancel makes it cancelled"
        if self._request.cancel:
            data = self._read(item.path)
            try:
                after = set_fields(data, {"status": "cancelled"})
                files[item.path] = FileChange(item.path, data, after)
                note = f"cancelled; was {item.status or item.status_text}"
            except EditRefused as error:
                note = f"it stays as it is: {error.message}"
        entry = Entry(item.id, item.kind, item.title, item.path, 0, alias=item.alias)
        self._merge.rows.append(_row("removed", entry, item.id, item.path, note=note))


def _row(
    what: MergeWhat, entry: Entry, identifier: str = "", path: str = "", fields: Sequence[str] = (), note: str = ""
) -> MergeRow:
    return MergeRow(
        what=what, kind=entry.kind, title=entry.title, alias=entry.alias, id=identifier, path=path,
        line=entry.line, fields=list(fields), note=note[:1000],
    )  # fmt: skip


def _joined(head: bytes, tail: bytes) -> bytes:
    """Both again, with a blank line between."""
    if not tail or head.endswith((b"\n\n", b"\r\n\r\n")):
        return head + tail
    end = b"\r\n" if head.endswith(b"\r\n") else b"\n"
    return head + (b"" if head.endswith(b"\n") else end) + end + tail


def _split(data: bytes) -> tuple[bytes, bytes]:
    """What a document gave, and the sections that were added below it: from the first one of another title."""
    text = read_text(data)
    marks = headings(text.lines, read_front_matter(text).body)
    own = [n for n, mark in enumerate(marks) if mark.level <= 2]
    for n in own:
        mark = marks[n]
        if mark.level == 2 and mark.title.strip().lower() != CRITERIA.lower():
            later = [marks[m].title.strip().lower() for m in own if m > n]
            if CRITERIA.lower() in later:
                return data, b""
            head = text.with_lines(text.lines[: mark.line]).data()
            return head, data[len(head) :]
    return data, b""
