"""Change one member of a JSON text and leave every other byte as it is.

Configuration files of editors hold comments, trailing commas and an order that somebody chose; reading them into a
dictionary and writing that back would lose all three. So the text is parsed into spans, and only spans are edited.
Understood are JSON, JSON with comments, and of JSON5 single quotes and names without quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from aura_cli.clients.problems import Malformed

_SPACE: Final = re.compile(r"(?:[ \t\r\n\ufeff\u00a0]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r"\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\\\r\n]|\\.)*'", re.DOTALL)
_WORD: Final = re.compile(
    r"[A-Za-z_$][\w$]*|[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|Infinity|NaN)"
)
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
_LITERALS: Final[dict[str, object]] = {"true": True, "false": False, "null": None}
_DEEPEST: Final = 200


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands in the text."""

    start: int
    end: int
    """One past its last character."""
    plain: object
    """The value itself; an object or array is only a marker here."""
    members: list[Member] | None = None
    """The members of an object; None for anything else."""
    items: list[Value] = field(default_factory=list["Value"])
    """The items of an array."""

    def member(self, name: str) -> Member | None:
        """The member with this name; of several the last, which is the one that programs use."""
        found = [member for member in self.members or [] if member.name == name]
        return found[-1] if found else None

    def read(self) -> object:
        """The value as Python has it."""
        if self.members is not None:
            return {member.name: member.value.read() for member in self.members}
        return [item.read() for item in self.items] if self.plain is _ARRAY else self.plain


@dataclass(frozen=True, slots=True)
class Member:
    """A name and its value inside an object."""

    name: str
    start: int
    """Where its name starts."""
    value: Value
    comma: int | None
    """Where the comma after it stands."""


_ARRAY: Final = object()
_OBJECT: Final = object()


def parse(text: str) -> Value | None:
    """The value of a text; None when it holds nothing but space and comments.

    Raises:
        Malformed: It is not JSON.
    """
    reader = _Reader(text)
    start = reader.skip(0)
    if start == len(text):
        return None
    value = reader.value(start, 0)
    end = reader.skip(value.end)
    if end != len(text):
        raise reader.problem(end, "the end of the file")
    return value


def read_path(text: str, path: Sequence[str]) -> object:
    """The value at a path of names; None when there is none.

    Raises:
        Malformed: It is not JSON.
    """
    value = parse(text)
    for name in path:
        member = value.member(name) if value is not None else None
        value = member.value if member else None
    return None if value is None else value.read()


def set_path(text: str, path: Sequence[str], new: object) -> str:
    """The text with `new` at a path of names; objects on the way are created.

    An object that is there already keeps its other members: only those in `new` are set.

    Raises:
        Malformed: It is not JSON, or something on the way is no object.
    """
    style = _Style.of(text)
    root = parse(text)
    if root is None:
        before = text.rstrip(" \t\r\n")
        body = style.write(_nested(path, new), 0)
        return f"{before}{style.eol if before.strip(_BOM) else ''}{body}{style.eol}"
    value, depth = root, 0
    for depth, name in enumerate(path):
        if value.members is None:
            raise _Reader(text).problem(value.start, "an object")
        member = value.member(name)
        if member is None:
            return _insert(text, value, name, _nested(path[depth + 1 :], new), depth, style)
        value = member.value
    return _merge(text, value, new, depth + 1, style)


def remove_path(text: str, path: Sequence[str], *, and_empty: bool = False) -> str:
    """The text without the member at a path of names.

    Args:
        text: JSON, with or without comments.
        path: Names from the root.
        and_empty: Also take away the object around it when nothing else is in it.

    Raises:
        Malformed: It is not JSON.
    """
    value = parse(text)
    for name in path[:-1]:
        member = value.member(name) if value is not None else None
        value = member.value if member else None
    member = value.member(path[-1]) if value is not None else None
    if value is None or member is None:
        return text
    changed = _cut(text, value, member)
    if and_empty and len(path) > 1 and len(value.members or []) == 1:
        around = _at(changed, path[:-1])
        if around is not None and changed[around.start : around.end] == "{}":
            return remove_path(changed, path[:-1])
    return changed


_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is laid out."""

    eol: str
    indent: str

    @classmethod
    def of(cls, text: str) -> _Style:
        """Line ends as in the first line; indentation as of the first indented line."""
        found = re.search(r"\r\n|\n", text)
        indented = re.search(r"^([ \t]+)[\"'\w]", text, re.MULTILINE)
        return cls(found.group() if found else "\n", indented.group(1) if indented else "  ")

    def write(self, value: object, depth: int) -> str:
        """A value over several lines, as deep as its place."""
        return self.write_after(value, self.indent * depth)

    def write_after(self, value: object, margin: str) -> str:
        """A value over several lines, the lines after the first behind `margin`; a list stays on one line."""
        members = _mapping(value)
        if not members:
            return json.dumps(value, ensure_ascii=False)
        inner = self.eol + margin + self.indent
        written = [
            f"{json.dumps(name, ensure_ascii=False)}: {self.write_after(item, margin + self.indent)}"
            for name, item in members.items()
        ]
        return "{" + ",".join(inner + member for member in written) + self.eol + margin + "}"


def _nested(path: Sequence[str], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _at(text: str, path: Sequence[str]) -> Value | None:
    value = parse(text)
    for name in path:
        member = value.member(name) if value is not None else None
        value = member.value if member else None
    return value


def _merge(text: str, value: Value, new: object, depth: int, style: _Style) -> str:
    """Replace a value; of an object only the members that `new` has."""
    wanted = _mapping(new)
    if value.members is None or wanted is None:
        if value.read() == new:
            return text
        many = "\n" in text[value.start : value.end] or wanted is not None
        written = style.write(new, depth) if many else json.dumps(new, ensure_ascii=False)
        return text[: value.start] + written + text[value.end :]
    changed, start = text, value.start
    for name, item in wanted.items():
        around = _object_at(changed, start)
        member = around.member(name)
        if member is None:
            changed = _insert(changed, around, name, item, depth, style)
        else:
            changed = _merge(changed, member.value, item, depth + 1, style)
    return changed


def _mapping(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def _object_at(text: str, start: int) -> Value:
    return _Reader(text).value(start, 0)


def _insert(text: str, around: Value, name: str, value: object, depth: int, style: _Style) -> str:
    """Add a member at the end of an object that stands `depth` levels deep."""
    members = around.members or []
    inner, outer = style.eol + style.indent * (depth + 1), style.eol + style.indent * depth
    head = json.dumps(name, ensure_ascii=False) + ": "
    if not members:
        before = text[: around.end - 1].rstrip(" \t\r\n")
        return f"{before}{inner}{head}{style.write(value, depth + 1)}{outer}{text[around.end - 1 :]}"
    last = members[-1]
    if "\n" not in text[around.start : last.start]:
        written = head + json.dumps(value, ensure_ascii=False)
        if last.comma is not None:
            return f"{text[: last.comma + 1]} {written},{text[last.comma + 1 :]}"
        return f"{text[: last.value.end]}, {written}{text[last.value.end :]}"
    # The new member takes the indentation of the one before it, whatever the rest of the file does.
    indent = _indent_before(text, last.start)
    if indent is not None:
        inner = style.eol + indent
    margin = style.indent * (depth + 1) if indent is None else indent
    written = head + style.write_after(value, margin)
    end = last.value.end if last.comma is None else last.comma + 1
    line_end = _after_comment(text, end)
    comma_before, comma_after = ("," if last.comma is None else ""), ("" if last.comma is None else ",")
    return f"{text[:end]}{comma_before}{text[end:line_end]}{inner}{written}{comma_after}{text[line_end:]}"


def _indent_before(text: str, position: int) -> str | None:
    """The space before `position` when nothing else stands before it on its line."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line if not line.strip(" \t") else None


def _after_comment(text: str, position: int) -> int:
    """Where a comment that follows on the same line ends; `position` when none does."""
    found = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/(?=[ \t]*\r?\n))").match(text, position)
    return found.end() if found else position


def _cut(text: str, around: Value, member: Member) -> str:
    """Take a member out of its object, with its comma and its lines."""
    members = around.members or []
    place = members.index(member)
    start, end = member.start, member.value.end if member.comma is None else member.comma + 1
    if len(members) == 1 and not (text[around.start + 1 : start] + text[end : around.end - 1]).strip():
        return f"{text[: around.start]}{{}}{text[around.end :]}"
    start, end = _whole_lines(text, start, end)
    comma = members[place - 1].comma if place else None
    if comma is not None and place == len(members) - 1 and not text[comma + 1 : start].strip(" "):
        start = comma + 1
    if member.comma is None and comma is not None:
        between = text[comma + 1 : start]
        return text[:comma] + (between if between.strip() else "") + text[end:]
    return text[:start] + text[end:]


def _whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span to the line break before it, where it fills its lines; else to the space after it."""
    line_start = text.rfind("\n", 0, start) + 1
    rest = re.compile(r"[ \t]*").match(text, end)
    after = rest.end() if rest else end
    ends_line = after >= len(text) or text[after] in "\r\n"
    if not text[line_start:start].strip(" \t") and line_start > 0 and (ends_line or text[after] == "}"):
        before = line_start - 1
        if before > 0 and text[before - 1] == "\r":
            before -= 1
        return (before, after) if ends_line else (line_start, after)
    return start, after if text[end - 1] == "," else end


class _Reader:
    """Reads values out of a text, by position."""

    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, position: int) -> int:
        """The next position that is neither space nor comment."""
        found = _SPACE.match(self.text, position)
        return found.end() if found else position

    def problem(self, position: int, expected: str) -> Malformed:
        """What is wrong at a position."""
        before = self.text[:position]
        line = before.count("\n") + 1
        column = position - (before.rfind("\n") + 1) + 1
        if line == 1 and before.startswith(_BOM):
            column -= 1
        found = repr(self.text[position : position + 12]) if position < len(self.text) else "the end of the file"
        return Malformed(f"{expected} was expected, and {found} was found", line, column)

    def value(self, position: int, depth: int) -> Value:
        """The value that starts at `position`."""
        if depth > _DEEPEST:
            raise self.problem(position, f"at most {_DEEPEST} levels")
        first = self.text[position : position + 1]
        if first == "{":
            return self._object(position, depth)
        if first == "[":
            return self._array(position, depth)
        found = _STRING.match(self.text, position)
        if found:
            return Value(position, found.end(), self._unquoted(found.group(), position))
        found = _WORD.match(self.text, position)
        if found is None:
            raise self.problem(position, "a value")
        word = found.group()
        if word in _LITERALS:
            return Value(position, found.end(), _LITERALS[word])
        try:
            return Value(position, found.end(), float(word) if "x" not in word.lower() else float(int(word, 16)))
        except ValueError as error:
            raise self.problem(position, "a value") from error

    def _object(self, start: int, depth: int) -> Value:
        members: list[Member] = []
        position = self.skip(start + 1)
        while self.text[position : position + 1] != "}":
            name, after = self._name(position)
            colon = self.skip(after)
            if self.text[colon : colon + 1] != ":":
                raise self.problem(colon, "a colon")
            value = self.value(self.skip(colon + 1), depth + 1)
            comma, at = self._comma(value.end, "}")
            members.append(Member(name, position, value, comma))
            position = at
        return Value(start, position + 1, _OBJECT, members)

    def _array(self, start: int, depth: int) -> Value:
        items: list[Value] = []
        position = self.skip(start + 1)
        while self.text[position : position + 1] != "]":
            items.append(self.value(position, depth + 1))
            _, position = self._comma(items[-1].end, "]")
        return Value(start, position + 1, _ARRAY, None, items)

    def _comma(self, after: int, closing: str) -> tuple[int | None, int]:
        """Where the comma stands that ends an item, if one does, and where the next thing starts."""
        position = self.skip(after)
        character = self.text[position : position + 1]
        if character == ",":
            return position, self.skip(position + 1)
        if character != closing:
            raise self.problem(position, f"a comma or {closing!r}")
        return None, position

    def _name(self, position: int) -> tuple[str, int]:
        found = _STRING.match(self.text, position)
        if found:
            return self._unquoted(found.group(), position), found.end()
        found = _NAME.match(self.text, position)
        if found is None:
            raise self.problem(position, "a name in quotes")
        return found.group(), found.end()

    def _unquoted(self, quoted: str, position: int) -> str:
        if quoted[0] == "'":
            inside = quoted[1:-1].replace("\\'", "'")
            quoted = '"' + re.sub(r'(?<!\\)"', r"\"", inside) + '"'
        try:
            text: object = json.loads(quoted, strict=False)
        except ValueError as error:
            raise self.problem(position, "a text with valid escapes") from error
        assert isinstance(text, str)
        return text
