"""What the text of one item says: its criteria, steps, features, open questions, and the files that it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from aura_planning.items.frontmatter import read_front_matter
from aura_planning.items.markdown import headings, outside_code
from aura_planning.items.text import read_text
from aura_planning.parsing.lexicon import role_of
from aura_planning.proposing.contract import Contents, Part

__all__ = ["read_contents"]

_Slot: TypeAlias = Literal["criteria", "steps", "features", "questions", "flow", "loose", "skip", ""]
_ENTRY: Final = re.compile(
    r"(?P<indent>\s*)(?:[-*+]|(?P<number>\d+(?:\.\d+)*)[.)]?)\s+(?:[-*+]\s+(?=\[))?"
    r"(?:\[(?P<box>[ xX~-])\]\*?\s*)?(?P<text>\S.*)\Z"
)
_NAMED: Final = re.compile(r"\*{0,2}(?:AC|criterion)[ -]?#?\d+(?:\.\d+)*\s*[:.)\u2013-]", re.IGNORECASE)
_STEP: Final = re.compile(r"\*{0,2}(?P<word>given|when|then|and|but)\b[\s:*]", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"\s*(?:\*\*|__)?(?P<words>[^*_:|]{3,60}?)(?:\s*\([^)]*\))?\s*(?::(?:\*\*|__)?|(?:\*\*|__):?)\s*\Z"
)
_MARKS: Final = re.compile(r"\*\*|__|`|~~|\*(?=\S)|(?<=\S)\*")
_REFERS: Final = re.compile(
    r"\(?\bACs?\s*[:#]?\s*(?P<list>#?\d+(?:\s*(?:[,&/]|and|to|[-\u2013])\s*#?(?:AC)?\s*\d+)*)\)?", re.IGNORECASE
)
_RANGE: Final = re.compile(r"(\d+)\s*(?:-|\u2013|to)\s*#?(?:AC)?\s*(\d+)", re.IGNORECASE)
_FILE: Final = re.compile(
    r"(?<![\w/.@-])(?:[\w.@()\[\]-]+/)*[\w.-]+\.(?:py|pyi|tsx?|jsx?|mjs|go|rs|java|kt|cs|cpp|cc|hpp|c|h|rb|php|swift|dart|vue|"
    r"svelte|sql|prisma|ya?ml|toml|json|css|scss|html|md|sh|proto|graphql|tf|ipynb)(?![\w/])"
)
_SENTENCE: Final = re.compile(r"as an?\b.*\bI\b", re.IGNORECASE | re.DOTALL)
_OPEN: Final = re.compile(r"\b(?:TBD|TODO|FIXME|to be (?:decided|defined|clarified))\b|\?\?\?")
_STEPS: Final = re.compile(
    r"\b(?:sub-?tasks?|to-?dos?|implementation|deliverables?|work items?|checklist)\b", re.IGNORECASE
)
_FLOW: Final = re.compile(r"\b(?:steps|workflows?|(?:user|main|happy) (?:flow|path)|journey)\b", re.IGNORECASE)
_FEATURES: Final = re.compile(r"\b(?:scope|features?|stories|capabilities)\b", re.IGNORECASE)
_SKIPPED: Final = frozenset({"out", "later", "never", "dependencies", "coverage", "metrics"})
_SLOTS: Final = {
    "criteria": "criteria", "tasks": "steps", "stories": "features", "features": "features", "requirements": "features",
    "specs": "features", "epics": "features", "questions": "questions",
}  # fmt: skip
_LOGS: Final = re.compile(
    r"\b(?:log|notes|record|references?|change|history|structure|models?|diagrams?)\b", re.IGNORECASE
)
_DONE_SIGNS: Final = frozenset("\u2705\u2713\u2714\u2611")
_MOST: Final = 500
"""Entries of a section."""
_MOST_TEXT: Final = 4000


@dataclass(slots=True)
class _Entry:
    text: list[str]
    first: int
    last: int
    indent: int
    box: str | None = None
    below: list[str] = field(default_factory=list[str])
    boxes: list[str] = field(default_factory=list[str])
    """Of the entries below it."""
    step: str = ""
    """The last of given, when, then that it holds."""
    heading: bool = False


class _Reader:
    """Goes through the lines once."""

    def __init__(self, data: bytes) -> None:
        text = read_text(data)
        self._lines = text.lines
        self._body = read_front_matter(text).body
        self._marks = {mark.line: mark for mark in headings(text.lines, self._body)}
        self._found: dict[str, list[_Entry]] = {}
        self._slot: _Slot = ""
        self._level = 0
        self._by_label = False
        self._open: _Entry | None = None
        self._blank = False
        self._fenced = False
        self._plain: list[str] = []

    def read(self) -> Contents:
        for number, line in outside_code(self._lines, self._body):
            mark = self._marks.get(number)
            if line.lstrip().startswith(("```", "~~~")):  # a fence inside a list, which stands too far in to be one
                self._fenced = not self._fenced
                continue
            if self._fenced and mark is None:
                continue
            self._fenced = False
            if mark is not None:
                self._heading(mark.level, mark.title, number)
            elif not line.strip():
                self._blank = True
            else:
                self._line(number, line)
                self._blank = False
        return self._contents()

    # -- sections --------------------------------------------------------------------------------------

    def _heading(self, level: int, title: str, number: int) -> None:
        if self._slot in {"criteria", "steps", "features"} and level > self._level > 0 and not self._by_label:
            slot = self._slot_of(title)
            if slot in {"", self._slot}:
                self._begin(_Entry([_clean(title)], number, number, -1, heading=True))
                return
        slot = self._slot_of(title)
        if self._slot == "skip" and level > self._level and not slot:
            return
        if level > 1 or slot:
            self._slot, self._level, self._by_label = slot, level, False
        self._open = None

    def _slot_of(self, title: str) -> _Slot:
        role = role_of(title)
        if role in _SKIPPED or (not role and _LOGS.search(title)):
            return "skip"
        slot = _SLOTS.get(role, "")
        if not slot:
            named = (("steps", _STEPS), ("flow", _FLOW), ("features", _FEATURES))
            slot = next((name for name, words in named if words.search(title)), "skip" if role == "ignore" else "")
        return slot  # pyright: ignore[reportReturnType] - the values of _SLOTS are slots

    def _line(self, number: int, line: str) -> None:
        label = _LABEL.match(line)
        if label is not None and not _STEP.match(line.strip()):
            slot = self._slot_of(label["words"])
            if slot and not (self._slot == slot and self._open is not None and line[:1] == " "):
                self._slot, self._level, self._by_label, self._open = slot, 7, True, None
                return
        if self._slot == "skip":
            return
        entry = _ENTRY.match(line)
        if self._slot in {"criteria", "steps", "features", "questions", "flow"}:
            self._take(number, line, entry)
            return
        if entry is not None and (entry["number"] or entry["box"]):
            slot = self._slot
            self._slot = "loose" if entry["box"] else "flow"
            self._take(number, line, entry)
            self._slot = slot
            return
        self._open = None
        self._plain.append(_clean(line))

    # -- entries ---------------------------------------------------------------------------------------

    def _take(self, number: int, line: str, entry: re.Match[str] | None) -> None:
        words = (entry["text"] if entry else line).strip()
        step = _STEP.match(words) if self._slot == "criteria" else None
        if step is not None and self._step(number, words, step["word"].lower()):
            return
        if entry is None:
            self._further(number, line)
            return
        indent = len(entry["indent"].expandtabs(4))
        current = self._open
        if current is not None and (current.heading or indent > current.indent + 1):
            current.below.append(_clean(words))
            current.boxes.append(entry["box"] or "")
            current.last = number
            return
        made = _Entry([_clean(words)], number, number, indent, entry["box"])
        self._begin(made)

    def _step(self, number: int, words: str, word: str) -> bool:
        """A line of a scenario: it begins one, or goes on with it."""
        current = self._open
        begins = word == "given" or (word == "when" and (current is None or current.step in {"then", "and"}))
        if current is not None and not (begins and current.step) and (current.step or current.heading or not begins):
            current.text.append(_clean(words))
            current.last = number
        elif begins:
            self._begin(_Entry([_clean(words)], number, number, 0))
        else:
            return False
        if self._open is not None:
            self._open.step = "then" if " then " in f" {words.lower()} " and word != "then" else word
        return True

    def _further(self, number: int, line: str) -> None:
        """A line that is no entry: it belongs to the one before, or stands alone."""
        current = self._open
        words = _clean(line)
        if line.lstrip().startswith("|"):
            return
        if _NAMED.match(line.strip()) and self._slot == "criteria":
            self._begin(_Entry([words], number, number, 0))
        elif current is not None and (not self._blank or line[:1] in " \t" or current.heading):
            (current.below if current.heading else current.text).append(words)
            current.last = number
        else:
            self._open = None
            self._plain.append(words)

    def _begin(self, entry: _Entry) -> None:
        rows = self._found.setdefault(self._slot, [])
        self._open = entry
        if len(rows) < _MOST:
            rows.append(entry)

    # -- the whole -------------------------------------------------------------------------------------

    def _contents(self) -> Contents:
        flow = self._parts("flow")
        steps = self._parts("steps") or self._parts("loose") or (flow if len(flow) > 1 else ())
        body = "".join(self._lines[self._body :])
        sentence = _sentence(self._plain)
        about = " ".join(line for line in self._plain if line and line not in sentence)
        open_lines = tuple(
            Part(_clean(line), number + 1, number + 1)
            for number, line in outside_code(self._lines, self._body) if _OPEN.search(line)
        )  # fmt: skip
        return Contents(
            sentence=sentence, about=about[:600], criteria=self._parts("criteria"), steps=steps,
            flow=flow, features=self._parts("features"), questions=(*self._parts("questions"), *open_lines),
            files=tuple(dict.fromkeys(_FILE.findall(body)))[:100], words=len(body.split()),
        )  # fmt: skip

    def _parts(self, slot: str) -> tuple[Part, ...]:
        found: list[Part] = []
        for one in self._found.get(slot, []):
            text = " ".join(" ".join(one.text).split())
            whole = " ".join([text, *one.below])
            if slot == "criteria" and one.below:
                text = f"{text}: {'; '.join(one.below)}"
            refers = _refers(whole) if slot in {"steps", "loose", "flow"} else ()
            ticked = _ticked(one)
            if text:
                found.append(
                    Part(text[:_MOST_TEXT], one.first + 1, one.last + 1, ticked, tuple(one.below[:40]), refers)
                )
        return tuple(found)


def read_contents(data: bytes) -> Contents:
    """What the file of an item says, with the lines of each entry; code in fences is passed over."""
    return _Reader(data).read()


def _ticked(one: _Entry) -> bool | None:
    """Whether an entry is done: its own box says so, or else all boxes below it do."""
    if one.box is not None or one.text[0][:1] in _DONE_SIGNS:
        return one.box is None or one.box in "xX~-"
    return all(box in "xX~-" for box in one.boxes) if one.boxes and all(one.boxes) else None


def _refers(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for found in _REFERS.finditer(text):
        listed = found["list"]
        for first, last in _RANGE.findall(listed):
            numbers += range(int(first), min(int(last), int(first) + 50) + 1)
        numbers += [int(one) for one in re.findall(r"\d+", listed)]
    return tuple(dict.fromkeys(numbers))


def _sentence(lines: Sequence[str]) -> str:
    """The sentence of a user story, wherever its three lines end."""
    for at, line in enumerate(lines):
        if re.match(r"\W*as an?\b", line, re.IGNORECASE):
            joined = " ".join(lines[at : at + 4])
            found = _SENTENCE.match(joined)
            if found:
                return " ".join(lines[at : at + 3])[:500] if "I want" not in line else line[:500]
    return ""


def _clean(text: str) -> str:
    return " ".join(_MARKS.sub("", text).split())
