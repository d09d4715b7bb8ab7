"""Files are replaced as a whole, also across file systems, and what a kill leaves is removed."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from aura_git.safety import replacing
from aura_git.safety.core import SafetyCore
from aura_git.safety.locking import writing
from aura_git.safety.replacing import move_into_place, replace_file
from aura_shared.errors import RepositoryBusy
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G1")


@pytest.fixture
def other_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of Aura lies on another file system than the work tree."""
    replace = os.replace

    def across(source: os.PathLike[str], target: os.PathLike[str]) -> None:
        if "scratch" in Path(source).parts and "scratch" not in Path(target).parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link", os.fspath(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", across)


def names(folder: Path) -> list[str]:
    """What lies in a folder and below it."""
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def leftovers(lab: GitLab) -> list[str]:
    """What of Aura's own lies about."""
    return [*names(lab.root / ".git/aura/scratch"), *names(lab.root / ".git/aura/beside"), *beside(lab)]


def beside(lab: GitLab) -> list[str]:
    """Files of Aura's in the work tree."""
    return sorted(path.name for path in lab.root.glob(".aura-*"))


def test_a_file_is_replaced_with_its_mode(lab: GitLab) -> None:
    lab.write({"run.sh": "old\n"})
    with writing(lab.repository(), "test"):
        replace_file(lab.repository(), lab.root / "run.sh", b"new\n", mode=0o755)
    assert ((lab.root / "run.sh").read_bytes(), (lab.root / "run.sh").stat().st_mode & 0o777) == (b"new\n", 0o755)
    assert leftovers(lab) == []


@pytest.mark.usefixtures("other_file_system")
def test_across_file_systems_it_is_copied_beside_first(lab: GitLab) -> None:
    lab.write({"run.sh": "old\n"})
    replace_file(lab.repository(), lab.root / "run.sh", b"new\n", mode=0o700)
    assert ((lab.root / "run.sh").read_bytes(), (lab.root / "run.sh").stat().st_mode & 0o777) == (b"new\n", 0o700)
    ready = lab.root / ".git/aura/scratch/ready"
    ready.parent.mkdir(exist_ok=True)
    ready.symlink_to("nowhere")
    move_into_place(lab.repository(), ready, lab.root / "link")
    assert (lab.root / "link").readlink() == Path("nowhere")
    ready.unlink()
    assert leftovers(lab) == []


@pytest.mark.usefixtures("other_file_system")
def test_what_was_there_stays_when_it_cannot_be_written(lab: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write({"a.txt": "old\n"})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(lab.repository(), lab.root / "a.txt", b"new\n", mode=0o644)
    assert (lab.root / "a.txt").read_text() == "old\n"
    assert leftovers(lab) == []


@pytest.mark.usefixtures("other_file_system")
def test_the_next_start_removes_what_a_kill_left(
    lab: GitLab, core: SafetyCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beside a file is known by a note; a file that only looks like it stays."""
    lab.commit("feat: first", {"a.txt": "old\n"})
    lab.write({".aura-0011223344556677": "of somebody else\n"})

    child = os.fork()
    if not child:
        monkeypatch.setattr(replacing, "_sync", lambda _: os._exit(9))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        replace_file(lab.repository(), lab.root / "a.txt", b"new\n", mode=0o644)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (lab.root / "a.txt").read_text() == "old\n"
    assert len(beside(lab)) == 2
    (lab.root / ".git/aura/beside/.aura-half").write_bytes(os.fsencode(lab.root))  # it died while it wrote the note
    (lab.root / ".git/aura/operations").mkdir(exist_ok=True)
    (lab.root / ".git/aura/operations/.1k147zf7b7n.json.abc").write_text("{")
    core.recover(lab.repository())
    assert leftovers(lab) == [".aura-0011223344556677"]
    assert names(lab.root / ".git/aura/operations") == []
    assert lab.root.is_dir()


def test_one_writer_at_a_time(lab: GitLab) -> None:
    repository = lab.repository()
    with writing(repository, "hooks install"):
        other = writing(repository, "x", wait_s=0)
        with pytest.raises(RepositoryBusy, match="`hooks install` of process"):
            other.__enter__()
    with writing(repository, "x", wait_s=0):
        assert leftovers(lab) == []
