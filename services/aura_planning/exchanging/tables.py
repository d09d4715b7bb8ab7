"""CSV (RFC 4180): Aura's own columns, and those that exports of Jira, Linear and spreadsheets have."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.exchanging.contract import Bundle, Entry, Extra, Written, problem
from aura_planning.exchanging.editing import Lines
from aura_planning.exchanging.stages import status_from
from aura_planning.exchanging.texts import (
    joined,
    key_name,
    number_of,
    sections_of,
    shown_number,
    tidy,
    written_sections,
)
from aura_planning.exchanging.tree import SourceText, Tree, load, load_into
from aura_planning.items.layout import slug
from aura_planning.items.model import KINDS, Kind
from aura_planning.items.statuses import INITIAL
from aura_shared.errors import EditRefused

__all__ = ["COLUMNS", "read_csv", "write_csv"]

_FORM: Final = "csv"
COLUMNS: Final = (
    "id", "kind", "title", "status", "parent", "depends_on", "priority", "value", "estimate", "alias", "labels",
    "assignee", "milestone", "text",
)  # fmt: skip
"""Columns of an export, in this order; further fields of items follow by name."""
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "issue key", "key", "identifier", "ticket", "ticket id", "task id", "story id", "work item id"),
    "number": ("issue id", "issue number"),
    "kind": ("kind", "issue type", "type", "work item type", "issuetype"),
    "title": ("title", "summary", "name", "task name", "task", "user story"),
    "status": ("status", "state"),
    "parent": (
        "parent", "parent key", "parent issue", "parent id", "epic link", "custom field (epic link)", "epic", "feature",
    ),
    "depends_on": (
        "depends_on", "depends on", "dependencies", "dependency", "blocked by", "inward issue link (blocks)",
        "predecessors",
    ),
    "priority": ("priority",),
    "value": ("value", "business value"),
    "estimate": (
        "estimate", "story points", "points", "custom field (story points)", "custom field (story point estimate)",
        "story point estimate",
    ),
    "alias": ("alias",),
    "labels": ("labels", "label", "tags"),
    "assignee": ("assignee", "assignees"),
    "milestone": ("milestone",),
    "text": ("text", "description", "body"),
    "criteria": ("acceptance criteria",),
}  # fmt: skip
_FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names}
_LISTS: Final = frozenset({"depends_on", "labels"})
_KINDS: Final[Mapping[str, Kind]] = {
    **{kind: kind for kind in KINDS}, "user story": "story", "task": "task", "sub-task": "task", "subtask": "task",
    "bug": "task", "improvement": "task", "technical task": "task", "chore": "task", "issue": "task", "spike": "task",
}  # fmt: skip
_IN_TITLE: Final = re.compile(r"(?:\[(?P<in>[A-Z][A-Z0-9]*-[A-Z0-9]+[a-z]?)\]|(?P<bare>[A-Z][A-Z0-9]*-\d+[a-z]?)[:\s])")
_NOTHING: Final = frozenset({"", "none", "-", "n/a", "null"})
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_CRITERIA: Final = "Acceptance criteria"
_SPLIT: Final = re.compile(r"\s*[;,\n]\s*")


@dataclass(slots=True)
class _Table:
    """A file as rows."""

    source: SourceText
    delimiter: str
    header: list[str]
    rows: list[tuple[int, int, list[str]]]
    """First and last line, counted from 1, and the cells."""

    @property
    def fields(self) -> list[str]:
        """The field that each column is; empty for another one."""
        return [_FIELD_OF.get(_plain(name), "") for name in self.header]


def _plain(name: str) -> str:
    return joined(name).casefold()


def _known(title: str) -> bool:
    return title == _CRITERIA


# -- reading ---------------------------------------------------------------------------------------


def _table(source: SourceText, bundle: Bundle) -> _Table | None:
    first = next((line for line in source.lines if line.strip()), "")
    delimiter = max(",;\t|", key=lambda one: (len(re.sub(r'"[^"]*"', "", first).split(one)), one == ","))
    reader = csv.reader(io.StringIO(source.text + "\n", newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, int, list[str]]] = []
    at = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((at + 1, min(reader.line_num, len(source.lines)), cells))
            at = reader.line_num
    except csv.Error as error:
        bundle.findings.append(
            problem("broken-csv", f"the row that begins here is not well-formed: {error}", source.path, at + 1)
        )
        return None
    if not rows:
        return None
    found = _Table(source, delimiter, rows[0][2], rows[1:])
    if "title" not in found.fields:
        text = f"no column is a title; `title` or `summary` was expected, and found are {', '.join(found.header[:12])}"
        bundle.findings.append(problem("no-title-column", text, source.path, rows[0][0]))
        return None
    return found


def read_csv(tree: Tree, path: str) -> Bundle:
    """The rows of a file."""
    bundle = Bundle(_FORM, path)
    source = load_into(bundle, tree, path)
    table = _table(source, bundle) if source is not None else None
    if table is not None:
        _Rows(bundle, table).read()
    return bundle


class _Rows:
    def __init__(self, bundle: Bundle, table: _Table) -> None:
        self._bundle = bundle
        self._table = table
        self._fields = table.fields
        self._names: dict[str, str] = {}
        """What rows call others by, and the key of those; empty where several are called so."""

    def read(self) -> None:
        found: list[Entry] = []
        for first, _, cells in self._table.rows:
            if len(cells) > len(self._table.header):
                text = f"the row has {len(cells)} cells, and the header {len(self._table.header)}"
                self._bundle.findings.append(problem("row-too-long", text, self._bundle.source, first))
                continue
            found.append(self._row(first, cells, {one.key for one in found}))
        for one in found:
            one.parent = self._name(one.parent)
            one.depends_on = list(dict.fromkeys(self._name(need) for need in one.depends_on))
        self._bundle.entries = found

    def _row(self, line: int, cells: Sequence[str], taken: set[str]) -> Entry:
        values: dict[str, list[str]] = {}
        entry = Entry("", "task", "", self._bundle.source, line)
        for at, cell in enumerate(cells):
            text = _unguarded(cell)
            field = self._fields[at]
            if not text.strip():
                continue
            if field and field not in {"criteria", "number"} and (field in _LISTS or not values.get(field)):
                values.setdefault(field, []).append(text)
            elif field in {"criteria", "number"}:
                values[field] = [text]
                if field == "number":
                    self._extra(entry, self._table.header[at], text)
            else:
                self._extra(entry, self._table.header[at], text)
        entry.title = joined(values.get("title", [""])[0])
        self._kind(entry, values)
        self._identity(entry, values, taken)
        self._rest(entry, values)
        return entry

    def _extra(self, entry: Entry, header: str, text: str) -> None:
        name = joined(header)
        place = name if re.fullmatch(r"[a-z][a-z_]*\.[\w.-]+", name) else key_name(_FORM, name)
        entry.extra[place] = tidy(text)
        self._bundle.keep(name, place)

    def _kind(self, entry: Entry, values: Mapping[str, list[str]]) -> None:
        written = values.get("kind", [""])[0].strip()
        found = _KINDS.get(written.casefold())
        entry.kind = found or "task"
        if written and written != entry.kind:
            entry.extra[f"{_FORM}.kind"] = written
            self._bundle.keep(f"the type {written}", f"{entry.kind}, and {_FORM}.kind")
        if written and found is None:
            text = f"the type {written!r} is none of {', '.join(KINDS)}; it becomes a task"
            self._bundle.findings.append(problem("unknown-kind", text, entry.path, entry.line, "info"))

    def _identity(self, entry: Entry, values: Mapping[str, list[str]], taken: set[str]) -> None:
        written = values.get("id", [""])[0].strip()
        inner = _IN_TITLE.match(entry.title)
        entry.alias = values.get("alias", [""])[0].strip()
        if written:
            entry.key = written
            if "alias" not in self._fields:
                entry.alias = written
        elif inner is not None and "id" not in self._fields:
            entry.key = entry.alias = inner["in"] or inner["bare"]
        else:
            name, number = f"~{slug(entry.title) or 'row'}", 1
            entry.key = name
            while entry.key in taken:
                number += 1
                entry.key = f"{name}-{number}"
        names = [entry.key, entry.alias, entry.title, *values.get("number", ())]
        names += [value for key, value in entry.extra.items() if key == "csv.Epic_Name" and isinstance(value, str)]
        for name in dict.fromkeys(joined(one).casefold() for one in names if one):
            self._names[name] = "" if name in self._names and self._names[name] != entry.key else entry.key

    def _rest(self, entry: Entry, values: Mapping[str, list[str]]) -> None:
        def first(field: str) -> str:
            return values.get(field, [""])[0].strip()

        entry.parent = first("parent") if first("parent").casefold() not in _NOTHING else ""
        needs = [one for cell in values.get("depends_on", ()) for one in _SPLIT.split(cell.strip())]
        entry.depends_on = [one for one in needs if one.casefold() not in _NOTHING]
        entry.priority = first("priority")
        for field in ("value", "estimate"):
            if first(field):
                number = number_of(first(field))
                setattr(entry, field, number)
                if number is None:
                    text = f"{field} is {first(field)!r}, which is no number; it is kept as {_FORM}.{field}"
                    self._bundle.findings.append(problem("bad-number", text, entry.path, entry.line, "warning"))
                    entry.extra[f"{_FORM}.{field}"] = first(field)
        labels = [one for cell in values.get("labels", ()) for one in _SPLIT.split(cell.strip()) if one]
        if labels:
            entry.extra["labels"] = tuple(dict.fromkeys(labels))
        for field in ("assignee", "milestone"):
            if first(field):
                entry.extra[field] = first(field)
        text = [("", values.get("text", [""])[0]), (_CRITERIA, values.get("criteria", [""])[0])]
        entry.text = written_sections(text, _known) if "criteria" in self._fields else tidy(text[0][1])
        self._status(entry, first("status"))

    def _status(self, entry: Entry, written: str) -> None:
        entry.status_text = written
        entry.status = status_from(_FORM, entry.kind, written) if written else INITIAL[entry.kind]
        if not entry.status:
            text = f"the status {written!r} is none that is known here; it is kept as it is written"
            self._bundle.findings.append(problem("unknown-status", text, entry.path, entry.line, "warning"))
        elif written and written != entry.status:
            entry.extra[f"{_FORM}.status"] = written
            self._bundle.keep(f"status {written}", f"{entry.status}, and {_FORM}.status")

    def _name(self, written: str) -> str:
        return self._names.get(joined(written).casefold(), "") or written


def _unguarded(cell: str) -> str:
    """A cell without the quote that keeps a spreadsheet from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


# -- writing ---------------------------------------------------------------------------------------


def write_csv(entries: Sequence[Entry], tree: Tree, path: str, keys: Mapping[str, str]) -> Written:
    """One row for each item, merged into what is there.

    Raises:
        EditRefused: What is there cannot be read.
    """
    bundle = read_csv(tree, path)
    source = load(tree, path)
    wrong = [one for one in bundle.findings if one.severity == "error"]
    if source is not None and wrong:
        raise EditRefused(f"{path}:{wrong[0].line}: {wrong[0].message}", hint="Nothing was written. Mend it first.")
    return _Writing(entries, tree, path, dict(keys), source, bundle).write()


class _Writing:
    def __init__(
        self, entries: Sequence[Entry], tree: Tree, path: str, keys: dict[str, str], source: SourceText | None,
        bundle: Bundle,
    ) -> None:  # fmt: skip
        self._entries = list(entries)
        self._tree = tree
        self._path = path
        self._keys = {one.id: keys.get(one.id, one.id) for one in entries}
        self._source = source
        self._there = {one.key: one for one in bundle.entries}
        self._written = Written(keys=dict(self._keys))

    def write(self) -> Written:
        rows = [self._values(one) for one in self._entries]
        if self._source is None:
            further = sorted({name for row in rows for name in row} - set(COLUMNS))
            header = [*COLUMNS, *further]
            lines = [header, *([_guarded(row.get(name, "")) for name in header] for row in rows)]
            self._written.files[self._path] = "".join(_line(cells, ",") + "\r\n" for cells in lines).encode()
            return self._written
        table = _table(self._source, Bundle(_FORM, self._path))
        if table is not None:
            self._merge(table, rows)
        return self._written

    def _values(self, one: Entry) -> dict[str, str]:
        """Cells by column."""
        found = {
            "id": self._keys[one.id], "kind": one.kind, "title": joined(one.title),
            "status": self._status(one), "parent": self._keys.get(one.parent, one.parent),
            "depends_on": "; ".join(self._keys.get(need, need) for need in one.depends_on),
            "priority": one.priority, "value": shown_number(one.value), "estimate": shown_number(one.estimate),
            "alias": one.alias, "text": tidy(one.text),
        }  # fmt: skip
        for name, value in one.extra.items():
            found[_column(name)] = _cell(value)
        return found

    @staticmethod
    def _status(one: Entry) -> str:
        kept = one.extra.get(f"{_FORM}.status", "")
        if isinstance(kept, str) and kept and status_from(_FORM, one.kind, kept) == one.status:
            return kept
        return one.status or one.status_text

    def _merge(self, table: _Table, rows: Sequence[Mapping[str, str]]) -> None:
        data = self._tree.read(self._path) or b""
        out = Lines(table.source.lines, data)
        by_line = {first: (first, last, cells) for first, last, cells in table.rows}
        known = {*table.fields, *(key_name(_FORM, name) for name in table.header)}
        for one, row in zip(self._entries, rows, strict=True):
            old = self._there.get(self._keys[one.id])
            self._lose(one, row, known)
            cells = list(by_line[old.line][2]) if old is not None else [""] * len(table.header)
            cells += [""] * (len(table.header) - len(cells))
            changed = self._fill(table, cells, row, one, old)
            if old is None:
                out.append(_line(cells, table.delimiter))
            elif changed:
                out.replace(old.line, by_line[old.line][1], _line(cells, table.delimiter))
        if out.data() != data:
            self._written.files[self._path] = out.data()

    def _lose(self, one: Entry, row: Mapping[str, str], known: set[str]) -> None:
        """Count what has no column in the file that is there."""
        silent = {f"{_FORM}.kind", f"{_FORM}.status", "id"}
        silent |= {"status"} if one.status == INITIAL[one.kind] else set()
        silent |= {"alias"} if one.alias in {"", row["id"]} else set()
        for name, value in row.items():
            if value and name not in known and key_name(_FORM, name) not in known and name not in silent:
                self._written.lose(f"the column {name}")

    def _fill(self, table: _Table, cells: list[str], row: Mapping[str, str], one: Entry, old: Entry | None) -> bool:
        """Change the cells that say something else; returns whether there is one."""
        parts = dict(sections_of(one.text, _known)) if "criteria" in table.fields else {"": one.text}
        was = (
            dict(sections_of(old.text, _known))
            if old is not None and "criteria" in table.fields
            else {"": old.text if old else ""}
        )
        before = cells.copy()
        seen: set[str] = set()
        for at, (field, header) in enumerate(zip(table.fields, table.header, strict=True)):
            if field in {"text", "criteria"}:
                title = "" if field == "text" else _CRITERIA
                cells[at] = (
                    _guarded(parts.get(title, "")) if old is None or was.get(title) != parts.get(title) else cells[at]
                )
            elif field and field not in {"id", "number"} and field not in seen:
                seen.add(field)
                if old is None or self._of(old, field) != self._of(one, field):
                    cells[at] = _guarded(row.get(field, ""))
            elif field == "id" and old is None:
                cells[at] = row["id"]
            elif not field:
                value = row.get(_column(key_name(_FORM, header)), row.get(header))
                if value is not None and (old is None or tidy(_unguarded(cells[at])) != value):
                    cells[at] = _guarded(value)
        return cells != before

    def _of(self, one: Entry, field: str) -> object:
        """A field so that it can be compared, whether the entry was read or is written."""
        if field in {"labels", "assignee", "milestone"}:
            return _cell(one.extra.get(field, ""))
        if field == "parent":
            return self._keys.get(one.parent, one.parent)
        if field == "depends_on":
            return sorted(self._keys.get(need, need) for need in one.depends_on)
        if field == "status":
            return one.status or one.status_text
        return getattr(one, field, "")


def _column(name: str) -> str:
    """The column of a further field: one that came from a table has its name there."""
    return (
        name.removeprefix(f"{_FORM}.")
        if name.startswith(f"{_FORM}.") and name not in {f"{_FORM}.status", f"{_FORM}.kind"}
        else name
    )


def _cell(value: Extra) -> str:
    return value if isinstance(value, str) else "; ".join(value)


def _line(cells: Sequence[str], delimiter: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n")
