"""What a history says of how its messages are written, and which commits count."""

from __future__ import annotations

import pytest

from aura_git.commits.configuration import Configuration
from aura_git.commits.contract import Habits
from aura_git.commits.habits import habits_of, spelled
from aura_git.commits.history import PastCommit, is_ordinary, list_commits, read_patches
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G1")


def past(*messages: str, author: str = "Ada <ada@localhost>") -> list[PastCommit]:
    """Commits with these messages."""
    return [PastCommit(f"{number:040x}", author, number, text) for number, text in enumerate(messages)]


@pytest.mark.parametrize(
    "message",
    [
        "Merge branch 'x'",
        'Revert "feat: a"',
        "fixup! feat: a",
        "chore(release): 1.2.0",
        "release: v2",
        "v1.2.3",
        "chore: release 1.2.0",
        "chore(deps): bump a from 1.0 to 1.1",
        "build(deps-dev): bump x",
        "Bump a from 1.2 to 1.3",
        "",
        "chore: update dependency a to v2",
        "fix(deps): a",
    ],
)
def test_commits_that_say_nothing_of_a_person(message: str) -> None:
    assert not is_ordinary(past(message)[0])


@pytest.mark.parametrize("author", ["dependabot[bot] <a@localhost>", "renovate <a@localhost>", "The Bot <b@localhost>"])
def test_bots_do_not_count(author: str) -> None:
    assert not is_ordinary(past("feat: a", author=author)[0])


@pytest.mark.parametrize(
    "message", ["feat: a", "fix(release): publish twice", "Add a bot", "docs: describe merges", "Abbott: a"]
)
def test_commits_of_people_count(message: str) -> None:
    assert is_ordinary(past(message)[0])


def test_habits_of_a_conventional_history() -> None:
    some = past(
        *["feat(cart): ✨ Take coupons\n\nWhy.\n\nRefs: #12"] * 6,
        *["fix: 🐛 Count twice (#44)\n\nBecause.\n\nRefs: #13"] * 3,
        "docs: Say more",
    )
    found = habits_of(some, Configuration())
    assert (found.commits, found.conventional, found.style) == (10, 1.0, "conventional")
    assert found.types == {"feat": 6, "fix": 3, "docs": 1}
    assert found.scopes == {"cart": 6}
    assert (found.capitalised, found.full_stop, found.with_body, found.scoped) == (True, False, 0.9, 0.6)
    assert (found.emoji, found.emojis, found.emoji_first) == (True, {"feat": "✨", "fix": "🐛"}, False)
    assert (found.footers, found.issue_form) == ({"Refs": 9}, "#12")
    assert found.source == "history of 10 commits"


def test_a_header_of_a_number_alone_has_no_case() -> None:
    assert not habits_of(past("fix:  (#44)", "fix: (#45)", "(#46)"), Configuration()).capitalised


def test_a_few_capitals_are_no_habit() -> None:
    assert not habits_of(past(*["feat: Add a"] * 8, *["feat: add a"] * 2), Configuration()).capitalised


@pytest.mark.parametrize(
    ("messages", "style"),
    [
        ([], "conventional"),
        (["net/http: fix a", "cmd: add b", "all: c"], "area"),
        (["[docs] a", "[cart] b", "c"], "tag"),
        (["Add a", "Fix b", "Remove c"], "plain"),
        (["feat: a", "fix: b", "Add c"], "conventional"),
        (["feat: a"] * 30 + ["Old style"] * 60, "conventional"),
    ],
)
def test_styles(messages: list[str], style: str) -> None:
    assert habits_of(past(*messages), Configuration()).style == style


def test_areas_are_learned_where_they_take_the_place_of_types() -> None:
    found = habits_of(past("net/http: fix a", "net/http: add b.", "cmd: c", "d"), Configuration())
    assert (found.types, found.scopes) == ({}, {"net/http": 2, "cmd": 1})


def test_the_configuration_comes_before_the_history() -> None:
    asked = Configuration(
        types=("Feature",), scopes=("x",), max_header=50, conventional=True, sources=("types from y",)
    )
    found = habits_of(past("Add a", "Fix b"), asked, signed_off=True)
    assert (found.style, found.allowed_types, found.allowed_scopes) == ("conventional", ("Feature",), ("x",))
    assert (found.max_header, found.signed_off) == (50, True)
    assert found.source == "history of 2 commits; types from y"
    assert habits_of([], Configuration()).source == "defaults, since there is no history"


def test_sign_offs_are_a_habit_when_nearly_all_have_one() -> None:
    assert habits_of(past(*["feat: a\n\nSigned-off-by: Ada <a@localhost>"] * 9), Configuration()).signed_off


def test_types_are_spelled_as_here() -> None:
    assert spelled("fix", Habits(types={"Fix": 3, "fix": 1})) == "Fix"
    assert spelled("fix", Habits(types={"fix": 3}, allowed_types=("FIX",))) == "FIX"
    assert spelled("fix", Habits()) == "fix"


def test_the_history_is_listed_with_its_patches(lab: GitLab) -> None:
    assert list_commits(lab.repository(), most=5) == []
    first = lab.commit("feat: a\n\nwhy\nmore", {"a.py": "x = 1\n"})
    lab.branch("side")
    lab.commit("fix: b", {"b.py": "x = 1\n"})
    lab.switch("main")
    lab.commit("docs: c", {"c.md": "x\n"})
    lab.git("merge", "--no-ff", "-m", "Merge branch 'side'", "side")
    found = list_commits(lab.repository(), most=10)
    assert [one.merge for one in found] == [True, False, False, False]
    assert (found[-1].hash, found[-1].subject, found[-1].body) == (first, "feat: a", "why\nmore")
    assert [one.subject for one in list_commits(lab.repository(), most=10, stop=first)[1:]] == ["docs: c", "fix: b"]
    patches = dict(read_patches(lab.repository(), [one.hash for one in found if not one.merge]))
    assert {files[0].path: files[0].added for files in patches.values()} == {
        "a.py": ["x = 1"],
        "b.py": ["x = 1"],
        "c.md": ["x"],
    }


def test_what_is_missing_from_a_partial_clone_is_not_fetched(lab: GitLab) -> None:
    lab.commit("feat: a", {"a.py": "x = 1\n"})
    second = lab.commit("feat: b", {"a.py": "x = 2\n", "b.py": "y\n"})
    blob = lab.head(f"{second}:b.py")
    (lab.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (lab.root / "b.py").unlink()  # git would take the text from there
    found = dict(read_patches(lab.repository(), [second, lab.head("HEAD~1")]))
    assert [(one.path, one.status, one.added) for one in found[second]] == [("a.py", "M", []), ("b.py", "A", [])]
    assert [one.added for one in found[lab.head("HEAD~1")]] == [["x = 1"]]
    lab.git("config", "extensions.partialClone", "origin")
    assert [one.path for _name, files in read_patches(lab.repository(), [second]) for one in files] == ["a.py", "b.py"]
