"""From evidence to a state: how far an item is, how sure that is, and where it contradicts what its file claims.

The formula stands in docs/planning/progress.md; `judge` is all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aura_planning.evidence.collecting import CommitLink, Evidence, TestLink
from aura_planning.evidence.results import Result
from aura_planning.items.model import Item

__all__ = ["FINISHED", "Contradiction", "Judged", "State", "contradictions", "judge"]

State: TypeAlias = Literal["unknown", "not-started", "in-progress", "probably-done", "done", "regressed"]
FINISHED: Final = frozenset({"probably-done", "done"})
_CLAIMED: Final = frozenset({"done", "complete"})
_MERGED: Final = 0.45
_NAMED: Final = 0.15
_TESTED: Final = 0.4
_LINKS: Final = 5
_SURE: Final = frozenset({"trailer", "closes", "subject", "branch"})
_OWN: Final = frozenset({"name", "note", "head"})


@dataclass(frozen=True, slots=True)
class Judged:
    """How far something is."""

    state: State
    confidence: float
    """In [0, 1]: how sure the state is."""
    why: str
    """In a few words."""
    red: tuple[str, ...] = ()
    """Tests that fail, as `path:line`."""
    reverted: bool = False
    """Whether all its work was taken back."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Where claim and evidence differ."""

    rule: Literal["no-evidence", "not-claimed", "red", "reverted"]
    message: str


@dataclass(frozen=True, slots=True)
class Tested:
    """What is known of the tests of an item."""

    share: float | None
    """In [0, 1]: how well they pass; None without any."""
    passed: bool
    """Whether a run is known in which they passed."""
    red: tuple[str, ...]


def judge(
    item: Item, evidence: Evidence, results: dict[tuple[str, int], Result], *, was: str = "", absent: float | None = 0.5
) -> Judged:
    """How far an item is, from evidence alone; its status only tells whether it goes back.

    Args:
        item: The item.
        evidence: What belongs to it.
        results: Of tests, by path and line.
        was: Its state before.
        absent: How much the absence of commits tells, in [0, 1]; None where it tells nothing.
    """
    counting = [one for one in evidence.commits if not one.reverted and (one.code or len(one.commit.parents) > 1)]
    sure = [one for one in counting if one.how in _SURE]
    weak = [one for one in counting if one.how not in _SURE]
    tested = _tested(item, evidence.tests, results)
    work = _likely([one.trust for one in counting], [one.trust for one in evidence.tests if one.how in _OWN])
    if not work and not evidence.branches:
        return _nothing(item, evidence, tested, was, absent)
    if tested.red and (item.status in _CLAIMED or was in {*FINISHED, "regressed"}):
        return Judged("regressed", round(max(work, 0.5), 2), f"{len(tested.red)} of its tests fail", tested.red)
    merged = [one for one in sure if one.merged]
    if not merged:
        return _begun(work, sure, weak, evidence, tested)
    return _merged(work, merged, evidence, tested)


def _merged(work: float, merged: Sequence[CommitLink], evidence: Evidence, tested: Tested) -> Judged:
    closed = any(one.how == "closes" for one in merged)
    parts = [(_MERGED, 1.0)]
    if evidence.symbols:
        parts.append((_NAMED, sum(bool(one.path) for one in evidence.symbols) / len(evidence.symbols)))
    if tested.share is not None:
        parts.append((_TESTED, tested.share))
    whole = sum(weight * share for weight, share in parts) / sum(weight for weight, _ in parts)
    if tested.share is None and not closed:
        whole *= 0.85  # nothing says that it works
    score = round(work * (max(whole, 0.9) if closed and not tested.red else whole), 2)
    why = f"{_count(len(merged), 'merged commit')}"
    why += f"; {len(tested.red)} of its tests fail" if tested.red else "; its tests passed" if tested.passed else ""
    why += f"; on branch {evidence.branches[0]} it goes on" if evidence.branches else ""
    if tested.red or evidence.branches or score < 0.5:
        return Judged("in-progress", round(work, 2), why, tested.red)
    if score >= 0.85 and (closed or tested.passed):
        return Judged("done", score, why)
    return Judged("probably-done", score, why)


def _begun(
    work: float, sure: Sequence[CommitLink], weak: Sequence[CommitLink], evidence: Evidence, tested: Tested
) -> Judged:
    """In progress: nothing of it is merged for sure."""
    if sure:
        why = f"{_count(len(sure), 'commit')} on no main branch"
    elif evidence.branches:
        why = f"branch {evidence.branches[0]}"
    elif weak:
        why = f"{_count(len(weak), 'commit')} near it, none names it in its subject"
    else:
        why = f"{_count(len(evidence.tests), 'test')}, no commit"
        if tested.passed and not tested.red:
            return Judged("probably-done", round(work * 0.6, 2), f"{why}; passed")
    return Judged("in-progress", round(max(work, 0.5 if evidence.branches else 0.0), 2), why, tested.red)


def _nothing(item: Item, evidence: Evidence, tested: Tested, was: str, absent: float | None) -> Judged:
    """No work counts: it was taken back, or there never was any."""
    lost = [one for one in evidence.commits if one.reverted and one.code]
    if lost:
        worst = max(lost, key=lambda one: one.trust)
        return Judged("regressed", round(worst.trust, 2), f"{_count(len(lost), 'commit')} reverted", reverted=True)
    if tested.red and (item.status in _CLAIMED or was in FINISHED):
        return Judged("regressed", 0.6, "the recorded test run is red", tested.red)
    if tested.passed:
        return Judged("in-progress", 0.5, "only a recorded test run")
    new = sum(one.new is True for one in evidence.symbols)
    if new:
        text = f"{new} of {len(evidence.symbols)} things that it names came since, in no commit that names it"
        return Judged("in-progress", round(min(0.6, 1 - 0.7**new), 2), text)
    if absent is None:
        return Judged("unknown", 0.0, "no history to tell from")
    return Judged("not-started", round(absent, 2), "no evidence")


def _tested(item: Item, tests: Sequence[TestLink], results: dict[tuple[str, int], Result]) -> Tested:
    shares: list[float] = []
    red: list[str] = []
    passed = False
    for one in tests:
        result = results.get((one.case.path, one.case.line))
        if result is not None and result.outcome == "failed" and one.how in _OWN:
            red.append(f"{one.case.path}:{one.case.line}")
        passed = passed or (result is not None and result.outcome == "passed" and one.how in _OWN)
        if one.how in _OWN or result is not None:
            shares.append(0.7 if result is None else {"passed": 1.0, "failed": 0.0, "skipped": 0.5}[result.outcome])
    if item.tests:
        shares.append(0.0 if item.tests == "red" else 1.0 if item.tests_by == "aura" else 0.8)
        passed = passed or item.tests == "green"
        if item.tests == "red":
            red.append(f"{item.path}:{item.line('tests')}")
    return Tested(sum(shares) / len(shares) if shares else None, passed and not red, tuple(red))


def _likely(*groups: Sequence[float]) -> float:
    """How likely it is that any of the links is right: the five best of each kind."""
    missed = 1.0
    for group in groups:
        for trust in sorted(group, reverse=True)[:_LINKS]:
            missed *= 1 - trust
    return 1 - missed


def contradictions(item: Item, judged: Judged, *, expected: bool) -> list[Contradiction]:
    """Where the status of an item differs from what evidence says.

    Args:
        item: The item.
        judged: What evidence says.
        expected: Whether commits of this plan usually name items, so that their absence is strange.
    """
    claimed = item.status in _CLAIMED
    found: list[Contradiction] = []
    if claimed and judged.reverted:
        found.append(Contradiction("reverted", f"{item.status}, and its work was reverted: {judged.why}"))
    if claimed and judged.red:
        found.append(Contradiction("red", f"{item.status}, and tests fail: {', '.join(judged.red[:3])}"))
    if claimed and expected and judged.state == "not-started":
        found.append(Contradiction("no-evidence", f"{item.status}, and no commit or test belongs to it"))
    if item.status and item.status != "cancelled" and not claimed and judged.state in FINISHED:
        found.append(Contradiction("not-claimed", f"{item.status}, and evidence says {judged.state}: {judged.why}"))
    return found


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
