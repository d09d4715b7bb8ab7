"""Brokers in threads and in processes of their own, and connections to them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq

from aura_bus.broker import Broker
from aura_shared.bus.zmq_bus import ZmqBus, connect
from aura_shared.paths import AuraPaths


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings that broker and clients read, with short bounds."""

    request_timeout_s: float = 20.0
    ack_timeout_s: float = 20.0
    out_hwm: int = 10_000
    retention_events: int = 200_000


@contextmanager
def short_paths() -> Generator[AuraPaths]:
    """Folders of one installation, with names short enough for sockets, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="aura-bus-") as folder:
        root = Path(folder)
        yield AuraPaths(root / "config", root / "data", root / "logs", root / "run").prepare()


@contextmanager
def running_broker(paths: AuraPaths, limits: Limits = Limits()) -> Generator[Broker]:
    """A broker in a thread of this process, until the end of the block."""
    broker = Broker(paths, limits)
    ready = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            broker.run(ready.set)
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="broker")
    thread.start()
    try:
        assert ready.wait(20)
        if failed:
            raise failed[0]
        yield broker
    finally:
        broker.stop()
        thread.join(20)
        assert not thread.is_alive()


@asynccontextmanager
async def connected(
    name: str, paths: AuraPaths, limits: Limits = Limits(), stores_position: Path | None = None
) -> AsyncGenerator[ZmqBus]:
    """A connection that has reached the broker."""
    bus = connect(name, paths, limits, stores_position=stores_position)
    try:
        await until(lambda: bus.connected)
        yield bus
    finally:
        await bus.close()


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait for a condition of another thread or process, looking every 5 ms."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is waited for happens in another process, which sets no event here
            await asyncio.sleep(0.005)


def start_broker(paths: AuraPaths, *, before: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    """`python -P -m aura_bus` with its files at `paths`; returns once its sockets are there."""
    for socket in (paths.bus_in, paths.bus_out):
        socket.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "aura_bus"],
        env={**os.environ, "AURA_HOME": str(paths.run.parent)},
        preexec_fn=before,  # noqa: PLW1509 - sets limits of the child only
    )
    end = time.monotonic() + 20
    while not paths.bus_out.exists():
        assert process.poll() is None, "the broker ended"
        assert time.monotonic() < end, "the broker did not start"
        time.sleep(0.005)
    return process


@contextmanager
def peer(script: str, paths: AuraPaths, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """One of the scripts beside this file in a process of its own, once it has printed `ready`; killed at the end."""
    folder = Path(__file__).parent
    environment = {**os.environ, "AURA_HOME": str(paths.run.parent), "PYTHONPATH": str(folder.parent)}
    process = subprocess.Popen(
        [sys.executable, str(folder / f"{script}.py"), *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


async def lines_of(process: subprocess.Popen[str], within_s: float = 60.0) -> list[str]:
    """What a process prints from now until it ends."""
    async with asyncio.timeout(within_s):
        printed, _ = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0
    return printed.splitlines()


@contextmanager
def dealer(paths: AuraPaths, name: str = "raw/1") -> Generator[zmq.Socket[bytes]]:
    """A bare connection to the broker's input."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.IDENTITY, name.encode())
        socket.setsockopt(zmq.LINGER, 1000)
        socket.setsockopt(zmq.RCVTIMEO, 20_000)
        socket.setsockopt(zmq.RECONNECT_IVL, 10)
        socket.connect(f"ipc://{paths.bus_in}")
        yield socket
