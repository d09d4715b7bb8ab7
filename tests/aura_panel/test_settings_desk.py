"""What holds for each setting, how values are shown, and edits that are collected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aura_panel import settings_desk
from aura_panel.settings_book import SettingsBook, matching
from aura_panel.settings_desk import held, text_of_value
from aura_panel.settings_rows import setting_details
from aura_shared.layers import project_settings, read_layers
from aura_shared.redaction import MASK
from aura_shared.settings_catalog import SettingInfo, check, describe, setting_info
from aura_shared.settings_editing import plan_edit
from panel_lab_settings import user_file

pytestmark = pytest.mark.usefixtures("aura_home")


@pytest.mark.parametrize("value", ["info", 5, 2.5, True, [], ["a", "b c"], ["a,b"], ["[a"], {"a": 1}, [{"b": 2}]])
def test_a_value_is_shown_as_it_is_typed(value: object) -> None:
    shown = text_of_value(value)
    assert "\n" not in shown
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        assert check("code.exclude", shown) == value


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_of_value("http://me:hunter22hunter@host/") == "http://[redacted]@host/"
    user_file('[git]\nco_author = "Somebody"\n')
    secret = replace(setting_info("git.co_author"), secret=True)
    monkeypatch.setattr(settings_desk, "describe", lambda: (secret,))
    found = held(read_layers())["git.co_author"]
    assert (found.value, found.said[0].text) == (MASK, MASK)


def test_what_holds_is_told_with_all_layers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AURA_LOG__LEVEL", "error")
    file = user_file()
    project = project_settings(tmp_path)
    project.parent.mkdir()
    project.write_text("[code]\nworkers = 5\n", encoding="utf-8")
    found = held(read_layers(tmp_path))
    assert (found["code.workers"].value, found["code.workers"].layer) == (5, "project")
    assert found["code.workers"].origin == f"{project}:2"
    assert [tuple(one) for one in found["log.level"].said] == [
        ("user", f"{file}:3", "debug"),
        ("environment", "AURA_LOG__LEVEL", "error"),
    ]
    assert found["models.roles"].origin.startswith(f"{file}:")
    assert (found["log.backups"].layer, found["log.backups"].origin) == ("default", "")
    details = setting_details(setting_info("log.level"), found["log.level"], {}, COLOURS)
    assert "Overruled    debug  your file" in details.plain
    assert "has no effect in a project's file" in details.plain


COLOURS: dict[str, str] = dict.fromkeys(("muted", "accent", "warning", "success", "error"), "#ffffff")


def test_edits_are_collected_and_survive_a_file_that_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_CODE__WORKERS", "7")
    user_file()
    book = SettingsBook()
    book.read(None)
    assert book.changed() == 4
    book.take(setting_info("log.backups"), "9")
    book.take(setting_info("log.level"), "debug")
    assert book.pending == {"log.backups": "9"}, "an edit that changes nothing is none"
    assert book.not_for_a_project() == ["log.backups"]
    assert book.reset(setting_info("log.level")) == ""
    assert "AURA_CODE__WORKERS; no file sets it" in book.reset(setting_info("code.workers"))
    assert book.reset(setting_info("log.max_bytes")) == "log.max_bytes is at its default."
    assert book.reset(setting_info("log.backups")) == ""
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
    book.take(setting_info("log.backups"), "9")
    done = dict(book.pending)
    edit = plan_edit(done, layer="user")
    book.take(setting_info("log.backups"), "8")
    book.note_saved(edit, done)
    assert book.pending == {"log.backups": "8"}
    assert book.saved == [edit]


def test_words_find_settings_by_name_and_meaning() -> None:
    assert [info.key for info in matching(describe(), "panel COLOURS")] == ["panel.theme"]
    assert len(matching(describe(), "")) == len(describe())


def test_a_setting_without_a_value_that_is_known_is_described_all_the_same() -> None:
    info: SettingInfo = setting_info("log.level")
    assert "In force     unknown" in setting_details(info, None, {}, COLOURS).plain
