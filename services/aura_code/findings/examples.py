"""Runs the examples of rules, which are their tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from aura_code.findings.checking import RawFinding, apply_edits, check_source, compiled
from aura_code.findings.loading import RuleSet, with_options
from aura_code.findings.model import Example, Rule
from aura_code.syntax import parse_source
from aura_languages import language_of, languages

_MARKER: Final = re.compile(r"(?:#|//|/\*)\s*<-\s*(?:\*/\s*\}?)?\s*$")


class Case(NamedTuple):
    """One example of one rule in one language."""

    rule: Rule
    language: str
    example: Example
    bad: bool
    name: str
    """`rule-language-bad-1`."""


def cases_of(rule: Rule) -> Iterator[Case]:
    """Every example in every language of its part; one whose path says a language only in that one."""
    for part_number, part in enumerate(rule.parts):
        for kind, examples in (("bad", part.bad), ("good", part.good)):
            for number, example in enumerate(examples, start=1):
                told = language_of(example.path, example.code.encode()) if example.path else ""
                for language in (told,) if told in part.languages else part.languages:
                    name = f"{rule.id}-{language}-{kind}-{part_number + 1}.{number}"
                    yield Case(rule, language, example, kind == "bad", name)


def problem_of(case: Case) -> str:
    """What is wrong with an example; empty when it does what it says."""
    text = case.example.code.encode()
    path = case.example.path or f"example{languages()[case.language].suffixes[0]}"
    file = parse_source(path, text, language=case.language)
    if file is None or file.root.has_error:
        return f"the example is not valid {case.language}; give it a `path` when it is meant for one language only"
    rules = RuleSet([with_options(case.rule, case.example.options)])
    if problems := compiled(rules, case.language).problems:
        return problems[0].reason
    found = check_source(file, rules)
    wanted = marked_lines(case.example.code)
    lines = sorted({file.line_of(finding.start) for finding in found})
    if case.bad and not wanted:
        return "a bad example must mark the lines that are reported with `# <-` or `// <-`"
    if not case.bad and wanted:
        return "a good example must not have markers"
    if lines != wanted:
        return f"expected findings on lines {wanted}; found {lines}"
    return _fix_problem(case, text, found)


def _fix_problem(case: Case, text: bytes, found: list[RawFinding]) -> str:
    if case.example.fixed is None:
        return ""
    changed = apply_edits(text, [edit for finding in found for edit in finding.edits])
    if changed is None:
        return "the edits of its findings overlap"
    if changed.decode() != case.example.fixed:
        return f"expected after the fix:\n{case.example.fixed}\nfound:\n{changed.decode()}"
    return ""


def marked_lines(code: str) -> list[int]:
    """The lines, from 1, that end in a marker."""
    return [number for number, line in enumerate(code.split("\n"), start=1) if _MARKER.search(line)]
