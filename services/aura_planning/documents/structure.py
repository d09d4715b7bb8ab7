"""Rules about the whole document: its sections, references, assumptions, and who covers what."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from aura_planning.documents.findings import Fault, Severity
from aura_planning.documents.statements import Written
from aura_planning.documents.vocabulary import plain_text
from aura_planning.parsing.contract import Item

__all__ = ["ASSUMPTION", "Tested", "judge_structure", "judge_traces", "wants_sections"]

Tested: TypeAlias = Callable[[Mapping[str, Sequence[str]]], Collection[str]]
"""Says which of some ids, given with their criteria, a test belongs to."""
ASSUMPTION: Final = "[ASSUMPTION]"
_ASSUMED: Final = re.compile(
    r"\[ASSUMPTION\b[^\]]*\]|\[(?:TO CONFIRM|UNCONFIRMED)\]|\((?:to be confirmed|to confirm|unconfirmed|assumed)\)",
    re.IGNORECASE,
)
_SECTIONS: Final[tuple[tuple[str, Severity, str, frozenset[str]], ...]] = (
    ("requirements", "error", "what has to be built: requirements with ids", frozenset(("requirements", "stories"))),
    ("goals", "warning", "what it is for: problem and goals", frozenset(("goals",))),
    ("out", "warning", "what is out of scope", frozenset(("out",))),
    ("metrics", "info", "how success is measured", frozenset(("metrics",))),
    ("questions", "info", "what is open: questions and assumptions", frozenset(("questions", "assumptions"))),
)
_WHOLE: Final = frozenset({"prd", "agile-prd", "tenx-prd", "speckit-spec", "none"})
_ID: Final = re.compile(
    r"(?<![\w./#-])(?P<prefix>[A-Z]{1,5}(?:-[A-Z]{1,5})?)(?P<dash>-?)(?P<number>\d{1,4}(?:\.\d{1,3})?)(?![\w-]|\.\w|/\d)"
)
_RANGE: Final = re.compile(r"\s*(?:-|\u2013|\u2014|\.\.|to|bis|through)\s*(?P<prefix>[A-Z]{1,5}(?:-[A-Z]{1,5})?)?-?\d")
_ANCHOR: Final = re.compile(r"\]\(#(?P<anchor>[^)\s]+)\)")
_FILE: Final = re.compile(r"\]\((?!https?:|mailto:|#|<|data:)(?P<path>[^)\s#:]+)(?:#[^)\s]*)?\)")
_HTML_ANCHOR: Final = re.compile(r"(?:id|name)=[\"'](?P<name>[^\"']+)[\"']|\{#(?P<own>[\w-]+)\}")
_GIVEN: Final = re.compile(
    r"\b(?:given|when|then|gegeben|wenn|dann|dado|cuando|entonces|quando|então|étant donné|quand|alors)\b",
    re.IGNORECASE,
)
_CRITERIA: Final = re.compile(r"acceptance|akzeptanz|criteri|critères|kryteria|验收|受け入れ", re.IGNORECASE)
_CODE: Final = re.compile(r"`[^`]*`")
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_STORY_ID: Final = re.compile(
    r"(?i)(?:[a-z]+[- ]?\d+[- ])?(?:us|hu|uh|st|s|user[- ]?story|story|historia|história|récit|story[- ]id)?[-_ #.:]*\d"
)
_SAYS_ALL: Final = re.compile(r"[:\uff1a]\s*\S|^end of\b|^ende\b", re.IGNORECASE)
"""A heading that needs nothing below it: `Status: Approved`."""
_LEAST_SHARE: Final = 0.5


def wants_sections(written: Written) -> bool:
    """Whether the document is a PRD as a whole, and no list of stories or tasks that belongs to one."""
    if written.json or not written.sections or written.document.family == "kiro-requirements":
        return False
    named = re.search(
        r"\bprd\b|product requirements?|requirements? document|lastenheft|pflichtenheft|specification",
        _title(written),
        re.IGNORECASE,
    )
    roles = {one.role for one in written.sections}
    return bool(named) or (written.document.family in _WHOLE and "requirements" in roles and len(written.sections) > 3)


def _title(written: Written) -> str:
    return f"{written.sections[0].title if written.sections else ''} {written.document.path.rpartition('/')[2]}"


def judge_structure(written: Written, exists: Callable[[str], bool] | None, known: Collection[str]) -> Iterator[Fault]:
    """Faults of sections, references and assumptions.

    Args:
        written: The document.
        exists: Whether a file that is named relative to the document is there; None when that cannot be told.
        known: Ids that other files of the plan give.
    """
    for one in written.document.findings:
        if one.severity == "error" and (one.code != "duplicate-id" or _really_twice(one.message, written)):
            rule = "duplicate-id" if one.code == "duplicate-id" else "unreadable"
            yield Fault(rule, one.line, f"{one.code}: {one.message}", one.advice)
    if wants_sections(written):
        yield from _missing(written)
    yield from _empty(written)
    yield from _assumptions(written)
    yield from _dangling_ids(written, known)
    yield from _dangling_links(written, exists)


def _really_twice(message: str, written: Written) -> bool:
    """Whether two items have this very id, and not only the same number."""
    name = message.partition(" ")[0].lower()
    return sum(one.alias.lower() == name for one in written.document.items) > 1


def _missing(written: Written) -> Iterator[Fault]:
    title = [
        one for one in written.sections[:1] if one.level == 1 and sum(two.level == 1 for two in written.sections) == 1
    ]
    roles = {one.role for one in written.sections[len(title) :]} | {
        one.role for one in title if one.role == "requirements"
    }
    labels = {one.part for one in written.statements}
    items = {one.kind for one in written.document.items}
    for name, severity, what, fitting in _SECTIONS:
        if roles & fitting or (name == "out" and ("out" in labels or written.document.out_of_scope)):
            continue
        if name == "requirements" and items & {"requirement", "story"}:
            continue
        yield Fault(
            "missing-section",
            1,
            f"no section says {what}",
            f"Add a section for it: {_HEADINGS[name]}.",
            severity=severity,
        )


_HEADINGS: Final = {
    "requirements": "`## Requirements` with lines such as `- **FR-001**: The system shall …`",
    "goals": "`## Goals`, with one line for each outcome",
    "out": "`## Out of scope`, with what somebody could expect and will not get",
    "metrics": "`## Success metrics`, with a number, a unit and where it is measured",
    "questions": "`## Open questions`, with who answers each",
}


def _empty(written: Written) -> Iterator[Fault]:
    for at, one in enumerate(written.sections):
        if one.filled or (one.level == 1 and at == 0) or _SAYS_ALL.search(one.title):
            continue
        if any(other.level > one.level for other in written.sections[at + 1 : at + 2]):
            continue  # told at the innermost one
        what = "has only the head of a table" if one.only_table_head else "is empty"
        yield Fault(
            "empty-section",
            one.line,
            f"the section {one.title[:60]!r} {what}",
            "Fill it, say that it does not apply and why, or take the heading out.",
            quote=one.title[:160],
        )


def _assumptions(written: Written) -> Iterator[Fault]:
    for number, line in _prose(written):
        if _ASSUMED.search(line):
            text = plain_text(_ASSUMED.sub("", line)).strip("-*| ")
            yield Fault(
                "unconfirmed-assumption",
                number,
                f"nobody confirmed this assumption: {text[:80]!r}",
                "Ask whoever decides; then take the mark out, or write what holds instead.",
                quote=plain_text(line)[:160],
            )


def _prose(written: Written) -> Iterator[tuple[int, str]]:
    """Lines outside of code fences."""
    fenced = False
    for number, line in enumerate(written.lines, 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, _CODE.sub(" ", line)


def _dangling_ids(written: Written, known: Collection[str]) -> Iterator[Fault]:
    defined = _defined(written)
    families = Counter(prefix for prefix, _ in defined)
    elsewhere = {_key(found) for one in known if (found := _ID.search(one))}
    told: set[tuple[str, str]] = set()
    for number, line in _prose(written):
        for found in _ID.finditer(line):
            key = _key(found)
            if families[key[0]] < 2 or key in defined or key in elsewhere or key in told:
                continue
            told.add(key)
            close = sorted(n for prefix, n in defined if prefix == key[0])
            yield Fault(
                "dangling-reference",
                number,
                f"{found.group()} is named here and stands nowhere",
                f"Write {found.group()}, or name one that is there ({key[0]} {close[0]} to {close[-1]}).",
                quote=plain_text(line)[:160],
            )


def _key(found: re.Match[str]) -> tuple[str, str]:
    number = ".".join(part.lstrip("0") or "0" for part in found["number"].split("."))
    return found["prefix"], number


def _defined(written: Written) -> set[tuple[str, str]]:
    """Ids that stand where something is named: at the beginning of a heading, an entry, a cell or a line."""
    texts = [one.alias for one in written.document.items if one.alias]
    for block in written.blocks:
        cells = (
            [cells[0] for _, cells in block.rows[1:] if cells]
            if block.kind == "table"
            else [*block.lines[:1], block.text, *block.lines]
        )
        texts += [plain_text(cell) for cell in cells]
    found: set[tuple[str, str]] = set()
    for text in texts:
        head = re.match(r"[\W_]*(?:(?:ID|Id|Requirement|Story|Epic|User Story|Anforderung)\b[\s:#.]*)?", text)
        match = _ID.match(text, head.end() if head else 0)
        if match:
            found.add(_key(match))
            found |= _rest_of_range(text, match)
    return found


def _rest_of_range(text: str, first: re.Match[str]) -> set[tuple[str, str]]:
    """`FR-001 to FR-004` at the beginning of a heading names all of them."""
    between = _RANGE.match(text, first.end())
    last = _ID.search(text, first.end()) if between else None
    if last is None or last["prefix"] != first["prefix"] or "." in first["number"] + last["number"]:
        return set()
    return {
        (first["prefix"], str(n))
        for n in range(int(first["number"]), min(int(last["number"]), int(first["number"]) + 200) + 1)
    }


def _dangling_links(written: Written, exists: Callable[[str], bool] | None) -> Iterator[Fault]:
    anchors = set(_anchors(written))
    for number, line in _prose(written):
        for found in _ANCHOR.finditer(line):
            if found["anchor"].lower().strip("-") not in anchors:
                yield Fault(
                    "dangling-reference",
                    number,
                    f"no heading here has the anchor #{found['anchor'][:80]}",
                    "Name the heading as it is written now.",
                    quote=plain_text(line)[:160],
                )
        for found in _FILE.finditer(line) if exists is not None else ():
            if exists is not None and not exists(found["path"]):
                yield Fault(
                    "dangling-reference",
                    number,
                    f"there is no file {found['path'][:100]!r}",
                    "Name the file as it is called now, or take the link out.",
                    quote=plain_text(line)[:160],
                )


def _anchors(written: Written) -> Iterator[str]:
    for line in written.lines:
        if found := re.match(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*\Z", line):
            words = "".join(
                c
                for c in plain_text(found[1].replace("`", "")).lower()
                if c.isalnum() or c in " -_" or unicodedata.category(c).startswith("M")
            )
            yield words.replace(" ", "-").strip("-")
            yield found[1].strip().lower().replace(" ", "-")
        for anchor in _HTML_ANCHOR.finditer(line):
            yield (anchor["name"] or anchor["own"]).lower()


# -- who covers what -----------------------------------------------------------------------------------


def judge_traces(written: Written, outside: Collection[str], tests: Tested | None) -> Iterator[Fault]:
    """Requirements without story, stories without criteria, criteria without test.

    Args:
        written: The document.
        outside: Ids of requirements that stories in other files name.
        tests: Which of some ids a test belongs to; None when tests cannot be looked at.
    """
    items = written.document.items
    stories = [one for one in items if _is_a_story(one)]
    yield from _uncovered(written, stories, outside)
    told = _Stories(written)
    for at, one in enumerate(items):
        if _is_a_story(one) and not told.has_criteria(at) and not told.later(one):
            yield Fault(
                "story-without-criteria",
                one.source.first,
                f"the story {_called(one)} has no acceptance criteria",
                "Add at least one: “Given …, when …, then …”, with what a person can see.",
                one.alias,
                one.title[:160],
            )
    if tests is not None:
        yield from _untested(items, tests)


def _is_a_story(one: Item) -> bool:
    """Whether an item is a story; an id such as `USR-004` says that it is something else."""
    if "(source: " in one.source.quote:
        return False  # the sentence that a draft was made from
    return one.kind == "story" and (not one.alias or _STORY_ID.match(one.alias) is not None)


class _Stories:
    """Where stories end, what belongs to them, and what stands above them."""

    def __init__(self, written: Written) -> None:
        self._written = written
        items = written.document.items
        self._parents = {one.parent for one in items if one.kind == "requirement" or one.criteria}
        self._starts = sorted({one.source.first for one in items if one.kind in {"story", "epic"}})
        self._levels = {one.line: one.level for one in written.sections}
        self._heads = [one.line for one in written.sections]

    def has_criteria(self, at: int) -> bool:
        """Whether a story says when it is done."""
        one = self._written.document.items[at]
        if one.criteria or at in self._parents:
            return True
        lines = "\n".join(self._written.lines[one.source.first - 1 : self._end(one)])
        return len({found.lower() for found in _GIVEN.findall(lines)}) >= 2 or _CRITERIA.search(lines) is not None

    def _end(self, one: Item) -> int:
        """Where a story ends at the latest: before the next one, or the next heading of its level."""
        first = one.source.first
        after = bisect_right(self._starts, first)
        end = self._starts[after] - 1 if after < len(self._starts) else len(self._written.lines)
        level = self._levels.get(first, 0)
        for line in self._heads[bisect_right(self._heads, first) :]:
            if line > end:
                break
            if not level or self._levels[line] <= level:
                return line - 1
        return max(end, first)

    def later(self, one: Item) -> bool:
        """Whether it stands below a heading about what comes later or never."""
        level = 7
        sections = self._written.sections
        for at in range(bisect_left(self._heads, one.source.first) - 1, -1, -1):
            if sections[at].level < level:
                if sections[at].role == "out":
                    return True
                level = sections[at].level
            if level == 1:
                return False
        return False


def _uncovered(written: Written, stories: Sequence[Item], outside: Collection[str]) -> Iterator[Fault]:
    wanted = [
        one
        for one in written.document.items
        if one.kind == "requirement" and _ID.search(one.alias) and one.parent is None
    ]
    if not wanted or not (stories or outside):
        return
    named = {one.lower() for one in outside} | _named_in_stories(written)
    bare = [one for one in wanted if one.alias.lower() not in named]
    if len(bare) == len(wanted):
        yield Fault(
            "requirement-without-story",
            wanted[0].source.first,
            f"no story names one of the {len(wanted)} requirements",
            "Write the ids that a story covers at the story: “Requirements: FR-001, FR-003”.",
            severity="info",
        )
    elif len(bare) <= len(wanted) * _LEAST_SHARE:
        for one in bare:
            yield Fault(
                "requirement-without-story",
                one.source.first,
                f"no story names {one.alias}",
                f"Write {one.alias} at the story that covers it, or add one.",
                one.alias,
                one.title[:160],
            )


def _named_in_stories(written: Written) -> set[str]:
    """Ids of requirements that epics, stories, tasks and tables of coverage name."""
    items = written.document.items
    found: set[str] = set()
    for one in items:
        if one.kind != "requirement":
            found |= {ref.written.lower() for ref in one.requirements}
            found |= {items[ref.item].alias.lower() for ref in one.requirements if ref.item is not None}
    own = {one.source.first for one in items if one.kind == "requirement"}
    aliases: dict[tuple[str, str], str] = {}
    for one in items:
        if one.kind == "requirement" and (match := _ID.search(one.alias)):
            aliases[_key(match)] = one.alias.lower()
    for number, line in enumerate(written.lines, 1):
        if number in own:
            continue
        at = 0
        while match := _ID.search(line, at):
            at = match.end()
            for key in {_key(match)} | _rest_of_range(line, match):
                if key in aliases:
                    found.add(aliases[key])
    return found


def _untested(items: Sequence[Item], tests: Tested) -> Iterator[Fault]:
    owners: dict[str, Item] = {}
    for one in items:
        if one.criteria and one.alias and one.kind in {"story", "requirement"} and _ID.search(one.alias):
            owners.setdefault(one.alias, one)
    if not owners:
        return
    tested = tests({alias: tuple(crit.text for crit in one.criteria) for alias, one in owners.items()})
    for alias, one in owners.items():
        if alias not in tested:
            crit = one.criteria[0]
            yield Fault(
                "criterion-without-test",
                crit.source.first,
                f"no test belongs to {alias}, which has {len(one.criteria)} criteria",
                f"Name {alias} in a test that checks them, in its name, a mark or a comment.",
                alias,
                crit.text[:160],
            )


def _called(item: Item) -> str:
    return item.alias or repr(item.title[:60])
