"""`aura plan list`, `show`, `add`, `set`, `move`, `remove`: items of the plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from aura_cli.answers import JsonObject, count_of, objects_of, text_of
from aura_cli.commands.plan_steps import STEP_COMMANDS
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_view import finding_line, item_lines, item_table, show_done
from aura_cli.screen import ask, asks, dim, note, out, out_json, plural, safe
from aura_shared.errors import Cancelled, GateClosed, UsageProblem

__all__ = ["ITEM_COMMANDS"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_KINDS: Final = ("prd", "architecture", "epic", "story", "task")
_MOST_PAGES: Final = 10_000
_FIELDS: Final = (
    click.option("--alias", help="What the document calls it, such as US-004."),
    click.option(
        "--after", "depends_on", multiple=True, metavar="ITEM", help="What has to be done before; repeatable."
    ),
    click.option("--priority", help="Priority, in your own words."),
    click.option("--value", type=click.FloatRange(0), help="What it is worth."),
    click.option("--estimate", type=click.FloatRange(0), help="What it costs."),
)


def _fields(command: CommandT) -> CommandT:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.command("list", cls=WithExamples, examples=["aura plan list", "aura plan list story --status open"])
@click.argument("kind", type=click.Choice(_KINDS), required=False)
@click.option("--status", default="", help="Only with this status; open for all that need work.")
@click.option("--in", "parent", default="", metavar="ITEM", help="Only what belongs to this item.")
@click.option("--text", default="", help="Only with these words.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Most items.")
@plan_options
def list_command(
    *, kind: str | None, status: str, parent: str, text: str, limit: int, project: str | None, as_json: bool
) -> None:
    """List documents, epics, stories and tasks."""
    body: JsonObject = {"kind": kind, "status": status, "parent": parent, "text": text}
    answer, items = _pages("items", body, limit, project)
    if as_json:
        out_json({**answer, "items": items})
        return
    if not items:
        out(safe(text_of(answer, "reason")))
        return
    for line in item_table(items):
        out(line)
    more = count_of(answer, "total") - len(items)
    problems = count_of(answer, "problems")
    facts = [plural(count_of(answer, "total"), "item"), *([f"{more} more: --limit"] if more > 0 else [])]
    note(dim(" · ".join([*facts, *([f"{plural(problems, 'finding')}: aura plan check"] if problems else [])])))


@click.command("check", cls=WithExamples, examples=["aura plan check", "aura plan check --in epic-1"])
@click.option("--in", "parent", default="", metavar="ITEM", help="Only what belongs to this item.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Most findings.")
@plan_options
def check_command(*, parent: str, limit: int, project: str | None, as_json: bool) -> int:
    """Show what is wrong with the plan, by file and line. Exit code 1 when there are errors."""
    answer, found = _pages("findings", {"parent": parent}, limit, project)
    if as_json:
        out_json({**answer, "findings": found})
    else:
        for one in found:
            out(finding_line(one))
        if not found:
            out("Nothing is wrong.")
    return 1 if any(text_of(one, "severity") == "error" for one in found) else 0


def _pages(what: str, body: JsonObject, limit: int, project: str | None) -> tuple[JsonObject, list[JsonObject]]:
    """The last page, and what all pages hold."""
    found: list[JsonObject] = []
    start = 0
    for _ in range(_MOST_PAGES):
        page = {**body, "what": what, "start": start, "limit": min(500, limit - len(found)), "budget": 50_000}
        answer = ask_plan("items", page, project)
        found += objects_of(answer, what)
        start = count_of(answer, "next")
        if not start or len(found) >= limit:
            return answer, found
    raise UsageProblem("the plan has too many pages")


@click.command("show", cls=WithExamples, examples=["aura plan show k3f9zq", "aura plan show epic-1-story-2 --json"])
@click.argument("item")
@click.option(
    "--budget", type=click.IntRange(0, 50_000), default=8000, show_default=True, help="Most tokens of its text."
)
@plan_options
def show_command(*, item: str, budget: int, project: str | None, as_json: bool) -> None:
    """Show an item: its text, its place, what is wrong with it, and the steps that are allowed."""
    answer = ask_plan("item", {"item": item, "budget": budget}, project)
    if as_json:
        out_json(answer)
        return
    for line in item_lines(answer):
        out(line)


@click.command(
    "add",
    cls=WithExamples,
    examples=['aura plan add epic "Checkout"', 'aura plan add story "Pay by card" --parent k3f9zq --after m2x8b1'],
)
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("title")
@click.option("--parent", metavar="ITEM", help="What it belongs to.")
@_fields
@click.option(
    "--text", "file", type=click.File(), metavar="FILE", help="Its text, instead of the template; - for input."
)
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@plan_options
def add_command(
    *,
    kind: str,
    title: str,
    parent: str | None,
    file: Any,  # noqa: ANN401 - what click.File opened
    dry_run: bool,
    project: str | None,
    as_json: bool,
    **fields: object,
) -> None:
    """Add an item, with a template of its kind."""
    body: JsonObject = {"action": "add", "kind": kind, "title": title, "parent": parent, "dry_run": dry_run}
    _change({**body, **_given(fields), **_text(file)}, project, as_json=as_json)


@click.command(
    "set",
    cls=WithExamples,
    examples=["aura plan set k3f9zq --status in-progress", "aura plan set US-004 --priority must --estimate 3"],
)
@click.argument("item")
@click.option("--status", help="Status; the gates of the workflow decide.")
@click.option("--title", help="Title.")
@_fields
@click.option("--after-nothing", is_flag=True, help="It depends on nothing.")
@click.option("--section", default="", help="Section that --text replaces.")
@click.option("--text", "file", type=click.File(), metavar="FILE", help="Words of that section; - for input.")
@click.option("--hash", "digest", default="", help="Refuse when the file is another than this.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@plan_options
def set_command(
    *,
    item: str,
    status: str | None,
    title: str | None,
    after_nothing: bool,
    section: str,
    file: Any,  # noqa: ANN401 - what click.File opened
    digest: str,
    dry_run: bool,
    project: str | None,
    as_json: bool,
    **fields: object,
) -> None:
    """Set fields of an item; an empty text takes alias or priority out."""
    body: JsonObject = {"action": "set", "item": item, "status": status, "title": title, "section": section}
    given = _given(fields)
    if after_nothing:
        given["depends_on"] = []
    _change({**body, **given, **_text(file), "hash": digest, "dry_run": dry_run}, project, as_json=as_json)


@click.command("move", cls=WithExamples, examples=["aura plan move k3f9zq --to epic-2"])
@click.argument("item")
@click.option("--to", "parent", required=True, metavar="ITEM", help="What it belongs to from now on; '' for nothing.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@plan_options
def move_command(*, item: str, parent: str, dry_run: bool, project: str | None, as_json: bool) -> None:
    """Move an item to another epic or story. Its file stays where it is."""
    body: JsonObject = {"action": "move", "item": item, "parent": parent, "dry_run": dry_run}
    _change(body, project, as_json=as_json)


@click.command(
    "remove", cls=WithExamples, examples=["aura plan remove k3f9zq", "aura plan remove k3f9zq --detach --yes"]
)
@click.argument("item")
@click.option("--detach", is_flag=True, help="Take it out of the items that name it.")
@click.option("--dry-run", is_flag=True, help="Only show the change.")
@click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
@plan_options
def remove_command(*, item: str, detach: bool, dry_run: bool, yes: bool, project: str | None, as_json: bool) -> None:
    """Remove an item; refused while others name it."""
    body: JsonObject = {"action": "remove", "item": item, "detach": detach}
    if not dry_run and not yes:
        if as_json or not asks():
            raise GateClosed("an item is removed only after a yes", hint="Add --yes, or --dry-run to look.")
        show_done(ask_plan("change", {**body, "dry_run": True}, project))
        if not ask("Remove it?", default=False):
            raise Cancelled("nothing was removed")
    _change({**body, "dry_run": dry_run}, project, as_json=as_json)


def _change(body: JsonObject, project: str | None, *, as_json: bool) -> None:
    answer = ask_plan("change", {key: value for key, value in body.items() if value is not None}, project)
    if as_json:
        out_json(answer)
    else:
        show_done(answer)


def _given(fields: dict[str, object]) -> JsonObject:
    """Fields that were named on the command line."""
    found = {key: value for key, value in fields.items() if value is not None}
    if not found.get("depends_on"):  # click gives an empty tuple for an option that was not named
        found.pop("depends_on", None)
    return found


def _text(file: Any) -> JsonObject:  # noqa: ANN401 - what click.File opened
    if file is None:
        return {}
    text: object = file.read()
    return {"text": text if isinstance(text, str) else Path(str(file.name)).read_text(encoding="utf-8")}


ITEM_COMMANDS: Final = (
    list_command, show_command, add_command, set_command, move_command, remove_command, check_command, *STEP_COMMANDS,
)  # fmt: skip
"""Commands of `aura plan` about items."""
