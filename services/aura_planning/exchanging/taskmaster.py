"""Task Master: `.taskmaster/tasks/tasks.json`, with tagged lists or in the old form of one list.

A tag is an epic, a task is a task, a subtask is a task of a task. What Aura has and the format does not stands in
`metadata`, which that tool keeps through all its operations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from aura_planning.exchanging.contract import Bundle, Entry, Extra, Written, kind_named, problem
from aura_planning.exchanging.stages import foreign_status, status_from
from aura_planning.exchanging.texts import (
    cut_title,
    joined,
    key_name,
    scalar_text,
    scalar_value,
    sections_of,
    tidy,
    written_json,
    written_sections,
)
from aura_planning.exchanging.tree import Tree, load_into, value_of
from aura_planning.items.statuses import INITIAL

__all__ = ["read_taskmaster", "write_taskmaster"]

Fields = dict[str, Any]
_FORM: Final = "taskmaster"
_TITLES: Final = {"details": "Details", "testStrategy": "Test strategy", "acceptanceCriteria": "Acceptance criteria"}
_READ: Final = frozenset({
    "id", "title", "description", "status", "priority", "dependencies", "subtasks", *_TITLES, "metadata",
})  # fmt: skip
_ID_LINE: Final = re.compile(r'\s*(?:[\[{]\s*)*"id"\s*:\s*("?[^",}]+"?)')
_MOST_VALUE: Final = 500
_PRIORITIES: Final = ("low", "medium", "high", "critical")
OLD: Final = "tasks"
"""Key of the epic that stands for a file of the old form."""


def _known(title: str) -> bool:
    return title in _TITLES.values() or title.startswith(f"{_FORM}.")


# -- reading ---------------------------------------------------------------------------------------


def read_taskmaster(tree: Tree, path: str) -> Bundle:
    """The tasks of a file."""
    bundle = Bundle(_FORM, path)
    source = load_into(bundle, tree, path)
    read = value_of(bundle, source, _Pairs(bundle)) if source is not None else None
    if source is None or read is None:
        return bundle
    value = read[0]
    lists = _lists(value)
    if not lists:
        text = "no list of tasks: an object with `tasks`, or one such object for each tag, was expected"
        bundle.findings.append(problem("unknown-json", text, path))
        return bundle
    _Reading(bundle, source.lines).read(lists)
    return bundle


class _Pairs:
    """Makes objects, and notices keys that stand in one twice: only the last would be read."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def __call__(self, pairs: list[tuple[str, Any]]) -> Fields:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
            self._bundle.findings.append(
                problem("key-twice", f"an object says {twice} more than once", self._bundle.source)
            )
        return found


def _lists(value: object) -> list[tuple[str, Fields]]:
    """Tags and what they hold; one without a name for the old form."""
    if isinstance(value, list):
        return [("", {"tasks": value})]
    if not isinstance(value, dict):
        return []
    fields = cast("Fields", value)
    if isinstance(fields.get("tasks"), list):
        return [("", fields)]
    return [
        (tag, cast("Fields", part))
        for tag, part in fields.items()
        if isinstance(part, dict) and isinstance(cast("Fields", part).get("tasks"), list)
    ]


class _Reading:
    def __init__(self, bundle: Bundle, lines: Sequence[str]) -> None:
        self._bundle = bundle
        self._ids = [(number, found[1]) for number, line in enumerate(lines, 1) if (found := _ID_LINE.match(line))]
        self._at = 0

    def read(self, lists: Sequence[tuple[str, Fields]]) -> None:
        plain = len(lists) == 1
        for tag, part in lists:
            rest = {key: value for key, value in part.items() if key != "tasks"}
            up = ""
            if rest or tag not in {"", "master"}:
                up = tag or OLD
                extra: dict[str, Extra] = {key_name(_FORM, key): scalar_text(value) for key, value in rest.items()}
                for key in rest:
                    self._bundle.keep(f"{key} of {'a tag' if tag else 'the file'}", f"{_FORM}.{key}")
                self._bundle.entries.append(
                    Entry(up, "epic", tag or "Tasks", self._bundle.source, alias=tag, extra=extra)
                )
            before = f"{tag}/" if tag else ""
            for task in _objects(part["tasks"]):
                self._take(task, before, up, "" if plain or tag == "master" else before)
        for one in self._bundle.entries:
            if one.kind == "epic" and not one.status:
                below = [other.status for other in self._bundle.entries if other.parent == one.key]
                closed = bool(below) and all(status in {"done", "cancelled"} for status in below)
                one.status = "complete" if closed and "done" in below else INITIAL["epic"]

    def _line(self, identity: object) -> int:
        wanted = json.dumps(identity)
        for at in range(self._at, len(self._ids)):
            if self._ids[at][1].strip() == wanted:
                self._at = at + 1
                return self._ids[at][0]
        return 1

    def _take(self, task: Fields, before: str, parent: str, shown: str, *, over: str = "") -> None:
        identity = task.get("id")
        number = joined(str(identity)) if isinstance(identity, int | str) else ""
        line = self._line(identity)
        if not number:
            self._bundle.findings.append(problem("no-id", "a task without an id", self._bundle.source, line))
            return
        own = f"{over}.{number}" if over and not number.startswith(f"{over}.") else number
        key = f"{before}{own}"
        meta = task.get("metadata")
        aura = cast("Fields", meta).get("aura") if isinstance(meta, dict) else None
        entry = Entry(key, "task", _words(task, "title"), self._bundle.source, line, alias=f"{shown}{own}")
        entry.parent = f"{before}{over}" if over else parent
        self._fill(entry, task, cast("Fields", aura) if isinstance(aura, dict) else {}, before)
        self._bundle.entries.append(entry)
        needs = task.get("dependencies")
        for one in cast("list[object]", needs) if isinstance(needs, list) else []:
            need = joined(str(one))
            entry.depends_on.append(f"{before}{over}.{need}" if over and "." not in need else f"{before}{need}")
        for one in _objects(task.get("subtasks")):
            self._take(one, before, key, shown, over=own)

    def _fill(self, entry: Entry, task: Fields, aura: Fields, before: str) -> None:
        entry.kind = kind_named(aura.get("kind")) or "task"
        entry.title = joined(entry.title) or joined(_words(task, "description"))[:120]
        self._status(entry, _words(task, "status"))
        entry.priority = _words(aura, "priority") or _words(task, "priority")
        for name in ("value", "estimate"):
            number = aura.get(name)
            if isinstance(number, int | float) and not isinstance(number, bool) and number >= 0:
                setattr(entry, name, float(number))
        if isinstance(parent := aura.get("parent"), str) and parent:
            entry.parent = f"{before}{parent}"
        entry.alias = _words(aura, "alias") or entry.alias
        entry.extra |= _kept_extra(aura.get("extra"))
        entry.title = joined(_words(aura, "title")) or entry.title
        described = _words(task, "description")
        sections = [("", "" if joined(described) == joined(_words(task, "title")) else described)]
        sections += [(title, _words(task, name)) for name, title in _TITLES.items()]
        for name, value in task.items():
            if name in _READ and not (name in _TITLES and not isinstance(value, str)):
                continue
            self._keep(entry, name, value, sections)
        meta = task.get("metadata")
        rest = {k: v for k, v in cast("Fields", meta).items() if k != "aura"} if isinstance(meta, dict) else meta
        if rest:
            self._keep(entry, "metadata", rest, sections)
        entry.text = written_sections(sections, _known)

    def _keep(self, entry: Entry, name: str, value: object, sections: list[tuple[str, str]]) -> None:
        """A field that Aura has none for."""
        if value is None:
            return
        place = key_name(_FORM, name)
        self._bundle.keep(name, place)
        text = scalar_text(value)
        if isinstance(value, str) and ("\n" in value or len(value) > _MOST_VALUE):
            sections.append((place, value))
        elif len(text) > _MOST_VALUE:
            sections.append((place, f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"))
        else:
            entry.extra[place] = text

    def _status(self, entry: Entry, written: str) -> None:
        entry.status_text = written
        entry.status = status_from(_FORM, entry.kind, written) if written else INITIAL[entry.kind]
        if not entry.status:
            text = f"the status {written!r} is none that Task Master has; it is kept as it is written"
            self._bundle.findings.append(problem("unknown-status", text, entry.path, entry.line, "warning"))
        elif written and foreign_status(_FORM, entry.kind, entry.status) != written:
            entry.extra[f"{_FORM}.status"] = written
            self._bundle.keep(f"status {written}", f"{entry.status}, and {_FORM}.status")


def _kept_extra(value: object) -> dict[str, Extra]:
    found: dict[str, Extra] = {}
    if isinstance(value, dict):
        for key, one in cast("Fields", value).items():
            if isinstance(one, str):
                found[key] = one
            elif isinstance(one, list):
                found[key] = tuple(str(each) for each in cast("list[object]", one))
    return found


def _objects(value: object) -> Iterator[Fields]:
    if isinstance(value, list):
        for one in cast("list[object]", value):
            if isinstance(one, dict):
                yield cast("Fields", one)


def _words(task: Mapping[str, Any], key: str) -> str:
    value: object = task.get(key)
    return value if isinstance(value, str) else ""


# -- writing ---------------------------------------------------------------------------------------


def write_taskmaster(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """The file with these items, merged into what is there.

    Args:
        entries: Items; parents and dependencies by identifier.
        tree: Where the file is now.
        path: The file.
        keys: Keys that items have there already, by identifier.

    Raises:
        ValueError: What is there is no file of this format.
    """
    return _Writing(entries, tree, path, keys).write()


class _Writing:
    def __init__(self, entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> None:
        self._entries = {one.id: one for one in entries}
        self._path = path
        self._written = Written()
        self._highest: dict[str, int] = {}
        self._keys = dict(keys)
        data = tree.read(path)
        self._before = None if data is None else data.decode("utf-8-sig")
        self._value: Any = {} if self._before is None else json.loads(self._before)
        found = _lists(cast("object", self._value))
        if not found and self._value:
            raise ValueError(f"{path} is no file of Task Master")
        self._lists: dict[str, Fields] = dict(found)
        self._old = "" in self._lists

    def write(self) -> Written:
        tags = self._tags()
        for one in self._entries.values():
            if one.kind in {"prd", "architecture"}:
                self._written.lose(f"documents ({one.kind})")
            elif one.id not in tags:
                self._place(one, tags)
        for one in self._entries.values():
            if one.id in self._keys and one.id not in tags and one.kind not in {"prd", "architecture"}:
                self._put(one)
        self._written.keys = {one: key for one, key in self._keys.items() if one in self._entries}
        before = None if self._before is None else cast("object", json.loads(self._before))
        if before is None or before != self._value:
            self._written.files[self._path] = written_json(self._value, self._before).encode()
        return self._written

    def _tags(self) -> dict[str, str]:
        """Epics that are tags, with their names; new epics become tasks."""
        found: dict[str, str] = {}
        for one in self._entries.values():
            key = self._keys.get(one.id, "")
            extra = any(name.startswith(f"{_FORM}.") and name != f"{_FORM}.status" for name in one.extra)
            if one.kind == "epic" and ((key and "/" not in key and not key.isdigit()) or (extra and not key)):
                tag = key or one.alias
                found[one.id] = tag
                self._keys[one.id] = tag or OLD
                if not tag and not self._lists and not self._value:
                    self._value["tasks"] = []
                    self._lists[""] = self._value
                if tag != OLD:
                    self._list(tag)
                part = self._lists.get("" if tag in {"", OLD} else tag)
                for name, value in one.extra.items():
                    bare = name.removeprefix(f"{_FORM}.")
                    if part is not None and name.startswith(f"{_FORM}.") and bare not in part:
                        part[bare] = scalar_value(value if isinstance(value, str) else json.dumps(value))
        return found

    def _list(self, tag: str) -> Fields:
        """The list of a tag, made when it is not there."""
        if self._old or "" in self._lists:
            return self._lists.setdefault("", self._value)
        if tag not in self._lists:
            part: Fields = {"tasks": []}
            self._value[tag or "master"] = part
            self._lists[tag or "master"] = part
            return part
        return self._lists[tag]

    def _place(self, one: Entry, tags: Mapping[str, str]) -> None:
        """Give an item a key when it has none."""
        if one.id in self._keys:
            return
        tag = self._tag_of(one, tags)
        before = f"{tag}/" if tag else ""
        parent = self._entries.get(one.parent)
        if self._is_sub(one, tags) and parent is not None:
            self._place(parent, tags)
            up = self._keys[parent.id]
            if "." not in up.rpartition("/")[2]:
                self._keys[one.id] = f"{up}.{self._next(f'{up}.')}"
                return
        self._keys[one.id] = f"{before}{self._next(before)}"

    def _next(self, before: str) -> int:
        """The next number behind a beginning of keys."""
        if not self._highest:
            self._highest[""] = 0
            for key in self._all_keys():
                size = max(key.rfind("."), key.rfind("/")) + 1
                begin, number = key[:size], key[size:]
                if number.isdigit():
                    self._highest[begin] = max(self._highest.get(begin, 0), int(number))
        self._highest[before] = self._highest.get(before, 0) + 1
        return self._highest[before]

    def _is_sub(self, one: Entry, tags: Mapping[str, str]) -> bool:
        parent = self._entries.get(one.parent)
        return one.kind == "task" and parent is not None and parent.kind in {"story", "task"} and parent.id not in tags

    def _tag_of(self, one: Entry, tags: Mapping[str, str]) -> str:
        seen: set[str] = set()
        at: Entry | None = one
        while at is not None and at.id not in seen:
            seen.add(at.id)
            if at.id in tags:
                return "" if tags[at.id] == OLD else tags[at.id]
            if at.id in self._keys and at is not one:
                return self._keys[at.id].rpartition("/")[0]
            at = self._entries.get(at.parent)
        if self._old or "" in self._lists:
            return ""
        return "master"

    def _all_keys(self) -> set[str]:
        found = set(self._keys.values())
        for tag, part in self._lists.items():
            before = f"{tag}/" if tag else ""
            for task in _objects(part["tasks"]):
                own = f"{before}{task.get('id')}"
                found.add(own)
                found.update(f"{own}.{sub.get('id')}" for sub in _objects(task.get("subtasks")))
        return found

    def _find(self, key: str) -> tuple[list[Any], Fields | None, str]:
        """The list that a key belongs in, its object when it is there, and its own number."""
        tag, _, own = key.rpartition("/")
        part = self._list(tag)
        top, _, sub = own.partition(".")
        tasks = cast("list[Any]", part["tasks"])
        task = next((one for one in _objects(tasks) if str(one.get("id")) in {top, own}), None)
        if not sub or (task is not None and str(task.get("id")) == own):
            return tasks, task, top if not sub else own
        if task is None:
            return tasks, None, own
        subs = task.setdefault("subtasks", [])
        return subs, next((one for one in _objects(subs) if str(one.get("id")) in {sub, own}), None), sub

    def _put(self, one: Entry) -> None:
        key = self._keys[one.id]
        where, task, number = self._find(key)
        fresh = task is None
        if task is None:
            task = {"id": int(number) if number.isdigit() else number}
            where.append(task)
        sub = "." in key.rpartition("/")[2]
        parts = dict(sections_of(one.text, _known))
        title = cut_title(one.title)[0]
        described = parts.pop("", "")
        wanted: Fields = {"title": title, "description": described or (title if fresh else "")}
        if not described and joined(_words(task, "description")) == joined(_words(task, "title")):
            wanted["description"] = title
        for name, title in _TITLES.items():
            if title in parts or name in task or (fresh and name != "acceptanceCriteria"):
                wanted[name] = parts.pop(title, "")
        status = self._status(one, task)
        wanted["status"] = status
        if not sub or one.priority in _PRIORITIES:
            wanted["priority"] = one.priority if one.priority in _PRIORITIES else None
        wanted["dependencies"] = self._needs(one, key, cast("list[Any]", task.get("dependencies") or []))
        if fresh and not sub:
            wanted["subtasks"] = []
        for name, value in wanted.items():
            if fresh or _differs(task.get(name), value):
                task[name] = value
        self._extra(one, task, parts, key)

    def _status(self, one: Entry, task: Fields) -> str:
        kept = one.extra.get(f"{_FORM}.status", "")
        found = foreign_status(_FORM, one.kind, one.status, kept if isinstance(kept, str) else "")
        return found or one.status_text or _words(task, "status") or "pending"

    def _needs(self, one: Entry, key: str, before: list[Any]) -> list[Any]:
        """Dependencies as numbers where that tool has numbers; those that are the same stay as they are written."""
        tag, _, own = key.rpartition("/")
        over = own.partition(".")[0] if "." in own else ""
        found: list[Any] = []
        written = {
            (f"{tag}/" if tag else "") + (f"{over}.{each}" if over and "." not in str(each) else str(each)): each
            for each in before
        }
        for need in one.depends_on:
            target = self._keys.get(need, need)
            if target in written:
                found.append(written[target])
                continue
            there, _, number = target.rpartition("/")
            if there != tag:
                self._written.lose("dependencies on an item of another tag")
                continue
            if over and number.startswith(f"{over}."):
                number = number.partition(".")[2]
            found.append(
                int(number) if number.isdigit() and not (over and "." not in target.rpartition("/")[2]) else number
            )
        order = {str(each): at for at, each in enumerate(before)}
        return sorted(found, key=lambda each: order.get(str(each), len(order)))

    def _extra(self, one: Entry, task: Fields, parts: Mapping[str, str], key: str) -> None:
        """What has no field there: fields that came from there go back, Aura's own into the metadata."""
        aura: Fields = {}
        shared: dict[str, Any] = {}
        for name, value in one.extra.items():
            if name == f"{_FORM}.status":
                continue
            if name.startswith(f"{_FORM}."):
                _set(task, name, scalar_value(value if isinstance(value, str) else json.dumps(value)))
            else:
                shared[name] = value if isinstance(value, str) else list(value)
        for title, text in parts.items():
            fenced = re.fullmatch(r"```json\n(.*)\n```", text, re.DOTALL)
            _set(task, title, scalar_value(fenced[1]) if fenced else text)
        if shared:
            aura["extra"] = shared
        self._own(one, aura, key)
        meta = task.get("metadata")
        if aura:
            task["metadata"] = {**(cast("Fields", meta) if isinstance(meta, dict) else {}), "aura": aura}
        elif isinstance(meta, dict) and "aura" in meta:
            del cast("Fields", meta)["aura"]

    def _own(self, one: Entry, aura: Fields, key: str) -> None:
        if one.kind != "task":
            aura["kind"] = one.kind
        if cut_title(one.title)[1]:
            aura["title"] = joined(one.title)
        if one.priority and one.priority not in _PRIORITIES:
            aura["priority"] = one.priority
        aura |= {name: value for name in ("value", "estimate") if (value := getattr(one, name)) is not None}
        tag, _, own = key.rpartition("/")
        if one.alias and one.alias not in {own, f"{tag}/{own}"}:
            aura["alias"] = one.alias
        parent = self._keys.get(one.parent, "")
        natural = key.rpartition(".")[0] if "." in own else (tag or OLD)
        if parent and parent != natural:
            aura["parent"] = parent.rpartition("/")[2]


def _set(task: Fields, name: str, value: object) -> None:
    bare = name.removeprefix(f"{_FORM}.")
    if _differs(task.get(bare), value):
        task[bare] = (
            {**cast("Fields", value), **({"aura": task[bare]["aura"]} if "aura" in (task.get(bare) or {}) else {})}
            if bare == "metadata" and isinstance(value, dict)
            else value
        )


def _differs(before: object, after: object) -> bool:
    """Whether a value says something else; texts are compared as they are read."""
    if before is None and after == []:
        return False
    if isinstance(after, str) and (isinstance(before, str) or before is None):
        return tidy(before or "") != tidy(after) and joined(before or "") != joined(after)
    return before != after
