"""Keeps one service running: waits for what it needs, starts it, watches it, starts it again, stops it."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aura_shared.errors import Conflict, ServiceDown
from aura_shared.processes import ProcessSpec
from aura_supervisor.child import Child
from aura_supervisor.output import CapturedOutput
from aura_supervisor.restarts import Exit, Policy, pause_before_restart

__all__ = ["BY_REQUEST", "Keeper", "StateChange", "StateName"]

BY_REQUEST: Final = "stopped by request"
"""The reason of a service that its owner stopped."""

StateName = Literal["waiting", "starting", "ready", "backing-off", "stopping", "stopped", "crash-loop"]


@dataclass(frozen=True, slots=True)
class StateChange:
    """A service got another state."""

    service: str
    state: StateName
    pid: int | None
    restarts: int
    reason: str


class Keeper:
    """One row of the process table, alive."""

    def __init__(
        self,
        spec: ProcessSpec,
        needed: Sequence[Keeper],
        output: CapturedOutput,
        *,
        policy: Callable[[], Policy],
        launch: Callable[[ProcessSpec, CapturedOutput], Child],
        changed: Callable[[StateChange], None],
    ) -> None:
        self.spec = spec
        """Its row."""
        self.output = output
        """What it prints."""
        self.is_ready = asyncio.Event()
        """Set while it serves."""
        self.state: StateName = "waiting"
        """What it does now."""
        self.reason = ""
        """Why it does that."""
        self.starts = 0
        """How often it was started."""
        self.child: Child | None = None
        """Its process, while it has one."""
        self._needed = needed
        self._policy = policy
        self._launch = launch
        self._changed = changed
        self._exits: list[Exit] = []
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._stopping = False
        self._halted = False
        self._halt_over = asyncio.Event()

    @property
    def halted(self) -> bool:
        """Whether it was stopped by request, and is to stay so."""
        return self._halted

    @property
    def as_wanted(self) -> bool:
        """Whether it does what its owner wants: it serves, or was stopped by request."""
        return self._halted or self.state == "ready"

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return max(self.starts - 1, 0)

    async def keep(self) -> None:
        """Keep it running until it is stopped or the task is cancelled."""
        try:
            while not self._stopping:
                if self._halted:
                    await self._rest()
                else:
                    await self._keep_once()
        finally:
            self._halt_over.set()

    async def restart(self, timeout_s: float) -> None:
        """Stop it in order and start it again, also after `halt`; returns when it is ready.

        Raises:
            ServiceDown: It did not become ready in time, or ended again.
        """
        self._refuse_while_stopping()
        self._exits.clear()
        self._halted = False
        self._halt_over.set()
        self._wanted.set()
        self._settled.clear()
        child = self.child
        if child is not None:
            await self._end(child)
        await self._until_settled(timeout_s)

    async def start(self, timeout_s: float) -> None:
        """Start it unless it runs; returns when it is ready. One that is just starting is waited for.

        Raises:
            ServiceDown: It did not become ready in time, or ended again.
        """
        if self._halted or self.child is None:
            await self.restart(timeout_s)
        elif not self.is_ready.is_set():
            self._refuse_while_stopping()
            self._settled.clear()
            await self._until_settled(timeout_s)

    async def halt(self) -> None:
        """Stop it by request, and leave it stopped until `start` or `restart`. One that is stopped is let be.

        Raises:
            ServiceDown: Everything is being stopped.
            Conflict: It was started again in the meantime.
        """
        self._refuse_while_stopping()
        self._halted = True
        child = self.child
        if child is None:
            self._wanted.set()  # A pause before a restart ends here.
            self.is_ready.clear()
            self._to_halted()
            return
        self._halt_over.clear()
        self._to("stopping", BY_REQUEST)
        await self._end(child)
        await self._halt_over.wait()
        if not self._halted:
            raise Conflict(f"{self.spec.name} was started again while it stopped", hint="See `aura status`.")

    async def stop(self) -> None:
        """Ask it to stop; kill its process group at the deadline. It is not started again."""
        self._stopping = True
        child = self.child
        if child is not None:
            self._to("stopping", "aura down")
            await self._end(child)
        self.is_ready.clear()
        self._to("stopped", "aura down")

    async def _keep_once(self) -> None:
        """Wait for what it needs, start it, and wait for its end and the pause after that."""
        self._to("waiting", self.reason)
        for other in self._needed:
            await other.is_ready.wait()
        if self._stopping or self._halted:
            return
        self._wanted.clear()
        reason = await self._run_once()
        if self._stopping or self._halted:
            return
        if self._wanted.is_set():
            self._wanted.clear()
            self._exits.clear()
            return
        await self._pause(reason)

    async def _rest(self) -> None:
        """Stay stopped until somebody wants it."""
        self._wanted.clear()
        self._to_halted()
        self._settled.set()
        self._halt_over.set()
        await self._wanted.wait()
        if not self._halted:
            self.reason = ""

    async def _run_once(self) -> str:
        """Start it and wait for its end; returns why it ended."""
        try:
            child = self._launch(self.spec, self.output)
        except OSError as error:
            self._exits.append(Exit(time.monotonic(), 0.0))
            return f"cannot be started: {error.strerror or error}"
        self.child = child
        self.starts += 1
        self._to("starting", self.reason)
        reason = await self._wait_ready(child)
        if not reason and not self._halted and not child.ended.done():
            self.is_ready.set()
            self._to("ready", self.reason if self.restarts else "")
            self._settled.set()
            reason = await self._wait_silence(child)
        if reason:
            child.kill()
        await asyncio.wait((child.ended,))  # Awaiting the future itself would cancel it together with this task.
        code = child.ended.result()
        self.is_ready.clear()
        self.child = None
        self._exits.append(Exit(time.monotonic(), child.up_s))
        return reason or _in_words(code)

    async def _wait_ready(self, child: Child) -> str:
        """Empty when it is ready or has ended; otherwise what is wrong."""
        ready = asyncio.ensure_future(child.ready.wait())
        try:
            await asyncio.wait(
                (ready, child.ended), timeout=self.spec.ready_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ready.cancel()
        if child.ready.is_set() or child.ended.done():
            return ""
        return f"not ready within {self.spec.ready_timeout_s:g} s"

    async def _wait_silence(self, child: Child) -> str:
        """Empty when it has ended; otherwise that it gave no sign of life."""
        while not child.ended.done():
            timeout_s = self._policy().heartbeat_timeout_s
            left_s = child.last_beat_s + timeout_s - time.monotonic()
            if left_s <= 0:
                return f"no sign of life for {timeout_s:g} s"
            await asyncio.wait((child.ended,), timeout=left_s)
        return ""

    async def _pause(self, reason: str) -> None:
        policy = self._policy()
        del self._exits[: -policy.crash_loop_exits - 30]
        pause_s = pause_before_restart(self._exits, policy, random.random())  # noqa: S311 - not a secret
        if pause_s is None:
            ends = f"ended {policy.crash_loop_exits} times within {policy.crash_loop_window_s:g} s"
            self._to("crash-loop", f"{ends}, last: {reason}")
        else:
            self._to("backing-off", reason)
        self._settled.set()
        try:
            async with asyncio.timeout(pause_s):
                await self._wanted.wait()
        except TimeoutError:
            return
        self._wanted.clear()
        self._exits.clear()

    async def _until_settled(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._settled.wait()
        except TimeoutError:
            raise ServiceDown(f"{self.spec.name} was not ready within {timeout_s:.0f} s") from None
        if self._halted:
            raise ServiceDown(f"{self.spec.name} was {BY_REQUEST} while it started")
        if not self.is_ready.is_set():
            raise ServiceDown(f"{self.spec.name} ended while it started: {self.reason}")

    def _refuse_while_stopping(self) -> None:
        if self._stopping:
            raise ServiceDown(f"{self.spec.name} is being stopped, with all of Aura")

    async def _end(self, child: Child) -> None:
        child.terminate()
        done, _ = await asyncio.wait((child.ended,), timeout=self.spec.stop_timeout_s)
        if not done:
            child.kill()
            await asyncio.wait((child.ended,))

    def _to_halted(self) -> None:
        if self.state != "stopped":
            self._to("stopped", BY_REQUEST)

    def _to(self, state: StateName, reason: str) -> None:
        self.state, self.reason = state, reason
        pid = self.child.pid if self.child else None
        self._changed(StateChange(self.spec.name, state, pid, self.restarts, reason))


def _in_words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
