"""Settings as rows and as text: values, where they come from, what would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rich.text import Text

from aura_cli.screen import safe
from aura_panel.settings_desk import Held, Said, text_of_value
from aura_panel.widgets.listing import ListColumn
from aura_shared.settings_catalog import SettingInfo
from aura_shared.settings_editing import Edit

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
    pairs = list(_facts(info, held, pending, colours))
    longest = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        text.append(f"{name.ljust(longest)}  ", colours["muted"]).append_text(value).append("\n")
    text.rstrip()
    return text


def _facts(
    info: SettingInfo, held: Held | None, pending: Mapping[str, str | None], colours: Colours
) -> Iterator[tuple[str, Text]]:
    if info.key in pending:
        yield "Not saved", Text(_new(info, pending[info.key]), f"bold {colours['accent']}")
    said = held.said if held is not None else ()
    now = Text.assemble((_shown(held.value) if held is not None else "unknown", "bold"))
    yield "In force", now.append_text(_from(said[-1], colours)) if said else now
    for one in reversed(said[:-1]):
        yield "Overruled", Text(safe(one.text)).append_text(_from(one, colours))
    yield "Default", Text(_shown(info.default))
    yield "Takes", Text(", ".join(info.choices) if info.choices else f"{info.takes} {info.bounds}".strip())
    if info.services:
        yield "Restarts", Text(", ".join(info.services))
    if not info.in_project:
        yield "In projects", Text("a project may not set it" if info.user_only else "has no effect in a project's file")


def _from(said: Said, colours: Colours) -> Text:
    return Text(f"  {_LAYERS[said.layer]}, {safe(said.origin)}", colours["muted"])


def edit_text(edit: Edit, colours: Colours) -> Text:
    """The difference that an edit makes to its file, and what it does not change."""
    text = Text(f"{edit.path}\n\n", colours["muted"])
    for line in edit.diff[2:]:
        tone = {"+": colours["success"], "-": colours["error"], "@": colours["muted"]}.get(line[:1], "")
        text.append(f"{safe(line)}\n", tone)
    for key, layer, origin in edit.overruled:
        text.append(f"\n! {key} stays as it is: {_LAYERS[layer]} wins ({safe(origin)}).", colours["warning"])
    return text
