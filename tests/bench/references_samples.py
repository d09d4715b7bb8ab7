"""How often uses of names in Go and Rust are linked to the right definition, by samples that were read by hand.

    python tests/bench/references_samples.py                      # our own small projects
    python tests/bench/references_samples.py --facts gin=PATH …   # facts about a public repository, checked out at PATH
    python tests/bench/references_samples.py --draw PATH [--count 80] [--seed 1]   # draw places to be read

The small projects lie in `samples/go` and `samples/rust`. A line there says in its last comment what its names mean:
`// Add=cart/cart.go:12`, several after another; `Add=-` is something outside of the project. Facts of public
repositories lie in `samples/NAME.json`: the commit, and for each place its path, line, column (characters from 0),
name and the place of the definition, empty when that is outside. Printed are, for each confidence, how many links are
right, and how many of the uses with a definition in the project have the right one (recall), by name included.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from aura_code.files import list_files
from aura_code.structure.readers import reader_of
from aura_code.structure.store import BY_NAME, EXACT, LIKELY, OUTSIDE, StructureStore
from aura_code.syntax import parse_source
from aura_shared.text_files import as_utf8

SAMPLES = Path(__file__).parent / "samples"
_FACT = re.compile(r"(\w+)=(\S+?:\d+|-)(?=\s|$)")
_NAMES = {EXACT: "exact", LIKELY: "likely", BY_NAME: "by name", OUTSIDE: "outside"}


class Fact(NamedTuple):
    """What a use means, as somebody who read the code says."""

    path: str
    line: int
    column: int
    """-1 when the line has the name once."""
    name: str
    target: str
    """`path:line` of the definition; empty when that is outside of the project."""


class Use(NamedTuple):
    """What the linker says of a use."""

    path: str
    line: int
    column: int
    name: str
    confidence: int
    target: str


@contextmanager
def linked(root: Path) -> Generator[StructureStore]:
    """The structure of a project, read and linked, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        store = StructureStore.open(Path(folder) / "structure.db", root)
        found = []
        for file in list_files(root).files:
            if not file.path.endswith((".go", ".rs", ".java")):
                continue
            source = parse_source(file.path, as_utf8((root / file.path).read_bytes()))
            reader = reader_of(source.language) if source is not None else None
            if source is not None and reader is not None:
                found.append((b"", reader(source)))
        store.put_many(found)
        store.link()
        try:
            yield store
        finally:
            store.close()


def uses_of(store: StructureStore) -> list[Use]:
    """Every use in a store."""
    query = (
        "SELECT f.path, u.line, u.column, u.name, u.confidence, coalesce(t.path || ':' || s.line, '') FROM uses u "
        "JOIN files f ON f.id = u.file LEFT JOIN symbols s ON s.id = u.target LEFT JOIN files t ON t.id = s.file "
        "ORDER BY f.path, u.line, u.column"
    )
    return [Use(*row) for row in cast("list[tuple[str, int, int, str, int, str]]", store.rows(query))]


def own_facts(root: Path) -> list[Fact]:
    """What the comments of a small project say."""
    facts: list[Fact] = []
    for path in sorted(root.rglob("*.*")):
        if path.suffix not in {".go", ".rs"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            _, mark, comment = line.rpartition("//")
            for name, target in _FACT.findall(comment) if mark else ():
                facts.append(Fact(path.relative_to(root).as_posix(), number, -1, name, "" if target == "-" else target))
    return facts


def stored_facts(file: Path) -> list[Fact]:
    """The facts about a public repository."""
    return [Fact(*fact) for fact in json.loads(file.read_text(encoding="utf-8"))["facts"]]


def score(title: str, root: Path, facts: list[Fact], show: int) -> None:
    """Print how well the links of a project fit the facts."""
    with linked(root) as store:
        by_place: dict[tuple[str, int, str], list[Use]] = defaultdict(list)
        for use in uses_of(store):
            by_place[use.path, use.line, use.name].append(use)
        defined = Counter(cast("str", row[0]) for row in store.rows("SELECT name FROM symbols"))
        places = {
            f"{row[0]}:{row[1]}": cast("str", row[2])
            for row in store.rows("SELECT f.path, s.line, s.name FROM symbols s JOIN files f ON f.id = s.file")
        }
    right: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    inside = found = 0
    wrong: list[str] = []
    for fact in facts:
        use = _use_of(by_place, fact)
        kind = _NAMES.get(use.confidence, "unlinked") if use is not None else "not reported"
        fits = use is not None and use.target == fact.target
        all_of[kind] += 1
        if kind == "by name":
            fits = defined[fact.name] == 1 and bool(fact.target)
        right[kind] += fits
        if fact.target:
            inside += 1
            named = kind == "by name" and places.get(fact.target) == fact.name
            found += fits or named
            if not fits and not named:
                wrong.append(
                    f"{fact.path}:{fact.line} {fact.name}: {kind} {use.target if use else ''}, is {fact.target}"
                )
        elif not fits and kind in {"exact", "likely"}:
            wrong.append(f"{fact.path}:{fact.line} {fact.name}: {kind} {use.target if use else ''}, is outside")
    parts = [f"{kind} {right[kind]}/{all_of[kind]}" for kind in (*_NAMES.values(), "not reported") if all_of[kind]]
    print(f"{title}: {len(facts)} facts; right: {', '.join(parts)}; recall {found}/{inside}")
    for line in wrong[:show]:
        print(f"  {line}")


def _use_of(by_place: dict[tuple[str, int, str], list[Use]], fact: Fact) -> Use | None:
    found = by_place.get((fact.path, fact.line, fact.name), [])
    if fact.column >= 0:
        found = [use for use in found if use.column == fact.column]
    return found[0] if found else None


def draw(root: Path, count: int, seed: int) -> None:
    """Print uses at random among names that the project defines, with what they were linked to."""
    with linked(root) as store:
        names = {cast("str", row[0]) for row in store.rows("SELECT DISTINCT name FROM symbols")}
        uses = [use for use in uses_of(store) if use.name in names]
    for use in sorted(random.Random(seed).sample(uses, min(count, len(uses)))):
        print(f"{use.path}:{use.line}:{use.column} {use.name} [{_NAMES.get(use.confidence)}] -> {use.target}")
        print("    " + (root / use.path).read_text(encoding="utf-8").splitlines()[use.line - 1].strip()[:150])
        if use.target:
            path, _, line = use.target.rpartition(":")
            print("    = " + (root / path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip()[:150])


def main(arguments: list[str]) -> int:
    """Print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--draw", type=Path)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args(arguments)
    if options.draw is not None:
        draw(options.draw, options.count, options.seed)
        return 0
    for language in ("go", "rust") if not options.facts else ():
        root = SAMPLES / language
        score(f"our {language}", root, own_facts(root), options.show)
    for named in options.facts:
        name, _, path = named.partition("=")
        score(name, Path(path), stored_facts(SAMPLES / f"{name}.json"), options.show)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
