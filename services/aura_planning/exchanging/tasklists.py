"""Task lists of GitHub-flavoured Markdown: `- [ ] #12 Title`, nested."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.exchanging.boxes import Box, fitting, full_text, parsed_boxes, split_text, written_box
from aura_planning.exchanging.contract import Bundle, Entry, Written, kind_named, problem
from aura_planning.exchanging.editing import Lines
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.tree import Tree, load, load_into
from aura_planning.items.layout import slug
from aura_shared.errors import EditRefused

__all__ = ["read_task_list", "write_task_list"]

_FORM: Final = "task-list"
_NUMBER: Final = re.compile(r"(?P<ref>(?:[\w.-]+/[\w.-]+)?#\d+)\b:?\s*")
_OWN: Final = re.compile(r"\s*<!-- aura: (?P<key>\S+)(?: (?P<kind>[a-z]+))? -->")


# -- reading ---------------------------------------------------------------------------------------


def read_task_list(tree: Tree, path: str) -> Bundle:
    """The boxes of a file."""
    bundle = Bundle(_FORM, path)
    source = load_into(bundle, tree, path)
    if source is None:
        return bundle
    boxes = parsed_boxes(source)
    claimed: set[int] = set()
    for box in boxes:
        _take(bundle, box)
        claimed.update(range(box.first, box.last + 1))
    by_line = {box.first: one for box, one in zip(boxes, bundle.entries, strict=True)}
    for box, one in zip(boxes, bundle.entries, strict=True):
        one.depends_on = [by_line[line].key for line in box.needs if line in by_line and by_line[line] is not one]
    rest = [line for number, line in enumerate(source.lines, 1) if number not in claimed and line.strip()]
    if rest:
        bundle.left.append(f"{len(rest)} lines that are no box, such as {rest[0].strip()[:60]!r}")
    return bundle


def _take(bundle: Bundle, box: Box) -> None:
    own = _OWN.search(box.text)
    text = _OWN.sub("", box.text)
    match = _NUMBER.match(text)
    title, below = split_text(text[match.end() :] if match else text)
    taken = {one.key for one in bundle.entries}
    key = own["key"] if own else match["ref"] if match else f"~{slug(title) or 'box'}"
    number = 1
    while not own and not match and key in taken:
        number += 1
        key = f"~{slug(title) or 'box'}-{number}"
    entry = Entry(key, "task", title or key, bundle.source, box.first, text=below, status_text=box.state)
    entry.alias = match["ref"] if match else ""
    entry.kind = (kind_named(own["kind"]) if own else None) or "task"
    entry.parent = bundle.entries[box.above].key if box.above is not None else ""
    entry.status = status_from(_FORM, entry.kind, box.state.lower())
    if not entry.status:
        found = f"the box holds {box.state!r}, which is neither open nor done"
        bundle.findings.append(problem("unknown-status", found, bundle.source, box.first, "warning"))
    bundle.entries.append(entry)


# -- writing ---------------------------------------------------------------------------------------


def write_task_list(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """A nested list, merged into what is there.

    Raises:
        EditRefused: What is there cannot be read.
    """
    return _Writing(entries, tree, path, keys).write()


class _Writing:
    def __init__(self, entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> None:
        self._entries = {one.id: one for one in entries if one.kind not in {"prd", "architecture"}}
        self._tree = tree
        self._path = path
        self._written = Written()
        for one in entries:
            if one.kind in {"prd", "architecture"}:
                self._written.lose(f"documents ({one.kind})")
        self._below: dict[str, list[Entry]] = {}
        for one in self._entries.values():
            self._below.setdefault(one.parent, []).append(one)
        self._keys = {
            one.id: keys.get(one.id) or (one.alias if _NUMBER.fullmatch(one.alias) else one.id)
            for one in self._entries.values()
        }

    def write(self) -> Written:
        for one in self._entries.values():
            self._lose(one)
        self._written.keys = dict(self._keys)
        source = load(self._tree, self._path)
        if source is None:
            lines = [
                line
                for one in self._entries.values()
                if one.parent not in self._entries
                for line in self._nested(one, 0, set())
            ]
            self._written.files[self._path] = "".join(f"{line}\n" for line in lines).encode()
            return self._written
        bundle = read_task_list(self._tree, self._path)
        wrong = [one for one in bundle.findings if one.severity == "error"]
        if wrong:
            raise EditRefused(
                f"{self._path}:{wrong[0].line}: {wrong[0].message}", hint="Nothing was written. Mend it first."
            )
        data = self._tree.read(self._path) or b""
        out = Lines(source.lines, data)
        self._merge(out, {one.key: one for one in bundle.entries}, source.lines)
        if out.data() != data:
            self._written.files[self._path] = out.data()
        return self._written

    def _merge(self, out: Lines, there: Mapping[str, Entry], lines: Sequence[str]) -> None:
        more: set[str] = set()
        for one in self._entries.values():
            old = there.get(self._keys[one.id])
            if old is None:
                if one.parent in self._entries and self._entries[one.parent].id in more:
                    more.add(one.id)
                    continue
                more.add(one.id)
                for line in self._nested(one, 0, set(), known=there):
                    out.append(line)
                continue
            if old.status != one.status:
                out.tick(old.line, self._state(one))
            if old.title != one.title:
                line = lines[old.line - 1]
                start = line.find(old.title)
                if start >= 0:
                    state = self._state(one)
                    changed = f"{line[:start]}{one.title}{line[start + len(old.title) :]}"
                    out.replace(old.line, old.line, re.sub(r"\[.\]", f"[{state}]", changed, count=1))
                else:
                    self._written.notices.append(f"{self._path}:{old.line} keeps its words: they go on below the line")

    def _lose(self, one: Entry) -> None:
        for what in ("value", "estimate", "priority"):
            if getattr(one, what) not in (None, ""):
                self._written.lose(what)
        if one.depends_on:
            self._written.lose("dependencies, unless the words say them")
        if one.status in {"in-progress", "current"}:
            self._written.lose(f"the status {one.status}")
        if one.alias and not _NUMBER.fullmatch(one.alias):
            self._written.lose("aliases")
        if one.text and not fitting(one.title, one.text):
            self._written.lose("texts that do not fit under a box")

    def _nested(self, one: Entry, depth: int, seen: set[str], known: Mapping[str, Entry] | None = None) -> list[str]:
        if one.id in seen or (known is not None and self._keys[one.id] in known):
            return []
        seen.add(one.id)
        words = full_text(one.title, fitting(one.title, one.text))
        first, *rest = words.split("\n")
        key = self._keys[one.id]
        ref = f"{key} " if _NUMBER.fullmatch(key) else ""
        kind = f" {one.kind}" if one.kind != "task" else ""
        mark = "" if key.startswith("~") or (ref and not kind) else f" <!-- aura: {key}{kind} -->"
        block = written_box(self._state(one), "\n".join([f"{ref}{first}{mark}", *rest]))
        found = [f"{'  ' * depth}{line}" if line else "" for line in block.split("\n")]
        for child in self._below.get(one.id, ()):
            found += self._nested(child, depth + 1, seen, known)
        return found

    @staticmethod
    def _state(one: Entry) -> str:
        kept = one.status_text if len(one.status_text) == 1 and not one.status else ""
        return kept or foreign_status(_FORM, one.kind, one.status) or " "
