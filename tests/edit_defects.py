"""Model-like defects put into answers whose right result is known: the material of the edit suite.

A case is an answer together with what it should make of the files. Where nobody could know what was meant (a cut
answer, the same code at two places), the only correct result is a refusal, and `expected` is None.
"""

from __future__ import annotations

import difflib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from aura_factory.editing import Applied, EditFormat, Refused, apply_answer
from aura_languages import language_of
from edit_changes import Change, Function, Rows, Source, functions_of, make_change, parses

Outcome = Literal["right", "refused", "wrong"]
FENCE_WORDS = {"python": "python", "javascript": "js", "typescript": "ts", "tsx": "tsx", "go": "go", "rust": "rust"}


@dataclass(frozen=True)
class Case:
    """An answer and what should come of it."""

    defect: str
    format: EditFormat
    language: str
    change: str
    answer: str
    files: Mapping[str, str]
    path: str
    symbol: str
    expected: Mapping[str, str] | None
    """Files as they should be afterwards; None when a refusal is the only correct result."""
    finish: str = "stop"
    seen: Mapping[str, str] | None = None
    named: tuple[str, ...] = ()


@dataclass
class Draft:
    """An answer in the making."""

    change: Change
    old: list[Rows]
    """Rows to search for, of each block; the whole old code for the other formats."""
    new: list[Rows]
    """Rows that take their place."""
    text: str
    """The file as it is when the answer is applied."""
    expected: str | None
    path: str
    label: str
    fence: str = "```"
    word: str = ""
    closed: bool = True
    before: str = ""
    after: str = ""
    thought: str = ""
    mark: str = ""
    """What stands behind the mark that opens a block."""
    symbol: str = ""
    finish: str = "stop"
    seen: str | None = None
    crlf: bool = False
    cut: float = 1.0
    """Share of the answer that arrives."""
    markers: tuple[str, str, str] = ("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE")
    named: list[str] = field(default_factory=list[str])


Defect = Callable[[random.Random, Draft], bool]
"""Puts a defect in; returns whether it could."""


# Rendering


def _common_runs(change: Change, rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Rows of the old and new text that belong to a block, with enough lines around to be unique."""
    old, new = change.source.lines, change.new_text.removesuffix("\n").split("\n")
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    runs: list[list[int]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        if runs and a - runs[-1][1] < 7:
            runs[-1][1], runs[-1][3] = b, d
        else:
            runs.append([a, b, c, d])
    found: list[tuple[int, int, int, int]] = []
    for a, b, c, d in runs:
        around = rng.randint(1, 4)
        low, high = max(0, a - around), min(len(old), b + around)
        while _count(old, old[low:high]) > 1 and (low > 0 or high < len(old)):
            low, high = max(0, low - 1), min(len(old), high + 1)
        while low > 0 and not old[low].strip():
            low -= 1
        while high < len(old) and not old[high - 1].strip():
            high += 1
        if found and found[-1][1] > low:
            earlier = found.pop()
            found.append((earlier[0], high, earlier[2], d + high - b))
        else:
            found.append((low, high, c - (a - low), d + high - b))
    return found


def _count(lines: Sequence[str], part: Sequence[str]) -> int:
    size, wanted = len(part), [line.strip() for line in part]
    bare = [line.strip() for line in lines]
    return sum(bare[at : at + size] == wanted for at in range(len(lines) - size + 1))


def draft_replacement(rng: random.Random, change: Change) -> Draft:
    """An answer of blocks to search and replace."""
    old, new = change.source.lines, change.new_text.removesuffix("\n").split("\n")
    runs = _common_runs(change, rng)
    draft = _draft(change)
    draft.old = [old[a:b] for a, b, _c, _d in runs]
    draft.new = [new[c:d] for _a, _b, c, d in runs]
    return draft


def draft_whole(rng: random.Random, change: Change) -> Draft:
    """An answer with the whole file."""
    draft = _draft(change)
    draft.old, draft.new = [change.source.lines], [change.new_text.removesuffix("\n").split("\n")]
    return draft


def draft_symbol(rng: random.Random, change: Change) -> Draft | None:
    """An answer with one function; None when another one means the same name."""
    function = change.function
    names = [one.qualified for one in functions_of(change.source)]
    if names.count(function.qualified) != 1 or f"{function.name}" == "":
        return None
    if sum(one == function.name or one.endswith("." + function.qualified) for one in names) > 1:
        return None
    if _text_count(change.source, function) != 1:
        return None
    old, new = change.source.lines, change.new_text.removesuffix("\n").split("\n")
    grown = len(new) - len(old)
    draft = _draft(change)
    draft.old, draft.new = [old[function.first : function.last + 1]], [new[function.first : function.last + 1 + grown]]
    draft.symbol = function.qualified
    return draft if draft.new[0][-1].strip() else None


def _text_count(source: Source, function: Function) -> int:
    """How many definitions of that name the text may hold, counted roughly and rather too high."""
    words = ("def ", "function ", "func ", "fn ", ") ")
    lines = [line for line in source.lines if f"{function.name}(" in line or f"{function.name}<" in line]
    heads = [line for line in lines if line.lstrip().startswith(function.name) or any(word in line for word in words)]
    return max(
        1, sum(line.rstrip().endswith(("{", ":", "(")) for line in heads if not line.lstrip().startswith("return"))
    )


def _draft(change: Change) -> Draft:
    path = change.source.path
    word = FENCE_WORDS.get(change.source.language, change.source.language)
    return Draft(change, [], [], change.source.text, change.new_text, path, path, word=word)


def render(draft: Draft, form: EditFormat) -> str:
    """The answer as text."""
    parts: list[str] = []
    if draft.thought:
        parts.append(draft.thought)
    if draft.before:
        parts.append(draft.before + "\n\n")
    for number, (old, new) in enumerate(zip(draft.old, draft.new, strict=True)):
        label = f"{draft.label}\n" if draft.label else ""
        body = new
        if form == "search-replace":
            begin, middle, end = draft.markers
            body = [begin + draft.mark, *old, middle, *new, end]
        last = number == len(draft.old) - 1
        close = f"{draft.fence}\n" if draft.closed or not last else ""
        parts.append(f"{label}{draft.fence}{draft.word}\n" + "".join(line + "\n" for line in body) + close + "\n")
    parts.append(draft.after)
    text = "".join(parts)
    if draft.cut < 1:
        text = text[: int(len(text) * draft.cut)]
    return text.replace("\n", "\r\n") if draft.crlf else text


# Defects of lines


def _each(draft: Draft, change: Callable[[str], str]) -> bool:
    """Change every line of both parts; returns whether an old or new line became another one."""
    before = (draft.old, draft.new)
    draft.old = [[change(line) for line in rows] for rows in draft.old]
    draft.new = [[change(line) for line in rows] for rows in draft.new]
    return before != (draft.old, draft.new)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def outdented(rng: random.Random, draft: Draft) -> bool:
    done = False
    for rows in zip(draft.old, draft.new, strict=True):
        solid = [line for part in rows for line in part if line.strip()]
        width = min(map(_indent, solid), default=0)
        if not width:
            continue
        if rng.random() < 0.3 and width > 4 and solid[0].startswith(" "):
            width -= 4
        for part in rows:
            part[:] = [line[width:] if line.strip() else line for line in part]
        done = True
    return done


def over_indented(rng: random.Random, draft: Draft) -> bool:
    more = "\t" if any(line.startswith("\t") for line in draft.old[0]) else rng.choice(["  ", "    "])
    return _each(draft, lambda line: more + line if line.strip() else line)


def first_line_stripped(rng: random.Random, draft: Draft) -> bool:
    done = False
    for part in (*draft.old, *draft.new):
        if part and _indent(part[0]):
            part[0] = part[0].lstrip()
            done = True
    return done


def tabs_and_spaces(rng: random.Random, draft: Draft) -> bool:
    lines = draft.change.source.lines
    if any(line.startswith("\t") for line in lines):
        if any(line.startswith("  ") for line in lines):
            return False
        width = rng.choice([2, 4, 8])
        return _each(draft, lambda line: " " * (width * (len(line) - len(line.lstrip("\t")))) + line.lstrip("\t"))
    written = [line for part in draft.new for line in part]
    widths = {_indent(line) for line in (*lines, *written) if line.strip()}
    unit = 4 if all(width % 4 == 0 for width in widths) else 2
    if any(width % unit for width in widths):
        return False
    return _each(draft, lambda line: "\t" * (_indent(line) // unit) + line.lstrip(" ") if line.strip() else line)


def trailing_space(rng: random.Random, draft: Draft) -> bool:
    if any(line != line.rstrip() for line in draft.change.source.lines):
        return False
    return _each(draft, lambda line: line + rng.choice(["", " ", "  ", "\t"]))


def smart_quotes(rng: random.Random, draft: Draft) -> bool:
    if any(mark in draft.change.source.text for mark in "\u201c\u201d\u2018\u2019"):
        return False

    def curl(line: str) -> str:
        parts = line.split('"')
        text = parts[0]
        for number, part in enumerate(parts[1:]):
            text += ("\u201c" if number % 2 == 0 else "\u201d") + part
        return text.replace("'", "\u2019")

    return _each(draft, curl)


def over_escaped(rng: random.Random, draft: Draft) -> bool:
    if not any('"' in line for part in draft.old for line in part):
        return False
    return _each(draft, lambda line: line.replace('"', '\\"'))


def entities(rng: random.Random, draft: Draft) -> bool:
    text = draft.change.source.text
    if "&lt;" in text or "&amp;" in text or "&gt;" in text:
        return False
    if not any(mark in line for part in draft.old for line in part for mark in "<>&"):
        return False
    return _each(draft, lambda line: line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _is_comment(draft: Draft, line: str) -> bool:
    mark = "#" if draft.change.source.family == "python" else "//"
    return line.lstrip().startswith(mark)


def _omit(draft: Draft, which: Callable[[str], bool]) -> bool:
    """Leave out unchanged lines of a kind on both sides."""
    done = False
    for number, (old, new) in enumerate(zip(draft.old, draft.new, strict=True)):
        kept_old = [line for line in old if not which(line)]
        kept_new = [line for line in new if not which(line)]
        if [line for line in old if which(line)] != [line for line in new if which(line)]:
            return False
        if _count(draft.change.source.lines, kept_old) and len(kept_old) < len(old):
            return False  # What is left stands elsewhere to the letter: nobody could know.
        if len(kept_old) < len(old) and kept_old:
            draft.old[number], draft.new[number] = kept_old, kept_new
            done = True
    return done


def omitted_comments(rng: random.Random, draft: Draft) -> bool:
    return _omit(draft, lambda line: _is_comment(draft, line))


def omitted_blank_lines(rng: random.Random, draft: Draft) -> bool:
    return _omit(draft, lambda line: not line.strip())


def ellipsis(rng: random.Random, draft: Draft) -> bool:
    """Leave out a run of unchanged lines on both sides of a block that is grown for it."""
    number = rng.randrange(len(draft.old))
    old, new = draft.old[number], draft.new[number]
    lines = draft.change.source.lines
    at = next((i for i in range(len(lines)) if lines[i : i + len(old)] == old), None)
    if at is None:
        return False
    function = draft.change.function
    grow = min(function.last + 1, at + len(old) + 12) - (at + len(old))
    if grow < 6:
        return False
    tail = lines[at + len(old) : at + len(old) + grow]
    mark = "#" if draft.change.source.family == "python" else "//"
    indent = tail[0][: _indent(tail[0])]
    dots = rng.choice(
        ["...", f"{indent}{mark} ...", f"{indent}{mark} ... existing code ...", f"{indent}{mark} rest of the code"]
    )
    draft.old[number] = [*old, *tail[:1], dots, *tail[-2:]]
    draft.new[number] = [*new, *tail[:1], dots, *tail[-2:]]
    return not any(line.strip() == dots.strip() for line in lines)


# Defects of whole texts


PLACEHOLDERS = (
    "{mark} ... rest of the code unchanged ...",
    "{mark} ... existing code ...",
    "{mark} Rest of the file remains the same",
    "{mark} (rest of the functions unchanged)",
    "{mark} ...",
    "{mark} [previous code here]",
)


def placeholder(rng: random.Random, draft: Draft) -> bool:
    """Leave out a run of unchanged lines of a text, behind a comment that says so."""
    old, new = draft.old[0], draft.new[0]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    runs = [(block.a, block.b, block.size) for block in matcher.get_matching_blocks() if block.size >= 12]
    if not runs:
        return False
    a, b, size = rng.choice(runs)
    ends = a + size == len(old) and b + size == len(new)
    start = b + rng.randint(2, size - 9)
    end = rng.choice([start + rng.randint(5, b + size - 3 - start), len(new)]) if ends else start + 5
    mark = "#" if draft.change.source.family == "python" else "//"
    indent = new[start][: _indent(new[start])]
    draft.new[0] = [*new[:start], indent + rng.choice(PLACEHOLDERS).format(mark=mark), *new[end:]]
    return end > start


def lost_functions(rng: random.Random, draft: Draft) -> bool:
    """Drop most functions of a file without a word."""
    functions = [one for one in functions_of(replace(draft.change.source, text=draft.change.new_text)) if one.top_level]
    if len(functions) < 4:
        return False
    rows = draft.new[0]
    for one in sorted(functions, key=lambda one: -one.first)[: (len(functions) * 3 + 3) // 4]:
        del rows[one.first : one.last + 1]
    draft.expected = None
    return True


def fragment(rng: random.Random, draft: Draft) -> bool:
    """Send the changed function alone where the whole file was asked for."""
    function = draft.change.function
    if len(draft.change.source.lines) < 3 * (function.last - function.first + 1):
        return False
    grown = len(draft.new[0]) - len(draft.change.source.lines)
    draft.new[0] = draft.new[0][function.first : function.last + 1 + grown]
    draft.expected = None
    return True


def both_shown(rng: random.Random, draft: Draft) -> bool:
    """Show the old code first, then the new."""
    draft.old, draft.new = [draft.old[0], draft.old[0]], [draft.old[0], draft.new[0]]
    draft.label = ""
    return True


def label_as_comment(rng: random.Random, draft: Draft) -> bool:
    mark = "#" if draft.change.source.family == "python" else "//"
    if draft.change.source.lines[0].startswith("#!"):
        return False
    draft.label = ""
    draft.new[0] = [f"{mark} {draft.path}", *draft.new[0]]
    return True


# Defects of symbols


def decorators_left_out(rng: random.Random, draft: Draft) -> bool:
    function = draft.change.function
    count = function.own - function.first
    if not count or draft.new[0][:count] != draft.old[0][:count]:
        return False
    draft.new[0] = draft.new[0][count:]
    return True


def export_left_out(rng: random.Random, draft: Draft) -> bool:
    at = draft.change.function.own - draft.change.function.first
    for word in ("export default ", "export "):
        if draft.new[0][at].startswith(word) and draft.old[0][at].startswith(word):
            draft.new[0][at] = draft.new[0][at].removeprefix(word)
            return True
    return False


def another_symbol(rng: random.Random, draft: Draft) -> bool:
    others = [one for one in functions_of(draft.change.source) if one.name != draft.change.function.name]
    if not others:
        return False
    other = rng.choice(others)
    draft.new[0] = draft.change.source.lines[other.first : other.last + 1]
    draft.expected = None
    return True


def usage_beside(rng: random.Random, draft: Draft) -> bool:
    """Show how the function is called in a fence of its own."""
    call = f"{draft.change.function.name}()"
    draft.after = f"It is used like this:\n\n```{draft.word}\n{call}\n```\n"
    draft.label = ""
    return True


def inside_its_class(rng: random.Random, draft: Draft) -> bool:
    function = draft.change.function
    family = draft.change.source.family
    if not function.container or "." in function.container or family in {"go", "c"}:
        return False
    name = function.container
    head, end = {"python": (f"class {name}:", []), "rust": (f"impl {name} {{", ["}"])}.get(
        family, (f"class {name} {{", ["}"])
    )
    draft.new[0] = [head, *draft.new[0], *end]
    return True


def import_beside(rng: random.Random, draft: Draft) -> bool:
    """Send an import along that the file needs."""
    lines = draft.change.source.lines
    family = draft.change.source.family
    statement, begins = {
        "python": ("import fractions", ("import ", "from ")),
        "javascript": ("import { sharpen } from './tools.js';", ("import ",)),
        "rust": ("use crate::tools::sharpen;", ("use ",)),
    }.get(family, ("", ()))
    if not statement or draft.expected is None:
        return False
    places = [at for at, line in enumerate(lines) if begins and line.startswith(begins)]
    if not places or any(line.rstrip().endswith(("(", "{", ",", "\\")) for line in lines if line.startswith(begins)):
        return False
    if family == "javascript" and any(not lines[at].rstrip().endswith(";") for at in places):
        return False
    between = lines[places[0] : places[-1]]
    if any(line.strip() and not line.startswith(begins) and not _is_comment(draft, line) for line in between):
        return False
    if draft.change.function.first < places[-1] or any(not lines[at].startswith(begins) for at in places):
        return False
    expected = draft.expected.removesuffix("\n").split("\n")
    expected.insert(places[-1] + 1, statement)
    draft.expected = "\n".join(expected) + "\n"
    draft.new[0] = [statement, "", *draft.new[0]]
    return parses(draft.path, draft.expected)


def function_beside(rng: random.Random, draft: Draft) -> bool:
    """Send a second new function along, whose place nobody told."""
    extra = {
        "python": ["", "", "def freshly_made():", "    return 1"],
        "javascript": ["", "function freshlyMade() {", "  return 1;", "}"],
        "go": ["", "func freshlyMade() int {", "\treturn 1", "}"],
        "rust": ["", "fn freshly_made() -> u8 {", "    1", "}"],
    }.get(draft.change.source.family)
    if extra is None or draft.change.function.container:
        return False
    draft.new[0] = [*draft.new[0], *extra]
    draft.expected = None
    return True


# Defects of answers


def none(rng: random.Random, draft: Draft) -> bool:
    return True


def prose_around(rng: random.Random, draft: Draft) -> bool:
    name = draft.path.rpartition("/")[2]
    draft.before = f"Sure! I looked at `{name}` and changed what you asked for.\n\n### Changes\n\n- the code below"
    draft.after = "This keeps the behaviour otherwise.\n\n1. Run the tests.\n2. Let me know!\n"
    if rng.random() < 0.5:
        draft.after += "\n```bash\nmake test\n```\n"
    if rng.random() < 0.5 and draft.label:
        draft.label = rng.choice(
            [f"**{draft.label}**", f"`{draft.label}`:", f"### {draft.label}", f"File: {draft.label}"]
        )
    return True


def thinking(rng: random.Random, draft: Draft) -> bool:
    code = "\n".join(draft.old[0][:3])
    inner = f"The user wants a change. Perhaps\n```{draft.word}\n{code}\n```\nNo: better so.\n"
    opening = rng.choice(["<think>\n", "<think>\n", ""])
    if not opening:
        inner = "The user wants a change. I should be careful.\n"
    draft.thought = f"{opening}{inner}</think>\n\n"
    return True


def no_language(rng: random.Random, draft: Draft) -> bool:
    draft.word = ""
    return True


def other_fence(rng: random.Random, draft: Draft) -> bool:
    draft.fence = rng.choice(["````", "~~~", "~~~~"])
    return True


def path_in_fence(rng: random.Random, draft: Draft) -> bool:
    draft.label = ""
    draft.word = rng.choice(
        [f"{draft.word}:{draft.path}", f"{draft.word} {draft.path}", draft.path, f'{draft.word} title="{draft.path}"']
    )
    return True


def fence_not_closed(rng: random.Random, draft: Draft) -> bool:
    draft.closed = False
    return True


def crlf(rng: random.Random, draft: Draft) -> bool:
    draft.crlf = True
    return True


def wrong_folder(rng: random.Random, draft: Draft) -> bool:
    name = draft.path.rpartition("/")[2]
    draft.label = rng.choice(
        [name, f"./{draft.path}", f"src/{name}", f"project/{draft.path}", draft.path.replace("/", "\\")]
    )
    return True


def unknown_file(rng: random.Random, draft: Draft) -> bool:
    stem, _dot, ending = draft.path.rpartition(".")
    draft.label = f"{stem}_helpers.{ending}"
    draft.expected = None
    return True


def cut_by_length(rng: random.Random, draft: Draft) -> bool:
    draft.cut = rng.uniform(0.3, 0.95)
    draft.finish = "length"
    draft.expected = None
    return True


def cut_silently(rng: random.Random, draft: Draft) -> bool:
    draft.cut = rng.uniform(0.2, 0.9)
    draft.expected = None
    return True


def no_final_newline(rng: random.Random, draft: Draft) -> bool:
    draft.text = draft.text.removesuffix("\n")
    draft.expected = draft.expected.removesuffix("\n") if draft.expected else None
    return True


def already_applied(rng: random.Random, draft: Draft) -> bool:
    draft.text = draft.change.new_text
    return True


def stale(rng: random.Random, draft: Draft) -> bool:
    """Change a line of the file that the block only shows."""
    return _make_stale(rng, draft, meet=False)


def stale_conflict(rng: random.Random, draft: Draft) -> bool:
    """Change a line of the file that the block changes, too."""
    return _make_stale(rng, draft, meet=True)


def _make_stale(rng: random.Random, draft: Draft, *, meet: bool) -> bool:
    old = draft.change.source.lines
    new = draft.change.new_text.removesuffix("\n").split("\n")
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = {row for tag, a, b, _c, _d in opcodes if tag != "equal" for row in range(a, max(b, a + 1))}
    shown: list[int] = []
    for part in draft.old:
        at = next((i for i in range(len(old)) if old[i : i + len(part)] == part), None)
        if at is not None:
            shown.extend(range(at, at + len(part)))
    strictly = {row for tag, a, b, _c, _d in opcodes if tag == "replace" for row in range(a, b)}
    rows = [row for row in shown if old[row].strip() and ((row in strictly) if meet else row not in changed)]
    rows = [row for row in rows if len(old[row].strip()) > 8]
    if not rows:
        return False
    row = rng.choice(rows)
    mark = "#" if draft.change.source.family == "python" else "//"
    line = old[row] + f"  {mark} checked" if mark not in old[row] else old[row] + " again"
    current = [*old]
    current[row] = line
    draft.text = "\n".join(current) + "\n"
    if meet:
        draft.expected = None
        return True
    aligned = next(c + row - a for tag, a, b, c, _d in opcodes if tag == "equal" and a <= row < b)
    wanted = [*new]
    wanted[aligned] = line
    draft.expected = "\n".join(wanted) + "\n"
    return parses(draft.path, draft.text) and parses(draft.path, draft.expected)


def changed_meanwhile(rng: random.Random, draft: Draft) -> bool:
    """Change the file elsewhere after the model was shown it."""
    function = draft.change.function
    lines = draft.change.source.lines
    rows = [row for row in range(len(lines)) if abs(row - function.first) > 200 or row > function.last + 3]
    rows = [row for row in rows if len(lines[row].strip()) > 8 and draft.expected and lines[row] in draft.expected]
    if not rows or draft.expected is None:
        return False
    row = rng.choice(rows)
    if lines.count(lines[row]) != 1 or draft.expected.split("\n").count(lines[row]) != 1:
        return False
    mark = "#" if draft.change.source.family == "python" else "//"
    line = f"{lines[row]}  {mark} checked" if mark not in lines[row] else lines[row] + " again"
    draft.seen = draft.text
    draft.text = draft.text.replace(f"{lines[row]}\n", f"{line}\n", 1)
    draft.expected = draft.expected.replace(f"{lines[row]}\n", f"{line}\n", 1)
    return parses(draft.path, draft.text) and parses(draft.path, draft.expected)


def duplicate(rng: random.Random, draft: Draft) -> bool:
    """Have the searched code at two places of the file."""
    draft.expected = None
    return _duplicate(rng, draft) is not None


def duplicate_with_line(rng: random.Random, draft: Draft) -> bool:
    """The same, with a line number that tells the places apart."""
    if len(draft.old) != 1:
        return False
    at = _duplicate(rng, draft)
    if at is None or draft.expected is None:
        return False
    draft.mark = f" (line {at + 1})"
    return True


def duplicate_in_symbol(rng: random.Random, draft: Draft) -> bool:
    """The same, with a request that is about one of the two functions."""
    if len(draft.old) != 1 or _duplicate(rng, draft) is None:
        return False
    names = [one.qualified for one in functions_of(draft.change.source)]
    draft.symbol = draft.change.function.qualified
    return names.count(draft.symbol) == 1 and _text_count(draft.change.source, draft.change.function) == 1


def _duplicate(rng: random.Random, draft: Draft) -> int | None:
    """Copy the function under another name to the end of the file; returns the row of the block."""
    function, lines = draft.change.function, draft.change.source.lines
    if function.container or not function.top_level or any("export default" in line for line in lines):
        return None
    copy = lines[function.first : function.last + 1]
    head = function.own - function.first
    copy[head] = copy[head].replace(function.name, function.name + "_again", 1)
    block = draft.old[0]
    if _count(copy, block) != 1 or len(draft.old) > 1:
        return None
    gap = ["", ""] if draft.change.source.family == "python" else [""]
    tail = "\n".join([*gap, *copy]) + "\n"
    draft.text += tail
    if not parses(draft.path, draft.text):
        return None
    if draft.expected is not None:
        draft.expected += tail
    return next((at for at in range(len(lines)) if lines[at : at + len(block)] == block), None)


def one_block_fails(rng: random.Random, draft: Draft) -> bool:
    """Add a block whose code is in no file."""
    draft.old.append(["    completely_unknown_call(one, two)", "    another_unknown_line = 3"])
    draft.new.append(["    completely_unknown_call(one, two, three)", "    another_unknown_line = 4"])
    draft.expected = None
    return True


def _replaced_rows(old: Rows, new: Rows) -> dict[int, str]:
    """The rows that are replaced one by one, and by what."""
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    same = [(a, b, c) for tag, a, b, c, d in opcodes if tag == "replace" and b - a == d - c]
    return {row: new[c + row - a] for a, b, c in same for row in range(a, b)}


def overlapping(rng: random.Random, draft: Draft) -> bool:
    """Add a block that changes the same lines otherwise."""
    other = make_change(rng, draft.change.source, [draft.change.function], "condition")
    if other is None or other.new_text == draft.change.new_text:
        return False
    rows, mine = draft.change.source.lines, draft.change.new_text.removesuffix("\n").split("\n")
    theirs = other.new_text.removesuffix("\n").split("\n")
    replaced = [_replaced_rows(rows, new) for new in (mine, theirs)]
    both = replaced[0].keys() & replaced[1].keys()
    if not any(replaced[0][row] != replaced[1][row] for row in both):
        return False
    second = draft_replacement(rng, other)
    draft.old.extend(second.old)
    draft.new.extend(second.new)
    draft.expected = None
    return True


def other_marks(rng: random.Random, draft: Draft) -> bool:
    draft.markers = rng.choice(
        [
            ("<<<<<<< ORIGINAL", "=======", ">>>>>>> UPDATED"),
            ("<<<<<<< search", "=======", ">>>>>>> replace"),
            ("------- SEARCH", "=======", "+++++++ REPLACE"),
            ("<<<<<< SEARCH", "======", ">>>>>> REPLACE"),
            ("<<<<<<<SEARCH", "=======", ">>>>>>>REPLACE"),
        ]
    )
    return True


def blank_lines_around(rng: random.Random, draft: Draft) -> bool:
    draft.old = [["", *rows, ""] for rows in draft.old]
    draft.new = [["", *rows, ""] for rows in draft.new]
    return True


def left_out_in_replacement(rng: random.Random, draft: Draft) -> bool:
    """Write that the rest is unchanged where the new lines should stand."""
    mark = "#" if draft.change.source.family == "python" else "//"
    rows = draft.new[0]
    if len(rows) < 4:
        return False
    draft.new[0] = [*rows[:2], f"{rows[1][: _indent(rows[1])]}{mark} ... rest of the function unchanged ..."]
    draft.expected = None
    return True


ANY: dict[str, Defect] = {
    "none": none,
    "prose around": prose_around,
    "<think>": thinking,
    "fence without language": no_language,
    "longer or ~~~ fence": other_fence,
    "path in the fence line": path_in_fence,
    "fence not closed": fence_not_closed,
    "CRLF": crlf,
    "cut by length": cut_by_length,
    "cut silently": cut_silently,
    "no final newline": no_final_newline,
    "trailing space": trailing_space,
    "smart quotes": smart_quotes,
    "over-escaped": over_escaped,
    "entities": entities,
    "tabs and spaces": tabs_and_spaces,
    "comments left out": omitted_comments,
    "blank lines left out": omitted_blank_lines,
    "wrong folder": wrong_folder,
    "unknown file": unknown_file,
}
REPLACEMENT: dict[str, Defect] = {
    "outdented": outdented,
    "over-indented": over_indented,
    "first line stripped": first_line_stripped,
    "ellipsis": ellipsis,
    "already applied": already_applied,
    "stale": stale,
    "stale, conflict": stale_conflict,
    "duplicate": duplicate,
    "duplicate, line named": duplicate_with_line,
    "duplicate, symbol named": duplicate_in_symbol,
    "one block fails": one_block_fails,
    "overlapping blocks": overlapping,
    "other marks": other_marks,
    "blank lines around": blank_lines_around,
    "rest left out": left_out_in_replacement,
}
WHOLE: dict[str, Defect] = {
    "placeholder": placeholder,
    "functions lost": lost_functions,
    "fragment": fragment,
    "old and new shown": both_shown,
    "path as comment": label_as_comment,
    "changed meanwhile": changed_meanwhile,
    "already applied": already_applied,
}
SYMBOL: dict[str, Defect] = {
    "outdented": outdented,
    "over-indented": over_indented,
    "first line stripped": first_line_stripped,
    "placeholder": placeholder,
    "decorators left out": decorators_left_out,
    "export left out": export_left_out,
    "another symbol": another_symbol,
    "usage beside": usage_beside,
    "inside its class": inside_its_class,
    "import beside": import_beside,
    "function beside": function_beside,
    "old and new shown": both_shown,
    "changed meanwhile": changed_meanwhile,
    "already applied": already_applied,
}
DEFECTS: dict[EditFormat, dict[str, Defect]] = {
    "search-replace": {**ANY, **REPLACEMENT},
    "whole": {**ANY, **WHOLE},
    "symbol": {**ANY, **SYMBOL},
}
WRAPPING = ("prose around", "<think>", "fence without language", "longer or ~~~ fence", "CRLF")
"""Defects that can stand beside another one."""


def make_case(rng: random.Random, source: Source, form: EditFormat, defect: str) -> Case | None:
    """One case; None when this defect cannot be put into this source."""
    functions = functions_of(source)
    for _try in range(6):
        change = make_change(rng, source, functions) if functions else None
        if change is None:
            return None
        draft = {"search-replace": draft_replacement, "whole": draft_whole, "symbol": draft_symbol}[form](rng, change)
        if draft is None or not DEFECTS[form][defect](rng, draft):
            continue
        if rng.random() < 0.25 and draft.cut == 1:
            ANY[rng.choice(WRAPPING)](rng, draft)
        answer = render(draft, form)
        if defect == "cut silently" and sum(line.startswith(draft.fence) for line in answer.splitlines()) % 2 == 0:
            continue  # Cut between two blocks, which nobody could see.
        others = {f"lib/other_{number}{Path(source.path).suffix}": "" for number in range(2)}
        files = {draft.path: draft.text, **others}
        expected = None if draft.expected is None else {**files, draft.path: draft.expected}
        seen = None if draft.seen is None else {draft.path: draft.seen}
        return Case(
            defect, form, source.language, change.kind, answer, files, draft.path, draft.symbol, expected,
            draft.finish, seen, tuple(draft.named),
        )  # fmt: skip
    return None


def run_case(case: Case) -> tuple[Outcome, Applied | Refused]:
    """What came of a case, and what was answered."""
    answered = apply_answer(
        case.answer,
        format=case.format,
        files=case.files,
        path=case.path,
        symbol=case.symbol,
        finish=case.finish,
        seen=case.seen,
        named=case.named,
    )
    if isinstance(answered, Refused):
        return "refused", answered
    after = {path: text for path, text in {**case.files, **answered.files}.items() if text is not None}
    return ("right" if case.expected is not None and after == dict(case.expected) else "wrong"), answered


def make_cases(sources: Sequence[Source], seed: str, count: int) -> Iterable[Case]:
    """So many cases, spread evenly over formats and defects; fewer when the sources are too few."""
    rng = random.Random(seed)
    plan: list[tuple[EditFormat, str]] = [(form, defect) for form, defects in DEFECTS.items() for defect in defects]
    made = tries = 0
    while made < count and tries < count * 8:
        form, defect = plan[tries % len(plan)]
        tries += 1
        case = make_case(rng, rng.choice(sources), form, defect)
        if case is not None:
            made += 1
            yield case


def read_source(path: Path, name: str) -> Source | None:
    """A file as source for cases; None when it is unfit: too short, does not parse, holds CRLF or tabs and spaces."""
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None
    language = language_of(name, text[:4096].encode())
    if "\r" in text or not text.endswith("\n") or text.endswith("\n\n") or text.count("\n") < 40 or not language:
        return None
    return Source(name, text, language) if parses(name, text) else None


@dataclass
class Tally:
    """Outcomes, counted by what they are asked for."""

    counts: Counter[tuple[str, str, str, bool, Outcome]] = field(
        default_factory=Counter[tuple[str, str, str, bool, Outcome]]
    )

    def add(self, case: Case, outcome: Outcome) -> None:
        self.counts[case.language, case.format, case.defect, case.expected is not None, outcome] += 1

    def total(self, **wanted: object) -> int:
        """How many outcomes fit: `language`, `format`, `defect`, `resolvable`, `outcome`."""
        names = ("language", "format", "defect", "resolvable", "outcome")
        return sum(n for key, n in self.counts.items() if all(key[names.index(k)] == v for k, v in wanted.items()))

    def rows(self, by: str) -> list[str]:
        """A table: resolvable cases as right, refused, wrong; then those where only a refusal is correct."""
        at = ("language", "format", "defect").index(by)
        lines = [f"{by:<26}{'right':>7}{'refused':>9}{'wrong':>7}   | {'to refuse':>9}{'refused':>9}{'wrong':>7}"]
        for value in [*sorted({key[at] for key in self.counts}), ""]:
            wanted: dict[str, object] = {by: value} if value else {}
            cells = [self.total(resolvable=True, outcome=one, **wanted) for one in ("right", "refused", "wrong")]
            must = [self.total(resolvable=False, outcome=one, **wanted) for one in ("refused", "wrong")]
            lines.append(
                f"{value or 'all':<26}{cells[0]:>7}{cells[1]:>9}{cells[2]:>7}   |"
                f" {sum(must):>9}{must[0]:>9}{must[1]:>7}"
            )
        return lines
