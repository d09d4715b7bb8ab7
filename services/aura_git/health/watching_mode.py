"""The watch: what it proposes once files are at rest, and what it may do where the owner switched it on.

The switch is in the repository's own `.git/config`, which no clone and no commit brings along. Time is an argument.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Final, cast, get_args

from aura_git.repository import Repository, RepositoryState
from aura_git.safety.contract import Gates, Safety
from aura_shared.messages.git_health import GitProposal, ProposalKind, WatchMode, WatchState

__all__ = ["QUIET_S", "Quiet", "Step", "decide", "fingerprint", "read_watch", "set_watch"]

QUIET_S: Final = 600.0  # Ten minutes: shorter pauses are part of working.
_MODE: Final = "aura.watch"
_QUIET: Final = "aura.watchQuiet"


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next in a repository at rest."""

    proposal: GitProposal
    act: ProposalKind | None = None
    """`commit` or `push` when the owner lets the watch do it; None to only propose."""
    key: str = ""
    """What it is about: the same is proposed once."""


@dataclass(slots=True)
class Quiet:
    """When something last happened in each project, and what was said of it."""

    touched: dict[str, float] = field(default_factory=dict[str, float])
    said: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def touch(self, project: str, now: float) -> None:
        """Something happened."""
        self.touched[project] = now

    def at_rest(self, project: str, now: float, quiet_s: float) -> bool:
        """Whether nothing happened for that long since the last change; False when nothing is waiting."""
        since = self.touched.get(project)
        return since is not None and now - since >= quiet_s

    def is_new(self, project: str, step: Step) -> bool:
        """Whether this was not said yet; it counts as said from now on."""
        place = (project, step.proposal.kind)
        if self.said.get(place) == step.key:
            return False
        self.said[place] = step.key
        return True


def read_watch(repository: Repository) -> WatchState:
    """What the watch may do; only the repository's own configuration counts, not the user's or the machine's."""
    mode = _local(repository, _MODE)
    text = _local(repository, _QUIET)
    try:
        quiet_s = min(86_400.0, max(5.0, float(text))) if text else QUIET_S
    except ValueError:
        quiet_s = QUIET_S
    known = cast("WatchMode", mode) if mode in get_args(WatchMode) else "off"
    notice = f"{_MODE} is {mode!r}, which is no mode: the watch is off" if mode and mode != known else ""
    return WatchState(project=repository.project, mode=known, quiet_s=quiet_s, notice=notice)


def _local(repository: Repository, key: str) -> str:
    file = repository.common_dir / "config"
    return repository.git.read("config", "--file", str(file), "--get", key, ok=(0, 1)).text


def set_watch(repository: Repository, safety: Safety, mode: WatchMode | None, quiet_s: float | None) -> WatchState:
    """Set what the watch may do, and return it; nothing is written when nothing is given.

    Raises:
        RepositoryBusy: Another writer is at work.
    """
    if mode is None and quiet_s is None:
        return read_watch(repository)
    file = repository.common_dir / "config"
    gates = Gates(work_tree=False, born=False, at_rest=False)
    with safety.begin(repository, "git watch", f"watch: {mode or 'pause'}", gates=gates) as operation:
        operation.step("write the configuration")
        if mode is not None:
            repository.git.write("config", "--file", str(file), _MODE, mode)
        if quiet_s is not None:
            repository.git.write("config", "--file", str(file), _QUIET, f"{quiet_s:g}")
    return read_watch(repository)


def decide(project: str, state: RepositoryState, mode: WatchMode, protected: tuple[str, ...]) -> list[Step]:
    """What to propose or do in a repository at rest, first things first; nothing while git is busy.

    Args:
        project: Identifier.
        state: As it is now.
        mode: What the owner allows.
        protected: Patterns of branches that get no commit by the watch.
    """
    if mode == "off" or state.bare or state.in_progress or state.unmerged or state.unborn:
        return []
    steps: list[Step] = []
    held = any(fnmatchcase(state.branch, one) for one in protected)
    if state.staged or state.unstaged or state.untracked:
        partial = bool(state.staged and state.unstaged)
        act: ProposalKind | None = None
        why = "files are at rest and not committed"
        if state.detached or held:
            why += "; HEAD is detached" if state.detached else f"; {state.branch} is protected"
        elif partial:
            why += "; a part is staged, which is left as it is"
        elif mode in {"commit", "push"}:
            act = "commit"
        counts = f"{state.staged} staged, {state.unstaged} changed, {state.untracked} new"
        steps.append(
            _step(
                project,
                "commit",
                f"commit your work ({counts})",
                why,
                "aura commit --all",
                act,
                f"{state.head}:{counts}",
            )
        )
    if state.ahead and state.behind:
        what = f"bring {state.branch} together with {state.upstream}: {state.ahead} ahead, {state.behind} behind"
        steps.append(
            _step(project, "sync", what, "they have parted", "aura sync", None, f"{state.head}:{state.behind}")
        )
    elif state.ahead:
        steps.append(_push_step(project, state, mode, held=held))
    if state.upstream_gone and state.branch:
        why = f"{state.upstream} was deleted"
        steps.append(
            _step(project, "cleanup", f"clean up {state.branch}", why, "aura branch cleanup", None, state.branch)
        )
    return steps


def _push_step(project: str, state: RepositoryState, mode: WatchMode, *, held: bool) -> Step:
    # Only to the branch of its own name: one that was begun at `origin/main` would go there otherwise.
    own = state.upstream.endswith(f"/{state.branch}")
    act: ProposalKind | None = "push" if mode == "push" and own and not held else None
    what = f"push {_many(state.ahead)} of {state.branch}"
    why = "they are on this machine only"
    if held:
        why += f"; {state.branch} is protected"
    elif not own:
        why += f"; {state.branch} follows {state.upstream}, a branch of another name"
    return _step(project, "push", what, why, "aura branch publish", act, state.head)


def fingerprint(repository: Repository) -> str:
    """What is changed in the work tree and when: so that what a hook refused is tried again once it is other."""
    found = sha256()
    for item in repository.git.read("status", "--porcelain", "--no-renames", "-z").items:
        found.update(os.fsencode(item))
        with suppress(OSError):
            facts = (repository.root / item[3:]).lstat()
            found.update(f"{facts.st_mtime_ns} {facts.st_size}".encode())
    return found.hexdigest()


def _many(commits: int) -> str:
    return "1 commit" if commits == 1 else f"{commits} commits"


def _step(
    project: str, kind: ProposalKind, what: str, why: str, command: str, act: ProposalKind | None, key: str
) -> Step:
    return Step(GitProposal(project=project, kind=kind, what=what, why=why, command=command), act, key)
