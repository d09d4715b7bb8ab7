"""`aura changes`: list, review, apply and undo what was proposed for the files of projects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.change_view import (
    HEADERS,
    STATES,
    change_lines,
    change_row,
    diff_lines,
    file_lines,
    hunks_of,
    plain,
    proposed_text,
)
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe, size, table, width
from aura_cli.targets import open_registry, with_daemon
from aura_shared.errors import FileMovedOn, UsageProblem
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option(
    "-p", "--project", metavar="NAME", help="Only of this project: identifier, name or path."
)
_merge_option = click.option("--merge", is_flag=True, help="Merge files that changed since, without showing it first.")
_yes_option = click.option("-y", "--yes", is_flag=True, help="Write without asking.")


def _list_options(command: CommandT) -> CommandT:
    command = _json_option(command)
    command = click.option(
        "-n", "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most changes."
    )(command)
    command = click.option(
        "--state", "states", type=click.Choice(STATES), multiple=True, help="Only this state; repeatable."
    )(command)
    command = click.option("--all", "everywhere", is_flag=True, help="Of all projects.")(command)
    return _project_option(command)


@click.group(
    invoke_without_command=True,
    cls=GroupWithExamples,
    examples=[
        "aura changes",
        "aura changes show 3f9a1c07",
        "aura changes accept 3f9a1c07 src/cart.py",
        "aura changes apply 3f9a1c07",
        "aura changes undo 3f9a1c07",
    ],
)
@_list_options
@click.pass_context
def changes(
    context: click.Context, *, project: str | None, everywhere: bool, states: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """List, review, apply and undo changes. Each is named by its identifier, or enough of its first characters."""
    if context.invoked_subcommand is None:
        _show_list(project, everywhere=everywhere, states=states, limit=limit, as_json=as_json)


@changes.command("list", cls=WithExamples, examples=["aura changes list --state proposed", "aura changes list --all"])
@_list_options
def list_changes(*, project: str | None, everywhere: bool, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the changes of the project around you, or of all when there is none; the newest first."""
    _show_list(project, everywhere=everywhere, states=states, limit=limit, as_json=as_json)


def _show_list(project: str | None, *, everywhere: bool, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    registry = open_registry(find_paths())
    found = registry.find(project) if project else None if everywhere else registry.containing(Path.cwd())
    answer = _ask("", {"project": found.id if found else "", "states": list(states), "limit": limit})
    if as_json:
        out_json(answer)
        return
    listed = objects_of(answer, "changes")
    if listed:
        room = max(20, width() - 78)
        for line in table(HEADERS, [change_row(change, room, with_project=found is None) for change in listed]):
            out(line)
    if text_of(answer, "reason"):
        out(safe(text_of(answer, "reason")))
    more = f" · there are more: --limit {min(200, limit * 2)}" if flag_of(answer, "more") else ""
    note(dim(f"{plural(len(listed), 'change')} · {size(count_of(answer, 'stored_bytes'))} kept{more}"))


@changes.command("show", cls=WithExamples, examples=["aura changes show 3f9a1c07", "aura changes show 3f --json"])
@click.argument("change")
@_project_option
@_json_option
def show_change(*, change: str, project: str | None, as_json: bool) -> None:
    """Show what CHANGE does, hunk by hunk, with decisions, checks, and whether it still fits."""
    answer = _ask("/show", _body(change, project))
    if as_json:
        out_json(answer)
        return
    for line in change_lines(object_of(answer, "change")):
        out(line)
    _tell(answer)


@changes.command(
    "accept",
    cls=WithExamples,
    examples=["aura changes accept 3f9a1c07", "aura changes accept 3f9a1c07 b81c src/cart.py"],
)
@click.argument("change")
@click.argument("hunks", nargs=-1)
@click.option("--comment", metavar="TEXT", help="Say something about them.")
@_project_option
@_json_option
def accept(*, change: str, hunks: tuple[str, ...], comment: str | None, project: str | None, as_json: bool) -> None:
    """Accept HUNKS of CHANGE (identifiers of hunks, or paths), or all. Nothing is written yet."""
    _decide(change, hunks, "accepted", comment, project, as_json=as_json)


@changes.command(
    "reject",
    cls=WithExamples,
    examples=["aura changes reject 3f9a1c07", 'aura changes reject 3f9a1c07 b81c --comment "keep the old name"'],
)
@click.argument("change")
@click.argument("hunks", nargs=-1)
@click.option("--comment", metavar="TEXT", help="Say why.")
@_project_option
@_json_option
def reject(*, change: str, hunks: tuple[str, ...], comment: str | None, project: str | None, as_json: bool) -> None:
    """Reject HUNKS of CHANGE (identifiers of hunks, or paths), or all."""
    _decide(change, hunks, "rejected", comment, project, as_json=as_json)


def _decide(
    change: str, hunks: tuple[str, ...], decision: str, comment: str | None, project: str | None, *, as_json: bool
) -> None:
    body = {**_body(change, project), "hunks": list(hunks), "decision": decision, "comment": comment}
    answer = _ask("/decide", body)
    if as_json:
        out_json(answer)
        return
    decided = object_of(answer, "change")
    decisions = [text_of(hunk, "decision") for hunk in hunks_of(decided)]
    counts = {name: decisions.count(name) for name in ("accepted", "rejected", "open")}
    shown = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    out(f"{bold(text_of(decided, 'id'))}  {shown} of {plural(sum(counts.values()), 'hunk')}")
    if counts["accepted"] and text_of(decided, "state") != "applied":
        note(dim(f"aura changes apply {text_of(decided, 'id')} writes what is accepted."))


@changes.command(
    "apply",
    cls=WithExamples,
    examples=[
        "aura changes apply 3f9a1c07",
        "aura changes apply 3f9a1c07 --all --yes",
        "aura changes apply 3f --merge",
    ],
)
@click.argument("change")
@click.option("--all", "everything", is_flag=True, help="Hunks that nobody decided on count as accepted.")
@_merge_option
@_yes_option
@_project_option
@_json_option
@click.pass_context
def apply_change(
    ctx: click.Context, *, change: str, everything: bool, merge: bool, yes: bool, project: str | None, as_json: bool
) -> None:
    """Write the accepted hunks of CHANGE to the project: all files, or none. git's index is left alone."""
    body = {**_body(change, project), "accept_open": everything}
    if not (yes or as_json) and asks():
        shown = object_of(_ask("/show", _body(change, project)), "change")
        wanted = {"accepted", "open"} if everything else {"accepted"}
        count = sum(text_of(hunk, "decision") in wanted and not flag_of(hunk, "applied") for hunk in hunks_of(shown))
        if count and not ask(f"Write {plural(count, 'hunk')} of “{plain(text_of(shown, 'title'))}”?"):
            return
    _write(ctx, "/apply", body, merge=merge, yes=yes, as_json=as_json)


@changes.command(
    "undo", cls=WithExamples, examples=["aura changes undo 3f9a1c07", "aura changes undo 3f9a1c07 --merge"]
)
@click.argument("change")
@_merge_option
@_yes_option
@_project_option
@_json_option
@click.pass_context
def undo_change(ctx: click.Context, *, change: str, merge: bool, yes: bool, project: str | None, as_json: bool) -> None:
    """Take CHANGE back: files that did not change since become exactly what they were, others are merged."""
    if not (yes or as_json) and asks():
        shown = object_of(_ask("/show", _body(change, project)), "change")
        if flag_of(shown, "can_undo") and not ask(f"Take “{plain(text_of(shown, 'title'))}” back?"):
            return
    _write(ctx, "/undo", _body(change, project), merge=merge, yes=yes, as_json=as_json)


def _write(
    ctx: click.Context, route: str, body: Mapping[str, object], *, merge: bool, yes: bool, as_json: bool
) -> None:
    """Apply or undo; a merge is shown and asked about first."""
    answer = _ask(route, {**body, "merge": merge})
    waits = bool(text_of(answer, "merge"))
    if waits and not as_json:
        for line in diff_lines(text_of(answer, "merge")):
            out(line)
        _tell(answer)
        if not yes and asks() and ask("Write this?", default=False):
            answer, waits = _ask(route, {**body, "merge": True}), False
    if as_json:
        out_json(answer)
    elif not waits:
        for path in texts_of(answer, "written"):
            out(plain(path))
        _tell(answer)
        change = object_of(answer, "change")
        facts = [text_of(change, "state"), plural(len(texts_of(answer, "written")), "file")]
        if flag_of(change, "can_undo"):
            facts.append(f"aura changes undo {text_of(change, 'id')} takes it back")
        note(dim(" · ".join(facts)))
    else:
        note(dim("Nothing was written; --merge writes this."))
    if waits:
        ctx.exit(FileMovedOn.exit_code)


@changes.command(
    "edit",
    cls=WithExamples,
    examples=["aura changes edit 3f9a1c07 src/cart.py", "aura changes edit 3f9a1c07 src/cart.py --from better.py"],
)
@click.argument("change")
@click.argument("path")
@click.option(
    "--from", "source", type=click.File("r", encoding="utf-8"), metavar="FILE", help="Take the text from a file."
)
@_project_option
@_json_option
def edit_proposal(*, change: str, path: str, source: Any, project: str | None, as_json: bool) -> None:  # noqa: ANN401 - a text file
    """Give PATH of CHANGE another text, in $EDITOR; decisions on hunks that stay the same are kept."""
    shown = object_of(_ask("/show", _body(change, project)), "change")
    if source is None:
        root = Path(open_registry(find_paths()).find(text_of(shown, "project")).root)
        text = click.edit(proposed_text(shown, path, root), extension=Path(path).suffix or ".txt")
        if text is None:
            note(dim("Nothing was saved, so nothing changes."))
            return
    else:
        try:
            text = str(source.read())
        except UnicodeDecodeError as error:
            raise UsageProblem(f"{source.name} is not UTF-8", hint="Name a text file in UTF-8.") from error
    answer = _ask("/edit", {**_body(text_of(shown, "id"), project), "path": path, "content": text})
    if as_json:
        out_json(answer)
        return
    for file in objects_of(object_of(answer, "change"), "files"):
        if text_of(file, "path") == path:
            for line in file_lines(file):
                out(line)
    _tell(answer)


def _ask(route: str, body: Mapping[str, object]) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/changes{route}", body))


def _body(change: str, project: str | None) -> dict[str, object]:
    """The fields that name a change; identifiers are unique, so a project is rarely needed."""
    return {"change": change, "project": open_registry(find_paths()).find(project).id if project else ""}


def _tell(answer: JsonObject) -> None:
    if text_of(answer, "notice"):
        note(safe(text_of(answer, "notice")))
