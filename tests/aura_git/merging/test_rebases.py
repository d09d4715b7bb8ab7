"""Rebases: replayed in memory, compared with what git itself makes of them, then moved at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.merging.refs import RefMove, move_head
from aura_git.merging.replay import plan_replay, replay
from aura_git.merging.replaying import forecast_rebase
from aura_git.merging.settling import Accepted
from aura_shared.errors import ConflictsLeft, GateClosed, GitError, ProtectedBranch
from aura_shared.messages.merges import RebaseForecast
from merge_lab import LINES, MergeLab, line


@pytest.fixture
def stack(two: MergeLab) -> MergeLab:
    """`topic` with three commits and `middle` behind the second, `main` one ahead of where they part."""
    two.lab.commit("base", {"a": LINES})
    two.lab.branch("topic")
    two.lab.commit("first\n\nWith a body, and an odd\n\n\nspacing.", {"a": line(20, "first")})
    two.lab.commit("second", {"b": "b\n"})
    two.lab.git("branch", "middle")
    two.lab.commit("third", {"b": "b\nc\n"})
    two.lab.switch("main")
    two.lab.commit("ours", {"a": line(1, "ours")})
    two.lab.switch("topic")
    return two


def look(two: MergeLab, onto: str = "main", *, update_refs: bool = False) -> RebaseForecast:
    return forecast_rebase(two.repository, onto, Accepted(), update_refs=update_refs)[0]


FACTS = "--format=%an %ae %at %T %B"


@pytest.mark.requirement("G3")
def test_a_rebase_in_memory_is_what_git_would_make(stack: MergeLab) -> None:
    stack.lab.git("worktree", "add", "--quiet", "--detach", "../plain", "topic")
    plain = stack.lab.root.parent / "plain"
    stack.lab.git("rebase", "--quiet", "main", where=plain)
    expected = stack.lab.git("log", FACTS, where=plain)
    stack.lab.git("worktree", "remove", "--force", str(plain))
    before = stack.whole()
    seen = look(stack)
    assert [(step.subject, step.outcome) for step in seen.steps] == [
        ("first", "clean"),
        ("second", "clean"),
        ("third", "clean"),
    ]
    assert "first" in seen.range_diff
    assert stack.whole() == before
    answer = stack.rebase(expected=seen.onto_commit)
    assert (answer.standing, answer.summary) == ("done", "replayed topic onto main")
    assert stack.lab.git("log", FACTS) == expected
    assert stack.status() == ""
    assert stack.lab.git("reflog", "-n1", "--format=%gs").startswith("rebase (finish): refs/heads/topic onto ")
    stack.sound()
    stack.safety.undo(stack.repository)
    assert stack.whole() == before


@pytest.mark.requirement("G3")
def test_simulating_twice_writes_nothing_new(stack: MergeLab) -> None:
    look(stack)
    count = stack.lab.git("count-objects")
    look(stack)
    assert stack.lab.git("count-objects") == count


@pytest.mark.requirement("G3")
def test_stacked_branches_move_along_when_asked(stack: MergeLab) -> None:
    old = stack.lab.head("middle")
    stack.rebase()
    assert stack.lab.head("middle") == old
    stack.safety.undo(stack.repository)
    seen = look(stack, update_refs=True)
    assert [ref.name for ref in seen.refs] == ["topic", "middle"]
    answer = stack.rebase(update_refs=True)
    assert [ref.name for ref in answer.refs] == ["topic", "middle"]
    assert stack.lab.head("middle") == stack.lab.head("topic~1")


@pytest.mark.requirement("G3")
def test_a_stacked_branch_of_another_work_tree_stays_and_is_told(stack: MergeLab) -> None:
    stack.lab.git("worktree", "add", "--quiet", "../linked", "middle")
    old = stack.lab.head("middle")
    answer = stack.rebase(update_refs=True)
    assert stack.lab.head("middle") == old
    told = next(ref for ref in answer.refs if ref.name == "middle")
    assert (told.new, "checked out in" in told.why) == ("", True)


@pytest.mark.requirement("G3")
def test_what_the_other_side_has_already_and_what_becomes_empty_is_dropped(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES, "c": LINES})
    two.lab.branch("topic")
    two.lab.commit("same change", {"a": line(1, "same")})
    two.lab.commit("becomes empty", {"c": line(5, "five")})
    two.lab.commit("empty from the start")
    two.lab.commit("stays", {"d": "d\n"})
    two.lab.git("branch", "behind", "HEAD~2")
    two.lab.switch("main")
    two.lab.commit("picked", {"a": line(1, "same")})
    two.lab.commit("both", {"c": line(15, "fifteen", line(5, "five"))})
    two.lab.switch("topic")
    seen = look(two)
    assert {step.subject: step.outcome for step in seen.steps} == {
        "same change": "already-there",
        "becomes empty": "empty",
        "empty from the start": "clean",
        "stays": "clean",
    }
    two.rebase(update_refs=True)
    assert two.lab.log("main..topic") == ["stays", "empty from the start"]
    assert two.lab.head("behind") == two.lab.head("main")


@pytest.mark.requirement("G3")
def test_fast_forward_up_to_date_and_merges_on_the_way(stack: MergeLab) -> None:
    assert look(stack, "main~1").outcome == "up-to-date"
    assert stack.rebase("main~1").standing == "nothing"
    stack.lab.switch("main")
    stack.lab.git("reset", "--quiet", "--keep", "main~1")
    assert stack.rebase("topic").summary == "fast-forwarded main onto topic"
    assert stack.lab.head("main") == stack.lab.head("topic")
    stack.safety.undo(stack.repository)
    stack.lab.switch("topic")
    stack.lab.branch("side", "topic~1")
    stack.lab.commit("beside", {"e": "e\n"})
    stack.lab.switch("topic")
    stack.lab.git("merge", "--quiet", "-m", "merged", "side")
    stack.lab.switch("main")
    stack.lab.commit("ours again", {"f": "f\n"})
    stack.lab.switch("topic")
    seen = look(stack)
    assert "a merge commit is left out" in seen.notes[0]
    stack.rebase()
    assert set(stack.lab.log("main..topic")) == {"beside", "third", "second", "first"}


@pytest.mark.requirement("G1", "G3")
def test_protected_and_published_commits_are_not_replaced(stack: MergeLab) -> None:
    stack.lab.git("init", "--quiet", "--bare", "../origin.git")
    stack.lab.git("remote", "add", "origin", "../origin.git")
    stack.lab.git("push", "--quiet", "--set-upstream", "origin", "topic")
    before = stack.whole()
    with pytest.raises(GateClosed, match="on a remote"):
        stack.rebase()
    assert stack.whole() == before
    stack.rebase(published_ok=True)
    stack.safety.undo(stack.repository)
    stack.lab.git("push", "--quiet", "origin", "topic:refs/heads/another")
    with pytest.raises(GateClosed, match="another name"):
        stack.rebase(published_ok=True)
    stack.lab.git("checkout", "--quiet", "--detach")
    with pytest.raises(GateClosed, match="on a remote already"):
        stack.rebase()
    stack.lab.branch("release/1", "topic")
    for yes in (False, True):
        with pytest.raises(ProtectedBranch, match="release/1"):
            stack.rebase(published_ok=yes)


@pytest.mark.requirement("G3")
def test_a_detached_head_is_rebased_without_touching_a_branch(stack: MergeLab) -> None:
    stack.lab.git("checkout", "--quiet", "--detach", "topic")
    old = stack.lab.head("topic")
    answer = stack.rebase()
    assert [ref.name for ref in answer.refs] == ["HEAD"]
    assert (stack.lab.head(), stack.lab.head("topic")) == (answer.new, old)
    assert stack.lab.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD\n"


@pytest.mark.requirement("G1", "G3")
def test_hooks_of_a_rebase_are_run(stack: MergeLab) -> None:
    log = stack.lab.root.parent / "log"
    stack.hook("post-rewrite", f'echo "$1" >> {log}; cat >> {log}')
    old = stack.lab.git("rev-list", "--reverse", "main..topic").split()
    stack.rebase()
    new = stack.lab.git("rev-list", "--reverse", "main..topic").split()
    lines = log.read_text().splitlines()
    assert lines == ["rebase", *(f"{one} {other}" for one, other in zip(old, new, strict=True))]
    stack.safety.undo(stack.repository)
    stack.hook("prepare-commit-msg", 'echo "Seen: yes" >> "$1"')
    log.unlink()
    stack.rebase(update_refs=True)
    assert stack.lab.git("log", "--format=%B", "main..topic").count("Seen: yes") == 3
    assert stack.lab.head("middle") == stack.lab.head("topic~1")
    assert len(log.read_text().splitlines()) == 4
    stack.sound()
    stack.safety.undo(stack.repository)
    stack.hook("pre-rebase", "echo never >&2; exit 1")
    before = stack.whole()
    with pytest.raises(GitError, match="never"):
        stack.rebase()
    assert stack.whole() == before


@pytest.mark.requirement("G3")
def test_local_work_and_ignored_files_are_never_touched(stack: MergeLab) -> None:
    stack.lab.write({"b": "changed\n"})
    with pytest.raises(GateClosed, match="b has changes"):
        stack.rebase()
    stack.lab.git("restore", "b")
    stack.lab.write({"mine": "untracked\n"})
    stack.rebase()
    assert stack.read("mine") == "untracked\n"


@pytest.mark.requirement("G3")
def test_the_history_behind_a_shallow_border_is_not_guessed(stack: MergeLab) -> None:
    stack.lab.git("clone", "--quiet", "--depth=2", "--no-single-branch", f"file://{stack.lab.root}", "../shallow")
    clone = Path(stack.lab.root.parent / "shallow")
    stack.lab.git("switch", "--quiet", "topic", where=clone)
    shallow = MergeLab(type(stack.lab)(clone), stack.safety, stack.settings)
    with pytest.raises(GateClosed, match="shallow"):
        shallow.rebase("origin/main")


@pytest.mark.requirement("G3")
def test_refs_move_all_or_none(stack: MergeLab) -> None:
    plan = plan_replay(stack.repository, "main")
    done, _ = replay(stack.repository, plan)
    before = stack.whole()
    moves = [
        RefMove("refs/heads/topic", stack.lab.head("topic"), done[-1].new),
        RefMove("refs/heads/middle", stack.lab.head("main"), done[1].new),
    ]
    with pytest.raises(GateClosed, match="moved meanwhile"):
        move_head(stack.repository, moves, "test")
    assert stack.whole() == before


@pytest.mark.requirement("G3")
def test_the_first_conflict_is_told_and_what_follows_is_unknown(stack: MergeLab) -> None:
    stack.lab.switch("main")
    stack.lab.commit("conflicting", {"b": "other\n"})
    stack.lab.switch("topic")
    seen = look(stack)
    assert [step.outcome for step in seen.steps] == ["clean", "conflicts", "unknown"]
    assert [file.path for file in seen.steps[1].conflicts] == ["b"]
    assert (seen.outcome, seen.range_diff) == ("conflicts", "")
    before = stack.whole()
    with pytest.raises(ConflictsLeft, match="conflicts in b"):
        stack.rebase()
    assert stack.whole() == before
    assert "would stop at" in stack.rebase(dry_run=True).summary


@pytest.mark.requirement("G3")
def test_encoding_and_times_of_commits_are_kept(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES})
    two.lab.branch("topic")
    two.lab.write({"b": "b\n"})
    two.lab.git("add", "b")
    two.lab.git("config", "i18n.commitEncoding", "ISO-8859-1")
    message = two.lab.root.parent / "message"
    message.write_bytes("über\n".encode("latin-1"))
    two.lab.git("commit", "--quiet", "--author", "Zoë <z@x>", "--date", "@1600000000 +0530", "-F", str(message))
    two.lab.git("config", "--unset", "i18n.commitEncoding")
    two.lab.switch("main")
    two.lab.commit("ours", {"c": "c\n"})
    two.lab.switch("topic")
    two.rebase()
    raw = two.lab.git("cat-file", "commit", "HEAD")
    assert "1600000000 +0530" in raw
    assert "encoding ISO-8859-1" in raw
    assert two.lab.log("-n1") == ["über"]
