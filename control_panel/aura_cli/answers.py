"""Read fields of JSON answers with their types checked: what is missing or of another kind becomes the default.

The command line does not load the pydantic models of the messages (that costs more than a whole search).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

JsonObject = dict[str, object]
"""An object as `json.loads` gives it."""


def as_object(value: object) -> JsonObject:
    """`value` when it is an object, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def parse_object(text: str | bytes) -> JsonObject:
    """The JSON object in `text`.

    Raises:
        ValueError: It is not JSON, or not an object.
    """
    value: object = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("a JSON object was expected")  # noqa: TRY004 - bad content, not a bad call
    return cast("JsonObject", value)


def text_of(source: Mapping[str, object], key: str, default: str = "") -> str:
    """The text at `key`."""
    value = source.get(key)
    return value if isinstance(value, str) else default


def number_of(source: Mapping[str, object], key: str, default: float = 0) -> float:
    """The number at `key`."""
    value = source.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def count_of(source: Mapping[str, object], key: str, default: int = 0) -> int:
    """The whole number at `key`."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def flag_of(source: Mapping[str, object], key: str, *, default: bool = False) -> bool:
    """The truth value at `key`."""
    value = source.get(key)
    return value if isinstance(value, bool) else default


def object_of(source: Mapping[str, object], key: str) -> JsonObject:
    """The object at `key`."""
    return as_object(source.get(key))


def objects_of(source: Mapping[str, object], key: str) -> list[JsonObject]:
    """The objects in the list at `key`."""
    value = source.get(key)
    if not isinstance(value, list):
        return []
    return [cast("JsonObject", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def texts_of(source: Mapping[str, object], key: str) -> list[str]:
    """The texts in the list at `key`."""
    value = source.get(key)
    if not isinstance(value, list):
        return []
    return [item for item in cast("list[object]", value) if isinstance(item, str)]
