"""Merges without conflicts: hooks, messages, signatures and local work are respected, and all can be taken back."""

from __future__ import annotations

import subprocess

import pytest

from aura_git.merging.obstacles import find_obstacles, tree_changes
from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import forecast, simulate
from aura_shared.errors import GateClosed, GitError, UnknownRef
from aura_shared.messages.merges import MergeForecast
from git_lab import make_lab
from merge_lab import LINES, MergeLab, line


def look(two: MergeLab, ref: str = "topic") -> MergeForecast:
    repository = two.repository
    return forecast(repository, simulate(repository, ref), Accepted())[0]


@pytest.mark.requirement("G3")
def test_a_simulation_tells_the_outcome_and_touches_nothing(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs"), "new/b": "b\n"})
    before = two.whole()
    seen = look(two)
    assert (seen.outcome, seen.into, seen.commits) == ("clean", "main", 1)
    assert (seen.changed, seen.changed_count, seen.obstacles) == (["a", "new/b"], 2, [])
    assert (seen.ours, seen.theirs, seen.base) == (two.lab.head(), two.lab.head("topic"), two.lab.head("main~1"))
    assert two.whole() == before


@pytest.mark.requirement("G3")
def test_what_is_there_already_and_what_is_only_behind_is_told(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"b": "b\n"})
    assert look(two, "main~1").outcome == "up-to-date"
    assert two.merge("main~1").standing == "nothing"
    two.lab.switch("topic")
    two.lab.git("reset", "--quiet", "--keep", "main~1")
    seen = look(two, "main")
    assert (seen.outcome, seen.changed) == ("fast-forward", ["a"])
    answer = two.merge("main")
    assert answer.summary == "topic was fast-forwarded to main"
    assert two.lab.head("topic") == two.lab.head("main") == answer.new
    assert two.read("a") == line(1, "ours")
    with pytest.raises(UnknownRef):
        two.merge("nowhere")


@pytest.mark.requirement("G3", "G1")
def test_a_merge_commit_is_as_git_makes_it(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    old = two.lab.head()
    answer = two.merge()
    assert (answer.standing, answer.old, answer.new) == ("done", old, two.lab.head())
    assert two.lab.git("log", "-n1", "--format=%P%n%B").splitlines()[:2] == [
        f"{old} {two.lab.head('topic')}",
        "Merge branch 'topic'",
    ]
    assert two.read("a") == line(20, "theirs", line(1, "ours"))
    assert two.status() == ""
    assert two.lab.git("reflog", "-n1", "--format=%gs") == "merge topic: Fast-forward\n"
    two.sound()
    two.safety.undo(two.repository)
    assert two.lab.head() == old
    assert two.status() == ""


@pytest.mark.requirement("G3")
@pytest.mark.parametrize("where", ["apart", "in-place"])
def test_the_message_of_a_person_is_kept_to_the_letter(two: MergeLab, where: str) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.merge(message="merge: bring it in\n\n#12 is no comment\n; nor is this\n", where=where)
    assert two.lab.git("log", "-n1", "--format=%B").rstrip("\n") == (
        "merge: bring it in\n\n#12 is no comment\n; nor is this"
    )
    two.sound()


@pytest.mark.requirement("G3")
def test_a_merge_into_another_branch_than_main_says_so(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.lab.switch("topic")
    two.merge("main")
    assert two.lab.log("-n1") == ["Merge branch 'main' into topic"]


@pytest.mark.requirement("G3")
def test_fast_forwards_follow_the_request_or_the_settings(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES})
    two.lab.branch("topic")
    two.lab.commit("more", {"a": line(1, "more")})
    two.lab.switch("main")
    two.lab.git("config", "merge.ff", "false")
    assert two.merge(dry_run=True).standing == "planned"
    two.merge()
    assert len(two.lab.git("log", "-n1", "--format=%P").split()) == 2
    two.safety.undo(two.repository)
    two.lab.git("config", "branch.main.mergeOptions", "--ff")
    two.merge()
    assert two.lab.head() == two.lab.head("topic")
    two.safety.undo(two.repository)
    two.merge(fast_forward="no")
    assert two.lab.log("-n1") == ["Merge branch 'topic'"]
    two.safety.undo(two.repository)
    two.lab.commit("ours", {"b": "b\n"})
    with pytest.raises(GateClosed, match="cannot be fast-forwarded"):
        two.merge(fast_forward="only")


@pytest.mark.requirement("G1", "G3")
def test_hooks_judge_a_merge_apart_and_react_where_the_person_works(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    log = two.lab.root.parent / "hooks.log"
    for name in ("pre-merge-commit", "prepare-commit-msg", "commit-msg", "post-merge", "post-checkout", "pre-commit"):
        two.hook(name, f'echo "{name} $(basename "$PWD") $(basename "$0")" >> {log}')
    two.merge()
    root = two.lab.root.name
    told = [entry.split() for entry in log.read_text().splitlines()]
    assert [entry[0] for entry in told] == ["pre-merge-commit", "prepare-commit-msg", "commit-msg", "post-merge"]
    assert all(entry[0] == entry[2] for entry in told)
    assert [entry[1] == root for entry in told] == [False, False, False, True]


@pytest.mark.requirement("G1", "G3")
@pytest.mark.parametrize("where", ["apart", "in-place"])
@pytest.mark.parametrize("hook", ["pre-merge-commit", "commit-msg"])
def test_a_hook_that_refuses_leaves_everything_as_it_was(two: MergeLab, where: str, hook: str) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.hook(hook, "echo not today >&2; exit 1")
    before = two.whole()
    with pytest.raises(GitError, match="not today"):
        two.merge(where=where)
    assert two.whole() == before
    assert two.repository.state().in_progress == ""
    two.sound()


@pytest.mark.requirement("G1", "G3")
def test_a_hook_changes_the_message(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.hook("prepare-commit-msg", 'echo "Reviewed-by: nobody" >> "$1"')
    two.merge()
    assert "Reviewed-by: nobody" in two.lab.git("log", "-n1", "--format=%B")


@pytest.mark.requirement("G1", "G3")
def test_hooks_of_another_folder_run_as_well(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.lab.git("config", "core.hooksPath", ".husky/_")
    two.hook("commit-msg", 'echo "by husky" >> "$1"')
    with (two.lab.root / ".git" / "info" / "exclude").open("a") as file:
        file.write(".husky\n")
    two.merge()
    assert "by husky" in two.lab.git("log", "-n1", "--format=%B")
    assert two.lab.git("config", "core.hooksPath") == ".husky/_\n"


@pytest.mark.requirement("G3")
def test_local_work_is_never_overwritten_nor_carried_along(two: MergeLab) -> None:
    two.part({"a": LINES, "k": "k\n"}, {"a": line(1, "ours")}, {"a": line(20, "theirs"), "new": "new\n"})
    two.lab.write({"k": "changed\n"})
    before = two.whole()
    assert look(two).obstacles == ["k has changes that are not committed"]
    with pytest.raises(GateClosed, match="k has changes"):
        two.merge()
    assert two.whole() == before
    two.lab.git("restore", "k")
    (two.lab.root / ".git" / "info" / "exclude").write_text("new\n")
    two.lab.write({"new": "mine, and ignored\n", "left": "untracked\n"})
    before = two.whole()
    assert look(two).obstacles == ["new is not tracked and would be overwritten"]
    with pytest.raises(GateClosed, match="new is not tracked"):
        two.merge()
    assert two.whole() == before
    (two.lab.root / "new").rename(two.lab.root / "elsewhere")
    two.merge()
    assert (two.read("new"), two.read("elsewhere"), two.read("left")) == (
        "new\n",
        "mine, and ignored\n",
        "untracked\n",
    )


@pytest.mark.requirement("G3")
def test_what_stands_in_the_way_of_a_new_path_is_named(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES, "was": "file\n"})
    two.lab.branch("topic")
    two.lab.commit("theirs", {"x/y": "1\n", "d": "2\n", "was": None})
    two.lab.commit("more", {"was/now": "folder\n"})
    two.lab.switch("main")
    two.lab.write({"x": "a file\n", "d/inside": "untracked\n"})
    two.lab.git("update-index", "--assume-unchanged", "was")
    changes = tree_changes(two.repository.git, "main", "topic")
    assert find_obstacles(two.repository, changes) == [
        "was is marked assume-unchanged, so a change of it cannot be seen",
        "d/inside is not tracked and would be overwritten",
        "x is not tracked and would be overwritten",
    ]


@pytest.mark.requirement("G3")
def test_a_branch_that_moved_since_it_was_shown_is_refused(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    shown = look(two).theirs
    two.lab.git("branch", "--force", "topic", "main~1")
    with pytest.raises(GateClosed, match="when it was shown"):
        two.merge(expected=shown)
    assert two.lab.log("-n1") == ["ours"]


@pytest.mark.requirement("G3")
def test_merging_works_with_a_detached_head_and_in_a_linked_work_tree(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.lab.git("checkout", "--quiet", "--detach", "main")
    answer = two.merge()
    assert two.lab.head() == answer.new != two.lab.head("main")
    two.lab.git("worktree", "add", "--quiet", "../linked", "main")
    linked = make_lab(two.lab.root.parent / "linked")
    there = MergeLab(linked, two.safety, two.settings)
    there.merge()
    assert linked.head() == two.lab.head("main")
    assert linked.git("status", "--porcelain") == ""
    assert linked.log("-n1") == ["Merge branch 'topic'"]


@pytest.mark.requirement("G3")
def test_unrelated_and_unborn_are_refused_with_the_reason(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES})
    two.lab.git("checkout", "--quiet", "--orphan", "island")
    with pytest.raises(UnknownRef):
        two.merge("main")
    two.lab.git("rm", "-r", "--quiet", "--force", ".")
    two.lab.commit("alone", {"b": "b\n"})
    assert look(two, "main").outcome == "refused"
    with pytest.raises(GateClosed, match="no commit in common"):
        two.merge("main")


@pytest.mark.requirement("G3")
def test_a_bare_repository_is_simulated_in_but_has_no_place_to_merge(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    bare = make_lab(two.lab.root.parent / "bare", bare=True)
    bare.git("fetch", "--quiet", str(two.lab.root), "main:main", "topic:topic")
    inside = MergeLab(bare, two.safety, two.settings)
    assert look(inside).outcome == "clean"
    with pytest.raises(GateClosed, match="bare"):
        inside.merge()


@pytest.mark.requirement("G3")
def test_a_shallow_clone_that_ends_too_early_is_refused(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    url = f"file://{two.lab.root}"
    two.lab.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, "../shallow")
    shallow = MergeLab(make_lab(two.lab.root.parent / "shallow"), two.safety, two.settings)
    with pytest.raises(GateClosed, match="shallow"):
        shallow.merge("origin/topic")
    shallow.lab.git("fetch", "--quiet", "--unshallow")
    assert shallow.merge("origin/topic").standing == "done"
    assert shallow.lab.log("-n1") == ["Merge remote-tracking branch 'origin/topic'"]


@pytest.mark.requirement("G3")
def test_a_criss_cross_is_merged_and_told(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    two.lab.git("branch", "side", "topic")
    two.lab.git("merge", "--quiet", "-m", "one way", "topic")
    two.lab.switch("side")
    two.lab.git("merge", "--quiet", "-m", "other way", "main~1")
    two.lab.commit("side", {"b": "b\n"})
    two.lab.switch("main")
    seen = look(two, "side")
    assert (seen.outcome, seen.bases) == ("clean", 2)
    assert "criss-cross" in seen.notes[0]
    assert two.merge("side").standing == "done"


@pytest.mark.requirement("G3")
def test_sub_modules_that_move_are_merged_in_the_work_tree(two: MergeLab) -> None:
    inner = make_lab(two.lab.root.parent / "inner")
    first, second = inner.commit("one"), inner.commit("two")
    two.lab.commit("base", {"a": LINES})
    two.lab.git("submodule", "add", "--quiet", str(inner.root), "sub")
    two.lab.git("-C", "sub", "checkout", "--quiet", first)
    two.lab.commit("sub at one")
    two.lab.branch("topic")
    two.lab.git("-C", "sub", "checkout", "--quiet", second)
    two.lab.commit("sub at two")
    two.lab.switch("main")
    two.lab.git("-C", "sub", "checkout", "--quiet", first)
    two.lab.commit("ours", {"a": line(1, "ours")})
    answer = two.merge()
    assert answer.standing == "done"
    assert second in two.lab.git("ls-tree", "HEAD", "sub")


@pytest.mark.requirement("G3")
def test_sparse_checkouts_stay_sparse(two: MergeLab) -> None:
    two.part({"in/a": LINES, "out/b": "b\n"}, {"in/a": line(1, "ours")}, {"in/a": line(20, "theirs"), "out/b": "c\n"})
    two.lab.git("sparse-checkout", "set", "in")
    assert two.merge().standing == "done"
    assert not (two.lab.root / "out").exists()
    assert two.lab.git("show", "HEAD:out/b") == "c\n"
    assert two.status() == ""


@pytest.mark.requirement("G1", "G3")
def test_merge_commits_are_signed_where_the_repository_signs(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    key = two.lab.root.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key)), ("commit.gpgSign", "true")):
        two.lab.git("config", name, value)
    two.merge()
    assert "gpgsig" in two.lab.git("cat-file", "-p", "HEAD")
    two.lab.switch("topic")
    two.lab.commit("more", {"c": "c\n"})
    two.rebase("main")
    assert "gpgsig" in two.lab.git("cat-file", "-p", "HEAD")
    assert two.lab.log("-n2") == ["more", "Merge branch 'topic'"]


@pytest.mark.requirement("G3")
def test_what_a_merge_without_conflicts_breaks_is_told(two: MergeLab) -> None:
    shop = "def total(items):\n    return sum(items)\n\n\ndef count(items):\n    return len(items)\n"
    caller = "from shop import total\n\n\ndef show(items):\n    print(total(items))\n"
    two.part(
        {"shop.py": shop, "main.py": "print()\n", "odd\nname.py": "x = 1\n"},
        {"shop.py": shop.replace("def total", "def total_of"), "odd\nname.py": "x = 2\n"},
        {"main.py": caller},
    )
    seen = look(two)
    assert seen.outcome == "clean"
    assert [(one.rule, one.path) for one in seen.warnings] == [("missing-name", "main.py")]
    assert "total" in seen.warnings[0].message
