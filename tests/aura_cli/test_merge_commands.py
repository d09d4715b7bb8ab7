"""`aura merge`, `rebase`, `sync`, `resolve`, `continue`, `skip` and `abort`, with real repositories behind them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aura_cli import merge_view
from aura_cli.commands import merge as command
from aura_cli_running import Aura, JsonObject, StandIn
from aura_git.merging.service import MergeService
from aura_git.safety.core import SafetyCore
from aura_shared.messages.merges import (
    AbortOperation,
    ContinueOperation,
    DoMerge,
    DoRebase,
    ResolveConflicts,
    SimulateMerge,
    SimulateRebase,
    SkipCommit,
    SyncBranches,
)
from aura_shared.settings import GitSettings
from git_lab import CONFIG, make_lab
from git_rig import GitRig
from merge_lab import LINES, MergeLab, line

ROUTES = {
    "/v1/git/merge/simulate": SimulateMerge,
    "/v1/git/merge": DoMerge,
    "/v1/git/rebase/simulate": SimulateRebase,
    "/v1/git/rebase": DoRebase,
    "/v1/git/sync": SyncBranches,
    "/v1/git/resolve": ResolveConflicts,
    "/v1/git/continue": ContinueOperation,
    "/v1/git/skip": SkipCommit,
    "/v1/git/abort": AbortOperation,
}
IMPORTS = '"""Shop."""\n\nimport os\n'


@pytest.fixture
def shop(gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MergeLab:
    """A repository that is the working directory, with the git service behind the routes of the gateway."""
    settings = tmp_path / "gitconfig"
    settings.write_text(CONFIG)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    lab = make_lab(tmp_path / "shop")
    monkeypatch.chdir(lab.root)
    rig = GitRig(lab.root, MergeService)
    rig.serve(gateway, ROUTES)
    limits = GitSettings(lock_wait_s=1.0)
    return MergeLab(lab, SafetyCore(limits), limits)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What a person at the terminal says, in order."""
    given: list[bool] = []
    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "ask", lambda question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    return given


@pytest.fixture
def conflict(shop: MergeLab) -> MergeLab:
    """A conflict that only a person settles, and a proposal."""
    base, ours, theirs = IMPORTS, IMPORTS + "import sys\n", IMPORTS.replace("os", "json")
    shop.part(
        {"a.txt": LINES, "c.py": base},
        {"a.txt": line(5, "alpha"), "c.py": ours},
        {"a.txt": line(5, "beta"), "c.py": theirs, "n.txt": "n\n"},
    )
    return shop


@pytest.mark.requirement("G3", "P10")
def test_a_clean_merge_is_shown_and_done(aura: Aura, shop: MergeLab) -> None:
    shop.part({"a.txt": LINES}, {"a.txt": line(1, "ours")}, {"a.txt": line(20, "theirs"), "n.txt": "n\n"})
    shown = aura("merge", "topic", "--dry-run")
    assert shown.code == 0
    assert shown.out.splitlines()[:4] == [
        "topic into main  clean",
        "1 commit · 2 paths would change",
        "  a.txt",
        "  n.txt",
    ]
    assert shop.lab.log("-n1") == ["ours"]
    ran = aura("merge", "topic", "--message", "bring it in")
    assert ran.code == 0
    assert "merged topic into main" in ran.out
    assert "aura git undo" in ran.err
    assert shop.lab.log("-n1") == ["bring it in"]
    assert aura("merge", "topic").out == "topic into main  up-to-date\n"
    assert aura("merge", "topic", "--json").json()["standing"] == "nothing"
    assert aura("merge", "topic", "--json", "--dry-run").json()["outcome"] == "up-to-date"
    assert aura("merge", "nowhere").code == 4


@pytest.mark.requirement("G3", "P11")
@pytest.mark.parametrize(
    "words",
    [("merge", "--", "--output=owned"), ("rebase", "--", "--output=owned"), ("merge", "--dry-run", "--", "--exec=x"),
     ("sync", "--remote", "--upload-pack=touch owned"), ("resolve", "--", "--output=owned")],
)  # fmt: skip
def test_what_looks_like_an_option_of_git_is_only_a_name(aura: Aura, shop: MergeLab, words: tuple[str, ...]) -> None:
    """It reaches the service as what it is, and git as no option."""
    shop.part({"a.txt": LINES}, {"a.txt": line(1, "ours")}, {"a.txt": line(20, "theirs")})
    before = shop.whole()
    ran = aura(*words)
    assert ran.code in {2, 3, 4, 5}
    assert "usage: git" not in ran.out + ran.err
    assert shop.whole() == before
    assert not [path for path in shop.lab.root.parent.rglob("*") if path.name.startswith("owned")]


@pytest.mark.requirement("G3", "P10")
def test_conflicts_are_shown_with_who_changed_what_and_nothing_is_changed(aura: Aura, conflict: MergeLab) -> None:
    before = conflict.whole()
    ran = aura("merge", "topic")
    assert ran.code == 5
    lines = ran.out.splitlines()
    assert lines[0] == "topic into main  conflicts"
    assert lines[2].startswith("a.txt  content  1 left")
    theirs = conflict.lab.git("rev-parse", "--short", "topic").strip()
    assert any(theirs in one and "theirs" in one and "Ada Tester" in one for one in lines)
    assert any("propose" in one for one in lines)
    assert all(len(one) <= 100 for one in lines)
    assert "--in-place stops for you" in ran.err
    assert conflict.whole() == before


@pytest.mark.requirement("G3")
def test_a_person_takes_proposals_one_by_one_and_resolves_the_rest(
    aura: Aura, conflict: MergeLab, answers: list[bool]
) -> None:
    answers += [True, True]
    ran = aura("merge", "topic")
    assert answers == []
    assert ran.code == 5
    assert "c.py:1" in ran.out
    assert "+import json" in ran.out
    assert "waits for 1 of 2 files" in ran.out
    assert "import json" in conflict.read("c.py")
    assert "aura continue" in ran.err
    refused = aura("continue")
    assert (refused.code, "a.txt:5" in refused.err) == (5, True)
    assert aura("skip").code == 5
    conflict.lab.write({"a.txt": line(5, "both")})
    done = aura("continue")
    assert (done.code, "the merge is concluded" in done.out) == (0, True)
    assert conflict.lab.log("-n1") == ["Merge branch 'topic'"]
    assert aura("continue").code == 5


@pytest.mark.requirement("G3")
def test_a_person_says_no_and_nothing_is_changed(aura: Aura, conflict: MergeLab, answers: list[bool]) -> None:
    before = conflict.whole()
    answers += [False, False]
    assert aura("merge", "topic").code == 5
    assert conflict.whole() == before
    conflict.lab.git("branch", "easy", "main~1")
    conflict.lab.switch("easy")
    conflict.lab.commit("easy", {"e.txt": "e\n"})
    answers += [False]
    assert aura("merge", "main").code == 0
    assert conflict.lab.log("-n1") == ["easy"]
    answers += [False]
    assert aura("rebase", "main").code == 0
    assert conflict.lab.log("-n2") == ["easy", "base"]
    assert answers == []


@pytest.mark.requirement("G3")
def test_an_abort_asks_first_and_brings_everything_back(aura: Aura, conflict: MergeLab, answers: list[bool]) -> None:
    before = conflict.whole()
    assert aura("merge", "topic", "--in-place", "--yes").code == 5
    answers += [False]
    assert aura("abort").code == 0
    assert conflict.repository.state().in_progress == "merge"
    answers += [True]
    assert "back" in aura("abort").out
    assert conflict.whole() == before
    assert aura("abort", "--yes", "--json").code == 5


@pytest.mark.requirement("G3")
def test_what_is_in_the_way_is_named(aura: Aura, shop: MergeLab) -> None:
    shop.part({"a.txt": LINES}, {"a.txt": line(1, "ours")}, {"n.txt": "n\n"})
    shop.lab.write({"n.txt": "mine\n"})
    ran = aura("merge", "topic")
    assert ran.code == 5
    assert "✗ n.txt is not tracked and would be overwritten" in ran.out
    assert "Nothing was changed" in ran.err
    shop.lab.git("checkout", "--quiet", "--orphan", "island")
    shop.lab.commit("alone")
    ran = aura("merge", "main")
    assert ran.code == 5
    assert "no commit in common" in ran.out


@pytest.mark.requirement("G3", "P10")
def test_a_rebase_is_shown_commit_by_commit(aura: Aura, conflict: MergeLab) -> None:
    conflict.lab.branch("mine", "main")
    conflict.lab.commit("more", {"m.txt": "m\n"})
    ran = aura("rebase", "topic")
    assert ran.code == 5
    lines = ran.out.splitlines()
    assert lines[0] == "mine onto topic  conflicts"
    assert lines[1].startswith("✗ ")
    assert lines[1].endswith("ours  conflicts")
    assert any(one.startswith("? ") and "comes after the conflict" in one for one in lines)
    assert aura("rebase", "topic", "--json", "--dry-run").json()["outcome"] == "conflicts"
    ran = aura("rebase", "topic", "--in-place", "--yes")
    assert (ran.code, "stopped at" in ran.out) == (5, True)
    ran = aura("skip")
    assert (ran.code, "the rebase is concluded" in ran.out) == (0, True)
    assert conflict.lab.log("-n2") == ["more", "theirs"]


@pytest.mark.requirement("G3")
def test_a_clean_rebase_shows_the_commits_before_and_afterwards(aura: Aura, shop: MergeLab) -> None:
    shop.part({"a.txt": LINES}, {"a.txt": line(1, "ours")}, {"a.txt": line(20, "theirs")})
    shop.lab.switch("topic")
    ran = aura("rebase", "main", "--update-refs", "--yes")
    assert ran.code == 0
    assert "✓" in ran.out
    assert "1:  " in ran.out
    assert "replayed topic onto main" in ran.out
    assert shop.lab.log() == ["theirs", "ours", "base"]
    assert aura("rebase", "main", "--json").json()["standing"] == "nothing"


@pytest.mark.requirement("G3", "P10")
def test_a_sync_is_a_table(aura: Aura, shop: MergeLab) -> None:
    shop.lab.commit("base", {"a.txt": LINES})
    assert "follows no branch" in aura("sync", "--no-fetch").out
    shop.lab.git("init", "--quiet", "--bare", "../origin.git")
    shop.lab.git("remote", "add", "origin", "../origin.git")
    shop.lab.git("push", "--quiet", "--set-upstream", "origin", "main")
    shop.lab.commit("more", {"a.txt": line(1, "more")})
    shop.lab.git("push", "--quiet")
    shop.lab.git("reset", "--quiet", "--keep", "HEAD~1")
    shop.lab.git("remote", "add", "gone", "../nowhere.git")
    shown = aura("sync", "--dry-run")
    assert "Nothing was moved" in shown.err
    ran = aura("sync", "--remote", "origin", "--remote", "gone")
    header, row, unreachable = ran.out.splitlines()[:3]
    assert header.split() == ["BRANCH", "WHAT", "COMMITS", "AT", "FOLLOWS"]
    assert row.split()[:4] == ["*", "main", "fast-forwarded", "+0"]
    assert unreachable.startswith("✗ gone did not answer: ")
    assert shop.lab.log("-n1") == ["more"]
    assert aura("sync", "--json").json()["fetched"] == ["origin"]


@pytest.mark.requirement("G3")
def test_a_sync_that_meets_a_conflict_ends_with_its_code(aura: Aura, shop: MergeLab) -> None:
    shop.lab.commit("base", {"a.txt": LINES})
    shop.lab.git("init", "--quiet", "--bare", "../origin.git")
    shop.lab.git("remote", "add", "origin", "../origin.git")
    shop.lab.commit("theirs", {"a.txt": line(1, "theirs")})
    shop.lab.git("push", "--quiet", "--set-upstream", "origin", "main")
    shop.lab.git("reset", "--quiet", "--keep", "HEAD~1")
    shop.lab.commit("ours", {"a.txt": line(1, "ours")})
    ran = aura("sync", "--merge")
    assert ran.code == 5
    assert "aura merge origin/main --in-place" in ran.out


@pytest.mark.requirement("G3")
def test_conflicts_of_plain_git_are_resolved(aura: Aura, conflict: MergeLab, answers: list[bool]) -> None:
    assert aura("resolve").out == "no file is in conflict\n"
    conflict.lab.git("merge", "topic", ok=1)
    shown = aura("resolve", "--dry-run")
    assert "2 files are in conflict" in shown.out
    answers += [True]
    ran = aura("resolve")
    assert ran.code == 5
    assert "1 of 2 files are resolved and staged; 1 wait" in ran.out
    assert aura("resolve", "nowhere").code == 4
    assert aura("resolve", "--json", "--dry-run").json()["left"] == ["a.txt"]
    ran = aura("resolve", "--driver", "install")
    assert "merge driver" in ran.out
    assert aura("abort", "--yes").code == 0


def test_warnings_and_recorded_resolutions_are_shown() -> None:
    answer: JsonObject = {
        "summary": "merged",
        "standing": "done",
        "recorded": ["a\u202eb.txt"],
        "warnings": [{"rule": "missing-name", "path": "c.py", "line": 3, "message": "total is gone"}],
    }
    assert [click_free(one) for one in merge_view.answer_lines(answer)] == [
        "merged",
        "a\\u202eb.txt  resolved as you did before (git rerere)",
        "! c.py:3  missing-name",
        "  total is gone",
    ]
    sim: JsonObject = {"outcome": "clean", "ref": "x", "into": "y", "tests": ["t.py"], "tests_unknown": "only 8 were"}
    assert [click_free(one) for one in merge_view.forecast_lines(sim)][-2:] == [
        "Tests that reach it: t.py",
        "Tests beyond these not known: only 8 were",
    ]


def click_free(text: str) -> str:
    """Text without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
