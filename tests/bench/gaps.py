"""Prints how long gaps, history and dependencies take on given work trees: `python tests/bench/gaps.py FOLDER ...`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from aura_code.gaps import GapSources, find_gaps
from aura_code.history import changes_since, read_history
from aura_code.tools.dependencies import scan_dependencies
from aura_languages import language_of
from aura_shared.messages.gaps import FindGaps, ScanDependencies


def main() -> None:
    """Measure each folder once, with a warm page cache."""
    print("| project | lines | gaps s | places | unread | history s | commits | changes s | dependencies s | found |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for root in map(Path, sys.argv[1:]):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
        files = [path for path in listed.split("\0") if path and (root / path).is_file()]
        lines = sum((root / path).read_bytes().count(b"\n") for path in files if language_of(path))
        sources = GapSources(root, files, Counter(map(language_of, files)), ())
        gaps = find_gaps(sources, FindGaps(project=root.name))
        begin = time.perf_counter()
        history = read_history(root)
        read = time.perf_counter()
        changes_since(root, "HEAD")
        compared = time.perf_counter()
        known = scan_dependencies(root, ScanDependencies(project=root.name))
        print(
            f"| {root.name} | {lines} | {gaps.seconds:.2f} | {sum(gaps.counts.values())} | {gaps.unread} "
            f"| {read - begin:.2f} | {history.commits} | {compared - read:.2f} | {known.seconds:.2f} | {known.total} |"
        )


if __name__ == "__main__":
    main()
