"""OpenSpec: `openspec/changes/<name>/{proposal,design,tasks}.md` and its deltas. A change is an epic, a box a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.exchanging.boxes import (
    Box,
    every_box,
    fitting,
    full_text,
    mark_of,
    put_back,
    split_text,
    written_box,
)
from aura_planning.exchanging.contract import Bundle, Entry, Written, epic_above, lose_homeless, problem
from aura_planning.exchanging.editing import Lines, settle_parents
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.texts import joined, sections_of, tidy, written_sections
from aura_planning.exchanging.tree import SourceText, Tree, base_name, load
from aura_planning.items.layout import slug

__all__ = ["read_openspec", "write_openspec"]

_FORM: Final = "openspec"
_DATED: Final = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})-(?P<name>.+)\Z")
_NUMBER: Final = re.compile(r"\**(?P<id>\d+(?:\.\d+)+[a-z]?|\d+\.(?=\s))\**\s*(?P<text>.*)\Z", re.DOTALL)
_TITLE: Final = re.compile(r"#\s+(?:Change|Proposal|Change Proposal)?\s*:?\s*(?P<title>.+)\Z", re.IGNORECASE)
_DOCUMENTS: Final = {"proposal.md": "Proposal", "design.md": "Design"}
_TASKS: Final = "Tasks file"
_META: Final = ".openspec.yaml"
_META_TITLE: Final = "Change metadata"
_FENCED: Final = re.compile(r"```yaml\n(.*)\n```\Z", re.DOTALL)


def _known(title: str) -> bool:
    return title in {_TASKS, _META_TITLE, *_DOCUMENTS.values()} or title.startswith("Spec ")


def _split(path: str) -> tuple[str, str]:
    """The folder `openspec`, and the change that is meant; empty for all."""
    base, found, rest = f"/{path}/".rpartition("/changes/")
    if not found:
        return path, ""
    name = rest.strip("/").removeprefix("archive/").partition("/")[0]
    return base.strip("/"), "" if name == "archive" else name


# -- reading ---------------------------------------------------------------------------------------


def read_openspec(tree: Tree, path: str) -> Bundle:
    """The changes of a folder, archived ones among them, or one of them."""
    base, only = _split(path)
    bundle = Bundle(_FORM, base)
    top = f"{base}/changes/" if base else "changes/"
    folders: dict[str, list[str]] = {}
    for one in tree.files(top.rstrip("/")):
        inner = one.removeprefix(top)
        archived = "archive/" if inner.startswith("archive/") else ""
        name, _, rest = inner.removeprefix("archive/").partition("/")
        if rest:
            folders.setdefault(f"{archived}{name}", []).append(rest)
    names = _names(list(folders))
    for folder in sorted(folders):
        if only in {"", names[folder], base_name(folder)}:
            _Change(tree, bundle, f"{top}{folder}", names[folder], folders[folder]).read()
    if only:
        bundle.scopes = [names.get(only, only)]
    specs = [one for one in tree.files(f"{base}/specs" if base else "specs") if base_name(one) == "spec.md"]
    if specs and not only:
        bundle.left.append(f"{len(specs)} specifications of what is built, such as {specs[0]}: they are no work")
    settle_parents(bundle.entries)
    return bundle


def _names(folders: Sequence[str]) -> dict[str, str]:
    """What each change is called: an archived one without its date, unless another has that name."""
    bare: dict[str, str] = {}
    for folder in folders:
        match = _DATED.match(base_name(folder)) if folder.startswith("archive/") else None
        bare[folder] = match["name"] if match else base_name(folder)
    taken = list(bare.values())
    return {
        folder: name if taken.count(name) == 1 or not folder.startswith("archive/") else base_name(folder)
        for folder, name in bare.items()
    }


class _Change:
    def __init__(self, tree: Tree, bundle: Bundle, folder: str, name: str, files: Sequence[str]) -> None:
        self._tree = tree
        self._bundle = bundle
        self._folder = folder
        self._name = name
        self._files = files

    def read(self) -> None:
        epic = Entry(self._name, "epic", self._name, self._folder, alias=self._name)
        parts: list[tuple[str, str]] = []
        at = len(self._bundle.entries)
        for file in ("proposal.md", "design.md", "tasks.md"):
            source = self._load(file)
            if source is None or source.broken:
                continue
            epic.path = source.path if epic.path == self._folder else epic.path
            if file == "proposal.md":
                epic.title = self._title(source)
            parts.append((_DOCUMENTS.get(file, _TASKS), self._tasks(source) if file == "tasks.md" else source.text))
        parts += [part for file in self._files if (part := self._further(file))]
        if not parts:
            return
        epic.text = written_sections(parts, _known)
        if "/archive/" in f"/{self._folder}/":
            epic.status = "complete"
            match = _DATED.match(base_name(self._folder))
            epic.extra[f"{_FORM}.archived"] = match["date"] if match else base_name(self._folder)
        self._bundle.entries.insert(at, epic)

    def _further(self, file: str) -> tuple[str, str] | None:
        """A section for a file that is neither proposal nor design nor list of tasks."""
        delta = file.startswith("specs/") and file.endswith("/spec.md")
        if not delta and file != _META:
            if file not in {"proposal.md", "design.md", "tasks.md"}:
                self._bundle.left.append(f"{self._folder}/{file}")
            return None
        source = self._load(file)
        if source is None or source.broken:
            return None
        if delta:
            self._bundle.keep("delta of a specification", "section Spec of the epic")
            return f"Spec {file.removeprefix('specs/').removesuffix('/spec.md')}", source.text
        self._bundle.keep(_META, f"section {_META_TITLE} of the epic")
        return _META_TITLE, f"```yaml\n{source.text}\n```"

    def _load(self, file: str) -> SourceText | None:
        if file not in self._files:
            return None
        found = load(self._tree, f"{self._folder}/{file}")
        if found is not None:
            self._bundle.findings += found.findings
        return found

    def _title(self, source: SourceText) -> str:
        first = next((line for line in source.lines if line.strip()), "")
        match = _TITLE.match(first)
        title = joined(match["title"]) if match and not first.startswith("##") else ""
        return title if title and title.casefold() not in {"proposal", "change"} else self._name

    def _tasks(self, source: SourceText) -> str:
        """The words of the task list with a mark for each box."""
        boxes = every_box(source)
        out = Lines(source.lines)
        entries: list[Entry] = []
        for box in boxes:
            entry = self._task(box, source, entries)
            entries.append(entry)
            out.replace(box.first, box.last, box.margin + mark_of(entry.key.partition("/")[2]))
        by_line = {box.first: entry for box, entry in zip(boxes, entries, strict=True)}
        for box, entry in zip(boxes, entries, strict=True):
            entry.depends_on = [
                by_line[line].key for line in box.needs if line in by_line and by_line[line] is not entry
            ]
        self._bundle.entries += entries
        return out.text()

    def _task(self, box: Box, source: SourceText, before: Sequence[Entry]) -> Entry:
        match = _NUMBER.match(box.text)
        number = match["id"].rstrip(".") if match else ""
        title, text = split_text(match["text"] if match else box.text)
        own = number or _free(f"~{slug(title) or 'task'}", {one.key.partition("/")[2] for one in before})
        key = f"{self._name}/{own}"
        above = before[box.above] if box.above is not None and box.above < len(before) else None
        entry = Entry(
            key, "task", title, source.path, box.first, alias=key if number else "", text=text,
            parent=above.key if above is not None else self._name, status_text=box.state,
        )  # fmt: skip
        entry.status = status_from(_FORM, "task", box.state.lower())
        if not entry.status:
            found = f"the box holds {box.state!r}, which is neither open nor done"
            self._bundle.findings.append(problem("unknown-status", found, source.path, box.first, "warning"))
        return entry


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


# -- writing ---------------------------------------------------------------------------------------


def write_openspec(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """Changes as folders, merged into those that are there."""
    return _Writing(entries, tree, _split(path)[0], dict(keys)).write()


class _Writing:
    def __init__(self, entries: Sequence[Entry], tree: Tree, base: str, keys: dict[str, str]) -> None:
        self._entries = {one.id: one for one in entries}
        self._tree = tree
        self._top = f"{base}/changes/" if base else "changes/"
        self._keys = keys
        self._written = Written()
        self._there = read_openspec(tree, base)

    def write(self) -> Written:
        epics = [one for one in self._entries.values() if one.kind == "epic"]
        taken = {one.key for one in self._there.entries if one.kind == "epic"} | set(self._keys.values())
        for one in epics:
            if one.id not in self._keys:
                name = one.alias if re.fullmatch(r"[a-z0-9][\w.-]*", one.alias) else slug(one.title) or "change"
                self._keys[one.id] = _free(name, taken)
                taken.add(self._keys[one.id])
        lose_homeless(self._entries, self._written)
        for one in epics:
            self._write(one)
        self._written.keys = {one: key for one, key in self._keys.items() if one in self._entries}
        return self._written

    def _write(self, epic: Entry) -> None:
        name = self._keys[epic.id]
        old = next((one for one in self._there.entries if one.key == name), None)
        archived = epic.extra.get(f"{_FORM}.archived", "")
        dated = f"archive/{archived}-{name}" if isinstance(archived, str) and _DATED.match(f"{archived}-x") else name
        if archived and _DATED.match(name):
            dated = f"archive/{name}"
        folder = self._folder(old) if old is not None else f"{self._top}{dated}"
        parts = dict(sections_of(epic.text, _known))
        if "Proposal" not in parts:
            words = [f"# Change: {epic.title}", "## Why", parts.get("", "") or epic.title]
            parts["Proposal"] = "\n\n".join(words)
        for file, title in _DOCUMENTS.items():
            self._new(f"{folder}/{file}", parts.get(title, ""))
        meta = _FENCED.match(parts.get(_META_TITLE, ""))
        self._new(f"{folder}/{_META}", meta[1] if meta else "")
        for title, text in parts.items():
            if title.startswith("Spec "):
                self._new(f"{folder}/specs/{title.removeprefix('Spec ')}/spec.md", text)
        mine = [
            one
            for one in self._entries.values()
            if one.kind in {"story", "task"} and epic_above(one, self._entries) is epic
        ]
        self._number(name, mine)
        for one in mine:
            self._lose(one)
        self._list(f"{folder}/tasks.md", parts.get(_TASKS, ""), mine)

    def _folder(self, old: Entry) -> str:
        inner = old.path.removeprefix(self._top)
        size = 2 if inner.startswith("archive/") else 1
        return self._top + "/".join(inner.split("/")[:size])

    def _lose(self, one: Entry) -> None:
        for what in ("value", "estimate"):
            if getattr(one, what) is not None:
                self._written.lose(f"{what}s")
        if one.priority:
            self._written.lose("priorities")
        if one.kind == "story":
            self._written.lose("that a story is one: it becomes a box")
        if one.status == "in-progress":
            self._written.lose("the status in-progress")
        if one.text and not fitting(one.title, one.text):
            self._written.lose("texts that do not fit under a box")
        if one.depends_on:
            self._written.lose("dependencies, unless the words say them")

    def _new(self, path: str, text: str) -> None:
        if text and self._tree.read(path) is None:
            self._written.files[path] = f"{tidy(text)}\n".encode()

    def _number(self, name: str, mine: Sequence[Entry]) -> None:
        taken = {one.key for one in self._there.entries} | set(self._keys.values())
        groups = [
            int(m[1])
            for key in taken
            if key.startswith(f"{name}/") and (m := re.match(r"(\d+)\.", key.partition("/")[2]))
        ]
        mine_too = [int(m[1]) for one in mine if (m := re.match(rf"{re.escape(name)}/(\d+)\.", one.alias))]
        group = max([*groups, *mine_too], default=0) + 1
        for one in mine:
            if one.id in self._keys:
                continue
            key = one.alias if one.alias.startswith(f"{name}/") else ""
            if not key or key in taken:
                used = [
                    int(each.rpartition(".")[2])
                    for each in taken
                    if re.match(rf"{re.escape(name)}/{group}\.\d+\Z", each)
                ]
                key = f"{name}/{group}.{max(used, default=0) + 1}"
            self._keys[one.id] = key
            taken.add(key)

    def _list(self, path: str, text: str, mine: Sequence[Entry]) -> None:
        source = load(self._tree, path)
        blocks = {self._keys[one.id].partition("/")[2]: self._box(one) for one in mine}
        if source is None:
            found, seen = put_back(text, blocks)
            more = [block for key, block in blocks.items() if key not in seen]
            head = [f"## {self._next(blocks)}. Tasks", ""] if more else []
            whole = "\n".join([*([found] if found else []), *([""] if found and more else []), *head, *more])
            if whole.strip():
                self._written.files[path] = f"{tidy(whole)}\n".encode()
            return
        data = self._tree.read(path) or b""
        out = Lines(source.lines, data)
        there = {one.key: one for one in self._there.entries if one.path == path and one.kind != "epic"}
        for one in mine:
            old = there.get(self._keys[one.id])
            if old is None:
                out.append(self._box(one))
                continue
            if old.title != joined(one.title) or old.text not in {tidy(one.text), fitting(one.title, one.text)}:
                size = self._size(source.lines, old.line)
                margin = re.match(r"\s*", source.lines[old.line - 1])
                before = margin.group() if margin else ""
                out.replace(
                    old.line, old.line + size - 1, "\n".join(before + each for each in self._box(one).split("\n"))
                )
            elif old.status != one.status:
                out.tick(old.line, self._state(one))
        if out.data() != data:
            self._written.files[path] = out.data()

    @staticmethod
    def _size(lines: Sequence[str], first: int) -> int:
        """How many lines a box has, with what is indented below it and is no box."""
        last = first
        while last < len(lines) and re.match(r"\s+\S", lines[last]) and not re.match(r"\s*[-*+]\s+\[", lines[last]):
            last += 1
        return last - first + 1

    @staticmethod
    def _next(blocks: Mapping[str, str]) -> str:
        numbers = [key.partition(".")[0] for key in blocks if key[:1].isdigit()]
        return max(numbers, key=int, default="1")

    def _box(self, one: Entry) -> str:
        own = self._keys[one.id].partition("/")[2]
        number = "" if own.startswith("~") else f"{own} "
        return written_box(self._state(one), f"{number}{full_text(one.title, fitting(one.title, one.text))}")

    @staticmethod
    def _state(one: Entry) -> str:
        kept = one.status_text if len(one.status_text) == 1 and not one.status else ""
        return kept or foreign_status(_FORM, one.kind, one.status) or " "
