"""The status machine and its gates: which step is allowed now, and what in the files was done without one.

Rules of the `.ai/` workflow: no architecture before the PRD is approved, no story before the architecture is, no work
on a story that is not approved, stories of an epic in their order, no completion before its tasks are done and its
tests are green, and not more in progress than the team wants. A plan without a PRD is a plain list of work: the gates
of documents do not apply to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aura_planning.items.ledger import Ledger, order_of
from aura_planning.items.model import Finding, Item, Kind
from aura_planning.items.statuses import CLOSED, WORKING
from aura_shared.settings import PlanSettings

__all__ = [
    "HINTS",
    "NO_RED",
    "STEPS",
    "Refusal",
    "approved",
    "audit",
    "passed_by",
    "refusals_to_add",
    "refusals_to_step",
    "without_red",
]

STEPS: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    "prd": {"draft": ("approved",), "approved": ("draft",)},
    "architecture": {"draft": ("approved",), "approved": ("draft",)},
    "epic": {
        "future": ("current", "cancelled"),
        "current": ("complete", "future", "cancelled"),
        "complete": ("current",),
        "cancelled": ("future",),
    },
    "story": {
        "draft": ("in-progress", "cancelled"),
        "in-progress": ("complete", "draft", "cancelled"),
        "complete": ("in-progress",),
        "cancelled": ("draft",),
    },
    "task": {
        "todo": ("in-progress", "done", "cancelled"),
        "in-progress": ("done", "todo", "cancelled"),
        "done": ("in-progress", "todo"),
        "cancelled": ("todo",),
    },
}
"""From each status, where one step leads."""


NO_RED: Final = "no red run was recorded before the green one: a test that never failed may test nothing"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A gate that is closed."""

    gate: str
    """Its name, such as `story-not-approved`."""
    reason: str
    field: str = "status"
    """What in the file it is about."""


HINTS: Final = {
    "prd-not-approved": "Nothing was changed. A person approves it: `aura prd approve`.",
    "architecture-not-approved": (
        "Nothing was changed. A person approves it: `aura plan approve architecture`; where there is none, "
        "`aura plan add architecture TITLE` makes one."
    ),
    "story-not-approved": "Nothing was changed. A person approves it: `aura plan approve ITEM`.",
    "approval": "Nothing was changed. A person approves it: `aura plan approve ITEM`.",
    "tests-not-green": "Nothing was changed. Record a test run: `aura plan test ITEM green NAME...`.",
    "tests-not-ran": "Nothing was changed. Have Aura run them: `aura plan test ITEM --run`.",
    "no-red-run": "Nothing was changed. Record the failing run first, or set red_first = false in [plan].",
    "story-order": "Nothing was changed. Finish or cancel those first, or set story_order = false in [plan].",
    "work-in-progress": "Nothing was changed. Finish or put back what is in progress, or raise the bound in [plan].",
}
"""What to do where a gate is closed."""


def approved(item: Item) -> bool:
    """Whether an approval holds: somebody gave it, and for what the file says now."""
    return bool(item.approved_by and item.approved_hash) and item.approved_hash == item.content


def refusals_to_add(ledger: Ledger, kind: Kind) -> list[Refusal]:
    """What stands against a new item of a kind."""
    prds = ledger.of_kind("prd")
    if kind in {"architecture", "story"} and prds and not any(_agreed(one) for one in prds):
        return [Refusal("prd-not-approved", f"the PRD {_called(prds[0])} is not approved")]
    designs = ledger.of_kind("architecture")
    if kind == "story" and prds and not any(_agreed(one) for one in designs):
        what = f"the architecture {_called(designs[0])} is not approved" if designs else "there is no architecture yet"
        return [Refusal("architecture-not-approved", what)]
    return []


def refusals_to_step(ledger: Ledger, item: Item, status: str, settings: PlanSettings) -> list[Refusal]:
    """What stands against giving an item another status.

    Args:
        ledger: The plan.
        item: What is changed.
        status: One of the statuses of its kind.
        settings: The bounds of work in progress.
    """
    if item.status == status:
        return []
    steps = STEPS[item.kind].get(item.status)
    if steps is not None and status not in steps:
        can = ", ".join(steps)
        return [Refusal("no-such-step", f"a {item.kind} that is {item.status} becomes {can}, and not {status}")]
    return [*_state(ledger, item, status, settings), *_too_many(ledger, item, status, settings)]


def _state(ledger: Ledger, item: Item, status: str, settings: PlanSettings) -> Iterator[Refusal]:
    """What has to be true of an item that has a status."""
    if status == "approved":
        yield from _approved_document(ledger, item)
    elif item.kind == "story" and status == WORKING["story"]:
        if not approved(item):
            why = "changed since it was approved" if item.approved_by else "is not approved"
            yield Refusal("story-not-approved", f"the story {why}")
        yield from _too_early(ledger, item, settings)
    elif item.kind == "story" and status == "complete":
        yield from _complete_story(ledger, item, settings)
    elif item.kind == "epic" and status == "complete":
        yield from _open_children(ledger, item, "story")
    elif item.kind == "task" and status in {"in-progress", "done"}:
        parent = ledger.parent(item)
        if parent is not None and parent.kind == "story" and not approved(parent):
            yield Refusal("story-not-approved", f"its story {_called(parent)} is not approved")


def _approved_document(ledger: Ledger, item: Item) -> Iterator[Refusal]:
    if not approved(item):
        name = "aura prd approve" if item.kind == "prd" else f"aura plan approve {item.id or item.path}"
        if item.approved_by:
            yield Refusal("approval", f"it changed since {item.approved_by} approved it: `{name}` approves it again")
        else:
            yield Refusal("approval", f"nobody approved it as it is: `{name}` binds an approval to its present text")
        return
    if item.kind == "architecture":
        prds = ledger.of_kind("prd")
        if prds and not any(_agreed(one) for one in prds):
            yield Refusal("prd-not-approved", f"the PRD {_called(prds[0])} is not approved")


def _complete_story(ledger: Ledger, item: Item, settings: PlanSettings) -> Iterator[Refusal]:
    if not approved(item):
        yield Refusal("story-not-approved", "the story is not approved as it is now")
    yield from _open_children(ledger, item, "task")
    if item.boxes_done < item.boxes:
        left = item.boxes - item.boxes_done
        yield Refusal("open-tasks", f"{left} of its {item.boxes} checkboxes are not ticked")
    if item.tests != "green":
        found = "the last recorded run was red" if item.tests == "red" else "no test run is recorded"
        yield Refusal("tests-not-green", found, "tests" if item.tests else "status")
        return
    if settings.tests == "ran" and item.tests_by != "aura":
        text = f"the green run is only claimed: `aura plan test {item.id} --run` has Aura run the tests"
        yield Refusal("tests-not-ran", text, "tests")
    if settings.red_first and not item.red_at:
        yield Refusal("no-red-run", NO_RED, "tests")


def _too_early(ledger: Ledger, item: Item, settings: PlanSettings) -> Iterator[Refusal]:
    """Stories of an epic come in the order of the document, where their aliases number them."""
    epic = ledger.parent(item)
    if not settings.story_order or epic is None or not _numbered(item):
        return
    many = settings.stories_at_once != 1  # then those before it may still be at work
    left = [
        one
        for one in ledger.children(epic)
        if one.kind == "story" and _numbered(one) and order_of(one)[:4] < order_of(item)[:4] and _waits(one, many=many)
    ]
    if left:
        names = ", ".join(_called(one) for one in left[:5])
        yield Refusal("story-order", f"{len(left)} before it in {_called(epic)} {_are(left)} open: {names}")


def _numbered(item: Item) -> bool:
    return any(one.isdigit() for one in item.alias)


def _waits(item: Item, *, many: bool) -> bool:
    return item.status not in CLOSED and not (many and item.status == WORKING["story"])


def _open_children(ledger: Ledger, item: Item, kind: Kind) -> Iterator[Refusal]:
    left = [one for one in ledger.children(item) if one.kind == kind and one.status not in CLOSED]
    if left:
        names = ", ".join(_called(one) for one in left[:5])
        yield Refusal(f"open-{'stories' if kind == 'story' else 'tasks'}", f"{len(left)} {_are(left)} open: {names}")


def _too_many(ledger: Ledger, item: Item, status: str, settings: PlanSettings) -> Iterator[Refusal]:
    most = _bound(item.kind, settings)
    if status != WORKING.get(item.kind) or not most:
        return
    working = [one for one in ledger.of_kind(item.kind) if one.status == status and one.path != item.path]
    if len(working) >= most:
        names = ", ".join(_called(one) for one in working[:5])
        told = f"{most} may be in progress, and {len(working)} {_are(working)}: {names}"
        yield Refusal("work-in-progress", told)


def _are(items: list[Item]) -> str:
    return "is" if len(items) == 1 else "are"


def _bound(kind: Kind, settings: PlanSettings) -> int:
    """How many of a kind may be in progress; 0 for no bound."""
    return {"epic": settings.epics_at_once, "story": settings.stories_at_once}.get(kind, 0)


def audit(ledger: Ledger, settings: PlanSettings) -> list[Finding]:
    """What the files say that no step would have led to, for instance because they were edited by hand."""
    found: list[Finding] = []
    for item in ledger.items:
        if item.broken or not item.canonical:
            continue
        for refusal in _state(ledger, item, item.status, settings):
            text = f"{item.status}, but {refusal.reason}"
            # What was finished before anybody approved anything here needs no step any more.
            severity = "warning" if item.status in CLOSED and not item.approved_by else "error"
            line = item.line(refusal.field)
            found.append(Finding(f"gate-{refusal.gate}", text, item.path, line, severity, item.id))
        if item.approved_by and not approved(item):
            text = f"approved by {item.approved_by} for another text: `aura plan show {item.id}` has the difference"
            found.append(Finding("approval-outdated", text, item.path, item.line("approved_hash"), "warning", item.id))
        if without_red(item) and item.status == "complete" and not settings.red_first:
            found.append(Finding("no-red-run", NO_RED, item.path, item.line("tests"), "info", item.id))
    return [*found, *_crowds(ledger, settings)]


def passed_by(ledger: Ledger, old: Item | None, new: Item, settings: PlanSettings) -> list[Finding]:
    """Gates that an edit went past and that the file alone does not show: a step that is none, a new item too early.

    Args:
        ledger: The plan after the edit.
        old: What the file was; None for a new one.
        new: What it is.
        settings: Bounds of work in progress.
    """
    if new.broken or not new.canonical:
        return []
    if old is None:
        found = [one for one in refusals_to_add(ledger, new.kind) if new.status not in CLOSED]
    elif old.broken or not old.status or not new.status:
        found = []
    else:
        found = [one for one in refusals_to_step(ledger, old, new.status, settings) if one.gate == "no-such-step"]
    if new.tests_by == "aura" and (old is None or (old.tests, old.tests_tree) != (new.tests, new.tests_tree)):
        text = "the file says that Aura ran the tests, and Aura wrote no such record here"
        found.append(Refusal("tests-by-hand", text, "tests"))
    return [Finding(f"gate-{one.gate}", one.reason, new.path, new.line(one.field), "error", new.id) for one in found]


def without_red(item: Item) -> bool:
    """Whether a story has a green run, and no red one was ever recorded before it."""
    return item.kind == "story" and item.tests == "green" and not item.red_at


def _crowds(ledger: Ledger, settings: PlanSettings) -> Iterator[Finding]:
    for kind in ("epic", "story"):
        most = _bound(kind, settings)
        working = [one for one in ledger.of_kind(kind) if one.status == WORKING[kind] and one.canonical]
        if most and len(working) > most:
            for item in working:
                text = f"{len(working)} are in progress, and {most} may be"
                yield Finding("gate-work-in-progress", text, item.path, item.line("status"), "warning", item.id)


def _agreed(item: Item) -> bool:
    """Whether a document is approved as it is now."""
    return item.status == "approved" and approved(item)


def _called(item: Item) -> str:
    return item.alias or item.id or item.path
