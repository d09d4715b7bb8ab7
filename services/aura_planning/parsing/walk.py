"""Where in a document the walk is: the sections, labels and list items around it, and the items begun so far."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from aura_planning.parsing.blocks import Block, Scan
from aura_planning.parsing.contract import Kind, Status
from aura_planning.parsing.drafts import Draft, Frame, Reading, Strength
from aura_planning.parsing.lexicon import Role
from aura_planning.parsing.marks import read_marks
from aura_planning.parsing.names import Name

__all__ = ["KINDS", "LABEL", "LIST", "MOST_TEXT", "RANK", "SCENARIO", "SKIPPED", "Walk"]

LIST: Final = 200.0
LABEL: Final = 150.0
RANK: Final[Mapping[Kind, float]] = {"epic": 30, "story": 40, "requirement": 45, "task": 50}
_INHERITED: Final = frozenset(
    (
        "never",
        "requirements",
        "features",
        "specs",
        "stories",
        "tasks",
        "epics",
        "out",
        "later",
        "metrics",
        "questions",
        "coverage",
        "ignore",
        "plan",
        "phase",
        "dependencies",
    )
)
SKIPPED: Final = frozenset(("never", "metrics", "questions", "coverage", "ignore"))
KINDS: Final[Mapping[Role, Kind]] = {
    "tasks": "task",
    "stories": "story",
    "epics": "epic",
    "requirements": "requirement",
    "features": "requirement",
    "specs": "requirement",
}
SCENARIO: Final = re.compile(
    r"(?:scenario(?: outline)?|szenario|escenario|cenário|scénario|scenariusz|场景|シナリオ|"
    r"сценарий)\s*(?:\d+[a-z]?)?\s*[:：\-–—]?\s*",
    re.IGNORECASE,
)
MOST_TEXT: Final = 12


_BACKLOG_FILE: Final = re.compile(r"(?:\S*[-_. ])?(?:to-?do(?:s|-?list)?|backlog)\.\w+", re.IGNORECASE)
"""Names of files that list tasks whatever their headings say."""

_STATES: Final[Mapping[str, Status]] = {
    "x": "done", "-": "cancelled", "~": "in-progress", "/": "in-progress", ">": "deferred",
}  # fmt: skip


class Walk:
    """Holds where in the document the walk is."""

    def __init__(self, scan: Scan, name: str = "") -> None:
        self.scan = scan
        self.at = 0
        """Which block is being read."""
        self.reading = Reading()
        self.frames: list[Frame] = [Frame(0, "tasks" if _BACKLOG_FILE.fullmatch(name) else "", 1)]
        self.title_role: Role = ""
        self.demands_only = False
        """Whether the title says that the document lists requirements and nothing else."""
        self.entries = 0
        """Level of the headings that are the entries of a backlog; 0 where none are."""
        self.row: int | None = None
        heads = [block for block in scan.blocks if block.kind == "heading"]
        top = min((block.level for block in heads), default=0)
        first = [block for block in heads if block.level == top]
        self.title_line = first[0].first if first and heads[0] is first[0] and len(first) == 1 and scan.markdown else 0

    @property
    def top(self) -> Frame:
        """The innermost frame."""
        return self.frames[-1]

    def pop(self, level: float) -> None:
        """Leave every frame at or above a level."""
        while len(self.frames) > 1 and self.frames[-1].level >= level:
            self.frames.pop()

    def push(self, level: float, role: Role, block: Block, title: str = "", **more: object) -> Frame:
        """Enter a frame below the current one; what is not said is inherited."""
        under = self.top
        frame = Frame(level, role, block.first, title, under.owner, group=under.group, detail=under.detail)
        for name, value in more.items():
            setattr(frame, name, value)
        self.frames.append(frame)
        return frame

    def section(self) -> Frame:
        """The frame of the nearest heading."""
        return next((one for one in reversed(self.frames) if one.level < LABEL), self.frames[0])

    def owner(self) -> Draft | None:
        """The item that the current place belongs to."""
        return None if self.top.owner is None else self.reading.drafts[self.top.owner]

    def draft(self, kind: Kind, name: Name | None, block: Block, strength: Strength, **more: object) -> int:
        """Begin an item."""
        marked = read_marks(name.title if name is not None else block.text)
        label = read_marks(block.text) if name is not None else marked
        made = Draft(
            kind=kind, alias=name.alias if name is not None else "", title=marked.title, first=block.first,
            last=block.last, strength=strength, up=self.top.owner, depth=block.level or block.indent,
            heading=block.kind == "heading", status=label.status or marked.status,
            status_text=label.status_text or marked.status_text, priority=marked.priority, estimate=marked.estimate,
            optional=marked.optional or block.starred, box=block.box, labels=[*marked.labels], group=self.top.group,
            story_mark=marked.story, section=self.section().first,
        )  # fmt: skip
        for key, value in more.items():
            setattr(made, key, value)
        if block.box is not None:
            _tick(made, block.box)
        self.reading.drafts.append(made)
        if kind == "story" and made.alias and strength != "implied":
            self.reading.storied.update(frame.first for frame in self.frames if frame.level < LABEL)
        for frame in self.frames:
            frame.listed += 1
            if frame.leaf is not None and kind in {"requirement", "story", "task"}:
                self.reading.drafts[frame.leaf].dropped = True
        return len(self.reading.drafts) - 1

    def grow(self, last: int) -> None:
        """What is open reaches to this line."""
        for frame in self.frames:
            if frame.own and frame.owner is not None:
                self.reading.drafts[frame.owner].last = max(self.reading.drafts[frame.owner].last, last)
            if frame.group is not None:
                self.reading.groups[frame.group].last = max(self.reading.groups[frame.group].last, last)
            if frame.leaf is not None:
                self.reading.drafts[frame.leaf].last = max(self.reading.drafts[frame.leaf].last, last)

    def after(self) -> Iterator[Block]:
        """The blocks after the one that is being read."""
        return (self.scan.blocks[at] for at in range(self.at + 1, len(self.scan.blocks)))

    def role_above(self) -> Role:
        """What the section around is about, where that holds for its parts."""
        role = self.top.role
        return role if role in _INHERITED else ""


def _tick(draft: Draft, box: str) -> None:
    state: Status = "todo"
    if box in _STATES:
        state = _STATES[box]
    if not (draft.status == "cancelled" and state == "todo"):
        draft.status, draft.status_text = state, f"[{box}]"
