"""The life of a service process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from aura_shared import service as service_module
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import AuraError, BusError, ServiceDown
from aura_shared.lifeline import Lifeline
from aura_shared.logging import LogOutput
from aura_shared.messages.core import Event, Reply, Request
from aura_shared.messages.services import ServiceMetrics
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths
from aura_shared.service import Health, MeasuredBus, Runtime, live
from aura_shared.settings import LogSettings, Settings, settings_of_this_process

pytestmark = pytest.mark.requirement("P5")


class Brew(Request[Reply]):
    """Make tea."""

    type: ClassVar[str] = "tea.brew"
    service: ClassVar[str] = "tea"

    leaves: int = 1


class Teapot:
    """A service whose parts of life a test decides."""

    def __init__(self, *, health: Health | None = None, start_error: Exception | None = None, slow: str = "") -> None:
        self.story: list[str] = []
        self.started = asyncio.Event()
        self.now = health or Health(ok=True)
        self._start_error = start_error
        self._slow = slow

    async def start(self) -> None:
        """Fail, hang, or start."""
        self.story.append("start")
        self.started.set()
        if self._start_error is not None:
            raise self._start_error
        if self._slow == "start":
            await asyncio.Event().wait()

    async def stop(self) -> None:
        """Hang, or stop."""
        self.story.append("stop")
        if self._slow == "stop":
            await asyncio.Event().wait()

    def health(self) -> Health:
        """What the test says."""
        return self.now


class Signs:
    """The supervisor's end of the ready pipe."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        self.lifeline = Lifeline(write, None)
        self._write = write
        self._rest = b""

    async def next(self) -> str:
        """The next line of the service."""
        while b"\n" not in self._rest:
            self._rest += await asyncio.wait_for(asyncio.to_thread(os.read, self._read, 100), 10)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


@pytest.fixture
async def signs() -> AsyncIterator[Signs]:
    """A ready pipe."""
    found = Signs()
    yield found
    found.close()


@pytest.fixture
def output(aura_home: Path) -> LogOutput:
    """Lines go to the test's own folder."""
    settings_of_this_process.cache_clear()
    (aura_home / "logs").mkdir(mode=0o700)
    return LogOutput("tea", LogSettings(), aura_home / "logs", echo=False)


def run_live(teapot: Teapot, signs: Signs, output: LogOutput, hub: MemoryHub | None = None) -> asyncio.Task[None]:
    used = hub or MemoryHub()

    def connect(name: str, paths: AuraPaths, settings: Settings) -> MemoryBus:
        return used.connect(name)

    def build(runtime: Runtime) -> Teapot:
        return teapot

    return asyncio.create_task(live("tea", build, signs.lifeline, output, connect))


async def test_a_service_says_ready_then_beats_and_stops_on_a_signal(signs: Signs, output: LogOutput) -> None:
    teapot = Teapot()
    life = run_live(teapot, signs, output)
    assert await signs.next() == "READY"
    assert await signs.next() == "BEAT"
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(life, 10)
    assert teapot.story == ["start", "stop"]


async def test_trouble_travels_with_the_heartbeat(signs: Signs, output: LogOutput) -> None:
    life = run_live(Teapot(health=Health(ok=False, detail="no\nwater")), signs, output)
    assert [await signs.next(), await signs.next()] == ["READY", "BEAT no water"]
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(life, 10)


async def test_a_service_that_cannot_go_on_ends(signs: Signs, output: LogOutput) -> None:
    teapot = Teapot(health=Health(ok=False, detail="broken", alive=False))
    with pytest.raises(AuraError, match="cannot go on: broken"):
        await asyncio.wait_for(run_live(teapot, signs, output), 10)
    assert teapot.story == ["start", "stop"]


async def test_an_error_in_start_is_given_on_as_it_is(signs: Signs, output: LogOutput) -> None:
    teapot = Teapot(start_error=ServiceDown("no kettle"))
    with pytest.raises(ServiceDown, match="no kettle"):
        await asyncio.wait_for(run_live(teapot, signs, output), 10)
    assert teapot.story == ["start", "stop"]


async def test_a_stop_in_the_middle_of_the_start_ends_it(signs: Signs, output: LogOutput) -> None:
    teapot = Teapot(slow="start")
    life = run_live(teapot, signs, output)
    await asyncio.wait_for(teapot.started.wait(), 10)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(life, 10)
    assert teapot.story == ["start", "stop"]


async def test_a_stop_that_hangs_is_cut_short(signs: Signs, output: LogOutput, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "STOP_MARGIN_S", 4.9)
    life = run_live(Teapot(slow="stop"), signs, output)
    assert await signs.next() == "READY"
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(life, 10)


@pytest.mark.requirement("P4")
async def test_metrics_are_published_on_the_bus(
    signs: Signs, output: LogOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "FIRST_METRICS_S", 0.0)
    hub = MemoryHub()
    events = hub.connect("panel").listen(ServiceMetrics)
    life = run_live(Teapot(), signs, output, hub)
    event = (await asyncio.wait_for(anext(events), 10)).event
    assert isinstance(event, ServiceMetrics)
    assert (event.service, event.pid) == ("tea", os.getpid())
    assert event.rss_bytes > 0
    assert 'aura_bus_lag_events{service="tea"} 0.0' in event.exposition
    assert 'aura_process_cpu_seconds{service="tea"}' in event.exposition
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(life, 10)


@pytest.mark.requirement("P4")
async def test_requests_are_counted_and_timed_by_outcome() -> None:
    hub, metrics = MemoryHub(), ServiceMetricsRegistry("tea")
    bus = MeasuredBus(hub.connect("tea"), metrics)

    async def brew(request: Brew, context: Context) -> Reply:
        if request.leaves == 0:
            raise ServiceDown("no leaves")
        if request.leaves < 0:
            raise ValueError(request.leaves)
        return Reply()

    bus.serve(Brew, brew)
    client = MeasuredBus(hub.connect("client"), metrics)
    await client.request(Brew(leaves=2))
    with pytest.raises(ServiceDown):
        await client.request(Brew(leaves=0))
    with pytest.raises(AuraError):
        await client.request(Brew(leaves=-1))
    text = metrics.exposition()
    for outcome in ("ok", "service_down", "crash"):
        assert f'aura_requests_total{{outcome="{outcome}",service="tea",type="tea.brew"}} 1.0' in text
    assert 'aura_request_seconds_count{service="tea",type="tea.brew"} 3.0' in text
    assert (bus.name, bus.lag) == ("tea", 0)
    await bus.close()
    await client.close()


async def test_a_measured_bus_is_a_bus() -> None:
    bus = MeasuredBus(MemoryBus("tea"), ServiceMetricsRegistry("tea"))
    events = bus.listen(ServiceMetrics)
    assert await bus.publish(ServiceMetrics(service="tea", pid=1, uptime_s=0, cpu_s=0, rss_bytes=0)) == 0
    assert (await asyncio.wait_for(anext(events), 10)).seq == 0
    await bus.close()


class DeafBus(MemoryBus):
    """Takes no events."""

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """Refuse."""
        raise BusError("deaf")


async def test_metrics_that_the_bus_refuses_end_nothing(
    signs: Signs, output: LogOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "FIRST_METRICS_S", 0.0)
    monkeypatch.setattr(service_module, "METRICS_INTERVAL_S", 0.01)

    def connect(name: str, paths: AuraPaths, settings: Settings) -> MemoryBus:
        return DeafBus(name)

    life = asyncio.create_task(live("tea", lambda runtime: Teapot(), signs.lifeline, output, connect))
    assert [await signs.next(), await signs.next(), await signs.next()] == ["READY", "BEAT", "BEAT"]
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(life, 10)


PROGRAM = """
import sys
from aura_shared.bus.memory import MemoryBus
from aura_shared.errors import ServiceDown
from aura_shared.service import Health, run, run_plain

class Pot:
    def __init__(self, runtime): pass
    async def start(self):
        {start}
    async def stop(self): pass
    def health(self): return Health(ok=True)

sys.exit({run})
"""
ON_BUS = "run('tea', Pot, connect=lambda name, paths, settings: MemoryBus(name))"


@pytest.mark.parametrize(
    ("start", "run", "code", "words", "event"),
    [
        ("raise ServiceDown('no kettle')", ON_BUS, 3, "tea: no kettle", "service_failed"),
        ("print(1 // 0)", ON_BUS, 1, "ZeroDivisionError", "service_crashed"),
        ("print(1 // 0)", "run_plain('tea', Pot)", 1, "ZeroDivisionError", "service_crashed"),
        ("raise AttributeError", "run_plain('bus', Pot)", 1, "AttributeError", "service_crashed"),
    ],
)
@pytest.mark.requirement("P11")
def test_an_error_becomes_an_exit_code_and_a_line_in_the_log(
    aura_home: Path, start: str, run: str, code: int, words: str, event: str
) -> None:
    program = PROGRAM.format(start=start, run=run)
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stderr
    (file,) = (aura_home / "logs").glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["event"] == event
    assert "Traceback" in lines[-1]["exception"]


@pytest.mark.requirement("P7")
def test_wrong_settings_end_a_process_with_their_code(aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURA_LOG__LEVEL", "loud")
    program = PROGRAM.format(start="pass", run=ON_BUS)
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert "tea: AURA_LOG__LEVEL: log.level: must be" in done.stderr


def test_a_container_is_built_without_fastapi(aura_home: Path) -> None:
    program = "import sys; from aura_shared.injection import containers, providers; print('fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
