"""From evidence to a state: each rule of the formula on plain data."""

from __future__ import annotations

import pytest

from aura_planning.evidence import collecting
from aura_planning.evidence.collecting import CommitLink, Evidence
from aura_planning.evidence.history import Change, Commit
from aura_planning.evidence.judging import judge
from aura_planning.evidence.linking import How
from aura_planning.evidence.results import Outcome, Result
from aura_planning.evidence.symbols import SymbolLink
from aura_planning.evidence.tests import Case
from aura_planning.items.model import Item

pytestmark = pytest.mark.requirement("A4")


def link(how: How, trust: float, *, merged: bool = True, reverted: bool = False) -> CommitLink:
    commit = Commit(f"{trust}", (), 0, "A", False, "work", "", (Change("M", "a.py"),))
    return CommitLink(commit, how, trust, merged, reverted, True)


def case(outcome: Outcome | None) -> tuple[collecting.TestLink, dict[tuple[str, int], Result]]:
    found = collecting.TestLink(Case("tests/test_a.py", 3, "test_a"), "name", 0.95)
    results = {} if outcome is None else {("tests/test_a.py", 3): Result(outcome, 1, "junit.xml")}
    return found, results


def item(status: str = "todo", **fields: object) -> Item:
    return Item("t1aaaa", "task", ".ai/tasks/t1aaaa-x.md", status=status, **fields)  # pyright: ignore[reportArgumentType]


def test_no_evidence_is_no_work_only_where_history_is_whole() -> None:
    assert judge(item(), Evidence(), {}, absent=0.8).state == "not-started"
    assert judge(item(), Evidence(), {}, absent=None).state == "unknown"
    assert judge(item("done"), Evidence(), {}, absent=0.8).confidence == 0.8


def test_weak_evidence_never_makes_an_item_done() -> None:
    weak = Evidence(commits=[link("file", 0.1), link("body", 0.2)])
    found = judge(item("done"), weak, {})
    assert (found.state, found.confidence) == ("in-progress", 0.28)
    new = Evidence(symbols=[SymbolLink("a", "a.py", 1, new=True), SymbolLink("b")])
    assert judge(item(), new, {}).state == "in-progress"
    assert judge(item(), Evidence(branches=["x"]), {}).why == "branch x"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(None, "probably-done"), ("passed", "done"), ("skipped", "probably-done"), ("failed", "in-progress")],
)
def test_tests_decide_between_probably_done_and_done(outcome: Outcome | None, state: str) -> None:
    test, results = case(outcome)
    evidence = Evidence(commits=[link("subject", 0.92)], tests=[test])
    assert judge(item(), evidence, results).state == state


def test_failing_tests_of_what_was_done_make_it_go_back() -> None:
    test, results = case("failed")
    evidence = Evidence(commits=[link("subject", 0.92)], tests=[test])
    assert judge(item("done"), evidence, results).state == "regressed"
    assert judge(item(), evidence, results, was="done").state == "regressed"
    recorded = item("done", tests="red", tests_by="aura")
    assert judge(recorded, Evidence(), {}).state == "regressed"


def test_tests_without_commits_and_records_alone_say_little() -> None:
    test, results = case("passed")
    alone = judge(item(), Evidence(tests=[test]), results)
    assert (alone.state, alone.confidence) == ("probably-done", 0.57)
    assert judge(item(), Evidence(tests=[test]), {}).state == "in-progress"
    assert judge(item(tests="green", tests_by="claimed"), Evidence(), {}).why == "only a recorded test run"


def test_what_goes_on_elsewhere_is_in_progress_and_what_was_reverted_regressed() -> None:
    merged = link("closes", 0.88)
    assert judge(item(), Evidence(commits=[merged]), {}).confidence == 0.88
    assert judge(item(), Evidence(commits=[merged], branches=["more"]), {}).state == "in-progress"
    lost = Evidence(commits=[link("subject", 0.92, reverted=True)])
    assert judge(item(), lost, {}).reverted
    assert judge(item(), Evidence(commits=[link("subject", 0.92, merged=False)]), {}).state == "in-progress"
