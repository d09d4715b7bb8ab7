"""Prints what the sandbox costs: starts, copies, and a run of pytest with and without.

usage: python tests/bench/sandbox.py [--runs 100]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aura_factory.sandbox.contract import Policy
from aura_factory.sandbox.interpreters import interpreter_environment, interpreter_paths
from aura_factory.sandbox.probing import probe
from aura_factory.sandbox.running import ConfinedRunner
from aura_factory.sandbox.workspace import copy_workspace


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description="What the sandbox costs.")
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="aura-bench-", dir="/tmp"))
    base.chmod(0o755)
    try:
        print(f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Linux {platform.release()}")
        asyncio.run(starts(base, options.runs))
        copies(base)
        asyncio.run(tests(base))
    finally:
        shutil.rmtree(base)
    return 0


def show(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    late = ordered[int(len(ordered) * 0.95)]
    print(f"{name:34} median {statistics.median(ordered) * 1000:7.1f} ms   p95 {late * 1000:7.1f} ms")


def runners() -> list[ConfinedRunner]:
    found = [probe("bwrap"), probe("landlock")]
    return [ConfinedRunner(one) for one in found if one.tier != "none"]


async def bare(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    await process.communicate()
    return time.perf_counter() - begun


async def starts(base: Path, runs: int) -> None:
    """`true` from start to end, all runs interleaved."""
    folder = base / "starts"
    folder.mkdir()
    measured: dict[str, list[float]] = {"bare": []}
    for _ in range(runs):
        measured["bare"].append(await bare(["true"], folder))
        for runner in runners():
            begun = time.perf_counter()
            await runner.run(["true"], Policy(folder))
            measured.setdefault(runner.probe.tier, []).append(time.perf_counter() - begun)
    for name, seconds in measured.items():
        show(f"start, {name}", seconds)


def copies(base: Path) -> None:
    """Files of 3.6 kB, fifty in a folder."""
    for count in (1000, 5000):
        root = base / f"project-{count}"
        names = [f"package_{number // 50}/module_{number}.py" for number in range(count)]
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"x = 1\n" * 600)
        seconds: list[float] = []
        for turn in range(7):
            begun = time.perf_counter()
            copy_workspace(root, names, base / f"copy-{count}-{turn}")
            seconds.append(time.perf_counter() - begun)
        show(f"copy of {count:,} files", seconds)


async def tests(base: Path) -> None:
    """Seventy tests by this interpreter's pytest."""
    folder = base / "tests"
    folder.mkdir()
    cases = "".join(f"def test_{number}():\n    assert {number} + 1 == {number + 1}\n\n" for number in range(70))
    (folder / "test_cases.py").write_text(cases, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_cases.py"]
    show("pytest of 70 tests, bare", [await bare(command, folder) for _ in range(5)])
    executable = Path(sys.executable)
    policy = Policy(folder, read=interpreter_paths(executable), environment=interpreter_environment(executable))
    for runner in runners():
        seconds: list[float] = []
        for _ in range(5):
            outcome = await runner.run(command, policy)
            if outcome.code:
                print(f"pytest of 70 tests, {runner.probe.tier}: not here, {outcome.detail}")
                break
            seconds.append(outcome.seconds)
        else:
            show(f"pytest of 70 tests, {runner.probe.tier}", seconds)


if __name__ == "__main__":
    sys.exit(main())
