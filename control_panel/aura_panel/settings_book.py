"""The settings as a person works on them: what holds, what is looked for, what was edited and is not saved yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from aura_panel.settings_desk import Held, held, text_of_value
from aura_shared.errors import SettingsError
from aura_shared.layers import read_layers
from aura_shared.settings_catalog import SettingInfo, check, describe
from aura_shared.settings_editing import Edit

__all__ = ["SettingsBook", "matching"]


class SettingsBook:
    """Edits are collected here until they are saved; reading the files again loses none of them."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        """What holds, by key; empty until it could be read."""
        self.problem = ""
        """Why the settings could not be read last."""
        self.pending: dict[str, str | None] = {}
        """Texts of edits by key; None takes the setting out of its file."""
        self.words = ""
        """What is looked for."""
        self.only_changed = False
        """Whether settings at their default are left out."""
        self.saved: list[Edit] = []
        """What was saved, for undo."""

    def read(self, root: Path | None) -> None:
        """Read all layers again; where something is wrong in them, what was known stays."""
        try:
            self.held = held(read_layers(root))
            self.problem = ""
        except SettingsError as error:
            self.problem = error.message

    def infos(self) -> list[SettingInfo]:
        """The settings that are looked for."""
        return [info for info in matching(describe(), self.words) if not self.only_changed or self._differs(info.key)]

    def changed(self) -> int:
        """How many settings are not at their default."""
        return sum(one.layer != "default" for one in self.held.values())

    def text_now(self, info: SettingInfo) -> str:
        """The text to begin an edit with."""
        pending, known = self.pending.get(info.key), self.held.get(info.key)
        return pending if pending is not None else text_of_value(known.value if known is not None else info.default)

    def take(self, info: SettingInfo, text: str) -> None:
        """Note an edit; one that changes nothing is none.

        Raises:
            SettingsError: The text is no value.
        """
        value, known = check(info.key, text), self.held.get(info.key)
        if known is not None and value == known.value:
            self.pending.pop(info.key, None)
        else:
            self.pending[info.key] = text

    def reset(self, info: SettingInfo) -> str:
        """Take a setting out of its file; what to tell when there is nothing to take out."""
        known = self.held.get(info.key)
        said = known.said if known is not None else ()
        if any(one.layer in {"user", "project"} for one in said):
            self.pending[info.key] = None
            return ""
        if self.pending.pop(info.key, None) is not None:
            return ""
        return (
            f"{info.key} comes from {said[-1].origin}; no file sets it." if said else f"{info.key} is at its default."
        )

    def likely_layer(self) -> Literal["user", "project"]:
        """Where edits most likely belong: the project's file where all of them come from there."""
        layers = {self.held[key].layer for key in self.pending if key in self.held}
        return "project" if layers == {"project"} else "user"

    def not_for_a_project(self) -> list[str]:
        """Edited settings that have no effect in a project's file, or may not stand there."""
        return [info.key for info in describe() if not info.in_project and self.pending.get(info.key) is not None]

    def note_saved(self, edit: Edit, done: Mapping[str, str | None]) -> None:
        """Forget the edits that were saved, but not what was edited meanwhile."""
        self.saved.append(edit)
        for key, text in done.items():
            if key in self.pending and self.pending[key] == text:
                del self.pending[key]

    def _differs(self, key: str) -> bool:
        return key in self.pending or (key in self.held and self.held[key].layer != "default")


def matching(infos: Iterable[SettingInfo], words: str) -> list[SettingInfo]:
    """The settings whose name or meaning has all the words."""
    wanted = words.casefold().split()
    return [info for info in infos if all(word in f"{info.key} {info.about}".casefold() for word in wanted)]
