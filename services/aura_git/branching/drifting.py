"""What strays from the strategy: each finding with its rule, its branch, and a command that puts it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aura_git.branching.refs import HEADS, Branch, base_of, bases_set, count, is_in, local_branches
from aura_git.branching.remotes import tracked
from aura_git.branching.strategy import Branching, Kind
from aura_git.repository import Repository
from aura_git.running import Git
from aura_shared.messages.branches import Drift, DriftReport

__all__ = ["check_drift"]

_MOST_COMMITS: Final = 500


@dataclass(frozen=True, slots=True)
class _Look:
    """What the checks look at."""

    repository: Repository
    branching: Branching
    branches: Sequence[Branch]
    now: datetime

    @property
    def git(self) -> Git:
        return self.repository.git

    def tip(self, name: str) -> str:
        """Hash of a local branch; empty when it is not there."""
        return next((one.commit for one in self.branches if one.name == name), "")

    def of_kinds(self) -> Iterator[tuple[Branch, Kind]]:
        """Branches that belong to a kind."""
        for branch in self.branches:
            kind = self.branching.kind_of(branch.name)
            if kind is not None:
                yield branch, kind


def check_drift(repository: Repository, branching: Branching, *, now: datetime | None = None) -> DriftReport:
    """Check all local branches; reads only, and asks no remote.

    Args:
        repository: Which.
        branching: Its strategy.
        now: The time of day, for the age of releases.
    """
    look = _Look(repository, branching, local_branches(repository), now or datetime.now(UTC))
    checks: tuple[Callable[[_Look], Iterator[Drift]], ...] = (
        _missing_bases, _hotfixes, _develop_behind, _direct_commits, _diverged, _wrong_parents, _old_releases, _unknown
    )  # fmt: skip
    drifts = [drift for check in checks for drift in check(look)]
    return DriftReport(branching=branching.info(), drifts=drifts, checked=len(look.branches))


def _missing_bases(look: _Look) -> Iterator[Drift]:
    for name in look.branching.bases:
        if look.tip(name):
            continue
        there = tracked(look.repository, name)
        known = there is not None and there.known
        fix = f"git branch --track {name} {there.name}/{name}" if there and known else f"git branch {name} START"
        where = f"; it is at {there.name}" if there and known else ""
        yield Drift(rule="missing-base", branch=name, message=f"there is no local branch {name}{where}", fix=fix)


def _both(look: _Look) -> tuple[str, str]:
    """Hashes of main and develop; empty ones where one is missing."""
    main, develop = look.tip(look.branching.main), look.tip(look.branching.develop)
    return (main, develop) if main and develop else ("", "")


def _hotfixes(look: _Look) -> Iterator[Drift]:
    """Hotfixes that are in main and not in develop: as branches, and as merges of branches that are gone."""
    main, develop = _both(look)
    if not main:
        return
    kinds = [kind for kind in look.branching.kinds if kind.back and kind.start == look.branching.main]
    told: set[str] = set()
    for branch, kind in look.of_kinds():
        if kind in kinds and is_in(look.git, branch.commit, main) and not is_in(look.git, branch.commit, develop):
            told.add(branch.name)
    span = (f"{develop}..{main}", "--")
    for subject in look.git.read("log", "--merges", "--format=%s", f"--max-count={_MOST_COMMITS}", *span).lines:
        name = subject.partition("Merge branch '")[2].partition("'")[0]
        if name and any(name.startswith(kind.prefix) for kind in kinds):
            told.add(name)
    for name in sorted(told):
        message = f"{name} is in {look.branching.main} and not in {look.branching.develop}"
        yield Drift(rule="hotfix-not-in-develop", branch=name, message=message, fix=_merge_back(look))


def _merge_back(look: _Look) -> str:
    return f"git switch {look.branching.develop} && git merge --no-ff {look.branching.main}"


def _develop_behind(look: _Look) -> Iterator[Drift]:
    main, develop = _both(look)
    missing = count(look.git, f"{develop}..{main}") if main else 0
    if missing and not any(_hotfixes(look)):
        name = look.branching.develop
        message = f"{name} lacks {missing} commits of {look.branching.main}"
        yield Drift(rule="develop-behind-main", branch=name, message=message, fix=_merge_back(look))


def _direct_commits(look: _Look) -> Iterator[Drift]:
    """Commits that did not come by a branch: on main since its last tag, or not pushed where branches are the rule."""
    name, main = look.branching.main, look.tip(look.branching.main)
    if not main or look.branching.strategy == "trunk":
        return
    if look.branching.develop:
        tag = look.git.read("describe", "--tags", "--abbrev=0", main, ok=(0, 128)).text
        start = f"refs/tags/{tag}" if tag else look.tip(look.branching.develop)
        why = f"since {tag}" if tag else f"that are not in {look.branching.develop}"
    else:
        found = tracked(look.repository, name)
        start = found.known if found else ""
        why = f"that are not at {found.name}" if found else ""
    if not start:
        return
    direct = int(look.git.text("rev-list", "--count", "--first-parent", "--no-merges", f"{start}..{main}", "--"))
    if direct:
        message = f"{name} has {direct} commits of its own {why}: they came by no branch"
        yield Drift(
            rule="direct-commit", branch=name, message=message, fix=f"git log --first-parent --no-merges {name}"
        )


def _diverged(look: _Look) -> Iterator[Drift]:
    for branch in look.branches:
        if branch.ahead and branch.behind:
            message = f"{branch.ahead} commits here and {branch.behind} at {branch.upstream} are not in the other"
            yield Drift(rule="diverged", branch=branch.name, message=message, fix="aura sync")


def _wrong_parents(look: _Look) -> Iterator[Drift]:
    """Branches that hold commits of another base branch which their own base does not have."""
    known = bases_set(look.repository)
    for branch, kind in look.of_kinds():
        own = base_of(look.repository, kind, branch.name, known)
        parent = look.tip(own)
        for other in look.branching.bases:
            if other == own or not parent or not look.tip(other) or is_in(look.git, branch.commit, look.tip(other)):
                continue
            shared = look.git.read("merge-base", look.tip(other), branch.commit, ok=(0, 1)).text
            if shared and not is_in(look.git, shared, parent):
                message = f"it is based on {other}, and a {kind.name} branch begins at {own}"
                fix = f"git rebase --onto {own} {other} {branch.name}"
                yield Drift(rule="wrong-parent", branch=branch.name, message=message, fix=fix)
                break


def _old_releases(look: _Look) -> Iterator[Drift]:
    limit = look.branching.release_days
    for branch, kind in look.of_kinds():
        if not (kind.tagged and kind.single and kind.start != look.branching.main):
            continue
        parent = look.tip(kind.start)
        span = (f"{parent}..{branch.commit}",) if parent else (branch.commit,)
        dates = look.git.read("log", "--format=%cI", "--reverse", f"--max-count={_MOST_COMMITS}", *span, "--").lines
        begun = datetime.fromisoformat(next((one for one in dates if one), branch.date))
        days = (look.now - begun).days
        if days > limit:
            message = f"it is open for {days} days; {limit} are planned for a release"
            fix = f"aura branch finish {branch.name}"
            yield Drift(rule="release-open-too-long", branch=branch.name, message=message, fix=fix)


def _unknown(look: _Look) -> Iterator[Drift]:
    prefixes = ", ".join(kind.prefix for kind in look.branching.kinds)
    if not prefixes:
        return
    first = look.branching.kinds[0].prefix
    for branch in look.branches:
        if branch.name in look.branching.bases or look.branching.kind_of(branch.name):
            continue
        message = f"its name fits no kind: names begin with {prefixes}"
        yield Drift(rule="unknown-kind", branch=branch.name, message=message, fix=_rename(first, branch.name))


def _rename(prefix: str, name: str) -> str:
    """A command that renames a branch; the name was made by git, and is quoted where a shell would read it."""
    import shlex  # noqa: PLC0415 - seldom needed

    last = name.removeprefix(HEADS).rpartition("/")[2]
    return f"git branch -m {shlex.quote(name)} {shlex.quote(prefix + last)}"
