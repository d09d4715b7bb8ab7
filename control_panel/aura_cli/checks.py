"""What `aura doctor` checks: each check says ok, warn or fail, what it found, and what to do."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from aura_cli.answers import flag_of, parse_object, text_of, texts_of
from aura_cli.clients.known import CLIENTS
from aura_cli.daemon import daemon_status, services_of
from aura_cli.screen import plural, size
from aura_cli.targets import repository_of
from aura_shared.discovery import process_started_at, read_discovery
from aura_shared.errors import AuraError, DaemonDown, SettingsError
from aura_shared.paths import AuraPaths
from aura_shared.projects import ProjectRegistry

Verdict = Literal["ok", "warn", "fail"]

LOW_DISK_BYTES: Final = 1_000_000_000  # An index of a million lines takes about a tenth of this.
OUT_OF_DISK_BYTES: Final = 100_000_000
ENOUGH_WATCHES: Final = 65_536  # One per folder; large repositories have tens of thousands.
OLDEST_SQLITE: Final = (3, 37, 0)  # STRICT tables.
OLDEST_PYTHON: Final = (3, 11)
OLDEST_GIT: Final = (2, 20)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    verdict: Verdict
    found: str
    """What was found."""
    todo: str = ""
    """What to do about it."""


def run_checks(paths: AuraPaths, folder: Path) -> list[Check]:
    """Every check, in the order in which problems are worth mending."""
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("python", check_python),
        ("sqlite", check_sqlite),
        ("git", check_git),
        ("folders", lambda: check_folders(paths)),
        ("sockets", lambda: check_sockets(paths)),
        ("disk", lambda: check_disk(paths)),
        ("file watches", check_watches),
        ("sandbox", check_sandbox),
        ("settings", lambda: check_settings(folder)),
        ("projects", lambda: check_projects(paths)),
        ("left behind", lambda: check_left_behind(paths)),
        ("daemon", lambda: check_daemon(paths)),
        ("clients", lambda: check_clients(folder)),
    ]
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """A check that breaks is a failure, and the next one still runs."""
    try:
        return check()
    except AuraError as error:
        return Check(name, "fail", error.message, error.hint)
    except OSError as error:
        return Check(
            name, "fail", f"{error.filename or ''} {error.strerror or error}".strip(), "Check the permissions."
        )


def check_python() -> Check:
    """Python must be 3.11 or newer."""
    found = ".".join(map(str, sys.version_info[:3]))
    if tuple(sys.version_info[:2]) < OLDEST_PYTHON:
        return Check("python", "fail", found, "Install Aura with Python 3.11 or newer.")
    return Check("python", "ok", f"{found} ({sys.executable})")


def check_sqlite() -> Check:
    """SQLite must know STRICT tables."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return Check("sqlite", "fail", sqlite3.sqlite_version, "Use a Python that is built with SQLite 3.37 or newer.")
    return Check("sqlite", "ok", sqlite3.sqlite_version)


def check_git() -> Check:
    """Git is used for ignore rules of the user and for submodules; without it plain folders still work."""
    place = shutil.which("git")
    if place is None:
        return Check("git", "warn", "not found", "Install git; folders are indexed without it, too.")
    done = subprocess.run([place, "--version"], capture_output=True, text=True, timeout=10, check=False)
    words = done.stdout.split()
    number = words[2] if len(words) > 2 else "?"
    parts = tuple(int(part) for part in number.split(".")[:2] if part.isdigit())
    if parts < OLDEST_GIT:
        return Check("git", "warn", f"{number} ({place})", "Update git to 2.20 or newer.")
    return Check("git", "ok", f"{number} ({place})")


def check_sandbox() -> Check:
    """Tests and linters of a change run confined, or not at all."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aura_factory.sandbox", _wanted_tier()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    try:
        found = parse_object(done.stdout)
    except ValueError:
        return Check("sandbox", "fail", f"the try ended with exit code {done.returncode}", done.stderr.strip()[-500:])
    reasons, lacks = "; ".join(texts_of(found, "reasons")), "; ".join(texts_of(found, "lacks"))
    tier = text_of(found, "tier")
    if tier == "none":
        return Check("sandbox", "warn", "none: tests and linters of a change are not run", reasons)
    if tier == "bwrap":
        return Check("sandbox", "ok", f"bubblewrap; lacks: {lacks}")
    return Check("sandbox", "warn", f"Landlock; lacks: {lacks}", reasons)


def _wanted_tier() -> str:
    """The tier of the settings; wrong settings are another check's matter."""
    from aura_shared.settings import settings_of_this_process  # noqa: PLC0415 - needs pydantic

    try:
        return settings_of_this_process().sandbox.tier
    except SettingsError:
        return "auto"


def check_folders(paths: AuraPaths) -> Check:
    """Aura's folders must be this user's alone, and writable."""
    paths.prepare()
    for folder in (paths.config, paths.data, paths.logs, paths.run):
        if not os.access(folder, os.W_OK | os.X_OK):
            return Check("folders", "fail", f"{folder} cannot be written", f"Run `chmod u+rwx {folder}`.")
    return Check("folders", "ok", f"{paths.data} (private)")


def check_sockets(paths: AuraPaths) -> Check:
    """A socket must be possible in the run folder: its path may be too long, or the file system may not know them."""
    probe = paths.run / "doctor.sock"
    probe.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        try:
            server.bind(str(probe))
        except OSError as error:
            return Check(
                "sockets",
                "fail",
                f"{probe}: {error.strerror or error}",
                "Set AURA_HOME to a short local path.",
            )
        finally:
            probe.unlink(missing_ok=True)
    return Check("sockets", "ok", str(paths.run))


def check_disk(paths: AuraPaths) -> Check:
    """Indexes and the journal need room."""
    place = next(folder for folder in (paths.data, *paths.data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < OUT_OF_DISK_BYTES:
        return Check("disk", "fail", f"{size(free)} free at {place}", "Free some space.")
    if free < LOW_DISK_BYTES:
        return Check("disk", "warn", f"{size(free)} free at {place}", "Free some space soon.")
    return Check("disk", "ok", f"{size(free)} free")


def check_watches(limits: Path = Path("/proc/sys/fs/inotify")) -> Check:
    """Linux watches one folder at a time, and limits how many a user may watch."""
    try:
        watches = int((limits / "max_user_watches").read_text(encoding="ascii"))
        instances = int((limits / "max_user_instances").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return Check("file watches", "ok", "this system sets no limit")
    found = f"{watches:,} folders, {instances:,} watchers"
    if watches < ENOUGH_WATCHES or instances < 16:
        return Check(
            "file watches",
            "warn",
            found,
            "For large repositories: sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
        )
    return Check("file watches", "ok", found)


def check_settings(folder: Path) -> Check:
    """Every layer of the settings must be valid."""
    from aura_shared.layers import read_layers  # noqa: PLC0415 - only here
    from aura_shared.settings import validate  # noqa: PLC0415 - needs pydantic

    layers = read_layers(repository_of(folder))
    validate(layers)
    names = ", ".join(layer.name for layer in layers)
    return Check("settings", "ok", f"defaults{' and ' + names if names else ''}")


def check_projects(paths: AuraPaths) -> Check:
    """Registered folders must still be there."""
    registry = ProjectRegistry(paths.projects)
    projects = registry.list()
    if registry.notice:
        return Check("projects", "warn", registry.notice, "Register what is missing with `aura init PATH`.")
    gone = [project for project in projects if not Path(project.root).is_dir()]
    if gone:
        names = ", ".join(f"{project.name} ({project.root})" for project in gone)
        return Check("projects", "warn", f"gone: {names}", f"`aura projects remove {gone[0].id}` forgets it.")
    return Check("projects", "ok", plural(len(projects), "project") if projects else "none yet; `aura init`")


def check_left_behind(paths: AuraPaths) -> Check:
    """Files of a daemon that was killed; the next start deals with them."""
    if daemon_status(paths) is not None:
        return Check("left behind", "ok", "nothing")
    stale = [path.name for path in (paths.control_socket, paths.bus_in, paths.bus_out) if path.exists()]
    if paths.discovery.exists():
        try:
            read_discovery(paths)
            pid = parse_object(paths.discovery.read_bytes()).get("pid")
            return Check(
                "left behind",
                "warn",
                f"a gateway (pid {pid}) runs without its supervisor",
                "It ends by itself in a second.",
            )
        except DaemonDown:
            stale.append(paths.discovery.name)
    if stale:
        return Check("left behind", "warn", f"{', '.join(stale)} of a killed daemon", "`aura up` replaces them.")
    return Check("left behind", "ok", "nothing")


def check_daemon(paths: AuraPaths) -> Check:
    """The daemon and all its services should be ready."""
    found = daemon_status(paths)
    if found is None:
        return Check("daemon", "warn", "not running", "`aura up` starts it.")
    bad = [service for service in services_of(found) if service.get("state") != "ready"]
    if any(service.get("state") == "crash-loop" for service in bad):
        name = text_of(next(service for service in bad if service.get("state") == "crash-loop"), "name")
        return Check("daemon", "fail", f"{name} keeps crashing", f"See `aura logs {name}`, then `aura restart {name}`.")
    if bad or not flag_of(found, "ready"):
        states = ", ".join(f"{text_of(service, 'name')} is {text_of(service, 'state')}" for service in bad)
        return Check("daemon", "warn", states or "not ready yet", "See `aura status`.")
    pid = found.get("pid")
    started = process_started_at(pid) if isinstance(pid, int) else None
    return Check("daemon", "ok", f"ready (pid {pid}{'' if started else ', unseen from here'})")


def check_clients(folder: Path) -> Check:
    """Which MCP clients know Aura, and whether what they would start is still there."""
    from aura_cli.clients.changes import state_of  # noqa: PLC0415 - only here
    from aura_cli.clients.known import Scope  # noqa: PLC0415 - only here

    root = repository_of(folder) or folder
    set_up: list[str] = []
    broken: list[str] = []
    scopes: tuple[Scope, ...] = ("project", "user")
    for client in CLIENTS.values():
        for scope in scopes:
            file = client.file(scope, root)
            if file is None:
                continue
            state, detail = state_of(client, scope, file, root)
            if state == "set up":
                set_up.append(client.name)
            elif state in {"outdated", "malformed"}:
                broken.append(f"{client.name}: {detail}")
    if broken:
        return Check("clients", "warn", "; ".join(broken), "Mend it, or run `aura mcp install` again.")
    if not set_up:
        return Check("clients", "ok", "none set up; `aura mcp install --client NAME`")
    return Check("clients", "ok", ", ".join(dict.fromkeys(set_up)))
