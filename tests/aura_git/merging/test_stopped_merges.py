"""Merges with conflicts: what is settled, what waits, and how it goes on or back; also when plain git began."""

from __future__ import annotations

import shutil

import pytest

from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import forecast, simulate
from aura_shared.errors import ConflictsLeft, GateClosed, GitError, NotFound
from aura_shared.messages.merges import ConflictFile
from merge_lab import LINES, MergeLab, line

PYTHON = '"""Shop."""\n\nimport os\n\n\ndef total(items):\n    return sum(items)\n'
SPACED = PYTHON.replace("return sum", "return  sum"), PYTHON.replace("return sum", "return   sum")
IMPORTS = (
    PYTHON.replace("import os\n", "import os\nimport sys\n"),
    PYTHON.replace("import os\n", "import json\n"),
)


def seen(two: MergeLab, *tiers: str, ref: str = "topic") -> list[ConflictFile]:
    repository = two.repository
    accepted = Accepted.of(tiers)  # pyright: ignore[reportArgumentType] - names of tiers
    return forecast(repository, simulate(repository, ref), accepted)[0].conflicts


@pytest.fixture
def hard(two: MergeLab) -> MergeLab:
    """A conflict that only a person can settle, beside a file that git merges."""
    base = {"a": LINES, "b": LINES, "c.py": PYTHON}
    ours = {"a": line(5, "alpha"), "b": line(1, "one"), "c.py": SPACED[0]}
    two.part(base, ours, {"a": line(5, "beta"), "b": line(20, "twenty"), "c.py": SPACED[1], "d": "new\n"})
    return two


@pytest.mark.requirement("G3")
def test_conflicts_are_told_by_hunk_with_who_changed_what(hard: MergeLab) -> None:
    hard.lab.switch("topic")
    hard.lab.commit("elsewhere in a", {"a": line(15, "later", hard.read("a"))})
    hard.lab.switch("main")
    files = {file.path: file for file in seen(hard)}
    assert set(files) == {"a", "c.py"}
    hunk = files["a"].hunks[0]
    assert (hunk.id, hunk.number, hunk.line) == ("a:1", 1, 5)
    assert (hunk.ours, hunk.base, hunk.theirs) == ("alpha\n", "line 5\n", "beta\n")
    assert [one.subject for one in hunk.ours_by] == ["ours"]
    assert [(one.subject, one.author) for one in hunk.theirs_by] == [("theirs", "Ada Tester")]
    assert [one.subject for one in files["a"].theirs_by] == ["elsewhere in a", "theirs"]
    assert (files["a"].kind, files["a"].remaining, hunk.settled) == ("content", 1, False)
    spacing = files["c.py"].hunks[0]
    assert (spacing.tier, spacing.settled, files["c.py"].remaining) == ("auto", True, 0)
    assert (spacing.rule != "", spacing.reason != "") == (True, True)


@pytest.mark.requirement("G3")
def test_what_is_certain_is_merged_apart_without_a_question(two: MergeLab) -> None:
    two.part({"c.py": PYTHON}, {"c.py": SPACED[0]}, {"c.py": SPACED[1]})
    answer = two.merge()
    assert (answer.standing, answer.conflicts[0].path) == ("done", "c.py")
    assert two.read("c.py") in SPACED
    assert two.lab.git("log", "-n1", "--format=%B").strip() == "Merge branch 'topic'"
    two.sound()


@pytest.mark.requirement("G3")
def test_a_proposal_waits_for_a_yes(two: MergeLab) -> None:
    two.part({"c.py": PYTHON}, {"c.py": IMPORTS[0]}, {"c.py": IMPORTS[1]})
    before = two.whole()
    with pytest.raises(ConflictsLeft, match=r"conflicts in c\.py"):
        two.merge()
    assert two.whole() == before
    assert seen(two)[0].hunks[0].tier == "propose"
    assert seen(two, "propose")[0].remaining == 0
    two.merge(accept=["propose"])
    merged = two.read("c.py")
    assert "import sys\n" in merged
    assert "import json\n" in merged
    two.safety.undo(two.repository)
    assert two.whole() == before
    two.merge(hunks=["c.py:1"])
    assert two.read("c.py") == merged
    two.sound()


@pytest.mark.requirement("G3")
def test_what_is_left_waits_in_the_work_tree_with_both_sides_and_their_base(hard: MergeLab) -> None:
    before = hard.whole()
    with pytest.raises(ConflictsLeft, match="conflicts in a"):
        hard.merge()
    assert hard.whole() == before
    answer = hard.merge(where="in-place")
    assert (answer.standing, answer.left) == ("waiting", ["a"])
    assert answer.operation
    base = hard.lab.git("merge-base", "main", "topic")[:7]
    blocks = f"<<<<<<< HEAD\nalpha\n||||||| {base}\nline 5\n=======\nbeta\n>>>>>>> topic\n"
    assert hard.read("a") == LINES.replace("line 5\n", blocks)
    assert hard.lab.git("diff", "--name-only", "--diff-filter=U").split() == ["a"]
    record = hard.safety.open_operation(hard.repository)
    assert record is not None
    assert (record.command, record.state) == ("merge", "waiting")
    assert "aura continue" in record.waiting_for
    with pytest.raises(GateClosed, match="waits"):
        hard.merge()
    with pytest.raises(ConflictsLeft, match="a:5"):
        hard.go_on()
    hard.lab.write({"a": line(5, "both")})
    done = hard.go_on()
    assert (done.standing, done.operation) == ("done", answer.operation)
    assert hard.lab.git("log", "-n1", "--format=%B").strip() == "Merge branch 'topic'"
    assert hard.lab.git("show", "HEAD:a") == line(5, "both")
    assert hard.status() == ""
    hard.safety.undo(hard.repository)
    assert hard.whole() == before


@pytest.mark.requirement("G1", "G3")
def test_an_abort_brings_everything_back_to_the_byte(hard: MergeLab) -> None:
    hard.lab.write({"untracked": "mine\n"})
    before = hard.whole()
    hard.merge(where="in-place")
    hard.lab.write({"a": "half resolved\n"})
    answer = hard.abort()
    assert answer.standing == "aborted"
    assert hard.whole() == before
    assert hard.repository.state().in_progress == ""
    hard.sound()
    with pytest.raises(GateClosed, match="nothing waits"):
        hard.abort()


@pytest.mark.requirement("G3")
def test_a_message_of_a_person_survives_the_wait(hard: MergeLab) -> None:
    hard.merge(where="in-place", message="bring it in\n\n#7: no comment")
    hard.lab.write({"a": line(5, "both")})
    hard.go_on()
    assert hard.lab.git("log", "-n1", "--format=%B").strip() == "bring it in\n\n#7: no comment"


@pytest.mark.requirement("G3")
def test_a_resolution_is_recorded_and_used_again(hard: MergeLab) -> None:
    hard.merge(where="in-place")
    hard.lab.write({"a": line(5, "both")})
    hard.go_on()
    hard.safety.undo(hard.repository)
    answer = hard.merge()
    assert answer.standing == "done"
    assert "a" in answer.recorded
    assert hard.read("a") == line(5, "both")
    hard.sound()


@pytest.mark.requirement("G3")
def test_files_that_are_no_text_have_to_be_decided_on(two: MergeLab) -> None:
    base = {"bin": b"\0\1", "gone": LINES, "r": LINES * 2}
    ours = {"bin": b"\0\2", "gone": line(1, "kept"), "r": None, "r1": LINES * 2}
    two.part(base, ours, {"bin": b"\0\3", "gone": None, "r": None, "r2": LINES * 2})
    kinds = {file.path: (file.kind, file.remaining, bool(file.problem)) for file in seen(two, "propose", "suggest")}
    assert kinds == {
        "bin": ("binary", 1, True),
        "gone": ("deleted", 1, True),
        "r": ("renamed", 1, True),
        "r1": ("renamed", 1, True),
        "r2": ("renamed", 1, True),
    }
    two.merge(where="in-place")
    with pytest.raises(ConflictsLeft, match=r"bin \(binary"):
        two.go_on()
    two.lab.git("checkout", "--quiet", "--theirs", "bin")
    two.lab.git("add", "bin", "gone", "r1")
    two.lab.git("rm", "--quiet", "--cached", "r", "r2")
    (two.lab.root / "r2").unlink()
    assert two.go_on().standing == "done"
    assert two.lab.git("ls-tree", "--name-only", "HEAD").split() == ["bin", "gone", "r1"]


@pytest.mark.requirement("G3")
def test_a_file_with_its_own_marker_size_and_one_that_is_not_merged(two: MergeLab) -> None:
    two.part(
        {".gitattributes": "wide conflict-marker-size=12\nlocked -merge\n", "wide": LINES, "locked": LINES},
        {"wide": line(5, "alpha"), "locked": line(5, "alpha")},
        {"wide": line(5, "beta"), "locked": line(5, "beta")},
    )
    answer = two.merge(where="in-place")
    assert sorted(answer.left) == ["locked", "wide"]
    assert "<<<<<<<<<<<< HEAD\n" in two.read("wide")
    two.lab.write({"wide": line(5, "<<<<<<< not a marker here")})
    with pytest.raises(ConflictsLeft, match=r"locked \(binary"):
        two.go_on()
    two.lab.git("add", "locked")
    assert two.go_on().standing == "done"


@pytest.mark.requirement("G3")
def test_line_ends_of_the_work_tree_are_kept(two: MergeLab) -> None:
    two.part(
        {".gitattributes": "*.py text eol=crlf\n", "c.py": PYTHON.replace("\n", "\r\n")},
        {"c.py": SPACED[0].replace("\n", "\r\n")},
        {"c.py": SPACED[1].replace("\n", "\r\n")},
    )
    two.merge(where="in-place")
    content = (two.lab.root / "c.py").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 0
    assert two.status() == ""


@pytest.mark.requirement("G3")
def test_a_resolution_that_does_not_parse_is_a_warning(two: MergeLab) -> None:
    two.part({"c.py": PYTHON}, {"c.py": PYTHON.replace("items", "prices")}, {"c.py": PYTHON.replace("items", "costs")})
    two.merge(where="in-place")
    two.lab.write({"c.py": PYTHON.replace("def total(items):", "def total(items:")})
    answer = two.go_on()
    assert [(one.rule, one.path) for one in answer.warnings] == [("does-not-parse", "c.py")]
    assert answer.standing == "done"


@pytest.mark.requirement("G1", "G3")
def test_a_hook_that_refuses_at_the_end_leaves_the_merge_open(hard: MergeLab) -> None:
    hard.merge(where="in-place")
    hard.lab.write({"a": line(5, "both")})
    hook = hard.hook("commit-msg", "echo too short >&2; exit 1")
    with pytest.raises(GitError, match="too short"):
        hard.go_on()
    assert hard.repository.state().in_progress == "merge"
    hook.unlink()
    assert hard.go_on().standing == "done"


@pytest.mark.requirement("G3")
@pytest.mark.parametrize("word", ["continue", "abort"])
def test_a_merge_of_plain_git_goes_on_and_back(hard: MergeLab, word: str) -> None:
    before = hard.whole()
    hard.lab.git("merge", "topic", ok=1)
    if word == "abort":
        assert hard.abort().standing == "aborted"
        assert hard.whole() == before
        return
    with pytest.raises(GateClosed, match="no commit to leave out"):
        hard.skip()
    resolved = hard.resolve()
    assert (resolved.standing, resolved.left) == ("waiting", ["a"])
    assert hard.read("c.py") in SPACED
    hard.lab.write({"a": line(5, "both")})
    assert hard.go_on().standing == "done"
    assert len(hard.lab.git("log", "-n1", "--format=%P").split()) == 2
    assert hard.status() == ""


@pytest.mark.requirement("G3")
def test_a_cherry_pick_and_a_revert_of_plain_git_go_on_and_are_skipped(hard: MergeLab) -> None:
    hard.lab.git("cherry-pick", "topic", ok=1)
    hard.lab.write({"a": line(5, "both"), "c.py": PYTHON})
    answer = hard.go_on()
    assert (answer.command, answer.standing) == ("cherry-pick", "done")
    assert hard.lab.log("-n1") == ["theirs"]
    hard.lab.git("revert", "--no-edit", "HEAD~1", ok=1)
    answer = hard.skip()
    assert (answer.command, answer.standing) == ("revert", "done")
    assert hard.repository.state().in_progress == ""


@pytest.mark.requirement("G3")
def test_resolving_leaves_alone_what_a_person_has_begun(hard: MergeLab) -> None:
    hard.lab.git("merge", "topic", ok=1)
    edited = hard.read("c.py").replace("import os\n", "import os  # by hand\n")
    hard.lab.write({"c.py": edited})
    answer = hard.resolve()
    assert hard.read("c.py") == edited
    assert "c.py was edited" in answer.notes[0]
    with pytest.raises(NotFound, match="not in conflict: nowhere"):
        hard.resolve(paths=["nowhere"])
    assert hard.resolve(paths=["a"], dry_run=True).left == ["a"]


@pytest.mark.requirement("G3")
def test_proposals_of_an_open_merge_are_taken_one_by_one(two: MergeLab) -> None:
    two.part({"c.py": PYTHON}, {"c.py": IMPORTS[0]}, {"c.py": IMPORTS[1]})
    two.merge(where="in-place")
    planned = two.resolve(dry_run=True)
    assert (planned.standing, planned.conflicts[0].hunks[0].id) == ("planned", "c.py:1")
    assert planned.conflicts[0].hunks[0].ours_by[0].subject == "ours"
    answer = two.resolve(hunks=["c.py:1"])
    assert (answer.standing, answer.left) == ("done", [])
    assert two.go_on().standing == "done"
    assert two.resolve().summary == "no file is in conflict"


@pytest.mark.requirement("G3")
def test_conflicts_that_no_merge_explains_are_only_staged(hard: MergeLab) -> None:
    hard.lab.git("merge", "--squash", "topic", ok=1)
    with pytest.raises(GateClosed, match="does not know what began them"):
        hard.abort()
    hard.lab.write({"a": line(5, "both"), "c.py": PYTHON})
    answer = hard.go_on()
    assert "staged 2 resolved files" in answer.summary
    assert hard.lab.git("diff", "--name-only", "--diff-filter=U") == ""


@pytest.mark.requirement("G3")
def test_nothing_waits_is_told(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES})
    for word in (two.go_on, two.skip, two.abort):
        with pytest.raises(GateClosed, match="nothing waits"):
            word()
    two.lab.commit("more")
    two.lab.git("bisect", "start", "HEAD", "HEAD~1")
    with pytest.raises(GateClosed, match="bisect"):
        two.go_on()


@pytest.mark.requirement("G3")
def test_a_merge_that_a_person_ended_by_hand_is_noticed(hard: MergeLab) -> None:
    hard.merge(where="in-place")
    hard.lab.write({"a": line(5, "both")})
    hard.lab.git("add", "a")
    hard.lab.git("commit", "--quiet", "--no-edit")
    answer = hard.go_on()
    assert (answer.standing, hard.safety.open_operation(hard.repository)) == ("done", None)
    hard.safety.undo(hard.repository)
    shutil.rmtree(hard.lab.root / ".git" / "rr-cache")
    hard.merge(where="in-place")
    hard.lab.git("merge", "--abort")
    assert hard.go_on().standing == "nothing"
    assert hard.safety.open_operation(hard.repository) is None


@pytest.mark.requirement("G3")
def test_the_driver_and_the_recording_are_switched_only_when_asked(hard: MergeLab) -> None:
    config = (hard.lab.root / ".git" / "config").read_text()
    assert hard.resolve(driver="install", dry_run=True).standing == "planned"
    assert (hard.lab.root / ".git" / "config").read_text() == config
    hard.resolve(driver="install", remember="on")
    assert hard.lab.git("config", "rerere.enabled") == "true\n"
    assert "%O %A %B" in hard.lab.git("config", "merge.aura.driver")
    hard.lab.git("merge", "topic", ok=1)
    assert hard.lab.git("diff", "--name-only", "--diff-filter=U") == "a\n"
    assert hard.read("c.py") in SPACED
    hard.lab.git("merge", "--abort")
    hard.resolve(driver="install")
    hard.resolve(driver="uninstall", remember="off")
    assert hard.lab.git("config", "merge.default", ok=1) == ""
    hard.lab.git("config", "--unset", "rerere.enabled")
    hard.lab.git("config", "--remove-section", "rerere", ok=None)
    hard.lab.git("config", "--remove-section", "merge", ok=None)
    assert (hard.lab.root / ".git" / "config").read_text().split() == config.split()
    hard.lab.git("config", "merge.default", "union")
    with pytest.raises(GateClosed, match="'union' is the merge driver"):
        hard.resolve(driver="install")
    assert hard.lab.git("config", "merge.default") == "union\n"


@pytest.mark.requirement("G3")
def test_with_the_driver_attributes_and_binary_files_are_what_they_were(two: MergeLab) -> None:
    two.part(
        {".gitattributes": "*.lock -merge\n", "x.lock": LINES, "bin": b"\0\1"},
        {"x.lock": line(1, "ours"), "bin": b"\0\2"},
        {"x.lock": line(1, "theirs"), "bin": b"\0\3"},
    )
    two.resolve(driver="install")
    answer = two.merge(where="in-place")
    assert answer.left == ["bin", "x.lock"]
    assert (two.read("x.lock"), two.read("bin")) == (line(1, "ours"), "\0\2")


@pytest.mark.requirement("G3")
def test_a_lock_file_is_written_anew_and_one_whose_tool_is_not_here_is_left(two: MergeLab) -> None:
    sums = "a v1 h1:x=\n"
    two.part({"go.sum": sums, "k": "k\n"}, {"go.sum": f"{sums}b v1 h1:y=\n"}, {"go.sum": f"{sums}c v1 h1:z=\n"})
    file = seen(two)[0]
    assert (file.kind, file.command, file.remaining) == ("lock-file", "go mod tidy", 1)
    answer = two.merge()
    assert two.read("go.sum") == f"{sums}b v1 h1:y=\nc v1 h1:z=\n"
    assert any("go.sum was written anew" in note for note in answer.notes)
    two.sound()
    two.lab.branch("other", "main~1")
    two.lab.commit("theirs", {"Pipfile.lock": "{1}\n"})
    two.lab.switch("main")
    two.lab.commit("ours", {"Pipfile.lock": "{2}\n"})
    with pytest.raises(ConflictsLeft, match=r"Pipfile\.lock"):
        two.merge("other")
    assert seen(two, ref="other")[0].command == "pipenv lock"


@pytest.mark.requirement("G3")
def test_links_in_the_way_are_not_followed(hard: MergeLab) -> None:
    hard.lab.git("merge", "topic", ok=1)
    (hard.lab.root / "c.py").unlink()
    outside = hard.lab.root.parent / "outside.py"
    outside.write_text("mine\n")
    (hard.lab.root / "c.py").symlink_to(outside)
    hard.resolve()
    assert outside.read_text() == "mine\n"
