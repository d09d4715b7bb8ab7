"""How long the facts of a review take, for changes of 20 and of 300 files.

    python tests/bench/review.py FOLDER [--files 20 300] [--rounds 3]

Copies the tracked files of FOLDER into a repository of its own, edits one function in each of N files, and prints the
best of some rounds without the structure (its questions cost milliseconds; see `structure_speed.py`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from aura_code.findings.loading import load_rules
from aura_code.findings.standards import standards_of
from aura_code.reviewing.gathering import ReviewSources, gather_review
from aura_languages import language_of
from aura_shared.messages.review import GatherReview, ReviewFacts
from aura_shared.settings import FindingsSettings

_CODE = {"python", "javascript", "typescript", "tsx", "go", "rust"}
_IDENTITY = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *_IDENTITY, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def copied(folder: Path, root: Path) -> list[str]:
    """Copy tracked files into a repository with one commit; the paths of its code, largest first."""
    for path in git(folder, "ls-files", "-z").split("\0"):
        if path and (folder / path).is_file() and not (folder / path).is_symlink():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, root / path)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "base")
    code = [path for path in git(root, "ls-files").splitlines() if language_of(path) in _CODE]
    return sorted(code, key=lambda path: -(root / path).stat().st_size)


def edit(root: Path, path: str) -> None:
    """Write a line into the middle of a file, and a further one at its end."""
    lines = (root / path).read_bytes().split(b"\n")
    mark = b"# edited" if path.endswith(".py") else b"// edited"
    lines.insert(len(lines) // 2, mark)
    (root / path).write_bytes(b"\n".join([*lines, mark, b""]))


def measure(root: Path, rounds: int) -> tuple[float, ReviewFacts]:
    """Best time in seconds, and the facts."""
    rules = load_rules()
    standards = standards_of(rules, FindingsSettings())
    files = git(root, "ls-files").splitlines()
    sources = ReviewSources(root, rules, standards, (), None, lambda: files)
    best, facts = float("inf"), ReviewFacts()
    for _ in range(rounds):
        begin = time.perf_counter()
        facts = gather_review(sources, GatherReview(project="bench"))
        best = min(best, time.perf_counter() - begin)
    return best, facts


def main() -> None:
    """Measure changes of several sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, nargs="+", default=[20, 300])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        code = copied(given.folder, root)
        middle = code[len(code) // 10 :]  # Without the tenth of the largest files, which hold tables and bundles.
        for count in given.files:
            git(root, "checkout", "-q", "--", ".")
            for path in middle[:count]:
                edit(root, path)
            lines = sum((root / path).read_bytes().count(b"\n") for path in middle[:count])
            seconds, facts = measure(root, given.rounds)
            print(f"{len(facts.files)} files, {lines} lines: {seconds:.2f} s ({os.cpu_count()} cores, one used)")


if __name__ == "__main__":
    main()
