"""Settings: layers that merge key by key, and errors that name the place."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aura_shared.errors import SettingsError
from aura_shared.layers import line_of, merge, project_settings, read_layers
from aura_shared.settings import Settings, explain, load_settings, settings_of_this_process, validate

pytestmark = pytest.mark.requirement("P7")


@pytest.fixture
def user_file(aura_home: Path) -> Path:
    """The user's settings file, still empty."""
    file = aura_home / "config" / "config.toml"
    file.parent.mkdir()
    file.touch()
    return file


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    """The settings file of a project below `tmp_path`."""
    file = project_settings(tmp_path)
    file.parent.mkdir()
    return file


@pytest.fixture(autouse=True)
def forget_settings() -> None:
    """Every test reads anew."""
    settings_of_this_process.cache_clear()


def test_without_any_layer_the_defaults_hold(aura_home: Path) -> None:
    assert load_settings() == Settings()


def test_a_project_table_does_not_wipe_the_users(user_file: Path, project_file: Path, tmp_path: Path) -> None:
    user_file.write_text("[code]\nworkers = 3\ndebounce_ms = 200\n[log]\nlevel = 'debug'\n", encoding="utf-8")
    project_file.write_text("[code]\ndebounce_ms = 50\n", encoding="utf-8")
    settings = load_settings(tmp_path)
    assert (settings.code.workers, settings.code.debounce_ms, settings.log.level) == (3, 50, "debug")


def test_each_layer_wins_over_the_one_below(
    user_file: Path, project_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def workers(**flags: str) -> int:
        return load_settings(tmp_path, flags).code.workers

    assert workers() == 2
    user_file.write_text("code.workers = 3", encoding="utf-8")
    assert workers() == 3
    project_file.write_text("code = { workers = 4 }", encoding="utf-8")
    assert workers() == 4
    monkeypatch.setenv("CODEGEN_LAB_CONFIG_CODE__WORKERS", "5")
    assert workers() == 5
    monkeypatch.setenv("AURA_CODE__WORKERS", "6")
    assert workers() == 6
    assert workers(**{"code.workers": "7"}) == 7


def test_explain_names_the_layer_and_the_place(user_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_file.write_text("[log]\n# much\nlevel = 'debug'\n", encoding="utf-8")
    monkeypatch.setenv("AURA_CODE__EXCLUDE", "vendor/, *.min.js")
    found = {line.key: line for line in explain(read_layers(flags={"gateway.port": "8123"}))}
    assert (found["log.level"].value, found["log.level"].layer) == ("debug", "user")
    assert found["log.level"].origin == f"{user_file}:3"
    assert found["code.exclude"].value == ["vendor/", "*.min.js"]
    assert found["code.exclude"].origin == "AURA_CODE__EXCLUDE"
    assert (found["gateway.port"].value, found["gateway.port"].layer) == (8123, "flag")
    assert (found["bus.out_hwm"].value, found["bus.out_hwm"].layer) == (10_000, "default")
    assert len(found) == sum(1 for section in Settings() for _ in section[1])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param("[log]\nlevl = 'debug'\n", 2, "there is no setting log.levl; did you mean log.level?", id="typo"),
        pytest.param("\n[lgo]\nlevel = 'debug'\n", 2, "there is no setting lgo; did you mean log?", id="section"),
        pytest.param("[code]\n\nworkers = 'many'\n", 3, "code.workers: must be a valid integer", id="type"),
        pytest.param(
            "[code]\nworkers = 0\n", 2, "code.workers: must be greater than or equal to 1; found 0", id="range"
        ),
        pytest.param("[code]\nexclude = [1]\n", 2, "code.exclude.0: must be a valid string; found 1", id="list"),
        pytest.param("[code]\nexclude = '[1'\n", 2, "code.exclude: not a JSON list", id="list text"),
        pytest.param("log = 3\n", 1, "log: must be a valid dictionary", id="no table"),
        pytest.param("[log]\nlevel = debug\n", 2, "not valid TOML", id="not toml"),
        pytest.param('[log]\nlevel = "debug', 2, "not valid TOML", id="not toml at the end"),
        pytest.param("[gateway]\nhost = '0.0.0.0'\n", 2, "gateway.host: must be a loopback address", id="host"),
        pytest.param("[gateway]\nhost = 'example.org'\n", 2, "gateway.host: must be a loopback address", id="name"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(user_file: Path, text: str, line: int, message: str) -> None:
    user_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.message.startswith(f"{user_file}:{line}: {message}")
    assert caught.value.exit_code == 7


def test_a_wrong_variable_is_named(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_LOG__LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"^AURA_LOG__LEVEL: log\.level: must be 'debug'"):
        load_settings()


def test_a_wrong_flag_is_named(aura_home: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--set tea\.sugar: there is no setting tea$"):
        load_settings(flags={"tea.sugar": "2"})
    with pytest.raises(SettingsError, match="code is set to a plain value as well"):
        load_settings(flags={"code": "2", "code.workers": "2"})


@pytest.mark.requirement("P9")
@pytest.mark.parametrize(
    "text", ["[network]\nallow = ['evil.example']", "[gateway]\nallowed_origins = ['https://evil.example']", "[bus]"]
)
def test_a_project_cannot_open_the_machine_to_others(
    aura_home: Path, project_file: Path, tmp_path: Path, text: str
) -> None:
    project_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be set by a project"):
        load_settings(tmp_path)


def test_a_file_that_is_not_text_is_refused(user_file: Path) -> None:
    user_file.write_bytes(b"[log]\nlevel = '\xff'\n")
    with pytest.raises(SettingsError, match="must be UTF-8"):
        load_settings()


@pytest.mark.parametrize("text", ["a." * 5000 + "a = 1", f"a = {'[' * 100}{']' * 100}"], ids=["tables", "lists"])
def test_a_file_that_is_nested_without_end_is_refused(user_file: Path, text: str) -> None:
    user_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="more than 16 deep"):
        load_settings()


def test_a_folder_in_place_of_the_file_is_refused(user_file: Path) -> None:
    user_file.unlink()
    user_file.mkdir()
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings()


def test_a_byte_order_mark_and_crlf_are_fine(user_file: Path) -> None:
    user_file.write_bytes(b"\xef\xbb\xbf[log]\r\nlevel = 'error'\r\n")
    assert load_settings().log.level == "error"


def test_other_variables_of_ours_are_no_settings(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_READY_FD", "7")
    monkeypatch.setenv("AURA__ODD", "7")
    monkeypatch.setenv("CODEGEN_LAB_CONFIG_ENABLE_AI", "true")
    assert load_settings() == Settings()


def test_a_service_reads_what_the_supervisor_handed_down(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = aura_home / "settings.json"
    file.write_text(json.dumps(merge(read_layers(flags={"code.workers": "9"}))), encoding="utf-8")
    monkeypatch.setenv("AURA_SETTINGS_FILE", str(file))
    assert settings_of_this_process().code.workers == 9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"log": {"level": "loud"}}', "log.level: must be"),
        ("{", "must hold JSON"),
        ("[1]", "must be a valid dictionary"),
        (None, "cannot read"),
    ],
)
def test_a_damaged_file_of_the_supervisor_is_refused(
    aura_home: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, message: str
) -> None:
    file = aura_home / "settings.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("AURA_SETTINGS_FILE", str(file))
    with pytest.raises(SettingsError, match=re.escape(message)):
        settings_of_this_process()


def test_a_process_started_alone_reads_the_layers(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AURA_SETTINGS_FILE", raising=False)
    monkeypatch.setenv("AURA_CODE__WORKERS", "8")
    assert settings_of_this_process().code.workers == 8


def test_settings_cannot_be_changed() -> None:
    settings: Any = Settings()
    with pytest.raises(ValidationError):
        settings.log = None


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[a.b]\nc = 1", "a.b.c", 2),
        ("a.b.c = 1", "a.b.c", 1),
        ('[a]\n"b" . c = 1', "a.b.c", 2),
        ("# a = 1\n[a] # here\nb = 1", "a", 2),
        ("a = { b = 1 }", "a.b", None),
    ],
)
def test_the_line_of_a_key_is_found(text: str, key: str, line: int | None) -> None:
    assert line_of(text, key) == line


def test_layers_need_no_pydantic() -> None:
    program = (
        "import sys, aura_shared.layers, aura_shared.processes, aura_shared.control; print('pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout == "False\n"


def test_validating_no_layers_gives_the_defaults() -> None:
    assert validate([]) == Settings()
