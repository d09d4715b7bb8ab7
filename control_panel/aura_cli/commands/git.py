"""`aura git`: the state of a repository, what Aura did in it, and taking that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.commands.commit import hooks, lint
from aura_cli.commands.git_health import health, watch
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, coloured, cut, dim, note, out, out_json, plural, safe, table, width
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_MOST_SHOWN: Final = 12
_LIMIT_S: Final = 900.0  # An undo may write many files; the gateway has bounds of its own.
_COLOURS: Final = {"failed": "red", "interrupted": "red", "waiting": "yellow", "running": "yellow", "done": "green"}
_DO: Final = {
    "continue": "aura continue goes on with it",
    "abort": "aura abort takes it back",
    "undo": "aura git undo takes it back, and refuses where something moved since",
}

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Of this project: identifier, name or path.")


@click.group(
    cls=GroupWithExamples,
    examples=["aura git status", "aura git ops", "aura git undo", "aura git undo 1k147zf7b7n --dry-run"],
)
def git() -> None:
    """Look at a repository, at what Aura did in it, and take that back."""


git.add_command(hooks)
git.add_command(lint)
git.add_command(health)
git.add_command(watch)


@git.command(cls=WithExamples, examples=["aura git status", "aura git status --json"])
@_project_option
@_json_option
def status(*, project: str | None, as_json: bool) -> None:
    """Show branch, changes, what git is in the middle of, and what waits for you."""
    answer = _ask("/status", {"project": _project(project)})
    if as_json:
        out_json(answer)
        return
    for line in _status_lines(answer):
        out(line)
    last = objects_of(answer, "last")
    if last:
        note(dim(f"last: {text_of(last[0], 'command')} · {_when(last[0])} · aura git ops lists what Aura did"))


def _status_lines(answer: JsonObject) -> list[str]:
    lines = [_head_line(answer), _changes_line(answer)]
    progress = text_of(answer, "in_progress")
    if progress:
        lines.append(coloured(f"git is in the middle of a {progress}.", "yellow"))
    unmerged = texts_of(answer, "unmerged")
    if unmerged:
        lines.append(f"Conflicts in {plural(len(unmerged), 'file')}:")
        lines += _shown(unmerged)
    if count_of(answer, "concerns"):
        told = plural(count_of(answer, "concerns"), "reason")
        lines.append(coloured(f"{told} not to commit what is staged: aura commit names them.", "yellow"))
    lines += [f"{lock} is held: another git is at work, or left it behind." for lock in texts_of(answer, "locks")]
    return lines + _waiting_lines(object_of(answer, "operation"))


def _head_line(answer: JsonObject) -> str:
    branch = text_of(answer, "branch")
    where = bold(safe(branch)) if branch else f"no branch, at {text_of(answer, 'head')[:10]}"
    facts = [name for name in ("protected", "unborn", "bare", "shallow", "sparse", "linked") if flag_of(answer, name)]
    words = {"unborn": "no commit yet", "linked": "linked work tree"}
    told = [words.get(name, name) for name in facts]
    upstream = text_of(answer, "upstream")
    if upstream:
        told.append(_upstream(answer, upstream))
    return f"On {where}" + (f"  {dim(' · '.join(told))}" if told else "")


def _upstream(answer: JsonObject, upstream: str) -> str:
    if flag_of(answer, "upstream_gone"):
        return f"{safe(upstream)} is gone"
    ahead, behind = count_of(answer, "ahead"), count_of(answer, "behind")
    moves = [f"{count} {word}" for count, word in ((ahead, "ahead of"), (behind, "behind")) if count]
    return f"{' and '.join(moves)} {safe(upstream)}" if moves else f"up to date with {safe(upstream)}"


def _changes_line(answer: JsonObject) -> str:
    counts = [
        f"{count_of(answer, name)} {name}" for name in ("staged", "unstaged", "untracked") if count_of(answer, name)
    ]
    return f"Changes: {', '.join(counts)}" if counts else "No changes."


def _waiting_lines(operation: JsonObject) -> list[str]:
    if not operation:
        return []
    state = text_of(operation, "state")
    what = text_of(operation, "waiting_for") if state == "waiting" else "its process died in the middle"
    title = bold(safe(text_of(operation, "title")))
    lines = ["", f"{_state(operation)}  {title}  {dim(text_of(operation, 'id'))}", f"  {safe(what)}"]
    return lines + [f"  {dim(_DO[choice])}" for choice in texts_of(operation, "choices") if choice in _DO]


@git.command(cls=WithExamples, examples=["aura git ops", "aura git ops 1k147zf7b7n", "aura git ops -n 100 --json"])
@click.argument("operation", required=False)
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most operations.")
@_project_option
@_json_option
def ops(*, operation: str | None, limit: int, project: str | None, as_json: bool) -> None:
    """List what Aura did in the repository, newest first; with OPERATION, show that one."""
    found = _project(project)
    if operation:
        _show_operation(_ask("/ops/show", {"project": found, "operation": operation}), as_json=as_json)
        return
    answer = _ask("/ops", {"project": found, "limit": limit})
    if as_json:
        out_json(answer)
        return
    listed = objects_of(answer, "operations")
    if not listed:
        out("Aura did nothing in this repository yet. What it does is listed here, and can be taken back.")
        return
    room = max(20, width() - 62)
    for line in table(("ID", "WHEN", "STATE", "COMMAND", "WHAT"), [_row(one, room) for one in listed]):
        out(line)
    more = f" · there are more: --limit {min(200, limit * 2)}" if flag_of(answer, "more") else ""
    note(dim(f"{plural(len(listed), 'operation')} · aura git undo [ID] takes one back{more}"))


def _row(operation: JsonObject, room: int) -> list[str]:
    return [
        text_of(operation, "id"),
        _when(operation),
        _state(operation),
        safe(text_of(operation, "command")),
        cut(safe(text_of(operation, "title")), room),
    ]


def _state(operation: JsonObject) -> str:
    name = text_of(operation, "state")
    return coloured(name, _COLOURS[name]) if name in _COLOURS else name


def _when(operation: JsonObject) -> str:
    return text_of(operation, "started_at")[:16].replace("T", " ")


def _show_operation(answer: JsonObject, *, as_json: bool) -> None:
    if as_json:
        out_json(answer)
        return
    operation = object_of(answer, "operation")
    out(f"{text_of(operation, 'id')}  {bold(safe(text_of(operation, 'title')))}")
    out(f"{_state(operation)} · {safe(text_of(operation, 'command'))} · {_when(operation)}")
    for name in ("waiting_for", "problem"):
        if text_of(operation, name):
            out(safe(text_of(operation, name)))
    if texts_of(operation, "steps"):
        out(f"steps: {safe(', '.join(texts_of(operation, 'steps')))}")
    for line in _move_lines(answer):
        out(line)
    for choice in texts_of(operation, "choices"):
        note(dim(_DO.get(choice, choice).replace("aura git undo", f"aura git undo {text_of(operation, 'id')}")))


def _move_lines(answer: JsonObject) -> list[str]:
    rows = [
        [safe(text_of(move, "name")), _end(text_of(move, "old")), "->", _end(text_of(move, "new"))]
        for move in objects_of(answer, "refs")
    ]
    return table(("REF", "FROM", "", "TO"), rows) if rows else []


def _end(value: str) -> str:
    if value.startswith("ref: "):
        return safe(value.removeprefix("ref: ").removeprefix("refs/heads/"))
    return value[:10] or "none"


@git.command(cls=WithExamples, examples=["aura git undo", "aura git undo --dry-run", "aura git undo 1k147zf7b7n --yes"])
@click.argument("operation", required=False)
@click.option("--dry-run", is_flag=True, help="Only show what would happen.")
@click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
@_project_option
@_json_option
def undo(*, operation: str | None, dry_run: bool, yes: bool, project: str | None, as_json: bool) -> None:
    """Take OPERATION back, or the newest: refs, index and files become what they were.

    Refused when they moved since. An undo can be undone itself.
    """
    body = {"project": _project(project), "operation": operation or ""}
    if as_json and (dry_run or yes):
        out_json(_ask("/undo", {**body, "dry_run": dry_run}))
        return
    planned = _ask("/undo", {**body, "dry_run": True})
    if not as_json:
        _show_plan(planned)
    if dry_run:
        return
    if not yes and not asks():
        raise UsageProblem("an undo asks first, and nobody is here to answer", hint="Add --yes, or --dry-run to look.")
    if not yes and not ask("Take it back?"):
        note(dim("Nothing was changed."))
        return
    done = _ask("/undo", {**body, "operation": text_of(object_of(planned, "operation"), "id"), "dry_run": False})
    if as_json:
        out_json(done)
        return
    out(f"Taken back: {safe(text_of(object_of(done, 'operation'), 'title'))}")
    by = text_of(object_of(object_of(done, "operation"), "facts"), "undone_by")
    if by:
        note(dim(f"aura git undo {by} does it again."))


def _show_plan(answer: JsonObject) -> None:
    operation = object_of(answer, "operation")
    out(f"{bold(safe(text_of(operation, 'title')))}  {dim(text_of(operation, 'id'))}")
    for line in _move_lines(answer):
        out(line)
    count = count_of(answer, "path_count")
    if count:
        out(f"{plural(count, 'file')} written or deleted:")
        for line in _shown(texts_of(answer, "paths"), count):
            out(line)
    if not count and not objects_of(answer, "refs"):
        out("Only what is staged changes.")
    if text_of(answer, "notice"):
        note(safe(text_of(answer, "notice")))


def _shown(paths: list[str], count: int = 0) -> list[str]:
    more = max(count, len(paths)) - _MOST_SHOWN
    return [*(f"  {safe(path)}" for path in paths[:_MOST_SHOWN]), *([f"  and {more} more"] if more > 0 else [])]


def _project(wanted: str | None) -> str:
    return find_project(find_paths(), wanted, Path.cwd()).id


def _ask(route: str, body: Mapping[str, object]) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git{route}", body, timeout_s=_LIMIT_S))
