"""Labels: short words before a colon, or standing alone in bold, that say what follows."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aura_planning.parsing.lexicon import Role, field_name, phase_kind, role_of

__all__ = ["Label", "read_label", "starts_label"]

_BOLD_COLON: Final = re.compile(
    r"[>\s]*(?:\*\*|__)([^*_]{1,80}?)\s*(?:[:：]\s*(?:\*\*|__)|(?:\*\*|__)\s*[:：])\s*(.*)\Z"
)
_BOLD_ALONE: Final = re.compile(r"(?:\*\*|__)([^*_]{2,80}?)[:：]?(?:\*\*|__)[:：]?\s*\Z")
_ITALIC: Final = re.compile(r"[_*]([A-Za-zÀ-ÿ][^:：_*]{1,40})\s*[:：]\s*(.*?)[_*]\Z")
_PLAIN: Final = re.compile(r"([^\W\d_][^:：.!?|`*]{0,50})[:：](?:\s+(.*)|)\Z")
_PLAIN_CJK: Final = re.compile(r"([^\W\d_][^:：.!?|`*]{0,24})：\s*(.*)\Z")
_MOST_CJK: Final = 14
_CODE_LINE: Final = re.compile(r"\s*(?:\*\*)?[A-Z][A-Z-]{0,8}\d{1,4}(?:\.\d+)*(?:\*\*)?\s*[:：]\s")


@dataclass(frozen=True, slots=True)
class Label:
    """A label and what stands behind it."""

    name: str
    rest: str
    """Empty where the label stands alone: what follows on the next lines belongs to it."""
    bold: bool
    field: str
    """The field that it names, such as `priority`; empty for any other."""
    role: Role
    """What a list below it is about."""


def read_label(text: str) -> Label | None:
    """The label that a text begins with, when there is one."""
    stripped = text.strip()
    for pattern, bold in (
        (_BOLD_COLON, True),
        (_BOLD_ALONE, True),
        (_ITALIC, False),
        (_PLAIN, False),
        (_PLAIN_CJK, False),
    ):
        found = pattern.match(stripped)
        if found is not None:
            rest = found[2] if pattern.groups > 1 else ""
            return _label(found[1], (rest or "").strip(), bold=bold)
    return None


def _label(name: str, rest: str, *, bold: bool) -> Label | None:
    name = name.strip()
    if not name or len(name.split()) > 8:
        return None
    # A sentence in a script without spaces is no label, though it may hold the words of one.
    role: Role = "" if len(name) > _MOST_CJK and not name.isascii() and name.count(" ") < 3 else role_of(name)
    return Label(name, rest, bold, field_name(name), role)


def starts_label(line: str) -> bool:
    """Whether a line inside an item or a paragraph begins a label that the parser understands."""
    if _CODE_LINE.match(line):
        return True
    label = read_label(line.strip())
    if label is None or (not label.bold and label.name[:1].islower()):
        return False
    if label.rest:
        return bool(label.field)
    return bool(label.role or label.field or phase_kind(label.name) or label.bold)
