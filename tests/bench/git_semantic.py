"""Prints how often the check of meaning raises an alarm over merges that people kept, and what the alarms are.

usage: python tests/bench/git_semantic.py [--merges N] [--show FILE] REPOSITORY...

Each repository is cloned without copying its objects. Real merges of two parents where both sides changed something
are merged in memory; those without a conflict whose tree is just what the people committed are given to
`breakage.semantic_problems`, as a preview of a merge does. They were kept, so most alarms over them are false; some are
true all the same (somebody repaired it later), so `--show` writes each alarm with its places for a person to judge.
`reviewable` counts the merges in which both sides changed source code that the check reads: only there it can speak.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aura_git.merging.breakage import semantic_problems
from aura_git.merging.trees import merge_trees, part
from aura_git.repository import Repository, open_repository
from aura_shared.errors import GitError
from aura_shared.messages.merges import MergeWarning

SOURCES = (".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".go", ".rs")


@dataclass
class Counts:
    """What was seen in one repository."""

    kept: int = 0
    """Merges without conflicts, committed as git made them."""
    edited: int = 0
    """Merges without conflicts that the people changed before they committed them; not counted further."""
    reviewable: int = 0
    alarmed: int = 0
    rules: Counter[str] = field(default_factory=Counter[str])
    seconds: list[float] = field(default_factory=list[float])


def git(folder: Path, *arguments: str) -> str:
    """What plain git prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, env=dict(os.environ))
    return done.stdout.decode(errors="replace").strip()


def merges_of(folder: Path) -> list[tuple[str, str, str]]:
    """Merges of two parents that are spread over the history: commit, ours, theirs."""
    lines = git(folder, "rev-list", "--min-parents=2", "--max-parents=2", "--parents", "HEAD").splitlines()
    found = [(line.split()[0], line.split()[1], line.split()[2]) for line in lines]
    return found[::7] + [one for number, one in enumerate(found) if number % 7]


def changes_sources(folder: Path, base: str, side: str) -> bool:
    """Whether a side changed a file that the check reads."""
    return any(path.endswith(SOURCES) for path in git(folder, "diff", "--name-only", base, side).splitlines())


def judge(repository: Repository, merge: tuple[str, str, str], counts: Counts) -> list[MergeWarning]:
    """Check one merge; returns its alarms."""
    commit, ours, theirs = merge
    parting = part(repository.git, theirs, ours)
    if not parting.bases or {ours, theirs} & set(parting.bases):
        return []
    try:
        merged = merge_trees(repository.git, ours, theirs)
    except GitError:  # A copy without its largest files: this merge would need one.
        return []
    if not merged.clean:
        return []
    if merged.tree != git(repository.root, "rev-parse", f"{commit}^{{tree}}"):
        counts.edited += 1
        return []
    counts.kept += 1
    if not all(changes_sources(repository.root, parting.bases[0], side) for side in (ours, theirs)):
        return []
    counts.reviewable += 1
    began = time.perf_counter()
    found = semantic_problems(repository, parting.bases[0], ours, theirs, merged.tree)
    counts.seconds.append(time.perf_counter() - began)
    counts.alarmed += bool(found)
    counts.rules.update(one.rule for one in found)
    return found


def main() -> None:
    """Print the table, and write the alarms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    parser.add_argument("--merges", type=int, default=60, help="reviewable merges of each")
    parser.add_argument("--show", type=Path, help="file for the alarms")
    wanted = parser.parse_args()
    shown: list[str] = []
    print(f"{'repository':<24}{'kept':>6}{'edited':>8}{'reviewable':>12}{'alarmed':>9}{'alarms':>8}{'ms':>7}  by rule")
    total = Counts()
    for source in wanted.repositories:
        name = source.parent.name if source.name == "repo" else source.name
        counts = Counts()
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "clone.git"
            git(Path(parent), "clone", "--quiet", "--bare", "--shared", str(source.resolve()), str(folder))
            repository = open_repository(folder)
            for merge in merges_of(folder):
                if counts.reviewable == wanted.merges:
                    break
                shown += [
                    f"{name} {merge[0][:12]} {one.rule} {one.path}:{one.line} {one.message}"
                    for one in judge(repository, merge, counts)
                ]
        print(row(name, counts), flush=True)
        for part_of in ("kept", "edited", "reviewable", "alarmed"):
            setattr(total, part_of, getattr(total, part_of) + getattr(counts, part_of))
        total.rules.update(counts.rules)
        total.seconds += counts.seconds
        if wanted.show:
            wanted.show.write_text("".join(f"{line}\n" for line in shown), encoding="utf-8")
    print(row("all", total))


def row(name: str, counts: Counts) -> str:
    """Its line of the table."""
    middle = 1000 * statistics.median(counts.seconds) if counts.seconds else 0.0
    rules = ", ".join(f"{rule} {count}" for rule, count in counts.rules.most_common())
    return (
        f"{name:<24}{counts.kept:>6}{counts.edited:>8}{counts.reviewable:>12}{counts.alarmed:>9}"
        f"{counts.rules.total():>8}{middle:>7.0f}  {rules}"
    )


if __name__ == "__main__":
    sys.exit(main())
