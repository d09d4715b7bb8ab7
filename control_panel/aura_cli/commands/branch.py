"""`aura branch`: start, finish, publish, list, clean up and check branches by the strategy of the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.branch_view import branching_lines, clean_lines, drift_lines, finish_lines, list_lines
from aura_cli.commands.pulls import open_for_review
from aura_cli.examples import GroupWithExamples, WithExamples
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import Conflict, ConflictsLeft
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_LONG_S: Final = 600.0
_DRIFT_CODE: Final = Conflict.exit_code
_STRATEGIES: Final = ("gitflow", "github-flow", "trunk", "custom")

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")
_yes_option = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
_dry_option = click.option("--dry-run", is_flag=True, help="Only show what would be done.")


def _common(command: CommandT) -> CommandT:
    return _project_option(_json_option(command))


@click.group(
    cls=GroupWithExamples,
    invoke_without_command=True,
    examples=[
        'aura branch start feature "Cart totals" --task 12',
        "aura branch start feature --item k3f9zq",
        "aura branch finish",
        "aura branch publish",
        "aura branch cleanup",
        "aura branch drift --json",
    ],
)
@_common
@click.pass_context
def branch(context: click.Context, *, project: str | None, as_json: bool) -> None:
    """Work on branches by the strategy of the repository: gitflow, github-flow, trunk or one of its own."""
    if context.invoked_subcommand is None:
        _show_list(project, "", explain=False, as_json=as_json)


@branch.command("list", cls=WithExamples, examples=["aura branch list", "aura branch list --kind feature"])
@click.option("--kind", default="", metavar="KIND", help="Only this kind; `base` for main and develop.")
@click.option("--explain", is_flag=True, help="Say where each fact of the strategy comes from.")
@_common
def list_branches(*, kind: str, explain: bool, project: str | None, as_json: bool) -> None:
    """List branches with their kind, their parent and what is not pushed."""
    _show_list(project, kind, explain=explain, as_json=as_json)


def _show_list(project: str | None, kind: str, *, explain: bool, as_json: bool) -> None:
    answer = _post("", {"project": _project(project), "kind": kind})
    if as_json:
        out_json(answer)
        return
    _print(list_lines(answer))
    for line in branching_lines(object_of(answer, "branching"), explain=explain):
        note(line)


@branch.command(
    "start",
    cls=WithExamples,
    examples=[
        'aura branch start feature "Cart totals" --task 12',
        "aura branch start release 1.4.0",
        "aura branch start support 1.x --base v1.4.0",
    ],
)
@click.argument("kind")
@click.argument("name", default="")
@click.option("--task", default="", metavar="ID", help="Task whose identifier becomes part of the name.")
@click.option("--item", default="", metavar="ITEM", help="Item of the plan that the branch is named after.")
@click.option("--base", default="", metavar="REF", help="Begin here instead of where the strategy says.")
@_dry_option
@_common
def start_branch(
    *, kind: str, name: str, task: str, item: str, base: str, dry_run: bool, project: str | None, as_json: bool
) -> None:
    """Begin a branch of KIND called NAME (a name, a title or a version), and check it out."""
    body = {"project": _project(project), "kind": kind, "name": name, "task": task, "item": item, "base": base}
    body = {**body, "dry_run": dry_run}
    answer = _post("/start", body)
    if as_json:
        out_json(answer)
        return
    begun = "would begin" if dry_run else "begun"
    out(f"{bold(safe(text_of(answer, 'branch')))} {begun} at {safe(text_of(answer, 'base'))}")
    _notices(answer)


@branch.command(
    "finish",
    cls=WithExamples,
    examples=[
        "aura branch finish",
        "aura branch finish feature/12-cart-totals --dry-run",
        'aura branch finish release/1.4.0 -m "Release 1.4.0" --yes',
    ],
)
@click.argument("name", metavar="[BRANCH]", default="")
@click.option(
    "-m", "--message", metavar="TEXT", default="", help="Message of the tag, or of the one commit of a squash."
)
@click.option("--keep", is_flag=True, help="Keep the branch, here and at the remote.")
@_dry_option
@_yes_option
@_common
@click.pass_context
def finish_branch(
    ctx: click.Context,
    *,
    name: str,
    message: str,
    keep: bool,
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Finish BRANCH, the current one by default: merge, tag, merge back, delete, as its kind says.

    The steps are shown first. It is one operation: `aura git undo` takes all of it back. At a conflict it waits for
    `aura continue` or `aura abort`. Where the strategy wants a pull request, the branch is pushed and one is opened for
    review, after a yes.
    """
    body: dict[str, object] = {"project": _project(project), "branch": name, "message": message, "keep": keep}
    if as_json:
        answer = _post("/finish", {**body, "dry_run": dry_run})
        out_json(answer)
        _leave(ctx, answer)
        return
    plan = _post("/finish", {**body, "dry_run": True})
    _print(finish_lines(plan))
    if dry_run or text_of(plan, "state") == "open-pull-request":
        _notices(plan)
        if not dry_run and (yes or asks()):
            open_for_review(text_of(body, "project"), text_of(plan, "branch"), yes=yes)
        return
    if not yes and asks() and not ask(f"Finish {safe(text_of(plan, 'branch'))}?"):
        return
    answer = _post("/finish", {**body, "branch": text_of(plan, "branch")})
    if text_of(answer, "state") == "waiting":
        _print(finish_lines(answer))
    else:
        out(f"{bold(safe(text_of(answer, 'branch')))} is finished")
    _notices(answer)
    _leave(ctx, answer)


def _leave(ctx: click.Context, answer: JsonObject) -> None:
    """End with the code of conflicts where one waits."""
    if text_of(answer, "state") == "waiting":
        ctx.exit(ConflictsLeft.exit_code)


@branch.command(
    "publish",
    cls=WithExamples,
    examples=[
        "aura branch publish",
        "aura branch publish feature/cart --remote upstream",
        "aura branch publish --replace",
    ],
)
@click.argument("name", metavar="[BRANCH]", default="")
@click.option("--remote", default="", metavar="NAME", help="Where to; else where it is followed, or origin.")
@click.option(
    "--replace", is_flag=True, help="After a rebase of your own branch: replace what was last seen at the remote."
)
@_common
def publish_branch(*, name: str, remote: str, replace: bool, project: str | None, as_json: bool) -> None:
    """Push BRANCH, the current one by default, and follow it at its remote. Never by force."""
    body = {"project": _project(project), "branch": name, "remote": remote, "replace": replace}
    answer = _post("/publish", body)
    if as_json:
        out_json(answer)
        return
    what = "is published at" if flag_of(answer, "pushed") else "is at the remote already:"
    out(f"{bold(safe(text_of(answer, 'branch')))} {what} {safe(text_of(answer, 'upstream'))}")
    for line in text_of(answer, "said").splitlines():
        note(dim(safe(line)))


@branch.command(
    "cleanup",
    cls=WithExamples,
    examples=["aura branch cleanup", "aura branch cleanup --yes", "aura branch cleanup feature/old --stale-days 30"],
)
@click.argument("names", metavar="[BRANCH]...", nargs=-1)
@click.option(
    "--stale-days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    help="Days without a commit after which a branch is stale.",
)
@_dry_option
@_yes_option
@_common
def cleanup(
    *, names: tuple[str, ...], stale_days: int, dry_run: bool, yes: bool, project: str | None, as_json: bool
) -> None:
    """Propose branches that may go: merged, squashed, without their upstream, or stale. BRANCH chooses some.

    Without a BRANCH only those go whose commits are elsewhere too; one marked with `!` has commits that are nowhere
    else, and goes only when it is named. Protected and checked-out ones never go. `aura git undo` brings them back.
    """
    body: dict[str, object] = {"project": _project(project), "branches": list(names), "stale_days": stale_days}
    if as_json:
        out_json(_post("/cleanup", {**body, "dry_run": dry_run or not yes}))
        return
    found = _post("/cleanup", {**body, "dry_run": True})
    _print(clean_lines(found))
    chosen = [
        text_of(one, "branch")
        for one in objects_of(found, "proposals")
        if (text_of(one, "branch") in names if names else flag_of(one, "deletable", default=True))
    ]
    if dry_run or not (chosen or names):
        return
    if not yes and not (asks() and ask(f"Delete {plural(len(chosen or names), 'branch', 'branches')}?", default=False)):
        if not asks():
            note(dim("Nothing was deleted: add --yes."))
        return
    answer = _post("/cleanup", {**body, "branches": chosen or list(names), "dry_run": False})
    deleted = [text_of(one, "branch") for one in objects_of(answer, "proposals") if flag_of(one, "deleted")]
    out(f"{plural(len(deleted), 'branch', 'branches')} deleted; `aura git undo` brings them back")


@branch.command("drift", cls=WithExamples, examples=["aura branch drift", "aura branch drift --json"])
@_common
@click.pass_context
def drift(ctx: click.Context, *, project: str | None, as_json: bool) -> None:
    """Check branches against the strategy. Ends with code 5 when something strays; nothing is changed."""
    answer = _post("/check", {"project": _project(project)})
    if as_json:
        out_json(answer)
    else:
        _print(drift_lines(answer))
    if objects_of(answer, "drifts"):
        ctx.exit(_DRIFT_CODE)


@branch.command(
    "init",
    cls=WithExamples,
    examples=["aura branch init gitflow", "aura branch init trunk --dry-run", "aura branch init custom --replace"],
)
@click.argument("strategy", type=click.Choice(_STRATEGIES))
@click.option("--replace", is_flag=True, help="Write a file that is there anew.")
@_dry_option
@_common
def init(*, strategy: str, replace: bool, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Write `.aura/branching.toml` for STRATEGY, and make base branches that are missing.

    `custom` writes down what counts now, for changes by hand.
    """
    body = {"project": _project(project), "strategy": strategy, "replace": replace, "dry_run": dry_run}
    answer = _post("/init", body)
    if as_json:
        out_json(answer)
        return
    if dry_run:
        out(safe(text_of(answer, "text")).rstrip("\n"))
        return
    out(f"{bold(safe(text_of(answer, 'path')))} is written: {strategy}")
    for name in texts_of(answer, "created"):
        out(f"  {safe(name)} made")
    _notices(answer)


def _notices(answer: JsonObject) -> None:
    for line in texts_of(answer, "notices"):
        note(dim(safe(line)))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        out(line)


def _project(wanted: str | None) -> str:
    return find_project(find_paths(), wanted, Path.cwd()).id


def _post(route: str, body: Mapping[str, object]) -> JsonObject:
    path = f"/v1/git/branches{route}"
    return with_daemon(find_paths(), lambda gateway: gateway.post(path, body, timeout_s=_LONG_S))
