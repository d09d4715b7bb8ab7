"""`aura plan progress`: how far items are, from commits, tests and symbols, and where that contradicts their status."""

from __future__ import annotations

from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, objects_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.plan_asking import ask_plan, plan_options
from aura_cli.plan_progress_view import progress_lines, progress_table, summary_lines, unplanned_lines
from aura_cli.screen import dim, note, out, out_json, plural, safe
from aura_shared.errors import UsageProblem

__all__ = ["PROGRESS_COMMANDS"]

_STATES: Final = ("unknown", "not-started", "in-progress", "probably-done", "done", "regressed")
_MOST_PAGES: Final = 10_000


@click.command(
    "progress",
    cls=WithExamples,
    examples=[
        "aura plan progress",
        "aura plan progress US-004",
        "aura plan progress --contradictions",
        "aura plan progress --unplanned",
    ],
)
@click.argument("item", required=False, default="")
@click.option(
    "--contradictions", is_flag=True, help="Only items whose status contradicts evidence; exit code 1 if any."
)
@click.option("--unplanned", is_flag=True, help="Only commits that touch code and belong to no item.")
@click.option("--state", type=click.Choice(_STATES), help="Only items in this state.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Most rows.")
@plan_options
def progress_command(
    *,
    item: str,
    contradictions: bool,
    unplanned: bool,
    state: str | None,
    limit: int,
    project: str | None,
    as_json: bool,
) -> int:
    """Show how far ITEM or everything is: what its file claims, and what commits, tests and symbols say.

    ✓ done, ◐ probably done, ▶ in progress, ○ not started, ↺ regressed, ? unknown.
    """
    if contradictions and unplanned:
        raise UsageProblem("--contradictions and --unplanned exclude each other", hint="Ask for one of them.")
    what = "contradictions" if contradictions else "unplanned" if unplanned else "items"
    answer = _pages({"item": item, "what": what, "state": state}, limit, project)
    rows = objects_of(answer, "rows")
    code = 1 if contradictions and rows else 0
    if as_json:
        out_json(answer)
        return code
    if reason := text_of(answer, "reason"):
        out(safe(reason))
    if unplanned:
        lines = list(unplanned_lines(answer))
    elif item and rows and not contradictions and state is None:
        lines = [*progress_lines(answer), *(progress_table({**answer, "rows": rows[1:]}) if rows[1:] else [])]
    else:
        lines = progress_table(answer) if rows else []
    for line in lines:
        out(line)
    for line in summary_lines(answer) if not item else ():
        note(line)
    more = count_of(answer, "total") - len(rows if not unplanned else objects_of(answer, "unplanned"))
    if more > 0:
        note(dim(f"{plural(more, 'more row')}: -n"))
    return code


def _pages(body: JsonObject, limit: int, project: str | None) -> JsonObject:
    """The first page with the rows of all pages."""
    key = "unplanned" if body["what"] == "unplanned" else "rows"
    rows: list[JsonObject] = []
    first: JsonObject = {}
    start = 0
    for _ in range(_MOST_PAGES):
        page: JsonObject = {**body, "start": start, "limit": min(500, limit - len(rows)), "budget": 100_000}
        answer = ask_plan("progress", page, project)
        first = first or answer
        rows += objects_of(answer, key)
        start = count_of(answer, "next")
        if not start or len(rows) >= limit:
            return {**first, key: [*rows], "next": start}
    raise UsageProblem("the plan has too many pages")


PROGRESS_COMMANDS: Final = (progress_command,)
"""All of them."""
