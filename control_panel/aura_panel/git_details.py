"""All that is known of one row of a repository, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from aura_cli.screen import plural, safe
from aura_panel.git_book import GitBook, Proposed
from aura_panel.git_rows import operation_cell, upstream_words, watch_words
from aura_panel.plan_rows import Colours, coloured_diff, one_line, when
from aura_shared.messages.branches import BranchInfo, BranchList
from aura_shared.messages.git import GitOperation, GitOperationAnswer, GitStatus, RefMove, UndoAnswer
from aura_shared.messages.git_health import HealthFinding, MendAnswer, WatchState
from aura_shared.messages.merges import ConflictFile, MergeForecast

__all__ = [
    "branch_details",
    "details",
    "finding_details",
    "mend_text",
    "operation_details",
    "proposal_details",
    "state_details",
    "undo_text",
    "watch_details",
]

_MOST_PATHS: Final = 40
_MOST_LINES: Final = 40
_OUTCOMES: Final = {
    "clean": ("✓", "success"), "up-to-date": ("✓", "success"), "fast-forward": ("✓", "success"),
    "conflicts": ("!", "warning"), "refused": ("✗", "error"),
}  # fmt: skip
_STATE_TITLES: Final = {"fact": "Repository", "last": "Aura did", "waiting": "Waits for you"}
_CHOICES: Final = {
    "continue": "g goes on with it, once what was in its way is resolved",
    "abort": "x takes it back: everything becomes what it was before it began",
    "undo": "u takes it back, and refuses where something moved since",
}


def details(book: GitBook, section: str, key: str, simulating: str, colours: Colours) -> tuple[str, Text]:
    """Title and text of a row.

    Args:
        book: What is known.
        section: The list.
        key: Of the row.
        simulating: Branch whose merge is simulated now.
        colours: Of the theme.
    """
    kind, _, name = key.partition(":")
    if section == "state":
        return _STATE_TITLES.get(kind, kind.capitalize()), _state_row(book, key, colours)
    if section == "operations":
        operation = book.operation(name)
        if operation is not None:
            return one_line(operation.title), operation_details(operation, book.shown.get(name), colours)
    if section == "branches":
        return one_line(name), _branch_row(book, name, simulating, colours)
    if section == "health":
        finding = book.finding(name)
        if finding is not None:
            return one_line(finding.what), finding_details(finding, colours)
    return _watch_row(book, name, colours)


def _state_row(book: GitBook, key: str, colours: Colours) -> Text:
    kind, _, name = key.partition(":")
    if kind == "watch" and book.watch is not None:
        return watch_details(book.watch, colours)
    shown = book.shown.get(name)
    if kind == "last" and shown is not None:
        return operation_details(shown.operation, shown, colours)
    return state_details(book.status, key, colours) if book.status is not None else Text()


def _branch_row(book: GitBook, name: str, simulating: str, colours: Colours) -> Text:
    branch = book.branch(name)
    if branch is None or book.branches is None:
        return Text()
    return branch_details(branch, book.branches, book.forecasts.get(name), colours, asking=simulating == name)


def _watch_row(book: GitBook, name: str, colours: Colours) -> tuple[str, Text]:
    found = next((one for one in book.proposals if one.id == name), None)
    if found is not None:
        return one_line(found.proposal.what), proposal_details(found, colours)
    return "Watch", watch_details(book.watch, colours) if book.watch is not None else Text()


def state_details(status: GitStatus, key: str, colours: Colours) -> Text:
    """What is known of a row of the state."""
    kind, _, name = key.partition(":")
    if kind == "waiting" and status.operation is not None:
        return operation_details(status.operation, None, colours)
    if kind == "last":
        found = next((one for one in status.last if one.id == name), None)
        return operation_details(found, None, colours) if found is not None else Text()
    if kind == "conflict":
        told = "Both sides changed it. Resolve it in an editor (E), then g goes on.\n"
        return Text(f"{safe(name)}\n\n", colours["error"]).append(told, colours["foreground"])
    return Text("\n".join(_told(status, kind)))


def _told(status: GitStatus, kind: str) -> Iterator[str]:
    if kind == "changes":
        yield f"{status.staged:,} staged: they are in the next commit as they are."
        yield f"{status.unstaged:,} unstaged: known to git, and changed since."
        yield f"{status.untracked:,} untracked: new to git, and not ignored."
        yield "\nc drafts a commit: it shows the files, a message, and what speaks against it."
    elif kind == "upstream":
        yield f"{one_line(status.branch)} is {upstream_words(status)}."
        if status.behind:
            yield "\naura sync brings in what only the upstream has."
        if status.ahead:
            yield "\ngit push sends what only this repository has."
    elif kind == "concerns":
        yield "A secret, a large file, a conflict marker or the like is staged."
        yield "\nc drafts the commit and names each with its file and line. Nothing is committed by that."
    elif kind == "lock":
        yield "While it is there git changes nothing. When no other git is at work, remove the file."
    elif kind == "branch":
        yield f"Work tree: {safe(status.root)}"
        yield f"Commit: {status.head[:12] or 'none yet'}"
        yield "\nb lists the branches; m there says what merging one would do."
    elif kind == "fact" and status.in_progress:
        yield f"Finish the {status.in_progress} or take it back: g goes on, x aborts."


# Operations


def operation_details(operation: GitOperation, shown: GitOperationAnswer | None, colours: Colours) -> Text:
    """An operation: its steps, what it moved, and what can be done about it."""
    text = Text.assemble(operation_cell(operation, colours), f" · {one_line(operation.command)}")
    ended = f" to {operation.ended_at[11:16]}" if operation.ended_at else ""
    text.append(f" · {when(operation.started_at)}{ended} · {operation.id}\n", colours["muted"])
    for words, tone in ((operation.waiting_for, "warning"), (operation.problem, "error")):
        if words:
            text.append(f"{safe(words)}\n", colours[tone])
    if operation.undoes:
        text.append(f"It took {operation.undoes} back.\n")
    for name, value in operation.facts.items():
        text.append(f"{one_line(name)} ", colours["muted"]).append(f"{one_line(value)}\n")
    if operation.steps:
        text.append("\nSteps\n", f"bold {colours['primary']}")
        for step in operation.steps:
            text.append(f"  {safe(step)}\n")
    if shown is not None and shown.refs:
        text.append("\nMoved\n", f"bold {colours['primary']}")
        _append_refs(text, shown.refs, colours)
    if operation.choices:
        text.append("\n")
    for choice in operation.choices:
        text.append(f"{_CHOICES[choice]}\n", colours["muted"])
    return text


def _append_refs(text: Text, refs: Sequence[RefMove], colours: Colours) -> None:
    for move in refs:
        text.append(f"  {safe(move.name)}  ", colours["accent"])
        text.append(f"{_end(move.old)} → {_end(move.new)}\n")


def _end(value: str) -> str:
    if value.startswith("ref: "):
        return safe(value.removeprefix("ref: ").removeprefix("refs/heads/"))
    return value[:10] or "none"


def undo_text(answer: UndoAnswer, colours: Colours) -> Text:
    """What taking an operation back would do."""
    text = Text.assemble((f"{one_line(answer.operation.title)}\n", "bold"))
    if answer.notice:
        text.append(f"\n! {safe(answer.notice)}\n", colours["warning"])
    if answer.refs:
        text.append("\nMoves\n", f"bold {colours['primary']}")
        _append_refs(text, answer.refs, colours)
    if answer.path_count:
        text.append(f"\n{plural(answer.path_count, 'file')} written or deleted\n", f"bold {colours['primary']}")
        for path in answer.paths[:_MOST_PATHS]:
            text.append(f"  {safe(path)}\n")
        if answer.path_count > _MOST_PATHS:
            text.append(f"  and {answer.path_count - _MOST_PATHS:,} more\n", colours["muted"])
    if not answer.refs and not answer.path_count:
        text.append("\nOnly what is staged changes.\n")
    return text


# Branches


def branch_details(
    branch: BranchInfo, listed: BranchList, forecast: MergeForecast | None, colours: Colours, *, asking: bool = False
) -> Text:
    """A branch, and what merging it would do where that was asked."""
    text = Text.assemble(
        (f"{branch.kind or 'of no kind'} · {branch.commit[:10]} · {when(branch.date)}", colours["muted"])
    )
    text.append(f" · {one_line(branch.author)}\n", colours["muted"]).append(f"{one_line(branch.subject)}\n")
    for line in _distances(branch):
        text.append(f"{line}\n")
    if branch.worktree:
        text.append(f"Checked out in {safe(branch.worktree)}\n")
    way = next((kind for kind in listed.branching.kinds if kind.name == branch.kind), None)
    if way is not None and way.merges_into:
        text.append(f"Finished by {way.way} into {one_line(', '.join(way.merges_into))}\n", colours["muted"])
    if asking:
        text.append("\nSimulating the merge …\n", colours["muted"])
    elif forecast is not None:
        _append_forecast(text, forecast, colours)
    elif not branch.current:
        text.append("\nm says what merging it into the current branch would do.\n", colours["muted"])
    return text


def _distances(branch: BranchInfo) -> Iterator[str]:
    if branch.parent and branch.ahead:
        yield f"{plural(branch.ahead, 'commit')} that {one_line(branch.parent)} does not have"
    elif branch.parent:
        yield f"✓ merged: {one_line(branch.parent)} has all of it"
    if branch.behind:
        yield f"{plural(branch.behind, 'commit')} of {one_line(branch.parent)} are missing here"
    if branch.upstream:
        gone = " was deleted" if branch.upstream_gone else ""
        yield f"Follows {one_line(branch.upstream)}{gone}"
    if branch.unpushed:
        yield f"{plural(branch.unpushed, 'commit')} to push"
    if branch.unpulled:
        yield f"{plural(branch.unpulled, 'commit')} to bring in"


def _append_forecast(text: Text, sim: MergeForecast, colours: Colours) -> None:
    sign, tone = _OUTCOMES[sim.outcome]
    text.append(f"\nMerging it into {one_line(sim.into)}: ", "bold").append(f"{sign} {sim.outcome}\n", colours[tone])
    if sim.reason:
        text.append(f"{safe(sim.reason)}\n")
    if sim.outcome in {"refused", "up-to-date"}:
        return
    text.append(f"{plural(sim.commits, 'commit')}, {plural(sim.changed_count, 'path')} would change\n")
    for line in sim.obstacles:
        text.append(f"✗ {safe(line)}\n", colours["error"])
    for file in sim.conflicts:
        _append_conflict(text, file, colours)
    for one in sim.warnings:
        place = f"{one.path}:{one.line}" if one.line else one.path
        text.append(f"! {safe(place)}  {safe(one.message)} ({one.rule})\n", colours["warning"])
    if not sim.conflicts:
        for path in sim.changed[:_MOST_LINES]:
            text.append(f"  {safe(path)}\n")
    if sim.tests:
        text.append(f"Tests that reach it: {safe(', '.join(sim.tests))}\n")
    text.append("Nothing was changed. ", colours["muted"])
    text.append(f"aura merge {one_line(sim.ref)} does it.\n", colours["muted"])


def _append_conflict(text: Text, file: ConflictFile, colours: Colours) -> None:
    left = f"{file.remaining} left to you" if file.remaining else "settled"
    text.append(f"! {safe(file.path)}", colours["warning"]).append(f"  {file.kind}, {left}\n", colours["muted"])
    if file.problem:
        text.append(f"    {safe(file.problem)}\n")
    for hunk in file.hunks:
        where = f" in {one_line(hunk.symbol)}" if hunk.symbol else ""
        text.append(f"    line {hunk.line}{where}: {hunk.tier}")
        text.append(f"  {safe(hunk.reason)}\n" if hunk.reason else "\n", colours["muted"])


# Health and watch


def finding_details(finding: HealthFinding, colours: Colours) -> Text:
    """Something to mend: why it matters, the evidence, and what mends it."""
    text = Text.assemble((f"{finding.level} · {finding.rule}\n\n", colours["muted"])).append(f"{safe(finding.why)}\n\n")
    for item in finding.items:
        text.append(f"  {safe(item.name)}").append(f"  {safe(item.detail)}\n", colours["muted"])
    more = finding.count - len(finding.items)
    if more > 0:
        text.append(f"  and {more:,} more\n", colours["muted"])
    if finding.fix:
        text.append("\nf mends it, after showing what changes.\n", colours["primary"])
    if finding.command:
        text.append("\nBy hand: ", colours["muted"]).append(f"{safe(finding.command)}\n")
    return text


def mend_text(finding: HealthFinding, answer: MendAnswer, colours: Colours) -> Text:
    """What mending would do."""
    text = Text.assemble((f"{one_line(finding.what)}\n\n", "bold"))
    for item in answer.items[:_MOST_PATHS]:
        text.append(f"  {safe(item)}\n")
    if len(answer.items) > _MOST_PATHS:
        text.append(f"  and {len(answer.items) - _MOST_PATHS:,} more\n", colours["muted"])
    if answer.diff:
        text.append("\n").append_text(coloured_diff(answer.diff, colours))
    if answer.notice:
        text.append(f"\n! {safe(answer.notice)}\n", colours["warning"])
    return text


def watch_details(watch: WatchState, colours: Colours) -> Text:
    """What the watch may do."""
    text = Text(f"The watch is {watch_words(watch)}.\n")
    if watch.notice:
        text.append(f"\n! {safe(watch.notice)}\n", colours["warning"])
    told = "It is kept in this repository's own .git/config, which no clone brings along. Enter changes it."
    return text.append(f"\n{told}\n", colours["muted"])


def proposal_details(one: Proposed, colours: Colours) -> Text:
    """A proposal with the command that does it."""
    did = one.proposal.kind in {"committed", "pushed"}
    text = Text.assemble((f"{one.proposal.kind} · {when(one.at)}\n\n", colours["muted"]))
    text.append(f"{safe(one.proposal.what)}\n", "bold").append(f"{safe(one.proposal.why)}\n\n")
    text.append("This takes it back: " if did else "This does it: ", colours["muted"])
    text.append(f"{safe(one.proposal.command)}\n")
    if one.proposal.kind == "commit":
        text.append("\nc drafts that commit here.\n", colours["muted"])
    if one.proposal.operation:
        text.append("\nu takes it back, after showing what changes.\n", colours["muted"])
    return text
