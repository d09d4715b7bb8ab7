"""What a preview of a merge asks of git, and that the few calls say what many would."""

from __future__ import annotations

import pytest

from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import forecast, simulate
from aura_git.merging.trees import names_of, part, part_counted
from aura_git.merging.who import file_commits, line_commits
from aura_shared.errors import UnknownRef
from git_calls import counted
from git_lab import GitLab
from merge_lab import LINES, MergeLab, line

pytestmark = pytest.mark.requirement("G3")


def test_names_are_commits_trees_and_the_branch(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    git, head = two.repository.git, two.lab.head
    named = names_of(git, "topic")
    assert (named.ours, named.theirs, named.branch) == (head(), head("topic"), "main")
    assert (named.ours_tree, named.theirs_tree) == (head("HEAD^{tree}"), head("topic^{tree}"))
    two.lab.git("checkout", "--quiet", "--detach")
    assert names_of(git, "topic").branch == ""
    with pytest.raises(UnknownRef):
        names_of(git, "--all")


def test_where_both_part_is_known_from_one_walk_also_after_a_criss_cross(lab: GitLab) -> None:
    lab.commit("base", {"a": "a\n"})
    lab.branch("left")
    lab.commit("left", {"l": "l\n"})
    lab.branch("right", "main")
    lab.commit("right", {"r": "r\n"})
    git = lab.repository().git
    parting, count = part_counted(git, lab.head("left"), lab.head("right"))
    assert (parting.bases, count) == ((lab.head("main"),), 1)
    right = lab.head("right")
    lab.git("merge", "--quiet", "--no-edit", "left")
    lab.switch("left")
    lab.git("merge", "--quiet", "--no-edit", right)
    crossed, count = part_counted(git, lab.head("left"), lab.head("right"))
    assert len(crossed.bases) == 2
    assert (crossed, count) == (part(git, lab.head("right"), lab.head("left")), 1)


def test_a_preview_starts_as_many_processes_for_many_conflicts_as_for_one(two: MergeLab) -> None:
    names = [f"file-{number}" for number in range(5)]
    many = line(20, "theirs", line(1, "theirs"))
    two.part(
        dict.fromkeys(names, LINES),
        dict.fromkeys(names, line(20, "ours", line(1, "ours"))),
        dict.fromkeys(names, many),
    )
    repository = two.repository
    with counted() as calls:
        seen, _ = forecast(repository, simulate(repository, "topic"), Accepted(), explained=False)
    assert [len(file.hunks) for file in seen.conflicts] == [2] * 5
    assert len(calls) <= 8
    with counted() as calls:
        seen, _ = forecast(repository, simulate(repository, "topic"), Accepted())
    assert len(calls) <= 9 + 2 * len(names), "one log for all, and a blame for each file and side"
    for file in seen.conflicts:
        assert [one.subject for one in (*file.ours_by, *file.theirs_by)] == ["ours", "theirs"]
        assert [[one.subject for one in hunk.theirs_by] for hunk in file.hunks] == [["theirs"], ["theirs"]]


def test_each_file_has_its_newest_commits_whatever_its_name(lab: GitLab) -> None:
    lab.commit("base", {"a": "a\n", "> b": "b\n"})
    base = lab.head()
    for number, text in enumerate([None, "b\n", None]):
        lab.commit(f"change {number}", {"a": f"a {number}\n", "> b": text})
    lab.commit("change 3", {"a": "a 3\n"})
    lab.branch("topic", base)
    lab.commit("theirs", {"a": "theirs\n"})
    found = file_commits(lab.repository().git, base, lab.head("main"), lab.head("topic"), ["a", "> b", "none"])
    assert [one.subject for one in found["a"].ours] == ["change 3", "change 2", "change 1"]
    assert [one.subject for one in found["a"].theirs] == ["theirs"]
    assert [one.subject for one in found["> b"].ours] == ["change 2", "change 1", "change 0"]
    assert (found["none"].ours, found["none"].theirs) == ([], [])


def test_a_span_behind_the_end_of_a_file_takes_none_from_the_others(lab: GitLab) -> None:
    lab.commit("base", {"a": LINES})
    base = lab.head()
    lab.commit("first", {"a": line(1, "new")})
    lab.commit("last", {"a": line(20, "new", line(1, "new"))})
    git = lab.repository().git
    found = line_commits(git, base, lab.head(), "a", [(1, 1), (900, 3), (0, 1), (19, 2), (5, 1)])
    assert [[one.subject for one in span] for span in found] == [["first"], [], [], ["last"], []]
