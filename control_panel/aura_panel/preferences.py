"""What the settings say of the panel. Wrong ones never keep it from starting: it is where they are mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_panel.themes import THEMES
from aura_shared.errors import SettingsError
from aura_shared.layers import flatten, merge, read_layers

if TYPE_CHECKING:
    from aura_shared.settings import Settings

__all__ = ["settings_or_defaults", "theme_of_settings"]

_USUAL_THEME: Final = "dark"


def theme_of_settings() -> str:
    """The theme that the settings name; the dark one where they cannot be read.

    The layers are read without the models of the settings, which would delay the first picture.
    """
    try:
        values = dict(flatten(merge(read_layers())))
    except SettingsError:
        return _USUAL_THEME
    found = values.get("panel.theme")
    return found if isinstance(found, str) and found in THEMES else _USUAL_THEME


def settings_or_defaults() -> Settings:
    """The settings that hold now; the defaults where they are wrong."""
    from aura_shared.settings import Settings, load_settings  # noqa: PLC0415 - needs pydantic

    try:
        return load_settings()
    except SettingsError:
        return Settings()
