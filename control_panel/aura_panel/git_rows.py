"""The lists of a repository as rows: state, operations, branches, health, watch; and the line above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from aura_cli.screen import plural, safe, seconds
from aura_panel import home_rows
from aura_panel.git_book import Proposed
from aura_panel.plan_rows import Colours, one_line, when
from aura_panel.widgets.listing import ListColumn
from aura_shared.messages.branches import BranchInfo, BranchList
from aura_shared.messages.git import GitOperation, GitStatus
from aura_shared.messages.git_health import HealthReport, WatchState

__all__ = [
    "COLUMNS",
    "age",
    "branch_rows",
    "health_rows",
    "operation_cell",
    "operation_rows",
    "state_line",
    "state_rows",
    "upstream_words",
    "watch_rows",
    "watch_words",
]

COLUMNS: Final[Mapping[str, tuple[ListColumn, ...]]] = {
    "state": (ListColumn("What", most=12), ListColumn("How it is", stretch=True), ListColumn("Key", most=22, rank=1)),
    "operations": (
        ListColumn("When", most=16, rank=1),
        ListColumn("State", most=13),
        ListColumn("Command", most=16, rank=2),
        ListColumn("What", stretch=True, least=24),
    ),
    "branches": (
        ListColumn("Branch", stretch=True, least=24),
        ListColumn("Kind", most=10, rank=3),
        ListColumn("Parent", most=16, rank=2),
        ListColumn("Apart", most=14),
        ListColumn("To push", most=9, rank=1),
        ListColumn("Age", most=9),
        ListColumn("Newest commit", most=44, rank=4),
    ),
    "health": (
        ListColumn("Level", most=10),
        ListColumn("What", stretch=True, least=24),
        ListColumn("Rule", most=26, rank=2),
        ListColumn("Mending", most=14, rank=1),
    ),
    "watch": (
        ListColumn("When", most=16, rank=1),
        ListColumn("What", stretch=True, least=24),
        ListColumn("Kind", most=10),
        ListColumn("Command", most=40, rank=2),
    ),
}
"""Columns of each list."""
_STATES: Final = {
    "running": ("◐", "warning"),
    "waiting": ("!", "warning"),
    "done": ("✓", "success"),
    "failed": ("✗", "error"),
    "interrupted": ("✗", "error"),
    "aborted": ("↶", "muted"),
    "undone": ("↶", "muted"),
}
_LEVELS: Final = {"problem": ("✗", "error"), "warning": ("!", "warning"), "note": ("·", "muted")}
_MODES: Final = {
    "off": "does nothing",
    "propose": "proposes, and does nothing by itself",
    "commit": "commits by itself",
    "push": "commits and pushes by itself",
}


# State


def state_line(status: GitStatus, colours: Colours) -> Text:
    """Branch, distance to its upstream, changes, and what waits."""
    line = Text.assemble((_where(status), "bold"))
    if status.protected:
        line.append(" · protected", colours["warning"])
    if status.upstream:
        line.append(f" · {upstream_words(status)}")
    line.append(f" · {_changes(status)}")
    if status.in_progress:
        line.append(f" · ! in the middle of a {status.in_progress}", colours["warning"])
    if status.unmerged:
        line.append(f" · ! {plural(len(status.unmerged), 'conflict')}", colours["error"])
    return line


def _where(status: GitStatus) -> str:
    if status.branch:
        return one_line(status.branch)
    return f"No branch, at {status.head[:10]}" if status.head else "No branch"


def _changes(status: GitStatus) -> str:
    counts = ((status.staged, "staged"), (status.unstaged, "unstaged"), (status.untracked, "untracked"))
    return ", ".join(f"{count:,} {name}" for count, name in counts if count) or "no changes"


def upstream_words(status: GitStatus) -> str:
    """How a branch and what it follows differ."""
    upstream = one_line(status.upstream)
    if status.upstream_gone:
        return f"{upstream} is gone"
    moves = [f"{n} {word}" for n, word in ((status.ahead, "ahead of"), (status.behind, "behind")) if n]
    return f"{' and '.join(moves)} {upstream}" if moves else f"up to date with {upstream}"


def state_rows(status: GitStatus, watch: WatchState | None, colours: Colours) -> dict[str, list[Text]]:
    """What there is to know of the repository, a thing a row."""
    return {
        key: [Text(what), told, Text(keys, colours["muted"])]
        for key, what, told, keys in _state(status, colours, watch)
    }


def _state(status: GitStatus, colours: Colours, watch: WatchState | None) -> Iterator[tuple[str, str, Text, str]]:
    operation = status.operation
    if operation is not None:
        told = Text.assemble(operation_cell(operation, colours), f"  {one_line(operation.title)}")
        yield "waiting", "Waits", told, "g go on, x abort"
    for path in status.unmerged:
        yield f"conflict:{path}", "Conflict", Text(safe(path), colours["error"]), "E opens it"
    yield "branch", "Branch", _branch_text(status, colours), "b branches"
    if status.upstream:
        gone = colours["warning"] if status.upstream_gone or status.behind else ""
        yield "upstream", "Upstream", Text(upstream_words(status), gone), ""
    yield "changes", "Changes", Text(_changes(status)), "c commits" if _changes(status) != "no changes" else ""
    if status.concerns:
        told = f"! {plural(status.concerns, 'reason')} not to commit what is staged"
        yield "concerns", "Staged", Text(told, colours["warning"]), "c names them"
    for lock in status.locks:
        told = f"{safe(lock)} is held: another git is at work, or left it behind"
        yield f"lock:{lock}", "Lock", Text(told, colours["warning"]), ""
    for fact, told in _facts(status):
        yield f"fact:{fact}", "Repository", Text(told), ""
    if watch is not None:
        yield "watch", "Watch", Text(watch_words(watch)), "w watch"
    for one in status.last:
        told = Text.assemble(operation_cell(one, colours), f"  {one_line(one.title)}  ")
        yield (
            f"last:{one.id}",
            "Aura did",
            told.append(when(one.started_at), colours["muted"]),
            "u undoes" if "undo" in one.choices else "",
        )


def _branch_text(status: GitStatus, colours: Colours) -> Text:
    text = Text.assemble((_where(status), "bold"))
    if status.unborn:
        text.append("  no commit yet", colours["muted"])
    if status.protected:
        text.append("  protected: a commit on it needs a yes", colours["warning"])
    return text


def _facts(status: GitStatus) -> Iterator[tuple[str, str]]:
    if status.in_progress:
        yield "progress", f"! git is in the middle of a {status.in_progress}"
    for name, told in (
        ("bare", "bare: it has no work tree"),
        ("shallow", "shallow: a part of the history is missing here"),
        ("sparse", "sparse: only a part of the files is checked out"),
        ("linked", "a further work tree of another folder"),
    ):
        if getattr(status, name):
            yield name, told


# Operations


def operation_cell(operation: GitOperation, colours: Colours) -> Text:
    """The state of an operation with its sign."""
    sign, tone = _STATES[operation.state]
    return Text(f"{sign} {operation.state}", colours[tone])


def operation_rows(operations: Sequence[GitOperation], colours: Colours) -> dict[str, list[Text]]:
    """What Aura did, newest first."""
    return {
        f"operation:{one.id}": [
            Text(when(one.started_at), colours["muted"]),
            operation_cell(one, colours),
            Text(one_line(one.command)),
            Text(one_line(one.title)),
        ]
        for one in operations
    }


# Branches


def branch_rows(listed: BranchList | None, colours: Colours) -> dict[str, list[Text]]:
    """Branches by kind, newest first."""
    found = listed.branches if listed is not None else []
    return {f"branch:{one.name}": _branch_row(one, colours) for one in found}


def _branch_row(branch: BranchInfo, colours: Colours) -> list[Text]:
    mark = "● " if branch.current else "+ " if branch.worktree else "  "
    name = Text.assemble((mark, colours["success"]), (one_line(branch.name), "bold" if branch.current else ""))
    if branch.protected:
        name.append("  protected", colours["muted"])
    push = (
        Text("gone", colours["warning"])
        if branch.upstream_gone
        else Text(f"↑{branch.unpushed}" * bool(branch.unpushed))
    )
    if branch.unpulled:
        push.append(f" ↓{branch.unpulled}", colours["warning"])
    return [
        name,
        Text(one_line(branch.kind), colours["muted"]),
        Text(one_line(branch.parent), colours["muted"]),
        _apart(branch, colours),
        push,
        Text(age(branch.date), colours["muted"]),
        Text(one_line(branch.subject), colours["muted"]),
    ]


def _apart(branch: BranchInfo, colours: Colours) -> Text:
    if not branch.parent:
        return Text()
    if not branch.ahead:
        text = Text.assemble(("✓ merged", colours["success"]))
        return text.append(f" -{branch.behind}", colours["muted"]) if branch.behind else text
    return Text(f"+{branch.ahead}{f' -{branch.behind}' if branch.behind else ''}")


def age(at: str) -> str:
    """How long something is ago: `3 h`, `12 d`."""
    try:
        passed = home_rows.now() - datetime.fromisoformat(at).astimezone()
    except ValueError:
        return ""
    return " ".join(seconds(max(60.0, passed.total_seconds())).split()[:2])


# Health and watch


def health_rows(report: HealthReport | None, colours: Colours) -> dict[str, list[Text]]:
    """What is wrong, problems first."""
    rows: dict[str, list[Text]] = {}
    for one in report.findings if report is not None else []:
        sign, tone = _LEVELS[one.level]
        mending = Text("f mends it", colours["primary"]) if one.fix else Text("by hand" if one.command else "")
        rows[f"finding:{one.rule}"] = [
            Text(f"{sign} {one.level}", colours[tone]),
            Text(one_line(one.what)),
            Text(one.rule, colours["muted"]),
            mending,
        ]
    return rows


def watch_words(watch: WatchState) -> str:
    """What the watch may do."""
    quiet = f", once files are at rest for {seconds(watch.quiet_s)}" if watch.mode != "off" else ""
    return f"{watch.mode}: {_MODES[watch.mode]}{quiet}"


def watch_rows(watch: WatchState | None, proposals: Sequence[Proposed], colours: Colours) -> dict[str, list[Text]]:
    """What the watch may do, and what it proposed or did, newest first."""
    rows: dict[str, list[Text]] = {}
    if watch is not None:
        mode = Text.assemble("The watch is ", (watch_words(watch), "bold"))
        rows["mode"] = [Text("now", colours["muted"]), mode, Text("mode"), Text("Enter changes it", colours["muted"])]
    for one in proposals:
        did = one.proposal.kind in {"committed", "pushed"}
        rows[f"proposal:{one.id}"] = [
            Text(when(one.at), colours["muted"]),
            Text(one_line(one.proposal.what)),
            Text(one.proposal.kind, colours["success" if did else "primary"]),
            Text(one_line(one.proposal.command), colours["muted"]),
        ]
    return rows
