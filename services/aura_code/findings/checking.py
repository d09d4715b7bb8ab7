"""Runs rules on a parsed file: the queries of all rules of a language as one query, run once."""

from __future__ import annotations

import contextlib
import gc
import logging
from bisect import bisect_right
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from tree_sitter import Language, Node, Query, QueryError

from aura_code.findings.loading import RuleProblem, RuleSet
from aura_code.findings.model import Captures, Check, Edit, Hit, Rule
from aura_code.places import is_vendored
from aura_code.syntax import SourceFile
from aura_languages import languages
from aura_languages.parsing import Deadline, matches

_log = logging.getLogger(__name__)

_NONE: Final[Captures] = {}
_DEEPEST: Final = 2_000
"""Levels of syntax; at 3,000 the slowest rules need 0.2 s, at 20,000 minutes."""
_DEPTH_SAMPLES: Final = 24
_MOST_FINDINGS: Final = 1_000
"""Findings of one rule in one file; more of them tell nobody anything."""


class RawFinding(NamedTuple):
    """What a rule reports in a file, before anything is known of the project."""

    rule: Rule
    start: int
    """Offset of the first byte."""
    end: int
    """Offset after the last byte."""
    message: str
    edits: tuple[Edit, ...]


class _Job(NamedTuple):
    rule: Rule
    check: Check | None


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of one language, ready to run."""

    query: Query | None
    """The queries of all rules, joined; None when no rule has one."""
    jobs: tuple[tuple[_Job, ...], ...]
    """For each pattern of the query what to do with its matches; rules with the same query share its patterns."""
    whole: tuple[_Job, ...]
    """Checks that look at the whole file."""
    problems: tuple[RuleProblem, ...]
    """Rules whose query does not fit the grammar."""


_compiled: WeakKeyDictionary[RuleSet, dict[str, Compiled]] = WeakKeyDictionary()


def compiled(rules: RuleSet, language: str) -> Compiled:
    """The rules of a language, ready to run; kept as long as the set of rules."""
    known = _compiled.setdefault(rules, {})
    found = known.get(language)
    if found is None:
        found = known[language] = _compile(rules, language)
        for problem in found.problems:
            _log.warning("rule_left_out %s: %s", problem.rule, problem.reason)
    return found


@dataclass(slots=True)
class _Joined:
    """Distinct query texts and what hangs on each."""

    jobs: dict[str, list[_Job]] = field(default_factory=dict[str, "list[_Job]"])
    whole: list[_Job] = field(default_factory=list[_Job])


def _compile(rules: RuleSet, language: str) -> Compiled:
    spec = languages().get(language)
    joined = _Joined()
    for rule in rules:
        for part in rule.parts:
            if language not in part.languages:
                continue
            job = _Job(rule, part.check)
            if part.query:
                joined.jobs.setdefault(part.query, []).append(job)
            else:
                joined.whole.append(job)
    if spec is None or spec.grammar is None or not joined.jobs:
        return Compiled(None, (), tuple(joined.whole), ())
    return _join(Language(spec.grammar()), joined)


def _join(grammar: Language, joined: _Joined) -> Compiled:
    try:
        return _compiled_as_one(grammar, joined, [])
    except (QueryError, ValueError):  # Some query does not fit: look for it, and go on without it.
        problems = [problem for text in joined.jobs for problem in _query_problems(grammar, text, joined.jobs[text])]
        bad = {problem.rule for problem in problems}
        good = {text: jobs for text, jobs in joined.jobs.items() if not any(job.rule.id in bad for job in jobs)}
        whole = [job for job in joined.whole if job.rule.id not in bad]
        return _compiled_as_one(grammar, _Joined(good, whole), problems)


def _query_problems(grammar: Language, text: str, jobs: list[_Job]) -> list[RuleProblem]:
    try:
        Query(grammar, text)
    except (QueryError, ValueError) as error:
        return [RuleProblem(job.rule.id, f"{job.rule.id}: its query does not fit: {error}") for job in jobs]
    return []


def _compiled_as_one(grammar: Language, joined: _Joined, problems: list[RuleProblem]) -> Compiled:
    texts = list(joined.jobs)
    if not texts:
        return Compiled(None, (), tuple(joined.whole), tuple(problems))
    starts = list(accumulate((len(text.encode()) + 1 for text in texts[:-1]), initial=0))
    query = Query(grammar, "\n".join(texts))
    by_pattern = tuple(
        tuple(joined.jobs[texts[bisect_right(starts, query.start_byte_for_pattern(pattern)) - 1]])
        for pattern in range(query.pattern_count)
    )
    return Compiled(query, by_pattern, tuple(joined.whole), tuple(problems))


def check_source(file: SourceFile, rules: RuleSet, *, cpu_s: float = 10.0) -> list[RawFinding]:
    """What the rules report in a file, in the order of the file; the same place and rule once.

    A check that raises is logged and reports nothing more in this file; the other rules go on. After `cpu_s` seconds of
    CPU, which no file written by people needs, what is left of the file is not looked at. Code of others that lies in a
    folder for it has no findings: whoever works here does not mend it here.
    """
    if is_vendored(file.path):
        return []
    if nested_too_deeply(file):
        _log.warning("rules_given_up %s", file.path)
        return []
    with _without_collecting():
        return _check(file, compiled(rules, file.language), Deadline(cpu_s))


def nested_too_deeply(file: SourceFile) -> bool:
    """Whether some syntax lies so deep that looking up from everywhere, as checks do, would take minutes.

    Looked up at a few places spread over the file; code written by people stays below 300.
    """
    size = len(file.text)
    cursor = file.tree.walk()
    for place in range(_DEPTH_SAMPLES):
        offset = size * place // _DEPTH_SAMPLES
        cursor.reset(file.root)
        depth = 0
        while depth <= _DEEPEST and cursor.goto_first_child_for_byte(offset) is not None:
            depth += 1
        if depth > _DEEPEST:
            return True
    return False


@contextlib.contextmanager
def _without_collecting() -> Generator[None]:
    """No search for reference cycles in the block: over tens of thousands of nodes it takes two thirds of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _check(file: SourceFile, ready: Compiled, deadline: Deadline) -> list[RawFinding]:
    run = _Run(file)
    for job in ready.whole:
        run.ask(job, _NONE)
    if ready.query is not None:
        for pattern, captures in matches(ready.query, file.tree):
            if deadline.passed():
                _log.warning("rules_given_up %s", file.path)
                break
            for job in ready.jobs[pattern]:
                run.ask(job, captures)
    return run.found()


@dataclass(slots=True)
class _Run:
    file: SourceFile
    raw: dict[tuple[str, int, int], RawFinding] = field(default_factory=dict[tuple[str, int, int], RawFinding])
    failed: set[str] = field(default_factory=set[str])
    counts: Counter[str] = field(default_factory=Counter[str])

    def ask(self, job: _Job, captures: Captures) -> None:
        """Take in what one rule says of one match."""
        rule, check = job
        if (
            rule.id in self.failed
            or self.counts[rule.id] >= _MOST_FINDINGS
            or (self.file.is_test and not rule.in_tests)
        ):
            return
        if check is None:
            self._take(rule, (Hit(node) for node in captures.get("at", ())))
            return
        try:
            self._take(rule, check(self.file, captures))
        except Exception:  # noqa: BLE001 - a rule may be code of others: whatever it raises, the other rules go on
            self.failed.add(rule.id)
            _log.exception("rule_failed %s %s", rule.id, self.file.path)

    def _take(self, rule: Rule, hits: Iterable[Hit]) -> None:
        for hit in hits:
            at = hit.at
            start, end = (at.start_byte, at.end_byte) if isinstance(at, Node) else at
            key = (rule.id, start, end)
            if key not in self.raw and self.counts[rule.id] < _MOST_FINDINGS:
                self.counts[rule.id] += 1
                self.raw[key] = RawFinding(rule, start, end, hit.message or rule.message, tuple(hit.edits))

    def found(self) -> list[RawFinding]:
        """Everything reported, in the order of the file."""
        good = (finding for finding in self.raw.values() if self._fits(finding))
        return sorted(good, key=lambda finding: (finding.start, finding.end, finding.rule.id))

    def _fits(self, finding: RawFinding) -> bool:
        """Whether its offsets lie in the file and its edits in order; a check that errs here costs only its finding."""
        size = len(self.file.text)
        if not (0 <= finding.start <= finding.end <= size):
            _log.error("rule_out_of_file %s %s", finding.rule.id, self.file.path)
            return False
        return all(0 <= edit.start <= edit.end <= size for edit in finding.edits)


def apply_edits(text: bytes, edits: Iterable[Edit]) -> bytes | None:
    """The text after the edits; None when two of them overlap. The same edit twice counts once."""
    pieces: list[bytes] = []
    place = 0
    for edit in sorted(set(edits)):
        if edit.start < place:
            return None
        pieces += [text[place : edit.start], edit.text.encode()]
        place = edit.end
    return b"".join([*pieces, text[place:]])


def broken_queries(rules: RuleSet) -> Iterator[RuleProblem]:
    """Every rule whose query does not fit the grammar of one of its languages."""
    for language in sorted({language for rule in rules for part in rule.parts for language in part.languages}):
        yield from compiled(rules, language).problems
