"""Rebases that stop: settled apart where that was accepted, else waiting in the work tree, commit by commit."""

from __future__ import annotations

import pytest

from aura_shared.errors import ConflictsLeft, GateClosed, GitError
from merge_lab import LINES, MergeLab, line

PYTHON = '"""Shop."""\n\nimport os\n'


@pytest.fixture
def twice(two: MergeLab) -> MergeLab:
    """`topic`, checked out, with four commits; the first and the third conflict with `main`."""
    two.lab.commit("base", {"a": LINES, "b": LINES})
    two.lab.branch("topic")
    two.lab.commit("first", {"a": line(5, "alpha")})
    two.lab.commit("second", {"c": "c\n"})
    two.lab.git("branch", "middle")
    two.lab.commit("third", {"b": line(5, "gamma")})
    two.lab.commit("fourth", {"d": "d\n"})
    two.lab.switch("main")
    two.lab.commit("ours", {"a": line(5, "beta"), "b": line(5, "delta")})
    two.lab.switch("topic")
    return two


@pytest.mark.requirement("G3")
def test_a_rebase_waits_at_each_conflict_and_goes_on(twice: MergeLab) -> None:
    before = twice.whole()
    with pytest.raises(ConflictsLeft, match="conflicts in a"):
        twice.rebase()
    assert twice.whole() == before
    answer = twice.rebase(where="in-place", update_refs=True)
    assert (answer.standing, answer.left) == ("waiting", ["a"])
    assert "(first)" in answer.summary
    assert answer.conflicts[0].hunks[0].theirs_by[0].subject == "first"
    assert "||||||| parent of" in twice.read("a")
    twice.lab.write({"a": line(5, "both")})
    again = twice.go_on()
    assert (again.standing, again.left, again.operation) == ("waiting", ["b"], answer.operation)
    twice.lab.write({"b": line(5, "both")})
    done = twice.go_on()
    assert (done.standing, twice.repository.state().branch) == ("done", "topic")
    assert twice.lab.log("main..topic") == ["fourth", "third", "second", "first"]
    assert twice.lab.head("middle") == twice.lab.head("topic~2")
    assert twice.status() == ""
    twice.safety.undo(twice.repository)
    assert twice.whole() == before


@pytest.mark.requirement("G1", "G3")
@pytest.mark.parametrize("stops", [1, 2])
def test_a_rebase_is_aborted_back_to_the_byte(twice: MergeLab, stops: int) -> None:
    before = twice.whole()
    twice.rebase(where="in-place")
    if stops == 2:
        twice.lab.write({"a": line(5, "both")})
        twice.go_on()
    twice.lab.write({"b": "half\n"})
    assert twice.abort().standing == "aborted"
    assert twice.whole() == before
    twice.sound()


@pytest.mark.requirement("G3")
def test_a_skipped_commit_is_left_out_and_what_was_written_stays_an_object(twice: MergeLab) -> None:
    twice.rebase(where="in-place")
    twice.lab.write({"a": "half resolved, and dropped\n", "b": "changed by the way\n"})
    answer = twice.skip()
    assert (answer.standing, answer.left) == ("waiting", ["b"])
    refs = twice.lab.git("for-each-ref", "--format=%(refname)", "refs/aura/skipped/").split()
    assert twice.lab.git("show", f"{refs[0]}:a") == "half resolved, and dropped\n"
    assert twice.lab.git("show", f"{refs[0]}:b") == "changed by the way\n"
    assert twice.skip().standing == "done"
    assert twice.lab.log("main..topic") == ["fourth", "second"]


@pytest.mark.requirement("G3")
def test_a_commit_that_becomes_empty_when_resolved_is_dropped(twice: MergeLab) -> None:
    twice.rebase(where="in-place")
    twice.lab.git("checkout", "--quiet", "--ours", "a")
    twice.go_on()
    twice.lab.write({"b": line(5, "both")})
    assert twice.go_on().standing == "done"
    assert twice.lab.log("main..topic") == ["fourth", "third", "second"]


@pytest.mark.requirement("G3")
def test_what_was_accepted_settles_all_stops_apart(two: MergeLab) -> None:
    two.lab.commit("base", {"c.py": PYTHON, "k": "k\n"})
    two.lab.branch("topic")
    two.lab.commit("first", {"c.py": f"{PYTHON}import sys\n"})
    two.lab.git("branch", "middle")
    two.lab.commit("second", {"k": "kk\n"})
    two.lab.switch("main")
    two.lab.commit("ours", {"c.py": PYTHON.replace("os", "json")})
    two.lab.switch("topic")
    before = two.whole()
    with pytest.raises(ConflictsLeft):
        two.rebase()
    answer = two.rebase(accept=["propose"], update_refs=True)
    assert (answer.standing, [file.path for file in answer.conflicts]) == ("done", ["c.py"])
    assert {"import json", "import sys"} <= set(two.read("c.py").splitlines())
    assert two.lab.log("main..topic") == ["second", "first"]
    assert two.lab.head("middle") == two.lab.head("topic~1")
    two.sound()
    two.safety.undo(two.repository)
    assert two.whole() == before
    two.rebase(accept=["propose"], where="in-place")
    assert two.lab.log("main..topic") == ["second", "first"]


@pytest.mark.requirement("G3")
def test_recorded_resolutions_carry_a_rebase_through(twice: MergeLab) -> None:
    twice.rebase(where="in-place")
    twice.lab.write({"a": line(5, "both")})
    twice.go_on()
    twice.lab.write({"b": line(5, "both")})
    twice.go_on()
    twice.safety.undo(twice.repository)
    answer = twice.rebase()
    assert (answer.standing, answer.recorded) == ("done", ["a", "b"])
    assert (twice.read("a"), twice.read("b")) == (line(5, "both"), line(5, "both"))
    twice.safety.undo(twice.repository)
    assert twice.rebase(where="in-place").standing == "done"


@pytest.mark.requirement("G3")
def test_apart_a_later_stop_is_noticed_and_changes_nothing(twice: MergeLab) -> None:
    twice.rebase(where="in-place")
    twice.lab.write({"a": line(5, "both")})
    twice.go_on()
    twice.abort()
    before = twice.whole()
    with pytest.raises(ConflictsLeft, match="conflicts in b"):
        twice.rebase()
    assert twice.whole() == before
    twice.sound()


@pytest.mark.requirement("G3")
def test_a_rebase_of_plain_git_goes_on_with_one_word(twice: MergeLab) -> None:
    twice.lab.git("rebase", "main", ok=1)
    with pytest.raises(GateClosed, match="rebase is under way"):
        twice.rebase()
    twice.lab.write({"a": line(5, "both")})
    again = twice.go_on()
    assert (again.command, again.standing, again.left) == ("rebase", "waiting", ["b"])
    assert twice.skip().standing == "done"
    assert twice.lab.log("main..topic") == ["fourth", "second", "first"]


@pytest.mark.requirement("G1", "G3")
def test_a_hook_that_refuses_in_place_takes_the_rebase_back(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES, "k": "k\n"})
    two.lab.branch("topic")
    two.lab.commit("first", {"a": line(5, "alpha")})
    two.lab.switch("main")
    two.lab.commit("ours", {"a": line(5, "beta")})
    two.lab.switch("topic")
    before = two.whole()
    hook = two.hook("pre-rebase", "echo closed for today >&2; exit 1")
    with pytest.raises(GitError, match="closed for today"):
        two.rebase(where="in-place")
    assert two.whole() == before
    hook.unlink()


@pytest.mark.requirement("G3")
def test_the_branch_has_to_be_what_was_shown(twice: MergeLab) -> None:
    shown = twice.lab.head("main")
    twice.lab.git("branch", "--force", "main", "main~1")
    with pytest.raises(GateClosed, match="moved since it was shown"):
        twice.rebase(expected=shown)
