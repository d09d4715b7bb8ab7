"""Analysis on demand: what `aura analyze` asks for, with the project's own tools."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_code.analysis.rounds import FINDINGS
from aura_code.analysis.upkeep import PATIENCE_S
from aura_code.findings.answering import list_findings
from aura_code.findings.store import LEVELS, FindingStore
from aura_code.history import changes_since
from aura_code.insight.desk import Desk
from aura_code.tools.calling import ToolsOutcome, Trust, run_tools
from aura_code.tools.same import not_told
from aura_shared.errors import IndexBuilding, UsageProblem
from aura_shared.messages.findings import AnalysisAnswer, AnalyzeProject, ListFindings, ToolRun

_SPECIAL: Final = re.compile(r"([\\*?\[\]!#])")


@dataclass(slots=True)
class _Run:
    of: tuple[int, tuple[str, ...] | None]
    """Generation of the index, and the files looked at."""
    task: asyncio.Task[ToolsOutcome]


@dataclass(slots=True)
class ToolRuns:
    """The tools of each project: one run at a time, its outcome kept until the project changes."""

    runs: dict[str, _Run] = field(default_factory=dict[str, _Run])

    async def outcome(
        self, project: str, of: tuple[int, tuple[str, ...] | None], run: Callable[[], ToolsOutcome]
    ) -> ToolsOutcome:
        """What the tools found.

        Raises:
            IndexBuilding: They are still at it; the next question gets their outcome.
        """
        known = self.runs.get(project)
        if known is not None and not known.task.done():
            await self._wait(known)
        if known is None or known.of != of or known.task.cancelled() or known.task.exception() is not None:
            known = self.runs[project] = _Run(of, asyncio.create_task(asyncio.to_thread(run), name=f"tools {project}"))
        await self._wait(known)
        return known.task.result()

    async def _wait(self, run: _Run) -> None:
        await asyncio.wait({run.task}, timeout=PATIENCE_S)
        if not run.task.done():
            raise IndexBuilding("the project's own tools are running")

    async def stop(self) -> None:
        """Let go of what runs; the tools themselves end at their own bounds."""
        tasks = [run.task for run in self.runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def only_files(root: Path, request: AnalyzeProject) -> tuple[str, ...] | None:
    """The files that `changed` and `since` choose; None when they choose nothing.

    Raises:
        UsageProblem: There is no such commit, or no git.
    """
    if not request.changed and not request.since:
        return None
    changes = changes_since(root, request.since or "HEAD")
    if changes.reason and not changes.base:
        raise UsageProblem(f"what changed cannot be told: {changes.reason}", hint="Leave --changed and --since out.")
    return tuple(sorted(changes.files))


def tools_of(desk: Desk, paths: Sequence[str] | None, *, trust: Trust, off: Sequence[str]) -> ToolsOutcome:
    """Run the project's own tools, and keep what they found and Aura's rules did not; runs in a thread."""
    rules = tuple(desk.standards.rules)
    outcome = run_tools(desk.root, paths, trust=trust, off=off, rules=rules, scratch=desk.analysis / "tools")
    store = FindingStore.open(desk.analysis / FINDINGS)
    try:
        ours = store.findings([row.id for row in store.rows() if row.source == "aura"])
        news = not_told(outcome.findings, ours, rules)
        for tool in sorted({run.tool for run in outcome.ran}):
            store.replace_tool(tool, [one for one in news if one.source == tool], paths)
        for tool in sorted({run.tool for run in outcome.not_run} - {run.tool for run in outcome.ran}):
            store.replace_tool(tool, [], None)
    finally:
        store.close()
    return outcome


def analysis_answer(
    desk: Desk, request: AnalyzeProject, only: Sequence[str] | None, tools: ToolsOutcome | None, seconds: float
) -> AnalysisAnswer:
    """The findings that were asked for."""
    paths = list(request.paths)
    if only is not None:
        paths = [_exactly(path) for path in only]
    stats = desk.index.stats()
    if only is not None and not only:
        return AnalysisAnswer(seconds=seconds, tools=_told(tools), reason="No file differs, so nothing was looked at.")
    with desk.findings() as found:
        wanted = ListFindings(project=request.project, paths=paths, limit=min(request.limit, 1000))
        answer = list_findings(found, wanted, desk.baseline)
        listed = list(answer.findings)
        while len(listed) < min(request.limit, answer.total):
            page = wanted.model_copy(update={"offset": len(listed)})
            more = list_findings(found, page, desk.baseline).findings
            if not more:
                break
            listed += more
        files = len(only) if only is not None else found.files()
    bad = LEVELS[: LEVELS.index(request.fail_on) + 1] if request.fail_on else ()
    return AnalysisAnswer(
        findings=listed[: request.limit],
        total=answer.total,
        levels=answer.levels,
        silenced=answer.silenced,
        files=files,
        lines=stats.lines if only is None else 0,
        seconds=seconds,
        failed=any(answer.levels.get(level) for level in bad),
        tools=_told(tools),
        more=answer.total > request.limit,
        reason=answer.reason,
    )


def _exactly(path: str) -> str:
    """A glob that only this path matches."""
    return "/" + _SPECIAL.sub(r"\\\1", path)


def _told(tools: ToolsOutcome | None) -> list[ToolRun]:
    if tools is None:
        return []
    ran = [ToolRun(name=run.tool, ran=True, findings=run.findings, seconds=run.seconds) for run in tools.ran]
    return [*ran, *(ToolRun(name=run.tool, ran=False, reason=run.reason) for run in tools.not_run)]
