"""Where files go, and who may look."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_shared.errors import NotAllowed, StorageError
from aura_shared.paths import find_paths, private_folder

pytestmark = pytest.mark.requirement("P8")


def test_everything_lies_below_aura_home(aura_home: Path) -> None:
    paths = find_paths().prepare()
    places = [paths.user_settings, paths.projects, paths.journal, paths.discovery, paths.control_socket, paths.lock]
    places += [paths.bus_in, paths.bus_out, paths.index("p1"), paths.logs]
    assert all(place.is_relative_to(aura_home) for place in places)
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in (paths.config, paths.data, paths.logs, paths.run))


def test_without_aura_home_the_platforms_folders_are_used(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AURA_HOME")
    paths = find_paths()
    assert paths.data.is_relative_to(aura_home / "user")
    assert paths.run == paths.data / "run"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(aura_home / "xdg"))
    assert find_paths().run == aura_home / "xdg" / "aura"


def test_sockets_get_a_short_folder_where_the_path_would_be_too_long(
    aura_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_HOME", str(aura_home / ("long" * 30)))
    first = find_paths()
    assert len(os.fsencode(first.control_socket)) <= 100
    assert find_paths().run == first.run
    monkeypatch.setenv("AURA_HOME", str(aura_home / ("other" * 30)))
    assert find_paths().run != first.run


def test_a_folder_that_others_can_read_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    assert private_folder(folder).stat().st_mode & 0o777 == 0o700


def test_a_link_or_a_file_is_no_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    for name in ("link", "file", "file/below"):
        with pytest.raises(StorageError):
            private_folder(tmp_path / name)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    with pytest.raises(NotAllowed, match="must belong to user 4000000"):
        private_folder(tmp_path)
