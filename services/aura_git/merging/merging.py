"""Merges: as simulated, apart from the work tree of the person or in it; nothing is done that was not shown."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_git.merging.leftovers import work_apart
from aura_git.merging.obstacles import refuse_obstacles, refuse_open, tree_changes
from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import Simulation, forecast, refuse, simulate
from aura_git.merging.stops import Stop, left_of, settle_stop
from aura_git.merging.trees import Parting
from aura_git.merging.tuning import comment_char, in_place, judging_hooks, told_by_git, tuned_repository
from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.contract import Gates, Operation, Safety
from aura_shared.errors import AuraError, ConflictsLeft, GateClosed, GitError
from aura_shared.messages.merges import DoMerge, MergeAnswer, MergeForecast, OperationStanding

__all__ = ["Work", "do_merge"]

_SUBMODULE: Final = "160000"


@dataclass(frozen=True, slots=True)
class Work:
    """A merge that is about to be done."""

    repository: Repository
    request: DoMerge
    simulation: Simulation
    forecast: MergeForecast
    accepted: Accepted
    notes: list[str] = field(default_factory=list[str])

    @property
    def branch(self) -> str:
        """Name of the branch that it goes into; `HEAD` when none is checked out."""
        return self.forecast.into if self.forecast.into != self.simulation.ours[:12] else "HEAD"

    def said(self) -> str:
        """What git said so far."""
        return "\n".join(self.notes)

    @property
    def says(self) -> dict[str, str]:
        """What git said of each path."""
        return {file.path: file.says for file in self.forecast.conflicts}


def do_merge(repository: Repository, safety: Safety, request: DoMerge) -> MergeAnswer:
    """Merge a ref into what is checked out.

    Raises:
        GateClosed: It cannot be merged, something is in the way, or a branch moved since it was looked at.
        ConflictsLeft: Conflicts are left, and it was to be done apart.
        GitError: A hook or git refused; nothing has changed.
    """
    refuse_open(repository, safety)
    accepted = Accepted.of(request.accept, request.hunks)
    simulation = simulate(repository, request.ref)
    refuse(simulation)
    _still(request.expected, simulation)
    seen, _ = forecast(repository, simulation, accepted, explained=False)
    work = Work(repository, request, simulation, seen, accepted)
    if simulation.outcome == "up-to-date":
        return _answer(work, "nothing", f"{seen.into} has everything of {request.ref} already")
    refuse_obstacles(seen.obstacles, f"merging {request.ref}")
    _check_fast_forward(work)
    left = left_of(seen.conflicts)
    if request.dry_run:
        return _answer(work, "planned", _plan(seen, left), Stop(tuple(seen.conflicts), tuple(left)))
    if left and request.where == "apart" and (_with_submodules(work) or not _records(repository)):
        raise _left_over(request.ref, left)
    title = f"merge {request.ref} into {seen.into}"
    with safety.begin(repository, "merge", title, gates=Gates(clean=True)) as operation:
        operation.remember(ref=request.ref, theirs=simulation.theirs, ours=simulation.ours)
        if repository.git.commit_of("HEAD") != simulation.ours:
            raise GateClosed("another commit was checked out meanwhile", hint="Nothing was changed. Look at it again.")
        return _do(work, operation)


def _records(repository: Repository) -> bool:
    """Whether resolutions of a person are recorded that may settle what is left."""
    records = repository.common_dir / "rr-cache"
    return records.is_dir() and any(records.iterdir())


def _still(expected: str, simulation: Simulation) -> None:
    theirs = simulation.theirs
    if expected and not theirs.startswith(expected):
        raise GateClosed(
            f"{simulation.ref} was {expected[:12]} when it was shown, and is {theirs[:12]} now",
            hint="Nothing was changed. Look at the merge again.",
        )


def _check_fast_forward(work: Work) -> None:
    if work.request.fast_forward == "only" and work.simulation.outcome != "fast-forward":
        raise GateClosed(
            f"{work.forecast.into} has commits that {work.request.ref} has not, so it cannot be fast-forwarded",
            hint="Nothing was changed. Leave --ff-only out for a merge commit, or rebase.",
        )


def _left_over(ref: str, left: list[str]) -> ConflictsLeft:
    more = f" and {len(left) - 10} more" if len(left) > 10 else ""
    return ConflictsLeft(
        f"merging {ref} leaves conflicts in {', '.join(left[:10])}{more}",
        hint="Nothing was changed. Accept proposals (--accept propose), or resolve them in the work tree (--in-place).",
    )


def _plan(seen: MergeForecast, left: list[str]) -> str:
    if seen.outcome == "fast-forward":
        return f"{seen.into} would be fast-forwarded by {seen.commits} commits"
    if left:
        return f"merging {seen.ref} would leave conflicts in {len(left)} files"
    return f"merging {seen.ref} would change {seen.changed_count} paths"


def _do(work: Work, operation: Operation) -> MergeAnswer:
    if work.simulation.outcome == "fast-forward" and _fast_forwards(work):
        operation.step("move the branch")
        _move(work, work.simulation.theirs)
        return _done(work, operation, f"{work.forecast.into} was fast-forwarded to {work.request.ref}")
    if work.request.where == "in-place" or _with_submodules(work):
        return _do_in_place(work, operation)
    return _do_apart(work, operation)


def _do_apart(work: Work, operation: Operation) -> MergeAnswer:
    """Merge in a temporary work tree, then move the branch; anything that fails leaves it where it is."""
    operation.step("merge in a temporary work tree")
    lock_files = any(file.command for file in work.forecast.conflicts)
    full = lock_files or bool(judging_hooks(work.repository))
    with work_apart(work.repository, work.simulation.ours, full=full) as apart:
        stop = Stop((), ())
        if not _start(work, apart.git):
            stop = settle_stop(apart, work.accepted, work.said(), says=work.says, lock_files=lock_files)
            if stop.left:
                raise _left_over(work.request.ref, list(stop.left))
            _conclude(work, apart.git)
        new = apart.git.commit_of("HEAD")
    _check_parents(work, new)
    operation.step("move the branch")
    _move(work, new)
    return _done(work, operation, f"merged {work.request.ref} into {work.forecast.into}", stop)


def _do_in_place(work: Work, operation: Operation) -> MergeAnswer:
    """Merge in the work tree; conflicts that are left wait for a person."""
    operation.step("merge in the work tree")
    where = tuned_repository(work.repository)
    git = where.git
    try:
        stop = Stop((), ())
        if not _start(work, git):
            parting = Parting(work.simulation.ours, work.simulation.theirs, (work.forecast.base,))
            stop = settle_stop(where, work.accepted, work.said(), parting=parting, says=work.says)
            if stop.left:
                operation.remember(comment=comment_char(work.request.message))
                operation.wait(f"resolve the conflicts in {', '.join(stop.left[:5])}, then `aura continue`")
                summary = f"merging {work.request.ref} waits for {len(stop.left)} of {len(stop.conflicts)} files"
                return _answer(work, "waiting", summary, stop, operation.id)
            operation.step("conclude the merge")
            _conclude(work, git)
    except GitError:
        with suppress(AuraError):
            git.write("merge", "--abort")
        raise
    return _done(work, operation, f"merged {work.request.ref} into {work.forecast.into}", stop)


def _start(work: Work, git: Git) -> bool:
    """Run git's merge; returns whether it went through, False when it stopped at conflicts.

    Raises:
        GitError: A hook or git refused.
    """
    ways = {"yes": ["--ff"], "no": ["--no-ff"], "only": ["--ff-only"], "": []}[work.request.fast_forward]
    with _message_file(work) as message:
        ran = git.write(
            *(
                "-c",
                f"core.commentChar={comment_char(work.request.message)}",
                "merge",
                "--no-edit",
                "--no-rerere-autoupdate",
            ),
            *("--into-name", work.branch, *ways, *message, "--", work.request.ref),
            ok=(0, 1),
        )
    work.notes.extend(_said(ran.err))
    if ran.code == 0:
        return True
    if not git.read("ls-files", "-z", "--unmerged").out:
        raise GitError(f"`git merge` failed: {ran.err or ran.text}", hint="A hook may have refused it.")
    return False


def _conclude(work: Work, git: Git) -> None:
    """Make the merge commit, with its hooks and signature."""
    char = comment_char(work.request.message)
    work.notes.extend(_said(git.write("-c", f"core.commentChar={char}", "merge", "--continue").err))


@contextmanager
def _message_file(work: Work) -> Generator[list[str]]:
    """Arguments that give a merge its message: git reads it from a file."""
    if not work.request.message.strip():
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="aura-message-") as folder:
        file = Path(folder) / "message"
        file.write_text(work.request.message.rstrip("\n") + "\n", encoding="utf-8")
        yield [f"--file={file}"]


def _fast_forwards(work: Work) -> bool:
    """Whether a merge that could be fast-forwarded is, by the request or else by git's settings."""
    if work.request.fast_forward:
        return work.request.fast_forward != "no"
    options = work.repository.git.config(f"branch.{work.branch}.mergeOptions").split()
    if "--no-ff" in options:
        return False
    return "--ff" in options or work.repository.git.config("merge.ff") != "false"


def _with_submodules(work: Work) -> bool:
    """Whether sub-modules move: git needs them checked out to merge them, which a temporary work tree has not."""
    changes = tree_changes(work.repository.git, work.simulation.ours, work.simulation.tree)
    return any(change.mode == _SUBMODULE for change in changes)


def _move(work: Work, new: str) -> None:
    """Move the branch and its work tree forward; git refuses rather than lose a local change."""
    git = in_place(work.repository.git).at(GIT_REFLOG_ACTION=f"merge {work.request.ref}")
    work.notes.extend(_said(git.write("merge", "--ff-only", "--quiet", new).err))


def _said(text: str) -> list[str]:
    return [text] if text else []


def _check_parents(work: Work, new: str) -> None:
    parents = work.repository.git.text("rev-list", "--parents", "-n1", new).split()[1:]
    if parents != [work.simulation.ours, work.simulation.theirs]:
        raise GateClosed(
            f"{work.request.ref} moved while it was merged", hint="The branch was not changed. Look at it again."
        )


def _done(work: Work, operation: Operation, summary: str, stop: Stop | None = None) -> MergeAnswer:
    return _answer(work, "done", summary, stop, operation.id)


def _answer(
    work: Work, standing: OperationStanding, summary: str, stop: Stop | None = None, operation: str = ""
) -> MergeAnswer:
    stop = stop or Stop((), ())
    return MergeAnswer(
        standing=standing,
        command="merge",
        operation=operation,
        summary=summary,
        old=work.simulation.ours,
        new=work.repository.git.commit_of("HEAD"),
        conflicts=list(stop.conflicts),
        left=list(stop.left),
        recorded=list(stop.recorded),
        notes=[*told_by_git(work.said()), *stop.notes],
    )
