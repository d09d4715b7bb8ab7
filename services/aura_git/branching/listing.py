"""The branches of a repository with what belongs to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aura_git.branching.refs import HEADS, Branch, base_of, bases_set, local_branches
from aura_git.branching.strategy import Branching
from aura_git.repository import Repository
from aura_shared.messages.branches import BranchInfo, BranchList

__all__ = ["list_branches"]

_BASE: Final = "base"


def list_branches(
    repository: Repository, branching: Branching, *, kind: str = "", protected: Sequence[str] = ()
) -> BranchList:
    """Local branches by kind and date, each with what its parent and its upstream have more or less.

    Args:
        repository: Which.
        branching: Its strategy.
        kind: Only this one; `base` for base branches; empty for all.
        protected: Patterns of the settings.
    """
    branches = local_branches(repository)
    tips = {branch.name: branch.commit for branch in branches}
    bases = bases_set(repository)
    order = {name: at for at, name in enumerate([_BASE, *(one.name for one in branching.kinds), ""])}
    found = [
        _info(repository, branching, branch, tips, bases, protected)
        for branch in branches
        if not kind or _kind_name(branching, branch.name) == kind
    ]
    found.sort(key=lambda one: order[one.kind])
    return BranchList(branching=branching.info(), branches=found)


def _kind_name(branching: Branching, branch: str) -> str:
    if branch in branching.bases:
        return _BASE
    kind = branching.kind_of(branch)
    return kind.name if kind else ""


def _info(
    repository: Repository,
    branching: Branching,
    branch: Branch,
    tips: Mapping[str, str],
    bases: Mapping[str, str],
    protected: Sequence[str],
) -> BranchInfo:
    parent = _parent(repository, branching, branch.name, bases)
    ahead, behind = _apart(repository, branch.commit, tips.get(parent, ""))
    followed = branch.upstream and not branch.gone
    return BranchInfo(
        name=branch.name, kind=_kind_name(branching, branch.name), current=branch.current, worktree=branch.elsewhere,
        commit=branch.commit, subject=branch.subject, author=branch.author, date=branch.date, parent=parent,
        ahead=ahead, behind=behind, upstream=branch.upstream, upstream_gone=branch.gone,
        unpushed=branch.ahead if followed else _nowhere(repository, branch.name), unpulled=branch.behind,
        protected=branching.is_protected(branch.name, protected),
    )  # fmt: skip


def _parent(repository: Repository, branching: Branching, branch: str, bases: Mapping[str, str]) -> str:
    if branch == branching.main:
        return ""
    if branch == branching.develop:
        return branching.main
    kind = branching.kind_of(branch)
    base = base_of(repository, kind, branch, bases) if kind else ""
    return base or branching.develop or branching.main


def _apart(repository: Repository, commit: str, parent: str) -> tuple[int, int]:
    if not parent:
        return 0, 0
    counts = repository.git.text("rev-list", "--left-right", "--count", f"{parent}...{commit}", "--")
    behind, ahead = counts.split()
    return int(ahead), int(behind)


def _nowhere(repository: Repository, branch: str) -> int:
    """Commits of a branch that no remote is known to have; 0 without remotes, where nothing can be pushed."""
    if not repository.git.read("remote").out:
        return 0
    return int(repository.git.text("rev-list", "--count", f"{HEADS}{branch}", "--not", "--remotes"))
