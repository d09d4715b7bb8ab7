"""Backlog.md: `backlog/tasks/*.md` and its other folders; every file is a task with front matter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from aura_planning.exchanging.contract import Bundle, Entry, Extra, Written, kind_named, problem
from aura_planning.exchanging.files import with_body
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.texts import joined, key_name, tidy
from aura_planning.exchanging.tree import Tree, base_name, load, parent_of
from aura_planning.items.frontmatter import Entry as FrontEntry
from aura_planning.items.frontmatter import FrontMatter, Value, read_front_matter, remove_key, set_key
from aura_planning.items.model import Kind
from aura_planning.items.text import Text, read_text, without_end
from aura_shared.errors import EditRefused

__all__ = ["read_backlog", "write_backlog"]

_FORM: Final = "backlog"
_FOLDERS: Final = ("tasks", "drafts", "completed", "archive/tasks", "archive/drafts")
_SHARED: Final = {"labels": "labels", "assignee": "assignee", "milestone": "milestone"}
"""Keys that have the same name here."""
_READ: Final = frozenset({"id", "title", "status", "dependencies", "parent_task_id", "priority", *_SHARED})
_DESCRIPTION: Final = "## Description\n\n"
_KIND: Final = "aura:"
"""Begins the label that says that a task is an epic or a story here."""
_NUMBERED: Final = re.compile(r"(?P<prefix>[A-Za-z_]+)-(?P<number>\d+)(?P<sub>(?:\.\d+)*)\Z")
_PREFIX: Final = re.compile(r"""task_prefix:\s*["']?(?P<prefix>[A-Za-z]+)""", re.MULTILINE)
_ORDER: Final = (
    "id", "title", "status", "assignee", "reporter", "created_date", "updated_date", "due_date", "labels", "milestone",
    "dependencies", "references", "documentation", "modified_files", "parent_task_id", "subtasks", "priority", "type",
    "ordinal",
)  # fmt: skip
_NAMED: Final = re.compile(r"[A-Za-z][\w-]*-\d+(?:\.\d+)*\Z")
_BARE: Final = re.compile(r"(?:task-)?(?P<number>\d+(?:\.\d+)*)\Z", re.IGNORECASE)
_BLOCK: Final = re.compile(r":\s*[>|][-+]?\Z")
_PLAIN: Final = re.compile(r"-?\d+(?:\.\d+)?\Z")
_NAME: Final = re.compile(r"[^\w.()+-]+")


def _root(path: str) -> str:
    """The folder of the backlog that a path lies in."""
    for folder in sorted(_FOLDERS, key=len, reverse=True):
        if path.endswith(f"/{folder}") or path == folder:
            return path[: -len(folder)].rstrip("/")
    return path


# -- reading ---------------------------------------------------------------------------------------


def read_backlog(tree: Tree, path: str) -> Bundle:
    """All tasks of a backlog."""
    root = _root(path)
    bundle = Bundle(_FORM, root)
    prefix = f"{root}/" if root else ""
    for folder in _FOLDERS:
        for file in tree.files(f"{prefix}{folder}"):
            if file.endswith(".md") and parent_of(file) == f"{prefix}{folder}":
                _read_file(tree, bundle, file, folder)
    _resolve(bundle)
    others = [
        one for one in tree.files(root) if parent_of(one).removeprefix(prefix) not in _FOLDERS and one.endswith(".md")
    ]
    if others:
        bundle.left.append(f"{len(others)} documents, decisions and milestones, such as {others[0]}")
    return bundle


def _resolve(bundle: Bundle) -> None:
    """Names as they are written in the files; a number alone, or one with that tool's first prefix, is told."""
    by_name = {one.key.casefold(): one.key for one in bundle.entries}
    prefixes = {found["prefix"] for one in bundle.entries if (found := _NUMBERED.match(one.key))} - {"DRAFT", "draft"}

    def named(written: str, one: Entry) -> str:
        found = by_name.get(written.casefold())
        bare = _BARE.match(written)
        if found is None and bare is not None and len(prefixes) == 1:
            found = by_name.get(f"{next(iter(prefixes))}-{bare['number']}".casefold())
            if found is not None:
                text = f"{one.key!r} names {written!r}, which was read as {found!r}"
                bundle.findings.append(problem("other-prefix", text, one.path, one.line, "info"))
        return found or written

    for one in bundle.entries:
        one.parent = named(one.parent, one) if one.parent else ""
        one.depends_on = list(dict.fromkeys(named(need, one) for need in one.depends_on))


def _value(one: FrontEntry, text: Text) -> Extra:
    """What a key says; of a block of text its words, of any other form that is not read its lines."""
    if one.value is not None:
        return one.value
    head = without_end(text.lines[one.line]).rstrip()
    if _BLOCK.search(head):
        return joined(" ".join(without_end(line) for line in text.lines[one.line + 1 : one.end]))
    return "".join(text.lines[one.line : one.end]).strip("\n")


def _read_file(tree: Tree, bundle: Bundle, path: str, folder: str) -> None:
    source = load(tree, path)
    if source is None:
        return
    bundle.findings += source.findings
    if source.broken:
        return
    text = read_text("\n".join(source.lines).encode())
    front = read_front_matter(text)
    if front.start < 0:
        if base_name(path).lower() != "readme.md":
            bundle.findings.append(
                problem("no-front-matter", "it has no front matter, so it is no task", path, 1, "warning")
            )
        bundle.left.append(path)
        return
    if front.open or any(line.startswith("<<<<<<< ") for line in source.lines):
        bundle.findings.append(problem("front-matter-open", "the front matter has no closing ---", path))
        return
    for first, again in front.doubles():
        words = f"{again.key} stands twice, on lines {first.line + 1} and {again.line + 1}"
        bundle.findings.append(problem("key-twice", words, path, again.line + 1))
    _take(bundle, front, text, path, folder)


def _take(bundle: Bundle, front: FrontMatter, text: Text, path: str, folder: str) -> None:
    identifier = front.text("id")
    line = next((one.line + 1 for one in front.entries if one.key == "id"), 1)
    if not identifier:
        bundle.findings.append(problem("no-id", "the front matter has no id", path, line))
        return
    heading = front.find("title")
    title = _value(heading, text) if heading is not None else ""
    labels = list(front.texts("labels") or ())
    words = joined(title if isinstance(title, str) else " ".join(title))
    entry = Entry(
        identifier, _kind(labels), words, path, line, alias=identifier,
        parent=front.text("parent_task_id"), priority=front.text("priority"),
        depends_on=[one for one in dict.fromkeys(front.texts("dependencies") or ()) if one],
        text=_words(tidy("".join(text.lines[front.body :]))),
    )  # fmt: skip
    for one in front.entries:
        if one.key in _READ:
            continue
        value = _value(one, text)
        if value:
            entry.extra[key_name(_FORM, one.key)] = value
            bundle.keep(one.key, key_name(_FORM, one.key))
    for key, name in _SHARED.items():
        values = tuple(one for one in front.texts(key) or () if one and not one.startswith(_KIND))
        if values:
            entry.extra[name] = values if key != "milestone" else values[0]
    if folder != "tasks":
        entry.extra[f"{_FORM}.folder"] = folder
        bundle.keep(f"folder {folder}", f"{_FORM}.folder")
    _status(
        bundle, entry, front.text("status"), folder, next((o.line + 1 for o in front.entries if o.key == "status"), 1)
    )
    bundle.entries.append(entry)


def _kind(labels: Sequence[str]) -> Kind:
    """The kind that a label of an export of ours says; all else is a task."""
    for one in labels:
        found = kind_named(one.removeprefix(_KIND)) if one.startswith(_KIND) else None
        if found is not None:
            return found
    return "task"


def _status(bundle: Bundle, entry: Entry, written: str, folder: str, line: int) -> None:
    entry.status_text = written
    entry.status = status_from(_FORM, entry.kind, written or "To Do")
    if not entry.status:
        text = f"the status {written!r} is none that is known here; it is kept as it is written"
        bundle.findings.append(problem("unknown-status", text, entry.path, line, "warning"))
        return
    closed = status_from(_FORM, entry.kind, "Done")
    if folder.startswith("archive") and entry.status != closed:
        entry.status = status_from(_FORM, entry.kind, "Won't Do")
    if foreign_status(_FORM, entry.kind, entry.status) != written:
        entry.extra[f"{_FORM}.status"] = written
        bundle.keep(f"status {written}", f"{entry.status}, and {_FORM}.status")


# -- writing ---------------------------------------------------------------------------------------


def write_backlog(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """One file for each item, merged into those that are there."""
    return _Writing(entries, tree, _root(path), dict(keys)).write()


class _Writing:
    def __init__(self, entries: Sequence[Entry], tree: Tree, root: str, keys: dict[str, str]) -> None:
        self._entries = {one.id: one for one in entries}
        self._tree = tree
        self._root = f"{root}/" if root else ""
        self._keys = keys
        self._written = Written()
        self._there = {one.key: one for one in read_backlog(tree, root).entries}
        config = (tree.read(f"{self._root}config.yml") or b"").decode("utf-8", "replace")
        found = _PREFIX.search(config)
        self._prefix = found["prefix"].upper() if found else "TASK"
        names = [*self._there, *keys.values()]
        self._taken = {one.casefold() for one in names}
        names += [one.alias for one in entries]
        self._highest = max((int(m["number"]) for one in names if (m := _NUMBERED.match(one))), default=0)

    def write(self) -> Written:
        for one in self._entries.values():
            if one.kind in {"prd", "architecture"}:
                self._written.lose(f"documents ({one.kind})")
            else:
                self._number(one)
        for one in self._entries.values():
            if one.id in self._keys:
                self._write(one)
        self._written.keys = {one: key for one, key in self._keys.items() if one in self._entries}
        return self._written

    def _number(self, one: Entry) -> None:
        if one.id in self._keys:
            return
        if _NAMED.match(one.alias) and one.alias.casefold() not in self._taken:
            self._keys[one.id] = one.alias
        else:
            self._highest += 1
            self._keys[one.id] = f"{self._prefix}-{self._highest}"
        self._taken.add(self._keys[one.id].casefold())

    def _values(self, one: Entry, key: str) -> dict[str, Value]:
        """The front matter of an item."""
        labels = [*_list(one.extra.get("labels", ())), *([f"{_KIND}{one.kind}"] if one.kind != "task" else [])]
        values: dict[str, Value] = {
            "id": key, "title": joined(one.title), "status": self._status(one),
            "assignee": _list(one.extra.get("assignee", ())), "labels": labels,
            "dependencies": [self._keys.get(need, need) for need in one.depends_on],
        }  # fmt: skip
        milestone = one.extra.get("milestone", "")
        if isinstance(milestone, str) and milestone:
            values["milestone"] = milestone
        if one.parent:
            values["parent_task_id"] = self._keys.get(one.parent, one.parent)
        if one.priority:
            values["priority"] = one.priority
        for name, value in one.extra.items():
            bare = name.removeprefix(f"{_FORM}.")
            if name.startswith(f"{_FORM}.") and bare not in {"status", "folder"}:
                values[bare] = value if isinstance(value, str) else list(value)
        return values

    def _status(self, one: Entry) -> str:
        kept = one.extra.get(f"{_FORM}.status", "")
        folder = one.extra.get(f"{_FORM}.folder", "")
        kept = kept if isinstance(kept, str) else ""
        if isinstance(folder, str) and folder.startswith("archive") and kept and one.status == "cancelled":
            return kept
        return foreign_status(_FORM, one.kind, one.status, kept) or one.status_text or "To Do"

    def _lose(self, one: Entry, key: str) -> None:
        for what in ("value", "estimate"):
            if getattr(one, what) is not None:
                self._written.lose(f"{what}s")
        if one.alias and one.alias != key:
            self._written.lose("aliases")
        shared = [name for name in one.extra if not name.startswith(f"{_FORM}.") and name not in _SHARED.values()]
        for name in shared:
            self._written.lose(f"the field {name}")

    def _write(self, one: Entry) -> None:
        key = self._keys[one.id]
        self._lose(one, key)
        values = self._values(one, key)
        old = self._there.get(key)
        if old is None:
            folder = one.extra.get(f"{_FORM}.folder", "tasks")
            name = f"{key.lower()} - {_NAME.sub('-', joined(one.title)).strip('-')[:80] or 'task'}.md"
            path = f"{self._root}{folder if folder in _FOLDERS else 'tasks'}/{name}"
            values.setdefault("created_date", "1970-01-01")
            if "created_date" not in {each.removeprefix(f"{_FORM}.") for each in one.extra}:
                del values["created_date"]
            self._written.files[path] = _fresh(values, _body(one.text))
            return
        data = self._tree.read(old.path) or b""
        try:
            after = self._merged(data, values, one, old)
        except EditRefused as error:
            self._written.notices.append(f"{old.path} is left as it is: {error.message}")
            return
        if after != data:
            self._written.files[old.path] = after

    @staticmethod
    def _merged(data: bytes, values: Mapping[str, Value], one: Entry, old: Entry) -> bytes:
        text = read_text(data)
        front = read_front_matter(text)
        for name, value in values.items():
            there = front.texts(name)
            entry = front.find(name)
            if name == "title" and entry is not None and entry.value is None:
                if _value(entry, text) == value:
                    continue
                text, there = remove_key(text, name), ()
            wanted = tuple(value) if not isinstance(value, str | int | float) else (value,)
            if name == "id" or there is None or there == wanted or (not there and not any(wanted)):
                continue
            if name == "status" and old.status == one.status:
                continue
            if (name == "dependencies" and list(wanted) == old.depends_on) or (name, value) == (
                "parent_task_id",
                old.parent,
            ):
                continue
            text = set_key(text, name, value, _ORDER)
        if "parent_task_id" not in values and front.text("parent_task_id"):
            text = remove_key(text, "parent_task_id")
        if tidy(one.text) == old.text:
            return text.data()
        head = text.lines[: read_front_matter(text).body]
        return with_body(text.with_lines(head).data(), None, _body(one.text))


def _list(value: Extra) -> list[str]:
    return [value] if isinstance(value, str) and value else list(value) if not isinstance(value, str) else []


def _words(body: str) -> str:
    """A body without the heading of its only section: plain words."""
    rest = body.removeprefix(_DESCRIPTION)
    return body if rest == body or re.search(r"^(#|<!--)", rest, re.MULTILINE) or not rest else rest


def _body(text: str) -> str:
    """Plain words get the heading that the tool looks for."""
    return text if not text or re.search(r"^(#|<!--)", text, re.MULTILINE) else f"{_DESCRIPTION}{text}"


def _fresh(values: Mapping[str, Value], text: str) -> bytes:
    lines = ["---"]
    for name in [*(one for one in _ORDER if one in values), *sorted(set(values) - set(_ORDER))]:
        value = values[name]
        if isinstance(value, str) and (_PLAIN.match(value) and name == "ordinal"):
            lines.append(f"{name}: {value}")
        elif isinstance(value, str) and re.match(rf"{re.escape(name)}:", value):
            lines.append(value)  # a value in a form that is not read, kept as it was written
        else:
            lines.append(without_end(set_key(read_text(b""), name, value).lines[1]))
    return "\n".join([*lines, "---", *(["", text] if text else []), ""]).encode("utf-8", "surrogateescape")
