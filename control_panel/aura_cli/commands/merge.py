"""`aura merge`, `rebase`, `sync`, `resolve`, and the words that go on after a conflict: `continue`, `skip`, `abort`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, objects_of, text_of, texts_of
from aura_cli.change_view import plain
from aura_cli.examples import WithExamples
from aura_cli.merge_view import (
    answer_lines,
    forecast_lines,
    hunk_diff,
    left_of,
    proposals,
    rebase_lines,
    sync_lines,
)
from aura_cli.screen import ask, asks, dim, note, out, out_json, plural
from aura_cli.targets import find_project, with_daemon
from aura_shared.errors import ConflictsLeft, GateClosed
from aura_shared.paths import find_paths

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
_project_option = click.option("-p", "--project", metavar="NAME", help="Project: identifier, name or path.")
_yes_option = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
_dry_option = click.option("--dry-run", is_flag=True, help="Only show what would happen.")
_in_place_option = click.option(
    "--in-place", is_flag=True, help="Work in the work tree, and stop there at conflicts that are left."
)
_accept_option = click.option(
    "--accept",
    multiple=True,
    type=click.Choice(["auto", "propose", "suggest"]),
    help="Take resolutions of this tier; `auto` always is. Repeatable.",
)
_WAITING_CODE: Final = ConflictsLeft.exit_code
_LIMIT_S: Final = 900.0
"""Hooks, a long rebase and slow remotes take their time; the service has its own bound for each call of git."""


def _common(command: CommandT) -> CommandT:
    return _project_option(_json_option(command))


@click.command(
    "merge",
    cls=WithExamples,
    examples=[
        "aura merge feature/cart",
        "aura merge feature/cart --dry-run",
        "aura merge origin/main --accept propose --yes",
        "aura merge feature/cart --in-place",
    ],
)
@click.argument("ref")
@_accept_option
@click.option("-m", "--message", metavar="TEXT", default="", help="Message of the merge commit; else git's own.")
@click.option(
    "--ff/--no-ff", "forward", default=None, help="Fast-forward where possible, or never; else as git is set."
)
@click.option("--ff-only", is_flag=True, help="Only fast-forward.")
@_in_place_option
@_dry_option
@_yes_option
@_common
@click.pass_context
def merge(
    ctx: click.Context,
    *,
    ref: str,
    accept: tuple[str, ...],
    message: str,
    forward: bool | None,
    ff_only: bool,
    in_place: bool,
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Merge REF into the current branch. What would happen is shown first: files, hunks, who changed what.

    It is done in a temporary work tree, and the branch moves once all is done; with --in-place it stops in your work
    tree at conflicts that are left, for `aura continue`, or `aura abort`.
    """
    body: dict[str, object] = {"project": _project(project), "ref": ref, "accept": list(accept)}
    way = "only" if ff_only else {None: "", True: "yes", False: "no"}[forward]
    do = {**body, "message": message, "fast_forward": way, "where": "in-place" if in_place else "apart"}
    if as_json:
        out_json(_ask("/merge/simulate", body) if dry_run else _ask("/merge", do))
        return
    seen = _ask("/merge/simulate", body)
    _print(forecast_lines(seen))
    if _nothing_to_do(ctx, seen) or dry_run:
        return
    conflicts = objects_of(seen, "conflicts")
    taken = _take(conflicts, yes=yes)
    do |= {"hunks": sorted(taken), "expected": text_of(seen, "theirs")}
    if left_of(conflicts, taken) and not in_place:
        do["where"] = _in_place_then(left_of(conflicts, taken), yes=yes)
    elif not (yes or not asks() or ask(f"Merge {plain(ref)} into {plain(text_of(seen, 'into'))}?")):
        return
    _finish(ctx, _ask("/merge", do))


@click.command(
    "rebase",
    cls=WithExamples,
    examples=["aura rebase main", "aura rebase main --update-refs", "aura rebase origin/main --dry-run"],
)
@click.argument("onto")
@click.option("--update-refs", is_flag=True, help="Branches that point into the replayed commits move with them.")
@click.option(
    "--published-ok", is_flag=True, help="Replace commits that are on the branch's own upstream; you alone work on it."
)
@_accept_option
@_in_place_option
@_dry_option
@_yes_option
@_common
@click.pass_context
def rebase(
    ctx: click.Context,
    *,
    onto: str,
    update_refs: bool,
    published_ok: bool,
    accept: tuple[str, ...],
    in_place: bool,
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Replay the commits of the current branch on ONTO: in memory first, shown commit by commit.

    Then the branch, and stacked ones with --update-refs, move at once. Protected branches, and commits that are on a
    remote, are refused.
    """
    body: dict[str, object] = {
        "project": _project(project),
        "onto": onto,
        "accept": list(accept),
        "update_refs": update_refs,
    }
    do = {**body, "published_ok": published_ok, "where": "in-place" if in_place else "apart"}
    if as_json:
        out_json(_ask("/rebase/simulate", body) if dry_run else _ask("/rebase", do))
        return
    seen = _ask("/rebase/simulate", body)
    _print(rebase_lines(seen))
    if _nothing_to_do(ctx, seen) or dry_run:
        return
    do["expected"] = text_of(seen, "onto_commit")
    left = left_of([file for step in objects_of(seen, "steps") for file in objects_of(step, "conflicts")])
    if left and not in_place:
        do["where"] = _in_place_then(left, yes=yes)
    elif not (yes or not asks() or ask(f"Rebase onto {plain(onto)}?")):
        return
    _finish(ctx, _ask("/rebase", do))


def _nothing_to_do(ctx: click.Context, seen: JsonObject) -> bool:
    """Whether there is nothing to do; leaves with a code when it is refused."""
    if text_of(seen, "outcome") == "refused":
        ctx.exit(GateClosed.exit_code)
    if texts_of(seen, "obstacles"):
        note(dim("Commit your changes (aura commit) or move untracked files away first. Nothing was changed."))
        ctx.exit(GateClosed.exit_code)
    return text_of(seen, "outcome") == "up-to-date"


def _take(conflicts: list[JsonObject], *, yes: bool) -> frozenset[str]:
    """Hunks whose proposal a person takes, shown one by one."""
    if yes or not asks():
        return frozenset()
    taken: set[str] = set()
    for hunk in proposals(conflicts):
        _print(hunk_diff(hunk))
        if ask("Take this resolution?", default=text_of(hunk, "tier") == "propose"):
            taken.add(text_of(hunk, "id"))
    return frozenset(taken)


def _in_place_then(left: int, *, yes: bool) -> str:
    """Where conflicts that are left are resolved, when the person agrees; leaves otherwise."""
    told = plural(left, "conflict")
    is_are = "is" if left == 1 else "are"
    if not yes and asks() and ask(f"{told} {is_are} left to you. Stop there in your work tree?"):
        return "in-place"
    note(dim(f"{told} {is_are} left. Nothing was changed: --accept propose takes proposals, --in-place stops for you."))
    raise click.exceptions.Exit(_WAITING_CODE)


@click.command("sync", cls=WithExamples, examples=["aura sync", "aura sync --rebase", "aura sync --no-fetch --dry-run"])
@click.option("--remote", "remotes", multiple=True, metavar="NAME", help="Ask this remote; repeatable.")
@click.option("--no-fetch", is_flag=True, help="Ask no remote; use what is here.")
@click.option("--merge", "how", flag_value="merge", help="Merge a current branch that parted from its upstream.")
@click.option("--rebase", "how", flag_value="rebase", help="Rebase it instead; stacked branches move along.")
@_dry_option
@_common
@click.pass_context
def sync(
    ctx: click.Context,
    *,
    remotes: tuple[str, ...],
    no_fetch: bool,
    how: str | None,
    dry_run: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Fetch, and bring local branches up to what they follow, where nothing can be lost.

    A branch that parted from its upstream is joined as the repository is set (pull.rebase), never through a conflict.
    """
    body = {"project": _project(project), "fetch": not no_fetch, "remotes": list(remotes), "how": how or ""}
    answer = _ask("/sync", {**body, "dry_run": dry_run})
    if as_json:
        out_json(answer)
        return
    lines = sync_lines(answer)
    _print(lines or ["No local branch follows another one: `git push -u REMOTE BRANCH` publishes one."])
    for text in texts_of(answer, "notes"):
        note(dim(plain(text)))
    if dry_run:
        note(dim("Nothing was moved; without --dry-run it is."))
    if any(text_of(branch, "what") == "conflicts" for branch in objects_of(answer, "branches")):
        ctx.exit(_WAITING_CODE)


@click.command(
    "resolve",
    cls=WithExamples,
    examples=[
        "aura resolve --dry-run",
        "aura resolve --accept propose",
        "aura resolve src/cart.py",
        "aura resolve --driver install",
    ],
)
@click.argument("paths", nargs=-1)
@_accept_option
@click.option(
    "--driver", type=click.Choice(["install", "uninstall"]), help="Make Aura git's merge driver here, or not."
)
@click.option(
    "--remember", type=click.Choice(["on", "off"]), help="Record your resolutions and use them again (rerere.enabled)."
)
@_dry_option
@_yes_option
@_common
@click.pass_context
def resolve(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    accept: tuple[str, ...],
    driver: str | None,
    remember: str | None,
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
) -> None:
    """Resolve conflicts that are in the work tree, of any merge, rebase, cherry-pick or revert, also one of plain git.

    PATHS are as git names them, from the top of the repository. What is certain is staged; proposals are shown first.
    """
    body: dict[str, object] = {
        "project": _project(project),
        "paths": list(paths),
        "accept": list(accept),
        "driver": driver or "",
        "remember": remember or "",
    }
    configures = bool(driver or remember)
    if as_json or configures:
        answer = _ask("/resolve", {**body, "dry_run": dry_run})
        if as_json:
            out_json(answer)
        else:
            _print(answer_lines(answer))
        return
    seen = _ask("/resolve", {**body, "dry_run": True})
    _print(answer_lines(seen))
    conflicts = objects_of(seen, "conflicts")
    if dry_run or not conflicts:
        return
    taken = _take(conflicts, yes=yes)
    answer = _ask("/resolve", {**body, "hunks": sorted(taken)})
    out(plain(text_of(answer, "summary")))
    _close(ctx, answer)


@click.command("continue", cls=WithExamples, examples=["aura continue"])
@_common
@click.pass_context
def continue_(ctx: click.Context, *, project: str | None, as_json: bool) -> None:
    """Go on with what waits for you: a merge, rebase, cherry-pick, revert, or the finish of a branch.

    Files that you resolved are staged; one with markers left is refused by name and line.
    """
    _step(ctx, "/continue", project, as_json=as_json)


@click.command("skip", cls=WithExamples, examples=["aura skip"])
@_common
@click.pass_context
def skip(ctx: click.Context, *, project: str | None, as_json: bool) -> None:
    """Leave the commit out that a rebase, cherry-pick or revert stopped at, and go on."""
    _step(ctx, "/skip", project, as_json=as_json)


@click.command("abort", cls=WithExamples, examples=["aura abort"])
@_yes_option
@_common
@click.pass_context
def abort(ctx: click.Context, *, yes: bool, project: str | None, as_json: bool) -> None:
    """Take back what waits: branches, index and work tree become what they were before it began."""
    if not (yes or as_json) and asks() and not ask("Take it back, with what you resolved so far?"):
        return
    _step(ctx, "/abort", project, as_json=as_json)


def _step(ctx: click.Context, route: str, project: str | None, *, as_json: bool) -> None:
    answer = _ask(route, {"project": _project(project)})
    if as_json:
        out_json(answer)
        return
    _finish(ctx, answer)


def _finish(ctx: click.Context, answer: JsonObject) -> None:
    """Show what was done; leaves with a code when it waits."""
    _print(answer_lines(answer))
    _close(ctx, answer)


def _close(ctx: click.Context, answer: JsonObject) -> None:
    for text in texts_of(answer, "notes"):
        note(dim(plain(text)))
    if text_of(answer, "standing") == "waiting":
        note(dim("Resolve what is left, then `aura continue`; `aura abort` takes everything back."))
        ctx.exit(_WAITING_CODE)
    if text_of(answer, "operation") and text_of(answer, "standing") == "done":
        note(dim(f"aura git undo {text_of(answer, 'operation')} takes it back."))


def _print(lines: list[str]) -> None:
    for line in lines:
        out(line)


def _project(name: str | None) -> str:
    return find_project(find_paths(), name, Path.cwd()).id


def _ask(route: str, body: Mapping[str, object]) -> JsonObject:
    return with_daemon(find_paths(), lambda gateway: gateway.post(f"/v1/git{route}", body, timeout_s=_LIMIT_S))
