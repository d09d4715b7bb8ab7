"""How soon an edit is visible in search and symbols, at rest and while queries run.

usage: python tests/bench/freshness.py FOLDER [--edits 40] [--lines 3000] [--json OUT]

A copy of the code service runs in this process over a bus without sockets, with the real watcher on FOLDER. Each edit
rewrites one Python file of about `--lines` lines with a new function in it; the clock runs from the moment the file is
closed until `symbols` and then `search` give the new function, minus the debounce. The file is removed at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from aura_code.service import CodeService
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import IndexBuilding
from aura_shared.messages.code import AddProject, FindSymbols, IndexUpdated, ListProjects, SearchCode
from aura_shared.paths import find_paths
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings

QUERIES = ("where are requests parsed", "open file", "retry with back-off", "Parser", "how is memory freed", "config")


@dataclass(frozen=True)
class Latencies:
    """Milliseconds after the debounce."""

    load: str
    edits: int
    symbols_p50: float
    symbols_p95: float
    search_p50: float
    search_p95: float
    queries_per_s: float


def content(number: int, lines: int) -> str:
    """A file of about `lines` lines that defines `freshly_edited_<number>` in its middle."""
    filler = "\n\n".join(f"def filler_{i}(value):\n    return value + {i}\n" for i in range(lines // 8))
    fresh = f"\n\ndef freshly_edited_{number}(value):\n    return value\n\n\n"
    return filler + fresh + filler.replace("filler_", "second_")


async def seen(client: MemoryBus, shows: Callable[[], Awaitable[bool]]) -> float:
    """When `shows` says yes; asked at once and after every update (asking all the time would slow the edit down)."""
    updates = client.listen(IndexUpdated, since=client.hub.head)
    try:
        while not await shows():
            await anext(updates)
    finally:
        updates.close()
    return time.perf_counter()


async def edit_once(client: MemoryBus, project: str, file: Path, number: int, lines: int) -> tuple[float, float]:
    """Seconds from closing the file until symbols, and until search, have answered with the edit; both are asked."""
    name = f"freshly_edited_{number}"

    async def in_symbols() -> bool:
        answer = await client.request(FindSymbols(project=project, name=name, exact=True))
        return bool(answer.symbols)

    async def in_search() -> bool:
        answer = await client.request(SearchCode(project=project, query=name))
        return any(hit.symbol == name for hit in answer.hits)  # The text alone is always that of the disk.

    await asyncio.to_thread(file.write_text, content(number, lines), "utf-8")
    started = time.perf_counter()
    symbols, search = await asyncio.gather(seen(client, in_symbols), seen(client, in_search))
    return symbols - started, search - started


async def ask_forever(client: MemoryBus, project: str, counter: list[int]) -> None:
    """A query load: one search after the other."""
    while True:
        await client.request(SearchCode(project=project, query=QUERIES[counter[0] % len(QUERIES)]))
        counter[0] += 1


async def measure(client: MemoryBus, project: str, folder: Path, options: argparse.Namespace, askers: int) -> Latencies:
    """All edits with `askers` clients searching meanwhile."""
    debounce_s = Settings().code.debounce_ms / 1000
    file = folder / "aura_bench_freshness.py"
    counter = [0]
    load = [asyncio.create_task(ask_forever(client, project, counter)) for _ in range(askers)]
    started = time.perf_counter()
    found: list[tuple[float, float]] = []
    try:
        for number in range(options.edits):
            found.append(await edit_once(client, project, file, number + 1000 * askers, options.lines))
            await asyncio.sleep(0.05 + debounce_s)
    finally:
        for task in load:
            task.cancel()
        await asyncio.gather(*load, return_exceptions=True)
        file.unlink(missing_ok=True)
    symbols = sorted(1000 * (pair[0] - debounce_s) for pair in found)
    search = sorted(1000 * (pair[1] - debounce_s) for pair in found)
    at95 = min(len(found) - 1, round(0.95 * len(found)))
    return Latencies(
        f"{askers} clients searching" if askers else "at rest",
        len(found),
        statistics.median(symbols),
        symbols[at95],
        statistics.median(search),
        search[at95],
        counter[0] / (time.perf_counter() - started),
    )


async def run(options: argparse.Namespace) -> list[Latencies]:
    """Index the folder, then measure at rest and under load."""
    hub = MemoryHub()
    client = hub.connect("bench", timeout_s=300)
    paths = find_paths().prepare()
    service = CodeService(hub.connect("code"), paths, Settings(), ProjectRegistry(paths.projects))
    await service.start()
    try:
        project = (await client.request(AddProject(path=str(options.folder)))).project.id
        while True:
            try:
                await client.request(FindSymbols(project=project, name="x"))
                (info,) = (await client.request(ListProjects())).projects
                if info.freshness.verified:
                    break
            except IndexBuilding:
                pass
            await asyncio.sleep(0.2)
        print(f"{options.folder.name}: {info.files} files, {info.lines} lines, {info.symbols} symbols")
        return [await measure(client, project, options.folder, options, askers) for askers in (0, 2)]
    finally:
        await service.stop()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    with tempfile.TemporaryDirectory(prefix="aura-") as home:
        os.environ["AURA_HOME"] = home
        results = asyncio.run(run(options))
    print(f"{'load':24}{'symbols p50':>12}{'p95':>8}{'search p50':>12}{'p95':>8}   ms after the debounce")
    for row in results:
        print(
            f"{row.load:24}{row.symbols_p50:12.1f}{row.symbols_p95:8.1f}{row.search_p50:12.1f}{row.search_p95:8.1f}"
            f"   {row.edits} edits, {row.queries_per_s:.0f} queries/s"
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in results], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
