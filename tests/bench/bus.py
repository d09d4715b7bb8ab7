"""Figures of the bus: fan-out and request latency, and sustained durable events, with real processes.

usage: python tests/bench/bus.py [--subscribers 5] [--seconds 6] [--requests 3000] [--events 20000] [--json OUT]

A broker, the subscribers and an answering service run as processes of their own; this process publishes and asks. Every
event carries 1 KB of text and the time of its `publish` call, so that the latencies run from there to the consumer's
loop. Publishing waits for the acknowledgement, which comes after the commit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from aura_shared.bus import Context
from aura_shared.bus.zmq_bus import ZmqBus, connect
from aura_shared.messages.core import Event, Reply, Request
from aura_shared.paths import find_paths
from aura_shared.settings import BusSettings

RATE = 500
TEXT = "x" * 1024
AT_ONCE = 256


class Measured(Event):
    """An event of 1 KB."""

    type: ClassVar[str] = "bench.measured"

    number: int
    sent_ns: int
    text: str = TEXT


class Echo(Reply):
    """1 KB back."""

    text: str


class AskEcho(Request[Echo]):
    """1 KB there."""

    type: ClassVar[str] = "bench.echo"
    service: ClassVar[str] = "echo"

    text: str = TEXT


def share(values: list[float], part: float) -> float:
    """The value below which `part` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def subscribe(events: int) -> None:
    """Read that many events; print latencies, gaps and when the last one came."""
    bus = connect("subscriber", find_paths(), BusSettings())
    stream = bus.listen(Measured)
    print("ready", flush=True)
    latencies: list[float] = []
    gaps = repeats = 0
    last = -1
    async for delivery in stream:
        now = time.monotonic_ns()
        event = delivery.event
        assert isinstance(event, Measured)
        latencies.append((now - event.sent_ns) / 1e6)
        gaps += max(0, event.number - last - 1)
        repeats += event.number <= last
        last = event.number
        if len(latencies) == events:
            break
    print(json.dumps({"latencies": latencies, "gaps": gaps, "repeats": repeats, "end_ns": time.monotonic_ns()}))
    await bus.close()


async def serve() -> None:
    """Answer until killed."""
    bus = connect("echo", find_paths(), BusSettings())

    async def answer(request: AskEcho, _: Context) -> Echo:
        return Echo(text=request.text)

    bus.serve(AskEcho, answer)
    print("ready", flush=True)
    await asyncio.Event().wait()


@contextmanager
def child(*arguments: str, ready: bool = True) -> Generator[subprocess.Popen[str]]:
    """A process of this benchmark; killed at the end."""
    process = subprocess.Popen([sys.executable, "-P", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if ready:
            assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate() if not process.stdout.closed else process.wait()


@contextmanager
def subscribers(count: int, events: int) -> Generator[list[subprocess.Popen[str]]]:
    """That many reading processes."""
    if not count:
        yield []
        return
    with child(__file__, "--subscribe", str(events)) as one, subscribers(count - 1, events) as rest:
        yield [one, *rest]


async def results(processes: list[subprocess.Popen[str]]) -> list[dict[str, object]]:
    """What the subscribers printed."""
    printed = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in processes))
    return [json.loads(out) for out, _ in printed]


async def fan_out(bus: ZmqBus, readers: int, seconds: int) -> dict[str, float]:
    """Latency at 500 events a second."""
    events = RATE * seconds
    with subscribers(readers, events) as processes:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(events):
                await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
                group.create_task(bus.publish(Measured(number=number, sent_ns=time.monotonic_ns())))
        found = await results(processes)
    latencies = [value for one in found for value in list_of(one["latencies"])]
    return {"p50": share(latencies, 0.5), "p99": share(latencies, 0.99), "gaps": total(found, "gaps")}


async def requests(bus: ZmqBus, count: int) -> dict[str, float]:
    """Latency of a request of 1 KB and an answer of 1 KB, one after the other."""
    with child(__file__, "--serve"):
        for _ in range(50):
            await bus.request(AskEcho())
        taken: list[float] = []
        for _ in range(count):
            began = time.perf_counter()
            await bus.request(AskEcho())
            taken.append((time.perf_counter() - began) * 1000)
    return {"p50": share(taken, 0.5), "p99": share(taken, 0.99)}


async def sustained(bus: ZmqBus, readers: int, events: int) -> dict[str, float]:
    """Durable events a second: acknowledged, and until the last subscriber had the last one."""
    with subscribers(readers, events) as processes:
        numbers = iter(range(events))

        async def publish() -> None:
            for number in numbers:
                await bus.publish(Measured(number=number, sent_ns=time.monotonic_ns()))

        began = time.monotonic_ns()
        await asyncio.gather(*(publish() for _ in range(AT_ONCE)))
        acknowledged = time.monotonic_ns()
        found = await results(processes)
    ended = max(int(str(one["end_ns"])) for one in found)
    return {
        "acknowledged": events / ((acknowledged - began) / 1e9),
        "delivered": events / ((ended - began) / 1e9),
        "gaps": total(found, "gaps"),
        "repeats": total(found, "repeats"),
    }


def list_of(value: object) -> list[float]:
    """`value` as a list of numbers."""
    assert isinstance(value, list)
    return [float(number) for number in value]


def total(found: list[dict[str, object]], name: str) -> int:
    """A count over all subscribers."""
    return sum(int(str(one[name])) for one in found)


def machine() -> str:
    """Where this ran."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"load {load:.1f}, commit {commit.stdout.strip() or 'unknown'}"
    )


async def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """All figures."""
    paths = find_paths().prepare()
    with child("-m", "aura_bus", ready=False):
        bus = connect("bench", paths, BusSettings(ack_timeout_s=60))
        async with asyncio.timeout(20):
            while not bus.connected:
                await asyncio.sleep(0.01)
        found = {
            "fan-out": await fan_out(bus, options.subscribers, options.seconds),
            "request": await requests(bus, options.requests),
            "sustained": await sustained(bus, options.subscribers, options.events),
        }
        await bus.close()
    return found


def table(found: dict[str, dict[str, float]], readers: int) -> str:
    """The figures for a person."""
    out, asked, flood = found["fan-out"], found["request"], found["sustained"]
    rows = [
        ("what", "measured", "goal"),
        (
            f"fan-out of 1 KB to {readers} processes at {RATE}/s",
            f"p50 {out['p50']:.2f} ms, p99 {out['p99']:.2f} ms",
            "p99 5 ms",
        ),
        ("request through the broker, 1 KB", f"p50 {asked['p50']:.2f} ms, p99 {asked['p99']:.2f} ms", "p99 5 ms"),
        ("durable events, acknowledged", f"{flood['acknowledged']:,.0f}/s", "5,000/s"),
        (f"durable events, read by all {readers}", f"{flood['delivered']:,.0f}/s", "5,000/s"),
        (
            "events missing, events repeated",
            f"{int(out['gaps'] + flood['gaps'])}, {int(flood['repeats'])}",
            "0, 0",
        ),
    ]
    return "\n".join(f"{what:<48}{value:<36}{goal}" for what, value, goal in rows)


def main() -> None:
    """Measure, or be one of the processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subscribers", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--subscribe", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.subscribe:
        asyncio.run(subscribe(options.subscribe))
    elif options.serve:
        asyncio.run(serve())
    else:
        with tempfile.TemporaryDirectory(prefix="aura-bench-") as home:
            os.environ["AURA_HOME"] = home
            found = asyncio.run(measure(options))
        print(machine())
        print(table(found, options.subscribers))
        if options.json:
            options.json.write_text(json.dumps({"machine": machine(), **found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
