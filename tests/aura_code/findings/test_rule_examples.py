"""Every example of every rule does what it says."""

from __future__ import annotations

import pytest

from aura_code.findings.checking import broken_queries
from aura_code.findings.examples import Case, cases_of, problem_of
from aura_code.findings.loading import load_rules

CASES = [case for rule in load_rules() for case in cases_of(rule)]


@pytest.mark.requirement("C4")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_example_is_reported_as_marked(case: Case) -> None:
    problem = problem_of(case)
    assert not problem, f"{case.name}: {problem}\n{case.example.code}"


@pytest.mark.requirement("C4")
def test_every_installed_rule_can_be_used() -> None:
    assert [problem.reason for problem in load_rules().problems] == []
    assert [problem.reason for problem in broken_queries(load_rules())] == []
