"""Plans and makes edits of the files that hold the settings.

An edit is planned first, so that the difference can be shown, and made only while the file is still what it was then.
What the file held before is kept, and `undo_of` gives the edit that brings it back.
"""

from __future__ import annotations

import difflib
import os
import time
import tomllib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

from aura_shared.errors import Conflict, SettingsError, StorageError
from aura_shared.layers import (
    BYTE_ORDER_MARK,
    Layer,
    LayerName,
    flatten,
    project_settings,
    read_layers,
    read_settings_text,
)
from aura_shared.locks import take_lock
from aura_shared.paths import find_paths, private_folder
from aura_shared.redaction import mask
from aura_shared.settings import validate
from aura_shared.settings_catalog import SettingInfo, check, describe, setting_info
from aura_shared.storage import atomic_write
from aura_shared.toml_editing import remove_value, set_value

__all__ = [
    "Edit",
    "EditedLayer",
    "Overruled",
    "SettingInfo",
    "apply_edit",
    "check",
    "describe",
    "file_of",
    "plan_edit",
    "undo_of",
]

EditedLayer = Literal["user", "project"]

_KEPT: Final = 50  # Former texts, of all settings files together.
_LOCK_WAIT_S: Final = 5.0
_MODES: Final[Mapping[EditedLayer, int]] = {"user": 0o600, "project": 0o644}
_STRENGTH: Final[Sequence[LayerName]] = ("user", "project", "environment", "flag")


class Overruled(NamedTuple):
    """A setting that an edit does not change, since a stronger layer wins."""

    key: str
    """Section and name, with a dot."""
    layer: LayerName
    """The layer that wins."""
    origin: str
    """Where exactly: `path:line`, a variable."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A planned edit of one file."""

    path: Path
    """The file."""
    before: str
    """Its text when this was planned; empty without a file."""
    after: str
    """Its text once it is made."""
    diff: tuple[str, ...]
    """Unified difference, with secrets masked; empty when nothing changes."""
    overruled: tuple[Overruled, ...] = ()
    """Settings that this does not change."""
    layer: EditedLayer = "user"
    """Whose file it is."""
    keys: tuple[str, ...] = ()
    """The settings that it is about."""


def plan_edit(edits: Mapping[str, str | None], *, layer: EditedLayer, project_root: Path | None = None) -> Edit:
    """What a settings file would become; nothing is written.

    Args:
        edits: Typed texts by key; None takes the setting out of the file, so that a weaker layer or the default holds.
        layer: Whose file.
        project_root: The project whose file it is, or whose settings count besides.

    Raises:
        SettingsError: A key is unknown, a value is wrong, a project may not set it, or a file is not TOML: names file
            and line.
    """
    path = file_of(layer, project_root)
    values = {key: _value_of(key, text, layer) for key, text in edits.items()}
    before = read_settings_text(path) or ""
    mark = BYTE_ORDER_MARK if before.startswith(BYTE_ORDER_MARK) else ""
    _refuse_bad_toml(before, layer, project_root)
    after = before.removeprefix(mark)
    for key, value in values.items():
        section, _, name = key.partition(".")
        after = remove_value(after, section, name) if value is None else set_value(after, section, name, value)
    after = mark + after
    layers = read_layers(project_root, texts={layer: after})
    validate(layers)
    overruled = tuple(_overruled(edits, layers, layer))
    return Edit(path, before, after, _difference(before, after, path), overruled, layer, tuple(edits))


def apply_edit(edit: Edit) -> Path | None:
    """Write the file as a whole, with the mode that it has; returns where its former text is kept, if it had any.

    Raises:
        Conflict: It is not what it was when this was planned; nothing is written.
        SettingsError: It cannot be read.
        StorageError: It cannot be written.
    """
    if edit.before == edit.after:
        return None
    real = Path(os.path.realpath(edit.path))
    with _sole_writer() as kept:
        if (read_settings_text(real) or "") != edit.before:
            raise Conflict(f"{edit.path} was changed in the meantime; nothing was written", hint="Try once more.")
        former = _keep(kept, edit) if edit.before else None
        try:
            real.parent.mkdir(mode=0o700 if edit.layer == "user" else 0o777, parents=True, exist_ok=True)
            mode = real.stat().st_mode & 0o777 if real.exists() else _MODES[edit.layer]
        except OSError as error:
            raise StorageError(f"cannot write {edit.path}: {error.strerror or error}") from error
        atomic_write(real, edit.after.encode(), mode)
    return former


def undo_of(edit: Edit) -> Edit:
    """The edit that takes one back."""
    difference = _difference(edit.after, edit.before, edit.path)
    return replace(edit, before=edit.after, after=edit.before, diff=difference, overruled=())


def file_of(layer: EditedLayer, project_root: Path | None = None) -> Path:
    """The file of a layer.

    Raises:
        SettingsError: A project's file is wanted without a project.
    """
    if layer == "user":
        return find_paths().user_settings
    if project_root is None:
        raise SettingsError("the file of a project is wanted, and no project is named", hint="Name a project.")
    return project_settings(project_root)


def _value_of(key: str, text: str | None, layer: EditedLayer) -> object:
    """The value of a typed text; None for a reset."""
    if text is None:
        setting_info(key)
        return None
    value = check(key, text)
    if layer == "project" and setting_info(key).user_only:
        raise SettingsError(
            f"{key} cannot be set by a project", hint=f"Set it in your own file: {find_paths().user_settings}"
        )
    return value


def _refuse_bad_toml(text: str, layer: EditedLayer, project_root: Path | None) -> None:
    try:
        tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    except (tomllib.TOMLDecodeError, RecursionError):
        read_layers(project_root, texts={layer: text})  # Raises with file and line.
        raise


def _overruled(edits: Mapping[str, str | None], layers: Sequence[Layer], layer: EditedLayer) -> Iterator[Overruled]:
    stronger = [known for known in layers if _STRENGTH.index(known.name) > _STRENGTH.index(layer)]
    for key in edits:
        for known in reversed(stronger):
            inside = [name for name, _ in flatten(known.values) if name == key or name.startswith(f"{key}.")]
            if inside:
                yield Overruled(key, known.name, known.origins.get(key) or known.origins.get(inside[0], ""))
                break


def _difference(before: str, after: str, path: Path) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), f"{path} (new)", lineterm="", n=2)
    return tuple(mask(line) for line in lines)


@contextmanager
def _sole_writer() -> Generator[Path]:
    """The folder of former texts, with the right to write settings.

    Raises:
        Conflict: Another process writes and does not end.
    """
    folder = private_folder(find_paths().data / "settings")
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"cannot write below {folder}: {error.strerror or error}") from error
    try:
        if not take_lock(descriptor, _LOCK_WAIT_S):
            raise Conflict("another process writes settings", hint="Try once more.")
        yield folder
    finally:
        os.close(descriptor)


def _keep(folder: Path, edit: Edit) -> Path:
    """Keep the former text of a file; the oldest of many go."""
    known = sorted(folder.glob("*.toml"))
    for old in known[: max(0, len(known) - _KEPT + 1)]:
        old.unlink(missing_ok=True)
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(seconds))
    former = folder / f"{stamp}-{nanoseconds:09}-{edit.layer}.toml"
    atomic_write(former, f"# What {edit.path} held.\n{edit.before.removeprefix(BYTE_ORDER_MARK)}".encode())
    return former
