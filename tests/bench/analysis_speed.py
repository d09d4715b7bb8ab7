"""How long the analysis of a project takes: everything at once, one edited file, impact and map.

usage: python tests/bench/analysis_speed.py FOLDER [--questions 200] [--edits 15]

The analysis runs as in the service: in a process of its own with two workers, at low priority. Wall times, in seconds
or milliseconds; CPU is the sum over the processes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from aura_code.analysis.analyst import Analyst
from aura_code.analysis.protocol import RoundOutcome
from aura_code.analysis.rounds import FINDINGS, SIMILAR, STRUCTURE
from aura_code.insight.mapping import Graphs, draw_map
from aura_code.library import CodeLibrary
from aura_code.structure.impact import impact
from aura_code.structure.store import StructureReader
from aura_shared.messages.insight import MapSymbols
from aura_shared.messages.structure import AskImpact


def percentiles(times: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    ordered = sorted(times)
    return f"p50 {ordered[len(ordered) // 2] * 1000:.0f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:.0f} ms"


async def analyse(library: CodeLibrary, folder: Path, edits: int) -> None:
    """A first round over everything, then rounds over single files."""

    async def told(_outcome: RoundOutcome) -> None:
        """Events are of no interest here."""

    analyst = Analyst("bench", library.root, folder, workers=2, max_file_bytes=1_000_000)

    def digests() -> dict[str, bytes]:
        return {path: stamp.digest for path, stamp in library.index.stamps().items()}

    task = asyncio.create_task(analyst.run(digests, told))
    lines = library.index.stats().lines
    started = time.perf_counter()
    analyst.look_at_everything()
    await analyst.settled()
    spent = time.perf_counter() - started
    print(f"full analysis: {spent:.1f} s for {lines:,} lines = {spent / lines * 100_000:.1f} s per 100,000 lines")
    with StructureReader.opened(folder / STRUCTURE) as reader:
        rows = reader.rows(
            "SELECT f.path, max(s.end_line) AS size FROM files f JOIN symbols s ON s.file = f.id GROUP BY f.id"
        )
    middling = sorted(str(path) for path, size in rows if isinstance(size, int) and 500 <= size <= 3000)
    chosen = random.Random(7).sample(middling, min(edits, len(middling)))
    times: list[float] = []
    for path in chosen:
        started = time.perf_counter()
        analyst.look_at([path], [])
        await analyst.settled()
        times.append(time.perf_counter() - started)
    if times:
        print(f"one edited file of 500 to 3,000 lines ({len(times)}): {percentiles(times)}")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"CPU of the processes: {usage.ru_utime + usage.ru_stime:.1f} s, largest {usage.ru_maxrss / 1024:.0f} MB")
    sizes = ", ".join(
        f"{name} {(folder / name).stat().st_size / 1e6:.0f} MB" for name in (STRUCTURE, FINDINGS, SIMILAR)
    )
    print(f"on disk: {sizes}")


def ask(library: CodeLibrary, folder: Path, questions: int) -> None:
    """Impact of random definitions, and the map."""
    with StructureReader.opened(folder / STRUCTURE) as reader:
        rows = reader.rows(
            "SELECT qualified, path, line FROM symbols JOIN files ON files.id = file WHERE public ORDER BY 1, 2"
        )
        times: list[float] = []
        for name, path, line in random.Random(7).sample(rows, min(questions, len(rows))):
            request = AskImpact.model_validate({"project": "bench", "symbol": name, "path": path, "line": line})
            started = time.perf_counter()
            impact(reader, request)
            times.append(time.perf_counter() - started)
        print(f"impact of {len(times)} public definitions: {percentiles(times)}")
        graphs = Graphs()
        for title in ("map, first time", "map, after that"):
            started = time.perf_counter()
            graph = graphs.of(folder / STRUCTURE, reader)
            answer = draw_map(library.index.view, reader, graph, MapSymbols(project="bench"))
            print(f"{title}: {(time.perf_counter() - started) * 1000:.0f} ms, {answer.tokens} of 2,000 tokens")


def main() -> None:
    """Measure one folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--edits", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        library = CodeLibrary.build(given.folder.resolve(), Path(scratch) / "index")
        print(f"index: {time.perf_counter() - started:.1f} s")
        folder = Path(scratch) / "analysis"
        asyncio.run(analyse(library, folder, given.edits))
        ask(library, folder, given.questions)


if __name__ == "__main__":
    main()
