"""What holds for each setting and which layer says so, and values as a person types them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from aura_shared.layers import Layer, LayerName, flatten
from aura_shared.redaction import MASK, mask
from aura_shared.settings import validate
from aura_shared.settings_catalog import describe

__all__ = ["Held", "Said", "held", "text_of_value"]


class Said(NamedTuple):
    """What one layer says of a setting."""

    layer: LayerName
    """The layer."""
    origin: str
    """Where exactly: `path:line`, a variable."""
    text: str
    """The value as it is typed."""


@dataclass(frozen=True, slots=True)
class Held:
    """What holds for a setting, and why."""

    value: object
    """As JSON has it."""
    said: tuple[Said, ...] = ()
    """What each layer says, the one that wins last; empty where the default holds."""

    @property
    def layer(self) -> LayerName:
        """The layer that wins."""
        return self.said[-1].layer if self.said else "default"

    @property
    def origin(self) -> str:
        """Where exactly it is set; empty for a default."""
        return self.said[-1].origin if self.said else ""


def held(layers: Sequence[Layer]) -> dict[str, Held]:
    """What holds for each setting, by key. A value that is not to be shown is left out.

    Raises:
        SettingsError: The layers are not valid.
    """
    values = validate(list(layers)).model_dump(mode="json")
    found: dict[str, Held] = {}
    for info in describe():
        section, _, name = info.key.partition(".")
        said = [one for layer in layers if (one := _said(layer, section, name)) is not None]
        value: object = values[section][name]
        if info.secret:
            value, said = MASK, [one._replace(text=MASK) for one in said]
        found[info.key] = Held(value, tuple(said))
    return found


def text_of_value(value: object) -> str:
    """A value as it is typed: text as it is, lists as `a,b` where that is clear, everything else as JSON.

    What has the shape of a secret is not shown.
    """
    if isinstance(value, str):
        return mask(value)
    items = cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
    plain = [item for item in items if isinstance(item, str) and item and item == item.strip() and "," not in item]
    if plain and len(plain) == len(items) and not plain[0].startswith("["):
        return mask(",".join(plain))
    text = json.dumps(value, ensure_ascii=False)
    return mask(text) if isinstance(value, dict | list | tuple) else text


def _said(layer: Layer, section: str, name: str) -> Said | None:
    table = layer.values.get(section)
    if not isinstance(table, dict) or name not in table:
        return None
    key = f"{section}.{name}"
    inside = next((inner for inner, _ in flatten(layer.values) if inner.startswith(f"{key}.")), "")
    origin = layer.origins.get(key) or layer.origins.get(inside, "")
    return Said(layer.name, origin, text_of_value(cast("dict[str, object]", table)[name]))
