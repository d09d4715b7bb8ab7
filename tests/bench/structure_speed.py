"""How fast the structure of a folder is read, stored and linked, and how fast questions about it are answered.

    python tests/bench/structure_speed.py FOLDER [--workers 2] [--edits 20] [--questions 200]

Prints lines, seconds for reading (with worker processes), storing and linking, the size of the database, how long it
takes to link one edited file again, and the time of impact questions over random definitions.
"""

import argparse
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path

from aura_code.decoding import why_skip
from aura_code.files import list_files
from aura_code.structure.dead import dead_code
from aura_code.structure.facts import FileStructure
from aura_code.structure.impact import impact
from aura_code.structure.ranking import definition_graph, personal_rank
from aura_code.structure.readers import READERS, reader_of
from aura_code.structure.store import StructureReader, StructureStore
from aura_code.syntax import parse_source
from aura_languages import languages
from aura_shared.messages.structure import AskImpact, FindDeadCode
from aura_shared.text_files import as_utf8, is_binary

Read = tuple[bytes, FileStructure, int]


def read(root: Path, path: str) -> Read | None:
    """Digest, structure and lines of a file; None when it has none."""
    spec = languages().of(path, b"")
    if spec is None or spec.id not in READERS:
        return None
    data = (root / path).read_bytes()
    text = as_utf8(data)
    lines = text.count(b"\n")
    if is_binary(data) or why_skip(path, text, lines + 1, prose=False):
        return None
    file = parse_source(path, text, language=spec.id)
    reader = reader_of(spec.id)
    if file is None or reader is None:
        return None
    try:
        return blake2b(data, digest_size=16).digest(), reader(file), lines
    except RecursionError:
        return None


def edit(store: StructureStore, root: Path, paths: Sequence[str], count: int) -> list[float]:
    """CPU milliseconds to store and link one file again after its last function got another name."""
    spent: list[float] = []
    for path in random.sample(paths, min(count, len(paths))):
        found = read(root, path)
        if found is None or not found[1].definitions:
            continue
        digest, structure, _ = found
        renamed = (*structure.definitions[:-1], structure.definitions[-1]._replace(name="renamed_by_the_bench"))
        for changed in (structure._replace(definitions=renamed), structure):
            begun = time.thread_time()
            store.put(digest, changed)
            store.link()
            spent.append((time.thread_time() - begun) * 1e3)
    return spent


def ask(store: StructureReader, count: int) -> list[float]:
    """CPU milliseconds of impact questions about random definitions."""
    rows = store.rows(
        "SELECT f.path, s.line FROM symbols s JOIN files f ON f.id = s.file WHERE NOT f.is_test "
        "AND s.kind IN ('function', 'method', 'class', 'struct', 'trait', 'interface') ORDER BY s.id"
    )
    spent: list[float] = []
    for path, line in random.sample(rows, min(count, len(rows))):
        question = AskImpact.model_validate({"project": "x", "path": path, "line": line})
        begun = time.thread_time()
        impact(store, question)
        spent.append((time.thread_time() - begun) * 1e3)
    return spent


def shares(spent: list[float]) -> str:
    """Median, 95th percentile and maximum."""
    if len(spent) < 2:
        return "too few"
    high = statistics.quantiles(spent, n=20)[-1]
    return f"p50 {statistics.median(spent):.1f} ms, p95 {high:.1f} ms, most {max(spent):.1f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    random.seed(7)
    root: Path = options.folder.resolve()
    paths = [file.path for file in list_files(root).files if file.size <= 1_000_000]
    begun = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        results = [one for one in pool.imap(partial(read, root), paths, chunksize=16) if one is not None]
    lines = sum(one[2] for one in results)
    print(f"read    {len(results):,} files, {lines:,} lines in {time.perf_counter() - begun:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "structure.db"
        store = StructureStore.open(database, root)
        begun, cpu = time.perf_counter(), time.process_time()
        for start in range(0, len(results), 64):
            store.put_many([(digest, structure) for digest, structure, _ in results[start : start + 64]])
        stored = time.process_time()
        store.link()
        print(f"put     {stored - cpu:.1f} CPU-s; link {time.process_time() - stored:.1f} CPU-s")
        print(
            f"both    {time.perf_counter() - begun:.1f} s; {(time.process_time() - cpu) / lines * 1e6:.1f} CPU-s/Mline"
        )
        store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        print(f"size    {database.stat().st_size / 1e6:.0f} MB")
        rows = store.rows("SELECT confidence, count(*) FROM uses GROUP BY 1 ORDER BY 1")
        print("uses    " + ", ".join(f"{count:,} with confidence {number}" for number, count in rows))
        print(f"edit    {shares(edit(store, root, [one[1].path for one in results], options.edits))}")
        with StructureReader.opened(database) as reader:
            print(f"impact  {shares(ask(reader, options.questions))}")
            begun = time.perf_counter()
            graph = definition_graph(reader)
            middle = time.perf_counter()
            personal_rank(graph)
            print(
                f"graph   {graph.nodes:,} nodes, {len(graph.sources):,} edges in {middle - begun:.2f} s; "
                f"rank {(time.perf_counter() - middle) * 1e3:.0f} ms"
            )
            begun = time.perf_counter()
            answer = dead_code(reader, root, FindDeadCode(project="x"))
            print(f"dead    {answer.total} of {answer.looked_at:,} in {time.perf_counter() - begun:.1f} s")
        store.close()


if __name__ == "__main__":
    main()
