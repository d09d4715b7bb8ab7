"""`aura plan approve`, `note`, `test`, `resume`, `migrate`, `templates`, `log`, `undo`: steps of the workflow."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, object_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_view import operation_table, show_done
from aura_cli.screen import ask, asks, bold, dim, note, out, out_json, plural, safe
from aura_shared.errors import Cancelled, GateClosed, UsageProblem

__all__ = ["STEP_COMMANDS", "approve_item"]

_TESTS_S: Final = 1800.0
_MOST_SAID: Final = 20
_dry_run_option = click.option("--dry-run", is_flag=True, help="Only show the change.")
_yes_option = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")


@click.command("approve", cls=WithExamples, examples=["aura plan approve k3f9zq", "aura plan approve architecture"])
@click.argument("item")
@click.option("--by", default="", metavar="NAME", help="Who approves; default: the name that git knows.")
@click.option("--revoke", is_flag=True, help="Take the approval back.")
@_dry_run_option
@plan_options
def approve_command(*, item: str, by: str, revoke: bool, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Approve a document or story as its text is now; a later edit makes the approval outdated."""
    approve_item(item, by=by, revoke=revoke, dry_run=dry_run, project=project, as_json=as_json)


def approve_item(item: str, *, by: str, revoke: bool, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Approve an item, and say so."""
    body: JsonObject = {"item": item, "by": by, "revoke": revoke, "dry_run": dry_run}
    _told(ask_plan("approve", body, project), as_json=as_json)


@click.command("note", cls=WithExamples, examples=['aura plan note k3f9zq "the card service needs a sandbox key"'])
@click.argument("item")
@click.argument("words", nargs=-1, required=True)
@plan_options
def note_command(*, item: str, words: tuple[str, ...], project: str | None, as_json: bool) -> None:
    """Add a line with the time to the log of an item."""
    body: JsonObject = {"action": "note", "item": item, "text": " ".join(words)}
    _told(ask_plan("change", body, project), as_json=as_json)


@click.command(
    "test",
    cls=WithExamples,
    examples=[
        "aura plan test k3f9zq red test_pay",
        "aura plan test k3f9zq green test_pay",
        "aura plan test k3f9zq --run",
        "aura plan test k3f9zq --run tests/test_pay.py",
    ],
)
@click.argument("item")
@click.option("--run", is_flag=True, help="Run the tests in the sandbox; then PATHs may follow instead of an outcome.")
@click.argument("words", nargs=-1, metavar="[red|green [TEST]... | [PATH]...]")
@_dry_run_option
@plan_options
def test_command(
    *, item: str, run: bool, words: tuple[str, ...], dry_run: bool, project: str | None, as_json: bool
) -> None:
    """Record a test run of an item: one that you tell, or with --run one that Aura makes in its sandbox.

    A story is completed only after a green run; `tests = "ran"` in [plan] asks for one that Aura made. Without PATHs
    the tests run that reach what changed since the newest commit, or else in it.
    """
    if run:
        answer = ask_plan("test", {"item": item, "paths": list(words), "dry_run": dry_run}, project, _TESTS_S)
        _told(answer, as_json=as_json)
        if not as_json:
            outcome = text_of(answer, "outcome")
            out(
                f"{outcome}: {plural(len(texts_of(answer, 'tests')), 'test file')}, tree {text_of(answer, 'tree')[:12]}"
            )
            for line in text_of(answer, "detail").rstrip().splitlines()[:_MOST_SAID]:
                out(safe(line))
        return
    if not words or words[0] not in {"red", "green"}:
        raise UsageProblem("a test run was red or green", hint="`aura plan test ITEM green NAME`, or --run.")
    body: JsonObject = {"action": "test", "item": item, "outcome": words[0], "tests": list(words[1:])}
    _told(ask_plan("change", {**body, "dry_run": dry_run}, project), as_json=as_json)


@click.command(
    "gate",
    cls=WithExamples,
    examples=["aura plan gate .git/COMMIT_EDITMSG"],
    context_settings={"ignore_unknown_options": True},
)
@click.argument("message_file", type=click.Path())
def gate_command(message_file: str) -> None:
    """Ask whether the plan allows the commit that is about to be made; `aura git hooks install --gate` has git ask.

    With `commit_gate = true` in [plan]: code before PRD and architecture are approved, and work on a story that is not
    approved as it is, are refused. A story is meant by the branch or by a line such as `Story: US-4`. Aura need not
    run.
    """
    command = [sys.executable, "-P", "-m", "aura_planning.workflow.committing", message_file]
    click.get_current_context().exit(subprocess.run(command, check=False).returncode)


@click.command("compact", cls=WithExamples, examples=["aura plan compact", "aura plan compact k3f9zq --dry-run"])
@click.argument("item", default="")
@_dry_run_option
@plan_options
def compact_command(*, item: str, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Move old entries of an item's log, or of all that are too long, to `.ai/log/`; nothing is lost."""
    _told(ask_plan("change", {"action": "compact", "item": item, "dry_run": dry_run}, project), as_json=as_json)


@click.command("templates", cls=WithExamples, examples=["aura plan templates"])
@_dry_run_option
@plan_options
def templates_command(*, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Write the templates of new items to `.ai/templates/`, for the team to change."""
    _told(ask_plan("change", {"action": "templates", "dry_run": dry_run}, project), as_json=as_json)


@click.command(
    "migrate",
    cls=WithExamples,
    examples=["aura plan migrate --dry-run", "aura plan migrate --yes", "aura plan migrate --approve"],
)
@click.option("--approve", is_flag=True, help="Bind what the old files call approved to its present text.")
@_dry_run_option
@_yes_option
@plan_options
def migrate_command(*, approve: bool, dry_run: bool, yes: bool, project: str | None, as_json: bool) -> None:
    """Bring files of other layouts into the canonical one.

    What counted as approved there was approved for no text in particular; with --approve you say that it is approved
    as it is now.
    """
    body: JsonObject = {"action": "migrate", "approve": approve, "dry_run": True}
    if not dry_run and not yes:
        if as_json or not asks():
            raise GateClosed("files are moved only after a yes", hint="Look with --dry-run, then add --yes.")
        planned = ask_plan("change", body, project)
        show_done(planned)
        if not texts_of(planned, "files"):
            return
        if not ask("Migrate?", default=False):
            raise Cancelled("nothing was changed")
    answer = ask_plan("change", {**body, "dry_run": dry_run}, project)
    if not dry_run and not as_json:
        answer.pop("diff", None)
    _told(answer, as_json=as_json)


def _told(answer: JsonObject, *, as_json: bool) -> None:
    if as_json:
        out_json(answer)
    else:
        show_done(answer)


@click.command("resume", cls=WithExamples, examples=["aura plan resume", "aura plan resume k3f9zq --budget 800"])
@click.argument("item", default="")
@click.option("--budget", type=click.IntRange(200, 20_000), default=1500, show_default=True, help="Most tokens.")
@plan_options
def resume_command(*, item: str, budget: int, project: str | None, as_json: bool) -> None:
    """Show where the plan stands and what is next, to begin a session with."""
    answer = ask_plan("resume", {"item": item, "budget": budget}, project)
    if as_json:
        out_json(answer)
        return
    for line in text_of(answer, "text").rstrip().splitlines():
        out(safe(line))
    left = texts_of(answer, "left_out")
    note(dim(f"{count_of(answer, 'tokens')} tokens{' · left out: ' + ', '.join(left) if left else ''}"))


@click.command(
    "log", cls=WithExamples, examples=["aura plan log", "aura plan log --item k3f9zq", "aura plan log OPERATION"]
)
@click.argument("operation", default="")
@click.option("--item", default="", metavar="ITEM", help="Only about this item.")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most operations.")
@plan_options
def log_command(*, operation: str, item: str, limit: int, project: str | None, as_json: bool) -> None:
    """List what was done to the plan, by commands and by edits of files; with OPERATION, show that one."""
    answer = ask_plan("operations", {"operation": operation, "item": item, "limit": limit}, project)
    if as_json:
        out_json(answer)
        return
    found = objects_of(answer, "operations")
    if not found:
        out("Nothing was done to this plan yet. What is done is listed here, and can be taken back.")
        return
    for line in operation_table(found):
        out(line)
    if operation and text_of(found[0], "problem"):
        out(safe(text_of(found[0], "problem")))
    for line in text_of(answer, "diff").rstrip().splitlines():
        out(safe(line))
    more = " · there are more: --limit" if flag_of(answer, "more") else ""
    note(dim(f"aura plan undo [ID] takes one back{more}"))


@click.command(
    "undo", cls=WithExamples, examples=["aura plan undo", "aura plan undo --dry-run", "aura plan undo OPERATION --yes"]
)
@click.argument("operation", default="")
@_dry_run_option
@_yes_option
@plan_options
def undo_command(*, operation: str, dry_run: bool, yes: bool, project: str | None, as_json: bool) -> None:
    """Take OPERATION back, or the newest. Refused when one of its files changed since; an undo can be undone."""
    if not dry_run and not yes and (as_json or not asks()):
        raise UsageProblem("an undo asks first, and nobody is here to answer", hint="Add --yes, or --dry-run to look.")
    planned: JsonObject = {}
    if dry_run or not yes:
        planned = ask_plan("undo", {"operation": operation, "dry_run": True}, project)
        if not as_json:
            _show_undo(planned)
    if dry_run:
        if as_json:
            out_json(planned)
        return
    if not yes and not ask("Take it back?"):
        raise Cancelled("nothing was changed")
    wanted = text_of(object_of(planned, "operation"), "id") or operation
    done = ask_plan("undo", {"operation": wanted, "dry_run": False}, project)
    if as_json:
        out_json(done)
        return
    out(f"Taken back: {safe(text_of(object_of(done, 'operation'), 'title'))}")
    note(dim(f"aura plan undo {text_of(done, 'undo')} does it again"))


def _show_undo(planned: JsonObject) -> None:
    operation = object_of(planned, "operation")
    out(f"{bold(safe(text_of(operation, 'title')))}  {dim(text_of(operation, 'id'))}")
    for line in text_of(planned, "diff").rstrip().splitlines():
        out(safe(line))


STEP_COMMANDS: Final = (
    approve_command, resume_command, note_command, test_command, migrate_command, templates_command, compact_command,
    gate_command, log_command, undo_command,
)  # fmt: skip
"""Commands of `aura plan` about the workflow."""
