"""Prints what fingerprints cost, how long finding clones takes, and how many groups a reader agreed with.

usage: python tests/bench/clones.py FOLDER...      (folders with source code)
       python tests/bench/clones.py --sample N FOLDER...   (N groups over all folders, to be judged by reading them)

The verdicts of the last reading are in clones_judged.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from hashlib import blake2b
from pathlib import Path

from aura_code.similar.clones import Fingerprints, fingerprints_of
from aura_code.similar.finding import find_clones
from aura_code.similar.store import SimilarStore
from aura_code.syntax import parse_source
from aura_languages import languages
from aura_shared.messages.similar import CloneGroup, FindClones
from aura_shared.text_files import as_utf8

MOST_BYTES = 1_000_000
VERDICTS = Path(__file__).with_name("clones_judged.json")


def read(folder: Path) -> tuple[list[tuple[str, bytes, Fingerprints]], int, float]:
    """The fingerprints of a folder, its lines, and the CPU time that they took without parsing."""
    found: list[tuple[str, bytes, Fingerprints]] = []
    lines, cpu_s = 0, 0.0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size > MOST_BYTES:
            continue
        spec = languages().of(path.name, b"")
        if spec is None or spec.grammar is None:
            continue
        data = as_utf8(path.read_bytes())
        file = parse_source(path.relative_to(folder).as_posix(), data, language=spec.id)
        if file is None:
            continue
        started = time.process_time()
        prints = fingerprints_of(file)
        cpu_s += time.process_time() - started
        lines += data.count(b"\n")
        found.append((file.path, blake2b(data, digest_size=16).digest(), prints))
    return found, lines, cpu_s


def measure(folder: Path, *, show: bool) -> list[CloneGroup]:
    """The clone groups of a folder; prints what finding them cost."""
    files, lines, cpu_s = read(folder)
    with tempfile.TemporaryDirectory() as place:
        store = SimilarStore.open(Path(place) / "similar.db")
        started = time.perf_counter()
        store.put_many(files)
        put_s = time.perf_counter() - started
        answer = find_clones(store, FindClones(project=folder.name, limit=500))
        megabytes = sum(path.stat().st_size for path in Path(place).iterdir()) / 1e6
        store.close()
    if show:
        kinds = Counter(group.kind for group in answer.groups)
        print(
            f"{folder.name:20} {lines:9,} lines  {cpu_s / max(lines, 1) * 1e6:5.1f} CPU-s/M lines  kept {put_s:5.2f} s "
            f"{megabytes:6.1f} MB  found {answer.seconds:5.2f} s  {answer.functions:7,} functions  "
            f"{answer.total:5,} groups {dict(kinds)}"
        )
    return answer.groups


def sample(folders: list[Path], count: int) -> None:
    """Print groups drawn at random, with their code, the first two places of each."""
    every = [(folder, group) for folder in folders for group in measure(folder, show=False)]
    for number, (folder, group) in enumerate(random.Random(7).sample(every, min(count, len(every))), 1):
        print(
            f"\n=== {number} {folder.name} {group.kind} {group.similarity} {len(group.places)} places: {group.advice}"
        )
        for place in (group.places[0], min(group.places[1:], key=lambda place: place.similarity)):
            lines = (
                (folder / place.path).read_text("utf-8", "replace").split("\n")[place.start_line - 1 : place.end_line]
            )
            print(f"--- {place.path}:{place.start_line} {place.symbol}", *lines[:30], sep="\n")


def verdicts() -> None:
    """Print what a reader said of a sample."""
    judged = json.loads(VERDICTS.read_text("utf-8"))
    for name, groups in (
        ("all that were read", judged["groups"]),
        ("told since then", [verdict for verdict in judged["groups"] if verdict["told"]]),
    ):
        good = sum(1 for verdict in groups if verdict["clone"])
        print(f"judged, {name}: {good} of {len(groups)} groups are clones ({good / len(groups):.0%})")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=0, help="print so many groups instead")
    arguments = parser.parse_args()
    folders = [folder.resolve() for folder in arguments.folders]
    if arguments.sample:
        sample(folders, arguments.sample)
        return
    for folder in folders:
        measure(folder, show=True)
    if VERDICTS.exists():
        verdicts()


if __name__ == "__main__":
    main()
