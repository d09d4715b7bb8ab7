"""Questions about tests: removed, skipped, alone, or weaker than before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_code.reviewing.asking import Asked, numbered, place_of_gone
from aura_code.reviewing.changes import FileChange, Side

_TEST: Final = re.compile(
    r"^\s*(?:async\s+)?(?:def\s+(test\w*)\s*\(|func\s+(Test\w+)\s*\(|(?:it|test)\s*\(\s*[\"'`](.+?)[\"'`]"
    r"|fn\s+(test\w*)\s*\()"
)
_SKIPPED: Final = re.compile(
    r"@pytest\.mark\.(?:skip|xfail)\b|@unittest\.skip\b|@(?:Ignore|Disabled)\b|\b(?:it|test|describe)\.skip\s*\("
    r"|\bxit\s*\(|\bxdescribe\s*\(|#\[ignore"
)
_ALONE: Final = re.compile(r"\b(?:it|test|describe)\.only\s*\(|\bfdescribe\s*\(")
_ASSERTION: Final = re.compile(
    r"\bassert\b|\bassert\w*!?\s*\(|\bself\.assert\w+\(|\bexpect\s*\(|\brequire\.\w+\(|\bt\.(?:Error|Fatal)f?\("
    r"|\.should\b|\bpytest\.raises\("
)
_NAMED: Final = 3  # Tests that a question names.


def removed_tests(file: FileChange, asked: Asked) -> Iterator[str]:
    """Tests that are gone, unless what they tested is gone as well, or as many came instead."""
    if not file.is_test or file.old.text is None or not file.language:
        return
    fresh = {name for line in asked.added for name in _names(line)}
    known = {name for line in file.old.lines for name in _names(line)}
    gone: list[tuple[str, str]] = []
    for hunk in file.hunks:
        for number, text in numbered(hunk, "-"):
            gone += [
                (name, place_of_gone(file, hunk, number))
                for name in _names(text)
                if name not in fresh and not _subject_is_gone(file.old, name, asked)
            ]
    instead = sum(1 for line in _added_tests(file) if line not in known)
    if len(gone) <= instead:
        return
    names = ", ".join(f"`{name}`" for name, _ in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    are = "is" if len(gone) == 1 else "are"
    yield f"{gone[0][1]}: {names}{more} {are} removed; is what that checked no longer wanted, or checked elsewhere?"


def _names(text: str) -> list[str]:
    found = _TEST.match(text)
    return [next(group for group in found.groups() if group)] if found else []


def _added_tests(file: FileChange) -> list[str]:
    return [name for hunk in file.hunks for _, text in numbered(hunk, "+") for name in _names(text)]


def _subject_is_gone(side: Side, name: str, asked: Asked) -> bool:
    """Whether a test speaks of something that the change takes away."""
    if not asked.gone or side.structure is None:
        return False
    for one in side.structure.definitions:
        if one.name == name:
            text = "\n".join(side.lines[one.start_line - 1 : one.end_line])
            return not asked.gone.isdisjoint(re.findall(r"[A-Za-z_]\w*", text))
    return False


def skipped_tests(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Tests that were run before, and that a mark without a condition now skips or expects to fail."""
    if not file.is_test or file.kind == "added" or not file.language:
        return
    for hunk in file.hunks:
        gone = {text.strip() for _, text in numbered(hunk, "-")}
        for number, text in numbered(hunk, "+"):
            if _ALONE.search(text):
                yield f"{file.path}:{number}: only this test would run; is that meant to stay?"
            elif _SKIPPED.search(text) and text.strip() not in gone and not _is_new(file, number):
                yield f"{file.path}:{number}: a test is skipped or expected to fail now; why, and until when?"


def _is_new(file: FileChange, number: int) -> bool:
    """Whether the next test below a mark comes with the change."""
    for line in range(number, min(number + 8, len(file.new.lines)) + 1):
        if _names(file.new.line(line)):
            return line in file.new_lines
    return False


def weaker_tests(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Tests that stay and assert less than before."""
    if not file.is_test or file.kind != "modified":
        return
    before, after = _assertions(file.old), _assertions(file.new)
    for name, (count, _) in before.items():
        now, line = after.get(name, (count, 1))
        if now < count and name.rpartition(".")[2].lower().startswith("test"):
            yield f"{file.path}:{line}: `{name}` asserts {count} times before and {now} now; what is no longer checked?"


def _assertions(side: Side) -> dict[str, tuple[int, int]]:
    """Assertions and line of each function."""
    found: dict[str, tuple[int, int]] = {}
    for place, one in enumerate(side.structure.definitions if side.structure is not None else ()):
        if one.kind in {"function", "method"}:
            lines = side.lines[one.start_line - 1 : one.end_line]
            count = sum(len(_ASSERTION.findall(line)) for line in lines)
            found.setdefault(side.names[place], (count, max(1, one.line)))
    return found
