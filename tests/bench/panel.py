"""Figures of the control panel in a real terminal of 140x42, with the real daemon, bus and search.

usage: python tests/bench/panel.py [--seconds 60] [--keys 40] [--starts 5] [--idle 30] [--project FOLDER]
       [--rates 1000,5000]

A process of its own publishes log lines over the bus. Each carries the time when it was sent; its age is taken when it
is read from what the panel painted. A key counts as painted when bytes arrive that only its effect holds.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import zmq
from pydantic import JsonValue

sys.path.insert(0, str(Path(__file__).parents[1]))

from aura_cli.daemon import start_daemon, wait_ready
from aura_cli.gateway import Gateway
from aura_shared import control
from aura_shared.bus import wire
from aura_shared.bus.frames import send_frames
from aura_shared.messages.core import now_iso, wrap
from aura_shared.messages.services import LogLine
from aura_shared.paths import AuraPaths, find_paths
from panel_terminal import RawTerminal, raw_terminal

SIZE = (140, 42)
TICK_S = 0.01
SENT_HERE, NUMBER_HERE = 1_111_111_111_111_111, 2_222_222_222_222_222
PATH = "services/aura_code/ranking.py"
SENT = re.compile(rb"sent=(\d{16})")
HOME, LOG = re.compile(rb"What happened"), re.compile(rb"following|paused")
LETTER_S = 0.6
"""So slow are letters typed that the code of the first result is painted before the next one."""
FRAME_S = 0.003
"""Bytes that come within this time belong to one picture."""
RESULTS_BYTES = 4000
"""A picture of more bytes holds results; the letter itself and the line of figures are less."""
QUERIES = ("arrival", "restart the process", "token", "parse plan", "follow_changes", "path outside the project")


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description="Figures of the control panel.")
    parser.add_argument("--seconds", type=float, default=60, help="how long lines are published at each rate")
    parser.add_argument("--rates", default="1000,5000", help="lines a second")
    parser.add_argument("--keys", type=int, default=40, help="how often each key is pressed")
    parser.add_argument("--starts", type=int, default=5, help="starts of which the median is taken")
    parser.add_argument("--idle", type=float, default=30, help="seconds without any event")
    parser.add_argument("--project", type=Path, help="a repository to search in")
    parser.add_argument("--publish", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        publish(options.publish, options.seconds)
        return 0
    home = Path(tempfile.mkdtemp(prefix="aura-"))
    os.environ["AURA_HOME"] = str(home)
    paths = find_paths().prepare()
    paths.user_settings.parent.mkdir(parents=True, exist_ok=True)
    paths.user_settings.write_text("[models]\ndiscover = false\n[panel]\nlog_lines = 100000\n", encoding="utf-8")
    start_daemon(paths)
    try:
        wait_ready(paths, 120)
        if options.project:
            register(paths, options.project.resolve())
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {SIZE[0]}x{SIZE[1]}")
        start_figures(options.starts)
        idle_figures(options.idle)
        for rate in map(int, options.rates.split(",")):
            flow_figures(rate, options.seconds, options.keys)
        if options.project:
            search_figures()
    finally:
        control.call(paths, {"do": "down"}, timeout_s=60)
        shutil.rmtree(home, ignore_errors=True)
    return 0


def register(paths: AuraPaths, root: Path) -> None:
    """Register a project and wait for its index."""
    gateway = Gateway(paths)
    gateway.post("/v1/projects", {"path": str(root)})
    deadline = time.monotonic() + 600
    while '"ready"' not in str(gateway.get("/v1/projects")).replace("'", '"') and time.monotonic() < deadline:
        time.sleep(0.5)


def show(name: str, *values: str) -> None:
    """Print a row."""
    print(f"{name:<48}{'  '.join(values)}", flush=True)


def spread(seconds: Sequence[float], *shares: int) -> list[str]:
    """Percentiles and the most, in milliseconds."""
    if len(seconds) < 2:
        return ["too few"]
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return [*(f"p{share} {cuts[share - 1] * 1000:.0f}" for share in shares), f"max {max(seconds) * 1000:.0f} ms"]


def cpu_of(pid: int) -> float:
    """CPU seconds of a process."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def start_figures(starts: int) -> None:
    """From the start to the first full picture, and to the data in it."""
    pictures: list[float] = []
    spent: list[float] = []
    for _ in range(starts):
        began = time.monotonic()
        with raw_terminal(size=SIZE) as terminal:
            pictures.append(terminal.wait(HOME) - began)
            spent.append(cpu_of(terminal.pid))
            leave(terminal)
    show("first picture, median", f"{statistics.median(pictures) * 1000:.0f} ms, {statistics.median(spent):.2f} CPU s")


def idle_figures(seconds: float) -> None:
    """What the panel uses while nothing happens."""
    for view in ("home", "log"):
        with raw_terminal("--view", view, size=SIZE) as terminal:
            terminal.settle(2.0, 15.0)
            before, began = cpu_of(terminal.pid), time.monotonic()
            painted = sum(len(data) for _, data in reads(terminal, began + seconds))
            used = (cpu_of(terminal.pid) - before) / (time.monotonic() - began)
            show(f"idle, {view}", f"{used * 100:.2f} % of a core, {painted} bytes painted", rss(terminal.pid))
            leave(terminal)


def flow_figures(rate: int, seconds: float, keys: int) -> None:
    """The log view while lines arrive: ages, gaps, CPU, memory; then keys."""
    with raw_terminal("--view", "log", size=SIZE) as terminal, publisher(rate, seconds * 2 + keys) as sender:
        terminal.wait(SENT)
        terminal_figures(terminal, rate, seconds)
        key_figures(terminal, rate, keys)
        sender.terminate()
        leave(terminal)


def terminal_figures(terminal: RawTerminal, rate: int, seconds: float) -> None:
    """What is painted while nobody types."""
    ages: list[float] = []
    gaps: list[float] = []
    seen = 0
    before, began = cpu_of(terminal.pid), time.monotonic()
    last = began
    tail = b""
    for at, data in reads(terminal, began + seconds):
        if not data:
            continue
        if at - last > FRAME_S:
            gaps.append(at - last)
        last = at
        wall_us = (time.time() - (time.monotonic() - at)) * 1e6
        for found in SENT.finditer(tail + data):
            sent = int(found[1])
            if sent > seen:
                ages.append((wall_us - sent) / 1e6)
                seen = sent
        tail = data[-20:]
    passed = time.monotonic() - began
    used = (cpu_of(terminal.pid) - before) / passed
    show(f"{rate}/s: age of the newest line on the screen", *spread(ages, 50, 95, 99), f"of {len(ages)}")
    show(f"{rate}/s: time between pictures", *spread(gaps, 50, 99), f"of {len(gaps)}")
    show(f"{rate}/s: CPU", f"{used * 100:.1f} % of a core over {passed:.0f} s", rss(terminal.pid))


def key_figures(terminal: RawTerminal, rate: int, keys: int) -> None:
    """From a key to its picture."""
    rounds = (
        ("home", b"1", HOME),
        ("log", b"2", LOG),
        ("pause", b" ", re.compile(rb"paused")),
        ("follow", b" ", re.compile(rb"following")),
        ("level", b"l", re.compile(rb"info\+")),
    )
    taken: dict[str, list[float]] = {name: [] for name, _, _ in rounds}
    show(f"{rate}/s: home, opened the first time", f"{key_to_paint(terminal, b'1', HOME) * 1000:.0f} ms")
    key_to_paint(terminal, b"2", LOG)
    for _ in range(keys):
        for name, key, painted in rounds:
            taken[name].append(key_to_paint(terminal, key, painted))
        for _ in range(4):  # Back to all levels.
            terminal.press(b"l")
        terminal.settle(0.05, 0.3)
    for name, values in taken.items():
        show(f"{rate}/s: key to picture, {name}", *spread(values, 50, 95), f"of {len(values)}")


def key_to_paint(terminal: RawTerminal, key: bytes, painted: re.Pattern[bytes]) -> float:
    """Seconds from a key to bytes that only its effect holds."""
    drain(terminal)
    pressed = terminal.press(key)
    return terminal.wait(painted, 10) - pressed


def drain(terminal: RawTerminal) -> None:
    """Read what waits."""
    while terminal.read(0.02)[1] and terminal.read(0)[1]:
        pass


def search_figures() -> None:
    """From a letter to the results for it."""
    with raw_terminal("--view", "search", size=SIZE) as terminal:
        terminal.settle(1.0, 15.0)
        taken: list[float] = []
        letters = 0
        for query in QUERIES:
            for letter in query.encode():
                drain(terminal)
                pressed = terminal.press(bytes([letter]))
                frames = in_frames(reads(terminal, pressed + LETTER_S))
                taken += [at - pressed for at, size in frames if size > RESULTS_BYTES][:1]
                letters += 1
            terminal.press(b"\x15")
            terminal.settle(0.4, 3.0)
        show("search: letter to painted results", *spread(taken, 50, 95), f"of {len(taken)}; {letters} letters")
        leave(terminal)


def in_frames(found: Sequence[tuple[float, bytes]]) -> list[tuple[float, int]]:
    """Pictures: when the first byte of each came, and how many there were."""
    frames: list[tuple[float, int]] = []
    last = 0.0
    for at, data in found:
        if data and at - last < FRAME_S:
            frames[-1] = (frames[-1][0], frames[-1][1] + len(data))
        elif data:
            frames.append((at, len(data)))
        last = at
    return frames


def reads(terminal: RawTerminal, until: float) -> list[tuple[float, bytes]]:
    """What is painted until then, each with its time."""
    found: list[tuple[float, bytes]] = []
    while (left := until - time.monotonic()) > 0:
        found.append(terminal.read(left))
    return found


def rss(pid: int) -> str:
    """Memory of a process."""
    return f"RSS {psutil.Process(pid).memory_info().rss / 1e6:.0f} MB"


def leave(terminal: RawTerminal) -> None:
    """Quit the panel."""
    terminal.press(b"\x11")  # Ctrl-Q: an input would take a q as text.
    terminal.wait_ended()


class publisher:  # noqa: N801 - a context manager
    """A process that publishes lines."""

    def __init__(self, rate: int, seconds: float) -> None:
        self._command = [sys.executable, __file__, "--publish", str(rate), "--seconds", str(seconds)]

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(self._command)
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def publish(rate: int, seconds: float) -> None:
    """Publish lines at a rate, in the form of the bus's client, all made from one: the sender shall use little."""
    with zmq.Context[zmq.Socket[bytes]]() as context, context.socket(zmq.DEALER) as broker:
        broker.setsockopt(zmq.IDENTITY, b"bench/1")
        broker.setsockopt(zmq.SNDHWM, 100_000)
        broker.setsockopt(zmq.LINGER, 0)
        broker.connect(f"ipc://{find_paths().bus_in}")
        began = time.monotonic()
        sent = 0
        while (now := time.monotonic()) - began < seconds:
            before, between, after = pieces_of_a_line()
            for number in range(sent, due := int((now - began) * rate)):
                line = b"%b%d%b%d%b" % (before, time.time() * 1e6, between, number, after)
                send_frames(broker, [wire.PASSING, wire.pack_number(number + 1), line])
            sent = due
            time.sleep(max(0.0, now + TICK_S - time.monotonic()))


def pieces_of_a_line() -> list[bytes]:
    """A line of now, cut where the time of its sending and its number belong."""
    fields: dict[str, JsonValue] = {"sent": SENT_HERE, "number": NUMBER_HERE, "path": "services/aura_code/ranking.py"}
    line = wrap(LogLine(service="code", level="info", event="line", ts=now_iso(), fields=fields), src="bench")
    return re.split(b"%d|%d" % (SENT_HERE, NUMBER_HERE), line.model_dump_json().encode())


if __name__ == "__main__":
    threading.current_thread().name = "bench"
    sys.exit(main())
