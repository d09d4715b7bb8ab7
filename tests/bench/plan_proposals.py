"""Children, parts and estimates of stories against what their authors wrote: prints tables, asserts nothing.

    python tests/bench/plan_proposals.py FOLDER...

Each FOLDER holds stories of one plan, a Markdown file each, with acceptance criteria and, where their authors wrote
them, tasks and points. Nothing of them is kept in this repository. Tasks that an author wrote are taken out of a story
before it is expanded, so only criteria and text are left to derive children from.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aura_planning.items.model import Item
from aura_planning.proposing.contents import read_contents
from aura_planning.proposing.contract import Contents
from aura_planning.proposing.estimating import Known, Target, estimate, measures, size
from aura_planning.proposing.expanding import Facts, expand
from aura_planning.proposing.gathering import text_of
from aura_planning.proposing.splitting import split
from aura_planning.proposing.words import overlap, stems

POINTS = re.compile(
    r"(?:story points?|estimation|estimate|points)\W{0,8}(?P<points>\d+(?:\.\d+)?)(?!\s*(?:-|h|min|heures))\b",
    re.IGNORECASE,
)
TITLE = re.compile(r"^#\s+(?P<title>.+)$", re.MULTILINE)
DONE = re.compile(r"status\W{0,10}(?:done|complete|completed|terminé)", re.IGNORECASE)
MATCHED = 0.4
"""Share of the shorter title's words from which a proposal is taken for an author's task."""


@dataclass(frozen=True)
class Story:
    """A story as its author wrote it."""

    path: Path
    title: str
    contents: Contents
    points: float | None
    done: bool

    @property
    def item(self) -> Item:
        """The same as an item of a plan."""
        return Item("", "story", str(self.path), title=self.title, estimate=self.points)


def stories_of(folder: Path) -> list[Story]:
    """The stories of a folder that have criteria."""
    found: list[Story] = []
    for path in sorted(folder.rglob("*.md")):
        text = path.read_text(encoding="utf-8", errors="replace")
        contents = read_contents(text.encode())
        named = TITLE.search(text)
        if not contents.criteria or not named or len(contents.criteria) > 60:
            continue
        points = POINTS.search(text)
        done = bool(DONE.search(text[:800]))
        amount = float(points["points"]) if points else None
        found.append(Story(path, named["title"].strip(), contents, amount, done))
    return found


def expansion(stories: Sequence[Story]) -> dict[str, float]:
    """How much of the authors' tasks is proposed from the criteria alone, and the other way round."""
    hit = theirs = ours = true = words = chance = 0
    others: list[str] = []
    misses: Counter[str] = Counter()
    used = 0
    for one in stories:
        tasks = [step.text for step in one.contents.steps]
        if len(tasks) < 2:
            continue
        used += 1
        criteria = tuple(replace(part, ticked=None) for part in one.contents.criteria)
        bare = replace(one.contents, criteria=criteria, steps=())
        made = expand(Facts(one.item, bare))[0]
        texts = [" ".join((p.title, *p.criteria)) for p in made]
        for step in one.contents.steps:
            theirs += 1
            whole = " ".join([step.text, *step.below])
            if any(overlap(step.text, text) >= MATCHED or overlap(whole, text) >= 0.5 for text in texts):
                hit += 1
            else:
                misses[first_word(step.text)] += 1
            chance += any(overlap(step.text, text) >= MATCHED or overlap(whole, text) >= 0.5 for text in others)
        others = texts
        for text in texts:
            ours += 1
            true += any(overlap(" ".join([step.text, *step.below]), text) >= MATCHED for step in one.contents.steps)
        everything = stems(" ".join(" ".join([step.text, *step.below]) for step in one.contents.steps))
        words += len(everything & stems(" ".join(texts))) / max(1, len(everything))
    return {
        "stories": used, "tasks": theirs, "found": hit / max(1, theirs), "chance": chance / max(1, theirs),
        "proposed": ours,
        "right": true / max(1, ours), "words": words / max(1, used),
        **{f"miss {word}": count for word, count in misses.most_common(8)},
    }  # fmt: skip


def first_word(text: str) -> str:
    """What a task begins with, without its number."""
    bare = re.sub(r"^(?:task|step)?\s*[\d.]*\s*[:.)-]*\s*", "", text, flags=re.IGNORECASE)
    return (bare.split() or ["?"])[0].lower().strip(":")


def with_steps(stories: Sequence[Story]) -> tuple[int, int, int]:
    """With the authors' tasks left in: tasks, those that are proposed or ticked, and criteria with a test."""
    tasks = kept = 0
    tested = 0
    for one in stories:
        open_steps = replace(one.contents, steps=tuple(replace(step, ticked=None) for step in one.contents.steps))
        made, notices = expand(Facts(one.item, open_steps))
        tasks += len(open_steps.steps)
        sources = {p.source.first for p in made if p.source} | {int(n.split()[1].rstrip(":")) for n in notices}
        kept += sum(step.first in sources for step in open_steps.steps)
        tested += sum(p.role == "test" for p in made)
    return tasks, kept, tested


def splits(stories: Sequence[Story]) -> tuple[Counter[str], int, int]:
    """Patterns, criteria before, criteria after."""
    patterns: Counter[str] = Counter()
    before = after = 0
    for one in stories:
        found = split(one.item, one.contents)
        patterns[found.pattern or "none"] += 1
        if found.parts:
            before += len(one.contents.criteria)
            after += sum(map(len, found.groups))
    return patterns, before, after


def estimates(stories: Sequence[Story]) -> dict[str, float] | None:
    """Each story estimated from all others, against its author and against the most frequent number."""
    rated = [one for one in stories if one.points]
    if len(rated) < 8:
        return None
    known = [
        Known(one.item, text_of(one.item, one.contents), one.points, None, True, size(measures(one.contents)))
        for one in rated
    ]
    truth, by_size, by_history, raw, majority, within, mean = [], [], [], [], [], 0, []
    for at, one in enumerate(rated):
        others = [*known[:at], *known[at + 1 :]]
        target = Target(one.item, one.contents, known[at].text)
        assert one.points is not None
        truth.append(one.points)
        cost = estimate(target, others)
        within += cost.low <= one.points <= cost.high
        by_history.append(cost.likely)
        by_size.append(estimate(target, [replace(other, finished=False) for other in others]).likely)
        raw.append(known[at].size)
        counts = Counter(other.points for other in others)
        majority.append(max(counts, key=lambda points: (counts[points], points or 0)) or 0)
        mean.append(statistics.median(other.points or 0 for other in others))

    def error(rows: Sequence[float]) -> float:
        return sum(abs(a - b) for a, b in zip(rows, truth, strict=True)) / len(truth)

    def exact(rows: Sequence[float]) -> float:
        return sum(a == b for a, b in zip(rows, truth, strict=True)) / len(truth)

    return {
        "stories": len(rated), "rho size": rank_correlation(raw, truth), "rho all": rank_correlation(by_history, truth),
        "error all": error(by_history), "error size": error(by_size), "error majority": error(majority),
        "error median": error(mean), "exact all": exact(by_history), "exact majority": exact(majority),
        "within": within / len(rated),
    }  # fmt: skip


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's, with the mean rank of equals."""
    try:
        return statistics.correlation(ranks(one), ranks(other))
    except statistics.StatisticsError:
        return 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """Mean ranks."""
    ordered = sorted(values)
    return [(ordered.index(value) + len(ordered) - 1 - ordered[::-1].index(value)) / 2 for value in values]


def speed(stories: Sequence[Story]) -> float:
    """Milliseconds to read and expand one story, median of all."""
    times: list[float] = []
    for one in stories:
        data = one.path.read_bytes()
        begun = time.perf_counter()
        expand(Facts(one.item, read_contents(data)))
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    asked = parser.parse_args()
    plans = {folder: stories_of(folder) for folder in asked.folders}
    heads = ("plan", "stories", "with tasks", "tasks", "found", "by chance", "proposed", "near", "words", "kept", "ms")
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for folder, stories in plans.items():
        if not stories:
            continue
        got = expansion(stories)
        tasks, kept, _ = with_steps(stories)
        print(
            f"| {folder.name} | {len(stories)} | {got['stories']} | {got['tasks']} | {got['found']:.2f} | "
            f"{got['chance']:.2f} | {got['proposed']} | {got['right']:.2f} | {got['words']:.2f} | {kept}/{tasks} | "
            f"{speed(stories):.1f} |"
        )
        print("  missed first words:", {k[5:]: int(v) for k, v in got.items() if k.startswith("miss ")})
    for folder, stories in plans.items():
        patterns, before, after = splits(stories)
        print(f"split {folder.name}: {dict(patterns.most_common())}, criteria {before} -> {after}")
    for folder, stories in plans.items():
        if (row := estimates(stories)) is not None:
            print(f"estimate {folder.name}: " + ", ".join(f"{key} {value:.2f}" for key, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
