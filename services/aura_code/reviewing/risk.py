"""How much may go wrong with a change, from figures that a person can check."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from aura_code.answers import visible
from aura_code.reviewing.changes import Change, FileChange
from aura_code.reviewing.git import Git
from aura_code.reviewing.manifests import stray_locks, unlocked
from aura_code.reviewing.testing import Changed
from aura_shared.messages.review import ApiChange, ReviewFinding, ReviewRisk, UntestedChange

_HIGH: Final = 0.6
_MEDIUM: Final = 0.3
_BUSY: Final = 12
"""Commits of a year from which a file counts as one that changes often: one a month."""
_COMPLEX: Final = 12
"""McCabe's own bound is 10; code written by people often lies just above it."""
_MOST_PATHS: Final = 60
_HISTORY_S: Final = 1.5
_LARGE: Final = 400
"""Lines; reviewers find fewer faults an hour above it (Cohen, 2006, "Best Kept Secrets of Peer Code Review")."""
_SENSITIVE_WORDS: Final = (
    ("authentication and permissions", "auth|authn|authz|oauth2?|login|sessions?|permissions?|acl|rbac|sso|jwt"),
    ("cryptography and secrets", "crypto|cryptography|security|secrets?|tls|ssl|x509|signing"),
    ("payments", "payments?|billing|invoices?|checkout|stripe"),
)
_SENSITIVE: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    *((what, re.compile(rf"(?:^|[/_.-])(?:{words})(?=[/_.-]|$)")) for what, words in _SENSITIVE_WORDS),
    ("the form of the database", re.compile(r"(?:^|/)(?:migrations?|alembic|db/migrate)/|\.sql$")),
    (
        "build and delivery",
        re.compile(
            r"(?:^|/)(?:\.github/workflows/|\.circleci/|\.gitlab-ci|jenkinsfile|dockerfile|docker-compose"
            r"|deploy/|helm/|terraform/)"
        ),
    ),
)


class Factor(NamedTuple):
    """One thing that speaks for a risk."""

    weight: float
    """From 0 to 1; weights add up like chances that are independent."""
    what: str
    """With its figure."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the risk is made of."""

    change: Change
    findings: Sequence[ReviewFinding]
    api: Sequence[ApiChange]
    untested: Sequence[UntestedChange]
    changed: Sequence[Changed]
    impact_files: int
    churn: Mapping[str, int]
    """Commits of the last year by path."""


def assess(evidence: Evidence) -> ReviewRisk:
    """The risk of a change: 1 - the product of (1 - weight) over its factors."""
    factors = [factor for source in _SOURCES for factor in source(evidence) if factor.weight > 0]
    factors.sort(key=lambda factor: -factor.weight)
    score = round(1 - math.prod(1 - factor.weight for factor in factors), 3)
    level: Literal["low", "medium", "high"] = "high" if score >= _HIGH else "medium" if score >= _MEDIUM else "low"
    return ReviewRisk(level=level, score=score, factors=[visible(factor.what) for factor in factors])


def yearly_commits(git: Git, paths: Sequence[str]) -> dict[str, int]:
    """Commits of the year up to the newest one, by path; renames are not followed. Empty when that takes long."""
    if not paths:
        return {}
    quick = Git(git.root, timeout_s=_HISTORY_S)
    newest = quick.word("rev-list", "-1", "--no-commit-header", "--format=%ct", "HEAD")
    if not newest.isdigit():
        return {}
    said = quick.run(
        *("log", "--no-show-signature", "--no-renames", "--no-ext-diff", "--no-textconv", "--name-only", "--relative"),
        *("-z", "--format=%x01", f"--since={int(newest) - 365 * 86_400}", "HEAD", "--", *paths[:_MOST_PATHS]),
    )
    if not said.ok:
        return {}
    counts: dict[str, int] = {}
    for name in said.text.replace(b"\x01", b"\0").split(b"\0"):
        path = name.strip(b"\n").decode("utf-8", "surrogateescape")
        if path:
            counts[path] = counts.get(path, 0) + 1
    return counts


def _api(evidence: Evidence) -> Iterator[Factor]:
    breaking = [one for one in evidence.api if one.breaking]
    if breaking:
        left = sum(1 for one in breaking if one.users_left)
        told = f"{_many(len(breaking), 'breaking change')} of interfaces"
        if left:
            told += f", {left} with users that the change leaves alone"
        yield Factor(min(0.6, 0.22 + 0.03 * len(breaking) + 0.15 * min(2, left)), told)


def _untested(evidence: Evidence) -> Iterator[Factor]:
    of = len(evidence.changed)
    if evidence.untested and of:
        share = len(evidence.untested) / of
        yield Factor(0.1 + 0.25 * share, f"{len(evidence.untested)} of {_many(of, 'changed function')} without a test")


def _impact(evidence: Evidence) -> Iterator[Factor]:
    if evidence.impact_files:
        weight = min(0.35, 0.06 * math.log2(1 + evidence.impact_files))
        yield Factor(weight, f"{_many(evidence.impact_files, 'file')} outside of the change use what changes")


def _size(evidence: Evidence) -> Iterator[Factor]:
    code = [file for file in evidence.change.files if file.is_code]
    lines = sum(file.added + file.removed for file in code)
    if lines >= _LARGE // 4:
        weight = min(0.35, 0.15 * lines / _LARGE)
        yield Factor(weight, f"{lines} changed lines of code in {_many(len(code), 'file')}")


def _hotspots(evidence: Evidence) -> Iterator[Factor]:
    busy = [file.path for file in evidence.change.files if file.is_code and evidence.churn.get(file.path, 0) >= _BUSY]
    if busy:
        most = max(busy, key=lambda path: evidence.churn[path])
        more = f" and {len(busy) - 1} more" if len(busy) > 1 else ""
        yield Factor(min(0.25, 0.1 + 0.03 * len(busy)), f"{most} changed {evidence.churn[most]} times in a year{more}")


def _complexity(evidence: Evidence) -> Iterator[Factor]:
    heavy = [one for one in evidence.changed if one.definition.complexity >= _COMPLEX]
    if heavy:
        most = max(heavy, key=lambda one: one.definition.complexity)
        told = f"`{most.name}` has a complexity of {most.definition.complexity}"
        if len(heavy) > 1:
            told = f"{len(heavy)} complex functions change; {told}"
        yield Factor(min(0.25, 0.08 + 0.03 * len(heavy)), told)


def _findings(evidence: Evidence) -> Iterator[Factor]:
    errors = sum(one.level == "error" for one in evidence.findings)
    warnings = sum(one.level == "warning" for one in evidence.findings)
    if errors:
        yield Factor(min(0.5, 0.25 + 0.05 * errors), f"{_many(errors, 'new finding')} of the level error")
    if warnings:
        yield Factor(min(0.25, 0.06 + 0.02 * warnings), f"{_many(warnings, 'new finding')} of the level warning")


def _sensitive(evidence: Evidence) -> Iterator[Factor]:
    for what, pattern in _SENSITIVE:
        touched = [file for file in evidence.change.files if not file.is_test and _matters(file, pattern)]
        if touched:
            more = f" and {len(touched) - 1} more" if len(touched) > 1 else ""
            yield Factor(0.15, f"it touches {what}: {touched[0].path}{more}")


def _matters(file: FileChange, pattern: re.Pattern[str]) -> bool:
    ending = file.path.rpartition(".")[2].lower()
    return pattern.search(file.path.lower()) is not None and ending not in {"md", "rst", "txt", "png", "svg", "css"}


def _locks(evidence: Evidence) -> Iterator[Factor]:
    for lock in stray_locks(evidence.change)[:1]:
        yield Factor(0.08, f"{lock} changes although no manifest does")
    for manifest, lock in unlocked(evidence.change)[:1]:
        yield Factor(0.12, f"{manifest} changes its dependencies, and {lock} does not follow")


def _state(evidence: Evidence) -> Iterator[Factor]:
    conflicts = [file for file in evidence.change.files if file.note.startswith("a conflict")]
    if conflicts:
        yield Factor(0.5, f"{_many(len(conflicts), 'file')} with conflicts that are not resolved")
    blind = [file for file in evidence.change.files if file.kind == "binary" or file.note]
    if blind:
        yield Factor(0.05, f"{_many(len(blind), 'file')} whose content cannot be reviewed here")
    if evidence.change.cut:
        yield Factor(0.3, f"the change is too large to be read whole: {len(evidence.change.files)} files")


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


_SOURCES: Final = (
    _api,
    _untested,
    _impact,
    _size,
    _hotspots,
    _complexity,
    _findings,
    _sensitive,
    _locks,
    _state,
)
