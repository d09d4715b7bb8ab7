"""Checks of messages, with the names and defaults of commitlint."""

from __future__ import annotations

import pytest

from aura_git.commits.contract import Habits, LintRule
from aura_git.commits.history import PastCommit
from aura_git.commits.linting import kept_rules, lint_message, lint_range
from aura_shared.errors import UnknownRef
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G1")


def rules(text: str, habits: Habits | None = None) -> list[str]:
    """Names of the rules that a message breaks."""
    return [one.rule for one in lint_message(text, habits)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feat(cart): take coupons", []),
        ("feat(cart)!: take coupons", []),
        ("fix: a\n\nbody\n\nRefs: #1", []),
        ("feat: API for carts", ["subject-case"]),
        ("feat: 12 more", []),
        ("feat: `Cart` takes coupons", []),
        ("", ["subject-empty", "type-empty"]),
        ("take coupons", ["subject-empty", "type-empty"]),
        ("feat:", ["subject-empty", "type-empty"]),
        ("feat : a", ["subject-empty", "type-empty"]),
        ("feat: Take coupons", ["subject-case"]),
        ("feat: TAKE", ["subject-case"]),
        ("feat: Take Coupons", ["subject-case"]),
        ("feat: take coupons.", ["subject-full-stop"]),
        ("feat: take coupons...", []),
        ("Feat: a", ["type-case", "type-enum"]),
        ("foo: a", ["type-enum"]),
        (": a", ["type-empty"]),
        (f"feat: {'a' * 95}", ["header-max-length"]),
        (f"feat: {'a' * 94}", []),
        (" feat: a", ["header-trim", "subject-empty", "type-empty"]),
        ("feat: a\nbody", ["body-leading-blank"]),
        (f"feat: a\n\n{'b' * 101}", ["body-max-line-length"]),
        (f"feat: a\n\nhttps://localhost/{'b' * 101}", []),
        (f"feat: a\n\nb\n\nBREAKING CHANGE: {'c' * 101}", ["footer-max-line-length"]),
        ("feat: a\n\nb\nBREAKING CHANGE: c", ["footer-leading-blank"]),
    ],
)
def test_config_conventional(text: str, expected: list[str]) -> None:
    assert sorted(rules(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Merge branch 'x' into y", "Merge pull request #1 from x", "Merge tag 'v1'", 'Revert "feat: a"',
        "fixup! feat: a", "squash! feat: a", "amend! feat: a", "v1.2.3", "1.0.0-rc.1",
        "1.2.3\n\nMade by a tool", "Merged in x (pull request #1)",
        "Auto-merged x into y", "Merge remote-tracking branch 'origin/x'", "Reapply \"feat: a\"",
    ],
)  # fmt: skip
def test_what_git_and_forges_write_is_not_checked(text: str) -> None:
    assert lint_message(text) == []


def test_every_problem_says_where_it_is_and_errors_come_first() -> None:
    found = lint_message(f"Feat: a.\nbody\n{'b' * 120}")
    assert [(one.rule, one.level, one.line) for one in found] == [
        ("subject-full-stop", "error", 1),
        ("type-case", "error", 1),
        ("type-enum", "error", 1),
        ("body-max-line-length", "error", 3),
        ("body-leading-blank", "warning", 2),
    ]
    assert "has 120" in found[3].message
    assert "feat, fix" in found[2].message


@pytest.mark.parametrize(
    ("name", "rule", "bad", "good"),
    [
        ("scope-empty", LintRule("error", always=False), "feat: a", "feat(x): a"),
        ("scope-enum", LintRule("error", value=("cart", "api")), "feat(shop): a", "feat(cart,api): a"),
        ("scope-case", LintRule("error", value="kebab-case"), "feat(someThing): a", "feat(some-thing): a"),
        ("scope-case", LintRule("error", value="camel-case"), "feat(some-thing): a", "feat(someThing): a"),
        ("subject-case", LintRule("error", value=["sentence-case"]), "feat: a b", "feat: A b"),
        ("subject-max-length", LintRule("warning", value=5), "feat: abcdef", "feat: abcde"),
        ("subject-min-length", LintRule("error", value=3), "feat: ab", "feat: abc"),
        ("header-min-length", LintRule("error", value=9), "feat: a", "feat: abcd"),
        ("body-empty", LintRule("error", always=False), "feat: a", "feat: a\n\nb"),
        ("body-full-stop", LintRule("error"), "feat: a\n\nb", "feat: a\n\nb."),
        ("footer-empty", LintRule("error", always=False), "feat: a\n\nb", "feat: a\n\nb\n\nRefs: #1"),
        ("references-empty", LintRule("error", always=False), "feat: a", "feat: a (#12)"),
        ("signed-off-by", LintRule("error", value="Signed-off-by:"), "feat: a", "feat: a\n\nSigned-off-by: Ada"),
        ("trailer-exists", LintRule("error", value="Refs:"), "feat: a", "feat: a\n\nRefs: #1"),
        ("subject-exclamation-mark", LintRule("error", always=False), "feat!: a", "feat: a"),
        ("breaking-change-exclamation-mark", LintRule("error"), "feat!: a", "feat!: a\n\nBREAKING CHANGE: b"),
        ("type-enum", LintRule("error", always=False, value=("wip",)), "wip: a", "feat: a"),
        ("header-max-length", LintRule("error", value=7), "feat: ab", "feat: a"),
        ("header-max-length", LintRule("error", value=8), "feat: 🎉b", "feat: 🎉"),
    ],
)  # fmt: skip
def test_rules_of_the_configuration(name: str, rule: LintRule, bad: str, good: str) -> None:
    habits = Habits(rules={name: rule})
    assert rules(bad, habits) == [name]
    assert rules(good, habits) == []
    assert rules(bad, Habits(rules={name: LintRule("off", value=rule.value)})) == []
    assert lint_message(bad, habits)[0].level == rule.level


def test_a_rule_that_nobody_knows_is_passed_over() -> None:
    assert rules("feat: a", Habits(rules={"jira-key": LintRule("error"), "type-moon": LintRule("error")})) == []


def test_habits_of_the_repository_hold() -> None:
    habits = Habits(types={"dx": 12, "typo": 1}, capitalised=True, full_stop=True, allowed_scopes=("cart",))
    assert rules("dx(cart): Say more.", habits) == []
    assert rules("typo(shop): a", habits) == ["type-enum", "scope-enum"]
    assert rules("Fix: a", Habits(allowed_types=("Fix",))) == []
    assert rules("feat: a", Habits(allowed_types=("Fix",))) == ["type-enum"]
    assert rules("🎉 feat: a", Habits(emoji=True)) == []
    assert rules("skip: a", Habits(ignores=("^skip",))) == []


def test_a_history_without_the_convention_is_not_held_to_it() -> None:
    habits = Habits(style="area")
    assert rules("net/http: Fix a leak.", habits) == []
    assert rules(f"net: {'a' * 120}\nbody", habits) == ["header-max-length", "body-leading-blank"]


def test_a_range_is_checked_oldest_first(lab: GitLab) -> None:
    start = lab.commit("start", {"a": "1"})
    bad = lab.commit("Add things", {"a": "2"})
    lab.commit("feat: a", {"a": "3"})
    lab.branch("side")
    lab.commit("fixup! feat: a", {"b": "1"})
    lab.switch("main")
    lab.commit("fix: b\n\n#1 is told", {"a": "4"})
    lab.git("merge", "--no-ff", "-m", "whatever", "side")
    repository = lab.repository()
    found = lint_range(repository, f"{start}..HEAD")
    assert [(one.subject, [problem.rule for problem in one.problems]) for one in found if one.problems] == [
        ("Add things", ["subject-empty", "type-empty"]),
        ("fixup! feat: a", ["fixup-left"]),
    ]
    assert found[0].hash == bad
    assert len(found) == 5
    assert lint_range(repository, f"{start}..") == found
    assert [one.subject for one in lint_range(repository, start)] == ["start"]
    assert lint_range(repository, "HEAD..HEAD") == []


@pytest.mark.parametrize(
    "revisions", ["nothing..HEAD", "HEAD..nothing", "nothing", "HEAD...HEAD", "--all", "--output=x.."]
)
def test_a_range_that_is_none_is_refused(lab: GitLab, revisions: str) -> None:
    lab.commit("feat: a", {"a": "1"})
    with pytest.raises(UnknownRef):
        lint_range(lab.repository(), revisions)
    assert not (lab.root / "x").exists()


def history(*messages: str) -> list[PastCommit]:
    """Commits with these messages, newest first."""
    return [PastCommit(f"{number:040}", "Ada", number, message) for number, message in enumerate(messages)]


GOOD = "feat(cart): take coupons"
LOUD = "feat(cart): Take coupons"
FREE = "Take coupons"
LONG = "fix: a\n\n" + "word " * 30


@pytest.mark.parametrize(
    ("share", "level"), [(0, "error"), (2, "error"), (6, "warning"), (12, "warning"), (14, "off"), (40, "off")]
)
def test_a_rule_is_as_strict_as_the_messages_of_the_repository(share: int, level: str) -> None:
    habits = Habits(types={"feat": 40}, conventional=0.9)
    rules_here = kept_rules(habits, history(*[LOUD] * share, *[GOOD] * (40 - share)))
    assert rules_here["subject-case"].level == level
    assert rules_here["type-empty"].level == "error"
    assert [one.level for one in lint_message(LOUD, habits, rules=rules_here)] == ([] if level == "off" else [level])


def test_half_of_a_history_without_types_makes_no_wall_of_complaints() -> None:
    habits = Habits(types={"feat": 20}, conventional=0.5)
    here = kept_rules(habits, history(*[FREE] * 20, *[GOOD] * 20))
    assert lint_message(FREE, habits, rules=here) == []
    assert [one.rule for one in lint_message("foo: take coupons", habits, rules=here)] == ["type-enum"]


def test_long_lines_are_errors_only_where_a_configuration_says_so() -> None:
    here = kept_rules(Habits(), history(LONG, *[GOOD] * 39))
    assert [(one.rule, one.level) for one in lint_message(LONG, rules=here)] == [("body-max-line-length", "warning")]
    habits = Habits(rules={"subject-case": LintRule("off")})
    here = kept_rules(habits, history(*[LONG] * 39, *[FREE] * 39))
    assert [(one.rule, one.level) for one in lint_message(LONG, habits, rules=here)] == [
        ("body-max-line-length", "error")
    ]
    assert {one.rule for one in lint_message(FREE, habits, rules=here)} == {"subject-empty", "type-empty"}


def test_what_a_configuration_allows_counts_however_often_it_is_broken() -> None:
    habits = Habits(allowed_types=("feat",), allowed_scopes=("cart",))
    here = kept_rules(habits, history(*["fix(mail): send it"] * 40))
    assert {one.rule for one in lint_message("fix(mail): send it", habits, rules=here)} == {"type-enum", "scope-enum"}


def test_a_young_history_says_nothing_of_rules() -> None:
    assert kept_rules(Habits(), history(*[FREE] * 10))["type-empty"].level == "error"


def test_what_programs_and_releases_wrote_passes_where_nobody_set_rules(lab: GitLab) -> None:
    for message in (
        "feat: first",
        "Bumped v5.8.5",
        "[Release] v1.7.0",
        "Bump borp from 0.21.0 to 1.0.0",
        "Nothing said",
    ):
        lab.commit(message)
    repository = lab.repository()
    here = kept_rules(Habits(), [])
    bad = [one.subject for one in lint_range(repository, "HEAD", Habits(), rules=here) if one.problems]
    assert bad == ["Nothing said"]
    strict = Habits(rules={"subject-case": LintRule("off")})
    bad = [one.subject for one in lint_range(repository, "HEAD", strict, rules=kept_rules(strict, [])) if one.problems]
    assert len(bad) == 4
