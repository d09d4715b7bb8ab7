"""A team's standards: which rules hold in a project, and where."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib.metadata import version
from typing import Final, NamedTuple

from aura_code.filters import PathFilter
from aura_code.findings.loading import RuleSet, with_options
from aura_code.findings.model import Finding, Level, Rule
from aura_shared.settings import FindingsOverride, FindingsSettings

ALL: Final = "*"


class _Override(NamedTuple):
    paths: PathFilter
    on: frozenset[str]
    off: frozenset[str]
    levels: dict[str, Level]


@dataclass(frozen=True, slots=True)
class Standards:
    """The rules that hold in a project."""

    rules: RuleSet
    """What is run, with the levels and limits of the team."""
    problems: tuple[str, ...]
    """Settings that name no rule, in one line each."""
    key: str
    """Changes whenever files must be analysed again."""
    _overrides: tuple[_Override, ...]
    _elsewhere_off: frozenset[str]
    """Rules that are on only where an override says so."""

    def apply(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that count where they are, with the levels of there."""
        return [kept for finding in findings if (kept := self._at(finding)) is not None]

    def _at(self, finding: Finding) -> Finding | None:
        rule = self.rules.get(finding.rule)
        names = names_of(rule) if rule is not None else (ALL, finding.rule, finding.category)
        off = finding.rule in self._elsewhere_off
        level = finding.level
        for override in self._overrides:
            if override.paths.passes(finding.path):
                said = _said(names, finding.rule, override.on, override.off)
                off = off if said is None else not said
                level = override.levels.get(finding.rule, level)
        if off:
            return None
        return finding if level == finding.level else replace(finding, level=level)


def names_of(rule: Rule) -> tuple[str, ...]:
    """What a setting may call a rule: itself, its category, its tags, all."""
    return (ALL, rule.id, rule.category, *rule.tags)


def standards_of(rules: RuleSet, settings: FindingsSettings, replaced: Collection[str] = ()) -> Standards:
    """The standards of a project.

    Args:
        rules: The installed rules.
        settings: What the team says.
        replaced: Tools that the project runs, or single rules of theirs as `ruff:F401`; Aura's rules that say the
            same are silent unless the team names them.
    """
    overrides = tuple(_override(override) for override in settings.overrides)
    on, off = frozenset(settings.on), frozenset(settings.off)
    held: list[Rule] = []
    elsewhere_off: set[str] = set()
    for rule in rules:
        names = names_of(rule)
        said = _said(names, rule.id, on, off)
        holds = rule.default and not _is_replaced(rule, replaced) if said is None else said
        if not holds and not any(override.on.intersection(names) for override in overrides):
            continue
        if not holds:
            elsewhere_off.add(rule.id)
        held.append(_tuned(rule, settings))
    chosen = RuleSet(held, rules.problems)
    problems = tuple(_problems(rules, settings))
    return Standards(chosen, problems, _key(chosen, settings), overrides, frozenset(elsewhere_off))


def _override(settings: FindingsOverride) -> _Override:
    return _Override(PathFilter(settings.paths), frozenset(settings.on), frozenset(settings.off), dict(settings.levels))


def _said(names: Collection[str], identifier: str, on: frozenset[str], off: frozenset[str]) -> bool | None:
    """Whether settings switch a rule on or off; None when they do not speak of it."""
    if identifier in off:
        return False
    if identifier in on:
        return True
    if not off.isdisjoint(names):
        return False
    return None if on.isdisjoint(names) else True


def _is_replaced(rule: Rule, replaced: Collection[str]) -> bool:
    return any(other in replaced or other.partition(":")[0] in replaced for other in rule.replaced_by)


def _tuned(rule: Rule, settings: FindingsSettings) -> Rule:
    options = settings.options.get(rule.id)
    tuned = with_options(rule, options) if options else rule
    level = settings.levels.get(rule.id)
    return replace(tuned, level=level) if level else tuned


def _problems(rules: RuleSet, settings: FindingsSettings) -> Iterator[str]:
    known = {name for rule in rules for name in names_of(rule)}
    places: list[tuple[str, Iterable[str]]] = [
        ("findings.on", settings.on),
        ("findings.off", settings.off),
        ("findings.levels", settings.levels),
        ("findings.options", settings.options),
    ]
    for override in settings.overrides:
        places += [(f"findings.overrides.{key}", getattr(override, key)) for key in ("on", "off", "levels")]
    for place, names in places:
        for name in names:
            if name not in known and ":" not in name:
                yield f"{place}: expected a rule, category, tag or *; found {name!r}{_similar(name, known)}"
    for name, options in settings.options.items():
        rule = rules.get(name)
        for option in options if rule is not None else ():
            if rule is not None and option not in rule.options:
                wanted = ", ".join(rule.options) or "no option"
                yield f"findings.options.{name}: expected {wanted}; found {option!r}"


def _similar(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


def _key(rules: RuleSet, settings: FindingsSettings) -> str:
    parts = [version("aura-dev"), settings.model_dump_json()]
    for rule in rules:
        parts += [rule.id, rule.level, rule.message, str(sorted(rule.options.items())), str(rule.in_tests)]
        parts += [f"{part.languages}{part.query}{part.bad}" for part in rule.parts]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
