"""What an explanation is about: a definition, a place or a file, with everything that the code service knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_factory.assist.code_desk import CodeDesk, together
from aura_shared.errors import NotFound, UnknownFile, UsageProblem
from aura_shared.messages.code import FindSymbols, OutlineAnswer, OutlineFile, ReadSpan, Symbol
from aura_shared.messages.findings import FindingInfo, ListFindings
from aura_shared.messages.insight import FindHotspots, Hotspot
from aura_shared.messages.structure import (
    Affected,
    AskImpact,
    Call,
    FindCalls,
    FindHierarchy,
    FindReferences,
    Reference,
    Relative,
)

__all__ = ["Subject", "SubjectFacts", "find_subject", "gather_facts", "innermost"]

_AROUND: Final = 12  # Lines shown on either side of a place that lies in no definition.
_MOST_LINES: Final = 400
_MOST_EACH: Final = 12
_TYPES: Final = frozenset({"class", "interface", "trait", "struct", "enum", "type"})


@dataclass(frozen=True, slots=True)
class Subject:
    """A place in the code."""

    path: str
    start_line: int
    end_line: int
    text: str
    """The lines; hidden characters are made visible."""
    language: str = ""
    symbol: Symbol | None = None
    line: int = 0
    """The line that was asked about; 0 for a definition or a file."""
    others: tuple[Symbol, ...] = ()
    """Other definitions of the same name."""
    outline: OutlineAnswer | None = None
    """For a whole file."""

    @property
    def qualified(self) -> str:
        """Name of the definition with what surrounds it; empty without one."""
        return qualified(self.symbol) if self.symbol else ""

    @property
    def place(self) -> str:
        """`path:first-last`."""
        return f"{self.path}:{self.start_line}-{self.end_line}"

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        if self.symbol is None:
            return f"line {self.line} of {self.path}" if self.line else f"the file {self.path}"
        named = f"the {self.symbol.kind} {self.qualified} in {self.place}"
        return f"line {self.line} of {named}" if self.line else named


@dataclass(slots=True)
class SubjectFacts:
    """What is known of a subject."""

    callers: list[Call] = field(default_factory=list[Call])
    callees: list[Call] = field(default_factory=list[Call])
    uses: list[Reference] = field(default_factory=list[Reference])
    uses_total: int = 0
    tests: list[Affected] = field(default_factory=list[Affected])
    tests_total: int = 0
    relatives: list[Relative] = field(default_factory=list[Relative])
    impact: str = ""
    findings: list[FindingInfo] = field(default_factory=list[FindingInfo])
    history: Hotspot | None = None
    history_days: int = 365


def qualified(symbol: Symbol) -> str:
    """A definition's name with what surrounds it."""
    return f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name


def innermost(symbols: Sequence[Symbol], line: int) -> Symbol | None:
    """The smallest definition around a line."""
    around = [one for one in symbols if one.start_line <= line <= one.end_line]
    return min(around, key=lambda one: (one.end_line - one.start_line, -one.start_line), default=None)


async def find_subject(desk: CodeDesk, *, path: str = "", line: int = 0, symbol: str = "") -> Subject:
    """What is meant.

    Raises:
        UsageProblem: Nothing is named, or the file has no such line.
        NotFound: There is no such file or definition; says the nearest names.
    """
    if symbol:
        return await _of_symbol(desk, symbol, path)
    if not path:
        raise UsageProblem("nothing is named", hint="Name FILE:LINE, a symbol, or a finding.")
    outline = await desk.ask(OutlineFile(project=desk.project.id, path=path))
    if line > max(1, outline.lines):
        raise UsageProblem(f"{path} has {outline.lines} lines, and no line {line}")
    if not line:
        whole = await _span(desk, path, 1, max(1, outline.lines))
        return Subject(
            path=path, start_line=1, end_line=max(1, outline.lines), text=whole, language=outline.language,
            outline=outline,
        )  # fmt: skip
    found = innermost(outline.symbols, line)
    first, last = (found.start_line, found.end_line) if found else (max(1, line - _AROUND), line + _AROUND)
    last = min(last, max(1, outline.lines))
    text = await _span(desk, path, first, last)
    return Subject(
        path=path, start_line=first, end_line=last, text=text, language=outline.language, symbol=found, line=line
    )


async def _of_symbol(desk: CodeDesk, name: str, path: str) -> Subject:
    paths = [f"/{path}"] if path else []
    answer = await desk.ask(FindSymbols(project=desk.project.id, name=name, exact=True, paths=paths, limit=20))
    if not answer.symbols:
        near = await desk.ask(FindSymbols(project=desk.project.id, name=name, paths=paths, limit=5))
        names = ", ".join(f"{qualified(one)} ({one.path}:{one.start_line})" for one in near.symbols)
        where = f" in {path}" if path else ""
        raise NotFound(
            f"no definition is called {name!r}{where}", hint=f"Near to it: {names}." if names else answer.reason or None
        )
    first, *others = answer.symbols
    text = await _span(desk, first.path, first.start_line, first.end_line)
    return Subject(
        path=first.path, start_line=first.start_line, end_line=first.end_line, text=text, language=first.language,
        symbol=first, others=tuple(others),
    )  # fmt: skip


async def _span(desk: CodeDesk, path: str, first: int, last: int) -> str:
    last = min(last, first + _MOST_LINES - 1)
    try:
        answer = await desk.ask(
            ReadSpan(project=desk.project.id, path=path, start_line=first, end_line=last, budget=20_000)
        )
    except UnknownFile as error:
        raise NotFound(error.message, hint="The file is gone since it was indexed; try again in a moment.") from error
    return answer.text


async def gather_facts(desk: CodeDesk, subject: Subject) -> SubjectFacts:
    """Everything about a subject, asked at once. What cannot be found out is left empty and noted at the desk."""
    facts = SubjectFacts()
    await together(
        _structure(desk, subject, facts),
        _impact(desk, subject, facts),
        _findings(desk, subject, facts),
        _history(desk, subject, facts),
    )
    return facts


async def _structure(desk: CodeDesk, subject: Subject, facts: SubjectFacts) -> None:
    if subject.symbol is None:
        return
    project, path, line = desk.project.id, subject.path, _name_line(subject)
    if subject.symbol.kind in _TYPES:
        kin = await desk.attempt(FindHierarchy(project=project, path=path, line=line, limit=_MOST_EACH), "hierarchy")
        facts.relatives = kin.relatives if kin else []
        uses = await desk.attempt(FindReferences(project=project, path=path, line=line, limit=_MOST_EACH), "references")
        facts.uses, facts.uses_total = (uses.references, uses.total) if uses else ([], 0)
    else:
        into = await desk.attempt(FindCalls(project=project, path=path, line=line, limit=_MOST_EACH), "callers")
        facts.callers = into.calls if into else []
        out = await desk.attempt(
            FindCalls(project=project, path=path, line=line, direction="callees", limit=_MOST_EACH), "callees"
        )
        facts.callees = out.calls if out else []


def _name_line(subject: Subject) -> int:
    """A line that leads to the definition itself: decorators belong to it, so its first one does."""
    return subject.start_line


async def _impact(desk: CodeDesk, subject: Subject, facts: SubjectFacts) -> None:
    """What a change may break, and the tests that reach it: one question, since one walk finds both."""
    line = _name_line(subject) if subject.symbol else None
    question = AskImpact(project=desk.project.id, path=subject.path, line=line, limit=_MOST_EACH)
    answer = await desk.attempt(question, "impact")
    if answer is not None:
        facts.tests, facts.tests_total = answer.tests, answer.tests_total
        facts.impact = answer.summary if subject.symbol else ""


async def _findings(desk: CodeDesk, subject: Subject, facts: SubjectFacts) -> None:
    question = ListFindings(project=desk.project.id, paths=[f"/{subject.path}"], limit=200)
    answer = await desk.attempt(question, "findings")
    facts.findings = [
        one
        for one in (answer.findings if answer else [])
        if one.path == subject.path and one.start_line <= subject.end_line and one.end_line >= subject.start_line
    ][:_MOST_EACH]


async def _history(desk: CodeDesk, subject: Subject, facts: SubjectFacts) -> None:
    answer = await desk.recall(FindHotspots(project=desk.project.id, limit=200), "history", "")
    if answer is not None:
        facts.history = next((one for one in answer.hotspots if one.path == subject.path), None)
        facts.history_days = answer.days
