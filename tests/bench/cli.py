"""What the command line costs: CPU of `aura --help`, wall time of `aura search` against a running daemon, completion.

    python tests/bench/cli.py [REPOSITORY]

Starts a daemon of its own (in a temporary AURA_HOME), indexes the repository (default: this one), and stops it again.
Bytecode is compiled first, as installing does.
"""

from __future__ import annotations

import compileall
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
ROOT = Path(__file__).parents[2]


def run(*arguments: str, cwd: Path, **environment: str) -> tuple[float, float, subprocess.CompletedProcess[str]]:
    """CPU and wall milliseconds of one `aura`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "aura_cli", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu * 1000, wall * 1000, done


def measure(title: str, *arguments: str, cwd: Path, ok: tuple[int, ...] = (0,), **environment: str) -> None:
    """Run a command some times and print its median and worst cost."""
    figures = [run(*arguments, cwd=cwd, **environment) for _ in range(ROUNDS)]
    failed = next((done for _, _, done in figures if done.returncode not in ok), None)
    if failed is not None:
        print(f"{title:34} failed with {failed.returncode}: {failed.stderr.strip()[:200]}")
        return
    cpu, wall = [figure[0] for figure in figures], [figure[1] for figure in figures]
    print(
        f"{title:34} CPU {statistics.median(cpu):4.0f} ms (worst {max(cpu):4.0f})   "
        f"wall {statistics.median(wall):4.0f} ms (worst {max(wall):4.0f})"
    )


def main() -> int:
    """Measure everything; returns 1 when the daemon could not be started."""
    repository = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = Path(tempfile.mkdtemp(prefix="aura-"))
    os.environ["AURA_HOME"] = str(home)
    os.environ["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    for folder in ("control_panel", "shared"):
        compileall.compile_dir(str(ROOT / folder), quiet=2)
    try:
        run("search", "x", cwd=repository)  # Compiles what compileall did not.
        run("config", "explain", cwd=repository)
        run("--help", cwd=repository)
        measure("aura --help", "--help", cwd=repository)
        measure("aura search --help", "search", "--help", cwd=repository)
        measure("aura --version", "--version", cwd=repository)
        completing = {"_AURA_COMPLETE": "bash_complete", "COMP_WORDS": "aura search --mo", "COMP_CWORD": "2"}
        measure("completion of an option", cwd=repository, ok=(0,), **completing)
        measure("aura status (down)", "status", cwd=repository, ok=(3,))
        measure("aura search (down)", "search", "x", cwd=repository, ok=(3, 4))
        _, wall, up = run("up", "--detach", "--yes", cwd=repository)
        print(f"{'aura up --detach':34} {wall:.0f} ms: {(up.stdout or up.stderr).splitlines()[0]}")
        if up.returncode:
            return 1
        _, wall, _ = run("search", "index", cwd=repository)
        print(f"{'first search, index built meanwhile':34} {wall:.0f} ms")
        measure("aura search WORDS", "search", "where are files read", cwd=repository)
        measure("aura search NAME", "search", "main", "--mode", "identifier", cwd=repository)
        measure("aura search --json", "search", "where are files read", "--json", cwd=repository)
        measure("aura symbol", "symbol", "main", cwd=repository)
        measure("aura status", "status", cwd=repository)
        return 0
    finally:
        run("down", cwd=repository)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
