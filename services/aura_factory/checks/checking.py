"""Tries a proposal on a copy of its project; only what the proposal breaks counts against it."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from aura_factory.checks import linters, suites
from aura_factory.checks.choosing import choose_tests
from aura_factory.checks.copies import Copy
from aura_factory.checks.linters import Linter
from aura_factory.checks.listing import project_files
from aura_factory.checks.suites import Suite
from aura_factory.checks.texts import Version, versions
from aura_factory.sandbox.contract import Outcome, Runner
from aura_factory.sandbox.workspace import copy_workspace, run_folder
from aura_languages.errors import syntax_problems
from aura_shared.bus import Bus
from aura_shared.errors import SettingsError
from aura_shared.messages.changes import CheckOutcome, CheckResult, ProposedFile
from aura_shared.messages.code import ProjectInfo
from aura_shared.settings import ChecksSettings, SandboxSettings, load_settings
from aura_shared.text_files import as_utf8

__all__ = [
    "SandboxChecker",
    "Tell",
    "is_failure",
    "judge_tests",
    "result_of",
    "settings_of",
]

Tell = Callable[[str], Awaitable[None]]
_TAIL_LINES: Final = 12
_MOST_NAMED: Final = 10


class SandboxChecker:
    """Checks proposals, one at a time: tests of two would share two cores, and be slower both."""

    def __init__(self, bus: Bus, runner: Runner, bounds: SandboxSettings, scratch: Path) -> None:
        self.bus = bus
        self.runner = runner
        """What confines."""
        self.bounds = bounds
        """Of one run."""
        self.scratch = scratch
        """Where copies are made."""
        self.turn = asyncio.Lock()
        """Held while something runs."""

    async def check(
        self,
        project: ProjectInfo,
        files: Sequence[ProposedFile],
        *,
        symbols: Sequence[str],
        tests: bool,
        progress: Tell,
    ) -> list[CheckResult]:
        """What the checks say. Only what the proposal breaks is `failed`; what failed before it too is no fault of it.

        Args:
            project: Where it is about.
            files: The proposal.
            symbols: Qualified names of the definitions that change, to choose the tests by.
            tests: Whether tests run; what parses and what the project's linters say is always looked at.
            progress: Told what is being tried.

        Raises:
            AuraError: A file is not what the proposal was made from, or a path leads outside the project.
        """
        root = Path(project.root)
        changed = await asyncio.to_thread(versions, root, files)
        results = [await asyncio.to_thread(parsed, changed)]
        if results[0].outcome == "failed":
            return results
        wanted = linters.wanted(root, [file.path for file in changed if file.after is not None])
        if not wanted and not tests:
            return results
        if self.runner.probe.tier == "none":
            why = "; ".join(self.runner.probe.reasons) or "code cannot be confined on this machine"
            return [*results, CheckResult(name="sandbox", outcome="skipped", detail=f"nothing was run: {why}")]
        chosen = await self._tests(project, changed, symbols) if tests else []
        async with self.turn:
            results += await self._in_copy(root, changed, wanted, chosen, tests=tests, progress=progress)
        return results

    async def _in_copy(
        self,
        root: Path,
        changed: Sequence[Version],
        wanted: Sequence[tuple[Linter, list[str]]],
        chosen: Sequence[str],
        *,
        tests: bool,
        progress: Tell,
    ) -> list[CheckResult]:
        await progress("copying the project")
        names = await project_files(root)
        settings = await asyncio.to_thread(settings_of, root)
        with run_folder(self.scratch) as folder:
            workspace = await asyncio.to_thread(copy_workspace, root, names, folder / "copy")
            copy = Copy(root, workspace, self.runner, self.bounds, settings.python)
            results = [await self._lint(copy, linter, paths, changed, progress) for linter, paths in wanted]
            if not tests:
                return results
            await asyncio.to_thread(copy.write, changed, after=True)
            runs = suites.suites(root, chosen, interpreter=settings.python, command=settings.test_command)
            if not runs:
                why = "no test reaches what changes, as far as the analysis knows"
                return [*results, CheckResult(name="tests", outcome="skipped", detail=why)]
            return [*results, *[await self._test(copy, suite, changed, progress) for suite in runs]]

    async def _tests(self, project: ProjectInfo, changed: Sequence[Version], symbols: Sequence[str]) -> list[str]:
        there = {file.path for file in changed if file.after is not None}
        known = [file.path for file in changed if file.before is not None]
        gone = {file.path for file in changed} - there
        own = [file.path for file in changed if file.path in there]
        return [path for path in await choose_tests(self.bus, project.id, own, known, symbols) if path not in gone]

    async def _lint(
        self, copy: Copy, linter: Linter, paths: list[str], changed: Sequence[Version], progress: Tell
    ) -> CheckResult:
        began = time.monotonic()
        program = linter.find(copy.root, copy.interpreter)
        if program is None:
            why = f"the project asks for {linter.name}, and it is not installed"
            return CheckResult(name=linter.name, outcome="skipped", detail=why)
        await progress(f"running {linter.name}")
        new = {file.path for file in changed if file.before is None}
        await asyncio.to_thread(copy.write, changed, after=False)
        old_paths = [path for path in paths if path not in new]
        before = await copy.run(program, linter.arguments(program, old_paths)[1:]) if old_paths else None
        await asyncio.to_thread(copy.write, changed, after=True)
        after = await copy.run(program, linter.arguments(program, paths)[1:])
        outcome, detail = _judge_linter(linter, before, after, copy)
        return result_of(linter.name, outcome, detail, began, after)

    async def _test(self, copy: Copy, suite: Suite, changed: Sequence[Version], progress: Tell) -> CheckResult:
        began = time.monotonic()
        if suite.program is None:
            return CheckResult(name="tests", outcome="skipped", detail=f"{suite.name}: {suite.missing}")
        count = len(suite.files)
        await progress(f"running {suite.name} on {count} test file{'s' if count != 1 else ''}")
        await asyncio.to_thread(copy.write, changed, after=True)
        after = await copy.run(suite.program, suite.arguments)
        before: Outcome | None = None
        if is_failure(after, suite):
            await progress(f"running {suite.name} without the change, to compare")
            await asyncio.to_thread(copy.write, changed, after=False)
            before = await copy.run(suite.program, suite.arguments)
        outcome, detail = judge_tests(suite, before, after)
        return result_of("tests", outcome, detail, began, after)


def parsed(files: Sequence[Version]) -> CheckResult:
    """Whether every file that parsed still parses."""
    began = time.monotonic()
    problems: list[str] = []
    looked = 0
    for file in files:
        if file.after is None:
            continue
        now = syntax_problems(file.path, as_utf8(file.after))
        if now is None:
            continue
        looked += 1
        before = syntax_problems(file.path, as_utf8(file.before)) if file.before else []
        if len(now) > len(before or ()):
            problems.append(f"{file.path}:{now[0].line} does not parse")
    outcome: CheckOutcome = "failed" if problems else "passed" if looked else "skipped"
    detail = "; ".join(problems[:_MOST_NAMED]) or (
        f"{looked} of {len(files)} files" if looked else "no file has a language with a grammar"
    )
    return CheckResult(name="parse", outcome=outcome, detail=detail, seconds=round(time.monotonic() - began, 3))


def judge_tests(suite: Suite, before: Outcome | None, after: Outcome) -> tuple[CheckOutcome, str]:
    """What a run says: passed, failed by the change, or nothing that could be held against it.

    Args:
        suite: What was run.
        before: The same run without the change; None when it was not needed.
        after: The run with it.
    """
    command = shlex.join([suite.name, *suite.files][:6]) + (" …" if len(suite.files) > 5 else "")
    if suite.left_out:
        command += f" ({suite.left_out} more test files were left out)"
    if after.ended == "exit" and after.code == 0:
        return "passed", f"{command}: {_last_line(after)}"
    if after.ended == "exit" and after.code == suite.nothing_ran and suite.name == "pytest":
        return "skipped", f"{command}: there is no test in these files"
    if before is None or (before.ended == "exit" and before.code == 0):
        return "failed", f"{command}\n{_why(after)}"
    new = suites.failures(_text(after)) - suites.failures(_text(before))
    if new and before.ended == "exit":
        return "failed", f"{command}\nfail only with the change: {', '.join(sorted(new)[:_MOST_NAMED])}\n{_why(after)}"
    return "skipped", f"{command}\nthe same run fails without the change as well\n{_why(before)}"


def is_failure(outcome: Outcome, suite: Suite) -> bool:
    """Whether a run did not pass; one without a test is no failure."""
    nothing = outcome.code == suite.nothing_ran and suite.name == "pytest"
    return not (outcome.ended == "exit" and (outcome.code == 0 or nothing))


def _judge_linter(linter: Linter, before: Outcome | None, after: Outcome, copy: Copy) -> tuple[CheckOutcome, str]:
    if after.ended != "exit" or after.code not in linter.fine:
        if before is not None and (before.ended, before.code) == (after.ended, after.code):
            return "skipped", f"it does not run here: {_why(after)}"
        return "skipped", f"it did not come to its end: {_why(after)}"
    new = linters.news(_text(before) if before else "", _text(after), copy.root)
    if not new:
        return "passed", "nothing new"
    named = "\n".join(f"{one.path}: {one.text}" for one in new[:_MOST_NAMED])
    return "failed", f"{len(new)} new\n{named}"


def result_of(name: str, outcome: CheckOutcome, detail: str, began: float, run: Outcome) -> CheckResult:
    """What a run said, as others get it."""
    seconds = round(time.monotonic() - began, 3)
    return CheckResult(name=name, outcome=outcome, detail=detail[:4000], seconds=seconds, sandbox=run.tier)


def _text(outcome: Outcome) -> str:
    return (outcome.stdout + b"\n" + outcome.stderr).decode("utf-8", "replace")


def _last_line(outcome: Outcome) -> str:
    lines = [line.strip("= ") for line in outcome.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1] if lines else "passed"


def _why(outcome: Outcome) -> str:
    if outcome.detail:
        return outcome.detail
    lines = [line for line in _text(outcome).splitlines() if line.strip()]
    return "\n".join(lines[-_TAIL_LINES:]) or f"it ended with code {outcome.code} and said nothing"


def settings_of(root: Path) -> ChecksSettings:
    """What the project says of its checks; harmless, since everything runs confined."""
    try:
        return load_settings(root).checks
    except SettingsError:
        return ChecksSettings()
