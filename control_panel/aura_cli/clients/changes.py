"""Plan a change of a client's file, show it, and carry it out so that it can be taken back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path
from typing import Final, cast

from aura_cli.answers import JsonObject, flag_of, parse_object, text_of
from aura_cli.clients import jsontext, tomltext
from aura_cli.clients.known import CLIENTS, Client, Scope
from aura_cli.clients.problems import Malformed
from aura_shared.errors import Conflict, NotFound, SettingsError, StorageError, UnsafePath, UsageProblem
from aura_shared.paths import AuraPaths, private_folder
from aura_shared.projects import replace_file

MAX_BYTES: Final = 20_000_000  # ~/.claude.json grows to a few megabytes; more is not a configuration file.
_SECRET: Final = re.compile(
    r"((?:token|key|secret|password|authorization|credential)[\w-]*[\"']?\s*[:=]\s*)([\"'])(?:[^\"'\\]|\\.)+\2",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a command would do to one file."""

    client: Client
    scope: Scope
    file: Path
    """The file as the client knows it."""
    target: Path
    """The file that is written: `file`, or where that link leads."""
    before: bytes | None
    """Its content now; None when there is no file."""
    after: bytes | None
    """Its content then; None removes the file."""

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    def difference(self) -> list[str]:
        """The change as a unified diff; values of other entries that look like secrets are hidden."""
        old, new = _decoded(self.before or b""), _decoded(self.after or b"")
        lines = unified_diff(
            old.splitlines(),
            new.splitlines(),
            str(self.file) if self.before is not None else "/dev/null",
            str(self.file) if self.after is not None else "/dev/null",
            lineterm="",
        )
        return [_SECRET.sub(r"\1\2…\2", line.rstrip("\r\n")) for line in lines]


def client_named(name: str) -> Client:
    """The client with this name.

    Raises:
        NotFound: There is none.
    """
    if name not in CLIENTS:
        raise NotFound(f"Aura does not know the client {name!r}", hint=f"It knows {', '.join(CLIENTS)}.")
    return CLIENTS[name]


def choose_file(client: Client, scope: Scope | None, root: Path) -> tuple[Scope, Path]:
    """The scope and the file to change; without a scope it is the project's file where the client has one.

    Raises:
        UsageProblem: The client has no such file.
    """
    chosen: Scope = scope or ("project" if client.project_file else "user")
    file = client.file(chosen, root)
    if file is None:
        raise UsageProblem(f"{client.title} has no configuration file in projects", hint="Use --scope user.")
    return chosen, file


def plan_install(client: Client, scope: Scope, file: Path, root: Path) -> Change:
    """What has to change so that the client starts Aura.

    Raises:
        SettingsError: The file does not parse.
        Conflict: It has another server called `aura`.
        UnsafePath: The file leads out of the project.
    """
    target, before = _read(file, scope, root)
    text = _decoded(before or b"", file)
    entry = _entry_in(client, text, file)
    if entry is not None and not is_ours(entry):
        raise Conflict(
            f"{file} has a server called 'aura' already that is not this command line's",
            hint=f"Rename or remove {'.'.join(client.path)} in it, then try again.",
        )
    edited = _edit(client, text, file)
    return Change(client, scope, file, target, before, edited.encode())


def plan_uninstall(client: Client, scope: Scope, file: Path, root: Path, paths: AuraPaths) -> Change:
    """What has to change so that the client does not know Aura any more.

    A file that nobody touched since gets its old bytes back; from any other only Aura's entry is taken.

    Raises:
        SettingsError: The file does not parse.
        Conflict: Its server called `aura` is not this command line's.
        UnsafePath: The file leads out of the project.
    """
    target, before = _read(file, scope, root)
    if before is None:
        return Change(client, scope, file, target, None, None)
    text = _decoded(before, file)
    entry = _entry_in(client, text, file)
    if entry is None:
        return Change(client, scope, file, target, before, before)
    if not is_ours(entry):
        raise Conflict(
            f"the server called 'aura' in {file} is not this command line's, and is left alone",
            hint="Remove it by hand if it is not wanted.",
        )
    record = _record(paths, client, file)
    if record and text_of(record, "after") == _digest(before):
        return Change(client, scope, file, target, before, _original(record))
    remove = tomltext.remove_path if client.format == "toml" else jsontext.remove_path
    made = flag_of(record, "made_key") if record else False
    edited = remove(text, client.path, and_empty=made)
    _refuse_side_effects(client, text, edited, file)
    return Change(client, scope, file, target, before, edited.encode())


def carry_out(change: Change, paths: AuraPaths) -> Path | None:
    """Write the change; returns the backup of what was there.

    Raises:
        Conflict: The file changed since it was read.
        StorageError: It cannot be written.
    """
    now = change.target.read_bytes() if change.target.exists() else None
    if now != change.before:
        raise Conflict(f"{change.file} was changed meanwhile", hint="Run the command again.")
    try:
        backup = _back_up(change, paths)
        if change.after is None:
            change.target.unlink()
            return backup
        change.target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(change.target, change.after, _mode(change))
    except OSError as error:
        raise StorageError(f"cannot write {error.filename or change.file}: {error.strerror or error}") from error
    return backup


def remember(change: Change, backup: Path | None, paths: AuraPaths) -> None:
    """Keep what uninstall needs to give the file its old bytes back. The first installation's record stays."""
    assert change.after is not None
    old = _record(paths, change.client, change.file)
    first = old if old and change.before is not None and text_of(old, "after") == _digest(change.before) else None
    made_key = change.before is None or _value(change.client, _decoded(change.before), (change.client.key,)) is None
    record = {
        "file": str(change.file),
        "backup": text_of(first, "backup") if first else str(backup or ""),
        "made_key": flag_of(first, "made_key") if first else made_key,
        "after": _digest(change.after),
    }
    replace_file(_record_file(paths, change.client, change.file), (json.dumps(record, indent=2) + "\n").encode())


def forget(change: Change, paths: AuraPaths) -> None:
    """Drop what was kept for uninstall."""
    _record_file(paths, change.client, change.file).unlink(missing_ok=True)


def state_of(client: Client, scope: Scope, file: Path, root: Path) -> tuple[str, str]:
    """Whether a client is set up: a word (`set up`, `outdated`, `other`, `no`, `malformed`) and what to know."""
    try:
        _, content = _read(file, scope, root)
        entry = _entry_in(client, _decoded(content or b"", file), file)
    except (SettingsError, UnsafePath, StorageError) as error:
        return "malformed", error.message
    if entry is None:
        return "no", "" if content is not None else "no such file"
    if not is_ours(entry):
        return "other", "another server is called 'aura' there"
    command = text_of(entry, "command")
    if not os.access(command, os.X_OK):
        return "outdated", f"{command} is gone; install again"
    if any(entry.get(name) != value for name, value in client.entry().items() if name != "env"):
        return "outdated", f"it starts {command}"
    return "set up", ""


def is_ours(entry: Mapping[str, object]) -> bool:
    """Whether an entry starts `aura mcp`."""
    command, args = entry.get("command"), entry.get("args")
    if not isinstance(command, str) or not isinstance(args, list):
        return False
    given = [item for item in cast("list[object]", args) if isinstance(item, str)]
    return given[:1] == ["mcp"] if Path(command).name == "aura" else given[:4] == ["-P", "-m", "aura_cli", "mcp"]


def _read(file: Path, scope: Scope, root: Path) -> tuple[Path, bytes | None]:
    """The file that is really meant, and its content.

    A repository may come from a stranger: its files must not lead out of it. The user's own may be links, as programs
    that keep dotfiles in one place make them.
    """
    target = Path(os.path.realpath(file))
    if scope == "project" and not target.is_relative_to(os.path.realpath(root)):
        raise UnsafePath(f"{file} leads out of the project to {target}", hint="Replace the link by a file.")
    try:
        found = target.stat()
    except FileNotFoundError:
        return target, None
    except OSError as error:
        raise StorageError(f"cannot read {file}: {error.strerror or error}") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
        raise SettingsError(f"{file} is no configuration file: it must be a plain file of at most {MAX_BYTES} bytes")
    try:
        return target, target.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {file}: {error.strerror or error}") from error


def _decoded(content: bytes, file: Path | None = None) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise SettingsError(f"{file}: line {line}, column {column}: not UTF-8", hint=_MEND) from error


_MEND: Final = "Nothing was written. Mend the file, then try again."


def _value(client: Client, text: str, path: tuple[str, ...]) -> object:
    return (tomltext if client.format == "toml" else jsontext).read_path(text, path)


def _entry_in(client: Client, text: str, file: Path) -> JsonObject | None:
    """Aura's entry in a file's text."""
    try:
        value = _value(client, text, client.path)
    except Malformed as error:
        raise SettingsError(f"{file}: {error}", hint=_MEND) from error
    if value is None:
        return None
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def _edit(client: Client, text: str, file: Path) -> str:
    change = tomltext.set_path if client.format == "toml" else jsontext.set_path
    try:
        edited = change(text, client.path, client.entry())
    except Malformed as error:
        raise SettingsError(f"{file}: {error}", hint=_MEND) from error
    _refuse_side_effects(client, text, edited, file)
    return edited


def _refuse_side_effects(client: Client, before: str, after: str, file: Path) -> None:
    """Raises SettingsError when anything but Aura's entry would read differently."""
    try:
        same = _others(client, before) == _others(client, after)
    except Malformed:
        same = False
    if not same:
        raise SettingsError(
            f"{file} is written in a way that cannot be edited safely", hint="Nothing was written. Edit it by hand."
        )


def _others(client: Client, text: str) -> dict[str, object]:
    """Everything in a file but Aura's entry, and but an empty table around it."""
    whole = _value(client, text, ())
    rest = dict(cast("dict[str, object]", whole)) if isinstance(whole, dict) else {}
    servers = rest.get(client.key)
    if servers is None or isinstance(servers, dict):
        around = {name: value for name, value in cast("dict[str, object]", servers or {}).items() if name != "aura"}
        rest.pop(client.key, None)
        if around:
            rest[client.key] = around
    return rest


def _mode(change: Change) -> int:
    """The mode of the file: kept, or what is usual for a new one."""
    if change.before is not None:
        return stat.S_IMODE(change.target.stat().st_mode)
    return 0o644 if change.scope == "project" else 0o600


def _back_up(change: Change, paths: AuraPaths) -> Path | None:
    if change.before is None:
        return None
    folder = private_folder(private_folder(paths.data / "clients") / "backups")
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    name = f"{change.client.name}-{change.scope}-{stamp}-{_digest(change.before)[:6]}-{change.file.name.lstrip('.')}"
    backup = folder / name
    replace_file(backup, change.before)
    return backup


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _record_file(paths: AuraPaths, client: Client, file: Path) -> Path:
    return paths.data / "clients" / f"{client.name}-{_digest(os.fsencode(file.absolute()))[:12]}.json"


def _record(paths: AuraPaths, client: Client, file: Path) -> JsonObject:
    try:
        return parse_object(_record_file(paths, client, file).read_bytes())
    except (OSError, ValueError):
        return {}


def _original(record: JsonObject) -> bytes | None:
    """The bytes before the installation; None when there was no file.

    Raises:
        StorageError: The backup is gone.
    """
    backup = text_of(record, "backup")
    if not backup:
        return None
    try:
        return Path(backup).read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read the backup {backup}: {error.strerror or error}") from error
