"""Paragraphs, and lines that stand for headings: labels, names, sentences of stories."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.entries import Entries
from aura_planning.parsing.fields import set_field
from aura_planning.parsing.labels import Label, read_label
from aura_planning.parsing.lexicon import Role, is_modal, phase_kind, plain
from aura_planning.parsing.marks import clean
from aura_planning.parsing.names import Name, code_in_role, is_story_sentence, read_name, story_sentence
from aura_planning.parsing.walk import KINDS, LABEL, LIST, MOST_TEXT, RANK, SKIPPED

__all__ = ["Prose"]


class Prose(Entries):
    """Reads paragraphs."""

    def text(self, block: Block) -> None:
        """Some lines of text."""
        inside = block.indent > 0 and self.top.level >= LIST
        self.pop(LIST + block.indent if inside else LIST)
        if not self.scan.markdown and not self.reading.title:
            self.reading.title = clean(block.text)
            self._stands_alone(block)
            return
        if self._stands_alone(block):
            return
        label = read_label(block.text)
        if label is not None and self._label(block, label, LIST + block.indent - 0.5 if inside else LABEL):
            return
        self._words(block)

    def _stands_alone(self, block: Block) -> bool:
        """Whether a line is a heading in all but its form: `**Epic 1: Title**`, `Phase 1: Title`."""
        name = self._named_line(block)
        if name is not None:
            self._pseudo_heading(block, name)
            return True
        if self.scan.markdown or len(block.text) > 100 or block.text.endswith("."):
            return False
        kind = phase_kind(block.text) if re.match(r"\W*\w+\W+(?:\d|[IVX]+\b)", block.text) else ""
        if kind:
            self.pop(RANK["epic"] - 10)
            self._phase(block, clean(block.text), kind)
        return bool(kind)

    def _label(self, block: Block, label: Label, level: float) -> bool:
        """A label; returns whether the block is dealt with."""
        if label.field == "id":
            named = read_name(label.rest) or code_in_role(label.rest, self.top.role)
            if named is not None:
                self._pseudo_heading(block, named)
                return True
        if not label.rest and self._demands(label):
            return True
        if not label.rest:
            self._label_alone(block, label, level)
            return True
        if label.field == "story" and is_story_sentence(label.rest):
            self.pop(level)
            self._sentence(block, label.rest)
            return True
        if label.field and self._takes_fields():
            self.pop(level)
            self._set(label.field, label.rest, block)
            if label.field in {"criteria", "requirements"}:
                self.push(level, "criteria" if label.field == "criteria" else "ignore", block, label.name, label=True)
            return True
        return False

    def _demands(self, label: Label) -> bool:
        """Whether a sentence such as `The system must offer:` makes requirements of the list below it."""
        section = self.section()
        listing = (
            self.top.role in {"", "features", "requirements"} and not label.field and label.role in {"", "features"}
        )
        if label.bold or self.title_role != "requirements" or not listing:
            return False
        if is_modal(label.name) or label.name.endswith(("要求", "requirements")):
            section.role, section.only_lists, section.demands = "features", True, True
            return True
        return False

    def _takes_fields(self) -> bool:
        return self.top.role != "criteria" or self.top.label

    def _named_line(self, block: Block) -> Name | None:
        """The name that a line of its own carries, as a heading would."""
        if (
            len(block.lines) > 1
            or len(block.text) > 160
            or self.top.role in {"criteria", "coverage", "dependencies", "out", "ignore", "metrics", "never"}
        ):
            return None
        name = read_name(block.text)
        if not self.scan.markdown and name is not None and not name.alias and name.kind != "requirement":
            return name if name.title and not is_story_sentence(name.title) else None
        if name is None or not name.alias or not name.sure or (name.kind == "requirement" and not name.title):
            return None
        bold = block.text.lstrip().startswith(("**", "__"))
        return name if bold or not self.scan.markdown or self.role_above() in KINDS else None

    def _pseudo_heading(self, block: Block, name: Name) -> None:
        level = LIST + block.indent + 0.5 if self.top.level >= LIST else RANK[name.kind]
        self.pop(level)
        made = self.draft(name.kind, name, block, "named")
        self.reading.saw(f"line-{name.kind}")
        self.push(level, "", block, name.title, owner=made, own=True, detail=False, leaf=None)

    def _words(self, block: Block) -> None:
        """A paragraph, or a line of a document without Markdown."""
        role = self.top.role
        handlers: Mapping[str, Callable[[Block], None]] = {
            "criteria": self._criterion_block, "out": self._out_block, "dependencies": self._statement,
        }  # fmt: skip
        if role in handlers:
            handlers[role](block)
        elif role in SKIPPED or role == "later":
            self._section_value(block)
        elif (sentence := story_sentence(" ".join(block.lines))) is not None:
            self._sentence(block, sentence)
        elif (name := self._line_item(block, role)) is not None:
            self._list(name.kind, name, block)
        else:
            self._describe(block)

    def _line_item(self, block: Block, role: Role) -> Name | None:
        """The item that a paragraph is in a section that lists items."""
        kind = KINDS.get(role)
        name = read_name(block.text) or code_in_role(block.text, role)
        if (
            name is not None
            and name.alias
            and name.title
            and (kind == name.kind or (name.kind == "requirement" and role in {"", "requirements"} and name.sure))
        ):
            return name
        if (
            name is not None
            and not name.alias
            and name.kind == "requirement"
            and role in {"", "requirements", "features"}
        ):
            return name if kind is not None or block.text.startswith(("**", "__")) else None
        if kind is None or self.top.detail or block.text.endswith((":", "：")):
            return None
        label = read_label(block.text)
        if not self.scan.markdown and self._line_counts(block, role):
            return Name(kind, "", block.text)
        if (
            label is not None
            and label.bold
            and label.rest
            and not label.field
            and label.role in {"", "requirements", "features"}
            and kind == "requirement"
            and not any(one.only_lists for one in self.frames)
            and (role != "specs" or is_modal(block.text))
        ):
            return Name(kind, "", block.text)
        return None

    def _line_counts(self, block: Block, role: Role) -> bool:
        """Whether a line of a document without Markdown is an item where its section lists some."""
        plainly = self.section().leaf is None and role != "specs"
        return plainly or is_modal(block.text) or (role != "specs" and read_label(block.text) is not None)

    def _describe(self, block: Block) -> None:
        """Words that only describe; a demand before a list makes its entries requirements."""
        owner = self.owner()
        if owner is not None and len(owner.text) < MOST_TEXT and self.top.role in {"", "phase"}:
            owner.text.append(clean(block.text))
        if self.top.role == "phase" and not self.scan.markdown and self.top.group is not None:
            self._phase_line(block)
        if (
            self.title_role == "requirements"
            and self.top.role == ""
            and block.text.endswith((":", "："))
            and is_modal(block.text)
        ):
            self.section().role, self.section().only_lists = "features", True

    def _section_value(self, block: Block) -> None:
        """The word below a heading `Status` or `Estimation`."""
        owner, title = self.owner(), plain(self.top.title)
        if owner is None:
            return
        if title in {"status", "estado", "statut", "状态", "ステータス"}:
            set_field(self.reading, owner, "status", block.text, block.first)
        elif title.startswith(("estimat", "schätz")):
            set_field(self.reading, owner, "estimate", block.text, block.first)
