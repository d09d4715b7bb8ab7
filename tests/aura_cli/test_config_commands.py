"""`aura config set`, `unset` and `describe`."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_cli.answers import objects_of, text_of, texts_of
from aura_cli_running import Aura, StandInSupervisor
from aura_shared.layers import project_settings
from aura_shared.paths import find_paths
from aura_shared.settings import load_settings

pytestmark = pytest.mark.requirement("P7")


def test_set_shows_the_difference_and_writes_it(aura: Aura, aura_home: Path) -> None:
    ran = aura("config", "set", "code.workers", "4", "--dry-run")
    assert (ran.code, ran.err) == (0, "Nothing was written.\n")
    assert not find_paths().user_settings.exists()
    ran = aura("config", "set", "code.workers", "4")
    assert ran.out.endswith("@@ -0,0 +1,2 @@\n+[code]\n+workers = 4\n")
    assert load_settings().code.workers == 4
    assert ran.err == "Aura is not running; it reads its settings when it starts.\n"
    ran = aura("config", "set", "code.workers", "5")
    assert "-workers = 4\n+workers = 5\n" in ran.out
    assert "What the file held before is kept in" in ran.err
    assert "Nothing changes" in aura("config", "set", "code.workers", "5").out


def test_unset_lets_the_default_hold_again(aura: Aura, aura_home: Path) -> None:
    aura("config", "set", "code.workers", "4")
    answer = aura("config", "unset", "code.workers", "--json").json()
    assert answer["written"] is True
    assert Path(text_of(answer, "kept")).read_text(encoding="utf-8").endswith("[code]\nworkers = 4\n")
    assert texts_of(answer, "diff")[-2:] == ["-[code]", "-workers = 4"]
    assert load_settings().code.workers == 2


def test_a_project_file_is_written_on_demand(aura: Aura, folder: Path) -> None:
    assert aura("config", "set", "code.exclude", "vendor/", "--project").code == 0
    assert project_settings(folder).read_text(encoding="utf-8") == '[code]\nexclude = ["vendor/"]\n'
    ran = aura("config", "set", "code.exclude", "other/", "--json")
    assert ran.json()["overruled"] == [
        {"key": "code.exclude", "layer": "project", "origin": f"{project_settings(folder)}:2"}
    ]
    ran = aura("config", "unset", "code.exclude")
    assert f"code.exclude does not change here: project wins ({project_settings(folder)}:2)." in ran.err
    ran = aura("config", "set", "git.keep_days", "9", "--project")
    assert "A project's file has no effect on git.keep_days; set it in your own, without --project." in ran.err
    assert aura("config", "set", "network.allow", "a.example", "--project").code == 7


def test_a_wrong_project_file_does_not_keep_you_from_your_own(aura: Aura, folder: Path) -> None:
    project_settings(folder).parent.mkdir()
    project_settings(folder).write_text("[code]\nworkers = 0\n", encoding="utf-8")
    assert aura("config", "set", "code.workers", "3").code == 0
    ran = aura("config", "set", "code.exclude", "a", "--project")
    assert ran.code == 7
    assert "config.toml:2: code.workers: must be greater than" in ran.err


def test_outside_of_a_repository_there_is_no_project_file(
    aura: Aura, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = aura("config", "set", "code.workers", "3", "--project")
    assert ran.code == 2
    assert "is in no git repository" in ran.err


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("code.workers", "many", "code.workers: must be a valid integer"),
        ("code.worker", "3", "did you mean code.workers"),
        ("code", "3", "there is no setting code"),
    ],
)
def test_what_is_wrong_is_told(aura: Aura, key: str, value: str, message: str) -> None:
    ran = aura("config", "set", key, value)
    assert ran.code == 7
    assert message in ran.err


def test_a_running_aura_takes_the_change_in(
    aura: Aura, folder: Path, supervisor: StandInSupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []
    answer: dict[str, object] = {
        "changed": ["code.workers"],
        "restarted": ["code"],
        "later": [{"key": "log.level", "why": "the bus keeps the former value"}],
    }

    def answered(request: dict[str, object]) -> dict[str, object]:
        asked.append(request)
        return answer

    monkeypatch.setattr(supervisor, "answer", answered)
    ran = aura("config", "set", "code.workers", "4")
    assert ran.err == "Started anew: code.\nlog.level: the bus keeps the former value.\n"
    aura("config", "set", "code.workers", "4", "--project")
    aura("config", "set", "git.keep_days", "4", "--project")
    aura("config", "unset", "git.keep_days", "--project", "--dry-run")
    assert asked == [
        {"do": "reload"},
        {"do": "reload", "project_keys": ["code.workers"]},
        {"do": "reload", "project_keys": []},
    ]
    answer = {"changed": [], "restarted": [], "later": []}
    ran = aura("config", "set", "code.workers", "5", "--json")
    assert ran.json()["reload"] == answer
    assert "No service had to be started anew." in aura("config", "set", "code.workers", "6").err
    answer = {"error": {"code": "bad_settings", "message": "AURA_LOG__LEVEL: wrong", "hint": ""}}
    ran = aura("config", "unset", "code.workers")
    assert "The file is written, and Aura did not take it in: AURA_LOG__LEVEL: wrong" in ran.err


def test_describe_tells_what_can_be_set(aura: Aura) -> None:
    ran = aura("config", "describe", "log")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        "SETTING",
        "log.level",
        "log.max_bytes",
        "log.backups",
    ]
    ran = aura("config", "describe", "log.level")
    assert ran.out == (
        "log.level  debug, info, warning, error, critical\n"
        "Lines below this level are not written.\n"
        'Default: "info"\n'
        "It counts in your own file only.\n"
        "Taken in by: code, models, factory, git, planning, gateway\n"
    )
    assert "A project's file cannot set it." in aura("config", "describe", "network.allow").out
    (entry,) = objects_of(aura("config", "describe", "code.workers", "--json").json(), "settings")
    assert (entry["takes"], entry["bounds"], entry["services"]) == ("whole number", "≥ 1, ≤ 64", ["code"])
    ran = aura("config", "describe", "log.leve")
    assert (ran.code, "Did you mean log.level" in ran.err) == (4, True)
