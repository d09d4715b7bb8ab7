"""Taking a change back, at any later time: its steps in reverse, each exactly or by a three-way merge."""

from __future__ import annotations

from aura_factory.changes.applying import Plan, refuse_misfits
from aura_factory.changes.guarding import check_unmerged
from aura_factory.changes.records import StoredChange
from aura_factory.changes.store import ChangeStore
from aura_factory.changes.transitions import Side, View, move_on
from aura_shared.errors import Conflict


def plan_undo(store: ChangeStore, change: StoredChange) -> Plan:
    """What it takes to have none of a change in the files; nothing is written.

    Where a file is as a step left it, it becomes exactly what it was before that step. Where it changed since, what the
    step did is taken out by a merge.
    """
    view = View(change.root)
    plan = Plan(view, [], [])
    for step in reversed(store.standing(change.id)):
        for old, new in reversed(step.moves):
            if (old.path, old.data) == (new.path, new.data):
                continue  # It was there already, so it is not this change's to take out.
            plan.fits.append(move_on(view, new, Side(old.path, old.data, old.mode)))
    return plan


def prepare_undo(store: ChangeStore, change: StoredChange) -> Plan:
    """The plan to take a change back.

    Raises:
        Conflict: It is not applied.
        EditRefused: A file waits for a merge to be resolved.
        FileMovedOn: Files changed since in the same places.
    """
    if not store.is_applied(change.id):
        raise Conflict(f"change {change.id} is not applied, so there is nothing to undo", hint="")
    check_unmerged(change.root, [path for file in change.files for path in (file.path, file.moved_from) if path])
    plan = plan_undo(store, change)
    refuse_misfits(change, plan)
    return plan
