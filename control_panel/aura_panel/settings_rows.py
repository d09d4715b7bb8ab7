"""Settings as rows and as text: values, where they come from, what would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.text import Text

from aura_cli.screen import safe
from aura_panel.settings_desk import Edit, Held, SettingInfo, text_of_value
from aura_panel.widgets.listing import ListColumn

__all__ = [
    "COLUMNS",
    "edit_text",
    "setting_details",
    "setting_rows",
]

Colours = Mapping[str, str]
COLUMNS: Final = (
    ListColumn("Setting", most=34),
    ListColumn("Value", stretch=True),
    ListColumn("From", most=11),
    ListColumn("Where", most=44, rank=1, front=True),
)
_LAYERS: Final = {
    "default": "default",
    "user": "your file",
    "project": "project",
    "environment": "environment",
    "flag": "flag",
}


def setting_rows(
    infos: Iterable[SettingInfo], held: Mapping[str, Held], pending: Mapping[str, str | None], colours: Colours
) -> dict[str, list[Text]]:
    """A row for each setting."""
    return {info.key: _row(info, held.get(info.key), pending, colours) for info in infos}


def _row(info: SettingInfo, held: Held | None, pending: Mapping[str, str | None], colours: Colours) -> list[Text]:
    name = info.key.partition(".")[2]
    layer = held.layer if held is not None else "default"
    mark = "*" if info.key in pending else "▸" if layer != "default" else " "
    tone = colours["accent"] if mark == "*" else colours["primary"]
    value = Text(_shown(held.value if held is not None else info.default))
    if layer != "default":
        value.stylize("bold")
    if info.key in pending:
        value.append(" → ", colours["muted"]).append(_new(info, pending[info.key]), f"bold {colours['accent']}")
    return [
        Text.assemble((mark, tone), (f"{info.section}.", colours["muted"]), (name, "bold" if mark != " " else "")),
        value,
        Text(_LAYERS[layer], colours["muted"] if layer == "default" else colours["secondary"]),
        Text(safe(held.origin) if held is not None else "", colours["muted"]),
    ]


def _shown(value: object) -> str:
    """A value in a line."""
    return safe(text_of_value(value)) or '""'


def _new(info: SettingInfo, text: str | None) -> str:
    return f"{_shown(info.default)} (default)" if text is None else safe(text) or '""'


def setting_details(info: SettingInfo, held: Held | None, pending: Mapping[str, str | None], colours: Colours) -> Text:
    """All that is known of a setting."""
    text = Text(f"{info.about}\n\n")
    takes = ", ".join(info.choices) if info.choices else f"{info.takes} {info.bounds}".strip()
    pairs: list[tuple[str, Text]] = [
        ("Takes", Text(takes)),
        ("Default", Text(_shown(info.default))),
        ("In force", Text(_shown(held.value) if held is not None else "unknown")),
    ]
    if info.key in pending:
        pairs.append(("Not saved", Text(_new(info, pending[info.key]), f"bold {colours['accent']}")))
    longest = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        text.append(f"{name.ljust(longest)}  ", colours["muted"]).append_text(value).append("\n")
    if info.user_only:
        text.append("\nOnly your own file may set it, not a project's.\n", colours["warning"])
    said = held.said if held is not None else ()
    for number, (layer, origin, value) in enumerate(said):
        wins = number == len(said) - 1
        text.append("\n" if not number else "")
        text.append(f"{'▸' if wins else ' '} {_LAYERS[layer]}: ", "bold" if wins else colours["muted"])
        text.append(f"{safe(value)}", "bold" if wins else "").append(f"  {safe(origin)}\n", colours["muted"])
    text.rstrip()
    return text


def edit_text(edit: Edit, colours: Colours) -> Text:
    """The difference that an edit makes to its file, and what it does not change."""
    text = Text(f"{edit.path}\n\n", colours["muted"])
    for line in edit.diff[2:]:
        tone = {"+": colours["success"], "-": colours["error"], "@": colours["muted"]}.get(line[:1], "")
        text.append(f"{safe(line)}\n", tone)
    for key, layer, origin in edit.overruled:
        text.append(f"\n! {key} stays as it is: {_LAYERS[layer]} wins ({safe(origin)}).", colours["warning"])
    return text
