"""From a request to the files that change: every command on one item, checked against the plan and its gates first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from aura_planning.items.editing import add_to_section, parent_key, set_fields, set_section, set_title
from aura_planning.items.frontmatter import Value
from aura_planning.items.ids import new_id
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import canonical_path, list_plan
from aura_planning.items.ledger import PARENTS, Ledger
from aura_planning.items.migrating import plan_migration
from aura_planning.items.model import KINDS, Item, Kind
from aura_planning.items.reading import MOST_BYTES, file_hash, read_item
from aura_planning.items.statuses import INITIAL, status_of, written_status
from aura_planning.items.store import PlanStore
from aura_planning.items.templates import DEFAULTS, new_item, template_of, template_path
from aura_planning.items.writing import current
from aura_planning.workflow.gates import HINTS, NO_RED, Refusal, refusals_to_add, refusals_to_step, without_red
from aura_planning.workflow.logs import fold_log, log_entries, log_section
from aura_planning.workflow.persons import person
from aura_planning.workflow.testing import ItemRun, record_run
from aura_shared.errors import Conflict, EditRefused, FileMovedOn, GateClosed, UsageProblem
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings

__all__ = ["Planned", "editable", "plan_change", "plan_record"]

_SPACES: Final = re.compile(r"\s+")


@dataclass(slots=True)
class Planned:
    """A change before it is made."""

    title: str
    """For the journal."""
    changes: list[FileChange] = field(default_factory=list[FileChange])
    path: str = ""
    """Where the item is afterwards; empty when it is gone, or many are concerned."""
    items: list[str] = field(default_factory=list)
    moves: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notices: list[str] = field(default_factory=list)


def plan_change(store: PlanStore, request: ChangePlan, settings: PlanSettings) -> Planned:
    """What a request would do; nothing is written.

    Raises:
        UnknownItem: It names an item that is not there.
        UsageProblem: It makes no sense.
        GateClosed: The workflow does not allow the step.
        FileMovedOn: The file is another than the request was made from.
        EditRefused: The file cannot be edited safely.
        Conflict: Other items stand against it.
    """
    whole = {
        "migrate": lambda: _migrate(store, approve=request.approve),
        "templates": lambda: _templates(store),
        "compact": lambda: _compact(store, request, settings),
        "add": lambda: _add(store, request, settings),
    }.get(request.action)
    if whole is not None:
        return whole()
    if not request.item:
        raise UsageProblem(f"{request.action} needs an item")
    item, data = editable(store, request.item, request.hash)
    if request.action == "remove":
        return _remove(store, item, data, detach=request.detach)
    if request.action == "note":
        return _note(store, item, data, request.text or "", settings)
    if request.action == "test":
        if not request.outcome:
            raise UsageProblem("a test run was red or green")
        return plan_record(store, item, data, ItemRun(request.outcome, tuple(request.tests)), settings)
    return _set(store, item, data, request, settings)


def editable(store: PlanStore, reference: str, expected: str = "") -> tuple[Item, bytes]:
    """An item that can be changed, and its file.

    Args:
        store: The plan.
        reference: Identifier, alias or path.
        expected: Hash of the file that the change was made from; empty for any.

    Raises:
        UnknownItem: There is none.
        FileMovedOn: The file is another now.
        EditRefused: It cannot be read, or has another layout.
    """
    item = store.ledger.find(reference)
    data = store.read(item.path)
    if expected and file_hash(data) != expected:
        raise FileMovedOn(f"{item.path} is another than the one that was shown", hint="Show it again, then try again.")
    if item.broken:
        raise EditRefused(f"{item.path} cannot be read as an item", hint="`aura plan check` says why. Mend it first.")
    if not item.canonical:
        raise EditRefused(f"{item.path} has another layout", hint="`aura plan migrate --dry-run` shows its new form.")
    return item, data


# -- one item --------------------------------------------------------------------------------------


def _add(store: PlanStore, request: ChangePlan, settings: PlanSettings) -> Planned:
    kind, title = request.kind, _one_line(request.title or "")
    if kind is None or not title:
        raise UsageProblem("a new item needs a kind and a title")
    ledger = store.ledger
    planned = Planned(f"add {kind}: {title}"[:200])
    _check(refusals_to_add(ledger, kind), settings, planned)
    status = status_of(kind, request.status) if request.status else INITIAL[kind]
    if status != INITIAL[kind]:
        raise UsageProblem(f"a new {kind} is {INITIAL[kind]}, and then becomes something else")
    identifier = new_id(ledger.ids)
    fields: dict[str, Value] = {"id": identifier, "kind": kind, "status": status}
    if request.parent:
        fields["epic" if kind == "story" else "parent"] = _parent(ledger, kind, request.parent)
    fields |= _plain_fields(ledger, request, None)
    template = f"# {{{{title}}}}\n\n{request.text.rstrip()}\n" if request.text else template_of(store.root, kind)
    path = canonical_path(kind, identifier, title, first=True)
    if path.count("/") > 1 or current(store.root / path) is not None:
        path = canonical_path(kind, identifier, title)
    planned.changes.append(FileChange(path, None, new_item(template, fields, title)))
    planned.items.append(identifier)
    planned.path = path
    return planned


def _set(store: PlanStore, item: Item, data: bytes, request: ChangePlan, settings: PlanSettings) -> Planned:
    ledger = store.ledger
    planned = Planned("", path=item.path, items=[item.id])
    if request.action == "move" and request.parent is None:
        raise UsageProblem("a move needs the item that it goes to", hint="`--to ITEM`, or `--to ''` for nothing.")
    fields: dict[str, Value | None] = dict(_plain_fields(ledger, request, item))
    fields |= {key: None for key in ("alias", "priority") if getattr(request, key) == ""}
    if request.depends_on == []:
        fields["depends_on"] = None
    if request.parent is not None:
        key = parent_key(data, item)
        fields[key] = _parent(ledger, item.kind, request.parent, item) if request.parent else None
    if request.status is not None:
        fields["status"] = _status(ledger, item, request.status, settings, planned)
    after = set_fields(data, fields)
    if request.title is not None:
        after = set_title(after, _one_line(request.title))
    if bool(request.section) != (request.text is not None):
        raise UsageProblem("a section and its text belong together")
    if request.section:
        after = set_section(after, request.section, request.text or "")
    words = [f"{key} {_shown(value)}" for key, value in fields.items()]
    words += [*(["title"] if request.title is not None else []), *([request.section] if request.section else [])]
    planned.title = f"{request.action} {_called(item)}: {', '.join(words) or 'nothing'}"[:200]
    if after != data:
        _no_circle(ledger, item, after)
        planned.changes.append(FileChange(item.path, data, after))
    return planned


def _plain_fields(ledger: Ledger, request: ChangePlan, item: Item | None) -> dict[str, Value]:
    """Fields that only have to be written."""
    fields: dict[str, Value] = {}
    if request.alias:
        fields["alias"] = _free_alias(ledger, _one_line(request.alias), item)
    if request.depends_on:
        fields["depends_on"] = [_identifier(ledger.find(one)) for one in request.depends_on]
    if request.priority:
        fields["priority"] = _one_line(request.priority)
    for key in ("value", "estimate"):
        number = request.value if key == "value" else request.estimate
        if number is not None:
            fields[key] = number
    return fields


def _status(ledger: Ledger, item: Item, written: str, settings: PlanSettings, planned: Planned) -> str:
    status = status_of(item.kind, written)
    if not status:
        raise UsageProblem(f"the status of a {item.kind} is one of {written_status(item.kind)}, and not {written!r}")
    _check(refusals_to_step(ledger, item, status, settings), settings, planned)
    if status == "complete" and without_red(item) and not settings.red_first:
        planned.notices.append(NO_RED)
    return status


def _check(refusals: Sequence[Refusal], settings: PlanSettings, planned: Planned) -> None:
    """Refuse what a gate forbids, or note it where the team only wants to be told."""
    if not refusals:
        return
    text = "; ".join(one.reason for one in refusals)
    if settings.gates == "enforce":
        raise GateClosed(text, hint=HINTS.get(refusals[0].gate, "Nothing was changed. `aura plan show ITEM` says why."))
    planned.notices.append(f"a gate is closed, and only reported here: {text}")


def _parent(ledger: Ledger, kind: Kind, reference: str, item: Item | None = None) -> str:
    parent = ledger.find(reference)
    if parent.kind not in PARENTS[kind]:
        wanted = " or ".join(PARENTS[kind]) or "nothing"
        raise UsageProblem(f"a {kind} belongs to {wanted}, and {_called(parent)} is a {parent.kind}")
    if item is not None and parent.path == item.path:
        raise UsageProblem("an item cannot belong to itself")
    return _identifier(parent)


def _identifier(item: Item) -> str:
    if not item.id:
        raise EditRefused(f"{item.path} has another layout", hint="`aura plan migrate --dry-run` shows its new form.")
    return item.id


def _free_alias(ledger: Ledger, alias: str, item: Item | None) -> str:
    other = ledger.lookup(alias)
    if other is not None and (item is None or other.path != item.path):
        raise Conflict(f"{alias!r} is what {other.path} is called", hint="Nothing was changed. Choose another alias.")
    return alias


def _no_circle(ledger: Ledger, item: Item, after: bytes) -> None:
    """Refuse a change that lets items wait for one another."""
    changed = read_item(item.path, after).item
    others = [one for one in ledger.items if one.path != item.path]
    if changed is None or (changed.depends_on, changed.parent) == (item.depends_on, item.parent):
        return
    before = {(one.rule, one.message) for one in ledger.findings()}
    for one in Ledger([*others, changed]).findings():
        if (one.rule.endswith("-cycle") or one.rule == "depends-on-itself") and (one.rule, one.message) not in before:
            raise Conflict(one.message, hint="Nothing was changed. Leave one of these out.")


def _remove(store: PlanStore, item: Item, data: bytes, *, detach: bool) -> Planned:
    ledger = store.ledger
    planned = Planned(f"remove {item.kind} {_called(item)}: {item.title}"[:200], items=[item.id])
    for one in ledger.referring(item):
        if not detach:
            names = ", ".join(_called(other) for other in ledger.referring(item)[:10])
            raise Conflict(
                f"these name it: {names}", hint="Nothing was removed. --detach takes it out of them as well."
            )
        _, other = editable(store, one.path)
        planned.changes.append(FileChange(one.path, other, _detached(ledger, one, other, item)))
        planned.items.append(one.id)
    planned.changes.append(FileChange(item.path, data, None))
    return planned


def _detached(ledger: Ledger, one: Item, data: bytes, gone: Item) -> bytes:
    fields: dict[str, Value | None] = {}
    parent = ledger.parent(one)
    if parent is not None and parent.path == gone.path:
        fields[parent_key(data, one)] = None
    left = [ref for ref in one.depends_on if (found := ledger.lookup(ref)) is None or found.path != gone.path]
    if len(left) < len(one.depends_on):
        fields["depends_on"] = left or None
    return set_fields(data, fields)


def _note(store: PlanStore, item: Item, data: bytes, words: str, settings: PlanSettings) -> Planned:
    line = _one_line(words)
    if not line:
        raise UsageProblem("a note needs words")
    after = add_to_section(data, log_section(data), f"- {_now()} {line}")
    planned = Planned(f"note {_called(item)}: {line}"[:200], [FileChange(item.path, data, after)], item.path, [item.id])
    return _folded(store, item, planned, settings)


def plan_record(store: PlanStore, item: Item, data: bytes, run: ItemRun, settings: PlanSettings) -> Planned:
    """Write down a test run of an item.

    Raises:
        UsageProblem: A green run names no test.
    """
    if run.outcome == "green" and not run.names and not item.test_names:
        raise UsageProblem("a green run names the tests that ran")
    after = record_run(data, run)
    planned = Planned(
        f"test {_called(item)}: {run.outcome}", [FileChange(item.path, data, after)], item.path, [item.id]
    )
    changed = read_item(item.path, after).item
    if changed is not None and without_red(changed):
        planned.notices.append(NO_RED)
    return _folded(store, item, planned, settings)


def _folded(store: PlanStore, item: Item, planned: Planned, settings: PlanSettings) -> Planned:
    """The same change, with old entries of a log that became too long moved to its archive."""
    change = planned.changes[0]
    if change.after is None or not settings.log_most or log_entries(change.after) <= settings.log_most:
        return planned
    after, archive = fold_log(store.root, item.id, change.after, settings.log_kept)
    planned.changes[0] = FileChange(item.path, change.before, after)
    planned.changes.append(archive)
    planned.notices.append(f"old entries of the log were moved to {archive.path}")
    return planned


# -- many ------------------------------------------------------------------------------------------


def _compact(store: PlanStore, request: ChangePlan, settings: PlanSettings) -> Planned:
    """Move old entries of logs to their archives: of one item, or of all whose log is too long."""
    planned = Planned("fold logs")
    items = [store.ledger.find(request.item)] if request.item else store.ledger.items
    for one in items:
        if not request.item and (one.broken or not one.canonical):
            continue
        item, data = editable(store, one.path)
        if log_entries(data) <= settings.log_kept:
            continue
        after, archive = fold_log(store.root, item.id, data, settings.log_kept)
        planned.changes += [FileChange(item.path, data, after), archive]
        planned.items.append(item.id)
    if not planned.changes:
        planned.notices.append(f"no log has more than {settings.log_kept} entries")
    return planned


def _migrate(store: PlanStore, *, approve: bool) -> Planned:
    contents = {one.path: store.read(one.path) for one in list_plan(store.root) if one.size <= MOST_BYTES}
    found = plan_migration(store.ledger, contents, approver=person(store.root) if approve else "")
    count = len({change.path for change in found.changes} - {new for _, new in found.moves})
    planned = Planned(f"migrate {count} files", found.changes, moves=found.moves, notices=found.notices)
    for change in found.changes:
        item = read_item(change.path, change.after).item if change.after is not None else None
        if item is not None and item.id:
            planned.items.append(item.id)
    return planned


def _templates(store: PlanStore) -> Planned:
    planned = Planned("write templates")
    for kind in KINDS:
        path = template_path(kind)
        if current(store.root / path) is None:
            planned.changes.append(FileChange(path, None, DEFAULTS[kind].encode()))
        else:
            planned.notices.append(f"{path} is there already")
    return planned


def _one_line(words: str) -> str:
    return _SPACES.sub(" ", words).strip()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


def _shown(value: Value | None) -> str:
    if value is None:
        return "none"
    return str(value) if isinstance(value, str | int | float) else ", ".join(value) or "none"


def _called(item: Item) -> str:
    return item.alias or item.id or item.path
