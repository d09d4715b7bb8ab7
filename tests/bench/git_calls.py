"""Prints how many processes of git requests to the service start, and which of them how often.

usage: python tests/bench/git_calls.py

A draft and a commit of everything and of what is staged, without a model; a status; a dry run of a merge and its
preview: over the small repository that the tests of commits use. `different` counts commands with other words.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aura_git.commits.service import CommitService
from aura_git.merging.service import MergeService
from aura_git.safety.service import SafetyService
from commits_lab import CART, TESTS
from git_calls import MOST, calls_of_requests
from git_lab import CONFIG, make_lab
from git_rig import GitRig


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="aura-") as name:
        folder = Path(name)
        (folder / "gitconfig").write_text(CONFIG)
        os.environ.update(GIT_CONFIG_GLOBAL=str(folder / "gitconfig"), GIT_CONFIG_NOSYSTEM="1", HOME=name)
        os.environ.update(AURA_HOME=str(folder / "home"))
        lab = make_lab(folder / "shop")
        lab.commit("feat(cart): add the cart", {"src/cart.py": CART, "README.md": "# Shop\n"})
        lab.commit("docs: say how to run it", {"README.md": "# Shop\n\nRun it.\n"})
        lab.commit("test(cart): cover the total", {"tests/test_cart.py": TESTS})
        lab.branch("work")
        found = asyncio.run(calls_of_requests(GitRig(lab.root, CommitService, SafetyService, MergeService), lab))
    print(f"{'request':<14}{'processes':>10}{'different':>10}{'bound':>7}  most")
    for request, calls in found.items():
        words = Counter(call.replace("'", "").strip("(),").split(", ")[0] for call in calls)
        most = ", ".join(f"{word} {count}" for word, count in words.most_common(4))
        print(f"{request:<14}{len(calls):>10}{len(set(calls)):>10}{MOST[request]:>7}  {most}")


if __name__ == "__main__":
    main()
