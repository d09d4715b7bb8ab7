"""What the settings say of the panel, and a panel that starts although they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_panel.main import main, parser
from aura_panel.preferences import settings_or_defaults, theme_of_settings
from aura_shared.paths import find_paths


def write_settings(text: str) -> None:
    file = find_paths().prepare().user_settings
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("", "dark"),
        ('[panel]\ntheme = "contrast-light"\n', "contrast-light"),
        ('[panel]\ntheme = "pink"\n', "dark"),
        ("[panel\n", "dark"),
        ("panel = 3\n", "dark"),
    ],
    ids=["nothing set", "a theme", "no such theme", "no TOML", "no table"],
)
def test_the_theme_is_that_of_the_settings(aura_home: Path, text: str, theme: str) -> None:
    del aura_home
    write_settings(text)
    assert theme_of_settings() == theme


def test_settings_that_are_wrong_give_the_defaults(aura_home: Path) -> None:
    del aura_home
    write_settings("[panel]\nlog_lines = 5000\n")
    assert settings_or_defaults().panel.log_lines == 5000
    write_settings("[panel]\nlog_lines = 5\n")
    assert settings_or_defaults().panel.log_lines == 100_000


def test_an_option_wins_over_the_settings() -> None:
    assert parser().parse_args([]).theme is None
    assert parser().parse_args(["--theme", "light"]).theme == "light"


def test_without_a_terminal_it_says_what_to_use_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "aura status" in capsys.readouterr().err
