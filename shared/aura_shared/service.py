"""The whole life of a service process: settings, logging, bus, readiness, heartbeats, signals, a bounded stop.

A service is a class with `start`, `stop` and `health`; its `__main__.py` holds one small container and calls `run`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aura_shared.bus import Bus, Context, Events, EventT, Handler, ProgressHandler, RequestT
from aura_shared.errors import AuraError, BusError
from aura_shared.lifeline import BEAT_INTERVAL_S, Lifeline
from aura_shared.logging import LogOutput, configure, get_logger
from aura_shared.messages.core import Event, Reply, ReplyT, Request
from aura_shared.messages.services import ServiceMetrics
from aura_shared.metrics import ServiceMetricsRegistry, cpu_seconds, rss_bytes
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.processes import PROCESSES
from aura_shared.settings import Settings, settings_of_this_process

__all__ = ["Build", "BuildPlain", "Connect", "Health", "PlainRuntime", "Runtime", "Service", "live", "run", "run_plain"]

log = get_logger("service")

METRICS_INTERVAL_S: Final = 10.0
FIRST_METRICS_S: Final = 2.0  # The first figures need an import that should not compete with the start.
STOP_MARGIN_S: Final = 1.0  # The rest of the stop timeout, for the bus and the logs.


@dataclass(frozen=True, slots=True)
class PlainRuntime:
    """What a process without a bus connection is given; that is the broker."""

    name: str
    """Name in the process table."""
    settings: Settings
    """Read once, at the start."""
    paths: AuraPaths
    """Where Aura keeps its files."""
    metrics: ServiceMetricsRegistry
    """What the process measures of itself."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service is given."""

    name: str
    """Name in the process table."""
    settings: Settings
    """Read once, at the start."""
    paths: AuraPaths
    """Where Aura keeps its files."""
    bus: Bus
    """Its connection; handlers that are registered on it are measured."""
    metrics: ServiceMetricsRegistry
    """What the process measures of itself."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is."""

    ok: bool
    """Whether everything works."""
    detail: str = ""
    """What does not, in a few words; `aura status` shows them."""
    alive: bool = True
    """False: it cannot recover by itself. The process ends, and the supervisor starts it again."""


class Service(Protocol):
    """What a process does."""

    async def start(self) -> None:
        """Returns when it can serve; the supervisor is told so then."""
        ...

    async def stop(self) -> None:
        """Finish. Bounded by the service's stop timeout in the process table."""
        ...

    def health(self) -> Health:
        """How it is; asked every second, so it answers at once."""
        ...


Build = Callable[[Runtime], Service]
BuildPlain = Callable[[PlainRuntime], Service]
Connect = Callable[[str, AuraPaths, Settings], Bus]


def run(name: str, build: Build, *, connect: Connect | None = None) -> int:
    """Live as a service until SIGTERM or SIGINT; returns the exit code.

    Args:
        name: Name in the process table.
        build: Makes the service, usually a container's provider.
        connect: Makes the bus connection instead of the real one.
    """
    return _run(name, lambda lifeline, output: live(name, build, lifeline, output, connect or _connect))


def run_plain(name: str, build: BuildPlain) -> int:
    """The same without a bus connection: for the broker."""
    return _run(name, lambda lifeline, output: _live_plain(name, build, lifeline, output))


async def live(name: str, build: Build, lifeline: Lifeline, output: LogOutput, connect: Connect) -> None:
    """Run one service on the bus until it is told to stop.

    Raises:
        AuraError: It could not start, or cannot go on.
    """
    settings, paths, metrics = settings_of_this_process(), find_paths().prepare(), ServiceMetricsRegistry(name)
    bus = connect(name, paths, settings)
    try:
        metrics.measure("bus_lag_events", "Events that this service has not seen yet.", lambda: bus.lag)
        service = build(Runtime(name, settings, paths, MeasuredBus(bus, metrics), metrics))
        beside = [output.forward(bus), _publish_metrics(name, bus, metrics)]
        await _serve(name, service, lifeline, beside)
    finally:
        await bus.close()


async def _live_plain(name: str, build: BuildPlain, lifeline: Lifeline, output: LogOutput) -> None:
    del output  # Its lines reach the file only.
    runtime = PlainRuntime(name, settings_of_this_process(), find_paths().prepare(), ServiceMetricsRegistry(name))
    await _serve(name, build(runtime), lifeline, [])


def _run(name: str, life: Callable[[Lifeline, LogOutput], Coroutine[Any, Any, None]]) -> int:
    lifeline = Lifeline.from_environment()
    lifeline.die_with_supervisor()
    output: LogOutput | None = None
    try:
        output = configure(name, settings_of_this_process().log, find_paths().prepare().logs)
        asyncio.run(life(lifeline, output))
    except AuraError as error:
        log.exception("service_failed", code=error.code)
        sys.stderr.write(f"{name}: {error.message}\n")
        return error.exit_code
    except Exception:
        log.exception("service_crashed")
        traceback.print_exc()
        return 1
    finally:
        if output is not None:
            output.close()
    return 0


async def _serve(name: str, service: Service, lifeline: Lifeline, beside: Sequence[Coroutine[Any, Any, None]]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in beside]
            try:
                await _start_unless_stopped(service, stopping)
                if not stopping.is_set():
                    lifeline.ready()
                    log.info("service_ready", pid=os.getpid(), cpu_s=round(cpu_seconds(), 3))
                await _beat_until(stopping, service, lifeline)
            finally:
                await _stop(name, service)
                for task in tasks:
                    task.cancel()
    except ExceptionGroup as errors:  # A task group wraps even a single error.
        raise errors.exceptions[0] from errors


async def _start_unless_stopped(service: Service, stopping: asyncio.Event) -> None:
    """Start; a stop in the middle of it cancels the start."""
    start, stop = asyncio.ensure_future(service.start()), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((start, stop), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not start.done():
            start.cancel()
            with suppress(asyncio.CancelledError):
                await start
    if not start.cancelled():
        start.result()


async def _beat_until(stopping: asyncio.Event, service: Service, lifeline: Lifeline) -> None:
    """A heartbeat each second, out of the event loop, so that one that hangs is noticed."""
    while not stopping.is_set():
        health = service.health()
        if not health.alive:
            raise AuraError(f"cannot go on: {health.detail}")
        lifeline.beat("" if health.ok else health.detail or "not well")
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_INTERVAL_S):
                await stopping.wait()


async def _stop(name: str, service: Service) -> None:
    timeout_s = next((spec.stop_timeout_s for spec in PROCESSES if spec.name == name), 5.0) - STOP_MARGIN_S
    began = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            await service.stop()
    except TimeoutError:
        log.warning("service_stop_timed_out", timeout_s=timeout_s)
    log.info("service_stopped", seconds=round(time.monotonic() - began, 3))


async def _publish_metrics(name: str, bus: Bus, metrics: ServiceMetricsRegistry) -> None:
    await asyncio.sleep(FIRST_METRICS_S)
    while True:
        event = ServiceMetrics(
            service=name,
            pid=os.getpid(),
            uptime_s=metrics.uptime_s,
            cpu_s=cpu_seconds(),
            rss_bytes=rss_bytes(),
            bus_lag=bus.lag,
            exposition=await asyncio.to_thread(metrics.exposition),
        )
        with suppress(BusError):  # Ephemeral: the next one follows.
            await bus.publish(event)
        await asyncio.sleep(METRICS_INTERVAL_S)


def _connect(name: str, paths: AuraPaths, settings: Settings) -> Bus:
    from aura_shared.bus.zmq_bus import connect  # noqa: PLC0415 - the sockets are only needed by a real process

    return connect(name, paths, settings.bus)


class MeasuredBus:
    """A bus whose handlers are counted and timed."""

    def __init__(self, bus: Bus, metrics: ServiceMetricsRegistry) -> None:
        self._bus = bus
        self._metrics = metrics

    @property
    def name(self) -> str:
        """As the bus inside."""
        return self._bus.name

    @property
    def lag(self) -> int:
        """As the bus inside."""
        return self._bus.lag

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """As the bus inside."""
        return await self._bus.publish(event, project=project, cause=cause)

    def listen(self, *kinds: type[EventT], since: int | None = None) -> Events:
        """As the bus inside."""
        return self._bus.listen(*kinds, since=since)

    async def request(
        self,
        request: Request[ReplyT],
        *,
        timeout_s: float | None = None,
        project: str | None = None,
        cause: str | None = None,
        on_progress: ProgressHandler | None = None,
    ) -> ReplyT:
        """As the bus inside."""
        return await self._bus.request(
            request, timeout_s=timeout_s, project=project, cause=cause, on_progress=on_progress
        )

    def serve(self, kind: type[RequestT], handler: Handler[RequestT]) -> None:
        """As the bus inside, with a counter by outcome and a histogram of seconds for each kind of request."""

        async def measured(request: RequestT, context: Context) -> Reply:
            began, outcome = time.perf_counter(), "ok"
            try:
                return await handler(request, context)
            except AuraError as error:
                outcome = error.code
                raise
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            except BaseException:
                outcome = "crash"
                raise
            finally:
                self._count(kind.type, outcome, time.perf_counter() - began)

        self._bus.serve(kind, measured)

    async def close(self) -> None:
        """As the bus inside."""
        await self._bus.close()

    def _count(self, kind: str, outcome: str, seconds: float) -> None:
        self._metrics.counter("requests", "Requests that were answered.", type=kind, outcome=outcome).inc()
        self._metrics.histogram("request_seconds", "Time to answer a request.", type=kind).observe(seconds)
