"""The hook of messages and the checks of messages over the bus."""

from __future__ import annotations

import asyncio
from typing import Final

from aura_git.commits.drafting_replies import problems_of
from aura_git.commits.hooks import GATE_HOOK, HOOK, HookState, install_hook, read_hook, uninstall_hook
from aura_git.commits.linting import kept_rules
from aura_git.commits.service_memory import Lessons
from aura_git.commits.suggesting import lint_message, lint_range
from aura_git.desk import GitDesk
from aura_git.repository import Repository, read_state
from aura_shared.bus import Context
from aura_shared.errors import UsageProblem
from aura_shared.messages.commits import HooksAnswer, LintAnswer, LintedMessage, LintMessages, ManageHooks

__all__ = ["MessageChecks"]

_BASES: Final = ("develop", "main", "master", "trunk")


class MessageChecks:
    """Serves `ManageHooks` and `LintMessages`."""

    def __init__(self, desk: GitDesk, lessons: Lessons) -> None:
        self._desk = desk
        self._lessons = lessons

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(ManageHooks, self._hooks)
        self._desk.bus.serve(LintMessages, self._lint)

    async def _hooks(self, request: ManageHooks, _context: Context) -> HooksAnswer:
        repository = await self._desk.repository(request.project)
        hook = GATE_HOOK if request.gate else HOOK

        def work() -> HookState:
            if request.action == "install":
                return install_hook(repository, command=request.command, force_path=request.force_path, hook=hook)
            return uninstall_hook(repository, hook) if request.action == "uninstall" else read_hook(repository, hook)

        before = await asyncio.to_thread(read_hook, repository, hook)
        after = await self._desk.write(work)
        return _hooks_answer(request.action, before, after)

    async def _lint(self, request: LintMessages, _context: Context) -> LintAnswer:
        repository = await self._desk.repository(request.project)
        return await asyncio.to_thread(self._lint_now, repository, request)

    def _lint_now(self, repository: Repository, request: LintMessages) -> LintAnswer:
        learned = self._lessons.of(repository)
        habits, rules = learned.habits, kept_rules(learned.habits, learned.listed)
        if request.text is not None:
            problems = lint_message(request.text, habits, rules=rules)
            commits = [
                LintedMessage(commit="", subject=request.text.strip().split("\n")[0], problems=problems_of(problems))
            ]
            wanted, source = "", ""
        else:
            wanted, source = (request.range, "") if request.range else _own_range(repository)
            commits = [
                LintedMessage(commit=one.hash, subject=one.subject, problems=problems_of(one.problems))
                for one in lint_range(repository, wanted, habits, rules=rules)
            ]
        levels = [problem.level for one in commits for problem in one.problems]
        return LintAnswer(
            range=wanted,
            range_from=source,
            commits=commits,
            errors=levels.count("error"),
            warnings=levels.count("warning"),
            source=habits.source,
        )


def _own_range(repository: Repository) -> tuple[str, str]:
    """What the branch adds: to what it follows, or to the branch that it most likely left."""
    state = read_state(repository, untracked=False)
    if not state.head:
        raise UsageProblem(f"the branch {state.branch!r} has no commit yet", hint="There is nothing to check.")
    if state.upstream and not state.upstream_gone:
        return f"{state.upstream}..HEAD", f"not on {state.upstream} yet"
    for base in _BASES:
        if base != state.branch and repository.git.find_commit(f"refs/heads/{base}") is not None:
            return f"{base}..HEAD", f"not on {base} yet"
    for remote in ("origin/HEAD", *(f"origin/{base}" for base in _BASES)):
        if repository.git.find_commit(f"refs/remotes/{remote}") is not None:
            return f"{remote}..HEAD", f"not on {remote} yet"
    return "HEAD", "all, since the branch follows nothing and there is no other one"


def _hooks_answer(action: str, before: HookState, after: HookState) -> HooksAnswer:
    notes: list[str] = []
    if after.configured:
        notes.append(f"core.hooksPath is {after.configured}: that folder counts, not .git/hooks")
    if after.managed_by:
        notes.append(f"the hooks here are managed by {after.managed_by}. {after.advice}")
    if after.chained and after.installed:
        notes.append("the hook that was there before is run first; when it refuses, so does the commit")
    return HooksAnswer(
        installed=after.installed,
        folder=str(after.folder),
        configured=after.configured,
        chained=after.chained,
        outdated=after.outdated,
        managed_by=after.managed_by,
        summary=_hooks_summary(action, before, after),
        notes=notes,
    )


def _hooks_summary(action: str, before: HookState, after: HookState) -> str:
    if action == "install":
        return "the hook was there already" if before.installed and not before.outdated else "the hook is in place"
    if action == "uninstall" and before.half_way:
        return "an installation that was not finished is taken back"
    if action == "uninstall" and before.installed:
        return "the hook is gone" + (", and the one before it is back" if before.chained else "")
    if action == "uninstall":
        return "there is no hook of Aura here"
    return _hook_now(after)


def _hook_now(after: HookState) -> str:
    if after.installed:
        return "the hook is in place" + (", in an older version" if after.outdated else "")
    if after.half_way:
        return "a hook of somebody else is in place, and an installation of Aura's is not finished"
    return "a hook of somebody else is in place" if after.foreign else "there is no hook"
