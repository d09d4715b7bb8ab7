"""`aura prd check`: everything that is wrong with a requirements document, by line, with a reason and a rewrite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.documents.comparing import compare
from aura_planning.documents.findings import RULES, Fault, Severity
from aura_planning.documents.statements import Written, read_written
from aura_planning.documents.structure import Tested, judge_structure, judge_traces, wants_sections
from aura_planning.documents.vocabulary import NAMES, Language, lexicon_of
from aura_planning.documents.wording import judge_wording

__all__ = ["Checked", "Surroundings", "check_document", "severity_of"]

_RANK: Final = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the document."""

    exists: Callable[[str], bool] | None = None
    """Whether a file is there that the document links to; None when that cannot be told."""
    known: Collection[str] = ()
    """Ids that other files of the plan give."""
    covered: Collection[str] = ()
    """Ids of requirements that stories in other files name."""
    tests: Tested | None = None
    """Which of some ids, given with their criteria, a test belongs to; None for a project without tests."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a document."""

    path: str
    family: str
    language: Language
    faults: Sequence[Fault]
    """By line."""
    skipped: Sequence[str]
    """Rules that were not applied, and why."""
    items: int
    lines: int


def severity_of(fault: Fault) -> Severity:
    """How bad a fault is."""
    return fault.severity or RULES[fault.rule].severity


def check_document(data: bytes, path: str, *, off: Collection[str] = (), around: Surroundings | None = None) -> Checked:
    """Check a document of any family. The same bytes give the same result.

    Args:
        data: The file.
        path: What it is called in the result.
        off: Rules that are switched off.
        around: What is known beside it.
    """
    around = around or Surroundings()
    written = read_written(data, path)
    quiet = frozenset(off) | written.off
    faults = [one for one in _all(written, around) if _counts(one, written, quiet)]
    faults = sorted(dict.fromkeys(faults), key=lambda one: (one.line, _RANK[severity_of(one)], one.rule, one.message))
    return Checked(
        path,
        written.document.family,
        written.language,
        faults,
        tuple(_skipped(written, quiet, around)),
        len(written.document.items),
        len(written.lines),
    )


def _all(written: Written, around: Surroundings) -> list[Fault]:
    lexicon = lexicon_of(written.language)
    faults = [*judge_structure(written, around.exists, around.known), *judge_wording(written, lexicon)]
    faults += judge_traces(written, around.covered, around.tests)
    if lexicon is not None:
        faults += compare(written, lexicon)
    return faults


def _counts(fault: Fault, written: Written, quiet: frozenset[str]) -> bool:
    return fault.rule not in quiet and not {fault.rule, "all"} & written.ignored.get(fault.line, frozenset())


def _skipped(written: Written, quiet: frozenset[str], around: Surroundings) -> list[str]:
    told: list[str] = []
    words = [name for name, rule in RULES.items() if rule.words and name not in quiet]
    if lexicon_of(written.language) is None and words:
        told.append(f"{', '.join(words)}: there are no word lists for {NAMES[written.language]}")
    if "missing-section" not in quiet and not wants_sections(written):
        told.append("missing-section: this is a list of stories or tasks, and no PRD as a whole")
    if "criterion-without-test" not in quiet and around.tests is None:
        told.append("criterion-without-test: no tests to look at")
    off = sorted(quiet & set(RULES))
    if off:
        told.append(f"{', '.join(off)}: switched off")
    unknown = sorted(quiet - set(RULES))
    if unknown:
        told.append(f"{', '.join(unknown)}: there is no such rule")
    return told
