"""Branches that may go: merged, merged as other commits, without their upstream, or untouched for long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aura_git.branching.refs import HEADS, Branch, delete_branch, local_branches
from aura_git.branching.strategy import Branching
from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.contract import Gates, Safety
from aura_shared.errors import GateClosed, ProtectedBranch, UnknownRef
from aura_shared.messages.branches import BranchesCleaned, CleanBranches, CleanProposal, CleanReason, KeptBranch

__all__ = ["clean", "propose"]

_COMMAND: Final = "branch cleanup"
_MOST_COMMITS: Final = 1000
_LONGEST_DIFF: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class _Found:
    reason: CleanReason
    detail: str
    deletable: bool


def propose(
    repository: Repository, branching: Branching, *, stale_days: int = 90, protected: Sequence[str] = (),
    now: datetime | None = None,
) -> BranchesCleaned:  # fmt: skip
    """Local branches that may be deleted, those that are safe first; nothing is changed.

    Args:
        repository: Which.
        branching: Its strategy.
        stale_days: Days without a commit after which a branch is stale.
        protected: Patterns of the settings.
        now: The time of day.
    """
    now = now or datetime.now(UTC)
    proposals: list[CleanProposal] = []
    kept: list[KeptBranch] = []
    branches = local_branches(repository)
    targets = {one.name: one.commit for one in branches if one.name in branching.bases}
    targets |= _upstream_targets(repository, targets)
    merged = {name: _merged_into(repository.git, tip) for name, tip in targets.items()}
    for branch in branches:
        if branch.name in branching.bases:
            continue
        into = next((name for name, names in merged.items() if branch.name in names), "")
        unpushed = 0 if into else _only_here(repository.git, branch, targets)
        found = _look(repository.git, branch, targets, into, unpushed, (now, stale_days))
        if found is None:
            continue
        why = _why_kept(branching, branch, protected)
        if why:
            kept.append(KeptBranch(branch=branch.name, why=why))
            continue
        proposals.append(_proposal(branch, found, unpushed))
    return BranchesCleaned(proposals=sorted(proposals, key=lambda one: not one.deletable), kept=kept)


def _proposal(branch: Branch, found: _Found, unpushed: int) -> CleanProposal:
    return CleanProposal(
        branch=branch.name, reason=found.reason, detail=found.detail, commit=branch.commit, author=branch.author,
        date=branch.date, unpushed=unpushed, deletable=found.deletable,
    )  # fmt: skip


def _upstream_targets(repository: Repository, targets: dict[str, str]) -> dict[str, str]:
    """What base branches follow: work that was merged at the forge is often there first."""
    found: dict[str, str] = {}
    for name in targets:
        short = repository.git.read("rev-parse", "--abbrev-ref", f"{name}@{{upstream}}", ok=(0, 128)).text
        commit = repository.git.find_commit(short) if short else None
        if commit:
            found[short] = commit
    return found


def _why_kept(branching: Branching, branch: Branch, protected: Sequence[str]) -> str:
    if branch.current:
        return "it is checked out"
    if branch.worktree:
        return f"it is checked out in {branch.worktree}"
    return "it is protected" if branching.is_protected(branch.name, protected) else ""


def _only_here(git: Git, branch: Branch, targets: dict[str, str]) -> int:
    """Commits of a branch that neither a target nor a remote has."""
    return int(git.text("rev-list", "--count", branch.commit, "--not", "--remotes", *targets.values(), "--"))


def _merged_into(git: Git, tip: str) -> frozenset[str]:
    """Names of the branches whose every commit a target has."""
    return frozenset(git.read("for-each-ref", f"--merged={tip}", "--format=%(refname:lstrip=2)", HEADS).lines)


def _look(
    git: Git, branch: Branch, targets: dict[str, str], into: str, unpushed: int, age: tuple[datetime, int]
) -> _Found | None:
    now, stale_days = age
    days = (now - datetime.fromisoformat(branch.date)).days
    if into and not _fresh(git, branch):
        return _Found("merged", f"every commit of it is in {into}", deletable=True)
    for name, tip in targets.items():
        if not into and (how := _is_there(git, branch.commit, tip)):
            return _Found("squashed", f"{how} {name}", deletable=True)
    lost = f"; {unpushed} commits are nowhere else" if unpushed else ""
    if branch.gone:
        return _Found("upstream-gone", f"{branch.upstream} is gone{lost}", deletable=not unpushed)
    if days >= stale_days:
        text = f"no commit for {days} days, the last by {branch.author}{lost}"
        return _Found("stale", text, deletable=not unpushed)
    return None


def _fresh(git: Git, branch: Branch) -> bool:
    """Whether it has never had a commit of its own: then it is in its base, and only begun."""
    moves = [one for one in git.read("reflog", "show", "--format=%gs", f"{HEADS}{branch.name}", "--").lines if one]
    return len(moves) == 1 and moves[0].startswith("branch: Created")


def _is_there(git: Git, commit: str, target: str) -> str:
    """How the changes of a branch came into a target as other commits; empty when they did not."""
    base = git.read("merge-base", target, commit, ok=(0, 1)).text
    if base in ("", target):
        return ""  # since they parted nothing has come into the target
    picked = git.read("cherry", target, commit).lines
    if any(picked) and all(line.startswith("- ") for line in picked if line):
        return "each of its commits is, rebased, in"
    # 129: git is too old for it.
    merged = git.read("merge-tree", "--write-tree", "--no-messages", target, commit, ok=(0, 1, 128, 129))
    if merged.code == 0 and merged.text == git.text("rev-parse", f"{target}^{{tree}}"):
        return "its changes are all in"
    return "it was squashed into one commit of" if _squashed(git, base, commit, target) else ""


def _squashed(git: Git, base: str, commit: str, target: str) -> bool:
    """Whether one commit of the target makes the same change as the whole branch."""
    how = ("--no-ext-diff", "--no-textconv", "--no-color")
    whole = git.read("diff", *how, base, commit, "--").out
    if not whole or len(whole) > _LONGEST_DIFF:
        return False
    wanted = _patch_ids(git, whole)
    bounds = ("--no-merges", f"--max-count={_MOST_COMMITS}", f"{base}..{target}", "--")
    paths = git.read("diff", "--name-only", "-z", base, commit, "--").items
    log = git.at(GIT_LITERAL_PATHSPECS="1").read("log", "--patch", "--full-diff", *how, *bounds, *paths[:500]).out
    return bool(wanted & _patch_ids(git, log))


def _patch_ids(git: Git, patch: bytes) -> set[str]:
    return {line.split(" ")[0] for line in git.read("patch-id", "--stable", stdin=patch).lines if line}


def clean(
    repository: Repository, safety: Safety, branching: Branching, request: CleanBranches,
    protected: Sequence[str] = (), now: datetime | None = None,
) -> BranchesCleaned:  # fmt: skip
    """Propose branches, or delete the named ones, all safe ones by default. An undo brings them back.

    Raises:
        UnknownRef: A named branch is not there.
        ProtectedBranch, GateClosed: A named one is protected, checked out, or still needed.
    """
    found = propose(repository, branching, stale_days=request.stale_days, protected=protected, now=now)
    if request.dry_run:
        return found
    chosen = _chosen(repository, found, request.branches)
    if not chosen:
        return found
    names = [one.branch for one in chosen]
    gates = Gates(work_tree=False, born=False, deletes=tuple(names))
    title = f"delete {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    with safety.begin(repository, _COMMAND, title, gates=gates) as operation:
        for one in chosen:
            operation.step(f"delete {one.branch}")
            delete_branch(repository.git, one.branch, one.commit)
        return found.model_copy(update={"proposals": _marked(found.proposals, names), "operation": operation.id})


def _chosen(repository: Repository, found: BranchesCleaned, names: Sequence[str]) -> list[CleanProposal]:
    if not names:
        return [one for one in found.proposals if one.deletable]
    known = {one.branch: one for one in found.proposals}
    kept = {one.branch: one.why for one in found.kept}
    for name in dict.fromkeys(names):
        if name in kept:
            kind = ProtectedBranch if kept[name] == "it is protected" else GateClosed
            raise kind(f"{name!r} is not deleted: {kept[name]}")
        if name not in known:
            if repository.git.find_commit(f"{HEADS}{name}") is None:
                raise UnknownRef(f"there is no local branch {name!r}")
            raise GateClosed(
                f"{name!r} is not deleted: it is neither merged nor stale, and its upstream is not gone",
                hint="Finish it (aura branch finish), or delete it by hand.",
            )
    return [known[name] for name in dict.fromkeys(names)]


def _marked(proposals: Iterable[CleanProposal], names: Sequence[str]) -> list[CleanProposal]:
    return [one.model_copy(update={"deleted": one.branch in names}) for one in proposals]
