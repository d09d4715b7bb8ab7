"""Judges what a kill left: whether anything is lost, and whether every way out that is offered works."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from aura_git.merging.leftovers import apart_folder, prune
from aura_git.repository import Repository
from aura_git.safety.contract import OperationRecord
from aura_git.safety.core import SafetyCore
from aura_git.safety.journal import ABORT
from aura_git.safety.recovery import UNDO, choices_of
from aura_shared.errors import AuraError, ConflictsLeft
from aura_shared.settings import GitSettings
from git_crash_operations import Named, abandoned, dated, gone_on
from git_crash_states import Whole, blobs_at_hand, blobs_within_reach, problems, run, staged_alike, whole

__all__ = ["Expected", "Judge", "Kill", "expected_of"]

_LAST: Final = 50
_REMOTES: Final = "refs/remotes/"


@dataclass
class Kill:
    """What one kill left."""

    operation: str
    step: int
    reached: bool
    """Whether the victim died in the middle."""
    state: str = ""
    """Of the operation in the journal, after recovery."""
    ways: list[str] = field(default_factory=list[str])
    """Ways out that were tried."""
    locks: list[str] = field(default_factory=list[str])
    """Locks of git's that were left after recovery."""
    broken: str = ""
    """What is wrong; empty when nothing is."""


@dataclass(frozen=True)
class Expected:
    """What a repository has to be like."""

    before: Whole
    """When nothing was done, or all of it was taken back."""
    finished: Whole
    """When all of it is done."""
    back: Whole
    """When the operation that waited at the beginning was taken back; as `before` where none did."""
    known: frozenset[str]
    """Operations that were in the journal already."""
    waited: str
    """The one among them that waited; empty where none did."""
    duration_s: float
    steps: int


def expected_of(root: Path, before: Whole, finished: Whole, duration_s: float, steps: int) -> Expected:
    """What to expect, from a fresh repository, which is used up."""
    core, repository = SafetyCore(GitSettings()), dated(root)
    known = frozenset(record.id for record in core.operations(repository, _LAST))
    back, waiting = before, core.open_operation(repository)
    if waiting is not None:
        abandoned(core, repository)
        back = whole(root)
    return Expected(before, finished, back, known, waiting.id if waiting else "", duration_s, steps)


def _local(one: Whole) -> Whole:
    """Without what is known of remotes: an undo does not take that back."""
    return replace(one, refs=tuple(ref for ref in one.refs if not ref[0].startswith(_REMOTES)))


def _alike(one: Whole, other: Whole) -> bool:
    return staged_alike(_local(one), _local(other))


class Judge:
    """Judges one kill.

    Args:
        kill: What is found goes here.
        named: The operation.
        root: Its repository.
        expected: What it has to be like.
        at_hand: Blobs that were staged or in the work tree before.
    """

    def __init__(self, kill: Kill, named: Named, root: Path, expected: Expected, at_hand: set[str]) -> None:
        self._kill = kill
        self._named = named
        self._root = root
        self._expected = expected
        self._at_hand = at_hand | blobs_at_hand(root)
        self._core = SafetyCore(GitSettings(lock_wait_s=5))

    def judge(self, chance: random.Random, *, every_way: bool) -> None:
        """Look at what is there, recover as the service does when it starts, and try the ways out."""
        kill = self._kill
        try:
            kill.broken = "; ".join(self._lost()) or self._recovered(chance, every_way=every_way)
        except Exception as error:  # noqa: BLE001 - whatever it is, a person would stand before it
            kill.broken = f"{'; '.join(kill.ways[-1:])}: {type(error).__name__}: {error}"

    def _recovered(self, chance: random.Random, *, every_way: bool) -> str:
        repository = dated(self._root)
        self._core.recover(repository)
        prune(repository)
        for lock in (self._root / ".git").rglob("*.lock"):
            self._kill.locks.append(str(lock.relative_to(self._root / ".git")))
            lock.unlink()  # what a person does once told that its owner is dead
        records = self._core.operations(repository, _LAST)
        mine = [one for one in records if one.id not in self._expected.known or one.id == self._expected.waited]
        self._kill.state = mine[0].state if mine else "not begun"
        wrong = [*self._left(), *filter(None, [self._named.check(self._root)])]
        if wrong:
            return "; ".join(wrong)
        ways = self._ways(mine[0] if mine else None)
        chosen = list(ways) if every_way or len(ways) < 2 else [chance.choice(list(ways))]
        return "; ".join(filter(None, (self._tried(way, ways[way], last=way == chosen[-1]) for way in chosen)))

    def _ways(self, record: OperationRecord | None) -> dict[str, Callable[[], str]]:
        """Each way out that is offered; what they return is wrong."""
        if record is None or record.state == "aborted":
            return {"again": self._again}
        choices = choices_of(record)
        ways: dict[str, Callable[[], str]] = {}
        if "continue" in choices:
            ways["continue"] = lambda: self._continue(record)
        if "abort" in choices:
            ways["abort"] = lambda: self._back(record, abandoned)
        if "undo" in choices:
            ways["undo"] = lambda: self._back(record, lambda core, repository: core.undo(repository, record.id))
        return ways

    def _tried(self, way: str, take: Callable[[], str], *, last: bool) -> str:
        """What is wrong after a way out; unless it is the last one, everything is put back."""
        self._kill.ways.append(way)
        folder, aside = self._root.parent, self._root.parent.with_name(f"{self._root.parent.name}-aside")
        if not last:
            shutil.copytree(folder, aside, symlinks=True)
        try:
            wrong = "; ".join(filter(None, [take(), *self._wrong()]))
        except AuraError as error:
            wrong = f"{type(error).__name__}: {error.message}"
        if not last:
            shutil.rmtree(folder)
            aside.rename(folder)
        return f"{way}: {wrong}" if wrong else ""

    def _again(self) -> str:
        """Nothing was done: all is as before, and doing it now does all of it."""
        self._take_back_before("~")
        if not _alike(whole(self._root), self._expected.before):
            return "something changed"
        self._named.operate(self._core, dated(self._root))
        return "" if _alike(whole(self._root), self._expected.finished) else "not as if it were done at once"

    def _continue(self, record: OperationRecord) -> str:
        """It goes on to its end, or says which conflicts a person has to resolve first, and changes nothing then."""
        before = whole(self._root)
        try:
            gone_on(self._core, dated(self._root))
        except ConflictsLeft:
            return "" if staged_alike(whole(self._root), before) else "refused, and something changed"
        now = whole(self._root)
        if any(_alike(now, one) for one in (self._expected.finished, self._expected.before)):
            return ""
        if self._take_back_before(record.id):  # the operation was ended without a change, and those before it stand
            return "" if _alike(whole(self._root), self._expected.before) else "not as before"
        further = record.id in self._expected.known and not now.state
        ended = self._core.operation(dated(self._root), record.id).state == "done"
        if further and ended:
            return ""
        differs = [
            name
            for name in ("head", "refs", "staged", "files", "state")
            if getattr(now, name) != getattr(self._expected.finished, name)
        ]
        return f"neither done nor as before: {', '.join(differs)} differ"

    def _back(self, record: OperationRecord, take: Callable[[SafetyCore, Repository], object]) -> str:
        """Take back what is newest, and whatever of this command came before it."""
        repository = dated(self._root)
        take(self._core, repository)
        wanted = self._expected.back if record.id in self._expected.known else self._expected.before
        self._take_back_before(record.id)
        return "" if _alike(whole(self._root), wanted) else "not as before"

    def _take_back_before(self, identifier: str) -> int:
        """Take back what this command did in operations before that one; returns how many there were."""
        repository, count = dated(self._root), 0
        for earlier in self._core.operations(repository, _LAST):
            new = earlier.id not in self._expected.known and earlier.id < identifier
            if new and earlier.state == "done" and earlier.command not in {UNDO, ABORT}:
                self._core.undo(repository, earlier.id)
                count += 1
        return count

    def _wrong(self) -> list[str]:
        """What is wrong, lost, or left lying about, once a way out was taken."""
        return [*self._lost(), *self._left(), *filter(None, [self._named.check(self._root)])]

    def _lost(self) -> list[str]:
        reach = blobs_within_reach(self._root) | blobs_at_hand(self._root)
        return [*problems(self._root), *(f"lost {blob}" for blob in sorted(self._at_hand - reach))]

    def _left(self) -> list[str]:
        """What of Aura's own lies about."""
        git_dir = self._root / ".git"
        left = [*git_dir.glob("aura/scratch/*"), *git_dir.glob("aura-*"), *apart_folder(dated(self._root)).glob("*")]
        left += [*git_dir.glob("aura/beside/*"), *git_dir.glob("aura/operations/.*"), *git_dir.rglob("*.aura")]
        left += self._root.rglob(".aura-*")
        trees = len(run(self._root, "worktree", "list").splitlines())
        return [*(f"left {path.name}" for path in left), *([f"{trees} work trees"] if trees > 1 else [])]
