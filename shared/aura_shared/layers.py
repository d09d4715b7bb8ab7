"""Settings before they are validated: the layers, what each says, and which one wins.

Only the standard library is needed here, so that the supervisor can start the bus before it pays for pydantic.
A later layer wins over an earlier one, key by key: defaults < user file < project file < environment < flags.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

from aura_shared.errors import SettingsError
from aura_shared.paths import find_paths

__all__ = [
    "BYTE_ORDER_MARK",
    "Layer",
    "LayerName",
    "Table",
    "flatten",
    "line_of",
    "merge",
    "project_settings",
    "read_layers",
    "read_settings_text",
]

BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Some editors begin a file with it."""

_DEEPEST: Final = 16  # Settings need four levels.

Table: TypeAlias = "dict[str, object]"
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_SETTING = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")

LayerName = Literal["default", "user", "project", "environment", "flag"]

ENVIRONMENT_PREFIXES: Final = ("CODEGEN_LAB_CONFIG_", "AURA_")  # The last one wins.

USER_ONLY: Final = frozenset({"network", "gateway.host", "gateway.allowed_origins", "supervisor", "bus"})
"""What a project file may not set: a repository that somebody cloned must not open the machine to others."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source of settings says."""

    name: LayerName
    """Which layer it is."""
    values: Table
    """Nested tables, as TOML gives them; values from the environment and from flags are strings."""
    origins: Mapping[str, str]
    """For each dotted key where it was set, for a person: `path:line`, a variable, a flag."""


def project_settings(project_root: Path) -> Path:
    """The settings file of a project."""
    return project_root / ".aura" / "config.toml"


def read_layers(
    project_root: Path | None = None,
    flags: Mapping[str, str] | None = None,
    *,
    user_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    texts: Mapping[LayerName, str] | None = None,
) -> list[Layer]:
    """The layers above the defaults that say anything, weakest first.

    Args:
        project_root: Whose `.aura/config.toml` counts; none without it.
        flags: Dotted keys and their values.
        user_file: Instead of the user's own file.
        environ: Instead of the environment of this process.
        texts: For a layer the text that its file is to hold, instead of what it holds.

    Raises:
        SettingsError: A file is not TOML, cannot be read, or a project file sets what only the user may set.
    """
    texts = texts or {}
    user_file = find_paths().user_settings if user_file is None else user_file
    layers = [_file_layer("user", user_file, texts.get("user"))]
    if project_root is not None:
        layers.append(_project_layer(project_root, texts.get("project")))
    layers.append(_environment_layer(os.environ if environ is None else environ))
    layers.append(_flag_layer(flags or {}))
    return [layer for layer in layers if layer.values]


def merge(layers: list[Layer]) -> Table:
    """All layers in one table; nested tables are merged key by key, everything else is replaced."""
    result: Table = {}
    for layer in layers:
        _merge_into(result, layer.values)
    return result


def flatten(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Pairs of dotted key and value; an empty table gives itself."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from flatten(cast("Table", value), f"{name}.")
        else:
            yield name, value


def line_of(text: str, key: str) -> int | None:
    """The line of a TOML text that sets a dotted key, or its table; None for forms this simple reader does not know."""
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _plain_key(header.group(1))
            name = table
        elif setting := re.match(
            r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line
        ):
            name = f"{table}.{_plain_key(setting.group(1))}".lstrip(".")
        else:
            continue
        if name == key:
            return number
    return None


def _deeper_than(most: int, values: Table) -> bool:
    """Whether tables and lists lie deeper in each other than what reads them can follow."""
    level: list[object] = [values]
    for _ in range(most):
        inside = [list(cast("Table", one).values()) if isinstance(one, dict) else one for one in level]
        level = [one for some in inside for one in cast("list[object]", some) if isinstance(one, dict | list)]
    return bool(level)


def _tables_and_keys(values: Mapping[str, object]) -> Iterator[str]:
    for key, _ in flatten(values):
        parts = key.split(".")
        yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _plain_key(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))


def _merge_into(result: Table, values: Mapping[str, object]) -> None:
    for key, value in values.items():
        existing = result.get(key)
        if isinstance(existing, dict) and isinstance(value, dict):
            _merge_into(cast("Table", existing), cast("Table", value))
        elif isinstance(value, dict):
            result[key] = fresh = cast("Table", {})
            _merge_into(fresh, cast("Table", value))
        else:
            result[key] = value


def read_settings_text(path: Path) -> str | None:
    """The text of a settings file, with its line ends and its byte order mark; None without a file.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} must be UTF-8, and is not: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from error


def _file_layer(name: LayerName, path: Path, instead: str | None = None) -> Layer:
    text = read_settings_text(path) if instead is None else instead
    if text is None:
        return Layer(name, {}, {})
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        values = cast("Table", tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        line = place.group(1) if place else str(len(text.splitlines()) or 1)
        raise SettingsError(f"{path}:{line}: not valid TOML: {error}", hint="Correct that line.") from error
    if _deeper_than(_DEEPEST, values):
        raise SettingsError(f"{path}: tables and lists lie in each other more than {_DEEPEST} deep")
    lines = {key: line_of(text, key) for key in _tables_and_keys(values)}
    return Layer(name, values, {key: f"{path}:{line}" if line else str(path) for key, line in lines.items()})


def _project_layer(project_root: Path, instead: str | None) -> Layer:
    layer = _file_layer("project", project_settings(project_root), instead)
    for key, _ in flatten(layer.values):
        if key in USER_ONLY or key.partition(".")[0] in USER_ONLY:
            raise SettingsError(
                f"{layer.origins[key]}: {key} cannot be set by a project",
                hint=f"Set it in your own file: {find_paths().user_settings}",
            )
    return layer


def _environment_layer(environ: Mapping[str, str]) -> Layer:
    found: dict[str, str] = {}
    origins: dict[str, str] = {}
    for prefix in ENVIRONMENT_PREFIXES:
        for variable, value in sorted(environ.items()):
            section, separator, key = variable.removeprefix(prefix).partition("__")
            if variable.startswith(prefix) and separator and section and key:
                dotted = f"{section}.{key.replace('__', '.')}".lower()
                found[dotted] = value
                origins.update(dict.fromkeys(_tables_and_keys({dotted: ""}), variable))
    return Layer("environment", _nest(found), origins)


def _flag_layer(flags: Mapping[str, str]) -> Layer:
    return Layer("flag", _nest(flags), {name: f"--set {key}" for key in flags for name in _tables_and_keys({key: ""})})


def _nest(flat: Mapping[str, str]) -> Table:
    result: Table = {}
    for dotted, value in flat.items():
        *tables, key = dotted.split(".")
        place = result
        for table in tables:
            inner = place.setdefault(table, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"{dotted} is set, and {table} is set to a plain value as well")
            place = cast("Table", inner)
        place[key] = value
    return result
