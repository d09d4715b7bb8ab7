"""How often the next version is the one that the maintainers chose, and how long a check of a repository takes.

usage: python tests/bench/git_releases.py [--releases 60] [--health] REPOSITORY...

Each of the newest final releases is predicted from its commits alone: those between its tag and the final release that
it descends from. What the maintainers chose is read from the two tags. `patch` says the smallest step, always;
`feat` says a middle step as soon as one subject begins with `feat`, and otherwise the smallest. A release that the
history asks a person for (`asked`) counts as wrong in `right`, and is left out of `when told`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from pathlib import Path

from aura_git.health.checking import check_health
from aura_git.releases.effects import changes_since, early_habit, effect_of, left_over
from aura_git.releases.planning import CONVENTIONAL_SHARE
from aura_git.releases.versions import Version, raise_version, read_tag
from aura_git.repository import Repository, open_repository


def bump_of(old: Version, new: Version) -> str:
    """Which number was raised."""
    return "major" if new.major > old.major else "minor" if new.minor > old.minor else "patch"


Finals = tuple[tuple[str, Version], ...]


def releases_of(repository: Repository, most: int) -> list[tuple[Finals, str, Version]]:
    """Final releases, newest first: those that it descends from, by version, and itself."""
    git = repository.git
    names = git.read("for-each-ref", "--sort=-creatordate", "--format=%(refname:strip=2)", "refs/tags").lines
    plain = [
        (name, form.version) for name in names if (form := read_tag(name)) and not form.name and not form.version.pre
    ]
    found: list[tuple[Finals, str, Version]] = []
    for name, version in plain:
        merged = set(
            git.read("for-each-ref", f"--merged=refs/tags/{name}", "--format=%(refname:strip=2)", "refs/tags").lines
        )
        older = sorted(
            ((tag, other) for tag, other in plain if tag in merged and other < version), key=lambda one: one[1]
        )
        if older:
            found.append((tuple(older), name, version))
        if len(found) == most:
            break
    return found


def predict(repository: Repository, most: int) -> Counter[str]:
    """What was right in a repository."""
    counts: Counter[str] = Counter()
    for older, name, new in releases_of(repository, most):
        tag, old = older[-1]
        changes = left_over(changes_since(repository, f"refs/tags/{tag}", head=f"refs/tags/{name}"))
        told = [one for one in changes if not one.merge]
        if not told:
            continue
        human, effect = bump_of(old, new), effect_of(changes)
        asked = sum(one.conventional for one in told) < CONVENTIONAL_SHARE * len(told) and effect != "major"
        raised = "patch" if effect == "none" else effect
        if raised == "minor" and not old.major:
            lower, every = early_habit(repository, older)
            raised = "patch" if lower * 2 > every else raised
        mine = bump_of(old, raise_version(old, raised))
        simple = bump_of(
            old, raise_version(old, "minor" if any(one.subject.startswith("feat") for one in told) else "patch")
        )
        counts.update({"all": 1, "asked": asked, "told": not asked, "patch": human == "patch", "feat": human == simple})
        counts.update({"right": mine == human and not asked, "patch told": human == "patch" and not asked})
        if not asked:
            counts[f"{human} -> {mine}"] += 1
    return counts


def line(name: str, counts: Counter[str]) -> str:
    """A row of the table."""
    columns = (("patch", "all"), ("feat", "all"), ("right", "all"), ("right", "told"), ("patch told", "told"))
    cells = [f"{100 * counts[what] / counts[of]:.1f}" if counts[of] else "-" for what, of in columns]
    return f"{name:<26} {counts['all']:>8} {counts['asked']:>6} " + " ".join(f"{one:>10}" for one in cells)


def name_of(folder: Path) -> str:
    """Name of a repository; copies without a work tree lie in a folder `repo` of that name."""
    return folder.parent.name.rpartition("+")[2] if folder.name == "repo" else folder.name


def check(folder: Path) -> str:
    """Files, commits, and seconds of a check, the median of three, beside `git status`."""
    repository = open_repository(folder)
    files = len(repository.git.read("ls-files", "-z").items)
    commits = int(repository.git.text("rev-list", "--count", "HEAD"))
    times = sorted(check_health(repository).seconds for _ in range(3))
    begun = time.monotonic()
    repository.git.read("status", "--porcelain")
    status = time.monotonic() - begun
    return f"{name_of(folder):<26} {files:>7} {commits:>8} {statistics.median(times):>9.2f} {status:>9.2f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--releases", type=int, default=60)
    parser.add_argument("--health", action="store_true", help="Time checks instead.")
    options = parser.parse_args()
    if options.health:
        print(f"{'repository':<26} {'files':>7} {'commits':>8} {'check s':>9} {'status s':>9}")
        for folder in options.repositories:
            print(check(folder), flush=True)
        return
    heads = ("patch", "feat", "right", "when told", "patch then")
    print(f"{'repository':<26} {'releases':>8} {'asked':>6} " + " ".join(f"{one:>10}" for one in heads))
    total: Counter[str] = Counter()
    for folder in options.repositories:
        counts = predict(open_repository(folder), options.releases)
        total += counts
        print(line(name_of(folder), counts), flush=True)
    print(line("all", total))
    pairs = ", ".join(f"{what}: {count}" for what, count in sorted(total.items()) if "->" in what)
    print(f"\nchosen -> predicted, where the history told: {pairs}")


if __name__ == "__main__":
    main()
