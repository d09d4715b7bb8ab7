"""Names of branches from kinds, tasks and titles."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_git.branching.names import check_name, check_pattern, is_branch_name, make_name, slug
from aura_git.branching.strategy import Kind
from aura_shared.errors import UsageProblem
from git_lab import GitLab

FEATURE = Kind("feature", "feature/")


@pytest.mark.requirement("G2")
@pytest.mark.parametrize(
    ("name", "task", "made"),
    [
        ("Cart totals", "12", "feature/12-cart-totals"),
        ("Cart totals", "", "feature/cart-totals"),
        ("cart", "", "feature/cart"),
        ("Cart_Total.v2", "", "feature/Cart_Total.v2"),
        ("feature/cart", "", "feature/cart"),
        ("cart", "#12", "feature/12-cart"),
        ("cart", "PROJ-12", "feature/PROJ-12-cart"),
        ("", "12", "feature/12"),
        ("Größe & Łódź: don't panic!", "", "feature/grosse-lodz-dont-panic"),
        ("カート", "12", "feature/12"),
        ("--force", "", "feature/--force"),
        ("../../etc", "", "feature/etc"),
        ("a" * 200 + " b", "7", "feature/7-" + "a" * 50),
        ("one two three four five six seven eight nine ten eleven twelve", "7",
         "feature/7-one-two-three-four-five-six-seven-eight-nine-ten"),
    ],
)  # fmt: skip
def test_a_name_is_made_of_what_there_is(name: str, task: str, made: str) -> None:
    assert make_name(FEATURE, "{task}-{slug}", name=name, task=task) == made
    assert len(made) <= 60


@pytest.mark.parametrize(
    ("name", "task", "why"),
    [
        ("", "", "needs a name or a task"),
        ("カート", "", "nothing of"),
        ("x", "###---", "no letter or digit"),
        ("a" * 70, "", "at most 60"),
    ],
)
def test_what_makes_no_name_is_refused(name: str, task: str, why: str) -> None:
    with pytest.raises(UsageProblem, match=why):
        make_name(FEATURE, "{task}-{slug}", name=name, task=task)


def test_the_pattern_is_the_repositorys_own() -> None:
    assert make_name(FEATURE, "{slug}_{task}", name="Cart totals", task="12") == "feature/cart-totals_12"
    assert make_name(FEATURE, "{kind}-{slug}", name="Cart totals") == "feature/feature-cart-totals"


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("{task}-{slug}", ""),
        ("{slug}", ""),
        ("{user}/{slug}", "a pattern of {task}, {slug} and {kind}"),
        ("{slug", "a pattern of {task}, {slug} and {kind}"),
        ("{kind}", "a pattern with {slug} or {task}"),
        ("a b {slug}", "a pattern that makes names which git allows"),
    ],
)
def test_a_pattern_is_checked(pattern: str, fault: str) -> None:
    assert check_pattern(pattern) == fault


@given(st.text(max_size=80), st.text(max_size=12))
def test_whatever_is_made_is_short_ascii_and_allowed(name: str, task: str) -> None:
    try:
        made = make_name(FEATURE, "{task}-{slug}", name=name, task=task)
    except UsageProblem:
        return
    assert made.isascii()
    assert len(made) <= 60
    assert made.startswith("feature/")
    assert is_branch_name(made)


def test_git_allows_what_is_allowed_here(lab: GitLab) -> None:
    odd = "a@ HEAD a. {a} a'b a- -a a..b a.lock a.lock/b a/.b .a a/ /a a//b a~ a^ a: a? a* a[ a\\ a@{b é a/b a.b a"
    for name in [*odd.split(), "a b", "a\x7f", "a\t"]:
        command = ["git", "check-ref-format", "--branch", name]
        done = subprocess.run(command, capture_output=True, check=False, cwd=lab.root)
        assert is_branch_name(name) == (done.returncode == 0), name


def test_a_name_that_git_refuses_is_told(lab: GitLab) -> None:
    git = lab.repository().git
    assert check_name(git, "feature/a") == "feature/a"
    for name in ("a b", "-a", "a..b", "@{-1}"):
        with pytest.raises(UsageProblem, match="is no name for a branch"):
            check_name(git, name)


def test_a_slug_is_cut_between_words() -> None:
    assert slug("one two three", 9) == "one-two"
    assert slug("Übergrößenträger", 40) == "ubergrossentrager"
    assert slug("", 5) == ""
