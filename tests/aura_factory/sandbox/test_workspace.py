"""Copies hold what was named and nothing else; results are taken back as plain files only."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from aura_factory.sandbox import trees, workspace
from aura_factory.sandbox.contract import Policy
from aura_factory.sandbox.running import ConfinedRunner
from aura_factory.sandbox.trees import bytes_below, remove_tree
from aura_factory.sandbox.workspace import collect, copy_workspace, run_folder, sweep
from aura_shared.errors import Conflict, DiskFull, StorageError, TooLarge, UnsafePath


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with links, a hook, an environment and a big file."""
    root = tmp_path / "project"
    for name, text in {
        "app.py": "x = 1\n",
        "bin/run": "#!/bin/sh\necho ran\n",
        "pkg/sub/deep.py": "y = 2\n",
        ".git/hooks/pre-commit": "#!/bin/sh\n",
        ".git/config": "[core]\n",
        "node_modules/left/index.js": "1\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\n",
        "pkg/node_modules/right/index.js": "2\n",
        "env/settings.py": "not an environment\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "bin/run").chmod(0o755)
    (root / "big.bin").write_bytes(os.urandom(1_000_003))
    (tmp_path / "outside.txt").write_text("secret", encoding="utf-8")
    (root / "inside").symlink_to("pkg/sub/deep.py")
    (root / "pkg/up").symlink_to("../app.py")
    (root / "out").symlink_to("../outside.txt")
    (root / "absolute").symlink_to(tmp_path / "outside.txt")
    (root / "hooks").symlink_to(".git/hooks")
    (root / "folder").symlink_to("pkg")
    os.mkfifo(root / "pipe")
    return root


def test_named_files_are_copied_with_mode_and_time(project: Path, scratch: Path) -> None:
    os.utime(project / "app.py", ns=(10**18, 10**18))
    names = ["app.py", "bin/run", "pkg/sub/deep.py", "big.bin", "app.py"]
    copy = copy_workspace(project, names, scratch / "copy")
    assert (copy.files, copy.size, copy.skipped) == (4, 6 + 19 + 6 + 1_000_003, ())
    assert (copy.root / "big.bin").read_bytes() == (project / "big.bin").read_bytes()
    assert (copy.root / "bin/run").stat().st_mode & stat.S_IXUSR
    assert (copy.root / "app.py").stat().st_mtime_ns == 10**18
    assert sorted(path.name for path in copy.root.iterdir()) == [
        ".venv",
        "app.py",
        "big.bin",
        "bin",
        "node_modules",
        "pkg",
    ]


@pytest.mark.requirement("F7")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        (".git/config", "belongs to git"),
        (".GIT/hooks/pre-commit", "belongs to git"),
        ("hooks", "leads out of the project"),
        ("out", "leads out of the project"),
        ("absolute", "leads out of the project"),
        ("folder/sub/deep.py", "below a link"),
        ("pipe", "not a regular file"),
        ("pkg", "not a regular file"),
        ("gone.py", "gone"),
        ("nowhere/gone.py", "gone"),
        ("app.py/x", "below a link, or below something that is no folder"),
        ("../outside.txt", "not a path below the project"),
        ("/etc/passwd", "not a path below the project"),
        ("pkg//sub", "not a path below the project"),
        ("", "not a path below the project"),
        ("a\0b", "not a path below the project"),
    ],
)
def test_what_does_not_belong_into_a_copy_is_left_out_and_told(
    project: Path, scratch: Path, name: str, why: str
) -> None:
    copy = copy_workspace(project, [name, "app.py"], scratch / "copy")
    assert copy.files == 1
    assert [path for path, _ in copy.skipped] == [name]
    assert why in copy.skipped[0][1]
    assert (copy.root / "app.py").read_text(encoding="utf-8") == "x = 1\n"


def test_links_that_stay_in_the_project_are_made_again(project: Path, scratch: Path) -> None:
    copy = copy_workspace(project, ["inside", "pkg/up", "app.py", "pkg/sub/deep.py"], scratch / "copy")
    assert (copy.root / "inside").readlink() == Path("pkg/sub/deep.py")
    assert (copy.root / "pkg/up").read_text(encoding="utf-8") == "x = 1\n"
    assert copy.skipped == ()


def test_environments_are_shown_and_not_copied(project: Path, scratch: Path) -> None:
    copy = copy_workspace(project, ["app.py", "pkg/sub/deep.py"], scratch / "copy")
    assert copy.mounts == {copy.root / name: project / name for name in (".venv", "node_modules", "pkg/node_modules")}
    assert all(list(place.iterdir()) == [] for place in copy.mounts)


async def test_shown_environments_can_be_read_and_not_written(
    runner: ConfinedRunner, scratch: Path, project: Path
) -> None:
    for folder in (project, *project.parents):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o011)  # Landlock shows folders where they are.
    copy = copy_workspace(project, ["app.py"], scratch / "copy")
    script = "cat node_modules/left/index.js; echo 3 > node_modules/left/index.js; echo 3 > node_modules/new"
    for _ in range(2):
        outcome = await runner.run(["sh", "-c", script], Policy(copy.root, mounts=copy.mounts))
        assert outcome.stdout == b"1\n", outcome
    assert [path.name for path in (project / "node_modules").iterdir()] == ["left"]
    assert (project / "node_modules/left/index.js").read_text(encoding="utf-8") == "1\n"


def test_a_copy_needs_a_folder_of_its_own(project: Path, scratch: Path) -> None:
    (scratch / "copy").mkdir()
    with pytest.raises(Conflict, match="exists already"):
        copy_workspace(project, ["app.py"], scratch / "copy")


@pytest.mark.parametrize(("code", "kind"), [(errno.ENOSPC, DiskFull), (errno.EIO, StorageError)])
def test_a_copy_that_fails_leaves_nothing(
    project: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, code: int, kind: type[Exception]
) -> None:
    def fails(reading: int, writing: int, size: int) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(workspace, "_copy_content", fails)
    with pytest.raises(kind, match="cannot be written"):
        copy_workspace(project, ["app.py"], scratch / "copy")
    assert not (scratch / "copy").exists()


def test_a_copy_that_is_interrupted_leaves_nothing(
    project: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(reading: int, writing: int, size: int) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace, "_copy_content", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copy_workspace(project, ["app.py"], scratch / "copy")
    assert not (scratch / "copy").exists()


async def test_results_come_back_by_name(runner: ConfinedRunner, scratch: Path, project: Path) -> None:
    copy = copy_workspace(project, ["app.py"], scratch / "copy")
    await runner.run(["sh", "-c", "mkdir out; echo 1 > out/report; echo 2 > other"], Policy(copy.root))
    assert collect(copy, ["out/report", "missing", "no/way"]) == {"out/report": b"1\n"}


@pytest.mark.requirement("F7")
@pytest.mark.parametrize(
    ("trap", "words"),
    [
        ("ln -s /etc/passwd result", "no file that can be taken back"),
        ("rm result; ln -s app.py result", "no file that can be taken back"),
        ("mkfifo result", "not a regular file"),
        ("mkdir result", "not a regular file"),
        ("ln app.py result", "second name"),
    ],
)
async def test_traps_in_the_place_of_results_are_refused(
    runner: ConfinedRunner, scratch: Path, project: Path, trap: str, words: str
) -> None:
    copy = copy_workspace(project, ["app.py"], scratch / "copy")
    outcome = await runner.run(["sh", "-c", trap], Policy(copy.root))
    assert outcome.ended == "exit"
    with pytest.raises(UnsafePath, match=words):
        collect(copy, ["result"])


@pytest.mark.parametrize("name", ["../neighbour", "/etc/passwd", "link/passwd", ".git/config", "a\0", "x//y"])
def test_names_of_results_lead_nowhere_else(project: Path, scratch: Path, name: str) -> None:
    copy = copy_workspace(project, ["app.py"], scratch / "copy")
    (copy.root / "link").symlink_to("/etc")
    with pytest.raises(UnsafePath):
        collect(copy, [name])


def test_results_have_a_bound(project: Path, scratch: Path) -> None:
    copy = copy_workspace(project, ["app.py", "big.bin"], scratch / "copy")
    with pytest.raises(TooLarge, match="1,000,003 bytes; at most 1,000"):
        collect(copy, ["app.py", "big.bin"], max_bytes=1000)


def test_the_folder_of_a_run_goes_with_it(scratch: Path) -> None:
    with run_folder(scratch / "runs") as folder:
        (folder / "x").write_text("1", encoding="utf-8")
        assert folder.parent == scratch / "runs"
    assert list((scratch / "runs").iterdir()) == []


def test_what_a_killed_run_left_is_swept_at_the_start_and_nothing_else(scratch: Path) -> None:
    assert sweep(scratch / "never-there") == 0
    left = scratch / "run-killed"
    (left / "workspace" / "closed").mkdir(parents=True)
    (left / "workspace" / "closed" / "file").write_text("1", encoding="utf-8")
    (left / "workspace" / "link").symlink_to(scratch)
    (left / "workspace" / "closed").chmod(0)
    (scratch / "run-file").write_text("1", encoding="utf-8")
    (scratch / "kept").mkdir()
    assert sweep(scratch) == 2
    assert [path.name for path in scratch.iterdir()] == ["kept"]


def test_folders_deeper_than_any_path_are_removed_and_count_as_too_much(scratch: Path) -> None:
    deep = scratch / "deep"
    deep.mkdir()
    here = Path.cwd()
    try:
        os.chdir(deep)
        for _ in range(1500):
            Path("dddddddd").mkdir()
            os.chdir("dddddddd")
    finally:
        os.chdir(here)
    assert bytes_below([deep]) > 10**15
    remove_tree(deep)
    assert not deep.exists()
    remove_tree(deep)


def test_files_are_copied_the_slow_way_where_the_kernel_does_not_share_or_copy(
    project: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> int:
        raise OSError(errno.EXDEV, "no")

    monkeypatch.setattr(workspace.os, "copy_file_range", refuses)
    copy = copy_workspace(project, ["big.bin"], scratch / "copy")
    assert (copy.root / "big.bin").read_bytes() == (project / "big.bin").read_bytes()


def test_a_removal_follows_no_link(scratch: Path) -> None:
    (scratch / "kept").mkdir()
    (scratch / "kept" / "file").write_text("1", encoding="utf-8")
    (scratch / "tree" / "sub").mkdir(parents=True)
    (scratch / "tree" / "sub" / "link").symlink_to(scratch / "kept")
    (scratch / "link").symlink_to(scratch / "kept")
    trees.remove_tree(scratch / "tree")
    trees.remove_tree(scratch / "link")
    assert [path.name for path in scratch.rglob("*")] == ["kept", "file"]
