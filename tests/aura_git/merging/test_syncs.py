"""Syncs: with real remotes on disk; nothing is lost, nothing guessed, and what cannot be done is told."""

from __future__ import annotations

import pytest

from aura_git.merging.syncing import habit
from aura_shared.errors import GateClosed, NotFound
from aura_shared.messages.merges import SyncAnswer
from git_lab import GitLab
from merge_lab import LINES, MergeLab, line


@pytest.fixture
def mate(two: MergeLab) -> GitLab:
    """Somebody else's clone; both push to `origin`, and `main` and `topic` are published."""
    two.lab.commit("base", {"a": LINES})
    two.lab.git("init", "--quiet", "--bare", "../origin.git")
    two.lab.git("remote", "add", "origin", "../origin.git")
    two.lab.branch("topic")
    two.lab.commit("topic", {"t": LINES})
    two.lab.git("push", "--quiet", "--set-upstream", "origin", "topic")
    two.lab.switch("main")
    two.lab.git("push", "--quiet", "--set-upstream", "origin", "main")
    two.lab.git("clone", "--quiet", "../origin.git", "../mate")
    mate = GitLab(two.lab.root.parent / "mate")
    mate.git("switch", "--quiet", "topic")
    mate.git("switch", "--quiet", "main")
    return mate


def push(mate: GitLab, branch: str, text: str, path: str = "a", number: int = 20) -> None:
    mate.switch(branch)
    mate.commit(text, {path: line(number, text)})
    mate.git("push", "--quiet", "origin", branch)


def told(answer: SyncAnswer) -> dict[str, str]:
    return {branch.branch: branch.what for branch in answer.branches}


@pytest.mark.requirement("G3")
def test_branches_that_are_only_behind_are_fast_forwarded(two: MergeLab, mate: GitLab) -> None:
    assert told(two.sync()) == {"main": "up-to-date", "topic": "up-to-date"}
    push(mate, "main", "theirs")
    push(mate, "topic", "topic too", "t")
    planned = two.sync(dry_run=True)
    assert (told(planned), planned.fetched) == ({"main": "up-to-date", "topic": "up-to-date"}, [])
    answer = two.sync()
    assert told(answer) == {"main": "fast-forwarded", "topic": "fast-forwarded"}
    assert (answer.fetched, answer.unreachable) == (["origin"], {})
    for name in ("main", "topic"):
        assert two.lab.head(name) == mate.head(name)
    assert two.read("a") == line(20, "theirs")
    assert two.status() == ""
    assert [branch.current for branch in answer.branches] == [True, False]


@pytest.mark.requirement("G3")
def test_an_undo_takes_a_sync_back(two: MergeLab, mate: GitLab) -> None:
    push(mate, "main", "theirs")
    old = two.lab.head()
    two.sync()
    two.safety.undo(two.repository)
    assert two.lab.head() == old
    assert two.read("a") == LINES


@pytest.mark.requirement("G3")
def test_a_branch_that_parted_is_left_to_the_person_unless_the_repository_has_a_habit(
    two: MergeLab, mate: GitLab
) -> None:
    push(mate, "main", "theirs")
    two.lab.commit("ours", {"a": line(1, "ours")})
    old = two.lab.head()
    answer = two.sync()
    assert told(answer)["main"] == "diverged"
    assert (answer.branches[0].ahead, answer.branches[0].behind) == (1, 1)
    assert "aura sync --rebase" in answer.branches[0].reason
    assert two.lab.head() == old
    two.lab.git("config", "pull.rebase", "true")
    answer = two.sync()
    assert (told(answer)["main"], len(answer.operations)) == ("rebased", 2)
    assert two.lab.log("-n3") == ["ours", "theirs", "base"]
    two.safety.undo(two.repository)
    two.lab.git("config", "branch.main.rebase", "false")
    assert told(two.sync())["main"] == "merged"
    assert two.lab.log("-n1") == ["Merge remote-tracking branch 'origin/main'"]
    two.safety.undo(two.repository)
    assert told(two.sync(how="rebase", fetch=False))["main"] == "rebased"


@pytest.mark.requirement("G3")
def test_published_commits_are_not_rebased_by_a_sync(two: MergeLab, mate: GitLab) -> None:
    push(mate, "main", "theirs")
    two.lab.commit("ours", {"a": line(1, "ours")})
    two.lab.git("push", "--quiet", "origin", "main:refs/heads/backup")
    old = two.lab.head()
    answer = two.sync(how="rebase")
    assert told(answer)["main"] == "left-alone"
    assert "protected" in answer.branches[0].reason
    assert two.lab.head() == old


@pytest.mark.requirement("G3")
def test_a_conflict_is_never_swallowed(two: MergeLab, mate: GitLab) -> None:
    push(mate, "main", "theirs")
    two.lab.commit("ours", {"a": line(20, "ours")})
    before = two.lab.head(), two.read("a")
    for how in ("merge", "rebase"):
        answer = two.sync(how=how)
        assert told(answer)["main"] == "conflicts"
        assert f"aura {how} origin/main --in-place" in answer.branches[0].reason
        assert (two.lab.head(), two.read("a"), two.status()) == (*before, "")
    two.sound()


@pytest.mark.requirement("G3")
def test_local_work_holds_the_current_branch_back_and_not_the_others(two: MergeLab, mate: GitLab) -> None:
    push(mate, "main", "theirs")
    push(mate, "topic", "topic too", "t")
    two.lab.write({"a": "mine\n"})
    answer = two.sync()
    assert told(answer) == {"main": "left-alone", "topic": "fast-forwarded"}
    assert "a has changes that are not committed" in answer.branches[0].reason
    assert two.read("a") == "mine\n"


@pytest.mark.requirement("G3")
def test_branches_of_other_work_trees_and_gone_upstreams_are_left_alone(two: MergeLab, mate: GitLab) -> None:
    two.lab.git("worktree", "add", "--quiet", "../linked", "topic")
    push(mate, "topic", "topic too", "t")
    old = two.lab.head("topic")
    two.lab.git("branch", "--track", "lost", "origin/main")
    two.lab.git("config", "branch.lost.merge", "refs/heads/lost")
    two.lab.git("branch", "alone")
    answer = two.sync()
    assert told(answer) == {"main": "up-to-date", "lost": "left-alone", "topic": "left-alone"}
    assert "is gone" in answer.branches[1].reason
    assert "checked out in" in answer.branches[2].reason
    assert two.lab.head("topic") == old
    two.lab.switch("alone")
    answer = two.sync(fetch=False)
    assert (answer.branches[0].branch, answer.branches[0].what) == ("alone", "left-alone")
    assert "follows no branch" in answer.branches[0].reason


@pytest.mark.requirement("G3")
def test_other_branches_that_parted_are_told(two: MergeLab, mate: GitLab) -> None:
    push(mate, "topic", "topic too", "t")
    two.lab.switch("topic")
    two.lab.commit("mine", {"m": "m\n"})
    two.lab.switch("main")
    answer = two.sync()
    assert told(answer)["topic"] == "diverged"
    assert "git switch topic" in answer.branches[1].reason


@pytest.mark.requirement("G3")
def test_a_remote_that_is_down_is_told_and_the_rest_goes_on(two: MergeLab, mate: GitLab) -> None:
    push(mate, "main", "theirs")
    two.lab.git("remote", "add", "gone", "../nowhere.git")
    answer = two.sync(remotes=["gone", "origin"])
    assert answer.fetched == ["origin"]
    assert list(answer.unreachable) == ["gone"]
    assert "nowhere" in answer.unreachable["gone"]
    assert told(answer)["main"] == "fast-forwarded"
    with pytest.raises(NotFound, match="no remote is called up"):
        two.sync(remotes=["up"])


@pytest.mark.requirement("G3")
def test_a_stack_on_a_local_branch_follows_it(two: MergeLab, mate: GitLab) -> None:
    two.lab.branch("lower")
    two.lab.commit("lower", {"l": "l\n"})
    two.lab.git("switch", "--quiet", "--create", "upper", "--track", "lower")
    two.lab.commit("upper", {"u": "u\n"})
    two.lab.switch("lower")
    two.lab.commit("lower again", {"l": "l\nm\n"})
    two.lab.switch("upper")
    answer = two.sync(how="rebase")
    assert (answer.branches[0].branch, answer.branches[0].what, answer.branches[0].upstream) == (
        "upper",
        "rebased",
        "lower",
    )
    assert two.lab.log("-n3") == ["upper", "lower again", "lower"]


@pytest.mark.requirement("G3")
def test_nothing_is_synced_in_the_middle_of_a_merge(two: MergeLab, mate: GitLab) -> None:
    two.part({"c": LINES}, {"c": line(1, "ours")}, {"c": line(1, "theirs")}, name="side")
    two.lab.git("merge", "side", ok=1)
    with pytest.raises(GateClosed, match="merge"):
        two.sync()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ""),
        ({"pull.rebase": "true"}, "rebase"),
        ({"pull.rebase": "merges"}, "rebase"),
        ({"pull.rebase": "false"}, "merge"),
        ({"pull.rebase": "true", "branch.main.rebase": "false"}, "merge"),
        ({"branch.other.rebase": "true"}, ""),
    ],
)
def test_the_habit_is_read_as_git_reads_it(two: MergeLab, settings: dict[str, str], expected: str) -> None:
    for key, value in settings.items():
        two.lab.git("config", key, value)
    assert habit(two.repository, "main") == expected
