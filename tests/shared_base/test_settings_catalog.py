"""What can be set, told to a person, and what a person types, checked."""

from __future__ import annotations

import pytest

from aura_shared.errors import SettingsError
from aura_shared.layers import flatten
from aura_shared.processes import PROCESSES
from aura_shared.redaction import MASK
from aura_shared.settings import Settings
from aura_shared.settings_catalog import SettingInfo, check, describe, setting_info
from aura_shared.settings_effects import PROJECT_SECTIONS, TAKEN_IN, services_for, when_later

pytestmark = pytest.mark.requirement("P7", "U1")


def test_every_setting_is_described() -> None:
    assert [info.key for info in describe()] == [
        f"{section}.{name}" for section, value in Settings() for name, _ in value
    ]
    assert all(info.about and info.takes for info in describe())
    assert {info.takes for info in describe()} == {
        "one of", "true or false", "whole number", "number", "text", "list of texts", "list of tables", "table",
    }  # fmt: skip
    assert setting_info("code.workers") == SettingInfo(
        key="code.workers",
        section="code",
        about="Processes that read files during a first index.",
        takes="whole number",
        default=2,
        bounds="≥ 1, ≤ 64",
        in_project=True,
        services=("code",),
    )
    level = setting_info("log.level")
    assert level.choices == ("debug", "info", "warning", "error", "critical")
    assert (setting_info("network.allow").user_only, level.user_only, level.in_project) == (True, False, False)


def test_defaults_are_accepted_as_they_are_shown() -> None:
    for info in describe():
        text = info.default if isinstance(info.default, str) else str(info.default).replace("'", '"')
        assert check(info.key, text) == info.default


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("code.workers", "5", 5),
        ("code.analysis", "no", False),
        ("code.exclude", "a, b", ["a", "b"]),
        ("code.exclude", "['a,b']", ["a,b"]),
        ("code.exclude", "", []),
        ("findings.levels", '{"a": "error"}', {"a": "error"}),
        ("findings.levels", "{ a = 'error' }", {"a": "error"}),
        ("findings.levels", "", {}),
        ("findings.overrides", '[{"paths": ["a"]}]', [{"paths": ["a"]}]),
        ("supervisor.backoff_max_s", "5", 5.0),
    ],
)
def test_texts_become_values(key: str, text: str, value: object) -> None:
    assert check(key, text) == value


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("code.workers", "0", "code.workers: must be greater than or equal to 1; found '0'"),
        ("log.level", "loud", "log.level: must be 'debug', 'info', 'warning', 'error' or 'critical'; found 'loud'"),
        ("gateway.host", "0.0.0.0", "gateway.host: must be a loopback address"),
        ("findings.levels", "error", "findings.levels: must be a table in JSON"),
        ("findings.levels", "[1]", "findings.levels: must be a valid dictionary; found [1]"),
        ("code.exclude", "[1", "code.exclude: must be a list of texts in JSON"),
        ("code.exclude", "a\udc80", "code.exclude: must be text in UTF-8"),
        ("code.exclude", '["\\ud800"]', "code.exclude: must be text in UTF-8"),
        ("models.servers", MASK, f"models.servers: {MASK} stands for something that is not shown"),
        ("log.levle", "info", "there is no setting log.levle; did you mean log.level?"),
        ("workers", "3", "there is no setting workers; did you mean code.workers or plan.workers"),
        ("tea", "3", "there is no setting tea"),
        ("models.roles.code", "x", "models.roles.code is a part of models.roles"),
    ],
)
def test_what_is_no_value_is_refused_with_what_was_expected(key: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(key, text)
    assert caught.value.message.startswith(message)


def test_every_section_says_who_takes_it_in() -> None:
    assert list(TAKEN_IN) == list(Settings.model_fields)
    services = {spec.name for spec in PROCESSES}
    assert {service for found in TAKEN_IN.values() for service in found} == services - {"bus"}
    assert set(PROJECT_SECTIONS) < set(TAKEN_IN)
    names = [spec.name for spec in PROCESSES if spec.name != "bus"]
    assert services_for(key for key, _ in flatten(Settings().model_dump())) == names
    assert services_for(["network.allow"]) == ["code", "models", "git"]


def test_what_is_not_taken_in_at_once_says_why() -> None:
    assert "aura down" in when_later("bus.out_hwm")
    assert "aura restart bus" in when_later("log.level")
    assert when_later("code.workers") == when_later("supervisor.kept_lines") == ""
    assert when_later("code.workers", in_project=True) == ""
    assert "has no effect" in when_later("findings.tools", in_project=True)
    assert "has no effect" in when_later("git.protected", in_project=True)
