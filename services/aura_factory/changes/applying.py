"""Writing the accepted hunks of a change to the project: all files or none."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from aura_factory.changes.content import check_parses
from aura_factory.changes.deciding import settle_state
from aura_factory.changes.guarding import check_protected, check_unmerged, has_markers
from aura_factory.changes.journal import (
    Interrupted,
    Settled,
    Step,
    carry_out,
    folders_to_make,
    no_step,
    remove_empty,
    settle,
)
from aura_factory.changes.places import MOST_FILE_BYTES
from aura_factory.changes.records import StepKind, StoredChange, StoredStep, now_text
from aura_factory.changes.store import ChangeStore
from aura_factory.changes.targets import accepted, applied, side
from aura_factory.changes.transitions import Fit, Side, View, move_on
from aura_shared.errors import AuraError, Conflict, EditRefused, FileMovedOn, StorageError, TooLarge
from aura_shared.security import make_visible
from aura_shared.text_files import as_utf8

_REGIONS_SHOWN = 5


@dataclass(slots=True)
class Plan:
    """What an application or an undo would do to the files."""

    view: View
    fits: list[Fit]
    """One for each file of the change that it concerns."""
    moves: list[tuple[Side, Side]]
    """What each of these files is, and becomes."""

    @property
    def merged(self) -> list[str]:
        """Files that changed since, and that would be merged."""
        return sorted({fit.path for fit in self.fits if fit.merged})


def plan_apply(change: StoredChange, chosen: Collection[str]) -> Plan:
    """What it takes to have exactly the chosen hunks in the files; nothing is written."""
    view = View(change.root)
    there = set(applied(change))
    plan = Plan(view, [], [])
    for file in change.files:
        old, new = side(file, there), side(file, chosen)
        if old == new:
            continue
        now = _now(view, old.path)
        if now.data is not None and has_markers(now.data) and not has_markers(file.before):
            plan.fits.append(Fit(file.path, "conflict", f"{old.path} has the marks of an unresolved conflict"))
            continue
        plan.fits.append(move_on(view, old, new))
        became = _now(view, new.path)
        plan.moves.append((now._replace(path=old.path), became))
    return plan


def _now(view: View, path: str) -> Side:
    try:
        found = view.read(path)
    except AuraError:  # It is reported when the step over it is tried.
        return Side(path, None)
    return Side(path, found.data, found.mode) if found else Side(path, None)


def prepare_apply(change: StoredChange, *, accept_open: bool, protected: Sequence[str]) -> tuple[Plan, list[str]]:
    """The plan for the accepted hunks, and these.

    Raises:
        Conflict: No hunk is accepted, or all accepted ones are in the files already.
        NotAllowed: A file is protected.
        EditRefused: A file waits for a merge to be resolved.
        FileMovedOn: Files changed since, and the hunks do not fit any more.
    """
    chosen = accepted(change, accept_open=accept_open)
    if not chosen:
        raise Conflict(
            f"no hunk of change {change.id} is accepted",
            hint=f"Accept some: aura changes accept {change.id} HUNK, or all that are open: aura changes apply "
            f"{change.id} --all",
        )
    if set(chosen) <= set(applied(change)):
        raise Conflict(
            f"all accepted hunks of change {change.id} are in the files already", hint="Accept more of them first."
        )
    paths = [path for file in change.files for path in (file.path, file.moved_from) if path]
    check_protected(paths, protected)
    check_unmerged(change.root, paths)
    plan = plan_apply(change, chosen)
    refuse_misfits(change, plan)
    return plan, chosen


def refuse_misfits(change: StoredChange, plan: Plan) -> None:
    """Refuse a plan when a file does not fit.

    Raises:
        FileMovedOn: With every file at fault, and the lines where both sides changed.
        TooLarge: A merged file would be over 20 MB.
    """
    bad = [fit for fit in plan.fits if fit.fails]
    if bad:
        details = "\n".join(f"  {fit.problem}{_regions(fit)}" for fit in bad[:20])
        raise FileMovedOn(
            f"{len(bad)} of {len(plan.fits)} files of change {change.id} do not fit any more; nothing was written:\n"
            f"{details}",
            hint="Put these places right by hand, or propose the change anew.",
        )
    for write in plan.view.writes():
        if write.post is not None and len(write.post) > MOST_FILE_BYTES:
            raise TooLarge(f"{write.path} would be over {MOST_FILE_BYTES // 1_000_000} MB")


def _regions(fit: Fit) -> str:
    shown: list[str] = []
    for region in fit.regions[:_REGIONS_SHOWN]:
        now = as_utf8(region.theirs).decode(errors="replace")[:400].rstrip("\n") or "(nothing)"
        then = as_utf8(region.ours).decode(errors="replace")[:400].rstrip("\n") or "(nothing)"
        shown.append(f"\n    line {region.line}, now:    {make_visible(now)}\n    the change: {make_visible(then)}")
    return "".join(shown)


def partial_problems(change: StoredChange, plan: Plan, chosen: Collection[str]) -> str:
    """What a person should know about a choice of hunks: that a file does not parse with only these."""
    found: list[str] = []
    for file in change.files:
        ids = [hunk.id for hunk in file.hunks]
        taken = [name for name in ids if name in chosen]
        if not taken or len(taken) == len(ids):
            continue
        now = plan.view.read(side(file, chosen).path)
        try:
            check_parses(file.path, as_utf8(file.before), as_utf8(now.data if now else b""))
        except EditRefused as error:
            found.append(error.message)
    return "With only these hunks, " + "; ".join(found) + "." if found else ""


def write(
    store: ChangeStore, change: StoredChange, what: StepKind, plan: Plan, chosen: Sequence[str], at: Step = no_step
) -> list[str]:
    """Write a plan, journalled; returns the paths that were written or deleted.

    Args:
        store: Where the step is kept.
        change: What is applied or undone; it says so afterwards.
        what: Which of the two.
        plan: Without misfits.
        chosen: Hunks that are in the files afterwards.
        at: Called before each thing that is done.

    Raises:
        FileMovedOn: A file changed in the meantime; all files are as before.
        StorageError: A file cannot be written; all files are as before, or the message names those that are not.
    """
    writes = plan.view.writes()
    at("journal")
    step = store.begin(change, what, chosen, folders_to_make(change.root, writes), writes, plan.moves)
    try:
        carry_out(step, at)
    except Interrupted as interrupted:
        settled = settle(step, at, written=interrupted.written)
        _end(store, step, settled)
        error = interrupted.__cause__
        assert isinstance(error, AuraError)
        raise _after_failure(error, settled.problems) from error
    at("done")
    complete(store, step, change)
    return [write.path for write in writes]


def _after_failure(error: AuraError, problems: Sequence[str]) -> AuraError:
    outcome = "no file was changed" if not problems else "files that are not as before: " + "; ".join(problems)
    kind = type(error) if isinstance(error, StorageError | Conflict) else StorageError
    return kind(f"{error.message}; {outcome}", hint=error.hint)


def complete(store: ChangeStore, step: StoredStep, change: StoredChange | None = None) -> None:
    """Keep that a step is done, and say so in the change."""
    with store.writing():
        change = change or store.find(step.change)
        inside = set(step.applied)
        for file in change.files:
            file.hunks = [
                replace(hunk, applied=hunk.id in inside, decision="accepted" if hunk.id in inside else hunk.decision)
                for hunk in file.hunks
            ]
        undone = store.standing(step.change) if step.what == "undo" else []
        for earlier in undone:
            store.end(earlier, "undone")
        store.end(step, "done")
        change.state = "undone" if step.what == "undo" else change.state
        change.changed_at = now_text()
        settle_state(change)
        store.put_state(change)
    for earlier in undone:
        for folder in reversed(earlier.folders):
            remove_empty(step.root, folder)


def _end(store: ChangeStore, step: StoredStep, settled: Settled) -> None:
    """Keep how a step was settled. What may work later stays in the journal."""
    if settled.again:
        return
    if settled.forward:
        complete(store, step)
    else:
        store.end(step, "back")


def recover(store: ChangeStore, at: Step = no_step, project: str = "") -> list[str]:
    """Finish or take back what was interrupted; returns what a person should know, one sentence for each change.

    Args:
        store: Where steps are kept.
        at: Called before each thing that is done.
        project: Only of this project; empty for all.
    """
    told: list[str] = []
    for step in store.under_way(project):
        if not step.root.is_dir():
            continue  # Perhaps its disk is not mounted: later.
        settled = settle(step, at)
        _end(store, step, settled)
        way = "was finished" if settled.forward else "was taken back"
        ending = "; ".join(settled.problems) or f"every file is {'new' if settled.forward else 'as it was before'}"
        told.append(f"Change {step.change}: its {step.what} was interrupted, and {way}: {ending}.")
        change = store.find(step.change)
        change.notice = told[-1]
        store.put_state(change)
    return told
