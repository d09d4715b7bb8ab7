"""What a merge would do, found in memory: neither index nor work tree nor a ref is touched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal

from aura_git.merging.breakage import semantic_problems
from aura_git.merging.explaining import explain, gather, tellable
from aura_git.merging.obstacles import PathChange, find_obstacles, tree_changes
from aura_git.merging.settling import Accepted, Settled
from aura_git.merging.trees import MergedTrees, Parting, is_plain, merge_trees, part
from aura_git.repository import Repository
from aura_shared.errors import GateClosed
from aura_shared.messages.merges import ConflictFile, MergeForecast, MergeOutcome, MergeWarning

__all__ = ["Simulation", "forecast", "labels_of", "refuse", "simulate"]

_MOST_PATHS: Final = 500


@dataclass(frozen=True, slots=True)
class Simulation:
    """The plain part: what git makes of two commits."""

    ref: str
    parting: Parting
    outcome: MergeOutcome
    reason: str = ""
    """Why it is refused."""
    merged: MergedTrees | None = None
    """None when nothing has to be merged."""
    seconds: float = 0.0
    settled: Mapping[str, Settled] = field(default_factory=dict[str, Settled])

    @property
    def tree(self) -> str:
        """The tree that would be there afterwards; that of a commit when nothing has to be merged."""
        if self.merged is not None:
            return self.merged.tree
        return self.parting.theirs if self.outcome == "fast-forward" else self.parting.ours


def simulate(repository: Repository, ref: str) -> Simulation:
    """Merge a ref into what is checked out, in memory.

    Raises:
        UnknownRef: There is no such ref, or nothing is checked out yet.
    """
    began = time.perf_counter()
    git = repository.git
    # Both calls of git run at once: where the commits part is known when the merge is, at no further time.
    with ThreadPoolExecutor(1) as pool:
        merging = pool.submit(merge_trees, git, "HEAD", ref) if is_plain(ref) else None
        parting = part(git, ref)
        outcome, reason = _without_merging(repository, parting)
        merged = None
        if not outcome:
            merged = merging.result() if merging else merge_trees(git, parting.ours, parting.theirs)
            outcome = "clean" if merged.clean else "conflicts"
        elif merging:
            merging.exception()  # nothing has to be merged, whatever it says
    return Simulation(ref, parting, outcome, reason, merged, time.perf_counter() - began)


def _without_merging(repository: Repository, parting: Parting) -> tuple[MergeOutcome | Literal[""], str]:
    """What is known before anything is merged, and why; empty when it has to be merged."""
    if not parting.bases:
        if (repository.common_dir / "shallow").exists():
            return "refused", "the clone is shallow and ends before the commit where both part: `git fetch --unshallow`"
        return "refused", "the histories have no commit in common, so there is nothing to merge from"
    if parting.theirs in parting.bases:
        return "up-to-date", ""
    return ("fast-forward", "") if parting.ours in parting.bases else ("", "")


def labels_of(simulation: Simulation) -> tuple[str, str, str]:
    """What stands at the markers, as git labels them."""
    bases = simulation.parting.bases
    base = bases[0][:7] if len(bases) == 1 else "merged common ancestors"
    return "HEAD", base, simulation.ref


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
    parting = simulation.parting
    answer = MergeForecast(
        outcome=simulation.outcome,
        reason=simulation.reason,
        into=repository.git.read("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1)).text or parting.ours[:12],
        ref=simulation.ref,
        ours=parting.ours,
        theirs=parting.theirs,
        base=parting.bases[0] if parting.bases else "",
        bases=len(parting.bases),
        seconds=simulation.seconds,
    )
    if simulation.outcome in {"refused", "up-to-date"}:
        return answer, {}
    conflicts: list[ConflictFile] = []
    settled: dict[str, Settled] = {}
    if simulation.merged is not None and simulation.outcome == "conflicts":
        found = gather(git, simulation.merged, labels_of(simulation))
        conflicts, settled = explain(git, found, parting, accepted, who=explained)
    changes = tree_changes(git, parting.ours, simulation.tree)
    return (
        answer.model_copy(
            update={
                "commits": int(git.text("rev-list", "--count", f"{parting.ours}..{parting.theirs}")),
                "changed": [tellable(change.path) for change in changes[:_MOST_PATHS]],
                "changed_count": len(changes),
                "conflicts": conflicts,
                "notes": _notes(simulation),
                "obstacles": find_obstacles(repository, changes),
                "warnings": _warnings(repository, simulation, changes) if explained else [],
            }
        ),
        settled,
    )


def _notes(simulation: Simulation) -> list[str]:
    merged = simulation.merged
    notes = [said.text for said in merged.said if not said.conflict and said.kind != "Auto-merging"] if merged else []
    if len(simulation.parting.bases) > 1:
        notes.append(
            f"Both sides merged each other before (a criss-cross): there are {len(simulation.parting.bases)} common"
            " ancestors, which git merges first."
        )
    return [tellable(note) for note in dict.fromkeys(notes)]


def _warnings(repository: Repository, simulation: Simulation, changes: list[PathChange]) -> list[MergeWarning]:
    if simulation.outcome != "clean" or not changes:
        return []
    parting = simulation.parting
    return semantic_problems(repository, parting.bases[0], parting.ours, parting.theirs, simulation.tree)


def refuse(simulation: Simulation) -> None:
    """Raises GateClosed when a merge cannot be done at all."""
    if simulation.outcome == "refused":
        raise GateClosed(f"{simulation.ref} cannot be merged: {simulation.reason}", hint="Nothing was changed.")
