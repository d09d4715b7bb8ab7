"""Questions about code: checks that are gone, errors caught differently, other values, marks, dead lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from aura_code.places import read_place
from aura_code.reviewing.asking import Asked, is_edited, is_source, numbered, place_of_gone, stripped
from aura_code.reviewing.changes import FileChange
from aura_code.syntax import parse_source

_MARK: Final = re.compile(r"(?:#|//|/\*|<!--|--)[^\"'`]{0,30}?\b(TODO|FIXME|HACK|XXX)\b[\s:(,.-]*(.*)")
_RAISE: Final = re.compile(
    r"^\s*(?:\}?\s*(?:if|elif|else if|unless)\b.*?[:{)]\s*)?(?:raise\s+([A-Z][\w.]*)|throw\s+(?:new\s+)?([A-Z][\w.]*))"
)
_IF: Final = re.compile(r"\s*\}?\s*(?:if|elif|else if|unless)\b\s*(.+?)\s*[:{]?\s*$")
_ASSERT: Final = re.compile(r"^\s*(?:assert\b|assert!|debug_assert!|invariant\(|console\.assert\()")
_EXCEPT: Final = re.compile(r"^\s*except\b\s*([^:]*):")
_BROAD: Final = re.compile(r"^(?:(?:Base)?Exception(?:\s+as\s+\w+)?)?$")
_LITERAL: Final = r"(-?\d[\d_.]*\w{0,3}|[Tt]rue|[Ff]alse)"
_ASSIGNED: Final = re.compile(
    r"^\s*(?:(?:export|pub(?:\([^)]*\))?|static|private|public|protected|final|const|let|var|readonly)\s+)*"
    r"(?:(?:int|long|double|float|boolean|Duration)\s+)?"
    r"[\"']?([A-Za-z_][\w.-]*)[\"']?\s*(?::\s*[^=]{1,60}?)?\s*(?:=|:=|:)\s*"
    rf"{_LITERAL}\b\s*(?:\*\s*[\w.]+\s*)?[,;)]?\s*(?:[#/].*)?$"
)
_DEFAULT: Final = re.compile(rf"\b([a-z_]\w*)\s*(?::\s*[\w\[\]., |]+)?\s*=\s*{_LITERAL}\s*(?=[,)])")
_TELLING: Final = re.compile(
    r"time_?out|limit|retr(?:y|ies)|max|min|interval|ttl|size|threshold|delay|depth|window|batch|expir|enabled|verify"
    r"|strict|secure|workers|pool|attempts|ratio|rate",
    re.IGNORECASE,
)
_SETTINGS: Final = frozenset({"toml", "yaml", "yml", "ini", "cfg", "env", "properties"})
_MARKERS: Final = re.compile(r"^(?:<{7} |>{7} )")
_CODE: Final = re.compile(
    r"[;{}]\s*$|\w\(.*\)|^\s*(?:if|for|while|return|import|from|def|const|let|var)\b.*|\w\s*[:+-]?=\s*\S"
)
_COMMENT: Final = re.compile(r"\s*(?:#|//)\s?(?![#/!])(.*)$")
_WRAPPED: Final = {
    "go": ("package x\nfunc f() {\n", "\n}\n"),
    "rust": ("fn f() {\n", "\n}\n"),
    "java": ("class X { void f() {\n", "\n}}\n"),
}
_ABOVE: Final = 3  # Lines between a condition and the error that it guards.


def left_markers(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Marks of a conflict that were left in."""
    if read_place(file.path).kinds & {"docs", "tests"}:
        return
    for hunk in file.hunks:
        for number, text in numbered(hunk, "+"):
            if _MARKERS.match(text):
                yield f"{file.path}:{number}: the marks of a conflict are left in; which side is meant?"
                return


def removed_checks(file: FileChange, asked: Asked) -> Iterator[str]:
    """Errors that are no longer raised, and assertions that are gone, in functions that stay."""
    if not is_edited(file):
        return
    still = "\n".join(stripped(file, "+"))
    for hunk in file.hunks:
        gone = numbered(hunk, "-")
        for place, (number, text) in enumerate(gone):
            owner = file.old.owner(number)
            if not owner or owner not in file.new.names or text.strip() in asked.added:
                continue
            where = place_of_gone(file, hunk, number)
            condition, error = _guarded(gone, place, still)
            if condition:
                yield f"{where}: `{condition}` no longer leads to `{error}` in `{owner}`; what holds in that case now?"
            elif _ASSERT.match(text) and "assert" not in still:
                yield f"{where}: `{text.strip()[:80]}` is gone from `{owner}`; is it no longer true?"


def _guarded(gone: Sequence[tuple[int, str]], place: int, still: str) -> tuple[str, str]:
    """The removed condition and the removed error under it; empty when the error is still raised somewhere."""
    raised = _RAISE.match(gone[place][1])
    if raised is None:
        return "", ""
    error = (raised[1] or raised[2]).rpartition(".")[2]
    if re.search(rf"\b{re.escape(error)}\b", still):
        return "", ""
    for number, text in reversed(gone[max(0, place - _ABOVE) : place + 1]):
        found = _IF.match(text)
        if found and gone[place][0] - number <= _ABOVE:
            return _shown(re.sub(r"\s*[:{]\s*(?:raise|throw)\b.*$", "", found[1])), error
    return "", ""


def _shown(condition: str) -> str:
    text = condition.strip()
    while text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")") == 1:
        text = text[1:-1].strip()
    return text if len(text) <= 80 else text[:79] + "…"


def caught_differently(file: FileChange, asked: Asked) -> Iterator[str]:
    """Errors that are caught no more, and clauses that now catch everything (Python)."""
    if not is_edited(file) or file.language != "python":
        return
    for hunk in file.hunks:
        new = [(number, found[1].strip()) for number, text in numbered(hunk, "+") if (found := _EXCEPT.match(text))]
        broad = [(number, what) for number, what in new if _BROAD.match(what)]
        for number, text in numbered(hunk, "-"):
            found = _EXCEPT.match(text)
            owner = file.old.owner(number)
            if found is None or text.strip() in asked.added or (owner and owner not in file.new.names):
                continue
            before = re.sub(r"\s+as\s+\w+$", "", found[1].strip())
            if not new and before:
                where = place_of_gone(file, hunk, number)
                yield f"{where}: `{owner or 'the module'}` no longer catches `{before}`; who does?"
            elif broad and not _BROAD.match(before):
                line, now = broad[0]
                wide = re.sub(r"\s+as\s+\w+$", "", now) or "everything"
                yield f"{file.path}:{line}: `{wide}` is caught instead of `{before}`; which other errors are expected?"


def other_values(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Limits, timeouts, switches and constants with another value than before."""
    if file.kind not in {"modified", "renamed"} or not (is_source(file) or _is_settings(file)):
        return
    for hunk in file.hunks:
        before = {found[1]: found[2] for _, text in numbered(hunk, "-") for found in _assigned(text)}
        for number, text in numbered(hunk, "+"):
            for found in _assigned(text):
                name, value = found[1], found[2]
                telling = _TELLING.search(name) or (name.isupper() and len(name) > 2)
                if before.get(name, value) == value or not telling or "version" in name.lower():
                    continue
                yield f"{file.path}:{number}: `{name}` goes from {before[name]} to {value}; what was that decided by?"


def _assigned(text: str) -> Iterator[re.Match[str]]:
    found = _ASSIGNED.match(text)
    if found:
        yield found
    else:
        yield from _DEFAULT.finditer(text)


def _is_settings(file: FileChange) -> bool:
    aside = read_place(file.path).kinds & {"tests", "docs"}
    return file.path.rpartition(".")[2].lower() in _SETTINGS and not aside and not file.generated


def marks(file: FileChange, _asked: Asked) -> Iterator[str]:
    """A TODO and the like that is new."""
    if file.generated or not file.language or read_place(file.path).kinds & {"docs"}:
        return
    known = "\n".join(stripped(file, "-"))
    for hunk in file.hunks:
        last = -1
        for number, text in numbered(hunk, "+"):
            found = _MARK.search(text)
            follows, last = number == last + 1, number if found else last
            if follows:
                continue  # One remark over several lines.
            what = found[2].strip(" */->")[:80] if found else ""
            if found and (not what or what[:40] not in known):
                said = f"{found[1]} {what}".strip()
                yield f"{file.path}:{number}: it says `{said}`; is that for this change, or where is it tracked?"


def commented_out(file: FileChange, _asked: Asked) -> Iterator[str]:
    """Lines of code that are added as comments."""
    if not is_source(file):
        return
    removed = set(stripped(file, "-"))
    for hunk in file.hunks:
        run: list[tuple[int, str]] = []
        for number, text in [*numbered(hunk, "+"), (-1, "")]:
            found = _COMMENT.match(text)
            if found and (not run or number == run[-1][0] + 1):
                run.append((number, found[1]))
                continue
            if _is_code(file, [line for _, line in run], removed):
                yield f"{file.path}:{run[0][0]}: {len(run)} lines of code are commented out; can they go instead?"
            run = [(number, found[1])] if found else []


def _is_code(file: FileChange, lines: list[str], removed: set[str]) -> bool:
    """Whether comments are the lines that are gone, or read as code of the language from end to end."""
    if len(lines) < 2:
        return False
    long = [line.strip() for line in lines if len(line.strip()) > 5]
    if long and sum(line in removed for line in long) * 2 >= len(lines):
        return True
    if sum(bool(_CODE.search(line)) for line in lines) < len(lines) * 0.8:
        return False
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    head, tail = _WRAPPED.get(file.language, ("", "\n"))
    text = head + "\n".join(line[margin:] for line in lines) + tail
    source = parse_source(f"x.{file.path.rpartition('.')[2]}", text.encode(), language=file.language)
    return source is not None and not source.root.has_error
