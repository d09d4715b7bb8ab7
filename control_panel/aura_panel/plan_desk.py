"""Edits of a plan by keys: each asks, tells the service, and says what came of it and how it is taken back."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError
from rich.text import Text

from aura_cli.screen import plural, safe
from aura_panel.desk import Desk
from aura_panel.plan_rows import coloured_diff, one_line
from aura_panel.plan_tree import Box, boxes_of, section_with
from aura_panel.widgets.dialogs import Choice, Prompt
from aura_shared.errors import AuraError
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ItemAnswer,
    ItemKind,
    ListPlanOperations,
    PlanDone,
    ShowItem,
    UndoPlan,
)

__all__ = ["PlanDesk"]

WHOLE_TEXT: Final = 50_000
_CHILD: Final[dict[str, ItemKind]] = {"epic": "story", "story": "task", "task": "task"}
_KINDS: Final[tuple[tuple[ItemKind, str], ...]] = (
    ("epic", "A large part of the work"),
    ("story", "What somebody can do afterwards; belongs to an epic"),
    ("task", "A step; belongs to a story or an epic"),
    ("prd", "The requirements document"),
    ("architecture", "How it is built"),
)
_FIELDS: Final = (
    Choice("title", "Title"),
    Choice("priority", "Priority", "in your own words; empty for none"),
    Choice("value", "Value", "a number"),
    Choice("estimate", "Estimate", "a number"),
    Choice("depends_on", "Waits for", "identifiers or aliases; empty for nothing"),
    Choice("parent", "Belongs to", "an epic or story; empty for nothing"),
    Choice("alias", "Alias", "such as US-004; empty for none"),
)


class PlanDesk(Desk):
    """Carries out what a key asks for."""

    async def set_status(self, item: str) -> None:
        """Choose a status; one that a gate holds back can be tried, and the gate says why."""
        shown = await self._shown(item)
        if shown is None:
            return
        refused = {line.partition(": ")[0]: line.partition(": ")[2] for line in shown.refusals}
        choices = [
            *(Choice(step, step) for step in shown.steps),
            *(Choice(status, f"{status}  ✗", why) for status, why in refused.items()),
        ]
        choices.sort(key=lambda choice: choice.id == "cancelled")  # Enter alone gives nothing up.
        if not choices:
            self._say(f"{one_line(shown.item.title)}: its status leads nowhere from here. e edits, E opens the file.")
            return
        title = f"Status of {_name(shown)}: {shown.item.status or 'none'}"
        status = await self._choose(title, choices)
        if status:
            await self._done(ChangePlan(project=self._project(), action="set", item=item, status=status))

    async def approve(self, item: str) -> None:
        """Show what an approval binds and by whom, then approve; what is approved as it is can be taken back."""
        shown = await self._shown(item)
        if shown is None:
            return
        revoke = shown.item.approval == "valid"
        asked = ApproveItem(project=self._project(), item=item, hash=shown.hash, revoke=revoke, dry_run=True)
        planned = await self._tried(asked)
        if planned is None:
            return
        words = "Take the approval back of" if revoke else "Approve"
        text = Text.assemble((f"{words} {_name(shown)} {one_line(shown.item.title)}\n", "bold"))
        text.append(f"{safe(shown.item.path)}, as it is now: {shown.hash[:16]}\n")
        if revoke:
            text.append(f"It was approved by {one_line(shown.approved_by)}.\n")
        text.append("\n").append_text(coloured_diff(planned.diff, self._colours))
        if await self._sure("Approval", text, "Take back" if revoke else "Approve"):
            await self._done(asked.model_copy(update={"dry_run": False}))

    async def edit(self, item: str) -> None:
        """Choose a field, and give it a value."""
        shown = await self._shown(item)
        if shown is None:
            return
        field = await self._choose(f"Edit {_name(shown)}", _FIELDS)
        if not field:
            return
        label = next(choice for choice in _FIELDS if choice.id == field)
        value = await self._view.panel.push_screen_wait(Prompt(label.title, label.about, _value(shown, field)))
        if value is None or value.strip() == _value(shown, field):
            return
        try:
            change = _change_of(self._project(), item, field, value.strip(), shown.hash)
        except ValueError as error:
            self._say(_why_not(label.title, value.strip(), error))
            return
        await self._done(change)

    async def add(self, near: str) -> None:
        """Add an item; it belongs to the one under the cursor where that can be."""
        parent = await self._shown(near) if near else None
        likely = _CHILD.get(parent.item.kind, "epic") if parent is not None else "epic"
        choices = [Choice(kind, kind, about) for kind, about in _KINDS]
        kind = await self._choose("Add to the plan", choices, likely)
        if not kind:
            return
        above = _parent_for(kind, parent)
        place = f"Belongs to {above[1]}." if above[0] else "Belongs to nothing; e changes that."
        title = await self._view.panel.push_screen_wait(Prompt(f"New {kind}", place, placeholder="Its title"))
        if title is None or not title.strip():
            return
        found: ItemKind = next(known for known, _ in _KINDS if known == kind)
        asked = ChangePlan(project=self._project(), action="add", kind=found, title=title, parent=above[0] or None)
        await self._done(asked)

    async def tick(self, item: str) -> None:
        """Choose a checkbox, and tick it or not any more."""
        shown = await self._shown(item)
        if shown is None:
            return
        boxes = boxes_of(shown.file)
        if shown.cut or not boxes:
            why = "Its text is too long to be edited here." if shown.cut else "It has no boxes below a heading."
            self._say(f"{_name(shown)}: {why} E opens the file.")
            return
        choices = [Choice(str(n), f"{'☑' if box.ticked else '☐'} {one_line(box.text)}") for n, box in enumerate(boxes)]
        first = next((str(n) for n, box in enumerate(boxes) if not box.ticked), "0")
        chosen = await self._choose(f"Tick in {_name(shown)}", choices, first)
        if chosen:
            await self._tick(shown, boxes[int(chosen)])

    async def _tick(self, shown: ItemAnswer, box: Box) -> None:
        words = section_with(shown.file, box)
        asked = ChangePlan(
            project=self._project(), action="set", item=shown.item.id or shown.item.path, section=box.section,
            text=words, hash=shown.hash, dry_run=True,
        )  # fmt: skip
        planned = await self._tried(asked)
        if planned is None:
            return
        text = coloured_diff(planned.diff, self._colours)
        if _lines_changed(planned.diff) == 1 or await self._sure("More than the box changes", text, "Save"):
            await self._done(asked.model_copy(update={"dry_run": False}))

    async def undo(self, operation: str) -> None:
        """Show what taking an operation back changes, then do it; without one, the newest."""
        if not operation:
            operation = await self._newest()
        if not operation:
            return
        planned = await self._view.tried(
            self._link.ask(UndoPlan(project=self._project(), operation=operation, dry_run=True))
        )
        if planned is None:
            return
        text = Text.assemble((f"Take back: {one_line(planned.operation.title)}\n\n", "bold"))
        text.append_text(coloured_diff(planned.diff, self._colours))
        if await self._sure("Undo", text, "Take back"):
            done = await self._view.tried(self._link.ask(UndoPlan(project=self._project(), operation=operation)))
            if done is not None:
                self._say(f"Taken back: {one_line(done.operation.title)}")

    async def _newest(self) -> str:
        """The newest operation that can be taken back: none that is taken back already, and no undo."""
        listed = await self._view.tried(self._link.ask(ListPlanOperations(project=self._project())))
        if listed is None:
            return ""
        found = [one for one in listed.operations if one.state == "done" and not one.undoes]
        if not found:
            self._say("Nothing was done to the plan that could be taken back.")
        return found[0].id if found else ""

    # Small parts

    async def _shown(self, item: str) -> ItemAnswer | None:
        asked = ShowItem(project=self._project(), item=item, budget=WHOLE_TEXT)
        return await self._view.tried(self._link.ask(asked))

    async def _tried(self, asked: ChangePlan | ApproveItem) -> PlanDone | None:
        return await self._view.tried(self._link.ask(asked))

    async def _done(self, asked: ChangePlan | ApproveItem) -> None:
        try:
            done = await self._link.ask(asked)
        except AuraError as error:
            self._view.panel.show_error(error)
            return
        if not done.done:
            self._say("Nothing to change: the file says so already.")
            return
        changed = ", ".join(safe(path) for path in done.files[:3]) or "1 file"
        more = f" and {plural(len(done.files) - 3, 'other')}" if len(done.files) > 3 else ""
        self._say("\n".join([f"Saved: {changed}{more}. u takes it back.", *map(safe, done.notices)]))


def _name(shown: ItemAnswer) -> str:
    return one_line(shown.item.alias or shown.item.id or shown.item.path)


def _value(shown: ItemAnswer, field: str) -> str:
    value: object = getattr(shown.item, field)
    if isinstance(value, list):
        return ", ".join(shown.item.depends_on)
    return f"{value:g}" if isinstance(value, float) else str(value or "")


def _change_of(project: str, item: str, field: str, value: str, digest: str) -> ChangePlan:
    """The change of one field.

    Raises:
        ValueError: It is no number where one is needed, or too long.
    """
    change = ChangePlan(project=project, action="move" if field == "parent" else "set", item=item, hash=digest)
    if field in {"value", "estimate"}:
        return ChangePlan.model_validate({**change.model_dump(), field: float(value.replace(",", "."))})
    names = [name.strip() for name in value.split(",") if name.strip()] if field == "depends_on" else value
    return ChangePlan.model_validate({**change.model_dump(), field: names})


def _why_not(title: str, value: str, error: ValueError) -> str:
    if title in {"Value", "Estimate"}:
        return f"{title} is a number from 0, such as 3 or 0.5, and not {value!r}."
    said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
    return f"{title} cannot be that: {said}."


def _parent_for(kind: str, near: ItemAnswer | None) -> tuple[str, str]:
    """What a new item belongs to: what is under the cursor, or what that belongs to."""
    if near is None:
        return "", ""
    wanted = {"story": ("epic",), "task": ("story", "epic")}.get(kind, ())
    for row in (near.item, near.parent):
        if row is not None and row.kind in wanted:
            return row.id or row.path, f"{row.kind} {one_line(row.alias or row.id)} {one_line(row.title)}"
    return "", ""


def _lines_changed(diff: str) -> int:
    """How many lines come."""
    return sum(line.startswith("+") and not line.startswith("+++") for line in diff.splitlines())
