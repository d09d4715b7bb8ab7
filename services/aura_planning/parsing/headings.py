"""Headings: names of items, phases, scenarios, and sections that say what they list."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.drafts import Frame
from aura_planning.parsing.lexicon import Role, is_later, phase_kind, plain, role_of
from aura_planning.parsing.lists import Lists
from aura_planning.parsing.marks import clean, read_marks
from aura_planning.parsing.names import Name, code_in_role, read_name
from aura_planning.parsing.walk import KINDS, SCENARIO, SKIPPED

__all__ = ["Headings"]

_LEAD: Final = re.compile(r"(?:section\s+)?(\d+(?:\.\d+)*)[.)]?\s+", re.IGNORECASE)
_SOME_DAY: Final = re.compile(r"\b(?:phase|optimi[sz]ation)\b", re.IGNORECASE)
_MUSINGS: Final = re.compile(r"considerations?$|dependencies$", re.IGNORECASE)
_DEMANDS_ONLY: Final = re.compile(
    r"(?:[\w-]+ ){0,2}(?:requirements|anforderungen|requisitos|exigences|requerimientos|wymagania)"
    r"(?:\s*[\u2014\u2013:-].*)?\Z"
)
_RANK: Final = re.compile(r"\W*P[0-4]\b")
_OUTPUTS: Final = re.compile(r"(?:project |key )?deliverables\Z|entregables\Z|livrables\Z")
"""What there will be in the end; below a phase or a story it is what has to be done."""
_BACKLOG: Final = re.compile(r"(?:[\w-]+ ){0,3}backlog\Z|to[- ]?dos?(?: list)?\Z")
_FEATURE: Final = re.compile(
    r"(?:feature|funktion|funcionalidad(?:e)?|fonctionnalité|功能|機能)\s*#?\s*(\d+(?:\.\d+)*|[一二三四五六七八九十]+)?\s*[:：.\-–—]\s*(.+)",
    re.IGNORECASE,
)


class Headings(Lists):
    """Reads headings."""

    def heading(self, block: Block) -> None:
        """A heading: an item, a phase, or a section."""
        self.row = None
        self.pop(block.level)
        text = clean(block.text)
        if block.first == self.title_line and self._is_title(block, text):
            return
        if not self.scan.markdown and not self.reading.title:
            self.reading.title = text
        if not (self._named_heading(block, text) or self._boxed_heading(block) or self._task_heading(block)):
            self._plain_heading(block, text)

    def _is_title(self, block: Block, text: str) -> bool:
        self.reading.title = read_marks(re.sub(r"^title\s*:\s*", "", text, flags=re.IGNORECASE)).title
        name = read_name(text, heading=True)
        if (name is not None and name.sure and name.kind in {"epic", "story"}) or phase_kind(text):
            return False
        self.title_role = role_of(text)
        self.demands_only = _DEMANDS_ONLY.match(plain(text)) is not None
        role: Role = "tasks" if _BACKLOG.match(plain(text)) else ""
        self.entries = self._entry_level(block.level) if role else 0
        self.push(block.level, "requirements" if self.demands_only and not self._names_lists() else role, block, text)
        return True

    def _names_lists(self) -> bool:
        """Whether a heading below the title says where requirements or stories are listed."""
        heads = [one for one in self.scan.blocks if one.kind == "heading" and one.first != self.title_line]
        return any(role_of(one.text) in {"requirements", "stories"} or read_name(one.text) is not None for one in heads)

    def _named_heading(self, block: Block, text: str) -> bool:
        lead = _LEAD.match(text)
        name = read_name(text, heading=True) or (read_name(text[lead.end() :], heading=True) if lead else None)
        role = self.role_above()
        coded = None if name is not None else code_in_role(text, role)
        name = name or coded
        if name is not None and name.alias[:1].isdigit():
            name = None
        if name is None or role == "out" or (phase_kind(text) and not name.alias):
            return False
        if role in {"coverage", "dependencies", "never"} or (role == "ignore" and not name.sure):
            self.push(block.level, role, block, text)
            return True
        if not name.alias and name.kind != "requirement":
            return self._sentence_heading(block, name)
        reason = "coded" if coded is not None else ""
        made = self.draft(name.kind, name, block, "implied" if coded else "named", loose=name.loose, reason=reason)
        self.reading.saw(f"heading-{name.kind}")
        self.push(block.level, "", block, text, owner=made, own=True, detail=False, leaf=None)
        return True

    def _sentence_heading(self, block: Block, name: Name) -> bool:
        if name.kind == "story" and not name.title:
            return False
        made = self.draft(name.kind, name, block, "listed")
        self.push(block.level, "", block, name.title, owner=made, own=True, detail=False)
        return True

    def _boxed_heading(self, block: Block) -> bool:
        if block.box is None:
            return False
        name = Name("task", block.number, block.text) if block.number else None
        made = self.draft("task", name, block, "listed")
        self.push(block.level, "tasks", block, block.text, owner=made, own=True, detail=False)
        return True

    def _task_heading(self, block: Block) -> bool:
        """A heading that is a task: numbered in a section of tasks, or an entry of a backlog without lists."""
        return self._numbered_task(block) or self._backlog_entry(block)

    def _backlog_entry(self, block: Block) -> bool:
        if not self.entries or block.level != self.entries or role_of(block.text):
            return False
        made = self.draft("task", Name("task", "", block.text), block, "listed")
        self.push(block.level, "ignore", block, block.text, owner=made, own=True, detail=True)
        return True

    def _entry_level(self, level: int) -> int:
        """The level of the headings that are the entries of a backlog, where most of them stand over words alone."""
        sections, listed, last = 0, 0, False
        for one in self.scan.blocks:
            if one.kind == "heading" and one.level == level + 1:
                sections, last = sections + 1, True
            elif last and one.kind in {"item", "table"}:
                listed, last = listed + 1, False
        return level + 1 if sections >= 2 and listed * 3 <= sections else 0

    def _numbered_task(self, block: Block) -> bool:
        """`### 2. Fix the quoting` in a section of tasks, over words and bullets that only say how."""
        text = block.text
        lead = _LEAD.match(text)
        if lead is None or "." in lead[1] or role_of(self.top.title) != "tasks":
            return False
        owner = self.owner()
        if owner is not None and (owner.kind == "requirement" or owner.reason):
            return False
        if not self._only_says_how(block):
            return False
        made = self.draft("task", Name("task", lead[1], text[lead.end() :]), block, "listed")
        self.push(block.level, "ignore", block, text, owner=made, own=True, detail=True)
        return True

    def _only_says_how(self, block: Block) -> bool:
        """Whether no list with boxes or numbers of its own stands below a heading."""
        for one in self.after():
            if one.kind == "heading" and one.level <= block.level:
                break
            if one.kind == "table" or (one.kind == "item" and (one.box is not None or "." in one.number)):
                return False
        return True

    def _plain_heading(self, block: Block, text: str) -> None:
        if (
            (kind := phase_kind(text))
            and self.top.role not in {"coverage", "dependencies", "out", "metrics"}
            and not _MUSINGS.search(text)
        ):
            self._phase(block, text, kind)
            return
        if (feature := _FEATURE.match(text)) and feature[2]:
            name = Name(
                "requirement", (feature[0][: feature.start(2)].strip(" :：.-–—") if feature[1] else ""), feature[2]
            )
            made = self.draft("requirement", name, block, "listed", reason="feature")
            self.push(block.level, "", block, text, owner=made, own=True, detail=True)
            return
        if scenario := SCENARIO.match(text):
            self._criterion(block, text[scenario.end() :] or text)
            self.push(block.level, "criteria", block, text, detail=True)
            return
        self._section(block, text)

    def _section(self, block: Block, text: str) -> None:
        role = role_of(text)
        above = self.role_above()
        role = "never" if above == "never" else role
        role = "requirements" if not role and not above and self._ranked_among_demands(block) else role
        role = "ignore" if role == "features" and above == "ignore" else role
        role = "ignore" if role == "requirements" and self._in_feature() else role
        if role in {"ignore", ""} and above in {"requirements", "specs", "features"} and self._stays(text, role, above):
            role = ""
        if above == "phase" and _LEAD.match(text) and (role == "ignore" or self._speaks_of_work(role)):
            role = ""
        if role == "" and above:
            role = above
        if role == "stories" and is_later(text):
            role = "stories"
        if (role == "later" and above in {"tasks", "stories"}) or (above in SKIPPED and role in {"plan", "later"}):
            role = above
        if role == "plan" and above in KINDS:
            role = above
        if role == "tasks" and above == "" and self.owner() is None and _OUTPUTS.match(plain(text)):
            role = "ignore"
        if role == "later" and above == "requirements" and _SOME_DAY.search(text):
            role = above
        frame = self.push(block.level, role, block, text)
        frame.detail = False if role in KINDS else frame.detail
        if role in {"requirements", "features", "stories", "tasks", "phase", "plan", ""}:
            self._candidate(block, text, role, above, frame)

    def _ranked_among_demands(self, block: Block) -> bool:
        """Whether `P1 — Important` stands beside `P0 — Must-have`, which lists what is demanded."""
        return bool(_RANK.match(block.text)) and block.level in self._levels_of_ranked_demands

    @cached_property
    def _levels_of_ranked_demands(self) -> frozenset[int]:
        heads = (one for one in self.scan.blocks if one.kind == "heading" and _RANK.match(one.text))
        return frozenset(one.level for one in heads if role_of(one.text) == "requirements")

    def _speaks_of_work(self, role: Role) -> bool:
        """Whether boxes stand below a heading such as `1.2 Dependencies & Tooling`: then it is a part of its phase."""
        if role not in {"dependencies", "never"}:
            return False
        below = next((one for one in self.after() if one.kind in {"heading", "item"}), None)
        return below is not None and below.kind == "item" and below.box is not None

    def _in_feature(self) -> bool:
        """Whether the section belongs to a feature: what it demands only describes that feature."""
        owner = self.owner()
        return owner is not None and owner.kind == "requirement" and owner.reason == "feature"

    @staticmethod
    def _stays(text: str, role: Role, above: Role) -> bool:
        """Whether a section about something else, such as `Architecture`, still lists demands."""
        return role == "" or (above == "specs" and bool(re.search(r"archite|stack|technolog|constraint", plain(text))))

    def _candidate(self, block: Block, text: str, role: Role, above: Role, frame: Frame) -> None:
        """Keep a heading in mind that may be an item itself."""
        lead = _LEAD.match(text)
        owner = self.owner()
        if any(one.only_lists for one in self.frames):
            return
        if owner is not None and owner.kind != "epic" and owner.reason == "":
            return
        if (
            role in {"requirements", "features"}
            and above in {"requirements", "features"}
            and role_of(text) != "requirements"
        ):
            name = Name("requirement", lead[1] if lead else "", text[lead.end() :] if lead else text)
            frame.leaf = self.draft("requirement", name, block, "implied", reason="leaf")
            self.reading.drafts[frame.leaf].up = frame.owner
            frame.listed = 0
        elif lead is not None or role in {"", "phase"} or (role == "stories" and not role_of(text)):
            name = Name("story", lead[1] if lead else "", text[lead.end() :] if lead else text)
            made = self.draft("story", name, block, "implied", reason="section")
            frame.owner, frame.own, frame.listed = made, True, 0
