"""One function, class or method that a model wrote anew, in the place of its definition."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from aura_factory.editing.answers import Code
from aura_factory.editing.carrying import carry_over, known_lines_restored
from aura_factory.editing.imports import missing_imports
from aura_factory.editing.outcomes import Refusal, RefusalKind, RefusedError
from aura_factory.editing.placeholders import expand
from aura_factory.editing.texts import Edit, FileLines, split_lines
from aura_languages.definitions import Definition, Outline, outline_of, plain_name

__all__ = ["definition_of", "replace_symbol"]

_LIKE_FUNCTIONS: Final = frozenset({"function", "method", "constructor", "property"})
_MOST_LOST: Final = 0.3
_WRAPPERS: Final = ("class Around {\n", "\n}\n")
"""What makes a method without its class parse, in JavaScript, TypeScript and Java."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A definition as the model wrote it."""

    outline: Outline
    definition: Definition
    code: Code


def definition_of(file: FileLines, outline: Outline, symbol: str) -> Definition:
    """The one definition that a name means.

    Raises:
        RefusedError: There is none, or there are several.
    """
    found = outline.named(symbol)
    if len(found) > 1:
        found = [one for one in found if one.qualified == plain_name(symbol)] or found
    if len(found) > 1:
        found = [one for one in found if one.has_body] or found
    if not found:
        names = get_close_matches(symbol, [one.qualified for one in outline.definitions], n=3)
        near = f"; there is {', '.join(names)}" if names else ""
        raise RefusedError(Refusal("symbol", file.path, f"the file defines no {symbol}{near}"))
    if len(found) > 1:
        rows = ", ".join(str(_row(outline.text, one.start) + 1) for one in found[:8])
        raise RefusedError(Refusal("ambiguous", file.path, f"{symbol} is defined {len(found)} times: lines {rows}"))
    return found[0]


def replace_symbol(
    file: FileLines, codes: Sequence[Code], symbol: str, *, named: Collection[str], keep_comments: bool
) -> tuple[list[Edit], list[str]]:
    """The edits that put a re-emitted definition in the place of the old one, and notes.

    Args:
        file: The file.
        codes: What the answer holds.
        symbol: Name of the definition; `Class.method` for one inside another.
        named: Definitions that the request is about; they may be gone.
        keep_comments: See `carry_over`.

    Raises:
        RefusedError: It is another symbol, more than the symbol, or not certain what was meant.
    """
    outline = outline_of(file.path, file.text)
    if outline is None:
        raise RefusedError(Refusal("symbol", file.path, "its language has no grammar, so symbols cannot be replaced"))
    old = definition_of(file, outline, symbol)
    written = _written(file, outline, old, codes, symbol)
    _check_alike(file, outline, old, written, named)
    start, end, suffix = _old_span(file, outline, old, written)
    new_lines = _new_lines(outline, old, written)
    old_lines = file.lines[start:end]
    old_lines[-1] = old_lines[-1].removesuffix(suffix)
    if not written.code.closed and not _is_complete(old_lines, new_lines):
        raise RefusedError(Refusal("truncated", file.path, "the fence is not closed, and the symbol ends otherwise"))
    anchor = (_index(new_lines, written), _row(outline.text, old.core_start) - start)
    carried = carry_over(
        file.path, old_lines, new_lines, file_unit=file.unit, keep_comments=keep_comments, anchor=anchor
    )
    lines = carried.lines
    lines[-1] += suffix
    edits = [Edit(start, end, tuple(lines)), *missing_imports(file, outline, written.outline)]
    return edits, carried.notes


def _written(file: FileLines, outline: Outline, old: Definition, codes: Sequence[Code], symbol: str) -> _Written:
    """The definition that the answer holds.

    Raises:
        RefusedError: It holds none of that name, or several.
    """
    readings = [_read(file, code, symbol) for code in codes]
    found = [one for one in readings if isinstance(one, _Written)]
    if len(found) > 1:
        before = outline.text[old.start : old.end].split()
        changed = [one for one in found if _text(one).split() != before]
        found = changed if len({_text(one) for one in changed}) == 1 else found
        found = found[:1] if len({_text(one) for one in found}) == 1 else found
    if len(found) > 1:
        detail = f"the answer holds {symbol} {len(found)} times, each time otherwise"
        raise RefusedError(Refusal("several", file.path, detail))
    if not found:
        raise next(one for one in readings if isinstance(one, RefusedError))
    return found[0]


def _text(written: _Written) -> bytes:
    return written.outline.text[written.definition.start : written.definition.end]


def _parsed(file: FileLines, code: Code, symbol: str) -> tuple[Outline | None, Code]:
    """The outline of what stands in a fence, and the fence with that put right without which it does not parse."""
    outline = _outline(file.path, code, symbol)
    if outline is not None and not outline.errors:
        return outline, code
    lines = known_lines_restored(file.lines, code.lines)
    with contextlib.suppress(RefusedError):
        lines, _expanded = expand(file.path, file.lines, lines)
    mended = replace(code, lines=tuple(lines))
    return _outline(file.path, mended, symbol), mended


def _outline(path: str, code: Code, symbol: str) -> Outline | None:
    text = "\n".join(code.lines) + "\n"
    outline = outline_of(path, text)
    if (outline is None or outline.errors) and "." in plain_name(symbol):
        wrapped = outline_of(path, _in_class(text))
        return wrapped if wrapped is not None and not wrapped.errors else outline
    return outline


def _in_class(text: str) -> str:
    """A method inside a class, below the imports that were sent along."""
    head = re.match(r"(?:(?:import\b[^\n]*|const \w+ = require[^\n]*|)\n)*", text)
    at = head.end() if head else 0
    return text[:at] + text[at:].join(_WRAPPERS)


def _read(file: FileLines, code: Code, symbol: str) -> _Written | RefusedError:
    """The definition in one fence, or why it holds none."""
    path = file.path
    outline, code = _parsed(file, code, symbol)
    if outline is None or outline.errors:
        return _refuse(path, "syntax", f"the code for {symbol} does not parse")
    name = plain_name(symbol)
    found = outline.named(name) or outline.named(name.rpartition(".")[2])
    around = name.rpartition(".")[0].rpartition(".")[2]
    found = [one for one in found if _fits(one, around)]
    if len(found) != 1:
        names = ", ".join(dict.fromkeys(one.qualified for one in outline.definitions)) or "no definition"
        return _refuse(path, "symbol", f"expected the code of {symbol}, found {names[:200]}")
    return _Written(outline, found[0], code)


def _fits(one: Definition, around: str) -> bool:
    """Whether what is around a definition is what should be, or nothing."""
    outer = one.qualified.rpartition(".")[0].rpartition(".")[2]
    return outer in {"", around, "Around"}


def _refuse(path: str, kind: RefusalKind, detail: str) -> RefusedError:
    return RefusedError(Refusal(kind, path, detail))


def _check_alike(file: FileLines, outline: Outline, old: Definition, written: _Written, named: Collection[str]) -> None:
    """Refuse another kind of definition, further code beside it, and members that are gone.

    Raises:
        RefusedError: One of these is so.
    """
    new, text = written.definition, written.outline.text
    kinds = {"function" if one.kind in _LIKE_FUNCTIONS else one.kind for one in (old, new)}
    if len(kinds) > 1:
        raise _refuse(file.path, "symbol", f"{old.name} is a {old.kind}, the answer has a {new.kind}")
    known = {(one.name, outline.text[one.start : one.end].strip()) for one in outline.definitions}
    for one in written.outline.definitions:
        inside = new.start <= one.start and one.end <= new.end
        around = one.start <= new.start and new.end <= one.end
        if not inside and not around and (one.name, text[one.start : one.end].strip()) not in known:
            raise _refuse(file.path, "symbol", f"besides {old.name} the answer has {one.name}; send that one alone")
    for start, end in written.outline.loose:
        if not (start <= new.start and new.end <= end):
            line = text[start:end].decode("utf-8", "replace").split("\n")[0]
            raise _refuse(file.path, "symbol", f"besides {old.name} the answer has {line!r}; send the symbol alone")
    members = _members(outline, old)
    lost = members - _members(written.outline, new) - set(named)
    if members and len(lost) > _MOST_LOST * len(members):
        names = ", ".join(sorted(lost)[:6])
        raise _refuse(file.path, "lost", f"{len(lost)} of {len(members)} members of {old.name} are gone: {names}")


def _members(outline: Outline, one: Definition) -> set[str]:
    inside = (other for other in outline.definitions if one.start <= other.start and other.end <= one.end)
    return {other.name for other in inside if other is not one and other.has_body}


def _old_span(file: FileLines, outline: Outline, old: Definition, written: _Written) -> tuple[int, int, str]:
    """First line, first line after, and what stands behind the definition on its last line.

    Raises:
        RefusedError: Other code stands on its first or last line.
    """
    new = written.definition
    start = old.start
    if new.start == new.bare_start:
        start = old.bare_start  # The model left out decorators and attributes: those of the file stay.
    if new.comment_start < new.start and start == old.start:
        start = old.comment_start
    text = outline.text
    line = text.rfind(b"\n", 0, start) + 1
    after = text.find(b"\n", old.end)
    after = len(text) if after < 0 else after
    closing = 1 if text[: old.end].endswith(b"\n") else 0
    before, behind = text[line:start].decode(), text[old.end - closing : after].decode() if not closing else ""
    if before.strip() or behind.strip() not in {"", ";", ","}:
        raise _refuse(file.path, "symbol", f"other code stands on the lines of {old.name}")
    return _row(text, start), _row(text, old.end - closing) + 1, behind


def _new_lines(outline: Outline, old: Definition, written: _Written) -> list[str]:
    """The lines of the definition as the model wrote them, with the `export` that it left out."""
    new, text = written.definition, written.outline.text
    start = min(new.bare_start, new.start)
    if new.comment_start < new.start and old.comment_start <= old.start:
        start = new.comment_start
    line = text.rfind(b"\n", 0, start) + 1
    closing = 1 if text[: new.end].endswith(b"\n") else 0
    lines = split_lines(text[line : new.end - closing].decode("utf-8", "replace"))
    lead_old, lead_new = (
        one.text[two.bare_start : two.core_start].decode() for one, two in ((outline, old), (written.outline, new))
    )
    for word in ("export default ", "export "):
        if lead_old.startswith(word) and not lead_new.startswith("export"):
            at = _row(text, new.bare_start) - _row(text, start)
            indent = len(lines[at]) - len(lines[at].lstrip())
            lines[at] = lines[at][:indent] + word + lines[at][indent:]
            break
    return lines


def _index(lines: Sequence[str], written: _Written) -> int:
    """The line, among those of the definition, on which it begins without decorators."""
    text, new = written.outline.text, written.definition
    total = _row(text, new.end - (1 if text[: new.end].endswith(b"\n") else 0)) + 1
    return max(0, len(lines) - (total - _row(text, new.core_start)))


def _is_complete(old: Sequence[str], new: Sequence[str]) -> bool:
    last = [next((line.strip() for line in reversed(one) if line.strip()), "") for one in (old, new)]
    return last[0] == last[1]


def _row(text: bytes, at: int) -> int:
    return text.count(b"\n", 0, at)
