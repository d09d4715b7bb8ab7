"""What a rebase would do: its commits replayed in memory, with the conflicts of each and the branches that move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_git.merging.explaining import explain, gather
from aura_git.merging.obstacles import find_obstacles, tree_changes
from aura_git.merging.refs import RefMove, stacked
from aura_git.merging.replay import Replay, Replayed, new_commits, plan_replay, replay
from aura_git.merging.settling import Accepted
from aura_git.repository import Repository
from aura_shared.messages.merges import ConflictFile, MergeOutcome, MovedRef, RebaseForecast, ReplayStep

__all__ = ["forecast_rebase", "new_head"]

_MOST_DIFF: Final = 60_000


def forecast_rebase(
    repository: Repository,
    onto: str,
    accepted: Accepted,
    *,
    update_refs: bool = False,
    explained: bool = True,
) -> tuple[RebaseForecast, Replay]:
    """What a rebase would do, commit by commit.

    Args:
        repository: Which.
        onto: Where the commits go.
        accepted: Tiers that count as settled.
        update_refs: Whether branches that point into the replayed commits move with them.
        explained: Whether to look up who changed what, and to compare the commits before and afterwards.
    """
    plan = plan_replay(repository, onto)
    branch = repository.git.read("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1)).text
    answer = RebaseForecast(
        outcome=plan.outcome, reason=plan.reason, branch=branch, onto=onto, onto_commit=plan.parting.theirs
    )
    if plan.outcome in {"refused", "up-to-date"}:
        return answer, plan
    done, seconds = replay(repository, plan)
    steps = [_step(repository, one, accepted, who=explained) for one in done]
    outcome: MergeOutcome = plan.outcome
    if any(one.outcome == "conflicts" for one in done):
        outcome = "conflicts"
    new = new_head(plan, done)
    refs, kept = _refs(repository, plan, done, branch, update_refs=update_refs)
    changes = tree_changes(repository.git, plan.parting.ours, new or plan.parting.theirs)
    return (
        answer.model_copy(
            update={
                "outcome": outcome,
                "steps": steps,
                "refs": [*(move.told() for move in refs), *kept],
                "range_diff": _range_diff(repository, plan, new) if explained and new else "",
                "obstacles": find_obstacles(repository, changes),
                "notes": _notes(plan),
                "seconds": seconds,
            }
        ),
        plan,
    )


def _step(repository: Repository, one: Replayed, accepted: Accepted, *, who: bool) -> ReplayStep:
    conflicts: list[ConflictFile] = []
    if one.merged is not None and one.parting is not None:
        labels = ("HEAD", f"parent of {one.pick.short} ({one.pick.subject})", f"{one.pick.short} ({one.pick.subject})")
        found = gather(repository.git, one.merged, labels)
        conflicts, _ = explain(repository.git, found, one.parting, accepted, who=who)
    new = one.new[:10] if one.outcome in {"clean", "same"} else ""
    return ReplayStep(
        commit=one.pick.short, subject=one.pick.subject, outcome=one.outcome, new=new, conflicts=conflicts
    )


def new_head(plan: Replay, done: Sequence[Replayed]) -> str:
    """The commit that the branch would be at; empty while that is not known."""
    return done[-1].new if done else plan.parting.theirs


def _refs(
    repository: Repository, plan: Replay, done: Sequence[Replayed], branch: str, *, update_refs: bool
) -> tuple[list[RefMove], list[MovedRef]]:
    """The refs that move, the checked-out one first, and those that stay although they point at replayed commits."""
    head = RefMove(f"refs/heads/{branch}" if branch else "HEAD", plan.parting.ours, new_head(plan, done))
    if not update_refs:
        return [head], []
    moves, kept = stacked(repository, new_commits(done))
    return [head, *moves], kept


def _notes(plan: Replay) -> list[str]:
    if not plan.flattened:
        return []
    many = "a merge commit is" if plan.flattened == 1 else f"{plan.flattened} merge commits are"
    return [
        f"{many} left out and the commits behind are put in a row, as `git rebase` does. To keep merges, run"
        " `git rebase --rebase-merges` by hand; `aura continue` and `aura abort` help with its conflicts."
    ]


def _range_diff(repository: Repository, plan: Replay, new: str) -> str:
    base = plan.parting.bases[0]
    compared = (f"{base}..{plan.parting.ours}", f"{plan.parting.theirs}..{new}")
    ran = repository.git.read("range-diff", "--no-color", *compared, ok=(0, 1, 128))
    return ran.text[:_MOST_DIFF] if ran.code == 0 else ""
