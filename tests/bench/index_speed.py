"""How fast a folder is indexed, opened again, and kept up with an edit.

    python tests/bench/index_speed.py FOLDER [--workers 2] [--edits 30]

Prints the time and memory of a cold build (over the process tree), of a warm start up to its first answer in a fresh
process, and of taking in one edited file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

COLD = """
import sys, time, json
from pathlib import Path
from aura_code.library import CodeLibrary
if __name__ == "__main__":
    root, directory, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    begun = time.perf_counter()
    library = CodeLibrary.build(root, directory, workers=workers)
    wall = time.perf_counter() - begun
    stats = library.index.stats()
    print(json.dumps([wall, stats.files, stats.lines, stats.symbols, stats.chunks, stats.disk_bytes]), flush=True)
    sys.stdin.read()
"""
WARM = """
import time
begun = time.perf_counter()
import sys, json
from pathlib import Path
from aura_code.index import CodeIndex
from aura_shared.messages.code import SearchCode
imported = time.perf_counter()
index = CodeIndex.open(Path(sys.argv[2]))
opened = time.perf_counter()
answer = index.search(SearchCode(project="", query=sys.argv[3]), Path(sys.argv[1]))
done = time.perf_counter()
print(json.dumps([imported - begun, opened - imported, done - opened, len(answer.hits)]), flush=True)
sys.stdin.read()
"""
EDITS = """
import sys, json, time
from pathlib import Path
from aura_code.index import CodeIndex
from aura_code.reading import ReadOptions, read_file
index = CodeIndex.open(Path(sys.argv[2]))
root, count = Path(sys.argv[1]), int(sys.argv[3])
sizes = []
for part in index.view.parts:
    for file in range(part.segment.files):
        lines = int(part.segment.file_lines[file])
        if 1500 <= lines <= 3000 and not part.segment.skipped(file):
            sizes.append((lines, part.segment.path(file)))
sizes.sort(reverse=True)
chosen = [path for _, path in sizes[:count]] or [index.view.parts[0].segment.path(0)]
taken = []
for number in range(count):
    path = chosen[number % len(chosen)]
    begun = time.perf_counter()
    facts = read_file(root, path, ReadOptions())
    read = time.perf_counter()
    index.apply([facts], [])
    taken.append((read - begun, time.perf_counter() - read, facts.lines))
print(json.dumps(taken), flush=True)
begun = time.perf_counter()
index.compact()
print(json.dumps(time.perf_counter() - begun), flush=True)
sys.stdin.read()
"""


class Child:
    """A fresh interpreter that prints lines of JSON, with its peak memory and processor time."""

    def __init__(self, code: str, *arguments: str) -> None:
        self._script = tempfile.NamedTemporaryFile("w", suffix=".py")  # noqa: SIM115 - lives as long as this
        self._script.write(code)
        self._script.flush()
        self._process = subprocess.Popen(
            [sys.executable, self._script.name, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.peak = 0
        self.processor_s = 0.0
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def _watch(self) -> None:
        known: dict[int, float] = {}
        main = psutil.Process(self._process.pid)
        while not self._done.wait(0.05):  # Looking more often takes a tenth of a processor.
            held = 0
            try:
                for process in [main, *main.children(recursive=True)]:
                    held += process.memory_full_info().pss
                    times = process.cpu_times()
                    known[process.pid] = times.user + times.system
            except psutil.Error:
                continue
            self.peak = max(self.peak, held)
            self.processor_s = sum(known.values())

    def line(self) -> object:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def settled(self) -> int:
        """Bytes that it holds now."""
        return int(psutil.Process(self._process.pid).memory_full_info().pss)

    def end(self) -> None:
        """Let it end."""
        self._done.set()
        self._watcher.join()
        self._process.communicate("", timeout=60)
        self._script.close()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--query", default="how is the configuration file parsed")
    options = parser.parse_args()
    root: Path = options.folder.resolve()
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "index")
        cold = Child(COLD, str(root), index, str(options.workers))
        wall, files, lines, symbols, chunks, size = cold.line()  # pyright: ignore[reportGeneralTypeIssues] - six numbers
        after = cold.settled()
        cold.end()
        mb = 1 << 20
        per = wall / lines * 1e5
        print(
            f"{root.name}: {files} files, {lines:,} lines, {symbols:,} symbols, {chunks:,} chunks, {size / mb:.0f} MB"
        )
        print(f"cold index     {wall:6.2f} s wall, {cold.processor_s:6.2f} s CPU, {per:.2f} s per 100,000 lines")
        print(f"  memory       {cold.peak / mb:6.0f} MB at most over the tree, {after / mb:.0f} MB afterwards")
        warm = Child(WARM, str(root), index, options.query)
        imported, opened, answered, _ = warm.line()  # pyright: ignore[reportGeneralTypeIssues] - four numbers
        held = warm.settled() / mb
        warm.end()
        print(f"warm start     {imported:.2f} s imports, {opened:.3f} s open, {answered:.3f} s answer, {held:.0f} MB")
        edits = Child(EDITS, str(root), index, str(options.edits))
        taken = edits.line()
        compacted = edits.line()
        edits.end()
        assert isinstance(taken, list)
        for name, column in (("read", 0), ("apply", 1)):
            times = sorted(float(row[column]) * 1000 for row in taken)
            print(f"edit, {name:6}   p50 {times[len(times) // 2]:6.1f} ms, p95 {times[int(len(times) * 0.95)]:6.1f} ms")
        print(f"compaction     {compacted:.2f} s ({time.strftime('%Y-%m-%d')})")


if __name__ == "__main__":
    main()
