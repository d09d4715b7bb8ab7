"""What a plan knows that proposals are made from: texts, children, finished items, the way in which it keeps tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from aura_planning.items.amounts import effort_of
from aura_planning.items.journal import Operation
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.items.statuses import CLOSED, WORKING
from aura_planning.items.store import PlanStore
from aura_planning.proposing.contents import read_contents
from aura_planning.proposing.contract import Contents
from aura_planning.proposing.estimating import Known, measures, size
from aura_planning.proposing.expanding import Facts, Repository
from aura_shared.errors import AuraError, EditRefused
from aura_shared.settings import PlanSettings

__all__ = ["contents_of", "cycle_days", "facts_of", "known_items", "own_estimate", "style_of", "text_of"]

_MIGRATIONS: Final = ("migrations", "alembic", "prisma", "db/migrate", "db/migrations", "database/migrations", "flyway")
_DOCUMENTS: Final = ("docs", "doc", "documentation")
_MOST_OPERATIONS: Final = 1000
_MOST_KNOWN: Final = 2000
_BESIDE: Final = 200
"""Folders of the root that are looked into for `migrations`; more are no project's sources."""


def contents_of(store: PlanStore, item: Item) -> Contents:
    """What the text of an item says.

    Raises:
        EditRefused: It cannot be read.
    """
    if item.broken:
        raise EditRefused(f"{item.path} cannot be read as an item", hint="`aura plan check` says why. Mend it first.")
    return read_contents(store.read(item.path))


def text_of(item: Item, contents: Contents) -> str:
    """The words that likeness goes by."""
    return " ".join(
        [item.title, item.title, contents.sentence, contents.about, *(one.text for one in contents.criteria)]
    )


def facts_of(store: PlanStore, item: Item) -> Facts:
    """What an item is expanded from."""
    return Facts(
        item, contents_of(store, item), store.ledger.children(item), style_of(store, item) == "boxes",
        repository_of(store.root),
    )  # fmt: skip


def style_of(store: PlanStore, item: Item) -> Literal["files", "boxes"]:
    """How this plan keeps tasks: a file each, or as checkboxes of their story where others do and none is a file."""
    ledger = store.ledger
    tasks = [one for one in ledger.of_kind("task") if ledger.parent(one) is not None]
    if tasks or item.kind == "epic":
        return "files"
    return "boxes" if any(one.boxes for one in ledger.of_kind("story")) else "files"


def repository_of(root: Path) -> Repository:
    """What the repository has that a task may be needed for; only names of its upper folders are looked at."""
    migrations = _first(root, _MIGRATIONS)
    if not migrations:
        try:
            inner = sorted(one for one in root.iterdir() if one.is_dir() and not one.name.startswith("."))[:_BESIDE]
        except OSError:
            inner = []
        migrations = next((f"{one.name}/{found}" for one in inner if (found := _first(one, _MIGRATIONS[:4]))), "")
    return Repository(migrations, _first(root, _DOCUMENTS))


def _first(folder: Path, names: tuple[str, ...]) -> str:
    return next((name for name in names if (folder / name).is_dir()), "")


def own_estimate(item: Item) -> bool:
    """Whether a person estimated it: the number is another than the one that was proposed."""
    if item.estimate is None:
        return bool(item.amounts.get("estimate"))
    likely = item.estimate_from.partition(" ")[2].split("/")
    return len(likely) != 3 or likely[1] != f"{item.estimate:g}"


def known_items(store: PlanStore, target: Item, settings: PlanSettings) -> list[Known]:
    """Finished items and those that a person estimated, of the kind of `target`."""
    days = cycle_days(store)
    found: list[Known] = []
    for item in store.ledger.of_kind(target.kind):
        points = _points(item, settings)
        finished = item.status in CLOSED - {"cancelled"}
        if (points is None and not (finished and item.path in days)) or len(found) >= _MOST_KNOWN:
            continue
        try:
            contents = contents_of(store, item)
        except AuraError:  # it vanished meanwhile
            continue
        measure = size(measures(contents, len(store.ledger.children(item))))
        found.append(Known(item, text_of(item, contents), points, days.get(item.path), finished, measure))
    return found


def _points(item: Item, settings: PlanSettings) -> float | None:
    """What a person estimated, in points."""
    written = item.amounts.get("estimate", "")
    effort = effort_of(written) if written and own_estimate(item) else None
    return None if effort is None else effort.points + effort.hours / settings.hours_a_point


def cycle_days(store: PlanStore) -> Mapping[str, float]:
    """Days from the first step into work to the last into an end, by path, as the journal tells."""
    begun: dict[str, datetime] = {}
    ended: dict[str, datetime] = {}
    for operation in reversed(store.journal.operations(_MOST_OPERATIONS)):
        if operation.state == "done" and operation.command in {"set", "edit", "test"}:
            _steps(store, operation, begun, ended)
    return {
        path: round(max(0.0, (at - begun[path]).total_seconds() / 86_400), 2)
        for path, at in ended.items() if path in begun
    }  # fmt: skip


def _steps(store: PlanStore, operation: Operation, begun: dict[str, datetime], ended: dict[str, datetime]) -> None:
    at = datetime.fromisoformat(operation.at)
    try:
        changes = store.journal.contents(operation)
    except AuraError:
        return
    for change in changes:
        item = read_item(change.path, change.after).item if change.after is not None else None
        if item is None:
            continue
        if item.status == WORKING.get(item.kind):
            begun.setdefault(change.path, at)
            ended.pop(change.path, None)
        elif item.status in CLOSED - {"cancelled"}:
            ended.setdefault(change.path, at)
