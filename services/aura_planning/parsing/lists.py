"""Items of lists: what each of them is, by its name, its box, its words, or its section."""

from __future__ import annotations

import re
from typing import Final

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.contract import Kind
from aura_planning.parsing.drafts import Draft
from aura_planning.parsing.labels import Label, read_label
from aura_planning.parsing.lexicon import Role, is_modal, phase_kind, plain, role_of
from aura_planning.parsing.marks import clean
from aura_planning.parsing.names import Name, code_in_role, is_story_sentence, read_name, story_sentence
from aura_planning.parsing.prose import Prose
from aura_planning.parsing.walk import KINDS, LIST, MOST_TEXT, RANK, SKIPPED

__all__ = ["Lists"]


_NO_LISTS: Final = frozenset(
    ("ignore", "never", "later", "features", "specs", "metrics", "coverage", "questions", "plan")
)  # fmt: skip


_MOST_HEADING: Final = 70
_ROLE_ALONE: Final = re.compile(r"\W*as an? [^:,.]{1,60}:\W*\Z", re.IGNORECASE)
"""Who speaks in the lines below: `- **As a developer:**`."""
_LEFT_OPEN: Final = re.compile(
    r"[;,(]\s*see q\d+\W*\Z|\A\W*(?:tbd|tba|n/?a|none(?: yet)?|to be (?:defined|determined|decided))\W*\Z",
    re.IGNORECASE,
)
"""What stands where nothing is known yet: `Not known; see Q5.`, `TBD`."""
_TELLER: Final = re.compile(
    r"(?:as an?|als|come|como|jako|en tant qu(?:e|['\u2019])|как)\s[\w/ -]{2,40},\s", re.IGNORECASE
)
_IN_SCOPE: Final = re.compile(r"(?:mvp |product |project )?(?:in[- ]scope|scope)(?:\s*[(:].*)?\Z")


class Lists(Prose):
    """Reads items of lists."""

    def item(self, block: Block) -> None:
        """An item of a list."""
        self.pop(LIST + block.indent)
        level = LIST + block.indent
        if not block.text:
            return
        role = self.top.role
        speaks = role == "ignore" and (block.box is not None or _has_code(block) or is_story_sentence(block.text))
        aside = role in SKIPPED and not self._is_label(block) and not speaks
        if role in {"criteria", "out", "later", "dependencies"} or aside:
            self._listed_aside(block, role)
            self._scoped(block, role)
            return
        label = read_label(block.text) if block.box is None else None
        if label is not None and self._item_label(block, label, level):
            return
        self._item_proper(block, role, level)

    def _is_label(self, block: Block) -> bool:
        label = read_label(block.text)
        return label is not None and not label.rest and bool(label.role) and label.role not in SKIPPED

    def _listed_aside(self, block: Block, role: Role) -> None:
        if role == "criteria":
            label = read_label(block.text)
            if (
                label is not None
                and self.top.label
                and label.field in {"dependencies", "priority", "estimate", "requirements"}
                and label.rest
                and self._beside(block)
            ):
                self._set(label.field, label.rest, block)
                return
            self._criterion_block(block)
        elif role in {"out", "later"}:
            if block.indent == 0 or self.top.level < LIST:
                self._out_block(block)
                self.push(LIST + block.indent, "ignore", block)
        elif role == "dependencies":
            self._statement(block)

    def _scoped(self, block: Block, role: Role) -> None:
        """What a document says is in its scope is what it demands, where it names no requirements."""
        if role == "ignore" and block.indent == 0 and self.owner() is None and _lists_scope(self.top.title):
            label = read_label(block.text)
            if label is None or label.rest or label.bold:
                self.draft("requirement", Name("requirement", "", block.text), block, "implied", reason="scope")

    def _beside(self, block: Block) -> bool:
        """Whether an item stands beside the label of a list, not below it."""
        return self.top.level >= LIST and LIST + block.indent - 0.5 <= self.top.level

    def _item_label(self, block: Block, label: Label, level: float) -> bool:
        """A list item that is a label: `- **Acceptance Criteria**`, `- ID: US-001`, `- _Requirements: 1.1_`."""
        told = label.field == "story" and is_story_sentence(label.rest)
        if label.rest and label.field == "id":
            name = read_name(label.rest) or code_in_role(label.rest, self.top.role)
            if name is not None:
                self._list(name.kind, Name(name.kind, name.alias, ""), block)
                return True
        if told:
            self._sentence_item(block, label.rest)
            return True
        if read_name(block.text) is not None:
            return False
        return self._item_field(block, label) if label.rest else self._item_announces(block, label, level)

    def _item_field(self, block: Block, label: Label) -> bool:
        """`- Priority: high` below or beside an item."""
        if label.field and self.owner() is not None and self._describes_owner():
            self._set(label.field, label.rest, block)
            return True
        # `- **Why:** ...` below a heading that is a feature says something about it.
        return label.field == "note" and label.bold and self.section().leaf is not None

    def _item_announces(self, block: Block, label: Label, level: float) -> bool:
        """`- **Acceptance Criteria**` alone: what stands below belongs to it."""
        if not (label.role or label.field) or (label.role == self.top.role and label.bold) or phase_kind(label.name):
            return False
        if self.top.role in KINDS and label.role in _NO_LISTS and not label.field:
            return False
        if self.top.role in KINDS and block.number and label.role in KINDS and not label.field:
            return False
        self._label_alone(block, label, level + 0.25)
        return True

    def _describes_owner(self) -> bool:
        """Whether a field belongs to the item above: below it, or directly in its section."""
        return self.top.own or self.top.detail or self.top.label or self.top.role in {"", "phase"}

    def _item_proper(self, block: Block, role: Role, level: float) -> None:
        name = read_name(block.text) or code_in_role(block.text, role)
        if name is not None and self._is_named(name, block):
            self._list(name.kind, name, block, strength="named")
        elif role == "stories" and not self.top.detail and _ROLE_ALONE.match(block.text):
            self.push(level, "stories", block, block.text)  # its wishes stand below
        elif (sentence := story_sentence(block.text)) is not None and role != "tasks":
            self._sentence_item(block, sentence)
        elif self.title_role == "stories" and _TELLER.match(block.text):
            self._sentence_item(block, block.text)
        elif block.box is None and _LEFT_OPEN.search(block.text):
            self._detail(block, level)
        elif block.box is not None:
            kind = "requirement" if self.demands_only and role in {"", "features"} else self._boxed_kind(role)
            self._list(kind, self._numbered(block), block)
        elif (kind := self._plain_kind(block, role)) is not None:
            self._list(kind, self._numbered(block), block, strength="listed")
        elif role in {"phase", "plan"} and not self.top.detail and self.top.level < LIST:
            self._phase_line(block)
        else:
            self._detail(block, level)

    def _is_named(self, name: Name, block: Block) -> bool:
        owner = self.owner()
        if not name.alias:
            return bool(name.title) and self._stands_for_itself(name, owner)
        if self.top.detail and not name.title:
            return False
        if owner is not None and self.top.detail and name.kind in {"epic", "story"} and owner.kind in {"story", "task"}:
            return False
        return bool(name.title) or block.box is not None or self.top.role in KINDS

    def _stands_for_itself(self, name: Name, owner: Draft | None) -> bool:
        """Whether `Task: Add the form`, a name without a number, is an item, and not a field of the one above."""
        if name.kind == "requirement":
            return not self.top.detail
        return owner is None or (owner.kind != name.kind and RANK[owner.kind] < RANK[name.kind])

    @staticmethod
    def _boxed_kind(role: Role) -> Kind:
        return KINDS[role] if role in {"stories", "requirements", "epics"} else "task"

    def _plain_kind(self, block: Block, role: Role) -> Kind | None:
        """What an item without name and box is, by its section."""
        kind = KINDS.get(role)
        dotted = re.match(r"\d+\.\d+", block.number or block.text)
        if kind is None and dotted and self.top.level >= LIST and self.top.own and self._gathers():
            return "requirement"
        if kind is None or (role == "specs" and not is_modal(block.text)):
            return None
        if self.top.level >= LIST and self.top.own:
            return kind if dotted and kind == "task" else None
        return None if self.top.detail else kind

    def _gathers(self) -> bool:
        """Whether the requirement above is only the heading of those below it: `1. Login` over `1.1 ...`, `1.2 ...`."""
        above = self.owner()
        if above is None or above.alias or above.kind != "requirement" or len(above.title) > _MOST_HEADING:
            return False
        above.dropped = True
        return True

    def _detail(self, block: Block, level: float) -> None:
        """An item that only describes; a list of its own below a bold word keeps the section's meaning."""
        owner = self.owner()
        if owner is not None and len(owner.text) < MOST_TEXT:
            owner.text.append(clean(block.text))
        self.push(level, self.top.role, block, owner=self.top.owner)


def _lists_scope(title: str) -> bool:
    """Whether a section that is no list of requirements says what there will be: `In scope`, `Main features`."""
    return _IN_SCOPE.match(plain(title)) is not None or role_of(title) == "features"


def _has_code(block: Block) -> bool:
    """Whether an item begins with an id of its own, such as `FR-001`: that counts in any section."""
    name = read_name(block.text)
    return name is not None and bool(name.title) and name.alias[:2].isupper() and name.alias[-1:].isdigit()
