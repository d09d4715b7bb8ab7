"""Which findings of several tools, Aura among them, are one and the same.

Two findings are the same when they stand in one file at most a line apart and their rules are equivalent: a rule of
Aura names both in `replaced_by`, or one of the tables here does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from aura_code.findings.model import Finding, Rule

_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "undefined-name": (
        "ruff:F821",
        "basedpyright:reportUndefinedVariable",
        "pyright:reportUndefinedVariable",
        "mypy:name-defined",
        "ty:unresolved-reference",
        "eslint:no-undef",
        "biome:noUndeclaredVariables",
        "tsc:2304",
    ),
    "missing-module": (
        "basedpyright:reportMissingImports",
        "pyright:reportMissingImports",
        "mypy:import-not-found",
        "ty:unresolved-import",
    ),
    "missing-stubs": (
        "basedpyright:reportMissingModuleSource",
        "pyright:reportMissingModuleSource",
        "basedpyright:reportMissingTypeStubs",
        "mypy:import-untyped",
    ),
    "missing-attribute": (
        "basedpyright:reportAttributeAccessIssue",
        "pyright:reportAttributeAccessIssue",
        "basedpyright:reportOptionalMemberAccess",
        "pyright:reportOptionalMemberAccess",
        "mypy:attr-defined",
        "mypy:union-attr",
        "ty:unresolved-attribute",
        "ty:possibly-unbound-attribute",
    ),
    "wrong-argument": (
        "basedpyright:reportArgumentType",
        "pyright:reportArgumentType",
        "mypy:arg-type",
        "ty:invalid-argument-type",
    ),
    "wrong-call": (
        "basedpyright:reportCallIssue",
        "pyright:reportCallIssue",
        "mypy:call-arg",
        "ty:missing-argument",
        "ty:too-many-positional-arguments",
        "ty:unknown-argument",
    ),
    "wrong-assignment": (
        "basedpyright:reportAssignmentType",
        "pyright:reportAssignmentType",
        "mypy:assignment",
        "ty:invalid-assignment",
    ),
    "wrong-result": (
        "basedpyright:reportReturnType",
        "pyright:reportReturnType",
        "mypy:return-value",
        "ty:invalid-return-type",
    ),
    "wrong-operator": (
        "basedpyright:reportOperatorIssue",
        "pyright:reportOperatorIssue",
        "mypy:operator",
        "ty:unsupported-operator",
    ),
    "unbound": (
        "basedpyright:reportPossiblyUnbound",
        "pyright:reportPossiblyUnbound",
        "mypy:possibly-undefined",
        "ty:possibly-unresolved-reference",
    ),
    "unused-import": (
        "ruff:F401",
        "basedpyright:reportUnusedImport",
        "pyright:reportUnusedImport",
        "biome:noUnusedImports",
    ),
    "unused-name": (
        "ruff:F841",
        "basedpyright:reportUnusedVariable",
        "pyright:reportUnusedVariable",
        "eslint:no-unused-vars",
        "eslint:@typescript-eslint/no-unused-vars",
        "biome:noUnusedVariables",
        "tsc:6133",
    ),
    "debugger": ("eslint:no-debugger", "biome:noDebugger"),
    "loose-equality": ("eslint:eqeqeq", "biome:noDoubleEquals"),
    "const": ("eslint:prefer-const", "biome:useConst"),
    "var": ("eslint:no-var", "biome:noVar"),
    "any": ("eslint:@typescript-eslint/no-explicit-any", "biome:noExplicitAny"),
    "self-comparison": ("ruff:PLR0124", "eslint:no-self-compare", "biome:noSelfCompare"),
    "unreachable": ("eslint:no-unreachable", "biome:noUnreachable", "tsc:7027", "basedpyright:reportUnreachable"),
}
_BY_RULE: Final[Mapping[str, str]] = {rule: name for name, rules in _CLASSES.items() for rule in rules}


_MISSING: Final[Mapping[str, frozenset[str]]] = {
    "basedpyright": frozenset(["reportMissingImports", "reportMissingModuleSource", "reportMissingTypeStubs"]),
    "pyright": frozenset(["reportMissingImports", "reportMissingModuleSource", "reportMissingTypeStubs"]),
    "mypy": frozenset(["import-not-found", "import-untyped"]),
    "ty": frozenset(["unresolved-import"]),
    "tsc": frozenset(["2307", "2591", "2580", "7016", "2792"]),
}
"""Rules that say that a module is not installed."""
_FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "basedpyright": ("reportUnknown", "reportUntyped", "reportAny"),
    "pyright": ("reportUnknown", "reportUntyped"),
    "mypy": ("unused-ignore", "untyped-decorator", "no-any", "misc"),
    "ty": ("unused-ignore-comment",),
    "tsc": ("7006", "7031", "7026", "2875"),
}
"""Beginnings of rules that are broken because of it."""
_FEW: Final = 3


def without_consequences(tool: str, findings: list[Finding]) -> tuple[list[Finding], str]:
    """The findings without those that only say that the project's dependencies are not installed, and a note then.

    Up to three missing modules are taken for mistakes of the code.
    """
    missing = _MISSING.get(tool, frozenset())
    count = sum(1 for finding in findings if finding.rule.partition(":")[2] in missing)
    if count <= _FEW:
        return findings, ""
    follows = _FOLLOWS[tool]
    kept = [
        finding
        for finding in findings
        if (code := finding.rule.partition(":")[2]) not in missing and not code.startswith(follows)
    ]
    left = len(findings) - len(kept)
    return kept, (
        f"it does not find {count} imported modules, so {left} findings that follow from it were left out; install the "
        "project's dependencies where the tool looks for them"
    )


class Equivalence:
    """Answers whether two rules say the same."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._groups: dict[str, set[str]] = {}
        for rule in rules:
            for name in (rule.id, *rule.replaced_by):
                self._groups.setdefault(_plain(name), set()).add(f"aura/{rule.id}")
        for name, group in _BY_RULE.items():
            self._groups.setdefault(name, set()).add(group)

    def groups(self, rule: str) -> frozenset[str]:
        """What the rule belongs to; rules that share one of these are equivalent."""
        name = _plain(rule)
        return frozenset(self._groups.get(name, ())) | {name}


def without_repeats(findings: Sequence[Finding], rules: Iterable[Rule] = ()) -> list[Finding]:
    """The findings without those that repeat an earlier one of another tool; the first one stays."""
    same = Equivalence(rules)
    seen: dict[tuple[str, int, str], str] = {}
    kept: list[Finding] = []
    for finding in findings:
        groups = same.groups(finding.rule)
        line = finding.span.start_line
        places = [(finding.path, near, group) for group in groups for near in (line - 1, line, line + 1)]
        if any(seen.get(place, finding.source) != finding.source for place in places):
            continue
        for group in groups:
            seen.setdefault((finding.path, line, group), finding.source)
        kept.append(finding)
    return kept


def merge_findings(ours: Sequence[Finding], theirs: Sequence[Finding], rules: Iterable[Rule] = ()) -> list[Finding]:
    """Aura's findings and those of tools together, without repeats.

    Where both found the same, the tool's stays: its level and its comments are what the project has agreed on.
    """
    known = list(rules)
    merged = [*not_told(ours, theirs, known), *without_repeats(theirs, known)]
    return sorted(merged, key=lambda finding: (finding.path, finding.span, finding.rule))


def not_told(findings: Sequence[Finding], told: Sequence[Finding], rules: Iterable[Rule] = ()) -> list[Finding]:
    """The findings that repeat none of those that were told already, at most a line away."""
    same = Equivalence(rules)
    places = {
        (finding.path, near, group)
        for finding in told
        for group in same.groups(finding.rule)
        for near in range(finding.span.start_line - 1, finding.span.start_line + 2)
    }
    return [
        finding
        for finding in findings
        if not any((finding.path, finding.span.start_line, group) in places for group in same.groups(finding.rule))
    ]


def _plain(rule: str) -> str:
    """Bandit's codes are those of ruff's `S` family."""
    if rule.startswith("bandit:B") and rule[8:].isdigit():
        return f"ruff:S{rule[8:]}"
    return rule
