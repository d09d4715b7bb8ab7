"""The block of `key: value` lines at the top of a Markdown file: read and edited, the rest untouched.

Not a YAML reader: the forms that people write in front matter (plain and quoted scalars, lists in brackets or as
dashes) are understood, everything else is left as it is and called opaque. An edit changes the characters of one value;
comments, order, quotes and line ends stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from aura_planning.items.text import Text, ending, without_end
from aura_shared.errors import EditRefused

__all__ = ["Entry", "FrontMatter", "Value", "read_front_matter", "remove_key", "set_key"]

Value: TypeAlias = "str | float | Sequence[str]"

_FENCE: Final = re.compile(r"---[ \t]*\Z")
_KEY: Final = re.compile(r"""(?P<key>[A-Za-z_][\w.-]*|"[^"]+"|'[^']+')[ \t]*:(?=[ \t]|\Z)""")
_DASH: Final = re.compile(r"(?P<indent>[ \t]*)-(?P<gap>[ \t]+)")
_DOUBLE: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SINGLE: Final = re.compile(r"'(?:[^']|'')*'")
_ESCAPE: Final = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "/": "/"}
_COMMENT: Final = re.compile(r"[ \t]+#.*\Z|[ \t]*\Z")
_PLAIN_END: Final = re.compile(r"[ \t]+#|[ \t]*\Z")
_MOST_CHARACTERS: Final = 10_000
"""Of a value that is understood."""
_OPAQUE_STARTS: Final = tuple("{|>&*!%@`")
_SAFE: Final = re.compile(r"[A-Za-z_./(][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*\Z|\d[\w.-]*[A-Za-z_][\w.-]*\Z")
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_NUMBER: Final = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\Z|0[xob]\w+\Z|\d{4}-\d{2}-\d{2}.*\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the block."""

    key: str
    line: int
    """Index of its line in the file."""
    end: int
    """Index after its last line."""
    value: str | tuple[str, ...] | None
    """What it says; None where it is written in a form that is not understood."""
    span: tuple[int, int] | None = None
    """Where on its line the value stands; None for a list of dashes and for what is not understood."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the block says."""

    entries: tuple[Entry, ...] = ()
    start: int = -1
    """Index of the opening fence; -1 without a block."""
    close: int = -1
    """Index of the closing fence; -1 when it is missing."""
    strange: tuple[int, ...] = ()
    """Indexes of lines that belong to nothing."""

    @property
    def body(self) -> int:
        """Index of the first line after the block."""
        return self.close + 1

    @property
    def open(self) -> bool:
        """Whether the block begins and never ends."""
        return self.start >= 0 and self.close < 0

    def find(self, key: str) -> Entry | None:
        """The entry with this key; None when there is none, or several."""
        found = [entry for entry in self.entries if entry.key == key]
        return found[0] if len(found) == 1 else None

    def doubles(self) -> list[tuple[Entry, Entry]]:
        """Keys that stand twice: the first one, and each further one."""
        first: dict[str, Entry] = {}
        pairs: list[tuple[Entry, Entry]] = []
        for entry in self.entries:
            if entry.key in first:
                pairs.append((first[entry.key], entry))
            first.setdefault(entry.key, entry)
        return pairs

    def text(self, key: str) -> str:
        """A scalar; empty when it is missing, empty, a list, or not understood."""
        entry = self.find(key)
        return entry.value if entry is not None and isinstance(entry.value, str) else ""

    def texts(self, key: str) -> tuple[str, ...] | None:
        """A list, or a single scalar as one; None when it is not understood."""
        entry = self.find(key)
        if entry is None or entry.value == "":
            return ()
        return (entry.value,) if isinstance(entry.value, str) else entry.value


def read_front_matter(text: Text) -> FrontMatter:
    """The block at the top of a file; an empty one where there is none."""
    lines = text.lines
    if not lines or not _FENCE.match(without_end(lines[0])):
        return FrontMatter()
    close = next((n for n in range(1, len(lines)) if _FENCE.match(without_end(lines[n]))), -1)
    if close < 0:
        return FrontMatter(start=0)
    entries: list[Entry] = []
    strange: list[int] = []
    number = 1
    while number < close:
        line = without_end(lines[number])
        found = _KEY.match(line)
        if found is None:
            if line.strip() and not line.lstrip().startswith("#"):
                strange.append(number)
            number += 1
            continue
        end = _end_of(lines, number, close)
        entries.append(_entry(lines, number, end, found))
        number = end
    return FrontMatter(tuple(entries), 0, close, tuple(strange))


def _end_of(lines: Sequence[str], start: int, close: int) -> int:
    """Index after the last line that belongs to the key at `start`; comments and blanks after it do not."""
    end = number = start + 1
    while number < close:
        line = without_end(lines[number])
        if line.startswith((" ", "\t", "- ")) or line == "-":
            if line.strip() and not line.lstrip().startswith("#"):
                end = number + 1
        elif line.strip() and not line.startswith("#"):
            break
        number += 1
    return end


def _entry(lines: Sequence[str], number: int, end: int, found: re.Match[str]) -> Entry:
    key = found["key"].strip("\"'")
    line = without_end(lines[number])
    begin = found.end()
    while begin < len(line) and line[begin] in " \t":
        begin += 1
    rest = line[begin:]
    if len(rest) > _MOST_CHARACTERS:
        return Entry(key, number, end, None)
    if not rest or rest.startswith("#"):
        if end == number + 1:
            return Entry(key, number, end, "", (found.end(), found.end()))
        return Entry(key, number, end, _dashes(lines[number + 1 : end]))
    if end > number + 1:
        return Entry(key, number, end, None)
    value, length = _inline(rest)
    return Entry(key, number, end, value, None if value is None else (begin, begin + length))


def _dashes(lines: Sequence[str]) -> tuple[str, ...] | None:
    """The items of a list of dashes."""
    values: list[str] = []
    for raw in lines:
        line = without_end(raw)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _DASH.match(line)
        value = None if found is None else _scalar(line[found.end() :])[0]
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def _inline(rest: str) -> tuple[str | tuple[str, ...] | None, int]:
    """A value that stands behind its key, and how long it is."""
    return _brackets(rest) if rest.startswith("[") else _scalar(rest)


def _scalar(rest: str) -> tuple[str | None, int]:
    for pattern, reader in ((_DOUBLE, _unescaped), (_SINGLE, _unquoted)):
        if rest[:1] == pattern.pattern[0]:
            found = pattern.match(rest)
            if found is None or not _COMMENT.match(rest[found.end() :]):
                return None, 0
            return reader(found.group()), found.end()
    if rest.startswith((*_OPAQUE_STARTS, "- ", "? ")) or ": " in rest or rest.endswith(":"):
        return None, 0
    found = _PLAIN_END.search(rest)
    length = found.start() if found else len(rest)
    plain = rest[:length]
    return ("" if plain in {"~", "null"} else plain), length


def _brackets(rest: str) -> tuple[tuple[str, ...] | None, int]:
    """A list in brackets on one line."""
    values: list[str] = []
    position = 1
    while True:
        while position < len(rest) and rest[position] in " \t":
            position += 1
        if position >= len(rest):
            return None, 0
        if rest[position] == "]":
            done = position + 1
            return (tuple(values), done) if _COMMENT.match(rest[done:]) else (None, 0)
        value, position = _element(rest, position)
        if value is None:
            return None, 0
        values.append(value)
        while position < len(rest) and rest[position] in " \t":
            position += 1
        if rest[position : position + 1] == ",":
            position += 1
        elif rest[position : position + 1] != "]":
            return None, 0


def _element(rest: str, position: int) -> tuple[str | None, int]:
    for pattern, reader in ((_DOUBLE, _unescaped), (_SINGLE, _unquoted)):
        if rest[position] == pattern.pattern[0]:
            found = pattern.match(rest, position)
            return (None, 0) if found is None else (reader(found.group()), found.end())
    end = position
    while end < len(rest) and rest[end] not in ",[]{}":
        end += 1
    plain = rest[position:end].strip()
    return (None, 0) if not plain or rest[end : end + 1] in ("[", "{", "}", "") or " #" in plain else (plain, end)


def _unescaped(quoted: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found.group()[1:]
        if code[0] in "xuU" and len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= 0x10FFFF else found.group()
        return _ESCAPES.get(code, found.group())

    return _ESCAPE.sub(one, quoted[1:-1])


def _unquoted(quoted: str) -> str:
    return quoted[1:-1].replace("''", "'")


# -- editing ---------------------------------------------------------------------------------------


def set_key(text: Text, key: str, value: Value, order: Sequence[str] = ()) -> Text:
    """The file with a key set; only the characters of that value change, or one line is added.

    Args:
        text: The file.
        key: Which.
        value: A scalar, a number or a list.
        order: Keys in the order in which a new one is put among them.

    Raises:
        EditRefused: The block has no end, the key stands there twice, or is written in a form that is not understood.
    """
    front = read_front_matter(text)
    if front.open:
        raise EditRefused("the front matter has no closing ---", hint="Close it, then try again.")
    twice = [str(entry.line + 1) for entry in front.entries if entry.key == key]
    if len(twice) > 1:
        raise EditRefused(f"{key} stands in the front matter more than once: lines {', '.join(twice)}")
    if front.start < 0:
        end = text.end
        return text.with_lines([f"---{end}", f"{key}: {_written(value, '')}{end}", f"---{end}", *text.lines])
    entry = front.find(key)
    if entry is None:
        return _added(text, front, f"{key}: {_written(value, '')}", _place(front, key, order))
    if entry.value is None:
        raise EditRefused(f"line {entry.line + 1} writes {key} in a form that Aura does not edit")
    if entry.value == _read_back(value):
        return text
    if entry.span is None:
        return _with_dashes(text, entry, value)
    return _with_span(text, entry, entry.span, value)


def remove_key(text: Text, key: str) -> Text:
    """The file without a key; comments around it stay.

    Raises:
        EditRefused: The key stands there twice, or the block has no end.
    """
    front = read_front_matter(text)
    if front.open or sum(entry.key == key for entry in front.entries) > 1:
        raise EditRefused(f"{key} cannot be taken out: the front matter has no end, or names it twice")
    entry = front.find(key)
    if entry is None:
        return text
    return text.with_lines([*text.lines[: entry.line], *text.lines[entry.end :]])


def _place(front: FrontMatter, key: str, order: Sequence[str]) -> int:
    """Index where a new key belongs: behind the nearest that comes before it, else at the end or the beginning."""
    if key in order:
        before = set(order[: order.index(key)])
        ends = [entry.end for entry in front.entries if entry.key in before]
        if ends:
            return max(ends)
        if any(entry.key in order for entry in front.entries):
            return front.start + 1
    return front.close


def _added(text: Text, front: FrontMatter, line: str, place: int) -> Text:
    end = ending(text.lines[front.start]) or text.end
    return text.with_lines([*text.lines[:place], line + end, *text.lines[place:]])


def _with_span(text: Text, entry: Entry, span: tuple[int, int], value: Value) -> Text:
    line = text.lines[entry.line]
    begin, finish = span
    quote = line[begin] if finish > begin and line[begin] in "\"'" else ""
    written = _written(value, quote)
    gap = "" if line[:begin].endswith((" ", "\t")) else " "
    changed = f"{line[:begin]}{gap}{written}{line[finish:]}"
    return text.with_lines([*text.lines[: entry.line], changed, *text.lines[entry.line + 1 :]])


def _with_dashes(text: Text, entry: Entry, value: Value) -> Text:
    """Another value instead of a list of dashes: lines of items that stay are kept, new ones are added behind them."""
    head = text.lines[entry.line]
    end = ending(head) or text.end
    if isinstance(value, str | int | float) or not value:
        line = without_end(head)
        found = _KEY.match(line)
        begin = found.end() if found else len(line)
        changed = f"{line[:begin]} {_written(value, '')}{line[begin:]}{end}"
        return text.with_lines([*text.lines[: entry.line], changed, *text.lines[entry.end :]])
    wanted = list(value)
    kept: list[str] = []
    shape = "  - "
    for raw in text.lines[entry.line + 1 : entry.end]:
        found = _DASH.match(raw)
        if found is None:
            kept.append(raw)
            continue
        shape = found.group()
        one = _scalar(without_end(raw)[found.end() :])[0]
        if one in wanted:
            wanted.remove(one)
            kept.append(raw)
    new = [f"{shape}{_written_scalar(one, '')}{end}" for one in wanted]
    return text.with_lines([*text.lines[: entry.line + 1], *kept, *new, *text.lines[entry.end :]])


def _read_back(value: Value) -> str | tuple[str, ...]:
    """A value as reading gives it."""
    return _scalar_text(value) if isinstance(value, str | int | float) else tuple(value)


def _scalar_text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _written(value: Value, quote: str) -> str:
    if isinstance(value, str):
        return _written_scalar(value, quote)
    if isinstance(value, int | float):
        return f"{value:g}"
    return f"[{', '.join(_written_scalar(one, '', inside=True) for one in value)}]"


def _written_scalar(value: str, quote: str, *, inside: bool = False) -> str:
    """A scalar that every YAML reader takes for this text; in the quotes that stood there where that can be."""
    plain = _is_plain(value) and not (inside and set(value) & set(",[]{}\"'"))
    if not quote and plain:
        return value
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() or _stays(one) else _escape(one) for one in escaped) + '"'


def _is_plain(value: str) -> bool:
    if value != value.strip() or value.lower() in _WORDS or _NUMBER.match(value):
        return False
    return bool(_SAFE.match(value)) and ": " not in value and " #" not in value and not value.endswith(":")


def _stays(character: str) -> bool:
    return 0xDC80 <= ord(character) <= 0xDCFF  # a byte of the file that is no UTF-8


def _escape(character: str) -> str:
    number = ord(character)
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return known or (
        f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    )
