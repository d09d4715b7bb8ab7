"""Reads the settings for people, and plans and makes edits of the files that hold them.

A file keeps its comments, its order and every line that an edit does not touch. An edit is planned first, so that the
difference can be shown, and made only while the file is still what it was then.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import json
import textwrap
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aura_shared.errors import Conflict, SettingsError
from aura_shared.layers import USER_ONLY, Layer, LayerName, flatten, line_of, project_settings, read_layers
from aura_shared.paths import find_paths
from aura_shared.redaction import MASK, mask
from aura_shared.settings import Settings, validate

__all__ = [
    "Edit",
    "Held",
    "SettingInfo",
    "apply_edit",
    "check",
    "describe",
    "file_of",
    "held",
    "plan_edit",
    "text_of_value",
    "undo_of",
]

EditedLayer = Literal["user", "project"]
_Said: TypeAlias = "tuple[LayerName, str, str]"
_Overruled: TypeAlias = "tuple[str, LayerName, str]"
_MODES: Final[Mapping[EditedLayer, int]] = {"user": 0o600, "project": 0o644}
_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Some editors begin a file with it."""


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """What can be set."""

    key: str
    """Section and name, with a dot."""
    section: str
    """Its table in the file."""
    about: str
    """What it means."""
    takes: str
    """Its type, for a person."""
    default: object
    """As JSON would write it."""
    choices: tuple[str, ...] = ()
    """All values, where they are few."""
    bounds: str = ""
    """The range of a number."""
    user_only: bool = False
    """Whether a project's file may not set it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What holds for a setting, and why."""

    value: object
    """As JSON would write it."""
    layer: LayerName = "default"
    """The layer that won."""
    origin: str = ""
    """Where exactly; empty for a default."""
    said: tuple[_Said, ...] = ()
    """What each layer says, weakest first: layer, origin, value as text."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A planned edit of one file."""

    path: Path
    """The file."""
    before: str
    """Its text when this was planned; empty when there is none."""
    after: str
    """Its text once it is made."""
    diff: tuple[str, ...]
    """Unified difference; empty when nothing changes."""
    overruled: tuple[_Overruled, ...] = ()
    """Settings that this does not change, since a stronger layer wins: key, layer, origin."""
    layer: EditedLayer = "user"
    """Whose file it is."""


@cache
def describe() -> tuple[SettingInfo, ...]:
    """Every setting, in the order of the settings file."""
    found: list[SettingInfo] = []
    for section, field in Settings.model_fields.items():
        kind = cast("type[BaseModel]", field.annotation)
        notes = _notes_of(kind)
        defaults = kind().model_dump(mode="json")
        for name, inner in kind.model_fields.items():
            takes, choices = _takes(inner.annotation)
            key = f"{section}.{name}"
            found.append(
                SettingInfo(
                    key, section, notes.get(name, ""), takes, defaults[name], choices, _bounds(inner),
                    user_only=key in USER_ONLY or section in USER_ONLY,
                )
            )  # fmt: skip
    return tuple(found)


def held(layers: Sequence[Layer]) -> dict[str, Held]:
    """What holds for each setting.

    Raises:
        SettingsError: The layers are not valid.
    """
    values = validate(list(layers)).model_dump(mode="json")
    result: dict[str, Held] = {}
    for info in describe():
        section, _, name = info.key.partition(".")
        said: tuple[_Said, ...] = tuple(
            (layer.name, _origin(layer, info.key), text_of_value(value))
            for layer in layers
            if (value := _value_in(layer, info.key)) is not None
        )
        value = values[section][name]
        result[info.key] = Held(value, said[-1][0], said[-1][1], said) if said else Held(value)
    return result


def text_of_value(value: object) -> str:
    """A value as it is typed: text as it is, lists as `a,b` where that is clear, everything else as JSON.

    What has the shape of a secret is not shown.
    """
    if isinstance(value, str):
        return mask(value)
    items = cast("Sequence[object]", value) if isinstance(value, list | tuple) else None
    if items and all(isinstance(item, str) and item == item.strip() and item and "," not in item for item in items):
        joined = ",".join(cast("Sequence[str]", items))
        if not joined.startswith("["):
            return mask(joined)
    text = json.dumps(value, ensure_ascii=False)
    return mask(text) if isinstance(value, dict | list | tuple) else text


def check(key: str, text: str) -> object:
    """The value that a text gives, as JSON would write it.

    Raises:
        SettingsError: There is no such setting, or the text is no value for it.
    """
    info = _info(key)
    section, _, name = key.partition(".")
    if MASK in text:
        raise SettingsError(f"{key}: {MASK} stands for something that is not shown", hint="Type the whole value.")
    value: object = text
    if info.takes == "table":
        try:
            value = json.loads(text or "{}")
        except ValueError as error:
            raise SettingsError(f"{key}: expected a table as JSON; found {text!r}: {error}") from error
    settings = validate([Layer("flag", {section: {name: value}}, {})])
    return settings.model_dump(mode="json")[section][name]


def plan_edit(edits: Mapping[str, str | None], *, layer: EditedLayer, project_root: Path | None = None) -> Edit:
    """What a file would become.

    Args:
        edits: Texts by key; None takes the setting out of the file, so that a weaker layer or the default holds.
        layer: Whose file.
        project_root: Of the project whose file it is, or whose settings count besides.

    Raises:
        SettingsError: The file is not TOML, a value is wrong, or a project may not set it.
    """
    path = file_of(layer, project_root)
    before = _read(path)
    layers = read_layers(project_root)  # Before anything is parsed here: it names file and line of what is wrong.
    after = _edited(before, {key: None if text is None else check(key, text) for key, text in edits.items()})
    _check_project(layer, edits)
    changed = Layer(layer, tomllib.loads(after.removeprefix(_MARK)), {key: _place(path, after, key) for key in edits})
    order: tuple[LayerName, ...] = ("user", "project", "environment", "flag")
    others = [known for known in layers if known.name != layer]
    together = sorted([*others, changed], key=lambda known: order.index(known.name))
    validate(together)
    stronger = [known for known in together if order.index(known.name) > order.index(layer)]
    overruled: tuple[_Overruled, ...] = tuple(
        (key, known.name, _origin(known, key))
        for key in edits
        for known in reversed(stronger)
        if _value_in(known, key) is not None
    )
    return Edit(path, before, after, _diff(before, after, path), overruled, layer)


def apply_edit(edit: Edit) -> None:
    """Write the file, in one step.

    Raises:
        Conflict: It is not what it was when this was planned.
        SettingsError: It cannot be read or written.
    """
    from aura_shared.storage import atomic_write  # noqa: PLC0415 - only for a save

    if _read(edit.path) != edit.before:
        raise Conflict(
            f"{edit.path} was changed by somebody else meanwhile; nothing was written",
            hint="Your edits are still here: look at the difference again.",
        )
    try:
        real = edit.path.resolve()
        real.parent.mkdir(parents=True, exist_ok=True)
        mode = real.stat().st_mode & 0o777 if real.exists() else _MODES[edit.layer]
        atomic_write(real, edit.after.encode(), mode)
    except OSError as error:
        raise SettingsError(f"cannot write {edit.path}: {error.strerror or error}") from error


def undo_of(edit: Edit) -> Edit:
    """The edit that takes one back."""
    return replace(
        edit, before=edit.after, after=edit.before, diff=_diff(edit.after, edit.before, edit.path), overruled=()
    )


def file_of(layer: EditedLayer, project_root: Path | None = None) -> Path:
    """The file of a layer.

    Raises:
        SettingsError: A project's file is wanted without a project.
    """
    if layer == "user":
        return find_paths().user_settings
    if project_root is None:
        raise SettingsError("a project's file is wanted, and no project is chosen", hint="Choose one with p.")
    return project_settings(project_root)


# Files


def _read(path: Path) -> str:
    """The text of a file; empty when there is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _edited(before: str, values: Mapping[str, object]) -> str:
    """The text with these values; None takes one out, and its table with it when nothing else is in there."""
    import tomlkit  # noqa: PLC0415 - only for an edit
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - only for an edit

    try:
        document = tomlkit.parse(before.removeprefix(_MARK))
        for key, value in values.items():
            section, _, name = key.partition(".")
            if value is None:
                _take_out(cast("MutableMapping[str, Any]", document), section, name)
            else:
                _table_of(cast("MutableMapping[str, Any]", document), section)[name] = value
        return (_MARK if before.startswith(_MARK) else "") + tomlkit.dumps(document)
    except TOMLKitError as error:
        raise SettingsError(f"the settings file cannot be edited: {error}", hint="Edit it by hand.") from error


def _table_of(document: MutableMapping[str, Any], section: str) -> MutableMapping[str, Any]:
    """The table of a section, which is made when there is none.

    Raises:
        SettingsError: Something else has its name.
    """
    import tomlkit  # noqa: PLC0415 - only for an edit

    if section not in document:
        document[section] = tomlkit.table()
    table: object = document[section]
    if not isinstance(table, MutableMapping):
        raise SettingsError(f"{section} must be a table and is a plain value", hint="Correct the file by hand.")
    return cast("MutableMapping[str, Any]", table)


def _take_out(document: MutableMapping[str, Any], section: str, name: str) -> None:
    if section not in document:
        return
    table = _table_of(document, section)
    table.pop(name, None)
    as_string = getattr(table, "as_string", None)
    if not table and (as_string is None or not as_string().strip()):
        del document[section]


def _check_project(layer: EditedLayer, edits: Mapping[str, str | None]) -> None:
    forbidden = [key for key, text in edits.items() if text is not None and _info(key).user_only]
    if layer == "project" and forbidden:
        raise SettingsError(
            f"a project may not set {', '.join(forbidden)}", hint="Save these to your own file instead."
        )


def _diff(before: str, after: str, path: Path) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), f"{path} (new)", lineterm="", n=2)
    return tuple(mask(line) for line in lines)


# Layers


def _value_in(layer: Layer, key: str) -> object | None:
    section, _, name = key.partition(".")
    table = layer.values.get(section)
    return cast("Mapping[str, object]", table).get(name) if isinstance(table, dict) else None


def _origin(layer: Layer, key: str) -> str:
    """Where a layer sets a setting, or the first thing inside it."""
    if key in layer.origins:
        return layer.origins[key]
    inside = [inner for inner, _ in flatten(layer.values) if inner.startswith(f"{key}.")]
    return layer.origins.get(inside[0], "") if inside else ""


def _place(path: Path, text: str, key: str) -> str:
    line = line_of(text, key)
    return f"{path}:{line}" if line else str(path)


# Descriptions


def _info(key: str) -> SettingInfo:
    known = {info.key: info for info in describe()}
    found = known.get(key)
    if found is None:
        near = difflib.get_close_matches(key, known, n=1)
        raise SettingsError(f"there is no setting {key}" + (f"; did you mean {near[0]}?" if near else ""))
    return found


def _notes_of(kind: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a class."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(declared, ast.ClassDef)
    notes: dict[str, str] = {}
    for field, note in zip(declared.body, declared.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
            notes[field.target.id] = " ".join(inspect.cleandoc(str(ast.literal_eval(note.value))).split())
    return notes


def _takes(annotation: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401 - an annotation can be anything
    """A type in words, and its values where they are few."""
    inner = cast("tuple[object, ...]", getattr(annotation, "__args__", ()))
    if inner and all(isinstance(choice, str) for choice in inner):
        return "one of several", cast("tuple[str, ...]", inner)
    if getattr(annotation, "__origin__", None) is dict:
        return "table", ()
    if inner and isinstance(inner[0], type) and issubclass(inner[0], BaseModel):
        return "list of tables", ()
    if annotation is bool:
        return "yes or no", ("true", "false")
    names: Mapping[object, str] = {int: "whole number", float: "number", str: "text"}
    return names.get(annotation, "list of texts"), ()


def _bounds(field: FieldInfo) -> str:
    signs = ((Ge, "≥", "ge"), (Gt, ">", "gt"), (Le, "≤", "le"), (Lt, "<", "lt"))
    bounds = cast("list[object]", field.metadata)
    words = [
        f"{sign} {getattr(bound, name):,}" for bound in bounds for kind, sign, name in signs if isinstance(bound, kind)
    ]
    return ", ".join(words)
