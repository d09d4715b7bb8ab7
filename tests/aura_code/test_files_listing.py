"""Which files of a project are listed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from aura_code.files import list_files
from aura_code.ignores import IgnoreRules


@pytest.fixture(autouse=True)
def own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git reads no settings but those of the test."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(root: Path, *paths: str, text: str = "x\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, timeout=30)


def listed(root: Path, *extra: str) -> list[str]:
    return [file.path for file in list_files(root, IgnoreRules.load(root, extra)).files]


TREE = ("a.py", "b.log", "keep.log", "sub/c.log", "sub/d.py", "sub/deep/e.tmp", "build/f.py", "node_modules/g.js")


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("in_git", [True, False])
def test_ignore_rules_hold_with_nesting_and_negation(root: Path, in_git: bool) -> None:
    write(root, *TREE, ".venv/h.py", "env/pyvenv.cfg", "env/i.py", "own/j.py", "cache/CACHEDIR.TAG", "cache/k.py")
    write(root, ".gitignore", text="*.log\n!keep.log\n/build/\n")
    write(root, "sub/.gitignore", text="!c.log\n*.tmp\n")
    write(root, ".auraignore", text="own/\n")
    if in_git:
        git(root, "init", "-q")
    assert listed(root) == [".auraignore", ".gitignore", "a.py", "keep.log", "sub/.gitignore", "sub/c.log", "sub/d.py"]
    assert listed(root, "*.py") == [".auraignore", ".gitignore", "keep.log", "sub/.gitignore", "sub/c.log"]


@pytest.mark.requirement("C1")
def test_global_and_private_excludes_of_git_hold(root: Path, tmp_path: Path) -> None:
    write(root, "a.py", "b.swp", "c.private", "d.own")
    git(root, "init", "-q")
    write(root, ".git/info/exclude", text="*.private\n")
    write(tmp_path, "xdg/git/ignore", text="*.swp\n")
    assert listed(root) == ["a.py", "d.own"]
    rules = IgnoreRules.load(root)
    assert [rules.ignored(path, False) for path in ("a.py", "b.swp", "c.private")] == [False, True, True]
    write(tmp_path, "excludes", text="*.own\n")
    write(tmp_path, "gitconfig", text=f"[core]\n  excludesFile = {tmp_path}/excludes\n")
    assert listed(root) == ["a.py", "b.swp"]


def test_a_tracked_file_is_listed_whatever_the_rules_say(root: Path) -> None:
    write(root, "out/a.py", "out/b.py")
    git(root, "init", "-q")
    git(root, "add", "-f", "out/a.py")
    write(root, ".gitignore", text="out/\n")
    assert listed(root) == [".gitignore", "out/a.py"]
    rules = IgnoreRules.load(root)
    assert not rules.ignored("out/a.py", False)
    assert rules.ignored("out/b.py", False)


def test_a_folder_inside_a_work_tree_is_a_project_of_its_own(root: Path) -> None:
    write(root, "sub/a.py", "sub/b.log", "other/c.py", "ignored/d.py")
    write(root, ".gitignore", text="*.log\nignored/\n")
    git(root, "init", "-q")
    assert listed(root / "sub") == ["a.py"]
    assert IgnoreRules.load(root / "sub").ignored("b.log", False)
    assert listed(root / "ignored") == ["d.py"]


def test_a_repository_without_commits_and_a_bare_one_are_listed(root: Path) -> None:
    git(root, "init", "-q")
    assert listed(root) == []
    write(root, "a.py")
    assert listed(root) == ["a.py"]
    git(root, "add", "a.py")
    (root / "a.py").unlink()
    assert listed(root) == []
    bare = root / "bare"
    bare.mkdir()
    git(bare, "init", "-q", "--bare")
    assert "HEAD" in listed(bare)


@pytest.mark.parametrize("in_git", [True, False])
def test_a_submodule_and_a_nested_repository_are_reported(root: Path, tmp_path: Path, in_git: bool) -> None:
    other = tmp_path / "other"
    write(other, "lib.py")
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-qm", "feat: x")
    write(root, "a.py")
    if in_git:
        git(root, "init", "-q")
        git(root, "submodule", "add", "-q", str(other), "module")
    else:
        shutil.copytree(other, root / "module")
    shutil.copytree(other, root / "nested")
    listing = list_files(root)
    assert "a.py" in [file.path for file in listing.files]
    assert not [file.path for file in listing.files if file.path.endswith("lib.py")]
    assert sorted(listing.skipped["submodule"]) == ["module", "nested"]


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("in_git", [True, False])
def test_links_loops_and_names_that_are_not_utf8_do_no_harm(root: Path, tmp_path: Path, in_git: bool) -> None:
    write(root, "sub/a.py")
    write(tmp_path, "outside/secret.py")
    (root / "loop").symlink_to(root)
    (root / "sub/up").symlink_to("..")
    (root / "inside.py").symlink_to("sub/a.py")
    (root / "away.py").symlink_to(tmp_path / "outside/secret.py")
    (root / "dangling").symlink_to("nowhere")
    (root / os.fsdecode(b"caf\xe9.py")).touch()
    os.mkfifo(root / "pipe")
    if in_git:
        git(root, "init", "-q")
    listing = list_files(root)
    assert [file.path for file in listing.files] == ["sub/a.py"]
    assert {reason: sorted(paths) for reason, paths in listing.skipped.items()} == {
        "link": ["away.py", "dangling"],
        "not-utf8-name": ["caf\\xe9.py"],
    }


def test_size_and_time_are_those_of_the_disk(root: Path) -> None:
    write(root, "a.py", text="abc")
    os.utime(root / "a.py", ns=(1, 5_000))
    assert list_files(root).files == [("a.py", 3, 5_000)]


def test_a_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_files(tmp_path / "missing")
    write(tmp_path, "file")
    with pytest.raises(NotADirectoryError):
        list_files(tmp_path / "file")


def test_a_repository_cannot_run_anything_nor_lead_elsewhere(root: Path, tmp_path: Path) -> None:
    git(root, "init", "-q")
    write(root, "a.py")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(hook))
    assert listed(root) == ["a.py"]
    assert not (tmp_path / "ran").exists()
    write(tmp_path, "elsewhere/b.py")
    git(root, "config", "core.worktree", str(tmp_path / "elsewhere"))
    assert listed(root) == ["a.py"]


def test_without_git_the_folder_is_walked(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    git(root, "init", "-q")
    write(root, "a.py", "b.log")
    write(root, ".gitignore", text="*.log\n")
    rules = IgnoreRules.load(root)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [file.path for file in list_files(root, rules).files] == [".gitignore", "a.py"]
    assert IgnoreRules.load(root).repository is None


def test_rules_are_read_again_on_reload(root: Path) -> None:
    write(root, "a/b.py")
    rules = IgnoreRules.load(root)
    assert not rules.ignored("a/b.py", False)
    write(root, ".gitignore", text="a/\n\\\n!\n")
    rules.reload()
    assert rules.ignored("a/b.py", False)
    assert rules.ignored("a", True)
    assert not rules.ignored("", True)
