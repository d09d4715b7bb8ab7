"""Prints how long Aura takes to start, to come back after a kill, and to stop, and what it uses while idle.

usage: python tests/bench/lifecycle.py [--seconds 60] [--runs 3] [--project PATH]

Every run has an installation of its own below the temporary folder. Wall times depend on what else the machine does;
memory (PSS, which counts shared pages once) and CPU seconds do so far less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil

from aura_shared import control
from aura_shared.errors import AuraError
from aura_shared.paths import find_paths

FoundT = TypeVar("FoundT")


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description="Start, restart, idle and stop of Aura.")
    parser.add_argument("--seconds", type=float, default=60, help="how long the idle time is watched")
    parser.add_argument("--runs", type=int, default=3, help="starts and stops to take the median of")
    parser.add_argument("--project", type=Path, help="a repository to register, and to have indexed before idling")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON as well")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="aura-"))
    os.environ["AURA_HOME"] = str(home)
    try:
        if options.project:
            register(options.project.resolve())
        figures = measure(options.runs, options.seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f}, CPython {platform.python_version()}")
    for name, value in figures.items():
        print(f"{name:44} {value}")
    if options.json:
        print(json.dumps(figures))
    return 0


def measure(runs: int, idle_s: float) -> dict[str, float]:
    """All figures by name, in the order of a life."""
    ups: list[float] = []
    downs: list[float] = []
    for _ in range(runs - 1):
        daemon = start(ups)
        downs.append(down(daemon))
    daemon = start(ups)
    try:
        figures: dict[str, float] = {
            "aura up to all ready, s (median)": round(statistics.median(ups), 2),
            "aura up to all ready, s (slowest)": round(max(ups), 2),
            "CPU of everything until ready, s": round(sum(cpu_of(process) for process in family(daemon.pid)), 2),
        }
        time.sleep(5)  # Imports that wait until after the start.
        figures |= idle(daemon.pid, idle_s)
        for name in [service["name"] for service in status()["services"]]:
            figures[f"kill -9 of {name} to ready, s"] = round(kill_to_ready(name), 2)
        left = [process for process in family(daemon.pid) if process.pid != daemon.pid]
    finally:
        began = time.monotonic()
        daemon.kill()
        daemon.wait()
    until(lambda: not any(alive(process) for process in left), "nothing is left")
    figures["kill -9 of the supervisor to nothing left, s"] = round(time.monotonic() - began, 3)
    if downs:
        figures["aura down, s (slowest)"] = round(max(downs), 2)
    return figures


def start(ups: list[float]) -> subprocess.Popen[bytes]:
    """Start Aura, and note how long it took until everything was ready."""
    began = time.monotonic()
    daemon = subprocess.Popen([sys.executable, "-P", "-m", "aura_supervisor"], start_new_session=True)
    try:
        until(is_ready, "all services are ready")
    except BaseException:
        print(json.dumps(status(), indent=1))
        daemon.kill()
        raise
    ups.append(time.monotonic() - began)
    return daemon


def idle(daemon: int, seconds: float) -> dict[str, float]:
    """Memory and CPU of all processes while nothing happens."""
    processes = family(daemon)
    cpu = sum(cpu_of(process) for process in processes)
    began = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    used = sum(cpu_of(process) for process in processes) - cpu
    figures: dict[str, float] = {f"idle CPU over {passed:.0f} s, % of a core": round(100 * used / passed, 2)}
    total = 0.0
    for process in processes:
        memory = pss_mb(process.pid)
        total += memory
        figures[f"idle PSS of {process.cmdline()[-1]}, MB"] = round(memory, 1)
    figures["idle PSS of everything, MB"] = round(total, 1)
    return figures


def kill_to_ready(name: str) -> float:
    """Seconds from kill -9 of a service until another process of it is ready."""
    pid = service(name)["pid"]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        found = service(name)
        return found["state"] == "ready" and found["pid"] != pid

    until(back, f"{name} is ready again")
    return time.monotonic() - began


def down(daemon: subprocess.Popen[bytes]) -> float:
    """Seconds that an ordered stop takes."""
    began = time.monotonic()
    control.call(find_paths(), {"do": "down"}, timeout_s=60)
    daemon.wait()
    return time.monotonic() - began


def register(project: Path) -> None:
    """Start once to register and index a project, and stop again."""
    for arguments in (["init", str(project)], ["up", "--detach"], ["status"], ["down"]):
        subprocess.run([sys.executable, "-P", "-m", "aura_cli", *arguments], check=True, stdout=subprocess.DEVNULL)


def until(condition: Callable[[], FoundT], what: str, timeout_s: float = 60) -> FoundT:
    """The first true value of `condition`."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {timeout_s} s: {what}")
        time.sleep(0.01)
    return value


def status() -> dict[str, Any]:
    """What the supervisor says."""
    return control.call(find_paths(), {"do": "status"})


def is_ready() -> bool:
    """Whether everything is ready."""
    try:
        return bool(control.call(find_paths(), {"do": "hello"})["ready"])
    except AuraError:
        return False


def service(name: str) -> dict[str, Any]:
    """The state of one service."""
    return next(found for found in status()["services"] if found["name"] == name)


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def alive(process: psutil.Process) -> bool:
    """Whether a process still exists, and not only as an entry that nobody has collected yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and of its children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system + times.children_user + times.children_system


def pss_mb(pid: int) -> float:
    """Proportional set size in megabytes; resident memory where the system does not tell it."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return psutil.Process(pid).memory_info().rss / 1e6
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) * 1024 / 1e6 if found else 0.0


if __name__ == "__main__":
    sys.exit(main())
