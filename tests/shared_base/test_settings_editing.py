"""Edits of the settings files: planned, checked as a whole, made in one step, taken back."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from aura_shared import settings_editing
from aura_shared.errors import Conflict, SettingsError, StorageError
from aura_shared.layers import project_settings
from aura_shared.paths import find_paths
from aura_shared.redaction import MASK
from aura_shared.settings import load_settings
from aura_shared.settings_editing import Overruled, apply_edit, file_of, plan_edit, undo_of

pytestmark = pytest.mark.requirement("P7")


@pytest.fixture
def user_file(aura_home: Path) -> Path:
    """The user's settings file."""
    file = find_paths().user_settings
    file.parent.mkdir()
    file.write_text("# mine\n[log]\nlevel = 'debug' # much\n", encoding="utf-8")
    file.chmod(0o640)
    return file


def test_an_edit_is_planned_made_and_taken_back(user_file: Path) -> None:
    before = user_file.read_text(encoding="utf-8")
    edit = plan_edit({"log.level": "info", "code.exclude": "vendor/, *.min.js"}, layer="user")
    assert user_file.read_text(encoding="utf-8") == before
    assert edit.diff == (
        f"--- {user_file}",
        f"+++ {user_file} (new)",
        "@@ -1,3 +1,6 @@",
        " # mine",
        " [log]",
        "-level = 'debug' # much",
        '+level = "info" # much',
        "+",
        "+[code]",
        '+exclude = ["vendor/", "*.min.js"]',
    )
    former = apply_edit(edit)
    assert former is not None
    assert former.read_text(encoding="utf-8") == f"# What {user_file} held.\n{before}"
    settings = load_settings()
    assert (settings.log.level, settings.code.exclude) == ("info", ("vendor/", "*.min.js"))
    assert user_file.stat().st_mode & 0o777 == 0o640
    back = undo_of(edit)
    assert "+level = 'debug' # much" in back.diff
    apply_edit(back)
    assert user_file.read_text(encoding="utf-8") == before


def test_a_reset_takes_the_setting_out_of_the_file(user_file: Path) -> None:
    apply_edit(plan_edit({"log.level": None}, layer="user"))
    assert user_file.read_text(encoding="utf-8") == "# mine\n"
    nothing = plan_edit({"log.level": None}, layer="user")
    assert (nothing.diff, apply_edit(nothing)) == ((), None)


def test_a_first_file_is_private_to_the_user(aura_home: Path) -> None:
    edit = plan_edit({"models.at_once": "3"}, layer="user")
    assert (edit.before, apply_edit(edit)) == ("", None)
    assert edit.path.stat().st_mode & 0o777 == 0o600
    assert load_settings().models.at_once == 3


def test_a_link_to_the_file_stays_a_link(user_file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    user_file.rename(real)
    user_file.symlink_to(real)
    apply_edit(plan_edit({"log.level": "error"}, layer="user"))
    assert user_file.is_symlink()
    assert 'level = "error" # much' in real.read_text(encoding="utf-8")


def test_a_byte_order_mark_and_line_ends_stay(user_file: Path) -> None:
    user_file.write_bytes(b"\xef\xbb\xbf[log]\r\nlevel = 'info'\r\n")
    apply_edit(plan_edit({"log.level": "debug", "log.backups": "2"}, layer="user"))
    assert user_file.read_bytes() == b'\xef\xbb\xbf[log]\r\nlevel = "debug"\r\nbackups = 2\r\n'


def test_stronger_layers_are_named(user_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = project_settings(tmp_path)
    file.parent.mkdir()
    file.write_text("[code]\nworkers = 4\n[findings.levels]\na = 'error'\n", encoding="utf-8")
    monkeypatch.setenv("AURA_LOG__LEVEL", "error")
    edits = {"code.workers": "8", "log.level": "info", "log.backups": "1", "findings.levels": "{}"}
    edit = plan_edit(edits, layer="user", project_root=tmp_path)
    assert edit.overruled == (
        Overruled("code.workers", "project", f"{file}:2"),
        Overruled("log.level", "environment", "AURA_LOG__LEVEL"),
        Overruled("findings.levels", "project", f"{file}:3"),
    )
    assert plan_edit({"code.workers": "8"}, layer="project", project_root=tmp_path).overruled == ()


def test_a_file_that_changed_in_the_meantime_is_not_overwritten(user_file: Path) -> None:
    edit = plan_edit({"log.level": "info"}, layer="user")
    user_file.write_text("[log]\nbackups = 1\n", encoding="utf-8")
    with pytest.raises(Conflict, match="was changed in the meantime; nothing was written"):
        apply_edit(edit)
    assert user_file.read_text(encoding="utf-8") == "[log]\nbackups = 1\n"


def test_another_writer_is_waited_for_within_a_bound(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_editing, "_LOCK_WAIT_S", 0.05)
    edit = plan_edit({"log.level": "info"}, layer="user")
    folder = find_paths().data / "settings"
    folder.mkdir(parents=True, mode=0o700)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(Conflict, match="another process writes settings"):
            apply_edit(edit)
    finally:
        os.close(descriptor)
    (folder / "lock").unlink()
    (folder / "lock").mkdir()
    with pytest.raises(StorageError, match="cannot write below"):
        apply_edit(edit)


def test_only_the_newest_former_texts_are_kept(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_editing, "_KEPT", 3)
    kept = [apply_edit(plan_edit({"log.backups": str(number)}, layer="user")) for number in range(1, 6)]
    assert sorted((find_paths().data / "settings").glob("*.toml")) == kept[-3:]


def test_a_folder_in_place_of_the_folder_is_told(aura_home: Path) -> None:
    edit = plan_edit({"log.level": "info"}, layer="user")
    edit.path.parent.write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot write"):
        apply_edit(edit)


@pytest.mark.parametrize(
    ("text", "edits", "message"),
    [
        ("[log]\nlevel = debug\n", {"log.level": "info"}, ":2: not valid TOML"),
        ("[code]\nworkers = 0\n", {"log.level": "info"}, ":2: code.workers: must be greater than"),
        ("[code]\nworker = 3\n", {"log.level": "info"}, ":2: there is no setting code.worker; did you mean"),
        ("log = 3\n", {"log.level": "info"}, "log must be a table; found 3"),
    ],
)
def test_a_file_that_is_wrong_elsewhere_is_refused(
    user_file: Path, text: str, edits: dict[str, str | None], message: str
) -> None:
    user_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        plan_edit(edits, layer="user")
    assert message in caught.value.message


def test_what_is_wrong_can_be_mended(user_file: Path) -> None:
    user_file.write_text("[code]\nworkers = 0\n", encoding="utf-8")
    apply_edit(plan_edit({"code.workers": "2"}, layer="user"))
    assert load_settings().code.workers == 2


@pytest.mark.requirement("P9")
def test_a_project_cannot_be_given_what_only_the_user_may_set(aura_home: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^network.allow cannot be set by a project$") as caught:
        plan_edit({"network.allow": "evil.example"}, layer="project", project_root=tmp_path)
    assert str(find_paths().user_settings) in caught.value.hint
    file = project_settings(tmp_path)
    file.parent.mkdir()
    file.write_text("[network]\nallow = ['evil.example']\n[code]\nworkers = 2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"config.toml:2: network.allow cannot be set by a project"):
        plan_edit({"code.workers": "3"}, layer="project", project_root=tmp_path)
    apply_edit(plan_edit({"network.allow": None, "code.workers": "3"}, layer="project", project_root=tmp_path))
    assert file.read_text(encoding="utf-8") == "[code]\nworkers = 3\n"
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_project_has_to_be_named(aura_home: Path) -> None:
    with pytest.raises(SettingsError, match="no project is named"):
        file_of("project")


def test_secrets_are_not_shown_in_the_difference(user_file: Path) -> None:
    url = "http://me:hunter22@127.0.0.1:1234"
    edit = plan_edit({"models.servers": f'{{"a": {{"kind": "openai", "url": "{url}"}}}}'}, layer="user")
    assert "hunter22" in edit.after
    assert "hunter22" not in "\n".join(edit.diff)
    assert MASK in edit.diff[-1]


def test_unknown_settings_are_refused_also_for_a_reset(aura_home: Path) -> None:
    for text in ("1", None):
        with pytest.raises(SettingsError, match=r"there is no setting log\.levle; did you mean log\.level"):
            plan_edit({"log.levle": text}, layer="user")
