"""How long a search takes in process, over a folder and its labelled questions.

    python tests/bench/search_latency.py FOLDER --queries tests/bench/queries/NAME.json [--repeats 5]

Prints p50 and p95 per kind of question (the first, cold round apart), and of a few exact strings and expressions.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from aura_code.library import CodeLibrary

SCANS = ('"return None"', '"TODO"', "/def \\w+_from_\\w+/", "/\\bErr(or)?\\(/", "/(a+)+$/")


def milliseconds(library: CodeLibrary, query: str) -> tuple[float, int]:
    """What one search takes, and the lines that it returns."""
    begun = time.perf_counter()
    hits = library.search(query)
    taken = (time.perf_counter() - begun) * 1000
    return taken, sum(hit.end_line - hit.start_line + 1 for hit in hits)


def show(name: str, times: list[float]) -> None:
    """One line of figures."""
    times.sort()
    middle, late = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))]
    print(f"{name:14} n={len(times):5}  p50 {middle:7.1f} ms  p95 {late:7.1f} ms  max {times[-1]:7.1f} ms")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=Path, nargs="+", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    questions = [
        (str(item["kind"]), str(item["query"]))
        for path in options.queries
        for item in json.loads(path.read_text(encoding="utf-8"))["queries"]
    ]
    with tempfile.TemporaryDirectory() as folder:
        library = CodeLibrary.build(options.folder, Path(folder) / "index", workers=2)
        stats = library.index.stats()
        print(f"{options.folder.name}: {stats.files} files, {stats.lines:,} lines, {stats.chunks:,} chunks")
        show("cold", [milliseconds(library, query)[0] for _, query in questions])
        kinds: dict[str, list[float]] = defaultdict(list)
        lines: list[int] = []
        for _ in range(options.repeats):
            for kind, query in questions:
                taken, shown = milliseconds(library, query)
                kinds[kind].append(taken)
                lines.append(shown)
        for kind, times in sorted(kinds.items()):
            show(kind, times)
        show("all questions", [taken for times in kinds.values() for taken in times])
        print(f"lines returned by ten hits: {sum(lines) / len(lines):.0f} on average")
        for query in SCANS:
            show(query[:14], [milliseconds(library, query)[0] for _ in range(3)])


if __name__ == "__main__":
    main()
