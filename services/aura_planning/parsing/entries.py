"""Items as they are met in lists and lines: tasks, stories, phases."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from typing import Final

from aura_planning.parsing.asides import Asides
from aura_planning.parsing.blocks import Block
from aura_planning.parsing.contract import Kind, Source
from aura_planning.parsing.drafts import Draft, Frame, GroupDraft, Strength
from aura_planning.parsing.labels import Label
from aura_planning.parsing.lexicon import Role, is_later, phase_kind, plain
from aura_planning.parsing.marks import clean, read_marks
from aura_planning.parsing.names import Name, read_name, story_sentence
from aura_planning.parsing.walk import KINDS, LABEL, LIST, RANK, SCENARIO

__all__ = ["Entries"]

_FAULTS: Final = re.compile(r"(?:known )?(?:issues?|bugs?|problems?)\Z")
_LEAD: Final = re.compile(r"\d+(?:\.\d+)*[.)]\s+(?=\D)")
_TITLE_LABEL: Final = re.compile(r"(?:title|título|titulo|titel|titre|tytuł|标题|タイトル)\s*[:：]\s*", re.IGNORECASE)


class Entries(Asides):
    """Begins items."""

    def _numbered(self, block: Block) -> Name:
        """Number and words of an item; `1.2 Words` carries its number in the text."""
        found = re.match(r"(\d+(?:\.\d+)*)[.)]?\s+(?=\S)", block.text)
        kind: Kind = "task"
        if found is not None and (block.box is not None or "." in found[1]):
            return Name(kind, found[1], block.text[found.end() :])
        if block.number and (block.box is not None or "." in block.number):
            return Name(kind, block.number, block.text)
        return Name(kind, "", block.text)

    def _list(self, kind: Kind, name: Name, block: Block, *, told: str = "", strength: Strength = "listed") -> None:
        """An item of a list, and the frame for what stands below it."""
        reason = (
            "feature" if self.top.role in {"features", "specs"} and kind == "requirement" and not name.alias else ""
        )
        made = self.draft(kind, name, block, strength, reason=reason)
        draft = self.reading.drafts[made]
        if told:
            draft.label, draft.text = "told", [told]
        if block.box is not None:
            self.reading.saw("box")
        if is_later(self.top.title):
            draft.labels.append("Future")
        role = self.top.role if kind == "task" else ""
        self.push(
            LIST + block.indent,
            role if role == "tasks" else "",
            block,
            name.title,
            owner=made,
            own=True,
            detail=True,
            leaf=None,
        )

    def _phase(self, block: Block, text: str, kind: str) -> None:
        text = _LEAD.sub("", text, count=1)
        marked = read_marks(text)
        self.reading.groups.append(
            GroupDraft("sprint" if kind == "sprint" else "phase", marked.title, block.first, block.last)
        )
        group = len(self.reading.groups) - 1
        inside = self.owner()
        owner = self.top.owner
        own = False
        name = self._named_phase(text)
        if name is not None:
            owner, own = self.draft("story", name, block, "named", group=group), True
        elif kind == "phase" and (inside is None or inside.kind == "epic" or inside.reason == "section"):
            owner, own = self.draft("epic", Name("epic", "", text), block, "implied", reason="phase"), True
        self.push(
            block.level or RANK["epic"] - 10, "phase", block, text, owner=owner, own=own, group=group, detail=False
        )

    @staticmethod
    def _named_phase(text: str) -> Name | None:
        """`Phase 3: User Story 1 - Title` is the story, as spec-kit writes it."""
        _, colon, rest = text.partition(":")
        name = read_name(rest.strip()) if colon else None
        return name if name is not None and name.kind == "story" and name.alias else None

    def _phase_line(self, block: Block) -> None:
        if self.top.group is not None:
            self.reading.groups[self.top.group].lines.append(Source(block.first, block.last, clean(block.text)))
        made = self.draft("task", self._numbered(block), block, "implied", reason="phase-line")
        if block.kind == "item":
            self.push(LIST + block.indent, "", block, owner=made, own=True, detail=True)

    def _sentence(self, block: Block, sentence: str) -> None:
        """`As a reader, I want ...`: the words of the story around it, or a story of its own."""
        told = story_sentence(sentence) or clean(sentence)
        owner, frame = self.owner(), self.top
        self.reading.saw("sentence")
        if (
            owner is not None
            and owner.kind in {"story", "requirement"}
            and not owner.label
            and (owner.reason != "section" or self._adopts(owner, frame))
        ):
            owner.label = "told"
            owner.text.insert(0, told)
            if owner.reason == "section":
                owner.strength, owner.reason = "listed", ""
                owner.title = _TITLE_LABEL.sub("", owner.title)
            return
        made = self.draft("story", Name("story", "", told), block, "listed", label="told", text=[told])
        if owner is not None and owner.kind == "story":
            self.reading.drafts[made].up = owner.up
        if not self.scan.markdown or block.kind == "text":
            self.pop(RANK["story"] if self.section().level < RANK["story"] and not self.top.label else LABEL + 1)
            if not self.top.label:
                self.push(RANK["story"], "", block, told, owner=made, own=True, detail=False)

    def _adopts(self, owner: Draft, frame: Frame) -> bool:
        """Whether the heading above a sentence is its title: then nothing else stands between them."""
        return (
            frame.owner is not None
            and self.reading.drafts[frame.owner] is owner
            and frame.listed == 0
            and not frame.label
        )

    def _sentence_item(self, block: Block, sentence: str) -> None:
        owner = self.owner()
        waits = owner is not None and owner.kind in {"story", "requirement"} and owner.reason != "section"
        if owner is not None and waits and not owner.label and self.top.own:
            owner.label = "told"
            owner.text.insert(0, story_sentence(sentence) or clean(sentence))
            return
        told = story_sentence(sentence) or clean(sentence)
        self._list("story", Name("story", "", told), block, told=told)

    def _module(self) -> None:
        """A section with a list of features of its own is a module."""
        section = self.section()
        if section.group is None and section.title and section.owner is None:
            self.reading.groups.append(GroupDraft("module", section.title, section.first, section.first))
            for frame in self.frames[self.frames.index(section) :]:
                frame.group = len(self.reading.groups) - 1

    def _label_alone(self, block: Block, label: Label, level: float) -> None:
        self.pop(level)
        if kind := phase_kind(label.name):
            block.level = 0
            self.pop(RANK["epic"] - 10)
            self._phase(block, label.name, kind)
            return
        if scenario := SCENARIO.match(plain(label.name)):
            self._criterion(block, clean(block.text)[scenario.end() :] or label.name)
            self.push(level, "criteria", block, label.name, detail=True, label=True)
            return
        role = self._within_owner(self._role_of_label(label))
        if role == "features":
            self._module()
        frame = self.push(level, role, block, label.name, label=True)
        frame.detail = False if role in KINDS and role != self.frames[-2].role else frame.detail
        if label.field == "status" or plain(label.name) in {"status", "estado"}:
            frame.title = "status"

    def _role_of_label(self, label: Label) -> Role:
        """What a list below a label is about."""
        above = self.top.role
        if above == "never" or (label.role == "features" and above in {"requirements", "metrics"}):
            return above
        if label.field in {"criteria", "dependencies"}:
            return "criteria" if label.field == "criteria" else "dependencies"
        if self._only_describes(label):
            return "ignore"
        if label.role == "":
            return "ignore" if self.section().demands and not label.bold else above
        return label.role

    def _only_describes(self, label: Label) -> bool:
        """Whether a list below a label, such as `Notes` or the `Issues` of a task, is about the item above."""
        if label.field in {"text", "note", "status", "estimate", "labels"} and label.role not in KINDS:
            return True
        owner = self.owner()
        within = label.role == "tasks" and owner is not None and owner.kind == "task"
        return within and _FAULTS.match(plain(label.name)) is not None

    def _within_owner(self, role: Role) -> Role:
        """Features of a story and requirements of a requirement only describe it."""
        owner = self.owner()
        if owner is None:
            return role
        if role == "features" and owner.kind != "epic" and owner.strength != "implied":
            return "ignore"
        return "ignore" if role == "requirements" and owner.kind == "requirement" else role
