"""What git says of files: churn, blame, changes; and that a repository cannot make it run programs."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aura_code.history import (
    WHOLE_FILE,
    Blamed,
    Churn,
    LineRange,
    blame_lines,
    changes_since,
    hotspots,
    read_history,
)

Git = Callable[..., None]
DAY = 86_400


@pytest.fixture
def git(tmp_path: Path, aura_home: Path) -> Git:
    def run(*arguments: str, days_ago: int = 0, author: str = "Ada") -> None:
        at = f"{int(time.time()) - days_ago * DAY} +0000"
        environment = {**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        identity = ["-c", f"user.name={author}", "-c", f"user.email={author}@localhost"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True)

    run("init", "--quiet", "--initial-branch=main")
    return run


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def commit(git: Git, message: str = "change", *, days_ago: int = 0, author: str = "Ada") -> None:
    git("add", "-A")
    git("commit", "-qm", message, days_ago=days_ago, author=author)


@pytest.mark.requirement("C2")
def test_churn_counts_commits_lines_and_authors_across_a_rename(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "old.py", "".join(f"line = {number}\n" for number in range(20)))
    commit(git, days_ago=40)
    write(tmp_path, "old.py", "".join(f"line = {number}\n" for number in range(21)))
    commit(git, days_ago=20, author="Bob")
    (tmp_path / "pkg").mkdir()
    git("mv", "old.py", "pkg/new name.py")
    commit(git, days_ago=5)
    history = read_history(tmp_path)
    churn = history.files["pkg/new name.py"]
    assert (history.commits, list(history.files), history.complete) == (3, ["pkg/new name.py"], True)
    assert (churn.commits, churn.lines, churn.authors) == (3, 21, Counter({"Ada": 2, "Bob": 1}))
    assert sum(churn.months.values()) == 3
    assert abs(churn.last_at - (time.time() - 5 * DAY)) < DAY


def test_a_commit_before_the_window_does_not_count(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "part/a.py", "a\n")
    commit(git, days_ago=1500)
    write(tmp_path, "b.py", "a\n")
    commit(git, days_ago=1000)
    assert list(read_history(tmp_path).files) == ["b.py"]
    assert read_history(tmp_path, days=1000).commits == 2
    part = read_history(tmp_path / "part")
    assert (part.commits, part.files) == (0, {})
    assert "no commit within the window" in part.reason


def test_a_history_is_read_again_after_a_commit_only(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "a.py", "a\n")
    commit(git)
    first = read_history(tmp_path)
    assert read_history(tmp_path) is first
    write(tmp_path, "a.py", "b\n")
    commit(git, author="Bob")
    git("mv", "a.py", "b.py")
    commit(git)
    history = read_history(tmp_path)
    assert (history.commits, list(history.files)) == (3, ["b.py"])
    assert history.files["b.py"] == Churn(
        commits=3,
        added=2,
        deleted=1,
        authors=Counter({"Ada": 2, "Bob": 1}),
        last_at=history.files["b.py"].last_at,
        months=history.files["b.py"].months,
    )
    assert first.files["a.py"].commits == 1
    git("reset", "-q", "--hard", "HEAD~2")
    write(tmp_path, "c.py", "c\n")
    commit(git)
    assert sorted(read_history(tmp_path).files) == ["a.py", "c.py"]


def test_a_part_of_a_repository_has_its_own_paths(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "part/a.py", "a\n")
    write(tmp_path, "other.py", "a\n")
    commit(git)
    write(tmp_path, "part/a.py", "b\n")
    write(tmp_path, "other.py", "b\n")
    assert list(read_history(tmp_path / "part").files) == ["a.py"]
    assert changes_since(tmp_path / "part").files == {"a.py": (LineRange(1, 1),)}


def test_a_shallow_clone_does_not_count_its_cut_and_says_so(tmp_path: Path, git: Git) -> None:
    for text in ("a\n", "b\n", "c\n"):
        write(tmp_path, "a.py", text)
        commit(git)
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth=2", tmp_path.as_uri(), str(clone))
    history = read_history(clone)
    assert (history.commits, history.shallow) == (1, True)
    assert "--unshallow" in history.reason


def test_no_repository_and_no_commit_give_a_reason(tmp_path: Path, aura_home: Path) -> None:
    assert read_history(tmp_path).reason == "the folder is not in a git repository"
    assert changes_since(tmp_path).reason == "the folder is not in a git repository"
    assert "gone" in read_history(tmp_path / "nowhere").reason
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert read_history(tmp_path).reason == "the repository has no commit yet"


def test_no_git_gives_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_history(tmp_path).reason == "git is not installed"
    assert blame_lines(tmp_path, {"a.py": [1]}) == {}


def test_what_git_says_until_the_bound_is_used(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "a.py", "a\n")
    commit(git)
    history = read_history(tmp_path, timeout_s=1e-6)
    assert history.complete is False
    assert "longer than" in history.reason


def test_hotspots_rank_what_is_both_complex_and_busy(tmp_path: Path) -> None:
    churn = {
        "both.py": Churn(commits=50, added=9),
        "busy.py": Churn(commits=50),
        "complex.py": Churn(commits=1),
        "gone.py": Churn(commits=90),
    }
    found = hotspots(churn, {"both.py": 80, "busy.py": 2, "complex.py": 80, "calm.py": 80}, limit=2)
    assert [(spot.path, spot.score, spot.lines) for spot in found] == [("both.py", 1.0, 9), ("busy.py", 0.25, 0)]
    assert hotspots({}, {"a.py": 3}) == []


def test_blame_tells_age_and_author_of_the_asked_lines_only(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "a.py", "one\ntwo\nthree\n")
    commit(git, "feat: first", days_ago=30)
    write(tmp_path, "a.py", "one\nTWO\nthree\n")
    commit(git, "fix: second", days_ago=10, author="Bob")
    write(tmp_path, "a.py", "one\nTWO\nTHREE\n")
    found = blame_lines(tmp_path, {"a.py": [3, 2], "missing.py": [1]})
    assert list(found) == ["a.py"]
    assert sorted(found["a.py"]) == [2, 3]
    assert (found["a.py"][2].author, found["a.py"][2].summary) == ("Bob", "fix: second")
    assert abs(found["a.py"][2].at - (time.time() - 10 * DAY)) < DAY
    assert found["a.py"][3] == Blamed("", 0, "")
    assert blame_lines(tmp_path, {"a.py": [1]}, timeout_s=0) == {}


@pytest.mark.requirement("C4")
def test_changes_hold_the_lines_of_a_branch_the_work_tree_and_new_files(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "a.py", "1\n2\n3\n4\n5\n")
    write(tmp_path, "deleted.py", "1\n")
    write(tmp_path, "shrunk.py", "1\n2\n3\n")
    commit(git)
    git("checkout", "-qb", "topic")
    write(tmp_path, "a.py", "1\nTWO\n3\n4\n5\n")
    commit(git)
    git("checkout", "-q", "main")
    write(tmp_path, "only_on_main.py", "1\n")
    commit(git)
    git("checkout", "-q", "topic")
    write(tmp_path, "a.py", "1\nTWO\n3\n4\n++ 5\n++ 6\n@@ -1 +9 @@\n")
    write(tmp_path, "shrunk.py", "1\n3\n")
    write(tmp_path, 'ne"w\tä.py', "x\n")
    (tmp_path / "deleted.py").unlink()
    since = changes_since(tmp_path, "main")
    assert since.files == {
        "a.py": (LineRange(2, 2), LineRange(5, 7)),
        "shrunk.py": (LineRange(1, 1),),
        'ne"w\tä.py': (WHOLE_FILE,),
    }
    assert since.touches("a.py", 3, 5)
    assert not since.touches("a.py", 3, 4)
    assert not since.touches("b.py", 1, 9)
    assert changes_since(tmp_path).files["a.py"] == (LineRange(5, 7),)
    git("add", "-A")
    assert changes_since(tmp_path).files['ne"w\tä.py'] == (LineRange(1, 1),)


@pytest.mark.parametrize("ref", ["nowhere", "--output=stolen"], ids=["unknown", "an option"])
def test_a_revision_that_is_none_gives_a_reason(tmp_path: Path, git: Git, ref: str) -> None:
    write(tmp_path, "a.py", "1\n")
    commit(git)
    assert ref in changes_since(tmp_path, ref).reason
    assert not (tmp_path / "stolen").exists()
    assert changes_since(tmp_path).reason == "nothing differs from HEAD"


def test_a_repository_cannot_make_git_run_programs(tmp_path: Path, git: Git) -> None:
    write(tmp_path, "a.py", "1\n")
    write(tmp_path, ".gitattributes", "*.py filter=evil diff=evil\n")
    commit(git)
    witness = tmp_path / "ran"
    program = tmp_path / "program.sh"
    program.write_text(f'#!/bin/sh\necho "$0" >> {witness}\ncat\n', encoding="utf-8")
    program.chmod(0o755)
    for key in (
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
    ):
        git("config", key, str(program))
    git("config", "filter.evil.required", "true")
    git("config", "log.showSignature", "true")
    write(tmp_path, "a.py", "2\n")
    assert changes_since(tmp_path).files["a.py"] == (LineRange(1, 1),)
    assert blame_lines(tmp_path, {"a.py": [1]}) == {"a.py": {1: Blamed("", 0, "")}}
    assert read_history(tmp_path).commits == 1
    assert not witness.exists()
