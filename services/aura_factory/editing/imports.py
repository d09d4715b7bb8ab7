"""Imports that a model wrote along with a symbol, merged into those of the file where that is certain."""

from __future__ import annotations

from aura_factory.editing.outcomes import Refusal, RefusedError
from aura_factory.editing.texts import Edit, FileLines
from aura_languages.definitions import Import, Outline

__all__ = ["missing_imports"]


def missing_imports(file: FileLines, old: Outline, new: Outline) -> list[Edit]:
    """The edits that add what the file does not import yet: each statement after the last one that imports.

    Raises:
        RefusedError: A part of a statement is there already, or the file has no imports to stand beside.
    """
    known = {pair for one in old.imports for pair in one.names}
    lines: list[str] = []
    for one in new.imports:
        fresh = [pair for pair in one.names if pair not in known]
        if not fresh:
            continue
        text = new.text[one.start : one.end].decode("utf-8", "replace")
        if (len(fresh) < len(one.names) or "\n" in text.strip()) and not _is_group(new, one):
            raise _uncertain(file, text)
        lines.extend(_statements(new, one, {module for module, _name in fresh}))
    if not lines:
        return []
    first_code = min((one.start for one in old.definitions if one.top_level and one.has_body), default=len(old.text))
    leading = [one for one in old.imports if one.end <= first_code]
    if not leading:
        raise _uncertain(file, lines[0])
    last = leading[-1]
    if _is_group(old, last):
        return [_into_group(file, old, last, lines)]
    row = old.text.count(b"\n", 0, last.end - (1 if old.text[: last.end].endswith(b"\n") else 0)) + 1
    if _is_go(old, last):
        lines = [f"import {line.strip()}" for line in lines]
    return [Edit(row, row, tuple(lines))]


def _is_go(outline: Outline, one: Import) -> bool:
    text = outline.text[one.start : one.end]
    return text.startswith(b"import") and (b'"' in text or b"`" in text) and b" from " not in text and b";" not in text


def _is_group(outline: Outline, one: Import) -> bool:
    """Whether it is an `import ( ... )` of Go."""
    return outline.text[one.start : one.end].startswith(b"import (")


def _statements(outline: Outline, one: Import, modules: set[str]) -> list[str]:
    """The lines of a statement that import certain modules."""
    text = outline.text[one.start : one.end].decode("utf-8", "replace").rstrip("\n")
    if not _is_group(outline, one):
        line_end = outline.text.find(b"\n", one.end)
        rest = outline.text[one.end : line_end if line_end >= 0 else len(outline.text)].decode("utf-8", "replace")
        whole = text + (rest if rest.strip() == ";" else "")
        return [whole.removeprefix("import ").strip()] if _is_go(outline, one) else [whole]
    return [line for line in text.split("\n")[1:-1] if any(f'"{module}"' in line for module in modules)]


def _into_group(file: FileLines, old: Outline, group: Import, lines: list[str]) -> Edit:
    """The lines in the first block of a group: in the order of the alphabet where the block is in that order."""
    first = old.text.count(b"\n", 0, group.start) + 1
    end = first
    while end < len(file.lines) and file.lines[end].strip() not in {"", ")"}:
        end += 1
    block = [line.strip() for line in file.lines[first:end]]
    added = sorted("\t" + line.strip() for line in lines)
    if block == sorted(block) and len(added) == 1:
        at = sum(1 for line in block if line < added[0].strip())
        return Edit(first + at, first + at, tuple(added))
    return Edit(end, end, tuple(added))


def _uncertain(file: FileLines, text: str) -> RefusedError:
    detail = f"it is not certain where {text.strip().splitlines()[0]!r} belongs; add it by an edit of its own"
    return RefusedError(Refusal("symbol", file.path, detail))
