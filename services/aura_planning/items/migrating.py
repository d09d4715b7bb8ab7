"""From every other layout to the canonical one: which files move where, and what is written at their tops.

Only the front matter is added or completed and statements of the status in the text are taken out, because two of them
would soon differ; every other byte of a file stays. Identifiers come from the old path, so the dry run, the run and a
run on another branch give the same ones.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aura_planning.items.frontmatter import Value, read_front_matter, set_key
from aura_planning.items.ids import id_from
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import canonical_path
from aura_planning.items.ledger import Ledger
from aura_planning.items.markdown import headings
from aura_planning.items.model import FIELDS, Item
from aura_planning.items.reading import read_item, title_of
from aura_planning.items.spellings import document_statuses
from aura_planning.items.statuses import INITIAL, WORKING
from aura_planning.items.text import Text, read_text, without_end

__all__ = ["Migration", "diff_of", "migrated", "plan_migration"]

_MOST_DIFF: Final = 200_000


@dataclass(slots=True)
class Migration:
    """What a migration does."""

    changes: list[FileChange] = field(default_factory=list[FileChange])
    """Old files removed, new ones made, or files written where they are."""
    moves: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Old and new path."""
    notices: list[str] = field(default_factory=list)
    """What a person has to decide, or should know."""


def plan_migration(ledger: Ledger, contents: Mapping[str, bytes], *, approver: str = "") -> Migration:
    """How the files of other layouts become canonical; those that already are stay as they are.

    Args:
        ledger: The plan.
        contents: Every file of the plan by path.
        approver: Who says that what counts as approved in the old files is approved as it is now; empty for nobody.
    """
    found = Migration()
    old = [item for item in ledger.items if not item.canonical]
    taken = set(ledger.ids)
    ids: dict[str, str] = {}
    for item in old:
        if item.broken:
            found.notices.append(f"{item.path} cannot be read, so it stays as it is")
            continue
        ids[item.path] = id_from(item.path, taken)
        taken.add(ids[item.path])
    epics = _missing_epics(ledger, old, taken, found)
    for item in old:
        if item.path in ids:
            _move(item, ids, epics, ledger, contents, found, approver)
    return found


def _missing_epics(ledger: Ledger, old: Sequence[Item], taken: set[str], found: Migration) -> dict[str, str]:
    """Epics that stories name by their folder or heading, and that no file is about: each gets one."""
    made: dict[str, str] = {}
    for item in old:
        name = item.parent
        if item.broken or item.kind not in {"story", "task"} or not name.startswith("epic-") or name in made:
            continue
        if ledger.lookup(name) is not None or any(one.alias == name for one in ledger.items):
            continue
        made[name] = id_from(name, taken)
        taken.add(made[name])
        title = name.replace("-", " ").capitalize()
        text = read_text(f"# {title}\n".encode())
        fields: dict[str, Value] = {"id": made[name], "kind": "epic", "alias": name, "status": INITIAL["epic"]}
        for key, value in fields.items():
            text = set_key(text, key, value, FIELDS)
        path = canonical_path("epic", made[name], name)
        found.changes.append(FileChange(path, None, text.data()))
        found.notices.append(f"{name} had no file: {path} is new, with status {INITIAL['epic']}")
    return made


def _move(
    item: Item,
    ids: Mapping[str, str],
    epics: Mapping[str, str],
    ledger: Ledger,
    contents: Mapping[str, bytes],
    found: Migration,
    approver: str,
) -> None:
    before = contents[item.path]
    parent = ledger.lookup(item.parent) if item.parent else None
    belongs = (ids.get(parent.path) or parent.id) if parent is not None else epics.get(item.parent, "")
    after = migrated(before, item, ids[item.path], belongs)
    if approver and _was_approved(item):
        after = _bound(item.path, after, approver)
    first = not any(
        one.kind == item.kind and one.path == canonical_path(item.kind, "", "", first=True) for one in ledger.items
    )
    in_place = item.path == canonical_path(item.kind, "", "", first=True)
    path = item.path if in_place else canonical_path(item.kind, ids[item.path], item.title, first=first)
    if path != item.path and any(change.path == path for change in found.changes):
        path = canonical_path(item.kind, ids[item.path], item.title)
    if path == item.path:
        found.changes.append(FileChange(path, before, after))
    else:
        found.changes += [FileChange(path, None, after), FileChange(item.path, before, None)]
        found.moves.append((item.path, path))
    if _was_approved(item):
        found.notices.append(_of_approval(item, path, ids[item.path], approver))
    if not item.status:
        said = f"says {item.status_text!r}" if item.status_text else "says no status"
        found.notices.append(f"{path} {said}, which is none that Aura knows: set one with `aura plan set`")


def _was_approved(item: Item) -> bool:
    """Whether the status in an old file means that a person approved it: of a story, that work on it began."""
    return item.status == "approved" or (item.kind == "story" and item.status == WORKING["story"])


def _of_approval(item: Item, path: str, id: str, approver: str) -> str:  # noqa: A002 - the field's name
    said = f"{path} was {item.status}, so somebody approved it"
    if approver:
        return f"{said}: {approver} approves its present text"
    return f"{said}: --approve binds that to its present text now, `aura plan approve {id}` later"


def _bound(path: str, data: bytes, approver: str) -> bytes:
    """A file whose approval is bound to its text."""
    item = read_item(path, data).item
    if item is None or item.broken:
        return data
    text = read_text(data)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for key, value in (("approved_by", approver), ("approved_at", at), ("approved_hash", item.content)):
        text = set_key(text, key, value, FIELDS)
    return text.data()


def migrated(data: bytes, item: Item, id: str, parent: str) -> bytes:  # noqa: A002 - the field's name
    """A file with the front matter that it needs, and without other statements of its status.

    Args:
        data: The file.
        item: What it says.
        id: Its identifier from now on.
        parent: Identifier of what it belongs to; empty for nothing.
    """
    text = read_text(data)
    if item.status:
        text = _without_status(text)
    fields: dict[str, Value] = {"id": id, "kind": item.kind}
    if item.alias:
        fields["alias"] = item.alias
    front = read_front_matter(text)
    plain = title_of(item.kind, text, headings(text.lines, front.body), plain=True)
    if item.title and not front.text("title") and (plain is None or plain[0] != item.title):
        fields["title"] = item.title
    if item.status or item.status_text:
        fields["status"] = item.status or item.status_text
    if parent:
        fields["epic" if item.kind == "story" else "parent"] = parent
    for key, value in fields.items():
        text = set_key(text, key, value, FIELDS)
    return text.data()


def _without_status(text: Text) -> Text:
    """The text without lines that say its status, and without the blank line that would be left double."""
    lines = list(text.lines)
    front = read_front_matter(text)
    for one in reversed(document_statuses(lines, front.body, headings(lines, front.body))):
        start, end = one.start, one.end
        kept = [line for line in lines[start + 1 : one.line] if without_end(line).strip()]
        if kept:
            continue
        if end < len(lines) and not lines[end].strip() and (start == 0 or not lines[start - 1].strip()):
            end += 1
        del lines[start:end]
    return text.with_lines(lines)


def diff_of(changes: Sequence[FileChange], moves: Sequence[tuple[str, str]] = (), most: int = _MOST_DIFF) -> str:
    """Changes as a unified diff, moved files as one; cut at a number of characters."""
    before = {change.path: change.before for change in changes}
    after = {change.path: change.after for change in changes}
    new_of = dict(moves)
    moved_to = set(new_of.values())
    parts: list[str] = []
    size = 0
    for change in changes:
        if change.path in moved_to:
            continue
        new = new_of.get(change.path, change.path)
        for line in _diff(change.path, new, before[change.path], after[new]):
            size += len(line)
            if size > most:
                return "".join([*parts, "[cut]\n"])
            parts.append(line)
    return "".join(parts)


def _diff(old: str, new: str, before: bytes | None, after: bytes | None) -> list[str]:
    lines = difflib.unified_diff(
        _lines(before),
        _lines(after),
        "/dev/null" if before is None else f"a/{old}",
        "/dev/null" if after is None else f"b/{new}",
    )
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


def _lines(data: bytes | None) -> list[str]:
    return [] if data is None else data.decode("utf-8", "replace").splitlines(keepends=True)
