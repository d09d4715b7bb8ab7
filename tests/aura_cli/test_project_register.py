"""The register of projects: one file that several processes change."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aura_shared import projects as register
from aura_shared.errors import Conflict, DiskFull, NotFound, StorageError, UnknownProject, UsageProblem
from aura_shared.projects import ProjectRegistry, project_id, replace_file


@pytest.fixture
def registry(tmp_path: Path) -> ProjectRegistry:
    return ProjectRegistry(tmp_path / "data" / "projects.json")


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_a_register_that_was_never_written_is_empty(registry: ProjectRegistry) -> None:
    assert registry.list() == []
    assert registry.notice == ""


@pytest.mark.requirement("P8", "P10")
def test_a_folder_is_registered_once(registry: ProjectRegistry, tmp_path: Path) -> None:
    root = folder(tmp_path, "My App")
    first, added = registry.add(root)
    again, added_again = registry.add(tmp_path / "My App" / ".." / "My App")
    assert (added, added_again) == (True, False)
    assert first == again
    assert first.id == project_id(root)
    assert first.id.startswith("my-app-")
    assert (first.name, first.root) == ("My App", str(root))
    assert ProjectRegistry(tmp_path / "data" / "projects.json").list() == [first]


def test_the_register_is_private_and_readable(registry: ProjectRegistry, tmp_path: Path) -> None:
    registry.add(folder(tmp_path, "a"))
    file = tmp_path / "data" / "projects.json"
    assert file.stat().st_mode & 0o777 == 0o600
    document = json.loads(file.read_text())
    assert document["version"] == 1
    assert set(document["projects"][0]) == {"id", "name", "root", "added_at"}


def test_a_link_to_a_folder_is_the_same_project(registry: ProjectRegistry, tmp_path: Path) -> None:
    real, _ = registry.add(folder(tmp_path, "real"))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert registry.add(tmp_path / "link") == (real, False)
    assert registry.find(str(tmp_path / "link")) == real


def test_a_name_without_letters_still_gets_an_identifier(tmp_path: Path) -> None:
    assert project_id(tmp_path / "日本").startswith("project-")


@pytest.mark.parametrize(("what", "kind"), [("nothing", NotFound), ("file", UsageProblem), ("loop", NotFound)])
def test_what_is_no_folder_is_refused(
    registry: ProjectRegistry, tmp_path: Path, what: str, kind: type[Exception]
) -> None:
    thing = tmp_path / "thing"
    if what == "file":
        thing.write_text("x")
    elif what == "loop":
        thing.symlink_to(thing)
    with pytest.raises(kind):
        registry.add(thing)
    assert registry.list() == []


def test_a_path_that_is_not_utf8_is_refused(registry: ProjectRegistry, tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    Path(name).mkdir()
    with pytest.raises(UsageProblem, match="not UTF-8"):
        registry.add(Path(name))


def test_a_project_is_found_by_identifier_name_and_any_path_inside(registry: ProjectRegistry, tmp_path: Path) -> None:
    outer, _ = registry.add(folder(tmp_path, "outer"))
    inner, _ = registry.add(folder(tmp_path, "outer/inner"))
    assert registry.find(outer.id) == outer
    assert registry.find("inner") == inner
    assert registry.find(str(tmp_path / "outer" / "src" / "new.py")) == outer
    assert registry.find(str(tmp_path / "outer" / "inner" / "x.py")) == inner
    assert registry.containing(tmp_path / "outer" / "inner") == inner
    assert registry.containing(tmp_path) is None
    assert registry.overlapping(outer) == [inner]
    assert registry.overlapping(inner) == [outer]


def test_a_folder_beside_with_a_longer_name_is_not_inside(registry: ProjectRegistry, tmp_path: Path) -> None:
    registry.add(folder(tmp_path, "app"))
    assert registry.containing(folder(tmp_path, "app-two")) is None


@pytest.mark.parametrize("name", ["nothing", "/nowhere/at/all", "~nobody", ""])
def test_an_unknown_project_is_an_error(registry: ProjectRegistry, name: str) -> None:
    with pytest.raises(UnknownProject):
        registry.find(name)


def test_two_projects_of_one_name_are_told_apart(registry: ProjectRegistry, tmp_path: Path) -> None:
    one, _ = registry.add(folder(tmp_path, "a/app"))
    two, _ = registry.add(folder(tmp_path, "b/app"))
    with pytest.raises(UsageProblem, match=f"{one.id}.*\n.*{two.id}"):
        registry.find("app")
    assert registry.find(two.id) == two


def test_a_removed_project_is_gone_and_the_others_stay(registry: ProjectRegistry, tmp_path: Path) -> None:
    one, _ = registry.add(folder(tmp_path, "one"))
    two, _ = registry.add(folder(tmp_path, "two"))
    assert registry.remove(one.id) == one
    assert registry.list() == [two]
    with pytest.raises(UnknownProject):
        registry.remove(one.id)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"version": 1}', b'{"version": 1, "projects": {}}', b"nu\x00ll"],
    ids=["empty", "cut off", "a list", "not text", "no projects", "projects of another kind", "zero bytes"],
)
def test_a_damaged_register_is_set_aside(registry: ProjectRegistry, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "data" / "projects.json"
    file.parent.mkdir()
    file.write_bytes(content)
    assert registry.list() == []
    assert "damaged" in registry.notice
    (aside,) = file.parent.glob("projects.json.damaged-*")
    assert str(aside) in registry.notice
    assert aside.read_bytes() == content
    project, added = registry.add(folder(tmp_path, "again"))
    assert added
    assert registry.list() == [project]


def test_entries_that_parse_survive_damage(registry: ProjectRegistry, tmp_path: Path) -> None:
    good, _ = registry.add(folder(tmp_path, "good"))
    file = tmp_path / "data" / "projects.json"
    document = json.loads(file.read_text())
    document["projects"] += [{"id": "half"}, 7]
    file.write_text(json.dumps(document))
    assert registry.list() == [good]
    assert "1 projects were kept" in registry.notice
    assert registry.list() == [good]


def test_a_register_of_a_newer_aura_is_left_alone(registry: ProjectRegistry, tmp_path: Path) -> None:
    file = tmp_path / "data" / "projects.json"
    file.parent.mkdir()
    file.write_text('{"version": 99, "projects": []}')
    with pytest.raises(StorageError, match="format 99"):
        registry.add(folder(tmp_path, "x"))
    assert file.read_text() == '{"version": 99, "projects": []}'


def test_a_register_that_is_a_folder_is_an_error(registry: ProjectRegistry, tmp_path: Path) -> None:
    (tmp_path / "data" / "projects.json").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot read"):
        registry.list()


def test_a_data_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match="cannot open"):
        ProjectRegistry(tmp_path / "data" / "projects.json").add(folder(tmp_path, "x"))


def test_a_lock_that_is_never_released_is_an_error(
    registry: ProjectRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add(folder(tmp_path, "x"))
    monkeypatch.setattr(register, "LOCK_WAIT_S", 0.05)
    with (tmp_path / "data" / "projects.json.lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Conflict):
            registry.remove("x")


def test_a_full_disk_keeps_the_old_register(
    registry: ProjectRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = registry.add(folder(tmp_path, "kept"))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        registry.add(folder(tmp_path, "new"))
    assert registry.list() == [kept]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["projects.json", "projects.json.lock"]


def test_a_replaced_file_has_the_asked_mode(tmp_path: Path) -> None:
    replace_file(tmp_path / "sub" / "file", b"one", 0o640)
    replace_file(tmp_path / "sub" / "file", b"two", 0o640)
    assert (tmp_path / "sub" / "file").read_bytes() == b"two"
    assert (tmp_path / "sub" / "file").stat().st_mode & 0o777 == 0o640


ADD_MANY = """
import sys
from pathlib import Path
from aura_shared.projects import ProjectRegistry

file, root, worker = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
for number in range(10):
    made = root / f"p{worker}-{number}"
    made.mkdir()
    ProjectRegistry(file).add(made)
"""


def test_processes_that_register_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "data" / "projects.json"
    workers = [
        subprocess.Popen([sys.executable, "-P", "-c", ADD_MANY, str(file), str(tmp_path), str(worker)])
        for worker in range(3)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(ProjectRegistry(file).list()) == 30
