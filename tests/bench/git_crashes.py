"""Kills every writing operation of the git service (-9) at random points, and tries every way out of what is left.

Prints a table and its total: how many of the kills came in the middle, and after how many of them everything was whole:
`git fsck` and `git status` have nothing to say, every blob that was ever staged or in the work tree can be reached,
nothing of Aura's lies about, and `continue`, `abort`, `undo` and doing it again each lead where they should.

    python tests/bench/git_crashes.py [--kills 320] [--seed 2026] [--only WORD]
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from git_crash import AT_RANDOM, WITH_CHILDREN, Victims, kill_table
from git_crash_operations import OPERATIONS
from git_lab import CONFIG


def main() -> None:
    """Kill and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=320)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-git-") as name:
        folder = Path(name)
        (folder / "gitconfig").write_text(CONFIG)
        os.environ.update(GIT_CONFIG_GLOBAL=str(folder / "gitconfig"), GIT_CONFIG_NOSYSTEM="1", HOME=name)
        print_kills(folder, [name for name in OPERATIONS if chosen.only in name], chosen.kills, chosen.seed)


def print_kills(folder: Path, names: list[str], count: int, seed: int) -> None:
    """Evenly over the operations: at a random step, at a random moment, and with all that was started."""
    chance = random.Random(seed)
    with Victims(folder, every_way=True) as victims:
        wanted: list[tuple[str, int]] = []
        for kind in range(count):
            if len(wanted) >= count:
                break
            for name in names:
                step = chance.randint(1, victims.steps_of(name))
                wanted.append((name, (step, AT_RANDOM, step, WITH_CHILDREN)[kind % 4]))
        began = time.perf_counter()
        kills = victims.kill_all(wanted[:count], seed=seed)
    print(f"{len(kills)} kills over {len(names)} operations (seed {seed}), {time.perf_counter() - began:.0f} s in all")
    for line in kill_table(kills):
        print(f"  {line}")
    for kill in kills:
        if kill.broken:
            print(f"  BROKEN {kill}")


if __name__ == "__main__":
    main()
