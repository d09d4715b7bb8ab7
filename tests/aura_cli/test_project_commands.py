"""`aura init` and `aura projects`, with the daemon up and down."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_shared.paths import find_paths
from aura_shared.projects import ProjectRegistry


def registry() -> ProjectRegistry:
    return ProjectRegistry(find_paths().prepare().projects)


@pytest.mark.requirement("P10")
def test_init_registers_the_repository_around(aura: Aura, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "src")
    ran = aura("init")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"Registered shop {folder}",
        "Aura is not running: `aura up` starts it and builds the index.",
    ]
    assert [project.root for project in registry().list()] == [str(folder)]
    assert aura("init").out.startswith("Already registered: shop")
    assert aura("init", "--json").json()["added"] is False


def test_init_takes_a_plain_folder_and_tells_of_overlaps(aura: Aura, folder: Path) -> None:
    aura("init")
    ran = aura("init", str(folder / "src"))
    assert ran.code == 0
    assert "src lies inside the project shop" in ran.err
    assert "shop lies around" not in ran.err


def test_init_goes_through_a_running_daemon(aura: Aura, folder: Path, gateway: StandIn) -> None:
    project, _ = registry().add(folder)
    gateway.reply("POST /v1/projects", {"project": {"id": project.id}, "added": False})
    gateway.reply("GET /v1/status", {})
    ran = aura("init")
    assert ran.code == 0
    assert "It is being indexed" in ran.out
    assert gateway.asked[0] == ("POST /v1/projects", {"path": str(folder)})


@pytest.mark.parametrize(("path", "code"), [("nothing", 4), ("src/cart.py", 2)])
def test_init_refuses_what_is_no_folder(path: str, code: int, aura: Aura, folder: Path) -> None:
    assert aura("init", path).code == code


def test_the_home_folder_is_not_registered_without_being_told_twice(aura: Aura, aura_home: Path, folder: Path) -> None:
    assert aura("init", "~").code == 2
    assert aura("init", "/").code == 2
    assert registry().list() == []
    assert aura("init", str(aura_home / "user"), "--yes").code == 0


def test_projects_are_listed_without_the_daemon(aura: Aura, folder: Path) -> None:
    assert "No project is registered" in aura("projects").out
    project, _ = registry().add(folder)
    ran = aura("projects")
    assert ran.code == 0
    assert project.id in ran.out
    assert "stopped" in ran.out
    assert "aura up" in ran.err
    assert aura("projects", "list", "--json").json()["projects"] == [
        {"id": project.id, "name": "shop", "root": str(folder), "added_at": project.added_at, "phase": "stopped"}
    ]


def test_projects_are_listed_with_their_indexes(aura: Aura, gateway: StandIn, aura_home: Path) -> None:
    base = {"name": "shop", "root": str(aura_home / "user" / "shop"), "files": 1200, "lines": 34567}
    gateway.reply(
        "GET /v1/projects",
        {
            "projects": [
                {**base, "id": "a", "phase": "ready", "freshness": {"pending": 3}},
                {**base, "id": "b", "phase": "building", "files_done": 30, "files_total": 60},
                {**base, "id": "c", "phase": "failed"},
            ]
        },
    )
    lines = aura("projects").out.splitlines()
    assert lines[0].split() == ["PROJECT", "ID", "INDEX", "FILES", "LINES", "FOLDER"]
    assert lines[1].split() == ["shop", "a", "ready,", "3", "pending", "1,200", "34,567", "~/shop"]
    assert "building 50%" in lines[2]
    assert "failed" in lines[3]


def test_a_project_is_removed_with_its_index(aura: Aura, folder: Path) -> None:
    project, _ = registry().add(folder)
    index = find_paths().index(project.id)
    index.mkdir(parents=True)
    (index / "base").write_text("x")
    ran = aura("projects", "remove")
    assert ran.code == 0
    assert "its files are as they were" in ran.out
    assert registry().list() == []
    assert not index.exists()
    assert (folder / "src" / "cart.py").exists()
    assert aura("projects", "remove", "shop").code == 4
    assert aura("projects", "remove").code == 4


def test_removing_and_reindexing_go_through_a_running_daemon(aura: Aura, folder: Path, gateway: StandIn) -> None:
    project, _ = registry().add(folder)
    gateway.reply(f"DELETE /v1/projects/{project.id}", {})
    gateway.reply(f"POST /v1/projects/{project.id}/reindex", {"project": {"files": 12}})
    assert "12 files before" in aura("projects", "reindex", "shop").out
    assert aura("projects", "reindex", "--json").json() == {"project": {"files": 12}}
    removed = aura("projects", "remove", "shop", "--json").json()["removed"]
    assert isinstance(removed, dict)
    assert removed["id"] == project.id


def test_reindexing_needs_the_daemon(aura: Aura, folder: Path) -> None:
    registry().add(folder)
    assert aura("projects", "reindex").code == 3


def test_a_damaged_register_is_told(aura: Aura, folder: Path) -> None:
    find_paths().prepare().projects.write_text("{")
    ran = aura("projects")
    assert ran.code == 0
    assert "damaged" in ran.err
