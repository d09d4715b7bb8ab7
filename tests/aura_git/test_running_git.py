"""git as it is run, and the state of a repository as it is read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aura_git.repository import open_repository
from aura_git.running import Git
from aura_shared.errors import GitError, NoRepository, RepositoryBusy, Unavailable, UnknownRef
from git_lab import GitLab, make_lab

pytestmark = pytest.mark.requirement("G3")


def test_output_comes_as_text_lines_and_items(lab: GitLab) -> None:
    lab.commit("feat: two", {"a b.txt": "1\n", "ü.txt": "2\n"})
    git = Git(lab.root)
    assert git.text("branch", "--show-current") == "main"
    assert git.read("ls-files").lines == ["a b.txt", "ü.txt"]
    assert git.read("ls-files", "-z").items == ["a b.txt", "ü.txt"]
    assert git.read("stash", "list").lines == []


def test_what_git_says_is_in_the_error(lab: GitLab) -> None:
    with pytest.raises(GitError, match="pathspec 'nothing' did not match"):
        Git(lab.root).write("add", "--", "nothing")


def test_a_name_never_becomes_an_option(lab: GitLab, tmp_path: Path) -> None:
    lab.commit("feat: one", {"a": "1\n"})
    git = Git(lab.root)
    assert git.find_commit("--output=x") is None
    with pytest.raises(UnknownRef, match="'--all' is no branch"):
        git.commit_of("--all")
    assert not (lab.root / "x").exists()


def test_a_lock_of_another_program_is_named(lab: GitLab) -> None:
    lab.commit("feat: one", {"a": "1\n"})
    lab.write({"b": "2\n", ".git/index.lock": ""})
    with pytest.raises(RepositoryBusy, match=r"index\.lock"):
        Git(lab.root).write("add", "--", "b")


def test_a_hook_that_hangs_is_ended_with_its_children(lab: GitLab) -> None:
    lab.commit("feat: one", {"a": "1\n"})
    hook = lab.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nsleep 60 & echo $! > child\nwait\n")
    hook.chmod(0o755)
    with pytest.raises(Unavailable, match="did not end within 1 s"):
        Git(lab.root, timeout_s=1).write("commit", "--allow-empty", "-m", "x")
    child = int((lab.root / "child").read_text())
    end = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < end
    assert not (lab.root / ".git/index.lock").exists()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_variables_of_a_hook_do_not_lead_elsewhere(
    lab: GitLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.commit("feat: one", {"a": "1\n"})
    other = make_lab(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    assert open_repository(lab.root).git.text("ls-files") == "a"


def test_a_folder_without_a_repository_is_said_so(tmp_path: Path, git_settings: Path) -> None:
    with pytest.raises(NoRepository, match="is not in a git repository"):
        open_repository(tmp_path)
    with pytest.raises(Unavailable, match="is not there"):
        open_repository(tmp_path / "nowhere")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_is_not_trusted(lab: GitLab) -> None:
    for folder, _, files in os.walk(lab.root):
        for name in [".", *files]:
            os.lchown(Path(folder) / name, 12345, 12345)
    with pytest.raises(NoRepository, match="another user owns it"):
        open_repository(lab.root)


def test_the_state_of_a_repository(lab: GitLab) -> None:
    assert lab.repository().state().unborn
    lab.commit("feat: one", {"a": "1\n", "b": "1\n", "c": "1\n"})
    lab.write({"a": "2\n", "b": "2\n", "new": "3\n"})
    lab.git("add", "b")
    lab.git("mv", "c", "d")
    state = lab.repository().state()
    assert (state.branch, state.head, state.clean) == ("main", lab.head(), False)
    assert (state.staged, state.unstaged, state.untracked) == (2, 1, 1)
    assert (state.in_progress, state.linked, state.shallow, state.sparse, state.bare) == (
        "",
        False,
        False,
        False,
        False,
    )


def test_a_conflict_and_a_detached_head_are_seen(lab: GitLab) -> None:
    lab.commit("feat: one", {"a b": "1\n"})
    lab.branch("other")
    lab.commit("feat: theirs", {"a b": "2\n"})
    lab.switch("main")
    lab.commit("feat: ours", {"a b": "3\n"})
    lab.git("merge", "other", ok=1)
    state = lab.repository().state()
    assert (state.in_progress, state.unmerged, state.clean) == ("merge", ("a b",), False)
    lab.git("merge", "--abort")
    lab.git("switch", "--quiet", "--detach", "HEAD~1")
    assert lab.repository().state().detached
    lab.git("rebase", "main", "other", ok=1)
    assert lab.repository().state().in_progress == "rebase"


def test_linked_bare_shallow_and_following(lab: GitLab, tmp_path: Path) -> None:
    for number in range(3):
        lab.commit(f"feat: {number}", {"a": f"{number}\n"})
    lab.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    linked = open_repository(tmp_path / "side")
    assert linked.state().linked
    assert linked.common_dir == lab.root / ".git"
    bare = make_lab(tmp_path / "bare", bare=True)
    assert bare.repository().state().bare
    lab.git("clone", "--quiet", "--depth=1", f"file://{lab.root}", str(tmp_path / "copy"))
    copy = GitLab(tmp_path / "copy")
    copy.commit("feat: more", {"b": "1\n"})
    state = copy.repository().state()
    assert (state.shallow, state.upstream, state.ahead, state.behind) == (True, "origin/main", 1, 0)
    copy.git("update-ref", "-d", "refs/remotes/origin/main")
    assert copy.repository().state().upstream_gone


def test_a_project_may_be_a_part_of_a_repository(lab: GitLab) -> None:
    lab.commit("feat: one", {"part/sub/a": "1\n"})
    repository = open_repository(lab.root / "part/sub")
    assert (repository.root, repository.prefix) == (lab.root, "part/sub/")
