"""From what a source says to files of the plan: new items, and what changed of those that came from it before.

A file that came from a source carries a hash of each field as the source had it. What changed there since is taken
over; what was edited here since stays; where both changed, the plan's stays and a finding says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from aura_planning.exchanging.contract import Bundle, Entry, link_name, problem
from aura_planning.exchanging.files import (
    HASHED,
    digests,
    entry_of,
    links_of,
    new_file,
    packed,
    unpacked,
    with_body,
    with_links,
    with_values,
)
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.items.frontmatter import Value
from aura_planning.items.ids import id_from
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import canonical_path
from aura_planning.items.ledger import PARENTS, Ledger
from aura_planning.items.model import Finding, Item
from aura_planning.items.reading import MOST_BYTES
from aura_planning.items.statuses import INITIAL
from aura_shared.errors import EditRefused

__all__ = ["Import", "Row", "check", "links_in", "plan_import", "ring_of"]

What = Literal["new", "changed", "same", "kept"]
_MOST_ALIAS: Final = 100
_BEARABLE: Final = frozenset({"id-twice", "dependency-cycle", "depends-on-itself"})


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one thing of the source."""

    what: What
    """`kept`: the source and the plan both changed, and the plan's stays."""
    entry: Entry
    id: str
    path: str
    """The file of the item."""
    fields: tuple[str, ...] = ()
    """Which fields change, or differ."""
    was: str = ""
    """The status before."""


@dataclass(slots=True)
class Import:
    """What an import does."""

    changes: list[FileChange] = field(default_factory=list[FileChange])
    rows: list[Row] = field(default_factory=list[Row])
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def refused(self) -> bool:
        """Whether something is so wrong that nothing is written."""
        return any(one.severity == "error" for one in self.findings)


def plan_import(
    bundle: Bundle,
    ledger: Ledger,
    read: Callable[[str], bytes],
    *,
    prefer: Literal["plan", "source"] = "plan",
    lenient: bool = False,
) -> Import:
    """What an import would do.

    Args:
        bundle: What the source says.
        ledger: The plan.
        read: Gives the file of an item.
        prefer: Whose word counts where both changed.
        lenient: Whether what has an id that is taken gets another, and cycles are kept, instead of refusing them.
    """
    found = Import(findings=list(bundle.findings))
    wrong = list(check(bundle))
    if lenient:
        _tell_apart(bundle.entries)
        wrong = [replace(one, severity="warning") if one.rule in _BEARABLE else one for one in wrong]
    found.findings += wrong
    if found.refused:
        return found
    _Planning(bundle, ledger, read, found, prefer).plan()
    return found


def _tell_apart(entries: Sequence[Entry]) -> None:
    """Give each further thing with the same id another one."""
    seen: dict[str, int] = {}
    for one in entries:
        seen[one.key] = seen.get(one.key, 0) + 1
        if seen[one.key] > 1:
            one.key, one.alias = f"{one.key}~{seen[one.key]}", ""


def check(bundle: Bundle) -> Iterator[Finding]:
    """What is wrong between the things of a source."""
    if not bundle.entries and not any(one.severity == "error" for one in bundle.findings):
        yield problem("nothing-found", "it names no epic, story or task", bundle.source)
    first: dict[str, Entry] = {}
    for one in bundle.entries:
        if one.key in first:
            text = f"{one.key!r} is the id of something on line {first[one.key].line} of {first[one.key].path} as well"
            yield problem("id-twice", text, one.path, one.line)
        first.setdefault(one.key, one)
        if not one.title.strip():
            yield problem("no-title", f"{one.key!r} has no title", one.path, one.line, "warning")
        if len(one.text.encode("utf-8", "surrogateescape")) > MOST_BYTES - 100_000:
            yield problem("too-large", f"the text of {one.key!r} is larger than an item can be", one.path, one.line)
    for one in bundle.entries:
        yield from _dangling(one, first)
    for name, edges in (
        ("dependency-cycle", {one.key: one.depends_on for one in bundle.entries}),
        ("parent-cycle", {one.key: [one.parent] for one in bundle.entries if one.parent}),
    ):
        ring = ring_of(edges)
        if ring:
            words = " -> ".join([*ring, ring[0]])
            yield problem(name, f"these wait for one another: {words}", first[ring[0]].path, first[ring[0]].line)


def _dangling(one: Entry, known: Mapping[str, Entry]) -> Iterator[Finding]:
    """What a thing names that is not there."""
    for need in one.depends_on:
        if need == one.key:
            yield problem("depends-on-itself", f"{one.key!r} depends on itself", one.path, one.line)
        elif need not in known:
            text = f"{one.key!r} depends on {need!r}, which is not there; it is kept as it is written"
            yield problem("dangling-dependency", text, one.path, one.line, "warning")
    if one.parent == one.key:
        yield problem("parent-cycle", f"{one.key!r} belongs to itself", one.path, one.line)
    elif one.parent and one.parent not in known:
        text = f"{one.key!r} belongs to {one.parent!r}, which is not there; it is kept as it is written"
        yield problem("dangling-parent", text, one.path, one.line, "warning")


def ring_of(edges: Mapping[str, Sequence[str]]) -> list[str]:
    """A cycle of more than one node; empty without one."""
    state: dict[str, int] = {}
    for start in edges:
        if start in state:
            continue
        trail = [start]
        rest = [iter(edges[start])]
        state[start] = 1
        while rest:
            following = next(rest[-1], None)
            if following is None:
                state[trail.pop()] = 2
                rest.pop()
            elif state.get(following) == 1 and following != trail[-1]:
                return trail[trail.index(following) :]
            elif following in edges and following not in state:
                state[following] = 1
                trail.append(following)
                rest.append(iter(edges[following]))
    return []


def links_in(ledger: Ledger, read: Callable[[str], bytes]) -> dict[str, tuple[Item, dict[str, str]]]:
    """Every source that a file of the plan names, with the item and all its sources."""
    found: dict[str, tuple[Item, dict[str, str]]] = {}
    for item in ledger.items:
        if item.broken or not item.canonical:
            continue
        links = links_of(read(item.path))
        for link in links:
            found.setdefault(link, (item, links))
    return found


class _Planning:
    def __init__(
        self,
        bundle: Bundle,
        ledger: Ledger,
        read: Callable[[str], bytes],
        found: Import,
        prefer: Literal["plan", "source"],
    ) -> None:
        self._bundle = bundle
        self._ledger = ledger
        self._read = read
        self._found = found
        self._prefer = prefer
        self._known = links_in(ledger, read)
        self._entries = {one.key: one for one in bundle.entries}
        self._ids: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._aliases = {_folded(one.alias) for one in ledger.items if one.alias}

    def plan(self) -> None:
        taken = set(self._ledger.ids)
        for one in self._bundle.entries:
            item = self._ledger.lookup(one.key) if one.key in taken else None
            if item is not None and item.canonical and not item.broken:  # a file that was exported from this plan
                self._known.setdefault(self._link(one.key), (item, links_of(self._read(item.path))))
        for one in self._bundle.entries:
            known = self._known.get(self._link(one.key))
            identifier = known[0].id if known else id_from(self._link(one.key), taken)
            taken.add(identifier)
            self._ids[one.key] = identifier
            if known and known[0].alias and self._renamed(one, *known):
                self._aliases.discard(_folded(known[0].alias))  # so another may be called so
        for link, (item, _) in self._known.items():
            begin = link_name(self._bundle.format, self._bundle.source, "")
            if link.startswith(begin):
                self._keys[item.id] = link.removeprefix(begin)
        for one in self._bundle.entries:
            known = self._known.get(self._link(one.key))
            if known is None:
                self._add(one)
            else:
                self._merge(one, *known)
        self._gone()

    def _renamed(self, one: Entry, item: Item, links: Mapping[str, str]) -> bool:
        """Whether an item is called otherwise after this import; what the plan's people call it stays."""
        there = self._as_source(entry_of(item, self._read(item.path)), one)
        then = unpacked(links.get(self._link(one.key), "")).get("alias")
        mine, now = digests(there)["alias"], digests(one)["alias"]
        return now not in {then, mine} and (self._prefer == "source" or then in {None, mine})

    def _link(self, key: str) -> str:
        return link_name(self._bundle.format, self._bundle.source, key)

    def _add(self, one: Entry) -> None:
        identifier = self._ids[one.key]
        made = replace(one, alias=self._free_alias(one))
        parent = self._parent(one)
        links = {self._link(one.key): packed(digests(one))}
        data = new_file(made, identifier, parent, [self._ids.get(need, need) for need in one.depends_on], links)
        path = canonical_path(one.kind, identifier, one.title)
        self._found.changes.append(FileChange(path, None, data))
        self._found.rows.append(Row("new", one, identifier, path))

    def _parent(self, one: Entry) -> str:
        """The identifier of the parent; a parent that cannot be one here is said, and kept all the same."""
        parent = self._entries.get(one.parent)
        if parent is not None and parent.kind not in PARENTS[one.kind]:
            text = f"a {one.kind} cannot belong to a {parent.kind} here, and {one.key!r} does"
            self._found.findings.append(problem("wrong-parent", text, one.path, one.line, "warning"))
        return self._ids.get(one.parent, one.parent)

    def _free_alias(self, one: Entry) -> str:
        """The alias, or one with the name of the source before it where another item is called so."""
        if not one.alias:
            return ""
        where = self._bundle.source.rpartition("/")[2].partition(".")[0]
        for alias in (one.alias, f"{where}-{one.alias}", f"{self._bundle.format}-{one.alias}"):
            if _folded(alias) not in self._aliases and len(alias) <= _MOST_ALIAS:
                self._aliases.add(_folded(alias))
                if alias != one.alias:
                    text = f"{one.alias!r} is what another item is called; here it becomes {alias!r}"
                    self._found.findings.append(problem("alias-taken", text, one.path, one.line, "info"))
                return alias
        text = f"{one.alias!r} is what another item is called; here it has none"
        self._found.findings.append(problem("alias-taken", text, one.path, one.line, "warning"))
        return ""

    # -- what was there before ---------------------------------------------------------------------

    def _merge(self, one: Entry, item: Item, links: dict[str, str]) -> None:
        data = self._read(item.path)
        there = entry_of(item, data)
        link = self._link(one.key)
        then, now = unpacked(links.get(link, "")), digests(one)
        mine = digests(self._as_source(there, one))
        taken: list[str] = []
        differ: list[str] = []
        for name in HASHED:
            if now[name] in {then.get(name), mine[name]} or (name not in then and self._says_nothing(name, one, there)):
                continue
            if self._prefer == "source" or then.get(name) in {None, mine[name]}:
                taken.append(name)
            else:
                differ.append(name)
        if differ:
            self._differs(one, item, there, differ)
        kept = {name: then.get(name, now[name]) if name in differ else now[name] for name in HASHED}
        after = self._taken(data, there, one, taken)
        if packed(kept) != links.get(link) and (taken or one.key != item.id):  # what stands under its own id needs none
            after = with_links(after, {**links, link: packed(kept)})
        if after != data:
            self._found.changes.append(FileChange(item.path, data, after))
        what: What = "changed" if taken else "kept" if differ else "same"
        self._found.rows.append(Row(what, one, item.id, item.path, tuple(taken or differ), item.status))

    def _says_nothing(self, name: str, one: Entry, there: Entry) -> bool:
        """Whether a source that was never read before says nothing against a field of the item."""
        if name == "status":
            word = foreign_status(self._bundle.format, there.kind, there.status)
            shown = status_from(self._bundle.format, there.kind, word) if word else INITIAL[there.kind]
            return shown == one.status
        return getattr(one, name) in {None, "", "[]"} if name not in {"depends_on", "extra"} else not getattr(one, name)

    def _as_source(self, there: Entry, one: Entry) -> Entry:
        """An item in the words of its source, as far as that knows them."""
        return replace(
            there,
            parent=self._key(there.parent),
            depends_on=[self._key(need) for need in there.depends_on],
            alias=one.alias if there.alias.endswith(one.alias) and one.alias else there.alias,
            extra={
                key: value
                for key, value in there.extra.items()
                if key in one.extra or key.startswith(f"{self._bundle.format}.")
            },
        )

    def _key(self, reference: str) -> str:
        item = self._ledger.lookup(reference) if reference else None
        return self._keys.get(item.id, item.id) if item is not None else reference

    def _taken(self, data: bytes, there: Entry, one: Entry, names: Sequence[str]) -> bytes:
        """A file with what the source changed."""
        if not names:
            return data
        fields: dict[str, Value | None] = {}
        if "status" in names:
            fields["status"] = one.status or one.status_text or None
        if "alias" in names:
            fields["alias"] = self._free_alias(one) or None
        if "parent" in names:
            fields["epic" if one.kind == "story" else "parent"] = self._parent(one) or None
        if "depends_on" in names:
            fields["depends_on"] = [self._ids.get(need, need) for need in one.depends_on] or None
        for name in ("priority", "value", "estimate"):
            if name in names:
                number: Value | None = getattr(one, name)
                fields[name] = None if number == "" else number
        old = there.extra if "extra" in names else {}
        kept = one if "extra" in names else replace(one, extra={})
        own = {key: value for key, value in old.items() if key.startswith(f"{self._bundle.format}.")}
        try:
            after = with_values(data, own, kept, fields)
            if "text" in names or "title" in names:
                title = one.title if "title" in names else None
                after = with_body(after, title, one.text if "text" in names else there.text)
        except EditRefused as error:
            text = f"{there.path} is not changed: {error.message}"
            self._found.findings.append(problem("not-edited", text, one.path, one.line))
            return data
        return after

    def _differs(self, one: Entry, item: Item, there: Entry, names: Sequence[str]) -> None:
        for name in names:
            ours, theirs = str(getattr(there, name)), str(getattr(one, name))
            if name in {"text", "extra", "depends_on"}:
                text = f"{name} of {item.path} and of the source both changed; the plan's is kept"
            else:
                where = f"{theirs!r} in the source and {ours!r} in {item.path}"
                text = f"{name} is {where}, and both changed; the plan's is kept"
            self._found.findings.append(problem("both-changed", text, one.path, one.line, "warning"))

    def _gone(self) -> None:
        for link, (item, _) in sorted(self._known.items()):
            key = self._keys.get(item.id, "")
            if link != self._link(key) or not any(key.startswith(scope) for scope in self._bundle.scopes):
                continue
            if key not in self._ids:
                text = f"{key!r} is not in the source any more; {item.path} stays"
                self._found.findings.append(problem("gone", text, self._bundle.source, 1, "warning"))


def _folded(alias: str) -> str:
    return "-".join(alias.casefold().replace("_", "-").split())
