"""Prints how well plans are read: F1 by kind against labels made by hand, and the time of a long document.

usage: python tests/bench/plan_parsing.py FOLDER [--misses] [--set NAME]

FOLDER holds clones of the repositories that `plan_labels.json` names, as `owner/name`, `owner+name` or
`owner+name/repo`; documents that are not there are counted as such. A label is the line where an item begins. Sets:
`tuned` was looked at while the parser was made; `held out` and `unseen 1` to `unseen 6` were labelled before it first
read them (the figures of that first reading stand in docs/planning/parsing.md) and looked at afterwards. The naive
splitter in the same run takes headings with the words epic or story, boxes as tasks and ids such as FR-1 as
requirements.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aura_planning.parsing.contract import KINDS, Document
from aura_planning.parsing.parsing import parse_document

LABELS = Path(__file__).with_name("plan_labels.json")


@dataclass
class Score:
    """Hits, false alarms and misses."""

    hits: int = 0
    extra: int = 0
    missing: int = 0

    def take(self, got: set[object], wanted: set[object]) -> float:
        """Count one document; its F1."""
        self.hits += len(got & wanted)
        self.extra += len(got - wanted)
        self.missing += len(wanted - got)
        total = 2 * len(got & wanted) + len(got ^ wanted)
        return 2 * len(got & wanted) / total if total else 1.0

    @property
    def f1(self) -> float:
        """Over everything that was counted."""
        total = 2 * self.hits + self.extra + self.missing
        return 2 * self.hits / total if total else 1.0


@dataclass
class Table:
    """Scores of one set."""

    kinds: dict[str, Score] = field(default_factory=lambda: {kind: Score() for kind in (*KINDS, "needs")})
    documents: list[float] = field(default_factory=list[float])
    naive: dict[str, Score] = field(default_factory=lambda: {kind: Score() for kind in KINDS})


def content(folder: Path, label: Mapping[str, str]) -> bytes | None:
    """A document as it was labelled."""
    owner, name = label["repository"].split("/")
    for place in (folder / owner / name, folder / f"{owner}+{name}", folder / f"{owner}+{name}" / "repo"):
        if place.is_dir():
            asked = ["git", "-C", str(place), "show", f"{label['commit']}:{label['path']}"]
            done = subprocess.run(asked, capture_output=True, check=False)
            if done.returncode == 0 and hashlib.sha256(done.stdout).hexdigest() == label["sha256"]:
                return done.stdout
    return None


def naive(text: str) -> dict[str, set[object]]:
    """Lines by a splitter of headings and boxes."""
    found: dict[str, set[object]] = {kind: set() for kind in KINDS}
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r"#+\s+(.*)", line):
            for kind in ("epic", "story"):
                if kind in heading[1].lower():
                    found[kind].add(number)
        elif re.match(r"\s*[-*+] \[.\]", line):
            found["task"].add(number)
        elif re.match(r"[\s*|-]*\**(?:N?FR|REQ)-?\d", line):
            found["requirement"].add(number)
    return found


def count(table: Table, document: Document, label: Mapping[str, object], data: bytes, *, misses: bool) -> None:
    """Hold one document against its labels."""
    items, needs = label["items"], label["needs"]
    assert isinstance(items, dict)
    assert isinstance(needs, list)
    plain = naive(data.decode(errors="replace"))
    scores: list[float] = []
    for kind in KINDS:
        wanted: set[object] = set(items.get(kind, []))
        got: set[object] = {item.source.first for item in document.items if item.kind == kind}
        one = table.kinds[kind].take(got, wanted)
        table.naive[kind].take(plain[kind], wanted)
        if got or wanted:
            scores.append(one)
        if misses and got != wanted:
            print(f"    {document.path} {kind}: extra {sorted(got - wanted, key=str)[:9]}", end="")
            print(f" missing {sorted(wanted - got, key=str)[:9]}")
    pairs: set[object] = {
        (item.source.first, document.items[need.item].source.first)
        for item in document.items
        for need in item.depends_on
    }
    table.kinds["needs"].take(pairs, {tuple(pair) for pair in needs})
    table.documents.append(statistics.fmean(scores) if scores else 1.0)


def show(name: str, table: Table) -> None:
    """One row."""
    macro = statistics.fmean(table.kinds[kind].f1 for kind in KINDS)
    plain = statistics.fmean(table.naive[kind].f1 for kind in KINDS)
    kinds = "  ".join(f"{kind} {score.f1:.3f}" for kind, score in table.kinds.items())
    mean = statistics.fmean(table.documents)
    print(f"{name:10} {len(table.documents):3} documents  macro F1 {macro:.3f}  mean of documents {mean:.3f}  {kinds}")
    print(f"{'':10} naive splitter: macro F1 {plain:.3f}; ratio {macro / max(plain, 0.001):.2f}")


def long_document(size: int) -> bytes:
    """A plan of about this many bytes."""
    lines = ["# A long plan"]
    number = 0
    while sum(map(len, lines)) + len(lines) < size:
        number += 1
        lines += [
            f"## Epic {number}: Part {number}",
            f"### Story {number}.1: Piece {number}",
            f"As a reader, I want piece {number}, so that I can go on.",
            f"**Prerequisites:** Story {max(1, number - 1)}.1",
            "**Acceptance Criteria:**",
            "- Given a page, when it is turned, then the next one shows",
            "**Tasks:**",
            *(f"- [ ] {number}.{task} Write part {task} of {number} (covers FR-{number:03d})" for task in range(1, 6)),
            f"- **FR-{number:03d}**: The system MUST show piece {number}",
        ]
    return "\n".join(lines).encode()


def timing() -> None:
    """Seconds for long documents."""
    for size in (120_000, 1_000_000):
        data = long_document(size)
        taken: list[float] = []
        document = parse_document(data, "long.md")
        for _ in range(5 if size < 500_000 else 1):
            begun = time.perf_counter()
            parse_document(data, "long.md")
            taken.append(time.perf_counter() - begun)
        print(
            f"{len(data) / 1000:.0f} kB: {statistics.median(taken) * 1000:.0f} ms, {len(document.items)} items, "
            f"the same twice: {document == parse_document(data, 'long.md')}"
        )


def wide() -> None:
    """Seconds for documents of headings alone, where a look around at each would cost the square of their number."""
    for name, line in (("ranks", "## P{n} Part"), ("tasks", "### {n}. Do it"), ("phases", "### 1.{n} Dependencies")):
        heads = "\n".join(line.replace("{n}", str(number % 5)) for number in range(8_000))
        data = f"# Plan\n## Phase 1: Tasks\n{heads}\n".encode()
        begun = time.perf_counter()
        parse_document(data, "wide.md")
        print(f"8,000 headings ({name}): {(time.perf_counter() - begun) * 1000:.0f} ms")


def grounded(documents: Iterable[tuple[Document, bytes]]) -> None:
    """How many items stand where they say."""
    total = right = 0
    for document, data in documents:
        lines = data.decode(errors="replace").lstrip("\ufeff").splitlines()
        for item in document.items:
            total += 1
            right += 1 <= item.source.first <= item.source.last <= len(lines) + 1 and bool(
                lines[item.source.first - 1].strip()
            )
    print(f"grounded in their lines: {right} of {total} items")


def main() -> None:
    """Read every labelled document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--set", default="")
    options = parser.parse_args()
    labels: Sequence[dict[str, str]] = json.loads(LABELS.read_text(encoding="utf-8"))
    tables: dict[str, Table] = {}
    absent = 0
    read: list[tuple[Document, bytes]] = []
    for label in labels:
        if options.set and label["set"] != options.set:
            continue
        data = content(options.folder, label)
        if data is None:
            absent += 1
            continue
        document = parse_document(data, label["path"])
        read.append((document, data))
        count(tables.setdefault(label["set"], Table()), document, label, data, misses=options.misses)
    for name, table in tables.items():
        show(name, table)
    print(f"{absent} documents are not there")
    grounded(read)
    timing()
    wide()


if __name__ == "__main__":
    main()
