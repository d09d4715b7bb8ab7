"""How long renames of definitions drawn at random take on a repository, and what becomes of them.

    python tests/bench/refactoring.py FOLDER [--count 100] [--seed 7] [--language python]

Each plan is complete: places, proofs, and the search for the name in texts of all files. Nothing is written to FOLDER.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import cast

from aura_code.files import list_files
from aura_code.findings.fixing import digest_of
from aura_code.refactoring.planning import plan_refactoring
from aura_code.structure.readers import READERS, reader_of
from aura_code.structure.store import StructureReader, StructureStore
from aura_code.syntax import parse_source
from aura_languages import languages
from aura_shared.messages.refactoring import PlanRefactoring
from aura_shared.text_files import as_utf8

_SPECIAL = ("constructor", "namespace", "module")


def analyse(root: Path, database: Path) -> int:
    """Read and link a repository; returns how many files have structure."""
    store = StructureStore.open(database, root)
    count = 0
    for file in list_files(root).files:
        spec = languages().of(file.path, b"")
        if spec is None or spec.id not in READERS or file.size > 1_000_000:
            continue
        data = (root / file.path).read_bytes()
        source, reader = parse_source(file.path, as_utf8(data)), reader_of(spec.id)
        if source is not None and reader is not None:
            store.put(digest_of(data), reader(source))
            count += 1
    store.link()
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return count


def draw(reader: StructureReader, count: int, language: str) -> list[tuple[str, int, int, str]]:
    """Places of definitions at random: path, line, column, name."""
    rows = reader.rows(
        "SELECT f.path, s.line, s.column, s.name, s.kind FROM symbols s JOIN files f ON f.id = s.file "
        "WHERE ? IN ('', f.language) ORDER BY s.id",
        (language,),
    )
    found = cast("list[tuple[str, int, int, str, str]]", rows)
    places = [row[:4] for row in found if row[4] not in _SPECIAL and row[3].isidentifier()]
    return random.sample(places, min(count, len(places)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--language", default="")
    options = parser.parse_args()
    random.seed(options.seed)
    root: Path = options.folder.resolve()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "structure.db"
        began = time.perf_counter()
        files = analyse(root, database)
        print(f"read    {files:,} files in {time.perf_counter() - began:.1f} s")
        spent: list[float] = []
        places = 0
        outcomes: Counter[str] = Counter()
        with StructureReader.opened(database) as reader:
            for path, line, column, name in draw(reader, options.count, options.language):
                request = PlanRefactoring(
                    project="bench", kind="rename", path=path, line=line, column=column, new_name=f"{name}_", limit=2000
                )
                began = time.perf_counter()
                plan = plan_refactoring(reader, None, root, request)
                spent.append(time.perf_counter() - began)
                outcomes["refused" if plan.reason else plan.certainty] += 1
                places += sum(len(file.edits or ()) for file in plan.files)
    high = statistics.quantiles(spent, n=20)[-1]
    print(
        f"rename  p50 {statistics.median(spent) * 1e3:.0f} ms, p95 {high * 1e3:.0f} ms, most {max(spent) * 1e3:.0f} ms"
    )
    print(f"plans   {', '.join(f'{count} {word}' for word, count in outcomes.most_common())}; {places:,} places")


if __name__ == "__main__":
    main()
