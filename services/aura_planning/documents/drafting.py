"""A PRD from a sentence and the facts of a repository, without a model.

Every statement has its source, or is marked as an assumption to confirm, or is a question. Nothing else is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from aura_planning.documents.demands import Idea
from aura_planning.documents.facts import Fact, Topic
from aura_planning.documents.structure import ASSUMPTION
from aura_planning.documents.vocabulary import plain_text, section_role
from aura_planning.items.markdown import headings

__all__ = ["SENTENCE", "Outline", "Part", "Statement", "assemble", "outline_of", "plan_parts", "renumbered"]

SENTENCE: Final = "the sentence"
"""Source of what the person said."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the document."""

    text: str
    source: str = ""
    """`path:line`, `the sentence`, or `the answer to Q2`; empty for an assumption or question."""
    kind: Literal["fact", "assumption", "question", "plain"] = "fact"
    """`plain`: it says nothing about the product, such as a reference to a question."""
    id: str = ""
    """Of a requirement: `FR-001`."""
    below: tuple[Statement, ...] = ()

    def lines(self, indent: str = "") -> Iterator[str]:
        """Lines of Markdown."""
        name = f"**{self.id}**: " if self.id else ""
        mark = (
            f" (source: {self.source})"
            if self.kind == "fact"
            else f" {ASSUMPTION}"
            if self.kind == "assumption"
            else ""
        )
        yield f"{indent}- {name}{self.text}{mark}"
        for one in self.below:
            yield from one.lines(f"{indent}  ")


@dataclass(slots=True)
class Part:
    """What is written below one heading."""

    role: str
    title: str
    """The heading."""
    statements: list[Statement] = field(default_factory=list[Statement])
    by: Literal["facts", "model"] = "facts"
    problem: str = ""
    """Why a model's words were not taken."""

    def all(self) -> Iterator[Statement]:
        """Every statement, those below others too."""
        waiting = list(self.statements)
        while waiting:
            one = waiting.pop(0)
            yield one
            waiting = [*one.below, *waiting]


@dataclass(slots=True)
class Outline:
    """The template of the team with its sections, and those that it lacks."""

    template: str
    sections: list[tuple[str, str, int]]
    """Role, title, and index of the line of the heading; -1 for a section that the template lacks."""
    added: list[str]
    """Titles that were added."""


_ROLES: Final[Sequence[tuple[str, re.Pattern[str]]]] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("changes", r"change ?log|history|revisions?"),
        ("out", r"out[- ]of[- ]scope|non[- ]?goals?|nicht im|abgrenzung|fuera|hors"),
        ("questions", r"questions?|open (?:points|issues)|fragen|preguntas|perguntas"),
        ("assumptions", r"assumption|annahme"),
        ("figures", r"key figures|metrics?|kpis?|success|kennzahl|erfolg"),
        ("quality", r"non[- ]?functional|quality|nicht[- ]?funktional"),
        ("requirements", r"requirements?|features?|anforderung|funktion|requisitos|exigences"),
        ("stack", r"technology|stack|technolog"),
        ("reference", r"references?|documents|see also|quellen|referenz"),
        ("data", r"data models?|datenmodell|entities|schema"),
        ("structure", r"project structure|structure|architecture|struktur|modules"),
        ("epics", r"epics?\b|roadmap|milestones|phases"),
        ("stories", r"stor(?:y|ies)\b|use cases"),
        ("users", r"personas?|users?\b|audience|stakeholder|benutzer|nutzer|zielgruppe"),
        ("risks", r"risks?|risiken"),
        ("constraints", r"constraints?|randbedingung"),
        ("scope", r"\bscope\b|umfang"),
        ("goals", r"goals?\b|objectives?|ziele?\b|purpose|objetivos"),
        ("intro", r"intro|overview|summary|background|problem|context|einleitung|überblick|vision"),
    )
)
_NEEDED: Final = (
    ("goals", "Goals"),
    ("requirements", "Requirements"),
    ("scope", "Scope"),
    ("out", "Out of scope"),
    ("questions", "Open questions"),
)
"""Sections that every PRD has, whatever the template says."""
_UNKNOWN: Final[Mapping[str, str]] = {
    "users": "Who uses it, and what does each of them want to get done?",
    "figures": "Which figure shows that it worked: what is counted, from what value to what value, by when?",
    "epics": "Which parts can be delivered one after the other, and which comes first?",
    "stories": "Which stories are needed, and how does each show that it is done?",
    "risks": "What can go wrong, how likely is it, and what is done about it?",
    "data": "Which data does it read, write or change, and how long is it kept?",
    "constraints": "Which limits hold: law, budget, time, platforms?",
    "assumptions": "What is taken for granted, and who can confirm it?",
}
_TABLE: Final = re.compile(r"\s*\|.*\|\s*\Z")


def outline_of(template: str) -> Outline:
    """The sections of a template, with those added that every PRD has."""
    lines = template.splitlines()
    marks = headings(lines)
    found: list[tuple[str, str, int]] = []
    for at, one in enumerate(marks):
        if one.level == 1 and at == 0:
            continue
        found.append((_role(one.title), one.title, one.line))
    roles = {role for role, _, _ in found}
    added: list[str] = []
    for role, title in _NEEDED:
        if role not in roles:
            before = {"scope": {"out", "questions", "changes"}, "questions": {"changes"}}.get(
                role, {"questions", "changes"}
            )
            place = next((n for n, one in enumerate(found) if one[0] in before), len(found))
            found.insert(place, (role, title, -1))
            added.append(title)
    return Outline(template, found, added)


def _role(title: str) -> str:
    words = plain_text(title).lower()
    return next((name for name, pattern in _ROLES if pattern.search(words)), "") or section_role(title)


@dataclass(slots=True)
class _Material:
    idea: Idea
    facts: Sequence[Fact]
    questions: list[str] = field(default_factory=list[str])

    def of(self, *topics: Topic) -> list[Fact]:
        return [one for one in self.facts if one.topic in topics]

    def ask(self, question: str) -> str:
        """The id of a question; the same question is asked once."""
        if question not in self.questions:
            self.questions.append(question)
        return f"Q{self.questions.index(question) + 1}"


def plan_parts(
    idea: Idea, facts: Sequence[Fact], outline: Outline, answers: Sequence[tuple[str, str]] = ()
) -> list[Part]:
    """What is written below each heading, without a model.

    Args:
        idea: The sentence.
        facts: What the repository says.
        outline: The sections.
        answers: Questions that a person answered, with the answers; they count as facts.
    """
    material = _Material(idea, facts)
    for word in idea.vague:
        material.ask(
            f"What does \u201c{word}\u201d mean in the sentence: which number, or which behaviour that can be seen?"
        )
    parts: list[Part] = []
    for role, title, _ in outline.sections:
        nested = _MAKERS.get(role, _unknown)
        parts.append(Part(role, title, [] if role == "questions" else list(nested(material, title))))
    answered = {question: answer for question, answer in answers if answer.strip()}
    for one in parts:
        if one.role == "questions":
            one.statements = list(_questions(material, answered))
    return parts


def _questions(material: _Material, answered: Mapping[str, str]) -> Iterator[Statement]:
    for number, (question, answer) in enumerate(answered.items(), 1):
        yield Statement(
            f"\u201c{question}\u201d \u2014 {' '.join(answer.split())}",
            f"the answer to A{number}",
            "fact",
            f"A{number}",
        )
    for number, question in enumerate(material.questions, 1):
        yield Statement(question, kind="question", id=f"Q{number}")
    if not material.questions and not answered:
        yield Statement("None so far.", kind="plain")


def _fact(one: Fact, text: str = "") -> Statement:
    return Statement(text or one.text, one.source)


def _intro(material: _Material, _title: str) -> Iterator[Statement]:
    name = next((one for one in material.of("name")), None)
    about = next((one for one in material.of("description")), None)
    if name is not None:
        yield _fact(name, f"The project is called {name.text}.")
    if about is not None:
        yield _fact(about, f"It describes itself as: \u201c{about.text}\u201d")
    yield Statement(f"What is wanted: \u201c{material.idea.sentence}\u201d", SENTENCE)


def _goals(material: _Material, _title: str) -> Iterator[Statement]:
    if material.idea.goal:
        yield Statement(f"{material.idea.goal[:1].upper()}{material.idea.goal[1:]}.", SENTENCE)
    else:
        yield Statement(f"\u201c{material.idea.sentence}\u201d works as FR-001 and those after it say.", SENTENCE)
        asked = material.ask("What is it for: what can somebody do then that cannot be done today?")
        yield Statement(f"The reason behind it is not known; see {asked}.", kind="plain")


def _users(material: _Material, title: str) -> Iterator[Statement]:
    if material.idea.actor:
        yield Statement(f"{material.idea.actor[:1].upper()}{material.idea.actor[1:]}.", SENTENCE)
    else:
        yield from _unknown(material, title)


def _figures(material: _Material, title: str) -> Iterator[Statement]:
    for figure in material.idea.figures:
        yield Statement(f"Figure that the sentence gives: {figure}.", SENTENCE)
    if not material.idea.figures:
        yield from _unknown(material, title)


def _requirements(material: _Material, _title: str) -> Iterator[Statement]:
    asked = material.ask(
        "How can somebody see that each requirement is met: which input, which result, which message when it fails?"
    )
    for number, one in enumerate(material.idea.demands, 1):
        name = f"FR-{number:03}"
        below = Statement(
            f"Given the product as it is today, when somebody uses what {name} names, then the result that {asked} "
            "settles can be seen.",
            kind="assumption",
        )
        yield Statement(one.text, SENTENCE, "fact", name, (below,))
    yield from _quality(material, "")


def _quality(material: _Material, title: str) -> Iterator[Statement]:
    for number, figure in enumerate(material.idea.figures, 1):
        yield Statement(
            f"The system shall keep to the figure of the sentence: {figure}.", SENTENCE, "fact", f"NFR-{number:03}"
        )
    runs = material.of("run-tests")
    if runs and not title:
        number = len(material.idea.figures) + 1
        below = Statement(f"The tests run with `{runs[0].text}`.", runs[0].source)
        yield Statement(
            "The change shall leave the tests of the project passing.", "", "assumption", f"NFR-{number:03}", (below,)
        )
    if not material.idea.figures:
        asked = material.ask(
            "Which bounds hold for time, load, data volume, security and accessibility? The sentence names none."
        )
        yield Statement(f"The sentence names no bound; see {asked}.", kind="plain")


def _scope(material: _Material, _title: str) -> Iterator[Statement]:
    last = f"FR-{len(material.idea.demands):03}"
    which = "FR-001 asks" if last == "FR-001" else f"FR-001 to {last} ask"
    yield Statement(f"What {which} for, and nothing else.", SENTENCE)


def _out(material: _Material, _title: str) -> Iterator[Statement]:
    asked = material.ask("What could somebody expect from the sentence that is not wanted, or not now?")
    yield Statement(f"Whatever no requirement above names; see {asked}.", kind="assumption")


def _stack(material: _Material, _title: str) -> Iterator[Statement]:
    for one in material.of("language"):
        yield _fact(one, f"{one.text}: {one.detail}, such as this one")
    known = {one.detail.lower() for one in material.of("framework")}
    for one in material.of("framework"):
        yield _fact(one, f"{one.text}: a dependency of the project")
    rest = [one for one in material.of("dependency") if one.text.lower() not in known]
    for one in rest[:12]:
        yield _fact(one, f"{one.text}: a dependency of the project")
    if not material.of("language", "framework", "dependency"):
        yield from _unknown(material, "Technology stack")


def _reference(material: _Material, _title: str) -> Iterator[Statement]:
    for one in material.of("docs"):
        yield _fact(one, f"`{one.text}`{f': {one.detail}' if one.detail else ''}")
    for one in material.of("licence"):
        yield _fact(one, f"Licence: {one.text}")
    for one in material.of("ci"):
        yield _fact(one, f"Checks that run on a server: {one.text}")
    if not material.of("docs", "licence", "ci"):
        yield from _unknown(material, "Reference")


def _structure(material: _Material, title: str) -> Iterator[Statement]:
    for one in material.of("module"):
        yield _fact(one, f"`{one.text}` may be concerned: {one.detail}")
    for one in material.of("folder")[:8]:
        yield _fact(one, f"`{one.text}`: {one.detail}")
    for one in material.of("entry")[:6]:
        yield _fact(one, f"Entry point: `{one.text}`{f' ({one.detail})' if one.detail else ''}")
    for one in material.of("tests"):
        yield _fact(one, f"Tests: {one.text}")
    for one in material.of("run-tests"):
        yield _fact(one, f"Tests run with `{one.text}`{f' ({one.detail})' if one.detail else ''}")
    if not material.of("module", "folder", "entry", "tests", "run-tests"):
        yield from _unknown(material, title)


def _changes(_material: _Material, _title: str) -> Iterator[Statement]:
    yield Statement("Made from one sentence and the facts of the repository", kind="plain")


def _unknown(material: _Material, title: str) -> Iterator[Statement]:
    role = _role(title)
    asked = material.ask(_UNKNOWN.get(role, f"What belongs in the section \u201c{plain_text(title)}\u201d?"))
    yield Statement(f"Not known from the sentence or the repository; see {asked}.", kind="plain")


_MAKERS: Final[Mapping[str, Callable[[_Material, str], Iterator[Statement]]]] = {
    "intro": _intro,
    "goals": _goals,
    "users": _users,
    "figures": _figures,
    "requirements": _requirements,
    "quality": _quality,
    "scope": _scope,
    "out": _out,
    "stack": _stack,
    "reference": _reference,
    "structure": _structure,
    "changes": _changes,
}


# -- to Markdown -----------------------------------------------------------------------------------


def assemble(outline: Outline, parts: Sequence[Part]) -> str:
    """The template with each part below its heading; what the template says there stays."""
    lines = outline.template.splitlines()
    by_line = {line: part for (_, _, line), part in zip(outline.sections, parts, strict=True) if line >= 0}
    marks = [one.line for one in headings(lines)]
    written: list[str] = []
    missing = [
        (at, part) for at, ((_, _, line), part) in enumerate(zip(outline.sections, parts, strict=True)) if line < 0
    ]
    for number, line in enumerate(lines):
        for at, part in [one for one in missing if _comes_before(outline, one[0]) == number]:
            del at
            written += _added(part)
        written.append(line)
        part = by_line.get(number)
        following = next((mark for mark in marks if mark > number), len(lines))
        if part is not None:
            kept = lines[number + 1 : following]
            by_line.pop(number)
            _append(written, part, table=any(_TABLE.match(one) for one in kept), kept=kept)
            for skipped in range(number + 1, following):
                lines[skipped] = "\0"
        if written[-1] == "\0":
            written.pop()
    for _, part in [one for one in missing if _comes_before(outline, one[0]) < 0]:
        written += _added(part)
    text = "\n".join(one for one in written if one != "\0")
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _comes_before(outline: Outline, at: int) -> int:
    """Line of the next heading of the template after an added section; -1 when there is none."""
    return next((line for _, _, line in outline.sections[at + 1 :] if line >= 0), -1)


def _added(part: Part) -> list[str]:
    lines = ["", f"## {part.title}"]
    _append(lines, part, table=False, kept=[])
    return [*lines, ""]


def _append(lines: list[str], part: Part, *, table: bool, kept: Sequence[str]) -> None:
    text = list(kept)
    while text and not text[-1].strip():
        text.pop()
    lines += text if text and text[0].strip() == "" else (["", *text] if text else [])
    if table and part.statements:
        width = next((one.strip().strip("|").count("|") + 1 for one in kept if _TABLE.match(one)), 2)
        lines += [row for one in part.statements for row in _rows(one, width)]
    else:
        lines += ["", *(line for one in part.statements for line in one.lines())]
    lines.append("")


def _rows(one: Statement, width: int) -> Iterator[str]:
    head, colon, rest = one.text.partition(": ")
    cells = [head, *[""] * (width - 2), rest] if colon else [one.text, *[""] * (width - 1)]
    mark = f"(source: {one.source})" if one.kind == "fact" else ASSUMPTION if one.kind == "assumption" else ""
    cells[-1] = f"{cells[-1]} {mark}".strip()
    yield f"| {' | '.join(cell or '-' for cell in cells[:width])} |"


def renumbered(parts: Sequence[Part]) -> None:
    """Give requirements their ids anew, in their order."""
    counts = {"FR": 0, "NFR": 0}
    for part in parts:
        for at, one in enumerate(part.statements):
            prefix = one.id.partition("-")[0]
            if prefix in counts:
                counts[prefix] += 1
                part.statements[at] = replace(one, id=f"{prefix}-{counts[prefix]:03}")
