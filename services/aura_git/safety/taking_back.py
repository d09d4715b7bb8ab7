"""Whether an operation can be taken back, and what that would do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from aura_git.repository import Repository
from aura_git.safety.contract import Snapshot, UndoOutcome
from aura_git.safety.gates import named
from aura_git.safety.journal import ABORT, Entry, Journal
from aura_git.safety.planning import Plan, plan_restore
from aura_git.safety.recovery import UNDO
from aura_shared.errors import GateClosed, UndoRefused, UnknownOperation

__all__ = [
    "OPEN",
    "end_of",
    "newest_undoable",
    "outcome",
    "planned",
    "refuse_open",
    "refuse_other_place",
    "refuse_other_states",
]

OPEN: Final = frozenset({"waiting", "interrupted"})


def refuse_open(journal: Journal) -> None:
    """Refuse to begin while an operation waits for a person.

    Raises:
        GateClosed: One does.
    """
    for entry in journal.open_entries():
        if entry.record.state == "waiting":
            raise GateClosed(
                f"`{entry.record.command}` ({entry.record.id}) waits: {entry.record.waiting_for}",
                hint="Go on with `aura continue`, or take it back with `aura abort`.",
            )


def newest_undoable(journal: Journal) -> Entry:
    """The newest operation that is not taken back, undos left out.

    Raises:
        UnknownOperation: There is none.
    """
    for entry in journal.entries():
        if entry.record.state in {*OPEN, "done", "failed"} and entry.record.command not in {UNDO, ABORT}:
            return journal.full(entry)
    raise UnknownOperation(
        "there is nothing to take back: Aura did nothing here yet, or all of it is taken back",
        hint="`aura git undo ID` of an undo does again what that took back; `aura git ops` lists them.",
    )


def end_of(entry: Entry) -> Snapshot:
    """What an operation left.

    Raises:
        GateClosed: It is not at its end.
        UndoRefused: It is taken back already, or changed nothing.
    """
    record = entry.record
    if record.state in {"waiting", "running"}:
        hint = "Take it back with `aura abort`." if record.state == "waiting" else "Wait until it has ended."
        raise GateClosed(f"operation {record.id} ({record.title}) is {record.state}", hint=hint)
    after = record.after or (entry.found if record.state == "interrupted" else None)
    if record.before is None or after is None or record.state in {"undone", "aborted"}:
        raise UndoRefused(
            f"operation {record.id} ({record.title}) is {record.state}: there is nothing to take back",
            hint="`aura git ops` lists the operations.",
        )
    return after


def planned(
    repository: Repository, entry: Entry, base: Snapshot | None, now: Snapshot | None, *, edited_ok: bool = False
) -> Plan:
    """How to take an operation back.

    Args:
        repository: Which.
        entry: The operation.
        base: What it left; None when nobody knows.
        now: What is there.
        edited_ok: Whether files and index that were changed since are replaced all the same.

    Raises:
        UndoRefused: Something moved since; the message names it.
    """
    record = entry.record
    if record.before is None or now is None:
        raise UndoRefused(f"operation {record.id} ({record.title}) ended before anything was changed", hint="")
    plan = plan_restore(repository, record.before, base or now, now, edited_ok=edited_ok)
    if plan.blocked:
        raise UndoRefused(
            f"taking back {record.id} ({record.title}) would lose what changed since: {named(plan.blocked)}"
        )
    return plan


def refuse_other_states(entry: Entry, states: Collection[str]) -> None:
    """Raises GateClosed unless an operation is in one of these states."""
    record = entry.record
    if record.state not in states:
        raise GateClosed(
            f"operation {record.id} ({record.title}) is {record.state}, and can neither go on nor be aborted",
            hint="`aura git ops` lists the operations; `aura git undo` takes back what is done.",
        )


def refuse_other_place(repository: Repository, entry: Entry) -> None:
    """Raises GateClosed when an operation was made in another work tree."""
    if entry.work_tree != str(repository.git_dir):
        raise GateClosed(
            f"operation {entry.record.id} ({entry.record.title}) was made in another work tree of this repository",
            hint="Do it there; `git worktree list` names them.",
        )


def outcome(repository: Repository, entry: Entry, plan: Plan, *, done: bool, by: str = "") -> UndoOutcome:
    """What was done, or would be; `by` is the operation that did it."""
    facts = dict(entry.record.facts)
    if plan.edited:
        facts["edited"] = "\0".join(plan.edited)
    if plan.submodules:
        facts["submodules"] = "\0".join(plan.submodules)
    if by:
        facts["undone_by"] = by
    remote = _on_remotes(repository, plan)
    if remote and "pushed" not in facts:
        facts["pushed"] = ", ".join(remote)
    return UndoOutcome(replace(entry.record, facts=facts), plan.moves, plan.paths, done)


def _on_remotes(repository: Repository, plan: Plan) -> list[str]:
    """Remote-tracking refs that have what branches move away from: that cannot be taken back."""
    git = repository.git
    found: dict[str, None] = {}
    for name, (old, new) in plan.refs.items():
        lost = name.startswith("refs/heads/") and old and git.find_commit(old)
        if lost and not (new and git.read("merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0):
            listed = git.read("for-each-ref", "--format=%(refname:short)", f"--contains={old}", "refs/remotes").lines
            found.update(dict.fromkeys(name for name in listed if name))
    return list(found)
