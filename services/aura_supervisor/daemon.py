"""The supervisor as a whole: one instance, the keepers, the control socket, signals, and the end in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from aura_shared.errors import SettingsError
from aura_shared.layers import Layer, read_layers
from aura_shared.log_files import JsonLines, timestamp
from aura_shared.paths import AuraPaths
from aura_shared.processes import PROCESSES, ProcessSpec, start_levels
from aura_supervisor.announcing import Announcer
from aura_supervisor.child import Child
from aura_supervisor.commands import ControlCommands
from aura_supervisor.control_server import ControlServer
from aura_supervisor.keeping import Keeper, StateChange
from aura_supervisor.output import CapturedOutput
from aura_supervisor.reaping import adopt_orphans, collect_ended, end_leftovers
from aura_supervisor.restarts import Policy
from aura_supervisor.settings_in_force import SettingsInForce, hand_down, handed_down_file
from aura_supervisor.single import SingleInstance

__all__ = ["Daemon"]

LOG_MAX_BYTES: Final = 5_000_000
LOG_BACKUPS: Final = 3
REAP_INTERVAL_S: Final = 1.0  # In case a SIGCHLD is lost.


class Daemon:
    """Everything that `aura up` starts."""

    def __init__(
        self,
        paths: AuraPaths,
        layers: list[Layer],
        *,
        reread: Callable[[], list[Layer]] = read_layers,
        table: Sequence[ProcessSpec] = PROCESSES,
        policy: Policy | None = None,
        announce: bool = True,
    ) -> None:
        """Nothing is started yet.

        Args:
            paths: The installation.
            layers: The settings; they are validated while the first service starts.
            reread: Reads the settings again, to take in what changed.
            table: The services.
            policy: Instead of the one in the settings.
            announce: Whether states are published on the bus.
        """
        self._paths = paths
        self._layers = layers
        self._reread = reread
        self._table = table
        self._fixed_policy = policy
        self._policy = policy or Policy()
        self._announce = announce
        self._keepers: dict[str, Keeper] = {}
        self._stop_asked = asyncio.Event()
        self._stopped = asyncio.Event()
        self._all_ready = asyncio.Event()
        self._settings_problem: SettingsError | None = None

    async def run(self) -> None:
        """Start everything, keep it running, and stop it in order on a signal or on `down`.

        Raises:
            Conflict: Another supervisor runs.
            SettingsError: The settings are wrong.
            StorageError: Files or sockets cannot be made.
        """
        self._paths.prepare()
        single = SingleInstance(self._paths.lock, self._paths.control_socket)
        try:
            self._log_file = self._open_log("supervisor")
            self._announcer = Announcer(self._paths, self._log)
            self._environment = self._make_environment()
            self._make_keepers()
            self._settings = SettingsInForce(
                self._paths,
                self._layers,
                read=self._reread,
                keepers=self._keepers,
                policy_changed=self._take_policy,
                log=self._log,
            )
            commands = ControlCommands(
                self._keepers, self._settings, self._paths.logs, stop=self._stop_asked, stopped=self._stopped
            )
            server = ControlServer(self._paths.control_socket, commands.by_name())
            await server.start()
            try:
                await self._supervise()
            finally:
                server.hide()
                single.release()
                self._stopped.set()
                await server.close()
        finally:
            single.release()
            self._log_file.close()
        if self._settings_problem is not None:
            raise self._settings_problem

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_stop_signal, number)
        loop.add_signal_handler(signal.SIGCHLD, self._collect)
        self._log("info", "supervisor_started", pid=os.getpid())
        async with asyncio.TaskGroup() as group:
            keeping = [group.create_task(keeper.keep(), name=name) for name, keeper in self._keepers.items()]
            beside = [group.create_task(self._look_after()), group.create_task(self._load_settings())]
            announcing = group.create_task(self._publish_states()) if self._announce else None
            try:
                await self._stop_asked.wait()
            finally:
                if announcing is not None:  # While there still is a bus to say good-bye to.
                    announcing.cancel()
                await self._stop_services()
                for task in (*keeping, *beside):
                    task.cancel()
        left = end_leftovers()
        for keeper in self._keepers.values():
            keeper.output.close()
        self._log("info", "supervisor_stopped", leftovers=left)

    async def _stop_services(self) -> None:
        """Those that others need come last."""
        for level in reversed(start_levels(self._table)):
            await asyncio.gather(*(self._keepers[spec.name].stop() for spec in level))

    async def _look_after(self) -> None:
        adopt_orphans()
        while True:
            await asyncio.sleep(REAP_INTERVAL_S)
            self._collect()

    async def _load_settings(self) -> None:
        """Validate the settings beside the start of the bus, then take in what changes."""
        try:
            await self._settings.begin()
        except SettingsError as error:
            self._log("error", "settings_wrong", problem=error.message)
            self._settings_problem = error
            self._stop_asked.set()
            return
        await self._settings.follow()

    def _take_policy(self, policy: Policy) -> None:
        if self._fixed_policy is None:
            self._policy = policy
            for keeper in self._keepers.values():
                keeper.output.keep(policy.kept_lines)

    async def _publish_states(self) -> None:
        try:
            await self._announcer.publish_changes(after=self._all_ready)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the bus, the services are kept running
            self._log("error", "announcer_failed", problem=repr(error))

    def _make_keepers(self) -> None:
        for level in start_levels(self._table):
            for spec in level:
                output = CapturedOutput(
                    spec.name, self._open_log(f"{spec.name}.out"), kept_lines=self._policy.kept_lines
                )
                self._keepers[spec.name] = Keeper(
                    spec,
                    [self._keepers[name] for name in spec.after],
                    output,
                    policy=lambda: self._policy,
                    launch=self._launch,
                    changed=self._on_change,
                )

    def _make_environment(self) -> dict[str, str]:
        """What the services see: the settings in a file of their own, and no traces of how Aura was started."""
        hand_down(self._paths, self._layers)
        os.environ["AURA_SETTINGS_FILE"] = str(handed_down_file(self._paths))
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
        if environment.get("AURA_HOME"):  # The services run in another folder.
            environment["AURA_HOME"] = str(Path(environment["AURA_HOME"]).absolute())
        return environment

    def _launch(self, spec: ProcessSpec, output: CapturedOutput) -> Child:
        return Child(spec, self._environment, self._paths.data, output)

    def _open_log(self, name: str) -> JsonLines:
        return JsonLines(self._paths.logs / f"{name}.jsonl", max_bytes=LOG_MAX_BYTES, backups=LOG_BACKUPS)

    def _log(self, level: str, event: str, **facts: object) -> None:
        self._log_file.write({"ts": timestamp(), "level": level, "service": "supervisor", "event": event, **facts})

    def _on_change(self, change: StateChange) -> None:
        level = "warning" if change.state in {"backing-off", "crash-loop"} else "info"
        facts = {"pid": change.pid, "restarts": change.restarts, "reason": change.reason}
        self._log(level, "service_state", of=change.service, state=change.state, **facts)
        self._announcer.note(change)
        if self._is_ready():
            self._all_ready.set()

    def _on_stop_signal(self, number: int) -> None:
        if self._stop_asked.is_set():  # Asked twice: whoever asks is in a hurry.
            for keeper in self._keepers.values():
                if keeper.child is not None:
                    keeper.child.kill()
        self._log("info", "stop_asked", by=signal.Signals(number).name)
        self._stop_asked.set()

    def _collect(self) -> None:
        children = [keeper.child for keeper in self._keepers.values() if keeper.child is not None]
        collect_ended({child.pid: child.collect for child in children})

    def _is_ready(self) -> bool:
        return all(keeper.as_wanted for keeper in self._keepers.values())
