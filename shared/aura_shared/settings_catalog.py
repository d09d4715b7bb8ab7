"""What can be set: every setting with its meaning, type, bounds and default, and a check of what a person types."""

from __future__ import annotations

import ast
import difflib
import inspect
import json
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, cast, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura_shared.errors import SettingsError
from aura_shared.layers import USER_ONLY, Layer, Table
from aura_shared.redaction import MASK
from aura_shared.settings import Settings, validate
from aura_shared.settings_effects import counts_in_project, services_for

__all__ = ["SECRET", "SettingInfo", "check", "describe", "near_keys", "setting_info"]

SECRET: Final[frozenset[str]] = frozenset()
"""Settings whose value is not to be shown. None: credentials are kept by `aura secrets`, settings only name them."""

_MOST_SHOWN: Final = 200  # Characters of a wrong text that an error repeats.


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting, for a person."""

    key: str
    """Section and name, with a dot."""
    section: str
    """Its table in the file."""
    about: str
    """What it means."""
    takes: str
    """Its type in words: `whole number`, `number`, `text`, `true or false`, `one of`, `list of texts`,
    `list of tables`, `table`."""
    default: object
    """As JSON has it."""
    choices: tuple[str, ...] = ()
    """All values, where they are few."""
    bounds: str = ""
    """The range of a number in words."""
    user_only: bool = False
    """Whether a project's file is refused when it sets it."""
    in_project: bool = False
    """Whether what a project's file says of it has an effect."""
    services: tuple[str, ...] = ()
    """The services that are started anew to take it in."""
    secret: bool = False
    """Whether its value is not to be shown."""


@cache
def describe() -> tuple[SettingInfo, ...]:
    """Every setting, in the order of the settings file."""
    found: list[SettingInfo] = []
    for section, field in Settings.model_fields.items():
        kind = cast("type[BaseModel]", field.annotation)
        notes = _notes_of(kind)
        defaults = cast("Table", kind().model_dump(mode="json"))
        for name, inner in kind.model_fields.items():
            key = f"{section}.{name}"
            takes, choices = _kind_of(inner.annotation)
            found.append(
                SettingInfo(
                    key=key,
                    section=section,
                    about=notes[name],
                    takes=takes,
                    default=defaults[name],
                    choices=choices,
                    bounds=_bounds_of(inner),
                    user_only=key in USER_ONLY or section in USER_ONLY,
                    in_project=counts_in_project(key),
                    services=tuple(services_for([key])),
                    secret=key in SECRET,
                )
            )
    return tuple(found)


def setting_info(key: str) -> SettingInfo:
    """What is known of a setting.

    Raises:
        SettingsError: There is no such setting; names the nearest.
    """
    found = _by_key().get(key)
    if found is not None:
        return found
    outer = next((known for known in _by_key() if key.startswith(f"{known}.")), None)
    if outer is not None:
        raise SettingsError(f"{key} is a part of {outer}", hint=f"Set {outer} as a whole, as JSON.")
    near = " or ".join(near_keys(key))
    raise SettingsError(
        f"there is no setting {key}" + (f"; did you mean {near}?" if near else ""),
        hint="`aura config describe` lists all of them.",
    )


def near_keys(key: str) -> list[str]:
    """The settings that look most like a mistyped one, nearest first."""
    near = difflib.get_close_matches(key, _by_key(), n=3, cutoff=0.6)
    named = [known for known in _by_key() if known.partition(".")[2] == key]
    return [*named, *(one for one in near if one not in named)][:3]


def check(key: str, text: str) -> object:
    """The value that a typed text gives, as JSON has it.

    A list is written `a,b`, as JSON or as TOML, a table as JSON or as TOML.

    Raises:
        SettingsError: There is no such setting, or the text is no value for it: what, expected, found.
    """
    info = setting_info(key)
    _refuse_unwritable(key, text)
    section, _, name = key.partition(".")
    value: object = text
    if info.takes == "table" or (info.takes.startswith("list") and text.lstrip().startswith("[")):
        value = _structure(info, text)
    try:
        settings = validate([Layer("flag", {section: {name: value}}, {})])
    except SettingsError as error:
        raise SettingsError(error.message, hint=f"`aura config describe {key}` tells what it takes.") from error
    found: object = settings.model_dump(mode="json", exclude_unset=True)[section][name]
    _refuse_unwritable(key, json.dumps(found, ensure_ascii=False))
    return found


@cache
def _by_key() -> Mapping[str, SettingInfo]:
    return {info.key: info for info in describe()}


def _refuse_unwritable(key: str, text: str) -> None:
    if MASK in text:
        raise SettingsError(f"{key}: {MASK} stands for something that is not shown", hint="Write the whole value.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SettingsError(f"{key}: must be text in UTF-8; found {text[:_MOST_SHOWN]!r}") from error


def _structure(info: SettingInfo, text: str) -> object:
    """A list or a table out of JSON or TOML."""
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return tomllib.loads(f"value = {text.strip()}")["value"]
        except (tomllib.TOMLDecodeError, RecursionError):
            shown = text[:_MOST_SHOWN]
            raise SettingsError(f"{info.key}: must be a {info.takes} in JSON ({error}); found {shown!r}") from error


def _notes_of(kind: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a class."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(declared, ast.ClassDef)
    notes: dict[str, str] = {}
    for field, note in zip(declared.body, declared.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            notes[field.target.id] = " ".join(inspect.cleandoc(str(ast.literal_eval(note.value))).split())
    return notes


def _bounds_of(field: FieldInfo) -> str:
    """The allowed range in words."""
    words: list[str] = []
    for bound in cast("list[object]", field.metadata):
        if isinstance(bound, Ge):
            words.append(f"≥ {_number(bound.ge)}")
        elif isinstance(bound, Gt):
            words.append(f"> {_number(bound.gt)}")
        elif isinstance(bound, Le):
            words.append(f"≤ {_number(bound.le)}")
        elif isinstance(bound, Lt):
            words.append(f"< {_number(bound.lt)}")
    return ", ".join(words)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _kind_of(annotation: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401 - an annotation can be anything
    """A type in words, and its values where they are few."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of", cast("tuple[str, ...]", inside)
    if annotation is bool:
        return "true or false", ("true", "false")
    if origin is dict:
        return "table", ()
    if origin is tuple:
        return ("list of tables" if issubclass(inside[0], BaseModel) else "list of texts"), ()
    return {int: "whole number", float: "number", str: "text"}[annotation], ()
