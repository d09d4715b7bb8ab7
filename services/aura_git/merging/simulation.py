"""What a merge would do, found in memory: neither index nor work tree nor a ref is touched."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from aura_git.merging.breakage import semantic_problems
from aura_git.merging.explaining import explain, gather, tellable
from aura_git.merging.obstacles import PathChange, find_obstacles, tree_changes
from aura_git.merging.settling import Accepted, Settled
from aura_git.merging.trees import MergedTrees, Named, Parting, is_plain, merge_trees, names_of, part, part_counted
from aura_git.repository import Repository
from aura_git.running import meanwhile
from aura_shared.errors import AuraError, GateClosed, GitError
from aura_shared.messages.merges import ConflictFile, MergeForecast, MergeOutcome, MergeWarning

__all__ = ["Simulation", "forecast", "refuse", "simulate"]

_MOST_PATHS: Final = 500


@dataclass(frozen=True, slots=True)
class Simulation:
    """The plain part: what git makes of two commits."""

    ref: str
    named: Named
    outcome: MergeOutcome
    reason: str = ""
    """Why it is refused."""
    merged: MergedTrees | None = None
    """None when nothing has to be merged."""
    parting: Parting | None = None
    """Where both part; None while that was not needed, since the merge says the outcome."""
    seconds: float = 0.0

    @property
    def ours(self) -> str:
        """The commit that is checked out."""
        return self.named.ours

    @property
    def theirs(self) -> str:
        """The commit that is merged."""
        return self.named.theirs

    @property
    def tree(self) -> str:
        """The tree that would be there afterwards; that of a commit when nothing has to be merged."""
        if self.merged is not None:
            return self.merged.tree
        return self.theirs if self.outcome == "fast-forward" else self.ours


def simulate(repository: Repository, ref: str) -> Simulation:
    """Merge a ref into what is checked out, in memory.

    Where both part is found by git as it merges, and costs as much again to be told: it is looked up only when the tree
    is that of one side, or there is no merge.

    Raises:
        UnknownRef: There is no such ref, or nothing is checked out yet.
    """
    began = time.perf_counter()
    git = repository.git
    merging = meanwhile(lambda: merge_trees(git, "HEAD", ref)) if is_plain(ref) else None
    try:
        named = names_of(git, ref)
        merged, problem = _merged(merging.result) if merging else _merged(lambda: merge_trees(git, *_pair(named)))
    finally:
        if merging:
            merging.exception()  # it has ended when this returns
    outcome: MergeOutcome | Literal[""] = ""
    reason, parting = "", None
    if merged is None or (merged.clean and merged.tree in {named.ours_tree, named.theirs_tree}):
        parting = part(git, named.theirs, named.ours)
        outcome, reason = _without_merging(repository, parting)
    if outcome:
        merged = None
    elif merged is None:
        raise problem or GitError("`git merge-tree` gave nothing")
    else:
        outcome = "clean" if merged.clean else "conflicts"
    return Simulation(ref, named, outcome, reason, merged, parting, time.perf_counter() - began)


def _pair(named: Named) -> tuple[str, str]:
    return named.ours, named.theirs


def _merged(merge: Callable[[], MergedTrees]) -> tuple[MergedTrees | None, AuraError | None]:
    """The merge, or why there is none."""
    try:
        return merge(), None
    except (GitError, GateClosed) as error:
        return None, error


def _without_merging(repository: Repository, parting: Parting) -> tuple[MergeOutcome | Literal[""], str]:
    """What is known before anything is merged, and why; empty when it has to be merged."""
    if not parting.bases:
        if (repository.common_dir / "shallow").exists():
            return "refused", "the clone is shallow and ends before the commit where both part: `git fetch --unshallow`"
        return "refused", "the histories have no commit in common, so there is nothing to merge from"
    if parting.theirs in parting.bases:
        return "up-to-date", ""
    return ("fast-forward", "") if parting.ours in parting.bases else ("", "")


def _labels(ref: str, parting: Parting) -> tuple[str, str, str]:
    """What stands at the markers, as git labels them."""
    base = parting.bases[0][:7] if len(parting.bases) == 1 else "merged common ancestors"
    return "HEAD", base, ref


def forecast(
    repository: Repository, simulation: Simulation, accepted: Accepted, *, explained: bool = True
) -> tuple[MergeForecast, dict[str, Settled]]:
    """What a person should know before a merge, and what settles its conflicts.

    Args:
        repository: Which.
        simulation: The plain part.
        accepted: Tiers and hunks that count as settled.
        explained: Whether to look up who changed what, and what a clean merge breaks; else only what is needed.
    """
    git = repository.git
    nothing = simulation.outcome in {"refused", "up-to-date"}
    walking = meanwhile(lambda: part_counted(git, simulation.ours, simulation.theirs)) if not nothing else None
    changes = [] if nothing else tree_changes(git, simulation.ours, simulation.tree)
    in_the_way = meanwhile(lambda: find_obstacles(repository, changes)) if not nothing else None
    parting, count = walking.result() if walking else (simulation.parting, 0)
    bases = parting.bases if parting else ()
    answer = MergeForecast(
        outcome=simulation.outcome,
        reason=simulation.reason,
        into=simulation.named.branch or simulation.ours[:12],
        ref=simulation.ref,
        ours=simulation.ours,
        theirs=simulation.theirs,
        base=bases[0] if bases else "",
        bases=len(bases),
        seconds=simulation.seconds,
    )
    if parting is None or in_the_way is None:
        return answer, {}
    conflicts: list[ConflictFile] = []
    settled: dict[str, Settled] = {}
    if simulation.merged is not None and simulation.outcome == "conflicts":
        found = gather(git, simulation.merged, _labels(simulation.ref, parting))
        conflicts, settled = explain(git, found, parting, accepted, who=explained)
    return (
        answer.model_copy(
            update={
                "commits": count,
                "changed": [tellable(change.path) for change in changes[:_MOST_PATHS]],
                "changed_count": len(changes),
                "conflicts": conflicts,
                "notes": _notes(simulation, parting),
                "warnings": _warnings(repository, simulation, parting, changes) if explained else [],
                "obstacles": in_the_way.result(),
            }
        ),
        settled,
    )


def _notes(simulation: Simulation, parting: Parting) -> list[str]:
    merged = simulation.merged
    notes = [said.text for said in merged.said if not said.conflict and said.kind != "Auto-merging"] if merged else []
    if len(parting.bases) > 1:
        notes.append(
            f"Both sides merged each other before (a criss-cross): there are {len(parting.bases)} common"
            " ancestors, which git merges first."
        )
    return [tellable(note) for note in dict.fromkeys(notes)]


def _warnings(
    repository: Repository, simulation: Simulation, parting: Parting, changes: list[PathChange]
) -> list[MergeWarning]:
    if simulation.outcome != "clean" or not changes:
        return []
    return semantic_problems(repository, parting.bases[0], parting.ours, parting.theirs, simulation.tree)


def refuse(simulation: Simulation) -> None:
    """Raises GateClosed when a merge cannot be done at all."""
    if simulation.outcome == "refused":
        raise GateClosed(f"{simulation.ref} cannot be merged: {simulation.reason}", hint="Nothing was changed.")
