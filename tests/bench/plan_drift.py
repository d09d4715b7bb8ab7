"""Prints what becomes of items when versions of real documents are merged one after the other, and how long it takes.

usage: python tests/bench/plan_drift.py [--show] REPOSITORY:PATH...

Each version of the file in the history of the repository (a clone, or its git folder) is merged into a plan of
its own. Every third item gets a state and a line in its log by hand after the first merge that made it. Counted are:
`kept`: things with the same kind, id and title in two versions that follow one another, whose item stayed the same one;
`states`: states and logs set by hand that are still there at the end; and what the merges said. `--show` prints each
renamed and unclear thing for a person to judge. Without arguments only the long document is timed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aura_planning.drifting.merging import Merge, merge
from aura_planning.items.editing import add_to_section, set_fields
from aura_planning.items.journal import FileChange
from aura_planning.items.statuses import WORKING
from aura_planning.items.store import PlanStore
from aura_planning.parsing.contract import Document
from aura_planning.parsing.parsing import parse_document
from aura_shared.messages.plan_drift import MergeDocument


@dataclass
class Counts:
    """What was seen of one document."""

    versions: int = 0
    kept: int = 0
    same: int = 0
    """Things that stand in both of two versions."""
    set: dict[str, str] = field(default_factory=dict[str, str])
    """States that were set by hand, by identifier."""
    survived: int = 0
    said: Counter[str] = field(default_factory=Counter[str])
    seconds: list[float] = field(default_factory=list[float])


def git(folder: Path, *arguments: str) -> bytes:
    """What plain git prints."""
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True).stdout


class Plan:
    """A plan in a folder of its own."""

    def __init__(self, root: Path, path: str) -> None:
        self.store = PlanStore(root, root / "data")
        self.path = path

    def merge(self, document: Document) -> Merge:
        """Merge and write."""
        self.store.look()
        done = merge(
            document, self.store.ledger, self.store.read, MergeDocument(project="p", path=self.path), claims=False
        )
        if done.changes:
            self.store.commit(done.changes, command="merge", title="merge", items=done.items)
        return done

    def touch(self, counts: Counts) -> None:
        """Give every third item a state and a line in its log."""
        changes: list[FileChange] = []
        for item in self.store.ledger.items:
            if int(item.id.encode().hex(), 16) % 3 or item.id in counts.set or item.kind not in WORKING:
                continue
            data = self.store.read(item.path)
            counts.set[item.id] = WORKING[item.kind]
            after = add_to_section(set_fields(data, {"status": WORKING[item.kind]}), "Log", "- begun by hand")
            changes.append(FileChange(item.path, data, after))
        if changes:
            self.store.commit(changes, command="set", title="by hand")


def names(document: Document, done: Merge) -> dict[tuple[str, str, str], str]:
    """Identifier by kind, id and title, of what is there once."""
    by_line = {row.line: row.id for row in done.rows if row.line}
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in document.items:
        if item.source.first in by_line:
            found.setdefault((item.kind, item.alias, item.title), []).append(by_line[item.source.first])
    return {key: ids[0] for key, ids in found.items() if len(ids) == 1}


def follow(repository: Path, path: str, *, show: bool) -> Counts:
    """Merge every version."""
    counts = Counts()
    commits = git(repository, "log", "--format=%H", "--reverse", "--", path).decode().split()
    before: dict[tuple[str, str, str], str] = {}
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), path)
        for commit in commits:
            try:
                document = parse_document(git(repository, "show", f"{commit}:{path}"), path)
            except subprocess.CalledProcessError:
                continue  # it was removed in this commit
            begun = time.perf_counter()
            done = plan.merge(document)
            counts.seconds.append(time.perf_counter() - begun)
            counts.versions += 1
            if counts.versions > 1:
                counts.said.update(done.counts)
            for row in done.rows:
                if show and row.what in {"renamed", "unclear"}:
                    print(f"    {commit[:8]} {row.what} {row.kind} {row.alias!r} {row.title[:70]!r} {row.note[:90]}")
            now = names(document, done)
            both = before.keys() & now.keys()
            counts.same += len(both)
            counts.kept += sum(before[key] == now[key] for key in both)
            before = now
            plan.touch(counts)
        plan.store.look()
        for item in plan.store.ledger.items:
            text = plan.store.read(item.path)
            counts.survived += item.status == counts.set.get(item.id) and b"- begun by hand" in text
        plan.store.close()
    return counts


def long_document() -> None:
    """Time of a document of 120 kB with some 1,000 items."""
    lines = ["# Long"]
    for number in range(1, 130):
        lines += [
            f"## Epic {number}: Part {number}",
            f"### Story {number}.1: Piece {number}",
            "As a reader, I want it.",
        ]
        lines += [
            f"- [ ] {number}.1.{task} Write part {task} of piece {number} " + "word " * 20 for task in range(1, 7)
        ]
    data = "\n".join(lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), "long.md")
        taken: list[float] = []
        for version in (data, data, data.replace(b"part 3", b"chapter 3")):
            begun = time.perf_counter()
            done = plan.merge(parse_document(version, "long.md"))
            taken.append(time.perf_counter() - begun)
        plan.store.close()
    first, again, changed = (f"{one * 1000:.0f} ms" for one in taken)
    print(f"{len(data) / 1000:.0f} kB: made {first}, nothing new {again}, {done.counts} {changed}")


def main() -> int:
    """Follow each document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", metavar="REPOSITORY:PATH")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    total = Counts()
    for one in options.documents:
        repository, _, path = one.rpartition(":")
        counts = follow(Path(repository), path, show=options.show)
        said = ", ".join(f"{number} {what}" for what, number in sorted(counts.said.items()) if what != "same")
        slowest = max(counts.seconds, default=0.0)
        called = "/".join(Path(repository).resolve().parts[-2:])
        print(
            f"{called}:{path}: {counts.versions} versions, kept {counts.kept} of {counts.same}, states "
            f"{counts.survived} of {len(counts.set)}; {said or 'nothing'}; slowest merge {slowest * 1000:.0f} ms"
        )
        total.kept += counts.kept
        total.same += counts.same
        total.survived += counts.survived
        total.set.update({f"{one} {key}": value for key, value in counts.set.items()})
        total.versions += counts.versions
    if options.documents:
        print(
            f"all: {total.versions} versions, kept {total.kept} of {total.same}, "
            f"states {total.survived} of {len(total.set)}"
        )
    long_document()
    return 0


if __name__ == "__main__":
    sys.exit(main())
