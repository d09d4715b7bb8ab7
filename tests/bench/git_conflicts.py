"""How often conflicts of real merges are resolved, and as people resolved them.

usage: python tests/bench/git_conflicts.py REPOSITORY... [--merges 1500] [--files 60] [--json OUT] [--show RULE]

Every merge of two parents is done again in memory (`git merge-tree`); each file that conflicts in content, with all
three versions there and neither binary nor left with markers by the person, is resolved by each strategy and compared
with what the person committed.

Definitions. A file is *resolved* when no conflict is left in it. It is *equal* when its lines are those of the person,
but for spacing at line ends and empty lines. A hunk is one conflict that plain git leaves. Of the hunks of resolved
files: *match*, the person has the same lines there; *reordered*, the same lines in another order; *new*, the person
wrote lines that none of the three versions has there; *one-sided*, the person kept one side whole and dropped the edit
of the other; *wrong*, anything else (the base kept, everything deleted, other lines of the three). *Broken* counts
resolved files that parse worse than both sides.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from shutil import which

from aura_git.conflicts.blocks import Block, Chunk, merge_lines
from aura_git.conflicts.contract import ConflictSides
from aura_git.conflicts.guards import Guard
from aura_git.conflicts.lines import decoded, encoded, is_binary
from aura_git.conflicts.resolving import resolve_file
from aura_shared.errors import AuraError

BATCH = 100
SUFFIXES = {".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".go", ".rs"}


@dataclass(frozen=True)
class Case:
    """A file that two sides changed, and what a person made of it."""

    repository: str
    commit: str
    sides: ConflictSides
    human: bytes


@dataclass
class Score:
    """What a strategy did with all cases."""

    files: int = 0
    resolved: int = 0
    equal: int = 0
    broken: int = 0
    hunks: Counter[str] = field(default_factory=Counter[str])
    rules: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    seconds: list[float] = field(default_factory=list[float])

    def count(self, rule: str, what: str) -> None:
        """Count a hunk."""
        self.hunks[what] += 1
        self.rules.setdefault(rule, Counter())[what] += 1

    def add(self, other: Score) -> None:
        """Count another one in."""
        for name in ("files", "resolved", "equal", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.hunks.update(other.hunks)
        for rule, counts in other.rules.items():
            self.rules.setdefault(rule, Counter()).update(counts)
        self.seconds += other.seconds


def git(repository: Path, *arguments: str, stdin: bytes | None = None, ok: tuple[int, ...] = (0,)) -> bytes:
    """What git prints in a repository."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], input=stdin, capture_output=True, check=False)
    if done.returncode not in ok:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout


def cases_of(repository: Path, merges: int, most: int) -> Iterator[Case]:
    """Conflicts of a repository's newest merges."""
    listed = git(repository, "rev-list", "--merges", "--max-parents=2", f"--max-count={merges}", "--parents", "HEAD")
    pairs = [line.split() for line in listed.decode().splitlines()]
    seen: set[ConflictSides] = set()
    for start in range(0, len(pairs), BATCH):
        batch = pairs[start : start + BATCH]
        for (commit, _, _), stages in zip(batch, stages_of(repository, batch), strict=True):
            for path, blobs in stages.items():
                case = case_of(repository, commit, path, blobs)
                if case is not None and case.sides not in seen:
                    seen.add(case.sides)
                    yield case
                if len(seen) >= most:
                    return


def stages_of(repository: Path, batch: Sequence[Sequence[str]]) -> list[dict[str, list[str]]]:
    """Files of each merge that conflict in content, with the blobs of their three versions: base, ours, theirs.

    One process for a batch; git ends with the first pair without a common history, which is then left out.
    """
    found: list[dict[str, list[str]]] = []
    while len(found) < len(batch):
        lines = "".join(f"{ours} {theirs}\n" for _, ours, theirs in batch[len(found) :])
        command = ("merge-tree", "--write-tree", "--stdin", "-z", "--no-messages")
        out = git(repository, *command, stdin=lines.encode(), ok=(0, 1, 128))
        found += [conflicts_of(part) for part in merges_in(out.decode(errors="surrogateescape"))]
        if len(found) < len(batch):
            found.append({})
    return found


def merges_in(out: str) -> Iterator[list[str]]:
    """What `merge-tree --stdin -z` says of each merge: whether it is clean, its tree, what conflicts."""
    items = out.split("\0")
    position = 0
    while position < len(items) - 1:
        end = position + 2  # past the state and the tree
        while end < len(items) and items[end]:
            end += 1
        yield items[position:end]
        position = end + 1


def conflicts_of(items: Sequence[str]) -> dict[str, list[str]]:
    """Blobs of the files of a merge that conflict in content."""
    stages: dict[str, list[str]] = {}
    for item in items[2:]:
        head, _, path = item.partition("\t")
        if Path(path).suffix in SUFFIXES and head.startswith("100"):
            stages.setdefault(path, []).append(head.split(" ")[1])
    return {path: blobs for path, blobs in stages.items() if len(blobs) == 3}


def case_of(repository: Path, commit: str, path: str, blobs: Sequence[str]) -> Case | None:
    """A conflict with what the person made of it; None when that is no file of text without markers."""
    try:
        human = git(repository, "cat-file", "blob", f"{commit}:{path}")
    except RuntimeError:
        return None
    base, ours, theirs = (git(repository, "cat-file", "blob", blob) for blob in blobs)
    if any(map(is_binary, (human, base, ours, theirs))) or b"\n<<<<<<< " in human:
        return None
    return Case(name_of(repository), commit, ConflictSides(path, base, ours, theirs), human)


def name_of(repository: Path) -> str:
    """What a repository is called."""
    return repository.parent.name if repository.name == "repo" else repository.name


def norm(text: str) -> list[str]:
    """Lines without spacing at their ends, and without empty ones."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def human_parts(chunks: Sequence[Chunk], human: str) -> list[list[str]]:
    """What the person has in place of each conflict, by the merged lines around it."""
    merged: list[str] = []
    holes: list[int] = []
    for chunk in chunks:
        if isinstance(chunk, Block):
            holes.append(len(merged))
            merged.append("\0conflict")
        else:
            merged += norm(chunk)
    lines = norm(human)
    start = 0
    while start < min(len(merged), len(lines)) and merged[start] == lines[start]:
        start += 1
    end = 0
    while end < min(len(merged), len(lines)) - start and merged[-1 - end] == lines[-1 - end]:
        end += 1
    place = {step: step for step in range(start)}
    place.update({len(merged) - 1 - step: len(lines) - 1 - step for step in range(end)})
    middle = merged[start : len(merged) - end], lines[start : len(lines) - end]
    for a, b, size in SequenceMatcher(None, *middle, autojunk=False).get_matching_blocks():
        place.update({start + a + step: start + b + step for step in range(size)})
    parts: list[list[str]] = []
    for hole in holes:
        before = next((place[i] + 1 for i in range(hole - 1, -1, -1) if i in place), 0)
        after = next((place[i] for i in range(hole + 1, len(merged)) if i in place), len(lines))
        parts.append(lines[before:after])
    return parts


def outcome(block: Block, text: str, person: list[str]) -> str:
    """What a resolution is, against the person's."""
    mine, ours, base, theirs = (norm(one) for one in (text, *map("".join, (block.ours, block.base, block.theirs))))
    if mine == person:
        return "match"
    if sorted(mine) == sorted(person):
        return "reordered"
    if person in (ours, theirs):
        return "one-sided"
    if set(person) - {*ours, *base, *theirs}:
        return "new"
    return "wrong"


Strategy = Callable[[Case, Sequence[Chunk]], tuple[bytes, dict[int, tuple[str, str]]] | None]
"""The resolved file, and for each conflict the rule and its text; None when conflicts are left."""


def choose(pick: Callable[[Block], str], rule: str) -> Strategy:
    """Resolve every conflict the same way."""

    def resolve(_case: Case, chunks: Sequence[Chunk]) -> tuple[bytes, dict[int, tuple[str, str]]]:
        blocks = [chunk for chunk in chunks if isinstance(chunk, Block)]
        text = "".join(pick(chunk) if isinstance(chunk, Block) else chunk for chunk in chunks)
        return encoded(text), {number: (rule, pick(block)) for number, block in enumerate(blocks)}

    return resolve


def aura(*tiers: str) -> Strategy:
    """Resolve by the rules of some tiers."""

    def resolve(case: Case, _chunks: Sequence[Chunk]) -> tuple[bytes, dict[int, tuple[str, str]]] | None:
        done = resolve_file(case.sides, accept=tiers)  # pyright: ignore[reportArgumentType]
        if done.remaining or done.problem:
            return None
        return done.text, {hunk.number - 1: (hunk.rule, hunk.text) for hunk in done.hunks}

    return resolve


def wiggle(case: Case, chunks: Sequence[Chunk]) -> tuple[bytes, dict[int, tuple[str, str]]] | None:
    """Debian's word-wise merge."""
    with tempfile.TemporaryDirectory() as folder:
        names = ["ours", "base", "theirs"]
        for name, content in zip(names, (case.sides.ours, case.sides.base, case.sides.theirs), strict=True):
            (Path(folder) / name).write_bytes(content or b"")
        done = subprocess.run(["wiggle", "--merge", *names], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        return None
    parts = human_parts(chunks, decoded(done.stdout))
    return done.stdout, {number: ("words", "\n".join(part)) for number, part in enumerate(parts)}


STRATEGIES: dict[str, Strategy] = {
    "ours": choose(lambda block: "".join(block.ours), "ours"),
    "theirs": choose(lambda block: "".join(block.theirs), "theirs"),
    "--union": choose(lambda block: "".join((*block.ours, *block.theirs)), "union"),
    **({"wiggle": wiggle} if which("wiggle") else {}),
    "auto": aura("auto"),
    "auto + propose": aura("auto", "propose"),
    "everything": aura("auto", "propose", "suggest"),
}


def score(case: Case) -> dict[str, Score]:
    """Every strategy on one file; `git` and the hunks of every file come along."""
    chunks = merge_lines(case.sides)
    blocks = [chunk for chunk in chunks if isinstance(chunk, Block)]
    parts = human_parts(chunks, decoded(case.human))
    scores = {"git": Score(files=1, resolved=0 if blocks else 1)}
    for name, strategy in STRATEGIES.items():
        scores[name] = score_one(case, chunks, parts, strategy)
    scores["auto hunks"], scores["propose hunks"] = Score(files=1), Score(files=1)
    for hunk in resolve_file(case.sides, accept=()).hunks:
        into = scores.get(f"{hunk.tier} hunks")
        if into is not None:
            into.count(hunk.rule, outcome(blocks[hunk.number - 1], hunk.text, parts[hunk.number - 1]))
    return scores


def score_one(case: Case, chunks: Sequence[Chunk], parts: Sequence[list[str]], strategy: Strategy) -> Score:
    """One strategy on one file."""
    one = Score(files=1)
    began = time.perf_counter()
    try:
        done = strategy(case, chunks)
    except AuraError:
        done = None
    one.seconds.append(time.perf_counter() - began)
    blocks = [chunk for chunk in chunks if isinstance(chunk, Block)]
    if done is None or not blocks:
        return one
    text, hunks = done
    one.resolved = 1
    one.equal = int(norm(decoded(text)) == norm(decoded(case.human)))
    one.broken = int(Guard(case.sides).parses(text) is False)
    for number, (rule, piece) in hunks.items():
        one.count(rule, outcome(blocks[number], piece, parts[number]))
    return one


def line_of(name: str, one: Score) -> str:
    """A row of the table."""
    hunks = one.hunks
    total = sum(hunks.values())
    shares = " ".join(f"{hunks[what]:5}" for what in ("match", "reordered", "new", "one-sided", "wrong"))
    share = f"{100 * one.equal / one.resolved:5.1f} %" if one.resolved else "      -"
    wrong = f"{100 * hunks['wrong'] / total:4.1f} %" if total else "     -"
    match = f"{100 * hunks['match'] / total:5.1f} %" if total else "      -"
    return (
        f"{name:16} {one.resolved:5} {100 * one.resolved / max(1, one.files):5.1f} % {share}  {shares} {match} {wrong} "
        f"{one.broken:6}"
    )


def main() -> None:
    """Replay, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--merges", type=int, default=1500, help="newest merges of each")
    parser.add_argument("--files", type=int, default=60, help="most files of each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--show", default="", help="print the hunks of a rule that are not as the person's")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    total: dict[str, Score] = {}
    for repository in given.repositories:
        cases = list(cases_of(repository, given.merges, given.files))
        print(f"{name_of(repository)}: {len(cases)} files")
        if given.show:
            show(cases, given.show)
        with ProcessPoolExecutor(given.workers) as pool:
            for scores in pool.map(score, cases, chunksize=4):
                for name, one in scores.items():
                    total.setdefault(name, Score()).add(one)
    print(f"{'strategy':16} files         equal    match  reord   new   one-s wrong  match  wrong  broken")
    for name, one in total.items():
        print(line_of(name, one))
        if name.startswith(("auto", "propose")):
            for rule, counts in sorted(one.rules.items()):
                print(f"    {rule:20} {dict(counts)}")
    times = sorted(total["auto + propose"].seconds)
    if times:
        print(f"ms a file: median {1000 * times[len(times) // 2]:.1f}, p95 {1000 * times[int(len(times) * 0.95)]:.1f}")
    if given.json:
        rows = {name: {"files": one.files, "resolved": one.resolved, "equal": one.equal, **one.hunks}
                for name, one in total.items()}  # fmt: skip
        given.json.write_text(json.dumps(rows, indent=1))


def show(cases: Sequence[Case], rule: str) -> None:
    """Print the hunks of a rule that a person resolved otherwise."""
    for case in cases:
        chunks = merge_lines(case.sides)
        blocks = [chunk for chunk in chunks if isinstance(chunk, Block)]
        parts = human_parts(chunks, decoded(case.human))
        for hunk in resolve_file(case.sides, accept=()).hunks:
            what = outcome(blocks[hunk.number - 1], hunk.text, parts[hunk.number - 1])
            if (hunk.rule == rule or what == rule) and what != "match":
                print(f"--- {what} {hunk.tier} {hunk.rule} {case.repository} {case.commit[:9]} {case.sides.path}")
                person = "\n".join(parts[hunk.number - 1])
                print(f"ours\n{hunk.ours}base\n{hunk.base}theirs\n{hunk.theirs}becomes\n{hunk.text}person\n{person}\n")


if __name__ == "__main__":
    main()
