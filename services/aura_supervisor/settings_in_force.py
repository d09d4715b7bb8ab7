"""The settings that hold now: read at the start, looked at again when their file changes, and handed to the services.

A change starts only those services anew that have to take it in. What is wrong changes nothing: the former settings
stay in force, and the log, the status and whoever asked for it are told.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aura_shared.errors import AuraError, SettingsError, StorageError
from aura_shared.layers import Layer, Table, merge
from aura_shared.paths import AuraPaths
from aura_shared.settings_effects import counts_in_project, services_for, when_later
from aura_supervisor.keeping import Keeper
from aura_supervisor.restarts import Policy

if TYPE_CHECKING:
    from aura_shared.settings import Settings

__all__ = ["SettingsInForce", "hand_down", "handed_down_file"]

WATCH_INTERVAL_S = 1.0  # A call of `stat` takes microseconds; a notification needs a thread and an import.

_Stamp = tuple[int, int, int] | None


class SettingsInForce:
    """Reads the layers, compares them with what held before, and has the services take in what changed."""

    def __init__(
        self,
        paths: AuraPaths,
        layers: list[Layer],
        *,
        read: Callable[[], list[Layer]],
        keepers: Mapping[str, Keeper],
        policy_changed: Callable[[Policy], None],
        log: Callable[..., None],
    ) -> None:
        """Nothing is read yet.

        Args:
            paths: The installation.
            layers: What was handed to the services at the start.
            read: Reads the layers anew.
            keepers: The services by name.
            policy_changed: Told of the supervisor's own settings.
            log: Writes a line of the supervisor's log.
        """
        self._paths = paths
        self._layers = layers
        self._read = read
        self._keepers = keepers
        self._policy_changed = policy_changed
        self._log = log
        self._values: Table = {}
        self._begun = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.problem = ""
        """What is wrong with the settings as they are now in the files; empty when nothing is."""

    async def begin(self) -> None:
        """Validate what was read at the start; importing pydantic takes as long as half of the start of the bus.

        Raises:
            SettingsError: Any of the settings is wrong.
        """
        settings, self._values = await asyncio.to_thread(_validated, self._layers)
        self._policy_changed(_policy_of(settings))
        self._begun.set()

    async def follow(self) -> None:
        """Take in what changes in the user's file, until cancelled."""
        seen: _Stamp = (0, 0, 0)  # None that a file has: what changed since the start is found as well.
        taken_in = seen
        while True:
            now = _stamp(self._paths.user_settings)
            if now == seen and now != taken_in:  # It has been still for one round, so that it is whole.
                taken_in = now
                await self._reload_if_other()
            seen = now
            await asyncio.sleep(WATCH_INTERVAL_S)

    async def reload(self, project_keys: Sequence[str] = ()) -> dict[str, object]:
        """Read everything anew and have it taken in.

        Args:
            project_keys: Settings that were changed in a project's file, which the services read themselves.

        Returns:
            `changed` (keys), `restarted` (services) and `later` (`key` and `why` of what does not hold at once).

        Raises:
            SettingsError: Something is wrong; the former settings stay in force.
            StorageError: They cannot be handed down.
        """
        await self._begun.wait()
        async with self._one_at_a_time:
            try:
                layers = await asyncio.to_thread(self._read)
                settings, values = await asyncio.to_thread(_validated, layers)
            except SettingsError as error:
                self.problem = error.message
                self._log("warning", "settings_refused", problem=error.message)
                raise
            self.problem = ""
            changed = _differences(self._values, values)
            if merge(layers) != merge(self._layers):
                hand_down(self._paths, layers)
            self._layers, self._values = layers, values
            self._policy_changed(_policy_of(settings))
            return await self._taken_in(changed, project_keys)

    async def _reload_if_other(self) -> None:
        """Reload unless the files say what they said; whatever is wrong is in the log."""
        try:
            if merge(await asyncio.to_thread(self._read)) == merge(self._layers):
                self.problem = ""
                return
        except SettingsError:
            pass  # Said below.
        try:
            await self.reload()
        except SettingsError:
            return
        except AuraError as error:
            self._log("error", "settings_not_taken_in", problem=error.message)

    async def _taken_in(self, changed: list[str], project_keys: Sequence[str]) -> dict[str, object]:
        heeded = [key for key in project_keys if counts_in_project(key)]
        affected = [self._keepers[name] for name in services_for([*changed, *heeded]) if name in self._keepers]
        # One that is stopped or waits reads the new ones when it starts.
        affected = [keeper for keeper in affected if not keeper.halted and keeper.state != "waiting"]
        problems = await asyncio.gather(*map(_restarted, affected))
        later = [{"key": key, "why": why} for key in changed if (why := when_later(key))]
        later += [{"key": key, "why": why} for key in project_keys if (why := when_later(key, in_project=True))]
        for keeper, problem in zip(affected, problems, strict=True):
            if problem:
                keys = [key for key in [*changed, *heeded] if keeper.spec.name in services_for([key])]
                later += [{"key": key, "why": problem} for key in keys]
        restarted = [keeper.spec.name for keeper, problem in zip(affected, problems, strict=True) if not problem]
        every = [*changed, *(key for key in project_keys if key not in changed)]
        if every:
            self._log("info", "settings_taken_in", changed=every, restarted=restarted, later=later)
        return {"changed": every, "restarted": restarted, "later": later}


def handed_down_file(paths: AuraPaths) -> Path:
    """Where the services find the settings when they start."""
    return paths.run / "settings.json"


def hand_down(paths: AuraPaths, layers: list[Layer]) -> None:
    """Write the file for the services in one step: one that starts just now reads the old or the new ones.

    Raises:
        StorageError: It cannot be written.
    """
    path = handed_down_file(paths)
    new = path.with_suffix(".new")
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(merge(layers), file, default=str)
        new.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


async def _restarted(keeper: Keeper) -> str:
    """Start a service anew; empty when it is ready, otherwise what is wrong."""
    try:
        await keeper.restart(keeper.spec.stop_timeout_s + keeper.spec.ready_timeout_s)
    except AuraError as error:
        return f"{error.message}; see `aura logs {keeper.spec.name}`"
    return ""


def _validated(layers: list[Layer]) -> tuple[Settings, Table]:
    from aura_shared.settings import validate  # noqa: PLC0415 - pydantic; the bus is being started meanwhile

    settings = validate(layers)
    return settings, cast("Table", settings.model_dump(mode="json"))


def _policy_of(settings: Settings) -> Policy:
    return Policy(**settings.supervisor.model_dump())


def _differences(old: Table, new: Table) -> list[str]:
    return [f"{section}.{name}" for section in new for name in _names_that_differ(old.get(section), new[section])]


def _names_that_differ(old: object, new: object) -> Iterable[str]:
    before, after = cast("Table", old), cast("Table", new)
    return [name for name in after if before.get(name) != after[name]]


def _stamp(path: Path) -> _Stamp:
    """What changes when a file is written or replaced; None without one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
