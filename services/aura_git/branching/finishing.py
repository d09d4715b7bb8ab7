"""Finishing a branch: one operation in the journal, which waits at a conflict and goes on from where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aura_git.branching.finish_plan import FinishPlan, Step, forecast, make_plan
from aura_git.branching.merging_in import Stopped, conclude, is_done, merge_in
from aura_git.branching.refs import HEADS, current_branch, delete_branch, need_branch, resolve, switch
from aura_git.branching.remotes import delete_there
from aura_git.branching.strategy import Branching
from aura_git.merging.tuning import tuned_repository
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Operation, OperationRecord, Safety
from aura_shared.errors import AuraError, ForgeRefused, ForgeUnreachable, GateClosed
from aura_shared.messages.branches import BranchFinished, FinishBranch, FinishState

__all__ = ["COMMAND", "continue_finish", "finish"]

COMMAND: Final = "branch finish"
"""Command of the operation in the journal."""
_PLAN: Final = "finish_plan"
_REFUSED: Final = "finish_refused"
"""Fact: it stopped without a conflict, so that a hook is asked again."""
_MOST_NAMED: Final = 5


@dataclass(slots=True)
class _Run:
    """A finish under way."""

    repository: Repository
    operation: Operation
    plan: FinishPlan
    notices: list[str] = field(default_factory=list[str])
    done: int = 0

    def answer(self, state: FinishState, conflicts: tuple[str, ...] = ()) -> BranchFinished:
        return BranchFinished(
            branch=self.plan.branch, kind=self.plan.kind, state=state, steps=self.plan.told(self.done),
            tag=self.plan.tag, conflicts=list(conflicts), operation=self.operation.id,
            notices=[*self.plan.notices, *self.notices],
        )  # fmt: skip


def finish(repository: Repository, safety: Safety, branching: Branching, request: FinishBranch) -> BranchFinished:
    """Finish a branch by its kind; with `dry_run`, what would be done and where it would stop.

    Raises:
        AuraError: As `make_plan`, and what the gates of the safety core raise.
    """
    branch = resolve(repository, branching, request.branch)
    kind = branching.kind_of(branch)
    if kind is not None and kind.way == "pull-request":
        need_branch(repository, branch)
        hints = [f"aura branch publish {branch}", "aura pr create"]
        told = f"{kind.name} branches go into {kind.into} by a pull request: {', then '.join(hints)}"
        return BranchFinished(branch=branch, kind=kind.name, state="open-pull-request", notices=[told])
    plan = make_plan(repository, branching, branch, message=request.message, keep=request.keep)
    if request.dry_run:
        conflicts = forecast(repository, plan)
        return BranchFinished(
            branch=branch, kind=plan.kind, state="planned", steps=plan.told(), tag=plan.tag, conflicts=conflicts,
            notices=list(plan.notices),
        )  # fmt: skip
    title = f"finish {branch}: {plan.steps[0].text}"
    with safety.begin(repository, COMMAND, title, gates=Gates(clean=True)) as operation:
        _refuse_moved(repository, plan)
        operation.remember(branch=branch, kind=plan.kind, **{_PLAN: plan.dump()})
        return _carry_out(_Run(tuned_repository(repository), operation, plan))


def continue_finish(safety: Safety, repository: Repository, record: OperationRecord) -> BranchFinished:
    """Go on with a finish that waits at a conflict or was interrupted; it may stop again at a later one.

    Conflicts have to be resolved in the files; what is resolved is staged here.

    Raises:
        ConflictsLeft: Markers of a conflict are left; nothing was done.
        GateClosed: It is no finish, or was interrupted while files were written and can only be taken back.
        GitError: A hook or git refuses.
    """
    plan_text = record.facts.get(_PLAN)
    if record.command != COMMAND or plan_text is None:
        raise GateClosed(
            f"operation {record.id} ({record.title}) has no step to go on with", hint="Take it back: aura abort"
        )
    plan = FinishPlan.load(plan_text)
    where = tuned_repository(repository)
    conclude(where, plan, check_only=True)
    with safety.resume(repository, record.id) as operation:
        run = _Run(where, operation, plan)
        operation.step("conclude what waited")
        try:
            conclude(where, plan, refused=bool(record.facts.get(_REFUSED)))
        except Stopped as stop:
            return _stopped(run, stop)
        return _carry_out(run)


def _refuse_moved(repository: Repository, plan: FinishPlan) -> None:
    """Raises GateClosed when something moved between the plan and the lock."""
    seen = {plan.branch: plan.tip, **{step.target: step.at for step in plan.steps if step.name.startswith("merge")}}
    for branch, commit in seen.items():
        if need_branch(repository, branch) != commit:
            raise GateClosed(f"{branch!r} moved meanwhile", hint="Nothing was changed. Try again.")


def _carry_out(run: _Run) -> BranchFinished:
    for number, step in enumerate(run.plan.steps):
        run.done = number
        if is_done(run.repository, step):
            continue
        run.operation.step(step.text)
        try:
            _do(run, step)
        except Stopped as stop:
            return _stopped(run, stop)
    run.done = len(run.plan.steps)
    _tell_what_is_next(run)
    return run.answer("done")


def _stopped(run: _Run, stop: Stopped) -> BranchFinished:
    run.done = next((at for at, one in enumerate(run.plan.steps) if not is_done(run.repository, one)), 0)
    named = ", ".join(stop.paths[:_MOST_NAMED]) + (" and more" if len(stop.paths) > _MOST_NAMED else "")
    what = f"resolve the conflicts in {named}" if stop.paths else stop.why
    run.operation.remember(**{_REFUSED: "" if stop.paths else "yes"})
    run.operation.wait(f"{what}, then `aura continue`")
    run.notices.append(f"{what}, then `aura continue`; `aura abort` takes everything back")
    return run.answer("waiting", stop.paths)


def _do(run: _Run, step: Step) -> None:
    repository, git = run.repository, run.repository.git
    if step.name in ("merge", "merge-back"):
        merge_in(repository, step)
    elif step.name == "tag":
        if step.here:
            switch(repository, step.target)
        # `cleanup` as `git tag -m` has it, so that a line beginning with `#` is kept.
        words = ("--cleanup=whitespace", "--file=-")
        git.write("tag", "--annotate", *words, step.tag, f"{HEADS}{step.target}", stdin=step.message.encode())
    elif step.name == "delete-remote":
        _delete_there(run, step)
    else:
        name = step.source.removeprefix(HEADS)
        if current_branch(repository) == name:
            switch(repository, step.target)
        delete_branch(git, name, step.at)


def _delete_there(run: _Run, step: Step) -> None:
    """What the remote does not want to delete is told; the rest of the finish is as good without it."""
    name = step.source.removeprefix(HEADS)
    try:
        delete_there(run.repository.git, step.remote, name, step.at)
    except (ForgeUnreachable, ForgeRefused, GateClosed) as error:
        run.notices.append(f"{name} is still at {step.remote}: {_first_line(error)}")
        return
    run.notices.append(f"{name} was deleted at {step.remote}; an undo brings it back here, not there")


def _first_line(error: AuraError) -> str:
    return error.message.splitlines()[0] if error.message else error.code


def _tell_what_is_next(run: _Run) -> None:
    targets = list(dict.fromkeys(step.target for step in run.plan.steps if step.name.startswith("merge")))
    remote = bool(run.repository.git.read("remote").lines)
    if remote:
        refs = " ".join([*targets, *([run.plan.tag] if run.plan.tag else [])])
        run.notices.append(f"nothing was pushed: git push REMOTE {refs}")
