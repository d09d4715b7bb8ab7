"""spec-kit: `specs/NNN-name/{spec,plan,tasks}.md`. A feature is an epic, a user story a story, `T001` a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.exchanging.boxes import (
    Box,
    box_of,
    every_box,
    fitting,
    full_text,
    head_of,
    mark_of,
    put_back,
    split_text,
    titled,
    written_box,
)
from aura_planning.exchanging.contract import Bundle, Entry, Written, epic_above, lose_homeless, problem
from aura_planning.exchanging.editing import Lines, settle_parents
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.texts import joined, sections_of, tidy, written_sections
from aura_planning.exchanging.tree import SourceText, Tree, base_name, load, parent_of
from aura_planning.items.layout import slug
from aura_planning.parsing.parsing import parse_document

__all__ = ["read_speckit", "write_speckit"]

_FORM: Final = "speckit"
_FOLDER: Final = re.compile(r"(?P<number>\d{3,})-[^/]+\Z")
_STORY: Final = re.compile(
    r"#{2,4}\s+User Story (?P<number>\d+)\s*[-:\u2013\u2014]?\s*(?P<title>.*?)\s*"
    r"(?:\((?:Priority:\s*)?(?P<priority>P\d)\)\s*(?P<mark>\S*))?\s*\Z",
    re.IGNORECASE,
)
_TASK: Final = re.compile(
    r"\**(?P<id>T\d{3,}[a-z]?)\**:?\s*(?P<marks>(?:\[[A-Z][\w/ ]*\]\s*)*)(?P<text>.*)\Z", re.DOTALL
)
_NEEDS: Final = re.compile(r" \(depends on T\d{3,}[a-z]?(?:, T\d{3,}[a-z]?)*\)\Z")
_IDS: Final = re.compile(r"T\d{3,}[a-z]?")
_BOLD: Final = re.compile(r"^#{1,3} +(.+?)[ #]*$", re.MULTILINE)
_MARKS: Final = re.compile(r"\[([^\]]+)\]")
_TITLE: Final = re.compile(
    r"#\s+(?:Feature Specification|Feature Spec|Specification|Spec)\s*:\s*(?P<title>.+)\Z", re.IGNORECASE
)
_SECTIONS: Final = {"spec": "Specification", "plan": "Plan", "tasks": "Tasks file"}


def _known(title: str) -> bool:
    return title in _SECTIONS.values()


def _split(path: str) -> tuple[str, str]:
    """The folder of all features, and the one that is meant; empty for all."""
    if base_name(path) in {"spec.md", "plan.md", "tasks.md"}:
        path = parent_of(path)
    return (parent_of(path), base_name(path)) if _FOLDER.match(base_name(path)) else (path, "")


# -- reading ---------------------------------------------------------------------------------------


def read_speckit(tree: Tree, path: str) -> Bundle:
    """The features of a folder, or one of them."""
    base, only = _split(path)
    bundle = Bundle(_FORM, base)
    prefix = f"{base}/" if base else ""
    names = sorted({one.removeprefix(prefix).partition("/")[0] for one in tree.files(base)})
    for name in names:
        if _FOLDER.match(name) and (not only or name == only):
            _Feature(tree, bundle, f"{prefix}{name}", name).read()
    if only:
        bundle.scopes = [only]
    settle_parents(bundle.entries)
    return bundle


class _Feature:
    def __init__(self, tree: Tree, bundle: Bundle, folder: str, name: str) -> None:
        self._tree = tree
        self._bundle = bundle
        self._folder = folder
        self._name = name
        found = _FOLDER.match(name)
        self._number = found["number"] if found else ""
        self._stories: set[str] = set()

    def read(self) -> None:
        spec, plan, tasks = (self._load(name) for name in ("spec", "plan", "tasks"))
        if spec is None and tasks is None:
            return
        epic = Entry(self._name, "epic", self._name, self._folder, alias=self._name)
        epic.path = (spec or tasks or SourceText(self._folder, [])).path
        self._bundle.entries.append(epic)
        parts: list[tuple[str, str]] = []
        if spec is not None and not spec.broken:
            parts.append((_SECTIONS["spec"], self._spec(spec, epic)))
        if plan is not None and not plan.broken:
            parts.append((_SECTIONS["plan"], plan.text))
            self._bundle.keep("plan.md", "section Plan of the epic")
        if tasks is not None and not tasks.broken:
            parts.append((_SECTIONS["tasks"], self._tasks(tasks)))
        epic.text = written_sections(parts, _known)
        others = [
            one for one in self._tree.files(self._folder) if base_name(one) not in {"spec.md", "plan.md", "tasks.md"}
        ]
        if others:
            self._bundle.left.append(f"{len(others)} other files of {self._folder}, such as {others[0]}")

    def _load(self, name: str) -> SourceText | None:
        found = load(self._tree, f"{self._folder}/{name}.md")
        if found is not None:
            self._bundle.findings += found.findings
        return found

    def _spec(self, source: SourceText, epic: Entry) -> str:
        """The words of the specification with a mark for each story."""
        lines = list(source.lines)
        document = parse_document("\n".join(lines).encode(), source.path)
        title = next((match for line in lines[:5] if (match := _TITLE.match(line))), None)
        epic.title = joined(title["title"]) if title else document.title or self._name
        out = Lines(lines)
        for item in document.items:
            match = _STORY.match(lines[item.source.first - 1].rstrip()) if item.kind == "story" else None
            if match is None:
                continue
            key = f"{self._name}/US{match['number']}"
            if key in self._stories:
                text = f"user story {match['number']} stands twice"
                self._bundle.findings.append(problem("id-twice", text, source.path, item.source.first))
                continue
            self._stories.add(key)
            body = tidy("\n".join(lines[item.source.first : item.source.last]))
            entry = Entry(
                key, "story", joined(match["title"]) or f"User Story {match['number']}", source.path,
                item.source.first, alias=f"{self._number}-US{match['number']}", parent=self._name,
                priority=(match["priority"] or "").upper(), text=body,
            )  # fmt: skip
            if match["mark"]:
                entry.extra[f"{_FORM}.mark"] = match["mark"]
            self._bundle.entries.append(entry)
            out.replace(item.source.first, item.source.last, mark_of(f"US{match['number']}"))
        if any(item.kind == "requirement" for item in document.items):
            count = sum(item.kind == "requirement" for item in document.items)
            self._bundle.kept["requirements (FR, SC) -> section Specification of the epic"] = (
                self._bundle.kept.get("requirements (FR, SC) -> section Specification of the epic", 0) + count
            )
        return out.text()

    def _tasks(self, source: SourceText) -> str:
        out = Lines(source.lines)
        found: list[tuple[Box, Entry]] = []
        for box in every_box(source):
            match = _TASK.match(box.text)
            if match is None:
                continue
            entry = self._task(box, match, source)
            found.append((box, entry))
            self._bundle.entries.append(entry)
            out.replace(box.first, box.last, box.margin + mark_of(match["id"]))
        by_line = {entry.line: entry.key for _, entry in found}
        for box, entry in found:
            needs = [by_line.get(line, "") for line in box.needs]
            entry.depends_on = [one for one in dict.fromkeys(needs) if one and one != entry.key]
            match = _TASK.match(box.text)
            head, rest = head_of(match["text"] if match else "")
            said = _NEEDS.search(head)
            if said is not None and all(f"{self._name}/{one}" in entry.depends_on for one in _IDS.findall(said[0])):
                entry.title, entry.text = titled(head[: said.start()].rstrip(), rest)
        return out.text()

    def _task(self, box: Box, match: re.Match[str], source: SourceText) -> Entry:
        title, text = split_text(match["text"])
        marks = _MARKS.findall(match["marks"])
        story = next((one for one in marks if re.fullmatch(r"US\d+", one)), "")
        key = f"{self._name}/{story}" if story else ""
        entry = Entry(
            f"{self._name}/{match['id']}", "task", title, source.path, box.first, alias=f"{self._number}-{match['id']}",
            parent=key if key in self._stories else self._name, text=text,
        )  # fmt: skip
        if marks:
            entry.extra[f"{_FORM}.marks"] = tuple(marks)
        entry.status_text = box.state
        entry.status = status_from(_FORM, "task", box.state.lower())
        if not entry.status:
            found = f"the box holds {box.state!r}, which is neither open nor done"
            self._bundle.findings.append(problem("unknown-status", found, source.path, box.first, "warning"))
        return entry


def _plain(text: str) -> str:
    """A text whose headings are bold lines, because a heading would end the story that it stands in."""
    return _BOLD.sub(r"**\1**", tidy(text))


# -- writing ---------------------------------------------------------------------------------------


def write_speckit(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """Features as folders, merged into those that are there."""
    base, _ = _split(path)
    return _Writing(entries, tree, base, dict(keys)).write()


class _Writing:
    def __init__(self, entries: Sequence[Entry], tree: Tree, base: str, keys: dict[str, str]) -> None:
        self._entries = {one.id: one for one in entries}
        self._tree = tree
        self._prefix = f"{base}/" if base else ""
        self._keys = keys
        self._written = Written()
        self._there = read_speckit(tree, base)

    def write(self) -> Written:
        epics = [one for one in self._entries.values() if one.kind == "epic"]
        numbers = [int(one.key[:3]) for one in self._there.entries if one.kind == "epic"]
        numbers += [int(key[:3]) for key in self._keys.values() if key[:3].isdigit()]
        for one in epics:
            if one.id not in self._keys:
                if not _FOLDER.match(one.alias) or one.alias in self._keys.values():
                    numbers.append(max(numbers, default=0) + 1)
                    self._keys[one.id] = f"{numbers[-1]:03}-{slug(one.title) or 'feature'}"
                else:
                    self._keys[one.id] = one.alias
        lose_homeless(self._entries, self._written)
        for one in epics:
            self._write(one)
        self._written.keys = {one: key for one, key in self._keys.items() if one in self._entries}
        return self._written

    def _write(self, epic: Entry) -> None:
        name = self._keys[epic.id]
        folder = f"{self._prefix}{name}"
        mine = [one for one in self._entries.values() if one.kind != "epic" and epic_above(one, self._entries) is epic]
        self._number(name, mine)
        parts = dict(sections_of(epic.text, _known))
        stories = [one for one in mine if one.kind == "story"]
        tasks = [one for one in mine if one.kind == "task"]
        for one in mine:
            for what in ("value", "estimate"):
                if getattr(one, what) is not None:
                    self._written.lose(f"{what}s")
            if one.kind == "task" and one.text and not fitting(one.title, one.text):
                self._written.lose("texts that do not fit under a box")
            if one.kind == "task" and one.priority:
                self._written.lose("priorities of tasks")
            if one.status == "in-progress" or (one.kind == "story" and one.status == "cancelled"):
                self._written.lose(f"the status {one.status}")
        self._file(f"{folder}/spec.md", self._spec_text(epic, parts, stories), {self._own(one): one for one in stories})
        if "Plan" in parts and self._tree.read(f"{folder}/plan.md") is None:
            self._written.files[f"{folder}/plan.md"] = f"{parts['Plan']}\n".encode()
        self._file(f"{folder}/tasks.md", self._tasks_text(epic, parts, tasks), {self._own(one): one for one in tasks})

    def _own(self, one: Entry) -> str:
        return self._keys[one.id].rpartition("/")[2]

    def _number(self, name: str, mine: Sequence[Entry]) -> None:
        taken = {one.key for one in self._there.entries} | set(self._keys.values())
        for kind, pattern, shape in (("story", r"US(\d+)\Z", "US{}"), ("task", r"T(\d+)[a-z]?\Z", "T{:03}")):
            for one in mine:
                if one.kind != kind or one.id in self._keys:
                    continue
                own = one.alias.rpartition("-")[2]
                key = f"{name}/{own}" if re.match(pattern, own) else ""
                if not key or key in taken:
                    used = [
                        int(m[1])
                        for each in taken
                        if each.startswith(f"{name}/") and (m := re.match(pattern, each.rpartition("/")[2]))
                    ]
                    key = f"{name}/{shape.format(max(used, default=0) + 1)}"
                self._keys[one.id] = key
                taken.add(key)

    def _spec_text(self, epic: Entry, parts: Mapping[str, str], stories: Sequence[Entry]) -> str:
        text = parts.get("Specification", "")
        if not text:
            head = f"# Feature Specification: {epic.title}"
            rest = parts.get("", "")
            text = "\n\n".join(one for one in (head, rest, "## User Scenarios & Testing" if stories else "") if one)
        blocks = {self._own(one): self._story(one) for one in stories}
        found, seen = put_back(text, blocks)
        more = [block for key, block in blocks.items() if key not in seen]
        return "\n\n".join([found, *more])

    def _story(self, one: Entry) -> str:
        number = self._own(one).removeprefix("US")
        mark = one.extra.get(f"{_FORM}.mark", "")
        words = [
            f"### User Story {number} - {one.title}",
            f"(Priority: {one.priority})" if one.priority else "",
            str(mark),
        ]
        return "\n\n".join(part for part in (" ".join(word for word in words if word), _plain(one.text)) if part)

    def _tasks_text(self, epic: Entry, parts: Mapping[str, str], tasks: Sequence[Entry]) -> str:
        text = parts.get("Tasks file", "") or (f"# Tasks: {epic.title}\n\n## Phase 1: Work" if tasks else "")
        blocks = {self._own(one): self._task(one) for one in tasks}
        found, seen = put_back(text, blocks)
        more = [block for key, block in blocks.items() if key not in seen]
        return "\n".join([found, *(["", *more] if more else [])]) if text else ""

    def _task(self, one: Entry) -> str:
        marks = one.extra.get(f"{_FORM}.marks", ())
        shown = list(marks) if isinstance(marks, tuple) else [marks]
        parent = self._entries.get(one.parent)
        story = self._own(parent) if parent is not None and parent.kind == "story" else ""
        if story and story not in shown:
            shown.append(story)
        elif parent is not None and parent.kind == "task":
            self._written.lose("tasks of tasks")
        tags = "".join(f" [{mark}]" for mark in shown)
        head, line, rest = full_text(one.title, fitting(one.title, one.text)).partition("\n")
        return written_box(self._state(one), f"{self._own(one)}{tags} {head}{self._needs(one)}{line}{rest}")

    def _needs(self, one: Entry) -> str:
        """Dependencies that the words and the rest of the file do not say themselves."""
        said = next((each for each in self._there.entries if each.key == self._keys[one.id]), None)
        words = full_text(one.title, one.text)
        name = self._keys[one.id].partition("/")[0]
        found: list[str] = []
        known = set(said.depends_on) if said is not None and said.title == joined(one.title) else set[str]()
        for need in one.depends_on:
            key = self._keys.get(need, "")
            if not key.startswith(f"{name}/T"):
                self._written.lose("dependencies on something that is no task of the feature")
            elif key.rpartition("/")[2] not in words and key not in known:
                found.append(key.rpartition("/")[2])
        return f" (depends on {', '.join(found)})" if found else ""

    def _state(self, one: Entry) -> str:
        kept = one.status_text if len(one.status_text) == 1 and not one.status else ""
        return kept or foreign_status(_FORM, one.kind, one.status) or " "

    def _file(self, path: str, whole: str, mine: Mapping[str, Entry]) -> None:
        """Merge into a file that is there, else write the whole text."""
        source = load(self._tree, path)
        if source is None:
            if whole.strip():
                self._written.files[path] = f"{tidy(whole)}\n".encode()
            return
        data = self._tree.read(path) or b""
        out = Lines(source.lines, data)
        there = {
            one.key.rpartition("/")[2]: one for one in self._there.entries if one.path == path and one.kind != "epic"
        }
        for own, one in mine.items():
            old = there.get(own)
            if old is None:
                out.append(self._story(one) if one.kind == "story" else self._task(one), loose=one.kind == "story")
            elif one.kind == "task":
                self._change(out, old, one)
            elif (old.title, old.priority) != (joined(one.title), one.priority) or old.text not in {
                tidy(one.text),
                _plain(one.text),
            }:
                size = len(tidy("\n".join(source.lines[old.line :])).split("\n"))
                last = (
                    old.line
                    + len(old.text.split("\n"))
                    + next((n for n, line in enumerate(source.lines[old.line :]) if line.strip()), 0)
                    if old.text
                    else old.line
                )
                out.replace(old.line, min(last, old.line + size), self._story(one))
        changed = out.data()
        if changed != data:
            self._written.files[path] = changed

    def _change(self, out: Lines, old: Entry, one: Entry) -> None:
        state = self._state(one)
        same = old.title == joined(one.title) and old.text in {tidy(one.text), fitting(one.title, one.text)}
        if same and not self._needs(one):
            if old.status != one.status and state.lower() != old.status_text.lower():
                out.tick(old.line, state)
            return
        line = out.lines[old.line - 1]
        margin = line[: len(line) - len(line.lstrip())]
        last = old.line
        while (
            last < len(out.lines)
            and out.lines[last].strip()
            and not box_of(out.lines[last])
            and out.lines[last].startswith((" ", "\t"))
        ):
            last += 1
        out.replace(old.line, last, "\n".join(f"{margin}{each}" for each in self._task(one).split("\n")))
