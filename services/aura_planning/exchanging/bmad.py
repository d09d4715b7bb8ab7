"""BMAD v6: `sprint-status.yaml` with epics and stories, whose words stand in `epics.md` and in files of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import yaml

from aura_planning.exchanging.contract import Bundle, Entry, Written, problem
from aura_planning.exchanging.editing import Lines, settle_parents
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.texts import joined, sections_of, tidy, written_sections
from aura_planning.exchanging.tree import SourceText, Tree, base_name, load, load_into, parent_of
from aura_planning.items.layout import slug
from aura_planning.parsing.parsing import parse_document
from aura_shared.errors import EditRefused

__all__ = ["read_bmad", "write_bmad"]

_FORM: Final = "bmad"
_LIST: Final = "development_status"
_EPIC: Final = re.compile(r"epic-(?P<number>[\w.]+)\Z")
_RETRO: Final = re.compile(r"(?P<epic>.+)-retrospective\Z")
_STORY: Final = re.compile(r"(?P<epic>\d+[a-z]?(?:\.\d+)?)-(?P<story>\d+[a-z]?)-(?P<slug>.+)\Z")
_ALIAS: Final = re.compile(r"(?P<what>epic|story)\s+(?P<number>[\w.]+)\Z", re.IGNORECASE)
_TITLE: Final = re.compile(r"#\s+(?:(?:Epic|Story)\s+[\w.]+\s*[-:\u2013\u2014.]\s*)?(?P<title>.+)\Z", re.IGNORECASE)
_KEY: Final = re.compile(r"(?!epic-\d+-story-)[a-z0-9][a-z0-9.]*-[\w.-]+\Z")
_RULE: Final = re.compile(r"(?:\n\s*-{3,}\s*)+\Z")
_COMMENT: Final = re.compile(r"\s*#\s*Epic\s+[\w.]+\s*[-:\u2013\u2014]\s*(?P<title>.+)\Z", re.IGNORECASE)
_RANK: Final[Mapping[str, int]] = {
    "backlog": 0, "drafted": 1, "contexted": 1, "ready-for-dev": 1, "in-progress": 2, "review": 3, "done": 4,
}  # fmt: skip
_FROM_EPICS: Final = "From epics.md"
_HEADER: Final = """\
# Status of epics and stories.
# Epics: backlog, in-progress, done. Stories: backlog, ready-for-dev, in-progress, review, done.
# Retrospectives: optional, done.

project: {project}
tracking_system: file-system
story_location: "{stories}"

development_status:
"""


def _known(title: str) -> bool:
    return title == _FROM_EPICS


@dataclass(frozen=True, slots=True)
class _Line:
    """A key below `development_status`."""

    key: str
    value: str
    line: int
    """Counted from 1."""
    start: int
    end: int
    """Where the value stands on its line."""
    note: str
    """The comment behind it."""


@dataclass(slots=True)
class _File:
    source: SourceText
    lines: list[_Line]
    stories: str
    """Folder of the files of stories, relative to the project."""
    others: list[str]
    """Further keys of the file."""


# -- reading ---------------------------------------------------------------------------------------


def _file(tree: Tree, path: str, bundle: Bundle) -> _File | None:
    source = load_into(bundle, tree, path)
    if source is None:
        return None
    try:
        root = cast("yaml.Node | None", yaml.compose(source.text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        words = str(getattr(error, "problem", "")) or "it cannot be read"
        bundle.findings.append(
            problem("broken-yaml", f"the YAML is wrong here: {words}", path, mark.line + 1 if mark else 1)
        )
        return None
    except RecursionError:
        bundle.findings.append(problem("broken-yaml", "the YAML is nested too deeply", path))
        return None
    pairs = (
        {k.value: v for k, v in root.value if isinstance(k, yaml.ScalarNode)}
        if isinstance(root, yaml.MappingNode)
        else {}
    )
    listed = pairs.get(_LIST)
    if not isinstance(listed, yaml.MappingNode):
        text = f"it has no list `{_LIST}` of epics and stories; found {', '.join(list(pairs)[:8]) or 'no keys'}"
        bundle.findings.append(problem("no-development-status", text, path))
        return None
    place = pairs.get("story_location") or pairs.get("story_path")
    written = str(place.value) if isinstance(place, yaml.ScalarNode) else ""
    stories = re.sub(r"\{[\w-]+\}/?", "", written).strip("/ ") or parent_of(path)
    others = [name for name in pairs if name not in {_LIST, "story_location", "story_path"}]
    return _File(source, _lines(listed, source, bundle), stories, others)


def _lines(listed: yaml.MappingNode, source: SourceText, bundle: Bundle) -> list[_Line]:
    found: list[_Line] = []
    for key, value in listed.value:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            text = "this is no `key: status` and stays in the file"
            bundle.findings.append(problem("strange-key", text, source.path, key.start_mark.line + 1, "warning"))
            continue
        line = source.lines[value.start_mark.line] if value.start_mark.line < len(source.lines) else ""
        start, end = value.start_mark.column, value.end_mark.column
        note = line[end:].partition("#")[2].strip()
        found.append(_Line(str(key.value), str(value.value), key.start_mark.line + 1, start, end, note))
    return found


def read_bmad(tree: Tree, path: str) -> Bundle:
    """The epics and stories of a file."""
    bundle = Bundle(_FORM, path)
    file = _file(tree, path, bundle)
    if file is not None:
        _Reading(tree, bundle, file).read()
        for name in file.others:
            if name not in _USUAL:
                bundle.left.append(f"{name} of {path}")
    return bundle


_USUAL: Final = frozenset({"generated", "last_updated", "project", "project_key", "tracking_system"})


class _Reading:
    def __init__(self, tree: Tree, bundle: Bundle, file: _File) -> None:
        self._tree = tree
        self._bundle = bundle
        self._file = file
        self._keys = [one.key for one in file.lines]
        self._words = _epics_words(tree, bundle)

    def read(self) -> None:
        retros: dict[str, _Line] = {}
        entries: dict[str, Entry] = {}
        for one in self._file.lines:
            match = _RETRO.match(one.key)
            if match is not None and match["epic"] in self._keys:
                retros[match["epic"]] = one
                continue
            entry = self._entry(one)
            entries[one.key] = entry
            self._bundle.entries.append(entry)
        for epic, line in retros.items():
            entries[epic].extra[f"{_FORM}.retrospective"] = line.value
            self._bundle.keep("retrospective", f"{_FORM}.retrospective of the epic")
        names = {_number(one.key): one.key for one in self._bundle.entries}
        for one in self._bundle.entries:
            word = self._words.get(_number(one.key))
            one.depends_on = [
                names[need] for need in (word.needs if word else ()) if names.get(need, one.key) != one.key
            ]
        settle_parents(self._bundle.entries)

    def _entry(self, one: _Line) -> Entry:
        story = _STORY.match(one.key)
        kind: Literal["epic", "story"] = "epic" if _EPIC.match(one.key) else "story"
        parent = f"epic-{story['epic']}" if story else ""
        if kind == "story" and parent not in self._keys:
            parent = max((key for key in self._keys if one.key.startswith(f"{key}-")), key=len, default="")
        if kind == "story" and not story and any(key.startswith(f"{one.key}-") for key in self._keys):
            kind, parent = "epic", ""
        if not story and not _EPIC.match(one.key):
            becomes = "an epic" if kind == "epic" else "a story"
            text = f"the key {one.key!r} is no `epic-N` and no `N-M-title`; it becomes {becomes}"
            self._bundle.findings.append(problem("own-key", text, self._bundle.source, one.line, "info"))
        entry = Entry(one.key, kind, "", self._bundle.source, one.line, alias=one.key, parent=parent)
        if one.note:
            entry.extra[f"{_FORM}.note"] = one.note
            self._bundle.keep("comment behind a status", f"{_FORM}.note")
        self._text(entry, story["slug"] if story else one.key)
        self._status(entry, one)
        return entry

    def _text(self, entry: Entry, name: str) -> None:
        """Title and words: of its own file, of epics.md, of a comment, else what the key says."""
        word = self._words.get(_number(entry.key))
        own = load(self._tree, f"{self._file.stories}/{entry.key}.md".lstrip("/")) if entry.kind == "story" else None
        parts: list[tuple[str, str]] = []
        title = word.title if word else ""
        if own is not None and not own.broken:
            first = next((at for at, line in enumerate(own.lines) if line.strip()), 0)
            match = _TITLE.match(own.lines[first]) if own.lines else None
            title = title or (joined(match["title"]) if match else "")
            words = "\n".join(own.lines[first + 1 if match else 0 :])
            parts += [part for part in sections_of(words, _known) if not (word is not None and part[0])]
            self._bundle.keep("file of a story", "text of the story")
        if word is not None:
            parts.append((_FROM_EPICS if parts else "", word.text))
            self._bundle.keep("section of epics.md", "text of the item")
        above = self._file.source.lines[entry.line - 2] if entry.line > 1 else ""
        comment = _COMMENT.match(above) if entry.kind == "epic" else None
        entry.title = title or (joined(comment["title"]) if comment else "") or _spoken(name)
        entry.text = written_sections(parts, _known)

    def _status(self, entry: Entry, one: _Line) -> None:
        entry.status_text = one.value
        entry.status = status_from(_FORM, entry.kind, one.value)
        if not entry.status:
            text = f"the status {one.value!r} of {one.key} is none that BMAD has; it is kept as it is written"
            self._bundle.findings.append(problem("unknown-status", text, entry.path, entry.line, "warning"))
        elif foreign_status(_FORM, entry.kind, entry.status) != one.value:
            entry.extra[f"{_FORM}.status"] = one.value
            self._bundle.keep(f"status {one.value}", f"{entry.status}, and {_FORM}.status")


def _spoken(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _number(key: str) -> str:
    """`1` of an epic, `1.2` of a story; the key itself for another."""
    epic, story = _EPIC.match(key), _STORY.match(key)
    return epic["number"] if epic else f"{story['epic']}.{story['story']}" if story else key


@dataclass(frozen=True, slots=True)
class _Word:
    title: str
    text: str
    needs: tuple[str, ...]


def _epics_words(tree: Tree, bundle: Bundle) -> dict[str, _Word]:
    """What the documents of epics say, by the number of the epic or story."""
    found: dict[str, _Word] = {}
    for path in _epics_files(tree, bundle.source):
        source = load(tree, path)
        if source is None or source.broken:
            continue
        document = parse_document("\n".join(source.lines).encode(), path)
        names = {at: match["number"] for at, one in enumerate(document.items) if (match := _ALIAS.match(one.alias))}
        starts = sorted(document.items[at].source.first for at in names)
        for at, number in names.items():
            item = document.items[at]
            if (
                item.kind not in {"epic", "story"}
                or number in found
                or not source.lines[item.source.first - 1].startswith("#")
            ):
                continue
            later = [line for line in starts if line > item.source.first]
            last = min([item.source.last, *(line - 1 for line in later[:1])])
            needs = tuple(names[need.item] for need in item.depends_on if need.item in names)
            words = _RULE.sub("", tidy("\n".join(source.lines[item.source.first : last])))
            found[number] = _Word(item.title, words, needs)
    return found


def _epics_files(tree: Tree, path: str) -> list[str]:
    """Where the epics of a sprint are usually written down."""
    folder = parent_of(path)
    places = [folder, parent_of(folder), "docs", "_bmad-output/planning-artifacts", "docs/planning-artifacts"]
    files: list[str] = []
    for place in dict.fromkeys(places):
        prefix = f"{place}/" if place else ""
        files += [
            f"{prefix}{name}"
            for name in ("epics.md", "epics-and-stories.md")
            if tree.read(f"{prefix}{name}") is not None
        ]
        files += [one for one in tree.files(f"{prefix}epics") if re.match(r"epic-[\w.-]+\.md\Z", base_name(one))]
        if files:
            break
    return files


# -- writing ---------------------------------------------------------------------------------------


def write_bmad(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """The status of epics and stories, merged into what is there: comments stay, and no status goes back.

    Raises:
        EditRefused: What is there cannot be read.
    """
    bundle = Bundle(_FORM, path)
    data = tree.read(path)
    file = _file(tree, path, bundle) if data is not None else None
    wrong = [one for one in bundle.findings if one.severity == "error"]
    if data is not None and (wrong or file is None):
        where = wrong[0] if wrong else problem("", "it cannot be read", path)
        raise EditRefused(f"{path}:{where.line}: {where.message}", hint="Nothing was written. Mend it first.")
    return _Writing(entries, tree, path, dict(keys), file, data or b"").write()


class _Writing:
    def __init__(
        self, entries: Sequence[Entry], tree: Tree, path: str, keys: dict[str, str], file: _File | None, data: bytes
    ) -> None:
        self._entries = {one.id: one for one in entries}
        self._tree = tree
        self._path = path
        self._keys = keys
        self._file = file
        self._data = data
        self._written = Written()

    def write(self) -> Written:
        taken = {one.key for one in self._file.lines} if self._file else set[str]()
        for one in self._entries.values():
            if (
                one.kind in {"epic", "story"}
                and one.id not in self._keys
                and self._natural(one, taken | set(self._keys.values()))
            ):
                self._keys[one.id] = one.alias
        for one in self._entries.values():
            if one.kind in {"epic", "story"}:
                self._name(one, taken | set(self._keys.values()))
            else:
                self._written.lose(f"{one.kind}s" if one.kind == "task" else f"documents ({one.kind})")
        mine = [one for one in self._entries.values() if one.kind in {"epic", "story"} and one.id in self._keys]
        for one in mine:
            self._lose(one)
        if self._file is None:
            self._fresh(mine)
        else:
            self._merge(self._file, mine)
        self._written.keys = {one.id: self._keys[one.id] for one in mine}
        return self._written

    def _name(self, one: Entry, taken: set[str]) -> None:
        if one.id in self._keys:
            return
        if self._natural(one, taken):
            self._keys[one.id] = one.alias
            return
        if one.kind == "epic":
            numbers = [int(m["number"]) for key in taken if (m := _EPIC.match(key)) and m["number"].isdigit()]
            self._keys[one.id] = f"epic-{max(numbers, default=0) + 1}"
            return
        parent = self._entries.get(one.parent)
        if parent is None or parent.kind != "epic":
            self._keys[one.id] = f"story-{slug(one.title) or one.id}"
            return
        self._name(parent, taken)
        epic = self._keys[parent.id].removeprefix("epic-")
        every = taken | set(self._keys.values())
        used = [
            int(m["story"]) for key in every if (m := _STORY.match(key)) and m["epic"] == epic and m["story"].isdigit()
        ]
        self._keys[one.id] = f"{epic}-{max(used, default=0) + 1}-{slug(one.title) or one.id}"

    @staticmethod
    def _natural(one: Entry, taken: Collection[str]) -> bool:
        """Whether an alias is a key as that tool has them, and free."""
        return (
            bool(_KEY.match(one.alias))
            and one.alias not in taken
            and (one.kind == "epic") >= bool(_EPIC.match(one.alias))
        )

    def _lose(self, one: Entry) -> None:
        for what in ("value", "estimate", "priority"):
            if getattr(one, what) not in (None, ""):
                self._written.lose(what)
        if one.depends_on and self._file is None:
            self._written.lose("dependencies")
        if one.alias and one.alias != self._keys[one.id]:
            self._written.lose("aliases")
        if one.status == "cancelled":
            self._written.lose("the status cancelled")

    def _word(self, one: Entry) -> str:
        kept = one.extra.get(f"{_FORM}.status", "")
        return foreign_status(_FORM, one.kind, one.status, kept if isinstance(kept, str) else "") or (
            one.status_text if not one.status else ""
        )

    def _order(self, mine: Sequence[Entry]) -> list[Entry]:
        """Epics with their stories behind them, in the order of the plan."""
        found: list[Entry] = []
        for one in mine:
            parent = self._entries.get(one.parent)
            if one.kind == "epic" or parent is None or parent.kind != "epic":
                found.append(one)
                found += [each for each in mine if each.kind == "story" and each.parent == one.id]
        return found

    def _fresh(self, mine: Sequence[Entry]) -> None:
        folder = parent_of(self._path)
        stories = f"{folder}/stories" if folder else "stories"
        lines: list[str] = []
        order = self._order(mine)
        epic: Entry | None = None
        for one in order:
            if one.kind == "epic" or one.parent != (epic.id if epic else one.parent):
                lines += self._retrospective(epic)
                epic = None
            if one.kind == "epic":
                epic = one
                number = _number(self._keys[one.id])
                if number != self._keys[one.id]:
                    lines += [*([""] if lines else []), f"  # Epic {number}: {joined(one.title)}"]
                elif joined(one.title) != _spoken(self._keys[one.id]):
                    self._written.lose("titles of epics whose key is no epic-N")
            lines.append(self._entry_line(one))
            if one.kind == "story":
                self._story_file(one, f"{stories}/{self._keys[one.id]}.md")
        lines += self._retrospective(epic)
        self._epics(order, f"{folder}/epics.md" if folder else "epics.md")
        head = _HEADER.format(project=slug(base_name(folder)) or "project", stories=stories)
        body = "\n".join(lines) if lines else "  {}"
        self._written.files[self._path] = f"{head}{body}\n".encode()

    def _epics(self, order: Sequence[Entry], path: str) -> None:
        """The words of epics, in the document where that tool looks for them."""
        parts = [
            f"## Epic {_number(self._keys[one.id])}: {joined(one.title)}\n\n{tidy(one.text)}"
            for one in order
            if one.kind == "epic" and one.text and _EPIC.match(self._keys[one.id])
        ]
        if parts and self._tree.read(path) is None:
            self._written.files[path] = "\n\n".join(["# Epics", *parts, ""]).encode()

    def _entry_line(self, one: Entry) -> str:
        note = one.extra.get(f"{_FORM}.note", "")
        return f"  {self._keys[one.id]}: {self._word(one) or 'backlog'}{f'  # {note}' if note else ''}"

    def _retrospective(self, epic: Entry | None) -> list[str]:
        kept = epic.extra.get(f"{_FORM}.retrospective", "") if epic else ""
        return [f"  {self._keys[epic.id]}-retrospective: {kept}"] if epic and kept else []

    def _story_file(self, one: Entry, path: str) -> None:
        text = tidy(one.text)
        if self._tree.read(path) is None:
            number = _number(self._keys[one.id])
            head = (
                f"# {joined(one.title)}" if number == self._keys[one.id] else f"# Story {number}: {joined(one.title)}"
            )
            self._written.files[path] = "\n\n".join(part for part in (head, text) if part).encode() + b"\n"

    def _merge(self, file: _File, mine: Sequence[Entry]) -> None:
        out = Lines(file.source.lines, self._data)
        there = {one.key: one for one in file.lines}
        last = {key: one.line for key, one in there.items()}
        for one in self._order(mine):
            key = self._keys[one.id]
            old = there.get(key)
            if old is not None:
                self._update(out, file, old, one)
                continue
            after = self._place(one, file, last)
            out.insert_after(after, self._entry_line(one))
            last[key] = after
        if out.data() != self._data:
            self._written.files[self._path] = out.data()

    def _place(self, one: Entry, file: _File, last: Mapping[str, int]) -> int:
        """The line after which a new key belongs: the last of its epic, else the last of all."""
        epic = self._keys.get(one.parent, "")
        number = epic.removeprefix("epic-")
        lines = [
            line for key, line in last.items() if key == epic or ((m := _STORY.match(key)) and m["epic"] == number)
        ]
        every = [each.line for each in file.lines]
        return max(lines) if lines and one.kind == "story" else max(every, default=len(file.source.lines))

    def _update(self, out: Lines, file: _File, old: _Line, one: Entry) -> None:
        word = self._word(one)
        if not word or word == old.value or status_from(_FORM, one.kind, old.value) == one.status:
            return
        if old.value in _RANK and _RANK.get(word, -1) < _RANK[old.value]:
            text = f"{self._path}:{old.line} says {old.value} of {old.key}, the plan {word}: a status does not go back"
            self._written.notices.append(text)
            return
        line = file.source.lines[old.line - 1]
        out.replace(old.line, old.line, f"{line[: old.start]}{word}{line[old.end :]}")
