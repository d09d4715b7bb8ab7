"""`aura plan merge`, `aura plan drift`: documents that a plan is made of."""

from __future__ import annotations

from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, flag_of, objects_of, text_of, texts_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_drift_view import document_lines, merge_lines
from aura_cli.screen import ask, asks, dim, note, out, out_json, safe
from aura_shared.errors import Cancelled, GateClosed, UsageProblem

__all__ = ["DRIFT_COMMANDS"]

_MOST_PAGES: Final = 10_000


@click.command(
    "merge",
    cls=WithExamples,
    examples=[
        "aura plan merge docs/prd.md",
        "aura plan merge .ai/prd.md --yes --cancel",
        "aura plan merge plan.md --dry-run",
    ],
)
@click.argument("file")
@click.option(
    "--prefer",
    type=click.Choice(["plan", "document"]),
    help="Whose word counts where both changed; default: the plan's stays, and the conflict goes on being told.",
)
@click.option("--cancel", is_flag=True, help="Items whose place in the document is gone become cancelled.")
@click.option(
    "--same", "pairs", multiple=True, metavar="ITEM=LINE", help="What is meant where it is unclear; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Only show the change. Exit code 1 when there is any.")
@click.option("-y", "--yes", is_flag=True, help="Do it without asking.")
@plan_options
def merge_command(
    *,
    file: str,
    prefer: str | None,
    cancel: bool,
    pairs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    project: str | None,
    as_json: bool,
) -> int:
    """Make items of a PRD or plan; later, merge what changed in it.

    What changed in the document comes over, field by field. States, and what was edited in the plan, stay. What both
    changed stays as the plan has it, and is told. Nothing is deleted or renumbered; `aura plan undo` takes it back.
    """
    body: JsonObject = {"path": file, "prefer": prefer or "", "cancel": cancel, "pairs": list(pairs)}
    if not dry_run and not yes:
        if as_json or not asks():
            raise GateClosed("a document is merged only after a yes", hint="Add --yes, or --dry-run to look.")
        _show(_pages(body, project, dry_run=True))
        if not ask("Merge it?", default=True):
            raise Cancelled("nothing was merged")
    answer = _pages(body, project, dry_run=dry_run)
    if as_json:
        out_json(answer)
    else:
        _show(answer)
    return 1 if dry_run and flag_of(answer, "drifted") else 0


@click.command("drift", cls=WithExamples, examples=["aura plan drift", "aura plan drift --json"])
@plan_options
def drift_command(*, project: str | None, as_json: bool) -> int:
    """Show how far the documents that the plan was made of and the plan have come apart. Exit code 1 when they have."""
    answer = ask_plan("drift", {}, project)
    documents = objects_of(answer, "documents")
    if as_json:
        out_json(answer)
    else:
        if not documents:
            out(safe(text_of(answer, "reason")))
        for one in documents:
            out(document_lines(one))
    return 1 if any(flag_of(one, "drifted") for one in documents) else 0


def _pages(body: JsonObject, project: str | None, *, dry_run: bool) -> JsonObject:
    """The answer with the rows of all pages; a real merge has only its first, for after it nothing is left to merge."""
    first = ask_plan("merge", {**body, "dry_run": dry_run, "limit": 500}, project)
    rows = objects_of(first, "rows")
    start = count_of(first, "next") if dry_run else 0
    for _ in range(_MOST_PAGES):
        if not start:
            return {**first, "rows": rows, "next": count_of(first, "next") if not dry_run else 0}
        page = ask_plan("merge", {**body, "dry_run": True, "limit": 500, "start": start}, project)
        rows += objects_of(page, "rows")
        start = count_of(page, "next")
    raise UsageProblem("the merge has too many pages")


def _show(answer: JsonObject) -> None:
    for line in merge_lines(answer):
        out(line)
    for one in texts_of(answer, "notices"):
        note(dim(safe(one)))


DRIFT_COMMANDS: Final = (merge_command, drift_command)
"""All of them."""
