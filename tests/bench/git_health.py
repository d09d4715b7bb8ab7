"""How long a check of a repository takes, and what it finds there: each finding is for a person to judge.

usage: python tests/bench/git_health.py [--items 3] REPOSITORY...

Time is the median of three checks, beside one `git status`. Repositories should be fresh clones of public projects
whose maintainers look after them: what is found there is either something that those want to know, or a false alarm.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from aura_git.health.checking import check_health
from aura_git.repository import open_repository

RUNS = 3


def look(folder: Path, items: int) -> tuple[float, int]:
    """Print a row for a repository, and its findings below; seconds of a check, and how many findings."""
    repository = open_repository(folder)
    git = repository.git
    files = len(git.read("ls-files", "-z").items)
    commits = int(git.text("rev-list", "--count", "HEAD"))
    reports = [check_health(repository) for _ in range(RUNS)]
    report, seconds = reports[-1], statistics.median(one.seconds for one in reports)
    begun = time.monotonic()
    git.read("status", "--porcelain")
    status = time.monotonic() - begun
    print(f"{folder.name:<20} {files:>7,} {commits:>9,} {seconds:>8.2f} {status:>9.2f} {len(report.findings):>9}")
    for one in report.findings:
        shown = "; ".join(f"{item.name} ({item.detail})" if item.detail else item.name for item in one.items[:items])
        print(f"    {one.level:<8} {one.rule:<21} {one.count:>4}  {shown}")
    for why in report.skipped:
        print(f"    skipped  {why}")
    return seconds, len(report.findings)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--items", type=int, default=3, help="Most items that are shown of a finding.")
    options = parser.parse_args()
    print(f"{'repository':<20} {'files':>7} {'commits':>9} {'check s':>8} {'status s':>9} {'findings':>9}")
    rows = [look(folder, options.items) for folder in options.repositories]
    slowest = max(seconds for seconds, _ in rows)
    print(f"\n{len(rows)} repositories, slowest {slowest:.2f} s, {sum(count for _, count in rows)} findings")


if __name__ == "__main__":
    main()
