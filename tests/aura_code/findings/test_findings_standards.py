"""A team says which rules hold, how much they weigh, and where."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from aura_code.findings.analysis import analyse_source
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.standards import standards_of
from aura_code_rules import make_rule, python
from aura_shared.settings import FindingsSettings

OFF = replace(make_rule("opinion"), default=False, category="style", tags=("opinion",), replaced_by=("ruff:C901",))
ON = replace(make_rule("mistake"), replaced_by=("ruff:S307", "bandit:B307"))
RULES = RuleSet([OFF, ON])


def held(replaced: tuple[str, ...] = (), **settings: object) -> list[str]:
    """The rules that hold."""
    return [rule.id for rule in standards_of(RULES, FindingsSettings.model_validate(settings), replaced).rules]


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({}, ["mistake"]),
        ({"on": ("opinion",)}, ["mistake", "opinion"]),
        ({"on": ("style",)}, ["mistake", "opinion"]),
        ({"on": ("*",)}, ["mistake", "opinion"]),
        ({"off": ("*",)}, []),
        ({"off": ("*",), "on": ("mistake",)}, ["mistake"]),
        ({"off": ("mistake",), "on": ("*",)}, ["opinion"]),
        ({"off": ("mistake",), "on": ("mistake",)}, []),
        ({"off": ("opinion", "security")}, []),
    ],
)
def test_rules_are_switched_by_name_and_by_group(settings: dict[str, object], rules: list[str]) -> None:
    assert held((), **settings) == rules


def test_a_rule_is_silent_where_a_tool_of_the_project_says_the_same() -> None:
    assert held(("ruff",)) == []
    assert held(("bandit:B307",)) == []
    assert held(("ruff:E501",)) == ["mistake"]
    assert held(("ruff",), on=("mistake",)) == ["mistake"]


def found(path: str, **settings: object) -> list[tuple[str, str]]:
    standards = standards_of(RULES, FindingsSettings.model_validate(settings))
    findings = standards.apply(analyse_source(python("f()\n", path), standards.rules))
    return [(finding.rule, finding.level) for finding in findings]


@pytest.mark.requirement("C4")
def test_levels_and_places_are_a_teams_choice() -> None:
    assert found("app.py", levels={"mistake": "error"}) == [("mistake", "error")]
    overrides = (
        {"paths": ("tests/",), "off": ("security",)},
        {"paths": ("tests/strict/",), "on": ("mistake", "opinion"), "levels": {"mistake": "hint"}},
    )
    assert found("app.py", overrides=overrides) == [("mistake", "warning")]
    assert found("tests/a.py", overrides=overrides) == []
    assert found("tests/strict/a.py", overrides=overrides) == [("mistake", "hint"), ("opinion", "warning")]


def test_findings_of_tools_follow_the_same_places() -> None:
    standards = standards_of(RULES, FindingsSettings(overrides=({"paths": ("gen/",), "off": ("*",)},)))  # type: ignore[arg-type]
    (own,) = analyse_source(python("f()\n", "gen/a.py"), standards.rules)
    theirs = replace(own, rule="ruff:F1", source="ruff")
    assert standards.apply([theirs, replace(theirs, path="src/a.py")]) == [replace(theirs, path="src/a.py")]


def test_names_that_do_not_exist_are_reported() -> None:
    settings = FindingsSettings(on=("opinon",), off=("ruff:F1",), options={"mistake": {"lines": 3}, "none": {}})
    assert standards_of(RULES, settings).problems == (
        "findings.on: expected a rule, category, tag or *; found 'opinon'; did you mean 'opinion'?",
        "findings.options: expected a rule, category, tag or *; found 'none'",
        "findings.options.mistake: expected no option; found 'lines'",
    )


def test_options_are_set_and_the_key_changes_with_all_that_matters() -> None:
    rules = RuleSet([replace(ON, options={"lines": 3})])
    plain = standards_of(rules, FindingsSettings())
    tuned = standards_of(rules, FindingsSettings(options={"mistake": {"lines": 9}}))
    assert tuned.rules["mistake"].options == {"lines": 9}
    assert plain.key == standards_of(rules, FindingsSettings()).key
    assert len({plain.key, tuned.key, standards_of(rules, FindingsSettings(), ("ruff",)).key}) == 3


def test_the_standards_on_the_page_hold() -> None:
    file = Path(__file__).resolve().parents[3] / "docs" / "findings.md"
    samples = re.findall(r"```toml\n(\[findings\].*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    assert len(samples) == 1
    settings = FindingsSettings.model_validate(tomllib.loads(samples[0])["findings"])
    assert standards_of(load_rules(), settings).problems == ()
