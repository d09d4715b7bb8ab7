"""The form of prompt texts: `{{name}}` is replaced, `{{#name}}` to `{{/name}}` is kept where `name` has a value.

Nothing is computed and nothing that is put in is read again, so no input can change what a template says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Section", "Slot", "Template", "TemplateError", "parse_template"]

_TAG: Final = re.compile(r"\{\{([#/]?)([a-z][a-z0-9_]*)\}\}")
_ALONE: Final = re.compile(r"^[ \t]*(\{\{[#/][a-z][a-z0-9_]*\}\})[ \t]*\n", re.MULTILINE)


class TemplateError(ValueError):
    """A text is no template."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for an input."""

    name: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part that is kept only where an input has a value."""

    name: str
    parts: tuple[str | Slot, ...]


Part = str | Slot | Section


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places for inputs."""

    parts: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every input that it speaks of."""
        found: set[str] = set()
        for part in self.parts:
            if not isinstance(part, str):
                found.add(part.name)
            if isinstance(part, Section):
                found.update(inner.name for inner in part.parts if isinstance(inner, Slot))
        return frozenset(found)

    @property
    def guarded(self) -> frozenset[str]:
        """Inputs that stand only in sections of their own, so that they may be missing."""
        inside: set[str] = set()
        outside: set[str] = set()
        for part in self.parts:
            if isinstance(part, Slot):
                outside.add(part.name)
            elif isinstance(part, Section):
                inside.add(part.name)
                outside.update(slot.name for slot in part.parts if isinstance(slot, Slot) and slot.name != part.name)
        return frozenset(inside - outside)

    def fill(self, written: Callable[[str], str]) -> str:
        """The text with `written(name)` in each place; an empty one takes its section away."""
        filled: list[str] = []
        for part in self.parts:
            if not isinstance(part, Section):
                filled += _fill((part,), written)
            elif written(part.name):
                filled += _fill(part.parts, written)
        return "".join(filled).strip("\n")


def _fill(parts: Sequence[str | Slot], written: Callable[[str], str]) -> list[str]:
    return [part if isinstance(part, str) else written(part.name) for part in parts]


def parse_template(text: str) -> Template:
    """Read a template. A line that holds nothing but the mark of a section is taken away with its line end.

    Raises:
        TemplateError: A section is not closed, is closed twice, or stands inside another one; a mark is malformed.
    """
    text = _ALONE.sub(r"\1", text)
    parts: list[Part] = []
    open_name = ""
    inner: list[str | Slot] = []
    at = 0
    for tag in _TAG.finditer(text):
        target = inner if open_name else parts
        _add_text(target, text[at : tag.start()])
        at = tag.end()
        kind, name = tag.groups()
        if not kind:
            target.append(Slot(name))
        elif kind == "#" and not open_name:
            open_name, inner = name, []
        elif kind == "/" and name == open_name:
            parts.append(Section(name, tuple(inner)))
            open_name = ""
        else:
            raise TemplateError(f"the mark {tag.group()} does not belong here: sections are closed before others begin")
    if open_name:
        raise TemplateError(f"the section {{{{#{open_name}}}}} is not closed")
    _add_text(parts, text[at:])
    return Template(tuple(parts))


def _add_text(parts: list[Part] | list[str | Slot], text: str) -> None:
    if "{{" in text or "}}" in text:
        raise TemplateError(f"a malformed mark in {text.strip()[:60]!r}: names are lower case letters, digits and _")
    if text:
        parts.append(text)
