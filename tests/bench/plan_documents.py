"""How fast requirements documents are checked and drafted, and how often the findings are right.

usage: python tests/bench/plan_documents.py [FOLDER]

FOLDER holds the public documents of `plan_documents_judged.json` under any names; each is recognised by its hash. Every
finding of the check on 51 of them was judged by hand: a row of the table counts those that were judged right, of all.
A finding that nobody judged is counted as new.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "services"), str(ROOT / "shared")]

from aura_planning.documents.checking import check_document  # noqa: E402
from aura_planning.documents.demands import read_idea  # noqa: E402
from aura_planning.documents.drafting import assemble, outline_of, plan_parts  # noqa: E402
from aura_planning.documents.facts import collect_facts, list_files  # noqa: E402
from aura_planning.items.templates import DEFAULTS  # noqa: E402

PARTS = ("tuned", "first", "second", "third")
IDEA = "Remind people by email of overdue tasks within 5 minutes and log every attempt"


def best_ms(work: Callable[[], object], times: int = 5) -> float:
    """The quickest of some runs, in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return min(taken)


def large_document(size: int) -> bytes:
    """A PRD of about so many bytes, every third requirement vague."""
    lines = ["# PRD", "", "## Goals", "", "Sell books.", "", "## Requirements", ""]
    number = 0
    while sum(map(len, lines)) < size:
        number += 1
        how = "quickly" if number % 3 == 0 else f"within {number} seconds"
        lines.append(
            f"- FR-{number:04}: The shop shall load shelf {number} of the hall that reader {number} chose {how}."
        )
    return "\n".join(lines).encode()


def speed() -> None:
    """Print what a check and a draft take."""
    large = large_document(120_000)
    print(f"check, {len(large) // 1000} kB: {best_ms(lambda: check_document(large, 'prd.md'), 3):.0f} ms")

    def draft() -> str:
        idea = read_idea(IDEA)
        outline = outline_of(DEFAULTS["prd"])
        return assemble(outline, plan_parts(idea, collect_facts(ROOT, IDEA, list_files(ROOT)), outline))

    print(f"draft without a model, {len(list_files(ROOT)):,} files: {best_ms(draft, 3):.0f} ms")


def precision(folder: Path) -> None:
    """Print how many findings are right, by rule and by part of the documents."""
    judged = {
        str(one["sha1"]): one
        for one in cast(
            "list[dict[str, object]]", json.loads(Path(__file__).with_name("plan_documents_judged.json").read_text())
        )
    }
    right: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    documents: dict[str, int] = defaultdict(int)
    seconds, size = 0.0, 0
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        data = file.read_bytes()
        known = judged.get(hashlib.sha1(data).hexdigest())
        if known is None:
            continue
        part = str(known["part"])
        documents[part] += 1
        verdicts = {(line, rule): ok for line, rule, ok in cast("list[tuple[int, str, bool]]", known["findings"])}
        began = time.perf_counter()
        found = check_document(data, file.name)
        seconds, size = seconds + time.perf_counter() - began, size + len(data)
        for one in found.faults:
            ok = verdicts.get((one.line, one.rule))
            counts = right[one.rule, part]
            counts[0] += ok is True
            counts[1] += ok is not None
            counts[2] += ok is None
    print(f"{sum(documents.values())} documents ({dict(documents)}), {size // 1000} kB in {seconds:.2f} s")
    print("| rule | " + " | ".join(PARTS) + " | new |")
    print("|---|" + "---|" * (len(PARTS) + 1))
    for rule in sorted({rule for rule, _ in right}):
        cells = [f"{right[rule, part][0]}/{right[rule, part][1]}" if (rule, part) in right else "-" for part in PARTS]
        print(
            f"| {rule} | {' | '.join(cells)} | {sum(right[rule, part][2] for part in PARTS if (rule, part) in right)} |"
        )
    for part in PARTS:
        told = [counts for (_, where), counts in right.items() if where == part]
        total = sum(one[1] for one in told)
        if total:
            print(f"{part}: {sum(one[0] for one in told)} of {total} right ({sum(one[0] for one in told) / total:.1%})")


if __name__ == "__main__":
    speed()
    if len(sys.argv) > 1:
        precision(Path(sys.argv[1]))
