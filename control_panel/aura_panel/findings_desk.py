"""What is done with findings: fix, ignore, baseline, analyse. What is written to files is shown before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rich.text import Text

from aura_cli.change_view import plain
from aura_panel.diff_document import document_of_merge
from aura_panel.findings_pages import Found
from aura_panel.findings_rows import analysis_words, baseline_words, count_words
from aura_panel.silencing import comment_mark, read_file, silencing
from aura_panel.widgets.dialogs import Choice, Choose, Confirm, Prompt
from aura_panel.widgets.offer import Offer, OfferAnswer
from aura_shared.errors import AuraError
from aura_shared.messages.assist import RefactorCode
from aura_shared.messages.changes import ApplyChange, ChangeInfo, ProposeChange
from aura_shared.messages.findings import (
    AnalyzeProject,
    ExplainFinding,
    FileFix,
    FixFindings,
    ListFindings,
    WriteBaseline,
)

if TYPE_CHECKING:
    from aura_panel.app import PanelApp
    from aura_shared.messages.core import Progress

__all__ = ["FindingsDesk", "changed_lines"]

ANALYSE_TIMEOUT_S: Final = 1800.0
FIX_TIMEOUT_S: Final = 120.0
_ANSWERS: Final = (
    OfferAnswer("y", "apply", "Apply"),
    OfferAnswer("p", "propose", "Propose as a change to review"),
)
BaselineAction = Literal["update", "prune"]


class FindingsDesk:
    """The deeds of the findings view.

    Args:
        panel: The application; its world is known.
        tell: Shows what is being waited for; an empty text ends that.
    """

    def __init__(self, panel: PanelApp, tell: Callable[[str], None]) -> None:
        self._panel = panel
        self._tell = tell
        assert panel.world is not None
        self._world = panel.world
        self._link = panel.world.link

    # Fixes

    async def fix(self, found: Found, *, whole_rule: bool) -> None:
        """Show the certain fix of a finding, or of all of its rule, and do with it what the person says."""
        finding, rule = found.finding, found.finding.rule
        ids, rules = ([], [rule]) if whole_rule else ([finding.id], [])
        self._tell("Working out the fix …")
        try:
            shown = await self._link.ask(
                FixFindings(project=found.project, ids=ids, rules=rules), timeout_s=FIX_TIMEOUT_S
            )
            files = [file for file in shown.files if file.diff and not file.refused]
            if not files:
                self._panel.notify(_why_no_fix(shown.files, shown.reason), severity="warning", markup=False)
                return
            self._tell("")
            title = f"Fix {plain(rule)}: {_many(shown.fixed, 'finding')} in {_many(len(files), 'file')}"
            diff = "".join(file.diff if file.diff.endswith("\n") else f"{file.diff}\n" for file in files)
            left = [f"{file.path} is left as it is: {file.refused}" for file in shown.files if file.refused]
            if shown.more:
                left.append("More files could be changed; press F again after these.")
            answer = await self._offer(title, diff, left)
            if answer:
                self._tell("Making a change of it …")
                made = await self._link.ask(
                    RefactorCode(
                        project=found.project, kind="fix-findings", findings=ids, rules=rules, tests=False,
                        paths=_only(files) if shown.more else [], model="never",
                    ),
                    timeout_s=FIX_TIMEOUT_S,
                )  # fmt: skip
                await self._carry_out(answer, made.change, diff, made.text)
        except AuraError as error:
            self._panel.show_error(error)
        finally:
            self._tell("")

    async def _offer(self, title: str, diff: str, notes: Sequence[str]) -> str:
        head = [Text(f"! {plain(note)}", self._panel.theme_variables["warning"]) for note in notes]
        return await self._panel.push_screen_wait(Offer(title, document_of_merge(diff, lambda _width: head), _ANSWERS))

    async def _carry_out(self, answer: str, change: ChangeInfo | None, diff: str, why_not: str) -> None:
        """Apply a change that is what the person saw; else show it to be reviewed."""
        if change is None:
            self._panel.notify(
                plain(why_not) or "There is nothing to change any more.", severity="warning", markup=False
            )
            return
        same = changed_lines(_diff_of(change)) == changed_lines(diff)
        if answer != "apply" or not same:
            if answer == "apply":
                self._panel.notify("The files changed meanwhile: look at the change as it is now.", severity="warning")
            self._panel.open_view("changes", change.id)
            return
        self._tell("Applying …")
        applied = await self._link.ask(ApplyChange(change=change.id, accept_open=True), timeout_s=FIX_TIMEOUT_S)
        if not applied.written:
            self._panel.notify("The files changed meanwhile: look at the change as it is now.", severity="warning")
            self._panel.open_view("changes", change.id)
            return
        self._panel.notify(f"{_many(len(applied.written), 'file')} written. u in Changes takes it back.", markup=False)

    # Silence

    async def ignore(self, found: Found) -> None:
        """Silence one finding by a comment, or what its file has by the baseline."""
        finding = found.finding
        try:
            told = await self._link.ask(ExplainFinding(project=found.project, id=finding.id, siblings=0))
            mark = comment_mark(told.silence) if finding.source == "aura" else ""
            choices = [
                Choice("file", "Baseline of this file", "silences all that it has today"),
                *([Choice("comment", "A comment on its line", "with a reason; shown first")] if mark else []),
            ]
            chosen = await self._panel.push_screen_wait(Choose(f"Ignore {plain(finding.rule)}", choices[::-1]))
            if chosen == "file":
                await self.baseline(found.project, finding.path)
            elif chosen == "comment":
                await self._comment(found, mark)
        except AuraError as error:
            self._panel.show_error(error)
        finally:
            self._tell("")

    async def _comment(self, found: Found, mark: str) -> None:
        finding = found.finding
        info = self._world.projects.get(found.project)
        reason = await self._panel.push_screen_wait(
            Prompt("Why is it fine as it is?", "The reason stands in the comment, for those who read it later:")
        )
        if not reason or not reason.strip() or info is None:
            return
        data = await asyncio.to_thread(read_file, Path(info.root), finding.path)
        made = silencing(data, finding, mark, reason)
        answer = await self._offer(f"Ignore {plain(finding.rule)} here", made.diff, [])
        if answer:
            self._tell("Making a change of it …")
            title = f"Ignore {finding.rule} in {finding.path}"[:200]
            proposed = await self._link.ask(
                ProposeChange(project=found.project, title=title, why=reason, source="panel", files=[made.file])
            )
            await self._carry_out(answer, proposed.change, made.diff, "")

    async def baseline(self, project: str, path: str = "") -> None:
        """Silence what is found today, or take out what is mended, after a yes that says what that is.

        Args:
            project: Its project.
            path: Only what this file has; empty for the whole project.
        """
        action: BaselineAction = "update"
        try:
            if not path:
                chosen = await self._panel.push_screen_wait(Choose("Baseline", _BASELINES))
                if chosen is None:
                    return
                action = "prune" if chosen == "prune" else "update"
            paths = [f"/{path}"] if path else []
            if await self._panel.push_screen_wait(
                Confirm("Baseline", await self._what_it_does(project, paths, action), "Write")
            ):
                self._tell("Writing the baseline …")
                answer = await self._link.ask(
                    WriteBaseline(project=project, action=action, paths=paths), timeout_s=FIX_TIMEOUT_S
                )
                self._panel.notify(baseline_words(answer), markup=False)
        except AuraError as error:
            self._panel.show_error(error)
        finally:
            self._tell("")

    async def _what_it_does(self, project: str, paths: list[str], action: BaselineAction) -> str:
        info = self._world.projects.get(project)
        name = info.name if info is not None else project
        where = f"{paths[0].removeprefix('/')} of {name}" if paths else name
        if action == "prune":
            return f"Takes out of the baseline of {name} what is mended, so that it counts if it comes back."
        found = await self._link.ask(ListFindings(project=project, paths=paths, limit=1))
        counts = count_words(found.levels) or "nothing"
        return plain(
            f"Silences what {where} has today: {counts}. Only what is new counts from then on. "
            "What is mended is taken out.\n\nWrites .aura/baseline.json in the project; commit it."
        )

    # Analysis

    async def analyse(self, project: str) -> None:
        """Analyse a project now, with progress, until it is done or cancelled."""
        info = self._world.projects.get(project)
        name = info.name if info is not None else project
        self._tell(f"Analysing {name} …")

        def progressed(progress: Progress) -> None:
            of = f" of {progress.total:,}" if progress.total else ""
            note = f" ({plain(progress.note)})" if progress.note else ""
            self._tell(f"Analysing {name}: {progress.done:,}{of} files{note} · Esc ends it")

        try:
            found = await self._link.ask(
                AnalyzeProject(project=project, limit=1), timeout_s=ANALYSE_TIMEOUT_S, on_progress=progressed
            )
            self._panel.notify(analysis_words(name, found), markup=False)
        except AuraError as error:
            self._panel.show_error(error)
        finally:
            self._tell("")


_BASELINES: Final = (
    Choice("update", "Silence what is found today", "only new findings count"),
    Choice("prune", "Only take out what is mended", "nothing new is silenced"),
)


def changed_lines(diff: str) -> list[str]:
    """What a unified diff adds and takes away, whatever lines it shows around that."""
    lines = [line.rstrip("\r") for line in diff.split("\n") if line[:1] in {"+", "-"}]
    return [line for line in lines if not line.startswith(("+++ ", "--- "))]


def _diff_of(change: ChangeInfo) -> str:
    return "\n".join(hunk.diff.rstrip("\n") for file in change.files for hunk in file.hunks)


def _only(files: Sequence[FileFix]) -> list[str]:
    return [f"/{file.path}" for file in files]


def _why_no_fix(files: Sequence[FileFix], reason: str) -> str:
    refused = next((f"{file.path}: {file.refused}" for file in files if file.refused), "")
    return plain(reason or refused) or "No fix of it is certain. Enter shows how it is mended by hand."


def _many(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
