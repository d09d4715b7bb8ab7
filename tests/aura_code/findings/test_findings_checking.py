"""Rules are run on a file, and what goes wrong in one costs only that one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aura_code.findings.checking import apply_edits, broken_queries, check_source, compiled
from aura_code.findings.examples import Case, cases_of, marked_lines, problem_of
from aura_code.findings.loading import RuleSet, read_rule
from aura_code.findings.model import Captures, Check, Edit, Example, Hit, Rule
from aura_code.syntax import SourceFile
from aura_code_rules import make_rule, python, rule_text


def checked(identifier: str, check: Check, query: str = "(call) @at") -> Rule:
    rule = make_rule(identifier)
    return replace(rule, parts=(replace(rule.parts[0], query=query, check=check),))


@pytest.mark.requirement("C4")
def test_all_rules_of_a_language_share_one_query() -> None:
    rules = RuleSet([make_rule("a"), make_rule("b"), make_rule("c", "(identifier) @at (integer) @at")])
    ready = compiled(rules, "python")
    assert ready.query is not None
    assert ready.query.pattern_count == 3
    assert [[job.rule.id for job in jobs] for jobs in ready.jobs] == [["a", "b"], ["c"], ["c"]]
    found = check_source(python("run(1)\n"), rules)
    assert [(hit.rule.id, hit.start, hit.end) for hit in found] == [("c", 0, 3), ("a", 0, 6), ("b", 0, 6), ("c", 4, 5)]


@pytest.mark.parametrize("folder", ["vendor", "web/vendor/lib", "third_party", "pkg/node_modules/x"])
def test_copied_code_of_others_has_no_findings(folder: str) -> None:
    rules = RuleSet([make_rule()])
    ours, theirs = (python("run()\n", path) for path in ("vendor.py", f"{folder}/app.py"))
    assert len(check_source(ours, rules)) == 1
    assert check_source(theirs, rules) == []


def test_a_language_without_rules_has_no_findings() -> None:
    assert compiled(RuleSet([make_rule()]), "rust").query is None
    assert compiled(RuleSet([make_rule()]), "no-such-language").query is None


def test_a_check_that_raises_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_file: SourceFile, _captures: Captures) -> Iterator[Hit]:
        yield Hit((0, 1), "before")
        raise ValueError("a mistake in the rule")

    with caplog.at_level(logging.ERROR):
        found = check_source(python("run()\nrun()\n"), RuleSet([checked("fails", fails), make_rule("works")]))
    assert [hit.rule.id for hit in found] == ["fails", "works", "works"]
    assert caplog.messages == ["rule_failed fails app.py"]


def test_a_place_outside_the_file_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    rule = checked("wild", lambda _file, _captures: [Hit((3, 999)), Hit((0, 1), "", (Edit(0, 999, ""),))], "")
    assert check_source(python("run()\n"), RuleSet([rule])) == []
    assert caplog.messages == ["rule_out_of_file wild app.py"]


def test_the_same_place_is_reported_once_a_rule() -> None:
    rule = checked("twice", lambda _file, captures: [Hit(captures["at"][0]), Hit(captures["at"][0], "again")])
    assert [hit.message for hit in check_source(python("run()\n"), RuleSet([rule]))] == ["A message."]


def test_a_rule_may_leave_tests_alone() -> None:
    rules = RuleSet([replace(make_rule(), in_tests=False)])
    assert check_source(python("run()\n", "tests/test_app.py"), rules) == []
    assert len(check_source(python("run()\n", "app.py"), rules)) == 1


def test_a_query_that_does_not_fit_the_grammar_leaves_out_its_rule_alone() -> None:
    rules = RuleSet([make_rule("bad", "(no_such_node) @at"), make_rule("good")])
    assert [problem.rule for problem in broken_queries(rules)] == ["bad"]
    assert [hit.rule.id for hit in check_source(python("run()\n"), rules)] == ["good"]
    only_bad = RuleSet([make_rule("bad", "(no_such_node) @at")])
    assert check_source(python("run()\n"), only_bad) == []


@pytest.mark.parametrize(
    ("edits", "after"),
    [
        ([Edit(0, 3, "x")], b"x def"),
        ([Edit(4, 7, "y"), Edit(0, 3, "x")], b"x y"),
        ([Edit(0, 3, "x"), Edit(0, 3, "x")], b"x def"),
        ([Edit(0, 3, "x"), Edit(2, 5, "y")], None),
        ([Edit(3, 3, "é")], "abcé def".encode()),
    ],
)
def test_edits_are_applied_unless_they_overlap(edits: list[Edit], after: bytes | None) -> None:
    assert apply_edits(b"abc def", edits) == after


def problems(text: str) -> list[str]:
    return [problem_of(case) for case in cases_of(read_rule("r", text))]


def test_examples_are_the_tests_of_a_rule() -> None:
    assert problems(rule_text("(call) @at", bad="f()  # <-")) == ["", ""]
    assert problems(rule_text("(call) @at", bad="f()\nx = 1  # <-"))[0] == "expected findings on lines [2]; found [1]"
    assert problems(rule_text("(call) @at", bad="f()"))[0].startswith("a bad example must mark")
    assert problems(rule_text("(call) @at", bad="f()  # <-", good="x = 1  # <-"))[1].startswith(
        "a good example must not"
    )
    assert problems(rule_text("(call) @at", bad="f()  # <-", good="f("))[1].startswith(
        "the example is not valid python"
    )
    assert "does not fit" in problems(rule_text("(nothing) @at", bad="f()  # <-"))[0]


def test_the_fix_of_an_example_is_compared() -> None:
    rule = checked(
        "fix", lambda file, _captures: [Hit((0, 1), "", (Edit(0, 3, "safe"),))] if b"run" in file.text else []
    )
    case = Case(rule, "python", Example("run()  # <-", fixed="safe()  # <-"), True, "case")
    assert problem_of(case) == ""
    wrong = case._replace(example=Example("run()  # <-", fixed="other()"))
    assert problem_of(wrong).startswith("expected after the fix:\nother()")


def test_an_example_with_a_path_runs_in_its_language_only() -> None:
    text = rule_text("(call_expression) @at", languages='["javascript", "typescript"]', bad="f()  // <-")
    marked = text.replace('code = """f()', 'path = "a.ts"\ncode = """f()')
    assert [case.language for case in cases_of(read_rule("r", text)) if case.bad] == ["javascript", "typescript"]
    assert [case.language for case in cases_of(read_rule("r", marked)) if case.bad] == ["typescript"]


def test_markers_end_their_line() -> None:
    assert marked_lines("a # <-\nb // <-\nc {/* <- */}\nd '# <-' + x\n") == [1, 2, 3]


def test_a_file_that_takes_too_long_is_left(caplog: pytest.LogCaptureFixture) -> None:
    assert check_source(python("run()\n"), RuleSet([make_rule()]), cpu_s=-1) == []
    assert caplog.messages == ["rules_given_up app.py"]


@pytest.mark.parametrize(
    "text", ["f(\n" * 9000 + ")" * 9000, "x = a" + ".b(\n)" * 9000, "x = 1 + \\\n" + "a + \\\n" * 9000 + "b"]
)
def test_syntax_without_end_is_left(text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert check_source(python(f"x = 1\n{text}\n"), RuleSet([make_rule()])) == []
    assert caplog.messages == ["rules_given_up app.py"]


def test_one_rule_reports_at_most_a_thousand_times_in_a_file() -> None:
    assert len(check_source(python("run()\n" * 1200), RuleSet([make_rule()]))) == 1000
