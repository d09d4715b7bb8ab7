"""What a merge without conflicts can break all the same: two sides that fit line by line, and not in meaning.

Few and sure: each rule looks for a fact on one side and a use that only the other side brought.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from aura_git.conflicts.lines import decoded
from aura_languages.definitions import Definition, Outline, outline_of
from aura_shared.errors import AuraError

__all__ = ["SemanticProblem", "SideChange", "check_merge"]

SemanticRule = Literal["duplicate-definition", "missing-name", "changed-signature"]
_WORD: Final = re.compile(r"[^\W\d]\w*")
_SHORTEST: Final = 4  # Shorter names are used for too many things.
_PARAMETER: Final = re.compile(r"^\*{0,2}\s*(?:mut\s+|&\s*)*([A-Za-z_]\w*)")
_RECEIVERS: Final = frozenset({"self", "cls", "this"})
_MOST: Final = 20
_KEYWORDS: Final = (".py", ".pyi")
_COMMENTS: Final = ("#", "//", "*", "/*")
_DEFINES: Final = "def|func|fn|function|class"
_IMPORTS: Final = "from|import|use|pub use|export|const|let|var"


@dataclass(frozen=True, slots=True)
class SemanticProblem:
    """Something that the merge breaks."""

    rule: SemanticRule
    path: str
    line: int
    """In the merged file, from 1."""
    message: str


class SideChange:
    """A file as one side changed it; None where it is not there."""

    def __init__(self, path: str, base: bytes | None, now: bytes | None) -> None:
        self.path = path
        self.base = base or b""
        self.now = now or b""

    @cached_property
    def before(self) -> Outline | None:
        """What it defined."""
        return _outline(self.path, self.base)

    @cached_property
    def after(self) -> Outline | None:
        """What it defines."""
        return _outline(self.path, self.now)

    @cached_property
    def new_words(self) -> Counter[str]:
        """Words that it has more often than before."""
        return Counter(_WORD.findall(decoded(self.now))) - Counter(_WORD.findall(decoded(self.base)))


def check_merge(
    ours: Mapping[str, SideChange],
    theirs: Mapping[str, SideChange],
    merged: Callable[[str], bytes | None],
    defined_elsewhere: Callable[[str], bool],
) -> list[SemanticProblem]:
    """What a clean merge breaks; at most twenty.

    Args:
        ours: Files that our side changed, by path.
        theirs: Files that the other side changed.
        merged: A file of the result.
        defined_elsewhere: Whether a name is defined anywhere in the result.
    """
    problems = [*_twice(ours, theirs, merged)]
    for side, other in ((ours, theirs), (theirs, ours)):
        problems += _missing(side, other, merged, defined_elsewhere)
        problems += _signatures(side, other, merged)
    return list(dict.fromkeys(problems))[:_MOST]


def _twice(
    ours: Mapping[str, SideChange], theirs: Mapping[str, SideChange], merged: Callable[[str], bytes | None]
) -> Iterator[SemanticProblem]:
    for path in sorted(ours.keys() & theirs.keys()):
        text = merged(path)
        outline = None if text is None else _outline(path, text)
        mine, others = ours[path].after, theirs[path].after
        if outline is None or mine is None or others is None:
            continue
        most = mine.code_names() | others.code_names()
        for name, count in sorted(outline.code_names().items()):
            if count > 1 and count > most[name]:
                last = [one for one in outline.definitions if one.qualified == name][-1]
                message = f"both sides added {name}: it is defined twice now"
                yield SemanticProblem("duplicate-definition", path, _line(outline, last), message)


def _missing(
    side: Mapping[str, SideChange],
    other: Mapping[str, SideChange],
    merged: Callable[[str], bytes | None],
    defined_elsewhere: Callable[[str], bool],
) -> Iterator[SemanticProblem]:
    """Names that one side removed, and that the other side began to use."""
    for change in side.values():
        for name in sorted(_removed(change)):
            users = [path for path, use in other.items() if use.new_words[name] and not _defines(use.after, name)]
            for path in sorted(users):
                place = _place(merged(path), name)
                if place and not defined_elsewhere(name):
                    message = f"{name} was removed from {change.path} on one side, and the other side began to use it"
                    yield SemanticProblem("missing-name", path, place, message)


def _removed(change: SideChange) -> set[str]:
    """Names at the top level that a file defined, and that do not occur in it any more."""
    if change.before is None or (change.after is None and change.now):
        return set()
    words = set(_WORD.findall(decoded(change.now)))
    names = {one.name for one in change.before.definitions if one.top_level and one.has_body}
    return {name for name in names if len(name) >= _SHORTEST and name not in words}


def _signatures(
    side: Mapping[str, SideChange], other: Mapping[str, SideChange], merged: Callable[[str], bytes | None]
) -> Iterator[SemanticProblem]:
    """Functions whose required parameters one side changed, and that the other side began to call."""
    for change in side.values():
        for name, before, after in _changed_signatures(change):
            for path, use in sorted(other.items()):
                if not use.new_words[name] or _defines(use.after, name):
                    continue
                place = _call(merged(path), path, change.path, name, _renamed(before, after))
                if place:
                    message = (
                        f"{name}({', '.join(before)}) became {name}({', '.join(after)}) on one side,"
                        " and the other side began to call it"
                    )
                    yield SemanticProblem("changed-signature", path, place, message)


def _changed_signatures(change: SideChange) -> Iterator[tuple[str, list[str], list[str]]]:
    """Functions that have to be called otherwise: parameters came, went or changed places, or in Python their names."""
    if change.before is None or change.after is None:
        return
    for name, old in _functions(change.before).items():
        new = _functions(change.after).get(name)
        if new is None or len(name) < _SHORTEST:
            continue
        before, after = _needed(old), _needed(new)
        named = change.path.endswith(_KEYWORDS)  # elsewhere a caller never gives the name
        if before != after and (named or not _renamed(before, after)):
            yield name, before, after


def _renamed(before: list[str], after: list[str]) -> list[str]:
    """Old names of parameters where nothing but names changed; empty when more did."""
    return [name for name in before if name not in after] if len(before) == len(after) else []


def _call(text: bytes | None, path: str, defined_in: str, name: str, renamed: list[str]) -> int:
    """Line of the first call of a function of another file, from 1; 0 when there is none that is surely one.

    Args:
        text: The merged file.
        path: Where it lies.
        defined_in: The file that defines the function.
        name: The function.
        renamed: When only parameters were renamed, their old names: a call counts that gives one by its name.
    """
    whole = decoded(text or b"")
    folder, _, file = defined_in.rpartition("/")
    modules = {file.partition(".")[0], folder.rpartition("/")[2]}
    near = path == defined_in or (path.endswith(".go") and path.rpartition("/")[0] == folder)
    bare = near or re.search(rf"^\s*(?:{_IMPORTS})\b[^;=]{{0,400}}?\b{re.escape(name)}\b", whole, re.MULTILINE)
    called = re.compile(rf"(?:\b(\w+)\s*(?:\.|::)\s*|(?<![\w.:]))\b{re.escape(name)}\s*\(([^)]*)")
    for number, line in enumerate(whole.split("\n"), 1):
        if line.strip().startswith(_COMMENTS) or re.search(rf"(?:{_DEFINES})\s+{re.escape(name)}\b", line):
            continue
        for found in called.finditer(line):
            known = found[1] in modules if found[1] else bool(bare)
            if known and (not renamed or any(re.search(rf"\b{one}\s*=", found[2]) for one in renamed)):
                return number
    return 0


def _functions(outline: Outline) -> dict[str, str]:
    """Functions of the top level that are defined once, with the text of their parameters."""
    counts = Counter(one.name for one in outline.definitions)
    found: dict[str, str] = {}
    for one in outline.definitions:
        text = outline.text[one.core_start : one.end].decode(errors="replace")
        if one.top_level and one.kind == "function" and counts[one.name] == 1:
            found[one.name] = _between(text, text.find("(", text.find(one.name)))
    return found


def _between(text: str, start: int) -> str:
    """What stands in a pair of brackets."""
    depth = 0
    for position in range(max(start, 0), len(text)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if not depth:
            return text[start + 1 : position]
    return ""


def _needed(parameters: str) -> list[str]:
    """Names of parameters that a caller has to give, in order."""
    names: list[str] = []
    depth, piece = 0, ""
    for character in f"{parameters},":
        depth += (character in "([{<") - (character in ")]}>")
        if character == "," and depth <= 0:
            found = _PARAMETER.match(piece.strip())
            optional = "=" in piece or piece.strip().startswith(("*", "...")) or "?" in piece.split(":", maxsplit=1)[0]
            if found and not optional and found[1] not in _RECEIVERS:
                names.append(found[1])
            piece = ""
        else:
            piece += character
    return names


def _defines(outline: Outline | None, name: str) -> bool:
    return outline is not None and any(one.name == name for one in outline.definitions)


def _place(text: bytes | None, name: str) -> int:
    """Line of the first use of a name, from 1; 0 when there is none."""
    pattern = rf"\b{re.escape(name)}\b"
    for number, line in enumerate(decoded(text or b"").split("\n"), 1):
        bare = line.strip()
        if bare.startswith(_COMMENTS) or re.match(r"(?:import|from|use)\b", bare):
            continue
        if re.search(pattern, line) and not re.search(rf"(?:{_DEFINES})\s+{re.escape(name)}\b", line):
            return number
    return 0


def _line(outline: Outline, one: Definition) -> int:
    return outline.text.count(b"\n", 0, one.core_start) + 1


def _outline(path: str, text: bytes) -> Outline | None:
    try:
        return outline_of(path, text.decode(errors="replace")) if text else None
    except AuraError:
        return None
