"""What a change puts at risk, and what an item will probably touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_planning.evidence.collecting import Evidence
from aura_planning.items.model import Item
from aura_planning.items.statuses import CLOSED
from aura_planning.tracing.traces import Traces, code_files
from aura_shared.messages.plan_tracing import AtRisk, PlanImpact, TracedPlace

__all__ = ["Reached", "impact_of_code", "impact_of_item"]

_MOST_FILES: Final = 10
_MOST_SIBLINGS: Final = 3
_NEAR: Final = 0.9
"""What is left of certainty with each step from what changes to what uses it."""
_SYMBOL: Final = 0.85
_TESTED: Final = 0.9


@dataclass(slots=True)
class Reached:
    """What a change of code reaches, as the code index says; without it only what was asked for."""

    subject: str
    files: dict[str, int] = field(default_factory=dict[str, int])
    """Files with affected code, and how many steps away."""
    tests: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """Tests that reach it, by path and name."""
    names: tuple[str, ...] = ()
    """Symbols that are meant."""


def impact_of_code(project: str, traces: Traces, reached: Reached, limit: int, notices: Sequence[str]) -> PlanImpact:
    """Items and requirements that a change of code may touch.

    Args:
        project: Identifier of the project.
        traces: What is known between requirements and code.
        reached: What the change reaches.
        limit: Most entries.
        notices: What could not be looked at.
    """
    found: dict[str, AtRisk] = {}
    for item in traces.ledger.items:
        if item.broken or item.kind in {"prd", "architecture"}:
            continue
        risk = _risk(traces.evidence(item), reached)
        if risk is not None:
            found[item.path] = _item_at_risk(item, *risk)
    for demand in traces.demands:
        risk = _risk(traces.of_demand(demand), reached)
        carriers = [(found[item.path], item) for item in demand.items if item.path in found]
        if risk is None and carriers:
            nearest, item = max(carriers, key=lambda pair: pair[0].certain)
            risk = nearest.certain * _NEAR, [*nearest.path, f"{item.alias or item.id} carries it"]
        if risk is not None:
            found[demand.key] = AtRisk(
                kind="requirement", name=demand.name, title=demand.title, certain=round(risk[0], 2), path=risk[1],
            )  # fmt: skip
    risks = sorted(found.values(), key=lambda one: (-one.certain, one.kind, one.name, one.id))
    files = [
        TracedPlace(path=path, why=_steps(steps))
        for path, steps in sorted(reached.files.items(), key=lambda p: (p[1], p[0]))
    ]
    return PlanImpact(
        project=project, subject=reached.subject, risks=risks[:limit], total=len(risks), files=files[:limit],
        notices=[*notices, *traces.notices], reason="" if risks else "nothing in the plan is linked to it",
    )  # fmt: skip


def _steps(steps: int) -> str:
    return "it is what changes" if steps == 0 else f"{steps} {'step' if steps == 1 else 'steps'} away"


def _risk(evidence: Evidence, reached: Reached) -> tuple[float, list[str]] | None:
    """How sure it is that a change reaches what evidence belongs to, with the reasons; None when nothing links them."""
    best: tuple[float, list[str]] | None = None
    for link in evidence.commits:
        if link.reverted:
            continue
        for change in link.commit.files:
            steps = reached.files.get(change.path)
            if steps is not None:
                reasons = [f"{change.path}: {_steps(steps)}", f"commit {link.commit.hash[:10]} changed it ({link.how})"]
                best = _better(best, link.trust * _NEAR**steps, reasons)
    for symbol in evidence.symbols:
        steps = reached.files.get(symbol.path)
        if steps is not None and (not reached.names or steps or symbol.name in reached.names):
            reasons = [f"{symbol.path}: {_steps(steps)}", f"its text names {symbol.name}"]
            best = _better(best, _SYMBOL * _NEAR**steps, reasons)
    for test in evidence.tests:
        steps = reached.tests.get((test.case.path, test.case.name), reached.files.get(test.case.path))
        if steps is not None:
            reasons = [f"{test.case.path}:{test.case.line} {test.case.name}".rstrip(), "this test reaches the change"]
            best = _better(best, test.trust * _TESTED * _NEAR**steps, reasons)
    return best


def _better(best: tuple[float, list[str]] | None, certain: float, reasons: list[str]) -> tuple[float, list[str]]:
    return (certain, reasons) if best is None or certain > best[0] else best


def _item_at_risk(item: Item, certain: float, reasons: list[str], files: Sequence[str] = ()) -> AtRisk:
    return AtRisk(
        kind=item.kind, id=item.id, name=item.alias, title=item.title, status=item.status, certain=round(certain, 2),
        path=reasons, files=list(files)[:_MOST_FILES],
    )  # fmt: skip


def impact_of_item(project: str, traces: Traces, item: Item, limit: int) -> PlanImpact:
    """Files that an item will probably touch, and open items that will probably touch the same.

    Args:
        project: Identifier of the project.
        traces: What is known.
        item: The item.
        limit: Most entries.
    """
    tests = frozenset(case.path for case in traces.collected.cases)
    own = _files_of(traces, item, tests)
    risks: list[AtRisk] = []
    inside = {one.path for one in traces.below(item)}
    for other in traces.ledger.items:
        if other.path in inside or other.kind not in {"story", "task"} or other.status in CLOSED or other.broken:
            continue
        if any(one.path == item.path for one in traces.below(other)):
            continue
        shared = [path for path in _files_of(traces, other, tests) if path in own]
        if shared:
            certain = len(shared) / max(1, min(len(own), _MOST_FILES))
            text = f"both touch {shared[0]}" + (f" and {len(shared) - 1} more" if len(shared) > 1 else "")
            risks.append(_item_at_risk(other, min(1.0, certain), [text], shared))
    risks.sort(key=lambda one: (-one.certain, one.id))
    return PlanImpact(
        project=project, subject=f"{item.kind} {item.alias or item.id}", risks=risks[:limit], total=len(risks),
        files=[TracedPlace(path=path, why=why) for path, why in list(own.items())[:limit]], notices=traces.notices,
        reason="" if own else "it names no file or symbol, and no commit belongs to it or to what is like it",
    )  # fmt: skip


def _files_of(traces: Traces, item: Item, tests: frozenset[str]) -> Mapping[str, str]:
    """Files that an item and what belongs to it touch; of one without any, those of its finished siblings."""
    evidence = [traces.evidence(one) for one in traces.below(item)]
    found = {path: why for path, (_, why) in code_files(evidence, tests).items()}
    if found:
        return found
    parent = traces.ledger.parent(item)
    siblings = [one for one in traces.ledger.children(parent) if one.status in CLOSED] if parent is not None else []
    for one in siblings[-_MOST_SIBLINGS:]:
        for path in code_files([traces.evidence(each) for each in traces.below(one)], tests):
            found.setdefault(path, f"{one.alias or one.id}, done before it, touched it")
    return found
