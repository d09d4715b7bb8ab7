"""Tables: rows that are items, and rows that say what depends on or covers what."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.contract import Kind
from aura_planning.parsing.drafts import Reading, Wish
from aura_planning.parsing.lexicon import Role, field_name, plain, role_of
from aura_planning.parsing.marks import clean
from aura_planning.parsing.names import Name, code_in_role, read_name, story_sentence

__all__ = ["Row", "level_columns", "read_table"]

_KINDS: Final[Mapping[Role, Kind]] = {
    "tasks": "task",
    "stories": "story",
    "epics": "epic",
    "requirements": "requirement",
    "features": "requirement",
}
_ID: Final = re.compile(
    r"(?:id|nr\.?|no\.?|#|code|ref(?:erence)?|key|kennung|код|编号|番号|№|.{1,14} ?ids?|"
    r"task|story|user story|epic|us|fr|requirement|req|"
    r"(?:task|story|user story|epic|requirement|req|feature|item) (?:number|num\.?|no\.?|nr\.?|#))\Z"
)
_KIND_HEADER: Final = re.compile(
    r"(?:.{0,14} )?(?:requirements?|anforderung(?:en)?|requisitos?|requerimientos?|exigences?|wymagani[ea]|需求|"
    r"需求描述|要件|要求|"
    r"features?|capabilit(?:y|ies)|funktion(?:en)?|funcionalidad(?:es)?|funcionalidades?|fonctionnalités?|功能|機能|"
    r"tasks?|deliverables?|aufgaben?|tareas?|tarefas?|tâches?|zadani[ea]|任务|タスク|user stor(?:y|ies)|stor(?:y|ies)|"
    r"historias?(?: de usuario)?|histórias?(?: de usuário)?|用户故事|epics?|épicas?)"
    r"(?: (?:name|title|description|text))?\Z"
)
_BOTH: Final = frozenset(("task", "story", "user story", "epic", "requirement", "req"))
_LEVELS: Final[Mapping[Kind, re.Pattern[str]]] = {
    "epic": re.compile(r"epics?(?: name| title)?|épicas?|épicos?"),
    "story": re.compile(r"(?:user )?stor(?:y|ies)(?: name| title)?|historias?(?: de usuario)?|user-stor(?:y|ies)"),
    "task": re.compile(r"tasks?(?: name| title)?|tareas?|tarefas?|aufgaben?|tâches?"),
}
_REFERS: Final = re.compile(r"(?:[^\W\d_]+\s+)?\d[\d.]*(?:\s*[,&+-]\s*[\d.]+)*\Z|[A-Z]{1,5}-?\d+\Z", re.IGNORECASE)
"""A cell that only names an item: `Story 2.2, 2.3`."""
_NUMBER: Final = re.compile(r"\d{1,3}(?:\.\d{1,3})*\Z")
_NO_ROWS: Final = frozenset(("coverage", "metrics", "questions", "out", "later", "criteria", "dependencies", "ignore"))
_COVERING: Final = re.compile(
    r"\b(?:epics?|stor(?:y|ies)|tasks?|épicas?|historias?|covered by|implemented (?:by|in)|umgesetzt)\b"
)


@dataclass(slots=True)
class Row:
    """A row that is an item."""

    kind: Kind
    alias: str
    title: str
    line: int
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    soft: bool = False
    """Whether the header only speaks of features."""


@dataclass(slots=True)
class _Columns:
    """What the columns of a table hold."""

    id: int | None
    title: int
    kind: Kind | None
    fields: dict[int, str]
    covering: list[int]
    soft: bool


def read_table(block: Block, role: Role, reading: Reading) -> list[Row]:
    """The items of a table. What its rows say of dependencies and coverage is noted in `reading`.

    Args:
        block: The table, its header first.
        role: What its section is about.
        reading: Takes the statements.
    """
    header = [clean(cell) for cell in block.rows[0][1]]
    if role == "ignore" and len(block.rows) > 1 and any(story_sentence(cell) for cell in block.rows[1][1]):
        role = "stories"
    columns = _columns(header, role)
    rows: list[Row] = []
    for line, cells in block.rows[1:]:
        row = _row(columns, role, line, [*cells, *[""] * (len(header) - len(cells))])
        if row is not None:
            rows.append(row)
        _statements(columns, line, cells, reading)
    return rows


def level_columns(block: Block, role: Role) -> Sequence[tuple[int, Kind]]:
    """The columns of a table that has one for epics and one for stories, or stories and tasks; empty for any other."""
    found: dict[Kind, int] = {}
    for column, cell in enumerate(block.rows[0][1]):
        for kind, words in _LEVELS.items():
            if words.fullmatch(plain(clean(cell))):
                found.setdefault(kind, column)
    steps: list[tuple[int, Kind]] = [(found[kind], kind) for kind in _LEVELS if kind in found]
    if role in _NO_ROWS or len(steps) < 2:
        return ()
    columns = [[clean(cells[n]) for _, cells in block.rows[1:] if n < len(cells)] for n, _ in steps]
    titled = all(
        any(" " in cell for cell in cells) and not any(_REFERS.match(cell) for cell in cells) for cells in columns
    )
    return steps if titled else ()


def _columns(header: Sequence[str], role: Role) -> _Columns:
    words = [plain(cell) for cell in header]
    identity = next((n for n, word in enumerate(words) if _ID.match(word) and field_name(word) != "dependencies"), None)
    if len(words) > 1 and identity is not None and words[identity] in _BOTH and not _titled(words, identity):
        identity = None
    rest = [n for n in range(len(words)) if n != identity]
    named = [n for n in rest if field_name(words[n]) in {"title", "text", "story"} or _KIND_HEADER.match(words[n])]
    title = (named or rest or [0])[0]
    kind = _column_kind(words, identity, title, role)
    fields = {n: name for n in rest if n != title and (name := field_name(words[n]))}
    covering = [n for n in rest if _COVERING.search(words[n]) and n != identity]
    return _Columns(identity, title, kind, fields, covering, role_of(words[title]) == "features")


def _titled(words: Sequence[str], identity: int) -> bool:
    """Whether another column has the titles; `Task | Status` has them in its first one."""
    return any(
        field_name(word) in {"title", "text", "story"} or role_of(word) in _KINDS
        for n, word in enumerate(words)
        if n != identity
    )


def _column_kind(words: Sequence[str], identity: int | None, title: int, role: Role) -> Kind | None:
    """What the rows are: the words of the header decide, where the section does not speak against them."""
    if role in _NO_ROWS:
        return None
    for n in (title, identity):
        if n is None:
            continue
        kind = (
            _KINDS.get("stories" if words[n] == "story" else role_of(words[n]))
            if _KIND_HEADER.match(words[n])
            else None
        )
        if kind == "requirement" and role in {"phase", "plan"}:
            return None
        if kind is not None and (role in _KINDS or role in {"", "phase", "plan"}):
            return kind if role in _KINDS or role in {"phase", "plan"} or identity is not None else None
    return _KINDS.get(role) if identity is not None else None


def _row(columns: _Columns, role: Role, line: int, cells: Sequence[str]) -> Row | None:
    if role in _NO_ROWS:
        return None
    name = _name(columns, role, cells)
    if name is None:
        return None
    title = clean(name.title)
    if not any(one.isalpha() for one in title):
        return None
    fields = [(name, cells[n]) for n, name in columns.fields.items() if n < len(cells) and cells[n].strip()]
    return Row(name.kind, name.alias, title, line, fields, columns.soft and not name.alias.strip("0123456789."))


def _name(columns: _Columns, role: Role, cells: Sequence[str]) -> Name | None:
    """Identifier and title of a row; None for a row that is no item."""
    title = cells[columns.title] if columns.title < len(cells) else ""
    identity = cells[columns.id] if columns.id is not None and columns.id < len(cells) else ""
    coded = _code(identity, role)
    if coded is not None:
        return Name(coded.kind, coded.alias, title)
    first = cells[0] if cells else ""
    own = read_name(clean(title)) or read_name(clean(first)) or code_in_role(clean(title), role)
    if own is not None and own.alias and own.title:
        return own
    if columns.kind is None or not title:
        return None
    number = clean(identity)
    return Name(columns.kind, number if _NUMBER.match(number) else "", title)


def _code(cell: str, role: Role) -> Name | None:
    text = clean(cell)
    if not text or len(text) > 40:
        return None
    name = read_name(text) or code_in_role(f"{text}: x", role)
    return name if name is not None and name.alias and name.title in {"", "x"} else None


def _statements(columns: _Columns, line: int, cells: Sequence[str], reading: Reading) -> None:
    """`T005 | T003-T004` in a table of dependencies, `FR1 | Story 1.2` in one of coverage."""
    at = columns.id if columns.id is not None else 0
    who = clean(cells[at]) if at < len(cells) else ""
    if not who or len(who) > 80:
        return
    for n, name in columns.fields.items():
        if name == "dependencies" and n < len(cells) and cells[n].strip(" -–—"):
            reading.statements.append(Wish(f"{who} depends on {clean(cells[n])}", line))
    covering = " ; ".join(clean(cells[n]) for n in columns.covering if n < len(cells))
    if covering:
        reading.covered.append((who, Wish(covering, line)))
