"""What a new session has to know, within a budget: the files of the plan are the memory, and this is its first page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aura_planning.items.editing import write_section
from aura_planning.items.frontmatter import read_front_matter
from aura_planning.items.ledger import Ledger
from aura_planning.items.markdown import boxes
from aura_planning.items.model import Item, Kind
from aura_planning.items.statuses import CLOSED, WORKING
from aura_planning.items.store import PlanStore
from aura_planning.items.text import read_text
from aura_planning.workflow.gates import approved, refusals_to_step
from aura_shared.errors import AuraError
from aura_shared.settings import PlanSettings

__all__ = ["Pack", "resume", "tokens_of"]

_LOGS: Final = ("Log", "Work log", "Chat command log")
_NEWEST: Final = 12
_SECTIONS: Final = (
    ("Acceptance criteria", "Acceptance criteria"), ("Decisions", "Decisions"), ("Open questions", "Open questions"),
    ("Constraints", "Constraints"), ("Context", "Context"), ("Structure", "Files"), ("Dev notes", "Notes"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pack:
    """The first page."""

    text: str
    item: str
    left_out: tuple[str, ...]


def tokens_of(text: str) -> int:
    """Tokens of a text, estimated: four bytes each, rounded up."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def resume(store: PlanStore, item: Item | None, settings: PlanSettings, budget: int, problems: int) -> Pack:
    """Where the plan stands and what is next; the most needed parts first, whole parts only.

    Args:
        store: The plan.
        item: What to go on with; None for what is in progress, or may begin.
        settings: Bounds of work in progress.
        budget: Most tokens.
        problems: How many findings the plan has.
    """
    ledger = store.ledger
    chosen = item or _chosen(ledger, settings)
    parts = [("state of the plan", _state(ledger, problems))]
    if chosen is not None:
        parts += _about(store, chosen, settings)
    kept: list[str] = []
    left: list[str] = []
    used = 0
    for name, text in parts:
        size = tokens_of(f"{text}\n")
        if used + size > budget:
            cut = _cut(text, budget - used) if not kept else ""
            left.append(name)
            kept += [cut] if cut else []
            used += tokens_of(cut)
            continue
        kept.append(text)
        used += size
    return Pack("\n".join(kept), chosen.id if chosen else "", tuple(left))


def _chosen(ledger: Ledger, settings: PlanSettings) -> Item | None:
    """The story in progress; else the first that may begin; else the first that is open; tasks where there is none."""
    kinds: tuple[Kind, ...] = ("story", "task")
    for kind in kinds:
        items = [one for one in ledger.of_kind(kind) if one.status not in CLOSED]
        working = [one for one in items if one.status == WORKING[kind]]
        if working:
            return working[0]
        ready = next((one for one in items if _may_begin(ledger, one, settings)), None)
        if ready or items:
            return ready or items[0]
    return None


def _may_begin(ledger: Ledger, item: Item, settings: PlanSettings) -> bool:
    waits = [one for one in ledger.dependencies(item) if one.status not in CLOSED]
    return not waits and not refusals_to_step(ledger, item, WORKING[item.kind], settings)


def _state(ledger: Ledger, problems: int) -> str:
    lines = ["# Where the plan stands", ""]
    documents: tuple[tuple[Kind, str], ...] = (("prd", "PRD"), ("architecture", "Architecture"))
    work: tuple[tuple[Kind, str], ...] = (("epic", "Epics"), ("story", "Stories"), ("task", "Tasks"))
    for kind, name in documents:
        for one in ledger.of_kind(kind):
            status = f"{one.status or 'status unknown'}{_approval(one)}"
            lines += [f"- {name}: {one.title or one.path} ({status}), {one.path}"]
    for kind, name in work:
        items = ledger.of_kind(kind)
        if items:
            done = sum(one.status in CLOSED for one in items)
            working = [one for one in items if one.status == WORKING[kind]]
            now = f"; in progress: {', '.join(_named(one) for one in working[:3])}" if working else ""
            lines.append(f"- {name}: {done} of {len(items)} closed{now}")
    if problems:
        lines.append(f"- {problems} findings: `aura plan check`")
    if len(lines) == 2:
        lines.append("- There is no item yet.")
    return "\n".join([*lines, ""])


def _about(store: PlanStore, item: Item, settings: PlanSettings) -> Iterator[tuple[str, str]]:
    ledger = store.ledger
    try:
        data = store.read(item.path)
    except AuraError:
        return
    head = [f"# Go on with {item.kind} {_named(item)}", "", f"- File: {item.path}"]
    head.append(f"- Status: {item.status or item.status_text or 'unknown'}{_approval(item)}")
    parent = ledger.parent(item)
    if parent is not None:
        head.append(f"- Belongs to: {parent.kind} {_named(parent)}, {parent.path}")
    waits = [one for one in ledger.dependencies(item) if one.status not in CLOSED]
    if waits:
        head.append(f"- Waits for: {', '.join(_named(one) for one in waits[:5])}")
    if item.tests:
        head.append(f"- Tests: {item.tests}{': ' + ', '.join(item.test_names[:10]) if item.test_names else ''}")
    log = next((words for name in _LOGS if (words := _section(data, name))), "")
    last = [line for line in log.splitlines() if line.strip()]
    head += [f"- Last log: {last[-1].strip()[2:200]}"] if last else []
    head += [f"- Next step: {_next(store, item, data, settings)}", ""]
    yield "item", "\n".join(head)
    for title, name in _SECTIONS[:3]:
        yield from _part(name, _section(data, title))
    if log:
        yield from _part("Newest log", "\n".join(log.splitlines()[-_NEWEST:]))
    for title, name in _SECTIONS[3:]:
        yield from _part(name, _section(data, title))


def _part(name: str, words: str) -> Iterator[tuple[str, str]]:
    if words.strip():
        yield name, f"## {name}\n\n{words.strip()}\n"


def _section(data: bytes, title: str) -> str:
    try:
        return write_section(data, title).replace("\r\n", "\n")
    except AuraError:  # several have this title
        return ""


def _next(store: PlanStore, item: Item, data: bytes, settings: PlanSettings) -> str:
    """One sentence: what is to be done now."""
    ledger = store.ledger
    if item.status in CLOSED:
        return f"it is {item.status}"
    working = WORKING.get(item.kind, "")
    if item.status != working:
        refusals = refusals_to_step(ledger, item, working, settings) if working else []
        return (
            refusals[0].reason
            if refusals
            else f"it may begin: `aura plan set {item.id or item.path} --status {working}`"
        )
    tasks = [one for one in ledger.children(item) if one.kind == "task" and one.status not in CLOSED]
    if tasks:
        return f"task {_named(tasks[0])}"
    text = read_text(data)
    left = [box for box in boxes(text.lines, read_front_matter(text).body) if not box.done and not box.skipped]
    if left:
        return f"{left[0].text} (line {left[0].line + 1})"
    refusals = refusals_to_step(ledger, item, "complete" if item.kind != "task" else "done", settings)
    if not refusals:
        return "everything is ticked: complete it"
    failing = f": {', '.join(item.test_names[:5])}" if item.tests == "red" and item.test_names else ""
    return f"{refusals[0].reason}{failing}"


def _approval(item: Item) -> str:
    if not item.approved_by:
        return ""
    return f", approved by {item.approved_by}" if approved(item) else ", changed since it was approved"


def _named(item: Item) -> str:
    return " ".join(part for part in (item.alias or item.id, item.title) if part) or item.path


def _cut(text: str, tokens: int) -> str:
    return text.encode()[: max(0, tokens * 4 - 8)].decode("utf-8", "ignore")
