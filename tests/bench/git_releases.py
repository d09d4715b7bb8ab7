"""How often the next version is the one that the maintainers chose.

usage: python tests/bench/git_releases.py [--releases 40] REPOSITORY[:PACKAGE]...

Each of the newest final releases is planned as a person would have on the day: in a further work tree at the commit
before the tag (its first parent), by the same code as `aura release plan`, which sees no later tag. What the
maintainers chose is read from the tag. `smallest` says the last number is raised, always; `feat` raises the middle
number as soon as one subject since the last release begins with `feat`. A release that is left to a person (`asked`)
counts as wrong in `right`, and is left out of `when told`; `offered` says how often the choices had the right one.
Repositories are changed in nothing but further work trees, which are removed.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from aura_git.releases.effects import changes_since
from aura_git.releases.packages import find_package, find_packages, read_tags
from aura_git.releases.planning import plan_release
from aura_git.releases.versions import Version, parse_version, raise_version
from aura_git.repository import Repository, open_repository
from aura_shared.messages.releases import ReleasePlan


@contextmanager
def further_tree(repository: Repository) -> Generator[Repository]:
    """A further work tree of a repository without any commit checked out yet; removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        repository.git.write("worktree", "add", "--quiet", "--detach", "--no-checkout", str(tree), "HEAD")
        try:
            yield open_repository(tree)
        finally:
            repository.git.write("worktree", "remove", "--force", str(tree))


def releases_of(repository: Repository, path: str, most: int) -> list[tuple[str, Version]]:
    """The newest final releases of a package with what is not its first, newest first."""
    packages = find_packages(repository)
    package = find_package(repository, packages, path)
    several = any(one.path for one in packages)
    prefix = read_tags(repository, package, several=several, packages=packages).prefix
    names = repository.git.read("for-each-ref", "--sort=-creatordate", "--format=%(refname:strip=2)", "refs/tags").lines
    found = [(name, parse_version(name.removeprefix(prefix))) for name in names if name.startswith(prefix)]
    return [(name, version) for name, version in found if version is not None and not version.pre][:most]


def before_release(tree: Repository, tag: str, version: Version) -> str:
    """The commit that a release was decided at; empty for the first one of a history.

    That is the parent of a commit that names the version or speaks of a release; where the last change itself is
    tagged, a copy of it, which the tag does not name.
    """
    git = tree.git
    commit, *parents = git.text("rev-list", "--parents", "--max-count=1", f"refs/tags/{tag}").split(" ")
    if not parents:
        return ""
    message = git.text("log", "-1", "--format=%B", commit)
    subject = message.partition("\n")[0]
    if str(version) in subject or re.search("release|version", subject, re.IGNORECASE):
        return parents[0]
    content = git.text("rev-parse", f"{commit}^{{tree}}")
    known = [word for parent in parents for word in ("-p", parent)]
    return git.write("commit-tree", *known, "-F", "-", content, stdin=message.encode()).text


def planned_at(tree: Repository, path: str, commit: str) -> ReleasePlan:
    """The plan at a commit."""
    tree.git.write("checkout", "--quiet", "--force", "--detach", commit)
    return plan_release(tree, path=path, day=tree.git.text("log", "-1", "--format=%cs", commit)).plan


def predict(repository: Repository, path: str, most: int, *, show: bool) -> Counter[str]:
    """What was right in a repository."""
    counts: Counter[str] = Counter()
    with further_tree(repository) as tree:
        for name, human in releases_of(repository, path, most):
            before = before_release(tree, name, human)
            if not before:
                continue
            plan = planned_at(tree, path, before)
            if plan.since == name:  # the copy holds the new version already
                plan = planned_at(tree, path, tree.git.commit_of(f"refs/tags/{name}~1"))
            if not plan.since or not plan.commits:
                continue
            old = parse_version(plan.current)
            assert old is not None
            changes = changes_since(tree, f"refs/tags/{plan.since}", path)
            step = "minor" if any(one.subject.startswith("feat") for one in changes) else "patch"
            nothing = plan.bump == "none" and not plan.choices
            mine = str(raise_version(old.core, "patch")) if nothing else plan.version
            right, asked = mine == str(human), bool(plan.choices)
            counts.update({"all": 1, "asked": asked, "told": not asked, "right": right, "none": nothing})
            counts.update({"smallest": human == raise_version(old.core, "patch")})
            counts.update({"feat": human == raise_version(old.core, step), "offered": str(human) in plan.choices})
            if show and not right:
                print(f"    {plan.since} -> {name}: {mine or plan.choices} ({plan.reason})")
    return counts


def line(name: str, counts: Counter[str]) -> str:
    """A row of the table."""
    columns = (("smallest", "all"), ("feat", "all"), ("right", "all"), ("right", "told"), ("offered", "asked"))
    cells = [f"{100 * counts[what] / counts[of]:.1f}" if counts[of] else "-" for what, of in columns]
    return f"{name:<26} {counts['all']:>8} {counts['asked']:>6} " + " ".join(f"{one:>10}" for one in cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", help="Folder, and a package of it behind a colon.")
    parser.add_argument("--releases", type=int, default=40)
    parser.add_argument("--show", action="store_true", help="Print each release that came out otherwise.")
    options = parser.parse_args()
    heads = ("smallest", "feat", "right", "when told", "offered")
    print(f"{'repository':<26} {'releases':>8} {'asked':>6} " + " ".join(f"{one:>10}" for one in heads))
    total: Counter[str] = Counter()
    for text in options.repositories:
        folder, _, path = text.partition(":")
        counts = predict(open_repository(Path(folder)), path, options.releases, show=options.show)
        total += counts
        print(line(Path(folder).name + (f":{path}" if path else ""), counts), flush=True)
    print(line("all", total))
    print(f"\nin {total['none']} of them nothing was to be released by the commits: counted as the smallest step")


if __name__ == "__main__":
    main()
