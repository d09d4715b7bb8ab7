"""A split as others get it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable

from aura_git.commits.drafting_masks import mask_lines
from aura_git.commits.drafting_replies import concerns_of
from aura_git.commits.splitting import Planned, SplitDraft
from aura_git.commits.splitting_pieces import Piece, short_diff
from aura_git.repository import Repository
from aura_git.safety.contract import Concern
from aura_git.safety.gates import is_protected
from aura_shared.messages.commits import CommitWhat, SplitCommit, SplitHunk, SplitPlan

__all__ = ["plan_reply"]

_GROUPS = frozenset(
    {"symbols", "feature", "docs", "dependencies", "formatting", "rename", "deleted", "binary", "tests", "build"}
)


def plan_reply(
    repository: Repository,
    plan: SplitDraft,
    what: CommitWhat,
    concerns: Iterable[Concern],
    *,
    branch: str,
    protected: Collection[str],
    unborn: bool = False,
) -> SplitPlan:
    """The plan with every hunk; one that has a single commit says why nothing is split."""
    single = len(plan.commits) < 2
    renamed = {change.path: change.old_path for change in plan.files if change.old_path}
    return SplitPlan(
        id="" if single else plan.id,
        project=repository.project,
        what=what,
        tree=plan.tree,
        commits=[_commit(one) for one in plan.commits],
        hunks=[_hunk(plan, piece, renamed.get(piece.path, "")) for piece in plan.pieces.values()],
        concerns=concerns_of(concerns),
        branch=branch,
        protected=bool(branch) and not unborn and is_protected(branch, protected),
        sound=plan.sound,
        reason=_reason(plan) if single else "",
    )


def _reason(plan: SplitDraft) -> str:
    if not plan.commits:
        return "there is nothing to commit"
    return f"everything belongs together: {plan.commits[0].why}"


def _commit(one: Planned) -> SplitCommit:
    return SplitCommit(
        id=one.id,
        message=one.message,
        hunks=one.pieces,
        files=[_shown(path) for path in one.files],
        group=one.kind if one.kind in _GROUPS else "rest",  # pyright: ignore[reportArgumentType] - one of them
        why=_shown(one.why),
        needs=one.needs,
        parses=one.parses,
        problems=[_shown(problem) for problem in one.problems],
        tree=one.tree,
        tests=one.tests,
        tests_detail=_shown(one.tests_detail),
    )


def _hunk(plan: SplitDraft, piece: Piece, old_path: str) -> SplitHunk:
    facts = plan.facts[piece.id]
    if old_path:
        come, go = Counter(piece.new.splitlines()), Counter(piece.old.splitlines())
        added, removed = (come - go).total(), (go - come).total()
    else:
        added, removed = piece.new_lines, piece.old_lines
    return SplitHunk(
        id=piece.id,
        path=_shown(piece.path),
        old_path=_shown(old_path),
        start=0 if piece.whole else piece.new_start,
        added=added,
        removed=removed,
        symbol=facts.shown,
        whole=piece.whole,
        diff="" if piece.old == piece.new else _masked(piece),
    )


def _masked(piece: Piece) -> str:
    lines = short_diff(piece).split("\n")
    for at, rule in mask_lines(piece.path, [line[1:] for line in lines]).items():
        lines[at] = f"{lines[at][:1]}[left out: {rule}]"
    return "\n".join(lines)


def _shown(text: str) -> str:
    return os.fsencode(text).decode(errors="replace")
