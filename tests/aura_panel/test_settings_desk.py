"""Edits of settings files: what stays as it is, what is refused, and what a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_panel.settings_book import SettingsBook, matching
from aura_panel.settings_desk import SettingInfo, apply_edit, check, describe, held, plan_edit, text_of_value, undo_of
from aura_shared.errors import Conflict, SettingsError
from aura_shared.layers import project_settings, read_layers
from aura_shared.settings import Settings, load_settings
from panel_lab_settings import USER_FILE, user_file

pytestmark = pytest.mark.usefixtures("aura_home")


def info_of(key: str) -> SettingInfo:
    return next(info for info in describe() if info.key == key)


def test_every_setting_is_described() -> None:
    known = {f"{section}.{name}" for section, values in Settings().model_dump().items() for name in values}
    assert {info.key for info in describe()} == known
    assert all(info.about and info.takes for info in describe())
    assert info_of("panel.theme").choices == ("dark", "light", "contrast-dark", "contrast-light")
    assert info_of("code.analysis").choices == ("true", "false")
    assert info_of("log.backups").bounds == "≥ 0, ≤ 100"
    assert info_of("gateway.host").user_only
    assert info_of("supervisor.kept_lines").user_only
    assert info_of("findings.overrides").takes == "list of tables"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("log.level", "debug", "debug"),
        ("code.workers", "3", 3),
        ("code.exclude", "a, [b]", ["a", "[b]"]),
        ("code.exclude", '["a,b"]', ["a,b"]),
        ("code.exclude", "", []),
        ("code.analysis", "false", False),
        ("models.roles", '{"code": ["ollama/x"]}', {"code": ["ollama/x"]}),
        ("models.roles", "", {}),
        ("models.first_token_s", "2.5", 2.5),
    ],
)
def test_texts_give_values(key: str, text: str, value: object) -> None:
    assert check(key, text) == value


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("log.level", "loud", "must be 'debug', 'info'"),
        ("log.backups", "101", "less than or equal to 100; found '101'"),
        ("code.workers", "many", "must be a valid integer"),
        ("models.roles", "{", "expected a table as JSON; found '{'"),
        ("gateway.host", "0.0.0.0", "must be a loopback address"),
        ("log.lvel", "debug", "there is no setting log.lvel; did you mean log.level?"),
        ("git.co_author", "[redacted]", "stands for something that is not shown"),
    ],
)
def test_what_is_no_value_is_said(key: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(key, text)
    assert said in caught.value.message


@pytest.mark.parametrize("value", ["info", 5, 2.5, True, [], ["a", "b c"], ["a,b"], ["[a"], {"a": 1}, [{"b": 2}]])
def test_a_value_is_shown_as_it_is_typed(value: object) -> None:
    shown = text_of_value(value)
    assert "\n" not in shown
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        assert check("code.exclude", shown) == value


def test_secrets_are_not_shown() -> None:
    assert text_of_value("http://me:hunter22hunter@host/") == "http://[redacted]@host/"
    user_file('[git]\nco_author = "ghp_0123456789abcdefghij0123"\n')
    edit = plan_edit({"git.co_author": None}, layer="user")
    assert "ghp_" not in "\n".join(edit.diff)


@pytest.mark.requirement("U1")
def test_an_edit_leaves_everything_else_as_it_is() -> None:
    file = user_file()
    file.chmod(0o640)
    edit = plan_edit({"log.level": "error", "code.workers": "4", "models.roles": None}, layer="user")
    apply_edit(edit)
    assert file.read_text(encoding="utf-8") == (
        '# Mine.\n[log]\nlevel = "error"  # while I look for something\n\n'
        '[code]\nexclude = ["dist", "[gen]"]\nworkers = 4\n\n'
    )
    assert file.stat().st_mode & 0o777 == 0o640
    assert load_settings().code.workers == 4
    apply_edit(undo_of(edit))
    assert file.read_text(encoding="utf-8") == USER_FILE


def test_a_file_that_is_not_there_is_made_private() -> None:
    edit = plan_edit({"findings.overrides": '[{"paths": ["a"], "off": ["x"]}]'}, layer="user")
    assert edit.before == ""
    apply_edit(edit)
    assert edit.path.stat().st_mode & 0o777 == 0o600
    assert load_settings().findings.overrides[0].off == ("x",)
    nothing = plan_edit({"log.level": None}, layer="user")
    assert nothing.diff == ()


def test_line_ends_and_a_mark_at_the_beginning_stay() -> None:
    file = user_file()
    file.write_bytes("\ufeff[log]\r\nlevel = 'debug'\r\nbackups = 2\r\n".encode())
    apply_edit(plan_edit({"log.backups": None}, layer="user"))
    assert file.read_bytes() == "\ufeff[log]\r\nlevel = 'debug'\r\n".encode()


def test_an_emptied_table_goes_but_not_its_comments() -> None:
    file = user_file("[log]\nlevel = 'debug'\n[code]\n# Keep me.\nworkers = 3\n")
    apply_edit(plan_edit({"log.level": None, "code.workers": None}, layer="user"))
    assert file.read_text(encoding="utf-8") == "[code]\n# Keep me.\n"


@pytest.mark.requirement("U1")
def test_a_file_that_was_changed_meanwhile_is_not_overwritten() -> None:
    file = user_file()
    edit = plan_edit({"log.level": "error"}, layer="user")
    file.write_text("[log]\nlevel = 'warning'\n", encoding="utf-8")
    with pytest.raises(Conflict):
        apply_edit(edit)
    assert file.read_text(encoding="utf-8") == "[log]\nlevel = 'warning'\n"


def test_what_a_stronger_layer_says_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AURA_LOG__LEVEL", "error")
    project = project_settings(tmp_path)
    project.parent.mkdir()
    project.write_text("[code]\nworkers = 5\n", encoding="utf-8")
    edit = plan_edit({"log.level": "info", "code.workers": "2"}, layer="user", project_root=tmp_path)
    assert edit.overruled == (
        ("log.level", "environment", "AURA_LOG__LEVEL"),
        ("code.workers", "project", f"{project}:2"),
    )
    found = held(read_layers(tmp_path))
    assert (found["code.workers"].value, found["code.workers"].layer) == (5, "project")


def test_a_project_may_not_set_everything(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"a project may not set network\.allow"):
        plan_edit({"network.allow": "example.org", "log.level": "debug"}, layer="project", project_root=tmp_path)
    with pytest.raises(SettingsError, match="no project is chosen"):
        plan_edit({"log.level": "debug"}, layer="project")
    edit = plan_edit({"code.workers": "3"}, layer="project", project_root=tmp_path)
    apply_edit(edit)
    assert edit.path.stat().st_mode & 0o777 == 0o644
    assert load_settings(tmp_path).code.workers == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [("[log\n", ":1: not valid TOML"), ("log = 3\n", "log must be a table"), ("[log]\nbackups = 500\n", "log.backups")],
    ids=["no TOML", "no table", "another value is wrong"],
)
def test_a_file_that_is_wrong_is_not_edited(text: str, said: str) -> None:
    file = user_file(text)
    with pytest.raises(SettingsError) as caught:
        plan_edit({"log.level": "debug"}, layer="user")
    assert said in caught.value.message
    assert file.read_text(encoding="utf-8") == text


def test_a_wrong_value_can_be_mended() -> None:
    user_file("[log]\nbackups = 500\n")
    apply_edit(plan_edit({"log.backups": "5"}, layer="user"))
    assert load_settings().log.backups == 5


def test_a_file_that_cannot_be_read_or_written_is_said() -> None:
    file = user_file()
    edit = plan_edit({"log.level": "info"}, layer="user")
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot read"):
        apply_edit(edit)
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("", encoding="utf-8")
    with pytest.raises(SettingsError):
        plan_edit({"log.level": "info"}, layer="user")


def test_edits_are_collected_and_survive_a_file_that_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_CODE__WORKERS", "7")
    user_file()
    book = SettingsBook()
    book.read(None)
    assert book.changed() == 4
    book.take(info_of("log.backups"), "9")
    book.take(info_of("log.level"), "debug")
    assert book.pending == {"log.backups": "9"}, "an edit that changes nothing is none"
    assert book.reset(info_of("log.level")) == ""
    assert "AURA_CODE__WORKERS; no file sets it" in book.reset(info_of("code.workers"))
    assert book.reset(info_of("log.max_bytes")) == "log.max_bytes is at its default."
    assert book.reset(info_of("log.backups")) == ""
    assert book.pending == {"log.level": None}
    assert (book.likely_layer(), book.not_for_a_project()) == ("user", [])
    user_file("[log\n")
    book.read(None)
    assert "not valid TOML" in book.problem
    assert book.pending == {"log.level": None}
    assert book.held["log.level"].value == "debug"
    book.only_changed = True
    assert [info.key for info in book.infos()] == ["log.level", "code.workers", "code.exclude", "models.roles"]


def test_what_is_edited_while_a_save_goes_on_stays() -> None:
    user_file()
    book = SettingsBook()
    book.read(None)
    book.take(info_of("log.backups"), "9")
    done = dict(book.pending)
    edit = plan_edit(done, layer="user")
    book.take(info_of("log.backups"), "8")
    book.note_saved(edit, done)
    assert book.pending == {"log.backups": "8"}
    assert book.saved == [edit]


def test_words_find_settings_by_name_and_meaning() -> None:
    assert [info.key for info in matching(describe(), "panel COLOURS")] == ["panel.theme"]
    assert len(matching(describe(), "")) == len(describe())
